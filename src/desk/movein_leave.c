/* movein_leave.c: what a move leaves beside its stories: the report, the pages, the counts.
 *
 * Decides: where they lie (data/desk/movein, until the next move) and what they are called. Leaves to others: the
 * report's words (movein_report.c). Runs in: the desk's child that moves in, and the desk. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "desk/movein_inside.h"
#include "http/http_client.h"
#include "press/words.h"

enum { PAGES_MOST = 5000 };

void movein_tidy(struct room *room)
{
	struct fault ignored = {0};
	int fd = openat(room->home.fd, "data/desk/movein", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			file_remove(dirfd(dir), entry->d_name, &ignored);
	if (dir != NULL)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

static bool write_json(struct movein *move, const char *path, const json_t *json)
{
	struct arena arena;
	struct str text;
	bool ok;

	arena_init(&arena, "report", LIMIT_JSON_BYTES);
	text = http_json_write(json, &arena);
	ok = text.at != NULL ? file_write(move->room->home.fd, path, text, 0600, false, move->f) : fault_full(move->f, "the report");
	arena_release(&arena);
	return ok;
}

static bool write_page(struct movein *move, const struct movein_page *page, json_t *list)
{
	size_t number = json_array_size(list) + 1;
	struct story story = {.id = 0};
	struct fault ignored = {0};
	struct arena arena;
	struct slug slug;
	json_t *record = NULL;
	json_t *page_json;
	char path[64];
	struct str text;
	bool ok;

	arena_init(&arena, "page", MOVEIN_STORY_ARENA);
	ok = movein_record_at(move, page->offset, page->len, &record);
	if (ok) {
		story.identity = http_json_text(record, "identity");
		story.title = http_json_text(record, "title");
		story.body = http_json_text(record, "body");
		text = str_format(&arena, "# %.*s\n\n%.*s\n", STR_ARG(story.title), STR_ARG(movein_fill(move, record, &story, &arena,
			NULL, NULL)));
		snprintf(path, sizeof(path), "data/desk/movein/page-%zu.json", number);
		if (!slug_from(story.title, &slug, &ignored))
			snprintf(slug.text, sizeof(slug.text), "page");
		page_json = json_pack("{s:o, s:o, s:o}", "title", http_json_str(story.title), "name",
			json_sprintf("%zu-%s.md", number, slug.text), "text", http_json_str(text));
		ok = write_json(move, path, page_json);
		json_object_del(page_json, "text");
		json_array_append_new(list, page_json);
	}
	json_decref(record);
	arena_release(&arena);
	return ok;
}

static json_t *summary_of(const struct movein *move, int64_t job)
{
	size_t stories = 0;
	size_t i;

	for (i = 0; i < FATE_COUNT; i++)
		stories += move->fates[i];
	return json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "job",
		json_sprintf("%lld", (long long) job), "stories", (json_int_t) stories, "published", (json_int_t) move->published,
		"drafts", (json_int_t) (stories - move->published), "new", (json_int_t) move->fates[FATE_NEW], "updated",
		(json_int_t) move->fates[FATE_UPDATED], "same", (json_int_t) move->fates[FATE_SAME], "here",
		(json_int_t) move->fates[FATE_HERE], "not_taken", (json_int_t) move->not_taken, "pictures",
		(json_int_t) (move->media.count), "missing",
		(json_int_t) (move->report.groups[GROUP_PHOTO].count + move->report.groups[GROUP_PICTURE].count), "broken",
		(json_int_t) move->report.groups[GROUP_BROKEN].count, "redirects",
		(json_int_t) (move->redirect_count + move->redirects.count), "pages", (json_int_t) move->page_count, "dry_run",
		(int) move->dry_run);
}

bool movein_write_all(struct movein *move, int64_t job)
{
	json_t *pages = json_array();
	json_t *summary = summary_of(move, job);
	struct buf report;
	bool ok = file_make_folders(move->room->home.fd, "data/desk/movein", 0700, move->f);
	size_t i;

	buf_init(&report, LIMIT_JSON_BYTES);
	movein_tidy(move->room);
	for (i = 0; i < move->page_count && i < PAGES_MOST && ok; i++)
		ok = write_page(move, &move->pages[i], pages);
	ok = ok && movein_report_write(&move->report, move->site, summary, pages, &report, move->f);
	json_object_set(summary, "page_files", pages);
	json_object_set_new(summary, "report", http_json_str(buf_view(&report)));
	ok = ok && write_json(move, "data/desk/movein/summary.json", summary);
	buf_release(&report);
	json_decref(pages);
	json_decref(summary);
	return ok;
}
