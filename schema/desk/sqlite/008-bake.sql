-- What publishing one story looks up: each a few rows of an index, however many stories there are.
-- SPDX-License-Identifier: ISC

-- A story's date while it is published, else NULL. Triggers keep it, whatever changes a story.
ALTER TABLE list_slot ADD COLUMN shown INTEGER;
UPDATE list_slot SET shown = (SELECT s.published FROM story s WHERE s.id = list_slot.story AND s.state = 'published');
CREATE INDEX list_slot_shown ON list_slot (list, shown, story) WHERE shown IS NOT NULL;
CREATE TRIGGER list_slot_given AFTER INSERT ON list_slot BEGIN
	UPDATE list_slot SET shown = (SELECT s.published FROM story s WHERE s.id = new.story AND s.state = 'published')
	WHERE list = new.list AND slot = new.slot;
END;
CREATE TRIGGER story_shown AFTER UPDATE OF state, published ON story
WHEN old.state IS NOT new.state OR old.published IS NOT new.published BEGIN
	UPDATE list_slot SET shown = CASE WHEN new.state = 'published' THEN new.published END WHERE story = new.id;
END;

-- What is told to the bake beside the story itself (story 0 is nobody): that the maps of addresses change, that all pages of a list do.
CREATE TRIGGER moved_new AFTER INSERT ON moved BEGIN
	INSERT INTO bake_queue (story, why, since) VALUES (0, 'addresses', 9223372036854775807);
END;
CREATE TRIGGER moved_other AFTER UPDATE ON moved BEGIN
	INSERT INTO bake_queue (story, why, since) VALUES (0, 'addresses', 9223372036854775807);
END;
CREATE TRIGGER moved_back AFTER DELETE ON moved BEGIN
	INSERT INTO bake_queue (story, why, since) VALUES (0, 'addresses', 9223372036854775807);
END;
CREATE TRIGGER moved_page_new AFTER INSERT ON moved_page BEGIN
	INSERT INTO bake_queue (story, why, since) VALUES (0, 'addresses', 9223372036854775807);
END;
CREATE TRIGGER moved_page_other AFTER UPDATE ON moved_page BEGIN
	INSERT INTO bake_queue (story, why, since) VALUES (0, 'addresses', 9223372036854775807);
END;
CREATE TRIGGER story_address AFTER UPDATE OF state, path ON story
WHEN old.was_public = 1 AND (old.state IS NOT new.state OR old.path IS NOT new.path) BEGIN
	INSERT INTO bake_queue (story, why, since) VALUES (0, 'addresses', 9223372036854775807);
END;
CREATE TRIGGER list_renamed AFTER UPDATE OF name ON list WHEN old.name IS NOT new.name BEGIN
	INSERT INTO bake_queue (story, why, lists, since) VALUES (0, 'renamed', new.id || ' ', 9223372036854775807);
END;

CREATE INDEX story_in_order ON story (published, id, path, updated) WHERE state = 'published';
CREATE INDEX story_gone ON story (published, id, path) WHERE was_public = 1 AND state <> 'published';
CREATE INDEX issue_story_by_story ON issue_story (story);
