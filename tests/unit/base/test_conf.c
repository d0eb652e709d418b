/* SPDX-License-Identifier: ISC */
#include "base_test.h"
#include "base/conf.h"
#include "base/limits.h"
#include "base/secret.h"

struct settings {
	struct str name;
	struct str note;
	int64_t port;
	bool open;
	struct conf_list langs;
	struct secret *key;
	struct str rail_url;
};

static const struct conf_key keys[] = {
	{"site", "name", CONF_TEXT, true, offsetof(struct settings, name), NULL, "what the newsroom is called"},
	{"site", "note", CONF_TEXT, false, offsetof(struct settings, note), "none yet", "a line"},
	{"site", "langs", CONF_LIST, false, offsetof(struct settings, langs), "en", "languages, the default first"},
	{"front", "port", CONF_NUMBER, false, offsetof(struct settings, port), "8080", "where readers come in"},
	{"front", "open", CONF_BOOL, false, offsetof(struct settings, open), NULL, "whether they may"},
	{"front", "key", CONF_SECRET, false, offsetof(struct settings, key), NULL, "a key"},
	{"rail.*", "url", CONF_TEXT, false, offsetof(struct settings, rail_url), NULL, "where it is"},
	{NULL, NULL, CONF_TEXT, false, 0, NULL, NULL},
};

static const char *const ignored[] = {"desk", "mail.*", NULL};

static int folder;
static struct arena arena;
static struct fault f;
static struct settings got;

static int make(void **state)
{
	(void) state;
	folder = new_folder();
	arena_init(&arena, "test", 1 << 20);
	fault_clear(&f);
	return 0;
}

static int drop(void **state)
{
	(void) state;
	secret_free(&got.key);
	arena_release(&arena);
	drop_folder(folder);
	return 0;
}

static bool reads_with_mode(const char *text, mode_t mode)
{
	secret_free(&got.key);
	got = (struct settings){0};
	put_file(folder, "mimeo.conf", text, mode);
	return conf_read(folder, "mimeo.conf", keys, ignored, &got, &arena, &f);
}

static bool reads(const char *text)
{
	return reads_with_mode(text, 0600);
}

static void refused(const char *text, const char *say)
{
	if (reads(text))
		fail_msg("passed: %s", text);
	assert_null(got.key);
	assert_fault(&f, FAULT_INPUT, say);
}

static void every_type_is_read(void **state)
{
	(void) state;
	assert_no_fault(reads("\xef\xbb\xbf; a comment\n# another\n\n[site]\r\nname = The  Daily ; not this\r\n"
		"langs = en, ar ,ru\nnote=a;b = c\n[front]\n  port: 80\nopen = YES\nkey = s3cret\n"
		"[desk]\nanything = at all\nanything = twice\n[mail.smtp]\nhost = x\n[rail.one]\nurl=1\n[rail.two]\nurl=2"), &f);
	assert_str(got.name, "The  Daily");
	assert_str(got.note, "a;b = c");
	assert_int_equal(got.langs.count, 3);
	assert_str(got.langs.items[0], "en");
	assert_str(got.langs.items[1], "ar");
	assert_str(got.langs.items[2], "ru");
	assert_int_equal(got.port, 80);
	assert_true(got.open);
	assert_str(secret_bytes(got.key), "s3cret");
	assert_str(got.rail_url, "2");
}

static void what_is_not_there_has_its_fallback(void **state)
{
	(void) state;
	assert_no_fault(reads("[site]\nname=x\n[front]\n"), &f);
	assert_str(got.note, "none yet");
	assert_int_equal(got.port, 8080);
	assert_int_equal(got.langs.count, 1);
	assert_false(got.open);
	assert_null(got.key);
	assert_null(got.rail_url.at);
	assert_no_fault(reads("[site]\nname=x\nnote=\nlangs=\n"), &f);
	assert_int_equal(got.note.len, 0);
	assert_int_equal(got.langs.count, 0);
	assert_no_fault(reads("[site]\nname=x\n[front]\n[site]\nnote=y\n"), &f); /* a section may be continued */
}

static void mistakes_name_file_and_line(void **state)
{
	(void) state;
	refused("", "mimeo.conf: [site] name is missing: what the newsroom is called");
	refused("[site]\nname =\n", "mimeo.conf:2: name is empty: what the newsroom is called");
	refused("[site]\nname=x\nnam=y\n", "mimeo.conf:3: [site] has no key \"nam\"; it has: name, note, langs");
	refused("[site]\nname=x\n\n[sites]\n", "mimeo.conf:4: there is no section [sites]");
	refused("[site]\nname=x\n[ site ]\n", "mimeo.conf:3: there is no section");
	refused("[site]\nname=x\n[rail]\n", "mimeo.conf:3: there is no section");
	refused("[site]\nname=x\n[rail.]\n", "mimeo.conf:3: there is no section");
	refused("[site]\nname=x\nname=x\n", "mimeo.conf:3: name stands twice in [site]");
	refused("[site]\nname=x\n[front]\n[site]\nname=x\n", "mimeo.conf:5: name stands twice");
	refused("[rail.a]\nurl=1\n[rail.b]\nurl=1\n[rail.a]\nurl=2\n", "mimeo.conf:6: url stands twice in [rail.a]");
	refused("name=x\n", "mimeo.conf:1: \"name\" stands before the first [section]");
	refused("[site]\nname\n", "mimeo.conf:2: write key = value");
	refused("[site\nname=x\n", "mimeo.conf:1: write a section's line");
	refused("[site] name=x\n", "mimeo.conf:1: write a section's line");
	refused("[]\n", "mimeo.conf:1: a section's name");
	refused("[site]\nname=x\n[front]\nport=80a\n", "mimeo.conf:4: port is \"80a\"; write a whole number");
	refused("[site]\nname=x\n[front]\nport=\n", "mimeo.conf:4: port is \"\"");
	refused("[site]\nname=x\n[front]\nopen=maybe\n", "mimeo.conf:4: open is \"maybe\"; write yes or no");
	refused("[site]\nname=x\nlangs=en,,ru\n", "mimeo.conf:3: langs has an empty item");
	refused("[front]\nkey=secret\n[site]\nnope=1\n", "mimeo.conf:4"); /* and the secret is gone again */
	refused("[site]\nname=a\n  note=b\n  note=c\n", "mimeo.conf:4: note stands twice"); /* indented is no continuation */
}

static void hostile_bytes_are_refused(void **state)
{
	int fd;

	(void) state;
	refused("[site]\nname=\xff\n", "mimeo.conf:2: the line is not UTF-8");
	refused("[site]\nname=a\x1b[2J\n", "mimeo.conf:2: the line has a control character");
	refused("[site]\nname=a\rb\n", "mimeo.conf:2: the line has a control character");
	fd = openat(folder, "mimeo.conf", O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "[site]\nname=a\0b\n", 16), 16);
	(void) close(fd);
	assert_false(conf_read(folder, "mimeo.conf", keys, NULL, &got, &arena, &f));
	assert_fault(&f, FAULT_INPUT, "mimeo.conf:2: the line has a control character");
	assert_no_fault(reads("[site]\nname=a\tb\n"), &f);
}

/* "[site]\nname=xxx…" with so many x. */
static const char *with_long_name(size_t len)
{
	static char text[LIMIT_CONF_BYTES + 64];

	(void) snprintf(text, sizeof(text), "[site]\nname=");
	memset(text + 12, 'x', len);
	(void) snprintf(text + 12 + len, 4, "\n");
	return text;
}

static void long_lines_are_taken_whole_or_refused(void **state)
{
	char text[256];

	(void) state;
	assert_no_fault(reads(with_long_name(4096 - 5)), &f);
	assert_int_equal(got.name.len, 4096 - 5);
	refused(with_long_name(4096 - 4), "mimeo.conf:2: the line is longer than 4096 bytes");
	refused(with_long_name(100000), "mimeo.conf:2: the line is longer than 4096 bytes");
	assert_false(reads(with_long_name(LIMIT_CONF_BYTES)));
	assert_fault(&f, FAULT_FULL, "mimeo.conf is larger");
	(void) snprintf(text, sizeof(text), "[site]\nname=x\n%049d=1\n", 7);
	refused(text, "mimeo.conf:3: a key's name has at most 48 bytes");
	(void) snprintf(text, sizeof(text), "[site]\nname=x\n[rail.%044d]\n", 7);
	refused(text, "mimeo.conf:3: a section's name has 1 to 48 bytes");
	(void) snprintf(text, sizeof(text), "[site]\nname=x\n[rail.%043d]\nurl=1\n", 7);
	assert_no_fault(reads(text), &f);
}

static void secrets_need_a_private_file(void **state)
{
	(void) state;
	assert_no_fault(reads_with_mode("[site]\nname=x\n", 0644), &f);
	assert_false(reads_with_mode("[site]\nname=x\n[front]\nkey=abc\n", 0640));
	assert_null(strstr(f.say, "abc"));
	assert_fault(&f, FAULT_INPUT, "mimeo.conf:4: key is a secret, but others can read this file; run chmod 600");
	assert_null(got.key);
}

static void without_ignored_sections_all_must_be_known(void **state)
{
	(void) state;
	put_file(folder, "mimeo.conf", "[site]\nname=x\n[desk]\n", 0600);
	assert_false(conf_read(folder, "mimeo.conf", keys, NULL, &got, &arena, &f));
	assert_fault(&f, FAULT_INPUT, "mimeo.conf:3: there is no section [desk]");
	assert_false(conf_read(folder, "none.conf", keys, NULL, &got, &arena, &f));
	assert_fault(&f, FAULT_MISSING, "none.conf");
}

static void sections_are_listed_in_order(void **state)
{
	struct conf_list list;
	char many[4096] = "";

	(void) state;
	put_file(folder, "mimeo.conf", "[rail.b]\nurl=1\n[site]\nx=y\n[rail.a]\n[rail.b]\n[rail]\n", 0600);
	assert_no_fault(conf_sections(folder, "mimeo.conf", "rail.*", &arena, &list, &f), &f);
	assert_int_equal(list.count, 2);
	assert_str(list.items[0], "rail.b");
	assert_str(list.items[1], "rail.a");
	for (int i = 0; i < 65; i++)
		(void) snprintf(many + strlen(many), sizeof(many) - strlen(many), "[rail.%d]\n", i);
	put_file(folder, "mimeo.conf", many, 0600);
	assert_false(conf_sections(folder, "mimeo.conf", "rail.*", &arena, &list, &f));
	assert_fault(&f, FAULT_INPUT, "mimeo.conf:65: there are more than 64 sections");
}

static void an_arena_without_room_is_a_fault(void **state)
{
	(void) state;
	for (size_t cap = 0; cap < 400; cap += 16) { /* fails at each allocation in turn, until it fits */
		struct arena small;
		bool ok;

		arena_init(&small, "small", cap);
		got = (struct settings){0};
		put_file(folder, "mimeo.conf", "[front]\nkey=abc\n[site]\nname=x\nlangs=a,b\n", 0600);
		ok = conf_read(folder, "mimeo.conf", keys, NULL, &got, &small, &f);
		assert_true(ok || (f.kind == FAULT_FULL && got.key == NULL));
		assert_true(cap > 0 || !ok);
		fault_clear(&f);
		secret_free(&got.key);
		arena_release(&small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_type_is_read, make, drop),
		cmocka_unit_test_setup_teardown(what_is_not_there_has_its_fallback, make, drop),
		cmocka_unit_test_setup_teardown(mistakes_name_file_and_line, make, drop),
		cmocka_unit_test_setup_teardown(hostile_bytes_are_refused, make, drop),
		cmocka_unit_test_setup_teardown(long_lines_are_taken_whole_or_refused, make, drop),
		cmocka_unit_test_setup_teardown(secrets_need_a_private_file, make, drop),
		cmocka_unit_test_setup_teardown(without_ignored_sections_all_must_be_known, make, drop),
		cmocka_unit_test_setup_teardown(sections_are_listed_in_order, make, drop),
		cmocka_unit_test_setup_teardown(an_arena_without_room_is_a_fault, make, drop),
	};

	return RUN(tests);
}
