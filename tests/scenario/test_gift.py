"""A supporter gives: coupon, payment page, signed webhook, books, thanks.
SPDX-License-Identifier: ISC
"""
import datetime
import json
import re
import time

import pytest
from house import ZONE, House, ask_url, stay_on_one_day, wait_for


@pytest.fixture(scope="module")
def newsroom():
    with House() as house:
        house.mimeo("story", "import", house.story("a-story"))
        yield house


def totals(house):
    return house.ask("support", "GET", "/totals").json


def settled(house):
    """Totals once webhooks and the fees that are asked for after them have all come in."""
    house.wait_books_quiet()
    return totals(house)


def ledger(house):
    return house.mimeo("support", "ledger")


def event(house, kind, session=None):
    for one in reversed(house.stripe("GET", "events")):
        if one["type"] == kind and (session is None or one["data"]["object"].get("id") == session or session in json.dumps(one)):
            return one
    raise AssertionError("no event " + kind)


def thanks_of(house, session):
    asked = next(s for s in house.stripe("GET", "sessions") if s["id"] == session)
    return asked["success_url"].replace("{CHECKOUT_SESSION_ID}", session)


def test_the_coupon_without_javascript_monthly_first(newsroom, browsers):
    b = browsers(nojs=True)
    b.get(newsroom.site + "/2026/11/20/a-story/")
    chosen = [e.get_attribute("value") for e in b.find_elements("css selector", "input[name=freq]:checked")]
    assert chosen == ["monthly"]
    shown = [e.get_attribute("name") for e in b.find_elements("css selector", "input[name^=a_]") if e.is_displayed() or e.find_element("xpath", "..").is_displayed()]
    assert set(shown) == {"a_monthly"}, "other frequencies' amounts show, too: %s" % set(shown)
    button = next(e for e in b.find_elements("css selector", "form[action*='support/continue'] button") if "Continue" in e.text)
    button.click()
    wait_for(lambda: b.current_url.startswith(newsroom.pay + "/pay/"), 15, why=lambda: "the browser is at " + b.current_url)
    assert "$5.00" in b.page_source and "every month" in b.page_source
    b.find_element("css selector", "button[value=pay]").click()
    wait_for(lambda: "/support/thanks" in b.current_url, 15, why=lambda: "the browser is at " + b.current_url)
    wait_for(lambda: "/support/manage/" in (b.get(b.current_url) or b.page_source), 15, 0.5, why="the thanks page has no keep-this link")
    assert "$5" in b.find_element("css selector", "main").text and "TERN COURIER" in b.page_source


@pytest.mark.parametrize("freq,amount", [("once", 1000), ("monthly", 200), ("annual", 5000)])
def test_a_gift_is_booked_by_the_signed_event(newsroom, freq, amount):
    house = newsroom
    before = settled(house)
    session, thanks = house.give(freq, amount, email="giver-%s@example.org" % freq)
    assert thanks.status == 200, thanks
    house.wait_books_quiet()
    page = ask_url("GET", thanks_of(house, session))
    assert re.search(r"\$%d\b" % (amount // 100), page.text.replace(",", "")), page
    assert "/support/manage/" in page.text, "no link to the receipt, or to change and stop"
    wait_for(lambda: totals(house) != before, 10, why="the books did not move")
    listed = house.ask("support", "GET", "/contributions?limit=5").json
    assert any(str(amount) in json.dumps(one) for one in (listed.get("contributions") or listed)), listed
    assert "giver-" not in json.dumps(listed), "a giver's address is in the desk's list"


def test_the_books_balance(newsroom):
    """Double entry: every transaction's lines add up to nothing, and fees are in them."""
    newsroom.give("once", 1000)
    newsroom.wait_books_quiet()
    wait_for(lambda: re.search(r"fee", ledger(newsroom), re.I), 15, 0.5, why="no fee in the books")
    total, lines = {}, 0
    for line in ledger(newsroom).splitlines():
        found = re.match(r"^\s+(\S.*?)\s{2,}(-?)\s*([A-Z]{3}|\$)?\s*(-?)([\d,]+\.\d\d)(?:\s*([A-Z]{3}))?\s*$", line)
        if found:
            lines += 1
            code = (found.group(3) or "") + (found.group(6) or "")
            sign = -1 if "-" in (found.group(2) + found.group(4)) else 1
            total[code] = total.get(code, 0) + sign * int(found.group(5).replace(",", "").replace(".", ""))
    assert lines >= 4 and all(value == 0 for value in total.values()), (total, ledger(newsroom)[:1500])


def test_waiting_for_the_bank_then_booked(newsroom):
    house = newsroom
    before = settled(house)
    session, thanks = house.give("once", 2000, do="bank")
    house.wait_books_quiet()
    page = ask_url("GET", thanks_of(house, session))
    assert page.status == 200 and re.search(r'http-equiv="?refresh', page.text), "the page does not wait"
    assert settled(house) == before, "booked before the bank answered"
    house.stripe("POST", "settle/" + session)
    house.wait_books_quiet()
    wait_for(lambda: not re.search(r'http-equiv="?refresh', ask_url("GET", thanks_of(house, session)).text), 10)
    assert totals(house) != before


def test_a_bank_that_refuses_books_nothing(newsroom):
    house = newsroom
    session, _ = house.give("once", 2100, do="bank")
    house.wait_books_quiet()
    before = settled(house)
    house.stripe("POST", "fail/" + session)
    house.wait_books_quiet()
    page = ask_url("GET", thanks_of(house, session))
    assert "support/continue" in page.text, "the form does not come back"
    assert totals(house) == before


def test_coming_back_without_paying(newsroom):
    house = newsroom
    at = house.coupon("monthly", own="7")
    back = ask_url("POST", at.headers["location"], {"do": "cancel"})
    page = ask_url("GET", back.headers["location"])
    assert page.status == 200 and "Nothing was taken" in page.text
    assert 'value="7"' in page.text, "what was typed is lost"
    session = at.headers["location"].rsplit("/", 1)[1]
    waiting = ask_url("GET", thanks_of(house, session))
    assert waiting.status == 200 and "Nothing" not in waiting.text and "/support/manage/" not in waiting.text, "came back without an event: it must wait, not thank"


def test_events_replayed_and_forged_change_nothing(newsroom):
    house = newsroom
    session, _ = house.give("once", 1500)
    house.wait_books_quiet()
    done = event(house, "checkout.session.completed", session)
    # Also what another gift's event says: a session that nobody paid.
    other = house.coupon("once", 1700).headers["location"].rsplit("/", 1)[1]
    forged = json.loads(json.dumps(done).replace(session, other))
    before, books = settled(house), ledger(house)
    for _ in range(3):
        assert house.stripe("POST", "events/%s/send" % done["id"])["status"] == 200
    for asked, name in (({"signature": ""}, "none"), ({"signature": "t=1,v1=00"}, "nonsense"), ({"secret": "whsec_wrong"}, "another secret"), ({"tamper": True}, "a changed byte"),
                        ({"age": 3600}, "an hour old"), ({"secret": "whsec_wrong", "payload": json.dumps(forged)}, "another session, another secret"),
                        ({"signature": "t=99999999999,v1=" + "0" * 64}, "the future"), ({"payload": "{"}, "broken but signed")):
        status = house.stripe("POST", "events/%s/send" % done["id"], **asked)["status"]
        assert 400 <= status < 500, (name, status)
    assert settled(house) == before and ledger(house) == books


def test_events_in_any_order_and_more_than_once_book_once(newsroom):
    house = newsroom
    house.stripe("POST", "webhooks", hold=True)
    house.stripe("POST", "redirect-wait", seconds=0)
    before = settled(house)
    session, _ = house.give("monthly", 1000)
    events = [e for e in house.stripe("GET", "events") if not e["deliveries"]]
    house.stripe("POST", "webhooks", drop=True)
    for one in list(reversed(events)) + events:
        assert house.stripe("POST", "events/%s/send" % one["id"])["status"] in range(200, 300), one["type"]
    house.stripe("POST", "webhooks", hold=False)
    house.stripe("POST", "redirect-wait", seconds=5)
    page = ask_url("GET", thanks_of(house, session))
    assert "/support/manage/" in page.text
    after = settled(house)
    assert after != before
    for one in events:
        house.stripe("POST", "events/%s/send" % one["id"])
    assert settled(house) == after


def test_a_monthly_gift_goes_on_and_is_cancelled_by_its_link(newsroom):
    house = newsroom
    session, _ = house.give("monthly", 500)
    house.wait_books_quiet()
    link = wait_for(lambda: re.search(r'href="([^"]*support/manage/[^"]+)"', ask_url("GET", thanks_of(house, session)).text), 10).group(1)
    link = house.site + "/" + link.lstrip("./")
    subscription = next(s for s in house.stripe("GET", "sessions") if s["id"] == session)["subscription"]
    before = settled(house)
    house.stripe("POST", "advance/" + subscription)
    house.wait_books_quiet()
    wait_for(lambda: totals(house) != before, 10, why="the second month is not booked")
    page = ask_url("GET", link)
    assert page.status == 200 and "<button" in page.text
    objects = {o["id"]: o for o in house.stripe("GET", "objects")}
    assert objects[subscription]["status"] == "active", "a GET cancelled it"
    done = ask_url("POST", link, {}, headers={"Sec-Fetch-Site": "same-origin"})
    assert done.status in (200, 303), done
    objects = {o["id"]: o for o in house.stripe("GET", "objects")}
    assert objects[subscription]["status"] == "canceled"
    again = ask_url("POST", link, {}, headers={"Sec-Fetch-Site": "same-origin"})
    assert again.status in (200, 303, 409, 410)


def test_a_refund_is_booked(newsroom):
    house = newsroom
    session, _ = house.give("once", 3000)
    house.wait_books_quiet()
    before = settled(house)
    charge = next(o for o in reversed(house.stripe("GET", "objects")) if o["object"] == "charge" and o["amount"] == 3000)
    house.stripe("POST", "refund/" + charge["id"])
    house.wait_books_quiet()
    wait_for(lambda: totals(house) != before or "refund" in ledger(house).lower(), 10, why="the refund is not in the books")


def test_wrong_amounts_come_back_at_the_form_with_what_was_typed(newsroom):
    for own, status in (("1", 422), ("0", 422), ("-5", 422), ("five", 422), ("99999999", 422), ("2.001", 422), ("<script>", 422)):
        answer = newsroom.coupon("monthly", own=own)
        assert answer.status in (400, 422), (own, answer)
        assert "support/continue" in answer.text and 'aria-invalid="true"' in answer.text
        assert "<script>" not in answer.text.replace("<script src", "") or own != "<script>"
        if own != "<script>":
            assert 'value="%s"' % own in answer.text, own
    assert newsroom.coupon("monthly", own="2.50").status == 303
    assert newsroom.coupon("weekly", 500).status in (400, 422)


def test_a_provider_in_trouble_says_so_and_nothing_is_lost(newsroom):
    house = newsroom
    for how in ("500", "cut_before", "garbage", "429"):
        house.stripe("POST", "fail", how=how, next=5, match="POST /v1/checkout")
        answer = house.coupon("once", 1234)
        assert answer.status in (502, 503, 504) and "support/continue" in answer.text, (how, answer)
        house.stripe("POST", "fail", next=0)
    house.stripe("POST", "fail", how="cut", next=1, match="POST /v1/checkout")
    answer = house.coupon("once", 1235)
    keys = [call["key"] for call in house.stripe("GET", "calls") if call["line"] == "POST /v1/checkout/sessions"]
    assert all(keys), "a checkout was asked for without an idempotency key"
    if answer.status == 303:
        assert keys[-1] == keys[-2], "the second try had another key"
    else:
        assert answer.status in (502, 503, 504)
    assert house.coupon("once", 1236).status == 303


def test_a_kill_between_event_and_commit_books_once(newsroom):
    house = newsroom
    house.stripe("POST", "redirect-wait", seconds=0)
    before = settled(house)
    for turn in range(3):
        house.coupon("once", 4000 + turn)
        session = house.stripe("GET", "sessions")[-1]["id"]
        house.stripe("POST", "pay/" + session)
        time.sleep(0.01 * turn)
        house.kill("support")
    house.stripe("POST", "redirect-wait", seconds=5)
    house.wait_books_quiet(40)
    assert totals(house) != before
    books = ledger(house)
    for turn in range(3):
        figures = re.findall(r"%d\.%02d\b" % divmod(4000 + turn, 100), books)
        assert 1 <= len(figures) <= 4, (4000 + turn, figures)
    listed = json.dumps(house.ask("support", "GET", "/contributions?limit=100").json)
    for turn in range(3):
        assert len(re.findall(r"\b%d\b" % (4000 + turn), listed)) == 1, listed


def test_the_appeal_hides_for_those_who_gave(newsroom):
    house = newsroom
    plain = house.get("/support/quiet.css")
    quiet = house.get("/support/quiet.css", headers={"Cookie": "quiet=1"})
    assert plain.body == b"" and "display:none" in quiet.text.replace(" ", "") and "no-store" in quiet.headers["cache-control"] or "private" in quiet.headers["cache-control"]
    session, thanks = house.give("once", 1000)
    assert "quiet=1" in thanks.headers.get("set-cookie", ""), thanks.headers


def test_remind_me_later_is_one_mail_then_erased():
    stay_on_one_day()
    with House() as house:
        answer = house.post("/support/remind", {"email": "later@example.org", "lang": "en", "back": "/"})
        assert answer.status in (200, 202, 303), answer
        day = datetime.datetime.now(ZONE)  # "around the start of" the next month; from the twentieth on, of the one after it
        month = datetime.date(2000, (day.month - 1 + (1 if day.day < 20 else 2)) % 12 + 1, 1).strftime("%B")
        assert month in answer.text, "it is not named: " + month
        bad = house.post("/support/remind", {"email": "nobody", "lang": "en", "back": "/"})
        assert bad.status in (400, 422) and 'value="nobody"' in bad.text
        house.mimeo("support", "remind")
        time.sleep(1)
        assert not house.mails("later@example.org"), "sent before it was due"
        house.stop()
        house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (75 * 86400)
        house.serve()
        house.mimeo("support", "remind")
        mail = house.wait_mail("later@example.org")
        assert house.site in mail["text"]  # (its signature is of the future: the mailbox's clock is not shifted)
        house.mimeo("support", "remind")
        time.sleep(1)
        assert len(house.mails("later@example.org")) == 1
