/* support_wish.h: refunds that the desk asks for, by the clock.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_WISH_H
#define SUPPORT_SUPPORT_WISH_H

/* Takes up one that nobody knows the end of, or that waited for another. */
void support_settle_refunds(void *support);

#endif
