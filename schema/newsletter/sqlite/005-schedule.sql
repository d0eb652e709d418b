-- When issues go by themselves, and what the desk says of a slot that has no issue.
-- SPDX-License-Identifier: ISC

-- An approved issue that waits for its time. A slot ("2026-11-27", its day on the newsroom's clock) has one issue a language, for ever: what a
-- crash, a clock that was set back or a second approval may ask for again is refused here.
CREATE TABLE schedule (
	issue INTEGER PRIMARY KEY REFERENCES issue (id) ON DELETE CASCADE,
	state TEXT NOT NULL CHECK (state IN ('waiting', 'gone', 'skipped', 'held', 'cancelled')),
	slot TEXT CHECK (length(slot) = 10),
	language TEXT NOT NULL,
	send_at INTEGER NOT NULL,
	approved_by TEXT NOT NULL,
	why TEXT NOT NULL DEFAULT '',        -- why it does not go yet, or did not
	changed INTEGER NOT NULL DEFAULT 0   -- when its state changed
) STRICT;
CREATE UNIQUE INDEX schedule_slot ON schedule (slot, language) WHERE slot IS NOT NULL AND state <> 'cancelled';
CREATE INDEX schedule_waiting ON schedule (send_at) WHERE state = 'waiting';

-- The desk's word on a slot, for `newsletter status`: drafted, held, skipped …; and why.
CREATE TABLE slot_word (
	slot TEXT PRIMARY KEY CHECK (length(slot) = 10),
	at INTEGER NOT NULL,
	word TEXT NOT NULL,
	why TEXT NOT NULL
) STRICT, WITHOUT ROWID;
