/* newsletter_journal.c: the journal's records, segments, and what a power cut leaves of them.
 *
 * Decides: a record's bytes, when a segment is used anew, what counts as damage. Leaves to the keeper: what is written;
 * to newsletter_fold.c: what a record means. Runs in: the keeper (writes), the newsletter room (reads). The hard thing: a
 * tail that was never durable may be torn anywhere, with sound records behind the tear, and that is fine; the same hole
 * further ahead means that a mail may have gone unrecorded. Each record therefore says up to which one all were durable
 * when it was written.
 * SPDX-License-Identifier: ISC */
#include "newsletter_journal.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/must.h"
#include "mail/smtp.h"

enum { SUM_AT = 48, SUM_BYTES = 16, PIECE = 64 };

static const unsigned char magic[3] = {'M', 'J', '1'};

static void put(unsigned char *out, uint64_t n, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (unsigned char) (n >> (8 * i));
}

static uint64_t get(const unsigned char *at, size_t bytes)
{
	uint64_t n = 0;

	for (size_t i = bytes; i-- > 0;)
		n = n << 8 | at[i];
	return n;
}

void journal_pack(const struct journal_record *record, uint64_t durable, unsigned char out[JOURNAL_RECORD_BYTES])
{
	memset(out, 0, JOURNAL_RECORD_BYTES);
	memcpy(out, magic, sizeof(magic));
	out[3] = (unsigned char) record->kind;
	put(out + 4, record->try, 4);
	put(out + 8, record->seq, 8);
	put(out + 16, durable, 8);
	put(out + 24, (uint64_t) record->delivery, 8);
	put(out + 32, (uint64_t) record->reply, 2);
	out[34] = (unsigned char) record->outcome;
	out[35] = (unsigned char) record->stage;
	memcpy(out + 36, record->enhanced, strnlen(record->enhanced, sizeof(record->enhanced) - 1));
	(void) crypto_generichash(out + SUM_AT, SUM_BYTES, out, SUM_AT, NULL, 0);
}

bool journal_unpack(const unsigned char bytes[JOURNAL_RECORD_BYTES], struct journal_record *record, uint64_t *durable)
{
	unsigned char sum[SUM_BYTES];

	(void) crypto_generichash(sum, SUM_BYTES, bytes, SUM_AT, NULL, 0);
	if (memcmp(bytes, magic, sizeof(magic)) != 0 || memcmp(sum, bytes + SUM_AT, SUM_BYTES) != 0)
		return false;
	*record = (struct journal_record){.kind = (enum journal_kind) bytes[3], .try = (uint32_t) get(bytes + 4, 4),
		.delivery = (int64_t) get(bytes + 24, 8), .seq = get(bytes + 8, 8), .outcome = bytes[34], .stage = bytes[35],
		.reply = (int) get(bytes + 32, 2)};
	*durable = get(bytes + 16, 8);
	memcpy(record->enhanced, bytes + 36, sizeof(record->enhanced) - 1);
	return (record->kind == JOURNAL_DOTTED || record->kind == JOURNAL_ENDED) && record->delivery > 0 && record->seq > 0 &&
		record->outcome <= SMTP_IN_DOUBT && record->stage <= SMTP_AT_DATA;
}

/* --- writing --- */

void journal_begin(struct journal *journal, const int fds[JOURNAL_SEGMENTS])
{
	*journal = (struct journal){.next_seq = 1};
	for (size_t i = 0; i < JOURNAL_SEGMENTS; i++)
		journal->fds[i] = fds[i];
}

void journal_folded(struct journal *journal, uint64_t seq)
{
	if (seq > journal->folded && seq < journal->next_seq)
		journal->folded = seq;
}

/* A full segment gives way to the other one once all of that is in the database; until then it grows. */
static bool turn_over(struct journal *journal, struct fault *f)
{
	unsigned other = (journal->active + 1) % JOURNAL_SEGMENTS;

	if (journal->size[journal->active] < JOURNAL_SEGMENT_BYTES || journal->last[other] > journal->folded)
		return true;
	if (ftruncate(journal->fds[other], 0) != 0)
		return fault_errno(f, "the journal of mails cannot be emptied");
	journal->size[other] = 0;
	journal->last[other] = 0;
	journal->active = other;
	return true;
}

static bool write_at(int fd, const unsigned char *bytes, size_t len, int64_t at, struct fault *f)
{
	while (len > 0) {
		ssize_t done = pwrite(fd, bytes, len, (off_t) at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return fault_errno(f, "the journal of mails cannot be written");
		bytes += done;
		len -= (size_t) done;
		at += done;
	}
	return true;
}

/* Behind what is durable, some at a time. */
static bool write_records(struct journal *journal, struct journal_record *records, size_t count, struct fault *f)
{
	unsigned char bytes[PIECE * JOURNAL_RECORD_BYTES];
	unsigned active = journal->active;

	for (size_t i = 0; i < count; i++) {
		size_t at = i % PIECE, from = i - at;

		records[i].seq = journal->next_seq + i;
		journal_pack(&records[i], journal->durable, bytes + at * JOURNAL_RECORD_BYTES);
		if ((at + 1 == PIECE || i + 1 == count) && !write_at(journal->fds[active], bytes, (at + 1) * JOURNAL_RECORD_BYTES,
				journal->size[active] + (int64_t) from * JOURNAL_RECORD_BYTES, f))
			return false;
	}
	return true;
}

bool journal_write(struct journal *journal, struct journal_record *records, size_t count, struct fault *f)
{
	unsigned active;

	must(count > 0 && count <= JOURNAL_AT_ONCE);
	if (!turn_over(journal, f))
		return false;
	active = journal->active;
	if (!write_records(journal, records, count, f))
		return false;
	if (fdatasync(journal->fds[active]) != 0)
		return fault_errno(f, "the journal of mails is not on the disk");
	journal->size[active] += (int64_t) count * JOURNAL_RECORD_BYTES;
	journal->next_seq += count;
	journal->durable = journal->last[active] = journal->next_seq - 1;
	return true;
}

/* --- reading --- */

struct segment {
	unsigned char *bytes;
	size_t count;       /* places for records */
	uint64_t first;     /* seq of the first place; 0: no sound record tells */
	uint64_t durable;   /* the furthest that any record vouches for */
};

static bool read_segment(int fd, struct segment *segment, struct fault *f)
{
	struct stat st;
	size_t at = 0, len;

	if (fstat(fd, &st) != 0)
		return fault_errno(f, "the journal of mails cannot be read");
	len = (size_t) st.st_size - (size_t) st.st_size % JOURNAL_RECORD_BYTES;
	segment->bytes = memory_new(len + 1, 1);
	segment->count = len / JOURNAL_RECORD_BYTES;
	while (at < len) {
		ssize_t got = pread(fd, segment->bytes + at, len - at, (off_t) at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_errno(f, "the journal of mails cannot be read");
		if (got == 0)
			break;
		at += (size_t) got;
	}
	for (size_t i = 0; i < segment->count; i++) {
		struct journal_record record;
		uint64_t durable;

		if (!journal_unpack(segment->bytes + i * JOURNAL_RECORD_BYTES, &record, &durable))
			continue;
		if (segment->first == 0 && record.seq > i)
			segment->first = record.seq - i;
		if (durable > segment->durable)
			segment->durable = durable;
	}
	return true;
}

static bool take_segment(const struct segment *segment, uint64_t durable,
	bool (*take)(void *self, const struct journal_record *record, struct fault *f), void *self, bool *damaged, struct fault *f)
{
	for (size_t i = 0; i < segment->count; i++) {
		struct journal_record record;
		uint64_t mark;

		if (!journal_unpack(segment->bytes + i * JOURNAL_RECORD_BYTES, &record, &mark) ||
			record.seq != segment->first + i) {
			/* Without any sound record: a first write that was torn, or more than one write can have been. */
			*damaged |= segment->first == 0 ? i >= JOURNAL_AT_ONCE : segment->first + i <= durable;
			continue;
		}
		if (!take(self, &record, f))
			return false;
	}
	return true;
}

bool journal_read(const int fds[JOURNAL_SEGMENTS], bool (*take)(void *self, const struct journal_record *record, struct fault *f),
	void *self, bool *damaged, struct fault *f)
{
	struct segment segments[JOURNAL_SEGMENTS] = {0};
	uint64_t durable = 0;
	size_t older;
	bool ok = false;

	*damaged = false;
	for (size_t i = 0; i < JOURNAL_SEGMENTS; i++) {
		if (!read_segment(fds[i], &segments[i], f))
			goto done;
		if (segments[i].durable > durable)
			durable = segments[i].durable;
	}
	older = segments[0].first <= segments[1].first ? 0 : 1;
	ok = take_segment(&segments[older], durable, take, self, damaged, f) &&
		take_segment(&segments[1 - older], durable, take, self, damaged, f);
done:
	for (size_t i = 0; i < JOURNAL_SEGMENTS; i++)
		memory_free(segments[i].bytes);
	return ok;
}

bool journal_empty(const int fds[JOURNAL_SEGMENTS], struct fault *f)
{
	for (size_t i = 0; i < JOURNAL_SEGMENTS; i++)
		if (ftruncate(fds[i], 0) != 0 || fsync(fds[i]) != 0)
			return fault_errno(f, "the journal of mails cannot be emptied");
	return true;
}
