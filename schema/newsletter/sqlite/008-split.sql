-- Whom an issue of a slot left to others when it began: what is planned or cancelled afterwards changes nothing about who got it.
-- SPDX-License-Identifier: ISC

-- The languages of the slot's other issues at that moment, a blank between two.
ALTER TABLE schedule ADD COLUMN leaves TEXT NOT NULL DEFAULT '';
-- Whether who reads none of the slot's languages got this one.
ALTER TABLE schedule ADD COLUMN rest INTEGER NOT NULL DEFAULT 1 CHECK (rest IN (0, 1));

UPDATE schedule SET
	leaves = COALESCE((SELECT group_concat(b.language, ' ') FROM schedule b WHERE b.slot = schedule.slot AND b.issue <> schedule.issue AND b.state <> 'cancelled'), ''),
	rest = NOT EXISTS (SELECT 1 FROM schedule b WHERE b.slot = schedule.slot AND b.state = 'gone' AND b.language < schedule.language)
WHERE state = 'gone' AND slot IS NOT NULL;
