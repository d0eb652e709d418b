-- What the archive of corrections looks up.
-- SPDX-License-Identifier: ISC

CREATE INDEX story_correction_made ON story_correction (made, story);
