/* bank.h: what a bank transfer needs: a reference that a person can type, and the payee's data as a QR code.
 *
 * Pure: no database, no network. SPDX-License-Identifier: ISC */
#ifndef SUPPORT_BANK_H
#define SUPPORT_BANK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/money.h"
#include "base/str.h"

struct buf;
struct fault;
struct secret;

/* --- bank_reference.c --- */

enum { BANK_REFERENCE_CHARS = 17, BANK_SHOWN_CHARS = 21 };

/* A checkout's reference: an ISO 11649 creditor reference, "RF", two check digits (mod 97), 13 characters without I, L,
 * O and U. It is the checkout's id turned over under the index key: without that key it says nothing, and no table is
 * needed to find the checkout again. The same each time. */
void bank_write_reference(const struct secret *index_key, int64_t checkout, char out[BANK_REFERENCE_CHARS + 1]);
/* The same in groups of four, as it is printed: "RF18 4XK2 …". */
void bank_show_reference(const char *reference, char out[BANK_SHOWN_CHARS + 1]);
/* Looks for one anywhere in what somebody typed or a bank passed on: any case, any spacing and punctuation, O for 0,
 * I or L for 1. False when there is none whose check digits are right: they miss less than one typing error in a hundred, and what
 * they miss is a number that no gift has. */
bool bank_find_reference(const struct secret *index_key, struct str text, int64_t *checkout);

/* --- bank_epc.c --- */

struct bank_payee {
	struct str name;     /* at most 70 characters */
	struct str iban;     /* plain */
	struct str bic;      /* may be empty */
};

/* The text of an EPC QR code (EPC069-12 v3.0, version 002, UTF-8, SCT) with a structured reference. INPUT for another
 * currency than EUR, or an amount that the scheme cannot carry. */
bool bank_write_epc(struct buf *out, const struct bank_payee *payee, struct money amount, const char *reference,
	struct fault *f) __attribute__((warn_unused_result));

#endif
