/* csv.c: records of comma-separated values.
 *
 * Decides: what a record is. Leaves to others: what its fields mean. Runs in: commands and rooms. The hard thing: a quote that is never
 * closed would swallow the rest of a list; a record has a length, and a bad one costs its first line alone.
 * SPDX-License-Identifier: ISC */
#include "csv.h"

void csv_init(struct csv *csv, struct str text)
{
	*csv = (struct csv){.rest = text};
	if (str_starts(text, STR("\xef\xbb\xbf")))
		csv->rest = str_part(text, 3, SIZE_MAX);
	buf_init(&csv->plain, CSV_RECORD_BYTES);
}

void csv_release(struct csv *csv)
{
	buf_release(&csv->plain);
}

/* The length of what ends a line here: 0 where nothing does. */
static size_t line_end(struct str text, size_t at)
{
	if (at < text.len && text.at[at] == '\n')
		return 1;
	return at + 1 < text.len && text.at[at] == '\r' && text.at[at + 1] == '\n' ? 2 : 0;
}

static enum csv_answer refuse(struct csv *csv, const char *why)
{
	size_t end = str_find_char(csv->rest, '\n');

	csv->lines++;
	csv->count = 0;
	csv->why = why;
	csv->rest = end == SIZE_MAX ? (struct str){NULL, 0} : str_part(csv->rest, end + 1, SIZE_MAX);
	return CSV_BAD;
}

/* From behind the opening quote to behind the closing one. NULL: *field is there. */
static const char *read_quoted(struct csv *csv, size_t *at, struct str *field)
{
	struct str text = csv->rest;
	size_t from = *at, start = csv->plain.len;
	bool doubled = false;

	for (size_t i = *at; i < text.len && i < CSV_RECORD_BYTES; i++) {
		if (text.at[i] != '"')
			continue;
		if (i + 1 < text.len && text.at[i + 1] == '"') {
			doubled = true;
			buf_add_str(&csv->plain, str_part(text, from, i + 1 - from));
			from = ++i + 1;
			continue;
		}
		if (doubled) {
			buf_add_str(&csv->plain, str_part(text, from, i - from));
			*field = str_make(csv->plain.at + start, csv->plain.len - start);
		} else {
			*field = str_part(text, *at, i - *at);
		}
		*at = i + 1;
		return NULL;
	}
	return text.len > CSV_RECORD_BYTES ? "a record is too long, or a quote is not closed" : "a quote is not closed";
}

static const char *read_bare(struct csv *csv, size_t *at, struct str *field)
{
	struct str text = csv->rest;
	size_t from = *at;

	for (; *at < text.len && *at < CSV_RECORD_BYTES; ++*at) {
		if (text.at[*at] == '"')
			return "a quote stands within a field that is not quoted";
		if (text.at[*at] == ',' || line_end(text, *at) > 0)
			break;
		if (text.at[*at] == '\r' || text.at[*at] == '\0')
			return "a control character stands in it";
	}
	if (*at == CSV_RECORD_BYTES)
		return "a record is too long";
	*field = str_part(text, from, *at - from);
	return NULL;
}

static const char *read_field(struct csv *csv, size_t *at)
{
	struct str field = {NULL, 0};
	const char *why;

	if (csv->count == CSV_FIELDS)
		return "it has too many fields";
	if (*at < csv->rest.len && csv->rest.at[*at] == '"') {
		++*at;
		why = read_quoted(csv, at, &field);
	} else {
		why = read_bare(csv, at, &field);
	}
	if (why == NULL && (!str_is_utf8(field) || str_find_char(field, '\0') != SIZE_MAX))
		why = "it is not UTF-8";
	if (why == NULL)
		csv->fields[csv->count++] = field;
	return why;
}

static void count_lines(struct csv *csv, size_t len)
{
	for (size_t i = 0; i < len; i++)
		csv->lines += csv->rest.at[i] == '\n';
	if (len > 0 && csv->rest.at[len - 1] != '\n')
		csv->lines++; /* the last one may have no end */
}

enum csv_answer csv_next(struct csv *csv)
{
	size_t at = 0, end;
	const char *why;

	while ((end = line_end(csv->rest, 0)) > 0) {
		csv->rest = str_part(csv->rest, end, SIZE_MAX);
		csv->lines++;
	}
	csv->count = 0;
	csv->line = csv->lines + 1;
	buf_clear(&csv->plain);
	if (buf_reserve(&csv->plain, CSV_RECORD_BYTES) == NULL || csv->rest.len == 0) /* reserved whole: fields point into it */
		return CSV_END;
	for (;;) {
		why = read_field(csv, &at);
		if (why != NULL)
			return refuse(csv, why);
		if (at == csv->rest.len)
			break;
		end = line_end(csv->rest, at);
		if (end > 0) {
			at += end;
			break;
		}
		if (csv->rest.at[at] != ',')
			return refuse(csv, "something stands behind a closed quote");
		at++;
	}
	count_lines(csv, at);
	csv->rest = str_part(csv->rest, at, SIZE_MAX);
	return CSV_RECORD;
}

void csv_write(struct buf *out, struct str field)
{
	bool quoted = false;

	for (size_t i = 0; i < field.len && !quoted; i++)
		quoted = field.at[i] == '"' || field.at[i] == ',' || field.at[i] == '\n' || field.at[i] == '\r';
	if (!quoted) {
		buf_add_str(out, field);
		return;
	}
	buf_add_char(out, '"');
	for (size_t i = 0; i < field.len; i++) {
		if (field.at[i] == '"')
			buf_add_char(out, '"');
		buf_add_char(out, field.at[i]);
	}
	buf_add_char(out, '"');
}
