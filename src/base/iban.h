/* iban.h: numbers of bank accounts (ISO 13616) and banks (ISO 9362), and the check digits of ISO 7064.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_IBAN_H
#define BASE_IBAN_H

#include <stdbool.h>
#include "str.h"

struct fault;

enum { IBAN_CHARS = 34 };

/* Letters and digits, blanks allowed, check digits right. Its plain form is put into out. INPUT that says what is wrong. */
bool iban_read(struct str text, char out[IBAN_CHARS + 1], struct fault *f) __attribute__((warn_unused_result));
/* 8 or 11 characters. */
bool iban_is_bic(struct str text);
/* The remainder of the digits' number by 97, letters as 10 … 35; -1 where another character stands. */
int iban_mod97(struct str text);

#endif
