/* newsletter_import.c: a list of subscribers that comes from elsewhere, with proof of consent.
 *
 * Decides: what a row must be, when a second staff member must agree, who is taken. Leaves to newsletter_list_command.c: the file; to
 * base/csv: its form. Runs in: the newsletter room. The hard thing: a kill anywhere, with nothing taken twice and nothing left out: rows
 * have numbers, and how many were looked at moves in the transaction that takes them. Nobody who left, bounced or complained comes back.
 * SPDX-License-Identifier: ISC */
#include "newsletter_import.h"

#include "base/arena.h"
#include "base/csv.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "newsletter_inside.h"
#include "newsletter_public.h"

enum { LISTED = 20, PROOF_ARENA = 4096, FIRST_YEAR = 1990, ID_GAP = 1 << 20 };

const char *const newsletter_import_names[NEWSLETTER_IMPORT_FIELDS] = {"address", "language", "consent_day", "proof"};

static const char policy[] = "imported"; /* whose text it was is in the proof */

/* --- a row --- */

/* "en", "pt-BR": RFC 5646's shape, not its registry. */
static bool is_language(struct str text)
{
	size_t part = 0, in_first = SIZE_MAX;

	if (text.len >= LANGUAGE_BYTES)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (c == '-') {
			if (in_first == SIZE_MAX)
				in_first = part;
			if (part < 2)
				return false;
			part = 0;
		} else if (!letter && (in_first == SIZE_MAX || c < '0' || c > '9')) {
			return false;
		} else if (++part > 8) {
			return false;
		}
	}
	if (in_first == SIZE_MAX)
		in_first = part;
	return part >= 2 && (in_first == 2 || in_first == 3);
}

static bool number_at(struct str text, size_t from, size_t len, int *out)
{
	int64_t number;

	for (size_t i = from; i < from + len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	if (!str_to_i64(str_part(text, from, len), &number))
		return false;
	*out = (int) number;
	return true;
}

/* "2023-04-17", a day that there was. */
static bool read_day(struct str text, int64_t *day)
{
	int year, month, of_month;
	struct civil is;

	if (text.len != 10 || text.at[4] != '-' || text.at[7] != '-' || !number_at(text, 0, 4, &year) || !number_at(text, 5, 2, &month) ||
		!number_at(text, 8, 2, &of_month) || year < FIRST_YEAR)
		return false;
	*day = clock_day_of(year, month, of_month);
	is = clock_civil_utc(clock_from_utc_day((int32_t) *day));
	return is.year == year && is.month == month && is.day == of_month;
}

bool newsletter_import_row_read(const struct str fields[NEWSLETTER_IMPORT_FIELDS], int64_t today,
	struct newsletter_import_row *row, const char **why)
{
	struct fault f = {0};

	*row = (struct newsletter_import_row){.language = str_trim(fields[1]), .proof = str_trim(fields[3])};
	if (!email_parse(fields[0], &row->email, &f))
		*why = "the address is none";
	else if (row->language.len > 0 && !is_language(row->language))
		*why = "the language is none: write en, or pt-BR, or nothing";
	else if (!read_day(str_trim(fields[2]), &row->consent_day))
		*why = "the day of consent is none: write 2023-04-17";
	else if (row->consent_day > today)
		*why = "the day of consent has not come yet";
	else if (row->proof.len == 0)
		*why = "there is no proof of consent: say how and where it was given";
	else if (row->proof.len > NEWSLETTER_PROOF_BYTES || str_has_control(row->proof))
		*why = "the proof of consent is longer than 300 bytes or holds a control character";
	else
		return true;
	return false;
}

/* --- an import's life --- */

static bool read_state(struct newsletter *n, int64_t id, struct arena *arena, struct store_row *row, enum import_state *state,
	struct fault *f)
{
	bool found = false;

	if (!store_one(n->room->db, NEWSLETTER_SQL_IMPORT_ONE, STORE_ARGS(store_i64(id)), arena, row, &found, f))
		return false;
	if (!found)
		return fault_set(f, FAULT_MISSING, "there is no such import");
	return import_state_from(row->columns[0].bytes, state) || fault_set(f, FAULT_IO, "an import has a state that is none");
}

bool newsletter_import_json(struct newsletter *n, int64_t id, json_t **out, struct fault *f)
{
	static const char *const numbers[] = {"rows", "taken", "added", "known", "suppressed", "refused"};
	enum import_state state;
	struct store_row row;
	struct arena arena;
	char text[24];
	bool ok;

	arena_init(&arena, "import", PROOF_ARENA);
	ok = read_state(n, id, &arena, &row, &state, f);
	if (ok) {
		(void) snprintf(text, sizeof(text), "%lld", (long long) id); /* JSON's readers have 53 bits */
		*out = json_object();
		json_object_set_new(*out, "id", json_string(text));
		json_object_set_new(*out, "state", json_stringn(row.columns[0].bytes.at, row.columns[0].bytes.len));
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			json_object_set_new(*out, numbers[i], json_integer(row.columns[i + 1].number));
		json_object_set_new(*out, "brought_by", json_stringn(row.columns[7].bytes.at, row.columns[7].bytes.len));
		json_object_set_new(*out, "confirmed_by", json_stringn(row.columns[8].bytes.len > 0 ? row.columns[8].bytes.at : "",
			row.columns[8].bytes.len));
		json_object_set_new(*out, "day", json_integer(row.columns[9].number));
	}
	arena_release(&arena);
	return ok;
}

bool newsletter_import_list(struct newsletter *n, json_t *list, struct fault *f)
{
	int64_t ids[LISTED];
	struct store_rows rows;
	size_t count = 0;
	bool ok;

	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_IMPORT_LIST, STORE_ARGS(store_i64(LISTED)), &rows, f))
		return false;
	while (count < LISTED && store_rows_next(&rows, f))
		ids[count++] = store_column_i64(&rows, 0);
	ok = store_rows_end(&rows);
	for (size_t i = 0; ok && i < count; i++) {
		json_t *one = NULL;

		ok = newsletter_import_json(n, ids[i], &one, f);
		if (ok)
			json_array_append_new(list, one);
	}
	return ok;
}

static bool insert(struct newsletter *n, struct str index, int64_t rows, struct str by, int64_t *id, struct fault *f)
{
	enum import_state state = IMPORT_WAITING;

	if (rows <= n->room->settings.import_alone)
		must(import_next(IMPORT_WAITING, IMPORT_IS_CONFIRMED, &state));
	*id = rand_id();
	return store_run(n->room->db, NEWSLETTER_SQL_IMPORT_INSERT,
			STORE_ARGS(store_i64(*id), store_blob(index), store_text(import_state_name(state)), store_i64(rows), store_text(by),
				store_i64(clock_utc_day(clock_now())), store_i64(rand_id() / 2)),
			NULL, f) &&
		newsletter_audit(n, by, state == IMPORT_WAITING ? "brought a list, which a second person must confirm" : "imported a list", rows, f);
}

static bool finish(struct newsletter *n, int64_t id, struct fault *f)
{
	enum import_state to;

	must(import_next(IMPORT_TAKING, IMPORT_IS_FINISHED, &to));
	return store_run(n->room->db, NEWSLETTER_SQL_IMPORT_MOVE,
		STORE_ARGS(store_i64(id), store_text(import_state_name(IMPORT_TAKING)), store_text(import_state_name(to))), NULL, f);
}

/* Killed between its last row and its end. */
static bool finish_taken(struct newsletter *n, int64_t id, struct fault *f)
{
	enum import_state state = IMPORT_WAITING;
	struct store_row row;
	struct arena arena;
	bool is_over = false, ok;

	arena_init(&arena, "import", PROOF_ARENA);
	ok = read_state(n, id, &arena, &row, &state, f);
	if (ok)
		is_over = state == IMPORT_TAKING && row.columns[2].number >= row.columns[1].number;
	arena_release(&arena);
	return ok && (!is_over || finish(n, id, f));
}

bool newsletter_import_begin(struct newsletter *n, struct str hash, int64_t rows, struct str by, json_t **out, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];
	int64_t id = 0;
	bool ok;

	if (hash.len < 32 || hash.len > 128 || rows < 1)
		return fault_set(f, FAULT_INPUT, "an import needs the hash of its file and at least one row");
	if (!newsletter_check_who(by, "brings the list", f))
		return false;
	seal_index(n->index_key, "newsletter.import", hash, index);
	if (!store_begin(n->room->db, f))
		return false;
	ok = store_number(n->room->db, NEWSLETTER_SQL_IMPORT_FIND, STORE_ARGS(store_blob(str_make(index, sizeof(index)))), &id, f) &&
		(id != 0 ? finish_taken(n, id, f) : insert(n, str_make(index, sizeof(index)), rows, by, &id, f));
	ok = store_end(n->room->db, ok, f);
	return ok && newsletter_import_json(n, id, out, f);
}

static bool confirm(struct newsletter *n, int64_t id, struct str by, bool yes, struct fault *f)
{
	enum import_state from = IMPORT_WAITING, to;
	struct store_row row;
	struct arena arena;
	int64_t rows = 0;
	bool ok;

	arena_init(&arena, "import", PROOF_ARENA);
	ok = read_state(n, id, &arena, &row, &from, f);
	if (ok && !import_next(from, yes ? IMPORT_IS_CONFIRMED : IMPORT_IS_DECLINED, &to))
		ok = fault_set(f, FAULT_CONFLICT, "this list does not wait for anybody");
	else if (ok && yes && str_equal_nocase(row.columns[7].bytes, by))
		ok = fault_set(f, FAULT_DENIED, "who brought a list cannot be the second person who confirms it");
	if (ok) {
		rows = row.columns[1].number;
		ok = store_run(n->room->db, NEWSLETTER_SQL_IMPORT_MOVE,
				STORE_ARGS(store_i64(id), store_text(import_state_name(from)), store_text(import_state_name(to))), NULL, f) &&
			store_run(n->room->db, NEWSLETTER_SQL_IMPORT_CONFIRMED, STORE_ARGS(store_i64(id), store_text(by)), NULL, f) &&
			newsletter_audit(n, by, yes ? "confirmed a list as the second person" : "declined a list", rows, f);
	}
	arena_release(&arena);
	return ok;
}

bool newsletter_import_confirm(struct newsletter *n, int64_t id, struct str by, bool yes, struct fault *f)
{
	return newsletter_check_who(by, "confirms", f) && store_begin(n->room->db, f) && store_end(n->room->db, confirm(n, id, by, yes, f), f);
}

/* --- its rows --- */

struct taking {
	struct newsletter *n;
	int64_t today, added, known, suppressed, refused;
	int64_t last_id;
	char proof_text[NEWSLETTER_PROOF_BYTES];  /* of the row before: a list mostly has one */
	size_t proof_len;
	int64_t proof;
};

static bool find_proof(struct taking *is, struct str text, int64_t *id, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES], sealed[SEAL_BYTES];
	struct store *db = is->n->room->db;

	if (is->proof != 0 && str_equal(text, str_make(is->proof_text, is->proof_len))) {
		*id = is->proof;
		return true;
	}
	seal_index(is->n->index_key, "newsletter.proof", text, index);
	*id = 0;
	if (!store_number(db, NEWSLETTER_SQL_CONSENT_PROOF_FIND, STORE_ARGS(store_blob(str_make(index, sizeof(index)))), id, f))
		return false;
	if (*id == 0) {
		*id = rand_id();
		if (!seal(is->n->sealer, text, sealed, f) ||
			!store_run(db, NEWSLETTER_SQL_CONSENT_PROOF_INSERT,
				STORE_ARGS(store_i64(*id), store_blob(str_make(index, sizeof(index))), store_blob(str_make(sealed, sizeof(sealed)))),
				NULL, f))
			return false;
	}
	memcpy(is->proof_text, text.at, text.len);
	is->proof_len = text.len;
	is->proof = *id;
	return true;
}

/* Who is there already, or may not come back? */
static bool count_other(struct taking *is, struct str index, struct fault *f)
{
	int64_t suppressed = 0;

	if (!store_number(is->n->room->db, NEWSLETTER_SQL_SUPPRESSION_HAS, STORE_ARGS(store_blob(index)), &suppressed, f))
		return false;
	if (suppressed > 0)
		is->suppressed++;
	else
		is->known++;
	return true;
}

/* One that mimeo's texts come in, as for who signs up: "EN" and "ru-RU" are "en" and "ru". */
static struct str language_of(struct newsletter *n, struct str text)
{
	char lower[LANGUAGE_BYTES];
	size_t i;

	for (i = 0; i < text.len && i < sizeof(lower); i++)
		lower[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? (char) (text.at[i] + ('a' - 'A')) : text.at[i];
	return newsletter_page_language(n->room, str_make(lower, i));
}

static bool take_row(struct taking *is, const struct newsletter_import_row *row, struct fault *f)
{
	unsigned char bytes[SEAL_INDEX_BYTES], sealed[SEAL_BYTES];
	struct str index = str_make(bytes, sizeof(bytes));
	struct newsletter *n = is->n;
	struct str language = language_of(n, row->language);
	char canonical[EMAIL_BYTES + 1];
	int64_t proof, changed = 0;

	/* Rising, so that rows are appended and not strewn over the file; the gaps are random, and tell nothing but the list's order. */
	is->last_id += 1 + rand_below(ID_GAP);
	seal_index(n->index_key, "newsletter.address", email_canonical(&row->email, canonical), bytes);
	if (!find_proof(is, row->proof, &proof, f) || !seal(n->sealer, email_text(&row->email), sealed, f) ||
		!store_run(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_IMPORT,
			STORE_ARGS(store_i64(is->last_id), store_blob(index), store_blob(str_make(sealed, sizeof(sealed))),
				store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)), store_text(language), store_text(str_from(policy)),
				store_i64(row->consent_day), store_i64(is->today), store_i64(proof),
				store_text(subscriber_state_name(SUBSCRIBER_PENDING))),
			&changed, f))
		return false;
	is->added += changed;
	return changed > 0 || count_other(is, index, f);
}

static bool take_rows(struct taking *is, struct str text, int64_t pass_over, int64_t most, int64_t *seen, struct fault *f)
{
	enum csv_answer answer;
	bool ok = true;
	struct csv csv;

	csv_init(&csv, text);
	while (ok && *seen < most && (answer = csv_next(&csv)) != CSV_END) {
		struct newsletter_import_row row;
		const char *why;

		if (++*seen <= pass_over)
			continue;
		if (answer == CSV_BAD || csv.count != NEWSLETTER_IMPORT_FIELDS || !newsletter_import_row_read(csv.fields, is->today, &row, &why))
			is->refused++;
		else
			ok = take_row(is, &row, f);
	}
	csv_release(&csv);
	return ok;
}

static bool take(struct newsletter *n, int64_t id, int64_t from, struct str csv, bool *is_last, struct fault *f)
{
	struct taking is = {.n = n, .today = clock_utc_day(clock_now())};
	int64_t rows, taken, seen = 0;
	enum import_state state = IMPORT_WAITING;
	struct store_row row;
	struct arena arena;
	bool ok;

	arena_init(&arena, "import", PROOF_ARENA);
	ok = read_state(n, id, &arena, &row, &state, f);
	rows = ok ? row.columns[1].number : 0;
	taken = ok ? row.columns[2].number : 0;
	is.last_id = ok ? row.columns[10].number : 0;
	arena_release(&arena);
	if (!ok)
		return false;
	if (state == IMPORT_WAITING)
		return fault_set(f, FAULT_DENIED, "this list waits for a second staff member");
	if (state != IMPORT_TAKING)
		return state == IMPORT_DONE || fault_set(f, FAULT_CONFLICT, "this list was declined");
	if (from > taken || from < 0)
		return fault_set(f, FAULT_CONFLICT, "rows are missing: the next one is number %lld", (long long) taken);
	if (!take_rows(&is, csv, taken - from, rows - from, &seen, f))
		return false;
	*is_last = taken >= rows || from + seen >= rows;
	if (from + seen <= taken)
		return true;
	return store_run(n->room->db, NEWSLETTER_SQL_IMPORT_TOOK,
			STORE_ARGS(store_i64(id), store_i64(taken), store_i64(from + seen), store_i64(is.added), store_i64(is.known),
				store_i64(is.suppressed), store_i64(is.refused), store_i64(is.last_id)),
			NULL, f) &&
		newsletter_count(n, "imported", is.added, f) && newsletter_confirmed_add(n, is.added, f);
}

/* A power cut may undo the last commits together, rows with the count that goes with them. The one that says "done" is an ordinary one,
 * and makes them all durable; killed before it, the import is taken up with no rows left, and ends then. */
bool newsletter_import_take(struct newsletter *n, int64_t id, int64_t from, struct str csv, struct fault *f)
{
	bool is_last = false, ok;

	if (!store_begin_lightly(n->room->db, f))
		return false;
	ok = take(n, id, from, csv, &is_last, f);
	newsletter_point("import before commit");
	ok = store_end(n->room->db, ok, f);
	newsletter_point("import after commit");
	if (ok && is_last) {
		ok = store_begin(n->room->db, f) && store_end(n->room->db, finish(n, id, f), f);
		newsletter_point("import finished");
		log_event(LOG_JOB, LOG_C("job", "import"));
	}
	return ok;
}
