-- front.sql: the search over site/search.db, which desk writes and front only reads.
-- SPDX-License-Identifier: ISC

-- name: page_find
-- in: $1 FTS5 expression, $2 limit, $3 offset; out: path, headline, excerpt, lang, published (microseconds UTC), section, text as written
SELECT s.path, s.headline, s.excerpt, s.lang, s.published, s.section, s.plain FROM page CROSS JOIN shown AS s ON s.id = page.rowid
WHERE page MATCH $1 ORDER BY bm25(page, 8, 1), s.path LIMIT $2 OFFSET $3

-- name: page_count
-- in: $1 FTS5 expression; out: how many pages match
SELECT count(*) FROM page WHERE page MATCH $1
