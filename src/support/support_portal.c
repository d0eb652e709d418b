/* support_portal.c: from a supporter's own page to the page where their card is changed.
 *
 * Decides: that nothing of ours changes by it. Leaves to others: the provider's call (rail.h). Runs in: support. The hard thing:
 * none; an answer that does not come is said, and may be asked for again.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "press/locale.h"
#include "support_own.h"

/* One asking; in the request's arena. */
struct opening {
	struct support *support;
	struct http_request *rq;
	struct support_checkout checkout;
	struct support_mandate mandate;
};

static void answered(void *self, const struct rail_answer *answer, const struct fault *f)
{
	struct opening *is = self;
	const struct locale *locale = page_locale(is->support->room->theme, is->support->settings, is->checkout.language);

	if (f == NULL && answer != NULL) {
		page_headers(is->support->settings, is->support->room->theme, is->rq);
		http_answer_redirect(is->rq, str_to_c(answer->url, http_arena(is->rq)));
		return;
	}
	if (f != NULL)
		log_fault(f, "asking for the page where a card is changed");
	support_answer_own(is->support, is->rq, fault_http_status(FAULT_REMOTE), &is->checkout, &is->mandate,
		locale_text(locale, "support_manage_failed"));
}

void support_open_portal(struct support *support, struct http_request *rq, const struct support_checkout *checkout,
	const struct support_mandate *mandate)
{
	struct opening *is = arena_alloc(http_arena(rq), sizeof(*is));
	struct rail_line *line = rail_find(support, checkout->rail);
	struct str back = str_format(http_arena(rq), "%.*s/support/manage/%.*s", STR_ARG(support->settings->url), STR_ARG(http_part(rq, "token")));
	struct fault f = {0};

	if (is == NULL || back.at == NULL) {
		fault_full(&f, "a request");
		http_answer_fault(rq, &f);
		return;
	}
	*is = (struct opening){.support = support, .rq = rq, .checkout = *checkout, .mandate = *mandate};
	if (line != NULL && line->is_on && line->rail->portal != NULL) {
		line->rail->portal(line, mandate->subscription, back, checkout->language, answered, is);
	} else {
		fault_set(&f, FAULT_MISSING, "this way to pay has no page where a card is changed");
		answered(is, NULL, &f);
	}
}
