"""A newsroom moves in: from WordPress with its pictures, from Ghost; readers' old links work, and nothing of the desk's is lost.
SPDX-License-Identifier: ISC
"""
import collections
import datetime
import json
import os
import re
import shutil
import urllib.parse
import xml.etree.ElementTree as tree
import zoneinfo

import pytest
from house import House, ROOT, make_jpeg, wait_for

THEME_TEST = os.path.join(ROOT, "..", "shared", "data", "wxr", "theme-test-data.xml")
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>The Old Courier</title><link>https://old.example</link><language>en-US</language><wp:base_blog_url>https://old.example</wp:base_blog_url>
<wp:author><wp:author_login>hanna</wp:author_login><wp:author_display_name>Hanna Plover</wp:author_display_name></wp:author>
<wp:category><wp:term_id>3</wp:term_id><wp:category_nicename>town-hall</wp:category_nicename><wp:cat_name>Town Hall</wp:cat_name></wp:category>
<wp:tag><wp:tag_slug>bridges</wp:tag_slug><wp:tag_name>Bridges</wp:tag_name></wp:tag>
"""


def post(number, title, body, status="publish", kind="post", more="", day="2019-03-04"):
    return ("<item><title>%s</title><link>https://old.example/%s/</link><dc:creator>hanna</dc:creator><content:encoded><![CDATA[%s]]></content:encoded>"
            "<excerpt:encoded></excerpt:encoded><wp:post_id>%d</wp:post_id><wp:post_date>%s 12:00:00</wp:post_date><wp:post_date_gmt>%s 11:00:00</wp:post_date_gmt>"
            "<wp:post_name>%s</wp:post_name><wp:status>%s</wp:status><wp:post_type>%s</wp:post_type>%s</item>\n"
            % (title, "story-%d" % number, body, number, day, day, "story-%d" % number, status, kind, more))


def picture(number, path, caption=""):
    return ("<item><title>File</title><excerpt:encoded><![CDATA[%s]]></excerpt:encoded><wp:post_id>%d</wp:post_id><wp:post_type>attachment</wp:post_type>"
            "<wp:status>inherit</wp:status><wp:attachment_url>https://old.example/wp-content/uploads/%s</wp:attachment_url>"
            "<wp:postmeta><wp:meta_key>_wp_attachment_image_alt</wp:meta_key><wp:meta_value>The old bridge</wp:meta_value></wp:postmeta>"
            "<wp:postmeta><wp:meta_key>_media_credit</wp:meta_key><wp:meta_value>Jo Gull / Agency</wp:meta_value></wp:postmeta></item>\n" % (caption, number, path))


CATEGORIES = ('<category domain="category" nicename="town-hall"><![CDATA[Town Hall]]></category>'
              '<category domain="post_tag" nicename="bridges"><![CDATA[Bridges]]></category>')
META = "<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>50</wp:meta_value></wp:postmeta>"


def export(extra=""):
    return (HEAD + post(11, "The Bridge Is Shut", "The bridge is <strong>shut</strong>.\n\nSee <a href=\"https://old.example/story-12/\">the other story</a>."
                        "\n\n[caption id=\"x\"]<img src=\"https://old.example/wp-content/uploads/2019/03/crowd-300x200.jpg\" alt=\"A crowd\" />At noon[/caption]"
                        "\n\n<img src=\"https://old.example/wp-content/uploads/2019/03/gone.jpg\" alt=\"\" /> [plugin_form id=\"3\"]", more=CATEGORIES + META)
            + post(12, "The Other Story", "<!-- wp:paragraph --><p>Words &amp; more.</p><!-- /wp:paragraph -->", more=CATEGORIES)
            + post(13, "Not Yet", "Later.", status="private") + post(14, "About Us", "We are here.", kind="page")
            + picture(50, "2019/03/bridge.jpg", "The bridge at dawn") + extra + "</channel></rss>\n")


def write(house, name, text):
    path = os.path.join(house.folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def media(house):
    folder = os.path.join(house.folder, "uploads", "2019", "03")
    os.makedirs(folder, exist_ok=True)
    make_jpeg(os.path.join(folder, "bridge.jpg"))
    shutil.copy(os.path.join(folder, "bridge.jpg"), os.path.join(folder, "crowd.jpg"))
    return os.path.join(house.folder, "uploads")


def moved(house, words):
    """A moved story as the command shows it."""
    listed = json.loads(house.mimeo("story", "list", "--json"))["stories"]
    found = next(s for s in listed if s["title"] == words)
    return json.loads(house.mimeo("story", "show", found["id"], "--json"))


def test_a_newsroom_moves_in_from_wordpress():
    with House() as house:
        path = write(house, "export.xml", export())
        rehearsal = house.mimeo("story", "move-in", path, "--media", media(house), "--dry-run")
        assert "rehearsal" in rehearsal and "3 new" in rehearsal
        assert json.loads(house.mimeo("story", "list", "--json"))["stories"] == [], "a rehearsal took something in"

        said = house.mimeo("story", "move-in", path, "--media", media(house), "--report", "report.md")
        assert "3 stories: 2 published, 1 drafts" in said and "3 new, 0 updated" in said, said
        assert "2 pictures found, 1 missing, 0 broken" in said, said
        with open(os.path.join(house.folder, "report.md"), encoding="utf-8") as file:
            report = file.read()
        assert "gone.jpg" in report and "plugin_form" in report and "Private" in report and "Not Yet" in report
        with open(os.path.join(house.folder, "report-pages", "1-about-us.md"), encoding="utf-8") as file:
            assert file.read() == "# About Us\n\nWe are here.\n"

        story = moved(house, "The Bridge Is Shut")
        assert story["identity"] == "wordpress:old.example:11" and story["state"] == "published" and story["section"] == "Town Hall"
        assert story["authors"] == ["Hanna Plover"] and story["topics"] == ["Bridges"]
        assert story["photo"]["alt"] == "The old bridge" and story["photo"]["credit"] == "Jo Gull / Agency" and story["photo"]["caption"] == "The bridge at dawn"
        assert re.search(r'!\[A crowd\]\(photo:[0-9a-f]{16} "At noon"\)', story["body"]), story["body"]
        other = moved(house, "The Other Story")
        assert "[the other story](%s)" % other["path"] in story["body"], "a link between stories leads to the old address"
        assert story["path"] == "/2019/03/04/story-11/"

        page = house.get(story["path"])
        assert page.status == 200 and "<strong>shut</strong>" in page.text and "Jo Gull / Agency" in page.text and "plugin_form" not in page.text
        for old, new in (("/story-11/", story["path"]), ("/story-11", story["path"]), ("/?p=11", story["path"]), ("/?p=12", other["path"]),
                         ("/category/town-hall/", "/section/town-hall/"), ("/tag/bridges/", "/topic/bridges/"), ("/author/hanna/", "/author/hanna-plover/"),
                         ("/feed/", "/feed.xml")):
            answer = house.get(old)
            assert answer.status == 301, (old, answer)
            assert urllib.parse.urljoin(old, answer.headers["location"]) == new, (old, answer.headers["location"])
            assert house.get(new).status == 200, new
        assert house.get("/story-13/").status == 404, "a private story answers as if it had been withdrawn"

        # the same again changes nothing
        before = house.read("data", "desk", "movein", "summary.json") and moved(house, "The Bridge Is Shut")
        again = house.mimeo("story", "move-in", path, "--media", media(house))
        assert "0 new, 0 updated, 3 unchanged" in again, again
        assert moved(house, "The Bridge Is Shut") == before

        # what was put right is updated; what the desk changed stays
        house.mimeo("story", "withdraw", other["id"], "wrong")
        make_jpeg(os.path.join(media(house), "2019", "03", "gone.jpg"))
        changed = write(house, "export.xml", export(post(15, "New One", "Fresh.")).replace("Words &amp; more.", "Other words."))
        third = house.mimeo("story", "move-in", changed, "--media", media(house))
        assert "1 new, 1 updated, 1 unchanged, 1 left as the desk changed them" in third, third
        assert moved(house, "The Other Story")["state"] == "withdrawn" and "Other words" not in moved(house, "The Other Story")["body"]
        assert house.get("/?p=12").status == 410
        assert json.loads(house.mimeo("story", "show", story["id"], "--json"))["revision"] == 2


def test_a_newsroom_moves_in_from_ghost():
    with House() as house:
        data = {"posts": [
            {"id": "a1", "title": "Hello", "slug": "hello", "html": "<p>Read <a href=\"__GHOST_URL__/second/\">this</a>.</p>", "status": "published", "type": "post",
             "visibility": "public", "published_at": "2024-05-01T10:00:00.000Z", "feature_image": "__GHOST_URL__/content/images/size/w600/2024/05/lead.jpg"},
            {"id": "a2", "title": "Second", "slug": "second", "html": "<p>For all.</p>", "status": "published", "type": "post", "visibility": "public", "published_at": "2024-05-02T10:00:00.000Z"},
            {"id": "a3", "title": "Paid", "slug": "paid", "html": "<p>For some.</p>", "status": "published", "type": "post", "visibility": "paid", "published_at": "2024-05-03T10:00:00.000Z"}],
            "tags": [{"id": "t", "name": "News", "slug": "news"}], "posts_tags": [{"post_id": "a1", "tag_id": "t", "sort_order": 0}],
            "users": [{"id": "u", "name": "Ada Wren", "slug": "ada"}], "posts_authors": [{"post_id": "a1", "author_id": "u", "sort_order": 0}],
            "posts_meta": [], "members": [{"id": "m", "email": "reader@example.org"}], "settings": [{"key": "title", "value": "The Ghost"}]}
        folder = os.path.join(house.folder, "images", "2024", "05")
        os.makedirs(folder)
        make_jpeg(os.path.join(folder, "lead.jpg"))
        path = write(house, "ghost.json", json.dumps({"db": [{"meta": {"version": "5.82.2"}, "data": data}]}))
        summary = json.loads(house.mimeo("story", "move-in", path, "--media", os.path.join(house.folder, "images"), "--json"))
        assert (summary["stories"], summary["published"], summary["missing"]) == (3, 2, 0)
        story = moved(house, "Hello")
        assert story["identity"] == "ghost:a1" and story["section"] == "News" and story["authors"] == ["Ada Wren"] and story["photo"]["hash"]
        assert "[this](%s)" % moved(house, "Second")["path"] in story["body"]
        assert moved(house, "Paid")["state"] == "draft"
        assert house.get("/hello/").headers["location"].endswith("2024/05/01/hello/")
        assert house.get("/tag/news/").headers["location"].endswith("section/news/")
        with open(os.path.join(house.folder, "move-in.md"), encoding="utf-8") as file:
            report = file.read()
        assert "Members are not imported here" in report and "reader@example.org" not in report and "For members or paying readers" in report


def test_what_is_not_sound_takes_nothing_in(shared_house):
    house = shared_house
    good = export()
    cases = {
        "cut.xml": good[:-40], "entity.xml": good.replace("Words &amp; more", "&evil;]]><x>&evil;</x><![CDATA["),
        "passwd.xml": good.replace("<rss", '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<rss', 1).replace("<title>Not Yet", "<title>&x;"),
        "cut.json": '{"db": [{"data": {"posts": [{"id": 1,', "page.html": "<html><body>no</body></html>", "words.txt": "no export"}
    for name, text in cases.items():
        said = house.mimeo("story", "move-in", write(house, name, text), ok=False)
        assert said.returncode == 2, (name, said)
        assert re.search(r"mimeo: %s(:\d+)?: " % re.escape(name), said.stderr), (name, said.stderr)
        assert "root:" not in said.stderr + said.stdout
    for words in ((), ("no-such-file.xml",), (house.folder,), ("a.xml", "b.xml"), ("page.html", "--media", "no-such-folder"), ("page.html", "--report", "no/such/folder/r.md")):
        said = house.mimeo("story", "move-in", *words, ok=False)
        assert said.returncode == 2 and said.stderr.startswith("mimeo: "), (words, said)
    assert json.loads(house.mimeo("story", "list", "--json"))["stories"] == []
    assert not [n for n in os.listdir(house.path("data", "desk")) if n.startswith("import-")], "a move left files behind"


def test_one_broken_picture_does_not_keep_the_others_away(shared_house):
    house = shared_house
    folder = media(house)
    with open(os.path.join(folder, "2019", "03", "bridge.jpg"), "wb") as file:
        file.write(b"\xff\xd8\xff\xe0 no picture")
    said = house.mimeo("story", "move-in", write(house, "export.xml", export()), "--media", folder)
    assert "1 broken" in said and "3 new" in said, said
    assert "photo" not in moved(house, "The Bridge Is Shut")


def test_wordpress_own_test_file():
    if not os.path.exists(THEME_TEST):
        pytest.skip("there is no " + os.path.normpath(THEME_TEST))
    wp = "{https://wordpress.org/export/1.2/}"
    states, posts = collections.Counter(), {}
    for item in tree.parse(THEME_TEST).iter("item"):
        if item.findtext(wp + "post_type") != "post":
            continue
        status = item.findtext(wp + "status")
        text = (item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") or "").replace("&nbsp;", " ")
        pictures_only = not re.sub(r"<[^>]*>|\[/?caption[^\]]*\]", "", re.sub(r"<!--.*?-->|<figcaption.*?</figcaption>|\[caption.*?\[/caption\]", "", text, flags=re.S)).strip()
        public = status == "publish" and not item.findtext(wp + "post_password") and not pictures_only
        states["published" if public else "draft"] += 1
        posts["wordpress:wpthemetestdata.wordpress.com:" + item.findtext(wp + "post_id")] = (item, public)
    with House() as house:
        summary = json.loads(house.mimeo("story", "move-in", THEME_TEST, "--json"))
        assert (summary["published"], summary["drafts"], summary["not_taken"]) == (states["published"], states["draft"], 0)
        zone = zoneinfo.ZoneInfo(re.search(r"^zone *= *(\S+)", house.read("mimeo.conf"), re.M).group(1))
        listed = json.loads(house.mimeo("story", "list", "--json"))["stories"]
        assert {s["identity"] for s in listed} == set(posts)
        for story in listed:
            item, public = posts[story["identity"]]
            assert (story["state"] == "published") == public, story
            if public:
                made = datetime.datetime.fromisoformat(item.findtext(wp + "post_date_gmt")).replace(tzinfo=datetime.timezone.utc)
                assert story["path"].startswith(made.astimezone(zone).strftime("/%Y/%m/%d/")), story
                assert house.get(story["path"]).status == 200
                answer = house.get("/?p=" + item.findtext(wp + "post_id"))
                assert answer.status == 301 and urllib.parse.urljoin("/", answer.headers["location"]) == story["path"]
        page = house.get(next(s["path"] for s in listed if s["title"].startswith("Markup: HTML Tags"))).text
        assert "<table" in page and "<blockquote>" in page and "<del>" in page and "[/caption]" not in page and "<!-- wp:" not in page
