/* newsletter_moves.c: how many of an issue's mails are in which state, kept while they move from one to the next.
 *
 * Decides: when the counts are written: once for all that a transaction moved, just before its commit. Leaves to the schema's triggers: rows
 * that come and go. Runs in: the newsletter room. The hard thing: a count must share the fate of its rows. So what moved is noted
 * only between newsletter_moves_begin() and newsletter_moves_end(), of rows that did move, and forgotten with a rollback.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/fault.h"
#include "base/must.h"

bool newsletter_moves_begin(struct newsletter *n, struct fault *f)
{
	must(n->move_count == 0);
	return store_begin(n->room->db, f);
}

static bool add(struct newsletter *n, int64_t issue, enum delivery_state state, int64_t mails, struct fault *f)
{
	return store_run(n->room->db, NEWSLETTER_SQL_ISSUE_COUNT_ADD,
		STORE_ARGS(store_i64(issue), store_text(delivery_state_name(state)), store_i64(mails)), NULL, f);
}

static bool write_all(struct newsletter *n, struct fault *f)
{
	bool ok = true;

	for (size_t i = 0; ok && i < n->move_count; i++) {
		const struct newsletter_moves *moves = &n->moves[i];

		ok = add(n, moves->issue, moves->from, -moves->mails, f) && add(n, moves->issue, moves->to, moves->mails, f);
	}
	n->move_count = 0;
	return ok;
}

bool newsletter_moved(struct newsletter *n, int64_t issue, enum delivery_state from, enum delivery_state to, int64_t mails, struct fault *f)
{
	size_t i = 0;

	if (issue == 0 || from == to || mails == 0)
		return true;
	while (i < n->move_count && !(n->moves[i].issue == issue && n->moves[i].from == from && n->moves[i].to == to))
		i++;
	if (i == NEWSLETTER_MOVES) {
		if (!write_all(n, f))
			return false;
		i = 0;
	}
	if (i == n->move_count)
		n->moves[n->move_count++] = (struct newsletter_moves){.issue = issue, .from = from, .to = to};
	n->moves[i].mails += mails;
	return true;
}

bool newsletter_moves_end(struct newsletter *n, bool ok, struct fault *f)
{
	ok = ok && write_all(n, f);
	n->move_count = 0;
	return store_end(n->room->db, ok, f);
}
