#!/usr/bin/python3
"""forge: words that the payment provider never said, thrown at a living house by the thousand; and its own words, repeated and out of order.

usage: tests/fault/forge.py [--count N] [--seed S]      N forgeries of each kind (default 150)

A gift is paid at the rehearsal while its webhooks are held back: whoever gets one forgery accepted has booked it. Half of the forgeries go
to the public port, half straight to the support room's socket. Each kind is one claim; the last line is "N passed, N failed".
SPDX-License-Identifier: ISC
"""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import random
import sqlite3
import sys
import threading
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "scenario"), os.path.join(ROOT, "tests", "stripe")]
from house import KEY, WEBHOOK_SECRET, House, UnixConnection, wait_for  # noqa: E402
from webhooks import payload_of, sign  # noqa: E402

PATH = "/support/webhook/stripe"
TABLES = ("checkout", "mandate", "contribution", "refund", "dispute", "renewal", "payout", "payout_part", "account", "booking", "entry")


class Forge:
    def __init__(self, house, options):
        self.house, self.count = house, options.count
        self.rng = random.Random(options.seed)
        self.passed = self.failed = 0
        self.lines = {}
        self.genuine, self.held = [], []

    # --- the house and its books ---

    def books(self, tables=TABLES):
        db = sqlite3.connect("file:%s?mode=ro" % self.house.path("data", "support", "support.db"), uri=True, timeout=5)
        try:
            return {table: sorted(repr(row) for row in db.execute("SELECT * FROM " + table)) for table in tables}
        finally:
            db.close()

    def parked(self):
        return sum("'parked'" in row for row in self.books(("event",))["event"])

    def post(self, payload, signature, path=PATH, kind="application/json", public=None, method="POST"):
        """The status; 0 where the connection was cut without an answer."""
        headers = {"Content-Type": kind}
        if signature is not None:
            headers["Stripe-Signature"] = signature
        public = self.rng.random() < 0.5 if public is None else public
        name = (threading.get_ident(), public)
        for attempt in (0, 1):
            line = self.lines.get(name)
            if line is None:
                line = self.lines[name] = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=20) if public else \
                    UnixConnection(self.house.path("run", "support.front.sock"), 20)
            try:
                line.request(method, path, payload, headers)
                answer = line.getresponse()
                answer.read()
                if answer.will_close:
                    line.close()
                    self.lines.pop(name)
                return answer.status
            except (OSError, http.client.HTTPException):
                line.close()
                self.lines.pop(name, None)
                if attempt:
                    return 0
        return 0

    def say(self, kind, trouble, count):
        self.passed += not trouble
        self.failed += bool(trouble)
        print("%s forge: %s (%d)%s" % ("FAIL" if trouble else "  ok", kind, count, ": " + trouble if trouble else ""), flush=True)

    # --- what can be wrong ---

    def event(self):
        """The payload of a word that the house has not heard yet, mostly."""
        return payload_of(self.rng.choice(self.held if self.held and self.rng.random() < 0.7 else self.genuine))

    def now(self):
        return int(time.time())

    def bare(self):
        return self.event(), self.rng.choice([None, "", " ", "t=,v1=", "v1=", "t=%d" % self.now(), "v1=" + "0" * 64, "t=%d,v1=" % self.now(), ",,,,", "=" * 200, "t=%d,v1=%s" % (
            self.now(), "0" * 64), "t=%d," % self.now() + ",".join("v1=%064x" % self.rng.getrandbits(256) for _ in range(8)), "x" * 3000, "t" * 100, "\x7f\xff"])

    def other_secret(self):
        word = WEBHOOK_SECRET
        secret = self.rng.choice([KEY, "whsec_rehearsal", "whsec_", "", word[:-1], word + " ", word + "\n", word.upper(), word[6:], "\0" + word, "whsec_%x" % self.rng.getrandbits(200),
                                  base64.b64encode(word.encode()).decode(), hashlib.sha256(word.encode()).hexdigest()])
        payload = self.event()
        return payload, sign(payload, [secret] * self.rng.choice([1, 1, 2]), self.now())

    def other_bytes(self):
        payload = self.event()
        signature = sign(payload, [WEBHOOK_SECRET], self.now())
        changed = bytearray(payload)
        how = self.rng.randrange(7)
        if how == 0:
            changed[self.rng.randrange(len(changed))] ^= 1 << self.rng.randrange(8)
        elif how == 1:
            del changed[self.rng.randrange(1, len(changed)):]
        elif how == 2:
            changed += self.rng.choice([b"\n", b" ", b"\0", b"{}", b"}"])
        elif how == 3:
            changed = bytearray(json.dumps(json.loads(payload)).encode())
        elif how == 4:
            changed = bytearray(payload.replace(b"\"amount", b"\"Amount", 1) if b"\"amount" in payload else payload + b" ")
        elif how == 5:
            changed = bytearray(b"")
        else:
            changed = bytearray(self.event())
        return (bytes(changed), signature) if bytes(changed) != payload else (payload + b"\t", signature)

    def other_time(self):
        payload = self.event()
        good = self.now()
        if self.rng.random() < 0.5:      # signed properly, long ago or not yet
            stamp = good + self.rng.choice([-1, 1]) * self.rng.choice([310, 600, 3600, 86400, 10 ** 9, 10 ** 12])
            stamp = max(stamp, 0)
            return payload, sign(payload, [WEBHOOK_SECRET], stamp)
        mac = sign(payload, [WEBHOOK_SECRET], good - 4000).split("v1=")[1]
        return payload, self.rng.choice(["t=%d,v1=%s", "t=%d,v1=%s,t=" + str(good - 4000), "t= %d,v1=%s", "t=%d.0,v1=%s", "t=+%d,v1=%s", "t=0%d,v1=%s", "t=%d%%20,v1=%s"]) % (good, mac)

    def other_scheme(self):
        payload = self.event()
        stamp = self.now()
        text = b"%d." % stamp + payload
        mac = hmac.new(WEBHOOK_SECRET.encode(), text, hashlib.sha256).hexdigest()
        return payload, "t=%d,%s" % (stamp, self.rng.choice([
            "v0=" + mac, "v2=" + mac, "V1=" + mac, "v1 =" + mac, "v1=" + mac[:63], "v1=" + mac[:62], "v1=" + mac + "00", "v1=0x" + mac, "v1=" + mac[::-1], "v1==" + mac,
            "v1=" + hmac.new(WEBHOOK_SECRET.encode(), text, hashlib.sha512).hexdigest(), "v1=" + hmac.new(WEBHOOK_SECRET.encode(), text, hashlib.sha1).hexdigest(),
            "v1=" + hmac.new(WEBHOOK_SECRET.encode(), payload, hashlib.sha256).hexdigest(), "v1=" + hashlib.sha256(WEBHOOK_SECRET.encode() + text).hexdigest(),
            "v1=" + hashlib.sha256(text).hexdigest(), "v1=" + base64.b64encode(bytes.fromhex(mac)).decode(), "v1=" + mac.replace(mac[0], "g", 1),
            "v1=" + hmac.new(WEBHOOK_SECRET.encode(), b"%d:" % stamp + payload, hashlib.sha256).hexdigest()]))

    def stolen(self):
        """A true signature of another word."""
        one, other = self.event(), self.event()
        while one == other:
            other = payload_of(self.rng.choice(self.genuine + self.held))
        return one, sign(other, [WEBHOOK_SECRET], self.now())

    def refused(self, kind, make):
        """A kind of forgery: nothing is a 2xx, nothing is in the books, not even the event's row."""
        before = self.books(TABLES + ("event", "payment_name", "ask"))
        wrong = []
        for _ in range(self.count):
            payload, signature = make()
            status = self.post(payload, signature)
            if not (400 <= status < 500 or status == 0):     # 0: cut off, as what is no header is
                wrong.append("%d for signature %r" % (status, signature))
        if self.books(TABLES + ("event", "payment_name", "ask")) != before:
            wrong.append("the books changed")
        self.say(kind, "; ".join(wrong[:3]), self.count)

    # --- signed, and yet ---

    def strange(self):
        """Signed by the provider's secret (a thief has it, or the provider errs): a word heard before, under a new id and mangled."""
        event = json.loads(payload_of(self.rng.choice(self.genuine)))
        event["id"] = "evt_%x" % self.rng.getrandbits(96)
        thing = event["data"]["object"]
        how = self.rng.randrange(9)
        if how == 0:
            event["livemode"] = True
        elif how == 1:
            event["type"] = self.rng.choice(["", "checkout.session", "x" * 500, "account.updated", "checkout.session.completed\0", "\u202e"])
        elif how == 2:
            for name in ("client_reference_id", "metadata", "parent", "payment_intent", "invoice"):
                if name in thing:
                    thing[name] = {"metadata": {"checkout": str(self.rng.getrandbits(62))}}.get(name, str(self.rng.getrandbits(62)))
        elif how == 3:
            return b"[" * self.rng.randrange(1, 60000)
        elif how == 4:
            return json.dumps(event).replace('"id"', '"id": "evt_twice", "id"', 1).encode()
        elif how == 5:
            return self.rng.choice([b"null", b"[]", b"{}", b"0", b'"x"', b"", b"\xff\xfe", b"{\"id\":1}", b"{\"id\":\"evt_1\",\"type\":{},\"data\":[]}", b"1e400", b"{\"\\u0000\":1}"])
        elif how == 6:
            event["data"] = self.rng.choice([None, [], {}, {"object": None}, {"object": []}, {"object": {"object": 5}}])
        elif how == 7:
            for name in [n for n in thing if n.startswith("amount")] or ["amount"]:
                thing[name] = self.rng.choice([0, -500, "500", 5.5, None, True, [500]])
        else:
            for name in ("id", "created", "livemode", "type"):
                if self.rng.random() < 0.5:
                    event[name] = self.rng.choice([None, 5, [], {}, "", -1, 2 ** 62])
        return json.dumps(event).encode()

    def strange_ones(self):
        before = self.books()
        wrong = []
        old = self.house.pid_of("support")
        for _ in range(self.count):
            payload = self.strange()
            status = self.post(payload, sign(payload, [WEBHOOK_SECRET], self.now()))
            if not (200 <= status < 300 or 400 <= status < 500):
                wrong.append("%d for %r" % (status, payload[:200]))
        if self.house.pid_of("support") != old:
            wrong.append("the room died")
        after = self.books()
        if after != before:
            wrong.append("the books changed: " + ", ".join(table for table in TABLES if after[table] != before[table]))
        self.say("signed, but mangled", "; ".join(wrong[:3]), self.count)

    def elsewhere(self):
        """The right word at the wrong door."""
        before = self.books(TABLES + ("event", "payment_name", "ask"))
        wrong = []
        doors = [("POST", "/support/webhook/paypal"), ("POST", "/support/webhook/"), ("POST", "/support/webhook/stripe/x"), ("POST", "/support/webhook/STRIPE"), ("PUT", PATH), ("GET", PATH),
                 ("POST", "/newsletter/webhook/stripe"), ("POST", "/support/webhook/stripe%00"), ("POST", "/support/webhook/%73tripe%2f"), ("DELETE", PATH)]
        for method, path in doors:
            payload = payload_of(self.held[0])
            status = self.post(payload, sign(payload, [WEBHOOK_SECRET], self.now()), path=path, method=method, public=True)
            if 200 <= status < 300 or status >= 500:
                wrong.append("%s %s is answered %d" % (method, path, status))
        if self.books(TABLES + ("event", "payment_name", "ask")) != before:
            wrong.append("the books changed")
        self.say("at the wrong door", "; ".join(wrong[:3]), len(doors))

    def all_at_once(self, events, threads=8):
        """Posts events from several connections at a time: their statuses."""
        statuses = []
        queue = list(events)
        lock = threading.Lock()

        def work():
            while True:
                with lock:
                    if not queue:
                        return
                    event = queue.pop()
                payload = payload_of(event)
                status = self.post(payload, sign(payload, [WEBHOOK_SECRET], self.now()), public=False)
                with lock:
                    statuses.append(status)
        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return statuses

    def replayed(self):
        tables = TABLES + ("event", "payment_name", "ask")
        wait_for(lambda: not self.books(("ask",))["ask"], 60, why=lambda: "still asked: %s" % self.books(("ask",))["ask"])
        before = self.books(tables)
        events = self.genuine * (1 + self.count // len(self.genuine))
        self.rng.shuffle(events)
        statuses = self.all_at_once(events)
        wrong = [] if set(statuses) == {200} else ["answered " + str(sorted(set(statuses)))]
        after = self.books(tables)
        if after != before:
            wrong.append("changed: " + ", ".join(table for table in tables if after[table] != before[table]))
        self.say("replayed", "; ".join(wrong), len(events))

    def reordered(self, sessions):
        """What was held back comes now: shuffled, some twice or thrice."""
        house = self.house
        parked_before = self.parked()
        events = [event for event in self.held for _ in range(self.rng.randrange(1, 4))]
        self.rng.shuffle(events)
        statuses = self.all_at_once(events)
        wrong = [] if set(statuses) == {200} else ["answered " + str(sorted(set(statuses)))]
        house.stripe("POST", "webhooks", hold=False)
        house.wait_stripe_quiet()
        listed = house.ask("support", "GET", "/contributions?limit=1000").json["contributions"]
        for amount, refunded in sessions.items():
            found = [one for one in listed if one["amount_minor"] == amount]
            if len(found) != 1:
                wrong.append("%d is booked %d times" % (amount, len(found)))
            elif found[0]["refunded_minor"] != (amount if refunded else 0):
                wrong.append("of %d, %d is refunded" % (amount, found[0]["refunded_minor"]))
        db = sqlite3.connect("file:%s?mode=ro" % house.path("data", "support", "support.db"), uri=True, timeout=5)
        off = db.execute("SELECT account.currency FROM entry JOIN account ON account.id = entry.account GROUP BY account.currency HAVING sum(amount_minor) <> 0").fetchall()
        db.close()
        parked = self.parked() - parked_before
        if off or parked:
            wrong.append("the books are off in %s, %d events parked" % (off, parked))
        self.say("in any order", "; ".join(wrong[:3]), len(events))

    # --- the whole ---

    def run(self):
        house = self.house
        for freq, amount in (("once", 1500), ("monthly", 700)):
            house.give(freq, amount) if freq == "once" else house.coupon(freq, own="7.00")
        house.stripe("POST", "pay/" + house.stripe("GET", "sessions")[-1]["id"])
        house.wait_stripe_quiet()
        wait_for(lambda: not self.books(("ask",))["ask"], 20, why="the fees never came")
        self.genuine = house.stripe("GET", "events")
        heard = {event["id"] for event in self.genuine}
        house.stripe("POST", "webhooks", hold=True)
        sessions = {}
        for i in range(6):
            amount, freq = 2100 + i, ("once", "monthly", "annual")[i % 3]
            answer = house.coupon(freq, own="%d.%02d" % divmod(amount, 100)) if freq != "annual" else house.coupon(freq, own="%d.%02d" % divmod(amount, 100))
            assert answer.status == 303, answer
            session = house.stripe("GET", "sessions")[-1]
            house.stripe("POST", "pay/" + session["id"])
            sessions[amount] = freq == "once"
        for charge in [one for one in house.stripe("GET", "objects") if one["object"] == "charge"]:
            if sessions.get(charge["amount"]):
                house.stripe("POST", "refund/" + charge["id"])
        self.held = [event for event in house.stripe("GET", "events") if event["id"] not in heard]
        for kind, make in (("without a signature", self.bare), ("signed with another secret", self.other_secret), ("other bytes than were signed", self.other_bytes),
                           ("too old or too early", self.other_time), ("another scheme", self.other_scheme), ("signature of another word", self.stolen)):
            self.refused(kind, make)
        self.elsewhere()
        self.strange_ones()
        self.replayed()
        self.reordered(sessions)
        print("%d passed, %d failed" % (self.passed, self.failed))
        return 1 if self.failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1000000))
    options = parser.parse_args()
    print("     seed %d" % options.seed, flush=True)
    with House() as house:
        return Forge(house, options).run()


if __name__ == "__main__":
    sys.exit(main())
