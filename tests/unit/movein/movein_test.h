/* movein_test.h: an export on disk, and the records that come of it.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_MOVEIN_TEST_H
#define TESTS_MOVEIN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "movein/movein.h"

/* A temporary file with these bytes, its descriptor. */
static inline int file_with(const char *text, size_t len)
{
	char path[] = "/tmp/movein-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* The records of an export; NULL and *f when it is refused (then nothing may have been written). */
static inline json_t *records_of_fd(int in_fd, struct fault *f)
{
	struct movein_out out;
	int fd = file_with("", 0);
	json_t *list = json_array();
	struct stat about;
	off_t at = 0;
	bool ok;

	movein_out_init(&out, fd);
	out.is_quiet = true;
	ok = movein_read(in_fd, "export", &out, f);
	movein_out_release(&out);
	assert_int_equal(fstat(fd, &about), 0);
	while (ok && at < about.st_size) {
		char head[12] = "";
		size_t len;
		char *text;
		json_t *record;

		assert_int_equal(pread(fd, head, 11, at), 11);
		len = strtoul(head, NULL, 10);
		text = malloc(len + 1);
		assert_int_equal(pread(fd, text, len + 1, at + 11), len + 1);
		assert_int_equal(text[len], '\n');
		record = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(record);
		json_array_append_new(list, record);
		free(text);
		at += (off_t) (len + 12);
	}
	close(fd);
	close(in_fd);
	if (!ok) {
		assert_int_equal(about.st_size, 0);
		json_decref(list);
		return NULL;
	}
	return list;
}

static inline json_t *records_of(const char *export, struct fault *f)
{
	return records_of_fd(file_with(export, strlen(export)), f);
}

static inline const char *text_in(const json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));

	return text != NULL ? text : "";
}

/* An export in pieces, ended by NULL: a literal has at most 4,095 bytes. */
static inline json_t *records_of_all(const char *const *pieces, struct fault *f)
{
	struct buf text;
	json_t *list;

	buf_init(&text, 1 << 20);
	for (; *pieces != NULL; pieces++)
		buf_add_text(&text, *pieces);
	list = records_of_fd(file_with(text.at, text.len), f);
	buf_release(&text);
	return list;
}

/* The record whose key has this value. */
static inline json_t *record_with(json_t *list, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < json_array_size(list); i++)
		if (strcmp(text_in(json_array_get(list, i), key), value) == 0)
			return json_array_get(list, i);
	return NULL;
}

static inline bool has_note(const json_t *record, const char *kind, const char *detail)
{
	const json_t *notes = json_object_get(record, "notes");
	size_t i;

	for (i = 0; i < json_array_size(notes); i++)
		if (strcmp(json_string_value(json_array_get(json_array_get(notes, i), 0)), kind) == 0
			&& (detail == NULL || strcmp(json_string_value(json_array_get(json_array_get(notes, i), 1)), detail) == 0))
			return true;
	return false;
}

static inline const char *item_of(const json_t *record, const char *key, size_t i)
{
	const char *text = json_string_value(json_array_get(json_object_get(record, key), i));

	return text != NULL ? text : "";
}

#endif
