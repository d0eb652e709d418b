/* bake_changes.c: what waits to be baked.
 *
 * Decides: when changes are so many that a full bake is cheaper. Leaves to others: what they reach (bake_hand.c), writing
 * the queue (story_store.c; triggers of schema 008). Runs in: desk's bake. The hard thing: rows of an older mimeo say less;
 * then more is baked.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/bake_hand.h"
#include "gen/desk_sql.h"
#include "store/store.h"

enum { QUEUE_FULL = 2000, ISSUES_MOST = 8, LEFT_MOST = 64 };

/* "list:slot list:slot …"; an older mimeo said "list list …". */
static bool read_left(struct bake *bake, struct str text, struct bake_change *change)
{
	struct bake_left *left = arena_alloc_many(&bake->arena, LEFT_MOST, sizeof(*left));
	struct str piece;

	change->left = left;
	while (left != NULL && change->left_count < LEFT_MOST && str_next(&text, ' ', &piece)) {
		size_t colon = str_find_char(piece, ':');
		int64_t slot = -1;

		if (!str_to_i64(str_part(piece, 0, colon), &left[change->left_count].list))
			continue;
		if (colon != SIZE_MAX && !str_to_i64(str_part(piece, colon + 1, SIZE_MAX), &slot))
			slot = -1;
		left[change->left_count++].slot = slot >= 0 ? (size_t) slot : SIZE_MAX;
	}
	return left != NULL;
}

static bool take_row(struct bake *bake, struct bake_changes *changes, const struct store_rows *rows, size_t *issues)
{
	struct bake_change *change = &changes->rows[changes->count];
	struct str why = store_column_text(rows, 2);
	struct str left = store_column_text(rows, 4);

	changes->last = store_column_i64(rows, 0);
	*issues += str_is(why, "issue");
	changes->addresses = changes->addresses || str_is(why, "addresses");
	/* no story: all of them; no date: nobody knows how far it reaches */
	if (store_column_is_null(rows, 1) || store_column_i64(rows, 5) == 0 || changes->count == QUEUE_FULL) {
		changes->wants_full = true;
		return true;
	}
	if (!store_column_is_null(rows, 3))
		changes->old_paths[changes->old_count++] = store_column_copy(rows, 3, &bake->arena);
	*change = (struct bake_change){.story = store_column_i64(rows, 1), .since = store_column_i64(rows, 5)};
	changes->count++;
	return left.len == 0 || read_left(bake, left, change);
}

bool bake_changes_read(struct bake *bake, struct bake_changes *changes, struct fault *f)
{
	struct store_rows rows;
	size_t issues = 0;
	bool ok = true;

	*changes = (struct bake_changes){.rows = arena_alloc_many(&bake->arena, QUEUE_FULL + 1, sizeof(*changes->rows)),
		.old_paths = arena_alloc_many(&bake->arena, QUEUE_FULL + 1, sizeof(*changes->old_paths))};
	if (changes->rows == NULL || changes->old_paths == NULL)
		return fault_full(f, "the queue");
	if (!store_rows_begin(bake->db, DESK_SQL_QUEUE_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = take_row(bake, changes, &rows, &issues) || fault_full(f, "the queue");
	changes->issues = issues > 0;
	changes->wants_full = changes->wants_full || issues > ISSUES_MOST;
	return store_rows_end(&rows) && ok;
}
