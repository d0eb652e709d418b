/* front_inside.h: what the files of front/ share with each other and with nobody else.
 * SPDX-License-Identifier: ISC */
#ifndef FRONT_FRONT_INSIDE_H
#define FRONT_FRONT_INSIDE_H

#include "base/str.h"
#include "http/http.h"

struct arena;
struct buf;
struct fault;
struct forward;
struct limit;
struct room;
struct search;
struct site;

struct front {
	struct room *room;
	struct site *site;
	struct search *search;
	struct limit *limit;
	struct forward *forwards; /* those that wait for their answer */
	unsigned forwarded_now;   /* forwarded requests that wait for their answer */
	unsigned webhooks_now;    /* of these */
};

/* front_site.c: answers with a file of the baked tree, a redirect, or a 404/410 page. */
struct site_options {
	int home_fd;
	const char *folder;        /* "data/site", relative to it */
	size_t memory_bytes;       /* for the hottest bodies */
	size_t entries;            /* paths remembered */
	size_t descriptors;        /* of them kept open, at most */
};
struct site *front_site_open(const struct site_options *options);
void front_site_close(struct site **site);
void front_site_now(struct site *site, int64_t mono_ms);  /* once per round of the loop */
void front_site_changed(struct site *site);               /* the change counter may be another one */
int front_site_notify_fd(const struct site *site);        /* becomes readable when it is; -1: look at every request */
void front_site_answer(struct site *site, struct http_request *rq);
/* The baked page for a trouble ("_503.html"), with the links of a page at the request's depth. False: there is none. */
bool front_site_answer_page(struct site *site, struct http_request *rq, int status, const char *name);
void front_site_headers(struct site *site, struct http_request *rq); /* CSP and the like on a page of front's own */

struct site_counts {
	size_t entries, descriptors, memory_bytes;
	uint64_t hits_memory, hits_descriptor, loads;
};
struct site_counts front_site_count(const struct site *site);

/* front_paths.c: pure helpers on paths. */
bool front_path_is_public(struct str path);                             /* no hidden or internal name in it */
const char *front_path_type(struct str path);                           /* by its ending */
const char *front_path_cache(struct str path);                          /* Cache-Control */
bool front_path_root(struct str path, struct buf *out);           /* "../../" or "./": from this path to the root */
void front_path_encode(struct buf *out, struct str path);         /* percent-encodes all but slashes, unreserved */
bool front_path_etag_matches(struct str if_none_match, struct str etag);

/* front_maps.c: the small files that desk bakes for front. */
struct maps;
struct maps *front_maps_new(void);
void front_maps_free(struct maps **maps);
/* Reads again what changed. *page_headers_changed: prepared answers are stale. */
void front_maps_refresh(struct maps *maps, int site_fd, bool *page_headers_changed);
struct str front_maps_moved(const struct maps *maps, struct str path);  /* where to; empty: nowhere */
bool front_maps_gone(const struct maps *maps, struct str path);
struct maps_line { const char *name, *value; };
const struct maps_line *front_maps_headers(const struct maps *maps);    /* ended by a NULL name */
struct str front_maps_page(const struct maps *maps, const char *name);  /* "_404.html"; empty when there is none */

/* front_open.c: opens below the site's folder, never through a symbolic link. -1 with errno. */
int front_site_file_open(int site_fd, const char *path);

/* front_forward.c */
void front_forward_newsletter(struct http_request *rq, void *room);
void front_forward_support(struct http_request *rq, void *room);
void front_forward_end_all(struct front *front);

/* front_search.c */
struct search *front_search_new(struct room *room);
void front_search_free(struct search **search);
void front_search_answer(struct search *search, struct site *site, struct http_request *rq);
bool front_search_check(struct search *search, struct fault *f);
/* A reader's words as an FTS5 expression: every word a quoted prefix term. False: there is none. */
struct front_sought;
bool front_search_express(const struct front_sought *sought, struct buf *out);

/* front_search_mark.c: words of a query, folded; they point into the folded query. */
enum { FRONT_SEARCH_WORDS = 16 };
struct front_sought {
	struct str words[FRONT_SEARCH_WORDS];
	size_t count;
};
size_t front_search_word_char(struct str text, size_t at);
size_t front_search_words(struct str folded, struct str words[FRONT_SEARCH_WORDS]);
/* The words of a query, which point into `folded`. False: there is none. */
bool front_search_read(struct str query, struct buf *folded, struct front_sought *out);
/* Words of five characters and more lose one to three at their end, where most languages have their endings. False: none is so long. */
bool front_search_shorten(struct front_sought *sought);
/* Text as HTML, what was sought in <mark>. False: it has none of it. */
bool front_search_mark(struct str text, const struct front_sought *sought, struct buf *out);
/* The part of a text around the first word that was sought; empty: there is none. */
struct str front_search_passage(struct str text, const struct front_sought *sought, bool *cut_before, bool *cut_after);

/* front_limit.c: how often one network may post. In memory only. */
struct limit *front_limit_new(void);
void front_limit_free(struct limit **limit);
bool front_limit_take(struct limit *limit, uint64_t network, bool is_loopback, int64_t mono_ms);

#endif
