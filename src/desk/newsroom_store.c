/* newsroom_store.c: what editors decide about the newsroom, in desk.db.
 *
 * Decides: what a name, a colour, a section, a text may be. Leaves to others: publishing (newsroom_publish.c), pages (desk_newsroom.c,
 * desk_texts.c, desk_look.c). Runs in: desk. The hard thing: a section's address is made of the name that stories carry, so a
 * section keeps that name for good and gets others for readers.
 * SPDX-License-Identifier: ISC */
#include "desk/newsroom.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "gen/desk_sql.h"
#include "house/page.h"
#include "house/room.h"
#include "press/locale.h"
#include "press/markdown.h"
#include "press/svg.h"
#include "press/theme.h"
#include "press/words.h"
#include "store/store.h"

const char *const newsroom_kinds[] = {"about", "privacy", "appeal", NULL};

bool newsroom_is_kind(struct str kind)
{
	size_t i;

	for (i = 0; newsroom_kinds[i] != NULL; i++)
		if (str_is(kind, newsroom_kinds[i]))
			return true;
	return false;
}

/* --- settings --- */

static bool newsroom_check_line(struct str value, size_t most, const char *what, struct fault *f)
{
	if (!str_is_utf8(value) || str_has_control(value))
		return fault_set(f, FAULT_INPUT, "%s is one line of text.", what);
	return str_count_chars(value) <= most || fault_set(f, FAULT_INPUT, "%s has at most %zu characters; this has %zu.", what, most,
		str_count_chars(value));
}

static bool newsroom_check_colour(struct room *room, const char *key, struct str value, struct fault *f)
{
	struct settings_contrast all[SETTINGS_CONTRASTS];
	size_t i;

	(void) room;
	if (value.len == 0)
		return true;
	if (value.len != 7 || settings_contrast(value, value) == 0)
		return fault_set(f, FAULT_INPUT, "A colour is written #rrggbb, such as #2a3192.");
	settings_contrasts(value, value, value, all);
	for (i = 0; i < SETTINGS_CONTRASTS; i++)
		if (strcmp(all[i].key, key) == 0 && all[i].contrast < SETTINGS_CONTRAST_LEAST)
			return fault_set(f, FAULT_INPUT, "%.*s has only %d.%02d to 1 on %s; readers need 4.50. Choose a %s one.", STR_ARG(value),
				all[i].contrast / 100, all[i].contrast % 100, all[i].ground,
				strcmp(key, "call") == 0 ? "lighter or darker" : all[i].is_dark ? "lighter" : "darker");
	return true;
}

static bool newsroom_check_setting(struct room *room, const char *key, struct str value, struct fault *f)
{
	if (strcmp(key, "name") == 0) {
		if (value.len == 0)
			return fault_set(f, FAULT_INPUT, "Write the newsroom's name: it stands on every page and in every mail.");
		if (value.len > 120)
			return fault_set(f, FAULT_INPUT, "The name is too long for the masthead: at most 120 bytes, about 60 letters.");
		return newsroom_check_line(value, 120, "The name", f);
	}
	if (strcmp(key, "description") == 0)
		return newsroom_check_line(value, 400, "The description", f);
	if (strcmp(key, "statutory") == 0)
		return newsroom_check_line(value, 600, "The statutory label", f);
	if (strcmp(key, "slot") == 0) {
		struct slot_rule rule;

		return slot_rule_parse(value, &rule, f);
	}
	if (strcmp(key, "min_stories") == 0) {
		int64_t stories = 0;

		return (str_to_i64(value, &stories) && stories >= 1 && stories <= SLOT_STORIES_MOST)
			|| fault_set(f, FAULT_INPUT, "Write a number from 1 to %d.", SLOT_STORIES_MOST);
	}
	return strcmp(key, "logo") == 0 || newsroom_check_colour(room, key, value, f);
}

static bool newsroom_put_logo(struct room *room, struct str value, struct fault *f)
{
	struct buf tidy, again;
	bool ok;

	if (value.len == 0)
		return store_run(room->db, DESK_SQL_SETTING_DROP, STORE_ARGS(store_text(STR("logo"))), NULL, f);
	buf_init(&tidy, SVG_BYTES);
	buf_init(&again, SVG_BYTES);
	ok = svg_take(value, &tidy, f);
	/* every room reads it again before it shows it: what they would refuse must not get as far as them */
	if (ok && (!svg_take(buf_view(&tidy), &again, f) || !str_equal(buf_view(&tidy), buf_view(&again)))) {
		fault_clear(f);
		ok = fault_set(f, FAULT_INPUT, "This drawing says something twice (a colour, a style, a name). Simplify it, or export it as plain SVG.");
	}
	ok = ok && store_run(room->db, DESK_SQL_SETTING_PUT, STORE_ARGS(store_text(STR("logo")),
		store_text(buf_view(&tidy))), NULL, f);
	buf_release(&again);
	buf_release(&tidy);
	return ok;
}

bool newsroom_put_setting(struct room *room, const char *key, struct str value, struct fault *f)
{
	value = str_trim(value);
	if (!newsroom_check_setting(room, key, value, f))
		return false;
	if (strcmp(key, "logo") == 0)
		return newsroom_put_logo(room, value, f);
	return store_run(room->db, DESK_SQL_SETTING_PUT, STORE_ARGS(store_text(str_from(key)), store_text(value)), NULL, f);
}

/* --- sections --- */

static bool newsroom_check_section(struct str name, struct slug *slug, struct fault *f)
{
	struct fault inner = {0};

	if (name.len == 0)
		return fault_set(f, FAULT_INPUT, "A section needs a name.");
	if (str_find_char(name, ',') != SIZE_MAX)
		return fault_set(f, FAULT_INPUT, "A section's name has no comma: \"%.*s\".", STR_ARG(name));
	if (!newsroom_check_line(name, 60, "A section's name", f))
		return false;
	return slug_from(name, slug, &inner) || fault_set(f, FAULT_INPUT, "A section's name has letters: its address is made of them.");
}

static bool newsroom_put_section(struct room *room, const struct overlay_section *section, size_t place, struct fault *f)
{
	struct slug slug;
	size_t i;

	if (!newsroom_check_section(section->name, &slug, f))
		return false;
	if (!store_run(room->db, DESK_SQL_SECTION_INSERT, STORE_ARGS(store_text(str_from(slug.text)), store_i64((int64_t) place),
			store_text(section->name)), NULL, f)) {
		if (f->kind != FAULT_CONFLICT)
			return false;
		fault_clear(f);
		return fault_set(f, FAULT_INPUT, "There is a section of that name, or of one with the same address, already: \"%.*s\".",
			STR_ARG(section->name));
	}
	for (i = 0; i < section->name_count; i++) {
		struct str name = str_trim(section->names[i].name);

		if (name.len == 0)
			continue;
		if (!newsroom_check_line(name, 60, "A section's name", f) || !store_run(room->db, DESK_SQL_SECTION_NAME_INSERT,
				STORE_ARGS(store_text(str_from(slug.text)), store_text(section->names[i].language), store_text(name)), NULL, f))
			return false;
	}
	return true;
}

bool newsroom_put_sections(struct room *room, const struct overlay_section *sections, size_t count, struct fault *f)
{
	size_t i;

	if (count > OVERLAY_SECTIONS)
		return fault_set(f, FAULT_INPUT, "The masthead holds at most %d sections.", OVERLAY_SECTIONS);
	if (!store_run(room->db, DESK_SQL_SECTION_CLEAR, STORE_NO_ARGS, NULL, f))
		return false;
	for (i = 0; i < count; i++)
		if (!newsroom_put_section(room, &sections[i], i, f))
			return false;
	return true;
}

/* --- texts --- */

/* What stands in theme/ or is built in. The letter of the appeal is a language's own text where there is no file. */
static struct str newsroom_theme_text(struct room *room, const char *kind, struct str language)
{
	const struct locale *locale = page_locale(room->theme, &room->settings, language);
	char file[64];
	struct str text;

	snprintf(file, sizeof(file), "%s.%.*s.md", kind, STR_ARG(str_part(language, 0, 20)));
	text = theme_file(room->theme, file);
	return text.len == 0 && strcmp(kind, "appeal") == 0 ? locale_text(locale, "appeal_letter") : text;
}

bool newsroom_text(struct room *room, const char *kind, struct str language, struct arena *arena, struct newsroom_text *out,
	struct fault *f)
{
	struct store_row row;
	bool found = false;

	*out = (struct newsroom_text){0};
	if (!store_one(room->db, DESK_SQL_TEXT_NEWEST, STORE_ARGS(store_text(str_from(kind)), store_text(language)), arena, &row, &found, f))
		return false;
	if (found) {
		*out = (struct newsroom_text){.version = row.columns[0].number, .body = row.columns[1].bytes, .hash = row.columns[2].bytes,
			.made = row.columns[3].number, .made_by = row.columns[4].bytes, .is_desks = str_is(row.columns[5].bytes, "desk")};
		if (out->is_desks)
			return true;
	}
	out->body = newsroom_theme_text(room, kind, language);
	return true;
}

/* The first {word} that is none of ours; empty: all are. */
static struct str newsroom_unknown_placeholder(struct str body)
{
	size_t i, end;

	for (i = 0; i < body.len; i++) {
		struct str word;

		if (body.at[i] != '{')
			continue;
		for (end = i + 1; end < body.len && ((body.at[end] >= 'a' && body.at[end] <= 'z') || (body.at[end] >= 'A' && body.at[end] <= 'Z')
			|| body.at[end] == '_'); end++)
			;
		word = str_part(body, i + 1, end - i - 1);
		if (word.len > 0 && end < body.len && body.at[end] == '}' && !str_is(word, "newsroom") && !str_is(word, "min_monthly"))
			return str_part(body, i, end - i + 1);
	}
	return (struct str){NULL, 0};
}

bool newsroom_check_text(struct str body, struct fault *f)
{
	struct str unknown = newsroom_unknown_placeholder(body);

	if (str_trim(body).len == 0)
		return fault_set(f, FAULT_INPUT, "Write the text: an empty page helps nobody.");
	if (body.len > NEWSROOM_TEXT_BYTES)
		return fault_set(f, FAULT_INPUT, "The text is longer than %d KB.", NEWSROOM_TEXT_BYTES / 1024);
	if (!str_is_utf8(body) || str_find_char(body, '\0') != SIZE_MAX)
		return fault_set(f, FAULT_INPUT, "The text holds bytes that are no characters: copy it again from where it came.");
	if (unknown.len > 0)
		return fault_set(f, FAULT_INPUT, "%.*s is filled in by nobody: there are {newsroom} and {min_monthly}.",
			(int) (unknown.len > 40 ? 40 : unknown.len), unknown.at);
	return markdown_check(body, f);
}

static bool newsroom_insert_text(struct room *room, const char *kind, struct str language, int64_t version, struct str body, struct str by,
	const char *source, struct fault *f)
{
	char hash[OVERLAY_POLICY_CHARS + 1];

	overlay_policy_hash(body, hash);
	return store_run(room->db, DESK_SQL_TEXT_INSERT, STORE_ARGS(store_text(str_from(kind)), store_text(language), store_i64(version),
		store_text(body), store_text(str_from(hash)), store_i64(clock_now().us), store_text(by), store_text(str_from(source))), NULL, f);
}

bool newsroom_put_text(struct room *room, const char *kind, struct str language, struct str body, struct str by, struct arena *arena,
	bool *is_new, struct fault *f)
{
	struct newsroom_text now;

	*is_new = false;
	if (!newsroom_check_text(body, f) || !newsroom_text(room, kind, language, arena, &now, f))
		return false;
	if (str_equal(now.body, body) && (now.is_desks || page_text_has_own(room->theme, kind, language)))
		return true;
	*is_new = true;
	/* what stood there before is kept, whoever wrote it */
	if (now.version == 0 && now.body.len > 0) {
		if (!newsroom_insert_text(room, kind, language, ++now.version, now.body, STR("theme"), "theme", f))
			return false;
	}
	return newsroom_insert_text(room, kind, language, now.version + 1, body, by, "desk", f);
}

bool newsroom_show_text(struct room *room, struct str language, struct str body, struct buf *html, struct fault *f)
{
	const struct locale *locale = page_locale(room->theme, &room->settings, language);
	struct arena arena;
	struct buf source;
	bool ok;

	arena_init(&arena, "preview", 64 * 1024);
	buf_init(&source, 2 * NEWSROOM_TEXT_BYTES);
	locale_write(&source, body, (const struct locale_pair[]){{"newsroom", room->settings.name}, {"min_monthly",
		locale_money(locale, room->settings.frequency[FREQUENCY_MONTHLY].minimum, true, &arena)}, {NULL, {NULL, 0}}});
	ok = buf_check(&source, "this text", f) && markdown_write(buf_view(&source), STR("preview-"), html, NULL, f);
	buf_release(&source);
	arena_release(&arena);
	return ok;
}
