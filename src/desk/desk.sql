-- desk.sql: every statement of the desk. Inputs $1…, outputs in the order of the columns.
-- SPDX-License-Identifier: ISC

-- --- photos ---

-- name: photo_put
-- hash, width, height, widths, removed, dominant, whole, alt, caption, credit, words, now, by, story or NULL: texts that are empty change none
INSERT INTO photo (hash, width, height, widths, removed, dominant, whole, alt, caption, credit, words, added, added_by, added_for)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (hash) DO UPDATE SET width = $2, height = $3, widths = $4, removed = $5, dominant = $6, whole = $7,
	alt = CASE WHEN $11 <> '' THEN $8 ELSE photo.alt END, caption = CASE WHEN $11 <> '' THEN $9 ELSE photo.caption END,
	credit = CASE WHEN $11 <> '' THEN $10 ELSE photo.credit END, words = CASE WHEN $11 <> '' THEN $11 ELSE photo.words END,
	added_for = COALESCE($14, photo.added_for)

-- name: photo_find
-- hash → width, height, widths, removed, dominant, whole, alt, caption, credit, focus_x, focus_y, added, added_by, added_for
SELECT width, height, widths, removed, dominant, whole, alt, caption, credit, focus_x, focus_y, added, added_by, added_for
FROM photo WHERE hash = $1

-- name: photo_set_texts
-- hash, alt, caption, credit, words
UPDATE photo SET alt = $2, caption = $3, credit = $4, words = $5 WHERE hash = $1

-- name: photo_set_focus
-- hash, x, y
UPDATE photo SET focus_x = $2, focus_y = $3 WHERE hash = $1

-- name: photo_set_story
-- hash, story: on whose page it is at hand
UPDATE photo SET added_for = $2 WHERE hash = $1

-- name: photo_drop
-- hash
DELETE FROM photo WHERE hash = $1

-- name: photo_library
-- three folded words or '', limit, offset → hash, widths, alt, caption, credit, added, stories that use it; newest first
SELECT p.hash, p.widths, p.alt, p.caption, p.credit, p.added,
	(SELECT count(*) FROM (SELECT s.id FROM story s WHERE s.photo = p.hash UNION SELECT i.story FROM story_picture i WHERE i.photo = p.hash) u)
FROM photo p WHERE p.words LIKE '%' || $1 || '%' AND p.words LIKE '%' || $2 || '%' AND p.words LIKE '%' || $3 || '%'
ORDER BY p.added DESC, p.hash LIMIT $4 OFFSET $5

-- name: photo_at_hand
-- story → hash, widths, alt, caption, credit, is the lead, is in the text: what its page and editor offer
SELECT p.hash, p.widths, p.alt, p.caption, p.credit,
	CASE WHEN p.hash = (SELECT photo FROM story WHERE id = $1) THEN 1 ELSE 0 END,
	CASE WHEN p.hash IN (SELECT photo FROM story_picture WHERE story = $1) THEN 1 ELSE 0 END
FROM photo p WHERE p.added_for = $1 OR p.hash IN (SELECT photo FROM story_picture WHERE story = $1)
	OR p.hash = (SELECT photo FROM story WHERE id = $1)
ORDER BY p.added, p.hash LIMIT 100

-- name: photo_users
-- hash → id, title, lang, dir, state of the stories that use it
SELECT id, title, lang, dir, state FROM story WHERE photo = $1 OR id IN (SELECT story FROM story_picture WHERE photo = $1)
ORDER BY COALESCE(published, changed) DESC, id DESC LIMIT 100

-- name: photo_shown
-- → hash, widths of every photo that a published story names
SELECT hash, widths FROM photo WHERE hash IN (SELECT photo FROM story WHERE state = 'published')
	OR hash IN (SELECT i.photo FROM story_picture i JOIN story s ON s.id = i.story WHERE s.state = 'published')

-- name: photo_hidden
-- → hash, widths of every photo that no published story names
SELECT hash, widths FROM photo
WHERE hash NOT IN (SELECT photo FROM story WHERE state = 'published' AND photo IS NOT NULL)
	AND hash NOT IN (SELECT i.photo FROM story_picture i JOIN story s ON s.id = i.story WHERE s.state = 'published')

-- name: photo_is_shown
-- hash → how many published stories name it
SELECT (SELECT count(*) FROM story WHERE photo = $1 AND state = 'published')
	+ (SELECT count(*) FROM story_picture i CROSS JOIN story s WHERE s.id = i.story AND i.photo = $1 AND s.state = 'published')

-- name: photo_of_story
-- story → hash, widths of its lead and of the pictures in its text
SELECT hash, widths FROM photo WHERE hash = (SELECT photo FROM story WHERE id = $1)
	OR hash IN (SELECT photo FROM story_picture WHERE story = $1)

-- name: photo_in_texts
-- → hash, width, height, widths, dominant, credit of all photos in published texts, by hash
SELECT hash, width, height, widths, dominant, credit FROM photo
WHERE hash IN (SELECT i.photo FROM story_picture i JOIN story s ON s.id = i.story WHERE s.state = 'published') ORDER BY hash

-- name: photo_in_text
-- story → as photo_in_texts
SELECT hash, width, height, widths, dominant, credit FROM photo WHERE hash IN (SELECT photo FROM story_picture WHERE story = $1)

-- name: photo_publics
-- hash → id, published of the published stories that name it
SELECT id, published FROM story WHERE +state = 'published' -- by the photo: its rows are few
	AND (photo = $1 OR id IN (SELECT story FROM story_picture WHERE photo = $1))

-- name: picture_of
-- story → photo, in the text's order
SELECT photo FROM story_picture WHERE story = $1 ORDER BY place

-- name: picture_clear
DELETE FROM story_picture WHERE story = $1

-- name: picture_insert
-- story, place, photo
INSERT INTO story_picture (story, place, photo) VALUES ($1, $2, $3)

-- name: story_set_photo
-- id, photo or NULL, alt, caption, credit, focus_x, focus_y, now: the text stays as it is, so no revision
UPDATE story SET photo = $2, alt = $3, caption = $4, credit = $5, focus_x = $6, focus_y = $7, changed = $8 WHERE id = $1

-- name: story_set_focus
-- id, x, y
UPDATE story SET focus_x = $2, focus_y = $3 WHERE id = $1

-- name: story_set_sensitive
-- id, 1 where it is, 1 where it says that it is not; else it stays as it was
UPDATE story SET sensitive = CASE WHEN $2 = 1 THEN 1 WHEN $3 = 1 THEN 0 ELSE sensitive END WHERE id = $1

-- name: queue_photos
-- story, why, photos that it let go, the date concerned
INSERT INTO bake_queue (story, why, photos, since) VALUES ($1, $2, $3, $4)

-- name: queue_photos_gone
-- highest row → photos
SELECT photos FROM bake_queue WHERE id <= $1 AND photos <> ''

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
SELECT id FROM (
	SELECT id, 0 AS place, changed FROM story WHERE id = CAST($1 AS INTEGER) AND CAST(id AS TEXT) = $1
	UNION ALL SELECT id, 1, changed FROM story WHERE identity = $1
	UNION ALL SELECT id, 2, changed FROM story WHERE slug = $1
	UNION ALL SELECT id, 2, changed FROM story WHERE path = $1) AS found
GROUP BY id ORDER BY min(place), max(changed) DESC LIMIT 2

-- name: story_one
-- id → as story_all, then body, identity, revision, changed, withdrawn_reason, was_public, removed, due, note, note_by
SELECT s.id, s.state, s.title, s.slug, s.lang, s.dir, s.section, s.excerpt, s.photo, p.width, p.height, p.widths, p.dominant,
	s.alt, s.caption, s.credit, s.published, s.updated, s.path, s.body, s.identity, s.revision, s.changed,
	s.withdrawn_reason, s.was_public, p.removed, s.due, s.note, s.note_by, s.focus_x, s.focus_y, s.sensitive
FROM story s LEFT JOIN photo p ON p.hash = s.photo WHERE s.id = $1

-- name: story_all
-- → every published story, the oldest first
SELECT s.id, s.state, s.title, s.slug, s.lang, s.dir, s.section, s.excerpt, s.photo, p.width, p.height, p.widths, p.dominant,
	s.alt, s.caption, s.credit, s.published, s.updated, s.path, s.focus_x, s.focus_y, s.sensitive
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

-- name: term_of
SELECT term FROM story_term WHERE story = $1 ORDER BY place

-- name: term_all
-- → story, term
SELECT story, term FROM story_term ORDER BY story, place

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
SELECT m.old_path, s.path, s.state FROM moved m JOIN story s ON s.id = m.story WHERE s.was_public = 1 ORDER BY m.old_path

-- --- moving in (movein_*.c) ---

-- name: movein_find
-- identity → hash, changed when it was taken in, changed last
SELECT m.hash, m.changed, s.changed FROM movein m JOIN story s ON s.identity = m.identity WHERE m.identity = $1

-- name: movein_put
-- identity, hash, changed
INSERT INTO movein (identity, hash, changed) VALUES ($1, $2, $3) ON CONFLICT (identity) DO UPDATE SET hash = $2, changed = $3

-- name: moved_page_put
-- old path, path
INSERT INTO moved_page (old_path, path) VALUES ($1, $2) ON CONFLICT (old_path) DO UPDATE SET path = $2

-- name: moved_page_all
-- → old path, path
SELECT old_path, path FROM moved_page ORDER BY old_path

-- name: gone_all
-- → path of every story that was public and is no more
SELECT path FROM story WHERE was_public = 1 AND state <> 'published' ORDER BY published, id

-- --- what a bake of few stories looks up (bake_hand.c, bake_kin.c): each a few rows of an index ---

-- name: hand_story
-- id → as story_all, in any state
SELECT s.id, s.state, s.title, s.slug, s.lang, s.dir, s.section, s.excerpt, s.photo, p.width, p.height, p.widths, p.dominant,
	s.alt, s.caption, s.credit, s.published, s.updated, s.path, s.focus_x, s.focus_y, s.sensitive
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
-- from, until, limit → made, text, grave, title, lang, dir, path, kind; the newest first
SELECT c.made, c.text, c.grave, s.title, s.lang, s.dir, s.path, c.kind FROM story_correction c CROSS JOIN story s
WHERE s.id = c.story AND s.state = 'published' AND c.made >= $1 AND c.made < $2 ORDER BY c.made DESC, s.path, c.place LIMIT $3

-- --- issues ---

-- name: issue_insert
-- id, subject, preheader, intro, lang, html, text, hash, now, mail_subject, sender_name, slot, send_at, approved_by, signoff
INSERT INTO issue (id, subject, preheader, intro, lang, html, text, hash, made, state, mail_subject, sender_name, slot, send_at, approved_by, signoff)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'frozen', $10, $11, $12, $13, $14, $15)

-- name: issue_story_insert
-- issue, place, story, line
INSERT INTO issue_story (issue, place, story, line) VALUES ($1, $2, $3, $4)

-- name: issue_one
-- id → subject, preheader, intro, lang, html, text, hash, made, state, started, mail_subject, sender_name, slot, send_at, approved_by
SELECT subject, preheader, intro, lang, html, text, hash, made, state, started, mail_subject, sender_name, slot, send_at, approved_by FROM issue WHERE id = $1

-- name: issue_all
-- → id, subject, lang, made, state, started; newest first
SELECT id, subject, lang, made, state, started FROM issue ORDER BY COALESCE(started, made) DESC, id DESC

-- name: issue_started_all
-- → id, subject, intro, lang, started, signoff, path; those that started, newest first
SELECT id, subject, intro, lang, started, signoff, path FROM issue WHERE state = 'started' ORDER BY started DESC, id DESC

-- name: issue_stories
-- issue → story, line
SELECT story, line FROM issue_story WHERE issue = $1 ORDER BY place

-- name: issue_drop
-- id: one that the newsletter did not take
DELETE FROM issue WHERE id = $1 AND state = 'frozen'

-- name: issue_frozen
-- made after → id of those that have not started
SELECT id FROM issue WHERE state = 'frozen' AND made > $1 ORDER BY made DESC LIMIT 8

-- name: issue_start
-- id, started
UPDATE issue SET state = 'started', started = $2 WHERE id = $1 AND state = 'frozen'

-- --- drafts of issues (issue_draft.c) ---

-- name: draft_insert
-- id, state, slot or NULL, lang, subject, now
INSERT INTO issue_draft (id, state, slot, lang, subject, made, changed) VALUES ($1, $2, $3, $4, $5, $6, $6)

-- name: draft_pick_insert
-- draft, place, story, line
INSERT INTO issue_pick (draft, place, story, line) VALUES ($1, $2, $3, $4)

-- name: draft_pick_clear
-- draft
DELETE FROM issue_pick WHERE draft = $1

-- name: draft_picks
-- draft → story, line
SELECT story, line FROM issue_pick WHERE draft = $1 ORDER BY place

-- name: draft_one
-- id → state, slot, send_at, lang, subject, preheader, intro, signoff, neutral, neutral_subject, neutral_name, full_text, issue, version, changed, changed_by
SELECT state, slot, send_at, lang, subject, preheader, intro, signoff, neutral, neutral_subject, neutral_name, full_text, issue, version, changed,
	changed_by
FROM issue_draft WHERE id = $1

-- name: draft_of_slot
-- slot, the state of those that come last → id
SELECT id FROM issue_draft WHERE slot = $1 ORDER BY state = $2, made, id

-- name: draft_of_slot_in
-- slot, lang → id
SELECT id FROM issue_draft WHERE slot = $1 AND lang = $2

-- name: draft_in_state
-- state, limit → id, slot, send_at, lang, subject, issue, changed, changed_by, picks
SELECT id, slot, send_at, lang, subject, issue, changed, changed_by, (SELECT count(*) FROM issue_pick p WHERE p.draft = d.id)
FROM issue_draft d WHERE state = $1 ORDER BY COALESCE(slot, changed) DESC, id LIMIT $2

-- name: draft_of_issue
-- issue → id, state
SELECT id, state FROM issue_draft WHERE issue = $1 ORDER BY changed DESC LIMIT 1

-- name: draft_save
-- id, state it must have, version it must have, send_at, subject, preheader, intro, signoff, neutral, neutral_subject, neutral_name, full_text, now, by
UPDATE issue_draft SET send_at = $4, subject = $5, preheader = $6, intro = $7, signoff = $8, neutral = $9, neutral_subject = $10,
	neutral_name = $11, full_text = $12, changed = $13, changed_by = $14, version = version + 1
WHERE id = $1 AND state = $2 AND version = $3

-- name: draft_move
-- id, state from, state to, now, its slot from now on or NULL
UPDATE issue_draft SET state = $3, changed = $4, slot = $5 WHERE id = $1 AND state = $2

-- name: draft_approve
-- id, state from, state to, version it must have, issue, now, by
UPDATE issue_draft SET state = $3, issue = $5, changed = $6, changed_by = $7 WHERE id = $1 AND state = $2 AND version = $4

-- name: draft_week
-- published after, until, lang, limit → id, title; newest first
SELECT id, title FROM story WHERE state = 'published' AND published > $1 AND published <= $2 AND lang = $3
ORDER BY published DESC, id DESC LIMIT $4

-- --- the archive's addresses (issue_page.c) ---

-- name: issue_pathless
-- → id, started, slot of started issues that have no place in the archive yet; the oldest first
SELECT id, started, slot FROM issue WHERE state = 'started' AND path = '' ORDER BY started, id LIMIT 100

-- name: issue_path_taken
-- path
SELECT count(*) FROM issue WHERE path = $1

-- name: issue_path_put
-- id, path
UPDATE issue SET path = $2 WHERE id = $1 AND path = ''

-- --- slots of the newsletter (slot_clock.c) ---

-- name: slot_watch_read
-- → rule, since
SELECT rule, since FROM slot_watch WHERE one = 1

-- name: slot_watch_put
-- rule, since
INSERT INTO slot_watch (one, rule, since) VALUES (1, $1, $2) ON CONFLICT (one) DO UPDATE SET rule = excluded.rule, since = excluded.since

-- name: slot_insert
-- key, at, state, why: one that is there stays
INSERT INTO slot (key, at, state, why) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING

-- name: slot_there
-- key
SELECT count(*) FROM slot WHERE key = $1

-- name: slot_last_at
-- until → when the last one was
SELECT max(at) FROM slot WHERE at <= $1

-- name: slot_move
-- key, from, to, why
UPDATE slot SET state = $3, why = $4, told = 0 WHERE key = $1 AND state = $2

-- name: slot_forget
-- key, state
DELETE FROM slot WHERE key = $1 AND state = $2

-- name: slot_told
-- key, state that was told, why
UPDATE slot SET told = 1 WHERE key = $1 AND state = $2 AND why = $3

-- name: slot_open
-- three states, now → key, at, state, why, told: what may still become something else, and what the newsletter does not know yet
SELECT key, at, state, why, told FROM slot WHERE state IN ($1, $2, $3) OR at > $4 OR told = 0 ORDER BY at LIMIT 8

-- name: slot_recent
-- since → key, at, state, why; the latest first
SELECT key, at, state, why FROM slot WHERE at > $1 ORDER BY at DESC LIMIT 4
-- name: draft_story
-- id → id, title, lang, dir, section, excerpt, photo, widths, published, state
SELECT s.id, s.title, s.lang, s.dir, s.section, s.excerpt, s.photo, p.widths, s.published, s.state
FROM story s LEFT JOIN photo p ON p.hash = s.photo WHERE s.id = $1

-- name: draft_find
-- words for story_find, limit, at most so many of those that were saved last → the columns of web_story_since; newest first
SELECT s.id, s.title, s.lang, s.dir, s.section, s.excerpt, s.photo, p.widths, s.published
FROM story s LEFT JOIN photo p ON p.hash = s.photo
WHERE s.state = 'published' AND s.id IN (SELECT story FROM story_find WHERE story_find MATCH $1 ORDER BY rowid DESC LIMIT $3)
ORDER BY s.published DESC, s.id DESC LIMIT $2

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

-- --- desk pages (desk_stories.c, desk_letter.c) ---

-- name: web_story_since
-- published after → id, title, lang, dir, section, excerpt, photo, widths, published; newest first
SELECT s.id, s.title, s.lang, s.dir, s.section, s.excerpt, s.photo, p.widths, s.published
FROM story s LEFT JOIN photo p ON p.hash = s.photo
WHERE s.state = 'published' AND s.published > $1 ORDER BY s.published DESC, s.id DESC LIMIT 60

-- name: web_issue_stories
-- issue → id, title, lang, dir of its stories that are still there
SELECT s.id, s.title, s.lang, s.dir FROM issue_story i JOIN story s ON s.id = i.story WHERE i.issue = $1 ORDER BY i.place

-- --- the newsroom: settings, sections, texts, front page, marks (newsroom_*.c, front_choice.c) ---

-- name: setting_all
-- → key, value
SELECT key, value FROM setting ORDER BY key

-- name: setting_put
-- key, value
INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2

-- name: setting_drop
DELETE FROM setting WHERE key = $1

-- name: section_all
-- → slug, name
SELECT slug, name FROM section ORDER BY place, slug

-- name: section_names
-- → slug, lang, name
SELECT slug, lang, name FROM section_name ORDER BY slug, lang

-- name: section_clear
DELETE FROM section

-- name: section_insert
-- slug, place, name
INSERT INTO section (slug, place, name) VALUES ($1, $2, $3)

-- name: section_name_insert
-- slug, lang, name
INSERT INTO section_name (slug, lang, name) VALUES ($1, $2, $3)

-- name: section_stories
-- slug → stories that have a place in its list
SELECT count(*) FROM list_slot s JOIN list l ON l.id = s.list WHERE l.kind = 'section' AND l.slug = $1

-- name: text_newest
-- kind, lang → version, body, hash, made, made_by, source
SELECT version, body, hash, made, made_by, source FROM page_text WHERE kind = $1 AND lang = $2 ORDER BY version DESC LIMIT 1

-- name: text_one
-- kind, lang, version → version, body, hash, made, made_by, source
SELECT version, body, hash, made, made_by, source FROM page_text WHERE kind = $1 AND lang = $2 AND version = $3

-- name: text_versions
-- kind, lang → version, made, made_by, source, hash; newest first
SELECT version, made, made_by, source, hash FROM page_text WHERE kind = $1 AND lang = $2 ORDER BY version DESC

-- name: text_in_force
-- → kind, lang, body of what the desk laid over the theme
SELECT t.kind, t.lang, t.body FROM page_text t
WHERE t.source = 'desk' AND t.version = (SELECT max(n.version) FROM page_text n WHERE n.kind = t.kind AND n.lang = t.lang)
ORDER BY t.kind, t.lang

-- name: text_policies
-- → lang, hash, version, made: the newest 512
SELECT lang, hash, version, made FROM page_text WHERE kind = 'privacy' ORDER BY made DESC, lang, version DESC LIMIT 512

-- name: text_insert
-- kind, lang, version, body, hash, now, by, source
INSERT INTO page_text (kind, lang, version, body, hash, made, made_by, source) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: front_stories
-- → story, kind of what was chosen and is published, in its order (CROSS JOIN: choices are few, stories many)
SELECT f.story, f.kind FROM front_choice f CROSS JOIN story s WHERE s.id = f.story AND s.state = 'published' ORDER BY f.kind, f.place, f.story

-- name: front_rows
-- → id, title, lang, dir, section, published, has a photo of the same, for the desk
SELECT s.id, s.title, s.lang, s.dir, s.section, s.published, CASE WHEN s.photo IS NULL THEN 0 ELSE 1 END
FROM front_choice f CROSS JOIN story s WHERE s.id = f.story AND s.state = 'published' ORDER BY f.kind, f.place, f.story

-- name: front_newest
-- limit → id, title, lang, dir, section, published, has a photo of the newest published stories
SELECT id, title, lang, dir, section, published, CASE WHEN photo IS NULL THEN 0 ELSE 1 END
FROM story WHERE state = 'published' ORDER BY published DESC, id DESC LIMIT $1

-- name: front_find
-- words for story_find, limit, at most so many of those that were saved last → the same of published stories
SELECT id, title, lang, dir, section, published, CASE WHEN photo IS NULL THEN 0 ELSE 1 END
FROM story WHERE state = 'published' AND id IN (SELECT story FROM story_find WHERE story_find MATCH $1 ORDER BY rowid DESC LIMIT $3)
ORDER BY published DESC, id DESC LIMIT $2

-- name: front_title
-- id → title of a published story
SELECT title FROM story WHERE id = $1 AND state = 'published'

-- name: front_drop
-- story
DELETE FROM front_choice WHERE story = $1

-- name: front_drop_lead
DELETE FROM front_choice WHERE kind = 'lead'

-- name: front_drop_gone
-- choices of stories that are not published: they disappear by themselves
DELETE FROM front_choice WHERE story NOT IN (SELECT id FROM story WHERE state = 'published')

-- name: front_put
-- story, kind, place
INSERT INTO front_choice (story, kind, place) VALUES ($1, $2, $3)
ON CONFLICT (story) DO UPDATE SET kind = $2, place = $3

-- name: front_sections
-- → slug, hidden in their order
SELECT slug, hidden FROM front_section ORDER BY place, slug

-- name: front_section_clear
DELETE FROM front_section

-- name: front_section_put
-- slug, place, hidden
INSERT INTO front_section (slug, place, hidden) VALUES ($1, $2, $3)

-- name: goal_reached
-- 1 where the goal is money → reached
SELECT reached FROM goal WHERE is_money = $1

-- name: goal_put
-- reached, is_money → changes a row only where it says something else
INSERT INTO goal (only_row, reached, is_money) VALUES (1, $1, $2) ON CONFLICT (only_row) DO UPDATE SET reached = $1, is_money = $2
WHERE reached <> $1 OR is_money <> $2

-- name: mark_all
-- → key, value
SELECT key, value FROM mark

-- name: mark_put
INSERT INTO mark (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2

-- name: staff_role
-- id, role
UPDATE staff SET role = $2 WHERE id = $1 AND state = 'active'

-- name: staff_session_all
-- seen after, began after → hash, staff, name, role, began, seen; the newest first
SELECT n.hash, n.staff, s.name, s.role, n.began, n.seen FROM staff_session n JOIN staff s ON s.id = n.staff
WHERE n.seen > $1 AND n.began > $2 AND s.state = 'active' ORDER BY n.seen DESC, n.began DESC

-- name: audit_page
-- who or '', limit, offset → made, who, what, about; newest first
SELECT made, who, what, about FROM audit WHERE $1 = '' OR who = $1 ORDER BY id DESC LIMIT $2 OFFSET $3

-- name: audit_count
-- who or ''
SELECT count(*) FROM audit WHERE $1 = '' OR who = $1

-- name: audit_people
-- → who
SELECT DISTINCT who FROM audit ORDER BY who LIMIT 200

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

-- name: listing_count
-- state → how many
SELECT sum(stories) FROM story_count WHERE state = $1

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
	day, hour, reason, words)
VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
ON CONFLICT (story, staff, kept) DO UPDATE SET saved = $3, base = $4, title = $5, standfirst = $6, body = $7, bylines = $8, section = $9,
	topics = $10, slug = $11, lang = $12, dir = $13, alt = $14, caption = $15, credit = $16, day = $17, hour = $18, reason = $19, words = $20

-- name: working_get
-- story, staff, kept → saved, base, the fields
SELECT saved, base, title, standfirst, body, bylines, section, topics, slug, lang, dir, alt, caption, credit, day, hour, reason, words
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

-- name: byline_added_set
-- name, neutral word: of the library's photos
UPDATE photo SET added_by = $2 WHERE added_by = $1

-- name: byline_moved
-- an author's page → old addresses that lead to it
SELECT old_path FROM moved_page WHERE path = $1

-- name: byline_moved_drop
DELETE FROM moved_page WHERE path = $1

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

-- name: gone_hashes
-- → keyless hashes of the paths of author pages that were taken away
SELECT hash FROM gone ORDER BY hash

-- --- site/search.db: a database of its own (bake_search.c). These blocks stay the last of this file. ---

-- name: search_schema
CREATE TABLE shown (
	id INTEGER PRIMARY KEY, -- the story's
	path TEXT NOT NULL,
	headline TEXT NOT NULL,
	excerpt TEXT NOT NULL,
	lang TEXT NOT NULL,
	published INTEGER NOT NULL,
	section TEXT NOT NULL,
	names TEXT NOT NULL,    -- topics and authors
	plain TEXT NOT NULL     -- the text as written
);
CREATE VIRTUAL TABLE page USING fts5(title, body, content = '', tokenize = 'unicode61 remove_diacritics 0');

-- name: search_shown
-- story → headline, excerpt, names, plain: what its words were made of
SELECT headline, excerpt, names, plain FROM shown WHERE id = $1

-- name: search_forget
-- story, folded title, folded body: exactly as they were put
INSERT INTO page (page, rowid, title, body) VALUES ('delete', $1, $2, $3)

-- name: search_drop
-- story
DELETE FROM shown WHERE id = $1

-- name: search_show
-- story, path, headline, excerpt, lang, published, section, names, plain
INSERT INTO shown (id, path, headline, excerpt, lang, published, section, names, plain) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: search_put
-- story, folded title, folded body
INSERT INTO page (rowid, title, body) VALUES ($1, $2, $3)

-- name: search_merge
INSERT INTO page (page) VALUES ('optimize')

-- name: search_tune
-- name of one of FTS5's own settings, its value
INSERT INTO page (page, rank) VALUES ($1, $2)
