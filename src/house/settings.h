/* settings.h: mimeo.conf, whole, typed and checked: public settings only; every room reads the same file.
 *
 * The table in settings.c is the one source of keys, defaults and meanings; `mimeo init` writes its commented file from it.
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_SETTINGS_H
#define HOUSE_SETTINGS_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/arena.h"
#include "base/conf.h"
#include "base/money.h"
#include "base/str.h"
#include "house/slot.h"

struct fault;
struct home;
struct overlay;

enum { SETTINGS_AMOUNTS = 4, SETTINGS_SMTP = 8, SETTINGS_LIMITS = 32 };
enum frequency { FREQUENCY_ONCE, FREQUENCY_MONTHLY, FREQUENCY_ANNUAL, FREQUENCY_COUNT };
extern const char *const frequency_names[FREQUENCY_COUNT]; /* "once", "monthly", "annual": form values and column values */

struct settings_frequency {
	struct money amounts[SETTINGS_AMOUNTS];
	struct money minimum, maximum;
	size_t chosen;                       /* index of the preselected amount */
};

/* The ways to pay that mimeo knows, by their names in settings, forms, rows and addresses. */
enum { SETTINGS_RAILS = 5, SETTINGS_FEE_MOST = 10 /* percent of a gift that may be lost to a fee */ };
extern const char *const rail_names[SETTINGS_RAILS];

/* What one of them takes of a gift, as the newsroom's contract with it says. */
struct settings_fee {
	bool is_known;                       /* false: nothing is said or refused on its account */
	int64_t per_10000;                   /* 2.9 %: 290 */
	int64_t fixed_minor;
};

/* A mail server that takes our mail: the first stands in [newsletter] as smtp_*, each further one in [smtp.NAME]. */
struct settings_smtp {
	struct str name;                     /* "smtp" for the first, NAME for the others: in reports, counters and secrets */
	struct str host, security, user;     /* security: starttls, tls or plain */
	struct str helo, ca_file;
	int64_t port, connections;
	int64_t per_second, per_hour, per_day; /* 0: no limit */
	bool sign;                           /* mails that go through it carry our DKIM signatures */
	struct conf_list dkim_omit;          /* headers that the signature leaves out, because this relay rewrites them */
	bool has_warmup;
	int32_t warmup_day;                  /* UTC day on which the warm-up begins */
};

/* What one recipient domain may get from all servers together. */
struct settings_limit {
	struct str domain;                   /* lower-case, as in addresses (A-labels) */
	int64_t mails, period_s;             /* 20 in 60 */
	int64_t connections;                 /* 0: no limit */
};

struct settings {
	struct arena arena;                  /* owns every text below */

	/* [newsroom] */
	struct str name;                     /* "The Tern Courier" */
	struct str url;                      /* canonical origin, "https://tern.example", no final slash: canonical, feeds, mails */
	struct str language;                 /* "en" */
	struct str zone;                     /* "Europe/Amsterdam" */
	struct str description;              /* one sentence: feeds, Open Graph */
	struct str statutory;                /* a label that a law demands in the footer; may be empty */
	struct str onion;                    /* onion address for the footer; may be empty */
	struct str press_light, press_dark, call; /* colours; empty: the theme's */
	struct str logo;                     /* file below HOME/theme, inline SVG ≤ 4 KB; may be empty */
	struct conf_list sections;           /* in the masthead's order, as stories carry them (their address is made of that name);
	                                      * what readers see: overlay_section_name() */
	const struct overlay *desk;          /* what the desk decided, laid over the above; NULL: nothing is laid over (tests, the parent) */

	/* [site] */
	struct str listen;                   /* "127.0.0.1:8080" */
	struct conf_list hosts;              /* further Host names that front answers for (mirrors, onion); url's and loopback always */

	/* [desk] */
	struct str desk_listen;              /* "127.0.0.1:8081" */
	struct str desk_url;                 /* "http://localhost:8081": for one-time links, Host check and the Secure flag */

	/* [newsletter] */
	struct slot_rule slot;               /* every "every Friday" comes from it */
	int64_t min_stories;                 /* an issue with fewer is held */
	int64_t catch_up;                    /* hours after the slot within which a missed issue still goes */
	struct str from_name, from_address;  /* who the mails are from; name empty: the newsroom's */
	struct str reply_to;
	struct str dkim_domain, dkim_selector; /* domain empty: from_address's */
	struct settings_smtp smtp[SETTINGS_SMTP]; /* in the order of trying */
	size_t smtp_count;                   /* at least 1 */
	struct settings_limit limits[SETTINGS_LIMITS];
	size_t limit_count;
	struct str bounce_address;           /* "bounces+TOKEN@tern.example"; empty: bounces go to from_address, unread */
	struct str bounce_lmtp;              /* "127.0.0.1:2424" or "/path/of/a/socket"; empty: no listener */
	struct str bounce_maildir;           /* absolute; empty: none is watched */
	struct str subscribe_address;        /* "subscribe@tern.example"; empty: nobody signs up by mail */
	struct str unsubscribe_address;      /* "unsubscribe+TOKEN@tern.example" or without TOKEN; empty: nobody leaves by mail */
	int64_t import_alone;                /* a list with more rows needs a second staff member */
	int64_t sign_ups;                    /* a minute that are taken without a proof; 0: always so */

	/* [support] */
	bool support_on;
	struct str currency;                 /* "USD" */
	struct settings_frequency frequency[FREQUENCY_COUNT];
	struct str statement;                /* what the bank statement will say */
	struct str receipt_from;             /* who receipts are from: legal name, number, address; empty: the newsroom's name */
	struct money refund_alone;           /* a larger refund needs a second staff member */
	struct str stripe_api;               /* "https://api.stripe.com" */
	struct str stripe_checkout;          /* origin of its pay page: "https://checkout.stripe.com" */
	struct str stripe_portal;            /* origin of its customer portal: "https://billing.stripe.com" */
	bool live;                           /* false: TEST, said on the form and at the desk */
	struct str paypal_api, paypal_checkout, paypal_certs; /* origins */
	struct str btcpay_url;               /* origin; empty: none */
	struct str monero_rate;              /* "158.30": of 1 XMR in `currency`; empty: none is said */
	struct str bank_name, bank_iban, bank_bic; /* iban plain; empty: no transfers */
	int64_t push_grace;                  /* days */
	struct conf_list rails;              /* what readers are offered, in this order; the first is Continue's. At least one */
	struct settings_fee fees[SETTINGS_RAILS]; /* of each rail, in the order of rail_names */
	int64_t goal;                        /* supporters, or money a month in minor units; 0: none is shown */
	bool goal_is_money;

	/* [users]: empty = the user who starts the house. Only root can use others. */
	struct str user_front, user_desk, user_newsletter, user_support;
};

/* Reads and checks HOME/mimeo.conf; sets the process's zone (clock_set_zone). Release when done. */
bool settings_read(struct settings *settings, const struct home *home, struct fault *f) __attribute__((warn_unused_result));
void settings_release(struct settings *settings);
/* The user of a room ("desk"); empty: the caller's. */
struct str settings_user(const struct settings *settings, const char *room);
/* The origins of the pages that the offered rails send readers to, blanks between: forms may lead there. */
struct str settings_checkout_origins(const struct settings *settings, struct arena *arena);
/* The whole commented file for `mimeo init`, with name, url, ports filled in. */
struct buf;
struct settings_init { struct str name, url, language, zone, listen, desk_listen, desk_url; };
void settings_write_default(struct buf *out, const struct settings_init *init);
/* WCAG contrast × 100 of two #rrggbb colours, 0 when malformed. */
int settings_contrast(struct str a, struct str b);

/* Where a colour of the newsroom stands on what, and how well it can be read there (LOOK: 4.5 to 1). An empty colour is the
 * theme's. */
enum { SETTINGS_CONTRASTS = 8, SETTINGS_CONTRAST_LEAST = 450 };
struct settings_contrast {
	const char *key;                     /* "press", "press_dark", "call" */
	const char *ground;                  /* "paper", "mint", "canary", "its own text" */
	bool is_dark;
	int contrast;                        /* × 100 */
};
void settings_contrasts(struct str press, struct str press_dark, struct str call, struct settings_contrast out[SETTINGS_CONTRASTS]);
/* The text on the call: ink or white. */
const char *settings_on_call(struct str call);

#endif
