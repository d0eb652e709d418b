/* test_weekday.c: the slot's day in every text that readers see: seven days in three languages, whole sentences, and no other day beside it.
 * SPDX-License-Identifier: ISC */
#include "newsletter_test.h"

#include "house/page.h"
#include "press/locale.h"
#include "press/value.h"

enum { LANGUAGES = 3, DAYS = 7 };

static const char *const languages[LANGUAGES] = {"en", "ru", "ar"};

/* As they stand in the sentences. */
static const char *const every[LANGUAGES][DAYS] = {
	{"every Sunday", "every Monday", "every Tuesday", "every Wednesday", "every Thursday", "every Friday", "every Saturday"},
	{"каждое воскресенье", "каждый понедельник", "каждый вторник", "каждую среду", "каждый четверг", "каждую пятницу", "каждую субботу"},
	{"كل يوم أحد", "كل يوم اثنين", "كل يوم ثلاثاء", "كل يوم أربعاء", "كل يوم خميس", "كل يوم جمعة", "كل يوم سبت"},
};

static struct bench bench;

static void names_one_day(struct str text, size_t language, int weekday, const char *what)
{
	for (int day = 0; day < DAYS; day++) {
		bool there = str_find(text, str_from(every[language][day])) != SIZE_MAX;

		if (there != (day == weekday))
			fail_msg("%s, %s, day %d: day %d is %s", what, languages[language], weekday, day, there ? "there" : "missing");
	}
	assert_true(str_find(text, STR("⟦")) == SIZE_MAX && str_find(text, STR("{newsroom}")) == SIZE_MAX);
}

static void the_box(void **state)
{
	struct arena arena;

	(void) state;
	arena_init(&arena, "test", 4 * 1024 * 1024);
	for (size_t i = 0; i < LANGUAGES; i++)
		for (int day = 0; day < DAYS; day++) {
			const struct page page = {.language = str_from(languages[i]), .path = STR("/")};
			struct press_value *sheet;

			bench.room.settings.slot.weekday = day;
			sheet = page_newsletter_sheet(bench.room.theme, &bench.room.settings, &page, (struct str){NULL, 0}, (struct str){NULL, 0}, &arena);
			names_one_day(press_value_text(press_get(sheet, STR("every"))), i, day, "the box");
		}
	arena_release(&arena);
}

/* Both bodies of the mail are 7-bit or base64: its words are asked of the theme as the mail does, and of the page. */
static void the_sentences(void **state)
{
	static const char *const lists[] = {"newsletter_when", "newsletter_confirm_when", "mail_confirm_when", "every"};

	(void) state;
	for (size_t i = 0; i < LANGUAGES; i++) {
		const struct locale *locale = page_locale(bench.room.theme, &bench.room.settings, str_from(languages[i]));

		for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++)
			for (int day = 0; day < DAYS; day++) {
				struct str text = locale_indexed(locale, lists[k], (size_t) day);
				struct buf filled;

				buf_init(&filled, 4096);
				locale_write(&filled, text, (const struct locale_pair[]){{"newsroom", STR("The Tern Courier")}, {NULL, {NULL, 0}}});
				names_one_day(buf_view(&filled), i, day, lists[k]);
				assert_true(k == 3 || buf_view(&filled).at[filled.len - 1] == '.');
				buf_release(&filled);
			}
	}
}

/* The English confirmation is plain text: its bytes name the day. */
static void the_confirmation(void **state)
{
	struct fault f = {0};

	(void) state;
	for (int day = 0; day < DAYS; day++) {
		struct outgoing mail = {.id = 7, .kind = OUTGOING_CONFIRM, .language = "en"};
		struct buf out;

		bench.room.settings.slot.weekday = day;
		rand_token(mail.token);
		assert_true(email_parse(STR("ada@tern.example"), &mail.to, &f));
		buf_init(&out, 256 * 1024);
		assert_true(newsletter_compose(bench.n, &mail, NULL, NULL, &out, &f));
		names_one_day(buf_view(&out), 0, day, "the confirmation");
		buf_release(&out);
	}
}

static int begin(void **state)
{
	(void) state;
	bench_folder(&bench, "slot = Friday 08:00\n");
	bench_open(&bench);
	return 0;
}

static int end(void **state)
{
	(void) state;
	bench_close(&bench);
	bench_remove(&bench);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_box),
		cmocka_unit_test(the_sentences),
		cmocka_unit_test(the_confirmation),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, begin, end);
}
