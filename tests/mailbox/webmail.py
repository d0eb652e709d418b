"""webmail: how a mail looks to its reader, and what a test wants to know of it.

Decides the mailbox's pages and the JSON facts of a mail (parts, signature, unsubscribe). Leaves SMTP and routes to server.py.

SPDX-License-Identifier: ISC
"""
import email
import email.policy
import re
import subprocess
import time
import urllib.error
import urllib.request
from html import escape

try:
    import dkim
except ImportError:
    dkim = None

CSS = """
:root{color-scheme:light dark;--paper:#fff;--bench:#f1f1ee;--ink:#1b1c1e;--soft:#5b5e63;--line:#d3d4d0;--mark:#7a3e00;--good:#1d6b4c;--bad:#a3242b}
@media (prefers-color-scheme:dark){:root{--paper:#1c1d1f;--bench:#131415;--ink:#e8e8e6;--soft:#a5a8ac;--line:#3a3b3e;--mark:#ffb46b;--good:#7fcfac;--bad:#f19aa0}}
*{box-sizing:border-box}body{margin:0;background:var(--bench);color:var(--ink);font:.9375rem/1.5 system-ui,"Noto Sans","Liberation Sans",sans-serif}
header{display:flex;gap:1rem;align-items:center;padding:.75rem 1rem;border-bottom:1px solid var(--line);background:var(--paper)}header h1{font-size:1rem;margin:0;flex:1}
header p{margin:0;color:var(--soft)}main{max-width:60rem;margin:0 auto;padding:1rem}a{color:var(--mark)}
table.box{width:100%;border-collapse:collapse;background:var(--paper);border:1px solid var(--line)}.box td{padding:0;border-top:1px solid var(--line)}
.box a{display:grid;grid-template-columns:14rem 1fr auto;gap:1rem;padding:.65rem 1rem;color:inherit;text-decoration:none}.box a:hover{background:var(--bench)}
.box b,.box span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;min-width:0}.soft{color:var(--soft)}
@media (max-width:40rem){.box a{grid-template-columns:1fr auto;gap:0 1rem}.box a span.subject{grid-column:1/-1;grid-row:2}}
article{background:var(--paper);border:1px solid var(--line);padding:1rem}h2{font-size:1.25rem;margin:0 0 .5rem}dl{display:grid;grid-template-columns:auto 1fr;gap:.15rem 1rem;margin:0 0 1rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}nav{display:flex;gap:1rem;border-bottom:1px solid var(--line);margin-bottom:.5rem}nav a{padding:.4rem 0;text-decoration:none}
nav a[aria-current]{border-bottom:3px solid var(--mark);font-weight:600}iframe{width:100%;height:75vh;border:0;background:#fff}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.875rem}
button{font:inherit;padding:.35rem .75rem;border:1px solid var(--soft);background:var(--paper);color:var(--ink);cursor:pointer}.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}
form{display:inline}:focus-visible{outline:3px solid var(--mark);outline-offset:2px}
"""


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def part(message, kind):
    found = message.get_body(preferencelist=(kind,)) if message.is_multipart() or message.get_content_type() == "text/" + kind else None
    if found is None:
        return None
    try:
        return found.get_content()
    except (LookupError, ValueError):
        return found.get_payload(decode=True).decode("utf-8", "replace")


def dkim_record(path):
    """The DNS record that a key file stands for."""
    with open(path, encoding="ascii", errors="replace") as file:
        text = file.read()
    if "BEGIN" not in text:
        match = re.search(r"v=DKIM1[^\"\n]*(?:\"\s*\"[^\"\n]*)*", text)
        return re.sub(r"\"\s*\"", "", match.group(0)) if match else text.strip()
    ask = ["openssl", "rsa", "-in", path, "-pubout"] + (["-pubin"] if "PUBLIC" in text else [])
    out = subprocess.run(ask, capture_output=True, check=True, text=True).stdout
    return "v=DKIM1; k=rsa; p=" + "".join(out.splitlines()[1:-1])


def dkim_verdict(raw, key):
    """"pass", or why not."""
    if b"\ndkim-signature:" not in b"\n" + raw.split(b"\r\n\r\n", 1)[0].lower():
        return "not signed"
    if dkim is None:
        return "python3-dkim is not installed"
    if not key:
        return "no key given to check against"
    try:
        record = dkim_record(key).encode()
        return "pass" if dkim.verify(raw, dnsfunc=lambda name, timeout=5: record) else "fail"
    except (OSError, subprocess.CalledProcessError, dkim.DKIMException) as error:
        return "fail: %s" % error


def brief(mail):
    return {"n": mail["n"], "from": mail["from"], "to": mail["to"], "size": len(mail["raw"]), "at": mail["at"]}


def facts(mail, key):
    message = parse(mail["raw"])
    out = brief(mail)
    out.update(subject=str(message["Subject"] or ""), text=part(message, "plain"), html=part(message, "html"), dkim=dkim_verdict(mail["raw"], key),
               headers=[[name, str(value)] for name, value in message.items()], unsubscribe=unsubscribe_address(message),
               one_click="one-click" in (message["List-Unsubscribe-Post"] or "").lower(), tls=mail["tls"], user=mail["user"])
    return out


def unsubscribe_address(message):
    found = re.search(r"<(https?://[^>]+)>", str(message["List-Unsubscribe"] or "").replace(" ", ""))
    return found.group(1) if found else None


# --- pages ---------------------------------------------------------------------------------------------------------------------

def whole(title, body, aside=""):
    return ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>%s</title>"
            "<style>%s</style></head><body><header><h1><a href=\"/\">Rehearsal mailbox</a></h1>%s</header><main>%s</main></body></html>\n" % (escape(title), CSS, aside, body))


def inbox(mails, to):
    shown = [m for m in reversed(mails) if not to or to.lower() in " ".join(m["to"]).lower()]
    rows = []
    for mail in shown[:500]:
        message = parse(mail["raw"].split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n")
        rows.append("<tr><td><a href=\"/mail/%d\"><b>%s</b><span class=\"subject\">%s</span><time class=\"soft\">%s</time></a></td></tr>" % (
            mail["n"], escape(", ".join(mail["to"])), escape(str(message["Subject"] or "(no subject)")), time.strftime("%H:%M:%S", time.localtime(mail["at"]))))
    more = "<p class=\"soft\">… and %d older</p>" % (len(shown) - 500) if len(shown) > 500 else ""
    body = "<table class=\"box\">%s</table>%s" % ("".join(rows), more) if rows else (
        "<article><h2>No mail yet</h2><p>Every mail that the newsroom sends arrives here, whoever it is for. Sign up for its newsletter with any address.</p></article>")
    return whole("Mailbox (%d)" % len(mails), body, "<p>%d mail%s for everybody</p><form method=\"post\" action=\"/empty\"><button>Empty</button></form>" % (
        len(mails), "" if len(mails) == 1 else "s"))


def reader(mail, view, key):
    known = facts(mail, key)
    views = [name for name in ("html", "text") if known[name]] + ["headers", "source"]
    view = view if view in views else views[0]
    tabs = "".join("<a href=\"?view=%s\"%s>%s</a>" % (name, " aria-current=\"page\"" if name == view else "", {
        "html": "Mail", "text": "Text only", "headers": "Headers", "source": "Source"}[name]) for name in views)
    if view == "html":
        shown = "<iframe sandbox=\"allow-popups allow-popups-to-escape-sandbox\" title=\"The mail\" src=\"/mail/%d/body\"></iframe>" % mail["n"]
    elif view == "text":
        shown = "<pre>%s</pre>" % re.sub(r"(https?://[^\s&<>]+(?:&amp;[^\s&<>]+)*)", r'<a href="\1" target="_blank" rel="noreferrer">\1</a>', escape(known["text"]))
    elif view == "headers":
        shown = "<dl>%s</dl>" % "".join("<dt>%s</dt><dd>%s</dd>" % (escape(name), escape(value)) for name, value in known["headers"])
    else:
        shown = "<pre>%s</pre>" % escape(mail["raw"].decode("utf-8", "replace"))
    leave = ""
    if known["unsubscribe"] and known["one_click"]:
        leave = "<form method=\"post\" action=\"/mail/%d/unsubscribe\"><button>Unsubscribe (one click)</button></form>" % mail["n"]
    elif known["unsubscribe"]:
        leave = "<a href=\"%s\" target=\"_blank\" rel=\"noreferrer\">Unsubscribe…</a>" % escape(known["unsubscribe"], True)
    message = parse(mail["raw"])
    signed = known["dkim"]
    return whole(known["subject"], (
        "<article><h2 dir=\"auto\">%s</h2><dl><dt>From</dt><dd>%s</dd><dt>To</dt><dd>%s</dd><dt>Signature</dt><dd class=\"%s\">%s</dd>%s</dl><nav>%s</nav>%s</article>") % (
            escape(known["subject"]), escape(str(message["From"] or "")), escape(", ".join(mail["to"])), "good" if signed == "pass" else "bad",
            "DKIM: " + escape(signed), "<dt>List</dt><dd>%s</dd>" % leave if leave else "", tabs, shown))


def body_html(mail):
    html = part(parse(mail["raw"]), "html") or ""
    if "<head>" in html:
        return html.replace("<head>", "<head><base target=\"_blank\">", 1)
    return "<base target=\"_blank\">" + html


def unsubscribed(mail):
    """What a mail program's unsubscribe button does (RFC 8058): one POST, no cookies, no redirect followed."""
    address = unsubscribe_address(parse(mail["raw"]))
    if not address:
        return whole("Unsubscribe", "<article><h2>Nothing to press</h2><p>The mail has no List-Unsubscribe address.</p></article>")

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *more):
            return None
    try:
        request = urllib.request.Request(address, b"List-Unsubscribe=One-Click", {"Content-Type": "application/x-www-form-urlencoded"})
        with urllib.request.build_opener(Stay).open(request, timeout=10) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    except OSError as error:
        status = str(error)
    return whole("Unsubscribe", "<article><h2>%s</h2><p>The newsroom answered %s.</p><p><a href=\"/mail/%d\">Back to the mail</a></p></article>" % (
        "Unsubscribed" if status == 200 else "That did not work", escape(str(status)), mail["n"]))


def missing():
    return whole("Not found", "<article><h2>There is no such mail</h2><p><a href=\"/\">Back to the mailbox</a></p></article>")
