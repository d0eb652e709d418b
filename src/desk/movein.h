/* movein.h: moving in from another system: an export's records to stories, their pictures and old addresses.
 *
 * mimeo-movein reads the export (src/movein); a child of the desk, which only reads desk.db, makes stories of what it
 * says and a report of what could not be kept; the desk takes the stories in as it does an import's.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_MOVEIN_H
#define DESK_MOVEIN_H

#include <jansson.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/story.h"
#include "http/http.h"

struct errand;
struct fault;
struct room;
struct store;
struct work_job;

enum { MOVEIN_CAP_BYTES = 1536 * 1024 * 1024, MOVEIN_STORY_ARENA = 64 * 1024 * 1024, MOVEIN_OLD_PATHS = 4,
	MOVEIN_BODY_PICTURES = 500, MOVEIN_HASH_HEX = 32 };

/* --- what could not be kept (movein_report.c) --- */

/* group, the word by which mimeo-movein notes it, headline of the report, what to do */
#define MOVEIN_GROUPS(X) \
	X(GROUP_TROUBLE, "trouble", "Not taken in", "Take them over by hand.") \
	X(GROUP_HERE, "", "Changed at the desk since the last time: left as they are", \
		"The export has another text now. Compare, and copy what you want to keep.") \
	X(GROUP_EMPTY, "", "Without a text or a title", "Without a text they are drafts; a missing title was made from the text.") \
	X(GROUP_PRIVATE, "private", "Private: taken in as drafts", "") \
	X(GROUP_PASSWORD, "password", "Behind a password: taken in as drafts", "") \
	X(GROUP_MEMBERS, "members", "For members or paying readers: taken in as drafts", \
		"mimeo has no pages that only some may read.") \
	X(GROUP_PENDING, "pending", "Waiting for review when they were exported: not published", "") \
	X(GROUP_FUTURE, "future", "Scheduled: taken in as drafts", "Publish them on their day.") \
	X(GROUP_SENT, "sent", "Sent by mail only: taken in as drafts", "") \
	X(GROUP_PHOTO, "", "Lead photos whose file was not found", \
		"Put the files into the folder that you give with --media and run the same command again.") \
	X(GROUP_PICTURE, "", "Pictures in the text whose file was not found", \
		"Put the files into the folder that you give with --media and run the same command again.") \
	X(GROUP_BROKEN, "", "Picture files that could not be used", "Replace the file and run the same command again.") \
	X(GROUP_UNKNOWN, "photo", "Lead photos that the export does not describe", \
		"Export everything, not the posts alone: the files' entries are missing.") \
	X(GROUP_PICTURES, "pictures", "More pictures than a text can hold", "") \
	X(GROUP_DATA, "data", "Pictures inside the text itself (data:)", "Save them as files and put them in at the desk.") \
	X(GROUP_GALLERY, "gallery", "Galleries whose pictures the export does not describe", "") \
	X(GROUP_FILE, "file", "Documents, sound and video: the link leads to the old site", \
		"They are not moved in. Put them where they can stay and change the links.") \
	X(GROUP_EMBED, "embed", "Players and posts of other sites: a link stands in their place", "") \
	X(GROUP_SHORTCODE, "shortcode", "Shortcodes of plugins: taken out, the words inside stay", "") \
	X(GROUP_FORM, "form", "Forms and scripts: taken out", "") \
	X(GROUP_CODE, "code", "Code put into a single page: not taken in", "") \
	X(GROUP_TABLE, "table", "Tables that Markdown cannot hold: their words stand one below the other", "") \
	X(GROUP_DEEP, "deep", "Nested too deep: the words stay, their form does not", "") \
	X(GROUP_NO_HTML, "no-html", "Without HTML in the export", "Open and save them in Ghost once, then export anew.") \
	X(GROUP_INTERNAL, "internal-tag", "Internal tags: not taken in", "") \
	X(GROUP_NAMES, "", "More topics or authors than a story has here, or names that are none", "") \
	X(GROUP_SHORTENED, "", "Titles or summaries that were too long: shortened", "") \
	X(GROUP_SLUG, "", "A new address, because another story has the old one", "") \
	X(GROUP_PATH, "", "Old addresses that cannot be redirected", "")

enum movein_group {
#define X(group, word, headline, advice) group,
	MOVEIN_GROUPS(X)
#undef X
	MOVEIN_GROUP_COUNT
};

struct movein_lines {
	struct buf text;            /* Markdown list items */
	size_t count;
	size_t left_out;            /* lines past the cap: counted only */
	char last[512];             /* the story that was spoken of last */
	size_t last_from;           /* where that begins in text */
};

struct movein_report {
	struct movein_lines groups[MOVEIN_GROUP_COUNT];
};

void movein_report_init(struct movein_report *report);
void movein_report_release(struct movein_report *report);
void movein_report_add(struct movein_report *report, enum movein_group group, const struct story *story, struct str detail);
/* By mimeo-movein's word; false when it is none. */
bool movein_report_note(struct movein_report *report, struct str word, const struct story *story, struct str detail);
/* summary: counts, as printed at the end. */
bool movein_report_write(const struct movein_report *report, const json_t *site, const json_t *summary, const json_t *pages,
	struct buf *out, struct fault *f) __attribute__((warn_unused_result));
/* "214 stories: 200 published, 14 drafts; …" as lines. */
void movein_summary_text(const json_t *summary, struct buf *out);

/* --- one record (movein_story.c) --- */

struct movein_found {
	struct story story;         /* body: with mimeo-movein's marks */
	struct str paths[MOVEIN_OLD_PATHS];
	size_t path_count;
	struct str photo_url;
};

/* report may be NULL (it was said before). False (trouble is said in the report) when it cannot become a story. */
bool movein_story_read(const json_t *record, struct str language, struct arena *arena, struct movein_report *report,
	struct movein_found *out);
/* After the body is whole: its check, excerpt, key terms. INPUT. */
bool movein_story_finish(struct story *story, struct movein_report *report, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));

/* --- pictures (movein_media.c) --- */

struct movein_picture {
	struct str path;            /* of the file */
	struct story_photo photo;   /* filled by mimeo-image */
	struct str trouble;         /* why it could not */
};

struct movein_media {
	struct str folder;          /* empty: none was given */
	struct arena *arena;
	struct movein_picture **pictures; /* by path, after movein_media_sort */
	size_t count, room_for;
};

/* The file that an old address names, by its tail; empty when it is not in the folder. */
struct str movein_media_find(const struct movein_media *media, struct str url, struct arena *arena);
bool movein_media_add(struct movein_media *media, struct str path, struct fault *f) __attribute__((warn_unused_result));
void movein_media_sort(struct movein_media *media);   /* each file once */
/* Makes them all through mimeo-image; a broken one has `trouble`. */
bool movein_media_make(struct movein_media *media, struct room *room, struct fault *f) __attribute__((warn_unused_result));
const struct movein_picture *movein_media_get(const struct movein_media *media, struct str path);

/* --- addresses (movein_paths.c) --- */

struct movein_move {
	struct str from, to;
};

struct movein_moves {
	struct movein_move *at;
	size_t count, room_for;
	struct arena *arena;
};

bool movein_moves_add(struct movein_moves *moves, struct str from, struct str to, struct fault *f)
	__attribute__((warn_unused_result));
void movein_moves_sort(struct movein_moves *moves);
/* Where an old address (as it stands in a link) leads now; empty when nobody knows. */
struct str movein_moves_find(const struct movein_moves *moves, struct str from, struct arena *arena);

/* --- the child, the desk, the command --- */

bool movein_job(struct room *room, int argc, char **argv, struct fault *f);
/* Whether a record of an import's file is one of ours; and taking it. Inside a transaction. */
bool movein_is_record(const json_t *record);
bool movein_take(struct store *db, const json_t *record, struct when now, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));
/* What the last time left there goes. */
void movein_tidy(struct room *room);
bool story_run_movein(struct errand *errand, struct fault *f);
http_handler story_post_movein, story_get_movein, story_get_movein_page;

#endif
