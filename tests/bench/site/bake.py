#!/usr/bin/python3
"""The whole site from nothing, against Debian's Hugo on the same stories with the same outputs; the search index; memory.

Both write to the same file system, take turns, and are measured twice: by the clock (what is promised), and by the processors' time of all
their processes (which a busy machine bends less). Hugo is given mimeo's own style sheet, masthead, sheets and footer as cached partials, so that
its pages are as large as ours. Photos are left out on both sides.
SPDX-License-Identifier: ISC
"""
import argparse, glob, os, re, resource, shutil, statistics, subprocess, sys, threading, time

import newsroom, stories

HERE = os.path.dirname(os.path.abspath(__file__))


INDEX_OF_HUGO = 0.30  # 0.4 ms a story on a machine on which Hugo takes 13.5 s for 10,000: no machine's own pace


class Run:
    """A command: seconds by the clock, seconds of processors, the largest memory of all its processes together."""

    def __init__(self, argv, **how):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        self.peak_kib, self.ended = 0, False
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how)
        watch = threading.Thread(target=self.look, args=(process.pid,))
        watch.start()
        self.output = process.communicate()[0].decode("utf-8", "replace")
        self.seconds = time.monotonic() - began
        self.ended = True
        watch.join()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if process.returncode != 0:
            sys.exit("bench: %s\n%s" % (" ".join(argv), self.output[-2000:]))

    def look(self, pid):
        while not self.ended:
            self.peak_kib = max(self.peak_kib, newsroom.memory_kib(newsroom.tree(pid)))
            time.sleep(0.2)


def bake(binary, home, what):
    """One full bake of the home into an empty folder, as the desk starts it."""
    site = os.path.join(home, "data", "site")
    shutil.rmtree(site, ignore_errors=True)
    os.mkdir(site)
    exe = os.open(binary, os.O_RDONLY)
    try:
        run = Run([binary, "-x", "desk", "bake", "full", what], env=dict(os.environ, MIMEO_HOME=home, MIMEO_EXE=str(exe)), pass_fds=(exe,))
    finally:
        os.close(exe)
    if not re.search(r"^baked .* full$", run.output, re.M):
        sys.exit("bench: the bake did not end well:\n" + run.output[-2000:])
    return run


def tree_of(folder, ending):
    count = size = 0
    for where, _, files in os.walk(folder):
        for name in files:
            if name.endswith(ending):
                count += 1
                size += os.path.getsize(os.path.join(where, name))
    return count, size


def cut(page, pattern):
    found = re.search(pattern, page, re.S)
    return found.group(0) if found else ""


def hugo_site(folder, count, page, plain):
    """Hugo's site: its templates, and what pages have in common from two of our pages, one of them without pictures."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(os.path.join(HERE, "hugo"), folder)
    for name, of, pattern in (("style", page, r"<style>.*?</style>"), ("masthead", page, r"<a class=\"skip\".*?</header>"),
                              ("newsletter", page, r"<aside class=\"sheet mail\".*?</aside>"), ("appeal", page, r"<section class=\"sheet appeal\".*?</section>"),
                              ("foot", page, r"</main>.*</html>"), ("plainstyle", plain, r"<style>.*?</style>"), ("plainfoot", plain, r"</main>.*</html>")):
        text = cut(of, pattern)
        if not text:
            sys.exit("bench: our story page has no %s any more: look at bake.py" % name)
        with open(os.path.join(folder, "layouts", "partials", name + ".html"), "w") as out:
            out.write(text)
    os.makedirs(os.path.join(folder, "content"))
    os.symlink(newsroom.text_files("hugo", stories.write_hugo, count), os.path.join(folder, "content", "story"))
    # Hugo does not follow a link there: the texts are mounted
    os.unlink(os.path.join(folder, "content", "story"))
    with open(os.path.join(folder, "config.toml"), "a") as out:
        out.write('\n[[module.mounts]]\nsource = "%s"\ntarget = "content/story"\n[[module.mounts]]\nsource = "layouts"\ntarget = "layouts"\n' % newsroom.text_files(
            "hugo", stories.write_hugo, count))


def hugo(folder):
    public = os.path.join(folder, "public")
    shutil.rmtree(public, ignore_errors=True)
    return Run(["hugo", "--quiet", "-s", folder, "-d", public, "--cacheDir", os.path.join(folder, "cache")])


def say(what, ours, theirs, wanted):
    """Ratios of the medians; True when what was wanted was reached."""
    clock = statistics.median(r.seconds for r in theirs) / statistics.median(r.seconds for r in ours)
    cpu = statistics.median(r.cpu for r in theirs) / statistics.median(r.cpu for r in ours)
    ok = clock >= wanted
    print("site: %s: %.1f x as fast as Hugo (%.2f s, Hugo %.2f s; processors' time %.2f s, Hugo %.2f s: %.1f x), wanted >= %g: %s" % (
        what, clock, statistics.median(r.seconds for r in ours), statistics.median(r.seconds for r in theirs),
        statistics.median(r.cpu for r in ours), statistics.median(r.cpu for r in theirs), cpu, wanted, "ok" if ok else "MISSED"))
    sys.stdout.flush()
    return ok


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--binary", default=os.path.join(newsroom.ROOT, "build", "mimeo"))
    parse.add_argument("--stories", type=int, default=10000)
    parse.add_argument("--rounds", type=int, default=3)
    parse.add_argument("--hugo-most", type=int, default=20000, help="Hugo is left out with more stories than this: it needs 65 KB of memory for each")
    options, _ = parse.parse_known_args()
    os.makedirs(newsroom.WORK, exist_ok=True)
    room = newsroom.Newsroom(options.binary, options.stories)
    count, failed = options.stories, False
    site = os.path.join(room.home, "data", "site")
    with_hugo = shutil.which("hugo") is not None and count <= options.hugo_most
    if shutil.which("hugo") is None:
        print("site: skipped: no hugo (apt-get install hugo)")
    runs = {"html": [], "pages": [], "all": [], "hugo": []}
    for round in range(options.rounds):
        for what in ("html", "pages", "all"):
            runs[what].append(bake(options.binary, room.home, what))
        if round == 0:
            sizes = tree_of(site, "index.html"), tree_of(site, ".gz")
        if with_hugo and round == 0:
            page, plain = (open(glob.glob(os.path.join(site, below, "2018", "*", "*", "*", "index.html"))[0], encoding="utf-8").read() for below in ("", "text"))
            folder = os.path.join(newsroom.WORK, "hugo-%d-site" % count)
            hugo_site(folder, count, page, plain)
        if with_hugo:
            runs["hugo"].append(hugo(folder))
    print("site: %d stories: %d pages, %.1f MB, %.1f MB packed" % (count, sizes[0][0], sizes[0][1] / 1e6, sizes[1][1] / 1e6))
    if with_hugo:
        theirs = tree_of(os.path.join(folder, "public"), "index.html")
        print("site: Hugo: %d pages, %.1f MB, %.0f MiB of memory" % (theirs[0], theirs[1] / 1e6, max(r.peak_kib for r in runs["hugo"]) / 1024))
        failed |= not say("HTML", runs["html"], runs["hugo"], 10)
        failed |= not say("HTML with .gz", runs["pages"], runs["hugo"], 5)
    else:
        for what, name in (("html", "HTML"), ("pages", "HTML with .gz")):
            print("site: %s: %.0f us a story by the clock, %.0f of processors" % (name, statistics.median(r.seconds for r in runs[what]) * 1e6 / count,
                  statistics.median(r.cpu for r in runs[what]) * 1e6 / count))
    index = statistics.median(a.cpu - b.cpu for a, b in zip(runs["all"], runs["pages"])) * 1000 / count
    if with_hugo:
        share = index * count / 1000 / statistics.median(r.seconds for r in runs["hugo"])
        failed |= share > INDEX_OF_HUGO
        print("site: search index: %.2f ms of a processor a story, %.2f of Hugo's time for the pages, wanted <= %.2f: %s" % (
            index, share, INDEX_OF_HUGO, "ok" if share <= INDEX_OF_HUGO else "MISSED"))
    else:
        print("site: search index: %.2f ms of a processor a story" % index)
    peak = max(r.peak_kib for r in runs["all"]) / 1024
    failed |= peak > 400
    print("site: memory of the bake, all processes: %.0f MiB, wanted <= 400 with 100,000: %s" % (peak, "ok" if peak <= 400 else "MISSED"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
