/* newsletter_states.c: names and moves, from the tables in newsletter_states.h and nowhere else.
 *
 * Decides: nothing that is not in the tables. Runs in: the newsletter room. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "newsletter_states.h"

#include "base/must.h"

#define NAME_ROW(state, text, meaning) [state] = text,
#define MOVE_ROW(from, step, to) {(unsigned char) (from), (unsigned char) (step), (unsigned char) (to)},

struct move {
	unsigned char from, step, to;
};

static bool find_move(const struct move *moves, size_t count, unsigned from, unsigned step, unsigned *to)
{
	for (size_t i = 0; i < count; i++)
		if (moves[i].from == from && moves[i].step == step) {
			*to = moves[i].to;
			return true;
		}
	return false;
}

static bool find_name(const char *const *names, size_t count, struct str text, unsigned *state)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(text, names[i])) {
			*state = (unsigned) i;
			return true;
		}
	return false;
}

#define DEFINE_MACHINE(name, NAME) \
	static const char *const name##_names[NAME##_STATE_COUNT] = {NAME##_STATES(NAME_ROW)}; \
	static const struct move name##_moves[] = {NAME##_MOVES(MOVE_ROW)}; \
	struct str name##_state_name(enum name##_state state) \
	{ \
		must(state < NAME##_STATE_COUNT); \
		return str_from(name##_names[state]); \
	} \
	bool name##_state_from(struct str text, enum name##_state *state) \
	{ \
		unsigned found = 0; \
		bool ok = find_name(name##_names, NAME##_STATE_COUNT, text, &found); \
		*state = (enum name##_state) found; \
		return ok; \
	} \
	bool name##_next(enum name##_state from, enum name##_step step, enum name##_state *to) \
	{ \
		unsigned found = 0; \
		bool ok = find_move(name##_moves, sizeof(name##_moves) / sizeof(name##_moves[0]), from, step, &found); \
		if (ok) \
			*to = (enum name##_state) found; \
		return ok; \
	}

DEFINE_MACHINE(delivery, DELIVERY)
DEFINE_MACHINE(issue, ISSUE)
DEFINE_MACHINE(subscriber, SUBSCRIBER)
