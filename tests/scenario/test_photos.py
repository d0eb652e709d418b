"""Photos at the desk: upload, words, focal point, the library, pictures in the text, and what becomes of the original.
SPDX-License-Identifier: ISC
"""
import hashlib
import html.parser
import io
import json
import os
import re
import shutil
import subprocess
import time
import zipfile
from html import unescape

import pytest
from house import House, ask_url, make_jpeg, wait_for
from test_desk import enter, press


@pytest.fixture(scope="module")
def newsroom():
    with House() as house:
        house.mimeo("story", "import", house.story("with-a-photo", title="A story with a photo"), house.story("another", title="Another story"),
                    house.story("a-draft", title="Only a draft", status="draft"))
        yield house


@pytest.fixture(scope="module")
def photo(newsroom):
    return make_jpeg(os.path.join(newsroom.folder, "original.jpg"))


def id_of(house, words):
    return next(s["id"] for s in house.mimeo("story", "list", json_out=True)["stories"] if s["identity"] == words)


def page_of(house, words):
    return house.desk + "/stories/%s/photo" % id_of(house, words)


class Staff:
    """Somebody at the desk without a browser: a cookie and the forms' token."""

    def __init__(self, house, name="Paula Pictures", role="editor"):
        self.house = house
        link = house.staff_link(name, role)
        page = ask_url("GET", link)
        action = re.search(r'<form[^>]*action="([^"]*)"', page.text)
        done = ask_url("POST", house.desk + "/" + action.group(1).lstrip("/") if action and action.group(1) else link, {},
                       headers={"Sec-Fetch-Site": "same-origin"})
        self.cookie = done.headers["set-cookie"].split(";")[0]
        self.csrf = re.search(r'name="csrf" value="([^"]+)"', self.get("/stories").text).group(1)

    def get(self, path):
        return ask_url("GET", self.house.desk + path, headers={"Cookie": self.cookie})

    def post(self, path, **form):
        return ask_url("POST", self.house.desk + path, {"csrf": self.csrf, **form}, headers={"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin"})

    def upload(self, story, data, use="lead", name="original.jpg"):
        edge = "----tern%s" % hashlib.sha256(data).hexdigest()[:16]
        parts = [('name="csrf"', self.csrf.encode()), ('name="use"', use.encode()), ('name="file"; filename="%s"\r\nContent-Type: image/jpeg' % name, data)]
        body = b"".join(b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (edge.encode(), head.encode(), value) for head, value in parts)
        return ask_url("POST", self.house.desk + "/stories/%s/photo/upload" % id_of(self.house, story), body + b"--%s--\r\n" % edge.encode(), timeout=60,
                       headers={"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin", "Content-Type": "multipart/form-data; boundary=" + edge})


@pytest.fixture(scope="module")
def staff(newsroom):
    return Staff(newsroom)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def served(house, words, look):
    """The story's page once it shows what is looked for."""
    path = house.path_of(words)
    return wait_for(lambda: next((p for p in [house.get(path).text] if re.search(look, p, re.S)), None), 20,
                    why=lambda: "%s does not show %s; log:\n%s" % (path, look, house.log()[-1500:]))


def whole(house, name, seconds=30):
    """Waits until all widths of a photo are there."""
    return wait_for(lambda: os.path.exists(house.path("data/desk/media/%s-1280.webp" % name)), seconds, why="the larger widths of %s did not come" % name)


def files_with(house, needle, under=""):
    """Every file of the home that holds these bytes."""
    found = []
    for folder, _, names in os.walk(house.path(under) if under else house.home):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and needle in read(path):
                found.append(path)
    return found


def open_files(house):
    """What the house's processes hold open outside of their home."""
    held = []
    for pid in [house.serving.pid] + [house.pid_of("desk")]:
        for fd in os.listdir("/proc/%d/fd" % pid):
            try:
                held.append(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
            except OSError:
                pass
    return held


# --- with and without JavaScript ---------------------------------------------------------------------------------------------------

def test_a_photo_is_uploaded_described_and_published_without_javascript(newsroom, photo, browsers):
    house, b = newsroom, browsers(nojs=True)
    enter(b, house)
    b.get(page_of(house, "with-a-photo"))
    assert "no lead photo yet" in b.page_source
    b.find_element("id", "file").send_keys(photo)
    began = time.monotonic()
    press(b, "Upload", "//form[@id='upload']")
    wait_for(lambda: "done=photo-added" in b.current_url, 20)
    print("visible at the desk after %.2f s" % (time.monotonic() - began))
    text = b.find_element("tag name", "main").text
    removed = re.search(r"Location and camera data removed: (\d+) fields", text)
    assert removed and int(removed.group(1)) >= 5, text
    # a credit that is none is explained, what was typed is kept
    b.find_element("id", "caption").send_keys("The dunes after the storm.")
    b.find_element("id", "credit").send_keys("Photo: Ada Wren")
    b.find_element("id", "alt").send_keys("Sand hills under a low sky")
    press(b, "Save", "//form[@id='lead']")
    assert "Leave “Photo:” out" in b.page_source and b.find_element("id", "credit").get_attribute("value") == "Photo: Ada Wren"
    assert b.find_element("id", "caption").get_attribute("value") == "The dunes after the storm."
    assert b.find_element("id", "credit").get_attribute("aria-invalid") == "true"
    credit = b.find_element("id", "credit")
    credit.clear()
    credit.send_keys("Ada Wren")
    press(b, "Save", "//form[@id='lead']")
    assert "“Name / Agency”, with a space" in b.page_source
    credit = b.find_element("id", "credit")
    credit.clear()
    credit.send_keys("Ada Wren / The Tern Courier")
    cells = b.find_elements("css selector", ".nine label input:not(.vh)")
    assert len(cells) == 9
    cells[6].click()  # bottom left
    press(b, "Save", "//form[@id='lead']")
    assert "done=photo-saved" in b.current_url
    page = served(house, "with-a-photo", "Ada Wren / The Tern Courier")
    figure = re.search(r'<figure class="lead">.*?</figure>', page, re.S).group(0)
    assert re.search(r'<figcaption>The dunes after the storm\. <span class="credit">Ada Wren / The Tern Courier</span></figcaption>', figure), figure
    assert 'alt="Sand hills under a low sky"' in figure and 'class="x' not in figure, "the lead is never cropped"
    front = wait_for(lambda: next((p for p in [house.get("/").text] if "media/" in p), None), 15)
    assert re.search(r'<img[^>]*class="x1 y3"', front), "the focal point is kept in sight where it is cropped: " + str(re.findall(r"<img[^>]*>", front))
    name = re.search(r"media/([0-9a-f]{16})-", figure).group(1)
    whole(house, name)
    served(house, "with-a-photo", name + r"-1280\.webp 1280w")


def test_nothing_of_the_original_is_left(newsroom, photo):
    house = newsroom
    assert not files_with(house, b"Somebody Secret") and not files_with(house, read(photo)[2000:2100])
    wait_for(lambda: not [f for f in open_files(house) if re.match(r"/tmp/(#|mimeo-\w+ )", f)], 10, why=lambda: "still open: %s" % open_files(house))
    names = [os.path.join(house.path("data/desk/media"), n) for n in os.listdir(house.path("data/desk/media"))]
    assert len(names) == 6 and not [n for n in names if ".tmp" in n]
    said = json.loads(subprocess.run(["exiftool", "-j", "-a", "-G1", "-gps:all", "-artist", "-creator", "-by-line", "-serialnumber", "-make", "-model"] + names,
                                     capture_output=True, check=True).stdout)
    assert all(set(one) == {"SourceFile"} for one in said), said


def test_the_focal_point_is_a_click_with_javascript(newsroom, browsers):
    from selenium.webdriver.common.action_chains import ActionChains
    house, b = newsroom, browsers()
    enter(b, house)
    b.get_log("browser") # what others left in it
    b.get(page_of(house, "with-a-photo"))
    pane = b.find_element("css selector", "[data-focal]")
    b.execute_script("arguments[0].scrollIntoView({block: 'center'})", pane)
    box = b.execute_script("var r = arguments[0].getBoundingClientRect(); return [r.width, r.height]", pane)
    ActionChains(b).move_to_element_with_offset(pane, int(box[0] * .4), int(-box[1] * .4)).click().perform()
    assert re.match(r"(89|90|91) (9|10|11)$", b.find_element("id", "as-now").get_attribute("value")), b.find_element("id", "as-now").get_attribute("value")
    press(b, "Save", "//form[@id='lead']")
    wait_for(lambda: "done=photo-saved" in b.current_url, 10)
    wait_for(lambda: re.search(r'<img[^>]*class="x4 y0"', house.get("/").text), 15, why="the front page does not crop it so")
    assert not [l for l in b.get_log("browser") if l["level"] == "SEVERE" and "favicon" not in l["message"]], b.get_log("browser")


def test_a_photo_is_used_again_with_its_credit(newsroom, browsers):
    house, b = newsroom, browsers(nojs=True)
    enter(b, house)
    b.get(house.desk + "/photos?for=" + str(id_of(house, "another")) + "&find=DUNES+wren")
    assert len(b.find_elements("css selector", ".lib li")) == 1
    press(b, "Lead photo")
    wait_for(lambda: "done=photo-chosen" in b.current_url, 10)
    assert b.find_element("id", "credit").get_attribute("value") == "Ada Wren / The Tern Courier"
    page = served(house, "another", "Ada Wren / The Tern Courier")
    assert 'alt="Sand hills under a low sky"' in page
    b.get(house.desk + "/photos?find=nothinglikethis")
    assert "No photo has these words" in b.page_source
    b.get(house.desk + "/photos")
    b.find_element("css selector", ".lib li a").click()
    text = b.find_element("tag name", "main").text
    assert "A story with a photo" in text and "Another story" in text and "Delete this photo" not in text


class Fields(html.parser.HTMLParser):
    """What a form would send as it stands there: the one whose action ends so."""

    def __init__(self, page, action):
        super().__init__()
        self.action, self.within, self.area, self.select = action, False, None, None
        self.sent = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        one = dict(attrs)
        if tag == "form":
            self.within = one.get("action", "").endswith(self.action)
        if not self.within:
            return
        if tag == "textarea":
            self.area = one["name"]
            self.sent[self.area] = ""
        elif tag == "select":
            self.select = one["name"]
        elif tag == "option" and self.select and ("selected" in one or self.select not in self.sent):
            self.sent[self.select] = one.get("value", "")
        elif tag == "input" and "name" in one and (one.get("type") not in ("checkbox", "radio") or "checked" in one):
            self.sent[one["name"]] = one.get("value") or ""

    def handle_data(self, data):
        if self.area:
            self.sent[self.area] += data

    def handle_endtag(self, tag):
        self.area = None if tag == "textarea" else self.area
        self.select = None if tag == "select" else self.select
        self.within = self.within and tag != "form"


def test_an_editor_that_was_open_undoes_nothing(newsroom, photo):
    """Words that a colleague gave the photo meanwhile, and a picture put into the text, are there after a Save from a page opened before."""
    house = newsroom
    number = id_of(house, "with-a-photo")
    anna, ben = Staff(house, "Anna Open"), Staff(house, "Ben Photo")
    opened = Fields(anna.get("/stories/%s" % number).text, "/stories/%s" % number).sent
    lead = Fields(ben.get("/stories/%s/photo" % number).text, "/stories/%s/photo" % number).sent
    assert ben.post("/stories/%s/photo" % number, **{**lead, "csrf": ben.csrf, "caption": "Ben's own words", "credit": "Ben Ox / AP"}).status == 303
    assert anna.post("/stories/%s" % number, **{**opened, "csrf": anna.csrf, "standfirst": "Anna's standfirst.", "reason": "a better one", "do": "save"}).status == 303
    wait_for(lambda: "Ben's own words" in unescape(house.get(house.path_of("with-a-photo")).text) and "Anna's standfirst." in unescape(house.get(house.path_of("with-a-photo")).text), 15)
    # one's own page of before, gone back to after a picture was put into the text
    opened = Fields(anna.get("/stories/%s" % number).text, "/stories/%s" % number).sent
    name = Fields(anna.get("/stories/%s/photo" % number).text, "/stories/%s/photo" % number).sent["photo"]
    assert anna.post("/stories/%s/photo/append" % number, photo=name, caption="In the text", credit="Ben Ox / AP", alt="A field", do="add").status == 303
    stale = anna.post("/stories/%s" % number, **{**opened, "csrf": anna.csrf, "title": "Anna's headline", "reason": "another", "do": "save"})
    assert "Two versions" in stale.text and "In the text" in unescape(stale.text), stale.text[:2000]
    assert "In the text" in unescape(house.get(house.path_of("with-a-photo")).text)


def test_a_picture_in_the_text(newsroom, photo, browsers):
    house, b = newsroom, browsers(nojs=True)
    picture = os.path.join(house.folder, "second.png")
    subprocess.run(["vips", "thumbnail", photo, picture, "900"], check=True)
    enter(b, house)
    b.get(page_of(house, "another"))
    b.find_element("id", "file").send_keys(picture)
    b.find_element("css selector", "[name=use][value=text]").click()
    press(b, "Upload", "//form[@id='upload']")
    wait_for(lambda: "done=photo-added" in b.current_url, 20)
    form = "//form[@data-picture and ancestor::details[@open]]"
    b.find_element("xpath", form + "//textarea[@name='caption']").send_keys('The "new" road, seen from the hill')
    b.find_element("xpath", form + "//input[@name='credit']").send_keys("J. K. Marent / AP")
    b.find_element("xpath", form + "//textarea[@name='alt']").send_keys("A road [of sand]")
    press(b, "Add it at the end of the text", form)
    wait_for(lambda: "done=picture-added" in b.current_url, 10)
    page = served(house, "another", "J. K. Marent / AP")
    figure = re.search(r'<figure><picture>.*?</figure>', page, re.S).group(0)
    assert '<figcaption>The &quot;new&quot; road, seen from the hill. <span class="credit">J. K. Marent / AP</span></figcaption>' in figure.replace('"new"', "&quot;new&quot;"), figure
    assert 'alt="A road [of sand]"' in figure and 'loading="lazy"' in figure and 'type="image/webp"' in figure and " 640w" in figure, figure
    assert re.search(r'width="640" height="\d+"', figure)
    name = re.search(r"media/([0-9a-f]{16})-", figure).group(1)
    for address in set(re.findall(r"(media/[0-9a-f]{16}-\d+\.(?:jpg|webp))", page)):
        assert house.get("/" + address).status == 200, address
    feed = house.get("/feed.xml").text
    assert "%s/media/%s-640.jpg" % (house.site, name) in feed, "a feed's pictures have whole addresses"
    # the editor's data
    staff = Staff(house)
    pictures = staff.get("/stories/%s/pictures" % id_of(house, "another")).json["pictures"]
    mine = next(p for p in pictures if p["name"] == name)
    assert mine["in_text"] and not mine["lead"] and mine["markdown"].startswith("![A road \\[of sand\\]](photo:%s " % name)
    assert "/media/" + name in staff.get("/stories/%s/preview" % id_of(house, "another")).text, "the desk's own view shows it, too"
    # withdrawn: its pictures leave the site, except what another story shows
    lead = re.search(r'<figure class="lead">.*?media/([0-9a-f]{16})-', page, re.S).group(1)
    house.mimeo("story", "withdraw", "another")
    wait_for(lambda: house.get("/media/%s-640.jpg" % name).status == 404, 15, why="a withdrawn story's picture is still on the site")
    assert house.get("/media/%s-640.jpg" % lead).status == 200
    assert os.path.exists(house.path("data/desk/media/%s-640.jpg" % name))
    house.mimeo("story", "publish", "another")
    wait_for(lambda: house.get("/media/%s-640.jpg" % name).status == 200, 15)


def test_a_photo_taken_out_leaves_the_site_at_once(newsroom, staff):
    house = newsroom
    made = staff.upload("another", read(make_jpeg(os.path.join(house.folder, "third.jpg"))) + b"another", name="third.jpg")
    assert made.status == 303, made
    name = re.search(r"photo=([0-9a-f]{16})", made.headers["location"]).group(1)
    served(house, "another", "media/%s-640" % name)
    whole(house, name)
    wait_for(lambda: house.get("/media/%s-1280.webp" % name).status == 200, 15)
    assert staff.post("/stories/%s/photo/remove" % id_of(house, "another")).status == 303
    wait_for(lambda: house.get("/media/%s-640.jpg" % name).status == 404, 15, why="the photo is still on the site")
    assert "media/" + name not in house.get(house.path_of("another")).text
    # and can be deleted now, by an editor who was asked
    asked = staff.get("/photos/%s/delete" % name)
    assert asked.status == 200 and "for good" in asked.text and os.path.exists(house.path("data/desk/media/%s-640.jpg" % name))
    assert staff.post("/photos/%s/delete" % name).status == 303
    assert not [n for n in os.listdir(house.path("data/desk/media")) if n.startswith(name)]
    in_use = re.search(r'media/([0-9a-f]{16})-', house.get(house.path_of("with-a-photo")).text).group(1)
    refused = staff.post("/photos/%s/delete" % in_use)
    assert refused.status == 409 and "take it out of the story first" in refused.text


# --- what is no photo ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name, data, words", [
    ("vector.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a JPEG, PNG or WebP"),
    ("empty.jpg", b"", "No photo came along"),
    ("page.html", b"<!doctype html><title>x</title>" + b"x" * 100, "not a JPEG, PNG or WebP"),
], ids=("svg", "empty", "html"))
def test_what_is_no_photo_is_said_and_changes_nothing(newsroom, staff, name, data, words):
    before = sorted(os.listdir(newsroom.path("data/desk/media")))
    answer = staff.upload("a-draft", data, name=name)
    assert 400 <= answer.status < 500 and words in answer.text and 'id="upload"' in answer.text, answer
    assert sorted(os.listdir(newsroom.path("data/desk/media"))) == before


def test_a_truncated_photo_is_refused_whole(newsroom, staff, photo):
    before = sorted(os.listdir(newsroom.path("data/desk/media")))
    data = read(photo)
    answer = staff.upload("a-draft", data[:len(data) // 2])
    assert 400 <= answer.status < 500 and "damaged or cut off" in answer.text, answer
    assert sorted(os.listdir(newsroom.path("data/desk/media"))) == before


def test_a_polyglot_loses_its_other_half(newsroom, staff, photo):
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("payload.txt", "POLYGLOT-PAYLOAD" * 8)
    answer = staff.upload("a-draft", read(photo) + b"<script>POLYGLOT-PAYLOAD</script>" + zipped.getvalue())
    assert answer.status == 303, answer
    name = re.search(r"photo=([0-9a-f]{16})", answer.headers["location"]).group(1)
    whole(newsroom, name)
    assert not files_with(newsroom, b"POLYGLOT-PAYLOAD", "data"), "it came through"


def test_who_may_not_write_may_not_illustrate(newsroom, photo):
    treasurer = Staff(newsroom, "Tom Treasurer", "treasurer")
    assert treasurer.upload("a-draft", read(photo)).status == 403
    reporter = Staff(newsroom, "Rita Reporter", "reporter")
    refused = reporter.upload("with-a-photo", read(photo))
    assert refused.status == 403 and "An editor changes this story" in refused.text
    assert reporter.upload("a-draft", read(photo)).status == 303
    forged = ask_url("POST", newsroom.desk + "/stories/%s/photo/remove" % id_of(newsroom, "a-draft"), {"csrf": "0" * 32},
                     headers={"Cookie": reporter.cookie, "Sec-Fetch-Site": "same-origin"})
    assert forged.status == 403


def test_the_desk_answers_while_photos_are_made(newsroom, staff):
    """Three at once, each of 24 megapixels; meanwhile the list of stories comes at once."""
    big = os.path.join(newsroom.folder, "big.jpg")
    subprocess.run(["vips", "resize", make_jpeg(os.path.join(newsroom.folder, "small.jpg")), big + "[Q=90]", "3.58"], check=True)
    uploads = []
    from threading import Thread
    for i in range(3):
        uploads.append(Thread(target=staff.upload, args=("a-draft", read(big) + bytes([i]), "text")))
        uploads[-1].start()
    slowest, first = 0, time.monotonic()
    while any(u.is_alive() for u in uploads):
        began = time.monotonic()
        assert staff.get("/stories").status == 200
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.05)
    for one in uploads:
        one.join()
    took = time.monotonic() - first
    assert slowest < max(3, took / 4), "the desk stood still for %.1f s of %.1f" % (slowest, took)


# --- a full disk --------------------------------------------------------------------------------------------------------------------

def test_a_full_disk_leaves_nothing_half_and_says_so(house):
    if os.geteuid() != 0:
        pytest.skip("wants root, for a small file system")
    media = house.path("data/desk/media")
    house.mimeo("story", "import", house.story("old", title="An old story"))
    os.makedirs(media, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", media], check=False).returncode != 0:
        pytest.skip("may not mount here")
    try:
        old_page = house.get(house.path_of("old")).text
        staff = Staff(house)
        data = read(make_jpeg(os.path.join(house.folder, "p.jpg")))
        with open(os.path.join(media, "ballast"), "wb") as file:
            file.write(b"x" * 80 * 1024)
        answer = staff.upload("old", data)
        assert answer.status == 507 and "disk" in answer.text.lower() and 'id="upload"' in answer.text, answer
        assert os.listdir(media) == ["ballast"], "half a photo was left: %s" % os.listdir(media)
        assert house.get(house.path_of("old")).text == old_page
        # room for the small sizes only: the photo stands with them, and the page says what is missing
        os.remove(os.path.join(media, "ballast"))
        subprocess.run(["mount", "-o", "remount,size=192k", media], check=True)
        answer = staff.upload("old", data)
        assert answer.status == 303, answer
        name = re.search(r"photo=([0-9a-f]{16})", answer.headers["location"]).group(1)
        page = wait_for(lambda: next((p for p in [staff.get("/stories/%s/photo" % id_of(house, "old")).text] if "Only the small sizes" in p), None), 30)
        assert "Upload it again" in page
        assert not [n for n in os.listdir(media) if ".tmp" in n or not re.match(name + r"-(320|640)\.(jpg|webp)$", n)], os.listdir(media)
        shown = served(house, "old", "media/%s-640" % name)
        assert "%s-1280" % name not in shown
        # room again, uploaded again: whole
        subprocess.run(["mount", "-o", "remount,size=64m", media], check=True)
        assert staff.upload("old", data).status == 303
        served(house, "old", name + r"-1280\.webp 1280w")
    finally:
        subprocess.run(["umount", "-l", media], check=False)


def test_no_room_for_the_upload_itself(monkeypatch):
    """The file is spooled in /tmp: here one of a megabyte, seen by this house alone."""
    import house as house_module
    import tempfile
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False).returncode != 0:
        pytest.skip("may not mount here")
    if os.path.realpath(house_module.MIMEO).startswith("/tmp/"):
        pytest.skip("the program lies in /tmp itself, which is hidden here")
    elsewhere = tempfile.mkdtemp(dir="/var/tmp", prefix="mimeo-photos-")
    wrapper = os.path.join(elsewhere, "mimeo")
    with open(wrapper, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\ncase $1 in serve) exec unshare -m sh -c 'mount -t tmpfs -o size=1m tmpfs /tmp && exec \"$0\" \"$@\"' %s \"$@\";; esac\nexec %s \"$@\"\n"
                   % (house_module.MIMEO, house_module.MIMEO))
    os.chmod(wrapper, 0o755)
    monkeypatch.setattr(house_module, "MIMEO", wrapper)
    monkeypatch.setattr(tempfile, "tempdir", elsewhere)
    try:
        with House() as house:
            house.mimeo("story", "import", house.story("old", title="An old story"))
            staff = Staff(house)
            small = staff.upload("old", read(make_jpeg(os.path.join(house.folder, "p.jpg"))))
            assert small.status == 303, small
            name = re.search(r"photo=([0-9a-f]{16})", small.headers["location"]).group(1)
            refused = staff.upload("old", read(os.path.join(house.folder, "p.jpg")) + b"x" * 2000000)
            assert refused.status == 507 and "no room for this file" in refused.text, refused
            assert {n[:16] for n in os.listdir(house.path("data/desk/media"))} == {name}
            assert staff.get("/stories").status == 200
    finally:
        monkeypatch.undo()
        shutil.rmtree(elsewhere, ignore_errors=True)


# --- a crash ------------------------------------------------------------------------------------------------------------------------

def test_what_a_crash_left_is_swept_and_the_original_never_had_a_name(house, photo):
    house.mimeo("story", "import", house.story("old", title="An old story"))
    staff = Staff(house)
    answer = staff.upload("old", read(photo))
    assert answer.status == 303
    name = re.search(r"photo=([0-9a-f]{16})", answer.headers["location"]).group(1)
    before = set(os.listdir("/tmp"))
    house.kill("desk")
    house.stop()
    assert not [n for n in set(os.listdir("/tmp")) - before if n.startswith("mimeo-") and os.path.isfile("/tmp/" + n)]
    media = house.path("data/desk/media")
    for orphan in ("0123456789abcdef-320.jpg", name + "-1920.jpg.tmp-12345678", "garbage"):
        with open(os.path.join(media, orphan), "wb") as file:
            file.write(b"left over")
    house.serve()
    wait_for(lambda: not os.path.exists(os.path.join(media, "0123456789abcdef-320.jpg")), 20, why="the orphan is still there")
    wait_for(lambda: all(n.startswith(name) and ".tmp" not in n for n in os.listdir(media)), 10, why=lambda: str(os.listdir(media)))
    assert os.path.exists(os.path.join(media, name + "-320.jpg"))
    assert not files_with(house, b"Somebody Secret")


# --- import -------------------------------------------------------------------------------------------------------------------------

def test_an_import_brings_its_pictures(house):
    folder = os.path.join(house.folder, "stories")
    os.makedirs(folder, exist_ok=True)
    make_jpeg(os.path.join(folder, "road.jpg"))
    path = house.story("pictured", body="First.\n\n![A road](road.jpg \"The road in March. Ada Wren / AP\")\n\nSecond, with a [link](road.jpg).\n\nThird.\n")
    house.mimeo("story", "import", path)
    page = house.get(house.path_of("pictured")).text
    assert re.search(r'<figure><picture>.*?<figcaption>The road in March\. <span class="credit">Ada Wren / AP</span>', page, re.S), page
    name = re.search(r"media/([0-9a-f]{16})-640", page).group(1)
    assert house.get("/media/%s-1280.webp" % name).status == 200
    assert "Ada Wren / AP" in Staff(house).get("/photos").text
    house.mimeo("story", "import", path)  # again: nothing is made anew
    assert "media/" + name in house.get(house.path_of("pictured")).text
    missing = house.story("broken", body="One.\n\nTwo.\n\n![A road](nowhere.jpg)\n")
    said = house.mimeo("story", "import", missing, ok=False)
    lines = read(missing).decode().split("\n")
    line = next(i for i, text in enumerate(lines, 1) if "nowhere.jpg" in text)
    assert said.returncode == 2 and "broken.md:%d: there is no photo nowhere.jpg beside this file" % line in said.stderr, said.stderr
    assert "not whole" not in house.mimeo("check", ok=False).stdout
    os.remove(house.path("data/desk/media/%s-640.webp" % name))
    assert "1 photo that pages name is not whole" in house.mimeo("check", ok=False).stdout, "a picture of a text is looked at, too"
    backup = os.path.join(house.folder, "backup")
    house.mimeo("backup", backup)
    assert os.path.exists(os.path.join(backup, "data/desk/media/%s-320.jpg" % name))
