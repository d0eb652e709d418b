/* desk_look.c: Site, Look: the three colours with their measured contrast, the logo.
 *
 * Decides: this page. Leaves to others: what is readable (settings.c), what a drawing may hold (press/svg). Runs in: desk. The hard thing:
 * no page of the desk may carry a style of its own, so the sample is a drawing whose colours are attributes.
 * SPDX-License-Identifier: ISC */
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/desk_area.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "desk/newsroom.h"
#include "house/room.h"
#include "press/svg.h"
#include "press/theme.h"
#include "press/value.h"
#include "store/store.h"

static const struct {
	const char *key, *theme_has;
} look_colours[] = {{"press", "#2a3192"}, {"press_dark", "#b5bdff"}, {"call", "#ffd94a"}};
enum { LOOK_COLOURS = 3 };

static struct str look_value(const struct settings *settings, size_t which)
{
	return which == 0 ? settings->press_light : which == 1 ? settings->press_dark : settings->call;
}

/* A colour to draw with: what was typed when it is one, else the theme's. */
static struct str look_paint(struct str typed, size_t which)
{
	return typed.len == 7 && settings_contrast(typed, typed) > 0 ? typed : str_from(look_colours[which].theme_has);
}

static void look_add_measures(struct desk_visit *visit, struct press_value *root, const struct str paints[LOOK_COLOURS])
{
	static const struct {
		const char *key, *name;
	} names[] = {{"press", "Links and buttons"}, {"press_dark", "The same in the dark"}, {"call", "The Support call"}};
	struct settings_contrast all[SETTINGS_CONTRASTS];
	struct press_value *list = press_set_list(root, "measures");
	size_t i, k;

	settings_contrasts(paints[0], paints[1], paints[2], all);
	for (i = 0; i < SETTINGS_CONTRASTS; i++) {
		struct press_value *item = press_add_map(list);
		bool is_well = all[i].contrast >= SETTINGS_CONTRAST_LEAST;

		for (k = 0; k < LOOK_COLOURS; k++)
			if (strcmp(all[i].key, names[k].key) == 0)
				press_set_c(item, "what", names[k].name);
		press_set_c(item, "ground", all[i].ground);
		press_set_text(item, "ratio", str_format(visit->arena, "%d.%02d to 1", all[i].contrast / 100, all[i].contrast % 100));
		press_set_c(item, "mark", is_well ? "live" : "bad");
		press_set_c(item, "say", is_well ? "readable" : "too faint");
	}
}

/* given: what was typed; NULL: as it is. */
static void look_answer(struct desk_visit *visit, int status, const struct str *given, const struct fault *errors, const struct fault *logo_error,
	struct str logo_typed)
{
	static const char *const fields[] = {"f_press", "f_press_dark", "f_call"};
	struct press_value *root = desk_values(visit, "site", "Look"), *sample = press_set_map(root, "sample");
	const struct settings *settings = &visit->room->settings;
	struct str paints[LOOK_COLOURS], logo = {NULL, 0};
	size_t i;

	desk_set_area(visit, root, "site", "/site/look");
	for (i = 0; i < LOOK_COLOURS; i++) {
		struct str value = given != NULL ? given[i] : look_value(settings, i);
		struct press_value *field = press_set_map(root, fields[i]);

		paints[i] = look_paint(value, i);
		press_set_text(field, "value", value);
		press_set_text(field, "paint", paints[i]);
		press_set_text(field, "error", errors != NULL && errors[i].kind != FAULT_NONE ? str_copy(str_from(errors[i].say), visit->arena)
			: (struct str){NULL, 0});
	}
	press_set_text(sample, "press", paints[0]);
	press_set_text(sample, "press_dark", paints[1]);
	press_set_text(sample, "call", paints[2]);
	press_set_c(sample, "on_call", settings_on_call(paints[2]));
	look_add_measures(visit, root, paints);
	if (settings->logo.len > 0)
		logo = theme_file(visit->room->theme, str_to_c(settings->logo, visit->arena));
	press_set_text(root, "logo", logo);
	press_set_bool(root, "is_desks_logo", settings->desk != NULL && settings->desk->has_logo);
	press_set_text(root, "logo_typed", logo_typed);
	press_set_text(root, "logo_error", logo_error != NULL ? str_copy(str_from(logo_error->say), visit->arena) : (struct str){NULL, 0});
	desk_answer(visit, status, "desk_look", root);
}

void desk_get_look(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_NEWSROOM, &visit))
		look_answer(visit, 200, NULL, NULL, NULL, (struct str){NULL, 0});
}

/* "#2A3192 " → "#2a3192"; "2a3192" gets its #. */
static struct str look_tidy(struct str typed, struct arena *arena)
{
	char *out;
	size_t i;

	typed = str_trim(typed);
	if (typed.len == 6 && typed.at[0] != '#')
		typed = str_format(arena, "#%.*s", STR_ARG(typed));
	out = str_to_c(typed, arena);
	for (i = 0; out != NULL && out[i] != '\0'; i++)
		if (out[i] >= 'A' && out[i] <= 'F')
			out[i] = (char) (out[i] - 'A' + 'a');
	return out != NULL ? str_make(out, typed.len) : typed;
}

void desk_post_look(struct http_request *rq, void *self)
{
	struct str given[LOOK_COLOURS];
	struct fault errors[LOOK_COLOURS] = {{0}}, f = {0};
	struct desk_visit *visit;
	bool ok = true, preview, begun;
	size_t i;

	if (!desk_visit_begin(rq, self, DESK_NEWSROOM, &visit))
		return;
	preview = str_is(http_field(rq, "do"), "preview");
	begun = store_begin(visit->room->db, &f);
	for (i = 0; begun && i < LOOK_COLOURS; i++) {
		given[i] = look_tidy(http_field(rq, look_colours[i].key), visit->arena);
		if (!newsroom_put_setting(visit->room, look_colours[i].key, given[i], &errors[i]))
			ok = false;
	}
	if (begun && (preview || !ok)) { /* nothing is kept: the values were only looked at */
		bool is_ours = !store_end(visit->room->db, false, &f);

		look_answer(visit, ok && is_ours ? 200 : 400, given, errors, NULL, (struct str){NULL, 0});
		return;
	}
	if (!begun || !desk_end_change(visit, ok, "changed the colours", str_format(visit->arena, "%.*s %.*s %.*s", STR_ARG(given[0]),
			STR_ARG(given[1]), STR_ARG(given[2])), &f) || !newsroom_changed(visit->room, &f))
		desk_answer_fault(visit, &f, "site", "/site/look");
	else
		desk_answer_done(visit, "/site/look", "updated");
}

/* --- the logo --- */

/* A file, when one was chosen, else what was pasted. */
static bool look_take_logo(struct http_request *rq, struct arena *arena, struct str *out, struct fault *f)
{
	struct http_file file;
	char *bytes;
	ssize_t got;

	*out = http_field(rq, "svg");
	if (!http_upload(rq, "file", &file) || file.size_bytes == 0)
		return true;
	if (file.size_bytes > SVG_INPUT_BYTES)
		return fault_set(f, FAULT_INPUT, "The file has %lld KB: a logo is at most 4 KB when tidied, and at most %d KB are read.",
			(long long) file.size_bytes / 1024, SVG_INPUT_BYTES / 1024);
	bytes = arena_alloc(arena, (size_t) file.size_bytes + 1);
	if (bytes == NULL)
		return fault_full(f, "this file");
	got = pread(file.fd, bytes, (size_t) file.size_bytes, 0);
	if (got != file.size_bytes)
		return fault_errno(f, "the file cannot be read");
	*out = str_make(bytes, (size_t) file.size_bytes);
	return true;
}

void desk_post_logo(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct fault f = {0};
	struct str svg = {NULL, 0};
	bool remove, ok;

	if (!desk_visit_begin(rq, self, DESK_NEWSROOM, &visit))
		return;
	remove = str_is(http_field(rq, "do"), "remove");
	ok = remove || look_take_logo(rq, visit->arena, &svg, &f);
	if (ok && !remove && str_trim(svg).len == 0)
		ok = fault_set(&f, FAULT_INPUT, "Paste the drawing, or choose its file.");
	if (ok && store_begin(visit->room->db, &f))
		ok = desk_end_change(visit, newsroom_put_setting(visit->room, "logo", svg, &f), remove ? "took the logo away"
			: "changed the logo", (struct str){NULL, 0}, &f);
	if (!ok && f.kind == FAULT_INPUT)
		look_answer(visit, 400, NULL, NULL, &f, str_is_utf8(svg) ? svg : (struct str){NULL, 0});
	else if (f.kind != FAULT_NONE || !newsroom_changed(visit->room, &f))
		desk_answer_fault(visit, &f, "site", "/site/look");
	else
		desk_answer_done(visit, "/site/look", "updated");
}
