"""The list: imported, exported, looked up; what readers do about themselves; letters; a flood. SPDX-License-Identifier: ISC"""
import hashlib
import json
import os
import re
import smtplib
import subprocess
import time

import pytest
from house import MIMEO, House, ask_url, field, free_ports, wait_for
from disguises import disguises
from test_subscriber import compose, send

ADA, BEN = "Ada Wren", "Ben Lark"


def sees(driver, *texts):
    """The page that a press led to, once it is there."""
    wait_for(lambda: all(text in driver.page_source for text in texts), 30, why=lambda: "%r are not all in\n%s" % (texts, driver.find_element("tag name", "body").text))


def write_list(house, rows, name="list.csv", head="address,language,consent_day,proof"):
    path = os.path.join(house.folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + "\n" + "".join(row + "\n" for row in rows))
    return path


def people(count, name="reader"):
    return ['%s%05d@example.org,%s,2023-04-17,"web form, double opt-in"' % (name, i, "ru" if i % 3 == 0 else "") for i in range(count)]


def count(house):
    return house.ask("newsletter", "GET", "/list").json["subscribers"]


def imported(house, path, who=ADA, ok=True):
    return house.mimeo("subscribers", "import", path, "--as", who, ok=ok, json_out=ok)


@pytest.fixture(scope="module")
def newsroom():
    port = free_ports(1)
    house = House({"newsletter.import_alone": "50", "newsletter.subscribe_address": "subscribe@tern.example",
                   "newsletter.unsubscribe_address": "unsubscribe+TOKEN@tern.example", "newsletter.bounce_lmtp": "127.0.0.1:%d" % port})
    house.lmtp_port = port
    with house:
        house.mimeo("staff", "add", ADA, "--role", "editor")
        house.mimeo("staff", "add", BEN, "--role", "editor")
        house.mimeo("story", "import", house.story("first-pick"), house.story("second-pick"))
        yield house


def test_a_list_comes_in_and_refused_lines_are_named_by_number(newsroom):
    house = newsroom
    before = count(house)
    path = write_list(house, people(3, "short") + ["not an address,en,2023-04-17,form", "late@example.org,en,2099-01-01,form", "bare@example.org,en,2023-04-17,",
                                                   'open@example.org,en,2023-04-17,"never closed', "short00001@EXAMPLE.org,en,2023-04-17,form"], "short.csv")
    said = house.mimeo("subscribers", "import", path, "--as", ADA)
    for line, why in ((5, "address"), (6, "has not come"), (7, "proof"), (8, "quote")):
        assert re.search(r"line %d is refused: .*%s" % (line, why), said), said
    assert "@" not in said, "an address is in the report"
    assert count(house) == before + 3 and "added 3, there already 1" in said, said
    again = imported(house, path)
    assert again["state"] == "done" and count(house) == before + 3


@pytest.mark.parametrize("head,why", [("address,language,proof", "consent_day"), ("address,address,language,consent_day,proof", "twice"), ("", "no column address")])
def test_a_file_that_is_no_list(newsroom, head, why):
    done = imported(newsroom, write_list(newsroom, people(1), "none.csv", head), ok=False)
    assert done.returncode == 2 and why in done.stderr, done


def test_who_imports_is_somebody(newsroom):
    path = write_list(newsroom, people(1, "who"), "who.csv")
    for words in (["--as", "Nobody"], []):
        done = newsroom.mimeo("subscribers", "import", path, *words, ok=False)
        assert done.returncode == 2, done


def test_a_long_list_waits_for_a_second_person_at_the_desk(newsroom, browsers):
    house = newsroom
    before = count(house)
    path = write_list(house, people(51, "long"), "long.csv")
    one = imported(house, path)
    assert one["state"] == "waiting" and count(house) == before
    assert imported(house, path)["state"] == "waiting" and count(house) == before
    mine = house.mimeo("subscribers", "confirm", one["id"], "--as", ADA, ok=False)
    assert mine.returncode != 0 and "second person" in mine.stderr, mine
    driver = browsers(nojs=True)
    driver.get(house.staff_link(BEN))
    driver.find_element("css selector", "button").click()
    sees(driver, "Sign out")
    driver.get(house.desk + "/newsletter/subscribers")
    driver.find_element("link text", "Confirm or decline…").click()
    sees(driver, ADA, "A list of 51")
    assert count(house) == before
    driver.find_element("css selector", "button[value=confirm]").click()
    sees(driver, "Confirmed.")
    done = imported(house, path)
    assert done["state"] == "done" and done["added"] == 51 and count(house) == before + 51
    assert done["brought_by"] == ADA and done["confirmed_by"] == BEN


def test_the_desk_looks_one_up_and_erases_it(newsroom, browsers):
    house = newsroom
    house.subscribe("looked.up@example.org")
    driver = browsers(nojs=True)
    driver.get(house.staff_link(BEN))
    driver.find_element("css selector", "button").click()
    sees(driver, "Sign out")

    def look(address):
        driver.get(house.desk + "/newsletter/subscribers")
        driver.find_element("id", "address").send_keys(address)
        driver.find_element("xpath", "//button[.='Look up']").click()
    look("looked.up@example.or")
    sees(driver, "is no subscriber")
    look("no address")
    sees(driver, "look-error")
    assert driver.find_element("id", "address").get_attribute("value") == "no address" and driver.find_elements("id", "look-error")
    look("Looked.Up@example.org")
    sees(driver, "looked.up@example.org", "Consented on")
    assert "looked.up" not in driver.current_url
    before = count(house)
    driver.find_element("xpath", "//button[.='Erase…']").click()
    sees(driver, "Erase this subscriber?")
    assert count(house) == before, "erased before it was asked"
    driver.find_element("xpath", "//button[.='Erase']").click()
    sees(driver, "Erased:")
    assert count(house) == before - 1
    look("looked.up@example.org")
    sees(driver, "is no subscriber", "Gone since")
    audit = house.ask("newsletter", "GET", "/list").json["audit"]
    assert [one["did"] for one in audit[:2]] == ["looked one address up", "erased one subscriber"] and audit[0]["who"] == BEN
    assert "looked.up" not in json.dumps(audit) and "looked.up" not in house.log()


def test_a_form_from_elsewhere_changes_nothing_at_the_desk(newsroom):
    house = newsroom
    link = house.staff_link()
    form = {name: field(ask_url("GET", link).text, name) for name in ("csrf",) if field(ask_url("GET", link).text, name) is not None}
    cookie = ask_url("POST", link, form, headers={"Sec-Fetch-Site": "same-origin"}).headers["set-cookie"].split(";")[0]
    imported(house, write_list(house, people(1, "elsewhere"), "elsewhere.csv"))
    before, address = count(house), people(1, "elsewhere")[0].split(",")[0]
    for sent in ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}, {}):  # logged in, and without the session's token
        for path, form in (("/newsletter/subscribers/look-up", {"address": address}), ("/newsletter/subscribers/erase", {"address": address, "sure": "yes"}),
                           ("/newsletter/imports/1", {"answer": "confirm"})):
            assert ask_url("POST", house.desk + path, form, headers={"Cookie": cookie, **sent}).status == 403, (path, sent)
    assert count(house) == before


def test_the_list_goes_out_to_one_key_alone(newsroom, tmp_path):
    house = newsroom
    imported(house, write_list(house, people(20, "outgoing"), "outgoing.csv"))
    key, other = str(tmp_path / "key"), str(tmp_path / "other")
    run = lambda *words: subprocess.run([MIMEO, *words], capture_output=True, text=True, check=False)  # noqa: E731
    public = run("staff", "key", key).stdout.strip()
    run("staff", "key", other)
    assert os.stat(key).st_mode & 0o77 == 0 and public.startswith("staffkey-")
    assert run("staff", "key", key).returncode != 0, "a key was written over"
    out = os.path.join(house.folder, "out.sealed")
    wrong = house.mimeo("subscribers", "export", out, "--to", public[:20] + ("0" if public[20] != "0" else "1") + public[21:], "--as", ADA, ok=False)
    assert wrong.returncode == 2 and not os.path.exists(out), wrong
    house.mimeo("subscribers", "export", out, "--to", public, "--as", ADA)
    raw = open(out, "rb").read()
    assert b"outgoing" not in raw
    opened = run("subscribers", "open", out, "--key", key)
    assert opened.returncode == 0 and opened.stdout.count("\n") == count(house) + 1, opened.stderr
    assert 'outgoing00001@example.org,en,2023-04-17,"web form, double opt-in"' in opened.stdout
    assert run("subscribers", "open", out, "--key", other).returncode != 0
    lines = raw.split(b"\n")
    for broken in (lines[:1] + lines[2:] if len(lines) > 3 else lines[:1], lines[:2] + lines[1:], [lines[0], lines[1][:-9] + b"AAAAAAAA=", b""]):
        path = str(tmp_path / "broken")
        with open(path, "wb") as file:
            file.write(b"\n".join(broken))
        assert run("subscribers", "open", path, "--key", key).returncode != 0
    # what goes out can come in elsewhere
    with House({"newsletter.import_alone": "100000"}) as there:
        there.mimeo("staff", "add", ADA, "--role", "editor")
        path = os.path.join(there.folder, "moved.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(opened.stdout)
        assert imported(there, path)["added"] == count(house)


def link(house, mail, what="manage"):
    return next(one for one in house.links(mail) if "/newsletter/%s/" % what in one)


def press(url, **form):
    return ask_url("POST", url, form, headers={"Sec-Fetch-Site": "same-origin"})


def test_a_reader_sees_pauses_chooses_takes_along_and_is_erased(newsroom, browsers):
    house = newsroom
    house.subscribe("own.data@example.org")
    issue = compose(house, "Own data")
    send(house, issue)
    url = link(house, house.wait_mail("own.data@example.org", "Own data"))
    driver = browsers(nojs=True)
    driver.get(url)
    assert "own.data@" not in driver.page_source, "a GET shows somebody's data"
    driver.find_element("xpath", "//button[contains(.,'Show what')]").click()
    sees(driver, "own.data@example.org")
    held = press(url, do="export")
    assert held.headers["content-type"] == "application/json" and "attachment" in held.headers["content-disposition"]
    assert held.json["address"] == "own.data@example.org" and held.json["state"] == "confirmed" and held.json["policy"]
    far = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 40 * 86400))
    assert press(url, do="pause", until="yesterday").status == 400
    assert press(url, do="pause", until=far).status == 200 and press(url, do="export").json["paused_until"] == far
    house.forget_mails()
    send(house, compose(house, "While paused"))
    assert not house.mails("own.data@example.org")
    press(url, do="resume")
    send(house, compose(house, "Back again"))
    assert house.wait_mail("own.data@example.org", "Back again")
    press(url, do="language", language="ar")
    assert 'dir="rtl"' in ask_url("GET", link(house, house.wait_mail("own.data@example.org", "Back again"), "unsubscribe").split("?")[0] + "?lang=ar").text
    assert press(url, do="export").json["language"] == "ar"
    driver.get(url)
    driver.find_element("xpath", "//button[contains(.,'Show what')]").click()
    sees(driver, "own.data@example.org")
    driver.find_element("xpath", "//button[.='Erase…']").click()
    sees(driver, "Yes, erase me")
    before = count(house)
    driver.find_element("xpath", "//button[.='Yes, erase me']").click()
    wait_for(lambda: count(house) == before - 1, why="nobody was erased")
    unknown = house.site + "/newsletter/manage/" + "a" * 26
    for what in ("show", "export", "pause", "erase-now"):
        one, two = press(url, do=what), press(unknown, do=what)
        assert (one.status, one.body) == (two.status, two.body)
    assert imported(house, write_list(house, ["own.data@example.org,en,2023-04-17,form"], "again.csv"))["suppressed"] == 1
    assert count(house) == before - 1, "an import brought somebody back"


def letter(house, to, sender, extra="", text="please"):
    with smtplib.LMTP("127.0.0.1", house.lmtp_port, local_hostname="mx.example") as lmtp:
        lmtp.ehlo()
        lmtp.mail("someone@elsewhere.example")
        code = lmtp.rcpt(to)[0]
        if code != 250:
            return code
        return lmtp.data("From: %s\r\nTo: %s\r\nSubject: Buy now, <script>\r\n%s\r\n%s\r\n" % (sender, to, extra, text))[0]


def test_a_confirmation_has_nobodys_words(newsroom):
    """One a day, and nothing in it that whoever filled in the form could choose."""
    form = {"email": "victim@example.org", "lang": "Buy-Pills", "back": "/2026/11/20/buy-pills-now/", "policy": "buypillsbuypills", "name": "Buy Pills", "subject": "Buy Pills"}
    for _ in range(3):
        assert newsroom.post("/newsletter/subscribe", form).status == 200
    mail = newsroom.wait_mail("victim@example.org")
    assert not re.search("buy.?pills", (mail["subject"] + mail["text"] + mail["html"] + str(mail["headers"])).lower())
    time.sleep(1)
    assert len(newsroom.mails("victim@example.org")) == 1


def test_signing_up_and_leaving_by_mail(newsroom):
    house = newsroom
    house.forget_mails()
    assert letter(house, "subscribe@tern.example", '"Bad, Actor" <by.letter@example.org>', text="Buy pills") == 250
    mail = house.wait_mail("by.letter@example.org")
    assert "Buy" not in mail["text"] + mail["subject"] and "Actor" not in mail["text"] + str(mail["headers"])
    assert letter(house, "subscribe@tern.example", "by.letter@example.org") == 250
    assert letter(house, "subscribe@tern.example", "one@example.org, two@example.org") == 250
    assert letter(house, "subscribe@tern.example", "robot@example.org", "Auto-Submitted: auto-replied\r\n") == 250
    assert letter(house, "postmaster@tern.example", "by.letter@example.org") == 550
    assert press(link(house, mail, "confirm")).status == 200
    send(house, compose(house, "By letter"))
    got = house.wait_mail("by.letter@example.org", "By letter")
    assert len([m for m in house.mails() if "by.letter@example.org" in m["to"]]) == 2 and not house.mails("one@example.org") and not house.mails("robot@example.org")
    headers = {name.lower(): value for name, value in got["headers"]}
    address = re.search(r"<mailto:(unsubscribe\+[a-z2-7]{32}@tern\.example)\?", headers["list-unsubscribe"].replace("\r\n", "").replace(" ", "")).group(1)
    before = count(house)
    house.forget_mails()
    assert letter(house, "unsubscribe@tern.example", "by.letter@example.org") == 250
    asks = house.wait_mail("by.letter@example.org")
    assert count(house) == before, "anybody's word made a subscriber leave"
    assert letter(house, "unsubscribe@tern.example", "stranger@example.org") == 250
    assert letter(house, address[:12] + ("a" if address[12] != "a" else "b") + address[13:], "by.letter@example.org") == 550
    assert letter(house, address, "whoever@example.org") == 250
    wait_for(lambda: count(house) == before - 1, why="the token did not make them leave")
    assert not house.mails("stranger@example.org")
    assert press(link(house, asks, "unsubscribe")).status == 200 and count(house) == before - 1


def test_letters_that_a_flood_makes_wait_hold_up_none_behind_them(tmp_path):
    box = tmp_path / "Maildir"
    for part in ("new", "cur", "tmp"):
        (box / part).mkdir(parents=True)
    with House({"newsletter.sign_ups": "2", "newsletter.subscribe_address": "subscribe@tern.example",
                "newsletter.unsubscribe_address": "unsubscribe+TOKEN@tern.example", "newsletter.bounce_maildir": str(box)}) as house:
        house.subscribe("known@example.org")
        house.forget_mails()
        for name, to, sender in [("%02d.flood" % i, "subscribe", "flood%02d@example.org" % i) for i in range(40)] + [("99.leaves", "unsubscribe", "known@example.org")]:
            (box / "tmp" / name).write_bytes(("Delivered-To: %s@tern.example\r\nFrom: %s\r\nTo: %s@tern.example\r\nSubject: x\r\n\r\nplease\r\n" % (to, sender, to)).encode())
            (box / "tmp" / name).rename(box / "new" / name)
        house.wait_mail("known@example.org", seconds=60)
        left = sorted(os.listdir(box / "new"))
        assert "99.leaves" not in left and len(left) >= 30, left


def flood(house):
    """So many in this minute that the next ones wait."""
    def one_more():
        return house.post("/newsletter/subscribe", {"email": "%s@flood.example" % os.urandom(6).hex(), "lang": "en", "back": "/"}).status
    came = list(iter(one_more, 429))
    assert set(came) <= {200}, came
    return len(came)


def test_a_flood_costs_work_or_a_wait(browsers):
    with House({"newsletter.sign_ups": "3"}) as house:
        assert flood(house) >= 3
        page = house.post("/newsletter/subscribe", {"email": "late@example.org", "lang": "ru", "back": "/"})
        assert page.status == 429 and field(page.text, "email") == "late@example.org" and "Подождите" in page.text
        ticket = field(page.text, "ticket")
        bits = int(re.search(r'data-bits="(\d+)"', page.text).group(1))
        nonce = next(n for n in range(1 << 24) if int.from_bytes(hashlib.sha256(b"%s.%d" % (ticket.encode(), n)).digest()[:4], "big") >> (32 - bits) == 0)
        form = {"email": "late@example.org", "lang": "en", "back": "/", "ticket": ticket, "nonce": str(nonce)}
        assert house.post("/newsletter/subscribe", dict(form, email="other@example.org")).status == 429
        assert house.post("/newsletter/subscribe", form).status == 200
        assert house.wait_mail("late@example.org")
        # a browser does it by itself
        house.mimeo("story", "import", house.story("first-pick"))
        house.settle()
        driver = browsers()
        driver.get(house.site + "/")
        driver.find_element("css selector", "input[name=email]").send_keys("browser@example.org")
        flood(house)
        driver.find_element("css selector", ".sheet.mail button").click()
        assert house.wait_mail("browser@example.org", seconds=90)
        # and without JavaScript there is a button, which waits its time
        plain = browsers(nojs=True)
        plain.get(house.site + "/")
        plain.find_element("css selector", "input[name=email]").send_keys("patient@example.org")
        flood(house)
        plain.find_element("css selector", ".sheet.mail button").click()
        sees(plain, "One more step")
        wait = int(re.search(r"Wait (\d+) second", plain.page_source).group(1))
        early = {name: field(plain.page_source, name) for name in ("email", "back", "lang", "policy", "ticket", "nonce")}
        if wait > 5:  # on a machine that is slower than that, the time may have come meanwhile
            assert house.post("/newsletter/subscribe", early).status == 429, "the wait was not waited for"
        time.sleep(wait + 1)
        plain.find_element("css selector", "button.go").click()
        sees(plain, "Check your mailbox")
        assert house.wait_mail("patient@example.org")


@pytest.mark.parametrize("what", ["command", "newsletter"])
def test_an_import_that_is_killed_goes_on(what):
    """kill -9 of the command, or of the room, in mid-import; the same command again: all rows, each once."""
    with House({"newsletter.import_alone": "100000"}) as house:
        house.mimeo("staff", "add", ADA, "--role", "editor")
        rows = 90000  # seconds of work after the last kill: a fast machine must not be done before it
        path = write_list(house, people(rows))
        for turn in range(3):
            process = subprocess.Popen([MIMEO, "subscribers", "import", path, "--as", ADA, "-C", house.home], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            target = 5000 * (turn + 1)
            wait_for(lambda: process.poll() is not None or count(house) >= target, 60, 0.005)  # noqa: B023
            if what == "command":
                process.kill()
            else:
                house.kill(what)
            process.wait()
            assert target <= count(house) < rows, "the import was over before it was killed"
        done = imported(house, path)
        assert done["state"] == "done" and (done["taken"], done["added"], done["known"]) == (rows, rows, 0), done
        assert count(house) == rows


def test_nobody_of_a_list_lies_in_the_clear(newsroom):
    house = newsroom
    name, proof = "hunted.person@example.net", "signed at the Zephyrine fair"
    imported(house, write_list(house, ["%s,en,2023-04-17,%s" % (name, proof)], "hunt.csv"))
    house.mimeo("subscribers", "look-up", name, "--as", ADA)
    key = os.path.join(house.folder, "hunt.key")
    public = subprocess.run([MIMEO, "staff", "key", key], capture_output=True, text=True, check=True).stdout.strip()
    house.mimeo("subscribers", "export", os.path.join(house.folder, "hunt.sealed"), "--to", public, "--as", ADA)
    house.kill("newsletter")
    needles = [needle for text in (name, proof) for _, needle in disguises(text)]
    paths = [os.path.join(house.folder, "serve.log"), os.path.join(house.folder, "hunt.sealed")]
    for root in ("data", "run"):
        paths += [os.path.join(folder, one) for folder, _, names in os.walk(house.path(root)) for one in names]
    seen = 0
    for path in paths:
        if os.path.isfile(path):
            raw = open(path, "rb").read()
            seen += len(raw)
            found = [needle for needle in needles if needle in raw]
            assert not found, (path, found)
    assert seen > 100000
