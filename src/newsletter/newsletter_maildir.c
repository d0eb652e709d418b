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
	DIR *look;                 /* at the folder: each mail once, so that one that cannot be taken holds up none behind it. NULL: none */
	char name[NAME_MAX + 1];   /* of the mail that is being read */
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

static void end_look(struct maildir *maildir)
{
	if (maildir->look != NULL)
		(void) closedir(maildir->look);
	maildir->look = NULL;
}

void maildir_close(struct maildir **maildir)
{
	if (*maildir == NULL)
		return;
	end_look(*maildir);
	(void) close((*maildir)->new_fd);
	memory_free(*maildir);
	*maildir = NULL;
}

/* The next regular file; a name with a dot at its start is no mail. */
static bool find_name(struct maildir *maildir)
{
	const struct dirent *entry;
	struct stat info;

	while (maildir->look != NULL && (entry = readdir(maildir->look)) != NULL)
		if (entry->d_name[0] != '.' && fstatat(maildir->new_fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(info.st_mode)) {
			(void) snprintf(maildir->name, sizeof(maildir->name), "%s", entry->d_name);
			return true;
		}
	return false;
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

static void taken(void *self, bool ok)
{
	struct maildir *maildir = self;
	struct fault f = {0};

	maildir->is_reading = false;
	if (ok && !file_remove(maildir->new_fd, maildir->name, &f)) {
		log_fault(&f, "deleting a bounce");
		end_look(maildir);
		return;
	}
	look_on(maildir); /* what was not taken (a flood's letter, a full disk) waits for the next look */
}

static void look_on(struct maildir *maildir)
{
	struct fault f = {0};
	struct buf mail;

	buf_init(&mail, REPORT_BYTES);
	while (!maildir->is_reading && !maildir->n->room->draining && find_name(maildir)) {
		buf_clear(&mail);
		fault_clear(&f);
		if (!read_mail(maildir, &mail, &f)) {
			log_fault(&f, "reading the Maildir of bounces");
			continue;
		}
		maildir->is_reading = reports_take(maildir->n->reports, buf_view(&mail), taken, maildir, &f);
		if (!maildir->is_reading) {
			log_fault(&f, "reading the Maildir of bounces");
			break;
		}
	}
	buf_wipe(&mail);
	if (!maildir->is_reading)
		end_look(maildir);
}

void maildir_look(void *self)
{
	struct maildir *maildir = self;
	int fd;

	if (maildir->is_reading)
		return;
	fd = openat(maildir->new_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	maildir->look = fd >= 0 ? fdopendir(fd) : NULL;
	if (maildir->look == NULL && fd >= 0)
		(void) close(fd);
	look_on(maildir);
}
