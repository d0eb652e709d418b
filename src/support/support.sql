-- support.sql: every statement of the support room. Days are UTC days, money minor units, *_index keyed hashes.
-- SPDX-License-Identifier: ISC

-- name: checkout_insert
-- in: $1 id, $2 token_hash, $3 manage_hash, $4 frequency, $5 amount_minor, $6 currency, $7 language, $8 state, $9 day
INSERT INTO checkout (id, token_hash, manage_hash, frequency, amount_minor, currency, language, state, day)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: checkout_by_id
-- in: $1 id; out: id, frequency, amount_minor, currency, language, state
SELECT id, frequency, amount_minor, currency, language, state FROM checkout WHERE id = $1

-- name: checkout_by_token
-- in: $1 token_hash; out: as checkout_by_id
SELECT id, frequency, amount_minor, currency, language, state FROM checkout WHERE token_hash = $1

-- name: checkout_by_manage
-- in: $1 manage_hash; out: as checkout_by_id
SELECT id, frequency, amount_minor, currency, language, state FROM checkout WHERE manage_hash = $1

-- name: checkout_move
-- in: $1 id, $2 state from, $3 state to
UPDATE checkout SET state = $3 WHERE id = $1 AND state = $2

-- name: checkout_set_session
-- in: $1 id, $2 sealed session
UPDATE checkout SET session_sealed = $2 WHERE id = $1

-- name: checkout_count_state
-- in: $1 state
SELECT count(*) FROM checkout WHERE state = $1

-- name: checkout_forget
-- in: $1 day before which checkouts that took no money are erased
DELETE FROM checkout WHERE day < $1 AND state NOT IN ('paid', 'waiting')
	AND NOT EXISTS (SELECT 1 FROM contribution WHERE contribution.checkout = checkout.id)
	AND NOT EXISTS (SELECT 1 FROM mandate WHERE mandate.checkout = checkout.id)

-- name: mandate_insert
-- in: $1 id, $2 checkout, $3 subscription_index, $4 subscription_sealed, $5 state, $6 started_day
INSERT INTO mandate (id, checkout, subscription_index, subscription_sealed, state, started_day)
VALUES ($1, $2, $3, $4, $5, $6)

-- name: mandate_by_subscription
-- in: $1 subscription_index; out: id, checkout, state, subscription_sealed
SELECT id, checkout, state, subscription_sealed FROM mandate WHERE subscription_index = $1

-- name: mandate_by_checkout
-- in: $1 checkout; out: id, checkout, state, subscription_sealed
SELECT id, checkout, state, subscription_sealed FROM mandate WHERE checkout = $1

-- name: mandate_move
-- in: $1 id, $2 state from, $3 state to, $4 ended_day or NULL
UPDATE mandate SET state = $3, ended_day = $4 WHERE id = $1 AND state = $2

-- name: mandate_in_doubt
-- out: id, checkout, state, subscription_sealed of one whose cancelling nobody knows the end of; any, so that none stands in the way
SELECT id, checkout, state, subscription_sealed FROM mandate WHERE state = 'uncertain' ORDER BY random() LIMIT 1

-- name: mandate_cancelling
-- out: ids that an earlier process left in the middle
SELECT id FROM mandate WHERE state = 'cancelling'

-- name: mandate_count_state
-- in: $1 state
SELECT count(*) FROM mandate WHERE state = $1

-- name: mandate_count_frequency
-- in: $1 frequency; out: how many give so now
SELECT count(*) FROM mandate JOIN checkout ON checkout.id = mandate.checkout
WHERE mandate.state <> 'ended' AND checkout.frequency = $1

-- name: contribution_insert
-- in: $1 id, $2 checkout, $3 frequency, $4 method, $5 amount_minor, $6 currency, $7 state, $8 day
INSERT INTO contribution (id, checkout, frequency, method, amount_minor, currency, state, day)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: contribution_by_id
-- in: $1 id; out: id, frequency, amount_minor, currency, fee_minor, refunded_minor, state
SELECT id, frequency, amount_minor, currency, fee_minor, refunded_minor, state FROM contribution WHERE id = $1

-- name: contribution_set_fee
-- in: $1 id, $2 fee_minor
UPDATE contribution SET fee_minor = $2 WHERE id = $1

-- name: contribution_move
-- in: $1 id, $2 state from, $3 state to, $4 refunded_minor
UPDATE contribution SET state = $3, refunded_minor = $4 WHERE id = $1 AND state = $2

-- name: contribution_list
-- in: $1 state or NULL for all, $2 limit; out: id, frequency, state, method, amount_minor, currency, fee_minor, refunded_minor, day
SELECT id, frequency, state, method, amount_minor, currency, fee_minor, refunded_minor, day FROM contribution
WHERE $1 IS NULL OR state = $1 ORDER BY day DESC, id LIMIT $2

-- name: contribution_sums
-- in: $1 first day, $2 day after the last, $3 currency; out: amount, count, fees, refunded
SELECT coalesce(sum(amount_minor), 0), count(*), coalesce(sum(fee_minor), 0), coalesce(sum(refunded_minor), 0)
FROM contribution WHERE day >= $1 AND day < $2 AND currency = $3

-- name: contribution_sum_frequency
-- in: $1 first day, $2 day after the last, $3 currency, $4 frequency; out: amount less what was given back
SELECT coalesce(sum(amount_minor - refunded_minor), 0) FROM contribution
WHERE day >= $1 AND day < $2 AND currency = $3 AND frequency = $4

-- name: reference_find
-- in: $1 reference_index; out: contribution
SELECT contribution FROM reference WHERE reference_index = $1

-- name: reference_insert
-- in: $1 reference_index, $2 contribution
INSERT INTO reference (reference_index, contribution) VALUES ($1, $2)

-- name: refund_find
-- in: $1 refund_index; out: state
SELECT state FROM refund WHERE refund_index = $1

-- name: refund_insert
-- in: $1 refund_index, $2 contribution, $3 amount_minor, $4 state
INSERT INTO refund (refund_index, contribution, amount_minor, state) VALUES ($1, $2, $3, $4)

-- name: refund_move
-- in: $1 refund_index, $2 state from, $3 state to
UPDATE refund SET state = $3 WHERE refund_index = $1 AND state = $2

-- name: refund_sum_done
-- in: $1 contribution; out: what was given back of it
SELECT coalesce(sum(amount_minor), 0) FROM refund WHERE contribution = $1 AND state = 'done'

-- name: event_known
-- in: $1 event_index; out: 1 when it was taken before
SELECT count(*) FROM event WHERE event_index = $1

-- name: event_insert
-- in: $1 id, $2 event_index, $3 kind, $4 state, $5 awaits, $6 facts_sealed, $7 day
INSERT INTO event (id, event_index, kind, state, awaits, facts_sealed, day) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: event_awaiting
-- in: $1 reference_index; out: id, kind, facts_sealed of the parked
SELECT id, kind, facts_sealed FROM event WHERE awaits = $1 ORDER BY id

-- name: event_move
-- in: $1 id, $2 state from, $3 state to, $4 awaits
UPDATE event SET state = $3, awaits = $4 WHERE id = $1 AND state = $2

-- name: event_count_state
-- in: $1 state
SELECT count(*) FROM event WHERE state = $1

-- name: event_last_day
SELECT max(day) FROM event

-- name: webhook_seen
-- above 0: a signed event came, now or so long ago that only its money is left
SELECT (SELECT count(*) FROM (SELECT 1 FROM event LIMIT 1) a) + (SELECT count(*) FROM (SELECT 1 FROM contribution LIMIT 1) b)

-- name: event_forget
-- in: $1 day before which events are erased
DELETE FROM event WHERE day < $1

-- name: fee_due_insert
-- in: $1 contribution, $2 balance_sealed, $3 next_us
INSERT INTO fee_due (contribution, balance_sealed, next_us) VALUES ($1, $2, $3) ON CONFLICT (contribution) DO NOTHING

-- name: fee_due_next
-- in: $1 now in us; out: contribution, balance_sealed, tries
SELECT contribution, balance_sealed, tries FROM fee_due WHERE next_us <= $1 ORDER BY next_us LIMIT 1

-- name: fee_due_later
-- in: $1 contribution, $2 next_us
UPDATE fee_due SET tries = tries + 1, next_us = $2 WHERE contribution = $1

-- name: fee_due_delete
-- in: $1 contribution
DELETE FROM fee_due WHERE contribution = $1

-- name: fee_due_count
SELECT count(*) FROM fee_due

-- name: account_insert
-- in: $1 id, $2 name, $3 currency
INSERT INTO account (id, name, currency) VALUES ($1, $2, $3) ON CONFLICT (name, currency) DO NOTHING

-- name: account_find
-- in: $1 name, $2 currency; out: id
SELECT id FROM account WHERE name = $1 AND currency = $2

-- name: account_balances
-- out: name, currency, balance
SELECT account.name, account.currency, coalesce(sum(entry.amount_minor), 0) FROM account
LEFT JOIN entry ON entry.account = account.id GROUP BY account.id, account.name, account.currency
ORDER BY account.currency, account.name

-- name: booking_known
-- in: $1 reason_index
SELECT count(*) FROM booking WHERE reason_index = $1

-- name: booking_insert
-- in: $1 id, $2 kind, $3 reason_index, $4 contribution, $5 day
INSERT INTO booking (id, kind, reason_index, contribution, day) VALUES ($1, $2, $3, $4, $5)

-- name: booking_list
-- in: $1 limit; out: id, kind, day, contribution
SELECT id, kind, day, contribution FROM booking ORDER BY day DESC, id LIMIT $1

-- name: entry_insert
-- in: $1 booking, $2 account, $3 amount_minor
INSERT INTO entry (booking, account, amount_minor) VALUES ($1, $2, $3)

-- name: entry_list
-- in: $1 booking; out: account's name, currency, amount_minor
SELECT account.name, account.currency, entry.amount_minor FROM entry JOIN account ON account.id = entry.account
WHERE entry.booking = $1 ORDER BY entry.amount_minor DESC

-- name: books_unbalanced
-- out: bookings that do not sum to zero in each currency, entries without a booking included
SELECT count(*) FROM (
	SELECT entry.booking FROM entry JOIN account ON account.id = entry.account
	GROUP BY entry.booking, account.currency HAVING sum(entry.amount_minor) <> 0
	UNION SELECT entry.booking FROM entry LEFT JOIN booking ON booking.id = entry.booking WHERE booking.id IS NULL
	UNION SELECT booking.id FROM booking LEFT JOIN entry ON entry.booking = booking.id WHERE entry.booking IS NULL
) AS wrong

-- name: contributions_unbooked
-- out: contributions without a booking of their own
SELECT count(*) FROM contribution WHERE NOT EXISTS (
	SELECT 1 FROM booking WHERE booking.contribution = contribution.id AND booking.kind = 'contribution')

-- name: contributions_unpaid
-- out: contributions whose checkout does not say paid
SELECT count(*) FROM contribution JOIN checkout ON checkout.id = contribution.checkout WHERE checkout.state <> 'paid'

-- name: paid_without_contribution
-- out: checkouts that say paid without a contribution
SELECT count(*) FROM checkout WHERE state = 'paid' AND NOT EXISTS (
	SELECT 1 FROM contribution WHERE contribution.checkout = checkout.id)

-- name: contributions_misstated
-- out: contributions whose refunds do not add up
SELECT count(*) FROM contribution WHERE refunded_minor <> (
	SELECT coalesce(sum(refund.amount_minor), 0) FROM refund WHERE refund.contribution = contribution.id AND refund.state = 'done')

-- name: reminder_insert
-- An address that waits for that month already keeps its day and its key, but the row is written again: so that both take the
-- same time.
-- in: $1 id, $2 address_index, $3 month, $4 address_sealed, $5 language, $6 kind, $7 due_day, $8 hand_over_key, $9 cancel_hash
INSERT INTO reminder (id, address_index, month, address_sealed, language, kind, due_day, hand_over_key, cancel_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (address_index, month) DO UPDATE SET
	address_sealed = excluded.address_sealed, cancel_hash = excluded.cancel_hash

-- name: reminder_due
-- in: $1 today, $2 id after which; out: id, address_sealed, language, hand_over_key, kind
SELECT id, address_sealed, language, hand_over_key, kind FROM reminder WHERE due_day <= $1 AND id > $2 ORDER BY id LIMIT 1

-- name: reminder_set_cancel
-- in: $1 address_index, $2 cancel_hash; rows from before they had one
UPDATE reminder SET cancel_hash = $2 WHERE address_index = $1 AND cancel_hash IS NULL

-- name: reminder_cancel
-- in: $1 cancel_hash
DELETE FROM reminder WHERE cancel_hash = $1

-- name: reminder_delete
-- in: $1 id
DELETE FROM reminder WHERE id = $1

-- name: reminder_count
SELECT count(*) FROM reminder

-- name: sealed_any
-- 1: a row is here that only support's keys can read
SELECT EXISTS (SELECT 1 FROM checkout WHERE session_sealed IS NOT NULL) OR EXISTS (SELECT 1 FROM mandate)
	OR EXISTS (SELECT 1 FROM reminder)

-- name: sealed_some
-- out: domain, index or NULL, sealed: a few rows by which wrong keys are known
SELECT 'support.subscription', m.subscription_index, m.subscription_sealed
FROM (SELECT subscription_index, subscription_sealed FROM mandate LIMIT 2) AS m
UNION ALL SELECT 'support.reminder', r.address_index, r.address_sealed
FROM (SELECT address_index, address_sealed FROM reminder LIMIT 2) AS r
UNION ALL SELECT 'support.session', NULL, c.session_sealed
FROM (SELECT session_sealed FROM checkout WHERE session_sealed IS NOT NULL LIMIT 2) AS c

-- name: monero_count_free
SELECT count(*) FROM monero_address WHERE checkout IS NULL

-- name: monero_known
-- in: $1 address_index
SELECT count(*) FROM monero_address WHERE address_index = $1

-- name: monero_insert
-- in: $1 id, $2 address_index, $3 address_sealed
INSERT INTO monero_address (id, address_index, address_sealed) VALUES ($1, $2, $3)

-- name: monero_of_checkout
-- in: $1 checkout; out: id, address_sealed
SELECT id, address_sealed FROM monero_address WHERE checkout = $1

-- name: monero_next
-- out: id, address_sealed of one that nobody was given
SELECT id, address_sealed FROM monero_address WHERE checkout IS NULL ORDER BY id LIMIT 1

-- name: monero_give
-- in: $1 id, $2 checkout, $3 day
UPDATE monero_address SET checkout = $2, given_day = $3 WHERE id = $1 AND checkout IS NULL

-- --- supporters: where they want to hear from us, what they were told (schema 005) ---

-- name: contact_put
-- in: $1 checkout, $2 address_sealed, $3 manage_sealed, $4 language, $5 today
INSERT INTO contact (checkout, address_sealed, manage_sealed, language, since_day) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (checkout) DO UPDATE SET address_sealed = excluded.address_sealed, manage_sealed = excluded.manage_sealed,
	language = excluded.language

-- name: contact_delete
-- in: $1 checkout
DELETE FROM contact WHERE checkout = $1

-- name: contact_of
-- in: $1 checkout; out: address_sealed, manage_sealed, language
SELECT address_sealed, manage_sealed, language FROM contact WHERE checkout = $1

-- name: contact_count_of
-- in: $1 checkout
SELECT count(*) FROM contact WHERE checkout = $1

-- name: mandate_running_of
-- in: $1 checkout
SELECT count(*) FROM mandate WHERE checkout = $1 AND state <> 'ended'

-- name: checkout_blank
-- in: $1 checkout; the reference by which the provider knows it goes
UPDATE checkout SET session_sealed = NULL WHERE id = $1

-- name: mandate_blank
-- in: $1 checkout; an ended one's openable reference goes, its hash stays for late events
UPDATE mandate SET subscription_sealed = NULL WHERE checkout = $1 AND state = 'ended'

-- name: handle_blank
-- in: $1 checkout; by what its payments are given back
DELETE FROM handle WHERE subject IN (SELECT subject FROM contribution WHERE checkout = $1)

-- name: supporter_old
-- in: $1 day; out: one checkout whose last gift, and mandate, ended before it, of which something openable is left
SELECT checkout.id FROM checkout WHERE checkout.day < $1
	AND (checkout.session_sealed IS NOT NULL OR EXISTS (SELECT 1 FROM contact WHERE contact.checkout = checkout.id)
		OR EXISTS (SELECT 1 FROM mandate WHERE mandate.checkout = checkout.id AND mandate.state = 'ended'
			AND mandate.subscription_sealed IS NOT NULL))
	AND NOT EXISTS (SELECT 1 FROM contribution WHERE contribution.checkout = checkout.id AND contribution.day >= $1)
	AND NOT EXISTS (SELECT 1 FROM mandate WHERE mandate.checkout = checkout.id
		AND (mandate.state <> 'ended' OR mandate.ended_day >= $1))
	AND NOT EXISTS (SELECT 1 FROM contact WHERE contact.checkout = checkout.id AND contact.since_day >= $1)
LIMIT 1

-- name: notice_drop
-- in: $1 checkout, $2 state from, $3 state to
UPDATE notice SET state = $3 WHERE checkout = $1 AND state = $2

-- name: notice_forget
-- in: $1 day
DELETE FROM notice WHERE made_day < $1

-- --- what readers and supporters choose (schema 004) ---

-- name: checkout_set_choice
-- in: $1 id, $2 cover_minor, $3 hash of the link's token of the gift that it takes the place of, or NULL; or of the thanks page's
-- token of a try that was not paid, which hands its own on
UPDATE checkout SET cover_minor = $2, replaces = coalesce((SELECT c.id FROM checkout AS c WHERE c.manage_hash = $3),
	(SELECT c.replaces FROM checkout AS c WHERE c.token_hash = $3)) WHERE id = $1

-- name: checkout_choice
-- in: $1 id; out: cover_minor, replaces or NULL
SELECT cover_minor, replaces FROM checkout WHERE id = $1

-- name: checkout_unlink
-- in: $1 id, $2 and $3 random: no link leads to it any more
UPDATE checkout SET token_hash = $2, manage_hash = $3 WHERE id = $1

-- name: checkout_set_amount
-- in: $1 id, $2 amount_minor that is given from now on
UPDATE checkout SET amount_minor = $2, cover_minor = 0 WHERE id = $1

-- name: mandate_replaced
-- out: id of a mandate that runs although the gift that takes its place was paid
SELECT mandate.id FROM checkout JOIN mandate ON mandate.checkout = checkout.replaces
WHERE checkout.replaces IS NOT NULL AND checkout.state = 'paid' AND mandate.state = 'active' LIMIT 1

-- name: contribution_of_checkout
-- in: $1 checkout, $2 limit; out: id, day, amount_minor, currency, state
SELECT id, day, amount_minor, currency, state FROM contribution WHERE checkout = $1 ORDER BY day DESC, id LIMIT $2

-- name: change_put
-- in: $1 mandate, $2 serial, $3 kind, $4 amount_minor or NULL, $5 until_day or NULL, $6 next_us
INSERT INTO mandate_change (mandate, serial, kind, amount_minor, until_day, next_us) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (mandate) DO UPDATE SET serial = excluded.serial, kind = excluded.kind, amount_minor = excluded.amount_minor,
	until_day = excluded.until_day, tries = 0, next_us = excluded.next_us

-- name: change_of
-- in: $1 mandate; out: serial, kind, amount_minor, until_day
SELECT serial, kind, amount_minor, until_day FROM mandate_change WHERE mandate = $1

-- name: change_next
-- in: $1 now in us; out: mandate, serial, kind, amount_minor, until_day, tries, checkout
SELECT mandate_change.mandate, serial, kind, amount_minor, until_day, tries, mandate.checkout
FROM mandate_change JOIN mandate ON mandate.id = mandate_change.mandate WHERE next_us <= $1 ORDER BY next_us LIMIT 1

-- name: change_later
-- in: $1 mandate, $2 serial, $3 next_us
UPDATE mandate_change SET tries = tries + 1, next_us = $3 WHERE mandate = $1 AND serial = $2

-- name: change_end
-- in: $1 mandate, $2 serial
DELETE FROM mandate_change WHERE mandate = $1 AND serial = $2

-- name: change_count
SELECT count(*) FROM mandate_change

-- name: pause_put
-- in: $1 mandate, $2 until_day
INSERT INTO mandate_pause (mandate, until_day) VALUES ($1, $2) ON CONFLICT (mandate) DO UPDATE SET until_day = excluded.until_day

-- name: pause_of
-- in: $1 mandate; out: until_day
SELECT until_day FROM mandate_pause WHERE mandate = $1

-- name: pause_end
-- in: $1 mandate
DELETE FROM mandate_pause WHERE mandate = $1

-- name: pause_over
-- in: $1 today; out: a mandate that goes on from now, and that nobody is asked about
SELECT mandate_pause.mandate FROM mandate_pause JOIN mandate ON mandate.id = mandate_pause.mandate
WHERE until_day <= $1 AND mandate.state = 'active'
	AND NOT EXISTS (SELECT 1 FROM mandate_change WHERE mandate_change.mandate = mandate_pause.mandate) LIMIT 1

-- name: goal_supporters
-- in: $1 day; out: how many gave every month or year at that day's end
SELECT count(*) FROM mandate WHERE started_day <= $1 AND (ended_day IS NULL OR ended_day > $1)

-- name: goal_money
-- in: $1 day, $2 currency; out: what they give in a month
SELECT coalesce(sum(CASE checkout.frequency WHEN 'annual' THEN checkout.amount_minor / 12 ELSE checkout.amount_minor END), 0)
FROM mandate JOIN checkout ON checkout.id = mandate.checkout
WHERE mandate.started_day <= $1 AND (mandate.ended_day IS NULL OR mandate.ended_day > $1) AND checkout.currency = $2
-- name: notice_insert
-- in: $1 id, $2 kind, $3 about, $4 step, $5 checkout, $6 amount_minor, $7 currency, $8 day, $9 contribution or NULL, $10 state,
-- $11 hand_over_key, $12 today; nothing for who left no address
INSERT INTO notice (id, kind, about, step, checkout, amount_minor, currency, day, contribution, state, hand_over_key, made_day)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 WHERE EXISTS (SELECT 1 FROM contact WHERE contact.checkout = $5)
ON CONFLICT (kind, about, step) DO NOTHING

-- name: notice_find_thanks
-- in: $1 first day, $2 day after the last, $3 limit; out: about, step, checkout, amount, currency, day, contribution of first gifts. A
-- pushed gift's later invoices are checkouts of their own; the address is with the one that began it
SELECT c.id, 0, contact.checkout, c.amount_minor, c.currency, c.day, c.id FROM contribution AS c
JOIN checkout AS own ON own.id = c.checkout JOIN contact ON contact.checkout = coalesce(own.renews, own.id)
WHERE c.day >= $1 AND c.day < $2
	AND NOT EXISTS (SELECT 1 FROM notice WHERE notice.about = c.id AND notice.kind IN ('thanks', 'renewed') AND notice.step = 0)
	AND own.renews IS NULL AND NOT EXISTS (SELECT 1 FROM contribution AS other WHERE other.checkout = c.checkout AND other.day < c.day)
LIMIT $3

-- name: notice_find_renewed
-- in, out: as notice_find_thanks; gifts that came again
SELECT c.id, 0, contact.checkout, c.amount_minor, c.currency, c.day, c.id FROM contribution AS c
JOIN checkout AS own ON own.id = c.checkout JOIN contact ON contact.checkout = coalesce(own.renews, own.id)
WHERE c.day >= $1 AND c.day < $2 AND c.day >= contact.since_day
	AND NOT EXISTS (SELECT 1 FROM notice WHERE notice.about = c.id AND notice.kind IN ('thanks', 'renewed') AND notice.step = 0)
	AND (own.renews IS NOT NULL OR EXISTS (SELECT 1 FROM contribution AS other WHERE other.checkout = c.checkout AND other.day < c.day))
LIMIT $3

-- name: notice_find_cancelled
-- in, out: as notice_find_thanks; gifts that ended
SELECT m.id, 0, m.checkout, checkout.amount_minor, checkout.currency, m.ended_day, NULL FROM mandate AS m
JOIN contact ON contact.checkout = m.checkout JOIN checkout ON checkout.id = m.checkout
WHERE m.state = 'ended' AND m.ended_day >= $1 AND m.ended_day < $2 AND m.ended_day >= contact.since_day
	AND NOT EXISTS (SELECT 1 FROM notice WHERE notice.about = m.id AND notice.kind = 'cancelled' AND notice.step = 0)
LIMIT $3

-- name: notice_find_refunded
-- in, out: as notice_find_thanks; what was given back in all
SELECT c.id, c.refunded_minor, contact.checkout, c.refunded_minor, c.currency, max(r.day), c.id FROM refund AS r
JOIN contribution AS c ON c.id = r.contribution JOIN checkout AS own ON own.id = c.checkout
JOIN contact ON contact.checkout = coalesce(own.renews, own.id)
WHERE r.state = 'done' AND r.day >= $1 AND r.day < $2 AND c.refunded_minor > 0
	AND NOT EXISTS (SELECT 1 FROM notice WHERE notice.about = c.id AND notice.kind = 'refunded' AND notice.step = c.refunded_minor)
GROUP BY c.id, c.refunded_minor, contact.checkout, c.currency LIMIT $3

-- name: notice_find_failed
-- in, out: as notice_find_thanks; renewals whose second try failed, or whose fourth did
SELECT r.id, CASE WHEN r.attempts >= 4 THEN 4 ELSE 2 END, r.checkout, r.amount_minor, r.currency, $2 - 1, NULL FROM renewal AS r
JOIN contact ON contact.checkout = r.checkout
WHERE r.state = 'failing' AND r.attempts >= 2 AND r.day >= $1 AND r.day < $2 AND NOT EXISTS (SELECT 1 FROM notice
	WHERE notice.about = r.id AND notice.kind = 'failed' AND notice.step = CASE WHEN r.attempts >= 4 THEN 4 ELSE 2 END)
LIMIT $3

-- name: notice_find_failed_last
-- in, out: as notice_find_thanks; renewals that are not tried again
SELECT r.id, 0, r.checkout, r.amount_minor, r.currency, $2 - 1, NULL FROM renewal AS r
JOIN contact ON contact.checkout = r.checkout
WHERE r.state = 'given_up' AND r.day >= $1 AND r.day < $2
	AND NOT EXISTS (SELECT 1 FROM notice WHERE notice.about = r.id AND notice.kind = 'failed_last' AND notice.step = 0)
LIMIT $3

-- name: notice_find_annual
-- in: $1 mandate after which, $2 limit; out: mandate, checkout, amount, currency, last day of an annual gift that runs
SELECT m.id, m.checkout, checkout.amount_minor, checkout.currency,
	(SELECT max(c.day) FROM contribution AS c WHERE c.checkout = m.checkout) FROM mandate AS m
JOIN checkout ON checkout.id = m.checkout JOIN contact ON contact.checkout = m.checkout
WHERE m.id > $1 AND m.state <> 'ended' AND checkout.frequency = 'annual'
	AND EXISTS (SELECT 1 FROM contribution AS c WHERE c.checkout = m.checkout)
ORDER BY m.id LIMIT $2

-- name: notice_next
-- in: $1 id after which; out: id, kind, checkout, amount, currency, day, contribution, hand_over_key of what is due
SELECT id, kind, checkout, amount_minor, currency, day, contribution, hand_over_key FROM notice
WHERE state = 'due' AND id > $1 ORDER BY id LIMIT 1

-- name: notice_move
-- in: $1 id, $2 state from, $3 state to
UPDATE notice SET state = $3 WHERE id = $1 AND state = $2

-- name: notice_count_state
-- in: $1 state
SELECT count(*) FROM notice WHERE state = $1

-- name: receipt_gifts
-- in: $1 checkout, $2 limit; out: id, frequency, method, amount_minor, currency, refunded_minor, day, newest first; of its later invoices, too
SELECT id, frequency, method, amount_minor, currency, refunded_minor, day FROM contribution
WHERE checkout = $1 OR checkout IN (SELECT later.id FROM checkout AS later WHERE later.renews = $1) ORDER BY day DESC, id LIMIT $2

-- --- the desk's numbers ---

-- name: numbers_span
-- in: $1 currency, $2 first day, $3 day after the last; out: frequency, count, sum less what was given back, fees, sum, what was given back
SELECT frequency, sum(gifts), sum(amount_minor - refunded_minor), sum(fee_minor), sum(amount_minor), sum(refunded_minor)
FROM contribution_sum WHERE currency = $1 AND day >= $2 AND day < $3 GROUP BY frequency

-- name: numbers_failed
-- in: $1 first day; out: recovered or failed, reason, how many renewals
SELECT CASE WHEN state = 'recovered' THEN 'recovered' ELSE 'failed' END AS became, reason, count(*) FROM renewal WHERE day >= $1
GROUP BY became, reason ORDER BY count(*) DESC, reason

-- name: numbers_running
-- in: $1 currency, $2 first day of the month, $3 a day a month ago, $4 a day a year ago; out: frequency; how many run, their sum;
-- how many of these began this month; how many ended in it; how many ran on $3 and how many of these run still; the same of $4
SELECT checkout.frequency,
	sum(CASE WHEN m.state <> 'ended' THEN 1 ELSE 0 END),
	sum(CASE WHEN m.state <> 'ended' THEN checkout.amount_minor ELSE 0 END),
	sum(CASE WHEN m.state <> 'ended' AND m.started_day >= $2 THEN 1 ELSE 0 END),
	sum(CASE WHEN m.ended_day >= $2 THEN 1 ELSE 0 END),
	sum(CASE WHEN m.started_day < $3 AND (m.ended_day IS NULL OR m.ended_day >= $3) THEN 1 ELSE 0 END),
	sum(CASE WHEN m.started_day < $3 AND m.state <> 'ended' THEN 1 ELSE 0 END),
	sum(CASE WHEN m.started_day < $4 AND (m.ended_day IS NULL OR m.ended_day >= $4) THEN 1 ELSE 0 END),
	sum(CASE WHEN m.started_day < $4 AND m.state <> 'ended' THEN 1 ELSE 0 END)
FROM mandate AS m JOIN checkout ON checkout.id = m.checkout WHERE checkout.currency = $1 GROUP BY checkout.frequency

-- name: numbers_currencies
-- out: currencies in the books
SELECT DISTINCT currency FROM account ORDER BY currency

-- --- the desk's lists: nameless rows, newest first, a page at a time ---

-- name: gifts_page
-- in: $1 day and $2 id after which, $3 limit; out: id, frequency, state, method, amount_minor, currency, fee_minor, refunded_minor, day,
-- which one of its checkout's
SELECT id, frequency, state, method, amount_minor, currency, fee_minor, refunded_minor, day,
	(SELECT count(*) FROM contribution AS other WHERE other.checkout = c.checkout AND other.day < c.day) + 1
FROM contribution AS c WHERE day < $1 OR (day = $1 AND id > $2) ORDER BY day DESC, id LIMIT $3

-- name: gifts_refunded
-- in, out: as gifts_page; those of which something was given back
SELECT id, frequency, state, method, amount_minor, currency, fee_minor, refunded_minor, day,
	(SELECT count(*) FROM contribution AS other WHERE other.checkout = c.checkout AND other.day < c.day) + 1
FROM contribution AS c WHERE refunded_minor > 0 AND (day < $1 OR (day = $1 AND id > $2)) ORDER BY day DESC, id LIMIT $3

-- name: gifts_running
-- in: $1 day and $2 id after which, $3 limit; out: id, frequency, state, rail, amount_minor, currency, started_day, last day
SELECT m.id, checkout.frequency, m.state, checkout.rail,
	checkout.amount_minor, checkout.currency, m.started_day,
	coalesce((SELECT max(c.day) FROM contribution AS c WHERE c.checkout = m.checkout), m.started_day)
FROM mandate AS m JOIN checkout ON checkout.id = m.checkout
WHERE m.state <> 'ended' AND (m.started_day < $1 OR (m.started_day = $1 AND m.id > $2)) ORDER BY m.started_day DESC, m.id LIMIT $3

-- name: gifts_failed
-- in: $1 day and $2 id after which, $3 limit; out: id, frequency, state, rail, amount_minor, currency, day, next_day, reason, attempts
SELECT r.id, r.frequency, r.state, checkout.rail, r.amount_minor, r.currency, r.day, r.next_day, r.reason, r.attempts
FROM renewal AS r JOIN checkout ON checkout.id = r.checkout
WHERE r.state <> 'recovered' AND (r.day < $1 OR (r.day = $1 AND r.id > $2)) ORDER BY r.day DESC, r.id LIMIT $3

-- name: gifts_disputed
-- in, out: as gifts_page; those that a bank asked back
SELECT id, frequency, state, method, amount_minor, currency, fee_minor, refunded_minor, day,
	(SELECT count(*) FROM contribution AS other WHERE other.checkout = c.checkout AND other.day < c.day) + 1
FROM contribution AS c WHERE state IN ('disputed', 'lost') AND (day < $1 OR (day = $1 AND id > $2)) ORDER BY day DESC, id LIMIT $3

-- name: gifts_unmatched
-- in: $1 day and $2 id after which, $3 limit; out: id, rail, type, state, day of what was told and is of no gift that we know
SELECT id, rail, type, state, day FROM event WHERE state IN ('parked', 'foreign') AND (day < $1 OR (day = $1 AND id > $2))
ORDER BY day DESC, id LIMIT $3

-- name: gifts_count_failed
SELECT count(*) FROM renewal WHERE state <> 'recovered'

-- name: gifts_count_disputed
SELECT count(*) FROM contribution WHERE state IN ('disputed', 'lost')

-- name: gifts_count_unmatched
SELECT count(*) FROM event WHERE state IN ('parked', 'foreign')

-- name: gifts_count_all
SELECT count(*) FROM contribution

-- name: gifts_count_refunded
SELECT count(*) FROM contribution WHERE refunded_minor > 0

-- name: gifts_count_running
SELECT count(*) FROM mandate WHERE state <> 'ended'

-- name: gift_one
-- in: $1 id; out: as gifts_page, then checkout
SELECT id, frequency, state, method, amount_minor, currency, fee_minor, refunded_minor, day,
	(SELECT count(*) FROM contribution AS other WHERE other.checkout = c.checkout AND other.day < c.day) + 1, checkout
FROM contribution AS c WHERE id = $1

-- name: gift_by_mark
-- in: $1 least id, $2 greatest; out: ids, two at most
SELECT id FROM contribution WHERE id >= $1 AND id <= $2 LIMIT 2

-- name: gift_bookings
-- in: $1 contribution; out: kind, day, account's name, amount, currency
SELECT booking.kind, booking.day, account.name, entry.amount_minor, account.currency FROM booking
JOIN entry ON entry.booking = booking.id JOIN account ON account.id = entry.account
WHERE booking.contribution = $1 ORDER BY booking.day, booking.id, entry.amount_minor DESC

-- name: gift_mandate
-- in: $1 checkout; out: state, started_day, ended_day
SELECT state, started_day, ended_day FROM mandate WHERE checkout = $1

-- --- refunds that the desk asks for ---

-- name: wish_insert
-- in: $1 id, $2 contribution, $3 amount_minor, $4 reason, $5 state, $6 wanted_by, $7 approved_by or NULL, $8 day
INSERT INTO refund_wish (id, contribution, amount_minor, reason, state, wanted_by, approved_by, day)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: wish_one
-- in: $1 id; out: id, contribution, amount_minor, state, wanted_by, approved_by
SELECT id, contribution, amount_minor, state, wanted_by, approved_by FROM refund_wish WHERE id = $1

-- name: wish_move
-- in: $1 id, $2 state from, $3 state to, $4 approved_by or NULL, $5 what the provider said or NULL
UPDATE refund_wish SET state = $3, approved_by = coalesce($4, approved_by), fault = $5 WHERE id = $1 AND state = $2

-- name: wish_sum_open
-- in: $1 contribution; out: what is wanted or under way of it, that its row does not say yet
SELECT coalesce(sum(amount_minor), 0) FROM refund_wish WHERE contribution = $1 AND state IN ('wanted', 'asking', 'uncertain')

-- name: wish_sum_asked
-- in: $1 contribution; out: what the provider took of it
SELECT coalesce(sum(amount_minor), 0) FROM refund_wish WHERE contribution = $1 AND state = 'asked'

-- name: wish_next
-- out: id of one that is to be asked for
SELECT id FROM refund_wish WHERE state IN ('asking', 'uncertain') ORDER BY random() LIMIT 1

-- name: wish_handle
-- in: $1 contribution; out: rail, currency, handle_sealed or NULL: by what the provider knows its payment
SELECT c.method, c.currency, handle.handle_sealed FROM contribution AS c LEFT JOIN handle ON handle.subject = c.subject WHERE c.id = $1

-- name: wish_list_of
-- in: $1 contribution; out: id, amount_minor, state, reason, wanted_by, approved_by, fault, day
SELECT id, amount_minor, state, reason, wanted_by, approved_by, fault, day FROM refund_wish WHERE contribution = $1 ORDER BY day DESC, id

-- name: wish_list_open
-- out: id, contribution, amount_minor, currency, state, wanted_by, day of those that wait for somebody or the provider
SELECT w.id, w.contribution, w.amount_minor, c.currency, w.state, w.wanted_by, w.day FROM refund_wish AS w
JOIN contribution AS c ON c.id = w.contribution WHERE w.state IN ('wanted', 'asking', 'uncertain') ORDER BY w.day, w.id LIMIT 100

-- name: card_look_next
-- in: $1 day; out: mandate, checkout, subscription_sealed, amount, currency, rail of a running gift whose giver wants mails and whose
-- card was not asked about since
SELECT m.id, m.checkout, m.subscription_sealed, checkout.amount_minor, checkout.currency,
	checkout.rail FROM mandate AS m
JOIN contact ON contact.checkout = m.checkout JOIN checkout ON checkout.id = m.checkout
WHERE m.state = 'active' AND NOT EXISTS (SELECT 1 FROM card_look WHERE card_look.mandate = m.id AND card_look.day >= $1) LIMIT 1

-- name: card_looked
-- in: $1 mandate, $2 today
INSERT INTO card_look (mandate, day) VALUES ($1, $2) ON CONFLICT (mandate) DO UPDATE SET day = excluded.day

-- name: push_new
-- in: $1 rail; out: a gift that comes back, was paid, and is no mandate yet
SELECT checkout.id FROM checkout WHERE checkout.rail = $1 AND checkout.frequency <> 'once' AND checkout.state = 'paid'
	AND checkout.renews IS NULL AND NOT EXISTS (SELECT 1 FROM mandate WHERE mandate.checkout = checkout.id) LIMIT 1

-- name: push_list
-- in: $1 rail, $2 mandate after which; out: mandate, its first checkout, state, frequency, amount_minor, currency, day of its last money
SELECT mandate.id, mandate.checkout, mandate.state, first.frequency, first.amount_minor, first.currency, max(
		coalesce((SELECT max(contribution.day) FROM contribution WHERE contribution.checkout = first.id), mandate.started_day),
		coalesce((SELECT max(contribution.day) FROM checkout AS later JOIN contribution ON contribution.checkout = later.id
			WHERE later.renews = first.id), 0))
FROM mandate JOIN checkout AS first ON first.id = mandate.checkout
WHERE first.rail = $1 AND mandate.id > $2 AND mandate.state IN ('active', 'late', 'paused') ORDER BY mandate.id LIMIT 1

-- name: rail_day_add
-- in: $1 rail, $2 day, $3 events, $4 refused, $5 asked, $6 failed, $7 lag_sum_s, $8 lag_most_s
INSERT INTO rail_day (rail, day, events, refused, asked, failed, lag_sum_s, lag_most_s) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (rail, day) DO UPDATE SET events = events + excluded.events, refused = refused + excluded.refused,
	asked = asked + excluded.asked, failed = failed + excluded.failed, lag_sum_s = lag_sum_s + excluded.lag_sum_s,
	lag_most_s = max(lag_most_s, excluded.lag_most_s)

-- name: rail_day_sums
-- in: $1 rail, $2 day from which; out: events, refused, asked, failed, lag_sum_s, lag_most_s, days with events, last day with one
SELECT coalesce(sum(events), 0), coalesce(sum(refused), 0), coalesce(sum(asked), 0), coalesce(sum(failed), 0), coalesce(sum(lag_sum_s), 0),
	coalesce(max(lag_most_s), 0), coalesce(sum(CASE WHEN events > 0 THEN 1 ELSE 0 END), 0), coalesce(max(CASE WHEN events > 0 THEN day END), 0)
FROM rail_day WHERE rail = $1 AND day >= $2

-- name: rail_day_forget
-- in: $1 day
DELETE FROM rail_day WHERE day < $1

-- name: import_is_applied
-- in: $1 event_index
SELECT count(*) FROM event WHERE event_index = $1 AND state = 'applied'

-- name: push_last_day
-- in: $1 checkout that began it; out: the day of its last money
SELECT max(coalesce((SELECT max(contribution.day) FROM contribution WHERE contribution.checkout = $1), 0),
	coalesce((SELECT max(contribution.day) FROM checkout AS later JOIN contribution ON contribution.checkout = later.id
		WHERE later.renews = $1), 0))

-- name: push_set_renews
-- in: $1 id, $2 checkout that began it
UPDATE checkout SET renews = $2 WHERE id = $1
