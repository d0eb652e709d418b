/* camt.c: a camt.053 statement, read as a stream of elements.
 *
 * Decides: which few fields of a transaction are taken: amount, day, the bank's reference, the text. Leaves to others:
 * whose gift it is. Runs in: mimeo-camt, confined. The hard thing: an entry may be one transaction or a batch of them,
 * each with or without an amount and a name of its own; and the same entry in two statements must get the same name,
 * or it would be booked twice.
 * SPDX-License-Identifier: ISC */
#include "camt/camt.h"

#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"

enum { DEPTH = 48, PATH_BYTES = 2048, NAME_BYTES = 16, ENTRY_BYTES = 64 * 1024 * 1024, SEEN_FIRST = 1024, LINE_BYTES = 4096 };

struct transaction {
	struct str amount, currency, credit, reference, end_to_end, text, structured; /* in the entry's arena */
	bool returned;
};

/* How often a made name came already: open addressing, a power of two. */
struct seen {
	unsigned char name[NAME_BYTES];
	unsigned count;
};

struct reading {
	camt_line *line;
	void *self;
	struct fault *f;
	xmlParserCtxtPtr parser;
	char path[PATH_BYTES];       /* "/Document/BkToCstmrStmt/Stmt/Ntry", in local names */
	size_t lengths[DEPTH], depth;
	char chars[CAMT_TEXT_BYTES + 1];
	size_t chars_len;
	char currency[4];            /* of the last amount's attribute */
	bool is_camt, stopped;
	size_t count;
	char account[64];            /* the statement's */
	struct arena arena;          /* the entry's */
	struct transaction entry;
	struct transaction *txs;     /* its transactions; memory_grow */
	size_t tx_count, tx_room;
	struct str day, state;
	struct seen *seen;
	size_t seen_count, seen_room;
};

static void stop(struct reading *r)
{
	r->stopped = true;
	xmlStopParser(r->parser);
}

static void refuse(struct reading *r, const char *why)
{
	fault_set(r->f, FAULT_INPUT, "%s", why);
	stop(r);
}

static struct str add_text(struct reading *r, struct str old, struct str more)
{
	if (more.len == 0)
		return old;
	return old.len == 0 ? more : str_format(&r->arena, "%.*s %.*s", STR_ARG(old), STR_ARG(more));
}

/* --- a name for what the bank gave none --- */

static struct seen *seen_at(struct seen *table, size_t room, const unsigned char name[NAME_BYTES])
{
	size_t at;

	memcpy(&at, name, sizeof(at));
	for (at &= room - 1; table[at].count > 0 && memcmp(table[at].name, name, NAME_BYTES) != 0; at = (at + 1) & (room - 1))
		;
	return &table[at];
}

static unsigned times_seen(struct reading *r, const unsigned char name[NAME_BYTES])
{
	struct seen *one;

	if (2 * (r->seen_count + 1) > r->seen_room) {
		size_t room = r->seen_room > 0 ? 2 * r->seen_room : SEEN_FIRST;
		struct seen *wider = memory_new(room, sizeof(*wider));

		for (size_t i = 0; i < r->seen_room; i++)
			if (r->seen[i].count > 0)
				*seen_at(wider, room, r->seen[i].name) = r->seen[i];
		memory_free(r->seen);
		r->seen = wider;
		r->seen_room = room;
	}
	one = seen_at(r->seen, r->seen_room, name);
	if (one->count == 0) {
		memcpy(one->name, name, NAME_BYTES);
		r->seen_count++;
	}
	return ++one->count;
}

/* The same in every statement that holds the transaction, as long as equal ones of a day stand in it together. */
static struct str make_name(struct reading *r, const struct transaction *tx)
{
	const struct str parts[] = {str_from(r->account), r->day, tx->amount, tx->currency, tx->credit, tx->end_to_end,
		tx->structured, tx->text};
	crypto_generichash_state state;
	unsigned char hash[NAME_BYTES];
	char hex[2 * NAME_BYTES + 1];

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		crypto_generichash_update(&state, (const unsigned char *) parts[i].at, parts[i].len);
		crypto_generichash_update(&state, (const unsigned char *) "", 1);
	}
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return str_format(&r->arena, "made-%s-%u", hex, times_seen(r, hash));
}

/* --- out --- */

static json_t *json_of(struct str text)
{
	return json_stringn_nocheck(text.at != NULL ? text.at : "", text.len); /* libxml2 gives UTF-8 alone */
}

static void give(struct reading *r, const struct transaction *tx, struct str name)
{
	struct str text = add_text(r, tx->structured, tx->text);
	json_t *line = json_object();
	char out[LINE_BYTES];
	size_t len;

	if (!str_is(tx->end_to_end, "NOTPROVIDED"))
		text = add_text(r, text, tx->end_to_end);
	json_object_set_new(line, "account", json_of(str_from(r->account)));
	json_object_set_new(line, "day", json_of(str_part(r->day, 0, 10)));
	json_object_set_new(line, "amount", json_of(tx->amount));
	json_object_set_new(line, "currency", json_of(tx->currency));
	json_object_set_new(line, "credit", json_boolean(str_is(tx->credit, "CRDT")));
	json_object_set_new(line, "returned", json_boolean(tx->returned || r->entry.returned));
	json_object_set_new(line, "reference", json_of(name));
	json_object_set_new(line, "text", json_of(str_cut(text, CAMT_TEXT_BYTES)));
	len = json_dumpb(line, out, sizeof(out), JSON_COMPACT);
	json_decref(line);
	if (++r->count > CAMT_TRANSACTIONS)
		refuse(r, "this statement has more transactions than mimeo takes at once: import shorter periods");
	else if (len == 0 || len > sizeof(out))
		refuse(r, "a transaction of this statement cannot be read");
	else if (!r->line(r->self, str_make(out, len)))
		stop(r);
}

/* Each transaction of a batch is one; an entry without details, or of a single transaction, is one as a whole. */
static void end_entry(struct reading *r)
{
	struct transaction whole = r->entry;
	bool all_have_amounts = true;

	if (r->arena.used_bytes >= ENTRY_BYTES / 2) {
		refuse(r, "an entry of this statement is larger than any bank's");
		return;
	}
	for (size_t i = 0; i < r->tx_count; i++)
		all_have_amounts &= r->txs[i].amount.len > 0;
	if (r->state.len > 0 && !str_is(r->state, "BOOK"))
		r->tx_count = 0;
	else if (r->tx_count > 1 && all_have_amounts) {
		for (size_t i = 0; i < r->tx_count && !r->stopped; i++) {
			struct transaction *tx = &r->txs[i];
			struct str name = r->entry.reference.len > 0 ? r->entry.reference : tx->reference;

			tx->credit = tx->credit.len > 0 ? tx->credit : r->entry.credit;
			give(r, tx, name.len > 0 ? str_format(&r->arena, "%.*s/%zu", STR_ARG(name), i + 1) : make_name(r, tx));
		}
	} else {
		if (r->tx_count == 1) {
			whole.end_to_end = r->txs[0].end_to_end;
			whole.structured = r->txs[0].structured;
			whole.text = add_text(r, r->txs[0].text, whole.text);
			whole.returned |= r->txs[0].returned;
			if (whole.reference.len == 0)
				whole.reference = r->txs[0].reference;
		}
		give(r, &whole, whole.reference.len > 0 ? whole.reference : make_name(r, &whole));
	}
	r->tx_count = 0;
}

/* --- elements --- */

/* Below /Document/BkToCstmrStmt. */
#define ENTRY "/Stmt/Ntry"
#define TX ENTRY "/NtryDtls/TxDtls"

enum field { AMOUNT, CREDIT, REFERENCE, END_TO_END, TEXT, STRUCTURED, RETURNED };

static const struct {
	const char *path;
	bool is_tx;
	enum field field;
} fields[] = {
	{ENTRY "/Amt", false, AMOUNT},
	{ENTRY "/CdtDbtInd", false, CREDIT},
	{ENTRY "/RvslInd", false, RETURNED},
	{ENTRY "/AcctSvcrRef", false, REFERENCE},
	{ENTRY "/AddtlNtryInf", false, TEXT},
	{TX "/Amt", true, AMOUNT},
	{TX "/AmtDtls/TxAmt/Amt", true, AMOUNT},
	{TX "/CdtDbtInd", true, CREDIT},
	{TX "/Refs/AcctSvcrRef", true, REFERENCE},
	{TX "/Refs/EndToEndId", true, END_TO_END},
	{TX "/RmtInf/Ustrd", true, TEXT},
	{TX "/RmtInf/Strd/CdtrRefInf/Ref", true, STRUCTURED},
	{TX "/RtrInf/Rsn/Cd", true, RETURNED},
	{TX "/RtrInf/Rsn/Prtry", true, RETURNED},
};

/* Some banks write NONREF, NOTPROVIDED or zeros, the same for all: who took that for a name would take two gifts of a day for one. */
static bool is_reference(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] >= '1' && text.at[i] <= '9')
			return true;
	return false;
}

static void take_field(struct reading *r, struct transaction *to, enum field field, struct str value)
{
	switch (field) {
	case AMOUNT:
		if (to->amount.len == 0) {
			to->amount = value;
			to->currency = str_copy(str_from(r->currency), &r->arena);
		}
		break;
	case CREDIT:
		to->credit = value;
		break;
	case REFERENCE:
		to->reference = is_reference(value) ? str_cut(value, 100) : to->reference;
		break;
	case END_TO_END:
		to->end_to_end = value;
		break;
	case TEXT:
		to->text = add_text(r, to->text, value);
		break;
	case STRUCTURED:
		to->structured = add_text(r, to->structured, value);
		break;
	case RETURNED:
		to->returned |= !str_is(value, "false") && !str_is(value, "0");
		break;
	}
}

static void take(struct reading *r, const char *path, struct str value)
{
	if (strcmp(path, "/Stmt/Acct/Id/IBAN") == 0 || strcmp(path, "/Stmt/Acct/Id/Othr/Id") == 0) {
		snprintf(r->account, sizeof(r->account), "%.*s", STR_ARG(value));
		return;
	}
	if (strcmp(path, ENTRY "/BookgDt/Dt") == 0 || strcmp(path, ENTRY "/BookgDt/DtTm") == 0)
		r->day = str_copy(value, &r->arena);
	else if (strcmp(path, ENTRY "/Sts") == 0 || strcmp(path, ENTRY "/Sts/Cd") == 0)
		r->state = value.len > 0 ? str_copy(value, &r->arena) : r->state;
	else
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (strcmp(path, fields[i].path) == 0 && value.len > 0 && (!fields[i].is_tx || r->tx_count > 0))
				take_field(r, fields[i].is_tx ? &r->txs[r->tx_count - 1] : &r->entry, fields[i].field,
					str_copy(value, &r->arena));
}

static void begin_transaction(struct reading *r)
{
	if (r->tx_count == CAMT_TRANSACTIONS) {
		refuse(r, "this statement has more transactions than mimeo takes at once: import shorter periods");
		return;
	}
	if (r->tx_count == r->tx_room) {
		r->tx_room = r->tx_room > 0 ? 2 * r->tx_room : 16;
		r->txs = memory_grow(r->txs, r->tx_room * sizeof(*r->txs));
	}
	r->txs[r->tx_count++] = (struct transaction){0};
}

/* --- libxml2's calls --- */

static const char *below(const struct reading *r)
{
	static const char root[] = "/Document/BkToCstmrStmt";

	return strncmp(r->path, root, sizeof(root) - 1) == 0 ? r->path + sizeof(root) - 1 : "";
}

static void on_start(void *self, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
	const xmlChar **namespace_list, int attributes, int defaulted, const xmlChar **attribute_list)
{
	struct reading *r = self;
	size_t len = r->depth > 0 ? r->lengths[r->depth - 1] : 0, more = strlen((const char *) name);

	(void) prefix, (void) namespaces, (void) namespace_list, (void) defaulted;
	if (r->stopped)
		return;
	if (r->depth == DEPTH || len + more + 2 > sizeof(r->path)) {
		refuse(r, "this statement is nested deeper than any bank's");
		return;
	}
	if (r->depth == 0) {
		r->is_camt = strcmp((const char *) name, "Document") == 0 && uri != NULL &&
			strstr((const char *) uri, "camt.053.") != NULL;
		if (!r->is_camt) {
			refuse(r, "this is no camt.053 statement: ask your bank for an account statement as camt.053 (XML)");
			return;
		}
	}
	r->path[len] = '/';
	memcpy(r->path + len + 1, name, more + 1);
	r->lengths[r->depth++] = len + 1 + more;
	r->chars_len = 0;
	if (strcmp(below(r), ENTRY) == 0) {
		arena_reset(&r->arena);
		r->entry = (struct transaction){0};
		r->day = r->state = (struct str){NULL, 0};
		r->tx_count = 0;
	} else if (strcmp(below(r), "/Stmt") == 0) {
		r->account[0] = '\0';
	} else if (strcmp(below(r), TX) == 0) {
		begin_transaction(r);
	}
	for (int i = 0; i < attributes; i++) {
		const xmlChar *const *one = attribute_list + 5 * (ptrdiff_t) i;

		if (strcmp((const char *) one[0], "Ccy") == 0)
			snprintf(r->currency, sizeof(r->currency), "%.*s", (int) (one[4] - one[3]), (const char *) one[3]);
	}
}

static void on_end(void *self, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reading *r = self;

	(void) name, (void) prefix, (void) uri;
	if (r->stopped || r->depth == 0)
		return;
	r->chars[r->chars_len] = '\0';
	take(r, below(r), str_trim(str_make(r->chars, r->chars_len)));
	if (strcmp(below(r), ENTRY) == 0)
		end_entry(r);
	r->chars_len = 0;
	r->depth--;
	r->path[r->depth > 0 ? r->lengths[r->depth - 1] : 0] = '\0';
}

static void on_chars(void *self, const xmlChar *at, int len)
{
	struct reading *r = self;
	struct str more = str_cut(str_make((const char *) at, (size_t) len), CAMT_TEXT_BYTES - r->chars_len);

	if (r->stopped)
		return;
	memcpy(r->chars + r->chars_len, more.at, more.len);
	r->chars_len += more.len;
}

/* A document type or an entity of the file's own: neither is read. */
static void on_document_type(void *self, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	(void) name, (void) public_id, (void) system_id;
	refuse(self, "this file has a document type (DOCTYPE), which no bank's statement has: it is refused");
}

static void on_entity(void *self, const xmlChar *name, int type, const xmlChar *public_id, const xmlChar *system_id,
	xmlChar *content)
{
	(void) name, (void) type, (void) public_id, (void) system_id, (void) content;
	refuse(self, "this file declares an entity, which no bank's statement does: it is refused");
}

static xmlEntityPtr get_entity(void *self, const xmlChar *name)
{
	(void) self;
	return xmlGetPredefinedEntity(name);
}

static void on_error(void *self, const char *format, ...)
{
	(void) self, (void) format;
}

bool camt_read(struct str xml, camt_line *line, void *self, size_t *count, struct fault *f)
{
	static xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC, .startElementNs = on_start, .endElementNs = on_end,
		.characters = on_chars, .cdataBlock = on_chars, .internalSubset = on_document_type, .entityDecl = on_entity,
		.getEntity = get_entity, .warning = on_error, .error = on_error};
	struct reading *r = memory_new(1, sizeof(*r));
	bool ok = false;

	r->line = line;
	r->self = self;
	r->f = f;
	arena_init(&r->arena, "entry", ENTRY_BYTES);
	if (xml.len == 0 || xml.len > CAMT_BYTES) {
		fault_set(f, FAULT_INPUT, xml.len == 0 ? "this file is empty" : "this file is larger than mimeo takes: import shorter periods");
	} else {
		r->parser = xmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL);
		if (r->parser == NULL) {
			fault_set(f, FAULT_IO, "the XML parser cannot be started");
		} else {
			int code;

			xmlCtxtUseOptions(r->parser, XML_PARSE_NONET);
			code = xmlParseChunk(r->parser, xml.at, (int) xml.len, 1);
			ok = !r->stopped && code == XML_ERR_OK && r->is_camt;
			if (!ok)
				fault_set(f, FAULT_INPUT, "this file is no whole XML: was it cut while it was saved? (line %d)",
					r->parser->lastError.line);
			if (r->parser->myDoc != NULL)
				xmlFreeDoc(r->parser->myDoc);
			xmlFreeParserCtxt(r->parser);
		}
	}
	*count = r->count;
	arena_release(&r->arena);
	memory_free(r->txs);
	memory_free(r->seen);
	memory_free(r);
	return ok;
}
