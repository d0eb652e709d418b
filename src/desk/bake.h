/* bake.h: from stories, theme and settings to data/site, in a child of the desk.
 *
 * A pure function of the three; only the front page also takes the day. What is the same already is not written again.
 * A full bake has every published story at hand; a bake of changes has those alone that its pages show (bake_hand.c), so
 * that its cost does not grow with the archive. A page that needs others asks for them with a query of its own, and a bounded one.
 * Order (DESIGN §2.7): .gz before .html, a story before the lists that name it, feeds last; what is withdrawn in
 * reverse; then the counter in `_changes`. Story pages are made by several processes where they are many (bake_crew.c), so
 * bake_story_page asks the database nothing.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_BAKE_H
#define DESK_BAKE_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/bake_ids.h"
#include "desk/bake_month.h"
#include "desk/bake_more.h"
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
	BAKE_FEED = 20,
	BAKE_NEWEST = 64,                       /* so many of the newest are at hand in every bake, whole */
	BAKE_SECTION_NEWEST = 72,               /* … and the last of each section of the masthead, as cards */
	BAKE_GZIP_LEVEL = 1  /* 4 % larger than 4 in half of its time: tests/bench/site */
};

/* A story at hand. */
struct bake_story {
	struct story story;         /* without body and terms; authors, topics and corrections only where is_whole */
	struct str section_href;    /* "section/news/" */
	uint32_t section;           /* index of bake.groups; 0: none */
	uint32_t topics[STORY_TOPICS];
	bool is_touched;            /* a bake of changes: it is new or another than it was; it need not be published any more */
	bool is_page;               /* … its page is made again */
	bool is_whole;              /* touched ones, pages, the newest; all in a full bake */
};

/* The address of a section or topic. */
struct bake_group {
	struct str name;            /* folded into its slug */
};

struct bake_list {
	int64_t id;
	struct str kind, slug, name;
	size_t slots;               /* given so far */
	uint32_t *stories;          /* by slot: index of stories, or BAKE_NOWHERE for a hole, or for one that is not at hand */
	bool is_touched;
	bool is_empty;              /* nothing of it is published */
	bool is_all;                /* every numbered page is made */
	bool *numbers;              /* else those that are, by number from 0 */
};

/* The chrome of story pages, with both sheets; of their text-only twins. */
enum bake_base_kind { BAKE_BASE_PLAIN, BAKE_BASE_STORY };

struct bake_base {
	struct str language, section;
	enum bake_base_kind kind;
	struct press_value *root, *newsletter, *appeal;
};

/* A photo that a text shows. */
struct bake_photo {
	struct story_photo made;
	struct str credit;
};

struct bake {
	struct store *db;
	struct theme *theme;
	const struct settings *settings;
	struct bake_site site;
	struct arena arena;         /* the whole bake */
	struct arena page;          /* one page */
	struct buf html, body;
	struct bake_story *stories; /* at hand, the oldest first; a full bake: all that are published */
	size_t count;
	struct bake_ids positions;  /* by id */
	struct bake_group *groups;
	struct bake_words names;    /* of groups: "#" or "=" and the name as written */
	size_t group_room;
	struct kin kin;             /* "Read more" of the pages that are made */
	struct bake_list *lists;    /* at hand: those touched and the masthead's sections; a full bake: all */
	size_t list_count;
	struct bake_base *bases;
	size_t base_count;
	bool is_full, html_only, without_search;
	size_t crew;                /* as bake_run says */
	bool addresses_changed;     /* _moved or _gone are other ones */
	struct bake_ids issues;     /* whose pages are made again; a full bake: all */
	bool issues_changed;        /* one has begun */
	struct bake_months months, touched_months; /* bake_month.c: found when first asked for */
	struct bake_ids dates;      /* a bake of changes: dates of touched stories, before and now */
	int64_t queue_last;         /* the queue's highest row that this bake has seen */
	struct bake_photo *photos;  /* of stories' texts: sorted, then those that came later */
	size_t photo_count, photo_sorted, photo_room;
};

/* bake_load.c: all published stories but their bodies, and all lists. */
bool bake_load(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
/* Names and addresses of its section and topics. */
bool bake_set_groups(struct bake *bake, struct bake_story *of, struct fault *f) __attribute__((warn_unused_result));
/* Authors, topics, corrections of one story. */
bool bake_load_whole(struct bake *bake, struct bake_story *of, struct fault *f) __attribute__((warn_unused_result));
/* By slot; a list that was given none has none. */
bool bake_list_room(struct bake *bake, struct bake_list *list, struct fault *f) __attribute__((warn_unused_result));
/* Photos of the stories at hand onto the site, before pages name them; those that no published story names off it, after. */
bool bake_media_show(struct bake *bake, struct fault *f);
bool bake_media_hide(struct bake *bake, struct fault *f);
struct bake_story *bake_find(struct bake *bake, int64_t id); /* or NULL */
const struct bake_list *bake_find_list(const struct bake *bake, const char *kind, struct str slug);

/* "Read more" of a page that is made: positions of up to BAKE_MORE related stories. */
size_t bake_more(struct bake *bake, size_t position, uint32_t out[BAKE_MORE]);

/* bake_values.c: what several pages are filled with. Texts of a page live in bake->page, which bake_put empties. */
/* Pictures: the story's own, the front page's lead, a card's, one in a story's text. */
enum bake_picture { BAKE_LEAD, BAKE_TOP, BAKE_CARD, BAKE_BODY };
/* a, b, c in one, NUL behind; for what a page has hundreds of: no printf. */
struct str bake_join(struct arena *arena, struct str a, struct str b, struct str c);
struct str bake_root(unsigned depth);                                    /* "../../" or "./" */
const struct locale *bake_locale(struct bake *bake, struct str language);
void bake_set_picture(struct bake *bake, struct press_value *map, const char *key, const struct story *story,
	struct str root, enum bake_picture kind);
/* A section's name in a language, from the name that stories have: the one place that knows. */
struct str bake_section_name(struct bake *bake, struct str section, struct str language);
/* Whether its crops need crop.css. */
bool bake_is_off_centre(struct story_focus focus);
/* Any photo's; gives the picture's map, for a caption, or NULL where there is no photo. */
struct press_value *bake_set_photo(struct bake *bake, struct press_value *map, const char *key, const struct story_photo *photo,
	struct story_focus focus, struct str alt, struct str root, enum bake_picture kind);
/* bake_pictures.c: photos in the texts of the pages that are made; before any is, for a crew looks into no database. */
bool bake_pictures_load(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
/* One more story's, whose text alone is shown (a feed). */
bool bake_pictures_take(struct bake *bake, int64_t story, struct fault *f) __attribute__((warn_unused_result));
/* A story's Markdown with its pictures; root: "../../" or "https://host/". */
struct markdown_result;
bool bake_markdown(struct bake *bake, struct str source, struct str prefix, struct str root, struct buf *out,
	struct markdown_result *result, struct fault *f) __attribute__((warn_unused_result));
/* A whole card: every key is set, so that nothing is looked up in the page around it. */
void bake_fill_card(struct bake *bake, struct press_value *card, const struct bake_story *story, unsigned depth,
	const struct locale *locale, enum bake_picture kind);
void bake_set_time(struct bake *bake, struct press_value *map, const char *key, struct when when, struct str text);
struct str bake_absolute(struct bake *bake, struct str path, struct arena *arena); /* settings.url + "/…" */
/* The same, percent-encoded: for feeds and sitemaps, whose readers want URIs and no IRIs. */
struct str bake_url(struct bake *bake, struct str path, struct arena *arena);
/* The photo at 1280 pixels or what is nearest below; empty: none. size may be NULL. */
struct bake_size { int64_t width, height; };
struct str bake_photo_url(struct bake *bake, const struct story *story, const char *ending, struct arena *arena,
	struct bake_size *size);
/* The chrome in a language: made once, `back` set for each page. */
struct bake_base *bake_base(struct bake *bake, struct str language, struct str section, enum bake_base_kind kind);
/* Renders over `behind` (or NULL) and puts the page at PATH/index.html. */
bool bake_put(struct bake *bake, const char *template_name, const struct press_value *behind,
	const struct press_value *root, struct str path, struct fault *f) __attribute__((warn_unused_result));

/* bake_story.c: what a story's page and its text-only twin share. */
void bake_set_story_head(struct bake *bake, struct press_value *root, const struct story *story);
void bake_set_story_dates(struct bake *bake, struct press_value *root, const struct story *story,
	const struct locale *locale);
void bake_set_corrections(struct bake *bake, struct press_value *root, const struct story *story,
	const struct locale *locale);
/* bake_ld.c: in bake->page. */
struct str bake_story_ld(struct bake *bake, const struct story *story);
/* bake_story.c … one kind of page each. */
bool bake_story_page(struct bake *bake, size_t position, struct str body, struct fault *f)
	__attribute__((warn_unused_result));
bool bake_lists(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
bool bake_front_page(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
bool bake_feeds(struct bake *bake, struct fault *f) __attribute__((warn_unused_result)); /* and the sitemaps */
bool bake_section_feed(struct bake *bake, const struct bake_list *list, struct fault *f) __attribute__((warn_unused_result));
bool bake_sitemap(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
/* Age at which a story leaves the news sitemap. */
#define BAKE_NEWS_US (INT64_C(48) * 3600 * 1000000)
/* bake_plain.c: the text-only twin of a story's page, from the page's own body (html, with links for its depth). */
bool bake_plain_story(struct bake *bake, const struct bake_story *of, struct str html, struct fault *f)
	__attribute__((warn_unused_result));
bool bake_plain_lists(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
bool bake_corrections(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
/* _headers: the policy of all pages, with the hashes of their style sheets. with_old: also those that stand there, for the time in
 * which some pages are old and some are new. */
bool bake_headers(struct bake *bake, bool with_old, struct fault *f) __attribute__((warn_unused_result));
/* about, privacy, support, errors */
bool bake_texts(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
bool bake_coupon(struct bake *bake, struct fault *f) __attribute__((warn_unused_result)); /* coupon.js; sheets of static copies */
bool bake_goal(struct bake *bake, struct fault *f) __attribute__((warn_unused_result)); /* support/goal.svg */
bool bake_newsletter(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));
bool bake_addresses(struct bake *bake, struct fault *f) __attribute__((warn_unused_result));   /* _moved, _gone */

/* bake_search.c */
bool bake_search_full(struct bake *bake, const char *site_path, struct fault *f) __attribute__((warn_unused_result));
/* Puts (or, for a story that is not public, drops) the touched stories. */
bool bake_search_some(struct bake *bake, const char *site_path, struct fault *f) __attribute__((warn_unused_result));

#endif
