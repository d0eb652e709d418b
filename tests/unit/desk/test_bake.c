/* test_bake.c: stories in the database and the site that is baked from them. The heart: after any row of changes, each
 * baked as it came, the site is byte for byte what a full bake makes from nothing.
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/rand.h"
#include "desk/bake_job.h"
#include "desk/story_store.h"
#include "gen/desk_schema.h"
#include "gen/desk_sql.h"
#include "gen/theme_files.h"
#include "house/home.h"
#include "house/settings.h"
#include "press/theme.h"
#include "store/store.h"

static char folder[64];
static struct store *db;
static struct theme *theme;
static struct settings settings;
static struct arena arena;
/* Of the stories that save() makes: how many corrections, the first on this day. */
static size_t corrections;
static int64_t corrected_day;

static const char conf[] = "[newsroom]\nname = The <Tern> Courier\nurl = https://tern.example\nlanguage = en\nzone = Europe/Amsterdam\n"
	"sections = News, Culture\n[site]\nlisten = 127.0.0.1:1\n[desk]\nlisten = 127.0.0.1:2\nurl = http://localhost:2\n"
	"[newsletter]\nfrom = a@tern.example\n";

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
	char command[500];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("%s", command);
}

static const char *at(const char *name)
{
	static char path[4][200];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static int begin(void **state)
{
	struct store_options options = {.path = at("desk.db"), .migrations = desk_schema, .queries = desk_sql,
		.query_count = DESK_SQL_SEARCH_SCHEMA};
	struct home home;
	struct fault f = {0};

	(void) state;
	corrections = 0;
	shell("rm -rf %s && mkdir -p %s/site %s/other", folder, folder, folder);
	rand_fix(7);
	clock_fix((struct when){1795000000000000});
	arena_init(&arena, "test", 64 * 1024 * 1024);
	memset(&settings, 0, sizeof(settings));
	if (!file_write(AT_FDCWD, at("mimeo.conf"), str_from(conf), 0644, false, &f) || !home_open(&home, folder, &f)
		|| !settings_read(&settings, &home, &f) || !theme_open(&theme, theme_files, NULL, &f) || !store_open(&db, &options, &f)) {
		fault_print(&f, true);
		return -1;
	}
	home_close(&home);
	return 0;
}

static int end(void **state)
{
	(void) state;
	store_close(&db);
	theme_close(&theme);
	settings_release(&settings);
	arena_release(&arena);
	shell("rm -rf %s", folder);
	return 0;
}

/* Key terms of the stories that follow; NULL: their section and title. */
static const char *const *terms;

static int64_t save(const char *identity, const char *title, const char *slug, int64_t day, const char *section, const char *topics,
	enum story_state state)
{
	struct story story = {.identity = str_from(identity), .state = state, .title = str_from(title), .slug = str_from(slug), .lang = STR("en"),
		.dir = STR("ltr"), .section = str_from(section), .excerpt = STR("Excerpt & more."),
		.body = STR("One [Islamic State].\n\nTwo <b>.\n\nThree.\n\nFour.[^1]\n\nFive.\n\n[^1]: Note."), .authors = {STR("Ada Wren")}, .author_count = 1,
		.published = {day > 0 ? (20000 + day) * 86400 * (int64_t) 1000000 : 0}, .terms = {str_from(section), str_from(title)}, .term_count = 2};
	struct str rest = str_from(topics);
	struct str piece;
	struct fault f = {0};

	for (; story.correction_count < corrections; story.correction_count++)
		story.corrections[story.correction_count] = (struct story_correction){.text = STR("It was <1991>."), .grave = story.correction_count % 2 == 1,
			.made = {(20000 + corrected_day + 9 * (int64_t) story.correction_count) * 86400 * (int64_t) 1000000}};
	while (rest.len > 0 && str_next(&rest, ',', &piece))
		story.topics[story.topic_count++] = piece;
	for (story.term_count = terms != NULL ? 0 : 2; terms != NULL && story.term_count < 4; story.term_count++)
		story.terms[story.term_count] = str_from(terms[story.term_count]);
	if (!store_begin(db, &f) || !store_end(db, story_save(db, &story, clock_now(), "test", &arena, &f), &f))
		fail_msg("%s", f.say);
	return story.id;
}

static struct bake_done bake_into(const char *name, bool full)
{
	struct bake_run how = {.db = db, .theme = theme, .settings = &settings, .site_path = at(name), .is_full = full};
	struct bake_done done = {0};
	struct fault f = {0};

	if (!bake_run(&how, &done, &f))
		fail_msg("%s %s (%s)", f.say, f.detail, f.trail);
	return done;
}

static struct bake_done bake(void)
{
	struct bake_done done = bake_into("site", false);
	struct fault f = {0};

	assert_true(store_run(db, DESK_SQL_QUEUE_DONE, STORE_ARGS(store_i64(done.queue_last)), NULL, &f));
	return done;
}

static const char *page(const char *path)
{
	char name[200];
	struct str text = {NULL, 0};
	struct fault f = {0};

	snprintf(name, sizeof(name), "site%s%s", path, path[strlen(path) - 1] == '/' ? "index.html" : "");
	if (!file_read(AT_FDCWD, at(name), 1 << 22, &arena, &text, &f))
		return NULL;
	return text.at;
}

static void has(const char *path, const char *text)
{
	const char *is = page(path);

	if (is == NULL || strstr(is, text) == NULL)
		fail_msg("%s has no %s", path, text);
}

static void lacks(const char *path, const char *text)
{
	const char *is = page(path);

	if (is != NULL && strstr(is, text) != NULL)
		fail_msg("%s has %s", path, text);
}

static void is_as_baked_from_nothing(void)
{
	shell("rm -rf %s/other && mkdir %s/other", folder, folder);
	bake_into("other", true);
	shell("diff -r -x search.db -x search.db-wal -x search.db-shm -x _changes -x _recipe %s/site %s/other", folder, folder);
}

/* --- what a page holds --- */

static void a_story_page_is_whole(void **state)
{
	static const char path[] = "/2024/10/05/kerry/";

	(void) state;
	save("k", "Kerry \"says\" </script>", "kerry", 1, "News", "Syria,Russia", STORY_PUBLISHED);
	save("k2", "Other", "other", 2, "News", "Syria", STORY_PUBLISHED);
	bake();
	has(path, "<h1>Kerry &quot;says&quot; &lt;/script&gt;</h1>");
	has(path, "One [Islamic State].");
	has(path, "Two &lt;b&gt;.");
	has(path, "\"headline\":\"Kerry \\\"says\\\" <\\/script>\"");
	has(path, "<link rel=\"canonical\" href=\"https://tern.example/2024/10/05/kerry/\">");
	has(path, "og:type\" content=\"article\"");
	has(path, "href=\"../../../../author/ada-wren/\"");
	has(path, "href=\"../../../../topic/syria/\"");
	has(path, "../../../../2024/10/06/other/"); /* the first story of an archive takes the next newer */
	has("/", "2024/10/05/kerry/");
	has("/topic/syria/", "../../2024/10/05/kerry/");
	has("/feed.xml", "https://tern.example/2024/10/05/kerry/");
	has("/sitemap.xml", "https://tern.example/sitemap-2024-10.xml");
	has("/sitemap-2024-10.xml", "https://tern.example/2024/10/05/kerry/");
	has("/section/culture/", "<h1>Culture</h1>");
	has("/_headers", "Content-Security-Policy: default-src 'none'");
	has("/_404.html", "@ROOT@");
	lacks("/404.html", "=\"./");
	assert_non_null(page("/support/quiet.css"));
	assert_non_null(page("/robots.txt"));
}

static void the_helper_can_fail(void **state)
{
	(void) state;
	save("a", "A", "a", 1, "News", "", STORY_PUBLISHED);
	bake();
	assert_null(page("/2024/10/05/b/"));
	assert_null(strstr(page("/2024/10/05/a/"), "not in any page"));
}

static void no_link_leaves_the_folder_from_its_root(void **state)
{
	(void) state;
	save("a", "A", "a", 1, "News", "x", STORY_PUBLISHED);
	bake();
	shell("! grep -rlE '(href|src|action)=\"/' %s/site --include=index.html --include='_*.html'", folder);
	shell("! grep -rl '⟦' %s/site --include=*.html", folder);
}

/* --- changes --- */

static void a_changed_slug_leaves_a_redirect(void **state)
{
	(void) state;
	save("a", "A", "first", 1, "News", "x", STORY_PUBLISHED);
	bake();
	save("a", "A", "second", 1, "News", "x", STORY_PUBLISHED);
	bake();
	assert_null(page("/2024/10/05/first/"));
	assert_non_null(page("/2024/10/05/second/"));
	assert_string_equal(page("/_moved"), "/2024/10/05/first/\t/2024/10/05/second/\n");
	save("a", "A", "first", 1, "News", "x", STORY_PUBLISHED); /* and back: the old address is the story's again */
	bake();
	assert_string_equal(page("/_moved"), "/2024/10/05/second/\t/2024/10/05/first/\n");
	assert_non_null(page("/2024/10/05/first/"));
	assert_null(page("/2024/10/05/second/"));
	is_as_baked_from_nothing();
}

static void a_withdrawn_story_is_gone_everywhere(void **state)
{
	struct fault f = {0};
	int64_t id = save("a", "Aaa", "aaa", 1, "News", "x,y", STORY_PUBLISHED);

	(void) state;
	save("b", "B", "b", 2, "News", "x", STORY_PUBLISHED);
	bake();
	has("/2024/10/06/b/", "aaa");
	assert_true(story_change_state(db, id, STORY_WITHDRAWN, STR("wrong"), clock_now(), &f));
	bake();
	assert_null(page("/2024/10/05/aaa/"));
	assert_null(page("/topic/y/"));
	assert_string_equal(page("/_gone"), "/2024/10/05/aaa/\n");
	shell("! grep -rl 'Aaa' %s/site --include=*.html --include=*.xml --include=*.json", folder);
	is_as_baked_from_nothing();
	assert_true(story_change_state(db, id, STORY_PUBLISHED, STR(""), clock_now(), &f));
	bake();
	assert_string_equal(page("/_gone"), "");
	has("/topic/y/", "aaa");
	is_as_baked_from_nothing();
}

static void drafts_are_nowhere(void **state)
{
	(void) state;
	save("d", "Unborn draft", "unborn", 1, "News", "secret", STORY_DRAFT);
	save("a", "A", "a", 2, "News", "", STORY_PUBLISHED);
	bake();
	shell("! grep -rliE 'unborn|secret' %s/site", folder);
}

static void a_second_bake_writes_nothing(void **state)
{
	struct bake_done done;

	(void) state;
	save("a", "A", "a", 1, "News", "x", STORY_PUBLISHED);
	bake();
	done = bake();
	assert_int_equal(done.written, 0);
	done = bake_into("site", true);
	assert_int_equal(done.written, 0);
	assert_int_equal(done.removed, 0);
}

static void one_story_touches_only_what_names_it(void **state)
{
	struct bake_done done;
	char identity[32];
	char slug[32];
	int i;

	(void) state;
	for (i = 0; i < 60; i++) {
		snprintf(identity, sizeof(identity), "s%d", i);
		snprintf(slug, sizeof(slug), "slug-%d", i);
		save(identity, slug, slug, i + 1, i % 2 ? "News" : "Culture", i % 3 ? "x" : "y", STORY_PUBLISHED);
	}
	bake();
	save("new", "New", "new", 100, "News", "x", STORY_PUBLISHED);
	done = bake();
	/* the story and its text; front page, newsletter's sample, three feeds, the month's sitemap and the index, the newest texts and the
	 * month's; section with its feed, topic, author and their last numbered pages */
	assert_true(done.written <= 20);
	is_as_baked_from_nothing();
}

static void another_story_s_address_is_a_conflict(void **state)
{
	struct story story = {.identity = STR("b"), .state = STORY_PUBLISHED, .title = STR("B"), .slug = STR("a"), .lang = STR("en"), .dir = STR("ltr"),
		.body = STR("x"), .published = {20001 * 86400 * (int64_t) 1000000}};
	struct fault f = {0};

	(void) state;
	save("a", "A", "a", 1, "News", "", STORY_PUBLISHED);
	assert_true(store_begin(db, &f));
	assert_false(store_end(db, story_save(db, &story, clock_now(), "test", &arena, &f), &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
}

/* Sixty random changes, each baked as it comes; every tenth time the whole site is compared. */
static void changes_add_up_to_a_full_bake(void **state)
{
	static const char *const sections[] = {"News", "Culture", "Opinion", ""};
	static const char *const topics[] = {"x", "x,y", "y,z", "", "z"};
	int i;

	(void) state;
	for (i = 0; i < 60; i++) {
		char identity[32];
		char slug[32];
		uint32_t who = rand_below(22);
		struct fault f = {0};
		int64_t id;

		snprintf(identity, sizeof(identity), "s%u", who);
		snprintf(slug, sizeof(slug), "s%u-%u", who, rand_below(3));
		corrections = rand_below(4) == 0 ? 1 + rand_below(2) : 0;
		corrected_day = 30 + (int64_t) rand_below(60);
		id = save(identity, slug, slug, rand_below(6) == 0 ? 775 : 1 + (int64_t) rand_below(40), sections[rand_below(4)], topics[rand_below(5)],
			rand_below(8) == 0 ? STORY_DRAFT : STORY_PUBLISHED);
		if (rand_below(5) == 0)
			(void) !story_change_state(db, id, STORY_WITHDRAWN, STR(""), clock_now(), &f);
		if (rand_below(3) > 0)
			bake();
		if (i % 10 == 9) {
			bake();
			is_as_baked_from_nothing();
		}
	}
}

/* --- archives larger than what "Read more" looks at --- */

static int64_t save_any(uint32_t who, int64_t day)
{
	static const char *const sections[] = {"News", "Culture", "Opinion", ""};
	static const char *const topics[] = {"x", "x,y", "X", "x,z", "y,z", "", "x", "x"};
	char words[4][8];
	const char *chosen[4];
	char identity[32];
	char slug[32];
	size_t i;

	for (i = 0; i < 4; i++) { /* so many that two in common are rare: what is far away counts, too */
		snprintf(words[i], sizeof(words[i]), "w%u", (unsigned) (15 * i) + rand_below(15));
		chosen[i] = words[i];
	}
	snprintf(identity, sizeof(identity), "s%u", who);
	snprintf(slug, sizeof(slug), "s%u-%u", who, rand_below(30) == 0);
	terms = chosen;
	corrections = rand_below(5) == 0 ? 1 + rand_below(2) : 0;
	corrected_day = 30 + (int64_t) rand_below(500);
	int64_t id = save(identity, slug, slug, day, sections[rand_below(4)], topics[rand_below(8)], rand_below(20) == 0 ? STORY_DRAFT
		: STORY_PUBLISHED);

	terms = NULL;
	corrections = 0;
	return id;
}

/* What of a bake that died stands there, stands there; the queue does, too. */
static void bake_and_die(void)
{
	struct bake_run how = {.db = db, .theme = theme, .settings = &settings, .site_path = at("site")};
	struct bake_done done = {0};
	struct fault f = {0};

	store_fail_at(db, 1 + (int64_t) rand_below(3000));
	(void) !bake_run(&how, &done, &f);
	store_fail_at(db, 0);
}

/* More stories of a topic than the window holds; changes of the old and the new, of dates, of topics; some bakes die on the
 * way, and more changes before the next one. */
static void changes_of_a_large_archive_add_up(void **state)
{
	struct fault f = {0};
	uint32_t i;

	(void) state;
	for (i = 0; i < 340; i++)
		save_any(i, 1 + (int64_t) rand_below(500));
	bake();
	for (i = 0; i < 48; i++) {
		uint32_t who = rand_below(345);
		int64_t id = save_any(who, 1 + (int64_t) rand_below(500));

		if (rand_below(4) == 0 && story_change_state(db, id, STORY_WITHDRAWN, STR(""), clock_now(), &f) && rand_below(2) == 0)
			(void) !story_change_state(db, id, STORY_PUBLISHED, STR(""), clock_now(), &f);
		fault_clear(&f);
		if (rand_below(3) == 0)
			bake_and_die();
		if (rand_below(2) == 0)
			bake();
		if (i % 12 == 11) {
			bake();
			is_as_baked_from_nothing();
		}
	}
}

static int64_t work_of_a_bake(void)
{
	int64_t before = store_work(db);

	bake();
	return store_work(db) - before;
}

static void grow_to(uint32_t from, uint32_t until, int64_t day)
{
	char identity[32];
	uint32_t i;

	for (i = from; i < until; i++) {
		snprintf(identity, sizeof(identity), "n%u", i);
		save(identity, identity, identity, day, i % 2 ? "News" : "Culture", i % 3 ? "x,y" : "x", STORY_PUBLISHED);
	}
}

/* New, changed, withdrawn: what the database does for a bake does not depend on how many older stories there are. */
static void a_bake_of_changes_costs_the_same_in_any_archive(void **state)
{
	int64_t work[2][3];
	struct fault f = {0};
	int64_t id;
	int size;
	int i;

	for (size = 0; size < 2; size++) {
		grow_to(0, size == 0 ? 10 : 900, 3999);
		grow_to(1000, 1450, 4000); /* what every window holds, and more */
		grow_to(1450, 1500, 4100);
		bake();
		id = save("new", "New", "new", 5000, "News", "x,y", STORY_PUBLISHED);
		work[size][0] = work_of_a_bake();
		save("n1460", "Changed", "n1460", 4100, "News", "x", STORY_PUBLISHED);
		work[size][1] = work_of_a_bake();
		assert_true(story_change_state(db, id, STORY_WITHDRAWN, STR(""), clock_now(), &f));
		work[size][2] = work_of_a_bake();
		if (size == 0) {
			end(state);
			begin(state);
		}
	}
	for (i = 0; i < 3; i++)
		if (work[1][i] > work[0][i] + work[0][i] / 8)
			fail_msg("change %d: %lld steps of the database with 510 stories, %lld with 1,400", i, (long long) work[0][i], (long long) work[1][i]);
}

/* --- several processes --- */

static void a_crew_makes_what_one_makes(void **state)
{
	struct bake_run how = {.db = db, .theme = theme, .settings = &settings, .site_path = at("other"), .is_full = true, .crew = 3};
	struct bake_done alone;
	struct bake_done together;
	struct fault f = {0};
	char *long_title = arena_alloc(&arena, 100);
	uint32_t i;

	(void) state;
	memset(long_title, 'x', 99);
	for (i = 0; i < 60; i++)
		save_any(i, 1 + (int64_t) rand_below(500));
	save("long", long_title, "long", 1, "News", "x", STORY_PUBLISHED);
	alone = bake();
	shell("rm -rf %s/other && mkdir %s/other", folder, folder);
	assert_true(bake_run(&how, &together, &f));
	assert_int_equal(together.written, alone.written);
	shell("diff -r -x 'search.db*' %s/site %s/other", folder, folder);
	assert_true(bake_run(&how, &together, &f)); /* nothing is swept that another process put */
	assert_int_equal(together.written, 0);
	assert_int_equal(together.removed, 0);
}

/* A page that cannot be written: somebody else's failure is the bake's. */
static void a_crew_tells_what_went_wrong(void **state)
{
	struct bake_run how = {.db = db, .theme = theme, .settings = &settings, .site_path = at("site"), .is_full = true, .crew = 2};
	struct bake_done done = {0};
	struct fault f = {0};

	(void) state;
	save("a", "A", "a", 1, "News", "", STORY_PUBLISHED);
	save("b", "B", "b", 2, "News", "", STORY_PUBLISHED);
	shell("mkdir -p %s/site/2024/10/06/b/index.html/x", folder);
	assert_false(bake_run(&how, &done, &f));
	assert_int_not_equal(f.kind, FAULT_NONE);
	assert_non_null(strstr(f.say, "index.html"));
	shell("rm -r %s/site/2024/10/06", folder);
	fault_clear(&f);
	assert_true(bake_run(&how, &done, &f));
	has("/2024/10/06/b/", "<h1>B</h1>");
}

static void start_issue(int64_t id, const char *subject, int64_t us)
{
	struct fault f = {0};

	assert_true(store_run(db, DESK_SQL_ISSUE_INSERT, STORE_ARGS(store_i64(id), store_text(str_from(subject)), store_text(STR("")),
		store_text(STR("")), store_text(STR("en")), store_text(STR("h")), store_text(STR("t")), store_text(STR("x")), store_i64(us), store_text(STR("")),
		store_text(STR("")), store_text(STR("")), store_i64(0), store_text(STR("")), store_text(STR("See you."))), NULL, &f));
	assert_true(store_run(db, DESK_SQL_ISSUE_START, STORE_ARGS(store_i64(id), store_i64(us)), NULL, &f));
	assert_true(store_run(db, DESK_SQL_QUEUE_ADD, STORE_ARGS(store_i64(0), store_text(STR("issue")), store_null(), store_text(STR("")),
		store_i64(INT64_MAX)), NULL, &f));
}

static void corrections_have_an_archive(void **state)
{
	struct fault f = {0};
	int64_t id;

	(void) state;
	save("a", "A", "a", 1, "News", "", STORY_PUBLISHED);
	bake();
	has("/corrections/", "There are no corrections here yet.");
	corrections = 2;
	corrected_day = 20; /* 24 October and 2 November 2024 */
	id = save("a", "A", "a", 1, "News", "", STORY_PUBLISHED);
	bake();
	has("/corrections/", "It was &lt;1991&gt;.");
	has("/corrections/", "href=\"2024/10/\"");
	has("/corrections/2024/10/", "Corrections of October 2024");
	has("/corrections/2024/10/", "href=\"../../../2024/10/05/a/\"");
	has("/corrections/2024/11/", "datetime=\"2024-11-02\"");
	has("/2024/10/05/a/", "\"correction\":[{\"@type\":\"CorrectionComment\",\"text\":\"It was <1991>.\"");
	is_as_baked_from_nothing();
	corrections = 1;
	corrected_day = 60;
	save("a", "A", "a", 1, "News", "", STORY_PUBLISHED);
	bake();
	assert_null(page("/corrections/2024/10/"));
	assert_null(page("/corrections/2024/11/"));
	has("/corrections/2024/12/", "It was");
	is_as_baked_from_nothing();
	assert_true(story_change_state(db, id, STORY_WITHDRAWN, STR(""), clock_now(), &f));
	bake();
	assert_null(page("/corrections/2024/12/"));
	has("/corrections/", "There are no corrections here yet.");
	is_as_baked_from_nothing();
}

static void a_story_has_a_twin_of_text(void **state)
{
	(void) state;
	save("a", "A & B", "a", 1, "News", "x", STORY_PUBLISHED);
	bake();
	has("/text/2024/10/05/a/", "<h1>A &amp; B</h1>");
	has("/text/2024/10/05/a/", "<link rel=\"canonical\" href=\"https://tern.example/2024/10/05/a/\">");
	has("/text/2024/10/05/a/", "href=\"../../../../../2024/10/05/a/\"");
	lacks("/text/2024/10/05/a/", "<img");
	lacks("/text/2024/10/05/a/", "<form");
	has("/2024/10/05/a/", "href=\"../../../../text/2024/10/05/a/\"");
	has("/text/", "../text/2024/10/05/a/");
	has("/text/", "href=\"2024/10/\">October 2024<");
	has("/text/2024/10/", "../../../text/2024/10/05/a/");
	save("a", "A & B", "b", 40, "News", "x", STORY_PUBLISHED); /* another address, another month */
	bake();
	assert_null(page("/text/2024/10/05/a/"));
	assert_null(page("/text/2024/10/"));
	has("/text/2024/11/", "../../../text/2024/11/13/b/");
	is_as_baked_from_nothing();
}

static void feeds_and_sitemaps(void **state)
{
	char id[64];
	const char *at;

	(void) state;
	save("a", "A \"1\"", "a", 1, "News", "x", STORY_PUBLISHED);
	save("b", "B", "ж", 774, "News", "x", STORY_PUBLISHED); /* 17 November 2026, a day ago */
	bake();
	has("/atom.xml", "<link rel=\"self\" type=\"application/atom+xml\" href=\"https://tern.example/atom.xml\"/>");
	has("/atom.xml", "<content type=\"html\">&lt;p&gt;One [Islamic State].");
	has("/feed.json", "\"title\":\"A \\\"1\\\"\"");
	has("/feed.json", "\"content_html\":\"<p>One [Islamic State].<\\/p>");
	has("/section/news/feed.xml", "https://tern.example/2024/10/05/a/");
	has("/section/culture/feed.xml", "<channel>");
	has("/feed.xml", "https://tern.example/2026/11/17/%D0%B6/");
	has("/news-sitemap.xml", "<loc>https://tern.example/2026/11/17/%D0%B6/</loc>");
	lacks("/news-sitemap.xml", "/2024/");
	has("/robots.txt", "Sitemap: https://tern.example/news-sitemap.xml");
	has("/sitemap-pages.xml", "https://tern.example/section/culture/");
	at = strstr(page("/feed.json"), "urn:uuid:");
	assert_non_null(at);
	snprintf(id, sizeof(id), "%.45s", at);
	is_as_baked_from_nothing();
	save("b", "B", "other", 774, "News", "x", STORY_PUBLISHED);
	bake();
	has("/feed.json", id); /* the address is another, the story is not */
	has("/feed.xml", id);
	has("/atom.xml", id);
	clock_fix((struct when){1795000000000000 + INT64_C(48) * 3600 * 1000000});
	bake();
	lacks("/news-sitemap.xml", "<loc>");
	is_as_baked_from_nothing();
}

static void an_issue_keeps_its_address(void **state)
{
	(void) state;
	save("a", "A", "a", 1, "News", "", STORY_PUBLISHED);
	start_issue(1, "The first", 1795435200000000);
	bake();
	has("/newsletter/2026-11-23/", "The first");
	start_issue(2, "The second", 1795438800000000); /* an hour later */
	bake();
	has("/newsletter/2026-11-23/", "The first");
	has("/newsletter/2026-11-23-2/", "The second");
	has("/newsletter/latest/", "The second");
	is_as_baked_from_nothing();
}

/* Hides a story from what the bake loads, not from the bodies that it reads after: as if it had been published between. */
static void publish_while_baking(int64_t id)
{
	char sql[100];
	sqlite3 *raw = NULL;

	snprintf(sql, sizeof(sql), "UPDATE story SET was_public = 0 WHERE id = %lld", (long long) id);
	assert_int_equal(sqlite3_open(at("desk.db"), &raw), SQLITE_OK);
	assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(raw);
}

static void a_story_published_while_baking_takes_no_other_away(void **state)
{
	(void) state;
	save("a", "A", "a", 1, "News", "", STORY_PUBLISHED);
	publish_while_baking(save("b", "B", "b", 2, "News", "", STORY_PUBLISHED));
	save("c", "C", "c", 3, "News", "", STORY_PUBLISHED);
	bake_into("site", true);
	assert_non_null(page("/2024/10/05/a/"));
	assert_non_null(page("/2024/10/07/c/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_story_page_is_whole, begin, end),
		cmocka_unit_test_setup_teardown(the_helper_can_fail, begin, end),
		cmocka_unit_test_setup_teardown(no_link_leaves_the_folder_from_its_root, begin, end),
		cmocka_unit_test_setup_teardown(a_changed_slug_leaves_a_redirect, begin, end),
		cmocka_unit_test_setup_teardown(a_withdrawn_story_is_gone_everywhere, begin, end),
		cmocka_unit_test_setup_teardown(drafts_are_nowhere, begin, end),
		cmocka_unit_test_setup_teardown(a_second_bake_writes_nothing, begin, end),
		cmocka_unit_test_setup_teardown(one_story_touches_only_what_names_it, begin, end),
		cmocka_unit_test_setup_teardown(another_story_s_address_is_a_conflict, begin, end),
		cmocka_unit_test_setup_teardown(corrections_have_an_archive, begin, end),
		cmocka_unit_test_setup_teardown(a_story_has_a_twin_of_text, begin, end),
		cmocka_unit_test_setup_teardown(feeds_and_sitemaps, begin, end),
		cmocka_unit_test_setup_teardown(an_issue_keeps_its_address, begin, end),
		cmocka_unit_test_setup_teardown(a_story_published_while_baking_takes_no_other_away, begin, end),
		cmocka_unit_test_setup_teardown(changes_add_up_to_a_full_bake, begin, end),
		cmocka_unit_test_setup_teardown(a_crew_makes_what_one_makes, begin, end),
		cmocka_unit_test_setup_teardown(a_crew_tells_what_went_wrong, begin, end),
		cmocka_unit_test_setup_teardown(changes_of_a_large_archive_add_up, begin, end),
		cmocka_unit_test_setup_teardown(a_bake_of_changes_costs_the_same_in_any_archive, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	snprintf(folder, sizeof(folder), "/tmp/mimeo-bake-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
