/* front_site.c: the baked tree over HTTP.
 *
 * Decides: which file a path means, in which coding; what is remembered of it and for how long; redirects, 304, 404, 410.
 * Leaves to others: names and types (front_paths.c), the maps that desk bakes (front_maps.c), how a file is opened
 * (front_open.c). Runs in: front. The hard thing: a publish must be seen at once, and a page asked for again must cost
 * no look at the disk. Desk writes site/_changes last of all; the kernel tells us (inotify), and from then on nothing that
 * was remembered is used before its file's number, size and time were compared. What is remembered: descriptors (so
 * that a page half a second old is whole even while it is replaced), and the hottest pages' answers in memory.
 * SPDX-License-Identifier: ISC */
#include "front_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"
#include "base/rand.h"

enum {
	VARIANTS = 2,                 /* as it is, gzip */
	ETAG_BYTES = 40,
	HASHED_MOST = 1 << 20,        /* larger files (photos) are told apart by number, size and time */
	IN_MEMORY_MOST = 256 << 10,   /* one body */
	HEAT_MS = 8000,               /* what was asked for so long ago counts half */
	LOOKED_MS = 10000,            /* a file is compared again after so long even if nothing was told */
	VICTIMS = 8
};

struct variant {
	bool there;                   /* a file of this name is there; opened when it is first asked for */
	int fd;                       /* -1: not open */
	ino_t inode;
	off_t size;
	struct timespec changed;
	char etag[ETAG_BYTES];
	struct http_ready *ready;     /* NULL: not in memory */
};

struct entry {
	struct entry *next;           /* same slot */
	struct entry *ring_next, *ring_before;
	uint64_t hash;
	uint64_t generation;          /* of the site when it was looked at */
	int64_t looked_ms;
	uint32_t heat;
	uint32_t heat_at;             /* in HEAT_MS */
	const char *type, *cache;
	bool is_page;
	struct variant variants[VARIANTS];
	size_t path_len;
	char path[];                  /* as asked, NUL behind */
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
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct entry **slots;
	size_t slot_count;
	struct entry *hand;           /* of the clock that chooses what is forgotten */
	struct entry *victim;         /* the same for memory */
	struct maps *maps;
	struct site_counts counts;
};

/* --- remembered files --- */

static void forget_ready(struct site *site, struct variant *variant)
{
	if (variant->ready == NULL)
		return;
	http_ready_free(&variant->ready);
	site->counts.memory_bytes -= (size_t) variant->size;
}

static void forget_variant(struct site *site, struct variant *variant)
{
	forget_ready(site, variant);
	if (variant->fd >= 0) {
		(void) close(variant->fd);
		site->counts.descriptors--;
	}
	variant->fd = -1;
	variant->there = false;
}

static void forget_entry(struct site *site, struct entry *entry)
{
	struct entry **at = &site->slots[entry->hash % site->slot_count];

	for (size_t i = 0; i < VARIANTS; i++)
		forget_variant(site, &entry->variants[i]);
	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	if (site->hand == entry)
		site->hand = entry->ring_next != entry ? entry->ring_next : NULL;
	if (site->victim == entry)
		site->victim = NULL;
	entry->ring_next->ring_before = entry->ring_before;
	entry->ring_before->ring_next = entry->ring_next;
	site->counts.entries--;
	memory_free(entry);
}

static void forget_all(struct site *site)
{
	while (site->hand != NULL)
		forget_entry(site, site->hand);
	must(site->counts.entries == 0 && site->counts.descriptors == 0 && site->counts.memory_bytes == 0);
}

static uint32_t heat_now(const struct site *site, const struct entry *entry)
{
	uint32_t age = (uint32_t) (site->now_ms / HEAT_MS) - entry->heat_at;

	return age < 32 ? entry->heat >> age : 0;
}

static void warm(const struct site *site, struct entry *entry)
{
	entry->heat = heat_now(site, entry) + 1;
	entry->heat_at = (uint32_t) (site->now_ms / HEAT_MS);
}

static uint64_t hash_of(const struct site *site, struct str path)
{
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t value = 0;

	(void) crypto_shorthash(hash, (const unsigned char *) path.at, path.len, site->key);
	memcpy(&value, hash, sizeof(value));
	return value;
}

static struct entry *find_entry(const struct site *site, struct str path, uint64_t hash)
{
	for (struct entry *entry = site->slots[hash % site->slot_count]; entry != NULL; entry = entry->next)
		if (entry->hash == hash && entry->path_len == path.len && memcmp(entry->path, path.at, path.len) == 0)
			return entry;
	return NULL;
}

/* The clock's hand looks at a few and forgets the coldest of them, but not `keep`. */
static bool make_room(struct site *site, const struct entry *keep)
{
	struct entry *coldest = NULL;

	for (int i = 0; i < VICTIMS && site->hand != NULL; i++) {
		if (site->hand != keep && (coldest == NULL || heat_now(site, site->hand) < heat_now(site, coldest)))
			coldest = site->hand;
		site->hand = site->hand->ring_next;
	}
	if (coldest != NULL)
		forget_entry(site, coldest);
	return coldest != NULL;
}

static struct entry *add_entry(struct site *site, struct str path, uint64_t hash)
{
	struct entry *entry = NULL;

	while (site->counts.entries >= site->options.entries && make_room(site, NULL))
		;
	entry = memory_new(1, sizeof(*entry) + path.len + 1);
	memcpy(entry->path, path.at, path.len);
	entry->path_len = path.len;
	entry->hash = hash;
	for (size_t i = 0; i < VARIANTS; i++)
		entry->variants[i].fd = -1;
	entry->next = site->slots[hash % site->slot_count];
	site->slots[hash % site->slot_count] = entry;
	if (site->hand == NULL) {
		entry->ring_next = entry->ring_before = entry;
		site->hand = entry;
	} else {
		entry->ring_next = site->hand;
		entry->ring_before = site->hand->ring_before;
		entry->ring_before->ring_next = entry;
		entry->ring_next->ring_before = entry;
	}
	site->counts.entries++;
	return entry;
}

/* --- looking at files --- */

/* An ETag from the bytes: it survives a full bake, and is another one for another coding. */
static void make_etag(struct variant *variant)
{
	unsigned char hash[16];
	crypto_generichash_state state;
	char portion[16384];
	off_t at = 0;

	if (variant->size > HASHED_MOST) {
		(void) snprintf(variant->etag, sizeof(variant->etag), "\"%llx-%llx-%llx\"", (unsigned long long) variant->inode,
			(unsigned long long) variant->size,
			(unsigned long long) variant->changed.tv_sec * 1000000000U + (unsigned long long) variant->changed.tv_nsec);
		return;
	}
	(void) crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	while (at < variant->size) {
		ssize_t got = pread(variant->fd, portion, sizeof(portion), at);

		if (got <= 0)
			break;
		(void) crypto_generichash_update(&state, (const unsigned char *) portion, (unsigned long long) got);
		at += got;
	}
	(void) crypto_generichash_final(&state, hash, sizeof(hash));
	variant->etag[0] = '"';
	(void) sodium_bin2hex(variant->etag + 1, sizeof(variant->etag) - 2, hash, sizeof(hash));
	(void) memcpy(variant->etag + 33, "\"", 2);
}

static bool is_same(const struct variant *variant, const struct stat *info)
{
	return info->st_ino == variant->inode && info->st_size == variant->size && info->st_mtim.tv_sec == variant->changed.tv_sec
		&& info->st_mtim.tv_nsec == variant->changed.tv_nsec;
}

/* Forgets what is remembered of a file if it is another than before. */
static void look_at(struct site *site, struct variant *variant, const char *name)
{
	struct stat info;

	if (fstatat(site->fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) {
		forget_variant(site, variant);
		return;
	}
	if (variant->there && is_same(variant, &info))
		return;
	forget_variant(site, variant);
	variant->there = true;
	variant->inode = info.st_ino;
	variant->size = info.st_size;
	variant->changed = info.st_mtim;
}

/* "/x/" → "x/index.html", "/feed.xml" → "feed.xml"; with ".gz" for the second variant. */
static bool file_name(struct str path, bool gzip, char *out, size_t size)
{
	int len = snprintf(out, size, "%.*s%s%s", (int) path.len - 1, path.at + 1, path.at[path.len - 1] == '/' ? "index.html" : "",
		gzip ? ".gz" : "");

	return len > 0 && (size_t) len < size;
}

static void look_at_entry(struct site *site, struct entry *entry)
{
	char name[1200];

	entry->generation = site->generation;
	entry->looked_ms = site->now_ms;
	for (size_t i = 0; i < VARIANTS; i++)
		if (file_name(str_make(entry->path, entry->path_len), i == 1, name, sizeof(name)))
			look_at(site, &entry->variants[i], name);
		else
			forget_variant(site, &entry->variants[i]);
}

/* Opens a variant that is there. False: it is not there any more, or cannot be read. */
static bool open_variant(struct site *site, struct entry *entry, struct variant *variant)
{
	struct stat info;
	char name[1200];

	if (variant->fd >= 0 || !variant->there)
		return variant->there;
	while (site->counts.descriptors >= site->options.descriptors && make_room(site, entry))
		;
	if (!file_name(str_make(entry->path, entry->path_len), variant == &entry->variants[1], name, sizeof(name)))
		return false;
	variant->fd = site_file_open(site->fd, name);
	if (variant->fd < 0) {
		variant->there = false;
		return false;
	}
	site->counts.descriptors++;
	if (fstat(variant->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
		forget_variant(site, variant);
		return false;
	}
	variant->inode = info.st_ino;
	variant->size = info.st_size;
	variant->changed = info.st_mtim;
	site->counts.loads++;
	make_etag(variant);
	return true;
}

/* The file of a path, as it is now; NULL: there is none. */
static struct entry *entry_of(struct site *site, struct str path)
{
	uint64_t hash = hash_of(site, path);
	struct entry *entry = find_entry(site, path, hash);
	struct stat info;
	char name[1200];

	if (entry == NULL) {
		/* Names that do not exist must not push out files that do. */
		if (!file_name(path, false, name, sizeof(name)) || fstatat(site->fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
			return NULL;
		entry = add_entry(site, path, hash);
		entry->is_page = str_ends(path, STR("/")) || str_ends(path, STR(".html"));
		entry->type = path_type(str_ends(path, STR("/")) ? STR(".html") : path);
		entry->cache = path_cache(path);
		look_at_entry(site, entry);
	} else if (entry->generation != site->generation || site->now_ms - entry->looked_ms > LOOKED_MS) {
		look_at_entry(site, entry);
	}
	if (!entry->variants[0].there) {
		forget_entry(site, entry);
		return NULL;
	}
	warm(site, entry);
	return entry;
}

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
		site->notify_watch = inotify_add_watch(site->notify_fd, path, IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF);
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
	fd = site_file_open(site->fd, "_changes");
	if (fd >= 0) {
		(void) !read(fd, text, sizeof(text) - 1);
		(void) fstat(fd, &info);
		(void) close(fd);
	}
	if (site->generation > 0 && strcmp(text, site->counter) == 0 && info.st_ino == site->counter_info.st_ino
		&& info.st_mtim.tv_nsec == site->counter_info.st_mtim.tv_nsec && info.st_mtim.tv_sec == site->counter_info.st_mtim.tv_sec)
		return;
	(void) memcpy(site->counter, text, sizeof(text));
	site->counter_info = info;
	site->generation++;
	maps_refresh(site->maps, site->fd, &headers_changed);
	if (headers_changed)
		forget_all(site); /* prepared answers carry the old ones */
}

void site_changed(struct site *site)
{
	site->look = true;
}

void site_now(struct site *site, int64_t mono_ms)
{
	site->now_ms = mono_ms;
	if (site->notify_watch < 0)
		site->look = true;
}

int site_notify_fd(const struct site *site)
{
	return site->notify_fd;
}

struct site *site_open(const struct site_options *options)
{
	struct site *site = memory_new(1, sizeof(*site));

	site->options = *options;
	site->fd = -1;
	site->notify_watch = -1;
	site->notify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	site->slot_count = options->entries * 2 + 1;
	site->slots = memory_new(site->slot_count, sizeof(struct entry *));
	site->maps = maps_new();
	site->look = true;
	rand_bytes(site->key, sizeof(site->key));
	return site;
}

void site_close(struct site **site)
{
	struct site *old = *site;

	if (old == NULL)
		return;
	forget_all(old);
	maps_free(&old->maps);
	if (old->fd >= 0)
		(void) close(old->fd);
	if (old->notify_fd >= 0)
		(void) close(old->notify_fd);
	memory_free(old->slots);
	memory_free(old);
	*site = NULL;
}

struct site_counts site_count(const struct site *site)
{
	return site->counts;
}

/* --- memory for the hottest --- */

static bool read_whole(const struct variant *variant, char *to)
{
	size_t size = (size_t) variant->size;
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(variant->fd, to + done, size - done, (off_t) done);

		if (got <= 0)
			return false;
		done += (size_t) got;
	}
	return true;
}

/* Takes memory from what is clearly colder. */
static bool make_memory(struct site *site, const struct entry *wants, size_t size)
{
	uint32_t heat = heat_now(site, wants);

	for (int i = 0; i < VICTIMS && site->counts.memory_bytes + size > site->options.memory_bytes; i++) {
		struct entry *victim = NULL;

		if (site->victim == NULL)
			site->victim = site->hand;
		for (int looked = 0; looked < 64 && victim == NULL; looked++) {
			struct entry *entry = site->victim;

			site->victim = entry->ring_next;
			if (entry != wants && (entry->variants[0].ready != NULL || entry->variants[1].ready != NULL)
				&& heat_now(site, entry) * 2 + 4 < heat)
				victim = entry;
		}
		if (victim == NULL)
			return false;
		forget_ready(site, &victim->variants[0]);
		forget_ready(site, &victim->variants[1]);
	}
	return site->counts.memory_bytes + size <= site->options.memory_bytes;
}

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
static struct lines lines_of(const struct site *site, const struct entry *entry, const struct variant *variant, bool with_body)
{
	struct lines lines = {.count = 0};

	if (with_body)
		add_line(&lines, "Content-Type", entry->type);
	if (with_body && variant == &entry->variants[1])
		add_line(&lines, "Content-Encoding", "gzip");
	add_line(&lines, "ETag", variant->etag);
	add_line(&lines, "Cache-Control", entry->cache);
	if (entry->variants[1].there)
		add_line(&lines, "Vary", "Accept-Encoding");
	if (with_body) {
		add_line(&lines, "X-Content-Type-Options", "nosniff");
		add_line(&lines, "Referrer-Policy", "no-referrer");
		for (const struct maps_line *line = maps_headers(site->maps); entry->is_page && line->name != NULL; line++)
			add_line(&lines, line->name, line->value);
	}
	return lines;
}

/* The body comes into memory when it is hot enough, or while there is room for everybody. */
static void keep_ready(struct site *site, struct entry *entry, struct variant *variant)
{
	size_t size = (size_t) variant->size;
	struct lines lines;
	char *bytes = NULL;

	if (variant->size > IN_MEMORY_MOST || variant->size == 0 || entry->heat < 2)
		return;
	if (site->counts.memory_bytes + size > site->options.memory_bytes && ((entry->heat & 7) != 0 || !make_memory(site, entry, size)))
		return;
	bytes = memory_new(1, size);
	if (!read_whole(variant, bytes)) {
		memory_free(bytes);
		return;
	}
	lines = lines_of(site, entry, variant, true);
	variant->ready = http_ready_new(200, lines.items, str_make(bytes, size), memory_free, bytes);
	site->counts.memory_bytes += size;
}

/* --- answers --- */

static void answer_file(struct site *site, struct http_request *rq, struct entry *entry, struct variant *variant)
{
	struct str condition = http_header(rq, "If-None-Match");
	bool is_fresh = condition.len > 0 && path_etag_matches(condition, str_from(variant->etag));
	struct lines lines;
	char *bytes = NULL;
	int fd = -1;

	if (!is_fresh && variant->ready == NULL)
		keep_ready(site, entry, variant);
	if (!is_fresh && variant->ready != NULL) {
		site->counts.hits_memory++;
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
	site->counts.hits_descriptor++;
	if (variant->size <= IN_MEMORY_MOST) {
		bytes = memory_grow(NULL, (size_t) variant->size);
		if (read_whole(variant, bytes)) {
			http_answer_lines(rq, 200, lines.items, str_make(bytes, (size_t) variant->size), memory_free, bytes);
			return;
		}
		memory_free(bytes);
	} else {
		fd = fcntl(variant->fd, F_DUPFD_CLOEXEC, 0);
		if (fd >= 0) {
			for (size_t i = 1; i < lines.count; i++)
				http_set(rq, lines.items[i].name, lines.items[i].value);
			http_answer_fd(rq, 200, entry->type, fd, 0, (uint64_t) variant->size);
			return;
		}
	}
	if (!site_answer_page(site, rq, 500, "_500.html"))
		http_answer(rq, 500, "text/plain; charset=utf-8", STR("Something broke on our side. Please try again in a minute.\n"));
}

void site_headers(struct site *site, struct http_request *rq)
{
	for (const struct maps_line *line = maps_headers(site->maps); line->name != NULL; line++)
		http_set(rq, line->name, line->value);
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_set(rq, "Referrer-Policy", "no-referrer");
}

bool site_answer_page(struct site *site, struct http_request *rq, int status, const char *name)
{
	struct str rest = {NULL, 0};
	struct buf page;
	struct buf root;
	size_t at = 0;
	bool ok = false;

	if (site->look)
		read_counter(site);
	rest = maps_page(site->maps, name);
	buf_init(&page, LIMIT_PAGE_BYTES);
	buf_init(&root, 8192);
	if (rest.len == 0 || !path_root(http_path(rq), &root))
		goto done;
	while ((at = str_find(rest, STR("@ROOT@"))) != SIZE_MAX) {
		buf_add_str(&page, str_part(rest, 0, at));
		buf_add_str(&page, buf_view(&root));
		rest = str_part(rest, at + 6, SIZE_MAX);
	}
	buf_add_str(&page, rest);
	if (page.over)
		goto done;
	site_headers(site, rq);
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
	(void) path_root(http_path(rq), &location);
	path_encode(&location, str_part(to, 1, SIZE_MAX));
	must(!location.over); /* a path is at most 1,024 bytes, a line of the map shorter than this */
	http_set(rq, "Location", location.at);
	http_set(rq, "Cache-Control", "public, max-age=60");
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_answer(rq, status, NULL, (struct str){NULL, 0});
	buf_release(&location);
}

/* "/a/b" → "b/": what the path's last part with its slash is, seen from the same folder. "./" keeps a colon in it harmless. */
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
	path_encode(&location, str_part(path, slash, SIZE_MAX));
	buf_add_char(&location, '/');
	if (question != SIZE_MAX)
		buf_add_str(&location, str_part(http_target(rq), question, SIZE_MAX));
	must(!location.over); /* the gate caps a target at 2,048 bytes */
	http_set(rq, "Location", location.at);
	http_set(rq, "Cache-Control", "public, max-age=60");
	http_answer(rq, 301, NULL, (struct str){NULL, 0});
	buf_release(&location);
}

static void answer_missing(struct site *site, struct http_request *rq, struct str path)
{
	char with_slash[1200];
	struct str folder = path;
	struct str to = {NULL, 0};

	if (path.at[path.len - 1] != '/') {
		(void) snprintf(with_slash, sizeof(with_slash), "%.*s/", STR_ARG(path));
		folder = str_from(with_slash);
	}
	to = maps_moved(site->maps, path);
	if (to.len == 0)
		to = maps_moved(site->maps, folder);
	if (to.len > 0 && to.len < 4096) {
		answer_moved(rq, 301, to);
	} else if (maps_gone(site->maps, path) || maps_gone(site->maps, folder)) {
		if (!site_answer_page(site, rq, 410, "_410.html"))
			http_answer(rq, 410, "text/plain; charset=utf-8", STR("This page was withdrawn.\n"));
	} else if (folder.at != path.at && (entry_of(site, folder) != NULL || str_is(folder, "/search/"))) {
		answer_with_slash(rq);
	} else if (!site_answer_page(site, rq, 404, "_404.html")) {
		http_answer(rq, 404, "text/plain; charset=utf-8", STR("This page is not here.\n"));
	}
}

void site_answer(struct site *site, struct http_request *rq)
{
	struct str path = http_path(rq);
	struct entry *entry = NULL;

	if (site->look)
		read_counter(site);
	if (site->fd < 0) {
		site->look = true;
		http_set(rq, "Retry-After", "10");
		http_answer(rq, 503, "text/plain; charset=utf-8", STR("The site is being prepared. Please come back in a minute.\n"));
		return;
	}
	if (!path_is_public(path)) {
		if (!site_answer_page(site, rq, 404, "_404.html"))
			http_answer(rq, 404, "text/plain; charset=utf-8", STR("This page is not here.\n"));
		return;
	}
	if (str_ends(path, STR("/index.html"))) {
		answer_moved(rq, 301, str_part(path, 0, path.len - 10));
		return;
	}
	entry = entry_of(site, path);
	if (entry != NULL && http_accepts_gzip(rq) && open_variant(site, entry, &entry->variants[1]))
		answer_file(site, rq, entry, &entry->variants[1]);
	else if (entry != NULL && open_variant(site, entry, &entry->variants[0]))
		answer_file(site, rq, entry, &entry->variants[0]);
	else
		answer_missing(site, rq, path);
}
