/* bake_issues.c: the newsletter's own page and the archive of its issues.
 *
 * Decides: /newsletter/, /newsletter/latest/ and one page for each issue that has started. Leaves to others: composing
 * (compose.c), sending (the newsletter room). Runs in: desk's bake. The hard thing: before the first issue the preview
 * is a sample of the newest stories, and it says so.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/bake.h"
#include "desk/issue_draft.h"
#include "gen/desk_sql.h"
#include "house/page.h"
#include "press/locale.h"
#include "press/markdown.h"
#include "press/value.h"
#include "store/store.h"

enum { ISSUES = 520, SAMPLE = 5 };

struct bake_issue {
	int64_t id;
	struct str subject, intro, signoff, lang;
	struct str path;                       /* "2026-11-20/" below /newsletter/ */
	struct civil day;                      /* that is said by it */
};

struct archive {
	struct bake_issue *issues;
	size_t count;
};

/* Its address is its day. One that has none yet is put there by the next bake. */
static bool set_day(struct bake_issue *issue)
{
	struct fault ignored = {0};
	struct when day;

	if (!clock_parse(str_part(issue->path, 0, 10), &day, &ignored))
		return false;
	issue->day = clock_civil(day);
	return true;
}

static bool read_archive(struct bake *bake, struct archive *archive, struct fault *f)
{
	struct store_rows rows;

	archive->issues = arena_alloc_many(&bake->arena, ISSUES, sizeof(*archive->issues));
	if (archive->issues == NULL)
		return fault_full(f, "the archive");
	if (!store_rows_begin(bake->db, DESK_SQL_ISSUE_STARTED_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct bake_issue *issue = &archive->issues[archive->count];

		if (archive->count == ISSUES)
			continue;
		*issue = (struct bake_issue){.id = store_column_i64(&rows, 0),
			.subject = store_column_copy(&rows, 1, &bake->arena), .intro = store_column_copy(&rows, 2, &bake->arena),
			.lang = store_column_copy(&rows, 3, &bake->arena), .signoff = store_column_copy(&rows, 5, &bake->arena),
			.path = store_column_copy(&rows, 6, &bake->arena)};
		if (set_day(issue))
			archive->count++;
	}
	return store_rows_end(&rows);
}

struct pick {
	const struct bake_story *of;
	struct str line;                       /* of the issue; empty: the story's own */
};

static size_t read_picks(struct bake *bake, int64_t issue, struct pick picks[ISSUE_PICKS], bool *ok, struct fault *f)
{
	struct store_rows rows;
	size_t count = 0;

	*ok = store_rows_begin(bake->db, DESK_SQL_ISSUE_STORIES, STORE_ARGS(store_i64(issue)), &rows, f);
	if (!*ok)
		return 0;
	while (store_rows_next(&rows, f)) {
		const struct bake_story *of = bake_find(bake, store_column_i64(&rows, 0));

		/* what was withdrawn is not shown again */
		if (of != NULL && of->story.state == STORY_PUBLISHED && count < ISSUE_PICKS)
			picks[count++] = (struct pick){of, store_column_copy(&rows, 1, &bake->page)};
	}
	*ok = store_rows_end(&rows);
	return count;
}

static size_t sample(struct bake *bake, struct pick picks[ISSUE_PICKS])
{
	size_t count = 0;
	size_t i;

	for (i = bake->count; i-- > 0 && count < SAMPLE;)
		if (bake->stories[i].story.state == STORY_PUBLISHED)
			picks[count++] = (struct pick){.of = &bake->stories[i]};
	return count;
}

/* What the editor wrote around the picks, as HTML; links of the site begin where the page stands. */
static bool set_words(struct bake *bake, struct press_value *root, const char *key, const char *prefix, struct str source, struct fault *f)
{
	bool ok = true;

	if (source.len == 0)
		return true;
	buf_clear(&bake->body);
	ok = markdown_write_under(source, str_from(prefix), STR("../../"), &bake->body, NULL, f);
	press_set_text(root, key, str_copy(buf_view(&bake->body), &bake->page));
	return ok;
}

static void add_pick(struct bake *bake, struct press_value *card, const struct pick *pick)
{
	bake_fill_card(bake, card, pick->of, 2, NULL, BAKE_CARD);
	if (pick->line.len > 0)
		press_set_text(card, "standfirst", pick->line);
}

/* issue NULL: a sample. `at` is "latest/" or the issue's own path. */
static bool put_issue(struct bake *bake, const struct bake_issue *issue, struct str at, struct fault *f)
{
	struct str language = issue != NULL ? issue->lang : (struct str){NULL, 0};
	const struct locale *locale = bake_locale(bake, language);
	struct str path = str_format(&bake->page, "/newsletter/%.*s", STR_ARG(at));
	const struct page page = {.language = language, .depth = 2, .path = path,
		.title = issue != NULL ? issue->subject : locale_text(locale, "newsletter_title")};
	struct press_value *root = page_values(bake->theme, bake->settings, &page, &bake->page);
	struct press_value *cards = press_set_list(root, "picks");
	struct pick picks[ISSUE_PICKS];
	bool ok = true;
	size_t count = issue != NULL ? read_picks(bake, issue->id, picks, &ok, f) : sample(bake, picks);
	size_t i;

	for (i = 0; i < count; i++)
		add_pick(bake, press_add_map(cards), &picks[i]);
	press_set_text(root, "heading", page.title);
	press_set_bool(root, "is_sample", issue == NULL);
	if (issue != NULL) {
		press_set_text(root, "date", locale_date_long(locale, &issue->day, &bake->page));
		ok = ok && set_words(bake, root, "intro_html", "intro-", issue->intro, f) && set_words(bake, root, "signoff_html", "end-", issue->signoff, f);
		/* /latest/ is a copy: search engines shall keep the dated one */
		press_set_text(root, "canonical", str_format(&bake->page, "%.*s/newsletter/%.*s", STR_ARG(bake->settings->url),
			STR_ARG(issue->path)));
	}
	press_set(root, "newsletter", page_newsletter_sheet(bake->theme, bake->settings, &page, (struct str){NULL, 0},
		(struct str){NULL, 0}, &bake->page));
	return ok && bake_put(bake, "issue_page", NULL, root, path, f);
}

static bool put_front(struct bake *bake, const struct archive *archive, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	const struct page page = {.depth = 1, .path = STR("/newsletter/"), .title = locale_text(locale, "newsletter_title"),
		.description = locale_text(locale, "newsletter_what")};
	struct press_value *root = page_values(bake->theme, bake->settings, &page, &bake->page);
	struct press_value *list = press_set_list(root, "issues");
	size_t i;

	press_set_text(root, "heading", page.title);
	press_set_text(root, "what_to_expect", locale_text(locale, "newsletter_expect"));
	press_set_text(root, "every", locale_indexed(locale, "newsletter_when", (size_t) bake->settings->slot.weekday));
	press_set_c(root, "latest_href", "latest/");
	press_set_bool(root, "has_issues", archive->count > 0);
	for (i = 0; i < archive->count; i++) {
		struct press_value *item = press_add_map(list);
		press_set_text(item, "href", archive->issues[i].path);
		press_set_text(item, "subject", archive->issues[i].subject);
		press_set_text(item, "date", locale_date_long(locale, &archive->issues[i].day, &bake->page));
		press_set_text(item, "lang", archive->issues[i].lang);
	}
	press_set(root, "newsletter", page_newsletter_sheet(bake->theme, bake->settings, &page, (struct str){NULL, 0},
		(struct str){NULL, 0}, &bake->page));
	return bake_put(bake, "newsletter_page", NULL, root, page.path, f);
}

/* Its stories are at hand. */
static bool is_wanted(const struct bake *bake, const struct bake_issue *issue)
{
	return bake->is_full || bake_ids_find(&bake->issues, issue->id) != BAKE_NOWHERE;
}

bool bake_newsletter(struct bake *bake, struct fault *f)
{
	struct archive archive = {0};
	bool ok;
	size_t i;

	if (!read_archive(bake, &archive, f))
		return false;
	ok = (archive.count > 0 && !is_wanted(bake, &archive.issues[0]))
		|| put_issue(bake, archive.count > 0 ? &archive.issues[0] : NULL, STR("latest/"), f);
	for (i = 0; i < archive.count && ok; i++)
		ok = !is_wanted(bake, &archive.issues[i]) || put_issue(bake, &archive.issues[i], archive.issues[i].path, f);
	return ok && (!bake->issues_changed || put_front(bake, &archive, f));
}
