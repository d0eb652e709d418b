/* feed.h: RSS 2.0 (with content:encoded, dc:creator, media:content, atom:link), Atom (RFC 4287), JSON Feed 1.1.
 * Each item may be in another language than the feed.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_FEED_H
#define PRESS_FEED_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/clock.h"

struct feed_item {
	struct str url, id, title, summary;  /* id: a URI that stays, whatever the url becomes */
	struct str html;                /* whole body with absolute links; may be empty */
	struct str language;
	const struct str *authors; size_t author_count;
	const struct str *topics; size_t topic_count;
	struct str image_url, image_type, image_credit; int64_t image_bytes;
	struct when published, updated;
};

struct feed {
	struct str title, description, home_url, self_url, language, copyright;
	struct str publisher;           /* author of what names none (Atom wants one); icon_url: a square one, or empty */
	struct str icon_url;
	struct when updated;
	const struct feed_item *items; size_t count;
};

void feed_write_rss(const struct feed *feed, struct buf *out);
void feed_write_atom(const struct feed *feed, struct buf *out);
void feed_write_json(const struct feed *feed, struct buf *out);

#endif
