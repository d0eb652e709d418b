/* front_site.c: the baked tree over HTTP.
 *
 * Decides: which file a path means, in which coding; redirects, 304, 404, 410; when the tree may be another one.
 * Leaves to others: names and types (front_paths.c), what is remembered of files (front_files.c), the maps that desk
 * bakes (front_maps.c). Runs in: front. The hard thing: a publish must be seen at once, and a page asked for again
 * must cost no look at the disk. Desk writes site/_changes last of all; the kernel tells us (inotify), and a new
 * generation begins.
 * SPDX-License-Identifier: ISC */
#include "front_files.h"
#include "front_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"

enum {
	SENT_BY_KERNEL = 256 << 10, /* a larger body is not copied through our memory */
	BLOCK_BYTES = 16 << 10,     /* most bodies fit; kept for the next, which malloc would not do as cheaply */
	BLOCKS_KEPT = 64
};

struct block {
	struct block *next;
	struct site *site;
	char bytes[];
};

struct site {
	struct site_options options;
	int fd;                       /* the folder; -1: nothing is baked yet */
	int notify_fd, notify_watch;
	ino_t folder_inode;
	uint64_t generation;
	char counter[24];             /* what _changes said */
	struct stat counter_info;
	bool look;                    /* _changes must be read before the next answer */
	int64_t now_ms;
	struct files *files;
	struct maps *maps;
	struct block *blocks;         /* free ones */
	size_t block_count;
	uint64_t hits_memory, hits_descriptor;
};

/* --- the change counter --- */

static void open_folder(struct site *site)
{
	struct stat info;

	if (site->fd >= 0) {
		/* Still the same folder? */
		if (fstatat(site->options.home_fd, site->options.folder, &info, 0) == 0 && info.st_ino == site->folder_inode)
			return;
		(void) close(site->fd);
		site->fd = -1;
		site->generation++;
	}
	site->fd = openat(site->options.home_fd, site->options.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (site->fd < 0 || fstat(site->fd, &info) != 0)
		return;
	site->folder_inode = info.st_ino;
	if (site->notify_fd >= 0) {
		char path[64];

		if (site->notify_watch >= 0)
			(void) inotify_rm_watch(site->notify_fd, site->notify_watch);
		(void) snprintf(path, sizeof(path), "/proc/self/fd/%d", site->fd);
		/* Only the site's own folder: _changes and the maps are renamed into it. */
		site->notify_watch = inotify_add_watch(site->notify_fd, path,
			IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF);
	}
}

static void read_counter(struct site *site)
{
	char text[sizeof(site->counter)] = "";
	struct stat info = {0};
	bool headers_changed = false;
	int fd = -1;

	site->look = false;
	open_folder(site);
	if (site->fd < 0)
		return;
	fd = front_site_file_open(site->fd, "_changes");
	if (fd >= 0) {
		(void) !read(fd, text, sizeof(text) - 1);
		(void) fstat(fd, &info);
		(void) close(fd);
	}
	if (site->generation > 0 && strcmp(text, site->counter) == 0 && info.st_ino == site->counter_info.st_ino
		&& info.st_mtim.tv_nsec == site->counter_info.st_mtim.tv_nsec
		&& info.st_mtim.tv_sec == site->counter_info.st_mtim.tv_sec)
		return;
	(void) memcpy(site->counter, text, sizeof(text));
	site->counter_info = info;
	site->generation++;
	front_maps_refresh(site->maps, site->fd, &headers_changed);
	if (headers_changed)
		front_files_forget(site->files); /* prepared answers carry the old ones */
}

void front_site_changed(struct site *site)
{
	site->look = true;
}

void front_site_now(struct site *site, int64_t mono_ms)
{
	site->now_ms = mono_ms;
	if (site->notify_watch < 0)
		site->look = true;
}

int front_site_notify_fd(const struct site *site)
{
	return site->notify_fd;
}

struct site *front_site_open(const struct site_options *options)
{
	struct site *site = memory_new(1, sizeof(*site));

	site->options = *options;
	site->fd = -1;
	site->notify_watch = -1;
	site->notify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	site->files = front_files_new(options->entries, options->descriptors, options->memory_bytes);
	site->maps = front_maps_new();
	site->look = true;
	return site;
}

void front_site_close(struct site **site)
{
	struct site *old = *site;

	if (old == NULL)
		return;
	front_files_free(&old->files);
	while (old->blocks != NULL) {
		struct block *block = old->blocks;

		old->blocks = block->next;
		memory_free(block);
	}
	front_maps_free(&old->maps);
	if (old->fd >= 0)
		(void) close(old->fd);
	if (old->notify_fd >= 0)
		(void) close(old->notify_fd);
	memory_free(old);
	*site = NULL;
}

struct site_counts front_site_count(const struct site *site)
{
	const struct files_counts *counts = front_files_count(site->files);

	return (struct site_counts){counts->entries, counts->descriptors, counts->memory_bytes, site->hits_memory,
		site->hits_descriptor, counts->loads};
}

static void give_block(void *self)
{
	struct block *block = self;
	struct site *site = block->site;

	if (site->block_count >= BLOCKS_KEPT) {
		memory_free(block);
		return;
	}
	block->next = site->blocks;
	site->blocks = block;
	site->block_count++;
}

/* --- header lines --- */

struct lines {
	struct http_ready_line items[24];
	size_t count;
};

static void add_line(struct lines *lines, const char *name, const char *value)
{
	must(lines->count + 1 < sizeof(lines->items) / sizeof(lines->items[0]));
	lines->items[lines->count++] = (struct http_ready_line){name, value};
}

/* The header lines of a file's answer; `with_body`: not on a 304. */
static struct lines lines_of(const struct site *site, const struct entry *entry, const struct variant *variant,
	bool with_body)
{
	struct lines lines = {.count = 0};

	if (with_body)
		add_line(&lines, "Content-Type", entry->type);
	if (with_body && variant == &entry->variants[ENTRY_GZIP])
		add_line(&lines, "Content-Encoding", "gzip");
	add_line(&lines, "ETag", variant->etag);
	add_line(&lines, "Cache-Control", entry->cache);
	if (entry->variants[ENTRY_GZIP].there)
		add_line(&lines, "Vary", "Accept-Encoding");
	if (with_body) {
		add_line(&lines, "X-Content-Type-Options", "nosniff");
		add_line(&lines, "Referrer-Policy", "no-referrer");
		for (const struct maps_line *line = front_maps_headers(site->maps); entry->is_page && line->name != NULL;
			line++)
			add_line(&lines, line->name, line->value);
	}
	return lines;
}

/* The body comes into memory when it is hot enough, or while there is room for everybody. */
static void keep_ready(struct site *site, struct entry *entry, struct variant *variant)
{
	struct lines lines;
	char *bytes = NULL;

	if (!front_files_may_keep(site->files, entry, variant))
		return;
	bytes = memory_new(1, (size_t) variant->size);
	if (!front_files_read(variant, bytes)) {
		memory_free(bytes);
		return;
	}
	lines = lines_of(site, entry, variant, true);
	front_files_keep(site->files, variant,
		http_ready_new(200, lines.items, str_make(bytes, (size_t) variant->size), memory_free, bytes));
}

/* --- memory for one body on its way out --- */

static char *take_bytes(struct site *site, size_t size, void (**release)(void *self), void **self)
{
	struct block *block = site->blocks;

	if (size > BLOCK_BYTES - sizeof(*block)) {
		*release = memory_free;
		*self = memory_grow(NULL, size);
		return *self;
	}
	if (block != NULL) {
		site->blocks = block->next;
		site->block_count--;
	} else {
		block = memory_grow(NULL, BLOCK_BYTES);
	}
	block->next = NULL;
	block->site = site;
	*release = give_block;
	*self = block;
	return block->bytes;
}

/* --- answers --- */

static void answer_file(struct site *site, struct http_request *rq, struct entry *entry, struct variant *variant)
{
	struct str condition = http_header(rq, "If-None-Match");
	bool is_fresh = condition.len > 0 && front_path_etag_matches(condition, str_from(variant->etag));
	struct lines lines;
	void (*release)(void *self) = NULL;
	void *self = NULL;
	char *bytes = NULL;
	int fd = -1;

	if (!is_fresh && variant->ready == NULL)
		keep_ready(site, entry, variant);
	if (!is_fresh && variant->ready != NULL) {
		site->hits_memory++;
		http_answer_ready(rq, variant->ready);
		return;
	}
	lines = lines_of(site, entry, variant, !is_fresh);
	if (is_fresh) {
		for (size_t i = 0; i < lines.count; i++)
			http_set(rq, lines.items[i].name, lines.items[i].value);
		http_answer(rq, 304, NULL, (struct str){NULL, 0});
		return;
	}
	site->hits_descriptor++;
	if (variant->size <= SENT_BY_KERNEL) {
		bytes = take_bytes(site, (size_t) variant->size, &release, &self);
		if (front_files_read(variant, bytes)) {
			http_answer_lines(rq, 200, lines.items, str_make(bytes, (size_t) variant->size), release, self);
			return;
		}
		release(self);
	} else {
		fd = fcntl(variant->fd, F_DUPFD_CLOEXEC, 0);
		if (fd >= 0) {
			for (size_t i = 1; i < lines.count; i++)
				http_set(rq, lines.items[i].name, lines.items[i].value);
			http_answer_fd(rq, 200, entry->type, fd, 0, (uint64_t) variant->size);
			return;
		}
	}
	if (!front_site_answer_page(site, rq, 500, "_500.html"))
		http_answer(rq, 500, "text/plain; charset=utf-8",
			STR("Something broke on our side. Please try again in a minute.\n"));
}

void front_site_headers(struct site *site, struct http_request *rq)
{
	for (const struct maps_line *line = front_maps_headers(site->maps); line->name != NULL; line++)
		http_set(rq, line->name, line->value);
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_set(rq, "Referrer-Policy", "no-referrer");
}

bool front_site_answer_page(struct site *site, struct http_request *rq, int status, const char *name)
{
	struct str rest = {NULL, 0};
	struct buf page;
	struct buf root;
	size_t at = 0;
	bool ok = false;

	if (site->look)
		read_counter(site);
	rest = front_maps_page(site->maps, name);
	buf_init(&page, LIMIT_PAGE_BYTES);
	buf_init(&root, 8192);
	if (rest.len == 0 || !front_path_root(http_path(rq), &root))
		goto done;
	while ((at = str_find(rest, STR("@ROOT@"))) != SIZE_MAX) {
		buf_add_str(&page, str_part(rest, 0, at));
		buf_add_str(&page, buf_view(&root));
		rest = str_part(rest, at + 6, SIZE_MAX);
	}
	buf_add_str(&page, rest);
	if (page.over)
		goto done;
	front_site_headers(site, rq);
	http_set(rq, "Cache-Control", status == 410 ? "public, max-age=60" : "no-cache");
	if (status == 503)
		http_set(rq, "Retry-After", "60");
	http_answer_html(rq, status, buf_view(&page));
	ok = true;
done:
	buf_release(&page);
	buf_release(&root);
	return ok;
}

/* To another path of the site, relative, so that it holds under any host and prefix. */
static void answer_moved(struct http_request *rq, int status, struct str to)
{
	struct buf location;

	buf_init(&location, 16384);
	(void) front_path_root(http_path(rq), &location);
	front_path_encode(&location, str_part(to, 1, SIZE_MAX));
	must(!location.over); /* a path is at most 1,024 bytes, a line of the map shorter than this */
	http_set(rq, "Location", location.at);
	http_set(rq, "Cache-Control", "public, max-age=60");
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_answer(rq, status, NULL, (struct str){NULL, 0});
	buf_release(&location);
}

/* "/a/b" → "./b/": the last part with its slash, seen from the same folder. "./" keeps a colon in it harmless. */
static void answer_with_slash(struct http_request *rq)
{
	struct str path = http_path(rq);
	size_t question = str_find_char(http_target(rq), '?');
	size_t slash = path.len;
	struct buf location;

	while (slash > 0 && path.at[slash - 1] != '/')
		slash--;
	buf_init(&location, 16384);
	buf_add_text(&location, "./");
	front_path_encode(&location, str_part(path, slash, SIZE_MAX));
	buf_add_char(&location, '/');
	if (question != SIZE_MAX)
		buf_add_str(&location, str_part(http_target(rq), question, SIZE_MAX));
	must(!location.over); /* the gate caps a target at 2,048 bytes */
	http_set(rq, "Location", location.at);
	http_set(rq, "Cache-Control", "public, max-age=60");
	http_answer(rq, 301, NULL, (struct str){NULL, 0});
	buf_release(&location);
}

/* What the maps say of a path. A text-only page ("/text/2026/…") goes where its story went: the maps know stories alone.
 * `room` holds the answer. */
static struct str moved_to(const struct site *site, struct str path, struct buf *room)
{
	bool is_text = str_starts(path, STR("/text/"));
	struct str to = front_maps_moved(site->maps, str_part(path, is_text ? 5 : 0, SIZE_MAX));

	if (to.len == 0 || !is_text)
		return to;
	buf_add_text(room, "/text");
	buf_add_str(room, to);
	return buf_view(room);
}

static bool is_gone(const struct site *site, struct str path)
{
	return front_maps_gone(site->maps, str_part(path, str_starts(path, STR("/text/")) ? 5 : 0, SIZE_MAX));
}

static void answer_gone(struct site *site, struct http_request *rq)
{
	if (!front_site_answer_page(site, rq, 410, "_410.html"))
		http_answer(rq, 410, "text/plain; charset=utf-8", STR("This page was withdrawn.\n"));
}

/* "/?p=123", an address of WordPress': the maps name it with its number. Nothing else in a query is looked at. False: it
 * is none of them. */
static bool answer_number(struct site *site, struct http_request *rq)
{
	struct str path = http_path(rq);
	struct str number = {NULL, 0};
	struct str to = {NULL, 0};
	char key[1100];
	size_t i;

	if (str_find_char(http_target(rq), '?') == SIZE_MAX)
		return false;
	number = http_query(rq, "p");
	for (i = 0; i < number.len; i++)
		if (number.at[i] < '0' || number.at[i] > '9')
			return false;
	if (number.len == 0 || number.len > 19
		|| snprintf(key, sizeof(key), "%.*s?p=%.*s", STR_ARG(path), STR_ARG(number)) >= (int) sizeof(key))
		return false;
	to = front_maps_moved(site->maps, str_from(key));
	if (to.len > 0 && to.len < 4096)
		answer_moved(rq, 301, to);
	else if (front_maps_gone(site->maps, str_from(key)))
		answer_gone(site, rq);
	else
		return false;
	return true;
}

static void answer_missing(struct site *site, struct http_request *rq, struct str path)
{
	char with_slash[1200];
	struct str folder = path;
	struct str to = {NULL, 0};
	struct buf room;

	buf_init(&room, 8192);
	if (path.at[path.len - 1] != '/') {
		(void) snprintf(with_slash, sizeof(with_slash), "%.*s/", STR_ARG(path));
		folder = str_from(with_slash);
	}
	to = moved_to(site, path, &room);
	if (to.len == 0)
		to = moved_to(site, folder, &room);
	if (to.len > 0 && to.len < 4096) {
		answer_moved(rq, 301, to);
	} else if (is_gone(site, path) || is_gone(site, folder)) {
		answer_gone(site, rq);
	} else if (folder.at != path.at && (front_files_find(site->files, folder) != NULL || str_is(folder, "/search/"))) {
		answer_with_slash(rq);
	} else if (!front_site_answer_page(site, rq, 404, "_404.html")) {
		http_answer(rq, 404, "text/plain; charset=utf-8", STR("This page is not here.\n"));
	}
	buf_release(&room);
}

void front_site_answer(struct site *site, struct http_request *rq)
{
	struct str path = http_path(rq);
	struct entry *entry = NULL;

	if (site->look)
		read_counter(site);
	if (site->fd < 0) {
		site->look = true;
		http_set(rq, "Retry-After", "10");
		http_answer(rq, 503, "text/plain; charset=utf-8",
			STR("The site is being prepared. Please come back in a minute.\n"));
		return;
	}
	if (!front_path_is_public(path)) {
		if (!front_site_answer_page(site, rq, 404, "_404.html"))
			http_answer(rq, 404, "text/plain; charset=utf-8", STR("This page is not here.\n"));
		return;
	}
	if (answer_number(site, rq))
		return;
	if (str_ends(path, STR("/index.html"))) {
		answer_moved(rq, 301, str_part(path, 0, path.len - 10));
		return;
	}
	front_files_tick(site->files, site->fd, site->generation, site->now_ms);
	entry = front_files_find(site->files, path);
	if (entry != NULL && http_accepts_gzip(rq) && front_files_open(site->files, entry, &entry->variants[ENTRY_GZIP]))
		answer_file(site, rq, entry, &entry->variants[ENTRY_GZIP]);
	else if (entry != NULL && front_files_open(site->files, entry, &entry->variants[ENTRY_PLAIN]))
		answer_file(site, rq, entry, &entry->variants[ENTRY_PLAIN]);
	else
		answer_missing(site, rq, path);
}
