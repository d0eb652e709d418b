/* support_rebuild.c: the books of all facts at once.
 *
 * Decides: which facts are of one payment, from their names alone, without looking at what the tables say of it. Leaves to
 * others: what a payment's facts come to (support_books.c, the same function that booked them one by one). Runs in: support's
 * checks, in a child where there are many. The hard thing: a million facts in little memory and few seconds: they lie in one
 * block, are joined by a table of names that holds places alone, and what stands is compared as a sum that needs no order.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/must.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

enum { GROUP_ARENA_BYTES = 64 * 1024 * 1024, NAMES_EACH = 3, CURRENCIES = 64 };

struct gathering {
	struct support *support;
	struct kept *facts;
	uint32_t count;
	uint32_t *parent;           /* a forest: facts of one payment have one root */
	uint32_t *places;           /* of names: fact × NAMES_EACH + which + 1; 0: free */
	size_t places_mask;
	int32_t *last_days;         /* of closed periods */
	int32_t periods;            /* how many are closed: the open one's number */
	struct support_rebuilt *rebuilt;
	struct {
		char code[4];
		int64_t sum;
	} sums[CURRENCIES];
};

/* --- reading --- */

static bool is_booked(const struct kept *fact)
{
	return fact->kind != FACT_NOTHING && fact->kind != FACT_OPENED && fact->kind != FACT_FAILED && fact->kind != FACT_EXPIRED &&
		fact->kind != FACT_MANDATE;
}

static bool read_facts(struct gathering *all, struct fault *f)
{
	struct store_rows rows;
	int64_t room;
	bool ok = true;

	if (!store_number(all->support->db, SUPPORT_SQL_EVENT_FACTS_COUNT, STORE_NO_ARGS, &room, f))
		return false;
	if (room > UINT32_MAX / NAMES_EACH - 1)
		return fault_full(f, "the number of events");
	all->facts = memory_new((size_t) room + 1, sizeof(*all->facts));
	if (!store_rows_begin(all->support->db, SUPPORT_SQL_EVENT_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && all->count < room && store_rows_next(&rows, f)) {
		struct kept *fact = &all->facts[all->count];

		ok = kept_open(all->support, store_column_text(&rows, 0), store_column_text(&rows, 2), fact, NULL, f);
		fact->period = (int32_t) store_column_i64(&rows, 1);
		all->rebuilt->facts++;
		all->count += ok && is_booked(fact);
	}
	return store_rows_end(&rows) && ok;
}

static bool read_periods(struct gathering *all, struct fault *f)
{
	struct store_rows rows;
	int64_t open;
	bool ok = true;

	if (!store_number(all->support->db, SUPPORT_SQL_PERIOD_OPEN, STORE_NO_ARGS, &open, f))
		return false;
	all->last_days = memory_new((size_t) open + 1, sizeof(*all->last_days));
	if (!store_rows_begin(all->support->db, SUPPORT_SQL_PERIOD_LIST, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		if (store_column_i64(&rows, 0) != all->periods || all->periods >= open)
			ok = fault_set(f, FAULT_IO, "the periods' rows have a hole");
		else
			all->last_days[all->periods++] = (int32_t) store_column_i64(&rows, 1);
	}
	return store_rows_end(&rows) && ok;
}

/* --- joining --- */

static uint32_t root_of(struct gathering *all, uint32_t fact)
{
	while (all->parent[fact] != fact) {
		all->parent[fact] = all->parent[all->parent[fact]];
		fact = all->parent[fact];
	}
	return fact;
}

static const struct fact_key *name_of(const struct gathering *all, uint32_t place)
{
	const struct kept *fact = &all->facts[place / NAMES_EACH];

	return place % NAMES_EACH == 0 ? &fact->payment : place % NAMES_EACH == 1 ? &fact->also : &fact->item;
}

/* Joins the fact to whichever had this name first. */
static void join(struct gathering *all, uint32_t place)
{
	const struct fact_key *name = name_of(all, place);
	uint32_t fact = place / NAMES_EACH, other;
	uint64_t hash;
	size_t at;

	if (!fact_key_is(name))
		return;
	memcpy(&hash, name->at + 8, sizeof(hash));
	for (at = hash & all->places_mask; all->places[at] != 0; at = (at + 1) & all->places_mask) {
		other = all->places[at] - 1;
		/* A payout's own name is no payment's, even if the two hashes were one. */
		if (fact_keys_equal(name_of(all, other), name) && (other % NAMES_EACH == 2) == (place % NAMES_EACH == 2)) {
			uint32_t a = root_of(all, fact), b = root_of(all, other / NAMES_EACH);

			all->parent[a > b ? a : b] = a > b ? b : a;
			return;
		}
	}
	all->places[at] = place + 1;
}

static void join_all(struct gathering *all)
{
	size_t room = 16;

	while (room < 4 * (size_t) all->count)
		room *= 2;
	all->places = memory_new(room, sizeof(*all->places));
	all->places_mask = room - 1;
	all->parent = memory_new((size_t) all->count + 1, sizeof(*all->parent));
	for (uint32_t i = 0; i < all->count; i++)
		all->parent[i] = i;
	for (uint32_t i = 0; i < all->count; i++) {
		if (all->facts[i].kind == FACT_PAYOUT)
			join(all, i * NAMES_EACH + 2);
		if (all->facts[i].kind == FACT_PAYOUT || all->facts[i].kind == FACT_PAYOUT_PART)
			continue;
		join(all, i * NAMES_EACH);
		join(all, i * NAMES_EACH + 1);
	}
	memory_free(all->places);
	all->places = NULL;
}

/* --- one subject --- */

static void add_sum(struct gathering *all, struct money amount)
{
	for (size_t i = 0; i < CURRENCIES; i++) {
		if (all->sums[i].code[0] == '\0')
			memcpy(all->sums[i].code, amount.code, sizeof(amount.code));
		if (memcmp(all->sums[i].code, amount.code, sizeof(amount.code)) == 0) {
			all->sums[i].sum += amount.minor;
			return;
		}
	}
}

static void tell(struct gathering *all, const struct books_booking *booking)
{
	books_digest_booking(&all->rebuilt->told, booking);
	for (size_t i = 0; i < booking->count; i++)
		add_sum(all, booking->lines[i].amount);
}

/* A growing list of what was stated so far. */
struct stated {
	struct books_booking *at;
	size_t count, room;
};

static bool add_stated(struct stated *stated, const struct books_booking *bookings, size_t count, struct arena *arena)
{
	if (stated->count + count > stated->room) {
		size_t room = 2 * (stated->count + count) + 4;
		struct books_booking *at = arena_alloc_many(arena, room, sizeof(*at));

		if (at == NULL)
			return false;
		if (stated->count > 0)
			memcpy(at, stated->at, stated->count * sizeof(*at));
		stated->at = at;
		stated->room = room;
	}
	if (count > 0)
		memcpy(stated->at + stated->count, bookings, count * sizeof(*bookings));
	stated->count += count;
	return true;
}

/* The facts that were there when a period ended. */
static size_t taken_by(const struct kept **facts, size_t count, int32_t period, const struct kept **out)
{
	size_t taken = 0;

	for (size_t i = 0; i < count; i++)
		if (facts[i]->period <= period)
			out[taken++] = facts[i];
	return taken;
}

static bool share_a_name(const struct kept *a, const struct kept *b)
{
	const struct fact_key *of_a[] = {&a->payment, &a->also}, *of_b[] = {&b->payment, &b->also};

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < 2; j++)
			if (fact_key_is(of_a[i]) && fact_keys_equal(of_a[i], of_b[j]))
				return true;
	return false;
}

/* The facts that were of one payment with the first, by what was known then, come first; gives how many. */
static size_t gather_first(const struct kept **facts, size_t count)
{
	size_t gathered = count > 0;

	for (size_t from = 0; from < gathered; from++)
		for (size_t i = gathered; i < count; i++)
			if (share_a_name(facts[from], facts[i])) {
				const struct kept *found = facts[i];

				facts[i] = facts[gathered];
				facts[gathered++] = found;
			}
	return gathered;
}

/* What the facts come to that were there when a period ended: what is one payment now may have been several to us then. */
static bool derive_then(const struct kept **taken, size_t count, bool is_all, struct arena *arena, struct books *books)
{
	struct books_booking *bookings;
	size_t booking_count = 0;

	if (is_all || taken[0]->kind == FACT_PAYOUT || taken[0]->kind == FACT_PAYOUT_PART)
		return books_derive(taken, count, arena, books);
	bookings = arena_alloc_many(arena, 4 * count + 4, sizeof(*bookings)); /* no more than books_derive() makes of them */
	if (bookings == NULL)
		return false;
	while (count > 0) {
		size_t first = gather_first(taken, count);

		if (!books_derive(taken, first, arena, books))
			return false;
		memcpy(bookings + booking_count, books->bookings, books->booking_count * sizeof(*bookings));
		booking_count += books->booking_count;
		taken += first;
		count -= first;
	}
	*books = (struct books){.state = EVENT_APPLIED, .bookings = bookings, .booking_count = booking_count};
	return true;
}

/* What each period states of a subject, one after the other. */
static bool fold(struct gathering *all, const struct kept **facts, size_t count, struct arena *arena)
{
	const struct kept **taken = arena_alloc_many(arena, count + 1, sizeof(*taken));
	struct stated stated = {0};
	struct books_booking *bookings;
	struct books books = {0};
	size_t booking_count, last_count = 0;
	bool is_all_stated = true;

	if (taken == NULL)
		return false;
	for (int32_t period = 0; period <= all->periods; period++) {
		bool is_open = period == all->periods;
		size_t taken_count = taken_by(facts, count, period, taken);

		if (taken_count == last_count && is_all_stated) { /* as before, and all of it stands */
			if (is_open && books.has_contribution)
				books_digest_contribution(&all->rebuilt->told, &books.contribution);
			continue;
		}
		last_count = taken_count;
		if (!derive_then(taken, taken_count, taken_count == count, arena, &books) ||
			!books_less_stated(&books, stated.at, stated.count, period, period == 0 ? 0 : all->last_days[period - 1] + 1,
				is_open ? INT32_MAX : all->last_days[period], arena, &bookings, &booking_count) ||
			!add_stated(&stated, bookings, booking_count, arena))
			return false;
		for (size_t i = 0; i < booking_count; i++)
			tell(all, &bookings[i]);
		is_all_stated = true;
		for (size_t i = 0; i < books.booking_count; i++)
			is_all_stated &= is_open || books.bookings[i].day <= all->last_days[period];
		if (is_open && books.has_contribution)
			books_digest_contribution(&all->rebuilt->told, &books.contribution);
	}
	return true;
}

/* Facts in the order of their roots: each run is one subject. */
static uint32_t *order_by_root(struct gathering *all)
{
	uint32_t *starts = memory_new((size_t) all->count + 2, sizeof(*starts));
	uint32_t *order = memory_new((size_t) all->count + 1, sizeof(*order));

	for (uint32_t i = 0; i < all->count; i++)
		starts[root_of(all, i) + 1]++;
	for (uint32_t i = 0; i < all->count; i++)
		starts[i + 1] += starts[i];
	for (uint32_t i = 0; i < all->count; i++)
		order[starts[root_of(all, i)]++] = i;
	memory_free(starts);
	return order;
}

static bool fold_all(struct gathering *all, struct fault *f)
{
	uint32_t *order = order_by_root(all);
	struct arena arena;
	bool ok = true;

	arena_init(&arena, "books", GROUP_ARENA_BYTES);
	for (uint32_t i = 0, end; ok && i < all->count; i = end) {
		uint32_t root = root_of(all, order[i]);
		const struct kept **group;

		for (end = i + 1; end < all->count && root_of(all, order[end]) == root; end++)
			;
		group = arena_alloc_many(&arena, end - i, sizeof(*group));
		for (uint32_t j = i; group != NULL && j < end; j++)
			group[j - i] = &all->facts[order[j]];
		ok = (group != NULL && fold(all, group, end - i, &arena)) || fault_full(f, "a payment's books");
		all->rebuilt->subjects++;
		arena_reset(&arena);
	}
	arena_release(&arena);
	memory_free(order);
	for (size_t i = 0; i < CURRENCIES; i++)
		all->rebuilt->wrong_sums += all->sums[i].sum != 0;
	return ok;
}

/* --- what stands --- */

static bool sum_bookings(struct support *support, struct books_digest *digest, struct fault *f)
{
	struct books_booking booking = {0}, next;
	struct store_rows rows;
	bool ok = true, is_next;

	if (!store_rows_begin(support->db, SUPPORT_SQL_BOOKING_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		next = booking;
		ok = support_read_line(&rows, &next, &is_next, f);
		if (ok && is_next && booking.id != 0)
			books_digest_booking(digest, &booking);
		booking = next;
	}
	if (booking.id != 0)
		books_digest_booking(digest, &booking);
	return store_rows_end(&rows) && ok;
}

static bool read_contribution(const struct store_rows *rows, struct books_contribution *one, struct fault *f)
{
	struct str frequency = store_column_text(rows, 2), method = store_column_text(rows, 3), code = store_column_text(rows, 5);
	unsigned which = 0;
	uint8_t rail = 0;

	while (which < FREQUENCY_COUNT && !str_is(frequency, frequency_names[which]))
		which++;
	while (rails[rail] != NULL && !str_is(method, rails[rail]->name))
		rail++;
	if (which == FREQUENCY_COUNT || rails[rail] == NULL || code.len != 3)
		return fault_set(f, FAULT_IO, "a contribution's row cannot be read");
	*one = (struct books_contribution){.id = store_column_i64(rows, 0), .checkout = store_column_i64(rows, 1),
		.frequency = (enum frequency) which, .rail = rail, .amount.minor = store_column_i64(rows, 4),
		.has_fee = !store_column_is_null(rows, 6), .fee_minor = store_column_i64(rows, 6),
		.refunded_minor = store_column_i64(rows, 7), .day = (int32_t) store_column_i64(rows, 9)};
	memcpy(one->amount.code, code.at, 3);
	return contribution_state_from(store_column_text(rows, 8), &one->state) ||
		fault_set(f, FAULT_IO, "a contribution's row cannot be read");
}

static bool sum_contributions(struct support *support, struct books_digest *digest, struct fault *f)
{
	struct books_contribution one;
	struct store_rows rows;
	bool ok = true;

	if (!store_rows_begin(support->db, SUPPORT_SQL_CONTRIBUTION_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		ok = read_contribution(&rows, &one, f);
		if (ok)
			books_digest_contribution(digest, &one);
	}
	return store_rows_end(&rows) && ok;
}

bool support_compare_books(struct support *support, struct support_rebuilt *rebuilt, struct fault *f)
{
	struct gathering all = {.support = support, .rebuilt = rebuilt};
	bool ok;

	*rebuilt = (struct support_rebuilt){0};
	ok = read_periods(&all, f) && read_facts(&all, f);
	if (ok) {
		join_all(&all);
		ok = fold_all(&all, f);
	}
	memory_free(all.facts);
	memory_free(all.parent);
	memory_free(all.last_days);
	return ok && sum_bookings(support, &rebuilt->stands, f) && sum_contributions(support, &rebuilt->stands, f);
}

/* --- writing anew --- */

static bool rebuild_inside(struct support *support, struct fault *f)
{
	int64_t subject = 0, next = 0;
	enum event_state ignored;
	struct arena arena, row_arena;
	bool ok = true, found = true;

	arena_init(&arena, "rebuild", GROUP_ARENA_BYTES);
	arena_init(&row_arena, "rebuild", 4096);
	while (ok && found) {
		struct store_row row;

		ok = store_one(support->db, SUPPORT_SQL_EVENT_SUBJECT_AFTER, STORE_ARGS(store_i64(subject)), &row_arena, &row, &found, f);
		found = ok && found && row.columns[0].type != STORE_NULL;
		if (found) {
			next = row.columns[0].number;
			ok = support_write_books(support, next, NULL, &arena, &ignored, f);
		}
		subject = next;
		arena_reset(&arena);
		arena_reset(&row_arena);
	}
	arena_release(&arena);
	arena_release(&row_arena);
	return ok;
}

bool support_rebuild_books(struct support *support, struct fault *f)
{
	bool ok = support_know_period(support, f) && store_begin(support->db, f);

	if (ok)
		ok = store_end(support->db, rebuild_inside(support, f), f);
	support->is_period_known = false;
	return ok || fault_add(f, "while writing the books anew");
}
