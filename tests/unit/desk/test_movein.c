/* test_movein.c: moving in at the desk's end: which file an address means, where old addresses lead, what becomes of a record.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "desk/movein_inside.h"
#include "http/http_client.h"
#include "press/markdown.h"

static char folder[] = "/tmp/movein-media-XXXXXX";

static void put(const char *path)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY);
	char parent[200];

	snprintf(parent, sizeof(parent), "%s", path);
	if (strrchr(parent, '/') != NULL) {
		*strrchr(parent, '/') = '\0';
		assert_true(file_make_folders(fd, parent, 0700, NULL));
	}
	assert_true(file_write(fd, path, STR("x"), 0600, false, NULL));
	close(fd);
}

/* Where the picture was found, below the folder; "" when it was not. */
static const char *found(const char *url, struct arena *arena)
{
	const struct movein_media media = {.folder = str_from(folder)};
	struct str path = movein_media_find(&media, str_from(url), arena);

	return path.len > 0 ? path.at + strlen(folder) + 1 : "";
}

static void test_a_picture_is_found_by_its_tail(void **state)
{
	struct arena arena;

	(void) state;
	assert_non_null(mkdtemp(folder));
	arena_init(&arena, "test", 1 << 20);
	put("2020/01/a.jpg");
	put("2020/01/only-300x200.jpg");
	put("2020/01/мост.jpg");
	put("2024/05/lead.png");
	put("logo.png");
	assert_string_equal(found("https://old.example/wp-content/uploads/2020/01/a.jpg", &arena), "2020/01/a.jpg");
	assert_string_equal(found("https://old.example/wp-content/uploads/2020/01/a-300x200.jpg?w=300#x", &arena), "2020/01/a.jpg");
	assert_string_equal(found("https://old.example/wp-content/uploads/2020/01/only-300x200.jpg", &arena), "2020/01/only-300x200.jpg");
	assert_string_equal(found("//old.example/wp-content/uploads/2020/01/%D0%BC%D0%BE%D1%81%D1%82.jpg", &arena), "2020/01/мост.jpg");
	assert_string_equal(found("/content/images/size/w1000/2024/05/lead.png", &arena), "2024/05/lead.png");
	assert_string_equal(found("/logo.png", &arena), "logo.png");
	/* a bare name says too little where the address says more */
	assert_string_equal(found("https://elsewhere.example/theme/img/logo.png", &arena), "");
	assert_string_equal(found("https://old.example/2020/01/none.jpg", &arena), "");
	arena_release(&arena);
}

static void test_no_address_leads_out_of_the_folder(void **state)
{
	static const char *const urls[] = {"../../../../etc/passwd", "/../../../../../etc/passwd", "/..%2f..%2f..%2f..%2fetc/passwd",
		"https://x/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "file:///etc/passwd", "/etc/passwd", "", "/", "//", "http://", "2020/./01/a.jpg",
		"/2020/01/", "/2020/01/a.jpg%00.png", "data:image/png;base64,xx"};
	struct arena arena;
	size_t i;

	(void) state;
	arena_init(&arena, "test", 1 << 20);
	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_string_equal(found(urls[i], &arena), "");
	arena_release(&arena);
}

static void test_old_addresses(void **state)
{
	struct arena arena;
	struct movein_moves moves = {.arena = &arena};
	struct fault f = {0};

	(void) state;
	arena_init(&arena, "test", 1 << 20);
	assert_true(movein_moves_add(&moves, STR("/2015/01/мост/"), STR("/2015/01/02/most/"), &f));
	assert_true(movein_moves_add(&moves, STR("/?p=7"), STR("/2015/01/02/most/"), &f));
	assert_true(movein_moves_add(&moves, STR("/a/"), STR("/b/"), &f));
	movein_moves_sort(&moves);
	assert_string_equal(movein_moves_find(&moves, STR("/2015/01/%D0%BC%D0%BE%D1%81%D1%82/#comments"), &arena).at, "/2015/01/02/most/");
	assert_string_equal(movein_moves_find(&moves, STR("/a"), &arena).at, "/b/");
	assert_string_equal(movein_moves_find(&moves, STR("/a/?utm_source=x\\&y"), &arena).at, "/b/");
	assert_string_equal(movein_moves_find(&moves, STR("/?p=7"), &arena).at, "/2015/01/02/most/");
	assert_int_equal(movein_moves_find(&moves, STR("/?p=8"), &arena).len, 0);
	assert_int_equal(movein_moves_find(&moves, STR(""), &arena).len, 0);
	arena_release(&arena);
}

/* A record from outside is mended, never believed. */
static void test_an_odd_record_is_mended(void **state)
{
	struct arena arena;
	struct movein_report report;
	struct movein_found got;
	struct fault f = {0};
	json_t *record = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s, s, s], s:[s], s:[s, s, s], s:s, s:[[s, s], [s, s]]}",
		"kind", "story", "identity", "wordpress:x:1", "title", "A\ttitle", "slug", "../Evil Slug", "status", "published", "lang", "xx-klingon!",
		"date_gmt", "2015-01-27 13:56:57", "authors", "Ada", "Ada", "!!!", "topics", "Bridges", "paths", "//evil.example/", "/fine/", "/x?y=1",
		"body", "Words.", "notes", "shortcode", "box", "no-such-note", "x");

	(void) state;
	arena_init(&arena, "test", 8 << 20);
	movein_report_init(&report);
	assert_true(movein_story_read(record, STR("en"), &arena, &report, &got));
	assert_string_equal(got.story.title.at, "A title");
	assert_string_equal(got.story.slug.at, "evil-slug");
	assert_string_equal(got.story.lang.at, "en");
	assert_int_equal(got.story.published.us, INT64_C(1422367017000000));
	assert_int_equal(got.story.author_count, 1);
	assert_int_equal(got.path_count, 1);
	assert_string_equal(got.paths[0].at, "/fine/");
	assert_int_equal(report.groups[GROUP_NAMES].count, 1);
	assert_int_equal(report.groups[GROUP_PATH].count, 2);
	assert_int_equal(report.groups[GROUP_SHORTCODE].count, 1);
	assert_true(movein_story_finish(&got.story, &report, &arena, &f));
	assert_true(got.story.state == STORY_PUBLISHED && str_is(got.story.excerpt, "Words."));

	json_object_set_new(record, "body", json_string(""));
	json_object_set_new(record, "title", json_string(""));
	assert_true(movein_story_read(record, STR("en"), &arena, &report, &got));
	assert_true(movein_story_finish(&got.story, &report, &arena, &f));
	assert_true(got.story.state == STORY_DRAFT && got.story.title.len > 0);
	assert_int_equal(report.groups[GROUP_EMPTY].count, 2);

	json_object_set_new(record, "identity", json_string(""));
	assert_false(movein_story_read(record, STR("en"), &arena, &report, &got));
	assert_int_equal(report.groups[GROUP_TROUBLE].count, 1);
	movein_report_release(&report);
	json_decref(record);
	arena_release(&arena);
}

/* A picture without a file leaves no hole, and nothing else of the text changes. */
static void test_marks_are_filled_in(void **state)
{
	struct arena arena;
	struct movein *move = memory_new(1, sizeof(*move));
	struct movein_shown *shown = memory_new(1, sizeof(*shown));
	struct story story = {.identity = STR("wordpress:x:1"), .title = STR("T"),
		.body = STR("\x01P0\x02\n\n```\na\n\n\nb\n```\n\nc\x05 [d](\x01L/old/#x\x02) [e](\x01L/other/\x02)\n\n\x01P0\x02\n\n\x01P7\x02\n\nf\n\n\x01P0\x02")};
	json_t *record = json_pack("{s:[{s:s}]}", "pictures", "url", "https://old.example/a.jpg");
	struct fault f = {0};
	struct str got;

	(void) state;
	arena_init(&arena, "test", 8 << 20);
	move->moves.arena = &arena;
	movein_report_init(&move->report);
	assert_true(movein_moves_add(&move->moves, STR("/old/"), STR("/2020/01/02/new/"), &f));
	movein_moves_sort(&move->moves);
	got = movein_fill(move, record, &story, &arena, &move->report, shown);
	assert_string_equal(str_to_c(got, &arena), "```\na\n\n\nb\n```\n\nc [d](/2020/01/02/new/) [e](/other/)\n\nf");
	assert_int_equal(move->report.groups[GROUP_PICTURE].count, 1);
	assert_int_equal(shown->count, 0);
	/* what is no mark of mimeo-movein's ends the text and never reaches a page */
	story.body = STR("a \x01L/x");
	got = movein_fill(move, record, &story, &arena, &move->report, shown);
	assert_string_equal(str_to_c(got, &arena), "a ");
	movein_report_release(&move->report);
	json_decref(record);
	arena_release(&arena);
	memory_free(shown);
	memory_free(move);
}

static int clean(void **state)
{
	static const char *const paths[] = {"2020/01/a.jpg", "2020/01/only-300x200.jpg", "2020/01/мост.jpg", "2024/05/lead.png", "logo.png", "2020/01",
		"2020", "2024/05", "2024", "."};
	char path[300];
	size_t i;

	(void) state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, paths[i]);
		(void) remove(path);
	}
	(void) rmdir(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_picture_is_found_by_its_tail),
		cmocka_unit_test(test_no_address_leads_out_of_the_folder),
		cmocka_unit_test(test_old_addresses),
		cmocka_unit_test(test_an_odd_record_is_mended),
		cmocka_unit_test(test_marks_are_filled_in),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, clean);
}
