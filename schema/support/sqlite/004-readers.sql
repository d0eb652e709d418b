-- What a reader chose beyond an amount, what a supporter wants changed, and reminders: one for each address and month.
-- SPDX-License-Identifier: ISC

-- Of the amount, what the reader added so that the fee is covered; and the gift that this one takes the place of once it is paid.
ALTER TABLE checkout ADD COLUMN cover_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE checkout ADD COLUMN replaces INTEGER REFERENCES checkout(id) ON DELETE SET NULL;
CREATE INDEX checkout_replaces ON checkout (replaces) WHERE replaces IS NOT NULL;

-- A wish that the provider is being asked for: asked again until it says yes or no, which is safe because it names what shall be,
-- not what shall be added. The last wish of a mandate counts.
CREATE TABLE mandate_change (
	mandate INTEGER PRIMARY KEY REFERENCES mandate(id) ON DELETE CASCADE,
	serial INTEGER NOT NULL,               -- random: an answer to an older wish ends no newer one
	kind TEXT NOT NULL CHECK (kind IN ('amount', 'pause', 'resume')),
	amount_minor INTEGER,
	until_day INTEGER,
	tries INTEGER NOT NULL DEFAULT 0,
	next_us INTEGER NOT NULL,
	CHECK ((kind = 'amount') = (amount_minor IS NOT NULL)),
	CHECK ((kind = 'pause') = (until_day IS NOT NULL))
) STRICT;
CREATE INDEX mandate_change_next ON mandate_change (next_us);

-- Mandates from which nothing is taken before until_day; the row goes when the provider knows that it goes on.
CREATE TABLE mandate_pause (
	mandate INTEGER PRIMARY KEY REFERENCES mandate(id) ON DELETE CASCADE,
	until_day INTEGER NOT NULL
) STRICT;

-- "Remind me later", with one link that ends all of an address's (cancel_hash, of a token that is a keyed hash of the address).
-- month: year × 12 + month − 1 on the newsroom's calendar.
CREATE TABLE reminder_by_month (
	id INTEGER PRIMARY KEY,
	address_index BLOB NOT NULL CHECK (length(address_index) = 32),
	month INTEGER NOT NULL,
	address_sealed BLOB NOT NULL,
	language TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('later', 'again')),
	due_day INTEGER NOT NULL,
	hand_over_key TEXT NOT NULL,
	cancel_hash BLOB,                      -- NULL in rows from before; set when their mail is written
	UNIQUE (address_index, month)
) STRICT;
INSERT INTO reminder_by_month (id, address_index, month, address_sealed, language, kind, due_day, hand_over_key)
	SELECT id, address_index, CAST(strftime('%Y', (due_day + 1) * 86400, 'unixepoch') AS INTEGER) * 12
		+ CAST(strftime('%m', (due_day + 1) * 86400, 'unixepoch') AS INTEGER) - 1, address_sealed, language, 'later', due_day,
		hand_over_key FROM reminder;
DROP TABLE reminder;
ALTER TABLE reminder_by_month RENAME TO reminder;
CREATE INDEX reminder_due ON reminder (due_day);
CREATE INDEX reminder_cancel ON reminder (cancel_hash) WHERE cancel_hash IS NOT NULL;
