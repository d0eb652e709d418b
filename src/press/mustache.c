/* mustache.c: filling a compiled template.
 *
 * Decides: how names are found and what counts as nothing (absent, false, empty text, empty list, empty map is
 * something). Leaves to others: compiling (mustache_compile.c). Runs in: every room. The hard thing: partials may call
 * themselves, so depth is counted (what lies deeper than MUSTACHE_DEPTH is left out) and so are steps.
 * SPDX-License-Identifier: ISC */
#include "mustache.h"

#include "html.h"
#include "mustache_inside.h"
#include "press_inside.h"

struct rendering {
	const struct mustache *mustache;
	const struct press_value *stack[MUSTACHE_DEPTH + 2]; /* contexts, the innermost last */
	int depth;
	int partials;
	int steps;
	struct buf *out;
};

static const struct press_value *find(const struct rendering *r, const struct mustache_piece *piece)
{
	const struct press_value *value = NULL;
	uint32_t word;
	int i;

	if (piece->path_count == 0)
		return r->stack[r->depth - 1];
	for (i = r->depth - 1; i >= 0 && value == NULL; i--)
		value = press_get_hashed(r->stack[i], piece->path[0].name, piece->path[0].hash);
	for (word = 1; word < piece->path_count && value != NULL; word++)
		value = press_get_hashed(value, piece->path[word].name, piece->path[word].hash);
	return value;
}

static bool is_something(const struct press_value *value)
{
	if (value == NULL)
		return false;
	switch (value->type) {
	case PRESS_TEXT: return value->text.len > 0;
	case PRESS_BOOL: return value->yes;
	case PRESS_LIST: return value->count > 0;
	case PRESS_MAP:
	default: return true;
	}
}

static void render(struct rendering *r, const struct mustache_program *program, uint32_t from, uint32_t until);

static void render_with(struct rendering *r, const struct mustache_program *program, uint32_t from, uint32_t until,
	const struct press_value *context)
{
	if (r->depth > MUSTACHE_DEPTH)
		return;
	r->stack[r->depth++] = context;
	render(r, program, from, until);
	r->depth--;
}

static void render_section(struct rendering *r, const struct mustache_program *program, uint32_t at)
{
	const struct mustache_piece *piece = &program->pieces[at];
	const struct press_value *value = find(r, piece);
	size_t i;

	if (!is_something(value))
		return;
	if (value->type == PRESS_LIST) {
		for (i = 0; i < value->count && !r->out->over; i++)
			render_with(r, program, at + 1, piece->until, value->items[i]);
	} else {
		render_with(r, program, at + 1, piece->until, value);
	}
}

static void write_value(struct buf *out, const struct press_value *value, bool is_raw)
{
	if (value == NULL)
		return;
	if (value->type == PRESS_BOOL)
		buf_add_text(out, value->yes ? "true" : "false");
	else if (value->type == PRESS_TEXT && is_raw)
		buf_add_str(out, value->text);
	else if (value->type == PRESS_TEXT)
		html_text(out, value->text);
}

static void render(struct rendering *r, const struct mustache_program *program, uint32_t from, uint32_t until)
{
	uint32_t at = from;

	while (at < until && !r->out->over) {
		const struct mustache_piece *piece = &program->pieces[at];

		if (++r->steps > MUSTACHE_STEPS)
			r->out->over = true; /* the sink is told that something is missing */
		switch (piece->kind) {
		case MUSTACHE_TEXT:
			buf_add_str(r->out, piece->text);
			break;
		case MUSTACHE_ESCAPED:
		case MUSTACHE_RAW:
			write_value(r->out, find(r, piece), piece->kind == MUSTACHE_RAW);
			break;
		case MUSTACHE_SECTION:
			render_section(r, program, at);
			at = piece->until;
			continue;
		case MUSTACHE_INVERTED:
			if (is_something(find(r, piece))) {
				at = piece->until;
				continue;
			}
			break;
		case MUSTACHE_PARTIAL:
		default:
			if (r->partials < MUSTACHE_DEPTH) {
				const struct mustache_program *partial = r->mustache->programs[piece->program];

				r->partials++;
				render(r, partial, 0, partial->count);
				r->partials--;
			}
			break;
		}
		at++;
	}
}

void mustache_render(const struct mustache *mustache, const struct press_value *root, struct buf *out)
{
	mustache_render_over(mustache, NULL, root, out);
}

void mustache_render_over(const struct mustache *mustache, const struct press_value *behind,
	const struct press_value *root, struct buf *out)
{
	static const struct press_value nothing = {.type = PRESS_MAP};
	struct rendering r = {.mustache = mustache, .out = out};

	if (behind != NULL)
		r.stack[r.depth++] = behind;
	r.stack[r.depth++] = root != NULL ? root : &nothing;
	render(&r, mustache->programs[0], 0, mustache->programs[0]->count);
}
