/* newsletter_signing.h: DKIM signatures made in processes beside the room, one a core.
 *
 * A signature is four fifths of what an issue's mail costs. Each signer (`mimeo -x newsletter signer`) is given the pair of keys and
 * then only digests; it answers with signatures. It knows no mail, no address and no file.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_SIGNING_H
#define NEWSLETTER_NEWSLETTER_SIGNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mail/dkim.h"

struct fault;
struct newsletter;
struct newsletter_signing;

/* signatures: one a digest; NULL: that signer has ended, the draft is still to be signed. May add jobs. */
typedef void signing_done(void *self, uint32_t slot, uint32_t serial, const struct dkim_signature *signatures);

/* Starts nothing yet. done: for each job, from the loop; settled: after some of them. */
struct newsletter_signing *newsletter_signing_new(struct newsletter *n, signing_done *done, void (*settled)(void *self), void *self);
/* Starts the signers where none run; false: sign here (one core, or they cannot be started now). */
bool newsletter_signing_is_on(struct newsletter_signing *signing);
bool newsletter_signing_has_room(const struct newsletter_signing *signing);
/* Only where it is on and has room. Goes out with others, at the latest by newsletter_signing_flush(). */
void newsletter_signing_add(struct newsletter_signing *signing, uint32_t slot, uint32_t serial, const struct dkim_draft *draft);
void newsletter_signing_flush(struct newsletter_signing *signing);
/* The signers end, and what they had is told to nobody. The next newsletter_signing_is_on() starts others, with the keys of then. */
void newsletter_signing_stop(struct newsletter_signing *signing);
void newsletter_signing_free(struct newsletter_signing **signing);

/* `mimeo -x newsletter signer FD KEYS`, started by the room alone. */
bool signer_main(int argc, char **argv, struct fault *f);

#ifdef MIMEO_DEBUG
/* Tests: so many signers, as forks of the test; by default none where there is no program to start. */
void newsletter_signing_fork(struct newsletter_signing *signing, size_t count);
void newsletter_signing_signal(struct newsletter_signing *signing, int number);
#endif

/* --- the packets between the two, over SOCK_SEQPACKET: numbers as the machine has them, both run the same program --- */

enum {
	SIGNING_BATCH = 16,               /* jobs in a packet */
	SIGNING_KEY_MOST = 16 * 1024,
	SIGNING_JOB_BYTES = 8,            /* slot, serial; then the digests */
	SIGNING_PACKET_MOST = SIGNING_BATCH * (SIGNING_JOB_BYTES + DKIM_SIGNERS_MOST * (2 + DKIM_SIGNATURE_MOST))
};

#endif
