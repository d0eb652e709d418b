-- Stories, their lists, and what waits to be baked. Times are microseconds UTC; ids random 63-bit.
-- SPDX-License-Identifier: ISC

CREATE TABLE photo (
	hash TEXT PRIMARY KEY,                 -- of the original's bytes, as mimeo-image names its files
	width INTEGER NOT NULL,
	height INTEGER NOT NULL,
	widths TEXT NOT NULL,                  -- "320 640 1280"
	removed INTEGER NOT NULL,              -- metadata fields taken away
	dominant TEXT NOT NULL                 -- "#aabbcc"
) STRICT;

CREATE TABLE story (
	id INTEGER PRIMARY KEY,
	identity TEXT NOT NULL UNIQUE,         -- front matter's id, else the file's name: importing twice updates
	state TEXT NOT NULL CHECK (state IN ('draft', 'published', 'withdrawn')),
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
	withdrawn_reason TEXT
) STRICT;
CREATE INDEX story_by_state ON story (state, published);

CREATE TABLE story_revision (
	story INTEGER NOT NULL REFERENCES story (id) ON DELETE CASCADE,
	number INTEGER NOT NULL,
	made INTEGER NOT NULL,
	made_by TEXT NOT NULL,
	title TEXT NOT NULL,
	excerpt TEXT NOT NULL,
	body TEXT NOT NULL,
	PRIMARY KEY (story, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE story_author (
	story INTEGER NOT NULL REFERENCES story (id) ON DELETE CASCADE,
	place INTEGER NOT NULL,
	name TEXT NOT NULL,
	PRIMARY KEY (story, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE story_topic (
	story INTEGER NOT NULL REFERENCES story (id) ON DELETE CASCADE,
	place INTEGER NOT NULL,
	name TEXT NOT NULL,
	PRIMARY KEY (story, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE story_term (
	story INTEGER NOT NULL REFERENCES story (id) ON DELETE CASCADE,
	place INTEGER NOT NULL,
	term TEXT NOT NULL,                    -- folded; the most telling first
	PRIMARY KEY (story, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE story_correction (
	story INTEGER NOT NULL REFERENCES story (id) ON DELETE CASCADE,
	place INTEGER NOT NULL,
	made INTEGER NOT NULL,
	text TEXT NOT NULL,
	grave INTEGER NOT NULL CHECK (grave IN (0, 1)),
	PRIMARY KEY (story, place)
) STRICT, WITHOUT ROWID;

-- A section, topic or author page. A slot is given once and never used again: full pages never change.
CREATE TABLE list (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind IN ('section', 'topic', 'author')),
	slug TEXT NOT NULL,
	name TEXT NOT NULL,
	next_slot INTEGER NOT NULL DEFAULT 0,
	UNIQUE (kind, slug)
) STRICT;

CREATE TABLE list_slot (
	list INTEGER NOT NULL REFERENCES list (id) ON DELETE CASCADE,
	slot INTEGER NOT NULL,
	story INTEGER NOT NULL REFERENCES story (id) ON DELETE CASCADE,
	PRIMARY KEY (list, slot),
	UNIQUE (list, story)
) STRICT, WITHOUT ROWID;
CREATE INDEX list_slot_by_story ON list_slot (story);

CREATE TABLE moved (
	old_path TEXT PRIMARY KEY,
	story INTEGER NOT NULL REFERENCES story (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What the site does not show yet. A row stands in the transaction of the change itself.
CREATE TABLE bake_queue (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	story INTEGER,                         -- NULL: the whole site
	why TEXT NOT NULL,
	old_path TEXT,                         -- a path that the site must lose
	lists TEXT NOT NULL DEFAULT ''         -- ids of lists that the story left, with spaces
) STRICT;

CREATE TABLE issue (
	id INTEGER PRIMARY KEY,
	subject TEXT NOT NULL,
	preheader TEXT NOT NULL,
	intro TEXT NOT NULL,                   -- Markdown
	lang TEXT NOT NULL,
	html TEXT NOT NULL,
	text TEXT NOT NULL,
	hash TEXT NOT NULL,
	made INTEGER NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('frozen', 'started')),  -- as far as the archive must know
	started INTEGER
) STRICT;

CREATE TABLE issue_story (
	issue INTEGER NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
	place INTEGER NOT NULL,
	story INTEGER NOT NULL,
	PRIMARY KEY (issue, place)
) STRICT, WITHOUT ROWID;
