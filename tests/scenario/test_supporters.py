"""What a supporter hears from us, and what they can show: mails once each, receipts and statements as page and PDF, the end of an address.
SPDX-License-Identifier: ISC
"""
import datetime
import os
import re
import shutil
import subprocess
import time
import urllib.parse

import pytest
from house import House, ask_url, stay_on_one_day, wait_for


@pytest.fixture(scope="module")
def newsroom():
    with House() as house:
        yield house


def own_page(house, freq="monthly", amount=500, lang="en"):
    """A gift that was paid: its session's id and the address of the giver's own page."""
    at = house.post("/support/continue", {"freq": freq, "a_once": "1000", "a_monthly": "500", "a_annual": "5000", "own_once": "", "own_monthly": "", "own_annual": "",
                                          "lang": lang, "back": "/", "a_" + freq: str(amount)})
    assert at.status == 303, at
    session = at.headers["location"].rsplit("/", 1)[1].split("#")[0]
    paid = ask_url("POST", at.headers["location"], {"do": "pay", "email": ""}, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60)
    house.wait_books_quiet()
    found = wait_for(lambda: re.search(r'href="[^"]*support/manage/([^"/]+)"', ask_url("GET", paid.headers["location"]).text), 15,
                     why=lambda: "no keep-this link: " + ask_url("GET", paid.headers["location"]).text[-2000:])
    return session, house.site + "/support/manage/" + found.group(1)


def press(url, **form):
    return ask_url("POST", url, form, headers={"Sec-Fetch-Site": "same-origin"})


def tell(house):
    """What there is to be told, now; again while another run is under way."""
    def run():
        answer = house.ask("support", "POST", "/notices/run", "{}", headers={"Content-Type": "application/json"})
        return answer.json if answer.status == 200 else None
    return wait_for(run, 10)


def told(house, address, count):
    """Tells what there is to be told, until that address has so many mails. (The room's own clock may have told it a moment before.)"""
    wait_for(lambda: tell(house) and len(house.mails(address)) >= count, 20, why=lambda: "%d mails; %s" % (count, [m["subject"] for m in house.mails(address)]))
    return house.mails(address)


def handed(house):
    """How many were handed to the newsletter so far."""
    said = subprocess.run(["sqlite3", "-readonly", house.path("data", "support", "support.db"), "SELECT count(*) FROM notice WHERE state = 'handed'"],
                          capture_output=True, text=True, check=True).stdout
    return int(said)


def mails_to(house, address, count, seconds=20):
    wait_for(lambda: len(house.mails(address)) >= count, seconds, why=lambda: [m["subject"] for m in house.mails()])
    return house.mails(address)


def subscription_of(house, session):
    return next(s for s in house.stripe("GET", "sessions") if s["id"] == session)["subscription"]


def test_who_leaves_no_address_is_told_nothing(newsroom):
    own_page(newsroom)
    assert tell(newsroom)["handed"] == 0


def test_thanks_renewal_and_end_are_each_told_once(newsroom):
    house, address = newsroom, "thankful@example.org"
    session, own = own_page(house, "monthly", 500)
    assert press(own, do="contact", email=address).status == 200
    tell(house)
    thanks = mails_to(house, address, 1)[0]
    assert thanks["subject"] == "Thank you for supporting The Tern Courier"
    assert "$5" in thanks["text"] and own in thanks["text"] and "/support/receipt/" in thanks["text"]
    for _ in range(2):
        assert tell(house)["handed"] == 0
    house.stripe("POST", "advance/" + subscription_of(house, session))
    house.wait_books_quiet()
    # A day is the smallest that the books know: a renewal on the day of the first gift is told as a first one.
    told(house, address, 2)
    assert press(own, do="cancel").status == 200
    ended = told(house, address, 3)
    assert any("ended" in one["subject"] for one in ended), [one["subject"] for one in ended]
    assert tell(house)["handed"] == 0
    time.sleep(0.5)
    assert len(house.mails(address)) == 3


def test_money_that_went_back_is_told_with_the_sum(newsroom):
    house, address = newsroom, "refunded@example.org"
    session, own = own_page(house, "once", 2500)
    press(own, do="contact", email=address)
    tell(house)
    mails_to(house, address, 1)
    charge = next(o for o in house.stripe("GET", "objects") if o["object"] == "charge" and o["amount"] == 2500)
    house.stripe("POST", "refund/" + charge["id"])
    house.wait_books_quiet()
    back = next(m for m in told(house, address, 2) if "money back" in m["subject"])
    assert "$25" in back["text"]


def test_a_debit_that_failed_is_told_at_the_second_try_and_the_last(newsroom):
    house, address = newsroom, "no-money@example.org"
    session, own = own_page(house, "monthly", 500)
    assert press(own, do="contact", email=address).status == 200
    tell(house)
    mails_to(house, address, 1)
    subscription = subscription_of(house, session)
    so_far = [handed(house)]
    for what in ("advance-failing/", "refuse-again/", "refuse-again/", "refuse-again/"):
        house.stripe("POST", what + subscription)
        house.wait_books_quiet()
        tell(house)
        so_far.append(handed(house))
    assert [after - before for before, after in zip(so_far, so_far[1:])] == [0, 1, 0, 1], so_far
    mails = {one["subject"]: one["text"] for one in mails_to(house, address, 3)}
    again = mails["Your support for The Tern Courier did not come through"]
    assert "We could not take $5." in again and "It is tried again" in again and own in again, again
    last = mails["Your support for The Tern Courier is about to end"]
    assert "we will not try again" in last and own in last, last
    house.stripe("POST", "retry/" + subscription)
    house.wait_books_quiet()


def test_a_card_that_expires_is_told_once(house):
    stay_on_one_day()
    address = "old-card@example.org"
    session, own = own_page(house, "monthly", 500)
    assert press(own, do="contact", email=address).status == 200
    until = datetime.datetime.now(datetime.timezone.utc).date()  # its last day is at most thirty days ahead
    house.stripe("POST", "card/" + subscription_of(house, session), year=until.year, month=until.month)
    wait_for(lambda: tell(house) and len(house.mails(address)) == 2, 20, 0.3, why=lambda: house.stripe("GET", "calls")[-4:])
    mail = next(one for one in mails_to(house, address, 2) if "expires soon" in one["subject"])
    month = until.replace(day=28) + datetime.timedelta(days=4)
    last = month - datetime.timedelta(days=month.day)
    assert "expires on" in mail["text"] and "%d %s %d" % (last.day, last.strftime("%B"), last.year) in mail["text"], mail["text"]
    assert "The next $5" in mail["text"] and own in mail["text"] and "4242" not in mail["text"], mail["text"]

    def asked():
        return len([one for one in house.stripe("GET", "calls") if "default_payment_method" in one["query"]])
    first = asked()
    for days in (0, 15):  # asked about again after two weeks, told no second time
        if days:
            house.stop()
            house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (days * 86400)
            house.serve()
        wait_for(lambda: (tell(house)["handed"], asked()) == (0, first + (1 if days else 0)), 20, 0.2, why=lambda: "asked %d times, before that %d" % (asked(), first))
        for _ in range(3):
            assert tell(house)["handed"] == 0
            time.sleep(0.2)
        assert asked() == first + (1 if days else 0), "each card is asked about once in two weeks"


def test_an_annual_debit_is_told_before(house):
    stay_on_one_day()
    address = "yearly@example.org"
    _, own = own_page(house, "annual", 5000)
    assert press(own, do="contact", email=address).status == 200
    tell(house)
    mails_to(house, address, 1)
    thanked = handed(house)
    for days, more in ((340, 0), (355, 1), (356, 1)):
        house.stop()
        house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (days * 86400)
        house.serve()
        tell(house)
        assert handed(house) == thanked + more, days
    mail = next(one for one in mails_to(house, address, 2) if "due soon" in one["subject"])
    today = datetime.datetime.now(datetime.timezone.utc).date()
    assert "%s %d" % (today.strftime("%B"), today.year + 1) in mail["text"] and "It is $50." in mail["text"] and own in mail["text"], mail["text"]
    assert "TERN COURIER" in mail["text"], "what the bank statement will show"


@pytest.mark.parametrize("lang,word", [("ru", "Спасибо"), ("ar", "شكرا")])
def test_mails_speak_the_givers_language(newsroom, lang, word):
    house, address = newsroom, "in-%s@example.org" % lang
    _, own = own_page(house, "once", 1000, lang)
    press(own, do="contact", email=address)
    tell(house)
    mail = mails_to(house, address, 1)[0]
    assert word in mail["text"] and 'lang="%s"' % lang in mail["html"], mail["text"]


def test_who_wants_no_mails_any_more_gets_none(newsroom):
    house, address = newsroom, "enough@example.org"
    session, own = own_page(house, "monthly", 500)
    press(own, do="contact", email=address)
    tell(house)
    mails_to(house, address, 1)
    assert press(own, **{"do": "no-contact"}).status == 200
    house.stripe("POST", "advance/" + subscription_of(house, session))
    house.wait_books_quiet()
    for _ in range(3):
        assert tell(house)["handed"] == 0


def receipt_of(own):
    page = ask_url("GET", own).text
    return urllib.parse.urljoin(own, re.search(r'href="(\.\./receipt/[^"]+/c-[0-9a-f]{8})"', page).group(1))


def text_of_pdf(pdf, folder):
    path = os.path.join(folder, "one.pdf")
    with open(path, "wb") as file:
        file.write(pdf)
    return subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True).stdout.decode()


def test_a_receipt_is_a_page_and_a_pdf_with_a_name_that_is_not_kept(newsroom, tmp_path):
    house = newsroom
    _, own = own_page(house, "once", 1000)
    receipt = receipt_of(own)
    page = ask_url("GET", receipt)
    assert page.status == 200 and "$10.00" in page.text and "TEST" in page.text and page.headers["cache-control"] == "no-store"
    name = "Wilhelmina Quisenberry"
    pdf = press(receipt, name=name)
    assert pdf.status == 200 and pdf.headers["content-type"] == "application/pdf" and pdf.body.startswith(b"%PDF-"), pdf
    assert "attachment" in pdf.headers["content-disposition"]
    if shutil.which("pdftotext"):
        text = text_of_pdf(pdf.body, str(tmp_path))
        assert name in text and "$10.00" in text and "TEST" in text, text
    found = subprocess.run(["grep", "-rl", "--text", "Quisenberry", house.home], capture_output=True, text=True, check=False).stdout
    assert found == "", "the name is on disk: " + found
    assert "Quisenberry" not in house.log()


def test_a_year_has_a_statement(newsroom, tmp_path):
    house = newsroom
    _, own = own_page(house, "annual", 5000)
    page = ask_url("GET", own).text
    href = re.search(r'href="(\.\./receipt/[^"]+/20\d\d)"', page).group(1)
    statement = urllib.parse.urljoin(own, href)
    shown = ask_url("GET", statement)
    assert shown.status == 200 and shown.text.count("$50.00") >= 2, "gift and sum"
    pdf = press(statement)
    assert pdf.body.startswith(b"%PDF-")
    empty = ask_url("GET", statement[:-4] + "2019")
    assert empty.status == 200 and "No gift of yours" in empty.text


def test_what_a_bank_took_back_is_on_no_statement(newsroom):
    house = newsroom
    _, own = own_page(house, "once", 4300)
    charge = next(o for o in house.stripe("GET", "objects") if o["object"] == "charge" and o["amount"] == 4300)
    dispute = house.stripe("POST", "dispute/" + charge["id"])
    house.wait_books_quiet()
    row = lambda: re.search(r"<li><a [^>]*>\$43\.00</a>[^<]*", ask_url("GET", own).text).group(0)
    assert "back" not in row(), "nothing went back while the bank asks: " + row()
    house.stripe("POST", "dispute-lost/" + dispute["id"])
    house.wait_books_quiet()
    wait_for(lambda: "· given back" in row(), 10, why=row)
    page = ask_url("GET", own).text
    statement = ask_url("GET", urllib.parse.urljoin(own, re.search(r'href="(\.\./receipt/[^"]+/20\d\d)"', page).group(1))).text
    assert "$43.00" not in statement and statement.count("$0.00") == 2, "a tax office is told of money that the bank took back"
    assert "Given back" in ask_url("GET", receipt_of(own)).text


@pytest.mark.parametrize("lang,label", [("ru", "Квитанция"), ("ar", None)])
def test_receipts_are_set_in_other_scripts(newsroom, tmp_path, lang, label):
    _, own = own_page(newsroom, "once", 1000, lang)
    pdf = press(receipt_of(own), name="Иван Петров" if lang == "ru" else "ليلى حداد")
    assert pdf.body.startswith(b"%PDF-")
    if label and shutil.which("pdftotext"):
        text = text_of_pdf(pdf.body, str(tmp_path))
        assert label in text and "Иван Петров" in text, text


def test_receipts_of_others_and_nonsense(newsroom):
    house = newsroom
    _, mine = own_page(house, "once", 1000)
    _, yours = own_page(house, "once", 1000)
    token = mine.rsplit("/", 1)[1]
    other = receipt_of(yours).rsplit("/", 1)[1]
    assert ask_url("GET", house.site + "/support/receipt/%s/%s" % (token, other)).status == 404
    for what in ("c-00000000", "x", "2026x", "%2e%2e", "c-" + "f" * 300):
        assert ask_url("GET", house.site + "/support/receipt/%s/%s" % (token, what)).status in (400, 404)
    assert ask_url("GET", house.site + "/support/receipt/nobody/2026").status == 404
    for name in ("x" * 121, "two\nlines", "tab\there"):
        answer = press(receipt_of(mine), name=name)
        assert answer.status == 422 and "application/pdf" not in answer.headers["content-type"], answer
    markup = press(receipt_of(mine), name="<b>&amp;</b>\\")
    assert markup.body.startswith(b"%PDF-")


def test_nothing_that_was_typed_is_on_disk(newsroom):
    house = newsroom
    tell(house)
    house.wait_books_quiet()
    wait_for(lambda: house.ask("newsletter", "GET", "/status").status == 200, 5)
    for address in ("thankful@example.org", "refunded@example.org", "enough@example.org"):
        found = subprocess.run(["grep", "-rl", "--text", address, house.home], capture_output=True, text=True, check=False).stdout
        assert found == "", "%s is on disk: %s" % (address, found)


def test_thirteen_months_after_the_last_gift_the_address_is_gone(house):
    address = "long-ago@example.org"
    _, own = own_page(house, "once", 1000)
    press(own, do="contact", email=address)
    tell(house)
    mails_to(house, address, 1)
    held = lambda: int(subprocess.run(["sqlite3", "-readonly", house.path("data", "support", "support.db"), "SELECT count(*) FROM contact"],
                                      capture_output=True, text=True, check=True).stdout)
    assert held() == 1
    for days, left in ((390, 1), (400, 0)):
        house.stop()
        house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (days * 86400)
        house.serve()
        assert house.ask("support", "POST", "/jobs/daily", "{}", headers={"Content-Type": "application/json"}).status == 200
        assert held() == left, days
    assert ask_url("GET", own).status == 200, "the books and the link stay"
