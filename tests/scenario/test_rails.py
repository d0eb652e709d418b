"""Ways to give besides cards: PayPal, Bitcoin, Monero, bank transfer; and what happens when one of them fails.
SPDX-License-Identifier: ISC
"""
import datetime
import json
import os
import re
import shutil
import sqlite3
import subprocess
import threading
import time
from urllib.parse import urljoin

import pytest
from house import ROOT, ask_url, today, wait_for
from rails import IBAN, Desk, RailsHouse, bank_rehearsal, main_text


@pytest.fixture(scope="module")
def newsroom():
    with RailsHouse({"support.refund_alone": "1000"}) as house:
        house.mimeo("story", "import", house.story("a-story"))
        yield house


@pytest.fixture(scope="module")
def treasurer(newsroom):
    return Desk(newsroom, "Theo Treasurer", "treasurer")


def give_back(house, treasurer, method, minor, amount):
    """Presses Give back for a gift of that sum: the gift's page, and its path."""
    house.wait_rails_quiet()
    one = next(one["id"] for one in house.ask("support", "GET", "/gifts").json["rows"] if (one["method"], one["amount_minor"]) == (method, minor))
    path = "/support/gifts/" + one
    return treasurer.post(path + "/refund", treasurer.get(path + "/refund"), amount=amount, reason="gave twice", currency="EUR"), path


def to(house, answer):
    """Where an answer leads, as a whole address."""
    assert answer.status == 303, (answer, house.log()[-2000:])
    return urljoin(house.site + "/support/continue", answer.headers["location"])


def disk_holds(house, words):
    """Which of the words stand in any file of the home."""
    found = set()
    for folder, _, names in os.walk(house.home):
        for name in names:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    data = file.read()
            except OSError:
                continue
            found |= {word for word in words if word.encode() in data}
    return found


# --- PayPal -------------------------------------------------------------------------------------------------------------------------------

def test_paypal_takes_an_order_once_it_was_approved(newsroom):
    house = newsroom
    page = to(house, house.give_by("paypal", "once", 1000))
    assert page.startswith(house.rails + "/checkoutnow?token="), page
    back = house.press(page, "approve")
    assert back.status == 303
    house.wait_rails_quiet()
    assert house.thanks(back.headers["location"])
    gift = house.wait_gift("paypal")[0]
    assert (gift["amount_minor"], gift["currency"], gift["frequency"], gift["state"]) == (1000, "EUR", "once", "booked")
    wait_for(lambda: house.gifts("paypal")[0]["fee_minor"] == 59, 10, why=lambda: house.gifts("paypal"))
    captures = [call for call in house.rehearse("GET", "calls") if call["line"].endswith("/capture")]
    assert len(captures) >= 1 and all(call["key"] for call in captures) and len({call["key"] for call in captures}) == 1
    asked = next(call for call in house.rehearse("GET", "calls") if call["line"] == "POST /v2/checkout/orders")
    assert json.loads(asked["body"])["purchase_units"][0]["amount"] == {"currency_code": "EUR", "value": "10.00"}
    assert "a-story" not in asked["body"]


def test_coming_back_from_paypal_proves_nothing(newsroom):
    house = newsroom
    before = len(house.gifts("paypal"))
    page = to(house, house.give_by("paypal", "once", 1100))
    order = page.rsplit("=", 1)[1]
    context = next(one for one in house.rehearse("GET", "orders") if one["id"] == order)["_context"]
    answer = ask_url("GET", context["return_url"])
    assert answer.status == 200 and "waiting" in answer.text.lower()
    back = house.press(page, "cancel")
    answer = ask_url("GET", back.headers["location"])
    assert "Nothing was taken" in answer.text and "support/continue" in answer.text
    assert '<button class="btn go" name="rail" value="paypal"' in answer.text, "the way to pay that was chosen is lost"
    house.wait_rails_quiet()
    assert len(house.gifts("paypal")) == before


def test_a_card_that_paypal_refuses_takes_nothing(newsroom):
    house = newsroom
    before = len(house.gifts("paypal"))
    back = house.press(to(house, house.give_by("paypal", "once", 1200)), "decline")
    house.wait_rails_quiet()
    wait_for(lambda: "refused" in ask_url("GET", back.headers["location"]).text, 10, why=lambda: main_text(ask_url("GET", back.headers["location"]))[-600:])
    assert len(house.gifts("paypal")) == before


@pytest.mark.parametrize("freq,amount", [("monthly", 500), ("annual", 5000)])
def test_a_paypal_subscription_runs_and_ends(newsroom, freq, amount):
    house = newsroom
    before = len([one for one in house.gifts("paypal") if one["frequency"] == freq])
    page = to(house, house.give_by("paypal", freq, amount))
    back = house.press(page, "approve")
    house.wait_rails_quiet()
    thanks = house.thanks(back.headers["location"])
    subscription = page.rsplit("=", 1)[1]
    house.rehearse("POST", "paypal/month/" + subscription)
    house.wait_rails_quiet()
    wait_for(lambda: len([one for one in house.gifts("paypal") if one["frequency"] == freq]) == before + 2, 10, why=lambda: house.gifts("paypal"))
    manage = urljoin(back.headers["location"], re.search(r'href="([^"]*support/manage/[a-z0-9]+)"', thanks.text).group(1))
    done = ask_url("POST", manage, {"do": "cancel"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert done.status == 200, done
    assert next(one for one in house.rehearse("GET", "subscriptions") if one["id"] == subscription)["status"] == "CANCELLED"
    assert "ended" in ask_url("GET", manage).text


def test_forged_paypal_events_are_not_believed(newsroom):
    house = newsroom
    house.press(to(house, house.give_by("paypal", "once", 1500)), "approve")
    house.wait_gift("paypal")
    house.wait_rails_quiet()
    before = house.ask("support", "GET", "/ledger?limit=5000").json
    event = next(one["id"] for one in house.rehearse("GET", "events/paypal") if one["payload"]["event_type"] == "PAYMENT.CAPTURE.COMPLETED")
    for forged in ({"tamper": True}, {"key": "other"}, {"webhook": "0000000000000000"}, {"at": int(time.time()) - 5 * 86400}, {"at": int(time.time()) + 3600}, {"truncate": True},
                   {"headers": {"PAYPAL-TRANSMISSION-SIG": None}}, {"headers": {"PAYPAL-AUTH-ALGO": "none"}}, {"headers": {"PAYPAL-TRANSMISSION-ID": "another"}},
                   {"cert_url": "http://127.0.0.1:1/v1/notifications/certs/CERT-x"}, {"cert_url": house.rails + "/v1/notifications/certs/../../../x"}):
        answer = house.rehearse("POST", "send/paypal/" + event, **forged)
        assert 400 <= answer["status"] < 500, (forged, answer)
    assert house.rehearse("POST", "send/paypal/" + event)["status"] == 200  # the honest one, again: known
    assert house.ask("support", "GET", "/ledger?limit=5000").json == before


def test_who_names_other_certificates_keeps_no_true_event_away(newsroom):
    """After a start nothing is in memory, and a certificate that is not there lets none be fetched for a while: theirs is known all the same."""
    house = newsroom
    house.press(to(house, house.give_by("paypal", "once", 1600)), "approve")
    house.wait_rails_quiet()
    event = next(one["id"] for one in house.rehearse("GET", "events/paypal") if one["payload"]["event_type"] == "PAYMENT.CAPTURE.COMPLETED")
    house.kill("support")
    fetched = lambda: [one for one in house.rehearse("GET", "calls") if "/certs/" in one["line"]]  # noqa: E731
    before = len(fetched())
    for name in ("CERT-nobodys", "CERT-nobodys-either"):
        assert 400 <= house.rehearse("POST", "send/paypal/" + event, cert_url=house.rails + "/v1/notifications/certs/" + name)["status"] < 600
    assert len(fetched()) == before + 1, "strangers make it fetch as often as they like"
    assert house.rehearse("POST", "send/paypal/" + event)["status"] == 200
    assert len(fetched()) == before + 1


def test_a_paypal_refund_and_a_dispute_reach_the_books(newsroom):
    house = newsroom
    for amount in (2100, 2200):
        house.press(to(house, house.give_by("paypal", "once", amount)), "approve")
    house.wait_rails_quiet()

    def capture(value):
        return wait_for(lambda: next((one["id"] for one in house.rehearse("GET", "captures") if one["amount"].get("value") == value), None), 10)
    house.rehearse("POST", "paypal/refund/" + capture("21.00"))
    dispute = house.rehearse("POST", "paypal/dispute/" + capture("22.00"))
    house.wait_rails_quiet()

    def state_of(amount):
        return next((one["state"] for one in house.gifts("paypal") if one["amount_minor"] == amount), None)
    wait_for(lambda: state_of(2100) == "refunded" and state_of(2200) == "disputed", 10, why=lambda: house.gifts("paypal"))
    house.rehearse("POST", "paypal/resolve/" + dispute["dispute_id"], outcome="RESOLVED_BUYER_FAVOUR")
    house.wait_rails_quiet()
    wait_for(lambda: state_of(2200) == "lost", 10, why=lambda: house.gifts("paypal"))


def test_a_treasurer_gives_back_by_paypal(newsroom, treasurer):
    house = newsroom
    house.press(to(house, house.give_by("paypal", "once", 2300)), "approve")
    house.press(to(house, house.give_by("paypal", "monthly", 2400)), "approve")
    house.wait_rails_quiet()
    wait_for(lambda: {2300, 2400} <= {one["amount_minor"] for one in house.gifts("paypal")}, 10, why=lambda: house.gifts("paypal"))

    def gift_of(amount):
        return next(one for one in house.gifts("paypal") if one["amount_minor"] == amount)

    def given_back():
        return sorted(one["amount"]["value"] for one in house.rehearse("GET", "refunds"))
    before = given_back()
    # a part, whose answer is lost: asked again under the same key, given back once
    house.rehearse("POST", "fail", how="cut", next=1000, match="/refund")
    page, path = give_back(house, treasurer, "paypal", 2300, "10.00")
    assert page.status == 200 and "In doubt" in main_text(page), main_text(page)
    house.rehearse("POST", "fail", next=0)
    wait_for(lambda: "In doubt" not in main_text(treasurer.get(path)), 60, 0.5, why=lambda: house.log()[-1500:])
    assert gift_of(2300)["state"] == "part_refunded"
    house.wait_rails_quiet()
    assert given_back() == sorted(before + ["10.00"])
    # the rest, then nothing is left
    give_back(house, treasurer, "paypal", 2300, "13.00")
    wait_for(lambda: gift_of(2300)["state"] == "refunded", 10, why=lambda: gift_of(2300))
    assert give_back(house, treasurer, "paypal", 2300, "1.00")[0].status == 422
    # of a gift that comes back by itself
    page, path = give_back(house, treasurer, "paypal", 2400, "24.00")
    wait_for(lambda: gift_of(2400)["state"] == "refunded", 10, why=lambda: (gift_of(2400), main_text(page)))
    house.wait_rails_quiet()
    assert given_back() == sorted(before + ["10.00", "13.00", "24.00"])
    assert "pull-payments" not in treasurer.get(path).text
    keys = [call["key"] for call in house.rehearse("GET", "calls") if call["line"].endswith("/refund") and call["line"].startswith("POST /v2")]
    assert all(keys) and len(set(keys)) == 3 and len(keys) >= 4, keys


def test_a_kill_while_paypal_is_asked_captures_once(newsroom):
    house = newsroom
    for turn in range(3):
        page = to(house, house.give_by("paypal", "once", 5100 + turn))
        house.rehearse("POST", "fail", how="slow", seconds=0.4, next=1, match="/capture")
        house.rehearse("POST", "paypal/approve/" + page.rsplit("=", 1)[1])
        time.sleep(0.05 + 0.15 * turn)
        house.kill("support")
    for turn in range(3):
        wait_for(lambda: [one for one in house.gifts("paypal") if one["amount_minor"] == 5100 + turn], 40, 0.3, why=lambda: "turn %d: %s; %s" % (
            turn, house.gifts("paypal"), house.log()[-1500:]))
    house.wait_rails_quiet()
    for turn in range(3):
        assert len([one for one in house.gifts("paypal") if one["amount_minor"] == 5100 + turn]) == 1
        assert len([one for one in house.rehearse("GET", "captures") if one["amount"].get("value") == "51.0%d" % turn]) == 1


# --- BTCPay -------------------------------------------------------------------------------------------------------------------------------

def test_an_invoice_is_paid_in_coins(newsroom):
    house = newsroom
    page = to(house, house.give_by("btcpay", "once", 1000))
    assert page.startswith(house.rails + "/i/"), page
    back = house.press(page, "pay")
    house.wait_rails_quiet()
    assert house.thanks(back.headers["location"])
    gift = house.wait_gift("btcpay")[0]
    assert (gift["amount_minor"], gift["currency"], gift["frequency"]) == (1000, "EUR", "once")


def test_a_slow_network_waits_and_an_unpaid_invoice_expires(newsroom):
    house = newsroom
    before = len(house.gifts("btcpay"))
    page = to(house, house.give_by("btcpay", "once", 1300))
    invoice = page.rsplit("/", 1)[1]
    back = house.press(page, "see")
    house.wait_rails_quiet()
    wait_for(lambda: "waiting" in ask_url("GET", back.headers["location"]).text.lower(), 10)
    assert len(house.gifts("btcpay")) == before
    house.rehearse("POST", "btcpay/settle/" + invoice)
    house.wait_gift("btcpay", before + 1)
    page = to(house, house.give_by("btcpay", "once", 1400))
    house.rehearse("POST", "btcpay/expire/" + page.rsplit("/", 1)[1])
    house.wait_rails_quiet()
    thanks = next(one for one in house.rehearse("GET", "invoices") if one["checkoutLink"] == page)["checkout"]["redirectURL"]
    wait_for(lambda: "Nothing was taken" in ask_url("GET", thanks).text, 10)
    assert len(house.gifts("btcpay")) == before + 1


def test_forged_btcpay_events_are_not_believed(newsroom):
    house = newsroom
    house.press(to(house, house.give_by("btcpay", "once", 1500)), "pay")
    house.wait_gift("btcpay")
    house.wait_rails_quiet()
    before = house.ask("support", "GET", "/ledger?limit=5000").json
    event = next(one["id"] for one in house.rehearse("GET", "events/btcpay") if one["payload"]["type"] == "InvoiceSettled")
    for forged in ({"tamper": True}, {"secret": "another"}, {"secret": "whsec_scenario"}, {"truncate": True}, {"headers": {"BTCPay-Sig": None}},
                   {"headers": {"BTCPay-Sig": "sha256=" + "0" * 64}}, {"headers": {"BTCPay-Sig": "sha256=zz"}}):
        answer = house.rehearse("POST", "send/btcpay/" + event, **forged)
        assert 400 <= answer["status"] < 500, (forged, answer)
    assert house.rehearse("POST", "send/btcpay/" + event, attempt=3)["status"] == 200  # a redelivery has another id, and is the same event
    assert house.ask("support", "GET", "/ledger?limit=5000").json == before


def test_too_much_and_too_little_in_coins(newsroom):
    house = newsroom
    before = len(house.gifts("btcpay"))
    page = to(house, house.give_by("btcpay", "once", 1700))
    house.rehearse("POST", "btcpay/over/" + page.rsplit("/", 1)[1])
    house.wait_rails_quiet()
    assert len(house.wait_gift("btcpay", before + 1)) == before + 1
    assert [one["state"] for one in house.gifts("btcpay") if one["amount_minor"] == 1700] == ["booked"]  # what was asked for
    page = to(house, house.give_by("btcpay", "once", 1800))
    invoice = page.rsplit("/", 1)[1]
    thanks = next(one for one in house.rehearse("GET", "invoices") if one["id"] == invoice)["checkout"]["redirectURL"]
    for step in ("less", "expire", "pay"):  # too little, then the rest too late
        house.rehearse("POST", "btcpay/%s/%s" % (step, invoice))
        house.wait_rails_quiet()
        if step == "expire":
            assert len(house.gifts("btcpay")) == before + 1
    house.thanks(thanks)
    assert len(house.gifts("btcpay")) == before + 2
    page = to(house, house.give_by("btcpay", "once", 1900))
    invoice = page.rsplit("/", 1)[1]
    for step in ("less", "expire", "mark", "mark"):  # too little, and its owner takes it all the same
        house.rehearse("POST", "btcpay/%s/%s" % (step, invoice))
        house.wait_rails_quiet()
    assert [one["state"] for one in house.gifts("btcpay") if one["amount_minor"] == 1900] == ["booked"]


def test_a_treasurer_gives_coins_back(newsroom, treasurer):
    """The server sends nothing by itself: a page on which the giver names an address, made once, and known to the desk alone."""
    house = newsroom
    back = house.press(to(house, house.give_by("btcpay", "once", 2600)), "pay").headers["location"]
    house.press(to(house, house.give_by("btcpay", "once", 2700)), "pay")
    house.wait_rails_quiet()
    manage = urljoin(back, re.search(r'href="([^"]*support/manage/[a-z0-9]+)"', house.thanks(back).text).group(1))
    assert ask_url("POST", manage, {"do": "contact", "email": "coins@example.org"}, headers={"Sec-Fetch-Site": "same-origin"}).status == 200
    page, path = give_back(house, treasurer, "btcpay", 2600, "16.00")
    assert page.status == 200 and "The provider took it" in main_text(page), main_text(page)
    made = house.rehearse("GET", "pull-payments")
    assert [(one["amount"], one["currency"]) for one in made] == [("16.00", "EUR")]
    assert 'href="%s"' % made[0]["viewLink"] in treasurer.get(path).text
    assert [one["state"] for one in house.gifts("btcpay") if one["amount_minor"] == 2600] == ["part_refunded"]
    assert disk_holds(house, [made[0]["id"]]) == set()
    house.ask("support", "POST", "/notices/run", {})
    mail = house.wait_mail("coins@example.org", "money back")
    assert "waits for you" in mail["text"] and "Banks" not in mail["text"] and "pull-payments" not in mail["text"], mail["text"]
    receipt = ask_url("GET", re.search(r"https?://\S+/support/receipt/\S+", mail["text"]).group(0))
    assert 'href="%s"' % made[0]["viewLink"] in receipt.text and "Take €16" in receipt.text, main_text(receipt)
    # an answer that is lost makes no second page, and is found again
    house.rehearse("POST", "fail", how="cut", next=1000, match="/refund")
    page, path = give_back(house, treasurer, "btcpay", 2700, "27.00")
    assert "In doubt" in main_text(page), main_text(page)
    house.rehearse("POST", "fail", next=0)
    wait_for(lambda: "pull-payments" in treasurer.get(path).text, 60, 0.5, why=lambda: main_text(treasurer.get(path)) + house.log()[-1500:])
    made = house.rehearse("GET", "pull-payments")
    assert sorted(one["amount"] for one in made) == ["16.00", "27.00"]
    assert [one["state"] for one in house.gifts("btcpay") if one["amount_minor"] == 2700] == ["refunded"]
    books = house.ask("support", "GET", "/ledger?limit=1").json["accounts"]
    assert sum(one["balance_minor"] for one in books if one["currency"] == "EUR") == 0


# --- bank ---------------------------------------------------------------------------------------------------------------------------------

def reference_on(page):
    return re.search(r"RF[0-9]{2} [0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]\b", main_text(page)).group(0)


def test_a_transfer_is_matched_by_its_reference(newsroom):
    house = newsroom
    where = to(house, house.give_by("bank", "once", 2500))
    page = ask_url("GET", where)
    assert page.status == 200 and "/support/pay/" in where, (where, page)
    words = main_text(page)
    assert "NL91 ABNA 0417 1643 00" in words and "The Tern Courier Foundation" in words and "€25" in words
    reference = reference_on(page)
    house.bank.transfer(IBAN, 2500, reference=reference, text="for you", day=today())
    said = house.import_statement()
    assert (said["new"], said["matched"], said["unmatched"]) == (1, 1, []), said
    gift = house.wait_gift("bank")[0]
    assert (gift["amount_minor"], gift["currency"], gift["frequency"]) == (2500, "EUR", "once")
    again = house.import_statement()
    assert (again["new"], again["known"], again["matched"]) == (0, 1, 1)
    assert len(house.gifts("bank")) == 1
    thanks = ask_url("GET", where)  # the page itself now says thanks
    assert thanks.status == 303 and "Thank you for" in ask_url("GET", urljoin(where, thanks.headers["location"])).text


def test_what_nobody_can_match_a_person_does(newsroom):
    house = newsroom
    before = len(house.gifts("bank"))
    reference = reference_on(ask_url("GET", to(house, house.give_by("bank", "once", 3300))))
    house.bank.transfer(IBAN, 3300, text="a gift from Nadia Payer", payer="Nadia Payer", day=today())
    said = house.import_statement()
    assert len(said["unmatched"]) == 1 and said["unmatched"][0]["amount_minor"] == 3300 and "a gift" in said["unmatched"][0]["text"]
    assert len(house.gifts("bank")) == before
    payment = said["unmatched"][0]["payment"]
    wrong = house.mimeo("support", "bank", "match", payment, "RF00 0000 0000 0000 0", ok=False)
    assert wrong.returncode == 2 and "check digits" in wrong.stderr
    assert house.mimeo("support", "bank", "match", payment, reference, json_out=True) == {"matched": True}
    assert house.mimeo("support", "bank", "match", payment, reference, json_out=True) == {"matched": False}
    assert len(house.gifts("bank")) == before + 1
    assert house.import_statement()["unmatched"] == []
    # it is one gift's, whoever says what of it; and what no statement brought is nobody's
    other = reference_on(ask_url("GET", to(house, house.give_by("bank", "once", 3400))))
    assert house.mimeo("support", "bank", "match", payment, other, json_out=True) == {"matched": False}
    house.bank.transfer(IBAN, 3400, reference=other, day=today())
    assert house.import_statement()["matched"] == before + 2
    unknown = house.mimeo("support", "bank", "match", "bank-" + "0" * 32, other, ok=False)
    assert unknown.returncode != 0 and "import its statement first" in unknown.stderr, unknown
    assert len(house.gifts("bank")) == before + 2
    # who paid stands nowhere
    assert disk_holds(house, ["Nadia Payer", "DE89370400440532013000", "a gift from"]) == set()


def test_a_gift_without_a_reference_can_be_booked_as_one(newsroom):
    house = newsroom
    before = len(house.gifts("bank"))
    house.bank.transfer(IBAN, 700, text="keep going", day=today())
    payment = house.import_statement()["unmatched"][0]["payment"]
    answer = house.ask("support", "POST", "/bank/match", {"payment": payment, "amount_minor": 700, "currency": "EUR"}, caller="desk")
    assert answer.status == 200, answer
    gifts = house.gifts("bank")
    assert len(gifts) == before + 1 and [one for one in gifts if one["amount_minor"] == 700 and one["frequency"] == "once"]


def test_statements_that_no_bank_wrote_are_refused(newsroom):
    house = newsroom
    before = len(house.gifts("bank"))
    bank = bank_rehearsal.Bank(IBAN)
    bank.transfer(IBAN, 900, text="of a bank", day=today())
    good = bank.statement()
    for bad, why in (("<!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>" + good.split("?>", 1)[1], "DOCTYPE"), (good[:-40], "no whole XML"),
                     (good.replace("camt.053", "camt.052"), "camt.053"), (good.replace(IBAN, "DE89370400440532013000"), "not of"), ("hello", "no whole XML")):
        done = house.import_statement(bad, ok=False)
        assert done.returncode == 2 and why in done.stderr, (why, done)
    assert len(house.gifts("bank")) == before


def test_readers_wait_for_no_years_statement(newsroom):
    """Many payments are taken some at a time: what is taken shows while the rest is not, and the room answers in between."""
    house, many = newsroom, 3000
    bank = bank_rehearsal.Bank(IBAN)
    for i in range(many):
        bank.transfer(IBAN, 100 + i, text="number %d" % i, day=today() - datetime.timedelta(days=1))
    said, seen = [], set()
    bringing = threading.Thread(target=lambda: said.append(house.import_statement(bank.statement())))
    with sqlite3.connect("file:%s?mode=ro" % house.path("data", "support", "support.db"), uri=True) as db:
        count = lambda: db.execute("SELECT count(*) FROM event WHERE rail = 'bank'").fetchone()[0]  # noqa: E731
        before = count()
        bringing.start()
        while bringing.is_alive():
            assert house.ask("support", "GET", "/totals").status == 200
            seen.add(count() - before)
    bringing.join()
    assert (said[0]["new"], said[0]["known"], len(said[0]["unmatched"])) == (many, 0, many)
    assert [one["text"] for one in said[0]["unmatched"]] == ["number %d" % i for i in range(many)]
    assert seen - {0, many}, "all in one piece"
    again = house.import_statement(bank.statement())
    assert (again["new"], again["known"], len(again["unmatched"])) == (0, many, many)


def test_the_transfers_code_is_read_by_a_telephone(newsroom, browsers):
    if not shutil.which("zbarimg"):
        pytest.skip("no zbarimg")
    house = newsroom
    where = to(house, house.give_by("bank", "monthly", 500))
    b = browsers(width=390, dark=True)
    b.get(where)
    path = os.path.join(house.folder, "qr.png")
    b.find_element("css selector", "svg.qr").screenshot(path)
    text = subprocess.run(["zbarimg", "-q", "--raw", "-Sbinary", path], capture_output=True, check=True).stdout.decode().rstrip("\n")
    order = bank_rehearsal.read_epc(text)
    assert order["iban"] == IBAN and order["minor"] == 500 and order["name"] == "The Tern Courier Foundation"
    assert order["reference"] == reference_on(ask_url("GET", where)).replace(" ", "")
    assert "standing order" in b.find_element("css selector", "main").text


# --- when one of them fails ---------------------------------------------------------------------------------------------------------------

def test_the_next_one_is_offered_with_everything_kept(newsroom):
    house = newsroom
    house.rehearse("POST", "fail", how="500", next=6, match="POST /v2/checkout")
    answer = house.give_by("paypal", "once", "own", own_once="17.50")
    house.rehearse("POST", "fail", next=0)
    assert answer.status in (502, 503), answer
    assert 'value="17.50"' in answer.text and "support/continue" in answer.text
    assert "Bitcoin" in main_text(answer) and "Nothing was taken" in main_text(answer)
    assert re.search(r'<button class="btn go" name="rail" value="btcpay"', answer.text), "Continue does not lead to the next one"


# --- in a browser (whole gifts: test_flows.py) ------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def stories(newsroom):
    for lang in ("en", "ru", "ar"):
        newsroom.mimeo("story", "import", newsroom.story("story-in-" + lang, lang=lang))
    newsroom.settle()
    return newsroom


def test_how_to_pay_is_for_everybody(stories, browsers):
    axe = os.path.join(ROOT, "tests", "node_modules", "axe-core", "axe.min.js")
    if not os.path.exists(axe):
        pytest.skip("no axe-core")
    house = stories
    for lang in ("en", "ru", "ar"):
        where = to(house, house.give_by("bank", "monthly", 500, lang=lang))
        for dark in (False, True):
            b = browsers(dark=dark, width=390)
            b.get(where)
            with open(axe, encoding="utf-8") as file:
                b.execute_script(file.read())
            found = b.execute_async_script("const done=arguments[0];axe.run().then(r=>done(r.violations.map(v=>v.id+': '+v.nodes.map(n=>n.target))))")
            assert found == [], (lang, dark, found)
            assert b.execute_script("return document.documentElement.scrollWidth<=innerWidth")


# --- those who pay by hand every month ------------------------------------------------------------------------------------------------------

def test_a_monthly_transfer_is_asked_for_late_paused_and_runs_again():
    with RailsHouse() as house:
        where = to(house, house.give_by("bank", "monthly", 500))
        page = ask_url("GET", where)
        reference = reference_on(page)
        contact = re.search(r'action="([^"]*manage/[a-z0-9]+)"', page.text).group(1)
        manage = urljoin(where, contact)
        done = ask_url("POST", manage, {"do": "contact", "email": "monthly@example.org"}, headers={"Sec-Fetch-Site": "same-origin"})
        assert done.status == 200, done
        paid = today()
        house.bank.transfer(IBAN, 500, reference=reference, day=paid)
        assert house.import_statement()["matched"] == 1
        house.mimeo("support", "push")
        assert house.ask("support", "GET", "/totals").json["monthly_supporters"] == 1

        def travel(days):
            house.stop()
            house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (days * 86400)
            house.serve()
            house.mimeo("support", "push")
        travel(29)
        mail = house.wait_mail("monthly@example.org", "due")
        assert "€5" in mail["text"] and manage.rsplit("/", 1)[1] in mail["text"], mail["text"]
        house.mimeo("support", "push")
        page = ask_url("GET", manage)
        assert "../renew/" in page.text, main_text(page)
        # a fresh invoice, by the page's button
        action = urljoin(manage, re.search(r'action="([^"]*renew/[a-z0-9]+)"', page.text).group(1))
        fresh = ask_url("POST", action, {}, headers={"Sec-Fetch-Site": "same-origin"})
        assert fresh.status == 303, fresh
        later = urljoin(action, fresh.headers["location"])
        second = reference_on(ask_url("GET", later))
        assert second != reference
        travel(29 + 25)
        assert house.wait_mail("monthly@example.org", "rests")
        assert len(house.mails("monthly@example.org")) == 3, [m["subject"] for m in house.mails("monthly@example.org")]  # thanks, due, rests
        # paid after all
        house.bank.transfer(IBAN, 500, reference=second, day=paid + datetime.timedelta(days=54))
        assert house.import_statement()["matched"] == 2
        house.mimeo("support", "push")
        assert house.ask("support", "GET", "/totals").json["monthly_supporters"] == 1
        assert "../renew/" not in ask_url("GET", manage).text
        done = ask_url("POST", manage, {"do": "cancel"}, headers={"Sec-Fetch-Site": "same-origin"})
        assert done.status == 200 and "ended" in main_text(done), done
        thanks = urljoin(later, "../thanks?t=" + later.rsplit("/", 1)[1])
        assert ask_url("GET", thanks).status == 200
        gone = ask_url("POST", manage, {"do": "erase-now"}, headers={"Sec-Fetch-Site": "same-origin"})
        assert gone.status == 200 and "nothing any more" in gone.text
        assert ask_url("GET", manage).status == 404 and ask_url("GET", thanks).status == 404, "a later invoice's page is still there"


# --- how they do ----------------------------------------------------------------------------------------------------------------------------

def test_the_rails_health_is_told(newsroom):
    house = newsroom
    house.press(to(house, house.give_by("btcpay", "once", 1600)), "pay")
    house.wait_rails_quiet()
    event = house.rehearse("GET", "events/btcpay")[-1]["id"]
    for _ in range(3):
        assert house.rehearse("POST", "send/btcpay/" + event, secret="another")["status"] == 403
    house.rehearse("POST", "fail", how="500", next=2, match="/api/v1/stores")
    assert house.give_by("btcpay", "once", 1600).status in (502, 503)
    house.rehearse("POST", "fail", next=0)
    rails = {one["rail"]: one for one in house.ask("support", "GET", "/rails", caller="desk").json["rails"]}
    assert set(rails) == {"stripe", "paypal", "btcpay", "monero", "bank"}
    btcpay = rails["btcpay"]
    assert btcpay["on"] and not btcpay["live"] and not btcpay["pulls"] and btcpay["last_event_day"] and not btcpay["silent"], btcpay
    assert btcpay["events"] >= 4 and btcpay["refused"] >= 3 and btcpay["failed"] >= 1 and btcpay["asked"] > btcpay["failed"], btcpay
    assert not rails["monero"]["on"] and "address" in rails["monero"]["say"]
    assert "TEST" in house.mimeo("support", "rails")
    checked = house.mimeo("check", ok=False)
    assert "Monero" in checked.stdout + checked.stderr, checked


def test_the_books_of_all_rails_are_what_their_facts_say(newsroom):
    house = newsroom
    house.wait_rails_quiet()
    said = house.mimeo("support", "check")
    assert "differ" not in said.lower(), said
    sums = {}
    for one in house.ask("support", "GET", "/ledger?limit=1").json["accounts"]:
        sums[one["currency"]] = sums.get(one["currency"], 0) + one["balance_minor"]
    assert sums and not any(sums.values()), sums


def test_a_silent_rail_raises_an_alarm():
    with RailsHouse() as house:
        house.stop()
        for day in range(0, 20, 2):  # events on every second day, then none for ten
            house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (day * 86400)
            house.serve()
            house.rehearse("POST", "clock", ahead=day * 86400)
            assert house.give_by("btcpay", "once", 1000).status == 303
            house.wait_rails_quiet()
            house.ask("support", "GET", "/rails")
            house.stop()
        for day, silent in ((20, False), (40, True)):
            house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (day * 86400)
            house.serve()
            one = next(one for one in house.ask("support", "GET", "/rails").json["rails"] if one["rail"] == "btcpay")
            assert one["silent"] is silent and (("silent" in (one["alarm"] or "")) is silent), one
            house.stop()
