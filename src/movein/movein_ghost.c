/* movein_ghost.c: Ghost's export (JSON) to records.
 *
 * Decides: what of a post is kept, and what its states and visibilities mean. Leaves to others: JSON (jansson), HTML
 * (movein_html.c). Runs in: mimeo-movein. The hard thing: Ghost writes its tables as they are, so posts, tags and people
 * are joined here; the file is in memory whole, which the process's limits bound.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "movein/movein.h"

/* A row of a table by its id; and a row that joins two, by the first. */
struct ghost_row {
	struct str id;
	const json_t *row;
	size_t order;
};

struct ghost_table {
	struct ghost_row *rows;
	size_t count;
};

struct ghost {
	const char *name;
	struct movein_out *out;
	struct fault *f;
	struct arena arena, item_arena;
	json_t *root;
	const json_t *data;
	struct str title, language;
	struct ghost_table tags, users, post_tags, post_authors, metas;
};

/* A text, or a number written out: ids were numbers once. */
static struct str text_of(struct ghost *g, const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	if (json_is_string(value))
		return str_make(json_string_value(value), json_string_length(value));
	if (json_is_integer(value))
		return str_format(&g->arena, "%lld", (long long) json_integer_value(value));
	return (struct str){NULL, 0};
}

static int by_id(const void *a, const void *b)
{
	const struct ghost_row *x = a;
	const struct ghost_row *y = b;
	int order = str_compare(x->id, y->id);

	return order != 0 ? order : x->order < y->order ? -1 : x->order > y->order;
}

static bool read_table(struct ghost *g, const char *name, const char *key, struct ghost_table *table)
{
	const json_t *rows = json_object_get(g->data, name);
	size_t i;

	if (!json_is_array(rows))
		return true;
	table->rows = arena_alloc_many(&g->arena, json_array_size(rows) + 1, sizeof(*table->rows));
	if (table->rows == NULL)
		return fault_full(g->f, g->name);
	for (i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const json_t *order = json_object_get(row, "sort_order");

		table->rows[table->count++] = (struct ghost_row){.id = text_of(g, row, key), .row = row,
			.order = json_is_integer(order) ? (size_t) json_integer_value(order) : i};
	}
	if (table->count > 1)
		qsort(table->rows, table->count, sizeof(*table->rows), by_id);
	return true;
}

/* The first row with this id; the others follow it. */
static const struct ghost_row *find(const struct ghost_table *table, struct str id)
{
	size_t low = 0;
	size_t high = table->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (str_compare(table->rows[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->count && str_equal(table->rows[low].id, id) ? &table->rows[low] : NULL;
}

static const struct ghost_row *next_of(const struct ghost_table *table, const struct ghost_row *row)
{
	return row + 1 < table->rows + table->count && str_equal(row[1].id, row->id) ? row + 1 : NULL;
}

/* Its own address stands in the export as a placeholder. */
static struct str undo_placeholder(struct ghost *g, struct str text)
{
	static const char mark[] = "__GHOST_URL__";
	struct str whole = text;
	struct buf out;
	size_t at = str_find(text, str_from(mark));

	if (at == SIZE_MAX)
		return text;
	buf_init(&out, HTML_CAP_BYTES);
	for (; at != SIZE_MAX; at = str_find(text, str_from(mark))) {
		buf_add_str(&out, str_part(text, 0, at));
		text = str_part(text, at + sizeof(mark) - 1, SIZE_MAX);
		if (text.len == 0 || text.at[0] != '/')
			buf_add_char(&out, '/');
	}
	buf_add_str(&out, text);
	if (!out.over)
		whole = str_copy(buf_view(&out), &g->item_arena);
	buf_release(&out);
	return whole;
}

/* Dates are texts now and were milliseconds once; both UTC. */
static struct str date_of(struct ghost *g, const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);
	struct str text = text_of(g, row, key);
	struct civil civil;
	int64_t seconds;

	if (!json_is_integer(value))
		return text.len >= 19 && text.at[10] == 'T' ? str_format(&g->item_arena, "%.10s %.8s", text.at, text.at + 11)
			: str_part(text, 0, 19);
	seconds = json_integer_value(value) / 1000;
	if (seconds < 0 || seconds > 32503680000)
		return (struct str){NULL, 0};
	civil = clock_civil_utc((struct when){seconds * 1000000});
	return str_format(&g->item_arena, "%04d-%02d-%02d %02d:%02d:%02d", civil.year, civil.month, civil.day, civil.hour, civil.minute,
		civil.second);
}

/* --- a post --- */

static bool is_page(const json_t *post)
{
	const json_t *type = json_object_get(post, "type");
	const json_t *page = json_object_get(post, "page");

	return json_is_string(type) ? strcmp(json_string_value(type), "page") == 0
		: json_is_true(page) || (json_is_integer(page) && json_integer_value(page) != 0);
}

static void take_names(struct ghost *g, const json_t *post, struct movein_story *story, struct html_result *result)
{
	struct str id = text_of(g, post, "id");
	const struct ghost_row *row;
	const struct ghost_row *other;

	for (row = find(&g->post_authors, id); row != NULL; row = next_of(&g->post_authors, row))
		if ((other = find(&g->users, text_of(g, row->row, "author_id"))) != NULL)
			movein_add_name(story->authors, &story->author_count, MOVEIN_AUTHORS,
				html_to_line(text_of(g, other->row, "name"), &g->item_arena));
	if (story->author_count == 0 && (other = find(&g->users, text_of(g, post, "author_id"))) != NULL)
		movein_add_name(story->authors, &story->author_count, MOVEIN_AUTHORS,
			html_to_line(text_of(g, other->row, "name"), &g->item_arena));
	for (row = find(&g->post_tags, id); row != NULL; row = next_of(&g->post_tags, row)) {
		struct str name;

		if ((other = find(&g->tags, text_of(g, row->row, "tag_id"))) == NULL)
			continue;
		name = html_to_line(text_of(g, other->row, "name"), &g->item_arena);
		if (str_starts(name, STR("#")) || str_is(text_of(g, other->row, "visibility"), "internal"))
			html_note(result, "internal-tag", name);
		else if (story->section.len == 0)
			story->section = name; /* Ghost calls its first tag the primary one */
		else if (!str_equal_nocase(name, story->section))
			movein_add_name(story->topics, &story->topic_count, MOVEIN_TOPICS, name);
	}
}

static void take_state(struct ghost *g, const json_t *post, struct movein_story *story, struct html_result *result)
{
	struct str status = text_of(g, post, "status");
	struct str visibility = text_of(g, post, "visibility");
	static const char *const injected[] = {"codeinjection_head", "codeinjection_foot"};
	size_t i;

	story->status = str_is(status, "published") ? STR("published") : STR("draft");
	if (str_is(status, "scheduled"))
		html_note(result, "future", date_of(g, post, "published_at"));
	else if (str_is(status, "sent"))
		html_note(result, "sent", (struct str){NULL, 0});
	if (visibility.len > 0 && !str_is(visibility, "public")) {
		story->status = STR("draft");
		html_note(result, "members", visibility);
	}
	for (i = 0; i < 2; i++)
		if (str_trim(text_of(g, post, injected[i])).len > 0)
			html_note(result, "code", str_from(injected[i]));
}

static struct movein_file *photo_of(struct ghost *g, const json_t *post, const json_t *meta)
{
	struct movein_file *file = arena_alloc(&g->item_arena, sizeof(*file));
	struct str url = text_of(g, post, "feature_image");

	if (url.len == 0)
		url = text_of(g, post, "image");
	if (file == NULL || url.len == 0)
		return NULL;
	file->url = undo_placeholder(g, url);
	file->alt = html_to_line(text_of(g, meta, "feature_image_alt"), &g->item_arena);
	file->caption = html_to_line(text_of(g, meta, "feature_image_caption"), &g->item_arena);
	return file;
}

static bool put_post(struct ghost *g, const json_t *post)
{
	struct str id = text_of(g, post, "id");
	const struct ghost_row *meta = find(&g->metas, id);
	struct movein_story story = {.kind = is_page(post) ? "page" : "story", .slug = text_of(g, post, "slug"),
		.lang = g->language};
	struct html_wish wish = {.html = undo_placeholder(g, text_of(g, post, "html"))};
	struct html_result result;
	bool ok;

	html_result_init(&result);
	story.identity = str_format(&g->item_arena, "ghost:%.*s", STR_ARG(str_part(id, 0, 100)));
	story.title = html_to_line(text_of(g, post, "title"), &g->item_arena);
	story.excerpt = html_to_line(text_of(g, post, "custom_excerpt"), &g->item_arena);
	story.date_gmt = date_of(g, post, "published_at");
	story.updated_gmt = date_of(g, post, "updated_at");
	take_names(g, post, &story, &result);
	take_state(g, post, &story, &result);
	story.photo = photo_of(g, post, meta != NULL ? meta->row : NULL);
	if (str_is(text_of(g, post, "status"), "published") && story.slug.len > 0)
		story.paths[story.path_count++] = str_format(&g->item_arena, "/%.*s/", STR_ARG(story.slug));
	if (wish.html.len == 0 && (text_of(g, post, "lexical").len > 0 || text_of(g, post, "mobiledoc").len > 0))
		html_note(&result, "no-html", (struct str){NULL, 0});
	ok = movein_put_story(g->out, &story, &wish, &result, g->f);
	html_result_release(&result);
	arena_reset(&g->item_arena);
	return ok;
}

/* --- the whole --- */

static void read_settings(struct ghost *g)
{
	const json_t *settings = json_object_get(g->data, "settings");
	size_t i;

	for (i = 0; i < json_array_size(settings); i++) {
		const json_t *row = json_array_get(settings, i);
		struct str key = text_of(g, row, "key");

		if (str_is(key, "title"))
			g->title = text_of(g, row, "value");
		else if (str_is(key, "locale") || (str_is(key, "lang") && g->language.len == 0))
			g->language = text_of(g, row, "value");
	}
	g->language = str_part(g->language, 0, str_find_char(g->language, '-'));
}

static bool put_site(struct ghost *g)
{
	static const char *const tables[] = {"members", "newsletters", "emails", "offers", "products", "snippets", "comments",
		"subscribers"};
	json_t *counts = json_object();
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (json_array_size(json_object_get(g->data, tables[i])) > 0)
			json_object_set_new(counts, tables[i],
				json_integer((json_int_t) json_array_size(json_object_get(g->data, tables[i]))));
	return movein_put(g->out, json_pack("{s:s, s:s, s:o, s:s, s:I, s:i, s:o}", "kind", "site", "from", "ghost", "name",
		movein_text(g->title), "host", "", "total", (json_int_t) g->out->total, "comments", 0, "others", counts), g->f);
}

static bool put_archives(struct ghost *g)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < g->tags.count && ok; i++) {
		const json_t *row = g->tags.rows[i].row;

		ok = movein_put_archive(g->out, "section", html_to_line(text_of(g, row, "name"), &g->item_arena),
			str_format(&g->item_arena, "/tag/%.*s/", STR_ARG(text_of(g, row, "slug"))), g->f);
		arena_reset(&g->item_arena);
	}
	for (i = 0; i < g->users.count && ok; i++) {
		const json_t *row = g->users.rows[i].row;

		ok = movein_put_archive(g->out, "author", html_to_line(text_of(g, row, "name"), &g->item_arena),
			str_format(&g->item_arena, "/author/%.*s/", STR_ARG(text_of(g, row, "slug"))), g->f);
		arena_reset(&g->item_arena);
	}
	return ok && movein_put_archive(g->out, "feed", STR("feed"), STR("/rss/"), g->f);
}

/* {"db":[{"meta":…,"data":…}]}, or without the outer one. */
static bool find_data(struct ghost *g)
{
	const json_t *db = json_object_get(g->root, "db");

	g->data = json_object_get(json_is_array(db) ? json_array_get(db, 0) : g->root, "data");
	if (!json_is_object(g->data) || !json_is_array(json_object_get(g->data, "posts")))
		return fault_set(g->f, FAULT_INPUT, "%s:1: this is JSON, but no export of Ghost: it has no db, data, posts", g->name);
	return true;
}

static bool parse(struct ghost *g, int fd)
{
	json_error_t error;

	if (lseek(fd, 0, SEEK_SET) != 0)
		return fault_errno(g->f, "cannot read %s", g->name);
	g->root = json_loadfd(fd, 0, &error);
	if (g->root != NULL)
		return true;
	if (json_error_code(&error) == json_error_out_of_memory)
		return fault_set(g->f, FAULT_FULL, "%s: the export is larger than mimeo's memory for it", g->name);
	return fault_set(g->f, FAULT_INPUT, "%s:%d: this is no sound JSON (%s); export it anew", g->name, error.line, error.text);
}

static bool read_all(struct ghost *g)
{
	const json_t *posts = json_object_get(g->data, "posts");
	bool ok;
	size_t i;

	read_settings(g);
	g->out->total = (int64_t) json_array_size(posts);
	ok = read_table(g, "tags", "id", &g->tags) && read_table(g, "users", "id", &g->users)
		&& read_table(g, "posts_tags", "post_id", &g->post_tags)
		&& read_table(g, "posts_authors", "post_id", &g->post_authors)
		&& read_table(g, "posts_meta", "post_id", &g->metas) && put_site(g);
	for (i = 0; i < json_array_size(posts) && ok; i++)
		ok = put_post(g, json_array_get(posts, i));
	return ok && put_archives(g) && movein_end(g->out, g->f);
}

bool movein_read_ghost(int fd, const char *file_name, struct movein_out *out, struct fault *f)
{
	struct ghost *g = memory_new(1, sizeof(*g));
	bool ok;

	g->name = file_name;
	g->out = out;
	g->f = f;
	arena_init(&g->arena, "export", MOVEIN_LONG_BYTES);
	arena_init(&g->item_arena, "post", MOVEIN_ITEM_BYTES);
	ok = parse(g, fd) && find_data(g) && read_all(g);
	json_decref(g->root);
	arena_release(&g->arena);
	arena_release(&g->item_arena);
	memory_free(g);
	return ok;
}
