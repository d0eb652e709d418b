/* test_import.c: lists that come from elsewhere: which rows, who agrees, killed anywhere, nobody twice, nobody who left; and what goes out.
 * SPDX-License-Identifier: ISC */
#include "newsletter_test.h"

#include "base/parcel.h"
#include "base/secret.h"
#include "newsletter/newsletter_import.h"

static struct bench bench;

static int set_up(void **state)
{
	(void) state;
	bench_folder(&bench, "import_alone = 10\n");
	clock_fix((struct when){1795180000000000}); /* 20 November 2026 */
	bench_open(&bench);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	bench_close(&bench);
	bench_remove(&bench);
	clock_fix((struct when){0});
	return 0;
}

static const char hash_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char hash_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static int64_t begin(const char *hash, int64_t rows, const char *by)
{
	struct fault f = {0};
	json_t *json = NULL;
	int64_t id = 0;

	assert_true(newsletter_import_begin(bench.n, str_from(hash), rows, str_from(by), &json, &f));
	assert_true(str_to_i64(str_from(json_string_value(json_object_get(json, "id"))), &id));
	json_decref(json);
	return id;
}

static int64_t import_number(int64_t id, const char *key)
{
	struct fault f = {0};
	json_t *json = NULL;
	int64_t number;

	assert_true(newsletter_import_json(bench.n, id, &json, &f));
	number = json_integer_value(json_object_get(json, key));
	json_decref(json);
	return number;
}

static bool import_is(int64_t id, const char *state)
{
	struct fault f = {0};
	json_t *json = NULL;
	bool is;

	assert_true(newsletter_import_json(bench.n, id, &json, &f));
	is = strcmp(json_string_value(json_object_get(json, "state")), state) == 0;
	json_decref(json);
	return is;
}

/* Rows first … first + count - 1 of a list. */
static struct str rows(int first, int count)
{
	static char text[64 * 1024];
	size_t len = 0;

	for (int i = first; i < first + count; i++)
		len += (size_t) snprintf(text + len, sizeof(text) - len, "reader%d@example.org,%s,2023-04-17,\"web form, double opt-in\"\n", i,
			i % 2 == 0 ? "ru" : "");
	return str_make(text, len);
}

static bool take(int64_t id, int64_t from, struct str text)
{
	struct fault f = {0};

	return newsletter_import_take(bench.n, id, from, text, &f);
}

static void test_a_short_list(void **state)
{
	int64_t id;

	(void) state;
	id = begin(hash_a, 4, "Ada");
	assert_true(import_is(id, "taking"));
	assert_int_equal(begin(hash_a, 4, "Ben"), id); /* the same file is the same import */
	assert_true(take(id, 0, rows(0, 4)));
	assert_true(import_is(id, "done"));
	assert_int_equal(import_number(id, "added"), 4);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 4);
	assert_true(take(id, 0, rows(0, 4))); /* again: nothing */
	assert_int_equal(import_number(id, "added"), 4);
	id = begin(hash_b, 5, "Ada");
	assert_true(take(id, 0, rows(2, 5)));
	assert_int_equal(import_number(id, "added"), 3);
	assert_int_equal(import_number(id, "known"), 2);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 7);
}

static void speaks(const char *address, const char *language)
{
	json_t *json = json_object();
	struct fault f = {0};
	struct arena arena;

	arena_init(&arena, "look-up", 65536);
	assert_true(newsletter_look_up(bench.n, str_from(address), STR("Ben"), &arena, json, &f));
	assert_string_equal(json_string_value(json_object_get(json, "language")), language);
	assert_string_equal(json_string_value(json_object_get(json, "proof")), "form");
	json_decref(json);
	arena_release(&arena);
}

/* "EN" and "ru-RU" are languages of the theme, "de" is none; who signed up and never confirmed is confirmed by the proof. */
static void test_languages_and_beginnings(void **state)
{
	int64_t id;

	(void) state;
	bench_sign_up(&bench, "slow@example.org");
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_PENDING), 1);
	id = begin(hash_a, 4, "Ada");
	assert_true(take(id, 0, STR("a@example.org,EN,2023-04-17,form\nb@example.org,ru-RU,2023-04-17,form\nc@example.org,de,2023-04-17,form\n"
		"slow@example.org,ru,2023-04-17,form\n")));
	assert_int_equal(import_number(id, "added"), 4);
	assert_int_equal(import_number(id, "known"), 0);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_PENDING), 0);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 4);
	speaks("a@example.org", "en");
	speaks("b@example.org", "ru");
	speaks("c@example.org", "en"); /* the newsroom's */
	speaks("slow@example.org", "ru");
}

static void test_rows_that_are_none(void **state)
{
	static const struct {
		const char *fields[NEWSLETTER_IMPORT_FIELDS];
		bool good;
	} cases[] = {
		{{"a@example.org", "en", "2023-04-17", "form"}, true},
		{{" a@example.org ", "", "2024-02-29", "form"}, true},
		{{"a@example.org", "pt-BR", "1990-01-01", "form"}, true},
		{{"a@example.org", "zh-Hant-TW", "2026-11-20", "form"}, true},
		{{"a", "en", "2023-04-17", "form"}, false},
		{{"", "en", "2023-04-17", "form"}, false},
		{{"a@example.org", "english", "2023-04-17", "form"}, false},
		{{"a@example.org", "e", "2023-04-17", "form"}, false},
		{{"a@example.org", "en-", "2023-04-17", "form"}, false},
		{{"a@example.org", "en-a", "2023-04-17", "form"}, false},
		{{"a@example.org", "en<script>", "2023-04-17", "form"}, false},
		{{"a@example.org", "en", "2023-02-29", "form"}, false},
		{{"a@example.org", "en", "17.04.2023", "form"}, false},
		{{"a@example.org", "en", "2023-4-17", "form"}, false},
		{{"a@example.org", "en", "2023-13-01", "form"}, false},
		{{"a@example.org", "en", "1989-12-31", "form"}, false},
		{{"a@example.org", "en", "2026-11-21", "form"}, false}, /* tomorrow */
		{{"a@example.org", "en", "", "form"}, false},
		{{"a@example.org", "en", "2023-04-17", ""}, false},
		{{"a@example.org", "en", "2023-04-17", "  "}, false},
		{{"a@example.org", "en", "2023-04-17", "two\nlines"}, false},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str fields[NEWSLETTER_IMPORT_FIELDS];
		struct newsletter_import_row row;
		const char *why = NULL;

		for (size_t k = 0; k < NEWSLETTER_IMPORT_FIELDS; k++)
			fields[k] = str_from(cases[i].fields[k]);
		assert_int_equal(newsletter_import_row_read(fields, clock_utc_day(clock_now()), &row, &why), cases[i].good);
		assert_int_equal(why == NULL, cases[i].good);
		if (i == 0)
			assert_int_equal(row.consent_day, 19464);
	}
}

/* What gets past the command all the same is counted and left out. */
static void test_bad_rows_reach_nobody(void **state)
{
	int64_t id = begin(hash_a, 4, "Ada");

	(void) state;
	assert_true(take(id, 0, STR("no address,en,2023-04-17,form\na@example.org,en,2023-04-17\n\"open,en,2023-04-17,form\n"
		"good@example.org,en,2023-04-17,form\n")));
	assert_true(import_is(id, "done"));
	assert_int_equal(import_number(id, "refused"), 3);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
}

static void test_a_second_person(void **state)
{
	struct fault f = {0};
	int64_t id;

	(void) state;
	id = begin(hash_a, 11, "Ada Wren");
	assert_true(import_is(id, "waiting"));
	assert_false(take(id, 0, rows(0, 11)));
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
	assert_false(newsletter_import_confirm(bench.n, id, STR("ada wren"), true, &f));
	assert_int_equal(f.kind, FAULT_DENIED);
	f = (struct fault){0};
	assert_true(import_is(id, "waiting"));
	assert_true(newsletter_import_confirm(bench.n, id, STR("Ben Lark"), true, &f));
	assert_false(newsletter_import_confirm(bench.n, id, STR("Ben Lark"), true, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	assert_true(take(id, 0, rows(0, 11)));
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 11);

	f = (struct fault){0};
	id = begin(hash_b, 12, "Ada Wren");
	assert_true(newsletter_import_confirm(bench.n, id, STR("Ben Lark"), false, &f));
	assert_true(import_is(id, "declined"));
	assert_false(take(id, 0, rows(20, 12)));
	assert_false(newsletter_import_confirm(bench.n, id, STR("Cleo"), true, &f));
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 11);
}

/* Chunks twice, overlapping, and with a gap. */
static void test_rows_have_numbers(void **state)
{
	int64_t id = begin(hash_a, 10, "Ada");

	(void) state;
	assert_true(take(id, 0, rows(0, 4)));
	assert_true(take(id, 0, rows(0, 4)));
	assert_true(take(id, 2, rows(2, 4)));
	assert_int_equal(import_number(id, "taken"), 6);
	assert_false(take(id, 7, rows(7, 3)));
	assert_false(take(id, -1, rows(0, 1)));
	assert_int_equal(import_number(id, "taken"), 6);
	assert_true(take(id, 6, rows(6, 20))); /* more than were announced: those are not looked at */
	assert_int_equal(import_number(id, "taken"), 10);
	assert_int_equal(import_number(id, "added"), 10);
	assert_int_equal(import_number(id, "known"), 0);
	assert_true(import_is(id, "done"));
}

static void test_nobody_who_left_comes_back(void **state)
{
	struct fault f = {0};
	int64_t id, subscriber;

	(void) state;
	id = begin(hash_a, 3, "Ada");
	assert_true(take(id, 0, rows(0, 3)));
	subscriber = bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_AFTER,
		STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)), store_i64(0), store_i64(1)));
	assert_true(newsletter_erase(bench.n, subscriber, &f));
	id = begin(hash_b, 3, "Ada");
	assert_true(take(id, 0, rows(0, 3)));
	assert_int_equal(import_number(id, "suppressed"), 1);
	assert_int_equal(import_number(id, "known"), 2);
	assert_int_equal(import_number(id, "added"), 0);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 2);
}

/* Killed right before and right after each commit: whoever runs it again has all rows, each once. */
static void test_killed_at_each_commit(void **state)
{
#ifdef MIMEO_DEBUG
	static const char *const points[] = {"import before commit", "import after commit", "import finished"};

	(void) state;
	for (int at = 0; at < 3; at++)
		for (int n = 1; n <= (at == 2 ? 1 : 3); n++) {
			char hash[80];
			int64_t id;
			int status;
			pid_t child;

			snprintf(hash, sizeof(hash), "%064d", at * 3 + n);
			id = begin(hash, 9, "Ada");
			bench_close(&bench);
			child = fork();
			if (child == 0) {
				struct fault f = {0};

				if (!bench_try_open(&bench, &f))
					_exit(1);
				newsletter_crash_at(points[at], n);
				for (int i = 0; i < 9; i += 3)
					if (!take(id, i, rows(100 * (at * 3 + n) + i, 3)))
						_exit(2);
				_exit(3);
			}
			waitpid(child, &status, 0);
			assert_int_equal(WEXITSTATUS(status), 99);
			bench_open(&bench);
			assert_int_equal(begin(hash, 9, "Ada"), id); /* as the command does: all were taken, and only the end was missing */
			assert_int_equal(import_number(id, "taken"), at == 2 ? 9 : 3 * (n - 1 + at));
			for (int64_t i = import_number(id, "taken"); i < 9; i += 3)
				assert_true(take(id, i, rows(100 * (at * 3 + n) + (int) i, 3)));
			assert_true(import_is(id, "done"));
			assert_int_equal(import_number(id, "added"), 9);
			assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 9 * (at * 3 + n));
		}
#else
	(void) state;
	skip();
#endif
}

/* Each statement fails once, as on a full disk: nothing is half taken, and the next try takes it. */
static void test_a_full_disk(void **state)
{
	int64_t id = begin(hash_a, 5, "Ada");
	bool ok = false;
	int n;

	(void) state;
	for (n = 1; !ok && n < 200; n++) {
		store_fail_at(bench.room.db, n);
		ok = take(id, 0, rows(0, 5));
		store_fail_at(bench.room.db, 0);
		assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), import_number(id, "taken"));
		if (!ok && import_number(id, "taken") == 5)
			break; /* only the last flush failed */
	}
	assert_true(n > 5);
	assert_true(take(id, 0, rows(0, 5)));
	assert_true(import_is(id, "done"));
	assert_int_equal(import_number(id, "added"), 5);
}

/* --- what goes out --- */

static void test_look_up(void **state)
{
	struct fault f = {0};
	struct arena arena;
	json_t *json, *line;
	size_t i;
	int looked = 0;

	(void) state;
	assert_true(take(begin(hash_a, 3, "Ada"), 0, rows(0, 3)));
	arena_init(&arena, "look-up", 65536);
	json = json_object();
	assert_true(newsletter_look_up(bench.n, STR("Reader1@EXAMPLE.org"), STR("Ben"), &arena, json, &f));
	assert_true(json_is_true(json_object_get(json, "known")));
	assert_string_equal(json_string_value(json_object_get(json, "address")), "reader1@example.org");
	assert_string_equal(json_string_value(json_object_get(json, "consent_day")), "2023-04-17");
	assert_string_equal(json_string_value(json_object_get(json, "proof")), "web form, double opt-in");
	json_decref(json);
	json = json_object();
	assert_true(newsletter_look_up(bench.n, STR("reader@example.org"), STR("Ben"), &arena, json, &f)); /* a beginning is nobody */
	assert_true(json_is_false(json_object_get(json, "known")));
	json_decref(json);
	json = json_object();
	assert_false(newsletter_look_up(bench.n, STR("reader%"), STR("Ben"), &arena, json, &f));
	assert_false(newsletter_look_up(bench.n, STR("reader1@example.org"), STR(""), &arena, json, &f));
	json_decref(json);
	json = json_object();
	assert_true(newsletter_growth(bench.n, 90, json, &f));
	assert_int_equal(json_array_size(json_object_get(json, "audit")), 3); /* an import, two look-ups */
	json_array_foreach(json_object_get(json, "audit"), i, line)
		looked += strcmp(json_string_value(json_object_get(line, "who")), "Ben") == 0;
	assert_int_equal(looked, 2);
	json_decref(json);
	arena_release(&arena);
}

/* The page of the list, in the midst of an import: thirty times as many rows, and it reads no more of them. */
static void test_the_page_does_not_grow(void **state)
{
	int64_t id = begin(hash_a, 620, "Ada");
	int64_t work[2], readers = 0;
	struct fault f = {0};

	(void) state;
	assert_true(newsletter_import_confirm(bench.n, id, STR("Ben"), true, &f));
	for (int i = 0; i < 2; i++) {
		json_t *json = json_object();

		assert_true(take(id, i == 0 ? 0 : 20, i == 0 ? rows(0, 20) : rows(20, 599)));
		work[i] = store_work(bench.room.db);
		assert_true(newsletter_growth(bench.n, 90, json, &f) && newsletter_count_readers(bench.n, &readers, &f));
		work[i] = store_work(bench.room.db) - work[i];
		assert_int_equal(json_integer_value(json_object_get(json, "subscribers")), i == 0 ? 20 : 619);
		json_decref(json);
	}
	assert_true(work[0] > 0);
	assert_int_equal(work[1], work[0]);
}

static void test_export(void **state)
{
	unsigned char key[PARCEL_KEY_BYTES], other[PARCEL_KEY_BYTES];
	struct secret *secret = parcel_new_key(key), *stranger = parcel_new_key(other);
	struct newsletter_export page = {.export = 7, .number = 1, .public_key = str_make(key, sizeof(key)), .who = STR("Ada")};
	struct buf sealed, plain;
	struct fault f = {0};
	json_t *json = json_object();

	(void) state;
	assert_true(take(begin(hash_a, 3, "Ada"), 0, rows(0, 3)));
	assert_true(newsletter_export_page(bench.n, &page, json, &f));
	buf_init(&sealed, 1 << 20);
	buf_init(&plain, 1 << 20);
	assert_true(parcel_read_base64(str_from(json_string_value(json_object_get(json, "sealed"))), &sealed, &f));
	assert_int_equal(str_find(buf_view(&sealed), STR("reader1")), SIZE_MAX);
	assert_false(parcel_open(stranger, buf_view(&sealed), &plain, &f));
	assert_int_equal(f.kind, FAULT_DENIED);
	assert_true(parcel_open(secret, buf_view(&sealed), &plain, &f));
	assert_true(str_starts(buf_view(&plain), STR("7 1 last\naddress,language,consent_day,proof,")));
	for (int i = 0; i < 3; i++) {
		char line[128];

		snprintf(line, sizeof(line), "reader%d@example.org,%s,2023-04-17,\"web form, double opt-in\",", i, i % 2 == 0 ? "ru" : "en");
		assert_int_not_equal(str_find(buf_view(&plain), str_from(line)), SIZE_MAX);
	}
	assert_string_equal(json_string_value(json_object_get(json, "next")), "0");
	buf_release(&plain);
	buf_release(&sealed);
	json_decref(json);
	secret_free(&secret);
	secret_free(&stranger);
}

static bool holds(const char *path, struct str what)
{
	struct arena arena;
	struct fault f = {0};
	struct str bytes;
	bool found;

	arena_init(&arena, "file", 64 << 20);
	found = file_read(AT_FDCWD, path, 32 << 20, &arena, &bytes, &f) && str_find(bytes, what) != SIZE_MAX;
	arena_release(&arena);
	return found;
}

static void test_nobody_in_the_clear(void **state)
{
	static const char *const ends[] = {"", "-wal"};
	char path[256];

	(void) state;
	assert_true(take(begin(hash_a, 3, "Ada"), 0, rows(0, 3)));
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/data/newsletter/newsletter.db%s", bench.folder, ends[i]);
		assert_false(holds(path, STR("reader1")));
		assert_false(holds(path, STR("double opt-in")));
		assert_false(holds(path, STR("aaaaaaaaaaaaaaaa"))); /* the file's hash */
	}
	snprintf(path, sizeof(path), "%s/data/newsletter/newsletter.db-wal", bench.folder);
	assert_true(holds(path, STR("imported"))); /* the hunt looks where it should */
}

/* The proof goes with the last subscriber that it is about. */
static void test_what_is_old_goes(void **state)
{
	struct fault f = {0};
	int64_t id;

	(void) state;
	assert_true(take(begin(hash_a, 2, "Ada"), 0, rows(0, 2)));
	for (int i = 0; i < 2; i++) {
		assert_true(newsletter_daily(bench.n, &f));
		assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_CONSENT_PROOF_COUNT, STORE_NO_ARGS), 1);
		id = bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_AFTER,
			STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)), store_i64(0), store_i64(1)));
		assert_true(newsletter_erase(bench.n, id, &f));
	}
	assert_true(newsletter_daily(bench.n, &f));
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_CONSENT_PROOF_COUNT, STORE_NO_ARGS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_short_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_languages_and_beginnings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rows_that_are_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_rows_reach_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_second_person, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rows_have_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_who_left_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_killed_at_each_commit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_full_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_look_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_page_does_not_grow, set_up, tear_down), cmocka_unit_test_setup_teardown(test_export, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_in_the_clear, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_old_goes, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
