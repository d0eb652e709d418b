/* support_receipt.c: receipts and years' statements: as pages, and as the lines from which mimeo-receipt sets a PDF.
 *
 * Decides: what stands on them. Leaves to others: paper (src/receipt), the books. Runs in: support. The hard thing: a tax
 * office wants a name and we hold none: it is typed, printed and forgotten, and so it comes in a POST's body alone, never in an
 * address that a server or a browser might keep.
 * SPDX-License-Identifier: ISC */
#include "support_receipt.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"
#include "support_inside.h"

enum { NAME_CHARS = 120, GIFTS_MOST = 400, LINES_BYTES = 128 * 1024 };

struct gift {
	int64_t id;
	enum frequency frequency;
	int32_t day;
	struct str method;
	struct money amount;
	int64_t refunded;
};

/* One question for a receipt: whose, which, in what language. */
struct receipt {
	struct support *support;
	struct http_request *rq;
	const struct locale *locale;
	struct support_checkout checkout;
	struct str token, what, name;
	int year;                 /* 0: of one gift */
	struct gift *gifts;
	size_t count;
};

const char *support_receipt_name(int64_t contribution, struct arena *arena)
{
	return str_to_c(str_format(arena, "c-%08x", (unsigned) ((uint64_t) contribution >> 31)), arena);
}

static struct str date_of(const struct locale *locale, int32_t day, struct arena *arena)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day(day));

	return locale_date(locale, &civil, arena);
}

static int year_of(int32_t day)
{
	return clock_civil_utc(clock_from_utc_day(day)).year;
}

static struct str method_text(const struct locale *locale, struct str method)
{
	if (str_is(method, "stripe"))
		return locale_text(locale, "method_card");
	if (str_is(method, "bank"))
		return locale_text(locale, "method_bank");
	if (str_is(method, "paypal"))
		return STR("PayPal");
	if (str_is(method, "btcpay"))
		return STR("Bitcoin");
	if (str_is(method, "monero"))
		return STR("Monero");
	return method;
}

/* Newest first. */
static bool read_gifts(struct support *support, int64_t checkout, struct arena *arena, struct gift **gifts, size_t *count, struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	*gifts = arena_alloc_many(arena, GIFTS_MOST, sizeof(**gifts));
	if (*gifts == NULL)
		return fault_full(f, "a giver's receipts");
	if (!store_rows_begin(support->db, SUPPORT_SQL_RECEIPT_GIFTS, STORE_ARGS(store_i64(checkout), store_i64(GIFTS_MOST)), &rows, f))
		return false;
	while (*count < GIFTS_MOST && store_rows_next(&rows, f)) {
		struct gift *gift = &(*gifts)[(*count)++];
		struct str frequency = store_column_text(&rows, 1);

		*gift = (struct gift){.id = store_column_i64(&rows, 0), .method = store_column_copy(&rows, 2, arena),
			.amount.minor = store_column_i64(&rows, 3), .refunded = store_column_i64(&rows, 5), .day = (int32_t) store_column_i64(&rows, 6)};
		snprintf(gift->amount.code, sizeof(gift->amount.code), "%.*s", STR_ARG(store_column_text(&rows, 4)));
		for (unsigned i = 0; i < FREQUENCY_COUNT; i++)
			if (str_is(frequency, frequency_names[i]))
				gift->frequency = (enum frequency) i;
	}
	return store_rows_end(&rows);
}

/* --- for the giver's own page --- */

bool support_list_receipts(struct support *support, int64_t checkout, struct str token, struct str language,
	struct press_value *root, struct arena *arena, struct fault *f)
{
	const struct locale *locale = page_locale(support->room->theme, support->settings, language);
	struct press_value *years;
	struct gift *gifts;
	size_t count;
	int last = 0;

	if (!read_gifts(support, checkout, arena, &gifts, &count, f))
		return false;
	years = count > 0 ? press_set_list(root, "years") : NULL;
	for (size_t i = 0; i < count; i++) {
		int year = year_of(gifts[i].day);
		struct str text = str_format(arena, "%d", year);
		struct press_value *item;

		if (year == last)
			continue;
		last = year;
		item = press_add_map(years);
		press_set_text(item, "href", str_format(arena, "../receipt/%.*s/%d", STR_ARG(token), year));
		press_set_text(item, "text", locale_format(locale, "receipt_year_title", arena,
			(const struct locale_pair[]){{"year", text}, {NULL, {NULL, 0}}}));
	}
	return true;
}

/* --- one receipt or statement --- */

/* Keeps of the gifts those that it speaks of. */
static bool choose(struct receipt *receipt)
{
	struct arena *arena = http_arena(receipt->rq);
	size_t kept = 0;
	int64_t year;

	if (receipt->what.len == 4 && str_to_i64(receipt->what, &year) && year > 2000)
		receipt->year = (int) year;
	for (size_t i = 0; i < receipt->count; i++) {
		bool fits = receipt->year != 0 ? year_of(receipt->gifts[i].day) == receipt->year
			: str_is(receipt->what, support_receipt_name(receipt->gifts[i].id, arena));

		if (fits && (receipt->year != 0 || kept == 0))
			receipt->gifts[kept++] = receipt->gifts[i];
	}
	receipt->count = kept;
	return kept > 0 || receipt->year != 0;
}

/* False: answered. */
static bool begin(struct receipt *receipt, struct http_request *rq, struct room *room)
{
	struct fault f = {0};
	bool found = false;

	*receipt = (struct receipt){.support = room->self, .rq = rq, .token = http_part(rq, "token"), .what = http_part(rq, "what")};
	if (!support_find_checkout(receipt->support, SUPPORT_BY_MANAGE, receipt->token, http_arena(rq), &receipt->checkout, &found, &f) ||
		(found && !read_gifts(receipt->support, receipt->checkout.id, http_arena(rq), &receipt->gifts, &receipt->count, &f))) {
		log_fault(&f, "finding a receipt");
		http_answer_fault(rq, &f);
		return false;
	}
	if (!found || !choose(receipt)) {
		support_answer_unknown(receipt->support, rq);
		return false;
	}
	receipt->locale = page_locale(room->theme, receipt->support->settings, receipt->checkout.language);
	return true;
}

static struct str money(const struct receipt *receipt, int64_t minor, const struct gift *gift)
{
	struct money sum = gift->amount;

	sum.minor = minor;
	return locale_money(receipt->locale, sum, false, http_arena(receipt->rq));
}

static struct str title(const struct receipt *receipt)
{
	struct arena *arena = http_arena(receipt->rq);

	if (receipt->year != 0)
		return locale_format(receipt->locale, "receipt_year_title", arena, (const struct locale_pair[]){
			{"year", str_format(arena, "%d", receipt->year)}, {NULL, {NULL, 0}}});
	return locale_format(receipt->locale, "receipt_heading", arena, (const struct locale_pair[]){
		{"amount", money(receipt, receipt->gifts[0].amount.minor, &receipt->gifts[0])}, {NULL, {NULL, 0}}});
}

/* What stands on it, once for the page and the paper: a pair of texts a row. */
struct row {
	struct str label, value;
};

static size_t head_rows(const struct receipt *receipt, struct row *rows)
{
	const struct settings *is = receipt->support->settings;
	size_t n = 0;

	rows[n++] = (struct row){locale_text(receipt->locale, "receipt_from"), is->receipt_from.len > 0 ? is->receipt_from : is->name};
	if (receipt->name.len > 0)
		rows[n++] = (struct row){locale_text(receipt->locale, "receipt_for"), receipt->name};
	return n;
}

static size_t gift_rows(const struct receipt *receipt, struct row *rows)
{
	const struct locale *locale = receipt->locale;
	const struct gift *gift = &receipt->gifts[0];
	struct arena *arena = http_arena(receipt->rq);
	size_t n = head_rows(receipt, rows);

	rows[n++] = (struct row){locale_text(locale, "receipt_amount"), money(receipt, gift->amount.minor, gift)};
	rows[n++] = (struct row){locale_text(locale, "receipt_day"), date_of(locale, gift->day, arena)};
	rows[n++] = (struct row){locale_text(locale, "receipt_kind"), locale_text(locale, frequency_names[gift->frequency])};
	rows[n++] = (struct row){locale_text(locale, "receipt_method"), method_text(locale, gift->method)};
	rows[n++] = (struct row){locale_text(locale, "receipt_number"), str_from(support_receipt_name(gift->id, arena))};
	if (gift->refunded > 0)
		rows[n++] = (struct row){locale_text(locale, "receipt_refunded"), money(receipt, gift->refunded, gift)};
	return n;
}

/* Sums of a year by currency, in the order of their first gift; what was given back is taken off. */
static size_t sums_of(const struct receipt *receipt, struct gift sums[8])
{
	size_t n = 0, k;

	for (size_t i = 0; i < receipt->count; i++) {
		const struct gift *gift = &receipt->gifts[i];

		for (k = 0; k < n && strcmp(sums[k].amount.code, gift->amount.code) != 0; k++)
			;
		if (k == n && n < 8)
			sums[n++] = (struct gift){.amount = {0, ""}};
		if (k == 8)
			continue;
		memcpy(sums[k].amount.code, gift->amount.code, sizeof(gift->amount.code));
		sums[k].amount.minor += gift->amount.minor - gift->refunded;
	}
	return n;
}

/* --- the page --- */

/* What was given back and waits at a page where they name an address of theirs (coins). */
static void add_claims(const struct receipt *receipt, struct press_value *root)
{
	const struct gift *gift = &receipt->gifts[0];
	struct arena *arena = http_arena(receipt->rq);
	struct press_value *list = press_set_list(root, "claims");
	struct store_rows rows;
	struct fault f = {0};
	struct str page;
	bool ok = store_rows_begin(receipt->support->db, SUPPORT_SQL_WISH_PAGES, STORE_ARGS(store_i64(gift->id)), &rows, &f);

	while (ok && store_rows_next(&rows, &f) && seal_open(receipt->support->seal_key, store_column_text(&rows, 1), arena, &page, &f)) {
		const struct locale_pair pairs[] = {{"amount", money(receipt, store_column_i64(&rows, 0), gift)}, {NULL, {NULL, 0}}};
		struct press_value *claim = press_add_map(list);

		press_set_text(claim, "href", page);
		press_set_text(claim, "text", locale_format(receipt->locale, "receipt_claim", arena, pairs));
	}
	if (!store_rows_end(&rows) || f.kind != FAULT_NONE)
		log_fault(&f, "a receipt's refunds");
}

static void answer_page(const struct receipt *receipt, int status, const char *error)
{
	struct support *support = receipt->support;
	struct arena *arena = http_arena(receipt->rq);
	const struct locale *locale = receipt->locale;
	struct page page = {.language = receipt->checkout.language, .depth = 3, .title = title(receipt)};
	struct press_value *root = page_values(support->room->theme, support->settings, &page, arena), *list;
	struct row rows[10];
	struct gift sums[8];
	size_t n = receipt->year != 0 ? head_rows(receipt, rows) : gift_rows(receipt, rows);

	press_set_text(root, "heading", page.title);
	list = press_set_list(root, "rows");
	for (size_t i = 0; i < n; i++) {
		struct press_value *row = press_add_map(list);

		press_set_text(row, "label", rows[i].label);
		press_set_text(row, "value", rows[i].value);
	}
	if (receipt->year != 0) {
		list = press_set_list(root, "gifts");
		for (size_t i = 0; i < receipt->count; i++) {
			struct press_value *gift = press_add_map(list);

			press_set_text(gift, "day", date_of(locale, receipt->gifts[i].day, arena));
			press_set_text(gift, "number", str_from(support_receipt_name(receipt->gifts[i].id, arena)));
			press_set_text(gift, "amount", money(receipt, receipt->gifts[i].amount.minor - receipt->gifts[i].refunded, &receipt->gifts[i]));
		}
		list = press_set_list(root, "sums");
		n = sums_of(receipt, sums);
		for (size_t i = 0; i < n; i++)
			press_set_text(press_add_map(list), "amount", money(receipt, sums[i].amount.minor, &sums[i]));
		press_set_bool(root, "is_none", receipt->count == 0);
	} else {
		add_claims(receipt, root);
	}
	press_set_bool(root, "is_year", receipt->year != 0);
	press_set_bool(root, "has_gifts", receipt->count > 0);
	press_set_text(root, "name", receipt->name);
	if (error != NULL)
		press_set_text(root, "error", locale_text(locale, error));
	press_set_text(root, "action", receipt->what);
	press_set_text(root, "back_href", str_format(arena, "../../manage/%.*s", STR_ARG(receipt->token)));
	page_answer(support->room, receipt->rq, status, "receipt", root);
}

void support_get_receipt(struct http_request *rq, void *room)
{
	struct receipt receipt;

	if (begin(&receipt, rq, room))
		answer_page(&receipt, 200, NULL);
}

/* --- the paper --- */

static void add_line(struct buf *out, const char *word, const struct str *parts, size_t count)
{
	buf_add_text(out, word);
	for (size_t i = 0; i < count; i++) {
		buf_add_char(out, '\t');
		for (size_t k = 0; k < parts[i].len; k++) /* nothing that was typed begins a part or a line */
			buf_add_char(out, (unsigned char) parts[i].at[k] < ' ' ? ' ' : parts[i].at[k]);
	}
	buf_add_char(out, '\n');
}

static void write_lines(const struct receipt *receipt, struct buf *out)
{
	const struct locale *locale = receipt->locale;
	const struct settings *is = receipt->support->settings;
	struct arena *arena = http_arena(receipt->rq);
	struct row rows[10];
	struct gift sums[8];
	size_t n = receipt->year != 0 ? head_rows(receipt, rows) : gift_rows(receipt, rows);

	add_line(out, "lang", (struct str[]){locale_language(locale)}, 1);
	add_line(out, "dir", (struct str[]){locale_is_rtl(locale) ? STR("rtl") : STR("ltr")}, 1);
	add_line(out, "newsroom", (struct str[]){is->name}, 1);
	add_line(out, "title", (struct str[]){title(receipt)}, 1);
	if (!is->live)
		add_line(out, "mark", (struct str[]){locale_text(locale, "receipt_test")}, 1);
	for (size_t i = 0; i < n; i++)
		add_line(out, "row", (struct str[]){rows[i].label, rows[i].value}, 2);
	if (receipt->year != 0)
		add_line(out, "head", (struct str[]){locale_text(locale, "receipt_day"), locale_text(locale, "receipt_number"),
			locale_text(locale, "receipt_amount")}, 3);
	for (size_t i = 0; receipt->year != 0 && i < receipt->count; i++) {
		const struct gift *gift = &receipt->gifts[i];

		add_line(out, "line", (struct str[]){date_of(locale, gift->day, arena), str_from(support_receipt_name(gift->id, arena)),
			money(receipt, gift->amount.minor - gift->refunded, gift)}, 3);
	}
	n = receipt->year != 0 ? sums_of(receipt, sums) : 0;
	for (size_t i = 0; i < n; i++)
		add_line(out, "sum", (struct str[]){locale_text(locale, "receipt_sum"), {NULL, 0}, money(receipt, sums[i].amount.minor, &sums[i])}, 3);
	add_line(out, "words", (struct str[]){locale_text(locale, "receipt_words")}, 1);
	add_line(out, "foot", (struct str[]){is->url}, 1);
}

static void on_pdf(struct http_request *rq, struct str pdf, const struct fault *f, void *self)
{
	struct receipt *receipt = self;

	if (f != NULL) {
		log_fault(f, "setting a receipt");
		answer_page(receipt, 503, "receipt_pdf_failed");
		return;
	}
	page_headers(receipt->support->settings, receipt->support->room->theme, rq);
	http_set(rq, "Content-Disposition", str_to_c(str_format(http_arena(rq), "attachment; filename=\"receipt-%.*s.pdf\"",
		STR_ARG(receipt->what)), http_arena(rq)));
	http_answer(rq, 200, "application/pdf", pdf);
}

void support_post_receipt(struct http_request *rq, void *room)
{
	struct receipt *receipt = arena_alloc(http_arena(rq), sizeof(*receipt));
	struct fault f = {0};
	struct buf lines;

	if (receipt == NULL) {
		fault_full(&f, "a receipt");
		http_answer_fault(rq, &f);
		return;
	}
	if (!begin(receipt, rq, room))
		return;
	receipt->name = str_trim(http_field(rq, "name"));
	if (!str_is_utf8(receipt->name) || str_count_chars(receipt->name) > NAME_CHARS || str_has_control(receipt->name)) {
		answer_page(receipt, 422, "receipt_name_error");
		return;
	}
	buf_init(&lines, LINES_BYTES);
	write_lines(receipt, &lines);
	if (!buf_check(&lines, "a receipt", &f) || !support_set_pdf(receipt->support, rq, buf_view(&lines), on_pdf, receipt, &f))
		on_pdf(rq, (struct str){NULL, 0}, &f, receipt);
	buf_release(&lines);
}
