/* test_smtp.c: the SMTP client against servers that follow scripts, polite and hostile.
 * SPDX-License-Identifier: ISC */
#include "smtp_script.h"

/* --- tests: polite servers --- */

static void test_accepted(void **state)
{
	static const char *const piped[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body",
		">250 2.0.0 queued as 17\r\n", "<QUIT", NULL};
	static const char *const one_by_one[] = {HELLO_SLOW, "<MAIL FROM:<from@us.example>\r\n", ">250 ok\r\n",
		"<RCPT TO:<to@there.example>\r\n", ">250 ok\r\n", "<DATA\r\n", ">354 go\r\n", ":body", ">250 fine\r\n", "<QUIT", NULL};
	static const char *const helo[] = {">220-old\r\n220 server\r\n", "<EHLO", ">500 what?\r\n", "<HELO us.example",
		">250 here\r\n", "<MAIL", ">250 ok\r\n", "<RCPT", ">251 forwarded\r\n", "<DATA", ">354 go\r\n", ":body",
		">250 fine\r\n", NULL};
	static const char *const bytewise[] = {"~220 here\r\n", "<EHLO", "~250-here\r\n250-SIZE 1000000\r\n250 PIPELINING\r\n",
		MAIL_PIPED, "~250 ok\r\n250 ok\r\n354 go\r\n", ":body", "~250-2.0.0 queued\r\n250 2.0.0 as 17\r\n", NULL};
	struct talk talk;

	(void) state;
	talk = one_mail(piped, (struct talk){0}, false);
	expect(&talk, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	assert_string_equal(talk.results[0].enhanced, "2.0.0");
	assert_string_equal(talk.results[0].text, "queued as 17");
	assert_int_equal(talk.asked, 1);
	talk = one_mail(one_by_one, (struct talk){.dot = DOT_ASK_NOW}, false);
	expect(&talk, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	talk = one_mail(helo, (struct talk){.dot = DOT_ASK_LATER}, true);
	expect(&talk, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	assert_int_equal(talk.asked, 1);
	talk = one_mail(bytewise, (struct talk){0}, true);
	expect(&talk, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
}

static void test_three_on_one_connection(void **state)
{
	static const char *const script[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body", ">250 one\r\n",
		MAIL_PIPED, ">250 ok\r\n550 5.1.1 nobody\r\n503 no rcpt\r\n",
		"<RSET", MAIL_PIPED, ">250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n", ":body", ">250 three\r\n", "<QUIT", NULL};
	struct talk talk = one_mail(script, (struct talk){.want_done = 3, .next_in_done = true}, false);

	(void) state;
	assert_int_equal(talk.results[0].outcome, SMTP_ACCEPTED);
	assert_int_equal(talk.results[1].outcome, SMTP_REFUSED);
	assert_int_equal(talk.results[1].reply, 550);
	assert_int_equal(talk.results[1].stage, SMTP_AT_RCPT);
	assert_string_equal(talk.results[1].enhanced, "5.1.1");
	assert_true(talk.results[1].connection_is_open);
	assert_int_equal(talk.results[2].outcome, SMTP_ACCEPTED);
	assert_int_equal(talk.asked, 2); /* the refused one never came to its dot */
}

static void test_big_body(void **state)
{
	static const char *const script[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body", ">250 ok\r\n", NULL};
	struct talk talk = {0};
	struct smtp_host host;
	struct buf body, arrives;

	(void) state;
	buf_init(&body, 1 << 20);
	buf_init(&arrives, 1 << 20);
	for (int i = 0; i < 12000; i++) {
		buf_format(&body, "%sline %d of a long mail, some with dots\r\n", i % 3 == 0 ? "." : "", i);
		buf_format(&arrives, "%sline %d of a long mail, some with dots\r\n", i % 3 == 0 ? ".." : "", i);
	}
	assert_false(body.over);
	start_server(script, arrives.at);
	host = local_host();
	send_and_wait(&talk, &host, buf_view(&body));
	expect(&talk, SMTP_ACCEPTED, 250, SMTP_AT_DATA, true);
	close_talk(&talk);
	assert_int_equal(end_server(false), 0);
	buf_release(&arrives);
	buf_release(&body);
}

/* --- tests: refusals --- */

static void test_refusals(void **state)
{
	static const char *const greeting[] = {">554 no\r\n", ".", NULL};
	static const char *const mail[] = {HELLO, MAIL_PIPED, ">550 5.7.1 who are you\r\n503 x\r\n503 x\r\n", "<QUIT", NULL};
	static const char *const rcpt_slow[] = {HELLO_SLOW, "<MAIL", ">250 ok\r\n", "<RCPT", ">450 4.2.1 busy\r\n", "<QUIT", NULL};
	static const char *const lax[] = {HELLO, MAIL_PIPED, ">250 ok\r\n550 nobody\r\n354 go on anyway\r\n", "<.\r\n",
		">250 queued\r\n", "<QUIT", NULL};
	static const char *const dot[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body", ">554 5.6.0 spam\r\n",
		"<QUIT", NULL};
	static const char *const dot_later_on[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body",
		">451 4.3.0 disk\r\n", "<QUIT", NULL};
	static const char *const rcpt_421[] = {HELLO, MAIL_PIPED, ">250 ok\r\n421 shutting down\r\n", ".", NULL};
	static const char *const rcpt_then_gone[] = {HELLO, MAIL_PIPED, ">250 ok\r\n550 5.1.1 nobody\r\n", "!", NULL};
	static const char *const dot_421[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body",
		">421 4.3.2 going\r\n", ".", NULL};
	struct talk talk;

	(void) state;
	talk = one_mail(greeting, (struct talk){0}, false);
	expect(&talk, SMTP_LATER, 554, SMTP_AT_CONNECTION, false);
	talk = one_mail(mail, (struct talk){0}, false);
	expect(&talk, SMTP_REFUSED, 550, SMTP_AT_MAIL, true);
	talk = one_mail(rcpt_slow, (struct talk){0}, false);
	expect(&talk, SMTP_LATER, 450, SMTP_AT_RCPT, true);
	talk = one_mail(lax, (struct talk){0}, false);
	expect(&talk, SMTP_REFUSED, 550, SMTP_AT_RCPT, true);
	assert_int_equal(talk.asked, 0);
	talk = one_mail(dot, (struct talk){0}, false);
	expect(&talk, SMTP_REFUSED, 554, SMTP_AT_DATA, true);
	talk = one_mail(dot_later_on, (struct talk){0}, false);
	expect(&talk, SMTP_LATER, 451, SMTP_AT_DATA, true);
	talk = one_mail(rcpt_421, (struct talk){0}, false);
	expect(&talk, SMTP_LATER, 421, SMTP_AT_RCPT, false);
	talk = one_mail(rcpt_then_gone, (struct talk){0}, false);
	expect(&talk, SMTP_REFUSED, 550, SMTP_AT_RCPT, false);
	talk = one_mail(dot_421, (struct talk){0}, false);
	expect(&talk, SMTP_LATER, 421, SMTP_AT_DATA, false);
}

/* --- tests: the dot --- */

static void test_in_doubt(void **state)
{
	static const char *const close_after_dot[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body", "!", NULL};
	static const char *const nonsense_after_dot[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body",
		">yes thanks\r\n", ".", NULL};
	static const char *const half_reply[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body", ">250-2.0", "!",
		NULL};
	static const char *const close_before_dot[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", "!", NULL};
	struct talk talk;

	(void) state;
	talk = one_mail(close_after_dot, (struct talk){0}, false);
	expect(&talk, SMTP_IN_DOUBT, 0, SMTP_AT_DATA, false);
	talk = one_mail(nonsense_after_dot, (struct talk){0}, false);
	expect(&talk, SMTP_IN_DOUBT, 0, SMTP_AT_DATA, false);
	talk = one_mail(half_reply, (struct talk){0}, false);
	expect(&talk, SMTP_IN_DOUBT, 0, SMTP_AT_DATA, false);
	/* nobody gave the word: nothing can have been taken */
	talk = one_mail(close_before_dot, (struct talk){.dot = DOT_NEVER}, false);
	expect(&talk, SMTP_LATER, 0, SMTP_AT_DATA, false);
}

static void test_dot_refused_by_us(void **state)
{
	static const char *const script[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ".", NULL};
	struct talk talk;

	(void) state;
	talk = one_mail(script, (struct talk){.refuse_dot = true}, false);
	expect(&talk, SMTP_LATER, 0, SMTP_AT_DATA, false);
	talk = one_mail(script, (struct talk){.refuse_dot = true, .dot = DOT_ASK_LATER}, false);
	expect(&talk, SMTP_LATER, 0, SMTP_AT_DATA, false);
}

static void test_421_in_mid_data(void **state)
{
	static const char *const script[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", "#half",
		">421 4.3.2 shutting down\r\n", "|", NULL};
	static const char *const too_big[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", "#half",
		">552 5.3.4 too big\r\n", "|", NULL};
	struct buf body;

	(void) state;
	buf_init(&body, 32 << 20);
	for (int i = 0; i < 300000; i++) /* more than the kernel buffers, so that we are in the middle for sure */
		buf_add_text(&body, "a line of a mail which is so long that nobody reads it to its end\r\n");
	for (int i = 0; i < 2; i++) {
		struct talk talk = {0};
		struct smtp_host host;

		start_server(i == 0 ? script : too_big, NULL);
		host = local_host();
		send_and_wait(&talk, &host, buf_view(&body));
		expect(&talk, i == 0 ? SMTP_LATER : SMTP_REFUSED, i == 0 ? 421 : 552, SMTP_AT_DATA, false);
		assert_int_equal(talk.asked, 0);
		close_talk(&talk);
		end_server(true);
	}
	buf_release(&body);
}

static void test_closed_by_us(void **state)
{
	static const char *const before[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n", ".", NULL};
	static const char *const after[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body", ".", NULL};

	(void) state;
	for (int i = 0; i < 2; i++) {
		struct talk talk = {0};
		struct smtp_host host;
		struct fault f = {0};

		start_server(i == 0 ? before : after, NULL);
		host = local_host();
		open_talk(&talk, &host, str_from(small_mail));
		assert_true(smtp_send(talk.smtp, &talk.mail, &f));
		for (int turn = 0; turn < 30; turn++)
			assert_true(loop_turn(talk.loop, 10, &f));
		assert_int_equal(talk.done, 0);
		smtp_close(&talk.smtp);
		assert_int_equal(talk.done, 1);
		expect(&talk, i == 0 ? SMTP_LATER : SMTP_IN_DOUBT, 0, SMTP_AT_DATA, false);
		close_talk(&talk);
		assert_int_equal(end_server(false), 0);
	}
}

static void test_close_inside_done(void **state)
{
	static const char *const script[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body", ">250 ok\r\n", "<QUIT",
		NULL};
	static const char *const refused[] = {">421 no\r\n", ".", NULL};
	struct talk talk;

	(void) state;
	talk = one_mail(script, (struct talk){.close_in_done = true}, false);
	assert_int_equal(talk.results[0].outcome, SMTP_ACCEPTED);
	talk = one_mail(refused, (struct talk){.close_in_done = true}, false);
	assert_int_equal(talk.results[0].outcome, SMTP_LATER);
}

/* --- tests: no connection, lost ones, time --- */

static void test_no_connection(void **state)
{
	static const char *const nothing[] = {NULL};
	struct talk talk = {0};
	struct smtp_host host;

	(void) state;
	start_server(nothing, NULL);
	end_server(true); /* now nobody listens at server_port */
	host = local_host();
	send_and_wait(&talk, &host, str_from(small_mail));
	expect(&talk, SMTP_LATER, 0, SMTP_AT_CONNECTION, false);
	assert_non_null(strstr(talk.results[0].text, "no connection"));
	close_talk(&talk);
}

static void test_idle_is_lost(void **state)
{
	static const char *const closes[] = {HELLO, "!", NULL};
	static const char *const speaks[] = {HELLO, ">421 idle too long\r\n", ".", NULL};

	(void) state;
	for (int i = 0; i < 2; i++) {
		struct talk talk = {.want_done = 1};
		struct smtp_host host;

		start_server(i == 0 ? closes : speaks, NULL);
		host = local_host();
		open_talk(&talk, &host, str_from(small_mail));
		run_until_done(&talk);
		assert_int_equal(talk.lost, 1);
		assert_int_equal(talk.done, 0);
		close_talk(&talk);
		assert_int_equal(end_server(false), 0);
	}
}

static void test_time_outs(void **state)
{
	static const char *const silent[] = {"|", NULL};
	static const char *const slow_mail[] = {HELLO, MAIL_PIPED, ">250 ok\r\n", "|", NULL};
	static const char *const drip[] = {HELLO, MAIL_PIPED, "~250-a\r\n250-b\r\n250-c\r\n250-d\r\n250-e\r\n250-f\r\n250-g\r\n"
		"250-a\r\n250-b\r\n250-c\r\n250-d\r\n250-e\r\n250-f\r\n250-g\r\n250-a\r\n250-b\r\n250-c\r\n250-d\r\n250-e\r\n250-f\r\n"
		"250-a\r\n250-b\r\n250-c\r\n250-d\r\n250-e\r\n250-f\r\n250-g\r\n250-a\r\n250-b\r\n250-c\r\n250-d\r\n250-e\r\n250-f\r\n",
		"|", NULL};
	static const char *const silent_after_dot[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n354 go\r\n", ":body", "|", NULL};
	static const struct {
		const char *const *script;
		enum smtp_outcome outcome;
	} cases[] = {{silent, SMTP_LATER}, {slow_mail, SMTP_LATER}, {drip, SMTP_LATER}, {silent_after_dot, SMTP_IN_DOUBT}};

	(void) state;
	for (size_t i = 0; i < 4; i++) {
		struct talk talk = {0};
		struct smtp_host host;

		start_server(cases[i].script, NULL);
		host = local_host();
		host.step_timeout_ms = 100;
		send_and_wait(&talk, &host, str_from(small_mail));
		assert_int_equal(talk.results[0].outcome, cases[i].outcome);
		assert_non_null(strstr(talk.results[0].text, "too long"));
		close_talk(&talk);
		end_server(true);
	}
}

/* --- tests: nonsense --- */

static void test_nonsense(void **state)
{
	static char long_line[5000], many_lines[8192];
	static const char *const long_script[] = {long_line, ".", NULL};
	static const char *const many_script[] = {many_lines, ".", NULL};
	static const char *const other_code[] = {">220-a\r\n221 b\r\n", ".", NULL};
	static const char *const letters[] = {">SSH-2.0-OpenSSH\r\n", ".", NULL};
	static const char *const http[] = {">HTTP/1.1 400 Bad Request\r\n\r\n", ".", NULL};
	static const char *const middle[] = {HELLO, MAIL_PIPED, ">250 ok\r\n354 go\r\n", ".", NULL};
	static const char *const data_250[] = {HELLO, MAIL_PIPED, ">250 ok\r\n250 ok\r\n250 what\r\n", ".", NULL};
	static const char *const no_digits[] = {">22\r\n", ".", NULL};
	static const char *const *scripts[] = {long_script, many_script, other_code, letters, http, middle, data_250, no_digits};

	(void) state;
	memset(long_line, 'x', sizeof(long_line) - 1);
	memcpy(long_line, ">220 ", 5);
	many_lines[0] = '>';
	for (size_t i = 0; i < 150; i++)
		memcpy(many_lines + 1 + i * 7, "220-x\r\n", 8);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct talk talk = one_mail(scripts[i], (struct talk){0}, true);

		assert_int_equal(talk.results[0].outcome, SMTP_LATER);
		assert_false(talk.results[0].connection_is_open);
		assert_int_equal(talk.asked, 0);
	}
}

/* The result's words never carry what could break a log line or a page. */
static void test_words_are_cleaned(void **state)
{
	static const char *const script[] = {HELLO, MAIL_PIPED,
		">250 ok\r\n550-5.1.1 a\tb\x1b[31m\xff\r\n550 5.1.1 c\r\n503 x\r\n", "<QUIT", NULL};
	struct talk talk = one_mail(script, (struct talk){0}, false);

	(void) state;
	expect(&talk, SMTP_REFUSED, 550, SMTP_AT_RCPT, true);
	assert_string_equal(talk.results[0].text, "a?b?[31m? c");
}

/* --- tests: TLS and AUTH --- */

static void test_tls(void **state)
{
	static const char *const starttls[] = {">220 here\r\n", "<EHLO", ">250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
		"<STARTTLS", ">220 go\r\n", "*", "<EHLO us.example", ">250-here\r\n250-AUTH LOGIN PLAIN\r\n250 PIPELINING\r\n",
		"<AUTH PLAIN AG1lAHNlY3JldA==\r\n", ">235 in\r\n", "<MAIL", "<RCPT", "<DATA", ">250 ok\r\n250 ok\r\n354 go\r\n", ":body",
		">250 ok\r\n", "<QUIT", NULL};
	static const char *const implicit[] = {"*", ">220 here\r\n", "<EHLO", ">250-here\r\n250-AUTH LOGIN\r\n250 x\r\n",
		"<AUTH LOGIN\r\n", ">334 VXNlcm5hbWU6\r\n", "<bWU=\r\n", ">334 UGFzc3dvcmQ6\r\n", "<c2VjcmV0\r\n", ">235 in\r\n",
		"<MAIL", ">250 ok\r\n", "<RCPT", ">250 ok\r\n", "<DATA", ">354 go\r\n", ":body", ">250 ok\r\n", "<QUIT", NULL};
	static const char *const wrong_password[] = {"*", ">220 here\r\n", "<EHLO", ">250-here\r\n250 AUTH PLAIN\r\n",
		"<AUTH PLAIN", ">535 5.7.8 no\r\n", ".", NULL};
	/* After "220 go", in the clear, a whole answer to the EHLO that comes under TLS: it must count for nothing. */
	static const char *const injection[] = {">220 here\r\n", "<EHLO", ">250-here\r\n250 STARTTLS\r\n", "<STARTTLS",
		">220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n", "*", "<EHLO us.example", ">250-here\r\n250 AUTH LOGIN\r\n", "<AUTH LOGIN",
		">334 x\r\n", "<bWU=", ">334 x\r\n", "<c2VjcmV0", ">235 in\r\n", "<MAIL", ">250 ok\r\n", "<RCPT", ">250 ok\r\n", "<DATA",
		">354 go\r\n", ":body", ">250 ok\r\n", "<QUIT", NULL};
	static const char *const not_offered[] = {">220 here\r\n", "<EHLO", ">250 here\r\n", ".", NULL};
	static const char *const ahead[] = {">220 here\r\n250 STARTTLS\r\n220 go\r\n", "<EHLO", ".", NULL};
	static const struct {
		const char *const *script;
		enum smtp_security security;
		enum smtp_outcome outcome;
		int reply;
	} cases[] = {
		{starttls, SMTP_STARTTLS, SMTP_ACCEPTED, 250}, {implicit, SMTP_TLS, SMTP_ACCEPTED, 250},
		{wrong_password, SMTP_TLS, SMTP_LATER, 535}, {injection, SMTP_STARTTLS, SMTP_ACCEPTED, 250},
		{not_offered, SMTP_STARTTLS, SMTP_LATER, 0}, {ahead, SMTP_STARTTLS, SMTP_LATER, 0},
	};
	struct secret *password = secret_new(STR("secret"));

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct talk talk = {0};
		struct smtp_host host;

		start_server(cases[i].script, small_mail_arrives);
		host = local_host();
		host.security = cases[i].security;
		host.ca_file = ca_file;
		host.user = "me";
		host.password = password;
		send_and_wait(&talk, &host, str_from(small_mail));
		assert_string_equal(talk.results[0].outcome == cases[i].outcome ? "" : talk.results[0].text, "");
		assert_int_equal(talk.results[0].reply, cases[i].reply);
		close_talk(&talk);
		assert_int_equal(end_server(false), 0);
	}
	secret_free(&password);
}

static void test_tls_refused(void **state)
{
	static const char *const implicit[] = {"*", ">220 here\r\n", NULL};
	static const char *const not_tls[] = {">220 here\r\n", ".", NULL};

	(void) state;
	for (int i = 0; i < 3; i++) {
		struct talk talk = {0};
		struct smtp_host host;

		start_server(i == 2 ? not_tls : implicit, NULL);
		host = local_host();
		host.security = SMTP_TLS;
		host.ca_file = i == 0 ? NULL : ca_file;  /* 0: not trusted */
		host.name = i == 1 ? "127.0.0.2" : "127.0.0.1"; /* 1: another name; nobody listens there, or the name differs */
		send_and_wait(&talk, &host, str_from(small_mail));
		assert_int_equal(talk.results[0].outcome, SMTP_LATER);
		close_talk(&talk);
		end_server(true);
	}
}

static void test_settings_refused(void **state)
{
	struct smtp_host host = {.name = "192.0.2.1", .port = 25, .helo = "us.example", .user = "me"};
	struct smtp *smtp = NULL;
	struct loop *loop = NULL;
	struct fault f = {0};

	(void) state;
	assert_true(loop_open(&loop, &f));
	assert_false(smtp_open(&smtp, loop, &host, NULL, NULL, &f));
	assert_int_equal(f.kind, FAULT_DENIED); /* a password in the clear */
	host.user = NULL;
	host.helo = "us.example\r\nX";
	fault_clear(&f);
	assert_false(smtp_open(&smtp, loop, &host, NULL, NULL, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	host.helo = "us.example";
	host.name = "no-such-name.invalid";
	fault_clear(&f);
	assert_false(smtp_open(&smtp, loop, &host, NULL, NULL, &f));
	assert_int_equal(f.kind, FAULT_REMOTE);
	loop_close(&loop);
}

static void test_mail_refused(void **state)
{
	static const char *const script[] = {HELLO, ".", NULL};
	static const struct {
		const char *from, *to, *bytes;
	} bad[] = {{"a@b.c", "", "x"}, {"a@b.c", "d@e.f> NOTIFY=x", "x"}, {"a@b.c", "d@e.f\r\nDATA", "x"}, {"a b@c.d", "d@e.f", "x"},
		{"a@b.c", "d@e.f", "x\ny"}, {"a@b.c", "d@e.f", "x\ry"}, {"a@b.c", "d@e.f", "x\r\n.\ry"},
		{"a@b.c", "d@e.f", "\xc3\xa9"}, {"a@b.c", "nobody", "x"}};
	struct talk talk = {0};
	struct smtp_host host;
	char line[1100];

	(void) state;
	start_server(script, NULL);
	host = local_host();
	open_talk(&talk, &host, STR("x"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct smtp_mail mail = {.from = str_from(bad[i].from), .to = str_from(bad[i].to), .bytes = str_from(bad[i].bytes)};
		struct fault f = {0};

		assert_false(smtp_send(talk.smtp, &mail, &f));
		assert_int_equal(f.kind, FAULT_INPUT);
		assert_true(smtp_is_idle(talk.smtp));
	}
	for (size_t at = 0; at < 3 * 64 + 2; at++) { /* wherever it stands */
		static const char alone[] = {'\0', '\r', '\n', '\x80', '\xff'};

		for (size_t i = 0; i < sizeof(alone); i++) {
			struct smtp_mail mail = {.from = STR("a@b.c"), .to = STR("d@e.f"), .bytes = str_make(line, 3 * 64 + 2)};
			struct fault f = {0};

			memset(line, 'x', sizeof(line));
			memcpy(line + (at < 90 ? 120 : 30), "\r\n", 2);
			line[at] = alone[i];
			assert_false(smtp_send(talk.smtp, &mail, &f));
		}
	}
	memset(line, 'x', sizeof(line));
	for (size_t len = 999; len >= 998; len--) { /* the last is just short enough, and is taken */
		struct smtp_mail mail = {.from = STR("a@b.c"), .to = STR("d@e.f"), .bytes = str_make(line, len)};
		struct fault f = {0};

		assert_int_equal(smtp_send(talk.smtp, &mail, &f), len == 998);
	}
	close_talk(&talk);
	end_server(true);
}

/* --- the reply parser alone --- */

static void test_reply_parser(void **state)
{
	#define MX_BYTES "250-mx here\r\n250-PIPELINING\r\n250-AUTH plain LOGIN XOAUTH2\r\n250-size 1\n250 STARTTLS\r\n421"
	struct smtp_reply whole = {0};
	size_t used;

	(void) state;
	assert_int_equal(smtp_reply_feed(&whole, STR(MX_BYTES), &used), SMTP_FED_WHOLE);
	assert_int_equal(used, sizeof(MX_BYTES) - 4);
	assert_int_equal(whole.offers, SMTP_OFFERS_PIPELINING | SMTP_OFFERS_PLAIN | SMTP_OFFERS_LOGIN | SMTP_OFFERS_SIZE |
		SMTP_OFFERS_STARTTLS);
	for (size_t cut = 1; cut < sizeof(MX_BYTES) - 4; cut++) {
		struct smtp_reply reply = {0};

		assert_int_equal(smtp_reply_feed(&reply, str_part(STR(MX_BYTES), 0, cut), &used), SMTP_FED_MORE);
		assert_int_equal(smtp_reply_feed(&reply, str_part(STR(MX_BYTES), cut, SIZE_MAX), &used), SMTP_FED_WHOLE);
		assert_string_equal(reply.text, whole.text);
		assert_int_equal(reply.offers, whole.offers);
	}
	for (int i = 0; i < 6; i++) {
		static const char *const bad[] = {"\r\n", "abc\r\n", "150 x\r\n", "600 x\r\n", "250x\r\n", "25\r\n"};
		struct smtp_reply reply = {0};

		assert_int_equal(smtp_reply_feed(&reply, str_from(bad[i]), &used), SMTP_FED_BAD);
	}
	for (int i = 0; i < 5; i++) {
		static const char *const odd[] = {"550 5.1 x\r\n", "550 4.1.1 x\r\n", "550 5.1.1x\r\n", "550 5.1111.1 x\r\n", "550\r\n"};
		struct smtp_reply reply = {0};

		assert_int_equal(smtp_reply_feed(&reply, str_from(odd[i]), &used), SMTP_FED_WHOLE);
		assert_string_equal(reply.enhanced, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply_parser), cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_three_on_one_connection), cmocka_unit_test(test_big_body),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_in_doubt), cmocka_unit_test(test_dot_refused_by_us),
		cmocka_unit_test(test_421_in_mid_data), cmocka_unit_test(test_closed_by_us),
		cmocka_unit_test(test_close_inside_done), cmocka_unit_test(test_no_connection),
		cmocka_unit_test(test_idle_is_lost), cmocka_unit_test(test_time_outs), cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_words_are_cleaned), cmocka_unit_test(test_tls), cmocka_unit_test(test_tls_refused),
		cmocka_unit_test(test_settings_refused), cmocka_unit_test(test_mail_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_certificate, drop_certificate);
}
