/* newsletter_list_command.c: mimeo subscribers import, confirm, decline, look-up, list.
 *
 * Decides: how a file becomes rows, what is said of refused ones, who says that they are whom. Leaves to the room: who is taken, and every
 * count. Runs in: the command's own process, which holds no key. The hard thing: the file holds thousands of addresses and none may end up
 * in a terminal's history or a log: refused rows are named by line alone.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/csv.h"
#include "base/fault.h"
#include "base/seal.h"
#include "http/http_client.h"
#include "newsletter_command.h"
#include "newsletter_import.h"

enum { FILE_MOST = 512 * 1024 * 1024, REFUSED_SHOWN = 100, BAR = 24, NO_COLUMN = CSV_FIELDS };

static long long number(const json_t *json, const char *key)
{
	return (long long) json_integer_value(json_object_get(json, key));
}

static const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));

	return value != NULL ? value : "";
}

bool newsletter_take_option(struct errand *errand, const char *name, const char **value, struct fault *f)
{
	for (int i = 0; i < errand->argc; i++) {
		if (strcmp(errand->argv[i], name) != 0)
			continue;
		if (i + 1 >= errand->argc)
			return fault_set(f, FAULT_INPUT, "%s wants something behind it", name);
		*value = errand->argv[i + 1];
		for (int j = i; j + 2 < errand->argc; j++)
			errand->argv[j] = errand->argv[j + 2];
		errand->argc -= 2;
		return true;
	}
	return true;
}

/* --as NAME: one of the desk's staff. Whoever may run commands here could give any of their names; it is for the record. */
bool newsletter_take_as(struct errand *errand, struct str *who, struct fault *f)
{
	const char *name = NULL;
	const json_t *one;
	json_t *reply = NULL;
	bool ok, found = false;
	size_t i;

	if (!newsletter_take_option(errand, "--as", &name, f))
		return false;
	if (name == NULL)
		return fault_set(f, FAULT_INPUT, "say who you are: --as NAME, one of `mimeo staff list`");
	ok = errand_call(errand, "desk", "GET", "/staff", NULL, &reply, f);
	json_array_foreach(json_object_get(reply, "staff"), i, one)
		if (str_equal_nocase(http_json_text(one, "name"), str_from(name)) && strcmp(text(one, "state"), "active") == 0) {
			*who = str_copy(http_json_text(one, "name"), &errand->arena);
			found = true;
		}
	json_decref(reply);
	if (ok && !found)
		return fault_set(f, FAULT_INPUT, "nobody active at the desk is called %s: `mimeo staff list` says who is", name);
	return ok;
}

/* --- the file --- */

struct list {
	struct str bytes;
	size_t columns[NEWSLETTER_IMPORT_FIELDS]; /* where each of ours stands */
	size_t width;
	int64_t today, good, bad;
	char hash[2 * SEAL_HASH_BYTES + 1];
};

static bool read_file(const char *path, struct buf *out, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	ssize_t got = 1;

	if (fd < 0)
		return fault_errno(f, "the file cannot be opened");
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > FILE_MOST) {
		(void) close(fd);
		return fault_set(f, FAULT_INPUT, "give a regular file of at most %d MiB", FILE_MOST >> 20);
	}
	while (got > 0) {
		char *at = buf_reserve(out, (size_t) info.st_size - out->len + 1);

		got = at != NULL && out->len <= (size_t) info.st_size ? read(fd, at, (size_t) info.st_size - out->len + 1) : 0;
		if (got > 0)
			buf_grown(out, (size_t) got);
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	(void) close(fd);
	return (got == 0 && out->len == (size_t) info.st_size) || fault_set(f, FAULT_IO, "the file could not be read whole");
}

static bool read_head(struct csv *csv, struct list *list, struct fault *f)
{
	if (csv_next(csv) != CSV_RECORD)
		return fault_set(f, FAULT_INPUT, "the file has no first line of column names: address, language, consent_day, proof");
	list->width = csv->count;
	for (size_t k = 0; k < NEWSLETTER_IMPORT_FIELDS; k++) {
		list->columns[k] = NO_COLUMN;
		for (size_t i = 0; i < csv->count; i++)
			if (str_equal_nocase(str_trim(csv->fields[i]), str_from(newsletter_import_names[k]))) {
				if (list->columns[k] != NO_COLUMN)
					return fault_set(f, FAULT_INPUT, "the column %s stands twice in the first line", newsletter_import_names[k]);
				list->columns[k] = i;
			}
		if (list->columns[k] == NO_COLUMN)
			return fault_set(f, FAULT_INPUT, "the first line has no column %s; it must name address, language, consent_day and proof "
				"(others are not read)", newsletter_import_names[k]);
	}
	return true;
}

/* The next row that may go; why: of one that may not. */
static enum csv_answer next_row(struct csv *csv, const struct list *list, struct str fields[NEWSLETTER_IMPORT_FIELDS], const char **why)
{
	struct newsletter_import_row row;
	enum csv_answer answer = csv_next(csv);

	*why = NULL;
	if (answer == CSV_BAD)
		*why = csv->why;
	if (answer != CSV_RECORD)
		return answer;
	if (csv->count != list->width) {
		*why = "it has another number of fields than the first line";
		return CSV_BAD;
	}
	for (size_t k = 0; k < NEWSLETTER_IMPORT_FIELDS; k++)
		fields[k] = csv->fields[list->columns[k]];
	return newsletter_import_row_read(fields, list->today, &row, why) ? CSV_RECORD : CSV_BAD;
}

/* Looks at every row before anything is done. Refused lines go to `report`, as numbers. */
static bool look_at(struct list *list, FILE *report, struct fault *f)
{
	struct str fields[NEWSLETTER_IMPORT_FIELDS];
	unsigned char hash[SEAL_HASH_BYTES];
	enum csv_answer answer;
	struct csv csv;
	const char *why;
	bool ok;

	seal_token_hash(list->bytes, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		(void) snprintf(list->hash + 2 * i, 3, "%02x", hash[i]);
	csv_init(&csv, list->bytes);
	ok = read_head(&csv, list, f);
	while (ok && (answer = next_row(&csv, list, fields, &why)) != CSV_END) {
		if (answer == CSV_RECORD) {
			list->good++;
			continue;
		}
		if (list->bad++ < REFUSED_SHOWN)
			fprintf(report, "line %lld is refused: %s\n", (long long) csv.line, why);
	}
	if (ok && list->bad > REFUSED_SHOWN)
		fprintf(report, "and %lld lines more\n", (long long) (list->bad - REFUSED_SHOWN));
	csv_release(&csv);
	if (ok && list->good == 0)
		return fault_set(f, FAULT_INPUT, "there is no row in this file that can be taken");
	return ok;
}

/* --- handing the rows over --- */

static void draw(const json_t *import, bool bar)
{
	long long rows = number(import, "rows"), taken = number(import, "taken");
	char line[BAR + 1];

	for (int i = 0; i < BAR; i++)
		line[i] = rows > 0 && i < taken * BAR / rows ? '#' : '.';
	line[BAR] = '\0';
	fprintf(stderr, "%s[%s] %lld of %lld rows: added %lld, known %lld, left before %lld%s", bar ? "\r" : "", line, taken, rows,
		number(import, "added"), number(import, "known"), number(import, "suppressed"), bar ? "  " : "\n");
}

/* As errand_call, with rows for a body. */
static bool call_rows(struct errand *errand, const char *id, int64_t from, struct str rows, json_t **reply, struct fault *f)
{
	struct http_reply answer = {0};
	char socket[PATH_MAX], url[120];
	struct http_call_options options = {.method = "POST", .url = url, .unix_socket = socket, .body = rows, .type = "text/csv",
		.timeout_ms = 60000};
	struct arena arena;
	bool ok;

	arena_init(&arena, "a chunk", 1024 * 1024);
	(void) snprintf(url, sizeof(url), "http://room/list/imports/%s/rows?from=%lld", id, (long long) from);
	ok = home_socket(&errand->home, "newsletter", "cli", socket, f) && http_call_wait(&options, &arena, &answer, f) &&
		http_reply_ok(&answer, f) && http_json_parse(answer.body, reply, f);
	arena_release(&arena);
	return ok;
}

struct hand_over {
	struct errand *errand;
	const char *id;
	json_t *import;        /* what the room said last */
	struct buf chunk;
	int64_t from, rows;    /* of the chunk: its first row's number, how many */
	bool bar;
	long long shown;       /* tenths */
};

static bool flush(struct hand_over *is, struct fault *f)
{
	json_t *reply = NULL;
	long long tenth;

	if (is->rows == 0)
		return true;
	if (!call_rows(is->errand, is->id, is->from, buf_view(&is->chunk), &reply, f))
		return false;
	json_decref(is->import);
	is->import = reply;
	is->from += is->rows;
	is->rows = 0;
	buf_clear(&is->chunk);
	tenth = number(reply, "rows") > 0 ? number(reply, "taken") * 10 / number(reply, "rows") : 10;
	if (!is->errand->json && (is->bar || tenth != is->shown))
		draw(reply, is->bar);
	is->shown = tenth;
	return true;
}

static bool add_row(struct hand_over *is, const struct str fields[NEWSLETTER_IMPORT_FIELDS], struct fault *f)
{
	size_t before = is->chunk.len;

	for (size_t k = 0; k < NEWSLETTER_IMPORT_FIELDS; k++) {
		if (k > 0)
			buf_add_char(&is->chunk, ',');
		csv_write(&is->chunk, fields[k]);
	}
	buf_add_text(&is->chunk, "\n");
	is->rows++;
	if (is->chunk.over)
		return fault_full(f, "a row");
	return is->chunk.len + (is->chunk.len - before) < NEWSLETTER_IMPORT_CHUNK || flush(is, f);
}

/* From where the room is: a command that was cut short, by whatever, goes on there. */
static bool hand_over(struct errand *errand, const struct list *list, json_t **import, struct fault *f)
{
	struct hand_over is = {.errand = errand, .import = *import, .bar = isatty(STDERR_FILENO) != 0, .shown = -1};
	struct str fields[NEWSLETTER_IMPORT_FIELDS];
	int64_t at = 0, taken = number(*import, "taken");
	enum csv_answer answer;
	struct csv csv;
	const char *why;
	bool ok = true;

	is.id = str_to_c(http_json_text(*import, "id"), &errand->arena);
	is.from = taken;
	buf_init(&is.chunk, 2 * NEWSLETTER_IMPORT_CHUNK);
	csv_init(&csv, list->bytes);
	(void) csv_next(&csv);
	while (ok && (answer = next_row(&csv, list, fields, &why)) != CSV_END)
		if (answer == CSV_RECORD && at++ >= taken)
			ok = add_row(&is, fields, f);
	ok = ok && flush(&is, f);
	if (is.bar && !errand->json)
		fputc('\n', stderr);
	csv_release(&csv);
	buf_wipe(&is.chunk);
	*import = is.import;
	return ok;
}

static void print_import(const json_t *import, const struct list *list)
{
	printf("import %s: %s\n", text(import, "id"), text(import, "state"));
	printf("    rows %lld: added %lld, there already %lld, left or bounced here before and not taken %lld", number(import, "rows"),
		number(import, "added"), number(import, "known"), number(import, "suppressed"));
	if (list != NULL)
		printf("; lines refused %lld", (long long) list->bad);
	putchar('\n');
	if (strcmp(text(import, "state"), "waiting") == 0)
		printf("    so long a list needs a second person: at the desk under Newsletter, Subscribers, or\n"
			"    `mimeo subscribers confirm %s --as NAME`; then run the same import again\n", text(import, "id"));
}

static void print(const struct errand *errand, json_t *import, const struct list *list)
{
	if (errand->json) {
		if (list != NULL)
			json_object_set_new(import, "lines_refused", json_integer(list->bad));
		(void) json_dumpf(import, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_import(import, list);
	}
}

bool newsletter_run_import(struct errand *errand, struct fault *f)
{
	struct list list = {.today = clock_utc_day(clock_now())};
	json_t *import = NULL, *body;
	struct str who = {NULL, 0};
	struct buf bytes;
	bool ok;

	buf_init(&bytes, FILE_MOST + 1);
	ok = newsletter_take_as(errand, &who, f);
	if (ok && errand->argc != 1)
		ok = fault_set(f, FAULT_INPUT, "give one CSV file");
	ok = ok && read_file(errand->argv[0], &bytes, f);
	list.bytes = buf_view(&bytes);
	ok = ok && look_at(&list, errand->json ? stderr : stdout, f);
	if (ok) {
		body = json_pack("{s:s, s:I, s:o}", "hash", list.hash, "rows", (json_int_t) list.good, "by", http_json_str(who));
		ok = errand_call(errand, "newsletter", "POST", "/list/imports", body, &import, f);
	}
	if (ok && strcmp(text(import, "state"), "declined") == 0)
		ok = fault_set(f, FAULT_DENIED, "a second person declined this list");
	if (ok && strcmp(text(import, "state"), "taking") == 0)
		ok = hand_over(errand, &list, &import, f);
	if (ok)
		print(errand, import, &list);
	json_decref(import);
	if (bytes.at != NULL)
		explicit_bzero(bytes.at, bytes.len);
	buf_release(&bytes);
	return ok;
}

/* --- the second person; looking one up; the list --- */

static bool run_answer(struct errand *errand, const char *what, struct fault *f)
{
	struct str who = {NULL, 0};
	json_t *import = NULL;
	char path[64] = "";
	int64_t id = 0;
	bool ok = newsletter_take_as(errand, &who, f);

	if (ok && (errand->argc != 1 || !str_to_i64(str_from(errand->argv[0]), &id) || id <= 0))
		ok = fault_set(f, FAULT_INPUT, "give the number of one import: `mimeo subscribers list` has them");
	if (ok)
		(void) snprintf(path, sizeof(path), "/list/imports/%lld/%s", (long long) id, what);
	ok = ok && errand_call(errand, "newsletter", "POST", path, json_pack("{s:o}", "by", http_json_str(who)), &import, f);
	if (ok)
		print(errand, import, NULL);
	json_decref(import);
	return ok;
}

bool newsletter_run_confirm(struct errand *errand, struct fault *f)
{
	return run_answer(errand, "confirm", f);
}

bool newsletter_run_decline(struct errand *errand, struct fault *f)
{
	return run_answer(errand, "decline", f);
}

static void print_facts(const json_t *reply)
{
	const char *key;
	json_t *value;

	if (!json_is_true(json_object_get(reply, "known"))) {
		printf("not a subscriber");
		if (text(reply, "gone_since")[0] != '\0')
			printf("; %s on %s, and never taken from an import again", text(reply, "gone_because"), text(reply, "gone_since"));
		putchar('\n');
		return;
	}
	json_object_foreach((json_t *) (uintptr_t) reply, key, value)
		if (json_is_string(value))
			printf("%-24s %s\n", key, json_string_value(value));
		else if (json_is_integer(value))
			printf("%-24s %lld\n", key, (long long) json_integer_value(value));
}

bool newsletter_run_look_up(struct errand *errand, struct fault *f)
{
	char line[512];
	struct str who = {NULL, 0}, address;
	json_t *reply = NULL;
	bool ok = newsletter_take_as(errand, &who, f);

	if (ok && errand->argc > 1)
		ok = fault_set(f, FAULT_INPUT, "give one whole address, or none and write it on standard input");
	if (!ok)
		return false;
	if (errand->argc == 1)
		address = str_from(errand->argv[0]);
	else if (fgets(line, sizeof(line), stdin) != NULL) /* what stands in no history and no list of processes */
		address = str_trim(str_from(line));
	else
		return fault_set(f, FAULT_INPUT, "there is no address on standard input");
	ok = errand_call(errand, "newsletter", "POST", "/list/look-up",
		json_pack("{s:o, s:o}", "address", http_json_str(address), "by", http_json_str(who)), &reply, f);
	if (ok && errand->json) {
		(void) json_dumpf(reply, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (ok) {
		print_facts(reply);
	}
	json_decref(reply);
	return ok;
}

static void print_list(const json_t *reply)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(reply, "imports"), i, one)
		print_import(one, NULL);
	printf("%-10s %11s %7s %8s %6s %7s\n", "day (UTC)", "subscribers", "joined", "imported", "left", "bounced");
	json_array_foreach(json_object_get(reply, "days"), i, one)
		printf("%-10s %11lld %7lld %8lld %6lld %7lld\n", text(one, "day"), number(one, "subscribers"), number(one, "joined"),
			number(one, "imported"), number(one, "left"), number(one, "bounced") + number(one, "complained"));
}

bool newsletter_run_list(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;
	bool ok;

	if (errand->argc > 0)
		return fault_set(f, FAULT_INPUT, "this takes nothing behind it: nobody is listed by name");
	ok = errand_call(errand, "newsletter", "GET", "/list", NULL, &reply, f);
	if (ok && errand->json) {
		(void) json_dumpf(reply, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (ok) {
		print_list(reply);
	}
	json_decref(reply);
	return ok;
}
