/* movein_item.h: WordPress' export, item by item.
 * SPDX-License-Identifier: ISC */
#ifndef MOVEIN_MOVEIN_ITEM_H
#define MOVEIN_MOVEIN_ITEM_H

#include <libxml/xmlreader.h>
#include "base/arena.h"
#include "movein/movein.h"

enum { WXR_TERMS = 100, WXR_TEXT_BYTES = 12 * 1024 * 1024 };

enum wxr_element { WXR_OTHER, WXR_TITLE, WXR_LINK, WXR_LANGUAGE, WXR_BLOG_URL, WXR_AUTHOR, WXR_CATEGORY, WXR_TAG };

struct wxr_term {
	struct str domain, slug, name;
};

struct wxr_item {
	int64_t id, parent, photo, main_category, comments;
	struct str title, link, creator, content, excerpt, date, date_gmt, updated_gmt, slug, status, type, password, file_url;
	struct str alt, credit, credit_org, subtitle, footnotes, guest_login, guest_name;
	struct wxr_term terms[WXR_TERMS];
	size_t term_count;
};

/* An author, a category, a tag. */
struct wxr_name {
	int64_t id;
	struct str slug, name, parent;
};

struct wxr_names {
	struct wxr_name *at;
	size_t count, room;
};

struct wxr_count {
	struct str type;
	int64_t count;
};

struct wxr {
	int fd;
	const char *name;           /* of the file, for complaints */
	xmlTextReader *reader;
	struct movein_out *out;
	struct arena arena;         /* as long as the file is read */
	struct arena item_arena;    /* as long as an item */
	struct fault *f;
	int64_t read_bytes;
	bool is_text;               /* UTF-8 or alike: bytes are single characters */
	/* the site */
	struct str title, host, home, language;
	struct wxr_names authors, categories, tags;
	struct movein_file *files;
	size_t file_count, file_room;
	int64_t comments;
	struct wxr_count types[MOVEIN_TYPES];
	size_t type_count;
};

typedef bool wxr_item_call(struct wxr *x, const struct wxr_item *item);
typedef bool wxr_channel_call(struct wxr *x, enum wxr_element element, struct wxr_name *name, struct str text);

/* Reads the whole file; the item and its texts live for the call. with_text: long texts of stories are wanted, too.
 * channel may be NULL. INPUT "FILE:LINE: …" */
bool wxr_each(struct wxr *x, bool with_text, wxr_item_call *item, wxr_channel_call *channel)
	__attribute__((warn_unused_result));

#endif
