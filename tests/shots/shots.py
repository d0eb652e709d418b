"""Pictures of every kind of page: widths × schemes × languages, and what is hard for a layout. Held against docs by eyes, not by code.

Add a row to SITE or DESK for a new screen. SPDX-License-Identifier: ISC
"""
import base64
import html
import os
import re
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))
from house import House, ROOT, ask_url, browser, wait_for  # noqa: E402

OUT = os.path.join(ROOT, "build", "shots")
ALL = (390, 820, 1280)
LONGEST = 7000

# name, newsroom, path ("=IDENTITY": a story of the demo by the start of its file's name), widths
SITE = (
    ("front", "demo", "/", ALL),
    ("story", "demo", "=river-towns", ALL),
    ("story-long-headline", "demo", "=sunflower-oil", ALL),
    ("story-no-photo", "demo", "=teacher-fined", ALL),
    ("story-ru", "demo", "=oranzhereya", ALL),
    ("story-ar", "demo", "=qura-", ALL),
    ("section", "demo", "/section/news/", ALL),
    ("topic", "demo", "/topic/water/", (390, 1280)),
    ("author", "demo", "/author/ada-wren/", (390, 1280)),
    ("search", "demo", "/search/?q=river", ALL),
    ("search-ru", "demo", "/search/?q=" + urllib.parse.quote("оранжерея"), (390,)),
    ("search-ar", "demo", "/search/?q=" + urllib.parse.quote("المطر"), (390,)),
    ("search-nothing", "demo", "/search/?q=zeppelin", (390, 1280)),
    ("corrections", "demo", "/corrections/", ALL),
    ("corrections-month", "demo", "/corrections/2026/11/", (390,)),
    ("text", "demo", "/text/", (390, 1280)),
    ("text-story", "demo", "/text=river-towns", (390, 1280)),
    ("text-story-ar", "demo", "/text=qura-", (390,)),
    ("newsletter", "demo", "/newsletter/", (390, 1280)),
    ("newsletter-latest", "demo", "/newsletter/latest/", (390, 1280)),
    ("support", "demo", "/support/", ALL),
    ("about", "demo", "/about/", (390, 1280)),
    ("privacy", "demo", "/privacy/", (390, 1280)),
    ("not-found", "demo", "/nothing/", (390, 1280)),
    ("thanks-unknown", "demo", "/support/thanks", (390,)),
    ("front-ru", "ru", "/", ALL),
    ("front-ar", "ar", "/", ALL),
    ("section-ru", "ru", "/section/достопримечательности/", (390, 1280)),
    ("section-ar", "ar", "/section/أخبار/", (390, 1280)),
    ("support-ru", "ru", "/support/", (390, 1280)),
    ("support-ar", "ar", "/support/", (390, 1280)),
    ("corrections-ar", "ar", "/corrections/", (390,)),
    ("not-found-ar", "ar", "/nothing/", (390,)),
    ("front-new", "new", "/", (390, 1280)),
    ("section-empty", "new", "/section/news/", (390, 1280)),
)
# The desk's screens, as an editor sees them: name, path, widths.
DESK = (
    ("desk-stories", "/stories", (390, 960, 1280)),
    ("desk-newsletter", "/newsletter", (390, 1280)),
    ("desk-site", "/site", (390, 1280)),
    ("desk-people", "/people", (390, 1280)),
)
# As a treasurer sees it. "=TAB": the newest gift of that tab.
TREASURY = (
    ("desk-support", "/support"),
    ("desk-support-failed", "/support?tab=failed"),
    ("desk-support-refunded", "/support?tab=refunded"),
    ("desk-support-gift", "/support/gifts/=refunded"),
    ("desk-support-refund", "/support/gifts/=all/refund"),
    ("desk-support-refunds", "/support/refunds"),
    ("desk-support-disputes", "/support/disputes"),
    ("desk-support-payouts", "/support/payouts"),
    ("desk-support-periods", "/support/periods"),
    ("desk-support-bank", "/support/bank"),
    ("desk-support-rails", "/support/rails"),
    ("desk-support-appeal", "/support/appeal"),
)
# Taken again at 320 pixels, and with text of twice the size.
SMALL = ("front", "story", "story-long-headline", "story-ru", "story-ar", "support", "search", "corrections", "text")
# What is filled in by hand: a name that breaks a layout if anything does.
LONG_RU = "Высокопревосходительство распорядилось о водохозяйственном законодательстве"


def demo():
    one = House()
    one.start()
    folder = os.path.join(one.folder, "import")
    subprocess.run([os.path.join(ROOT, "demo", "photos"), folder], check=True)
    one.mimeo("story", "import", folder, timeout=600)
    return one


def foreign(language, section, titles):
    one = House({"newsroom.language": language, "newsroom.sections": section})
    one.start()
    for i, title in enumerate(titles):
        one.mimeo("story", "import", one.story("s%d" % i, title=title, lang=language, section=section, topics=section, slug="s%d" % i, excerpt=title + ". " + title + ".", body="\n\n".join([title + "."] * 6),
                                               correction="2026-11-21 " + title if i == 0 else None))
    one.mimeo("story", "import", one.story("english", lang="en", section=section, topics=section, title="A Headline in Another Script"))
    return one


def books():
    """Gifts in every state that a treasurer meets."""
    one = House()
    one.start()
    for freq, amount in (("once", 1000), ("once", 2500), ("monthly", 200), ("monthly", 500), ("monthly", 1000), ("annual", 5000), ("once", 1500)):
        one.give(freq, amount)
    one.wait_stripe_quiet()
    objects = one.stripe("GET", "objects")
    charges = {o["amount"]: o["id"] for o in objects if o["object"] == "charge"}
    running = {o["items"]["data"][0]["price"]["unit_amount"]: o["id"] for o in objects if o["object"] == "subscription"}
    for what in ("refund/" + charges[2500], "dispute/" + charges[1500], "advance-failing/" + running[1000], "advance/" + running[500], "payout/usd"):
        one.stripe("POST", what)
        one.wait_stripe_quiet()
    return one


HOUSES = {
    "books": books,
    "demo": demo,
    "ru": lambda: foreign("ru", "Достопримечательности", (LONG_RU, "Река", "Сельскохозяйственное машиностроение: " + LONG_RU.lower() * 2, "Коротко о важном", "Переосвидетельствование нетрудоспособных")),
    "ar": lambda: foreign("ar", "أخبار", ("قرى ضفة النهر تنتظر المطر للشتاء الثالث", "نهر", "المزارعون يعدّون أيام الجفاف في الدلتا بينما تتوقف مصلحة الأرصاد عن نشر توقعاتها", "الجسر القديم")),
    "new": lambda: House().start(),
    "giving": lambda: House({"support.fees": "stripe 2.9% + 0.30", "support.rails": "stripe, paypal, btcpay, monero, bank", "support.goal": "500 supporters",
                             "newsroom.onion": "http://ternexampleternexampleternexampleternexampleternexample.onion"}).start(),
}


def paid(house, freq, amount, lang, do="pay"):
    """The thanks page of a gift that came in, and its own page (None while the bank takes its time)."""
    form = {"freq": freq, "a_" + freq: str(amount), "lang": lang, "back": "/"}
    at = house.post("/support/continue", form).headers["location"]
    url = ask_url("POST", at, {"do": do}, timeout=60).headers["location"]
    if do != "pay":
        return url, None
    found = wait_for(lambda: re.search(r"support/manage/([0-9a-f]+)", ask_url("GET", url).text), 20)
    return url, house.site + "/support/manage/" + found.group(1)


def send(css):
    return "document.querySelector(%r).form.requestSubmit(document.querySelector(%r))" % (css, css)


def giving(camera, wanted):
    """The coupon in every state, thanks, and a supporter's own page: English, Russian, Arabic; phone and desktop; light and dark."""
    names = [n for n in ("give-default", "give-once", "give-focus", "give-own", "give-below", "give-fee", "give-disclosure", "give-reminder", "give-reminder-error", "give-sending",
                         "give-back", "give-mirror", "thanks-once", "thanks-monthly", "thanks-bank", "reminder-set", "own-monthly", "own-once", "own-ended", "own-erase", "own-anew", "unremind") if wanted(n)]
    if not names:
        return
    house = camera.house("giving")
    typed = "document.getElementById('own_monthly').value='1';" + send("#support .go")
    shots = {"give-default": ("/support/", ""), "give-once": ("/support/", "document.querySelector('[value=once]').click()"), "give-focus": ("/support/", "document.querySelector('[name=a_monthly]').focus()"),
             "give-own": ("/support/", "const o=document.getElementById('own_monthly');o.value='12.50';o.dispatchEvent(new Event('input',{bubbles:true}))"), "give-below": ("/support/", typed),
             "give-fee": ("/support/", "document.querySelector('[name=a_monthly][value=\"200\"]').click();" + send("#support .go")),
             "give-disclosure": ("/support/", "document.querySelector('.safe summary').click()"), "give-reminder": ("/support/", "document.querySelector('.later summary').click()"),
             "give-reminder-error": ("/support/", "document.querySelector('.later').open=1;document.querySelector('.later form').noValidate=true;document.querySelector('.later [type=email]').value='nobody';" + send(".later .btn")),
             "give-sending": ("/support/", "document.querySelector('#support form').addEventListener('submit',e=>e.preventDefault());document.querySelector('#support .go').click()"),
             "give-mirror": ("/support/", "for(const e of document.querySelectorAll('.mirror'))e.hidden=false;for(const e of document.querySelectorAll('.mirror~form,.mirror~details'))e.hidden=true,e.style.display='none'")}
    for lang in ("en", "ru", "ar"):
        at = {"en": "/support/", "ru": "/support/ru/", "ar": "/support/ar/"}[lang]
        pages = {}
        if any(n.startswith(("thanks", "own", "give-back")) for n in names):
            pages["thanks-monthly"], own = paid(house, "monthly", 500, lang)
            pages["thanks-once"], pages["own-once"] = paid(house, "once", 1000, lang)
            pages["thanks-bank"], _ = paid(house, "once", 2000, lang, do="bank")
            pages["give-back"], _ = paid(house, "monthly", 1000, lang, do="cancel")
            pages["own-monthly"] = own
            _, pages["own-ended"] = paid(house, "annual", 5000, lang)
            ask_url("POST", pages["own-ended"], {"do": "cancel"}, timeout=30)
        for name in names:
            for dark in (False, True):
                for width in (390, 1280):
                    url, script = (house.site + at, shots[name][1]) if name in shots else (pages.get(name), "")
                    if name == "reminder-set":
                        url, script = house.site + at, "document.querySelector('.later').open=1;document.querySelector('.later [type=email]').value='reader@example.org';" + send(".later .btn")
                    if name == "unremind":
                        url = house.site + "/support/remind/" + "0" * 32 + "?lang=" + lang
                    if name in ("own-erase", "own-anew"):
                        url, value = (pages["own-ended"], "erase") if name == "own-erase" else (pages["own-monthly"], "anew")
                        script = "document.querySelector('[name=do][value=%s]').form.submit()" % value
                    if url:
                        camera.take("%s-%s" % (name, lang), url, width, dark, script=script)


class Camera:
    def __init__(self):
        self.houses, self.browsers, self.taken, self.paths = {}, {}, [], {}

    def house(self, name):
        if name not in self.houses:
            print("   a newsroom: " + name, flush=True)
            self.houses[name] = HOUSES[name]()
        return self.houses[name]

    def browser(self, dark, desk=None):
        """desk: whose session it has, as (newsroom, role)."""
        key = (dark, desk)
        if key not in self.browsers:
            self.browsers[key] = browser(dark=dark)
            if desk:
                self.browsers[key].get(self.house(desk[0]).staff_link("Anna " + desk[1].title(), desk[1]))
                self.browsers[key].find_element("css selector", "main button, form button").click()
        return self.browsers[key]

    def address(self, name, path):
        house = self.house(name)
        before, sign, words = path.partition("=")
        if sign and "?" not in before:
            if name not in self.paths:
                self.paths[name] = house.mimeo("story", "list", json_out=True)["stories"]
            file = next(one for one in sorted(os.listdir(os.path.join(ROOT, "demo", "stories"))) if one.startswith(words))
            with open(os.path.join(ROOT, "demo", "stories", file), encoding="utf-8") as text:
                identity = next(line[4:].strip() for line in text if line.startswith("id: "))
            path = before + next(one["path"] for one in self.paths[name] if one["identity"] == identity)
        return house.site + urllib.parse.quote(path, safe="/?=&%")

    def take(self, name, address, width, dark, desk=None, text=1, script=""):
        b = self.browser(dark, desk)
        b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600})
        b.get(address)
        status = b.execute_script("return performance.getEntriesByType('navigation')[0].responseStatus")
        fault = "answers %d" % status if status >= 400 and not name.startswith(("not-found", "thanks-unknown")) else ""
        if script:
            b.execute_script(script)
            time.sleep(0.7)
        b.execute_async_script("for (const i of document.images) i.loading = 'eager';"
                               "Promise.all([...document.images].map(i => i.decode().catch(() => 0))).then(() => arguments[0]())")
        if text != 1:
            b.execute_script("document.documentElement.style.fontSize = '%d%%'" % (100 * text))
        over = b.execute_script("return document.documentElement.scrollWidth - innerWidth")
        height = min(b.execute_script("return Math.max(document.documentElement.scrollHeight, 600)"), LONGEST)
        shot = b.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}})
        file = "%s-%d%s%s.png" % (name, width, "d" if dark else "l", "-text%d" % (100 * text) if text != 1 else "")
        with open(os.path.join(OUT, file), "wb") as out:
            out.write(base64.b64decode(shot["data"]))
        if over > 0:
            fault = "scrolls sideways by %d pixels" % over
        if fault:
            print("   %s (%s) %s" % (file, address, fault), flush=True)
        self.taken.append((file, fault))

    def end(self):
        for one in self.browsers.values():
            one.quit()
        for one in self.houses.values():
            one.end()


def main(words):
    wanted = lambda name: not words or any(word in name for word in words)
    began = time.monotonic()
    camera = Camera()
    os.makedirs(OUT, exist_ok=True)
    try:
        for name, house, path, widths in SITE:
            if not wanted(name):
                continue
            address = camera.address(house, path)
            for dark in (False, True):
                for width in widths:
                    camera.take(name, address, width, dark)
            if name in SMALL:
                camera.take(name, address, 320, False)
                camera.take(name, address, 390, False, text=2)
                camera.take(name, address, 1280, False, text=2)
        giving(camera, wanted)
        for name, path, widths in DESK:
            if not wanted(name):
                continue
            for dark in (False, True):
                for width in widths:
                    camera.take(name, camera.house("demo").desk + path, width, dark, desk=("demo", "editor"))
        for name, path in TREASURY:
            if not wanted(name):
                continue
            house = camera.house("books")
            tab = re.search(r"=(refunded|all)", path.partition("?")[0])
            if tab:
                path = path.replace(tab.group(0), house.ask("support", "GET", "/gifts?tab=" + tab.group(1)).json["rows"][0]["id"])
            for dark in (False, True):
                for width in (390, 1280):
                    camera.take(name, house.desk + path, width, dark, desk=("books", "treasurer"))
    finally:
        camera.end()
    with open(os.path.join(OUT, "index.html"), "w", encoding="utf-8") as out:
        out.write("<!doctype html><html lang=en><meta charset=utf-8><title>mimeo: pictures</title><style>body{font:1rem sans-serif}figure{display:inline-block;vertical-align:top;margin:.5rem}img{max-width:20rem;border:1px solid}</style><h1>Pictures</h1>")
        for file, fault in camera.taken:
            out.write('<figure><a href="%s"><img src="%s" alt="" loading="lazy"></a><figcaption>%s%s</figcaption></figure>\n' % (file, file, html.escape(file), " <b>%s</b>" % fault if fault else ""))
    wrong = sum(1 for _, fault in camera.taken if fault)
    print("%d pictures in %s, %d of them wrong (%.0f s)" % (len(camera.taken), os.path.relpath(OUT), wrong, time.monotonic() - began))
    return 0 if camera.taken and wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
