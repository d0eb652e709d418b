"""What should not come in, and a disk that is full: nothing is taken in by halves, and what readers see stays whole.
SPDX-License-Identifier: ISC
"""
import gzip
import os
import subprocess

import pytest

from house import House, wait_for


def refused(house, path, *words):
    """Importing is refused with exit 2 and one line that has the words; nothing of the file is there afterwards."""
    before = house.mimeo("story", "list", json_out=True)["stories"]
    said = house.mimeo("story", "import", path, ok=False)
    assert said.returncode == 2 and said.stderr.startswith("mimeo: "), said
    for word in words:
        assert word in said.stderr, said
    assert house.mimeo("story", "list", json_out=True)["stories"] == before
    assert house.get("/").status == 200


def test_a_story_of_a_megabyte_is_refused_with_its_size(shared_house):
    path = shared_house.story("endless", body="\n\n".join("A paragraph that goes on. " * 40 for _ in range(1000)))
    assert os.path.getsize(path) > 1000000
    refused(shared_house, path, "endless.md")


def test_a_table_that_would_fill_the_memory_is_refused(shared_house):
    # 61 KB that Debian 12's cmark makes 60 MB of: one wide head, then thousands of rows with a single cell
    wide = "|" + "a|" * 7000 + "\n|" + "-|" * 7000 + "\n" + "b\n" * 16500
    assert 50000 < len(wide) < 70000
    refused(shared_house, shared_house.story("table", body=wide), "table.md", "column")


def test_one_bad_file_among_good_ones_takes_nothing_in(shared_house):
    good = shared_house.story("good-one")
    shared_house.story("bad-one", colour="red")
    refused(shared_house, os.path.dirname(good), "bad-one.md", "colour")


def mounted(folder, size):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%s,mode=2750" % size, "tmpfs", folder], check=False, capture_output=True).returncode == 0


def page_at(path):
    """The page, if it is whole, with the .gz beside it saying the same; else None."""
    try:
        with open(path, "rb") as file:
            text = file.read()
        if os.path.exists(path + ".gz"):
            with gzip.open(path + ".gz") as file:
                if file.read() != text:
                    return None
    except (OSError, EOFError):
        return None
    return text if text.rstrip().endswith(b"</html>") else None


def pages(site):
    """Every page there, each whole: at once, or when the two renames are over between which it was looked at."""
    found = {}
    for folder, _, names in os.walk(site):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".html") and not name.startswith("_"):
                found[os.path.relpath(path, site)] = wait_for(lambda: page_at(path), 1, why=lambda: path + " is not whole")  # noqa: B023
    return found


def test_a_full_disk_while_baking_leaves_old_pages_whole():
    if os.geteuid() != 0:
        pytest.skip("a small disk of its own needs root")
    with House(payments=False, mailbox=False) as house:
        site = house.path("data", "site")
        house.mimeo("story", "import", house.story("first-story"))
        house.stop()
        if not mounted(site, "2500k"):
            pytest.skip("this machine mounts no tmpfs")
        try:
            house.serve()
            wait_for(lambda: house.get("/").status == 200)
            before = pages(site)
            assert any("first-story" in path for path in before)
            for number in range(60):
                house.story("more-%02d" % number, body="\n\n".join("Paragraph %d of number %d. " % (i, number) * 30 for i in range(12)))
            house.mimeo("story", "import", os.path.join(house.folder, "stories"), ok=False)
            wait_for(lambda: "No space left" in house.log(), why=lambda: house.log()[-2000:])
            now = pages(site)           # each is whole: the old one or the new
            assert set(before) <= set(now)
            answer = house.get("/")
            assert answer.status == 200 and "</html>" in answer.text
            assert any("first-story" in path and house.get("/" + path[:-len("index.html")]).status == 200 for path in now)
            said = house.mimeo("check", ok=False)
            assert said.returncode == 1 and "mimeo bake" in said.stdout + said.stderr, said
            subprocess.run(["mount", "-o", "remount,size=64m", site], check=True)
            house.mimeo("bake")         # there is room again: it is made up for
            wait_for(lambda: sum("more-" in path and path.startswith("2026/") for path in pages(site)) == 60)
            assert house.mimeo("check", ok=False).returncode == 0
        finally:
            house.stop()
            subprocess.run(["umount", "-l", site], check=False)
