"""The stories of the site's benches: the same for mimeo and for Hugo, made from a number alone.

About 500 words each, from a vocabulary with the frequencies of a language (so that compression and key terms have something to do),
in 6 sections, with 1 to 3 of 240 topics and 1 or 2 of 60 authors, over 16 years.
SPDX-License-Identifier: ISC
"""
import bisect, datetime, itertools, json, os, random

SECTIONS = ["News", "Politics", "Economy", "Culture", "Science", "Opinion"]
FIRST = datetime.datetime(2010, 1, 1, 5)


def _words(count):
    rng = random.Random(1)
    heads = "b br c ch d dr f fl g gr h j k l m n p pl qu r s sh st t th tr v w".split()
    hearts = "a e i o u ai ea ee ie oa ou".split()
    tails = ["", "n", "r", "s", "t", "l", "d", "ng", "st", "nt", "rk", "m"]
    words, seen = "the of and to in a that was for on said is with as by at from his it had".split(), set()
    while len(words) < count:
        parts = 1 + (len(words) > 150) + (len(words) > 4000 and rng.random() < 0.4)
        word = "".join(rng.choice(heads) + rng.choice(hearts) + (rng.choice(tails) if i == parts - 1 or rng.random() < 0.15 else "") for i in range(parts))
        if word not in seen and word not in words[:20]:
            seen.add(word)
            words.append(word)
    return words


WORDS = _words(12000)
WEIGHTS = list(itertools.accumulate(1 / (place + 2.7) for place in range(len(WORDS))))
TOPICS = [" ".join(WORDS[300 + 7 * i + k] for k in range(1 + i % 2)).capitalize() for i in range(240)]
TOPIC_WEIGHTS = list(itertools.accumulate(1 / (place + 8) for place in range(len(TOPICS))))
AUTHORS = ["%s %s" % (WORDS[2500 + 3 * i].capitalize(), WORDS[4000 + 5 * i].capitalize()) for i in range(60)]


def _pick(rng, things, weights):
    return things[bisect.bisect(weights, rng.random() * weights[-1])]


def _sentence(rng):
    return " ".join(_pick(rng, WORDS, WEIGHTS) for _ in range(rng.randrange(8, 24))).capitalize() + "."


def story(number, total):
    """Everything about story `number`, a dict. The later the number, the later its date."""
    rng = random.Random(number * 7919 + 13)
    paragraphs, words = [], 0
    while words < 480:
        text = " ".join(_sentence(rng) for _ in range(rng.randrange(2, 5)))
        if len(paragraphs) % 5 == 2:
            cut = text.split(" ")
            cut[3] = "**%s**" % cut[3]
            cut[6] = "[%s](https://example.org/%d)" % (cut[6], number)
            text = " ".join(cut)
        paragraphs.append(text)
        words += text.count(" ") + 1
    if number % 4 == 0:
        paragraphs.insert(4, "## " + _sentence(rng)[:-1])
    if number % 6 == 0:
        paragraphs.insert(2, "> " + _sentence(rng))
    topics = []
    for _ in range(1 + number % 3):
        topic = _pick(rng, TOPICS, TOPIC_WEIGHTS)
        topics += [topic] if topic not in topics else []
    authors = rng.sample(AUTHORS, 1 + (number % 5 == 0))
    when = FIRST + datetime.timedelta(seconds=int(number * (16 * 365 * 86400 / total)))
    return {"id": "bench-%d" % number, "title": _sentence(rng)[:70].rstrip(" ."), "slug": "story-%d" % number, "date": when, "section": SECTIONS[rng.randrange(6)],
            "topics": topics, "authors": authors, "excerpt": _sentence(rng), "body": "\n\n".join(paragraphs)}


def write_mimeo(folder, numbers, total, status="published"):
    """As mimeo imports them."""
    os.makedirs(folder, exist_ok=True)
    for number in numbers:
        s = story(number, total)
        with open(os.path.join(folder, "%06d.md" % number), "w", encoding="utf-8") as out:
            out.write("---\nid: %s\ntitle: %s\nslug: %s\nlang: en\ndate: %s\nauthors: [%s]\nsection: %s\ntopics: [%s]\nexcerpt: %s\nstatus: %s\n---\n%s\n" % (
                s["id"], json.dumps(s["title"]), s["slug"], s["date"].strftime("%Y-%m-%d %H:%M:%S"), ", ".join(s["authors"]), s["section"], ", ".join(s["topics"]),
                json.dumps(s["excerpt"]), status, s["body"]))


def write_hugo(folder, numbers, total):
    """As Hugo reads them: the same texts under content/, one folder a month."""
    for number in numbers:
        s = story(number, total)
        month = os.path.join(folder, s["date"].strftime("%Y-%m"))
        os.makedirs(month, exist_ok=True)
        with open(os.path.join(month, "%06d.md" % number), "w", encoding="utf-8") as out:
            json.dump({"title": s["title"], "slug": s["slug"], "date": s["date"].strftime("%Y-%m-%dT%H:%M:%SZ"), "authors": s["authors"], "sections": [s["section"]],
                       "topics": s["topics"], "description": s["excerpt"], "type": "story"}, out)
            out.write("\n\n%s\n" % s["body"])


if __name__ == "__main__":
    import sys
    write_mimeo(sys.argv[2], range(int(sys.argv[1])), int(sys.argv[1]))
