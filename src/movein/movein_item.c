/* movein_item.c: WordPress' export, item by item, through libxml2's streaming reader.
 *
 * Decides: that a DOCTYPE and entities of one's own are refused, and which elements are looked at. Leaves to others:
 * what they mean (movein_wxr.c). Runs in: mimeo-movein. The hard thing: the file may have gigabytes, so no more of it
 * than one item is ever in memory; a single text above 10 MB is refused by libxml2 itself (XML_PARSE_HUGE stays off).
 * SPDX-License-Identifier: ISC */
#include "movein/movein_item.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/fault.h"

enum space { SPACE_NONE, SPACE_WP, SPACE_EXCERPT, SPACE_CONTENT, SPACE_DC, SPACE_OTHER };

static bool wrong(struct wxr *x, const char *what)
{
	return fault_set(x->f, FAULT_INPUT, "%s:%d: %s", x->name, xmlTextReaderGetParserLineNumber(x->reader), what);
}

/* --- bytes --- */

/* Control characters are not allowed in XML and yet stand in exports (pasted from word processors): they become spaces. */
static int read_some(void *self, char *at, int len)
{
	struct wxr *x = self;
	ssize_t got = read(x->fd, at, (size_t) len);
	ssize_t i;

	if (x->read_bytes == 0)
		x->is_text = got < 2 || ((unsigned char) at[0] != 0xff && (unsigned char) at[0] != 0xfe && at[0] != '\0'
			&& at[1] != '\0');
	for (i = 0; i < got && x->is_text; i++)
		if ((unsigned char) at[i] < ' ' && at[i] != '\n' && at[i] != '\t' && at[i] != '\r' && at[i] != '\0')
			at[i] = ' ';
	x->read_bytes += got > 0 ? got : 0;
	return (int) got;
}

static int close_none(void *self)
{
	(void) self;
	return 0;
}

static void take_error(void *self, xmlErrorPtr error)
{
	struct wxr *x = self;
	struct str say = str_trim(str_from(error->message));

	if (error->level < XML_ERR_ERROR || x->f->kind != FAULT_NONE)
		return;
	if (error->domain == XML_FROM_NAMESPACE)
		return;
	if (error->code == XML_ERR_INVALID_ENCODING || error->code == XML_ERR_INVALID_CHAR
		|| error->code == XML_ERR_UNSUPPORTED_ENCODING || error->code == XML_ERR_UNKNOWN_ENCODING)
		fault_set(x->f, FAULT_INPUT, "%s:%d: the file is not in the encoding that it says; export it anew, or save it as UTF-8",
			x->name, error->line);
	else if (error->code == XML_ERR_DOCUMENT_END || error->code == XML_ERR_TAG_NOT_FINISHED
		|| error->code == XML_ERR_CDATA_NOT_FINISHED)
		fault_set(x->f, FAULT_INPUT, "%s:%d: the file ends in the middle, or goes on behind its end; export it anew", x->name,
			error->line);
	else if (str_find(say, STR("uge")) != SIZE_MAX || str_find(say, STR("too big")) != SIZE_MAX
		|| str_find(say, STR("too long")) != SIZE_MAX)
		fault_set(x->f, FAULT_INPUT, "%s:%d: a single text is larger than 10 MB; take that item out of the file", x->name,
			error->line);
	else
		fault_set(x->f, FAULT_INPUT, "%s:%d: this is no sound XML (%.*s); export it anew", x->name, error->line,
			STR_ARG(str_part(say, 0, 120)));
}

/* --- elements --- */

static enum space space_of(struct wxr *x)
{
	struct str uri = str_from((const char *) xmlTextReaderConstNamespaceUri(x->reader));

	if (uri.len == 0)
		return SPACE_NONE;
	if (str_find(uri, STR("wordpress.org/export/")) != SIZE_MAX)
		return str_ends(uri, STR("/excerpt/")) ? SPACE_EXCERPT : SPACE_WP;
	if (str_find(uri, STR("/rss/1.0/modules/content")) != SIZE_MAX)
		return SPACE_CONTENT;
	return str_find(uri, STR("/dc/elements")) != SIZE_MAX ? SPACE_DC : SPACE_OTHER;
}

static bool is(struct wxr *x, const char *name)
{
	return strcmp((const char *) xmlTextReaderConstLocalName(x->reader), name) == 0;
}

/* 1: something was read, 0: the end, -1: a fault is set. */
static int step(struct wxr *x)
{
	int got = xmlTextReaderRead(x->reader);

	if (got < 0) {
		wrong(x, "this is no sound XML; export it anew");
		return -1;
	}
	if (got > 0 && xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_DOCUMENT_TYPE) {
		wrong(x, "the file has a <!DOCTYPE, which WordPress never writes; this is no export of it");
		return -1;
	}
	if (got > 0 && xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_ENTITY_REFERENCE) {
		wrong(x, "the file uses an entity of its own; this is no export of WordPress");
		return -1;
	}
	return got;
}

/* The text inside the element that one stands at; then one stands at its end. out may be NULL. */
static bool read_text(struct wxr *x, struct str *out)
{
	int depth = xmlTextReaderDepth(x->reader);
	struct buf text;
	bool ok = true;

	if (xmlTextReaderIsEmptyElement(x->reader))
		return true;
	buf_init(&text, WXR_TEXT_BYTES);
	while (ok) {
		int type;

		if (step(x) <= 0) {
			ok = wrong(x, "the file ends in the middle; export it anew");
			break;
		}
		type = xmlTextReaderNodeType(x->reader);
		if (type == XML_READER_TYPE_END_ELEMENT && xmlTextReaderDepth(x->reader) == depth)
			break;
		if (out != NULL && (type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA
			|| type == XML_READER_TYPE_SIGNIFICANT_WHITESPACE || type == XML_READER_TYPE_WHITESPACE))
			buf_add_text(&text, (const char *) xmlTextReaderConstValue(x->reader));
	}
	if (ok && text.over)
		ok = wrong(x, "a single text is larger than 10 MB; take that item out of the file");
	if (ok && out != NULL) {
		*out = str_copy(buf_view(&text), &x->item_arena);
		ok = out->at != NULL || wrong(x, "an item is larger than mimeo allows; take it out of the file");
	}
	buf_release(&text);
	return ok;
}

static bool read_number(struct wxr *x, int64_t *out)
{
	struct str text = {NULL, 0};

	if (!read_text(x, &text))
		return false;
	if (!str_to_i64(str_trim(text), out))
		*out = 0;
	return true;
}

static struct str attr(struct wxr *x, const char *name)
{
	xmlChar *value = xmlTextReaderGetAttribute(x->reader, (const xmlChar *) name);
	struct str copy = str_copy(str_from((const char *) value), &x->item_arena);

	xmlFree(value);
	return copy;
}

/* wp:postmeta: a key and its value. */
static bool read_meta(struct wxr *x, struct wxr_item *item)
{
	static const struct {
		const char *key;
		size_t offset;
	} texts[] = {
#define TEXT(key, name) {key, offsetof(struct wxr_item, name)}
		TEXT("_wp_attachment_image_alt", alt), TEXT("_media_credit", credit), TEXT("_navis_media_credit_org", credit_org),
		TEXT("newspack_post_subtitle", subtitle), TEXT("footnotes", footnotes), TEXT("cap-display_name", guest_name),
		TEXT("cap-user_login", guest_login),
#undef TEXT
	};
	int depth = xmlTextReaderDepth(x->reader);
	struct str key = {NULL, 0};
	struct str value = {NULL, 0};
	size_t i;
	int got;

	if (xmlTextReaderIsEmptyElement(x->reader))
		return true;
	while ((got = step(x)) > 0 && !(xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_END_ELEMENT
		&& xmlTextReaderDepth(x->reader) == depth))
		if (xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_ELEMENT
			&& !read_text(x, is(x, "meta_key") ? &key : is(x, "meta_value") ? &value : NULL))
			return false;
	if (got <= 0)
		return wrong(x, "the file ends in the middle; export it anew");
	if (str_is(key, "_thumbnail_id"))
		(void) str_to_i64(str_trim(value), &item->photo);
	else if (str_is(key, "_yoast_wpseo_primary_category"))
		(void) str_to_i64(str_trim(value), &item->main_category);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (str_is(key, texts[i].key))
			*(struct str *) (void *) ((char *) item + texts[i].offset) = value;
	return true;
}

static bool read_category(struct wxr *x, struct wxr_item *item)
{
	struct wxr_term term = {.domain = attr(x, "domain"), .slug = attr(x, "nicename")};

	if (!read_text(x, &term.name))
		return false;
	term.name = html_to_line(term.name, &x->item_arena);
	if (item->term_count < WXR_TERMS)
		item->terms[item->term_count++] = term;
	return true;
}

static bool read_wp(struct wxr *x, struct wxr_item *item)
{
	static const struct {
		const char *name;
		size_t offset;
	} texts[] = {
#define TEXT(element, name) {element, offsetof(struct wxr_item, name)}
		TEXT("post_date", date), TEXT("post_date_gmt", date_gmt), TEXT("post_modified_gmt", updated_gmt),
		TEXT("post_name", slug), TEXT("status", status), TEXT("post_type", type), TEXT("post_password", password),
		TEXT("attachment_url", file_url),
#undef TEXT
	};
	size_t i;

	if (is(x, "postmeta"))
		return read_meta(x, item);
	if (is(x, "comment")) {
		item->comments++;
		return read_text(x, NULL);
	}
	if (is(x, "post_id"))
		return read_number(x, &item->id);
	if (is(x, "post_parent"))
		return read_number(x, &item->parent);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (is(x, texts[i].name))
			return read_text(x, (struct str *) (void *) ((char *) item + texts[i].offset));
	return read_text(x, NULL);
}

static bool read_part(struct wxr *x, bool with_text, struct wxr_item *item)
{
	switch (space_of(x)) {
	case SPACE_WP:
		return read_wp(x, item);
	case SPACE_CONTENT:
		return read_text(x, with_text && is(x, "encoded") ? &item->content : NULL);
	case SPACE_EXCERPT:
		return read_text(x, is(x, "encoded") ? &item->excerpt : NULL);
	case SPACE_DC:
		return read_text(x, is(x, "creator") ? &item->creator : NULL);
	case SPACE_NONE:
		if (is(x, "category"))
			return read_category(x, item);
		return read_text(x, is(x, "title") ? &item->title : is(x, "link") ? &item->link : NULL);
	default:
		return read_text(x, NULL);
	}
}

static bool read_item(struct wxr *x, bool with_text, wxr_item_call *call)
{
	int depth = xmlTextReaderDepth(x->reader);
	struct wxr_item *item = arena_alloc(&x->item_arena, sizeof(*item));
	int got = 1;
	bool ok = true;

	if (item == NULL)
		return fault_full(x->f, x->name);
	if (xmlTextReaderIsEmptyElement(x->reader))
		return true;
	while (ok && (got = step(x)) > 0 && !(xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_END_ELEMENT
		&& xmlTextReaderDepth(x->reader) == depth))
		if (xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_ELEMENT)
			ok = read_part(x, with_text, item);
	if (ok && got <= 0)
		ok = wrong(x, "the file ends in the middle; export it anew");
	if (ok) {
		item->status = str_trim(item->status);
		item->type = str_trim(item->type);
		item->link = str_trim(item->link);
		item->creator = str_trim(item->creator);
	}
	ok = ok && call(x, item);
	arena_reset(&x->item_arena);
	return ok;
}

/* wp:author, wp:category, wp:tag of the channel. */
static bool read_name(struct wxr *x, enum wxr_element element, wxr_channel_call *call)
{
	static const struct {
		const char *name;
		size_t offset;
	} texts[] = {
#define TEXT(element, name) {element, offsetof(struct wxr_name, name)}
		TEXT("author_login", slug), TEXT("author_display_name", name), TEXT("category_nicename", slug), TEXT("cat_name", name),
		TEXT("category_parent", parent), TEXT("tag_slug", slug), TEXT("tag_name", name),
#undef TEXT
	};
	int depth = xmlTextReaderDepth(x->reader);
	struct wxr_name name = {.id = 0};
	struct str *into;
	size_t i;
	int got = 1;

	if (xmlTextReaderIsEmptyElement(x->reader))
		return true;
	while ((got = step(x)) > 0 && !(xmlTextReaderNodeType(x->reader) == XML_READER_TYPE_END_ELEMENT
		&& xmlTextReaderDepth(x->reader) == depth)) {
		if (xmlTextReaderNodeType(x->reader) != XML_READER_TYPE_ELEMENT)
			continue;
		if (is(x, "term_id")) {
			if (!read_number(x, &name.id))
				return false;
			continue;
		}
		for (i = 0, into = NULL; i < sizeof(texts) / sizeof(texts[0]); i++)
			if (is(x, texts[i].name))
				into = (struct str *) (void *) ((char *) &name + texts[i].offset);
		if (!read_text(x, into))
			return false;
	}
	if (got <= 0)
		return wrong(x, "the file ends in the middle; export it anew");
	if (name.name.len == 0)
		name.name = name.slug;
	return name.slug.len == 0 || call(x, element, &name, (struct str){NULL, 0});
}

static bool read_channel(struct wxr *x, wxr_channel_call *call)
{
	static const struct {
		const char *name;
		enum space space;
		enum wxr_element element;
	} parts[] = {
		{"title", SPACE_NONE, WXR_TITLE}, {"link", SPACE_NONE, WXR_LINK}, {"language", SPACE_NONE, WXR_LANGUAGE},
		{"base_blog_url", SPACE_WP, WXR_BLOG_URL}, {"author", SPACE_WP, WXR_AUTHOR}, {"category", SPACE_WP, WXR_CATEGORY},
		{"tag", SPACE_WP, WXR_TAG},
	};
	struct str text = {NULL, 0};
	bool ok;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (call != NULL && parts[i].space == space_of(x) && is(x, parts[i].name))
			break;
	if (i == sizeof(parts) / sizeof(parts[0]))
		return read_text(x, NULL);
	if (parts[i].element >= WXR_AUTHOR)
		ok = read_name(x, parts[i].element, call);
	else
		ok = read_text(x, &text) && call(x, parts[i].element, NULL, text);
	arena_reset(&x->item_arena);
	return ok;
}

static bool read_all(struct wxr *x, bool with_text, wxr_item_call *item, wxr_channel_call *channel)
{
	bool has_channel = false;
	bool ok = true;
	int got = 1;

	while (ok && (got = step(x)) > 0) {
		int depth = xmlTextReaderDepth(x->reader);

		if (xmlTextReaderNodeType(x->reader) != XML_READER_TYPE_ELEMENT)
			continue;
		if (depth == 0 && !is(x, "rss"))
			return wrong(x, "this is XML, but no export of WordPress: that begins with <rss");
		has_channel = has_channel || (depth == 1 && is(x, "channel"));
		if (depth == 2)
			ok = is(x, "item") ? read_item(x, with_text, item) : read_channel(x, channel);
	}
	if (ok && got == 0 && !has_channel)
		ok = wrong(x, "this is XML, but no export of WordPress: it has no <channel");
	return ok && got == 0;
}

bool wxr_each(struct wxr *x, bool with_text, wxr_item_call *item, wxr_channel_call *channel)
{
	bool ok;

	if (lseek(x->fd, 0, SEEK_SET) != 0)
		return fault_errno(x->f, "cannot read %s", x->name);
	x->read_bytes = 0;
	x->reader = xmlReaderForIO(read_some, close_none, x, NULL, NULL, XML_PARSE_NONET | XML_PARSE_COMPACT);
	if (x->reader == NULL)
		return fault_set(x->f, FAULT_IO, "libxml2 does not start");
	xmlTextReaderSetStructuredErrorHandler(x->reader, take_error, x);
	ok = read_all(x, with_text, item, channel);
	xmlFreeTextReader(x->reader);
	x->reader = NULL;
	return ok;
}
