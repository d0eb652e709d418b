-- Staff, how they get in, and what they did. No address of a person stands here; tokens only as hashes.
-- SPDX-License-Identifier: ISC

CREATE TABLE staff (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 80),
	role TEXT NOT NULL CHECK (role IN ('reporter', 'editor', 'treasurer', 'technician')),
	state TEXT NOT NULL CHECK (state IN ('active', 'revoked')),
	made INTEGER NOT NULL,
	first_login INTEGER                    -- NULL: nobody came yet, so the first link lives longer
) STRICT;

-- A one-time link: opening it shows a button, pressing that uses it up.
CREATE TABLE staff_link (
	hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
	staff INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
	expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE staff_session (
	hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
	staff INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
	began INTEGER NOT NULL,
	seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Append only: the triggers refuse the rest.
CREATE TABLE audit (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	made INTEGER NOT NULL,
	who TEXT NOT NULL,                     -- a staff name, or "cli"
	what TEXT NOT NULL,
	about TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit list is append-only'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit list is append-only'); END;
