/* movein_wxr.c: WordPress' export (WXR) to records.
 *
 * Decides: what of an item is kept, and what its states mean. Leaves to others: XML (libxml2's streaming reader), HTML
 * (movein_html.c), items (movein_item.c). Runs in: mimeo-movein. The hard thing: a story names files and people that may
 * stand behind it in the file, so it is read twice: first who and what there is, then the stories.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"
#include "movein/movein.h"
#include "movein/movein_item.h"

/* --- first: who and what there is --- */

static void *grown(struct arena *arena, void *old, size_t count, size_t *room, size_t size)
{
	void *items;

	if (count < *room)
		return old;
	*room = *room > 0 ? *room * 2 : 64;
	items = arena_alloc_many(arena, *room, size);
	if (items != NULL && count > 0)
		memcpy(items, old, count * size);
	return items;
}

static bool add_name(struct wxr *x, struct wxr_names *names, struct wxr_name name)
{
	names->at = grown(&x->arena, names->at, names->count, &names->room, sizeof(*names->at));
	if (names->at == NULL)
		return fault_full(x->f, x->name);
	name.slug = str_copy(name.slug, &x->arena);
	name.name = html_to_line(name.name, &x->arena);
	name.parent = str_copy(name.parent, &x->arena);
	names->at[names->count++] = name;
	return name.name.at != NULL || fault_full(x->f, x->name);
}

static bool add_file(struct wxr *x, const struct wxr_item *item)
{
	struct movein_file *file;

	x->files = grown(&x->arena, x->files, x->file_count, &x->file_room, sizeof(*x->files));
	if (x->files == NULL)
		return fault_full(x->f, x->name);
	file = &x->files[x->file_count++];
	*file = (struct movein_file){.id = item->id, .parent = item->parent, .url = str_copy(item->file_url, &x->arena),
		.title = html_to_line(item->title, &x->arena), .alt = html_to_line(item->alt, &x->arena),
		.caption = html_to_line(item->excerpt, &x->arena), .credit = html_to_line(item->credit, &x->arena)};
	if (item->credit.len > 0 && item->credit_org.len > 0)
		file->credit = html_to_line(str_format(&x->item_arena, "%.*s / %.*s", STR_ARG(item->credit),
			STR_ARG(item->credit_org)), &x->arena);
	return file->credit.at != NULL || fault_full(x->f, x->name);
}

static bool count_type(struct wxr *x, struct str type)
{
	size_t i;

	for (i = 0; i < x->type_count && !str_equal(x->types[i].type, type); i++)
		;
	if (i == x->type_count) {
		if (i == MOVEIN_TYPES)
			return true;
		x->types[x->type_count++] = (struct wxr_count){.type = str_copy(str_part(type, 0, 100), &x->arena)};
	}
	x->types[i].count++;
	return true;
}

static bool is_text_of(const struct wxr_item *item, const char *type)
{
	return str_is(item->type, type) && !str_is(item->status, "trash") && !str_is(item->status, "auto-draft");
}

static bool first_item(struct wxr *x, const struct wxr_item *item)
{
	x->comments += item->comments;
	if (str_is(item->type, "attachment"))
		return add_file(x, item);
	if (is_text_of(item, "post") || is_text_of(item, "page")) {
		x->out->total++;
		return true;
	}
	if (str_is(item->type, "guest-author"))
		return add_name(x, &x->authors, (struct wxr_name){.slug = item->guest_login.len > 0 ? item->guest_login : item->slug,
			.name = item->guest_name.len > 0 ? item->guest_name : item->title});
	return count_type(x, str_is(item->status, "trash") ? STR("trash") : item->type);
}

static int by_id(const void *a, const void *b)
{
	const struct movein_file *x = a;
	const struct movein_file *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* --- then: the stories --- */

static struct str author_of(const struct wxr *x, struct str login)
{
	size_t i;

	if (str_starts(login, STR("cap-")))
		login = str_part(login, 4, SIZE_MAX);
	for (i = x->authors.count; i-- > 0;)
		if (str_equal_nocase(x->authors.at[i].slug, login))
			return x->authors.at[i].name;
	return (struct str){NULL, 0};
}

static void take_authors(struct wxr *x, const struct wxr_item *item, struct movein_story *story)
{
	size_t i;

	for (i = 0; i < item->term_count; i++) {
		struct str name = {NULL, 0};

		if (!str_is(item->terms[i].domain, "author"))
			continue;
		name = author_of(x, item->terms[i].slug);
		movein_add_name(story->authors, &story->author_count, MOVEIN_AUTHORS, name.len > 0 ? name : item->terms[i].name);
	}
	if (story->author_count == 0 && item->creator.len > 0) {
		struct str name = author_of(x, item->creator);

		movein_add_name(story->authors, &story->author_count, MOVEIN_AUTHORS, name.len > 0 ? name : item->creator);
	}
}

static struct str main_category(const struct wxr *x, const struct wxr_item *item)
{
	size_t i;

	for (i = 0; i < x->categories.count && item->main_category > 0; i++)
		if (x->categories.at[i].id == item->main_category)
			return x->categories.at[i].name;
	for (i = 0; i < item->term_count; i++)
		if (str_is(item->terms[i].domain, "category") && !str_is(item->terms[i].slug, "uncategorized"))
			return item->terms[i].name;
	return (struct str){NULL, 0};
}

static void take_terms(struct wxr *x, const struct wxr_item *item, struct movein_story *story)
{
	static const char *const domains[] = {"category", "post_tag"};
	size_t k;
	size_t i;

	story->section = main_category(x, item);
	for (k = 0; k < 2; k++)
		for (i = 0; i < item->term_count; i++)
			if (str_is(item->terms[i].domain, domains[k]) && !str_is(item->terms[i].slug, "uncategorized")
				&& !str_equal_nocase(item->terms[i].name, story->section))
				movein_add_name(story->topics, &story->topic_count, MOVEIN_TOPICS, item->terms[i].name);
}

static void take_status(const struct wxr_item *item, struct movein_story *story, struct html_result *result)
{
	static const char *const to_draft[] = {"private", "future", "pending"};
	size_t i;

	story->status = str_is(item->status, "publish") ? STR("published") : STR("draft");
	for (i = 0; i < sizeof(to_draft) / sizeof(to_draft[0]); i++)
		if (str_is(item->status, to_draft[i]))
			html_note(result, to_draft[i], item->date);
	if (item->password.len > 0) {
		story->status = STR("draft");
		html_note(result, "password", (struct str){NULL, 0});
	}
}

static bool is_date(struct str date)
{
	return date.len >= 10 && !str_starts(date, STR("0000"));
}

static void take_paths(struct wxr *x, const struct wxr_item *item, struct movein_story *story)
{
	struct str host;
	struct str path;

	movein_split_url(item->link, &x->item_arena, &host, &path);
	path = str_part(path, 0, str_find_char(path, '#'));
	if (str_is(story->status, "published") || item->password.len > 0 || str_is(item->status, "private")) {
		if (path.len > 1 && path.at[0] == '/' && str_find_char(path, '?') == SIZE_MAX)
			story->paths[story->path_count++] = path;
		story->paths[story->path_count++] = str_format(&x->item_arena, "%.*s/?p=%lld", STR_ARG(x->home),
			(long long) item->id);
	}
}

/* WordPress' own notes at the foot stand beside the text, as JSON. */
static struct str with_footnotes(struct wxr *x, const struct wxr_item *item)
{
	json_t *notes = item->footnotes.len > 0
		? json_loadb(item->footnotes.at, item->footnotes.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	struct str whole = item->content;
	struct buf text;
	size_t i;

	if (!json_is_array(notes)) {
		json_decref(notes);
		return whole;
	}
	buf_init(&text, MOVEIN_RECORD_BYTES);
	buf_add_str(&text, item->content);
	buf_add_text(&text, "\n<ol>");
	for (i = 0; i < json_array_size(notes); i++) {
		const char *id = json_string_value(json_object_get(json_array_get(notes, i), "id"));
		const char *content = json_string_value(json_object_get(json_array_get(notes, i), "content"));

		if (id == NULL || content == NULL)
			continue;
		buf_add_text(&text, "<li");
		movein_attr(&text, "id", str_from(id));
		buf_add_char(&text, '>');
		buf_add_text(&text, content);
		buf_add_text(&text, "</li>");
	}
	buf_add_text(&text, "</ol>");
	if (!text.over)
		whole = str_copy(buf_view(&text), &x->item_arena);
	buf_release(&text);
	json_decref(notes);
	return whole.at != NULL ? whole : item->content;
}

static bool second_item(struct wxr *x, const struct wxr_item *item)
{
	struct movein_story story = {.kind = str_is(item->type, "post") ? "story" : "page", .date = item->date,
		.slug = item->slug, .lang = x->language};
	struct html_wish wish = {.host = x->host, .home = x->home, .has_shortcodes = true, .id = item->id, .files = x->files,
		.file_count = x->file_count};
	struct html_result result;
	struct str ignored;
	bool ok;

	if (!is_text_of(item, "post") && !is_text_of(item, "page"))
		return true;
	html_result_init(&result);
	story.identity = str_format(&x->item_arena, "wordpress:%.*s%.*s:%lld", STR_ARG(str_part(x->host, 0, 60)),
		STR_ARG(str_part(x->home, 0, 30)), (long long) item->id);
	story.title = html_to_line(item->title, &x->item_arena);
	story.date = is_date(item->date) ? item->date : (struct str){NULL, 0};
	story.date_gmt = is_date(item->date_gmt) ? item->date_gmt : (struct str){NULL, 0};
	story.updated_gmt = is_date(item->updated_gmt) ? item->updated_gmt : (struct str){NULL, 0};
	story.excerpt = html_to_line(item->excerpt.len > 0 ? item->excerpt : item->subtitle, &x->item_arena);
	movein_split_url(item->slug, &x->item_arena, &ignored, &story.slug);
	take_authors(x, item, &story);
	take_terms(x, item, &story);
	take_status(item, &story, &result);
	take_paths(x, item, &story);
	if (item->photo > 0) {
		story.photo = movein_file_find(&wish, item->photo);
		if (story.photo == NULL)
			html_note(&result, "photo", str_format(&x->item_arena, "%lld", (long long) item->photo));
	}
	wish.html = with_footnotes(x, item);
	wish.has_breaks = str_find(wish.html, STR("<!-- wp:")) == SIZE_MAX;
	ok = movein_put_story(x->out, &story, &wish, &result, x->f);
	html_result_release(&result);
	return ok;
}

/* --- what the file says besides --- */

static bool put_site(struct wxr *x)
{
	json_t *counts = json_object();
	size_t i;

	for (i = 0; i < x->type_count; i++)
		json_object_set_new(counts, x->types[i].type.at, json_integer(x->types[i].count));
	return movein_put(x->out, json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:o}", "kind", "site", "from", "wordpress", "name",
		movein_text(x->title), "host", movein_text(x->host), "total", (json_int_t) x->out->total, "comments",
		(json_int_t) x->comments, "others", counts), x->f);
}

static const struct wxr_name *parent_of(const struct wxr *x, const struct wxr_name *of)
{
	size_t i;

	for (i = 0; i < x->categories.count && of->parent.len > 0; i++)
		if (str_equal(x->categories.at[i].slug, of->parent) || str_equal(x->categories.at[i].name, of->parent))
			return &x->categories.at[i];
	return NULL;
}

static bool put_archives(struct wxr *x)
{
	struct str home = x->home;
	struct arena *arena = &x->item_arena;
	size_t i;

	for (i = 0; i < x->categories.count; i++) {
		const struct wxr_name *one = &x->categories.at[i];
		const struct wxr_name *parent = parent_of(x, one);
		struct str path = str_format(arena, "%.*s/category/%.*s/", STR_ARG(home), STR_ARG(one->slug));
		struct str nested = parent == NULL ? path : str_format(arena, "%.*s/category/%.*s/%.*s/", STR_ARG(home),
			STR_ARG(parent->slug), STR_ARG(one->slug));

		if (!movein_put_archive(x->out, "section", one->name, path, x->f)
			|| (parent != NULL && !movein_put_archive(x->out, "section", one->name, nested, x->f)))
			return false;
		arena_reset(arena);
	}
	for (i = 0; i < x->tags.count; i++) {
		if (!movein_put_archive(x->out, "topic", x->tags.at[i].name,
			str_format(arena, "%.*s/tag/%.*s/", STR_ARG(home), STR_ARG(x->tags.at[i].slug)), x->f))
			return false;
		arena_reset(arena);
	}
	for (i = 0; i < x->authors.count; i++) {
		if (!movein_put_archive(x->out, "author", x->authors.at[i].name,
			str_format(arena, "%.*s/author/%.*s/", STR_ARG(home), STR_ARG(x->authors.at[i].slug)), x->f))
			return false;
		arena_reset(arena);
	}
	return movein_put_archive(x->out, "feed", STR("feed"), str_format(arena, "%.*s/feed/", STR_ARG(home)), x->f);
}

static bool take_channel(struct wxr *x, enum wxr_element element, struct wxr_name *name, struct str text)
{
	struct str host;
	struct str path;

	switch (element) {
	case WXR_TITLE:
		x->title = html_to_line(text, &x->arena);
		return true;
	case WXR_LANGUAGE:
		x->language = str_copy(str_part(text, 0, text.len < 8 ? str_find_char(text, '-') : 0), &x->arena);
		return true;
	case WXR_LINK:
	case WXR_BLOG_URL:
		movein_split_url(str_trim(text), &x->arena, &host, &path);
		if (host.len > 0) {
			while (path.len > 0 && path.at[path.len - 1] == '/')
				path.len--;
			x->host = str_copy(host, &x->arena);
			x->home = str_find_char(path, '?') == SIZE_MAX ? path : (struct str){NULL, 0};
		}
		return true;
	case WXR_AUTHOR:
		return add_name(x, &x->authors, *name);
	case WXR_CATEGORY:
		return add_name(x, &x->categories, *name);
	case WXR_TAG:
		return add_name(x, &x->tags, *name);
	default:
		return true;
	}
}

bool movein_read_wxr(int fd, const char *file_name, struct movein_out *out, struct fault *f)
{
	struct wxr *x = memory_new(1, sizeof(*x));
	bool ok;

	x->fd = fd;
	x->name = file_name;
	x->out = out;
	x->f = f;
	arena_init(&x->arena, "export", MOVEIN_LONG_BYTES);
	arena_init(&x->item_arena, "item", MOVEIN_ITEM_BYTES);
	ok = wxr_each(x, false, first_item, take_channel);
	if (ok && x->file_count > 1)
		qsort(x->files, x->file_count, sizeof(*x->files), by_id);
	ok = ok && put_site(x) && wxr_each(x, true, second_item, NULL) && put_archives(x) && movein_end(out, f);
	arena_release(&x->arena);
	arena_release(&x->item_arena);
	memory_free(x);
	return ok;
}
