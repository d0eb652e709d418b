/* http_gate.c: the gate on the wire.
 *
 * Decides: which requests are so well-formed that every program between a reader and us must have read them as we do.
 * Leaves to others: what the request means (http_dispatch.c: host list, routes, sizes per route), and deadlines
 * (http_wire.c). Runs in: every room. The hard thing: bytes come in any portions, several requests may stand in one,
 * and libmicrohttpd must never see the end of a head that was refused.
 * SPDX-License-Identifier: ISC */
#include "http_gate.h"

#include "base/arena.h"

enum { TOKEN = 1, VISIBLE = 2, VALUE = 4, HOST = 8, DIGIT = 16 };

#define T (TOKEN | VISIBLE | VALUE)
#define V (VISIBLE | VALUE)
#define H (TOKEN | VISIBLE | VALUE | HOST)
#define D (TOKEN | VISIBLE | VALUE | HOST | DIGIT)

/* RFC 9110 §5.6.2 (token), §5.5 (field values), §7.2 (host, without userinfo and percent) */
static const unsigned char class_of[128] = {
	['\t'] = VALUE, [' '] = VALUE,
	['!'] = T, ['"'] = V, ['#'] = T, ['$'] = T, ['%'] = T, ['&'] = T, ['\''] = T, ['('] = V, [')'] = V, ['*'] = T,
	['+'] = T, [','] = V, ['-'] = H, ['.'] = H, ['/'] = V,
	['0'] = D, ['1'] = D, ['2'] = D, ['3'] = D, ['4'] = D, ['5'] = D, ['6'] = D, ['7'] = D, ['8'] = D, ['9'] = D,
	[':'] = V | HOST, [';'] = V, ['<'] = V, ['='] = V, ['>'] = V, ['?'] = V, ['@'] = V,
	['A'] = H, ['B'] = H, ['C'] = H, ['D'] = H, ['E'] = H, ['F'] = H, ['G'] = H, ['H'] = H, ['I'] = H, ['J'] = H,
	['K'] = H, ['L'] = H, ['M'] = H, ['N'] = H, ['O'] = H, ['P'] = H, ['Q'] = H, ['R'] = H, ['S'] = H, ['T'] = H,
	['U'] = H, ['V'] = H, ['W'] = H, ['X'] = H, ['Y'] = H, ['Z'] = H,
	['['] = V | HOST, ['\\'] = V, [']'] = V | HOST, ['^'] = T, ['_'] = H, ['`'] = T,
	['a'] = H, ['b'] = H, ['c'] = H, ['d'] = H, ['e'] = H, ['f'] = H, ['g'] = H, ['h'] = H, ['i'] = H, ['j'] = H,
	['k'] = H, ['l'] = H, ['m'] = H, ['n'] = H, ['o'] = H, ['p'] = H, ['q'] = H, ['r'] = H, ['s'] = H, ['t'] = H,
	['u'] = H, ['v'] = H, ['w'] = H, ['x'] = H, ['y'] = H, ['z'] = H,
	['{'] = V, ['|'] = T, ['}'] = V, ['~'] = T,
};

/* Bytes from 128 on may stand in values only. */
static bool is_in(char c, unsigned char class)
{
	unsigned char byte = (unsigned char) c;

	return ((byte < sizeof(class_of) ? class_of[byte] : VALUE) & class) != 0;
}

static size_t span(struct str s, size_t from, unsigned char class)
{
	size_t i = from;

	while (i < s.len && is_in(s.at[i], class))
		i++;
	return i - from;
}

static int refuse(int status, const char *reason, const char **say)
{
	*say = reason;
	return status;
}

/* "GET /path HTTP/1.1" */
static int check_request_line(struct str line, struct gate_head *out, const char **say)
{
	size_t method = span(line, 0, TOKEN);
	size_t target = 0;
	struct str version = {NULL, 0};

	if (method == 0 || method > 16 || method >= line.len || line.at[method] != ' ')
		return refuse(400, "The request line is malformed.", say);
	target = span(line, method + 1, VISIBLE);
	if (target == 0 || line.at[method + 1] != '/')
		return refuse(400, "The request's target must be a path.", say);
	if (target > GATE_TARGET_BYTES)
		return refuse(414, "The address is too long.", say);
	version = str_part(line, method + 1 + target, SIZE_MAX);
	if (!str_is(version, " HTTP/1.1") && !str_is(version, " HTTP/1.0"))
		return version.len == 9 && str_starts(version, STR(" HTTP/"))
			? refuse(505, "Only HTTP/1.1 is spoken here.", say) : refuse(400, "The request line is malformed.", say);
	out->method = str_part(line, 0, method);
	out->target = str_part(line, method + 1, target);
	return 0;
}

struct seen {
	unsigned hosts;
	unsigned lengths;
	bool encoding;
};

static int check_length(struct str value, struct seen *seen, struct gate_head *out, const char **say)
{
	if (++seen->lengths > 1)
		return refuse(400, "Content-Length stands there twice.", say);
	if (value.len == 0 || value.len > 15 || span(value, 0, DIGIT) != value.len)
		return refuse(400, "Content-Length is malformed.", say);
	for (size_t i = 0; i < value.len; i++)
		out->length = out->length * 10 + (uint64_t) (value.at[i] - '0');
	return 0;
}

static int check_field(struct str line, struct seen *seen, struct gate_head *out, const char **say)
{
	size_t name_len = span(line, 0, TOKEN);
	struct str name = str_part(line, 0, name_len);
	struct str value = {NULL, 0};

	if (name_len == 0 || name_len >= line.len || line.at[name_len] != ':')
		return refuse(400, "A header line is malformed.", say);
	if (span(line, name_len + 1, VALUE) != line.len - name_len - 1)
		return refuse(400, "A header line holds a control character.", say);
	/* By length first: nearly every field of a browser is told apart by it. */
	switch (name_len) {
	case 4:
		if (!str_equal_nocase(name, STR("host")))
			break;
		value = str_trim(str_part(line, name_len + 1, SIZE_MAX));
		if (++seen->hosts > 1 || value.len == 0 || span(value, 0, HOST) != value.len)
			return refuse(400, "There must be one well-formed Host.", say);
		out->host = value;
		break;
	case 6:
		if (!str_equal_nocase(name, STR("expect")))
			break;
		value = str_trim(str_part(line, name_len + 1, SIZE_MAX));
		if (!str_equal_nocase(value, STR("100-continue")))
			return refuse(417, "Only 100-continue can be expected.", say);
		break;
	case 14:
		if (!str_equal_nocase(name, STR("content-length")))
			break;
		return check_length(str_trim(str_part(line, name_len + 1, SIZE_MAX)), seen, out, say);
	case 17:
		if (str_equal_nocase(name, STR("transfer-encoding")))
			seen->encoding = true;
		break;
	default:
		break;
	}
	return 0;
}

static int check_framing(const struct seen *seen, const struct gate_head *head, const char **say)
{
	bool has_body_method = str_is(head->method, "POST") || str_is(head->method, "PUT");

	if (seen->hosts != 1)
		return refuse(400, "There must be one well-formed Host.", say);
	if (seen->encoding && seen->lengths > 0)
		return refuse(400, "Content-Length and Transfer-Encoding exclude each other.", say);
	if (seen->encoding)
		return has_body_method ? refuse(411, "Content-Length is needed.", say)
			: refuse(400, "This request cannot have a body.", say);
	if (head->length > 0 && !has_body_method)
		return refuse(400, "This request cannot have a body.", say);
	if (seen->lengths == 0 && has_body_method)
		return refuse(411, "Content-Length is needed.", say);
	return 0;
}

int gate_check_head(struct str head, struct gate_head *out, const char **say)
{
	struct seen seen = {0, 0, false};
	struct str rest = head;
	unsigned lines = 0;

	*out = (struct gate_head){{NULL, 0}, {NULL, 0}, {NULL, 0}, 0};
	while (rest.len > 0) {
		const char *end = memchr(rest.at, '\n', rest.len);
		struct str line = {rest.at, 0};
		int status = 0;

		if (end == NULL || end == rest.at || end[-1] != '\r')
			return refuse(400, "A line of the head does not end with CR LF.", say);
		line.len = (size_t) (end - rest.at) - 1;
		rest = str_part(rest, line.len + 2, SIZE_MAX);
		if (line.len == 0 && lines > 0)
			return rest.len == 0 ? check_framing(&seen, out, say) : refuse(400, "The head goes on after its end.", say);
		status = lines == 0 ? check_request_line(line, out, say) : check_field(line, &seen, out, say);
		if (status != 0)
			return status;
		if (++lines > GATE_FIELDS)
			return refuse(431, "There are too many header lines.", say);
	}
	return refuse(400, "The head has no end.", say);
}

/* Looks for the end of the head from byte `from` on (what stands before was looked at). *end: one past it, or 0 when
 * it has not come. False at a line that does not end with CR LF, or an empty first one. */
static bool find_end(const char *at, size_t from, size_t len, size_t *end)
{
	size_t i = from;

	*end = 0;
	while (i < len) {
		const char *lf = memchr(at + i, '\n', len - i);

		if (lf == NULL)
			return true;
		i = (size_t) (lf - at);
		if (i < 2 || at[i - 1] != '\r')
			return false;
		if (at[i - 2] == '\n') {
			*end = i + 1;
			return true;
		}
		i++;
	}
	return true;
}

static void gate_refuse(struct gate *gate, int status, const char *say)
{
	gate->status = status;
	gate->say = say;
}

/* Takes what it can of one head. Gives the number of bytes that may be handed on. */
static size_t feed_head(struct gate *gate, const char *at, size_t len)
{
	const char *head = at;
	size_t before = gate->kept_len;
	size_t have = len;
	size_t end = 0;
	struct gate_head parsed;

	if (before > 0) {
		size_t more = len < GATE_HEAD_BYTES + 1 - before ? len : GATE_HEAD_BYTES + 1 - before;

		memcpy(gate->kept + before, at, more);
		head = gate->kept;
		have = before + more;
	}
	if (!find_end(head, before, have, &end)) {
		gate_refuse(gate, 400, "A line of the head does not end with CR LF.");
		return 0;
	}
	if (end > GATE_HEAD_BYTES || (end == 0 && have > GATE_HEAD_BYTES)) {
		gate_refuse(gate, memchr(head, '\r', have) == NULL ? 414 : 431, "The head of the request is too long.");
		return 0;
	}
	if (end == 0) {
		if (before == 0) {
			if (gate->kept == NULL)
				gate->kept = memory_new(1, GATE_HEAD_BYTES + 1);
			memcpy(gate->kept, at, have);
		}
		gate->kept_len = have;
		return len;
	}
	gate->status = gate_check_head(str_make(head, end), &parsed, &gate->say);
	if (gate->status != 0)
		return 0;
	gate->kept_len = 0;
	gate->heads++;
	gate->body_left = parsed.length;
	return end - before;
}

size_t gate_feed(struct gate *gate, const char *at, size_t len)
{
	size_t done = 0;

	while (done < len && gate->status == 0) {
		if (gate->body_left > 0) {
			size_t part = len - done;

			if (part > gate->body_left)
				part = (size_t) gate->body_left;
			gate->body_left -= part;
			done += part;
		} else {
			done += feed_head(gate, at + done, len - done);
		}
	}
	return done;
}

bool gate_in_head(const struct gate *gate)
{
	return gate->kept_len > 0;
}

void gate_release(struct gate *gate)
{
	memory_free(gate->kept);
	gate->kept = NULL;
	gate->kept_len = 0;
}
