/* room_overlay.c: a room's newsroom: mimeo.conf, what the desk laid over it, and the theme; taken again when the desk changed it.
 *
 * Decides: when a room looks, that it changes between two turns of its loop, how long the old texts stay. Leaves to others: what
 * stands in data/newsroom (overlay.c). Runs in: every room and its jobs. The hard thing: requests that wait for another room, and
 * mails on their way, hold texts of the settings and of the theme. So nothing is freed at once: what was in force
 * stays for ten minutes more, longer than any request or mail lives, and no connection notices the change.
 * SPDX-License-Identifier: ISC */
#include "house/room.h"

#include <fcntl.h>
#include <sys/stat.h>
#include "base/fault.h"
#include "base/log.h"
#include "house/overlay.h"
#include "house/room_inside.h"
#include "press/svg.h"
#include "press/theme.h"
#include "gen/theme_files.h"

enum { LOOK_EVERY_MS = 500, KEEP_OLD_MS = 10 * 60 * 1000 };

/* The drawing stands unescaped in every page: it must be one that svg_take() wrote. */
static bool overlay_logo_is_safe(const struct theme *theme, struct fault *f)
{
	struct str logo = theme_file(theme, "logo.svg");
	struct buf again;
	bool ok;

	buf_init(&again, SVG_BYTES);
	ok = svg_take(logo, &again, f) && (str_equal(logo, buf_view(&again))
		|| fault_set(f, FAULT_INPUT, "data/newsroom: logo.svg is not as the desk wrote it"));
	buf_release(&again);
	return ok;
}

static bool overlay_open_theme(struct room *room, const struct overlay *overlay, struct theme **theme, struct fault *f)
{
	char own[PATH_MAX], over[PATH_MAX];
	bool has_over = overlay_theme_folder(overlay, &room->home, over);

	if (!home_path(&room->home, own, f, "theme") || !theme_open_over(theme, theme_files, own, has_over ? over : NULL, f))
		return false;
	if (overlay->has_logo && !overlay_logo_is_safe(*theme, f)) {
		theme_close(theme);
		return false;
	}
	return true;
}

/* From now on these are in force. */
static void overlay_take(struct room *room, struct overlay *overlay, struct theme *theme)
{
	overlay_lay(overlay, &room->inside->base, &room->settings);
	theme_set_language(theme, room->settings.language);
	room->theme = theme;
	room->inside->overlay = overlay;
}

bool room_begin_overlay(struct room *room, struct fault *f)
{
	struct room_inside *inside = room->inside;
	struct overlay *overlay = NULL;
	struct theme *theme = NULL;
	struct fault bad = {0};

	inside->base = room->settings;
	if (!overlay_read(&overlay, &room->home, &bad) || !overlay_open_theme(room, overlay, &theme, &bad)) {
		/* Mended by the desk, which writes it again; or theme/ itself is wrong, which stops the room as ever. */
		overlay_free(&overlay);
		overlay = memory_new(1, sizeof(*overlay));
		arena_init(&overlay->arena, "no overlay", 1024);
		if (!overlay_open_theme(room, overlay, &theme, f)) {
			overlay_free(&overlay);
			return false;
		}
		log_fault(&bad, "reading what the desk decided: mimeo.conf and theme/ alone are in force");
		inside->overlay_fault = bad;
	}
	overlay_take(room, overlay, theme);
	return true;
}

/* --- again --- */

static void overlay_let_go(struct room_inside *inside, bool all)
{
	struct room_retired **at = &inside->retired;

	while (*at != NULL) {
		struct room_retired *old = *at;

		if (!all && clock_mono_ms() - old->since_ms < KEEP_OLD_MS) {
			at = &old->next;
			continue;
		}
		*at = old->next;
		theme_close(&old->theme);
		overlay_free(&old->overlay);
		memory_free(old);
	}
}

static void overlay_retire(struct room *room)
{
	struct room_retired *old = memory_new(1, sizeof(*old));

	*old = (struct room_retired){room->inside->retired, room->theme, room->inside->overlay, clock_mono_ms()};
	room->inside->retired = old;
}

void room_look_at_overlay(struct room *room)
{
	struct room_inside *inside = room->inside;
	struct overlay *overlay = NULL;
	struct theme *theme = NULL;
	struct fault f = {0};

	if (!overlay_read(&overlay, &room->home, &f)) {
		overlay_free(&overlay);
	} else if (strcmp(overlay->hash, inside->overlay->hash) == 0) {
		overlay_free(&overlay);
		inside->overlay_fault = (struct fault){0};
		return;
	} else if (overlay_open_theme(room, overlay, &theme, &f)) {
		overlay_retire(room);
		overlay_take(room, overlay, theme);
		inside->overlay_fault = (struct fault){0};
		log_event(LOG_NEWSROOM, LOG_C("hash", overlay->hash));
		return;
	} else {
		overlay_free(&overlay);
	}
	log_fault(&f, "reading what the desk decided: what was in force stays");
	inside->overlay_fault = f;
}

void room_look_whether_overlay(struct room *room)
{
	struct room_inside *inside = room->inside;
	struct stat about = {0};
	bool is_same;

	if (inside == NULL)
		return;
	(void) fstatat(room->home.fd, "data/newsroom/current", &about, AT_SYMLINK_NOFOLLOW);
	is_same = about.st_ino == inside->overlay_ino && about.st_mtim.tv_sec == inside->overlay_mtime.tv_sec
		&& about.st_mtim.tv_nsec == inside->overlay_mtime.tv_nsec;
	inside->overlay_ino = about.st_ino;
	inside->overlay_mtime = about.st_mtim;
	if (!is_same)
		room_look_at_overlay(room);
}

static void overlay_look(void *self)
{
	struct room *room = self;

	loop_timer_set(room->loop, &room->inside->overlay_timer, LOOK_EVERY_MS, overlay_look, room);
	overlay_let_go(room->inside, false);
	room_look_whether_overlay(room);
}

void room_watch_overlay(struct room *room)
{
	loop_timer_set(room->loop, &room->inside->overlay_timer, LOOK_EVERY_MS, overlay_look, room);
}

void room_end_overlay(struct room *room)
{
	if (room->loop != NULL)
		loop_timer_stop(&room->inside->overlay_timer);
	overlay_let_go(room->inside, true);
	theme_close(&room->theme);
	overlay_free(&room->inside->overlay);
}
