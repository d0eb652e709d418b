/* desk_newsroom.c: Site, Newsroom: name, description, statutory label, the newsletter's slot; sections with their names in each language.
 *
 * Decides: these two forms. Leaves to others: what a value may be (newsroom_store.c). Runs in: desk. The hard thing: every button of
 * the sections' form also brings what was typed into its fields, so none of it is lost by moving a section up.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include "base/arena.h"
#include "desk/desk_area.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "desk/newsroom.h"
#include "house/page.h"
#include "house/room.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

static const struct {
	const char *key;
	const char *audit;
} newsroom_fields[] = {
	{"name", "renamed the newsroom"}, {"description", "changed the newsroom's description"},
	{"statutory", "changed the statutory label"}, {"slot", "changed when the newsletter goes"},
	{"min_stories", "changed how many stories an issue needs"},
};
static const char *const newsroom_field_maps[] = {"f_name", "f_description", "f_statutory", "f_slot", "f_min_stories"};
enum { NEWSROOM_FIELDS = sizeof(newsroom_fields) / sizeof(newsroom_fields[0]) };

/* Sections as a form has them. */
struct newsroom_form {
	struct overlay_section sections[OVERLAY_SECTIONS + 1];
	struct overlay_name names[OVERLAY_SECTIONS + 1][OVERLAY_LANGUAGES];
	size_t count;
	struct str languages[OVERLAY_LANGUAGES];
	size_t language_count;
};

static struct str newsroom_value(const struct settings *settings, const char *key, struct arena *arena)
{
	if (strcmp(key, "slot") == 0)
		return slot_rule_text(&settings->slot, arena);
	if (strcmp(key, "min_stories") == 0)
		return str_format(arena, "%lld", (long long) settings->min_stories);
	return strcmp(key, "name") == 0 ? settings->name : strcmp(key, "description") == 0 ? settings->description : settings->statutory;
}

/* The newsroom's language first. */
static void newsroom_list_languages(struct room *room, struct newsroom_form *form)
{
	struct str swap;
	size_t i;

	form->language_count = theme_languages(room->theme, form->languages, OVERLAY_LANGUAGES);
	for (i = 1; i < form->language_count; i++)
		if (str_equal(form->languages[i], room->settings.language)) {
			swap = form->languages[0];
			form->languages[0] = form->languages[i];
			form->languages[i] = swap;
		}
}

/* As they are in force: the desk's, or mimeo.conf's, which have one name each. */
static void newsroom_read_sections(struct room *room, struct newsroom_form *form)
{
	const struct settings *settings = &room->settings;
	size_t i, k;

	for (i = 0; i < settings->sections.count && i < OVERLAY_SECTIONS; i++) {
		struct overlay_section *section = &form->sections[form->count];

		section->name = settings->sections.items[i];
		section->names = form->names[form->count++];
		section->name_count = form->language_count;
		for (k = 0; k < form->language_count; k++) {
			struct str name = overlay_section_name(settings, section->name, form->languages[k]);
			struct str main = overlay_section_name(settings, section->name, settings->language);
			bool is_borrowed = k > 0 && str_equal(name, main);

			section->names[k] = (struct overlay_name){form->languages[k], is_borrowed ? (struct str){NULL, 0} : name};
		}
	}
}

static void newsroom_add_sections(struct desk_visit *visit, struct press_value *root, const struct newsroom_form *form)
{
	struct press_value *list = press_set_list(root, "sections"), *heads = press_set_list(root, "languages");
	size_t i, k;

	for (k = 0; k < form->language_count; k++) {
		struct press_value *head = press_add_map(heads);

		press_set_text(head, "code", form->languages[k]);
		press_set_text(head, "name", locale_name(page_locale(visit->room->theme, &visit->room->settings, form->languages[k])));
	}
	for (i = 0; i < form->count; i++) {
		struct press_value *item = press_add_map(list), *names = press_set_list(item, "names");
		struct fault ignored = {0};
		struct slug slug = {""};

		(void) !slug_from(form->sections[i].name, &slug, &ignored);
		press_set_i64(item, "at", (int64_t) i);
		press_set_text(item, "is", form->sections[i].name);
		press_set_text(item, "slug", str_copy(str_from(slug.text), visit->arena));
		press_set_text(item, "shown", form->sections[i].names[0].name.len > 0 ? form->sections[i].names[0].name : form->sections[i].name);
		press_set_bool(item, "can_up", i > 0);
		press_set_bool(item, "can_down", i + 1 < form->count);
		for (k = 0; k < form->language_count; k++) {
			struct press_value *name = press_add_map(names);
			const struct locale *locale = page_locale(visit->room->theme, &visit->room->settings, form->languages[k]);

			press_set_text(name, "field", str_format(visit->arena, "n%zu_%.*s", i, STR_ARG(form->languages[k])));
			press_set_text(name, "value", form->sections[i].names[k].name);
			press_set_text(name, "code", form->languages[k]);
			press_set_text(name, "language", locale_name(locale));
			press_set_c(name, "dir", locale_is_rtl(locale) ? "rtl" : "ltr");
		}
	}
	press_set_bool(root, "has_sections", form->count > 0);
}

/* given: what was typed, by newsroom_fields; NULL: as it is. */
static void newsroom_answer(struct desk_visit *visit, int status, const struct str *given, const struct fault *errors,
	const struct newsroom_form *form, const struct fault *section_error, struct str added)
{
	struct press_value *root = desk_values(visit, "site", "Newsroom");
	struct room *room = visit->room;
	size_t i;

	desk_set_area(visit, root, "site", "/site/newsroom");
	for (i = 0; i < NEWSROOM_FIELDS; i++) {
		struct press_value *field = press_set_map(root, newsroom_field_maps[i]);

		press_set_text(field, "value", given != NULL ? given[i] : newsroom_value(&room->settings, newsroom_fields[i].key, visit->arena));
		press_set_text(field, "error", errors != NULL && errors[i].kind != FAULT_NONE ? str_copy(str_from(errors[i].say), visit->arena)
			: (struct str){NULL, 0});
	}
	press_set_text(root, "zone", room->settings.zone);
	press_set_text(root, "language", locale_name(page_locale(room->theme, &room->settings, room->settings.language)));
	newsroom_add_sections(visit, root, form);
	press_set_text(root, "added", added);
	press_set_text(root, "section_error", section_error != NULL ? str_copy(str_from(section_error->say), visit->arena)
		: (struct str){NULL, 0});
	desk_answer(visit, status, "desk_newsroom", root);
}

static struct newsroom_form *newsroom_new_form(struct desk_visit *visit)
{
	struct newsroom_form *form = arena_alloc(visit->arena, sizeof(*form));
	struct fault f = {0};

	if (form == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "site", "/site");
		return NULL;
	}
	newsroom_list_languages(visit->room, form);
	return form;
}

void desk_get_newsroom(struct http_request *rq, void *self)
{
	struct newsroom_form *form;
	struct desk_visit *visit;

	if (!desk_visit_begin(rq, self, DESK_NEWSROOM, &visit) || (form = newsroom_new_form(visit)) == NULL)
		return;
	newsroom_read_sections(visit->room, form);
	newsroom_answer(visit, 200, NULL, NULL, form, NULL, (struct str){NULL, 0});
}

/* --- name, description, label --- */

void desk_post_newsroom(struct http_request *rq, void *self)
{
	struct str given[NEWSROOM_FIELDS];
	struct fault errors[NEWSROOM_FIELDS] = {{0}}, f = {0};
	struct newsroom_form *form;
	struct desk_visit *visit;
	bool ok = true;
	size_t i;

	if (!desk_visit_begin(rq, self, DESK_NEWSROOM, &visit) || (form = newsroom_new_form(visit)) == NULL)
		return;
	newsroom_read_sections(visit->room, form);
	if (!store_begin(visit->room->db, &f)) {
		desk_answer_fault(visit, &f, "site", "/site/newsroom");
		return;
	}
	for (i = 0; i < NEWSROOM_FIELDS; i++) {
		bool is_same;

		given[i] = str_trim(http_field(rq, newsroom_fields[i].key));
		is_same = str_equal(given[i], newsroom_value(&visit->room->settings, newsroom_fields[i].key, visit->arena));
		/* the name is kept even where it is mimeo.conf's: somebody looked at it and said yes */
		if (is_same && i > 0)
			continue;
		if (!newsroom_put_setting(visit->room, newsroom_fields[i].key, given[i], &errors[i]))
			ok = false;
		else if (!is_same)
			desk_audit(visit->room, visit->person.name, newsroom_fields[i].audit, given[i]);
	}
	if (!store_end(visit->room->db, ok, &f)) {
		if (!ok && f.kind == FAULT_NONE)
			newsroom_answer(visit, 400, given, errors, form, NULL, (struct str){NULL, 0});
		else
			desk_answer_fault(visit, &f, "site", "/site/newsroom");
		return;
	}
	if (newsroom_changed(visit->room, &f))
		desk_answer_done(visit, "/site/newsroom", "updated");
	else
		desk_answer_fault(visit, &f, "site", "/site/newsroom");
}

/* --- sections --- */

/* What the form says: s0, s1 … with n0_en, n0_ru …; then the button's own deed. */
static void newsroom_take_form(struct http_request *rq, struct newsroom_form *form)
{
	char field[48];
	size_t i, k;

	for (i = 0; i < OVERLAY_SECTIONS; i++) {
		struct overlay_section *section = &form->sections[form->count];
		struct str is;

		snprintf(field, sizeof(field), "s%zu", i);
		is = str_trim(http_field(rq, field));
		if (is.len == 0)
			break;
		section->name = is;
		section->names = form->names[form->count++];
		section->name_count = form->language_count;
		for (k = 0; k < form->language_count; k++) {
			snprintf(field, sizeof(field), "n%zu_%.*s", i, STR_ARG(form->languages[k]));
			section->names[k] = (struct overlay_name){form->languages[k], str_trim(http_field(rq, field))};
		}
	}
}

static void newsroom_swap(struct newsroom_form *form, size_t a, size_t b)
{
	struct overlay_section swap = form->sections[a];

	form->sections[a] = form->sections[b];
	form->sections[b] = swap;
}

static void newsroom_remove(struct newsroom_form *form, size_t at)
{
	for (; at + 1 < form->count; at++)
		form->sections[at] = form->sections[at + 1];
	form->count--;
}

static void newsroom_append(struct newsroom_form *form, struct str name)
{
	struct overlay_section *section = &form->sections[form->count];
	size_t k;

	section->name = name;
	section->names = form->names[form->count++];
	section->name_count = form->language_count;
	for (k = 0; k < form->language_count; k++)
		section->names[k] = (struct overlay_name){form->languages[k], k == 0 ? name : (struct str){NULL, 0}};
}

/* "up:2", "down:0", "remove:1", "save". False: the page did not send that. */
static bool newsroom_press(struct newsroom_form *form, struct str what, struct str added)
{
	size_t colon = str_find_char(what, ':');
	int64_t at = 0;

	if (added.len > 0)
		newsroom_append(form, added);
	if (str_is(what, "save") || what.len == 0)
		return true;
	if (colon == SIZE_MAX || !str_to_i64(str_part(what, colon + 1, SIZE_MAX), &at) || at < 0 || (size_t) at >= form->count)
		return false;
	what = str_part(what, 0, colon);
	if (str_is(what, "remove"))
		newsroom_remove(form, (size_t) at);
	else if (str_is(what, "up") && at > 0)
		newsroom_swap(form, (size_t) at, (size_t) at - 1);
	else if (str_is(what, "down") && (size_t) at + 1 < form->count)
		newsroom_swap(form, (size_t) at, (size_t) at + 1);
	return true;
}

void desk_post_sections(struct http_request *rq, void *self)
{
	struct str added = str_trim(http_field(rq, "added"));
	struct newsroom_form *form, *typed;
	struct desk_visit *visit;
	struct fault f = {0};
	bool ok;

	if (!desk_visit_begin(rq, self, DESK_NEWSROOM, &visit) || (form = newsroom_new_form(visit)) == NULL
		|| (typed = newsroom_new_form(visit)) == NULL)
		return;
	newsroom_take_form(rq, form);
	newsroom_take_form(rq, typed);
	if (!newsroom_press(form, http_field(rq, "do"), added)) {
		fault_set(&f, FAULT_INPUT, "This section was moved or removed meanwhile: load the page again.");
		desk_answer_fault(visit, &f, "site", "/site/newsroom");
		return;
	}
	ok = store_begin(visit->room->db, &f);
	if (ok)
		ok = desk_end_change(visit, newsroom_put_sections(visit->room, form->sections, form->count, &f), "changed the sections",
			(struct str){NULL, 0}, &f);
	if (!ok && f.kind == FAULT_INPUT)
		newsroom_answer(visit, 400, NULL, NULL, typed, &f, added);
	else if (!ok || !newsroom_changed(visit->room, &f))
		desk_answer_fault(visit, &f, "site", "/site/newsroom");
	else
		desk_answer_done(visit, "/site/newsroom", "updated");
}
