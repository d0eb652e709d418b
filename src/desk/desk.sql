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
-- id, identity, state, title, slug, lang, dir, section, excerpt, body, photo, alt, caption, credit, published, updated, path, now
INSERT INTO story (id, identity, state, title, slug, lang, dir, section, excerpt, body, photo, alt, caption, credit, published,
	updated, path, was_public, revision, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
	CASE WHEN $3 = 'published' THEN 1 ELSE 0 END, 1, $18)

-- name: story_update
-- id, state, title, slug, lang, dir, section, excerpt, body, photo, alt, caption, credit, published, updated, path, now, revision
UPDATE story SET state = $2, title = $3, slug = $4, lang = $5, dir = $6, section = $7, excerpt = $8, body = $9, photo = $10,
	alt = $11, caption = $12, credit = $13, published = $14, updated = $15, path = $16, changed = $17, revision = $18,
	was_public = CASE WHEN $2 = 'published' THEN 1 ELSE was_public END
WHERE id = $1

-- name: story_set_state
-- id, state, published, path, now, reason
UPDATE story SET state = $2, published = $3, path = $4, changed = $5, withdrawn_reason = $6,
	was_public = CASE WHEN $2 = 'published' THEN 1 ELSE was_public END
WHERE id = $1

-- name: story_by_identity
-- identity → id, state, path, revision, title, excerpt, body, published, was_public
SELECT id, state, path, revision, title, excerpt, body, published, was_public FROM story WHERE identity = $1

-- name: story_find
-- id as text, slug or identity → id, newest first
SELECT id FROM (
	SELECT id, 0 AS place, changed FROM story WHERE id = CAST($1 AS INTEGER) AND CAST(id AS TEXT) = $1
	UNION ALL SELECT id, 1, changed FROM story WHERE identity = $1
	UNION ALL SELECT id, 2, changed FROM story WHERE slug = $1
	UNION ALL SELECT id, 2, changed FROM story WHERE path = $1) AS found
GROUP BY id ORDER BY min(place), max(changed) DESC LIMIT 2

-- name: story_one
-- id → as story_all, then body, identity, revision, changed, withdrawn_reason, was_public
SELECT s.id, s.state, s.title, s.slug, s.lang, s.dir, s.section, s.excerpt, s.photo, p.width, p.height, p.widths, p.dominant,
	s.alt, s.caption, s.credit, s.published, s.updated, s.path, s.body, s.identity, s.revision, s.changed,
	s.withdrawn_reason, s.was_public, p.removed
FROM story s LEFT JOIN photo p ON p.hash = s.photo WHERE s.id = $1

-- name: story_all
-- → every published story, the oldest first
SELECT s.id, s.state, s.title, s.slug, s.lang, s.dir, s.section, s.excerpt, s.photo, p.width, p.height, p.widths, p.dominant,
	s.alt, s.caption, s.credit, s.published, s.updated, s.path
FROM story s LEFT JOIN photo p ON p.hash = s.photo WHERE s.state = 'published' AND s.was_public = 1 ORDER BY s.published, s.id

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
-- story, number, now, by, title, excerpt, body
INSERT INTO story_revision (story, number, made, made_by, title, excerpt, body) VALUES ($1, $2, $3, $4, $5, $6, $7)

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

-- name: term_of
SELECT term FROM story_term WHERE story = $1 ORDER BY place

-- name: term_all
-- → story, term
SELECT story, term FROM story_term ORDER BY story, place

-- name: correction_clear
DELETE FROM story_correction WHERE story = $1

-- name: correction_insert
-- story, place, made, text, grave
INSERT INTO story_correction (story, place, made, text, grave) VALUES ($1, $2, $3, $4, $5)

-- name: correction_of
-- story → made, text, grave
SELECT made, text, grave FROM story_correction WHERE story = $1 ORDER BY place

-- name: correction_all
-- → story, made, text, grave
SELECT story, made, text, grave FROM story_correction ORDER BY story, place

-- --- lists ---

-- name: list_put
-- id, kind, slug, name
INSERT INTO list (id, kind, slug, name) VALUES ($1, $2, $3, $4) ON CONFLICT (kind, slug) DO UPDATE SET name = $4

-- name: list_find
-- kind, slug → id
SELECT id FROM list WHERE kind = $1 AND slug = $2

-- name: list_of_story
-- story → list, slot
SELECT list, slot FROM list_slot WHERE story = $1 ORDER BY list

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
SELECT list, slot, story FROM list_slot WHERE shown IS NOT NULL ORDER BY list, slot

-- --- addresses that were ---

-- name: moved_put
-- old path, story
INSERT INTO moved (old_path, story) VALUES ($1, $2) ON CONFLICT (old_path) DO UPDATE SET story = $2

-- name: moved_drop
DELETE FROM moved WHERE old_path = $1

-- name: moved_all
-- → old path, path, state
SELECT m.old_path, s.path, s.state FROM moved m JOIN story s ON s.id = m.story ORDER BY m.old_path

-- name: gone_all
-- → path of every story that was public and is no more
SELECT path FROM story WHERE was_public = 1 AND state <> 'published' ORDER BY published, id

-- --- what a bake of few stories looks up (bake_hand.c, bake_kin.c): each a few rows of an index ---

-- name: hand_story
-- id → as story_all, in any state
SELECT s.id, s.state, s.title, s.slug, s.lang, s.dir, s.section, s.excerpt, s.photo, p.width, p.height, p.widths, p.dominant,
	s.alt, s.caption, s.credit, s.published, s.updated, s.path
FROM story s LEFT JOIN photo p ON p.hash = s.photo WHERE s.id = $1

-- name: hand_date
-- id → state, published
SELECT state, published FROM story WHERE id = $1

-- name: hand_count
-- → how many are published
SELECT count(*) FROM story WHERE state = 'published'

-- name: hand_newest
-- limit → id
SELECT id FROM story WHERE state = 'published' ORDER BY published DESC, id DESC LIMIT $1

-- name: hand_oldest
-- limit → id, published
SELECT id, published FROM story WHERE state = 'published' ORDER BY published, id LIMIT $1

-- name: hand_younger
-- published, id, limit → id, published
SELECT id, published FROM story WHERE state = 'published' AND (published, id) > ($1, $2) ORDER BY published, id LIMIT $3

-- name: hand_older
-- published, id, limit → id, published
SELECT id, published FROM story WHERE state = 'published' AND (published, id) < ($1, $2)
ORDER BY published DESC, id DESC LIMIT $3

-- name: hand_list_younger
-- list, published, id, limit → story, published
SELECT story, shown FROM list_slot WHERE list = $1 AND shown IS NOT NULL AND (shown, story) > ($2, $3)
ORDER BY shown, story LIMIT $4

-- name: hand_list_older
-- list, published, id, limit → story, published
SELECT story, shown FROM list_slot WHERE list = $1 AND shown IS NOT NULL AND (shown, story) < ($2, $3)
ORDER BY shown DESC, story DESC LIMIT $4

-- name: hand_list
-- id → id, kind, slug, name, next_slot
SELECT id, kind, slug, name, next_slot FROM list WHERE id = $1

-- name: hand_list_slots
-- list, from, until → slot, story of published stories
SELECT slot, story FROM list_slot WHERE list = $1 AND slot >= $2 AND slot < $3 AND shown IS NOT NULL ORDER BY slot

-- name: hand_list_last
-- list, limit → slot, story of published stories, the last slots first
SELECT slot, story FROM list_slot WHERE list = $1 AND shown IS NOT NULL ORDER BY slot DESC LIMIT $2

-- name: hand_issues
-- story → issues that name it
SELECT issue FROM issue_story WHERE story = $1

-- name: hand_lives
-- path → whether a published story has it
SELECT count(*) FROM story WHERE path = $1 AND state = 'published'

-- name: hand_photo_shown
-- hash → whether a published story has it
SELECT count(*) FROM (SELECT 1 FROM story WHERE photo = $1 AND state = 'published' LIMIT 1) AS one

-- name: sitemap_month
-- from, until, limit → path, published, updated of published stories
SELECT path, published, updated FROM story WHERE state = 'published' AND published >= $1 AND published < $2
ORDER BY published, id LIMIT $3

-- name: sitemap_any
-- from, until → whether a story was published then
SELECT count(*) FROM (SELECT 1 FROM story WHERE state = 'published' AND published >= $1 AND published < $2 LIMIT 1) AS one

-- name: sitemap_span
-- → the first date and the last
SELECT (SELECT published FROM story WHERE state = 'published' ORDER BY published LIMIT 1),
	(SELECT published FROM story WHERE state = 'published' ORDER BY published DESC LIMIT 1)

-- name: kin_all
-- → list, story, published of all published stories in sections and topics; is it a section
SELECT s.list, s.story, s.shown, CASE WHEN l.kind = 'section' THEN 1 ELSE 0 END FROM list_slot s JOIN list l ON l.id = s.list
WHERE l.kind <> 'author' AND s.shown IS NOT NULL ORDER BY s.list, s.shown, s.story

-- name: kin_of
-- story → its lists that count, is it a section
SELECT s.list, CASE WHEN l.kind = 'section' THEN 1 ELSE 0 END FROM list_slot s JOIN list l ON l.id = s.list
WHERE s.story = $1 AND l.kind <> 'author' ORDER BY s.list

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

-- --- feeds, the text-only pages, the corrections (bake_feeds.c, bake_plain.c, bake_corrections.c) ---

-- name: feed_newest
-- limit → id of published stories
SELECT id FROM story WHERE state = 'published' ORDER BY published DESC, id DESC LIMIT $1

-- name: feed_list
-- list, limit → id of published stories
SELECT story FROM list_slot WHERE list = $1 AND shown IS NOT NULL ORDER BY shown DESC, story DESC LIMIT $2

-- name: sitemap_news
-- published after, before, limit → path, published, lang, title; the newest first
SELECT path, published, lang, title FROM story WHERE state = 'published' AND published > $1 AND published < $2
ORDER BY published DESC, id DESC LIMIT $3

-- name: sitemap_news_first
-- published after → the date of the oldest of them
SELECT min(published) FROM story WHERE state = 'published' AND published > $1

-- name: plain_newest
-- limit → path, published, title, lang, dir; the newest first
SELECT path, published, title, lang, dir FROM story WHERE state = 'published' ORDER BY published DESC, id DESC LIMIT $1

-- name: plain_month
-- from, until, limit → path, published, title, lang, dir; the newest first
SELECT path, published, title, lang, dir FROM story WHERE state = 'published' AND published >= $1 AND published < $2
ORDER BY published DESC, id DESC LIMIT $3

-- name: correction_made
-- → made, story of every correction of a published story (CROSS JOIN: corrections are few, stories many)
SELECT c.made, c.story FROM story_correction c CROSS JOIN story s WHERE s.id = c.story AND s.state = 'published'
ORDER BY c.made, c.story

-- name: correction_between
-- from, until, limit → made, text, grave, title, lang, dir, path; the newest first
SELECT c.made, c.text, c.grave, s.title, s.lang, s.dir, s.path FROM story_correction c CROSS JOIN story s
WHERE s.id = c.story AND s.state = 'published' AND c.made >= $1 AND c.made < $2 ORDER BY c.made DESC, s.path, c.place LIMIT $3

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

-- name: web_story_rows
-- state or '', limit → id, state, title, lang, dir, section, excerpt, photo, widths, alt, caption, credit, published, changed, path
SELECT s.id, s.state, s.title, s.lang, s.dir, s.section, s.excerpt, s.photo, p.widths, s.alt, s.caption, s.credit, s.published,
	s.changed, s.path
FROM story s LEFT JOIN photo p ON p.hash = s.photo
WHERE $1 = '' OR s.state = $1 ORDER BY COALESCE(s.published, s.changed) DESC, s.id DESC LIMIT $2

-- name: web_story_since
-- published after → id, title, lang, dir, section, excerpt, photo, widths, published; newest first
SELECT s.id, s.title, s.lang, s.dir, s.section, s.excerpt, s.photo, p.widths, s.published
FROM story s LEFT JOIN photo p ON p.hash = s.photo
WHERE s.state = 'published' AND s.published > $1 ORDER BY s.published DESC, s.id DESC LIMIT 60

-- name: web_revisions
-- story → number, made, made_by
SELECT number, made, made_by FROM story_revision WHERE story = $1 ORDER BY number DESC LIMIT 20

-- name: web_issue_stories
-- issue → id, title, lang, dir of its stories that are still there
SELECT s.id, s.title, s.lang, s.dir FROM issue_story i JOIN story s ON s.id = i.story WHERE i.issue = $1 ORDER BY i.place

-- --- site/search.db: a database of its own (bake_search.c). These blocks stay the last of this file. ---

-- name: search_schema
CREATE VIRTUAL TABLE page USING fts5(title, body, path UNINDEXED, headline UNINDEXED, excerpt UNINDEXED, lang UNINDEXED,
	published UNINDEXED, section UNINDEXED, plain UNINDEXED, tokenize = 'unicode61 remove_diacritics 0');

-- name: search_drop
-- story
DELETE FROM page WHERE rowid = $1

-- name: search_put
-- story, folded title, folded body, path, headline, excerpt, lang, published, section, text as written
INSERT INTO page (rowid, title, body, path, headline, excerpt, lang, published, section, plain)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: search_merge
INSERT INTO page (page) VALUES ('optimize')
