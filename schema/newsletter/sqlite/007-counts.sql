-- How far each issue is, counted as its rows change: with a million of them, counting takes longer than anybody should wait. Whoever
-- rebuilds delivery makes its triggers anew.
-- SPDX-License-Identifier: ISC

CREATE TABLE issue_count (
	issue INTEGER NOT NULL REFERENCES issue(id) ON DELETE CASCADE,
	state TEXT NOT NULL,
	mails INTEGER NOT NULL,
	PRIMARY KEY (issue, state)
) STRICT, WITHOUT ROWID;
INSERT INTO issue_count (issue, state, mails) SELECT issue, state, count(*) FROM delivery WHERE issue IS NOT NULL GROUP BY issue, state;

CREATE TRIGGER delivery_count_new AFTER INSERT ON delivery WHEN NEW.issue IS NOT NULL BEGIN
	INSERT INTO issue_count (issue, state, mails) VALUES (NEW.issue, NEW.state, 1)
	ON CONFLICT (issue, state) DO UPDATE SET mails = mails + 1;
END;
CREATE TRIGGER delivery_count_moved AFTER UPDATE OF state ON delivery WHEN NEW.issue IS NOT NULL AND NEW.state <> OLD.state BEGIN
	UPDATE issue_count SET mails = mails - 1 WHERE issue = OLD.issue AND state = OLD.state;
	INSERT INTO issue_count (issue, state, mails) VALUES (NEW.issue, NEW.state, 1)
	ON CONFLICT (issue, state) DO UPDATE SET mails = mails + 1;
END;
CREATE TRIGGER delivery_count_gone AFTER DELETE ON delivery WHEN OLD.issue IS NOT NULL BEGIN
	UPDATE issue_count SET mails = mails - 1 WHERE issue = OLD.issue AND state = OLD.state;
END;

-- Each change of a state had to move its entry here, too; delivery_due finds the same.
DROP INDEX delivery_state;

-- Who is muted is counted without reading everybody.
CREATE INDEX subscriber_muted ON subscriber (state, muted_until) WHERE muted_until > 0;
