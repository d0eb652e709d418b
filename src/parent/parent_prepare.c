/* parent_prepare.c: what must stand before a room starts: folders with their owners, the lock, the sockets.
 *
 * Decides: which Unix user owns which folder and which socket, and who may call it. Runs in: the parent, at start; as root
 * where rooms have users of their own. The hard thing: what a room's user can open is the whole of its power.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/must.h"
#include "http/http.h"
#include "parent/parent_inside.h"

enum { PAUSE_MS = 20, ORPHANS_END_MS = 10000 /* rooms drain for nine seconds */ };

static const char *const parent_words[] = {"front", "desk", "newsletter", "support"};

/* The room's user, or ourselves where none is named or we are not root. */
static bool parent_owner(const struct parent *parent, const char *word, uid_t *uid, gid_t *gid, struct fault *f)
{
	struct str name = settings_user(&parent->settings, word);
	struct passwd *user;
	char text[64];

	*uid = geteuid();
	*gid = getegid();
	if (name.len == 0 || *uid != 0)
		return true;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	user = getpwnam(text);
	if (user == NULL)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [users] %s = %s: this machine has no such user: "
			"add it (adduser --system --group %s) or clear the line",
			word, text, text);
	*uid = user->pw_uid;
	*gid = user->pw_gid;
	return true;
}

static bool parent_own(const struct parent *parent, const char *path, uid_t uid, gid_t gid, mode_t mode, struct fault *f)
{
	if (geteuid() == 0 && fchownat(parent->home.fd, path, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
		return fault_errno(f, "%s/%s cannot be given to its room's user", parent->home.path, path);
	if (fchmodat(parent->home.fd, path, mode, 0) != 0)
		return fault_errno(f, "%s/%s cannot be given its mode", parent->home.path, path);
	return true;
}

static bool parent_make_room_folders(struct parent *parent, const char *word, struct fault *f)
{
	char data[64], keys[64], secrets[64];
	uid_t uid;
	gid_t gid;

	snprintf(data, sizeof(data), "data/%s", word);
	snprintf(keys, sizeof(keys), "keys/%s", word);
	snprintf(secrets, sizeof(secrets), "secrets/%s.conf", word);
	if (!parent_owner(parent, word, &uid, &gid, f) || !file_make_folders(parent->home.fd, data, 0700, f)
		|| !parent_own(parent, data, uid, gid, 0700, f) || !file_make_folders(parent->home.fd, keys, 0700, f)
		|| !parent_own(parent, keys, uid, gid, 0700, f))
		return false;
	/* The secrets' owner, not their mode: one that others can read is refused by its room and told by `mimeo check`. */
	if (geteuid() == 0 && file_exists(parent->home.fd, secrets) && fchownat(parent->home.fd, secrets, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
		return fault_errno(f, "%s/%s cannot be given to its room's user", parent->home.path, secrets);
	return true;
}

/* data/site belongs to desk; front reads it as its group. */
static bool parent_make_site(struct parent *parent, struct fault *f)
{
	uid_t desk, front;
	gid_t desk_group, front_group;

	return parent_owner(parent, "desk", &desk, &desk_group, f) && parent_owner(parent, "front", &front, &front_group, f)
		&& file_make_folders(parent->home.fd, "data/site", 0750, f)
		&& parent_own(parent, "data/site", desk, front_group, 02750, f);
}

/* data/newsroom belongs to desk; every room reads it, and all that is in it stands on the site anyway. */
static bool parent_make_newsroom(struct parent *parent, struct fault *f)
{
	uid_t desk;
	gid_t group;

	return parent_owner(parent, "desk", &desk, &group, f) && file_make_folders(parent->home.fd, "data/newsroom", 0755, f)
		&& parent_own(parent, "data/newsroom", desk, group, 0755, f);
}

bool parent_prepare(struct parent *parent, struct fault *f)
{
	static const char *const shared[] = {"data", "keys", "secrets", "run"};
	char lock[PATH_MAX], pid[32];
	struct fault busy = {0};
	size_t i;

	parent->exe_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (parent->exe_fd < 0)
		return fault_errno(f, "the program's own file cannot be opened");
	for (i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (!file_make_folders(parent->home.fd, shared[i], 0711, f))
			return false;
	if (!home_path(&parent->home, lock, f, "run/mimeo.lock"))
		return false;
	if (!file_lock(AT_FDCWD, lock, &parent->lock_fd, &busy)) {
		parent->lock_fd = -1;
		return fault_set(f, busy.kind, "%s is served already: %s", parent->home.path, busy.say);
	}
	for (i = 0; i < sizeof(parent_words) / sizeof(parent_words[0]); i++)
		if (!parent_make_room_folders(parent, parent_words[i], f))
			return false;
	snprintf(pid, sizeof(pid), "%d\n", (int) getpid());
	return parent_make_site(parent, f) && parent_make_newsroom(parent, f)
		&& file_write(parent->home.fd, "run/mimeo.pid", str_from(pid), 0644, false, f);
}

/* --- sockets --- */

static bool parent_bind_public(struct parent *parent, const char *word, int *fd, struct fault *f)
{
	struct str listen = strcmp(word, "desk") == 0 ? parent->settings.desk_listen : parent->settings.listen;
	char address[128];
	int64_t port;
	size_t colon = listen.len;

	while (colon > 0 && listen.at[colon - 1] != ':')
		colon--;
	if (colon < 2 || colon > sizeof(address) || !str_to_i64(str_part(listen, colon, SIZE_MAX), &port) || port < 1 || port > 65535)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: listen = %.*s: write an address and a port, such as 127.0.0.1:8080", STR_ARG(listen));
	snprintf(address, sizeof(address), "%.*s", (int) (colon - 1), listen.at);
	return http_listen_tcp(address, (uint16_t) port, fd, f);
}

/* The home's lock is ours: who still listens there is a room whose parent was killed, and which ends by itself. */
static bool parent_listen(const char *path, int *fd, struct fault *f)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

	for (int waited_ms = 0; !http_listen_unix(AT_FDCWD, path, 0660, fd, f); waited_ms += PAUSE_MS) {
		if (f->kind != FAULT_BUSY || waited_ms >= ORPHANS_END_MS)
			return false;
		fault_clear(f);
		(void) nanosleep(&pause, NULL);
	}
	return true;
}

/* run/ROOM.CALLER.sock: the room's user owns it, the caller's group may connect, nobody else. */
static bool parent_bind_unix(struct parent *parent, const char *word, const char *caller, int *fd, struct fault *f)
{
	char path[PATH_MAX], name[128];
	uid_t room, unused;
	gid_t group;

	if (!home_socket(&parent->home, word, caller, path, f) || !parent_owner(parent, word, &room, &group, f)
		|| !parent_owner(parent, caller, &unused, &group, f))
		return false;
	snprintf(name, sizeof(name), "run/%s.%s.sock", word, caller);
	return parent_listen(path, fd, f) && parent_own(parent, name, room, group, 0660, f);
}

bool parent_open_sockets(struct parent *parent, struct parent_room *room, struct fault *f)
{
	const struct room_listener *listener;

	for (listener = room->kind->listeners; listener->caller != NULL; listener++) {
		struct parent_socket *socket = &room->sockets[room->socket_count];
		bool is_public = strcmp(listener->caller, "public") == 0;

		must(room->socket_count < PARENT_SOCKETS);
		if (is_public && parent->is_errand)
			continue;
		socket->caller = listener->caller;
		if (is_public ? !parent_bind_public(parent, room->kind->word, &socket->fd, f)
			: !parent_bind_unix(parent, room->kind->word, listener->caller, &socket->fd, f))
			return fault_add(f, "while opening socket %s.%s", room->kind->word, listener->caller);
		room->socket_count++;
	}
	return true;
}
