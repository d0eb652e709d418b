/* support_asks.c: what providers are asked after they told: what a payment cost, what a payout is made of.
 *
 * Decides: when a provider is asked, one question at a time, later again when it does not answer. Leaves to others: the calls
 * (the rails), what the answers' facts change (support_events.c). Runs in: support. The hard thing: an answer and its question's
 * end are one transaction; the facts have ids of their own, so that the same answer again changes nothing.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

enum { FIRST_WAIT_S = 10, LONGEST_WAIT_S = 6 * 3600, ARENA_BYTES = 4 * 1024 * 1024 };

struct asking {
	struct support *support;
	struct rail_line *line;
	int64_t id, tries;
};

static bool drop(struct support *support, int64_t id, struct fault *f)
{
	return store_run(support->db, SUPPORT_SQL_ASK_DELETE, STORE_ARGS(store_i64(id)), NULL, f);
}

static void later(struct support *support, int64_t id, int64_t tries)
{
	int64_t wait_s = FIRST_WAIT_S << (tries < 12 ? tries : 12);
	struct fault f = {0};

	if (wait_s > LONGEST_WAIT_S)
		wait_s = LONGEST_WAIT_S;
	/* Given up, the books lack what it would have told; health counted it all along. */
	if (tries >= SUPPORT_ASK_TRIES ? !drop(support, id, &f) : !store_run(support->db, SUPPORT_SQL_ASK_LATER,
			STORE_ARGS(store_i64(id), store_i64(clock_now().us + wait_s * 1000000)), NULL, &f))
		log_fault(&f, "putting a question off");
}

/* The answer's facts and the question's end. id 0: nobody asked (poll). */
static bool take_answer(struct support *support, const struct rail *rail, const struct rail_answer *answer, int64_t id,
	struct fault *f)
{
	struct arena arena;
	bool is_new, has_parts = false, ok;

	arena_init(&arena, "answer", ARENA_BYTES);
	ok = store_begin(support->db, f);
	if (ok) {
		for (size_t i = 0; ok && i < answer->facts_count; i++) {
			struct facts facts = answer->facts[i];

			facts.rail = rail->name;
			has_parts |= facts.kind == FACT_PAYOUT_PART;
			ok = support_take_inside(support, &facts, &arena, &is_new, f);
			arena_reset(&arena);
		}
		/* Goes through every payout that is open: not for a fee, of which each payment has one. */
		ok = ok && (id == 0 || drop(support, id, f)) &&
			(!has_parts || store_run(support->db, SUPPORT_SQL_PAYOUT_RECONCILE, STORE_NO_ARGS, NULL, f));
		ok = store_end(support->db, ok, f);
	}
	arena_release(&arena);
	support->is_period_known = support->is_period_known && ok;
	return ok;
}

static void answered(void *self, const struct rail_answer *answer, const struct fault *failed)
{
	struct asking *asking = self;
	struct support *support = asking->support;
	struct fault f = {0};
	bool ok = failed == NULL && take_answer(support, asking->line->rail, answer, asking->id, &f);

	support->is_asking = false;
	if (!ok) {
		log_fault(failed != NULL ? failed : &f, "asking a provider");
		if (failed != NULL && failed->kind == FAULT_MISSING) {
			fault_clear(&f);
			if (!drop(support, asking->id, &f))
				log_fault(&f, "giving a question up");
		} else {
			later(support, asking->id, asking->tries);
		}
	}
	memory_free(asking);
	if (ok)
		support_ask_next(support);
}

static void ask(struct support *support, const struct store_row *row, struct arena *arena, struct fault *f)
{
	struct rail_line *line = rail_find(support, row->columns[1].bytes);
	int64_t id = row->columns[0].number, tries = row->columns[3].number;
	struct asking *asking;
	struct str what;

	if (line == NULL || line->rail->ask == NULL || !line->is_on || !seal_open(support->seal_key, row->columns[2].bytes, arena, &what, f)) {
		later(support, id, tries);
		return;
	}
	asking = memory_new(1, sizeof(*asking));
	*asking = (struct asking){.support = support, .line = line, .id = id, .tries = tries};
	support->is_asking = true;
	line->rail->ask(line, what, answered, asking);
}

void support_ask_next(void *self)
{
	struct support *support = self;
	struct arena arena;
	struct store_row row;
	struct fault f = {0};
	bool found;

	if (support->is_asking || support->room == NULL || support->room->read_only || support->room->draining)
		return;
	arena_init(&arena, "ask", 8192);
	if (store_one(support->db, SUPPORT_SQL_ASK_NEXT, STORE_ARGS(store_i64(clock_now().us)), &arena, &row, &found, &f) && found)
		ask(support, &row, &arena, &f);
	if (f.kind != FAULT_NONE)
		log_fault(&f, "asking a provider");
	arena_release(&arena);
}

/* --- rails that tell nothing by themselves --- */

static void polled(void *self, const struct rail_answer *answer, const struct fault *failed)
{
	struct rail_line *line = self;
	struct fault f = {0};

	if (failed != NULL)
		log_fault(failed, "looking at a rail");
	else if (answer->facts_count > 0 && !take_answer(line->support, line->rail, answer, 0, &f))
		log_fault(&f, "taking what a rail shows");
	else
		support_ask_next(line->support);
}

void support_poll(void *self)
{
	struct rail_line *line = self;

	if (line->is_on && line->rail->poll != NULL)
		line->rail->poll(line, polled, line);
}
