"""The weekly slot on the newsroom's clock: a draft on the day before, what goes, what is held, caught up or skipped, and that each says so; and what
the public sees of it: the page, the preview, the archive, with nobody's data in any.

The house is stopped, its clock set (MIMEO_CLOCK_OFFSET) and started again: an outage, a clock that leaps, a clock that is set back.
SPDX-License-Identifier: ISC
"""
import datetime
import hashlib
import html
import re
import subprocess
import time

import judges
import pytest
from house import ZONE, House, ask_url, field, wait_for

READERS = ("ada@example.org", "ben+news@example.org", "cleo@xn--bcher-kva.example")


def offset_to(moment):
    """Seconds from now to "2026-12-03 08:05" in Amsterdam."""
    at = datetime.datetime.strptime(moment, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)
    return int(at.timestamp() - time.time())


def clock(house, moment, later=0):
    """The house was off, and is on again at that moment, or some seconds later: how long it took to start."""
    house.stop()
    house.env["MIMEO_CLOCK_OFFSET"] = "%+d" % (offset_to(moment) + later)
    began = time.monotonic()
    house.serve()
    return time.monotonic() - began


class Editor:
    """An editor without a browser: a cookie, forms as they stand in the pages."""

    def __init__(self, house):
        self.house, self.cookie = house, ""

    def enter(self):
        link = self.house.staff_link()
        page = ask_url("GET", link)
        form = {name: field(page.text, name) for name in re.findall(r'name="([^"]+)"', page.text) if field(page.text, name) is not None}
        went = ask_url("POST", link, form, headers={"Sec-Fetch-Site": "same-origin"})
        self.cookie = went.headers["set-cookie"].split(";")[0]
        return self

    def get(self, path):
        return ask_url("GET", self.house.desk + path, headers={"Cookie": self.cookie})

    def page(self, path):
        got = self.get(path)
        if got.status == 403:
            got = self.enter().get(path)
        assert got.status == 200, got
        return got.text

    def words(self, path):
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", self.page(path))))

    def post(self, path, **form):
        csrf = field(self.page("/newsletter"), "csrf")
        return ask_url("POST", self.house.desk + path, {"csrf": csrf, **form}, headers={"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin"})

    def draft_of(self, day):
        """The path of the open draft of a slot's day, once it is there."""
        def find():
            text = self.page("/newsletter")
            found = [path for path, title in re.findall(r'<a href="(/newsletter/drafts/\d+)"[^>]*>([^<]*)', text)]
            return next((path for path in dict.fromkeys(found) if day in self.words(path)), None)
        return wait_for(find, 60, every=0.5, why=lambda: "no draft of %s: %s" % (day, self.words("/newsletter")))

    def approve(self, path):
        asked = self.page(path + "/approve")
        action = re.search(r'action="(%s/approve/\d+)"' % re.escape(path), asked)
        assert action, re.sub(r"<[^>]+>", " ", asked)
        went = self.post(action.group(1))
        assert went.status == 303, went
        return went

    def strip_says(self, words):
        wait_for(lambda: words in self.words("/newsletter"), 60, every=0.5, why=lambda: "the strip does not say %r: %s" % (words, self.words("/newsletter")))


def status(house):
    return house.mimeo("newsletter", "status")


def status_says(house, words):
    wait_for(lambda: words in status(house), 60, every=0.5, why=lambda: "%r is not in\n%s\n%s" % (words, status(house), house.log()[-1500:]))


def got(house, subject):
    """Who has how many mails of that subject."""
    mails = [m for m in house.mails() if m["subject"] == subject]
    return {to: sum(to in (m["to"] if isinstance(m["to"], list) else [m["to"]]) for m in mails) for to in READERS}


def stories(house, *dates, name="week"):
    house.mimeo("story", "import", *[house.story("%s-%d" % (name, i), title="%s story number %d" % (name.capitalize(), i), date=day + " 10:00",
                                                 excerpt="What happened on %s." % day) for i, day in enumerate(dates)])


def for_the_slot(house, issue, language, send_at, slot):
    """The desk's issue once more, as it would hand it over for a slot."""
    preview = house.ask("desk", "GET", "/issues/%s/preview" % issue).json
    digest = hashlib.blake2b("\n".join((preview["subject"], preview["html"], preview["text"])).encode(), digest_size=32).hexdigest()
    return {"subject": preview["subject"], "preheader": "", "language": language, "html": preview["html"], "text": preview["text"], "hash": digest,
            "send_at": send_at, "slot": slot, "approved_by": "Somebody"}


@pytest.fixture(scope="module")
def newsroom():
    with House({"newsletter.slot": "Friday 08:00", "newsletter.catch_up": "12", "newsletter.min_stories": "3"},
               clock_ahead=offset_to("2026-12-02 12:00")) as house:  # from its first second on: today may be a day before a slot, too
        stories(house, "2026-11-20", "2026-11-28", "2026-11-29", "2026-11-30", "2026-12-01")
        for reader in READERS:
            house.subscribe(reader)
        house.editor = Editor(house).enter()
        yield house


def test_before_the_first_issue(newsroom):
    house = newsroom
    house.editor.strip_says("The next issue goes Friday, 4 December 2026, 08:00 (Europe/Amsterdam time). Its draft is made of the week’s stories on "
                            "Thursday, 3 December 2026, 08:00.")
    page = house.get("/newsletter/").text
    assert "every Friday" in page and "What to expect" in page and 'href="latest/"' in page
    sample = house.get("/newsletter/latest/").text
    assert "This is a sample of our latest stories" in sample and "Week story number 4" in sample
    assert re.search(r'<a href="\.\./\.\./newsletter/latest/">Preview</a>', sample) or ">Preview</a>" in sample
    story = house.get(house.path_of("week-4")).text
    assert re.search(r'<a href="[./]*newsletter/latest/">Preview</a>', story), "the sheet leads to the preview"


def test_the_draft_comes_goes_and_goes_once(newsroom):
    house, editor = newsroom, newsroom.editor
    took = clock(house, "2026-12-03 08:01")
    draft = editor.draft_of("4 December 2026")
    editor.strip_says("It is held until an editor approves it, with at least 3 stories.")
    text = editor.words(draft)
    assert all("Week story number %d" % i in text for i in (1, 2, 3, 4)), "the week's stories"
    status_says(house, "Fri 2026-12-04 08:00: drafted")
    house.kill("desk")
    house.kill("newsletter")
    assert len([p for p in set(re.findall(r"/newsletter/drafts/\d+", editor.page("/newsletter")))]) == 1, "a restart makes no second one"
    editor.approve(draft)
    editor.strip_says("Approved. It goes by itself: Friday, 4 December 2026, 08:00")
    status_says(house, "approved by Anna Editor, goes at its time")
    subject = "Week story number 4"
    assert sum(got(house, subject).values()) == 0
    issue = house.ask("newsletter", "GET", "/slots/2026-12-04").json["issues"][0]
    russian = for_the_slot(house, issue["id"], "ru", issue["send_at"] + 3600 * 1000000, "2026-12-04")
    assert house.ask("newsletter", "PUT", "/issues/4243", russian).status == 201
    clock(house, "2026-12-04 07:59", max(0, 45 - int(6 * took)))  # no longer before its time than it takes to see that it waits
    status_says(house, "approved by Anna Editor")
    house.kill("newsletter")
    wait_for(lambda: min(got(house, subject).values()) == 1, 120, every=0.5, why=lambda: "it did not go: " + status(house) + house.log()[-2000:])
    status_says(house, "went on time")
    assert "went to readers of" not in editor.words("/newsletter/%s" % issue["id"]) and "nobody's issue" not in status(house), "the Russian one waits"
    assert house.ask("newsletter", "POST", "/issues/4243/cancel", {"by": "Anna Editor"}).json["state"] == "cancelled"
    assert "No issue of this slot went to readers of ru: theirs was cancelled" in editor.words("/newsletter/%s" % issue["id"])
    status_says(house, "nobody's issue for ru: ")
    editor.strip_says("its issue went on time")
    for moment in ("2026-12-03 08:10", "2026-12-04 07:59", "2026-12-04 20:30"):
        clock(house, moment) # a day back, then over the slot again
        status_says(house, "went on time")
        house.kill("newsletter")
        time.sleep(2)
    assert set(got(house, subject).values()) == {1}, got(house, subject)


def test_a_second_issue_for_the_slot_is_refused(newsroom):
    house = newsroom
    issue = house.ask("newsletter", "GET", "/slots/2026-12-04").json["issues"][0]
    assert issue["schedule"] == "gone" and issue["late"] is False
    made = house.mimeo("newsletter", "compose", "--subject", "Another", "week-1", json_out=True)["issue"]
    body = for_the_slot(house, made, "en", issue["send_at"], "2026-12-04")
    refused = house.ask("newsletter", "PUT", "/issues/4242", body)
    assert refused.status == 409 and "never gets two" in refused.text, refused
    assert house.ask("newsletter", "GET", "/issues/4242").status == 404


def test_the_archive_holds_nobody(newsroom):
    house = newsroom
    pages = {path: house.get(path) for path in ("/newsletter/", "/newsletter/latest/", "/newsletter/2026-12-04/")}
    wait_for(lambda: house.get("/newsletter/2026-12-04/").status == 200, 60, every=0.5, why="the issue is not in the archive")
    pages = {path: house.get(path).text for path in pages}
    assert "This is a sample" not in pages["/newsletter/latest/"] and "2026-12-04/" in pages["/newsletter/"]
    mails = [m for m in house.mails() if m["subject"] == "Week story number 4"]
    assert len(mails) == len(READERS)
    secrets = set()
    for mail in mails:
        links = house.links(mail)
        secrets |= {link.rsplit("/", 1)[1].split("?")[0] for link in links if "unsubscribe" in link}
        secrets |= {mail["to"] if isinstance(mail["to"], str) else mail["to"][0], mail["from"] if "+" in mail["from"] else "ben+news"}
    secrets |= set(READERS) | {reader.split("@")[0] + "@" for reader in READERS} | {"unsubscribe/", "confirm/", "{{", "}}", "List-Unsubscribe", "Message-ID"}
    assert len([s for s in secrets if re.fullmatch(r"[a-z2-7A-Z0-9_-]{20,}", s)]) >= 3, "the mails' tokens were found"
    for path, text in pages.items():
        for secret in secrets:
            assert secret not in re.sub(r"(?s)<style>.*?</style>", "", text), "%s holds %r" % (path, secret)
        assert "newsletter/subscribe" in text and text.count("<h1") == 1
    again = house.get("/newsletter/2026-12-04/").text
    house.mimeo("bake")
    assert house.get("/newsletter/2026-12-04/").text == again, "a stable page"


def test_unapproved_is_held_and_then_skipped(newsroom):
    house, editor = newsroom, newsroom.editor
    clock(house, "2026-12-10 08:01")
    stories(house, "2026-12-08", "2026-12-09", name="thin")
    draft = editor.draft_of("11 December 2026")
    wait_for(lambda: "drafted" in status(house), 30)
    refused = editor.get(draft + "/approve")
    assert "An issue of the weekly slot has at least 3 stories" in html.unescape(refused.text), refused
    clock(house, "2026-12-11 08:01")
    editor.strip_says("Held: its draft has")
    assert "The newsletter is held" in editor.words("/stories"), "the bar of every page says so"
    status_says(house, "Fri 2026-12-11 08:00: held: its draft has")
    clock(house, "2026-12-11 20:02")
    editor.strip_says("The slot of Friday, 11 December 2026, 08:00 was skipped: its draft has")
    status_says(house, "Fri 2026-12-11 08:00: skipped: its draft has")
    assert "The newsletter is held" not in editor.words("/stories")


def test_after_an_outage_it_catches_up_or_skips(newsroom):
    house, editor = newsroom, newsroom.editor
    clock(house, "2026-12-17 08:01")
    stories(house, "2026-12-14", "2026-12-15", "2026-12-16", name="late")
    editor.draft_of("18 December 2026")
    # what came after the draft is not in it: drop the empty one's lack by adding the week's
    draft = editor.draft_of("18 December 2026")
    page = editor.page(draft)
    picks = re.findall(r'name="add" value="(\d+)"', page)
    if len(re.findall(r'name="pick"', page)) < 3:
        form = [("csrf", field(page, "csrf")), ("version", field(page, "version")), ("subject", "Late stories"), ("do", "add")] + [("add", one) for one in dict.fromkeys(picks)]
        import urllib.parse
        added = ask_url("POST", house.desk + draft, urllib.parse.urlencode(form), headers={
            "Cookie": editor.cookie, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"})
        assert added.status in (200, 303), added
    subject = html.unescape(field(editor.page(draft), "subject"))
    editor.approve(draft)
    status_says(house, "approved by Anna Editor")
    clock(house, "2026-12-18 11:20")
    wait_for(lambda: min(got(house, subject).values()) == 1, 120, every=0.5, why=lambda: "it was not caught up: " + status(house))
    status_says(house, "caught up, 3 h ")
    editor.strip_says("was missed, and caught up: it was caught up 3 h ")

    clock(house, "2026-12-24 08:01")
    stories(house, "2026-12-21", "2026-12-22", "2026-12-23", name="lost")
    draft = editor.draft_of("25 December 2026")
    page = editor.page(draft)
    import urllib.parse
    form = [("csrf", field(page, "csrf")), ("version", field(page, "version")), ("subject", "Lost stories"), ("do", "add")] + [
        ("add", one) for one in dict.fromkeys(re.findall(r'name="add" value="(\d+)"', page))]
    ask_url("POST", house.desk + draft, urllib.parse.urlencode(form), headers={
        "Cookie": editor.cookie, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"})
    editor.approve(draft)
    clock(house, "2026-12-26 09:00")
    status_says(house, "skipped: mimeo did not run at its time, nor in the 12 hours after it")
    editor.strip_says("The slot of Friday, 25 December 2026, 08:00 was skipped: mimeo did not run at its time")
    assert sum(got(house, "Lost stories").values()) == 0
    clock(house, "2027-01-16 09:00") # three weeks without anybody
    for day in ("2027-01-01", "2027-01-08", "2027-01-15"):
        status_says(house, "Fri %s 08:00: skipped: mimeo did not run at that time" % day)


def test_the_desk_moves_the_slot_and_every_text_follows(newsroom):
    house, editor = newsroom, newsroom.editor
    values = {name: html.unescape(field(editor.page("/site/newsroom"), name) or "") for name in ("name", "description", "slot", "min_stories")}
    assert values["slot"] == "Friday 08:00" and values["min_stories"] == "3"
    bad = editor.post("/site/newsroom", **{**values, "slot": "Funday 25:00", "min_stories": "none"}, statutory="")
    assert bad.status == 400 and "is no weekly slot: write a day and a time in 24 hours, such as Friday 08:00" in html.unescape(bad.text)
    assert 'value="Funday 25:00"' in bad.text and "Write a number from 1 to 40." in bad.text, "what was typed is kept"
    good = editor.post("/site/newsroom", **{**values, "slot": "monday 19:30", "min_stories": "2"}, statutory="")
    assert good.status == 303, good
    assert field(editor.page("/site/newsroom"), "slot") == "Monday 19:30"
    wait_for(lambda: "every Monday" in house.get("/newsletter/").text, 30, why="the page still has another day")
    for path in ("/newsletter/", "/newsletter/latest/", house.path_of("week-4")):
        text = house.get(path).text
        assert "every Monday" in text and "Friday." not in re.sub(r"(?s)<main.*?</main>", "", text), path
    tries = []

    def asked():
        """Rooms look for what the desk decided every now and then: the newsletter may know a moment later than the site."""
        tries.append("dora%d@example.org" % len(tries))
        house.subscribe(tries[-1], confirm=False)
        mail = house.wait_mail(tries[-1])
        return mail if "every Monday" in " ".join(mail["text"].split()) else None
    mail = wait_for(asked, 30, 0.5, why="the confirmation still has another day")
    assert "Friday" not in mail["text"]
    link = next(one for one in house.links(mail) if "/newsletter/confirm/" in one)
    assert "every Monday" in ask_url("GET", link).text
    assert "every Monday" in ask_url("POST", link, {}, headers={"Sec-Fetch-Site": "same-origin"}).text
    editor.strip_says("The next issue goes Monday, 18 January 2027, 19:30")


def test_a_wrong_slot_names_its_line(newsroom, tmp_path):
    conf = tmp_path / "mimeo.conf"
    conf.write_text(newsroom.read("mimeo.conf").replace("slot = Friday 08:00", "slot = Friday 8 o'clock"))
    line = [n for n, one in enumerate(conf.read_text().split("\n"), 1) if one.startswith("slot")][0]
    done = subprocess.run([newsroom_mimeo(), "check", "-C", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "mimeo.conf:%d: [newsletter] slot: " % line in done.stderr + done.stdout, done


def newsroom_mimeo():
    from house import MIMEO
    return MIMEO


@pytest.mark.parametrize("language", ["en", "ru", "ar"])
def test_the_pages_are_sound_in_each_language(language, browsers, tmp_path):
    with House({"newsroom.language": language, "newsletter.slot": "Wednesday 18:00"}) as house:
        for i in range(4):
            house.mimeo("story", "import", house.story("one-%d" % i, title={"en": "A headline", "ru": "Заголовок о реках", "ar": "عنوان عن الأنهار"}[language] + " %d" % i))
        every = {"en": "every Wednesday", "ru": "каждую среду", "ar": "كل يوم أربعاء"}[language]
        sample = house.get("/newsletter/latest/").text
        issue = str(house.mimeo("newsletter", "compose", "--subject", "№ 1", "--intro", "Some **words**, and [a link](/about/).", "one-0", "one-1", json_out=True)["issue"])
        house.subscribe("reader@example.org", lang=language)
        house.mimeo("newsletter", "send", issue)
        front = wait_for(lambda: (lambda text: text if re.search(r'href="\d{4}-\d\d-\d\d/"', text) else None)(house.get("/newsletter/").text), 60, every=0.5)
        day = re.search(r'href="(\d{4}-\d\d-\d\d/)"', front).group(1)
        dated = house.get("/newsletter/" + day).text
        assert "<strong>words</strong>" in dated and 'href="../../about/"' in dated
        for text in (sample, front, dated):
            assert every in text and '<html lang="%s"' % language in text
        if not judges.why_no_vnu():
            wrong = judges.vnu({"sample": sample, "front": front, "dated": dated}, str(tmp_path))
            assert not wrong, wrong
        if not judges.why_no_axe():
            for dark in (False, True):
                wrong = judges.axe(browsers(dark=dark), [house.site + path for path in ("/newsletter/", "/newsletter/latest/", "/newsletter/" + day)])
                assert not wrong, wrong
