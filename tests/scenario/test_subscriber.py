"""A reader signs up, confirms, gets an issue, leaves; and no crash skips or repeats anybody.
SPDX-License-Identifier: ISC
"""
import re
import signal
import time
from collections import Counter

import pytest
from house import House, ask_url, wait_for


@pytest.fixture(scope="module")
def newsroom():
    with House() as house:
        house.mimeo("story", "import", house.story("first-pick", title="The first pick"), house.story("second-pick", title="The second pick"))
        yield house


def compose(house, subject="This week in Lorvia"):
    return str(house.mimeo("newsletter", "compose", "--subject", subject, "first-pick", "second-pick", json_out=True)["issue"])


def state(house, issue):
    return house.ask("newsletter", "GET", "/issues/" + issue).json


def send(house, issue, seconds=60):
    house.mimeo("newsletter", "send", issue)
    wait_for(lambda: state(house, issue)["state"] == "sent", seconds, why=lambda: str(state(house, issue)))


def many(house, count, name="r"):
    """Confirmed subscribers by the public forms."""
    house.forget_mails()
    addresses = ["%s%04d@example.org" % (name, i) for i in range(count)]
    for address in addresses:
        while True:
            answer = house.post("/newsletter/subscribe", {"email": address, "lang": "en", "back": "/"})
            if answer.status != 429:
                break
            time.sleep(0.5)
        assert answer.status in (200, 202, 303), answer
    wait_for(lambda: len(house.mails(brief=True)) >= count, 60, 0.2, why="confirmation mails are missing")
    for mail in house.mails():
        link = next(one for one in house.links(mail) if "/newsletter/confirm/" in one)
        while ask_url("POST", link, {}, headers={"Sec-Fetch-Site": "same-origin"}).status == 429:
            time.sleep(0.5)
    house.forget_mails()
    return addresses


def test_from_sign_up_to_issue_to_leaving(newsroom):
    house = newsroom
    answer = house.subscribe("ada@example.org", confirm=False)
    # the one sheet that says what comes, and nothing of the page around it that this room does not know, half said
    assert "Check your mailbox" in answer.text and not re.search(r'<(li|p)[^>]*></\1>|href=""|Past issues', answer.text), answer.text
    assert "mailbox" in answer.text or answer.status == 303
    mail = house.wait_mail("ada@example.org")
    assert mail["dkim"] == "pass", mail["dkim"]
    assert mail["text"] and mail["html"]
    link = next(one for one in house.links(mail) if "/newsletter/confirm/" in one)
    count = house.ask("newsletter", "GET", "/count").json["count"] if "count" in house.ask("newsletter", "GET", "/count").json else None
    page = ask_url("GET", link)
    assert page.status == 200 and "<button" in page.text and "no-store" in page.headers["cache-control"]
    ask_url("GET", link)
    if count is not None:
        assert house.ask("newsletter", "GET", "/count").json["count"] == count, "a GET confirmed"
    assert ask_url("POST", link, {}).status in (200, 303)
    issue = compose(house)
    preview = house.mimeo("newsletter", "preview", issue)
    assert "The first pick" in preview and "The second pick" in preview
    assert "<html" in house.mimeo("newsletter", "preview", issue, "--html").lower() or "<!doctype" in house.mimeo("newsletter", "preview", issue, "--html").lower()
    send(house, issue)
    got = house.wait_mail("ada@example.org", "This week in Lorvia")
    headers = {name.lower(): value for name, value in got["headers"]}
    assert got["dkim"] == "pass" and "list-unsubscribe" in headers and "list-id" in headers, headers
    assert got["unsubscribe"].startswith(house.site + "/newsletter/unsubscribe/")
    assert "list-unsubscribe-post" not in headers, "the one-click header has no place without https"
    assert "The first pick" in got["text"] and "The second pick" in got["html"] and "{{" not in got["html"] + got["text"]
    assert "<script" not in got["html"] and not re.search(r'<img[^>]+(?:width="?1"?[^0-9]|height="?1"?[^0-9])', got["html"])
    numbers = state(house, issue)
    assert numbers["recipients"] == numbers["accepted"] >= 1 and numbers["in_doubt"] == 0
    # leaving: a GET shows a button, the one-click POST answers 200 without redirect or cookie
    page = ask_url("GET", got["unsubscribe"])
    assert page.status == 200 and "<button" in page.text
    gone = ask_url("POST", got["unsubscribe"], {"List-Unsubscribe": "One-Click"})
    assert gone.status == 200 and "set-cookie" not in gone.headers and "location" not in gone.headers, gone
    again = ask_url("POST", got["unsubscribe"], {"List-Unsubscribe": "One-Click"})
    assert again.status == 200
    house.forget_mails()
    second = compose(house, "The week after")
    house.mimeo("newsletter", "send", second, ok=False)
    time.sleep(1)
    assert not house.mails("ada@example.org")


def test_one_click_header_where_there_is_https():
    with House({"newsroom.url": "https://tern.example"}) as house:
        house.mimeo("story", "import", house.story("first-pick"), house.story("second-pick"))
        house.post("/newsletter/subscribe", {"email": "ada@example.org", "lang": "en", "back": "/"})
        mail = house.wait_mail("ada@example.org")
        link = next(one for one in house.links(mail) if "/newsletter/confirm/" in one)
        assert link.startswith("https://tern.example/newsletter/confirm/")
        assert house.post(link[len("https://tern.example"):], {}).status in (200, 303)
        send(house, compose(house))
        got = house.wait_mail("ada@example.org", "This week")
        assert got["one_click"] and got["unsubscribe"].startswith("https://tern.example/newsletter/unsubscribe/")
        signed = re.search(r"\bh=([^;]+)", dict((n.lower(), v) for n, v in got["headers"])["dkim-signature"]).group(1).lower()
        assert "list-unsubscribe" in signed and "list-unsubscribe-post" in signed, "RFC 8058: both must be signed"


def test_answers_do_not_tell_who_is_known(newsroom):
    house = newsroom
    house.subscribe("known@example.org")
    answers = [house.post("/newsletter/subscribe", {"email": address, "lang": "en", "back": "/"}) for address in ("known@example.org", "unknown@example.org")]
    assert answers[0].status == answers[1].status and answers[0].body == answers[1].body
    keep = ("content-type", "cache-control", "content-length", "set-cookie", "location")
    assert [answers[0].headers.get(n) for n in keep] == [answers[1].headers.get(n) for n in keep]


def test_what_is_no_address_is_said_and_kept(newsroom):
    for typed in ("nobody", "a@b", "a b@example.org", "x" * 300 + "@example.org", "a@example.org\r\nBcc: b@example.org", "<script>@x"):
        answer = newsroom.post("/newsletter/subscribe", {"email": typed, "lang": "en", "back": "/"})
        assert answer.status in (400, 422), (typed, answer)
        assert "<script>@x" not in answer.text
    answer = newsroom.post("/newsletter/subscribe", {"email": "nobody", "lang": "en", "back": "/"})
    assert 'value="nobody"' in answer.text and 'aria-invalid="true"' in answer.text


def test_an_unknown_or_broken_token_changes_nothing(newsroom):
    for path in ("/newsletter/confirm/AAAAAAAAAAAAAAAAAAAAAA", "/newsletter/confirm/x", "/newsletter/unsubscribe/" + "A" * 500, "/newsletter/confirm/../../etc"):
        for answer in (newsroom.get(path), newsroom.post(path, {})):
            assert answer.status in (200, 400, 404, 410), (path, answer)


def test_the_answer_leaves_before_the_mail_and_the_queue_survives_a_kill(newsroom):
    house = newsroom
    house.smtp(delay=0.5)
    answer = house.post("/newsletter/subscribe", {"email": "queued@example.org", "lang": "en", "back": "/"})
    assert answer.status in (200, 202, 303)
    house.kill("newsletter")
    house.smtp()
    assert house.wait_mail("queued@example.org")
    assert len(house.mails("queued@example.org")) == 1


def test_refused_addresses_are_counted_and_not_tried_again(newsroom):
    house = newsroom
    house.subscribe("good-one@example.org")
    house.subscribe("gone-one@example.org")
    house.smtp(refuse="gone-one")
    issue = compose(house, "Refusals")
    send(house, issue)
    numbers = state(house, issue)
    assert numbers["refused"] == 1 and numbers["accepted"] == numbers["recipients"] - 1, numbers
    house.smtp()


def test_a_busy_server_is_tried_again_later(newsroom):
    house = newsroom
    house.subscribe("patient@example.org")
    house.smtp(later_first=1)
    issue = compose(house, "Busy")
    house.mimeo("newsletter", "send", issue)
    wait_for(lambda: state(house, issue)["later"] >= 1 or state(house, issue)["state"] == "sent", 20)
    house.smtp()


def test_after_the_dot_nobody_is_sent_twice(newsroom):
    """The connection goes away after the dot: the mail may have been taken. It is in doubt, never sent again."""
    house = newsroom
    house.subscribe("doubted@example.org")
    house.forget_mails()
    house.smtp(cut_after_taking=1)
    issue = compose(house, "In doubt")
    house.mimeo("newsletter", "send", issue)
    wait_for(lambda: state(house, issue)["state"] == "sent", 60, why=lambda: str(state(house, issue)))
    numbers = state(house, issue)
    assert numbers["in_doubt"] == 1, numbers
    got = Counter(to for mail in house.mails() for to in mail["to"] if mail["subject"] == "In doubt")
    assert max(got.values()) == 1 and sum(got.values()) == numbers["recipients"], got
    house.smtp()


def test_an_envelope_goes_behind_each_dot_and_nobody_is_skipped_or_sent_twice():
    """The next mail's MAIL, RCPT and DATA leave with this one's dot: whatever becomes of them, everybody has the issue once."""
    with House({"newsletter.smtp_connections": "2"}) as house:
        house.mimeo("story", "import", house.story("first-pick"), house.story("second-pick"))
        addresses = many(house, 30)
        for subject, faults, is_behind in (("Piped", {"half_lines": True, "next_421": 3, "cut_after_reply": 2, "refuse": addresses[4]}, True),
                                           ("Doubted", {"cut_after_taking": 1}, True), ("One by one", {"no_pipelining": True}, False)):
            house.smtp()
            house.smtp(**faults)
            if not is_behind:
                house.kill("newsletter") # connections that are open know what was offered
            before = ask_url("GET", house.box + "/api/stats").json["behind"]
            issue = compose(house, subject)
            house.mimeo("newsletter", "send", issue)
            wait_for(lambda: state(house, issue)["state"] == "sent", 90, 0.1, why=lambda: str(state(house, issue)))
            numbers = state(house, issue)
            got = Counter(to for mail in house.mails() for to in mail["to"] if mail["subject"] == subject)
            refused = [addresses.pop(4)] if "refuse" in faults else [] # its mailbox is gone: the next issues leave it out
            assert sorted(got) == sorted(addresses) and max(got.values()) == 1, (subject, got)
            assert (numbers["refused"], numbers["in_doubt"]) == (len(refused), faults.get("cut_after_taking", 0)), numbers
            assert numbers["accepted"] == len(addresses) - numbers["in_doubt"], numbers
            assert (ask_url("GET", house.box + "/api/stats").json["behind"] > before) == is_behind, subject


@pytest.mark.parametrize("room", ["newsletter", "desk", "front", "support"])
def test_a_kill_in_mid_send_skips_nobody(room):
    """kill -9 at sampled moments of one issue; afterwards everybody has it once, but for those in flight at that instant."""
    kills = 4 if room == "newsletter" else 1
    with House({"newsletter.smtp_connections": "4"}) as house:
        house.mimeo("story", "import", house.story("first-pick"), house.story("second-pick"))
        addresses = many(house, 60)
        house.smtp(delay=0.02)
        issue = compose(house)
        house.mimeo("newsletter", "send", issue)
        frozen = state(house, issue)["recipients"]
        assert frozen == len(addresses), "recipients are not counted before the first mail"
        for turn in range(kills):
            target = len(addresses) * (turn + 1) // (kills + 1)
            wait_for(lambda: len(house.mails(brief=True)) >= target or state(house, issue)["state"] == "sent", 60, 0.01)
            house.kill(room)
        house.smtp()
        wait_for(lambda: state(house, issue)["state"] == "sent", 90, 0.1, why=lambda: str(state(house, issue)))
        numbers = state(house, issue)
        got = Counter(to for mail in house.mails(brief=True) for to in mail["to"])
        skipped = [a for a in addresses if a not in got]
        twice = [a for a, n in got.items() if n > 1]
        assert numbers["recipients"] == frozen
        assert len(skipped) <= numbers["in_doubt"] <= kills * 4, (skipped, numbers)
        assert len(twice) <= kills * 4 and not [a for a in twice if got[a] > 2], (twice, numbers)
        assert numbers["accepted"] + numbers["refused"] + numbers["in_doubt"] == frozen, numbers


def test_a_frozen_issue_never_changes(newsroom):
    house = newsroom
    issue = compose(house, "Frozen")
    other = {"subject": "Other", "preheader": "", "language": "en", "html": "<a href=\"{{unsubscribe_url}}\">x</a>", "text": "{{unsubscribe_url}}", "hash": "0" * 64}
    answer = house.ask("newsletter", "PUT", "/issues/" + issue, other, caller="desk")
    assert answer.status in (400, 409, 422), answer
    assert "Frozen" in house.mimeo("newsletter", "preview", issue) or state(house, issue)["subject"] == "Frozen"


def test_starttls_and_auth_with_a_real_server():
    words = {"newsletter.smtp_security": "starttls", "newsletter.smtp_user": "tern", "newsletter.smtp_host": "localhost"}
    house = House(words, smtp_options=["--starttls", "--user", "tern", "--password", "secret word"])
    try:
        with open(house.path("secrets", "newsletter.conf"), "w", encoding="ascii") as file:
            file.write("[smtp]\npassword = secret word\n")
        house.start()
        house.post("/newsletter/subscribe", {"email": "tls@example.org", "lang": "en", "back": "/"})
        time.sleep(1.5)
        assert not house.mails(), "a mail went to a server whose certificate nobody vouches for"
        house.write_conf({**words, "newsletter.smtp_ca_file": ask_url("GET", house.box + "/api/stats").json["ca_file"]})
        house.restart()
        mail = house.wait_mail("tls@example.org", seconds=90)
        assert mail["tls"] and mail["user"] == "tern" and mail["dkim"] == "pass"
    finally:
        house.end()
