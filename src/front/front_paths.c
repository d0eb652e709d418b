/* front_paths.c: what a path says about a file.
 *
 * Decides: types, caching, names that are never served, how links climb to the root. Leaves to others: files themselves
 * (front_site.c). Runs in: front. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "front_inside.h"

#include "base/buf.h"
#include "http/http_client.h"

/* A part of a path that a reader may name: not desk's own, not hidden, not half-written. */
static bool part_is_public(struct str part)
{
	return part.len > 0 && part.at[0] != '_' && part.at[0] != '.' && !str_starts(part, STR("search.db"))
		&& str_find(part, STR(".tmp-")) == SIZE_MAX;
}

bool front_path_is_public(struct str path)
{
	size_t from = 1;

	if (path.len == 0 || path.at[0] != '/' || path.len > 1024)
		return false;
	for (size_t i = 1; i <= path.len; i++)
		if (i == path.len || path.at[i] == '/') {
			/* Only the end may be empty: the folder itself. */
			if (!(i == path.len && from == i) && !part_is_public(str_part(path, from, i - from)))
				return false;
			from = i + 1;
		}
	/* .new: desk's, before it is renamed; a kill may leave one, and its story may be withdrawn since. */
	return !str_ends(path, STR(".gz")) && !str_ends(path, STR(".br")) && !str_ends(path, STR(".new"));
}

static const struct {
	const char *ending, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"}, {".jpg", "image/jpeg"}, {".webp", "image/webp"}, {".png", "image/png"},
	{"/feed.xml", "application/rss+xml; charset=utf-8"}, {"/atom.xml", "application/atom+xml; charset=utf-8"},
	{".xml", "application/xml; charset=utf-8"}, {"/feed.json", "application/feed+json; charset=utf-8"},
	{".json", "application/json; charset=utf-8"}, {".txt", "text/plain; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"}, {".svg", "image/svg+xml"}, {".ico", "image/x-icon"},
	{".webmanifest", "application/manifest+json"}, {".asc", "text/plain; charset=utf-8"}, {".pdf", "application/pdf"},
};

const char *front_path_type(struct str path)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_ends(path, str_from(types[i].ending)))
			return types[i].type;
	return "application/octet-stream";
}

const char *front_path_cache(struct str path)
{
	return str_starts(path, STR("/media/")) ? "public, max-age=31536000, immutable" : "public, max-age=60";
}

bool front_path_root(struct str path, struct buf *out)
{
	size_t depth = 0;

	for (size_t i = 1; i < path.len; i++)
		depth += path.at[i] == '/';
	if (depth == 0)
		buf_add_text(out, "./");
	for (; depth > 0; depth--)
		buf_add_text(out, "../");
	return !out->over;
}

void front_path_encode(struct buf *out, struct str path)
{
	struct str rest = path;
	struct str part = {NULL, 0};
	bool first = true;

	while (str_next(&rest, '/', &part)) {
		if (!first)
			buf_add_char(out, '/');
		first = false;
		http_encode(out, part);
	}
}

/* RFC 9110 §13.1.2: weak comparison over a list, or "*". */
bool front_path_etag_matches(struct str if_none_match, struct str etag)
{
	struct str rest = if_none_match;
	struct str item = {NULL, 0};

	while (str_next(&rest, ',', &item)) {
		item = str_trim(item);
		if (str_is(item, "*"))
			return true;
		if (str_starts(item, STR("W/")))
			item = str_part(item, 2, SIZE_MAX);
		if (etag.len > 0 && str_equal(item, etag))
			return true;
	}
	return false;
}
