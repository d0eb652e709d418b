#!/usr/bin/python3
"""The desk's pages with a large archive: each within 50 ms, as somebody who is logged in gets them.

SPDX-License-Identifier: ISC
"""
import argparse, http.client, os, re, statistics, sys, time, urllib.parse

import newsroom

WANTED_MS = 50


class Desk:
    """Somebody's browser."""

    def __init__(self, room):
        self.connection, self.cookie = http.client.HTTPConnection("127.0.0.1", room.desk_port, timeout=60), ""
        said = room.run("staff", "add", "Bench %d" % int(time.time()), "--role", "editor").stdout
        self.host, link = re.search(r"https?://([^/]+)(/login/\S+)", said).groups()
        self.ask("POST", link, "")

    def ask(self, method, path, body=None):
        headers = {"Cookie": self.cookie, "Host": self.host}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookie = value.split(";")[0]
        return answer.status, text


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--binary", default=os.path.join(newsroom.ROOT, "build", "mimeo"))
    parse.add_argument("--large", type=int, default=100000)
    parse.add_argument("--rounds", type=int, default=15)
    options, _ = parse.parse_known_args()
    os.makedirs(newsroom.WORK, exist_ok=True)
    room = newsroom.Newsroom(options.binary, options.large)
    failed = False
    try:
        room.start()
        desk = Desk(room)
        listed = desk.ask("GET", "/stories")[1]
        one = re.search(r"href=\"(/stories/\d+)\"", listed)
        if one is None:
            sys.exit("bench: nobody is logged in, or nothing is listed:\n" + listed[:500])
        word = re.search(r"([A-Z][a-z]{4,})", room.ask("GET", "/stories" + one.group(1)[8:])["title"]).group(1)
        pages = {"stories": "/stories", "their second page": "/stories?page=2", "drafts": "/stories?state=draft", "published": "/stories?state=published",
                 "withdrawn": "/stories?state=withdrawn", "find": "/stories?q=" + urllib.parse.quote(word), "find nothing": "/stories?q=zzzzzz", "one story": one.group(1),
                 "withdraw": one.group(1) + "/withdraw", "newsletter": "/newsletter", "site": "/site", "people": "/people", "support": "/support"}
        for name, path in pages.items():
            took = []
            for _ in range(options.rounds):
                began = time.monotonic()
                status, text = desk.ask("GET", path)
                took.append((time.monotonic() - began) * 1000)
                if status != 200:
                    sys.exit("bench: %d for %s\n%s" % (status, path, text[:500]))
            median = statistics.median(took)
            failed |= median > WANTED_MS
            print("site: desk with %d stories: %-18s %5.1f ms (median of %d, at most %.1f), wanted <= %d: %s" % (
                options.large, name, median, len(took), max(took), WANTED_MS, "ok" if median <= WANTED_MS else "MISSED"))
    finally:
        room.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
