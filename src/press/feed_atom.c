/* feed_atom.c: Atom.
 *
 * Decides: the elements and their order. Leaves to others: which stories, how many. Runs in: desk's bake. The hard
 * thing: an entry without an author is invalid unless the feed has one, so the feed always has.
 * SPDX-License-Identifier: ISC
 * RFC 4287. */
#include "feed.h"

#include "html.h"

static void element(struct buf *out, const char *open, struct str text, const char *close)
{
	buf_add_text(out, open);
	xml_text(out, text);
	buf_add_text(out, close);
}

static void date(struct buf *out, const char *open, struct when when, const char *close)
{
	buf_add_text(out, open);
	clock_write_iso(out, when);
	buf_add_text(out, close);
}

static void write_links(struct buf *out, const struct feed_item *item)
{
	element(out, "<link rel=\"alternate\" type=\"text/html\" href=\"", item->url, "\"/>\n");
	if (item->image_url.len == 0)
		return;
	element(out, "<link rel=\"enclosure\" type=\"", item->image_type, "\"");
	if (item->image_bytes > 0)
		buf_format(out, " length=\"%lld\"", (long long) item->image_bytes);
	element(out, " href=\"", item->image_url, "\"");
	if (item->image_credit.len > 0)
		element(out, " title=\"", item->image_credit, "\"");
	buf_add_text(out, "/>\n");
}

static void write_entry(struct buf *out, const struct feed_item *item)
{
	struct when updated = item->updated.us > item->published.us ? item->updated : item->published;
	size_t i;

	if (item->language.len > 0)
		element(out, "<entry xml:lang=\"", item->language, "\">\n");
	else
		buf_add_text(out, "<entry>\n");
	element(out, "<id>", item->id, "</id>\n");
	element(out, "<title>", item->title, "</title>\n");
	write_links(out, item);
	date(out, "<published>", item->published, "</published>\n");
	date(out, "<updated>", updated, "</updated>\n");
	for (i = 0; i < item->author_count; i++)
		element(out, "<author><name>", item->authors[i], "</name></author>\n");
	for (i = 0; i < item->topic_count; i++)
		element(out, "<category term=\"", item->topics[i], "\"/>\n");
	if (item->summary.len > 0)
		element(out, "<summary>", item->summary, "</summary>\n");
	if (item->html.len > 0)
		element(out, "<content type=\"html\">", item->html, "</content>\n");
	buf_add_text(out, "</entry>\n");
}

void feed_write_atom(const struct feed *feed, struct buf *out)
{
	size_t i;

	buf_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"");
	if (feed->language.len > 0)
		element(out, " xml:lang=\"", feed->language, "\"");
	element(out, ">\n<id>", feed->home_url, "</id>\n");
	element(out, "<title>", feed->title, "</title>\n");
	if (feed->description.len > 0)
		element(out, "<subtitle>", feed->description, "</subtitle>\n");
	element(out, "<link rel=\"self\" type=\"application/atom+xml\" href=\"", feed->self_url, "\"/>\n");
	element(out, "<link rel=\"alternate\" type=\"text/html\" href=\"", feed->home_url, "\"/>\n");
	if (feed->icon_url.len > 0)
		element(out, "<icon>", feed->icon_url, "</icon>\n");
	if (feed->copyright.len > 0)
		element(out, "<rights>", feed->copyright, "</rights>\n");
	element(out, "<author><name>", feed->publisher.len > 0 ? feed->publisher : feed->title, "</name></author>\n");
	date(out, "<updated>", feed->updated, "</updated>\n");
	for (i = 0; i < feed->count; i++)
		write_entry(out, &feed->items[i]);
	buf_add_text(out, "</feed>\n");
}
