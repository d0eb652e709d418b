/* support_subject.c: of which payment a fact is.
 *
 * Decides: whose a name is, and which subject stays when two turn out to be one payment. Leaves to others: what a subject's
 * facts come to (support_books.c), writing that (support_ledger.c). Runs in: support, inside a transaction. The hard thing:
 * each name has a subject of its own until another fact says otherwise, so most names need no row, and none needs an index of a
 * subject's names: they stand in its facts.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

bool support_name_subject(struct support *support, const struct fact_key *name, int64_t *subject, struct fault *f)
{
	int64_t stated;

	if (!store_number(support->db, SUPPORT_SQL_NAME_FIND, STORE_ARGS(store_blob(str_make(name->at, sizeof(name->at)))), &stated, f))
		return false;
	*subject = stated != 0 ? stated : fact_key_id(name);
	return true;
}

static bool put_name(struct support *support, const struct fact_key *name, int64_t subject, struct fault *f)
{
	return !fact_key_is(name) || store_run(support->db, SUPPORT_SQL_NAME_PUT,
		STORE_ARGS(store_blob(str_make(name->at, sizeof(name->at))), store_i64(subject)), NULL, f);
}

/* What stood for `from` alone goes; it is written again for both. */
static bool join(struct support *support, int64_t from, int64_t to, struct arena *arena, struct fault *f)
{
	static const enum support_sql dropped[] = {SUPPORT_SQL_REFUND_DROP, SUPPORT_SQL_DISPUTE_DROP, SUPPORT_SQL_RENEWAL_DROP},
		joined[] = {SUPPORT_SQL_EVENT_JOIN, SUPPORT_SQL_ASK_JOIN, SUPPORT_SQL_BOOKING_JOIN};
	struct kept_row *rows;
	size_t count;
	bool ok = support_read_facts(support, from, arena, &rows, &count, f);

	for (size_t i = 0; ok && i < count; i++)
		ok = put_name(support, &rows[i].kept.payment, to, f) && put_name(support, &rows[i].kept.also, to, f);
	ok = ok && store_run(support->db, SUPPORT_SQL_CONTRIBUTION_DROP_OTHERS, STORE_ARGS(store_i64(from), store_i64(0)), NULL, f);
	for (size_t i = 0; ok && i < sizeof(dropped) / sizeof(dropped[0]); i++)
		ok = store_run(support->db, dropped[i], STORE_ARGS(store_i64(from)), NULL, f);
	for (size_t i = 0; ok && i < sizeof(joined) / sizeof(joined[0]); i++)
		ok = store_run(support->db, joined[i], STORE_ARGS(store_i64(from), store_i64(to)), NULL, f);
	return ok;
}

/* Two names that were apart until now. The subject that has facts stays; of two, the first name's. */
static bool unite(struct support *support, const struct fact_key *names[2], const int64_t subjects[2], struct arena *arena,
	int64_t *subject, struct fault *f)
{
	int64_t has_facts[2];
	size_t other;

	for (size_t i = 0; i < 2; i++)
		if (!store_number(support->db, SUPPORT_SQL_EVENT_COUNT_SUBJECT, STORE_ARGS(store_i64(subjects[i])), &has_facts[i], f))
			return false;
	other = has_facts[0] != 0 || has_facts[1] == 0 ? 1 : 0;
	*subject = subjects[1 - other];
	return (has_facts[other] == 0 || join(support, subjects[other], *subject, arena, f)) &&
		put_name(support, names[other], *subject, f);
}

bool support_find_subject(struct support *support, const struct kept *kept, struct arena *arena, int64_t *subject, struct fault *f)
{
	const struct fact_key *names[] = {&kept->payment, &kept->also};
	int64_t subjects[2] = {0, 0};

	for (size_t i = 0; i < 2; i++)
		if (fact_key_is(names[i]) && !support_name_subject(support, names[i], &subjects[i], f))
			return false;
	*subject = subjects[0] != 0 ? subjects[0] : subjects[1];
	return subjects[0] == 0 || subjects[1] == 0 || subjects[0] == subjects[1] || unite(support, names, subjects, arena, subject, f);
}
