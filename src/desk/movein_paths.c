/* movein_paths.c: where old addresses lead now.
 *
 * Decides: that an address is the same with and without its last slash, its fragment and its percent signs. Leaves to
 * others: which there are. Runs in: the desk's child that moves in. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include "base/fault.h"
#include "desk/movein.h"

static int by_from(const void *a, const void *b)
{
	return str_compare(((const struct movein_move *) a)->from, ((const struct movein_move *) b)->from);
}

bool movein_moves_add(struct movein_moves *moves, struct str from, struct str to, struct fault *f)
{
	if (moves->count == moves->room_for) {
		size_t room = moves->room_for > 0 ? moves->room_for * 2 : 256;
		struct movein_move *at = arena_alloc_many(moves->arena, room, sizeof(*at));

		if (at == NULL)
			return fault_full(f, "this export");
		if (moves->count > 0)
			memcpy(at, moves->at, moves->count * sizeof(*at));
		moves->at = at;
		moves->room_for = room;
	}
	moves->at[moves->count++] = (struct movein_move){str_copy(from, moves->arena), str_copy(to, moves->arena)};
	return moves->at[moves->count - 1].to.at != NULL || fault_full(f, "this export");
}

void movein_moves_sort(struct movein_moves *moves)
{
	if (moves->count > 1)
		qsort(moves->at, moves->count, sizeof(*moves->at), by_from);
}

static struct str find(const struct movein_moves *moves, struct str from)
{
	const struct movein_move key = {from, {NULL, 0}};
	const struct movein_move *move = moves->count > 0
		? bsearch(&key, moves->at, moves->count, sizeof(*moves->at), by_from) : NULL;

	return move != NULL ? move->to : (struct str){NULL, 0};
}

static int hex_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent signs undone, the backslash before a sign of Markdown's dropped. */
static struct str plain_of(struct str path, struct arena *arena)
{
	char *at = arena_alloc(arena, path.len + 1);
	size_t len = 0;
	size_t i;

	for (i = 0; i < path.len && at != NULL; i++) {
		if (path.at[i] == '%' && i + 2 < path.len && hex_of(path.at[i + 1]) >= 0 && hex_of(path.at[i + 2]) >= 0) {
			at[len++] = (char) (hex_of(path.at[i + 1]) << 4 | hex_of(path.at[i + 2]));
			i += 2;
		} else if (path.at[i] != '\\') {
			at[len++] = path.at[i];
		}
	}
	return str_make(at, len);
}

struct str movein_moves_find(const struct movein_moves *moves, struct str from, struct arena *arena)
{
	struct str path = plain_of(str_part(from, 0, str_find_char(from, '#')), arena);
	struct str to = find(moves, path);

	if (to.len == 0 && str_find(path, STR("?p=")) == SIZE_MAX)
		path = str_part(path, 0, str_find_char(path, '?'));
	if (to.len == 0)
		to = find(moves, path);
	if (to.len == 0 && path.len > 0 && path.at[path.len - 1] != '/')
		to = find(moves, str_format(arena, "%.*s/", STR_ARG(path)));
	return to;
}
