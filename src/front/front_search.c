/* front_search.c: the search over site/search.db.
 *
 * Decides: how a reader's words become an expression, how results look. Leaves to others: what stands in the index
 * (desk writes it with every publish). Runs in: front. The hard thing: the file is replaced whole by a full bake, and
 * written by another user's process at any time: it is opened read-only and opened again when it is another file.
 * SPDX-License-Identifier: ISC */
#include "front_inside.h"

#include <sys/stat.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/front_sql.h"
#include "house/page.h"
#include "house/room.h"
#include "press/html.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

enum { PER_PAGE = 20, PAGES_MOST = 50, QUERY_BYTES = 400, WORDS_MOST = 8 };

struct search {
	struct room *room;
	struct store *store;
	dev_t device;
	ino_t inode;
};

struct search *front_search_new(struct room *room)
{
	struct search *search = memory_new(1, sizeof(*search));

	search->room = room;
	return search;
}

void front_search_free(struct search **search)
{
	if (*search == NULL)
		return;
	store_close(&(*search)->store);
	memory_free(*search);
	*search = NULL;
}

static bool open_index(struct search *search, struct fault *f)
{
	struct store_options options = {.read_only = true, .queries = front_sql, .query_count = FRONT_SQL_COUNT};
	char path[PATH_MAX];
	struct stat info;

	if (!home_path(&search->room->home, path, f, "data/site/search.db"))
		return false;
	if (stat(path, &info) != 0)
		return fault_errno(f, "The search is being prepared. Please come back in a minute");
	if (search->store != NULL && info.st_ino == search->inode && info.st_dev == search->device)
		return true;
	store_close(&search->store);
	options.path = path;
	if (!store_open(&search->store, &options, f))
		return false;
	search->inode = info.st_ino;
	search->device = info.st_dev;
	return true;
}

bool front_search_check(struct search *search, struct fault *f)
{
	int64_t count = 0;

	return open_index(search, f)
		&& store_number(search->store, FRONT_SQL_PAGE_COUNT, STORE_ARGS(store_text(STR("\"a\"*"))), &count, f);
}

/* Letters and digits of any script; marks between words are not. Length of the character at `at`, 0: no part of a
 * word. */
static size_t word_char(struct str text, size_t at)
{
	unsigned char c = (unsigned char) text.at[at];
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? 1 : 0;
	if (at + len > text.len)
		return 0;
	if (c == 0xc2) /* U+0080–U+00BF: ª º µ are letters, the rest marks */
		return (unsigned char) text.at[at + 1] == 0xaa || (unsigned char) text.at[at + 1] == 0xb5
			|| (unsigned char) text.at[at + 1] == 0xba ? 2 : 0;
	if (c == 0xe2 && (unsigned char) text.at[at + 1] <= 0x81) /* U+2000–U+207F: dashes, quotes, spaces */
		return 0;
	if (c == 0xd8 && ((unsigned char) text.at[at + 1] == 0x8c || (unsigned char) text.at[at + 1] == 0x9b
			|| (unsigned char) text.at[at + 1] == 0x9f)) /* Arabic comma, semicolon, question mark */
		return 0;
	if (c == 0xe3 && (unsigned char) text.at[at + 1] == 0x80) /* CJK marks */
		return 0;
	return len;
}

static size_t char_bytes(char c)
{
	unsigned char byte = (unsigned char) c;

	return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

bool front_search_expression(struct str query, struct buf *out)
{
	struct buf folded;
	struct str text = {NULL, 0};
	size_t words = 0;
	size_t at = 0;

	buf_init(&folded, 16 * QUERY_BYTES);
	if (words_fold(query, &folded))
		text = buf_view(&folded);
	while (at < text.len && words < WORDS_MOST) {
		size_t end = at;

		while (end < text.len && word_char(text, end) > 0)
			end += word_char(text, end);
		if (end > at) {
			buf_add_text(out, words > 0 ? " \"" : "\"");
			buf_add_str(out, str_part(text, at, end - at));
			buf_add_text(out, "\"*");
			words++;
			at = end;
		} else {
			at += char_bytes(text.at[at]);
		}
	}
	buf_release(&folded);
	return words > 0 && !out->over;
}

static bool is_rtl(struct str language)
{
	static const char *const codes[] = {"ar", "fa", "ur", "he", "ps", "ckb", "sd", "ug", "yi", "dv"};
	struct str code = str_part(language, 0, str_find_char(language, '-'));

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (str_is(code, codes[i]))
			return true;
	return false;
}

/* One row as a card. Its href is relative to /search/. */
static void add_result(struct press_value *results, const struct store_rows *rows, const struct locale *locale,
	struct arena *arena)
{
	struct press_value *card = press_add_map(results);
	struct press_value *date = NULL;
	struct str path = store_column_copy(rows, 0, arena);
	struct str language = store_column_copy(rows, 3, arena);
	struct when published = {store_column_i64(rows, 4)};
	struct buf text;

	buf_init(&text, 16384);
	buf_add_text(&text, "../");
	front_path_encode(&text, str_part(path, 1, SIZE_MAX));
	press_set_text(card, "href", str_copy(buf_view(&text), arena));
	press_set_text(card, "headline", store_column_copy(rows, 1, arena));
	press_set_text(card, "lang", language);
	press_set_c(card, "dir", is_rtl(language) ? "rtl" : "ltr");
	buf_clear(&text);
	html_text(&text, store_column_text(rows, 2));
	press_set_text(card, "excerpt_html", str_copy(buf_view(&text), arena));
	if (published.us > 0) {
		struct civil day = clock_civil(published);

		date = press_set_map(card, "date");
		buf_clear(&text);
		clock_write_iso(&text, published);
		press_set_text(date, "iso", str_copy(buf_view(&text), arena));
		press_set_text(date, "text", locale_date(locale, &day, arena));
	}
	buf_release(&text);
}

static bool find(struct search *search, struct str expression, int64_t page, struct press_value *results,
	const struct locale *locale, struct arena *arena, int64_t *count, struct fault *f)
{
	struct store_rows rows;
	bool ok = store_number(search->store, FRONT_SQL_PAGE_COUNT, STORE_ARGS(store_text(expression)), count, f);

	if (!ok || !store_rows_begin(search->store, FRONT_SQL_PAGE_FIND,
			STORE_ARGS(store_text(expression), store_i64(PER_PAGE), store_i64((page - 1) * PER_PAGE)), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		add_result(results, &rows, locale, arena);
	return store_rows_end(&rows);
}

static void set_turn(struct press_value *root, const char *key, struct str query, int64_t page, struct arena *arena)
{
	struct buf href;

	buf_init(&href, 8192);
	buf_add_text(&href, "./?q=");
	http_encode(&href, query);
	buf_format(&href, "&page=%lld", (long long) page);
	press_set_text(root, key, str_copy(buf_view(&href), arena));
	buf_release(&href);
}

void front_search_answer(struct search *search, struct site *site, struct http_request *rq)
{
	struct room *room = search->room;
	struct arena *arena = http_arena(rq);
	const struct locale *locale = page_locale(room->theme, &room->settings, (struct str){NULL, 0});
	struct page page = {.depth = 1, .title = locale_text(locale, "search")};
	struct press_value *root = page_values(room->theme, &room->settings, &page, arena);
	struct press_value *results = press_set_list(root, "results");
	struct str query = str_trim(http_query(rq, "q"));
	struct fault f = {.kind = FAULT_NONE};
	struct buf expression;
	int64_t number = 1;
	int64_t count = 0;

	if (query.len > QUERY_BYTES) {
		/* whole characters */
		size_t end = QUERY_BYTES;

		while (end > 0 && ((unsigned char) query.at[end] & 0xc0) == 0x80)
			end--;
		query.len = end;
	}
	if (!str_to_i64(http_query(rq, "page"), &number) || number < 1 || number > PAGES_MOST)
		number = 1;
	buf_init(&expression, 32 * QUERY_BYTES);
	press_set_text(root, "query", query);
	press_set_bool(root, "search_current", true);
	if (front_search_expression(query, &expression)) {
		if (!open_index(search, &f)
			|| !find(search, buf_view(&expression), number, results, locale, arena, &count, &f)) {
			log_fault(&f, "searching");
			store_close(&search->store); /* looked at afresh next time */
			fault_clear(&f);
			fault_set(&f, FAULT_BUSY, "The search is being prepared. Please come back in a minute.");
			if (!front_site_answer_page(site, rq, 503, "_503.html"))
				http_answer_fault(rq, &f);
			goto done;
		}
		press_set_text(root, "count_line", count == 0 ? locale_text(locale, "search_none")
			: locale_plural(locale, "search_count", count, arena));
		if (number > 1)
			set_turn(root, "newer", query, number - 1, arena);
		if (number < PAGES_MOST && count > number * PER_PAGE)
			set_turn(root, "older", query, number + 1, arena);
	} else if (query.len > 0) {
		press_set_text(root, "count_line", locale_text(locale, "search_none"));
	}
	page_answer(room, rq, 200, "search", root);
done:
	buf_release(&expression);
}
