/* movein_job.c: moving in: the child of the desk in which an export becomes stories.
 *
 * Decides: the order (read, look, pictures, stories), and what happens to a story that is there already: the same again
 * changes nothing, one that the desk has changed since is left alone. Leaves to others: the export (mimeo-movein),
 * writing the database (movein_take.c). Runs in: a child of the desk, which only reads desk.db. The hard thing: nothing
 * is taken in before the whole export was read and every picture made.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/loop.h"
#include "desk/movein_inside.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "http/http_client.h"
#include "store/store.h"

enum { RECORD_BYTES = 4 * LIMIT_STORY_BYTES, PROGRESS_EVERY = 50, REDIRECTS_A_RECORD = 400 };

/* --- mimeo-movein --- */

struct parsing {
	struct movein *move;
	struct loop_child *child;
	bool ended, ok;
	struct fault said;
};

static void parser_line(void *self, struct str line)
{
	struct parsing *parsing = self;

	if (str_starts(line, STR("progress "))) {
		printf("%.*s\n", STR_ARG(line));
		fflush(stdout);
	} else {
		work_take_line(NULL, line, &parsing->said);
	}
}

static void parser_ended(void *self, int wait_status)
{
	struct parsing *parsing = self;

	parsing->ended = true;
	parsing->ok = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
	if (!parsing->ok && parsing->said.kind == FAULT_NONE)
		fault_set(&parsing->said, FAULT_FULL, "the export needs more time or memory than mimeo gives it (%s %d)",
			WIFSIGNALED(wait_status) ? "signal" : "exit", WIFSIGNALED(wait_status) ? WTERMSIG(wait_status)
			: WEXITSTATUS(wait_status));
}

bool movein_parse(struct movein *move)
{
	struct parsing parsing = {.move = move};
	char program[PATH_MAX];
	char *argv[] = {(char *) (uintptr_t) "mimeo-movein", move->file, move->records, NULL};
	const struct loop_spawn how = {.exe_fd = -1, .program = program, .argv = argv, .on_line = parser_line,
		.on_end = parser_ended, .self = &parsing};
	struct loop *loop = NULL;
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - sizeof("mimeo-movein"));
	char *slash;
	bool ok;

	if (len <= 0)
		return fault_errno(move->f, "cannot find mimeo-movein");
	program[len] = '\0';
	slash = strrchr(program, '/');
	memcpy(slash != NULL ? slash + 1 : program, "mimeo-movein", sizeof("mimeo-movein"));
	if (access(program, X_OK) != 0)
		return fault_set(move->f, FAULT_IO, "there is no mimeo-movein beside mimeo: build it with make");
	ok = loop_open(&loop, move->f) && loop_spawn(loop, &how, &parsing.child, move->f);
	while (ok && !parsing.ended)
		ok = loop_turn(loop, -1, move->f);
	loop_close(&loop);
	if (ok && !parsing.ok)
		*move->f = parsing.said;
	if (!ok || !parsing.ok)
		return false;
	move->records_fd = open(move->records, O_RDONLY | O_CLOEXEC);
	return move->records_fd >= 0 || fault_errno(move->f, "cannot read what mimeo-movein wrote");
}

/* --- a story --- */

/* Of everything that would be taken in. */
static void hash_of(struct str text, char out[MOVEIN_HASH_HEX + 1])
{
	unsigned char hash[MOVEIN_HASH_HEX / 2];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *) text.at, text.len, NULL, 0);
	sodium_bin2hex(out, MOVEIN_HASH_HEX + 1, hash, sizeof(hash));
}

static bool find_fate(struct movein *move, struct str identity, const char *hash, struct arena *arena, enum movein_fate *fate)
{
	struct store_row row;
	bool found = false;

	if (!store_one(move->room->db, DESK_SQL_MOVEIN_FIND, STORE_ARGS(store_text(identity)), arena, &row, &found, move->f))
		return false;
	if (!found)
		*fate = FATE_NEW;
	else if (str_is(row.columns[0].bytes, hash))
		*fate = FATE_SAME;
	else
		*fate = row.columns[1].number == row.columns[2].number ? FATE_UPDATED : FATE_HERE;
	return true;
}

static void take_lead(struct movein *move, struct movein_found *found, struct arena *arena)
{
	struct story *story = &found->story;
	struct str path = movein_media_find(&move->media, found->photo_url, arena);
	const struct movein_picture *made = movein_media_get(&move->media, path);

	if (found->photo_url.len > 0 && made != NULL && made->trouble.len == 0) {
		story->photo = made->photo;
		return;
	}
	if (found->photo_url.len > 0 && made != NULL)
		movein_report_add(&move->report, GROUP_BROKEN, story, str_format(arena, "%.*s: %.*s", STR_ARG(path),
			STR_ARG(made->trouble)));
	else if (found->photo_url.len > 0)
		movein_report_add(&move->report, GROUP_PHOTO, story, found->photo_url);
	story->alt = story->caption = story->credit = (struct str){NULL, 0};
}

static json_t *photos_of(const struct movein_shown *shown)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < shown->count; i++) {
		const struct story_photo *photo = shown->photos[i];

		json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:o, s:I, s:o}", "hash", http_json_str(photo->hash), "width",
			(json_int_t) photo->width, "height", (json_int_t) photo->height, "widths", http_json_str(photo->widths),
			"removed", (json_int_t) photo->removed, "dominant", http_json_str(photo->dominant)));
	}
	return list;
}

static json_t *paths_of(const struct movein_entry *entry)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < entry->path_count; i++)
		json_array_append_new(list, http_json_str(entry->paths[i]));
	return list;
}

static bool put_record(struct buf *out, int fd, const json_t *json, struct fault *f)
{
	struct arena arena;
	struct str text;
	bool ok = true;

	arena_init(&arena, "record", RECORD_BYTES);
	text = http_json_write(json, &arena);
	ok = text.at != NULL || fault_full(f, "a story");
	if (ok) {
		buf_format(out, "%010zu\n", text.len);
		buf_add_str(out, text);
		buf_add_char(out, '\n');
	}
	arena_release(&arena);
	if (ok && out->len > RECORD_BYTES) {
		ok = buf_check(out, "a story", f) && file_write_all(fd, buf_view(out), f);
		buf_clear(out);
	}
	return ok;
}

static bool put_story(struct movein *move, const struct movein_entry *entry, struct story *story,
	const struct movein_shown *shown, struct arena *arena, struct buf *out, int fd)
{
	json_t *json = story_to_json(story);
	char hash[MOVEIN_HASH_HEX + 1];
	enum movein_fate fate = FATE_NEW;
	bool ok;

	json_object_set_new(json, "photos", photos_of(shown));
	json_object_set_new(json, "paths", paths_of(entry));
	hash_of(http_json_write(json, arena), hash);
	ok = find_fate(move, story->identity, hash, arena, &fate);
	json_object_set_new(json, "movein", json_string(hash));
	move->fates[fate]++;
	move->published += story->state == STORY_PUBLISHED;
	if (ok && fate == FATE_HERE)
		movein_report_add(&move->report, GROUP_HERE, story, (struct str){NULL, 0});
	if (ok && (fate == FATE_NEW || fate == FATE_UPDATED) && !move->dry_run) /* a rehearsal writes none */
		ok = put_record(out, fd, json, move->f);
	json_decref(json);
	return ok;
}

static bool make_story(struct movein *move, const struct movein_entry *entry, struct arena *arena, struct buf *out, int fd)
{
	struct movein_shown *shown = arena_alloc(arena, sizeof(*shown));
	struct movein_found found;
	struct fault inner = {0};
	json_t *record = NULL;
	size_t i;
	bool ok = shown != NULL && movein_record_at(move, entry->offset, entry->len, &record);

	if (ok && movein_story_read(record, move->room->settings.language, arena, &move->report, &found)) {
		found.story.slug = entry->slug;
		if (entry->has_new_slug)
			movein_report_add(&move->report, GROUP_SLUG, &found.story, entry->path);
		take_lead(move, &found, arena);
		found.story.body = movein_fill(move, record, &found.story, arena, &move->report, shown);
		if (movein_story_finish(&found.story, &move->report, arena, &inner)) {
			for (i = 0; i < entry->path_count && found.story.state == STORY_PUBLISHED; i++)
				move->redirect_count += !str_equal(entry->paths[i], entry->path);
			ok = put_story(move, entry, &found.story, shown, arena, out, fd);
		} else if (inner.kind == FAULT_INPUT) {
			movein_report_add(&move->report, GROUP_TROUBLE, &found.story, str_from(inner.say));
			move->not_taken++;
		} else {
			*move->f = inner;
			ok = false;
		}
	}
	json_decref(record);
	return ok;
}

/* --- all of them --- */

static int by_date(const void *a, const void *b)
{
	const struct movein_entry *x = a;
	const struct movein_entry *y = b;

	if (x->published.us != y->published.us)
		return x->published.us == 0 ? 1 : y->published.us == 0 ? -1 : x->published.us < y->published.us ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool put_redirects(struct movein *move, struct buf *out, int fd)
{
	bool ok = true;
	size_t i = 0;

	while (i < move->redirects.count && ok && !move->dry_run) {
		json_t *list = json_array();
		json_t *json = json_pack("{s:o}", "redirects", list);

		for (; i < move->redirects.count && json_array_size(list) < REDIRECTS_A_RECORD; i++)
			json_array_append_new(list, json_pack("[o, o]", http_json_str(move->redirects.at[i].from),
				http_json_str(move->redirects.at[i].to)));
		ok = put_record(out, fd, json, move->f);
		json_decref(json);
	}
	return ok;
}

/* The oldest story first: slots in lists follow. */
static bool make_stories(struct movein *move, int fd)
{
	struct arena arena;
	struct buf out;
	bool ok = true;
	size_t i;

	buf_init(&out, (size_t) 4 * RECORD_BYTES);
	arena_init(&arena, "story", MOVEIN_STORY_ARENA);
	if (move->count > 1)
		qsort(move->entries, move->count, sizeof(*move->entries), by_date);
	for (i = 0; i < move->count && ok; i++) {
		ok = make_story(move, &move->entries[i], &arena, &out, fd);
		arena_reset(&arena);
		if ((i + 1) % PROGRESS_EVERY == 0 || i + 1 == move->count) {
			printf("progress %zu %zu converting\n", i + 1, move->count);
			fflush(stdout);
		}
	}
	ok = ok && put_redirects(move, &out, fd) && buf_check(&out, "a story", move->f)
		&& file_write_all(fd, buf_view(&out), move->f);
	arena_release(&arena);
	buf_release(&out);
	return ok;
}

static bool read_wish(struct movein *move, const char *path, int64_t *job)
{
	struct str text = {NULL, 0};
	json_t *wish = NULL;
	struct str file;
	bool ok = file_read(move->room->home.fd, path, LIMIT_JSON_BYTES, &move->arena, &text, move->f)
		&& http_json_parse(text, &wish, move->f);

	if (ok) {
		file = http_json_text(wish, "file");
		move->media.folder = str_copy(http_json_text(wish, "media"), &move->arena);
		move->dry_run = json_is_true(json_object_get(wish, "dry_run"));
		(void) http_json_i64(wish, "job", job);
		ok = snprintf(move->file, sizeof(move->file), "%.*s", STR_ARG(file)) < (int) sizeof(move->file) && file.len > 0;
	}
	json_decref(wish);
	return ok || fault_set(move->f, FAULT_INPUT, "name one export to move in");
}

static bool run(struct movein *move, const char *in, const char *out_path)
{
	int64_t job = 0;
	int fd = -1;
	bool ok = read_wish(move, in, &job) && home_path(&move->room->home, move->records, move->f, "%s.records", out_path)
		&& movein_parse(move) && movein_index(move) && movein_settle_addresses(move)
		&& (move->dry_run || movein_media_make(&move->media, move->room, move->f));

	if (!ok)
		return false;
	movein_media_sort(&move->media);
	fd = openat(move->room->home.fd, out_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_errno(move->f, "cannot write %s", out_path);
	ok = make_stories(move, fd);
	if (close(fd) != 0 && ok)
		ok = fault_errno(move->f, "cannot write %s", out_path);
	return ok && movein_write_all(move, job);
}

bool movein_job(struct room *room, int argc, char **argv, struct fault *f)
{
	struct movein *move = memory_new(1, sizeof(*move));
	struct fault ignored = {0};
	bool ok;

	move->room = room;
	move->f = f;
	move->records_fd = -1;
	arena_init(&move->arena, "move", MOVEIN_CAP_BYTES);
	move->media.arena = move->moves.arena = move->lists.arena = move->redirects.arena = &move->arena;
	movein_report_init(&move->report);
	ok = argc == 2 && run(move, argv[0], argv[1]);
	if (ok) {
		printf("stories %zu\n", move->dry_run ? 0 : move->fates[FATE_NEW] + move->fates[FATE_UPDATED]);
		fflush(stdout);
	}
	if (move->records_fd >= 0)
		close(move->records_fd);
	if (move->records[0] != '\0')
		file_remove(AT_FDCWD, move->records, &ignored);
	movein_report_release(&move->report);
	json_decref(move->site);
	arena_release(&move->arena);
	memory_free(move);
	return ok;
}
