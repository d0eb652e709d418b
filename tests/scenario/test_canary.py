"""Every mail of an issue carries its own reader's data and nobody else's: each address and each link is a canary. MIMEO_CANARIES=10000 for the
whole number; ./test takes 400. The mails are judged by dkimpy, by Python's email and by gmime.
SPDX-License-Identifier: ISC
"""
import email
import email.policy
import os
import re
import socket
import socketserver
import subprocess
import threading

import pytest
from house import ROOT, House, free_ports, wait_for

try:
    import dkim
except ImportError:
    dkim = None
try:
    import gi
    gi.require_version("GMime", "3.0")
    from gi.repository import GMime
    GMime.init()
except (ImportError, ValueError):
    GMime = None

COUNT = int(os.environ.get("MIMEO_CANARIES", "400"))


class Peer(socketserver.StreamRequestHandler):
    """Enough of SMTP to keep every mail as it came, with its envelope."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.say("220 canary")
        to = None
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"EHLO":
                self.say("250-canary\r\n250 PIPELINING")
            elif word == b"RCPT":
                to = re.search(rb"<(.*)>", line).group(1).decode()
                self.say("250 ok")
            elif word == b"DATA":
                self.say("354 go")
                lines = []
                for part in iter(self.rfile.readline, b".\r\n"):
                    lines.append(part[1:] if part.startswith(b".") else part)
                self.server.mails.append((to, b"".join(lines)))
                self.say("250 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address = True, True


def fill(home):
    """So many confirmed subscribers, canary…@example.org, by the room's own functions."""
    subprocess.run(["make", "-s", "-C", ROOT, "build/bench/fill"], check=True)
    done = subprocess.run([os.path.join(ROOT, "build", "bench", "fill"), home, str(COUNT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def mails():
    """(envelope's address, bytes) of each mail, and the DNS records that verify them."""
    server = Server(("127.0.0.1", free_ports(1)), Peer)
    server.mails = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = {"newsroom.url": "https://tern.example", "newsletter.from": "news@tern.example", "newsletter.smtp_port": str(server.server_address[1]),
                "newsletter.smtp_connections": "16", "newsletter.bounce_address": "bounces+TOKEN@tern.example"}
    house = House(settings)
    try:
        house.start()
        body = "\n\n".join(["Paragraph with a very long line: " + "word " * 100, ".dot at the start", "тире — и ещё", "From the start"])
        house.mimeo("story", "import", house.story("story", body=body, title="Новости — one"))
        house.stop()
        fill(house.home)
        house.serve()
        issue = str(house.mimeo("newsletter", "compose", "--subject", "Canaries — неделя", "story", json_out=True)["issue"])
        house.mimeo("newsletter", "send", issue, ok=False)  # a machine that is busy answers late: the issue waits, and goes on by itself
        wait_for(lambda: house.ask("newsletter", "GET", "/issues/" + issue).json["state"] == "sent", 120 + COUNT // 10)
        state = house.ask("newsletter", "GET", "/issues/" + issue).json
        keys = house.ask("newsletter", "GET", "/dns").json["keys"]
        assert (state["recipients"], state["accepted"]) == (COUNT, COUNT), state
    finally:
        house.end()
        server.shutdown()
        server.server_close()
    return server.mails, {(r["name"] + ".").encode(): r["txt"].encode() for key in keys for r in key["records"]}


def parts_of(mail):
    parsed = email.message_from_bytes(mail, policy=email.policy.default)
    assert not parsed.defects, parsed.defects
    assert [part.get_content_type() for part in parsed.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    return parsed, [part.get_content() for part in parsed.walk() if not part.is_multipart()]


def test_nobody_has_anothers_datum(mails):
    taken, _ = mails
    assert len(taken) == COUNT and len({to for to, _ in taken}) == COUNT, "somebody has two, or none"
    tokens, marks, boundaries = set(), set(), set()
    for to, mail in taken:
        parsed, texts = parts_of(mail)
        everything = "\n".join(["%s: %s" % header for header in parsed.items()] + texts)
        assert set(re.findall(r"reader\d+@example\.org", everything)) == {to}, to
        found = set(re.findall(r"newsletter/unsubscribe/([a-z2-7]{26})", re.sub(r"\s", "", everything)))
        assert len(found) == 1 and all(next(iter(found)) in text for text in texts), to
        tokens |= found
        marks.add(parsed["Message-ID"])
        boundaries.add(parsed.get_boundary())
        assert to not in "\n".join(texts), "the body names nobody"
    assert len(tokens) == COUNT and len(marks) == COUNT, "a link or a Message-ID is shared"
    assert len(boundaries) == 1, "a boundary that tells mails apart would mark their readers"


@pytest.mark.skipif(dkim is None, reason="python3-dkim is not installed")
def test_every_mail_verifies(mails):
    taken, zone = mails
    for to, mail in taken:
        checker = dkim.DKIM(mail)
        assert [checker.verify(idx=i, dnsfunc=lambda name, timeout=5: zone.get(name)) for i in range(2)] == [True, True], to


@pytest.mark.skipif(GMime is None, reason="gir1.2-gmime-3.0 and python3-gi are not installed")
def test_gmime_agrees(mails):
    taken, _ = mails
    for to, mail in taken:
        parsed, texts = parts_of(mail)
        message = GMime.Parser.new_with_stream(GMime.StreamMem.new_with_buffer(mail)).construct_message(None)
        whole = message.get_mime_part()
        types = [whole.get_content_type().get_mime_type()] + [whole.get_part(i).get_content_type().get_mime_type() for i in range(whole.get_count())]
        assert types == ["multipart/alternative", "text/plain", "text/html"], (to, types)
        assert [whole.get_part(i).get_text().replace("\r\n", "\n") for i in range(2)] == [text.replace("\r\n", "\n") for text in texts], to
        assert message.get_subject() == parsed["Subject"] and "<%s>" % message.get_message_id() == parsed["Message-ID"]
        assert message.get_to().get_address(0).get_addr() == to and message.get_from().get_address(0).get_addr() == "news@tern.example"
