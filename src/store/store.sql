-- store.sql: what the database library says itself. Blocks "sqlite_…" are that engine's dialect, said by its driver.
-- SPDX-License-Identifier: ISC

-- name: migration_table
-- number: place in the list, from 1; hash: BLAKE2b-256 of the file's bytes
CREATE TABLE IF NOT EXISTS schema_migration (
	number INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	at_us INTEGER NOT NULL
) STRICT;

-- name: migration_table_exists
-- out: 1 when this database was ever migrated
SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration';

-- name: migration_list
-- out: number, name, hash
SELECT number, name, hash FROM schema_migration ORDER BY number;

-- name: migration_insert
-- in: $1 number, $2 name, $3 hash, $4 time
INSERT INTO schema_migration (number, name, hash, at_us) VALUES ($1, $2, $3, $4);

-- name: sqlite_setup
-- a writer's connection; temp_store: nobody's address in a temporary file; cache_size in KiB: of a large database, where a room finds
-- its rows by hashes, what lies between root and leaf stays in memory
PRAGMA synchronous = FULL;
PRAGMA cache_size = -24576;
PRAGMA secure_delete = ON;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;

-- name: sqlite_setup_reader
PRAGMA query_only = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;

-- name: sqlite_light
PRAGMA synchronous = NORMAL;

-- name: sqlite_heavy
PRAGMA synchronous = FULL;

-- name: sqlite_look
-- from its first read on, a transaction sees one state
BEGIN;

-- name: sqlite_wal
-- out: "wal" when it worked
PRAGMA journal_mode = WAL;

-- name: sqlite_touch
-- a connection knows of the log once it has read something
SELECT count(*) FROM sqlite_schema;

-- name: sqlite_begin
BEGIN IMMEDIATE;

-- name: sqlite_commit
COMMIT;

-- name: sqlite_rollback
ROLLBACK;

-- name: sqlite_copy
-- in: $1 path of a file that is empty or not there
VACUUM INTO $1;

-- name: sqlite_quick_check
-- out: "ok", or a line for each fault
PRAGMA quick_check;

-- name: sqlite_foreign_key_check
-- out: table, rowid, the table referred to, which key
PRAGMA foreign_key_check;

-- name: sqlite_foreign_keys_off
-- a step may build a table anew: dropping the old one must not take its children with it
PRAGMA foreign_keys = OFF;

-- name: sqlite_foreign_keys_on
PRAGMA foreign_keys = ON;
