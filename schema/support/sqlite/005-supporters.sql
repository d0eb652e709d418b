-- Where supporters want to hear from us, what they were told, and refunds that a person at the desk asked for. Addresses and
-- links are sealed; days are UTC days since 1970.
-- SPDX-License-Identifier: ISC

-- One address a checkout, while its giver wants receipts and notices. manage_sealed is the token of the keep-this link, of which
-- there is nothing but a hash elsewhere: mails must be able to carry it.
CREATE TABLE contact (
	checkout INTEGER PRIMARY KEY REFERENCES checkout(id) ON DELETE CASCADE,
	address_sealed BLOB NOT NULL,
	manage_sealed BLOB NOT NULL,
	language TEXT NOT NULL,
	since_day INTEGER NOT NULL
) STRICT;

-- What a supporter was told, or is to be told: once for each (kind, about, step). about is the contribution or mandate that it
-- speaks of; step tells several of them apart: the sum given back, the number of the try, the day of a debit.
CREATE TABLE notice (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL,
	about INTEGER NOT NULL,
	step INTEGER NOT NULL,
	checkout INTEGER NOT NULL REFERENCES checkout(id) ON DELETE CASCADE,
	amount_minor INTEGER NOT NULL,
	currency TEXT NOT NULL CHECK (length(currency) = 3),
	day INTEGER NOT NULL,                       -- that it names
	contribution INTEGER,                       -- whose receipt it leads to
	state TEXT NOT NULL CHECK (state IN ('due', 'handed', 'dropped')),
	hand_over_key TEXT NOT NULL,                -- the newsletter room takes each once
	made_day INTEGER NOT NULL,
	UNIQUE (kind, about, step)
) STRICT;
CREATE INDEX notice_due ON notice (id) WHERE state = 'due';
CREATE INDEX notice_checkout ON notice (checkout);

-- When a running gift's card was asked about last, of those whose giver wants to be told.
CREATE TABLE card_look (
	mandate INTEGER PRIMARY KEY REFERENCES mandate(id) ON DELETE CASCADE,
	day INTEGER NOT NULL
) STRICT;

-- A refund that somebody at the desk asked for. id makes the provider's idempotency key. Above a limit a second person says yes.
CREATE TABLE refund_wish (
	id INTEGER PRIMARY KEY,
	contribution INTEGER NOT NULL,              -- its id is made of its payment: the same when the books are made again
	amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
	reason TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('wanted', 'asking', 'uncertain', 'asked', 'refused', 'declined')),
	wanted_by TEXT NOT NULL,
	approved_by TEXT,
	fault TEXT,                                 -- what the provider said to a refused one
	page_sealed BLOB,                           -- where the giver takes it, on rails that cannot send; goes with the payment's handle
	day INTEGER NOT NULL
) STRICT;
CREATE INDEX refund_wish_contribution ON refund_wish (contribution);
CREATE INDEX refund_wish_open ON refund_wish (id) WHERE state IN ('wanted', 'asking', 'uncertain');

-- The desk's tabs Refunded and Disputed.
CREATE INDEX contribution_refunded ON contribution (day, id) WHERE refunded_minor > 0;
CREATE INDEX contribution_disputed ON contribution (day, id) WHERE state IN ('disputed', 'lost');
-- And Running.
CREATE INDEX mandate_running ON mandate (started_day DESC, id) WHERE state <> 'ended';
