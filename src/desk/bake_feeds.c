/* bake_feeds.c: the feeds: RSS, Atom and JSON Feed of the whole newsroom, RSS of each section.
 *
 * Decides: that they hold the newest 20 stories with their whole text (a reader behind a blocked address reads on), that
 * an item's id comes from the story's identity and stays when slug, date or host become others. Leaves to others: the
 * formats (press/feed). Runs in: desk's bake. The hard thing: a section's feed must not look at the archive: the newest of
 * a list are asked for by its index.
 * SPDX-License-Identifier: ISC */
#include <sodium.h>
#include <sys/stat.h>
#include "base/fault.h"
#include "base/limits.h"
#include "desk/bake.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "house/settings.h"
#include "press/feed.h"
#include "press/markdown.h"
#include "store/store.h"

enum { FEED_ARENA = 64 * 1024 * 1024, PATH_BYTES = 512 };

struct feeding {
	struct arena arena;
	int64_t ids[BAKE_FEED];
	size_t count;
	struct story stories[BAKE_FEED];
	struct feed_item items[BAKE_FEED];
	struct feed feed;
};

/* "urn:uuid:…" (RFC 9562, version 8) of the story's identity. */
static struct str stable_id(struct str identity, struct arena *arena)
{
	static const unsigned char purpose[] = "mimeo: a story's id in feeds";
	unsigned char hash[16];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *) (identity.len > 0 ? identity.at : ""), identity.len,
		purpose, sizeof(purpose) - 1);
	hash[6] = (unsigned char) ((hash[6] & 0x0f) | 0x80);
	hash[8] = (unsigned char) ((hash[8] & 0x3f) | 0x80);
	return str_format(arena, "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", hash[0],
		hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7], hash[8], hash[9], hash[10], hash[11], hash[12],
		hash[13], hash[14], hash[15]);
}

/* 0: it is not there; then the item has no enclosure. */
static int64_t bytes_of(struct bake *bake, struct str url)
{
	struct str path = str_part(url, bake->settings->url.len + 1, SIZE_MAX);
	char name[PATH_BYTES];
	struct stat about;

	if (url.len == 0 || path.len >= sizeof(name))
		return 0;
	snprintf(name, sizeof(name), "%.*s", STR_ARG(path));
	return fstatat(bake->site.fd, name, &about, 0) == 0 ? (int64_t) about.st_size : 0;
}

static bool fill_item(struct bake *bake, struct feeding *feeding, size_t at, struct fault *f)
{
	struct story *story = &feeding->stories[at];
	struct feed_item *item = &feeding->items[at];
	struct buf html;
	bool ok;

	if (!story_load(bake->db, feeding->ids[at], &feeding->arena, story, NULL, f))
		return false;
	*item = (struct feed_item){.url = bake_url(bake, story->path, &feeding->arena), .title = story->title,
		.id = stable_id(story->identity, &feeding->arena), .summary = story->excerpt, .language = story->lang,
		.authors = story->authors, .author_count = story->author_count, .topics = story->topics,
		.topic_count = story->topic_count, .published = story->published, .updated = story->updated,
		.image_url = bake_photo_url(bake, story, ".jpg", &feeding->arena, NULL), .image_type = STR("image/jpeg"),
		.image_credit = story->credit};
	item->image_bytes = bytes_of(bake, item->image_url);
	buf_init(&html, LIMIT_PAGE_BYTES);
	ok = bake_pictures_take(bake, story->id, f)
		&& bake_markdown(bake, story->body, STR("f-"), bake_absolute(bake, STR("/"), &feeding->arena), &html, NULL, f);
	item->html = str_copy(buf_view(&html), &feeding->arena);
	buf_release(&html);
	return ok;
}

/* The stories of a query that gives ids, with $1 and $2 as given (list 0: the newsroom's newest). */
static bool fill(struct bake *bake, struct feeding *feeding, int64_t list, struct fault *f)
{
	struct store_rows rows;
	bool ok = list == 0
		? store_rows_begin(bake->db, DESK_SQL_FEED_NEWEST, STORE_ARGS(store_i64(BAKE_FEED)), &rows, f)
		: store_rows_begin(bake->db, DESK_SQL_FEED_LIST, STORE_ARGS(store_i64(list), store_i64(BAKE_FEED)), &rows, f);
	size_t i;

	if (!ok)
		return false;
	while (store_rows_next(&rows, f))
		if (feeding->count < BAKE_FEED)
			feeding->ids[feeding->count++] = store_column_i64(&rows, 0);
	ok = store_rows_end(&rows);
	for (i = 0; i < feeding->count && ok; i++)
		ok = fill_item(bake, feeding, i, f);
	for (i = 0; i < feeding->count && ok; i++) {
		struct when latest = feeding->items[i].updated.us > feeding->items[i].published.us ? feeding->items[i].updated
			: feeding->items[i].published;

		if (latest.us > feeding->feed.updated.us)
			feeding->feed.updated = latest;
	}
	feeding->feed.items = feeding->items;
	feeding->feed.count = feeding->count;
	return ok;
}

static struct feeding *begin(struct bake *bake, struct fault *f)
{
	struct feeding *feeding = arena_alloc(&bake->page, sizeof(*feeding));

	if (feeding == NULL) {
		(void) fault_full(f, "a feed");
		return NULL;
	}
	arena_init(&feeding->arena, "feed", FEED_ARENA);
	feeding->feed = (struct feed){.title = bake->settings->name, .description = bake->settings->description,
		.language = bake->settings->language, .publisher = bake->settings->name,
		.home_url = bake_absolute(bake, STR("/"), &feeding->arena),
		.icon_url = bake_absolute(bake, STR("/icon.svg"), &feeding->arena)};
	return feeding;
}

static bool put(struct bake *bake, struct feeding *feeding, const char *file,
	void (*write)(const struct feed *, struct buf *), struct fault *f)
{
	feeding->feed.self_url = bake_url(bake, bake_join(&feeding->arena, STR("/"), str_from(file), STR("")),
		&feeding->arena);
	buf_clear(&bake->html);
	write(&feeding->feed, &bake->html);
	return buf_check(&bake->html, "a feed", f) && bake_site_put(&bake->site, file, buf_view(&bake->html), true, f);
}

static bool end(struct bake *bake, struct feeding *feeding, bool ok)
{
	arena_release(&feeding->arena);
	arena_reset(&bake->page);
	return ok;
}

bool bake_section_feed(struct bake *bake, const struct bake_list *list, struct fault *f)
{
	struct feeding *feeding = begin(bake, f);
	char file[PATH_BYTES];
	bool ok;

	if (feeding == NULL)
		return false;
	ok = snprintf(file, sizeof(file), "section/%.*s/feed.xml", STR_ARG(list->slug)) < (int) sizeof(file)
		|| fault_full(f, "this address");
	feeding->feed.title = str_format(&feeding->arena, "%.*s – %.*s", STR_ARG(bake_section_name(bake, list->name,
		bake->settings->language)), STR_ARG(bake->settings->name));
	feeding->feed.home_url = bake_url(bake, bake_join(&feeding->arena, STR("/section/"), list->slug, STR("/")),
		&feeding->arena);
	/* a section that no story is in has no list, and so no id */
	ok = ok && (list->id == 0 || fill(bake, feeding, list->id, f)) && put(bake, feeding, file, feed_write_rss, f);
	return end(bake, feeding, ok);
}

bool bake_feeds(struct bake *bake, struct fault *f)
{
	struct feeding *feeding = begin(bake, f);

	return feeding != NULL && end(bake, feeding, fill(bake, feeding, 0, f)
		&& put(bake, feeding, "feed.xml", feed_write_rss, f) && put(bake, feeding, "atom.xml", feed_write_atom, f)
		&& put(bake, feeding, "feed.json", feed_write_json, f)) && bake_sitemap(bake, f);
}
