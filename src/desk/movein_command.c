/* movein_command.c: mimeo story move-in, and what it asks the desk.
 *
 * Decides: what is printed, where the report goes. Leaves to others: the work (movein_job.c). Runs in: the command (to
 * its end) and the desk (the routes). The hard thing: the report belongs where the person stands, and only the command
 * may write there: the desk hands it over.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/must.h"
#include "desk/movein.h"
#include "desk/story_work.h"
#include "house/errand.h"
#include "http/http_client.h"

/* --- the desk's end --- */

void story_post_movein(struct http_request *rq, void *self)
{
	struct room *room = self;
	json_t *body = http_json(rq);
	struct str file = http_json_text(body, "file");
	struct str media = http_json_text(body, "media");
	struct work_job *job = NULL;
	json_t *wish = NULL;
	struct fault f = {0};

	if (file.len == 0 || file.at[0] != '/' || (media.len > 0 && media.at[0] != '/'))
		fault_set(&f, FAULT_INPUT, "name one export to move in; its path and that of the media folder are absolute");
	else if ((job = work_job_new(work_of(room))) == NULL)
		fault_set(&f, FAULT_BUSY, "too much is going on at once; try again when some of it is done");
	if (job != NULL) {
		wish = json_pack("{s:o, s:o, s:b, s:I}", "file", http_json_str(file), "media", http_json_str(media), "dry_run",
			(int) json_is_true(json_object_get(body, "dry_run")), "job", (json_int_t) job->id);
		if (!work_import(work_of(room), "movein", wish, job, &f))
			*job = (struct work_job){0};
	}
	json_decref(wish);
	if (f.kind != FAULT_NONE)
		http_answer_fault(rq, &f);
	else
		http_answer_json(rq, 202, json_pack("{s:o}", "job", json_sprintf("%lld", (long long) job->id)));
}

/* A file of JSON that the child left, as it is. */
static void answer_file(struct http_request *rq, struct room *room, const char *path)
{
	struct fault f = {0};
	struct stat about;
	int fd = openat(room->home.fd, path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &about) == 0) {
		http_answer_fd(rq, 200, "application/json", fd, 0, (uint64_t) about.st_size);
		return;
	}
	if (fd >= 0)
		close(fd);
	fault_set(&f, FAULT_MISSING, "there is no such report (any more); run mimeo story move-in again");
	http_answer_fault(rq, &f);
}

void story_get_movein(struct http_request *rq, void *self)
{
	answer_file(rq, self, "data/desk/movein/summary.json");
}

void story_get_movein_page(struct http_request *rq, void *self)
{
	int64_t number = 0;
	char path[64];

	(void) str_to_i64(http_part(rq, "number"), &number);
	snprintf(path, sizeof(path), "data/desk/movein/page-%lld.json", (long long) number);
	answer_file(rq, self, path);
}

/* --- the command's end --- */

struct wish {
	const char *file, *media, *report;
	bool dry_run;
};

static bool read_wish(struct errand *errand, struct wish *wish, struct fault *f)
{
	int i;

	for (i = 0; i < errand->argc; i++) {
		const char *word = errand->argv[i];
		const char **into = strcmp(word, "--media") == 0 ? &wish->media : strcmp(word, "--report") == 0 ? &wish->report : NULL;

		if (strcmp(word, "--dry-run") == 0)
			wish->dry_run = true;
		else if (into != NULL && i + 1 < errand->argc)
			*into = errand->argv[++i];
		else if (word[0] == '-' || wish->file != NULL)
			return fault_set(f, FAULT_INPUT, "%s is not understood here; see mimeo story move-in --help", word);
		else
			wish->file = word;
	}
	if (wish->file == NULL)
		return fault_set(f, FAULT_INPUT, "this needs more: mimeo story move-in FILE [--media FOLDER]");
	if (wish->report == NULL)
		wish->report = "move-in.md";
	return true;
}

/* Before the work, not after it. */
static bool check_report(const struct wish *wish, struct fault *f)
{
	char folder[PATH_MAX];
	const char *slash;

	must(wish->report != NULL);
	slash = strrchr(wish->report, '/');
	snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int) (slash - wish->report) + 1 : 1, slash != NULL ? wish->report
		: ".");
	return access(folder, W_OK) == 0 || fault_errno(f, "cannot write the report %s; name another place with --report",
		wish->report);
}

static bool path_of(const char *given, const char *what, bool is_folder, char out[PATH_MAX], struct fault *f)
{
	struct stat about;

	out[0] = '\0';
	if (given == NULL)
		return true;
	if (realpath(given, out) == NULL || stat(out, &about) != 0)
		return fault_errno(f, "cannot read %s", given);
	if (is_folder != S_ISDIR(about.st_mode))
		return fault_set(f, FAULT_INPUT, "%s: %s", given, what);
	return true;
}

/* "move-in.md" → "move-in-pages/". */
static bool write_pages(struct errand *errand, const struct wish *wish, const char *job, size_t count, char folder[PATH_MAX],
	struct fault *f)
{
	size_t stem = strlen(wish->report);
	bool ok;
	size_t i;

	if (stem > 3 && strcmp(wish->report + stem - 3, ".md") == 0)
		stem -= 3;
	snprintf(folder, PATH_MAX, "%.*s-pages", (int) stem, wish->report);
	ok = count == 0 || file_make_folders(AT_FDCWD, folder, 0777, f);
	for (i = 1; i <= count && ok; i++) {
		struct str route = str_format(&errand->arena, "/stories/move-in/%s/pages/%zu", job, i);
		json_t *page = NULL;
		char path[PATH_MAX];
		struct str name;

		ok = errand_call(errand, "desk", "GET", route.at, NULL, &page, f);
		name = http_json_text(page, "name");
		if (ok && (str_find_char(name, '/') != SIZE_MAX || name.len == 0
			|| snprintf(path, sizeof(path), "%s/%.*s", folder, STR_ARG(name)) >= (int) sizeof(path)))
			ok = fault_set(f, FAULT_IO, "a page has a name that cannot be");
		ok = ok && file_write(AT_FDCWD, path, http_json_text(page, "text"), 0666, false, f);
		json_decref(page);
		arena_reset(&errand->arena);
	}
	return ok;
}

static void print_end(const struct errand *errand, const struct wish *wish, const json_t *summary, const char *folder)
{
	struct buf text;

	if (errand->json) {
		json_dumpf(summary, stdout, JSON_INDENT(2));
		putchar('\n');
		return;
	}
	buf_init(&text, 4096);
	movein_summary_text(summary, &text);
	printf("%s%.*s", wish->dry_run ? "nothing was taken in: this was a rehearsal\n" : "",
		STR_ARG(buf_view(&text)));
	printf("what could not be kept: %s\n", wish->report);
	if (json_array_size(json_object_get(summary, "page_files")) > 0)
		printf("texts of pages: %s/\n", folder);
	buf_release(&text);
}

static bool leave_report(struct errand *errand, const struct wish *wish, const char *job, struct fault *f)
{
	struct str route = str_format(&errand->arena, "/stories/move-in/%s", job);
	json_t *summary = NULL;
	char folder[PATH_MAX];
	bool ok = errand_call(errand, "desk", "GET", route.at, NULL, &summary, f);

	if (ok && !str_is(http_json_text(summary, "job"), job))
		ok = fault_set(f, FAULT_CONFLICT, "another move came between; run this one again for its report");
	ok = ok && file_write(AT_FDCWD, wish->report, http_json_text(summary, "report"), 0666, false, f)
		&& write_pages(errand, wish, job, json_array_size(json_object_get(summary, "page_files")), folder, f);
	if (ok) {
		json_object_del(summary, "report");
		print_end(errand, wish, summary, folder);
	}
	json_decref(summary);
	return ok;
}

bool story_run_movein(struct errand *errand, struct fault *f)
{
	struct wish wish = {.dry_run = false};
	char file[PATH_MAX];
	char media[PATH_MAX];
	char job[32] = "";
	json_t *reply = NULL;
	bool ok = read_wish(errand, &wish, f) && check_report(&wish, f)
		&& path_of(wish.file, "name the export itself, an .xml or .json file", false, file, f)
		&& path_of(wish.media, "the media are a folder", true, media, f)
		&& errand_call(errand, "desk", "POST", "/stories/move-in", json_pack("{s:s, s:s, s:b}", "file", file, "media", media,
			"dry_run", (int) wish.dry_run), &reply, f);

	if (ok) {
		snprintf(job, sizeof(job), "%.*s", STR_ARG(http_json_text(reply, "job")));
		ok = errand_watch(errand, "desk", str_format(&errand->arena, "/jobs/%s", job).at, "move-in", NULL, f)
			&& leave_report(errand, &wish, job, f);
	}
	json_decref(reply);
	return ok;
}
