/* svg.c: a drawing from outside, taken apart and written again.
 *
 * Decides: which elements, attributes and values a drawing in a page may have. Leaves to others: where it stands. Runs in: desk
 * (a logo that is given), every room that shows pages (a logo that is read back). The hard thing: a browser reads the result as
 * HTML, not as XML, so what is not on a list is refused and what is written is written anew: there is nothing on which
 * two parsers could differ. `use` is not on the list: a few lines of it make millions of shapes.
 * SPDX-License-Identifier: ISC */
#include "svg.h"

#include <stdio.h>
#include "base/fault.h"
#include "html.h"

enum { SVG_DEPTH = 16, SVG_ATTRIBUTES = 40, SVG_PIECE = 8 * 1024 };

static const char svg_id_prefix[] = "logo-";

struct svg_attribute {
	struct str name;
	struct str value;           /* decoded, in reader.piece */
};

struct svg_reader {
	struct str rest;
	int line;
	struct buf *out;
	struct fault *f;
	struct buf piece;           /* the decoded values of one element */
	struct svg_attribute attributes[SVG_ATTRIBUTES];
	size_t attribute_count;
	struct str open[SVG_DEPTH];
	size_t depth;
	size_t dropped_at;          /* the depth of an element that is left out; 0: none */
	bool is_over;               /* the root has ended */
};

static bool svg_wrong(struct svg_reader *r, const char *say, struct str what)
{
	return fault_set(r->f, FAULT_INPUT, "line %d of the drawing: %s%s%.*s%s", r->line, say, what.len > 0 ? " (" : "",
		(int) (what.len > 60 ? 60 : what.len), what.len > 0 ? what.at : "", what.len > 0 ? ")" : "");
}

/* --- lists --- */

static const char *const svg_elements[] = {"svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text",
	"tspan", "defs", "linearGradient", "radialGradient", "stop", "clipPath", NULL};

static const char *const svg_left_out[] = {"metadata", "title", "desc", NULL};

/* Geometry, and what a style attribute may also say. */
static const char *const svg_attributes[] = {"d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "dx", "dy",
	"width", "height", "viewBox", "points", "transform", "gradientTransform", "gradientUnits", "spreadMethod", "clipPathUnits",
	"pathLength", "preserveAspectRatio", "textLength", "lengthAdjust", "offset", NULL};
static const char *const svg_properties[] = {"fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity",
	"stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "opacity", "clip-path",
	"clip-rule", "stop-color", "stop-opacity", "color", "display", "visibility", "font-family", "font-size", "font-weight",
	"font-style", "letter-spacing", "word-spacing", "text-anchor", "vector-effect", "paint-order", NULL};

/* Attributes that say nothing to a browser, or that we say ourselves. */
static const char *const svg_silent[] = {"version", "baseProfile", "role", "focusable", "enable-background", "xmlns", NULL};

static bool svg_is_listed(struct str name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (str_is(name, *list))
			return true;
	return false;
}

static bool svg_has_prefix(struct str name)
{
	return str_find_char(name, ':') != SIZE_MAX;
}

/* --- single bytes and names --- */

static bool svg_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool svg_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool svg_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void svg_go(struct svg_reader *r, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes && i < r->rest.len; i++)
		r->line += r->rest.at[i] == '\n';
	r->rest = str_part(r->rest, bytes, SIZE_MAX);
}

static void svg_skip_space(struct svg_reader *r)
{
	while (r->rest.len > 0 && svg_is_space(r->rest.at[0]))
		svg_go(r, 1);
}

static struct str svg_take_name(struct svg_reader *r)
{
	size_t length = 0;
	struct str name;

	while (length < r->rest.len && (svg_is_letter(r->rest.at[length]) || (length > 0 && (svg_is_digit(r->rest.at[length])
		|| strchr(":_.-", r->rest.at[length]) != NULL))))
		length++;
	name = str_part(r->rest, 0, length);
	svg_go(r, length);
	return name;
}

/* &amp; and the like, from '&' on. A character that no drawing needs is refused by the value's own check. */
static bool svg_take_entity(struct svg_reader *r, struct buf *out)
{
	static const struct {
		const char *text;
		char is;
	} known[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''}, {"&#34;", '"'},
		{"&#x27;", '\''}, {"&#160;", ' '}};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_starts(r->rest, str_from(known[i].text))) {
			buf_add_char(out, known[i].is);
			svg_go(r, strlen(known[i].text));
			return true;
		}
	return svg_wrong(r, "write characters as they are, not as entities", str_part(r->rest, 0, 12));
}

/* --- values --- */

static bool svg_is_id(struct str id)
{
	size_t i;

	if (id.len == 0 || id.len > 60 || !(svg_is_letter(id.at[0]) || id.at[0] == '_'))
		return false;
	for (i = 1; i < id.len; i++)
		if (!svg_is_letter(id.at[i]) && !svg_is_digit(id.at[i]) && strchr("_.-", id.at[i]) == NULL)
			return false;
	return true;
}

/* "logo-x" from "x", and from "logo-x": what was written is taken again. */
static void svg_write_id(struct svg_reader *r, struct str id)
{
	if (!str_starts(id, str_from(svg_id_prefix)))
		buf_add_text(r->out, svg_id_prefix);
	buf_add_str(r->out, id);
}

/* Numbers, colours, names of fonts: nothing in which an address or a script could stand. */
static bool svg_is_plain(struct str value)
{
	size_t i;

	for (i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (!svg_is_letter(c) && !svg_is_digit(c) && strchr(" .,+-()#%_'", c) == NULL)
			return false;
	}
	return true;
}

static bool svg_has_url(struct str value)
{
	size_t i;

	for (i = 0; i + 4 <= value.len; i++)
		if (str_equal_nocase(str_part(value, i, 4), STR("url(")))
			return true;
	return false;
}

/* url(#id), the whole value. */
static struct str svg_fragment(struct str value)
{
	if (!str_starts(value, STR("url(#")) || !str_ends(value, STR(")")))
		return (struct str){NULL, 0};
	return str_part(value, 5, value.len - 6);
}

static bool svg_write_value(struct svg_reader *r, struct str name, struct str value)
{
	struct str id = svg_fragment(value);
	size_t i;

	value = str_trim(value);
	if (svg_has_url(value)) {
		if (!svg_is_id(id))
			return svg_wrong(r, "a reference may only lead to a part of the same drawing, such as url(#a)", value);
		buf_format(r->out, " %.*s=\"url(#", STR_ARG(name));
		svg_write_id(r, id);
		buf_add_text(r->out, ")\"");
		return true;
	}
	buf_format(r->out, " %.*s=\"", STR_ARG(name));
	for (i = 0; i < value.len; i++)
		buf_add_char(r->out, svg_is_space(value.at[i]) ? ' ' : value.at[i] == '"' ? '\'' : value.at[i]);
	buf_add_char(r->out, '"');
	/* looked at as it was written */
	for (i = r->out->len - 1; i > 0 && r->out->at[i - 1] != '"'; i--)
		;
	return r->out->over || svg_is_plain(str_make(r->out->at + i, r->out->len - 1 - i))
		|| svg_wrong(r, "this value holds something else than numbers, colours and names", value);
}

/* "fill:#000;stroke:none" → attributes. */
static bool svg_write_style(struct svg_reader *r, struct str style)
{
	struct str piece;

	while (str_next(&style, ';', &piece)) {
		size_t colon = str_find_char(piece, ':');
		struct str name = str_trim(str_part(piece, 0, colon)), value = colon == SIZE_MAX ? (struct str){NULL, 0}
			: str_trim(str_part(piece, colon + 1, SIZE_MAX));
		size_t i;

		if (name.len == 0 || name.at[0] == '-')
			continue;
		if (!svg_is_listed(name, svg_properties)) {
			/* what drawing programs write for themselves; a word with url( in it is never passed over */
			if (svg_has_url(value))
				return svg_wrong(r, "this style is not taken", name);
			continue;
		}
		for (i = 0; i < r->attribute_count; i++)
			if (str_equal(r->attributes[i].name, name))
				break;
		if (i == r->attribute_count && !svg_write_value(r, name, value))
			return false;
	}
	return true;
}

static const struct svg_attribute *svg_find(const struct svg_reader *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->attribute_count; i++)
		if (str_is(r->attributes[i].name, name))
			return &r->attributes[i];
	return NULL;
}

static bool svg_write_attribute(struct svg_reader *r, struct str element, const struct svg_attribute *attribute)
{
	struct str name = attribute->name, value = attribute->value;
	bool is_root = str_is(element, "svg");

	if (name.len > 2 && str_equal_nocase(str_part(name, 0, 2), STR("on")))
		return svg_wrong(r, "a drawing must not run scripts: take this attribute out", name);
	if (str_is(name, "id")) {
		if (is_root)
			return true;
		if (!svg_is_id(value))
			return svg_wrong(r, "an id has letters, digits, - and _", value);
		buf_add_text(r->out, " id=\"");
		svg_write_id(r, value);
		buf_add_char(r->out, '"');
		return true;
	}
	if (str_is(name, "href") || str_is(name, "xlink:href")) {
		struct str id = str_starts(value, STR("#")) ? str_part(value, 1, SIZE_MAX) : (struct str){NULL, 0};

		if (!str_ends(element, STR("Gradient")) || !svg_is_id(id))
			return svg_wrong(r, "a drawing must not link to anything; only a gradient may name another of the same drawing", value);
		buf_add_text(r->out, " href=\"#");
		svg_write_id(r, id);
		buf_add_char(r->out, '"');
		return true;
	}
	if (str_is(name, "style"))
		return svg_write_style(r, value);
	if (svg_has_prefix(name) || svg_is_listed(name, svg_silent) || str_starts(name, STR("data-")) || str_starts(name, STR("aria-")))
		return true;
	if (is_root && (str_is(name, "x") || str_is(name, "y") || str_is(name, "width") || str_is(name, "height")))
		return true; /* the page says how large it is */
	if (svg_is_listed(name, svg_attributes) || svg_is_listed(name, svg_properties))
		return svg_write_value(r, name, value);
	if (str_is(name, "class"))
		return svg_wrong(r, "a drawing with classes needs a style sheet, which is not taken: export it with presentation attributes",
			(struct str){NULL, 0});
	return svg_wrong(r, "this attribute is not taken", name);
}

/* --- elements --- */

/* width="120px" → 120, when it is a plain number. */
static struct str svg_number(const struct svg_attribute *attribute)
{
	struct str value = attribute != NULL ? attribute->value : (struct str){NULL, 0};
	size_t i;

	if (str_ends(value, STR("px")))
		value = str_part(value, 0, value.len - 2);
	for (i = 0; i < value.len; i++)
		if (!svg_is_digit(value.at[i]) && value.at[i] != '.')
			return (struct str){NULL, 0};
	return value;
}

static bool svg_write_root(struct svg_reader *r)
{
	struct str width = svg_number(svg_find(r, "width")), height = svg_number(svg_find(r, "height"));

	buf_add_text(r->out, " xmlns=\"http://www.w3.org/2000/svg\" aria-hidden=\"true\" focusable=\"false\"");
	if (svg_find(r, "viewBox") != NULL)
		return true;
	if (width.len == 0 || height.len == 0)
		return svg_wrong(r, "the drawing does not say how large it is: give its svg element a viewBox", (struct str){NULL, 0});
	buf_format(r->out, " viewBox=\"0 0 %.*s %.*s\"", STR_ARG(width), STR_ARG(height));
	return true;
}

static bool svg_begin_element(struct svg_reader *r, struct str name)
{
	size_t i;

	if (r->dropped_at > 0)
		return true;
	if (svg_has_prefix(name) || svg_is_listed(name, svg_left_out)) {
		if (r->depth == 1)
			return svg_wrong(r, "a drawing begins with <svg>", name);
		r->dropped_at = r->depth;
		return true;
	}
	if (str_equal_nocase(name, STR("script")) || str_equal_nocase(name, STR("style")) || str_equal_nocase(name, STR("foreignObject"))
		|| str_equal_nocase(name, STR("image")) || str_equal_nocase(name, STR("a")) || str_equal_nocase(name, STR("use")))
		return svg_wrong(r, "this element is not taken in a logo: draw with shapes, and export with presentation attributes", name);
	if (!svg_is_listed(name, svg_elements) || (r->depth == 1) != str_is(name, "svg"))
		return svg_wrong(r, r->depth == 1 ? "a drawing begins with <svg>" : "this element is not taken", name);
	buf_format(r->out, "<%.*s", STR_ARG(name));
	if (r->depth == 1 && !svg_write_root(r))
		return false;
	for (i = 0; i < r->attribute_count; i++)
		if (!svg_write_attribute(r, name, &r->attributes[i]))
			return false;
	buf_add_char(r->out, '>');
	return true;
}

static bool svg_end_element(struct svg_reader *r, struct str name)
{
	if (r->depth == 0 || !str_equal(r->open[r->depth - 1], name))
		return svg_wrong(r, "an element ends that is not open", name);
	if (r->dropped_at == 0)
		buf_format(r->out, "</%.*s>", STR_ARG(name));
	if (r->dropped_at == r->depth)
		r->dropped_at = 0;
	r->depth--;
	r->is_over = r->depth == 0;
	return true;
}

static bool svg_take_attribute(struct svg_reader *r)
{
	struct svg_attribute *attribute = &r->attributes[r->attribute_count];
	size_t from = r->piece.len, i;
	char quote;

	if (r->attribute_count == SVG_ATTRIBUTES)
		return svg_wrong(r, "an element has too many attributes", (struct str){NULL, 0});
	attribute->name = svg_take_name(r);
	svg_skip_space(r);
	if (attribute->name.len == 0 || r->rest.len == 0 || r->rest.at[0] != '=')
		return svg_wrong(r, "an attribute is written name=\"value\"", attribute->name);
	svg_go(r, 1);
	svg_skip_space(r);
	quote = r->rest.len > 0 ? r->rest.at[0] : '\0';
	if (quote != '"' && quote != '\'')
		return svg_wrong(r, "an attribute's value stands in quotes", attribute->name);
	svg_go(r, 1);
	while (r->rest.len > 0 && r->rest.at[0] != quote) {
		if (r->rest.at[0] == '<')
			return svg_wrong(r, "a value must not hold <", attribute->name);
		if (r->rest.at[0] == '&') {
			if (!svg_take_entity(r, &r->piece))
				return false;
			continue;
		}
		buf_add_char(&r->piece, r->rest.at[0]);
		svg_go(r, 1);
	}
	if (r->rest.len == 0 || r->piece.over)
		return svg_wrong(r, "a value does not end", attribute->name);
	svg_go(r, 1);
	attribute->value = str_make(NULL, from); /* where it begins: the bytes may move until the element ends */
	for (i = 0; i < r->attribute_count; i++)
		if (str_equal(r->attributes[i].name, attribute->name))
			return svg_wrong(r, "an attribute stands twice", attribute->name);
	r->attribute_count++;
	return true;
}

static void svg_settle_values(struct svg_reader *r)
{
	size_t end = r->piece.len, i;

	for (i = r->attribute_count; i-- > 0;) {
		size_t from = r->attributes[i].value.len;

		r->attributes[i].value = end > from ? str_make(r->piece.at + from, end - from) : (struct str){NULL, 0};
		end = from;
	}
}

/* From '<' and a letter on. */
static bool svg_take_start(struct svg_reader *r)
{
	struct str name;
	bool is_empty;

	svg_go(r, 1);
	name = svg_take_name(r);
	buf_clear(&r->piece);
	r->attribute_count = 0;
	if (r->is_over || r->depth == SVG_DEPTH)
		return svg_wrong(r, r->is_over ? "something stands behind the drawing" : "elements stand too deep in each other", name);
	r->open[r->depth++] = name;
	for (;;) {
		bool had_space = r->rest.len > 0 && svg_is_space(r->rest.at[0]);

		svg_skip_space(r);
		is_empty = str_starts(r->rest, STR("/>"));
		if (is_empty || str_starts(r->rest, STR(">")))
			break;
		if (!had_space || !svg_take_attribute(r))
			return r->f->kind != FAULT_NONE ? false : svg_wrong(r, "attributes are parted by a blank", name);
	}
	svg_go(r, is_empty ? 2 : 1);
	svg_settle_values(r);
	return svg_begin_element(r, name) && (!is_empty || svg_end_element(r, name));
}

static bool svg_take_end(struct svg_reader *r)
{
	struct str name;

	svg_go(r, 2);
	name = svg_take_name(r);
	svg_skip_space(r);
	if (!str_starts(r->rest, STR(">")))
		return svg_wrong(r, "an end tag is written </name>", name);
	svg_go(r, 1);
	return svg_end_element(r, name);
}

/* Comments, <?xml … ?>, <!DOCTYPE …> without declarations of its own. */
static bool svg_take_aside(struct svg_reader *r)
{
	static const struct {
		const char *begins, *ends;
		bool only_before;
	} kinds[] = {{"<!--", "-->", false}, {"<?xml ", "?>", true}, {"<!DOCTYPE ", ">", true}};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t end;

		if (!str_starts(r->rest, str_from(kinds[i].begins)))
			continue;
		end = str_find(str_part(r->rest, strlen(kinds[i].begins), SIZE_MAX), str_from(kinds[i].ends));
		if (end == SIZE_MAX || (kinds[i].only_before && r->depth > 0))
			break;
		end += strlen(kinds[i].begins) + strlen(kinds[i].ends);
		if (kinds[i].only_before && str_find_char(str_part(r->rest, 0, end), '[') != SIZE_MAX)
			break;
		svg_go(r, end);
		return true;
	}
	return svg_wrong(r, "only elements and comments stand in a drawing", str_part(r->rest, 0, 20));
}

static bool svg_take_text(struct svg_reader *r)
{
	size_t length = 0;
	bool is_blank = true, is_word;
	struct str text;

	is_word = r->dropped_at == 0 && r->depth > 0 && (str_is(r->open[r->depth - 1], "text") || str_is(r->open[r->depth - 1], "tspan"));
	while (length < r->rest.len && r->rest.at[length] != '<' && r->rest.at[length] != '&') {
		is_blank = is_blank && svg_is_space(r->rest.at[length]);
		length++;
	}
	text = str_part(r->rest, 0, length);
	if (length == 0) { /* an entity */
		buf_clear(&r->piece);
		if (!svg_take_entity(r, &r->piece))
			return false;
		text = buf_view(&r->piece);
		is_blank = false;
	} else
		svg_go(r, length);
	if (is_word)
		html_text(r->out, text);
	else if (!is_blank && r->dropped_at == 0)
		return svg_wrong(r, "words stand outside of a text element", str_trim(text));
	return true;
}

static bool svg_is_text(struct str source)
{
	size_t i;

	for (i = 0; i < source.len; i++)
		if (((unsigned char) source.at[i] < 0x20 && !svg_is_space(source.at[i])) || source.at[i] == 0x7f)
			return false;
	return str_is_utf8(source);
}

bool svg_take(struct str source, struct buf *out, struct fault *f)
{
	struct buf written;
	struct svg_reader r = {.rest = source, .line = 1, .out = &written, .f = f};
	bool ok = true;

	if (source.len > SVG_INPUT_BYTES)
		return fault_set(f, FAULT_INPUT, "the drawing has %zu bytes: at most %d are read; export it as plain SVG, with simpler paths",
			source.len, SVG_INPUT_BYTES);
	if (!svg_is_text(source))
		return fault_set(f, FAULT_INPUT, "this is no SVG file: it holds bytes that are no text");
	buf_init(&written, SVG_INPUT_BYTES * 2);
	buf_init(&r.piece, SVG_PIECE * 4);
	if (str_starts(r.rest, STR("\xef\xbb\xbf")))
		r.rest = str_part(r.rest, 3, SIZE_MAX);
	while (ok && r.rest.len > 0) {
		if (r.rest.at[0] != '<')
			ok = svg_take_text(&r);
		else if (str_starts(r.rest, STR("</")))
			ok = svg_take_end(&r);
		else if (r.rest.len > 1 && svg_is_letter(r.rest.at[1]))
			ok = svg_take_start(&r);
		else
			ok = svg_take_aside(&r);
	}
	if (ok && !r.is_over)
		ok = svg_wrong(&r, r.depth > 0 ? "the drawing does not end: it was cut off" : "this is no SVG: it must begin with <svg>",
			(struct str){NULL, 0});
	if (ok && (written.over || written.len > SVG_BYTES))
		ok = fault_set(f, FAULT_INPUT, "the drawing has %zu bytes when tidied: at most %d, as it stands in every page; use simpler paths "
			"and fewer decimals", written.len, SVG_BYTES);
	if (ok)
		buf_add_str(out, buf_view(&written));
	buf_release(&written);
	buf_release(&r.piece);
	return ok;
}
