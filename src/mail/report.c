/* report.c: reads a bounce, a complaint or an automatic answer: its MIME parts, its kind, and what may be a token of ours.
 *
 * Decides: which parts count and in which order. Leaves to report_judge.c: what a refusal means; to the newsletter room:
 * which mark is genuine. Runs in: the reports' child of the newsletter room. The hard thing: anybody may send anything,
 * and the process that reads it can neither allocate nor fail. All is done in place, in one pass a part, with the sizes
 * below as the only bounds; a mail that reaches one is read as far as it goes.
 * SPDX-License-Identifier: ISC */
#include "report.h"

enum { DEPTH_MOST = 6, PARTS_MOST = 64, VALUE_BYTES = 1000, WORDS_BYTES = 2000 };

struct reader {
	struct mail_report *report;
	char *work;                 /* for one decoded part */
	bool is_returned;           /* of MAILER-DAEMON, without a return path, or naming failed recipients */
	bool is_automatic;
	bool is_feedback, is_complaint;
	bool has_status, has_failed; /* a delivery-status part; a recipient whose delivery ended */
	enum mail_report_kind failed;
	char failed_status[12];
	bool has_original;          /* our mail is attached, whole or its headers */
	size_t marks_before_original; /* how many marks there were before it */
	unsigned parts;
	size_t words_len;           /* of the first text part */
	char words[WORDS_BYTES];
};

struct entity {
	struct str head, body;
	char type[80];              /* "text/plain", lower case */
	char boundary[80];
	char encoding[24];
};

/* --- text --- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool starts_nocase(struct str text, struct str with)
{
	return str_equal_nocase(str_part(text, 0, with.len), with) && text.len >= with.len;
}

static bool holds_nocase(struct str text, struct str wanted)
{
	for (size_t i = 0; i + wanted.len <= text.len; i++)
		if (starts_nocase(str_part(text, i, wanted.len), wanted))
			return true;
	return false;
}

/* The next line, without its end; CRLF or LF. */
static bool next_line(struct str *rest, struct str *line)
{
	size_t end;

	if (rest->len == 0)
		return false;
	end = str_find_char(*rest, '\n');
	*line = str_part(*rest, 0, end);
	*rest = end == SIZE_MAX ? (struct str){NULL, 0} : str_part(*rest, end + 1, SIZE_MAX);
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* Cuts the header block off: up to the first empty line. */
static void split(struct str mail, struct str *head, struct str *body)
{
	struct str rest = mail, line;

	while (next_line(&rest, &line))
		if (line.len == 0) {
			*head = str_part(mail, 0, (size_t) (line.at - mail.at));
			*body = rest;
			return;
		}
	*head = mail;
	*body = (struct str){NULL, 0};
}

/* The first header of that name, unfolded and cut, in out. False: there is none. */
static bool header(struct str head, const char *name, char out[VALUE_BYTES])
{
	struct str wanted = str_from(name), line;
	size_t len = 0;
	bool found = false;

	while (next_line(&head, &line)) {
		bool folded = line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t');

		if (found && !folded)
			break;
		if (!found) {
			if (!starts_nocase(line, wanted) || line.len <= wanted.len || line.at[wanted.len] != ':')
				continue;
			found = true;
			line = str_part(line, wanted.len + 1, SIZE_MAX);
		}
		for (size_t i = 0; i < line.len && len + 1 < VALUE_BYTES; i++)
			out[len++] = line.at[i] == '\0' ? '?' : line.at[i];
	}
	out[len] = '\0';
	return found;
}

static bool header_holds(struct str head, const char *name, struct str wanted)
{
	char value[VALUE_BYTES];

	return header(head, name, value) && holds_nocase(str_from(value), wanted);
}

/* "a/b; …" without its parameters, lower case. */
static void copy_word(struct str value, char *out, size_t size)
{
	size_t len = 0;

	value = str_trim(value);
	for (size_t i = 0; i < value.len && value.at[i] != ';' && !is_space(value.at[i]) && len + 1 < size; i++)
		out[len++] = lower(value.at[i]);
	out[len] = '\0';
}

/* name=value or name="value" of a Content-Type. */
static void parameter(struct str value, struct str name, char *out, size_t size)
{
	size_t len = 0;
	bool quoted;

	out[0] = '\0';
	for (size_t i = 0; i + name.len < value.len; i++) {
		size_t at = i + name.len;

		if ((i > 0 && value.at[i - 1] != ';' && !is_space(value.at[i - 1])) || value.at[at] != '=' ||
			!starts_nocase(str_part(value, i, name.len), name))
			continue;
		at++;
		quoted = at < value.len && value.at[at] == '"';
		for (at += quoted; at < value.len && len + 1 < size; at++) {
			if (quoted ? value.at[at] == '"' : value.at[at] == ';' || is_space(value.at[at]))
				break;
			out[len++] = value.at[at];
		}
		out[len] = '\0';
		return;
	}
}

/* --- what may be ours --- */

static bool is_base32(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '2' && c <= '7');
}

static void add_mark(struct mail_report *report, struct str text, bool is_link)
{
	struct mail_report_mark mark = {.where = is_link ? MAIL_MARK_LINK : MAIL_MARK_ADDRESS};

	for (size_t i = 0; i < text.len && i < MAIL_REPORT_MARK_BYTES; i++)
		mark.text[i] = lower(text.at[i]);
	for (size_t i = 0; i < report->mark_count; i++)
		if (report->marks[i].where == mark.where && strcmp(report->marks[i].text, mark.text) == 0)
			return;
	if (report->mark_count < MAIL_REPORT_MARKS)
		report->marks[report->mark_count++] = mark;
}

/* 32 characters before an @ (return path, Message-ID), 26 behind the path of the unsubscribe page. */
static void find_marks(struct mail_report *report, struct str text)
{
	enum { LINK_CHARS = 26 };
	const struct str path = STR("/unsubscribe/");
	size_t i = 0;

	while (i < text.len) {
		size_t end = i;

		while (end < text.len && is_base32(text.at[end]))
			end++;
		if (end - i == MAIL_REPORT_MARK_BYTES && end < text.len && text.at[end] == '@')
			add_mark(report, str_part(text, i, end - i), false);
		else if (end - i == LINK_CHARS && i >= path.len && str_equal(str_part(text, i - path.len, path.len), path))
			add_mark(report, str_part(text, i, end - i), true);
		i = end > i ? end : i + 1;
	}
}

/* --- decoding --- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct str decode_quoted(struct str body, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < body.len && len < MAIL_REPORT_WORK_BYTES; i++) {
		if (body.at[i] != '=') {
			out[len++] = body.at[i];
		} else if (i + 2 < body.len && hex(body.at[i + 1]) >= 0 && hex(body.at[i + 2]) >= 0) {
			out[len++] = (char) (hex(body.at[i + 1]) * 16 + hex(body.at[i + 2]));
			i += 2;
		} else if (i + 1 < body.len && body.at[i + 1] == '\n') {
			i++;
		} else if (i + 2 < body.len && body.at[i + 1] == '\r' && body.at[i + 2] == '\n') {
			i += 2;
		}
	}
	return str_make(out, len);
}

static int digit64(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static struct str decode_base64(struct str body, char *out)
{
	unsigned bits = 0, held = 0;
	size_t len = 0;

	for (size_t i = 0; i < body.len && len < MAIL_REPORT_WORK_BYTES; i++) {
		int digit = digit64(body.at[i]);

		if (digit < 0)
			continue;
		held = (held << 6 | (unsigned) digit) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[len++] = (char) (held >> bits & 0xff);
		}
	}
	return str_make(out, len);
}

static struct str decode(const struct entity *entity, char *out)
{
	if (strcmp(entity->encoding, "quoted-printable") == 0)
		return decode_quoted(entity->body, out);
	if (strcmp(entity->encoding, "base64") == 0)
		return decode_base64(entity->body, out);
	return entity->body;
}

/* --- parts that say something --- */

/* "5.1.1" at the start of the text: class 2, 4 or 5, two numbers of up to three digits. */
static size_t status_length(struct str text)
{
	size_t i = 1;

	if (text.len < 5 || (text.at[0] != '2' && text.at[0] != '4' && text.at[0] != '5'))
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;

		if (i >= text.len || text.at[i++] != '.')
			return 0;
		while (digits < 4 && i + digits < text.len && text.at[i + digits] >= '0' && text.at[i + digits] <= '9')
			digits++;
		if (digits < 1 || digits > 3)
			return 0;
		i += digits;
	}
	return i < text.len && (text.at[i] == '.' || is_base32(text.at[i])) && !is_space(text.at[i]) ? 0 : i;
}

static void copy_status(struct str text, char out[12])
{
	size_t len = status_length(text);

	memcpy(out, text.at, len);
	out[len] = '\0';
}

/* The first status that stands by itself in the words, unless it says that all went well. */
static void find_status(struct str words, char out[12])
{
	out[0] = '\0';
	for (size_t i = 0; i < words.len && out[0] == '\0'; i++) {
		bool begins = i == 0 || !(words.at[i - 1] == '.' || is_base32(words.at[i - 1]) || words.at[i - 1] == '1');

		if (begins && words.at[i] != '2')
			copy_status(str_part(words, i, SIZE_MAX), out);
	}
}

static int reply_in(struct str words)
{
	for (size_t i = 0; i + 3 <= words.len; i++) {
		bool begins = i == 0 || !(words.at[i - 1] >= '0' && words.at[i - 1] <= '9');
		bool ends = i + 3 == words.len || words.at[i + 3] == ' ' || words.at[i + 3] == '-';

		if (begins && ends && (words.at[i] == '4' || words.at[i] == '5') && words.at[i + 1] >= '0' && words.at[i + 1] <= '5' &&
			words.at[i + 2] >= '0' && words.at[i + 2] <= '9')
			return (words.at[i] - '0') * 100 + (words.at[i + 1] - '0') * 10 + (words.at[i + 2] - '0');
	}
	return 0;
}

/* One recipient's fields (RFC 3464 §2.3). The gravest one stands for the report: there is one recipient a mail of ours. */
static void read_recipient(struct reader *reader, struct str fields)
{
	char action[VALUE_BYTES], value[VALUE_BYTES];
	enum mail_report_kind kind;
	char status[12] = "";
	int reply;

	if (!header(fields, "Action", action))
		return;
	reader->has_status = true;
	if (!starts_nocase(str_trim(str_from(action)), STR("failed")))
		return;
	if (header(fields, "Status", value))
		copy_status(str_trim(str_from(value)), status);
	if (!header(fields, "Diagnostic-Code", value))
		value[0] = '\0';
	if (status[0] == '\0' || strcmp(status, "5.0.0") == 0) { /* the server behind often says more */
		char said[12];

		find_status(str_from(value), said);
		if (said[0] != '\0')
			memcpy(status, said, sizeof(status));
	}
	reply = reply_in(str_from(value));
	kind = mail_report_judge(reply, str_from(status), str_from(value));
	if (reader->has_failed && kind != MAIL_REPORT_HARD)
		return;
	reader->has_failed = true;
	reader->failed = kind;
	memcpy(reader->failed_status, status, sizeof(status));
}

static void read_status(struct reader *reader, struct str body)
{
	struct str fields;

	while (body.len > 0) {
		split(body, &fields, &body);
		read_recipient(reader, fields);
	}
}

static void read_feedback(struct reader *reader, struct str body)
{
	static const char *const complaints[] = {"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", NULL};
	char value[VALUE_BYTES], type[40];
	struct str fields;

	split(body, &fields, &body);
	if (!header(fields, "Feedback-Type", value))
		return;
	reader->is_feedback = true;
	copy_word(str_from(value), type, sizeof(type));
	for (const char *const *one = complaints; *one != NULL; one++)
		reader->is_complaint = reader->is_complaint || strcmp(type, *one) == 0;
}

static void read_original(struct reader *reader)
{
	if (!reader->has_original)
		reader->marks_before_original = reader->report->mark_count;
	reader->has_original = true;
}

static void read_text(struct reader *reader, struct str text)
{
	for (size_t i = 0; i < text.len && reader->words_len < WORDS_BYTES; i++)
		reader->words[reader->words_len++] = is_space(text.at[i]) || text.at[i] == '\0' ? ' ' : text.at[i];
}

static void read_leaf(struct reader *reader, const struct entity *entity)
{
	struct str body = decode(entity, reader->work);
	bool is_text = strncmp(entity->type, "text/", 5) == 0;

	if (strcmp(entity->type, "message/delivery-status") == 0 || strcmp(entity->type, "message/global-delivery-status") == 0)
		read_status(reader, body);
	else if (strcmp(entity->type, "message/feedback-report") == 0)
		read_feedback(reader, body);
	else if (strcmp(entity->type, "message/rfc822") == 0 || strcmp(entity->type, "message/global") == 0 ||
		strcmp(entity->type, "text/rfc822-headers") == 0 || strcmp(entity->type, "message/global-headers") == 0)
		read_original(reader);
	else if (is_text && reader->words_len == 0)
		read_text(reader, body);
	find_marks(reader->report, body);
}

/* --- the parts --- */

static void open_entity(struct str bytes, struct entity *entity)
{
	char value[VALUE_BYTES];

	*entity = (struct entity){0};
	split(bytes, &entity->head, &entity->body);
	if (!header(entity->head, "Content-Type", value))
		(void) memcpy(value, "text/plain", sizeof("text/plain"));
	copy_word(str_from(value), entity->type, sizeof(entity->type));
	if (strncmp(entity->type, "multipart/", 10) == 0)
		parameter(str_from(value), STR("boundary"), entity->boundary, sizeof(entity->boundary));
	if (header(entity->head, "Content-Transfer-Encoding", value))
		copy_word(str_from(value), entity->encoding, sizeof(entity->encoding));
}

static void read_entity(struct reader *reader, struct str bytes, unsigned depth);

/* 0: no boundary; 1: one; 2: the last. */
static int boundary_at(struct str line, struct str boundary)
{
	struct str rest;

	if (!str_starts(line, STR("--")) || !str_starts(str_part(line, 2, SIZE_MAX), boundary))
		return 0;
	rest = str_part(line, 2 + boundary.len, SIZE_MAX);
	if (str_starts(rest, STR("--")))
		return 2;
	return str_trim(rest).len == 0 ? 1 : 0;
}

static void read_parts(struct reader *reader, const struct entity *entity, unsigned depth)
{
	struct str boundary = str_from(entity->boundary), rest = entity->body, line;
	const char *start = NULL;

	while (next_line(&rest, &line)) {
		int which = boundary_at(line, boundary);

		if (which == 0)
			continue;
		if (start != NULL)
			read_entity(reader, str_make(start, (size_t) (line.at - start)), depth + 1);
		start = rest.at;
		if (which == 2 || start == NULL)
			return;
	}
	if (start != NULL) /* cut off: what there is of the last part */
		read_entity(reader, str_make(start, (size_t) (entity->body.at + entity->body.len - start)), depth + 1);
}

static void read_entity(struct reader *reader, struct str bytes, unsigned depth)
{
	struct entity entity;

	if (depth > DEPTH_MOST || ++reader->parts > PARTS_MOST)
		return;
	open_entity(bytes, &entity);
	if (entity.boundary[0] != '\0')
		read_parts(reader, &entity, depth);
	else
		read_leaf(reader, &entity);
}

/* --- the whole --- */

static void read_head(struct reader *reader, struct str head)
{
	char value[VALUE_BYTES];

	find_marks(reader->report, head);
	reader->is_returned = header_holds(head, "From", STR("mailer-daemon")) || header_holds(head, "From", STR("postmaster")) ||
		header(head, "X-Failed-Recipients", value) || header_holds(head, "Return-Path", STR("<>"));
	reader->is_automatic = header_holds(head, "Auto-Submitted", STR("auto-replied")) || header(head, "X-Autoreply", value) ||
		header(head, "X-Autorespond", value) || header_holds(head, "Precedence", STR("auto_reply"));
}

/* A bounce in plain words: a status or a reply in its text says what it means; without either it says nothing. */
static bool read_words(struct reader *reader)
{
	struct str words = str_make(reader->words, reader->words_len);
	char status[12];
	int reply = reply_in(words);

	find_status(words, status);
	reader->failed = mail_report_judge(reply, str_from(status), words);
	memcpy(reader->failed_status, status, sizeof(status));
	return status[0] != '\0' || reply != 0 || reader->failed == MAIL_REPORT_HARD;
}

static enum mail_report_kind kind_of(struct reader *reader)
{
	if (reader->is_feedback)
		return reader->is_complaint ? MAIL_REPORT_COMPLAINT : MAIL_REPORT_UNKNOWN;
	if (reader->has_failed)
		return reader->failed;
	if (reader->has_status)
		return MAIL_REPORT_NOTICE;
	if (reader->is_returned && !reader->is_automatic && read_words(reader))
		return reader->failed;
	if (reader->is_automatic)
		return reader->is_returned && read_words(reader) && reader->failed == MAIL_REPORT_HARD ? MAIL_REPORT_HARD : MAIL_REPORT_AUTO;
	/* What mail firms send without ARF: our mail, attached, by somebody who is no mail server. */
	if (reader->has_original && !reader->is_returned && reader->report->mark_count > reader->marks_before_original)
		return MAIL_REPORT_COMPLAINT;
	return MAIL_REPORT_UNKNOWN;
}

void mail_report_read(struct str mail, char *work, struct mail_report *report)
{
	struct reader reader = {.report = report, .work = work};
	struct str head, body;

	*report = (struct mail_report){0};
	split(mail, &head, &body);
	read_head(&reader, head);
	read_entity(&reader, mail, 0);
	report->kind = kind_of(&reader);
	if (report->kind == MAIL_REPORT_HARD || report->kind == MAIL_REPORT_SOFT)
		memcpy(report->status, reader.failed_status, sizeof(report->status));
}
