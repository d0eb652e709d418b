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
-- An address that waits already keeps its day and its key, but the row is written again: so that both take the same time.
-- in: $1 id, $2 address_index, $3 address_sealed, $4 language, $5 due_day, $6 hand_over_key
INSERT INTO reminder (id, address_index, address_sealed, language, due_day, hand_over_key)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (address_index) DO UPDATE SET address_sealed = excluded.address_sealed

-- name: reminder_due
-- in: $1 today, $2 id after which; out: id, address_sealed, language, hand_over_key
SELECT id, address_sealed, language, hand_over_key FROM reminder WHERE due_day <= $1 AND id > $2 ORDER BY id LIMIT 1

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
