/* support_import.c: statements, wallets' lists and addresses that the treasurer brings.
 *
 * Decides: how an import is answered: what was new, what was known, and what a person must look at. Leaves to others: the XML
 * (mimeo-camt, a child without files or network), what a line means (the rails), the books. Runs in: support. The hard things: an
 * unmatched transfer's text may name somebody. It is in the answer, for whoever holds the statement anyway, and nowhere else: to
 * see it again, the statement is brought again. And a year's payments take seconds, in which readers and webhooks want the room,
 * too: they are taken some at a time; what was taken before a failure stays, and is known when the same is brought again.
 * SPDX-License-Identifier: ISC */
#include "support_import.h"

#include <limits.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bank.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"
#include "gen/support_sql.h"
#include "kept.h"
#include "rail_health.h"
#include "rail_wire.h"
#include "store/store.h"
#include "support_inside.h"

enum { LINES_BYTES = 32 * 1024 * 1024, ARENA_BYTES = 128 * 1024 * 1024, FACTS_MOST = 20000, SLICE = 100 /* payments in one transaction */ };

/* One import under way. */
struct importing {
	struct support *support;
	struct http_request *rq;
	struct rail_line *line;
	struct loop_child *child;
	struct buf lines;             /* of mimeo-camt, checked again by rail->events */
	struct fault said;
	struct arena arena;
	struct facts_list list;
	struct loop_timer *timer;     /* to the next slice */
	size_t taken;                 /* of the list */
	int64_t fresh, matched;
	json_t *answer, *unmatched, *went;
};

static struct importing *importing_new(struct support *support, struct http_request *rq, const char *rail)
{
	struct importing *importing = memory_new(1, sizeof(*importing));

	importing->support = support;
	importing->rq = rq;
	importing->line = rail_find(support, str_from(rail));
	buf_init(&importing->lines, LINES_BYTES);
	arena_init(&importing->arena, "import", ARENA_BYTES);
	importing->answer = json_object();
	json_object_set_new(importing->answer, "unmatched", importing->unmatched = json_array());
	json_object_set_new(importing->answer, "went", importing->went = json_array());
	return importing;
}

static void end_import(struct importing *importing, bool ok, const struct fault *f)
{
	int64_t known = (int64_t) importing->list.count - importing->fresh;

	if (ok) {
		json_object_set_new(importing->answer, "transactions", json_integer((json_int_t) importing->list.count));
		json_object_set_new(importing->answer, "new", json_integer(importing->fresh));
		json_object_set_new(importing->answer, "known", json_integer(known));
		json_object_set_new(importing->answer, "matched", json_integer(importing->matched));
		log_event(LOG_JOB, LOG_C("job", "import"), LOG_C("rail", importing->line->rail->name), LOG_I64("new", importing->fresh),
			LOG_I64("known", known));
		http_answer_json(importing->rq, 200, importing->answer);
	} else {
		json_decref(importing->answer);
		log_fault(f, "importing what the treasurer brought");
		http_answer_fault(importing->rq, f);
	}
	buf_release(&importing->lines);
	arena_release(&importing->arena);
	memory_free(importing);
}

/* --- what of a statement a person must look at --- */

/* What a person needs to find it in the bank's own list: the bank's reference and the payer's words. The unmatched stand in the order of
 * the lines: *next is the first of them that has none yet. */
static void add_texts(struct importing *importing, const json_t *line, struct str payment, size_t *next)
{
	json_t *one = json_array_get(importing->unmatched, *next);

	if (!str_equal(http_json_text(one, "payment"), payment))
		return;
	json_object_set_new(one, "reference", http_json_str(http_json_text(line, "reference")));
	json_object_set_new(one, "text", http_json_str(http_json_text(line, "text")));
	(*next)++;
}

/* Money that went and speaks of a gift: a transfer that came back, a refund that a person made. */
static void add_went(struct importing *importing, const json_t *line)
{
	int64_t checkout;
	json_t *one;

	if (!json_is_true(json_object_get(line, "returned")) &&
		!bank_find_reference(importing->support->index_key, http_json_text(line, "text"), &checkout))
		return;
	one = json_object();
	json_array_append_new(importing->went, one);
	json_object_set_new(one, "day", http_json_str(http_json_text(line, "day")));
	json_object_set_new(one, "amount", http_json_str(http_json_text(line, "amount")));
	json_object_set_new(one, "currency", http_json_str(http_json_text(line, "currency")));
	json_object_set_new(one, "reference", http_json_str(http_json_text(line, "reference")));
	json_object_set_new(one, "text", http_json_str(http_json_text(line, "text")));
}

static void look_at_lines(struct importing *importing)
{
	struct str rest = buf_view(&importing->lines), text;
	struct fault ignored = {0};
	size_t next = 0;

	while (str_next(&rest, '\n', &text)) {
		json_t *line = NULL;

		if (text.len == 0 || !http_json_parse(text, &line, &ignored))
			continue;
		if (json_is_true(json_object_get(line, "credit")) && !json_is_true(json_object_get(line, "returned")))
			add_texts(importing, line, bank_payment_name(line, &importing->arena), &next);
		else if (json_object_get(line, "end") == NULL)
			add_went(importing, line);
		json_decref(line);
	}
}

/* --- facts into the books --- */

static bool is_applied(struct support *support, const struct facts *facts, bool *applied, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];
	int64_t count = 0;

	support_rail_index(support, "support.event", facts->rail, facts->event, index);
	if (!store_number(support->db, SUPPORT_SQL_IMPORT_IS_APPLIED, STORE_ARGS(store_i64(kept_id(index)),
			store_blob(str_make(index, sizeof(index)))), &count, f))
		return false;
	*applied = count > 0;
	return true;
}

static json_t *shown(const struct facts *facts)
{
	json_t *one = json_object();
	struct civil civil = clock_civil_utc((struct when){facts->created_s * 1000000});
	char day[32];

	snprintf(day, sizeof(day), "%04d-%02d-%02d", civil.year, civil.month, civil.day);
	json_object_set_new(one, "payment", http_json_str(facts->payment));
	json_object_set_new(one, "day", json_string(day));
	json_object_set_new(one, "amount_minor", json_integer(facts->amount.minor));
	json_object_set_new(one, "currency", json_string(facts->amount.code));
	return one;
}

/* So many from importing->taken on; then, which of them are somebody's. */
static bool take_some(struct importing *importing, size_t count, struct fault *f)
{
	struct support *support = importing->support;
	const struct facts *at = importing->list.at + importing->taken;
	size_t fresh = 0;
	bool ok = support_take(support, at, count, &fresh, f);

	importing->taken += count;
	for (size_t i = 0; ok && i < fresh; i++)
		rail_note_event(support, at->rail, 0);
	importing->fresh += (int64_t) fresh;
	for (size_t i = 0; ok && i < count; i++) {
		bool applied = false;

		ok = is_applied(support, &at[i], &applied, f);
		importing->matched += applied;
		if (ok && !applied)
			json_array_append_new(importing->unmatched, shown(&at[i]));
	}
	return ok;
}

static void take_next(void *self)
{
	struct importing *importing = self;
	size_t left = importing->list.count - importing->taken;
	struct fault f = {0};
	bool ok = left == 0 || take_some(importing, left < SLICE ? left : SLICE, &f);

	if (ok && importing->taken < importing->list.count) {
		loop_timer_set(importing->support->room->loop, &importing->timer, 0, take_next, importing);
		return;
	}
	if (ok)
		look_at_lines(importing);
	end_import(importing, ok, &f);
}

/* Answers, at once or later. */
static void take_all(struct importing *importing, struct str bytes)
{
	struct facts_list *list = &importing->list;
	const struct rail *rail = NULL;
	struct fault f = {0};
	bool ok;

	must(importing->line != NULL); /* whoever begins an import has found it */
	rail = importing->line->rail;
	ok = rail->events(importing->line, bytes, &importing->arena, list, &f);

	if (ok && list->count > FACTS_MOST)
		ok = fault_set(&f, FAULT_INPUT, "this is more than %d payments at once: import shorter periods", FACTS_MOST);
	for (size_t i = 0; ok && i < list->count; i++)
		list->at[i].rail = rail->name;
	if (ok)
		take_next(importing);
	else
		end_import(importing, false, &f);
}

/* --- bank --- */

static void statement_line(void *self, struct str line)
{
	struct importing *importing = self;
	struct str rest = line, word, kind;

	if (!str_starts(line, STR("fault "))) {
		buf_add_str(&importing->lines, line);
		buf_add_char(&importing->lines, '\n');
		return;
	}
	(void) str_next(&rest, ' ', &word);
	(void) str_next(&rest, ' ', &kind);
	fault_set(&importing->said, FAULT_INPUT, "%.*s", STR_ARG(str_part(rest, 0, 300)));
}

static void statement_ended(void *self, int wait_status)
{
	struct importing *importing = self;
	struct fault f = importing->said;
	bool ok = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 && f.kind == FAULT_NONE;

	if (!ok)
		fault_set(&f, FAULT_INPUT, "this statement needs more time or memory than mimeo gives it: import shorter periods");
	if (ok && buf_check(&importing->lines, "the statement", &f))
		take_all(importing, buf_view(&importing->lines));
	else
		end_import(importing, false, &f);
}

/* mimeo-camt stands beside mimeo. */
static bool start_child(struct importing *importing, struct str xml, struct fault *f)
{
	static char name[] = "mimeo-camt";
	char program[PATH_MAX];
	char *argv[] = {name, NULL};
	const struct loop_spawn how = {.exe_fd = -1, .program = program, .argv = argv, .input = xml, .lower_priority = 5,
		.on_line = statement_line, .on_end = statement_ended, .self = importing};
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - sizeof(name));
	char *slash;

	if (len <= 0)
		return fault_errno(f, "cannot find mimeo-camt");
	program[len] = '\0';
	slash = strrchr(program, '/');
	memcpy(slash != NULL ? slash + 1 : program, name, sizeof(name));
	if (access(program, X_OK) != 0)
		return fault_set(f, FAULT_IO, "there is no mimeo-camt beside mimeo: build it with make");
	return loop_spawn(importing->support->room->loop, &how, &importing->child, f);
}

void support_post_statements(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct importing *importing = importing_new(support, rq, "bank");
	struct fault f = {0};
	struct str xml;

	if (importing->line == NULL || !importing->line->is_on) {
		fault_set(&f, FAULT_CONFLICT, "bank transfers are off: write [support] bank_iban and bank_name into mimeo.conf");
		end_import(importing, false, &f);
	} else if (!http_json_need_text(http_json(rq), "statement", &xml, &f) || !start_child(importing, xml, &f)) {
		end_import(importing, false, &f);
	}
}

/* --- whose an unmatched one is --- */

/* A statement brought the payment, and it is nobody's yet; *is_booked: it is somebody's. */
static bool find_payment(struct support *support, struct str payment, bool *is_booked, struct fault *f)
{
	const struct facts paid = {.rail = "bank", .event = payment};
	unsigned char index[SEAL_INDEX_BYTES];
	int64_t known = 0;

	support_rail_index(support, "support.event", paid.rail, paid.event, index);
	return is_applied(support, &paid, is_booked, f) &&
		store_number(support->db, SUPPORT_SQL_EVENT_KNOWN, STORE_ARGS(store_i64(kept_id(index)),
			store_blob(str_make(index, sizeof(index)))), &known, f) &&
		(known > 0 || fault_set(f, FAULT_MISSING, "no payment of this name is known here (any more): import its statement first"));
}

static bool find_gift(struct support *support, const json_t *asked, struct arena *arena, int64_t *checkout, struct fault *f)
{
	struct str reference = http_json_text(asked, "reference");
	struct support_gift gift = {.frequency = FREQUENCY_ONCE};
	struct support_checkout row;
	char token[27];
	bool found = false;

	if (reference.len > 0) {
		if (!bank_find_reference(support->index_key, reference, checkout))
			return fault_set(f, FAULT_INPUT, "%.*s is none of our references: its check digits are wrong, or a character is missing",
				STR_ARG(str_part(reference, 0, 40)));
		return support_find_checkout(support, SUPPORT_BY_ID, str_format(arena, "%lld", (long long) *checkout), arena, &row, &found, f) &&
			(found || fault_set(f, FAULT_MISSING, "no gift with this reference is known here any more"));
	}
	gift.amount = facts_money(0, http_json_text(asked, "currency"));
	return http_json_need_i64(asked, "amount_minor", &gift.amount.minor, f) &&
		((gift.amount.code[0] != '\0' && gift.amount.minor > 0) || fault_set(f, FAULT_INPUT, "amount_minor and currency say no sum")) &&
		support_new_checkout(support, &gift, support->settings->language, "bank", token, checkout, f);
}

void support_post_match(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct arena *arena = http_arena(rq);
	struct facts facts = {.rail = "bank", .kind = FACT_MATCHED, .type = STR("by_hand"), .live = support->settings->live,
		.created_s = clock_now().us / 1000000};
	struct str payment = {NULL, 0};
	json_t *answer = json_object();
	struct fault f = {0};
	size_t fresh = 0;
	bool is_booked = false;
	bool ok = http_json_need_text(http_json(rq), "payment", &payment, &f);

	facts.payment = facts_name(payment);
	if (ok && (!str_starts(facts.payment, STR("bank-")) || facts.payment.len > 60))
		ok = fault_set(&f, FAULT_INPUT, "payment is what an import's answer calls it: bank-…");
	ok = ok && find_payment(support, facts.payment, &is_booked, &f);
	facts.event = str_format(arena, "matched:%.*s", STR_ARG(facts.payment)); /* a payment is one gift's, once */
	ok = ok && (is_booked || (find_gift(support, http_json(rq), arena, &facts.checkout, &f) && support_take(support, &facts, 1, &fresh, &f)));
	if (ok) {
		json_object_set_new(answer, "matched", json_boolean(fresh > 0));
		http_answer_json(rq, 200, answer);
		return;
	}
	json_decref(answer);
	log_fault(&f, "matching a transfer");
	http_answer_fault(rq, &f);
}

/* --- Monero --- */

void support_post_transfers(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct importing *importing = importing_new(support, rq, "monero");
	struct fault f = {0};
	struct str text = {NULL, 0};
	bool ok = http_json_need_text(http_json(rq), "transfers", &text, &f);

	if (ok && importing->line == NULL)
		ok = fault_set(&f, FAULT_CONFLICT, "this newsroom takes no Monero");
	if (ok)
		take_all(importing, text);
	else
		end_import(importing, false, &f);
}

static bool add_addresses(struct support *support, struct str text, int64_t *fresh, int64_t *known, struct fault *f)
{
	struct str rest = text, line;

	while (str_next(&rest, '\n', &line)) {
		bool is_new = false;

		line = str_trim(line);
		if (line.len == 0 || line.at[0] == '#')
			continue;
		if (!monero_add_address(support, line, &is_new, f))
			return false;
		*fresh += is_new;
		*known += !is_new;
	}
	return *fresh + *known > 0 || fault_set(f, FAULT_INPUT, "there is no address in it: one a line");
}

void support_post_addresses(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct rail_line *line = rail_find(support, STR("monero"));
	int64_t fresh = 0, known = 0, left = 0;
	json_t *answer = json_object();
	struct fault f = {0};
	struct str text;
	bool ok = http_json_need_text(http_json(rq), "addresses", &text, &f) && store_begin(support->db, &f) &&
		store_end(support->db, add_addresses(support, text, &fresh, &known, &f), &f) &&
		store_number(support->db, SUPPORT_SQL_MONERO_COUNT_FREE, STORE_NO_ARGS, &left, &f) &&
		(line == NULL || line->rail->open(line, &f));

	if (ok) {
		json_object_set_new(answer, "new", json_integer(fresh));
		json_object_set_new(answer, "known", json_integer(known));
		json_object_set_new(answer, "left", json_integer(left));
		http_answer_json(rq, 200, answer);
		return;
	}
	json_decref(answer);
	log_fault(&f, "adding addresses");
	http_answer_fault(rq, &f);
}
