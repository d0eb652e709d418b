/* newsletter_bounce_command.c: mimeo newsletter bounce: a mail server pipes a mail that came back into the room.
 *
 * Decides: exit codes as mail servers read them (sysexits.h): 0 taken, 75 not now, 65 no mail. Leaves to the room: everything
 * else. Runs in: the command's own process, as the home's owner. The hard thing: any other code and the mail server bounces
 * the bounce, so what cannot be handed over for whatever reason is 75, and the mail server keeps it.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "http/http_client.h"
#include "newsletter_command.h"

/* What the room reads of it. */
enum { BOUNCE_BYTES = LIMIT_WEBHOOK_BYTES, DRAIN_BYTES = 64 * 1024 };

/* What Postfix and others say of the envelope: as headers, which is how the reader of bounces takes it. */
static void add_envelope(const struct errand *errand, struct buf *mail)
{
	const char *to = errand->argc == 1 ? errand->argv[0] : getenv("ORIGINAL_RECIPIENT");
	const char *from = getenv("SENDER");

	if (to != NULL && !str_has_control(str_from(to)))
		buf_format(mail, "Delivered-To: %.500s\r\n", to);
	if (from != NULL && (from[0] == '\0' || strcmp(from, "MAILER-DAEMON") == 0 || strcmp(from, "<>") == 0))
		buf_add_text(mail, "Return-Path: <>\r\n");
}

/* To its end, also what is not kept: else the mail server sees a broken pipe. */
static bool read_mail(struct buf *mail, size_t *taken, struct fault *f)
{
	static char rest[DRAIN_BYTES];

	*taken = 0;
	for (;;) {
		ssize_t got = read(STDIN_FILENO, rest, sizeof(rest));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_errno(f, "the mail on standard input cannot be read");
		if (got == 0)
			return true;
		*taken += (size_t) got;
		buf_add(mail, rest, (size_t) got < BOUNCE_BYTES - mail->len ? (size_t) got : BOUNCE_BYTES - mail->len);
	}
}

static bool hand_in(struct errand *errand, struct str mail, struct fault *f)
{
	struct home home;
	struct http_reply reply = {0};
	char socket[PATH_MAX];
	struct http_call_options options = {.method = "POST", .url = "http://room/bounces", .unix_socket = socket, .body = mail,
		.type = "message/rfc822", .timeout_ms = 60000};
	bool ok;

	if (!home_open(&home, errand->home_path, f))
		return false;
	ok = home_socket(&home, "newsletter", "cli", socket, f) && http_call_wait(&options, &errand->arena, &reply, f) &&
		http_reply_ok(&reply, f);
	home_close(&home);
	return ok;
}

bool newsletter_run_bounce(struct errand *errand, struct fault *f)
{
	struct buf mail;
	size_t taken;
	bool ok;

	errand->exit_code = EX_TEMPFAIL;
	if (errand->argc > 1) {
		errand->exit_code = EX_USAGE;
		return fault_set(f, FAULT_INPUT, "give one address, the one that the bounce came to, or none");
	}
	buf_init(&mail, BOUNCE_BYTES);
	add_envelope(errand, &mail);
	ok = read_mail(&mail, &taken, f);
	if (ok && taken == 0) {
		errand->exit_code = EX_DATAERR;
		ok = fault_set(f, FAULT_INPUT, "there is no mail on standard input");
	}
	ok = ok && hand_in(errand, buf_view(&mail), f);
	buf_release(&mail);
	return ok;
}
