/* newsletter_signer.c: a process that signs: keys once, then digests in and signatures out.
 *
 * Decides: what such a process may still do (nothing but that). Leaves to newsletter_signing.c: which digests. Runs in: a signer.
 * The hard thing: it holds the newsroom's signing keys. So they come over its socket, not from a file that it could open, live in
 * locked pages, and before the first digest is read the process gives up every system call but those with which it reads, writes
 * and gets memory, randomness and the time.
 * SPDX-License-Identifier: ISC */
#include "newsletter_signing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "base/secret.h"
#include "base/str.h"

struct signer {
	int fd;
	size_t wanted, count;   /* keys */
	struct dkim_key *keys[DKIM_SIGNERS_MOST];
	unsigned char in[SIGNING_KEY_MOST], out[SIGNING_PACKET_MOST];
};

/* --- shut in --- */

#if !defined(MIMEO_DEBUG) && (defined(__x86_64__) || defined(__aarch64__))
#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif
#define MAY(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* What is not in the list fails with EPERM: whatever a library might try for its comfort does not end the signer, and does nothing. */
static bool filter_calls(void)
{
	static const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		MAY(SYS_recvfrom), MAY(SYS_sendto), MAY(SYS_write), MAY(SYS_brk), MAY(SYS_munmap), MAY(SYS_mremap), MAY(SYS_madvise),
		MAY(SYS_futex), MAY(SYS_getrandom), MAY(SYS_getpid), MAY(SYS_clock_gettime), MAY(SYS_close), MAY(SYS_exit), MAY(SYS_exit_group),
		MAY(SYS_rt_sigreturn), MAY(SYS_restart_syscall),
		MAY(SYS_munlock),
		/* Memory, but none that can be run; mprotect, because a key is read-only until it is wiped. */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 4, 1, 0), /* PROT_EXEC */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	const struct sock_fprog all = {sizeof(program) / sizeof(program[0]), (struct sock_filter *) (uintptr_t) program};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) == 0;
}
#else
/* Sanitizers make calls of their own. */
static bool filter_calls(void)
{
	return true;
}
#endif

static bool limit(int which, rlim_t most)
{
	const struct rlimit is = {most, most};

	return setrlimit((__rlimit_resource_t) which, &is) == 0;
}

static bool shut_in(struct fault *f)
{
	bool ok = limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && prctl(PR_SET_DUMPABLE, 0) == 0;

#ifndef MIMEO_DEBUG
	ok = ok && limit(RLIMIT_NPROC, 0);
#endif
	return (ok && filter_calls()) || fault_errno(f, "the signer cannot be shut in");
}

/* --- its work --- */

static bool take_key(struct signer *signer, size_t len, struct fault *f)
{
	struct secret *pem = secret_new(str_make(signer->in, len));
	bool ok = dkim_key_open(&signer->keys[signer->count], pem, f);

	explicit_bzero(signer->in, sizeof(signer->in));
	secret_free(&pem);
	signer->count += ok;
	return ok && (signer->count < signer->wanted || shut_in(f));
}

static bool sign_all(struct signer *signer, size_t len, size_t *out_len, struct fault *f)
{
	size_t job = SIGNING_JOB_BYTES + signer->count * DKIM_DIGEST_BYTES;

	*out_len = 0;
	if (len == 0 || len % job != 0 || len / job > SIGNING_BATCH)
		return fault_set(f, FAULT_INPUT, "the room asks the signer for what is none");
	for (size_t at = 0; at < len; at += job) {
		memcpy(signer->out + *out_len, signer->in + at, SIGNING_JOB_BYTES);
		*out_len += SIGNING_JOB_BYTES;
		for (size_t i = 0; i < signer->count; i++) {
			struct dkim_signature signature;
			uint16_t size;

			if (!dkim_key_sign(signer->keys[i], signer->in + at + SIGNING_JOB_BYTES + i * DKIM_DIGEST_BYTES, &signature, f))
				return false;
			size = (uint16_t) signature.len;
			memcpy(signer->out + *out_len, &size, sizeof(size));
			memcpy(signer->out + *out_len + sizeof(size), signature.bytes, signature.len);
			*out_len += sizeof(size) + signature.len;
		}
	}
	return true;
}

static bool run(struct signer *signer, struct fault *f)
{
	size_t out_len;

	for (;;) {
		ssize_t got = recv(signer->fd, signer->in, sizeof(signer->in), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return true; /* the room is gone */
		if (signer->count < signer->wanted) {
			if (!take_key(signer, (size_t) got, f))
				return false;
			continue;
		}
		if (!sign_all(signer, (size_t) got, &out_len, f))
			return false;
		while (send(signer->fd, signer->out, out_len, MSG_NOSIGNAL) < 0)
			if (errno != EINTR)
				return true;
	}
}

bool signer_main(int argc, char **argv, struct fault *f)
{
	struct signer *signer = memory_new(1, sizeof(*signer));
	int64_t fd = -1, wanted = 0;
	int nothing;
	bool ok;

	must(argc == 2 && str_to_i64(str_from(argv[0]), &fd) && fd > STDERR_FILENO && fd < 1000000); /* only the room starts it */
	must(str_to_i64(str_from(argv[1]), &wanted) && wanted > 0 && wanted <= DKIM_SIGNERS_MOST);
	log_set_room("signer");
	(void) signal(SIGINT, SIG_IGN);
	(void) signal(SIGHUP, SIG_IGN);
	nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (nothing >= 0) {
		(void) dup2(nothing, STDOUT_FILENO); /* it is where the room says "ready" to the parent */
		(void) close(nothing);
	}
	(void) fcntl((int) fd, F_SETFD, FD_CLOEXEC);
	signer->fd = (int) fd;
	signer->wanted = (size_t) wanted;
	dkim_lock_keys();
	ok = run(signer, f);
	for (size_t i = 0; i < signer->count; i++)
		dkim_key_close(&signer->keys[i]);
	(void) close(signer->fd);
	memory_free(signer);
	return ok;
}
