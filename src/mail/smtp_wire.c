/* smtp_wire.c: the SMTP client's bytes: a non-blocking socket, and TLS over it in memory.
 *
 * Decides: how bytes reach the kernel and what a certificate must be. Leaves to smtp.c: what the bytes mean and
 * when to give up. Runs in: the newsletter's keeper. The hard thing: OpenSSL works on memory BIOs and never touches the
 * socket, so that (a) no write raises SIGPIPE, (b) "is the dot with the kernel?" has one answer, (c) what was read
 * before the handshake cannot be mistaken for what came under it.
 * SPDX-License-Identifier: ISC */
#include "smtp_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/loop.h"
#include "base/must.h"

enum { OUT_MOST = 512 * 1024, READ_ONCE = 16 * 1024 };

void smtp_wire_init(struct smtp_wire *wire, struct loop *loop)
{
	*wire = (struct smtp_wire){.loop = loop, .fd = -1};
	buf_init(&wire->out, OUT_MOST);
}

/* The first reason stays. */
static void say_why(struct smtp_wire *wire, const char *why)
{
	if (wire->why[0] == '\0')
		(void) snprintf(wire->why, sizeof(wire->why), "%.190s", why);
}

static void end(struct smtp_wire *wire, const char *why)
{
	say_why(wire, why);
	wire->ended = true;
}

static bool is_not_now(int code)
{
	return code == EAGAIN; /* EWOULDBLOCK is the same here */
}
_Static_assert(EAGAIN == EWOULDBLOCK, "one of them is enough");

static void say_errno(struct smtp_wire *wire, const char *what, int code)
{
	const char *why = strerrordesc_np(code);
	char text[SMTP_TEXT_BYTES];

	(void) snprintf(text, sizeof(text), "%s: %s", what, why != NULL ? why : "unknown error");
	say_why(wire, text);
}

static void end_tls(struct smtp_wire *wire, const char *what)
{
	long verdict = wire->tls != NULL ? SSL_get_verify_result(wire->tls) : X509_V_OK;
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	char text[SMTP_TEXT_BYTES];

	if (verdict != X509_V_OK)
		reason = X509_verify_cert_error_string(verdict);
	(void) snprintf(text, sizeof(text), "%s: %s", what, reason != NULL ? reason : "closed");
	ERR_clear_error();
	end(wire, text);
}

bool smtp_wire_connect(struct smtp_wire *wire, const struct addrinfo *address,
	void (*call)(void *self, unsigned events),
	void *self)
{
	struct fault f = {0};

	loop_unwatch(&wire->watch);
	if (wire->fd >= 0)
		close(wire->fd);
	wire->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The dot goes out alone: with Nagle's algorithm it would wait 40 ms for the delayed ACK of what went before. */
	(void) setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (wire->fd < 0 || (connect(wire->fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)) {
		say_errno(wire, "no connection", errno);
		return false;
	}
	if (!loop_watch(wire->loop, wire->fd, LOOP_WRITE, call, self, &wire->watch, &f)) {
		say_why(wire, f.say);
		return false;
	}
	return true;
}

bool smtp_wire_is_connected(struct smtp_wire *wire)
{
	int code = 0;
	socklen_t size = sizeof(code);

	if (getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
		code = errno;
	if (code != 0)
		say_errno(wire, "no connection", code);
	return code == 0;
}

static bool is_ip(const char *name)
{
	unsigned char address[16];

	return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

static bool expect_name(SSL *tls, const char *name)
{
	if (is_ip(name))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), name) == 1;
	SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* SSL_set_tlsext_host_name() without its cast: the name is copied there, not changed. */
	return SSL_set1_host(tls, name) == 1 &&
		SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *) (uintptr_t) name) == 1;
}

bool smtp_wire_start_tls(struct smtp_wire *wire, const char *name, const char *ca_file, struct fault *f)
{
	BIO *in = BIO_new(BIO_s_mem());
	BIO *out = BIO_new(BIO_s_mem());
	bool ok = false;

	must(wire->tls == NULL && smtp_wire_waiting(wire) == 0);
	wire->tls_context = SSL_CTX_new(TLS_client_method());
	if (wire->tls_context == NULL || in == NULL || out == NULL) {
		fault_set(f, FAULT_IO, "TLS could not be started");
		goto done;
	}
	(void) SSL_CTX_set_min_proto_version(wire->tls_context, TLS1_2_VERSION);
	SSL_CTX_set_verify(wire->tls_context, SSL_VERIFY_PEER, NULL);
	if (ca_file != NULL ? SSL_CTX_load_verify_locations(wire->tls_context, ca_file, NULL) != 1 :
			SSL_CTX_set_default_verify_paths(wire->tls_context) != 1) {
		fault_set(f, FAULT_INPUT, "the file of trusted certificates for mail cannot be read");
		goto done;
	}
	wire->tls = SSL_new(wire->tls_context);
	if (wire->tls == NULL || !expect_name(wire->tls, name)) {
		fault_set(f, FAULT_IO, "TLS could not be started");
		goto done;
	}
	/* An empty BIO means "not yet", not "the end". */
	BIO_set_mem_eof_return(in, -1);
	BIO_set_mem_eof_return(out, -1);
	SSL_set_bio(wire->tls, in, out);
	in = out = NULL;
	SSL_set_connect_state(wire->tls);
	wire->handshaking = true;
	ok = true;
done:
	BIO_free(in);
	BIO_free(out);
	ERR_clear_error();
	return ok;
}

/* What TLS wants to send goes behind what waits for the socket. */
static void take_tls_output(struct smtp_wire *wire)
{
	BIO *out = SSL_get_wbio(wire->tls);
	size_t waiting;

	while ((waiting = BIO_ctrl_pending(out)) > 0) {
		char *room = buf_reserve(&wire->out, waiting);
		int got = room != NULL && waiting <= INT32_MAX ? BIO_read(out, room, (int) waiting) : -1;

		if (got <= 0) {
			end(wire, "too much to send at once");
			return;
		}
		buf_grown(&wire->out, (size_t) got);
	}
}

void smtp_wire_add(struct smtp_wire *wire, const void *at, size_t len)
{
	if (wire->ended || len == 0)
		return;
	if (wire->out_sent == wire->out.len) {
		buf_clear(&wire->out);
		wire->out_sent = 0;
	}
	if (wire->tls == NULL) {
		buf_add(&wire->out, at, len);
		if (wire->out.over)
			end(wire, "too much to send at once");
		return;
	}
	if (len > INT32_MAX || SSL_write(wire->tls, at, (int) len) <= 0)
		end_tls(wire, "TLS failed while sending");
	else
		take_tls_output(wire);
}

size_t smtp_wire_waiting(const struct smtp_wire *wire)
{
	return wire->out.len - wire->out_sent;
}

void smtp_wire_flush(struct smtp_wire *wire)
{
	while (!wire->ended && !wire->cannot_send && !wire->hold && smtp_wire_waiting(wire) > 0) {
		ssize_t sent = send(wire->fd, wire->out.at + wire->out_sent, smtp_wire_waiting(wire), MSG_NOSIGNAL);

		if (sent > 0) {
			wire->out_sent += (size_t) sent;
			wire->sent += (size_t) sent;
		} else if (sent < 0 && is_not_now(errno)) {
			return;
		} else if (sent == 0 || errno != EINTR) {
			wire->cannot_send = true; /* what the server said before it left may still be read: that is its reason */
		}
	}
}

/* Bytes from the socket; 0: none now or ended. */
static size_t read_socket(struct smtp_wire *wire, char *at, size_t room)
{
	ssize_t got;

	if (wire->ended)
		return 0;
	do {
		got = recv(wire->fd, at, room, 0);
	} while (got < 0 && errno == EINTR);
	if (got == 0)
		end(wire, "the server closed the connection");
	if (got < 0 && !is_not_now(errno)) {
		say_errno(wire, "the connection broke", errno);
		wire->ended = true;
	}
	return got > 0 ? (size_t) got : 0;
}

/* Moves what the socket has into TLS. */
static bool feed_tls(struct smtp_wire *wire)
{
	char bytes[READ_ONCE];
	size_t got = read_socket(wire, bytes, sizeof(bytes));

	return got > 0 && BIO_write(SSL_get_rbio(wire->tls), bytes, (int) got) == (int) got;
}

static bool wants_more(struct smtp_wire *wire, int result)
{
	int error = SSL_get_error(wire->tls, result);

	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

bool smtp_wire_handshake(struct smtp_wire *wire)
{
	int result;

	do {
		result = SSL_do_handshake(wire->tls);
		if (result != 1 && !wants_more(wire, result))
			end_tls(wire, "TLS was not agreed on");
		take_tls_output(wire); /* an alert goes out too */
	} while (result != 1 && !wire->ended && feed_tls(wire));
	if (result == 1)
		wire->handshaking = false;
	smtp_wire_flush(wire);
	return result == 1;
}

size_t smtp_wire_read(struct smtp_wire *wire, char *at, size_t room)
{
	int got;

	if (wire->tls == NULL)
		return read_socket(wire, at, room);
	do {
		got = SSL_read(wire->tls, at, (int) room);
		if (got <= 0 && SSL_get_error(wire->tls, got) == SSL_ERROR_ZERO_RETURN)
			end(wire, "the server closed the connection");
		else if (got <= 0 && !wants_more(wire, got))
			end_tls(wire, "TLS failed while reading");
		take_tls_output(wire);
	} while (got <= 0 && !wire->ended && feed_tls(wire));
	ERR_clear_error();
	return got > 0 ? (size_t) got : 0;
}

void smtp_wire_want(struct smtp_wire *wire)
{
	struct fault f = {0};
	bool write = smtp_wire_waiting(wire) > 0 && !wire->cannot_send && !wire->hold;
	unsigned events = LOOP_READ | (write ? (unsigned) LOOP_WRITE : 0u);

	if (wire->watch != NULL && !loop_watch_change(wire->watch, events, &f))
		end(wire, f.say);
}

void smtp_wire_release(struct smtp_wire *wire)
{
	loop_unwatch(&wire->watch);
	SSL_free(wire->tls);
	SSL_CTX_free(wire->tls_context);
	wire->tls = NULL;
	wire->tls_context = NULL;
	if (wire->fd >= 0)
		close(wire->fd);
	wire->fd = -1;
	if (wire->out.at != NULL)
		OPENSSL_cleanse(wire->out.at, wire->out.room);
	buf_release(&wire->out);
	wire->ended = true;
}
