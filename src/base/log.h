/* log.h: one logfmt line per event on fd 2.
 *
 * Event names are a table with what each means; a field is typed; values are quoted and cleaned so that one event is
 * always one line. There is no way to log a struct email in the clear, and no IP address, user agent or referrer ever.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>
#include "str.h"

struct fault;

/* name, text in the log, level, meaning */
#define LOG_EVENTS(X) \
	X(LOG_BUG, "bug", "error", "an assert failed; the process ends") \
	X(LOG_FAULT, "fault", "error", "something failed and was handled here") \
	X(LOG_ROOM_START, "room_start", "info", "a room is ready") \
	X(LOG_ROOM_STOP, "room_stop", "info", "a room has drained and ends") \
	X(LOG_ROOM_DIED, "room_died", "error", "the parent saw a room end by itself") \
	X(LOG_ROOM_RESTART, "room_restart", "info", "the parent starts a room again after its back-off") \
	X(LOG_HOUSE_READY, "house_ready", "info", "every room answers") \
	X(LOG_MIGRATED, "migrated", "info", "a database got a newer schema") \
	X(LOG_PEER_REFUSED, "peer_refused", "warn", "a caller on a socket is not who it should be") \
	X(LOG_BAKE, "bake", "info", "pages were written") \
	X(LOG_IMPORT, "import", "info", "stories were imported") \
	X(LOG_ISSUE, "issue", "info", "an issue of the newsletter changed its state") \
	X(LOG_MAIL, "mail", "info", "a mail was accepted, delayed or refused by its server") \
	X(LOG_BOUNCE, "bounce", "info", "a mail that came back was read: its kind and what followed; never whose") \
	X(LOG_SUBSCRIBER, "subscriber", "info", "a subscriber row changed its state; never whose") \
	X(LOG_PROVIDER, "provider", "info", "a payment provider was called or called us") \
	X(LOG_BOOKED, "booked", "info", "a contribution, refund or fee went into the books") \
	X(LOG_NEWSROOM, "newsroom", "info", "what editors decided about the newsroom is in force in this room") \
	X(LOG_STAFF, "staff", "info", "a staff member was added, linked in or revoked") \
	X(LOG_JOB, "job", "info", "a child or a timed job ran")

enum log_event {
#define X(event, text, level, meaning) event,
	LOG_EVENTS(X)
#undef X
	LOG_EVENT_COUNT
};

struct log_field {
	const char *name; /* NULL ends a list */
	enum { LOG_TEXT, LOG_NUMBER } type;
	struct str text;
	int64_t number;
};

#define LOG_STR(name, s) {(name), LOG_TEXT, (s), 0}
#define LOG_C(name, text) {(name), LOG_TEXT, str_from(text), 0}
#define LOG_I64(name, n) {(name), LOG_NUMBER, {NULL, 0}, (n)}

/* log_event(LOG_BAKE, LOG_I64("pages", n), LOG_C("why", "publish")); at least one field. */
#define log_event(event, ...) log_write((event), (const struct log_field[]){__VA_ARGS__, {NULL, LOG_TEXT, {NULL, 0}, 0}})

void log_write(enum log_event event, const struct log_field *fields);
void log_fault(const struct fault *f, const char *while_doing);

/* The room's word in every line; "mimeo" until set. The text must outlive the process (a literal). */
void log_set_room(const char *room);
const char *log_room(void);

#endif
