-- Ways to give besides Stripe. People's things are sealed, and found again by keyed hashes (*_index). Days are UTC days.
-- SPDX-License-Identifier: ISC

-- Monero's pool: subaddresses that the treasurer's wallet made. Each is given to one gift, for good.
CREATE TABLE monero_address (
	id INTEGER PRIMARY KEY,
	address_index BLOB NOT NULL UNIQUE CHECK (length(address_index) = 32),
	address_sealed BLOB NOT NULL,
	checkout INTEGER,                    -- NULL: nobody was given it. A checkout that was erased leaves its number: it is never given again
	given_day INTEGER,
	CHECK ((checkout IS NULL) = (given_day IS NULL))
) STRICT;
CREATE UNIQUE INDEX monero_address_checkout ON monero_address (checkout) WHERE checkout IS NOT NULL;

-- A pushed gift's later invoices are found by the one that began it.
CREATE INDEX checkout_renews ON checkout (renews) WHERE renews IS NOT NULL;
CREATE INDEX checkout_pushed ON checkout (rail) WHERE frequency <> 'once' AND renews IS NULL;

-- How each rail does, a day at a time: events taken, deliveries refused, calls that failed, how late events came. Nobody's.
CREATE TABLE rail_day (
	rail TEXT NOT NULL,
	day INTEGER NOT NULL,
	events INTEGER NOT NULL DEFAULT 0,
	refused INTEGER NOT NULL DEFAULT 0,
	asked INTEGER NOT NULL DEFAULT 0,
	failed INTEGER NOT NULL DEFAULT 0,
	lag_sum_s INTEGER NOT NULL DEFAULT 0,
	lag_most_s INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (rail, day)
) STRICT, WITHOUT ROWID;

-- Certificates with which PayPal signed something for us. Anybody may name another, so that one must be fetched; theirs are known here.
CREATE TABLE certificate (
	name TEXT PRIMARY KEY,
	pem TEXT NOT NULL,
	day INTEGER NOT NULL                 -- when it was fetched
) STRICT, WITHOUT ROWID;
