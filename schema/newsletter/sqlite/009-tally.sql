-- How many are confirmed and how many are gone for good, counted as it changes: the page of the list is looked at while a million are
-- imported. Who comes in is counted by the code that confirms (newsletter_confirmed_add): a trigger for each imported row costs as much as
-- half the row. Whoever rebuilds subscriber or suppression makes these triggers anew.
-- SPDX-License-Identifier: ISC

CREATE TABLE tally (
	of TEXT PRIMARY KEY CHECK (of IN ('confirmed', 'suppressed')),
	number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO tally (of, number) SELECT 'confirmed', count(*) FROM subscriber WHERE state = 'confirmed';
INSERT INTO tally (of, number) SELECT 'suppressed', count(*) FROM suppression;

CREATE TRIGGER subscriber_tally_gone AFTER DELETE ON subscriber WHEN OLD.state = 'confirmed' BEGIN
	UPDATE tally SET number = number - 1 WHERE of = 'confirmed';
END;
CREATE TRIGGER suppression_tally_new AFTER INSERT ON suppression BEGIN
	UPDATE tally SET number = number + 1 WHERE of = 'suppressed';
END;
CREATE TRIGGER suppression_tally_gone AFTER DELETE ON suppression BEGIN
	UPDATE tally SET number = number - 1 WHERE of = 'suppressed';
END;
