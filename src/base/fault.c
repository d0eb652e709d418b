/* fault.c: a failure, carried up to whoever handles it.
 *
 * Decides: what a kind means (FAULT_KINDS) and which errno is which kind. Leaves to others: handling and logging.
 * Runs in: every process. The hard thing: texts are cut to their field, never in the middle of a UTF-8 character, since
 * `say` ends up in pages.
 * SPDX-License-Identifier: ISC */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "must.h"

static const struct {
	const char *name;
	int http_status;
	int exit_code;
	bool retry;
} kinds[] = {
#define X(kind, name, status, exit_code, retry, meaning) [kind] = {name, status, exit_code, retry},
	FAULT_KINDS(X)
#undef X
};

/* Takes a character off the end of a cut text if only the first of its bytes are there. */
static void drop_half_character(char *text, size_t len)
{
	size_t start = len;
	size_t wanted;
	unsigned char lead;

	while (start > 0 && len - start < 4 && ((unsigned char) text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return;
	lead = (unsigned char) text[start - 1];
	wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	if (len - (start - 1) < wanted)
		text[start - 1] = '\0';
}

/* Appends to a NUL-ended text in `room` bytes. */
__attribute__((format(printf, 3, 0)))
static void append(char *text, size_t room, const char *format, va_list args)
{
	size_t len = strlen(text);
	int wanted = vsnprintf(text + len, room - len, format, args);

	if (wanted >= 0 && (size_t) wanted >= room - len)
		drop_half_character(text, room - 1);
}

/* "; " between what stands in a text and what is added. */
static void append_separator(char *text, size_t room)
{
	size_t len = strlen(text);

	if (len > 0 && len + 2 < room)
		memcpy(text + len, "; ", 3);
}

static void begin(struct fault *f, enum fault_kind kind, int code, const char *file, int line)
{
	must(kind != FAULT_NONE);
	*f = (struct fault){.kind = kind, .code = code, .file = file, .line = line};
}

bool fault_set_at(struct fault *f, enum fault_kind kind, int code, const char *file, int line, const char *say, ...)
{
	va_list args;

	if (f == NULL || f->kind != FAULT_NONE)
		return false;
	begin(f, kind, code, file, line);
	va_start(args, say);
	append(f->say, sizeof(f->say), say, args);
	va_end(args);
	return false;
}

static enum fault_kind kind_of_errno(int code)
{
	switch (code) {
	case ENOENT:
		return FAULT_MISSING;
	case EACCES:
	case EPERM:
		return FAULT_DENIED;
	case ENOSPC:
	case EDQUOT:
		return FAULT_FULL;
	case EAGAIN:
		return FAULT_BUSY;
	case ECONNREFUSED:
	case ECONNRESET:
	case ECONNABORTED:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return FAULT_REMOTE;
	default:
		return FAULT_IO;
	}
}

bool fault_errno_at(struct fault *f, const char *file, int line, const char *say, ...)
{
	int code = errno; /* before anything can change it */
	const char *why = strerrordesc_np(code);
	va_list args;
	size_t len;

	if (f == NULL || f->kind != FAULT_NONE)
		return false;
	begin(f, kind_of_errno(code), code, file, line);
	va_start(args, say);
	append(f->say, sizeof(f->say), say, args);
	va_end(args);
	len = strlen(f->say);
	(void) snprintf(f->say + len, sizeof(f->say) - len, ": %s", why != NULL ? why : "unknown error");
	return false;
}

bool fault_detail(struct fault *f, const char *format, ...)
{
	va_list args;

	if (f == NULL || f->kind == FAULT_NONE)
		return false;
	append_separator(f->detail, sizeof(f->detail));
	va_start(args, format);
	append(f->detail, sizeof(f->detail), format, args);
	va_end(args);
	return false;
}

bool fault_add(struct fault *f, const char *format, ...)
{
	va_list args;

	if (f == NULL || f->kind == FAULT_NONE)
		return false;
	append_separator(f->trail, sizeof(f->trail));
	va_start(args, format);
	append(f->trail, sizeof(f->trail), format, args);
	va_end(args);
	return false;
}

void fault_clear(struct fault *f)
{
	*f = (struct fault){0};
}

const char *fault_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

int fault_http_status(enum fault_kind kind)
{
	return kinds[kind].http_status;
}

int fault_exit_code(enum fault_kind kind)
{
	return kinds[kind].exit_code;
}

bool fault_is_worth_retry(enum fault_kind kind)
{
	return kinds[kind].retry;
}

int fault_print(const struct fault *f, bool verbose)
{
	char text[FAULT_SAY_BYTES + FAULT_TRAIL_BYTES + FAULT_DETAIL_BYTES + 64];
	bool trail = verbose && f->trail[0] != '\0';
	bool detail = verbose && f->detail[0] != '\0';
	ssize_t written;
	int len;

	len = snprintf(text, sizeof(text), "mimeo: %s%s%s%s%s%s\n", f->say, trail ? " (" : "", trail ? f->trail : "",
		trail ? ")" : "", detail ? "\nmimeo: detail: " : "", detail ? f->detail : "");
	written = write(STDERR_FILENO, text, (size_t) len);
	(void) written;
	return fault_exit_code(f->kind);
}
