/* rail_wire.h: what drivers of the support room share, and the few of their functions that tests and fuzzers call by themselves.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_RAIL_WIRE_H
#define SUPPORT_RAIL_WIRE_H

#include "http/http_client.h"
#include "rail.h"

enum { RAIL_AMOUNT_CHARS = 64, RAIL_CALL_MS = 8000 };

/* The line is off, and says why. True, so that open() can end with it. */
bool rail_off(struct rail_line *line, const char *say);

/* "12.30", with the currency's own digits. */
void rail_write_amount(struct money amount, char out[RAIL_AMOUNT_CHARS]);
/* The same back: what a provider writes; more digits than the currency has are fine where they are zeros. False for what is no
 * amount of that currency. */
bool rail_read_amount(struct str text, struct str code, struct money *out);

struct rail_request {
	struct str origin;
	const char *method;
	struct str path;
	const char *scheme;        /* "token ", "Bearer "; NULL: no Authorization line */
	struct str token;          /* as sensitive as it is: wiped after the call has begun */
	const char *key_name;      /* header of the idempotency key; NULL: none */
	struct str key;
	json_t *body;              /* its reference is taken; NULL: none */
	struct str form;           /* or this, as a form */
	const char *basic_user;    /* with basic_password: HTTP basic auth */
	struct str basic_password;
};
/* Starts a call; a call that cannot be started is an answer that failed: done is called in any case, once. */
void rail_call(struct rail_line *line, const struct rail_request *request, http_done *done, void *self);

/* --- rail_btcpay.c --- */
extern const struct rail rail_btcpay;
bool btcpay_signed(const struct secret *const *secrets, size_t count, struct str header, struct str body, struct fault *f)
	__attribute__((warn_unused_result));

/* --- rail_paypal.c --- */
extern const struct rail rail_paypal;
enum { PAYPAL_CERT_CHARS = 100 };
/* What PayPal's header lines say of an event. */
struct paypal_mark {
	struct str id, time, signature, certificate, algorithm;
};
/* --- paypal_sign.c --- */
/* Was `body` signed for our webhook by PayPal's certificate (PEM)? DENIED otherwise, and for what is older than four days. */
bool paypal_signed(struct str pem, struct str webhook, const struct paypal_mark *mark, struct str body, struct when now,
	struct fault *f) __attribute__((warn_unused_result));
/* The last part of a certificate's address; false where it is not of that origin, or looks like none. */
bool paypal_cert_name(struct str url, struct str origin, char out[PAYPAL_CERT_CHARS + 1]);
uint32_t paypal_crc32(struct str text);
/* --- paypal_events.c --- */
bool paypal_events(const struct rail_line *line, struct str bytes, struct arena *arena, struct facts_list *list, struct fault *f)
	__attribute__((warn_unused_result));
/* A capture or refund as the API answers it; `event` names the fact. */
void paypal_read_capture(const json_t *capture, struct facts *facts, struct arena *arena);
void paypal_read_refund(const json_t *refund, struct facts *facts, struct arena *arena);
/* "2026-11-20T14:05:09Z" as seconds, 0 for none. */
int64_t paypal_time_s(struct str text);

/* --- rail_bank.c --- */
extern const struct rail rail_bank;
/* The name of a statement's transaction, from mimeo-camt's line: the same in any statement that holds it. */
struct str bank_payment_name(const json_t *line, struct arena *arena);
/* For rails that cannot send money: a person gave it back at their bank or from their wallet, and says so. */
void rail_refund_by_hand(struct rail_line *line, struct str handle, struct money amount, struct str key, rail_done *done, void *self);

/* --- rail_monero.c --- */
extern const struct rail rail_monero;
/* Into the pool. INPUT for what is no subaddress; one that is known already is fine. */
bool monero_add_address(struct support *support, struct str address, bool *is_new, struct fault *f) __attribute__((warn_unused_result));

#endif
