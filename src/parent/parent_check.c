/* parent_check.c: mimeo check: is this home sound?
 *
 * Decides: what is looked at besides what each room says of itself. Changes nothing. Runs in: the command; rooms answer
 * GET /check on their own sockets. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "house/overlay.h"
#include "http/http_client.h"
#include "parent/parent_commands.h"

static const char *const check_rooms[] = {"newsletter", "support", "desk"};

/* A link colour must be readable on paper, mint and canary (LOOK: 4.5 to 1). */
static void check_colours(const struct settings *settings, json_t *findings)
{
	struct settings_contrast all[SETTINGS_CONTRASTS];
	char say[200];
	size_t i;

	settings_contrasts(settings->press_light, settings->press_dark, settings->call, all);
	for (i = 0; i < SETTINGS_CONTRASTS; i++) {
		if (all[i].contrast >= SETTINGS_CONTRAST_LEAST)
			continue;
		snprintf(say, sizeof(say), "the colour %s has a contrast of %d.%02d to 1 on %s: readers cannot read it there", all[i].key,
			all[i].contrast / 100, all[i].contrast % 100, all[i].ground);
		room_finding(findings, say, "choose one of at least 4.5 to 1 against paper, mint and canary (at the desk: Site, Look; or "
			"[newsroom] in mimeo.conf)");
	}
}

/* What the desk laid over mimeo.conf. */
static void check_overlay(struct errand *errand, json_t *findings)
{
	struct fault bad = {0};

	if (!overlay_is_whole(&errand->home, &bad))
		room_finding(findings, bad.say, "restart the house: the desk writes data/newsroom again from its database; until then mimeo.conf and "
			"theme/ alone count");
}

/* Readers elsewhere come by https (or an onion address, which needs none): one-click unsubscribing wants it, and so do they. */
static void check_addresses(const struct settings *settings, json_t *findings)
{
	bool is_here = str_starts(settings->url, STR("http://127.")) || str_starts(settings->url, STR("http://localhost"));

	if (!str_starts(settings->url, STR("https://")) && !str_ends(settings->url, STR(".onion")) && (!is_here || settings->live))
		room_finding(findings, "mimeo.conf: [newsroom] url is not https: pages can be read and changed on their way, and mails carry no "
			"one-click unsubscribe header", "put a TLS server such as nginx in front and write its https address");
}

/* The desk is for a tunnel or an onion service, never for the world. */
static void check_desk(const struct settings *settings, json_t *findings)
{
	struct str listen = settings->desk_listen;

	if (!str_starts(listen, STR("127.")) && !str_starts(listen, STR("[::1]")) && !str_starts(listen, STR("localhost:")))
		room_finding(findings, "mimeo.conf: [desk] listen is not a loopback address: others can knock at the desk",
			"write 127.0.0.1 and a port; staff come through SSH or an onion service");
}

/* What mimeo.conf names in theme/: the logo, and texts in a language that mimeo does not bring. */
static void check_theme(struct errand *errand, const struct settings *settings, json_t *findings)
{
	static const char *const own[] = {"en", "ru", "ar"};
	size_t dash = str_find_char(settings->language, '-'), i;
	struct str language = str_part(settings->language, 0, dash);
	char path[256], say[512];

	snprintf(path, sizeof(path), "theme/%.*s", STR_ARG(settings->logo));
	snprintf(say, sizeof(say), "mimeo.conf: [newsroom] logo = %.*s is not in theme/: the name stands there in type", STR_ARG(settings->logo));
	if (settings->logo.len > 0 && !file_exists(errand->home.fd, path))
		room_finding(findings, say, "put the file into theme/ or take the line out");
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (str_is(language, own[i]))
			return;
	snprintf(path, sizeof(path), "theme/locale/%.*s.json", STR_ARG(language));
	snprintf(say, sizeof(say), "mimeo.conf: [newsroom] language = %.*s: mimeo has no texts in it, readers get English ones",
		STR_ARG(settings->language));
	if (!file_exists(errand->home.fd, path))
		room_finding(findings, say, "write en, ru or ar, or put a translation into theme/locale/");
}

static void check_private(struct errand *errand, const char *path, mode_t most, json_t *findings)
{
	struct stat file;
	char say[PATH_MAX + 128], todo[PATH_MAX + 256];

	if (fstatat(errand->home.fd, path, &file, AT_SYMLINK_NOFOLLOW) != 0 || (file.st_mode & 07777 & ~most) == 0)
		return;
	snprintf(say, sizeof(say), "%s can be read by more people than its room (mode %04o)", path, (unsigned) (file.st_mode & 07777));
	snprintf(todo, sizeof(todo), "chmod %04o %s/%s; if others use this machine, treat what is in it as known", (unsigned) most,
		errand->home.path, path);
	room_finding(findings, say, todo);
}

static void check_modes(struct errand *errand, json_t *findings)
{
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(check_rooms) / sizeof(check_rooms[0]); i++) {
		snprintf(path, sizeof(path), "keys/%s", check_rooms[i]);
		check_private(errand, path, 0700, findings);
		snprintf(path, sizeof(path), "secrets/%s.conf", check_rooms[i]);
		check_private(errand, path, 0600, findings);
		snprintf(path, sizeof(path), "data/%s", check_rooms[i]);
		check_private(errand, path, 0700, findings);
	}
}

static bool check_ask_room(struct errand *errand, const char *room, json_t *findings, struct fault *f)
{
	json_t *answer = NULL;
	bool ok = errand_call(errand, room, "GET", "/check", NULL, &answer, f);

	if (ok)
		json_array_extend(findings, json_object_get(answer, "findings"));
	json_decref(answer);
	return ok;
}

/* Rooms that do not start are findings too: what stands before them usually says why. Where one does not, each is tried by
 * itself: it must not hide the others. */
static bool check_ask_rooms(struct errand *errand, json_t *findings, struct fault *f)
{
	struct fault start = {0};
	bool together = errand_need(errand, "newsletter support desk", &start);
	size_t i;

	for (i = 0; i < sizeof(check_rooms) / sizeof(check_rooms[0]); i++) {
		struct fault own = {0};

		if (!together)
			errand_leave(errand);
		if (!together && !errand_need(errand, check_rooms[i], &own))
			room_finding(findings, own.say, "mend this, or what is said above, and check again");
		else if (!check_ask_room(errand, check_rooms[i], findings, f))
			return false;
	}
	return true;
}

static void check_say(struct errand *errand, json_t *findings)
{
	size_t i;
	json_t *finding;

	if (errand->json) {
		json_dumpf(findings, stdout, JSON_INDENT(2));
		putchar('\n');
		return;
	}
	json_array_foreach(findings, i, finding) {
		struct str say = http_json_text(finding, "say"), todo = http_json_text(finding, "do");

		printf("- %.*s\n  what to do: %.*s\n", STR_ARG(say), STR_ARG(todo));
	}
	if (json_array_size(findings) == 0)
		printf("%s is sound: settings, keys, databases, site.\n", errand->home.path);
}

bool parent_check(struct errand *errand, struct fault *f)
{
	json_t *findings = json_array();
	struct settings settings = {0}, laid = {0};
	struct overlay *overlay = NULL;
	struct fault ignored = {0};
	bool ok = settings_read(&settings, &errand->home, f);

	if (ok) {
		if (!overlay_read(&overlay, &errand->home, &ignored))
			fault_clear(&ignored); /* said below */
		overlay_lay(overlay, &settings, &laid);
		check_colours(&laid, findings);
		overlay_free(&overlay);
		check_overlay(errand, findings);
		check_addresses(&settings, findings);
		check_desk(&settings, findings);
		check_theme(errand, &settings, findings);
		check_modes(errand, findings);
		ok = check_ask_rooms(errand, findings, f);
		settings_release(&settings);
	}
	if (ok && home_is_restored(&errand->home))
		room_finding(findings, "this home was restored from a backup and is read-only",
			"when the old house is off for good: mimeo restore --confirm");
	if (ok) {
		check_say(errand, findings);
		if (json_array_size(findings) > 0)
			ok = fault_set(f, FAULT_IO, "%zu finding%s", json_array_size(findings), json_array_size(findings) == 1 ? "" : "s");
	}
	json_decref(findings);
	return ok;
}
