/* fuzz_movein_export.c: any bytes as an export of WordPress or Ghost: refused with a sentence, or records that are JSON and
 * whose bodies mimeo's Markdown may be given.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/fault.h"
#include "movein/movein.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void look_at(struct str text)
{
	while (text.len > 0) {
		size_t len = 0;
		json_t *record;
		size_t i;

		for (i = 0; i < 10; i++) {
			if (text.len < 12 || text.at[i] < '0' || text.at[i] > '9')
				__builtin_trap();
			len = len * 10 + (size_t) (text.at[i] - '0');
		}
		record = json_loadb(text.at + 11, len, JSON_REJECT_DUPLICATES, NULL);
		if (record == NULL || !json_is_string(json_object_get(record, "kind")))
			__builtin_trap();
		json_decref(record);
		text = str_part(text, len + 12, SIZE_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct movein_out out;
	struct fault f = {0};
	struct buf text;
	int in_fd = memfd_create("export", MFD_CLOEXEC);
	int out_fd = memfd_create("records", MFD_CLOEXEC);
	off_t len;
	char *at;

	if (in_fd < 0 || out_fd < 0 || write(in_fd, bytes, size) != (ssize_t) size || lseek(in_fd, 0, SEEK_SET) != 0)
		abort();
	movein_out_init(&out, out_fd);
	out.is_quiet = true;
	if (!movein_read(in_fd, "export", &out, &f) && (f.kind == FAULT_NONE || f.say[0] == '\0'))
		__builtin_trap();
	if (f.kind == FAULT_NONE) {
		len = lseek(out_fd, 0, SEEK_END);
		buf_init(&text, (size_t) len + 1);
		at = buf_reserve(&text, (size_t) len);
		if (pread(out_fd, at, (size_t) len, 0) != len)
			abort();
		look_at(str_make(at, (size_t) len));
		buf_release(&text);
	}
	movein_out_release(&out);
	close(in_fd);
	close(out_fd);
	return 0;
}
