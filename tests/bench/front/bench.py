#!/usr/bin/python3
"""Front against Debian's nginx over the same baked tree: CPU per request, measured in alternating rounds of one run.

Each round starts nothing anew: both servers stay up, wrk asks one, then the other. What is compared is the server process's own
time on the processor (/proc/PID/schedstat) divided by the requests that wrk counted, so a busy machine blurs the numbers
but does not bend the ratio. nginx: one worker, gzip_static, open_file_cache, sendfile, no access log, the same header lines. It keeps two
descriptors a page then (the page, for its index, and the .gz); on a machine that does not allow it so many it is told to serve the
.gz files as they lie there, which is less work for it than gzip_static is.
SPDX-License-Identifier: ISC
"""
import argparse, gzip, hashlib, json, os, random, re, resource, shutil, signal, socket, statistics, subprocess, sys, time, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
CSP = ("default-src 'none'; img-src 'self' data:; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; script-src 'self'; "
       "connect-src 'self'; form-action 'self' https://checkout.stripe.com; base-uri 'none'; frame-ancestors 'none'")
WORDS = ("river tern ferry council harbour letter minister ledger evening market winter bridge court witness archive border station paper "
         "teacher doctor grain coal engine valley mountain newspaper printer ink censor editor photograph island tide lantern school").split()


def page(number):
    """A story page of about the size that the theme makes: 20 KB, 6-7 KB gzipped."""
    rng = random.Random(number)
    head = "<!doctype html><html lang=en><head><meta charset=utf-8><title>Story %d</title><style>%s</style></head><body>" % (
        number, "".join(".c%d{margin:%dpx;color:#%06x}" % (i, i, i * 7919 % 0xffffff) for i in range(120)))
    body = "".join("<p>%s.</p>" % " ".join(rng.choice(WORDS) + rng.choice(["", "s", "", "ed"]) for _ in range(60)) for _ in range(22))
    return (head + body + "</body></html>").encode()


def make_tree(site, pages):
    mark = os.path.join(site, "_bench")
    if os.path.exists(mark) and open(mark).read() == str(pages):
        return
    shutil.rmtree(site, ignore_errors=True)
    for number in range(pages):
        folder = os.path.join(site, "2026", "%02d" % (number % 12 + 1), "%02d" % (number % 28 + 1), "story-%d" % number)
        os.makedirs(folder, exist_ok=True)
        text = page(number)
        with open(os.path.join(folder, "index.html"), "wb") as out:
            out.write(text)
        with open(os.path.join(folder, "index.html.gz"), "wb") as out:
            out.write(gzip.compress(text, 6, mtime=0))
    for name, text in (("_headers", "Content-Security-Policy: %s\n" % CSP), ("_changes", "1\n"), ("_404.html", "404 @ROOT@"), ("_bench", str(pages))):
        with open(os.path.join(site, name), "w") as out:
            out.write(text)
    subprocess.run(["chmod", "-R", "a+rX", site], check=True)


def path_of(number):
    return "/2026/%02d/%02d/story-%d/" % (number % 12 + 1, number % 28 + 1, number)


def free_socket():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 0))
    return s


def start_front(binary, home, sock):
    sock.listen(512)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = sock.getsockname()[1]
    os.makedirs(os.path.join(home, "data", "front"), exist_ok=True)
    os.makedirs(os.path.join(home, "run"), exist_ok=True)
    with open(os.path.join(home, "mimeo.conf"), "w") as out:
        out.write("[newsroom]\nname = Bench\nurl = http://127.0.0.1:%d\nlanguage = en\nzone = UTC\n[site]\nlisten = 127.0.0.1:%d\n[newsletter]\nfrom = a@bench.example\n[support]\non = no\n" % (port, port))
    exe = os.open(binary, os.O_RDONLY)
    env = dict(os.environ, MIMEO_HOME=home, MIMEO_EXE=str(exe), MIMEO_SOCKETS="public=%d" % sock.fileno())
    process = subprocess.Popen([binary, "-x", "front"], env=env, pass_fds=(exe, sock.fileno()), stdout=subprocess.PIPE)
    if process.stdout.readline() != b"ready\n":
        sys.exit("bench: front did not start")
    return process, process.pid, port


NEGOTIATES = "gzip_static on; gzip_vary on; index index.html;"
AS_THEY_LIE = "index index.html.gz; types { } default_type text/html; add_header Content-Encoding gzip; add_header Vary Accept-Encoding;"


def start_nginx(work, site, sock, serves):
    port = sock.getsockname()[1]
    sock.close()
    os.makedirs(work, exist_ok=True)
    conf = os.path.join(work, "nginx.conf")
    with open(conf, "w") as out:
        out.write("""daemon off; worker_processes 1; worker_rlimit_nofile 65536; pid %(work)s/nginx.pid; error_log %(work)s/error.log crit; %(user)s
events { worker_connections 4096; }
http { access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 75; etag on; server_tokens off;
 client_body_temp_path %(work)s/b; proxy_temp_path %(work)s/p; fastcgi_temp_path %(work)s/f; uwsgi_temp_path %(work)s/u; scgi_temp_path %(work)s/s;
 open_file_cache max=60000 inactive=1h; open_file_cache_valid 1h; open_file_cache_min_uses 1; open_file_cache_errors off;
 types { text/html html; image/jpeg jpg; } default_type application/octet-stream; charset utf-8;
 server { listen 127.0.0.1:%(port)d; root %(site)s;
  location / { %(serves)s add_header Cache-Control "public, max-age=60"; add_header X-Content-Type-Options nosniff; add_header Referrer-Policy no-referrer;
   add_header Content-Security-Policy "%(csp)s"; } } }
""" % {"work": work, "port": port, "site": site, "csp": CSP, "serves": serves, "user": "user root;" if os.geteuid() == 0 else ""})
    process = subprocess.Popen(["nginx", "-c", conf, "-p", work, "-e", work + "/error.log"], stderr=subprocess.DEVNULL)
    for _ in range(100):
        time.sleep(0.05)
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split()
        if children:
            try:
                urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path_of(0))).read()
                return process, int(children[0]), port
            except OSError:
                pass
    sys.exit("bench: nginx did not start")


def cpu_ns(pid):
    return sum(int(open("/proc/%d/task/%s/schedstat" % (pid, task)).read().split()[0]) for task in os.listdir("/proc/%d/task" % pid))


def rss_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1))


def load(port, seconds, script, connections):
    out = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", "%ds" % seconds, "-s", script, "http://127.0.0.1:%d%s" % (port, path_of(7))],
                         capture_output=True, text=True, check=True).stdout
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if wrong or requests == 0:
        sys.exit("bench: wrong answers:\n" + out)
    return requests


def same_answer(ports):
    """Both must say the same: a fast server that leaves something out has not won."""
    bodies, heads = [], []
    for port in ports:
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path_of(7)), headers={"Accept-Encoding": "gzip"})
        answer = urllib.request.urlopen(request)
        bodies.append(hashlib.sha256(answer.read()).hexdigest())
        heads.append({k.lower() for k in answer.headers} - {"server", "date", "connection", "last-modified", "content-length", "accept-ranges"})
    if bodies[0] != bodies[1] or heads[0] != heads[1]:
        sys.exit("bench: the answers differ: %s" % (heads[0] ^ heads[1]))


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--binary", default=os.path.join(ROOT, "build", "mimeo"))
    parse.add_argument("--pages", type=int, default=10000)
    parse.add_argument("--seconds", type=int, default=3)
    parse.add_argument("--rounds", type=int, default=5)
    parse.add_argument("--connections", type=int, default=32)
    parse.add_argument("--only", default="")
    parse.add_argument("--json", action="store_true")
    options, _ = parse.parse_known_args()  # tests/bench/run hands every bench the same words
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    serves = NEGOTIATES
    if hard < 2 * options.pages + 500: # every page's descriptors must fit, or it is not nginx at its best
        serves = AS_THEY_LIE
        print("front: a process may have %d descriptors here: nginx serves the .gz files as they lie there" % hard)
    if hard < options.pages + 500:
        options.pages = hard - 500
        print("front: and %d distinct pages" % options.pages)
    work = os.path.join(ROOT, "build", "bench-front")
    home = os.path.join(work, "home")
    site = os.path.join(home, "data", "site")
    make_tree(site, options.pages)
    lua = {"hot": 'wrk.headers["Accept-Encoding"] = "gzip"\n',
           "distinct": 'wrk.headers["Accept-Encoding"] = "gzip"\nlocal n = 0\nrequest = function() n = (n + 7919) %% %d\n'
                       'return wrk.format(nil, string.format("/2026/%%02d/%%02d/story-%%d/", n %% 12 + 1, n %% 28 + 1, n)) end\n' % options.pages}
    for name, text in lua.items():
        with open(os.path.join(work, name + ".lua"), "w") as out:
            out.write(text)
    started, failed = [], False
    try:
        front, front_pid, front_port = start_front(options.binary, home, free_socket())
        started.append(front)
        nginx, nginx_pid, nginx_port = start_nginx(os.path.join(work, "nginx"), site, free_socket(), serves)
        started.append(nginx)
        same_answer((front_port, nginx_port))
        results = {}
        for name, target in (("hot", 0.85), ("distinct", 0.95)):
            if options.only and options.only != name:
                continue
            script = os.path.join(work, name + ".lua")
            for port in (front_port, nginx_port):
                load(port, 2, script, options.connections)  # warm: descriptors are open, pages read
            rounds = []
            for _ in range(options.rounds):
                costs = []
                for pid, port in ((front_pid, front_port), (nginx_pid, nginx_port)):
                    before = cpu_ns(pid)
                    requests = load(port, options.seconds, script, options.connections)
                    costs.append((cpu_ns(pid) - before) / requests)
                rounds.append(costs)
            ratios = [a / b for a, b in rounds]
            ratio = statistics.median(ratios)
            failed = failed or ratio > target
            results[name] = ratio
            print("front: %-8s page: front/nginx CPU per request %.2f (median of %d rounds, %.2f-%.2f; front %.1f us, nginx %.1f us), wanted <= %.2f: %s" % (
                name, ratio, len(rounds), min(ratios), max(ratios), statistics.median(a for a, _ in rounds) / 1000,
                statistics.median(b for _, b in rounds) / 1000, target, "ok" if ratio <= target else "MISSED"))
        memory = rss_kib(front_pid)
        failed = failed or memory > 64 * 1024
        print("front: memory %.1f MiB with %d pages served, wanted <= 64: %s" % (memory / 1024, options.pages, "ok" if memory <= 64 * 1024 else "MISSED"))
        if options.json:
            print(json.dumps(results))
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(15)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
