/* test_image.c: the mimeo-image program as desk runs it: what comes out, that nothing private does, and what it refuses.
 * Pictures are made here; where exiftool is installed it plants metadata and then proves its absence.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char program[PATH_MAX], work[PATH_MAX];

static const char *path_of(const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, PATH_MAX, "%.3000s/%.1000s", work, name);
	return path;
}

static void write_file(const char *path, const void *at, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(at, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static unsigned char *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	unsigned char *at;
	long length;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	length = ftell(file);
	rewind(file);
	assert_true(length >= 0);
	at = malloc((size_t) length + 1);
	assert_int_equal(fread(at, 1, (size_t) length, file), (size_t) length);
	fclose(file);
	at[length] = 0;
	*size = (size_t) length;
	return at;
}

/* Runs a program, gives its exit code; its standard output and error are in out and err of the work folder. */
static int run(const char *const argv[])
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		union {
			const char *const *in;
			char *const *out;
		} args = {argv};
		int out = open(path_of("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
		int err = open(path_of("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(out, 1);
		dup2(err, 2);
		execvp(argv[0], args.out);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_image(const char *input, const char *folder)
{
	return run((const char *const[]){program, path_of(input), path_of(folder), NULL});
}

static size_t count_files(const char *folder)
{
	DIR *dir = opendir(path_of(folder));
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void fresh_folder(const char *folder)
{
	run((const char *const[]){"rm", "-rf", path_of(folder), NULL});
	assert_int_equal(mkdir(path_of(folder), 0700), 0);
}

static json_t *result(void)
{
	size_t size;
	char *text = (char *) read_file(path_of("out"), &size), *line = strrchr(text, '{');
	json_t *value;

	assert_non_null(line);
	value = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(value);
	free(text);
	return value;
}

static void png_chunk(FILE *file, const char *type, const unsigned char *at, size_t size)
{
	unsigned char head[8] = {(unsigned char) (size >> 24), (unsigned char) (size >> 16), (unsigned char) (size >> 8),
		(unsigned char) size};
	uint32_t crc;
	unsigned char tail[4];

	memcpy(head + 4, type, 4);
	crc = libdeflate_crc32(libdeflate_crc32(0, head + 4, 4), at, size);
	for (int i = 0; i < 4; i++)
		tail[i] = (unsigned char) (crc >> (24 - 8 * i));
	fwrite(head, 1, 8, file);
	fwrite(at, 1, size, file);
	fwrite(tail, 1, 4, file);
}

/* A landscape of sorts, red above and green below, with some grain; claimed_* stand in the header. */
static void write_png(const char *name, unsigned width, unsigned height, unsigned claimed_width, unsigned claimed_height)
{
	size_t row = 1 + (size_t) width * 3, size = row * height, packed_size;
	unsigned char *raw = malloc(size), *packed;
	struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
	FILE *file = fopen(path_of(name), "wb");
	unsigned char head[13] = {(unsigned char) (claimed_width >> 24), (unsigned char) (claimed_width >> 16),
		(unsigned char) (claimed_width >> 8), (unsigned char) claimed_width, (unsigned char) (claimed_height >> 24),
		(unsigned char) (claimed_height >> 16), (unsigned char) (claimed_height >> 8), (unsigned char) claimed_height, 8, 2};
	uint32_t grain = 1;

	assert_non_null(file);
	for (size_t y = 0; y < height; y++) {
		raw[y * row] = 0;
		for (size_t x = 0; x < width; x++) {
			unsigned char *p = raw + y * row + 1 + x * 3;

			grain = grain * 1664525 + 1013904223;
			p[0] = (unsigned char) (y < height / 3 ? 200 : 30);
			p[1] = (unsigned char) (y < height / 3 ? 40 : 150 + (grain >> 29));
			p[2] = (unsigned char) (40 + x * 40 / width);
		}
	}
	packed = malloc(size + size / 100 + 4096);
	packed_size = libdeflate_zlib_compress(compressor, raw, size, packed, size + size / 100 + 4096);
	assert_true(packed_size > 0);
	fwrite("\x89PNG\r\n\x1a\n", 1, 8, file);
	png_chunk(file, "IHDR", head, 13);
	png_chunk(file, "IDAT", packed, packed_size);
	png_chunk(file, "IEND", (const unsigned char *) "", 0);
	assert_int_equal(fclose(file), 0);
	libdeflate_free_compressor(compressor);
	free(packed);
	free(raw);
}

/* JPEG and WebP to test with are mimeo-image's own output for a PNG. */
static void make_sources(void)
{
	char name[64];
	json_t *said;
	const char *const kinds[] = {"jpg", "webp"};

	write_png("a.png", 700, 525, 700, 525);
	fresh_folder("src");
	assert_int_equal(run_image("a.png", "src"), 0);
	said = result();
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "src/%s-640.%s", json_string_value(json_object_get(said, "hash")), kinds[i]);
		run((const char *const[]){"cp", path_of(name), path_of(i == 0 ? "a.jpg" : "a.webp"), NULL});
	}
	json_decref(said);
}

static void test_result(void **state)
{
	json_t *said;
	size_t size;
	char *text;
	unsigned red, green, blue;

	(void) state;
	write_png("whole.png", 1920, 1440, 1920, 1440);
	fresh_folder("o");
	assert_int_equal(run_image("whole.png", "o"), 0);
	assert_int_equal(count_files("o"), 8);
	text = (char *) read_file(path_of("out"), &size);
	assert_non_null(strstr(text, "progress 1/8\n"));
	assert_non_null(strstr(text, "progress 8/8\n{"));
	free(text);
	said = result();
	assert_int_equal(strlen(json_string_value(json_object_get(said, "hash"))), 16);
	assert_int_equal(json_integer_value(json_object_get(said, "width")), 1920);
	assert_int_equal(json_integer_value(json_object_get(said, "height")), 1440);
	assert_int_equal(json_array_size(json_object_get(said, "widths")), 4);
	assert_int_equal(json_integer_value(json_object_get(said, "removed")), 0);
	/* Most of it is green: 30, 150–157, 40–80. */
	assert_int_equal(sscanf(json_string_value(json_object_get(said, "dominant")), "#%2x%2x%2x", &red, &green, &blue), 3);
	assert_in_range(red, 24, 36);
	assert_in_range(green, 145, 160);
	assert_in_range(blue, 36, 70);
	json_decref(said);
}

static void test_same_bytes_twice(void **state)
{
	(void) state;
	fresh_folder("o");
	fresh_folder("o2");
	assert_int_equal(run_image("a.png", "o"), 0);
	assert_int_equal(run_image("a.png", "o2"), 0);
	assert_int_equal(run((const char *const[]){"diff", "-r", path_of("o"), path_of("o2"), NULL}), 0);
}

static void test_small_keeps_its_width(void **state)
{
	json_t *said;

	(void) state;
	write_png("small.png", 200, 100, 200, 100);
	fresh_folder("o");
	assert_int_equal(run_image("small.png", "o"), 0);
	assert_int_equal(count_files("o"), 2);
	said = result();
	assert_int_equal(json_integer_value(json_array_get(json_object_get(said, "widths"), 0)), 200);
	json_decref(said);
}

static bool have_exiftool(void)
{
	return run((const char *const[]){"exiftool", "-ver", NULL}) == 0;
}

static bool group_is_harmless(const char *key)
{
	static const char *const fine[] = {"ExifTool:", "System:", "File:", "JFIF:", "RIFF:ImageWidth", "RIFF:ImageHeight",
		"RIFF:VP8Version", "RIFF:HorizontalScale", "RIFF:VerticalScale", "Composite:ImageSize", "Composite:Megapixels",
		"SourceFile"};

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (strncmp(key, fine[i], strlen(fine[i])) == 0)
			return true;
	return false;
}

/* Looks at every output with exiftool, and for the planted word in the raw bytes. */
static void assert_folder_clean(const char *folder, const char *planted)
{
	DIR *dir = opendir(path_of(folder));
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char name[512];
		size_t size;
		unsigned char *bytes;
		json_t *all, *value;
		const char *key;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%.200s", folder, entry->d_name);
		bytes = read_file(path_of(name), &size);
		assert_null(memmem(bytes, size, planted, strlen(planted)));
		assert_null(memmem(bytes, size, "Exif", 4));
		free(bytes);
		assert_int_equal(run((const char *const[]){"exiftool", "-j", "-G1", "-a", "-u", "-e", path_of(name), NULL}), 0);
		bytes = read_file(path_of("out"), &size);
		all = json_loads((char *) bytes, 0, NULL);
		free(bytes);
		assert_non_null(all);
		json_object_foreach(json_array_get(all, 0), key, value) {
			if (!group_is_harmless(key))
				fail_msg("%s still has %s", name, key);
			if (strstr(key, "Comment") != NULL || strstr(key, "GPS") != NULL || strstr(key, "Profile") != NULL)
				fail_msg("%s still has %s", name, key);
		}
		json_decref(all);
	}
	closedir(dir);
}

static void test_metadata_is_gone(void **state)
{
	static const char *const kinds[] = {"jpg", "webp", "png"};

	(void) state;
	if (!have_exiftool()) {
		print_message("# exiftool is not installed: not tested\n");
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		char plain[16], tagged[16];
		json_t *said;
		size_t size;
		unsigned char *bytes;

		snprintf(plain, sizeof(plain), "a.%s", kinds[i]);
		snprintf(tagged, sizeof(tagged), "tag.%s", kinds[i]);
		run((const char *const[]){"cp", path_of(plain), path_of(tagged), NULL});
		assert_int_equal(run((const char *const[]){"exiftool", "-q", "-overwrite_original", "-GPSLatitude=52.3702",
			"-GPSLatitudeRef=N", "-GPSLongitude=4.8952", "-GPSLongitudeRef=E", "-Artist=PLANTEDWORD", "-Model=PLANTEDWORD",
			"-XMP-dc:Creator=PLANTEDWORD", "-XMP-exif:GPSLatitude=52.3702", "-IPTC:By-line=PLANTEDWORD",
			"-Comment=PLANTEDWORD", "-SerialNumber=PLANTEDWORD", path_of(tagged), NULL}), 0);
		bytes = read_file(path_of(tagged), &size);
		assert_non_null(memmem(bytes, size, "PLANTEDWORD", 11)); /* the test can fail */
		free(bytes);
		fresh_folder("o");
		assert_int_equal(run_image(tagged, "o"), 0);
		said = result();
		assert_true(json_integer_value(json_object_get(said, "removed")) >= 4);
		json_decref(said);
		assert_true(count_files("o") >= 4);
		assert_folder_clean("o", "PLANTEDWORD");
	}
}

static void test_turned_upright(void **state)
{
	json_t *said;

	(void) state;
	if (!have_exiftool()) {
		print_message("# exiftool is not installed: not tested\n");
		return;
	}
	run((const char *const[]){"cp", path_of("a.jpg"), path_of("turn.jpg"), NULL});
	assert_int_equal(run((const char *const[]){"exiftool", "-q", "-overwrite_original", "-n", "-Orientation=6",
		path_of("turn.jpg"), NULL}), 0);
	fresh_folder("o");
	assert_int_equal(run_image("turn.jpg", "o"), 0);
	said = result();
	assert_int_equal(json_integer_value(json_object_get(said, "width")), 480);
	assert_int_equal(json_integer_value(json_object_get(said, "height")), 640);
	assert_int_equal(json_array_size(json_object_get(said, "widths")), 1);
	json_decref(said);
}

static void assert_refused(const char *input)
{
	size_t size;
	char *text;

	fresh_folder("o");
	assert_int_equal(run_image(input, "o"), 2);
	assert_int_equal(count_files("o"), 0);
	text = (char *) read_file(path_of("err"), &size);
	assert_true(strncmp(text, "mimeo-image: ", 13) == 0);
	assert_true(strchr(text, '\n') == text + size - 1);
	free(text);
}

static void test_refusals(void **state)
{
	static const char gif[] = "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
		"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02""D\x01\x00;";
	static const char svg[] = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><image href='/etc/passwd'/></svg>";
	size_t size;
	unsigned char *bytes;

	(void) state;
	write_file(path_of("bad"), "", 0);
	assert_refused("bad");
	write_file(path_of("bad"), "hello, this is no picture at all", 32);
	assert_refused("bad");
	write_file(path_of("bad"), gif, sizeof(gif) - 1);
	assert_refused("bad");
	write_file(path_of("bad.svg"), svg, sizeof(svg) - 1);
	assert_refused("bad.svg");
	assert_refused("not-there");
	bytes = read_file(path_of("a.jpg"), &size);
	write_file(path_of("bad"), bytes, size / 2); /* cut off in the middle */
	assert_refused("bad");
	write_file(path_of("bad"), bytes, 20);
	assert_refused("bad");
	free(bytes);
	bytes = read_file(path_of("a.webp"), &size);
	write_file(path_of("bad"), bytes, size / 2);
	assert_refused("bad");
	free(bytes);
	bytes = read_file(path_of("a.png"), &size);
	write_file(path_of("bad"), bytes, size / 2);
	assert_refused("bad");
	free(bytes);
	write_png("bad", 640, 400, 640, 500); /* rows are missing */
	assert_refused("bad");
	write_png("bad", 10, 10, 20001, 10); /* a side */
	assert_refused("bad");
	write_png("bad", 10, 10, 19999, 19999); /* 400 megapixels, 70 bytes of data */
	assert_refused("bad");
	write_png("bad", 10, 10, 1000, 19000); /* taller than WebP can be, at its own width */
	assert_refused("bad");
	write_png("bad", 10, 10, 0, 10);
	assert_refused("bad");
}

static void test_failed_write_leaves_nothing_new(void **state)
{
	json_t *said;
	char name[64];
	struct stat st;

	(void) state;
	fresh_folder("o");
	assert_int_equal(run_image("a.png", "src"), 0);
	said = result();
	/* The last name is taken by a folder; the first is there from another story. */
	snprintf(name, sizeof(name), "o/%s-640.webp", json_string_value(json_object_get(said, "hash")));
	assert_int_equal(mkdir(path_of(name), 0700), 0);
	snprintf(name, sizeof(name), "o/%s-320.jpg", json_string_value(json_object_get(said, "hash")));
	write_file(path_of(name), "old", 3);
	assert_int_not_equal(run_image("a.png", "o"), 0);
	assert_int_equal(count_files("o"), 2);
	assert_int_equal(stat(path_of(name), &st), 0);
	json_decref(said);
}

static void test_24_megapixels_fit(void **state)
{
	struct rusage used;

	(void) state;
	if (strstr(program, "/asan/") != NULL)
		return; /* AddressSanitizer's own memory would be measured */
	write_png("big.png", 6000, 4000, 6000, 4000);
	fresh_folder("o");
	assert_int_equal(run_image("big.png", "o"), 0);
	assert_int_equal(getrusage(RUSAGE_CHILDREN, &used), 0);
	assert_true(used.ru_maxrss <= 250 * 1024);
}

static int set_up(void **state)
{
	char self[PATH_MAX] = {0}, template[] = "/tmp/mimeo-image-test-XXXXXX";
	char *cut;

	(void) state;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || mkdtemp(template) == NULL)
		return -1;
	for (int i = 0; i < 3; i++) { /* BUILD/unit/image/test_image */
		cut = strrchr(self, '/');
		if (cut == NULL)
			return -1;
		*cut = '\0';
	}
	snprintf(program, sizeof(program), "%.4000s/mimeo-image", self);
	snprintf(work, sizeof(work), "%s", template);
	make_sources();
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	return run((const char *const[]){"rm", "-rf", work, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_same_bytes_twice),
		cmocka_unit_test(test_small_keeps_its_width),
		cmocka_unit_test(test_metadata_is_gone),
		cmocka_unit_test(test_turned_upright),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_failed_write_leaves_nothing_new),
		cmocka_unit_test(test_24_megapixels_fit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
