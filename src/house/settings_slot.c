/* settings_slot.c: the weekly slot as it stands in mimeo.conf; and in which line a wrong value stands.
 *
 * Decides: what slot, min_stories and catch_up may be. Leaves to others: the calendar (slot.c). Runs in: every process. The hard
 * thing: values are checked against each other after the file was read, when nobody knows the lines any more; so the
 * line is looked for again, by the section and key that the fault names.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "house/settings_inside.h"

/* A file from before `slot` was a key says day = friday and time = 08:00. */
static bool take_older(struct settings *is, const struct settings_slot_raw *raw, struct fault *f)
{
	struct fault inner = {0};
	char text[96];

	if (!str_is(raw->rule, "Friday 08:00"))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] slot stands beside day or time, which it replaces: take those out");
	(void) snprintf(text, sizeof(text), "%.*s %.*s", STR_ARG(raw->day.len > 0 ? str_part(raw->day, 0, 40) : STR("Friday")),
		STR_ARG(raw->time.len > 0 ? str_part(raw->time, 0, 40) : STR("08:00")));
	return slot_rule_parse(str_from(text), &is->slot, &inner)
		|| fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] %s: %s; the key for both is slot", raw->day.len > 0 ? "day" : "time", inner.say);
}

bool settings_take_slot(struct settings *is, const struct settings_slot_raw *raw, struct fault *f)
{
	struct fault inner = {0};

	if (is->min_stories < 1 || is->min_stories > SLOT_STORIES_MOST)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] min_stories = %lld: write a number from 1 to %d",
			(long long) is->min_stories, SLOT_STORIES_MOST);
	if (is->catch_up < 0 || is->catch_up > SLOT_CATCH_UP_MOST)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] catch_up = %lld: write hours, from 0 to %d", (long long) is->catch_up,
			SLOT_CATCH_UP_MOST);
	if (raw->day.len + raw->time.len > 0)
		return take_older(is, raw, f);
	return slot_rule_parse(raw->rule, &is->slot, &inner) || fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] slot: %s", inner.say);
}

/* --- which line --- */

static struct str key_of_line(struct str line)
{
	size_t equals = str_find_char(line, '=');
	size_t colon = str_find_char(line, ':');

	return equals == SIZE_MAX && colon == SIZE_MAX ? (struct str){NULL, 0} : str_trim(str_part(line, 0, equals < colon ? equals : colon));
}

/* 0: it does not stand there, so that its default is what is wrong. */
static int find_line(struct str file, struct str section, struct str key)
{
	bool is_inside = false;
	struct str line;
	int number = 0;

	while (str_next(&file, '\n', &line)) {
		number++;
		line = str_trim(line);
		if (line.len > 1 && line.at[0] == '[')
			is_inside = str_equal(str_part(line, 1, str_find_char(line, ']') - 1), section);
		else if (is_inside && line.len > 0 && line.at[0] != ';' && str_equal(key_of_line(line), key))
			return number;
	}
	return 0;
}

void settings_name_line(int dir_fd, struct fault *f)
{
	const struct str begin = STR("mimeo.conf: [");
	struct str say = str_from(f->say), section, key, file = {NULL, 0};
	struct fault ignored = {0};
	char again[sizeof(f->say)];
	struct arena arena;
	size_t end;
	int line;

	if (f->kind != FAULT_INPUT || !str_starts(say, begin))
		return;
	section = str_part(say, begin.len, SIZE_MAX);
	end = str_find_char(section, ']');
	if (end == SIZE_MAX)
		return;
	key = str_part(section, end + 2, SIZE_MAX);
	section = str_part(section, 0, end);
	key = str_part(key, 0, strcspn(key.at, " :="));
	arena_init(&arena, "mimeo.conf", 2 * LIMIT_CONF_BYTES);
	line = file_read(dir_fd, "mimeo.conf", LIMIT_CONF_BYTES, &arena, &file, &ignored) ? find_line(file, section, key) : 0;
	arena_release(&arena);
	if (line == 0)
		return;
	(void) snprintf(again, sizeof(again), "mimeo.conf:%d:%s", line, f->say + strlen("mimeo.conf:"));
	memcpy(f->say, again, sizeof(f->say));
}
