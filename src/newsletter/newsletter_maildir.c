/* newsletter_maildir.c: bounces out of a Maildir: new/ is read, and what was taken is deleted.
 *
 * Decides: which files are taken and that nothing of them stays: a bounce names an address. Leaves to
 * newsletter_reports.c: reading. Runs in: the newsletter room. The hard thing: a kill between the effect and the deletion;
 * the mail is then taken twice, and counts once.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "newsletter_bounce.h"

struct maildir {
	struct newsletter *n;
	int new_fd;
	bool is_reading;
	char name[NAME_MAX + 1];   /* of the mail that is being read */
	char passed[NAME_MAX + 1]; /* this look goes on behind it */
};

bool maildir_open(struct maildir **maildir, struct newsletter *n, struct fault *f)
{
	struct arena arena;
	char *path;
	int fd;

	if (n->room->settings.bounce_maildir.len == 0 || n->room->read_only)
		return true;
	arena_init(&arena, "maildir", PATH_MAX + 64);
	path = str_to_c(str_format(&arena, "%.*s/new", STR_ARG(n->room->settings.bounce_maildir)), &arena);
	fd = path != NULL ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
		fault_errno(f, "mimeo.conf: [newsletter] bounce_maildir: its folder new/ must be there for the newsletter's user to read and "
			"to delete from");
		if (fd >= 0)
			(void) close(fd);
		arena_release(&arena);
		return false;
	}
	arena_release(&arena);
	*maildir = memory_new(1, sizeof(**maildir));
	(*maildir)->n = n;
	(*maildir)->new_fd = fd;
	return true;
}

void maildir_close(struct maildir **maildir)
{
	if (*maildir == NULL)
		return;
	(void) close((*maildir)->new_fd);
	memory_free(*maildir);
	*maildir = NULL;
}

/* The first name, in their order, behind the one that was passed over. A name with a dot at its start is no mail. */
static bool find_name(struct maildir *maildir)
{
	int fd = openat(maildir->new_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	bool found = false;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.' && (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN) &&
			strcmp(entry->d_name, maildir->passed) > 0 && (!found || strcmp(entry->d_name, maildir->name) < 0)) {
			(void) snprintf(maildir->name, sizeof(maildir->name), "%s", entry->d_name);
			found = true;
		}
	if (folder != NULL)
		(void) closedir(folder);
	else if (fd >= 0)
		(void) close(fd);
	return found;
}

static bool read_mail(const struct maildir *maildir, struct buf *mail, struct fault *f)
{
	int fd = openat(maildir->new_fd, maildir->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *at = buf_reserve(mail, REPORT_BYTES);
	size_t len = 0;
	ssize_t got = 1;

	if (fd < 0)
		return fault_errno(f, "a mail of the Maildir cannot be read");
	while (at != NULL && len < REPORT_BYTES && got > 0) {
		got = read(fd, at + len, REPORT_BYTES - len);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			len += (size_t) got;
	}
	buf_grown(mail, len);
	(void) close(fd);
	return got >= 0 || fault_errno(f, "a mail of the Maildir cannot be read");
}

static void look_on(struct maildir *maildir);

/* One that cannot be taken now (a flood's letter, a disk that is full) waits for the next look, and holds up none behind it. */
static void taken(void *self, bool ok)
{
	struct maildir *maildir = self;
	struct fault f = {0};

	maildir->is_reading = false;
	if (!ok)
		(void) snprintf(maildir->passed, sizeof(maildir->passed), "%s", maildir->name);
	else if (!file_remove(maildir->new_fd, maildir->name, &f)) {
		log_fault(&f, "deleting a bounce");
		return;
	}
	look_on(maildir);
}

static void look_on(struct maildir *maildir)
{
	bool is_read = false;
	struct fault f = {0};
	struct buf mail;

	buf_init(&mail, REPORT_BYTES);
	while (!is_read && !maildir->n->room->draining && find_name(maildir)) {
		fault_clear(&f);
		buf_clear(&mail);
		is_read = read_mail(maildir, &mail, &f);
		maildir->is_reading = is_read && reports_take(maildir->n->reports, buf_view(&mail), taken, maildir, &f);
		if (!maildir->is_reading)
			log_fault(&f, "reading the Maildir of bounces");
		if (!is_read)
			(void) snprintf(maildir->passed, sizeof(maildir->passed), "%s", maildir->name);
	}
	buf_wipe(&mail);
}

void maildir_look(void *self)
{
	struct maildir *maildir = self;

	if (maildir->is_reading)
		return;
	maildir->passed[0] = '\0';
	look_on(maildir);
}
