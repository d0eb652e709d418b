/* test_diff.c: both texts come out of the pieces again; changes are small where the texts are alike; hostile texts end soon.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "press/diff.h"

enum { LONG = 400000 };

static struct arena arena;

static int begin(void **state)
{
	(void) state;
	arena_init(&arena, "test", 256 * 1024 * 1024);
	return 0;
}

static int end(void **state)
{
	(void) state;
	arena_release(&arena);
	return 0;
}

static struct diff diff(struct str before, struct str after)
{
	struct buf old, new;
	struct diff out;
	struct fault f = {0};
	size_t i;

	buf_init(&old, 4 << 20);
	buf_init(&new, 4 << 20);
	assert_true(words_diff(before, after, &arena, &out, &f));
	for (i = 0; i < out.count; i++) {
		if (out.pieces[i].kind != DIFF_ADDED)
			buf_add_str(&old, out.pieces[i].text);
		if (out.pieces[i].kind != DIFF_REMOVED)
			buf_add_str(&new, out.pieces[i].text);
	}
	assert_true(str_equal(buf_view(&old), before));
	assert_true(str_equal(buf_view(&new), after));
	buf_release(&old);
	buf_release(&new);
	return out;
}

/* "=same-removed+added", for reading. */
static const char *shown(const char *before, const char *after)
{
	static char text[2000];
	struct diff out = diff(str_from(before), str_from(after));
	size_t len = 0;
	size_t i;

	text[0] = '\0';
	for (i = 0; i < out.count; i++)
		len += (size_t) snprintf(text + len, sizeof(text) - len, "%c%.*s", "=-+"[out.pieces[i].kind], STR_ARG(out.pieces[i].text));
	return text;
}

static void people_can_read_it(void **state)
{
	struct diff out;

	(void) state;
	assert_string_equal(shown("", ""), "");
	assert_string_equal(shown("a b", "a b"), "=a b");
	assert_string_equal(shown("", "new"), "+new");
	assert_string_equal(shown("old", ""), "-old");
	assert_string_equal(shown("The red fox runs.", "The brown fox runs."), "=The -red+brown= fox runs.");
	assert_string_equal(shown("one big red fox", "one small blue fox"), "=one -big red+small blue= fox"); /* the blank is no news */
	assert_string_equal(shown("A.\n\nB.\n\nC.", "A.\n\nC."), "=A.\n\n-B.\n\n=C.");
	assert_string_equal(shown("A.\n\nC.", "A.\n\nB.\n\nC."), "=A.\n\n+B.\n\n=C.");
	assert_string_equal(shown("First.\n\nSame here.\n\nLast one.", "First!\n\nSame here.\n\nLast two."),
		"=First-.+!=\n\nSame here.\n\nLast -one+two=.");
	assert_string_equal(shown("Река замёрзла рано.", "Река замёрзла поздно."), "=Река замёрзла -рано+поздно=.");
	assert_string_equal(shown("河水很早就结冰了", "河水很晚就结冰了"), "=河水很-早+晚=就结冰了");
	out = diff(STR("one two three"), STR("one two three four five"));
	assert_int_equal(out.words_added, 2);
	assert_int_equal(out.words_removed, 0);
}

static struct str random_text(size_t words, unsigned kinds, const char *between)
{
	struct buf text;
	struct str out;
	size_t i;

	buf_init(&text, 4 << 20);
	for (i = 0; i < words; i++)
		buf_format(&text, "%c%c%s", 'a' + rand() % (int) kinds, 'a' + rand() % (int) kinds, rand() % 9 == 0 ? "\n\n" : between);
	out = str_copy(buf_view(&text), &arena);
	buf_release(&text);
	return out;
}

/* Random texts with random changes; the pieces always give both texts back (diff() looks). */
static void both_texts_come_back(void **state)
{
	int i;

	(void) state;
	srand(11);
	for (i = 0; i < 300; i++) {
		struct str before = random_text((size_t) (rand() % 300), 1 + (unsigned) (rand() % 6), i % 2 ? " " : "\n");
		size_t from = before.len > 0 ? (size_t) rand() % before.len : 0;
		struct str after = str_format(&arena, "%.*s%s%.*s", STR_ARG(str_part(before, 0, from)), i % 3 ? "xx yy" : "",
			STR_ARG(str_part(before, from + (size_t) (rand() % 40), SIZE_MAX)));

		(void) diff(before, after);
		(void) diff(before, random_text((size_t) (rand() % 300), 2, " "));
		arena_reset(&arena);
	}
}

/* Bytes that are no text, too: nothing is read past an end (the sanitizers watch). */
static void bytes_of_any_kind(void **state)
{
	char bytes[2][64];
	int i;
	size_t k;

	(void) state;
	srand(12);
	for (i = 0; i < 2000; i++) {
		for (k = 0; k < sizeof(bytes); k++)
			bytes[k / 64][k % 64] = (char) (rand() % 4 == 0 ? rand() : "\n \xd1\x80" [rand() % 4]);
		(void) diff(str_make(bytes[0], (size_t) rand() % 64), str_make(bytes[1], (size_t) rand() % 64));
		arena_reset(&arena);
	}
}

/* Half a megabyte with nothing in common, or with everything nearly in common: an end in a bounded number of steps. */
static void hostile_texts_end(void **state)
{
	char *a = malloc(LONG);
	char *b = malloc(LONG);
	size_t i;

	(void) state;
	for (i = 0; i < LONG; i++) {
		a[i] = i % 2 ? '\n' : 'a';
		b[i] = i % 2 ? '\n' : 'b';
	}
	(void) diff(str_make(a, LONG), str_make(b, LONG));
	arena_reset(&arena);
	for (i = 0; i < LONG; i++) {
		a[i] = (char) (i % 2 ? ' ' : 'a' + rand() % 3);
		b[i] = (char) (i % 2 ? ' ' : 'a' + rand() % 3);
	}
	(void) diff(str_make(a, LONG), str_make(b, LONG));
	arena_reset(&arena);
	for (i = 0; i < LONG; i++)
		a[i] = '\n';
	(void) diff(str_make(a, LONG), str_make(b, LONG));
	arena_reset(&arena);
	for (i = 0; i < LONG; i++)
		a[i] = (char) (i % 3 == 2 ? '.' : i % 3 ? 'x' : 'y');
	(void) diff(str_make(a, LONG), str_make(a + 1, LONG - 2));
	free(a);
	free(b);
}

static void a_small_arena_is_a_fault(void **state)
{
	struct arena small;
	struct diff out;
	struct fault f = {0};

	(void) state;
	arena_init(&small, "small", 100000);
	assert_false(words_diff(STR("a b c"), STR("a c"), &small, &out, &f));
	assert_int_equal(f.kind, FAULT_FULL);
	arena_release(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(people_can_read_it, begin, end), cmocka_unit_test_setup_teardown(both_texts_come_back, begin, end),
		cmocka_unit_test_setup_teardown(bytes_of_any_kind, begin, end), cmocka_unit_test_setup_teardown(hostile_texts_end, begin, end),
		cmocka_unit_test_setup_teardown(a_small_arena_is_a_fault, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("press diff", tests, NULL, NULL);
}
