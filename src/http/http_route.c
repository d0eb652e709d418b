/* http_route.c: which route a path means.
 *
 * Decides: how patterns match: literal parts byte by byte, {name} one non-empty part, {name...} at the end the non-
 * empty rest. Leaves to others: what a path is (http_form.c). Runs in: every room. The hard thing: none; tables are
 * short, so they are searched in order and the first match wins.
 * SPDX-License-Identifier: ISC */
#include "http_inside.h"

#include "base/must.h"

bool http_route_match(const char *pattern, struct str path, struct http_pair *parts, size_t *part_count)
{
	const char *p = pattern;
	size_t at = 0;

	*part_count = 0;
	while (*p != '\0') {
		if (*p == '{') {
			const char *close = strchr(p, '}');
			bool rest = false;
			size_t from = at;
			struct str name = {NULL, 0};

			must(close != NULL && *part_count < HTTP_PARTS_MAX);
			name = str_make(p + 1, (size_t) (close - p) - 1);
			rest = str_ends(name, STR("..."));
			if (rest)
				name.len -= 3;
			while (at < path.len && (rest || path.at[at] != '/'))
				at++;
			if (at == from)
				return false;
			parts[(*part_count)++] = (struct http_pair){name, str_part(path, from, at - from)};
			p = close + 1;
		} else {
			if (at >= path.len || path.at[at] != *p)
				return false;
			at++;
			p++;
		}
	}
	return at == path.len;
}

static bool method_fits(const char *of_route, struct str method)
{
	return str_is(method, of_route) || (str_is(method, "HEAD") && strcmp(of_route, "GET") == 0);
}

const struct http_route *http_route_find(const struct http_route *routes, struct str method, struct str path,
	struct http_pair *parts, size_t *part_count, bool *other_method)
{
	*other_method = false;
	for (const struct http_route *route = routes; route != NULL && route->method != NULL; route++) {
		if (!http_route_match(route->pattern, path, parts, part_count))
			continue;
		if (method_fits(route->method, method))
			return route;
		*other_method = true;
	}
	*part_count = 0;
	return NULL;
}

void http_route_allow(const struct http_route *routes, struct str path, struct buf *allow)
{
	struct http_pair parts[HTTP_PARTS_MAX];
	size_t count = 0;

	for (const struct http_route *route = routes; route != NULL && route->method != NULL; route++)
		if (http_route_match(route->pattern, path, parts, &count)) {
			buf_add_text(allow, allow->len > 0 ? ", " : "");
			buf_add_text(allow, route->method);
			buf_add_text(allow, strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
		}
}
