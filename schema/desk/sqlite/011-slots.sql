-- The newsletter's weekly slots, as far as the desk knows: what became of each.
-- SPDX-License-Identifier: ISC

CREATE TABLE slot (
	key TEXT PRIMARY KEY CHECK (length(key) = 10), -- "2026-11-27": its day in the newsroom's zone
	at INTEGER NOT NULL,                           -- when it goes; stays when the setting changes after the draft was made
	state TEXT NOT NULL CHECK (state IN ('drafted', 'approved', 'held', 'sent', 'late', 'skipped')),
	why TEXT NOT NULL DEFAULT '',                  -- a sentence for staff
	told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1)) -- 1: the newsletter has it for its status
) STRICT, WITHOUT ROWID;

-- Two more things that editors decide.
CREATE TABLE setting_before AS SELECT key, value FROM setting;
DROP TABLE setting;
CREATE TABLE setting (
	key TEXT PRIMARY KEY CHECK (key IN ('name', 'description', 'statutory', 'press', 'press_dark', 'call', 'logo', 'slot', 'min_stories')),
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO setting (key, value) SELECT key, value FROM setting_before;
DROP TABLE setting_before;

-- Where a started issue stands in the archive: given once, so that no setting moves it.
ALTER TABLE issue ADD COLUMN path TEXT NOT NULL DEFAULT '';

-- Since when the desk looks for slots of this rule: earlier ones were none.
CREATE TABLE slot_watch (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	rule TEXT NOT NULL,                            -- "Friday 08:00"
	since INTEGER NOT NULL
) STRICT;
