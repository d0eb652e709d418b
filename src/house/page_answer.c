/* page_answer.c: pages that a room answers with at once: small pages, faults, any template.
 *
 * Runs in: front, newsletter, support. The hard thing: an error page is made when something already went wrong, so it
 * falls back to plain words instead of failing again.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "house/page.h"
#include "house/room.h"
#include "http/http.h"
#include "press/html.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"

void page_headers(const struct settings *settings, struct theme *theme, struct http_request *rq)
{
	struct str csp = page_csp(settings, theme, http_arena(rq));

	if (csp.at != NULL)
		http_set(rq, "Content-Security-Policy", csp.at);
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_set(rq, "Referrer-Policy", "no-referrer");
	http_set(rq, "Cache-Control", "no-store");
}

static void page_render_or_say(struct room *room, const char *template_name, const struct press_value *root, struct buf *out)
{
	struct fault f = {0};

	if (press_value_is_whole(root) && theme_render(room->theme, template_name, root, out, &f) && buf_check(out, "a page", &f))
		return;
	log_fault(&f, template_name);
	buf_clear(out);
	buf_add_text(out, "<!doctype html><title>500</title><p>Something went wrong here. Please try again.");
}

void page_answer(struct room *room, struct http_request *rq, int status, const char *template_name,
	const struct press_value *root)
{
	struct buf out;

	buf_init(&out, LIMIT_PAGE_BYTES);
	page_render_or_say(room, template_name, root, &out);
	page_headers(&room->settings, room->theme, rq);
	http_answer_html(rq, status, buf_view(&out));
	buf_release(&out);
}

static struct press_value *page_small_values(struct room *room, const struct page_small *small, struct arena *arena)
{
	struct press_value *root = page_values(room->theme, &room->settings, &small->page, arena);
	const struct locale *locale = page_locale(room->theme, &room->settings, small->page.language);
	struct press_value *link = press_set_map(root, "link");

	press_set_text(root, "heading", small->heading);
	press_set_text(root, "sentence", small->sentence);
	if (small->button.len > 0) {
		struct press_value *button = press_set_map(root, "button");

		press_set_text(button, "text", small->button);
		press_set_text(button, "action", small->action);
		press_set_text(button, "hidden_name", small->hidden_name);
		press_set_text(button, "hidden_value", small->hidden_value);
	}
	press_set_text(link, "text", small->link_text.len > 0 ? small->link_text : locale_text(locale, "to_front_page"));
	press_set_text(link, "href", small->link_href.len > 0 ? small->link_href
		: press_value_text(press_get(root, STR("root"))));
	return root;
}

void page_answer_small(struct room *room, struct http_request *rq, int status, const struct page_small *small)
{
	page_answer(room, rq, status, "small", page_small_values(room, small, http_arena(rq)));
}

/* How many folders the asked path lies below the root: "/newsletter/confirm/x" 2. */
static unsigned page_depth_of(struct str path)
{
	unsigned depth = 0;
	size_t i;

	for (i = 1; i < path.len; i++)
		if (path.at[i] == '/')
			depth++;
	return depth;
}

void page_error(struct http_request *rq, void *self, const struct fault *fault, struct buf *out)
{
	struct room *room = self;
	struct page_small small = {0};
	const struct locale *locale = page_locale(room->theme, &room->settings, small.page.language);

	small.page.depth = page_depth_of(http_path(rq));
	small.page.title = locale_text(locale, "error_page_title");
	small.heading = small.page.title;
	small.sentence = str_from(fault->say);
	page_headers(&room->settings, room->theme, rq);
	page_render_or_say(room, "small", page_small_values(room, &small, http_arena(rq)), out);
}
