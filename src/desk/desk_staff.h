/* desk_staff.h: who works at the desk: adding, one-time links, sessions, revoking, and the list of what was done.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_STAFF_H
#define DESK_DESK_STAFF_H

#include <stdbool.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/rand.h"
#include "base/str.h"

struct arena;
struct errand;
struct fault;
struct http_request;
struct room;

/* What a role may do. */
enum desk_right {
	DESK_READ = 1,          /* stories, as they are */
	DESK_PUBLISH = 2,       /* publish and withdraw */
	DESK_LETTER = 4,        /* compose and look at issues */
	DESK_SEND = 8,          /* send them */
	DESK_MONEY = 16,        /* contributions, nameless */
	DESK_SITE = 32,         /* health, bake */
	DESK_PEOPLE = 64,       /* staff, sessions and the audit list */
	DESK_WRITE = 128,       /* write stories that are drafts or in review; with DESK_PUBLISH all of them */
	DESK_NEWSROOM = 1024    /* front page, name, sections, texts, look */
};

/* role, name in the database, rights */
#define DESK_ROLES(X) \
	X(DESK_REPORTER, "reporter", DESK_READ | DESK_WRITE | DESK_LETTER) \
	X(DESK_EDITOR, "editor", DESK_READ | DESK_WRITE | DESK_PUBLISH | DESK_LETTER | DESK_SEND | DESK_MONEY | DESK_SITE \
		| DESK_PEOPLE | DESK_NEWSROOM) \
	X(DESK_TREASURER, "treasurer", DESK_READ | DESK_MONEY) \
	X(DESK_TECHNICIAN, "technician", DESK_READ | DESK_SITE | DESK_PEOPLE)

/* Rights of a role's name; 0 for a name that is none. */
unsigned desk_role_rights(struct str role);

struct desk_person {
	int64_t id;
	struct str name, role;
	unsigned rights;
};

/* Adds somebody. INPUT for a bad name or role, CONFLICT for a name that is there. by: for the audit list. */
bool desk_staff_add(struct room *room, struct str name, struct str role, struct str by, int64_t *id, struct fault *f)
	__attribute__((warn_unused_result));
/* A new one-time link for an id or a name; older ones end. 24 hours for somebody who never came, then 15 minutes. */
bool desk_staff_link(struct room *room, struct str who, struct str by, struct arena *arena, struct str *url,
	struct when *expires, struct fault *f) __attribute__((warn_unused_result));
/* Ends all links and sessions for good. */
bool desk_staff_revoke(struct room *room, struct str who, struct str by, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));

/* Gives somebody another role, from their next request on. INPUT for a role that is none. */
bool desk_staff_set_role(struct room *room, struct str who, struct str role, struct str by, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));
/* Whether this is the only active person who may manage people: nobody at the desk may revoke or demote them (at the server one may:
 * whoever is there can add somebody else). */
bool desk_staff_is_last(struct room *room, int64_t id, bool *is_last, struct fault *f) __attribute__((warn_unused_result));

/* Sessions that are open: when they began and when they were last used (within five minutes); nothing else is ever written. */
enum { DESK_SESSION_CHARS = 16, DESK_SESSIONS = 200 };
struct desk_session {
	char id[DESK_SESSION_CHARS + 1];     /* of its hash: enough to name it, worth nothing without the cookie */
	int64_t staff;
	struct str name, role;
	struct when began, seen;
};
/* The most lately used first. */
bool desk_sessions(struct room *room, struct arena *arena, struct desk_session out[DESK_SESSIONS], size_t *count, struct fault *f)
	__attribute__((warn_unused_result));
/* The id of a cookie's session. */
void desk_session_id(struct str session, char out[DESK_SESSION_CHARS + 1]);
/* Ends one at once: whose it was. MISSING when there is none. */
bool desk_session_revoke(struct room *room, struct str id, struct str by, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));
/* All of a person's at once; links stay. */
bool desk_sessions_revoke(struct room *room, struct str who, struct str by, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));

/* Is there such a link? Changes nothing. */
bool desk_link_is_good(struct room *room, struct str token, struct arena *arena);
/* Uses a link up and begins a session. DENIED when it is used, old or unknown. */
bool desk_session_begin(struct room *room, struct str link, char session[RAND_TOKEN_CHARS + 1], struct arena *arena,
	struct fault *f) __attribute__((warn_unused_result));
/* Whose session it is; false for none. */
bool desk_session_find(struct room *room, struct str session, struct arena *arena, struct desk_person *person);
void desk_session_end(struct room *room, struct str session);

/* One line of the audit list: "Ada Wren", "published", "River Towns Brace…". Trouble is logged, not returned. */
void desk_audit(struct room *room, struct str who, const char *what, struct str about);

/* The cli socket's routes: POST /staff, GET /staff, POST /staff/{id}/link, POST /staff/{id}/revoke, POST /staff/{id}/role. */
void desk_staff_post(struct http_request *rq, void *self);
void desk_staff_get(struct http_request *rq, void *self);
void desk_staff_post_link(struct http_request *rq, void *self);
void desk_staff_post_revoke(struct http_request *rq, void *self);
void desk_staff_post_role(struct http_request *rq, void *self);

/* mimeo staff add|list|link|role|revoke, for desk_commands. */
bool desk_staff_run_add(struct errand *errand, struct fault *f);
bool desk_staff_run_list(struct errand *errand, struct fault *f);
bool desk_staff_run_link(struct errand *errand, struct fault *f);
bool desk_staff_run_revoke(struct errand *errand, struct fault *f);
bool desk_staff_run_role(struct errand *errand, struct fault *f);
#define DESK_STAFF_COMMANDS \
	{"staff add", "desk", "NAME [--role editor|reporter|treasurer|technician]", \
		"Adds somebody to the desk (an editor unless --role says otherwise) and prints a one-time link.\n", desk_staff_run_add}, \
	{"staff list", "desk", "", "Lists who works at the desk, with role and state.\n", desk_staff_run_list}, \
	{"staff link", "desk", "NAME|ID", \
		"Prints a new one-time link: good for 24 hours the first time, then for 15 minutes. Older links end.\n", \
		desk_staff_run_link}, \
	{"staff role", "desk", "NAME|ID ROLE", \
		"Gives somebody another role: editor, reporter, treasurer or technician.\n", desk_staff_run_role}, \
	{"staff revoke", "desk", "NAME|ID", "Ends somebody's links and sessions at once and for good.\n", \
		desk_staff_run_revoke}

#endif
