"""Every whole flow of a gift in a browser: rail × frequency × language, with JavaScript and without; then every byte on disk is searched for
what was typed on the way. A reader comes from a story or the support page, writes a sum of their own, types a card's number where it does
not belong, pays where the rail leads, is thanked, opens their own page by its link, leaves an address, takes a receipt, ends what comes back.

SPDX-License-Identifier: ISC
"""
import collections
import gzip
import json
import os
import re
import secrets
import subprocess
import time

import pytest
from disguises import disguises
from house import ROOT, ask_url, today, wait_for
from judges import AXE, why_no_axe
from rails import IBAN, RailsHouse, bank_rehearsal

RAILS = ("stripe", "paypal", "btcpay", "monero", "bank")
PULLS = ("stripe", "paypal")
LEAST = {"once": 1000, "monthly": 500, "annual": 5000}
LANGS = ("en", "ru", "ar")
# How the month's or year's gift is called in each language is the locale's; here is only what nobody can take for another language.
WORDS = {"en": {"thanks": "Thank you for", "once": "once", "monthly": "a month", "annual": "a year", "ended": "It has ended", "mail": "Thank you for supporting"},
         "ru": {"thanks": "Спасибо", "once": "один раз", "monthly": "в месяц", "annual": "в год", "ended": "прекращены", "mail": "Спасибо"},
         "ar": {"thanks": "شكر", "once": "مرة واحدة", "monthly": "شهريا", "annual": "سنويا", "ended": "توقف الدعم", "mail": "شكر"}}
# Each of the forty-five is walked once, with JavaScript or without, so that any two of rail, frequency and language meet both; FLOWS=all: each twice.
ALL = os.environ.get("FLOWS") == "all"
NAMES = {"en": "Wilhelmina Quisenberry", "ru": "Пелагея Златовратская", "ar": "زنوبيا القرنفلاوي"}
ARABIC = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")

Typed = collections.namedtuple("Typed", "what word")
Gave = collections.namedtuple("Gave", "rail freq lang minor email")


class Flows:
    """A newsroom with every way to pay, and what was typed in it so far."""

    def __init__(self, house):
        self.house, self.typed, self.gave, self.looked, self.wrong = house, [], [], set(), []
        self.outside = os.path.join(house.folder, "outside")  # what is a bank's or a wallet's, not the newsroom's
        os.makedirs(self.outside)

    def type(self, what, word):
        self.typed.append(Typed(what, word))
        return word


@pytest.fixture(scope="module")
def flows():
    with RailsHouse({"support.monero_rate": "158.30", "support.fees": "stripe 2.9% + 0.30", "support.goal": "500 supporters"}) as house:
        house.mimeo("support", "monero", "addresses", os.path.join(ROOT, "tests", "rails", "subaddresses"))
        house.mimeo("story", "import", *[house.story("story-in-" + lang, lang=lang) for lang in LANGS])
        house.settle()
        yield Flows(house)


def card_number():
    """A number that a card could have: a firm's first digits, and Luhn's check digit."""
    digits = [4, 5, 5, 6] + [secrets.randbelow(10) for _ in range(11)]
    total = sum(d if i % 2 else d * 2 - 9 * (d > 4) for i, d in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)


def iban():
    """An account that a bank could keep."""
    number = "37040044" + "%010d" % secrets.randbelow(10 ** 10)
    return "DE%02d%s" % (98 - bank_rehearsal.mod97(number + "DE00"), number)


def look(flows, b, page, lang):
    """axe on each page once in each language, every other one in the dark; no page scrolls sideways on a phone."""
    if (page, lang) in flows.looked or why_no_axe():
        return
    flows.looked.add((page, lang))
    scheme = "dark" if len(flows.looked) % 2 else "light"
    b.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    with open(AXE, encoding="utf-8") as file:
        b.execute_script(file.read())
    found = b.execute_async_script("const done=arguments[0];axe.run(document,{resultTypes:['violations']}).then(r=>done(r.violations.map(v=>v.id+': '+v.nodes[0].html)),e=>done([String(e)]))")
    flows.wrong += [(page, lang, scheme, one[:200]) for one in found]
    b.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "light"}]})
    over = b.execute_script("return document.documentElement.scrollWidth-document.documentElement.clientWidth")
    flows.wrong += [(page, lang, "scrolls sideways by %d" % over)] if over > 0 else []


def main_of(b):
    return b.find_element("css selector", "main").text.replace("\u00a0", " ").replace("\u202f", " ")


def write(b, css, text):
    """Fills a field in at once: keys pressed one by one are for the sum, which pages listen to."""
    b.execute_script("document.querySelector(arguments[0]).value=arguments[1]", css, text)


def values(b, css):
    """Of the fields that this finds, whose labels are to be seen: name and value."""
    return b.execute_script("return [...document.querySelectorAll(arguments[0])].filter(e=>e.parentNode.offsetParent).map(e=>[e.name,e.value])", css)


def figure(lang, minor):
    """A sum as this language's pages write it."""
    whole = "%d" % (minor // 100) if minor % 100 == 0 else "%d.%02d" % divmod(minor, 100)
    return whole.replace(".", ",") if lang == "ru" else whole


def pay_there(flows, b, rail, lang, minor, who):
    """At the payment company's page."""
    house = flows.house
    wait_for(lambda: b.current_url.startswith(house.pay if rail == "stripe" else house.rails), 15, why=lambda: b.current_url + b.page_source[-1500:])
    assert "%d.%02d" % divmod(minor, 100) in b.page_source
    flows.type("the address at the payment company", who + ".there@payer.example")
    write(b, "[name=email]", who + ".there@payer.example")
    if rail != "btcpay":
        flows.type("the name at the payment company", "%s %s" % (NAMES[lang], who.title()))
        write(b, "[name=name]", "%s %s" % (NAMES[lang], who.title()))
    b.find_element("css selector", "button[value=%s]" % ("approve" if rail == "paypal" else "pay")).click()


def pay_here(flows, b, rail, freq, lang, minor, who, nojs):
    """By what our own page says: a transfer, or coins."""
    house = flows.house
    wait_for(lambda: "/support/pay/" in b.current_url, 15, why=lambda: b.current_url + b.page_source[-1500:])
    where = b.current_url.split("#")[0]
    if not nojs:
        look(flows, b, "%s %s" % (rail, "once" if freq == "once" else "again"), lang)
    main = main_of(b)
    assert figure(lang, minor) in main, main
    if rail == "bank":
        payer = flows.type("who sent it", "%s %s" % (NAMES[lang], who.title()))
        house.bank.transfer(IBAN, minor, reference=b.find_element("css selector", ".due b").text, text=flows.type("what the payer wrote", "for you from " + who),
                            payer=payer, payer_iban=flows.type("the account it came from", iban()), day=today())
        path = os.path.join(flows.outside, "statement.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(house.bank.statement())
        assert house.mimeo("support", "bank", "import", path, json_out=True)["new"] == 1
    else:
        address = flows.type("the address of the coins", b.find_element("css selector", ".due dl div:last-child bdi").text)
        units = round(float(re.search(r"([0-9.]+) XMR", main).group(1)) * 10 ** 12)
        assert abs(units / 10 ** 12 - minor / 100 / 158.30) < 0.0002, main
        path = os.path.join(flows.outside, "transfers.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"result": {"in": [{"address": address, "amount": units, "confirmations": 12, "double_spend_seen": False, "locked": False, "subaddr_index": {"major": 0, "minor": len(flows.gave) + 1},
                                          "timestamp": int(time.time()), "txid": flows.type("the coins' transaction", secrets.token_hex(32)), "type": "in", "unlock_time": 0}]}}, file)
        assert house.mimeo("support", "monero", "import", path, json_out=True)["matched"] == 1
    if freq == "annual":  # who wants to be asked in a year says so on this very page
        write(b, "#contact-email", flows.type("the address for mails", who + "@reader.example"))
        b.find_element("css selector", "#contact-email ~ button").click()
        wait_for(lambda: "/support/manage/" in b.current_url and b.find_elements("css selector", "[value=no-contact]"), 15, why=lambda: b.current_url + main_of(b))
    b.get(where)


def give(flows, b, rail, freq, lang, nojs):
    house = flows.house
    who = "r%02dx%s" % (len(flows.gave), secrets.token_hex(4))
    minor = LEAST[freq] + len(flows.gave) + 1
    email = who + "@reader.example"
    own = "%d.%02d" % divmod(minor, 100)
    b.execute_cdp_cmd("Network.clearBrowserCookies", {})  # whoever gave is not asked again
    from_story = len(flows.gave) % 2 == 0
    b.get(house.site + ("/2026/11/20/story-in-%s/" % lang if from_story else "/support/" if lang == "en" else "/support/%s/" % lang))
    if not nojs:
        look(flows, b, "story" if from_story else "support", lang)

    # The coupon: how often, how much, by what.
    assert values(b, "[name=freq]:checked") == [["freq", "monthly"]]
    b.find_element("css selector", "#support [name=freq][value=%s]" % freq).find_element("xpath", "..").click()
    shown = {name for name, _ in values(b, "#support [name^=a_]")}
    assert shown == {"a_" + freq}, shown
    ways = values(b, "#support .pay button")
    assert ways == [["rail", way] for way in RAILS], "not all are offered for %s: %s" % (freq, ways)
    plain = b.find_element("css selector", "#support .go").text
    assert ("·" in plain) != nojs, plain

    def go():
        if rail == RAILS[0]:
            b.find_element("css selector", "#support .go").click()
        else:
            b.find_element("css selector", "#support .pay button[value=%s]" % rail).click()
    if freq == "once":  # a card's number where the sum belongs
        card = flows.type("a card's number", card_number())
        b.find_element("css selector", "#own_once").send_keys(card)
        go()
        wait_for(lambda: b.find_elements("css selector", "#support [aria-invalid]"), 15, why=lambda: b.current_url)
        assert values(b, "#own_once") == [["own_once", card]], "what was typed is lost"
        assert values(b, "[name=freq]:checked") == [["freq", "once"]]
        if not nojs:
            look(flows, b, "a wrong sum", lang)
    b.find_element("css selector", "#own_" + freq).clear()
    b.find_element("css selector", "#own_" + freq).send_keys(own.replace(".", ",") if lang == "ru" else own.translate(ARABIC) if lang == "ar" else own)
    go()
    if rail in ("monero", "bank"):
        pay_here(flows, b, rail, freq, lang, minor, who, nojs)
    else:
        pay_there(flows, b, rail, lang, minor, who)

    # Thanks, once the money is known of.
    words = WORDS[lang]
    wait_for(lambda: "/support/thanks" in b.current_url, 15, why=lambda: b.current_url + b.page_source[-1500:])
    wait_for(lambda: b.find_elements("css selector", ".keep a") or b.get(b.current_url), 15, 0.3, why=lambda: main_of(b))
    assert words["thanks"] in b.find_element("css selector", "h1").text
    assert b.find_element("css selector", "html").get_attribute("lang") == lang and figure(lang, minor) in main_of(b), main_of(b)
    assert ("TERN COURIER" in main_of(b)) == (rail in PULLS), "coins and transfers show under no name of ours"
    if not nojs:
        look(flows, b, "thanks once" if freq == "once" else "thanks", lang)
    own_page = b.find_element("css selector", ".keep a").get_attribute("href")

    # Their own page, by its link alone.
    b.execute_cdp_cmd("Network.clearBrowserCookies", {})
    b.get(own_page)
    assert b.find_element("css selector", "html").get_attribute("lang") == lang
    main = main_of(b)
    assert figure(lang, minor) in main and words[freq] in main, main
    if not nojs:
        look(flows, b, "own %s %s" % ("pulled" if rail in PULLS else "pushed", "once" if freq == "once" else "again"), lang)
    if rail not in ("monero", "bank") or freq != "annual":
        write(b, "#contact-email", flows.type("the address for mails", email))
        b.find_element("css selector", "#contact-email ~ button").click()
    wait_for(lambda: b.find_elements("css selector", "[value=no-contact]"), 15, why=lambda: main_of(b))
    assert email not in b.page_source, "whoever has the link learns the address"

    # A receipt, with a name that is on the paper alone.
    if freq == "once":
        b.find_element("css selector", "ul.plain a").click()
        wait_for(lambda: "/support/receipt/" in b.current_url, 15, why=lambda: b.current_url)
        assert ("XMR" if rail == "monero" else "%d%s%02d" % (minor // 100, "," if lang == "ru" else ".", minor % 100)) in main_of(b), main_of(b)
        if not nojs:
            look(flows, b, "receipt", lang)
        name = flows.type("the name on the receipt", "%s %s" % (who.title(), NAMES[lang]))
        pdf = ask_url("POST", b.current_url, {"name": name}, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60)
        assert pdf.status == 200 and pdf.body.startswith(b"%PDF-"), pdf
    else:
        b.find_element("xpath", "//form[input[@value='cancel']]/button").click()
        wait_for(lambda: words["ended"] in main_of(b) or b.get(own_page), 15, 0.3, why=lambda: main_of(b))
        if not nojs:
            look(flows, b, "ended", lang)
    flows.gave.append(Gave(rail, freq, lang, minor, email))


@pytest.mark.parametrize("freq", LEAST)
@pytest.mark.parametrize("rail", RAILS)
def test_a_gift_from_the_coupon_to_its_own_page(flows, browsers, rail, freq):
    ways = [(lang, nojs) for nojs in (False, True) for j, lang in enumerate(LANGS)
            if ALL or (RAILS.index(rail) + list(LEAST).index(freq) + j + nojs) % 2 == 0]
    for lang, nojs in ways:
        try:
            give(flows, browsers(nojs=nojs, width=390), rail, freq, lang, nojs)
        except BaseException:
            print("%s, %s, %s, JavaScript %s" % (rail, freq, lang, "off" if nojs else "on"))
            raise
    booked = {(one["method"], one["frequency"], one["amount_minor"]) for one in flows.house.gifts(rail)}
    for one in flows.gave:
        if one.rail == rail and rail != "monero":  # coins are booked as coins
            assert (one.rail, one.freq, one.minor) in booked, (one, booked)
    assert len([one for one in flows.house.gifts(rail) if one["frequency"] == freq]) == len(ways), "booked more or less than once"


def test_axe_finds_nothing_on_the_way(flows):
    if why_no_axe():
        pytest.skip(why_no_axe())
    assert len(flows.looked) >= len(LANGS) and not flows.wrong, json.dumps(flows.wrong, indent=1, ensure_ascii=False)


def test_each_is_thanked_in_their_language(flows):
    house = flows.house
    wait_for(lambda: house.ask("support", "POST", "/notices/run", {}).status == 200, 15)
    wait_for(lambda: {one.email for one in flows.gave} <= {to for mail in house.mails(brief=True) for to in ([mail["to"]] if isinstance(mail["to"], str) else mail["to"])}, 60, 0.3,
             why=lambda: "not all got a mail: " + house.log()[-1500:])
    for one in flows.gave[::7]:
        thanks = next(mail for mail in house.mails(one.email) if "/support/receipt/" in mail["text"])  # the other says that it ended
        assert WORDS[one.lang]["mail"] in thanks["subject"] + thanks["text"], (one, thanks)
        assert ("TERN COURIER" in thanks["text"]) == (one.rail in PULLS), (one, thanks)


# --- every byte on disk -------------------------------------------------------------------------------------------------------------------

def guises(word):
    """Its disguises that a program which looks for lines can find."""
    return [shape for _, shape in disguises(word) if b"\n" not in shape and b"\0" not in shape]


def found_below(folder, needles, scratch):
    """Which needles (bytes) stand in files below the folder, of whatever case; what was packed is unpacked."""
    plain = os.path.join(scratch, "unpacked")
    os.makedirs(plain, exist_ok=True)
    for at, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".gz"):
                with gzip.open(os.path.join(at, name)) as packed, open(os.path.join(plain, secrets.token_hex(8)), "wb") as out:
                    out.write(packed.read())
    path = os.path.join(scratch, "needles")
    with open(path, "wb") as file:
        file.write(b"".join(sorted({one + b"\n" for one in needles if len(one) >= 8})))
    said = subprocess.run(["grep", "-raoiF", "--devices=skip", "-f", path, folder, plain], capture_output=True, env=dict(os.environ, LC_ALL="C"), check=False)
    assert said.returncode in (0, 1), said.stderr
    return said.stdout.splitlines()


def test_nothing_that_was_typed_is_on_disk(flows, tmp_path):
    house = flows.house
    assert flows.gave, "to be run together with the gifts"
    house.wait_stripe_quiet()
    house.wait_rails_quiet()
    backup = os.path.join(house.home, "saved")
    house.mimeo("backup", backup)
    words = {one.word for one in flows.typed}
    words |= {part for one in flows.typed if " name" in one.what or "who sent" in one.what for part in one.word.split()}
    words |= {part for one in flows.typed if "account" in one.what for part in (one.word[4:], re.sub("(....)", r"\1 ", one.word).strip())}
    needles = [guise for word in words for guise in guises(word)]
    # Whatever is there would be found: a story's words are, and a planted address in each guise.
    assert found_below(house.home, [b"Paragraph 3 of the story"], str(tmp_path))
    planted = os.path.join(house.home, "data", "planted")
    for guise in guises("planted.reader@reader.example"):
        with open(planted, "wb") as file:
            file.write(b"\0\xff(" + guise.swapcase() + b")\n")
        assert found_below(house.home, guises("planted.reader@reader.example"), str(tmp_path)), guise
    os.unlink(planted)
    found = found_below(house.home, needles, str(tmp_path)) + [line for line in found_below(house.folder, needles, str(tmp_path)) if os.fsencode(flows.outside) not in line and b"/serve.log" in line]
    assert not found, "%d times: %s" % (len(found), found[:20])
