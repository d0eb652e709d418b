/* settings.c: mimeo.conf: the one table of its keys, and what must hold between them.
 *
 * Decides: which public settings there are, their defaults and bounds. Leaves to others: secrets (each room reads its
 * own). Runs in: every process. The hard thing: one table gives the reader, the errors and init's commented file.
 * SPDX-License-Identifier: ISC */
#include "settings.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/email.h"
#include "base/fault.h"
#include "base/limits.h"
#include "house/home.h"
#include "house/settings_inside.h"

const char *const frequency_names[FREQUENCY_COUNT] = {"once", "monthly", "annual"};

/* What stands in the file as one text and becomes something else. */
struct settings_raw {
	struct settings is;
	struct settings_slot_raw slot;
	struct conf_list amounts[FREQUENCY_COUNT];
	struct str chosen[FREQUENCY_COUNT], minimum[FREQUENCY_COUNT], maximum[FREQUENCY_COUNT];
	struct settings_smtp_raw smtp;    /* [newsletter] smtp_* */
	struct settings_smtp_raw further; /* what the table says of [smtp.*]; each is read by settings_read_smtp() */
	struct conf_list limits;
	struct settings_support_raw support;
	struct str refund_alone;
};

#define AT(field) offsetof(struct settings_raw, field)
#define REQUIRED true
#define OPTIONAL false

static const struct conf_key keys[] = {
	{"newsroom", "name", CONF_TEXT, REQUIRED, AT(is.name), NULL, "the newsroom's name, as readers see it"},
	{"newsroom", "url", CONF_TEXT, REQUIRED, AT(is.url), NULL,
		"the site's address, https://…, without a final slash: stands in feeds, mails and canonical links"},
	{"newsroom", "language", CONF_TEXT, OPTIONAL, AT(is.language), "en", "language of the site: en, ru or ar (or your theme's)"},
	{"newsroom", "zone", CONF_TEXT, OPTIONAL, AT(is.zone), "UTC", "the newsroom's time zone, such as Europe/Amsterdam"},
	{"newsroom", "description", CONF_TEXT, OPTIONAL, AT(is.description), NULL, "one sentence about the newsroom: feeds and previews"},
	{"newsroom", "sections", CONF_LIST, OPTIONAL, AT(is.sections), NULL, "the sections in the masthead, in their order: News, Economy"},
	{"newsroom", "statutory", CONF_TEXT, OPTIONAL, AT(is.statutory), NULL, "a label that a law demands, shown in the footer"},
	{"newsroom", "onion", CONF_TEXT, OPTIONAL, AT(is.onion), NULL, "the site's onion address, shown in the footer"},
	{"newsroom", "press", CONF_TEXT, OPTIONAL, AT(is.press_light), NULL, "colour of links and buttons, #rrggbb; empty: the theme's"},
	{"newsroom", "press_dark", CONF_TEXT, OPTIONAL, AT(is.press_dark), NULL, "the same for dark screens"},
	{"newsroom", "call", CONF_TEXT, OPTIONAL, AT(is.call), NULL, "colour of the Support call, #rrggbb; empty: the theme's"},
	{"newsroom", "logo", CONF_TEXT, OPTIONAL, AT(is.logo), NULL, "an SVG file of at most 4 KB in theme/; empty: the name in type"},

	{"site", "listen", CONF_TEXT, OPTIONAL, AT(is.listen), "127.0.0.1:8080", "address and port of the public site"},
	{"site", "hosts", CONF_LIST, OPTIONAL, AT(is.hosts), NULL, "further host names that the site answers for: mirrors, onion"},

	{"desk", "listen", CONF_TEXT, OPTIONAL, AT(is.desk_listen), "127.0.0.1:8081", "address and port of the staff's desk: loopback or onion only"},
	{"desk", "url", CONF_TEXT, OPTIONAL, AT(is.desk_url), "http://localhost:8081", "how staff reach the desk: stands in one-time links"},

	{"newsletter", "slot", CONF_TEXT, OPTIONAL, AT(slot.rule), "Friday 08:00",
		"when the weekly newsletter goes, in the newsroom's zone; every text that names the day has it from here"},
	{"newsletter", "min_stories", CONF_NUMBER, OPTIONAL, AT(is.min_stories), "3", "an issue with fewer stories is held, 1 to 40"},
	{"newsletter", "catch_up", CONF_NUMBER, OPTIONAL, AT(is.catch_up), "12",
		"hours after its slot within which a missed issue still goes, 0 to 120; then the slot is skipped"},
	{"newsletter", "day", CONF_TEXT, OPTIONAL, AT(slot.day), NULL, NULL},
	{"newsletter", "time", CONF_TEXT, OPTIONAL, AT(slot.time), NULL, NULL},
	{"newsletter", "from_name", CONF_TEXT, OPTIONAL, AT(is.from_name), NULL, "who the mails are from; empty: the newsroom's name"},
	{"newsletter", "from", CONF_TEXT, OPTIONAL, AT(is.from_address), NULL, "the address that mails are from; without it no mail is sent"},
	{"newsletter", "reply_to", CONF_TEXT, OPTIONAL, AT(is.reply_to), NULL, "where answers go; empty: the same"},
	{"newsletter", "dkim_domain", CONF_TEXT, OPTIONAL, AT(is.dkim_domain), NULL, "the domain that signs; empty: that of `from`"},
	{"newsletter", "dkim_selector", CONF_TEXT, OPTIONAL, AT(is.dkim_selector), "mimeo", "SELECTOR._domainkey.DOMAIN holds the public key"},
	{"newsletter", "smtp_host", CONF_TEXT, OPTIONAL, AT(smtp.is.host), "127.0.0.1", "the mail server that takes our mail; more of them: [smtp.NAME]"},
	{"newsletter", "smtp_port", CONF_NUMBER, OPTIONAL, AT(smtp.is.port), "25", "its port"},
	{"newsletter", "smtp_security", CONF_TEXT, OPTIONAL, AT(smtp.is.security), "starttls",
		"starttls, tls or plain (plain: on this machine or a private line only)"},
	{"newsletter", "smtp_user", CONF_TEXT, OPTIONAL, AT(smtp.is.user), NULL, "user name there; its password stands in secrets/newsletter.conf"},
	{"newsletter", "smtp_connections", CONF_NUMBER, OPTIONAL, AT(smtp.is.connections), "4", "connections at a time, 1 to 64"},
	{"newsletter", "smtp_helo", CONF_TEXT, OPTIONAL, AT(smtp.is.helo), NULL, "our name in EHLO; empty: the domain of `from`"},
	{"newsletter", "smtp_ca_file", CONF_TEXT, OPTIONAL, AT(smtp.is.ca_file), NULL, "certificates to trust, PEM; empty: the system's"},
	{"newsletter", "smtp_per_second", CONF_NUMBER, OPTIONAL, AT(smtp.is.per_second), "0", "mails a second at most; 0: as many as go"},
	{"newsletter", "smtp_per_hour", CONF_NUMBER, OPTIONAL, AT(smtp.is.per_hour), "0", "mails in a UTC hour at most; 0: no limit"},
	{"newsletter", "smtp_per_day", CONF_NUMBER, OPTIONAL, AT(smtp.is.per_day), "0", "mails in a UTC day at most; 0: no limit"},
	{"newsletter", "smtp_sign", CONF_BOOL, OPTIONAL, AT(smtp.is.sign), "yes",
		"sign with our DKIM keys; no: this server signs for our domain itself"},
	{"newsletter", "smtp_dkim_omit", CONF_LIST, OPTIONAL, AT(smtp.is.dkim_omit), NULL,
		"headers that the signature leaves out because the server rewrites them: Message-ID, Date"},
	{"newsletter", "smtp_warmup", CONF_TEXT, OPTIONAL, AT(smtp.warmup), NULL,
		"first day of a new server, 2026-12-01: 200 mails on that day, 200,000 after 41 days; the rest goes to the next one"},
	{"newsletter", "limits", CONF_LIST, OPTIONAL, AT(limits), NULL,
		"what one recipient domain may get: gmail.com 20/minute, example.org 500/hour 2 (2: connections at a time)"},
	{"newsletter", "bounce_address", CONF_TEXT, OPTIONAL, AT(is.bounce_address), NULL,
		"where bounces go: bounces+TOKEN@news.example, or TOKEN@bounces.news.example; empty: to `from`, unread"},
	{"newsletter", "bounce_lmtp", CONF_TEXT, OPTIONAL, AT(is.bounce_lmtp), NULL,
		"where the mail server hands them in by LMTP: 127.0.0.1:2424, or the path of a socket"},
	{"newsletter", "bounce_maildir", CONF_TEXT, OPTIONAL, AT(is.bounce_maildir), NULL,
		"a Maildir whose new mails are taken as bounces, then deleted"},
	{"newsletter", "subscribe_address", CONF_TEXT, OPTIONAL, AT(is.subscribe_address), NULL,
		"an address whose mail is a sign-up, subscribe@news.example, handed in as bounces are; empty: none"},
	{"newsletter", "unsubscribe_address", CONF_TEXT, OPTIONAL, AT(is.unsubscribe_address), NULL,
		"an address whose mail means leaving: unsubscribe+TOKEN@news.example (then it stands in every issue, too), or without TOKEN"},
	{"newsletter", "import_alone", CONF_NUMBER, OPTIONAL, AT(is.import_alone), "500",
		"a list with more rows than this is imported only when a second staff member confirms it"},
	{"newsletter", "sign_ups", CONF_NUMBER, OPTIONAL, AT(is.sign_ups), "60",
		"sign-ups a minute from all readers together before a new one must show its work or wait; 0: never"},

	{"smtp.*", "host", CONF_TEXT, OPTIONAL, AT(further.is.host), NULL, "a further mail server, used when those before it are full or in trouble"},
	{"smtp.*", "port", CONF_NUMBER, OPTIONAL, AT(further.is.port), "587", "all keys mean what smtp_… means in [newsletter]"},
	{"smtp.*", "security", CONF_TEXT, OPTIONAL, AT(further.is.security), "starttls", "starttls, tls or plain"},
	{"smtp.*", "user", CONF_TEXT, OPTIONAL, AT(further.is.user), NULL, "its password stands in secrets/newsletter.conf as [smtp.NAME] password"},
	{"smtp.*", "connections", CONF_NUMBER, OPTIONAL, AT(further.is.connections), "4", "connections at a time, 1 to 64"},
	{"smtp.*", "helo", CONF_TEXT, OPTIONAL, AT(further.is.helo), NULL, "our name in EHLO; empty: the domain of `from`"},
	{"smtp.*", "ca_file", CONF_TEXT, OPTIONAL, AT(further.is.ca_file), NULL, "certificates to trust, PEM; empty: the system's"},
	{"smtp.*", "per_second", CONF_NUMBER, OPTIONAL, AT(further.is.per_second), "0", "mails a second at most; 0: as many as go"},
	{"smtp.*", "per_hour", CONF_NUMBER, OPTIONAL, AT(further.is.per_hour), "0", "mails in a UTC hour at most; 0: no limit"},
	{"smtp.*", "per_day", CONF_NUMBER, OPTIONAL, AT(further.is.per_day), "0", "mails in a UTC day at most; 0: no limit"},
	{"smtp.*", "sign", CONF_BOOL, OPTIONAL, AT(further.is.sign), "yes", "sign with our DKIM keys; no: it signs itself"},
	{"smtp.*", "dkim_omit", CONF_LIST, OPTIONAL, AT(further.is.dkim_omit), NULL, "headers that the signature leaves out: Message-ID, Date"},
	{"smtp.*", "warmup", CONF_TEXT, OPTIONAL, AT(further.warmup), NULL, "first day of a new server, such as 2026-12-01"},

	{"support", "on", CONF_BOOL, OPTIONAL, AT(is.support_on), "yes", "show the appeal and take contributions"},
	{"support", "live", CONF_BOOL, OPTIONAL, AT(is.live), "no", "yes: real money; no: a rehearsal, and every form says so"},
	{"support", "currency", CONF_TEXT, OPTIONAL, AT(is.currency), "USD", "ISO 4217 code of the amounts below"},
	{"support", "once", CONF_LIST, OPTIONAL, AT(amounts[FREQUENCY_ONCE]), "5, 10, 25, 50", "four amounts for one-off gifts"},
	{"support", "once_chosen", CONF_TEXT, OPTIONAL, AT(chosen[FREQUENCY_ONCE]), "10", "the preselected one"},
	{"support", "once_minimum", CONF_TEXT, OPTIONAL, AT(minimum[FREQUENCY_ONCE]), "2", "the least we take"},
	{"support", "once_maximum", CONF_TEXT, OPTIONAL, AT(maximum[FREQUENCY_ONCE]), "10000", "the most we take at once"},
	{"support", "monthly", CONF_LIST, OPTIONAL, AT(amounts[FREQUENCY_MONTHLY]), "2, 5, 10, 20", "four monthly amounts"},
	{"support", "monthly_chosen", CONF_TEXT, OPTIONAL, AT(chosen[FREQUENCY_MONTHLY]), "5", "the preselected one"},
	{"support", "monthly_minimum", CONF_TEXT, OPTIONAL, AT(minimum[FREQUENCY_MONTHLY]), "2", "the least: the appeal says \"monthly, from just …\""},
	{"support", "monthly_maximum", CONF_TEXT, OPTIONAL, AT(maximum[FREQUENCY_MONTHLY]), "1000", "the most"},
	{"support", "annual", CONF_LIST, OPTIONAL, AT(amounts[FREQUENCY_ANNUAL]), "20, 50, 100, 200", "four annual amounts"},
	{"support", "annual_chosen", CONF_TEXT, OPTIONAL, AT(chosen[FREQUENCY_ANNUAL]), "50", "the preselected one"},
	{"support", "annual_minimum", CONF_TEXT, OPTIONAL, AT(minimum[FREQUENCY_ANNUAL]), "10", "the least"},
	{"support", "annual_maximum", CONF_TEXT, OPTIONAL, AT(maximum[FREQUENCY_ANNUAL]), "10000", "the most"},
	{"support", "statement", CONF_TEXT, OPTIONAL, AT(is.statement), NULL, "what a supporter's bank statement will say"},
	{"support", "receipt_from", CONF_TEXT, OPTIONAL, AT(is.receipt_from), NULL,
		"who receipts are from: legal name, register number, address"},
	{"support", "refund_alone", CONF_TEXT, OPTIONAL, AT(refund_alone), "50", "a larger refund needs a second staff member's yes"},
	{"support", "stripe_api", CONF_TEXT, OPTIONAL, AT(is.stripe_api), "https://api.stripe.com",
		"the provider's interface; its key stands in secrets/support.conf"},
	{"support", "stripe_checkout", CONF_TEXT, OPTIONAL, AT(is.stripe_checkout), "https://checkout.stripe.com", "the origin of its payment page"},
	{"support", "rails", CONF_LIST, OPTIONAL, AT(is.rails), "stripe",
		"ways to pay, in the order offered: stripe, paypal, btcpay, monero, bank; Continue takes the first"},
	{"support", "fees", CONF_LIST, OPTIONAL, AT(support.fees), NULL,
		"what each takes of a gift, from your contract: stripe 2.9% + 0.30, bank 0%; then the form says it, and refuses what loses over 10 %"},
	{"support", "goal", CONF_TEXT, OPTIONAL, AT(support.goal), NULL,
		"a goal that the appeal shows as a picture: 500 supporters, or 5000 monthly (in the currency); empty: none"},

	{"support", "paypal_api", CONF_TEXT, OPTIONAL, AT(is.paypal_api), "https://api-m.paypal.com", "PayPal's interface"},
	{"support", "paypal_checkout", CONF_TEXT, OPTIONAL, AT(is.paypal_checkout), "https://www.paypal.com", "the origin of its pages"},
	{"support", "paypal_certs", CONF_TEXT, OPTIONAL, AT(is.paypal_certs), "https://api.paypal.com",
		"where the certificates of its events are, and nowhere else"},
	{"support", "btcpay_url", CONF_TEXT, OPTIONAL, AT(is.btcpay_url), NULL, "your BTCPay Server's address, https://pay.news.example"},
	{"support", "monero_rate", CONF_TEXT, OPTIONAL, AT(is.monero_rate), NULL,
		"what 1 XMR is worth in the currency above, 158.30: then the page says how many to send; empty: it says the sum alone"},
	{"support", "bank_name", CONF_TEXT, OPTIONAL, AT(is.bank_name), NULL, "whom a bank transfer is made out to, at most 70 characters"},
	{"support", "bank_iban", CONF_TEXT, OPTIONAL, AT(is.bank_iban), NULL, "the account for bank transfers"},
	{"support", "bank_bic", CONF_TEXT, OPTIONAL, AT(is.bank_bic), NULL, "its bank's BIC, for transfers from afar; may be empty"},
	{"support", "push_grace", CONF_NUMBER, OPTIONAL, AT(is.push_grace), "14",
		"days that a gift which cannot be charged (coins, bank) may be late before it is paused, 1 to 60"},
	{"support", "stripe_portal", CONF_TEXT, OPTIONAL, AT(is.stripe_portal), "https://billing.stripe.com",
		"the origin of the page where a supporter changes their card"},

	{"users", "front", CONF_TEXT, OPTIONAL, AT(is.user_front), NULL, "Unix user of each room (only root can change to them); empty: yours"},
	{"users", "desk", CONF_TEXT, OPTIONAL, AT(is.user_desk), NULL, "the desk's"},
	{"users", "newsletter", CONF_TEXT, OPTIONAL, AT(is.user_newsletter), NULL, "the newsletter's"},
	{"users", "support", CONF_TEXT, OPTIONAL, AT(is.user_support), NULL, "support's"},
	{NULL, NULL, CONF_TEXT, OPTIONAL, 0, NULL, NULL}
};

/* --- single values --- */

/* http(s)://host[:port], no path: what links are put behind. */
bool settings_check_origin(const char *what, struct str url, struct fault *f)
{
	struct str rest;

	if (str_starts(url, STR("https://")))
		rest = str_part(url, 8, SIZE_MAX);
	else if (str_starts(url, STR("http://")))
		rest = str_part(url, 7, SIZE_MAX);
	else
		rest = (struct str){NULL, 0};
	if (rest.len == 0 || str_find_char(rest, '/') != SIZE_MAX || str_find_char(rest, ' ') != SIZE_MAX
		|| str_find_char(rest, '"') != SIZE_MAX || str_find_char(rest, ';') != SIZE_MAX || str_has_control(url))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: %s = %.*s: write an origin such as https://news.example, without a path",
			what, STR_ARG(url));
	return true;
}

/* ADDRESS:PORT; whether the address can be had is seen when it is bound. */
static bool settings_check_listen(const char *what, struct str listen, struct fault *f)
{
	size_t colon = listen.len;
	int64_t port;

	while (colon > 0 && listen.at[colon - 1] != ':')
		colon--;
	if (colon < 2 || !str_to_i64(str_part(listen, colon, SIZE_MAX), &port) || port < 1 || port > 65535)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: %s = %.*s: write an address and a port, such as 127.0.0.1:8080", what,
			STR_ARG(listen));
	return true;
}

static int settings_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Relative luminance (WCAG 2.2) of #rrggbb; below 0 when it is none. */
static double settings_luminance(struct str colour)
{
	static const double weight[3] = {0.2126, 0.7152, 0.0722};
	double sum = 0;
	size_t i;

	if (colour.len != 7 || colour.at[0] != '#')
		return -1;
	for (i = 0; i < 3; i++) {
		int high = settings_hex(colour.at[1 + 2 * i]), low = settings_hex(colour.at[2 + 2 * i]);
		double part = (high * 16 + low) / 255.0;

		if (high < 0 || low < 0)
			return -1;
		sum += weight[i] * (part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4));
	}
	return sum;
}

int settings_contrast(struct str a, struct str b)
{
	double first = settings_luminance(a), second = settings_luminance(b);
	double light = first > second ? first : second, dark = first > second ? second : first;

	return dark < 0 ? 0 : (int) ((light + 0.05) / (dark + 0.05) * 100);
}

const char *settings_on_call(struct str call)
{
	return settings_contrast(call, STR("#15171c")) >= settings_contrast(call, STR("#ffffff")) ? "#15171c" : "#ffffff";
}

void settings_contrasts(struct str press, struct str press_dark, struct str call, struct settings_contrast out[SETTINGS_CONTRASTS])
{
	static const struct {
		const char *name, *light, *dark;
	} grounds[] = {{"paper", "#ffffff", "#121418"}, {"mint", "#e3f1ea", "#13251d"}, {"canary", "#fff3b0", "#2a2610"}};
	size_t count = 0, i;

	press = press.len > 0 ? press : STR("#2a3192");
	press_dark = press_dark.len > 0 ? press_dark : STR("#b5bdff");
	call = call.len > 0 ? call : STR("#ffd94a");
	for (i = 0; i < 3; i++)
		out[count++] = (struct settings_contrast){"press", grounds[i].name, false, settings_contrast(press, str_from(grounds[i].light))};
	for (i = 0; i < 3; i++)
		out[count++] = (struct settings_contrast){"press_dark", grounds[i].name, true,
			settings_contrast(press_dark, str_from(grounds[i].dark))};
	out[count++] = (struct settings_contrast){"press_dark", "its own text", true, settings_contrast(press_dark, STR("#11142b"))};
	out[count++] = (struct settings_contrast){"call", "its own text", false,
		settings_contrast(call, str_from(settings_on_call(call)))};
}

static bool settings_check_colour(const char *key, struct str colour, struct fault *f)
{
	if (colour.len == 0 || settings_luminance(colour) >= 0)
		return true;
	return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsroom] %s = %.*s is no colour: write #rrggbb", key, STR_ARG(colour));
}

/* --- amounts --- */

static bool settings_amount(const struct settings_raw *raw, const char *key, struct str text, struct money *out, struct fault *f)
{
	struct fault inner = {0};

	if (money_parse(text, raw->is.currency, out, &inner) && out->minor > 0)
		return true;
	return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] %s: %.*s is no amount in %.*s: write such as 5 or 2.50", key,
		STR_ARG(text), STR_ARG(raw->is.currency));
}

static bool settings_take_frequency(struct settings_raw *raw, enum frequency which, struct fault *f)
{
	struct settings_frequency *out = &raw->is.frequency[which];
	const char *key = frequency_names[which];
	struct money chosen;
	size_t i;

	if (raw->amounts[which].count != SETTINGS_AMOUNTS)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] %s wants four amounts, such as 2, 5, 10, 20", key);
	if (!settings_amount(raw, key, raw->minimum[which], &out->minimum, f)
		|| !settings_amount(raw, key, raw->maximum[which], &out->maximum, f)
		|| !settings_amount(raw, key, raw->chosen[which], &chosen, f))
		return false;
	out->chosen = SETTINGS_AMOUNTS;
	for (i = 0; i < SETTINGS_AMOUNTS; i++) {
		if (!settings_amount(raw, key, raw->amounts[which].items[i], &out->amounts[i], f))
			return false;
		if (out->amounts[i].minor < out->minimum.minor || out->amounts[i].minor > out->maximum.minor)
			return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] %s: %.*s is outside of %s_minimum and %s_maximum", key,
				STR_ARG(raw->amounts[which].items[i]), key, key);
		if (out->amounts[i].minor == chosen.minor)
			out->chosen = i;
	}
	if (out->chosen == SETTINGS_AMOUNTS)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] %s_chosen = %.*s must be one of the four amounts", key,
			STR_ARG(raw->chosen[which]));
	return true;
}

/* --- bounces --- */

enum { SETTINGS_TOKEN_CHARS = 32 /* what stands for TOKEN in a mail */ };

/* LOCAL@DOMAIN with one TOKEN in LOCAL, that neither begins nor ends in the middle of a word, and fits RFC 5321's 64. */
static bool settings_check_token_address(const char *key, const char *sample_name, struct str pattern, struct fault *f)
{
	static const char sample[] = "abcdefghijklmnopqrstuvwxyz234567";
	const size_t at = str_find(pattern, STR("TOKEN"));
	const struct str before = str_part(pattern, 0, at), after = str_part(pattern, at == SIZE_MAX ? pattern.len : at + 5, SIZE_MAX);
	struct fault inner = {0};
	struct email address;
	char text[512];
	int len;

	if (pattern.len == 0)
		return true;
	len = snprintf(text, sizeof(text), "%.*s%s%.*s", STR_ARG(before), sample, STR_ARG(after));
	if (at == SIZE_MAX || str_find(after, STR("TOKEN")) != SIZE_MAX || after.len == 0 || after.at[0] != '@'
		|| (before.len > 0 && strchr("+-.=_", before.at[before.len - 1]) == NULL) || len < 0 || (size_t) len >= sizeof(text)
		|| !email_parse(str_make(text, (size_t) len), &address, &inner))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] %s = %.*s: write where the token goes, such as "
			"%s+TOKEN@news.example or TOKEN@%s.news.example (at most %d characters before the @)", key, STR_ARG(pattern),
			sample_name, sample_name, 64 - SETTINGS_TOKEN_CHARS + 5);
	return true;
}

/* Only what this machine's own mail server can reach: whoever connects may hand in reports. */
static bool settings_check_bounce_intake(const struct settings *is, struct fault *f)
{
	if (is->bounce_lmtp.len > 0 && is->bounce_lmtp.at[0] != '/' && !str_starts(is->bounce_lmtp, STR("127."))
		&& !str_starts(is->bounce_lmtp, STR("::1:")))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] bounce_lmtp = %.*s: write a loopback address and a port such as "
			"127.0.0.1:2424, or the path of a socket", STR_ARG(is->bounce_lmtp));
	if (is->bounce_lmtp.len > 0 && is->bounce_lmtp.at[0] != '/'
		&& !settings_check_listen("[newsletter] bounce_lmtp", is->bounce_lmtp, f))
		return false;
	if (is->bounce_maildir.len > 0 && is->bounce_maildir.at[0] != '/')
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] bounce_maildir = %.*s: write the whole path, from / on",
			STR_ARG(is->bounce_maildir));
	if (is->bounce_address.len + is->subscribe_address.len + is->unsubscribe_address.len == 0 &&
		is->bounce_lmtp.len + is->bounce_maildir.len > 0)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] bounce_lmtp and bounce_maildir want a bounce_address, too");
	return settings_check_token_address("bounce_address", "bounces", is->bounce_address, f);
}

/* --- lists by mail, imports --- */

static bool settings_check_plain_address(const char *key, struct str text, struct fault *f)
{
	struct fault inner = {0};
	struct email address;

	return text.len == 0 || email_parse(text, &address, &inner) ||
		fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] %s = %.*s: write one mail address", key, STR_ARG(text));
}

static bool settings_check_lists(const struct settings *is, struct fault *f)
{
	if (!settings_check_plain_address("subscribe_address", is->subscribe_address, f))
		return false;
	if (str_find(is->unsubscribe_address, STR("TOKEN")) == SIZE_MAX
		? !settings_check_plain_address("unsubscribe_address", is->unsubscribe_address, f)
		: !settings_check_token_address("unsubscribe_address", "unsubscribe", is->unsubscribe_address, f))
		return false;
	if (is->subscribe_address.len > 0 && str_equal_nocase(is->subscribe_address, is->unsubscribe_address))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] subscribe_address and unsubscribe_address are the same");
	if (is->import_alone < 0 || is->sign_ups < 0 || is->sign_ups > 100000)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] import_alone is a number of rows, sign_ups one of 0 to 100,000 a minute");
	return true;
}

/* --- the whole --- */

static bool settings_check(struct settings_raw *raw, struct fault *f)
{
	struct settings *is = &raw->is;
	struct email address;
	size_t which;

	if (is->name.len == 0 || is->name.len > 120)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsroom] name: write the newsroom's name, at most 120 bytes");
	if (is->from_address.len > 0 && !email_parse(is->from_address, &address, f))
		return fault_add(f, "while reading [newsletter] from in mimeo.conf");
	if (money_digits(is->currency) < 0 || money_digits(is->currency) > 4) /* coins have more */
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] currency = %.*s is no ISO 4217 code such as USD or EUR",
			STR_ARG(is->currency));
	for (which = 0; which < FREQUENCY_COUNT; which++)
		if (!settings_take_frequency(raw, (enum frequency) which, f))
			return false;
	if (!settings_amount(raw, "refund_alone", raw->refund_alone, &is->refund_alone, f))
		return false;
	return settings_take_slot(is, &raw->slot, f)
		&& settings_check_bounce_intake(is, f) && settings_check_lists(is, f)
		&& settings_check_listen("[site] listen", is->listen, f)
		&& settings_check_listen("[desk] listen", is->desk_listen, f)
		&& settings_check_origin("[newsroom] url", is->url, f)
		&& settings_check_origin("[desk] url", is->desk_url, f)
		&& settings_check_origin("[support] stripe_api", is->stripe_api, f)
		&& settings_check_origin("[support] stripe_checkout", is->stripe_checkout, f)
		&& settings_check_rails(is, f) && settings_take_support(is, &raw->support, f)
		&& settings_check_origin("[support] stripe_portal", is->stripe_portal, f)
		&& settings_check_colour("press", is->press_light, f)
		&& settings_check_colour("press_dark", is->press_dark, f)
		&& settings_check_colour("call", is->call, f)
		&& clock_set_zone(is->zone, f);
}

bool settings_read(struct settings *settings, const struct home *home, struct fault *f)
{
	struct settings_raw raw = {0};
	struct arena arena;

	arena_init(&arena, "settings", LIMIT_CONF_BYTES);
	if (!conf_read(home->fd, "mimeo.conf", keys, NULL, &raw, &arena, f) || !settings_check(&raw, f)
		|| !settings_read_smtp(&raw.is, &raw.smtp, home->fd, keys, AT(further), &arena, f)
		|| !settings_read_limits(&raw.is, &raw.limits, f)) {
		settings_name_line(home->fd, f);
		arena_release(&arena);
		return false;
	}
	*settings = raw.is;
	settings->arena = arena;
	return true;
}

void settings_release(struct settings *settings)
{
	arena_release(&settings->arena);
	*settings = (struct settings){0};
}

struct str settings_user(const struct settings *settings, const char *room)
{
	struct str word = str_from(room);

	if (str_is(word, "front"))
		return settings->user_front;
	if (str_is(word, "desk"))
		return settings->user_desk;
	if (str_is(word, "newsletter"))
		return settings->user_newsletter;
	return str_is(word, "support") ? settings->user_support : (struct str){NULL, 0};
}

/* --- init's file --- */

static struct str settings_init_value(const struct conf_key *key, const struct settings_init *init)
{
	const struct { const char *section, *name; struct str value; } given[] = {
		{"newsroom", "name", init->name}, {"newsroom", "url", init->url}, {"newsroom", "language", init->language},
		{"newsroom", "zone", init->zone}, {"site", "listen", init->listen}, {"desk", "listen", init->desk_listen},
		{"desk", "url", init->desk_url},
	};
	size_t i;

	for (i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		if (strcmp(given[i].section, key->section) == 0 && strcmp(given[i].name, key->name) == 0)
			return given[i].value;
	return (struct str){NULL, 0};
}

void settings_write_default(struct buf *out, const struct settings_init *init)
{
	const struct conf_key *key;
	const char *section = "";

	buf_add_text(out, "; Settings of this newsroom: nothing secret stands here (passwords and keys: secrets/ROOM.conf).\n"
		"; A line that begins with ';' is a comment; those below show each setting's default.\n");
	for (key = keys; key->section != NULL; key++) {
		struct str value = settings_init_value(key, init);

		if (key->meaning == NULL) /* an older spelling */
			continue;
		if (strcmp(section, key->section) != 0 && strchr(key->section, '*') != NULL)
			buf_format(out, "\n;[%.*sNAME]\n", (int) strcspn(key->section, "*"), key->section);
		else if (strcmp(section, key->section) != 0)
			buf_format(out, "\n[%s]\n", key->section);
		section = key->section;
		buf_format(out, "; %s\n", key->meaning);
		if (value.len > 0)
			buf_format(out, "%s = %.*s\n", key->name, STR_ARG(value));
		else
			buf_format(out, ";%s = %s\n", key->name, key->fallback != NULL ? key->fallback : "");
	}
}
