-- Drafts of issues: what is picked, ordered and written before an issue is frozen; and what a frozen one says of its mail.
-- SPDX-License-Identifier: ISC

CREATE TABLE issue_draft (
	id INTEGER PRIMARY KEY,
	state TEXT NOT NULL CHECK (state IN ('draft', 'approved', 'issued', 'skipped', 'dropped')),
	slot INTEGER,                          -- the instant of its slot; NULL: it has none
	send_at INTEGER NOT NULL DEFAULT 0,    -- without a slot: when it goes once approved; 0: when somebody says so
	lang TEXT NOT NULL,
	subject TEXT NOT NULL,
	preheader TEXT NOT NULL DEFAULT '',
	intro TEXT NOT NULL DEFAULT '',        -- Markdown
	signoff TEXT NOT NULL DEFAULT '',      -- Markdown
	neutral INTEGER NOT NULL DEFAULT 0 CHECK (neutral IN (0, 1)),
	neutral_subject TEXT NOT NULL DEFAULT '',
	neutral_name TEXT NOT NULL DEFAULT '',
	full_text INTEGER NOT NULL DEFAULT 0 CHECK (full_text IN (0, 1)),
	issue INTEGER,                         -- the frozen one, once approved
	version INTEGER NOT NULL DEFAULT 1,    -- counts saves
	made INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	changed_by TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX issue_draft_slot ON issue_draft (slot, lang) WHERE slot IS NOT NULL;

CREATE TABLE issue_pick (
	draft INTEGER NOT NULL REFERENCES issue_draft (id) ON DELETE CASCADE,
	place INTEGER NOT NULL,
	story INTEGER NOT NULL,
	line TEXT NOT NULL DEFAULT '',         -- empty: the story's excerpt
	PRIMARY KEY (draft, place)
) STRICT, WITHOUT ROWID;

-- The mail's own subject and sender name where they are neutral, and when it goes.
ALTER TABLE issue ADD COLUMN mail_subject TEXT NOT NULL DEFAULT '';
ALTER TABLE issue ADD COLUMN sender_name TEXT NOT NULL DEFAULT '';
ALTER TABLE issue ADD COLUMN slot TEXT NOT NULL DEFAULT '';
ALTER TABLE issue ADD COLUMN send_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE issue ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE issue ADD COLUMN signoff TEXT NOT NULL DEFAULT '';
ALTER TABLE issue_story ADD COLUMN line TEXT NOT NULL DEFAULT '';
