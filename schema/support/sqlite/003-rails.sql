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
