/* newsletter_journal.h: the keeper's journal: what may have been sent and what was answered, durable before anything follows
 * from it.
 *
 * Two files are written in turn (segments). A record is 64 bytes with a checksum of its own and holds no address: the
 * delivery's id, the number of its try, and either "dotted" (its final dot may leave from now on) or "ended" with the
 * outcome. One process writes, and only while it holds data/newsletter/keeper.lock; whoever holds that lock and is not
 * writing may read and empty it.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_JOURNAL_H
#define NEWSLETTER_NEWSLETTER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fault;

enum { JOURNAL_SEGMENTS = 2, JOURNAL_RECORD_BYTES = 64, JOURNAL_SEGMENT_BYTES = 4 * 1024 * 1024, JOURNAL_AT_ONCE = 1024 };

enum journal_kind { JOURNAL_DOTTED = 1, JOURNAL_ENDED = 2 };

struct journal_record {
	enum journal_kind kind;
	uint32_t try;         /* of this delivery: counts its claims */
	int64_t delivery;
	uint64_t seq;         /* of the record: 1, 2, 3 …; given by journal_write() */
	int outcome, stage;   /* ENDED: enum smtp_outcome, enum smtp_stage */
	int reply;            /* ENDED: 250, 421 …; 0: none came */
	char enhanced[12];
};

struct journal {
	int fds[JOURNAL_SEGMENTS];
	uint64_t last[JOURNAL_SEGMENTS];  /* seq of each segment's last record */
	int64_t size[JOURNAL_SEGMENTS];
	unsigned active;
	uint64_t next_seq;
	uint64_t durable;                 /* every record up to here is on disk */
	uint64_t folded;                  /* … and in the room's database */
};

/* On two empty files. */
void journal_begin(struct journal *journal, const int fds[JOURNAL_SEGMENTS]);
/* All of them durable, or a fault and nothing is: the same call again is then right (a failed fdatasync too: the bytes are
 * written anew). At most JOURNAL_AT_ONCE. Gives them their seq. */
bool journal_write(struct journal *journal, struct journal_record *records, size_t count, struct fault *f)
	__attribute__((warn_unused_result));
/* Records up to `seq` are in the database: their segment may be used anew when all of it is. */
void journal_folded(struct journal *journal, uint64_t seq);

/* Every sound record in the order of writing. A torn tail is no damage; *damaged: a record that was durable once cannot be
 * read. `take` gives false to stop. */
bool journal_read(const int fds[JOURNAL_SEGMENTS], bool (*take)(void *self, const struct journal_record *record, struct fault *f),
	void *self, bool *damaged, struct fault *f) __attribute__((warn_unused_result));
bool journal_empty(const int fds[JOURNAL_SEGMENTS], struct fault *f) __attribute__((warn_unused_result));

/* One record's bytes; false: not a record. `durable` goes with it, see journal_read(). */
void journal_pack(const struct journal_record *record, uint64_t durable, unsigned char out[JOURNAL_RECORD_BYTES]);
bool journal_unpack(const unsigned char bytes[JOURNAL_RECORD_BYTES], struct journal_record *record, uint64_t *durable);

#endif
