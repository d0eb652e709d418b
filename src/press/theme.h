/* theme.h: the theme's files: the built-in ones, each replaced whole by HOME/theme/FILE of the same name.
 *
 * Files: *.mustache (templates and partials, by name without ending), theme.css, story.css, pages.css, coupon.css, forms.css,
 * body.css, crop.css, arabic.css, desk.css, icon.svg, marks.svg, coupon.js, and those below mail/ and locale/.
 * An unknown name in HOME/theme is INPUT.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_THEME_H
#define PRESS_THEME_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/embed.h"

struct fault;
struct press_value;
struct theme;

/* folder: HOME/theme, or NULL. builtin: theme_files. */
bool theme_open(struct theme **theme, const struct embed_file *builtin, const char *folder, struct fault *f)
	__attribute__((warn_unused_result));
/* The same with a second folder before `folder` (or NULL): what the newsroom's desk decides. It holds about.xx.md, privacy.xx.md,
 * appeal.xx.md and *.svg only; anything else in it is INPUT. */
bool theme_open_over(struct theme **theme, const struct embed_file *builtin, const char *folder, const char *over, struct fault *f)
	__attribute__((warn_unused_result));
void theme_close(struct theme **theme);
/* Another number for every theme that this process opened: what is made from a theme and kept is kept under it. */
uint64_t theme_serial(const struct theme *theme);
/* The file's text (minified for css), or the empty str. Lives as long as the theme. */
struct str theme_file(const struct theme *theme, const char *name);
/* Whether it is the newsroom's own (from folder or over), not the built-in one. */
bool theme_file_is_own(const struct theme *theme, const char *name);
/* The languages that there are texts in ("ar", "en", …), sorted; at most max. Lives as long as the theme. */
size_t theme_languages(const struct theme *theme, struct str *out, size_t max);
/* Renders a template, compiled at first use. MISSING for an unknown name, FULL past the buffer's cap. */
bool theme_render(struct theme *theme, const char *template_name, const struct press_value *root, struct buf *out,
	struct fault *f) __attribute__((warn_unused_result));
/* The same with a second map behind root (mustache_render_over). */
bool theme_render_over(struct theme *theme, const char *template_name, const struct press_value *behind,
	const struct press_value *root, struct buf *out, struct fault *f) __attribute__((warn_unused_result));
/* 256-bit hash of all files: a theme change is a full bake. */
void theme_hash(const struct theme *theme, unsigned char out[32]);
struct locale;
/* The newsroom's language: what theme_locale() falls back to. English until set. */
void theme_set_language(struct theme *theme, struct str language);
/* The language's strings; the newsroom's `fallback` (or English) where a language has none. Compiled at first use. */
const struct locale *theme_locale(struct theme *theme, struct str language);

#endif
