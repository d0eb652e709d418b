"""wire: what the rehearsals of payment providers share: faults on demand, calls kept for tests, events sent until they are taken.

Decides when an event is sent again and how an answer gets lost. Leaves each provider's words to paypal.py and btcpay.py. The hard thing:
a call that was acted out but whose answer got lost ("cut", "timeout") must answer the same on its second try where the provider promises that.

SPDX-License-Identifier: ISC
"""
import heapq
import http.client
import json
import re
import secrets
import threading
import time
from urllib.parse import urlsplit

HOWS = ("500", "503", "429", "timeout", "cut", "cut_before", "slow", "garbage")


class Cut(Exception):
    """The connection ends without an answer."""


class Refused(Exception):
    """An answer that says no: a status and what the provider writes then."""

    def __init__(self, status, answer):
        super().__init__(json.dumps(answer))
        self.status, self.answer = status, answer


def new_id(prefix, length=17, alphabet="ABCDEFGHJKLMNPQRSTUVWXYZ23456789"):
    return prefix + "".join(secrets.choice(alphabet) for _ in range(length))


class Faults:
    def __init__(self):
        self.lock = threading.Lock()
        self.list = []

    def set(self, asked):
        if asked.get("how", "500") not in HOWS:
            raise Refused(400, {"error": "unknown how"})
        with self.lock:
            if asked.get("next", 1) > 0:
                self.list.append(dict(asked, how=asked.get("how", "500")))
            else:
                self.list.clear()

    def take(self, line):
        with self.lock:
            for fault in self.list:
                if re.search(fault.get("match") or "", line):
                    fault["next"] = fault.get("next", 1) - 1
                    if fault["next"] <= 0:
                        self.list.remove(fault)
                    return fault
        return {}


class Sender:
    """Sends each event until the newsroom answers 2xx. make(event, attempt) gives bytes and headers."""

    def __init__(self, url, make, waits, workers=2):
        self.url, self.make, self.waits = url, make, waits
        self.lock = threading.Condition()
        self.queue, self.serial, self.running, self.hold, self.stopped = [], 0, 0, False, False
        self.log = {}
        for _ in range(workers):
            threading.Thread(target=self.work, daemon=True).start()

    def put(self, event, attempt=0, wait=0.0):
        if not self.url:
            return
        with self.lock:
            self.serial += 1
            heapq.heappush(self.queue, (time.monotonic() + wait, self.serial, event, attempt))
            self.lock.notify()

    def set(self, hold=None, drop=False):
        with self.lock:
            if hold is not None:
                self.hold = hold
            if drop:
                self.queue = []
            self.lock.notify_all()

    def pending(self):
        with self.lock:
            return len(self.queue) + self.running

    def delivered(self, event_id):
        with self.lock:
            return any(200 <= one < 300 for one in self.log.get(event_id, []))

    def stop(self):
        with self.lock:
            self.stopped = True
            self.lock.notify_all()

    def work(self):
        while True:
            with self.lock:
                while not self.stopped and (self.hold or not self.queue or self.queue[0][0] > time.monotonic()):
                    self.lock.wait(None if self.hold or not self.queue else max(0.005, self.queue[0][0] - time.monotonic()))
                if self.stopped:
                    return
                _, _, event, attempt = heapq.heappop(self.queue)
                self.running += 1
            status = self.post(*self.make(event, attempt))
            with self.lock:
                self.running -= 1
                self.log.setdefault(event["id"], []).append(status)
                self.lock.notify_all()
            if not 200 <= status < 300 and attempt < 20 * len(self.waits):
                self.put(event, attempt + 1, self.waits[min(attempt, len(self.waits) - 1)])

    def post(self, payload, headers):
        """The status, 0 for no answer."""
        parts = urlsplit(self.url)
        try:
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(parts.hostname, parts.port, timeout=10)
            try:
                connection.request("POST", parts.path, payload, dict(headers, **{"Content-Type": "application/json", "Connection": "close"}))
                answer = connection.getresponse()
                answer.read(65536)
                return answer.status
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return 0


# --- kinds of value, for requests that are JSON -----------------------------------------------------------------------------------------

class Wrong(Exception):
    """A field is not what the provider takes: (path, issue)."""

    def __init__(self, path, issue, said):
        super().__init__(said)
        self.path, self.issue = path, issue


def text(most=127, pattern=None):
    def check(value, path):
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            raise Wrong(path, "INVALID_STRING_LENGTH", "must be a text of 1 to %d characters" % most)
        if pattern and not re.fullmatch(pattern, value):
            raise Wrong(path, "INVALID_PARAMETER_SYNTAX", "does not look like %s" % pattern)
        return value
    return check


def url(value, path):
    parts = urlsplit(value if isinstance(value, str) else "")
    if parts.scheme not in ("http", "https") or not parts.hostname or len(value) > 4000:
        raise Wrong(path, "INVALID_PARAMETER_VALUE", "must be an absolute http or https URL")
    return value


def one_of(*words):
    def check(value, path):
        if value not in words:
            raise Wrong(path, "INVALID_PARAMETER_VALUE", "must be one of %s" % ", ".join(map(str, words)))
        return value
    return check


def integer(least, most):
    def check(value, path):
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Wrong(path, "INVALID_INTEGER_RANGE", "must be a whole number from %d to %d" % (least, most))
        return value
    return check


def boolean(value, path):
    if not isinstance(value, bool):
        raise Wrong(path, "INVALID_PARAMETER_VALUE", "must be true or false")
    return value


def anything(value, path):
    return value


def items(check_one, least, most):
    def check(value, path):
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise Wrong(path, "INVALID_ARRAY_LENGTH", "must be a list of %d to %d" % (least, most))
        return [check_one(one, "%s/%d" % (path, i)) for i, one in enumerate(value)]
    return check


def shape(**fields):
    """fields: name=check, required where the name ends in an underscore. What is not named here is refused: providers
    pass over a misspelt field in silence, a rehearsal must not."""
    wanted = {name.rstrip("_"): (check, name.endswith("_")) for name, check in fields.items()}

    def check(value, path=""):
        if not isinstance(value, dict):
            raise Wrong(path or "/", "INVALID_PARAMETER_SYNTAX", "must be an object")
        for name in value:
            if name not in wanted:
                raise Wrong("%s/%s" % (path, name), "UNKNOWN_FIELD", "is no field of this call")
        for name, (inner, required) in wanted.items():
            if name in value:
                inner(value[name], "%s/%s" % (path, name))
            elif required:
                raise Wrong("%s/%s" % (path, name), "MISSING_REQUIRED_PARAMETER", "is missing")
        return value
    return check
