"""The newsletter's composer: an issue from the week's stories to its report, with and without JavaScript; what is typed is never lost; the mail as
others read it.
SPDX-License-Identifier: ISC
"""
import datetime
import email
import email.policy
import os
import re
import signal
import threading
import time

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.keys import Keys
from house import House, ask_url, wait_for
from judges import axe, why_no_axe

GOAL, CLIP = 60 * 1024, 102 * 1024


def days_ago(days):
    return (datetime.datetime.now() - datetime.timedelta(days=days)).strftime("%Y-%m-%d 10:00")


@pytest.fixture(scope="module")
def newsroom():
    with House() as house:
        house.mimeo("story", "import", *[house.story("wells", title="The wells fail", date=days_ago(1)),
                                         house.story("forecast", title="A forecast is withdrawn", date=days_ago(2)),
                                         house.story("meadow", title="Who owns the common meadow?", date=days_ago(3)),
                                         house.story("older", title="An older story", date=days_ago(30)),
                                         house.story("miyah", title="المياه تنقص في القرى", slug="miyah", lang="ar", date=days_ago(1),
                                                     excerpt="الآبار جافة منذ شهرين.")])
        for n in range(3):
            house.subscribe("reader-%d@example.org" % n)
        yield house


class Desk:
    """Somebody at the desk with a browser of their own."""

    def __init__(self, house, b, name="Anna Editor", role="editor"):
        self.house, self.b, self.name, self.role = house, b, name, role
        self.enter()

    def enter(self):
        link = self.house.staff_link(self.name, self.role)
        self.b.get(link)
        self.b.find_element("css selector", "main button").click()
        wait_for(lambda: link not in self.b.current_url, 10)

    def open(self, path):
        self.b.get(path if path.startswith("http") else self.house.desk + path)

    def all(self, css):
        return self.b.find_elements("css selector", css)

    def one(self, css):
        wait_for(lambda: self.all(css), 10, why=lambda: "there is no %s at %s" % (css, self.b.current_url))
        return self.all(css)[0]

    def type(self, name, text):
        field = self.one("[name='%s']" % name)
        field.clear()
        field.send_keys(text)

    def goes_at(self, day, hour):
        """Chooses a day and an hour, where the browser runs no script of the page's."""
        self.b.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        self.b.execute_script("document.getElementById('day').value = arguments[0]; document.getElementById('hour').value = arguments[1]", day, hour)
        self.b.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})

    def do(self, what):
        """Presses the button of that value; waits for the page that follows."""
        old = self.one("main")
        # by key: a click goes to where the button was before a picture came
        self.one("main button[name=do][value^='%s']:not(.vh)" % what).send_keys(Keys.ENTER)
        self.next(old)

    def press(self, words):
        old = self.one("main")
        self.b.find_element("xpath", "//main//*[self::button or self::a][starts-with(normalize-space(.), '%s')]" % words).click()
        self.next(old)

    def next(self, old):
        def is_gone():
            try:
                old.is_displayed()
                return False
            except WebDriverException:
                return True
        wait_for(is_gone, 15, why="no other page came")
        self.one("main")

    def text(self):
        try:
            return self.one("main").text
        except WebDriverException:
            return ""

    def order(self):
        return [e.text for e in self.all(".picked strong")]

    def begin(self, lang="en"):
        self.open("/newsletter")
        for option in self.all("#lang option"):
            if option.get_attribute("value") == lang:
                option.click()
        self.press("Compose an issue")
        assert "/newsletter/drafts/" in self.b.current_url
        return self.b.current_url.split("?")[0]


@pytest.fixture
def desks(browsers):
    lent = []

    def make(house, name="Anna Editor", role="editor", **traits):
        lent.append(browsers.lend(**traits))
        return Desk(house, lent[-1], name, role)
    yield make
    for b in lent:
        browsers.take_back(b)


def parsed(house, mail):
    raw = ask_url("GET", "%s/api/mails/%d.eml" % (house.box, mail["n"])).body
    return email.message_from_bytes(raw, policy=email.policy.default)


def part(message, kind):
    return message.get_body(preferencelist=(kind,)).get_content()


def test_from_the_week_to_the_report_without_javascript(newsroom, desks):
    house, d = newsroom, desks(newsroom, nojs=True)
    here = d.begin()
    assert d.order() == ["The wells fail", "A forecast is withdrawn", "Who owns the common meadow?"], "the week's, newest first, in its language"
    assert "Held until an editor approves it" in d.text() and "3 subscribers" in d.text()
    # one press of any button keeps all that was typed
    d.type("subject", "Wells, and a forecast")
    d.type("preheader", "Plus: the meadow")
    d.type("intro", "Good *morning*.")
    d.type("signoff", "Yours, the desk")
    d.do("down-")
    assert d.order()[:2] == ["A forecast is withdrawn", "The wells fail"]
    assert d.one("[name=subject]").get_attribute("value") == "Wells, and a forecast"
    d.all(".picked [name^=line-]")[0].send_keys("The bulletin vanished at nine.")
    d.all("button[value^=drop-]")[2].click()
    wait_for(lambda: len(d.order()) == 2, 10)
    assert d.all(".picked [name^=line-]")[0].get_attribute("value") == "The bulletin vanished at nine."
    # what was taken out is offered again; older ones are found by their words
    d.one("#add summary").click()
    assert re.search(r"Add from this week \(2\)", d.text()), d.text()
    [e for e in d.all("#add label") if "meadow" in e.text][0].click()
    d.do("add")
    assert d.order()[2] == "Who owns the common meadow?"
    d.one("#add summary").click()
    d.type("find", "older")
    d.do("find")
    [e for e in d.all("#add label") if "An older story" in e.text][0].click()
    d.do("add")
    assert len(d.order()) == 4
    # the four previews, all made by the server
    assert d.one("#mail").is_displayed() and not d.one("#mail-dark").is_displayed()
    d.one("label[for=v-dark]").click()
    assert d.one("#mail-dark").is_displayed() and not d.one("#mail").is_displayed()
    d.one("label[for=v-text]").click()
    assert "The bulletin vanished at nine." in d.one("#mail-text").text and "Yours, the desk" in d.one("#mail-text").text
    d.one("label[for=v-desktop]").click()
    assert d.one("#mail").size["width"] > 500
    assert re.search(r"\d+\.\d KB of HTML", d.text())
    # a test mail: to one address, on the real way
    d.type("to", "me@example.net")
    d.do("test")
    wait_for(lambda: "The mail server took the test mail" in d.text() or d.b.refresh(), 15, 0.5)
    mail = parsed(house, house.wait_mail("me@example.net", "Test: Wells"))
    assert len(part(mail, "html").encode()) <= GOAL
    assert d.one("#to").get_attribute("value") == "me@example.net", "it is kept in the browser"
    assert not [m for m in house.mails() if "reader-0@example.org" in m["to"] and "Wells" in m.get("subject", "")]
    # asked on a page of its own, then sent
    d.do("approve")
    assert "goes now to 3 subscribers" in d.text() and d.b.current_url.endswith("/approve")
    d.press("Send now")
    assert "/newsletter/" in d.b.current_url and "/drafts/" not in d.b.current_url
    wait_for(lambda: "3 of 3 handled" in d.text(), 30, 0.5, why=d.text)  # by itself: the page loads itself again
    wait_for(lambda: "from the first mail to the last" in d.text(), 20, 0.5, why=d.text)
    assert "3 accepted" in d.text() and "Nobody who got it has left the list since" in d.text()
    for n in range(3):
        message = parsed(house, house.wait_mail("reader-%d@example.org" % n, "Wells"))
        html, text = part(message, "html"), part(message, "plain")
        assert message["subject"] == "Wells, and a forecast" and len(html.encode()) <= GOAL
        assert html.index("A forecast is withdrawn") < html.index("The wells fail") < html.index("Who owns the common meadow?")
        assert "<em>morning</em>" in html and "The bulletin vanished at nine." in text and "Plus: the meadow" in html
        assert "{{" not in html and "{{" not in text and "prefers-color-scheme:dark" in html
        assert all(src.startswith(house.site + "/media/") for src in re.findall(r'src="([^"]*)"', html)), "nothing is asked of third parties"
    # the draft is over
    d.open(here)
    assert "It went out" in d.text() and not d.all("[name=subject]")


def test_the_composer_keeps_by_itself_with_javascript(newsroom, desks):
    d = desks(newsroom)
    here = d.begin()
    d.type("subject", "Kept by itself")
    wait_for(lambda: d.one("#kept").text.startswith("saved"), 15, why=lambda: d.one("#kept").text)
    assert d.one("#subject-chars").text == str(len("Kept by itself"))
    wait_for(lambda: "Kept by itself" in d.one(".inbox").text, 10)
    # buttons move at once, and dragging does too
    before = d.order()
    d.all("button[value^='down-']")[0].click()
    assert d.order() == [before[1], before[0], before[2]]
    d.b.execute_script("""
        var items = document.querySelectorAll('#picked li'), data = new DataTransfer(), box = items[0].getBoundingClientRect();
        function fire(on, kind, y) { on.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: data, clientX: box.left + 20, clientY: y})); }
        fire(items[2], 'dragstart', 0); fire(items[0], 'dragover', box.top + 2); fire(items[0], 'drop', box.top + 2); fire(items[2], 'dragend', 0);""")
    assert d.order() == [before[2], before[1], before[0]]
    assert [e.text for e in d.all("#picked .num")] == ["1", "2", "3"]
    wait_for(lambda: d.one("#kept").text.startswith("saved"), 15)
    wait_for(lambda: d.open(here) or d.order() == [before[2], before[1], before[0]], 15, 0.5, why="the order was not kept")
    assert d.one("[name=subject]").get_attribute("value") == "Kept by itself"
    assert not [e for e in d.b.get_log("browser") if e["level"] == "SEVERE"]


def test_two_editors_lose_nothing(newsroom, desks):
    one, two = desks(newsroom, nojs=True), desks(newsroom, nojs=True, name="Bo Editor")
    here = one.begin()
    two.open(here)
    one.type("subject", "Anna's subject")
    one.do("save")
    two.type("intro", "Bo's intro")
    two.do("save")
    assert "Anna Editor saved this issue" in two.text() and two.one("[name=intro]").get_attribute("value") == "Bo's intro"
    one.open(here)
    assert one.one("[name=intro]").get_attribute("value") == "", "nothing of it is stored yet"
    two.do("save")
    one.open(here)
    assert one.one("[name=intro]").get_attribute("value") == "Bo's intro"


def test_bad_input_comes_back_with_all_that_was_typed(newsroom, desks):
    d = desks(newsroom, nojs=True)
    here = d.begin()
    d.type("subject", "x" * 200)
    d.type("intro", "An intro worth keeping")
    d.do("save")
    assert "at most 150 characters; this has 200" in d.text()
    assert d.one("[name=intro]").get_attribute("value") == "An intro worth keeping" and len(d.one("[name=subject]").get_attribute("value")) == 200
    d.type("subject", "Short again")
    d.type("to", "")
    d.do("test")
    assert "Write the address" in d.text()
    # without a subject it cannot be approved, and says so where it is mended
    d.type("subject", "")
    d.do("approve")
    assert "has a subject of one line" in d.text() and d.b.current_url.split("?")[0] == here
    # a time that is over
    d.type("subject", "Short again")
    d.goes_at("2020-01-01", "08:00")
    d.do("approve")
    assert "is over: choose a later one" in d.text()


def test_a_session_that_ended_gives_the_words_back(newsroom, desks):
    d = desks(newsroom, nojs=True)
    here = d.begin()
    d.type("subject", "Typed before the session ended")
    d.type("intro", "And an intro")
    d.b.delete_all_cookies()
    d.do("save")
    assert "Nothing is lost" in d.text() and d.one("[name=intro]").get_attribute("value") == "And an intro"
    tab = d.b.current_window_handle
    d.b.switch_to.new_window("tab")
    d.enter()
    d.b.switch_to.window(tab)
    d.do("save")  # a form of the old session: it comes back once more, now with a token
    d.do("save")
    d.open(here)
    assert d.one("[name=subject]").get_attribute("value") == "Typed before the session ended"
    assert d.one("[name=intro]").get_attribute("value") == "And an intro" and len(d.order()) == 3


def cookies_of(d):
    return "; ".join("%s=%s" % (c["name"], c["value"]) for c in d.b.get_cookies())


def test_a_get_changes_nothing_and_a_post_wants_the_token(newsroom, desks):
    house, d = newsroom, desks(newsroom, nojs=True)
    here = d.begin()
    cookies, before = cookies_of(d), d.b.find_element("css selector", "#version").get_attribute("value")
    for path in ("", "/preview", "/preview?view=dark", "/approve", "/drop", "?find=wells", "?view=text", "?test=12345"):
        assert ask_url("GET", here + path, headers={"Cookie": cookies}).status == 200, path
    for path, form in (("", {"do": "drop-1", "subject": "x", "version": before}), ("/drop", {}), ("/approve/" + before, {}), ("/reopen", {})):
        assert ask_url("POST", here + path, form, headers={"Cookie": cookies}).status == 403, path
        assert ask_url("POST", here + path, {**form, "csrf": "0" * 32}, headers={"Cookie": cookies}).status == 403, path
    assert ask_url("POST", house.desk + "/newsletter/drafts", {"lang": "en"}, headers={"Cookie": cookies}).status == 403
    d.open(here)
    assert d.one("#version").get_attribute("value") == before and len(d.order()) == 3
    frame = ask_url("GET", here + "/preview", headers={"Cookie": cookies})
    assert "sandbox" in frame.headers["content-security-policy"] and "script" not in frame.headers["content-security-policy"]
    # odd ids, and what is not there
    for odd in ("0", "-1", "x", "99999999999999999999", "12345"):
        assert ask_url("GET", house.desk + "/newsletter/drafts/" + odd, headers={"Cookie": cookies}).status == 404, odd


def test_what_was_looked_at_is_what_is_approved(newsroom, desks):
    one, two = desks(newsroom, nojs=True), desks(newsroom, nojs=True, name="Bo Editor")
    here = one.begin()
    one.do("approve")
    two.open(here)
    two.type("subject", "Changed meanwhile")
    two.do("save")
    one.press("Send now")
    assert "was changed since you were asked" in one.text()
    one.open(here)
    assert "Held until an editor approves it" in one.text()


def test_a_reporter_composes_and_an_editor_approves(newsroom, desks):
    d = desks(newsroom, nojs=True, name="Rita Reporter", role="reporter")
    here = d.begin()
    d.type("subject", "By a reporter")
    d.do("save")
    assert not d.all("button[value=approve]")
    cookies = cookies_of(d)
    assert ask_url("GET", here + "/approve", headers={"Cookie": cookies}).status == 403
    csrf = d.one("[name=csrf]").get_attribute("value")
    assert ask_url("POST", here + "/approve/2", {"csrf": csrf}, headers={"Cookie": cookies}).status == 403
    d.press("Throw this draft away")
    d.press("Throw it away")
    assert "Thrown away" in d.text() and "By a reporter" not in d.text()


def test_neutral_and_whole(newsroom, desks):
    house, d = newsroom, desks(newsroom, nojs=True)
    d.begin()
    d.type("subject", "Dangerous words")
    d.one("#full").click()
    d.one("#neutral").click()
    d.type("neutral_name", "Gardening club")
    d.type("to", "neutral@example.net")
    d.do("test")
    assert "Gardening club" in d.one(".inbox").text and "Dangerous" not in d.one(".inbox").text
    mail = parsed(house, house.wait_mail("neutral@example.net", "Test: Your weekly letter"))
    heads = "\n".join("%s: %s" % one for one in mail.items())
    assert "Gardening club" in mail["from"] and "Dangerous" not in heads and "Tern Courier" not in heads, heads
    assert "Paragraph 6 of the story about wells" in part(mail, "html") and "Paragraph 6 of the story about wells" in part(mail, "plain")
    assert "By Ilya Marent" in part(mail, "html")


def test_gmails_scissors_are_seen_before_they_cut(newsroom, desks):
    house, d = newsroom, desks(newsroom, nojs=True)
    house.mimeo("story", "import", house.story("endless", title="An endless story", date=days_ago(20), body="\n\n".join("Words and words. " * 40 for _ in range(220))))
    d.begin()
    d.one("#add summary").click()
    d.type("find", "endless")
    d.do("find")
    [e for e in d.all("#add label") if "An endless story" in e.text][0].click()
    d.do("add")
    assert "Gmail cuts it off" not in d.text()
    d.one("#full").click()
    d.do("save")
    assert "Gmail cuts it off behind 102 KB" in d.text()


def slow_issue(house, d, subject):
    d.begin()
    d.type("subject", subject)
    d.do("approve")
    house.smtp(hold=True)  # until the test lets go of it: no machine is too fast, or too slow, to pause it meanwhile
    d.press("Send now")


def state_of(house, d):
    return house.ask("newsletter", "GET", "/issues/" + re.search(r"/newsletter/(\d+)", d.b.current_url).group(1)).json


def test_paused_and_gone_on_with(newsroom, desks):
    house, d = newsroom, desks(newsroom, nojs=True)
    try:
        slow_issue(house, d, "Slow one")
        wait_for(lambda: d.all("form[action$='/pause'] button"), 10)
        d.one("form[action$='/pause'] button").click()
        wait_for(lambda: "Paused" in d.text(), 15)
    finally:
        house.smtp()
    d.press("Go on sending")
    d.press("Send now")
    wait_for(lambda: state_of(house, d)["state"] == "sent", 60)
    assert state_of(house, d)["accepted"] == 3
    mine = [m for m in house.mails() if m.get("subject", "") == "Slow one"]
    assert sorted(m["to"][0] for m in mine) == ["reader-%d@example.org" % n for n in range(3)], "each exactly once"


def test_cancelled_for_good(newsroom, desks):
    house, d = newsroom, desks(newsroom, nojs=True)
    # one that is frozen and never began: its draft is open again
    issue = str(house.mimeo("newsletter", "compose", "--subject", "Never sent", "wells", json_out=True)["issue"])
    d.open("/newsletter/" + issue)
    d.press("Cancel")
    assert "is not sent" in d.text()
    d.press("Cancel it for good")
    assert house.ask("newsletter", "GET", "/issues/" + issue).json["state"] == "cancelled" and "Never sent" not in d.text()
    assert house.ask("newsletter", "POST", "/issues/%s/send" % issue, {"approved_by": "x"}).status == 409
    # one that was paused: who has no mail gets none
    try:
        slow_issue(house, d, "Half sent")
        wait_for(lambda: d.all("form[action$='/pause'] button"), 10)
        d.one("form[action$='/pause'] button").click()
        wait_for(lambda: "Paused" in d.text(), 15)
        d.press("Cancel")
        d.press("Cancel it for good")
        wait_for(lambda: "Cancelled" in d.text(), 10)
    finally:
        house.smtp()

    def is_settled():
        state = state_of(house, d)
        return state["recipients"] + state["not_mailed"] == 3 and state["queued"] + state["later"] == 0 and state["accepted"] == state["recipients"]
    wait_for(is_settled, 90, 0.5, why=lambda: str(state_of(house, d)))
    assert len([m for m in house.mails() if m.get("subject", "") == "Half sent"]) == state_of(house, d)["accepted"]


def test_a_scheduled_issue_waits_and_can_be_taken_back(newsroom, desks):
    house, d = newsroom, desks(newsroom, nojs=True)
    here = d.begin()
    d.type("subject", "For later")
    d.goes_at((datetime.date.today() + datetime.timedelta(days=3)).isoformat(), "08:00")
    d.do("approve")
    assert re.search(r"goes on \w+, \d+ \w+ \d+, 08:00 .* time to 3 subscribers", d.text()), d.text()
    d.press("Approve")
    assert "Approved by Anna Editor" in d.text() and not d.all("[name=subject]")
    issue = re.search(r"/newsletter/(\d+)$", d.one("main a.btn.p").get_attribute("href")).group(1)
    assert house.ask("newsletter", "GET", "/issues/" + issue).json["state"] in ("frozen", "scheduled", "waiting")
    assert not [m for m in house.mails() if m.get("subject", "") == "For later"]
    d.press("Take the approval back")
    assert "It is a draft again" in d.text() and d.one("[name=subject]").get_attribute("value") == "For later"
    assert house.ask("newsletter", "GET", "/issues/" + issue).json["state"] == "cancelled"
    d.open(here)
    d.type("subject", "For later, changed")
    d.do("approve")
    d.press("Approve")
    other = re.search(r"/newsletter/(\d+)$", d.one("main a.btn.p").get_attribute("href")).group(1)
    assert other != issue and house.ask("newsletter", "GET", "/issues/" + other).json["subject"] == "For later, changed"


def test_what_the_newsletter_does_not_have_yet_is_not_taken_back(newsroom, desks):
    """An approval whose hand-over is under way: were it a draft again now, the issue would arrive after that and go out."""
    house, d = newsroom, desks(newsroom, nojs=True)
    here = d.begin()
    d.type("subject", "On its way")
    d.goes_at((datetime.date.today() + datetime.timedelta(days=3)).isoformat(), "08:00")
    d.do("approve")
    house.signal("newsletter", signal.SIGSTOP)
    threading.Timer(1, lambda: house.kill("newsletter")).start()  # with the hand-over before its door
    d.press("Approve")
    assert "Approved by Anna Editor" in d.text()
    issue = re.search(r"/newsletter/(\d+)$", d.one("main a.btn.p").get_attribute("href")).group(1)

    def taken_back():
        d.open(here)
        d.press("Take the approval back")
        if "It is a draft again" in d.text():
            return True
        assert "does not have this issue yet" in d.text() or "does not answer" in d.text(), d.text()
        return False
    wait_for(taken_back, 90, 1, why=lambda: d.text())
    assert house.ask("newsletter", "GET", "/issues/" + issue).json["state"] == "cancelled"


def test_an_issue_in_arabic(newsroom, desks):
    house, d = newsroom, desks(newsroom, nojs=True)
    d.begin("ar")
    assert d.order() == ["المياه تنقص في القرى"]
    assert d.one("[name=subject]").get_attribute("dir") == "rtl"
    d.type("to", "arabic@example.net")
    d.do("test")
    message = parsed(house, house.wait_mail("arabic@example.net", "Test: المياه"))
    html = part(message, "html")
    assert '<html lang="ar" dir="rtl">' in html and "الآبار جافة منذ شهرين." in html
    assert message["content-language"] in (None, "ar")


def test_the_composer_when_the_newsletter_is_silent(newsroom, desks):
    house, d = newsroom, desks(newsroom, nojs=True)
    here = d.begin()
    d.type("subject", "Written without the newsletter")
    pid = house.signal("newsletter", signal.SIGSTOP)
    try:
        d.do("save")
        assert "The newsletter does not answer" in d.text() and d.one("[name=subject]").get_attribute("value") == "Written without the newsletter"
    finally:
        os.kill(pid, signal.SIGCONT)
    d.open(here)
    wait_for(lambda: d.open(here) or "subscribers" in d.text(), 20, 0.5)


@pytest.mark.skipif(bool(why_no_axe()), reason=why_no_axe())
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(newsroom, desks, dark):
    house, d = newsroom, desks(newsroom, dark=dark)
    here = d.begin()
    pages = [house.desk + "/newsletter", here, here + "?view=desktop&find=older", here + "/approve", here + "/drop"]
    for issue in house.ask("newsletter", "GET", "/issues").json["issues"][:2]:
        if ask_url("GET", house.desk + "/newsletter/%d" % issue["id"], headers={"Cookie": cookies_of(d)}).status == 200:
            pages.append(house.desk + "/newsletter/%d" % issue["id"])
    assert not axe(d.b, pages)


@pytest.mark.parametrize("width", [320, 390, 820])
def test_nothing_sticks_out(newsroom, desks, width):
    house, d = newsroom, desks(newsroom, width=width)
    here = d.begin()
    pages = ["/newsletter", here, here + "?view=desktop", here + "/approve"]
    pages += ["/newsletter/%d" % one["id"] for one in house.ask("newsletter", "GET", "/issues").json["issues"][:1]]
    for page in pages:
        d.open(page)
        d.one("main")
        time.sleep(0.2)
        assert d.b.execute_script("return document.documentElement.scrollWidth") <= width, page
