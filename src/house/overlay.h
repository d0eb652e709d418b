/* overlay.h: what the newsroom's editors decided at the desk, as every room reads it: data/newsroom.
 *
 *   data/newsroom/current                  the name of the folder that counts: 32 hex digits, the hash of what is in it
 *   data/newsroom/<hash>/newsroom.json     the closed list of settings below, laid over mimeo.conf's
 *   data/newsroom/<hash>/theme/            about.xx.md, privacy.xx.md, appeal.xx.md, logo.svg, laid over HOME/theme
 *
 * desk is the only writer: a new folder first, then `current` by one rename, so a reader has all of the old or all of the new.
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_OVERLAY_H
#define HOUSE_OVERLAY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"

struct buf;
struct fault;
struct home;
struct settings;
struct theme;

enum {
	OVERLAY_HASH_CHARS = 32,
	OVERLAY_SECTIONS = 24,
	OVERLAY_LANGUAGES = 16,
	OVERLAY_POLICIES = 512,     /* versions of the privacy policy, all languages together */
	OVERLAY_BYTES = 256 * 1024  /* newsroom.json */
};

/* A section's name in one language. */
struct overlay_name {
	struct str language, name;
};

struct overlay_section {
	struct str name;            /* as stories carry it: its slug is the section's address */
	struct overlay_name *names;
	size_t name_count;
};

/* A version of the privacy policy that readers may have seen. */
struct overlay_policy {
	struct str language, hash;  /* overlay_policy_hash() of its text */
	int64_t version;            /* 1, 2, … of that language */
	int64_t made;               /* µs UTC */
};

/* One reading of data/newsroom. A str with at == NULL: the desk has not decided it. */
struct overlay {
	struct arena arena;
	char hash[OVERLAY_HASH_CHARS + 1]; /* "" where there is none: then all else is empty */
	struct str name, description, statutory, press, press_dark, call;
	struct str slot, min_stories;                      /* "Friday 08:00", "3" */
	bool has_logo;
	bool has_sections;
	struct overlay_section sections[OVERLAY_SECTIONS];
	size_t section_count;
	struct overlay_policy *policies;
	size_t policy_count;
};

/* What counts now. Nothing there: an empty overlay and true. A damaged one: false, an empty overlay, and a fault that names the
 * file. */
bool overlay_read(struct overlay **out, const struct home *home, struct fault *f) __attribute__((warn_unused_result));
void overlay_free(struct overlay **overlay);
/* newsroom.json's bytes: every value checked, INPUT for anything that desk does not write. */
bool overlay_parse(struct overlay *overlay, struct str json, struct fault *f) __attribute__((warn_unused_result));
/* Writes what overlay_parse() reads. */
bool overlay_write_json(const struct overlay *overlay, struct buf *out, struct fault *f) __attribute__((warn_unused_result));
/* HOME/data/newsroom/<hash>/theme into out; false where there is no overlay. */
bool overlay_theme_folder(const struct overlay *overlay, const struct home *home, char out[PATH_MAX]);

/* Lays the overlay over the settings as mimeo.conf has them (`base`), into *out: texts stay where they are. */
void overlay_lay(const struct overlay *overlay, const struct settings *base, struct settings *out);

/* The hash of a folder's files, in the order given: names and bytes. */
struct overlay_file {
	const char *name;           /* "newsroom.json", "theme/about.en.md" */
	struct str bytes;
};
void overlay_hash(const struct overlay_file *files, size_t count, char out[OVERLAY_HASH_CHARS + 1]);
/* The hash under which consent to this text is recorded: 16 hex digits. */
enum { OVERLAY_POLICY_CHARS = 16 };
void overlay_policy_hash(struct str text, char out[OVERLAY_POLICY_CHARS + 1]);

/* A section's name in a language: its own there, else in the newsroom's language, else as the story has it. section: a name or a
 * slug. */
struct str overlay_section_name(const struct settings *settings, struct str section, struct str language);

/* mimeo check: is what `current` names whole and unchanged? Adds nothing where all is well. */
bool overlay_is_whole(const struct home *home, struct fault *f) __attribute__((warn_unused_result));

#endif
