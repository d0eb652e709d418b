/* test_drafts.c: drafts of issues (made of a week once a slot, saved, approved, taken back) and the mail that is made of them: what it holds, what
 * it refuses, neutral, in whole, dark, right-to-left.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "desk/desk_doings.h"
#include "desk/issue_draft.h"
#include "desk/issue_mail.h"
#include "desk/story_store.h"
#include "gen/desk_schema.h"
#include "gen/desk_sql.h"
#include "gen/theme_files.h"
#include "house/room.h"
#include "press/theme.h"
#include "store/store.h"

#define DAY_US INT64_C(86400000000)
#define FRIDAY ((struct when){INT64_C(1795766400000000)}) /* 27 November 2026, 08:00 UTC */

static char folder[64];
static struct room room;
static struct arena arena;

static int begin(void **state)
{
	char path[128];
	struct store_options options = {.path = path, .migrations = desk_schema, .queries = desk_sql, .query_count = DESK_SQL_SEARCH_SCHEMA};
	struct fault f = {0};

	(void) state;
	strcpy(folder, "/tmp/mimeo-drafts-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/desk.db", folder);
	memset(&room, 0, sizeof(room));
	room.settings.name = STR("The Tern Courier");
	room.settings.url = STR("https://tern.example");
	room.settings.language = STR("en");
	arena_init(&arena, "test", 256 << 20);
	clock_fix((struct when){FRIDAY.us - DAY_US});
	return store_open(&room.db, &options, &f) && theme_open(&room.theme, theme_files, NULL, &f) ? 0 : fault_print(&f, true);
}

static int end(void **state)
{
	char command[128];

	(void) state;
	store_close(&room.db);
	theme_close(&room.theme);
	arena_release(&arena);
	clock_fix((struct when){0});
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) == 0 ? 0 : -1;
}

/* A published story, `days` before the slot. */
static int64_t story(const char *title, const char *lang, int days)
{
	struct story it = {.identity = str_from(title), .state = STORY_PUBLISHED, .title = str_from(title), .slug = str_format(&arena, "s%d-%s", days, lang),
		.lang = str_from(lang), .dir = story_direction(str_from(lang)), .section = STR("News"), .excerpt = STR("In {{short}}."),
		.body = STR("One **two** three.\n\n[There](/about/) {{x}}\n\n![A dune](photo:0123456789abcdef \"Dunes. Ann / Tern\")"), .alt = STR(""),
		.caption = STR(""), .credit = STR(""), .authors = {STR("Ada Wren"), STR("Ilya Marsh")}, .author_count = 2,
		.published = {FRIDAY.us - days * DAY_US}};
	struct story_saving how = {.now = clock_now(), .by = STR("Ann"), .reason = STR("")};
	struct fault f = {0};
	bool ok = store_begin(room.db, &f) && store_end(room.db, story_save_as(room.db, &it, &how, &arena, &f), &f);

	if (!ok)
		fail_msg("%s", f.say);
	return it.id;
}

static struct issue_draft *read_draft(int64_t id)
{
	struct issue_draft *draft = arena_alloc(&arena, sizeof(*draft));
	struct fault f = {0};

	assert_true(issue_draft_read(&room, id, &arena, draft, &f));
	return draft;
}

static int64_t of_slot(struct when slot, const char *lang)
{
	struct fault f = {0};
	int64_t id = 0;

	if (!issue_draft_from_week_in(&room, slot, str_from(lang), &id, &f))
		fail_msg("%s", f.say);
	return id;
}

static void test_made_of_the_week(void **state)
{
	int64_t ids[4], newest, id;
	struct issue_draft *draft;
	struct fault f = {0};
	size_t count;

	(void) state;
	story("Too old", "en", 9);
	story("Older", "en", 6);
	newest = story("Newest", "en", 2);
	story("Новое", "ru", 3);
	assert_true(issue_draft_from_week(&room, FRIDAY, &id, &f));
	draft = read_draft(id);
	assert_int_equal(draft->state, ISSUE_DRAFT_OPEN);
	assert_int_equal(draft->slot.us, FRIDAY.us);
	assert_int_equal(draft->pick_count, 2);
	assert_int_equal(draft->picks[0].story, newest);
	assert_true(str_is(draft->subject, "Newest"));
	/* once a slot, and again for nobody's id; another language is another draft */
	assert_int_equal(of_slot(FRIDAY, ""), id);
	assert_int_equal(of_slot(FRIDAY, "en"), id);
	assert_true(issue_draft_from_week(&room, FRIDAY, NULL, &f));
	assert_int_not_equal(of_slot(FRIDAY, "ru"), id);
	assert_true(issue_draft_of_slot(&room, FRIDAY, ids, 4, &count, &f));
	assert_int_equal(count, 2);
	/* thrown away, the slot still has had its draft */
	assert_true(issue_draft_move(&room, id, ISSUE_DRAFT_IS_DROPPED, &f));
	assert_int_equal(of_slot(FRIDAY, ""), id);
	/* without a slot there are as many as one likes */
	assert_int_not_equal(of_slot((struct when){0}, ""), of_slot((struct when){0}, ""));
	/* an empty week is a draft, too */
	assert_int_equal(read_draft(of_slot((struct when){FRIDAY.us - 60 * DAY_US}, ""))->pick_count, 0);
}

static void test_saved(void **state)
{
	int64_t one = story("One", "en", 1), two = story("Two", "en", 2);
	struct issue_draft *draft, *other;
	struct fault f = {0};

	(void) state;
	draft = read_draft(of_slot(FRIDAY, ""));
	other = read_draft(draft->id);
	draft->subject = STR("  The wells fail  ");
	draft->intro = STR("Good *morning*.");
	draft->picks[0] = (struct issue_pick){two, STR("A line")};
	draft->picks[1] = (struct issue_pick){one, {NULL, 0}};
	draft->is_neutral = true;
	assert_true(issue_draft_save(&room, draft, STR("Ann"), &arena, &f));
	/* who began before that save changes nothing */
	other->subject = STR("Mine");
	assert_false(issue_draft_save(&room, other, STR("Bob"), &arena, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	other = read_draft(draft->id);
	assert_true(str_is(other->subject, "The wells fail"));
	assert_true(str_is(other->changed_by, "Ann"));
	assert_int_equal(other->picks[0].story, two);
	assert_true(str_is(other->picks[0].line, "A line"));
	assert_true(other->is_neutral);
	assert_int_equal(other->version, draft->version);
	/* the same again, by whom has the newest */
	assert_true(issue_draft_save(&room, other, STR("Bob"), &arena, &f));
}

static void test_what_a_draft_refuses(void **state)
{
	struct issue_draft *draft;
	struct fault f = {0};
	char long_text[400];

	(void) state;
	story("One", "en", 1);
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	for (int i = 0; i < 5; i++) {
		draft = read_draft(of_slot(FRIDAY, ""));
		fault_clear(&f);
		if (i == 0)
			draft->subject = str_from(long_text);
		else if (i == 1)
			draft->subject = STR("two\r\nBcc: lines");
		else if (i == 2)
			draft->preheader = STR("broken \xff");
		else if (i == 3)
			draft->picks[draft->pick_count++] = draft->picks[0];
		else
			draft->picks[0].line = str_make(arena_alloc(&arena, 401 * 4), 401 * 4);
		assert_false(issue_draft_save(&room, draft, STR("Ann"), &arena, &f));
		assert_int_equal(f.kind, FAULT_INPUT);
	}
	assert_int_equal(read_draft(of_slot(FRIDAY, ""))->version, 1);
}

static void test_approved_and_taken_back(void **state)
{
	int64_t id, version;
	struct fault f = {0};

	(void) state;
	story("One", "en", 1);
	id = of_slot(FRIDAY, "");
	version = read_draft(id)->version;
	assert_false(issue_draft_approve(&room, id, version + 1, 77, STR("Ann"), &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_true(issue_draft_approve(&room, id, version, 77, STR("Ann"), &f));
	assert_int_equal(read_draft(id)->state, ISSUE_DRAFT_APPROVED);
	assert_int_equal(read_draft(id)->issue, 77);
	/* nobody writes into what is approved, nor approves it twice, nor throws it away */
	assert_false(issue_draft_save(&room, read_draft(id), STR("Ann"), &arena, &f));
	fault_clear(&f);
	assert_false(issue_draft_approve(&room, id, version, 78, STR("Bob"), &f));
	fault_clear(&f);
	assert_false(issue_draft_move(&room, id, ISSUE_DRAFT_IS_DROPPED, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_true(issue_draft_move(&room, id, ISSUE_DRAFT_IS_REOPENED, &f));
	assert_true(read_draft(id)->slot.us != 0); /* the slot is still to come */
	assert_true(issue_draft_save(&room, read_draft(id), STR("Ann"), &arena, &f));
	assert_true(issue_draft_move(&room, id, ISSUE_DRAFT_IS_SKIPPED, &f));
	assert_true(read_draft(id)->slot.us != 0);
	assert_false(issue_draft_move(&room, id, ISSUE_DRAFT_IS_ISSUED, &f));
	fault_clear(&f);
	clock_fix((struct when){FRIDAY.us + DAY_US});
	assert_true(issue_draft_move(&room, id, ISSUE_DRAFT_IS_REOPENED, &f));
	assert_true(read_draft(id)->slot.us == 0); /* that one is over: it goes at another time */
}

/* --- the mail --- */

static bool compose(const struct issue_draft *draft, bool is_strict, struct issue_mail *mail, struct fault *f)
{
	struct desk_issue_wish wish;

	return issue_mail_wish(draft, &arena, &wish, f) && issue_mail_compose(&room, &wish, is_strict, &arena, mail, f);
}

static bool has(struct str text, const char *needle)
{
	return str_find(text, str_from(needle)) != SIZE_MAX;
}

static void test_mail(void **state)
{
	struct issue_draft *draft;
	struct issue_mail mail;
	struct fault f = {0};

	(void) state;
	story("Wells & <wires>", "en", 1);
	story("Two", "en", 2);
	draft = read_draft(of_slot(FRIDAY, ""));
	draft->subject = STR("The wells {{fail}}");
	draft->intro = STR("Good *morning*, [look](/support/).");
	draft->signoff = STR("Yours, **the desk**");
	draft->picks[1].line = STR("A line of its own");
	if (!compose(draft, true, &mail, &f))
		fail_msg("%s", f.say);
	assert_true(str_is(mail.title, "The wells { {fail} }"));
	assert_true(str_equal(mail.title, mail.subject));
	assert_int_equal(mail.sender_name.len, 0);
	assert_true(has(mail.html, "Wells &amp; &lt;wires&gt;"));
	assert_true(has(mail.html, "<em>morning</em>"));
	assert_true(has(mail.html, "href=\"https://tern.example/support/\""));
	assert_true(has(mail.html, "A line of its own"));
	assert_true(has(mail.html, "In { {short} }."));
	assert_true(has(mail.html, "<strong>the desk</strong>"));
	assert_true(has(mail.html, "Friday, 27 November 2026")); /* the day on which it goes, not the one on which it was composed */
	assert_true(has(mail.text, "Yours, the desk"));
	assert_true(has(mail.text, "A line of its own"));
	assert_false(has(mail.html, "One <strong>two</strong> three"));
	assert_true(has(mail.preheader, "In { {short} }."));
	assert_true(mail.html.len < ISSUE_GOAL_BYTES);
	assert_true(has(issue_mail_dark(mail.html, &arena), "@media all{"));
	assert_false(has(issue_mail_dark(mail.html, &arena), "prefers-color-scheme:dark"));
}

static void test_whole_text(void **state)
{
	struct issue_draft *draft;
	struct issue_mail mail;
	struct fault f = {0};

	(void) state;
	story("One", "en", 1);
	draft = read_draft(of_slot(FRIDAY, ""));
	draft->is_full = true;
	if (!compose(draft, true, &mail, &f))
		fail_msg("%s", f.say);
	assert_true(has(mail.html, "One <strong>two</strong> three."));
	assert_true(has(mail.html, "By Ada Wren and Ilya Marsh"));
	assert_true(has(mail.html, "href=\"https://tern.example/about/\""));
	assert_true(has(mail.html, "{ {x} }"));
	assert_false(has(mail.html, "photo:"));
	assert_true(has(mail.text, "One two three."));
	assert_true(has(mail.text, "By Ada Wren and Ilya Marsh"));
}

static void test_neutral(void **state)
{
	struct issue_draft *draft;
	struct issue_mail mail;
	struct fault f = {0};

	(void) state;
	story("Wells", "en", 1);
	draft = read_draft(of_slot(FRIDAY, ""));
	draft->is_neutral = true;
	draft->preheader = STR("Wells, wells");
	assert_true(compose(draft, true, &mail, &f));
	assert_true(str_is(mail.title, "Wells"));
	assert_true(str_is(mail.subject, "Your weekly letter"));
	assert_true(str_is(mail.sender_name, "Weekly letter"));
	assert_true(str_is(mail.preheader, "Your weekly letter"));
	assert_true(has(mail.html, "<title>Your weekly letter</title>"));
	draft->neutral_subject = STR("Recipes");
	draft->neutral_name = STR("Kitchen");
	assert_true(compose(draft, true, &mail, &f));
	assert_true(str_is(mail.subject, "Recipes"));
	assert_true(str_is(mail.sender_name, "Kitchen"));
}

static void test_arabic(void **state)
{
	struct issue_draft *draft;
	struct issue_mail mail;
	struct fault f = {0};

	(void) state;
	story("مياه", "ar", 1);
	draft = read_draft(of_slot(FRIDAY, "ar"));
	assert_true(compose(draft, true, &mail, &f));
	assert_true(has(mail.html, "<html lang=\"ar\" dir=\"rtl\">"));
	assert_true(str_is(mail.lang, "ar"));
	draft->is_neutral = true;
	assert_true(compose(draft, true, &mail, &f));
	assert_false(has(mail.subject, "mail_neutral"));
}

static void test_not_fit_to_be_sent(void **state)
{
	struct issue_draft *draft;
	struct issue_mail mail;
	struct fault f = {0};
	int64_t one;

	(void) state;
	draft = read_draft(of_slot(FRIDAY, ""));
	assert_true(compose(draft, false, &mail, &f)); /* a preview there is */
	assert_false(compose(draft, true, &mail, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	fault_clear(&f);
	draft->subject = STR("A subject");
	assert_false(compose(draft, true, &mail, &f));
	assert_true(has(str_from(f.say), "at least one story"));
	fault_clear(&f);
	one = story("One", "en", 1);
	draft->picks[0].story = one;
	draft->picks[1].story = 4711; /* deleted meanwhile */
	draft->pick_count = 2;
	assert_false(compose(draft, true, &mail, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	fault_clear(&f);
	assert_true(compose(draft, false, &mail, &f));
	assert_int_equal(mail.count, 1);
	assert_int_equal(mail.missing, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_made_of_the_week), TEST(test_saved), TEST(test_what_a_draft_refuses), TEST(test_approved_and_taken_back), TEST(test_mail),
		TEST(test_whole_text), TEST(test_neutral), TEST(test_arabic), TEST(test_not_fit_to_be_sent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("drafts", tests, NULL, NULL);
}
