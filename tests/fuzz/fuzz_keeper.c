/* fuzz_keeper.c: what the newsletter room and its keeper read of each other, and the keeper's journal: no bytes may make a reader
 * believe in a text beyond its bound, an outcome that is none, or a record whose checksum does not fit.
 * The first byte says which reader; the rest is what it reads.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/email.h"
#include "mail/smtp.h"
#include "newsletter/newsletter_journal.h"
#include "newsletter/newsletter_talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void is_within(struct str text, struct str payload)
{
	if (text.len > 0 && (text.at < payload.at || text.at + text.len > payload.at + payload.len))
		abort();
}

static void read_host(struct str payload)
{
	struct talk_host host;

	if (!talk_read_host(payload, &host))
		return;
	is_within(host.name, payload);
	is_within(host.password, payload);
	is_within(host.ca_file, payload);
	if (host.host >= TALK_HOSTS || host.connections == 0 || host.connections > 64 || host.security > SMTP_TLS || host.name.len == 0)
		abort();
}

static void read_mail(struct str payload)
{
	struct talk_mail mail;

	if (!talk_read_mail(payload, &mail))
		return;
	is_within(mail.from, payload);
	is_within(mail.to, payload);
	is_within(mail.bytes, payload);
	if (mail.host >= TALK_HOSTS || mail.to.len == 0 || mail.to.len > EMAIL_BYTES || str_has_control(mail.to) || mail.delivery <= 0)
		abort();
}

static void read_event(unsigned type, struct str payload)
{
	struct talk_event event;

	if (!talk_read_event(type, payload, &event))
		return;
	if (memchr(event.text, '\0', sizeof(event.text)) == NULL || memchr(event.enhanced, '\0', sizeof(event.enhanced)) == NULL ||
		event.outcome > SMTP_IN_DOUBT || event.stage > SMTP_AT_DATA || event.reply > 599 || event.delivery <= 0)
		abort();
}

static void read_record(struct str payload)
{
	unsigned char bytes[JOURNAL_RECORD_BYTES] = {0}, again[JOURNAL_RECORD_BYTES];
	struct journal_record record;
	uint64_t durable;

	if (payload.len > 0)
		memcpy(bytes, payload.at, payload.len < sizeof(bytes) ? payload.len : sizeof(bytes));
	if (!journal_unpack(bytes, &record, &durable))
		return;
	journal_pack(&record, durable, again); /* what is a record has one form */
	if (memcmp(bytes, again, sizeof(bytes)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str payload;
	uint64_t number;

	if (size == 0)
		return 0;
	payload = str_make(bytes + 1, size - 1);
	switch (bytes[0] % 8) {
	case 0:
		read_host(payload);
		break;
	case 1:
		read_mail(payload);
		break;
	case 2:
		(void) talk_read_number(payload, &number);
		break;
	case 3:
		read_record(payload);
		break;
	default:
		read_event(bytes[0] % 8 == 4 ? TALK_DOTTED : bytes[0] % 8 == 5 ? TALK_ENDED : TALK_RETURNED, payload);
	}
	return 0;
}
