"""The whole public site, held against judges from outside: HTML, links, accessibility, feeds, sitemaps, a copy on a static host.
SPDX-License-Identifier: ISC
"""
import datetime
import functools
import http.server
import json
import os
import re
import shutil
import threading
import time
import urllib.parse
import xml.etree.ElementTree as tree

import judges
import pytest
from house import ZONE, House, ask_url, wait_for

ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


@pytest.fixture(scope="module")
def newsroom(demo_newsroom):
    return demo_newsroom


@pytest.fixture(scope="module")
def crawled(newsroom):
    return judges.crawl(newsroom.site + "/")


@pytest.fixture(scope="module")
def foreign():
    """Newsrooms whose own language is another: {language: house}, with a story of theirs, an English one, a correction."""
    houses = {}
    try:
        for language, title, section, body in (("ru", "Достопримечательности высокогорья и водохозяйственное законодательство", "Новости", "Первый абзац.\n\nВторой абзац."),
                                               ("ar", "قرى ضفة النهر تنتظر المطر", "أخبار", "الفقرة الأولى.\n\nالفقرة الثانية.")):
            one = House({"newsroom.language": language, "newsroom.sections": section})
            houses[language] = one
            one.start()
            one.mimeo("story", "import", one.story("own", body=body, title=title, lang=language, section=section, topics=section, slug="own-story", excerpt=body.split("\n")[0],
                                                   correction="2026-11-21 " + body.split("\n")[0]),
                      one.story("english", lang="en", section=section, topics=section))
        yield houses
    finally:
        for one in houses.values():
            one.end()


def extra_pages(house):
    """Pages that no link leads to: wrong input, errors, empty states, answers to forms."""
    pages = {}
    for path in ("/nothing/", "/search/?q=river", "/search/?q=zeppelin", "/search/?q=!!!", "/search/?q=%3Cb%3E%22x&page=7", "/search/?q=a&page=2", "/support/thanks"):
        pages[path] = house.get(path).text
    pages["subscribe, wrong"] = house.post("/newsletter/subscribe", {"email": "no address", "lang": "en", "back": "/"}).text
    pages["subscribe"] = house.post("/newsletter/subscribe", {"email": "site@example.org", "lang": "ar", "back": "/"}).text
    pages["continue, wrong"] = house.coupon(own="12,34,5").text
    pages["remind, wrong"] = house.post("/support/remind", {"email": "@", "lang": "ru", "back": "/"}).text
    return pages


def kinds(house):
    """The path of one page of each kind."""
    listed = {s["identity"]: s["path"] for s in house.mimeo("story", "list", json_out=True)["stories"] if s["state"] == "published"}
    some = next(iter(listed.values()))
    month = "/%s/" % "/".join(some.split("/")[1:3])
    found = ["/", "/about/", "/privacy/", "/support/", "/newsletter/", "/newsletter/latest/", "/corrections/", "/text/", "/text" + some, "/text" + month, "/search/?q=a",
             "/search/?q=zzzz", "/nothing/", "/support/thanks"]
    found += sorted({re.search(r"(/(?:section|topic|author)/[^/]+/)", link).group(1) for link in re.findall(r'href="[^"]*(/(?:section|topic|author)/[^"]+)"', house.get(some).text)})[:4]
    return [urllib.parse.quote(path, safe="/?=&%") for path in found + list(listed.values())]


# --- pages ---------------------------------------------------------------------------------------------------------------------------

def test_no_link_is_broken(crawled, newsroom):
    pages, broken, elsewhere = crawled
    assert len(pages) > 70, "the crawl found only %d pages" % len(pages)
    assert not broken, broken
    assert not [one for one in elsewhere if one[0] == "load"], "a page loads something from elsewhere"
    for address, text in pages.items():
        assert not judges.fragments_of(text), (address, judges.fragments_of(text))
    for path in ("/corrections/", "/text/", "/text/2026/11/", "/section/news/", "/author/ada-wren/", "/topic/water/", "/newsletter/latest/"):
        assert newsroom.site + path in pages, "no link leads to " + path


def test_every_page_is_valid_html(crawled, newsroom, tmp_path):
    if judges.why_no_vnu():
        pytest.skip(judges.why_no_vnu())
    wrong = judges.vnu({**crawled[0], **extra_pages(newsroom)}, str(tmp_path))
    assert not wrong, "%d errors, first: %s" % (len(wrong), wrong[:8])


def test_every_page_of_another_language_is_valid_html(foreign, tmp_path):
    if judges.why_no_vnu():
        pytest.skip(judges.why_no_vnu())
    for language, house in foreign.items():
        pages, broken, _ = judges.crawl(house.site + "/")
        assert not broken, broken
        wrong = judges.vnu({**pages, **extra_pages(house)}, str(tmp_path / language))
        assert not wrong, "%s: %d errors, first: %s" % (language, len(wrong), wrong[:8])


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_on_any_kind_of_page(newsroom, foreign, browsers, dark):
    if judges.why_no_axe():
        pytest.skip(judges.why_no_axe())
    b = browsers(nojs=False, dark=dark)
    wrong = judges.axe(b, [newsroom.site + path for path in kinds(newsroom)])
    for house in foreign.values():
        wrong += judges.axe(b, [house.site + path for path in kinds(house)])
    assert not wrong, wrong


def test_no_request_leaves_and_nothing_is_refused(newsroom, foreign, browsers):
    b = browsers()
    b.get_log("browser")
    for house in (newsroom, *foreign.values()):
        for path in kinds(house):
            b.get(house.site + path)
            loaded = b.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
            assert all(one.startswith(house.site + "/") for one in loaded), (path, loaded)
            noise = [line["message"] for line in b.get_log("browser") if not line["message"].startswith(house.site + path + " - Failed to load resource: the server responded with a status of 404")]
            assert not noise, (path, noise)


def test_no_page_scrolls_sideways_in_any_language(newsroom, foreign, browsers):
    b = browsers(nojs=False, dark=False)
    wrong = []
    for house in (newsroom, *foreign.values()):
        for path in kinds(house):
            b.get(house.site + path)
            for width in (320, 390, 820, 1280):
                b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
                over = b.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                wrong += [(width, path, over)] if over > 0 else []
    b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    assert not wrong, wrong


# --- a copy ---------------------------------------------------------------------------------------------------------------------------

@pytest.fixture
def copy(newsroom, tmp_path):
    """The baked tree under /some/prefix/ on a plain static server; its address."""
    shutil.copytree(newsroom.path("data", "site"), tmp_path / "some" / "prefix", ignore=shutil.ignore_patterns("search.db*", "_*"))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "http://127.0.0.1:%d/some/prefix/" % server.server_address[1]
    server.shutdown()


def test_a_copy_under_a_prefix_works(copy, crawled, browsers):
    pages, broken, elsewhere = judges.crawl(copy)
    assert not broken, broken
    assert not [one for one in elsewhere if one[0] == "load"], elsewhere
    assert len(pages) >= len(crawled[0]) - 2, (len(pages), len(crawled[0]))
    b = browsers()
    b.get(next(address for address in pages if "river-towns" in address and "/text/" not in address))
    assert b.execute_script("return [...document.images].filter(i => i.loading != 'lazy').every(i => i.complete && i.naturalWidth > 0)")
    assert b.execute_script("return getComputedStyle(document.querySelector('.appeal')).backgroundColor") == "rgb(255, 243, 176)"


# --- feeds ----------------------------------------------------------------------------------------------------------------------------

def test_an_independent_parser_reads_the_feeds(newsroom):
    feedparser = pytest.importorskip("feedparser", reason="python3-feedparser is not there")
    for path, kind in (("/feed.xml", "rss20"), ("/atom.xml", "atom10"), ("/section/news/feed.xml", "rss20")):
        got = newsroom.get(path)
        read = feedparser.parse(got.body)
        assert not read.bozo, (path, read.get("bozo_exception"))
        assert read.version == kind and read.feed.title and read.feed.link, path
        assert read.feed.language == "en" and any(one.rel == "self" and one.href == newsroom.site + path for one in read.feed.links), read.feed
        assert len({one.id for one in read.entries}) == len(read.entries) >= 3
        for one in read.entries:
            assert one.id.startswith("urn:uuid:") and one.title and one.link.startswith(newsroom.site + "/2026/") and one.link.isascii(), one.link
            assert one.published_parsed and one.summary and (one.content[0].value if "content" in one else "").startswith("<"), one.title
            assert ask_url("GET", one.link).status == 200
        first = next(one for one in read.entries if "river-towns" in one.link)
        assert [a.name for a in first.authors] == ["Ada Wren", "Ilya Marsh"] or first.author, first
        assert "Water" in [t.term for t in first.tags]
        image = next(one for one in first.enclosures if one.type == "image/jpeg")
        assert int(image.length) == len(ask_url("GET", image.href).body)
    titles = {one.title for one in feedparser.parse(newsroom.get("/section/news/feed.xml").body).entries}
    assert titles < {one.title for one in feedparser.parse(newsroom.get("/feed.xml").body).entries}


def test_the_atom_feed_keeps_the_rules_of_its_rfc(newsroom):
    feed = tree.fromstring(newsroom.get("/atom.xml").body)
    assert feed.tag == ATOM + "feed"
    for part in (feed, *feed.findall(ATOM + "entry")):
        for name in ("id", "title", "updated"):
            assert len(part.findall(ATOM + name)) == 1, (name, part.findtext(ATOM + "title"))
        assert part.find(ATOM + "author") is not None or feed.find(ATOM + "author") is not None
        alternates = [(one.get("type"), one.get("hreflang")) for one in part.findall(ATOM + "link") if one.get("rel", "alternate") == "alternate"]
        assert len(alternates) == len(set(alternates)) == 1
        assert datetime.datetime.fromisoformat(part.findtext(ATOM + "updated")).tzinfo is not None
    languages = {one.get("{http://www.w3.org/XML/1998/namespace}lang") for one in feed.findall(ATOM + "entry")}
    assert languages == {"en", "ru", "ar"}, languages
    newest = max(datetime.datetime.fromisoformat(one.findtext(ATOM + "updated")) for one in feed.findall(ATOM + "entry"))
    assert datetime.datetime.fromisoformat(feed.findtext(ATOM + "updated")) == newest


def test_the_json_feed_keeps_its_rules(newsroom):
    got = newsroom.get("/feed.json")
    assert got.headers["content-type"].startswith(("application/feed+json", "application/json"))
    feed = got.json
    assert feed["version"] == "https://jsonfeed.org/version/1.1" and feed["feed_url"] == newsroom.site + "/feed.json" and feed["home_page_url"] == newsroom.site + "/"
    assert feed["title"] and feed["language"] == "en"
    allowed = {"id", "url", "title", "language", "summary", "image", "date_published", "date_modified", "authors", "tags", "content_html"}
    for one in feed["items"]:
        assert set(one) <= allowed and isinstance(one["id"], str) and one["content_html"], one["title"]
        assert all(author["name"] for author in one.get("authors", []))
        assert datetime.datetime.fromisoformat(one["date_published"]).tzinfo is not None
    same = tree.fromstring(newsroom.get("/atom.xml").body)
    assert [one["id"] for one in feed["items"]] == [one.findtext(ATOM + "id") for one in same.findall(ATOM + "entry")]


# --- sitemaps --------------------------------------------------------------------------------------------------------------------------

def locations(house, path):
    root = tree.fromstring(house.get(path).body)
    return root.tag, [one.text for one in root.iter(MAP + "loc")]


def test_the_sitemaps_name_every_story_once(newsroom, crawled):
    robots = newsroom.get("/robots.txt").text
    named = re.findall(r"^Sitemap: (\S+)$", robots, re.M)
    assert named == [newsroom.site + "/sitemap.xml", newsroom.site + "/news-sitemap.xml"], robots
    tag, files = locations(newsroom, "/sitemap.xml")
    assert tag == MAP + "sitemapindex" and len(files) == 3, files
    addresses = []
    for file in files:
        tag, found = locations(newsroom, file[len(newsroom.site):])
        month = re.search(r"sitemap-(\d{4})-(\d\d)\.xml$", file)
        assert tag == MAP + "urlset" and 0 < len(found) <= 50000
        assert not month or all("/%s/%s/" % month.groups() in one for one in found), (file, found)
        addresses += found
    assert len(addresses) == len(set(addresses)) and all(one.isascii() and one.startswith(newsroom.site + "/") for one in addresses)
    stories = {newsroom.site + urllib.parse.quote(s["path"]) for s in newsroom.mimeo("story", "list", json_out=True)["stories"] if s["state"] == "published"}
    assert stories <= set(addresses)
    assert set(addresses) <= set(crawled[0]), set(addresses) - set(crawled[0])


def test_a_story_leaves_the_news_sitemap_as_time_passes(house):
    """Nothing is published or changed meanwhile: the desk itself notices."""
    def date(ago, ahead):
        """By the house's clock, which is ahead; the hours are true ones, also on the day on which clocks are changed."""
        then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=ahead) - ago
        return then.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")
    for seconds in (20, 60, 180, 600):  # on a machine that takes longer to show them both, the story was born as much later
        house.stop()
        ahead = 60 * (1 + seconds // 60) - seconds % 60 - int(time.time()) % 60  # now it is so many seconds before a whole minute
        house.env["MIMEO_CLOCK_OFFSET"] = "%+d" % ahead
        born = date(datetime.timedelta(hours=48, seconds=-seconds - 1), ahead)
        house.serve()
        house.mimeo("story", "import", house.story("ageing", date=born),
                    house.story("fresh", title="Fresh & <new>", date=date(datetime.timedelta(hours=1), ahead)))
        root = tree.fromstring(house.get("/news-sitemap.xml").body)
        found = {one.findtext("%snews/%stitle" % (NEWS, NEWS)): one for one in root.findall(MAP + "url")}
        if "Ageing" in found:
            break
    assert set(found) == {"Ageing", "Fresh & <new>"}, found
    one = found["Fresh & <new>"]
    assert one.findtext("%snews/%spublication/%sname" % (NEWS, NEWS, NEWS)) == "The Tern Courier" and one.findtext("%snews/%spublication/%slanguage" % (NEWS, NEWS, NEWS)) == "en"
    assert datetime.datetime.fromisoformat(one.findtext("%snews/%spublication_date" % (NEWS, NEWS))).tzinfo is not None
    wait_for(lambda: "ageing" not in house.get("/news-sitemap.xml").text, 240, every=1, why="the news sitemap still names a story that is older than 48 hours")
    assert "fresh" in house.get("/news-sitemap.xml").text


# --- structured data, text, corrections, search -------------------------------------------------------------------------------------------

def ld(text):
    return json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.S).group(1))


def test_structured_data_is_whole(newsroom):
    text = newsroom.get(newsroom.path_of("river-towns-third-dry-winter")).text
    data = ld(text)
    assert data["@type"] == "NewsArticle" and data["inLanguage"] == "en" and data["articleSection"] == "News"
    assert [(a["@type"], a["name"], a["url"]) for a in data["author"]] == [("Person", "Ada Wren", newsroom.site + "/author/ada-wren/"), ("Person", "Ilya Marsh", newsroom.site + "/author/ilya-marsh/")]
    image = data["image"]
    assert image["@type"] == "ImageObject" and image["creditText"] == "Marco Cogoni / MATE" and image["caption"].startswith("Dune grass") and image["width"] == 1280
    assert ask_url("GET", image["url"]).status == 200
    assert [c["@type"] for c in data["correction"]] == ["CorrectionComment"] and "1991" in data["correction"][0]["text"]
    assert data["publisher"]["name"] == "The Tern Courier"
    for name in ("datePublished", "dateModified"):
        assert datetime.datetime.fromisoformat(data[name]).utcoffset() == datetime.timedelta(hours=1), name
    assert 'name="twitter:card"' in text and 'property="og:image"' in text


def test_text_only_pages_are_small_and_hold_the_whole_story(newsroom):
    path = newsroom.path_of("river-towns-third-dry-winter")
    full, plain = newsroom.get(path).text, newsroom.get("/text" + path)
    assert "../text%s" % path in full, "the story does not lead to its text"
    assert newsroom.site + path == re.search(r'rel="canonical" href="([^"]+)"', plain.text).group(1)
    for word in ("<img", "<picture", "<source", "<script", "<form", "media/"):
        assert word not in plain.text, word
    words = lambda text: re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text))
    body = re.sub(r'<aside class="sheet mail".*?</aside>', "", re.search(r'<div class="body">(.*)</div>\s*<p class="fix', full, re.S).group(1), flags=re.S)
    assert words(body).strip() in words(plain.text) and "1991" in plain.text and "Ada Wren and Ilya Marsh" in plain.text
    packed = newsroom.get("/text" + path, headers={"Accept-Encoding": "gzip"})
    whole = newsroom.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip" and len(packed.body) < 0.6 * len(whole.body), (len(packed.body), len(whole.body))
    index = newsroom.get("/text/").text
    assert 'dir="rtl"' in index and "November 2026" in index and ".." + "/text" + path in index


def test_a_moved_or_withdrawn_story_takes_its_text_along(shared_house):
    house = shared_house
    house.mimeo("story", "import", house.story("walker", slug="before"), house.story("goner"))
    house.mimeo("story", "import", house.story("walker", slug="behind"))
    moved = house.get("/text/2026/11/20/before/")
    assert moved.status == 301 and urllib.parse.urljoin("/text/2026/11/20/before/", moved.headers["location"]) == "/text/2026/11/20/behind/", moved
    assert house.get("/text/2026/11/20/behind/").status == 200
    assert house.get("/text/2026/11/20/goner/").status == 200
    house.mimeo("story", "withdraw", "goner")
    wait_for(lambda: house.get("/text/2026/11/20/goner/").status == 410, 10, why="the text of a withdrawn story is still there")
    assert "goner" not in house.get("/text/").text + house.get("/text/2026/11/").text


def test_corrections_stand_in_the_public_archive(shared_house):
    house = shared_house
    house.mimeo("story", "import", house.story("erring", title="The Erring One", correction="2026-11-21 It was 1991, not 1993."), house.story("gravely", grave="2026-11-21 Nobody was fined."))
    archive = house.get("/corrections/").text
    assert "It was 1991, not 1993." in archive and re.search(r'href="\.\./2026/11/20/erring/"', archive) and "The Erring One" in archive
    month = re.search(r'href="(\d{4}/\d\d/)"', archive).group(1)
    assert "It was 1991" in house.get("/corrections/" + month).text
    page = house.get("/2026/11/20/gravely/").text.split("<body>")[1]  # structured data says it, too
    assert page.index("Nobody was fined.") < page.index('<div class="body">'), "a grave correction stands above the body"
    page = house.get("/2026/11/20/erring/").text.split("<body>")[1]
    assert page.index("It was 1991") > page.index('<div class="body">')
    house.mimeo("story", "withdraw", "erring")
    wait_for(lambda: "It was 1991" not in house.get("/corrections/").text + house.get("/corrections/" + month).text, 10, why="the archive still shows a withdrawn story's correction")


def test_the_search_marks_what_it_finds_in_each_script(newsroom):
    for query, marked in (("aquifer", "<mark>aquifer</mark>"), ("RIVER towns", "<mark>River</mark> <mark>Towns</mark>"), ("оранжерею", "<mark>Оранжерею</mark>"), ("ОРАНЖЕРЕ", "<mark>Оранжере"),
                          ("المطر", "<mark>المطر</mark>")):
        text = newsroom.get("/search/?q=" + urllib.parse.quote(query)).text
        assert marked in text, (query, re.findall(r"<mark>[^<]*</mark>", text)[:5])
    assert re.search(r'<h2 lang="ar" dir="rtl">', newsroom.get("/search/?q=" + urllib.parse.quote("المطر")).text)
    for query, sentence in (("zeppelin", "Nothing was found"), ("!!!", "Type at least one word"), ("", "")):
        text = newsroom.get("/search/?q=" + urllib.parse.quote(query)).text
        assert sentence in text and 'class="card' not in text, query
    assert "story found" in newsroom.get("/search/?q=zimina+OR+oops&page=9").text or newsroom.get("/search/?q=zimina+OR+oops&page=9").status == 200
    last = newsroom.get("/search/?q=the&page=50").text
    assert 'class="card' in last, "a page behind the last one shows nothing"
    assert 'value="&quot;&gt;&lt;b&gt;"' in newsroom.get("/search/?q=%22%3E%3Cb%3E").text


def test_a_story_of_another_language_is_in_it_throughout(newsroom, foreign):
    arabic = foreign["ar"]
    own, english = arabic.get("/2026/11/20/own-story/").text, arabic.get("/2026/11/20/english/").text
    assert '<html lang="ar" dir="rtl">' in own and '<html lang="en" dir="ltr">' in english
    assert "تشرين الثاني" in own and "20 November 2026" in english and "Sign up" in english and "Sign up" not in own
    assert '<html lang="ar" dir="rtl">' in arabic.get("/").text and re.search(r'<h[23] lang="en" dir="ltr">', arabic.get("/").text)
    assert '<html lang="ar" dir="rtl">' in arabic.get("/nothing/").text
    assert "⟦" not in arabic.get("/").text + own
    items = {one["title"]: one["language"] for one in arabic.get("/feed.json").json["items"]}
    assert set(items.values()) == {"ar", "en"}
