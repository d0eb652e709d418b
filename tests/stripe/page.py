"""page: the rehearsal's payment page and its overview, for a human. Plainly not Stripe's, plainly without money.

SPDX-License-Identifier: ISC
"""
from html import escape

from rules import ZERO_DECIMAL

CSS = """
:root{color-scheme:light dark;--paper:#fff;--bench:#eef1f0;--ink:#17201d;--soft:#55605c;--line:#c9d1ce;--go:#0b5d48;--on-go:#fff;--flag:#ffe08a;--on-flag:#2b2100;--bad:#a3242b}
@media (prefers-color-scheme:dark){:root{--paper:#1a2220;--bench:#101615;--ink:#e6ebe9;--soft:#a3afab;--line:#37423f;--go:#7fd0b5;--on-go:#06231b;--flag:#4a3a05;--on-flag:#ffe9ac;--bad:#f19aa0}}
*{box-sizing:border-box}body{margin:0;background:var(--bench);color:var(--ink);font:1rem/1.5 system-ui,"Noto Sans","Liberation Sans",sans-serif}
.flag{background:var(--flag);color:var(--on-flag);padding:.5rem 1rem;text-align:center;font-weight:600}
main{max-width:30rem;margin:2rem auto;background:var(--paper);border:1px solid var(--line);padding:1.5rem}
main.wide{max-width:60rem}h1{font-size:1rem;font-weight:600;margin:0;color:var(--soft)}h2{font-size:1.125rem;margin:2rem 0 .5rem}
.sum{font-size:2.5rem;font-weight:700;line-height:1.2;margin:.25rem 0 1rem;font-variant-numeric:tabular-nums}.sum small{font-size:1rem;font-weight:400;color:var(--soft)}
dl{margin:0 0 1.5rem;border-top:1px solid var(--line)}dl div{display:flex;justify-content:space-between;gap:1rem;border-bottom:1px solid var(--line);padding:.5rem 0}
dt{color:var(--soft)}dd{margin:0;text-align:end;overflow-wrap:anywhere}label{display:block;font-weight:600;margin-bottom:.25rem}
input{width:100%;font:inherit;padding:.75rem;border:1px solid var(--soft);background:var(--paper);color:var(--ink)}
button,.button{display:block;width:100%;font:inherit;font-weight:700;padding:.85rem 1rem;margin-top:.75rem;border:1px solid var(--go);background:var(--go);color:var(--on-go);cursor:pointer;text-align:center;text-decoration:none}
button.quiet,.quiet{background:none;color:var(--ink);border-color:var(--line);font-weight:400}.row button{display:inline-block;width:auto;margin:0;padding:.25rem .6rem;font-weight:400;font-size:.875rem}
a{color:var(--go)}.note{color:var(--soft);font-size:.875rem}.bad{color:var(--bad);font-weight:600}:focus-visible{outline:3px solid var(--go);outline-offset:2px}
table{width:100%;border-collapse:collapse;font-size:.9375rem}td,th{text-align:start;padding:.4rem .5rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}code{font-size:.8125rem;overflow-wrap:anywhere}
form.row{display:inline}.scroll{overflow-x:auto}
"""
SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "cad": "CA$", "aud": "A$", "nzd": "NZ$"}


def money(amount, code):
    figure = "%d" % amount if code in ZERO_DECIMAL else "%d.%02d" % divmod(amount, 100)
    return SIGNS[code] + figure if code in SIGNS else "%s %s" % (figure, code.upper())


def whole(title, body, wide=False):
    return ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
            "<meta name=\"robots\" content=\"noindex\"><title>%s</title><style>%s</style></head><body>"
            "<p class=\"flag\" style=\"margin:0\">Rehearsal payment page · no real money, no card asked</p><main%s>%s</main></body></html>\n"
            % (escape(title), CSS, " class=\"wide\"" if wide else "", body)).encode()


def every(session, asked):
    for item in asked["line_items"]:
        again = item["price_data"].get("recurring")
        if again:
            count = again.get("interval_count", 1)
            return "every %s" % again["interval"] if count == 1 else "every %d %ss" % (count, again["interval"])
    return ""


def pay(session, asked, said=""):
    rows = "".join("<div><dt>%s</dt><dd>%s</dd></div>" % (escape(item["price_data"]["product_data"]["name"]),
                                                          escape(money(item["price_data"]["unit_amount"] * item["quantity"], session["currency"])))
                   for item in asked["line_items"])
    often = every(session, asked)
    verb = {"donate": "Donate", "book": "Book", "subscribe": "Subscribe"}.get(session["submit_type"], "Subscribe" if session["mode"] == "subscription" else "Pay")
    submit = (session["custom_text"]["submit"] or {}).get("message", "")
    return whole("Pay (rehearsal)", (
        "<h1>You are about to give</h1><p class=\"sum\">%s <small>%s</small></p><dl>%s</dl>%s"
        "<form method=\"post\" action=\"/pay/%s\"><label for=\"email\">Email</label><input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"email\" value=\"%s\" "
        "placeholder=\"giver@rehearsal.example\"><label for=\"name\">Name on the card</label><input id=\"name\" name=\"name\" autocomplete=\"off\" maxlength=\"100\">%s"
        "<button name=\"do\" value=\"pay\">%s %s</button>"
        "<button class=\"quiet\" name=\"do\" value=\"bank\">Pay later by bank</button>"
        "<button class=\"quiet\" name=\"do\" value=\"decline\">Try a card that is refused</button>"
        "%s</form><p class=\"note\">“By bank” tells the newsroom that you agreed; the bank's answer follows after a while.</p>") % (
            escape(money(session["amount_total"], session["currency"])), escape(often), rows,
            "<p class=\"bad\" role=\"alert\">%s</p>" % escape(said) if said else "", escape(session["id"]), escape(session["customer_email"] or "", True),
            "<p class=\"note\">%s</p>" % escape(submit) if submit else "", verb, escape(money(session["amount_total"], session["currency"])),
            "<button class=\"quiet\" name=\"do\" value=\"cancel\">Cancel and go back</button>" if session["cancel_url"] else ""))


def small(title, sentence, href=None, words=None):
    return whole(title, "<h1>%s</h1><p>%s</p>%s" % (escape(title), escape(sentence),
                                                    "<a class=\"button\" href=\"%s\">%s</a>" % (escape(href, True), escape(words)) if href else ""))


def button(action, words):
    return "<form class=\"row\" method=\"post\" action=\"%s\"><button class=\"quiet\">%s</button></form> " % (escape(action, True), escape(words))


def overview(world, sender):
    """What happened here, with the buttons that let time pass."""
    out = ["<h1>Rehearsal of a payment provider</h1><p>Pages and events in the shape of Stripe's API, without money. A page to pay at opens from the newsroom's "
           "“Continue” button.</p>"]
    rows = []
    for session in world.all("checkout.session")[:50]:
        do = ""
        if session["status"] == "open":
            do = "<a href=\"/pay/%s\">open</a>" % escape(session["id"])
        elif session["status"] == "complete" and session["payment_status"] == "unpaid":
            do = button("/rehearse/settle/%s" % session["id"], "the bank says yes") + button("/rehearse/fail/%s" % session["id"], "the bank says no")
        rows.append("<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>" % (
            escape(money(session["amount_total"], session["currency"])), escape(session["mode"]),
            escape("%s, %s" % (session["status"], session["payment_status"])), do))
    out.append("<h2>Checkouts</h2><div class=\"scroll\"><table><tr><th>Sum<th>Mode<th>State<th></tr>%s</table></div>" % ("".join(rows) or "<tr><td colspan=4>None yet."))
    rows = []
    for subscription in world.all("subscription")[:50]:
        price = subscription["items"]["data"][0]["price"]
        do = "" if subscription["status"] == "canceled" else (button("/rehearse/advance/%s" % subscription["id"], "let a %s pass" % price["recurring"]["interval"]) +
                                                              button("/rehearse/advance-failing/%s" % subscription["id"], "… and the card is refused"))
        if subscription["status"] == "past_due":
            do += button("/rehearse/retry/%s" % subscription["id"], "it is tried again and taken") + button("/rehearse/refuse-again/%s" % subscription["id"], "refused again")
        rows.append("<tr><td>%s</td><td>%s</td><td>%s</td></tr>" % (escape(money(price["unit_amount"], price["currency"])), escape(subscription["status"]), do))
    out.append("<h2>Subscriptions</h2><div class=\"scroll\"><table><tr><th>Sum<th>State<th></tr>%s</table></div>" % ("".join(rows) or "<tr><td colspan=3>None yet."))
    rows = []
    for charge in world.all("charge")[:50]:
        state = "disputed" if charge["disputed"] else "refunded" if charge["refunded"] else "paid"
        do = "" if state != "paid" else button("/rehearse/refund/%s" % charge["id"], "refund") + button("/rehearse/dispute/%s" % charge["id"], "dispute")
        for dispute in world.all("dispute"):
            if dispute["charge"] == charge["id"] and dispute["status"] not in ("won", "lost"):
                do += button("/rehearse/dispute-won/%s" % dispute["id"], "the newsroom wins") + button("/rehearse/dispute-lost/%s" % dispute["id"], "the giver wins")
        rows.append("<tr><td>%s</td><td>%s</td><td>%s</td></tr>" % (escape(money(charge["amount"], charge["currency"])), state, do))
    out.append("<h2>Charges</h2><div class=\"scroll\"><table><tr><th>Sum<th>State<th></tr>%s</table></div>" % ("".join(rows) or "<tr><td colspan=3>None yet."))
    rows = ["<tr><td>%s</td><td>%s</td></tr>" % (escape(money(payout["amount"], payout["currency"])), escape(payout["status"])) for payout in world.all("payout")[:20]]
    out.append("<h2>Payouts</h2>%s<div class=\"scroll\"><table><tr><th>Sum<th>State</tr>%s</table></div>" % (
        "".join(button("/rehearse/payout/%s" % code, "pay out what is there in %s" % code.upper())
                for code in sorted({one["currency"] for one in world.all("balance_transaction")})), "".join(rows) or "<tr><td colspan=2>None yet."))
    rows = ["<tr><td>%s</td><td><code>%s</code></td><td>%s</td></tr>" % (
        escape(event["type"]), escape(event["id"]), escape(", ".join(str(one["status"] or "no answer") for one in sender.log.get(event["id"], [])) or "waiting"))
        for event in reversed(world.events[-40:])]
    out.append("<h2>Events sent to the newsroom</h2><div class=\"scroll\"><table><tr><th>Type<th>Event<th>Answers</tr>%s</table></div>" % ("".join(rows) or "<tr><td colspan=3>None yet."))
    return whole("Rehearsal of a payment provider", "".join(out), True)
