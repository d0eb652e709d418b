/* replay_main.c: gives files to a fuzz target once, without a fuzzer: what `make fuzz-replay` runs with any compiler.
 *
 * Each name is printed before its file is tried, so that the last one printed before a crash is the one that did it. The
 * bytes stand in a block of their exact size: one byte too far is a report of AddressSanitizer.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t *read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long end = -1;

	*size = 0;
	if (file != NULL && fseek(file, 0, SEEK_END) == 0)
		end = ftell(file);
	if (end >= 0) {
		rewind(file);
		*size = (size_t) end;
		bytes = malloc(*size);
		if (bytes == NULL && *size == 0)
			bytes = malloc(1);
	}
	if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
		free(bytes);
		bytes = NULL;
	}
	if (file != NULL)
		(void) fclose(file);
	return bytes;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t size;
		uint8_t *bytes = read_whole(argv[i], &size);

		(void) printf("%s\n", argv[i]);
		(void) fflush(stdout);
		if (bytes == NULL) {
			(void) fprintf(stderr, "cannot read %s\n", argv[i]);
			return 2;
		}
		(void) LLVMFuzzerTestOneInput(bytes, size);
		free(bytes);
	}
	return 0;
}
