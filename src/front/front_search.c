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
#include "house/overlay.h"
#include "house/page.h"
#include "house/room.h"
#include "press/html.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

enum { PER_PAGE = 20, PAGES_MOST = 50, QUERY_BYTES = 400 };

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

bool front_search_read(struct str query, struct buf *folded, struct front_sought *out)
{
	out->count = words_fold(query, folded) ? front_search_words(buf_view(folded), out->words) : 0;
	return out->count > 0;
}

bool front_search_express(const struct front_sought *sought, struct buf *out)
{
	size_t i;

	for (i = 0; i < sought->count; i++) {
		buf_add_text(out, i > 0 ? " \"" : "\"");
		buf_add_str(out, sought->words[i]);
		buf_add_text(out, "\"*");
	}
	return sought->count > 0 && !out->over;
}

bool front_search_shorten(struct front_sought *sought)
{
	bool shorter = false;
	size_t i;

	for (i = 0; i < sought->count; i++) {
		struct str *word = &sought->words[i];
		size_t chars = str_count_chars(*word);
		size_t drop = chars >= 9 ? 3 : chars >= 6 ? 2 : chars == 5 ? 1 : 0;

		shorter = shorter || drop > 0;
		for (; drop > 0; drop--) {
			word->len--;
			while (((unsigned char) word->at[word->len] & 0xc0) == 0x80)
				word->len--;
		}
	}
	return shorter;
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

/* What was asked, and how it is answered. */
struct asked {
	struct str query, expression;
	struct front_sought sought;
	int64_t page, count;
	bool is_similar;            /* nothing had the words themselves: what begins like them */
	const struct settings *settings;
	const struct locale *locale;
	struct arena *arena;
};

/* The story's own summary where it has a sought word, else the passage that has. */
static struct str excerpt_of(const struct asked *asked, const struct store_rows *rows)
{
	struct buf html;
	struct str out;

	buf_init(&html, 65536);
	if (!front_search_mark(store_column_text(rows, 2), &asked->sought, &html)) {
		bool before = false;
		bool after = false;
		struct str passage = front_search_passage(store_column_text(rows, 6), &asked->sought, &before, &after);

		if (passage.len > 0) {
			buf_clear(&html);
			buf_add_text(&html, before ? "… " : "");
			(void) front_search_mark(passage, &asked->sought, &html);
			buf_add_text(&html, after ? " …" : "");
		}
	}
	out = str_copy(buf_view(&html), asked->arena);
	buf_release(&html);
	return out;
}

static void set_label(struct press_value *card, struct str section, const struct asked *asked)
{
	struct press_value *label;
	struct fault ignored = {0};
	struct slug slug;

	if (section.len == 0 || !slug_from(section, &slug, &ignored)) {
		press_set_bool(card, "label", false);
		return;
	}
	label = press_set_map(card, "label");
	press_set_text(label, "name", overlay_section_name(asked->settings, section, locale_language(asked->locale)));
	press_set_text(label, "href", str_format(asked->arena, "../section/%s/", slug.text));
}

/* One row as a card. Its href is relative to /search/. */
static void add_result(struct press_value *results, const struct store_rows *rows, const struct asked *asked)
{
	struct arena *arena = asked->arena;
	struct press_value *card = press_add_map(results);
	struct press_value *date = NULL;
	struct str path = store_column_copy(rows, 0, arena);
	struct str language = store_column_copy(rows, 3, arena);
	struct when published = {store_column_i64(rows, 4)};
	struct buf text;

	buf_init(&text, 65536);
	buf_add_text(&text, "../");
	front_path_encode(&text, str_part(path, 1, SIZE_MAX));
	press_set_text(card, "href", str_copy(buf_view(&text), arena));
	set_label(card, store_column_copy(rows, 5, arena), asked);
	buf_clear(&text);
	(void) front_search_mark(store_column_text(rows, 1), &asked->sought, &text);
	press_set_text(card, "headline_html", str_copy(buf_view(&text), arena));
	press_set_text(card, "lang", language);
	press_set_c(card, "dir", is_rtl(language) ? "rtl" : "ltr");
	press_set_text(card, "excerpt_html", excerpt_of(asked, rows));
	if (published.us > 0) {
		struct civil day = clock_civil(published);

		date = press_set_map(card, "date");
		buf_clear(&text);
		clock_write_iso(&text, published);
		press_set_text(date, "iso", str_copy(buf_view(&text), arena));
		press_set_text(date, "text", locale_date(asked->locale, &day, arena));
	}
	buf_release(&text);
}

/* A page behind the last one is the last one. */
static bool find(struct search *search, struct asked *asked, struct press_value *results, struct fault *f)
{
	struct store_rows rows;
	bool ok = store_number(search->store, FRONT_SQL_PAGE_COUNT, STORE_ARGS(store_text(asked->expression)), &asked->count, f);
	int64_t last = (asked->count + PER_PAGE - 1) / PER_PAGE;

	if (last > PAGES_MOST)
		last = PAGES_MOST;
	if (asked->page > last)
		asked->page = last > 0 ? last : 1;
	if (!ok || !store_rows_begin(search->store, FRONT_SQL_PAGE_FIND, STORE_ARGS(store_text(asked->expression),
			store_i64(PER_PAGE), store_i64((asked->page - 1) * PER_PAGE)), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		add_result(results, &rows, asked);
	return store_rows_end(&rows);
}

/* Nothing has these words: then what begins like them, so that another case or plural of a word is found in languages that
 * have many. It is said with the results. */
static bool find_similar(struct search *search, struct asked *asked, struct press_value *results, struct buf *expression,
	struct fault *f)
{
	if (asked->count > 0 || !front_search_shorten(&asked->sought))
		return true;
	buf_clear(expression);
	if (!front_search_express(&asked->sought, expression))
		return true;
	asked->expression = buf_view(expression);
	asked->is_similar = true;
	return find(search, asked, results, f);
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

/* Whole characters. */
static struct str cut(struct str query)
{
	if (query.len > QUERY_BYTES) {
		size_t end = QUERY_BYTES;

		while (end > 0 && ((unsigned char) query.at[end] & 0xc0) == 0x80)
			end--;
		query.len = end;
	}
	return query;
}

static void set_found(struct press_value *root, const struct asked *asked)
{
	struct str line = asked->count == 0 ? locale_text(asked->locale, "search_none")
		: locale_plural(asked->locale, "search_count", asked->count, asked->arena);

	if (asked->count > 0 && asked->is_similar)
		line = str_format(asked->arena, "%.*s %.*s.", STR_ARG(locale_text(asked->locale, "search_similar")), STR_ARG(line));
	press_set_text(root, "count_line", line);
	if (asked->page > 1)
		set_turn(root, "newer", asked->query, asked->page - 1, asked->arena);
	if (asked->page < PAGES_MOST && asked->count > asked->page * PER_PAGE)
		set_turn(root, "older", asked->query, asked->page + 1, asked->arena);
}

void front_search_answer(struct search *search, struct site *site, struct http_request *rq)
{
	struct room *room = search->room;
	struct arena *arena = http_arena(rq);
	struct asked asked = {.query = cut(str_trim(http_query(rq, "q"))), .page = 1, .arena = arena, .settings = &room->settings,
		.locale = page_locale(room->theme, &room->settings, (struct str){NULL, 0})};
	const struct page page = {.depth = 1, .title = locale_text(asked.locale, "search")};
	struct press_value *root = page_values(room->theme, &room->settings, &page, arena);
	struct press_value *results = press_set_list(root, "results");
	struct fault f = {.kind = FAULT_NONE};
	struct buf expression;
	struct buf folded;

	if (!str_to_i64(http_query(rq, "page"), &asked.page) || asked.page < 1 || asked.page > PAGES_MOST)
		asked.page = 1;
	buf_init(&expression, 32 * QUERY_BYTES);
	buf_init(&folded, 16 * QUERY_BYTES);
	press_set_text(root, "query", asked.query);
	press_set_bool(root, "search_current", true);
	if (front_search_read(asked.query, &folded, &asked.sought) && front_search_express(&asked.sought, &expression)) {
		asked.expression = buf_view(&expression);
		if (!open_index(search, &f) || !find(search, &asked, results, &f) || !find_similar(search, &asked, results, &expression, &f)) {
			log_fault(&f, "searching");
			store_close(&search->store); /* looked at afresh next time */
			fault_clear(&f);
			fault_set(&f, FAULT_BUSY, "The search is being prepared. Please come back in a minute.");
			if (!front_site_answer_page(site, rq, 503, "_503.html"))
				http_answer_fault(rq, &f);
			goto done;
		}
		set_found(root, &asked);
	} else if (asked.query.len > 0) {
		press_set_text(root, "count_line", locale_text(asked.locale, "search_no_word"));
	}
	page_answer(room, rq, 200, "search", root);
done:
	buf_release(&expression);
	buf_release(&folded);
}
