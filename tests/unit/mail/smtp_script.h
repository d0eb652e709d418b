/* smtp_script.h: a mail server that follows a script, polite or hostile, in a child process, and the client that talks with it.
 *
 * A script is a list of steps: "<TEXT" waits for a line that begins so, ">BYTES" sends bytes, "~BYTES" sends them one at a
 * time, ":body" reads a mail up to its dot, "#half" reads a part of it, "!" closes, "*" starts TLS, "." waits for the
 * client to close, "$" the same, and it says nothing more, "|" waits for ever.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_MAIL_SMTP_SCRIPT_H
#define TESTS_UNIT_MAIL_SMTP_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/loop.h"
#include "base/secret.h"
#include "mail/smtp.h"
#include "mail/smtp_inside.h"

#define HELLO ">220 here\r\n", "<EHLO us.example", ">250-here\r\n250-SIZE 1000000\r\n250 PIPELINING\r\n"
#define HELLO_SLOW ">220 here\r\n", "<EHLO us.example", ">250 here\r\n"
#define MAIL_PIPED "<MAIL FROM:<from@us.example> SIZE=", "<RCPT TO:<to@there.example>", "<DATA"

static X509 *certificate;
static EVP_PKEY *certificate_key;
static char ca_file[] = "/tmp/mimeo-test-ca-XXXXXX";

/* --- the server --- */

struct peer {
	int fd;
	SSL *tls;
	char line[2048];
	char seen[1 << 16];
	size_t seen_len;
};

static inline ssize_t peer_read(struct peer *peer, char *at)
{
	return peer->tls != NULL ? SSL_read(peer->tls, at, 1) : read(peer->fd, at, 1);
}

static inline void peer_write(struct peer *peer, const char *at, size_t len)
{
	if (len > 0 && peer->tls != NULL)
		(void) SSL_write(peer->tls, at, (int) len);
	else if (len > 0)
		(void) !write(peer->fd, at, len);
}

static inline bool read_line(struct peer *peer)
{
	size_t len = 0;

	while (len + 1 < sizeof(peer->line)) {
		if (peer_read(peer, &peer->line[len]) != 1)
			return false;
		if (peer->line[len++] == '\n')
			break;
	}
	peer->line[len] = '\0';
	return true;
}

static inline void start_server_tls(struct peer *peer)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	SSL_CTX_use_certificate(context, certificate);
	SSL_CTX_use_PrivateKey(context, certificate_key);
	peer->tls = SSL_new(context);
	SSL_set_fd(peer->tls, peer->fd);
	if (SSL_accept(peer->tls) != 1)
		_exit(30);
}

/* Exit code: 0 the script was followed; else 10 + the step that was not. */
static inline void serve_one(struct peer *peer, const char *const *script, const char *expect_body)
{
	for (int i = 0; script[i] != NULL; i++) {
		const char *step = script[i] + 1;

		switch (script[i][0]) {
		case '<':
			if (!read_line(peer) || strncmp(peer->line, step, strlen(step)) != 0)
				_exit(10 + i);
			break;
		case '>':
			peer_write(peer, step, strlen(step));
			break;
		case '~':
			for (; *step != '\0'; step++) {
				peer_write(peer, step, 1);
				usleep(500);
			}
			break;
		case ':': {
			static char body[1 << 20];
			size_t len = 0;

			do {
				if (!read_line(peer))
					_exit(10 + i);
				if (strcmp(peer->line, ".\r\n") == 0)
					break;
				memcpy(body + len, peer->line, strlen(peer->line) + 1);
				len += strlen(peer->line);
			} while (len + 2048 < sizeof(body));
			if (expect_body != NULL && strcmp(body, expect_body) != 0)
				_exit(10 + i);
			break;
		}
		case '#':
			for (int n = 0; n < 20; n++)
				if (!read_line(peer))
					_exit(10 + i);
			break;
		case '*':
			start_server_tls(peer);
			break;
		case '.': {
			char c;

			while (peer_read(peer, &c) == 1)
				continue;
			break;
		}
		case '$': {
			char c;

			if (peer_read(peer, &c) == 1)
				_exit(10 + i);
			break;
		}
		case '|':
			pause();
			break;
		default:
			break;
		}
	}
}

static pid_t server;
static uint16_t server_port;

static inline void start_server(const char *const *script, const char *expect_body)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;

	assert_int_equal(bind(fd, (struct sockaddr *) &address, size), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &size), 0);
	server_port = ntohs(address.sin_port);
	server = fork();
	if (server == 0) {
		static struct peer peer;

		signal(SIGPIPE, SIG_IGN);
		alarm(300);
		peer.fd = accept(fd, NULL, NULL);
		setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		serve_one(&peer, script, expect_body);
		if (peer.tls != NULL)
			SSL_shutdown(peer.tls);
		_exit(0);
	}
	close(fd);
}

static inline int end_server(bool kill_it)
{
	int status;

	if (kill_it)
		kill(server, SIGKILL);
	assert_int_equal(waitpid(server, &status, 0), server);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- the client's side --- */

struct talk {
	struct loop *loop;
	struct smtp *smtp;
	struct smtp_result results[8];
	int done, want_done, lost, asked;
	bool refuse_dot, close_in_done, next_in_done;
	int follow;                  /* so many more go behind the dot of the one before */
	int followed;
	enum { KEEP, UNFOLLOW_BEFORE_DOT, UNFOLLOW_AFTER_DOT } unfollow;
	enum { DOT_NOW, DOT_ASK_NOW, DOT_ASK_LATER, DOT_NEVER } dot;
	struct loop_timer *timer;
	struct smtp_mail mail;
};

static inline bool before_dot(void *self)
{
	struct talk *talk = self;

	talk->asked++;
	return !talk->refuse_dot;
}

static inline void dot_later(void *self)
{
	struct talk *talk = self;

	smtp_dot(talk->smtp, !talk->refuse_dot);
}

static inline void ask_dot(void *self)
{
	struct talk *talk = self;

	talk->asked++;
	if (talk->follow > 0 && smtp_follow(talk->smtp, &talk->mail)) {
		talk->follow--;
		talk->followed++;
		assert_false(smtp_follow(talk->smtp, &talk->mail)); /* one at a time */
	}
	if (talk->unfollow == UNFOLLOW_BEFORE_DOT)
		smtp_unfollow(talk->smtp);
	if (talk->dot == DOT_ASK_NOW)
		smtp_dot(talk->smtp, true);
	else if (talk->dot == DOT_ASK_LATER)
		loop_timer_set(talk->loop, &talk->timer, 30, dot_later, talk);
	if (talk->unfollow == UNFOLLOW_AFTER_DOT)
		smtp_unfollow(talk->smtp);
}

static inline void done(void *self, const struct smtp_result *result)
{
	struct talk *talk = self;
	struct fault f = {0};

	talk->results[talk->done++] = *result;
	if (talk->close_in_done)
		smtp_close(&talk->smtp);
	else if (talk->next_in_done && result->connection_is_open && talk->done < talk->want_done && smtp_is_idle(talk->smtp))
		assert_true(smtp_send(talk->smtp, &talk->mail, &f));
}

static inline void lost(void *self)
{
	struct talk *talk = self;

	talk->lost++;
	smtp_close(&talk->smtp);
}

static inline struct smtp_host local_host(void)
{
	return (struct smtp_host){.name = "127.0.0.1", .port = server_port, .helo = "us.example", .step_timeout_ms = 3000};
}

static inline void open_talk(struct talk *talk, const struct smtp_host *host, struct str bytes)
{
	struct fault f = {0};

	if (talk->loop == NULL)
		assert_true(loop_open(&talk->loop, &f));
	if (talk->want_done == 0)
		talk->want_done = 1;
	assert_true(smtp_open(&talk->smtp, talk->loop, host, lost, talk, &f));
	talk->mail = (struct smtp_mail){.from = STR("from@us.example"), .to = STR("to@there.example"), .bytes = bytes,
		.done = done, .self = talk};
	if (talk->dot == DOT_NOW)
		talk->mail.before_dot = before_dot;
	else
		talk->mail.ask_dot = ask_dot;
}

static inline void run_until_done(struct talk *talk)
{
	struct fault f = {0};

	for (int i = 0; i < 3000 && talk->done < talk->want_done && talk->lost == 0; i++)
		assert_true(loop_turn(talk->loop, 10, &f));
}

static const char small_mail[] = "Subject: x\r\n\r\n.dot\r\n..two\r\nend";
static const char small_mail_arrives[] = "Subject: x\r\n\r\n..dot\r\n...two\r\nend\r\n";

static inline void send_and_wait(struct talk *talk, const struct smtp_host *host, struct str bytes)
{
	struct fault f = {0};

	open_talk(talk, host, bytes);
	assert_true(smtp_is_idle(talk->smtp));
	assert_true(smtp_send(talk->smtp, &talk->mail, &f));
	run_until_done(talk);
	assert_int_equal(talk->done, talk->want_done);
}

static inline void close_talk(struct talk *talk)
{
	loop_timer_stop(&talk->timer);
	smtp_close(&talk->smtp);
	loop_close(&talk->loop);
}

/* One mail through a script; the outcome, the server's verdict on how we talked. */
static inline struct talk one_mail(const char *const *script, struct talk talk, bool kill_it)
{
	struct smtp_host host;

	start_server(script, small_mail_arrives);
	host = local_host();
	send_and_wait(&talk, &host, str_from(small_mail));
	close_talk(&talk);
	if (kill_it)
		end_server(true);
	else
		assert_int_equal(end_server(false), 0);
	return talk;
}

static inline void expect(const struct talk *talk, enum smtp_outcome outcome, int reply, enum smtp_stage stage, bool open)
{
	assert_int_equal(talk->results[0].outcome, outcome);
	assert_int_equal(talk->results[0].reply, reply);
	assert_int_equal(talk->results[0].stage, stage);
	assert_int_equal(talk->results[0].connection_is_open, open);
}

static inline void expect_nth(const struct talk *talk, int n, enum smtp_outcome outcome, int reply, enum smtp_stage stage, bool open)
{
	struct talk one = {.results = {talk->results[n]}};

	expect(&one, outcome, reply, stage, open);
}

static inline int make_certificate(void **state)
{
	X509_NAME *name;
	X509V3_CTX context;
	X509_EXTENSION *san;
	FILE *file;
	int fd;

	(void) state;
	certificate_key = EVP_RSA_gen(2048);
	certificate = X509_new();
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, certificate_key);
	name = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *) "test", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	san = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, "IP:127.0.0.1,DNS:mail.test");
	X509_add_ext(certificate, san, -1);
	X509_EXTENSION_free(san);
	X509_sign(certificate, certificate_key, EVP_sha256());
	fd = mkstemp(ca_file);
	file = fdopen(fd, "w");
	PEM_write_X509(file, certificate);
	fclose(file);
	return 0;
}

static inline int drop_certificate(void **state)
{
	(void) state;
	unlink(ca_file);
	X509_free(certificate);
	EVP_PKEY_free(certificate_key);
	return 0;
}

#endif
