/* movein_report.c: the report of a move: what could not be kept, and where.
 *
 * Decides: its Markdown, that each group is capped and says how much it left out. Leaves to others: what happened. Runs
 * in: the desk's child that moves in. The hard thing: ten thousand stories may each have something, and an editor must
 * still be able to read it.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include "base/clock.h"
#include "base/fault.h"
#include "desk/movein.h"
#include "http/http_client.h"

enum { GROUP_BYTES = 128 * 1024, DETAIL_BYTES = 300 };

static const struct {
	const char *word, *headline, *advice;
} groups[MOVEIN_GROUP_COUNT] = {
#define X(group, word, headline, advice) [group] = {word, headline, advice},
	MOVEIN_GROUPS(X)
#undef X
};

void movein_report_init(struct movein_report *report)
{
	size_t i;

	memset(report, 0, sizeof(*report));
	for (i = 0; i < MOVEIN_GROUP_COUNT; i++)
		buf_init(&report->groups[i].text, GROUP_BYTES);
}

void movein_report_release(struct movein_report *report)
{
	size_t i;

	for (i = 0; i < MOVEIN_GROUP_COUNT; i++)
		buf_release(&report->groups[i].text);
}

/* On one line, so that no title can look like another part of the report. */
static void add_line(struct buf *out, struct str text, size_t most)
{
	size_t i;

	for (i = 0; i < text.len && i < most; i++)
		buf_add_char(out, (unsigned char) text.at[i] < ' ' ? ' ' : text.at[i]);
	while (i < text.len && (text.at[i] & 0xc0) == 0x80)
		buf_add_char(out, text.at[i++]);
	buf_add_text(out, i < text.len ? "…" : "");
}

/* Each story once in a group, with everything there is to say of it below; the same twice is said once. */
void movein_report_add(struct movein_report *report, enum movein_group group, const struct story *story, struct str detail)
{
	struct movein_lines *lines = &report->groups[group];
	struct buf one;
	bool is_same = str_is(story->identity, lines->last);
	bool is_known;

	buf_init(&one, 4096);
	buf_add_text(&one, "  - ");
	add_line(&one, detail, DETAIL_BYTES);
	buf_add_char(&one, '\n');
	is_known = is_same && (detail.len == 0
		|| str_find(str_part(buf_view(&lines->text), lines->last_from, SIZE_MAX), buf_view(&one)) != SIZE_MAX);
	lines->count += !is_known;
	if (!is_known && lines->text.len > GROUP_BYTES - 4 * DETAIL_BYTES) {
		lines->left_out++;
	} else if (!is_known) {
		if (!is_same) {
			lines->last_from = lines->text.len;
			snprintf(lines->last, sizeof(lines->last), "%.*s", STR_ARG(story->identity));
			buf_add_text(&lines->text, "- ");
			add_line(&lines->text, story->title.len > 0 ? story->title : STR("(without a title)"), DETAIL_BYTES);
			buf_add_text(&lines->text, " (");
			add_line(&lines->text, story->identity, DETAIL_BYTES);
			buf_add_text(&lines->text, detail.len > 0 ? "):\n" : ")\n");
		}
		if (detail.len > 0)
			buf_add_str(&lines->text, buf_view(&one));
	}
	buf_release(&one);
}

bool movein_report_note(struct movein_report *report, struct str word, const struct story *story, struct str detail)
{
	size_t i;

	for (i = 0; i < MOVEIN_GROUP_COUNT; i++)
		if (groups[i].word[0] != '\0' && str_is(word, groups[i].word)) {
			movein_report_add(report, (enum movein_group) i, story, detail);
			return true;
		}
	return false;
}

/* --- the summary --- */

static long long number(const json_t *summary, const char *key)
{
	return (long long) json_integer_value(json_object_get(summary, key));
}

static void add_count(struct buf *out, const json_t *summary, const char *key, const char *one, const char *many)
{
	long long n = number(summary, key);

	if (n > 0)
		buf_format(out, "%lld %s\n", n, n == 1 ? one : many);
}

void movein_summary_text(const json_t *summary, struct buf *out)
{
	buf_format(out, "%lld %s: %lld published, %lld drafts\n", number(summary, "stories"),
		number(summary, "stories") == 1 ? "story" : "stories", number(summary, "published"), number(summary, "drafts"));
	if (json_is_true(json_object_get(summary, "dry_run")))
		buf_format(out, "%lld new, %lld here already\n", number(summary, "new"),
			number(summary, "updated") + number(summary, "same") + number(summary, "here"));
	else
		buf_format(out, "%lld new, %lld updated, %lld unchanged, %lld left as the desk changed them\n", number(summary, "new"),
			number(summary, "updated"), number(summary, "same"), number(summary, "here"));
	add_count(out, summary, "not_taken", "story not taken in", "stories not taken in");
	buf_format(out, "%lld %s found, %lld missing, %lld broken\n", number(summary, "pictures"),
		number(summary, "pictures") == 1 ? "picture" : "pictures", number(summary, "missing"), number(summary, "broken"));
	add_count(out, summary, "redirects", "old address leads to its new one", "old addresses lead to their new ones");
	add_count(out, summary, "pages", "page (not a story): its text lies beside the report",
		"pages (not stories): their texts lie beside the report");
}

/* --- the whole --- */

static void add_group(const struct movein_report *report, size_t i, struct buf *out)
{
	const struct movein_lines *lines = &report->groups[i];

	if (lines->count == 0)
		return;
	buf_format(out, "## %s (%zu)\n\n", groups[i].headline, lines->count);
	if (groups[i].advice[0] != '\0')
		buf_format(out, "%s\n\n", groups[i].advice);
	buf_add_str(out, buf_view(&lines->text));
	if (lines->left_out > 0)
		buf_format(out, "- … and %zu more\n", lines->left_out);
	buf_add_char(out, '\n');
}

static void add_never(const json_t *site, struct buf *out)
{
	const json_t *others = json_object_get(site, "others");
	bool is_ghost = str_is(http_json_text(site, "from"), "ghost");
	long long comments = number(site, "comments");
	const char *key;
	json_t *value;

	buf_add_text(out, "## What is never moved in\n\n");
	if (comments > 0)
		buf_format(out, "- %lld comments\n", comments);
	json_object_foreach((json_t *) (uintptr_t) others, key, value) {
		buf_format(out, "- %lld × ", (long long) json_integer_value(value));
		add_line(out, str_from(key), DETAIL_BYTES);
		buf_add_char(out, '\n');
	}
	if (is_ghost)
		buf_add_text(out, "- Members are not imported here: people's addresses never pass through the desk.\n");
	buf_add_text(out, "- Menus, themes, settings and passwords; old pages of archives by date, and their further pages\n\n");
}

static void add_pages(const json_t *pages, struct buf *out)
{
	size_t i;

	if (json_array_size(pages) == 0)
		return;
	buf_format(out, "## Pages (%zu)\n\nPages such as About are no stories here. Their texts lie in the folder beside this report;"
		" copy what you need at the desk.\n\n", json_array_size(pages));
	for (i = 0; i < json_array_size(pages); i++) {
		const json_t *page = json_array_get(pages, i);

		buf_add_text(out, "- ");
		add_line(out, http_json_text(page, "title"), DETAIL_BYTES);
		buf_add_text(out, ": ");
		add_line(out, http_json_text(page, "name"), DETAIL_BYTES);
		buf_add_char(out, '\n');
	}
	buf_add_char(out, '\n');
}

bool movein_report_write(const struct movein_report *report, const json_t *site, const json_t *summary, const json_t *pages,
	struct buf *out, struct fault *f)
{
	struct buf text;
	struct str rest;
	struct str line;
	size_t i;

	buf_format(out, "# Moved in from %s\n\n", str_is(http_json_text(site, "from"), "ghost") ? "Ghost" : "WordPress");
	add_line(out, http_json_text(site, "name"), DETAIL_BYTES);
	buf_add_text(out, " ");
	add_line(out, http_json_text(site, "host"), DETAIL_BYTES);
	buf_add_text(out, ", ");
	clock_write_date(out, clock_now());
	buf_add_text(out, "\n\n");
	buf_init(&text, 4096);
	movein_summary_text(summary, &text);
	rest = buf_view(&text);
	while (str_next(&rest, '\n', &line))
		if (line.len > 0)
			buf_format(out, "- %.*s\n", STR_ARG(line));
	buf_release(&text);
	buf_add_char(out, '\n');
	for (i = 0; i < MOVEIN_GROUP_COUNT; i++)
		add_group(report, i, out);
	add_pages(pages, out);
	add_never(site, out);
	return buf_check(out, "the report", f);
}
