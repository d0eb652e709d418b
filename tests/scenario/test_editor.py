"""The life of a story at the desk, in a browser: written, reviewed, scheduled, corrected, withdrawn; two editors; an ended session; a name removed.
SPDX-License-Identifier: ISC
"""
import datetime
import glob
import gzip
import os
import re
import signal
import time
import urllib.parse

import pytest
from selenium.common.exceptions import WebDriverException
from house import ROOT, ZONE, House, ask_url, today, wait_for

AXE = os.path.join(ROOT, "tests", "node_modules", "axe-core", "axe.min.js")


@pytest.fixture(scope="module")
def newsroom():
    with House() as house:
        house.mimeo("story", "import", house.story("older", title="An older story"))
        yield house


class Person:
    """Somebody at the desk with a browser of their own."""

    def __init__(self, house, b, name, role):
        self.house, self.b, self.name, self.role = house, b, name, role
        self.enter()

    def enter(self):
        link = self.house.staff_link(self.name, self.role)
        self.b.get(link)
        self.b.find_element("css selector", "main button").click()
        wait_for(lambda: link not in self.b.current_url, 10)

    def open(self, path):
        self.b.get(self.house.desk + path)

    def one(self, css):
        """The page may still be on its way."""
        found = []

        def look():
            found[:] = self.b.find_elements("css selector", css)
            return found
        wait_for(look, 10, why="there is no %s at %s" % (css, self.b.current_url))
        return found[0]

    def type(self, name, text):
        field = self.one("[name='%s']" % name)
        field.clear()
        field.send_keys(text)

    def press(self, words):
        self.b.find_element("xpath", "//main//*[self::button or self::a][starts-with(normalize-space(.), '%s')]" % words).click()

    def do(self, word):
        """Presses the editor's button of that meaning."""
        self.one("button[name=do][value='%s']" % word).click()

    def text(self):
        """What stands on the page; empty while one page gives way to the next."""
        try:
            return self.one("main").text
        except WebDriverException:
            return ""


@pytest.fixture
def people(newsroom, browsers):
    here = []

    def come(name, role, **traits):
        here.append(browsers.lend(**traits))
        return Person(newsroom, here[-1], name, role)
    yield come
    for b in here:
        browsers.take_back(b)


def id_of(person):
    return re.search(r"/stories/(\d+)", person.b.current_url).group(1)


def new_story(person, title, body="First paragraph, long enough.\n\nSecond paragraph."):
    person.open("/stories")
    person.press("New story")
    wait_for(lambda: re.search(r"/stories/\d+$", person.b.current_url), 10)
    person.type("title", title)
    person.type("body", body)
    return id_of(person)


@pytest.mark.parametrize("nojs", [False, True])
def test_a_story_from_the_first_word_to_its_withdrawal(newsroom, people, nojs):
    house = newsroom
    word = "plain" if nojs else "scripted"
    title = "Ferry stays ashore " + word
    reporter = people("Rita Reporter", "reporter", nojs=nojs)
    number = new_story(reporter, title)
    reporter.type("standfirst", "Wind and a broken shaft.")
    assert not reporter.b.find_elements("css selector", "button[value=publish], button[value=schedule]"), "a reporter may not publish"
    reporter.do("submit")
    wait_for(lambda: "In review" in reporter.text(), 10, why=reporter.text)

    editor = people("Anna Editor", "editor", nojs=nojs)
    editor.open("/stories?state=review")
    editor.press(title)
    editor.b.find_element("xpath", "//summary[contains(., 'Send it back')]").click()
    editor.type("note", "Who says that it is the shaft?")
    editor.do("send_back")
    wait_for(lambda: "Sent back with your note" in editor.text(), 10, why=editor.text)
    reporter.open("/stories/" + number)
    assert "Who says that it is the shaft?" in reporter.text()
    reporter.type("body", "First paragraph, long enough, says the harbour.\n\nSecond paragraph.")
    reporter.do("submit")

    began = time.monotonic()
    editor.open("/stories/" + number)
    editor.type("title", title + ", corrected")
    editor.type("section", "Harbour")
    editor.type("topics", "ferries, wind")
    took = time.monotonic() - began  # what comes until it is due takes not much longer
    due = whole_seconds(7 + int(5 * took))
    zoned = house_time(due)
    set_time(editor, zoned)
    editor.do("schedule")
    wait_for(lambda: "Scheduled" in editor.text(), 10, why=editor.text)
    path = "/%s/ferry-stays-ashore-%s/" % (zoned.strftime("%Y/%m/%d"), word)
    assert house.get(path).status == 404
    assert title not in house.get("/feed.xml").text
    wait_for(lambda: house.get(path).status == 200, 25, 0.1, why=lambda: house.log()[-1500:])
    late = time.time() - due.timestamp()
    assert 0 <= late < 3 + 2 * took, "it came %s s after its time" % late
    page = house.get(path).text
    assert title + ", corrected" in page and "says the harbour" in page
    assert house.mimeo("story", "show", number, json_out=True)["published"] == int(due.timestamp()) * 1000000

    # reporters do not change it now; what they type is not lost
    reporter.open("/stories/" + number)
    assert not reporter.b.find_elements("css selector", "textarea[name=body]")

    editor.open("/stories/" + number)
    editor.do("corrections")
    editor.type("text", "An earlier version named another harbour.")
    editor.b.find_element("css selector", "#kind-new option[value=clarification]").click()
    editor.press("Add it")
    wait_for(lambda: "another harbour" in house.get(path).text, 15)
    assert "Clarification" in house.get(path).text
    editor.open("/stories/%s/corrections" % number)
    editor.type("text", "An earlier version named the wrong harbour.")
    editor.one("input[name=grave]").click()
    editor.do("save")
    wait_for(lambda: "wrong harbour" in house.get(path).text, 15)
    text = house.get(path).text
    assert text.index("wrong harbour") < text.index("says the harbour"), "a grave one stands above the text"

    editor.open("/stories/" + number)
    assert "Update the public story" in editor.text()
    editor.type("body", "First paragraph, long enough, says the harbour master.\n\nSecond paragraph.")
    editor.type("reason", "his title")
    editor.do("save")
    wait_for(lambda: "harbour master" in house.get(path).text, 15)
    assert "his title" in editor.text() and "+1 word" in editor.text()
    editor.type("slug", "ferry-ashore-" + word)
    editor.do("save")
    moved = path.replace("ferry-stays-ashore", "ferry-ashore")
    wait_for(lambda: house.get(moved).status == 200 and house.get(path).status == 301, 15)

    editor.do("withdraw")
    editor.type("reason", "A test.")
    editor.press("Withdraw it")
    wait_for(lambda: house.get(moved).status == 410 and house.get(path).status == 410, 15)
    assert title not in house.get("/feed.xml").text
    editor.open("/stories/" + number)
    assert "A test." in editor.text()
    editor.do("publish")
    wait_for(lambda: house.get(moved).status == 200, 15)


def whole_seconds(from_now):
    return datetime.datetime.now().astimezone().replace(microsecond=0) + datetime.timedelta(seconds=from_now)


def house_time(when):
    """On the newsroom's clock."""
    return when.astimezone(ZONE)


def lost_hour():
    """The next day on which there is no half past two: the newsroom's clock goes from two to three."""
    for ahead in range(1, 400):
        day = today() + datetime.timedelta(days=ahead)
        typed = datetime.datetime(day.year, day.month, day.day, 2, 30, tzinfo=ZONE)
        if typed.astimezone(datetime.timezone.utc).astimezone(ZONE).hour != 2:
            return day
    raise AssertionError("clocks are not changed any more")


def set_time(person, zoned):
    """Seconds are typed only by tests: the field's value is what the browser sends."""
    cdp = "const [d, h] = [document.getElementById('f-day'), document.getElementById('f-hour')]; h.step = 1; d.value = '%s'; h.value = '%s'" % (
        zoned.strftime("%Y-%m-%d"), zoned.strftime("%H:%M:%S"))
    person.b.execute_cdp_cmd("Runtime.evaluate", {"expression": cdp})


def test_the_schedule_survives_a_kill(newsroom, people):
    house = newsroom
    editor = people("Kim Killer", "editor", nojs=True)
    began = time.monotonic()
    number = new_story(editor, "After the outage")
    due = whole_seconds(4 + int(4 * (time.monotonic() - began)))
    set_time(editor, house_time(due))
    editor.do("schedule")
    wait_for(lambda: "Scheduled" in editor.text(), 10, why=editor.text)
    os.kill(house.pid_of("desk"), signal.SIGKILL)
    house.stop(signal.SIGKILL)
    time.sleep(max(0.0, due.timestamp() - time.time()) + 1)
    house.serve()
    path = "/%s/after-the-outage/" % house_time(due).strftime("%Y/%m/%d")
    wait_for(lambda: house.get(path).status == 200, 20, why=lambda: house.log()[-1500:])
    assert house.mimeo("story", "show", number, json_out=True)["published"] == int(due.timestamp()) * 1000000, "under its own date"


def test_two_editors_collide_and_nothing_is_lost(newsroom, people):
    house = newsroom
    one, two = people("Ilya One", "editor"), people("Ada Two", "editor", nojs=True)
    number = new_story(one, "Two pens", "Common text.\n\nThe end.")
    one.do("save")
    wait_for(lambda: "Saved." in one.text(), 10)
    one.open("/stories/" + number)
    two.open("/stories/" + number)
    assert "Ilya One has been in this story since" in two.text()
    one.type("body", "Common text, by Ilya.\n\nThe end.")
    one.do("save")
    wait_for(lambda: "Saved." in one.text(), 10)
    two.type("body", "Common text, by Ada.\n\nThe end.\n\nMore.")
    two.do("save")
    wait_for(lambda: "Two versions" in two.text(), 10, why=two.text)
    assert "Ilya One saved this story" in two.text()
    assert [e.text for e in two.b.find_elements("css selector", "del")] == ["Ilya"]
    assert two.one("textarea[name=body]").get_attribute("value") == "Common text, by Ada.\n\nThe end.\n\nMore."
    two.do("theirs")
    wait_for(lambda: "Yours is kept" in two.text(), 10, why=two.text)
    assert two.one("textarea[name=body]").get_attribute("value").strip() == "Common text, by Ilya.\n\nThe end."
    two.b.find_element("xpath", "//p[contains(., 'Your other text')]/a").click()
    assert "More." in two.text()
    two.do("take")
    wait_for(lambda: "in the editor again" in two.text(), 10, why=two.text)
    assert "by Ada" in two.one("textarea[name=body]").get_attribute("value")
    two.do("save")  # she has seen Ilya's version: she is not asked again
    wait_for(lambda: "Saved." in two.text(), 10, why=two.text)
    shown = house.mimeo("story", "show", number, json_out=True)
    assert "by Ada" in shown["body"] and shown["revision"] == 4
    two.do("revisions")
    assert len(two.b.find_elements("css selector", ".rev li")) == 4
    two.b.find_elements("css selector", ".rev li a")[1].click()
    assert "by Ilya" in two.text()
    two.press("Restore")
    wait_for(lambda: "Restored." in two.text(), 10, why=two.text)
    assert "by Ilya" in house.mimeo("story", "show", number, json_out=True)["body"]


def test_mine_over_theirs(newsroom, people):
    house = newsroom
    one, two = people("Olga One", "editor", nojs=True), people("Tess Two", "editor", nojs=True)
    number = new_story(one, "Over theirs", "Common text.")
    one.do("save")
    wait_for(lambda: "Saved." in one.text(), 10)
    two.open("/stories/" + number)
    one.type("credit", "Olga / Agency")
    one.do("save")
    wait_for(lambda: "Saved." in one.text(), 10)
    two.type("body", "Common text, by Tess.")
    two.do("publish")
    wait_for(lambda: "Two versions" in two.text(), 10, why="Olga's credit would be undone")
    assert "Olga / Agency" in two.text()
    two.press("Save mine over theirs")
    wait_for(lambda: "Saved." in two.text(), 10, why=two.text)
    shown = house.mimeo("story", "show", number, json_out=True)
    assert "by Tess" in shown["body"] and shown["state"] == "draft", "what was asked on the way to publishing only saves"


@pytest.mark.parametrize("nojs", [False, True])
def test_a_session_ends_in_mid_sentence(newsroom, people, nojs):
    house = newsroom
    writer = people("Wanda Writer%d" % nojs, "editor", nojs=nojs)
    number = new_story(writer, "Mid sentence %d" % nojs)
    writer.do("save")
    wait_for(lambda: "Saved." in writer.text(), 10)
    writer.open("/stories/" + number)
    writer.type("body", "A sentence with “quotes”, <tags> & more that is not")
    writer.type("credit", "Wood / Agency")
    writer.type("topics", "a, b")
    writer.b.delete_cookie("desk")
    writer.do("save")
    wait_for(lambda: "Your session has ended" in writer.text(), 10, why=writer.text)
    assert writer.one("textarea[name=body]").get_attribute("value") == "A sentence with “quotes”, <tags> & more that is not"
    assert house.mimeo("story", "show", number, json_out=True)["revision"] == 2, "nothing of it is stored"
    first = writer.b.current_window_handle
    writer.b.switch_to.new_window("tab")
    writer.enter()
    writer.b.close()
    writer.b.switch_to.window(first)
    writer.one("textarea[name=body]").send_keys(" finished.")
    writer.press("Save again")
    wait_for(lambda: "Save this text?" in writer.text(), 10, why=writer.text)
    writer.press("Save again")
    wait_for(lambda: "Saved." in writer.text(), 10, why=writer.text)
    shown = house.mimeo("story", "show", number, json_out=True)
    assert shown["body"] == "A sentence with “quotes”, <tags> & more that is not finished." and shown["topics"] == ["a", "b"]


def test_nothing_is_taken_from_strangers(newsroom, people):
    house = newsroom
    editor = people("Stan Stranger", "editor")
    number = new_story(editor, "Only ours")
    editor.do("save")
    wait_for(lambda: "Saved." in editor.text(), 10)
    form = {"title": "Forged", "body": "Forged <script>alert(1)</script>", "do": "publish", "base": "2"}
    answer = ask_url("POST", house.desk + "/stories/" + number, form, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status == 403 and "&lt;script&gt;" in answer.text and "<script>alert" not in answer.text
    cookies = "; ".join("%s=%s" % (c["name"], c["value"]) for c in editor.b.get_cookies())
    answer = ask_url("POST", house.desk + "/stories/" + number, form, headers={"Sec-Fetch-Site": "same-origin", "Cookie": cookies})
    assert answer.status == 403 and "Forged" in answer.text
    answer = ask_url("POST", house.desk + "/stories/" + number, form, headers={"Sec-Fetch-Site": "cross-site", "Cookie": cookies})
    assert answer.status == 403 and "Forged" not in answer.text
    shown = house.mimeo("story", "show", number, json_out=True)
    assert shown["title"] == "Only ours" and shown["state"] == "draft"
    reporter = people("Rob Reporter", "reporter")
    reporter.open("/stories/" + number)
    token = reporter.one("input[name=csrf]").get_attribute("value")
    cookies = "; ".join("%s=%s" % (c["name"], c["value"]) for c in reporter.b.get_cookies())
    for do in ("publish", "schedule", "send_back", "unschedule"):
        answer = ask_url("POST", house.desk + "/stories/" + number, dict(form, csrf=token, do=do), headers={"Sec-Fetch-Site": "same-origin", "Cookie": cookies})
        assert answer.status == 403, (do, answer)
    assert house.mimeo("story", "show", number, json_out=True)["state"] == "draft"
    for path in ("/bylines", "/stories/%s/corrections" % number, "/stories/%s/withdraw" % number):
        assert ask_url("GET", house.desk + path, headers={"Cookie": cookies}).status == 403, path


def test_typing_is_kept_by_itself_and_the_preview_stands_beside(newsroom, people):
    writer = people("Klara Keeper", "reporter")
    number = new_story(writer, "Kept by itself", "Some **bold** words.")
    wait_for(lambda: writer.one("#saved").text.startswith("saved "), 15, 0.2, why=lambda: writer.one("#saved").text)
    assert "Text, 3 words" in writer.one("#checks").text and "No standfirst" in writer.one("#checks").text, "the list is of what is typed"
    writer.b.find_element("css selector", "[data-tool=beside]").click()
    wait_for(lambda: writer.b.find_elements("css selector", "#live strong"), 10)
    assert writer.one("#live strong").text == "bold"
    body = writer.one("textarea[name=body]")
    body.send_keys(" More")
    wait_for(lambda: "More" in writer.one("#live").text, 10)
    writer.b.execute_script("arguments[0].setSelectionRange(0, 4)", body)
    writer.one("[data-tool=italic]").click()
    assert body.get_attribute("value").startswith("*Some* **bold**")
    for tool, made in (("link", "](https://)"), ("head", "## "), ("quote", "> "), ("list", "- "), ("note", "[^1]: ")):
        writer.one("[data-tool=%s]" % tool).click()
        assert made in body.get_attribute("value"), tool
    wait_for(lambda: writer.one("#saved").text.startswith("saved "), 15, 0.2)
    typed = body.get_attribute("value")
    writer.open("/stories")
    writer.open("/stories/" + number)
    assert writer.one("textarea[name=body]").get_attribute("value") == typed, "another visit shows it again"
    assert writer.house.mimeo("story", "show", number, json_out=True)["body"] == "", "it is not in the story"
    noise = [line["message"] for line in writer.b.get_log("browser") if line["level"] == "SEVERE"]
    assert not noise, noise
    writer.do("discard")
    wait_for(lambda: "is discarded" in writer.text(), 10)
    assert writer.one("textarea[name=body]").get_attribute("value") == ""


def test_bad_input_is_a_sentence_and_keeps_what_was_typed(newsroom, people):
    editor = people("Berta Bad", "editor", nojs=True)
    number = new_story(editor, "Bad input", "Text.")
    editor.type("lang", "no language!")
    editor.do("save")
    wait_for(lambda: "Language: this is a code" in editor.text(), 10, why=editor.text)
    assert editor.one("textarea[name=body]").get_attribute("value") == "Text."
    editor.type("lang", "en")
    editor.do("schedule")
    wait_for(lambda: "give a day and a time" in editor.text(), 10, why=editor.text)
    editor.b.execute_cdp_cmd("Runtime.evaluate", {"expression": "document.getElementById('f-day').value = '%s'; document.getElementById('f-hour').value = '02:30'" % lost_hour()})
    editor.do("schedule")
    wait_for(lambda: "does not exist" in editor.text(), 10, why=editor.text)
    editor.type("title", "")
    editor.do("publish")
    wait_for(lambda: "needs a headline" in editor.text(), 10, why=editor.text)
    assert editor.house.mimeo("story", "show", number, json_out=True)["state"] == "draft"
    editor.do("delete")
    editor.press("Delete it")
    wait_for(lambda: "is deleted" in editor.text(), 10)
    editor.open("/stories/" + number)
    assert "no such story" in editor.text()


def test_the_list_finds_filters_and_sorts(newsroom, people):
    house = newsroom
    house.mimeo("story", "import", *[house.story("listed-%d" % i, title="Listed оранжерея %d" % i, authors="Lena Lister", section="Lists",
                                                 lang="ru" if i % 2 else "en", status="review" if i < 60 else "draft") for i in range(70)])
    editor = people("Lou Lister", "editor")

    def rows(query):
        editor.open("/stories?" + urllib.parse.urlencode(query))
        return len(editor.b.find_elements("css selector", "tbody tr"))
    assert rows({"find": "ОРАНЖЕ listed"}) == 50 and rows({"find": "оранже", "page": 1}) == 20
    assert rows({"find": "nothing like it"}) == 0
    assert rows({"state": "review", "section": "Lists"}) == 50 and rows({"state": "draft", "section": "Lists"}) == 10
    assert rows({"lang": "ru", "section": "Lists"}) == 35 and rows({"author": "Lena Lister", "lang": "en"}) == 35
    assert rows({"author": "Nobody At All"}) == 0
    assert rows({"sort": "changed"}) == 50
    tab = editor.b.find_element("xpath", "//nav[@aria-label='States']//a[starts-with(., 'In review')]")
    assert int(tab.text.split()[-1]) >= 60


def everything_under(folder):
    for name in glob.glob(os.path.join(folder, "**"), recursive=True) + glob.glob(os.path.join(folder, "_*")):
        if os.path.isfile(name):
            with open(name, "rb") as file:
                data = file.read()
            yield name, data
            if name.endswith(".gz"):
                yield name, gzip.decompress(data)


def test_a_name_is_removed_everywhere(newsroom, people):
    house = newsroom
    name = "Perpetua Quondam"
    house.mimeo("story", "import", house.story("by-her-1", authors="[%s, Ilya Marent]" % name), house.story("by-her-2", authors=name))
    assert house.get("/author/perpetua-quondam/").status == 200
    assert any(name.encode() in data for _, data in everything_under(house.path("data", "site")))
    editor = people("Edda Remover", "editor", nojs=True)
    editor.open("/bylines")
    editor.type("name", name)
    editor.do("look")
    assert "2 stories and 2 revisions" in editor.text()
    assert house.get("/author/perpetua-quondam/").status == 200, "removed without asking"
    editor.do("remove")
    wait_for(lambda: "The name is taken out" in editor.text(), 10, why=editor.text)
    wait_for(lambda: house.get("/author/perpetua-quondam/").status == 410, 20)
    wait_for(lambda: not json_waits(house), 20)
    path = house.path_of("by-her-1")
    assert "Ilya Marent" in house.get(path).text
    words = (name.encode(), b"perpetua", b"quondam")
    for where in (house.path("data", "site"), house.path("data", "desk")):
        held = sorted({os.path.relpath(file, house.home) for file, data in everything_under(where) for word in words if word.lower() in data.lower()})
        assert not held, held
    editor.open("/people/audit")
    assert name not in editor.text() and "took a byline out everywhere" in editor.text()


def json_waits(house):
    answer = house.ask("desk", "GET", "/health").json
    return answer.get("baking")


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(newsroom, people, dark):
    if not os.path.exists(AXE):
        pytest.skip("axe-core is not installed")
    house = newsroom
    editor = people("Axel Axe%d" % dark, "editor", dark=dark)
    number = new_story(editor, "For axe %d" % dark, "One two.\n\nThree.")
    editor.do("save")
    editor.open("/stories/" + number)
    editor.type("body", "One two four.\n\nThree.")
    editor.do("save")
    house.mimeo("story", "publish", number)
    with open(AXE, encoding="utf-8") as file:
        axe = file.read()
    pages = ["/stories", "/stories?section=News", "/stories/" + number, "/stories/%s/preview" % number, "/stories/%s/revisions" % number,
             "/stories/%s/revisions/3" % number, "/stories/%s/corrections" % number, "/bylines", "/stories/%s/withdraw" % number]
    found = []

    def look(where):
        editor.b.execute_script(axe)
        result = editor.b.execute_async_script("const done = arguments[arguments.length - 1]; axe.run().then(r => done(r.violations.map(v => v.id + ': ' + v.nodes[0].html.slice(0, 120))))")
        found.extend((where, one) for one in result)
        for width in (320, 390, 820, 1280):
            editor.b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
            over = editor.b.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0:
                found.append((where, "%d px too wide at %d" % (over, width)))
    for page in pages:
        editor.open(page)
        look(page)
    # a collision and an ended session
    editor.open("/stories/" + number)
    editor.one("input[name=base]")
    editor.b.execute_script("document.querySelector('[name=base]').value = '1'; document.getElementById('f-body').value = 'Other words.'")
    editor.do("save")
    wait_for(lambda: "Two versions" in editor.text(), 10)
    look("collision")
    editor.open("/stories/" + number)
    editor.b.find_element("css selector", "[data-tool=beside]").click()
    wait_for(lambda: editor.b.find_elements("css selector", "#live article"), 10)
    look("preview beside")
    editor.b.delete_cookie("desk")
    editor.b.execute_script("document.getElementById('edit').requestSubmit()")
    wait_for(lambda: "session has ended" in editor.text(), 10)
    look("ended session")
    assert not found, found
