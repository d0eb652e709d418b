/* newsletter_export_command.c: mimeo staff key; mimeo subscribers export, open.
 *
 * Decides: the file of an export: a line that says what it is, then one sealed page a line. Leaves to the room: what is in it; to
 * base/parcel: the seal. Runs in: the command's own process; `staff key` and `open` on a staff member's machine, where there is no home.
 * The hard thing: the private half never comes near the server, and a file with a page lost, doubled or from another export is noticed.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/parcel.h"
#include "base/rand.h"
#include "base/secret.h"
#include "http/http_client.h"
#include "newsletter_command.h"

enum { LINE_MOST = 4 * 1024 * 1024, FILE_MOST = 1024 * 1024 * 1024, KEY_FILE_BYTES = 4096 };

static const char first_line[] = "mimeo-export-1";

/* --- a key --- */

/* O_EXCL: a key that is lost under another one opens nothing any more. */
static bool write_new(const char *path, struct str bytes, struct fault *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return fault_errno(f, "the file cannot be made (it must not be there yet)");
	ok = file_write_all(fd, bytes, f);
	if (ok && fsync(fd) != 0)
		ok = fault_errno(f, "the file cannot be written");
	(void) close(fd);
	if (!ok)
		(void) unlink(path);
	return ok;
}

bool newsletter_run_staff_key(struct errand *errand, struct fault *f)
{
	unsigned char public_key[PARCEL_KEY_BYTES];
	char word[PARCEL_WORD_BYTES];
	struct secret *key;
	struct buf bytes;
	bool ok;

	if (errand->argc != 1)
		return fault_set(f, FAULT_INPUT, "give the file for the private key: it must not be there yet, and stays on this machine");
	key = parcel_new_key(public_key);
	parcel_write_public(public_key, word);
	buf_init(&bytes, KEY_FILE_BYTES);
	buf_format(&bytes, "# The private half of %s. Keep it off the server, and a copy in a safe place.\n", word);
	parcel_write_secret(key, &bytes);
	buf_add_text(&bytes, "\n");
	ok = write_new(errand->argv[0], buf_view(&bytes), f);
	explicit_bzero(bytes.at, bytes.len);
	buf_release(&bytes);
	secret_free(&key);
	if (ok)
		printf("%s\n", word);
	return ok;
}

/* --- taking the list --- */

static bool write_page(int fd, const json_t *page, struct fault *f)
{
	return file_write_all(fd, http_json_text(page, "sealed"), f) && file_write_all(fd, STR("\n"), f);
}

static void draw(long long done, long long all)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%lld of %lld subscribers%s", done, all, done >= all ? "\n" : "");
}

static bool take_pages(struct errand *errand, const char *key, struct str who, int fd, long long *count, struct fault *f)
{
	char export[24], after[24] = "0";
	bool ok = true;

	*count = 0;
	(void) snprintf(export, sizeof(export), "%lld", (long long) rand_id());
	for (json_int_t number = 1; ok && (number == 1 || strcmp(after, "0") != 0); number++) {
		json_t *reply = NULL;

		ok = errand_call(errand, "newsletter", "POST", "/list/export", json_pack("{s:s, s:s, s:s, s:I, s:o}", "key", key, "export", export,
				"after", after, "page", number, "by", http_json_str(who)), &reply, f) &&
			write_page(fd, reply, f);
		(void) snprintf(after, sizeof(after), "%.*s", STR_ARG(http_json_text(reply, "next")));
		*count += json_integer_value(json_object_get(reply, "rows"));
		if (ok && !errand->json)
			draw(*count, json_integer_value(json_object_get(reply, "all")));
		json_decref(reply);
		arena_reset(&errand->arena);
	}
	return ok;
}

static bool export_to(struct errand *errand, const char *key, const char *path, struct str who, struct fault *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char name[128];
	long long count = 0;
	bool ok;

	if (fd < 0)
		return fault_errno(f, "the file of the export cannot be made (it must not be there yet)");
	(void) snprintf(name, sizeof(name), "%.*s", STR_ARG(who)); /* the arena is emptied between pages */
	ok = file_write_all(fd, str_from(first_line), f) && file_write_all(fd, STR("\n"), f) &&
		take_pages(errand, key, str_from(name), fd, &count, f);
	if (ok && fsync(fd) != 0)
		ok = fault_errno(f, "the file of the export cannot be written");
	(void) close(fd);
	if (!ok) {
		(void) unlink(path);
		return false;
	}
	if (errand->json)
		printf("{\"subscribers\": %lld}\n", count);
	else
		printf("%lld subscribers are in %s, sealed to %.24s…; `mimeo subscribers open` on its owner's machine opens it\n", count, path,
			key);
	return true;
}

bool newsletter_run_export(struct errand *errand, struct fault *f)
{
	unsigned char public_key[PARCEL_KEY_BYTES];
	const char *key = NULL;
	struct str who = {NULL, 0};

	if (!newsletter_take_option(errand, "--to", &key, f) || !newsletter_take_as(errand, &who, f))
		return false;
	if (key == NULL || errand->argc != 1)
		return fault_set(f, FAULT_INPUT, "give --to KEY (what `mimeo staff key` printed) and one file to write");
	return parcel_read_public(str_from(key), public_key, f) && export_to(errand, key, errand->argv[0], who, f);
}

/* --- opening it --- */

static bool read_secret(const char *path, struct secret **key, struct fault *f)
{
	struct arena arena;
	struct str bytes, line;
	bool ok, found = false;

	arena_init(&arena, "key", 4 * KEY_FILE_BYTES);
	ok = file_read(AT_FDCWD, path, KEY_FILE_BYTES, &arena, &bytes, f);
	while (ok && !found && str_next(&bytes, '\n', &line))
		if (str_trim(line).len > 0 && line.at[0] != '#') {
			found = true;
			ok = parcel_read_secret(str_trim(line), key, f);
		}
	if (ok && !found)
		ok = fault_set(f, FAULT_INPUT, "there is no key in this file");
	arena_reset(&arena);
	arena_release(&arena);
	return ok;
}

struct opening {
	const struct secret *key;
	int64_t export, number;
	bool was_last;
};

/* "EXPORT NUMBER more|last" above the rows. */
static bool check_page(struct opening *is, struct str head, struct fault *f)
{
	struct str export, number;
	int64_t export_id, page;

	if (!str_next(&head, ' ', &export) || !str_next(&head, ' ', &number) || !str_to_i64(export, &export_id) ||
		!str_to_i64(number, &page) || !(str_is(head, "more") || str_is(head, "last")))
		return fault_set(f, FAULT_INPUT, "a page of this file is none of an export");
	if (is->was_last || page != is->number + 1 || (is->number > 0 && export_id != is->export))
		return fault_set(f, FAULT_INPUT, "page %lld of this export is missing, doubled or from another one", (long long) is->number + 1);
	is->export = export_id;
	is->number = page;
	is->was_last = str_is(head, "last");
	return true;
}

static bool open_page(struct opening *is, struct str line, struct fault *f)
{
	struct buf sealed, plain;
	struct str rest, head;
	bool ok;

	buf_init(&sealed, LINE_MOST);
	buf_init(&plain, LINE_MOST);
	ok = parcel_read_base64(line, &sealed, f) && parcel_open(is->key, buf_view(&sealed), &plain, f);
	rest = buf_view(&plain);
	ok = ok && (str_next(&rest, '\n', &head) || fault_set(f, FAULT_INPUT, "a page of this file is none of an export")) &&
		check_page(is, head, f);
	ok = ok && file_write_all(STDOUT_FILENO, rest, f);
	if (plain.at != NULL)
		explicit_bzero(plain.at, plain.room);
	buf_release(&plain);
	buf_release(&sealed);
	return ok;
}

bool newsletter_run_open(struct errand *errand, struct fault *f)
{
	struct opening is = {0};
	struct secret *key = NULL;
	const char *path = NULL;
	struct str bytes, line;
	struct arena arena;
	bool ok;

	if (!newsletter_take_option(errand, "--key", &path, f))
		return false;
	if (path == NULL || errand->argc != 1)
		return fault_set(f, FAULT_INPUT, "give the export's file and --key FILE, the private key that `mimeo staff key` made");
	arena_init(&arena, "export", FILE_MOST);
	ok = read_secret(path, &key, f) && file_read(AT_FDCWD, errand->argv[0], FILE_MOST - 4096, &arena, &bytes, f);
	is.key = key;
	if (ok && (!str_next(&bytes, '\n', &line) || !str_is(str_trim(line), first_line)))
		ok = fault_set(f, FAULT_INPUT, "this file is no export of mimeo's");
	while (ok && str_next(&bytes, '\n', &line))
		if (str_trim(line).len > 0)
			ok = open_page(&is, str_trim(line), f);
	if (ok && !is.was_last)
		ok = fault_set(f, FAULT_INPUT, "this export is cut short: its last page is missing");
	arena_release(&arena);
	secret_free(&key);
	return ok;
}
