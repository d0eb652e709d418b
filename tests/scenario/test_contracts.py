"""The house contracts, one by one.
SPDX-License-Identifier: ISC
"""
import os
import re
import signal
import sqlite3
import stat
import subprocess
import threading
import time

import pytest
from house import MIMEO, ROOMS, House, ask_url, children_of, make_jpeg, wait_for


def some_stories(house, count=3):
    house.mimeo("story", "import", *[house.story("story-%02d" % i, title="Story number %d" % i) for i in range(count)])


def test_one_loop_front_serves_while_support_hangs(shared_house):
    """support is stopped; front serves 1,000 pages meanwhile and answers its form with a clear "try again"."""
    house = shared_house
    some_stories(house)
    house.settle()
    house.wait_room("support")
    pid = house.signal("support", signal.SIGSTOP)
    try:
        answers = []
        asking = threading.Thread(target=lambda: answers.append(house.coupon()), daemon=True)
        asking.start()
        slowest = 0
        for i in range(1000):
            began = time.monotonic()
            assert ask_url("GET", house.site + "/2026/11/20/story-%02d/" % (i % 3)).status == 200
            slowest = max(slowest, time.monotonic() - began)
        asking.join(240)
        assert answers, "the form has no answer after 240 s"
        assert answers[0].status in (502, 503, 504), answers[0]
        assert "<html" in answers[0].text and "The Tern Courier" in answers[0].text, "the answer is not a page of the newsroom"
        assert slowest < 8, "a page waited %.1f s: the form's ten, until front gives support up" % slowest
    finally:
        os.kill(pid, signal.SIGCONT)
    house.wait_room("support")
    assert wait_for(lambda: house.coupon().status == 303, 20, 0.5)


def test_one_socket_per_caller_front_may_only_what_front_may(shared_house):
    house = shared_house
    some_stories(house)
    issue = house.mimeo("newsletter", "compose", "--subject", "Hello", "story-00", "story-01", json_out=True)["issue"]
    for method, path in (("POST", "/issues/%s/send" % issue), ("GET", "/issues/%s" % issue), ("GET", "/count"), ("PUT", "/issues/1"), ("GET", "/status"),
                         ("POST", "/jobs/daily"), ("POST", "/backup"), ("GET", "/check"), ("POST", "/mails/reminder")):
        answer = house.ask("newsletter", method, path, {} if method != "GET" else None, caller="front")
        assert answer.status in (403, 404, 405), (method, path, answer)
    for method, path in (("GET", "/contributions"), ("GET", "/totals"), ("GET", "/ledger"), ("POST", "/reminders/run"), ("POST", "/backup")):
        answer = house.ask("support", method, path, {} if method != "GET" else None, caller="front")
        assert answer.status in (403, 404, 405), (method, path, answer)
    for path in ("/issues/%s" % issue, "/count"):
        assert house.ask("newsletter", "GET", path, caller="support").status in (403, 404, 405), path
    state = house.ask("newsletter", "GET", "/issues/%s" % issue).json["state"]
    assert state == "frozen" or state == "draft", state


def test_sockets_are_closed_to_others(shared_house):
    for name in os.listdir(shared_house.path("run")):
        if name.endswith(".sock"):
            mode = os.stat(shared_house.path("run", name)).st_mode
            assert stat.S_ISSOCK(mode) and mode & 0o007 == 0, "%s is open to everybody: %o" % (name, mode)


def test_a_bad_message_ends_the_connection_not_the_reader(shared_house):
    import socket
    house = shared_house
    pid = house.pid_of("newsletter")
    for message in (b"\0" * 5000, b"POST /mails/reminder HTTP/1.1\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                    b"POST /mails/reminder HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"a\":1,\"a\":2}x",
                    b"GET /%2e%2e/ HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(house.path("run", "newsletter.support.sock"))
            s.sendall(message)
            s.shutdown(socket.SHUT_WR)
            try:
                s.recv(4096)
            except OSError:
                pass
    assert house.pid_of("newsletter") == pid and house.ask("newsletter", "GET", "/health").status == 200


def test_one_writer_import_while_serving_and_while_not():
    house = House()
    try:
        house.mimeo("story", "import", house.story("while-not"))
        with house:
            assert house.get("/2026/11/20/while-not/").status == 200
            house.mimeo("story", "import", house.story("while-serving"))
            assert house.get("/2026/11/20/while-serving/").status == 200
            house.stop()
            house.mimeo("story", "import", house.story("while-not-again"))
            house.serve()
            for name in ("while-not", "while-serving", "while-not-again"):
                assert house.get("/2026/11/20/%s/" % name).status == 200
    finally:
        house.end()


def test_front_holds_no_secret(shared_house):
    """What a thief of front's process could read in its memory map: its open files."""
    pid = shared_house.pid_of("front")
    opened = [os.readlink("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid)]
    for name in opened:
        assert "/keys/" not in name and "/secrets/" not in name and not name.endswith(("desk.db", "newsletter.db", "support.db")), name


def test_the_site_outlives_its_rooms(shared_house):
    """desk, newsletter and support stopped: every page and the search still work."""
    house = shared_house
    some_stories(house)
    wait_for(lambda: "story-01" in house.get("/search/?q=number").text, 10, why="the search does not find it even with everything running")
    stopped = [house.signal(room, signal.SIGSTOP) for room in ("desk", "newsletter", "support")]
    try:
        assert house.get("/").status == 200 and house.get("/2026/11/20/story-01/").status == 200
        assert "story-01" in house.get("/search/?q=number").text
        answer = house.post("/newsletter/subscribe", {"email": "a@example.org", "lang": "en", "back": "/"}, timeout=60)
        assert answer.status in (502, 503, 504), answer
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("room", ROOMS)
def test_a_killed_room_comes_back_and_the_others_go_on(shared_house, room):
    house = shared_house
    some_stories(house)
    others = {one: house.pid_of(one) for one in ROOMS if one != room}
    house.kill(room)
    assert {one: house.pid_of(one) for one in others} == others
    assert house.get("/").status == 200 and house.get("/2026/11/20/story-01/").status == 200
    assert house.coupon().status == 303
    assert house.subscribe("again-%s@example.org" % room, confirm=False).status in (200, 202, 303)


def test_a_house_starts_again_while_a_room_of_the_killed_one_still_ends(house):
    """Its parent is killed; a room needs two seconds more to end. The next house waits for its sockets, and does not give up."""
    parent, pids = house.serving.pid, children_of(house.serving.pid)
    slow = house.signal("support", signal.SIGSTOP)
    for pid in [parent] + [one for one in pids if one != slow]:
        os.kill(pid, signal.SIGKILL)
    house.serving.wait()
    ending = threading.Timer(2, os.kill, (slow, signal.SIGKILL))
    ending.start()
    house.serve()
    assert not ending.is_alive(), "it did not wait"
    assert house.get("/").status == 200


def test_a_room_that_dies_again_and_again_is_started_ever_later(house):
    gaps = []
    for _ in range(4):
        old = house.signal("support", signal.SIGKILL)
        began = time.monotonic()
        wait_for(lambda: house.pid_of("support", 20) != old, 20, 0.01)
        gaps.append(time.monotonic() - began)
    planned = [int(ms) for ms in re.findall(r"which=support .*\bagain_in_ms=(\d+)", house.log())]
    assert planned == [100, 200, 400, 800], planned
    assert all(gap * 1000 > ms - 50 for gap, ms in zip(gaps, planned)), (gaps, planned)  # at the soonest: how late is the machine's


def test_databases_are_kept_as_the_contract_says(shared_house):
    house = shared_house
    for room in ("desk", "newsletter", "support"):
        path = house.path("data", room, room + ".db")
        with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as db:
            assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            # an index of words keeps its own tables beside it, as FTS5 makes them
            indexes = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%VIRTUAL%'")]
            loose = [name for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE '%VIRTUAL%'")
                     if "STRICT" not in sql.upper() and not any(name.startswith(index + "_") for index in indexes)]
            assert not loose, "%s: tables that are not STRICT: %s" % (room, loose)
            columns = [(t, c[1]) for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'") for c in db.execute("PRAGMA table_info(%s)" % t)]
            assert not [c for c in columns if c[1] in ("ip", "ip_address", "user_agent", "referrer", "email")], columns
        assert os.stat(path).st_mode & 0o007 == 0, room


@pytest.mark.skipif(os.geteuid() != 0, reason="two users need root")
def test_two_users_for_front_and_desk_with_the_search_index():
    for name in ("mimeo-t-front", "mimeo-t-desk", "mimeo-t-news", "mimeo-t-supp"):
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name], capture_output=True, check=False)
    if subprocess.run(["id", "mimeo-t-front"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no users can be made here")
    try:
        with House({"users.front": "mimeo-t-front", "users.desk": "mimeo-t-desk", "users.newsletter": "mimeo-t-news", "users.support": "mimeo-t-supp"}) as house:
            some_stories(house)
            import pwd
            for room, user in (("front", "mimeo-t-front"), ("desk", "mimeo-t-desk"), ("newsletter", "mimeo-t-news"), ("support", "mimeo-t-supp")):
                assert os.stat("/proc/%d" % house.pid_of(room)).st_uid == pwd.getpwnam(user).pw_uid, room
            assert house.get("/2026/11/20/story-00/").status == 200
            assert "story-00" in house.get("/search/?q=number").text
            front = ["setpriv", "--reuid", "mimeo-t-front", "--regid", "mimeo-t-front", "--init-groups"]
            for path in ("data/desk/desk.db", "data/newsletter/newsletter.db", "data/support/support.db", "secrets/support.conf", "secrets/newsletter.conf"):
                assert subprocess.run(front + ["cat", house.path(path)], capture_output=True, check=False).returncode != 0, "front reads " + path
            for room in ("newsletter", "support"):
                for caller in ("desk", "cli"):
                    got = subprocess.run(front + ["curl", "-s", "-m", "60", "--unix-socket", house.path("run", "%s.%s.sock" % (room, caller)), "http://room/health"],
                                         capture_output=True, check=False)
                    assert got.returncode != 0 and not got.stdout, "front's user reaches %s.%s" % (room, caller)
            house.signal("desk", signal.SIGKILL)
            assert "story-00" in house.get("/search/?q=number").text
            house.wait_room("desk")
            house.mimeo("story", "import", house.story("one-more"))
            assert house.get("/2026/11/20/one-more/").status == 200
            assert "one-more" in house.get("/search/?q=paragraph").text
            assert house.coupon().status == 303
            house.subscribe("two-users@example.org")
            make_jpeg(os.path.join(house.folder, "stories", "lead.jpg"))
            house.mimeo("story", "import", house.story("pictured", photo="lead.jpg", alt="A lead", caption="A lead.", credit="Ada Wren"))
            photos = re.findall(r"media/[0-9a-f]{16}-\d+\.jpg", house.get("/2026/11/20/pictured/").text)
            assert photos and all(house.get("/" + photo).status == 200 for photo in photos)
            backup = os.path.join(house.folder, "backup")
            house.mimeo("backup", backup)
            old = house.home
            house.stop()
            house.home = os.path.join(house.folder, "restored")
            house.mimeo("restore", backup)
            for part in ("keys", "secrets"):
                subprocess.run(["cp", "-a", os.path.join(old, part), house.home], check=True)
            house.serve()
            wait_for(lambda: house.get("/2026/11/20/story-00/").status == 200, 30, why="the restored house does not bake its site")
            assert all(house.get("/" + photo).status == 200 for photo in photos)
            assert house.ask("newsletter", "GET", "/count").json["subscribers"] == 1
    finally:
        for name in ("mimeo-t-front", "mimeo-t-desk", "mimeo-t-news", "mimeo-t-supp"):
            subprocess.run(["userdel", name], capture_output=True, check=False)


def test_the_gate_refuses_what_proxies_read_differently(shared_house):
    import socket
    house = shared_house

    def raw(text):
        with socket.create_connection(("127.0.0.1", house.port), 60) as s:
            s.sendall(text.encode("latin-1"))
            s.settimeout(60)
            try:
                return s.recv(4096).decode("latin-1")
            except OSError:
                return ""
    host = "Host: 127.0.0.1:%d\r\n" % house.port
    for text in ("GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n" + host + host + "\r\n", "POST /support/continue HTTP/1.1\r\n" + host + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 "GET / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + host + "\r\n",
                 "GET /a%00b HTTP/1.1\r\n" + host + "\r\n", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "POST /support/continue HTTP/1.1\r\n" + host + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
                 "GET /../secrets/support.conf HTTP/1.1\r\n" + host + "\r\n", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"):
        answer = raw(text)
        assert answer == "" or answer.split()[1].startswith("4"), (text, answer[:200])
        assert "root:" not in answer and "sk_test" not in answer
    assert house.get("/").status == 200
    assert house.get("/_moved").status == 404 and house.get("/search.db").status == 404 and house.get("/_changes").status == 404


def test_a_forged_cross_site_form_is_refused(shared_house):
    answer = shared_house.post("/newsletter/subscribe", {"email": "x@example.org", "lang": "en", "back": "/"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status in (400, 403), answer


def test_mimeo_is_one_binary(shared_house):
    target = os.readlink("/proc/%d/exe" % shared_house.pid_of("front")).removesuffix(" (deleted)")
    assert os.path.basename(target) == os.path.basename(MIMEO)
