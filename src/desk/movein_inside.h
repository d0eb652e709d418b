/* movein_inside.h: one move at work, in the child: what its files share.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_MOVEIN_INSIDE_H
#define DESK_MOVEIN_INSIDE_H

#include "desk/movein.h"
#include "house/room.h"

enum movein_fate { FATE_NEW, FATE_UPDATED, FATE_SAME, FATE_HERE, FATE_COUNT };

/* A story of the export; its record stays in the file of records. */
struct movein_entry {
	int64_t offset;
	size_t len;
	size_t order;               /* in the export */
	struct str identity, path, slug;
	struct str paths[MOVEIN_OLD_PATHS];
	size_t path_count;
	struct when published;
	bool is_public, has_new_slug;
};

struct movein_page {
	int64_t offset;
	size_t len;
};

struct movein {
	struct room *room;
	struct fault *f;
	struct arena arena;         /* as long as the job */
	char file[PATH_MAX], records[PATH_MAX];
	bool dry_run;
	int records_fd;
	json_t *site;
	struct movein_media media;
	struct movein_entry *entries;
	size_t count, room_for;
	struct movein_page *pages;
	size_t page_count, page_room;
	struct movein_moves moves;  /* old addresses of stories and lists */
	struct movein_moves lists;  /* "section:Politics" → "/section/politics/" */
	struct movein_moves redirects; /* of lists and feeds: for the desk */
	struct movein_report report;
	size_t fates[FATE_COUNT], published, redirect_count, not_taken;
};

/* The next record at *offset; false with no fault at the end. record: the caller's reference. */
bool movein_next_record(struct movein *move, int64_t *offset, size_t *len, json_t **record);
bool movein_record_at(struct movein *move, int64_t offset, size_t len, json_t **record) __attribute__((warn_unused_result));

/* Runs mimeo-movein over the export. */
bool movein_parse(struct movein *move) __attribute__((warn_unused_result));
/* The first look at each record: addresses, names, which pictures there are. */
bool movein_index(struct movein *move) __attribute__((warn_unused_result));
/* No two stories with one address. */
bool movein_settle_addresses(struct movein *move) __attribute__((warn_unused_result));

/* mimeo-movein's marks in a body filled in. report may be NULL. photos: what the text shows. */
struct movein_shown {
	const struct story_photo *photos[MOVEIN_BODY_PICTURES];
	size_t count;
};
struct str movein_fill(struct movein *move, const json_t *record, const struct story *story, struct arena *arena,
	struct movein_report *report, struct movein_shown *shown);

/* Reports, pages and counts into data/desk/movein. */
bool movein_write_all(struct movein *move, int64_t job) __attribute__((warn_unused_result));

#endif
