/* support_card.c: whether the card of a running gift expires soon, asked of the provider by the clock.
 *
 * Decides: how often a card is asked about, and from when its giver is told. Leaves to the rail: the question; to support_notice.c: the
 * mail. Runs in: support. The hard thing: none; only cards of givers who want mails are asked about, and nothing of a card is kept
 * but the day on which it was asked about.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "rail.h"
#include "store/store.h"
#include "support_inside.h"
#include "support_notice.h"

enum { AGAIN_DAYS = 14, TOLD_DAYS = 30 };

struct looking {
	struct support *support;
	struct support_notice notice;
};

static void looked(void *self, const struct rail_answer *answer, const struct fault *failed)
{
	struct looking *looking = self;
	struct support *support = looking->support;
	struct support_notice *notice = &looking->notice;
	int32_t today = clock_utc_day(clock_now());
	struct fault f = {0};

	support->is_looking_at_card = false;
	if (failed != NULL)
		log_fault(failed, "asking about a card");
	else if (answer->card_year > 2000 && answer->card_year < 2200 && answer->card_month >= 1 && answer->card_month <= 12) {
		notice->day = clock_day_of(answer->card_year, answer->card_month + 1, 0); /* the last of its month */
		notice->step = (int64_t) answer->card_year * 12 + answer->card_month;
		if (notice->day - today <= TOLD_DAYS && notice->day >= today - TOLD_DAYS && !support_note(support, notice, &f))
			log_fault(&f, "noting that a card expires");
	}
	memory_free(looking);
}

static bool look(struct support *support, const struct store_row *row, struct arena *arena, struct fault *f)
{
	struct rail_line *line = rail_find(support, row->columns[5].bytes);
	struct looking *looking;
	struct str subscription;

	/* Asked about, whatever comes of it: a provider that does not answer must not be asked about one card for ever. */
	if (!store_run(support->db, SUPPORT_SQL_CARD_LOOKED,
			STORE_ARGS(store_i64(row->columns[0].number), store_i64(clock_utc_day(clock_now()))), NULL, f))
		return false;
	if (line == NULL || !line->is_on || !line->rail->pulls || line->rail->look_up == NULL)
		return true;
	if (!seal_open(support->seal_key, row->columns[2].bytes, arena, &subscription, f))
		return false;
	looking = memory_new(1, sizeof(*looking));
	looking->support = support;
	looking->notice = (struct support_notice){.kind = NOTICE_EXPIRING, .about = row->columns[0].number, .checkout = row->columns[1].number,
		.amount.minor = row->columns[3].number};
	snprintf(looking->notice.amount.code, sizeof(looking->notice.amount.code), "%.*s", STR_ARG(row->columns[4].bytes));
	support->is_looking_at_card = true;
	line->rail->look_up(line, subscription, looked, looking);
	return true;
}

void support_look_at_cards(void *self)
{
	struct support *support = self;
	struct store_row row;
	struct arena arena;
	struct fault f = {0};
	bool found = false;

	if (support->is_looking_at_card || support->room->read_only || support->room->draining)
		return;
	arena_init(&arena, "card", 16 * 1024);
	if (!store_one(support->db, SUPPORT_SQL_CARD_LOOK_NEXT, STORE_ARGS(store_i64(clock_utc_day(clock_now()) - AGAIN_DAYS)), &arena, &row,
			&found, &f) || (found && !look(support, &row, &arena, &f)))
		log_fault(&f, "looking at cards");
	arena_release(&arena);
}
