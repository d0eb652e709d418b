/* support_facts.c: what drivers have in common when they read a provider's bytes.
 *
 * Decides: which text may be a name, a reason, an amount. Leaves to others: every provider's format (the drivers), what
 * follows from a fact (support_events.c, support_books.c). Runs in: support. The hard thing: none; whatever does not look
 * like what it should be becomes empty, and is never cut to fit.
 * SPDX-License-Identifier: ISC */
#include "facts.h"

#include "base/arena.h"
#include "base/states.h"

static const char *const kind_names[FACT_KIND_COUNT] = {
#define X(kind, name, meaning) [kind] = name,
	FACT_KINDS(X)
#undef X
};

struct str fact_kind_name(enum fact_kind kind)
{
	must(kind < FACT_KIND_COUNT);
	return str_from(kind_names[kind]);
}

bool fact_kind_from(struct str name, enum fact_kind *kind)
{
	unsigned found = 0;
	bool ok = states_find_name(kind_names, FACT_KIND_COUNT, name, &found);

	*kind = (enum fact_kind) found;
	return ok;
}

struct facts *facts_add(struct facts_list *list, struct arena *arena)
{
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 4 : 2 * list->room;
		struct facts *at = arena_alloc_many(arena, room, sizeof(*at));

		if (at == NULL)
			return NULL;
		if (list->count > 0)
			memcpy(at, list->at, list->count * sizeof(*at));
		list->at = at;
		list->room = room;
	}
	list->at[list->count] = (struct facts){0};
	return &list->at[list->count++];
}

struct str facts_name(struct str text)
{
	if (text.len > FACTS_NAME_BYTES)
		return (struct str){NULL, 0};
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= 0x20 || text.at[i] >= 0x7f)
			return (struct str){NULL, 0};
	return text;
}

struct str facts_reason(struct str text)
{
	if (text.len > FACTS_REASON_BYTES)
		return (struct str){NULL, 0};
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
			return (struct str){NULL, 0};
	}
	return text;
}

struct money facts_money(int64_t minor, struct str code)
{
	struct money out = {minor, ""};

	if (code.len != 3 || minor < 0)
		return (struct money){0, ""};
	for (size_t i = 0; i < 3; i++) {
		char c = code.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			return (struct money){0, ""};
		out.code[i] = (char) (c & ~0x20);
	}
	return out;
}

int64_t facts_checkout(struct str text)
{
	int64_t id;

	return str_to_i64(text, &id) && id > 0 ? id : 0;
}
