/* locale.c: a language's whole sentences, dates and numbers.
 *
 * Decides: how a language file is checked and read, digits, isolates. Leaves to others: plural categories (plural.c),
 * money (locale_money.c), the sentences themselves (theme/locale). Runs in: every room. The hard thing: nothing may be
 * glued, so a file whose lists are too short is refused when it is opened and not found out on a page.
 * SPDX-License-Identifier: ISC */
#include "locale.h"

#include "base/arena.h"
#include "base/fault.h"
#include "locale_inside.h"

enum { LOCALE_CAP_BYTES = 4 * 1024 * 1024 };

static const struct str nothing;

static struct str word_of(const struct locale *locale, const char *key, const char *otherwise)
{
	const struct press_value *value = press_get(locale->root, str_from(key));

	return value != NULL ? press_value_text(value) : str_from(otherwise);
}

static bool check_list(const struct locale *locale, const char *key, size_t count, struct fault *f)
{
	const struct press_value *list = press_get(locale->root, str_from(key));
	size_t i;

	if (press_value_count(list) != count)
		return fault_set(f, FAULT_INPUT, "locale/%.*s.json: \"%s\" must be a list of %zu", STR_ARG(locale->language),
			key, count);
	for (i = 0; i < count; i++)
		if (press_value_text(press_at(list, i)).len == 0)
			return fault_set(f, FAULT_INPUT, "locale/%.*s.json: \"%s\" has an empty text at %zu",
				STR_ARG(locale->language), key, i + 1);
	return true;
}

static bool check_map(const struct locale *locale, const char *key, struct fault *f)
{
	const struct press_value *map = press_get(locale->root, str_from(key));

	if (map == NULL || press_at(map, 0) != NULL || press_value_text(map).len > 0)
		return fault_set(f, FAULT_INPUT, "locale/%.*s.json: \"%s\" must be a map of texts", STR_ARG(locale->language),
			key);
	return true;
}

static bool read_words(struct locale *locale, struct fault *f)
{
	struct str dir = word_of(locale, "dir", "ltr");
	struct str digits = word_of(locale, "digits", "0123456789");
	size_t at = 0;
	int i;

	if (!str_is(dir, "ltr") && !str_is(dir, "rtl"))
		return fault_set(f, FAULT_INPUT, "locale/%.*s.json: \"dir\" is ltr or rtl", STR_ARG(locale->language));
	locale->is_rtl = str_is(dir, "rtl");
	if (!str_is_utf8(digits) || str_count_chars(digits) != 10)
		return fault_set(f, FAULT_INPUT, "locale/%.*s.json: \"digits\" are ten characters", STR_ARG(locale->language));
	for (i = 0; i < 10; i++) {
		size_t end = at + 1;

		while (end < digits.len && ((unsigned char) digits.at[end] & 0xc0) == 0x80)
			end++;
		locale->digits[i] = str_part(digits, at, end - at);
		at = end;
	}
	locale->date = word_of(locale, "date", "{day} {month} {year}");
	locale->date_long = word_of(locale, "date_long", "{weekday}, {day} {month} {year}");
	locale->time = word_of(locale, "time", "{hour}:{minute}");
	locale->decimal = word_of(locale, "decimal", ".");
	locale->group = word_of(locale, "group", ",");
	locale->money = word_of(locale, "money", "{sign}{amount}");
	locale->months = press_get(locale->root, STR("months"));
	locale->weekdays = press_get(locale->root, STR("weekdays"));
	locale->every = press_get(locale->root, STR("every"));
	locale->texts = press_get(locale->root, STR("texts"));
	locale->plurals = press_get(locale->root, STR("plurals"));
	return true;
}

bool locale_open(struct locale **out, struct str language, struct str json, struct fault *f)
{
	struct locale *locale = memory_new(1, sizeof(*locale));
	struct press_value *root = NULL;
	bool ok = false;

	*out = NULL;
	arena_init(&locale->arena, "locale", LOCALE_CAP_BYTES);
	locale->language = str_copy(language, &locale->arena);
	if (!press_value_from_json(json, &locale->arena, &root, f)) {
		fault_add(f, "while reading locale/%.*s.json", STR_ARG(language));
		goto done;
	}
	locale->root = root;
	ok = check_list(locale, "months", 12, f) && check_list(locale, "weekdays", 7, f)
		&& check_list(locale, "every", 7, f) && check_map(locale, "texts", f) && check_map(locale, "plurals", f)
			&& read_words(locale, f);
done:
	if (ok)
		*out = locale;
	else
		locale_close(&locale);
	return ok;
}

void locale_close(struct locale **locale)
{
	if (*locale == NULL)
		return;
	arena_release(&(*locale)->arena);
	memory_free(*locale);
	*locale = NULL;
}

struct str locale_language(const struct locale *locale)
{
	return locale->language;
}

struct str locale_name(const struct locale *locale)
{
	return word_of(locale, "name", "");
}

bool locale_is_rtl(const struct locale *locale)
{
	return locale->is_rtl;
}

/* "⟦key⟧", kept for the locale's life: there are as many as there are missing keys, and a test allows none. */
static struct str missing(const struct locale *locale, const char *key)
{
	/* the arena is the locale's own notebook: writing a note there changes nothing that anybody sees */
	struct arena *arena = (struct arena *) (uintptr_t) &locale->arena;

	return str_format(arena, "⟦%s⟧", key);
}

struct str locale_text(const struct locale *locale, const char *key)
{
	const struct press_value *value = press_get(locale->texts, str_from(key));

	return value != NULL ? press_value_text(value) : missing(locale, key);
}

const struct press_value *locale_values(const struct locale *locale)
{
	return locale->texts;
}

void locale_write(struct buf *out, struct str text, const struct locale_pair *pairs)
{
	size_t from = 0;
	size_t i;

	for (i = 0; i < text.len; i++) {
		const struct locale_pair *pair = pairs;
		size_t end;

		if (text.at[i] != '{')
			continue;
		end = str_find_char(str_part(text, i, SIZE_MAX), '}');
		if (end == SIZE_MAX)
			break;
		while (pair != NULL && pair->name != NULL && !str_is(str_part(text, i + 1, end - 1), pair->name))
			pair++;
		if (pair == NULL || pair->name == NULL)
			continue;
		buf_add(out, text.at + from, i - from);
		buf_add_str(out, pair->value);
		i += end;
		from = i + 1;
	}
	if (from < text.len)
		buf_add(out, text.at + from, text.len - from);
}

struct str locale_fill(struct str text, struct arena *arena, const struct locale_pair *pairs)
{
	struct buf buf;
	struct str filled;

	buf_init(&buf, 64 * 1024);
	locale_write(&buf, text, pairs);
	filled = str_copy(buf_view(&buf), arena);
	buf_release(&buf);
	return filled;
}

struct str locale_format(const struct locale *locale, const char *key, struct arena *arena,
	const struct locale_pair *pairs)
{
	return locale_fill(locale_text(locale, key), arena, pairs);
}

/* --- numbers --- */

void locale_digits(const struct locale *locale, struct buf *out, struct str ascii)
{
	size_t i;

	for (i = 0; i < ascii.len; i++) {
		if (ascii.at[i] >= '0' && ascii.at[i] <= '9')
			buf_add_str(out, locale->digits[ascii.at[i] - '0']);
		else
			buf_add_char(out, ascii.at[i]);
	}
}

void locale_grouped(const struct locale *locale, struct buf *out, uint64_t n)
{
	char ascii[24];
	size_t len = (size_t) snprintf(ascii, sizeof(ascii), "%llu", (unsigned long long) n);
	size_t i;

	for (i = 0; i < len; i++) {
		/* four digits stand together, as newspapers write them, where the group is a space */
		if (i > 0 && (len - i) % 3 == 0 && (len > 4 || str_is(locale->group, ",") || str_is(locale->group, ".")))
			buf_add_str(out, locale->group);
		locale_digits(locale, out, str_make(ascii + i, 1));
	}
}

struct str locale_number(const struct locale *locale, int64_t n, struct arena *arena)
{
	struct buf buf;
	struct str text;

	buf_init(&buf, 256);
	if (n < 0)
		buf_add_text(&buf, "−");
	locale_grouped(locale, &buf, n < 0 ? -(uint64_t) n : (uint64_t) n);
	text = str_copy(buf_view(&buf), arena);
	buf_release(&buf);
	return text;
}

struct str locale_plural(const struct locale *locale, const char *key, int64_t n, struct arena *arena)
{
	const struct press_value *forms = press_get(locale->plurals, str_from(key));
	const struct press_value *form = press_get(forms, str_from(locale_plural_category(locale->language, n)));

	if (form == NULL)
		form = press_get(forms, STR("other"));
	if (form == NULL)
		return missing(locale, key);
	return locale_fill(press_value_text(form), arena,
		(const struct locale_pair[]){{"n", locale_number(locale, n, arena)}, {NULL, nothing}});
}

/* --- dates --- */

static struct str two_digits(const struct locale *locale, int n, struct arena *arena, bool is_padded)
{
	struct buf buf;
	char ascii[16];
	struct str text;

	buf_init(&buf, 128);
	snprintf(ascii, sizeof(ascii), is_padded ? "%02d" : "%d", n);
	locale_digits(locale, &buf, str_from(ascii));
	text = str_copy(buf_view(&buf), arena);
	buf_release(&buf);
	return text;
}

static struct str write_date(const struct locale *locale, struct str pattern, const struct civil *day,
	struct arena *arena)
{
	return locale_fill(pattern, arena, (const struct locale_pair[]){
		{"day", two_digits(locale, day->day, arena, false)},
		{"month", press_value_text(press_at(locale->months, (size_t) (day->month - 1)))},
		{"year", two_digits(locale, day->year, arena, false)},
		{"weekday", press_value_text(press_at(locale->weekdays, (size_t) day->weekday))},
		{NULL, nothing}});
}

struct str locale_date(const struct locale *locale, const struct civil *day, struct arena *arena)
{
	return write_date(locale, locale->date, day, arena);
}

struct str locale_date_long(const struct locale *locale, const struct civil *day, struct arena *arena)
{
	return write_date(locale, locale->date_long, day, arena);
}

struct str locale_time(const struct locale *locale, const struct civil *time, struct arena *arena)
{
	return locale_fill(locale->time, arena, (const struct locale_pair[]){
		{"hour", two_digits(locale, time->hour, arena, true)},
		{"minute", two_digits(locale, time->minute, arena, true)},
		{NULL, nothing}});
}

struct str locale_every(const struct locale *locale, int weekday)
{
	return press_value_text(press_at(locale->every, (size_t) weekday));
}

struct str locale_indexed(const struct locale *locale, const char *key, size_t index)
{
	const struct press_value *list = press_get(locale->root, str_from(key));
	const struct press_value *item = press_at(list != NULL ? list : press_get(locale->texts, str_from(key)), index);

	return item != NULL ? press_value_text(item) : missing(locale, key);
}
