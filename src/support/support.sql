-- support.sql: every statement of the support room. Days are UTC days, money minor units, *_index keyed hashes.
-- SPDX-License-Identifier: ISC

-- name: checkout_insert
-- in: $1 id, $2 token_hash, $3 manage_hash, $4 frequency, $5 amount_minor, $6 currency, $7 language, $8 state, $9 day, $10 rail
INSERT INTO checkout (id, token_hash, manage_hash, frequency, amount_minor, currency, language, state, day, rail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: checkout_by_id
-- in: $1 id; out: id, frequency, amount_minor, currency, language, state, rail
SELECT id, frequency, amount_minor, currency, language, state, rail FROM checkout WHERE id = $1

-- name: checkout_by_token
-- in: $1 token_hash; out: as checkout_by_id
SELECT id, frequency, amount_minor, currency, language, state, rail FROM checkout WHERE token_hash = $1

-- name: checkout_by_manage
-- in: $1 manage_hash; out: as checkout_by_id
SELECT id, frequency, amount_minor, currency, language, state, rail FROM checkout WHERE manage_hash = $1

-- name: checkout_move
-- in: $1 id, $2 state from, $3 state to
UPDATE checkout SET state = $3 WHERE id = $1 AND state = $2

-- name: checkout_set_session
-- in: $1 id, $2 sealed session
UPDATE checkout SET session_sealed = $2 WHERE id = $1

-- name: checkout_set_rail
-- in: $1 id, $2 rail, $3 state: it is asked of another one
UPDATE checkout SET rail = $2, state = $3 WHERE id = $1

-- name: checkout_count_waiting
SELECT count(*) FROM checkout WHERE state = 'waiting'

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
-- in: $1 subscription_index; out: id, checkout, state, subscription_sealed, rail
SELECT mandate.id, mandate.checkout, mandate.state, mandate.subscription_sealed, checkout.rail
FROM mandate JOIN checkout ON checkout.id = mandate.checkout WHERE mandate.subscription_index = $1

-- name: mandate_by_checkout
-- in: $1 checkout; out: id, checkout, state, subscription_sealed, rail
SELECT mandate.id, mandate.checkout, mandate.state, mandate.subscription_sealed, checkout.rail
FROM mandate JOIN checkout ON checkout.id = mandate.checkout WHERE mandate.checkout = $1

-- name: mandate_move
-- in: $1 id, $2 state from, $3 state to, $4 ended_day or NULL
UPDATE mandate SET state = $3, ended_day = $4 WHERE id = $1 AND state = $2

-- name: mandate_in_doubt
-- out: id, checkout, state, subscription_sealed, rail of one whose cancelling nobody knows the end of; any, so that none stands in the way
SELECT mandate.id, mandate.checkout, mandate.state, mandate.subscription_sealed, checkout.rail
FROM mandate JOIN checkout ON checkout.id = mandate.checkout WHERE mandate.state = 'uncertain' ORDER BY random() LIMIT 1

-- name: mandate_cancelling
-- out: ids that an earlier process left in the middle
SELECT id FROM mandate WHERE state = 'cancelling'

-- name: mandate_count_doubt
SELECT count(*) FROM mandate WHERE state = 'uncertain'

-- name: mandate_count_frequency
-- in: $1 frequency; out: how many give so now
SELECT running FROM mandate_sum WHERE frequency = $1

-- name: contribution_by_subject
-- in: $1 subject; out: id
SELECT id FROM contribution WHERE subject = $1

-- name: contribution_by_id
-- in: $1 id; out: id, frequency, amount_minor, currency, fee_minor, refunded_minor, state, subject, method, checkout, day
SELECT id, frequency, amount_minor, currency, fee_minor, refunded_minor, state, subject, method, checkout, day
FROM contribution WHERE id = $1

-- name: contribution_put
-- in: $1 id, $2 subject, $3 checkout, $4 frequency, $5 method, $6 amount_minor, $7 currency, $8 fee_minor or NULL, $9 refunded_minor,
--     $10 state, $11 day
INSERT INTO contribution (id, subject, checkout, frequency, method, amount_minor, currency, fee_minor, refunded_minor, state, day)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, checkout = excluded.checkout, frequency = excluded.frequency,
	method = excluded.method, amount_minor = excluded.amount_minor, currency = excluded.currency, fee_minor = excluded.fee_minor,
	refunded_minor = excluded.refunded_minor, state = excluded.state, day = excluded.day
WHERE (subject, checkout, frequency, method, amount_minor, currency, refunded_minor, state, day) <> (excluded.subject, excluded.checkout,
	excluded.frequency, excluded.method, excluded.amount_minor, excluded.currency, excluded.refunded_minor, excluded.state, excluded.day)
	OR fee_minor IS NOT excluded.fee_minor

-- name: contribution_drop_others
-- in: $1 subject, $2 id that stays (0: none)
DELETE FROM contribution WHERE subject = $1 AND id <> $2

-- name: contribution_list
-- in: $1 state or NULL for all, $2 limit; out: id, frequency, state, method, amount_minor, currency, fee_minor, refunded_minor, day
SELECT id, frequency, state, method, amount_minor, currency, fee_minor, refunded_minor, day FROM contribution
WHERE $1 IS NULL OR state = $1 ORDER BY day DESC, id LIMIT $2

-- name: contribution_list_state
-- in: $1 state, not booked, $2 limit; out: as contribution_list
SELECT id, frequency, state, method, amount_minor, currency, fee_minor, refunded_minor, day FROM contribution
WHERE state = $1 AND state <> 'booked' ORDER BY day DESC, id LIMIT $2

-- name: contribution_all
-- out: id, checkout, frequency, method, amount_minor, currency, fee_minor, refunded_minor, state, day
SELECT id, checkout, frequency, method, amount_minor, currency, fee_minor, refunded_minor, state, day FROM contribution

-- name: contribution_sums
-- in: $1 first day, $2 day after the last, $3 currency; out: amount, count, fees, refunded
SELECT coalesce(sum(amount_minor), 0), coalesce(sum(gifts), 0), coalesce(sum(fee_minor), 0), coalesce(sum(refunded_minor), 0)
FROM contribution_sum WHERE day >= $1 AND day < $2 AND currency = $3

-- name: contribution_sum_frequency
-- in: $1 first day, $2 day after the last, $3 currency, $4 frequency; out: amount less what was given back
SELECT coalesce(sum(amount_minor - refunded_minor), 0) FROM contribution_sum
WHERE day >= $1 AND day < $2 AND currency = $3 AND frequency = $4

-- name: refund_put
-- in: $1 id, $2 subject, $3 contribution, $4 amount_minor, $5 currency, $6 state, $7 day
INSERT INTO refund (id, subject, contribution, amount_minor, currency, state, day) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, contribution = excluded.contribution, amount_minor = excluded.amount_minor,
	currency = excluded.currency, state = excluded.state, day = excluded.day

-- name: refund_list
-- in: $1 contribution; out: id, amount_minor, currency, state, day
SELECT id, amount_minor, currency, state, day FROM refund WHERE contribution = $1 ORDER BY day, id

-- name: dispute_put
-- in: $1 id, $2 subject, $3 contribution, $4 amount_minor, $5 currency, $6 fee_minor, $7 back_minor, $8 state, $9 reason, $10 day, $11 due_day
INSERT INTO dispute (id, subject, contribution, amount_minor, currency, fee_minor, back_minor, state, reason, day, due_day)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, contribution = excluded.contribution, amount_minor = excluded.amount_minor,
	currency = excluded.currency, fee_minor = excluded.fee_minor, back_minor = excluded.back_minor, state = excluded.state,
	reason = excluded.reason, day = excluded.day, due_day = excluded.due_day

-- name: dispute_list
-- in: $1 limit; out: id, contribution, state, reason, amount_minor, currency, fee_minor, back_minor, day, due_day, method; those that wait first
SELECT dispute.id, dispute.contribution, dispute.state, dispute.reason, dispute.amount_minor, dispute.currency, dispute.fee_minor,
	dispute.back_minor, dispute.day, dispute.due_day, contribution.method
FROM dispute JOIN contribution ON contribution.id = dispute.contribution
ORDER BY CASE dispute.state WHEN 'open' THEN 0 WHEN 'warned' THEN 1 WHEN 'answered' THEN 2 ELSE 3 END, dispute.due_day, dispute.day DESC, dispute.id
LIMIT $1

-- name: renewal_put
-- in: $1 id, $2 subject, $3 checkout, $4 frequency, $5 amount_minor, $6 currency, $7 attempts, $8 state, $9 reason, $10 day, $11 next_day
INSERT INTO renewal (id, subject, checkout, frequency, amount_minor, currency, attempts, state, reason, day, next_day)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, checkout = excluded.checkout, frequency = excluded.frequency,
	amount_minor = excluded.amount_minor, currency = excluded.currency, attempts = excluded.attempts, state = excluded.state,
	reason = excluded.reason, day = excluded.day, next_day = excluded.next_day

-- name: renewal_list
-- in: $1 limit; out: id, state, reason, frequency, amount_minor, currency, attempts, day, next_day, rail; those that fail now first
SELECT renewal.id, renewal.state, renewal.reason, renewal.frequency, renewal.amount_minor, renewal.currency, renewal.attempts, renewal.day,
	renewal.next_day, checkout.rail
FROM renewal JOIN checkout ON checkout.id = renewal.checkout
ORDER BY CASE renewal.state WHEN 'failing' THEN 0 WHEN 'given_up' THEN 1 ELSE 2 END, renewal.day DESC, renewal.id LIMIT $1

-- name: payout_put
-- in: $1 id, $2 subject, $3 rail, $4 amount_minor, $5 currency, $6 state, $7 reason, $8 day, $9 arrives_day
INSERT INTO payout (id, subject, rail, amount_minor, currency, state, reason, day, arrives_day) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET subject = excluded.subject, rail = excluded.rail, amount_minor = excluded.amount_minor,
	currency = excluded.currency, state = excluded.state, reason = excluded.reason, day = excluded.day, arrives_day = excluded.arrives_day

-- name: payout_part_put
-- in: $1 id, $2 subject, $3 payout, $4 name, $5 is_item, $6 item, $7 amount_minor, $8 currency, $9 reason
INSERT INTO payout_part (id, subject, payout, name, is_item, item, amount_minor, currency, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO NOTHING

-- name: payout_list
-- in: $1 limit; out: id, rail, state, reason, amount_minor, currency, day, arrives_day, parts, sum of the parts, and of how many we do
--     not know what they are about
SELECT payout.id, payout.rail, payout.state, payout.reason, payout.amount_minor, payout.currency, payout.day, payout.arrives_day,
	(SELECT count(*) FROM payout_part WHERE payout_part.payout = payout.id),
	CASE payout.is_reconciled WHEN 1 THEN payout.amount_minor ELSE (SELECT coalesce(sum(payout_part.amount_minor), 0) FROM payout_part
		WHERE payout_part.payout = payout.id AND payout_part.currency = payout.currency) END,
	CASE payout.is_reconciled WHEN 1 THEN 0 ELSE (SELECT count(*) FROM payout_part WHERE payout_part.payout = payout.id AND NOT EXISTS (
		SELECT 1 FROM contribution WHERE payout_part.is_item = 0 AND contribution.subject =
			coalesce((SELECT subject FROM payment_name WHERE name = payout_part.name), payout_part.item))
		AND NOT EXISTS (SELECT 1 FROM refund WHERE refund.id = payout_part.item AND payout_part.is_item = 1)
		AND NOT EXISTS (SELECT 1 FROM dispute WHERE dispute.id = payout_part.item AND payout_part.is_item = 1)
		AND NOT (payout_part.is_item = 0 AND payout_part.name = zeroblob(16))) END
FROM payout ORDER BY payout.day DESC, payout.id LIMIT $1

-- name: payout_reconcile
-- those that arrived, are what their parts come to, and have no part that we do not know
UPDATE payout SET is_reconciled = 1 WHERE is_reconciled = 0 AND state = 'arrived'
	AND payout.amount_minor = (SELECT sum(payout_part.amount_minor) FROM payout_part
		WHERE payout_part.payout = payout.id AND payout_part.currency = payout.currency)
	AND NOT EXISTS (SELECT 1 FROM payout_part WHERE payout_part.payout = payout.id AND NOT EXISTS (
		SELECT 1 FROM contribution WHERE payout_part.is_item = 0 AND contribution.subject =
			coalesce((SELECT subject FROM payment_name WHERE name = payout_part.name), payout_part.item))
		AND NOT EXISTS (SELECT 1 FROM refund WHERE refund.id = payout_part.item AND payout_part.is_item = 1)
		AND NOT EXISTS (SELECT 1 FROM dispute WHERE dispute.id = payout_part.item AND payout_part.is_item = 1)
		AND NOT (payout_part.is_item = 0 AND payout_part.name = zeroblob(16)))

-- name: payout_parts
-- in: $1 payout, $2 limit; out: amount_minor, currency, reason, contribution or NULL, 1 where it is the provider's own charge; unknown ones first
SELECT payout_part.amount_minor, payout_part.currency, payout_part.reason,
	CASE payout_part.is_item WHEN 0 THEN (SELECT contribution.id FROM contribution WHERE contribution.subject =
		coalesce((SELECT subject FROM payment_name WHERE name = payout_part.name), payout_part.item))
	ELSE coalesce((SELECT refund.contribution FROM refund WHERE refund.id = payout_part.item),
		(SELECT dispute.contribution FROM dispute WHERE dispute.id = payout_part.item)) END AS whose,
	payout_part.is_item = 0 AND payout_part.name = zeroblob(16)
FROM payout_part WHERE payout_part.payout = $1 ORDER BY whose IS NULL DESC, payout_part.id LIMIT $2

-- name: payout_unreconciled
-- out: payouts that arrived and are not what their parts come to, or have parts that we do not know
SELECT count(*) FROM payout WHERE state = 'arrived' AND is_reconciled = 0

-- name: refund_drop
-- in: $1 subject
DELETE FROM refund WHERE subject = $1

-- name: dispute_drop
-- in: $1 subject
DELETE FROM dispute WHERE subject = $1

-- name: renewal_drop_others
-- in: $1 subject, $2 id that stays
DELETE FROM renewal WHERE subject = $1 AND id <> $2

-- name: renewal_drop
-- in: $1 subject
DELETE FROM renewal WHERE subject = $1

-- name: event_known
-- in: $1 id, $2 event_index; out: 1 when it was taken before
SELECT count(*) FROM event WHERE id = $1 AND event_index = $2

-- name: event_insert
-- in: $1 id, $2 event_index, $3 rail, $4 type, $5 state, $6 subject or 0, $7 period, $8 day, $9 facts or NULL, $10 handle or NULL: it is
-- kept once for a subject
INSERT INTO event (id, event_index, rail, type, state, subject, period, day, facts, handle_sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
	CASE WHEN $10 IS NULL OR EXISTS (SELECT 1 FROM event WHERE subject = $6 AND handle_sealed IS NOT NULL) THEN NULL ELSE $10 END)

-- name: event_of_subject
-- in: $1 subject; out: id, event_index, state, period, facts
SELECT id, event_index, state, period, facts FROM event WHERE subject = $1

-- name: event_count_subject
-- in: $1 subject; out: 1 when something is kept of it
SELECT count(*) FROM (SELECT 1 FROM event WHERE subject = $1 LIMIT 1) AS one

-- name: event_move
-- in: $1 subject, $2 id, $3 state from, $4 state to; found by both, in one step: by id alone it would be a second look-up
UPDATE event SET state = $4 WHERE subject = $1 AND id BETWEEN $2 AND $2 AND state = $3

-- name: event_join
-- in: $1 subject from, $2 subject to
UPDATE event SET subject = $2 WHERE subject = $1

-- name: event_all
-- out: event_index, period, facts, state of all that have facts
SELECT event_index, period, facts, state FROM event WHERE facts IS NOT NULL

-- name: event_facts_count
SELECT count(*) FROM event WHERE facts IS NOT NULL

-- name: event_subject_after
-- in: $1 subject, or 0; out: the next one
SELECT min(subject) FROM event WHERE subject > $1

-- name: event_count_state
-- in: $1 state, not applied
SELECT count(*) FROM event WHERE state = $1 AND state <> 'applied'

-- name: event_list_open
-- in: $1 limit; out: id, rail, type, state, day of what is parked or not ours, newest first
SELECT id, rail, type, state, day FROM event WHERE state IN ('parked', 'foreign') AND state <> 'applied' ORDER BY day DESC, id LIMIT $1

-- name: event_list_unknown
-- in: $1 limit; out: rail, type, how many, last day: kinds that mimeo has no use for
SELECT rail, type, count(*), max(day) FROM event WHERE state = 'ignored' AND state <> 'applied' GROUP BY rail, type ORDER BY max(day) DESC, type LIMIT $1

-- name: event_last_day
SELECT max(day) FROM rail_told

-- name: rail_told_put
-- in: $1 rail, $2 day
INSERT INTO rail_told (rail, day) VALUES ($1, $2) ON CONFLICT (rail) DO UPDATE SET day = excluded.day WHERE day < excluded.day

-- name: webhook_seen
-- above 0: a signed event came, now or so long ago that only its money is left
SELECT (SELECT count(*) FROM (SELECT 1 FROM event LIMIT 1) a) + (SELECT count(*) FROM (SELECT 1 FROM contribution LIMIT 1) b)

-- name: event_old
-- in: $1 subject behind which and $2 up to which, $3 day; out: the first with an unbooked event of before that day; its last day, whether
-- some of it is booked
SELECT subject, max(day), max(state = 'applied') FROM event WHERE subject > $1 AND subject <= $2 GROUP BY subject
HAVING min(CASE WHEN state <> 'applied' THEN day END) < $3 ORDER BY subject LIMIT 1

-- name: event_drop_subject
-- in: $1 subject
DELETE FROM event WHERE subject = $1

-- name: event_drop_unbooked
-- in: $1 subject, $2 day
DELETE FROM event WHERE subject = $1 AND state <> 'applied' AND day < $2

-- name: event_forget
-- in: $1 day before which events of no payment that were of no use are erased, $2 how many at most
DELETE FROM event WHERE (subject, id) IN (SELECT subject, id FROM event
	WHERE state IN ('foreign', 'ignored') AND state <> 'applied' AND day < $1 AND +subject = 0 LIMIT $2)

-- name: event_part_end
-- in: $1 subject, $2 how many; out: the subject of so many events behind it, or of the last; NULL: there is none
SELECT max(subject) FROM (SELECT subject FROM event WHERE subject > $1 ORDER BY subject LIMIT $2) AS part

-- name: name_find
-- in: $1 name; out: subject
SELECT subject FROM payment_name WHERE name = $1

-- name: name_put
-- in: $1 name, $2 subject
INSERT INTO payment_name (name, subject) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET subject = excluded.subject

-- name: name_drop
-- in: $1 name, $2 subject that it stands for
DELETE FROM payment_name WHERE name = $1 AND subject = $2

-- name: handle_forget
-- in: $1 subject behind which and $2 up to which what opens a payment at its provider is erased, of events before $3 day
UPDATE event SET handle_sealed = NULL WHERE subject > $1 AND subject <= $2 AND handle_sealed IS NOT NULL AND day < $3

-- name: code_insert
-- in: $1 code_index, $2 checkout, $3 day
INSERT INTO code (code_index, checkout, day) VALUES ($1, $2, $3) ON CONFLICT (code_index) DO NOTHING

-- name: code_find
-- in: $1 code_index; out: checkout
SELECT checkout FROM code WHERE code_index = $1

-- name: code_forget
-- codes of checkouts that were erased
DELETE FROM code WHERE NOT EXISTS (SELECT 1 FROM checkout WHERE checkout.id = code.checkout)

-- name: ask_insert
-- in: $1 id, $2 rail, $3 subject or NULL, $4 what_sealed, $5 next_us (the largest number: once it is ours), $6 day
INSERT INTO ask (id, rail, subject, what_sealed, next_us, day) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING

-- name: ask_next
-- in: $1 now in us; out: id, rail, what_sealed, tries of one that is due
SELECT id, rail, what_sealed, tries FROM ask WHERE next_us <= $1 ORDER BY next_us LIMIT 1

-- name: ask_wake
-- in: $1 subject that is ours from now on, $2 now in us
UPDATE ask SET next_us = $2 WHERE subject = $1 AND next_us = 9223372036854775807

-- name: ask_later
-- in: $1 id, $2 next_us
UPDATE ask SET tries = tries + 1, next_us = $2 WHERE id = $1

-- name: ask_delete
-- in: $1 id
DELETE FROM ask WHERE id = $1

-- name: ask_join
-- in: $1 subject from, $2 subject to
UPDATE ask SET subject = $2 WHERE subject = $1

-- name: ask_forget
-- in: $1 day before which a question is dropped, but for one that waits for a payment of which something is kept
DELETE FROM ask WHERE day < $1
	AND NOT (next_us = 9223372036854775807 AND EXISTS (SELECT 1 FROM event WHERE event.subject = ask.subject))

-- name: ask_drop_subject
-- in: $1 subject
DELETE FROM ask WHERE subject = $1

-- name: ask_count
-- out: how many questions are due, of what is ours
SELECT count(*) FROM ask WHERE next_us < 9223372036854775807

-- name: account_put
-- in: $1 id, $2 name, $3 currency
INSERT INTO account (id, name, currency) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING

-- name: account_balances
-- out: name, currency, balance
SELECT name, currency, balance_minor FROM account ORDER BY currency, name

-- name: booking_put
-- in: $1 id, $2 subject, $3 kind, $4 reason, $5 contribution or NULL, $6 period, $7 day
INSERT INTO booking (id, subject, kind, reason, contribution, period, day) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: booking_drop
-- in: $1 id; its entries go after it
DELETE FROM booking WHERE id = $1

-- name: booking_join
-- in: $1 subject from, $2 subject to
UPDATE booking SET subject = $2 WHERE subject = $1

-- name: booking_of_subject
-- in: $1 subject; out: id, kind, reason, contribution, period, day, account, amount_minor, currency: a line each, bookings by period
SELECT booking.id, booking.kind, booking.reason, booking.contribution, booking.period, booking.day, account.name, entry.amount_minor,
	account.currency
FROM booking JOIN entry ON entry.booking = booking.id JOIN account ON account.id = entry.account
WHERE booking.subject = $1 ORDER BY booking.period, booking.id, account.name, account.currency

-- name: booking_all
-- out: as booking_of_subject, of all
SELECT booking.id, booking.kind, booking.reason, booking.contribution, booking.period, booking.day, account.name, entry.amount_minor,
	account.currency
FROM booking JOIN entry ON entry.booking = booking.id JOIN account ON account.id = entry.account
ORDER BY booking.id, account.name, account.currency

-- name: booking_later
-- in: $1 day; out: id, subject of bookings of later days, those of one subject together
SELECT id, subject FROM booking WHERE day > $1 ORDER BY subject

-- name: booking_later_count
-- in: $1 day
SELECT count(*) FROM booking WHERE day > $1

-- name: booking_list
-- in: $1 limit; out: id, kind, day, contribution, period
SELECT id, kind, day, contribution, period FROM booking ORDER BY day DESC, id LIMIT $1

-- name: booking_page
-- in: $1 first day, $2 last day, $3 day and $4 id after which, $5 limit; out: as booking_list, oldest first
SELECT id, kind, day, contribution, period FROM booking WHERE day >= $1 AND day <= $2 AND (day > $3 OR (day = $3 AND id > $4))
ORDER BY day, id LIMIT $5

-- name: entry_insert
-- in: $1 booking, $2 account, $3 amount_minor
INSERT INTO entry (booking, account, amount_minor) VALUES ($1, $2, $3)

-- name: entry_drop
-- in: $1 booking
DELETE FROM entry WHERE booking = $1

-- name: entry_list
-- in: $1 booking; out: account's name, currency, amount_minor
SELECT account.name, account.currency, entry.amount_minor FROM entry JOIN account ON account.id = entry.account
WHERE entry.booking = $1 ORDER BY entry.amount_minor DESC

-- name: period_open
-- out: the number of the open period
SELECT coalesce(max(number) + 1, 0) FROM period

-- name: period_last_day
-- out: the last day that is closed, or -1
SELECT coalesce(max(last_day), -1) FROM period

-- name: period_insert
-- in: $1 number, $2 last_day, $3 closed_day, $4 closed_by
INSERT INTO period (number, last_day, closed_day, closed_by) VALUES ($1, $2, $3, $4)

-- name: period_list
-- out: number, last_day, closed_day, closed_by
SELECT number, last_day, closed_day, closed_by FROM period ORDER BY number

-- name: period_sums
-- in: $1 first day, $2 last day; out: account, currency, sum of the entries of these days
SELECT account.name, account.currency, sum(entry.amount_minor) FROM booking JOIN entry ON entry.booking = booking.id
JOIN account ON account.id = entry.account WHERE booking.day >= $1 AND booking.day <= $2
GROUP BY account.id, account.name, account.currency ORDER BY account.currency, account.name

-- name: carried_next
-- out: id, kind, type, state, checkout, amount_minor, currency, name, also, item, day, sealed of what was before, one at a time
SELECT id, kind, type, state, checkout, amount_minor, currency, name, also, item, day, sealed FROM carried ORDER BY id LIMIT 1

-- name: carried_drop
-- in: $1 id
DELETE FROM carried WHERE id = $1

-- name: books_unbalanced
-- out: bookings that do not sum to zero in each currency, entries without a booking included
SELECT count(*) FROM (
	SELECT entry.booking FROM entry JOIN account ON account.id = entry.account
	GROUP BY entry.booking, account.currency HAVING sum(entry.amount_minor) <> 0
	UNION SELECT entry.booking FROM entry LEFT JOIN booking ON booking.id = entry.booking WHERE booking.id IS NULL
	UNION SELECT booking.id FROM booking LEFT JOIN entry ON entry.booking = booking.id WHERE entry.booking IS NULL
) AS wrong

-- name: accounts_misstated
-- out: accounts whose balance is not the sum of their entries
SELECT count(*) FROM account LEFT JOIN (SELECT account AS of_account, sum(amount_minor) AS total FROM entry GROUP BY account) AS sums
ON sums.of_account = account.id WHERE account.balance_minor <> coalesce(sums.total, 0)

-- name: contributions_unbooked
-- out: contributions without a booking of their own
SELECT count(*) FROM contribution WHERE amount_minor <> 0 AND NOT EXISTS (
	SELECT 1 FROM booking WHERE booking.subject = contribution.subject AND booking.kind = 'contribution')

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
	SELECT coalesce(sum(refund.amount_minor), 0) FROM refund
	WHERE refund.contribution = contribution.id AND refund.state = 'done' AND refund.currency = contribution.currency)

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
	OR EXISTS (SELECT 1 FROM reminder) OR EXISTS (SELECT 1 FROM event)

-- name: sealed_some
-- out: domain, index or NULL, sealed: a few rows by which wrong keys are known
SELECT 'support.subscription', m.subscription_index, m.subscription_sealed
FROM (SELECT subscription_index, subscription_sealed FROM mandate WHERE subscription_sealed IS NOT NULL LIMIT 2) AS m
UNION ALL SELECT 'support.reminder', r.address_index, r.address_sealed
FROM (SELECT address_index, address_sealed FROM reminder LIMIT 2) AS r
UNION ALL SELECT 'support.session', NULL, c.session_sealed
FROM (SELECT session_sealed FROM checkout WHERE session_sealed IS NOT NULL LIMIT 2) AS c
UNION ALL SELECT 'support.facts', e.event_index, e.facts
FROM (SELECT event_index, facts FROM event WHERE facts IS NOT NULL LIMIT 2) AS e

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
-- in: $1 checkout; the reference by which the provider knows it goes, and those of its later invoices
UPDATE checkout SET session_sealed = NULL WHERE id = $1 OR renews = $1

-- name: mandate_blank
-- in: $1 checkout; an ended one's openable reference goes, its hash stays for late events
UPDATE mandate SET subscription_sealed = NULL WHERE checkout = $1 AND state = 'ended'

-- name: handle_blank
-- in: $1 checkout; by what its payments, and those of its later invoices, are given back
UPDATE event SET handle_sealed = NULL WHERE handle_sealed IS NOT NULL AND subject IN (SELECT subject FROM contribution
	WHERE checkout = $1 OR checkout IN (SELECT later.id FROM checkout AS later WHERE later.renews = $1))

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

-- name: checkout_later
-- in: $1 checkout that began it, $2 id after which; out: id of a later invoice
SELECT id FROM checkout WHERE renews = $1 AND id > $2 ORDER BY id LIMIT 1

-- name: checkout_unlink
-- in: $1 id, $2 and $3 random: no link leads to it any more
UPDATE checkout SET token_hash = $2, manage_hash = $3 WHERE id = $1

-- name: checkout_set_amount
-- in: $1 id, $2 amount_minor that is given from now on
UPDATE checkout SET amount_minor = $2, cover_minor = 0 WHERE id = $1

-- name: mandate_replaced
-- out: id, state of a mandate that runs although the gift that takes its place was paid
SELECT mandate.id, mandate.state FROM checkout JOIN mandate ON mandate.checkout = checkout.replaces
WHERE checkout.replaces IS NOT NULL AND checkout.state = 'paid' AND mandate.state IN ('active', 'late', 'paused') LIMIT 1

-- name: contribution_of_checkout
-- in: $1 checkout, $2 limit; out: id, day, amount_minor, currency, state, of later invoices of a pushed gift, too
SELECT id, day, amount_minor, currency, state FROM contribution
WHERE checkout = $1 OR checkout IN (SELECT later.id FROM checkout AS later WHERE later.renews = $1) ORDER BY day DESC, id LIMIT $2

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
WHERE until_day <= $1 AND mandate.state IN ('active', 'late', 'paused')
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

-- name: notice_find_paid
-- in: $1 day, $2 id of the contribution after which, $3 how many of that day are looked at; out: about, step, checkout, amount, currency,
--     day, contribution, and 0 for a first gift, 1 for one that came again. A pushed gift's later invoices are checkouts of their own; the
--     address is with the one that began it
SELECT c.id, 0, contact.checkout, c.amount_minor, c.currency, c.day, c.id, own.renews IS NOT NULL
	OR EXISTS (SELECT 1 FROM contribution AS other WHERE other.checkout = c.checkout AND other.day < c.day) AS is_again
FROM (SELECT id, checkout, amount_minor, currency, day FROM contribution WHERE day = $1 AND id > $2 ORDER BY id LIMIT $3) AS c
CROSS JOIN checkout AS own ON own.id = c.checkout JOIN contact ON contact.checkout = coalesce(own.renews, own.id)
WHERE NOT EXISTS (SELECT 1 FROM notice WHERE notice.about = c.id AND notice.kind IN ('thanks', 'renewed') AND notice.step = 0)
	AND (NOT is_again OR c.day >= contact.since_day)

-- name: notice_paid_part
-- in: as notice_find_paid; out: the last of them, none when fewer are left
SELECT id FROM contribution WHERE day = $1 AND id > $2 ORDER BY id LIMIT 1 OFFSET $3 - 1

-- name: notice_find_cancelled
-- in: $1 first day, $2 day after the last, $3 limit; out: about, step, checkout, amount, currency, day, contribution or NULL of gifts that
--     ended
SELECT m.id, 0, m.checkout, checkout.amount_minor, checkout.currency, m.ended_day, NULL FROM mandate AS m
JOIN contact ON contact.checkout = m.checkout JOIN checkout ON checkout.id = m.checkout
WHERE m.state = 'ended' AND m.ended_day >= $1 AND m.ended_day < $2 AND m.ended_day >= contact.since_day
	AND NOT EXISTS (SELECT 1 FROM notice WHERE notice.about = m.id AND notice.kind = 'cancelled' AND notice.step = 0)
LIMIT $3

-- name: notice_find_refunded
-- in, out: as notice_find_cancelled; what was given back in all
SELECT c.id, c.refunded_minor, contact.checkout, c.refunded_minor, c.currency, max(r.day), c.id FROM refund AS r
JOIN contribution AS c ON c.id = r.contribution JOIN checkout AS own ON own.id = c.checkout
JOIN contact ON contact.checkout = coalesce(own.renews, own.id)
WHERE r.state = 'done' AND r.day >= $1 AND r.day < $2 AND c.refunded_minor > 0
	AND NOT EXISTS (SELECT 1 FROM notice WHERE notice.about = c.id AND notice.kind = 'refunded' AND notice.step = c.refunded_minor)
GROUP BY c.id, c.refunded_minor, contact.checkout, c.currency LIMIT $3

-- name: notice_find_failed
-- in, out: as notice_find_cancelled; renewals whose second try failed, or whose fourth did
SELECT r.id, CASE WHEN r.attempts >= 4 THEN 4 ELSE 2 END, r.checkout, r.amount_minor, r.currency, $2 - 1, NULL FROM renewal AS r
JOIN contact ON contact.checkout = r.checkout
WHERE r.state = 'failing' AND r.attempts >= 2 AND r.day >= $1 AND r.day < $2 AND NOT EXISTS (SELECT 1 FROM notice
	WHERE notice.about = r.id AND notice.kind = 'failed' AND notice.step = CASE WHEN r.attempts >= 4 THEN 4 ELSE 2 END)
LIMIT $3

-- name: notice_find_failed_last
-- in, out: as notice_find_cancelled; renewals that are not tried again
SELECT r.id, 0, r.checkout, r.amount_minor, r.currency, $2 - 1, NULL FROM renewal AS r
JOIN contact ON contact.checkout = r.checkout
WHERE r.state = 'given_up' AND r.day >= $1 AND r.day < $2
	AND NOT EXISTS (SELECT 1 FROM notice WHERE notice.about = r.id AND notice.kind = 'failed_last' AND notice.step = 0)
LIMIT $3

-- name: notice_find_annual
-- in: $1 mandate after which, $2 how many are looked at; out: as notice_find_cancelled, of annual gifts that are charged next time; day: the
--     last on which they were
SELECT m.id, 0, m.checkout, checkout.amount_minor, checkout.currency,
	(SELECT max(c.day) FROM contribution AS c WHERE c.checkout = m.checkout) AS last_day, NULL
FROM (SELECT id, checkout, state FROM mandate WHERE id > $1 ORDER BY id LIMIT $2) AS m
CROSS JOIN checkout ON checkout.id = m.checkout JOIN contact ON contact.checkout = m.checkout
WHERE m.state IN ('active', 'late') AND checkout.frequency = 'annual' AND checkout.rail NOT IN ('btcpay', 'monero', 'bank')
	AND last_day IS NOT NULL

-- name: notice_annual_part
-- in: as notice_find_annual; out: the last of them, none when fewer are left
SELECT id FROM mandate WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2 - 1

-- name: notice_next
-- in: $1 id after which; out: id, kind, checkout, amount, currency, day, contribution, hand_over_key, rail of what is due
SELECT id, kind, checkout, amount_minor, currency, day, contribution, hand_over_key,
	(SELECT rail FROM checkout WHERE checkout.id = notice.checkout) FROM notice
WHERE state = 'due' AND id > $1 ORDER BY id LIMIT 1

-- name: notice_move
-- in: $1 id, $2 state from, $3 state to
UPDATE notice SET state = $3 WHERE id = $1 AND state = $2

-- name: notice_count_state
-- in: $1 state
SELECT count(*) FROM notice WHERE state = $1

-- name: receipt_gifts
-- in: $1 checkout, $2 limit; out: id, frequency, method, amount_minor, currency, what went back (what a bank took back for good, too), day,
-- newest first; of its later invoices, too
SELECT id, frequency, method, amount_minor, currency, CASE state WHEN 'lost' THEN amount_minor ELSE refunded_minor END, day FROM contribution
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
SELECT id, rail, type, state, day FROM event
WHERE state IN ('parked', 'foreign') AND state <> 'applied' AND (day < $1 OR (day = $1 AND id > $2))
ORDER BY day DESC, id LIMIT $3

-- name: gifts_count_failed
SELECT count(*) FROM renewal WHERE state <> 'recovered'

-- name: gifts_count_disputed
SELECT count(*) FROM contribution WHERE state IN ('disputed', 'lost')

-- name: gifts_count_unmatched
SELECT count(*) FROM event WHERE state IN ('parked', 'foreign') AND state <> 'applied'

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
WHERE booking.subject = (SELECT subject FROM contribution WHERE contribution.id = $1) AND booking.contribution = $1
ORDER BY booking.day, booking.id, entry.amount_minor DESC

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
-- in: $1 id, $2 state from, $3 state to, $4 approved_by or NULL, $5 what the provider said or NULL, $6 page_sealed or NULL
UPDATE refund_wish SET state = $3, approved_by = coalesce($4, approved_by), fault = $5, page_sealed = $6 WHERE id = $1 AND state = $2

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
-- in: $1 contribution; out: rail, currency, handle_sealed: by what the provider knows its payment, and event_index, with which that was
-- sealed (both NULL: it is not kept)
SELECT c.method, c.currency, e.handle_sealed, e.event_index FROM contribution AS c
LEFT JOIN event AS e ON e.subject = c.subject AND e.handle_sealed IS NOT NULL WHERE c.id = $1 ORDER BY e.id LIMIT 1

-- name: wish_list_of
-- in: $1 contribution; out: id, amount_minor, state, reason, wanted_by, approved_by, fault, day, page_sealed
SELECT id, amount_minor, state, reason, wanted_by, approved_by, fault, day, page_sealed FROM refund_wish WHERE contribution = $1
ORDER BY day DESC, id

-- name: wish_pages
-- in: $1 contribution; out: amount_minor, page_sealed of what its giver takes at a page
SELECT amount_minor, page_sealed FROM refund_wish WHERE contribution = $1 AND page_sealed IS NOT NULL ORDER BY day, id

-- name: wish_has_page
-- in: $1 contribution; out: how many of those there are
SELECT count(*) FROM refund_wish WHERE contribution = $1 AND page_sealed IS NOT NULL

-- name: wish_page_forget
-- in: $1 day before which it is erased
UPDATE refund_wish SET page_sealed = NULL WHERE page_sealed IS NOT NULL AND day < $1

-- name: wish_page_blank
-- in: $1 checkout; of its payments and those of its later invoices
UPDATE refund_wish SET page_sealed = NULL WHERE page_sealed IS NOT NULL AND contribution IN (SELECT id FROM contribution
	WHERE checkout = $1 OR checkout IN (SELECT later.id FROM checkout AS later WHERE later.renews = $1))

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

-- name: push_is_new
-- in: $1 checkout; out: 1 where it is a gift that comes back, was paid, and is no mandate yet
SELECT count(*) FROM checkout WHERE id = $1 AND frequency <> 'once' AND state = 'paid'
	AND renews IS NULL AND NOT EXISTS (SELECT 1 FROM mandate WHERE mandate.checkout = checkout.id)

-- name: push_list
-- in: $1 rail, $2 checkout after which; out: mandate, its first checkout, state, frequency, amount_minor, currency, day of its last money
SELECT mandate.id, mandate.checkout, mandate.state, first.frequency, first.amount_minor, first.currency, max(
		coalesce((SELECT max(contribution.day) FROM contribution WHERE contribution.checkout = first.id), mandate.started_day),
		coalesce((SELECT max(contribution.day) FROM checkout AS later JOIN contribution ON contribution.checkout = later.id
			WHERE later.renews = first.id), 0))
FROM checkout AS first CROSS JOIN mandate ON mandate.checkout = first.id
WHERE first.rail = $1 AND first.frequency <> 'once' AND first.renews IS NULL AND first.id > $2
	AND mandate.state IN ('active', 'late', 'paused') ORDER BY first.id LIMIT 1

-- name: certificate_find
-- in: $1 name; out: pem
SELECT pem FROM certificate WHERE name = $1

-- name: certificate_put
-- in: $1 name, $2 pem, $3 today
INSERT INTO certificate (name, pem, day) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET pem = excluded.pem, day = excluded.day

-- name: certificate_forget
-- all but the last eight
DELETE FROM certificate WHERE name NOT IN (SELECT name FROM certificate ORDER BY day DESC, name LIMIT 8)

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
-- in: $1 id, $2 event_index
SELECT count(*) FROM event WHERE id = $1 AND event_index = $2 AND state = 'applied'

-- name: push_last_day
-- in: $1 checkout that began it; out: the day of its last money
SELECT max(coalesce((SELECT max(contribution.day) FROM contribution WHERE contribution.checkout = $1), 0),
	coalesce((SELECT max(contribution.day) FROM checkout AS later JOIN contribution ON contribution.checkout = later.id
		WHERE later.renews = $1), 0))

-- name: push_set_renews
-- in: $1 id, $2 checkout that began it
UPDATE checkout SET renews = $2 WHERE id = $1
