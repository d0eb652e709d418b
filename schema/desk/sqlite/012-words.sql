-- What is typed knows whether it changed the photo's words.
-- SPDX-License-Identifier: ISC

ALTER TABLE story_working ADD COLUMN words TEXT NOT NULL DEFAULT ''; -- fingerprint of the photo's words as they came from the story
