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
#include "base/must.h"
#include "base/secret.h"
#include "house/page.h"
#include "mail/dkim.h"
#include "mail/mime.h"
#include "mail/stencil.h"
#include "newsletter_bounce.h"
#include "newsletter_keys.h"
#include "newsletter_letters.h"
#include "newsletter_notice.h"
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
	struct str subject, text, html, language, leave_url, boundary;
	struct str sender; /* its own name; then no other header names the newsroom, either */
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

/* What all mails say of themselves. */
static void describe(struct newsletter *n, const struct outgoing *outgoing, const struct envelope *e, struct arena *arena,
	struct mail_message *m, struct dkim_options *sign)
{
	const struct settings *is = &n->room->settings;
	struct str domain = newsletter_dkim_domain(n);
	struct when now = clock_now();
	char mark[NEWSLETTER_TOKEN_CHARS + 1];

	/* Keyed: a header of a seized mail leads to no row of a seized database, and a complaint that carries it back does. */
	newsletter_token_make(n, NEWSLETTER_TOKEN_MESSAGE, outgoing->id, mark);
	*sign = (struct dkim_options){.domain = domain, .when = now};
	if (is->smtp[outgoing->host].sign)
		newsletter_keys_sign(n, sign);
	sign->omit = omitted_headers(&is->smtp[outgoing->host], arena);
	*m = (struct mail_message){0};
	m->from.name = e->sender.len > 0 ? e->sender : is->from_name.len > 0 ? is->from_name : is->name;
	m->from.address = is->from_address;
	m->to.address = email_text(&outgoing->to);
	m->reply_to.address = is->reply_to;
	m->subject = e->subject;
	m->date = now;
	m->message_id = str_format(arena, "<%s@%.*s>", mark, STR_ARG(domain));
	m->boundary = str_format(arena, "=_%.*s", STR_ARG(e->boundary.len > 0 ? e->boundary : str_from(mark)));
	m->language = e->language;
	m->text = e->text;
	m->html = e->html;
	m->automatic = !e->is_list;
	if (e->is_list) {
		m->list_id = str_format(arena, "%.*s <newsletter.%.*s>", STR_ARG(e->sender.len > 0 ? e->sender : is->name), STR_ARG(domain));
		m->list_unsubscribe_mailto = newsletter_leave_mailto(n, outgoing->id, arena);
		m->list_unsubscribe_url = e->leave_url; /* one-click's header goes only with https: mail_write sees to it */
	}
}

void newsletter_draft_init(struct newsletter_draft *draft)
{
	dkim_draft_init(&draft->dkim);
	buf_init(&draft->bytes, LIMIT_MAIL_BYTES);
}

void newsletter_draft_release(struct newsletter_draft *draft)
{
	dkim_draft_release(&draft->dkim);
	buf_release(&draft->bytes);
}

/* Headers and what is to be signed (nothing where the server signs); the content is from a stencil, or behind the headers in e. */
static bool write_draft(struct newsletter *n, const struct outgoing *outgoing, const struct envelope *e, struct arena *arena,
	struct mail_stencil *stencil, struct newsletter_draft *out, struct fault *f)
{
	unsigned char body_hash[DKIM_DIGEST_BYTES];
	struct mail_message m;
	struct dkim_options sign;
	size_t body;

	describe(n, outgoing, e, arena, &m, &sign);
	buf_clear(&out->bytes);
	if (!mail_write_head(&m, &out->bytes, f))
		return false;
	if (stencil != NULL) {
		if (!mail_stencil_fill(stencil, str_from(outgoing->token), body_hash, f))
			return false;
		buf_add_str(&out->bytes, mail_stencil_headers(stencil));
		body = out->bytes.len + 2;
		buf_add_str(&out->bytes, mail_stencil_rest(stencil));
	} else {
		if (!mail_write_content(&m, &out->bytes, f))
			return false;
		body = str_find(buf_view(&out->bytes), STR("\r\n\r\n")) + 4;
		if (!dkim_hash_body(str_part(buf_view(&out->bytes), body, SIZE_MAX), body_hash, f))
			return false;
	}
	if (sign.signer_count == 0) {
		out->dkim.count = 0;
		return buf_check(&out->bytes, "a mail", f);
	}
	return buf_check(&out->bytes, "a mail", f) &&
		dkim_draft_write(&sign, str_part(buf_view(&out->bytes), 0, body - 2), body_hash, &out->dkim, f);
}

/* Signed here and now. */
static bool sign_draft(struct newsletter *n, const struct newsletter_draft *draft, struct buf *out, struct fault *f)
{
	struct dkim_signature signatures[DKIM_SIGNERS_MOST];
	bool ok = newsletter_sign_here(n, &draft->dkim, signatures, f);

	buf_clear(out);
	if (ok)
		dkim_draft_finish(&draft->dkim, signatures, out);
	buf_add_str(out, buf_view(&draft->bytes));
	return ok && buf_check(out, "a mail", f);
}

bool newsletter_sign_here(struct newsletter *n, const struct dkim_draft *draft, struct dkim_signature *signatures, struct fault *f)
{
	struct dkim_options sign = {0};
	bool ok = true;

	newsletter_keys_sign(n, &sign);
	must(draft->count <= sign.signer_count);
	for (size_t i = 0; ok && i < draft->count; i++)
		ok = dkim_key_sign(sign.signers[i].key, draft->digests[i], &signatures[i], f);
	return ok;
}

/* --- an issue's --- */

/* Content with the link to leave, as it would stand in a mail. */
static bool write_content(const struct newsletter_issue *issue, struct str boundary, struct str url, struct buf *out, struct fault *f)
{
	struct mail_message m = {.boundary = boundary};
	struct buf text, html;
	bool ok;

	buf_init(&text, LIMIT_MAIL_BYTES);
	buf_init(&html, LIMIT_MAIL_BYTES);
	fill(&text, issue->text, url, false);
	fill(&html, issue->html, url, true);
	m.text = buf_view(&text);
	m.html = buf_view(&html);
	ok = buf_check(&text, "a mail", f) && buf_check(&html, "a mail", f) && mail_write_content(&m, out, f);
	buf_release(&html);
	buf_release(&text);
	return ok;
}

static const char word_a[] = "abcdefghijklmnopqrstuvwxyz", word_b[] = "nopqrstuvwxyzabcdefghijklm";
_Static_assert(sizeof(word_a) == RAND_TOKEN_CHARS + 1 && sizeof(word_b) == sizeof(word_a), "as long as a token");

/* For the issue with links that begin and end as this mail's; NULL: this content is written anew for each. */
static struct mail_stencil *stencil_for(struct newsletter *n, const struct newsletter_issue *issue,
	struct str language, struct str boundary, struct arena *arena, struct newsletter_stencils *all)
{
	struct outgoing other = {.kind = OUTGOING_ISSUE};
	struct newsletter_stencil *one = &all->items[all->next];
	struct buf content[2];
	struct str url[2];
	struct fault f = {0};
	bool ok = true;

	(void) memcpy(other.token, word_a, sizeof(word_a));
	url[0] = link_to(n, "unsubscribe", &other, language, arena);
	for (size_t i = 0; i < NEWSLETTER_STENCILS; i++)
		if (all->items[i].issue == issue->id && str_is(url[0], all->items[i].url))
			return all->items[i].stencil;
	(void) memcpy(other.token, word_b, sizeof(word_b));
	url[1] = link_to(n, "unsubscribe", &other, language, arena);
	if (issue->html.len + issue->text.len > NEWSLETTER_STENCIL_BYTES || url[0].len >= sizeof(one->url))
		return NULL;
	mail_stencil_free(&one->stencil);
	all->next = (all->next + 1) % NEWSLETTER_STENCILS;
	one->issue = issue->id;
	(void) snprintf(one->url, sizeof(one->url), "%.*s", STR_ARG(url[0]));
	for (size_t i = 0; i < 2; i++) {
		buf_init(&content[i], LIMIT_MAIL_BYTES);
		ok = ok && write_content(issue, boundary, url[i], &content[i], &f);
	}
	if (!ok || !mail_stencil_cut(&one->stencil, buf_view(&content[0]), str_from(word_a), buf_view(&content[1]), str_from(word_b)))
		one->stencil = NULL;
	buf_release(&content[0]);
	buf_release(&content[1]);
	return one->stencil;
}

void newsletter_stencils_free(struct newsletter_stencils *all)
{
	for (size_t i = 0; i < NEWSLETTER_STENCILS; i++)
		mail_stencil_free(&all->items[i].stencil);
	*all = (struct newsletter_stencils){0};
}

bool newsletter_compose_draft(struct newsletter *n, const struct outgoing *outgoing, const struct newsletter_issue *issue,
	struct newsletter_stencils *stencils, struct newsletter_draft *out, struct fault *f)
{
	/* The page that the link leads to speaks the reader's language, as they signed up in it. */
	struct str language = outgoing->language[0] != '\0' ? str_from(outgoing->language) : issue->language;
	struct envelope e = {.subject = issue->subject, .language = issue->language, .sender = issue->sender_name, .is_list = true,
		.boundary = str_part(issue->hash, 0, NEWSLETTER_TOKEN_CHARS)};
	struct mail_stencil *stencil = NULL;
	struct buf text, html;
	struct arena arena;
	bool ok = true;

	arena_init(&arena, "mail", 64 * 1024);
	buf_init(&text, LIMIT_MAIL_BYTES);
	buf_init(&html, LIMIT_MAIL_BYTES);
	e.leave_url = link_to(n, "unsubscribe", outgoing, language, &arena);
	if (stencils != NULL)
		stencil = stencil_for(n, issue, language, str_format(&arena, "=_%.*s", STR_ARG(e.boundary)), &arena, stencils);
	if (stencil == NULL) {
		fill(&text, issue->text, e.leave_url, false);
		fill(&html, issue->html, e.leave_url, true);
		e.text = buf_view(&text);
		e.html = buf_view(&html);
		ok = buf_check(&text, "a mail", f) && buf_check(&html, "a mail", f);
	}
	ok = ok && write_draft(n, outgoing, &e, &arena, stencil, out, f);
	buf_release(&html);
	buf_release(&text);
	arena_release(&arena);
	return ok;
}

static bool compose_issue(struct newsletter *n, const struct outgoing *outgoing, const struct newsletter_issue *issue,
	struct newsletter_stencils *stencils, struct buf *out, struct fault *f)
{
	struct newsletter_draft draft;
	bool ok;

	newsletter_draft_init(&draft);
	ok = newsletter_compose_draft(n, outgoing, issue, stencils, &draft, f) && sign_draft(n, &draft, out, f);
	newsletter_draft_release(&draft);
	return ok;
}

/* --- confirmations and reminders, from the theme --- */

struct words {
	const char *subject, *heading, *sentence, *button, *why;
};

static const struct words confirm_words = {"mail_confirm_subject", "mail_confirm_heading", "mail_confirm_when",
	"mail_confirm_button", "mail_confirm_why"};
static const struct words reminder_words = {"mail_reminder_subject", "mail_reminder_heading", "mail_reminder_sentence",
	"mail_reminder_button", "mail_reminder_why"};

/* One of seven whole sentences. */
static struct str weekly_sentence(const struct locale *locale, const char *list, int weekday, const struct locale_pair *pairs, struct arena *arena)
{
	struct str out;
	struct buf buf;

	buf_init(&buf, WORDS_BYTES);
	locale_write(&buf, locale_indexed(locale, list, (size_t) weekday), pairs);
	out = str_copy(buf_view(&buf), arena);
	buf_release(&buf);
	return out;
}
static const struct words leave_words = {"mail_leave_subject", "mail_leave_heading", "mail_leave_sentence",
	"mail_leave_button", "mail_leave_why"};

/* What every mail from the theme knows. */
static struct press_value *themed_values(struct newsletter *n, const struct locale *locale, struct arena *arena)
{
	struct press_value *root = press_map(arena);

	press_share(root, "t", locale_values(locale));
	press_set_text(root, "newsroom", n->room->settings.name);
	press_set_text(root, "lang", locale_language(locale));
	press_set_c(root, "dir", locale_is_rtl(locale) ? "rtl" : "ltr");
	return root;
}

static bool finish_themed(struct newsletter *n, const struct outgoing *outgoing, struct press_value *root, struct envelope *e,
	struct arena *arena, struct buf *out, struct fault *f)
{
	struct newsletter_draft draft;
	struct buf text, html;
	bool ok;

	buf_init(&text, WORDS_BYTES);
	buf_init(&html, WORDS_BYTES);
	press_set_text(root, "subject", e->subject);
	ok = press_value_is_whole(root) ? theme_render(n->room->theme, "mail/letter", root, &html, f) &&
			theme_render(n->room->theme, "mail/letter.text", root, &text, f) :
		fault_full(f, "a mail");
	e->text = buf_view(&text);
	e->html = buf_view(&html);
	newsletter_draft_init(&draft);
	ok = ok && write_draft(n, outgoing, e, arena, NULL, &draft, f) && sign_draft(n, &draft, out, f);
	newsletter_draft_release(&draft);
	buf_release(&html);
	buf_release(&text);
	return ok;
}

static bool compose_themed(struct newsletter *n, const struct outgoing *outgoing, const struct words *words,
	struct str url,
	struct arena *arena, struct buf *out, struct fault *f)
{
	const struct settings *is = &n->room->settings;
	const struct locale *locale = page_locale(n->room->theme, is, str_from(outgoing->language));
	const struct locale_pair pairs[] = {{"newsroom", is->name}, {NULL, {NULL, 0}}};
	struct press_value *root = themed_values(n, locale, arena);
	struct envelope e = {.language = locale_language(locale)};
	struct str rest = url, cancel = {NULL, 0}; /* a reminder's: "URL", "URL CANCEL_URL" or "URL CANCEL_URL again" */

	e.subject = locale_format(locale, words->subject, arena, pairs);
	(void) str_next(&rest, ' ', &url);
	(void) str_next(&rest, ' ', &cancel);
	press_set_text(root, "url", url);
	if (cancel.len > 0)
		press_set_text(root, "cancel_url", cancel);
	if (outgoing->kind == OUTGOING_CONFIRM || outgoing->kind == OUTGOING_LEAVE) {
		press_set_text(root, "manage_url", link_to(n, "manage", outgoing, e.language, arena));
		press_set_text(root, "manage_label", locale_text(locale, "mail_manage"));
	}
	press_set_text(root, "heading", locale_format(locale, words->heading, arena, pairs));
	press_set_text(root, "sentence", words == &confirm_words ? weekly_sentence(locale, words->sentence, is->slot.weekday, pairs, arena)
		: locale_format(locale, str_is(rest, "again") ? "mail_reminder_again" : words->sentence, arena, pairs));
	press_set_text(root, "button", locale_format(locale, words->button, arena, pairs));
	press_set_text(root, "why", locale_format(locale, words->why, arena, pairs));
	return finish_themed(n, outgoing, root, &e, arena, out, f);
}

static bool compose_notice(struct newsletter *n, const struct outgoing *outgoing, struct arena *arena, struct buf *out, struct fault *f)
{
	const struct locale *locale = page_locale(n->room->theme, &n->room->settings, str_from(outgoing->language));
	struct press_value *root = themed_values(n, locale, arena);
	struct envelope e = {.language = locale_language(locale)};

	return newsletter_fill_notice(n, outgoing, locale, root, arena, &e.subject, f) &&
		finish_themed(n, outgoing, root, &e, arena, out, f);
}

bool newsletter_compose(struct newsletter *n, const struct outgoing *outgoing, const struct newsletter_issue *issue,
	struct newsletter_stencils *stencils, struct buf *out, struct fault *f)
{
	struct arena arena;
	bool ok = false;

	arena_init(&arena, "mail", 1024 * 1024);
	switch (outgoing->kind) {
	case OUTGOING_ISSUE:
		ok = compose_issue(n, outgoing, issue, stencils, out, f);
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
		ok = newsletter_is_notice(outgoing) ? compose_notice(n, outgoing, &arena, out, f) :
			compose_themed(n, outgoing, &reminder_words, str_from(outgoing->url), &arena, out, f);
		break;
	}
	arena_release(&arena);
	return ok;
}
