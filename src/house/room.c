/* room.c: the life of a room's process: start, serve, drain, end.
 *
 * Decides: the order in which a room takes its user, lock, database, keys and sockets, and gives them back. Leaves to
 * others: what the room is for (struct room_kind). Runs in: every room. The hard thing: the order. Nothing secret is
 * opened before the user is dropped, no socket answers before the database is migrated, and none closes before what it
 * took is answered.
 * SPDX-License-Identifier: ISC */
#include "room.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/must.h"
#include "base/secret.h"
#include "house/room_inside.h"
#include "store/store.h"

/* --- the user --- */

static bool room_find_user(struct str name, struct passwd **out, struct fault *f)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	*out = getpwnam(text);
	if (*out == NULL)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [users] names %s, whom this machine does not know: add the user or clear the line", text);
	return true;
}

bool room_drop_user(struct room *room, struct fault *f)
{
	struct str name = settings_user(&room->settings, room->kind->word);
	struct passwd *user;

	if (name.len == 0 || geteuid() != 0)
		return true;
	if (!room_find_user(name, &user, f))
		return false;
	if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
		return fault_errno(f, "room %s cannot become user %s", room->kind->word, user->pw_name);
	if (setuid(0) == 0)
		return fault_set(f, FAULT_IO, "room %s could still become root", room->kind->word);
	return true;
}

bool room_caller_uid(const struct room *room, const char *caller, uid_t *uid, struct fault *f)
{
	struct str name = settings_user(&room->settings, caller);
	struct passwd *user;
	struct stat home;

	if (name.len > 0) {
		if (!room_find_user(name, &user, f))
			return false;
		*uid = user->pw_uid;
		return true;
	}
	if (fstat(room->home.fd, &home) != 0)
		return fault_errno(f, "the home cannot be read");
	*uid = home.st_uid;
	return true;
}

/* --- start --- */

static bool room_begin(struct room *room, struct fault *f)
{
	const char *path = getenv("MIMEO_HOME");
	const char *exe = getenv("MIMEO_EXE");
	pid_t mother = getppid(); /* until setuid her death ends us: loop_spawn() saw to that */

	must(exe != NULL);
	umask(027);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C reaches the whole terminal's group; the parent says when to end */
	if (!home_open(&room->home, path != NULL ? path : ".", f) || !settings_read(&room->settings, &room->home, f)
		|| !room_drop_user(room, f))
		return false;
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* after setuid, which clears it: no room outlives its parent */
	if (getppid() != mother)
		return fault_set(f, FAULT_IO, "the house ended while this room began");
	room->read_only = home_is_restored(&room->home);
	return room_begin_overlay(room, f);
}

bool room_database_path(const struct room *room, char *path, struct fault *f)
{
	return home_path(&room->home, path, f, "data/%s/%s.db", room->kind->word, room->kind->word);
}

bool room_open_database(struct room *room, bool read_only, struct fault *f)
{
	char path[PATH_MAX], copy[PATH_MAX];
	const struct store_options options = {
		.path = path, .read_only = read_only, .migrations = read_only ? NULL : room->kind->schema,
		.queries = room->kind->queries, .query_count = room->kind->query_count,
		.persist_wal = room->kind->persist_wal, .copy_before_migrating = copy,
	};
	const char *word = room->kind->word;

	if (room->kind->schema == NULL)
		return true;
	return room_database_path(room, path, f)
		&& home_path(&room->home, copy, f, "data/%s/before-migration.db", word)
		&& store_open(&room->db, &options, f);
}

static bool room_lock(struct room *room, struct fault *f)
{
	char path[PATH_MAX];
	const char *word = room->kind->word;

	return home_path(&room->home, path, f, "data/%s/%s.lock", word, word)
		&& file_lock(AT_FDCWD, path, &room->inside->lock_fd, f);
}

/* What a command or a child that was killed left: a whole copy of the database, which would outlive everybody who is
 * erased from it, or an import's files. */
static void room_tidy(struct room *room)
{
	static const char *const left[] = {"backup-", "import-"};
	char path[PATH_MAX];
	struct fault f = {0};
	struct dirent *entry;
	DIR *folder = NULL;
	size_t i;

	if (home_path(&room->home, path, &f, "data/%s", room->kind->word))
		folder = opendir(path);
	while (folder != NULL && (entry = readdir(folder)) != NULL)
		for (i = 0; i < sizeof(left) / sizeof(left[0]); i++)
			if (strncmp(entry->d_name, left[i], strlen(left[i])) == 0 && !file_remove(dirfd(folder), entry->d_name, &f))
				log_fault(&f, "tidying up");
	if (folder != NULL)
		closedir(folder);
}

/* --- drain --- */

static void room_stop(void *self)
{
	struct room *room = self;

	loop_stop(room->loop);
}

static void room_server_drained(void *self)
{
	struct room *room = self;

	if (++room->inside->drained_count == room->inside->server_count)
		loop_stop(room->loop);
}

void room_drained(struct room *room)
{
	size_t i;

	if (room->inside->server_count == 0)
		loop_stop(room->loop);
	for (i = 0; i < room->inside->server_count; i++)
		http_server_drain(room->inside->servers[i], ROOM_DRAIN_MS / 2, room_server_drained, room);
}

static void room_on_term(void *self, int number)
{
	struct room *room = self;

	(void) number;
	if (room->draining)
		return;
	room->draining = true;
	loop_timer_set(room->loop, &room->inside->drain_timer, ROOM_DRAIN_MS, room_stop, room);
	if (room->kind->drain != NULL)
		room->kind->drain(room);
	else
		room_drained(room);
}

/* --- timed work --- */

static void room_periodic_fire(void *self)
{
	struct room_periodic *periodic = self;
	struct room *room = periodic->room;

	loop_timer_set(room->loop, &periodic->timer, periodic->period_ms, room_periodic_fire, periodic);
	if (!room->draining && !home_is_restored(&room->home))
		periodic->call(periodic->self);
}

void room_every(struct room *room, int64_t first_s, int64_t period_s, loop_call *call, void *self)
{
	struct room_periodic *periodic;

	must(room->inside->periodic_count < ROOM_PERIODIC);
	periodic = &room->inside->periodic[room->inside->periodic_count++];
	*periodic = (struct room_periodic){room, NULL, period_s * 1000, call, self};
	loop_timer_set(room->loop, &periodic->timer, first_s * 1000, room_periodic_fire, periodic);
}

/* --- keys, secrets, other rooms --- */

bool room_key(struct room *room, const char *name, struct secret *(*make)(void), struct secret **out, struct fault *f)
{
	char path[PATH_MAX];
	bool ok = false;

	if (!home_path(&room->home, path, f, "keys/%s/%s", room->kind->word, name))
		return false;
	if (file_exists(AT_FDCWD, path))
		return secret_read(AT_FDCWD, path, out, f);
	if (room->read_only || make == NULL)
		return fault_set(f, FAULT_MISSING,
			"keys/%s/%s is missing, and without it data/%s cannot be opened: put the keys of this home, or of the one it is a copy of, there",
			room->kind->word, name, room->kind->word);
	*out = make();
	ok = secret_write(AT_FDCWD, path, *out, f);
	if (!ok)
		secret_free(out);
	return ok;
}

bool room_secrets(struct room *room, const struct conf_key *keys, void *target, struct arena *arena, struct fault *f)
{
	char path[PATH_MAX];
	struct stat file;

	if (!home_path(&room->home, path, f, "secrets/%s.conf", room->kind->word))
		return false;
	if (stat(path, &file) != 0) {
		const struct conf_key *key;

		for (key = keys; key->section != NULL; key++)
			if (key->required)
				return fault_set(f, FAULT_MISSING, "secrets/%s.conf is missing: it must hold [%s] %s (%s)", room->kind->word,
					key->section, key->name, key->meaning);
		return true;
	}
	if ((file.st_mode & 077) != 0)
		return fault_set(f, FAULT_DENIED, "secrets/%s.conf can be read by others: run chmod 600 on it", room->kind->word);
	return conf_read(AT_FDCWD, path, keys, NULL, target, arena, f);
}

bool room_call(struct room *room, const char *other, const char *method, const char *path, json_t *body,
	http_done *done, void *self, struct fault *f)
{
	char socket[PATH_MAX], url[512];
	struct arena arena;
	bool ok = false;

	arena_init(&arena, "room call", LIMIT_JSON_BYTES + 4096);
	if (home_socket(&room->home, other, room->kind->word, socket, f)) {
		struct http_call_options options = {.method = method, .url = url, .unix_socket = socket};

		snprintf(url, sizeof(url), "http://room%s", path);
		if (body != NULL) {
			options.body = http_json_write(body, &arena);
			options.type = "application/json";
		}
		ok = http_call_start(room->client, &options, done, self, NULL, f);
	}
	arena_release(&arena);
	json_decref(body);
	return ok;
}

/* --- the process --- */

static bool room_serve(struct room *room, struct fault *f)
{
	struct room_inside *inside = room->inside;

	if (!room_lock(room, f) || !loop_open(&room->loop, f) || !loop_on_signal(room->loop, SIGTERM, room_on_term, room, f))
		return false;
	room_tidy(room);
	room->client = http_client_new(room->loop);
	if (!room_open_database(room, false, f) || (room->kind->open != NULL && !room->kind->open(room, f))
		|| !room_open_servers(room, f))
		return false;
	inside->since = clock_now();
	room_watch_overlay(room);
	log_event(LOG_ROOM_START, LOG_I64("pid", getpid()), LOG_C("read_only", room->read_only ? "yes" : "no"));
	return file_write_all(STDOUT_FILENO, STR("ready\n"), f) && loop_run(room->loop, f);
}

static void room_end(struct room *room)
{
	size_t i;

	room_close_servers(room);
	if (room->loop != NULL) {
		for (i = 0; i < room->inside->periodic_count; i++)
			loop_timer_stop(&room->inside->periodic[i].timer);
		loop_timer_stop(&room->inside->drain_timer);
		room_end_log(room);
	}
	if (room->kind->close != NULL && room->self != NULL)
		room->kind->close(room);
	http_client_free(&room->client);
	store_close(&room->db);
	room_end_overlay(room);
	loop_close(&room->loop);
	settings_release(&room->settings);
	home_close(&room->home);
}

int room_main(const struct room_kind *kind, int argc, char **argv)
{
	struct room_inside inside = {.lock_fd = -1};
	struct room room = {.kind = kind, .inside = &inside};
	const struct room_bare *bare = argc > 0 ? room_find_bare(kind, argv[0]) : NULL;
	const struct rlimit no_core = {0, 0};
	struct fault f = {0};
	int code = 0;

	log_set_room(kind->word);
	(void) setrlimit(RLIMIT_CORE, &no_core); /* memory holds people's addresses */
	room.home.fd = -1;
	if (bare != NULL)
		return room_bare_main(bare, argc - 1, argv + 1);
	if (!room_begin(&room, &f))
		code = fault_exit_code(f.kind);
	else if (argc > 0)
		code = room_job_main(&room, argc, argv);
	else if (!room_serve(&room, &f))
		code = fault_exit_code(f.kind);
	if (f.kind != FAULT_NONE)
		log_fault(&f, "starting or serving");
	room_end(&room);
	if (argc == 0)
		log_event(LOG_ROOM_STOP, LOG_I64("pid", getpid()), LOG_I64("code", code));
	return code;
}
