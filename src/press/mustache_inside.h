/* mustache_inside.h: a compiled template, between its compiler and its renderer.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_MUSTACHE_INSIDE_H
#define PRESS_MUSTACHE_INSIDE_H

#include <stdint.h>
#include "base/arena.h"
#include "mustache.h"

enum mustache_kind {
	MUSTACHE_TEXT,      /* text: written as it is */
	MUSTACHE_ESCAPED,   /* path */
	MUSTACHE_RAW,       /* path */
	MUSTACHE_SECTION,   /* path; until: the first piece after it */
	MUSTACHE_INVERTED,
	MUSTACHE_PARTIAL    /* program */
};

struct mustache_word {
	struct str name;
	uint32_t hash;
};

struct mustache_piece {
	enum mustache_kind kind;
	struct str text;
	struct mustache_word *path; /* "a.b" = 2; "." = 0 */
	uint32_t path_count;
	uint32_t until;
	uint32_t program;
};

struct mustache_program {
	struct str name;
	struct str indent;          /* a standalone partial's: before each of its lines */
	struct str source;
	struct mustache_piece *pieces;
	uint32_t count, room;
};

enum {
	MUSTACHE_DEPTH = 32,        /* sections and partials within each other */
	MUSTACHE_PROGRAMS = 256,    /* partials of one template, each indentation counted apart */
	MUSTACHE_STEPS = 1000000,   /* pieces in one rendering: partials that call themselves twice would never end */
	MUSTACHE_CAP_BYTES = 16 * 1024 * 1024
};

struct mustache {
	struct arena arena;
	struct mustache_program *programs[MUSTACHE_PROGRAMS]; /* 0 is the template itself */
	uint32_t count;
};

#endif
