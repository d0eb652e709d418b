#!/usr/bin/python3
"""Memory of a whole house with 10,000 stories, all of them read once: front at most 64 MiB, all rooms together 150.

The stories are imported and baked by the program itself; then the house is started, every page is asked for, the search is used, and the resident
memory of each process is read (RSS: what rooms share is counted in each, so the sum is more than the machine gives).
SPDX-License-Identifier: ISC
"""
import argparse, http.client, os, random, re, shutil, signal, socket, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
WORDS = ("river tern ferry council harbour letter minister ledger evening market winter bridge court witness archive border station paper "
         "teacher doctor grain coal engine valley mountain newspaper printer ink censor editor photograph island tide lantern school").split()
STORY = """---
id: bench-%(n)d
title: Story number %(n)d about the %(a)s and the %(b)s
slug: story-%(n)d
lang: en
date: %(year)d-%(month)02d-%(day)02d %(hour)02d:%(minute)02d
authors: [A Writer]
section: %(section)s
topics: [%(topic)s]
excerpt: What happened at the %(a)s, and who saw it.
status: published
---
%(text)s
"""


def write_stories(folder, count):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for n in range(count):
        rng = random.Random(n)
        text = "\n\n".join(" ".join(rng.choice(WORDS) for _ in range(50)).capitalize() + "." for _ in range(8))
        with open(os.path.join(folder, "%05d.md" % n), "w") as out:
            out.write(STORY % {"n": n, "a": rng.choice(WORDS), "b": rng.choice(WORDS), "year": 2016 + n % 10, "month": n % 12 + 1, "day": n % 28 + 1,
                               "hour": n % 24, "minute": n % 60, "section": rng.choice(["News", "Economy", "Culture"]), "topic": rng.choice(WORDS), "text": text})


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def rss_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open("/proc/%d/status" % pid).read()).group(1))


def rooms_of(parent):
    """pid → room, of the parent's children."""
    rooms = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(open("/proc/%s/stat" % pid).read().rsplit(")", 1)[1].split()[1]) == parent:
                words = open("/proc/%s/cmdline" % pid, "rb").read().split(b"\0")
                if b"-x" in words:
                    rooms[int(pid)] = words[words.index(b"-x") + 1].decode()
        except (OSError, ValueError):
            pass
    return rooms


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--binary", default=os.path.join(ROOT, "build", "mimeo"))
    parse.add_argument("--stories", type=int, default=10000)
    options, _ = parse.parse_known_args()  # tests/bench/run hands every bench the same words
    work = os.path.join(ROOT, "build", "bench-rooms")
    home, stories = os.path.join(work, "home"), os.path.join(work, "stories")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    write_stories(stories, options.stories)
    port, desk = free_port(), free_port()
    run = lambda *words: subprocess.run([options.binary, *words, "-C", home], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    run("init", "--name", "Bench", "--url", "http://127.0.0.1:%d" % port, "--listen", "127.0.0.1:%d" % port, "--desk-listen", "127.0.0.1:%d" % desk)
    began = time.monotonic()
    run("story", "import", stories)
    print("rooms: %d stories imported and baked in %.0f s" % (options.stories, time.monotonic() - began))
    with open(os.path.join(work, "log"), "wb") as log:
        house = subprocess.Popen([options.binary, "serve", "-C", home], stdout=subprocess.PIPE, stderr=log)
    try:
        while b"ready" not in (line := house.stdout.readline()):
            if not line:
                sys.exit("bench: the house did not start: see %s" % log.name)
        pages = []
        for folder, _, files in os.walk(os.path.join(home, "data", "site")):
            if "index.html" in files:
                path = os.path.relpath(folder, os.path.join(home, "data", "site"))
                pages.append("/" if path == "." else "/%s/" % path)
        ask = http.client.HTTPConnection("127.0.0.1", port)
        for page in pages + ["/search/?q=" + word for word in WORDS]:
            ask.request("GET", page, headers={"Accept-Encoding": "gzip"})
            answer = ask.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit("bench: %d for %s" % (answer.status, page))
        rooms = {room: rss_kib(pid) / 1024 for pid, room in rooms_of(house.pid).items()}
        total = sum(rooms.values())
        ok = len(rooms) == 4 and rooms["front"] <= 64 and total <= 150
        print("rooms: memory after %d pages and %d searches: %s; front wanted <= 64 MiB; together %.1f MiB, wanted <= 150: %s" % (
            len(pages), len(WORDS), ", ".join("%s %.1f" % item for item in sorted(rooms.items())), total, "ok" if ok else "MISSED"))
        return 0 if ok else 1
    finally:
        house.send_signal(signal.SIGTERM)
        house.wait(20)


if __name__ == "__main__":
    sys.exit(main())
