/* test_self.c: what readers do about themselves by their link; letters to subscribe@ and unsubscribe@; a flood of sign-ups.
 * SPDX-License-Identifier: ISC */
#include "newsletter_front.h"

#include <sodium.h>
#include "newsletter/newsletter_bounce.h"
#include "newsletter/newsletter_flood.h"
#include "newsletter/newsletter_import.h"
#include "newsletter/newsletter_letters.h"

static int set_up(void **state)
{
	(void) state;
	bench_folder(&bench, "subscribe_address = subscribe@tern.example\nunsubscribe_address = unsubscribe+TOKEN@tern.example\nsign_ups = 6\n");
	clock_fix((struct when){1795180000000000}); /* 20 November 2026 */
	bench_open(&bench);
	front_open();
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	http_server_close(&front_server);
	bench_close(&bench);
	bench_remove(&bench);
	clock_fix((struct when){0});
	return 0;
}

/* form NULL: a GET. */
static void ask(struct answer *answer, const char *path, const char *form)
{
	char request[4096];
	int len = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: room\r\nConnection: close\r\n", form != NULL ? "POST" : "GET", path);

	if (form != NULL)
		len += snprintf(request + len, sizeof(request) - (size_t) len, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n",
			strlen(form));
	len += snprintf(request + len, sizeof(request) - (size_t) len, "\r\n%s", form != NULL ? form : "");
	front_talk(answer, request, len);
}

static struct answer one, two;

static int64_t only(void)
{
	return bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_AFTER,
		STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)), store_i64(0), store_i64(1)));
}

/* A link as a mail would have had it. */
static void give_link(char path[80])
{
	char token[RAND_TOKEN_CHARS + 1];
	unsigned char hash[SEAL_HASH_BYTES];
	struct fault f = {0};

	rand_token(token);
	seal_token_hash(str_from(token), hash);
	assert_true(store_run(bench.room.db, NEWSLETTER_SQL_CONFIRMATION_INSERT,
		STORE_ARGS(store_blob(str_make(hash, sizeof(hash))), store_i64(only()), store_i64(clock_utc_day(clock_now()))), NULL, &f));
	snprintf(path, 80, "/newsletter/manage/%s", token);
}

static int recipients(void)
{
	static int64_t issue = 100;
	struct fault f = {0};
	bool more = true;

	bench_put_issue(&bench, ++issue);
	assert_true(newsletter_issue_send(bench.n, issue, STR("test"), &f));
	while (more)
		assert_true(newsletter_freeze_recipients(bench.n, &more, &f));
	return (int) bench_issue_number(&bench, issue, "recipients");
}

static void test_a_get_shows_a_button_and_nothing_else(void **state)
{
	char path[80], unknown[] = "/newsletter/manage/aaaaaaaaaaaaaaaaaaaaaaaaaa";
	char *at;

	(void) state;
	bench_subscriber(&bench, "reader@example.org");
	give_link(path);
	ask(&one, path, NULL);
	ask(&two, unknown, NULL);
	assert_int_equal(one.status, 200);
	assert_null(strstr(one.body, "reader@"));
	assert_non_null(strstr(one.body, "Show what you hold about me"));
	/* but for the token in the form's address the same bytes for one that is known and one that is not */
	while ((at = strstr(one.text, path + 19)) != NULL)
		memcpy(at, unknown + 19, RAND_TOKEN_CHARS);
	assert_int_equal(one.status, two.status);
	assert_string_equal(one.body, two.body);
}

static void test_unknown_old_and_erased_links_have_one_answer(void **state)
{
	char path[80];
	static const char *const forms[] = {"do=show", "do=pause&until=2026-12-24", "do=language&language=ru", "do=export", "do=erase", "do=erase-now"};

	(void) state;
	bench_subscriber(&bench, "reader@example.org");
	give_link(path);
	ask(&one, path, "do=erase-now");
	assert_int_equal(one.status, 200);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		ask(&one, path, forms[i]);
		ask(&two, "/newsletter/manage/aaaaaaaaaaaaaaaaaaaaaaaaaa", forms[i]);
		assert_int_equal(one.status, two.status);
		assert_string_equal(one.body, two.body);
	}
}

static void test_what_is_held(void **state)
{
	char path[80];

	(void) state;
	bench_subscriber(&bench, "reader@example.org");
	give_link(path);
	ask(&one, path, "do=show");
	assert_int_equal(one.status, 200);
	assert_non_null(strstr(one.body, "reader@example.org"));
	assert_non_null(strstr(one.text, "no-store"));
	ask(&one, path, "do=export");
	assert_int_equal(one.status, 200);
	assert_non_null(strstr(one.text, "application/json"));
	assert_non_null(strstr(one.text, "attachment"));
	assert_non_null(strstr(one.body, "\"address\":\"reader@example.org\""));
	assert_non_null(strstr(one.body, "\"consent_day\":\"1970-01-02\""));
	ask(&one, path, "do=nothing-that-there-is");
	assert_int_equal(one.status, 200);
}

/* What is said of an issue before it goes is whom it would go to. */
static int64_t counted_readers(void)
{
	struct fault f = {0};
	int64_t readers = -1;

	assert_true(newsletter_count_readers(bench.n, &readers, &f));
	return readers;
}

static void test_a_pause(void **state)
{
	char path[80];

	(void) state;
	bench_subscriber(&bench, "reader@example.org");
	give_link(path);
	assert_int_equal(recipients(), 1);
	ask(&one, path, "do=pause&until=2026-12-24");
	assert_int_equal(one.status, 200);
	assert_non_null(strstr(one.body, "24 December 2026"));
	assert_int_equal(recipients(), 0);
	assert_int_equal(counted_readers(), 0);
	for (int i = 0; i < 6; i++) {
		static const char *const bad[] = {"do=pause&until=2026-11-20", "do=pause&until=2028-01-01", "do=pause&until=soon", "do=pause&until=",
			"do=pause&until=2026-02-30", "do=pause&until=%3Cscript%3E"};

		ask(&one, path, bad[i]);
		assert_int_equal(one.status, 400);
		assert_null(strstr(one.body, "<script>"));
		assert_int_equal(recipients(), 0); /* the pause from before stands */
	}
	clock_fix((struct when){clock_now().us + 35LL * 86400 * 1000000});
	assert_int_equal(recipients(), 1); /* it ended by itself */
	assert_int_equal(counted_readers(), 1);
	clock_fix((struct when){clock_now().us - 35LL * 86400 * 1000000});
	ask(&one, path, "do=resume");
	assert_int_equal(recipients(), 1);
}

static void test_a_language(void **state)
{
	char path[80];

	(void) state;
	bench_subscriber(&bench, "reader@example.org");
	give_link(path);
	ask(&one, path, "do=language&language=ru");
	assert_int_equal(one.status, 200);
	ask(&one, path, "do=export");
	assert_non_null(strstr(one.body, "\"language\":\"ru\""));
	ask(&one, path, "do=language&language=xx-evil");
	ask(&one, path, "do=export");
	assert_non_null(strstr(one.body, "\"language\":\"ru\""));
}

/* --- a flood --- */

static struct email email_of(const char *text)
{
	struct fault f = {0};
	struct email email;

	assert_true(email_parse(str_from(text), &email, &f));
	return email;
}

static void find_nonce(const char *ticket, char nonce[32])
{
	for (unsigned long i = 0;; i++) {
		unsigned char hash[crypto_hash_sha256_BYTES];
		char text[200];
		int len;

		snprintf(nonce, 32, "%lu", i);
		len = snprintf(text, sizeof(text), "%s.%s", ticket, nonce);
		crypto_hash_sha256(hash, (unsigned char *) text, (unsigned long long) len);
		if (hash[0] == 0 && hash[1] == 0 && (hash[2] & 0x80) == 0)
			return;
	}
}

static void test_tickets(void **state)
{
	struct flood *flood = newsletter_flood_new(6);
	struct email reader = email_of("reader@example.org"), other = email_of("other@example.org");
	char ticket[FLOOD_TICKET_BYTES], nonce[32], changed[FLOOD_TICKET_BYTES];
	int64_t now = 1000000, wait_s, before = 0;
	struct flood *unlimited;
	int given = 0;

	(void) state;
	for (int i = 0; i < 6; i++) {
		assert_true(newsletter_flood_may(flood, now));
		newsletter_flood_came(flood, now);
	}
	assert_false(newsletter_flood_may(flood, now));
	assert_false(newsletter_flood_may(flood, now + 9000));
	assert_true(newsletter_flood_may(flood, now + 10000)); /* one in ten seconds */

	assert_true(newsletter_flood_ticket(flood, &reader, now, ticket, &wait_s));
	assert_int_equal(wait_s, FLOOD_WAIT_S);
	assert_int_equal(newsletter_flood_check(flood, &reader, str_from(ticket), STR(""), now, &wait_s), FLOOD_TOO_EARLY);
	assert_int_equal(wait_s, FLOOD_WAIT_S);
	assert_int_equal(newsletter_flood_check(flood, &reader, str_from(ticket), STR("1"), now, &wait_s), FLOOD_TOO_EARLY);
	assert_int_equal(newsletter_flood_check(flood, &reader, str_from(ticket), STR(""), now + FLOOD_WAIT_S * 1000, &wait_s), FLOOD_GOOD);
	assert_int_equal(newsletter_flood_check(flood, &reader, str_from(ticket), STR(""), now + 2 * FLOOD_TICKET_S * 1000, &wait_s), FLOOD_BAD);
	assert_int_equal(newsletter_flood_check(flood, &other, str_from(ticket), STR(""), now + FLOOD_WAIT_S * 1000, &wait_s), FLOOD_BAD);
	find_nonce(ticket, nonce);
	assert_int_equal(newsletter_flood_check(flood, &reader, str_from(ticket), str_from(nonce), now, &wait_s), FLOOD_GOOD);
	assert_int_equal(newsletter_flood_check(flood, &other, str_from(ticket), str_from(nonce), now, &wait_s), FLOOD_BAD);
	for (size_t i = 0; i < strlen(ticket); i++) {
		snprintf(changed, sizeof(changed), "%s", ticket);
		changed[i] = changed[i] == '1' ? '2' : '1';
		assert_int_equal(newsletter_flood_check(flood, &reader, str_from(changed), STR(""), now + FLOOD_WAIT_S * 1000, &wait_s), FLOOD_BAD);
	}
	/* those who wait come one after another, and the queue has an end */
	while (newsletter_flood_ticket(flood, &reader, now, ticket, &wait_s)) {
		assert_true(wait_s >= before + FLOOD_APART_S || given == 0);
		before = wait_s;
		given++;
	}
	assert_true(given > 200 && given < 320);
	/* behind its end a ticket still takes work, and no wait makes it good */
	assert_int_equal(newsletter_flood_check(flood, &reader, str_from(ticket), STR(""), now + 10000000, &wait_s), FLOOD_BAD);
	assert_int_equal(newsletter_flood_check(flood, &reader, str_from(ticket), STR(""), now + 60000, &wait_s), FLOOD_BAD);
	find_nonce(ticket, nonce);
	assert_int_equal(newsletter_flood_check(flood, &reader, str_from(ticket), str_from(nonce), now + 60000, &wait_s), FLOOD_GOOD);
	newsletter_flood_free(&flood);
	unlimited = newsletter_flood_new(0);
	for (int i = 0; i < 1000; i++) {
		assert_true(newsletter_flood_may(unlimited, now));
		newsletter_flood_came(unlimited, now);
	}
	newsletter_flood_free(&unlimited);
}

static void test_the_page_of_a_flood(void **state)
{
	char form[600], ticket[FLOOD_TICKET_BYTES], nonce[32];
	const char *at;

	(void) state;
	for (int i = 0; i < 6; i++) {
		snprintf(form, sizeof(form), "email=r%d%%40example.org&lang=en&back=/", i);
		ask(&one, "/newsletter/subscribe", form);
		assert_int_equal(one.status, 200);
	}
	ask(&one, "/newsletter/subscribe", "email=late%40example.org&lang=en&back=/2026/11/20/slug/&policy=0123456789abcdef");
	assert_int_equal(one.status, 429);
	assert_non_null(strstr(one.body, "value=\"late@example.org\""));
	assert_non_null(strstr(one.body, "value=\"/2026/11/20/slug/\""));
	assert_non_null(strstr(one.body, "Wait 15 seconds"));
	assert_non_null(strstr(one.text, "Retry-After: 15"));
	at = strstr(one.body, "name=\"ticket\" value=\"");
	assert_non_null(at);
	snprintf(ticket, sizeof(ticket), "%.*s", (int) strcspn(at + 21, "\""), at + 21);
	snprintf(form, sizeof(form), "email=late%%40example.org&lang=en&back=/&ticket=%s", ticket);
	ask(&two, "/newsletter/subscribe", form); /* too early: the same ticket, nothing lost */
	assert_int_equal(two.status, 429);
	assert_non_null(strstr(two.body, ticket));
	find_nonce(ticket, nonce);
	snprintf(form, sizeof(form), "email=late%%40example.org&lang=en&back=/&ticket=%s&nonce=%s", ticket, nonce);
	ask(&one, "/newsletter/subscribe", form);
	assert_int_equal(one.status, 200);
	snprintf(form, sizeof(form), "email=other%%40example.org&lang=en&back=/&ticket=%s&nonce=%s", ticket, nonce);
	ask(&one, "/newsletter/subscribe", form); /* the work was for one address */
	assert_int_equal(one.status, 429);
	ask(&one, "/newsletter/subscribe", "email=bad&lang=en&back=/"); /* no address: said at once, nobody waits for that */
	assert_int_equal(one.status, 400);
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_COUNT, STORE_ARGS(store_text(STR("pending")))), 7);
}

/* --- letters --- */

static void take(const char *to, const char *from, bool expected_ours)
{
	struct mail_letter letter = {0};
	struct fault f = {0};
	bool is_ours;

	snprintf(letter.to, sizeof(letter.to), "%s", to);
	snprintf(letter.from, sizeof(letter.from), "%s", from);
	assert_true(newsletter_take_letter(bench.n, &letter, &is_ours, &f));
	assert_int_equal(is_ours, expected_ours);
	assert_true(newsletter_take_intake(bench.n, &f));
}

static void test_subscribing_by_mail(void **state)
{
	(void) state;
	take("subscribe@tern.example", "reader@example.org", true);
	take("SUBSCRIBE@tern.example", "Reader@example.org", true); /* the second of a day: no second mail */
	take("subscribe@tern.example", "", true);                   /* nobody to answer */
	take("subscribe@other.example", "stranger@example.org", false);
	bench_mail(&bench);
	assert_int_equal(sink_count(&bench, "reader@example.org"), 1);
	assert_int_equal(sink_count(&bench, ""), 1);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_PENDING), 1);
}

static void test_leaving_by_mail_asks(void **state)
{
	(void) state;
	bench_subscriber(&bench, "reader@example.org");
	take("unsubscribe@tern.example", "reader@example.org", true); /* anybody can write that */
	take("unsubscribe@tern.example", "reader@example.org", true);
	take("unsubscribe@tern.example", "nobody@example.org", true); /* no subscriber: no mail */
	take("unsubscribe+abcdefghijklmnopqrstuvwxyz234567@tern.example", "reader@example.org", false);
	bench_mail(&bench);
	assert_int_equal(sink_count(&bench, "reader@example.org"), 1);
	assert_int_equal(sink_count(&bench, ""), 1);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	clock_fix((struct when){clock_now().us + 86400LL * 1000000});
	take("unsubscribe@tern.example", "reader@example.org", true);
	bench_mail(&bench);
	assert_int_equal(sink_count(&bench, "reader@example.org"), 2);
}

static void test_leaving_by_the_token(void **state)
{
	char token[NEWSLETTER_TOKEN_CHARS + 1], to[128];
	struct fault f = {0};
	struct arena arena;
	struct str mailto;
	int64_t id = rand_id(), delivery;

	(void) state;
	bench_subscriber(&bench, "reader@example.org");
	bench_put_issue(&bench, 5);
	assert_true(store_run(bench.room.db, NEWSLETTER_SQL_DELIVERY_FREEZE,
		STORE_ARGS(store_i64(id), store_text(STR("issue")), store_i64(5), store_i64(only()),
			store_text(delivery_state_name(DELIVERY_QUEUED)), store_i64(1), store_i64(INT64_MAX)), NULL, &f));
	arena_init(&arena, "mailto", 4096);
	mailto = newsletter_leave_mailto(bench.n, id, &arena);
	assert_true(str_starts(mailto, STR("mailto:unsubscribe+")) && str_ends(mailto, STR("@tern.example?subject=unsubscribe")));
	arena_release(&arena);
	/* the return path's token does not open it */
	newsletter_token_make(bench.n, NEWSLETTER_TOKEN_BOUNCE, id, token);
	snprintf(to, sizeof(to), "unsubscribe+%s@tern.example", token);
	assert_int_equal(newsletter_letter_address(bench.n, str_from(to), &delivery), LETTER_NONE);
	take(to, "reader@example.org", false);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	newsletter_token_make(bench.n, NEWSLETTER_TOKEN_LEAVE, id, token);
	snprintf(to, sizeof(to), "Unsubscribe+%s@TERN.example", token);
	take(to, "", true); /* whoever it says to be from */
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
	take(to, "", true);
}

static void test_a_flood_of_letters_waits(void **state)
{
	struct mail_letter letter = {.to = "subscribe@tern.example"};
	struct fault f = {0};
	bool is_ours, ok = true;
	int taken = 0;

	(void) state;
	for (int i = 0; ok && i < 20; i++) {
		snprintf(letter.from, sizeof(letter.from), "r%d@example.org", i);
		ok = newsletter_take_letter(bench.n, &letter, &is_ours, &f);
		taken += ok;
	}
	assert_false(ok);
	assert_int_equal(f.kind, FAULT_BUSY);
	assert_int_equal(taken, 6);
}

static void test_reading_letters(void **state)
{
	static const struct {
		const char *mail, *to, *from;
		bool automatic;
	} cases[] = {
		{"Delivered-To: subscribe@tern.example\nFrom: a@example.org\n\nhello", "subscribe@tern.example", "a@example.org", false},
		{"Delivered-To: <s@x.example>\r\nDelivered-To: other@x.example\r\nfrom: \"A, B\" (so) <a@example.org>\r\n\r\n", "s@x.example", "a@example.org", false},
		{"X-Original-To: s@x.example\nFROM:\n\tA B\n <a@example.org>\n\n", "s@x.example", "a@example.org", false},
		{"From: a@example.org\nFrom: b@example.org\n\n", "", "", false},
		{"From: a@example.org, b@example.org\n\n", "", "", false},
		{"From: <a@example.org> <b@example.org>\n\n", "", "", false},
		{"From: friends: a@example.org;\n\n", "", "", false},
		{"From: \"a@example.org\n\n", "", "", false},
		{"From: a@example.org (never closed\n\n", "", "", false},
		{"From: a b@example.org\n\n", "", "", false},
		{"From: <a@example.org\n\n", "", "", false},
		{"Subject: x\n\nFrom: body@example.org\n", "", "", false},
		{"From: nobody\n\n", "", "", false},
		{"Auto-Submitted: auto-replied\nFrom: a@example.org\n\n", "", "a@example.org", true},
		{"Auto-Submitted: no\nFrom: a@example.org\n\n", "", "a@example.org", false},
		{"Precedence: bulk\nFrom: a@example.org\n\n", "", "a@example.org", true},
		{"List-Id: <x>\nFrom: a@example.org\n\n", "", "a@example.org", true},
		{"Return-Path: <>\nFrom: a@example.org\n\n", "", "a@example.org", true},
		{"", "", "", false},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mail_letter letter;

		mail_letter_read(str_from(cases[i].mail), &letter);
		assert_string_equal(letter.to, cases[i].to);
		assert_string_equal(letter.from, cases[i].from);
		assert_int_equal(letter.is_automatic, cases[i].automatic);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_get_shows_a_button_and_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown_old_and_erased_links_have_one_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_held, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_pause, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_language, set_up, tear_down),
		cmocka_unit_test(test_tickets),
		cmocka_unit_test_setup_teardown(test_the_page_of_a_flood, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_subscribing_by_mail, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leaving_by_mail_asks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leaving_by_the_token, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_flood_of_letters_waits, set_up, tear_down),
		cmocka_unit_test(test_reading_letters),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
