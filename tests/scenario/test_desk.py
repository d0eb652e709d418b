"""The desk: a one-time link, stories, an issue with its bar, contributions.
SPDX-License-Identifier: ISC
"""
import os
import re
import signal
import time

import pytest
from house import House, ask_url, wait_for
from selenium.common.exceptions import WebDriverException


@pytest.fixture(scope="module")
def newsroom():
    with House() as house:
        house.mimeo("story", "import", house.story("on-the-desk", title="A story on the desk"), house.story("a-draft", title="Only a draft", status="draft"))
        house.subscribe("desk-reader@example.org")
        yield house


def enter(b, house, name="Anna Editor", role="editor"):
    link = house.staff_link(name, role)
    b.delete_all_cookies()
    b.get(link)
    b.find_element("css selector", "main button, form button").click()
    wait_for(lambda: link not in b.current_url, 10)
    return link


def test_the_link_works_once_and_a_get_does_nothing(newsroom):
    link = newsroom.staff_link("Once Only")
    for _ in range(3):
        page = ask_url("GET", link)
        assert page.status == 200 and "<button" in page.text and "set-cookie" not in page.headers, "mail scanners follow links"
    from house import field
    form = {name: field(page.text, name) for name in re.findall(r'name="([^"]+)"', page.text) if field(page.text, name) is not None}
    action = re.search(r'<form[^>]*action="([^"]*)"', page.text)
    target = link if not action or action.group(1) in ("", ".") else newsroom.desk + "/" + action.group(1).lstrip("./")
    went = ask_url("POST", target, form, headers={"Sec-Fetch-Site": "same-origin"})
    assert went.status in (302, 303) and "set-cookie" in went.headers, went
    cookie = went.headers["set-cookie"]
    assert "httponly" in cookie.lower() and "samesite" in cookie.lower()
    second = ask_url("POST", target, form, headers={"Sec-Fetch-Site": "same-origin"})
    assert second.status >= 400 and "set-cookie" not in second.headers, second


def test_no_session_begins_on_the_sites_host(newsroom):
    """Cookies know no ports: the desk's would go to the site."""
    link = newsroom.staff_link("Wrong Door")
    elsewhere = link.replace("//localhost:", "//127.0.0.1:")
    sent_on = ask_url("GET", elsewhere)
    assert sent_on.status == 303 and sent_on.headers["location"] == link, sent_on
    refused = ask_url("POST", elsewhere, {}, headers={"Sec-Fetch-Site": "same-origin"})
    assert refused.status == 403 and "set-cookie" not in refused.headers, refused
    assert ask_url("GET", link).status == 200, "the link was used up"


def press(b, words, within="//main"):
    """Presses the button (or link) whose words begin so."""
    b.find_element("xpath", "%s//*[self::button or self::a][starts-with(normalize-space(.), '%s')]" % (within, words)).click()


def row_of(title):
    return "//*[self::tr or self::li or self::article][contains(., '%s')]" % title


def test_nothing_of_the_desk_without_a_session(newsroom):
    for path in ("/", "/stories", "/newsletter", "/support", "/people", "/site"):
        answer = ask_url("GET", newsroom.desk + path)
        assert answer.status in (302, 303, 401, 403), (path, answer)
        assert "A story on the desk" not in answer.text
    other = ask_url("GET", "http://127.0.0.1:%d/" % newsroom.desk_port, headers={"Host": "evil.example"})
    assert other.status >= 400


def test_stories_are_listed_published_and_withdrawn(newsroom, browsers):
    house, b = newsroom, browsers()
    enter(b, house)
    b.get(house.desk + "/stories")
    assert "A story on the desk" in b.page_source and "Only a draft" in b.page_source
    assert "Only a draft" not in house.get("/").text
    b.find_element("xpath", row_of("Only a draft") + "//a[contains(., 'Only a draft')]").click()
    press(b, "Publish")
    wait_for(lambda: "Only a draft" in house.get("/").text, 15, why="it is not on the front page")
    b.get(house.desk + "/stories")
    b.find_element("xpath", row_of("A story on the desk") + "//a[contains(., 'A story on the desk')]").click()
    press(b, "Withdraw")
    assert house.get("/2026/11/20/on-the-desk/").status == 200, "withdrawn without asking"
    reason = b.find_elements("css selector", "main [name=reason]")
    if reason:
        reason[0].send_keys("For a test.")
    press(b, "Withdraw", "//main//form")
    wait_for(lambda: house.get("/2026/11/20/on-the-desk/").status == 410, 15)


def main_text(b):
    """What stands on the page; empty while one page gives way to the next."""
    try:
        return b.find_element("css selector", "main").text
    except WebDriverException:
        return ""


def test_an_issue_is_sent_with_a_bar_that_moves(newsroom, browsers):
    house, b = newsroom, browsers()
    house.mimeo("story", "import", house.story("for-the-issue"))
    issue = str(house.mimeo("newsletter", "compose", "--subject", "From the desk", "for-the-issue", json_out=True)["issue"])
    house.smtp(delay=0.3)
    enter(b, house)
    b.get(house.desk + "/newsletter")
    b.find_element("xpath", "//main//a[contains(., 'From the desk')]").click()
    press(b, "Send")
    wait_for(lambda: b.current_url.endswith("/send"), 10, why="it does not ask first")
    assert house.ask("newsletter", "GET", "/issues/" + issue).json["state"] in ("draft", "frozen"), "sent without asking"
    wait_for(lambda: re.search(r"\b1\b", main_text(b)), 10, why="it does not say to how many")
    press(b, "Send", "//main//form")
    wait_for(lambda: not b.current_url.endswith("/send"), 10)
    wait_for(lambda: re.search(r"\d+ of \d+ handled", main_text(b)) or b.get(house.desk + "/newsletter/" + issue), 10, 0.2)
    house.smtp()
    wait_for(lambda: house.ask("newsletter", "GET", "/issues/" + issue).json["state"] == "sent", 30)
    house.wait_mail("desk-reader@example.org", "From the desk")
    wait_for(lambda: "1 of 1 handled" in main_text(b), 15, 0.3, why="the bar did not reach its end by itself")


def test_contributions_are_listed_without_names(newsroom, browsers):
    house, b = newsroom, browsers()
    house.give("monthly", 200, email="secret-giver@example.org")
    house.wait_stripe_quiet()
    enter(b, house)
    wait_for(lambda: b.get(house.desk + "/support") or re.search(r"\$2\b", b.find_element("css selector", "main").text), 10, 0.5, why="the gift is not at the desk")
    assert "secret-giver" not in b.page_source and "example.org" not in b.page_source


def test_every_desk_post_wants_the_sessions_token(newsroom, browsers):
    house, b = newsroom, browsers()
    enter(b, house)
    cookies = "; ".join("%s=%s" % (c["name"], c["value"]) for c in b.get_cookies())
    b.get(house.desk + "/stories")
    actions = {e.get_attribute("action") for e in b.find_elements("css selector", "form[method=post]")}
    assert actions
    for action in actions:
        answer = ask_url("POST", action, {"x": "y"}, headers={"Cookie": cookies, "Sec-Fetch-Site": "same-origin"})
        assert answer.status in (400, 403), (action, answer)
        answer = ask_url("POST", action, {"x": "y"}, headers={"Cookie": cookies, "Sec-Fetch-Site": "cross-site"})
        assert answer.status in (400, 403), (action, answer)


def test_the_health_line_is_true(newsroom, browsers):
    house, b = newsroom, browsers()
    enter(b, house)
    b.get(house.desk + "/stories")
    wait_for(lambda: b.get(house.desk + "/stories") or re.search(r"Site is up · baked \d\d:\d\d", b.find_element("css selector", "header .health").text),
             10, 0.5, why=lambda: b.find_element("css selector", "header .health").text)
    pid = house.signal("newsletter", signal.SIGSTOP)
    try:
        wait_for(lambda: b.get(house.desk + "/stories") or "newsletter" in b.find_element("css selector", "header .health").text.lower(), 30, 0.5,
                 why=lambda: "the newsletter is stopped and the desk says: " + b.find_element("css selector", "header .health").text)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_revoked_member_is_out_at_once(newsroom, browsers):
    house, b = newsroom, browsers()
    enter(b, house, "Short Guest")
    b.get(house.desk + "/stories")
    assert b.find_elements("css selector", "form[method=post]")
    house.mimeo("staff", "revoke", "Short Guest")
    b.get(house.desk + "/stories")
    assert "A story on the desk" not in b.page_source
    assert house.mimeo("staff", "link", "Short Guest", ok=False).returncode != 0
