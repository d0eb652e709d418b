/* http_gate.h: the gate on the wire: which bytes of a connection libmicrohttpd may see at all.
 *
 * gate_feed() takes the bytes in the order in which they came and gives how many of them may be handed on. Fewer than
 * all: the connection is refused with `status` and `say`, and never handed another byte. What it holds to: every head
 * ends its lines with CR LF and holds no other CR, no NUL and no control byte; a request line of token, visible ASCII
 * target that starts with '/', HTTP/1.0 or 1.1; field names are tokens with the colon right behind (so no folding);
 * exactly one well-formed Host; at most one Content-Length, digits only; no Transfer-Encoding (a length is needed:
 * 411; beside a length or on a GET: 400); a body only on POST and PUT; Expect nothing but 100-continue. Between heads
 * it counts the body's bytes, so that what follows is again read as a head.
 * SPDX-License-Identifier: ISC */
#ifndef HTTP_HTTP_GATE_H
#define HTTP_HTTP_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

enum { GATE_HEAD_BYTES = 6144, GATE_TARGET_BYTES = 2048, GATE_FIELDS = 64 };

struct gate {
	uint64_t heads;      /* complete heads that were let through */
	uint64_t body_left;  /* bytes of the present body that have not come yet */
	size_t kept_len;     /* bytes of a head that is not complete yet */
	char *kept;          /* they themselves; made when first needed */
	int status;          /* 0, or why the connection is refused */
	const char *say;
};

struct gate_head {
	struct str method;
	struct str target;
	struct str host;
	uint64_t length;     /* of the body */
};

size_t gate_feed(struct gate *gate, const char *at, size_t len);
void gate_release(struct gate *gate);
bool gate_in_head(const struct gate *gate);  /* a head has begun and is not complete */

/* One whole head with its closing empty line. 0, or the status of the refusal with *say. For tests and the fuzzer
 * too. */
int gate_check_head(struct str head, struct gate_head *out, const char **say);

#endif
