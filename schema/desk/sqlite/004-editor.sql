-- The life of a story: in review, scheduled; revisions that say what changed; working copies; who is in; corrections' kinds; finding.
-- SPDX-License-Identifier: ISC

-- A CHECK cannot be changed: the table is made anew (the rows that refer to it keep their ids).
CREATE TABLE story_anew (
	id INTEGER PRIMARY KEY,
	identity TEXT NOT NULL UNIQUE,         -- front matter's id, else the file's name: importing twice updates
	state TEXT NOT NULL CHECK (state IN ('draft', 'review', 'scheduled', 'published', 'withdrawn')),
	title TEXT NOT NULL,
	slug TEXT NOT NULL,
	lang TEXT NOT NULL,
	dir TEXT NOT NULL CHECK (dir IN ('ltr', 'rtl')),
	section TEXT NOT NULL,
	excerpt TEXT NOT NULL,
	body TEXT NOT NULL,                    -- Markdown
	photo TEXT REFERENCES photo (hash),
	alt TEXT NOT NULL,
	caption TEXT NOT NULL,
	credit TEXT NOT NULL,
	published INTEGER,                     -- its date; NULL: a draft that has none yet
	updated INTEGER,                       -- changed after publishing, as its newsroom says
	path TEXT UNIQUE,                      -- "/2026/11/20/slug/"; NULL while it has no date
	was_public INTEGER NOT NULL DEFAULT 0, -- 1 once it was published: its path may be linked to
	revision INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	withdrawn_reason TEXT,
	due INTEGER,                           -- when a scheduled one is published
	note TEXT NOT NULL DEFAULT '',         -- an editor's, when it was sent back
	note_by TEXT NOT NULL DEFAULT '',
	listed INTEGER NOT NULL GENERATED ALWAYS AS (COALESCE(due, published, changed)) STORED, -- the desk's list sorts by it
	found INTEGER UNIQUE,                  -- its row in story_find; the higher, the later it was saved
	CHECK ((state = 'scheduled') = (due IS NOT NULL))
) STRICT;
INSERT INTO story_anew (id, identity, state, title, slug, lang, dir, section, excerpt, body, photo, alt, caption, credit, published, updated,
	path, was_public, revision, changed, withdrawn_reason)
SELECT id, identity, state, title, slug, lang, dir, section, excerpt, body, photo, alt, caption, credit, published, updated,
	path, was_public, revision, changed, withdrawn_reason FROM story;
DROP TABLE story;
ALTER TABLE story_anew RENAME TO story;
CREATE INDEX story_by_state ON story (state, published);
CREATE INDEX story_by_date ON story (listed, state, section, lang);
CREATE INDEX story_by_change ON story (changed, state, section, lang);
CREATE INDEX story_by_section ON story (section);
CREATE INDEX story_by_lang ON story (lang);
CREATE INDEX story_by_slug ON story (slug);
CREATE INDEX story_by_photo ON story (photo) WHERE photo IS NOT NULL;
CREATE INDEX story_unfound ON story (id) WHERE found IS NULL;
CREATE INDEX story_due ON story (due) WHERE due IS NOT NULL;
CREATE INDEX story_author_by_name ON story_author (name, story);

ALTER TABLE story_revision ADD COLUMN bylines TEXT NOT NULL DEFAULT '';   -- one a line, in their order
ALTER TABLE story_revision ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE story_revision ADD COLUMN words_added INTEGER NOT NULL DEFAULT 0;
ALTER TABLE story_revision ADD COLUMN words_removed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE story_revision ADD COLUMN other TEXT NOT NULL DEFAULT '';     -- what else changed: "section, caption"
UPDATE story_revision SET bylines = COALESCE((SELECT group_concat(a.name, char(10)) FROM (SELECT name FROM story_author
	WHERE story = story_revision.story ORDER BY place) AS a), '')
WHERE number = (SELECT s.revision FROM story s WHERE s.id = story_revision.story);

ALTER TABLE story_correction ADD COLUMN kind TEXT NOT NULL DEFAULT 'correction' CHECK (kind IN ('correction', 'clarification', 'note'));

-- What somebody typed and did not save into the story: never public, no revision. kept 0: what the editor shows them; otherwise set aside.
CREATE TABLE story_working (
	story INTEGER NOT NULL REFERENCES story (id) ON DELETE CASCADE,
	staff INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
	kept INTEGER NOT NULL,
	saved INTEGER NOT NULL,
	base INTEGER NOT NULL,                 -- the revision that it began from
	title TEXT NOT NULL,
	standfirst TEXT NOT NULL,
	body TEXT NOT NULL,
	bylines TEXT NOT NULL,                 -- one a line
	section TEXT NOT NULL,
	topics TEXT NOT NULL,
	slug TEXT NOT NULL,
	lang TEXT NOT NULL,
	dir TEXT NOT NULL,
	alt TEXT NOT NULL,
	caption TEXT NOT NULL,
	credit TEXT NOT NULL,
	day TEXT NOT NULL,                     -- of the schedule, as typed
	hour TEXT NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (story, staff, kept)
) STRICT, WITHOUT ROWID;

-- Who has a story open. Holds nobody up; over after some minutes of silence.
CREATE TABLE story_editing (
	story INTEGER NOT NULL REFERENCES story (id) ON DELETE CASCADE,
	staff INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
	since INTEGER NOT NULL,
	seen INTEGER NOT NULL,
	PRIMARY KEY (story, staff)
) STRICT, WITHOUT ROWID;

-- Author pages that are gone for good: only a hash of their address, so that the name does not stay behind.
CREATE TABLE gone (
	hash TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Finding at the desk: folded words of headline, standfirst, section, topics, bylines and address. Filled at the next start.
CREATE VIRTUAL TABLE story_find USING fts5(words, story UNINDEXED, tokenize = 'unicode61 remove_diacritics 0');

-- How many are in each state: counting a hundred thousand for every page would be the slowest thing on it.
CREATE TABLE story_count (
	state TEXT PRIMARY KEY,
	stories INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO story_count (state, stories) SELECT state, count(*) FROM story GROUP BY state;
CREATE TRIGGER story_comes AFTER INSERT ON story BEGIN
	INSERT INTO story_count (state, stories) VALUES (new.state, 1) ON CONFLICT (state) DO UPDATE SET stories = stories + 1;
END;
CREATE TRIGGER story_goes AFTER DELETE ON story BEGIN
	UPDATE story_count SET stories = stories - 1 WHERE state = old.state;
END;
CREATE TRIGGER story_steps AFTER UPDATE OF state ON story WHEN new.state <> old.state BEGIN
	UPDATE story_count SET stories = stories - 1 WHERE state = old.state;
	INSERT INTO story_count (state, stories) VALUES (new.state, 1) ON CONFLICT (state) DO UPDATE SET stories = stories + 1;
END;
