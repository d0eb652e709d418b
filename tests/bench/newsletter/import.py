#!/usr/bin/python3
"""What an import costs beside the bare insert of the same sealed rows into the same tables of SQLite, in one run.

`mimeo subscribers import` of a CSV file into a running house (reading twice, checking, sealing, hashing, a commit every 64 KiB of rows, how
far in each) against Python's executemany of the rows that came out of it, in the same order, in one transaction, under the same pragmas.
Also said: the room's most memory, and how long the desk's page of the list (GET /list) took meanwhile.

    tests/bench/newsletter/import.py [--rows 1000000] [--work FOLDER]

SPDX-License-Identifier: ISC
"""
import argparse
import glob
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "scenario"))
from house import MIMEO, House  # noqa: E402

MOST = 3.0
COLUMNS = "id, address_index, address_sealed, state, language, policy, consent_day, confirmed_day, proof"


def write_list(path, rows):
    with open(path, "w", encoding="ascii") as file:
        file.write("address,language,consent_day,proof\n")
        for i in range(rows):
            file.write('reader.%d@mail%d.example.org,%s,2023-%02d-%02d,"web form, double opt-in"\n' % (i * 7919 % rows, i % 97, "ru" if i % 5 == 0 else "en", i % 12 + 1, i % 28 + 1))


def look(house, waits, ended):
    while not ended.is_set():
        began = time.monotonic()
        if house.ask("newsletter", "GET", "/list").status == 200:
            waits.append(time.monotonic() - began)
        time.sleep(1)


def memory_most(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def bare(path, source):
    """The same rows, as they are, into new tables."""
    with sqlite3.connect("file:%s?mode=ro" % source, uri=True) as db:
        rows = db.execute("SELECT %s FROM subscriber ORDER BY id" % COLUMNS).fetchall()
        proofs = db.execute("SELECT id, proof_index, proof_sealed FROM consent_proof").fetchall()
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        db.execute("PRAGMA " + pragma)
    for name in sorted(glob.glob(os.path.join(ROOT, "schema", "newsletter", "sqlite", "*.sql"))):
        with open(name, encoding="utf-8") as file:
            db.executescript(file.read())
    db.executemany("INSERT INTO consent_proof VALUES (?, ?, ?)", proofs)
    began = time.monotonic()
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO subscriber (%s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)" % COLUMNS, rows)
    db.execute("COMMIT")
    took = time.monotonic() - began
    db.close()
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--work", help="a folder for the rehearsal's files; default: a temporary one")
    asked = parser.parse_args()
    if asked.work:
        os.makedirs(asked.work, exist_ok=True)
        tempfile.tempdir = asked.work
    with House({"newsletter.import_alone": "100000000"}, payments=False, mailbox=False) as house:
        house.mimeo("staff", "add", "Ada Wren")
        path = os.path.join(house.folder, "list.csv")
        write_list(path, asked.rows)
        waits, ended = [], threading.Event()
        watcher = threading.Thread(target=look, args=(house, waits, ended))
        watcher.start()
        began = time.monotonic()
        subprocess.run([MIMEO, "subscribers", "import", path, "--as", "Ada Wren", "-C", house.home], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took = time.monotonic() - began
        ended.set()
        watcher.join()
        memory = memory_most(house.pid_of("newsletter"))
        assert house.ask("newsletter", "GET", "/list").json["subscribers"] == asked.rows
        house.stop()
        beside = bare(os.path.join(house.folder, "bare.db"), house.path("data", "newsletter", "newsletter.db"))
        ratio = took / beside
        waits.sort()
        print("import of %d rows: %.1f s, %.0f rows/s; the bare insert of the same sealed rows: %.1f s, %.0f rows/s" % (
            asked.rows, took, asked.rows / took, beside, asked.rows / beside))
        print("ratio %.2f (wanted: at most %.1f) %s" % (ratio, MOST, "ok" if ratio <= MOST else "MISSED"))
        print("the room's most memory: %.0f MiB (wanted: at most 96) %s" % (memory, "ok" if memory <= 96 else "MISSED"))
        if waits:
            print("GET /list meanwhile, %d times: median %.0f ms, nine of ten within %.0f ms, longest %.0f ms" % (
                len(waits), waits[len(waits) // 2] * 1000, waits[len(waits) * 9 // 10] * 1000, waits[-1] * 1000))
        return 0 if ratio <= MOST and memory <= 96 else 1


if __name__ == "__main__":
    sys.exit(main())
