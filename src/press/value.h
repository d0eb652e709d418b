/* value.h: what a template is filled with: text, lists, maps, in an arena.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_VALUE_H
#define PRESS_VALUE_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/str.h"

struct press_value; /* a map, a list, a text or a boolean; lives in its arena */

/* Constructors give NULL only when the arena is full; every function takes NULL and does nothing with it, so that one
 * check at the end (press_value_is_whole on the root) is enough. */
struct press_value *press_map(struct arena *arena);
struct press_value *press_list(struct arena *arena);
struct press_value *press_text(struct arena *arena, struct str text);
/* Keys must be literals or outlive the value. Texts are not copied. Setting a key twice replaces it. */
void press_set_text(struct press_value *map, const char *key, struct str text);   /* {{key}} escapes it */
void press_set_c(struct press_value *map, const char *key, const char *text);
void press_set_i64(struct press_value *map, const char *key, int64_t n);
void press_set_bool(struct press_value *map, const char *key, bool yes);
void press_set(struct press_value *map, const char *key, struct press_value *value);
struct press_value *press_set_map(struct press_value *map, const char *key);       /* a new empty map there */
struct press_value *press_set_list(struct press_value *map, const char *key);
struct press_value *press_add_map(struct press_value *list);                       /* a new empty map at the end */
void press_add_text(struct press_value *list, struct str text);                    /* {{.}} */
/* nothing was lost to a full arena */
bool press_value_is_whole(const struct press_value *root);
/* For values that live elsewhere and are not changed (a language's texts), and for lists. */
void press_share(struct press_value *map, const char *key, const struct press_value *value);
void press_add(struct press_value *list, const struct press_value *value);
size_t press_value_count(const struct press_value *value);                         /* items or keys; 0 for a text */
const struct press_value *press_at(const struct press_value *list, size_t i);      /* or NULL */
const struct press_value *press_get(const struct press_value *map, struct str key); /* or NULL */
struct str press_value_text(const struct press_value *value);                      /* empty for anything but text */
/* A map from JSON text (locale files, tests): objects, arrays, strings, numbers as written, booleans. */
struct fault;
bool press_value_from_json(struct str json, struct arena *arena, struct press_value **out, struct fault *f)
	__attribute__((warn_unused_result));

#endif
