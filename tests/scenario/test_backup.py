"""check, backup, restore; and nobody in the clear.
SPDX-License-Identifier: ISC
"""
import base64
import hashlib
import os
import shutil
import sqlite3
import time

from disguises import disguises
from house import House, ask_url, make_jpeg, wait_for


def lively(house):
    """Everything that touches people, once."""
    house.mimeo("story", "import", house.story("a-story"), house.story("b-story"))
    house.subscribe("zenobia.quill@example.org")
    house.subscribe("pending.person@example.net", confirm=False)
    house.wait_mail("pending.person@example.net")
    house.post("/support/remind", {"email": "later.giver@example.com", "lang": "en", "back": "/"})
    house.post("/newsletter/subscribe", {"email": "typo.address@", "lang": "en", "back": "/"})
    house.give("monthly", 500, email="monthly.giver@example.org")
    house.give("once", 1000, email="once.giver@example.org")
    house.wait_books_quiet()
    issue = str(house.mimeo("newsletter", "compose", "--subject", "Lively", "a-story", "b-story", json_out=True)["issue"])
    house.mimeo("newsletter", "send", issue)
    house.wait_mail("zenobia.quill@example.org", "Lively")
    wait_for(lambda: house.ask("newsletter", "GET", "/issues/" + issue).json["state"] == "sent", 30)


ADDRESSES = ("zenobia.quill@example.org", "pending.person@example.net", "later.giver@example.com", "monthly.giver@example.org", "once.giver@example.org", "typo.address@")


NEEDLES = [(address, name, needle) for address in ADDRESSES for name, needle in disguises(address)]


def hunt(raw):
    low = raw.lower()
    return [(address, name) for address, name, needle in NEEDLES if needle in raw or (name in ("plain", "local part", "quoted") and needle.lower() in low)]


def test_the_hunt_itself_finds_what_it_should():
    address = ADDRESSES[0]
    for shown in (address, address.upper(), address.encode().hex(), base64.b64encode(b"to: " + address.encode()).decode(), hashlib.sha256(address.encode()).hexdigest()):
        assert (address in [one for one, _ in hunt(b"\0\1" + shown.encode() + b"\2")]), shown
    assert hunt(address.encode("utf-16-le")) and not hunt(os.urandom(100000))


def test_nobody_lies_in_the_clear():
    with House() as house:
        lively(house)
        for room in ("newsletter", "support"):
            house.kill(room)
        house.stop()
        found, seen = [], 0
        roots = [house.path("data"), house.path("run"), os.path.join(house.folder, "serve.log")]
        files = [r for r in roots if os.path.isfile(r)] + [os.path.join(folder, name) for root in roots if os.path.isdir(root) for folder, _, names in os.walk(root) for name in names]
        for path in files:
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    raw = file.read()
                seen += len(raw)
                found += [(os.path.relpath(path, house.folder), *one) for one in hunt(raw)]
        assert seen > 100000 and not found, found
        log = house.log()
        assert "127.0.0.1" not in "".join(line for line in log.splitlines() if "event=request" in line or "http" in line.split(" ")[0]), "an IP address in the log"


def test_check_says_what_is_wrong_and_changes_nothing(house):
    house.write_conf({"newsroom.url": "https://tern.example", "support.goal": ""})  # whose figure would be baked some seconds after the start
    house.restart()
    house.mimeo("story", "import", house.story("a-story"))
    house.settle()
    good = house.mimeo("check", ok=False)
    assert good.returncode == 0, good
    before = {os.path.join(f, n): os.stat(os.path.join(f, n)).st_mtime_ns for f, _, names in os.walk(house.path("data", "site")) for n in names}
    os.chmod(house.path("secrets", "support.conf"), 0o644)
    said = house.mimeo("check", ok=False)
    assert said.returncode == 1 and "support.conf" in said.stdout + said.stderr, said
    os.chmod(house.path("secrets", "support.conf"), 0o600)
    house.stop()
    assert house.mimeo("check", ok=False).returncode == 0
    assert before == {os.path.join(f, n): os.stat(os.path.join(f, n)).st_mtime_ns for f, _, names in os.walk(house.path("data", "site")) for n in names}
    db = house.path("data", "newsletter", "newsletter.db")
    raw = bytearray(open(db, "rb").read())
    raw[4096:4496] = b"\xff" * 400  # the second page, its header included
    open(db, "wb").write(raw)
    said = house.mimeo("check", ok=False)
    assert said.returncode == 1 and "newsletter" in said.stdout + said.stderr, said


def test_lost_keys_are_named_and_never_made_anew():
    """New ones would open nothing, and what they sealed would be lost once the old ones are found again."""
    with House() as house:
        lively(house)
        house.stop()
        kept = house.path("kept")
        for room in ("newsletter", "support"):
            shutil.move(house.path("keys", room), os.path.join(kept, room))
            os.mkdir(house.path("keys", room), 0o700)
        said = house.mimeo("check", ok=False)
        assert said.returncode == 1 and "keys/newsletter/list.key is missing" in said.stdout and "keys/support/seal is missing" in said.stdout, said
        assert not os.listdir(house.path("keys", "newsletter")) and not os.listdir(house.path("keys", "support"))
        for room in ("newsletter", "support"):
            os.rmdir(house.path("keys", room))
            shutil.move(os.path.join(kept, room), house.path("keys", room))
        os.rmdir(kept)
        assert house.mimeo("check", ok=False).returncode == 0
        house.serve()


def test_check_misses_a_photo_that_is_gone():
    with House() as house:
        path = house.story("pictured", photo="lead.jpg", alt="A lead", caption="A lead.", credit="Ada Wren")
        make_jpeg(os.path.join(os.path.dirname(path), "lead.jpg"))
        house.mimeo("story", "import", path)
        assert "photo" not in house.mimeo("check", ok=False).stdout
        media = house.path("data", "site", "media")
        os.unlink(os.path.join(media, sorted(os.listdir(media))[0]))
        assert "1 photo that pages name is not whole" in house.mimeo("check", ok=False).stdout


def test_backup_while_serving_then_restore_read_only_until_confirmed():
    with House() as house:
        lively(house)
        backup = os.path.join(house.folder, "backup")
        house.mimeo("backup", backup)
        names = {os.path.relpath(os.path.join(f, n), backup) for f, _, ns in os.walk(backup) for n in ns}
        assert "MANIFEST" in names and not [n for n in names if n.startswith(("keys", "secrets")) or ".pem" in n or n.endswith(".key")], "keys are in a plain backup"
        for name in names:
            if name.endswith(".db"):
                with sqlite3.connect("file:%s?mode=ro" % os.path.join(backup, name), uri=True) as db:
                    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        book = house.mimeo("support", "ledger")
        count = house.ask("newsletter", "GET", "/count").json
        old = house.home
        house.stop()
        house.home = os.path.join(house.folder, "restored")
        house.mimeo("restore", backup)
        early = house.mimeo("restore", "--confirm", ok=False)
        assert early.returncode != 0 and "put keys/" in early.stderr, early
        for part in ("keys", "secrets"):
            shutil.copytree(os.path.join(old, part), house.path(part), dirs_exist_ok=True)
        house.serve()
        wait_for(lambda: house.get("/2026/11/20/a-story/").status == 200, 30, why="the restored house does not bake its site")
        assert house.ask("newsletter", "GET", "/count").json == count
        house.forget_mails()
        answer = house.post("/newsletter/subscribe", {"email": "too.early@example.org", "lang": "en", "back": "/"})
        assert answer.status in (502, 503), answer
        assert house.coupon().status in (502, 503)
        assert house.mimeo("story", "import", house.story("c-story"), ok=False).returncode != 0
        time.sleep(0.5)
        assert not house.mails(brief=True)
        house.mimeo("restore", "--confirm")
        house.restart()
        house.subscribe("now.then@example.org")
        assert house.mimeo("support", "ledger") == book
        assert house.coupon().status == 303


def test_a_broken_or_partial_backup_is_refused(house, tmp_path):
    house.mimeo("story", "import", house.story("a-story"))
    backup = str(tmp_path / "backup")
    house.mimeo("backup", backup)
    again = house.mimeo("backup", backup, ok=False)
    assert again.returncode != 0, "a backup was overwritten"
    os.unlink(os.path.join(backup, "MANIFEST"))
    home, house.home = house.home, str(tmp_path / "new")
    said = house.mimeo("restore", backup, ok=False)
    assert said.returncode != 0 and not os.path.exists(os.path.join(house.home, "mimeo.conf")), said
    house.home = home


def test_a_newer_schema_is_refused(house):
    house.stop()
    with sqlite3.connect(house.path("data", "support", "support.db")) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        table = next(t for t in tables if "migration" in t or "schema" in t)
        columns = [c[1] for c in db.execute("PRAGMA table_info(%s)" % table)]
        row = list(db.execute("SELECT * FROM %s LIMIT 1" % table).fetchone())
        row = [999 if isinstance(v, int) and i == 0 else ("999-newer.sql" if isinstance(v, str) and i < 2 else v) for i, v in enumerate(row)]
        db.execute("INSERT INTO %s (%s) VALUES (%s)" % (table, ",".join(columns), ",".join("?" * len(columns))), row)
    process = house.serve(ready=False)
    wait_for(lambda: "newer" in house.log().lower(), 30, why=lambda: house.log()[-800:])

    def ends_or_serves():
        try:
            return process.poll() is not None or ask_url("GET", house.site + "/").status in (200, 404)
        except OSError:  # it is on its way to either
            return False
    wait_for(ends_or_serves, 30, why=lambda: house.log()[-800:])


def test_a_killed_backup_leaves_no_copy_behind():
    """Whoever is erased would live on in it."""
    with House() as house:
        left = [house.path("data", "newsletter", "backup-abc.db"), house.path("data", "desk", "import-1.out")]
        for name in left:
            with open(name, "w") as file:
                file.write("left")
        house.restart()
        assert not any(os.path.exists(name) for name in left)
        assert os.path.exists(house.path("data", "newsletter", "newsletter.db"))
