"""trace: strace on a room: what it called, and a fault at its N-th call.

Decides how faults get into a release build: killed at a system call, or that call answered with an error. Leaves to scenes.py what is
done meanwhile. The hard thing: strace counts for each process and each call by itself; so a plan is (call, N), and N runs to the
largest count that any one process reached.

SPDX-License-Identifier: ISC
"""
import collections
import os
import re
import signal
import subprocess
import tempfile
import threading
import time

# Whatever changes something outside the process, and epoll_wait for the moments between. A kill at any other call
# (read, close, mmap …) finds the same world as the next one of these.
EFFECTS = ("write", "writev", "pwrite64", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate", "rename", "renameat", "renameat2", "link", "linkat",
           "unlink", "unlinkat", "mkdir", "mkdirat", "fchmod", "openat", "sendto", "sendmsg", "sendmmsg", "sendfile", "connect", "accept4", "shutdown",
           "clone", "clone3", "vfork", "execve", "epoll_wait", "epoll_pwait", "io_submit", "io_getevents")
# What a disk can refuse, and with what. (Not openat: reading needs no room.)
DISK = {"ENOSPC": ("write", "writev", "pwrite64", "pwritev", "ftruncate", "fallocate", "mkdir", "mkdirat", "rename", "renameat", "link", "linkat"),
        "EIO": ("write", "pwrite64", "fsync", "fdatasync", "io_submit", "ftruncate", "pread64", "unlink", "unlinkat", "rename", "renameat")}
_LINE = re.compile(r"^(\d+)\s+(?:([a-z_0-9]+)\(|\+\+\+ killed by (\w+))")


def is_possible():
    """Why strace cannot work here, or None."""
    try:
        done = subprocess.run(["strace", "-f", "-o", "/dev/null", "-e", "trace=getpid", "true"], capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        return "strace is not installed"
    if done.returncode != 0:
        return "strace may not trace here: " + (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    with subprocess.Popen(["sleep", "20"]) as other:
        try:
            with Trace(other.pid, ["-e", "trace=getpid"]):
                pass
        except OSError as why:
            return "strace may not attach here: %s" % why
        finally:
            other.kill()
    return None


def inject(call, number, fault):
    """strace's words for a fault at the number-th `call`. fault: KILL, ENOSPC, EIO; with a + behind: from then on."""
    how = "signal=KILL" if fault == "KILL" else "error=" + fault.rstrip("+")
    return ["-e", "trace=" + call, "-e", "inject=%s:%s:when=%d%s" % (call, how, number, "+" if fault.endswith("+") else "")]


def known(calls):
    """Those of the calls that this machine's strace knows (epoll_wait is not on every architecture)."""
    return [one for one in calls if _knows(one)]


_known = {}


def _knows(call):
    if call not in _known:
        _known[call] = subprocess.run(["strace", "-o", "/dev/null", "-e", "trace=" + call, "true"], capture_output=True, check=False).returncode == 0
    return _known[call]


class Trace:
    """strace attached to a running process and whatever it starts, until the block ends."""

    def __init__(self, pid, words):
        self.pid, self.words = pid, words
        handle, self.path = tempfile.mkstemp(prefix="mimeo-strace-")
        os.close(handle)

    def __enter__(self):
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", "strace", "-f", "-o", self.path, "-p", str(self.pid)] + self.words,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if "attached" not in line:
            self.__exit__()
            raise OSError(line.strip() or "strace said nothing")
        # Whoever lets a pipe fill up stops strace, and so the room.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return self

    def __exit__(self, *what):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.lines = read(self.path)

    def ended(self):
        return self.process.poll() is not None


def read(path):
    """The file's lines; it is gone then."""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    os.unlink(path)
    return lines


def counts(lines):
    """{call: the most that one process made of it}."""
    of = collections.Counter()
    for line in lines:
        found = _LINE.match(line)
        if found and found.group(2):
            of[found.group(1), found.group(2)] += 1
    most = {}
    for (_, call), count in of.items():
        most[call] = max(most.get(call, 0), count)
    return most


def killed(lines):
    return sum(1 for line in lines if "+++ killed by SIGKILL" in line)


def crashed(lines):
    """How a process ended that nobody killed."""
    return [line for line in lines if re.search(r"\+\+\+ killed by SIG(SEGV|BUS|ABRT|ILL|FPE|SYS)", line)]


def injected(lines):
    return sum(1 for line in lines if "(INJECTED)" in line)


def run(command, words, env, folder, seconds=60, until=None):
    """A command under strace from its first call on: (exit code, output, strace's lines). Waits for its end; ends it (SIGTERM) when it
    takes too long: a room that is killed at its first call is killed at its first call again, each time it is started. With `until`, ends it
    (SIGTERM) when it has said that, when anything was killed, or after 5 s."""
    handle, path = tempfile.mkstemp(prefix="mimeo-strace-")
    os.close(handle)
    end = time.monotonic() + seconds
    patience = time.monotonic() + (5 if until is not None else seconds - 20)
    is_told = False
    with open(os.path.join(folder, "traced.out"), "w+b") as out:
        process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", "strace", "-f", "-o", path] + words + command,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=folder)
        while process.poll() is None and time.monotonic() < end:
            if not is_told and (time.monotonic() > patience or (until is not None and (_holds(path, b"killed by SIGKILL") or _holds(out.name, until)))):
                is_told = True
                for pid in _children(process.pid):
                    os.kill(pid, signal.SIGTERM)
            time.sleep(0.01)
        code = process.poll()
        if code is None:
            for pid in _children(process.pid):
                os.kill(pid, signal.SIGKILL)
            process.kill()
            process.wait()
            code = "still there after %s s" % seconds
        out.seek(0)
        said = out.read().decode("utf-8", "replace")
    return code, said, read(path)


def _children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
        return [int(one) for one in file.read().split()]


def _holds(path, word):
    with open(path, "rb") as file:
        return word in file.read()
