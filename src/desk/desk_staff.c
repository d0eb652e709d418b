/* desk_staff.c: who works at the desk: adding, one-time links, sessions, revoking, the audit list.
 *
 * Decides: what a role may do, how long a link and a session live. Leaves to others: pages (desk_login.c, desk_people.c).
 * Runs in: desk. The hard thing: a link works exactly once, whoever else presses its button at the same moment: taking it
 * and beginning the session are one transaction.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_staff.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "base/seal.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "store/store.h"

enum {
	LINK_FIRST_S = 24 * 3600,
	LINK_S = 15 * 60,
	SESSION_IDLE_S = 12 * 3600,
	SESSION_WHOLE_S = 7 * 24 * 3600,
	SESSION_NOTE_S = 300            /* how exact `seen` is: not a write for every page */
};
#define SECOND_US INT64_C(1000000)

unsigned desk_role_rights(struct str role)
{
#define X(name, text, rights) \
	if (str_is(role, text)) \
		return (rights);
	DESK_ROLES(X)
#undef X
	return 0;
}

static bool audit_write(struct room *room, struct str who, const char *what, struct str about, struct fault *f)
{
	return store_run(room->db, DESK_SQL_AUDIT_INSERT, STORE_ARGS(store_i64(clock_now().us), store_text(who),
		store_text(str_from(what)), store_text(about)), NULL, f);
}

void desk_audit(struct room *room, struct str who, const char *what, struct str about)
{
	struct fault f = {0};

	if (!audit_write(room, who, what, about, &f))
		log_fault(&f, "writing the audit list");
}

/* --- people --- */

bool desk_staff_add(struct room *room, struct str name, struct str role, struct str by, int64_t *id, struct fault *f)
{
	bool ok;

	name = str_trim(name);
	if (name.len == 0 || str_count_chars(name) > 80 || !str_is_utf8(name) || str_has_control(name))
		return fault_set(f, FAULT_INPUT, "a name has 1 to 80 characters");
	if (desk_role_rights(role) == 0)
		return fault_set(f, FAULT_INPUT, "there is no role \"%.*s\": reporter, editor, treasurer or technician",
		STR_ARG(role));
	*id = rand_id();
	if (!store_begin(room->db, f))
		return false;
	ok = store_run(room->db, DESK_SQL_STAFF_INSERT, STORE_ARGS(store_i64(*id), store_text(name), store_text(role),
		store_i64(clock_now().us)), NULL, f) && audit_write(room, by, "added to the desk", name, f);
	ok = store_end(room->db, ok, f);
	if (!ok && f->kind == FAULT_CONFLICT) {
		fault_clear(f);
		fault_set(f, FAULT_CONFLICT, "there is a \"%.*s\" at the desk already (mimeo staff list)", STR_ARG(name));
	}
	if (ok)
		log_event(LOG_STAFF, LOG_C("what", "added"), LOG_I64("staff", *id));
	return ok;
}

static bool find_person(struct room *room, struct str who, struct arena *arena, struct store_row *row, struct fault *f)
{
	bool found = false;

	if (!store_one(room->db, DESK_SQL_STAFF_FIND, STORE_ARGS(store_text(who)), arena, row, &found, f))
		return false;
	if (!found)
		return fault_set(f, FAULT_MISSING, "nobody at the desk is called \"%.*s\" (mimeo staff list)", STR_ARG(who));
	if (!str_is(row->columns[3].bytes, "active"))
		return fault_set(f, FAULT_CONFLICT, "%.*s was revoked; add them under another name",
		STR_ARG(row->columns[1].bytes));
	return true;
}

bool desk_staff_link(struct room *room, struct str who, struct str by, struct arena *arena, struct str *url,
	struct when *expires, struct fault *f)
{
	char token[RAND_TOKEN_CHARS + 1];
	unsigned char hash[SEAL_HASH_BYTES];
	struct store_row row;
	int64_t id;
	bool ok;

	if (!find_person(room, who, arena, &row, f))
		return false;
	id = row.columns[0].number;
	rand_token(token);
	seal_token_hash(str_from(token), hash);
	expires->us = clock_now().us + (row.columns[4].type == STORE_NULL ? LINK_FIRST_S : LINK_S) * SECOND_US;
	if (!store_begin(room->db, f))
		return false;
	ok = store_run(room->db, DESK_SQL_STAFF_LINK_SWEEP, STORE_ARGS(store_i64(clock_now().us)), NULL, f)
		&& store_run(room->db, DESK_SQL_STAFF_LINK_DROP_OF, STORE_ARGS(store_i64(id)), NULL, f)
		&& store_run(room->db, DESK_SQL_STAFF_LINK_INSERT, STORE_ARGS(store_blob(str_make(hash, sizeof(hash))),
			store_i64(id), store_i64(expires->us)), NULL, f)
		&& audit_write(room, by, "made a login link for", row.columns[1].bytes, f);
	if (!store_end(room->db, ok, f))
		return false;
	*url = str_format(arena, "%.*s/login/%s", STR_ARG(room->settings.desk_url), token);
	return url->at != NULL || fault_full(f, "this request");
}

bool desk_staff_revoke(struct room *room, struct str who, struct str by, struct arena *arena, struct fault *f)
{
	struct store_row row;
	int64_t id;
	bool ok;

	if (!find_person(room, who, arena, &row, f))
		return false;
	id = row.columns[0].number;
	if (!store_begin(room->db, f))
		return false;
	ok = store_run(room->db, DESK_SQL_STAFF_REVOKE, STORE_ARGS(store_i64(id)), NULL, f)
		&& store_run(room->db, DESK_SQL_STAFF_LINK_DROP_OF, STORE_ARGS(store_i64(id)), NULL, f)
		&& store_run(room->db, DESK_SQL_STAFF_SESSION_DROP_OF, STORE_ARGS(store_i64(id)), NULL, f)
		&& audit_write(room, by, "revoked", row.columns[1].bytes, f);
	ok = store_end(room->db, ok, f);
	if (ok)
		log_event(LOG_STAFF, LOG_C("what", "revoked"), LOG_I64("staff", id));
	return ok;
}

bool desk_staff_set_role(struct room *room, struct str who, struct str role, struct str by, struct arena *arena, struct fault *f)
{
	struct store_row row;
	struct str about;
	bool ok;

	if (desk_role_rights(role) == 0)
		return fault_set(f, FAULT_INPUT, "there is no role \"%.*s\": reporter, editor, treasurer or technician", STR_ARG(role));
	if (!find_person(room, who, arena, &row, f))
		return false;
	if (str_equal(row.columns[2].bytes, role))
		return true;
	about = str_format(arena, "%.*s: %.*s, before %.*s", STR_ARG(row.columns[1].bytes), STR_ARG(role), STR_ARG(row.columns[2].bytes));
	if (!store_begin(room->db, f))
		return false;
	ok = store_run(room->db, DESK_SQL_STAFF_ROLE, STORE_ARGS(row.columns[0], store_text(role)), NULL, f)
		&& audit_write(room, by, "changed the role of", about, f);
	ok = store_end(room->db, ok, f);
	if (ok)
		log_event(LOG_STAFF, LOG_C("what", "role"), LOG_I64("staff", row.columns[0].number));
	return ok;
}

bool desk_staff_is_last(struct room *room, int64_t id, bool *is_last, struct fault *f)
{
	struct store_rows rows;
	size_t others = 0;
	bool is_one = false;

	if (!store_rows_begin(room->db, DESK_SQL_STAFF_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		bool may = str_is(store_column_text(&rows, 3), "active") && (desk_role_rights(store_column_text(&rows, 2)) & DESK_PEOPLE) != 0;

		if (store_column_i64(&rows, 0) == id)
			is_one = may;
		else
			others += may;
	}
	*is_last = is_one && others == 0;
	return store_rows_end(&rows);
}

/* --- links and sessions --- */

static bool find_link(struct room *room, struct str token, unsigned char hash[SEAL_HASH_BYTES], struct arena *arena,
	struct store_row *row, bool *found, struct fault *f)
{
	seal_token_hash(token, hash);
	return store_one(room->db, DESK_SQL_STAFF_LINK_FIND, STORE_ARGS(store_blob(str_make(hash, SEAL_HASH_BYTES)),
		store_i64(clock_now().us)), arena, row, found, f);
}

bool desk_link_is_good(struct room *room, struct str token, struct arena *arena)
{
	unsigned char hash[SEAL_HASH_BYTES];
	struct store_row row;
	struct fault f = {0};
	bool found = false;

	return token.len == RAND_TOKEN_CHARS && find_link(room, token, hash, arena, &row, &found, &f) && found;
}

bool desk_session_begin(struct room *room, struct str link, char session[RAND_TOKEN_CHARS + 1], struct arena *arena,
	struct fault *f)
{
	unsigned char hash[SEAL_HASH_BYTES], session_hash[SEAL_HASH_BYTES];
	struct store_row row = {0};
	struct when now = clock_now();
	bool found = false, ok;
	int64_t id = 0;

	if (!store_begin(room->db, f))
		return false;
	ok = link.len == RAND_TOKEN_CHARS && find_link(room, link, hash, arena, &row, &found, f);
	if (!ok || !found)
		ok = fault_set(f, FAULT_DENIED,
		"This link was used already or is too old. Ask for a new one: mimeo staff link NAME");
	if (ok) {
		must(row.columns != NULL);
		id = row.columns[0].number;
		rand_token(session);
		seal_token_hash(str_from(session), session_hash);
		ok = store_run(room->db, DESK_SQL_STAFF_LINK_DROP, STORE_ARGS(store_blob(str_make(hash, sizeof(hash)))), NULL,
			f)
			&& store_run(room->db, DESK_SQL_STAFF_SESSION_SWEEP,
			STORE_ARGS(store_i64(now.us - SESSION_IDLE_S * SECOND_US),
				store_i64(now.us - SESSION_WHOLE_S * SECOND_US)), NULL, f)
			&& store_run(room->db, DESK_SQL_STAFF_SESSION_INSERT, STORE_ARGS(store_blob(str_make(session_hash,
				sizeof(session_hash))), store_i64(id), store_i64(now.us)), NULL, f)
			&& store_run(room->db, DESK_SQL_STAFF_CAME, STORE_ARGS(store_i64(id), store_i64(now.us)), NULL, f)
			&& audit_write(room, row.columns[1].bytes, "signed in", STR(""), f);
	}
	ok = store_end(room->db, ok, f);
	if (ok)
		log_event(LOG_STAFF, LOG_C("what", "signed_in"), LOG_I64("staff", id));
	return ok;
}

bool desk_session_find(struct room *room, struct str session, struct arena *arena, struct desk_person *person)
{
	unsigned char hash[SEAL_HASH_BYTES];
	struct when now = clock_now();
	struct store_row row;
	struct fault f = {0};
	bool found = false;

	if (session.len != RAND_TOKEN_CHARS)
		return false;
	seal_token_hash(session, hash);
	if (!store_one(room->db, DESK_SQL_STAFF_SESSION_FIND, STORE_ARGS(store_blob(str_make(hash, sizeof(hash))),
			store_i64(now.us - SESSION_IDLE_S * SECOND_US), store_i64(now.us - SESSION_WHOLE_S * SECOND_US)), arena,
			&row,
			&found, &f)) {
		log_fault(&f, "looking for a session");
		return false;
	}
	if (!found)
		return false;
	person->id = row.columns[0].number;
	person->name = row.columns[1].bytes;
	person->role = row.columns[2].bytes;
	person->rights = desk_role_rights(person->role);
	if (!room->read_only && now.us - row.columns[3].number > SESSION_NOTE_S * SECOND_US
		&& !store_run(room->db, DESK_SQL_STAFF_SESSION_SEEN, STORE_ARGS(store_blob(str_make(hash, sizeof(hash))),
			store_i64(now.us)), NULL, &f))
		log_fault(&f, "noting a session");
	return true;
}

void desk_session_end(struct room *room, struct str session)
{
	unsigned char hash[SEAL_HASH_BYTES];
	struct fault f = {0};

	seal_token_hash(session, hash);
	if (!store_run(room->db, DESK_SQL_STAFF_SESSION_DROP, STORE_ARGS(store_blob(str_make(hash, sizeof(hash)))), NULL,
		&f))
		log_fault(&f, "ending a session");
}

/* --- sessions, as a list --- */

static void name_session(struct str hash, char out[DESK_SESSION_CHARS + 1])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < DESK_SESSION_CHARS / 2 && i < hash.len; i++) {
		out[2 * i] = digits[(unsigned char) hash.at[i] >> 4];
		out[2 * i + 1] = digits[(unsigned char) hash.at[i] & 15];
	}
	out[2 * i] = '\0';
}

void desk_session_id(struct str session, char out[DESK_SESSION_CHARS + 1])
{
	unsigned char hash[SEAL_HASH_BYTES];

	seal_token_hash(session, hash);
	name_session(str_make(hash, sizeof(hash)), out);
}

bool desk_sessions(struct room *room, struct arena *arena, struct desk_session out[DESK_SESSIONS], size_t *count, struct fault *f)
{
	int64_t now = clock_now().us;
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(room->db, DESK_SQL_STAFF_SESSION_ALL, STORE_ARGS(store_i64(now - SESSION_IDLE_S * SECOND_US),
			store_i64(now - SESSION_WHOLE_S * SECOND_US)), &rows, f))
		return false;
	while (store_rows_next(&rows, f) && *count < DESK_SESSIONS) {
		struct desk_session *session = &out[(*count)++];

		name_session(store_column_text(&rows, 0), session->id);
		session->staff = store_column_i64(&rows, 1);
		session->name = store_column_copy(&rows, 2, arena);
		session->role = store_column_copy(&rows, 3, arena);
		session->began.us = store_column_i64(&rows, 4);
		session->seen.us = store_column_i64(&rows, 5);
	}
	return store_rows_end(&rows);
}

/* The whole hash of the session that is named so, and whose it is. */
static bool find_session(struct room *room, struct str id, struct arena *arena, struct str *hash, struct str *name, struct fault *f)
{
	struct store_rows rows;
	char own[DESK_SESSION_CHARS + 1];

	*hash = (struct str){NULL, 0};
	if (!store_rows_begin(room->db, DESK_SQL_STAFF_SESSION_ALL, STORE_ARGS(store_i64(0), store_i64(0)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		name_session(store_column_text(&rows, 0), own);
		if (hash->len == 0 && str_is(id, own)) {
			*hash = store_column_copy(&rows, 0, arena);
			*name = store_column_copy(&rows, 2, arena);
		}
	}
	return store_rows_end(&rows) && (hash->len > 0 || fault_set(f, FAULT_MISSING, "This session has ended already."));
}

bool desk_session_revoke(struct room *room, struct str id, struct str by, struct arena *arena, struct fault *f)
{
	struct str hash, name = {NULL, 0};
	bool ok;

	if (!find_session(room, id, arena, &hash, &name, f) || !store_begin(room->db, f))
		return false;
	ok = store_run(room->db, DESK_SQL_STAFF_SESSION_DROP, STORE_ARGS(store_blob(hash)), NULL, f)
		&& audit_write(room, by, "ended a session of", name, f);
	return store_end(room->db, ok, f);
}

bool desk_sessions_revoke(struct room *room, struct str who, struct str by, struct arena *arena, struct fault *f)
{
	struct store_row row;
	bool ok;

	if (!find_person(room, who, arena, &row, f) || !store_begin(room->db, f))
		return false;
	ok = store_run(room->db, DESK_SQL_STAFF_SESSION_DROP_OF, STORE_ARGS(row.columns[0]), NULL, f)
		&& audit_write(room, by, "ended all sessions of", row.columns[1].bytes, f);
	return store_end(room->db, ok, f);
}
