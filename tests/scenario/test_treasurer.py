"""The treasurer's desk: numbers, lists, giving back with one and with two, disputes, months, the appeal.
SPDX-License-Identifier: ISC
"""
import re
import time
import urllib.parse

import pytest
from house import House, ask_url, stay_on_one_day, wait_for
from judges import axe, why_no_axe
from rails import Desk, RailsHouse


@pytest.fixture(scope="module")
def newsroom():
    stay_on_one_day()  # and in one month
    with House() as house:
        for freq, amount in (("monthly", 500), ("monthly", 200), ("once", 1000), ("once", 10000), ("annual", 5000)):
            house.give(freq, amount, email="giver-of-%d@example.org" % amount)
        house.wait_books_quiet()
        yield house


@pytest.fixture(scope="module")
def treasurer(newsroom):
    return Desk(newsroom, "Theo Treasurer", "treasurer")


@pytest.fixture(scope="module")
def editor(newsroom):
    return Desk(newsroom, "Edda Editor", "editor")


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def gift(house, minor):
    """The id at the desk of the newest gift of that sum."""
    return next(one["id"] for one in house.ask("support", "GET", "/gifts").json["rows"] if one["amount_minor"] == minor)


def test_the_numbers_add_up(newsroom, treasurer):
    numbers = newsroom.ask("support", "GET", "/numbers").json
    assert numbers["month"]["amount_minor"] == 16700 and numbers["month"]["count"] == 5
    assert numbers["monthly"]["supporters"] == 2 and numbers["monthly"]["amount_minor"] == 700 and numbers["monthly"]["new"] == 2
    assert numbers["annual"]["supporters"] == 1 and numbers["recurring_minor"] == 700 + 5000 // 12
    assert len(numbers["months"]) == 12 and {k: numbers["months"][-1][k] for k in ("once", "monthly", "annual")} == {"once": 11000, "monthly": 700, "annual": 5000}
    page = words(treasurer.get("/support"))
    for said in ("This month $167.00", "Monthly supporters 2", "Average monthly gift $3.50", "Annual supporters 1"):
        assert said in page, (said, page[:900])


def test_no_name_and_no_address_is_at_the_desk(newsroom, treasurer):
    for path in ("/support", "/support?tab=running", "/support/gifts/" + gift(newsroom, 1000), "/support/payouts", "/support/bank", "/support/rails"):
        page = treasurer.get(path)
        assert page.status == 200, (path, page)
        assert "giver-of-" not in page.text and "example.org" not in page.text, path


def test_a_small_refund_needs_one(newsroom, treasurer):
    house, one = newsroom, gift(newsroom, 1000)
    ask = treasurer.get("/support/gifts/%s/refund" % one)
    assert ask.status == 200 and "$10.00" in ask.text
    wrong = treasurer.post("/support/gifts/%s/refund" % one, ask, amount="ten", reason="twice", currency="USD")
    assert wrong.status == 422 and 'value="ten"' in wrong.text and 'value="twice"' in wrong.text
    more = treasurer.post("/support/gifts/%s/refund" % one, ask, amount="10.01", reason="twice", currency="USD")
    assert more.status == 422 and "at most what is left" in more.text
    done = treasurer.post("/support/gifts/%s/refund" % one, ask, amount="4", reason="gave twice", currency="USD")
    assert done.status == 200 and "The provider took it" in words(done), words(done)
    house.wait_books_quiet()
    wait_for(lambda: "Partly refunded" in treasurer.get("/support/gifts/" + one).text, 15)
    refunds = [o for o in house.stripe("GET", "objects") if o["object"] == "refund"]
    assert [o["amount"] for o in refunds] == [400]


def test_a_large_refund_needs_two(newsroom, treasurer, editor):
    house, one = newsroom, gift(newsroom, 10000)
    before = len([o for o in house.stripe("GET", "objects") if o["object"] == "refund"])
    ask = treasurer.get("/support/gifts/%s/refund" % one)
    done = treasurer.post("/support/gifts/%s/refund" % one, ask, amount="60", reason="a mistake", currency="USD")
    assert "waits for a second person" in words(done), words(done)
    # The rest in small pieces is no way around.
    again = treasurer.post("/support/gifts/%s/refund" % one, ask, amount="20", reason="a piece", currency="USD")
    assert "waits for a second person" in words(again), words(again)
    action = re.findall(r'action="(/support/refunds/\d+)"', treasurer.get("/support/gifts/" + one).text)
    assert len(action) == 2
    denied = treasurer.post(action[0], treasurer.get("/support/gifts/" + one), answer="approve")
    assert denied.status == 403 and "somebody else must approve" in denied.text
    assert len([o for o in house.stripe("GET", "objects") if o["object"] == "refund"]) == before, "given back by one person"
    assert one in editor.get("/support/refunds").text
    page = editor.get("/support/gifts/" + one)
    assert "The provider took it" in words(editor.post(action[0], page, answer="approve"))
    assert "Declined" in words(editor.post(action[1], page, answer="decline"))
    twice = editor.post(action[0], page, answer="approve")
    assert twice.status == 409, twice
    house.wait_books_quiet()
    assert len([o for o in house.stripe("GET", "objects") if o["object"] == "refund"]) == before + 1
    audit = words(editor.get("/people/audit"))
    assert "asked for a refund of" in audit and "a refund, as the second person" in audit


def test_a_refund_that_nobody_answered_is_given_once(house):
    treasurer = Desk(house, "Theo Treasurer", "treasurer")
    house.give("once", 1000)
    house.wait_books_quiet()
    wait_for(lambda: house.ask("support", "GET", "/gifts").json["rows"], 10)
    one = gift(house, 1000)
    house.stripe("POST", "fail", how="cut", match="POST /v1/refunds", next=1)
    ask = treasurer.get("/support/gifts/%s/refund" % one)
    done = treasurer.post("/support/gifts/%s/refund" % one, ask, amount="10", reason="gave twice", currency="USD")
    assert "has not answered yet" in words(done) or "The provider took it" in words(done), words(done)
    house.restart()
    treasurer = Desk(house, "Theo Treasurer", "treasurer")

    def settled():
        return "Taken by the provider" in words(treasurer.get("/support/gifts/" + one))
    wait_for(settled, 90, 0.5, why=lambda: words(treasurer.get("/support/gifts/" + one)))
    house.wait_books_quiet()
    assert len([o for o in house.stripe("GET", "objects") if o["object"] == "refund"]) == 1


def upload(desk, path, page, name, data):
    """A file by the form of a page."""
    token = re.search(r'name="csrf" value="([^"]+)"', page.text).group(1)
    body = "".join("--b0undary\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n%s\r\n" % part for part in (
        ("csrf", "", token), (name, "; filename=\"statement.xml\"\r\nContent-Type: text/xml", data))) + "--b0undary--\r\n"
    return ask_url("POST", desk.house.desk + path, body, headers={"Cookie": desk.cookie, "Sec-Fetch-Site": "same-origin",
                                                                   "Content-Type": "multipart/form-data; boundary=b0undary"})


def test_a_statement_is_imported_and_what_has_no_code_is_matched_by_hand():
    with RailsHouse() as house:
        desk = Desk(house, "Theo Treasurer", "treasurer")
        paying = house.give_by("bank", "once", 1000)
        assert paying.status == 303, paying
        shown = re.sub(r"<[^>]+>", "", ask_url("GET", urllib.parse.urljoin(house.site + "/support/continue", paying.headers["location"])).text)
        code = re.search(r"RF\d\d(?:[ \u00a0]?[A-Z0-9]{1,4})+", shown).group(0)
        house.bank.book(1000, True, text="for the newspaper", payer="Nadia Petrenko")
        house.bank.book(700, True, text="go on like that", payer="Somebody Generous")
        nothing = upload(desk, "/support/bank", desk.get("/support/bank"), "statement", "<html/>")
        assert nothing.status in (400, 422) and 'role="alert"' in nothing.text, nothing
        page = upload(desk, "/support/bank", desk.get("/support/bank"), "statement", house.bank.statement())
        assert page.status == 200 and "for the newspaper" in page.text and "Petrenko" not in page.text and "DE89" not in page.text, page.text[-3000:]
        form = {name: value for name, value in re.findall(r'name="(r\d_(?:payment|text|day|minor|currency))" value="([^"]*)"', page.text)}
        which = next(name[:2] for name, value in form.items() if value == "for the newspaper")
        other = "r1" if which == "r0" else "r0"
        wrong = desk.post("/support/bank/match", page, **dict(form, **{which + "_code": "RF00 NONE"}))
        assert wrong.status == 422 and 'value="RF00 NONE"' in wrong.text and "go on like that" in wrong.text, words(wrong)
        done = desk.post("/support/bank/match", page, **dict(form, **{which + "_code": code, other + "_gift": "1"}))
        assert done.status == 200 and "2 booked." in words(done) and "for the newspaper" not in done.text, words(done)
        assert sorted(one["amount_minor"] for one in house.wait_gift("bank", 2)) == [700, 1000]
        again = upload(desk, "/support/bank", desk.get("/support/bank"), "statement", house.bank.statement())
        assert "for the newspaper" not in again.text and "go on like that" not in again.text


def test_months_are_exported_and_closed_for_good(newsroom, treasurer):
    page = treasurer.get("/support/periods")
    months = re.findall(r"/support/periods/(20\d\d-\d\d)/csv", page.text)
    assert len(months) == 14 and months == sorted(months, reverse=True)
    this, last = months[0], months[1]
    csv = treasurer.get("/support/periods/%s/csv" % this)
    assert csv.status == 200 and csv.headers["content-type"].startswith("text/csv") and "attachment" in csv.headers["content-disposition"]
    lines = csv.text.splitlines()
    assert lines[0] == "day,booking,kind,contribution,account,amount,currency,period" and len(lines) > 8
    total = sum(int(line.split(",")[5].replace(".", "")) for line in lines[1:])
    assert total == 0, lines
    for kind in ("ledger", "hledger"):
        journal = treasurer.get("/support/periods/all/" + kind)
        assert journal.status == 200 and "commodity" in journal.text and "provider:stripe" in journal.text
    assert treasurer.get("/support/periods/2026-13/csv").status == 404 and treasurer.get("/support/periods/%s/exe" % this).status == 404
    assert "/%s/close" % this not in page.text, "a month that runs cannot be closed"
    ask = treasurer.get("/support/periods/%s/close" % last)
    assert ask.status == 200 and "cannot be opened again" in ask.text
    done = treasurer.post("/support/periods/%s/close" % last, ask)
    assert "Closed." in words(done) and "Theo Treasurer" in done.text, words(done)
    twice = treasurer.post("/support/periods/%s/close" % last, ask)
    assert twice.status >= 400, twice


def test_a_dispute_stands_with_the_day_by_which_to_answer(newsroom, treasurer):
    charge = next(o for o in newsroom.stripe("GET", "objects") if o["object"] == "charge" and o["amount"] == 200)
    newsroom.stripe("POST", "dispute/" + charge["id"])
    newsroom.wait_books_quiet()
    wait_for(lambda: "Answer due" in words(treasurer.get("/support/disputes")), 15)
    page = treasurer.get("/support/disputes")
    assert re.search(r"in 1[34] days", page.text) and "$2.00" in page.text, words(page)
    gift_page = treasurer.get(re.search(r'href="(/support/gifts/c-[0-9a-f]{8})"', page.text).group(1))
    assert gift_page.status == 200 and "Disputed" in words(gift_page)


def test_an_alarm_stands_in_the_desks_bar(house):
    stay_on_one_day()
    treasurer, reporter = Desk(house, "Theo Treasurer", "treasurer"), Desk(house, "Rita Reporter", "reporter")
    bar = lambda desk: re.search(r'<p class="health.*?</p>', desk.get("/stories").text, re.S).group(0)
    assert "need a look" not in bar(treasurer)
    for _ in range(12):
        assert ask_url("POST", house.site + "/support/webhook/stripe", "{}", headers={"Stripe-Signature": "t=%d,v1=%s" % (time.time(), "0" * 64), "Content-Type": "application/json"}).status == 403
    wait_for(lambda: "Payments need a look" in bar(treasurer), 60, 1, why=lambda: bar(treasurer))
    assert "12 deliveries for" in bar(treasurer) and 'href="/support/rails"' in bar(treasurer), bar(treasurer)
    assert "/support/rails" not in bar(reporter), "it leads where a reporter may not go"
    assert "not signed as they must be" in words(treasurer.get("/support/rails"))


def test_the_appeal_is_the_treasurers_too(treasurer):
    page = treasurer.get("/support/appeal")
    assert page.status == 200 and "/site/texts/appeal/en" in page.text and "/site/texts/about/en" not in page.text
    letter = treasurer.get("/site/texts/appeal/en")
    assert letter.status == 200
    base = re.search(r'name="base" value="(\d+)"', letter.text).group(1)
    shown = treasurer.post("/site/texts/appeal/en", letter, body="Dear readers,\n\nmonthly from {min_monthly}.", base=base, do="preview")
    assert shown.status == 200 and "Preview" in shown.text and "$2" in words(shown)
    saved = treasurer.post("/site/texts/appeal/en", letter, body="Dear readers,\n\nmonthly from {min_monthly}.", base=base, do="save")
    assert "Version 1" in words(saved) or "Version 2" in words(saved), words(saved)
    assert treasurer.get("/site/texts/about/en").status == 403


def test_reporters_see_none_of_it(newsroom):
    reporter = Desk(newsroom, "Rosa Reporter", "reporter")
    for path in ("/support", "/support/refunds", "/support/disputes", "/support/payouts", "/support/periods", "/support/bank", "/support/rails", "/support/appeal"):
        assert reporter.get(path).status == 403, path


@pytest.mark.skipif(bool(why_no_axe()), reason=why_no_axe())
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(newsroom, treasurer, browsers, dark):
    b = browsers(dark=dark)
    b.get(newsroom.desk + "/")
    name, value = treasurer.cookie.split("=", 1)
    b.delete_all_cookies()
    b.add_cookie({"name": name, "value": value, "path": "/"})
    one = gift(newsroom, 500)
    pages = ["/support", "/support?tab=running", "/support/gifts/" + one, "/support/gifts/%s/refund" % one, "/support/refunds", "/support/disputes", "/support/payouts",
             "/support/periods", "/support/bank", "/support/rails", "/support/appeal"]
    assert not axe(b, [newsroom.desk + path for path in pages])
