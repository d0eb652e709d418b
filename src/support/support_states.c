/* support_states.c: names and next() of the machines in support_states.h.
 *
 * Decides nothing: it spells the tables out. Runs in: support. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "support_states.h"

#include <stddef.h>
#include "base/must.h"

#define X_NAME(state, name, meaning) [state] = name,
#define X_MOVE(from, step, to) {from, step, to},

#define DEFINE_MACHINE(word, STATES, MOVES) \
	const char *word##_state_name(enum word##_state state) \
	{ \
		static const char *const names[] = {STATES(X_NAME)}; \
 \
		must(state < word##_state_count); \
		return names[state]; \
	} \
 \
	bool word##_state_find(struct str name, enum word##_state *state) \
	{ \
		for (unsigned i = 0; i < word##_state_count; i++) \
			if (str_is(name, word##_state_name((enum word##_state) i))) { \
				*state = (enum word##_state) i; \
				return true; \
			} \
		return false; \
	} \
 \
	enum word##_state word##_next(enum word##_state state, enum word##_step step) \
	{ \
		static const struct { \
			enum word##_state from; \
			enum word##_step step; \
			enum word##_state to; \
		} moves[] = {MOVES(X_MOVE)}; \
 \
		for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) \
			if (moves[i].from == state && moves[i].step == step) \
				return moves[i].to; \
		return state; \
	}

DEFINE_MACHINE(checkout, CHECKOUT_STATES, CHECKOUT_MOVES)
DEFINE_MACHINE(mandate, MANDATE_STATES, MANDATE_MOVES)
DEFINE_MACHINE(contribution, CONTRIBUTION_STATES, CONTRIBUTION_MOVES)
DEFINE_MACHINE(refund, REFUND_STATES, REFUND_MOVES)
DEFINE_MACHINE(event, EVENT_STATES, EVENT_MOVES)
