"""A newsroom with an archive of any size, for the site's benches: made once and kept in build/bench-site
(or in $BENCH_WORK: a folder in memory takes the disk out of the measurement).

SPDX-License-Identifier: ISC
"""
import hashlib, http.client, json, os, re, shutil, signal, socket, subprocess, sys, time

import stories

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
WORK = os.environ.get("BENCH_WORK", os.path.join(ROOT, "build", "bench-site"))
DRAFTS = 40


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def text_files(kind, write, total):
    """The stories as files, made once."""
    folder = os.path.join(WORK, "%s-%d" % (kind, total))
    mark = folder + ".made"
    wanted = hashlib.sha256(open(stories.__file__, "rb").read()).hexdigest()
    if not os.path.exists(mark) or open(mark).read() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        write(folder, range(total), total)
        with open(mark, "w") as out:
            out.write(wanted)
    return folder


class Socket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("room", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def tree(pid):
    """The process and all that came from it."""
    found, parents = [pid], {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents[int(name)] = int(open("/proc/%s/stat" % name).read().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def memory_kib(pids):
    """Proportional: what processes share counts once."""
    total = 0
    for pid in pids:
        try:
            total += int(re.search(r"^Pss:\s+(\d+)", open("/proc/%d/smaps_rollup" % pid).read(), re.M).group(1))
        except (OSError, AttributeError):
            pass
    return total


class Newsroom:
    """A home with `count` published stories and DRAFTS drafts."""

    def __init__(self, binary, count):
        self.binary, self.count, self.house = binary, count, None
        self.home = os.path.join(WORK, "home-%d" % count)
        self.port, self.desk_port = self.ports()
        mark = self.home + ".made"
        wanted = hashlib.sha256(open(stories.__file__, "rb").read()).hexdigest()
        if not os.path.exists(mark) or open(mark).read() != wanted:
            self.make()
            with open(mark, "w") as out:
                out.write(wanted)
        self.settle()
        self.run("story", "list")  # a home that an older mimeo made is brought to this one's schema

    def run(self, *words, **more):
        return subprocess.run([self.binary, *words, "-C", self.home], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def make(self):
        shutil.rmtree(self.home, ignore_errors=True)
        files = text_files("mimeo", stories.write_mimeo, self.count)
        self.run("init", "--name", "Bench", "--url", "http://127.0.0.1:%d" % self.port, "--listen", "127.0.0.1:%d" % self.port,
                 "--desk-listen", "127.0.0.1:%d" % self.desk_port, "--desk-url", "http://127.0.0.1:%d" % self.desk_port)
        self.settle()
        began = time.monotonic()
        self.run("story", "import", files)
        took = time.monotonic() - began
        print("site: import: %d stories taken in and baked in %.0f s (%.2f ms a story)" % (self.count, took, took * 1000 / self.count))
        sys.stdout.flush()

    def ports(self):
        """Those that it had, where they are free: another mimeo.conf is another site, and all of it is baked again."""
        try:
            had = [int(port) for port in re.findall(r"(?m)^listen = 127.0.0.1:(\d+)$", open(os.path.join(self.home, "mimeo.conf")).read())]
            for port in had:
                with socket.socket() as s:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("127.0.0.1", port))
            return had
        except (OSError, ValueError):
            return free_port(), free_port()

    def settle(self):
        """Ports of this run, sections."""
        path = os.path.join(self.home, "mimeo.conf")
        text = open(path).read()
        text = re.sub(r"(?m)^url = http://127.0.0.1:\d+$", lambda m, ports=iter((self.port, self.desk_port)): "url = http://127.0.0.1:%d" % next(ports), text)
        text = re.sub(r"(?m)^listen = 127.0.0.1:\d+$", lambda m, ports=iter((self.port, self.desk_port)): "listen = 127.0.0.1:%d" % next(ports), text)
        if not re.search(r"(?m)^sections =", text):
            text = text.replace("name = Bench\n", "name = Bench\nsections = %s\n" % ", ".join(stories.SECTIONS), 1)
        with open(path, "w") as out:
            out.write(text)

    def drafts(self, run):
        """Drafts of this run alone, without a date: they are published now. Their slugs."""
        folder = os.path.join(WORK, "drafts-%d-%s" % (self.count, run))
        numbers = [self.count + i for i in range(DRAFTS)]
        stories.write_mimeo(folder, numbers, self.count, "draft")
        slugs = []
        for number in numbers:
            path = os.path.join(folder, "%06d.md" % number)
            text = open(path).read()
            text = re.sub(r"(?m)^date: .*\n", "", text, count=1).replace("id: bench-", "id: %s-" % run, 1).replace("slug: story-", "slug: %s-" % run, 1)
            with open(path, "w") as out:
                out.write(text)
            slugs.append("%s-%d" % (run, number))
        self.run("story", "import", folder)
        shutil.rmtree(folder)
        return slugs

    def start(self):
        with open(os.path.join(WORK, "log-%d" % self.count), "wb") as log:
            self.house = subprocess.Popen([self.binary, "serve", "-C", self.home], stdout=subprocess.PIPE, stderr=log)
        while b"ready" not in (line := self.house.stdout.readline()):
            if not line:
                sys.exit("bench: the house did not start: see %s" % log.name)
        while True:
            time.sleep(0.3)
            health = self.ask("GET", "/health")
            if not health.get("baking"):
                return
            time.sleep(0.5)

    def ask(self, method, path, body=None):
        connection = Socket(os.path.join(self.home, "run", "desk.cli.sock"))
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"} if body is not None else {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 400:
            sys.exit("bench: %s %s: %d %s" % (method, path, answer.status, text[:300]))
        return json.loads(text)

    def stop(self):
        if self.house is not None:
            self.house.send_signal(signal.SIGTERM)
            self.house.wait(30)
            self.house = None
