"""house: a whole newsroom for a scenario: a temporary home, free ports, the rehearsal servers, `mimeo serve`, and what a person can do with them.

Decides how a scenario starts, asks, looks and ends, and how long it waits. Leaves every claim about mimeo to the scenarios. The hard things:
nothing may outlive a test, so that every process is started with a death signal and ended by its id; and a test says the same on a machine that
is much slower, faster or busier than this one, on any day and at any hour.

SPDX-License-Identifier: ISC
"""
import configparser
import datetime
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
import zoneinfo

try:
    from selenium.common.exceptions import WebDriverException
except ImportError:  # who starts no browser needs none
    class WebDriverException(Exception):
        pass

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MIMEO = os.environ.get("MIMEO", os.path.join(ROOT, "build", "mimeo"))
ROOMS = ("front", "desk", "newsletter", "support")
KEY, WEBHOOK_SECRET = "sk_test_scenario", "whsec_scenario"


# So many times slower than one at rest may a machine be. Who waits for what comes early loses nothing by it.
PATIENCE = 6


def wait_for(what, seconds=15, every=0.05, why="it did not happen", patience=PATIENCE):
    """The first true value of what(); fails the test after what takes `seconds` at the very most on a machine at rest, so many times. A page
    that gives way to the next while what() looks at it says nothing yet."""
    until, odd = time.monotonic() + seconds * patience, None
    while True:
        try:
            got = what()
        except WebDriverException as error:
            got, odd = None, error
        if got:
            return got
        if time.monotonic() > until:
            raise AssertionError("after %s s: %s%s" % (seconds * patience, why() if callable(why) else why, " (%s)" % odd if odd else ""))
        time.sleep(every)


ZONE = zoneinfo.ZoneInfo("Europe/Amsterdam")  # of the demo's settings


def today():
    """The day as the books have it."""
    return datetime.datetime.now(datetime.timezone.utc).date()


def stay_on_one_day(seconds=240):
    """Waits until midnight is over, the books' or the newsroom's, if it is that near: for what begins and ends on one day, or in one month."""
    for zone in (datetime.timezone.utc, ZONE):
        now = datetime.datetime.now(zone)
        left = 86400 - (now.hour * 3600 + now.minute * 60 + now.second)
        if left < seconds:
            time.sleep(left + 1)


# A range for each of two files that run at the same time: what one found free must not be taken by the other meanwhile.
PORTS = 6000
PORTS_FIRST = 20000 + PORTS * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 2)
_ports_from = [PORTS_FIRST + (os.getpid() * 7) % (PORTS - 100)]


def free_ports(count):
    """The first of `count` ports in a row that nobody listens on."""
    while True:
        first = _ports_from[0] = PORTS_FIRST + (_ports_from[0] - PORTS_FIRST + count) % (PORTS - 100)
        held = []
        try:
            for i in range(count):
                s = socket.socket()
                held.append(s)
                s.bind(("127.0.0.1", first + i))
            return first
        except OSError:
            pass
        finally:
            for s in held:
                s.close()


class Answer:
    """An HTTP answer: status, headers (lower-case names), body."""

    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {}
        for name, value in headers:
            name = name.lower()
            self.headers[name] = self.headers[name] + ", " + value if name in self.headers else value

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "<%d %s %r>" % (self.status, self.headers.get("location", ""), self.text[:300])


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("room", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def call(connection, method, path, body=None, headers=None):
    headers = dict(headers or {})
    if isinstance(body, dict):
        body = urllib.parse.urlencode(body)
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    if isinstance(body, str):
        body = body.encode()
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()


def ask_url(method, url, body=None, headers=None, timeout=60):
    """One request to any URL; redirects are not followed."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    return call(connection, method, urllib.parse.quote(path, safe="/?&=%:;,+@!$'()*~#[]"), body, headers)


def field(html, name):
    """The value of the input called `name` in a page."""
    for tag in re.findall(r"<(?:input|button)\b[^>]*>", html):
        if re.search(r"\bname=[\"']?%s[\"'\s>]" % re.escape(name), tag):
            value = re.search(r"\bvalue=\"([^\"]*)\"|\bvalue=([^\s>]+)", tag)
            return (value.group(1) if value.group(1) is not None else value.group(2)) if value else ""
    return None


def children_of(pid):
    out = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry, encoding="ascii", errors="replace") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                out.append(int(entry))
    return sorted(out)


class House:
    """A newsroom that lives as long as a test (or a file of tests)."""

    def __init__(self, settings=None, env=None, clock_ahead=0, smtp_options=(), payments=True, mailbox=True, bank_seconds=-1, pace=None):
        self.folder = tempfile.mkdtemp(prefix="mimeo-scenario-")
        self.home = os.path.join(self.folder, "home")
        self.port = free_ports(5)
        self.desk_port, self.box_port, self.pay_port, self.smtp_port = (self.port + i for i in range(1, 5))
        self.site = "http://127.0.0.1:%d" % self.port
        self.desk = "http://localhost:%d" % self.desk_port
        self.box = "http://127.0.0.1:%d" % self.box_port
        self.pay = "http://127.0.0.1:%d" % self.pay_port
        self.env = dict(os.environ, **(env or {}))
        if clock_ahead:
            self.env["MIMEO_CLOCK_OFFSET"] = "%+d" % clock_ahead
        self.smtp_options, self.payments, self.mailbox, self.bank_seconds = list(smtp_options), payments, mailbox, bank_seconds
        self.serving = None
        self.stopped = {}
        self.helpers = []
        os.chmod(self.folder, 0o755)
        self.mimeo("init", "--name", "The Tern Courier", "--url", self.site, "--listen", "127.0.0.1:%d" % self.port,
                   "--desk-listen", "127.0.0.1:%d" % self.desk_port, "--desk-url", self.desk)
        self.write_conf(settings or {})
        with open(os.path.join(self.home, "secrets", "support.conf"), "w", encoding="ascii") as file:
            file.write("[stripe]\nkey = %s\nwebhook_secret = %s\n" % (KEY, WEBHOOK_SECRET))
        shutil.copytree(os.path.join(ROOT, "demo", "theme"), os.path.join(self.home, "theme"), dirs_exist_ok=True)

    # --- the home -------------------------------------------------------------------------------------------------------

    def write_conf(self, changes):
        """The demo's settings with this house's ports; `changes` is {"section.key": "value"}."""
        with open(os.path.join(ROOT, "demo", "mimeo.conf.in"), encoding="utf-8") as file:
            text = file.read()
        for word, value in (("PORT", self.port), ("DESK_PORT", self.desk_port), ("SMTP_PORT", self.smtp_port), ("PAY_PORT", self.pay_port)):
            text = text.replace("@%s@" % word, str(value))
        conf = configparser.RawConfigParser(comment_prefixes=(";",), delimiters=("=",))
        conf.optionxform = str
        conf.read_string(text)
        for name, value in changes.items():
            section, key = name.rsplit(".", 1)
            if not conf.has_section(section):
                conf.add_section(section)
            conf.set(section, key, value)
        with open(os.path.join(self.home, "mimeo.conf"), "w", encoding="utf-8") as file:
            conf.write(file)

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def read(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as file:
            return file.read()

    def story(self, name, body=None, **front):
        """A story's file, ready for import; its path. Keys of front matter as keywords."""
        folder = os.path.join(self.folder, "stories")
        os.makedirs(folder, exist_ok=True)
        front = {"id": name, "title": name.replace("-", " ").capitalize(), "slug": name, "date": "2026-11-20 10:00", "authors": "Ilya Marent",
                 "section": "News", "topics": "Courts", "excerpt": "What happened, in a sentence.", "status": "published", **front}
        body = body or "\n\n".join("Paragraph %d of the story about %s, long enough to be one." % (i, name) for i in range(1, 7))
        path = os.path.join(folder, name + ".md")
        with open(path, "w", encoding="utf-8") as file:
            file.write("---\n%s---\n\n%s\n" % ("".join("%s: %s\n" % one for one in front.items() if one[1] is not None), body))
        return path

    def path_of(self, words):
        """The path of the one story whose identity is `words`, or whose path holds them."""
        found = [s["path"] for s in self.mimeo("story", "list", json_out=True)["stories"] if s["identity"] == words or words in s["path"]]
        assert len(found) == 1, "%s: %s" % (words, found)
        return found[0]

    # --- starting and ending --------------------------------------------------------------------------------------------------

    def start(self):
        self.start_helpers()
        self.serve()
        return self

    def start_helpers(self):
        if self.helpers:
            return
        if self.payments:
            self.spawn([os.path.join(ROOT, "tests/stripe/server.py"), "--port", str(self.pay_port), "--key", KEY, "--webhook-secret", WEBHOOK_SECRET,
                        "--webhook-url", self.site + "/support/webhook/stripe", "--retry", "0.1,0.2,0.5", "--bank-seconds", str(self.bank_seconds)], "payments: ready")
        if self.mailbox:
            self.spawn([os.path.join(ROOT, "tests/mailbox/server.py"), "--smtp-port", str(self.smtp_port), "--http-port", str(self.box_port),
                        "--dkim-key", self.dkim_key()] + self.smtp_options, "mailbox: ready")

    def dkim_key(self):
        return self.path("keys", "newsletter", "dkim.pem")

    def spawn(self, command, ready):
        process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--"] + command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.helpers.append(process)
        line = process.stdout.readline()
        assert ready in line, "%s said %r" % (command[0], line)
        return process

    def serve(self, ready=True, seconds=30):
        """Starts `mimeo serve`; its log goes to serve.log in the home's run folder."""
        log = open(os.path.join(self.folder, "serve.log"), "ab")
        self.serving = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", MIMEO, "serve", "-C", self.home], stdout=subprocess.PIPE, stderr=log,
                                        env=self.env, cwd=self.folder, start_new_session=True)
        log.close()
        if ready:
            os.set_blocking(self.serving.stdout.fileno(), False)
            seen = b""

            def is_ready():
                nonlocal seen
                seen += self.serving.stdout.read() or b""
                assert self.serving.poll() is None, "mimeo serve ended with %s:\n%s" % (self.serving.returncode, self.log()[-3000:])
                return b"mimeo: ready" in seen
            wait_for(is_ready, seconds, why=lambda: "mimeo serve is not ready; its log ends\n" + self.log()[-3000:])
        return self.serving

    def log(self):
        try:
            with open(os.path.join(self.folder, "serve.log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def stop(self, number=signal.SIGTERM, seconds=90):
        """Ends `mimeo serve`: (exit code, how long it took)."""
        began = time.monotonic()
        if self.serving is None:
            return 0, 0.0
        if self.serving.poll() is None:
            for pid in children_of(self.serving.pid):
                try:
                    os.kill(pid, signal.SIGCONT)
                except OSError:
                    pass
            self.serving.send_signal(number)
        try:
            code = self.serving.wait(seconds)
        except subprocess.TimeoutExpired:
            self.serving.kill()
            self.serving.wait()
            code = "still there after %s s" % seconds
        self.serving.stdout.close()
        self.serving, self.stopped = None, {}
        return code, time.monotonic() - began

    def restart(self):
        self.stop()
        self.serve()

    def end(self):
        self.stop()
        for process in self.helpers:
            process.terminate()
        for process in self.helpers:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        self.helpers = []
        if not os.environ.get("MIMEO_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *what):
        self.end()

    # --- rooms -----------------------------------------------------------------------------------------------------------------

    def pid_of(self, room, seconds=10):
        def find():
            for pid in children_of(self.serving.pid):
                try:
                    with open("/proc/%d/cmdline" % pid, "rb") as file:
                        words = file.read().split(b"\0")
                except OSError:
                    continue
                if b"-x" in words and room.encode() in words:
                    return pid
            return None
        return wait_for(find, seconds, why="there is no process of room " + room)

    def signal(self, room, number):
        pid = self.pid_of(room)
        if number == signal.SIGSTOP:
            self.stopped[room] = pid
        os.kill(pid, number)
        return pid

    def is_stopped(self, room):
        """Was it stopped by signal(), and does it still stand?"""
        if room not in self.stopped:
            return False
        try:
            with open("/proc/%d/stat" % self.stopped[room], encoding="ascii", errors="replace") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "T"
        except OSError:
            return False

    def kill(self, room):
        """kill -9 of a room; waits until the parent started it again and it answers."""
        old = self.signal(room, signal.SIGKILL)
        wait_for(lambda: self.pid_of(room) != old, 15, why="room %s was not started again" % room)
        self.wait_room(room)
        return old

    def wait_room(self, room, seconds=20):
        def healthy():
            try:
                return self.ask(room, "GET", "/health", timeout=10).status == 200
            except (OSError, http.client.HTTPException):
                return False
        wait_for(healthy, seconds, why="room %s does not answer /health" % room)

    def ask(self, room, method, path, body=None, caller="cli", timeout=60, headers=None):
        """A request to run/ROOM.CALLER.sock; a dict or list goes as JSON."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        # A socket's path has 107 bytes at most: reach it through a short one.
        sock = self.path("run", "%s.%s.sock" % (room, caller))
        return call(UnixConnection(sock, timeout), method, path, body, headers)

    # --- what people do -----------------------------------------------------------------------------------------------------------

    def mimeo(self, *words, ok=True, env=None, timeout=600, json_out=False):
        """A command. ok=True: it must end with 0; its output. ok=False: the finished process."""
        command = [MIMEO] + list(words) + ["-C", self.home] + (["--json"] if json_out else [])
        done = subprocess.run(command, capture_output=True, text=True, env=dict(self.env, **(env or {})), timeout=timeout, check=False, cwd=self.folder)
        if not ok:
            return done
        assert done.returncode == 0, "%s ended with %d\n%s%s" % (" ".join(words), done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout) if json_out else done.stdout

    def settle(self, seconds=30):
        """Waits until the site shows what the desk knows. Not for a desk that is stopped, gone or in trouble."""
        def at_rest():
            if self.is_stopped("desk"):
                return True
            try:
                health = self.ask("desk", "GET", "/health", timeout=10).json
            except TimeoutError:
                return False
            except (OSError, ValueError, http.client.HTTPException):
                return True
            return not health.get("baking") or health.get("state") == "trouble"
        wait_for(at_rest, seconds, every=0.01, why="the desk still bakes")

    def get(self, path, **more):
        """A page of the site, as it is once the site shows what the desk knows."""
        self.settle()
        return ask_url("GET", self.site + path, **more)

    def post(self, path, form, **more):
        headers = dict({"Sec-Fetch-Site": "same-origin"}, **more.pop("headers", {}))
        return ask_url("POST", self.site + path, form, headers=headers, **more)

    def mails(self, to=None, brief=False):
        query = urllib.parse.urlencode({**({"to": to} if to else {}), **({"brief": 1} if brief else {})})
        return ask_url("GET", self.box + "/api/mails?" + query, timeout=300).json

    def wait_mail(self, to, subject="", seconds=20):
        def find():
            return next((m for m in self.mails(to) if re.search(subject, m["subject"])), None)
        return wait_for(find, seconds, why=lambda: "no mail %r to %s; there are %s; log:\n%s" % (
            subject, to, [(m["to"], m["subject"]) for m in self.mails()][-10:], self.log()[-2000:]))

    def smtp(self, **faults):
        """Sets the mailbox's faults; none: all away."""
        return ask_url("POST" if faults else "DELETE", self.box + "/api/faults", json.dumps(faults) if faults else None).json

    def forget_mails(self):
        return ask_url("DELETE", self.box + "/api/mails").json

    def stripe(self, method, path, **asked):
        """The rehearsal's control: stripe("POST", "settle/cs_…", succeeds=True)."""
        return ask_url(method, "%s/_test/%s" % (self.pay, path), json.dumps(asked) if method == "POST" else None, timeout=300).json

    def links(self, mail):
        return re.findall(r"https?://[^\s\"'<>]+", mail["text"] or mail["html"])

    def subscribe(self, address, confirm=True, back="/", lang="en"):
        """Signs up by the public form; with confirm, presses the mail's button too."""
        answer = self.post("/newsletter/subscribe", {"email": address, "lang": lang, "back": back})
        assert answer.status in (200, 202, 303), answer
        if confirm:
            mail = self.wait_mail(address)
            link = next(one for one in self.links(mail) if "/newsletter/confirm/" in one)
            page = ask_url("GET", link)
            assert page.status == 200 and "<form" in page.text, page
            done = ask_url("POST", link, {}, headers={"Sec-Fetch-Site": "same-origin"})
            assert done.status in (200, 303), done
        return answer

    def coupon(self, freq="monthly", amount=500, own=None, back="/", lang="en"):
        """Presses Continue: the answer (a redirect to the payment page when all is well)."""
        form = {"freq": freq, "a_once": "1000", "a_monthly": "500", "a_annual": "5000", "own_once": "", "own_monthly": "", "own_annual": "",
                "lang": lang, "back": back}
        form["a_" + freq] = "own" if own is not None else str(amount)
        if own is not None:
            form["own_" + freq] = own
        return self.post("/support/continue", form)

    def give(self, freq="monthly", amount=500, do="pay", email=""):
        """A whole gift: Continue, the payment page's button, back: (session id, answer of the thanks page)."""
        at = self.coupon(freq, amount)
        assert at.status == 303, at
        session = at.headers["location"].rsplit("/", 1)[1].split("#")[0]
        paid = ask_url("POST", at.headers["location"], {"do": do, "email": email}, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60)
        assert paid.status == 303, paid
        return session, ask_url("GET", paid.headers["location"])

    def wait_stripe_quiet(self, seconds=20):
        wait_for(lambda: self.stripe("GET", "pending")["pending"] == 0, seconds, why=lambda: "webhooks still wait: " + json.dumps(
            [(e["type"], e["deliveries"]) for e in self.stripe("GET", "events")][-10:]))

    def wait_books_quiet(self, seconds=30):
        """Webhooks are through, and what is asked after them, such as a fee, is answered and in the books."""
        self.wait_stripe_quiet()
        wait_for(lambda: self.ask("support", "GET", "/health").json["asks_open"] == 0, seconds, why="questions to the provider stay open")
        self.wait_stripe_quiet()

    def staff_link(self, name="Anna Editor", role="editor"):
        if name not in self.mimeo("staff", "list"):
            self.mimeo("staff", "add", name, "--role", role)
        return re.search(r"https?://\S+", self.mimeo("staff", "link", name)).group(0)


def make_jpeg(path, width=1200, height=800):
    """A photograph to import, with metadata that must not come out: the demo's, with a GPS position."""
    source = next(os.path.join(folder, name) for folder, _, names in os.walk("/usr/share/backgrounds/mate") for name in sorted(names) if name == "Dune.jpg")
    shutil.copy(source, path)
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-GPSLatitude=52.370216", "-GPSLatitudeRef=N", "-GPSLongitude=4.895168", "-GPSLongitudeRef=E",
                    "-Artist=Somebody Secret", "-XMP:Creator=Somebody Secret", "-IPTC:By-line=Somebody Secret", "-SerialNumber=12345678", path], check=True)
    return path


# --- the browser -------------------------------------------------------------------------------------------------------------------

# Tells what became of a press that leads to no other page: a script took it, or a field keeps the form from being sent.
LOOK_WHETHER_IT_STAYS = """window.mimeoStays = false;
for (const kind of ['click', 'submit'])
    addEventListener(kind, e => setTimeout(() => { if (e.defaultPrevented) window.mimeoStays = true }), {capture: true, once: true});
addEventListener('invalid', () => { window.mimeoStays = true }, {capture: true, once: true});"""


def patient_element():
    """An element whose click on a link or a button that sends a form ends when the next page is there: on a busy machine the browser
    says that it clicked before it leaves the old one, and what is asked then is asked of that."""
    from selenium.webdriver.remote.webelement import WebElement

    class Patient(WebElement):
        def leads_away(self):
            tag = self.tag_name
            if tag == "a":
                here, there = self.parent.current_url.split("#")[0], (self.get_property("href") or "").split("#")
                return there[0] != "" and (len(there) == 1 or there[0] != here) and self.get_dom_attribute("target") is None
            if tag not in ("button", "input") or (self.get_dom_attribute("type") or "submit") != "submit":
                return False
            form = self.find_elements("xpath", "./ancestor::form")
            return not (self.parent.mimeo_nojs and form and form[-1].get_dom_attribute("novalidate") is None
                        and form[-1].find_elements("css selector", ":invalid"))

        def click(self):
            old = self.parent.find_element("css selector", "html") if self.leads_away() else None
            if old is not None and not self.parent.mimeo_nojs:
                self.parent.execute_script(LOOK_WHETHER_IT_STAYS)
            super().click()
            until = time.monotonic() + 10 * PATIENCE
            while old is not None and time.monotonic() < until:
                try:
                    old.is_enabled()
                    if not self.parent.mimeo_nojs and self.parent.execute_script("return window.mimeoStays"):
                        return
                    time.sleep(0.02)
                except WebDriverException:
                    return

    return Patient


def browser(nojs=False, dark=False, width=1280, height=900, lang="en"):
    """Debian's Chromium, remote controlled; nothing is fetched from outside."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    profile = tempfile.mkdtemp(prefix="mimeo-chromium-")
    options.binary_location = shutil.which("chromium") or "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking", "--no-first-run",
                 "--disable-component-update", "--disable-sync", "--window-size=%d,%d" % (width, height), "--lang=" + lang, "--hide-scrollbars",
                 "--user-data-dir=" + profile):
        options.add_argument(word)
    if nojs:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver") or "/usr/bin/chromedriver"), options=options)
    driver.mimeo_profile, driver.mimeo_nojs, driver.mimeo_window = profile, nojs, driver.current_window_handle
    driver._web_element_cls = patient_element()
    if nojs:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
    driver.set_page_load_timeout(300)
    driver.set_script_timeout(300)
    return driver


def is_wiped(driver):
    """Takes everything out of a browser that a visit left: tabs, cookies, what pages keep, the log. False: it is not to be used again."""
    try:
        for window in driver.window_handles:
            driver.switch_to.window(window)
            at = urllib.parse.urlsplit(driver.current_url)
            if at.netloc:
                driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "%s://%s" % (at.scheme, at.netloc), "storageTypes": "all"})
            if window != driver.mimeo_window:
                driver.close()
        driver.switch_to.window(driver.mimeo_window)
        driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        driver.get("about:blank")
        driver.get_log("browser")
    except WebDriverException:
        return False
    return True
