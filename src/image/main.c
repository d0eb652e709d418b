/* main.c: mimeo-image INPUT-FILE OUTPUT-FOLDER: one photo to the files that pages show.
 *
 * Decides names, widths and order: the small ones first. An import writes when everything is made, so that a failure leaves
 * nothing behind; for somebody who waits at the desk (--desk) the small ones are written and told as soon as they are there.
 * Leaves decoding to image_read.c, compression to image_encode.c. It is a process of its own, started by desk and its
 * children, because libvips and a stranger's bytes have no place in a room: no network, bounded time and memory.
 * The hard thing: removing after a failure only what this run made; another story may show the same picture.
 * Standard output: "progress 3/8" lines, then one line of JSON. Standard error: "mimeo-image: what is wrong and what to do".
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>
#include <vips/vips.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/confine.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "image/image_encode.h"
#include "image/image_read.h"

enum { WIDTHS = 4, KINDS = 2, HASH_CHARS = 16, CPU_SECONDS = 60, EARLY_WIDTH = 640 };

static const int widths[WIDTHS] = {320, 640, 1280, 1920};
static const char *const endings[KINDS] = {"jpg", "webp"};

struct photo {
	char hash[HASH_CHARS + 1];
	struct image_source source;
	unsigned dominant;
	size_t count;                    /* of widths */
	int width[WIDTHS];
	struct image_file file[WIDTHS][KINDS];
	bool written[WIDTHS];            /* told as being there: stays, whatever happens to the rest */
};

/* How it was called. */
struct task {
	const char *name;                /* of the output; NULL: made here */
	const char *input, *folder;
	bool for_desk;                   /* the name's key comes on standard input, faults go to standard output */
};

static void ignore_message(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer self)
{
	(void) domain;
	(void) level;
	(void) message;
	(void) self;
}

static bool start_vips(const char *program, struct fault *f)
{
	g_log_set_handler("VIPS", (GLogLevelFlags) (G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION), ignore_message,
		NULL);
	g_setenv("VIPS_DISC_THRESHOLD", "1g", TRUE); /* pixels stay in memory: no temporary files of somebody's photo */
	if (VIPS_INIT(program) != 0)
		return fault_set(f, FAULT_IO, "libvips does not start: %s", vips_error_buffer());
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	vips_operation_block_set("VipsForeignLoad", TRUE);
	vips_operation_block_set("VipsForeignLoadJpeg", FALSE);
	vips_operation_block_set("VipsForeignLoadPng", FALSE);
	vips_operation_block_set("VipsForeignLoadWebp", FALSE);
	vips_block_untrusted_set(TRUE);
	return true;
}

/* The key of the name, off standard input; gone from memory before a foreign byte is looked at. */
static bool name_by_key(struct str bytes, unsigned char *hash, size_t size, struct fault *f)
{
	unsigned char key[crypto_generichash_KEYBYTES];
	size_t have = 0;
	ssize_t got = 1;

	while (have < sizeof(key) && got > 0) {
		got = read(STDIN_FILENO, key + have, sizeof(key) - have);
		have += got > 0 ? (size_t) got : 0;
	}
	if (have == sizeof(key))
		crypto_generichash(hash, size, (const unsigned char *) bytes.at, bytes.len, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
	return have == sizeof(key) || fault_set(f, FAULT_IO, "--desk wants a key of %zu bytes on standard input", sizeof(key));
}

/* The name given by --name or made with a key (mimeo gives one), else one made from the original's bytes, which whoever
 * holds the original can make as well. */
static bool name_photo(struct str bytes, const struct task *task, struct photo *photo, struct fault *f)
{
	unsigned char hash[crypto_generichash_BYTES];

	if (task->name != NULL) {
		if (strlen(task->name) != HASH_CHARS || strspn(task->name, "0123456789abcdef") != HASH_CHARS)
			return fault_set(f, FAULT_INPUT, "--name wants %d hex digits in lower case", HASH_CHARS);
		memcpy(photo->hash, task->name, HASH_CHARS);
		return true;
	}
	if (sodium_init() < 0)
		return fault_set(f, FAULT_IO, "libsodium does not start");
	if (!task->for_desk)
		crypto_generichash(hash, sizeof(hash), (const unsigned char *) bytes.at, bytes.len, NULL, 0);
	else if (!name_by_key(bytes, hash, sizeof(hash), f))
		return false;
	sodium_bin2hex(photo->hash, sizeof(photo->hash), hash, HASH_CHARS / 2);
	if (task->for_desk) {
		printf("name %s\n", photo->hash);
		fflush(stdout);
	}
	return true;
}

static void choose_widths(struct photo *photo)
{
	for (size_t i = 0; i < WIDTHS; i++)
		if (widths[i] <= photo->source.width)
			photo->width[photo->count++] = widths[i];
	if (photo->count == 0)
		photo->width[photo->count++] = photo->source.width;
}

static void say_progress(size_t step, size_t of)
{
	printf("progress %zu/%zu\n", step, of);
	fflush(stdout);
}

/* --- writing --- */

/* Those of the first `count` widths that are not written yet; all of them or none. */
static bool write_files(struct photo *photo, size_t count, int folder, struct fault *f)
{
	bool was_there[WIDTHS][KINDS] = {{false}}, made[WIDTHS][KINDS] = {{false}}, ok = true;
	char name[64];

	for (size_t i = 0; ok && i < count; i++)
		for (size_t kind = 0; ok && !photo->written[i] && kind < KINDS; kind++) {
			const struct image_file *file = &photo->file[i][kind];

			snprintf(name, sizeof(name), "%s-%d.%s", photo->hash, photo->width[i], endings[kind]);
			was_there[i][kind] = file_exists(folder, name);
			/* Durable: the original is deleted once we said that we are done. */
			ok = file_write(folder, name, str_make(file->at, file->size), 0644, true, f);
			made[i][kind] = ok;
		}
	for (size_t i = 0; i < count; i++) {
		for (size_t kind = 0; !ok && kind < KINDS; kind++)
			if (made[i][kind] && !was_there[i][kind]) {
				snprintf(name, sizeof(name), "%s-%d.%s", photo->hash, photo->width[i], endings[kind]);
				file_remove(folder, name, NULL);
			}
		photo->written[i] = photo->written[i] || ok;
	}
	return ok;
}

static bool say_result(const struct photo *photo, struct fault *f)
{
	bool is_first = true;

	printf("{\"hash\":\"%s\",\"width\":%d,\"height\":%d,\"widths\":[", photo->hash, photo->source.width,
		photo->source.height);
	for (size_t i = 0; i < photo->count; i++)
		if (photo->written[i]) {
			printf("%s%d", is_first ? "" : ",", photo->width[i]);
			is_first = false;
		}
	printf("],\"removed\":%d,\"dominant\":\"#%06x\",\"whole\":%s}\n", photo->source.removed, photo->dominant,
		photo->written[photo->count - 1] ? "true" : "false");
	if (fflush(stdout) != 0)
		return fault_errno(f, "standard output does not take the result");
	return true;
}

/* --- making --- */

/* Widths `from` … `to` - 1: the widest of them is decoded, the others are shrunk from it. */
static bool make_widths(struct str bytes, struct photo *photo, size_t from, size_t to, struct fault *f)
{
	struct image_pixels widest = {0}, smaller = {0};
	bool ok = image_read_pixels(bytes, photo->width[to - 1], &widest, f);

	for (size_t i = from; ok && i < to; i++) {
		struct image_pixels *pixels = &widest;

		if (i + 1 < to) {
			pixels = &smaller;
			ok = image_shrink(&widest, photo->width[i], &smaller, f);
		}
		if (ok && i == 0)
			photo->dominant = image_dominant(pixels);
		for (size_t kind = 0; ok && kind < KINDS; kind++) {
			ok = image_encode(pixels, (enum image_kind) kind, &photo->file[i][kind], f);
			if (ok)
				say_progress(i * KINDS + kind + 1, photo->count * KINDS);
		}
		image_release(&smaller);
	}
	image_release(&widest);
	return ok;
}

static bool make_files(struct str bytes, struct photo *photo, const struct task *task, int folder, struct fault *f)
{
	size_t early = 0;

	while (task->for_desk && photo->width[photo->count - 1] > EARLY_WIDTH && photo->width[early] <= EARLY_WIDTH)
		early++;
	/* Phones are served by these: whoever waits sees the photo now. A JPEG decoded for them alone costs an eighth. */
	if (early > 0 && (!make_widths(bytes, photo, 0, early, f) || !write_files(photo, early, folder, f) || !say_result(photo, f)))
		return false;
	return make_widths(bytes, photo, early, photo->count, f);
}

static bool run(const struct task *task, struct fault *f)
{
	struct arena arena;
	struct photo photo = {0};
	struct str bytes = {0};
	int folder = -1;
	bool ok = false;

	arena_init(&arena, "photo", (size_t) LIMIT_UPLOAD_BYTES + 4096);
	if ((folder = open(task->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		fault_errno(f, "%s: the output folder cannot be opened", task->folder);
		goto done;
	}
	if (!file_read(AT_FDCWD, task->input, LIMIT_UPLOAD_BYTES, &arena, &bytes, f) || !name_photo(bytes, task, &photo, f) ||
		!image_read_header(bytes, &photo.source, f)) {
		fault_add(f, "while reading %s", task->input);
		goto done;
	}
	choose_widths(&photo);
	ok = make_files(bytes, &photo, task, folder, f) && write_files(&photo, photo.count, folder, f) && say_result(&photo, f);
done:
	for (size_t i = 0; i < WIDTHS; i++)
		for (size_t kind = 0; kind < KINDS; kind++)
			image_file_release(&photo.file[i][kind]);
	if (folder >= 0)
		close(folder);
	arena_release(&arena);
	return ok;
}

static int usage(FILE *to, int code)
{
	fputs("usage: mimeo-image [--name NAME | --desk] INPUT-FILE OUTPUT-FOLDER\n"
		"Reads a JPEG, PNG or WebP picture and writes NAME-WIDTH.jpg and .webp for the widths 320, 640, 1280 and 1920\n"
		"that it has, upright, in sRGB, with all metadata gone. Prints progress, then one line of JSON.\n"
		"NAME is 16 hex digits, made from the original unless given. --desk: the name is made with a key of 32 bytes, read\n"
		"from standard input; the widths up to 640 are written and told first; a fault is a line of standard output.\n", to);
	return code;
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	bool is_named = argc > 2 && strcmp(argv[1], "--name") == 0;
	bool for_desk = argc > 1 && strcmp(argv[1], "--desk") == 0;
	int first = is_named ? 3 : for_desk ? 2 : 1;
	struct task task;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	if (argc != first + 2)
		return usage(stderr, 2);
	task = (struct task){.name = is_named ? argv[2] : NULL, .input = argv[first], .folder = argv[first + 1], .for_desk = for_desk};
	confine(&(struct confine){.cpu_s = CPU_SECONDS, .file_bytes = (size_t) 256 << 20, .memory_bytes = (size_t) 2 << 30});
	if (!start_vips(argv[0], &f) || !run(&task, &f)) {
		if (for_desk)
			printf("fault %s %s\n", fault_name(f.kind), f.say);
		else
			fprintf(stderr, "mimeo-image: %s: %s\n", task.input, f.say);
		if (f.detail[0] != '\0' && getenv("MIMEO_VERBOSE") != NULL)
			fprintf(stderr, "mimeo-image: detail: %s\n", f.detail);
		return fault_exit_code(f.kind);
	}
	vips_shutdown();
	return 0;
}
