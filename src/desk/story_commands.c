/* story_commands.c: mimeo story …, bake, newsletter compose|preview.
 *
 * Decides: what is printed. Leaves to others: the work, asked for over the desk's cli socket. Runs in: the command. The
 * hard thing: a path is relative to where the person stands, not to where the house runs.
 * SPDX-License-Identifier: ISC */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "desk/desk.h"
#include "desk/desk_staff.h"
#include "desk/story_work.h"
#include "house/settings.h"
#include "http/http_client.h"

static void print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL ? text : "";
}

static bool wants(struct errand *errand, int least, const char *usage, struct fault *f)
{
	return errand->argc >= least || fault_set(f, FAULT_INPUT, "this needs more: mimeo %s", usage);
}

/* Watches the job that an answer names. */
static bool watch(struct errand *errand, json_t *reply, const char *what, json_t **end, struct fault *f)
{
	struct str path = str_format(&errand->arena, "/jobs/%s", text_of(reply, "job"));

	return errand_watch(errand, "desk", path.at, what, end, f);
}

bool story_run_import(struct errand *errand, struct fault *f)
{
	json_t *paths = json_array();
	json_t *reply = NULL;
	json_t *end = NULL;
	bool ok = wants(errand, 1, "story import FILE|FOLDER...", f);
	int64_t stories = 0;
	int i;

	for (i = 0; i < errand->argc && ok; i++) {
		char path[PATH_MAX];

		ok = realpath(errand->argv[i], path) != NULL || fault_errno(f, "cannot read %s", errand->argv[i]);
		if (ok)
			json_array_append_new(paths, json_string(path));
	}
	ok = ok && errand_call(errand, "desk", "POST", "/stories/import", json_pack("{s:O}", "paths", paths), &reply, f)
		&& watch(errand, reply, "import", &end, f);
	if (ok && errand->json)
		print_json(end);
	else if (ok && http_json_i64(end, "stories", &stories))
		printf("%lld %s imported and baked\n", (long long) stories, stories == 1 ? "story" : "stories");
	json_decref(paths);
	json_decref(reply);
	json_decref(end);
	return ok;
}

/* Dates are printed in the newsroom's zone, not this terminal's. */
static bool use_zone(struct errand *errand, struct fault *f)
{
	struct settings settings;

	if (!settings_read(&settings, &errand->home, f))
		return false;
	settings_release(&settings);
	return true;
}

static void print_day(const json_t *json, const char *key)
{
	int64_t us = 0;
	struct civil day;

	if (!http_json_i64(json, key, &us)) {
		printf("%-16s", "-");
		return;
	}
	day = clock_civil((struct when){us});
	printf("%04d-%02d-%02d %02d:%02d", day.year, day.month, day.day, day.hour, day.minute);
}

bool story_run_list(struct errand *errand, struct fault *f)
{
	struct str path = str_format(&errand->arena, "/stories?state=%s", errand->argc > 0 ? errand->argv[0] : "");
	json_t *reply = NULL;
	const json_t *list;
	size_t i;

	if (!use_zone(errand, f) || !errand_call(errand, "desk", "GET", path.at, NULL, &reply, f))
		return false;
	list = json_object_get(reply, "stories");
	if (errand->json)
		print_json(reply);
	for (i = 0; !errand->json && i < json_array_size(list); i++) {
		const json_t *story = json_array_get(list, i);

		printf("%-20s  %-9s  ", text_of(story, "id"), text_of(story, "state"));
		print_day(story, "published");
		printf("  %-12s  %s\n", text_of(story, "section"), text_of(story, "title"));
	}
	if (!errand->json && json_array_size(list) == 0)
		puts("there are no stories; `mimeo story import FOLDER` brings some");
	json_decref(reply);
	return true;
}

static void print_names(const json_t *story, const char *label, const char *key)
{
	const json_t *list = json_object_get(story, key);
	size_t i;

	printf("%-10s", label);
	for (i = 0; i < json_array_size(list); i++)
		printf("%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(list, i)));
	putchar('\n');
}

static struct str story_path_of(struct errand *errand, const char *verb)
{
	struct str path;
	struct buf buf;

	buf_init(&buf, 4096);
	buf_add_text(&buf, "/stories/");
	http_encode(&buf, str_from(errand->argv[0]));
	buf_add_text(&buf, verb);
	path = str_copy(buf_view(&buf), &errand->arena);
	buf_release(&buf);
	return path;
}

bool story_run_show(struct errand *errand, struct fault *f)
{
	json_t *story = NULL;

	if (!wants(errand, 1, "story show ID|SLUG", f) || !use_zone(errand, f)
		|| !errand_call(errand, "desk", "GET", story_path_of(errand, "").at, NULL, &story, f))
		return false;
	if (errand->json) {
		print_json(story);
	} else {
		printf("%-10s%s\n%-10s%s\n%-10s%s\n%-10s%s\n", "title", text_of(story, "title"), "id", text_of(story, "id"),
			"state", text_of(story, "state"), "address", text_of(story, "path"));
		printf("%-10s", "date");
		print_day(story, "published");
		printf("\n%-10s%s\n", "section", text_of(story, "section"));
		print_names(story, "authors", "authors");
		print_names(story, "topics", "topics");
		printf("%-10s%s\n\n%s\n", "excerpt", text_of(story, "excerpt"), text_of(story, "body"));
	}
	json_decref(story);
	return true;
}

static bool change(struct errand *errand, const char *verb, json_t *body, const char *said, struct fault *f)
{
	json_t *reply = NULL;
	json_t *end = NULL;
	bool ok = errand_call(errand, "desk", "POST", story_path_of(errand, verb).at, body, &reply, f)
		&& watch(errand, reply, "bake", &end, f);

	if (ok && errand->json)
		print_json(reply);
	else if (ok)
		printf("%s %s\n", text_of(reply, "path"), said);
	json_decref(reply);
	json_decref(end);
	return ok;
}

bool story_run_publish(struct errand *errand, struct fault *f)
{
	return wants(errand, 1, "story publish ID|SLUG", f) && change(errand, "/publish", json_object(), "is published", f);
}

bool story_run_withdraw(struct errand *errand, struct fault *f)
{
	if (!wants(errand, 1, "story withdraw ID|SLUG [REASON]", f))
		return false;
	return change(errand, "/withdraw", json_pack("{s:s}", "reason", errand->argc > 1 ? errand->argv[1] : ""),
		"is withdrawn: its address now says so", f);
}

bool story_run_bake(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;
	json_t *end = NULL;
	bool ok = errand_call(errand, "desk", "POST", "/bake", json_object(), &reply, f)
		&& watch(errand, reply, "bake", &end, f);

	if (ok && errand->json)
		print_json(end);
	else if (ok)
		puts("the site is baked");
	json_decref(reply);
	json_decref(end);
	return ok;
}

/* Options and stories of compose. */
struct wish {
	const char *subject, *intro;
	json_t *stories;
};

static bool read_wish(struct errand *errand, struct wish *wish, struct fault *f)
{
	int i;

	for (i = 0; i < errand->argc; i++) {
		const char **into = strcmp(errand->argv[i], "--subject") == 0 ? &wish->subject
			: strcmp(errand->argv[i], "--intro") == 0 ? &wish->intro : NULL;

		if (into != NULL && i + 1 < errand->argc)
			*into = errand->argv[++i];
		else if (errand->argv[i][0] == '-')
			return fault_set(f, FAULT_INPUT, "%s is no option of this; see mimeo newsletter compose --help",
				errand->argv[i]);
		else
			json_array_append_new(wish->stories, json_string(errand->argv[i]));
	}
	if (wish->subject == NULL || json_array_size(wish->stories) == 0)
		return fault_set(f, FAULT_INPUT, "this needs more: mimeo newsletter compose --subject TEXT STORY...");
	return true;
}

bool story_run_compose(struct errand *errand, struct fault *f)
{
	struct wish wish = {.intro = "", .stories = json_array()};
	json_t *reply = NULL;
	bool ok = read_wish(errand, &wish, f) && errand_call(errand, "desk", "POST", "/issues",
		json_pack("{s:s, s:s, s:O}", "subject", wish.subject, "intro", wish.intro, "stories", wish.stories), &reply, f);

	if (ok && errand->json)
		print_json(reply);
	else if (ok)
		printf("issue %s is frozen: `mimeo newsletter preview %s` shows it, `mimeo newsletter send %s` sends it\n",
			text_of(reply, "issue"), text_of(reply, "issue"), text_of(reply, "issue"));
	json_decref(wish.stories);
	json_decref(reply);
	return ok;
}

bool story_run_preview(struct errand *errand, struct fault *f)
{
	const char *id = NULL;
	const char *part = "text";
	json_t *reply = NULL;
	int i;

	for (i = 0; i < errand->argc; i++) {
		if (strcmp(errand->argv[i], "--html") == 0)
			part = "html";
		else
			id = errand->argv[i];
	}
	if (id == NULL)
		return fault_set(f, FAULT_INPUT, "this needs more: mimeo newsletter preview ID [--html]");
	if (!errand_call(errand, "desk", "GET", str_format(&errand->arena, "/issues/%s/preview", id).at, NULL, &reply, f))
		return false;
	if (errand->json)
		print_json(reply);
	else
		printf("%s", text_of(reply, part));
	json_decref(reply);
	return true;
}
