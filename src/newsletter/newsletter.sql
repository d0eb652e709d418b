-- newsletter.sql: every statement of the newsletter room. Days are UTC days; *_index are keyed hashes, *_hash of tokens.
-- SPDX-License-Identifier: ISC

-- name: intake_insert
-- in: $1 id, $2 address_sealed, $3 language, $4 policy, $5 day
INSERT INTO intake (id, address_sealed, language, policy, day) VALUES ($1, $2, $3, $4, $5)

-- name: intake_next
-- out: id, address_sealed, language, policy, day
SELECT id, address_sealed, language, policy, day FROM intake LIMIT 1

-- name: intake_erase
-- in: $1 id
DELETE FROM intake WHERE id = $1

-- name: subscriber_by_index
-- in: $1 address_index; out: id, state
SELECT id, state FROM subscriber WHERE address_index = $1

-- name: subscriber_insert
-- in: $1 id, $2 address_index, $3 address_sealed, $4 state, $5 language, $6 policy, $7 consent_day
INSERT INTO subscriber (id, address_index, address_sealed, state, language, policy, consent_day) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: subscriber_renew
-- in: $1 id, $2 state, $3 language, $4 policy, $5 consent_day; a pending one that signs up again
UPDATE subscriber SET language = $3, policy = $4, consent_day = $5 WHERE id = $1 AND state = $2

-- name: subscriber_mailed
-- in: $1 id, $2 day; changes nothing if a confirmation was queued on that day already
UPDATE subscriber SET mailed_day = $2 WHERE id = $1 AND mailed_day <> $2

-- name: subscriber_doubted
-- in: $1 kind, $2 delivery's state; whose confirmation may not have arrived: asking again mails again, on the same day too
UPDATE subscriber SET mailed_day = 0 WHERE id IN (SELECT subscriber FROM delivery WHERE issue IS NULL AND kind = $1 AND state = $2 AND leaving = 0)

-- name: subscriber_leave_doubted
-- in: $1 kind, $2 delivery's state; whose "leave?" may not have arrived: the same
UPDATE subscriber SET leave_mailed_day = 0
WHERE id IN (SELECT subscriber FROM delivery WHERE issue IS NULL AND kind = $1 AND state = $2 AND leaving = 1)

-- name: subscriber_move
-- in: $1 id, $2 state from, $3 state to, $4 day
UPDATE subscriber SET state = $3, confirmed_day = $4 WHERE id = $1 AND state = $2

-- name: subscriber_erase
-- in: $1 id
DELETE FROM subscriber WHERE id = $1

-- name: subscriber_erase_old
-- in: $1 state, $2 last consent_day that goes
DELETE FROM subscriber WHERE state = $1 AND consent_day <= $2

-- name: subscriber_count
-- in: $1 state
SELECT count(*) FROM subscriber WHERE state = $1

-- name: tally_of
-- in: $1 'confirmed' or 'suppressed'; out: how many, without counting them
SELECT number FROM tally WHERE of = $1

-- name: tally_add
-- in: $1 of, $2 how many more
UPDATE tally SET number = number + $2 WHERE of = $1

-- name: tally_miscounted
-- in: $1 the state of who is confirmed; above 0: the table says another number than the rows
SELECT count(*) FROM tally WHERE number <> CASE of WHEN 'suppressed' THEN (SELECT count(*) FROM suppression)
	ELSE (SELECT count(*) FROM subscriber WHERE state = $1) END

-- name: mail_went
-- in: $1 subscriber's state, $2 delivery's state; above 0: a mail server took a mail of ours, so that a link in it was pressed or an issue went
SELECT (SELECT count(*) FROM (SELECT 1 FROM subscriber WHERE state = $1 LIMIT 1) a)
	+ (SELECT count(*) FROM (SELECT 1 FROM issue_count WHERE state = $2 AND mails > 0 LIMIT 1) b)

-- name: subscriber_after
-- in: $1 state, $2 id after which, $3 limit; out: id
SELECT id FROM subscriber WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3

-- name: subscriber_to_mail
-- in: $1 state, $2 id after which, $3 limit, $4 day, $5 issue
-- out: id of those who are neither muted nor pause on that day. Where a slot had issues in several languages when this one began, everybody
-- gets theirs; who has none of these, the one that takes the rest (schedule_split).
SELECT id FROM subscriber WHERE state = $1 AND id > $2 AND muted_until <= $4 AND paused_until <= $4
AND (NOT EXISTS (SELECT 1 FROM schedule WHERE issue = $5 AND leaves <> '') OR language = (SELECT language FROM schedule WHERE issue = $5)
	OR EXISTS (SELECT 1 FROM schedule WHERE issue = $5 AND rest = 1 AND (' ' || leaves || ' ') NOT LIKE ('% ' || subscriber.language || ' %')))
ORDER BY id LIMIT $3

-- name: subscriber_read_some
-- in: $1 limit; out: id, address_index, address_sealed
SELECT id, address_index, address_sealed FROM subscriber LIMIT $1

-- name: sealed_any
-- 1: a row is here that only the list's keys can read
SELECT EXISTS (SELECT 1 FROM subscriber) OR EXISTS (SELECT 1 FROM intake) OR EXISTS (SELECT 1 FROM suppression)

-- name: suppression_insert
-- in: $1 address_index, $2 day
INSERT INTO suppression (address_index, day) VALUES ($1, $2) ON CONFLICT (address_index) DO NOTHING

-- name: suppression_of_subscriber
-- in: $1 subscriber, $2 day: the tombstone that stays when its row goes
INSERT INTO suppression (address_index, day) SELECT address_index, $2 FROM subscriber WHERE id = $1
ON CONFLICT (address_index) DO NOTHING

-- name: suppression_lift
-- in: $1 subscriber: who confirms has asked anew
DELETE FROM suppression WHERE address_index = (SELECT address_index FROM subscriber WHERE id = $1)

-- name: confirmation_insert
-- in: $1 token_hash, $2 subscriber, $3 day
INSERT INTO confirmation (token_hash, subscriber, day) VALUES ($1, $2, $3)

-- name: confirmation_find
-- in: $1 token_hash; out: subscriber, state
SELECT confirmation.subscriber, subscriber.state FROM confirmation JOIN subscriber ON subscriber.id = confirmation.subscriber
WHERE token_hash = $1

-- name: confirmation_erase_old
-- in: $1 last day that goes
DELETE FROM confirmation WHERE day <= $1

-- name: issue_insert
-- in: $1 id, $2 subject, $3 preheader, $4 language, $5 html, $6 text, $7 hash, $8 state, $9 put_at, $10 sender_name
INSERT INTO issue (id, subject, preheader, language, html, text, hash, state, put_at, sender_name)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: issue_one
-- in: $1 id; out: subject, preheader, language, html, text, hash, state, sender_name
SELECT subject, preheader, language, html, text, hash, state, sender_name FROM issue WHERE id = $1

-- name: issue_state
-- in: $1 id; out: subject, state, approved_by, counted, recipients, started, ended, freeze_cursor, spread_s, pause_reason, not_mailed, cancelled_by
SELECT subject, state, approved_by, counted, recipients, started, ended, freeze_cursor, spread_s, pause_reason, not_mailed, cancelled_by FROM issue WHERE id = $1

-- name: issue_list
-- in: $1 limit; out: id; no test mails
SELECT id FROM issue WHERE is_test = 0 ORDER BY put_at DESC, id LIMIT $1

-- name: issue_in_state
-- in: $1 state; out: id, counted, started: some test mails (somebody waits for them), then the oldest first
SELECT id, counted, started FROM (SELECT id, counted, started FROM issue WHERE state = $1 AND is_test = 1 ORDER BY started DESC LIMIT 4)
UNION ALL SELECT id, counted, started FROM (SELECT id, counted, started FROM issue WHERE state = $1 AND is_test = 0 ORDER BY started, id)

-- name: issue_move
-- in: $1 id, $2 state from, $3 state to
UPDATE issue SET state = $3 WHERE id = $1 AND state = $2

-- name: issue_started
-- in: $1 id, $2 when, $3 approved_by, $4 spread_s; the first time counts
UPDATE issue SET started = COALESCE(started, $2), approved_by = COALESCE(approved_by, $3),
	spread_s = CASE WHEN started IS NULL THEN $4 ELSE spread_s END, pause_reason = '', ended = NULL WHERE id = $1

-- name: issue_reason
-- in: $1 id, $2 why it was paused
UPDATE issue SET pause_reason = $2 WHERE id = $1

-- name: issue_ended
-- in: $1 id, $2 when
UPDATE issue SET ended = $2 WHERE id = $1

-- name: issue_froze
-- in: $1 id, $2 cursor, $3 how many more, $4 counted
UPDATE issue SET freeze_cursor = $2, recipients = recipients + $3, counted = $4 WHERE id = $1

-- name: issue_move_all
-- in: $1 state from, $2 state to
UPDATE issue SET state = $2 WHERE state = $1

-- name: issue_miscounted
-- out: id of issues whose rows are not as many as were counted, in all or in one state
SELECT id FROM issue WHERE counted = 1 AND (recipients <> (SELECT count(*) FROM delivery WHERE delivery.issue = issue.id)
	OR recipients <> (SELECT sum(mails) FROM issue_count WHERE issue_count.issue = issue.id)
	OR EXISTS (SELECT 1 FROM issue_count c WHERE c.issue = issue.id
		AND c.mails <> (SELECT count(*) FROM delivery d WHERE d.issue = c.issue AND d.state = c.state)))

-- name: issue_cancelled
-- in: $1 id, $2 when, $3 by whom
UPDATE issue SET ended = $2, cancelled_by = $3, counted = 1 WHERE id = $1

-- name: issue_not_mailed
-- in: $1 id, $2 how many of its rows went
UPDATE issue SET not_mailed = not_mailed + $2, recipients = recipients - $2 WHERE id = $1

-- name: issue_with_rest
-- in: $1 issue's state, $2 delivery's state, $3 another one; out: id of issues that have such rows
SELECT id FROM issue WHERE state = $1 AND EXISTS (SELECT 1 FROM delivery WHERE issue = issue.id AND state IN ($2, $3)) LIMIT 1

-- name: delivery_erase_rest
-- in: $1 issue, $2 state, $3 another one, $4 limit
DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE issue = $1 AND state IN ($2, $3) LIMIT $4)

-- name: issue_test
-- in: $1 id, $2 subject, $3 preheader, $4 language, $5 html, $6 text, $7 hash, $8 state, $9 now, $10 sender_name, $11 approved_by
INSERT INTO issue (id, subject, preheader, language, html, text, hash, state, put_at, sender_name, approved_by, is_test, counted, recipients, started)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, 1, 1, $9)

-- name: issue_test_count
-- in: $1 since
SELECT count(*) FROM issue WHERE is_test = 1 AND put_at > $1

-- name: issue_test_erase_mails
-- in: $1 put before, $2 a state in which somebody has them in hand, $3 another one
DELETE FROM delivery WHERE issue IN (SELECT id FROM issue WHERE is_test = 1 AND put_at < $1) AND state NOT IN ($2, $3)

-- name: issue_test_erase
-- in: $1 put before; those that no mail is left of
DELETE FROM issue WHERE is_test = 1 AND put_at < $1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE issue = issue.id)

-- name: tick_insert
-- in: $1 issue, $2 second, $3 accepted, $4 refused, $5 later, $6 in_doubt
INSERT INTO issue_tick (issue, second, accepted, refused, later, in_doubt) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (issue, second) DO NOTHING

-- name: tick_last
-- in: $1 issue
SELECT max(second) FROM issue_tick WHERE issue = $1

-- name: tick_list
-- in: $1 issue; out: second, accepted, refused, later, in_doubt
SELECT second, accepted, refused, later, in_doubt FROM issue_tick WHERE issue = $1 ORDER BY second

-- name: delivery_gone_since
-- in: $1 issue, $2 state; of those that were taken: whose reader is no subscriber any more
SELECT count(*) FROM delivery WHERE issue = $1 AND state = $2 AND subscriber IS NULL

-- name: bounce_count_of_issue
-- in: $1 issue; soft bounces
SELECT count(*) FROM bounce CROSS JOIN delivery ON delivery.id = bounce.delivery WHERE delivery.issue = $1

-- name: delivery_insert
-- in: $1 id, $2 kind, $3 issue, $4 subscriber, $5 address_sealed, $6 url_sealed, $7 language, $8 state, $9 day
INSERT INTO delivery (id, kind, issue, subscriber, address_sealed, url_sealed, language, state, day)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: delivery_freeze
-- in: $1 id, $2 kind, $3 issue, $4 subscriber, $5 state, $6 day, $7 next_at; one recipient of an issue
INSERT INTO delivery (id, kind, issue, subscriber, state, day, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: delivery_last_id
-- in: $1 issue; out: the id of the row that was frozen last, the highest; none: 0
SELECT max(id) FROM delivery WHERE issue = $1 AND subscriber = (SELECT freeze_cursor FROM issue WHERE id = $1)

-- name: delivery_due
-- in: $1 issue, $2 state, $3 now, $4 limit; out: id, kind, subscriber, address, url, language, state, attempts, try
SELECT d.id, d.kind, d.subscriber, COALESCE(d.address_sealed, s.address_sealed), d.url_sealed, COALESCE(d.language, s.language),
	d.state, d.attempts, d.try
FROM delivery d LEFT JOIN subscriber s ON s.id = d.subscriber
WHERE d.issue = $1 AND d.state = $2 AND d.next_at <= $3 ORDER BY d.next_at LIMIT $4

-- name: delivery_due_single
-- in: $1 state, $2 now, $3 limit; out: as delivery_due; confirmations, of leaving, too, and reminders
SELECT d.id, CASE WHEN d.leaving = 1 THEN 'leave' ELSE d.kind END, d.subscriber, COALESCE(d.address_sealed, s.address_sealed), d.url_sealed, COALESCE(d.language, s.language),
	d.state, d.attempts, d.try
FROM delivery d LEFT JOIN subscriber s ON s.id = d.subscriber
WHERE d.issue IS NULL AND d.state = $1 AND d.next_at <= $2 ORDER BY d.next_at LIMIT $3

-- name: delivery_claim
-- in: $1 id, $2 state from, $3 state to, $4 token_hash or NULL, $5 try
UPDATE delivery SET state = $3, token_hash = COALESCE($4, token_hash), try = $5 WHERE id = $1 AND state = $2

-- name: delivery_defer
-- in: $1 id, $2 state, $3 next_at: its domain, or every server, has had what it may have
UPDATE delivery SET next_at = $3 WHERE id = $1 AND state = $2

-- name: delivery_move
-- in: $1 id, $2 state from, $3 state to, $4 attempts, $5 next_at, $6 reply, $7 enhanced, $8 try: of another one nothing moves
UPDATE delivery SET state = $3, attempts = $4, next_at = $5, reply = $6, enhanced = $7 WHERE id = $1 AND state = $2 AND try = $8

-- name: delivery_of_record
-- in: $1 id, $2 try; out: kind, issue, subscriber, state, attempts
SELECT CASE WHEN leaving = 1 THEN 'leave' ELSE kind END, issue, subscriber, state, attempts FROM delivery WHERE id = $1 AND try = $2

-- name: delivery_hurry
-- in: $1 state, $2 no later than, $3 when: the clock was set back, so that waiting times became longer than any is
UPDATE delivery SET next_at = $3 WHERE state = $1 AND next_at > $2 AND (issue IS NULL OR issue IN (SELECT id FROM issue))

-- name: delivery_resend_links
-- in: $1 issue, $2 state: what was in doubt keeps its links, too
INSERT INTO token_before (token_hash, delivery) SELECT token_hash, id FROM delivery
WHERE issue = $1 AND state = $2 AND subscriber IS NOT NULL AND token_hash IS NOT NULL

-- name: delivery_resend
-- in: $1 issue, $2 state from, $3 state to: those who are still subscribers
UPDATE delivery SET state = $3, next_at = 0, token_hash = NULL WHERE issue = $1 AND state = $2 AND subscriber IS NOT NULL

-- name: delivery_total
-- in: $1 issue
SELECT count(*) FROM delivery WHERE issue = $1

-- name: delivery_refusals
-- in: $1 issue, $2 state, $3 limit; out: reply, enhanced, count: the most frequent first
SELECT reply, enhanced, count(*) FROM delivery WHERE issue = $1 AND state = $2 GROUP BY reply, enhanced ORDER BY 3 DESC, 1 LIMIT $3

-- name: smtp_count_add
-- in: $1 scope, $2 period_s, $3 began, $4 how many more (or fewer)
INSERT INTO smtp_count (scope, period_s, began, mails) VALUES ($1, $2, $3, max($4, 0))
ON CONFLICT (scope, period_s, began) DO UPDATE SET mails = max(mails + $4, 0)

-- name: smtp_count_read
-- in: $1 scope, $2 period_s, $3 began
SELECT mails FROM smtp_count WHERE scope = $1 AND period_s = $2 AND began = $3

-- name: smtp_count_erase_old
-- in: $1 second before which it ended
DELETE FROM smtp_count WHERE (began + 1) * period_s <= $1

-- name: issue_count_add
-- in: $1 issue, $2 state, $3 how many more (or fewer)
INSERT INTO issue_count (issue, state, mails) VALUES ($1, $2, $3) ON CONFLICT (issue, state) DO UPDATE SET mails = mails + excluded.mails

-- name: delivery_move_all
-- in: $1 state from, $2 state to; after issue_count_move_all
UPDATE delivery SET state = $2 WHERE state = $1 AND (issue IS NULL OR issue IN (SELECT id FROM issue))

-- name: issue_count_move_all
-- in: $1 state from, $2 state to: what delivery_move_all will move
WITH moved AS (SELECT issue, count(*) AS mails FROM delivery WHERE state = $1 AND issue IN (SELECT id FROM issue) GROUP BY issue)
INSERT INTO issue_count (issue, state, mails) SELECT issue, $2, mails FROM moved UNION ALL SELECT issue, $1, -mails FROM moved WHERE true
ON CONFLICT (issue, state) DO UPDATE SET mails = mails + excluded.mails

-- name: delivery_move_of_subscriber
-- in: $1 subscriber, $2 state from, $3 state to; after issue_count_move_of_subscriber
UPDATE delivery SET state = $3 WHERE subscriber = $1 AND issue IS NOT NULL AND state = $2

-- name: issue_count_move_of_subscriber
-- in: $1 subscriber, $2 state from, $3 state to: what delivery_move_of_subscriber will move
WITH moved AS (SELECT issue, count(*) AS mails FROM delivery WHERE subscriber = $1 AND issue IS NOT NULL AND state = $2 GROUP BY issue)
INSERT INTO issue_count (issue, state, mails) SELECT issue, $3, mails FROM moved UNION ALL SELECT issue, $2, -mails FROM moved WHERE true
ON CONFLICT (issue, state) DO UPDATE SET mails = mails + excluded.mails

-- name: delivery_erase
-- in: $1 id
DELETE FROM delivery WHERE id = $1

-- name: delivery_erase_singles_of
-- in: $1 subscriber: a confirmation nobody waits for
DELETE FROM delivery WHERE subscriber = $1 AND issue IS NULL

-- name: delivery_erase_in_doubt
-- in: $1 state, $2 last day that goes; confirmations and reminders
DELETE FROM delivery WHERE issue IS NULL AND state = $1 AND day <= $2

-- name: delivery_blank
-- in: $1 id: whom it went to, and what it said, are no longer needed
UPDATE delivery SET address_sealed = NULL, url_sealed = NULL WHERE id = $1

-- name: delivery_counts
-- in: $1 issue; out: state, count
SELECT state, mails FROM issue_count WHERE issue = $1

-- name: delivery_count_singles
-- in: $1 state
SELECT count(*) FROM delivery WHERE issue IS NULL AND state = $1

-- name: delivery_count_state
-- in: $1 state
SELECT (SELECT count(*) FROM delivery WHERE issue IS NULL AND state = $1)
	+ (SELECT COALESCE(sum(mails), 0) FROM issue_count WHERE state = $1)

-- name: delivery_next_of_issue
-- in: $1 issue, $2 state; when its next mail is due
SELECT min(next_at) FROM delivery WHERE issue = $1 AND state = $2

-- name: delivery_next_single
-- in: $1 state
SELECT min(next_at) FROM delivery WHERE issue IS NULL AND state = $1

-- name: reminder_insert
-- in: $1 key_hash, $2 day; changes nothing if the key is known
INSERT INTO reminder (key_hash, day) VALUES ($1, $2) ON CONFLICT (key_hash) DO NOTHING

-- name: reminder_erase_old
-- in: $1 last day that goes
DELETE FROM reminder WHERE day <= $1

-- name: daily_insert
-- in: $1 day, $2 erased_pending, $3 erased_mails; run twice, it adds
INSERT INTO daily_run (day, erased_pending, erased_mails) VALUES ($1, $2, $3)
ON CONFLICT (day) DO UPDATE SET erased_pending = erased_pending + excluded.erased_pending,
	erased_mails = erased_mails + excluded.erased_mails

-- name: daily_last
SELECT max(day) FROM daily_run

-- name: delivery_of_bounce
-- in: $1 delivery; out: subscriber (NULL: gone), day
SELECT subscriber, day FROM delivery WHERE id = $1

-- name: delivery_id_by_token
-- in: $1 token_hash; out: id
SELECT id FROM delivery WHERE token_hash = $1
UNION ALL SELECT delivery FROM token_before WHERE token_hash = $1 LIMIT 1

-- name: bounce_insert
-- in: $1 delivery, $2 subscriber, $3 day; changes nothing if this delivery's bounce is known
INSERT INTO bounce (delivery, subscriber, day) VALUES ($1, $2, $3) ON CONFLICT (delivery) DO NOTHING

-- name: bounce_count_since
-- in: $1 subscriber, $2 first day
SELECT count(*) FROM bounce WHERE subscriber = $1 AND day >= $2

-- name: bounce_erase_of
-- in: $1 subscriber, who confirmed again
DELETE FROM bounce WHERE subscriber = $1

-- name: bounce_erase_old
-- in: $1 last day that goes
DELETE FROM bounce WHERE day <= $1

-- name: subscriber_mute
-- in: $1 id, $2 day until which; a longer muting stays
UPDATE subscriber SET muted_until = CASE WHEN muted_until > $2 THEN muted_until ELSE $2 END WHERE id = $1

-- name: subscriber_unmute
-- in: $1 id
UPDATE subscriber SET muted_until = 0 WHERE id = $1

-- name: subscriber_count_muted
-- in: $1 state, $2 day
SELECT count(*) FROM subscriber WHERE state = $1 AND muted_until > 0 AND muted_until > $2

-- name: suppression_for
-- in: $1 subscriber, $2 day, $3 reason: the tombstone that stays when its row goes
INSERT INTO suppression (address_index, day, reason) SELECT address_index, $2, $3 FROM subscriber WHERE id = $1
ON CONFLICT (address_index) DO UPDATE SET day = excluded.day, reason = excluded.reason

-- name: suppression_count_reason
-- in: $1 reason
SELECT count(*) FROM suppression WHERE reason = $1

-- name: report_count_add
-- in: $1 day, $2 kind
INSERT INTO report_count (day, kind, count) VALUES ($1, $2, 1) ON CONFLICT (day, kind) DO UPDATE SET count = count + 1

-- name: report_count_of
-- in: $1 first day, $2 kind
SELECT COALESCE(sum(count), 0) FROM report_count WHERE day >= $1 AND kind = $2

-- name: report_count_list
-- in: $1 first day; out: kind, count
SELECT kind, sum(count) FROM report_count WHERE day >= $1 GROUP BY kind ORDER BY kind

-- name: report_count_erase_old
-- in: $1 last day that goes
DELETE FROM report_count WHERE day <= $1

-- name: delivery_accepted_since
-- in: $1 state, $2 first day, in microseconds; mails of issues that began since
SELECT COALESCE(sum(mails), 0) FROM issue_count WHERE state = $1 AND issue IN (SELECT id FROM issue WHERE started >= $2)

-- name: signing_key_list
-- out: generation, state, since
SELECT generation, state, since FROM signing_key ORDER BY generation

-- name: signing_key_insert
-- in: $1 generation, $2 state, $3 day
INSERT INTO signing_key (generation, state, since) VALUES ($1, $2, $3)

-- name: signing_key_move
-- in: $1 generation, $2 state from, $3 state to, $4 day
UPDATE signing_key SET state = $3, since = $4 WHERE generation = $1 AND state = $2

-- --- when issues go by themselves (newsletter_schedule.c) ---

-- name: schedule_insert
-- in: $1 issue, $2 state, $3 slot or NULL, $4 language, $5 send_at, $6 approved_by, $7 now
INSERT INTO schedule (issue, state, slot, language, send_at, approved_by, changed) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: schedule_one
-- in: $1 issue; out: state, slot, send_at, approved_by, why, changed, language
SELECT state, COALESCE(slot, ''), send_at, approved_by, why, changed, language FROM schedule WHERE issue = $1

-- name: schedule_of_slot
-- in: $1 slot, $2 language, $3 the state that does not count; out: issue
SELECT issue FROM schedule WHERE slot = $1 AND language = $2 AND state <> $3

-- name: schedule_begun
-- in: $1 slot, $2 issue, $3 the state of what went, $4 language; how many others of the slot went to this language's readers, too
SELECT count(*) FROM schedule WHERE slot = $1 AND issue <> $2 AND state = $3 AND rest = 1 AND (' ' || leaves || ' ') NOT LIKE ('% ' || $4 || ' %')

-- name: schedule_split
-- in: $1 issue that begins, $2 the state of what went, $3 the state that does not count, $4 the newsroom's language
-- Of those that did not go yet, the newsroom's takes the rest, else the first.
UPDATE schedule SET
	leaves = COALESCE((SELECT group_concat(b.language, ' ') FROM schedule b WHERE b.slot = schedule.slot AND b.issue <> $1 AND b.state <> $3), ''),
	rest = NOT EXISTS (SELECT 1 FROM schedule b WHERE b.slot = schedule.slot AND b.issue <> $1 AND b.state = $2 AND b.rest = 1)
		AND $1 = (SELECT b.issue FROM schedule b WHERE b.slot = schedule.slot AND (b.issue = $1 OR b.state NOT IN ($2, $3))
			ORDER BY b.language = $4 DESC, b.language LIMIT 1)
WHERE issue = $1 AND slot IS NOT NULL AND state <> $2

-- name: schedule_left_out
-- in: $1 issue that went, $2 the state of what went, $3 the state that does not count
-- out: languages that it left to an issue that was cancelled then, and that got none since
SELECT DISTINCT c.language FROM schedule a JOIN schedule c ON c.slot = a.slot AND c.state = $3
WHERE a.issue = $1 AND a.state = $2 AND (' ' || a.leaves || ' ') LIKE ('% ' || c.language || ' %')
AND NOT EXISTS (SELECT 1 FROM schedule d WHERE d.slot = a.slot AND d.language = c.language AND d.state <> $3)
AND NOT EXISTS (SELECT 1 FROM schedule d WHERE d.slot = a.slot AND d.state = $2 AND d.rest = 1
	AND (' ' || d.leaves || ' ') NOT LIKE ('% ' || c.language || ' %'))
ORDER BY c.language

-- name: schedule_takes_rest
-- in: $1 issue, $2 the state of what went, $3 the state that does not count; above 0: who reads none of the slot's languages got one of its
-- issues, or will
SELECT count(*) FROM schedule WHERE slot = (SELECT slot FROM schedule WHERE issue = $1) AND ((state = $2 AND rest = 1) OR state NOT IN ($2, $3))

-- name: schedule_due
-- in: $1 state, $2 no later than; out: issue, send_at, approved_by, why; the oldest first
SELECT issue, send_at, approved_by, why FROM schedule WHERE state = $1 AND send_at <= $2 ORDER BY send_at, issue LIMIT 16

-- name: schedule_next
-- in: $1 state
SELECT min(send_at) FROM schedule WHERE state = $1

-- name: schedule_move
-- in: $1 issue, $2 state from, $3 state to, $4 why, $5 now
UPDATE schedule SET state = $3, why = $4, changed = $5 WHERE issue = $1 AND state = $2

-- name: schedule_move_all
-- in: $1 state from, $2 state to, $3 why, $4 now
UPDATE schedule SET state = $2, why = $3, changed = $4 WHERE state = $1

-- name: schedule_wait_again
-- in: $1 state from, $2 state to, $3 now: skipped while the clock was ahead
UPDATE schedule SET state = $2, why = '', changed = $3 WHERE state = $1 AND send_at > $3

-- name: schedule_why
-- in: $1 issue, $2 state, $3 why; changes nothing where that stands there
UPDATE schedule SET why = $3 WHERE issue = $1 AND state = $2 AND why <> $3

-- name: schedule_slot_list
-- in: $1 slot, $2 the state that does not count; out: issue, language
SELECT issue, language FROM schedule WHERE slot = $1 AND state <> $2 ORDER BY language, issue

-- name: schedule_recent
-- in: $1 the state that does not count, $2 limit; out: issue; the latest first
SELECT issue FROM schedule WHERE state <> $1 ORDER BY send_at DESC, issue LIMIT $2

-- name: slot_word_put
-- in: $1 slot, $2 at, $3 word, $4 why
INSERT INTO slot_word (slot, at, word, why) VALUES ($1, $2, $3, $4)
ON CONFLICT (slot) DO UPDATE SET at = excluded.at, word = excluded.word, why = excluded.why

-- name: slot_word_recent
-- in: $1 limit; out: slot, at, word, why; the latest first
SELECT slot, at, word, why FROM slot_word ORDER BY at DESC LIMIT $1

-- name: subscriber_import
-- in: $1 id, $2 address_index, $3 address_sealed, $4 state, $5 language, $6 policy, $7 consent_day, $8 day, $9 proof, $10 the state of who
-- signed up and has not confirmed: the proof confirms; changes nothing for others who are there already, or are suppressed
INSERT INTO subscriber (id, address_index, address_sealed, state, language, policy, consent_day, confirmed_day, proof)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE NOT EXISTS (SELECT 1 FROM suppression WHERE address_index = $2)
ON CONFLICT (address_index) DO UPDATE SET state = $4, language = $5, policy = $6, consent_day = $7, confirmed_day = $8, proof = $9
WHERE subscriber.state = $10

-- name: suppression_has
-- in: $1 address_index
SELECT count(*) FROM suppression WHERE address_index = $1

-- name: suppression_one
-- in: $1 address_index; out: day, reason
SELECT day, reason FROM suppression WHERE address_index = $1

-- name: consent_proof_find
-- in: $1 proof_index
SELECT id FROM consent_proof WHERE proof_index = $1

-- name: consent_proof_insert
-- in: $1 id, $2 proof_index, $3 proof_sealed
INSERT INTO consent_proof (id, proof_index, proof_sealed) VALUES ($1, $2, $3)

-- name: consent_proof_count
SELECT count(*) FROM consent_proof

-- name: consent_proof_erase_orphans
DELETE FROM consent_proof WHERE NOT EXISTS (SELECT 1 FROM subscriber WHERE subscriber.proof = consent_proof.id)

-- name: import_find
-- in: $1 file_index
SELECT id FROM import WHERE file_index = $1

-- name: import_insert
-- in: $1 id, $2 file_index, $3 state, $4 rows, $5 brought_by, $6 day, $7 last_id
INSERT INTO import (id, file_index, state, rows, brought_by, day, last_id) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: import_one
-- in: $1 id; out: state, rows, taken, added, known, suppressed, refused, brought_by, confirmed_by, day, last_id
SELECT state, rows, taken, added, known, suppressed, refused, brought_by, confirmed_by, day, last_id FROM import WHERE id = $1

-- name: import_list
-- in: $1 limit; out: id: the newest first
SELECT id FROM import ORDER BY day DESC, id LIMIT $1

-- name: import_move
-- in: $1 id, $2 state from, $3 state to
UPDATE import SET state = $3 WHERE id = $1 AND state = $2

-- name: import_confirmed
-- in: $1 id, $2 who
UPDATE import SET confirmed_by = $2 WHERE id = $1

-- name: import_took
-- in: $1 id, $2 taken before, $3 taken now, $4 added, $5 known, $6 suppressed, $7 refused: how many more, $8 last_id
UPDATE import SET taken = $3, last_id = $8, added = added + $4, known = known + $5, suppressed = suppressed + $6, refused = refused + $7
WHERE id = $1 AND taken = $2

-- name: import_erase_old
-- in: $1 last day that goes, $2 state of those that stay
DELETE FROM import WHERE day <= $1 AND state <> $2

-- name: subscriber_export
-- in: $1 id after which, $2 limit, $3 state; out: id, address, language, policy, consent_day, confirmed_day, paused_until, muted_until, proof
SELECT s.id, s.address_sealed, s.language, s.policy, s.consent_day, s.confirmed_day, s.paused_until, s.muted_until, p.proof_sealed
FROM subscriber s LEFT JOIN consent_proof p ON p.id = s.proof WHERE s.state = $3 AND s.id > $1 ORDER BY s.id LIMIT $2

-- name: subscriber_facts
-- in: $1 id; out: address, state, language, policy, consent_day, confirmed_day, mailed_day, muted_until, paused_until, proof, bounces, mails
SELECT s.address_sealed, s.state, s.language, s.policy, s.consent_day, s.confirmed_day, s.mailed_day, s.muted_until, s.paused_until, p.proof_sealed,
	(SELECT count(*) FROM bounce WHERE bounce.subscriber = s.id), (SELECT count(*) FROM delivery WHERE delivery.subscriber = s.id AND issue IS NOT NULL)
FROM subscriber s LEFT JOIN consent_proof p ON p.id = s.proof WHERE s.id = $1

-- name: subscriber_by_token
-- in: $1 token_hash; out: subscriber (NULL: gone); a link in any mail
SELECT subscriber FROM delivery WHERE token_hash = $1
UNION ALL SELECT subscriber FROM delivery WHERE id = (SELECT delivery FROM token_before WHERE token_hash = $1)
UNION ALL SELECT subscriber FROM confirmation WHERE token_hash = $1 LIMIT 1

-- name: subscriber_is
-- in: $1 id, $2 state; 1: it is so
SELECT count(*) FROM subscriber WHERE id = $1 AND state = $2

-- name: subscriber_pause
-- in: $1 id, $2 day until which; 0: goes on
UPDATE subscriber SET paused_until = $2 WHERE id = $1

-- name: subscriber_speak
-- in: $1 id, $2 language
UPDATE subscriber SET language = $2 WHERE id = $1

-- name: subscriber_count_paused
-- in: $1 state, $2 day; + keeps SQLite from reading everybody in that state instead of the few who pause
SELECT count(*) FROM subscriber WHERE paused_until > 0 AND paused_until > $2 AND +state = $1

-- name: subscriber_count_out
-- in: $1 state, $2 day; out: how many are muted or pause on that day
SELECT (SELECT count(*) FROM subscriber WHERE state = $1 AND muted_until > 0 AND muted_until > $2)
	+ (SELECT count(*) FROM subscriber WHERE +state = $1 AND paused_until > 0 AND paused_until > $2 AND muted_until <= $2)

-- name: subscriber_leave_mailed
-- in: $1 id, $2 day; changes nothing if one was queued on that day already
UPDATE subscriber SET leave_mailed_day = $2 WHERE id = $1 AND leave_mailed_day <> $2

-- name: delivery_ask_leaving
-- in: $1 id, $2 kind, $3 subscriber, $4 state, $5 day
INSERT INTO delivery (id, kind, subscriber, state, day, leaving) VALUES ($1, $2, $3, $4, $5, 1)

-- name: list_count_add
-- in: $1 day, $2 kind, $3 how many
INSERT INTO list_count (day, kind, count) VALUES ($1, $2, $3) ON CONFLICT (day, kind) DO UPDATE SET count = count + excluded.count

-- name: list_count_set
-- in: $1 day, $2 kind, $3 how many
INSERT INTO list_count (day, kind, count) VALUES ($1, $2, $3) ON CONFLICT (day, kind) DO UPDATE SET count = excluded.count

-- name: list_count_since
-- in: $1 first day; out: day, kind, count
SELECT day, kind, count FROM list_count WHERE day >= $1 ORDER BY day, kind

-- name: list_count_erase_old
-- in: $1 last day that goes
DELETE FROM list_count WHERE day <= $1

-- name: list_audit_insert
-- in: $1 id, $2 at, $3 who, $4 did, $5 rows
INSERT INTO list_audit (id, at, who, did, rows) VALUES ($1, $2, $3, $4, $5)

-- name: list_audit_newest
-- in: $1 limit; out: at, who, did, rows
SELECT at, who, did, rows FROM list_audit ORDER BY at DESC, id LIMIT $1

-- name: list_audit_erase_old
-- in: $1 microseconds before which
DELETE FROM list_audit WHERE at < $1
