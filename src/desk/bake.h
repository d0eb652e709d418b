/* bake.h: from stories, theme and settings to data/site, in a child of the desk.
 *
 * A pure function of the three; only the front page also takes the day. What is the same already is not written again.
 * Order (DESIGN §2.7): .gz before .html, a story before the lists that name it, feeds last; what is withdrawn in
 * reverse; the counter in `_changes` at the very end.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_BAKE_H
#define DESK_BAKE_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/bake_site.h"
#include "desk/story.h"

struct fault;
struct locale;
struct press_value;
struct room;
struct settings;
struct store;
struct theme;

enum {
	BAKE_CAP_BYTES = 1024 * 1024 * 1024,    /* everything about 100,000 stories but their bodies */
	BAKE_PAGE_ARENA = 32 * 1024 * 1024,
	BAKE_LIST_PAGE = 24,                    /* stories on a page of a list */
	BAKE_LIST_FIRST = 12,                   /* the newest page shows at least so many, where there are so many */
	BAKE_MORE = 4,                          /* "Read more" */
	BAKE_MORE_WINDOW = 200,                 /* newest stories per shared topic that are looked at */
	BAKE_FEED = 20,
	BAKE_GZIP_LEVEL = 4  /* 1.5 % larger than 5 in two thirds of its time */
};

/* A story that was ever public, with its place among all (the oldest first). */
struct bake_story {
	struct story story;
	struct str section_href;    /* "section/news/" */
	uint32_t section;           /* index of bake.groups; 0: none */
	uint32_t topics[STORY_TOPICS];
	bool is_touched;
};

/* What is looked at hundreds of times a page, a cache line a story: its terms' numbers, 0 for none. */
struct bake_terms {
	uint32_t at[STORY_TERMS];
};

/* Stories that share a section or a topic, the oldest first. */
struct bake_group {
	struct str name;            /* folded into its slug */
	uint32_t *stories;
	size_t count, room;
};

/* A story's "Read more": positions. */
struct bake_related {
	uint32_t at[BAKE_MORE];
	uint32_t count;
	bool is_known;
};

struct bake_list {
	int64_t id;
	struct str kind, slug, name;
	size_t slots;               /* given so far */
	uint32_t *stories;          /* by slot: index of stories, or UINT32_MAX for a hole */
	bool is_touched;
};

struct bake_base {
	struct str language, section;
	bool with_sheets;
	struct press_value *root, *newsletter, *appeal;
};

struct bake {
	struct store *db;
	struct theme *theme;
	const struct settings *settings;
	struct bake_site site;
	struct arena arena;         /* the whole bake */
	struct arena page;          /* one page */
	struct buf html, body;
	struct bake_story *stories;
	size_t count;
	struct bake_group *groups;
	size_t group_count;
	struct bake_terms *terms;   /* by position */
	struct bake_related *related; /* by position: as the pages on the site have it */
	uint32_t *stamps;           /* by term: which story asked last */
	size_t term_count;
	struct bake_list *lists;
	size_t list_count;
	struct bake_base *bases;
	size_t base_count;
	bool is_full, html_only;
};

/* bake_load.c: everything but the bodies. */
bool bake_load(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
/* Photos of the stories at hand onto the site, before pages name them; those that no published story names off it, after. */
bool bake_media_show(struct bake *bake, struct fault *f);
bool bake_media_hide(struct bake *bake, struct fault *f);
struct bake_story *bake_find(struct bake *bake, int64_t id); /* or NULL */
const struct bake_list *bake_find_list(const struct bake *bake, const char *kind, struct str slug);

/* bake_more.c: positions of up to BAKE_MORE related stories. */
size_t bake_more(struct bake *bake, size_t position, uint32_t out[BAKE_MORE]);
/* What the pages have, kept in _more between bakes. Reading: a missing or strange file means that nothing is known. */
bool bake_related_read(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
bool bake_related_write(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));

/* bake_values.c: what several pages are filled with. Texts of a page live in bake->page, which bake_put empties. */
/* Pictures: the story's own, the front page's lead, a card's. */
enum bake_picture { BAKE_LEAD, BAKE_TOP, BAKE_CARD };
/* a, b, c in one, NUL behind; for what a page has hundreds of: no printf. */
struct str bake_join(struct arena *arena, struct str a, struct str b, struct str c);
struct str bake_root(unsigned depth);                                    /* "../../" or "./" */
const struct locale *bake_locale(struct bake *bake, struct str language);
void bake_set_picture(struct bake *bake, struct press_value *map, const char *key, const struct story *story,
	struct str root, enum bake_picture kind);
/* A whole card: every key is set, so that nothing is looked up in the page around it. */
void bake_fill_card(struct bake *bake, struct press_value *card, const struct bake_story *story, unsigned depth,
	const struct locale *locale, enum bake_picture kind);
void bake_set_time(struct bake *bake, struct press_value *map, const char *key, struct when when, struct str text);
struct str bake_absolute(struct bake *bake, struct str path, struct arena *arena); /* settings.url + "/…" */
struct str bake_photo_url(struct bake *bake, const struct story *story, const char *ending, struct arena *arena);
/* The chrome (and, with_sheets, newsletter and appeal) of story pages in a language: made once, `back` set for each
 * page. */
struct bake_base *bake_base(struct bake *bake, struct str language, struct str section, bool with_sheets);
/* Renders over `behind` (or NULL) and puts the page at PATH/index.html. */
bool bake_put(struct bake *bake, const char *template_name, const struct press_value *behind,
	const struct press_value *root, struct str path, struct fault *f) __attribute__((warn_unused_result));

/* bake_story.c … one kind of page each. */
bool bake_story_page(struct bake *bake, size_t position, struct str body, struct fault *f)
	__attribute__((warn_unused_result));
bool bake_lists(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
bool bake_front_page(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
bool bake_feeds(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
/* _headers: the policy of all pages, with the hashes of their style sheets. with_old: also those that stand there, for the time in
 * which some pages are old and some are new. */
bool bake_headers(struct bake *bake, bool with_old, struct fault *f) __attribute__((warn_unused_result));
/* about, privacy, support, errors */
bool bake_texts(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
bool bake_newsletter(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
bool bake_addresses(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));   /* _moved, _gone */

/* bake_search.c */
bool bake_search_full(struct bake *bake, const char *site_path, struct fault *f) __attribute__((warn_unused_result));
/* Puts (or, for a story that is not public, drops) the touched stories. */
bool bake_search_some(struct bake *bake, const char *site_path, struct fault *f) __attribute__((warn_unused_result));

#endif
