/* log.c: one event, one line, one write(2).
 *
 * Decides: the line's shape (logfmt: time level room event, then the event's own fields) and how values are cleaned.
 * Leaves to others: what is worth an event; where fd 2 goes. Runs in: every process, on the way to abort() too.
 * The hard thing: no value, however hostile, may forge a second line or a second field. Every byte of a value therefore
 * passes line_add_byte(), and nothing here allocates.
 * SPDX-License-Identifier: ISC */
#include "log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "fault.h"

enum {
	LINE_BYTES = 4096,  /* PIPE_BUF: one write(2) of this much to a pipe is never mixed with another process's */
	VALUE_BYTES = 1024  /* of one value, so that one field cannot push out the others */
};

struct line {
	size_t len;
	char at[LINE_BYTES];
};

static const char *room_word = "mimeo";

static const struct {
	const char *text;
	const char *level;
} events[] = {
#define X(event, text, level, meaning) [event] = {text, level},
	LOG_EVENTS(X)
#undef X
};

/* The last byte is kept for the newline. */
static void line_add_byte(struct line *line, char c)
{
	if (line->len < LINE_BYTES - 1)
		line->at[line->len++] = c;
}

static void line_add_text(struct line *line, const char *text)
{
	for (; *text != '\0'; text++)
		line_add_byte(line, *text);
}

static bool needs_quotes(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (strchr(" \"=\\", value.at[i]) != NULL && value.at[i] != '\0')
			return true;
	return value.len == 0;
}

static unsigned char byte_at(struct str value, size_t i)
{
	return i < value.len ? (unsigned char) value.at[i] : 0;
}

/* Bytes that a terminal or a reader of lines could take for an order: ASCII controls, and both bytes of the C1 controls
 * (C2 80 to C2 9F in UTF-8). */
static bool is_control(struct str value, size_t i)
{
	unsigned char before = i > 0 ? byte_at(value, i - 1) : 0;
	unsigned char c = byte_at(value, i);
	unsigned char after = byte_at(value, i + 1);

	return c < 0x20 || c == 0x7f || (c == 0xc2 && after < 0xa0) || (before == 0xc2 && c < 0xa0);
}

/* At most VALUE_BYTES of it, without half a character at the end. */
static struct str cut_value(struct str value)
{
	size_t len = VALUE_BYTES;

	if (value.len <= VALUE_BYTES)
		return value;
	while (len > VALUE_BYTES - 3 && (byte_at(value, len) & 0xc0) == 0x80)
		len--;
	return str_part(value, 0, len);
}

static void line_add_value(struct line *line, struct str value)
{
	bool cut = value.len > VALUE_BYTES;
	bool utf8 = str_is_utf8(value);  /* else every byte of it is suspect */
	bool quotes = needs_quotes(value);

	value = cut_value(value);
	if (quotes)
		line_add_byte(line, '"');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (is_control(value, i) || ((unsigned char) c >= 0x80 && !utf8))
			c = '?';
		if (c == '"' || c == '\\')
			line_add_byte(line, '\\');
		line_add_byte(line, c);
	}
	if (cut)
		line_add_text(line, "...");
	if (quotes)
		line_add_byte(line, '"');
}

static void line_add_field(struct line *line, const char *name, struct str value)
{
	if (line->len > 0)
		line_add_byte(line, ' ');
	line_add_text(line, name);
	line_add_byte(line, '=');
	line_add_value(line, value);
}

static void line_add_time(struct line *line)
{
	struct civil now = clock_civil_utc(clock_now());
	char text[64];

	(void) snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", now.year, now.month, now.day, now.hour,
		now.minute, now.second);
	line_add_field(line, "time", str_from(text));
}

void log_write(enum log_event event, const struct log_field *fields)
{
	struct line line = {0};
	ssize_t written;

	line_add_time(&line);
	line_add_field(&line, "level", str_from(events[event].level));
	line_add_field(&line, "room", str_from(room_word));
	line_add_field(&line, "event", str_from(events[event].text));
	for (; fields->name != NULL; fields++) {
		char number[24];

		(void) snprintf(number, sizeof(number), "%lld", (long long) fields->number);
		line_add_field(&line, fields->name, fields->type == LOG_NUMBER ? str_from(number) : fields->text);
	}
	line.at[line.len++] = '\n';
	/* A log that cannot be written has nowhere to say so. */
	written = write(STDERR_FILENO, line.at, line.len);
	(void) written;
}

void log_fault(const struct fault *f, const char *while_doing)
{
	struct log_field fields[8] = {
		LOG_C("while", while_doing), LOG_C("kind", fault_name(f->kind)), LOG_C("say", f->say),
	};
	size_t count = 3;
	char place[160];

	(void) snprintf(place, sizeof(place), "%s:%d", f->file != NULL ? f->file : "?", f->line);
	if (f->code != 0)
		fields[count++] = (struct log_field) LOG_I64("code", f->code);
	if (f->detail[0] != '\0')
		fields[count++] = (struct log_field) LOG_C("detail", f->detail);
	if (f->trail[0] != '\0')
		fields[count++] = (struct log_field) LOG_C("trail", f->trail);
	fields[count] = (struct log_field) LOG_C("at", place);
	log_write(LOG_FAULT, fields);
}

void log_set_room(const char *room)
{
	room_word = room;
}

const char *log_room(void)
{
	return room_word;
}
