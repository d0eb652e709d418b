/* front_files.c: what front remembers of the baked tree's files.
 *
 * Decides: for how long, how many, and which are hot enough for memory. Leaves to others: which path is public and
 * what is answered (front_site.c), how a file is opened (front_open.c). Runs in: front. The hard thing: nothing
 * remembered may be used after desk changed the tree: with each generation a file's number, size and time are
 * compared first. An open descriptor makes a page whole even while it is replaced; heat halves with time, and a body
 * pushes out another only when it is clearly hotter, so that a crawler which reads everything moves nothing.
 * SPDX-License-Identifier: ISC */
#include "front_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/must.h"
#include "base/rand.h"
#include "front_inside.h"

enum {
	HASHED_MOST = 1 << 20,        /* larger files (photos) are told apart by number, size and time */
	IN_MEMORY_MOST = 256 << 10,   /* one body */
	HEAT_MS = 8000,               /* what was asked for so long ago counts half */
	LOOKED_MS = 10000,            /* a file is compared again after so long even if nothing was told */
	VICTIMS = 8,
	LOOKED_AT = 16,
	NAME_BYTES = 1200             /* a public path is at most 1,024 */
};

struct files {
	size_t entries_most, descriptors_most, memory_most;
	int site_fd;
	uint64_t generation;
	int64_t now_ms;
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct entry **slots;
	size_t slot_count;
	struct entry *hand;           /* of the clock that chooses what is forgotten */
	struct entry *victim;         /* the same for memory */
	struct files_counts counts;
};

/* --- forgetting --- */

static void forget_ready(struct files *files, struct variant *variant)
{
	if (variant->ready == NULL)
		return;
	http_ready_free(&variant->ready);
	files->counts.memory_bytes -= (size_t) variant->size;
}

static void forget_variant(struct files *files, struct variant *variant)
{
	forget_ready(files, variant);
	if (variant->fd >= 0) {
		(void) close(variant->fd);
		files->counts.descriptors--;
	}
	variant->fd = -1;
	variant->there = false;
}

static void forget_entry(struct files *files, struct entry *entry)
{
	struct entry **at = &files->slots[entry->hash % files->slot_count];

	for (size_t i = 0; i < ENTRY_VARIANTS; i++)
		forget_variant(files, &entry->variants[i]);
	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	if (files->hand == entry)
		files->hand = entry->ring_next != entry ? entry->ring_next : NULL;
	if (files->victim == entry)
		files->victim = NULL;
	entry->ring_next->ring_before = entry->ring_before;
	entry->ring_before->ring_next = entry->ring_next;
	files->counts.entries--;
	memory_free(entry);
}

void front_files_forget(struct files *files)
{
	while (files->hand != NULL)
		forget_entry(files, files->hand);
	must(files->counts.entries == 0 && files->counts.descriptors == 0 && files->counts.memory_bytes == 0);
}

static uint32_t heat_now(const struct files *files, const struct entry *entry)
{
	uint32_t age = (uint32_t) (files->now_ms / HEAT_MS) - entry->heat_at;

	return age < 32 ? entry->heat >> age : 0;
}

static void warm(const struct files *files, struct entry *entry)
{
	entry->heat = heat_now(files, entry) + 1;
	entry->heat_at = (uint32_t) (files->now_ms / HEAT_MS);
}

static uint64_t hash_of(const struct files *files, struct str path)
{
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t value = 0;

	(void) crypto_shorthash(hash, (const unsigned char *) path.at, path.len, files->key);
	memcpy(&value, hash, sizeof(value));
	return value;
}

static struct entry *find_entry(const struct files *files, struct str path, uint64_t hash)
{
	for (struct entry *entry = files->slots[hash % files->slot_count]; entry != NULL; entry = entry->next)
		if (entry->hash == hash && entry->path_len == path.len && memcmp(entry->path, path.at, path.len) == 0)
			return entry;
	return NULL;
}

/* The clock's hand looks at a few and forgets the coldest of them, but not `keep`. */
static bool make_room(struct files *files, const struct entry *keep)
{
	struct entry *coldest = NULL;

	for (int i = 0; i < VICTIMS && files->hand != NULL; i++) {
		if (files->hand != keep && (coldest == NULL || heat_now(files, files->hand) < heat_now(files, coldest)))
			coldest = files->hand;
		files->hand = files->hand->ring_next;
	}
	if (coldest != NULL)
		forget_entry(files, coldest);
	return coldest != NULL;
}

static struct entry *add_entry(struct files *files, struct str path, uint64_t hash)
{
	struct entry *entry = NULL;

	while (files->counts.entries >= files->entries_most && make_room(files, NULL))
		;
	entry = memory_new(1, sizeof(*entry) + path.len + 1);
	memcpy(entry->path, path.at, path.len);
	entry->path_len = path.len;
	entry->hash = hash;
	for (size_t i = 0; i < ENTRY_VARIANTS; i++)
		entry->variants[i].fd = -1;
	entry->next = files->slots[hash % files->slot_count];
	files->slots[hash % files->slot_count] = entry;
	if (files->hand == NULL) {
		entry->ring_next = entry->ring_before = entry;
		files->hand = entry;
	} else {
		entry->ring_next = files->hand;
		entry->ring_before = files->hand->ring_before;
		entry->ring_before->ring_next = entry;
		entry->ring_next->ring_before = entry;
	}
	files->counts.entries++;
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
	return info->st_ino == variant->inode && info->st_size == variant->size
		&& info->st_mtim.tv_sec == variant->changed.tv_sec && info->st_mtim.tv_nsec == variant->changed.tv_nsec;
}

/* Forgets what is remembered of a file if it is another than before. */
static void look_at(struct files *files, struct variant *variant, const char *name)
{
	struct stat info;

	if (fstatat(files->site_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) {
		forget_variant(files, variant);
		return;
	}
	if (variant->there && is_same(variant, &info))
		return;
	forget_variant(files, variant);
	variant->there = true;
	variant->inode = info.st_ino;
	variant->size = info.st_size;
	variant->changed = info.st_mtim;
}

/* "/x/" → "x/index.html", "/feed.xml" → "feed.xml"; with ".gz" for the second variant. */
static bool file_name(struct str path, bool gzip, char *out, size_t size)
{
	int len = snprintf(out, size, "%.*s%s%s", (int) path.len - 1, path.at + 1,
		path.at[path.len - 1] == '/' ? "index.html" : "", gzip ? ".gz" : "");

	return len > 0 && (size_t) len < size;
}

static void look_at_entry(struct files *files, struct entry *entry)
{
	char name[NAME_BYTES];

	entry->generation = files->generation;
	entry->looked_ms = files->now_ms;
	for (size_t i = 0; i < ENTRY_VARIANTS; i++)
		if (file_name(str_make(entry->path, entry->path_len), i == ENTRY_GZIP, name, sizeof(name)))
			look_at(files, &entry->variants[i], name);
		else
			forget_variant(files, &entry->variants[i]);
}

/* Opens a variant that is there. False: it is not there any more, or cannot be read. */
bool front_files_open(struct files *files, struct entry *entry, struct variant *variant)
{
	struct stat info;
	char name[NAME_BYTES];

	if (variant->fd >= 0 || !variant->there)
		return variant->there;
	while (files->counts.descriptors >= files->descriptors_most && make_room(files, entry))
		;
	if (!file_name(str_make(entry->path, entry->path_len), variant == &entry->variants[ENTRY_GZIP], name, sizeof(name)))
		return false;
	variant->fd = front_site_file_open(files->site_fd, name);
	if (variant->fd < 0) {
		variant->there = false;
		return false;
	}
	files->counts.descriptors++;
	if (fstat(variant->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
		forget_variant(files, variant);
		return false;
	}
	variant->inode = info.st_ino;
	variant->size = info.st_size;
	variant->changed = info.st_mtim;
	files->counts.loads++;
	make_etag(variant);
	return true;
}

/* The file of a path, as it is now; NULL: there is none. */
struct entry *front_files_find(struct files *files, struct str path)
{
	uint64_t hash = hash_of(files, path);
	struct entry *entry = find_entry(files, path, hash);
	struct stat info;
	char name[NAME_BYTES];

	if (entry == NULL) {
		/* Names that do not exist must not push out files that do. */
		if (!file_name(path, false, name, sizeof(name))
			|| fstatat(files->site_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
			return NULL;
		entry = add_entry(files, path, hash);
		entry->is_page = str_ends(path, STR("/")) || str_ends(path, STR(".html"));
		entry->type = front_path_type(str_ends(path, STR("/")) ? STR(".html") : path);
		entry->cache = front_path_cache(path);
		look_at_entry(files, entry);
	} else if (entry->generation != files->generation || files->now_ms - entry->looked_ms > LOOKED_MS) {
		look_at_entry(files, entry);
	}
	if (!entry->variants[ENTRY_PLAIN].there) {
		forget_entry(files, entry);
		return NULL;
	}
	warm(files, entry);
	return entry;
}

/* --- memory for the hottest --- */

bool front_files_read(const struct variant *variant, char *to)
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

static bool is_in_memory(const struct entry *entry)
{
	return entry->variants[ENTRY_PLAIN].ready != NULL || entry->variants[ENTRY_GZIP].ready != NULL;
}

/* Takes memory from what is clearly colder. */
static bool make_memory(struct files *files, const struct entry *wants, size_t size)
{
	uint32_t heat = heat_now(files, wants);

	for (int i = 0; i < VICTIMS && files->counts.memory_bytes + size > files->memory_most; i++) {
		struct entry *victim = NULL;

		if (files->victim == NULL)
			files->victim = files->hand;
		for (int looked = 0; looked < LOOKED_AT && victim == NULL; looked++) {
			struct entry *entry = files->victim;

			files->victim = entry->ring_next;
			if (entry != wants && is_in_memory(entry) && heat_now(files, entry) * 2 + 4 < heat)
				victim = entry;
		}
		if (victim == NULL)
			return false;
		forget_ready(files, &victim->variants[ENTRY_PLAIN]);
		forget_ready(files, &victim->variants[ENTRY_GZIP]);
	}
	return files->counts.memory_bytes + size <= files->memory_most;
}

bool front_files_may_keep(struct files *files, struct entry *entry, const struct variant *variant)
{
	size_t size = (size_t) variant->size;

	if (variant->size > IN_MEMORY_MOST || variant->size == 0 || entry->heat < 2)
		return false;
	if (files->counts.memory_bytes + size <= files->memory_most)
		return true;
	/* Not for every request: looking for a victim costs something too. */
	return (entry->heat & 15) == 0 && make_memory(files, entry, size);
}

void front_files_keep(struct files *files, struct variant *variant, struct http_ready *ready)
{
	variant->ready = ready;
	files->counts.memory_bytes += (size_t) variant->size;
}

/* --- the whole --- */

void front_files_tick(struct files *files, int site_fd, uint64_t generation, int64_t now_ms)
{
	files->site_fd = site_fd;
	files->generation = generation;
	files->now_ms = now_ms;
}

const struct files_counts *front_files_count(const struct files *files)
{
	return &files->counts;
}

struct files *front_files_new(size_t entries, size_t descriptors, size_t memory_bytes)
{
	struct files *files = memory_new(1, sizeof(*files));

	files->entries_most = entries;
	files->descriptors_most = descriptors;
	files->memory_most = memory_bytes;
	files->site_fd = -1;
	files->slot_count = entries * 2 + 1;
	files->slots = memory_new(files->slot_count, sizeof(struct entry *));
	rand_bytes(files->key, sizeof(files->key));
	return files;
}

void front_files_free(struct files **files)
{
	if (*files == NULL)
		return;
	front_files_forget(*files);
	memory_free((*files)->slots);
	memory_free(*files);
	*files = NULL;
}
