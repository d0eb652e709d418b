-- desk.sql: every statement of the desk. Inputs $1…, outputs in the order of the columns.
-- SPDX-License-Identifier: ISC

-- --- photos ---

-- name: photo_put
-- hash, width, height, widths, removed, dominant
INSERT INTO photo (hash, width, height, widths, removed, dominant) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (hash) DO UPDATE SET width = $2, height = $3, widths = $4, removed = $5, dominant = $6

-- name: photo_find
-- hash → width, height, widths, removed, dominant
SELECT width, height, widths, removed, dominant FROM photo WHERE hash = $1

-- name: photo_shown
-- → hash, widths of every photo that a published story names
SELECT hash, widths FROM photo WHERE hash IN (SELECT photo FROM story WHERE state = 'published')

-- name: photo_hidden
-- → hash, widths of every photo that no published story names
SELECT hash, widths FROM photo
WHERE hash NOT IN (SELECT photo FROM story WHERE state = 'published' AND photo IS NOT NULL)

-- --- stories ---

-- name: story_insert
-- id, identity, state, title, slug, lang, dir, section, excerpt, body, photo, alt, caption, credit, published, updated, path, now, due
INSERT INTO story (id, identity, state, title, slug, lang, dir, section, excerpt, body, photo, alt, caption, credit, published,
	updated, path, was_public, revision, changed, due)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
	CASE WHEN $3 = 'published' THEN 1 ELSE 0 END, 1, $18, $19)

-- name: story_update
-- id, state, title, slug, lang, dir, section, excerpt, body, photo, alt, caption, credit, published, updated, path, now, revision, due
UPDATE story SET state = $2, title = $3, slug = $4, lang = $5, dir = $6, section = $7, excerpt = $8, body = $9, photo = $10,
	alt = $11, caption = $12, credit = $13, published = $14, updated = $15, path = $16, changed = $17, revision = $18, due = $19,
	was_public = CASE WHEN $2 = 'published' THEN 1 ELSE was_public END
WHERE id = $1

-- name: story_set_state
-- id, state, published, path, now, reason, due, note, whose note
UPDATE story SET state = $2, published = $3, path = $4, changed = $5, withdrawn_reason = $6, due = $7, note = $8, note_by = $9,
	was_public = CASE WHEN $2 = 'published' THEN 1 ELSE was_public END
WHERE id = $1

-- name: story_by_identity
-- identity → id
SELECT id FROM story WHERE identity = $1

-- name: story_find
-- id as text, slug or identity → id, newest first
SELECT id FROM story WHERE CAST(id AS TEXT) = $1 OR identity = $1 OR slug = $1 OR path = $1
ORDER BY CASE WHEN CAST(id AS TEXT) = $1 THEN 0 WHEN identity = $1 THEN 1 ELSE 2 END, changed DESC LIMIT 2

-- name: story_one
-- id → as story_all, then body, identity, revision, changed, withdrawn_reason, was_public, removed, due, note, note_by
SELECT s.id, s.state, s.title, s.slug, s.lang, s.dir, s.section, s.excerpt, s.photo, p.width, p.height, p.widths, p.dominant,
	s.alt, s.caption, s.credit, s.published, s.updated, s.path, s.body, s.identity, s.revision, s.changed,
	s.withdrawn_reason, s.was_public, p.removed, s.due, s.note, s.note_by
FROM story s LEFT JOIN photo p ON p.hash = s.photo WHERE s.id = $1

-- name: story_all
-- → every story that was ever public, the oldest first
SELECT s.id, s.state, s.title, s.slug, s.lang, s.dir, s.section, s.excerpt, s.photo, p.width, p.height, p.widths, p.dominant,
	s.alt, s.caption, s.credit, s.published, s.updated, s.path
FROM story s LEFT JOIN photo p ON p.hash = s.photo WHERE s.was_public = 1 ORDER BY s.published, s.id

-- name: story_bodies
-- → id, body of every published story, in the order of story_all
SELECT id, body FROM story WHERE state = 'published' ORDER BY published, id

-- name: story_body
-- id → body
SELECT body FROM story WHERE id = $1

-- name: story_rows
-- state or '', limit, offset → id, identity, state, title, section, lang, published, changed, path, photo, excerpt, credit, caption
SELECT id, identity, state, title, section, lang, published, changed, path, photo, excerpt, credit, caption FROM story
WHERE $1 = '' OR state = $1 ORDER BY COALESCE(published, changed) DESC, id DESC LIMIT $2 OFFSET $3

-- name: story_count
-- state or ''
SELECT count(*) FROM story WHERE $1 = '' OR state = $1

-- name: story_path_taken
-- path, id → how many other stories have it
SELECT count(*) FROM story WHERE path = $1 AND id <> $2

-- name: revision_insert
-- story, number, now, by, title, excerpt, body, bylines, reason, words added, words removed, what else
INSERT INTO story_revision (story, number, made, made_by, title, excerpt, body, bylines, reason, words_added, words_removed, other)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: author_clear
DELETE FROM story_author WHERE story = $1

-- name: author_insert
INSERT INTO story_author (story, place, name) VALUES ($1, $2, $3)

-- name: author_all
-- → story, name
SELECT story, name FROM story_author ORDER BY story, place

-- name: author_of
SELECT name FROM story_author WHERE story = $1 ORDER BY place

-- name: topic_clear
DELETE FROM story_topic WHERE story = $1

-- name: topic_insert
INSERT INTO story_topic (story, place, name) VALUES ($1, $2, $3)

-- name: topic_all
-- → story, name
SELECT story, name FROM story_topic ORDER BY story, place

-- name: topic_of
SELECT name FROM story_topic WHERE story = $1 ORDER BY place

-- name: term_clear
DELETE FROM story_term WHERE story = $1

-- name: term_insert
INSERT INTO story_term (story, place, term) VALUES ($1, $2, $3)

-- name: term_all
-- → story, term
SELECT story, term FROM story_term ORDER BY story, place

-- name: term_of
SELECT term FROM story_term WHERE story = $1 ORDER BY place

-- name: correction_clear
DELETE FROM story_correction WHERE story = $1

-- name: correction_insert
-- story, place, made, text, grave, kind
INSERT INTO story_correction (story, place, made, text, grave, kind) VALUES ($1, $2, $3, $4, $5, $6)

-- name: correction_all
-- → story, made, text, grave, kind
SELECT story, made, text, grave, kind FROM story_correction ORDER BY story, place

-- name: correction_of
-- story → made, text, grave, kind
SELECT made, text, grave, kind FROM story_correction WHERE story = $1 ORDER BY place

-- --- lists ---

-- name: list_put
-- id, kind, slug, name
INSERT INTO list (id, kind, slug, name) VALUES ($1, $2, $3, $4) ON CONFLICT (kind, slug) DO UPDATE SET name = $4

-- name: list_find
-- kind, slug → id
SELECT id FROM list WHERE kind = $1 AND slug = $2

-- name: list_of_story
-- story → list
SELECT list FROM list_slot WHERE story = $1 ORDER BY list

-- name: list_has
-- list, story
SELECT count(*) FROM list_slot WHERE list = $1 AND story = $2

-- name: list_add
-- list, story: the next slot
INSERT INTO list_slot (list, slot, story) SELECT id, next_slot, $2 FROM list WHERE id = $1

-- name: list_advance
UPDATE list SET next_slot = next_slot + 1 WHERE id = $1

-- name: list_leave
-- list, story: the slot stays a hole
DELETE FROM list_slot WHERE list = $1 AND story = $2

-- name: list_all
-- → id, kind, slug, name, next_slot
SELECT id, kind, slug, name, next_slot FROM list ORDER BY kind, slug

-- name: list_slots
-- → list, slot, story of published stories
SELECT l.list, l.slot, l.story FROM list_slot l JOIN story s ON s.id = l.story WHERE s.state = 'published' ORDER BY l.list, l.slot

-- --- addresses that were ---

-- name: moved_put
-- old path, story
INSERT INTO moved (old_path, story) VALUES ($1, $2) ON CONFLICT (old_path) DO UPDATE SET story = $2

-- name: moved_drop
DELETE FROM moved WHERE old_path = $1

-- name: moved_all
-- → old path, path, state
SELECT m.old_path, s.path, s.state FROM moved m JOIN story s ON s.id = m.story ORDER BY m.old_path

-- --- the bake's queue ---

-- name: queue_add
-- story or NULL, why, old path or NULL, lists, the earliest date concerned
INSERT INTO bake_queue (story, why, old_path, lists, since) VALUES ($1, $2, $3, $4, $5)

-- name: queue_all
-- → id, story, why, old_path, lists, since
SELECT id, story, why, old_path, lists, since FROM bake_queue ORDER BY id

-- name: queue_done
-- highest id that was baked
DELETE FROM bake_queue WHERE id <= $1

-- name: queue_count
SELECT count(*) FROM bake_queue

-- --- issues ---

-- name: issue_insert
-- id, subject, preheader, intro, lang, html, text, hash, now
INSERT INTO issue (id, subject, preheader, intro, lang, html, text, hash, made, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'frozen')

-- name: issue_story_insert
INSERT INTO issue_story (issue, place, story) VALUES ($1, $2, $3)

-- name: issue_one
-- id → subject, preheader, intro, lang, html, text, hash, made, state, started
SELECT subject, preheader, intro, lang, html, text, hash, made, state, started FROM issue WHERE id = $1

-- name: issue_all
-- → id, subject, lang, made, state, started; newest first
SELECT id, subject, lang, made, state, started FROM issue ORDER BY COALESCE(started, made) DESC, id DESC

-- name: issue_started_all
-- → id, subject, intro, lang, started; those that started, newest first
SELECT id, subject, intro, lang, started FROM issue WHERE state = 'started' ORDER BY started DESC, id DESC

-- name: issue_stories
-- issue → story
SELECT story FROM issue_story WHERE issue = $1 ORDER BY place

-- name: issue_drop
-- id: one that the newsletter did not take
DELETE FROM issue WHERE id = $1 AND state = 'frozen'

-- name: issue_frozen
-- made after → id of those that have not started
SELECT id FROM issue WHERE state = 'frozen' AND made > $1 ORDER BY made DESC LIMIT 8

-- name: issue_start
-- id, started
UPDATE issue SET state = 'started', started = $2 WHERE id = $1 AND state = 'frozen'

-- --- staff, sessions, audit (desk_staff.c, desk_web.c) ---

-- name: staff_insert
-- id, name, role, now
INSERT INTO staff (id, name, role, state, made) VALUES ($1, $2, $3, 'active', $4)

-- name: staff_all
-- → id, name, role, state, made, first_login
SELECT id, name, role, state, made, first_login FROM staff ORDER BY state, name

-- name: staff_find
-- id as text, or name → id, name, role, state, first_login
SELECT id, name, role, state, first_login FROM staff WHERE CAST(id AS TEXT) = $1 OR name = $1
ORDER BY CASE WHEN CAST(id AS TEXT) = $1 THEN 0 ELSE 1 END LIMIT 1

-- name: staff_revoke
UPDATE staff SET state = 'revoked' WHERE id = $1 AND state = 'active'

-- name: staff_came
-- id, now
UPDATE staff SET first_login = $2 WHERE id = $1 AND first_login IS NULL

-- name: staff_link_insert
-- hash, staff, expires
INSERT INTO staff_link (hash, staff, expires) VALUES ($1, $2, $3)

-- name: staff_link_find
-- hash, now → staff, name
SELECT l.staff, s.name FROM staff_link l JOIN staff s ON s.id = l.staff
WHERE l.hash = $1 AND l.expires > $2 AND s.state = 'active'

-- name: staff_link_drop
DELETE FROM staff_link WHERE hash = $1

-- name: staff_link_drop_of
-- staff
DELETE FROM staff_link WHERE staff = $1

-- name: staff_link_sweep
-- now
DELETE FROM staff_link WHERE expires <= $1

-- name: staff_session_insert
-- hash, staff, now
INSERT INTO staff_session (hash, staff, began, seen) VALUES ($1, $2, $3, $3)

-- name: staff_session_find
-- hash, seen after, began after → staff, name, role, seen
SELECT n.staff, s.name, s.role, n.seen FROM staff_session n JOIN staff s ON s.id = n.staff
WHERE n.hash = $1 AND n.seen > $2 AND n.began > $3 AND s.state = 'active'

-- name: staff_session_seen
-- hash, now
UPDATE staff_session SET seen = $2 WHERE hash = $1

-- name: staff_session_drop
DELETE FROM staff_session WHERE hash = $1

-- name: staff_session_drop_of
-- staff
DELETE FROM staff_session WHERE staff = $1

-- name: staff_session_sweep
-- seen before, began before
DELETE FROM staff_session WHERE seen <= $1 OR began <= $2

-- name: audit_insert
-- now, who, what, about
INSERT INTO audit (made, who, what, about) VALUES ($1, $2, $3, $4)

-- name: audit_list
-- limit, offset → made, who, what, about; newest first
SELECT made, who, what, about FROM audit ORDER BY id DESC LIMIT $1 OFFSET $2

-- --- desk pages (desk_stories.c, desk_letter.c) ---

-- name: web_story_since
-- published after → id, title, lang, dir, section, excerpt, photo, widths, published; newest first
SELECT s.id, s.title, s.lang, s.dir, s.section, s.excerpt, s.photo, p.widths, s.published
FROM story s LEFT JOIN photo p ON p.hash = s.photo
WHERE s.state = 'published' AND s.published > $1 ORDER BY s.published DESC, s.id DESC LIMIT 60

-- name: web_issue_stories
-- issue → id, title, lang, dir of its stories that are still there
SELECT s.id, s.title, s.lang, s.dir FROM issue_story i JOIN story s ON s.id = i.story WHERE i.issue = $1 ORDER BY i.place

-- --- the list (desk_stories.c): $1 state, $2 section, $3 language ('' for any), $4 limit, $5 offset ---

-- name: listing_by_date
-- → id, state, title, lang, dir, section, excerpt, photo, widths, alt, caption, credit, published, changed, path, due, authors, no text?
SELECT s.id, s.state, s.title, s.lang, s.dir, s.section, s.excerpt, s.photo, p.widths, s.alt, s.caption, s.credit, s.published,
	s.changed, s.path, s.due, (SELECT group_concat(a.name, ', ') FROM (SELECT name FROM story_author WHERE story = s.id ORDER BY place) AS a),
	s.body = '' FROM (SELECT id FROM story WHERE
	($1 = '' OR state = $1) AND ($2 = '' OR section = $2) AND ($3 = '' OR lang = $3)
	ORDER BY listed DESC LIMIT $4 OFFSET $5) AS w
JOIN story s ON s.id = w.id LEFT JOIN photo p ON p.hash = s.photo ORDER BY s.listed DESC

-- name: listing_by_change
-- → the same, what was changed last first
SELECT s.id, s.state, s.title, s.lang, s.dir, s.section, s.excerpt, s.photo, p.widths, s.alt, s.caption, s.credit, s.published,
	s.changed, s.path, s.due, (SELECT group_concat(a.name, ', ') FROM (SELECT name FROM story_author WHERE story = s.id ORDER BY place) AS a),
	s.body = '' FROM (SELECT id FROM story WHERE
	($1 = '' OR state = $1) AND ($2 = '' OR section = $2) AND ($3 = '' OR lang = $3)
	ORDER BY changed DESC LIMIT $4 OFFSET $5) AS w
JOIN story s ON s.id = w.id LEFT JOIN photo p ON p.hash = s.photo ORDER BY s.changed DESC

-- name: listing_of_author
-- and $6 byline, $7 'changed' or '' → the same
SELECT s.id, s.state, s.title, s.lang, s.dir, s.section, s.excerpt, s.photo, p.widths, s.alt, s.caption, s.credit, s.published,
	s.changed, s.path, s.due, (SELECT group_concat(a.name, ', ') FROM (SELECT name FROM story_author WHERE story = s.id ORDER BY place) AS a),
	s.body = '' FROM (SELECT id FROM story WHERE
	id IN (SELECT story FROM story_author WHERE name = $6) AND ($1 = '' OR state = $1) AND ($2 = '' OR section = $2) AND ($3 = '' OR lang = $3)
	ORDER BY CASE WHEN $7 = 'changed' THEN changed ELSE listed END DESC LIMIT $4 OFFSET $5) AS w
JOIN story s ON s.id = w.id LEFT JOIN photo p ON p.hash = s.photo ORDER BY CASE WHEN $7 = 'changed' THEN s.changed ELSE s.listed END DESC

-- name: listing_of_words
-- and $6 byline or '', $7 'changed' or '', $8 words for story_find, $9 at most so many of those that were saved last → the same
SELECT s.id, s.state, s.title, s.lang, s.dir, s.section, s.excerpt, s.photo, p.widths, s.alt, s.caption, s.credit, s.published,
	s.changed, s.path, s.due, (SELECT group_concat(a.name, ', ') FROM (SELECT name FROM story_author WHERE story = s.id ORDER BY place) AS a),
	s.body = '' FROM (SELECT id FROM story WHERE
	id IN (SELECT story FROM story_find WHERE story_find MATCH $8 ORDER BY rowid DESC LIMIT $9) AND ($1 = '' OR state = $1) AND ($2 = '' OR section = $2) AND ($3 = '' OR lang = $3)
	AND ($6 = '' OR id IN (SELECT story FROM story_author WHERE name = $6))
	ORDER BY CASE WHEN $7 = 'changed' THEN changed ELSE listed END DESC LIMIT $4 OFFSET $5) AS w
JOIN story s ON s.id = w.id LEFT JOIN photo p ON p.hash = s.photo ORDER BY CASE WHEN $7 = 'changed' THEN s.changed ELSE s.listed END DESC

-- name: listing_counts
-- → state, how many (kept by triggers)
SELECT state, stories FROM story_count

-- name: listing_sections
-- → every section that a story has, in order (one step of the index for each)
WITH RECURSIVE one (v) AS (SELECT min(section) FROM story UNION ALL
	SELECT (SELECT min(section) FROM story WHERE section > one.v) FROM one WHERE one.v IS NOT NULL)
SELECT v FROM one WHERE v <> '' LIMIT 500

-- name: listing_languages
-- → every language that a story has, in order (one step of the index for each)
WITH RECURSIVE one (v) AS (SELECT min(lang) FROM story UNION ALL
	SELECT (SELECT min(lang) FROM story WHERE lang > one.v) FROM one WHERE one.v IS NOT NULL)
SELECT v FROM one WHERE v <> '' LIMIT 500

-- name: listing_authors
-- → every byline that a story has, in order (one step of the index for each)
WITH RECURSIVE one (v) AS (SELECT min(name) FROM story_author UNION ALL
	SELECT (SELECT min(name) FROM story_author WHERE name > one.v) FROM one WHERE one.v IS NOT NULL)
SELECT v FROM one WHERE v <> '' LIMIT 500

-- name: finding_drop
-- story
DELETE FROM story_find WHERE rowid = (SELECT found FROM story WHERE id = $1)

-- name: finding_number
-- story: the highest of all
UPDATE story SET found = (SELECT COALESCE(max(found), 0) + 1 FROM story) WHERE id = $1

-- name: finding_put
-- story, folded words
INSERT INTO story_find (rowid, words, story) SELECT found, $2, id FROM story WHERE id = $1

-- name: finding_tidy
-- what was taken out leaves the index's old parts, too
INSERT INTO story_find (story_find) VALUES ('optimize')

-- name: finding_lacks
-- after this id → the next story that cannot be found yet
SELECT id FROM story WHERE found IS NULL AND id > $1 ORDER BY id LIMIT 500

-- --- the life of a story (story_step.c, story_due.c) ---

-- name: due_first
-- → id, due of the next that is scheduled
SELECT id, due FROM story WHERE due IS NOT NULL ORDER BY due, id LIMIT 1

-- name: due_until
-- now → id, due, title of what is due
SELECT id, due, title FROM story WHERE due IS NOT NULL AND due <= $1 ORDER BY due, id LIMIT 64

-- name: story_touch
-- id, now
UPDATE story SET changed = $2 WHERE id = $1

-- name: story_drop
-- id: one that was never public
DELETE FROM story WHERE id = $1 AND was_public = 0

-- --- revisions (story_revision.c) ---

-- name: revision_list
-- story, limit, offset → number, made, made_by, reason, words added, words removed, what else; newest first
SELECT number, made, made_by, reason, words_added, words_removed, other FROM story_revision WHERE story = $1
ORDER BY number DESC LIMIT $2 OFFSET $3

-- name: revision_one
-- story, number → made, made_by, title, excerpt, body, bylines, reason, words added, words removed, what else
SELECT made, made_by, title, excerpt, body, bylines, reason, words_added, words_removed, other FROM story_revision
WHERE story = $1 AND number = $2

-- name: revision_since
-- story, base → how many saves since then changed what the editor's form holds (a photo or a correction alone is no such)
SELECT count(*) FROM story_revision r WHERE r.story = $1 AND r.number > $2
AND NOT (r.other IN ('photo', 'corrections', 'photo, corrections') AND EXISTS (SELECT 1 FROM story_revision p
	WHERE p.story = r.story AND p.number = r.number - 1 AND p.title = r.title AND p.excerpt = r.excerpt AND p.body = r.body
	AND p.bylines = r.bylines))

-- --- working copies and who is in (story_working.c) ---

-- name: working_put
-- story, staff, now, base, the fields as STORY_TYPED has them
INSERT INTO story_working (story, staff, kept, saved, base, title, standfirst, body, bylines, section, topics, slug, lang, dir, alt, caption, credit,
	day, hour, reason)
VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT (story, staff, kept) DO UPDATE SET saved = $3, base = $4, title = $5, standfirst = $6, body = $7, bylines = $8, section = $9,
	topics = $10, slug = $11, lang = $12, dir = $13, alt = $14, caption = $15, credit = $16, day = $17, hour = $18, reason = $19

-- name: working_get
-- story, staff, kept → saved, base, the fields
SELECT saved, base, title, standfirst, body, bylines, section, topics, slug, lang, dir, alt, caption, credit, day, hour, reason
FROM story_working WHERE story = $1 AND staff = $2 AND kept = $3

-- name: working_kept
-- story, staff → kept, saved of those set aside
SELECT kept, saved FROM story_working WHERE story = $1 AND staff = $2 AND kept > 0 ORDER BY kept DESC LIMIT 20

-- name: working_keep
-- story, staff, now: set aside
UPDATE story_working SET kept = $3 WHERE story = $1 AND staff = $2 AND kept = 0

-- name: working_drop
-- story, staff, kept
DELETE FROM story_working WHERE story = $1 AND staff = $2 AND kept = $3

-- name: editing_put
-- story, staff, now, silent since
INSERT INTO story_editing (story, staff, since, seen) VALUES ($1, $2, $3, $3)
ON CONFLICT (story, staff) DO UPDATE SET since = CASE WHEN seen < $4 THEN $3 ELSE since END, seen = $3

-- name: editing_sweep
-- silent since
DELETE FROM story_editing WHERE seen < $1

-- name: editing_others
-- story, staff, silent since → name, since
SELECT s.name, e.since FROM story_editing e JOIN staff s ON s.id = e.staff
WHERE e.story = $1 AND e.staff <> $2 AND e.seen >= $3 ORDER BY e.since LIMIT 5

-- --- a byline is taken out (story_byline.c): $1 name ---

-- name: byline_stories
-- → id, was it ever public
SELECT s.id, s.was_public FROM story s WHERE s.id IN (SELECT story FROM story_author WHERE name = $1)

-- name: byline_story_count
SELECT count(DISTINCT story) FROM story_author WHERE name = $1

-- name: byline_revision_count
-- revisions with it as a byline
SELECT count(*) FROM story_revision WHERE instr(char(10) || bylines || char(10), char(10) || $1 || char(10)) > 0

-- name: byline_made_count
SELECT count(*) FROM story_revision WHERE made_by = $1

-- name: byline_replace
-- name, instead
-- (not twice in one story)
UPDATE story_author SET name = $2 WHERE name = $1
AND NOT EXISTS (SELECT 1 FROM story_author AS o WHERE o.story = story_author.story AND o.name = $2)

-- name: byline_drop
DELETE FROM story_author WHERE name = $1

-- name: byline_revisions
-- → story, number, bylines
SELECT story, number, bylines FROM story_revision WHERE instr(char(10) || bylines || char(10), char(10) || $1 || char(10)) > 0

-- name: byline_revision_set
-- story, number, bylines
UPDATE story_revision SET bylines = $3 WHERE story = $1 AND number = $2

-- name: byline_made_set
-- name, neutral word
UPDATE story_revision SET made_by = $2 WHERE made_by = $1

-- name: byline_working
-- → story, staff, kept, bylines
SELECT story, staff, kept, bylines FROM story_working WHERE instr(bylines, $1) > 0

-- name: byline_working_set
-- story, staff, kept, bylines
UPDATE story_working SET bylines = $4 WHERE story = $1 AND staff = $2 AND kept = $3

-- name: listing_authors_all
-- → every byline that a story has, without an end
SELECT DISTINCT name FROM story_author

-- name: byline_notes
-- an editor's notes
UPDATE story SET note_by = '' WHERE note_by = $1

-- name: list_drop
-- id
DELETE FROM list WHERE id = $1

-- name: gone_put
-- hash
INSERT INTO gone (hash) VALUES ($1) ON CONFLICT (hash) DO NOTHING

-- name: gone_all
SELECT hash FROM gone ORDER BY hash

-- --- site/search.db: a database of its own (bake_search.c). These blocks stay the last of this file. ---

-- name: search_schema
CREATE VIRTUAL TABLE page USING fts5(title, body, path UNINDEXED, headline UNINDEXED, excerpt UNINDEXED, lang UNINDEXED,
	published UNINDEXED, tokenize = 'unicode61 remove_diacritics 0');

-- name: search_drop
-- story
DELETE FROM page WHERE rowid = $1

-- name: search_put
-- story, folded title, folded body, path, headline, excerpt, lang, published
INSERT INTO page (rowid, title, body, path, headline, excerpt, lang, published) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: search_merge
INSERT INTO page (page) VALUES ('optimize')
