/* support_change.c: a running gift's new amount, its pause, and its going on: asked of the provider until it says yes or no.
 *
 * Decides: that a wish is durable before anybody is asked, and asked for again after silence. Leaves to others: the page
 * (support_own.c), the provider's words (rail.h). Runs in: support. The hard thing: none of these may be half true: the rows say the
 * new amount or the pause only when the provider does, and a wish names what shall be, so that asking twice is asking once.
 * SPDX-License-Identifier: ISC */
#include "support_own.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "base/rand.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "store/store.h"

enum { FIRST_WAIT_S = 60, LONGEST_WAIT_S = 6 * 3600, DOUBLINGS = 8 };

static const char *const change_words[CHANGE_KINDS] = {"amount", "pause", "resume"};

static const char *change_word(enum change_kind kind)
{
	must(kind < CHANGE_KINDS);
	return change_words[kind];
}

/* One asking under way: of a reader's request, or, rq NULL, of the clock. Long-lived. */
struct changing {
	struct support *support;
	struct http_request *rq;
	struct support_change change;
	struct support_checkout checkout;
	struct support_mandate mandate;
	struct arena arena;        /* what the checkout's, mandate's and order's texts live in */
	int64_t tries;
};

static bool kind_from(struct str word, enum change_kind *kind)
{
	for (unsigned i = 0; i < CHANGE_KINDS; i++)
		if (str_is(word, change_words[i])) {
			*kind = (enum change_kind) i;
			return true;
		}
	return false;
}

/* A rail that is pushed asks nobody: what it sends next is ours to say. An amount is typed and weighed in the newsroom's currency:
 * a gift that began in another is chosen anew instead. */
struct support_can support_can(struct support *support, const struct support_checkout *checkout)
{
	const struct rail_line *line = rail_find(support, checkout->rail);
	bool is_ours = str_is(support->settings->currency, checkout->amount.code);

	if (line == NULL || !line->is_on)
		return (struct support_can){.change = false};
	return (struct support_can){.change = is_ours && (line->rail->change != NULL || !line->rail->pulls),
		.pause = line->rail->pause != NULL || !line->rail->pulls, .card = line->rail->portal != NULL};
}

/* --- rows --- */

bool support_find_change(struct support *support, int64_t mandate, struct support_change *change, bool *found, struct fault *f)
{
	struct arena arena;
	struct store_row row;
	bool ok;

	*change = (struct support_change){.mandate = mandate};
	arena_init(&arena, "wish", 4096);
	ok = store_one(support->db, SUPPORT_SQL_CHANGE_OF, STORE_ARGS(store_i64(mandate)), &arena, &row, found, f);
	if (ok && *found) {
		change->serial = row.columns[0].number;
		ok = kind_from(row.columns[1].bytes, &change->kind) || fault_set(f, FAULT_IO, "a wish's row cannot be read");
		change->amount_minor = row.columns[2].type == STORE_NULL ? 0 : row.columns[2].number;
		change->until_day = row.columns[3].type == STORE_NULL ? 0 : (int32_t) row.columns[3].number;
	}
	arena_release(&arena);
	return ok;
}

bool support_find_pause(struct support *support, int64_t mandate, int32_t *until_day, struct fault *f)
{
	int64_t day = 0;
	bool ok = store_number(support->db, SUPPORT_SQL_PAUSE_OF, STORE_ARGS(store_i64(mandate)), &day, f);

	*until_day = (int32_t) day;
	return ok;
}

static bool put(struct support *support, struct support_change *change, int64_t next_us, struct fault *f)
{
	change->serial = rand_id();
	return store_run(support->db, SUPPORT_SQL_CHANGE_PUT, STORE_ARGS(store_i64(change->mandate), store_i64(change->serial),
		store_text(str_from(change_word(change->kind))), change->kind == CHANGE_AMOUNT ? store_i64(change->amount_minor) : store_null(),
		change->kind == CHANGE_PAUSE ? store_i64(change->until_day) : store_null(), store_i64(next_us)), NULL, f);
}

static bool end_change(struct support *support, const struct support_change *change, struct fault *f)
{
	return store_run(support->db, SUPPORT_SQL_CHANGE_END, STORE_ARGS(store_i64(change->mandate), store_i64(change->serial)), NULL, f);
}

static bool apply_inside(struct support *support, const struct support_change *change, int64_t checkout, struct fault *f)
{
	bool ok = false;

	switch (change->kind) {
	case CHANGE_AMOUNT:
		ok = store_run(support->db, SUPPORT_SQL_CHECKOUT_SET_AMOUNT, STORE_ARGS(store_i64(checkout), store_i64(change->amount_minor)),
			NULL, f);
		break;
	case CHANGE_PAUSE:
		ok = store_run(support->db, SUPPORT_SQL_PAUSE_PUT, STORE_ARGS(store_i64(change->mandate), store_i64(change->until_day)), NULL, f);
		break;
	case CHANGE_RESUME:
		ok = store_run(support->db, SUPPORT_SQL_PAUSE_END, STORE_ARGS(store_i64(change->mandate)), NULL, f);
		break;
	case CHANGE_KINDS:
		ok = fault_set(f, FAULT_IO, "a wish's row cannot be read");
		break;
	}
	return ok && end_change(support, change, f);
}

/* A mandate of a rail that asks nobody: no event will say it. */
static bool move_mandate(struct support *support, const struct support_change *change, struct support_mandate *mandate, struct fault *f)
{
	return change->kind == CHANGE_AMOUNT ||
		support_move_mandate(support, mandate, change->kind == CHANGE_PAUSE ? MANDATE_IS_PAUSED : MANDATE_RUNS, f);
}

/* The provider has it: now the rows say so, too. */
static bool apply(struct changing *is, struct fault *f)
{
	const struct rail_line *line = rail_find(is->support, is->checkout.rail);

	if (!store_begin(is->support->db, f))
		return false;
	return store_end(is->support->db, apply_inside(is->support, &is->change, is->checkout.id, f) &&
		(line == NULL || line->rail->pulls || move_mandate(is->support, &is->change, &is->mandate, f)), f);
}

static bool put_off(struct support *support, const struct support_change *change, int64_t tries, struct fault *f)
{
	int64_t wait_s = (int64_t) FIRST_WAIT_S << (tries < DOUBLINGS ? tries : DOUBLINGS);

	if (wait_s > LONGEST_WAIT_S)
		wait_s = LONGEST_WAIT_S;
	return store_run(support->db, SUPPORT_SQL_CHANGE_LATER, STORE_ARGS(store_i64(change->mandate), store_i64(change->serial),
		store_i64(clock_now().us + wait_s * 1000000)), NULL, f);
}

/* --- the end of an asking --- */

static struct str done_sentence(const struct changing *is, const struct locale *locale, struct arena *arena)
{
	static const char *const keys[CHANGE_KINDS] = {"manage_amount_done", "manage_paused", "manage_resume_done"};
	struct civil day = clock_civil_utc(clock_from_utc_day(is->change.until_day));
	const struct locale_pair pairs[] = {{"amount", locale_money(locale, is->checkout.amount, true, arena)},
		{"date", locale_date(locale, &day, arena)}, {NULL, {NULL, 0}}};

	return locale_format(locale, keys[is->change.kind], arena, pairs);
}

static void answer(struct changing *is, int status, const char *key)
{
	const struct locale *locale = page_locale(is->support->room->theme, is->support->settings, is->checkout.language);

	if (is->rq == NULL)
		return;
	support_answer_own(is->support, is->rq, status, &is->checkout, &is->mandate,
		key != NULL ? locale_text(locale, key) : done_sentence(is, locale, http_arena(is->rq)));
}

static void finish(struct changing *is, bool is_settled)
{
	struct support *support = is->support;
	bool is_clock = is->rq == NULL;

	arena_release(&is->arena);
	memory_free(is);
	if (!is_clock)
		return;
	support->is_changing = false;
	if (is_settled) /* the next one; a provider that does not answer is left in peace */
		support_run_changes(support);
}

static void settle(struct changing *is, const struct fault *said)
{
	bool is_no = said != NULL && (said->kind == FAULT_INPUT || said->kind == FAULT_MISSING || said->kind == FAULT_DENIED);
	struct fault f = {0};
	bool ok;

	if (said != NULL)
		log_fault(said, "asking for a change of a running gift");
	if (said == NULL)
		ok = apply(is, &f);
	else if (is_no)
		ok = end_change(is->support, &is->change, &f);
	else
		ok = put_off(is->support, &is->change, is->tries, &f);
	if (!ok)
		log_fault(&f, "noting what became of a wish"); /* it stands there still, and is asked for again */
	log_event(LOG_PROVIDER, LOG_C("asked", change_word(is->change.kind)), LOG_C("became", said == NULL ? "done" : is_no ? "refused" : "later"));
	if (said == NULL && ok && is->change.kind == CHANGE_AMOUNT)
		is->checkout.amount.minor = is->change.amount_minor;
	if (said == NULL && ok)
		answer(is, 200, NULL);
	else
		answer(is, is_no ? 409 : 202, is_no ? "manage_refused" : "manage_asking");
	finish(is, ok && (said == NULL || is_no));
}

static void asked(void *self, const struct rail_answer *rail_answer, const struct fault *f)
{
	(void) rail_answer;
	settle(self, f);
}

static void ask(struct changing *is)
{
	struct rail_line *line = rail_find(is->support, is->checkout.rail);
	struct rail_order order = {.checkout = is->checkout.id, .frequency = is->checkout.frequency, .amount = is->checkout.amount,
		.language = is->checkout.language};
	struct fault f = {0};

	if (line == NULL) {
		fault_set(&f, FAULT_MISSING, "the way to pay of this gift is not known here any more");
		settle(is, &f);
	} else if (!line->rail->pulls && ((is->change.kind == CHANGE_AMOUNT && line->rail->change == NULL) ||
			(is->change.kind != CHANGE_AMOUNT && line->rail->pause == NULL))) {
		settle(is, NULL); /* ours to say */
	} else if (is->change.kind == CHANGE_AMOUNT && line->rail->change != NULL) {
		order.amount.minor = is->change.amount_minor;
		order.key = str_format(&is->arena, "mimeo-change-%lld", (long long) is->change.serial);
		line->rail->change(line, is->mandate.subscription, &order, asked, is);
	} else if (is->change.kind != CHANGE_AMOUNT && line->rail->pause != NULL) {
		line->rail->pause(line, is->mandate.subscription, is->change.kind == CHANGE_PAUSE, asked, is);
	} else {
		fault_set(&f, FAULT_INPUT, "this way to pay cannot be changed while it runs");
		settle(is, &f);
	}
}

static struct changing *make(struct support *support, struct http_request *rq, const struct support_change *change)
{
	struct changing *is = memory_new(1, sizeof(*is));

	*is = (struct changing){.support = support, .rq = rq, .change = *change};
	arena_init(&is->arena, "wish", 32768);
	return is;
}

void support_begin_change(struct support *support, struct http_request *rq, const struct support_checkout *checkout,
	const struct support_mandate *mandate, struct support_change *change)
{
	struct changing *is;
	struct fault f = {0};

	change->mandate = mandate->id;
	if (!put(support, change, clock_now().us + (int64_t) FIRST_WAIT_S * 1000000, &f)) {
		log_fault(&f, "keeping a supporter's wish");
		http_answer_fault(rq, &f);
		return;
	}
	is = make(support, rq, change);
	is->checkout = *checkout; /* the texts of both live as long as the request */
	is->mandate = *mandate;
	ask(is);
}

/* --- by the clock --- */

/* A pause that is over becomes the wish to go on. */
static bool end_pauses(struct support *support, struct fault *f)
{
	struct support_change change = {.kind = CHANGE_RESUME};

	for (;;) {
		if (!store_number(support->db, SUPPORT_SQL_PAUSE_OVER, STORE_ARGS(store_i64(clock_utc_day(clock_now()))), &change.mandate, f))
			return false;
		if (change.mandate == 0)
			return true;
		if (!put(support, &change, clock_now().us, f))
			return false;
	}
}

/* Fills the wish that is due; *found false: none is. */
static bool next(struct support *support, struct changing *is, bool *found, struct fault *f)
{
	struct store_row row;
	bool has_checkout = false;

	if (!store_one(support->db, SUPPORT_SQL_CHANGE_NEXT, STORE_ARGS(store_i64(clock_now().us)), &is->arena, &row, found, f) || !*found)
		return f->kind == FAULT_NONE;
	is->change = (struct support_change){.mandate = row.columns[0].number, .serial = row.columns[1].number,
		.amount_minor = row.columns[3].type == STORE_NULL ? 0 : row.columns[3].number,
		.until_day = row.columns[4].type == STORE_NULL ? 0 : (int32_t) row.columns[4].number};
	is->tries = row.columns[5].number;
	return (kind_from(row.columns[2].bytes, &is->change.kind) || fault_set(f, FAULT_IO, "a wish's row cannot be read")) &&
		support_find_checkout(support, SUPPORT_BY_ID, str_format(&is->arena, "%lld", (long long) row.columns[6].number), &is->arena,
			&is->checkout, &has_checkout, f) &&
		(has_checkout || fault_set(f, FAULT_IO, "a wish's checkout is gone")) &&
		support_find_mandate(support, is->checkout.id, false, &is->arena, &is->mandate, f);
}

void support_run_changes(void *self)
{
	struct support *support = self;
	struct changing *is;
	struct fault f = {0};
	bool found = false, ok;

	if (support->is_changing || support->room->read_only || support->room->draining)
		return;
	is = make(support, NULL, &(struct support_change){.mandate = 0});
	ok = end_pauses(support, &f) && next(support, is, &found, &f);
	if (ok && found && is->mandate.state == MANDATE_ENDED) { /* nothing is left to change */
		ok = end_change(support, &is->change, &f);
		found = false;
	}
	ok = ok && (!found || support_find_mandate(support, is->checkout.id, true, &is->arena, &is->mandate, &f));
	if (!ok)
		log_fault(&f, "a supporter's wish");
	if (!ok || !found) {
		arena_release(&is->arena);
		memory_free(is);
		return;
	}
	support->is_changing = true;
	ask(is);
}
