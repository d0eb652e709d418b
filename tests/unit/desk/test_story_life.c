/* test_story_life.c: the life of a story in desk.db: steps, revisions, the schedule and the clock, working copies, finding, a byline that is
 * taken out, and an older database that comes along.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "desk/story_byline.h"
#include "desk/story_store.h"
#include "desk/story_typed.h"
#include "gen/desk_schema.h"
#include "gen/desk_sql.h"
#include "store/store.h"

#define SECOND_US INT64_C(1000000)
#define NOON ((struct when){INT64_C(1795435200000000)})

static char folder[64];
static char path[128];
static struct store *db;
static struct arena arena;

static void open_store(const struct embed_file *migrations)
{
	struct store_options options = {.path = path, .migrations = migrations, .queries = desk_sql, .query_count = DESK_SQL_SEARCH_SCHEMA};
	struct fault f = {0};

	if (migrations != desk_schema)
		options.query_count = 0;
	if (!store_open(&db, &options, &f)) {
		fault_print(&f, true);
		fail();
	}
}

static int begin(void **state)
{
	(void) state;
	strcpy(folder, "/tmp/mimeo-life-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/desk.db", folder);
	arena_init(&arena, "test", 256 << 20);
	clock_fix(NOON);
	open_store(desk_schema);
	return 0;
}

static int end(void **state)
{
	char command[128];

	(void) state;
	store_close(&db);
	arena_release(&arena);
	clock_fix((struct when){0});
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) == 0 ? 0 : -1;
}

/* One number, asked of the file beside the store. */
static int64_t ask(const char *sql)
{
	sqlite3 *own = NULL;
	sqlite3_stmt *statement = NULL;
	int64_t number = -1;

	assert_int_equal(sqlite3_open_v2(path, &own, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(own, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(own));
	if (sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(own);
	return number;
}

static struct story fresh(const char *identity)
{
	return (struct story){.identity = str_from(identity), .state = STORY_DRAFT, .title = str_from(identity), .slug = str_from(identity),
		.lang = STR("en"), .dir = STR("ltr"), .section = STR("News"), .excerpt = STR("In short."), .body = STR("One two three.\n\nFour."),
		.alt = STR(""), .caption = STR(""), .credit = STR(""), .authors = {STR("Ada Wren"), STR("Ilya Marsh")}, .author_count = 2};
}

static int64_t save_by(struct story *story, const char *by, const char *reason)
{
	struct story_saving how = {.now = clock_now(), .by = str_from(by), .reason = str_from(reason)};
	struct fault f = {0};

	if (!store_begin(db, &f) || !store_end(db, story_save_as(db, story, &how, &arena, &f), &f))
		fail_msg("%s %s", f.say, f.detail);
	return story->id;
}

static bool step(int64_t id, enum story_state to, int64_t due_us, struct fault *f)
{
	struct story_step how = {.to = to, .now = clock_now(), .due = {due_us}, .note = STR("Shorter."), .by = STR("Anna")};

	return story_take_step(db, id, &how, f);
}

static enum story_state state_of(int64_t id)
{
	struct story story;
	struct fault f = {0};

	assert_true(story_load(db, id, &arena, &story, NULL, &f));
	return story.state;
}

/* --- states --- */

/* Every pair of states: what the table says is what the database does. */
static void only_the_steps_of_the_table_are_taken(void **state)
{
	int from, to;
	char name[32] = "pair";

	(void) state;
	for (from = 0; from < STORY_STATE_COUNT; from++)
		for (to = 0; to < STORY_STATE_COUNT; to++) {
			struct story story = fresh(name);
			struct fault f = {0};
			bool stays = from == to && to != STORY_SCHEDULED;

			snprintf(name, sizeof(name), "pair-%d-%d", from, to);
			story.identity = story.slug = str_copy(str_from(name), &arena);
			story.state = (enum story_state) from;
			story.due.us = from == STORY_SCHEDULED ? NOON.us + 60 * SECOND_US : 0;
			save_by(&story, "t", "");
			assert_int_equal(step(story.id, (enum story_state) to, NOON.us + 90 * SECOND_US, &f),
				stays || story_may_become((enum story_state) from, (enum story_state) to));
			if (f.kind != FAULT_NONE)
				assert_int_equal(f.kind, FAULT_CONFLICT);
			assert_int_equal(state_of(story.id), stays || story_may_become((enum story_state) from, (enum story_state) to) ? to : from);
		}
	assert_false(story_may_become(STORY_PUBLISHED, STORY_DRAFT));
	assert_false(story_may_become(STORY_PUBLISHED, STORY_SCHEDULED));
	assert_true(story_may_become(STORY_REVIEW, STORY_DRAFT));
	assert_int_equal(ask("SELECT count(*) FROM story WHERE (state = 'scheduled') <> (due IS NOT NULL)"), 0);
	/* the tabs' counts are true after all that */
	assert_int_equal(ask("SELECT count(*) FROM story_count c WHERE c.stories <> (SELECT count(*) FROM story s WHERE s.state = c.state)"), 0);
	assert_int_equal(ask("SELECT sum(stories) FROM story_count"), STORY_STATE_COUNT * STORY_STATE_COUNT);
}

static void readers_get_no_empty_story(void **state)
{
	struct story story = fresh("empty");
	struct fault f = {0};

	(void) state;
	story.body = STR(" \n");
	save_by(&story, "t", "");
	assert_false(step(story.id, STORY_PUBLISHED, 0, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	fault_clear(&f);
	assert_false(step(story.id, STORY_SCHEDULED, NOON.us + SECOND_US, &f));
	fault_clear(&f);
	story.body = STR("Text.");
	save_by(&story, "t", "");
	assert_false(step(story.id, STORY_SCHEDULED, NOON.us, &f)); /* now is not to come */
	assert_int_equal(f.kind, FAULT_INPUT);
	fault_clear(&f);
	assert_true(step(story.id, STORY_PUBLISHED, 0, &f));
	assert_int_equal(ask("SELECT count(*) FROM bake_queue"), 1);
}

static void a_note_goes_back_with_the_story(void **state)
{
	struct story story = fresh("note");
	struct story_more more;
	struct fault f = {0};

	(void) state;
	save_by(&story, "t", "");
	assert_true(step(story.id, STORY_REVIEW, 0, &f));
	assert_true(step(story.id, STORY_DRAFT, 0, &f));
	assert_true(story_load(db, story.id, &arena, &story, &more, &f));
	assert_true(str_is(more.note, "Shorter."));
	assert_true(str_is(more.note_by, "Anna"));
}

/* --- the schedule --- */

static size_t publish_due(struct when *next)
{
	struct fault f = {0};
	size_t count = 0;

	if (!story_publish_due(db, clock_now(), &count, next, &f))
		fail_msg("%s", f.say);
	return count;
}

static void a_story_appears_when_the_clock_says_so(void **state)
{
	struct story one = fresh("one");
	struct story two = fresh("two");
	struct fault f = {0};
	struct when next;

	(void) state;
	save_by(&one, "t", "");
	save_by(&two, "t", "");
	assert_true(step(one.id, STORY_SCHEDULED, NOON.us + 10 * SECOND_US, &f));
	assert_true(step(two.id, STORY_SCHEDULED, NOON.us + 3600 * SECOND_US, &f));
	assert_int_equal(ask("SELECT count(*) FROM bake_queue"), 0); /* nobody is told before */
	assert_int_equal(publish_due(&next), 0);
	assert_int_equal(next.us, NOON.us + 10 * SECOND_US);
	clock_fix((struct when){NOON.us + 10 * SECOND_US - 1});
	assert_int_equal(publish_due(&next), 0);
	clock_fix((struct when){NOON.us - 86400 * SECOND_US}); /* a day back: it waits longer */
	assert_int_equal(publish_due(&next), 0);
	clock_fix((struct when){NOON.us + 10 * SECOND_US});
	assert_int_equal(publish_due(&next), 1);
	assert_int_equal(publish_due(&next), 0);
	assert_int_equal(state_of(one.id), STORY_PUBLISHED);
	assert_int_equal(next.us, NOON.us + 3600 * SECOND_US);
	clock_fix((struct when){NOON.us + 40 * 86400 * SECOND_US}); /* the house stood still for weeks: under its own date all the same */
	assert_int_equal(publish_due(&next), 1);
	assert_int_equal(next.us, 0);
	assert_true(story_load(db, two.id, &arena, &two, NULL, &f));
	assert_int_equal(two.published.us, NOON.us + 3600 * SECOND_US);
	assert_int_equal(two.due.us, 0);
	assert_int_equal(ask("SELECT count(*) FROM audit WHERE who = 'the schedule'"), 2);
	assert_int_equal(ask("SELECT count(*) FROM bake_queue"), 2);
}

static void one_that_cannot_appear_is_put_back_and_says_why(void **state)
{
	struct story one = fresh("one");
	struct story two = fresh("two");
	struct story_more more;
	struct fault f = {0};
	struct when next;

	(void) state;
	save_by(&one, "t", "");
	save_by(&two, "t", "");
	assert_true(step(one.id, STORY_SCHEDULED, NOON.us + 10 * SECOND_US, &f));
	assert_true(step(two.id, STORY_SCHEDULED, NOON.us + 10 * SECOND_US, &f));
	assert_int_equal(ask("UPDATE story SET title = '' WHERE slug = 'one' RETURNING 1"), 1);
	clock_fix((struct when){NOON.us + 10 * SECOND_US});
	assert_int_equal(publish_due(&next), 1);
	assert_int_equal(next.us, 0); /* and nothing is tried again */
	assert_int_equal(state_of(two.id), STORY_PUBLISHED);
	assert_true(story_load(db, one.id, &arena, &one, &more, &f));
	assert_int_equal(one.state, STORY_DRAFT);
	assert_true(str_starts(more.note, STR("It was not published on time: ")));
	assert_true(str_is(more.note_by, "the schedule"));
}

static void unscheduled_is_a_draft_without_a_date(void **state)
{
	struct story story = fresh("later");
	struct story other = fresh("later-two");
	struct fault f = {0};

	(void) state;
	save_by(&story, "t", "");
	assert_true(step(story.id, STORY_SCHEDULED, NOON.us + 10 * SECOND_US, &f));
	other.slug = STR("later");
	save_by(&other, "t", "");
	assert_false(step(other.id, STORY_SCHEDULED, NOON.us + 20 * SECOND_US, &f)); /* one address, one day: found out now, not at night */
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_true(step(story.id, STORY_DRAFT, 0, &f));
	assert_true(step(other.id, STORY_SCHEDULED, NOON.us + 20 * SECOND_US, &f));
	assert_true(story_load(db, story.id, &arena, &story, NULL, &f));
	assert_int_equal(story.published.us, 0);
	assert_int_equal(story.path.len, 0);
	save_by(&story, "t", ""); /* a save keeps that */
	assert_true(step(other.id, STORY_SCHEDULED, NOON.us + 30 * SECOND_US, &f)); /* another time */
	assert_true(step(other.id, STORY_PUBLISHED, 0, &f)); /* or now after all: then that is its date */
	assert_true(story_load(db, other.id, &arena, &other, NULL, &f));
	assert_int_equal(other.published.us, NOON.us);
}

static void every_write_of_a_step_may_fail(void **state)
{
	struct story story = fresh("fails");
	struct fault f = {0};
	struct when next;
	size_t count;
	int n;

	(void) state;
	save_by(&story, "t", "");
	assert_true(step(story.id, STORY_SCHEDULED, NOON.us + SECOND_US, &f));
	clock_fix((struct when){NOON.us + 2 * SECOND_US});
	for (n = 1; n < 60; n++) {
		fault_clear(&f);
		store_fail_at(db, n);
		if (!story_publish_due(db, clock_now(), &count, &next, &f))
			assert_int_not_equal(f.kind, FAULT_NONE);
		store_fail_at(db, 0);
		if (state_of(story.id) == STORY_PUBLISHED)
			break;
		assert_int_equal(ask("SELECT count(*) FROM bake_queue") + ask("SELECT count(*) FROM audit"), 0); /* all or nothing */
	}
	assert_in_range(n, 5, 59);
	assert_int_equal(ask("SELECT count(*) FROM bake_queue"), 1);
}

/* --- revisions --- */

static void a_revision_says_what_changed(void **state)
{
	struct story story = fresh("revised");
	struct story_revision revision;
	struct fault f = {0};
	bool found;
	bool moved;

	(void) state;
	save_by(&story, "Ada", "");
	save_by(&story, "Ada", ""); /* nothing changed: no row */
	assert_int_equal(ask("SELECT count(*) FROM story_revision"), 1);
	story.body = STR("One two three.\n\nFour five six.");
	story.authors[0] = STR("A. W.");
	story.section = STR("Culture");
	save_by(&story, "Anna", "shorter name");
	assert_true(story_revision_load(db, story.id, 2, &arena, &revision, &found, &f));
	assert_true(found);
	assert_int_equal(revision.words_added, 2);
	assert_int_equal(revision.words_removed, 0);
	assert_true(str_is(revision.other, "byline, section"));
	assert_true(str_is(revision.reason, "shorter name"));
	assert_true(str_is(revision.made_by, "Anna"));
	assert_true(str_is(revision.bylines, "A. W.\nIlya Marsh"));
	assert_true(story_has_moved_on(db, story.id, 1, &moved, &f));
	assert_true(moved);
	assert_true(story_has_moved_on(db, story.id, 2, &moved, &f));
	assert_false(moved);
	/* a correction alone undoes nobody's typing */
	story.corrections[story.correction_count++] = (struct story_correction){.made = NOON, .text = STR("Was wrong."), .kind = STORY_CLARIFIES};
	save_by(&story, "Anna", "");
	assert_true(story_has_moved_on(db, story.id, 2, &moved, &f));
	assert_false(moved);
	story.title = STR("revised!");
	save_by(&story, "Anna", ""); /* no word more, but another text */
	assert_true(story_has_moved_on(db, story.id, 2, &moved, &f));
	assert_true(moved);
	assert_true(story_load(db, story.id, &arena, &story, NULL, &f));
	assert_int_equal(story.corrections[0].kind, STORY_CLARIFIES);
}

/* --- what is typed --- */

static int64_t add_staff(int64_t id, const char *name)
{
	struct fault f = {0};

	assert_true(store_run(db, DESK_SQL_STAFF_INSERT, STORE_ARGS(store_i64(id), store_text(str_from(name)), store_text(STR("editor")),
		store_i64(NOON.us)), NULL, &f));
	return id;
}

static void typed_fields_become_a_story(void **state)
{
	struct story story = fresh("typed");
	struct story_typed typed;
	struct fault f = {0};

	(void) state;
	story_typed_from(&story, 3, &arena, &typed);
	assert_true(story_typed_apply(&typed, STR("en"), &arena, &story, &f));
	typed.title = STR("  River Towns:\nbrace  ");
	typed.slug = STR("");
	typed.bylines = STR("Ada Wren\n\n Ilya Marsh \nAda Wren");
	typed.topics = STR("rivers, , floods ,rivers");
	typed.lang = STR("ar");
	assert_true(story_typed_apply(&typed, STR("en"), &arena, &story, &f));
	assert_true(str_is(story.title, "River Towns: brace"));
	assert_true(str_is(story.slug, "river-towns-brace"));
	assert_int_equal(story.author_count, 2);
	assert_int_equal(story.topic_count, 2);
	assert_true(str_is(story.dir, "rtl"));
	typed.lang = STR("Not a language");
	assert_false(story_typed_apply(&typed, STR("en"), &arena, &story, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	fault_clear(&f);
	typed.lang = STR("");
	typed.credit = STR("Wood \x01 / Agency");
	assert_false(story_typed_apply(&typed, STR("en"), &arena, &story, &f));
	fault_clear(&f);
	typed.credit = STR("");
	typed.title = typed.slug = STR("???");
	assert_false(story_typed_apply(&typed, STR("en"), &arena, &story, &f));
	fault_clear(&f);
	typed.title = typed.slug = typed.body = STR(""); /* a draft may be empty */
	assert_true(story_typed_apply(&typed, STR("en"), &arena, &story, &f));
}

static void a_time_that_does_not_exist_is_refused(void **state)
{
	struct story_typed typed = {.day = STR("2027-03-28"), .hour = STR("02:30")};
	struct fault f = {0};
	struct when due;

	(void) state;
	assert_true(clock_set_zone(STR("Europe/Amsterdam"), &f));
	assert_false(story_typed_due(&typed, &due, &f));
	assert_non_null(strstr(f.say, "does not exist"));
	assert_non_null(strstr(f.say, "03:30"));
	fault_clear(&f);
	typed.hour = STR("03:30");
	assert_true(story_typed_due(&typed, &due, &f));
	assert_int_equal(clock_civil(due).hour, 3);
	typed.hour = STR("18:00:30");
	assert_true(story_typed_due(&typed, &due, &f));
	assert_int_equal(clock_civil(due).second, 30);
	typed.day = STR("2027-02-30");
	assert_false(story_typed_due(&typed, &due, &f));
	fault_clear(&f);
	typed.day = STR("");
	assert_false(story_typed_due(&typed, &due, &f));
	fault_clear(&f);
	assert_true(clock_set_zone(STR("UTC"), &f));
}

/* What somebody made of the photo's words meanwhile stands, unless they were typed anew. */
static void words_that_nobody_touched_are_left_alone(void **state)
{
	struct story story = fresh("words");
	struct story_typed typed;
	struct fault f = {0};

	(void) state;
	story.caption = STR("The old harbour.");
	story.credit = STR("Ada Wren / AP");
	story_typed_from(&story, 1, &arena, &typed);
	story.caption = STR("The new harbour.");
	assert_true(story_typed_apply(&typed, STR("en"), &arena, &story, &f));
	assert_true(str_is(story.caption, "The new harbour."));
	typed.credit = STR("Jo Reed / AP");
	assert_true(story_typed_apply(&typed, STR("en"), &arena, &story, &f));
	assert_true(str_is(story.caption, "The old harbour.") && str_is(story.credit, "Jo Reed / AP"));
}

static void working_copies_are_their_writers_and_are_not_lost(void **state)
{
	struct story story = fresh("working");
	struct story_typed typed, back;
	struct fault f = {0};
	bool found;
	int64_t ada, ben;

	(void) state;
	save_by(&story, "Ada", "");
	ada = add_staff(1, "Ada");
	ben = add_staff(2, "Ben");
	story_typed_from(&story, 1, &arena, &typed);
	typed.body = STR("Ada types.");
	typed.day = STR("2027-01-01");
	assert_true(story_working_put(db, story.id, ada, &typed, NOON, &f));
	assert_true(story_working_get(db, story.id, ben, 0, &arena, &back, &found, &f));
	assert_false(found);
	assert_true(story_working_get(db, story.id, ada, 0, &arena, &back, &found, &f));
	assert_true(found);
	assert_true(story_typed_same(&typed, &back));
	assert_true(str_is(back.day, "2027-01-01"));
	assert_int_equal(back.base, 1);
	assert_int_equal(ask("SELECT count(*) FROM story_revision"), 1); /* no revision */
	/* set aside twice, taken again: three texts, none lost */
	assert_true(story_working_keep(db, story.id, ada, (struct when){NOON.us + 1}, &f));
	typed.body = STR("Ada types again.");
	assert_true(story_working_put(db, story.id, ada, &typed, NOON, &f));
	assert_true(story_working_take(db, story.id, ada, NOON.us + 1, (struct when){NOON.us + 2}, &arena, &f));
	assert_true(story_working_get(db, story.id, ada, 0, &arena, &back, &found, &f));
	assert_true(str_is(back.body, "Ada types."));
	assert_true(story_working_get(db, story.id, ada, NOON.us + 2, &arena, &back, &found, &f));
	assert_true(found && str_is(back.body, "Ada types again."));
	assert_false(story_working_take(db, story.id, ada, 99, NOON, &arena, &f));
	assert_int_equal(f.kind, FAULT_MISSING);
}

static void who_is_in_is_forgotten_after_silence(void **state)
{
	struct story story = fresh("editing");
	struct story_editor others[4];
	struct fault f = {0};
	size_t count;

	(void) state;
	save_by(&story, "Ada", "");
	add_staff(1, "Ada");
	add_staff(2, "Ben");
	story_editing_note(db, story.id, 1, NOON);
	story_editing_note(db, story.id, 1, (struct when){NOON.us + 60 * SECOND_US});
	assert_true(story_editing_others(db, story.id, 2, (struct when){NOON.us + 61 * SECOND_US}, &arena, others, 4, &count, &f));
	assert_int_equal(count, 1);
	assert_true(str_is(others[0].name, "Ada"));
	assert_int_equal(others[0].since.us, NOON.us);
	assert_true(story_editing_others(db, story.id, 1, NOON, &arena, others, 4, &count, &f));
	assert_int_equal(count, 0); /* not oneself */
	assert_true(story_editing_others(db, story.id, 2, (struct when){NOON.us + 400 * SECOND_US}, &arena, others, 4, &count, &f));
	assert_int_equal(count, 0);
	story_editing_note(db, story.id, 1, (struct when){NOON.us + 900 * SECOND_US});
	assert_true(story_editing_others(db, story.id, 2, (struct when){NOON.us + 901 * SECOND_US}, &arena, others, 4, &count, &f));
	assert_int_equal(others[0].since.us, NOON.us + 900 * SECOND_US); /* came back: since then */
}

/* --- finding --- */

static int64_t found_with(const char *typed)
{
	struct str words = story_find_words(str_from(typed), &arena);
	struct store_rows rows;
	struct fault f = {0};
	int64_t count = 0;

	if (words.len == 0)
		assert_true(store_rows_begin(db, DESK_SQL_LISTING_BY_DATE, STORE_ARGS(store_text(STR("")), store_text(STR("")), store_text(STR("")),
			store_i64(51), store_i64(0)), &rows, &f));
	else
		assert_true(store_rows_begin(db, DESK_SQL_LISTING_OF_WORDS, STORE_ARGS(store_text(STR("")), store_text(STR("")), store_text(STR("")),
			store_i64(51), store_i64(0), store_text(STR("")), store_text(STR("")), store_text(words), store_i64(3000)), &rows, &f));
	while (store_rows_next(&rows, &f))
		count++;
	if (!store_rows_end(&rows))
		fail_msg("%s: %s", typed, f.detail);
	return count;
}

static void stories_are_found_by_beginnings_in_any_script(void **state)
{
	struct story story = fresh("found");
	struct fault f = {0};
	int64_t last = 0;

	(void) state;
	story.title = STR("Зелёная Оранжерея");
	story.topics[story.topic_count++] = STR("قُرَى");
	save_by(&story, "t", "");
	assert_int_equal(found_with("зеленая оранж"), 1);
	assert_int_equal(found_with("قرى"), 1);
	assert_int_equal(found_with("ada WREN news"), 1);
	assert_int_equal(found_with("ada nothing"), 0);
	/* FTS5's own language is only letters here */
	assert_int_equal(found_with("\"ada\" OR nothing*"), 0);
	assert_int_equal(found_with("NEAR(ada wren) ^found : -x ("), 0);
	assert_int_equal(found_with("\"\"\" '"), 1); /* nothing was asked: all */
	story.title = STR("Renamed");
	save_by(&story, "t", "");
	assert_int_equal(found_with("оранжерея"), 0);
	assert_true(story_find_some(db, &last, &f));
	assert_int_equal(last, 0); /* nothing is missing */
}

/* --- a byline goes --- */

static bool file_holds(const char *name, const char *needle)
{
	struct arena own;
	struct str bytes = {NULL, 0};
	struct fault f = {0};
	bool holds = false;

	arena_init(&own, "file", 64 << 20);
	if (file_read(AT_FDCWD, name, 32 << 20, &own, &bytes, &f))
		holds = str_find(bytes, str_from(needle)) != SIZE_MAX;
	arena_release(&own);
	return holds;
}

static void a_name_is_taken_out_of_the_database(void **state)
{
	struct story one = fresh("one");
	struct story two = fresh("two");
	struct byline_counts done;
	struct story_typed typed;
	struct fault f = {0};
	char wal[160];

	(void) state;
	one.state = STORY_PUBLISHED;
	one.authors[0] = STR("Zenobia Quill");
	save_by(&one, "Zenobia Quill", "");
	one.body = STR("Another text.");
	one.authors[0] = STR("Ada Wren");
	save_by(&one, "Zenobia Quill", ""); /* only an old revision has it here */
	two.authors[0] = STR("Zenobia Quill");
	two.authors[1] = STR("The Editors");
	two.state = STORY_PUBLISHED;
	save_by(&two, "Anna", "");
	add_staff(1, "Anna");
	story_typed_from(&two, 1, &arena, &typed);
	assert_true(story_working_put(db, two.id, 1, &typed, NOON, &f));
	assert_int_equal(found_with("zenobia"), 1);
	assert_true(file_holds(path, "Zenobia") || file_holds((snprintf(wal, sizeof(wal), "%s-wal", path), wal), "Zenobia"));

	assert_false(story_byline_remove(db, STR("Zenobia"), STR(""), &done, &f)); /* letter by letter */
	assert_int_equal(f.kind, FAULT_MISSING);
	fault_clear(&f);
	assert_true(story_byline_remove(db, STR("Zenobia Quill"), STR("The Editors"), &done, &f));
	assert_int_equal(done.stories, 1);
	assert_int_equal(done.revisions, 2);
	assert_int_equal(done.made, 2);
	assert_true(story_load(db, two.id, &arena, &two, NULL, &f));
	assert_int_equal(two.author_count, 1); /* the pseudonym stood there already: once */
	assert_true(str_is(two.authors[0], "The Editors"));
	assert_int_equal(found_with("zenobia"), 0);
	assert_int_equal(ask("SELECT count(*) FROM gone"), 1);
	assert_int_equal(ask("SELECT count(*) FROM list WHERE slug LIKE 'zenobia%'"), 0);
	assert_int_equal(ask("SELECT count(*) FROM story_revision WHERE made_by = 'staff'"), 2);
	assert_int_equal(ask("SELECT count(*) FROM bake_queue WHERE story IS NULL"), 1);
	assert_int_equal(ask("SELECT count(*) FROM story_working WHERE bylines = 'The Editors'"), 1);
	/* and no byte of it is left in the file, nor in its log */
	snprintf(wal, sizeof(wal), "%s-wal", path);
	assert_false(file_holds(path, "Zenobia") || file_holds(path, "zenobia"));
	assert_false(file_holds(wal, "Zenobia") || file_holds(wal, "zenobia"));
}

/* --- an older database --- */

static void an_older_database_comes_along(void **state)
{
	struct embed_file old[4] = {desk_schema[0], desk_schema[1], desk_schema[2], {NULL, {NULL, 0}}};
	struct story_revision revision;
	struct story story;
	struct story_more more;
	struct fault f = {0};
	int64_t last = 0;
	sqlite3 *own = NULL;
	bool found;

	(void) state;
	store_close(&db);
	(void) unlink(path);
	open_store(old);
	store_close(&db);
	assert_int_equal(sqlite3_open(path, &own), SQLITE_OK);
	assert_int_equal(sqlite3_exec(own, "INSERT INTO story VALUES (7, 'old', 'published', 'Old', 'old', 'en', 'ltr', 'News', 'E', 'B', NULL, '', '', '', 1795000000000000,"
		" NULL, '/2026/11/18/old/', 1, 2, 1795000000000000, NULL);"
		"INSERT INTO story_revision VALUES (7, 1, 1, 'import', 'Old', 'E', 'A'), (7, 2, 2, 'import', 'Old', 'E', 'B');"
		"INSERT INTO story_author VALUES (7, 0, 'Ada Wren'), (7, 1, 'Ilya Marsh'); INSERT INTO story_topic VALUES (7, 0, 'Courts');"
		"INSERT INTO story_correction VALUES (7, 0, 5, 'Was wrong.', 1);"
		"INSERT INTO list VALUES (1, 'section', 'news', 'News', 1); INSERT INTO list_slot VALUES (1, 0, 7); INSERT INTO moved VALUES ('/old/', 7);", NULL,
		NULL, NULL), SQLITE_OK);
	sqlite3_close(own);
	open_store(desk_schema);
	assert_true(story_load(db, 7, &arena, &story, &more, &f));
	assert_int_equal(story.author_count, 2);
	assert_int_equal(story.topic_count, 1);
	assert_int_equal(story.corrections[0].kind, STORY_CORRECTS);
	assert_true(story.corrections[0].grave);
	assert_true(more.was_public);
	assert_int_equal(ask("SELECT count(*) FROM list_slot") + ask("SELECT count(*) FROM moved"), 2);
	assert_true(story_revision_load(db, 7, 2, &arena, &revision, &found, &f));
	assert_true(str_is(revision.bylines, "Ada Wren\nIlya Marsh"));
	assert_int_equal(found_with("old"), 0);
	assert_true(story_find_some(db, &last, &f)); /* what a start does, some at a time */
	assert_int_equal(found_with("old"), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(only_the_steps_of_the_table_are_taken), T(readers_get_no_empty_story), T(a_note_goes_back_with_the_story),
		T(a_story_appears_when_the_clock_says_so), T(one_that_cannot_appear_is_put_back_and_says_why), T(every_write_of_a_step_may_fail),
		T(unscheduled_is_a_draft_without_a_date),
		T(a_revision_says_what_changed), T(typed_fields_become_a_story), T(a_time_that_does_not_exist_is_refused),
		T(words_that_nobody_touched_are_left_alone), T(working_copies_are_their_writers_and_are_not_lost), T(who_is_in_is_forgotten_after_silence),
		T(stories_are_found_by_beginnings_in_any_script), T(a_name_is_taken_out_of_the_database), T(an_older_database_comes_along),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
