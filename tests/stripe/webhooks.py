"""webhooks: signs events as Stripe does and sends each until the endpoint answers 2xx.

Decides when an event is sent again. Leaves what an event says to shapes.py. Runs as a few threads of the rehearsal server.
The hard thing: order is not promised, as at Stripe; a test that wants order holds deliveries and releases them one by one.

SPDX-License-Identifier: ISC
"""
import hashlib
import heapq
import hmac
import http.client
import json
import threading
import time
from urllib.parse import urlsplit


def sign(payload, secret_list, stamp):
    """The value of Stripe-Signature for bytes `payload`."""
    parts = ["t=%d" % stamp]
    for secret in secret_list:
        parts.append("v1=" + hmac.new(secret.encode(), b"%d." % stamp + payload, hashlib.sha256).hexdigest())
    return ",".join(parts)


def payload_of(event):
    """Stripe sends its JSON indented by two blanks."""
    return json.dumps(event, indent=2, ensure_ascii=False).encode()


class Sender:
    def __init__(self, url, secret_list, now, waits, workers=4):
        self.url, self.secrets, self.now, self.waits = url, secret_list, now, waits
        self.lock = threading.Condition()
        self.queue = []               # (when, serial, event, attempt)
        self.serial = 0
        self.running = 0
        self.hold = False
        self.delay = 0.0
        self.log = {}                 # event id -> list of {"at", "status"}
        self.stopped = False
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(workers)]
        for thread in self.threads:
            thread.start()

    def put(self, event, attempt=0, wait=0.0):
        with self.lock:
            self.serial += 1
            heapq.heappush(self.queue, (time.monotonic() + wait + (self.delay if attempt == 0 else 0), self.serial, event, attempt))
            self.lock.notify()

    def set(self, hold=None, delay=None):
        with self.lock:
            if hold is not None:
                self.hold = hold
            if delay is not None:
                self.delay = delay
            self.lock.notify_all()

    def drop(self):
        """Forgets what waits: lost webhooks."""
        with self.lock:
            lost = len(self.queue)
            self.queue = []
            self.lock.notify_all()
            return lost

    def pending(self):
        with self.lock:
            return len(self.queue) + self.running

    def delivered(self, event_id):
        with self.lock:
            return any(200 <= one["status"] < 300 for one in self.log.get(event_id, []))

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
            status = self.post(event)
            with self.lock:
                self.running -= 1
                self.log.setdefault(event["id"], []).append({"at": time.time(), "status": status})
                self.lock.notify_all()
            if 200 <= status < 300:
                event["pending_webhooks"] = 0
            elif attempt < len(self.waits) * 20:
                self.put(event, attempt + 1, self.waits[min(attempt, len(self.waits) - 1)])

    def post(self, event, signature=None, payload=None):
        """The status, 0 for no answer. `signature` and `payload` are for forgeries."""
        payload = payload_of(event) if payload is None else payload
        parts = urlsplit(self.url)
        signature = sign(payload, self.secrets, int(self.now())) if signature is None else signature
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
                   "Accept": "*/*; q=0.5, application/xml", "Cache-Control": "no-cache", "Connection": "close"}
        if signature:
            headers["Stripe-Signature"] = signature
        try:
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(parts.hostname, parts.port, timeout=10)
            try:
                connection.request("POST", parts.path + ("?" + parts.query if parts.query else ""), payload, headers)
                answer = connection.getresponse()
                answer.read(65536)
                return answer.status
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return 0
