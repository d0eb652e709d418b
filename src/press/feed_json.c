/* feed_json.c: JSON Feed.
 *
 * Decides: the members and their order. Leaves to others: which stories, how many. Runs in: desk's bake. The hard thing:
 * none.
 * SPDX-License-Identifier: ISC
 * jsonfeed.org/version/1.1. */
#include "feed.h"

#include "html.h"

static void member(struct buf *out, const char *name, struct str text)
{
	if (text.len == 0)
		return;
	buf_add_text(out, ",\"");
	buf_add_text(out, name);
	buf_add_text(out, "\":");
	json_text(out, text);
}

static void date(struct buf *out, const char *name, struct when when)
{
	buf_add_text(out, ",\"");
	buf_add_text(out, name);
	buf_add_text(out, "\":\"");
	clock_write_iso(out, when);
	buf_add_char(out, '"');
}

static void write_item(struct buf *out, const struct feed_item *item)
{
	size_t i;

	buf_add_text(out, "{\"id\":");
	json_text(out, item->id);
	member(out, "url", item->url);
	member(out, "title", item->title);
	member(out, "language", item->language);
	member(out, "summary", item->summary);
	member(out, "image", item->image_url);
	date(out, "date_published", item->published);
	if (item->updated.us > item->published.us)
		date(out, "date_modified", item->updated);
	for (i = 0; i < item->author_count; i++) {
		buf_add_text(out, i == 0 ? ",\"authors\":[{\"name\":" : ",{\"name\":");
		json_text(out, item->authors[i]);
		buf_add_char(out, '}');
	}
	buf_add_text(out, item->author_count > 0 ? "]" : "");
	for (i = 0; i < item->topic_count; i++) {
		buf_add_text(out, i == 0 ? ",\"tags\":[" : ",");
		json_text(out, item->topics[i]);
	}
	buf_add_text(out, item->topic_count > 0 ? "]" : "");
	/* one of the two contents must be there */
	buf_add_text(out, ",\"content_html\":");
	json_text(out, item->html);
	buf_add_char(out, '}');
}

void feed_write_json(const struct feed *feed, struct buf *out)
{
	size_t i;

	buf_add_text(out, "{\"version\":\"https://jsonfeed.org/version/1.1\"");
	member(out, "title", feed->title);
	member(out, "description", feed->description);
	member(out, "home_page_url", feed->home_url);
	member(out, "feed_url", feed->self_url);
	member(out, "language", feed->language);
	member(out, "favicon", feed->icon_url);
	if (feed->publisher.len > 0) {
		buf_add_text(out, ",\"authors\":[{\"name\":");
		json_text(out, feed->publisher);
		buf_add_text(out, "}]");
	}
	buf_add_text(out, ",\"items\":[");
	for (i = 0; i < feed->count; i++) {
		buf_add_text(out, i == 0 ? "\n" : ",\n");
		write_item(out, &feed->items[i]);
	}
	buf_add_text(out, "]}\n");
}
