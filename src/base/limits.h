/* limits.h: every cap in one place, with why. Reaching one is a FULL or INPUT fault, never a crash.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
	LIMIT_REQUEST_ARENA = 4 * 1024 * 1024,   /* one HTTP request's memory */
	LIMIT_FORM_BYTES = 64 * 1024,            /* a reader's form (DESIGN §5, gate) */
	LIMIT_WRITING_BYTES = 2 * 1024 * 1024,   /* the desk's form with a story: urlencoded Arabic is three times its bytes */
	LIMIT_WRITING_ARENA = 24 * 1024 * 1024,  /* such a request's memory: two versions and their differences stand side by side */
	LIMIT_JSON_BYTES = 8 * 1024 * 1024,      /* a message between rooms: a frozen issue is the largest */
	LIMIT_WEBHOOK_BYTES = 256 * 1024,        /* a provider's event */
	LIMIT_UPLOAD_BYTES = 64 * 1024 * 1024,   /* a photo */
	LIMIT_PAGE_BYTES = 4 * 1024 * 1024,      /* one baked page */
	LIMIT_STORY_BYTES = 512 * 1024,          /* a story's Markdown */
	LIMIT_MAIL_BYTES = 4 * 1024 * 1024,      /* one mail on the wire */
	LIMIT_THEME_FILE_BYTES = 256 * 1024,     /* one file of a theme */
	LIMIT_CONF_BYTES = 256 * 1024,
	LIMIT_REPLY_BYTES = 8 * 1024 * 1024,     /* an HTTP answer that we read */
	LIMIT_LINE_BYTES = 4096                  /* a child's progress line */
};

#endif
