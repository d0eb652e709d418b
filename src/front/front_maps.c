/* front_maps.c: the small files that desk bakes for front: _moved, _gone, _headers and the pages for trouble.
 *
 * Decides: how they are read, and that a missing or malformed one is an empty one. Leaves to others: when to look
 * (front_site.c). Runs in: front. The hard thing: they are read while desk may be writing: each is renamed into place
 * whole, and a line that makes no sense is passed over.
 * SPDX-License-Identifier: ISC */
#include "front_inside.h"

#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"

enum { FILES = 7, MAP_BYTES = 64 << 20, SMALL_BYTES = 1 << 20, PORTION_BYTES = 65536, HEADERS_MOST = 16 };

enum which { MOVED, GONE, HEADERS, PAGE_404, PAGE_410, PAGE_500, PAGE_503 };

static const char *const names[FILES] = {"_moved", "_gone", "_headers", "_404.html", "_410.html", "_500.html",
	"_503.html"};

struct move {
	struct str from, to;
};

struct maps {
	struct file {
		struct stat info;     /* as it was read; zero: there is none */
		struct buf text;
	} files[FILES];
	size_t moved_count, gone_count;
	struct move *moved;
	struct move *gone;
	struct maps_line headers[HEADERS_MOST + 1];
};

struct maps *front_maps_new(void)
{
	struct maps *maps = memory_new(1, sizeof(*maps));

	for (size_t i = 0; i < FILES; i++)
		buf_init(&maps->files[i].text, i <= GONE ? MAP_BYTES : SMALL_BYTES);
	return maps;
}

void front_maps_free(struct maps **maps)
{
	if (*maps == NULL)
		return;
	for (size_t i = 0; i < FILES; i++)
		buf_release(&(*maps)->files[i].text);
	memory_free((*maps)->moved);
	memory_free((*maps)->gone);
	memory_free(*maps);
	*maps = NULL;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size
		&& a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Whether the file is another one than before. */
static bool read_again(struct maps *maps, enum which which, int site_fd)
{
	struct file *file = &maps->files[which];
	struct stat info = {0};
	int fd = front_site_file_open(site_fd, names[which]);
	bool is_new = false;

	if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > (off_t) file->text.cap_bytes)
		info = (struct stat){0};
	is_new = !is_same(&info, &file->info);
	if (is_new) {
		buf_clear(&file->text);
		while (info.st_size > 0) {
			size_t left = file->text.cap_bytes - file->text.len, most = left < 65536 ? left : 65536;
			char *to = buf_reserve(&file->text, most);
			ssize_t got = to != NULL ? read(fd, to, most) : 0;

			if (got <= 0)
				break;
			buf_grown(&file->text, (size_t) got);
		}
		file->info = info;
	}
	if (fd >= 0)
		(void) close(fd);
	return is_new;
}

static int compare_moves(const void *a, const void *b)
{
	const struct move *x = a;
	const struct move *y = b;

	return str_compare(x->from, y->from);
}

/* A path of ours, never another site's ("//evil"). */
static bool is_target(struct str path)
{
	return str_starts(path, STR("/")) && !str_starts(path, STR("//")) && !str_has_control(path);
}

/* Lines "from<TAB>to" or "from", or "#" and the hash of a path whose words are not to be read here; sorted. */
static size_t read_lines(struct str text, bool with_target, struct move **out)
{
	struct str rest = text;
	struct str line = {NULL, 0};
	size_t lines = 1;
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		lines += text.at[i] == '\n';
	memory_free(*out);
	*out = memory_new(lines, sizeof(**out));
	while (str_next(&rest, '\n', &line)) {
		size_t tab = str_find_char(line, '\t');
		struct move move = {str_part(line, 0, tab), {NULL, 0}};

		if (tab != SIZE_MAX)
			move.to = str_trim(str_part(line, tab + 1, SIZE_MAX));
		move.from = str_trim(move.from);
		if ((!str_starts(move.from, STR("/")) && (with_target || !str_starts(move.from, STR("#"))))
			|| (with_target && !is_target(move.to)))
			continue;
		(*out)[count++] = move;
	}
	qsort(*out, count, sizeof(**out), compare_moves);
	return count;
}

/* Cuts the text into C strings in place. */
static void read_headers(struct maps *maps)
{
	struct buf *text = &maps->files[HEADERS].text;
	size_t count = 0;
	char *line = text->at;

	while (line != NULL && count < HEADERS_MOST) {
		char *end = strchr(line, '\n');
		char *colon = strchr(line, ':');

		if (end != NULL)
			*end = '\0';
		if (colon != NULL && (end == NULL || colon < end) && colon > line && !str_has_control(str_from(line))) {
			*colon = '\0';
			maps->headers[count++] = (struct maps_line){line, colon + 1 + strspn(colon + 1, " ")};
		}
		line = end != NULL ? end + 1 : NULL;
	}
	maps->headers[count] = (struct maps_line){NULL, NULL};
}

void front_maps_refresh(struct maps *maps, int site_fd, bool *page_headers_changed)
{
	*page_headers_changed = false;
	for (size_t i = 0; i < FILES; i++) {
		if (!read_again(maps, (enum which) i, site_fd))
			continue;
		if (i == MOVED)
			maps->moved_count = read_lines(buf_view(&maps->files[i].text), true, &maps->moved);
		else if (i == GONE)
			maps->gone_count = read_lines(buf_view(&maps->files[i].text), false, &maps->gone);
		else if (i == HEADERS) {
			read_headers(maps);
			*page_headers_changed = true;
		}
	}
}

static const struct move *find(const struct move *moves, size_t count, struct str path)
{
	struct move key = {path, {NULL, 0}};

	return count > 0 ? bsearch(&key, moves, count, sizeof(*moves), compare_moves) : NULL;
}

struct str front_maps_moved(const struct maps *maps, struct str path)
{
	const struct move *move = find(maps->moved, maps->moved_count, path);

	return move != NULL ? move->to : (struct str){NULL, 0};
}

bool front_maps_gone(const struct maps *maps, struct str path)
{
	unsigned char hash[crypto_generichash_BYTES_MIN];
	char line[2 * sizeof(hash) + 2] = "#";

	if (find(maps->gone, maps->gone_count, path) != NULL)
		return true;
	if (maps->gone_count == 0 || maps->gone[0].from.at[0] != '#') /* sorted: hashes stand first */
		return false;
	if (crypto_generichash(hash, sizeof(hash), (const unsigned char *) path.at, path.len, NULL, 0) != 0)
		return false;
	sodium_bin2hex(line + 1, sizeof(line) - 1, hash, sizeof(hash));
	return find(maps->gone, maps->gone_count, str_from(line)) != NULL;
}

const struct maps_line *front_maps_headers(const struct maps *maps)
{
	return maps->headers;
}

struct str front_maps_page(const struct maps *maps, const char *name)
{
	for (size_t i = PAGE_404; i < FILES; i++)
		if (strcmp(names[i], name) == 0)
			return buf_view(&maps->files[i].text);
	return (struct str){NULL, 0};
}
