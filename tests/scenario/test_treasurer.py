"""The treasurer's desk: numbers, lists, giving back with one and with two, disputes, months, the appeal.
SPDX-License-Identifier: ISC
"""
import re

import pytest
from house import House, ask_url, wait_for
from judges import axe, why_no_axe


class Desk:
    """Somebody at the desk, without a browser: as it works without JavaScript."""

    def __init__(self, house, name, role):
        self.house = house
        link = house.staff_link(name, role)
        went = ask_url("POST", link, {}, headers={"Sec-Fetch-Site": "same-origin"})
        self.cookie = went.headers["set-cookie"].split(";")[0]

    def get(self, path):
        return ask_url("GET", self.house.desk + path, headers={"Cookie": self.cookie})

    def post(self, path, page, **form):
        form["csrf"] = re.search(r'name="csrf" value="([^"]+)"', page.text).group(1)
        answer = ask_url("POST", self.house.desk + path, form, headers={"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin"})
        return self.get(answer.headers["location"]) if answer.status == 303 else answer


@pytest.fixture(scope="module")
def newsroom():
    with House() as house:
        for freq, amount in (("monthly", 500), ("monthly", 200), ("once", 1000), ("once", 10000), ("annual", 5000)):
            house.give(freq, amount, email="giver-of-%d@example.org" % amount)
        house.wait_stripe_quiet()
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
    house.wait_stripe_quiet()
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
    house.wait_stripe_quiet()
    assert len([o for o in house.stripe("GET", "objects") if o["object"] == "refund"]) == before + 1
    audit = words(editor.get("/people/audit"))
    assert "asked for a refund of" in audit and "a refund, as the second person" in audit


def test_a_refund_that_nobody_answered_is_given_once(house):
    treasurer = Desk(house, "Theo Treasurer", "treasurer")
    house.give("once", 1000)
    house.wait_stripe_quiet()
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
    house.wait_stripe_quiet()
    assert len([o for o in house.stripe("GET", "objects") if o["object"] == "refund"]) == 1


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
