/* secret.c: keys and passwords in locked pages.
 *
 * Decides: where secret bytes live (sodium_malloc: guard pages, mlock; read-only once filled, wiped when freed) and
 * which files are private enough to be read. Leaves to others: the moment of use. Runs in: the rooms that hold keys.
 * The hard thing: no copy anywhere else, so files are read straight into the locked page, without stdio.
 * SPDX-License-Identifier: ISC */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "arena.h"
#include "base_inside.h"
#include "fault.h"
#include "file.h"
#include "must.h"
#include "rand.h"

enum { FILE_BYTES = 16 * 1024 };

struct secret {
	size_t len;
	char *bytes;
};

static struct secret *secret_alloc(size_t len)
{
	struct secret *secret = memory_new(1, sizeof(*secret));

	rand_sodium_ready();
	secret->len = len;
	secret->bytes = sodium_malloc(len);
	if (secret->bytes == NULL)
		must_memory(__FILE__, __LINE__);
	return secret;
}

/* Not a byte changes after this. */
static void secret_close(struct secret *secret)
{
	(void) sodium_mprotect_readonly(secret->bytes);
}

struct secret *secret_new(struct str bytes)
{
	struct secret *secret = secret_alloc(bytes.len);

	if (bytes.len > 0)
		memcpy(secret->bytes, bytes.at, bytes.len);
	secret_close(secret);
	return secret;
}

struct secret *secret_new_random(size_t len)
{
	struct secret *secret = secret_alloc(len);

	rand_bytes(secret->bytes, len);
	secret_close(secret);
	return secret;
}

void secret_free(struct secret **secret)
{
	if (*secret == NULL)
		return;
	sodium_free((*secret)->bytes);
	memory_free(*secret);
	*secret = NULL;
}

struct str secret_bytes(const struct secret *secret)
{
	return secret != NULL ? (struct str){secret->bytes, secret->len} : (struct str){NULL, 0};
}

/* Reads until the end of the file or of the page. */
static bool read_into(struct secret *secret, int fd, const char *path, struct fault *f)
{
	size_t len = 0;

	while (len < secret->len) {
		ssize_t got = read(fd, secret->bytes + len, secret->len - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_errno(f, "cannot read %s", path);
		if (got == 0)
			break;
		len += (size_t) got;
	}
	secret->len = len;
	return true;
}

bool secret_read(int dir_fd, const char *path, struct secret **out, struct fault *f)
{
	struct secret *secret = NULL;
	bool ok = false;
	struct stat st;
	int fd;

	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return fault_errno(f, "cannot open %s", path);
	if (fstat(fd, &st) != 0) {
		ok = fault_errno(f, "cannot read %s", path);
		goto done;
	}
	if (!S_ISREG(st.st_mode)) {
		ok = fault_set(f, FAULT_INPUT, "%s is not a file", path);
		goto done;
	}
	if ((st.st_mode & 077) != 0) {
		ok = fault_set(f, FAULT_DENIED, "%s can be read by others; run chmod 600 on it", path);
		goto done;
	}
	if (st.st_size > FILE_BYTES) {
		ok = fault_full(f, path);
		goto done;
	}
	secret = secret_alloc((size_t) st.st_size);
	if (!read_into(secret, fd, path, f))
		goto done;
	secret_close(secret);
	*out = secret;
	secret = NULL;
	ok = true;
done:
	secret_free(&secret);
	(void) close(fd);
	return ok;
}

bool secret_write(int dir_fd, const char *path, const struct secret *secret, struct fault *f)
{
	struct file_fresh fresh;
	bool ok;

	ok = file_fresh_open(&fresh, dir_fd, path, 0600, f) && file_write_all(fresh.fd, secret_bytes(secret), f) &&
		file_fresh_commit(&fresh, true, false, f);
	file_fresh_end(&fresh);
	return ok;
}

bool secret_equal(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || sodium_memcmp(a.at, b.at, a.len) == 0);
}
