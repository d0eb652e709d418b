"""The demo's last twelve months: lived through the real forms, mails, payment pages and webhooks, on a set clock.
SPDX-License-Identifier: ISC
"""
import os
import re
import shutil
import signal
import subprocess
import tempfile

from house import MIMEO, ROOT, UnixConnection, call, free_ports, wait_for


def ask(home, room, path):
    answer = call(UnixConnection(os.path.join(home, "run", room + ".cli.sock"), 300), "GET", path)
    assert answer.status == 200, answer
    return answer.json


def test_the_demo_has_lived_a_year():
    folder = tempfile.mkdtemp(prefix="mimeo-year-")
    home, port = os.path.join(folder, "home"), free_ports(6)
    with open(os.path.join(folder, "out"), "wb") as out:
        process = subprocess.Popen([os.path.join(ROOT, "run"), "--port", str(port), "--home", home], stdout=out, stderr=subprocess.STDOUT, start_new_session=True)

    def said():
        with open(os.path.join(folder, "out"), encoding="utf-8") as file:
            return file.read()

    def ready():
        assert process.poll() is None, said()
        return "Ctrl-C ends" in said()
    try:
        wait_for(ready, 900, 0.5, why=said)
        lived = re.search(r"(\d+) gifts and (\d+) sign-ups", said())
        gifts, sign_ups = int(lived.group(1)), int(lived.group(2))
        assert 340 <= gifts <= 460 and 260 <= sign_ups <= 340, said()
        numbers = ask(home, "support", "/numbers")
        months = numbers["months"]
        assert len(months) == 12 and all(one["count"] > 0 and one["monthly"] > 0 for one in months), months
        # The thirteenth month, a year ago, may hold the first days.
        assert gifts - 25 <= sum(one["count"] for one in months) <= gifts, (gifts, months)
        assert numbers["monthly"]["supporters"] >= 20 and numbers["monthly"]["year_of"] >= 0
        counts = ask(home, "support", "/gifts?tab=refunded")["counts"]
        assert counts["refunded"] == 2 and counts["disputed"] == 1 and counts["failed"] > 0, counts
        count = ask(home, "newsletter", "/count")
        assert 240 <= count["subscribers"] <= sign_ups, count
        check = subprocess.run([MIMEO, "check", "-C", home], capture_output=True, text=True, timeout=900, check=False)
        assert "support:" not in check.stdout, check.stdout
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(180)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
