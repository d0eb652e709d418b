/* support_choice.c: what a reader chose beyond an amount: to add the fee, and which gift of theirs the new one takes the place of.
 *
 * Decides: that the old gift is ended only when the new one was paid. Leaves to others: ending it (support_manage.c). Runs in:
 * support. The hard thing: a reader who changes how often they give must neither pay twice nor stop by accident; so the old one
 * runs until the new one's money is booked, and is then ended by the clock, until the provider says that it has.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "store/store.h"
#include "support_inside.h"

bool support_keep_choice(struct support *support, int64_t checkout, const struct support_gift *gift, struct fault *f)
{
	unsigned char hash[SEAL_HASH_BYTES];

	if (gift->cover_minor == 0 && gift->instead.len == 0)
		return true;
	seal_token_hash(gift->instead, hash);
	return store_run(support->db, SUPPORT_SQL_CHECKOUT_SET_CHOICE, STORE_ARGS(store_i64(checkout), store_i64(gift->cover_minor),
		gift->instead.len > 0 ? store_blob(str_make(hash, sizeof(hash))) : store_null()), NULL, f);
}

bool support_find_choice(struct support *support, int64_t checkout, int64_t *cover_minor, int64_t *replaces, struct fault *f)
{
	struct arena arena;
	struct store_row row;
	bool found = false;
	bool ok;

	*cover_minor = *replaces = 0;
	arena_init(&arena, "choice", 4096);
	ok = store_one(support->db, SUPPORT_SQL_CHECKOUT_CHOICE, STORE_ARGS(store_i64(checkout)), &arena, &row, &found, f);
	if (ok && found) {
		*cover_minor = row.columns[0].number;
		*replaces = row.columns[1].type == STORE_NULL ? 0 : row.columns[1].number;
	}
	arena_release(&arena);
	return ok;
}

struct str support_amount_text(const struct locale *locale, struct money amount, struct arena *arena)
{
	struct str text = locale_money(locale, amount, true, arena);

	/* the number between whatever sign and isolates the language puts around it */
	while (text.len > 0 && !(text.at[0] >= '0' && text.at[0] <= '9'))
		text = str_part(text, 1, SIZE_MAX);
	while (text.len > 0 && !(text.at[text.len - 1] >= '0' && text.at[text.len - 1] <= '9'))
		text.len--;
	return text;
}

/* One of them; *found false: there is none. From there on support_settle_doubts() asks until it has ended. */
static bool end_one(struct support *support, bool *found, struct fault *f)
{
	struct support_mandate mandate = {.id = 0};
	struct arena arena;
	struct store_row row;
	bool ok;

	arena_init(&arena, "replaced", 4096);
	ok = store_one(support->db, SUPPORT_SQL_MANDATE_REPLACED, STORE_NO_ARGS, &arena, &row, found, f);
	if (ok && *found) {
		mandate.id = row.columns[0].number;
		ok = (mandate_state_from(row.columns[1].bytes, &mandate.state) || fault_set(f, FAULT_IO, "a mandate's row cannot be read")) &&
			support_move_mandate(support, &mandate, MANDATE_IS_CANCELLED, f) &&
			support_move_mandate(support, &mandate, MANDATE_IS_DOUBTED, f);
	}
	arena_release(&arena);
	return ok;
}

void support_end_replaced(void *self)
{
	struct support *support = self;
	struct fault f = {0};
	bool found = true;

	while (found) {
		if (!end_one(support, &found, &f)) {
			log_fault(&f, "ending a gift that was replaced");
			return;
		}
		if (found)
			log_event(LOG_JOB, LOG_C("job", "a gift was replaced"));
	}
}
