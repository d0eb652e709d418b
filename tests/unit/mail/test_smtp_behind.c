/* test_smtp_behind.c: the next mail's envelope behind this one's dot: what is told of whom, whatever the server makes of the group.
 * SPDX-License-Identifier: ISC */
#include "smtp_script.h"

#define FIRST HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body"

/* RFC 2920 §3.1: the next one's group behind the dot. Each script reads it before it answers the dot. */
static void test_next_behind_the_dot(void **state)
{
	static const char *const three[] = {FIRST, MAIL_PIPED, ">250 2.0.0 one\r\n250 ok\r\n250 ok\r\n354 go\r\n", ":body",
		MAIL_PIPED, "~250-2.0.0 two\r\n250 2.0.0 it is\r\n250 ok\r\n250 ok\r\n354 go\r\n", ":body", ">250 three\r\n", "<QUIT", NULL};
	static const char *const rcpt[] = {FIRST, MAIL_PIPED, ">250 one\r\n250 ok\r\n550 5.1.1 nobody\r\n503 no rcpt\r\n",
		"<RSET", MAIL_PIPED, ">250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n", ":body", ">250 three\r\n", "<QUIT", NULL};
	static const char *const dot[] = {FIRST, MAIL_PIPED, ">554 5.6.0 spam\r\n250 ok\r\n250 ok\r\n354 go\r\n", ":body",
		">250 two\r\n", "<QUIT", NULL};
	static const char *const slow[] = {HELLO_SLOW, "<MAIL", ">250 ok\r\n", "<RCPT", ">250 ok\r\n", "<DATA", ">354 go\r\n", ":body",
		">250 one\r\n", "<QUIT\r\n", NULL};
	struct talk talk;

	(void) state;
	talk = one_mail(three, (struct talk){.dot = DOT_ASK_NOW, .follow = 2, .want_done = 3}, false);
	for (int i = 0; i < 3; i++)
		expect_nth(&talk, i, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	assert_string_equal(talk.results[0].text, "one");
	assert_string_equal(talk.results[1].text, "two it is");
	assert_int_equal(talk.asked, 3);
	talk = one_mail(rcpt, (struct talk){.dot = DOT_ASK_NOW, .follow = 1, .want_done = 3, .next_in_done = true}, false);
	expect(&talk, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	expect_nth(&talk, 1, SMTP_REFUSED, 550, SMTP_AT_RCPT, true);
	expect_nth(&talk, 2, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	assert_int_equal(talk.asked, 2);
	talk = one_mail(dot, (struct talk){.dot = DOT_ASK_NOW, .follow = 1, .want_done = 2}, false);
	expect(&talk, SMTP_REFUSED, 554, SMTP_AT_DATA, true);
	expect_nth(&talk, 1, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	talk = one_mail(slow, (struct talk){.dot = DOT_ASK_NOW, .follow = 1}, false);
	expect(&talk, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	assert_int_equal(talk.followed, 0);
}

/* What becomes of the one behind when the line ends: told only if it had begun, and never in doubt. */
static void test_lost_with_one_behind(void **state)
{
	static const char *const at_mail_421[] = {FIRST, MAIL_PIPED, ">250 one\r\n421 4.3.2 enough\r\n", "$", NULL};
	static const char *const after_answer[] = {FIRST, MAIL_PIPED, ">250 one\r\n", "!", NULL};
	static const char *const half_group[] = {FIRST, MAIL_PIPED, "~250 one\r\n250 ok\r\n25", "!", NULL};
	static const char *const before_answer[] = {FIRST, MAIL_PIPED, "!", NULL};
	static const char *const half_answer[] = {FIRST, MAIL_PIPED, ">250-one\r\n", "!", NULL};
	static const char *const dot_421[] = {FIRST, MAIL_PIPED, ">421 4.3.2 going\r\n", "$", NULL};
	static const char *const taken_back[] = {FIRST, MAIL_PIPED, ">250 one\r\n250 ok\r\n250 ok\r\n354 go\r\n", "$", NULL};
	static const char *const never_said[] = {FIRST, ">250 one\r\n", "<QUIT", NULL};
	const struct talk ask = {.dot = DOT_ASK_NOW, .follow = 1, .want_done = 2};
	struct talk talk;

	(void) state;
	talk = one_mail(at_mail_421, ask, false);
	expect(&talk, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	expect_nth(&talk, 1, SMTP_LATER, 421, SMTP_AT_MAIL, false);
	for (int i = 0; i < 2; i++) {
		talk = one_mail(i == 0 ? after_answer : half_group, ask, false);
		expect(&talk, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
		expect_nth(&talk, 1, SMTP_LATER, 0, i == 0 ? SMTP_AT_MAIL : SMTP_AT_RCPT, false);
		assert_int_equal(talk.asked, 1);
	}
	for (int i = 0; i < 4; i++) {
		static const char *const *const scripts[] = {before_answer, half_answer, dot_421, taken_back};
		static const enum smtp_outcome outcomes[] = {SMTP_IN_DOUBT, SMTP_IN_DOUBT, SMTP_LATER, SMTP_ACCEPTED};
		static const int replies[] = {0, 0, 421, 250};

		talk = one_mail(scripts[i], (struct talk){.dot = DOT_ASK_NOW, .follow = 1, .unfollow = i == 3 ? UNFOLLOW_AFTER_DOT : KEEP}, false);
		expect(&talk, outcomes[i], replies[i], SMTP_AT_DATA, false);
		assert_int_equal(talk.followed, 1);
		assert_int_equal(talk.done, 1);
	}
	talk = one_mail(never_said, (struct talk){.dot = DOT_ASK_NOW, .follow = 1, .unfollow = UNFOLLOW_BEFORE_DOT}, false);
	expect(&talk, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	assert_int_equal(talk.followed, 1);
}

/* Under TLS nobody counts the bytes of a dot: whether it is out is known all the same, with a group behind it. */
static void test_tls_with_one_behind(void **state)
{
	static const char *const two[] = {"*", ">220 here\r\n", "<EHLO", ">250-here\r\n250-SIZE 1000000\r\n250 PIPELINING\r\n", MAIL_PIPED,
		">250 ok\r\n250 ok\r\n354 go\r\n", ":body", MAIL_PIPED, ">250 one\r\n250 ok\r\n250 ok\r\n354 go\r\n", ":body", ">250 two\r\n",
		"<QUIT", NULL};
	static const char *const gone[] = {"*", ">220 here\r\n", "<EHLO", ">250-here\r\n250-SIZE 1000000\r\n250 PIPELINING\r\n", MAIL_PIPED,
		">250 ok\r\n250 ok\r\n354 go\r\n", ":body", MAIL_PIPED, "!", NULL};

	(void) state;
	for (int i = 0; i < 2; i++) {
		struct talk talk = {.dot = DOT_ASK_NOW, .follow = 1, .want_done = i == 0 ? 2 : 1};
		struct smtp_host host;

		start_server(i == 0 ? two : gone, small_mail_arrives);
		host = local_host();
		host.security = SMTP_TLS;
		host.ca_file = ca_file;
		send_and_wait(&talk, &host, str_from(small_mail));
		assert_int_equal(talk.followed, 1);
		expect_nth(&talk, 0, i == 0 ? SMTP_ACCEPTED : SMTP_IN_DOUBT, i == 0 ? 250 : 0, SMTP_AT_DATA, i == 0);
		if (i == 0)
			expect_nth(&talk, 1, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
		close_talk(&talk);
		assert_int_equal(end_server(false), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_behind_the_dot), cmocka_unit_test(test_lost_with_one_behind),
		cmocka_unit_test(test_tls_with_one_behind),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_certificate, drop_certificate);
}
