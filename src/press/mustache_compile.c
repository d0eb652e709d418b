/* mustache_compile.c: a template's text to its pieces.
 *
 * Decides: the grammar (the core of the Mustache specification) and its errors, which name template and line. Leaves to
 * others: filling it in (mustache.c), where partials come from. Runs in: every room. The hard thing: a tag alone on its
 * line takes the line with it, so the text before it is only known to stay when its line has ended.
 * SPDX-License-Identifier: ISC */
#include "mustache.h"

#include "base/fault.h"
#include "base/limits.h"
#include "mustache_inside.h"
#include "press_inside.h"

enum { DELIMITER_BYTES = 16, DOTS = 8 };

struct compiling {
	struct mustache *mustache;
	mustache_find *find;
	void *self;
	struct fault *f;
};

/* One template or partial being read. */
struct reading {
	struct compiling *c;
	struct mustache_program *program;
	struct str source;
	size_t at;
	struct str open, close;
	uint32_t sections[MUSTACHE_DEPTH];
	int depth;
	int nesting;                /* of partials */
};

static bool add_program(struct compiling *c, struct str name, struct str source, struct str indent, int nesting,
	uint32_t *index);

static int line_of(const struct reading *r, size_t at)
{
	int line = 1;
	size_t i;

	for (i = 0; i < at && i < r->source.len; i++)
		line += r->source.at[i] == '\n';
	return line;
}

static bool wrong(const struct reading *r, size_t at, const char *what)
{
	return fault_set(r->c->f, FAULT_INPUT, "%.*s:%d: %s", STR_ARG(r->program->name), line_of(r, at), what);
}

static struct mustache_piece *add_piece(struct reading *r, enum mustache_kind kind)
{
	struct mustache_program *program = r->program;

	if (program->count == program->room) {
		uint32_t room = program->room > 0 ? program->room * 2 : 16;
		struct mustache_piece *pieces = arena_alloc_many(&r->c->mustache->arena, room, sizeof(*pieces));

		if (pieces == NULL) {
			fault_full(r->c->f, "this template");
			return NULL;
		}
		if (program->count > 0)
			memcpy(pieces, program->pieces, program->count * sizeof(*pieces));
		program->pieces = pieces;
		program->room = room;
	}
	program->pieces[program->count] = (struct mustache_piece){.kind = kind};
	return &program->pieces[program->count++];
}

static bool add_text(struct reading *r, struct str text)
{
	struct mustache_piece *piece;

	if (text.len == 0)
		return true;
	piece = add_piece(r, MUSTACHE_TEXT);
	if (piece != NULL)
		piece->text = text;
	return piece != NULL;
}

static bool set_path(struct reading *r, struct mustache_piece *piece, struct str name, size_t at)
{
	struct str rest = name;
	struct str word;
	size_t i = 0;

	if (str_is(name, "."))
		return true;
	piece->path = arena_alloc_many(&r->c->mustache->arena, DOTS, sizeof(*piece->path));
	if (piece->path == NULL)
		return fault_full(r->c->f, "this template");
	while (str_next(&rest, '.', &word)) {
		if (word.len == 0)
			return wrong(r, at, "a name has an empty part");
		if (i == DOTS)
			return wrong(r, at, "a name has too many dots");
		piece->path[i++] = (struct mustache_word){word, press_hash(word)};
	}
	piece->path_count = (uint32_t) i;
	return i > 0 ? true : wrong(r, at, "a tag has no name");
}

static bool set_delimiters(struct reading *r, struct str inside, size_t at)
{
	struct str both = str_trim(inside);
	size_t gap = 0;

	while (gap < both.len && memchr(" \t\r\n", both.at[gap], 4) == NULL)
		gap++;
	r->open = str_part(both, 0, gap);
	r->close = str_trim(str_part(both, gap, SIZE_MAX));
	if (r->open.len == 0 || r->close.len == 0 || r->open.len > DELIMITER_BYTES || r->close.len > DELIMITER_BYTES
		|| memchr(r->close.at, ' ', r->close.len) != NULL || memchr(r->close.at, '=', r->close.len) != NULL)
		return wrong(r, at, "new delimiters are written as {{=<% %>=}}");
	return true;
}

static bool end_section(struct reading *r, struct str name, size_t at)
{
	struct mustache_piece *piece;
	struct str opened = {NULL, 0};

	if (r->depth == 0)
		return wrong(r, at, "a section ends here that was never begun");
	piece = &r->program->pieces[r->sections[--r->depth]];
	piece->until = r->program->count;
	/* the name as written is kept in text */
	opened = piece->text;
	if (!str_equal(opened, name))
		return fault_set(r->c->f, FAULT_INPUT, "%.*s:%d: {{/%.*s}} stands where {{/%.*s}} must",
			STR_ARG(r->program->name), line_of(r, at), STR_ARG(str_part(name, 0, 64)),
			STR_ARG(str_part(opened, 0, 64)));
	return true;
}

static bool add_tag(struct reading *r, char kind, struct str name, struct str indent, size_t at)
{
	struct mustache_piece *piece;
	uint32_t index = 0;

	switch (kind) {
	case '!':
		return true;
	case '=':
		return set_delimiters(r, name, at);
	case '/':
		return end_section(r, name, at);
	case '>':
		if (name.len == 0)
			return wrong(r, at, "a partial has no name");
		if (!add_program(r->c, name, (struct str){NULL, 0}, indent, r->nesting + 1, &index))
			return false;
		if (index == 0 && !str_equal(name, r->c->mustache->programs[0]->name))
			return true; /* there is none */
		piece = add_piece(r, MUSTACHE_PARTIAL);
		if (piece != NULL)
			piece->program = index;
		return piece != NULL;
	case '#':
	case '^':
		if (r->depth == MUSTACHE_DEPTH)
			return wrong(r, at, "sections are nested too deep");
		r->sections[r->depth++] = r->program->count;
		piece = add_piece(r, kind == '#' ? MUSTACHE_SECTION : MUSTACHE_INVERTED);
		if (piece == NULL)
			return false;
		piece->text = name;
		return set_path(r, piece, name, at);
	default:
		piece = add_piece(r, kind == '&' ? MUSTACHE_RAW : MUSTACHE_ESCAPED);
		return piece != NULL && set_path(r, piece, name, at);
	}
}

/* Where the tag at `open_at` ends, and what is in it. */
static bool cut_tag(struct reading *r, size_t open_at, char *kind, struct str *inside, size_t *end)
{
	struct str rest = str_part(r->source, open_at + r->open.len, SIZE_MAX);
	char closing[DELIMITER_BYTES + 2];
	size_t skip = 0;
	struct str close = r->close;
	size_t found;

	*kind = 'v';
	if (rest.len > 0 && memchr("!#^/>&={", rest.at[0], 8) != NULL) {
		*kind = rest.at[0];
		skip = 1;
	}
	if (*kind == '{' || *kind == '=') {
		closing[0] = *kind == '{' ? '}' : '=';
		memcpy(closing + 1, r->close.at, r->close.len);
		close = str_make(closing, r->close.len + 1);
	}
	rest = str_part(rest, skip, SIZE_MAX);
	found = str_find(rest, close);
	if (found == SIZE_MAX)
		return wrong(r, open_at, "a tag is opened here and never closed");
	*inside = str_part(rest, 0, found);
	*end = open_at + r->open.len + skip + found + close.len;
	if (*kind == '{')
		*kind = '&';
	if (*kind != '!' && *kind != '=')
		*inside = str_trim(*inside);
	return true;
}

/* True when only blanks stand from `at` to the line's end; *next is the next line's start. */
static bool is_line_end(struct str source, size_t at, size_t *next)
{
	while (at < source.len && (source.at[at] == ' ' || source.at[at] == '\t'))
		at++;
	if (at < source.len && source.at[at] == '\r' && at + 1 < source.len && source.at[at + 1] == '\n')
		at++;
	*next = at < source.len ? at + 1 : at;
	return at == source.len || source.at[at] == '\n';
}

/* The blanks between the line's start and `at`; false when something else stands there. */
static bool is_line_start(const struct reading *r, size_t from, size_t at, struct str *blanks)
{
	size_t start = at;

	while (start > from && (r->source.at[start - 1] == ' ' || r->source.at[start - 1] == '\t'))
		start--;
	*blanks = str_part(r->source, start, at - start);
	return start == 0 || r->source.at[start - 1] == '\n';
}

static bool compile_program(struct reading *r)
{
	while (r->at < r->source.len) {
		struct str rest = str_part(r->source, r->at, SIZE_MAX);
		size_t open = str_find(rest, r->open);
		struct str inside = {NULL, 0};
		struct str blanks = {NULL, 0};
		size_t tag;
		size_t end = 0;
		size_t next = 0;
		char kind = 0;
		bool is_alone;

		if (open == SIZE_MAX)
			return add_text(r, rest) && (r->depth == 0 || wrong(r, r->source.len, "a section is never ended"));
		tag = r->at + open;
		if (!cut_tag(r, tag, &kind, &inside, &end))
			return false;
		is_alone = kind != 'v' && kind != '&' && is_line_start(r, r->at, tag, &blanks)
			&& is_line_end(r->source, end, &next);
		if (!add_text(r, str_part(rest, 0, open - (is_alone ? blanks.len : 0))))
			return false;
		if (!add_tag(r, kind, inside, is_alone ? blanks : (struct str){NULL, 0}, tag))
			return false;
		r->at = is_alone ? next : end;
	}
	return r->depth == 0 || wrong(r, r->source.len, "a section is never ended");
}

/* The source with `indent` before each line that is not the empty rest after the last newline. */
static bool indented(struct compiling *c, struct str source, struct str indent, struct str *out)
{
	size_t lines = 1;
	size_t i;
	size_t len = 0;
	char *at;

	if (indent.len == 0) {
		*out = source;
		return true;
	}
	for (i = 0; i < source.len; i++)
		lines += source.at[i] == '\n';
	at = arena_alloc(&c->mustache->arena, source.len + lines * indent.len);
	if (at == NULL)
		return fault_full(c->f, "this template");
	for (i = 0; i < source.len; i++) {
		if (i == 0 || source.at[i - 1] == '\n') {
			memcpy(at + len, indent.at, indent.len);
			len += indent.len;
		}
		at[len++] = source.at[i];
	}
	*out = str_make(at, len);
	return true;
}

/* Compiles a partial once per indentation. *index stays 0 when there is no such partial. A source with `at` is
 * given. */
static bool add_program(struct compiling *c, struct str name, struct str source, struct str indent, int nesting,
	uint32_t *index)
{
	struct mustache *mustache = c->mustache;
	struct reading r = {.c = c, .open = STR("{{"), .close = STR("}}"), .nesting = nesting};
	uint32_t i;

	for (i = 0; i < mustache->count; i++) {
		if (str_equal(mustache->programs[i]->name, name) && str_equal(mustache->programs[i]->indent, indent)) {
			*index = i;
			return true;
		}
	}
	if (source.at == NULL && (c->find == NULL || !c->find(c->self, name, &source)))
		return true;
	if (mustache->count == MUSTACHE_PROGRAMS || nesting > MUSTACHE_DEPTH)
		return fault_set(c->f, FAULT_INPUT, "%.*s: partials call each other too deep", STR_ARG(name));
	r.program = arena_alloc(&mustache->arena, sizeof(*r.program));
	if (r.program == NULL || !indented(c, source, indent, &r.source))
		return fault_full(c->f, "this template");
	r.program->name = name;
	r.program->indent = indent;
	r.program->source = r.source;
	*index = mustache->count;
	mustache->programs[mustache->count++] = r.program; /* before its pieces: it may call itself */
	return compile_program(&r);
}

bool mustache_compile(struct mustache **out, struct str name, struct str source, mustache_find *find, void *self,
	struct fault *f)
{
	struct compiling c = {.find = find, .self = self, .f = f};
	uint32_t index = 0;
	bool ok;

	*out = NULL;
	if (source.len > LIMIT_THEME_FILE_BYTES)
		return fault_full(f, "this template");
	c.mustache = memory_new(1, sizeof(*c.mustache));
	arena_init(&c.mustache->arena, "template", MUSTACHE_CAP_BYTES);
	if (source.at == NULL)
		source.at = "";
	ok = add_program(&c, name, source, (struct str){NULL, 0}, 0, &index);
	if (ok)
		*out = c.mustache;
	else
		mustache_free(&c.mustache);
	return ok;
}

void mustache_free(struct mustache **mustache)
{
	if (*mustache == NULL)
		return;
	arena_release(&(*mustache)->arena);
	memory_free(*mustache);
	*mustache = NULL;
}
