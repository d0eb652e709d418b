/* story_front.c: the lines between "---" at the head of a story's file.
 *
 * Decides: the grammar, a strict small part of YAML: `key: value` on one line, "…" and '…', [a, b]. Leaves to others:
 * which keys there are (story_file.c). Runs in: desk's import, a child. The hard thing: what YAML would read
 * differently must not pass in silence (multi-line values, anchors, maps), so it is refused with its line.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "desk/story.h"

struct reader {
	const char *name;
	size_t line;
	struct arena *arena;
	struct fault *f;
};

static bool wrong(const struct reader *r, const char *what)
{
	return fault_set(r->f, FAULT_INPUT, "%s:%zu: %s", r->name, r->line, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cuts one quoted text off *rest, the quotes undone. */
static bool cut_quoted(const struct reader *r, struct str *rest, struct str *out)
{
	char quote = rest->at[0];
	char *at = arena_alloc(r->arena, rest->len + 1);
	size_t len = 0;
	size_t i;

	if (at == NULL)
		return fault_full(r->f, "this file");
	for (i = 1; i < rest->len; i++) {
		char c = rest->at[i];

		if (c == quote && quote == '\'' && i + 1 < rest->len && rest->at[i + 1] == '\'') {
			at[len++] = rest->at[++i];
		} else if (c == quote) {
			*out = str_make(at, len);
			*rest = str_part(*rest, i + 1, SIZE_MAX);
			return true;
		} else if (c == '\\' && quote == '"') {
			if (i + 1 == rest->len || memchr("\"\\n", rest->at[i + 1], 3) == NULL)
				return wrong(r, "after a \\ stands \", \\ or n; write \\\\ for the sign itself");
			c = rest->at[++i];
			at[len++] = c == 'n' ? ' ' : c;
		} else {
			at[len++] = c;
		}
	}
	return wrong(r, "a quote is opened here and never closed");
}

/* An unquoted item of a list, up to ',' or ']'. */
static bool cut_plain_item(const struct reader *r, struct str *rest, struct str *out)
{
	size_t end = 0;

	while (end < rest->len && rest->at[end] != ',' && rest->at[end] != ']') {
		if (rest->at[end] == '[' || rest->at[end] == '{')
			return wrong(r, "a list holds texts only; put a text with brackets in \"quotes\"");
		end++;
	}
	*out = str_trim(str_part(*rest, 0, end));
	*rest = str_part(*rest, end, SIZE_MAX);
	return out->len > 0 ? true : wrong(r, "an item of this list is empty");
}

static bool parse_list(const struct reader *r, struct str text, struct front_field *field)
{
	struct str rest = str_trim(str_part(text, 1, SIZE_MAX));
	struct str *items = arena_alloc_many(r->arena, FRONT_ITEMS, sizeof(*items));

	if (items == NULL)
		return fault_full(r->f, "this file");
	field->is_list = true;
	field->items = items;
	while (rest.len > 0 && rest.at[0] != ']') {
		bool ok;

		if (field->item_count == FRONT_ITEMS)
			return wrong(r, "this list has too many items");
		ok = rest.at[0] == '"' || rest.at[0] == '\'' ? cut_quoted(r, &rest, &items[field->item_count])
			: cut_plain_item(r, &rest, &items[field->item_count]);
		if (!ok)
			return false;
		if (items[field->item_count++].len == 0)
			return wrong(r, "an item of this list is empty");
		rest = str_trim(rest);
		if (rest.len > 0 && rest.at[0] == ',') {
			rest = str_trim(str_part(rest, 1, SIZE_MAX));
			if (rest.len == 0 || rest.at[0] == ']')
				return wrong(r, "an item of this list is empty");
		} else if (rest.len > 0 && rest.at[0] != ']') {
			return wrong(r, "items of a list are parted by commas");
		}
	}
	if (rest.len == 0)
		return wrong(r, "a list is opened here and never closed; it stands on one line: [a, b]");
	return str_trim(str_part(rest, 1, SIZE_MAX)).len == 0 ? true : wrong(r, "something stands after the list");
}

static bool parse_value(const struct reader *r, struct str text, struct front_field *field)
{
	if (text.len == 0)
		return true;
	if (text.at[0] == '[')
		return parse_list(r, text, field);
	if (text.at[0] == '"' || text.at[0] == '\'') {
		if (!cut_quoted(r, &text, &field->value))
			return false;
		return str_trim(text).len == 0 ? true : wrong(r, "something stands after the closing quote");
	}
	if (memchr("{&*!|>%@`", text.at[0], 9) != NULL)
		return wrong(r, "a text that begins so stands in \"quotes\", on one line");
	field->value = text;
	return true;
}

/* A byte below space that is no tab: it would travel on into pages, feeds and mails. */
static bool has_hidden(struct str line)
{
	size_t i;

	for (i = 0; i < line.len; i++)
		if (line.at[i] != '\t' && str_has_control(str_part(line, i, 1)))
			return true;
	return false;
}

static bool parse_line(const struct reader *r, struct str line, struct front *out)
{
	size_t colon = str_find_char(line, ':');
	struct front_field *field;
	struct str key;
	size_t i;

	if (has_hidden(line))
		return wrong(r, "a control character that one does not see stands in this line: type it anew");
	if (is_blank(line.at[0]) || line.at[0] == '-')
		return wrong(r, "a value stands on the line of its key; a list is written as [a, b]");
	if (colon == SIZE_MAX)
		return wrong(r, "a line is written as `key: value`");
	if (colon + 1 < line.len && !is_blank(line.at[colon + 1]))
		return wrong(r, "a space stands after the colon: `key: value`");
	key = str_trim(str_part(line, 0, colon));
	for (i = 0; i < key.len; i++)
		if ((key.at[i] < 'a' || key.at[i] > 'z') && key.at[i] != '_')
			return wrong(r, "a key is written in small letters: `title: …`");
	if (key.len == 0)
		return wrong(r, "a line is written as `key: value`");
	if (out->count == FRONT_FIELDS)
		return wrong(r, "there are too many lines before the second ---");
	field = &out->fields[out->count++];
	*field = (struct front_field){.key = key, .line = r->line};
	return parse_value(r, str_trim(str_part(line, colon + 1, SIZE_MAX)), field);
}

/* Cuts a line off *rest, its end ("\n", "\r\n") dropped. */
static bool next_line(struct reader *r, struct str *rest, struct str *line)
{
	size_t end;

	if (rest->len == 0)
		return false;
	end = str_find_char(*rest, '\n');
	*line = str_part(*rest, 0, end);
	*rest = end == SIZE_MAX ? (struct str){NULL, 0} : str_part(*rest, end + 1, SIZE_MAX);
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	r->line++;
	return true;
}

static bool is_fence(struct str line)
{
	while (line.len > 3 && is_blank(line.at[line.len - 1]))
		line.len--;
	return str_is(line, "---");
}

bool front_parse(struct str file, const char *name, struct arena *arena, struct front *out, struct fault *f)
{
	struct reader r = {.name = name, .arena = arena, .f = f};
	struct str rest = file;
	struct str line = {NULL, 0};

	*out = (struct front){0};
	out->fields = arena_alloc_many(arena, FRONT_FIELDS, sizeof(*out->fields));
	if (out->fields == NULL)
		return fault_full(f, "this file");
	if (str_starts(rest, STR("\xef\xbb\xbf")))
		rest = str_part(rest, 3, SIZE_MAX);
	if (!str_is_utf8(rest))
		return fault_set(f, FAULT_INPUT, "%s:1: the file is not UTF-8; save it as UTF-8", name);
	if (str_find_char(rest, '\0') != SIZE_MAX)
		return fault_set(f, FAULT_INPUT, "%s:1: the file holds a NUL byte, so it is no text: save it as UTF-8 text", name);
	if (!next_line(&r, &rest, &line) || !is_fence(line)) {
		r.line = 1;
		return wrong(&r, "the file begins with a line `---`, then `title: …` and the other keys, then `---`");
	}
	while (next_line(&r, &rest, &line)) {
		if (is_fence(line)) {
			out->body = rest;
			out->body_line = r.line + 1;
			return true;
		}
		if (str_trim(line).len == 0 || line.at[0] == '#')
			continue;
		if (!parse_line(&r, line, out))
			return false;
	}
	return wrong(&r, "the second `---`, which ends the keys, is missing");
}
