/* theme.c: the theme's files, and their compiled templates and languages.
 *
 * Decides: which file counts (HOME/theme's before the built-in one of the same name), when a template is compiled (at
 * first use, once), how CSS is shortened. Leaves to others: what templates say. Runs in: desk, newsletter, support,
 * front. The hard thing: a newsroom's own file may be wrong, so each error names file and line and leaves the house
 * standing.
 * SPDX-License-Identifier: ISC */
#include "theme.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "locale.h"
#include "mustache.h"

enum { THEME_FILES = 256, THEME_CAP_BYTES = 16 * 1024 * 1024 };

struct theme_part {
	struct str name;            /* "story.mustache" */
	struct str text;
	struct mustache *template;  /* compiled at first use */
	struct locale *locale;
	bool is_own;                /* the newsroom's, not the built-in one */
	bool is_wrong;              /* said once already */
};

struct theme {
	struct arena arena;
	uint64_t serial;
	struct theme_part *parts;
	size_t count;
	struct str language;        /* the newsroom's */
	struct locale *bare;        /* when not even English is there: a test's theme */
};

static struct theme_part *find(const struct theme *theme, struct str name)
{
	size_t low = 0;
	size_t high = theme->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = str_compare(theme->parts[middle].name, name);

		if (order == 0)
			return &theme->parts[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return str_compare(((const struct theme_part *) a)->name, ((const struct theme_part *) b)->name);
}

/* --- CSS --- */

static bool is_tight(char c)
{
	return c != '\0' && strchr("{};,>", c) != NULL;
}

/* Comments and white space that mean nothing go; strings stay as they are. ':' '+' '-' '(' keep their blanks: selectors
 * and calc() need some of them. */
static struct str minify(struct str css, struct arena *arena)
{
	char *out = arena_alloc(arena, css.len + 1);
	size_t len = 0;
	char quote = '\0';
	size_t i;

	if (out == NULL)
		return css;
	for (i = 0; i < css.len; i++) {
		char c = css.at[i];

		if (quote != '\0') {
			out[len++] = c;
			if (c == '\\' && i + 1 < css.len)
				out[len++] = css.at[++i];
			else if (c == quote)
				quote = '\0';
			continue;
		}
		if (c == '/' && i + 1 < css.len && css.at[i + 1] == '*') {
			size_t end = str_find(str_part(css, i + 2, SIZE_MAX), STR("*/"));

			if (end == SIZE_MAX)
				break;
			i += end + 3;
			continue;
		}
		if (c == '"' || c == '\'')
			quote = c;
		if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
			if (len > 0 && out[len - 1] != ' ' && !is_tight(out[len - 1]))
				out[len++] = ' ';
			continue;
		}
		if (is_tight(c) && len > 0 && out[len - 1] == ' ')
			len--;
		if (c == '}' && len > 0 && out[len - 1] == ';')
			len--;
		out[len++] = c;
	}
	while (len > 0 && out[len - 1] == ' ')
		len--;
	return str_make(out, len);
}

/* --- reading --- */

static bool is_theme_name(struct str name)
{
	return str_ends(name, STR(".mustache")) || str_ends(name, STR(".css")) || str_ends(name, STR(".json"))
		|| str_ends(name, STR(".js")) || str_ends(name, STR(".txt")) || str_ends(name, STR(".svg"))
		|| str_ends(name, STR(".md"));
}

static bool read_builtin(struct theme *theme, const struct embed_file *builtin, struct fault *f)
{
	size_t i;

	theme->parts = arena_alloc_many(&theme->arena, THEME_FILES, sizeof(*theme->parts));
	if (theme->parts == NULL)
		return fault_full(f, "the theme");
	for (i = 0; builtin != NULL && builtin[i].name != NULL; i++) {
		struct str name = str_from(builtin[i].name);

		if (!is_theme_name(name) || str_is(name, "README.md"))
			continue;
		if (theme->count == THEME_FILES)
			return fault_full(f, "the theme");
		theme->parts[theme->count++] = (struct theme_part){.name = name, .text = builtin[i].text};
	}
	if (theme->count > 1)
		qsort(theme->parts, theme->count, sizeof(*theme->parts), by_name);
	return true;
}

/* Names that need not replace a built-in file: further languages, their texts, the newsroom's logo. */
static bool may_be_added(struct str name)
{
	if (str_ends(name, STR(".json")))
		return str_starts(name, STR("locale/"));
	if (str_ends(name, STR(".md")))
		return str_starts(name, STR("about.")) || str_starts(name, STR("appeal.")) || str_starts(name, STR("privacy."));
	return str_ends(name, STR(".svg")) && str_find_char(name, '/') == SIZE_MAX;
}

/* What the desk may lay over the theme: words and a drawing, never a template. */
static bool may_lie_over(struct str name)
{
	return may_be_added(name) && !str_ends(name, STR(".json"));
}

static bool take_file(struct theme *theme, const char *folder, struct str name, struct fault *f)
{
	struct theme_part *part = find(theme, name);
	struct str path = str_format(&theme->arena, "%s/%.*s", folder, STR_ARG(name));

	if (path.at == NULL)
		return fault_full(f, "the theme");
	if (part == NULL && may_be_added(name) && theme->count < THEME_FILES) {
		theme->parts[theme->count++] = (struct theme_part){.name = name, .is_own = true};
		qsort(theme->parts, theme->count, sizeof(*theme->parts), by_name);
		part = find(theme, name);
	}
	if (part == NULL)
		return fault_set(f, FAULT_INPUT, "%.*s: no file of the theme has this name; rename or remove it",
			STR_ARG(path));
	part->is_own = true;
	return file_read(AT_FDCWD, path.at, LIMIT_THEME_FILE_BYTES, &theme->arena, &part->text, f);
}

static bool read_folder(struct theme *theme, const char *folder, const char *inside, bool is_over, struct fault *f)
{
	struct str path = str_format(&theme->arena, "%s%s%s", folder, inside[0] != '\0' ? "/" : "", inside);
	DIR *dir = path.at != NULL ? opendir(path.at) : NULL;
	struct dirent *entry;
	bool ok = true;

	if (dir == NULL)
		return errno == ENOENT ? true : fault_errno(f, "cannot read the folder %s", folder);
	while (ok && (entry = readdir(dir)) != NULL) {
		struct str name = str_format(&theme->arena, "%s%s%s", inside, inside[0] != '\0' ? "/" : "", entry->d_name);
		struct stat about;

		if (entry->d_name[0] == '.' || str_is(name, "README.md"))
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &about, 0) != 0)
			ok = fault_errno(f, "cannot read %s/%s", folder, name.at);
		else if (S_ISDIR(about.st_mode) && inside[0] == '\0')
			ok = read_folder(theme, folder, name.at, is_over, f);
		else if (is_over && !may_lie_over(name))
			ok = fault_set(f, FAULT_INPUT, "%s/%s: the desk does not write such a file", folder, name.at);
		else
			ok = take_file(theme, folder, name, f);
	}
	closedir(dir);
	return ok;
}

bool theme_open(struct theme **out, const struct embed_file *builtin, const char *folder, struct fault *f)
{
	return theme_open_over(out, builtin, folder, NULL, f);
}

bool theme_open_over(struct theme **out, const struct embed_file *builtin, const char *folder, const char *over, struct fault *f)
{
	static uint64_t opened;
	struct theme *theme = memory_new(1, sizeof(*theme));
	bool ok;
	size_t i;

	*out = NULL;
	arena_init(&theme->arena, "theme", THEME_CAP_BYTES);
	theme->serial = ++opened;
	theme->language = STR("en");
	ok = read_builtin(theme, builtin, f) && (folder == NULL || read_folder(theme, folder, "", false, f))
		&& (over == NULL || read_folder(theme, over, "", true, f));
	for (i = 0; ok && i < theme->count; i++) {
		if (theme->parts[i].is_own && !str_is_utf8(theme->parts[i].text))
			ok = fault_set(f, FAULT_INPUT, "theme/%.*s is not UTF-8", STR_ARG(theme->parts[i].name));
		if (str_ends(theme->parts[i].name, STR(".css")))
			theme->parts[i].text = minify(theme->parts[i].text, &theme->arena);
	}
	if (ok)
		*out = theme;
	else
		theme_close(&theme);
	return ok;
}

void theme_close(struct theme **theme)
{
	size_t i;

	if (*theme == NULL)
		return;
	for (i = 0; i < (*theme)->count; i++) {
		mustache_free(&(*theme)->parts[i].template);
		locale_close(&(*theme)->parts[i].locale);
	}
	locale_close(&(*theme)->bare);
	arena_release(&(*theme)->arena);
	memory_free(*theme);
	*theme = NULL;
}

struct str theme_file(const struct theme *theme, const char *name)
{
	const struct theme_part *part = find(theme, str_from(name));

	return part != NULL ? part->text : (struct str){NULL, 0};
}

bool theme_file_is_own(const struct theme *theme, const char *name)
{
	const struct theme_part *part = find(theme, str_from(name));

	return part != NULL && part->is_own;
}

uint64_t theme_serial(const struct theme *theme)
{
	return theme->serial;
}

size_t theme_languages(const struct theme *theme, struct str *out, size_t max)
{
	const struct str front = STR("locale/"), end = STR(".json");
	size_t count = 0, i;

	for (i = 0; i < theme->count && count < max; i++) {
		struct str name = theme->parts[i].name;

		if (str_starts(name, front) && str_ends(name, end) && name.len > front.len + end.len)
			out[count++] = str_part(name, front.len, name.len - front.len - end.len);
	}
	return count;
}

void theme_hash(const struct theme *theme, unsigned char out[32])
{
	crypto_generichash_state state;
	size_t i;

	crypto_generichash_init(&state, NULL, 0, 32);
	for (i = 0; i < theme->count; i++) {
		const struct theme_part *part = &theme->parts[i];
		uint64_t lengths[2] = {part->name.len, part->text.len};

		crypto_generichash_update(&state, (const unsigned char *) lengths, sizeof(lengths));
		crypto_generichash_update(&state, (const unsigned char *) part->name.at, part->name.len);
		crypto_generichash_update(&state, (const unsigned char *) part->text.at, part->text.len);
	}
	crypto_generichash_final(&state, out, 32);
}

/* --- templates --- */

static bool find_partial(void *self, struct str name, struct str *source)
{
	const struct theme *theme = self;
	char full[128];
	const struct theme_part *part;

	if (name.len > sizeof(full) - sizeof(".mustache"))
		return false;
	snprintf(full, sizeof(full), "%.*s.mustache", STR_ARG(name));
	part = find(theme, str_from(full));
	if (part != NULL)
		*source = part->text;
	return part != NULL;
}

bool theme_render(struct theme *theme, const char *template_name, const struct press_value *root, struct buf *out,
	struct fault *f)
{
	return theme_render_over(theme, template_name, NULL, root, out, f);
}

bool theme_render_over(struct theme *theme, const char *template_name, const struct press_value *behind,
	const struct press_value *root, struct buf *out, struct fault *f)
{
	char full[128];
	struct theme_part *part;

	snprintf(full, sizeof(full), "%s.mustache", template_name);
	part = find(theme, str_from(full));
	if (part == NULL)
		return fault_set(f, FAULT_MISSING, "the theme has no file %s", full);
	if (part->template == NULL && !mustache_compile(&part->template, part->name, part->text, find_partial, theme, f))
		return false;
	mustache_render_over(part->template, behind, root, out);
	return buf_check(out, "this page", f);
}

/* --- languages --- */

void theme_set_language(struct theme *theme, struct str language)
{
	struct str copy = str_copy(language, &theme->arena);

	if (copy.at != NULL)
		theme->language = copy;
}

static const struct locale *open_locale(struct theme *theme, struct str language)
{
	char name[64];
	struct theme_part *part;
	struct fault f = {0};

	if (language.len > 16)
		return NULL;
	snprintf(name, sizeof(name), "locale/%.*s.json", STR_ARG(language));
	part = find(theme, str_from(name));
	if (part == NULL || part->is_wrong)
		return NULL;
	if (part->locale == NULL && !locale_open(&part->locale, language, part->text, &f)) {
		part->is_wrong = true;
		fault_print(&f, false);
	}
	return part->locale;
}

static const struct locale *bare_locale(struct theme *theme)
{
	static const char json[] = "{\"months\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\"],"
		"\"weekdays\":[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"],\"every\":[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"],"
		"\"texts\":{},\"plurals\":{}}";
	struct fault f = {0};

	if (theme->bare == NULL && !locale_open(&theme->bare, STR("en"), str_from(json), &f))
		fault_print(&f, false);
	return theme->bare;
}

const struct locale *theme_locale(struct theme *theme, struct str language)
{
	size_t dash = str_find_char(language, '-');
	const struct locale *locale = open_locale(theme, language);

	if (locale == NULL && dash != SIZE_MAX)
		locale = open_locale(theme, str_part(language, 0, dash));
	if (locale == NULL)
		locale = open_locale(theme, theme->language);
	if (locale == NULL)
		locale = open_locale(theme, STR("en"));
	return locale != NULL ? locale : bare_locale(theme);
}
