#!/usr/bin/python3
"""A 24-megapixel photo: on the story's page at most 2 s after its upload began, all its sizes for at most 8 s of one core, at most 250 MB.

A photograph of the demo is blown up to 24 megapixels, with grain, so that it is as heavy as a camera's. mimeo-image is run as the desk runs it and its
processor time and memory are the kernel's (wait4). Then a house is started, the photo is uploaded to a published story over HTTP, and the public page is
asked until it shows it. What a reader loads of it is weighed, too. Wants a quiet machine for the 2 s; the other numbers do not depend on one.
SPDX-License-Identifier: ISC
"""
import argparse, http.client, os, re, shutil, signal, socket, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
WIDTH, HEIGHT = 6000, 4000
VISIBLE_S, CORE_S, MEMORY_MB, LEAD_KB, CARD_KB = 2.0, 8.0, 250, 60, 15
STORY = "---\nid: bench\ntitle: A story that gets a photo\ndate: 2026-11-20 10:00\nauthors: [A Writer]\nsection: News\nstatus: published\n---\n\nOne.\n\nTwo.\n"
missed = 0


def say(what, value, limit, unit):
    global missed
    ok = value <= limit
    missed += not ok
    print("photo: %s: %.2f %s, wanted <= %g: %.2f of it: %s" % (what, value, unit, limit, value / limit, "ok" if ok else "MISSED"))


def make_photo(work, ending):
    """24 megapixels of a real photograph, grain and all."""
    source = next(os.path.join(folder, name) for folder, _, names in os.walk("/usr/share/backgrounds/mate") for name in sorted(names) if name == "Garden.jpg")
    at = lambda name: os.path.join(work, name)
    vips = lambda *words: subprocess.run(["vips"] + list(words), check=True)
    vips("thumbnail", source, at("large.v"), str(WIDTH), "--height", str(HEIGHT), "--size", "force")
    vips("gaussnoise", at("grain.v"), str(WIDTH), str(HEIGHT), "--sigma", "6", "--mean", "0")
    vips("add", at("large.v"), at("grain.v"), at("sum.v"))
    vips("cast", at("sum.v"), at("photo." + ending) + ("[Q=92]" if ending == "jpg" else "[compression=6]"), "uchar")
    for name in ("large.v", "grain.v", "sum.v"):
        os.remove(at(name))
    return at("photo." + ending)


def measure(program, photo, work):
    """mimeo-image --desk: (processor seconds until the small sizes are told, in all; most memory in MB; the last line)."""
    folder = os.path.join(work, "out")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    child = subprocess.Popen([program, "--desk", photo, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(b"k" * 32)
    child.stdin.close()
    early, last, ticks = None, "", os.sysconf("SC_CLK_TCK")
    for line in child.stdout:
        last = line.decode()
        if '"whole":false' in last:
            with open("/proc/%d/stat" % child.pid, encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            early = (int(fields[11]) + int(fields[12])) / ticks
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = 0
    if status != 0:
        sys.exit("bench: mimeo-image: " + last)
    return early, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, last


def weigh(work):
    folder = os.path.join(work, "out")
    sizes = {re.sub(r"^[0-9a-f]+-", "", name): os.path.getsize(os.path.join(folder, name)) / 1000 for name in os.listdir(folder)}
    # a phone of 390 px, 1 to 3 pixels each: the 640 or the 1280 file; a card there is 7rem wide
    say("lead on a phone, WebP (the larger of two)", max(sizes["640.webp"], sizes["1280.webp"]), LEAD_KB, "KB")
    say("card, WebP", sizes["320.webp"], CARD_KB, "KB")
    say("card, JPEG", sizes["320.jpg"], CARD_KB, "KB")


def free_ports():
    with socket.socket() as a, socket.socket() as b:
        a.bind(("127.0.0.1", 0))
        b.bind(("127.0.0.1", 0))
        return a.getsockname()[1], b.getsockname()[1]


def ask(port, method, path, body=None, headers=None, host="127.0.0.1"):
    connection = http.client.HTTPConnection(host, port, timeout=120)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    out = answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
    connection.close()
    return out


def upload(binary, photo, work):
    """Seconds from the first byte of the upload until the public page shows the photo; and until it names all sizes."""
    home = os.path.join(work, "home")
    port, desk = free_ports()
    run = lambda *words: subprocess.run([binary, *words, "-C", home], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout
    run("init", "--name", "Bench", "--url", "http://127.0.0.1:%d" % port, "--listen", "127.0.0.1:%d" % port, "--desk-listen", "127.0.0.1:%d" % desk,
        "--desk-url", "http://localhost:%d" % desk)
    with open(os.path.join(work, "story.md"), "w", encoding="utf-8") as out:
        out.write(STORY)
    run("story", "import", os.path.join(work, "story.md"))
    with open(os.path.join(work, "log"), "wb") as log:
        house = subprocess.Popen([binary, "serve", "-C", home], stdout=subprocess.PIPE, stderr=log)
    try:
        while b"ready" not in (line := house.stdout.readline()):
            if not line:
                sys.exit("bench: the house did not start: see %s" % log.name)
        same = {"Host": "localhost:%d" % desk, "Sec-Fetch-Site": "same-origin"}
        link = re.search(r"http://localhost:\d+(/\S+)", run("staff", "add", "Bench", "--role", "editor")).group(1)
        cookie = ask(desk, "POST", link, "", {**same, "Content-Type": "application/x-www-form-urlencoded"})[1]["set-cookie"].split(";")[0]
        same["Cookie"] = cookie
        page = ask(desk, "GET", "/stories", headers=same)[2].decode()
        csrf = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
        story = re.search(r'href="/stories/(\d+)"', page).group(1)
        with open(photo, "rb") as file:
            body = (b'--xyz\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n' + csrf.encode() +
                    b'\r\n--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + file.read() + b"\r\n--xyz--\r\n")
        began = time.monotonic()
        status, headers, answer = ask(desk, "POST", "/stories/%s/photo/upload" % story, body, {**same, "Content-Type": "multipart/form-data; boundary=xyz"})
        if status != 303:
            sys.exit("bench: the upload got %d: %s" % (status, answer[:2000]))
        answered = time.monotonic() - began
        name = re.search(r"photo=([0-9a-f]{16})", headers["location"]).group(1).encode()
        seen = whole = None
        while whole is None and time.monotonic() - began < 120:
            html = ask(port, "GET", "/2026/11/20/a-story-that-gets-a-photo/")[2]
            if seen is None and name + b"-640.webp" in html:
                seen = time.monotonic() - began
            if name + b"-1920.webp" in html:
                whole = time.monotonic() - began
            time.sleep(0.005)
        return answered, seen, whole
    finally:
        house.send_signal(signal.SIGTERM)
        house.wait(20)


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--binary", default=os.path.join(ROOT, "build", "mimeo"))
    options, _ = parse.parse_known_args()
    if shutil.which("vips") is None:
        sys.exit("bench: wants Debian's libvips-tools")
    work = tempfile.mkdtemp(prefix="mimeo-bench-photo-")
    try:
        program = os.path.join(os.path.dirname(os.path.abspath(options.binary)), "mimeo-image")
        photo = make_photo(work, "jpg")
        print("photo: %d megapixels, JPEG of %.1f MB" % (WIDTH * HEIGHT // 1000000, os.path.getsize(photo) / 1e6))
        early, core, memory, _ = measure(program, photo, work)
        say("JPEG, one core until the small sizes are there", early, VISIBLE_S, "s")
        say("JPEG, one core for all sizes", core, CORE_S, "s")
        say("JPEG, memory", memory, MEMORY_MB, "MB")
        weigh(work)
        answered, seen, whole = upload(options.binary, photo, work)
        if seen is None or whole is None:
            sys.exit("bench: the page never showed the photo")
        say("JPEG, upload until the desk answers", answered, VISIBLE_S, "s")
        say("JPEG, upload until the public page shows it", seen, VISIBLE_S, "s")
        print("photo: the public page named all sizes after %.2f s" % whole)
        os.remove(photo)
        photo = make_photo(work, "png")
        print("photo: the same as a PNG of %.1f MB" % (os.path.getsize(photo) / 1e6))
        _, core, memory, _ = measure(program, photo, work)
        say("PNG, one core for all sizes", core, CORE_S, "s")
        say("PNG, memory", memory, MEMORY_MB, "MB")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
