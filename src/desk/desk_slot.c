/* desk_slot.c: the strip over the newsletter's page, and a sentence in the bar: what is with the weekly slot.
 *
 * Decides: the words. Leaves to others: what is so (slot_clock.c). Runs in: desk. The hard thing: one strip says what an editor has to do now, if
 * anything, and does not forget to say that last week's issue did not go.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "desk/desk_visit.h"
#include "desk/issue_draft.h"
#include "desk/slot_clock.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"

#define DAY_US INT64_C(86400000000)
enum { SHOWN_DAYS = 8 };

struct strip_slot {
	struct when at;
	enum issue_slot_state state;
	struct str why;
};

/* "Friday 27 November 2026, 08:00" */
static struct str say_when(struct desk_visit *visit, struct when at)
{
	struct civil civil = clock_civil(at);

	return str_format(visit->arena, "%.*s, %02d:%02d", STR_ARG(locale_date_long(desk_locale(visit->room), &civil, visit->arena)), civil.hour,
		civil.minute);
}

static bool is_over(enum issue_slot_state state)
{
	return state == ISSUE_SLOT_SENT || state == ISSUE_SLOT_LATE || state == ISSUE_SLOT_SKIPPED;
}

/* The first that is not over, and the last that is. */
static bool read_slots(struct desk_visit *visit, struct strip_slot *now, bool *has_now, struct strip_slot *last, bool *has_last, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, DESK_SQL_SLOT_RECENT, STORE_ARGS(store_i64(clock_now().us - SHOWN_DAYS * DAY_US)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct strip_slot slot = {.at = {store_column_i64(&rows, 1)}, .why = store_column_copy(&rows, 3, visit->arena)};

		if (!issue_slot_state_from(store_column_text(&rows, 2), &slot.state))
			continue;
		if (!is_over(slot.state)) {
			*now = slot;
			*has_now = true;
		} else if (!*has_last && slot.at.us <= clock_now().us) {
			*last = slot;
			*has_last = true;
		}
	}
	return store_rows_end(&rows);
}

/* Its draft's page; *is_dropped: all that was made of it was thrown away. */
static struct str draft_href(struct desk_visit *visit, struct when at, bool *is_dropped)
{
	struct issue_draft *draft = arena_alloc(visit->arena, sizeof(*draft));
	struct fault ignored = {0};
	int64_t id = 0;
	size_t count = 0;

	*is_dropped = false;
	if (draft == NULL || !issue_draft_of_slot(visit->room, at, &id, 1, &count, &ignored) || count == 0
		|| !issue_draft_read(visit->room, id, visit->arena, draft, &ignored))
		return (struct str){NULL, 0};
	*is_dropped = draft->state == ISSUE_DRAFT_DROPPED;
	return str_format(visit->arena, "/newsletter/drafts/%" PRId64, id);
}

static void set_now(struct desk_visit *visit, struct press_value *strip, const struct strip_slot *slot)
{
	struct arena *arena = visit->arena;
	const struct settings *settings = &visit->room->settings;
	struct str when = say_when(visit, slot->at);
	struct when until = slot_open_until(slot->at, settings->catch_up);
	bool is_dropped;

	press_set_text(strip, "href", draft_href(visit, slot->at, &is_dropped));
	if (slot->state == ISSUE_SLOT_APPROVED) {
		press_set_c(strip, "kind", "good");
		press_set_text(strip, "text", str_format(arena, "Approved. It goes by itself: %.*s (%.*s time).", STR_ARG(when), STR_ARG(settings->zone)));
	} else if (slot->state == ISSUE_SLOT_HELD) {
		press_set_c(strip, "kind", "bad");
		press_set_text(strip, "text", str_format(arena, "Held: %.*s. The slot was %.*s; until %.*s it still goes.", STR_ARG(slot->why), STR_ARG(when),
			STR_ARG(say_when(visit, until))));
	} else if (is_dropped) {
		press_set_text(strip, "text", str_format(arena, "The draft of this slot was thrown away: nothing goes %.*s.", STR_ARG(when)));
	} else {
		press_set_text(strip, "text", str_format(arena, "A draft of the week waits. It is held until an editor approves it, with at least %lld "
			"stories. Goes %.*s (%.*s time).", (long long) settings->min_stories, STR_ARG(when), STR_ARG(settings->zone)));
	}
}

static void set_next(struct desk_visit *visit, struct press_value *strip)
{
	struct slot next = slot_next(&visit->room->settings.slot, clock_now());

	press_set_text(strip, "text", str_format(visit->arena, "The next issue goes %.*s (%.*s time). Its draft is made of the week’s stories on %.*s.",
		STR_ARG(say_when(visit, next.at)), STR_ARG(visit->room->settings.zone), STR_ARG(say_when(visit, next.draft))));
}

void desk_slot_values(struct desk_visit *visit, struct press_value *root)
{
	struct press_value *strip = press_set_map(root, "slot_strip");
	struct strip_slot now = {0}, last = {0};
	bool has_now = false, has_last = false;
	struct fault f = {0};

	if (visit->room->settings.from_address.len == 0) {
		press_set_c(strip, "text", "No mail goes out before a technician sets an address that it is from (mimeo.conf, [newsletter] from).");
		return;
	}
	if (!read_slots(visit, &now, &has_now, &last, &has_last, &f))
		log_fault(&f, "reading the newsletter's slots");
	if (has_now)
		set_now(visit, strip, &now);
	else
		set_next(visit, strip);
	if (!has_last)
		return;
	if (last.state == ISSUE_SLOT_SENT)
		press_set_text(strip, "last", str_format(visit->arena, "The slot of %.*s: its issue went on time.", STR_ARG(say_when(visit, last.at))));
	else
		press_set_text(strip, "last", str_format(visit->arena, "The slot of %.*s %s: %.*s.", STR_ARG(say_when(visit, last.at)),
			last.state == ISSUE_SLOT_LATE ? "was missed, and caught up" : "was skipped", STR_ARG(last.why)));
	press_set_bool(strip, "last_bad", last.state == ISSUE_SLOT_SKIPPED);
}

bool desk_slot_trouble(struct desk_visit *visit, struct str *say)
{
	struct strip_slot now = {0}, last = {0};
	bool has_now = false, has_last = false;
	struct fault ignored = {0};

	if ((visit->person.rights & DESK_LETTER) == 0 || !read_slots(visit, &now, &has_now, &last, &has_last, &ignored) || !has_now
		|| now.state != ISSUE_SLOT_HELD)
		return false;
	*say = str_format(visit->arena, "The newsletter is held: %.*s", STR_ARG(now.why));
	return true;
}
