-- The keeper, several mail servers, limits. `try` counts the claims of a delivery: with the id it names one try in the keeper's
-- journal, so that a record folded twice changes nothing.
-- SPDX-License-Identifier: ISC

ALTER TABLE delivery ADD COLUMN try INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN enhanced TEXT NOT NULL DEFAULT ''; -- the server's last "5.1.1"

ALTER TABLE issue ADD COLUMN spread_s INTEGER NOT NULL DEFAULT 0;  -- its mails are spread evenly over so many seconds
ALTER TABLE issue ADD COLUMN pause_reason TEXT NOT NULL DEFAULT ''; -- why it was paused by itself; no address in it

-- How many mails were handed to a mail server, or went to a domain that has a limit, in a UTC period. Written in the transaction that
-- claims them.
CREATE TABLE smtp_count (
	scope TEXT NOT NULL,        -- "server NAME" or "domain NAME", as in mimeo.conf
	period_s INTEGER NOT NULL,  -- 1, 60, 3600 or 86400
	began INTEGER NOT NULL,     -- the period's number since 1970
	mails INTEGER NOT NULL,
	PRIMARY KEY (scope, period_s, began)
) STRICT, WITHOUT ROWID;

-- Hashes of links in mails that were in doubt and were sent again by hand: both mails' links work.
CREATE TABLE token_before (
	token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
	delivery INTEGER NOT NULL REFERENCES delivery(id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX token_before_delivery ON token_before (delivery);
