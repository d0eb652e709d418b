/* desk_texts.c: Site, Texts: About, Privacy policy and the appeal's letter, per language, with preview and every version.
 *
 * Decides: these pages. Leaves to others: what a text may be and which is in force (newsroom_store.c). Runs in: desk. The hard thing: two
 * editors at one text: the form says which version it began with, and a newer one is shown beside what was typed, not written over.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/buf.h"
#include "desk/desk_area.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "desk/newsroom.h"
#include "gen/desk_sql.h"
#include "house/page.h"
#include "house/room.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"
#include "store/store.h"

static const struct {
	const char *kind, *name, *what;
} texts_kinds[] = {
	{"about", "About", "who you are, who pays for you, how to reach you"},
	{"privacy", "Privacy policy", "what you keep about readers; a sign-up records the version that the reader saw"},
	{"appeal", "Appeal", "the letter over the coupon: “A message from the newsroom”"},
};

enum { TEXTS_APPEAL = 2 };

/* What a page of one text needs. */
struct texts_visit {
	struct desk_visit *visit;
	size_t which;               /* of texts_kinds */
	struct str language;
	const struct locale *locale;
	struct newsroom_text now;
};

/* The newsroom's own language stands first. */
static size_t texts_languages(const struct desk_visit *visit, struct str out[OVERLAY_LANGUAGES])
{
	size_t count = theme_languages(visit->room->theme, out, OVERLAY_LANGUAGES), main, i;

	for (main = 0; main < count && !str_equal(out[main], visit->room->settings.language); main++)
		;
	if (main < count) {
		struct str own = out[main];

		for (i = main; i > 0; i--)
			out[i] = out[i - 1];
		out[0] = own;
	}
	return count;
}

static struct str texts_state(struct desk_visit *visit, const char *kind, struct str language, const struct newsroom_text *text)
{
	bool is_own = page_text_has_own(visit->room->theme, kind, language);

	if (text->is_desks)
		return str_format(visit->arena, "Version %lld, %.*s, %.*s", (long long) text->version,
			STR_ARG(desk_when_within(visit->room, (struct when){text->made}, visit->arena)), STR_ARG(text->made_by));
	if (is_own)
		return STR("From the theme’s folder");
	if (text->body.len == 0)
		return STR("None");
	return STR("mimeo’s own words");
}

/* All kinds, or the appeal alone, which the treasurer looks after, too. */
static void texts_answer_list(struct desk_visit *visit, bool is_appeal)
{
	struct str languages[OVERLAY_LANGUAGES];
	struct press_value *root, *kinds;
	struct fault f = {0};
	size_t count, i, k;

	root = desk_values(visit, is_appeal ? "support" : "site", is_appeal ? "Appeal" : "Texts");
	press_set_bool(root, "is_appeal", is_appeal);
	desk_set_area(visit, root, is_appeal ? "support" : "site", is_appeal ? "/support/appeal" : "/site/texts");
	kinds = press_set_list(root, "kinds");
	count = texts_languages(visit, languages);
	for (i = is_appeal ? TEXTS_APPEAL : 0; i < sizeof(texts_kinds) / sizeof(texts_kinds[0]); i++) {
		struct press_value *kind = press_add_map(kinds), *list = press_set_list(kind, "texts");

		press_set_c(kind, "name", texts_kinds[i].name);
		press_set_c(kind, "what", texts_kinds[i].what);
		for (k = 0; k < count; k++) {
			struct press_value *item = press_add_map(list);
			struct newsroom_text text;
			bool is_main = str_equal(languages[k], visit->room->settings.language);
			bool is_own;

			if (!newsroom_text(visit->room, texts_kinds[i].kind, languages[k], visit->arena, &text, &f)) {
				desk_answer_fault(visit, &f, "site", "/site");
				return;
			}
			is_own = text.is_desks || page_text_has_own(visit->room->theme, texts_kinds[i].kind, languages[k]);
			press_set_text(item, "language", locale_name(page_locale(visit->room->theme, &visit->room->settings, languages[k])));
			press_set_text(item, "code", languages[k]);
			press_set_text(item, "href", str_format(visit->arena, "/site/texts/%s/%.*s", texts_kinds[i].kind, STR_ARG(languages[k])));
			press_set_text(item, "state", texts_state(visit, texts_kinds[i].kind, languages[k], &text));
			press_set_c(item, "mark", is_own ? "live" : is_main ? "wait" : "draft");
			press_set_bool(item, "is_main", is_main);
		}
	}
	desk_answer(visit, 200, "desk_texts", root);
}

void desk_get_texts(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_NEWSROOM, &visit))
		texts_answer_list(visit, false);
}

void desk_get_appeal(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_MONEY, &visit))
		texts_answer_list(visit, true);
}

/* --- one text --- */

/* Kind and language of the path; answered when there is no such text. */
static bool texts_begin(struct http_request *rq, void *self, struct texts_visit *text)
{
	struct str languages[OVERLAY_LANGUAGES], kind = http_part(rq, "kind"), language = http_part(rq, "lang");
	struct fault f = {0};
	size_t count, i;

	if (!desk_visit_begin(rq, self, str_is(kind, texts_kinds[TEXTS_APPEAL].kind) ? DESK_MONEY : DESK_NEWSROOM, &text->visit))
		return false;
	count = theme_languages(text->visit->room->theme, languages, OVERLAY_LANGUAGES);
	for (text->which = 0; text->which < sizeof(texts_kinds) / sizeof(texts_kinds[0])
		&& !str_is(kind, texts_kinds[text->which].kind); text->which++)
		;
	for (i = 0; i < count && !str_equal(languages[i], language); i++)
		;
	if (text->which == sizeof(texts_kinds) / sizeof(texts_kinds[0]) || i == count)
		fault_set(&f, FAULT_MISSING, "There is no such text, or mimeo has no words in this language yet.");
	else if (newsroom_text(text->visit->room, texts_kinds[text->which].kind, languages[i], text->visit->arena, &text->now, &f)) {
		text->language = languages[i];
		text->locale = page_locale(text->visit->room->theme, &text->visit->room->settings, languages[i]);
		return true;
	}
	desk_answer_fault(text->visit, &f, "site", "/site/texts");
	return false;
}

static struct str texts_here(const struct texts_visit *text)
{
	return str_format(text->visit->arena, "/site/texts/%s/%.*s", texts_kinds[text->which].kind, STR_ARG(text->language));
}

static struct press_value *texts_root(const struct texts_visit *text)
{
	struct desk_visit *visit = text->visit;
	bool is_support = text->which == TEXTS_APPEAL;
	struct press_value *root = desk_values(visit, is_support ? "support" : "site", texts_kinds[text->which].name);

	desk_set_area(visit, root, is_support ? "support" : "site", is_support ? "/support/appeal" : "/site/texts");
	press_set_c(root, "list_href", is_support ? "/support/appeal" : "/site/texts");
	press_set_c(root, "list_name", is_support ? "Appeal" : "Texts");
	press_set_c(root, "kind", texts_kinds[text->which].name);
	press_set_bool(root, "is_appeal", is_support);
	press_set_text(root, "here", texts_here(text));
	press_set_text(root, "language", locale_name(text->locale));
	press_set_text(root, "code", text->language);
	press_set_c(root, "dir", locale_is_rtl(text->locale) ? "rtl" : "ltr");
	press_set_text(root, "state", texts_state(visit, texts_kinds[text->which].kind, text->language, &text->now));
	if (text->which < 2)
		press_set_text(root, "public_href", str_format(visit->arena, "%.*s/%.*s", STR_ARG(visit->room->settings.url),
			STR_ARG(page_text_path(visit->room->theme, &visit->room->settings, texts_kinds[text->which].kind, text->language, visit->arena))));
	return root;
}

static bool texts_add_versions(const struct texts_visit *text, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "versions");
	struct desk_visit *visit = text->visit;
	struct store_rows rows;
	bool is_first = true;

	if (!store_rows_begin(visit->room->db, DESK_SQL_TEXT_VERSIONS, STORE_ARGS(store_text(str_from(texts_kinds[text->which].kind)),
			store_text(text->language)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);
		bool is_theme = str_is(store_column_text(&rows, 3), "theme");

		press_set_i64(item, "version", store_column_i64(&rows, 0));
		press_set_text(item, "when", desk_when(visit->room, (struct when){store_column_i64(&rows, 1)}, visit->arena));
		press_set_text(item, "by", is_theme ? STR("the theme’s folder") : store_column_copy(&rows, 2, visit->arena));
		press_set_text(item, "href", str_format(visit->arena, "%.*s/%lld", STR_ARG(texts_here(text)), (long long) store_column_i64(&rows, 0)));
		press_set_bool(item, "in_force", is_first);
		is_first = false;
	}
	press_set_bool(root, "has_versions", press_value_count(list) > 0);
	return store_rows_end(&rows);
}

/* html in the request's arena; empty when it cannot be shown. */
static struct str texts_show(const struct texts_visit *text, struct str body)
{
	struct fault ignored = {0};
	struct buf html;
	struct str out = {NULL, 0};

	buf_init(&html, 8 * NEWSROOM_TEXT_BYTES);
	if (newsroom_show_text(text->visit->room, text->language, body, &html, &ignored))
		out = str_copy(buf_view(&html), text->visit->arena);
	buf_release(&html);
	return out;
}

/* typed: what stands in the field; base: the version that it began with. */
static void texts_answer(const struct texts_visit *text, int status, struct str typed, int64_t base, const struct fault *error, bool preview,
	bool is_collision)
{
	struct press_value *root = texts_root(text);
	struct fault f = {0};

	if (!texts_add_versions(text, root, &f)) {
		desk_answer_fault(text->visit, &f, "site", "/site/texts");
		return;
	}
	press_set_text(root, "typed", typed);
	press_set_i64(root, "base", base);
	press_set_text(root, "error", error != NULL ? str_copy(str_from(error->say), text->visit->arena) : (struct str){NULL, 0});
	if (preview && error == NULL)
		press_set_text(press_set_map(root, "preview"), "html", texts_show(text, typed));
	if (is_collision) {
		struct press_value *other = press_set_map(root, "collision");

		press_set_text(other, "by", text->now.made_by);
		press_set_text(other, "when", desk_when_within(text->visit->room, (struct when){text->now.made}, text->visit->arena));
		press_set_text(other, "body", text->now.body);
	}
	desk_answer(text->visit, status, "desk_text", root);
}

void desk_get_text(struct http_request *rq, void *self)
{
	struct texts_visit text = {0};

	if (texts_begin(rq, self, &text))
		texts_answer(&text, 200, text.now.body, text.now.version, NULL, false, false);
}

/* Browsers send CR LF. */
static struct str texts_unix(struct str body, struct arena *arena)
{
	char *out = arena_alloc(arena, body.len + 1);
	size_t len = 0, i;

	for (i = 0; out != NULL && i < body.len; i++)
		if (body.at[i] != '\r')
			out[len++] = body.at[i];
	while (out != NULL && len > 0 && (out[len - 1] == '\n' || out[len - 1] == ' '))
		len--;
	return out != NULL ? str_make(out, len) : (struct str){NULL, 0};
}

void desk_post_text(struct http_request *rq, void *self)
{
	struct texts_visit text = {0};
	struct fault f = {0};
	struct str typed, about;
	int64_t base = 0;
	bool is_new = false, ok;

	if (!texts_begin(rq, self, &text))
		return;
	typed = texts_unix(http_field(rq, "body"), text.visit->arena);
	(void) str_to_i64(http_field(rq, "base"), &base);
	if (!newsroom_check_text(typed, &f)) {
		texts_answer(&text, 400, typed, base, &f, false, false);
		return;
	}
	if (str_is(http_field(rq, "do"), "preview")) {
		texts_answer(&text, 200, typed, base, NULL, true, false);
		return;
	}
	if (base != text.now.version) { /* somebody else was first; saving again is then on purpose */
		texts_answer(&text, 409, typed, text.now.version, NULL, true, true);
		return;
	}
	about = str_format(text.visit->arena, "%s, %.*s", texts_kinds[text.which].name, STR_ARG(locale_name(text.locale)));
	ok = store_begin(text.visit->room->db, &f);
	if (ok) {
		ok = newsroom_put_text(text.visit->room, texts_kinds[text.which].kind, text.language, typed, text.visit->person.name,
			text.visit->arena, &is_new, &f);
		ok = is_new || !ok ? desk_end_change(text.visit, ok, "published a new version of", about, &f)
			: store_end(text.visit->room->db, ok, &f);
	}
	if (!ok || !newsroom_changed(text.visit->room, &f))
		desk_answer_fault(text.visit, &f, "site", "/site/texts");
	else
		desk_answer_done(text.visit, str_to_c(texts_here(&text), text.visit->arena), is_new ? "text" : "same");
}

/* --- an old version beside the one in force --- */

void desk_get_text_version(struct http_request *rq, void *self)
{
	struct texts_visit text = {0};
	struct press_value *root;
	struct store_row row = {0};
	struct fault f = {0};
	int64_t version = 0;
	bool found = false;

	if (!texts_begin(rq, self, &text))
		return;
	if (!str_to_i64(http_part(rq, "version"), &version) || !store_one(text.visit->room->db, DESK_SQL_TEXT_ONE,
			STORE_ARGS(store_text(str_from(texts_kinds[text.which].kind)), store_text(text.language), store_i64(version)),
			text.visit->arena, &row, &found, &f) || !found) {
		fault_set(&f, FAULT_MISSING, "There is no version of that number.");
		desk_answer_fault(text.visit, &f, "site", "/site/texts");
		return;
	}
	root = texts_root(&text);
	press_set_i64(root, "version", version);
	press_set_text(root, "hash", row.columns[2].bytes);
	press_set_text(root, "when", desk_when(text.visit->room, (struct when){row.columns[3].number}, text.visit->arena));
	press_set_text(root, "by", row.columns[4].bytes);
	press_set_text(root, "old_html", texts_show(&text, row.columns[1].bytes));
	press_set_text(root, "now_html", texts_show(&text, text.now.body));
	press_set_bool(root, "in_force", version == text.now.version);
	desk_answer(text.visit, 200, "desk_text_version", root);
}
