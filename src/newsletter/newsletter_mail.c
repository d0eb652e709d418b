/* newsletter_mail.c: the bytes of each mail: an issue's, a confirmation, a reminder.
 *
 * Decides: headers, links, whose words. Leaves to mail/: MIME and the signature; to the theme: how it looks. Runs
 * in: the newsletter room. The hard thing: an issue is one text with a hole, and each recipient's mail differs in
 * that hole and in its headers alone; the same delivery always has the same Message-ID, so that a mail sent twice
 * can be known as one.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/secret.h"
#include "house/page.h"
#include "mail/dkim.h"
#include "mail/mime.h"
#include "newsletter_bounce.h"
#include "newsletter_keys.h"
#include "newsletter_letters.h"
#include "press/html.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"

enum { WORDS_BYTES = 64 * 1024 };

static const char *const kind_names[OUTGOING_KIND_COUNT] = {"issue", "confirm", "reminder", "leave"};

struct str outgoing_kind_name(enum outgoing_kind kind)
{
	return str_from(kind_names[kind]);
}

const char *newsletter_cannot_mail(const struct newsletter *n)
{
	const struct settings *is = &n->room->settings;

	if (is->from_address.len == 0)
		return "no mail can be sent: mimeo.conf has no [newsletter] from";
	if (is->smtp[0].host.len == 0)
		return "no mail can be sent: mimeo.conf has no [newsletter] smtp_host";
	return NULL;
}

static struct str domain_of(struct str address)
{
	size_t at = str_find_char(address, '@');

	return at == SIZE_MAX ? STR("localhost") : str_part(address, at + 1, SIZE_MAX);
}

struct str newsletter_dkim_domain(const struct newsletter *n)
{
	const struct settings *is = &n->room->settings;

	return is->dkim_domain.len > 0 ? is->dkim_domain : domain_of(is->from_address);
}

/* URL/newsletter/WHAT/TOKEN; the language is named where the page would otherwise guess another. */
static struct str link_to(const struct newsletter *n, const char *what, const struct outgoing *outgoing,
	struct str language,
	struct arena *arena)
{
	const struct settings *is = &n->room->settings;

	if (language.len == 0 || str_equal(language, is->language))
		return str_format(arena, "%.*s/newsletter/%s/%s", STR_ARG(is->url), what, outgoing->token);
	return str_format(arena, "%.*s/newsletter/%s/%s?lang=%.*s", STR_ARG(is->url), what, outgoing->token,
		STR_ARG(language));
}

/* The page of a reader's own data, by the same token. */
static void add_manage_url(struct buf *out, struct str leave_url)
{
	const struct str leave = STR("/newsletter/unsubscribe/");
	size_t at = str_find(leave_url, leave);

	buf_add_str(out, str_part(leave_url, 0, at));
	if (at == SIZE_MAX)
		return;
	buf_add_text(out, "/newsletter/manage/");
	buf_add_str(out, str_part(leave_url, at + leave.len, SIZE_MAX));
}

/* {{unsubscribe_url}}, and {{manage_url}}, which is made from it: nothing else stands in braces (newsletter_issue_put). */
static void fill(struct buf *out, struct str text, struct str url, bool html)
{
	const struct str hole = STR("{{unsubscribe_url}}"), manage = STR("{{manage_url}}");
	struct buf own;

	buf_init(&own, 4096);
	add_manage_url(&own, url);
	for (;;) {
		size_t at = str_find(text, STR("{{"));
		bool is_manage = str_starts(str_part(text, at, SIZE_MAX), manage);
		struct str value = is_manage ? buf_view(&own) : url;

		buf_add_str(out, str_part(text, 0, at));
		if (at == SIZE_MAX)
			break;
		if (html)
			html_text(out, value);
		else
			buf_add_str(out, value);
		text = str_part(text, at + (is_manage ? manage.len : hole.len), SIZE_MAX);
	}
	buf_release(&own);
}

/* --- what all have --- */

struct envelope {
	struct str subject, text, html, language, leave_url;
	bool is_list; /* carries List-Id and List-Unsubscribe */
};

/* What the server that it goes through rewrites. */
static const char *const *omitted_headers(const struct settings_smtp *smtp, struct arena *arena)
{
	const char **names = arena_alloc_many(arena, smtp->dkim_omit.count + 1, sizeof(*names));

	for (size_t i = 0; names != NULL && i < smtp->dkim_omit.count; i++)
		names[i] = str_to_c(smtp->dkim_omit.items[i], arena);
	return names;
}

static bool write_mail(struct newsletter *n, const struct outgoing *outgoing, const struct envelope *e,
	struct arena *arena,
	struct buf *out, struct fault *f)
{
	const struct settings *is = &n->room->settings;
	struct str domain = newsletter_dkim_domain(n);
	struct when now = clock_now();
	struct dkim_options sign = {.domain = domain, .when = now};
	char mark[NEWSLETTER_TOKEN_CHARS + 1];
	struct mail_message m = {0};
	struct buf bare;
	bool ok;

	/* Keyed: a header of a seized mail leads to no row of a seized database, and a complaint that carries it back does. */
	newsletter_token_make(n, NEWSLETTER_TOKEN_MESSAGE, outgoing->id, mark);
	newsletter_keys_sign(n, &sign);
	sign.omit = omitted_headers(&is->smtp[outgoing->host], arena);
	m.from.name = is->from_name.len > 0 ? is->from_name : is->name;
	m.from.address = is->from_address;
	m.to.address = email_text(&outgoing->to);
	m.reply_to.address = is->reply_to;
	m.subject = e->subject;
	m.date = now;
	m.message_id = str_format(arena, "<%s@%.*s>", mark, STR_ARG(domain));
	m.boundary = str_format(arena, "=_%s", mark);
	m.language = e->language;
	m.text = e->text;
	m.html = e->html;
	m.automatic = !e->is_list;
	if (e->is_list) {
		m.list_id = str_format(arena, "%.*s <newsletter.%.*s>", STR_ARG(is->name), STR_ARG(domain));
		m.list_unsubscribe_mailto = newsletter_leave_mailto(n, outgoing->id, arena);
		m.list_unsubscribe_url = e->leave_url; /* one-click's header goes only with https: mail_write sees to it */
	}
	buf_init(&bare, LIMIT_MAIL_BYTES);
	ok = mail_write(&m, &bare, f);
	buf_clear(out);
	ok = ok && dkim_sign(&sign, buf_view(&bare), out, f);
	if (ok)
		buf_add_str(out, buf_view(&bare));
	buf_release(&bare);
	return ok && buf_check(out, "a mail", f);
}

/* --- an issue's --- */

static bool compose_issue(struct newsletter *n, const struct outgoing *outgoing, const struct newsletter_issue *issue,
	struct arena *arena, struct buf *out, struct fault *f)
{
	struct envelope e = {.subject = issue->subject, .language = issue->language, .is_list = true};
	struct buf text, html;
	bool ok;

	buf_init(&text, LIMIT_MAIL_BYTES);
	buf_init(&html, LIMIT_MAIL_BYTES);
	/* The page that it leads to speaks the reader's language, as they signed up in it. */
	e.leave_url = link_to(n, "unsubscribe", outgoing,
		outgoing->language[0] != '\0' ? str_from(outgoing->language) : issue->language, arena);
	fill(&text, issue->text, e.leave_url, false);
	fill(&html, issue->html, e.leave_url, true);
	e.text = buf_view(&text);
	e.html = buf_view(&html);
	ok = buf_check(&text, "a mail", f) && buf_check(&html, "a mail", f) && write_mail(n, outgoing, &e, arena, out, f);
	buf_release(&html);
	buf_release(&text);
	return ok;
}

/* --- confirmations and reminders, from the theme --- */

struct words {
	const char *subject, *heading, *sentence, *button, *why;
	const char *template, *template_text;
};

static const struct words confirm_words = {"mail_confirm_subject", "mail_confirm_heading", "mail_confirm_sentence",
	"mail_confirm_button", "mail_confirm_why", "mail/confirm", "mail/confirm.text"};
static const struct words reminder_words = {"mail_reminder_subject", "mail_reminder_heading", "mail_reminder_sentence",
	"mail_reminder_button", "mail_reminder_why", "mail/reminder", "mail/reminder.text"};

static const struct words leave_words = {"mail_leave_subject", "mail_leave_heading", "mail_leave_sentence",
	"mail_leave_button", "mail_leave_why", "mail/confirm", "mail/confirm.text"};

static bool compose_themed(struct newsletter *n, const struct outgoing *outgoing, const struct words *words,
	struct str url,
	struct arena *arena, struct buf *out, struct fault *f)
{
	const struct settings *is = &n->room->settings;
	const struct locale *locale = page_locale(n->room->theme, is, str_from(outgoing->language));
	const struct locale_pair pairs[] = {{"newsroom", is->name}, {NULL, {NULL, 0}}};
	struct press_value *root = press_map(arena);
	struct envelope e = {.language = locale_language(locale)};
	struct buf text, html;
	bool ok;

	buf_init(&text, WORDS_BYTES);
	buf_init(&html, WORDS_BYTES);
	e.subject = locale_format(locale, words->subject, arena, pairs);
	press_share(root, "t", locale_values(locale));
	press_set_text(root, "newsroom", is->name);
	press_set_text(root, "lang", locale_language(locale));
	press_set_c(root, "dir", locale_is_rtl(locale) ? "rtl" : "ltr");
	press_set_text(root, "subject", e.subject);
	press_set_text(root, "url", url);
	if (outgoing->kind == OUTGOING_CONFIRM || outgoing->kind == OUTGOING_LEAVE)
		press_set_text(root, "manage_url", link_to(n, "manage", outgoing, e.language, arena));
	press_set_text(root, "heading", locale_format(locale, words->heading, arena, pairs));
	press_set_text(root, "sentence", locale_format(locale, words->sentence, arena, pairs));
	press_set_text(root, "button", locale_format(locale, words->button, arena, pairs));
	press_set_text(root, "why", locale_format(locale, words->why, arena, pairs));
	ok = press_value_is_whole(root) ? theme_render(n->room->theme, words->template, root, &html, f) &&
			theme_render(n->room->theme, words->template_text, root, &text, f) :
		fault_full(f, "a mail");
	e.text = buf_view(&text);
	e.html = buf_view(&html);
	ok = ok && write_mail(n, outgoing, &e, arena, out, f);
	buf_release(&html);
	buf_release(&text);
	return ok;
}

bool newsletter_compose(struct newsletter *n, const struct outgoing *outgoing, const struct newsletter_issue *issue,
	struct buf *out, struct fault *f)
{
	struct arena arena;
	bool ok = false;

	arena_init(&arena, "mail", 1024 * 1024);
	switch (outgoing->kind) {
	case OUTGOING_ISSUE:
		ok = compose_issue(n, outgoing, issue, &arena, out, f);
		break;
	case OUTGOING_CONFIRM:
		ok = compose_themed(n, outgoing, &confirm_words,
			link_to(n, "confirm", outgoing, str_from(outgoing->language), &arena),
			&arena, out, f);
		break;
	case OUTGOING_LEAVE:
		ok = compose_themed(n, outgoing, &leave_words,
			link_to(n, "unsubscribe", outgoing, str_from(outgoing->language), &arena),
			&arena, out, f);
		break;
	default:
		ok = compose_themed(n, outgoing, &reminder_words, str_from(outgoing->url), &arena, out, f);
		break;
	}
	arena_release(&arena);
	return ok;
}
