-- Gifts, their provider's events, and the double-entry books. Nobody's name or address stands here in the clear: provider
-- references and addresses are sealed, and found again by keyed hashes (*_index). Days are UTC days since 1970.
-- SPDX-License-Identifier: ISC

-- One press of Continue. Durable before the provider is asked: id is the provider's client_reference_id.
CREATE TABLE checkout (
	id INTEGER PRIMARY KEY,
	token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),    -- of the thanks page's token
	manage_hash BLOB NOT NULL UNIQUE CHECK (length(manage_hash) = 32),  -- of the token in the keep-this link
	frequency TEXT NOT NULL CHECK (frequency IN ('once', 'monthly', 'annual')),
	amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
	currency TEXT NOT NULL CHECK (length(currency) = 3),
	language TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('asked', 'open', 'refused', 'uncertain', 'waiting', 'paid', 'failed', 'expired')),
	session_sealed BLOB,
	day INTEGER NOT NULL
) STRICT;

-- A gift that comes back by itself: one subscription at the provider.
CREATE TABLE mandate (
	id INTEGER PRIMARY KEY,
	checkout INTEGER NOT NULL UNIQUE REFERENCES checkout(id),
	subscription_index BLOB NOT NULL UNIQUE CHECK (length(subscription_index) = 32),
	subscription_sealed BLOB NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('active', 'cancelling', 'uncertain', 'ended')),
	started_day INTEGER NOT NULL,
	ended_day INTEGER
) STRICT;

-- Money that came: one payment of a checkout or of its mandate.
CREATE TABLE contribution (
	id INTEGER PRIMARY KEY,
	checkout INTEGER NOT NULL REFERENCES checkout(id),
	frequency TEXT NOT NULL CHECK (frequency IN ('once', 'monthly', 'annual')),
	method TEXT NOT NULL,
	amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
	currency TEXT NOT NULL CHECK (length(currency) = 3),
	fee_minor INTEGER,                                                   -- NULL: not known yet
	refunded_minor INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
	state TEXT NOT NULL CHECK (state IN ('booked', 'part_refunded', 'refunded')),
	day INTEGER NOT NULL
) STRICT;
CREATE INDEX contribution_day ON contribution (day);
CREATE INDEX contribution_checkout ON contribution (checkout);

-- By which of the provider's references (payment, invoice) a contribution is known.
CREATE TABLE reference (
	reference_index BLOB PRIMARY KEY CHECK (length(reference_index) = 32),
	contribution INTEGER NOT NULL REFERENCES contribution(id)
) STRICT, WITHOUT ROWID;

-- A refund's whole life is one row; it only moves forward.
CREATE TABLE refund (
	refund_index BLOB PRIMARY KEY CHECK (length(refund_index) = 32),
	contribution INTEGER NOT NULL REFERENCES contribution(id),
	amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
	state TEXT NOT NULL CHECK (state IN ('pending', 'done', 'failed'))
) STRICT, WITHOUT ROWID;

-- What the provider told us, once each. A parked event waits until the reference `awaits` is known.
CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	event_index BLOB NOT NULL UNIQUE CHECK (length(event_index) = 32),
	kind TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('applied', 'parked', 'foreign', 'ignored')),
	awaits BLOB,
	facts_sealed BLOB,                                                   -- NULL where nothing was worth keeping
	day INTEGER NOT NULL,
	CHECK ((state = 'parked') = (awaits IS NOT NULL))
) STRICT;
CREATE INDEX event_awaits ON event (awaits) WHERE awaits IS NOT NULL;

-- Fees that are still to be asked for.
CREATE TABLE fee_due (
	contribution INTEGER PRIMARY KEY REFERENCES contribution(id),
	balance_sealed BLOB NOT NULL,
	tries INTEGER NOT NULL DEFAULT 0,
	next_us INTEGER NOT NULL
) STRICT;

-- The books. An account's balance is the sum of its entries; debit is positive.
CREATE TABLE account (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	currency TEXT NOT NULL CHECK (length(currency) = 3),
	UNIQUE (name, currency)
) STRICT;

CREATE TABLE booking (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind IN ('contribution', 'fee', 'refund', 'refund_failed')),
	reason_index BLOB NOT NULL UNIQUE CHECK (length(reason_index) = 32), -- nothing is booked twice for one reason
	contribution INTEGER NOT NULL REFERENCES contribution(id),
	day INTEGER NOT NULL
) STRICT;
CREATE INDEX booking_day ON booking (day);

-- Entries come first, then their booking, which is refused unless they sum to zero in each currency; an entry without a
-- booking fails the commit. Nothing is ever changed or taken away.
CREATE TABLE entry (
	booking INTEGER NOT NULL REFERENCES booking(id) DEFERRABLE INITIALLY DEFERRED,
	account INTEGER NOT NULL REFERENCES account(id),
	amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
	PRIMARY KEY (booking, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_account ON entry (account);

CREATE TRIGGER booking_sums_to_zero BEFORE INSERT ON booking
WHEN (SELECT count(*) FROM entry WHERE entry.booking = NEW.id) < 2
	OR EXISTS (SELECT 1 FROM entry JOIN account ON account.id = entry.account WHERE entry.booking = NEW.id
		GROUP BY account.currency HAVING sum(entry.amount_minor) <> 0)
BEGIN SELECT RAISE(ABORT, 'a booking sums to zero in each currency'); END;
CREATE TRIGGER entry_comes_first BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM booking WHERE booking.id = NEW.booking)
BEGIN SELECT RAISE(ABORT, 'a booking is never added to'); END;
CREATE TRIGGER booking_stays BEFORE UPDATE ON booking BEGIN SELECT RAISE(ABORT, 'a booking is never changed'); END;
CREATE TRIGGER booking_is_kept BEFORE DELETE ON booking BEGIN SELECT RAISE(ABORT, 'a booking is never taken away'); END;
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END;
CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'an entry is never taken away'); END;

-- "Remind me later": one mail, then the row goes.
CREATE TABLE reminder (
	id INTEGER PRIMARY KEY,
	address_index BLOB NOT NULL UNIQUE CHECK (length(address_index) = 32),
	address_sealed BLOB NOT NULL,
	language TEXT NOT NULL,
	due_day INTEGER NOT NULL,
	hand_over_key TEXT NOT NULL
) STRICT;
CREATE INDEX reminder_due ON reminder (due_day);
