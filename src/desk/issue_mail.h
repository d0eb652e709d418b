/* issue_mail.h: an issue's mail: HTML and text of what was picked and written. The one writer of issues: a preview, a test mail, the composer's
 * and the command's frozen issue all come from here.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_ISSUE_MAIL_H
#define DESK_ISSUE_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;
struct desk_issue_wish;
struct fault;
struct issue_draft;
struct room;
struct story;

enum {
	ISSUE_GOAL_BYTES = 60 * 1024,    /* of HTML: what our issues should stay below */
	ISSUE_CLIP_BYTES = 102 * 1024    /* behind this Gmail cuts a mail off, with its unsubscribe link */
};

struct issue_mail {
	struct str title;                /* what the issue is called, also in the archive */
	struct str subject;              /* the mail's: the title, or a neutral one */
	struct str sender_name;          /* neutral; empty: as mimeo.conf says */
	struct str preheader, intro, signoff, lang, html, text;
	char hash[65];                   /* over subject, html and text, as the newsletter wants it */
	struct story *stories;
	struct str *lines;
	size_t count;
	size_t missing;                  /* picks left out of a preview: withdrawn or deleted meanwhile */
};

/* Strict: INPUT where it lacks a subject or a pick, or a pick is not published. Not strict (previews): what can be shown is. Texts belong to the
 * arena, or are the wish's. */
bool issue_mail_compose(struct room *room, const struct desk_issue_wish *wish, bool is_strict, struct arena *arena, struct issue_mail *out,
	struct fault *f) __attribute__((warn_unused_result));
/* What a draft wishes. */
bool issue_mail_wish(const struct issue_draft *draft, struct arena *arena, struct desk_issue_wish *out, struct fault *f)
	__attribute__((warn_unused_result));
/* A text with a sample instead of its unsubscribe link, which is the newsletter's to fill. */
struct str issue_mail_sample(struct str text, const struct room *room, struct arena *arena);
/* The HTML as it looks to a reader whose mail program is dark. */
struct str issue_mail_dark(struct str html, struct arena *arena);

#endif
