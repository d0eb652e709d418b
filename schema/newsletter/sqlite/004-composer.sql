-- Issues that were cancelled, neutral senders, test mails, and how a send went over time.
-- SPDX-License-Identifier: ISC

-- The table is made anew for the state 'cancelled'; rows of delivery point to it meanwhile, and again when this is done.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE issue_before AS SELECT * FROM issue;
DROP TABLE issue;

-- A frozen issue, exactly as desk put it.
CREATE TABLE issue (
	id INTEGER PRIMARY KEY,
	subject TEXT NOT NULL,
	preheader TEXT NOT NULL,
	language TEXT NOT NULL,
	html TEXT NOT NULL,
	text TEXT NOT NULL,
	hash TEXT NOT NULL CHECK (length(hash) = 64),
	state TEXT NOT NULL CHECK (state IN ('frozen', 'sending', 'paused', 'sent', 'cancelled')),
	approved_by TEXT,
	counted INTEGER NOT NULL DEFAULT 0 CHECK (counted IN (0, 1)), -- 1: every recipient has its row in delivery
	freeze_cursor INTEGER NOT NULL DEFAULT 0,                     -- the last subscriber that has one
	recipients INTEGER NOT NULL DEFAULT 0,
	put_at INTEGER NOT NULL,
	started INTEGER,
	ended INTEGER,
	spread_s INTEGER NOT NULL DEFAULT 0,    -- its mails are spread evenly over so many seconds
	pause_reason TEXT NOT NULL DEFAULT '',  -- why it was paused by itself; no address in it
	sender_name TEXT NOT NULL DEFAULT '',   -- who its mails are from; empty: as mimeo.conf says
	is_test INTEGER NOT NULL DEFAULT 0 CHECK (is_test IN (0, 1)), -- one mail to one address that was typed; erased after a day
	not_mailed INTEGER NOT NULL DEFAULT 0,  -- recipients whose rows went when it was cancelled
	cancelled_by TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO issue (id, subject, preheader, language, html, text, hash, state, approved_by, counted, freeze_cursor, recipients, put_at, started,
	ended, spread_s, pause_reason)
SELECT id, subject, preheader, language, html, text, hash, state, approved_by, counted, freeze_cursor, recipients, put_at, started, ended, spread_s,
	pause_reason FROM issue_before;
DROP TABLE issue_before;

-- How far a send was, every now and then: numbers alone.
CREATE TABLE issue_tick (
	issue INTEGER NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
	second INTEGER NOT NULL,                -- since it began
	accepted INTEGER NOT NULL,
	refused INTEGER NOT NULL,
	later INTEGER NOT NULL,
	in_doubt INTEGER NOT NULL,
	PRIMARY KEY (issue, second)
) STRICT, WITHOUT ROWID;
