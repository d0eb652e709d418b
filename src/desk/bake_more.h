/* bake_more.h: "Read more": which stories a story's page names.
 *
 * Of the newest 200 older ones per shared topic those with most key terms in common, then the section's newest older
 * ones, then any; the first few of a young archive take the next newer ones. So a new story never changes older pages,
 * and which pages a change can reach is bounded: see bake_hand.c.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_BAKE_MORE_H
#define DESK_BAKE_MORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "desk/bake_ids.h"
#include "desk/story.h"

struct fault;
struct store;

enum {
	BAKE_MORE = 4,
	BAKE_MORE_WINDOW = 200,     /* newest older stories per shared topic that are looked at */
	/* So many of a section, or of all, are looked at to fill up: each may be one of those that are chosen already. */
	BAKE_MORE_FILL = 2 * BAKE_MORE
};

/* What is looked at hundreds of times a page, a cache line a story: its terms' numbers, 0 for none. */
struct bake_terms {
	uint32_t at[STORY_TERMS];
};

struct kin_node {
	int64_t id, published;
	uint32_t groups, group_count; /* its part of kin.of */
};

/* A section or topic: nodes, the oldest first. */
struct kin_group {
	const uint32_t *nodes;
	size_t count;
	bool is_section;
};

struct kin_link {
	int64_t list, story;
	uint32_t node;
	bool is_section;
};

/* Published stories as far as "Read more" must know them. Filled with kin_add and kin_join, then sealed, then given terms. */
struct kin {
	struct arena *arena;
	struct bake_ids ids;        /* by number of arrival, until it is sealed */
	struct kin_node *nodes;     /* after sealing: the oldest first */
	size_t count, room;
	struct kin_link *links;
	size_t link_count, link_room;
	struct kin_group *groups;
	size_t group_count;
	uint32_t *of;               /* groups of the nodes */
	struct bake_terms *terms;   /* by node */
	uint32_t *stamps;           /* by term: which node asked last */
	struct bake_words words;
};

bool kin_add(struct kin *kin, int64_t id, int64_t published) __attribute__((warn_unused_result));
/* The story is in the list, at the latest by kin_seal. */
bool kin_join(struct kin *kin, int64_t list, bool is_section, int64_t story) __attribute__((warn_unused_result));
/* false: the arena is full. */
bool kin_seal(struct kin *kin) __attribute__((warn_unused_result));
/* BAKE_NOWHERE: not among them. */
uint32_t kin_find(const struct kin *kin, int64_t id);
/* Of every node: all at once, or one by one where there are few. */
bool kin_load_terms(struct kin *kin, struct store *db, bool is_all, struct fault *f) __attribute__((warn_unused_result));
/* Nodes of up to BAKE_MORE related stories. */
size_t kin_related(struct kin *kin, uint32_t node, uint32_t out[BAKE_MORE]);

#endif
