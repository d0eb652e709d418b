/* newsletter_reports.c: mails that come back are read in a child that can do nothing else.
 *
 * Decides: how many wait, how the child is shut in, what is believed of its answer. Leaves to mail/report.c: reading; to
 * newsletter_bounce.c: what follows. Runs in: the newsletter room and its child. The hard thing: the child's bytes are the
 * most hostile ones that the house takes, and its room holds every address. So the child gets the mail on its standard
 * input, then gives up everything: no files, no sockets, no memory beyond what it has, and (seccomp's strict mode) no
 * system call but read, write and exit. What it says is one line of facts, checked again here.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "newsletter_bounce.h"
#include "newsletter_letters.h"

enum { WAITING_MOST = 64, CHILD_MS = 10000, CHILD_CPU_S = 5, CHILD_MEMORY = 64 * 1024 * 1024, LINE_BYTES = 2048 };

/* --- the line between child and room --- */

void reports_write_line(const struct mail_report *report, const struct mail_letter *letter, struct buf *out)
{
	buf_format(out, "%s %s", mail_report_name(report->kind), report->status[0] != '\0' ? report->status : "-");
	for (size_t i = 0; i < report->mark_count; i++)
		buf_format(out, " %c:%s", report->marks[i].where == MAIL_MARK_LINK ? 'l' : 'a', report->marks[i].text);
	newsletter_letter_write(letter, out);
	buf_add_char(out, '\n');
}

static bool is_status(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!(text.at[i] >= '0' && text.at[i] <= '9') && text.at[i] != '.')
			return false;
	return text.len < sizeof(((struct mail_report *) NULL)->status);
}

static bool parse_mark(struct str word, struct mail_report *report)
{
	struct mail_report_mark *mark = &report->marks[report->mark_count];
	struct str text = str_part(word, 2, SIZE_MAX);

	if (report->mark_count == MAIL_REPORT_MARKS || text.len == 0 || text.len > MAIL_REPORT_MARK_BYTES ||
		!(str_starts(word, STR("a:")) || str_starts(word, STR("l:"))))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!(text.at[i] >= 'a' && text.at[i] <= 'z') && !(text.at[i] >= '2' && text.at[i] <= '7'))
			return false;
	mark->where = word.at[0] == 'l' ? MAIL_MARK_LINK : MAIL_MARK_ADDRESS;
	memcpy(mark->text, text.at, text.len);
	mark->text[text.len] = '\0';
	report->mark_count++;
	return true;
}

bool reports_parse_line(struct str line, struct mail_report *report, struct mail_letter *letter)
{
	struct str word;

	*report = (struct mail_report){0};
	*letter = (struct mail_letter){0};
	if (!str_next(&line, ' ', &word) || !mail_report_from(word, &report->kind) || !str_next(&line, ' ', &word))
		return false;
	if (!str_is(word, "-")) {
		if (!is_status(word))
			return false;
		memcpy(report->status, word.at, word.len);
	}
	while (str_next(&line, ' ', &word))
		if (!newsletter_letter_parse(word, letter) && !parse_mark(word, report))
			return false;
	return true;
}

/* --- the child --- */

static char mail_bytes[REPORT_BYTES], work_bytes[MAIL_REPORT_WORK_BYTES];

static size_t read_all(void)
{
	size_t len = 0;

	while (len < sizeof(mail_bytes)) {
		ssize_t got = read(STDIN_FILENO, mail_bytes + len, sizeof(mail_bytes) - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += (size_t) got;
	}
	return len;
}

static bool limit(int which, rlim_t most)
{
	const struct rlimit is = {most, most};

	return setrlimit((__rlimit_resource_t) which, &is) == 0;
}

/* After this the process can read, write and end. Sanitizers want more: there the limits alone hold. */
static bool shut_in(struct fault *f)
{
	bool ok = limit(RLIMIT_CPU, CHILD_CPU_S) && limit(RLIMIT_NOFILE, 3) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CORE, 0);

#ifndef MIMEO_DEBUG
	ok = ok && limit(RLIMIT_AS, CHILD_MEMORY) && limit(RLIMIT_NPROC, 0) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
#endif
	if (!ok)
		return fault_errno(f, "the reader of bounces cannot be shut in");
	(void) close(STDERR_FILENO); /* the house's log is not for what a stranger's mail makes of us */
#ifndef MIMEO_DEBUG
	ok = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0;
#endif
	return ok || fault_errno(f, "the reader of bounces cannot be shut in");
}

bool reports_main(int argc, char **argv, struct fault *f)
{
	struct mail_report report;
	struct mail_letter letter;
	struct buf line;
	size_t len = read_all();

	(void) argc;
	(void) argv;
	buf_init(&line, LINE_BYTES);
	if (buf_reserve(&line, LINE_BYTES) == NULL) /* nothing can be allocated later */
		return fault_full(f, "a report's line");
	if (!shut_in(f))
		return false;
	mail_report_read(str_make(mail_bytes, len), work_bytes, &report);
	mail_letter_read(str_make(mail_bytes, len), &letter);
	reports_write_line(&report, &letter, &line);
	(void) !write(STDOUT_FILENO, line.at, line.len);
#ifndef MIMEO_DEBUG
	syscall(SYS_exit, 0); /* exit_group, which exit() calls, is one call too many here */
#endif
	buf_release(&line);
	return true;
}

/* --- the room --- */

struct waiting {
	struct waiting *next;
	struct buf mail;
	report_done *done;          /* NULL: nobody waits for it any more */
	void *self;
};

struct reports {
	struct newsletter *n;
	struct waiting *first, *last; /* first is being read while child is there */
	size_t count;
	struct loop_child *child;
	struct loop_timer *timer, *again;
	bool has_line;
	struct mail_report report;
	struct mail_letter letter;
};

static void read_next(void *self);

static void end_first(struct reports *reports, bool ok)
{
	struct waiting *done = reports->first;

	reports->first = done->next;
	if (reports->first == NULL)
		reports->last = NULL;
	reports->count--;
	if (done->done != NULL)
		done->done(done->self, ok);
	buf_release(&done->mail);
	memory_free(done);
	if (reports->first != NULL)
		loop_timer_set(reports->n->room->loop, &reports->again, 0, read_next, reports);
}

static void on_line(void *self, struct str line)
{
	struct reports *reports = self;

	if (!reports->has_line)
		reports->has_line = reports_parse_line(line, &reports->report, &reports->letter);
}

static void on_late(void *self)
{
	struct reports *reports = self;

	if (reports->child != NULL)
		loop_child_kill(reports->child, SIGKILL);
}

/* A mail that the child cannot read says nothing; handed in again, it would say as little. A child that could not begin is
 * another thing: it ends by itself and with a code. */
static void on_end(void *self, int wait_status)
{
	struct reports *reports = self;
	const char *what = "";
	bool is_letter = false, ok;
	struct fault f = {0};

	loop_timer_stop(&reports->timer);
	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) != 0) {
		log_event(LOG_BOUNCE, LOG_C("kind", "not_begun"), LOG_I64("code", WEXITSTATUS(wait_status)));
		end_first(reports, false);
		return;
	}
	if (!reports->has_line) {
		reports->report = (struct mail_report){0};
		reports->letter = (struct mail_letter){0};
		log_event(LOG_BOUNCE, LOG_C("kind", "unreadable"), LOG_I64("wait_status", wait_status));
	}
	ok = newsletter_take_letter(reports->n, &reports->letter, &is_letter, &f);
	if (ok && !is_letter)
		ok = newsletter_take_report(reports->n, &reports->report, &what, &f);
	explicit_bzero(&reports->letter, sizeof(reports->letter));
	if (!ok)
		log_fault(&f, "taking a bounce");
	end_first(reports, ok);
}

static void read_next(void *self)
{
	struct reports *reports = self;
	struct fault f = {0};

	if (reports->child != NULL || reports->first == NULL)
		return;
	reports->has_line = false;
	if (!room_bare_feed(reports->n->room, "report", buf_view(&reports->first->mail), on_line, on_end, reports, &reports->child, &f)) {
		log_fault(&f, "starting the reader of bounces");
		end_first(reports, false);
		return;
	}
	loop_timer_set(reports->n->room->loop, &reports->timer, CHILD_MS, on_late, reports);
}

struct reports *reports_new(struct newsletter *n)
{
	struct reports *reports = memory_new(1, sizeof(*reports));

	reports->n = n;
	return reports;
}

void reports_free(struct reports **handle)
{
	struct reports *reports = *handle;

	if (reports == NULL)
		return;
	*handle = NULL;
	loop_timer_stop(&reports->timer);
	loop_timer_stop(&reports->again);
	loop_child_forget(&reports->child);
	while (reports->first != NULL) {
		struct waiting *next = reports->first->next;

		buf_release(&reports->first->mail);
		memory_free(reports->first);
		reports->first = next;
	}
	memory_free(reports);
}

bool reports_take(struct reports *reports, struct str mail, report_done *done, void *self, struct fault *f)
{
	struct waiting *waiting;

	if (reports->n->room->read_only)
		return fault_set(f, FAULT_BUSY, "this is a restored copy: it takes no bounces until it is confirmed");
	if (reports->count == WAITING_MOST)
		return fault_set(f, FAULT_BUSY, "%d bounces wait to be read already: hand it in again later", WAITING_MOST);
	waiting = memory_new(1, sizeof(*waiting));
	buf_init(&waiting->mail, REPORT_BYTES);
	buf_add_str(&waiting->mail, str_part(mail, 0, REPORT_BYTES));
	waiting->done = done;
	waiting->self = self;
	if (reports->last != NULL)
		reports->last->next = waiting;
	else
		reports->first = waiting;
	reports->last = waiting;
	reports->count++;
	loop_timer_set(reports->n->room->loop, &reports->again, 0, read_next, reports);
	return true;
}

void reports_forget(struct reports *reports, void *self)
{
	for (struct waiting *one = reports->first; one != NULL; one = one->next)
		if (one->self == self)
			one->done = NULL;
}
