/* camt.h: a bank's account statement (ISO 20022 camt.053) to one line of JSON a transaction.
 *
 * Nobody's name, address or account but our own is ever read out of it. SPDX-License-Identifier: ISC */
#ifndef CAMT_CAMT_H
#define CAMT_CAMT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct fault;

enum {
	CAMT_BYTES = 8 * 1024 * 1024,  /* a statement; the desk's own cap for a message is no larger */
	CAMT_TEXT_BYTES = 700,         /* of a field; what is longer is cut at a character */
	CAMT_TRANSACTIONS = 100000
};

/* Called with each line of JSON, without its end:
 *   {"account", "day", "amount", "currency", "credit", "returned", "reference", "text"}
 * account: our IBAN, or the bank's own number. day: as booked, 2026-11-20. amount: as written, "12.30". credit: money
 * came. returned: the reversal of an earlier one. reference: what the bank calls it, the same in every statement that
 * holds it; where the bank gives no name, one is made of what it says (its place among equal ones of the day included).
 * text: structured references and the payer's own words. False ends the reading. */
typedef bool camt_line(void *self, struct str line);

/* INPUT with a sentence for the treasurer: no XML, no camt.053, a document type or an entity of its own (both are
 * refused unread), nesting or numbers past any statement's. What is not booked yet (pending, information) is passed
 * over: it comes again when it is. *count: transactions given. */
bool camt_read(struct str xml, camt_line *line, void *self, size_t *count, struct fault *f)
	__attribute__((warn_unused_result));

#endif
