"""Judges from outside that a page or a feed is held against, and a small crawler. SPDX-License-Identifier: ISC"""
import html.parser
import json
import os
import shutil
import subprocess
import urllib.parse

from house import ROOT, ask_url

AXE = os.path.join(ROOT, "tests", "node_modules", "axe-core", "axe.min.js")
VNU = os.path.join(ROOT, "tests", "node_modules", "vnu-jar", "build", "dist", "vnu.jar")


def why_no_axe():
    return "" if os.path.exists(AXE) else "axe-core is not there (npm ci --ignore-scripts in tests makes it)"


def why_no_vnu():
    if not shutil.which("java"):
        return "there is no Java for the Nu HTML checker (default-jre-headless)"
    return "" if os.path.exists(VNU) else "the Nu HTML checker is not there (npm ci --ignore-scripts in tests makes it)"


class Links(html.parser.HTMLParser):
    """All addresses that a page names: (kind, address); kind: a link that is followed, or what the page loads."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "link":
            wanted = attrs.get("rel") in ("stylesheet", "icon", "alternate", "next", "prev")
            self.found += [("load" if attrs.get("rel") != "alternate" else "follow", attrs["href"])] if wanted else []
        elif tag == "form" and attrs.get("method", "get") == "get" and "action" in attrs:
            self.found.append(("follow", attrs["action"]))
        elif tag == "a" and "href" in attrs:
            self.found.append(("follow", attrs["href"]))
        else:
            if "src" in attrs:
                self.found.append(("load", attrs["src"]))
            for part in attrs.get("srcset", "").split(","):
                if part.strip():
                    self.found.append(("load", part.split()[0]))


def crawl(start, most=3000, skip=()):
    """Every page that can be reached from `start` below its folder: ({address: text of HTML pages}, [what is broken], [what lies elsewhere])."""
    pages, broken, elsewhere, seen, waiting = {}, [], [], {start}, [(start, "")]
    while waiting and len(seen) < most:
        address, named_by = waiting.pop(0)
        got = ask_url("GET", address)
        if got.status in (301, 302, 303, 308):
            target = urllib.parse.urljoin(address, got.headers["location"])
            if target not in seen:
                seen.add(target)
                waiting.append((target, address))
            continue
        if got.status != 200:
            broken.append((got.status, address, named_by))
            continue
        if not got.headers.get("content-type", "").startswith("text/html"):
            continue
        pages[address] = got.text
        for kind, link in Links(got.text).found:
            target = urllib.parse.urljoin(address, link).split("#")[0]
            target = urllib.parse.quote(target, safe=":/?&=%#+,;@!~*'()[]-._")
            if not target.startswith(start):
                elsewhere.append((kind, target, address))
            elif target not in seen and not any(word in target for word in skip):
                seen.add(target)
                waiting.append((target, address))
    assert len(seen) < most, "the crawl does not end"
    return pages, broken, elsewhere


def fragments_of(text):
    """Links of a page to a place in itself that is not there."""
    class Ids(html.parser.HTMLParser):
        def __init__(self):
            super().__init__()
            self.ids, self.links = set(), []

        def handle_starttag(self, tag, attrs):
            attrs = dict(attrs)
            self.ids.add(attrs.get("id"))
            if tag == "a" and attrs.get("href", "").startswith("#"):
                self.links.append(attrs["href"][1:])
    ids = Ids()
    ids.feed(text)
    return [link for link in ids.links if urllib.parse.unquote(link) not in ids.ids]


# What the checker's own CSS grammar does not know yet; each is in the CSS drafts and in browsers.
CSS_UNKNOWN_TO_VNU = ("text-wrap", "font-size-adjust", "-webkit-match-parent", "match-parent", "scrollbar-width", "text-size-adjust", ":has(")


def vnu(pages, folder):
    """The Nu HTML checker's errors and warnings about {name: HTML}: [(name, message, extract)]."""
    os.makedirs(folder, exist_ok=True)
    names = {}
    for i, (name, text) in enumerate(sorted(pages.items())):
        path = os.path.join(folder, "%04d.html" % i)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        names[path] = name
    done = subprocess.run(["java", "-Xss2m", "-jar", VNU, "--format", "json", "--exit-zero-always", "--stdout", *sorted(names)], capture_output=True, text=True, timeout=600, check=True)
    found = []
    for one in json.loads(done.stdout)["messages"]:
        if one["type"] == "error" or one.get("subType") in ("warning", "fatal"):
            if one["message"].startswith("CSS:") and any(word in one["message"] + one.get("extract", "") for word in CSS_UNKNOWN_TO_VNU):
                continue
            found.append((names.get(urllib.parse.urlparse(one.get("url", "")).path, one.get("url", "")), one["message"], one.get("extract", "")[:160]))
    return found


def axe(browser, addresses):
    """axe's findings on each address, as [(address, rule, HTML)]."""
    with open(AXE, encoding="utf-8") as file:
        code = file.read()
    wrong = []
    for address in addresses:
        browser.get(address)
        browser.execute_script(code)
        found = browser.execute_async_script("const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations), e => done([{id: String(e), nodes: []}]))")
        wrong += [(address, one["id"], one["nodes"][0]["html"][:120] if one["nodes"] else "") for one in found]
    return wrong
