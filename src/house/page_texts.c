/* page_texts.c: About and Privacy policy: which text a reader gets in which language, where it stands, and its version.
 *
 * Decides: that a language has pages of its own where the newsroom wrote a text in it; that consent names the text which the
 * link beside the form leads to. Leaves to others: baking them (desk), recording consent (newsletter). Runs in: desk's bake,
 * newsletter, every room that shows a footer. The hard thing: three rooms must agree on the version without asking each other.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include "base/arena.h"
#include "house/overlay.h"
#include "house/page.h"
#include "press/locale.h"
#include "press/theme.h"

bool page_text_has_own(struct theme *theme, const char *kind, struct str language)
{
	char file[64];

	snprintf(file, sizeof(file), "%s.%.*s.md", kind, STR_ARG(str_part(language, 0, 20)));
	return theme_file_is_own(theme, file);
}

/* The text that the newsroom's own language has: its own, else the built-in one, else English. */
static struct str page_text_main(struct theme *theme, const struct settings *settings, const char *kind)
{
	struct str languages[3] = {settings->language, locale_language(page_locale(theme, settings, (struct str){NULL, 0})), STR("en")};
	char file[64];
	size_t i;

	for (i = 0; i < 3; i++) {
		struct str text;

		snprintf(file, sizeof(file), "%s.%.*s.md", kind, STR_ARG(str_part(languages[i], 0, 20)));
		text = theme_file(theme, file);
		if (text.len > 0)
			return text;
	}
	return (struct str){NULL, 0};
}

/* Whether a reader in this language gets a page apart from the newsroom's. */
static bool page_text_is_apart(struct theme *theme, const struct settings *settings, const char *kind, struct str language)
{
	return language.len > 0 && !str_equal(language, settings->language) && page_text_has_own(theme, kind, language);
}

struct str page_text_source(struct theme *theme, const struct settings *settings, const char *kind, struct str language)
{
	char file[64];

	if (!page_text_is_apart(theme, settings, kind, language))
		return page_text_main(theme, settings, kind);
	snprintf(file, sizeof(file), "%s.%.*s.md", kind, STR_ARG(str_part(language, 0, 20)));
	return theme_file(theme, file);
}

struct str page_text_path(struct theme *theme, const struct settings *settings, const char *kind, struct str language,
	struct arena *arena)
{
	return page_text_is_apart(theme, settings, kind, language) ? str_format(arena, "%s/%.*s/", kind, STR_ARG(language))
		: str_format(arena, "%s/", kind);
}

struct str page_support_path(struct theme *theme, const struct settings *settings, struct str language, struct arena *arena)
{
	return page_text_is_apart(theme, settings, "appeal", language) ? str_format(arena, "support/%.*s/", STR_ARG(language))
		: STR("support/");
}

struct str page_policy(struct theme *theme, const struct settings *settings, struct str language, struct arena *arena)
{
	char hash[OVERLAY_POLICY_CHARS + 1];

	overlay_policy_hash(page_text_source(theme, settings, "privacy", language), hash);
	return str_copy(str_from(hash), arena);
}

const struct overlay_policy *page_policy_find(const struct settings *settings, struct str hash)
{
	const struct overlay *desk = settings->desk;
	size_t i;

	for (i = 0; desk != NULL && i < desk->policy_count; i++)
		if (str_equal(desk->policies[i].hash, hash))
			return &desk->policies[i];
	return NULL;
}
