-- Flags and figures of the appeal. Stories that carry no appeal for money: about deaths, about children, about those who were arrested for giving.
-- SPDX-License-Identifier: ISC

ALTER TABLE story ADD COLUMN sensitive INTEGER NOT NULL DEFAULT 0 CHECK (sensitive IN (0, 1));

-- How far readers have come towards [support] goal, as support said last: what support/goal.svg shows.
CREATE TABLE goal (
	only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
	reached INTEGER NOT NULL,
	is_money INTEGER NOT NULL CHECK (is_money IN (0, 1))
) STRICT;
