"""What a reader meets who wants to give, gave, or wants to be reminded: every state of the coupon, the thanks page, one's own page.
SPDX-License-Identifier: ISC
"""
import datetime
import functools
import http.server
import json
import os
import re
import threading

import pytest
from house import ZONE, House, ROOT, ask_url, stay_on_one_day, wait_for

AXE = os.path.join(ROOT, "tests", "node_modules", "axe-core", "axe.min.js")
FEES = {"support.fees": "stripe 2.9% + 0.30, bank 0%", "support.rails": "stripe, paypal, bank"}


@pytest.fixture(scope="module")
def newsroom():
    with House(dict(FEES, **{"support.goal": "500 supporters"})) as house:
        house.mimeo("story", "import", house.story("a-story"), house.story("eine-geschichte", lang="ru"), house.story("arabic-story", lang="ar"))
        yield house


@pytest.fixture(scope="module")
def plain():
    """One way to pay, no fee known, no goal."""
    with House({"support.fees": "", "support.goal": ""}) as house:
        house.mimeo("story", "import", house.story("a-story"))
        yield house


def thanks_url(house, session):
    asked = next(s for s in house.stripe("GET", "sessions") if s["id"] == session)
    return asked["success_url"].replace("{CHECKOUT_SESSION_ID}", session)


def gave(house, freq="monthly", amount=500):
    """A paid gift: its thanks page's address, and that of its own page."""
    session, _ = house.give(freq, amount)
    house.wait_books_quiet()
    url = thanks_url(house, session)
    page = wait_for(lambda: "/support/manage/" in ask_url("GET", url).text and ask_url("GET", url), 15)
    return url, house.site + "/support/manage/" + re.search(r"support/manage/([0-9a-f]+)", page.text).group(1), session


def press(url, **form):
    return ask_url("POST", url, form, headers={"Sec-Fetch-Site": "same-origin"}, timeout=300)


def own_language(path):
    return "/2026/11/20/%s/" % path


# --- the coupon ---------------------------------------------------------------------------------------------------------------------

def test_the_appeal_names_the_monthly_minimum_in_each_language(newsroom):
    for path, word in (("a-story", "$2"), ("eine-geschichte", "2 $"), ("arabic-story", "$2")):
        page = newsroom.get(own_language(path)).text
        letter = re.search(r'class="letter".*?</div>', page, re.S).group(0)
        assert word in letter.replace("\u00a0", " ").replace("\u202f", " "), (path, letter[-400:])
        assert "⟦" not in page


def test_the_fee_is_shown_with_each_amount_and_may_be_added(newsroom, browsers):
    b = browsers(nojs=True, width=390)
    b.get(newsroom.site + "/support/")
    shown = [e.text for e in b.find_elements("css selector", ".share") if e.is_displayed()]
    assert len(shown) == 1 and "$5" in shown[0] and "$0.45" in shown[0] and "9 %" in shown[0], shown
    b.find_element("css selector", "#support input[name=a_monthly][value='200']").find_element("xpath", "..").click()
    shown = [e.text for e in b.find_elements("css selector", ".share") if e.is_displayed()]
    assert len(shown) == 1 and "$0.36" in shown[0] and "18 %" in shown[0], shown
    b.find_element("css selector", "#own_monthly").send_keys("7")
    assert not [e for e in b.find_elements("css selector", ".share") if e.is_displayed()], "a share of another amount than the one that counts"
    assert b.find_element("css selector", "input[name=cover]").is_displayed()


def test_an_amount_that_loses_too_much_is_refused_unless_the_fee_is_added(newsroom):
    form = {"freq": "monthly", "a_monthly": "200", "lang": "en", "back": "/"}
    refused = newsroom.post("/support/continue", form)
    assert refused.status == 422 and 'role="alert"' in refused.text and "$0.36" in refused.text and "$4.20" in refused.text and "$2.37" in refused.text
    assert re.search(r'name="a_monthly" value="200"[^>]* checked', refused.text), "the choice is lost"
    taken = newsroom.post("/support/continue", dict(form, cover="1"))
    assert taken.status == 303
    session = taken.headers["location"].rsplit("/", 1)[1]
    asked = next(s for s in newsroom.stripe("GET", "sessions") if s["id"] == session)
    assert asked["amount_total"] == 237, asked
    back = ask_url("POST", taken.headers["location"], {"do": "cancel"})
    page = ask_url("GET", back.headers["location"]).text
    assert "Nothing was taken" in page and re.search(r'name="cover" value="1" checked', page) and re.search(r'value="200"[^>]* checked', page), "not as it was left"


def test_each_way_to_pay_is_named_and_has_a_button_where_there_are_several(newsroom, plain):
    several = newsroom.get("/support/").text
    assert re.findall(r'<button name="rail" value="(\w+)">', several) == ["stripe", "paypal", "bank"]
    for name in ("Cards", "PayPal", "Bank transfer"):
        assert name in several
    one = plain.get("/support/").text
    assert 'aria-label="Payment methods"' in one and "Cards" in one and "PayPal" not in one and '<button name="rail" value=' not in one.replace('class="btn go" ', "x ")


def test_the_disclosure_hides_continue_before_anything_is_sent(newsroom, browsers):
    for nojs in (True, False):
        b = browsers(nojs=nojs, width=390)
        b.get(newsroom.site + "/support/")
        go = b.find_element("css selector", "#support .go")
        assert go.is_displayed()
        b.find_element("css selector", "#support .safe summary").click()
        assert not go.is_displayed() and not b.find_element("css selector", "#support .pay").is_displayed()
        assert "Please do not give" in b.find_element("css selector", "#support .warn").text
        b.find_element("css selector", "#support .safe summary").click()
        assert go.is_displayed()


def test_continue_says_what_for_and_that_it_is_at_work(newsroom, browsers):
    b = browsers(width=390)
    b.get(newsroom.site + "/support/")
    go = b.find_element("css selector", "#support .go")
    wait_for(lambda: go.text == "Continue · $5 monthly", 5, why=lambda: go.text)
    b.find_element("css selector", "#support [name=freq][value=annual]").find_element("xpath", "..").click()
    assert go.text == "Continue · $50 a year"
    b.find_element("css selector", "#support input[name=cover]").click()
    assert go.text == "Continue · $51.80 a year", go.text
    b.find_element("css selector", "#own_annual").send_keys("70")
    assert go.text == "Continue"
    b.execute_script("document.querySelector('#support form').addEventListener('submit', e => e.preventDefault())")
    go.click()
    wait_for(lambda: go.text == "One moment…" and not go.is_enabled(), 5, why=lambda: go.text)


def test_on_a_story_the_script_says_what_the_fee_takes(newsroom, browsers):
    """A story has no bytes to spare for it."""
    b = browsers(width=390)
    for path, said, with_fee in (("a-story", "Of $5, about $0.45 (9 %)", "$5.46"), ("eine-geschichte", "0,45\u00a0$", "5,46\u00a0$")):
        b.get(newsroom.site + own_language(path))
        said, with_fee = (text.replace("\u00a0", " ").replace("\u202f", " ") for text in (said, with_fee))
        text = lambda: b.find_element("css selector", "#support form").text.replace("\u00a0", " ").replace("\u202f", " ")
        wait_for(lambda: said in text(), 5, why=text)
        b.find_element("css selector", "#support input[name=cover]").click()
        assert with_fee in text(), text()
        assert b.find_element("css selector", ".letter figure img").get_attribute("src") == newsroom.site + "/support/goal.svg"
        b.find_element("css selector", "#own_monthly").send_keys("7")
        assert said not in text()


def test_no_appeal_on_privacy_corrections_and_sensitive_stories(newsroom, browsers):
    house = newsroom
    house.mimeo("story", "import", house.story("a-death", sensitive="yes", topics="Prisons"), house.story("a-trial", topics="Prisons"))
    for path in ("/privacy/", "/corrections/", "/about/", own_language("a-death")):
        page = wait_for(lambda: house.get(path).status == 200 and house.get(path), 20).text
        assert "support/continue" not in page and 'class="sheet appeal"' not in page, path
    page = house.get(own_language("a-death")).text
    assert re.search(r'class="call" href="(?:\.\./){4}support/"', page), "the call leads to a form that is not there"
    assert "newsletter/subscribe" in page
    assert "support/continue" in wait_for(lambda: house.get(own_language("a-trial")).status == 200 and house.get(own_language("a-trial")), 20).text
    # An import that does not say so leaves the desk's flag alone; one that says no takes it off.
    house.mimeo("story", "import", house.story("a-death", title="Another headline", topics="Prisons"))
    page = wait_for(lambda: "Another headline" in house.get(own_language("a-death")).text and house.get(own_language("a-death")), 20).text
    assert "support/continue" not in page
    b = browsers()
    b.get(house.staff_link())
    b.find_element("css selector", "main button, form button").click()
    story = next(s for s in house.mimeo("story", "list", json_out=True)["stories"] if s["identity"] == "a-trial")
    b.get(house.desk + "/stories/" + str(story["id"]))
    b.find_element("css selector", "button[name=do][value=sensitive]").click()
    wait_for(lambda: "Flagged as sensitive" in b.page_source, 10)
    wait_for(lambda: "support/continue" not in house.get(own_language("a-trial")).text, 20, why="the flag does not reach the page")
    b.find_element("css selector", "button[name=do][value=not_sensitive]").click()
    wait_for(lambda: "support/continue" in house.get(own_language("a-trial")).text, 20, why="taking the flag off does not")


def test_a_copy_without_intake_says_so_and_names_the_live_addresses(newsroom, browsers):
    site = newsroom.path("data", "site")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.func.log_message = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        b = browsers(nojs=True, width=390)
        copy = "http://127.0.0.1:%d" % server.server_address[1]
        for path in ("/support/", own_language("a-story")):
            b.get(copy + path)
            assert not [e for e in b.find_elements("css selector", "form[action*=support], form[action*=newsletter]") if e.is_displayed()], path
            if path == "/support/":
                links = [e.get_attribute("href") for e in b.find_elements("css selector", "#support .mirror a") if e.is_displayed()]
                assert links == [newsroom.site + "/support/"], links
            else:
                for sheet in ("#support", ".mail"):
                    said = b.execute_script("return getComputedStyle(document.querySelector(arguments[0]), '::before').content", sheet)
                    assert "takes no forms" in said and newsroom.site in said, said
            b.get(newsroom.site + path)
            assert b.find_element("css selector", "#support form").is_displayed()
            assert not [e for e in b.find_elements("css selector", "#support .mirror") if e.is_displayed()]
    finally:
        server.shutdown()


def test_the_goal_is_one_picture_that_moves_once_a_day(newsroom):
    house = newsroom
    gave(house, "monthly", 1000)
    picture = wait_for(lambda: house.get("/support/goal.svg").status == 200 and house.get("/support/goal.svg"), 20).text
    assert "0 / 500" in picture, "today's gift shows today: whoever watches learns when somebody gave"
    before = house.get(own_language("a-story")).body, house.get("/support/").body
    assert b"support/goal.svg" not in before[0] and b"support/goal.svg" in before[1]
    house.stop()
    house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (2 * 86400)
    try:
        house.serve()
        wait_for(lambda: " / 500" in house.get("/support/goal.svg").text and "0 / 500" not in house.get("/support/goal.svg").text, 40, 1)
        assert (house.get(own_language("a-story")).body, house.get("/support/").body) == before, "a gift made a page anew"
    finally:
        house.stop()
        del house.env["MIMEO_CLOCK_OFFSET"]
        house.serve()


# --- after a gift -------------------------------------------------------------------------------------------------------------------

def test_thanks_for_each_frequency_and_what_can_be_done_next(plain):
    for freq, amount, said in (("once", 1000, "$10"), ("monthly", 500, "$5"), ("annual", 5000, "$50")):
        url, own, _ = gave(plain, freq, amount)
        page = ask_url("GET", url).text
        assert said in page and "TERN COURIER" in page and 'name="do" value="contact"' in page
        assert ('name="in"' in page) == (freq == "once"), "in 3, 6 or 12 months: after what does not come back by itself"
        assert ('name="do" value="cancel"' in page) == (freq != "once")
        assert "⟦" not in page


def test_cancelled_straight_from_the_thanks_page(plain, browsers):
    url, own, session = gave(plain, "monthly", 700)
    b = browsers(nojs=True, width=390)
    b.get(url)
    b.find_element("css selector", "details summary").click()
    b.find_element("xpath", "//form[input[@value='cancel']]/button").click()
    wait_for(lambda: "/support/manage/" in b.current_url and "ended" in b.page_source, 15)
    subscription = next(s for s in plain.stripe("GET", "sessions") if s["id"] == session)["subscription"]
    assert {o["id"]: o for o in plain.stripe("GET", "objects")}[subscription]["status"] == "canceled"


def test_the_address_is_kept_only_if_it_is_given_and_goes_when_asked(plain):
    _, own, _ = gave(plain, "monthly", 900)
    page = ask_url("GET", own).text
    assert 'name="do" value="contact"' in page
    wrong = press(own, do="contact", email="nobody")
    assert wrong.status == 422 and 'value="nobody"' in wrong.text and 'aria-invalid="true"' in wrong.text
    kept = press(own, do="contact", email="supporter@example.org")
    assert kept.status == 200 and 'name="do" value="no-contact"' in kept.text and "supporter@" not in kept.text
    assert "supporter@" not in ask_url("GET", own).text, "whoever has the link learns the address"
    for folder, _, names in os.walk(plain.path("data")):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                assert b"supporter@example.org" not in file.read(), name
    gone = press(own, do="no-contact")
    assert gone.status == 200 and 'name="do" value="contact"' in gone.text


def test_what_was_given_is_listed_and_leads_to_receipts(plain):
    _, own, session = gave(plain, "monthly", 1100)
    subscription = next(s for s in plain.stripe("GET", "sessions") if s["id"] == session)["subscription"]
    plain.stripe("POST", "advance/" + subscription)
    plain.wait_stripe_quiet()
    page = wait_for(lambda: ask_url("GET", own).text.count("$11.00") == 2 and ask_url("GET", own), 15).text
    receipt = re.search(r'href="\.\./(receipt/[^"]+)"', page).group(1)
    assert ask_url("GET", plain.site + "/support/" + receipt).status == 200


def subscription_of(house, session):
    name = next(s for s in house.stripe("GET", "sessions") if s["id"] == session)["subscription"]
    return {o["id"]: o for o in house.stripe("GET", "objects")}[name]


def test_a_new_amount_counts_from_the_next_payment_on(plain):
    house = plain
    _, own, session = gave(house, "monthly", 500)
    for typed in ("1", "much", "", "99999"):
        wrong = press(own, do="amount", own=typed)
        assert wrong.status == 422 and 'aria-invalid="true"' in wrong.text and 'value="%s"' % typed in wrong.text, typed
    done = press(own, do="amount", own="7.50")
    assert done.status == 200 and "From the next payment on it is $7.50" in done.text, done.text[-3000:]
    assert subscription_of(house, session)["items"]["data"][0]["price"]["unit_amount"] == 750
    house.stripe("POST", "advance/" + subscription_of(house, session)["id"])
    house.wait_stripe_quiet()
    page = wait_for(lambda: "$7.50</a>" in ask_url("GET", own).text and ask_url("GET", own), 15).text
    assert "$5.00</a>" in page and "You give $7.50 a month" in page


def test_a_wish_that_got_no_answer_is_asked_for_again_until_it_does(plain):
    house = plain
    _, own, session = gave(house, "monthly", 500)
    house.stripe("POST", "fail", how="500", next=50, match="POST /v1/subscriptions")
    try:
        asked = press(own, do="amount", own="9")
        assert asked.status == 202 and "passing your wish on" in asked.text
        again = ask_url("GET", own).text
        assert "passing your wish on" in again and 'value="amount"' not in again and "You give $5 a month" in again
    finally:
        house.stripe("POST", "fail", next=0)
    # killed; and on again a while later, when it is time to ask once more
    house.kill("support")
    house.stop()
    house.env["MIMEO_CLOCK_OFFSET"] = "+600"
    try:
        house.serve()
        wait_for(lambda: subscription_of(house, session)["items"]["data"][0]["price"]["unit_amount"] == 900, 150, 0.5, why="the wish is forgotten")
        wait_for(lambda: "You give $9 a month" in ask_url("GET", own).text, 10)
    finally:
        house.stop()
        del house.env["MIMEO_CLOCK_OFFSET"]
        house.serve()


def test_paused_and_on_again_by_hand_and_by_itself():
    with House({"support.fees": "", "support.goal": ""}) as house:
        _, own, session = gave(house, "monthly", 500)
        assert press(own, do="pause", months="2").status == 422
        done = press(own, do="pause", months="1")
        assert done.status == 200 and "Paused until" in done.text and 'value="resume"' in done.text and 'value="cancel"' in done.text, done.text[-2500:]
        assert subscription_of(house, session)["pause_collection"]["behavior"] == "void"
        on = press(own, do="resume")
        assert on.status == 200 and "Paused until" not in on.text and subscription_of(house, session)["pause_collection"] is None
        assert press(own, do="pause", months="1").status == 200
        house.wait_stripe_quiet()
        house.stop()
        house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (35 * 86400)
        house.serve()
        wait_for(lambda: subscription_of(house, session)["pause_collection"] is None, 60, 1, why="a pause that is over does not end")
        wait_for(lambda: "Paused until" not in ask_url("GET", own).text, 10)


def test_the_card_is_changed_at_the_provider(plain):
    _, own, _ = gave(plain, "annual", 5000)
    gone = press(own, do="card")
    assert gone.status == 303 and "/portal/" in gone.headers["location"], gone


def test_choosing_anew_ends_the_old_gift_once_the_new_one_is_paid(plain):
    house = plain
    _, own, session = gave(house, "monthly", 500)
    old = next(s for s in house.stripe("GET", "sessions") if s["id"] == session)["subscription"]
    page = press(own, do="anew")
    assert page.status == 200 and 'name="instead"' in page.text and "support/continue" in page.text
    instead = re.search(r'name="instead" value="([^"]+)"', page.text).group(1)
    action = re.search(r'<form action="([^"]+continue[^"]*)"', page.text).group(1)
    assert action == "../../support/continue#support", action
    form = {"freq": "annual", "a_annual": "5000", "lang": "en", "back": "/", "instead": instead}
    # Came back without paying, and again: the old one is still the one to end.
    first = house.post("/support/continue", form)
    left = ask_url("POST", first.headers["location"], {"do": "cancel"})
    form["instead"] = re.search(r'name="instead" value="([^"]+)"', ask_url("GET", left.headers["location"]).text).group(1)
    second = house.post("/support/continue", form)
    assert second.status == 303
    status = lambda: {o["id"]: o for o in house.stripe("GET", "objects")}[old]["status"]
    assert status() == "active"
    assert ask_url("POST", second.headers["location"], {"do": "pay"}, timeout=60).status == 303
    house.wait_stripe_quiet()
    house.kill("support")  # it looks some seconds after its start, then every minute
    wait_for(lambda: status() == "canceled", 150, 0.5, why="the old gift still runs")
    assert "ended" in ask_url("GET", own).text


def test_erasing_leaves_nothing_that_leads_to_somebody(plain):
    _, own, _ = gave(plain, "monthly", 600)
    assert press(own, do="contact", email="erase.me@example.org").status == 200
    early = press(own, do="erase-now")
    assert early.status == 409, "what runs could not be ended any more"
    assert press(own, do="cancel").status == 200
    ask = press(own, do="erase")
    assert ask.status == 200 and 'value="erase-now"' in ask.text and ask_url("GET", own).status == 200
    gone = press(own, do="erase-now")
    assert gone.status == 200 and "nothing any more" in gone.text
    assert ask_url("GET", own).status == 404


def test_a_wrong_button_or_another_site_changes_nothing(plain):
    _, own, _ = gave(plain, "monthly", 800)
    assert press(own, do="nonsense").status == 422
    assert ask_url("POST", own, {"do": "cancel"}, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert press(plain.site + "/support/manage/" + "0" * 32, do="erase-now").status == 404
    assert 'name="do" value="cancel"' in ask_url("GET", own).text


# --- remind me later ----------------------------------------------------------------------------------------------------------------

def reminders(house):
    return house.ask("support", "GET", "/health").json["reminders"]


def test_one_reminder_for_each_address_and_month_and_one_link_ends_all():
    stay_on_one_day()
    with House() as house:
        url, _, _ = gave(house, "once", 1000)
        token = url.split("t=")[1].split("&")[0]
        later = lambda email, **form: house.post("/support/remind", dict({"email": email, "lang": "en", "back": "/"}, **form))
        first = later("later@example.org")
        assert first.status == 200
        assert later("later@example.org").text == first.text == later("LATER@example.org").text, "the answer tells who is known"
        assert reminders(house) == 1
        in_three = datetime.date(2000, (datetime.datetime.now(ZONE).month + 2) % 12 + 1, 1).strftime("%B")
        for months, when in (("3", in_three), ("6", "once, in"), ("12", "in a year")):
            answer = later("later@example.org", **{"in": months, "t": token})
            assert answer.status == 200 and re.search(when, answer.text), answer
        waiting = reminders(house)
        assert waiting in (3, 4), waiting  # in 3 months may be the month that "later" chose
        later("other@example.org")
        wrong = later("nobody", **{"in": "6", "t": token})
        assert wrong.status == 422 and 'value="nobody"' in wrong.text and re.search(r'name="in" value="6" checked', wrong.text) and "Thank you" in wrong.text
        assert later("a@example.org", **{"in": "7", "t": token}).status == 422
        assert later("a@example.org", **{"in": "7"}).status == 422
        house.stop()
        house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (75 * 86400)
        house.serve()
        house.mimeo("support", "remind")
        mail = house.wait_mail("later@example.org")
        link = next(one for one in house.links(mail) if "/support/remind/" in one)
        page = ask_url("GET", link)
        left = reminders(house)
        assert page.status == 200 and "<button" in page.text and left >= 2, "a GET erased it, or nothing is left to erase"
        path = link.split("?")[0]
        nobody = press(path.rsplit("/", 1)[0] + "/" + "0" * 32, lang="en")
        assert reminders(house) == left
        done = press(path, lang="en")
        assert done.status == 200 and done.text == nobody.text, "the answer tells who is known"
        wait_for(lambda: reminders(house) == 0, 10, why="one link ends all (the other address was mailed)")


# --- how it looks -------------------------------------------------------------------------------------------------------------------

@pytest.mark.skipif(not os.path.exists(AXE), reason="axe-core is not there (npm ci --ignore-scripts in tests makes it)")
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_in_any_state(newsroom, browsers, dark):
    house = newsroom
    b = browsers(nojs=False, dark=dark)
    with open(AXE, encoding="utf-8") as file:
        axe = file.read()
    thanks, own, _ = gave(house, "monthly", 500)
    once, own_once, _ = gave(house, "once", 1000)
    wrong = []

    def look(what):
        for width in (320, 390, 1280):
            b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
            over = b.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0:
                wrong.append((what, width, "scrolls sideways"))
        b.execute_script(axe)
        found = b.execute_async_script("const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations), e => done([{id: String(e), nodes: []}]))")
        wrong.extend((what, one["id"], one["nodes"][0]["html"][:160] if one["nodes"] else "") for one in found)

    for what, url in (("support", house.site + "/support/"), ("thanks", thanks), ("thanks once", once), ("own", own), ("own once", own_once),
                      ("arabic", house.site + own_language("arabic-story"))):
        b.get(url)
        look(what)
    b.get(house.site + "/support/")
    b.find_element("css selector", "#own_monthly").send_keys("1")
    b.find_element("css selector", "#support .go").click()
    wait_for(lambda: "/support/continue" in b.current_url and b.find_elements("css selector", "[aria-invalid]"), 10)
    look("below the minimum")
    b.get(house.site + "/support/")
    b.find_element("css selector", "#support .safe summary").click()
    b.find_element("css selector", "#support .later summary").click()
    look("disclosure and reminder")
    b.get(own)
    b.find_element("xpath", "//form[input[@value='anew']]/button").click()
    wait_for(lambda: "name=\"instead\"" in b.page_source, 10)
    look("anew")
    assert not wrong, json.dumps(wrong, indent=1)
