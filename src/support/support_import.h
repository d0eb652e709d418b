/* support_import.h: what the treasurer brings: a bank's statement, a wallet's list of transfers, addresses for the pool; and says
 * whose an unmatched payment is. Routes of desk and cli; each answers JSON.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_IMPORT_H
#define SUPPORT_SUPPORT_IMPORT_H

struct http_request;

/* POST /bank/statements {"statement": XML}: {"transactions", "new", "known", "matched", "unmatched": [{"payment", "day",
 * "amount_minor", "currency", "reference", "text"}], "went": [the same, money that went, where it looks like a gift's]}. A statement
 * may be brought as often as one likes: what is unmatched still is listed again, and stands nowhere else. */
void support_post_statements(struct http_request *rq, void *room);
/* POST /bank/match {"payment", "reference"}: it is that gift's. {"payment", "amount_minor", "currency"}: it is a gift without one.
 * {"matched"}: false where it was somebody's already. MISSING for a payment that no statement brought. */
void support_post_match(struct http_request *rq, void *room);

/* POST /monero/addresses {"addresses": one a line}: {"new", "known", "left"}. All or none. */
void support_post_addresses(struct http_request *rq, void *room);
/* POST /monero/transfers {"transfers": what the wallet says, as text}: as /bank/statements, without texts. */
void support_post_transfers(struct http_request *rq, void *room);

#endif
