/* newsletter_signing.c: the room's side of the signers: how many, which job goes to which, what becomes of a dead one's.
 *
 * Decides: when they run (while an issue is mailed, and a minute longer). Leaves to newsletter_signer.c: signing; to
 * newsletter_sender.c: the mails. Runs in: the newsletter room. The hard thing: nothing may depend on them. A signer that dies,
 * or cannot be started, costs speed alone: its jobs are signed here.
 * SPDX-License-Identifier: ISC */
#include "newsletter_signing.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"
#include "base/secret.h"
#include "newsletter_inside.h"
#include "newsletter_keys.h"

enum {
	SIGNERS_MOST = 16,
	JOBS_MOST = 2 * SIGNING_BATCH, /* one batch is worked on, one waits; of all signers they are as many as there are drafts */
	AGAIN_MS = 5000,
	IDLE_MS = 60000,
	HANG_MS = 20000,               /* a batch takes some ms; so long without a word is a process that is stopped */
	LOOK_MS = 5000
};

struct job {
	uint32_t slot, serial;
};

struct signer {
	struct newsletter_signing *signing;
	int fd;                        /* -1: has ended */
	struct loop_watch *watch;
	struct loop_child *child;
	struct job jobs[JOBS_MOST];    /* in the order in which they are answered */
	size_t job_count;              /* the batch's, too */
	int64_t heard_ms;              /* when it answered last, or was given something to do */
	size_t batch_count, batch_len;
	unsigned char batch[SIGNING_BATCH * (SIGNING_JOB_BYTES + DKIM_SIGNERS_MOST * DKIM_DIGEST_BYTES)];
};

struct newsletter_signing {
	struct newsletter *n;
	struct signer signers[SIGNERS_MOST];
	size_t count, alive;
	size_t keys;                   /* of the pair that they have */
	int64_t again_ms;              /* not started before */
	int64_t worked_ms;
	struct loop_timer *look_timer;
	signing_done *done;
	void (*settled)(void *self);
	void *self;
#ifdef MIMEO_DEBUG
	size_t forks;
	pid_t fork_pids[SIGNERS_MOST];
#endif
};

/* --- ends --- */

/* Its jobs are given back, or (tell false) forgotten. */
static void end_signer(struct signer *signer, bool tell)
{
	struct newsletter_signing *signing = signer->signing;
	struct job jobs[JOBS_MOST];
	size_t count = signer->job_count;

	if (signer->fd < 0)
		return;
	loop_unwatch(&signer->watch);
	(void) close(signer->fd);
	loop_child_forget(&signer->child);
	signer->fd = -1;
	memcpy(jobs, signer->jobs, sizeof(jobs));
	signer->job_count = signer->batch_count = signer->batch_len = 0;
	signing->alive--;
	for (size_t i = 0; tell && i < count; i++)
		signing->done(signing->self, jobs[i].slot, jobs[i].serial, NULL);
}

void newsletter_signing_stop(struct newsletter_signing *signing)
{
	for (size_t i = 0; i < signing->count; i++)
		end_signer(&signing->signers[i], false);
	signing->count = 0;
	signing->again_ms = 0;
	loop_timer_stop(&signing->look_timer);
}

/* A unit test has not got the minute. */
static int64_t in_ms(int64_t ms)
{
#ifdef MIMEO_DEBUG
	if (getenv("MIMEO_EXE") == NULL)
		return ms / 20;
#endif
	return ms;
}

/* It is killed, and what it has is signed here. */
static void end_hanging(struct signer *signer)
{
	struct newsletter_signing *signing = signer->signing;

	log_event(LOG_MAIL, LOG_C("state", "signer_hangs"), LOG_I64("under_way", (int64_t) signer->job_count));
	if (signer->child != NULL)
		loop_child_kill(signer->child, SIGKILL);
#ifdef MIMEO_DEBUG
	if (signing->fork_pids[signer - signing->signers] > 0)
		(void) kill(signing->fork_pids[signer - signing->signers], SIGKILL);
#endif
	signing->again_ms = clock_mono_ms() + AGAIN_MS;
	end_signer(signer, true);
	signing->settled(signing->self);
}

static void look_after(void *self)
{
	struct newsletter_signing *signing = self;
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < signing->count; i++) {
		struct signer *signer = &signing->signers[i];

		if (signer->job_count > 0)
			signing->worked_ms = now_ms;
		if (signer->fd >= 0 && signer->job_count > signer->batch_count &&
			now_ms - signer->heard_ms >= in_ms(HANG_MS))
			end_hanging(signer);
	}
	if (now_ms - signing->worked_ms >= IDLE_MS)
		newsletter_signing_stop(signing);
	else
		loop_timer_set(signing->n->room->loop, &signing->look_timer, in_ms(LOOK_MS), look_after, signing);
}

/* --- answers --- */

static bool read_signature(const unsigned char *at, size_t len, size_t *used, struct dkim_signature *out)
{
	uint16_t size;

	if (len < sizeof(size))
		return false;
	memcpy(&size, at, sizeof(size));
	if (size == 0 || size > sizeof(out->bytes) || len - sizeof(size) < size)
		return false;
	out->len = size;
	memcpy(out->bytes, at + sizeof(size), size);
	*used = sizeof(size) + size;
	return true;
}

/* One job's answer, which must be that of the first that waits. */
static bool take_answer(struct signer *signer, const unsigned char *bytes, size_t len, size_t *used)
{
	struct newsletter_signing *signing = signer->signing;
	struct dkim_signature signatures[DKIM_SIGNERS_MOST];
	struct job job;

	if (len < SIGNING_JOB_BYTES || signer->job_count <= signer->batch_count)
		return false;
	memcpy(&job.slot, bytes, sizeof(job.slot));
	memcpy(&job.serial, bytes + sizeof(job.slot), sizeof(job.serial));
	if (job.slot != signer->jobs[0].slot || job.serial != signer->jobs[0].serial)
		return false;
	*used = SIGNING_JOB_BYTES;
	for (size_t i = 0; i < signing->keys; i++) {
		size_t more;

		if (!read_signature(bytes + *used, len - *used, &more, &signatures[i]))
			return false;
		*used += more;
	}
	signer->job_count--;
	memmove(signer->jobs, signer->jobs + 1, signer->job_count * sizeof(signer->jobs[0]));
	signing->done(signing->self, job.slot, job.serial, signatures);
	return true;
}

static void on_event(void *self, unsigned events)
{
	struct signer *signer = self;
	struct newsletter_signing *signing = signer->signing;
	unsigned char bytes[SIGNING_PACKET_MOST];
	bool ended = false;

	(void) events;
	while (!ended && signer->fd >= 0) {
		ssize_t got = recv(signer->fd, bytes, sizeof(bytes), 0);
		size_t used = 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			break;
		ended = got <= 0;
		signer->heard_ms = clock_mono_ms();
		for (size_t at = 0; !ended && signer->fd >= 0 && at < (size_t) got; at += used)
			ended = !take_answer(signer, bytes + at, (size_t) got - at, &used);
	}
	if (ended && signer->fd >= 0) {
		log_event(LOG_MAIL, LOG_C("state", "signer_gone"), LOG_I64("under_way", (int64_t) signer->job_count));
		signing->again_ms = clock_mono_ms() + AGAIN_MS;
		end_signer(signer, true);
	}
	signing->settled(signing->self);
}

/* --- starting --- */

static size_t wanted(const struct newsletter_signing *signing)
{
	cpu_set_t cores;
	int count;

#ifdef MIMEO_DEBUG
	if (getenv("MIMEO_EXE") == NULL)
		return signing->forks;
#endif
	(void) signing;
	if (sched_getaffinity(0, sizeof(cores), &cores) != 0)
		return 0;
	count = CPU_COUNT(&cores);
	return count < 2 ? 0 : count < SIGNERS_MOST ? (size_t) count : SIGNERS_MOST;
}

static bool start_process(struct signer *signer, int theirs, struct fault *f)
{
	char fd[12], keys[12];
	char *argv[] = {(char[]){"mimeo"}, (char[]){"-x"}, (char[]){"newsletter"}, (char[]){"signer"}, fd, keys, NULL};
	struct loop_spawn how = {.argv = argv, .keep_fds = &theirs, .keep_count = 1, .self = signer};

	(void) snprintf(fd, sizeof(fd), "%d", theirs);
	(void) snprintf(keys, sizeof(keys), "%zu", signer->signing->keys);
#ifdef MIMEO_DEBUG
	if (getenv("MIMEO_EXE") == NULL) {
		struct fault its = {0};
		pid_t pid = fork();

		if (pid == 0) {
			memory_fail_at(0);
			for (int i = STDERR_FILENO + 1; i < 1024; i++)
				if (i != theirs)
					(void) close(i);
			_exit(signer_main(2, argv + 4, &its) ? 0 : 1);
		}
		signer->signing->fork_pids[signer - signer->signing->signers] = pid;
		return pid > 0 || fault_errno(f, "cannot start a process");
	}
#endif
	return newsletter_own_program(&how.exe_fd, f) && loop_spawn(signer->signing->n->room->loop, &how, &signer->child, f);
}

static bool send_key(void *self, size_t which, const struct secret *pem, struct fault *f)
{
	struct signer *signer = self;
	struct str bytes = secret_bytes(pem);

	(void) which;
	return (bytes.len <= SIGNING_KEY_MOST && send(signer->fd, bytes.at, bytes.len, MSG_NOSIGNAL) == (ssize_t) bytes.len) ||
		fault_errno(f, "a signer cannot be given its keys");
}

static bool start(struct newsletter_signing *signing, struct signer *signer, struct fault *f)
{
	int pair[2];
	bool ok;

	*signer = (struct signer){.signing = signing, .fd = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return fault_errno(f, "cannot make a socket for a signer");
	signer->fd = pair[0];
	signing->alive++;
	ok = start_process(signer, pair[1], f);
	(void) close(pair[1]);
	ok = ok && newsletter_keys_each_pem(signing->n, send_key, signer, f) && fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0 &&
		loop_watch(signing->n->room->loop, pair[0], LOOP_READ, on_event, signer, &signer->watch, f);
	if (!ok)
		end_signer(signer, false);
	return ok;
}

bool newsletter_signing_is_on(struct newsletter_signing *signing)
{
	int64_t now_ms = clock_mono_ms();
	struct fault f = {0};

	if (signing->n->room->loop == NULL || now_ms < signing->again_ms || (signing->alive > 0 && signing->alive == signing->count))
		return signing->alive > 0;
	signing->again_ms = now_ms + AGAIN_MS;
	signing->keys = newsletter_keys_count();
	for (size_t i = 0; i < wanted(signing); i++) {
		if (i < signing->count && signing->signers[i].fd >= 0)
			continue;
		if (!start(signing, &signing->signers[i], &f)) {
			log_fault(&f, "starting a signer of mails");
			break;
		}
		signing->count = i < signing->count ? signing->count : i + 1;
	}
	if (signing->alive > 0 && signing->look_timer == NULL) {
		signing->worked_ms = now_ms;
		loop_timer_set(signing->n->room->loop, &signing->look_timer, in_ms(LOOK_MS), look_after, signing);
	}
	return signing->alive > 0;
}

/* --- jobs --- */

static struct signer *least_busy(const struct newsletter_signing *signing)
{
	const struct signer *found = NULL;

	for (size_t i = 0; i < signing->count; i++) {
		const struct signer *signer = &signing->signers[i];

		/* A batch that was begun is filled first. */
		if (signer->fd >= 0 && signer->job_count < JOBS_MOST && signer->batch_count > 0)
			return (struct signer *) (uintptr_t) signer;
		if (signer->fd >= 0 && signer->job_count < JOBS_MOST && (found == NULL || signer->job_count < found->job_count))
			found = signer;
	}
	return (struct signer *) (uintptr_t) found;
}

bool newsletter_signing_has_room(const struct newsletter_signing *signing)
{
	return signing->alive == 0 || least_busy(signing) != NULL;
}

static void send_batch(struct signer *signer)
{
	if (signer->fd < 0 || signer->batch_count == 0)
		return;
	if (signer->job_count == signer->batch_count)
		signer->heard_ms = clock_mono_ms();
	signer->batch_count = 0;
	/* JOBS_MOST digests fit into any socket's buffer: what is not taken has nobody at its end, and reading will tell. */
	if (send(signer->fd, signer->batch, signer->batch_len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		(void) shutdown(signer->fd, SHUT_RDWR);
	signer->batch_len = 0;
	signer->signing->worked_ms = clock_mono_ms();
}

void newsletter_signing_add(struct newsletter_signing *signing, uint32_t slot, uint32_t serial, const struct dkim_draft *draft)
{
	struct signer *signer = least_busy(signing);
	unsigned char *to;

	must(signer != NULL && draft->count == signing->keys);
	to = signer->batch + signer->batch_len;
	memcpy(to, &slot, sizeof(slot));
	memcpy(to + sizeof(slot), &serial, sizeof(serial));
	memcpy(to + SIGNING_JOB_BYTES, draft->digests, signing->keys * DKIM_DIGEST_BYTES);
	signer->batch_len += SIGNING_JOB_BYTES + signing->keys * DKIM_DIGEST_BYTES;
	signer->jobs[signer->job_count++] = (struct job){slot, serial};
	if (++signer->batch_count == SIGNING_BATCH)
		send_batch(signer);
}

void newsletter_signing_flush(struct newsletter_signing *signing)
{
	for (size_t i = 0; i < signing->count; i++)
		send_batch(&signing->signers[i]);
}

/* --- life --- */

struct newsletter_signing *newsletter_signing_new(struct newsletter *n, signing_done *done, void (*settled)(void *self), void *self)
{
	struct newsletter_signing *signing = memory_new(1, sizeof(*signing));

	signing->n = n;
	signing->done = done;
	signing->settled = settled;
	signing->self = self;
	return signing;
}

void newsletter_signing_free(struct newsletter_signing **signing)
{
	if (*signing == NULL)
		return;
	newsletter_signing_stop(*signing);
	memory_free(*signing);
	*signing = NULL;
}

#ifdef MIMEO_DEBUG
void newsletter_signing_fork(struct newsletter_signing *signing, size_t count)
{
	must(count <= SIGNERS_MOST);
	signing->forks = count;
	signing->again_ms = 0;
}

void newsletter_signing_signal(struct newsletter_signing *signing, int number)
{
	for (size_t i = 0; i < signing->count; i++)
		if (signing->fork_pids[i] > 0)
			(void) kill(signing->fork_pids[i], number);
}
#endif
