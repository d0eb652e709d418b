/* compose.c: an issue of the newsletter: stories to one mail's HTML and text, frozen and handed over.
 *
 * Decides: what the mail's templates are given; when the web archive shows an issue. Leaves to others: the letter's
 * look (theme/mail), people and sending (the newsletter room, which never sees desk.db). Runs in: desk. The hard thing:
 * the only {{…}} in the frozen issue is the unsubscribe address, so a headline that holds braces is parted; and an issue
 * is in two databases, so the poll hands over again what only ours has.
 * SPDX-License-Identifier: ISC */
#include <sodium.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "desk/desk_doings.h"
#include "desk/story.h"
#include "desk/story_store.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "house/page.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/markdown.h"
#include "press/theme.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

enum { ISSUE_BYTES = 1024 * 1024, ISSUE_ARENA = 32 * 1024 * 1024, SUBJECT_CHARS = 150, PREHEADER_CHARS = 120,
	PICTURE_WIDTH = 640 };

#define PLACEHOLDER "{{unsubscribe_url}}"
#define PLACEHOLDER_MANAGE "{{manage_url}}"

static const int64_t poll_back_us = (int64_t) 60 * 86400 * 1000000; /* issues older than this will not start any more */

struct composing {
	struct room *room;
	struct arena arena;
	int64_t issue;
	const struct locale *locale;
	struct story *stories;
	size_t count;
	struct str subject, preheader, intro, language, html, text;
	char hash[65];
	desk_composed *done;
	void *self;
};

/* No "{{" may come from a text: it would be a placeholder to the newsletter. */
static struct str unbraced(struct composing *c, struct str text)
{
	struct buf out;
	struct str clean;
	size_t i;

	if (str_find(text, STR("{{")) == SIZE_MAX && str_find(text, STR("}}")) == SIZE_MAX)
		return text;
	buf_init(&out, ISSUE_BYTES);
	for (i = 0; i < text.len; i++) {
		if (i > 0 && (text.at[i] == '{' || text.at[i] == '}') && text.at[i - 1] == text.at[i])
			buf_add_char(&out, ' ');
		buf_add_char(&out, text.at[i]);
	}
	clean = str_copy(buf_view(&out), &c->arena);
	buf_release(&out);
	return clean;
}

static bool load_stories(struct composing *c, const struct desk_issue_wish *wish, struct fault *f)
{
	size_t i;

	c->stories = arena_alloc_many(&c->arena, wish->count + 1, sizeof(*c->stories));
	if (c->stories == NULL)
		return fault_full(f, "this issue");
	for (i = 0; i < wish->count; i++) {
		if (!story_load(c->room->db, wish->stories[i], &c->arena, &c->stories[i], NULL, f))
			return false;
		if (c->stories[i].state != STORY_PUBLISHED)
			return fault_set(f, FAULT_INPUT, "%.*s is not published: an issue names only what can be read",
				STR_ARG(str_part(c->stories[i].title, 0, 150)));
	}
	c->count = wish->count;
	return wish->count > 0 || fault_set(f, FAULT_INPUT, "an issue has at least one story");
}

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
	return str_format(&c->arena, "%.*s/media/%.*s-%lld.jpg", STR_ARG(c->room->settings.url), STR_ARG(story->photo.hash),
		(long long) best);
}

static void set_picks(struct composing *c, struct press_value *root)
{
	struct press_value *picks = press_set_list(root, "picks");
	size_t i;

	for (i = 0; i < c->count; i++) {
		const struct story *story = &c->stories[i];
		struct press_value *pick = press_add_map(picks);

		press_set_text(pick, "headline", unbraced(c, story->title));
		press_set_text(pick, "href", str_format(&c->arena, "%.*s%.*s", STR_ARG(c->room->settings.url),
			STR_ARG(story->path)));
		press_set_text(pick, "line", unbraced(c, story->excerpt));
		press_set_text(pick, "picture_src", picture_src(c, story));
		press_set_text(pick, "alt", unbraced(c, story->alt));
		press_set_text(pick, "lang", story->lang);
		press_set_text(pick, "dir", story->dir);
	}
}

static struct press_value *issue_values(struct composing *c, struct str intro_html, struct str intro_text)
{
	const struct settings *settings = &c->room->settings;
	struct press_value *root = press_map(&c->arena);
	const struct civil today = clock_civil(clock_now());
	struct str site = str_format(&c->arena, "%.*s/", STR_ARG(settings->url));

	press_share(root, "t", locale_values(c->locale));
	press_set_text(root, "lang", locale_language(c->locale));
	press_set_c(root, "dir", locale_is_rtl(c->locale) ? "rtl" : "ltr");
	press_set_text(root, "newsroom", settings->name);
	press_set_text(root, "subject", c->subject);
	press_set_text(root, "preheader", c->preheader);
	press_set_text(root, "intro_html", intro_html);
	press_set_text(root, "intro_text", intro_text);
	press_set_text(root, "site_url", site);
	press_set_text(root, "date", locale_date_long(c->locale, &today, &c->arena));
	press_set_c(root, "unsubscribe_url", PLACEHOLDER);
	press_set_c(root, "manage_url", PLACEHOLDER_MANAGE);
	press_set_text(root, "why_line", locale_format(c->locale, "mail_issue_why", &c->arena,
		(const struct locale_pair[]){{"newsroom", settings->name}, {NULL, {NULL, 0}}}));
	set_picks(c, root);
	return root;
}

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

static bool render(struct composing *c, struct fault *f)
{
	struct buf intro_html;
	struct buf intro_text;
	struct buf out;
	struct press_value *root;
	bool ok;

	buf_init(&intro_html, ISSUE_BYTES);
	buf_init(&intro_text, ISSUE_BYTES);
	buf_init(&out, ISSUE_BYTES);
	ok = markdown_write_mail(c->intro, str_format(&c->arena, "%.*s/", STR_ARG(c->room->settings.url)), &intro_html, f)
		&& markdown_write_text(c->intro, &intro_text, f);
	root = issue_values(c, buf_view(&intro_html), buf_view(&intro_text));
	ok = ok && (press_value_is_whole(root) || fault_full(f, "this issue"))
		&& theme_render(c->room->theme, "mail/issue", root, &out, f);
	c->html = str_copy(buf_view(&out), &c->arena);
	buf_clear(&out);
	ok = ok && theme_render(c->room->theme, "mail/issue.text", root, &out, f);
	c->text = str_copy(buf_view(&out), &c->arena);
	buf_release(&intro_html);
	buf_release(&intro_text);
	buf_release(&out);
	return ok && (c->text.at != NULL || fault_full(f, "this issue")) && check_placeholders(c->html, "HTML", f)
		&& check_placeholders(c->text, "text", f);
}

static void hash(struct composing *c)
{
	crypto_generichash_state state;
	unsigned char bytes[32];

	crypto_generichash_init(&state, NULL, 0, sizeof(bytes));
	crypto_generichash_update(&state, (const unsigned char *) c->subject.at, c->subject.len);
	crypto_generichash_update(&state, (const unsigned char *) "\n", 1);
	crypto_generichash_update(&state, (const unsigned char *) c->html.at, c->html.len);
	crypto_generichash_update(&state, (const unsigned char *) "\n", 1);
	crypto_generichash_update(&state, (const unsigned char *) c->text.at, c->text.len);
	crypto_generichash_final(&state, bytes, sizeof(bytes));
	sodium_bin2hex(c->hash, sizeof(c->hash), bytes, sizeof(bytes));
}

static bool store_issue(struct composing *c, struct fault *f)
{
	struct store *db = c->room->db;
	bool ok = store_begin(db, f);
	size_t i;

	if (!ok)
		return false;
	ok = store_run(db, DESK_SQL_ISSUE_INSERT, STORE_ARGS(store_i64(c->issue), store_text(c->subject),
		store_text(c->preheader), store_text(c->intro), store_text(c->language), store_text(c->html),
		store_text(c->text), store_text(str_from(c->hash)), store_i64(clock_now().us)), NULL, f);
	for (i = 0; i < c->count && ok; i++)
		ok = store_run(db, DESK_SQL_ISSUE_STORY_INSERT, STORE_ARGS(store_i64(c->issue), store_i64((int64_t) i),
			store_i64(c->stories[i].id)), NULL, f);
	return store_end(db, ok, f);
}

static void end_composing(struct composing *c)
{
	arena_release(&c->arena);
	memory_free(c);
}

/* The newsletter's answer to the PUT. */
static void handed_over(void *self, const struct http_reply *reply, const struct fault *trouble)
{
	struct composing *c = self;
	struct fault f = {0};

	if (trouble != NULL)
		f = *trouble;
	else
		(void) http_reply_ok(reply, &f);
	if (f.kind != FAULT_NONE) {
		struct fault dropping = {0};

		/* UNCERTAIN, too: an issue that nobody sends does no harm at the newsletter */
		if (!store_run(c->room->db, DESK_SQL_ISSUE_DROP, STORE_ARGS(store_i64(c->issue)), NULL, &dropping))
			log_fault(&dropping, "compose");
		c->done(c->self, 0, &f);
	} else {
		log_event(LOG_ISSUE, LOG_C("state", "frozen"), LOG_I64("bytes", (int64_t) c->html.len));
		c->done(c->self, c->issue, NULL);
	}
	end_composing(c);
}

/* The same bytes under the same id are the same issue to the newsletter: safe to repeat. */
static bool put_issue(struct room *room, int64_t id, const struct composing *c, http_done *done, void *self,
	struct fault *f)
{
	char path[64];
	json_t *body = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "subject", http_json_str(c->subject), "preheader",
		http_json_str(c->preheader), "language", http_json_str(c->language), "html", http_json_str(c->html), "text",
		http_json_str(c->text), "hash", http_json_str(str_from(c->hash)));

	snprintf(path, sizeof(path), "/issues/%lld", (long long) id);
	return room_call(room, "newsletter", "PUT", path, body, done, self, f);
}

static bool compose(struct composing *c, const struct desk_issue_wish *wish, struct fault *f)
{
	struct fault inner = {0};

	if (!words_nfc(str_trim(wish->subject), &c->arena, &c->subject, f)
		|| !words_nfc(wish->intro, &c->arena, &c->intro, f))
		return false;
	c->subject = unbraced(c, c->subject);
	c->intro = unbraced(c, c->intro);
	if (c->subject.len == 0 || str_has_control(c->subject) || str_count_chars(c->subject) > SUBJECT_CHARS)
		return fault_set(f, FAULT_INPUT, "an issue has a subject of one line and at most %d characters",
			(int) SUBJECT_CHARS);
	if (!markdown_check(c->intro, &inner))
		return fault_set(f, FAULT_INPUT, "the intro: %s", inner.say);
	if (!load_stories(c, wish, f))
		return false;
	c->locale = page_locale(c->room->theme, &c->room->settings, (struct str){NULL, 0});
	c->language = locale_language(c->locale);
	c->preheader = unbraced(c, words_excerpt(c->stories[0].excerpt, PREHEADER_CHARS, &c->arena));
	c->issue = rand_id();
	if (!render(c, f))
		return false;
	hash(c);
	return store_issue(c, f);
}

void desk_compose(struct room *room, const struct desk_issue_wish *wish, struct arena *arena, desk_composed *done,
	void *self)
{
	struct composing *c = memory_new(1, sizeof(*c));
	struct fault f = {0};

	(void) arena; /* the request's; the issue outlives it */
	c->room = room;
	c->done = done;
	c->self = self;
	arena_init(&c->arena, "issue", ISSUE_ARENA);
	if (compose(c, wish, &f)) {
		if (put_issue(room, c->issue, c, handed_over, c, &f))
			return;
		(void) !store_run(room->db, DESK_SQL_ISSUE_DROP, STORE_ARGS(store_i64(c->issue)), NULL, &(struct fault){0});
	}
	done(self, 0, &f);
	end_composing(c);
}

/* --- has it started? --- */

void desk_issue_started(struct room *room, int64_t issue)
{
	struct fault f = {0};
	int64_t changed = 0;
	bool ok = store_begin(room->db, &f);

	if (ok) {
		ok = store_run(room->db, DESK_SQL_ISSUE_START, STORE_ARGS(store_i64(issue), store_i64(clock_now().us)),
			&changed, &f)
			/* story 0 is nobody: lists and archive are made again, no story */
			&& (changed == 0 || store_run(room->db, DESK_SQL_QUEUE_ADD,
				STORE_ARGS(store_i64(0), store_text(STR("issue")), store_null(), store_text(STR("")),
				store_i64(INT64_MAX)), NULL, &f));
		ok = store_end(room->db, ok, &f);
	}
	if (!ok)
		log_fault(&f, "issue");
	if (ok && changed > 0)
		work_bake(work_of(room), false, NULL);
}

/* The newsletter's answer to an issue handed over late. What it cannot take (never: composing asked it the same) goes,
 * as it goes while composing; everything else is asked again at the next poll. */
static void handed_over_late(void *self, const struct http_reply *reply, const struct fault *trouble)
{
	struct work_issue *place = self;
	struct fault f = {0};

	if (trouble != NULL)
		f = *trouble;
	else
		(void) http_reply_ok(reply, &f);
	if (f.kind == FAULT_NONE)
		log_event(LOG_ISSUE, LOG_C("state", "frozen"), LOG_I64("issue", place->id));
	else
		log_fault(&f, "handing an issue over late");
	if (f.kind == FAULT_INPUT || f.kind == FAULT_CONFLICT) {
		fault_clear(&f);
		if (!store_run(place->room->db, DESK_SQL_ISSUE_DROP, STORE_ARGS(store_i64(place->id)), NULL, &f))
			log_fault(&f, "compose");
	}
	place->id = 0;
}

/* The house died between our commit and the PUT: the stored bytes go over as they are. */
static bool hand_over_late(struct work_issue *place, struct fault *f)
{
	struct composing c = {.room = place->room, .issue = place->id};
	struct store_row row;
	bool found = false;
	bool ok;

	arena_init(&c.arena, "issue", ISSUE_ARENA);
	ok = store_one(place->room->db, DESK_SQL_ISSUE_ONE, STORE_ARGS(store_i64(place->id)), &c.arena, &row, &found, f)
		&& (found || fault_set(f, FAULT_MISSING, "there is no such issue"));
	if (ok) {
		c.subject = row.columns[0].bytes;
		c.preheader = row.columns[1].bytes;
		c.language = row.columns[3].bytes;
		c.html = row.columns[4].bytes;
		c.text = row.columns[5].bytes;
		snprintf(c.hash, sizeof(c.hash), "%.*s", STR_ARG(row.columns[6].bytes));
		ok = put_issue(place->room, place->id, &c, handed_over_late, place, f);
	}
	arena_release(&c.arena);
	return ok;
}

static void polled(void *self, const struct http_reply *reply, const struct fault *trouble)
{
	struct work_issue *place = self;
	struct fault f = {0};
	struct str state;
	json_t *json = NULL;

	if (trouble == NULL && reply->status == 404) {
		if (hand_over_late(place, &f))
			return; /* the place is in use until the answer */
		log_fault(&f, "handing an issue over late");
	} else if (trouble == NULL && http_reply_ok(reply, &f) && http_json_parse(reply->body, &json, &f)) {
		state = http_json_text(json, "state");
		if (str_is(state, "sending") || str_is(state, "sent") || str_is(state, "paused"))
			desk_issue_started(place->room, place->id);
		json_decref(json);
	}
	place->id = 0;
}

static struct work_issue *free_place(struct work *work, int64_t id)
{
	struct work_issue *place = NULL;
	size_t i;

	for (i = 0; i < WORK_ISSUES; i++) {
		if (work->issues[i].id == id)
			return NULL; /* asked already */
		if (work->issues[i].id == 0 && place == NULL)
			place = &work->issues[i];
	}
	return place;
}

void compose_poll(void *self)
{
	struct room *room = self;
	int64_t ids[WORK_ISSUES];
	size_t count = 0;
	struct store_rows rows;
	struct fault f = {0};
	size_t i;

	if (!store_rows_begin(room->db, DESK_SQL_ISSUE_FROZEN, STORE_ARGS(store_i64(clock_now().us - poll_back_us)), &rows,
		&f)) {
		log_fault(&f, "looking for issues");
		return;
	}
	while (store_rows_next(&rows, &f))
		if (count < WORK_ISSUES)
			ids[count++] = store_column_i64(&rows, 0);
	if (!store_rows_end(&rows))
		log_fault(&f, "looking for issues");
	for (i = 0; i < count; i++) {
		struct work_issue *place = free_place(work_of(room), ids[i]);
		char path[64];

		if (place == NULL)
			continue;
		*place = (struct work_issue){room, ids[i]};
		snprintf(path, sizeof(path), "/issues/%lld", (long long) ids[i]);
		fault_clear(&f);
		if (!room_call(room, "newsletter", "GET", path, NULL, polled, place, &f))
			place->id = 0;
	}
}
