#!/usr/bin/python3
"""Publishing: from the POST until front serves the story, the front page and the feed new; a large archive against a small one.

Both newsrooms serve at the same time and take turns, so that a busy machine slows both alike. What is compared is the median.
SPDX-License-Identifier: ISC
"""
import argparse, http.client, os, statistics, sys, time

import newsroom

WANTED = 1.3


def until_served(port, slug, day):
    """Asks as a reader does, again and again: the story's page, the front page, the feed. Milliseconds are the caller's."""
    reader = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    waiting = ["/%s/%s/" % (day, slug), "/", "/feed.xml"]
    until = time.monotonic() + 60
    while waiting:
        reader.request("GET", waiting[0])
        answer = reader.getresponse()
        body = answer.read()
        if answer.status == 200 and slug.encode() in body:
            waiting.pop(0)
        elif time.monotonic() > until:
            sys.exit("bench: %s is not served" % waiting[0])
        else:
            time.sleep(0.0005)
    reader.close()


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--binary", default=os.path.join(newsroom.ROOT, "build", "mimeo"))
    parse.add_argument("--small", type=int, default=1000)
    parse.add_argument("--large", type=int, default=100000)
    parse.add_argument("--rounds", type=int, default=25)
    options, _ = parse.parse_known_args()
    os.makedirs(newsroom.WORK, exist_ok=True)
    run = "r%x" % int(time.time())
    rooms = [newsroom.Newsroom(options.binary, count) for count in (options.small, options.large)]
    slugs = [room.drafts(run) for room in rooms]
    took = [[], []]
    try:
        for room in rooms:
            room.start()
        for round in range(min(options.rounds, newsroom.DRAFTS)):
            for i, room in enumerate(rooms):
                time.sleep(0.15)  # the last bake's child is gone
                day = time.strftime("%Y/%m/%d", time.gmtime())
                began = time.monotonic()
                room.ask("POST", "/stories/%s/publish" % slugs[i][round], {})
                until_served(room.port, slugs[i][round], day)
                if round > 1:
                    took[i].append((time.monotonic() - began) * 1000)
    finally:
        for room in rooms:
            room.stop()
    small, large = (statistics.median(one) for one in took)
    ratio = large / small
    print("site: publishing with %d stories / with %d: %.2f (medians of %d: %.0f ms, %.0f ms; quartiles %.0f-%.0f, %.0f-%.0f), wanted <= %.1f: %s" % (
        options.large, options.small, ratio, len(took[0]), large, small, *(q for one in (took[1], took[0]) for q in statistics.quantiles(one, n=4)[::2]),
        WANTED, "ok" if ratio <= WANTED else "MISSED"))
    return 0 if ratio <= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
