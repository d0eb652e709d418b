/* errand.c: how a command reaches rooms.
 *
 * Decides: whether a house runs already, and if not starts one of just the rooms that the command needs. Leaves to
 * others: what is asked. Runs in: the command's process. The hard thing: a house that starts or ends at the same moment;
 * its lock decides.
 * SPDX-License-Identifier: ISC */
#include "errand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "http/http_client.h"

enum { ERRAND_ARENA = 32 * 1024 * 1024, WATCH_MS = 200, START_SECONDS = 30 };

/* Is the house's lock held by somebody? */
static bool errand_house_runs(const struct home *home, bool *runs, struct fault *f)
{
	struct fault lock = {0};
	char path[PATH_MAX];
	int fd = -1;

	if (!home_path(home, path, f, "run/mimeo.lock") || !file_make_folders(home->fd, "run", 0711, f))
		return false;
	if (file_lock(AT_FDCWD, path, &fd, &lock)) {
		close(fd);
		*runs = false;
		return true;
	}
	*runs = lock.kind == FAULT_BUSY;
	if (!*runs && f != NULL)
		*f = lock;
	return *runs;
}

static _Noreturn void errand_exec_house(const struct errand *errand, const char *rooms, int ready_fd)
{
	char log[PATH_MAX];
	int log_fd = -1;
	const char *argv[] = {"mimeo", "serve", "-C", errand->home.path, "--errand", rooms, NULL};
	int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(ready_fd, STDOUT_FILENO);
	if (home_path(&errand->home, log, NULL, "run/errand.log"))
		log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd >= 0)
		dup2(log_fd, STDERR_FILENO);
	setpgid(0, 0); /* Ctrl-C ends the command, which ends its house in order */
	if (exe >= 0)
		fexecve(exe, (char *const *) (uintptr_t) argv, environ);
	_exit(127);
}

/* Waits for "mimeo: ready", or for the house's end. */
static bool errand_await_ready(int fd, const char *rooms, struct fault *f)
{
	const int64_t until_ms = clock_mono_ms() + START_SECONDS * 1000;
	char text[256];
	size_t len = 0;

	while (len < sizeof(text) - 1) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		int64_t left_ms = until_ms - clock_mono_ms();
		int turned = left_ms > 0 ? poll(&wait, 1, (int) left_ms) : 0;
		ssize_t got;

		if (turned < 0 && errno == EINTR)
			continue;
		if (turned == 0)
			return fault_set(f, FAULT_BUSY, "rooms (%s) are not ready after %d s: run/errand.log in the home says why", rooms,
				START_SECONDS);
		got = read(fd, text + len, sizeof(text) - 1 - len);
		if (got <= 0)
			return fault_set(f, FAULT_IO, "rooms (%s) did not start: run/errand.log in the home says why", rooms);
		len += (size_t) got;
		text[len] = '\0';
		if (strstr(text, "mimeo: ready") != NULL)
			return true;
	}
	return fault_set(f, FAULT_IO, "rooms (%s) did not say that they are ready", rooms);
}

static off_t errand_log_length(const struct errand *errand)
{
	struct stat log;

	return fstatat(errand->home.fd, "run/errand.log", &log, AT_SYMLINK_NOFOLLOW) == 0 ? log.st_size : 0;
}

/* What the room said last before it gave up, from errand.log: better than the name of a file. */
static void errand_say_why(const struct errand *errand, off_t since, struct fault *f)
{
	const enum fault_kind kind = f->kind;
	char text[4096], *say = NULL, *next, *end, *room;
	const off_t length = errand_log_length(errand);
	const off_t from = length - since > (off_t) sizeof(text) - 1 ? length - (off_t) sizeof(text) + 1 : since;
	int fd = openat(errand->home.fd, "run/errand.log", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = fd >= 0 ? pread(fd, text, sizeof(text) - 1, from) : 0;

	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	for (next = strstr(text, " say=\""); next != NULL; next = strstr(say, " say=\""))
		say = next + strlen(" say=\"");
	end = say != NULL ? strchr(say, '"') : NULL;
	if (end == NULL || end - say < 2 || end[-1] == '\\')
		return;
	for (room = say; room > text && *room != '\n' && strncmp(room, " room=", 6) != 0; room--)
		;
	room += strncmp(room, " room=", 6) == 0 ? 6 : 0;
	fault_clear(f);
	fault_set(f, kind, "%.*s: %.*s (run/errand.log in the home has more)", (int) strcspn(room, " \n"), room, (int) (end - say), say);
}

static bool errand_start_house(struct errand *errand, const char *rooms, struct fault *f)
{
	const off_t since = errand_log_length(errand);
	int pipe_fds[2];
	pid_t pid;
	bool ok;

	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		return fault_errno(f, "a pipe cannot be made");
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		errand_exec_house(errand, rooms, pipe_fds[1]);
	close(pipe_fds[1]);
	if (pid < 0) {
		close(pipe_fds[0]);
		return fault_errno(f, "a process cannot be started");
	}
	errand->house_pid = pid;
	ok = errand_await_ready(pipe_fds[0], rooms, f);
	if (!ok)
		errand_say_why(errand, since, f);
	close(pipe_fds[0]);
	return ok;
}

bool errand_need(struct errand *errand, const char *rooms, struct fault *f)
{
	bool runs = true;

	if (!errand_house_runs(&errand->home, &runs, f))
		return false;
	return runs || errand_start_house(errand, rooms, f);
}

bool errand_begin(struct errand *errand, const char *home, const char *rooms, struct fault *f)
{
	arena_init(&errand->arena, "command", ERRAND_ARENA);
	errand->home.fd = -1;
	errand->home_path = home;
	if (rooms == NULL)
		return true;
	if (!home_open(&errand->home, home, f))
		return false;
	return rooms[0] == '\0' || errand_need(errand, rooms, f);
}

void errand_leave(struct errand *errand)
{
	int status;

	if (errand->house_pid > 0) {
		kill(errand->house_pid, SIGTERM);
		waitpid(errand->house_pid, &status, 0);
		errand->house_pid = 0;
	}
}

void errand_end(struct errand *errand)
{
	errand_leave(errand);
	home_close(&errand->home);
	arena_release(&errand->arena);
}

bool errand_call(struct errand *errand, const char *room, const char *method, const char *path, json_t *body,
	json_t **reply, struct fault *f)
{
	char socket[PATH_MAX], url[1024];
	struct http_reply answer = {0};
	bool ok = false;
	struct http_call_options options = {.method = method, .url = url, .unix_socket = socket, .timeout_ms = 120000};

	snprintf(url, sizeof(url), "http://room%s", path);
	if (body != NULL) {
		options.body = http_json_write(body, &errand->arena);
		options.type = "application/json";
		json_decref(body);
	}
	if (!home_socket(&errand->home, room, "cli", socket, f))
		return false;
	if (!file_exists(AT_FDCWD, socket))
		return fault_set(f, FAULT_BUSY, "room %s is not running in this house: another command may be at work; try again", room);
	ok = http_call_wait(&options, &errand->arena, &answer, f) && http_reply_ok(&answer, f);
	if (ok && reply != NULL)
		ok = http_json_parse(answer.body, reply, f);
	return ok || fault_add(f, "while asking %s %s of room %s", method, path, room);
}

/* --- progress --- */

static void errand_draw(const char *what, json_t *state, bool is_terminal, int64_t *last_said)
{
	int64_t done = 0, total = 0;
	struct str line = http_json_text(state, "line");
	int i, filled;

	http_json_i64(state, "done", &done);
	http_json_i64(state, "total", &total);
	if (!is_terminal) {
		if (done >= *last_said + (total > 20 ? total / 10 : 10) && total > 0) {
			fprintf(stderr, "%s: %lld of %lld\n", what, (long long) done, (long long) total);
			*last_said = done;
		}
		return;
	}
	filled = total > 0 ? (int) (done * 30 / total) : 0;
	fprintf(stderr, "\r\033[K%s [", what);
	for (i = 0; i < 30; i++)
		fputc(i < filled ? '#' : '.', stderr);
	fprintf(stderr, "] %lld of %lld  %.*s", (long long) done, (long long) total, line.len > 40 ? 40 : (int) line.len,
		line.at != NULL ? line.at : "");
	fflush(stderr);
}

static bool errand_failed(json_t *state, struct fault *f)
{
	const json_t *fault = json_object_get(state, "fault");
	struct str say = http_json_text(fault, "say"), kind = http_json_text(fault, "kind");
	int which;

	for (which = FAULT_INPUT; which < FAULT_UNCERTAIN; which++)
		if (str_is(kind, fault_name((enum fault_kind) which)))
			break;
	return fault_set(f, (enum fault_kind) which, "%.*s", STR_ARG(say));
}

bool errand_watch(struct errand *errand, const char *room, const char *path, const char *what, json_t **reply, struct fault *f)
{
	bool is_terminal = isatty(STDERR_FILENO) != 0, ok = false;
	json_t *state = NULL;
	int64_t last_said = 0;

	for (;;) {
		struct str word;

		if (!errand_call(errand, room, "GET", path, NULL, &state, f))
			break;
		word = http_json_text(state, "state");
		if (!errand->json)
			errand_draw(what, state, is_terminal, &last_said);
		if (!str_is(word, "running") && !str_is(word, "queued") && !str_is(word, "sending")) {
			ok = !str_is(word, "failed") || errand_failed(state, f);
			break;
		}
		json_decref(state);
		state = NULL;
		usleep(WATCH_MS * 1000);
	}
	if (is_terminal && !errand->json)
		fputs("\r\033[K", stderr);
	if (ok && reply != NULL)
		*reply = json_incref(state);
	json_decref(state);
	return ok;
}
