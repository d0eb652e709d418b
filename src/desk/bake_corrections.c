/* bake_corrections.c: the public archive of corrections: the newest, and a page for each month.
 *
 * Decides: which months a change touches. Leaves to others: corrections on the story itself (bake_story.c). Runs in: desk's
 * bake. The hard thing: a correction that was taken away leaves no trace in the database, so `_corrections` keeps which
 * ones the site shows; what differs names the months.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include "base/fault.h"
#include "base/file.h"
#include "desk/bake.h"
#include "gen/desk_sql.h"
#include "house/page.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"

enum { NEWEST = 30, MONTH_MOST = 5000, FILE_BYTES = 64 * 1024 * 1024, LINE_BYTES = 64 };

/* One correction: when, and of which story. */
struct made {
	int64_t made, story;
};

struct archive {
	struct made *now, *was, *both;
	size_t now_count, was_count, both_count;
	struct bake_month *touched;
	size_t touched_count;
};

static int compare(const void *a, const void *b)
{
	const struct made *x = a;
	const struct made *y = b;

	if (x->made != y->made)
		return x->made > y->made ? 1 : -1;
	return (x->story > y->story) - (x->story < y->story);
}

/* --- which there are, which the site shows --- */

static bool read_now(struct bake *bake, struct archive *archive, struct fault *f)
{
	struct store_rows rows;
	size_t room = 0;

	if (!store_rows_begin(bake->db, DESK_SQL_CORRECTION_MADE, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		if (archive->now_count == room) {
			size_t more = room > 0 ? room * 2 : 64;
			struct made *grown = arena_alloc_many(&bake->arena, more, sizeof(*grown));

			if (grown == NULL) {
				(void) store_rows_end(&rows);
				return fault_full(f, "the corrections");
			}
			if (room > 0)
				memcpy(grown, archive->now, room * sizeof(*grown));
			archive->now = grown;
			room = more;
		}
		archive->now[archive->now_count++] = (struct made){store_column_i64(&rows, 0), store_column_i64(&rows, 1)};
	}
	return store_rows_end(&rows);
}

/* A missing or strange file: nothing is known, and a line less is a month too many. */
static bool read_was(struct bake *bake, struct archive *archive, struct fault *f)
{
	struct str text = {NULL, 0};
	struct fault ignored = {0};
	struct str line;
	size_t lines = 1;
	size_t i;

	if (bake->is_full || !file_read(bake->site.fd, "_corrections", FILE_BYTES, &bake->arena, &text, &ignored))
		return true;
	for (i = 0; i < text.len; i++)
		lines += text.at[i] == '\n';
	archive->was = arena_alloc_many(&bake->arena, lines, sizeof(*archive->was));
	if (archive->was == NULL)
		return fault_full(f, "the corrections");
	while (str_next(&text, '\n', &line)) {
		struct made *made = &archive->was[archive->was_count];
		size_t blank = str_find_char(line, ' ');

		archive->was_count += blank != SIZE_MAX && str_to_i64(str_part(line, 0, blank), &made->made)
			&& str_to_i64(str_part(line, blank + 1, SIZE_MAX), &made->story);
	}
	if (archive->was_count > 1)
		qsort(archive->was, archive->was_count, sizeof(*archive->was), compare);
	return true;
}

static bool write_list(struct bake *bake, const struct made *list, size_t count, struct fault *f)
{
	struct buf out;
	bool ok;
	size_t i;

	buf_init(&out, FILE_BYTES);
	for (i = 0; i < count; i++) {
		buf_add_i64(&out, list[i].made);
		buf_add_char(&out, ' ');
		buf_add_i64(&out, list[i].story);
		buf_add_char(&out, '\n');
	}
	ok = buf_check(&out, "_corrections", f) && bake_site_put(&bake->site, "_corrections", buf_view(&out), false, f);
	buf_release(&out);
	return ok;
}

/* --- months --- */

static void touch(struct archive *archive, const struct made *made)
{
	const struct bake_month month = bake_month_of(made->made);

	/* they come in order */
	if (archive->touched_count == 0
		|| bake_month_compare(archive->touched[archive->touched_count - 1], month) != 0)
		archive->touched[archive->touched_count++] = month;
}

static bool is_touched(struct bake *bake, int64_t story)
{
	const struct bake_story *of = bake_find(bake, story);

	return bake->is_full || (of != NULL && of->is_touched);
}

/* Those that came, went, or belong to a story that changed. Both lists are walked at once. */
static bool find_touched(struct bake *bake, struct archive *archive, struct fault *f)
{
	size_t now = 0;
	size_t was = 0;

	archive->touched = arena_alloc_many(&bake->arena, archive->now_count + archive->was_count + 1,
		sizeof(*archive->touched));
	archive->both = arena_alloc_many(&bake->arena, archive->now_count + archive->was_count + 1, sizeof(*archive->both));
	if (archive->touched == NULL || archive->both == NULL)
		return fault_full(f, "the corrections");
	while (now < archive->now_count || was < archive->was_count) {
		int order = now == archive->now_count ? 1 : was == archive->was_count ? -1
			: compare(&archive->now[now], &archive->was[was]);
		const struct made *made = order <= 0 ? &archive->now[now] : &archive->was[was];

		archive->both[archive->both_count++] = *made;
		if (order != 0 || is_touched(bake, made->story))
			touch(archive, made);
		now += order <= 0;
		was += order >= 0;
	}
	return true;
}

/* --- pages --- */

static struct press_value *page_root(struct bake *bake, unsigned depth, struct str path, struct str heading)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	struct page page = {.depth = depth, .path = path, .title = heading,
		.description = locale_text(locale, "corrections_intro")};
	struct press_value *root = page_values(bake->theme, bake->settings, &page, &bake->page);

	press_set_text(root, "heading", heading);
	press_set_bool(root, "is_empty", false);
	press_set_bool(root, "has_months", false);
	return root;
}

/* made, text, grave, title, lang, dir, path, kind */
static size_t add_rows(struct bake *bake, struct press_value *root, unsigned depth, struct store_rows *rows, bool *ok,
	struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	struct press_value *list = press_set_list(root, "corrections");
	size_t count = 0;

	while (store_rows_next(rows, f)) {
		enum story_correction_kind kind = STORY_CORRECTS;
		struct when made = {store_column_i64(rows, 0)};
		const struct civil day = clock_civil(made);
		struct press_value *item = press_add_map(list);
		struct buf iso;

		buf_init(&iso, 64);
		clock_write_date(&iso, made);
		press_set_text(item, "iso", str_copy(buf_view(&iso), &bake->page));
		buf_release(&iso);
		(void) story_correction_parse(store_column_text(rows, 7), &kind);
		press_set_text(item, "kind", locale_text(locale, story_correction_key(kind)));
		press_set_text(item, "date", locale_date(locale, &day, &bake->page));
		press_set_text(item, "text", store_column_copy(rows, 1, &bake->page));
		press_set_text(item, "headline", store_column_copy(rows, 3, &bake->page));
		press_set_text(item, "story_lang", store_column_copy(rows, 4, &bake->page));
		press_set_text(item, "story_dir", store_column_copy(rows, 5, &bake->page));
		press_set_text(item, "href", bake_join(&bake->page, bake_root(depth), str_part(store_column_text(rows, 6), 1,
			SIZE_MAX), STR("")));
		count++;
	}
	*ok = store_rows_end(rows);
	return count;
}

static bool put_month(struct bake *bake, struct bake_month month, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	struct str path = str_format(&bake->page, "/corrections/%04d/%02d/", month.year, month.month);
	struct press_value *root = page_root(bake, 3, path, locale_format(locale, "corrections_month", &bake->page,
		(const struct locale_pair[]){{"month", bake_month_name(bake, locale, month)}, {NULL, {NULL, 0}}}));
	struct store_rows rows;
	char file[64];
	bool ok = false;
	size_t count;

	if (!store_rows_begin(bake->db, DESK_SQL_CORRECTION_BETWEEN, STORE_ARGS(store_i64(bake_month_begin(month)),
		store_i64(bake_month_begin(bake_month_after(month))), store_i64(MONTH_MOST)), &rows, f))
		return false;
	count = add_rows(bake, root, 3, &rows, &ok, f);
	press_set_c(root, "all_href", "../../");
	if (ok && count > 0)
		return bake_put(bake, "corrections", NULL, root, path, f);
	snprintf(file, sizeof(file), "corrections/%04d/%02d/index.html", month.year, month.month);
	arena_reset(&bake->page);
	return ok && bake_site_remove(&bake->site, file, f);
}

static void add_months(struct bake *bake, struct press_value *root, const struct archive *archive)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	struct press_value *list = press_set_list(root, "months");
	struct bake_month last = {0, 0};
	size_t i;

	for (i = archive->now_count; i-- > 0;) {
		const struct bake_month month = bake_month_of(archive->now[i].made);
		struct press_value *item;

		if (bake_month_compare(month, last) == 0)
			continue;
		last = month;
		item = press_add_map(list);
		press_set_text(item, "href", str_format(&bake->page, "%04d/%02d/", month.year, month.month));
		press_set_text(item, "name", bake_month_name(bake, locale, month));
	}
	press_set_bool(root, "has_months", archive->now_count > 0);
}

static bool put_newest(struct bake *bake, const struct archive *archive, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	struct press_value *root = page_root(bake, 1, STR("/corrections/"), locale_text(locale, "corrections_title"));
	struct store_rows rows;
	bool ok = false;

	if (!store_rows_begin(bake->db, DESK_SQL_CORRECTION_BETWEEN, STORE_ARGS(store_i64(INT64_MIN),
		store_i64(INT64_MAX), store_i64(NEWEST)), &rows, f))
		return false;
	press_set_text(root, "intro", locale_text(locale, "corrections_intro"));
	press_set_bool(root, "is_empty", add_rows(bake, root, 1, &rows, &ok, f) == 0);
	add_months(bake, root, archive);
	return ok && bake_put(bake, "corrections", NULL, root, STR("/corrections/"), f);
}

bool bake_corrections(struct bake *bake, struct fault *f)
{
	struct archive archive = {0};
	/* both, while pages change: a bake that dies here has shown some of either */
	bool ok = read_now(bake, &archive, f) && read_was(bake, &archive, f) && find_touched(bake, &archive, f)
		&& (archive.touched_count == 0 || write_list(bake, archive.both, archive.both_count, f));
	size_t i;

	for (i = 0; ok && i < archive.touched_count; i++)
		ok = put_month(bake, archive.touched[i], f);
	return ok && put_newest(bake, &archive, f) && write_list(bake, archive.now, archive.now_count, f);
}
