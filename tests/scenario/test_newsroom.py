"""What editors decide at the desk reaches readers, and every room, without anybody being interrupted; who works here, and who did what.
SPDX-License-Identifier: ISC
"""
import base64
import hashlib
import os
import re
import shutil
import sqlite3

import pytest
from house import ROOMS, ROOT, House, ask_url, field, wait_for
from test_desk import enter, row_of

AXE = os.path.join(ROOT, "tests", "node_modules", "axe-core", "axe.min.js")
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><title>Tern</title><g style="fill:#2a3192"><path d="M0 0h40v40H0z"/></g></svg>'


@pytest.fixture(scope="module")
def newsroom():
    with House() as house:
        house.mimeo("story", "import", *[house.story("story-%d" % i, title="Number %d of the stories" % i, date="2026-11-%02d 10:00" % (10 + i),
                                                     section=("News", "Courts")[i % 2], body=" ".join("Words of story %d." % i for _ in range(40))) for i in range(8)],
                    house.story("po-russki", title="Заголовок по-русски", lang="ru", date="2026-11-05 10:00"))
        yield house


def typed(b, name, text):
    """Puts the text into a field in place of what is there, as it is (also without JavaScript: by keys)."""
    one = b.find_element("css selector", "main [name='%s']" % name)
    one.clear()
    one.send_keys(text)
    return one


def settle(b, act):
    """Does something that brings another page, and waits until that is whole."""
    from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
    old = b.find_element("css selector", "html")

    def is_gone():
        try:
            old.is_enabled()
            return False
        except (StaleElementReferenceException, WebDriverException):
            return bool(b.find_elements("css selector", "footer.foot, main .small"))
    act()
    wait_for(is_gone, 20, why=lambda: "no other page came; this one says: " + b.find_element("css selector", "main").text[:500])


def press(b, words, within="//main"):
    """Presses the button (or link) whose words begin so; gives the next page's words."""
    from test_desk import press as press_it
    settle(b, lambda: press_it(b, words, within))
    return b.find_element("css selector", "main").text


def click(b, xpath):
    settle(b, b.find_element("xpath", xpath).click)


def pids(house):
    return {room: house.pid_of(room) for room in ROOMS}


def policy_now(house, path="/privacy/"):
    """The version that a page's own form names, from the page where a reader signs up."""
    return field(house.get("/newsletter/").text, "policy")


def consents(house):
    with sqlite3.connect("file:%s?mode=ro" % house.path("data", "newsletter", "newsletter.db"), uri=True) as db:
        return [row[0] for row in db.execute("SELECT policy FROM subscriber")]


def wait_page(house, path, words, seconds=20):
    wait_for(lambda: words in house.get(path).text, seconds, why=lambda: "%s does not say %r; log:\n%s" % (path, words, house.log()[-1500:]))


@pytest.mark.parametrize("nojs", [False, True])
def test_an_editor_renames_the_newsroom_and_no_room_restarts(newsroom, browsers, nojs):
    house, b = newsroom, browsers(nojs=nojs)
    name = "The Heron & Daughter" if nojs else "The Grey Heron"
    before = pids(house)
    enter(b, house)
    b.get(house.desk + "/site/newsroom")
    typed(b, "name", "")
    b.find_element("css selector", "main [name=name]").send_keys(name)
    typed(b, "statutory", "Label that a law wants")
    press(b, "Save, and show readers")
    assert "Saved." in b.find_element("css selector", "main").text
    wait_page(house, "/", name.replace("&", "&amp;"))
    wait_page(house, "/2026/11/17/story-7/", "Label that a law wants")
    wait_page(house, "/search/?q=story", name.replace("&", "&amp;"))                       # front's own page
    wait_page(house, "/newsletter/confirm/" + "a" * 26, name.replace("&", "&amp;"))       # newsletter's
    wait_page(house, "/support/thanks?t=" + "a" * 26, name.replace("&", "&amp;"))         # support's
    assert pids(house) == before, "a room was restarted"
    house.restart()
    assert name.replace("&", "&amp;") in house.get("/").text, "forgotten by a restart"


def test_a_name_that_is_none_is_refused_with_what_was_typed(newsroom, browsers):
    house, b = newsroom, browsers(nojs=True)
    enter(b, house)
    b.get(house.desk + "/site/newsroom")
    cookies = "; ".join("%s=%s" % (c["name"], c["value"]) for c in b.get_cookies())
    csrf = field(b.page_source, "csrf")
    answer = ask_url("POST", house.desk + "/site/newsroom", {"csrf": csrf, "name": "  ", "description": "Kept <words>", "statutory": ""},
                     headers={"Cookie": cookies, "Sec-Fetch-Site": "same-origin"})
    assert answer.status == 400 and "Kept &lt;words&gt;" in answer.text and 'aria-invalid="true"' in answer.text, answer
    assert "<words>" not in house.get("/").text


@pytest.mark.parametrize("nojs", [False, True])
def test_an_editor_orders_the_front_page(newsroom, browsers, nojs):
    house, b = newsroom, browsers(nojs=nojs)

    def top():
        html = house.get("/").text.split("<section>")[0]
        return re.findall(r"Number (\d) of the stories", html)

    def choose(title, words):
        click(b, row_of(title) + "//button[starts-with(@aria-label, '%s: ')]" % words)
    enter(b, house)
    b.get(house.desk + "/site/front")
    assert top() == ["7", "6", "5", "4", "3"]
    choose("Number 1 of", "Make lead")
    choose("Number 0 of", "Pin")
    choose("Number 2 of", "Pin")
    choose("Number 2 of", "Move up")
    wait_for(lambda: top() == ["1", "2", "0", "7", "6"], 20, why=lambda: str(top()))
    shown = [re.search(r"Number (\d)", e.text).group(1) for e in b.find_elements("css selector", "ol.fp:first-of-type .fp-t a")][:5]
    assert shown == ["1", "2", "0", "7", "6"], "the desk shows another front page than readers see"
    house.mimeo("story", "withdraw", "story-2")
    wait_for(lambda: top() == ["1", "0", "7", "6", "5"], 20, why=lambda: str(top()))
    b.get(house.desk + "/site/front")
    assert "Number 2 of" not in b.find_element("css selector", "main").text, "a withdrawn pin is still there"
    house.mimeo("story", "publish", "story-2")
    # sections
    assert house.get("/").text.index('section/news/">News</a></h2>') < house.get("/").text.index('section/courts/">Courts</a></h2>')
    for _ in range(5):
        click_at = b.find_elements("xpath", "//button[@aria-label='Move up: Courts' and not(@disabled)]")
        if click_at:
            settle(b, click_at[0].click)
    wait_for(lambda: house.get("/").text.index('section/courts/">Courts</a></h2>') < house.get("/").text.index('section/news/">News</a></h2>'), 20)
    click(b, "//button[@aria-label='Hide: News']")
    wait_for(lambda: 'section/news/">News</a></h2>' not in house.get("/").text, 20)
    assert house.get("/section/news/").status == 200 and 'section/news/">News</a></li>' in house.get("/").text, "it went from the masthead, too"
    click(b, "//button[@aria-label='Show: News']")
    for _ in range(5):
        click_at = b.find_elements("xpath", "//button[@aria-label='Move down: Courts' and not(@disabled)]")
        if click_at:
            settle(b, click_at[0].click)
    for words, title in (("No longer the lead", "Number 1 of"), ("Unpin", "Number 0 of"), ("Unpin", "Number 2 of")):
        for one in b.find_elements("xpath", row_of(title) + "//button[starts-with(@aria-label, '%s: ')]" % words)[:1]:
            settle(b, one.click)
    wait_for(lambda: top() == ["7", "6", "5", "4", "3"], 20, why=lambda: str(top()))


def test_a_section_has_a_name_in_each_language(newsroom, browsers):
    house, b = newsroom, browsers(nojs=True)
    enter(b, house)
    b.get(house.desk + "/site/newsroom")
    typed(b, "n0_en", "Latest news")
    typed(b, "n0_ru", "Новости")
    press(b, "Save sections")
    wait_page(house, "/", "Latest news")
    home, russian = house.get("/").text, house.get(house.path_of("po-russki")).text
    assert 'href="./section/news/"' in home and "Новости" not in home, "the address went with the name"
    assert ">Новости</a>" in russian and "Latest news" not in russian
    assert "<h1>Latest news</h1>" in house.get("/section/news/").text
    click(b, "//button[@aria-label='Move down: Latest news']")
    wait_for(lambda: house.get("/").text.index("section/economy/") < house.get("/").text.index("section/news/"), 20)
    b.find_element("css selector", "main [name=added]").send_keys("News")
    press(b, "Save sections")
    assert "There is a section of that name" in b.find_element("css selector", "main").text
    assert b.find_element("css selector", "main [name=added]").get_attribute("value") == "News", "what was typed is lost"
    typed(b, "added", "Sport")
    press(b, "Save sections")
    wait_page(house, "/", 'section/sport/">Sport</a>')
    wait_for(lambda: house.get("/section/sport/").status == 200, 20)


def test_about_in_russian(newsroom, browsers):
    house, b = newsroom, browsers(nojs=True)
    enter(b, house)
    b.get(house.desk + "/site/texts")
    click(b, "//a[@aria-label='About: Русский']")
    typed(b, "body", "## Кто мы\n\nМы — {newsroom}, и **это** видно.")
    press(b, "Preview")
    assert "Мы — The Heron & Daughter" in b.find_element("css selector", ".show").text and "Кто мы" not in house.get("/about/ru/").text
    press(b, "Publish this version")
    wait_page(house, "/about/ru/", "Мы — The Heron &amp; Daughter, и <strong>это</strong> видно.")
    page = house.get("/about/ru/").text
    assert '<html lang="ru"' in page and 'href="../../about/"' in page, "no way to the other languages"
    assert "about/ru/" in house.get(house.path_of("po-russki")).text, "a Russian story's footer leads elsewhere"
    assert 'hreflang="ru"' in house.get("/about/").text


def test_an_unknown_placeholder_is_refused_and_nothing_is_lost(newsroom, browsers):
    house, b = newsroom, browsers(nojs=True)
    enter(b, house)
    b.get(house.desk + "/site/texts/appeal/en")
    typed(b, "body", "Give {amount} to {newsroom}.")
    press(b, "Publish this version")
    main = b.find_element("css selector", "main").text
    assert "{amount}" in main and "{min_monthly}" in main
    assert b.find_element("css selector", "[name=body]").get_attribute("value") == "Give {amount} to {newsroom}."
    typed(b, "body", "Dear readers,\n\nPlease keep {newsroom} alive: from just {min_monthly} a month.")
    press(b, "Publish this version")
    wait_page(house, "/2026/11/17/story-7/", "alive: from just $2 a month.")
    wait_page(house, "/support/", "alive: from just $2 a month.")


def test_consent_names_the_version_that_was_seen(newsroom, browsers):
    house, b = newsroom, browsers(nojs=True)
    old = policy_now(house)
    with open(house.path("theme", "privacy.en.md"), "rb") as file:
        assert old == hashlib.blake2b(file.read(), digest_size=32).hexdigest()[:16]
    assert "Version 1, " in house.get("/privacy/").text
    enter(b, house)
    b.get(house.desk + "/site/texts/privacy/en")
    typed(b, "body", "We keep your address, sealed, until you leave.")
    press(b, "Publish this version")
    wait_page(house, "/privacy/", "Version 2, ")
    wait_page(house, "/privacy/", "We keep your address, sealed, until you leave.")
    new = wait_for(lambda: policy_now(house) != old and policy_now(house), 20)
    assert new == hashlib.blake2b(b"We keep your address, sealed, until you leave.", digest_size=32).hexdigest()[:16]
    seen = []
    for address, policy, recorded in (("new@page.example", new, new), ("old@page.example", old, old), ("no@page.example", None, new),
                                      ("made@up.example", "0123456789abcdef", new), ("junk@page.example", "x" * 5000, new)):
        form = {"email": address, "lang": "en", "back": "/", **({"policy": policy} if policy else {})}
        assert house.post("/newsletter/subscribe", form).status == 200
        seen.append(recorded)
        wait_for(lambda: sorted(consents(house)) == sorted(seen), 10, why=lambda: "%s: %s, not %s" % (address, consents(house), seen))
    b.get(house.desk + "/site/texts/privacy/en")
    click(b, "//a[.='Version 1']")
    main = b.find_element("css selector", "main").text
    assert old in main and "We keep nothing about you." in main and "We keep your address, sealed, until you leave." in main


def test_two_editors_at_one_text_lose_nothing(newsroom, browsers):
    house, b = newsroom, browsers(nojs=True)
    enter(b, house)
    b.get(house.desk + "/site/texts/about/en")
    cookies = "; ".join("%s=%s" % (c["name"], c["value"]) for c in b.get_cookies())
    form = {"csrf": field(b.page_source, "csrf"), "base": field(b.page_source, "base"), "do": "save", "body": "From the other editor."}
    assert ask_url("POST", house.desk + "/site/texts/about/en", form, headers={"Cookie": cookies, "Sec-Fetch-Site": "same-origin"}).status == 303
    typed(b, "body", "From this editor.")
    press(b, "Publish this version")
    assert "From the other editor." in b.find_element("css selector", "main .note").text
    assert b.find_element("css selector", "[name=body]").get_attribute("value") == "From this editor."
    press(b, "Publish this version")
    wait_page(house, "/about/", "From this editor.")


def test_a_colour_that_cannot_be_read_is_refused(newsroom, browsers):
    house, b = newsroom, browsers(nojs=True)
    enter(b, house)
    b.get(house.desk + "/site/look")
    typed(b, "press", "#7f7fff")
    press(b, "Save, and show readers")
    main = b.find_element("css selector", "main")
    assert "#7f7fff has only" in main.text and "Choose a darker one" in main.text and "too faint" in main.text, main.text
    assert b.find_element("css selector", "[name=press]").get_attribute("value") == "#7f7fff"
    assert "#7f7fff" not in house.get("/").text
    before = re.search(r"style-src 'self' ([^;]*);", house.get("/").headers["content-security-policy"]).group(1)
    typed(b, "press", "#7A1F1F")
    press(b, "Measure and show here")
    assert "10." in b.find_element("css selector", "main").text and "#7a1f1f" not in house.get("/").text
    press(b, "Save, and show readers")
    # while it is being baked and after it: each page's style sheet is one that its policy allows
    is_last = False
    while not is_last:
        is_last = not house.ask("desk", "GET", "/health").json["baking"]
        for number in range(8):
            page = ask_url("GET", house.site + "/2026/11/1%d/story-%d/" % (number, number))
            assert page.status == 200, page
            style = re.search(r"<style>(.*?)</style>", page.text, re.S).group(1)
            hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
            assert hashed in page.headers["content-security-policy"], "a page stood without its style"
            assert not is_last or ":#7a1f1f" in style, "baked, and still of the old colour"
    wait_page(house, "/", ":#7a1f1f")
    # the sheets that hold colours come first
    wait_for(lambda: not any(one in house.get("/").headers["content-security-policy"] for one in before.split()[:2]), 10, why="old hashes stay allowed")


@pytest.mark.parametrize("nojs", [False, True])
def test_a_logo_is_taken_apart_before_it_stands_in_pages(newsroom, browsers, nojs):
    house, b = newsroom, browsers(nojs=nojs)
    enter(b, house)
    b.get(house.desk + "/site/look")
    typed(b, "svg", '<svg viewBox="0 0 1 1" onload="alert(1)"><rect width="1" height="1"/></svg>')
    press(b, "Use this logo")
    assert "must not run scripts" in b.find_element("css selector", "main").text
    assert "onload" in b.find_element("css selector", "[name=svg]").get_attribute("value")
    path = os.path.join(house.folder, "logo.svg")
    with open(path, "w", encoding="ascii") as file:
        file.write(LOGO)
    typed(b, "svg", "")
    b.find_element("css selector", "[name=file]").send_keys(path)
    press(b, "Use this logo")
    wait_page(house, "/", '<g fill="#2a3192"><path d="M0 0h40v40H0z"></path></g></svg><span class="vh">')
    assert "Tern</title>" not in house.get("/").text and 'aria-hidden="true"' in house.get("/").text
    wait_page(house, "/newsletter/confirm/" + "a" * 26, 'd="M0 0h40v40H0z"')
    press(b, "Remove the logo")
    wait_for(lambda: "M0 0h40v40H0z" not in house.get("/").text, 20)


def test_a_running_send_is_not_interrupted(newsroom, browsers):
    house, b = newsroom, browsers(nojs=True)
    readers = ["reader-%d@sending.example" % i for i in range(12)]
    for address in readers:
        house.subscribe(address)
    house.forget_mails()
    issue = str(house.mimeo("newsletter", "compose", "--subject", "Long sending", "story-7", json_out=True)["issue"])
    before = pids(house)
    house.smtp(hold=True)
    try:
        assert house.ask("newsletter", "POST", "/issues/%s/send" % issue, {"approved_by": "a test"}).status == 200
        wait_for(lambda: house.ask("newsletter", "GET", "/issues/" + issue).json["state"] == "sending", 10)
        enter(b, house)
        for name in ("While sending one", "While sending two", "While sending three"):
            b.get(house.desk + "/site/newsroom")
            typed(b, "name", name)
            press(b, "Save, and show readers")
            wait_page(house, "/newsletter/confirm/" + "a" * 26, name, 10)
        assert house.ask("newsletter", "GET", "/issues/" + issue).json["state"] == "sending", "it was over before: nothing was tried"
    finally:
        house.smtp()
    state = wait_for(lambda: (s := house.ask("newsletter", "GET", "/issues/" + issue).json)["state"] == "sent" and s, 60)
    assert state["accepted"] == state["recipients"] and state["recipients"] >= 12 and state.get("in_doubt", 0) == 0, state
    got = [m["to"] for m in house.mails() if "Long sending" in m["subject"]]
    flat = [one for to in got for one in ([to] if isinstance(to, str) else to)]
    assert sorted(one for one in flat if one in readers) == sorted(readers), "twice or not at all"
    assert pids(house) == before


def test_a_damaged_folder_stops_nobody_and_heals(newsroom):
    house = newsroom
    current = house.read("data", "newsroom", "current").strip()
    path = house.path("data", "newsroom", current, "newsroom.json")
    assert house.mimeo("check", ok=False).stdout.count("newsroom") == 0, house.mimeo("check", ok=False).stdout
    house.stop()

    def damage():
        with open(path, "w", encoding="ascii") as file:
            file.write('{"format": 1, "name": "Forged", "evil": true}')
    damage()
    found = house.mimeo("check", ok=False)
    assert found.returncode == 1 and current in found.stdout + found.stderr, found
    damage()
    house.serve()
    wait_page(house, "/", "While sending three")
    assert "Forged" not in house.get("/").text
    wait_page(house, "/newsletter/confirm/" + "a" * 26, "While sending three", 10)
    # whether support has looked by itself or not (every half second): a check tells what is so when it is asked
    said = house.mimeo("check", ok=False).stdout
    assert "newsroom.json" in house.log() and said.count("newsroom") == 0, said
    house.stop()
    shutil.rmtree(house.path("data", "newsroom"))
    house.serve()
    wait_page(house, "/", "While sending three")


def test_the_first_steps_are_really_done(browsers):
    with House(settings={"newsroom.name": "Our Newsroom"}) as house:
        b = browsers(nojs=True)
        enter(b, house, "Step Editor")

        def done():
            b.get(house.desk + "/site")
            return [e.text.split("\n")[0].lstrip("✓ ").strip() or e.text for e in b.find_elements("css selector", ".steps li.done b")]
        assert wait_for(lambda: "0 of 5" in (b.get(house.desk + "/stories") or b.find_element("css selector", "main").text), 10)
        b.get(house.desk + "/site/newsroom")
        typed(b, "name", "A Real Name")
        press(b, "Save, and show readers")
        assert done() == ["Name and language"]
        house.mimeo("story", "import", house.story("first"))
        assert done() == ["Name and language", "First story"]
        house.mimeo("backup", os.path.join(house.folder, "saved"))
        assert done() == ["Name and language", "Backup and its keys", "First story"]
        house.subscribe("first@reader.example")
        wait_for(lambda: "Mail" in done(), 40, 1, why="a confirmed reader proves that mail goes")
        assert "Payments" not in done()
        house.give("monthly", 500, email="giver@example.org")
        house.wait_stripe_quiet()
        wait_for(lambda: not b.find_elements("css selector", ".steps") or done() is None or not b.find_elements("css selector", ".steps"), 40, 1,
                 why=lambda: "all is done and the steps still stand there: %s" % done())


def test_the_steps_can_be_put_away(browsers):
    with House(payments=False) as house:
        b = browsers(nojs=True)
        enter(b, house, "Step Technician", "technician")
        b.get(house.desk + "/stories")
        press(b, "Put this away")
        b.get(house.desk + "/stories")
        assert not b.find_elements("css selector", ".steps")
        enter(b, house, "Some Reporter", "reporter")
        assert not b.find_elements("css selector", ".steps")


def test_a_revoked_session_ends_at_once_and_the_list_says_so(newsroom, browsers):
    house, guest, b = newsroom, browsers(nojs=True), browsers(nojs=False)
    enter(guest, house, "Session Guest", "reporter")
    guest.get(house.desk + "/stories")
    assert guest.find_elements("css selector", "nav[aria-label=Desk]")
    enter(b, house)
    b.get(house.desk + "/people/sessions")
    assert len(b.find_elements("xpath", "//tr[contains(., 'this one')]")) == 1
    assert "127.0.0.1" not in b.find_element("css selector", "main").text and "Mozilla" not in b.page_source
    click(b, "//button[starts-with(@aria-label, 'End this session of Session Guest')]")
    assert "signed out" in b.find_element("css selector", "main").text
    guest.get(house.desk + "/stories")
    assert not guest.find_elements("css selector", "nav[aria-label=Desk]"), "the session lives on"
    enter(guest, house, "Session Guest", "reporter")
    b.get(house.desk + "/people/sessions")
    click(b, "//button[@aria-label='End all of theirs: Session Guest']")
    guest.get(house.desk + "/stories")
    assert not guest.find_elements("css selector", "nav[aria-label=Desk]")
    b.get(house.desk + "/people/audit?who=Anna+Editor")
    lines = b.find_element("css selector", "table.log").text
    for words in ("ended a session of Session Guest", "ended all sessions of Session Guest"):
        assert words in lines, lines
    assert "Session Guest signed in" not in lines.replace("\n", " ") and "example" not in lines, "another's line, or a reader's address"
    everything = ""
    page = 1
    while True:
        b.get(house.desk + "/people/audit?page=%d" % page)
        everything += b.find_element("css selector", "table.log").text
        if not b.find_elements("link text", "Older"):
            break
        page += 1
    for words in ("renamed the newsroom", "published a new version of Privacy policy, English", "changed the colours", "made the lead of the front page", "changed the logo"):
        assert words in everything, words


def test_roles_change_and_the_last_one_who_manages_people_stays(browsers):
    with House(payments=False, mailbox=False) as house:
        b = browsers(nojs=True)
        enter(b, house, "Only Editor")
        house.mimeo("staff", "add", "A Reporter", "--role", "reporter")

        def change(name, role):
            b.get(house.desk + "/people")
            from selenium.webdriver.support.ui import Select
            row = b.find_element("xpath", row_of(name))
            Select(row.find_element("css selector", "select")).select_by_value(role)
            settle(b, row.find_element("xpath", ".//button[starts-with(., 'Change')]").click)
            return b.find_element("css selector", "main").text
        assert "Nobody else may manage people" in change("Only Editor", "reporter")
        assert "The role is changed" in change("A Reporter", "technician")
        assert "Not yours to open" in change("Only Editor", "treasurer"), "from the next page on"
        assert "editor" in house.mimeo("staff", "role", "Only Editor", "editor")
        b.get(house.desk + "/people")
        assert "Add somebody" in b.find_element("css selector", "main").text
        wrong = house.mimeo("staff", "role", "Only Editor", "owner", ok=False)
        assert wrong.returncode == 2 and "no role" in wrong.stderr


def test_who_may_not_does_not(newsroom, browsers):
    house, b = newsroom, browsers(nojs=True)
    enter(b, house, "Plain Reporter", "reporter")
    cookies = "; ".join("%s=%s" % (c["name"], c["value"]) for c in b.get_cookies())
    b.get(house.desk + "/stories")
    csrf = field(b.page_source, "csrf")
    for path in ("/site/front", "/site/newsroom", "/site/texts", "/site/texts/about/en", "/site/look", "/people/sessions", "/people/audit"):
        assert ask_url("GET", house.desk + path, headers={"Cookie": cookies}).status == 403, path
    for path in ("/site/front", "/site/newsroom", "/site/sections", "/site/texts/about/en", "/site/look", "/site/steps", "/people/1/role", "/people/1/sessions/end",
                 "/people/sessions/0123456789abcdef/end"):
        answer = ask_url("POST", house.desk + path, {"csrf": csrf, "name": "Taken over"}, headers={"Cookie": cookies, "Sec-Fetch-Site": "same-origin"})
        assert answer.status == 403, (path, answer)
    enter(b, house)
    cookies = "; ".join("%s=%s" % (c["name"], c["value"]) for c in b.get_cookies())
    for path in ("/site/front", "/site/newsroom", "/site/sections", "/site/texts/about/en", "/site/look", "/site/steps"):
        answer = ask_url("POST", house.desk + path, {"name": "Forged"}, headers={"Cookie": cookies, "Sec-Fetch-Site": "same-origin"})
        assert answer.status == 403, (path, "a form without the session's token")


def test_a_backup_brings_it_back(newsroom):
    house = newsroom
    folder, home = os.path.join(house.folder, "kept"), os.path.join(house.folder, "again")
    house.mimeo("backup", folder)
    names = sorted(os.listdir(house.path("data", "newsroom")))
    house.stop()
    try:
        import subprocess
        from house import MIMEO
        subprocess.run([MIMEO, "restore", folder, "-C", home], check=True, capture_output=True)
        shutil.copytree(house.path("keys"), os.path.join(home, "keys"), dirs_exist_ok=True)
        shutil.copytree(house.path("secrets"), os.path.join(home, "secrets"), dirs_exist_ok=True)
        was, house.home = house.home, home
        try:
            house.serve()
            wait_page(house, "/", "While sending three", 30)
            assert house.read("data", "newsroom", "current").strip() in names
        finally:
            house.stop()
            house.home = was
    finally:
        house.serve()


@pytest.mark.skipif(not os.path.exists(AXE), reason="axe-core is not there (npm ci --ignore-scripts in tests makes it)")
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_on_the_new_pages(newsroom, browsers, dark):
    house, b = newsroom, browsers(dark=dark)
    with open(AXE, encoding="utf-8") as file:
        axe = file.read()
    enter(b, house)
    wrong = []
    for path in ("/site", "/site/front", "/site/front?find=stories", "/site/newsroom", "/site/texts", "/site/texts/privacy/en", "/site/texts/privacy/en/1",
                 "/site/texts/about/ar", "/site/look", "/people", "/people/sessions", "/people/audit"):
        for width in (390, 1280):
            b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
            b.get(house.desk + path)
            over = b.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0:
                wrong.append((path, width, "scrolls sideways by %d" % over))
        b.execute_script(axe)
        found = b.execute_async_script("const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations), e => done([{id: String(e), nodes: []}]))")
        wrong += [(path, one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found]
    b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    assert not wrong, wrong
