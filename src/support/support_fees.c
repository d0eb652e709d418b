/* support_fees.c: what a payment cost, asked for after it came.
 *
 * Decides: when the provider is asked, one at a time, later again when it does not answer. Runs in: support. The hard
 * thing: none; a GET may be repeated.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

enum { FIRST_WAIT_S = 10, LONGEST_WAIT_S = 6 * 3600 };

struct asking {
	struct support *support;
	int64_t contribution, tries;
	char balance[128];
};

static bool read_fee(const json_t *json, struct money *fee, struct fault *f)
{
	struct str code;

	if (!http_json_need_i64(json, "fee", &fee->minor, f) || !http_json_need_text(json, "currency", &code, f))
		return false;
	if (code.len != 3 || fee->minor < 0)
		return fault_set(f, FAULT_REMOTE, "the provider's fee cannot be read");
	for (size_t i = 0; i < 3; i++)
		fee->code[i] = (char) (code.at[i] & ~0x20);
	fee->code[3] = '\0';
	return true;
}

static void later(struct asking *asking, struct fault *f)
{
	int64_t wait_s = FIRST_WAIT_S << (asking->tries < 12 ? asking->tries : 12);

	if (wait_s > LONGEST_WAIT_S)
		wait_s = LONGEST_WAIT_S;
	if (asking->tries >= SUPPORT_FEE_TRIES) { /* the books then lack one fee; health counted it all along */
		if (!store_run(
				asking->support->db, SUPPORT_SQL_FEE_DUE_DELETE, STORE_ARGS(store_i64(asking->contribution)), NULL, f))
			log_fault(f, "giving a fee up");
	} else if (!store_run(asking->support->db, SUPPORT_SQL_FEE_DUE_LATER,
			STORE_ARGS(store_i64(asking->contribution), store_i64(clock_now().us + wait_s * 1000000)), NULL, f)) {
		log_fault(f, "putting a fee off");
	}
}

static void asked(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct support *support = asking->support;
	struct money fee = {0, ""};
	struct fault f = {0};
	json_t *json = NULL;
	bool ok = stripe_reply(reply, failed, &json, &f) && read_fee(json, &fee, &f) &&
		support_book_fee(support, asking->contribution, str_from(asking->balance), fee, &f);

	json_decref(json);
	support->is_asking_fee = false;
	if (!ok) {
		log_fault(&f, "asking for a fee");
		fault_clear(&f);
		later(asking, &f);
	}
	memory_free(asking);
	if (ok)
		support_ask_fees(support);
}

static bool ask(struct support *support, const struct store_row *row, struct arena *arena, struct fault *f)
{
	struct asking *asking;
	struct str balance;
	char path[192];
	bool ok;

	asking = memory_new(1, sizeof(*asking));
	*asking = (struct asking){
		.support = support, .contribution = row->columns[0].number, .tries = row->columns[2].number};
	ok = seal_open(support->seal_key, row->columns[1].bytes, arena, &balance, f);
	if (ok) {
		snprintf(asking->balance, sizeof(asking->balance), "%.*s", STR_ARG(balance));
		snprintf(path, sizeof(path), "/v1/balance_transactions/%s", asking->balance);
		ok = stripe_call(support, "GET", path, (struct str){NULL, 0}, NULL, asked, asking, f);
	}
	if (!ok) {
		struct fault second = {0};

		later(asking, &second);
		memory_free(asking);
	}
	return ok;
}

void support_ask_fees(void *self)
{
	struct support *support = self;
	struct arena arena;
	struct store_row row;
	struct fault f = {0};
	bool found;

	if (support->is_asking_fee || support->authorization == NULL || support->room->read_only || support->room->draining)
		return;
	arena_init(&arena, "fee", 8192);
	if (store_one(
			support->db, SUPPORT_SQL_FEE_DUE_NEXT, STORE_ARGS(store_i64(clock_now().us)), &arena, &row, &found, &f) &&
		found)
		support->is_asking_fee = ask(support, &row, &arena, &f);
	if (f.kind != FAULT_NONE)
		log_fault(&f, "asking for a fee");
	arena_release(&arena);
}
