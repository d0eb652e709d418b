/* conf.c: INI files with typed values.
 *
 * Decides: types, and what every mistake is called. Leaves to libinih: what a line is; to the rooms: their tables of
 * keys. Runs in: every room at its start, and commands. The hard thing: libinih counts no lines for its handler, cuts
 * long lines and names in silence, and passes over whatever follows a section's "]". So it gets its lines from
 * give_line(), which counts and looks at them first.
 * SPDX-License-Identifier: ISC */
#include "conf.h"

#include <ini.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "arena.h"
#include "fault.h"
#include "file.h"
#include "limits.h"
#include "secret.h"

enum {
	LINE_BYTES = 4096,  /* an appeal's text is one line */
	NAME_BYTES = 48,    /* libinih keeps 49 of a section's or key's name */
	SECTIONS_MAX = 64,  /* of one pattern */
	STACK_BYTES = LINE_BYTES + 4096 /* what parsing may leave of a secret on the stack */
};

/* A key that was set, in which section of those that match its entry. */
struct seen {
	struct seen *next;
	const struct conf_key *key;
	struct str section;
};

struct reading {
	const char *path;
	const struct conf_key *keys;
	const char *const *ignore;
	void *target;
	struct arena *arena;
	struct fault *f;
	struct str rest;     /* the lines that libinih has not had yet */
	int line;            /* the one that it has */
	bool ignoring;       /* within a section of somebody else */
	bool exposed;        /* others can read the file: no place for secrets */
	bool failed;         /* the fault stands */
	struct seen *seen;
	struct conf_list *sections; /* conf_sections(): only names are wanted, those that match … */
	const char *pattern;        /* … this */
};

/* --- faults --- */

#define wrong(reading, ...) wrong_at((reading), (reading)->line, __VA_ARGS__)

__attribute__((format(printf, 3, 4)))
static bool wrong_at(struct reading *r, int line, const char *format, ...)
{
	char what[FAULT_SAY_BYTES];
	va_list args;

	va_start(args, format);
	(void) vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	r->failed = true;
	if (line == 0)
		return fault_set(r->f, FAULT_INPUT, "%s: %s", r->path, what);
	return fault_set(r->f, FAULT_INPUT, "%s:%d: %s", r->path, line, what);
}

static bool full(struct reading *r)
{
	r->failed = true;
	return fault_full(r->f, r->path);
}

/* --- the table --- */

/* Whether a section is the one of that name, or one of "name.*". */
static bool section_matches(const char *pattern, struct str section)
{
	struct str name = str_from(pattern);

	if (str_ends(name, STR(".*")))
		return section.len >= name.len && str_starts(section, str_part(name, 0, name.len - 1));
	return str_equal(name, section);
}

static bool section_is_known(const struct reading *r, struct str section)
{
	for (const struct conf_key *key = r->keys; key->section != NULL; key++)
		if (section_matches(key->section, section))
			return true;
	return false;
}

static bool section_is_ignored(const struct reading *r, struct str section)
{
	for (const char *const *name = r->ignore; name != NULL && *name != NULL; name++)
		if (section_matches(*name, section))
			return true;
	return false;
}

static const struct conf_key *find_key(const struct reading *r, struct str section, struct str name)
{
	for (const struct conf_key *key = r->keys; key->section != NULL; key++)
		if (section_matches(key->section, section) && str_is(name, key->name))
			return key;
	return NULL;
}

static bool unknown_key(struct reading *r, struct str section, const char *name)
{
	char known[160] = "";
	size_t len = 0;

	for (const struct conf_key *key = r->keys; key->section != NULL && len < sizeof(known); key++)
		if (section_matches(key->section, section))
			len += (size_t) snprintf(known + len, sizeof(known) - len, "%s%s", len > 0 ? ", " : "", key->name);
	return wrong(r, "[%.*s] has no key \"%s\"; it has: %s", STR_ARG(section), name, known);
}

/* Remembers that the key was set; a second time in one section is a mistake (which of the two was meant?). */
static bool mark_seen(struct reading *r, const struct conf_key *key, struct str section)
{
	struct seen *seen;

	for (seen = r->seen; seen != NULL; seen = seen->next)
		if (seen->key == key && str_equal(seen->section, section))
			return wrong(r, "%s stands twice in [%.*s]; keep one", key->name, STR_ARG(section));
	seen = arena_alloc(r->arena, sizeof(*seen));
	if (seen == NULL)
		return full(r);
	*seen = (struct seen){r->seen, key, str_copy(section, r->arena)};
	if (seen->section.at == NULL)
		return full(r);
	r->seen = seen;
	return true;
}

/* --- values --- */

static bool set_text(struct reading *r, struct str value, struct str *out)
{
	*out = str_copy(value, r->arena);
	return out->at != NULL || full(r);
}

static bool set_bool(struct reading *r, const struct conf_key *key, struct str value, bool *out)
{
	static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (size_t yes = 0; yes < 2; yes++)
			if (str_equal_nocase(value, str_from(words[i][yes]))) {
				*out = yes == 1;
				return true;
			}
	return wrong(r, "%s is \"%.*s\"; write yes or no", key->name, STR_ARG(value));
}

static bool set_list(struct reading *r, const struct conf_key *key, struct str value, struct conf_list *out)
{
	struct str piece;
	struct str rest = value;
	size_t count = 0;

	if (value.len == 0) {
		*out = (struct conf_list){0};
		return true;
	}
	while (str_next(&rest, ',', &piece))
		count++;
	*out = (struct conf_list){0, arena_alloc_many(r->arena, count, sizeof(*out->items))};
	if (out->items == NULL)
		return full(r);
	rest = value;
	while (str_next(&rest, ',', &piece)) {
		piece = str_trim(piece);
		if (piece.len == 0)
			return wrong(r, "%s has an empty item; write one, two, three", key->name);
		if (!set_text(r, piece, &out->items[out->count++]))
			return false;
	}
	return true;
}

static bool set_secret(struct reading *r, const struct conf_key *key, struct str value, struct secret **out)
{
	if (r->exposed)
		return wrong(r, "%s is a secret, but others can read this file; run chmod 600 on it", key->name);
	secret_free(out); /* of an earlier section that matched "name.*" */
	*out = secret_new(value);
	return true;
}

static bool set_value(struct reading *r, const struct conf_key *key, struct str value)
{
	void *place = (char *) r->target + key->offset;

	if (key->required && value.len == 0)
		return wrong(r, "%s is empty: %s", key->name, key->meaning);
	switch (key->type) {
	case CONF_TEXT:
		return set_text(r, value, place);
	case CONF_NUMBER:
		return str_to_i64(value, place) || wrong(r, "%s is \"%.*s\"; write a whole number", key->name, STR_ARG(value));
	case CONF_BOOL:
		return set_bool(r, key, value, place);
	case CONF_LIST:
		return set_list(r, key, value, place);
	case CONF_SECRET:
		return set_secret(r, key, value, place);
	}
	return false;
}

/* --- lines --- */

static bool list_section(struct reading *r, struct str name)
{
	struct conf_list *list = r->sections;

	if (!section_matches(r->pattern, name))
		return true;
	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->items[i], name))
			return true;
	if (list->count == SECTIONS_MAX)
		return wrong(r, "there are more than %d sections [%s]", SECTIONS_MAX, r->pattern);
	return set_text(r, name, &list->items[list->count++]);
}

/* Looks at "[name]" before libinih does, which says nothing of a section without keys. */
static bool enter_section(struct reading *r, struct str line)
{
	size_t end = str_find_char(line, ']');
	struct str name = str_part(line, 1, end - 1);
	struct str behind = end == SIZE_MAX ? (struct str){NULL, 0} : str_trim(str_part(line, end + 1, SIZE_MAX));

	if (end == SIZE_MAX || (behind.len > 0 && behind.at[0] != ';' && behind.at[0] != '#'))
		return wrong(r, "write a section's line like [site], with nothing behind it");
	if (name.len == 0 || name.len > NAME_BYTES)
		return wrong(r, "a section's name has 1 to %d bytes", NAME_BYTES);
	if (r->sections != NULL)
		return list_section(r, name);
	r->ignoring = section_is_ignored(r, name);
	if (!r->ignoring && !section_is_known(r, name))
		return wrong(r, "there is no section [%.*s]; look for a mistyped name", STR_ARG(name));
	return true;
}

static bool check_line(struct reading *r, struct str line, size_t room)
{
	struct str text = str_trim(line);

	if (line.len >= room)
		return wrong(r, "the line is longer than %d bytes", LINE_BYTES);
	if (!str_is_utf8(line))
		return wrong(r, "the line is not UTF-8; save the file as UTF-8");
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '\t' && str_has_control(str_part(text, i, 1)))
			return wrong(r, "the line has a control character; delete it");
	return text.len == 0 || text.at[0] != '[' || enter_section(r, text);
}

/* libinih's fgets(). */
static char *give_line(char *out, int room, void *self)
{
	struct reading *r = self;
	struct str line;

	if (r->failed || !str_next(&r->rest, '\n', &line))
		return NULL;
	r->line++;
	if (!check_line(r, line, (size_t) room - 1))
		return NULL;
	if (line.len > 0)
		memcpy(out, line.at, line.len);
	out[line.len] = '\0';
	return out;
}

/* libinih's handler: one "name = value". 0 stops. */
static int take_value(void *self, const char *section_text, const char *name, const char *value)
{
	struct reading *r = self;
	struct str section = str_from(section_text);
	const struct conf_key *key;

	if (strlen(name) > NAME_BYTES)
		return wrong(r, "a key's name has at most %d bytes", NAME_BYTES);
	if (r->ignoring || r->sections != NULL)
		return 1;
	key = find_key(r, section, str_from(name));
	if (key == NULL && section.len == 0)
		return wrong(r, "\"%s\" stands before the first [section]", name);
	if (key == NULL)
		return unknown_key(r, section, name);
	return mark_seen(r, key, section) && set_value(r, key, str_from(value));
}

/* --- whole files --- */

static bool parse(struct reading *r, int dir_fd)
{
	struct arena file; /* apart, so that the bytes can be wiped: they may hold secrets */
	struct stat st;
	struct str text = {NULL, 0};
	int bad_line;

	arena_init(&file, "configuration file", LIMIT_CONF_BYTES + 64);
	r->failed = !file_read(dir_fd, r->path, LIMIT_CONF_BYTES, &file, &text, r->f);
	if (r->failed)
		goto done;
	r->exposed = fstatat(dir_fd, r->path, &st, 0) != 0 || (st.st_mode & 077) != 0;
	r->rest = str_starts(text, STR("\xef\xbb\xbf")) ? str_part(text, 3, SIZE_MAX) : text;
	ini_max_line = LINE_BYTES + 2;      /* newline and NUL */
	ini_allow_multiline = false;        /* a value is one line: an indented key is a key */
	ini_stop_on_first_error = true;
	bad_line = ini_parse_stream(give_line, r, take_value, r);
	if (bad_line != 0 && !r->failed)
		(void) wrong(r, "write key = value, [section], or a comment behind ;");
	sodium_stackzero(STACK_BYTES);
	sodium_memzero((void *) (uintptr_t) text.at, text.len);
done:
	arena_release(&file);
	return !r->failed;
}

/* What the file left out: the fallback, or a fault. */
static bool complete(struct reading *r)
{
	r->line = 0;
	r->exposed = false; /* fallbacks are not in the file */
	for (const struct conf_key *key = r->keys; key->section != NULL; key++) {
		const struct seen *seen = r->seen;

		while (seen != NULL && seen->key != key)
			seen = seen->next;
		if (seen != NULL)
			continue;
		if (key->fallback != NULL && !set_value(r, key, str_from(key->fallback)))
			return false;
		if (key->fallback == NULL && key->required)
			return wrong(r, "[%s] %s is missing: %s", key->section, key->name, key->meaning);
	}
	return true;
}

bool conf_read(int dir_fd, const char *path, const struct conf_key *keys, const char *const *ignore, void *target,
	struct arena *arena, struct fault *f)
{
	struct reading r = {
		.path = path, .keys = keys, .ignore = ignore, .target = target, .arena = arena, .f = f,
	};
	bool ok = parse(&r, dir_fd) && complete(&r);

	for (const struct conf_key *key = keys; !ok && key->section != NULL; key++)
		if (key->type == CONF_SECRET)
			secret_free((struct secret **) (void *) ((char *) target + key->offset));
	return ok;
}

bool conf_sections(int dir_fd, const char *path, const char *pattern, struct arena *arena, struct conf_list *out,
	struct fault *f)
{
	struct reading r = {.path = path, .pattern = pattern, .sections = out, .arena = arena, .f = f};

	*out = (struct conf_list){0, arena_alloc_many(arena, SECTIONS_MAX, sizeof(*out->items))};
	if (out->items == NULL)
		return full(&r);
	return parse(&r, dir_fd);
}
