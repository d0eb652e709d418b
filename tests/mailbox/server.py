#!/usr/bin/python3
"""mailbox: a real SMTP server on loopback whose mails one can look at: for ./run's demo and for tests.

Decides what is taken, refused, delayed or cut (faults on demand), keeps mails in memory and, if asked, as .eml files, and shows them as a
webmail would (webmail.py). SMTP itself is aiosmtpd's (Debian: python3-aiosmtpd). One process: asyncio for SMTP, threads for HTTP.
The hard thing: "the connection went away after the dot" has two truths, taken or not; `cut_after_dot` and `cut_after_taking` are both.

    server.py --smtp-port P --http-port Q [--dkim-key FILE] [--starttls] [--user NAME --password WORD]

SPDX-License-Identifier: ISC
"""
import argparse
import asyncio
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import webmail  # noqa: E402

NO_FAULTS = {"refuse": "", "refuse_reply": "550 5.1.1 No such mailbox here", "later_first": 0, "later_reply": "451 4.3.0 Try again later",
             "cut_after_dot": 0, "cut_after_taking": 0, "cut_after_reply": 0, "cut_before_dot": 0, "delay": 0.0, "hold": False, "refuse_data": 0, "greet_421": 0,
             "next_421": 0, "half_lines": False, "no_pipelining": False}


class Mailbox:
    """The mails, the faults and some counts; shared by both servers under one lock."""

    def __init__(self, folder):
        self.lock = threading.Lock()
        self.folder = folder
        self.mails = []               # dicts: n, from, to, raw, at, session facts
        self.serial = 0
        self.faults = dict(NO_FAULTS)
        self.stats = {"connections": 0, "open": 0, "most_open": 0, "rcpt_refused": 0, "cut": 0, "tls": 0, "authenticated": 0,
                      "behind": 0}    # dots that had more behind them already
        if folder:
            os.makedirs(folder, exist_ok=True)
            self.load()

    def load(self):
        for name in sorted(os.listdir(self.folder)):
            match = re.fullmatch(r"(\d+)\.eml", name)
            if match:
                path = os.path.join(self.folder, name)
                with open(path, "rb") as file:
                    raw = file.read()
                head = webmail.parse(raw)
                self.serial = max(self.serial, int(match.group(1)))
                self.mails.append({"n": int(match.group(1)), "from": "", "to": [head["To"] or ""], "raw": raw, "at": os.path.getmtime(path),
                                   "tls": False, "user": None})

    def take(self, envelope, session):
        with self.lock:
            self.serial += 1
            mail = {"n": self.serial, "from": envelope.mail_from, "to": list(envelope.rcpt_tos), "raw": bytes(envelope.original_content),
                    "at": time.time(), "tls": session.ssl is not None,
                    "user": session.auth_data.login.decode("utf-8", "replace") if session.auth_data else None}
            self.mails.append(mail)
        if self.folder:
            with open(os.path.join(self.folder, "%06d.eml" % mail["n"]), "wb") as file:
                file.write(mail["raw"])

    def spend(self, name):
        """True while a counted fault has turns left."""
        with self.lock:
            if self.faults[name] > 0:
                self.faults[name] -= 1
                return True
            return False

    def count(self, name, by=1):
        with self.lock:
            self.stats[name] += by
            self.stats["most_open"] = max(self.stats["most_open"], self.stats["open"])

    def clear(self):
        with self.lock:
            gone, self.mails = len(self.mails), []
            if self.folder:
                for name in os.listdir(self.folder):
                    if name.endswith(".eml"):
                        os.unlink(os.path.join(self.folder, name))
            return gone

    def find(self, to=None, since=0):
        with self.lock:
            return [m for m in self.mails if m["n"] > since and (to is None or any(to.lower() == one.lower() for one in m["to"]))]


class Rules:
    """aiosmtpd's hooks."""

    def __init__(self, box):
        self.box = box

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        offers = ["250-ENHANCEDSTATUSCODES"] if self.box.faults["no_pipelining"] else ["250-PIPELINING", "250-ENHANCEDSTATUSCODES"]
        return responses[:-1] + offers + responses[-1:]

    async def handle_MAIL(self, server, session, envelope, address, options):
        if server.taken > 0 and self.box.spend("next_421"):
            await server.push("421 4.3.2 Enough for one connection")
            return self.cut(server)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        pattern = self.box.faults["refuse"]
        if pattern and re.search(pattern, address):
            self.box.count("rcpt_refused")
            return self.box.faults["refuse_reply"]
        if self.box.spend("later_first"):
            return self.box.faults["later_reply"]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        if await server.has_more():
            self.box.count("behind")
        if self.box.spend("cut_after_dot"):
            return self.cut(server)
        if self.box.spend("refuse_data"):
            return "554 5.7.1 Refused after reading"
        self.box.take(envelope, session)
        server.taken += 1
        if self.box.spend("cut_after_taking"):
            return self.cut(server)
        if self.box.spend("cut_after_reply"):
            await server.push("250 2.0.0 Taken")
            return self.cut(server)
        return "250 2.0.0 Taken"

    def cut(self, server):
        self.box.count("cut")
        server.cut = True
        server.transport.abort()
        return "421 4.3.2 gone"


class Connection(SMTP):
    """aiosmtpd's connection with delays, cuts and counts."""

    def __init__(self, box, *args, **more):
        self.box, self.cut, self.taken = box, False, 0
        super().__init__(*args, **more)

    def connection_made(self, transport):
        if self._original_transport is None:
            self.box.count("connections")
            self.box.count("open")
        else:
            self.box.count("tls")
        super().connection_made(transport)

    def connection_lost(self, error):
        self.box.count("open", -1)
        super().connection_lost(error)

    async def push(self, status):
        if self.cut:
            return
        while self.box.faults["hold"]:
            await asyncio.sleep(0.05)
        if self.box.faults["delay"]:
            await asyncio.sleep(self.box.faults["delay"])
        if str(status).startswith("220 ") and self._original_transport is None and self.box.spend("greet_421"):
            await super().push("421 4.3.2 Too busy")
            self.cut = True
            self.transport.close()
            return
        if str(status).startswith("354") and self.box.spend("cut_before_dot"):
            self.box.count("cut")
            self.cut = True
            self.transport.abort()
            return
        if self.box.faults["half_lines"] and len(str(status)) > 4:
            half = len(str(status)) // 2
            self._writer.write(str(status)[:half].encode())
            await self._writer.drain()
            await asyncio.sleep(0.002)
            status = str(status)[half:]
        await super().push(status)

    async def has_more(self):
        """The client has said more before this mail is answered."""
        await asyncio.sleep(0.01 if self.box.faults["half_lines"] else 0)
        return len(self._reader._buffer) > 0


def make_certificate():
    """A self-signed certificate for localhost: (context, path of the certificate)."""
    folder = tempfile.mkdtemp(prefix="mailbox-tls-")
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context, cert


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "mailbox"
    box = None
    options = None
    tls_file = None

    def log_message(self, form, *values):
        pass

    def answer(self, status, body, kind, headers=()):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def json(self, thing, status=200):
        self.answer(status, json.dumps(thing, ensure_ascii=False, indent=1), "application/json; charset=utf-8")

    def html(self, text, status=200):
        self.answer(status, text, "text/html; charset=utf-8", [("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; "
                                                                "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")])

    def do_GET(self):
        try:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if 0 < length < 1 << 20 else b""
            if self.command == "POST" and self.headers.get("Sec-Fetch-Site") == "cross-site":
                return self.answer(403, "refused\n", "text/plain")
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            path = [part for part in parts.path.split("/") if part]
            if path[:1] == ["api"]:
                return self.api(path[1:], query, json.loads(body) if body else {})
            self.page(path, query, parse_qs(body.decode("utf-8", "replace")))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_POST = do_DELETE = do_HEAD = do_PUT = do_GET

    def mail(self, number):
        return next((m for m in self.box.find() if str(m["n"]) == number), None)

    def api(self, path, query, asked):
        box = self.box
        match (self.command, *path):
            case ("GET", "mails"):
                found = box.find(query.get("to"), int(query.get("since", 0)))
                found = found[-int(query["limit"]):] if "limit" in query else found
                return self.json([webmail.brief(m) if "brief" in query else webmail.facts(m, self.options.dkim_key) for m in found])
            case ("GET", "mails", number):
                found = self.mail(number.removesuffix(".eml"))
                if found is None:
                    return self.json({"error": "no such mail"}, 404)
                if number.endswith(".eml"):
                    return self.answer(200, found["raw"], "message/rfc822")
                return self.json(webmail.facts(found, self.options.dkim_key))
            case ("DELETE", "mails"):
                return self.json({"deleted": box.clear()})
            case ("GET", "count"):
                with box.lock:
                    return self.json({"count": len(box.mails)})
            case ("GET", "stats"):
                with box.lock:
                    return self.json(dict(box.stats, count=len(box.mails), ca_file=self.tls_file))
            case ("GET", "faults"):
                return self.json(box.faults)
            case ("PUT" | "POST", "faults"):
                strange = set(asked) - set(NO_FAULTS)
                if strange:
                    return self.json({"error": "unknown: " + ", ".join(sorted(strange))}, 400)
                with box.lock:
                    box.faults.update(asked)
                    return self.json(box.faults)
            case ("DELETE", "faults"):
                with box.lock:
                    box.faults = dict(NO_FAULTS)
                    return self.json(box.faults)
        self.json({"error": "unknown"}, 404)

    def page(self, path, query, form):
        match (self.command, *path):
            case ("GET" | "HEAD",):
                return self.html(webmail.inbox(self.box.find(), query.get("to", "")))
            case ("GET", "mail", number) if self.mail(number):
                return self.html(webmail.reader(self.mail(number), query.get("view", ""), self.options.dkim_key))
            case ("GET", "mail", number, "body") if self.mail(number):
                # The mail's own HTML: no scripts, pictures only from this computer, links open beside.
                return self.answer(200, webmail.body_html(self.mail(number)), "text/html; charset=utf-8", [
                    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data: http://127.0.0.1:* http://localhost:*; "
                     "sandbox allow-popups allow-popups-to-escape-sandbox")])
            case ("POST", "mail", number, "unsubscribe") if self.mail(number):
                return self.html(webmail.unsubscribed(self.mail(number)))
            case ("POST", "empty"):
                self.box.clear()
                return self.answer(303, "", "text/plain", [("Location", "/")])
        self.html(webmail.missing(), 404)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


async def serve(options, box):
    loop = asyncio.get_running_loop()
    context = None
    if options.starttls:
        context, Handler.tls_file = make_certificate()

    def authenticate(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and data.login.decode() == options.user and data.password.decode() == options.password
        if good:
            box.count("authenticated")
        return AuthResult(success=good, auth_data=data)

    def connection():
        return Connection(box, Rules(box), hostname="mailbox.rehearsal.example", ident="rehearsal mailbox", data_size_limit=32 << 20,
                          enable_SMTPUTF8=True, tls_context=context, loop=loop, timeout=120, auth_required=bool(options.user),
                          auth_require_tls=bool(context), authenticator=authenticate, command_call_limit=None)
    smtp = await loop.create_server(connection, "127.0.0.1", options.smtp_port, backlog=256)
    Handler.box, Handler.options = box, options
    http = Server(("127.0.0.1", options.http_port), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    print("mailbox: ready at http://127.0.0.1:%d, SMTP on %d" % (options.http_port, options.smtp_port), flush=True)
    await ended.wait()
    smtp.close()
    http.shutdown()


def main():
    parser = argparse.ArgumentParser(description="A mailbox on loopback: takes every mail, sends none.")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--folder", help="keep the mails here as .eml over a restart")
    parser.add_argument("--dkim-key", help="PEM file (private or public RSA key), or a file that holds a v=DKIM1 record: what signatures are checked against")
    parser.add_argument("--starttls", action="store_true", help="offer STARTTLS with a certificate made now (its path is in /api/stats)")
    parser.add_argument("--user", help="demand AUTH")
    parser.add_argument("--password", default="")
    options = parser.parse_args()
    import logging
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    import warnings
    warnings.simplefilter("ignore")
    asyncio.run(serve(options, Mailbox(options.folder)))
    os._exit(0)


if __name__ == "__main__":
    main()
