-- What editors decide about the newsroom: settings, sections, texts, the front page. Published for all rooms as data/newsroom.
-- SPDX-License-Identifier: ISC

-- What lies over mimeo.conf: name, description, statutory, press, press_dark, call, logo. No row: mimeo.conf's.
CREATE TABLE setting (
	key TEXT PRIMARY KEY CHECK (key IN ('name', 'description', 'statutory', 'press', 'press_dark', 'call', 'logo')),
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The masthead's sections in their order. No rows: mimeo.conf's. The slug is the address and never changes; `name` is what stories carry.
CREATE TABLE section (
	slug TEXT PRIMARY KEY,
	place INTEGER NOT NULL,
	name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE section_name (
	slug TEXT NOT NULL REFERENCES section (slug) ON DELETE CASCADE,
	lang TEXT NOT NULL,
	name TEXT NOT NULL,
	PRIMARY KEY (slug, lang)
) STRICT, WITHOUT ROWID;

-- Every version of About, Privacy policy and appeal. The newest is in force; readers' consent names a version of the policy by its hash.
CREATE TABLE page_text (
	kind TEXT NOT NULL CHECK (kind IN ('about', 'privacy', 'appeal')),
	lang TEXT NOT NULL,
	version INTEGER NOT NULL,
	body TEXT NOT NULL,                    -- Markdown
	hash TEXT NOT NULL,                    -- of body, 16 hex digits
	made INTEGER NOT NULL,
	made_by TEXT NOT NULL,                 -- a staff name
	source TEXT NOT NULL CHECK (source IN ('desk', 'theme')), -- theme: it stood in theme/ and was in force
	PRIMARY KEY (kind, lang, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER page_text_stays BEFORE UPDATE ON page_text BEGIN SELECT RAISE(ABORT, 'versions of a text are append-only'); END;
CREATE TRIGGER page_text_is_kept BEFORE DELETE ON page_text BEGIN SELECT RAISE(ABORT, 'versions of a text are append-only'); END;

-- The front page where an editor chose; no rows: it makes itself. A withdrawn story's row does nothing.
CREATE TABLE front_choice (
	story INTEGER PRIMARY KEY REFERENCES story (id) ON DELETE CASCADE,
	kind TEXT NOT NULL CHECK (kind IN ('lead', 'pin')),
	place INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX front_choice_lead ON front_choice (kind) WHERE kind = 'lead';

CREATE TABLE front_section (
	slug TEXT PRIMARY KEY,
	place INTEGER NOT NULL,
	hidden INTEGER NOT NULL CHECK (hidden IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Of the five first steps: 'backup' (the UTC day of the last one), 'dismissed' (who).
CREATE TABLE mark (
	key TEXT PRIMARY KEY CHECK (key IN ('backup', 'dismissed')),
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX staff_session_by_staff ON staff_session (staff, began);
CREATE INDEX audit_by_who ON audit (who, id);
