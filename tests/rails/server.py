#!/usr/bin/python3
"""server: rehearsals of PayPal and BTCPay Server on loopback, for ./run's demo and for tests. Python's library and openssl only.

Decides the wire and the pages with buttons on which a reader approves or pays. Leaves the two providers to paypal.py and btcpay.py (their
paths do not meet: /v1, /v2, /checkoutnow and /webapps are PayPal's, /api/v1 and /i BTCPay's). One process, a thread a connection, one lock.

    server.py --port P --site http://127.0.0.1:8080

SPDX-License-Identifier: ISC
"""
import argparse
import json
import os
import shutil
import signal
import sys
import threading
import time
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from btcpay import Btcpay          # noqa: E402
from paypal import Paypal          # noqa: E402
from wire import Cut, Faults, Refused, Sender  # noqa: E402

BODY_CAP = 1 << 20
CSS = """:root{color-scheme:light dark;--paper:#fff;--bench:#eef1f0;--ink:#17201d;--soft:#55605c;--line:#c9d1ce;--go:#0b5d48;--on-go:#fff;--flag:#ffe08a;--on-flag:#2b2100}
@media (prefers-color-scheme:dark){:root{--paper:#1a2220;--bench:#101615;--ink:#e6ebe9;--soft:#a3afab;--line:#37423f;--go:#7fd0b5;--on-go:#06231b;--flag:#4a3a05;--on-flag:#ffe9ac}}
*{box-sizing:border-box}body{margin:0;background:var(--bench);color:var(--ink);font:1rem/1.5 system-ui,"Noto Sans","Liberation Sans",sans-serif}
.flag{background:var(--flag);color:var(--on-flag);padding:.5rem 1rem;text-align:center;font-weight:600;margin:0}main{max-width:30rem;margin:2rem auto;background:var(--paper);border:1px solid var(--line);padding:1.5rem}
h1{font-size:1rem;font-weight:600;margin:0;color:var(--soft)}.sum{font-size:2.5rem;font-weight:700;line-height:1.2;margin:.25rem 0 1rem}
button,.button{display:block;width:100%;font:inherit;font-weight:700;padding:.85rem 1rem;margin-top:.75rem;border:1px solid var(--go);background:var(--go);color:var(--on-go);cursor:pointer;text-align:center;text-decoration:none}
label{display:block;color:var(--soft)}input{display:block;width:100%;font:inherit;padding:.75rem;margin-bottom:.75rem;border:1px solid var(--soft);background:var(--paper);color:var(--ink)}
.quiet{background:none;color:var(--ink);border-color:var(--line);font-weight:400}table{width:100%;border-collapse:collapse}td,th{text-align:start;padding:.4rem .5rem .4rem 0;border-bottom:1px solid var(--line)}"""


def whole(title, body):
    return ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>%s</title><style>%s</style></head>"
            "<body><p class=\"flag\">Rehearsal · no real money</p><main>%s</main></body></html>\n" % (escape(title), CSS, body)).encode()


def form(action, *buttons, fields=()):
    typed = "".join("<label>%s <input name=\"%s\" autocomplete=\"off\" maxlength=\"254\"></label>" % (escape(words), name) for name, words in fields)
    return "<form method=\"post\" action=\"%s\">%s%s</form>" % (escape(action, True), typed, "".join(
        "<button name=\"do\" value=\"%s\"%s>%s</button>" % (value, "" if i == 0 else " class=\"quiet\"", escape(words)) for i, (value, words) in enumerate(buttons)))


class Rehearsal:
    def __init__(self, options):
        self.options, self.lock, self.faults, self.calls = options, threading.RLock(), Faults(), []
        self.paypal, self.btcpay = Paypal(options), Btcpay(options)
        hook = options.site + "/support/webhook/" if options.site else ""
        self.senders = {"paypal": Sender(hook and hook + "paypal", self.paypal.make, options.retry), "btcpay": Sender(hook and hook + "btcpay", self.btcpay.make, options.retry)}
        self.paypal.send, self.btcpay.send = self.senders["paypal"].put, self.senders["btcpay"].put

    def wait_for(self, name, event):
        """As the providers do: the browser goes back when the newsroom knows, or after a while."""
        until = time.monotonic() + self.options.redirect_wait
        while self.options.site and time.monotonic() < until and not self.senders[name].delivered(event["id"]):
            time.sleep(0.02)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rehearsal = None

    def log_message(self, *args):
        pass

    def give(self, status, body, kind="application/json", headers=()):
        self.send_response(status)
        if body is not None:
            self.send_header("Content-Type", kind)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if self.command != "HEAD" and body:
            self.wfile.write(body)

    def json(self, value, status=200):
        self.give(status, value if isinstance(value, bytes) else None if value is None else json.dumps(value, indent=1).encode())

    def html(self, body, status=200):
        self.give(status, body, "text/html; charset=utf-8")

    def go(self, where):
        self.give(303, b"", "text/plain", [("Location", where)])

    def do_GET(self):
        try:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 <= length <= BODY_CAP:
                self.close_connection = True
                return self.json({"message": "The body is too long."}, 413)
            body = self.rfile.read(length).decode("utf-8", "replace") if length else ""
            parts = urlsplit(self.path)
            names = [one for one in parts.path.split("/") if one]
            if names[:1] == ["_test"]:
                self.control(names[1:], json.loads(body) if body else {})
            elif names[:1] in (["v1"], ["v2"], ["api"]):
                self.api(parts, names, body)
            else:
                self.human(names, parse_qs(parts.query), parse_qs(body))
        except Refused as refused:
            self.json(refused.answer, refused.status)
        except Cut:
            self.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_DELETE = do_HEAD = do_PUT = do_GET

    def api(self, parts, names, body):
        r = self.rehearsal
        line = "%s %s" % (self.command, parts.path)
        fault = r.faults.take(line)
        how = fault.get("how", "")
        call = {"line": line, "body": body, "key": self.headers.get("PayPal-Request-Id"), "fault": how, "at": time.time()}
        r.calls.append(call)
        if how == "slow":
            time.sleep(float(fault.get("seconds", 1)))
        if how == "cut_before":
            raise Cut()
        if how in ("500", "503", "429"):
            call["status"] = int(how)
            return self.json({"name": "INTERNAL_SERVICE_ERROR", "message": "An internal service error has occurred."}, int(how))
        try:
            with r.lock:
                status, answer = r.btcpay.answer(self.command, names[2:], self.headers, body) if names[0] == "api" else r.paypal.answer(self.command, names, self.headers, body)
        except Refused as refused:
            status, answer = refused.status, refused.answer
        call["status"] = status
        if how == "timeout":
            time.sleep(float(fault.get("seconds", 120)))
        if how in ("timeout", "cut"):
            raise Cut()
        if how == "garbage":
            answer = b"{\"id\": \"broken\", \"links\": [\n"
        self.json(answer, status)

    # --- pages ---------------------------------------------------------------------------------------------------------------------------

    def human(self, names, query, asked):
        r, do = self.rehearsal, asked.get("do", [""])[0]
        with r.lock:
            r.btcpay.expire()
            match names:
                case []:
                    rows = ["<tr><td>PayPal order<td>%s<td>%s" % (escape(one["id"]), escape(one["status"])) for one in r.paypal.orders.values()]
                    rows += ["<tr><td>PayPal subscription<td>%s<td>%s" % (escape(one["id"]), escape(one["status"])) for one in r.paypal.subscriptions.values()]
                    rows += ["<tr><td>BTCPay invoice<td>%s %s<td>%s" % (escape(one["amount"]), escape(one["currency"]), escape(one["status"])) for one in r.btcpay.invoices.values()]
                    return self.html(whole("Rehearsal of PayPal and BTCPay", "<h1>Rehearsal of PayPal and BTCPay</h1><table>%s</table>" % ("".join(rows) or "<tr><td>Nothing yet.")))
                case ["checkoutnow"]:
                    thing, back, kind = r.paypal.orders.get(query.get("token", [""])[0]), None, "approve"
                case ["webapps", "billing", "subscriptions"]:
                    thing, kind = r.paypal.subscriptions.get(query.get("ba_token", [""])[0]), "subscribe"
                case ["i", invoice_id]:
                    return self.invoice(invoice_id, do, asked.get("email", [""])[0])
                case _:
                    return self.html(whole("Not found", "<h1>There is no such page.</h1>"), 404)
            if thing is None:
                return self.html(whole("Not found", "<h1>There is no such payment.</h1>"), 404)
            context = thing["_context"]
            if self.command == "POST" and do == "cancel":
                return self.go(context.get("cancel_url", "/"))
            if self.command == "POST" and do in ("approve", "decline"):
                r.paypal.rehearse("subscribe" if kind == "subscribe" else do, thing["id"], {name: asked[name][0] for name in ("name", "email") if name in asked})
                event = r.paypal.events[-1]
            else:
                money = thing["_price"] if kind == "subscribe" else thing["purchase_units"][0]["amount"]
                state = thing["status"]
                buttons = [("approve", "Agree and pay"), ("cancel", "Cancel and go back")] + ([("decline", "Pay with a card that is refused")] if kind == "approve" else [])
                return self.html(whole("Pay with PayPal (rehearsal)", "<h1>%s</h1><p class=\"sum\">%s %s%s</p>%s" % (
                    escape(context.get("brand_name", "You are about to give")), escape(money["value"]), escape(money["currency_code"]),
                    " every " + r.paypal.plans[thing["plan_id"]].lower() if kind == "subscribe" else "",
                    form(self.path, *buttons, fields=(("name", "Name"), ("email", "Email"))) if state in ("CREATED", "PAYER_ACTION_REQUIRED", "APPROVAL_PENDING") else "<p>State: %s</p>" % escape(state))))
        r.wait_for("paypal", event)
        return self.go(context.get("return_url", "/"))

    def invoice(self, invoice_id, do, email):
        r = self.rehearsal
        invoice = r.btcpay.invoices.get(invoice_id)
        if invoice is None:
            return self.html(whole("Not found", "<h1>There is no such invoice.</h1>"), 404)
        back = invoice["checkout"]["redirectURL"] or "/"
        if self.command == "POST" and do == "back":
            return self.go(back)
        if self.command == "POST":
            if email:
                invoice["metadata"]["buyerEmail"] = email
            r.btcpay.rehearse(do if do in ("pay", "see") else "pay", invoice_id)
            return self.go(back) if invoice["checkout"]["redirectAutomatically"] else self.go("/i/" + invoice_id)
        body = "<h1>%s</h1><p class=\"sum\">%s %s</p>" % (escape(str(invoice["metadata"].get("itemDesc", "Invoice"))), escape(invoice["amount"]), escape(invoice["currency"]))
        if invoice["status"] == "New":
            body += form("/i/" + invoice_id, ("pay", "Pay with coins"), ("see", "Pay, but the network takes its time"), ("back", "Go back without paying"), fields=(("email", "Email"),))
        else:
            body += "<p>%s</p><a class=\"button\" href=\"%s\">Return</a>" % (escape(invoice["status"]), escape(back, True))
        return self.html(whole("Pay with Bitcoin (rehearsal)", body))

    # --- for tests only --------------------------------------------------------------------------------------------------------------------

    def control(self, names, asked):
        r = self.rehearsal
        with r.lock:
            match (self.command, *names):
                case ("GET", "calls"):
                    return self.json(r.calls)
                case ("GET", "pending"):
                    return self.json({"pending": sum(one.pending() for one in r.senders.values())})
                case ("POST", "fail"):
                    r.faults.set(asked)
                    return self.json({})
                case ("POST", "webhooks"):
                    for sender in r.senders.values():
                        sender.set(asked.get("hold"), asked.get("drop", False))
                    return self.json({})
                case ("POST", "clock"):
                    r.paypal.ahead = r.btcpay.ahead = int(asked["ahead"])
                    return self.json({})
                case ("GET", "events", ("paypal" | "btcpay") as which):
                    return self.json([dict(one, answers=r.senders[which].log.get(one["id"], [])) for one in getattr(r, which).events])
                case ("GET", what) if what in ("orders", "captures", "refunds", "subscriptions", "disputes"):
                    return self.json(list(getattr(r.paypal, what).values()))
                case ("GET", "pull-payments"):
                    return self.json(list(r.btcpay.refunds.values()))
                case ("GET", "invoices"):
                    return self.json(list(r.btcpay.invoices.values()))
                case ("POST", "paypal", what, thing_id):
                    return self.json(r.paypal.rehearse(what, thing_id, asked))
                case ("POST", "btcpay", what, thing_id):
                    return self.json(r.btcpay.rehearse(what, thing_id))
                case ("POST", "send", ("paypal" | "btcpay") as which, event_id):
                    event = next(one for one in getattr(r, which).events if one["id"] == event_id)
                    if which == "btcpay":
                        body, headers = r.btcpay.make(event, asked.get("attempt", 0), asked.get("secret"))
                    else:
                        if asked.get("key") == "other" and not os.path.exists(os.path.join(r.paypal.folder, "other.key")):
                            r.paypal.make_key("other", "messageverificationcerts.paypal.com")
                        body, headers = r.paypal.make(event, 0, asked.get("key", "good"), asked.get("webhook"), asked.get("at"), asked.get("cert_url"))
                    if asked.get("tamper"):
                        body = body.replace(b"0", b"1", 1)
                    if asked.get("truncate"):
                        body = body[:-1]
                    headers.update(asked.get("headers", {}))
                    return self.json({"status": r.senders[which].post(body, {k: v for k, v in headers.items() if v is not None})})
        return self.json({"error": "unknown control"}, 404)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description="Rehearsals of PayPal and BTCPay Server on loopback: no money.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--public-url", help="how browsers reach it (http://127.0.0.1:PORT)")
    parser.add_argument("--site", default="", help="the newsroom's origin: events go to SITE/support/webhook/paypal and …/btcpay; empty: nowhere")
    parser.add_argument("--paypal-client", default="client_rehearsal")
    parser.add_argument("--paypal-secret", default="secret_rehearsal")
    parser.add_argument("--paypal-webhook", default="8PT597110X687430LKGECATA", help="the webhook's id, which every signature covers")
    parser.add_argument("--paypal-plan-monthly", default="P-5ML4271244454362WXNWU5NQ")
    parser.add_argument("--paypal-plan-annual", default="P-94458432VR012762KRWUZBIY")
    parser.add_argument("--btcpay-key", default="key_rehearsal")
    parser.add_argument("--btcpay-store", default="9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776")
    parser.add_argument("--btcpay-secret", default="hook_rehearsal")
    parser.add_argument("--retry", default="1,2,4,8,15,30,60", help="seconds between tries of one event; the last repeats")
    parser.add_argument("--redirect-wait", type=float, default=5, help="longest wait for the newsroom before the browser goes back")
    options = parser.parse_args()
    options.public_url = (options.public_url or "http://127.0.0.1:%d" % options.port).rstrip("/")
    options.retry = [float(word) for word in options.retry.split(",")]
    Handler.rehearsal = Rehearsal(options)
    server = Server(("127.0.0.1", options.port), Handler)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    print("rails: ready at %s" % options.public_url, flush=True)
    server.serve_forever(poll_interval=0.2)
    for sender in Handler.rehearsal.senders.values():
        sender.stop()
    shutil.rmtree(Handler.rehearsal.paypal.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
