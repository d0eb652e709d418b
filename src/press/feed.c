/* feed.c: RSS 2.0.
 *
 * Decides: the elements and their order. Leaves to others: which stories, how many. Runs in: desk's bake. The hard
 * thing: the body is HTML inside XML, so it goes into CDATA, whose end it may hold.
 * SPDX-License-Identifier: ISC
 * RSS 2.0 specification (rssboard.org), RSS content module, Media RSS 1.5. */
#include "feed.h"

#include "html.h"

static void element(struct buf *out, const char *name, struct str text)
{
	if (text.len == 0)
		return;
	buf_format(out, "<%s>", name);
	xml_text(out, text);
	buf_format(out, "</%s>\n", name);
}

static void date(struct buf *out, const char *name, struct when when)
{
	if (when.us == 0)
		return;
	buf_format(out, "<%s>", name);
	clock_write_rfc5322(out, when);
	buf_format(out, "</%s>\n", name);
}

/* XML 1.0's forbidden bytes are dropped, "]]>" is parted between two sections. */
static void cdata(struct buf *out, struct str html)
{
	size_t from = 0;
	size_t i;

	buf_add_text(out, "<![CDATA[");
	for (i = 0; i < html.len; i++) {
		unsigned char c = (unsigned char) html.at[i];

		if (c < ' ' && c != '\n' && c != '\t' && c != '\r') {
			buf_add(out, html.at + from, i - from);
			from = i + 1;
		} else if (c == ']' && str_starts(str_part(html, i, 3), STR("]]>"))) {
			buf_add(out, html.at + from, i - from);
			buf_add_text(out, "]]]]><![CDATA[>");
			i += 2;
			from = i + 1;
		}
	}
	if (from < html.len)
		buf_add(out, html.at + from, html.len - from);
	buf_add_text(out, "]]>");
}

/* The enclosure for readers that know RSS alone, media:content for the credit. */
static void image(struct buf *out, const struct feed_item *item)
{
	if (item->image_url.len == 0)
		return;
	if (item->image_bytes > 0) {
		buf_add_text(out, "<enclosure url=\"");
		xml_text(out, item->image_url);
		buf_format(out, "\" length=\"%lld\" type=\"", (long long) item->image_bytes);
		xml_text(out, item->image_type);
		buf_add_text(out, "\"/>\n");
	}
	buf_add_text(out, "<media:content medium=\"image\" url=\"");
	xml_text(out, item->image_url);
	buf_add_text(out, "\" type=\"");
	xml_text(out, item->image_type);
	if (item->image_bytes > 0)
		buf_format(out, "\" fileSize=\"%lld", (long long) item->image_bytes);
	buf_add_text(out, "\">");
	if (item->image_credit.len > 0) {
		buf_add_text(out, "<media:credit>");
		xml_text(out, item->image_credit);
		buf_add_text(out, "</media:credit>");
	}
	buf_add_text(out, "</media:content>\n");
}

static void write_item(struct buf *out, const struct feed_item *item)
{
	size_t i;

	buf_add_text(out, item->language.len > 0 ? "<item xml:lang=\"" : "<item>\n");
	if (item->language.len > 0) {
		xml_text(out, item->language);
		buf_add_text(out, "\">\n");
	}
	element(out, "title", item->title);
	element(out, "link", item->url);
	buf_add_text(out, "<guid isPermaLink=\"false\">");
	xml_text(out, item->id);
	buf_add_text(out, "</guid>\n");
	date(out, "pubDate", item->published);
	for (i = 0; i < item->author_count; i++)
		element(out, "dc:creator", item->authors[i]);
	for (i = 0; i < item->topic_count; i++)
		element(out, "category", item->topics[i]);
	element(out, "dc:language", item->language);
	element(out, "description", item->summary);
	if (item->html.len > 0) {
		buf_add_text(out, "<content:encoded>");
		cdata(out, item->html);
		buf_add_text(out, "</content:encoded>\n");
	}
	image(out, item);
	buf_add_text(out, "</item>\n");
}

void feed_write_rss(const struct feed *feed, struct buf *out)
{
	size_t i;

	buf_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\""
		" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\""
		" xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n");
	element(out, "title", feed->title);
	element(out, "link", feed->home_url);
	buf_add_text(out, "<description>"); /* required, so it stands there even when empty */
	xml_text(out, feed->description);
	buf_add_text(out, "</description>\n");
	element(out, "language", feed->language);
	element(out, "copyright", feed->copyright);
	date(out, "lastBuildDate", feed->updated);
	buf_add_text(out, "<atom:link rel=\"self\" type=\"application/rss+xml\" href=\"");
	xml_text(out, feed->self_url);
	buf_add_text(out, "\"/>\n");
	for (i = 0; i < feed->count; i++)
		write_item(out, &feed->items[i]);
	buf_add_text(out, "</channel>\n</rss>\n");
}
