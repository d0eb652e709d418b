/* support_contact.c: the one address that a supporter may leave, and the end of it.
 *
 * Decides: how it is kept and when it goes. Leaves to others: the form (support_manage.c), the mails (support_notice.c). Runs
 * in: support. The hard thing: what is erased here is all by which a giver could be found at the provider; the books, which name
 * nobody, stay as they are.
 * SPDX-License-Identifier: ISC */
#include "support_contact.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/must.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

bool support_set_contact(struct support *support, int64_t checkout, struct str token, const struct email *email,
	struct str language, struct fault *f)
{
	unsigned char address[SEAL_BYTES], manage[SEAL_BYTES];

	return seal(support->sealer, email_text(email), address, f) && seal(support->sealer, token, manage, f) &&
		store_run(support->db, SUPPORT_SQL_CONTACT_PUT,
			STORE_ARGS(store_i64(checkout), store_blob(str_make(address, sizeof(address))),
				store_blob(str_make(manage, sizeof(manage))), store_text(language), store_i64(clock_utc_day(clock_now()))),
			NULL, f);
}

static bool drop(struct support *support, int64_t checkout, struct fault *f)
{
	return store_run(support->db, SUPPORT_SQL_CONTACT_DELETE, STORE_ARGS(store_i64(checkout)), NULL, f) &&
		store_run(support->db, SUPPORT_SQL_NOTICE_DROP, STORE_ARGS(store_i64(checkout),
			store_text(notice_state_name(NOTICE_DUE)), store_text(notice_state_name(NOTICE_DROPPED))), NULL, f);
}

bool support_drop_contact(struct support *support, int64_t checkout, struct fault *f)
{
	return store_begin(support->db, f) && store_end(support->db, drop(support, checkout, f), f);
}

bool support_has_contact(struct support *support, int64_t checkout, bool *has, struct fault *f)
{
	int64_t count = 0;
	bool ok = store_number(support->db, SUPPORT_SQL_CONTACT_COUNT_OF, STORE_ARGS(store_i64(checkout)), &count, f);

	*has = count > 0;
	return ok;
}

bool support_open_contact(struct support *support, int64_t checkout, struct arena *arena, struct support_contact *contact,
	bool *found, struct fault *f)
{
	struct store_row row;
	struct str address;

	*contact = (struct support_contact){.token = {NULL, 0}};
	if (!store_one(support->db, SUPPORT_SQL_CONTACT_OF, STORE_ARGS(store_i64(checkout)), arena, &row, found, f))
		return false;
	if (!*found)
		return true;
	contact->language = row.columns[2].bytes;
	return seal_open(support->seal_key, row.columns[0].bytes, arena, &address, f) &&
		seal_open(support->seal_key, row.columns[1].bytes, arena, &contact->token, f) &&
		email_parse(address, &contact->email, f);
}

/* --- erasing --- */

static bool erase(struct support *support, int64_t checkout, struct fault *f)
{
	return drop(support, checkout, f) &&
		store_run(support->db, SUPPORT_SQL_CHECKOUT_BLANK, STORE_ARGS(store_i64(checkout)), NULL, f) &&
		store_run(support->db, SUPPORT_SQL_HANDLE_BLANK, STORE_ARGS(store_i64(checkout)), NULL, f) &&
		store_run(support->db, SUPPORT_SQL_WISH_PAGE_BLANK, STORE_ARGS(store_i64(checkout)), NULL, f) &&
		store_run(support->db, SUPPORT_SQL_MANDATE_BLANK, STORE_ARGS(store_i64(checkout)), NULL, f);
}

bool support_erase_supporter(struct support *support, int64_t checkout, struct fault *f)
{
	int64_t running = 0;

	if (!store_number(support->db, SUPPORT_SQL_MANDATE_RUNNING_OF, STORE_ARGS(store_i64(checkout)), &running, f))
		return false;
	if (running > 0)
		return fault_set(f, FAULT_CONFLICT, "a gift that runs is ended first: what is erased could not be ended any more");
	return store_begin(support->db, f) && store_end(support->db, erase(support, checkout, f), f);
}

bool support_erase_old_supporters(struct support *support, int32_t today, int64_t *erased, struct fault *f)
{
	const struct store_value before = store_i64(today - CONTACT_KEEP_DAYS);
	int64_t checkout = 0;

	*erased = 0;
	for (;;) {
		if (!store_number(support->db, SUPPORT_SQL_SUPPORTER_OLD, STORE_ARGS(before), &checkout, f))
			return false;
		if (checkout == 0)
			break;
		if (!store_begin(support->db, f) || !store_end(support->db, erase(support, checkout, f), f))
			return false;
		*erased += 1;
	}
	return store_run(support->db, SUPPORT_SQL_NOTICE_FORGET, STORE_ARGS(before), NULL, f);
}
