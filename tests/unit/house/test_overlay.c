/* test_overlay.c: what the desk lays over mimeo.conf: read, refused, hashed, swapped under a running room.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "house/overlay.h"
#include "house/page.h"
#include "house/room_inside.h"
#include "press/theme.h"

static char folder[64];
static struct home home;

static int set_up(void **state)
{
	struct fault f = {0};

	(void) state;
	strcpy(folder, "/tmp/mimeo-overlay-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	home.fd = -1;
	snprintf(home.path, sizeof(home.path), "%s", folder);
	return file_make_folders(-100, folder, 0755, &f) && file_write(-100, strcat(strcpy((char[128]){0}, folder), "/mimeo.conf"),
		STR("[newsroom]\nname = From the file\nurl = https://tern.example\nsections = News, Courts\npress = #2a3192\n"), 0644, false, &f)
		&& home_open(&home, folder, &f) ? 0 : fault_print(&f, true);
}

static int tear_down(void **state)
{
	char command[128];

	(void) state;
	home_close(&home);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void put(const char *path, const char *text)
{
	char parent[256];
	struct fault f = {0};

	snprintf(parent, sizeof(parent), "%s", path);
	*strrchr(parent, '/') = '\0';
	assert_true(file_make_folders(home.fd, parent, 0755, &f));
	assert_true(file_write(home.fd, path, str_from(text), 0644, false, &f));
}

/* As the desk does it: files of a folder that is named by their hash, then `current`. */
static void publish(const char *json, const char *about)
{
	struct overlay_file files[2] = {{"newsroom.json", str_from(json)}, {"theme/about.en.md", str_from(about)}};
	char hash[OVERLAY_HASH_CHARS + 1], path[128];

	overlay_hash(files, about != NULL ? 2 : 1, hash);
	snprintf(path, sizeof(path), "data/newsroom/%s/theme/about.en.md", hash);
	put(path, about != NULL ? about : "");
	if (about == NULL)
		unlinkat(home.fd, path, 0);
	snprintf(path, sizeof(path), "data/newsroom/%s/newsroom.json", hash);
	put(path, json);
	put("data/newsroom/current", hash);
}

static void refused(const char *json, const char *word)
{
	struct overlay *overlay = NULL;
	struct fault f = {0};

	publish(json, NULL);
	if (overlay_read(&overlay, &home, &f))
		fail_msg("%s was taken", json);
	assert_int_equal(f.kind, FAULT_INPUT);
	if (strstr(f.say, word) == NULL || strstr(f.trail, "data/newsroom/") == NULL)
		fail_msg("%s: %s (%s)", json, f.say, f.trail);
	assert_non_null(overlay);
	assert_int_equal(overlay->name.len, 0);
	overlay_free(&overlay);
}

static void test_nothing_there_is_well(void **state)
{
	struct overlay *overlay = NULL;
	struct settings base = {0}, laid;
	struct fault f = {0};

	(void) state;
	assert_true(overlay_read(&overlay, &home, &f));
	assert_true(overlay_is_whole(&home, &f));
	assert_true(settings_read(&base, &home, &f));
	overlay_lay(overlay, &base, &laid);
	assert_true(str_is(laid.name, "From the file") && laid.sections.count == 2);
	assert_true(str_is(overlay_section_name(&laid, STR("News"), STR("ru")), "News"));
	overlay_free(&overlay);
	settings_release(&base);
}

static void test_what_the_desk_decided_counts(void **state)
{
	struct overlay *overlay = NULL;
	struct settings base = {0}, laid;
	struct fault f = {0};

	(void) state;
	publish("{\"format\":1,\"name\":\"From the desk\",\"description\":\"\",\"press\":\"#7a1f1f\",\"sections\":[{\"name\":\"Courts\",\"names\":"
		"{\"en\":\"The courts\",\"ru\":\"Суды\"}},{\"name\":\"News\",\"names\":{}}],\"policies\":[{\"language\":\"en\",\"hash\":"
		"\"0123456789abcdef\",\"version\":3,\"made\":5}]}", "Who we are.");
	assert_true(overlay_read(&overlay, &home, &f));
	assert_true(overlay_is_whole(&home, &f));
	assert_true(settings_read(&base, &home, &f));
	overlay_lay(overlay, &base, &laid);
	assert_true(str_is(laid.name, "From the desk") && str_is(laid.url, "https://tern.example") && str_is(laid.press_light, "#7a1f1f"));
	assert_true(laid.sections.count == 2 && str_is(laid.sections.items[0], "Courts"));
	assert_true(str_is(overlay_section_name(&laid, STR("Courts"), STR("ru")), "Суды"));
	assert_true(str_is(overlay_section_name(&laid, STR("courts"), STR("ru-RU")), "Суды"));
	assert_true(str_is(overlay_section_name(&laid, STR("Courts"), STR("ar")), "The courts"));
	assert_true(str_is(overlay_section_name(&laid, STR("News"), STR("ru")), "News"));
	assert_true(str_is(overlay_section_name(&laid, STR("Other"), STR("ru")), "Other"));
	assert_int_equal(page_policy_find(&laid, STR("0123456789abcdef"))->version, 3);
	assert_null(page_policy_find(&laid, STR("0123456789abcdee")));
	overlay_free(&overlay);
	settings_release(&base);
}

static void test_anything_else_is_refused(void **state)
{
	(void) state;
	refused("", "JSON");
	refused("[]", "format");
	refused("{\"format\":2}", "format");
	refused("{\"format\":1,\"url\":\"https://evil.example\"}", "does not decide");
	refused("{\"format\":1,\"stripe_checkout\":\"https://evil.example\"}", "does not decide");
	refused("{\"format\":1,\"name\":\"\"}", "name");
	refused("{\"format\":1,\"name\":\"two\\nlines\"}", "name");
	refused("{\"format\":1,\"name\":7}", "name");
	refused("{\"format\":1,\"press\":\"#fff}</style>\"}", "press");
	refused("{\"format\":1,\"press\":\"#12345g\"}", "press");
	refused("{\"format\":1,\"sections\":[{\"name\":\"A, B\",\"names\":{}}]}", "sections");
	refused("{\"format\":1,\"sections\":[{\"name\":\"A\",\"names\":{}},{\"name\":\"a\",\"names\":{}}]}", "sections");
	refused("{\"format\":1,\"sections\":[{\"name\":\"A\",\"names\":{\"../x\":\"B\"}}]}", "names");
	refused("{\"format\":1,\"policies\":[{\"language\":\"en\",\"hash\":\"zz\",\"version\":1,\"made\":1}]}", "policies");
}

static void test_current_leads_nowhere_else(void **state)
{
	struct overlay *overlay = NULL;
	struct fault f = {0};

	(void) state;
	put("data/newsroom/current", "../../secrets/support.conf");
	assert_false(overlay_read(&overlay, &home, &f));
	assert_non_null(strstr(f.say, "data/newsroom/current"));
	overlay_free(&overlay);
	fault_clear(&f);
	put("data/newsroom/current", "0123456789abcdef0123456789abcdef");
	assert_false(overlay_read(&overlay, &home, &f));
	assert_int_equal(f.kind, FAULT_MISSING);
	overlay_free(&overlay);
	fault_clear(&f);
	unlinkat(home.fd, "data/newsroom/current", 0);
	assert_int_equal(symlinkat("../../mimeo.conf", home.fd, "data/newsroom/current"), 0);
	assert_false(overlay_read(&overlay, &home, &f));
	overlay_free(&overlay);
}

static void test_a_changed_byte_is_noticed(void **state)
{
	struct fault f = {0};
	char path[128], *hash;
	FILE *file;

	(void) state;
	publish("{\"format\":1,\"name\":\"Whole\"}", "Who we are.");
	assert_true(overlay_is_whole(&home, &f));
	snprintf(path, sizeof(path), "%s/data/newsroom/current", folder);
	file = fopen(path, "r");
	assert_non_null(file);
	hash = fgets((char[64]){0}, 64, file);
	fclose(file);
	snprintf(path, sizeof(path), "data/newsroom/%s/theme/about.en.md", hash);
	put(path, "Who we were.");
	assert_false(overlay_is_whole(&home, &f));
	assert_non_null(strstr(f.say, hash));
}

/* --- under a running room --- */

static void begin_room(struct room *room, struct room_inside *inside)
{
	struct fault f = {0};

	*inside = (struct room_inside){.lock_fd = -1};
	*room = (struct room){.inside = inside, .home = home};
	assert_true(settings_read(&room->settings, &home, &f));
	if (!room_begin_overlay(room, &f))
		fail_msg("%s", f.say);
}

static void test_a_room_takes_it_and_keeps_the_old_texts(void **state)
{
	struct room_inside inside;
	struct room room;
	struct str name, about;

	(void) state;
	publish("{\"format\":1,\"name\":\"First\"}", "First about.");
	begin_room(&room, &inside);
	name = room.settings.name;
	about = theme_file(room.theme, "about.en.md");
	assert_true(str_is(name, "First") && str_is(about, "First about."));
	publish("{\"format\":1,\"name\":\"Second\",\"call\":\"#ffffff\"}", "Second about.");
	room_look_whether_overlay(&room);
	assert_true(str_is(room.settings.name, "Second") && str_is(theme_file(room.theme, "about.en.md"), "Second about."));
	assert_true(str_is(name, "First") && str_is(about, "First about.")); /* who holds them still may (ASan looks) */
	publish("{\"format\":1,\"nonsense\":1}", NULL);
	room_look_whether_overlay(&room);
	assert_true(str_is(room.settings.name, "Second")); /* a damaged one: what was in force stays */
	assert_int_equal(inside.overlay_fault.kind, FAULT_INPUT);
	publish("{\"format\":1,\"name\":\"Third\"}", NULL);
	room_look_whether_overlay(&room);
	assert_true(str_is(room.settings.name, "Third") && !str_is(theme_file(room.theme, "about.en.md"), "Second about."));
	assert_int_equal(inside.overlay_fault.kind, FAULT_NONE);
	room_end_overlay(&room);
	settings_release(&room.settings);
}

static void test_a_room_starts_with_a_damaged_one(void **state)
{
	struct room_inside inside;
	struct room room;

	(void) state;
	publish("{\"format\":1,\"name\":\"Half", NULL);
	begin_room(&room, &inside);
	assert_true(str_is(room.settings.name, "From the file"));
	assert_int_not_equal(inside.overlay_fault.kind, FAULT_NONE);
	room_end_overlay(&room);
	settings_release(&room.settings);
	/* a logo that the desk did not write, in a whole folder */
	publish("{\"format\":1,\"name\":\"Logo\",\"logo\":true}", NULL);
	begin_room(&room, &inside);
	assert_true(str_is(room.settings.name, "From the file"));
	room_end_overlay(&room);
	settings_release(&room.settings);
}

static void test_the_policy_is_that_of_the_page(void **state)
{
	struct room_inside inside;
	struct room room;
	char hash[OVERLAY_POLICY_CHARS + 1];
	struct arena arena;

	(void) state;
	publish("{\"format\":1}", NULL);
	put("theme/privacy.en.md", "English policy.");
	begin_room(&room, &inside);
	arena_init(&arena, "test", 65536);
	overlay_policy_hash(STR("English policy."), hash);
	/* no Russian one of its own: a Russian reader is led to the English page, and agrees to that */
	assert_true(str_is(page_policy(room.theme, &room.settings, STR("en"), &arena), hash));
	assert_true(str_is(page_policy(room.theme, &room.settings, STR("ru"), &arena), hash));
	assert_true(str_is(page_text_path(room.theme, &room.settings, "privacy", STR("ru"), &arena), "privacy/"));
	room_end_overlay(&room);
	settings_release(&room.settings);
	put("theme/privacy.ru.md", "По-русски.");
	begin_room(&room, &inside);
	overlay_policy_hash(STR("По-русски."), hash);
	assert_true(str_is(page_policy(room.theme, &room.settings, STR("ru"), &arena), hash));
	assert_true(str_is(page_text_path(room.theme, &room.settings, "privacy", STR("ru"), &arena), "privacy/ru/"));
	room_end_overlay(&room);
	settings_release(&room.settings);
	arena_release(&arena);
}

static void test_contrasts_are_measured(void **state)
{
	struct settings_contrast all[SETTINGS_CONTRASTS];

	(void) state;
	settings_contrasts(STR(""), STR(""), STR(""), all);
	for (size_t i = 0; i < SETTINGS_CONTRASTS; i++)
		assert_true(all[i].contrast >= SETTINGS_CONTRAST_LEAST); /* the theme's own */
	settings_contrasts(STR("#7f7fff"), STR("#333366"), STR("#808080"), all);
	for (size_t i = 0; i < SETTINGS_CONTRASTS; i++)
		if (strcmp(all[i].key, "call") != 0)
			assert_true(all[i].contrast < SETTINGS_CONTRAST_LEAST);
	assert_string_equal(settings_on_call(STR("#ffd94a")), "#15171c");
	assert_string_equal(settings_on_call(STR("#2a3192")), "#ffffff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_there_is_well, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_the_desk_decided_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_anything_else_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_current_leads_nowhere_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_changed_byte_is_noticed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_room_takes_it_and_keeps_the_old_texts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_room_starts_with_a_damaged_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_policy_is_that_of_the_page, set_up, tear_down),
		cmocka_unit_test(test_contrasts_are_measured),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
