/* SPDX-License-Identifier: ISC */
#include "base_test.h"
#include <sys/resource.h>
#include "base/file.h"

static int folder;

static int make(void **state)
{
	(void) state;
	folder = new_folder();
	return 0;
}

static int drop(void **state)
{
	(void) state;
	drop_folder(folder);
	return 0;
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(folder, name, &st, 0), 0);
	return st.st_mode & 07777;
}

static size_t count_entries(void)
{
	DIR *entries = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	size_t count = 0;

	assert_non_null(entries);
	while (readdir(entries) != NULL)
		count++;
	(void) closedir(entries);
	return count - 2;
}

static void what_is_written_is_read(void **state)
{
	struct fault f = {0};
	struct arena arena;
	struct str text;

	(void) state;
	arena_init(&arena, "test", 4096);
	(void) umask(077); /* modes are exact nevertheless */
	assert_no_fault(file_write(folder, "a", STR("one\0two"), 0640, true, &f), &f);
	assert_int_equal(mode_of("a"), 0640);
	assert_no_fault(file_read(folder, "a", 7, &arena, &text, &f), &f);
	assert_int_equal(text.len, 7);
	assert_memory_equal(text.at, "one\0two", 8);
	assert_no_fault(file_write(folder, "a", STR(""), 0600, false, &f), &f);
	assert_no_fault(file_read(folder, "a", 0, &arena, &text, &f), &f);
	assert_int_equal(text.len, 0);
	assert_int_equal(text.at[0], '\0');
	assert_int_equal(count_entries(), 1);
	arena_release(&arena);
}

static void caps_and_wrong_things_are_faults(void **state)
{
	struct fault f = {0};
	struct arena arena;
	struct str text;

	(void) state;
	arena_init(&arena, "test", 64);
	put_file(folder, "long", "0123456789", 0600);
	assert_false(file_read(folder, "long", 9, &arena, &text, &f));
	assert_fault(&f, FAULT_FULL, "long is larger");
	put_file(folder, "longer", "0123456789012345678901234567890123456789012345678901234567890123456789", 0600);
	assert_false(file_read(folder, "longer", 1000, &arena, &text, &f));
	assert_fault(&f, FAULT_FULL, "longer is larger");
	assert_false(file_read(folder, "none", 9, &arena, &text, &f));
	assert_fault(&f, FAULT_MISSING, "cannot open none");
	assert_int_equal(mkdirat(folder, "dir", 0700), 0);
	assert_false(file_read(folder, "dir", 9, &arena, &text, &f));
	assert_fault(&f, FAULT_INPUT, "not a file");
	assert_int_equal(mkfifoat(folder, "fifo", 0600), 0);
	assert_false(file_read(folder, "fifo", 9, &arena, &text, &f)); /* and does not wait for a writer */
	assert_fault(&f, FAULT_INPUT, "not a file");
	assert_false(file_write(folder, "no/such", STR("x"), 0600, false, &f));
	assert_fault(&f, FAULT_MISSING, "cannot write no/such");
	assert_false(file_write(folder, "dir", STR("x"), 0600, false, &f)); /* rename over a folder */
	assert_fault(&f, FAULT_IO, "cannot write dir");
	assert_int_equal(count_entries(), 4);
	arena_release(&arena);
}

static void a_path_too_long_is_a_fault(void **state)
{
	struct fault f = {0};
	char path[PATH_MAX];

	(void) state;
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(file_write(folder, path, STR("x"), 0600, false, &f));
	assert_fault(&f, FAULT_INPUT, "too long");
	assert_false(file_make_folders(folder, "", 0700, &f));
	assert_fault(&f, FAULT_INPUT, "cannot be a folder");
	assert_int_equal(count_entries(), 0);
}

static void a_disk_that_is_full_leaves_the_old_file_and_nothing_else(void **state)
{
	struct rlimit small = {4096, RLIM_INFINITY};
	struct rlimit before;
	static char big[100000];
	struct fault f = {0};
	struct arena arena;
	struct str text;

	(void) state;
	arena_init(&arena, "test", 4096);
	put_file(folder, "a", "old", 0600);
	(void) signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(file_write(folder, "a", str_make(big, sizeof(big)), 0600, false, &f));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(f.code, EFBIG);
	fault_clear(&f);
	assert_true(file_read(folder, "a", 10, &arena, &text, &f));
	assert_str(text, "old");
	assert_int_equal(count_entries(), 1);
	arena_release(&arena);
}

static void copies_are_whole(void **state)
{
	static char big[200001];
	struct fault f = {0};
	struct arena arena;
	struct str text;

	(void) state;
	arena_init(&arena, "test", 1 << 20);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char) (i * 7);
	assert_no_fault(file_write(folder, "from", str_make(big, sizeof(big)), 0600, false, &f), &f);
	assert_no_fault(file_copy(folder, "from", folder, "to", 0444, &f), &f);
	assert_no_fault(file_read(folder, "to", sizeof(big), &arena, &text, &f), &f);
	assert_true(str_equal(text, str_make(big, sizeof(big))));
	assert_int_equal(mode_of("to"), 0444);
	assert_false(file_copy(folder, "none", folder, "to2", 0600, &f));
	assert_fault(&f, FAULT_MISSING, "none");
	assert_int_equal(count_entries(), 2);
	arena_release(&arena);
}

static void folders_and_removing(void **state)
{
	struct fault f = {0};

	(void) state;
	assert_no_fault(file_make_folders(folder, "a//b/c/", 0700, &f), &f);
	assert_no_fault(file_make_folders(folder, "a/b/c", 0700, &f), &f);
	assert_true(file_exists(folder, "a/b/c"));
	put_file(folder, "a/b/file", "x", 0600);
	assert_false(file_make_folders(folder, "a/b/file/d", 0700, &f));
	assert_fault(&f, FAULT_CONFLICT, "a/b/file is not a folder");
	assert_true(file_remove(folder, "a/b/file", &f));
	assert_true(file_remove(folder, "a/b/file", &f));
	assert_false(file_exists(folder, "a/b/file"));
	assert_false(file_remove(folder, "a/b/c", &f)); /* a folder is not a file */
	fault_clear(&f);
	assert_int_equal(unlinkat(folder, "a/b/c", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(folder, "a/b", AT_REMOVEDIR), 0);
}

static void write_all_survives_short_writes(void **state)
{
	static char big[300000];
	struct fault f = {0};
	int ends[2];
	pid_t pid;
	int status;

	(void) state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		char block[1000];
		size_t total = 0;
		ssize_t got;

		(void) close(ends[1]);
		while ((got = read(ends[0], block, sizeof(block))) > 0)
			total += (size_t) got;
		_exit(total == sizeof(big) ? 0 : 1);
	}
	(void) close(ends[0]);
	assert_no_fault(file_write_all(ends[1], str_make(big, sizeof(big)), &f), &f);
	(void) close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(file_write_all(ends[1], STR("x"), &f));
	assert_fault(&f, FAULT_IO, "cannot write");
}

static void one_holds_the_lock(void **state)
{
	struct fault f = {0};
	char wanted[64];
	int first = -1;
	int second = -1;

	(void) state;
	assert_no_fault(file_lock(folder, "room.lock", &first, &f), &f);
	assert_int_equal(fcntl(first, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_false(file_lock(folder, "room.lock", &second, &f));
	assert_int_equal(second, -1);
	(void) snprintf(wanted, sizeof(wanted), "process %d holds room.lock", getpid());
	assert_fault(&f, FAULT_BUSY, wanted);
	(void) close(first);
	assert_no_fault(file_lock(folder, "room.lock", &second, &f), &f);
	(void) close(second);
	put_file(folder, "odd.lock", "\x1b[31m not a number at all, and long", 0600);
	assert_no_fault(file_lock(folder, "odd.lock", &first, &f), &f);
	assert_int_equal(ftruncate(first, 0), 0);
	assert_false(file_lock(folder, "odd.lock", &second, &f));
	assert_fault(&f, FAULT_BUSY, "process (unknown) holds");
	(void) close(first);
	assert_false(file_lock(folder, "no/such.lock", &first, &f));
	assert_fault(&f, FAULT_MISSING, "cannot open the lock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read, make, drop),
		cmocka_unit_test_setup_teardown(caps_and_wrong_things_are_faults, make, drop),
		cmocka_unit_test_setup_teardown(a_path_too_long_is_a_fault, make, drop),
		cmocka_unit_test_setup_teardown(a_disk_that_is_full_leaves_the_old_file_and_nothing_else, make, drop),
		cmocka_unit_test_setup_teardown(copies_are_whole, make, drop),
		cmocka_unit_test_setup_teardown(folders_and_removing, make, drop),
		cmocka_unit_test(write_all_survives_short_writes),
		cmocka_unit_test_setup_teardown(one_holds_the_lock, make, drop),
	};

	return RUN(tests);
}
