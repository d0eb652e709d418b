/* room_server.c: a room's sockets: one server per caller, each with its own closed table, and house's own routes.
 *
 * Decides: who may call which socket, which Host names a public one answers, what a restored copy refuses, and the routes
 * that every room has for commands: health, check, backup. Runs in: every room. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/must.h"
#include "base/rand.h"
#include "house/page.h"
#include "house/room_inside.h"
#include "store/store.h"

/* --- routes that every room has for commands --- */

static void room_get_health(struct http_request *rq, void *self)
{
	struct room *room = self;
	json_t *health = json_object();

	json_object_set_new(health, "room", json_string(room->kind->word));
	json_object_set_new(health, "state", json_string(room->draining ? "draining" : room->read_only ? "read_only" : "up"));
	json_object_set_new(health, "since", json_integer(room->inside->since.us));
	if (room->kind->health != NULL)
		room->kind->health(room, health);
	http_answer_json(rq, 200, health);
}

void room_finding(json_t *findings, const char *say, const char *todo)
{
	json_t *finding = json_object();

	json_object_set_new(finding, "say", json_string(say));
	json_object_set_new(finding, "do", json_string(todo));
	json_array_append_new(findings, finding);
}

static void room_get_check(struct http_request *rq, void *self)
{
	struct room *room = self;
	json_t *answer = json_object(), *findings = json_array();
	struct fault f = {0};
	struct str report = {NULL, 0};
	bool ok = true;

	json_object_set_new(answer, "room", json_string(room->kind->word));
	json_object_set_new(answer, "findings", findings);
	room_look_whether_overlay(room); /* what the desk wrote a moment ago is no finding */
	if (room->db != NULL)
		ok = store_check(room->db, http_arena(rq), &report, &f);
	if (ok && report.len > 0)
		room_finding(findings, str_to_c(report, http_arena(rq)), "stop the house and restore the newest backup (mimeo restore)");
	if (room->inside->overlay_fault.kind != FAULT_NONE)
		room_finding(findings, str_to_c(str_format(http_arena(rq), "%s is not with what the desk decided: %s", room->kind->word,
			room->inside->overlay_fault.say), http_arena(rq)), "restart the house: the desk writes data/newsroom again from its database");
	if (ok && room->kind->check != NULL)
		ok = room->kind->check(room, findings, &f);
	if (ok) {
		http_answer_json(rq, 200, answer);
		return;
	}
	json_decref(answer);
	http_answer_fault(rq, &f);
}

static void room_post_backup(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct fault f = {0};
	char token[RAND_TOKEN_CHARS + 1], name[128], path[PATH_MAX];
	json_t *answer;

	rand_token(token);
	snprintf(name, sizeof(name), "data/%s/backup-%s.db", room->kind->word, token);
	if (room->db == NULL)
		fault_set(&f, FAULT_MISSING, "room %s has no database", room->kind->word);
	else if (home_path(&room->home, path, &f, "%s", name) && store_copy_to(room->db, path, &f)) {
		answer = json_object();
		json_object_set_new(answer, "path", json_string(name));
		http_answer_json(rq, 200, answer);
		return;
	}
	http_answer_fault(rq, &f);
}

static const struct http_route room_own_routes[] = {
	{"GET", "/health", room_get_health, HTTP_NO_BODY},
	{"GET", "/check", room_get_check, HTTP_NO_BODY},
	{"POST", "/backup", room_post_backup, HTTP_JSON},
	{NULL, NULL, NULL, HTTP_NO_BODY}
};

/* --- a restored copy --- */

static void room_refuse_read_only(struct http_request *rq, void *self)
{
	struct fault f = {0};

	(void) self;
	fault_set(&f, FAULT_BUSY, "This is a restored copy: it changes nothing until a technician confirms it (mimeo restore --confirm).");
	http_answer_fault(rq, &f);
}

static bool room_route_is_allowed(const struct http_route *route, const struct room_listener *listener)
{
	size_t i;

	if (strcmp(route->method, "GET") == 0)
		return true;
	for (i = 0; listener->even_read_only != NULL && listener->even_read_only[i] != NULL; i++)
		if (strcmp(listener->even_read_only[i], route->pattern) == 0)
			return true;
	return false;
}

/* --- one listener --- */

static size_t room_count_routes(const struct http_route *routes)
{
	size_t count = 0;

	while (routes != NULL && routes[count].method != NULL)
		count++;
	return count;
}

/* How many of house's own routes a caller gets: commands all, the desk the first (health), others none. */
static size_t room_count_own(const char *caller)
{
	if (strcmp(caller, "cli") == 0)
		return room_count_routes(room_own_routes);
	return strcmp(caller, "desk") == 0 ? 1 : 0;
}

/* The listener's table; house's own routes come last, so that a room may answer /health in its own way. */
static struct http_route *room_make_table(struct room *room, const struct room_listener *listener)
{
	size_t given = room_count_routes(listener->routes), own = room_count_own(listener->caller);
	struct http_route *table = memory_new(given + own + 1, sizeof(*table));
	size_t i;

	for (i = 0; i < given; i++) {
		table[i] = listener->routes[i];
		if (room->read_only && !room_route_is_allowed(&table[i], listener))
			table[i].call = room_refuse_read_only;
	}
	for (i = 0; i < own; i++)
		table[given + i] = room_own_routes[i];
	return table;
}

/* "https://tern.example:8443" → "tern.example" */
static const char *room_host_of(struct str url, struct arena *arena)
{
	size_t start = str_find(url, STR("://"));
	struct str host = str_part(url, start == SIZE_MAX ? 0 : start + 3, SIZE_MAX);
	size_t colon = str_find_char(host, ':');

	return str_to_c(str_part(host, 0, colon), arena);
}

/* Which Host values a public socket answers: its own address, the settings' names, loopback. */
static void room_list_hosts(struct room *room, const char **hosts, size_t max)
{
	const struct settings *settings = &room->settings;
	bool is_desk = strcmp(room->kind->word, "desk") == 0;
	size_t count = 0, i;

	hosts[count++] = "127.0.0.1";
	hosts[count++] = "localhost";
	hosts[count++] = room_host_of(is_desk ? settings->desk_url : settings->url, &room->inside->arena);
	if (!is_desk && settings->onion.len > 0)
		hosts[count++] = room_host_of(settings->onion, &room->inside->arena);
	for (i = 0; !is_desk && i < settings->hosts.count && count + 1 < max; i++)
		hosts[count++] = str_to_c(settings->hosts.items[i], &room->inside->arena);
	hosts[count] = NULL;
}

static bool room_open_server(struct room *room, const struct room_listener *listener, int fd, struct fault *f)
{
	struct room_inside *inside = room->inside;
	size_t at = inside->server_count;
	bool is_public = strcmp(listener->caller, "public") == 0, for_readers = is_public || strcmp(listener->caller, "front") == 0;
	char name[64];
	struct http_server_options options = {
		.name = name, .listen_fd = fd, .otherwise = listener->otherwise, .room = room,
		.error_page = for_readers ? page_error : NULL, .body_seconds = listener->body_seconds,
	};

	must(at < ROOM_LISTENERS);
	snprintf(name, sizeof(name), "%s.%s", room->kind->word, listener->caller);
	inside->routes[at] = room_make_table(room, listener);
	options.routes = inside->routes[at];
	if (is_public) {
		room_list_hosts(room, inside->hosts[at], sizeof(inside->hosts[at]) / sizeof(inside->hosts[at][0]));
		options.hosts = inside->hosts[at];
	} else {
		options.peer_count = 1;
		if (!room_caller_uid(room, listener->caller, &options.peer_uids[0], f))
			return false;
	}
	if (!http_server_open(&inside->servers[at], room->loop, &options, f))
		return fault_add(f, "while opening socket %s", name);
	inside->server_count++;
	return true;
}

/* MIMEO_SOCKETS="public=5 cli=6": the inherited descriptor for a caller, or -1. */
static int room_find_socket(const char *caller)
{
	const char *text = getenv("MIMEO_SOCKETS");
	struct str rest = str_from(text), piece;
	int64_t fd;

	while (str_next(&rest, ' ', &piece)) {
		size_t equal = str_find_char(piece, '=');

		if (equal != SIZE_MAX && str_is(str_part(piece, 0, equal), caller)
			&& str_to_i64(str_part(piece, equal + 1, SIZE_MAX), &fd))
			return (int) fd;
	}
	return -1;
}

bool room_open_servers(struct room *room, struct fault *f)
{
	const struct room_listener *listener;

	arena_init(&room->inside->arena, "room", LIMIT_CONF_BYTES);
	for (listener = room->kind->listeners; listener->caller != NULL; listener++) {
		int fd = room_find_socket(listener->caller);

		if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && !room_open_server(room, listener, fd, f))
			return false;
	}
	return true;
}

void room_close_servers(struct room *room)
{
	size_t i;

	for (i = 0; i < room->inside->server_count; i++)
		http_server_close(&room->inside->servers[i]);
	for (i = 0; i < ROOM_LISTENERS; i++)
		memory_free(room->inside->routes[i]);
	room->inside->server_count = 0;
	if (room->inside->arena.life != NULL)
		arena_release(&room->inside->arena);
}
