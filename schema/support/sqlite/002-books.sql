-- Several rails, one ledger: facts are kept for good, and the books are worked out of them. What stood here before becomes
-- facts, too: it waits in `carried` until the room, which alone can seal, has taken it.
-- A list of more than two after IN would be a temporary B-tree at every write, so checks are written with OR.
-- SPDX-License-Identifier: ISC

ALTER TABLE checkout ADD COLUMN rail TEXT NOT NULL DEFAULT 'stripe';
ALTER TABLE checkout ADD COLUMN renews INTEGER;  -- a pushed gift's later invoice: the checkout that began it
CREATE INDEX checkout_waiting ON checkout (id) WHERE state = 'waiting';

-- What was before, one row a fact. Emptied at the first start.
CREATE TABLE carried (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL,            -- paid, named, fee, refund, event, ask
	type TEXT,
	state TEXT,
	checkout INTEGER,
	amount_minor INTEGER,
	currency TEXT,
	name BLOB,                     -- keyed hashes
	also BLOB,
	item BLOB,
	day INTEGER,
	sealed BLOB
) STRICT;
INSERT INTO carried (kind, checkout, amount_minor, currency, name, day)
	SELECT 'paid', contribution.checkout, contribution.amount_minor, contribution.currency,
		(SELECT min(reference_index) FROM reference WHERE reference.contribution = contribution.id), contribution.day
	FROM contribution;
INSERT INTO carried (kind, name, also, day)
	SELECT 'named', (SELECT min(other.reference_index) FROM reference AS other WHERE other.contribution = reference.contribution),
		reference.reference_index, contribution.day
	FROM reference JOIN contribution ON contribution.id = reference.contribution;
INSERT INTO carried (kind, amount_minor, currency, name, item, day)
	SELECT 'fee', entry.amount_minor, account.currency,
		(SELECT min(reference_index) FROM reference WHERE reference.contribution = booking.contribution), booking.reason_index, booking.day
	FROM booking JOIN entry ON entry.booking = booking.id JOIN account ON account.id = entry.account AND account.name = 'fees'
	WHERE booking.kind = 'fee';
INSERT INTO carried (kind, state, amount_minor, currency, name, item, day)
	SELECT 'refund', refund.state, refund.amount_minor, contribution.currency,
		(SELECT min(reference_index) FROM reference WHERE reference.contribution = refund.contribution), refund.refund_index,
		coalesce((SELECT max(booking.day) FROM booking WHERE booking.contribution = refund.contribution AND booking.kind = 'refund'),
			contribution.day)
	FROM refund JOIN contribution ON contribution.id = refund.contribution;
INSERT INTO carried (kind, type, name, day, sealed)
	SELECT 'event', kind, event_index, day, facts_sealed FROM event WHERE state = 'parked';
INSERT INTO carried (kind, name, day, sealed)
	SELECT 'ask', (SELECT min(reference_index) FROM reference WHERE reference.contribution = fee_due.contribution), 0, balance_sealed
	FROM fee_due;

DROP TABLE entry;
DROP TABLE booking;
DROP TABLE account;
DROP TABLE fee_due;
DROP TABLE refund;
DROP TABLE reference;
DROP TABLE contribution;
CREATE TABLE event_before AS SELECT * FROM event;
DROP TABLE event;
CREATE TABLE mandate_before AS SELECT * FROM mandate;
DROP TABLE mandate;

-- What a provider told us, once each, and what it answered when it was asked. `facts` has its time, amounts and hashed names,
-- sealed; NULL where nothing was worth keeping. Facts of one payment have one subject, however they were told, and lie together:
-- they come together, and are read together. The id is the first 63 bits of event_index: by it an event is known, and of two
-- events that shared these the later one would be refused.
CREATE TABLE event (
	subject INTEGER NOT NULL,                                            -- 0: of no payment
	id INTEGER NOT NULL,
	event_index BLOB NOT NULL CHECK (length(event_index) = 32),
	rail TEXT NOT NULL,
	type TEXT NOT NULL,                                                  -- the provider's word
	state TEXT NOT NULL CHECK (state = 'applied' OR state = 'parked' OR state = 'foreign' OR state = 'ignored'),
	period INTEGER NOT NULL,                                             -- that was open when it was taken
	day INTEGER NOT NULL,                                                -- on which it was taken
	facts BLOB CHECK (facts IS NULL OR length(facts) = 168 OR length(facts) = 216),
	handle_sealed BLOB                                                   -- to give the payment back; erased after thirteen months
		CHECK (handle_sealed IS NULL OR length(handle_sealed) = 88 OR length(handle_sealed) = 181),
	PRIMARY KEY (subject, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX event_id ON event (id);
CREATE INDEX event_open ON event (state, day) WHERE state <> 'applied';
INSERT INTO event (id, event_index, rail, type, state, subject, period, day, facts)
	SELECT (WITH RECURSIVE digit (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM digit WHERE n < 15)
			SELECT sum(((instr('0123456789ABCDEF', substr(hex(event_index), n + 1, 1)) - 1) & CASE n WHEN 14 THEN 7 ELSE 15 END)
				<< (n / 2 * 8 + (1 - n % 2) * 4)) FROM digit),
		event_index, 'stripe', kind, CASE state WHEN 'ignored' THEN 'ignored' WHEN 'foreign' THEN 'foreign' ELSE 'applied' END,
		0, 0, day, NULL FROM event_before WHERE state <> 'parked';
DROP TABLE event_before;

-- The day on which each rail told something last.
CREATE TABLE rail_told (
	rail TEXT PRIMARY KEY,
	day INTEGER NOT NULL
) STRICT;

-- The subject of a payment's other names, half of a keyed hash each. A name without a row is the first that its payment was known
-- by, or of one that nobody told of yet: its first 63 bits are the subject. Which names a subject has stands in its facts.
CREATE TABLE payment_name (
	name BLOB PRIMARY KEY CHECK (length(name) = 16),
	subject INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A gift that comes back by itself.
CREATE TABLE mandate (
	id INTEGER PRIMARY KEY,
	checkout INTEGER NOT NULL UNIQUE REFERENCES checkout(id),
	subscription_index BLOB NOT NULL UNIQUE CHECK (length(subscription_index) = 32),
	subscription_sealed BLOB,                                            -- NULL: erased; it had ended long before
	state TEXT NOT NULL CHECK (state = 'active' OR state = 'late' OR state = 'paused' OR state = 'cancelling' OR state = 'uncertain'
		OR state = 'ended'),
	started_day INTEGER NOT NULL,
	ended_day INTEGER
) STRICT;
-- In doubt, or about to be: looked for every minute. Ended ones are looked for by their day.
CREATE INDEX mandate_unsettled ON mandate (state) WHERE state = 'cancelling' OR state = 'uncertain';
CREATE INDEX mandate_ended ON mandate (ended_day) WHERE ended_day IS NOT NULL;
-- How many give so now, kept by triggers.
CREATE TABLE mandate_sum (
	frequency TEXT PRIMARY KEY,
	running INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER mandate_counts AFTER INSERT ON mandate WHEN NEW.state <> 'ended' BEGIN
	INSERT INTO mandate_sum (frequency, running) SELECT frequency, 1 FROM checkout WHERE id = NEW.checkout
	ON CONFLICT (frequency) DO UPDATE SET running = running + 1;
END;
CREATE TRIGGER mandate_counts_no_more AFTER DELETE ON mandate WHEN OLD.state <> 'ended' BEGIN
	UPDATE mandate_sum SET running = running - 1 WHERE frequency = (SELECT frequency FROM checkout WHERE id = OLD.checkout);
END;
CREATE TRIGGER mandate_counts_anew AFTER UPDATE OF state ON mandate WHEN (OLD.state = 'ended') <> (NEW.state = 'ended') BEGIN
	UPDATE mandate_sum SET running = running + CASE NEW.state WHEN 'ended' THEN -1 ELSE 1 END
	WHERE frequency = (SELECT frequency FROM checkout WHERE id = NEW.checkout);
END;
INSERT INTO mandate SELECT id, checkout, subscription_index, subscription_sealed, state, started_day, ended_day FROM mandate_before;
DROP TABLE mandate_before;

-- From here on everything is worked out of the facts, and can be made again.

-- Money that came.
CREATE TABLE contribution (
	id INTEGER PRIMARY KEY,
	subject INTEGER NOT NULL UNIQUE,
	checkout INTEGER NOT NULL REFERENCES checkout(id),
	frequency TEXT NOT NULL CHECK (frequency = 'once' OR frequency = 'monthly' OR frequency = 'annual'),
	method TEXT NOT NULL,                                                -- the rail
	amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
	currency TEXT NOT NULL CHECK (length(currency) = 3),
	fee_minor INTEGER,                                                   -- NULL: not known yet, or in another currency
	refunded_minor INTEGER NOT NULL CHECK (refunded_minor >= 0),
	state TEXT NOT NULL CHECK (state = 'booked' OR state = 'part_refunded' OR state = 'refunded' OR state = 'disputed' OR state = 'lost'),
	day INTEGER NOT NULL
) STRICT;
CREATE INDEX contribution_day ON contribution (day);
CREATE INDEX contribution_checkout ON contribution (checkout);
CREATE INDEX contribution_state ON contribution (state, day) WHERE state <> 'booked';

-- Sums of contributions by day, kept by triggers: the desk's numbers without reading every row.
CREATE TABLE contribution_sum (
	day INTEGER NOT NULL,
	currency TEXT NOT NULL,
	frequency TEXT NOT NULL,
	gifts INTEGER NOT NULL,
	amount_minor INTEGER NOT NULL,
	fee_minor INTEGER NOT NULL,
	refunded_minor INTEGER NOT NULL,
	PRIMARY KEY (day, currency, frequency)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER contribution_counts AFTER INSERT ON contribution BEGIN
	INSERT INTO contribution_sum (day, currency, frequency, gifts, amount_minor, fee_minor, refunded_minor)
	VALUES (NEW.day, NEW.currency, NEW.frequency, 1, NEW.amount_minor, coalesce(NEW.fee_minor, 0), NEW.refunded_minor)
	ON CONFLICT (day, currency, frequency) DO UPDATE SET gifts = gifts + 1, amount_minor = amount_minor + excluded.amount_minor,
		fee_minor = fee_minor + excluded.fee_minor, refunded_minor = refunded_minor + excluded.refunded_minor;
END;
CREATE TRIGGER contribution_counts_no_more AFTER DELETE ON contribution BEGIN
	UPDATE contribution_sum SET gifts = gifts - 1, amount_minor = amount_minor - OLD.amount_minor,
		fee_minor = fee_minor - coalesce(OLD.fee_minor, 0), refunded_minor = refunded_minor - OLD.refunded_minor
	WHERE day = OLD.day AND currency = OLD.currency AND frequency = OLD.frequency;
END;
CREATE TRIGGER contribution_counts_anew AFTER UPDATE OF day, currency, frequency, amount_minor, fee_minor, refunded_minor ON contribution BEGIN
	UPDATE contribution_sum SET gifts = gifts - 1, amount_minor = amount_minor - OLD.amount_minor,
		fee_minor = fee_minor - coalesce(OLD.fee_minor, 0), refunded_minor = refunded_minor - OLD.refunded_minor
	WHERE day = OLD.day AND currency = OLD.currency AND frequency = OLD.frequency;
	INSERT INTO contribution_sum (day, currency, frequency, gifts, amount_minor, fee_minor, refunded_minor)
	VALUES (NEW.day, NEW.currency, NEW.frequency, 1, NEW.amount_minor, coalesce(NEW.fee_minor, 0), NEW.refunded_minor)
	ON CONFLICT (day, currency, frequency) DO UPDATE SET gifts = gifts + 1, amount_minor = amount_minor + excluded.amount_minor,
		fee_minor = fee_minor + excluded.fee_minor, refunded_minor = refunded_minor + excluded.refunded_minor;
END;

CREATE TABLE refund (
	id INTEGER PRIMARY KEY,
	subject INTEGER NOT NULL,
	contribution INTEGER NOT NULL REFERENCES contribution(id) DEFERRABLE INITIALLY DEFERRED,
	amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
	currency TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state = 'pending' OR state = 'done' OR state = 'failed'),
	day INTEGER NOT NULL
) STRICT;
CREATE INDEX refund_subject ON refund (subject);
CREATE INDEX refund_contribution ON refund (contribution);

CREATE TABLE dispute (
	id INTEGER PRIMARY KEY,
	subject INTEGER NOT NULL,
	contribution INTEGER NOT NULL REFERENCES contribution(id) DEFERRABLE INITIALLY DEFERRED,
	amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),             -- taken out of our account
	currency TEXT NOT NULL,
	fee_minor INTEGER NOT NULL,
	back_minor INTEGER NOT NULL,
	state TEXT NOT NULL CHECK (state = 'warned' OR state = 'open' OR state = 'answered' OR state = 'won' OR state = 'lost'),
	reason TEXT NOT NULL,
	day INTEGER NOT NULL,
	due_day INTEGER NOT NULL                                             -- 0: none
) STRICT;
CREATE INDEX dispute_subject ON dispute (subject);
CREATE INDEX dispute_contribution ON dispute (contribution);

-- A period's payment of a mandate that did not come at once.
CREATE TABLE renewal (
	id INTEGER PRIMARY KEY,
	subject INTEGER NOT NULL UNIQUE,
	checkout INTEGER NOT NULL REFERENCES checkout(id),
	frequency TEXT NOT NULL CHECK (frequency = 'once' OR frequency = 'monthly' OR frequency = 'annual'),
	amount_minor INTEGER NOT NULL,
	currency TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	state TEXT NOT NULL CHECK (state = 'failing' OR state = 'given_up' OR state = 'recovered'),
	reason TEXT NOT NULL,
	day INTEGER NOT NULL,
	next_day INTEGER NOT NULL
) STRICT;
CREATE INDEX renewal_state ON renewal (state, day);
CREATE INDEX renewal_checkout ON renewal (checkout);

-- Money on its way from a provider to the newsroom's bank, and what each is made of.
CREATE TABLE payout (
	id INTEGER PRIMARY KEY,
	subject INTEGER NOT NULL UNIQUE,
	rail TEXT NOT NULL,
	amount_minor INTEGER NOT NULL,
	currency TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state = 'sent' OR state = 'arrived' OR state = 'failed'),
	reason TEXT NOT NULL,
	day INTEGER NOT NULL,
	arrives_day INTEGER NOT NULL,
	is_reconciled INTEGER NOT NULL DEFAULT 0                             -- 1: it is what its parts come to, and each is known
) STRICT;
CREATE INDEX payout_day ON payout (day);
CREATE INDEX payout_open ON payout (state) WHERE is_reconciled = 0;
CREATE TABLE payout_part (
	id INTEGER PRIMARY KEY,
	subject INTEGER NOT NULL UNIQUE,
	payout INTEGER NOT NULL,
	name BLOB NOT NULL CHECK (length(name) = 16),                        -- a payment's; or an item's (a refund's, a dispute's)
	is_item INTEGER NOT NULL,
	item INTEGER NOT NULL,                                               -- the name's first 63 bits: the id that such a refund or dispute has
	amount_minor INTEGER NOT NULL,
	currency TEXT NOT NULL,
	reason TEXT NOT NULL
) STRICT;
CREATE INDEX payout_part_payout ON payout_part (payout);
CREATE INDEX payout_part_name ON payout_part (name);

-- The books. An account's balance is the sum of its entries, kept by triggers; debit is positive.
CREATE TABLE account (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	currency TEXT NOT NULL CHECK (length(currency) = 3),
	balance_minor INTEGER NOT NULL DEFAULT 0,
	UNIQUE (name, currency)
) STRICT;

-- Closed ones; the open one's number is the next.
CREATE TABLE period (
	number INTEGER PRIMARY KEY,
	last_day INTEGER NOT NULL UNIQUE,
	closed_day INTEGER NOT NULL,
	closed_by TEXT NOT NULL
) STRICT;
CREATE TRIGGER period_stays BEFORE UPDATE ON period BEGIN SELECT RAISE(ABORT, 'a closed period stays closed'); END;
CREATE TRIGGER period_is_kept BEFORE DELETE ON period BEGIN SELECT RAISE(ABORT, 'a closed period stays closed'); END;

CREATE TABLE booking (
	id INTEGER PRIMARY KEY,
	subject INTEGER NOT NULL,
	kind TEXT NOT NULL CHECK (kind = 'contribution' OR kind = 'fee' OR kind = 'exchange' OR kind = 'refund' OR kind = 'refund_failed'
		OR kind = 'dispute' OR kind = 'dispute_fee' OR kind = 'dispute_won' OR kind = 'dispute_lost' OR kind = 'payout'
		OR kind = 'payout_failed'),
	reason BLOB NOT NULL CHECK (length(reason) = 16),
	contribution INTEGER,
	period INTEGER NOT NULL,
	day INTEGER NOT NULL
) STRICT;
CREATE INDEX booking_day ON booking (day);
CREATE INDEX booking_subject ON booking (subject);

-- Entries come first, then their booking, which is refused unless they sum to zero in each currency; an entry without a
-- booking fails the commit. In the open period a booking may go again (its entries after it) when its facts come to something
-- else; in a closed one nothing is ever added, changed or taken away.
CREATE TABLE entry (
	booking INTEGER NOT NULL REFERENCES booking(id) DEFERRABLE INITIALLY DEFERRED,
	account INTEGER NOT NULL REFERENCES account(id),
	amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
	PRIMARY KEY (booking, account)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entry_counts AFTER INSERT ON entry
BEGIN UPDATE account SET balance_minor = balance_minor + NEW.amount_minor WHERE id = NEW.account; END;
CREATE TRIGGER entry_counts_no_more AFTER DELETE ON entry
BEGIN UPDATE account SET balance_minor = balance_minor - OLD.amount_minor WHERE id = OLD.account; END;
CREATE TRIGGER booking_sums_to_zero BEFORE INSERT ON booking
WHEN (SELECT count(*) FROM entry WHERE entry.booking = NEW.id) < 2
	OR EXISTS (SELECT 1 FROM entry JOIN account ON account.id = entry.account WHERE entry.booking = NEW.id
		GROUP BY account.currency HAVING sum(entry.amount_minor) <> 0)
BEGIN SELECT RAISE(ABORT, 'a booking sums to zero in each currency'); END;
CREATE TRIGGER booking_is_of_an_open_period BEFORE INSERT ON booking WHEN EXISTS (SELECT 1 FROM period WHERE number = NEW.period)
BEGIN SELECT RAISE(ABORT, 'nothing is added to a closed period'); END;
CREATE TRIGGER booking_stays BEFORE UPDATE OF id, kind, reason, contribution, period, day ON booking
BEGIN SELECT RAISE(ABORT, 'a booking is never changed'); END;
CREATE TRIGGER booking_is_kept BEFORE DELETE ON booking WHEN EXISTS (SELECT 1 FROM period WHERE number = OLD.period)
BEGIN SELECT RAISE(ABORT, 'nothing is taken from a closed period'); END;
CREATE TRIGGER entry_comes_first BEFORE INSERT ON entry WHEN EXISTS (SELECT 1 FROM booking WHERE booking.id = NEW.booking)
BEGIN SELECT RAISE(ABORT, 'a booking is never added to'); END;
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'an entry is never changed'); END;
CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry WHEN EXISTS (SELECT 1 FROM booking WHERE booking.id = OLD.booking)
BEGIN SELECT RAISE(ABORT, 'entries go after their booking'); END;

-- What providers are still to be asked.
CREATE TABLE ask (
	id INTEGER PRIMARY KEY,                                              -- of its rail and words: one question is asked once
	rail TEXT NOT NULL,
	subject INTEGER,                                                     -- NULL: of no payment
	what_sealed BLOB NOT NULL,
	tries INTEGER NOT NULL DEFAULT 0,
	next_us INTEGER NOT NULL,                                            -- the largest number: once its payment is ours
	day INTEGER NOT NULL
) STRICT;
CREATE INDEX ask_next ON ask (next_us);
CREATE INDEX ask_subject ON ask (subject);

-- Codes that payers write: a bank reference, a single-use address.
CREATE TABLE code (
	code_index BLOB PRIMARY KEY CHECK (length(code_index) = 32),
	checkout INTEGER NOT NULL,
	day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
