-- Two moves of a mail's row are most of what the room does for it, so they cost as little as they can. The states are written out: of an IN
-- with more than two of them SQLite makes a table, each time that it is checked. And what moves is counted by the code that moves it, a batch
-- at once (newsletter_moves.c): a trigger cost as much as the row. Whoever rebuilds delivery makes its triggers anew.
-- SPDX-License-Identifier: ISC

CREATE TABLE delivery_new (
	id INTEGER PRIMARY KEY,
	kind TEXT NOT NULL CHECK (kind = 'issue' OR kind = 'confirm' OR kind = 'reminder'),
	issue INTEGER REFERENCES issue(id),
	subscriber INTEGER REFERENCES subscriber(id) ON DELETE SET NULL,
	address_sealed BLOB,
	url_sealed BLOB,
	language TEXT,
	state TEXT NOT NULL CHECK (state = 'queued' OR state = 'claimed' OR state = 'sending' OR state = 'accepted' OR state = 'refused'
		OR state = 'later' OR state = 'in_doubt' OR state = 'left'),
	attempts INTEGER NOT NULL DEFAULT 0,
	next_at INTEGER NOT NULL DEFAULT 0,
	reply INTEGER NOT NULL DEFAULT 0,    -- the mail server's last code
	token_hash BLOB UNIQUE CHECK (length(token_hash) = 32), -- of the unsubscribe link
	day INTEGER NOT NULL,
	try INTEGER NOT NULL DEFAULT 0,
	enhanced TEXT NOT NULL DEFAULT '',   -- the server's last "5.1.1"
	leaving INTEGER NOT NULL DEFAULT 0 CHECK (leaving = 0 OR leaving = 1),
	UNIQUE (issue, subscriber),
	CHECK ((kind = 'issue') = (issue IS NOT NULL))
) STRICT;
INSERT INTO delivery_new (id, kind, issue, subscriber, address_sealed, url_sealed, language, state, attempts, next_at, reply, token_hash, day,
	try, enhanced, leaving)
SELECT id, kind, issue, subscriber, address_sealed, url_sealed, language, state, attempts, next_at, reply, token_hash, day, try, enhanced, leaving
FROM delivery ORDER BY id;
DROP TABLE delivery;
ALTER TABLE delivery_new RENAME TO delivery;
CREATE INDEX delivery_due ON delivery (issue, state, next_at);
CREATE INDEX delivery_subscriber ON delivery (subscriber);

CREATE TRIGGER delivery_count_new AFTER INSERT ON delivery WHEN NEW.issue IS NOT NULL BEGIN
	INSERT INTO issue_count (issue, state, mails) VALUES (NEW.issue, NEW.state, 1)
	ON CONFLICT (issue, state) DO UPDATE SET mails = mails + 1;
END;
CREATE TRIGGER delivery_count_gone AFTER DELETE ON delivery WHEN OLD.issue IS NOT NULL BEGIN
	UPDATE issue_count SET mails = mails - 1 WHERE issue = OLD.issue AND state = OLD.state;
END;
