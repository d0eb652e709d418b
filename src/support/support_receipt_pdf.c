/* support_receipt_pdf.c: mimeo-receipt as a child: lines in, a PDF out.
 *
 * Decides: one child at a time, a few wait, how long it may take. Leaves to src/receipt: paper. Runs in: support. The hard
 * thing: none; the child gets the lines and nothing else: no descriptor, no key, an empty environment.
 * SPDX-License-Identifier: ISC */
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"
#include "support_inside.h"
#include "support_receipt.h"

enum { WAITING_MOST = 8, PDF_MOST = 4 * 1024 * 1024, PATIENCE_MS = 20000 };

/* One that is set or waits. */
struct setting {
	struct setting *next;
	struct support *support;
	struct http_request *rq;
	support_pdf_done *done;
	void *self;
	struct buf lines, pdf;
	bool is_broken;
	struct loop_child *child;
	struct loop_timer *timer;
};

/* The first is under way. One process has one room. */
static struct setting *queue;

static void start(struct setting *setting);

static bool find_program(char path[PATH_MAX], struct fault *f)
{
	static const char name[] = "mimeo-receipt";
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - sizeof(name));
	char *slash;

	if (len <= 0)
		return fault_errno(f, "cannot find mimeo-receipt");
	path[len] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash != NULL ? slash + 1 : path, name, sizeof(name));
	return access(path, X_OK) == 0 || fault_set(f, FAULT_IO, "there is no mimeo-receipt beside mimeo: build it with make");
}

/* The first one's end; the next begins. */
static void end(struct setting *setting, const struct fault *f)
{
	must(queue == setting);
	queue = setting->next;
	loop_timer_stop(&setting->timer);
	setting->done(setting->rq, f == NULL ? str_copy(buf_view(&setting->pdf), http_arena(setting->rq)) : (struct str){NULL, 0}, f,
		setting->self);
	buf_release(&setting->lines);
	buf_release(&setting->pdf);
	memory_free(setting);
	if (queue != NULL)
		start(queue);
}

static void on_line(void *self, struct str line)
{
	struct setting *setting = self;
	char *at = buf_reserve(&setting->pdf, line.len);
	size_t len = 0;

	if (at == NULL || sodium_base642bin((unsigned char *) at, line.len, line.at, line.len, NULL, &len, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0)
		setting->is_broken = true;
	else
		buf_grown(&setting->pdf, len);
}

static void on_end(void *self, int wait_status)
{
	struct setting *setting = self;
	struct fault f = {0};

	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 && !setting->is_broken && setting->pdf.len > 0) {
		end(setting, NULL);
		return;
	}
	fault_set(&f, FAULT_IO, "the receipt could not be set: mimeo-receipt ended without one");
	end(setting, &f);
}

static void on_patience(void *self)
{
	struct setting *setting = self;

	if (setting->child != NULL)
		loop_child_kill(setting->child, SIGKILL);
}

static void start(struct setting *setting)
{
	char path[PATH_MAX], name[] = "mimeo-receipt", lang[] = "LANG=C.UTF-8", home[] = "HOME=/nonexistent";
	char *argv[] = {name, NULL}, *env[] = {lang, home, NULL};
	struct fault f = {0};
	struct loop_spawn how = {.exe_fd = -1, .program = path, .argv = argv, .env = env, .input = buf_view(&setting->lines),
		.lower_priority = 5, .on_line = on_line, .on_end = on_end, .self = setting};

	if (!find_program(path, &f) || !loop_spawn(setting->support->room->loop, &how, &setting->child, &f)) {
		end(setting, &f);
		return;
	}
	loop_timer_set(setting->support->room->loop, &setting->timer, PATIENCE_MS, on_patience, setting);
}

bool support_set_pdf(struct support *support, struct http_request *rq, struct str lines, support_pdf_done *done, void *self,
	struct fault *f)
{
	struct setting *setting, **last = &queue;
	size_t waiting = 0;

	for (; *last != NULL; last = &(*last)->next)
		waiting++;
	if (waiting >= WAITING_MOST)
		return fault_set(f, FAULT_BUSY, "many receipts are being made just now: try again in a minute");
	setting = memory_new(1, sizeof(*setting));
	*setting = (struct setting){.support = support, .rq = rq, .done = done, .self = self};
	buf_init(&setting->lines, lines.len + 1);
	buf_add_str(&setting->lines, lines);
	buf_init(&setting->pdf, PDF_MOST);
	*last = setting;
	if (queue == setting)
		start(setting);
	return true;
}
