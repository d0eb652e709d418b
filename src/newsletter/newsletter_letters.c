/* newsletter_letters.c: somebody writes to subscribe@ or unsubscribe@.
 *
 * Decides: which addresses these are and what follows. Leaves to mail/letter.c, in the jailed child: reading; to newsletter_lmtp.c and its
 * siblings: how it comes in. Runs in: the newsletter room. The hard thing: a sender's address is whatever somebody typed. A sign-up leads to
 * a confirmation there, one a day, as from the form; leaving at once needs the token that only that reader's mail held, and without it
 * leads to a mail that asks, one a day, and only to somebody who is a subscriber.
 * SPDX-License-Identifier: ISC */
#include "newsletter_letters.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "house/page.h"
#include "newsletter_bounce.h"
#include "newsletter_flood.h"
#include "newsletter_inside.h"

/* --- addresses --- */

/* The pattern without its token: "unsubscribe+TOKEN@x" is also "unsubscribe@x"; one that begins with it has no such form. */
static bool is_bare(struct str pattern, size_t at, struct str address)
{
	struct str before = str_part(pattern, 0, at > 0 ? at - 1 : 0), after = str_part(pattern, at + 5, SIZE_MAX);

	return before.len > 0 && address.len == before.len + after.len && str_equal_nocase(str_part(address, 0, before.len), before) &&
		str_equal_nocase(str_part(address, before.len, SIZE_MAX), after);
}

enum newsletter_letter newsletter_letter_address(const struct newsletter *n, struct str address, int64_t *delivery)
{
	const struct settings *is = &n->room->settings;
	struct str pattern = is->unsubscribe_address;
	size_t at = str_find(pattern, STR("TOKEN"));
	struct str before = str_part(pattern, 0, at), after = str_part(pattern, at == SIZE_MAX ? 0 : at + 5, SIZE_MAX);

	*delivery = 0;
	if (is->subscribe_address.len > 0 && str_equal_nocase(address, is->subscribe_address))
		return LETTER_SUBSCRIBE;
	if (pattern.len > 0 && (at == SIZE_MAX ? str_equal_nocase(address, pattern) : is_bare(pattern, at, address)))
		return LETTER_UNSUBSCRIBE;
	if (at == SIZE_MAX || address.len != before.len + NEWSLETTER_TOKEN_CHARS + after.len ||
		!str_equal_nocase(str_part(address, 0, before.len), before) ||
		!str_equal_nocase(str_part(address, before.len + NEWSLETTER_TOKEN_CHARS, SIZE_MAX), after))
		return LETTER_NONE;
	return newsletter_token_open(n, NEWSLETTER_TOKEN_LEAVE, str_part(address, before.len, NEWSLETTER_TOKEN_CHARS), delivery) ?
		LETTER_LEAVE : LETTER_NONE;
}

struct str newsletter_leave_mailto(const struct newsletter *n, int64_t delivery, struct arena *arena)
{
	struct str pattern = n->room->settings.unsubscribe_address;
	char token[NEWSLETTER_TOKEN_CHARS + 1];
	size_t at = str_find(pattern, STR("TOKEN"));

	if (at == SIZE_MAX)
		return (struct str){NULL, 0};
	newsletter_token_make(n, NEWSLETTER_TOKEN_LEAVE, delivery, token);
	return str_format(arena, "mailto:%.*s%s%.*s?subject=unsubscribe", STR_ARG(str_part(pattern, 0, at)), token,
		STR_ARG(str_part(pattern, at + 5, SIZE_MAX)));
}

/* --- what follows --- */

static bool leave_by_delivery(struct newsletter *n, int64_t delivery, struct fault *f)
{
	struct store_row row;
	struct arena arena;
	bool found = false;
	int64_t subscriber = 0;
	bool ok;

	arena_init(&arena, "letter", 4096);
	ok = store_one(n->room->db, NEWSLETTER_SQL_DELIVERY_OF_BOUNCE, STORE_ARGS(store_i64(delivery)), &arena, &row, &found, f);
	if (ok && found && row.columns[0].type != STORE_NULL)
		subscriber = row.columns[0].number;
	arena_release(&arena);
	return ok && (subscriber == 0 || newsletter_erase(n, subscriber, f));
}

static bool queue_question(struct newsletter *n, struct str index, struct fault *f)
{
	int64_t day = clock_utc_day(clock_now()), changed = 0, id = 0;
	struct store *db = n->room->db;

	return store_number(db, NEWSLETTER_SQL_SUBSCRIBER_BY_INDEX, STORE_ARGS(store_blob(index)), &id, f) &&
		(id == 0 || store_run(db, NEWSLETTER_SQL_SUBSCRIBER_LEAVE_MAILED, STORE_ARGS(store_i64(id), store_i64(day)), &changed, f)) &&
		(changed == 0 || store_run(db, NEWSLETTER_SQL_DELIVERY_ASK_LEAVING,
			STORE_ARGS(store_i64(rand_id()), store_text(outgoing_kind_name(OUTGOING_CONFIRM)), store_i64(id),
				store_text(delivery_state_name(DELIVERY_QUEUED)), store_i64(day)),
			NULL, f));
}

static bool ask_whether_to_leave(struct newsletter *n, const struct email *email, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];
	char canonical[EMAIL_BYTES + 1];

	seal_index(n->index_key, "newsletter.address", email_canonical(email, canonical), index);
	if (!store_begin(n->room->db, f) || !store_end(n->room->db, queue_question(n, str_make(index, sizeof(index)), f), f))
		return false;
	newsletter_sender_poke(n);
	return true;
}

static bool sign_up(struct newsletter *n, const struct email *email, struct fault *f)
{
	struct room *room = n->room;
	struct arena arena;
	bool ok;

	if (!newsletter_flood_may(n->flood, clock_mono_ms()))
		return fault_set(f, FAULT_BUSY, "sign-ups come in a flood: hand it in again later");
	arena_init(&arena, "letter", 1024 * 1024);
	ok = newsletter_sign_up(n, email, room->settings.language, page_policy(room->theme, &room->settings, room->settings.language, &arena), f);
	arena_release(&arena);
	if (ok) {
		newsletter_flood_came(n->flood, clock_mono_ms());
		newsletter_take_intake_soon(n);
	}
	return ok;
}

bool newsletter_take_letter(struct newsletter *n, const struct mail_letter *letter, bool *is_ours, struct fault *f)
{
	static const char *const names[] = {"none", "subscribe", "unsubscribe", "leave"};
	enum newsletter_letter what;
	struct fault mine = {0};
	struct email email;
	int64_t delivery;
	bool known_sender, ok = true;

	what = newsletter_letter_address(n, str_from(letter->to), &delivery);
	*is_ours = what != LETTER_NONE;
	if (!*is_ours)
		return true;
	known_sender = !letter->is_automatic && email_parse(str_from(letter->from), &email, &mine);
	if (what == LETTER_LEAVE) /* whoever holds the token: also a program that answers RFC 2369's header */
		ok = leave_by_delivery(n, delivery, f);
	else if (known_sender)
		ok = what == LETTER_SUBSCRIBE ? sign_up(n, &email, f) : ask_whether_to_leave(n, &email, f);
	if (ok)
		log_event(LOG_BOUNCE, LOG_C("kind", "letter"), LOG_C("what", names[what]), LOG_C("sender",
			what == LETTER_LEAVE ? "token" : known_sender ? "person" : "none"));
	return ok;
}

/* --- the line between child and room --- */

static void write_hex(struct buf *out, char name, const char *text)
{
	buf_add_char(out, ' ');
	buf_add_char(out, name);
	buf_add_char(out, ':');
	for (; *text != '\0'; text++)
		buf_format(out, "%02x", (unsigned char) *text);
}

void newsletter_letter_write(const struct mail_letter *letter, struct buf *out)
{
	if (letter->to[0] != '\0')
		write_hex(out, 't', letter->to);
	if (letter->from[0] != '\0')
		write_hex(out, 'f', letter->from);
	if (letter->is_automatic)
		buf_add_text(out, " m:");
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct str hex, char out[MAIL_LETTER_ADDRESS_BYTES + 1])
{
	if (hex.len == 0 || hex.len % 2 != 0 || hex.len / 2 > MAIL_LETTER_ADDRESS_BYTES || out[0] != '\0')
		return false;
	for (size_t i = 0; i < hex.len; i += 2) {
		int high = digit(hex.at[i]), low = digit(hex.at[i + 1]);

		if (high < 0 || low < 0 || high * 16 + low < ' ') {
			out[0] = '\0';
			return false;
		}
		out[i / 2] = (char) (high * 16 + low);
	}
	out[hex.len / 2] = '\0';
	return true;
}

bool newsletter_letter_parse(struct str word, struct mail_letter *letter)
{
	struct str rest = str_part(word, 2, SIZE_MAX);

	if (str_is(word, "m:"))
		letter->is_automatic = true;
	else if (str_starts(word, STR("t:")))
		return read_hex(rest, letter->to);
	else if (str_starts(word, STR("f:")))
		return read_hex(rest, letter->from);
	else
		return false;
	return true;
}
