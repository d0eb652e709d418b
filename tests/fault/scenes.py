"""scenes: what is under way when a fault comes, what a peer does then, and what must hold afterwards.

Each scene has a newsroom of its own (tests/scenario/house.py). act() does the thing once and gives up quietly when nobody answers; again()
does what a real peer would: the reader presses again, the provider tells again, the editor repeats the command; holds() asserts.
The databases are looked into from outside, read-only. Run by torture, one process.

SPDX-License-Identifier: ISC
"""
import fcntl
import gzip
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scenario"))
import house as house_module  # noqa: E402
import trace  # noqa: E402
from house import PATIENCE, ROOT, House, ask_url, wait_for  # noqa: E402

NOBODY = (OSError, http.client.HTTPException)    # what a peer sees of a dying house
SAME = {"Sec-Fetch-Site": "same-origin"}
# Findings that a rehearsal's home has by its nature; whatever else `mimeo check` finds is a failure.
RIGHTLY = ("is not https", "may or may not have arrived")


class NotSound(AssertionError):
    pass


def must(true, why):
    if not true:
        raise NotSound(why() if callable(why) else why)


def quietly(what, *words, **more):
    """The answer, or None where nobody answered."""
    try:
        return what(*words, **more)
    except NOBODY:
        return None


class Scene:
    """A newsroom with one room under fault. `died` is asked while waiting: true once strace has killed."""
    name, room, settings, lives_in = "", "", None, House
    kills_before_restart = 3                     # the parent waits twice as long after each death
    rightly = RIGHTLY

    def __init__(self):
        self.house = self.lives_in(self.settings)
        self.serial = 0
        self.deaths = 0
        self.ended = lambda: False
        self.turned = False                      # True at every other N: for scenes that have two ways to go on
        self.is_patient = True                   # False: the disk refused something; the room may need its minute

    def open(self):
        self.house.start()
        return self

    def close(self):
        self.house.end()

    def pid(self):
        return self.house.pid_of(self.room)

    def prepare(self):
        self.serial += 1

    def back(self, died):
        """Waits until the room answers again; now and then a fresh house, so that the parent's patience is fresh too."""
        self.deaths += died
        if self.deaths >= self.kills_before_restart:
            self.deaths = 0
            code, _ = self.house.stop()
            must(code == 0, "the house ended with %s" % code)
            self.house.serve()
        else:
            self.house.wait_room(self.room)

    def until(self, what, seconds, why):
        """Like wait_for(), but gives up without a word once the room was killed, or after 3 s of a refusing disk; gives what() or None."""
        end = time.monotonic() + (seconds * PATIENCE if self.is_patient else 3)
        while True:
            got = quietly(what)
            if got:
                return got
            if self.ended() or (not self.is_patient and time.monotonic() > end):
                return None
            must(time.monotonic() < end, lambda: "after %s s: %s" % (seconds * PATIENCE, why() if callable(why) else why))
            time.sleep(0.02)

    def rows(self, sql, *values):
        path = self.house.path("data", self.room, self.room + ".db")
        db = sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=5)
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def one(self, sql, *values):
        return self.rows(sql, *values)[0][0]

    def is_sound(self):
        """mimeo check, but for what a rehearsal always has."""
        done = self.house.mimeo("check", ok=False, json_out=True)
        try:
            found = [one["say"] for one in json.loads(done.stdout)]
        except ValueError:
            raise NotSound("mimeo check ended with %d: %s" % (done.returncode, (done.stdout + done.stderr)[-500:])) from None
        found = [one for one in found if not any(word in one for word in self.rightly)]
        must(not found, lambda: "mimeo check: " + "; ".join(found))

    def between(self):
        """Right after the fault, before anybody does anything."""

    def finish(self):
        """At the end of all turns."""
        self.is_sound()


class Subscribe(Scene):
    """One reader signs up, opens the mail, presses its button."""
    name, room = "subscribe", "newsletter"

    def prepare(self):
        super().prepare()
        self.address = "reader%d@example.org" % self.serial
        self.asked = 0
        self.confirmed = False
        self.before = self.count() if self.serial == 1 else self.before + 1

    def count(self):
        return self.house.ask(self.room, "GET", "/count").json["subscribers"]

    def mails(self):
        return [m for m in self.house.mails(self.address) if "/newsletter/confirm/" in m["text"]]

    def sign_up(self):
        self.asked += 1
        answer = quietly(self.house.post, "/newsletter/subscribe", {"email": self.address, "lang": "en", "back": "/"})
        return answer is not None and answer.status == 200

    def nothing_waits(self):
        """No form and no mail is on its way any more."""
        return self.one("SELECT (SELECT count(*) FROM intake) + (SELECT count(*) FROM delivery WHERE state IN ('queued', 'claimed', 'sending', 'later'))") == 0

    def confirm(self):
        mails = self.mails()
        if not mails:
            return False
        link = next(one for one in self.house.links(mails[-1]) if "/newsletter/confirm/" in one)
        answer = quietly(ask_url, "POST", link, {}, headers=SAME)
        self.confirmed = answer is not None and answer.status == 200 and "will receive" in answer.text
        return self.confirmed

    def act(self):
        if self.sign_up() and self.until(lambda: self.mails(), 15, "no confirmation mail came; log:\n" + self.house.log()[-1500:]):
            self.confirm()

    def again(self):
        for _ in range(3):
            if self.confirmed:
                return
            self.until(lambda: self.mails() or self.nothing_waits(), 20, "the mail neither came nor stopped waiting")
            if not self.mails():
                must(self.sign_up(), "signing up again is refused")
                self.until(lambda: self.mails() or self.nothing_waits(), 20, "the mail neither came nor stopped waiting")
            self.confirm()
        must(self.confirmed, lambda: "the reader asked %d times and has %d mails, and is not confirmed; rows %s" % (
            self.asked, len(self.mails()), self.rows("SELECT kind, state, attempts FROM delivery WHERE kind = 'confirm'")))

    def holds(self, faults):
        must(self.count() == self.before + 1, lambda: "there are %d subscribers, not %d" % (self.count(), self.before + 1))
        must(self.one("SELECT count(*) FROM subscriber WHERE state = 'pending'") == 0, "a pending row is left")
        self.until(self.nothing_waits, 20, "something still waits to be mailed")
        must(1 <= len(self.mails()) <= 1 + faults, lambda: "%d confirmation mails for one sign-up and %d faults" % (len(self.mails()), faults))

    def finish(self):
        states = dict(self.rows("SELECT state, count(*) FROM delivery WHERE kind = 'confirm' GROUP BY state"))
        must(set(states) <= {"in_doubt"}, "confirmations are left as %s" % states)
        super().finish()


class Issue(Scene):
    """An issue goes to twenty-five subscribers over three connections; the newsletter room is under fault, its keeper lives on: no doubt."""
    name, room = "issue", "newsletter"
    settings = {"newsletter.smtp_connections": "3"}
    people = 25
    doubts = 0                                   # how many may be in doubt after one fault

    def open(self):
        super().open()
        self.addresses = ["subscriber%02d@example.org" % i for i in range(self.people)]
        for address in self.addresses:
            self.house.post("/newsletter/subscribe", {"email": address, "lang": "en", "back": "/"})
        wait_for(lambda: len(self.house.mails(brief=True)) == self.people, 60, 0.1, why="confirmation mails are missing")
        for mail in self.house.mails():
            link = next(one for one in self.house.links(mail) if "/newsletter/confirm/" in one)
            must(ask_url("POST", link, {}, headers=SAME).status == 200, "confirming failed")
        return self

    def prepare(self):
        super().prepare()
        self.house.forget_mails()
        self.id = str(1000000 + self.serial)
        html, text = "<p>Hello. <a href=\"{{unsubscribe_url}}\">Leave</a></p>", "Hello.\n{{unsubscribe_url}}\n"
        subject = "Issue %d" % self.serial
        digest = hashlib.blake2b(("%s\n%s\n%s" % (subject, html, text)).encode(), digest_size=32).hexdigest()
        self.issue = {"subject": subject, "preheader": "", "language": "en", "html": html, "text": text, "hash": digest}
        self.sent = False

    def state(self):
        return self.house.ask(self.room, "GET", "/issues/" + self.id).json

    def send(self):
        """As the desk does: the whole issue (the same bytes again are fine), then the word to send."""
        put = quietly(self.house.ask, self.room, "PUT", "/issues/" + self.id, self.issue, caller="desk")
        if put is None or put.status not in (200, 201):
            return put
        return quietly(self.house.ask, self.room, "POST", "/issues/%s/send" % self.id, {"approved_by": "Anna Editor"}, caller="desk")

    def act(self):
        answer = self.send()
        self.sent = answer is not None and answer.status == 200
        if self.sent:
            self.until(lambda: self.state()["state"] == "sent", 60, lambda: "the issue is not sent: %s\n%s" % (quietly(self.state), self.house.log()[-1500:]))

    def again(self):
        answer = self.send()
        must(answer is not None and answer.status in (200, 409), "sending again is answered %s" % answer)
        wait_for(lambda: self.state()["state"] == "sent", 60, 0.05, why=lambda: "the issue is not sent: %s" % self.state())

    def holds(self, faults):
        numbers = self.state()
        got = Counter(to for mail in self.house.mails(brief=True) for to in mail["to"])
        missing = [one for one in self.addresses if one not in got]
        must(numbers["recipients"] == self.people, "recipients: %s" % numbers)
        must(numbers["accepted"] + numbers["in_doubt"] == self.people and numbers["refused"] == 0, "%s" % numbers)
        must(max(got.values(), default=0) == 1, lambda: "twice: %s" % [one for one in got if got[one] > 1])
        must(len(missing) <= numbers["in_doubt"], lambda: "%d got nothing, %d are named in doubt" % (len(missing), numbers["in_doubt"]))
        must(numbers["in_doubt"] <= self.doubts * faults, lambda: "%d in doubt after %d faults" % (numbers["in_doubt"], faults))


class IssueKeeper(Issue):
    """The same with the keeper under fault: at most one recipient for each of its connections is in doubt."""
    name = "issue-keeper"
    doubts = 3

    def pid(self):
        def find():
            for pid in house_module.children_of(self.house.pid_of("newsletter")):
                try:
                    with open("/proc/%d/cmdline" % pid, "rb") as file:
                        if b"keeper" in file.read().split(b"\0"):
                            return pid
                except OSError:
                    pass
            return None
        return wait_for(find, 20, why="the newsletter room has no keeper")

    def back(self, died):
        self.house.wait_room(self.room)


class IssueSigner(Issue):
    """The same with one of the signers under fault: nobody notices. They run from an issue's first mail to a minute after its last."""
    name = "issue-signer"

    def find(self):
        for pid in house_module.children_of(self.house.pid_of("newsletter")):
            try:
                with open("/proc/%d/cmdline" % pid, "rb") as file:
                    if b"signer" in file.read().split(b"\0"):
                        return pid
            except OSError:
                pass
        return None

    def prepare(self):
        super().prepare()
        self.act()                               # an issue before it, so that they run, and their minute begins now
        self.again()
        super().prepare()

    def pid(self):
        return wait_for(self.find, 20, why="the newsletter room has no signer")

    def back(self, died):
        self.house.wait_room(self.room)


class IssueParent(Issue):
    """The parent is killed when the mail server has taken N mails; the rooms end by themselves, the next house goes on. It makes no
    system call of its own meanwhile, so the moments are the server's."""
    name = "issue-parent"
    moments = Issue.people

    def victims(self):
        return [self.house.serving.pid]

    def kill_at(self, number):
        """Gives how many were killed."""
        answer = self.send()
        must(answer is not None and answer.status == 200, "sending is answered %s" % answer)
        end = time.monotonic() + 20
        while len(self.house.mails(brief=True)) < number - 1 and time.monotonic() < end:
            pass
        victims = self.victims()
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return 1

    def back(self, died):
        self.house.serving.wait()
        self.house.serving.stdout.close()
        self.house.serving = None
        wait_for(self.is_over, 15, why="the parent is dead, its rooms are not")
        self.house.serve()

    def is_over(self):
        with open(self.house.path("data", "newsletter", "newsletter.lock"), "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                return False


class IssuePower(IssueParent):
    """Parent, rooms and keeper are killed together, as when the power goes (but for what the disk forgets)."""
    name = "issue-power"
    doubts = 3
    pid = IssueKeeper.pid

    def victims(self):
        keeper = self.pid()
        return [keeper, *house_module.children_of(self.house.serving.pid), self.house.serving.pid]


class Gift(Scene):
    """One Continue; the provider's signed word that it was paid; the keep-this link's button."""
    name, room = "gift", "support"

    def prepare(self):
        super().prepare()
        self.amount = 1000 + self.serial
        self.session = None
        self.is_paid = self.is_cancelled = False

    def sessions(self):
        """The provider's, of this turn."""
        return [one for one in self.house.stripe("GET", "sessions") if one["amount_total"] == self.amount]

    def press_continue(self):
        answer = quietly(self.house.coupon, "monthly", own="%d.%02d" % divmod(self.amount, 100))
        if answer is None or answer.status != 303:
            return False
        session = answer.headers["location"].rsplit("/", 1)[1].split("#")[0]
        self.session = next(one for one in self.sessions() if one["id"] == session)
        return True

    def pay(self):
        self.house.stripe("POST", "pay/" + self.session["id"])
        self.is_paid = True

    def thanks(self):
        answer = quietly(ask_url, "GET", self.session["success_url"])
        return answer if answer is not None and answer.status == 200 else None

    def manage(self):
        """The keep-this link, once the thanks page has it."""
        page = self.thanks()
        found = page and re.search(r"support/manage/([0-9a-z]+)", page.text)
        return found and self.house.site + "/support/manage/" + found.group(1)

    def cancel(self):
        link = self.manage()
        answer = link and quietly(ask_url, "POST", link, {}, headers=SAME)
        self.is_cancelled = bool(answer) and answer.status == 200 and "ended" in answer.text
        return self.is_cancelled

    def act(self):
        if not self.press_continue():
            return
        self.pay()
        if self.until(self.manage, 15, "the thanks page has no keep-this link"):
            self.until(lambda: self.house.stripe("GET", "pending")["pending"] == 0, 15, "webhooks wait")
            self.cancel()
            self.until(lambda: self.house.stripe("GET", "pending")["pending"] == 0, 15, "webhooks wait")

    def again(self):
        if self.session is None:
            must(self.press_continue(), "Continue again is refused")
        if not self.is_paid:
            self.pay()
        wait_for(self.manage, 20, 0.05, why="the thanks page has no keep-this link")
        self.house.wait_stripe_quiet()
        if not self.is_cancelled:
            self.cancel()            # where the first one is in doubt the page says so; finish() sees that it ended
        self.house.wait_stripe_quiet()

    def books(self):
        must(not self.rows("SELECT account.currency FROM entry JOIN account ON account.id = entry.account GROUP BY account.currency HAVING sum(amount_minor) <> 0"),
             "the books do not sum to zero")
        must(not self.rows("SELECT booking FROM entry GROUP BY booking HAVING sum(amount_minor) <> 0"), "a booking does not sum to zero")
        must(not self.rows("SELECT 1 FROM entry WHERE booking NOT IN (SELECT id FROM booking)"), "an entry has no booking")

    def holds(self, faults):
        booked = self.rows("SELECT c.id, k.state FROM contribution c JOIN checkout k ON k.id = c.checkout WHERE c.amount_minor = ?", self.amount)
        must(len(booked) == 1 and booked[0][1] == "paid", lambda: "booked %d times: %s" % (len(booked), booked))
        kinds = Counter(kind for kind, in self.rows("SELECT kind FROM booking WHERE contribution = ?", booked[0][0]))
        must(kinds["contribution"] == 1 and kinds["fee"] <= 1, "bookings: %s" % dict(kinds))
        known = {str(one) for one, in self.rows("SELECT id FROM checkout")}
        strange = [one["id"] for one in self.sessions() if one["client_reference_id"] not in known]
        must(not strange, "checkouts at the provider without a row: %s" % strange)
        must(len([one for one in self.sessions() if one["payment_status"] == "paid"]) == 1, "paid twice")
        must(not self.rows("SELECT 1 FROM event WHERE state = 'parked'"), "an event is parked")
        self.books()

    def finish(self):
        """Whatever was left in doubt has settled by the clock, and nobody whose button was pressed is charged again."""
        def running():
            return [one["id"] for one in self.house.stripe("GET", "objects") if one["object"] == "subscription" and one["status"] != "canceled"]
        def is_settled():
            return not running() and not self.rows("SELECT 1 FROM mandate WHERE state <> 'ended'") and not self.rows("SELECT 1 FROM contribution WHERE fee_minor IS NULL")
        for _ in range(8):
            try:
                wait_for(is_settled, 13, 0.2, patience=2, why=lambda: "not ended: %s at the provider, %s here; %d fees are missing" % (
                    running(), self.rows("SELECT state, count(*) FROM mandate GROUP BY state"), self.one("SELECT count(*) FROM contribution WHERE fee_minor IS NULL")))
                break
            except AssertionError as why:
                slow = why
                self.house.restart()             # a new room looks after 5 and 10 s, an old one each minute
        else:
            raise slow
        self.house.wait_stripe_quiet()
        self.books()
        super().finish()


class Books(Gift):
    """A gift, its fee, and the payout that takes it to the bank: what the provider tells, and what it is asked after that."""
    name = "books"

    def prepare(self):
        super().prepare()
        self.payout = None

    def pay_out(self):
        self.payout = self.house.stripe("POST", "payout/usd")
        must("id" in self.payout, lambda: "the provider pays nothing out: %s" % self.payout)

    def is_asked(self):
        return self.one("SELECT count(*) FROM ask WHERE next_us < 9223372036854775807") == 0

    def act(self):
        if not self.press_continue():
            return
        self.pay()
        if not self.until(lambda: self.house.stripe("GET", "pending")["pending"] == 0, 15, "webhooks wait"):
            return
        self.pay_out()
        self.until(lambda: self.house.stripe("GET", "pending")["pending"] == 0 and self.is_asked(), 15, "webhooks or questions wait")

    def again(self):
        if self.session is None:
            must(self.press_continue(), "Continue again is refused")
        if not self.is_paid:
            self.pay()
        self.house.wait_stripe_quiet()
        if self.payout is None:
            self.pay_out()
        self.house.wait_stripe_quiet()

    def holds(self, faults):
        super().holds(faults)
        sums = self.rows("SELECT b.kind, sum(abs(e.amount_minor)) FROM booking b JOIN entry e ON e.booking = b.id WHERE b.kind = 'payout' AND b.id IN "
                         "(SELECT booking FROM entry WHERE abs(amount_minor) = ?) GROUP BY b.id", self.payout["amount"])
        must(len(sums) >= 1, "the payout is not booked")

    def finish(self):
        """When all questions are answered every payout is what its parts come to, and the whole is what the events say."""
        for _ in range(8):
            try:
                wait_for(self.is_asked, 15, 0.2, patience=2, why=lambda: "questions wait: %s" % self.rows("SELECT tries, next_us FROM ask"))
                break
            except AssertionError as why:
                slow = why
                self.house.restart()
        else:
            raise slow
        must(not self.rows("SELECT 1 FROM payout WHERE state <> 'arrived' OR is_reconciled = 0"), lambda: "not reconciled: %s" % self.rows("SELECT state, is_reconciled FROM payout"))
        must(self.house.mimeo("support", "check", json_out=True)["is_same"], "the books are not what the events come to")
        self.books()
        self.is_sound()


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def unpacked(got):
    try:
        return zlib.decompressobj(31).decompress(got)
    except zlib.error:
        return b""


class Site:
    """data/site as a table of hashes. Not compared: the counter, the index (looked into instead), what a kill may leave (*.new)."""

    def __init__(self, house):
        self.top = house.path("data", "site")

    def names(self):
        for folder, _, names in os.walk(self.top):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), self.top)
                if not (path.startswith(("search.db", "_changes", "_baking")) or ".tmp-" in path or path.endswith(".new")):
                    yield path

    def table(self):
        return {name: digest_of(os.path.join(self.top, name)) for name in self.names()}

    def is_whole(self):
        """Every page complete, every .gz unpacked the same as its page."""
        for name in self.names():
            with open(os.path.join(self.top, name), "rb") as file:
                got = file.read()
            if name.endswith(".gz"):
                try:
                    with open(os.path.join(self.top, name[:-3]), "rb") as file:
                        plain = file.read()
                except FileNotFoundError:
                    raise NotSound(name + " has no page") from None
                try:
                    must(gzip.decompress(got) == plain, name + " is not what its page is")
                except (OSError, EOFError) as why:
                    raise NotSound("%s: %s" % (name, why)) from None
            elif name.endswith(".html"):
                must(got.rstrip().endswith(b"</html>"), name + " is cut")

    def is_each_of(self, *tables):
        """In the middle: every file is as it was or as it will be."""
        for name, digest in self.table().items():
            must(any(table.get(name) == digest for table in tables), name + " is neither old nor new")

    def holding(self, word):
        """Files that hold these bytes, whatever their names; but for the index, whose free pages nobody reads."""
        out = []
        for folder, _, names in os.walk(self.top):
            for name in names:
                if name.startswith("search.db"):
                    continue
                with open(os.path.join(folder, name), "rb") as file:
                    got = file.read()
                if word in got or (name.endswith((".gz", ".gz.new")) and word in unpacked(got)):
                    out.append(os.path.relpath(os.path.join(folder, name), self.top))
        return out

    def found(self, word):
        path = os.path.join(self.top, "search.db")
        db = sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=5)
        try:
            return sorted(one for one, in db.execute("SELECT s.path FROM page JOIN shown AS s ON s.id = page.rowid WHERE page MATCH ?", ('"%s"' % word,)))
        finally:
            db.close()


class Publish(Scene):
    """An editor publishes a story, the next time withdraws it; the bake follows."""
    name, room = "publish", "desk"

    def open(self):
        super().open()
        house = self.house
        house.mimeo("story", "import", *[house.story("a-story-%d" % i, topics="Courts, Rivers") for i in range(5)],
                    house.story("the-one", topics="Rivers", body="A zirconium word.\n\n" + "Words about it.\n\n" * 6))
        self.site = Site(house)
        self.is_out = True
        self.tables = {}
        for _ in range(3):                       # the first round gives dates and slots; then both states are the same each time
            self.prepare()
            must(self.act(), "without a fault, %s fails" % self.word)
            self.tables[self.to] = self.site.table()
            self.again()
            self.is_out = self.to
        return self

    def prepare(self):
        super().prepare()
        self.to = not self.is_out
        self.word = "publish" if self.to else "withdraw"
        self.code = None

    def command(self):
        words = ("story", "publish", "the-one") if self.to else ("story", "withdraw", "the-one")
        return self.house.mimeo(*words, ok=False, timeout=600)

    def act(self):
        done = self.command()
        self.code = done.returncode
        if self.code != 0:
            must(done.stderr.startswith("mimeo: "), "%s ended with %d and said %r" % (self.word, self.code, done.stderr[-300:]))
        return self.code == 0

    def between(self):
        if len(self.tables) == 2:
            self.site.is_each_of(*self.tables.values())

    def again(self):
        """The editor repeats the command, or (at every other N) has thought better of it and takes it back."""
        if self.turned:
            self.to = not self.to
            self.word = "publish" if self.to else "withdraw"
        done = self.command()
        must(done.returncode == 0, lambda: "%s again ended with %d: %s" % (self.word, done.returncode, done.stderr[-400:]))
        self.is_baked()

    def is_baked(self):
        def same():
            table = self.site.table()
            return table == self.tables[self.to]
        if self.to in self.tables:
            wait_for(same, 20, 0.1, why=lambda: "the site is not as it is without faults: %s" % self.differing())

    def differing(self):
        table, wanted = self.site.table(), self.tables[self.to]
        return sorted(name for name in set(table) | set(wanted) if table.get(name) != wanted.get(name))[:8]

    def holds(self, faults):
        self.is_baked()
        self.site.is_whole()
        found = self.site.found("zirconium")
        must(len(found) == self.to, "the search finds %s" % found)
        left = [] if self.to else self.site.holding(b"zirconium")
        must(not left, "the story is withdrawn, its words are still in %s" % left)
        answers = {one["identity"]: one["state"] for one in self.house.mimeo("story", "list", json_out=True)["stories"]}
        must(answers["the-one"] == ("published" if self.to else "withdrawn"), "the story is %s" % answers["the-one"])
        self.is_out = self.to


class Alone(Scene):
    """A scene of a home without a house: a command from its first call on, with all that it starts. Each turn begins with the same home."""
    alone = True

    def keep(self):
        shutil.copytree(self.house.home, os.path.join(self.house.folder, "before"), symlinks=True, ignore=shutil.ignore_patterns("*.sock"))

    def prepare(self):
        super().prepare()
        wait_for(lambda: shutil.rmtree(self.house.home, ignore_errors=True) or not os.path.exists(self.house.home), 5, why="somebody still writes to the home")
        shutil.copytree(os.path.join(self.house.folder, "before"), self.house.home, symlinks=True)

    def traced(self, words):
        """The command under strace: (exit code, what it said, strace's lines)."""
        return trace.run(self.command(), words, self.house.env, self.house.folder)

    def wait_alone(self):
        """Until nothing of the command's house is left (it drains)."""
        path = self.house.path("run", "mimeo.lock")

        def is_free():
            if not os.path.exists(path):
                return True
            with open(path, "rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
                except OSError:
                    return False
        wait_for(is_free, 15, why="the command is dead, its house is not")


class Start(Alone):
    """A new home's first start: keys made, databases migrated, the empty site baked."""
    name, room = "start", "parent"

    def open(self):
        self.keep()
        return self

    def command(self):
        return [house_module.MIMEO, "serve", "-C", self.house.home]

    def traced(self, words):
        return trace.run(self.command(), words, self.house.env, self.house.folder, until=b"mimeo: ready")

    def between(self):
        """Keys and databases are whole or not there."""
        for room in ("newsletter", "support"):
            folder = self.house.path("keys", room)
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                if ".tmp-" not in name:
                    must(os.path.getsize(os.path.join(folder, name)) > 0, "keys/%s/%s is empty" % (room, name))

    def again(self):
        self.house.serve()
        for room in house_module.ROOMS:
            self.house.wait_room(room)
        wait_for(lambda: self.house.get("/").status == 200, 20, 0.05, why="there is no front page")

    def holds(self, faults):
        try:
            self.is_sound()
            answer = self.house.post("/newsletter/subscribe", {"email": "first@example.org", "lang": "en", "back": "/"})
            must(answer.status == 200, "signing up is answered %s" % answer)
        finally:
            code, _ = self.house.stop()
        must(code == 0, "the house ended with %s" % code)

    def finish(self):
        pass


class Import(Alone):
    """mimeo story import of two stories and a photo while no house runs: the command, its house, the desk and its children, all traced."""
    name, room = "import", "desk"

    def open(self):
        house = self.house
        self.site = Site(house)
        self.photo = os.path.join(house.folder, "photo.jpg")
        house_module.make_jpeg(self.photo)
        small = os.path.join(house.folder, "small")
        os.makedirs(small)                       # a large photo only costs time here: its smallest copy serves
        subprocess.run([house_module.MIMEO + "-image", self.photo, small], check=True, capture_output=True)
        shutil.copy(os.path.join(small, min((one for one in os.listdir(small) if one.endswith(".jpg")), key=len)), self.photo)
        house.mimeo("story", "import", house.story("first-one"))
        self.keep()
        return self

    def prepare(self):
        super().prepare()
        folder = os.path.join(self.house.folder, "stories")
        os.makedirs(folder, exist_ok=True)
        shutil.copy(self.photo, os.path.join(folder, "photo.jpg"))
        self.files = [self.house.story("second-one", photo="photo.jpg", alt="A bridge", caption="A bridge.", credit="Name / Agency"),
                      self.house.story("third-one", title="The third")]

    def command(self):
        return [house_module.MIMEO, "story", "import", *self.files, "-C", self.house.home]

    def between(self):
        listed = self.house.mimeo("story", "list", ok=False, json_out=True)
        must(listed.returncode == 0, "after the fault, story list ends with %d: %s" % (listed.returncode, listed.stderr[-300:]))

    def again(self):
        done = subprocess.run(self.command(), capture_output=True, text=True, timeout=600, check=False, env=self.house.env, cwd=self.house.folder)
        must(done.returncode == 0, lambda: "importing again ended with %d: %s\n%s" % (done.returncode, (done.stdout + done.stderr)[-600:], self.errand_log()))

    def errand_log(self):
        try:
            return self.house.read("run", "errand.log")[-1500:]
        except OSError:
            return ""

    def holds(self, faults):
        stories = {one["identity"]: one["state"] for one in self.house.mimeo("story", "list", json_out=True)["stories"]}
        must(stories == {"first-one": "published", "second-one": "published", "third-one": "published"}, "stories: %s" % stories)
        self.site.is_whole()
        pages = [name for name in self.site.names() if re.match(r"2026/11/20/[a-z-]+/index\.html$", name)]
        must(len(pages) == 3, "pages: %s" % pages)
        media = [name for name in self.site.names() if name.startswith("media/")]
        must(media, "the photo has no files")
        page = open(os.path.join(self.site.top, "2026/11/20/second-one/index.html"), encoding="utf-8").read()
        for name in set(re.findall(r"media/[0-9a-f]+-[0-9]+\.(?:jpg|webp)", page)):
            must(name in media, "the page names %s, which is not there" % name)
        front = open(os.path.join(self.site.top, "index.html"), encoding="utf-8").read()
        must(all(slug in front for slug in stories), "the front page lacks a story")
        must(not self.rows("SELECT 1 FROM bake_queue"), "something still waits to be baked")

    def finish(self):
        self.is_sound()


SCENES = (Subscribe, Gift, Books, Issue, IssueKeeper, *((IssueSigner,) if len(os.sched_getaffinity(0)) > 1 else ()), IssueParent, IssuePower, Publish, Import, Start)
