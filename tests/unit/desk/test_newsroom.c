/* test_newsroom.c: what editors decide: kept, refused, published for the rooms; the front page's choices; roles and sessions.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "desk/desk_staff.h"
#include "desk/front_choice.h"
#include "desk/newsroom.h"
#include "desk/story_store.h"
#include "gen/desk_schema.h"
#include "gen/desk_sql.h"
#include "house/room_inside.h"
#include "press/theme.h"
#include "store/store.h"

#define NOON ((struct when){INT64_C(1795435200000000)})

struct bench {
	struct room room;
	struct room_inside inside;
	struct arena arena;
	char folder[64];
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	char path[128];
	struct store_options options = {.path = path, .migrations = desk_schema, .queries = desk_sql, .query_count = DESK_SQL_SEARCH_SCHEMA};
	struct fault f = {0};

	*state = bench;
	strcpy(bench->folder, "/tmp/mimeo-newsroom-XXXXXX");
	if (mkdtemp(bench->folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/mimeo.conf", bench->folder);
	bench->inside.lock_fd = -1;
	bench->room.inside = &bench->inside;
	arena_init(&bench->arena, "test", 16 << 20);
	clock_fix(NOON);
	if (!file_write(-100, path, STR("[newsroom]\nname = Tern\nurl = https://tern.example\nsections = News, Courts, Culture\n"), 0644, false, &f)
		|| !home_open(&bench->room.home, bench->folder, &f) || !settings_read(&bench->room.settings, &bench->room.home, &f)
		|| !room_begin_overlay(&bench->room, &f))
		return fault_print(&f, true);
	snprintf(path, sizeof(path), "%s/desk.db", bench->folder);
	return store_open(&bench->room.db, &options, &f) ? 0 : fault_print(&f, true);
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	char command[128];

	store_close(&bench->room.db);
	room_end_overlay(&bench->room);
	settings_release(&bench->room.settings);
	home_close(&bench->room.home);
	arena_release(&bench->arena);
	snprintf(command, sizeof(command), "rm -rf %s", bench->folder);
	if (system(command) != 0)
		return -1;
	clock_fix((struct when){0});
	free(bench);
	return 0;
}

/* --- settings and texts --- */

static bool set(struct bench *bench, const char *key, const char *value, struct fault *f)
{
	return store_begin(bench->room.db, f) && store_end(bench->room.db, newsroom_put_setting(&bench->room, key, str_from(value), f), f);
}

static void refused(struct bench *bench, const char *key, const char *value, const char *word)
{
	struct fault f = {0};

	assert_false(set(bench, key, value, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	if (strstr(f.say, word) == NULL)
		fail_msg("%s = %s: %s", key, value, f.say);
}

static void publish(struct bench *bench, bool wanted)
{
	struct fault f = {0};
	bool is_new = false;

	if (!newsroom_publish(&bench->room, &is_new, &f))
		fail_msg("%s", f.say);
	assert_int_equal(is_new, wanted);
	room_look_at_overlay(&bench->room);
}

static void test_settings_are_checked_and_published(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};

	refused(bench, "name", "   ", "name");
	refused(bench, "name", "two\nlines", "one line");
	refused(bench, "press", "blue", "#rrggbb");
	refused(bench, "press", "#8080ff", "darker");
	refused(bench, "press_dark", "#333366", "lighter");
	refused(bench, "logo", "<svg viewBox=\"0 0 1 1\"><script/></svg>", "script");
	/* what the rooms would refuse to read again does not get as far as them */
	refused(bench, "logo", "<svg viewBox=\"0 0 1 1\"><path style=\"fill:#f00;fill:#0f0\" d=\"M0 0\"/></svg>", "twice");
	publish(bench, true); /* nothing decided is something to say, too */
	publish(bench, false);
	assert_true(set(bench, "name", " Grey Heron ", &f) && set(bench, "call", "#ffffff", &f)
		&& set(bench, "logo", "<svg viewBox=\"0 0 1 1\"><title>x</title></svg>", &f));
	publish(bench, true);
	assert_true(str_is(bench->room.settings.name, "Grey Heron") && str_is(bench->room.settings.call, "#ffffff"));
	assert_true(str_ends(theme_file(bench->room.theme, "logo.svg"), STR("viewBox=\"0 0 1 1\"></svg>")));
	assert_true(set(bench, "logo", "", &f));
	publish(bench, true);
	assert_int_equal(bench->room.settings.logo.len, 0);
}

static bool put_text(struct bench *bench, const char *kind, const char *language, const char *body, bool *is_new, struct fault *f)
{
	return store_begin(bench->room.db, f) && store_end(bench->room.db, newsroom_put_text(&bench->room, kind, str_from(language),
		str_from(body), STR("Ada"), &bench->arena, is_new, f), f);
}

static void test_every_version_stays(void **state)
{
	struct bench *bench = *state;
	struct newsroom_text text;
	struct fault f = {0};
	bool is_new = false;
	char hash[OVERLAY_POLICY_CHARS + 1];

	assert_true(newsroom_text(&bench->room, "privacy", STR("en"), &bench->arena, &text, &f));
	assert_true(text.version == 0 && !text.is_desks && text.body.len > 100);
	overlay_policy_hash(text.body, hash);
	assert_true(put_text(bench, "privacy", "en", "Ours.", &is_new, &f) && is_new);
	assert_true(put_text(bench, "privacy", "en", "Ours.", &is_new, &f) && !is_new); /* the same again is none */
	assert_true(put_text(bench, "privacy", "en", "Ours, longer.", &is_new, &f) && is_new);
	assert_true(newsroom_text(&bench->room, "privacy", STR("en"), &bench->arena, &text, &f));
	assert_true(text.version == 3 && text.is_desks && str_is(text.body, "Ours, longer.") && str_is(text.made_by, "Ada"));
	publish(bench, true);
	assert_int_equal(bench->room.settings.desk->policy_count, 3);
	assert_true(str_is(theme_file(bench->room.theme, "privacy.en.md"), "Ours, longer."));
	/* the built-in words that stood there before are version 1, and known */
	for (size_t i = 0; i < 3; i++)
		if (bench->room.settings.desk->policies[i].version == 1)
			assert_true(str_is(bench->room.settings.desk->policies[i].hash, hash));
	assert_false(store_run(bench->room.db, DESK_SQL_TEXT_INSERT, STORE_ARGS(store_text(STR("privacy")), store_text(STR("en")), store_i64(3),
		store_text(STR("x")), store_text(STR("y")), store_i64(1), store_text(STR("z")), store_text(STR("desk"))), NULL, &f));
}

static void test_texts_that_are_refused(void **state)
{
	struct fault f = {0};
	static char large[NEWSROOM_TEXT_BYTES + 2];

	(void) state;
	assert_true(newsroom_check_text(STR("To {newsroom}, from {min_monthly}, {} and { and {1}."), &f));
	assert_false(newsroom_check_text(STR(" \n"), &f));
	fault_clear(&f);
	assert_false(newsroom_check_text(STR("Give {amount}."), &f));
	assert_non_null(strstr(f.say, "{amount}"));
	fault_clear(&f);
	assert_false(newsroom_check_text(STR("{Newsroom}"), &f));
	fault_clear(&f);
	assert_false(newsroom_check_text(STR("\xff"), &f));
	fault_clear(&f);
	memset(large, 'a', sizeof(large) - 1);
	assert_false(newsroom_check_text(str_from(large), &f));
}

static void test_sections_are_kept_whole_or_not_at_all(void **state)
{
	struct bench *bench = *state;
	struct overlay_name names[] = {{STR("en"), STR("Latest")}, {STR("ru"), STR("Новости")}};
	struct overlay_section sections[] = {{STR("Courts"), names, 0}, {STR("News"), names, 2}};
	struct overlay_section doubled[] = {{STR("Sport"), names, 0}, {STR("sport"), names, 0}};
	struct fault f = {0};

	assert_true(store_begin(bench->room.db, &f) && store_end(bench->room.db, newsroom_put_sections(&bench->room, sections, 2, &f), &f));
	publish(bench, true);
	assert_true(store_begin(bench->room.db, &f));
	assert_false(store_end(bench->room.db, newsroom_put_sections(&bench->room, doubled, 2, &f), &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	publish(bench, false);
	assert_true(bench->room.settings.sections.count == 2 && str_is(bench->room.settings.sections.items[0], "Courts"));
	assert_true(str_is(overlay_section_name(&bench->room.settings, STR("News"), STR("ru")), "Новости"));
}

/* A full disk: nothing of the old is lost, and the next try writes it. */
static void test_what_could_not_be_written_is_written_later(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	bool is_new = false;

	publish(bench, true);
	assert_true(set(bench, "name", "Later", &f));
	assert_int_equal(unlinkat(bench->room.home.fd, "data/newsroom/current", 0), 0);
	assert_int_equal(mkdirat(bench->room.home.fd, "data/newsroom/current", 0755), 0);
	assert_int_equal(mkdirat(bench->room.home.fd, "data/newsroom/current/in-the-way", 0755), 0);
	assert_false(newsroom_publish(&bench->room, &is_new, &f));
	fault_clear(&f);
	assert_true(str_is(bench->room.settings.name, "Tern"));
	assert_int_equal(unlinkat(bench->room.home.fd, "data/newsroom/current/in-the-way", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(bench->room.home.fd, "data/newsroom/current", AT_REMOVEDIR), 0);
	publish(bench, true);
	assert_true(str_is(bench->room.settings.name, "Later"));
}

static void test_other_rooms_users_may_read_it(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	struct stat about;
	char path[128];
	mode_t old = umask(027); /* a room's */

	assert_true(set(bench, "name", "Read by all", &f));
	publish(bench, true);
	umask(old);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "data/newsroom%s%s%s", i > 0 && i < 3 ? "/" : "", i > 0 && i < 3 ? bench->room.settings.desk->hash : "",
			i == 2 ? "/newsroom.json" : i == 3 ? "/current" : "");
		assert_int_equal(fstatat(bench->room.home.fd, path, &about, 0), 0);
		assert_int_equal(about.st_mode & 0777, S_ISDIR(about.st_mode) ? 0755 : 0644);
	}
}

/* --- the front page --- */

static void test_the_top_of_the_page(void **state)
{
	const struct front_story newest[] = {{1, false}, {2, false}, {3, true}, {4, true}, {5, false}, {6, false}, {7, true}};
	struct front_choices none = {0}, pinned = {.pins = {3, 6}, .pin_count = 2}, led = {.lead = 99, .pins = {2}, .pin_count = 1};
	int64_t top[FRONT_TOP];

	(void) state;
	assert_int_equal(front_top(&none, newest, 0, top), 0);
	assert_int_equal(front_top(&none, newest, 7, top), 5);
	assert_memory_equal(top, ((int64_t[]){3, 1, 2, 4, 5}), sizeof(top));
	assert_int_equal(front_top(&pinned, newest, 7, top), 5); /* a pinned one does not lead by itself */
	assert_memory_equal(top, ((int64_t[]){4, 3, 6, 1, 2}), sizeof(top));
	assert_int_equal(front_top(&led, newest, 7, top), 5);
	assert_memory_equal(top, ((int64_t[]){99, 2, 1, 3, 4}), sizeof(top));
	assert_int_equal(front_top(&none, newest, 2, top), 2);
	assert_memory_equal(top, ((int64_t[]){1, 2}), 2 * sizeof(top[0]));
}

static int64_t save(struct bench *bench, const char *identity, enum story_state state)
{
	struct story story = {.identity = str_from(identity), .state = state, .title = str_from(identity), .slug = str_from(identity),
		.lang = STR("en"), .dir = STR("ltr"), .section = STR("News"), .body = STR("Body."), .published = NOON};
	struct fault f = {0};

	if (!store_begin(bench->room.db, &f) || !store_end(bench->room.db, story_save(bench->room.db, &story, NOON, "test", &bench->arena, &f), &f))
		fail_msg("%s", f.say);
	return story.id;
}

static struct front_choices choices(struct bench *bench)
{
	struct front_choices out;
	struct fault f = {0};

	assert_true(front_choices_read(bench->room.db, &bench->arena, &out, &f));
	return out;
}

static void test_choices_last_until_withdrawn(void **state)
{
	struct bench *bench = *state;
	struct store *db = bench->room.db;
	struct fault f = {0};
	int64_t ids[6];
	char name[2] = "a";

	for (int i = 0; i < 6; i++, name[0]++)
		ids[i] = save(bench, name, STORY_PUBLISHED);
	assert_true(front_set_lead(db, ids[0], &f));
	for (int i = 1; i < 5; i++)
		assert_true(front_pin(db, ids[i], &f));
	assert_false(front_pin(db, ids[5], &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_true(front_move_pin(db, ids[1], -1, &f) && front_move_pin(db, ids[4], 1, &f)); /* no place further: nothing happens */
	assert_true(front_move_pin(db, ids[3], -1, &f));
	assert_memory_equal(choices(bench).pins, ((int64_t[]){ids[1], ids[3], ids[2], ids[4]}), 4 * sizeof(ids[0]));
	assert_true(story_change_state(db, ids[3], STORY_WITHDRAWN, STR(""), NOON, &f));
	assert_int_equal(choices(bench).pin_count, 3);
	assert_true(front_pin(db, ids[5], &f)); /* there is room again */
	assert_true(story_change_state(db, ids[3], STORY_PUBLISHED, STR(""), NOON, &f));
	assert_int_equal(choices(bench).pin_count, 4); /* the withdrawn pin went for good */
	assert_true(front_set_lead(db, ids[1], &f)); /* a pin that leads is no pin */
	assert_true(choices(bench).lead == ids[1] && choices(bench).pin_count == 3);
	assert_true(front_drop(db, ids[1], &f));
	assert_int_equal(choices(bench).lead, 0);
}

static void test_sections_in_their_own_order(void **state)
{
	struct bench *bench = *state;
	const struct settings *settings = &bench->room.settings;
	struct front_choices chosen;
	struct str out[FRONT_SECTIONS];
	struct fault f = {0};

	chosen = choices(bench);
	assert_int_equal(front_order_sections(settings, &chosen, out), 3);
	assert_true(str_is(out[0], "News"));
	assert_true(front_move_section(bench->room.db, settings, STR("culture"), -1, &f));
	assert_true(front_hide_section(bench->room.db, settings, STR("news"), true, &f));
	chosen = choices(bench);
	assert_int_equal(front_order_sections(settings, &chosen, out), 2);
	assert_true(str_is(out[0], "Culture") && str_is(out[1], "Courts"));
	assert_true(front_move_section(bench->room.db, settings, STR("news"), -1, &f)); /* the first stays the first */
	assert_true(front_hide_section(bench->room.db, settings, STR("news"), false, &f));
	chosen = choices(bench);
	assert_int_equal(front_order_sections(settings, &chosen, out), 3);
	assert_true(str_is(out[0], "News") && str_is(out[1], "Culture"));
	assert_false(front_move_section(bench->room.db, settings, STR("sport"), 1, &f));
	assert_int_equal(f.kind, FAULT_MISSING);
}

/* --- people --- */

static void begin_session(struct bench *bench, const char *name, char session[RAND_TOKEN_CHARS + 1])
{
	struct when expires;
	struct fault f = {0};
	struct str url;

	bench->room.settings.desk_url = STR("http://localhost:8081");
	assert_true(desk_staff_link(&bench->room, str_from(name), STR("cli"), &bench->arena, &url, &expires, &f));
	assert_true(desk_session_begin(&bench->room, str_part(url, sizeof("http://localhost:8081/login/") - 1, SIZE_MAX), session, &bench->arena, &f));
}

static bool is_in(struct bench *bench, const char *session)
{
	struct desk_person person = {0};

	return desk_session_find(&bench->room, str_from(session), &bench->arena, &person);
}

static void test_sessions_end_singly_and_together(void **state)
{
	struct bench *bench = *state;
	char first[RAND_TOKEN_CHARS + 1], second[RAND_TOKEN_CHARS + 1], other[RAND_TOKEN_CHARS + 1], id[DESK_SESSION_CHARS + 1];
	static struct desk_session list[DESK_SESSIONS];
	struct fault f = {0};
	int64_t ada = 0, ilya = 0;
	size_t count;

	assert_true(desk_staff_add(&bench->room, STR("Ada"), STR("editor"), STR("cli"), &ada, &f)
		&& desk_staff_add(&bench->room, STR("Ilya"), STR("reporter"), STR("cli"), &ilya, &f));
	begin_session(bench, "Ada", first);
	begin_session(bench, "Ada", second);
	begin_session(bench, "Ilya", other);
	assert_true(desk_sessions(&bench->room, &bench->arena, list, &count, &f));
	assert_int_equal(count, 3);
	assert_int_equal(list[0].began.us, NOON.us);
	desk_session_id(str_from(first), id);
	assert_null(strstr(first, id)); /* the name of a session is worth nothing */
	assert_true(desk_session_revoke(&bench->room, str_from(id), STR("Ada"), &bench->arena, &f));
	assert_false(is_in(bench, first));
	assert_true(is_in(bench, second) && is_in(bench, other));
	assert_false(desk_session_revoke(&bench->room, str_from(id), STR("Ada"), &bench->arena, &f));
	assert_int_equal(f.kind, FAULT_MISSING);
	fault_clear(&f);
	assert_false(desk_session_revoke(&bench->room, STR(""), STR("Ada"), &bench->arena, &f));
	fault_clear(&f);
	assert_true(desk_sessions_revoke(&bench->room, STR("Ada"), STR("Ilya"), &bench->arena, &f));
	assert_false(is_in(bench, second));
	assert_true(is_in(bench, other));
}

static void test_roles_and_the_last_one(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	int64_t ada = 0, ilya = 0;
	bool is_last = false;

	assert_true(desk_staff_add(&bench->room, STR("Ada"), STR("editor"), STR("cli"), &ada, &f)
		&& desk_staff_add(&bench->room, STR("Ilya"), STR("reporter"), STR("cli"), &ilya, &f));
	assert_true(desk_staff_is_last(&bench->room, ada, &is_last, &f) && is_last);
	assert_true(desk_staff_is_last(&bench->room, ilya, &is_last, &f) && !is_last);
	assert_true(desk_staff_set_role(&bench->room, STR("Ilya"), STR("technician"), STR("Ada"), &bench->arena, &f));
	assert_true(desk_staff_is_last(&bench->room, ada, &is_last, &f) && !is_last);
	assert_false(desk_staff_set_role(&bench->room, STR("Ilya"), STR("owner"), STR("Ada"), &bench->arena, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	fault_clear(&f);
	assert_true(desk_staff_revoke(&bench->room, STR("Ilya"), STR("Ada"), &bench->arena, &f));
	assert_true(desk_staff_is_last(&bench->room, ada, &is_last, &f) && is_last);
	assert_false(desk_staff_set_role(&bench->room, STR("Ilya"), STR("editor"), STR("Ada"), &bench->arena, &f)); /* revoked is for good */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_settings_are_checked_and_published, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_version_stays, set_up, tear_down),
		cmocka_unit_test(test_texts_that_are_refused),
		cmocka_unit_test_setup_teardown(test_sections_are_kept_whole_or_not_at_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_could_not_be_written_is_written_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_rooms_users_may_read_it, set_up, tear_down),
		cmocka_unit_test(test_the_top_of_the_page),
		cmocka_unit_test_setup_teardown(test_choices_last_until_withdrawn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sections_in_their_own_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sessions_end_singly_and_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_roles_and_the_last_one, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
