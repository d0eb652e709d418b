-- Subscribers, issues and mails. Addresses are sealed to the list key and found again by a keyed hash (address_index); tokens
-- are stored as hashes only. Days are UTC days since 1970; next_at, started and ended are microseconds and about machines.
-- SPDX-License-Identifier: ISC

-- A form that came in: written the same way for every address, before the answer leaves; read and erased after it.
CREATE TABLE intake (
	id INTEGER PRIMARY KEY,
	address_sealed BLOB NOT NULL,
	language TEXT NOT NULL,
	policy TEXT NOT NULL,                -- hash of the privacy policy that stood under the form
	day INTEGER NOT NULL
) STRICT;

-- An address that asked for the newsletter. Consent is the row: which policy, in which language, on which day.
CREATE TABLE subscriber (
	id INTEGER PRIMARY KEY,
	address_index BLOB NOT NULL UNIQUE CHECK (length(address_index) = 32),
	address_sealed BLOB NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed')),
	language TEXT NOT NULL,
	policy TEXT NOT NULL,
	consent_day INTEGER NOT NULL,
	confirmed_day INTEGER,
	mailed_day INTEGER NOT NULL DEFAULT 0 -- of the last confirmation mail: one a day
) STRICT;
CREATE INDEX subscriber_state ON subscriber (state, id);

-- What is left of somebody who left.
CREATE TABLE suppression (
	address_index BLOB PRIMARY KEY CHECK (length(address_index) = 32),
	day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Links in confirmation mails.
CREATE TABLE confirmation (
	token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
	subscriber INTEGER NOT NULL REFERENCES subscriber(id) ON DELETE CASCADE,
	day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX confirmation_subscriber ON confirmation (subscriber);

-- A frozen issue, exactly as desk put it.
CREATE TABLE issue (
	id INTEGER PRIMARY KEY,
	subject TEXT NOT NULL,
	preheader TEXT NOT NULL,
	language TEXT NOT NULL,
	html TEXT NOT NULL,
	text TEXT NOT NULL,
	hash TEXT NOT NULL CHECK (length(hash) = 64),
	state TEXT NOT NULL CHECK (state IN ('frozen', 'sending', 'paused', 'sent')),
	approved_by TEXT,
	counted INTEGER NOT NULL DEFAULT 0 CHECK (counted IN (0, 1)), -- 1: every recipient has its row in delivery
	freeze_cursor INTEGER NOT NULL DEFAULT 0,                     -- the last subscriber that has one
	recipients INTEGER NOT NULL DEFAULT 0,
	put_at INTEGER NOT NULL,
	started INTEGER,
	ended INTEGER
) STRICT;

-- One mail to one address: of an issue (issue, subscriber), a confirmation (subscriber), a reminder (address_sealed, url_sealed).
CREATE TABLE delivery (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind IN ('issue', 'confirm', 'reminder')),
	issue INTEGER REFERENCES issue(id),
	subscriber INTEGER REFERENCES subscriber(id) ON DELETE SET NULL,
	address_sealed BLOB,
	url_sealed BLOB,
	language TEXT,
	state TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'sending', 'accepted', 'refused', 'later', 'in_doubt', 'left')),
	attempts INTEGER NOT NULL DEFAULT 0,
	next_at INTEGER NOT NULL DEFAULT 0,
	reply INTEGER NOT NULL DEFAULT 0,    -- the mail server's last code
	token_hash BLOB UNIQUE CHECK (length(token_hash) = 32), -- of the unsubscribe link
	day INTEGER NOT NULL,
	UNIQUE (issue, subscriber),
	CHECK ((kind = 'issue') = (issue IS NOT NULL))
) STRICT;
CREATE INDEX delivery_due ON delivery (issue, state, next_at);
CREATE INDEX delivery_state ON delivery (state);
CREATE INDEX delivery_subscriber ON delivery (subscriber);

-- Reminders that support gave us already, by the hash of its key: given twice, mailed once.
CREATE TABLE reminder (
	key_hash BLOB PRIMARY KEY CHECK (length(key_hash) = 32),
	day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The daily job says that it ran.
CREATE TABLE daily_run (
	day INTEGER PRIMARY KEY,
	erased_pending INTEGER NOT NULL,
	erased_mails INTEGER NOT NULL
) STRICT;
