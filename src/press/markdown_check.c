/* markdown_check.c: what is kept away from cmark-gfm.
 *
 * Decides: the shapes for which Debian's cmark-gfm (0.29.0.gfm.6) takes quadratic time or makes far more than it was
 * given: a short row of a wide table is padded with nodes of 170 bytes, a reference's title is copied at every use,
 * unmatched brackets are searched again and again. Leaves to others: the rest of the grammar. Runs in: whoever turns
 * Markdown into anything. The hard thing: it must never be laxer than cmark, so it counts lines that *could* be part of
 * a table.
 * SPDX-License-Identifier: ISC */
#include "markdown.h"

#include "base/fault.h"
#include "base/limits.h"

enum {
	TABLE_COLUMNS = 32,
	TABLE_CELLS = 20000,            /* of all tables of a story */
	SPECIALS = 2000,                /* of one kind in one paragraph: cmark may search back over each */
	NESTING = 24,                   /* quotes and lists opened in one line */
	REFERENCE_BYTES = 32 * 1024 * 1024 /* longest block of link references × brackets: what copies could come to */
};

struct shape {
	size_t line;
	size_t columns;                 /* > 0: a table may be open */
	size_t cells;
	size_t specials[256];           /* in this block */
	size_t brackets;                /* in the story */
	size_t block_bytes;
	size_t reference_bytes;         /* longest block with "]:" */
	bool has_reference;
};

/* What a byte may be part of: a blank line, a table's second row, the containers before a line, what cmark searches
 * back for. */
enum { BLANK = 1, DELIMITER = 2, CONTAINER = 4, SPECIAL = 8, MARKER = 16, SPACE = 32 };

static const unsigned char kinds[256] = {
	[' '] = BLANK | DELIMITER | CONTAINER | SPACE, ['\t'] = BLANK | DELIMITER | CONTAINER | SPACE,
		['\r'] = BLANK | DELIMITER,
	['\v'] = DELIMITER, ['\f'] = DELIMITER, ['|'] = DELIMITER, [':'] = DELIMITER,
	['>'] = BLANK | DELIMITER | CONTAINER | MARKER, ['-'] = DELIMITER | CONTAINER | MARKER,
	['+'] = DELIMITER | CONTAINER | MARKER, ['*'] = DELIMITER | CONTAINER | MARKER | SPECIAL,
	['.'] = DELIMITER | CONTAINER | MARKER, [')'] = DELIMITER | CONTAINER | MARKER, ['0'] = DELIMITER | CONTAINER,
	['1'] = DELIMITER | CONTAINER, ['2'] = DELIMITER | CONTAINER, ['3'] = DELIMITER | CONTAINER,
	['4'] = DELIMITER | CONTAINER, ['5'] = DELIMITER | CONTAINER, ['6'] = DELIMITER | CONTAINER,
	['7'] = DELIMITER | CONTAINER, ['8'] = DELIMITER | CONTAINER, ['9'] = DELIMITER | CONTAINER, ['['] = SPECIAL,
	[']'] = SPECIAL, ['<'] = SPECIAL, ['_'] = SPECIAL, ['`'] = SPECIAL, ['~'] = SPECIAL, ['!'] = SPECIAL,
};

static bool is_one_of(char c, unsigned char kind)
{
	return (kinds[(unsigned char) c] & kind) != 0;
}

static bool is_blank(struct str line)
{
	size_t i;

	for (i = 0; i < line.len; i++)
		if (!is_one_of(line.at[i], BLANK))
			return false;
	return true;
}

/* Columns that this line would give a table as its second row; 0 when it cannot be one. */
static size_t delimiter_columns(struct str line)
{
	size_t columns = 1;
	bool has_dash = false;
	size_t i;

	for (i = 0; i < line.len; i++) {
		if (!is_one_of(line.at[i], DELIMITER))
			return 0;
		columns += line.at[i] == '|';
		has_dash = has_dash || line.at[i] == '-';
	}
	return has_dash ? columns : 0;
}

static size_t containers(struct str line)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < line.len && is_one_of(line.at[i], CONTAINER); i++)
		count += is_one_of(line.at[i], MARKER) && (i + 1 == line.len || line.at[i] == '>' || line.at[i + 1] == '>'
			|| is_one_of(line.at[i + 1], SPACE));
	return count;
}

static void end_block(struct shape *shape)
{
	if (shape->has_reference && shape->block_bytes > shape->reference_bytes)
		shape->reference_bytes = shape->block_bytes;
	shape->has_reference = false;
	shape->block_bytes = 0;
	shape->columns = 0;
	memset(shape->specials, 0, sizeof(shape->specials));
}

static bool count_specials(struct shape *shape, struct str line, struct fault *f)
{
	size_t i;

	for (i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char) line.at[i];

		if (!is_one_of((char) c, SPECIAL))
			continue;
		shape->brackets += c == '[';
		if (c == ']' && i + 1 < line.len && line.at[i + 1] == ':')
			shape->has_reference = true;
		if (++shape->specials[c] > SPECIALS)
			return fault_set(f, FAULT_INPUT, "line %zu: more than %d '%c' in one paragraph; part it by blank lines",
				shape->line, (int) SPECIALS, (int) c);
	}
	return true;
}

static bool check_line(struct shape *shape, struct str line, struct fault *f)
{
	size_t columns = delimiter_columns(line);

	shape->line++;
	if (is_blank(line)) {
		end_block(shape);
		if (containers(line) <= NESTING)
			return true;
	}
	if (containers(line) > NESTING)
		return fault_set(f, FAULT_INPUT, "line %zu: quotes and lists are nested deeper than %d", shape->line,
			(int) NESTING);
	shape->block_bytes += line.len + 1;
	if (shape->columns > 0) {
		shape->cells += shape->columns;
		memset(shape->specials, 0, sizeof(shape->specials)); /* each cell is a paragraph of its own */
	}
	if (columns > TABLE_COLUMNS && str_find_char(line, '|') != SIZE_MAX)
		return fault_set(f, FAULT_INPUT, "line %zu: a table has %zu columns; %d are the most", shape->line, columns,
			(int) TABLE_COLUMNS);
	if (columns > shape->columns)
		shape->columns = columns;
	if (shape->cells > TABLE_CELLS)
		return fault_set(f, FAULT_INPUT, "line %zu: the tables have more than %d cells", shape->line,
			(int) TABLE_CELLS);
	return count_specials(shape, line, f);
}

bool markdown_check(struct str source, struct fault *f)
{
	struct shape shape = {0};
	struct str rest = source;

	if (source.len > LIMIT_STORY_BYTES)
		return fault_set(f, FAULT_INPUT, "the text is longer than %d KiB", LIMIT_STORY_BYTES / 1024);
	if (!str_is_utf8(source))
		return fault_set(f, FAULT_INPUT, "the text is not UTF-8; save it as UTF-8");
	while (rest.len > 0) {
		size_t end = 0;

		while (end < rest.len && rest.at[end] != '\n' && rest.at[end] != '\r')
			end++;
		if (!check_line(&shape, str_part(rest, 0, end), f))
			return false;
		if (end + 1 < rest.len && rest.at[end] == '\r' && rest.at[end + 1] == '\n')
			end++;
		rest = str_part(rest, end + 1, SIZE_MAX);
	}
	end_block(&shape);
	if (shape.brackets > 0 && shape.reference_bytes > REFERENCE_BYTES / shape.brackets)
		return fault_set(f, FAULT_INPUT, "the list of link references is too long for its %zu uses", shape.brackets);
	return true;
}
