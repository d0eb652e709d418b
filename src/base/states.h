/* states.h: a state machine as one table: its states with their names, its steps, and which moves there are.
 *
 * A machine is three lists, written once beside each other in its room:
 *
 *	#define DOOR_STATES(X) X(DOOR_OPEN, "open", "anybody comes in") X(DOOR_SHUT, "shut", "nobody does")
 *	#define DOOR_STEPS(X) X(DOOR_IS_SHUT)
 *	#define DOOR_MOVES(X) X(DOOR_OPEN, DOOR_IS_SHUT, DOOR_SHUT)
 *	STATES_DECLARE(door, DOOR)       in the header
 *	STATES_DEFINE(door, DOOR)        in one .c
 *
 * which give enum door_state, enum door_step, DOOR_STATE_COUNT, DOOR_STEP_COUNT and
 *	struct str door_state_name(state)           as the database has it
 *	bool door_state_from(text, &state)          false for a name that the table does not hold
 *	bool door_next(from, step, &to)             false where the table lists no such move: *to is then `from`
 * The third column of a state is its meaning, for readers and the docs.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_STATES_H
#define BASE_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/must.h"
#include "base/str.h"

struct states_move {
	unsigned char from, step, to;
};

/* For the macros below. */
bool states_find_name(const char *const *names, size_t count, struct str text, unsigned *state);
unsigned states_find_move(const struct states_move *moves, size_t count, unsigned from, unsigned step, bool *found);

#define STATES_ENUM(state, text, meaning) state,
#define STATES_STEP(step) step,
#define STATES_NAME(state, text, meaning) [state] = text,
#define STATES_MOVE(from, step, to) {(unsigned char) (from), (unsigned char) (step), (unsigned char) (to)},

#define STATES_DECLARE(name, NAME) \
	enum name##_state { NAME##_STATES(STATES_ENUM) NAME##_STATE_COUNT }; \
	enum name##_step { NAME##_STEPS(STATES_STEP) NAME##_STEP_COUNT }; \
	struct str name##_state_name(enum name##_state state); \
	bool name##_state_from(struct str text, enum name##_state *state); \
	bool name##_next(enum name##_state from, enum name##_step step, enum name##_state *to);

#define STATES_DEFINE(name, NAME) \
	static const char *const name##_names[NAME##_STATE_COUNT] = {NAME##_STATES(STATES_NAME)}; \
	static const struct states_move name##_moves[] = {NAME##_MOVES(STATES_MOVE)}; \
	struct str name##_state_name(enum name##_state state) \
	{ \
		must(state < NAME##_STATE_COUNT); \
		return str_from(name##_names[state]); \
	} \
	bool name##_state_from(struct str text, enum name##_state *state) \
	{ \
		unsigned found = 0; \
		bool ok = states_find_name(name##_names, NAME##_STATE_COUNT, text, &found); \
		*state = (enum name##_state) found; \
		return ok; \
	} \
	bool name##_next(enum name##_state from, enum name##_step step, enum name##_state *to) \
	{ \
		bool ok = false; \
		*to = (enum name##_state) states_find_move(name##_moves, sizeof(name##_moves) / sizeof(name##_moves[0]), from, step, \
			&ok); \
		return ok; \
	}

#endif
