/* issue_mail.c: an issue's mail: from picks, lines and words to HTML and text.
 *
 * Decides: what the mail's templates are given; what a frozen issue may hold. Leaves to others: the look (theme/mail), freezing and handing over
 * (compose.c), headers and people (the newsletter room). Runs in: desk. The hard thing: the only {{…}} in the result is the unsubscribe
 * address, so a headline or a text that holds braces is parted; and a preview must come out of a draft that is not fit to be sent yet.
 * SPDX-License-Identifier: ISC */
#include "desk/issue_mail.h"

#include <sodium.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "desk/desk_doings.h"
#include "desk/issue_draft.h"
#include "desk/story.h"
#include "desk/story_store.h"
#include "house/page.h"
#include "house/room.h"
#include "house/slot.h"
#include "press/locale.h"
#include "press/markdown.h"
#include "press/theme.h"
#include "press/value.h"
#include "press/words.h"

enum { MAIL_BYTES = 2 * 1024 * 1024, PREHEADER_CHARS = 120, PICTURE_WIDTH = 640 };

#define PLACEHOLDER "{{unsubscribe_url}}"
#define PLACEHOLDER_MANAGE "{{manage_url}}"
#define DARK_MEDIA "@media (prefers-color-scheme:dark)"

struct composing {
	struct room *room;
	const struct desk_issue_wish *wish;
	struct arena *arena;
	const struct locale *locale;
	struct str site;                 /* "https://tern.example/" */
	bool is_strict;
	struct issue_mail *mail;
};

/* No "{{" may come from a text: it would be a placeholder to the newsletter. */
static struct str unbraced(struct composing *c, struct str text)
{
	struct buf out;
	struct str clean;
	size_t i;

	if (str_find(text, STR("{{")) == SIZE_MAX && str_find(text, STR("}}")) == SIZE_MAX)
		return text;
	buf_init(&out, MAIL_BYTES);
	for (i = 0; i < text.len; i++) {
		if (i > 0 && (text.at[i] == '{' || text.at[i] == '}') && text.at[i - 1] == text.at[i])
			buf_add_char(&out, ' ');
		buf_add_char(&out, text.at[i]);
	}
	clean = str_copy(buf_view(&out), c->arena);
	buf_release(&out);
	return clean;
}

/* --- what was wished --- */

static bool take_words(struct composing *c, struct str text, struct str *out, struct fault *f)
{
	if (!words_nfc(str_trim(text), c->arena, out, f))
		return false;
	*out = unbraced(c, *out);
	return true;
}

static bool take_markdown(struct composing *c, struct str text, const char *what, struct str *out, struct fault *f)
{
	struct fault inner = {0};

	if (!take_words(c, text, out, f))
		return false;
	return markdown_check(*out, &inner) || fault_set(f, FAULT_INPUT, "%s: %s", what, inner.say);
}

static struct str or_else(struct str text, struct str otherwise)
{
	return text.len > 0 ? text : otherwise;
}

static bool take_texts(struct composing *c, struct fault *f)
{
	const struct desk_issue_wish *wish = c->wish;
	struct issue_mail *mail = c->mail;

	if (!take_words(c, wish->subject, &mail->title, f) || !take_words(c, wish->preheader, &mail->preheader, f)
		|| !take_markdown(c, wish->intro, "the intro", &mail->intro, f)
		|| !take_markdown(c, wish->signoff, "the sign-off", &mail->signoff, f)
		|| !take_words(c, wish->neutral_subject, &mail->subject, f) || !take_words(c, wish->neutral_name, &mail->sender_name, f))
		return false;
	if ((c->is_strict && mail->title.len == 0) || str_has_control(mail->title) || str_count_chars(mail->title) > ISSUE_SUBJECT_CHARS)
		return fault_set(f, FAULT_INPUT, "an issue has a subject of one line and at most %d characters", (int) ISSUE_SUBJECT_CHARS);
	if (wish->is_neutral) {
		mail->subject = or_else(mail->subject, locale_text(c->locale, "mail_neutral_subject"));
		mail->sender_name = or_else(mail->sender_name, locale_text(c->locale, "mail_neutral_sender"));
		mail->preheader = mail->subject; /* beside the subject in the list of mails: as silent as that */
	} else {
		mail->subject = mail->title;
		mail->sender_name = (struct str){NULL, 0};
	}
	return true;
}

static bool take_stories(struct composing *c, struct fault *f)
{
	const struct desk_issue_wish *wish = c->wish;
	struct issue_mail *mail = c->mail;
	size_t i;

	mail->stories = arena_alloc_many(c->arena, wish->count + 1, sizeof(*mail->stories));
	mail->lines = arena_alloc_many(c->arena, wish->count + 1, sizeof(*mail->lines));
	if (mail->stories == NULL || mail->lines == NULL)
		return fault_full(f, "this issue");
	for (i = 0; i < wish->count; i++) {
		struct story *story = &mail->stories[mail->count];
		struct fault inner = {0};
		bool is_there = story_load(c->room->db, wish->stories[i], c->arena, story, NULL, &inner);

		if (!is_there && (c->is_strict || inner.kind != FAULT_MISSING))
			return fault_set(f, inner.kind == FAULT_MISSING ? FAULT_INPUT : inner.kind, "%s", inner.kind == FAULT_MISSING
				? "a story of this issue is not there any more: take it out" : inner.say);
		if (is_there && story->state != STORY_PUBLISHED && c->is_strict)
			return fault_set(f, FAULT_INPUT, "%.*s is not published: an issue names only what can be read",
				STR_ARG(str_part(story->title, 0, 150)));
		if (!is_there || story->state != STORY_PUBLISHED) {
			mail->missing++;
			continue;
		}
		mail->lines[mail->count] = wish->lines != NULL ? wish->lines[i] : (struct str){NULL, 0};
		mail->count++;
	}
	if (c->is_strict && mail->count == 0)
		return fault_set(f, FAULT_INPUT, "an issue has at least one story");
	if (mail->preheader.len == 0 && mail->count > 0)
		mail->preheader = unbraced(c, words_excerpt(or_else(mail->lines[0], mail->stories[0].excerpt), PREHEADER_CHARS, c->arena));
	return true;
}

/* --- what the templates get --- */

static struct str picture_src(struct composing *c, const struct story *story)
{
	struct str rest = story->photo.widths;
	struct str piece;
	int64_t best = 0;

	while (story->photo.hash.len > 0 && str_next(&rest, ' ', &piece)) {
		int64_t width;

		if (str_to_i64(piece, &width) && (best == 0 || (width <= PICTURE_WIDTH && width > best)))
			best = width;
	}
	if (best == 0)
		return (struct str){NULL, 0};
	return str_format(c->arena, "%.*smedia/%.*s-%lld.jpg", STR_ARG(c->site), STR_ARG(story->photo.hash), (long long) best);
}

/* Markdown as HTML and as text, under {{KEY_html}} and {{KEY_text}}. */
static bool set_markdown(struct composing *c, struct press_value *map, const char *html_key, const char *text_key, struct str source,
	struct fault *f)
{
	struct buf out;
	bool ok;

	buf_init(&out, MAIL_BYTES);
	ok = markdown_write_mail(source, c->site, &out, f);
	press_set_text(map, html_key, unbraced(c, str_copy(buf_view(&out), c->arena)));
	buf_clear(&out);
	ok = ok && markdown_write_text(source, &out, f);
	press_set_text(map, text_key, unbraced(c, str_copy(buf_view(&out), c->arena)));
	buf_release(&out);
	return ok;
}

static bool set_picks(struct composing *c, struct press_value *root, struct fault *f)
{
	struct press_value *picks = press_set_list(root, "picks");
	bool ok = true;
	size_t i;

	for (i = 0; i < c->mail->count && ok; i++) {
		const struct story *story = &c->mail->stories[i];
		struct press_value *pick = press_add_map(picks);

		press_set_text(pick, "headline", unbraced(c, story->title));
		press_set_text(pick, "href", str_format(c->arena, "%.*s%.*s", STR_ARG(c->room->settings.url), STR_ARG(story->path)));
		press_set_text(pick, "line", unbraced(c, or_else(c->mail->lines[i], story->excerpt)));
		press_set_text(pick, "picture_src", picture_src(c, story));
		press_set_text(pick, "alt", unbraced(c, story->alt));
		press_set_text(pick, "lang", story->lang);
		press_set_text(pick, "dir", story->dir);
		press_set_bool(pick, "is_full", c->wish->is_full);
		if (c->wish->is_full) {
			press_set_text(pick, "byline", unbraced(c, story_byline_line(story,
				page_locale(c->room->theme, &c->room->settings, story->lang), c->arena)));
			ok = set_markdown(c, pick, "body_html", "body_text", story->body, f);
		}
	}
	return ok;
}

static bool issue_values(struct composing *c, struct press_value *root, struct fault *f)
{
	const struct settings *settings = &c->room->settings;
	const struct civil day = clock_civil(c->wish->send_at.us != 0 ? c->wish->send_at : clock_now());

	press_share(root, "t", locale_values(c->locale));
	press_set_text(root, "lang", c->mail->lang);
	press_set_c(root, "dir", locale_is_rtl(c->locale) ? "rtl" : "ltr");
	press_set_text(root, "newsroom", settings->name);
	press_set_text(root, "subject", c->mail->title);
	press_set_text(root, "head_title", c->mail->subject);
	press_set_text(root, "preheader", c->mail->preheader);
	press_set_text(root, "site_url", c->site);
	press_set_text(root, "date", locale_date_long(c->locale, &day, c->arena));
	press_set_c(root, "unsubscribe_url", PLACEHOLDER);
	press_set_c(root, "manage_url", PLACEHOLDER_MANAGE);
	press_set_text(root, "why_line", locale_format(c->locale, "mail_issue_why", c->arena,
		(const struct locale_pair[]){{"newsroom", settings->name}, {NULL, {NULL, 0}}}));
	return set_markdown(c, root, "intro_html", "intro_text", c->mail->intro, f)
		&& set_markdown(c, root, "signoff_html", "signoff_text", c->mail->signoff, f) && set_picks(c, root, f);
}

/* --- the result --- */

/* Every "{{" is the placeholder's. */
static bool check_placeholders(struct str text, const char *what, struct fault *f)
{
	struct str rest = text;
	size_t count = 0;
	size_t at;

	while ((at = str_find(rest, STR("{{"))) != SIZE_MAX) {
		rest = str_part(rest, at, SIZE_MAX);
		if (str_starts(rest, STR(PLACEHOLDER_MANAGE))) {
			rest = str_part(rest, sizeof(PLACEHOLDER_MANAGE) - 1, SIZE_MAX);
			continue;
		}
		if (!str_starts(rest, STR(PLACEHOLDER)))
			return fault_set(f, FAULT_INPUT, "the %s of this issue holds {{ outside of the unsubscribe link; look at theme/mail", what);
		rest = str_part(rest, sizeof(PLACEHOLDER) - 1, SIZE_MAX);
		count++;
	}
	return count > 0 || fault_set(f, FAULT_INPUT, "the %s of this issue has no unsubscribe link; look at theme/mail",
		what);
}

static bool render(struct composing *c, const struct press_value *root, struct fault *f)
{
	struct issue_mail *mail = c->mail;
	struct buf out;
	bool ok;

	buf_init(&out, MAIL_BYTES);
	ok = (press_value_is_whole(root) || fault_full(f, "this issue")) && theme_render(c->room->theme, "mail/issue", root, &out, f);
	mail->html = str_copy(buf_view(&out), c->arena);
	buf_clear(&out);
	ok = ok && theme_render(c->room->theme, "mail/issue.text", root, &out, f);
	mail->text = str_copy(buf_view(&out), c->arena);
	buf_release(&out);
	return ok && (mail->text.at != NULL || fault_full(f, "this issue")) && check_placeholders(mail->html, "HTML", f)
		&& check_placeholders(mail->text, "text", f);
}

static void hash(struct issue_mail *mail)
{
	crypto_generichash_state state;
	unsigned char bytes[32];

	crypto_generichash_init(&state, NULL, 0, sizeof(bytes));
	crypto_generichash_update(&state, (const unsigned char *) mail->subject.at, mail->subject.len);
	crypto_generichash_update(&state, (const unsigned char *) "\n", 1);
	crypto_generichash_update(&state, (const unsigned char *) mail->html.at, mail->html.len);
	crypto_generichash_update(&state, (const unsigned char *) "\n", 1);
	crypto_generichash_update(&state, (const unsigned char *) mail->text.at, mail->text.len);
	crypto_generichash_final(&state, bytes, sizeof(bytes));
	sodium_bin2hex(mail->hash, sizeof(mail->hash), bytes, sizeof(bytes));
}

bool issue_mail_compose(struct room *room, const struct desk_issue_wish *wish, bool is_strict, struct arena *arena, struct issue_mail *out,
	struct fault *f)
{
	struct composing c = {.room = room, .wish = wish, .arena = arena, .is_strict = is_strict, .mail = out,
		.locale = page_locale(room->theme, &room->settings, wish->lang),
		.site = str_format(arena, "%.*s/", STR_ARG(room->settings.url))};
	struct press_value *root = press_map(arena);

	*out = (struct issue_mail){.lang = locale_language(c.locale)};
	if (!take_texts(&c, f) || !take_stories(&c, f) || !issue_values(&c, root, f) || !render(&c, root, f))
		return false;
	hash(out);
	return true;
}

bool issue_mail_wish(const struct issue_draft *draft, struct arena *arena, struct desk_issue_wish *out, struct fault *f)
{
	int64_t *stories = arena_alloc_many(arena, ISSUE_PICKS, sizeof(*stories));
	struct str *lines = arena_alloc_many(arena, ISSUE_PICKS, sizeof(*lines));
	char key[SLOT_KEY_CHARS + 1] = "";
	size_t i;

	if (draft->slot.us != 0)
		slot_key(draft->slot, key);
	if (stories == NULL || lines == NULL)
		return fault_full(f, "this issue");
	for (i = 0; i < draft->pick_count; i++) {
		stories[i] = draft->picks[i].story;
		lines[i] = draft->picks[i].line;
	}
	*out = (struct desk_issue_wish){.stories = stories, .lines = lines, .count = draft->pick_count, .lang = draft->lang,
		.subject = draft->subject, .preheader = draft->preheader, .intro = draft->intro, .signoff = draft->signoff,
		.is_neutral = draft->is_neutral, .neutral_subject = draft->neutral_subject, .neutral_name = draft->neutral_name,
		.is_full = draft->is_full, .send_at = draft->slot.us != 0 ? draft->slot : draft->send_at,
		.slot = str_copy(str_from(key), arena), .draft = draft->id, .version = draft->version};
	return true;
}

struct str issue_mail_dark(struct str html, struct arena *arena)
{
	size_t at = str_find(html, STR(DARK_MEDIA));

	if (at == SIZE_MAX)
		return html;
	return str_format(arena, "%.*s@media all%.*s", STR_ARG(str_part(html, 0, at)),
		STR_ARG(str_part(html, at + sizeof(DARK_MEDIA) - 1, SIZE_MAX)));
}

static struct str sample_of(struct str text, struct str placeholder, const char *path, const struct room *room, struct arena *arena)
{
	size_t at = str_find(text, placeholder);

	return at == SIZE_MAX ? text : str_format(arena, "%.*s%.*s/newsletter/%s/…%.*s", STR_ARG(str_part(text, 0, at)),
		STR_ARG(room->settings.url), path, STR_ARG(str_part(text, at + placeholder.len, SIZE_MAX)));
}

struct str issue_mail_sample(struct str text, const struct room *room, struct arena *arena)
{
	return sample_of(sample_of(text, STR(PLACEHOLDER), "unsubscribe", room, arena), STR(PLACEHOLDER_MANAGE), "manage", room, arena);
}
