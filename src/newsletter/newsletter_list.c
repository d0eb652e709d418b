/* newsletter_list.c: what staff and readers may learn of the list: its growth without names, one address by its exact letters, what is held
 * about somebody, and the whole list sealed to one staff member's key.
 *
 * Decides: what is counted, what is written down of who looked, what an export holds. Leaves to others: who may ask. Runs in: the newsletter
 * room. The hard thing: there is no search: an address is found by its keyed hash or not at all, and whoever asked is in the audit list.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/csv.h"
#include "base/fault.h"
#include "base/parcel.h"
#include "http/http_client.h"
#include "newsletter_import.h"
#include "newsletter_inside.h"

enum {
	COUNT_DAYS = 1100, AUDIT_DAYS = 400, IMPORT_DAYS = 90,
	AUDIT_SHOWN = 50,
	EXPORT_ROWS = 200, EXPORT_BYTES = 1024 * 1024, EXPORT_ARENA = 64 * 1024
};

/* --- numbers and who did what --- */

bool newsletter_count(struct newsletter *n, const char *kind, int64_t count, struct fault *f)
{
	return count == 0 || store_run(n->room->db, NEWSLETTER_SQL_LIST_COUNT_ADD,
		STORE_ARGS(store_i64(clock_utc_day(clock_now())), store_text(str_from(kind)), store_i64(count)), NULL, f);
}

bool newsletter_confirmed(struct newsletter *n, int64_t *count, struct fault *f)
{
	return store_number(n->room->db, NEWSLETTER_SQL_TALLY_OF, STORE_ARGS(store_text(STR("confirmed"))), count, f);
}

bool newsletter_confirmed_add(struct newsletter *n, int64_t count, struct fault *f)
{
	return count == 0 || store_run(n->room->db, NEWSLETTER_SQL_TALLY_ADD, STORE_ARGS(store_text(STR("confirmed")), store_i64(count)), NULL, f);
}

bool newsletter_audit(struct newsletter *n, struct str who, const char *did, int64_t rows, struct fault *f)
{
	return store_run(n->room->db, NEWSLETTER_SQL_LIST_AUDIT_INSERT,
		STORE_ARGS(store_i64(rand_id()), store_i64(clock_now().us), store_text(who), store_text(str_from(did)), store_i64(rows)), NULL, f);
}

bool newsletter_daily_list(struct newsletter *n, int64_t day, struct fault *f)
{
	struct store *db = n->room->db;
	int64_t confirmed = 0;

	return newsletter_confirmed(n, &confirmed, f) &&
		store_run(db, NEWSLETTER_SQL_LIST_COUNT_SET, STORE_ARGS(store_i64(day), store_text(STR("subscribers")), store_i64(confirmed)),
			NULL, f) &&
		store_run(db, NEWSLETTER_SQL_LIST_COUNT_ERASE_OLD, STORE_ARGS(store_i64(day - COUNT_DAYS)), NULL, f) &&
		store_run(db, NEWSLETTER_SQL_LIST_AUDIT_ERASE_OLD, STORE_ARGS(store_i64((day - AUDIT_DAYS) * 86400 * 1000000)), NULL, f) &&
		store_run(db, NEWSLETTER_SQL_CONSENT_PROOF_ERASE_ORPHANS, STORE_NO_ARGS, NULL, f) &&
		store_run(db, NEWSLETTER_SQL_IMPORT_ERASE_OLD,
			STORE_ARGS(store_i64(day - IMPORT_DAYS), store_text(import_state_name(IMPORT_TAKING))), NULL, f);
}

static void set_day(json_t *json, const char *key, int64_t day)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day((int32_t) day));
	char text[32];

	if (day <= 0)
		return;
	(void) snprintf(text, sizeof(text), "%04d-%02d-%02d", civil.year, civil.month, civil.day);
	json_object_set_new(json, key, json_string(text));
}

static bool add_days(struct newsletter *n, int64_t since, json_t *days, struct fault *f)
{
	struct store_rows rows;
	int64_t last = -1;
	json_t *item = NULL;

	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_LIST_COUNT_SINCE, STORE_ARGS(store_i64(since)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		int64_t day = store_column_i64(&rows, 0);
		char kind[32];

		if (day != last) {
			item = json_object();
			json_array_append_new(days, item);
			json_object_set_new(item, "number", json_integer(day));
			set_day(item, "day", day);
			last = day;
		}
		(void) snprintf(kind, sizeof(kind), "%.*s", STR_ARG(store_column_text(&rows, 1)));
		json_object_set_new(item, kind, json_integer(store_column_i64(&rows, 2)));
	}
	return store_rows_end(&rows);
}

static bool add_audit(struct newsletter *n, json_t *list, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_LIST_AUDIT_NEWEST, STORE_ARGS(store_i64(AUDIT_SHOWN)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		json_t *item = json_object();

		json_object_set_new(item, "at", json_integer(store_column_i64(&rows, 0)));
		json_object_set_new(item, "who", http_json_str(store_column_text(&rows, 1)));
		json_object_set_new(item, "did", http_json_str(store_column_text(&rows, 2)));
		json_object_set_new(item, "rows", json_integer(store_column_i64(&rows, 3)));
		json_array_append_new(list, item);
	}
	return store_rows_end(&rows);
}

bool newsletter_growth(struct newsletter *n, int64_t days, json_t *json, struct fault *f)
{
	json_t *list = json_array(), *audit = json_array(), *imports = json_array();
	int64_t day = clock_utc_day(clock_now()), paused = 0, confirmed = 0, pending = 0, gone = 0;
	struct store *db = n->room->db;

	json_object_set_new(json, "days", list);
	json_object_set_new(json, "audit", audit);
	json_object_set_new(json, "imports", imports);
	json_object_set_new(json, "today", json_integer(day));
	json_object_set_new(json, "import_alone", json_integer(n->room->settings.import_alone));
	if (!store_number(db, NEWSLETTER_SQL_SUBSCRIBER_COUNT_PAUSED,
			STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)), store_i64(day)), &paused, f) ||
		!newsletter_confirmed(n, &confirmed, f) ||
		!store_number(db, NEWSLETTER_SQL_SUBSCRIBER_COUNT, STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_PENDING))), &pending,
			f) ||
		!store_number(db, NEWSLETTER_SQL_TALLY_OF, STORE_ARGS(store_text(STR("suppressed"))), &gone, f))
		return false;
	json_object_set_new(json, "subscribers", json_integer(confirmed));
	json_object_set_new(json, "pending", json_integer(pending));
	json_object_set_new(json, "gone", json_integer(gone));
	json_object_set_new(json, "paused", json_integer(paused));
	return add_days(n, day - days + 1, list, f) && add_audit(n, audit, f) && newsletter_import_list(n, imports, f);
}

/* --- one of them --- */

static bool open_text(struct newsletter *n, struct str sealed, struct arena *arena, struct str *plain, struct fault *f)
{
	*plain = (struct str){NULL, 0};
	return sealed.len == 0 || seal_open(n->list_key, sealed, arena, plain, f);
}

static void add_facts(json_t *json, const struct store_row *row, struct str address, struct str proof)
{
	const struct store_value *is = row->columns;

	json_object_set_new(json, "address", http_json_str(address));
	json_object_set_new(json, "state", http_json_str(is[1].bytes));
	json_object_set_new(json, "language", http_json_str(is[2].bytes));
	json_object_set_new(json, "policy", http_json_str(is[3].bytes));
	set_day(json, "consent_day", is[4].number);
	set_day(json, "confirmed_day", is[5].number);
	set_day(json, "last_confirmation_mail", is[6].number);
	set_day(json, "left_out_until", is[7].number);
	set_day(json, "paused_until", is[8].number);
	if (proof.len > 0)
		json_object_set_new(json, "proof", http_json_str(proof));
	json_object_set_new(json, "bounces", json_integer(is[10].number));
	json_object_set_new(json, "mails_kept_track_of", json_integer(is[11].number));
}

bool newsletter_facts(struct newsletter *n, int64_t subscriber, struct arena *arena, json_t *json, struct fault *f)
{
	struct str address, proof;
	struct store_row row;
	bool found = false;

	if (!store_one(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_FACTS, STORE_ARGS(store_i64(subscriber)), arena, &row, &found, f))
		return false;
	if (!found)
		return fault_set(f, FAULT_MISSING, "there is no such subscriber");
	if (!open_text(n, row.columns[0].bytes, arena, &address, f) || !open_text(n, row.columns[9].bytes, arena, &proof, f))
		return false;
	add_facts(json, &row, address, proof);
	return true;
}

static bool look_up(struct newsletter *n, struct str index, struct str who, struct arena *arena, json_t *json, struct fault *f)
{
	struct store_row row;
	bool found = false, left = false;

	if (!store_one(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_BY_INDEX, STORE_ARGS(store_blob(index)), arena, &row, &found, f) ||
		!newsletter_audit(n, who, "looked one address up", found ? 1 : 0, f))
		return false;
	json_object_set_new(json, "known", json_boolean(found));
	if (found)
		return newsletter_facts(n, row.columns[0].number, arena, json, f);
	if (!store_one(n->room->db, NEWSLETTER_SQL_SUPPRESSION_ONE, STORE_ARGS(store_blob(index)), arena, &row, &left, f))
		return false;
	if (left) {
		set_day(json, "gone_since", row.columns[0].number);
		json_object_set_new(json, "gone_because", http_json_str(row.columns[1].bytes));
	}
	return true;
}

static bool index_of(struct newsletter *n, struct str address, struct str who, unsigned char index[SEAL_INDEX_BYTES], struct fault *f)
{
	char canonical[EMAIL_BYTES + 1];
	struct email email;

	if (!email_parse(address, &email, f))
		return false;
	if (!newsletter_check_who(who, "asks", f))
		return false;
	seal_index(n->index_key, "newsletter.address", email_canonical(&email, canonical), index);
	return true;
}

bool newsletter_look_up(struct newsletter *n, struct str address, struct str who, struct arena *arena, json_t *json, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];

	return index_of(n, address, who, index, f) && store_begin(n->room->db, f) &&
		store_end(n->room->db, look_up(n, str_make(index, sizeof(index)), who, arena, json, f), f);
}

bool newsletter_erase_address(struct newsletter *n, struct str address, struct str who, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];
	int64_t id = 0;

	if (!index_of(n, address, who, index, f) ||
		!store_number(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_BY_INDEX, STORE_ARGS(store_blob(str_make(index, sizeof(index)))), &id, f))
		return false;
	/* Written down first: who erases must be known even if the power goes between the two, and asking is a look-up, too. */
	if (!store_begin(n->room->db, f)
		|| !store_end(n->room->db, newsletter_audit(n, who, id != 0 ? "erased one subscriber" : "looked for one to erase", id != 0, f), f))
		return false;
	return id != 0 ? newsletter_erase(n, id, f) : fault_set(f, FAULT_MISSING, "this address is no subscriber's");
}

bool newsletter_by_token(struct newsletter *n, struct str token, int64_t *id, struct fault *f)
{
	unsigned char hash[SEAL_HASH_BYTES];

	seal_token_hash(token, hash);
	return store_number(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_BY_TOKEN, STORE_ARGS(store_blob(str_make(hash, sizeof(hash)))), id, f);
}

/* --- all of them, for one pair of eyes --- */

static void write_day(struct buf *out, int64_t day)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day((int32_t) day));

	if (day > 0)
		buf_format(out, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
}

/* address,language,consent_day,proof,confirmed_day,paused_until,left_out_until: the first four are an import's. */
static bool write_row(struct newsletter *n, const struct store_rows *rows, struct arena *arena, struct buf *out, struct fault *f)
{
	struct str address, proof;

	if (!open_text(n, store_column_text(rows, 1), arena, &address, f) || !open_text(n, store_column_text(rows, 8), arena, &proof, f))
		return false;
	if (proof.len == 0)
		proof = str_format(arena, "signed up with %.*s under policy %.*s and confirmed by mail", STR_ARG(n->room->settings.name),
			STR_ARG(store_column_text(rows, 3)));
	csv_write(out, address);
	buf_add_char(out, ',');
	csv_write(out, store_column_text(rows, 2));
	buf_add_char(out, ',');
	write_day(out, store_column_i64(rows, 4));
	buf_add_char(out, ',');
	csv_write(out, proof);
	for (int i = 5; i < 8; i++) {
		buf_add_char(out, ',');
		write_day(out, store_column_i64(rows, i));
	}
	buf_add_text(out, "\r\n");
	return true;
}

static bool write_rows(struct newsletter *n, int64_t after, struct buf *out, int64_t *count, int64_t *last, struct fault *f)
{
	struct store_rows rows;
	struct arena arena;
	struct fault mine = {0};
	bool ok = true;

	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_EXPORT,
			STORE_ARGS(store_i64(after), store_i64(EXPORT_ROWS), store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED))), &rows, f))
		return false;
	arena_init(&arena, "export", EXPORT_ARENA);
	while (ok && store_rows_next(&rows, f)) {
		arena_reset(&arena);
		*last = store_column_i64(&rows, 0);
		ok = write_row(n, &rows, &arena, out, &mine);
		++*count;
	}
	arena_release(&arena);
	if (!store_rows_end(&rows))
		return false;
	if (!ok)
		*f = mine;
	return ok && buf_check(out, "a page of the export", f);
}

static bool seal_page(const struct newsletter_export *page, struct str plain, json_t *json, struct fault *f)
{
	struct buf sealed, text;
	bool ok;

	buf_init(&sealed, EXPORT_BYTES + PARCEL_EXTRA_BYTES);
	buf_init(&text, 2 * EXPORT_BYTES);
	ok = parcel_seal((const unsigned char *) page->public_key.at, plain, &sealed, f);
	if (ok)
		parcel_write_base64(buf_view(&sealed), &text);
	ok = ok && buf_check(&text, "a page of the export", f);
	if (ok)
		json_object_set_new(json, "sealed", http_json_str(buf_view(&text)));
	buf_release(&text);
	buf_release(&sealed);
	return ok;
}

/* Each page says of which export it is, which one, and whether it is the last: whoever opens them notices one that is missing. */
bool newsletter_export_page(struct newsletter *n, const struct newsletter_export *page, json_t *json, struct fault *f)
{
	int64_t count = 0, last = 0, all = 0;
	struct buf rows, plain;
	char text[24];
	bool ok;

	if (page->public_key.len != PARCEL_KEY_BYTES || page->number < 1 || page->export <= 0 || page->after < 0)
		return fault_set(f, FAULT_INPUT, "an export needs a staff key and its number");
	if (!newsletter_check_who(page->who, "takes the export", f))
		return false;
	buf_init(&rows, EXPORT_BYTES - 4096);
	buf_init(&plain, EXPORT_BYTES);
	ok = write_rows(n, page->after, &rows, &count, &last, f) && newsletter_confirmed(n, &all, f);
	if (ok && (page->number == 1 || page->after == 0))
		ok = newsletter_audit(n, page->who, "exported the list", all, f);
	buf_format(&plain, "%lld %lld %s\n", (long long) page->export, (long long) page->number, count < EXPORT_ROWS ? "last" : "more");
	if (page->number == 1)
		buf_add_text(&plain, "address,language,consent_day,proof,confirmed_day,paused_until,left_out_until\r\n");
	buf_add_str(&plain, buf_view(&rows));
	ok = ok && buf_check(&plain, "a page of the export", f) && seal_page(page, buf_view(&plain), json, f);
	(void) snprintf(text, sizeof(text), "%lld", (long long) (count < EXPORT_ROWS ? 0 : last));
	json_object_set_new(json, "next", json_string(text));
	json_object_set_new(json, "rows", json_integer(count));
	json_object_set_new(json, "all", json_integer(all));
	buf_wipe(&plain);
	buf_wipe(&rows);
	return ok;
}
