-- Bounces, complaints and the keys that sign. Whose bounce it was is known as long as that subscriber is.
-- SPDX-License-Identifier: ISC

-- Left out when recipients are frozen before that day (UTC): mail to them bounced. 0: never.
ALTER TABLE subscriber ADD COLUMN muted_until INTEGER NOT NULL DEFAULT 0;

-- Why an address is suppressed; it is counted, and lifted in the same way.
ALTER TABLE suppression ADD COLUMN reason TEXT NOT NULL DEFAULT 'left' CHECK (reason IN ('left', 'bounced', 'complained'));

-- A soft bounce: one a delivery, however often it is reported. Hard ones and complaints erase the subscriber instead.
CREATE TABLE bounce (
	delivery INTEGER PRIMARY KEY REFERENCES delivery(id) ON DELETE CASCADE,
	subscriber INTEGER NOT NULL REFERENCES subscriber(id) ON DELETE CASCADE,
	day INTEGER NOT NULL
) STRICT;
CREATE INDEX bounce_subscriber ON bounce (subscriber, day);

-- What was reported, a day: numbers alone.
CREATE TABLE report_count (
	day INTEGER NOT NULL,
	kind TEXT NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (day, kind)
) STRICT, WITHOUT ROWID;

-- The keys that sign, one generation each: its files are in keys/newsletter/, never here.
CREATE TABLE signing_key (
	generation INTEGER PRIMARY KEY,
	state TEXT NOT NULL CHECK (state IN ('next', 'signing', 'retired', 'published')),
	since INTEGER NOT NULL               -- the day of its state
) STRICT;
