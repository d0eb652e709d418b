/* support_webhook.c: what providers tell us.
 *
 * Decides: that only a verified event is read, and that it is acknowledged after it was committed and not before. Leaves to
 * others: whose it is and what it says (the rails), what follows (support_events.c). Runs in: support. The hard thing: many come
 * at once, and each waits for the disk. What came in one turn of the loop is committed together; where that fails, each is tried
 * alone, so that none suffers for another. A commit does not wait by itself: the log is brought to the disk beside the loop, which
 * takes further ones meanwhile, and only then are those answered that were committed before. A failure is never a 2xx: the provider
 * then tells us again, for days.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "store/store.h"
#include "rail_health.h"
#include "support_inside.h"

enum {
	DENIED_QUIET_MS = 10000,
	ARENA_BYTES = 4 * 1024 * 1024,
	MOST_AT_ONCE = 32 /* in a commit: the rest of a crowd is taken while these are brought to the disk */
};

/* One verified webhook that waits for its commit, then for the disk; in its request's arena. */
struct delivery {
	struct delivery *next;
	struct support *support;
	struct rail_line *line;
	struct http_request *rq;
	struct facts_list facts;
};

/* For a program, whatever the caller's socket answers people with. */
static void refuse(struct support *support, struct http_request *rq, const struct fault *f)
{
	json_t *answer = json_object(), *fault = json_object();
	struct rail_line *line = rail_find(support, http_part(rq, "provider"));

	if (line != NULL && f->kind == FAULT_DENIED) /* a full disk is not a wrong secret */
		rail_note_refused(support, line->rail->name);
	if (f->kind != FAULT_DENIED) {
		log_fault(f, "taking an event from a provider");
	} else if (clock_mono_ms() >= support->denied_quiet_until_ms) { /* anybody may send what the provider did not sign */
		log_fault(f, "taking an event from a provider");
		support->denied_quiet_until_ms = clock_mono_ms() + DENIED_QUIET_MS;
	}
	json_object_set_new(answer, "fault", fault);
	json_object_set_new(fault, "kind", json_string(fault_name(f->kind)));
	json_object_set_new(fault, "say", json_string(f->say));
	http_answer_json(rq, fault_http_status(f->kind), answer);
}

static void accept_it(const struct delivery *delivery)
{
	json_t *answer = json_object();

	rail_note_event(delivery->support, delivery->line->rail->name, delivery->facts.count > 0 ? delivery->facts.at[0].created_s : 0);
	for (size_t i = 0; i < delivery->facts.count; i++)
		log_event(LOG_PROVIDER, LOG_C("rail", delivery->line->rail->name), LOG_STR("event", delivery->facts.at[i].type));
	json_object_set_new(answer, "received", json_true());
	http_answer_json(delivery->rq, 200, answer);
}

/* --- the commit --- */

static bool take_inside(struct support *support, const struct delivery *delivery, struct arena *arena, struct fault *f)
{
	bool ok = true;

	for (size_t i = 0; ok && i < delivery->facts.count; i++) {
		bool is_new;

		ok = support_take_inside(support, &delivery->facts.at[i], arena, &is_new, f);
		arena_reset(arena);
	}
	return ok;
}

static bool take_all(struct support *support, const struct delivery *first, const struct delivery *end, struct fault *f)
{
	struct arena arena;
	bool ok = support->sync != NULL ? store_begin_lightly(support->db, f) : store_begin(support->db, f);

	if (!ok)
		return false;
	arena_init(&arena, "events", ARENA_BYTES);
	for (const struct delivery *one = first; ok && one != end; one = one->next)
		ok = take_inside(support, one, &arena, f);
	ok = store_end(support->db, ok, f);
	arena_release(&arena);
	support->is_period_known = support->is_period_known && ok;
	return ok;
}

/* --- the disk --- */

static void accept_all(struct delivery *list)
{
	for (struct delivery *one = list, *next; one != NULL; one = next) {
		next = one->next; /* an answered request's arena may be gone */
		accept_it(one);
	}
}

/* What was committed stands in the tables and perhaps not on the disk, and nobody can tell any more: asked once more, the kernel would
 * say yes. So the room ends; at its start it writes all that the log has to other pages (open_room()). */
static void lose(struct support *support, struct delivery *list, int error)
{
	struct fault f = {0};

	errno = error;
	fault_errno(&f, "the disk did not take it");
	log_fault(&f, "bringing the database's log to the disk");
	for (struct delivery *one = list, *next; one != NULL; one = next) {
		next = one->next;
		refuse(support, one->rq, &f);
	}
	loop_stop(support->room->loop);
}

static void bring_to_disk(struct support *support);

static void on_disk(void *self, int error)
{
	struct support *support = self;
	struct delivery *list = support->on_their_way;

	support->on_their_way = NULL;
	if (error != 0) {
		lose(support, list, error);
		return;
	}
	bring_to_disk(support); /* the next ones' way begins before these are answered */
	accept_all(list);
}

static void bring_to_disk(struct support *support)
{
	struct delivery *list = support->committed;
	struct fault unknown = {0};

	if (list == NULL || support->on_their_way != NULL)
		return;
	support->committed = NULL;
	if (support->sync == NULL) { /* each commit waited */
		accept_all(list);
		return;
	}
	support->on_their_way = list;
	if (!loop_sync_start(support->sync, store_log_fd(support->db), on_disk, support, &unknown)) {
		loop_sync_close(&support->sync); /* from now on each waits */
		on_disk(support, fdatasync(store_log_fd(support->db)) == 0 ? 0 : errno);
	}
}

static void commit(void *self)
{
	struct support *support = self;
	struct delivery *first = support->deliveries, *next, **last = &support->committed;
	struct fault together = {0};
	bool ok;

	support->deliveries = NULL;
	if (first == NULL)
		return;
	while (*last != NULL)
		last = &(*last)->next;
	ok = first->next != NULL && take_all(support, first, NULL, &together);
	for (struct delivery *one = first; one != NULL; one = next) {
		struct fault f = {0};

		next = one->next;
		if (!ok && !take_all(support, one, next, &f)) {
			refuse(support, one->rq, &f);
			continue;
		}
		one->next = NULL;
		*last = one;
		last = &one->next;
	}
	bring_to_disk(support);
	support_ask_next(support);
}

/* --- one request --- */

static void verified(void *self, const struct rail_answer *answer, const struct fault *failed)
{
	struct delivery *delivery = self, **last;
	struct support *support = delivery->support;
	size_t waiting = 1;
	struct fault f = {0};

	(void) answer;
	if (failed != NULL || !delivery->line->rail->events(delivery->line, http_body(delivery->rq), http_arena(delivery->rq),
			&delivery->facts, &f)) {
		refuse(support, delivery->rq, failed != NULL ? failed : &f);
		return;
	}
	for (size_t i = 0; i < delivery->facts.count; i++)
		delivery->facts.at[i].rail = delivery->line->rail->name;
	for (last = &support->deliveries; *last != NULL; last = &(*last)->next)
		waiting++;
	*last = delivery;
	if (waiting >= MOST_AT_ONCE) {
		loop_timer_stop(&support->deliveries_timer);
		commit(support);
	} else if (support->deliveries_timer == NULL) {
		loop_timer_set(support->room->loop, &support->deliveries_timer, 0, commit, support);
	}
}

void support_post_webhook(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct rail_line *line = rail_find(support, http_part(rq, "provider"));
	struct delivery *delivery = arena_alloc(http_arena(rq), sizeof(*delivery));
	const struct rail_delivery given = {.rq = rq, .body = http_body(rq), .now = clock_now()};
	struct fault f = {0};

	if (delivery == NULL || line == NULL || line->rail->verify == NULL) {
		if (delivery == NULL)
			fault_full(&f, "an event");
		else
			fault_set(&f, FAULT_MISSING, "No provider of that name calls here.");
		refuse(support, rq, &f);
		return;
	}
	*delivery = (struct delivery){.support = support, .line = line, .rq = rq};
	line->rail->verify(line, &given, verified, delivery);
}
