/* http_json.c: JSON over jansson, strict.
 *
 * Decides: that doubled keys, NUL and trailing bytes are refused and how deep a message may nest (jansson's 2,048).
 * Leaves to others: what a message means. Runs in: every room. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "http_client.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/must.h"

bool http_json_parse(struct str text, json_t **out, struct fault *f)
{
	json_error_t error;

	/* Without JSON_DISABLE_EOF_CHECK what follows the value is an error, without JSON_ALLOW_NUL so is \u0000. */
	*out = json_loadb(text.at != NULL ? text.at : "", text.len, JSON_REJECT_DUPLICATES, &error);
	if (*out != NULL)
		return true;
	fault_set(f, FAULT_INPUT, "The message is not well-formed JSON.");
	return fault_detail(f, "line %d: %s", error.line, error.text);
}

struct str http_json_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) ? str_make(json_string_value(value), json_string_length(value))
		: (struct str){NULL, 0};
}

bool http_json_i64(const json_t *object, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		return false;
	*out = json_integer_value(value);
	return true;
}

bool http_json_need_text(const json_t *object, const char *key, struct str *out, struct fault *f)
{
	*out = http_json_text(object, key);
	return json_is_string(json_object_get(object, key))
		|| fault_set(f, FAULT_INPUT, "The message has no text \"%s\".", key);
}

bool http_json_need_i64(const json_t *object, const char *key, int64_t *out, struct fault *f)
{
	*out = 0;
	return http_json_i64(object, key, out) || fault_set(f, FAULT_INPUT, "The message has no whole number \"%s\".", key);
}

struct str http_json_write(const json_t *value, struct arena *arena)
{
	size_t size = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
	char *text = arena_alloc(arena, size + 1);

	if (text == NULL)
		return (struct str){NULL, 0};
	must(json_dumpb(value, text, size, JSON_COMPACT | JSON_ENCODE_ANY) == size);
	return str_make(text, size);
}

json_t *http_json_str(struct str text)
{
	json_t *value = json_stringn(text.at != NULL ? text.at : "", text.len);

	/* What is not UTF-8 cannot stand in JSON: it becomes visible instead of making the whole message vanish. */
	return value != NULL ? value : json_string("\xef\xbf\xbd");
}
