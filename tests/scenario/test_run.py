"""./run as a newcomer meets it: the block it ends its start with, Ctrl-C, a second start.
SPDX-License-Identifier: ISC
"""
import os
import re
import signal
import subprocess
import time

import pytest
from house import ROOT, ask_url, children_of, free_ports, wait_for


def start(port, home, *more):
    process = subprocess.Popen([os.path.join(ROOT, "run"), "--port", str(port), "--home", home, "--no-year", *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    os.set_blocking(process.stdout.fileno(), False)
    said = ""

    def ready():
        nonlocal said
        said += (process.stdout.read() or b"").decode()
        assert process.poll() is None, said
        return "Ctrl-C" in said
    wait_for(ready, 180, 0.1, why=lambda: said)
    return process, said


def family(pid):
    out = [pid]
    for child in children_of(pid):
        out += family(child)
    return out


def end(process, number):
    began, pids = time.monotonic(), family(process.pid)
    process.send_signal(number)
    process.wait(90)
    took = time.monotonic() - began
    process.stdout.close()
    assert took < 10, took
    assert len(pids) > 5
    wait_for(lambda: not [p for p in pids if os.path.exists("/proc/%d" % p)], 5, why="some processes are left")


def test_the_demo_starts_shows_where_to_look_and_ends(tmp_path):
    port, home = free_ports(6), str(tmp_path / "home")
    began = time.monotonic()
    process, said = start(port, home)
    first = time.monotonic() - began
    assert "Importing" in said, said
    try:
        for address in ("http://127.0.0.1:%d/" % port, "http://127.0.0.1:%d/" % (port + 2), "http://127.0.0.1:%d/" % (port + 3)):
            assert address in said, said
            assert ask_url("GET", address).status == 200
        link = re.search(r"http://localhost:%d/\S+" % (port + 1), said).group(0)
        assert "<button" in ask_url("GET", link).text
        assert "Try this" in said
        front = ask_url("GET", "http://127.0.0.1:%d/" % port).text
        assert "River Towns Brace" in front and "<img" in front
        for spoken in re.findall(r"http://127\.0\.0\.1:%d(/20\S+?/)\"" % port, front)[:3]:
            assert ask_url("GET", "http://127.0.0.1:%d%s" % (port, spoken)).status == 200
    finally:
        end(process, signal.SIGINT)
    began = time.monotonic()
    process, said = start(port, home)
    assert "Importing" not in said and time.monotonic() - began < max(15, first), said
    assert "River Towns Brace" in ask_url("GET", "http://127.0.0.1:%d/" % port).text
    busy = subprocess.run([os.path.join(ROOT, "run"), "--port", str(port), "--home", home], capture_output=True, text=True, timeout=600, check=False)
    assert busy.returncode != 0 and "taken" in busy.stderr
    end(process, signal.SIGTERM)


def test_without_demo_it_is_an_empty_newsroom(tmp_path):
    port, home = free_ports(6), str(tmp_path / "home")
    process, said = start(port, home, "--no-demo")
    try:
        assert ask_url("GET", "http://127.0.0.1:%d/" % port).status == 200
        with pytest.raises(OSError):
            ask_url("GET", "http://127.0.0.1:%d/" % (port + 2))
    finally:
        end(process, signal.SIGTERM)
