"""The books: disputes, renewals that fail, payouts that reconcile, periods that close, exports, the proof.
SPDX-License-Identifier: ISC
"""
import json
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import time

import pytest
from house import KEY, ROOT, House, ask_url, wait_for

sys.path.insert(0, os.path.join(ROOT, "tests"))
from fault import trace  # noqa: E402


@pytest.fixture(scope="module")
def newsroom():
    with House() as house:
        yield house


def ask(house, path, caller="desk"):
    answer = house.ask("support", "GET", path, caller=caller)
    assert answer.status == 200, answer
    return answer.json


def balances(house):
    return {(a["account"], a["currency"]): a["balance_minor"] for a in ask(house, "/ledger?limit=1", "cli")["accounts"]}


def objects(house, kind):
    return [o for o in house.stripe("GET", "objects") if o["object"] == kind]


def give(house, freq, amount):
    """A gift; its session and its last charge."""
    session, _ = house.give(freq, amount)
    house.wait_books_quiet()
    session = next(s for s in house.stripe("GET", "sessions") if s["id"] == session)
    return session, next(c for c in reversed(objects(house, "charge")) if c["amount"] == amount)


def row(house, amount):
    return next(c for c in ask(house, "/contributions?limit=200")["contributions"] if c["amount_minor"] == amount)


def test_a_dispute_is_booked_and_won(newsroom):
    house = newsroom
    _, charge = give(house, "once", 4100)
    before = balances(house)
    dispute = house.stripe("POST", "dispute/" + charge["id"])
    house.wait_books_quiet()
    found = ask(house, "/disputes")["disputes"][0]
    assert (found["state"], found["amount_minor"], found["fee_minor"], found["reason"]) == ("open", 4100, 1500, "fraudulent")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["due_day"]) and row(house, 4100)["state"] == "disputed"
    now = balances(house)
    assert now["disputed", "USD"] - before.get(("disputed", "USD"), 0) == 4100 and now["fees", "USD"] - before["fees", "USD"] == 1500
    house.stripe("POST", "dispute-won/" + dispute["id"])
    house.wait_books_quiet()
    now = balances(house)
    assert now["disputed", "USD"] == before.get(("disputed", "USD"), 0) and row(house, 4100)["state"] == "booked"
    assert before["provider:stripe", "USD"] - now["provider:stripe", "USD"] == 1500


def test_a_dispute_that_is_lost_is_given_back(newsroom):
    house = newsroom
    _, charge = give(house, "once", 4200)
    before = balances(house)
    dispute = house.stripe("POST", "dispute/" + charge["id"])
    house.stripe("POST", "dispute-lost/" + dispute["id"])
    house.wait_books_quiet()
    now = balances(house)
    assert now["given-back", "USD"] - before.get(("given-back", "USD"), 0) == 4200 and now["disputed", "USD"] == before.get(("disputed", "USD"), 0)
    assert row(house, 4200)["state"] == "lost"


def test_a_refund_that_fails_comes_back(newsroom):
    house = newsroom
    _, charge = give(house, "once", 4300)
    before = balances(house)
    refund = house.stripe("POST", "refund/" + charge["id"])
    house.wait_books_quiet()
    assert row(house, 4300)["state"] == "refunded"
    house.stripe("POST", "fail-refund/" + refund["id"])
    house.wait_books_quiet()
    assert row(house, 4300)["state"] == "booked" and balances(house)["provider:stripe", "USD"] == before["provider:stripe", "USD"]


def test_refunds_are_known_from_the_charge_alone(newsroom):
    """An endpoint that was made without refund.* events: the provider is asked."""
    house = newsroom
    _, charge = give(house, "once", 4400)
    house.stripe("POST", "webhooks", hold=True)
    house.stripe("POST", "refund/" + charge["id"])
    events = [e for e in house.stripe("GET", "events") if not e["deliveries"]]
    house.stripe("POST", "webhooks", drop=True, hold=False)
    told = next(e for e in events if e["type"] == "charge.refunded")
    assert house.stripe("POST", "events/%s/send" % told["id"])["status"] == 200
    wait_for(lambda: row(house, 4400)["state"] == "refunded", 20, why="the refund is not in the books")
    before = balances(house)
    for one in events:
        house.stripe("POST", "events/%s/send" % one["id"])
    house.wait_books_quiet()
    assert balances(house) == before


def test_a_renewal_that_fails_says_why_and_recovers(newsroom):
    house = newsroom
    session, _ = give(house, "monthly", 4500)
    house.stripe("POST", "advance-failing/" + session["subscription"])
    house.wait_books_quiet()
    found = ask(house, "/renewals")["renewals"][0]
    assert (found["state"], found["attempts"], found["reason"], found["amount_minor"]) == ("failing", 1, "insufficient_funds", 4500), found
    house.stripe("POST", "refuse-again/" + session["subscription"])
    house.wait_books_quiet()
    assert ask(house, "/renewals")["renewals"][0]["attempts"] == 2
    house.stripe("POST", "retry/" + session["subscription"])
    house.wait_books_quiet()
    assert ask(house, "/renewals")["renewals"][0]["state"] == "recovered"
    assert len([c for c in ask(house, "/contributions?limit=200")["contributions"] if c["amount_minor"] == 4500]) == 2


def test_a_payout_reconciles_to_zero(newsroom):
    house = newsroom
    payout = house.stripe("POST", "payout/usd", own_fee=77)
    house.wait_books_quiet()
    found = ask(house, "/payouts")
    one = found["payouts"][0]
    assert one["amount_minor"] == payout["amount"] and one["difference_minor"] == 0 and one["unknown_parts"] == 0 and one["is_reconciled"], one
    assert found["unreconciled"] == 0
    now = balances(house)
    assert now["bank", "USD"] == payout["amount"] and now["provider:stripe", "USD"] == 0, now
    parts = ask(house, "/payouts/%s?limit=500" % one["id"])["parts"]
    assert len(parts) == one["parts"] and sum(p["amount_minor"] for p in parts) == payout["amount"]
    assert all(p["is_known"] for p in parts) and any(p["what"] == "stripe_fee" and p["contribution"] is None for p in parts)


def test_a_payout_with_what_is_not_ours_is_listed(newsroom):
    """Another shop shares the provider's account: its payment is in the payout, and nobody here knows it."""
    house = newsroom
    give(house, "once", 4600)
    made = ask_url("POST", house.pay + "/v1/checkout/sessions", headers={"Authorization": "Bearer " + KEY}, body={
        "mode": "payment", "success_url": "https://shop.example/", "line_items[0][quantity]": "1", "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "9900", "line_items[0][price_data][product_data][name]": "A mug"}).json
    house.stripe("POST", "pay/" + made["id"])
    house.wait_books_quiet()
    payout = house.stripe("POST", "payout/usd")
    house.wait_books_quiet()
    found = ask(house, "/payouts")
    one = next(p for p in found["payouts"] if p["amount_minor"] == payout["amount"])
    assert found["unreconciled"] == 1 and one["unknown_parts"] == 1 and not one["is_reconciled"]
    assert ask(house, "/payouts/%s" % one["id"])["parts"][0]["is_known"] is False, "the unknown part is not the first"
    parked = ask(house, "/parked?limit=200")["parked"]
    assert any(p["type"] == "checkout.session.completed" and p["state"] == "foreign" for p in parked), parked
    assert any(p["type"] == "customer.created" for p in ask(house, "/parked?unknown=1")["unknown"])
    house.stripe("POST", "fail-payout/" + payout["id"])
    house.wait_books_quiet()
    assert next(p for p in ask(house, "/payouts")["payouts"] if p["amount_minor"] == payout["amount"])["state"] == "failed"


def test_other_programs_find_the_books_balanced(newsroom):
    house = newsroom
    for program, strict in (("ledger", ["--pedantic"]), ("hledger", ["--strict"])):
        text = house.mimeo("support", "export", program)
        if shutil.which(program) is None:
            pytest.skip(program + " is not installed")
        done = subprocess.run([program, "-f", "-", *strict, "balance", "--flat"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        for (account, code), minor in balances(house).items():
            if minor:
                sign, size = ("-" if minor < 0 else ""), abs(minor)
                assert re.search(r"%s%d\.%02d %s\s+%s\s*$" % (sign, size // 100, size % 100, code, re.escape(account)), done.stdout.replace(",", ""), re.M), (account, done.stdout)
        total = done.stdout.strip().splitlines()[-1].strip()
        assert total == "0", done.stdout
    rows = house.mimeo("support", "export", "csv").splitlines()
    assert rows[0].startswith("day,booking,kind") and sum(round(float(r.split(",")[5]) * 100) for r in rows[1:] if r) == 0 and len(rows) > 30
    wrong = house.mimeo("support", "export", "xls", ok=False)
    assert wrong.returncode == 2 and "ledger, hledger or csv" in wrong.stderr


def test_a_closed_period_stays_as_it_was(newsroom):
    house = newsroom
    assert house.mimeo("support", "close", "2099-01-01", ok=False).returncode == 2
    assert house.mimeo("support", "close", "soon", ok=False).returncode == 2
    session, charge = give(house, "once", 4700)
    house.stop()
    house.env["MIMEO_CLOCK_OFFSET"] = "+%d" % (3 * 86400)
    house.serve()
    today = time.strftime("%Y-%m-%d", time.gmtime())
    house.mimeo("support", "close", today)
    assert "closed already" in house.mimeo("support", "close", today, ok=False).stderr
    closed = house.mimeo("support", "export", "csv", "1970-01-01", today)
    house.stripe("POST", "clock", ahead=3 * 86400)
    house.stripe("POST", "refund/" + charge["id"])
    house.wait_books_quiet()
    assert row(house, 4700)["state"] == "refunded"
    assert house.mimeo("support", "export", "csv", "1970-01-01", today) == closed, "a closed period changed"
    later = house.mimeo("support", "export", "csv", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400)))
    assert ",refund," in later and ",given-back,47.00,USD,1" in later
    periods = ask(house, "/periods")
    assert periods["closed"][0]["last_day"] == today and periods["open"]["number"] == 1
    assert sum(s["amount_minor"] for s in periods["closed"][0]["sums"]) == 0 and sum(s["amount_minor"] for s in periods["open"]["sums"]) == 0
    # a word of before that comes only now, for a payment of the closed period, is booked after it
    events = [e for e in house.stripe("GET", "events") if e["type"] == "charge.updated"]
    house.stripe("POST", "events/%s/send" % events[-1]["id"], change={"id": "evt_again"})
    house.wait_books_quiet()
    assert house.mimeo("support", "export", "csv", "1970-01-01", today) == closed


def test_the_books_are_proved_and_made_again(newsroom):
    house = newsroom
    said = house.mimeo("support", "check", json_out=True)
    assert said["is_same"] and said["facts"] > 50 and said["currencies_not_zero"] == 0, said
    house.stop()
    path = house.path("data", "support", "support.db")
    db = sqlite3.connect(path)
    first = db.execute("SELECT id, day FROM contribution ORDER BY id").fetchall()
    number = db.execute("SELECT max(number) FROM period").fetchone()[0]
    open_one = db.execute("SELECT id, contribution FROM booking WHERE period > ? LIMIT 1", (number,)).fetchone()
    db.execute("UPDATE contribution SET amount_minor = amount_minor + 100 WHERE id = ?", (first[0][0],))
    db.execute("DELETE FROM booking WHERE id = ?", (open_one[0],))
    db.execute("DELETE FROM entry WHERE booking = ?", (open_one[0],))
    db.commit()
    db.close()
    house.serve()
    broken = house.mimeo("support", "check", ok=False)
    assert broken.returncode == 2 and "rebuild" in broken.stderr, broken
    assert "come to" in json.dumps(json.loads(house.mimeo("check", ok=False, json_out=True).stdout))
    assert "They are the same." in house.mimeo("support", "rebuild")
    again = house.mimeo("support", "check", json_out=True)
    assert again["is_same"] and again["told"] == said["told"], "the books are other ones"


def log_of(house):
    """Pages in the database's log, and how many of them are in its file: from the index beside it (sqlite.org/walformat.html)."""
    with open(house.path("data", "support", "support.db-shm"), "rb") as file:
        index = file.read(104)
    return struct.unpack_from("=I", index, 16)[0], struct.unpack_from("=I", index, 96)[0]


def test_a_burst_of_webhooks_leaves_no_long_log(newsroom):
    """A child of the room moves the log into the file, while the room goes on answering; and it ends by itself."""
    house = newsroom
    children = lambda: subprocess.run(["pgrep", "-P", str(house.pid_of("support")), "-f", "checkpoint"], capture_output=True, text=True, check=False).stdout.split()
    give(house, "once", 1370)
    any_event = house.stripe("GET", "events")[0]["id"]
    seen = []
    for n in range(2000):
        payload = json.dumps({"id": "evt_burst_%d" % n, "object": "event", "type": "customer.updated", "created": int(time.time()), "livemode": False,
                              "data": {"object": {"id": "cus_burst_%d" % n, "object": "customer"}}})
        assert house.stripe("POST", "events/%s/send" % any_event, payload=payload)["status"] == 200
        seen = children()
        if seen:
            break
    assert seen, "nobody moves the log"
    wait_for(lambda: len(set(log_of(house))) == 1, 20, 0.1, why=lambda: "pages, moved: %d, %d" % log_of(house))
    wait_for(lambda: not children(), 30, why="the child does not end")


def some_event(house, name):
    """Tells the house an event of that name that is of no use; the answer's status."""
    if not house.stripe("GET", "events"):
        give(house, "once", 1360)
    payload = json.dumps({"id": "evt_" + name, "object": "event", "type": "customer.updated", "created": int(time.time()), "livemode": False,
                          "data": {"object": {"id": "cus_" + name, "object": "customer"}}})
    return house.stripe("POST", "events/%s/send" % house.stripe("GET", "events")[0]["id"], payload=payload)["status"]


def traced(house, *words):
    why = trace.is_possible()
    if why:
        pytest.skip(why)
    return trace.Trace(house.pid_of("support"), [word for one in words for word in ("-e", one)] + ["-yy"])


@pytest.mark.parametrize("fault", [None, "io_submit:error=EINVAL"])
def test_a_webhook_is_answered_after_the_disk_has_it(newsroom, fault):
    """What the room calls, in order: the log is written, brought to the disk, and only then the provider hears. And where the kernel has no way of
    doing that beside the loop, the room waits."""
    house = newsroom
    assert some_event(house, "before_%d" % bool(fault)) == 200
    with traced(house, "trace=pwrite64,io_submit,io_getevents,fdatasync,sendmsg", *(["inject=" + fault] if fault else [])) as trace_of:
        assert some_event(house, "disk_%d" % bool(fault)) == 200
    calls = [line.split(None, 1)[1] for line in trace_of.lines]
    answer = next(i for i, call in enumerate(calls) if call.startswith("sendmsg(") and "200 OK" in call)
    written = max(i for i, call in enumerate(calls[:answer]) if call.startswith("pwrite64(") and "support.db-wal" in call)
    between = calls[written:answer]
    beside = [call for call in between if re.match(r"io_getevents\(.*res=0.*= 1$", call)]
    waited = [call for call in between if re.match(r"fdatasync\(.*support.db-wal.*= 0$", call)]
    assert waited if fault else beside or waited, between


def test_a_disk_that_takes_nothing_is_never_a_yes(newsroom):
    """Committed, but not on the disk, and nobody can tell: no 2xx, and the room begins anew with what the disk gives."""
    house = newsroom
    house.restart()  # an earlier test has left it waiting for the disk by itself
    assert some_event(house, "first") == 200  # the log is begun anew: SQLite itself waits for its head
    before = house.pid_of("support")
    with traced(house, "trace=io_submit,fdatasync", "inject=io_submit:error=EINVAL", "inject=fdatasync:error=EIO"):
        assert some_event(house, "lost") // 100 == 5
        wait_for(lambda: house.pid_of("support") not in (None, before), 30, why=lambda: "the room does not begin anew:\n" + house.log()[-2000:])
    wait_for(lambda: house.ask("support", "GET", "/health", caller="cli").status == 200, 30)
    assert "bringing the database's log to the disk" in house.log()
    # what it committed before it ended stands in the file itself by now, not in a log that nobody would write again
    events = lambda how: sqlite3.connect("file:%s?%s" % (house.path("data", "support", "support.db"), how), uri=True).execute(  # noqa: E731
        "SELECT count(*) FROM event").fetchone()[0]
    assert events("immutable=1") == events("mode=ro")
    assert some_event(house, "lost") == 200


def test_nothing_on_disk_names_a_giver_or_a_payment(newsroom):
    """The provider's ids of people and payments, their addresses, card numbers: in no file of the house."""
    house = newsroom
    wanted = {"4242424242424242", "giver@"}
    for one in house.stripe("GET", "objects"):
        wanted.add(one["id"])
        wanted |= {one[name] for name in ("email", "customer", "payment_method", "latest_charge") if isinstance(one.get(name), str)}
    house.stop()
    for folder, _, names in os.walk(house.home):
        for name in filter(lambda name: os.path.isfile(os.path.join(folder, name)), names):
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            for word in wanted:
                assert word.encode() not in data, (name, word)
