/* movein_record.c: records of stories, for the desk.
 *
 * Decides: their JSON. Leaves to others: what is in an export (movein_wxr.c, movein_ghost.c). Runs in: mimeo-movein. The
 * hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "movein/movein.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"

enum { WRITE_AT_BYTES = 256 * 1024, PROGRESS_EVERY = 50 };

void movein_out_init(struct movein_out *out, int fd)
{
	*out = (struct movein_out){.fd = fd};
	buf_init(&out->waiting, (size_t) 2 * MOVEIN_RECORD_BYTES);
}

void movein_out_release(struct movein_out *out)
{
	buf_release(&out->waiting);
}

static int add_json(const char *at, size_t len, void *self)
{
	struct buf *out = self;

	buf_add(out, at, len);
	return out->over ? -1 : 0;
}

bool movein_end(struct movein_out *out, struct fault *f)
{
	bool ok = buf_check(&out->waiting, "a story", f) && file_write_all(out->fd, buf_view(&out->waiting), f);

	buf_clear(&out->waiting);
	return ok;
}

bool movein_put(struct movein_out *out, json_t *record, struct fault *f)
{
	struct buf text;
	bool ok;

	buf_init(&text, MOVEIN_RECORD_BYTES);
	ok = record != NULL && json_dump_callback(record, add_json, &text, JSON_COMPACT) == 0
		? buf_check(&text, "a story", f) : fault_full(f, "a story");
	json_decref(record);
	if (ok) {
		buf_format(&out->waiting, "%010zu\n", text.len);
		buf_add_str(&out->waiting, buf_view(&text));
		buf_add_char(&out->waiting, '\n');
		if (out->waiting.len > WRITE_AT_BYTES)
			ok = movein_end(out, f);
	}
	buf_release(&text);
	return ok;
}

json_t *movein_text(struct str text)
{
	json_t *json = json_stringn(text.len > 0 ? text.at : "", text.len);

	return json != NULL ? json : json_string("");
}

void movein_add_name(struct str *names, size_t *count, size_t max, struct str name)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (str_equal_nocase(names[i], name))
			return;
	if (name.len > 0 && *count < max)
		names[(*count)++] = name;
}

static json_t *list_of(const struct str *items, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list, movein_text(items[i]));
	return list;
}

static json_t *photo_of(const struct movein_file *file)
{
	if (file == NULL)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "url", movein_text(file->url), "alt", movein_text(file->alt), "caption",
		movein_text(file->caption), "credit", movein_text(file->credit));
}

static void say_progress(struct movein_out *out)
{
	out->done++;
	if (!out->is_quiet && (out->done % PROGRESS_EVERY == 0 || out->done == out->total)) {
		printf("progress %lld %lld reading\n", (long long) out->done, (long long) out->total);
		fflush(stdout);
	}
}

bool movein_put_story(struct movein_out *out, const struct movein_story *story, const struct html_wish *wish,
	struct html_result *result, struct fault *f)
{
	static const struct {
		const char *key;
		size_t offset;
	} texts[] = {
#define TEXT(name) {#name, offsetof(struct movein_story, name)}
		TEXT(identity), TEXT(title), TEXT(slug), TEXT(status), TEXT(lang), TEXT(date), TEXT(date_gmt), TEXT(updated_gmt),
		TEXT(excerpt), TEXT(section),
#undef TEXT
	};
	struct fault inner = {0};
	bool ok = html_to_markdown(wish, result, &inner);
	json_t *record = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:O, s:O}", "kind", story->kind, "authors",
		list_of(story->authors, story->author_count), "topics", list_of(story->topics, story->topic_count), "paths",
		list_of(story->paths, story->path_count), "photo", photo_of(story->photo), "body",
		movein_text(buf_view(&result->text)), "pictures", result->pictures, "notes", result->notes);
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		json_object_set_new(record, texts[i].key,
			movein_text(*(const struct str *) (const void *) ((const char *) story + texts[i].offset)));
	if (!ok)
		json_object_set_new(record, "trouble", json_string(inner.say));
	say_progress(out);
	return movein_put(out, record, f);
}

bool movein_put_archive(struct movein_out *out, const char *type, struct str name, struct str path, struct fault *f)
{
	return movein_put(out, json_pack("{s:s, s:s, s:o, s:o}", "kind", "archive", "type", type, "name", movein_text(name),
		"path", movein_text(path)), f);
}

static int hex_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static struct str undo_percent(struct str text, struct arena *arena)
{
	char *at = arena_alloc(arena, text.len + 1);
	size_t len = 0;
	size_t i;

	if (at == NULL)
		return (struct str){NULL, 0};
	for (i = 0; i < text.len; i++) {
		if (text.at[i] == '%' && i + 2 < text.len && hex_of(text.at[i + 1]) >= 0 && hex_of(text.at[i + 2]) >= 0) {
			at[len++] = (char) (hex_of(text.at[i + 1]) << 4 | hex_of(text.at[i + 2]));
			i += 2;
		} else {
			at[len++] = text.at[i];
		}
	}
	return str_is_utf8(str_make(at, len)) && !str_has_control(str_make(at, len)) ? str_make(at, len) : text;
}

void movein_split_url(struct str url, struct arena *arena, struct str *host, struct str *path)
{
	size_t scheme = str_find(url, STR("://"));
	struct str rest = scheme < 12 ? str_part(url, scheme + 3, SIZE_MAX) : (struct str){NULL, 0};
	size_t i;

	if (scheme >= 12) {
		*host = (struct str){NULL, 0};
		*path = undo_percent(url, arena);
		return;
	}
	for (i = 0; i < rest.len && memchr("/?#", rest.at[i], 3) == NULL; i++)
		;
	*host = str_part(rest, 0, i);
	if (str_equal_nocase(str_part(*host, 0, 4), STR("www.")))
		*host = str_part(*host, 4, SIZE_MAX);
	*path = undo_percent(str_part(rest, i, SIZE_MAX), arena);
}

bool movein_read(int fd, const char *file_name, struct movein_out *out, struct fault *f)
{
	unsigned char head[256];
	ssize_t got = read(fd, head, sizeof(head));
	ssize_t i = 0;

	if (got < 0 || lseek(fd, 0, SEEK_SET) != 0)
		return fault_errno(f, "cannot read %s", file_name);
	if (got > 2 && head[0] == 0xef && head[1] == 0xbb && head[2] == 0xbf)
		i = 3;
	while (i < got && (head[i] == ' ' || (head[i] >= '\t' && head[i] <= '\r')))
		i++;
	if (i < got && head[i] == '{')
		return movein_read_ghost(fd, file_name, out, f);
	if (i < got && (head[i] == '<' || head[0] == 0xfe || head[0] == 0xff))
		return movein_read_wxr(fd, file_name, out, f);
	return fault_set(f, FAULT_INPUT, "%s: this is no export that mimeo knows: it takes WordPress' (Tools, Export: an .xml file)"
		" and Ghost's (Settings, Export: a .json file)", file_name);
}
