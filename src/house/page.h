/* page.h: the chrome that every public page shares, and the two inserts: newsletter sheet and appeal with its coupon.
 *
 * Used by desk when it bakes and by newsletter and support for their small pages, so that all look alike. Links are
 * relative: depth says how many folders a page lies below the root.
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_PAGE_H
#define HOUSE_PAGE_H

#include <stdbool.h>
#include "base/str.h"
#include "house/settings.h"

struct arena;
struct buf;
struct fault;
struct http_request;
struct locale;
struct press_value;
struct room;
struct theme;

struct page {
	struct str language;       /* empty: the newsroom's */
	unsigned depth;            /* "/" 0, "/about/" 1, "/2026/11/20/slug/" 4; a page answered at /newsletter/subscribe: 1 */
	struct str title;          /* without the newsroom's name */
	struct str description;    /* may be empty */
	struct str path;           /* canonical path, "/about/"; empty: no canonical, noindex */
	struct str section;        /* name of the current section in the masthead; "" none; "home" the front page */
	bool is_story;             /* its style sheet is theme.css and story.css, and page_set_story_style(); others have it all */
	bool is_support;           /* its style sheet has the coupon's in place of lists' and the front page's */
	bool has_form;             /* a #support form stands in this page: the call leads to it */
};

/* A map with all that page.mustache and its partials need (ROOMS.md, "every page"); add the page's own keys to it. */
struct press_value *page_values(struct theme *theme, const struct settings *settings, const struct page *page,
	struct arena *arena);
/* A story's further style. */
struct page_needs {
	bool body;                 /* tables, quotations, code, notes */
	bool arabic;               /* the script stands somewhere on it */
	bool crop;                 /* a card's picture is not cropped around its middle */
};
void page_set_story_style(struct press_value *root, struct theme *theme, const struct settings *settings,
	const struct page_needs *needs);
/* {{css_plain}}: of text-only pages, which have no other. */
void page_set_plain_style(struct press_value *root, struct theme *theme, const struct settings *settings);
const struct locale *page_locale(struct theme *theme, const struct settings *settings, struct str language);

/* --- page_texts.c: About and Privacy policy; kind: "about", "privacy" ("appeal" for the first alone) --- */
/* Whether the newsroom wrote one in this language (at the desk or in theme/). */
bool page_text_has_own(struct theme *theme, const char *kind, struct str language);
/* The Markdown that a reader in this language gets: the newsroom's own in it, else the one in the newsroom's language. */
struct str page_text_source(struct theme *theme, const struct settings *settings, const char *kind, struct str language);
/* And where it stands: "about/", or "about/ru/" where that is a page apart. */
struct str page_text_path(struct theme *theme, const struct settings *settings, const char *kind, struct str language,
	struct arena *arena);
/* Where the support page in this language stands: "support/", or "support/ru/" where the newsroom has an appeal in it. */
struct str page_support_path(struct theme *theme, const struct settings *settings, struct str language, struct arena *arena);
/* The version of the Privacy policy that a sign-up in this language agrees to: 16 hex digits. */
struct str page_policy(struct theme *theme, const struct settings *settings, struct str language, struct arena *arena);
/* What the desk knows of a version; NULL: nothing. */
struct overlay_policy;
const struct overlay_policy *page_policy_find(const struct settings *settings, struct str hash);

/* {{newsletter}}: the mint sheet. `id` makes its field ids unique. typed and error are for the page that comes back. */
struct press_value *page_newsletter_sheet(struct theme *theme, const struct settings *settings, const struct page *page,
	struct str typed, struct str error, struct arena *arena);

/* What a reader has chosen in the coupon, for a form that comes back; zeroed: as a fresh page. */
struct page_coupon {
	enum frequency frequency;     /* fresh pages: FREQUENCY_MONTHLY (set is_given) */
	bool is_given;                /* false: a fresh coupon */
	struct str amount[FREQUENCY_COUNT];  /* value of the chosen radio, minor units as text; empty: the preselected; "own" */
	struct str own[FREQUENCY_COUNT];     /* as typed */
	struct str error_amount;      /* a sentence; empty: none */
	struct str notice;            /* "Nothing was taken." and the like, above the form; empty: none */
	struct str remind_typed, remind_error; /* the reminder's box, opened when error is there */
	bool remind_open;
	struct str rail;              /* the way to pay that Continue takes; empty: the first that is offered */
	bool cover;                   /* "I add the fee" is ticked */
	struct str instead;           /* the link of the gift that this one shall take the place of; empty: none */
};
/* A way to pay ("paypal") as the language names it. */
struct str page_way_name(const struct locale *locale, struct str rail);
/* "US dollars" as the language writes it; the code where it has no name for it. */
struct str page_currency_name(const struct locale *locale, struct str code);
/* {{appeal}}: letter (theme text or HOME/theme/appeal.xx.md) and coupon. coupon may be NULL. */
struct press_value *page_appeal(struct theme *theme, const struct settings *settings, const struct page *page,
	const struct page_coupon *coupon, struct arena *arena);

/* Renders `template_name` with `root` and answers with it, with the public headers (page_headers). */
void page_answer(struct room *room, struct http_request *rq, int status, const char *template_name,
	const struct press_value *root);
/* A small page: one h1, one sentence, at most one button (a POST form to `action`). Texts in the page's language. */
struct page_small {
	struct page page;
	struct str heading, sentence;
	struct str button, action;          /* empty: no button */
	struct str hidden_name, hidden_value;
	struct str link_text, link_href;    /* empty: "To the front page" */
};
void page_answer_small(struct room *room, struct http_request *rq, int status, const struct page_small *small);
/* http_server_options.error_page for public listeners: the fault's `say` as a small page. */
void page_error(struct http_request *rq, void *room, const struct fault *fault, struct buf *out);

/* CSP, nosniff, Referrer-Policy, Cache-Control: no-store on an answer of a public room. */
void page_headers(const struct settings *settings, struct theme *theme, struct http_request *rq);
/* The Content-Security-Policy of public pages (with the hashes of all inline style sheets): also in the bake's _headers. */
struct str page_csp(const struct settings *settings, struct theme *theme, struct arena *arena);

#endif
