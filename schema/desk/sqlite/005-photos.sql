-- The library of photos, pictures in stories' texts, focal points. What stands in photo is what was typed last for it: it is offered again.
-- SPDX-License-Identifier: ISC

ALTER TABLE photo ADD COLUMN alt TEXT NOT NULL DEFAULT '';
ALTER TABLE photo ADD COLUMN caption TEXT NOT NULL DEFAULT '';
ALTER TABLE photo ADD COLUMN credit TEXT NOT NULL DEFAULT '';
ALTER TABLE photo ADD COLUMN words TEXT NOT NULL DEFAULT '';       -- caption, credit and alt folded, for finding
ALTER TABLE photo ADD COLUMN focus_x INTEGER NOT NULL DEFAULT 50 CHECK (focus_x BETWEEN 0 AND 100);
ALTER TABLE photo ADD COLUMN focus_y INTEGER NOT NULL DEFAULT 50 CHECK (focus_y BETWEEN 0 AND 100);
ALTER TABLE photo ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
ALTER TABLE photo ADD COLUMN added_by TEXT NOT NULL DEFAULT '';    -- a staff name, or "import"
ALTER TABLE photo ADD COLUMN added_for INTEGER;                    -- the story on whose page it was uploaded; may be gone
ALTER TABLE photo ADD COLUMN whole INTEGER NOT NULL DEFAULT 1 CHECK (whole IN (0, 1)); -- 0: only its small widths are there (yet)
CREATE INDEX photo_by_added ON photo (added);
CREATE INDEX photo_by_added_for ON photo (added_for);

-- What stories before this file showed is known to the library, too.
UPDATE photo SET
	alt = COALESCE((SELECT s.alt FROM story s WHERE s.photo = photo.hash ORDER BY s.changed DESC LIMIT 1), ''),
	caption = COALESCE((SELECT s.caption FROM story s WHERE s.photo = photo.hash ORDER BY s.changed DESC LIMIT 1), ''),
	credit = COALESCE((SELECT s.credit FROM story s WHERE s.photo = photo.hash ORDER BY s.changed DESC LIMIT 1), ''),
	added = COALESCE((SELECT min(s.changed) FROM story s WHERE s.photo = photo.hash), 0), added_by = 'import';
UPDATE photo SET words = lower(caption || ' ' || credit || ' ' || alt);

ALTER TABLE story ADD COLUMN focus_x INTEGER NOT NULL DEFAULT 50 CHECK (focus_x BETWEEN 0 AND 100);
ALTER TABLE story ADD COLUMN focus_y INTEGER NOT NULL DEFAULT 50 CHECK (focus_y BETWEEN 0 AND 100);

-- Photos that a story's text shows, in their order: made from the text when it is saved.
CREATE TABLE story_picture (
	story INTEGER NOT NULL REFERENCES story (id) ON DELETE CASCADE,
	place INTEGER NOT NULL,
	photo TEXT NOT NULL,                   -- a photo's hash; the text may name one that is not there
	PRIMARY KEY (story, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX story_picture_by_photo ON story_picture (photo);

-- Photos that a change took out of a story, with spaces: they leave the site unless another published story shows them.
ALTER TABLE bake_queue ADD COLUMN photos TEXT NOT NULL DEFAULT '';
