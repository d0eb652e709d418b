/* test_hostile.c: files that want to be something else, or more than they say: mimeo-image as the desk runs it (--desk).
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIDE = 800, KEY_BYTES = 32 };

static char program[PATH_MAX], work[64];
static char said[65536];           /* standard output of the last run */
static long used_kib;

static const char *path_of(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", work, name);
	return path;
}

static void put(const char *name, const void *at, size_t size, const char *how)
{
	FILE *file = fopen(path_of(name), how);

	assert_non_null(file);
	assert_int_equal(fwrite(at, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static char *get(const char *name, size_t *size)
{
	FILE *file = fopen(path_of(name), "rb");
	char *at;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	*size = (size_t) ftell(file);
	rewind(file);
	at = calloc(1, *size + 1);
	assert_int_equal(fread(at, 1, *size, file), *size);
	fclose(file);
	return at;
}

static void shell(const char *command)
{
	char whole[600];

	snprintf(whole, sizeof(whole), "cd %s && %s", work, command);
	assert_int_equal(system(whole), 0);
}

/* bytes: the key's, on standard input. The exit code. */
static int run_keyed(const char *input, const char *bytes, size_t key)
{
	int status = 0, in[2];
	struct rusage used;
	size_t size;
	char *text;
	pid_t pid;

	shell("rm -rf o && mkdir o");
	assert_int_equal(pipe(in), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int out = open(path_of("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(in[0], 0);
		dup2(out, 1);
		close(in[1]);
		execl(program, program, "--desk", path_of(input), path_of("o"), (char *) NULL);
		_exit(127);
	}
	close(in[0]);
	assert_int_equal(write(in[1], bytes, key), (ssize_t) key);
	close(in[1]);
	assert_int_equal(wait4(pid, &status, 0, &used), pid);
	used_kib = used.ru_maxrss;
	text = get("out", &size);
	snprintf(said, sizeof(said), "%s", text);
	free(text);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const char *input)
{
	return run_keyed(input, "the key of this newsroom, photos", KEY_BYTES);
}

static void refused(const char *input, const char *sentence)
{
	int code = run(input);

	if (code != 2 || strstr(said, sentence) == NULL || strstr(said, "fault input ") == NULL)
		fail_msg("%s: %d, %s", input, code, said);
	shell("test -z \"$(ls o)\"");
}

static uint32_t big(unsigned char *at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char) (n >> (24 - 8 * i));
	return n;
}

static void chunk(const char *file, const char *type, const void *at, size_t size)
{
	unsigned char head[8], tail[4];

	(void) big(head, (uint32_t) size);
	memcpy(head + 4, type, 4);
	(void) big(tail, libdeflate_crc32(libdeflate_crc32(0, head + 4, 4), at, size));
	put(file, head, 8, "ab");
	put(file, at, size, "ab");
	put(file, tail, 4, "ab");
}

static size_t pack(const void *at, size_t size, unsigned char *out, size_t room)
{
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
	size_t packed = libdeflate_zlib_compress(compressor, at, size, out, room);

	libdeflate_free_compressor(compressor);
	assert_true(packed > 0);
	return packed;
}

/* A grey square; its header claims what is asked. between: written before the pixels. */
static void make_png(const char *name, uint32_t width, uint32_t height, const char *type, const void *between, size_t size)
{
	static unsigned char rows[(SIDE + 1) * SIDE], packed[(SIDE + 1) * SIDE];
	unsigned char head[13] = {0};

	memset(rows, 0x60, sizeof(rows));
	for (size_t y = 0; y < SIDE; y++)
		rows[y * (SIDE + 1)] = 0;
	(void) big(head, width);
	(void) big(head + 4, height);
	head[8] = 8;
	put(name, "\x89PNG\r\n\x1a\n", 8, "wb");
	chunk(name, "IHDR", head, 13);
	if (type != NULL)
		chunk(name, type, between, size);
	chunk(name, "IDAT", packed, pack(rows, sizeof(rows), packed, sizeof(packed)));
	chunk(name, "IEND", "", 0);
}

/* A grey square of that many pixels a side. */
static void make_square(const char *name, uint32_t side)
{
	size_t size = ((size_t) side + 1) * side;
	unsigned char *rows = calloc(1, size), *packed = malloc(size);
	unsigned char head[13] = {0};

	(void) big(head, side);
	(void) big(head + 4, side);
	head[8] = 8;
	put(name, "\x89PNG\r\n\x1a\n", 8, "wb");
	chunk(name, "IHDR", head, 13);
	chunk(name, "IDAT", packed, pack(rows, size, packed, size));
	chunk(name, "IEND", "", 0);
	free(rows);
	free(packed);
}

/* No output holds the word. */
static void is_clean(const char *word)
{
	char command[200];

	shell("test -n \"$(ls o)\"");
	snprintf(command, sizeof(command), "! grep -rlaF -e '%s' o", word);
	shell(command);
}

/* --- what is refused --- */

static void nine_hundred_megapixels_cost_nothing(void **state)
{
	struct timespec began, ended;

	(void) state;
	make_png("huge.png", 30000, 30000, NULL, NULL, 0);
	clock_gettime(CLOCK_MONOTONIC, &began);
	refused("huge.png", "the picture is 30000 × 30000; the largest is 100 megapixels");
	clock_gettime(CLOCK_MONOTONIC, &ended);
	assert_true(used_kib < 150 * 1024); /* its pixels would be 900 MB */
	assert_true(ended.tv_sec - began.tv_sec < 20);
	make_png("long.png", 20001, 1, NULL, NULL, 0);
	refused("long.png", "make it smaller");
}

static void no_svg_and_no_script(void **state)
{
	static const char svg[] = "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>";
	static const char pdf[] = "%PDF-1.4 a document that is longer than a header";

	(void) state;
	put("a.svg", svg, sizeof(svg) - 1, "wb");
	refused("a.svg", "this is not a JPEG, PNG or WebP picture; export it as one of these");
	put("a.jpg", svg, sizeof(svg) - 1, "wb"); /* whatever its name says */
	refused("a.jpg", "this is not a JPEG");
	put("a.pdf", pdf, sizeof(pdf) - 1, "wb");
	refused("a.pdf", "this is not a JPEG");
	put("a.heic", "\0\0\0\x18" "ftypheic\0\0\0\0mif1heic", 24, "wb");
	refused("a.heic", "this is not a JPEG");
	/* the first bytes of a JPEG, then something else */
	put("b.jpg", "\xff\xd8\xff\xe0<html><script>alert(1)</script>", 36, "wb");
	refused("b.jpg", "damaged");
}

static void half_a_jpeg_is_refused_whole(void **state)
{
	size_t size;
	char *bytes;

	(void) state;
	make_png("a.png", SIDE, SIDE, NULL, NULL, 0);
	assert_int_equal(run("a.png"), 0);
	shell("cp o/*-640.jpg whole.jpg");
	bytes = get("whole.jpg", &size);
	for (size_t part = 1; part < 8; part++) {
		put("cut.jpg", bytes, size * part / 8, "wb");
		refused("cut.jpg", "damaged or cut off");
	}
	free(bytes);
}

/* --- what is two things at once --- */

static void a_polyglot_loses_its_other_half(void **state)
{
	static const char word[] = "POLYGLOT";
	static const char html[] = "<script>POLYGLOT</script>", zip[] = "PK\3\4POLYGLOT-ZIP-POLYGLOTPK\1\2PK\5\6\0\0\0\0";
	static const char note[] = "Comment\0<?php POLYGLOT ?>";
	unsigned char comment[2 + 2 + sizeof(html)] = {0xff, 0xfe, 0, (unsigned char) (sizeof(html) + 2)};
	size_t size;
	char *bytes;

	(void) state;
	make_png("a.png", SIDE, SIDE, NULL, NULL, 0);
	assert_int_equal(run("a.png"), 0);
	shell("cp o/*-640.jpg a.jpg && cp o/*-640.webp a.webp");
	/* in a comment of the JPEG, and behind its end */
	bytes = get("a.jpg", &size);
	memcpy(comment + 4, html, sizeof(html));
	put("p.jpg", bytes, 2, "wb");
	put("p.jpg", comment, sizeof(comment), "ab");
	put("p.jpg", bytes + 2, size - 2, "ab");
	put("p.jpg", zip, sizeof(zip), "ab");
	free(bytes);
	shell("grep -qaF POLYGLOT p.jpg");
	assert_int_equal(run("p.jpg"), 0);
	is_clean(word);
	/* behind the PNG's end, and in a text chunk of it */
	make_png("p.png", SIDE, SIDE, "tEXt", note, sizeof(note) - 1);
	put("p.png", zip, sizeof(zip), "ab");
	assert_int_equal(run("p.png"), 0);
	is_clean(word);
	/* behind the WebP's RIFF */
	shell("cp a.webp p.webp");
	put("p.webp", html, sizeof(html) - 1, "ab");
	if (run("p.webp") == 0)
		is_clean(word);
	else
		assert_non_null(strstr(said, "fault input "));
}

/* Little that unpacks to much: a compressed text, a compressed colour profile. */
static void a_bomb_in_a_chunk_does_not_go_off(void **state)
{
	enum { BOMB = 160 * 1024 * 1024 };
	unsigned char *zeros = calloc(1, BOMB), *packed = malloc(2 * 1024 * 1024);
	size_t size;

	(void) state;
	assert_non_null(zeros);
	assert_non_null(packed);
	memcpy(packed, "Note\0\0", 6);
	size = 6 + pack(zeros, BOMB, packed + 6, 2 * 1024 * 1024 - 6);
	make_png("text.png", SIDE, SIDE, "zTXt", packed, size);
	assert_true(run("text.png") == 0 || strstr(said, "fault input ") != NULL);
	assert_true(used_kib < 150 * 1024);
	make_png("profile.png", SIDE, SIDE, "iCCP", packed, size);
	assert_true(run("profile.png") == 0 || strstr(said, "fault input ") != NULL);
	assert_true(used_kib < 150 * 1024);
	free(zeros);
	free(packed);
}

/* --- as the desk runs it --- */

static void small_sizes_come_first(void **state)
{
	const char *early, *late;

	(void) state;
	make_png("a.png", SIDE, SIDE, NULL, NULL, 0);
	assert_int_equal(run("a.png"), 0);
	assert_null(strstr(said, "\"whole\":false")); /* 640 is all it has */
	assert_non_null(strstr(said, "\"widths\":[320,640]"));
	make_square("wide.png", 1400);
	assert_int_equal(run("wide.png"), 0);
	early = strstr(said, "\"widths\":[320,640],");
	late = strstr(said, "\"widths\":[320,640,1280],");
	assert_true(early != NULL && late != NULL && early < late);
	assert_true(strstr(early, "\"whole\":false") < late && strstr(late, "\"whole\":true") != NULL);
	assert_true(strncmp(said, "name ", 5) == 0);
	shell("test $(ls o | wc -l) = 6");
}

static void another_key_gives_another_name(void **state)
{
	char first[22];

	(void) state;
	make_png("a.png", SIDE, SIDE, NULL, NULL, 0);
	assert_int_equal(run("a.png"), 0);
	snprintf(first, sizeof(first), "%.21s", said);
	assert_int_equal(strncmp(first, "name ", 5), 0);
	shell("test -z \"$(ls o | grep -vE '^[0-9a-f]{16}-(320|640)\\.(jpg|webp)$')\"");
	assert_int_equal(run("a.png"), 0);
	assert_int_equal(strncmp(first, said, 21), 0);
	assert_int_equal(run_keyed("a.png", "the key of another newsroom, 32b", KEY_BYTES), 0);
	assert_int_not_equal(strncmp(first, said, 21), 0);
	assert_int_equal(run_keyed("a.png", "too short", 9), 1);
	assert_non_null(strstr(said, "fault io --desk wants a key"));
	shell("test -z \"$(ls o)\"");
}

static int set_up(void **state)
{
	char self[PATH_MAX] = {0};
	char *cut;

	(void) state;
	snprintf(work, sizeof(work), "/tmp/mimeo-hostile-XXXXXX");
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || mkdtemp(work) == NULL)
		return -1;
	for (int i = 0; i < 3; i++) { /* BUILD/unit/image/test_hostile */
		cut = strrchr(self, '/');
		if (cut == NULL)
			return -1;
		*cut = '\0';
	}
	snprintf(program, sizeof(program), "%.4000s/mimeo-image", self);
	/* AddressSanitizer keeps what was freed: that is not what is measured here */
	setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1);
	return 0;
}

static int tear_down(void **state)
{
	char command[100];

	(void) state;
	snprintf(command, sizeof(command), "rm -rf %s", work);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nine_hundred_megapixels_cost_nothing),
		cmocka_unit_test(no_svg_and_no_script),
		cmocka_unit_test(half_a_jpeg_is_refused_whole),
		cmocka_unit_test(a_polyglot_loses_its_other_half),
		cmocka_unit_test(a_bomb_in_a_chunk_does_not_go_off),
		cmocka_unit_test(small_sizes_come_first),
		cmocka_unit_test(another_key_gives_another_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
