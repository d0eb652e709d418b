/* test_story_file.c: front matter, as people write it and as they should not.
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "desk/story.h"

static struct arena arena;
static struct story_file out;

static const struct story *good(const char *text)
{
	struct fault f = {0};

	if (!story_from_file(str_from(text), "a.md", STR("a"), STR("en"), &arena, &out, &f))
		fail_msg("%s", f.say);
	return &out.story;
}

static void bad(const char *text, const char *say)
{
	struct fault f = {0};

	assert_false(story_from_file(str_from(text), "a.md", STR("a"), STR("en"), &arena, &out, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	if (strncmp(f.say, say, strlen(say)) != 0)
		fail_msg("wanted '%s', got '%s'", say, f.say);
}

static void the_least_is_a_title_and_a_text(void **state)
{
	const struct story *story = good("---\ntitle: One\n---\nText. More.\n");

	(void) state;
	assert_true(str_is(story->title, "One"));
	assert_true(str_is(story->identity, "a"));
	assert_true(str_is(story->slug, "one"));
	assert_true(str_is(story->lang, "en"));
	assert_true(str_is(story->dir, "ltr"));
	assert_true(str_is(story->excerpt, "Text. More."));
	assert_int_equal(story->state, STORY_PUBLISHED);
	assert_int_equal(story->published.us, 0);
}

static void every_key_is_read(void **state)
{
	const struct story *story = good("\xef\xbb\xbf---\r\nid: x-1\r\ntitle: \"A: \\\"b\\\"\"\r\nslug: a-b\r\nlang: ar\r\ndate: 2026-11-20 09:10\r\nupdated: 2026-11-20 14:05\r\n"
		"authors: [Ada Wren, 'Il''ya, M.', \"C, D\"]\r\n# a note\r\n\r\nsection: News\r\ntopics: []\r\nphoto: p/q.jpg\r\nalt: x [y]\r\ncaption: c: d\r\ncredit: Charles Mostoller / Reuters\r\n"
		"excerpt: e # not a comment\r\nstatus: draft\r\ncorrection: 2026-11-21 Was 1993.\r\ngrave: 2026-11-22 Was wrong.\r\n---\r\nText [Islamic State].\r\n");

	(void) state;
	assert_true(str_is(story->identity, "x-1"));
	assert_true(str_is(story->title, "A: \"b\""));
	assert_true(str_is(story->slug, "a-b"));
	assert_true(str_is(story->dir, "rtl"));
	assert_int_equal(story->author_count, 3);
	assert_true(str_is(story->authors[1], "Il'ya, M."));
	assert_true(str_is(story->authors[2], "C, D"));
	assert_int_equal(story->topic_count, 0);
	assert_true(str_is(story->alt, "x [y]"));
	assert_true(str_is(story->caption, "c: d"));
	assert_true(str_is(story->credit, "Charles Mostoller / Reuters"));
	assert_true(str_is(story->excerpt, "e # not a comment"));
	assert_int_equal(story->state, STORY_DRAFT);
	assert_int_equal(story->correction_count, 2);
	assert_false(story->corrections[0].grave);
	assert_true(story->corrections[1].grave);
	assert_true(str_is(story->corrections[1].text, "Was wrong."));
	assert_true(str_is(out.photo, "p/q.jpg"));
	assert_int_equal(out.photo_line, 13);
}

static void every_complaint_names_file_and_line(void **state)
{
	(void) state;
	bad("---\ntitle: One\ncaption:\ta\x07\n---\nText.\n", "a.md:3: a control character");
	bad("", "a.md:1: the file begins with a line `---`");
	bad("title: x\n", "a.md:1: the file begins");
	bad("---\ntitle: x\n", "a.md:2: the second `---`");
	bad("---\ntitle: x\nfoo: y\n---\nt", "a.md:3: mimeo knows no key \"foo\"");
	bad("---\ntitle: x\nslug: a\ntitle: y\n---\nt", "a.md:4: title stands here a second time (first in line 2)");
	bad("---\nslug: a\n---\nt", "a.md:1: the story has no title");
	bad("---\ntitle: x\n---\n  \n", "a.md:4: the story has no text");
	bad("---\ntitle:x\n---\nt", "a.md:2: a space stands after the colon");
	bad("---\ntitle\n---\nt", "a.md:2: a line is written as");
	bad("---\ntitle: x\n  more\n---\nt", "a.md:3: a value stands on the line of its key");
	bad("---\ntitle: x\ntopics:\n- a\n---\nt", "a.md:4: a value stands on the line of its key");
	bad("---\nTitle: x\n---\nt", "a.md:2: a key is written in small letters");
	bad("---\ntitle: \"x\n---\nt", "a.md:2: a quote is opened here");
	bad("---\ntitle: \"x\" y\n---\nt", "a.md:2: something stands after the closing quote");
	bad("---\ntitle: \"\\q\"\n---\nt", "a.md:2: after a \\ stands");
	bad("---\ntitle: |\n---\nt", "a.md:2: a text that begins so stands in \"quotes\"");
	bad("---\ntitle: &a x\n---\nt", "a.md:2: a text that begins so");
	bad("---\ntitle: [a, b]\n---\nt", "a.md:2: title is one text, not a list");
	bad("---\ntitle: x\ntopics: [a, b\n---\nt", "a.md:3: a list is opened here and never closed");
	bad("---\ntitle: x\ntopics: [a,, b]\n---\nt", "a.md:3: an item of this list is empty");
	bad("---\ntitle: x\ntopics: [a, ]\n---\nt", "a.md:3: an item of this list is empty");
	bad("---\ntitle: x\ntopics: [a] b\n---\nt", "a.md:3: something stands after the list");
	bad("---\ntitle: x\ntopics: [a, [b]]\n---\nt", "a.md:3: a list holds texts only");
	bad("---\ntitle: x\ntopics: [a, a]\n---\nt", "a.md:3: a name stands here twice");
	bad("---\ntitle: x\nslug: A B\n---\nt", "a.md:3: slug: ");
	bad("---\ntitle: x\nlang: english language\n---\nt", "a.md:3: lang is a language's code");
	bad("---\ntitle: x\nlang: e/\n---\nt", "a.md:3: lang is a language's code");
	bad("---\ntitle: x\ndir: up\n---\nt", "a.md:3: dir is ltr or rtl");
	bad("---\ntitle: x\ndate: 20 November\n---\nt", "a.md:3: date is written as 2026-11-20");
	bad("---\ntitle: x\nupdated: 2026-11-20\n---\nt", "a.md:2: a story that was updated has a date");
	bad("---\ntitle: x\nstatus: live\n---\nt", "a.md:3: status is draft, review, scheduled, published or withdrawn");
	bad("---\ntitle: x\nphoto: /etc/passwd\n---\nt", "a.md:3: photo is a file beside this one");
	bad("---\ntitle: x\nphoto: a/../../b\n---\nt", "a.md:3: photo is a file beside this one");
	bad("---\ntitle: x\ncredit: y\n---\nt", "a.md:2: there is a caption, credit or alt but no photo");
	bad("---\ntitle: x\ncorrection: was wrong\n---\nt", "a.md:3: a correction is written as");
	bad("---\ntitle: …\n---\nt", "a.md:2: title: no letter or digit is left");
	bad("---\ntitle: x\n---\n\xff", "a.md:1: the file is not UTF-8");
	bad("---\ntitle: x\x01\n---\nt", "a.md:2: a control character");
	bad("---\ntitle: x\n---\n>>>>>>>>>>>>>>>>>>>>>>>>>>>>>> a", "a.md:4: text: line 1: quotes and lists are nested deeper");
}

static void corrections_have_kinds(void **state)
{
	const struct story *story = good("---\ntitle: One\ncorrection: 2026-11-20 clarification: It was the other bank.\n"
		"grave: 2026-11-20 note: We took a name out.\ncorrection: 2026-11-20 Note: this is a text.\n---\nText.\n");

	(void) state;
	assert_int_equal(story->corrections[0].kind, STORY_CLARIFIES);
	assert_true(str_is(story->corrections[0].text, "It was the other bank."));
	assert_int_equal(story->corrections[1].kind, STORY_NOTES);
	assert_true(story->corrections[1].grave);
	assert_int_equal(story->corrections[2].kind, STORY_CORRECTS);
	bad("---\ntitle: x\ncorrection: 2026-11-20 note:\n---\nt", "a.md:3: a correction is written as");
	clock_fix((struct when){INT64_C(1795435200000000)});
	bad("---\ntitle: x\ndate: 2026-11-20\nstatus: scheduled\n---\nt", "a.md:2: a scheduled story has a date that is still to come");
	bad("---\ntitle: x\nstatus: scheduled\n---\nt", "a.md:2: a scheduled story has a date that is still to come");
	story = good("---\ntitle: x\ndate: 2027-11-20 10:00\nstatus: scheduled\n---\nt");
	assert_int_equal(story->due.us, story->published.us);
	clock_fix((struct when){0});
}

static void long_things_are_refused(void **state)
{
	char text[4000] = "---\ntitle: ";
	size_t i;

	(void) state;
	for (i = strlen(text); i < 1000; i++)
		text[i] = 'a';
	strcpy(text + 1000, "\n---\nt");
	bad(text, "a.md:2: title is longer than 300 characters");
	strcpy(text, "---\ntitle: x\n");
	for (i = 0; i < 70; i++)
		strcat(text, "correction: 2026-11-20 x\n");
	strcat(text, "---\nt");
	bad(text, "a.md:66: there are too many lines");
}

static void states_know_what_may_follow(void **state)
{
	(void) state;
	assert_true(story_may_become(STORY_DRAFT, STORY_PUBLISHED));
	assert_true(story_may_become(STORY_PUBLISHED, STORY_WITHDRAWN));
	assert_true(story_may_become(STORY_WITHDRAWN, STORY_PUBLISHED));
	assert_false(story_may_become(STORY_PUBLISHED, STORY_DRAFT));
	assert_false(story_may_become(STORY_DRAFT, STORY_WITHDRAWN));
}

static void a_real_story_comes_through(void **state)
{
	static const char path[] = "../shared/data/stories/russian-support-for-assad.md";
	struct str file = {NULL, 0};
	struct fault f = {0};

	(void) state;
	if (access(path, R_OK) != 0) {
		print_message("# %s is not here\n", path);
		skip();
	}
	assert_true(file_read(AT_FDCWD, path, 1 << 20, &arena, &file, &f));
	assert_true(story_from_file(file, "russian.md", STR("russian"), STR("en"), &arena, &out, &f));
	assert_true(str_is(out.story.credit, "Charles Mostoller / Reuters"));
	assert_int_equal(out.story.topic_count, 3);
	assert_true(str_find(out.story.body, STR("anti-ISIS [Islamic State] coalition")) != SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_is_a_title_and_a_text), cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(every_complaint_names_file_and_line), cmocka_unit_test(long_things_are_refused),
		cmocka_unit_test(states_know_what_may_follow), cmocka_unit_test(corrections_have_kinds), cmocka_unit_test(a_real_story_comes_through),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	arena_init(&arena, "test", 64 * 1024 * 1024);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
