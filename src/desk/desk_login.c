/* desk_login.c: getting in and out, the files that desk pages show, and the table of all desk pages.
 *
 * Decides: which paths there are. Leaves to others: the pages. Runs in: desk. The hard thing: opening a login link changes nothing (mail
 * programs and chats open links by themselves); its button uses it up.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "desk/desk_pages.h"
#include "desk/desk_photo.h"
#include "desk/desk_visit.h"
#include "desk/desk_web.h"
#include "house/room.h"
#include "press/theme.h"

static const char link_is_old[] = "This link was used already or is too old. A technician makes a new one at the server: mimeo staff link NAME.";

static void get_login(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct str token = http_part(rq, "token");

	if (!desk_is_at_home(rq, room))
		return;
	if (desk_link_is_good(room, token, http_arena(rq)))
		desk_answer_plain(rq, room, 200, "Sign in to the desk",
			STR("This link works once. Press the button on the device at which you "
			"work."), "Sign in", str_format(http_arena(rq), "/login/%.*s", STR_ARG(token)));
	else
		desk_answer_plain(rq, room, 410, "This link no longer works", str_from(link_is_old), NULL, STR(""));
}

static void post_login(struct http_request *rq, void *self)
{
	struct room *room = self;
	char session[RAND_TOKEN_CHARS + 1];
	struct fault f = {0};

	if (!desk_is_at_home(rq, room))
		return;
	if (http_is_cross_site(rq)) {
		desk_answer_plain(rq, room, 403, "Not from here", STR("Open the link itself and press its button there."),
			NULL, STR(""));
		return;
	}
	if (!desk_session_begin(room, http_part(rq, "token"), session, http_arena(rq), &f)) {
		desk_answer_plain(rq, room, 410, "This link no longer works", str_from(link_is_old), NULL, STR(""));
		return;
	}
	http_set_cookie(rq, "desk", session, "/", -1, true, str_starts(room->settings.desk_url, STR("https://")));
	desk_headers(rq, false);
	http_answer_redirect(rq, "/stories");
}

static void post_logout(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (!desk_visit_begin(rq, self, 0, &visit))
		return;
	desk_session_end(visit->room, http_cookie(rq, "desk"));
	http_set_cookie(rq, "desk", "", "/", 0, true, str_starts(visit->room->settings.desk_url, STR("https://")));
	desk_answer_plain(rq, visit->room, 200, "Signed out",
		STR("You can close this window. To come back you need a new link."), NULL,
		STR(""));
}

static void get_root(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (!desk_visit_begin(rq, self, 0, &visit))
		return;
	desk_headers(rq, false);
	http_answer_redirect(rq, "/stories");
}

/* --- files --- */

static void answer_theme_file(struct http_request *rq, void *self, const char *name, const char *type)
{
	struct room *room = self;

	desk_headers(rq, false);
	http_answer(rq, 200, type, theme_file(room->theme, name));
}

static void get_css(struct http_request *rq, void *self)
{
	answer_theme_file(rq, self, "desk.css", "text/css; charset=utf-8");
}

static void get_js(struct http_request *rq, void *self)
{
	answer_theme_file(rq, self, "desk.js", "text/javascript; charset=utf-8");
}

/* "<16 hex>-<width>.jpg|webp", as mimeo-image names its files: nothing else can be asked for. */
static bool is_photo_name(struct str name)
{
	size_t i, digits = 0;

	if (name.len < 16 + 1 + 1 + 4 || name.len > 32)
		return false;
	for (i = 0; i < 16; i++)
		if (!((name.at[i] >= '0' && name.at[i] <= '9') || (name.at[i] >= 'a' && name.at[i] <= 'f')))
			return false;
	if (name.at[i++] != '-')
		return false;
	while (i < name.len && name.at[i] >= '0' && name.at[i] <= '9')
		i++, digits++;
	return digits > 0 && (str_is(str_part(name, i, SIZE_MAX), ".jpg") || str_is(str_part(name, i, SIZE_MAX), ".webp"));
}

static void get_media(struct http_request *rq, void *self)
{
	struct str name = http_part(rq, "name");
	struct desk_visit *visit;
	struct stat st;
	char path[64];
	int fd = -1;

	if (!desk_visit_begin(rq, self, DESK_READ, &visit))
		return;
	if (is_photo_name(name)) {
		snprintf(path, sizeof(path), "data/desk/media/%.*s", STR_ARG(name));
		fd = openat(visit->room->home.fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		desk_web_otherwise(rq, self);
		return;
	}
	http_set(rq, "Cache-Control", "private, max-age=31536000, immutable");
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_answer_fd(rq, 200, str_ends(name, STR(".webp")) ? "image/webp" : "image/jpeg", fd, 0, (uint64_t) st.st_size);
}

void desk_web_otherwise(struct http_request *rq, void *self)
{
	desk_answer_plain(rq, self, 404, "This page is not here", STR("Nothing of the desk has this address."), NULL,
		STR(""));
}

const char *const desk_web_even_read_only[] = {"/login/{token}", "/logout", NULL};

const struct http_route desk_web_routes[] = {
	{"GET", "/", get_root, HTTP_NO_BODY},
	{"GET", "/login/{token}", get_login, HTTP_NO_BODY},
	{"POST", "/login/{token}", post_login, HTTP_FORM},
	{"POST", "/logout", post_logout, HTTP_FORM},
	{"GET", "/desk.css", get_css, HTTP_NO_BODY},
	{"GET", "/desk.js", get_js, HTTP_NO_BODY},
	{"GET", "/media/{name}", get_media, HTTP_NO_BODY},
	{"GET", "/stories", desk_get_stories, HTTP_NO_BODY},
	{"POST", "/stories", desk_post_stories, HTTP_FORM},
	{"GET", "/stories/{id}", desk_get_story, HTTP_NO_BODY},
	{"POST", "/stories/{id}", desk_post_story, HTTP_WRITING},
	{"GET", "/stories/{id}/preview", desk_get_story_preview, HTTP_NO_BODY},
	{"POST", "/stories/{id}/preview", desk_post_story_preview, HTTP_WRITING},
	{"GET", "/stories/{id}/withdraw", desk_get_withdraw, HTTP_NO_BODY},
	{"POST", "/stories/{id}/withdraw", desk_post_withdraw, HTTP_FORM},
	{"GET", "/stories/{id}/photo", desk_get_photo, HTTP_NO_BODY},
	{"POST", "/stories/{id}/photo", desk_post_photo, HTTP_FORM},
	{"POST", "/stories/{id}/photo/upload", desk_post_photo_upload, HTTP_UPLOAD},
	{"POST", "/stories/{id}/photo/choose", desk_post_photo_choose, HTTP_FORM},
	{"POST", "/stories/{id}/photo/remove", desk_post_photo_remove, HTTP_FORM},
	{"POST", "/stories/{id}/photo/append", desk_post_photo_append, HTTP_FORM},
	{"GET", "/stories/{id}/pictures", desk_get_pictures, HTTP_NO_BODY},
	{"GET", "/photos", desk_get_photos, HTTP_NO_BODY},
	{"GET", "/photos/{name}", desk_get_library_photo, HTTP_NO_BODY},
	{"POST", "/photos/{name}", desk_post_library_photo, HTTP_FORM},
	{"GET", "/photos/{name}/delete", desk_get_photo_delete, HTTP_NO_BODY},
	{"POST", "/photos/{name}/delete", desk_post_photo_delete, HTTP_FORM},
	{"GET", "/photo.js", desk_get_photo_js, HTTP_NO_BODY},
	{"GET", "/stories/{id}/delete", desk_get_delete, HTTP_NO_BODY},
	{"POST", "/stories/{id}/delete", desk_post_delete, HTTP_FORM},
	{"GET", "/stories/{id}/revisions", desk_get_revisions, HTTP_NO_BODY},
	{"GET", "/stories/{id}/revisions/{number}", desk_get_revision, HTTP_NO_BODY},
	{"POST", "/stories/{id}/revisions/{number}/restore", desk_post_restore, HTTP_FORM},
	{"GET", "/stories/{id}/kept/{kept}", desk_get_kept, HTTP_NO_BODY},
	{"POST", "/stories/{id}/kept/{kept}", desk_post_kept, HTTP_FORM},
	{"GET", "/stories/{id}/corrections", desk_get_corrections, HTTP_NO_BODY},
	{"POST", "/stories/{id}/corrections", desk_post_corrections, HTTP_FORM},
	{"POST", "/stories/{id}/corrections/{place}", desk_post_correction, HTTP_FORM},
	{"GET", "/bylines", desk_get_bylines, HTTP_NO_BODY},
	{"POST", "/bylines", desk_post_bylines, HTTP_FORM},
	{"GET", "/newsletter", desk_get_letter, HTTP_NO_BODY},
	{"POST", "/newsletter/drafts", desk_post_drafts, HTTP_FORM},
	{"GET", "/newsletter/drafts/{id}", desk_get_draft, HTTP_NO_BODY},
	{"POST", "/newsletter/drafts/{id}", desk_post_draft, HTTP_WRITING},
	{"GET", "/newsletter/drafts/{id}/preview", desk_get_draft_preview, HTTP_NO_BODY},
	{"GET", "/newsletter/drafts/{id}/approve", desk_get_approve, HTTP_NO_BODY},
	{"POST", "/newsletter/drafts/{id}/approve/{version}", desk_post_approve, HTTP_FORM},
	{"POST", "/newsletter/drafts/{id}/reopen", desk_post_reopen, HTTP_FORM},
	{"GET", "/newsletter/drafts/{id}/drop", desk_get_drop, HTTP_NO_BODY},
	{"POST", "/newsletter/drafts/{id}/drop", desk_post_drop, HTTP_FORM},
	{"GET", "/compose.js", desk_get_compose_js, HTTP_NO_BODY},
	{"GET", "/newsletter/subscribers", desk_get_subscribers, HTTP_NO_BODY},
	{"POST", "/newsletter/subscribers/look-up", desk_post_look_up, HTTP_FORM},
	{"POST", "/newsletter/subscribers/erase", desk_post_erase_subscriber, HTTP_FORM},
	{"GET", "/newsletter/imports/{id}", desk_get_import, HTTP_NO_BODY},
	{"POST", "/newsletter/imports/{id}", desk_post_import, HTTP_FORM},
	{"GET", "/newsletter/{id}", desk_get_issue, HTTP_NO_BODY},
	{"GET", "/newsletter/{id}/preview", desk_get_preview, HTTP_NO_BODY},
	{"GET", "/newsletter/{id}/send", desk_get_send, HTTP_NO_BODY},
	{"POST", "/newsletter/{id}/send", desk_post_send, HTTP_FORM},
	{"POST", "/newsletter/{id}/pause", desk_post_pause, HTTP_FORM},
	{"GET", "/newsletter/{id}/cancel", desk_get_cancel, HTTP_NO_BODY},
	{"POST", "/newsletter/{id}/cancel", desk_post_cancel, HTTP_FORM},
	{"GET", "/newsletter/{id}/resend", desk_get_resend, HTTP_NO_BODY},
	{"POST", "/newsletter/{id}/resend", desk_post_resend, HTTP_FORM},
	{"GET", "/support", desk_get_support, HTTP_NO_BODY},
	{"GET", "/support/gifts/{id}", desk_get_gift, HTTP_NO_BODY},
	{"GET", "/support/gifts/{id}/refund", desk_get_gift_refund, HTTP_NO_BODY},
	{"POST", "/support/gifts/{id}/refund", desk_post_gift_refund, HTTP_FORM},
	{"GET", "/support/refunds", desk_get_refunds, HTTP_NO_BODY},
	{"POST", "/support/refunds/{id}", desk_post_refund, HTTP_FORM},
	{"GET", "/support/disputes", desk_get_disputes, HTTP_NO_BODY},
	{"GET", "/support/payouts", desk_get_payouts, HTTP_NO_BODY},
	{"GET", "/support/payouts/{id}", desk_get_payout, HTTP_NO_BODY},
	{"GET", "/support/periods", desk_get_periods, HTTP_NO_BODY},
	{"GET", "/support/periods/{period}/close", desk_get_period_close, HTTP_NO_BODY},
	{"POST", "/support/periods/{period}/close", desk_post_period_close, HTTP_FORM},
	{"GET", "/support/periods/{period}/{format}", desk_get_export, HTTP_NO_BODY},
	{"GET", "/support/bank", desk_get_bank, HTTP_NO_BODY},
	{"POST", "/support/bank", desk_post_bank, HTTP_UPLOAD},
	{"POST", "/support/bank/match", desk_post_match, HTTP_FORM},
	{"POST", "/support/monero", desk_post_monero, HTTP_WRITING},
	{"GET", "/support/rails", desk_get_rails, HTTP_NO_BODY},
	{"GET", "/support/appeal", desk_get_appeal, HTTP_NO_BODY},
	{"GET", "/site", desk_get_site, HTTP_NO_BODY},
	{"POST", "/site/bake", desk_post_bake, HTTP_FORM},
	{"GET", "/site/front", desk_get_front, HTTP_NO_BODY},
	{"POST", "/site/front", desk_post_front, HTTP_FORM},
	{"GET", "/site/newsroom", desk_get_newsroom, HTTP_NO_BODY},
	{"POST", "/site/newsroom", desk_post_newsroom, HTTP_FORM},
	{"POST", "/site/sections", desk_post_sections, HTTP_FORM},
	{"GET", "/site/texts", desk_get_texts, HTTP_NO_BODY},
	{"GET", "/site/texts/{kind}/{lang}", desk_get_text, HTTP_NO_BODY},
	{"POST", "/site/texts/{kind}/{lang}", desk_post_text, HTTP_FORM},
	{"GET", "/site/texts/{kind}/{lang}/{version}", desk_get_text_version, HTTP_NO_BODY},
	{"GET", "/site/look", desk_get_look, HTTP_NO_BODY},
	{"POST", "/site/look", desk_post_look, HTTP_FORM},
	{"POST", "/site/logo", desk_post_logo, HTTP_UPLOAD},
	{"POST", "/site/steps", desk_post_steps, HTTP_FORM},
	{"GET", "/people", desk_get_people, HTTP_NO_BODY},
	{"POST", "/people", desk_post_people, HTTP_FORM},
	{"POST", "/people/{id}/link", desk_post_link, HTTP_FORM},
	{"GET", "/people/{id}/revoke", desk_get_revoke, HTTP_NO_BODY},
	{"POST", "/people/{id}/revoke", desk_post_revoke, HTTP_FORM},
	{"POST", "/people/{id}/role", desk_post_role, HTTP_FORM},
	{"POST", "/people/{id}/sessions/end", desk_post_sessions_end, HTTP_FORM},
	{"GET", "/people/sessions", desk_get_sessions, HTTP_NO_BODY},
	{"POST", "/people/sessions/{id}/end", desk_post_session_end, HTTP_FORM},
	{"GET", "/people/audit", desk_get_audit, HTTP_NO_BODY},
	{NULL, NULL, NULL, HTTP_NO_BODY}
};
