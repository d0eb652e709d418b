/* states.c: looking a state's name and a move up, for the machines that states.h spells out.
 *
 * Decides: nothing that is not in a machine's table. Runs in: every room. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "states.h"

bool states_find_name(const char *const *names, size_t count, struct str text, unsigned *state)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(text, names[i])) {
			*state = (unsigned) i;
			return true;
		}
	return false;
}

unsigned states_find_move(const struct states_move *moves, size_t count, unsigned from, unsigned step, bool *found)
{
	for (size_t i = 0; i < count; i++)
		if (moves[i].from == from && moves[i].step == step) {
			*found = true;
			return moves[i].to;
		}
	*found = false;
	return from;
}
