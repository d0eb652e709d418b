-- Lists that come in and go out, what readers do about themselves, and how the list grows.
-- SPDX-License-Identifier: ISC

-- How somebody outside proved consent, in the words of the list that was imported; the same words once. Erased with its last subscriber.
CREATE TABLE consent_proof (
	id INTEGER PRIMARY KEY,
	proof_index BLOB NOT NULL UNIQUE CHECK (length(proof_index) = 32),
	proof_sealed BLOB NOT NULL
) STRICT;

ALTER TABLE subscriber ADD COLUMN proof INTEGER REFERENCES consent_proof(id); -- NULL: signed up with us
ALTER TABLE subscriber ADD COLUMN paused_until INTEGER NOT NULL DEFAULT 0;    -- left out of issues before that day (UTC), by their own wish
ALTER TABLE subscriber ADD COLUMN leave_mailed_day INTEGER NOT NULL DEFAULT 0; -- of the last "leave?" mail: one a day
CREATE INDEX subscriber_proof ON subscriber (proof) WHERE proof IS NOT NULL;
CREATE INDEX subscriber_paused ON subscriber (paused_until) WHERE paused_until > 0;

-- A confirmation that asks whether to leave: somebody wrote to unsubscribe@ with this sender's address.
ALTER TABLE delivery ADD COLUMN leaving INTEGER NOT NULL DEFAULT 0 CHECK (leaving IN (0, 1));

-- A list that is being imported. Its rows come in order; `taken` says how many were looked at, and moves in their own transaction.
CREATE TABLE import (
	id INTEGER PRIMARY KEY,
	file_index BLOB NOT NULL UNIQUE CHECK (length(file_index) = 32), -- keyed: the hash of a short list would tell who is in it
	state TEXT NOT NULL CHECK (state IN ('waiting', 'taking', 'done', 'declined')),
	rows INTEGER NOT NULL,
	taken INTEGER NOT NULL DEFAULT 0,
	last_id INTEGER NOT NULL,              -- of its last subscriber: they have rising ids from a random one on, so that rows are appended
	added INTEGER NOT NULL DEFAULT 0,
	known INTEGER NOT NULL DEFAULT 0,      -- there already, or twice in the file
	suppressed INTEGER NOT NULL DEFAULT 0, -- left, bounced or complained here: never taken
	refused INTEGER NOT NULL DEFAULT 0,    -- no rows
	brought_by TEXT NOT NULL,              -- staff
	confirmed_by TEXT,                     -- a second one, where it needed one
	day INTEGER NOT NULL
) STRICT;

-- How the list grew, a day: numbers alone. kind 'subscribers': how many there were when the daily job ran.
CREATE TABLE list_count (
	day INTEGER NOT NULL,
	kind TEXT NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (day, kind)
) STRICT, WITHOUT ROWID;

-- What staff did with the list: never with whose row.
CREATE TABLE list_audit (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	who TEXT NOT NULL,
	did TEXT NOT NULL,
	rows INTEGER NOT NULL
) STRICT;
CREATE INDEX list_audit_at ON list_audit (at);
