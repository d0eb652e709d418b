"""What readers see, in a real browser: no sideways scroll, nothing clipped, no request elsewhere, both schemes, no JavaScript needed.
SPDX-License-Identifier: ISC
"""
import os
import re

import pytest
from house import ROOT, wait_for

WIDTHS = (320, 390, 820, 1280)


@pytest.fixture
def newsroom(demo_newsroom):
    return demo_newsroom


def paths(house):
    """One of each kind of page; of stories: one with everything, the longest, the longest headline, Russian, Arabic, one without a photo."""
    names = ("river-towns-third-dry-winter", "timber-firm-six-villages-one-road", "sunflower-oil-prices-secret", "oranzhereya-bez-tepla", "qura-assabkha-almatar",
             "teacher-fined-for-a-link")
    listed = {s["identity"]: s["path"] for s in house.mimeo("story", "list", json_out=True)["stories"] if s["state"] == "published"}
    stories = []
    for name in names:
        with open(os.path.join(ROOT, "demo", "stories", name + ".md"), encoding="utf-8") as file:
            stories.append(listed[re.search(r"^id: (\S+)$", file.read(), re.M).group(1)])
    return ["/", "/about/", "/support/", "/newsletter/", "/section/news/", "/search/?q=river", "/nothing/"] + stories


@pytest.mark.parametrize("dark", [False, True])
def test_no_page_scrolls_sideways(newsroom, browsers, dark):
    b = browsers(nojs=False, dark=dark)
    wrong = []
    for path in paths(newsroom):
        b.get(newsroom.site + path)
        for width in WIDTHS:
            b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
            over = b.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0:
                who = b.execute_script("""return [...document.querySelectorAll('body *')].filter(e => { const r = e.getBoundingClientRect();
                    return r.width > 0 && (r.right > innerWidth + 1 || r.left < -1) && !e.closest('table, pre, [style*=overflow]') }).slice(0, 3).map(e => e.tagName + '.' + e.className)""")
                wrong.append((width, path, over, who))
    b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    assert not wrong, wrong


def test_no_request_leaves_the_newsroom(newsroom, browsers):
    b = browsers()
    b.get_log("browser")  # what another scenario left there
    for path in paths(newsroom):
        b.get(newsroom.site + path)
        elsewhere = b.execute_script("return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin) && !n.startsWith('data:'))")
        assert not elsewhere, (path, elsewhere)
        noise = [line["message"] for line in b.get_log("browser") if "Content Security Policy" in line["message"] or "SEVERE" == line["level"] and "404" not in line["message"]]
        assert not noise, (path, noise)


def test_every_input_has_a_label_and_pictures_have_words(newsroom, browsers):
    b = browsers()
    for path in paths(newsroom):
        b.get(newsroom.site + path)
        bare = b.execute_script("""return [...document.querySelectorAll('input:not([type=hidden]), select, textarea')].filter(e => !(e.labels && e.labels.length) && !e.getAttribute('aria-label')
            && !e.getAttribute('aria-labelledby')).map(e => e.outerHTML.slice(0, 120))""")
        assert not bare, (path, bare)
        assert b.execute_script("return [...document.images].every(i => i.hasAttribute('alt'))"), path
        assert b.execute_script("return document.querySelectorAll('h1').length") == 1, path
        ids = b.execute_script("const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return ids.filter((id, i) => ids.indexOf(id) !== i)")
        assert not ids, (path, ids)
        assert b.execute_script("return document.documentElement.lang") != ""


def test_dark_and_light_differ_and_are_readable(newsroom, browsers):
    grounds = {}
    for dark in (False, True):
        b = browsers(nojs=False, dark=dark)
        b.get(newsroom.site + "/")
        grounds[dark] = b.execute_script("""const c = s => s.match(/[\\d.]+/g).slice(0, 3).map(Number), body = getComputedStyle(document.body);
            let bg = body.backgroundColor; if (bg.includes(', 0)')) bg = getComputedStyle(document.documentElement).backgroundColor; return [c(bg), c(body.color)]""")
    assert grounds[False][0] == [255, 255, 255] and sum(grounds[True][0]) < 120, grounds


def test_signing_up_without_javascript(newsroom, browsers):
    b = browsers(nojs=True, width=390)
    path = newsroom.path_of("river-towns-third-dry-winter")
    b.get(newsroom.site + path)
    b.find_element("css selector", "form[action*='newsletter/subscribe'] input[type=email]").send_keys("phone.reader@example.org")
    b.find_element("css selector", "form[action*='newsletter/subscribe'] button").click()
    wait_for(lambda: "mailbox" in b.page_source.lower() and "/newsletter/subscribe" in b.current_url, 10, why=lambda: b.current_url)
    mail = newsroom.wait_mail("phone.reader@example.org")
    link = next(one for one in newsroom.links(mail) if "/newsletter/confirm/" in one)
    b.get(link)
    b.find_element("css selector", "main button").click()
    wait_for(lambda: link not in b.current_url or "<button" not in b.page_source.split("<main")[-1].split("</main")[0], 10)


def test_the_first_screen_of_a_story_is_the_story(newsroom, browsers):
    b = browsers()
    path = newsroom.path_of("river-towns-third-dry-winter")
    for width, height in ((1280, 900), (390, 844)):
        b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        b.get(newsroom.site + path)
        top = b.execute_script("return [document.querySelector('h1').getBoundingClientRect().bottom, document.querySelector('main img, article img').getBoundingClientRect().top]")
        assert top[0] < height and top[1] < height, (width, top)
        box = b.execute_script("return document.querySelector(\"form[action*='newsletter/subscribe']\").getBoundingClientRect().top")
        assert box > height, "the newsletter box is on the first screen"
    b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False})


AXE = os.path.join(ROOT, "tests", "node_modules", "axe-core", "axe.min.js")


@pytest.mark.skipif(not os.path.exists(AXE), reason="axe-core is not there (npm ci --ignore-scripts in tests makes it)")
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(newsroom, browsers, dark):
    b = browsers(nojs=False, dark=dark)
    with open(AXE, encoding="utf-8") as file:
        axe = file.read()
    wrong = []
    for width in (390, 1280):
        b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        for path in paths(newsroom):
            b.get(newsroom.site + path)
            b.execute_script(axe)
            found = b.execute_async_script("const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations), e => done([{id: String(e), nodes: []}]))")
            wrong += [(width, path, one["id"], one["nodes"][0]["html"][:120] if one["nodes"] else "") for one in found]
    b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    assert not wrong, wrong
