/* support_checkout.c: rows of checkout, and the page that their form comes back on.
 *
 * Decides: the tokens of the thanks page and of the keep-this link. Leaves to others: the provider. Runs in: support.
 * The hard thing: only hashes of tokens are kept, and yet the thanks page shows the keep-this link each time it is
 * opened; so that link's token is a keyed hash of the thanks page's.
 * SPDX-License-Identifier: ISC */
#include <sodium.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/must.h"
#include "base/rand.h"
#include "base/secret.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"
#include "support_inside.h"

void support_manage_token(const struct support *support, struct str token, char out[2 * SUPPORT_MANAGE_BYTES + 1])
{
	unsigned char index[SEAL_INDEX_BYTES];

	support_index(support, "support.manage", token, index);
	sodium_bin2hex(out, 2 * SUPPORT_MANAGE_BYTES + 1, index, SUPPORT_MANAGE_BYTES);
}

bool support_new_checkout(struct support *support, const struct support_gift *gift, struct str language, const char *rail,
	char token[27], int64_t *id, struct fault *f)
{
	unsigned char token_hash[SEAL_HASH_BYTES], manage_hash[SEAL_HASH_BYTES];
	char manage[2 * SUPPORT_MANAGE_BYTES + 1];

	_Static_assert(RAND_TOKEN_CHARS + 1 == 27, "tokens fit");
	*id = rand_id();
	rand_token(token);
	support_manage_token(support, str_from(token), manage);
	seal_token_hash(str_from(token), token_hash);
	seal_token_hash(str_from(manage), manage_hash);
	return store_run(support->db, SUPPORT_SQL_CHECKOUT_INSERT, STORE_ARGS(store_i64(*id),
		store_blob(str_make(token_hash, sizeof(token_hash))), store_blob(str_make(manage_hash, sizeof(manage_hash))),
		store_text(str_from(frequency_names[gift->frequency])), store_i64(gift->amount.minor),
		store_text(str_from(gift->amount.code)), store_text(language),
		store_text(checkout_state_name(CHECKOUT_ASKED)), store_i64(clock_utc_day(clock_now())), store_text(str_from(rail))), NULL, f);
}

static bool fill(const struct store_row *row, struct support_checkout *checkout, struct fault *f)
{
	struct str frequency = row->columns[1].bytes, currency = row->columns[3].bytes;

	*checkout = (struct support_checkout){.id = row->columns[0].number, .amount.minor = row->columns[2].number,
		.language = row->columns[4].bytes, .rail = row->columns[6].bytes};
	for (unsigned i = 0; i < FREQUENCY_COUNT; i++)
		if (str_is(frequency, frequency_names[i]))
			checkout->frequency = (enum frequency) i;
	if (currency.len == 3)
		memcpy(checkout->amount.code, currency.at, 3);
	return checkout_state_from(row->columns[5].bytes, &checkout->state) ||
		fault_set(f, FAULT_IO, "a checkout's row cannot be read");
}

bool support_find_checkout(struct support *support, enum support_find by, struct str value, struct arena *arena,
	struct support_checkout *checkout, bool *found, struct fault *f)
{
	unsigned char hash[SEAL_HASH_BYTES];
	struct store_value key;
	struct store_row row;
	int64_t id = 0;
	static const enum support_sql queries[] = {[SUPPORT_BY_ID] = SUPPORT_SQL_CHECKOUT_BY_ID,
		[SUPPORT_BY_TOKEN] = SUPPORT_SQL_CHECKOUT_BY_TOKEN, [SUPPORT_BY_MANAGE] = SUPPORT_SQL_CHECKOUT_BY_MANAGE};

	*found = false;
	if (by == SUPPORT_BY_ID) {
		if (!str_to_i64(value, &id))
			return true;
		key = store_i64(id);
	} else {
		seal_token_hash(value, hash);
		key = store_blob(str_make(hash, sizeof(hash)));
	}
	return store_one(support->db, queries[by], STORE_ARGS(key), arena, &row, found, f) &&
		(!*found || fill(&row, checkout, f));
}

bool support_move_checkout(struct support *support, struct support_checkout *checkout, enum checkout_step step,
	struct fault *f)
{
	enum checkout_state next;

	if (!checkout_next(checkout->state, step, &next))
		return true;
	if (!store_run(support->db, SUPPORT_SQL_CHECKOUT_MOVE,
			STORE_ARGS(store_i64(checkout->id), store_text(checkout_state_name(checkout->state)),
				store_text(checkout_state_name(next))),
			NULL, f))
		return false;
	checkout->state = next;
	return true;
}

/* How many folders the asked address lies below the root: links are relative to it. */
static unsigned depth_of(struct str path)
{
	unsigned depth = 0;

	for (size_t i = 1; i < path.len; i++)
		depth += path.at[i] == '/';
	return depth;
}

void support_answer_unknown(struct support *support, struct http_request *rq)
{
	const struct locale *locale = page_locale(support->room->theme, support->settings, (struct str){NULL, 0});
	struct page_small small = {.page = {.depth = depth_of(http_path(rq))}};

	small.page.title = small.heading = locale_text(locale, "support_unknown_heading");
	small.sentence = locale_text(locale, "support_unknown_sentence");
	page_answer_small(support->room, rq, 404, &small);
}

void support_answer_coupon(struct support *support, struct http_request *rq, int status, struct str language,
	const struct page_coupon *coupon)
{
	struct room *room = support->room;
	const struct locale *locale = page_locale(room->theme, support->settings, language);
	struct page page = {.language = language, .depth = depth_of(http_path(rq)), .has_form = true,
		.is_support = true};
	struct press_value *root;

	page.title = locale_text(locale, "support_title");
	root = page_values(room->theme, support->settings, &page, http_arena(rq));
	press_set_text(root, "heading", page.title);
	press_set(root, "appeal", page_appeal(room->theme, support->settings, &page, coupon, http_arena(rq)));
	page_answer(room, rq, status, "support_page", root);
}
