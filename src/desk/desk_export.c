/* desk_export.c: Support, Periods: a month of the books, or all of them, for ledger, hledger or a spreadsheet.
 *
 * Decides: the file. Leaves to support: the bookings, which come a page at a time; `mimeo support export` writes the same on a terminal.
 * Runs in: desk. The hard thing: the file is one answer, so it has a largest size; beyond it the command does it.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/desk_money.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "http/http_client.h"

enum { EXPORT_BYTES = 32 * 1024 * 1024, PAGE_BOOKINGS = 1000 };

static const struct {
	const char *format, *ending, *type;
} exports[] = {{"ledger", "ledger", "text/plain; charset=utf-8"}, {"hledger", "journal", "text/plain; charset=utf-8"},
	{"csv", "csv", "text/csv; charset=utf-8"}};

enum { EXPORT_LEDGER, EXPORT_HLEDGER, EXPORT_CSV, EXPORT_KINDS };

struct export_page {
	size_t which;
	struct str period;          /* "2026-10", or "all" */
	int64_t from, until;
	bool has_head;
	struct buf out;
};

static void ask_page(struct desk_visit *visit, struct export_page *page, struct str after);

/* "-12.50", with a point whatever the language: programs read it. */
static void add_amount(struct buf *out, int64_t minor, struct str code)
{
	int digits = money_digits(code);
	int64_t unit = 1, rest = minor < 0 ? -minor : minor;

	for (int i = 0; i < digits; i++)
		unit *= 10;
	buf_format(out, "%s%" PRId64, minor < 0 ? "-" : "", rest / unit);
	if (digits > 0)
		buf_format(out, ".%0*" PRId64, digits, rest % unit);
}

/* What both programs want to know first: with it `ledger --pedantic` and `hledger --strict` read the file. */
static void add_head(struct export_page *page, const json_t *accounts)
{
	struct str last = {NULL, 0};

	page->has_head = true;
	if (page->which == EXPORT_CSV) {
		buf_add_text(&page->out, "day,booking,kind,contribution,account,amount,currency,period\r\n");
		return;
	}
	for (size_t i = 0; i < json_array_size(accounts); i++) {
		struct str code = http_json_text(json_array_get(accounts, i), "currency");

		if (str_equal(code, last))
			continue;
		last = code;
		buf_add_text(&page->out, "commodity ");
		if (page->which == EXPORT_HLEDGER) {
			add_amount(&page->out, 100000, code);
			buf_add_text(&page->out, money_digits(code) > 0 ? " " : ". ");
		}
		buf_add_str(&page->out, code);
		buf_add_char(&page->out, '\n');
	}
	for (size_t i = 0; i < json_array_size(accounts); i++)
		buf_format(&page->out, "account %.*s\n", STR_ARG(http_json_text(json_array_get(accounts, i), "account")));
	buf_add_char(&page->out, '\n');
}

static void add_journal(struct buf *out, const json_t *booking)
{
	const json_t *entries = json_object_get(booking, "entries");
	struct str contribution = http_json_text(booking, "contribution");

	buf_format(out, "%.*s * %.*s%s%.*s\n", STR_ARG(http_json_text(booking, "day")), STR_ARG(http_json_text(booking, "kind")),
		contribution.len > 0 ? " " : "", STR_ARG(contribution));
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		struct str code = http_json_text(entry, "currency");

		buf_format(out, "    %-24.*s  ", STR_ARG(http_json_text(entry, "account")));
		add_amount(out, desk_money_number(entry, "amount_minor"), code);
		buf_format(out, " %.*s\n", STR_ARG(code));
	}
	buf_add_char(out, '\n');
}

/* Words of ours, marks and numbers: nothing in it needs quoting. */
static void add_csv(struct buf *out, const json_t *booking)
{
	const json_t *entries = json_object_get(booking, "entries");

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		struct str code = http_json_text(entry, "currency");

		buf_format(out, "%.*s,%.*s,%.*s,%.*s,%.*s,", STR_ARG(http_json_text(booking, "day")), STR_ARG(http_json_text(booking, "id")),
			STR_ARG(http_json_text(booking, "kind")), STR_ARG(http_json_text(booking, "contribution")),
			STR_ARG(http_json_text(entry, "account")));
		add_amount(out, desk_money_number(entry, "amount_minor"), code);
		buf_format(out, ",%.*s,%" PRId64 "\r\n", STR_ARG(code), desk_money_number(booking, "period"));
	}
}

static void answer_file(struct desk_visit *visit, struct export_page *page)
{
	struct fault f = {0};

	if (page->out.over) {
		fault_set(&f, FAULT_FULL, "This is more than one page of a browser should carry: a technician runs mimeo support export at the server.");
		desk_answer_fault(visit, &f, "support", "/support/periods");
	} else {
		desk_headers(visit->rq, false);
		http_set(visit->rq, "Content-Disposition", str_to_c(str_format(visit->arena, "attachment; filename=\"books-%.*s.%s\"",
			STR_ARG(page->period), exports[page->which].ending), visit->arena));
		http_answer(visit->rq, 200, exports[page->which].type, buf_view(&page->out));
	}
	buf_release(&page->out);
}

static void on_page(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct export_page *page = more;
	const json_t *bookings = json_object_get(reply, "bookings");
	struct str after = desk_money_text(visit, reply, "after");

	if (f != NULL) {
		buf_release(&page->out);
		desk_answer_fault(visit, f, "support", "/support/periods");
		return;
	}
	if (!page->has_head)
		add_head(page, json_object_get(reply, "accounts"));
	for (size_t i = 0; i < json_array_size(bookings); i++) {
		if (page->which == EXPORT_CSV)
			add_csv(&page->out, json_array_get(bookings, i));
		else
			add_journal(&page->out, json_array_get(bookings, i));
	}
	if (after.len > 0 && !page->out.over)
		ask_page(visit, page, after);
	else
		answer_file(visit, page);
}

static void ask_page(struct desk_visit *visit, struct export_page *page, struct str after)
{
	desk_ask(visit, "support", "GET", str_to_c(str_format(visit->arena, "/ledger?limit=%d&from=%" PRId64 "&until=%" PRId64 "&after=%.*s",
		PAGE_BOOKINGS, page->from, page->until, STR_ARG(after)), visit->arena), NULL, on_page, page);
}

/* The days of "2026-10", or all. */
static bool read_period(struct export_page *page)
{
	int64_t year = 0, month = 0;

	page->from = 0;
	page->until = INT32_MAX;
	if (str_is(page->period, "all"))
		return true;
	if (page->period.len != 7 || page->period.at[4] != '-' || !str_to_i64(str_part(page->period, 0, 4), &year) ||
		!str_to_i64(str_part(page->period, 5, 2), &month) || year < 2000 || year > 9000 || month < 1 || month > 12)
		return false;
	page->from = clock_day_of((int) year, (int) month, 1);
	page->until = clock_day_of((int) year, (int) month + 1, 0);
	return true;
}

void desk_get_export(struct http_request *rq, void *self)
{
	struct str format = http_part(rq, "format");
	struct export_page *page;
	struct desk_visit *visit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	page = arena_alloc(visit->arena, sizeof(*page));
	if (page != NULL) {
		page->period = http_part(rq, "period");
		while (page->which < EXPORT_KINDS && !str_is(format, exports[page->which].format))
			page->which++;
	}
	if (page == NULL || page->which == EXPORT_KINDS || !read_period(page)) {
		fault_set(&f, FAULT_MISSING, "There is no such export.");
		desk_answer_fault(visit, &f, "support", "/support/periods");
		return;
	}
	buf_init(&page->out, EXPORT_BYTES);
	ask_page(visit, page, STR("0"));
}
