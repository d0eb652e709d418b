/* newsletter_bond.c: the room's tie to its keeper: the lock, the journal, the process.
 *
 * Decides: when a keeper may be started: when nobody holds keeper.lock and the journal is in the database. Leaves to
 * newsletter_fold.c: what the journal means; to newsletter_sender.c: what is said. Runs in: the newsletter room. The hard
 * thing: there must never be two keepers, nor a moment between two in which a record could be missed. The room itself takes
 * the lock, folds and empties the journal, and hands lock and journal on as open descriptors, so that the lock is never free
 * in between.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"
#include "base/secret.h"
#include "mail/smtp.h"
#include "newsletter/newsletter_journal.h"
#include "newsletter/newsletter_keeper.h"
#include "newsletter/newsletter_talk.h"

struct newsletter_bond {
	struct newsletter *n;
	struct talk talk;
	bool tied;
	struct loop_child *child;
	bool (*take)(void *self, unsigned type, struct str payload);
	void (*on_end)(void *self);
	void *self;
};

static void close_all(int fds[KEEPER_FDS])
{
	for (int i = 0; i < KEEPER_FDS; i++) {
		if (fds[i] >= 0)
			(void) close(fds[i]);
		fds[i] = -1;
	}
}

static bool open_segment(struct newsletter *n, const char *name, int *fd, struct fault *f)
{
	char path[PATH_MAX];

	if (!home_path(&n->room->home, path, f, "data/newsletter/%s", name))
		return false;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return *fd >= 0 || fault_errno(f, "the keeper's journal cannot be opened");
}

/* New files are found after a power cut only if their folder is on disk. */
static bool sync_folder(struct newsletter *n, struct fault *f)
{
	char path[PATH_MAX];
	int fd;
	bool ok;

	if (!home_path(&n->room->home, path, f, "data/newsletter"))
		return false;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = (fd >= 0 && fsync(fd) == 0) || fault_errno(f, "data/newsletter cannot be made durable");
	if (fd >= 0)
		(void) close(fd);
	return ok;
}

static bool open_files(struct newsletter *n, int fds[KEEPER_FDS], struct fault *f)
{
	char path[PATH_MAX];

	return home_path(&n->room->home, path, f, "data/newsletter/keeper.lock") &&
		file_lock(AT_FDCWD, path, &fds[KEEPER_LOCK], f) &&
		open_segment(n, "keeper-a.journal", &fds[KEEPER_JOURNAL_A], f) &&
		open_segment(n, "keeper-b.journal", &fds[KEEPER_JOURNAL_B], f) && sync_folder(n, f);
}

#ifdef MIMEO_DEBUG
/* In a test's process there is no program to start: the keeper is a fork of it. */
static bool start_fork(const int fds[KEEPER_FDS], int ours, struct fault *f)
{
	struct fault its = {0};
	pid_t pid = fork();

	if (pid < 0)
		return fault_errno(f, "cannot start a process");
	if (pid > 0) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		return true;
	}
	memory_fail_at(0);
	(void) close(ours);
	if (fork() != 0) /* twice, so that nobody has to wait for it */
		_exit(0);
	_exit(keeper_run(fds, &its) ? 0 : fault_exit_code(its.kind));
}
#endif

bool newsletter_own_program(int *exe_fd, struct fault *f)
{
	const char *exe = getenv("MIMEO_EXE");
	int64_t number = -1;

	if (exe == NULL || !str_to_i64(str_from(exe), &number) || number < 0 || number > INT32_MAX)
		return fault_set(f, FAULT_IO, "the room does not know its own program");
	*exe_fd = (int) number;
	return true;
}

static bool start_process(struct newsletter_bond *bond, const int fds[KEEPER_FDS], int ours, struct fault *f)
{
	char numbers[KEEPER_FDS][12];
	char *argv[KEEPER_FDS + 5] = {(char[]){"mimeo"}, (char[]){"-x"}, (char[]){"newsletter"}, (char[]){"keeper"}};
	struct loop_spawn how = {.argv = argv, .keep_fds = fds, .keep_count = KEEPER_FDS, .self = bond};

#ifdef MIMEO_DEBUG
	if (getenv("MIMEO_EXE") == NULL)
		return start_fork(fds, ours, f);
#endif
	(void) ours;
	if (!newsletter_own_program(&how.exe_fd, f))
		return false;
	for (int i = 0; i < KEEPER_FDS; i++) {
		(void) snprintf(numbers[i], sizeof(numbers[i]), "%d", fds[i]);
		argv[4 + i] = numbers[i];
	}
	return loop_spawn(bond->n->room->loop, &how, &bond->child, f);
}

static enum smtp_security security_of(struct str text)
{
	return str_is(text, "plain") ? SMTP_PLAIN : str_is(text, "tls") ? SMTP_TLS : SMTP_STARTTLS;
}

static void tell_hosts(struct newsletter_bond *bond)
{
	struct newsletter *n = bond->n;
	const struct settings *is = &n->room->settings;

	for (size_t i = 0; i < is->smtp_count; i++) {
		const struct settings_smtp *smtp = &is->smtp[i];
		const struct talk_host host = {.host = (unsigned) i, .security = (unsigned) security_of(smtp->security),
			.port = (uint16_t) smtp->port, .connections = (unsigned) smtp->connections, .name = smtp->host, .user = smtp->user,
			.password = secret_bytes(n->smtp_passwords[i]),
			.helo = smtp->helo.len > 0 ? smtp->helo : newsletter_dkim_domain(n), .ca_file = smtp->ca_file};

		talk_send_host(&bond->talk, &host);
	}
	talk_flush(&bond->talk);
}

static bool start_keeper(struct newsletter_bond *bond, int fds[KEEPER_FDS], struct fault *f)
{
	const int size = 1024 * 1024; /* whole mails at a time, where the system allows it */
	int pair[2];

	loop_child_forget(&bond->child);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return fault_errno(f, "cannot make a socket for the keeper");
	for (int i = 0; i < 2; i++)
		(void) setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	fds[KEEPER_SOCKET] = pair[1];
	if (!start_process(bond, fds, pair[0], f) ||
		!talk_open(&bond->talk, bond->n->room->loop, pair[0], bond->take, bond->on_end, bond->self, f)) {
		(void) close(pair[0]);
		return false;
	}
	bond->tied = true;
	tell_hosts(bond);
	return true;
}

bool newsletter_bond_tie(struct newsletter_bond *bond, struct fault *f)
{
	int fds[KEEPER_FDS] = {-1, -1, -1, -1};
	const int *journal = &fds[KEEPER_JOURNAL_A];
	bool ok;

	must(!bond->tied);
	ok = open_files(bond->n, fds, f) && newsletter_recover(bond->n, journal, f) && start_keeper(bond, fds, f);
	close_all(fds); /* the keeper has its own of all of them */
	return ok;
}

struct talk *newsletter_bond_talk(struct newsletter_bond *bond)
{
	return bond->tied ? &bond->talk : NULL;
}

void newsletter_bond_cut(struct newsletter_bond *bond)
{
	if (bond->tied)
		talk_close(&bond->talk);
	bond->tied = false;
}

struct newsletter_bond *newsletter_bond_new(struct newsletter *n, bool (*take)(void *self, unsigned type, struct str payload),
	void (*on_end)(void *self), void *self)
{
	struct newsletter_bond *bond = memory_new(1, sizeof(*bond));

	*bond = (struct newsletter_bond){.n = n, .take = take, .on_end = on_end, .self = self};
	return bond;
}

void newsletter_bond_free(struct newsletter_bond **out)
{
	struct newsletter_bond *bond = *out;

	*out = NULL;
	if (bond == NULL)
		return;
	newsletter_bond_cut(bond);
	loop_child_forget(&bond->child);
	memory_free(bond);
}
