/* rail_monero.c: Monero without a wallet on this server: pushed, one address a gift out of a pool.
 *
 * Decides: which address a gift gets, and what a wallet's list of transfers means. Leaves to the treasurer: the wallet. They
 * upload addresses that their wallet made, and from time to time the list of what came in; no view key is here, so whoever takes
 * this server learns of no payment that is not booked yet, and can spend nothing. Runs in: support. The hard thing: an address
 * is given once, for good: a second gift to it would tell the two apart from no one's.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/rand.h"
#include "gen/support_sql.h"
#include "monero.h"
#include "press/locale.h"
#include "press/value.h"
#include "qr.h"
#include "rail_wire.h"
#include "store/store.h"
#include "support_inside.h"
#include "support_push.h"

enum { TXID_CHARS = 64, SVG_BYTES = 64 * 1024, TRANSFERS_MOST = 100000 };

static bool monero_open(struct rail_line *line, struct fault *f)
{
	int64_t free_count = 0;

	if (line->support->db == NULL)
		return rail_off(line, "there is no pool");
	if (!store_number(line->support->db, SUPPORT_SQL_MONERO_COUNT_FREE, STORE_NO_ARGS, &free_count, f))
		return false;
	if (free_count == 0)
		return rail_off(line, "no unused address is left: make some in your wallet, then mimeo support monero addresses FILE");
	line->is_on = true;
	return true;
}

bool monero_add_address(struct support *support, struct str address, bool *is_new, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES], sealed[SEAL_BYTES];
	enum monero_net net = monero_read_subaddress(address);
	int64_t known = 0;

	*is_new = false;
	if (net == MONERO_NO_NET)
		return fault_set(f, FAULT_INPUT, "%.*s is no subaddress of Monero: it has 95 characters and a right checksum; a wallet's first "
			"address (4…) is not taken, since it would tie all gifts together", STR_ARG(str_part(address, 0, 100)));
	if (support->settings->live && net != MONERO_MAIN)
		return fault_set(f, FAULT_INPUT, "%.*s… is of a test net, and this newsroom takes real money", STR_ARG(str_part(address, 0, 12)));
	support_index(support, "support.monero", address, index);
	if (!store_number(support->db, SUPPORT_SQL_MONERO_KNOWN, STORE_ARGS(store_blob(str_make(index, sizeof(index)))), &known, f))
		return false;
	if (known > 0)
		return true;
	*is_new = true;
	return seal(support->sealer, address, sealed, f) && store_run(support->db, SUPPORT_SQL_MONERO_INSERT,
		STORE_ARGS(store_i64(rand_id()), store_blob(str_make(index, sizeof(index))), store_blob(str_make(sealed, sizeof(sealed)))), NULL, f);
}

/* The order's address: the one that it has, else the next of the pool, given in this transaction. */
static bool give_address(struct support *support, int64_t checkout, struct arena *arena, struct str *address, struct fault *f)
{
	struct store_row row;
	bool found = false;

	if (!store_one(support->db, SUPPORT_SQL_MONERO_OF_CHECKOUT, STORE_ARGS(store_i64(checkout)), arena, &row, &found, f))
		return false;
	if (!found) {
		if (!store_one(support->db, SUPPORT_SQL_MONERO_NEXT, STORE_NO_ARGS, arena, &row, &found, f))
			return false;
		if (!found)
			return fault_set(f, FAULT_MISSING, "no unused address is left in the pool");
		if (!store_run(support->db, SUPPORT_SQL_MONERO_GIVE, STORE_ARGS(store_i64(row.columns[0].number), store_i64(checkout),
				store_i64(clock_utc_day(clock_now()))), NULL, f))
			return false;
	}
	return seal_open(support->seal_key, row.columns[1].bytes, arena, address, f) && support_know_code(support, "monero", *address, checkout, f);
}

static void monero_create(struct rail_line *line, const struct rail_order *order, rail_done *done, void *self)
{
	struct support *support = line->support;
	struct rail_answer answer = {.url = {NULL, 0}};
	struct fault f = {0};
	struct arena arena;
	bool ok;

	arena_init(&arena, "address", 16384);
	ok = store_begin(support->db, &f) && store_end(support->db, give_address(support, order->checkout, &arena, &answer.reference, &f), &f);
	if (!ok && f.kind == FAULT_MISSING) {
		struct fault ignored = {0};

		(void) monero_open(line, &ignored); /* off from now on, and it says why */
	}
	done(self, ok ? &answer : NULL, ok ? NULL : &f);
	arena_release(&arena);
}

/* "monero:ADDRESS?tx_amount=0.0317" */
static bool write_uri(struct buf *out, struct str address, int64_t units, struct fault *f)
{
	buf_format(out, "monero:%.*s", STR_ARG(address));
	if (units > 0) {
		buf_add_text(out, "?tx_amount=");
		monero_write_amount(out, units);
	}
	return buf_check(out, "the address", f);
}

static bool monero_instruct(struct rail_line *line, const struct rail_order *order, const struct locale *locale,
	struct press_value *root, struct arena *arena, struct fault *f)
{
	struct support *support = line->support;
	struct money rate = {0, ""};
	struct fault ignored = {0};
	struct buf uri, svg, sum;
	struct store_row row;
	struct str address;
	int64_t units = 0;
	bool found, ok;

	if (!store_one(support->db, SUPPORT_SQL_MONERO_OF_CHECKOUT, STORE_ARGS(store_i64(order->checkout)), arena, &row, &found, f))
		return false;
	if (!found)
		return fault_set(f, FAULT_MISSING, "this gift has no address");
	if (!seal_open(support->seal_key, row.columns[1].bytes, arena, &address, f))
		return false;
	if (support->settings->monero_rate.len > 0 && money_parse(support->settings->monero_rate, support->settings->currency, &rate, &ignored))
		units = monero_from_money(order->amount, rate);
	buf_init(&uri, 512);
	buf_init(&svg, SVG_BYTES);
	buf_init(&sum, 64);
	ok = write_uri(&uri, address, units, f) && qr_write_svg(&svg, buf_view(&uri), locale_text(locale, "pay_monero_qr"), f);
	if (ok) {
		press_set_bool(root, "is_monero", true);
		press_set_text(root, "address", address);
		press_set_text(root, "uri", str_copy(buf_view(&uri), arena));
		press_set_text(root, "qr_svg", str_copy(buf_view(&svg), arena));
		if (units > 0) {
			monero_write_amount(&sum, units);
			buf_add_text(&sum, " XMR");
			press_set_text(root, "coins", str_copy(buf_view(&sum), arena));
		}
	}
	buf_release(&sum);
	buf_release(&svg);
	buf_release(&uri);
	return ok;
}

/* --- what a wallet says came in --- */

static bool is_txid(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!((text.at[i] >= '0' && text.at[i] <= '9') || (text.at[i] >= 'a' && text.at[i] <= 'f')))
			return false;
	return text.len == TXID_CHARS;
}

/* Deep enough to stay, and ours to spend. */
static bool is_final(const json_t *transfer)
{
	int64_t confirmations = 0, unlock = 0;

	(void) http_json_i64(transfer, "unlock_time", &unlock);
	return http_json_i64(transfer, "confirmations", &confirmations) && confirmations >= MONERO_CONFIRMATIONS && unlock == 0 &&
		!json_is_true(json_object_get(transfer, "double_spend_seen")) && !json_is_true(json_object_get(transfer, "locked"));
}

static bool read_transfer(const struct rail_line *line, const json_t *transfer, struct arena *arena, struct facts_list *list, struct fault *f)
{
	struct str txid = http_json_text(transfer, "txid"), address = http_json_text(transfer, "address");
	const json_t *place = json_object_get(transfer, "subaddr_index");
	int64_t amount = 0, major = 0, minor = 0;
	struct facts *facts;

	if (!is_txid(txid) || monero_read_subaddress(address) == MONERO_NO_NET || !http_json_i64(transfer, "amount", &amount) || amount <= 0)
		return true; /* to the wallet's first address, say: none of ours */
	if (!is_final(transfer))
		return true; /* it comes again with a later list */
	(void) http_json_i64(place, "major", &major);
	(void) http_json_i64(place, "minor", &minor);
	facts = facts_add(list, arena);
	if (facts == NULL)
		return fault_full(f, "the list of transfers");
	facts->kind = FACT_PAID;
	facts->live = line->support->settings->live;
	facts->type = STR("transfer");
	facts->event = facts->payment = str_format(arena, "%.*s:%lld.%lld", STR_ARG(txid), (long long) major, (long long) minor);
	facts->code = str_copy(address, arena);
	facts->handle = facts->payment;
	facts->amount = (struct money){amount, "XMR"};
	if (!http_json_i64(transfer, "timestamp", &facts->created_s) || facts->created_s <= 0 || facts->created_s > INT64_C(1) << 40)
		facts->created_s = clock_now().us / 1000000;
	return facts->event.at != NULL && facts->code.at != NULL ? true : fault_full(f, "the list of transfers");
}

/* monero-wallet-rpc's answer to get_transfers {"in": true}, or what stands in it. */
static bool monero_events(const struct rail_line *line, struct str bytes, struct arena *arena, struct facts_list *list, struct fault *f)
{
	json_t *json = NULL;
	const json_t *in;
	bool ok = false;

	if (!http_json_parse(bytes, &json, f))
		goto done;
	in = json_object_get(json, "result") != NULL ? json_object_get(json, "result") : json;
	in = json_is_object(in) ? json_object_get(in, "in") : in;
	if (json_is_object(json) && in == NULL && json_is_object(json_object_get(json, "result"))) {
		ok = true; /* nothing came yet: the wallet leaves the list out */
		goto done;
	}
	if (!json_is_array(in) || json_array_size(in) > TRANSFERS_MOST) {
		fault_set(f, FAULT_INPUT, "this is no list of transfers: it is what monero-wallet-rpc answers to get_transfers {\"in\": true}");
		goto done;
	}
	ok = true;
	for (size_t i = 0; ok && i < json_array_size(in); i++)
		ok = read_transfer(line, json_array_get(in, i), arena, list, f);
done:
	json_decref(json);
	return ok;
}

const struct rail rail_monero = {
	.name = "monero",
	.title = "Monero",
	.frequencies = RAIL_ALL,
	.pulls = false,
	.open = monero_open,
	.create = monero_create,
	.instruct = monero_instruct,
	.events = monero_events,
	.look_up = rail_push_look_up,
	.cancel = rail_push_end,
	.change = rail_push_change,
	.pause = rail_push_pause,
	.refund = rail_refund_by_hand,
};
