"""A newsroom with an archive, all of its pages through the Nu HTML checker, some of each kind through axe in both colour schemes.

Every page is looked at by the checker; axe needs a second a page, so it gets the first, the last and some of each kind that
chance (with a seed that is printed) names. The last line is "N passed, N failed".
SPDX-License-Identifier: ISC
"""
import argparse, functools, http.server, os, random, re, shutil, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "bench", "site"), os.path.join(HERE, "..", "scenario")]
import judges, newsroom
from house import browser

AT_ONCE = 500
KINDS = (("story", r"\d{4}/\d\d/\d\d/[^/]+/"), ("story without pictures", r"text/\d{4}/\d\d/\d\d/[^/]+/"), ("month without pictures", r"text/.*"),
         ("section", r"section/.*"), ("topic", r"topic/.*"), ("author", r"author/.*"), ("corrections", r"corrections/.*"), ("newsletter", r"newsletter/.*"),
         ("support", r"support/.*"), ("front", r""), ("other", r".*"))


def kind_of(path):
    return next(name for name, pattern in KINDS if re.fullmatch(pattern, path))


def pages_of(site):
    """{address below the site: file} of all that readers can open."""
    found = {}
    for where, _, files in os.walk(site):
        for name in files:
            path = os.path.relpath(os.path.join(where, name), site)
            if name == "index.html" and not path.startswith("_"):
                found[path[:-len("index.html")]] = os.path.join(where, name)
    return found


def judge_html(pages):
    """What the checker says of all of them."""
    names, wrong, began = sorted(pages), [], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for at in range(0, len(names), AT_ONCE):
            part = {}
            for name in names[at:at + AT_ONCE]:
                with open(pages[name], encoding="utf-8") as file:
                    part[name] = file.read()
            wrong += judges.vnu(part, folder)
            shutil.rmtree(folder)
            done = min(at + AT_ONCE, len(names))
            print("\rchecker: %d of %d pages, %d findings, about %d s left  " % (done, len(names), len(wrong), (time.monotonic() - began) / done * (len(names) - done)),
                  end="", file=sys.stderr, flush=True)
        os.makedirs(folder, exist_ok=True)
    print(file=sys.stderr)
    return wrong


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(site):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://127.0.0.1:%d/" % server.server_port


def judge_axe(pages, site, each, seed):
    chance, chosen = random.Random(seed), []
    for name, _ in KINDS:
        of = sorted(path for path in pages if kind_of(path) == name)
        chosen += sorted(set(of[:1] + of[-1:] + chance.sample(of, min(each, len(of)))))
    start, wrong = serve(site), []
    for dark in (False, True):
        driver = browser(dark=dark)
        try:
            wrong += judges.axe(driver, [start + path for path in chosen])
        finally:
            driver.quit()
            shutil.rmtree(driver.mimeo_profile, ignore_errors=True)
    return chosen, wrong


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--binary", default=os.environ.get("MIMEO", os.path.join(newsroom.ROOT, "build", "mimeo")))
    parse.add_argument("--stories", type=int, default=10000)
    parse.add_argument("--each", type=int, default=5, help="pages of each kind that axe looks at, besides the first and the last")
    parse.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parse.parse_args()
    passed = failed = 0
    os.makedirs(newsroom.WORK, exist_ok=True)
    room = newsroom.Newsroom(options.binary, options.stories)
    site = os.path.join(room.home, "data", "site")
    room.start()
    room.stop()
    pages = pages_of(site)
    for name, why, judge in (("the checker", judges.why_no_vnu(), lambda: (pages, judge_html(pages))),
                             ("axe in both schemes, seed %d" % options.seed, judges.why_no_axe(), lambda: judge_axe(pages, site, options.each, options.seed))):
        if why:
            print("skipped %s: %s" % (name, why))
            continue
        seen, wrong = judge()
        counts = {kind: sum(kind_of(path) == kind for path in seen) for kind, _ in KINDS}
        print("%s %s: %d pages (%s): %d findings" % ("FAIL" if wrong else "  ok", name, len(seen), ", ".join("%d %s" % (n, kind) for kind, n in counts.items() if n), len(wrong)))
        for one in wrong[:20]:
            print("     %s: %s %s" % one)
        passed, failed = passed + (not wrong), failed + bool(wrong)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
