/* words_inside.h: characters, for the parts of press alone.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_WORDS_INSIDE_H
#define PRESS_WORDS_INSIDE_H

#include "words.h"

bool words_next(struct str text, size_t *at, int32_t *character);
bool words_is_letter(int32_t character); /* marks and digits too: what a word is made of */

#endif
