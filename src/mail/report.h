/* report.h: what a mail that came back says: a delivery report (RFC 3464), a complaint (ARF, RFC 5965), an automatic
 * answer, or one of the many bounces that keep to no standard.
 *
 * The reader takes any bytes, allocates nothing, makes no system call and never fails: it is meant for a process that can
 * do nothing but read its input and write a line.
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_REPORT_H
#define MAIL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

/* kind, name, meaning */
#define MAIL_REPORT_KINDS(X) \
	X(MAIL_REPORT_UNKNOWN, "unknown", "none of the others: nothing follows from it") \
	X(MAIL_REPORT_HARD, "hard", "there is no such mailbox") \
	X(MAIL_REPORT_SOFT, "soft", "not delivered, and that may pass: full, busy, blocked") \
	X(MAIL_REPORT_COMPLAINT, "complaint", "the reader, or their mail firm, calls it spam") \
	X(MAIL_REPORT_AUTO, "auto", "out of office, thanks for your mail") \
	X(MAIL_REPORT_NOTICE, "notice", "delayed, delivered, relayed: not the end")

enum mail_report_kind {
#define X(kind, name, meaning) kind,
	MAIL_REPORT_KINDS(X)
#undef X
	MAIL_REPORT_KIND_COUNT
};

const char *mail_report_name(enum mail_report_kind kind);
/* False for a name that is none: *kind is MAIL_REPORT_UNKNOWN then. */
bool mail_report_from(struct str name, enum mail_report_kind *kind);

enum { MAIL_REPORT_MARKS = 16, MAIL_REPORT_MARK_BYTES = 32, MAIL_REPORT_WORK_BYTES = 256 * 1024 };

/* Something in the mail that may be one of our tokens: only who holds the key can tell. */
struct mail_report_mark {
	enum { MAIL_MARK_ADDRESS, MAIL_MARK_LINK } where; /* before an @ (32 characters), behind "/unsubscribe/" (26) */
	char text[MAIL_REPORT_MARK_BYTES + 1];            /* a–z, 2–7 */
};

struct mail_report {
	enum mail_report_kind kind;
	char status[12];                                  /* RFC 3463 "5.1.1", or "" */
	size_t mark_count;
	struct mail_report_mark marks[MAIL_REPORT_MARKS]; /* in the order of the mail, each once */
};

/* Reads a whole mail, or the beginning of one. `work` is scratch of MAIL_REPORT_WORK_BYTES. */
void mail_report_read(struct str mail, char *work, struct mail_report *report);

/* HARD or SOFT: what a refusal means, at SMTP time or in a report. reply: 550, or 0; status: "5.1.1", or empty; words: the
 * server's. Refusals that are about us (policy, reputation, signatures) are never HARD. */
enum mail_report_kind mail_report_judge(int reply, struct str status, struct str words);

#endif
