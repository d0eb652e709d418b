"""rail_scenes: a Continue and what follows from it by PayPal, BTCPay, Monero and bank transfer, with the support room under fault.

Like the scene `gift` (scenes.py), which has Stripe's. Where a provider tells by webhooks, its rehearsal (tests/rails) tells again until it is
answered 200; where a treasurer brings a list, they bring it again. Run by torture, one process.

SPDX-License-Identifier: ISC
"""
import datetime
import os
import re
import sys
from collections import Counter
from urllib.parse import urljoin

from scenes import RIGHTLY, Gift, must, quietly
from house import ROOT, ask_url, wait_for
from rails import IBAN, RailsHouse, main_text

sys.path.insert(0, os.path.join(ROOT, "tests", "rails"))
import monero as monero_rehearsal  # noqa: E402

SETTLES_S = 80                                   # a room that the disk refused something looks again at its next minute


class ByRail(Gift):
    """One Continue; the money; the thanks page."""
    lives_in, freq = RailsHouse, "once"

    def __init__(self):
        self.settings = {"support.rails": self.rail}
        super().__init__()

    def prepare(self):
        super().prepare()
        self.minor, self.where = self.amount, None

    def things(self):
        """What the provider has of this turn: {id: our checkout's id}."""
        return {}

    def is_paid_once(self):
        return True

    def press_continue(self):
        answer = quietly(self.house.give_by, self.rail, self.freq, self.amount)
        if answer is None or answer.status != 303:
            return False
        self.where = urljoin(self.house.site + "/support/continue", answer.headers["location"])
        self.session = self.begun()
        return self.session is not None

    def begun(self):
        """The provider's, whose page the reader was sent to."""
        return self.where.rsplit("=", 1)[-1].rsplit("/", 1)[-1]

    def is_quiet(self):
        return self.house.rehearse("GET", "pending")["pending"] == 0

    def booked(self):
        return self.rows("SELECT c.id, k.state FROM contribution c JOIN checkout k ON k.id = c.checkout WHERE k.rail = ? AND c.amount_minor = ?", self.rail, self.minor)

    def thanks(self):
        """The page that says thanks, or None."""
        page = quietly(ask_url, "GET", self.thanks_url())
        if page is not None and page.status == 303:
            page = quietly(ask_url, "GET", urljoin(self.thanks_url(), page.headers["location"]))
        return page if page is not None and page.status == 200 and "Thank you for" in page.text else None

    def act(self):
        if self.press_continue():
            self.pay()
            self.until(lambda: self.is_quiet() and self.booked(), 30, "webhooks wait, or the money is not booked")

    def again(self):
        if self.session is None:
            must(self.press_continue(), "Continue again is refused")
        if not self.is_paid:
            self.pay()
        wait_for(lambda: self.is_quiet() and self.booked(), SETTLES_S, why=lambda: "webhooks wait: %s; booked: %s; events: %s" % (
            not self.is_quiet(), self.booked(), self.rows("SELECT type, state, count(*) FROM event GROUP BY type, state")))

    def holds(self, faults):
        booked = self.booked()
        must(len(booked) == 1 and booked[0][1] == "paid", lambda: "booked %d times: %s" % (len(booked), booked))
        kinds = Counter(kind for kind, in self.rows("SELECT kind FROM booking WHERE contribution = ?", booked[0][0]))
        must(kinds["contribution"] == 1 and kinds["fee"] <= 1, "bookings: %s" % dict(kinds))
        known = {str(one) for one, in self.rows("SELECT id FROM checkout")}
        strange = [thing for thing, checkout in self.things().items() if checkout not in known]
        must(not strange, "at the provider without a row: %s" % strange)
        must(len(self.things()) <= 1 + faults or not faults, lambda: "%d at the provider after %d faults" % (len(self.things()), faults))
        must(self.is_paid_once(), "paid twice")
        wait_for(self.thanks, 10, why=lambda: "the reader is not thanked: %s" % main_text(ask_url("GET", self.thanks_url()))[-400:])
        must(not self.rows("SELECT 1 FROM event WHERE state = 'parked'"), "an event is parked")
        self.books()

    def is_settled(self):
        return not self.rows("SELECT 1 FROM ask WHERE next_us < 9223372036854775807") and not self.rows("SELECT 1 FROM mandate WHERE state <> 'ended'")

    def finish(self):
        """The whole is what the events say, and nothing is left to be asked."""
        wait_for(self.is_settled, SETTLES_S, 0.2, why=lambda: "still asked: %s; mandates: %s" % (self.rows("SELECT tries FROM ask"), self.rows("SELECT state FROM mandate")))
        must(self.house.mimeo("support", "check", json_out=True)["is_same"], "the books are not what the events come to")
        self.books()
        self.is_sound()


class ByPage(ByRail):
    """At a page of the provider's; its rehearsal knows what was begun there, and for how much."""
    listed, press = "", ""                       # what it lists those as; how they are paid

    def begun_there(self):
        price = "%d.%02d" % divmod(self.amount, 100)
        return [one for one in self.house.rehearse("GET", self.listed) if self.price(one) == price]

    def things(self):
        return {one["id"]: self.checkout(one) for one in self.begun_there()}

    def thanks_url(self):
        return self.way_back(next(one for one in self.begun_there() if one["id"] == self.session))

    def pay(self):
        self.house.rehearse("POST", self.press + self.session)
        self.is_paid = True

    def is_paid_once(self):
        return sum(self.has_paid(one["status"]) for one in self.begun_there()) == 1


class Paypal(ByPage):
    """An order; the payer approves it; PayPal's word of that makes the room take the money, and another word says that it was taken."""
    name, rail, listed, press = "paypal", "paypal", "orders", "paypal/approve/"

    def price(self, order):
        return order["purchase_units"][0]["amount"]["value"]

    def checkout(self, order):
        return order["purchase_units"][0]["custom_id"]

    def way_back(self, order):
        return order["_context"]["return_url"]

    def has_paid(self, status):
        return status == "COMPLETED"


class PaypalMonthly(ByPage):
    """A subscription that the payer approves, its first money, and the keep-this link's button."""
    name, rail, freq, listed, press = "paypal-monthly", "paypal", "monthly", "subscriptions", "paypal/subscribe/"

    def price(self, subscription):
        return subscription["_price"]["value"]

    def checkout(self, subscription):
        return subscription["custom_id"]

    def way_back(self, subscription):
        return subscription["_context"]["return_url"]

    def has_paid(self, status):
        return status != "APPROVAL_PENDING"

    def act(self):
        super().act()
        if self.is_paid and not self.ended():
            self.cancel()
            self.until(self.is_quiet, 15, "webhooks wait")

    def again(self):
        super().again()
        if not self.is_cancelled:
            self.cancel()
        wait_for(self.is_quiet, SETTLES_S, why="webhooks wait")

    def finish(self):
        super().finish()
        running = [one["id"] for one in self.house.rehearse("GET", "subscriptions") if one["status"] == "ACTIVE"]
        must(not running, "still running at the provider: %s" % running)


class Btcpay(ByPage):
    """An invoice, and the server's words of its life."""
    name, rail, listed, press = "btcpay", "btcpay", "invoices", "btcpay/pay/"

    def price(self, invoice):
        return invoice["amount"]

    def checkout(self, invoice):
        return invoice["metadata"]["orderId"]

    def way_back(self, invoice):
        return invoice["checkout"]["redirectURL"]

    def has_paid(self, status):
        return status == "Settled"


class Brought(ByRail):
    """Instructions instead of a provider's page; the treasurer brings what came."""

    def bring(self):
        """The import's answer; None where it failed, which it must say."""
        done = quietly(self.imported)
        if done is None or done.returncode != 0:
            must(done is None or "mimeo: " in done.stderr, lambda: "an import ended with %d and said %r" % (done.returncode, done.stderr[-300:]))
            return None
        return done

    def begun(self):
        page = quietly(ask_url, "GET", self.where)
        return self.read_page(page) if page is not None and page.status == 200 else None

    def thanks_url(self):
        return self.where

    def is_quiet(self):
        return True

    def act(self):
        if self.press_continue():
            self.pay()
            self.bring()

    def again(self):
        if self.session is None:
            must(self.press_continue(), "Continue again is refused")
        if not self.is_paid:
            self.pay()
        for _ in range(2):                       # what was brought twice is known
            must(self.bring() is not None, "bringing it again is refused")
        must(self.booked(), lambda: "brought twice and not booked; events: %s" % self.rows("SELECT type, state, count(*) FROM event GROUP BY type, state"))


class Bank(Brought):
    """A transfer with its reference, and the bank's statement."""
    name, rail = "bank", "bank"

    def read_page(self, page):
        return re.search(r"RF[0-9]{2} [0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]\b", main_text(page)).group(0)

    def pay(self):
        self.came = self.house.bank.transfer(IBAN, self.amount, reference=self.session, day=datetime.date.today())
        self.is_paid = True

    def imported(self):
        return self.house.import_statement(self.house.bank.statement([self.came]), ok=False)


class Monero(Brought):
    """Addresses of the treasurer's wallet, a transfer to the one that the reader was shown, and the wallet's list."""
    name, rail = "monero", "monero"
    rightly = RIGHTLY + ("unused addresses are left",)

    def open(self):
        self.wallet, self.shown = monero_rehearsal.Wallet(), set()
        return super().open()

    def prepare(self):
        super().prepare()
        self.made, self.is_uploaded = self.wallet.make(3), False   # as many as a turn can use up

    def file(self, name, text):
        path = os.path.join(self.house.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def upload(self):
        done = self.house.mimeo("support", "monero", "addresses", self.file("addresses", "\n".join(self.made)), ok=False)
        must(done.returncode == 0 or "mimeo: " in done.stderr, lambda: "uploading ended with %d and said %r" % (done.returncode, done.stderr[-300:]))
        self.is_uploaded = done.returncode == 0
        return self.is_uploaded

    def read_page(self, page):
        words = main_text(page)
        address = next(one for one in self.wallet.addresses if one in words)
        must(address not in self.shown, "two gifts got one address")
        self.shown.add(address)
        self.minor = round(float(re.search(r"([0-9.]+) XMR", words).group(1)) * 10 ** 12) + self.serial   # a little more, so that each sum is one turn's
        return address

    def pay(self):
        self.came = self.wallet.receive(self.session, self.minor)
        self.is_paid = True

    def imported(self):
        return self.house.mimeo("support", "monero", "import", self.file("transfers.json", self.wallet.listed([self.came])), ok=False)

    def act(self):
        if self.upload():
            super().act()

    def again(self):
        must(self.is_uploaded or self.upload(), "uploading again is refused")
        super().again()


RAIL_SCENES = (Paypal, PaypalMonthly, Btcpay, Bank, Monero)
