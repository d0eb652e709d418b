"""rails: a newsroom that takes more than cards: PayPal and BTCPay rehearsed, a bank account, Monero.
SPDX-License-Identifier: ISC
"""
import json
import os
import re
import sys

from house import KEY, ROOT, WEBHOOK_SECRET, House, ask_url, free_ports, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests", "rails"))
import bank as bank_rehearsal  # noqa: E402

IBAN = "NL91ABNA0417164300"
CLIENT, CLIENT_SECRET, WEBHOOK_ID = "client_scenario", "secret_scenario", "8PT597110X687430LKGECATA"
BTC_KEY, STORE, BTC_SECRET = "key_scenario", "9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776", "hook_scenario"
MONTHLY, ANNUAL = "P-5ML4271244454362WXNWU5NQ", "P-94458432VR012762KRWUZBIY"


class RailsHouse(House):
    def __init__(self, settings=None, **options):
        self.rails_port = free_ports(1)
        self.rails = "http://127.0.0.1:%d" % self.rails_port
        self.bank = bank_rehearsal.Bank(IBAN)
        super().__init__({"support.rails": "stripe, paypal, btcpay, monero, bank", "support.currency": "EUR", "support.paypal_api": self.rails,
                          "support.paypal_checkout": self.rails, "support.paypal_certs": self.rails, "support.btcpay_url": self.rails,
                          "support.monero_rate": "158.30", "support.bank_name": "The Tern Courier Foundation", "support.bank_iban": "NL91 ABNA 0417 1643 00",
                          "support.bank_bic": "ABNANL2A", **(settings or {})}, **options)
        with open(self.path("secrets", "support.conf"), "w", encoding="ascii") as file:
            file.write("[stripe]\nkey = %s\nwebhook_secret = %s\n[paypal]\nclient_id = %s\nclient_secret = %s\nwebhook_id = %s\nplan_monthly = %s\nplan_annual = %s\n"
                       "[btcpay]\nkey = %s\nstore = %s\nwebhook_secret = %s\n" % (KEY, WEBHOOK_SECRET, CLIENT, CLIENT_SECRET, WEBHOOK_ID, MONTHLY, ANNUAL, BTC_KEY, STORE, BTC_SECRET))

    def start_helpers(self):
        if not self.helpers:
            self.spawn([os.path.join(ROOT, "tests/rails/server.py"), "--port", str(self.rails_port), "--site", self.site, "--paypal-client", CLIENT, "--paypal-secret",
                        CLIENT_SECRET, "--paypal-webhook", WEBHOOK_ID, "--btcpay-key", BTC_KEY, "--btcpay-store", STORE, "--btcpay-secret", BTC_SECRET, "--retry", "0.1,0.2,0.5"], "rails: ready")
            rehearsal, self.helpers = self.helpers, []
            super().start_helpers()
            self.helpers += rehearsal

    def rehearse(self, method, path, **asked):
        return ask_url(method, "%s/_test/%s" % (self.rails, path), json.dumps(asked) if method == "POST" else None, timeout=300).json

    def give_by(self, rail, freq="once", amount=1000, lang="en", **more):
        """Presses Continue for a rail: the answer."""
        form = {"freq": freq, "a_once": "1000", "a_monthly": "500", "a_annual": "5000", "own_once": "", "own_monthly": "", "own_annual": "", "lang": lang, "back": "/", "rail": rail}
        form["a_" + freq] = str(amount)
        return self.post("/support/continue", dict(form, **more))

    def press(self, url, do):
        return ask_url("POST", url, {"do": do}, headers={"Sec-Fetch-Site": "same-origin"}, timeout=300)

    def wait_rails_quiet(self, seconds=20):
        """Events are through, and what is asked after them is answered."""
        def is_quiet():
            return self.rehearse("GET", "pending")["pending"] == 0
        for quiet in (is_quiet, lambda: self.ask("support", "GET", "/health").json["asks_open"] == 0, is_quiet):
            wait_for(quiet, seconds, why=lambda: "webhooks still wait: %s" % [
                (e["payload"].get("event_type") or e["payload"].get("type"), e["answers"]) for which in ("paypal", "btcpay") for e in self.rehearse("GET", "events/" + which)][-8:])

    def gifts(self, method=None):
        return [one for one in self.ask("support", "GET", "/contributions?limit=1000").json["contributions"] if method in (None, one["method"])]

    def wait_gift(self, method, count=1, seconds=15):
        return wait_for(lambda: len(self.gifts(method)) >= count and self.gifts(method), seconds, why=lambda: "gifts: %s; log:\n%s" % (self.gifts(), self.log()[-1500:]))

    def thanks(self, url, seconds=15):
        """The thanks page once it says thanks."""
        return wait_for(lambda: (lambda page: page.status == 200 and "Thank you for" in page.text and page)(ask_url("GET", url)), seconds, 0.3,
                        why=lambda: ask_url("GET", url).text[-1500:])

    def import_statement(self, text=None, ok=True):
        path = os.path.join(self.folder, "statement.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.bank.statement() if text is None else text)
        return self.mimeo("support", "bank", "import", path, json_out=ok, ok=ok)


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


def main_text(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
