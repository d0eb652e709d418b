/* movein.h: an export of another system to records of stories.
 *
 * Input is read twice from a descriptor that can be rewound. Output is a run of records, each its length in ten digits,
 * a newline, JSON, a newline; README.md says what stands in them. Nothing is written before the whole input was found
 * well formed.
 * SPDX-License-Identifier: ISC */
#ifndef MOVEIN_MOVEIN_H
#define MOVEIN_MOVEIN_H

#include <jansson.h>
#include <stdbool.h>
#include "base/buf.h"
#include "movein/movein_html.h"

struct arena;
struct fault;

enum { MOVEIN_AUTHORS = 16, MOVEIN_TOPICS = 64, MOVEIN_PATHS = 4, MOVEIN_TYPES = 48, MOVEIN_RECORD_BYTES = 32 * 1024 * 1024,
	MOVEIN_LONG_BYTES = 512 * 1024 * 1024, MOVEIN_ITEM_BYTES = 128 * 1024 * 1024 };

struct movein_out {
	int fd;
	struct buf waiting;         /* records that were not written yet */
	int64_t done, total;        /* stories and pages, for progress lines */
	bool is_quiet;              /* tests: no progress lines */
};

void movein_out_init(struct movein_out *out, int fd);
void movein_out_release(struct movein_out *out);
/* Takes the reference. */
bool movein_put(struct movein_out *out, json_t *record, struct fault *f) __attribute__((warn_unused_result));
bool movein_end(struct movein_out *out, struct fault *f) __attribute__((warn_unused_result));

/* A story, or a page, as it is found. */
struct movein_story {
	const char *kind;           /* "story" or "page" */
	struct str identity, title, slug, status, lang;
	struct str date, date_gmt, updated_gmt;   /* "2015-01-27 14:56:57"; empty where there is none */
	struct str excerpt, section;
	struct str authors[MOVEIN_AUTHORS];
	size_t author_count;
	struct str topics[MOVEIN_TOPICS];
	size_t topic_count;
	struct str paths[MOVEIN_PATHS];
	size_t path_count;
	const struct movein_file *photo;
};

/* Names without doubles; past the cap they are dropped. */
void movein_add_name(struct str *names, size_t *count, size_t max, struct str name);
/* Converts the wish's HTML and writes the record. result holds the notes made so far; it is used up. A text that
 * cannot be converted gives a record with "trouble". */
bool movein_put_story(struct movein_out *out, const struct movein_story *story, const struct html_wish *wish,
	struct html_result *result, struct fault *f) __attribute__((warn_unused_result));
json_t *movein_text(struct str text);   /* a JSON string; "" for what is no UTF-8 */
/* An old list page, and the name of the list: type is "section" or "author" or "topic". */
bool movein_put_archive(struct movein_out *out, const char *type, struct str name, struct str path, struct fault *f)
	__attribute__((warn_unused_result));

/* "https://www.Tern.example/blog/x?y" → host "tern.example", path "/blog/x?y", percent signs undone. */
void movein_split_url(struct str url, struct arena *arena, struct str *host, struct str *path);

/* fd: the export. file_name: for complaints ("NAME:LINE: …"). */
bool movein_read_wxr(int fd, const char *file_name, struct movein_out *out, struct fault *f)
	__attribute__((warn_unused_result));
bool movein_read_ghost(int fd, const char *file_name, struct movein_out *out, struct fault *f)
	__attribute__((warn_unused_result));
/* By its first bytes. INPUT when it is neither. */
bool movein_read(int fd, const char *file_name, struct movein_out *out, struct fault *f)
	__attribute__((warn_unused_result));

#endif
