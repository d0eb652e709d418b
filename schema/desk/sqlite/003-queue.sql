-- The earliest date that a change concerns, the old one or the new: only younger stories can name the story in "Read more".
-- SPDX-License-Identifier: ISC
ALTER TABLE bake_queue ADD COLUMN since INTEGER;
