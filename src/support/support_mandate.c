/* support_mandate.c: rows of mandate: gifts that come back by themselves.
 *
 * Decides: when a subscription becomes known. Leaves to others: asking the provider to end it (support_manage.c). Runs
 * in: support. The hard thing: the news that it ended may come before the news that it began.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/rand.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

/* Columns id, checkout, state, subscription_sealed, rail. */
static bool fill(struct support *support, const struct store_row *row, bool open_it, struct arena *arena,
	struct support_mandate *mandate, struct fault *f)
{
	mandate->id = row->columns[0].number;
	mandate->checkout = row->columns[1].number;
	if (!mandate_state_from(row->columns[2].bytes, &mandate->state))
		return fault_set(f, FAULT_IO, "a mandate's row cannot be read");
	mandate->rail = row->columns[4].bytes;
	return !open_it || row->columns[3].type == STORE_NULL ||
		seal_open(support->seal_key, row->columns[3].bytes, arena, &mandate->subscription, f);
}

static bool find(struct support *support, enum support_sql query, struct store_value key, bool open_it,
	struct arena *arena, struct support_mandate *mandate, struct fault *f)
{
	struct store_row row;
	bool found;

	*mandate = (struct support_mandate){0};
	return store_one(support->db, query, STORE_ARGS(key), arena, &row, &found, f) &&
		(!found || fill(support, &row, open_it, arena, mandate, f));
}

bool support_find_mandate(struct support *support, int64_t checkout, bool open_it, struct arena *arena,
	struct support_mandate *mandate, struct fault *f)
{
	return find(support, SUPPORT_SQL_MANDATE_BY_CHECKOUT, store_i64(checkout), open_it, arena, mandate, f);
}

bool support_find_subscription(struct support *support, struct str subscription, struct arena *arena, struct support_mandate *mandate,
	struct fault *f)
{
	unsigned char hash[SEAL_INDEX_BYTES] = {0};

	support_index(support, "support.subscription", subscription, hash);
	return find(support, SUPPORT_SQL_MANDATE_BY_SUBSCRIPTION, store_blob(str_make(hash, sizeof(hash))), false, arena, mandate, f);
}

static bool insert(struct support *support, const struct support_checkout *checkout, struct str subscription,
	struct str index, struct support_mandate *mandate, struct fault *f)
{
	unsigned char sealed[SEAL_BYTES];

	*mandate = (struct support_mandate){.id = rand_id(), .checkout = checkout->id, .state = MANDATE_ACTIVE};
	return seal(support->sealer, subscription, sealed, f) && store_run(support->db, SUPPORT_SQL_MANDATE_INSERT,
		STORE_ARGS(store_i64(mandate->id), store_i64(checkout->id), store_blob(index),
			store_blob(str_make(sealed, sizeof(sealed))), store_text(mandate_state_name(MANDATE_ACTIVE)),
			store_i64(clock_utc_day(clock_now()))), NULL, f);
}

bool support_know_mandate(struct support *support, const struct support_checkout *checkout, struct str subscription,
	struct support_mandate *mandate, struct fault *f)
{
	unsigned char hash[SEAL_INDEX_BYTES] = {0};
	struct str index = str_make(hash, sizeof(hash));
	struct arena arena;
	bool ok;

	arena_init(&arena, "mandate", 8192);
	support_index(support, "support.subscription", subscription, hash);
	ok = find(support, SUPPORT_SQL_MANDATE_BY_SUBSCRIPTION, store_blob(index), false, &arena, mandate, f);
	/* One checkout begins one subscription; a second is somebody else's doing and left alone. */
	if (ok && mandate->id == 0)
		ok = support_find_mandate(support, checkout->id, false, &arena, mandate, f);
	if (ok && mandate->id == 0)
		ok = insert(support, checkout, subscription, index, mandate, f);
	arena_release(&arena);
	mandate->rail = (struct str){NULL, 0};
	return ok;
}

/* The last word counts; that it ended counts more. What we began ourselves is over when the provider says that it ended. */
bool support_stand_mandate(struct support *support, struct support_mandate *mandate, const struct kept_row *rows, size_t count,
	const struct kept *fresh, struct fault *f)
{
	const struct kept *last = NULL;

	for (size_t i = 0; i <= count; i++) {
		const struct kept *fact = i < count ? &rows[i].kept : fresh;

		if (fact == NULL || fact->kind != FACT_MANDATE || fact->step == MANDATE_IS_KNOWN)
			continue;
		if (fact->step == MANDATE_HAS_ENDED)
			return support_move_mandate(support, mandate, MANDATE_HAS_ENDED, f);
		if (last == NULL || fact->created_s > last->created_s ||
			(fact->created_s == last->created_s && memcmp(fact->event, last->event, sizeof(last->event)) > 0))
			last = fact;
	}
	return last == NULL || support_move_mandate(support, mandate, (enum mandate_step) last->step, f);
}

bool support_move_mandate(
	struct support *support, struct support_mandate *mandate, enum mandate_step step, struct fault *f)
{
	enum mandate_state next;

	if (!mandate_next(mandate->state, step, &next))
		return true;
	if (!store_run(support->db, SUPPORT_SQL_MANDATE_MOVE, STORE_ARGS(store_i64(mandate->id),
			store_text(mandate_state_name(mandate->state)), store_text(mandate_state_name(next)),
			next == MANDATE_ENDED ? store_i64(clock_utc_day(clock_now())) : store_null()), NULL, f))
		return false;
	mandate->state = next;
	return true;
}

bool support_doubt_cancelling(struct support *support, struct fault *f)
{
	struct support_mandate mandate = {.state = MANDATE_CANCELLING};
	bool ok;

	do {
		ok = store_number(support->db, SUPPORT_SQL_MANDATE_CANCELLING, STORE_NO_ARGS, &mandate.id, f);
		mandate.state = MANDATE_CANCELLING;
	} while (ok && mandate.id != 0 && (ok = support_move_mandate(support, &mandate, MANDATE_IS_DOUBTED, f)));
	return ok;
}
