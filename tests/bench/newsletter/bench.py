#!/usr/bin/python3
"""How fast an issue goes, with everything on: claimed, composed, personalised, signed (RSA-2048), journaled, folded, to postfix's smtp-sink.

Wanted: at least 80 % of what `openssl speed rsa2048` signs a second on one core (the room signs in one process), and, with a key whose
signatures cost a seventh (RSA-1024; mimeo cannot leave them out), at least 60 % of a plain pipelining C client. Every number is of this run;
nothing is asserted about seconds.

    make bench-newsletter          or   tests/bench/newsletter/bench.py [--mails N] [--connections C] [--bytes B] [--sink PATH] [--profile]

smtp-sink is in Debian's postfix; it need not be installed: `apt-get download postfix`, `dpkg -x`, and --sink.
SPDX-License-Identifier: ISC
"""
import argparse
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
MIMEO = os.path.join(ROOT, "build", "mimeo")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("newsletter", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(home, method, path, body=None):
    line = Unix(os.path.join(home, "run", "newsletter.cli.sock"))
    line.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"} if body is not None else {})
    answer = line.getresponse()
    got = json.loads(answer.read())
    line.close()
    assert answer.status < 300, got
    return got


class Sink:
    def __init__(self, path):
        self.port = free_port()
        env = dict(os.environ)
        library = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(path)))), "usr", "lib", "postfix")
        if os.path.isdir(library) and library != "/usr/lib/postfix":
            env["LD_LIBRARY_PATH"] = library + ":" + os.path.join(os.path.dirname(library), "x86_64-linux-gnu")
        self.process = subprocess.Popen([path, "-u", "nobody", "127.0.0.1:%d" % self.port, "256"] if os.geteuid() == 0 else
                                        [path, "127.0.0.1:%d" % self.port, "256"], env=env)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("bench: smtp-sink does not listen")

    def end(self):
        self.process.terminate()
        self.process.wait()


def signs_per_second():
    said = subprocess.run(["openssl", "speed", "-seconds", "3", "rsa2048"], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"rsa 2048 bits\s+\S+\s+\S+\s+([\d.]+)", said).group(1))


def cpu_of(pids):
    ticks = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def pids_of(home):
    """{room, keeper, signer0, signer1, …: pid}"""
    out = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open("/proc/%s/cmdline" % pid, "rb").read().split(b"\0")
            if b"-x" in words and b"newsletter" in words and os.readlink("/proc/%s/cwd" % pid) == home:
                out["keeper" if b"keeper" in words else "signer%d" % len(out) if b"signer" in words else "room"] = int(pid)
        except OSError:
            pass
    return out


def mimeo_rate(options, sink, bits):
    """(mails a second, CPU ms a mail of the room, of the keeper)."""
    folder = tempfile.mkdtemp(prefix="mimeo-bench-")
    home = os.path.join(folder, "home")
    serving = None
    try:
        subprocess.run([MIMEO, "init", "-C", home, "--name", "Bench", "--url", "https://bench.example", "--listen", "127.0.0.1:%d" % free_port(),
                        "--desk-listen", "127.0.0.1:%d" % free_port(), "--desk-url", "http://localhost:1"], check=True, stdout=subprocess.DEVNULL)
        conf = os.path.join(home, "mimeo.conf")
        text = open(conf, encoding="utf-8").read().replace("\n[newsletter]\n", "\n[newsletter]\nfrom = news@bench.example\nsmtp_port = %d\n"
                                                           "smtp_security = plain\nsmtp_connections = %d\n" % (sink.port, options.connections), 1)
        open(conf, "w", encoding="utf-8").write(text)
        keys = os.path.join(home, "keys", "newsletter")
        os.makedirs(keys, exist_ok=True)
        subprocess.run(["openssl", "genrsa", "-out", os.path.join(keys, "dkim.pem"), str(bits)], check=True, capture_output=True)
        os.chmod(os.path.join(keys, "dkim.pem"), 0o600)
        os.makedirs(os.path.join(home, "data", "newsletter"), exist_ok=True)
        subprocess.run([os.path.join(ROOT, "build", "bench", "fill"), home, str(options.mails)], check=True)
        serving = subprocess.Popen([MIMEO, "serve", "-C", home], stdout=subprocess.PIPE, stderr=open(os.path.join(folder, "log"), "w"), cwd=home)
        while b"mimeo: ready" not in serving.stdout.readline():
            assert serving.poll() is None, open(os.path.join(folder, "log")).read()[-2000:]
        filler = "<p>" + "What happened this week, and who saw it. " * 4 + "</p>\n"
        html = filler * max(1, options.bytes * 2 // 3 // len(filler)) + "<a href=\"{{unsubscribe_url}}\">Leave</a>"
        words = ("What happened this week, and who saw it.\n" * max(1, options.bytes // 3 // 41)) + "{{unsubscribe_url}}\n"
        digest = hashlib.blake2b(("Bench\n%s\n%s" % (html, words)).encode(), digest_size=32).hexdigest()
        ask(home, "PUT", "/issues/1", {"subject": "Bench", "preheader": "", "language": "en", "html": html, "text": words, "hash": digest})
        ask(home, "POST", "/issues/1/send", {"approved_by": "bench"})
        while ask(home, "GET", "/issues/1")["counting"]:
            time.sleep(0.05)
        pids = pids_of(home)
        profile = subprocess.Popen(["perf", "record", "-q", "-g", "-o", "/tmp/mimeo-bench.perf", "-p", str(pids["room"])]) if options.profile else None
        before = {name: cpu_of([pid]) for name, pid in pids.items()}
        first, began = ask(home, "GET", "/issues/1")["accepted"], time.monotonic()
        while True:
            state = ask(home, "GET", "/issues/1")
            if state["accepted"] >= options.mails * 0.98 or state["state"] != "sending":
                break
            time.sleep(0.2)
        took, went = time.monotonic() - began, state["accepted"] - first
        cpu = {name: 1000 * (cpu_of([pid]) - before[name]) / max(went, 1) for name, pid in pids.items()}
        if profile:
            profile.send_signal(signal.SIGINT)
            profile.wait()
        return went / took, cpu.get("room", 0), cpu.get("keeper", 0)
    finally:
        if serving:
            serving.terminate()
            serving.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--mails", type=int, default=10000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--bytes", type=int, default=12000, help="of a mail")
    parser.add_argument("--sink", default=shutil.which("smtp-sink") or "/usr/sbin/smtp-sink")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    if not os.path.exists(options.sink):
        print("bench newsletter: needs postfix's smtp-sink (--sink PATH)")
        return 2
    subprocess.run(["make", "-s", "-C", ROOT, "build/bench/fill", "build/bench/blaster"], check=True)
    status = 0
    sink = Sink(options.sink)
    try:
        signs = signs_per_second()
        rate, room, keeper = mimeo_rate(options, sink, 2048)
        again = signs_per_second()
        signs = (signs + again) / 2
        print("newsletter: %.0f mails a second, signed with RSA-2048: %.0f %% of one core's %.0f signs a second (wanted: 80 %%)" % (
            rate, 100 * rate / signs, signs))
        print("            CPU a mail: room %.2f ms (a signature is %.2f), keeper %.2f ms" % (room, 1000 / signs, keeper))
        status |= rate < 0.8 * signs
        plain = float(subprocess.run([os.path.join(ROOT, "build", "bench", "blaster"), str(sink.port), str(options.connections), str(options.mails * 2),
                                      str(options.bytes)], capture_output=True, text=True, check=True).stdout)
        rate, room, keeper = mimeo_rate(options, sink, 1024)
        print("newsletter: %.0f mails a second with RSA-1024: %.0f %% of a plain C client's %.0f (wanted: 60 %%)" % (rate, 100 * rate / plain, plain))
        print("            CPU a mail: room %.2f ms, keeper %.2f ms" % (room, keeper))
        status |= rate < 0.6 * plain
    finally:
        sink.end()
    return status


sys.exit(main())
