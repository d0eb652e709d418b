/* test_photos.c: photos in the database, in stories' texts and on the baked site: shown while a published story names them, gone
 * from the site with the last one that does.
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/rand.h"
#include "desk/bake_job.h"
#include "desk/photo_store.h"
#include "desk/story_pictures.h"
#include "desk/story_store.h"
#include "desk/story_work.h"
#include "gen/desk_schema.h"
#include "gen/desk_sql.h"
#include "gen/theme_files.h"
#include "house/home.h"
#include "house/settings.h"
#include "press/theme.h"
#include "store/store.h"

#define LEAD "00000000000000aa"
#define FIRST "00000000000000bb"
#define SECOND "00000000000000cc"

static char folder[64];
static struct store *db;
static struct theme *theme;
static struct settings settings;
static struct home home;
static struct arena arena;

static const char conf[] = "[newsroom]\nname = The Tern Courier\nurl = https://tern.example\nlanguage = en\nzone = Europe/Amsterdam\n"
	"sections = News\n[site]\nlisten = 127.0.0.1:1\n[desk]\nlisten = 127.0.0.1:2\nurl = http://localhost:2\n"
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
	struct store_options options = {.path = at("data/desk/desk.db"), .migrations = desk_schema, .queries = desk_sql,
		.query_count = DESK_SQL_SEARCH_SCHEMA};
	struct fault f = {0};

	(void) state;
	shell("rm -rf %s && mkdir -p %s/data/site %s/data/other %s/data/desk/media", folder, folder, folder, folder);
	rand_fix(7);
	clock_fix((struct when){1795000000000000});
	arena_init(&arena, "test", 64 * 1024 * 1024);
	memset(&settings, 0, sizeof(settings));
	if (!file_write(AT_FDCWD, at("mimeo.conf"), str_from(conf), 0644, false, &f) || !home_open(&home, folder, &f)
		|| !settings_read(&settings, &home, &f) || !theme_open(&theme, theme_files, NULL, &f) || !store_open(&db, &options, &f)) {
		fault_print(&f, true);
		return -1;
	}
	return 0;
}

static int end(void **state)
{
	(void) state;
	store_close(&db);
	theme_close(&theme);
	settings_release(&settings);
	home_close(&home);
	arena_release(&arena);
	shell("rm -rf %s", folder);
	return 0;
}

static struct story_photo photo_of(const char *hash, const char *widths)
{
	return (struct story_photo){.hash = str_from(hash), .width = 2000, .height = 1000, .widths = str_from(widths), .removed = 14,
		.dominant = STR("#336699")};
}

/* Into the library, with files (that are no pictures) for its widths. */
static void add_photo(const char *hash, const char *widths, const char *credit)
{
	const struct photo photo = {.made = photo_of(hash, widths), .is_whole = true, .caption = STR("The library's caption."),
		.credit = str_from(credit), .added = clock_now(), .added_by = STR("test")};
	struct fault f = {0};

	shell("cd %s/data/desk/media && for w in %s; do echo x > %s-$w.jpg; echo x > %s-$w.webp; done", folder, widths, hash, hash);
	assert_true(photo_put(db, &photo, &f));
}

static int64_t save(const char *identity, const char *lead, const char *body, enum story_state state)
{
	struct story story = {.identity = str_from(identity), .state = state, .title = str_from(identity), .slug = str_from(identity),
		.lang = STR("en"), .dir = STR("ltr"), .section = STR("News"), .excerpt = STR("Excerpt."), .body = str_from(body),
		.published = {20001 * 86400 * (int64_t) 1000000}, .photo.hash = str_from(lead)};
	struct fault f = {0};

	if (!store_begin(db, &f) || !store_end(db, story_save(db, &story, clock_now(), "test", &arena, &f), &f))
		fail_msg("%s", f.say);
	return story.id;
}

static void bake_into(const char *name, bool full)
{
	struct bake_run how = {.db = db, .theme = theme, .settings = &settings, .site_path = at(name), .is_full = full};
	struct bake_done done = {0};
	struct fault f = {0};

	if (!bake_run(&how, &done, &f))
		fail_msg("%s %s (%s)", f.say, f.detail, f.trail);
	if (!full)
		assert_true(store_run(db, DESK_SQL_QUEUE_DONE, STORE_ARGS(store_i64(done.queue_last)), NULL, &f));
}

/* What the queue asks for, and the same as from nothing. */
static void bake(void)
{
	bake_into("data/site", false);
	shell("rm -rf %s/data/other && mkdir %s/data/other", folder, folder);
	bake_into("data/other", true);
	shell("diff -r -x search.db -x search.db-wal -x search.db-shm -x _changes -x _recipe %s/data/site %s/data/other", folder, folder);
}

static const char *page(const char *path)
{
	struct str text = {NULL, 0};
	struct fault f = {0};
	char name[200];

	snprintf(name, sizeof(name), "data/site%s%s", path, path[strlen(path) - 1] == '/' ? "index.html" : "");
	return file_read(AT_FDCWD, at(name), 1 << 22, &arena, &text, &f) ? text.at : NULL;
}

static void has(const char *path, const char *text)
{
	const char *is = page(path);

	if (is == NULL || strstr(is, text) == NULL)
		fail_msg("%s has no %s: %s", path, text, is != NULL ? is : "(none)");
}

static bool is_on_site(const char *hash)
{
	char name[100];

	snprintf(name, sizeof(name), "data/site/media/%s-640.webp", hash);
	return file_exists(AT_FDCWD, at(name));
}

/* --- words --- */

static void caption_and_credit_are_told_apart(void **state)
{
	static const struct {
		const char *title, *known, *caption, *credit;
	} cases[] = {
		{"The river in March. Ada Wren / AP", "", "The river in March.", "Ada Wren / AP"},
		{"The river in March.", "", "The river in March.", ""},
		{"Ada Wren / AP", "", "", "Ada Wren / AP"},
		{"", "", "", ""},
		{"Who came? J. K. Marent / AP", "", "Who came?", "J. K. Marent / AP"},
		{"One. Two! “Three.” A-B. Wren / The Tern Courier", "", "One. Two! “Three.”", "A-B. Wren / The Tern Courier"},
		{"На мосту. Анна Рен / ТАСС", "", "На мосту.", "Анна Рен / ТАСС"},
		{"من هناك؟ آدا رن / أ ف ب", "", "من هناك؟", "آدا رن / أ ف ب"},
		{"No stop at its end Ada Wren / AP", "Ada Wren / AP", "No stop at its end", "Ada Wren / AP"},
		{"Either / or is the question. Ada Wren / AP", "", "Either / or is the question.", "Ada Wren / AP"},
		{"Nobody.  / AP", "", "Nobody.  / AP", ""},
		{"Dr. Wren / AP", "Dr. Wren / AP", "", "Dr. Wren / AP"},
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str caption, credit;

		story_picture_split(str_from(cases[i].title), str_from(cases[i].known), &caption, &credit);
		if (!str_is(caption, cases[i].caption) || !str_is(credit, cases[i].credit))
			fail_msg("%s: “%.*s” and “%.*s”", cases[i].title, STR_ARG(caption), STR_ARG(credit));
	}
}

static void a_credit_is_name_and_agency(void **state)
{
	static const char *const good[] = {"", "Ada Wren / AP", "Анна Рен / ТАСС", "A / B / C"};
	static const char *const bad[] = {"Ada Wren", "Ada Wren/AP", "/ AP", " / AP", "Ada Wren / ", "Photo: Ada Wren / AP", "photo by Ada / AP", "Фото: Анна / ТАСС",
		"© Ada Wren / AP"};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct fault f = {0};

		if (!story_credit_check(str_from(good[i]), &f))
			fail_msg("%s: %s", good[i], f.say);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fault f = {0};

		if (story_credit_check(str_from(bad[i]), &f) || f.kind != FAULT_INPUT || strstr(f.say, "“Name / Agency”") == NULL)
			fail_msg("%s: %s", bad[i], f.say);
	}
}

static void files_in_a_text_get_their_names(void **state)
{
	static const char body[] = "One, [a link](a.jpg).\n\n![A](a.jpg \"Caption. Ada / AP\")\n\n![B](<b b.png>)\n![A again](a.jpg)\n\n"
		"![far](https://x.example/c.jpg) ![in a sentence](a.jpg)\n";
	struct story_picture_file files[8];
	struct str names[] = {STR(LEAD), STR(FIRST), STR(LEAD)};
	struct str out;
	struct fault f = {0};
	size_t count;

	(void) state;
	assert_true(story_pictures_files(str_from(body), &arena, files, 8, &count, &f));
	assert_int_equal(count, 3);
	assert_true(str_is(files[1].url, "b b.png") && files[1].line == 5 && str_is(files[0].title, "Caption. Ada / AP"));
	assert_true(story_pictures_rename(str_from(body), files, names, count, &arena, &out, &f));
	assert_string_equal(out.at, "One, [a link](a.jpg).\n\n![A](photo:" LEAD " \"Caption. Ada / AP\")\n\n![B](<photo:" FIRST ">)\n"
		"![A again](photo:" LEAD ")\n\n![far](https://x.example/c.jpg) ![in a sentence](a.jpg)\n");
	assert_false(story_pictures_files(str_from(body), &arena, files, 2, &count, &f)); /* too many */
}

/* --- on the site --- */

static void a_picture_in_a_text_is_a_figure(void **state)
{
	(void) state;
	add_photo(LEAD, "320 640 1280", "Ada Wren / AP");
	add_photo(FIRST, "320 640 1280 1920", "Ilya Marent / AFP");
	save("a", LEAD, "One.\n\n![What it <shows>](photo:" FIRST " \"The road & the hill. Nobody Else / DPA\")\n\nTwo.\n\n![](photo:" FIRST ")\n\n"
		"![gone](photo:00000000000000ff \"Words\")\n", STORY_PUBLISHED);
	bake();
	has("/2024/10/05/a/", "<figure><picture><source type=\"image/webp\" srcset=\"../../../../media/" FIRST "-320.webp 320w, ../../../../media/" FIRST
		"-640.webp 640w, ../../../../media/" FIRST "-1280.webp 1280w\" sizes=\"(min-width:42rem) 40rem,calc(100vw - 2rem)\">");
	has("/2024/10/05/a/", "width=\"640\" height=\"320\" alt=\"What it &lt;shows&gt;\" loading=\"lazy\"></picture>\n");
	has("/2024/10/05/a/", "<figcaption>The road &amp; the hill. <span class=\"credit\">Nobody Else / DPA</span></figcaption></figure>");
	has("/2024/10/05/a/", "<figcaption> <span class=\"credit\">Ilya Marent / AFP</span></figcaption>"); /* the library's credit */
	has("/2024/10/05/a/", "<p>gone</p>");
	has("/feed.xml", "https://tern.example/media/" FIRST "-640.jpg");
	assert_true(is_on_site(LEAD) && is_on_site(FIRST));
}

static void photos_leave_the_site_with_their_last_story(void **state)
{
	int64_t a;
	struct fault f = {0};

	(void) state;
	add_photo(LEAD, "320 640", "");
	add_photo(FIRST, "320 640", "");
	add_photo(SECOND, "320 640", "");
	a = save("a", LEAD, "One.\n\n![x](photo:" FIRST ")\n\n![y](photo:" SECOND ")\n", STORY_PUBLISHED);
	save("b", FIRST, "One.\n", STORY_PUBLISHED);
	save("c", "", "One.\n\n![x](photo:" SECOND ")\n", STORY_DRAFT);
	bake();
	assert_true(is_on_site(LEAD) && is_on_site(FIRST) && is_on_site(SECOND));
	save("a", LEAD, "One.\n\n![x](photo:" FIRST ")\n", STORY_PUBLISHED); /* a picture is taken out; only a draft has it */
	bake();
	assert_true(is_on_site(LEAD) && is_on_site(FIRST) && !is_on_site(SECOND));
	assert_true(story_change_state(db, a, STORY_WITHDRAWN, STR("why"), clock_now(), &f));
	bake();
	assert_true(!is_on_site(LEAD) && is_on_site(FIRST));
	shell("test -f %s/data/desk/media/" LEAD "-640.jpg", folder);
	assert_true(story_change_state(db, a, STORY_PUBLISHED, STR(""), clock_now(), &f));
	save("b", "", "One.\n", STORY_PUBLISHED);
	bake();
	assert_true(is_on_site(LEAD) && is_on_site(FIRST));
}

static void another_lead_takes_the_old_one_away(void **state)
{
	const struct photo none = {0};
	struct photo photo;
	struct fault f = {0};
	int64_t a;

	(void) state;
	add_photo(LEAD, "320 640", "Ada Wren / AP");
	add_photo(FIRST, "320 640", "Ilya Marent / AFP");
	a = save("a", LEAD, "One.\n", STORY_PUBLISHED);
	bake();
	assert_true(photo_find(db, STR(FIRST), &arena, &photo, &f));
	photo.focus = (struct story_focus){-50, 40};
	assert_true(photo_set_lead(db, a, &photo, clock_now(), &arena, &f));
	bake();
	assert_true(!is_on_site(LEAD) && is_on_site(FIRST));
	has("/2024/10/05/a/", "<span class=\"credit\">Ilya Marent / AFP</span>");
	has("/", "class=\"x0 y4\"");
	assert_true(photo_set_lead(db, a, &none, clock_now(), &arena, &f));
	bake();
	assert_false(is_on_site(FIRST));
	assert_true(photo_find(db, STR(FIRST), &arena, &photo, &f)); /* what was set is offered again */
	assert_true(photo.focus.x == -50 && photo.focus.y == 40 && str_is(photo.credit, "Ilya Marent / AFP"));
}

static void a_photo_that_grows_is_baked_again(void **state)
{
	struct photo photo = {.made = photo_of(LEAD, "320 640"), .added = {1}, .added_by = STR("test")};
	struct fault f = {0};

	(void) state;
	add_photo(LEAD, "320 640", "");
	assert_true(photo_put(db, &photo, &f));
	save("a", "", "One.\n\n![x](photo:" LEAD ")\n", STORY_PUBLISHED);
	bake();
	assert_null(strstr(page("/2024/10/05/a/"), "1280w"));
	add_photo(LEAD, "320 640 1280", "");
	assert_true(photo_queue_users(db, STR(LEAD), &f));
	bake();
	has("/2024/10/05/a/", LEAD "-1280.webp 1280w");
	assert_true(photo_find(db, STR(LEAD), &arena, &photo, &f));
	assert_true(photo.is_whole && str_is(photo.caption, "The library's caption."));
}

/* --- the library --- */

static void a_photo_in_use_is_not_deleted(void **state)
{
	struct fault f = {0};
	struct photo photo;

	(void) state;
	add_photo(LEAD, "320 640", "");
	save("a", "", "One.\n\n![x](photo:" LEAD ")\n", STORY_DRAFT);
	assert_false(photo_remove(db, &home, STR(LEAD), &arena, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	save("a", "", "One.\n", STORY_DRAFT);
	fault_clear(&f);
	assert_true(photo_remove(db, &home, STR(LEAD), &arena, &f));
	shell("test -z \"$(ls %s/data/desk/media)\"", folder);
	assert_false(photo_find(db, STR(LEAD), &arena, &photo, &f));
	assert_int_equal(f.kind, FAULT_MISSING);
	fault_clear(&f);
	assert_false(photo_remove(db, &home, STR("../../mimeo.conf"), &arena, &f));
	shell("test -f %s/mimeo.conf", folder);
}

static void a_picture_is_appended_as_a_revision(void **state)
{
	struct story_more more;
	struct story story;
	struct fault f = {0};
	struct buf markdown;
	int64_t a;

	(void) state;
	add_photo(LEAD, "320 640", "");
	a = save("a", "", "One.\n\n\n", STORY_PUBLISHED);
	buf_init(&markdown, 4096);
	story_picture_write(&markdown, STR(LEAD), STR("a [b] *c* \\"), STR("Say \"hi\" & <go>"), STR("Ada Wren / AP"));
	assert_true(photo_append(db, a, buf_view(&markdown), STR("Ada"), clock_now(), &arena, &f));
	assert_true(story_load(db, a, &arena, &story, &more, &f));
	assert_int_equal(more.revision, 2);
	assert_true(str_starts(story.body, STR("One.\n\n![")));
	bake();
	has("/2024/10/05/a/", "alt=\"a [b] *c* \\\"");
	has("/2024/10/05/a/", "<figcaption>Say &quot;hi&quot; &amp; &lt;go&gt;. <span class=\"credit\">Ada Wren / AP</span></figcaption>");
	assert_true(is_on_site(LEAD));
	buf_release(&markdown);
}

/* A story from an import's child brings its pictures. */
static void an_import_s_record_brings_its_pictures(void **state)
{
	const struct story_picture picture = {.photo = photo_of(FIRST, "320 640"), .alt = STR("alt"), .caption = STR("Caption."),
		.credit = STR("Ada Wren / AP")};
	struct story story = {.identity = STR("a"), .state = STORY_PUBLISHED, .title = STR("A"), .slug = STR("a"), .lang = STR("en"), .dir = STR("ltr"),
		.body = STR("One.\n\n![alt](photo:" FIRST ")\n"), .focus = {-20, 30}, .pictures = &picture, .picture_count = 1};
	json_t *json = story_to_json(&story);
	struct story taken;
	struct photo photo;
	struct fault f = {0};

	(void) state;
	assert_true(story_from_json(json, &arena, &taken, &f));
	assert_true(taken.focus.x == -20 && taken.focus.y == 30 && taken.picture_count == 1);
	assert_true(store_begin(db, &f) && store_end(db, story_save(db, &taken, clock_now(), "import", &arena, &f), &f));
	assert_true(photo_find(db, STR(FIRST), &arena, &photo, &f));
	assert_true(str_is(photo.credit, "Ada Wren / AP") && photo.made.removed == 14);
	json_object_set_new(json, "focus_x", json_integer(51));
	assert_false(story_from_json(json, &arena, &taken, &f));
	json_decref(json);
}

/* What stood there before this schema. */
static void older_photos_are_in_the_library(void **state)
{
	struct embed_file older[4] = {desk_schema[0], desk_schema[1], desk_schema[2], {0}};
	struct store_options options = {.path = at("old.db"), .migrations = older};
	struct store *old = NULL;
	struct photo photo;
	struct fault f = {0};

	(void) state;
	assert_true(store_open(&old, &options, &f));
	store_close(&old);
	shell("sqlite3 %s/old.db \"INSERT INTO photo VALUES ('" LEAD "', 10, 10, '320', 3, '#000000'); INSERT INTO story (id, identity, state, title, slug, lang, dir,"
		" section, excerpt, body, photo, alt, caption, credit, revision, changed) VALUES (1, 'a', 'draft', 'A', 'a', 'en', 'ltr', '', '', 'x', '" LEAD
		"', 'alt', 'cap', 'Ada / AP', 1, 77)\"", folder);
	options.migrations = desk_schema;
	options.queries = desk_sql;
	options.query_count = DESK_SQL_SEARCH_SCHEMA;
	assert_true(store_open(&old, &options, &f));
	assert_true(photo_find(old, STR(LEAD), &arena, &photo, &f));
	assert_true(str_is(photo.credit, "Ada / AP") && photo.added.us == 77 && photo.is_whole && photo.focus.x == 0);
	store_close(&old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caption_and_credit_are_told_apart),
		cmocka_unit_test(a_credit_is_name_and_agency),
		cmocka_unit_test_setup_teardown(files_in_a_text_get_their_names, begin, end),
		cmocka_unit_test_setup_teardown(a_picture_in_a_text_is_a_figure, begin, end),
		cmocka_unit_test_setup_teardown(photos_leave_the_site_with_their_last_story, begin, end),
		cmocka_unit_test_setup_teardown(another_lead_takes_the_old_one_away, begin, end),
		cmocka_unit_test_setup_teardown(a_photo_that_grows_is_baked_again, begin, end),
		cmocka_unit_test_setup_teardown(a_photo_in_use_is_not_deleted, begin, end),
		cmocka_unit_test_setup_teardown(a_picture_is_appended_as_a_revision, begin, end),
		cmocka_unit_test_setup_teardown(an_import_s_record_brings_its_pictures, begin, end),
		cmocka_unit_test_setup_teardown(older_photos_are_in_the_library, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	snprintf(folder, sizeof(folder), "/tmp/mimeo-photos-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
