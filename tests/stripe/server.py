#!/usr/bin/python3
"""server: a rehearsal of Stripe on loopback, for ./run's demo and for tests. Python's library only.

Decides the wire: authentication, versions, idempotency, faults on demand, the payment page's buttons. Leaves checking to rules.py, objects
to shapes.py, sending to webhooks.py, HTML to page.py. One process, a thread a connection, one lock around the world.
The hard thing: a call that was acted out but whose answer got lost ("cut", "timeout") must answer the same on its second try, which is what
idempotency keys are for; so an answer is kept before it is sent.

    server.py --port P --key sk_test_… --webhook-secret whsec_… --webhook-url http://127.0.0.1:8080/support/webhook/stripe

SPDX-License-Identifier: ISC
"""
import argparse
import base64
import hashlib
import json
import os
import re
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import page                       # noqa: E402
import rules                      # noqa: E402
from rules import Refused         # noqa: E402
import shapes                     # noqa: E402
from shapes import World, listed, new_id  # noqa: E402
from webhooks import Sender, payload_of, sign  # noqa: E402

HELP = "See https://stripe.com/docs or we can help at https://support.stripe.com/."
KINDS = {"charges": "charge", "payment_intents": "payment_intent", "invoices": "invoice", "balance_transactions": "balance_transaction", "customers": "customer",
         "refunds": "refund", "invoice_payments": "invoice_payment", "subscriptions": "subscription", "disputes": "dispute", "events": "event",
         "payouts": "payout", "payment_methods": "payment_method"}
BODY_CAP = 1 << 20


class Cut(Exception):
    """The connection ends without an answer."""


class Rehearsal:
    """What the whole server shares."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.RLock()
        self.world = World(options.public_url)
        self.sender = Sender(options.webhook_url, options.webhook_secret, self.world.now, options.retry)
        self.world.send = self.sender.put if options.webhook_url else lambda event: None
        self.faults = []              # {"how", "match", "seconds"}
        self.calls = []               # what was asked, for tests
        self.saving = None            # a timer, while something is not on disk yet
        self.disk = threading.Lock()
        self.load()

    # --- the state file: the demo's subscriptions outlive a restart ---------------------------------------------------

    def load(self):
        if self.options.state and os.path.exists(self.options.state):
            with open(self.options.state, encoding="utf-8") as file:
                kept = json.load(file)
            self.world.objects, self.world.events, self.world.asked = kept["objects"], kept["events"], kept["asked"]
            self.world.paid_out = kept.get("paid_out", {})
            for charge in self.world.all("charge"):
                charge["refunds"]["data"] = [self.world.objects[one["id"]] for one in charge["refunds"]["data"]]
            for event in self.world.events[-200:]:
                if event["pending_webhooks"] and self.options.webhook_url:
                    self.sender.put(event)

    def save(self, at_once=False):
        """Soon: a year of gifts is megabytes, and many calls come in a second."""
        if not self.options.state:
            return
        if not at_once:
            with self.lock:
                if self.saving is None:
                    self.saving = threading.Timer(2, self.save, (True,))
                    self.saving.daemon = True
                    self.saving.start()
            return
        with self.lock:
            self.saving = None
            text = json.dumps({"objects": self.world.objects, "events": self.world.events[-2000:], "asked": self.world.asked, "paid_out": self.world.paid_out})
        with self.disk:
            with open(self.options.state + ".new", "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(self.options.state + ".new", self.options.state)

    # --- the API ---------------------------------------------------------------------------------------------------------

    def fault_for(self, line):
        with self.lock:
            for fault in self.faults:
                if re.search(fault.get("match") or "", line):
                    fault["next"] = fault.get("next", 1) - 1
                    if fault["next"] <= 0:
                        self.faults.remove(fault)
                    return fault
        return None

    def authorize(self, header):
        kind, _, rest = (header or "").partition(" ")
        key = None
        if kind.lower() == "bearer":
            key = rest.strip()
        elif kind.lower() == "basic":
            try:
                key = base64.b64decode(rest).decode().partition(":")[0]
            except ValueError:
                key = None
        if not key:
            raise Refused(401, "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. "
                          "'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at "
                          "https://support.stripe.com/.")
        if key not in self.options.key:
            raise Refused(401, "Invalid API Key provided: %s%s" % (key[:8] + "*" * 8 if len(key) > 12 else "*" * len(key), key[-4:] if len(key) > 16 else ""))

    def call(self, method, path, query, headers, body):
        """One /v1 call: status, body as bytes, extra headers."""
        self.authorize(headers.get("Authorization"))
        version = headers.get("Stripe-Version")
        if version is not None and version != rules.VERSION:
            raise Refused(400, "Invalid Stripe API version: %s. The rehearsal server knows one: %s." % (version, rules.VERSION))
        key = headers.get("Idempotency-Key")
        if method == "POST" and body and headers.get_content_type() != "application/x-www-form-urlencoded":
            raise Refused(400, "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have questions, we can help at "
                          "https://support.stripe.com/.")
        if method != "POST" or key is None:
            return self.act(method, path, query, body) + ({},)
        if not 1 <= len(key) <= 255:
            raise Refused(400, "Idempotency keys must be between 1 and 255 characters.", kind="idempotency_error")
        digest = hashlib.sha256(("%s %s\n" % (method, path)).encode() + body.encode()).hexdigest()
        with self.lock:
            kept = self.world.replies.get(key)
            if kept and kept[0] != digest:
                raise Refused(400, "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than "
                              "'%s' if you meant to execute a different request." % key, kind="idempotency_error")
            if kept:
                return kept[1], kept[2], {"Idempotency-Key": key, "Idempotent-Replayed": "true", "Original-Request": kept[3]}
            request = new_id("req_", 14)
            status, answer = self.act(method, path, query, body)  # a refused form (Refused) is not kept, as Stripe
            self.world.replies[key] = (digest, status, answer, request)
            return status, answer, {"Idempotency-Key": key, "Original-Request": request}

    def act(self, method, path, query, body):
        given = rules.parse_form(body if method == "POST" or (method == "DELETE" and body) else query)
        with self.lock:
            self.world.expire_old()
            thing = self.route(method, [part for part in path.split("/") if part][1:], given)
            self.save()
            return 200, json.dumps(thing, indent=2).encode() + b"\n"

    def route(self, method, parts, given):
        world = self.world
        match (method, *parts):
            case ("POST", "checkout", "sessions"):
                p = rules.check_session(given, world.now())
                return world.expanded(world.create_session(p), p.get("expand"))
            case ("GET", "checkout", "sessions", session_id):
                p = rules.check_params(rules.RETRIEVE, given)
                return world.expanded(world.find("checkout.session", session_id, "session"), p.get("expand"))
            case ("POST", "checkout", "sessions", session_id, "expire"):
                p = rules.check_params(rules.EXPIRE, given)
                return world.expanded(world.expire_session(world.find("checkout.session", session_id, "session")), p.get("expand"))
            case ("GET", "checkout", "sessions"):
                p = rules.check_params(rules.LIST, given)
                return self.page_of(world.all("checkout.session"), p, "/v1/checkout/sessions")
            case ("POST", "subscriptions", sub_id):
                p = rules.check_params(rules.SUBSCRIPTION_UPDATE, given)
                return world.expanded(world.change(world.find("subscription", sub_id), p), p.get("expand"))
            case ("POST", "billing_portal", "sessions"):
                p = rules.check_params(rules.PORTAL_CREATE, given)
                return world.expanded(world.portal(p), p.get("expand"))
            case ("GET", "balance_transactions"):
                p = rules.check_params(rules.BALANCE_LIST, given)
                if "payout" in p:
                    world.find("payout", p["payout"], "payout")
                found = [t for t in world.all("balance_transaction") if p.get("payout") in (None, world.paid_out.get(t["id"]))
                         and all(p.get(name) in (None, t[name]) for name in ("source", "currency", "type"))]
                return self.page_of(found, p, "/v1/balance_transactions")
            case ("GET", "refunds"):
                p = rules.check_params(rules.REFUND_LIST, given)
                found = [t for t in world.all("refund") if all(p.get(name) in (None, t[name]) for name in ("charge", "payment_intent"))]
                return self.page_of(found, p, "/v1/refunds")
            case ("DELETE", "subscriptions", sub_id):
                p = rules.check_params(rules.SUBSCRIPTION_CANCEL, given)
                return world.expanded(world.cancel(world.find("subscription", sub_id), p), p.get("expand"))
            case ("POST", "refunds"):
                p = rules.check_params(rules.REFUND_CREATE, given)
                return world.expanded(world.refund(p), p.get("expand"))
            case ("GET", "events"):
                p = rules.check_params(rules.EVENT_LIST, given)
                return self.page_of(self.events(p), p, "/v1/events")
            case ("GET", "events", event_id):
                rules.check_params(rules.RETRIEVE, given)
                for event in world.events:
                    if event["id"] == event_id:
                        return event
                raise Refused(404, "No such event: '%s'" % event_id, code="resource_missing", param="id")
            case ("GET", "invoice_payments"):
                p = rules.check_params(rules.INVOICE_PAYMENT_LIST, given)
                found = [t for t in world.all("invoice_payment") if p.get("invoice") in (None, t["invoice"]) and p.get("status") in (None, t["status"])
                         and ("payment" not in p or p["payment"].get("payment_intent") in (None, t["payment"]["payment_intent"]))]
                return self.page_of(found, p, "/v1/invoice_payments")
            case ("GET", kind) if kind in ("subscriptions", "charges", "invoices", "payouts"):
                p = rules.check_params(rules.LIST, given)
                return self.page_of(world.all(KINDS[kind]), p, "/v1/" + kind)
            case ("GET", kind, thing_id) if kind in KINDS:
                p = rules.check_params(rules.RETRIEVE, given)
                return world.expanded(world.find(KINDS[kind], thing_id), p.get("expand"))
        raise Refused(404, "Unrecognized request URL (%s: /v1/%s). %s" % (method, "/".join(parts), HELP))

    def events(self, p):
        created = p.get("created")
        tests = {"gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__}
        out = []
        for event in reversed(self.world.events):
            if "type" in p and not re.fullmatch(re.escape(p["type"]).replace(r"\*", ".*"), event["type"]):
                continue
            if "types" in p and event["type"] not in p["types"]:
                continue
            if isinstance(created, int) and event["created"] != created:
                continue
            if isinstance(created, dict) and not all(tests[k](event["created"], v) for k, v in created.items()):
                continue
            if "delivery_success" in p and self.sender.delivered(event["id"]) != p["delivery_success"]:
                continue
            out.append(event)
        return out

    def page_of(self, found, p, url):
        """A page of a list that is newest first."""
        ids = [thing["id"] for thing in found]
        limit = p.get("limit", 10)
        for name in ("starting_after", "ending_before"):
            if name in p and p[name] not in ids:
                raise Refused(400, "No such object: '%s'" % p[name], code="resource_missing", param=name)
        if "starting_after" in p:
            found = found[ids.index(p["starting_after"]) + 1:]
            out, more = found[:limit], len(found) > limit
        elif "ending_before" in p:
            found = found[:ids.index(p["ending_before"])]
            out, more = found[-limit:], len(found) > limit
        else:
            out, more = found[:limit], len(found) > limit
        answer = dict(listed(out, url), has_more=more)
        return self.world.expanded(answer, p.get("expand"))

    # --- the human's buttons -----------------------------------------------------------------------------------------------

    def pressed(self, session_id, do, email, name):
        """What a button of the payment page does: the address to go to, or a page's bytes."""
        with self.lock:
            self.world.expire_old()
            session = self.world.objects.get(session_id)
            if session is None or session["object"] != "checkout.session":
                return None
            if session["status"] != "open":
                return self.closed(session)
            if do == "cancel" and session["cancel_url"]:
                return session["cancel_url"]
            if do == "decline":
                return page.pay(session, self.world.asked[session_id], "Your card was declined. Nothing was taken. Try another way.")
            if do not in ("pay", "bank"):
                return page.pay(session, self.world.asked[session_id], "Press one of the buttons.")
            if email:
                try:
                    rules.email(email, "email")
                except Refused:
                    return page.pay(session, self.world.asked[session_id], "That is not an email address.")
            self.world.pay(session, email, do == "bank", name)
            done = next(e for e in reversed(self.world.events) if e["type"] == "checkout.session.completed")
            self.save()
        if do == "bank" and self.options.bank_seconds >= 0:
            timer = threading.Timer(self.options.bank_seconds, self.bank_answers, (session_id,))
            timer.daemon = True
            timer.start()
        until = time.monotonic() + self.options.redirect_wait
        while self.options.webhook_url and time.monotonic() < until and not self.sender.delivered(done["id"]):
            time.sleep(0.02)          # Stripe, too, waits a while for the endpoint before it redirects
        return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id)

    def bank_answers(self, session_id):
        with self.lock:
            session = self.world.objects[session_id]
            if session["payment_status"] == "unpaid":
                self.world.settle(session)
                self.save()

    def closed(self, session):
        if session["status"] == "complete":
            return page.small("You're all done here", "This checkout has been completed.", session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), "Go back")
        return page.small("This page has expired", "Nothing was taken. Start again at the newsroom.", session["cancel_url"], "Go back")

    def rehearse(self, what, thing_id, asked):
        """Lets happen what else only time, a bank or an angry giver brings. For the overview's buttons and for tests."""
        with self.lock:
            world = self.world
            match what:
                case "pay":
                    out = world.pay(world.find("checkout.session", thing_id), asked.get("email", ""), asked.get("by") == "bank")
                case "settle" | "fail":
                    out = world.settle(world.find("checkout.session", thing_id), what == "settle")
                case "advance" | "advance-failing":
                    out = world.advance(world.find("subscription", thing_id), what == "advance")
                case "refund":
                    out = world.refund({"charge": thing_id})
                case "dispute":
                    out = world.dispute(world.find("charge", thing_id))
                case "dispute-won" | "dispute-lost":
                    out = world.end_dispute(world.find("dispute", thing_id), what == "dispute-won")
                case "fail-refund":
                    out = world.fail_refund(world.find("refund", thing_id))
                case "card":
                    out = world.card_until(world.find("subscription", thing_id), asked["year"], asked["month"])
                case "retry":
                    out = world.retry(world.find("subscription", thing_id))
                case "refuse-again":
                    out = world.refuse_again(world.find("subscription", thing_id))
                case "payout":
                    out = world.pay_out(thing_id, asked)
                case "fail-payout":
                    out = world.fail_payout(world.find("payout", thing_id))
                case _:
                    raise Refused(404, "Nothing is rehearsed under that name: " + what)
            self.save()
            return out


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "rehearsal"
    rehearsal = None
    timeout = 60

    def log_message(self, form, *values):
        pass

    def answer(self, status, body=b"", kind="application/json", headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in headers:
            self.send_header(name, value)
        if status == 401:
            self.send_header("WWW-Authenticate", "Basic realm=\"Stripe\"")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def html(self, body, status=200):
        self.answer(status, body, "text/html; charset=utf-8", [("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"),
                                                               ("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff")])

    def go(self, address):
        self.answer(303, b"", "text/plain", [("Location", address)])

    def json(self, thing, status=200):
        self.answer(status, json.dumps(thing, indent=1).encode() + b"\n")

    def do_GET(self):
        try:
            length = int(self.headers.get("Content-Length") or 0)
            if length > BODY_CAP or length < 0:
                self.close_connection = True
                return self.json({"error": {"type": "invalid_request_error", "message": "The body is too long."}}, 413)
            body = self.rfile.read(length).decode("utf-8", "surrogateescape") if length else ""
            parts = urlsplit(self.path)
            if parts.path.startswith("/v1/"):
                self.api(parts, body)
            elif parts.path.startswith("/_test/"):
                self.control(parts.path[7:].strip("/").split("/"), json.loads(body) if body else {})
            else:
                self.human(parts.path, body)
        except Refused as refused:
            self.json({"error": refused.error}, refused.status)
        except Cut:
            self.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_DELETE = do_HEAD = do_PUT = do_PATCH = do_GET

    def api(self, parts, body):
        r = self.rehearsal
        line = "%s %s" % (self.command, parts.path)
        request = new_id("req_", 14)
        head = [("Request-Id", request), ("Stripe-Version", rules.VERSION)]
        fault = r.fault_for(line)
        how = fault["how"] if fault else ""
        call = {"line": line, "body": body, "query": parts.query, "key": self.headers.get("Idempotency-Key"), "fault": how, "at": time.time()}
        r.calls.append(call)
        if how == "slow":
            time.sleep(float(fault.get("seconds", 1)))
        if how in ("cut_before", "500", "429", "503"):
            if how == "cut_before":
                raise Cut()
            error = {"type": "api_error", "message": "Sorry! There was an error while talking to one of our backends. Support has been notified."}
            if how == "429":
                error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Request rate limit exceeded."}
            call["status"] = int(how)
            return self.answer(int(how), json.dumps({"error": error}).encode(), headers=head)
        try:
            status, answer, more = r.call(self.command, parts.path, parts.query, self.headers, body)
            head += list(more.items())
        except Refused as refused:
            error = dict(refused.error, request_log_url="https://dashboard.stripe.com/test/logs/" + request)
            status, answer = refused.status, json.dumps({"error": error}, indent=2).encode() + b"\n"
        call["status"] = status
        if how == "timeout":
            time.sleep(float(fault.get("seconds", 120)))
            raise Cut()
        if how == "cut":
            raise Cut()
        if how == "garbage":
            answer = b"{\"id\": \"cs_test_broken\", \"url\": [\n"
        self.answer(status, answer, headers=head)

    def human(self, path, body):
        r = self.rehearsal
        if self.command == "POST" and self.headers.get("Sec-Fetch-Site") == "cross-site":
            return self.html(page.small("Refused", "This button belongs to another page."), 403)
        match (self.command, *[part for part in path.split("/") if part]):
            case ("GET" | "HEAD",):
                with r.lock:
                    return self.html(page.overview(r.world, r.sender))
            case ("GET" | "HEAD", "pay", session_id):
                with r.lock:
                    r.world.expire_old()
                    session = r.world.objects.get(session_id)
                    if session is None or session["object"] != "checkout.session":
                        return self.html(page.small("Not found", "There is no such checkout."), 404)
                    return self.html(page.pay(session, r.world.asked[session_id]) if session["status"] == "open" else r.closed(session))
            case ("GET" | "HEAD", "portal", session_id):
                with r.lock:
                    portal = r.world.objects.get(session_id)
                    if portal is None or portal["object"] != "billing_portal.session":
                        return self.html(page.small("Not found", "There is no such page."), 404)
                    return self.html(page.small("Your card", "Here a supporter would change their card.", portal["return_url"], "Go back"))
            case ("POST", "pay", session_id):
                form = parse_qs(body)
                out = r.pressed(session_id, form.get("do", [""])[0], form.get("email", [""])[0].strip(), form.get("name", [""])[0].strip())
                if out is None:
                    return self.html(page.small("Not found", "There is no such checkout."), 404)
                return self.go(out) if isinstance(out, str) else self.html(out)
            case ("POST", "rehearse", what, thing_id):
                try:
                    r.rehearse(what, thing_id, {})
                except Refused as refused:
                    return self.html(page.small("Not now", str(refused), "/", "Go back"), refused.status)
                return self.go("/")
        return self.html(page.small("Not found", "There is no such page."), 404)

    def control(self, parts, asked):
        """/_test/: for scenario tests only."""
        r = self.rehearsal
        match (self.command, *parts):
            case ("GET", "sessions"):
                with r.lock:
                    return self.json(r.world.all("checkout.session")[::-1])
            case ("GET", "events"):
                with r.lock:
                    return self.json([dict(event, deliveries=r.sender.log.get(event["id"], [])) for event in r.world.events])
            case ("GET", "objects"):
                with r.lock:
                    return self.json(list(r.world.objects.values()))
            case ("GET", "calls"):
                return self.json(r.calls)
            case ("GET", "pending"):
                return self.json({"pending": r.sender.pending()})
            case ("POST", "webhooks"):
                lost = r.sender.drop() if asked.get("drop") else 0
                r.sender.set(asked.get("hold"), asked.get("delay"))
                return self.json({"pending": r.sender.pending(), "lost": lost})
            case ("POST", "fail"):
                how = asked.get("how", "500")
                if how not in ("500", "503", "429", "timeout", "cut", "cut_before", "slow", "garbage"):
                    return self.json({"error": "unknown how"}, 400)
                with r.lock:
                    if asked.get("next", 1) > 0:
                        r.faults.append(dict(asked, how=how))
                    else:
                        r.faults.clear()
                return self.json({"faults": r.faults})
            case ("POST", "clock"):
                r.world.offset += int(asked["ahead"])
                return self.json({"now": r.world.now()})
            case ("POST", "events", event_id, "send"):
                event = next((e for e in r.world.events if e["id"] == event_id), None)
                if event is None:
                    return self.json({"error": "no such event"}, 404)
                return self.json({"status": self.send_event(event, asked)})
            case ("POST", "redirect-wait"):
                r.options.redirect_wait = float(asked["seconds"])
                return self.json({})
            case ("POST", what, thing_id):
                return self.json(r.rehearse(what, thing_id, asked))
        return self.json({"error": "unknown control"}, 404)

    def send_event(self, event, asked):
        """One delivery now, honest or forged: the endpoint's status."""
        r = self.rehearsal
        event = dict(event, **asked.get("change", {}))
        payload = asked["payload"].encode() if "payload" in asked else payload_of(event)
        stamp = int(r.world.now()) - int(asked.get("age", 0))
        signature = sign(payload, [asked["secret"]] if "secret" in asked else r.sender.secrets, stamp)
        if "signature" in asked:
            signature = asked["signature"]
        if asked.get("tamper"):
            payload = payload.replace(b"\"livemode\": false", b"\"livemode\": true ", 1)
        return r.sender.post(event, signature, payload)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description="A rehearsal of Stripe on loopback: no money.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--public-url", help="how browsers reach it (http://127.0.0.1:PORT)")
    parser.add_argument("--key", action="append", default=[], help="an API key that is taken; may be repeated")
    parser.add_argument("--webhook-secret", action="append", default=[], help="whsec_…; repeated: signed with each, as while a secret is rolled")
    parser.add_argument("--webhook-url", default="", help="where events go; empty: nowhere")
    parser.add_argument("--retry", default="1,2,4,8,15,30,60", help="seconds between tries of one event; the last repeats")
    parser.add_argument("--bank-seconds", type=float, default=20, help="how long a bank takes; negative: until told (/_test/settle/ID)")
    parser.add_argument("--redirect-wait", type=float, default=5, help="longest wait for the endpoint before the browser goes back")
    parser.add_argument("--card-fee", default="290,30", help="hundredths of a percent and minor units that a card payment costs")
    parser.add_argument("--state", help="a file that keeps everything over a restart")
    options = parser.parse_args()
    shapes.CARD_FEE = tuple(int(n) for n in options.card_fee.split(","))
    options.public_url = (options.public_url or "http://127.0.0.1:%d" % options.port).rstrip("/")
    options.retry = [float(word) for word in options.retry.split(",")]
    options.key = options.key or ["sk_test_rehearsal"]
    options.webhook_secret = options.webhook_secret or ["whsec_rehearsal"]
    Handler.rehearsal = Rehearsal(options)
    server = Server(("127.0.0.1", options.port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    signal.signal(signal.SIGINT, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    print("payments: ready at %s" % options.public_url, flush=True)
    server.serve_forever(poll_interval=0.2)
    Handler.rehearsal.sender.stop()
    Handler.rehearsal.save(at_once=True)


if __name__ == "__main__":
    main()
