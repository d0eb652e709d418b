-- What was moved in from another system, and where its pages were.
-- SPDX-License-Identifier: ISC

-- A story as it was last taken in: the same again changes nothing, and what the desk has changed since is left alone.
CREATE TABLE movein (
	identity TEXT PRIMARY KEY,             -- as in story
	hash TEXT NOT NULL,                    -- of everything that was taken in
	changed INTEGER NOT NULL               -- story.changed as it was then
) STRICT, WITHOUT ROWID;

-- Old addresses of what is no story: lists, feeds.
CREATE TABLE moved_page (
	old_path TEXT PRIMARY KEY,
	path TEXT NOT NULL                     -- "/section/politics/"
) STRICT, WITHOUT ROWID;
