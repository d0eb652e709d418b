"""Mails that come back, by each of the three ways; keys that change and end published; the doctor against a DNS server of our own.
SPDX-License-Identifier: ISC
"""
import email
import email.policy
import json
import os
import re
import smtplib
import socket
import struct
import subprocess
import time

import pytest
from dns import Dns
from house import MIMEO, House, ask_url, free_ports, wait_for

try:
    import dkim
except ImportError:
    dkim = None


def dsn(mail, to, action="failed", status="5.1.1", words="550 5.1.1 User unknown"):
    """A delivery report (RFC 3464) on a mail, as Postfix writes them."""
    head = mail["raw"].split("\r\n\r\n")[0] if isinstance(mail["raw"], str) else mail["raw"].split(b"\r\n\r\n")[0].decode()
    return ("From: MAILER-DAEMON@mx.example (Mail Delivery System)\r\nTo: %s\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"xyz\"\r\n\r\n--xyz\r\n"
            "Content-Type: text/plain\r\n\r\nSorry.\r\n--xyz\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
            "Final-Recipient: rfc822; somebody@example.org\r\nAction: %s\r\nStatus: %s\r\nDiagnostic-Code: smtp; %s\r\n\r\n--xyz\r\n"
            "Content-Type: text/rfc822-headers\r\n\r\n%s\r\n--xyz--\r\n" % (to, action, status, words, head)).encode()


@pytest.fixture(scope="module")
def newsroom():
    port = free_ports(1)
    house = House({"newsletter.bounce_address": "bounces+TOKEN@tern.example", "newsletter.bounce_lmtp": "127.0.0.1:%d" % port})
    house.lmtp_port = port
    maildir = os.path.join(house.folder, "Maildir")
    for part in ("new", "cur", "tmp"):
        os.makedirs(os.path.join(maildir, part))
    house.maildir = maildir
    house.write_conf({"newsletter.bounce_address": "bounces+TOKEN@tern.example", "newsletter.bounce_lmtp": "127.0.0.1:%d" % port,
                      "newsletter.bounce_maildir": maildir})
    try:
        house.start()
        house.mimeo("story", "import", house.story("first-pick", title="The first pick"), house.story("second-pick", title="The second pick"))
        yield house
    finally:
        house.end()


def numbers(house):
    return house.ask("newsletter", "GET", "/count").json


def send(house, subject):
    issue = str(house.mimeo("newsletter", "compose", "--subject", subject, "first-pick", "second-pick", json_out=True)["issue"])
    house.mimeo("newsletter", "send", issue)
    wait_for(lambda: house.ask("newsletter", "GET", "/issues/" + issue).json["state"] == "sent", 60)
    return issue


def mail_of(house, address, subject):
    mail = house.wait_mail(address, subject)
    mail["raw"] = raw(house, mail["n"])
    return mail


def raw(house, number):
    return ask_url("GET", "%s/api/mails/%d.eml" % (house.box, number)).body


def test_the_return_path_names_nobody(newsroom):
    house = newsroom
    house.subscribe("verp@example.org")
    send(house, "Return paths")
    mail = mail_of(house, "verp@example.org", "Return paths")
    path = mail["from"]
    assert re.fullmatch(r"bounces\+[a-z2-7]{32}@tern\.example", path), path
    assert len(path.split("@")[0]) <= 64
    assert b"bounces+" not in mail["raw"] and path.split("+")[1].split("@")[0].encode() not in mail["raw"], "the reader's mail need not carry it"


def test_a_hard_bounce_by_pipe(newsroom):
    house = newsroom
    house.subscribe("gone@example.org")
    send(house, "To nobody")
    mail = mail_of(house, "gone@example.org", "To nobody")
    before = numbers(house)
    done = subprocess.run([MIMEO, "newsletter", "bounce", mail["from"], "-C", house.home], input=dsn(mail, mail["from"]), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    after = numbers(house)
    assert after["bounced"] == before["bounced"] + 1 and after["subscribers"] == before["subscribers"] - 1, (before, after)
    again = subprocess.run([MIMEO, "newsletter", "bounce", "-C", house.home], input=dsn(mail, mail["from"]), capture_output=True, check=False)
    assert again.returncode == 0 and numbers(house)["bounced"] == after["bounced"], "said twice, counted twice"
    assert "gone@" not in house.log() and "somebody@" not in house.log(), "an address is in the log"


def test_exit_codes_are_what_mail_servers_read(newsroom, tmp_path):
    nothing = subprocess.run([MIMEO, "newsletter", "bounce", "-C", newsroom.home], input=b"", capture_output=True, check=False)
    assert nothing.returncode == 65, nothing
    nowhere = subprocess.run([MIMEO, "newsletter", "bounce", "-C", str(tmp_path)], input=b"Subject: x\r\n\r\n", capture_output=True, check=False)
    assert nowhere.returncode == 75, nowhere
    large = subprocess.run([MIMEO, "newsletter", "bounce", "-C", newsroom.home], input=b"Subject: x\r\n\r\n" + b"x" * 5000000, capture_output=True, check=False)
    assert large.returncode == 0, large


def test_a_soft_bounce_by_lmtp(newsroom):
    house = newsroom
    house.subscribe("full@example.org")
    send(house, "To a full mailbox")
    mail = mail_of(house, "full@example.org", "To a full mailbox")
    with smtplib.LMTP("127.0.0.1", house.lmtp_port, local_hostname="mx.example") as lmtp:
        assert lmtp.ehlo()[0] == 250 and lmtp.docmd("MAIL FROM:<>")[0] == 250
        for wrong in ("bounces+%s@tern.example" % ("a" * 32), "bounces@tern.example", "ada@tern.example", mail["from"].replace("tern", "other")):
            assert lmtp.docmd("RCPT TO:<%s>" % wrong)[0] == 550, wrong
        assert lmtp.docmd("RCPT TO:<%s>" % mail["from"].upper())[0] == 250
        assert lmtp.docmd("DATA")[0] == 354
        lmtp.send(dsn(mail, mail["from"], status="5.2.2", words="552 5.2.2 Mailbox full") + b".\r\n")
        assert lmtp.getreply()[0] == 250
    after = numbers(house)
    assert after["muted"] == 1, after
    issue = send(house, "While it is full")
    state = house.ask("newsletter", "GET", "/issues/" + issue).json
    assert state["recipients"] == after["subscribers"] - 1, "who is muted was frozen, too"
    assert not [m for m in house.mails("full@example.org") if m["subject"] == "While it is full"]
    assert house.mimeo("newsletter", "status").count("muted for a while 1")


def test_lmtp_takes_nonsense_and_goes_on(newsroom):
    with socket.create_connection(("127.0.0.1", newsroom.lmtp_port), 60) as s:
        s.sendall(b"EHLO x\r\nDATA\r\nMAIL FROM:<a@b.example>\r\n" + b"x" * 10000 + b"\r\nLHLO y\r\nRCPT TO:<x>\r\nMAIL FROM:<\r\nNOOP\r\n\x00\xff\r\nQUIT\r\n")
        got = b""
        while True:
            more = s.recv(4096)
            if not more:
                break
            got += more
    codes = [line[:3] for line in got.decode().split("\r\n") if line[3:4] == " "]
    assert codes == ["220", "500", "503", "503", "500", "250", "503", "501", "250", "500", "221"], got
    assert newsroom.ask("newsletter", "GET", "/count").status == 200


def test_a_complaint_by_maildir(newsroom):
    house = newsroom
    house.subscribe("angry@example.org")
    send(house, "To an angry reader")
    mail = mail_of(house, "angry@example.org", "To an angry reader")
    before = numbers(house)
    arf = (b"From: feedback@mailfirm.example\r\nTo: abuse@tern.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; "
           b"boundary=q\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\nA complaint\r\n--q\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"
           b"User-Agent: x/1\r\nVersion: 1\r\n\r\n--q\r\nContent-Type: message/rfc822\r\n\r\n" + mail["raw"] + b"\r\n--q--\r\n")
    with open(os.path.join(house.maildir, "tmp", "1.x"), "wb") as file:
        file.write(arf)
    os.rename(os.path.join(house.maildir, "tmp", "1.x"), os.path.join(house.maildir, "new", "1.x"))
    wait_for(lambda: numbers(house)["complained"] == before["complained"] + 1, 20)
    wait_for(lambda: os.listdir(os.path.join(house.maildir, "new")) == [], 5)
    assert os.listdir(os.path.join(house.maildir, "cur")) == [], "something of a reader stays"
    assert numbers(house)["subscribers"] == before["subscribers"] - 1


def test_forged_and_hostile_mails_change_nothing(newsroom):
    house = newsroom
    house.subscribe("calm@example.org")
    before = numbers(house)
    for mail in (b"From: MAILER-DAEMON@x\r\nTo: bounces+%s@tern.example\r\n\r\n550 5.1.1 calm@example.org unknown\r\n" % (b"b" * 32), b"\0" * 100000,
                 b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 20000, b"x: " + b"y" * 200000, b"\r\n" * 50000):
        done = subprocess.run([MIMEO, "newsletter", "bounce", "-C", house.home], input=mail, capture_output=True, check=False)
        assert done.returncode == 0, done
    after = numbers(house)
    for key in ("subscribers", "muted", "bounced", "complained"):
        assert before[key] == after[key], (before, after)
    assert after["reports"]["stranger"] >= 5 and "not_begun" not in house.log() and "unreadable" not in house.log()


def test_the_reader_of_bounces_can_do_nothing_else(tmp_path):
    """The child makes no system call but read, write and exit once it has the mail (strace shows which it makes)."""
    trace = tmp_path / "trace"
    done = subprocess.run(["strace", "-f", "-o", str(trace), MIMEO, "-x", "newsletter", "report"], input=b"Subject: x\r\n\r\nhello\r\n", capture_output=True,
                          env=dict(os.environ, MIMEO_EXE="3"), check=False)
    assert done.returncode == 0 and done.stdout == b"unknown -\n", done
    lines = trace.read_text(errors="replace").split("\n")
    at = next((i for i, line in enumerate(lines) if "SECCOMP_MODE_STRICT" in line or "PR_SET_SECCOMP" in line), None)
    assert at is not None and "= 0" in lines[at], "no seccomp"
    after = [re.sub(r"^\d+\s+", "", line) for line in lines[at + 1:] if line.strip() and "+++" not in line]
    assert after and all(re.match(r"(read|write|exit)\(", line) for line in after), after
    assert not [line for line in lines if "/keys/" in line or "newsletter.db" in line or "mimeo.conf" in line or "socket(" in line]


def test_a_signer_signs_and_ends_well(tmp_path):
    """Shut in, it signs with both keys; when the room lets go of it, it wipes them and ends with 0 (it cannot be run again, nor run anything)."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    trace, digest = tmp_path / "trace", os.urandom(32)
    with subprocess.Popen(["strace", "-f", "-o", str(trace), MIMEO, "-x", "newsletter", "signer", str(theirs.fileno()), "2"], pass_fds=[theirs.fileno()],
                          env=dict(os.environ, MIMEO_EXE="3"), stderr=subprocess.PIPE) as signer, ours:
        theirs.close()
        ours.settimeout(120)
        for kind in ("RSA", "ED25519"):
            ours.send(subprocess.run(["openssl", "genpkey", "-algorithm", kind], capture_output=True, check=True).stdout)
        ours.send(struct.pack("II", 3, 4) + digest + digest)
        answer = ours.recv(65536)
        ours.close()
        said = signer.stderr.read()
    assert signer.returncode == 0, (signer.returncode, said, trace.read_text(errors="replace")[-1000:])
    rsa, = struct.unpack_from("H", answer, 8)
    ed, = struct.unpack_from("H", answer, 10 + rsa)
    assert answer[:8] == struct.pack("II", 3, 4) and (rsa, ed) == (256, 64) and len(answer) == 8 + 2 + rsa + 2 + ed
    after = trace.read_text(errors="replace").split("SECCOMP_MODE_FILTER", 1)[1]
    assert "PROT_EXEC" not in after and "openat" not in after and "SIGSEGV" not in after, after


# --- keys and DNS ---------------------------------------------------------------------------------------------------------------


def records(house):
    return house.ask("newsletter", "GET", "/dns").json["keys"]


def zone_of(keys, which="txt"):
    return [(r["name"], "TXT", r[which]) for key in keys for r in key["records"]]


def verify_all(mail, zone):
    known = {(name + ".").encode(): value.encode() for name, _, value in zone}
    checker = dkim.DKIM(mail)
    count = mail.split(b"\r\n\r\n")[0].lower().count(b"dkim-signature:")
    return [checker.verify(idx=i, dnsfunc=lambda name, timeout=5: known.get(name)) for i in range(count)]


def test_keys_rotate_and_end_published():
    if dkim is None:
        pytest.skip("python3-dkim is not installed")
    with House({"newsletter.dkim_selector": "mimeo"}) as house, Dns([]) as dns:
        house.mimeo("story", "import", house.story("first-pick"), house.story("second-pick"))
        house.subscribe("ada@example.org")
        first = records(house)
        send(house, "By the first key")
        mail = mail_of(house, "ada@example.org", "By the first key")
        assert verify_all(mail["raw"], zone_of(first)) == [True, True]
        dns.zone = zone_of(first)
        assert "No key" in house.get("/newsletter/keys/").text
        rotate = ("newsletter", "rotate-key", "--dns", dns.address)
        assert "mimeo2._domainkey" in house.mimeo(*rotate)
        assert "waits for its records" in house.mimeo(*rotate), "a key signs whose record nobody can see"
        dns.zone = zone_of(records(house))
        assert "signs from now on" in house.mimeo(*rotate)
        send(house, "By the second key")
        mail = mail_of(house, "ada@example.org", "By the second key")
        assert b"s=mimeo2;" in mail["raw"] and b"s=mimeo2-ed;" in mail["raw"] and verify_all(mail["raw"], dns.zone) == [True, True]
        assert "more days" in house.mimeo(*rotate)
        assert "BEGIN PRIVATE KEY" not in house.get("/newsletter/keys/").text
        house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (8 * 86400)
        house.restart()
        assert "revoke" in house.mimeo(*rotate) and "BEGIN PRIVATE KEY" not in house.get("/newsletter/keys/").text, "published while DNS still believes it"
        keys = records(house)
        dns.zone = zone_of(keys[:1], "revoked") + zone_of(keys[1:])
        assert "public now" in house.mimeo(*rotate)
        page = house.get("/newsletter/keys/")
        assert page.status == 200 and page.text.count("BEGIN PRIVATE KEY") == 2 and page.headers["content-type"].startswith("text/plain")
        # whoever reads that page can make the old signature for any text: it proves nothing
        pem = re.search(r"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----", page.text, re.S).group(0)
        forged = b"From: news@kestrel.example\r\nSubject: never said\r\n\r\nNever written.\r\n"
        domain = house.ask("newsletter", "GET", "/dns").json["domain"].encode()
        signed = dkim.sign(forged, b"mimeo", domain, pem.encode(), include_headers=[b"from", b"subject"]) + forged
        assert verify_all(signed, zone_of(first)) == [True]


def good_zone(house, keys):
    domain = house.ask("newsletter", "GET", "/dns").json["domain"]
    return domain, zone_of(keys) + [
        (domain, "TXT", "v=spf1 include:spf.relay.example -all"), ("spf.relay.example", "TXT", "v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/32 -all"),
        ("_dmarc." + domain, "TXT", "v=DMARC1; p=quarantine; rua=mailto:dmarc@" + domain), (domain, "MX", "mx." + domain),
        ("9.2.0.192.in-addr.arpa", "PTR", "mail." + domain), ("mail." + domain, "A", "192.0.2.9")]


def doctor(house, dns, *more):
    done = subprocess.run([MIMEO, "newsletter", "doctor", "--json", "--dns", dns.address, "-C", house.home] + list(more), capture_output=True, text=True, check=False,
                          env=house.env)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def said(findings, topic, level):
    return [one for one in findings if one["topic"] == topic and one["level"] == level]


def test_the_doctor_says_which_record_to_add():
    with House({"newsroom.url": "https://tern.example", "newsletter.bounce_address": "bounces+TOKEN@" + "tern.example", "newsletter.from": "news@tern.example", "newsletter.dkim_selector": "mimeo",
                "smtp.relay.host": "mail.tern.example"}) as house, Dns([]) as dns:
        keys = records(house)
        code, findings = doctor(house, dns, "--ip", "192.0.2.9")
        assert code == 1
        for topic in ("DKIM", "SPF", "DMARC", "PTR", "MX"):
            assert said(findings, topic, "bad"), (topic, findings)
        adds = [one["add"] for one in findings if "add" in one]
        assert any("v=spf1 ip4:192.0.2.9 ~all" in add for add in adds) and any("_dmarc.tern.example. TXT" in add for add in adds), adds
        assert any(add.startswith("mimeo._domainkey.tern.example. TXT \"v=DKIM1; k=rsa; p=") for add in adds)
        assert any(add.startswith("9.2.0.192.in-addr.arpa. PTR") for add in adds)
        # exactly the records that it asked for make it content
        domain, zone = good_zone(house, keys)
        dns.zone = zone
        code, findings = doctor(house, dns, "--ip", "192.0.2.9")
        bad = [one for one in findings if one["level"] == "bad"]
        assert code == 0 and not bad, bad
        assert len(said(findings, "DKIM", "ok")) == 2 and said(findings, "PTR", "ok") and said(findings, "SPF", "ok")
        # without --ip: of each server what can be known from here
        code, findings = doctor(house, dns)
        looks = [one["say"] for one in said(findings, "sending", "look")]
        assert code == 0 and len(looks) == 2 and "cannot be seen from here" in looks[0] and "the addresses of mail.tern.example" in looks[1], findings
        assert any("lets 192.0.2.9 send" in one["say"] for one in said(findings, "SPF", "ok")), findings
        assert any("to mail.tern.example under TLS" in one["say"] for one in said(findings, "bulk rules", "ok")), findings
        # an address that the record does not cover, a name that does not lead back
        dns.zone = zone + [("7.100.51.198.in-addr.arpa", "PTR", "mail." + domain)]
        code, findings = doctor(house, dns, "--ip", "198.51.100.7")
        assert code == 1 and "v=spf1 include:spf.relay.example ip4:198.51.100.7 -all" in said(findings, "SPF", "bad")[0]["add"]
        assert "does not lead back" in said(findings, "PTR", "bad")[0]["say"]
        # another key, two SPF records, no answer at all
        dns.zone = [(n, k, v.replace("p=MII", "p=MIJ")) for n, k, v in zone] + [(domain, "TXT", "v=spf1 +all")]
        code, findings = doctor(house, dns, "--ip", "192.0.2.9")
        assert code == 1 and "another key" in said(findings, "DKIM", "bad")[0]["say"] and "broken" in said(findings, "SPF", "bad")[0]["say"]
        dns.zone, dns.silent = zone, {"_dmarc." + domain}
        began = time.monotonic()
        _, findings = doctor(house, dns, "--ip", "192.0.2.9")
        assert said(findings, "DMARC", "look") and time.monotonic() - began < 240, "who does not answer is no finding"


def test_the_doctor_knows_servers_that_sign_themselves():
    settings = {"newsroom.url": "https://tern.example", "newsletter.from": "news@tern.example", "newsletter.smtp_sign": "no",
                "smtp.relay.host": "mail.tern.example", "smtp.relay.sign": "no"}
    with House(settings, payments=False) as house, Dns([]) as dns:
        _, findings = doctor(house, dns, "--ip", "192.0.2.9")
        assert len(said(findings, "DKIM", "look")) == 2 and not said(findings, "DKIM", "bad"), said(findings, "DKIM", "bad")
        assert all("signs by itself" in one["say"] for one in said(findings, "DKIM", "look"))


# --- the mails themselves -----------------------------------------------------------------------------------------------------------

SUBJECTS = ["Plain", "Новости недели: что произошло, пока мы спали", "أخبار الأسبوع: ما حدث في البلاد هذا الأسبوع ولماذا يهم", ". starts with a dot", "A " * 60 + "b",
            "From here", "=?not?encoded?=", "emoji 🦆 and “quotes”", "x" * 150, "comma, semi; colon: \"quoted\" <angle>"]


def test_two_hundred_mails_verify_by_both_keys():
    if dkim is None:
        pytest.skip("python3-dkim is not installed")
    with House({"newsroom.url": "https://tern.example", "newsletter.from": "news@tern.example", "newsletter.smtp_connections": "4"}) as house:
        bodies = ["\n\n".join(["Paragraph with a very long line: " + "word " * 400, ".", ".dot at the start", "From the start", "trailing blanks   ", "тире — и ещё"]),
                  "نص عربي طويل. " * 200, "Short."]
        for i, body in enumerate(bodies):
            house.mimeo("story", "import", house.story("story-%d" % i, body=body, excerpt=".A line that begins with a dot"))
        readers = 20
        for i in range(readers):
            house.post("/newsletter/subscribe", {"email": "r%02d@example.org" % i, "lang": "en", "back": "/"})
        wait_for(lambda: len(house.mails(brief=True)) >= readers, 60)
        for mail in house.mails():
            link = next(one for one in house.links(mail) if "/newsletter/confirm/" in one)
            assert house.post(link[len("https://tern.example"):], {}).status == 200
        house.forget_mails()
        zone = zone_of(records(house))
        for subject in SUBJECTS:
            issue = str(house.mimeo("newsletter", "compose", "--subject", subject, "story-0", "story-1", "story-2", json_out=True)["issue"])
            house.mimeo("newsletter", "send", issue)
        wait_for(lambda: len(house.mails(brief=True)) == readers * len(SUBJECTS), 120, why=lambda: "%d mails" % len(house.mails(brief=True)))
        for mail in house.mails(brief=True):
            bytes_ = raw(house, mail["n"])
            assert verify_all(bytes_, zone) == [True, True], mail["subject"]
            assert all(len(line) <= 998 for line in bytes_.split(b"\r\n")) and b"\n" not in bytes_.replace(b"\r\n", b"")
            assert not [c for c in bytes_ if c >= 128 or c == 0]
            parsed = email.message_from_bytes(bytes_, policy=email.policy.default)
            assert not parsed.defects and parsed["Subject"] in [s.strip() for s in SUBJECTS], parsed["Subject"]
            assert [part.get_content_type() for part in parsed.walk()] == ["multipart/alternative", "text/plain", "text/html"]
            assert re.fullmatch(r"<https://tern\.example/newsletter/unsubscribe/[a-z2-7]{26}>", parsed["List-Unsubscribe"].replace(" ", ""))
            assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            signed = [re.search(r"h=([^;]+)", re.sub(r"\s", "", str(value))).group(1).lower().split(":") for value in parsed.get_all("DKIM-Signature")]
            for names in signed:
                for name in ("from", "to", "subject", "date", "message-id", "mime-version", "content-type", "list-id", "list-unsubscribe", "list-unsubscribe-post"):
                    assert names.count(name) == len(parsed.get_all(name, [])) + 1, (name, names)
            assert not re.search(r"[;\s]l=", " ".join(parsed.get_all("DKIM-Signature")))


def test_the_demo_issue_is_light(demo_newsroom):
    """Gmail clips at 102 KB; 60 KB leave room for what relays add."""
    house = demo_newsroom
    house.subscribe("light@example.org")
    stories = [s["id"] for s in house.mimeo("story", "list", "published", json_out=True)["stories"]][:8]
    issue = str(house.mimeo("newsletter", "compose", "--subject", "This week in Lorvia", *[str(s) for s in stories], json_out=True)["issue"])
    house.mimeo("newsletter", "send", issue)
    mail = mail_of(house, "light@example.org", "This week in Lorvia")
    html = email.message_from_bytes(mail["raw"], policy=email.policy.default).get_body(("html",)).get_content()
    assert len(html.encode()) <= 60 * 1024, len(html.encode())
    assert len(mail["raw"]) <= 102 * 1024, len(mail["raw"])
    if os.environ.get("MIMEO_KEEP_MAIL"):
        with open(os.environ["MIMEO_KEEP_MAIL"], "wb") as file:
            file.write(mail["raw"])
