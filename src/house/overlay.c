/* overlay.c: what the newsroom's editors decided at the desk, read by every room.
 *
 * Decides: which settings the desk may lay over mimeo.conf's (a closed list), and what each must be. Leaves to others: writing
 * (desk), when a room reads it again (room_overlay.c). Runs in: every room and `mimeo check`. The hard thing: desk is less
 * trusted than the rooms that hold people's data, so nothing is taken from here that is not checked, and a damaged file
 * leaves a room with mimeo.conf alone instead of keeping it from starting.
 * SPDX-License-Identifier: ISC */
#include "house/overlay.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "house/home.h"
#include "house/settings.h"
#include "http/http_client.h"
#include "press/words.h"

enum { OVERLAY_FORMAT = 1, OVERLAY_ARENA = 2 * OVERLAY_BYTES, OVERLAY_TRIES = 3, OVERLAY_FILES = 64, OVERLAY_NAME_CHARS = 60 };

static const char overlay_folder[] = "data/newsroom";

/* --- single values --- */

static bool overlay_wrong(const char *key, struct fault *f)
{
	return fault_set(f, FAULT_INPUT, "newsroom.json: \"%s\" is not what the desk writes", key);
}

static bool overlay_is_hex(struct str text, size_t length)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (!(text.at[i] >= '0' && text.at[i] <= '9') && !(text.at[i] >= 'a' && text.at[i] <= 'f'))
			return false;
	return text.len == length;
}

static bool overlay_is_language(struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (!(text.at[i] >= 'a' && text.at[i] <= 'z') && !(text.at[i] >= 'A' && text.at[i] <= 'Z')
			&& !(i > 1 && (text.at[i] == '-' || (text.at[i] >= '0' && text.at[i] <= '9'))))
			return false;
	return text.len >= 2 && text.len <= 16;
}

static bool overlay_is_line(struct str text, size_t most)
{
	return text.len <= most * 4 && str_is_utf8(text) && !str_has_control(text) && str_count_chars(text) <= most;
}

/* A copy; an absent key stays at == NULL, "" becomes a text of no length. */
static bool overlay_take_line(struct overlay *overlay, const json_t *from, const char *key, size_t most, struct str *out, struct fault *f)
{
	struct str text = http_json_text(from, key);

	if (json_object_get(from, key) == NULL)
		return true;
	if (!json_is_string(json_object_get(from, key)) || !overlay_is_line(text, most))
		return overlay_wrong(key, f);
	*out = str_copy(text, &overlay->arena);
	return out->at != NULL || fault_full(f, "newsroom.json");
}

static bool overlay_take_slot(struct overlay *overlay, const json_t *from, struct fault *f)
{
	struct fault inner = {0};
	struct slot_rule rule;
	int64_t stories = 0;

	if (!overlay_take_line(overlay, from, "slot", 40, &overlay->slot, f)
		|| !overlay_take_line(overlay, from, "min_stories", 4, &overlay->min_stories, f))
		return false;
	if (overlay->slot.at != NULL && !slot_rule_parse(overlay->slot, &rule, &inner))
		return overlay_wrong("slot", f);
	return overlay->min_stories.at == NULL || (str_to_i64(overlay->min_stories, &stories) && stories >= 1 && stories <= SLOT_STORIES_MOST)
		|| overlay_wrong("min_stories", f);
}

static bool overlay_take_colour(struct overlay *overlay, const json_t *from, const char *key, struct str *out, struct fault *f)
{
	if (!overlay_take_line(overlay, from, key, 7, out, f))
		return false;
	return out->len == 0 || settings_contrast(*out, *out) != 0 || overlay_wrong(key, f);
}

/* --- lists --- */

static bool overlay_take_names(struct overlay *overlay, const json_t *from, struct overlay_section *section, struct fault *f)
{
	json_t *names = json_object_get(from, "names"), *value;
	const char *language;

	if (!json_is_object(names) || json_object_size(names) > OVERLAY_LANGUAGES)
		return overlay_wrong("names", f);
	section->names = arena_alloc_many(&overlay->arena, json_object_size(names) + 1, sizeof(*section->names));
	if (section->names == NULL)
		return fault_full(f, "newsroom.json");
	json_object_foreach(names, language, value) {
		struct overlay_name *name = &section->names[section->name_count++];

		if (!overlay_is_language(str_from(language)) || !overlay_take_line(overlay, names, language, OVERLAY_NAME_CHARS, &name->name, f))
			return overlay_wrong("names", f);
		name->language = str_copy(str_from(language), &overlay->arena);
		if (name->language.at == NULL)
			return fault_full(f, "newsroom.json");
	}
	return true;
}

static bool overlay_has_slug(const struct overlay *overlay, const char *slug)
{
	struct fault ignored = {0};
	struct slug other;
	size_t i;

	for (i = 0; i < overlay->section_count; i++)
		if (slug_from(overlay->sections[i].name, &other, &ignored) && strcmp(other.text, slug) == 0)
			return true;
	return false;
}

static bool overlay_take_sections(struct overlay *overlay, const json_t *sections, struct fault *f)
{
	size_t i;
	json_t *value;

	if (sections == NULL)
		return true;
	overlay->has_sections = true;
	if (!json_is_array(sections) || json_array_size(sections) > OVERLAY_SECTIONS)
		return overlay_wrong("sections", f);
	json_array_foreach((json_t *) (uintptr_t) sections, i, value) {
		struct overlay_section section = {0};
		struct fault inner = {0};
		struct slug slug;

		if (!overlay_take_line(overlay, value, "name", OVERLAY_NAME_CHARS, &section.name, f))
			return false;
		if (section.name.len == 0 || str_find_char(section.name, ',') != SIZE_MAX || !slug_from(section.name, &slug, &inner)
			|| overlay_has_slug(overlay, slug.text))
			return overlay_wrong("sections", f);
		if (!overlay_take_names(overlay, value, &section, f))
			return false;
		overlay->sections[overlay->section_count++] = section;
	}
	return true;
}

static bool overlay_take_policies(struct overlay *overlay, const json_t *policies, struct fault *f)
{
	size_t count = json_array_size(policies), i;
	json_t *value;

	if (policies == NULL)
		return true;
	if (!json_is_array(policies) || count > OVERLAY_POLICIES)
		return overlay_wrong("policies", f);
	overlay->policies = arena_alloc_many(&overlay->arena, count + 1, sizeof(*overlay->policies));
	if (overlay->policies == NULL)
		return fault_full(f, "newsroom.json");
	json_array_foreach((json_t *) (uintptr_t) policies, i, value) {
		struct overlay_policy *policy = &overlay->policies[overlay->policy_count++];

		if (!overlay_take_line(overlay, value, "language", 16, &policy->language, f)
			|| !overlay_take_line(overlay, value, "hash", OVERLAY_POLICY_CHARS, &policy->hash, f))
			return false;
		if (!overlay_is_language(policy->language) || !overlay_is_hex(policy->hash, OVERLAY_POLICY_CHARS)
			|| !http_json_i64(value, "version", &policy->version) || policy->version < 1
			|| !http_json_i64(value, "made", &policy->made) || policy->made < 0)
			return overlay_wrong("policies", f);
	}
	return true;
}

bool overlay_parse(struct overlay *overlay, struct str text, struct fault *f)
{
	static const char *const known[] = {"format", "name", "description", "statutory", "press", "press_dark", "call", "logo", "sections",
		"policies", "slot", "min_stories"};
	json_t *json = NULL, *value;
	const char *key;
	int64_t format = 0;
	bool ok;
	size_t i;

	if (!http_json_parse(text, &json, f))
		return false;
	ok = json_is_object(json) && http_json_i64(json, "format", &format) && format == OVERLAY_FORMAT;
	if (!ok)
		ok = overlay_wrong("format", f);
	json_object_foreach(json, key, value) {
		for (i = 0; i < sizeof(known) / sizeof(known[0]) && strcmp(key, known[i]) != 0; i++)
			;
		if (ok && i == sizeof(known) / sizeof(known[0]))
			ok = fault_set(f, FAULT_INPUT, "newsroom.json: the desk does not decide \"%.40s\"", key);
	}
	overlay->has_logo = json_is_true(json_object_get(json, "logo"));
	ok = ok && overlay_take_line(overlay, json, "name", 120, &overlay->name, f)
		&& overlay_take_line(overlay, json, "description", 400, &overlay->description, f)
		&& overlay_take_line(overlay, json, "statutory", 600, &overlay->statutory, f)
		&& overlay_take_colour(overlay, json, "press", &overlay->press, f)
		&& overlay_take_colour(overlay, json, "press_dark", &overlay->press_dark, f)
		&& overlay_take_colour(overlay, json, "call", &overlay->call, f)
		&& overlay_take_slot(overlay, json, f)
		&& overlay_take_sections(overlay, json_object_get(json, "sections"), f)
		&& overlay_take_policies(overlay, json_object_get(json, "policies"), f);
	if (ok && overlay->name.at != NULL && (overlay->name.len == 0 || overlay->name.len > 120))
		ok = overlay_wrong("name", f);
	json_decref(json);
	return ok;
}

/* --- writing, for the desk --- */

static void overlay_put_line(json_t *json, const char *key, struct str text)
{
	if (text.at != NULL)
		json_object_set_new(json, key, http_json_str(text));
}

static json_t *overlay_sections_json(const struct overlay *overlay)
{
	json_t *list = json_array();
	char language[20];
	size_t i, k;

	for (i = 0; i < overlay->section_count; i++) {
		const struct overlay_section *section = &overlay->sections[i];
		json_t *item = json_object(), *names = json_object();

		overlay_put_line(item, "name", section->name);
		json_object_set_new(item, "names", names);
		for (k = 0; k < section->name_count; k++) {
			snprintf(language, sizeof(language), "%.*s", STR_ARG(section->names[k].language));
			overlay_put_line(names, language, section->names[k].name);
		}
		json_array_append_new(list, item);
	}
	return list;
}

bool overlay_write_json(const struct overlay *overlay, struct buf *out, struct fault *f)
{
	json_t *json = json_object(), *policies = json_array();
	char *text;
	size_t i;

	json_object_set_new(json, "format", json_integer(OVERLAY_FORMAT));
	overlay_put_line(json, "name", overlay->name);
	overlay_put_line(json, "description", overlay->description);
	overlay_put_line(json, "statutory", overlay->statutory);
	overlay_put_line(json, "press", overlay->press);
	overlay_put_line(json, "press_dark", overlay->press_dark);
	overlay_put_line(json, "call", overlay->call);
	overlay_put_line(json, "slot", overlay->slot);
	overlay_put_line(json, "min_stories", overlay->min_stories);
	json_object_set_new(json, "logo", json_boolean(overlay->has_logo));
	if (overlay->has_sections)
		json_object_set_new(json, "sections", overlay_sections_json(overlay));
	for (i = 0; i < overlay->policy_count; i++) {
		const struct overlay_policy *policy = &overlay->policies[i];
		json_t *item = json_object();

		overlay_put_line(item, "language", policy->language);
		overlay_put_line(item, "hash", policy->hash);
		json_object_set_new(item, "version", json_integer(policy->version));
		json_object_set_new(item, "made", json_integer(policy->made));
		json_array_append_new(policies, item);
	}
	json_object_set_new(json, "policies", policies);
	text = json_dumps(json, JSON_INDENT(1));
	json_decref(json);
	if (text == NULL)
		return fault_set(f, FAULT_INPUT, "what is to be written for the rooms is not UTF-8");
	buf_add_text(out, text);
	buf_add_char(out, '\n');
	free(text); /* jansson's */
	return buf_check(out, "newsroom.json", f);
}

/* --- hashes --- */

void overlay_hash(const struct overlay_file *files, size_t count, char out[OVERLAY_HASH_CHARS + 1])
{
	unsigned char hash[OVERLAY_HASH_CHARS / 2];
	crypto_generichash_state state;
	size_t i;

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	for (i = 0; i < count; i++) {
		uint64_t lengths[2] = {strlen(files[i].name), files[i].bytes.len};

		crypto_generichash_update(&state, (const unsigned char *) lengths, sizeof(lengths));
		crypto_generichash_update(&state, (const unsigned char *) files[i].name, lengths[0]);
		crypto_generichash_update(&state, (const unsigned char *) files[i].bytes.at, files[i].bytes.len);
	}
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(out, OVERLAY_HASH_CHARS + 1, hash, sizeof(hash));
}

void overlay_policy_hash(struct str text, char out[OVERLAY_POLICY_CHARS + 1])
{
	unsigned char hash[32]; /* of 256 bits the first 64, as it always was */

	crypto_generichash(hash, sizeof(hash), (const unsigned char *) (text.at != NULL ? text.at : ""), text.len, NULL, 0);
	sodium_bin2hex(out, OVERLAY_POLICY_CHARS + 1, hash, OVERLAY_POLICY_CHARS / 2);
}

/* --- reading --- */

static bool overlay_read_file(const struct home *home, const char *path, size_t most, struct arena *arena, struct str *out, struct fault *f)
{
	struct stat about;

	/* desk's own folder, read by rooms that trust it no further than this */
	if (fstatat(home->fd, path, &about, AT_SYMLINK_NOFOLLOW) != 0)
		return fault_errno(f, "%s cannot be read", path);
	if (!S_ISREG(about.st_mode))
		return fault_set(f, FAULT_INPUT, "%s is no plain file", path);
	return file_read(home->fd, path, most, arena, out, f);
}

/* The name in `current`; found false where there is none. */
static bool overlay_read_current(const struct home *home, char hash[OVERLAY_HASH_CHARS + 1], bool *found, struct fault *f)
{
	char path[64];
	struct str text = {NULL, 0};
	struct arena arena;
	bool ok;

	snprintf(path, sizeof(path), "%s/current", overlay_folder);
	*found = file_exists(home->fd, path);
	if (!*found)
		return true;
	arena_init(&arena, "current", 4096);
	ok = overlay_read_file(home, path, 128, &arena, &text, f);
	text = str_trim(text);
	if (ok && !overlay_is_hex(text, OVERLAY_HASH_CHARS))
		ok = fault_set(f, FAULT_INPUT, "%s does not name a folder beside it", path);
	if (ok)
		snprintf(hash, OVERLAY_HASH_CHARS + 1, "%.*s", STR_ARG(text));
	arena_release(&arena);
	return ok;
}

static struct overlay *overlay_new(void)
{
	struct overlay *overlay = memory_new(1, sizeof(*overlay));

	arena_init(&overlay->arena, "newsroom.json", OVERLAY_ARENA);
	return overlay;
}

void overlay_free(struct overlay **overlay)
{
	if (*overlay == NULL)
		return;
	arena_release(&(*overlay)->arena);
	memory_free(*overlay);
	*overlay = NULL;
}

static bool overlay_read_once(struct overlay *overlay, const struct home *home, struct fault *f)
{
	char path[128];
	struct str text = {NULL, 0};
	bool found = false;

	if (!overlay_read_current(home, overlay->hash, &found, f) || !found)
		return !found && f->kind == FAULT_NONE;
	snprintf(path, sizeof(path), "%s/%s/newsroom.json", overlay_folder, overlay->hash);
	if (!overlay_read_file(home, path, OVERLAY_BYTES, &overlay->arena, &text, f))
		return false;
	if (overlay_parse(overlay, text, f))
		return true;
	return fault_add(f, "while reading %s", path);
}

bool overlay_read(struct overlay **out, const struct home *home, struct fault *f)
{
	int tries;

	/* A folder may go between `current` and its files, when the desk has written twice meanwhile. */
	for (tries = 0; tries < OVERLAY_TRIES; tries++) {
		fault_clear(f);
		*out = overlay_new();
		if (overlay_read_once(*out, home, f))
			return true;
		overlay_free(out);
		if (f->kind != FAULT_MISSING)
			break;
	}
	*out = overlay_new();
	return false;
}

bool overlay_theme_folder(const struct overlay *overlay, const struct home *home, char out[PATH_MAX])
{
	struct fault ignored = {0};

	return overlay->hash[0] != '\0' && home_path(home, out, &ignored, "%s/%s/theme", overlay_folder, overlay->hash);
}

void overlay_lay(const struct overlay *overlay, const struct settings *base, struct settings *out)
{
	struct str name = overlay->name, *items = NULL;
	struct fault ignored = {0};
	size_t i;

	*out = *base;
	out->desk = overlay;
	if (name.at != NULL)
		out->name = name;
	if (overlay->description.at != NULL)
		out->description = overlay->description;
	if (overlay->statutory.at != NULL)
		out->statutory = overlay->statutory;
	if (overlay->press.at != NULL)
		out->press_light = overlay->press;
	if (overlay->press_dark.at != NULL)
		out->press_dark = overlay->press_dark;
	if (overlay->call.at != NULL)
		out->call = overlay->call;
	if (overlay->slot.at != NULL && !slot_rule_parse(overlay->slot, &out->slot, &ignored))
		out->slot = base->slot; /* overlay_parse() has looked at it: this does not happen */
	if (overlay->min_stories.at != NULL)
		(void) str_to_i64(overlay->min_stories, &out->min_stories);
	if (overlay->has_logo)
		out->logo = STR("logo.svg");
	if (!overlay->has_sections)
		return;
	/* the overlay owns this list; a const view of it is all that settings need */
	items = arena_alloc_many(&((struct overlay *) (uintptr_t) overlay)->arena, overlay->section_count + 1, sizeof(*items));
	if (items == NULL)
		return;
	for (i = 0; i < overlay->section_count; i++)
		items[i] = overlay->sections[i].name;
	out->sections = (struct conf_list){overlay->section_count, items};
}

/* --- names of sections --- */

static const struct overlay_section *overlay_find_section(const struct overlay *overlay, struct str section)
{
	struct fault ignored = {0};
	struct slug wanted, slug;
	size_t i;

	for (i = 0; i < overlay->section_count; i++)
		if (str_equal(overlay->sections[i].name, section))
			return &overlay->sections[i];
	if (!slug_from(section, &wanted, &ignored))
		return NULL;
	for (i = 0; i < overlay->section_count; i++)
		if (slug_from(overlay->sections[i].name, &slug, &ignored) && strcmp(slug.text, wanted.text) == 0)
			return &overlay->sections[i];
	return NULL;
}

static struct str overlay_name_in(const struct overlay_section *section, struct str language)
{
	size_t i;

	for (i = 0; i < section->name_count; i++)
		if (str_equal(section->names[i].language, language) && section->names[i].name.len > 0)
			return section->names[i].name;
	return (struct str){NULL, 0};
}

struct str overlay_section_name(const struct settings *settings, struct str section, struct str language)
{
	const struct overlay_section *found = settings->desk != NULL ? overlay_find_section(settings->desk, section) : NULL;
	struct str name = {NULL, 0};

	if (found == NULL)
		return section;
	name = overlay_name_in(found, language);
	if (name.len == 0 && str_find_char(language, '-') != SIZE_MAX)
		name = overlay_name_in(found, str_part(language, 0, str_find_char(language, '-')));
	if (name.len == 0)
		name = overlay_name_in(found, settings->language);
	return name.len > 0 ? name : found->name;
}

/* --- mimeo check --- */

static int overlay_by_name(const void *a, const void *b)
{
	return strcmp(((const struct overlay_file *) a)->name, ((const struct overlay_file *) b)->name);
}

/* newsroom.json and theme/…, in the order of their names. */
static bool overlay_list_files(const struct home *home, const char *hash, struct arena *arena, struct overlay_file *files, size_t *count,
	struct fault *f)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *folder;
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s/newsroom.json", overlay_folder, hash);
	files[0].name = "newsroom.json";
	*count = 1;
	if (!overlay_read_file(home, path, OVERLAY_BYTES, arena, &files[0].bytes, f))
		return false;
	snprintf(path, sizeof(path), "%s/%s/theme", overlay_folder, hash);
	fd = openat(home->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	folder = fd >= 0 ? fdopendir(fd) : NULL;
	if (folder == NULL)
		return fault_errno(f, "%s cannot be read", path);
	ok = true;
	while (ok && *count < OVERLAY_FILES && (entry = readdir(folder)) != NULL) {
		struct str name = str_format(arena, "theme/%s", entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/theme/%s", overlay_folder, hash, entry->d_name);
		files[*count].name = name.at;
		ok = name.at != NULL && overlay_read_file(home, path, LIMIT_THEME_FILE_BYTES, arena, &files[*count].bytes, f);
		++*count;
	}
	closedir(folder);
	return ok;
}

bool overlay_is_whole(const struct home *home, struct fault *f)
{
	struct overlay_file files[OVERLAY_FILES] = {{0}};
	char hash[OVERLAY_HASH_CHARS + 1] = "", real[OVERLAY_HASH_CHARS + 1];
	struct overlay *overlay = NULL;
	struct arena arena;
	size_t count = 0;
	bool found = false, ok;

	if (!overlay_read_current(home, hash, &found, f) || !found)
		return f->kind == FAULT_NONE;
	arena_init(&arena, "newsroom", (size_t) OVERLAY_FILES * LIMIT_THEME_FILE_BYTES);
	ok = overlay_list_files(home, hash, &arena, files, &count, f);
	if (ok) {
		qsort(files, count, sizeof(files[0]), overlay_by_name);
		overlay_hash(files, count, real);
		ok = strcmp(real, hash) == 0 || fault_set(f, FAULT_INPUT, "%s/%s is not as the desk wrote it", overlay_folder, hash);
	}
	ok = ok && overlay_read(&overlay, home, f);
	overlay_free(&overlay);
	arena_release(&arena);
	return ok;
}
