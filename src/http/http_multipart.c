/* http_multipart.c: multipart/form-data, parsed as its bytes come.
 *
 * Decides: what is malformed, how many parts and how long their heads may be, where files are spooled. Leaves to
 * others: the size of the whole (http_dispatch.c) and what is in a file. Runs in: desk (photos), and wherever a form
 * has no file. The hard thing: a boundary may be cut anywhere between two portions, so the last bytes of a portion
 * are held back for as long as they could still be the beginning of one.
 * SPDX-License-Identifier: ISC */
#include "http_inside.h"

#include <fcntl.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"

enum {
	BOUNDARY_MAX = 70,     /* RFC 2046 §5.1.1 */
	PART_HEAD_BYTES = 2048,
	PARTS_MAX = HTTP_PAIRS_MAX,
	FILES_MAX = 16,
	HOLD_MAX = BOUNDARY_MAX + 8
};

enum multipart_state { AT_START, AFTER_BOUNDARY, IN_HEAD, IN_DATA, AT_END };

struct multipart {
	struct arena *arena;
	bool files_allowed;
	enum multipart_state state;
	struct str delimiter;        /* CR LF -- boundary */
	char delimiter_text[BOUNDARY_MAX + 5];
	struct buf held;             /* bytes not decided yet */
	struct buf field;            /* the value of the field under way */
	size_t field_bytes;          /* of all fields */
	size_t field_bytes_most;
	struct http_pairs fields;
	struct str name;             /* of the part under way */
	bool is_file;
	bool is_skipped;             /* a file field that was left empty */
	size_t file_count;
	struct {
		struct str field;
		struct http_file file;
	} files[FILES_MAX];
};

/* --- the Content-Type, and a part's head --- */

/* The value of a parameter of a header field: name=token or name="quoted", \" and \\ undone. Empty when absent. */
static bool parameter(struct str value, const char *name, struct arena *arena, struct str *out)
{
	struct str rest = value;

	*out = (struct str){NULL, 0};
	rest = str_part(rest, str_find_char(rest, ';'), SIZE_MAX);
	while (rest.len > 0 && rest.at[0] == ';') {
		struct str key = {NULL, 0};
		size_t equals = 0;
		size_t end = 0;

		rest = str_trim(str_part(rest, 1, SIZE_MAX));
		if (rest.len == 0)
			return true;
		equals = str_find_char(rest, '=');
		if (equals == SIZE_MAX)
			return false;
		key = str_trim(str_part(rest, 0, equals));
		rest = str_part(rest, equals + 1, SIZE_MAX);
		if (rest.len > 0 && rest.at[0] == '"') {
			char *text = arena_alloc(arena, rest.len);
			size_t len = 0;
			size_t i = 1;

			if (text == NULL)
				return false;
			for (; i < rest.len && rest.at[i] != '"'; i++) {
				/* Browsers escape only the quote; a lone backslash is one (Windows paths). */
				if (rest.at[i] == '\\' && i + 1 < rest.len && (rest.at[i + 1] == '"' || rest.at[i + 1] == '\\'))
					i++;
				text[len++] = rest.at[i];
			}
			if (i >= rest.len)
				return false;
			if (str_equal_nocase(key, str_from(name)))
				*out = str_make(text, len);
			rest = str_trim(str_part(rest, i + 1, SIZE_MAX));
		} else {
			end = str_find_char(rest, ';');
			if (str_equal_nocase(key, str_from(name)))
				*out = str_copy(str_trim(str_part(rest, 0, end)), arena);
			rest = str_part(rest, end, SIZE_MAX);
		}
		if (rest.len > 0 && rest.at[0] != ';')
			return false;
	}
	return true;
}

static bool boundary_is_good(struct str boundary)
{
	if (boundary.len == 0 || boundary.len > BOUNDARY_MAX)
		return false;
	for (size_t i = 0; i < boundary.len; i++)
		if (boundary.at[i] <= ' ' || boundary.at[i] > '~')
			return false;
	return true;
}

bool multipart_open(struct multipart **multipart, struct str type, bool files, struct arena *arena, struct fault *f)
{
	struct str boundary = {NULL, 0};
	struct multipart *new = NULL;

	if (!parameter(type, "boundary", arena, &boundary) || boundary.at == NULL || !boundary_is_good(boundary))
		return fault_set(f, FAULT_INPUT, "The form was sent in a broken way. Please send it again.");
	new = memory_new(1, sizeof(*new));
	new->arena = arena;
	new->files_allowed = files;
	memcpy(new->delimiter_text, "\r\n--", 4);
	memcpy(new->delimiter_text + 4, boundary.at, boundary.len);
	new->delimiter = str_make(new->delimiter_text, boundary.len + 4);
	buf_init(&new->held, PART_HEAD_BYTES + HOLD_MAX + 65536);
	buf_init(&new->field, LIMIT_FORM_BYTES);
	new->field_bytes_most = LIMIT_FORM_BYTES;
	/* The first boundary needs no line end before it. */
	buf_add_text(&new->held, "\r\n");
	*multipart = new;
	return true;
}

void multipart_allow(struct multipart *multipart, size_t field_bytes)
{
	multipart->field.cap_bytes = field_bytes;
	multipart->field_bytes_most = field_bytes;
}

void multipart_close(struct multipart **multipart)
{
	struct multipart *old = *multipart;

	if (old == NULL)
		return;
	for (size_t i = 0; i < old->file_count; i++)
		if (old->files[i].file.fd >= 0)
			(void) close(old->files[i].file.fd);
	buf_release(&old->held);
	buf_release(&old->field);
	memory_free(old);
	*multipart = NULL;
}

/* The last part of a path of either kind of slash, without control bytes. */
static struct str clean_file_name(struct str name, struct arena *arena)
{
	char *text = arena_alloc(arena, name.len + 1);
	size_t len = 0;

	if (text == NULL)
		return (struct str){NULL, 0};
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] == '/' || name.at[i] == '\\')
			len = 0;
		else if ((unsigned char) name.at[i] >= 0x20 && name.at[i] != 0x7f)
			text[len++] = name.at[i];
	}
	return str_make(text, len);
}

/* Whether the head has a filename parameter at all: an empty one is a file field that was left empty. */
static bool has_parameter(struct str value, const char *with_equals)
{
	return str_find(value, str_from(with_equals)) != SIZE_MAX;
}

static bool malformed(struct fault *f)
{
	return fault_set(f, FAULT_INPUT, "The form was sent in a broken way. Please send it again.");
}

static int spool_open(void)
{
	char path[] = "/tmp/mimeo-XXXXXX";
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0) {
		fd = mkostemp(path, O_CLOEXEC); /* file systems without O_TMPFILE */
		if (fd >= 0)
			(void) unlink(path);
	}
	return fd;
}

static bool begin_file(struct multipart *m, struct str file_name, struct str type, struct fault *f)
{
	struct http_file *file = NULL;
	int fd = -1;

	m->is_skipped = file_name.len == 0;
	if (m->is_skipped)
		return true;
	if (!m->files_allowed)
		return fault_set(f, FAULT_INPUT, "This form takes no files.");
	if (m->file_count == FILES_MAX)
		return fault_set(f, FAULT_INPUT, "There are too many files in one form.");
	fd = spool_open();
	if (fd < 0)
		return fault_errno(f, "The file could not be stored");
	m->files[m->file_count].field = m->name;
	file = &m->files[m->file_count++].file;
	*file = (struct http_file){clean_file_name(file_name, m->arena),
		str_copy(str_has_control(type) ? STR("") : type, m->arena), fd, 0};
	return true;
}

static bool read_head(struct multipart *m, struct str head, struct fault *f)
{
	struct str rest = head;
	struct str line = {NULL, 0};
	struct str disposition = {NULL, 0};
	struct str type = {NULL, 0};
	struct str file_name = {NULL, 0};

	while (str_next(&rest, '\n', &line)) {
		size_t colon = 0;
		struct str name = {NULL, 0};

		line = str_trim(line);
		if (line.len == 0)
			continue;
		colon = str_find_char(line, ':');
		if (colon == SIZE_MAX || str_find_char(line, '\0') != SIZE_MAX)
			return malformed(f);
		name = str_part(line, 0, colon);
		if (str_equal_nocase(name, STR("content-disposition")))
			disposition = str_trim(str_part(line, colon + 1, SIZE_MAX));
		else if (str_equal_nocase(name, STR("content-type")))
			type = str_trim(str_part(line, colon + 1, SIZE_MAX));
		else if (str_equal_nocase(name, STR("content-transfer-encoding")))
			return malformed(f); /* RFC 7578 §4.7: not in HTTP */
	}
	if (!str_equal_nocase(str_trim(str_part(disposition, 0, str_find_char(disposition, ';'))), STR("form-data"))
		|| !parameter(disposition, "name", m->arena, &m->name) || m->name.len == 0 || !str_is_utf8(m->name)
		|| str_has_control(m->name))
		return malformed(f);
	m->is_file = has_parameter(disposition, "filename=");
	if (m->is_file) {
		if (!parameter(disposition, "filename", m->arena, &file_name) || !str_is_utf8(file_name))
			return malformed(f);
		return begin_file(m, file_name, type, f);
	}
	if (m->fields.items == NULL)
		m->fields.items = arena_alloc_many(m->arena, PARTS_MAX, sizeof(*m->fields.items));
	if (m->fields.items == NULL || m->fields.count == PARTS_MAX)
		return fault_set(f, FAULT_INPUT, "There are too many fields in one form.");
	return true;
}

/* --- the bytes of a part --- */

static bool part_data(struct multipart *m, struct str bytes, struct fault *f)
{
	struct fault disk = {.kind = FAULT_NONE};

	if (bytes.len == 0)
		return true;
	if (m->is_skipped)
		return malformed(f);
	if (m->is_file) {
		struct http_file *file = &m->files[m->file_count - 1].file;

		file->size_bytes += (int64_t) bytes.len;
		if (file_write_all(file->fd, bytes, &disk))
			return true;
		fault_set(f, disk.kind, "The server has no room for this file just now. Nothing of it was kept. Tell a technician, then send it again.");
		return fault_detail(f, "%s", disk.say);
	}
	m->field_bytes += bytes.len;
	if (m->field_bytes > m->field_bytes_most)
		return fault_set(f, FAULT_INPUT, "The form is too long.");
	buf_add_str(&m->field, bytes);
	return true;
}

static bool part_end(struct multipart *m, struct fault *f)
{
	struct str value = {NULL, 0};

	if (m->is_skipped) {
		m->is_skipped = false;
		return true;
	}
	if (m->is_file) {
		struct http_file *file = &m->files[m->file_count - 1].file;

		if (lseek(file->fd, 0, SEEK_SET) != 0)
			return fault_errno(f, "The file could not be read");
		return true;
	}
	value = buf_view(&m->field);
	if (!str_is_utf8(value) || str_find_char(value, '\0') != SIZE_MAX)
		return malformed(f);
	value = str_copy(value, m->arena);
	if (value.at == NULL)
		return fault_full(f, "The form");
	m->fields.items[m->fields.count++] = (struct http_pair){m->name, value};
	buf_clear(&m->field);
	return true;
}

/* One step over `rest`: how many bytes are done with; 0: more are needed. */
static bool step(struct multipart *m, struct str rest, size_t *used, struct fault *f)
{
	size_t at = 0;

	*used = 0;
	switch (m->state) {
	case AT_START: /* a preamble is allowed and dropped */
	case IN_DATA:
		at = str_find(rest, m->delimiter);
		if (at != SIZE_MAX) {
			if (m->state == IN_DATA && (!part_data(m, str_part(rest, 0, at), f) || !part_end(m, f)))
				return false;
			m->state = AFTER_BOUNDARY;
			*used = at + m->delimiter.len;
		} else if (rest.len >= m->delimiter.len) {
			at = rest.len - m->delimiter.len + 1;
			if (m->state == IN_DATA && !part_data(m, str_part(rest, 0, at), f))
				return false;
			*used = at;
		}
		return true;
	case AFTER_BOUNDARY:
		if (rest.len < 2)
			return true;
		if (rest.at[0] == '-' && rest.at[1] == '-')
			m->state = AT_END;
		else if (rest.at[0] == '\r' && rest.at[1] == '\n')
			m->state = IN_HEAD;
		else
			return malformed(f);
		*used = 2;
		return true;
	case IN_HEAD:
		at = str_find(rest, STR("\r\n\r\n"));
		if (at == SIZE_MAX)
			return rest.len > PART_HEAD_BYTES ? malformed(f) : true;
		if (at > PART_HEAD_BYTES || !read_head(m, str_part(rest, 0, at), f))
			return malformed(f);
		m->state = IN_DATA;
		*used = at + 4;
		return true;
	case AT_END: /* an epilogue is dropped */
		*used = rest.len;
		return true;
	}
	return true;
}

bool multipart_feed(struct multipart *m, struct str bytes, struct fault *f)
{
	struct str rest = bytes;

	while (rest.len > 0) {
		struct str portion = str_part(rest, 0, 32768);
		struct str view = {NULL, 0};
		size_t used = 0;
		size_t done = 0;

		rest = str_part(rest, portion.len, SIZE_MAX);
		buf_add_str(&m->held, portion);
		if (!buf_check(&m->held, "The form", f))
			return false;
		view = buf_view(&m->held);
		do {
			if (!step(m, str_part(view, done, SIZE_MAX), &used, f))
				return false;
			done += used;
		} while (used > 0 && done < view.len);
		memmove(m->held.at, m->held.at + done, m->held.len - done);
		buf_cut(&m->held, m->held.len - done);
	}
	return true;
}

bool multipart_end(struct multipart *m, struct http_pairs *fields, struct fault *f)
{
	if (m->state != AT_END)
		return malformed(f);
	*fields = m->fields;
	return true;
}

bool multipart_file(struct multipart *m, const char *name, struct http_file *file)
{
	for (size_t i = 0; i < m->file_count; i++)
		if (str_is(m->files[i].field, name)) {
			*file = m->files[i].file;
			return true;
		}
	return false;
}
