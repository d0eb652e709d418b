"""The commands as a technician meets them.
SPDX-License-Identifier: ISC
"""
import os
import subprocess

from house import MIMEO, House, wait_for


def run(*words, **more):
    return subprocess.run([MIMEO, *words], capture_output=True, text=True, timeout=300, check=False, **more)


def test_help_is_there_for_every_command():
    listed = run("--help")
    assert listed.returncode == 0 and listed.stderr == ""
    commands = [line.split()[1:] for line in listed.stdout.splitlines() if line.strip().startswith("mimeo ")]
    words = [[w for w in command if w.isalpha() and w.islower()] for command in commands]
    for wanted in (["init"], ["serve"], ["check"], ["backup"], ["restore"], ["story", "import"], ["story", "list"], ["newsletter", "send"], ["staff", "link"]):
        assert any(command[:len(wanted)] == wanted for command in words), "mimeo --help does not name " + " ".join(wanted)
        said = run(*wanted, "--help")
        assert said.returncode == 0 and "usage" in said.stdout, (wanted, said)


def test_a_wrong_command_says_what_to_do():
    for words in (["stroy", "import"], ["story"], ["--nonsense"], []):
        said = run(*words, "-C", "/nonexistent")
        assert said.returncode == 2, (words, said)
        assert words == [] or said.stderr.startswith("mimeo: "), said
    said = run("story", "list", "-C", "/nonexistent")
    assert said.returncode in (1, 2) and said.stderr.startswith("mimeo: ") and "/nonexistent" in said.stderr, said


def test_init_makes_a_home_once(tmp_path):
    home = str(tmp_path / "home")
    assert run("init", "-C", home, "--name", "The Tern Courier").returncode == 0
    assert sorted(os.listdir(home)) == ["data", "keys", "mimeo.conf", "run", "secrets", "theme"]
    assert "The Tern Courier" in open(os.path.join(home, "mimeo.conf"), encoding="utf-8").read()
    assert os.stat(os.path.join(home, "secrets", "support.conf")).st_mode & 0o077 == 0
    again = run("init", "-C", home)
    assert again.returncode in (1, 2) and "already" in again.stderr
    for flag, value in (("--zone", "Mars/Olympus"), ("--url", "ftp://x"), ("--colour", "red")):
        bad = run("init", "-C", str(tmp_path / "bad"), flag, value)
        assert bad.returncode == 2 and bad.stderr.startswith("mimeo: "), bad
        assert not os.path.exists(tmp_path / "bad" / "mimeo.conf")


def test_a_wrong_setting_stops_the_start_and_names_its_line():
    house = House()
    try:
        conf = house.read("mimeo.conf").replace("[support]", "[support]\nmonthy = 5", 1)
        with open(house.path("mimeo.conf"), "w", encoding="utf-8") as file:
            file.write(conf)
        line = conf.splitlines().index("monthy = 5") + 1
        process = house.serve(ready=False)
        assert process.wait(90) == 2
        process.stdout.close()
        house.serving = None
        assert "monthy" in house.log() and str(line) in house.log(), house.log()
    finally:
        house.end()


def test_a_second_serve_on_the_same_home_is_refused(shared_house):
    said = shared_house.mimeo("serve", ok=False, timeout=120)
    assert said.returncode in (1, 2) and "already" in said.stderr, said
    assert shared_house.get("/").status == 200


def test_drain_ends_everything_within_ten_seconds(house):
    rooms = [house.pid_of(room) for room in ("front", "desk", "newsletter", "support")]
    code, took = house.stop()
    assert code == 0 and took < 10, (code, took)
    assert not any(os.path.exists("/proc/%d" % pid) for pid in rooms)
    house.serve()
    assert house.get("/").status == 200


def test_rooms_end_with_their_parent(house):
    rooms = [house.pid_of(room) for room in ("front", "desk", "newsletter", "support")]
    house.serving.kill()
    house.serving.wait()
    wait_for(lambda: not any(os.path.exists("/proc/%d" % pid) for pid in rooms), 10, why="rooms outlive their killed parent")
    house.serving.stdout.close()
    house.serving = None
    house.serve()
    assert house.get("/").status == 200
