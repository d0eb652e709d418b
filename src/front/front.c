/* front.c: the public's room: its sockets and its routes.
 *
 * Decides: which requests are forwarded to whom (a closed list), which are answered from the baked site. Leaves to
 * others: everything that is in a page (desk baked it) and every decision about people (newsletter, support). Runs
 * in: front. The hard thing: it is the room that anybody may talk to, so it holds no key, no secret and no database
 * of its own.
 * SPDX-License-Identifier: ISC */
#include "front.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "front_inside.h"
#include "http/http.h"

enum {
	MEMORY_BYTES = 8 << 20,
	ENTRIES_MOST = 16384,
	DESCRIPTORS_SPARE = 2048,  /* for connections and everything else */
	LOOK_AGAIN_MS = 1000,      /* the counter is looked at this often even if nothing was told */
};

static void on_site(struct http_request *rq, void *room)
{
	struct front *front = ((struct room *) room)->self;

	front_site_answer(front->site, rq);
}

static void on_search(struct http_request *rq, void *room)
{
	struct front *front = ((struct room *) room)->self;

	front_search_answer(front->search, front->site, rq);
}

/* One cookie for givers and for "later": the appeal hides, nobody is watched. Static hosts hold an empty file. */
static void on_quiet(struct http_request *rq, void *room)
{
	(void) room;
	http_set(rq, "Cache-Control", "private, no-cache");
	http_set(rq, "Vary", "Cookie");
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_answer(rq, 200, "text/css; charset=utf-8",
		str_is(http_cookie(rq, "quiet"), "1")
			? STR(".appeal{display:none}.appeal:has(:target){display:block}\n") : STR("")); /* the call still leads to it */
}

/* On a copy of the site at a static host, where nobody takes forms, this is a file that hides them (desk's bake). */
static void on_intake(struct http_request *rq, void *room)
{
	(void) room;
	http_set(rq, "Cache-Control", "max-age=3600");
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_answer(rq, 200, "text/css; charset=utf-8", STR(""));
}

static const struct http_route public_routes[] = {
	{"POST", "/newsletter/subscribe", front_forward_newsletter, HTTP_FORM},
	{"GET", "/newsletter/confirm/{token}", front_forward_newsletter, HTTP_NO_BODY},
	{"POST", "/newsletter/confirm/{token}", front_forward_newsletter, HTTP_FORM},
	{"GET", "/newsletter/unsubscribe/{token}", front_forward_newsletter, HTTP_NO_BODY},
	{"POST", "/newsletter/unsubscribe/{token}", front_forward_newsletter, HTTP_FORM},
	{"GET", "/newsletter/keys/", front_forward_newsletter, HTTP_NO_BODY},
	{"GET", "/newsletter/manage/{token}", front_forward_newsletter, HTTP_NO_BODY},
	{"POST", "/newsletter/manage/{token}", front_forward_newsletter, HTTP_FORM},
	{"GET", "/newsletter/work.js", front_forward_newsletter, HTTP_NO_BODY},
	{"POST", "/support/continue", front_forward_support, HTTP_FORM},
	{"POST", "/support/remind", front_forward_support, HTTP_FORM},
	{"GET", "/support/remind/{token}", front_forward_support, HTTP_NO_BODY},
	{"POST", "/support/remind/{token}", front_forward_support, HTTP_FORM},
	{"GET", "/support/thanks", front_forward_support, HTTP_NO_BODY},
	{"GET", "/support/manage/{token}", front_forward_support, HTTP_NO_BODY},
	{"POST", "/support/manage/{token}", front_forward_support, HTTP_FORM},
	{"POST", "/support/webhook/{provider}", front_forward_support, HTTP_RAW},
	{"GET", "/support/pay/{token}", front_forward_support, HTTP_NO_BODY},
	{"POST", "/support/renew/{token}", front_forward_support, HTTP_FORM},
	{"GET", "/support/receipt/{token}/{what}", front_forward_support, HTTP_NO_BODY},
	{"POST", "/support/receipt/{token}/{what}", front_forward_support, HTTP_FORM},
	{"GET", "/support/quiet.css", on_quiet, HTTP_NO_BODY},
	{"GET", "/support/intake.css", on_intake, HTTP_NO_BODY},
	{"GET", "/search/", on_search, HTTP_NO_BODY},
	{"GET", "/{path...}", on_site, HTTP_NO_BODY},
	{"GET", "/", on_site, HTTP_NO_BODY},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static const struct http_route cli_routes[] = {
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static const struct room_listener listeners[] = {
	/* A restored copy serves its pages; forwarded posts are refused by the rooms that they are for. */
	{.caller = "public", .routes = public_routes},
	{.caller = "cli", .routes = cli_routes},
	{.caller = "desk"}, /* for its line of health */
	{.caller = NULL},
};

/* --- the loop --- */

static int before_wait(void *self)
{
	struct front *front = self;

	front_site_now(front->site, clock_mono_ms());
	return -1;
}

static void on_notified(void *self, unsigned events)
{
	struct front *front = self;
	char scratch[4096];

	(void) events;
	while (read(front_site_notify_fd(front->site), scratch, sizeof(scratch)) > 0)
		;
	front_site_changed(front->site);
}

static void on_look_again(void *self)
{
	struct front *front = self;

	front_site_changed(front->site);
}

/* Every remembered file holds a descriptor: ask for as many as the machine gives. */
static size_t descriptors_allowed(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1024;
	limit.rlim_cur = limit.rlim_max;
	(void) setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 1 << 20)
		return 1 << 20;
	return (size_t) limit.rlim_cur;
}

static bool front_open(struct room *room, struct fault *f)
{
	struct front *front = memory_new(1, sizeof(*front));
	size_t descriptors = descriptors_allowed();
	size_t files = descriptors > 2 * DESCRIPTORS_SPARE ? descriptors - DESCRIPTORS_SPARE : descriptors / 4;
	struct loop_watch *watch = NULL;

	front->room = room;
	room->self = front;
	front->site = front_site_open(&(struct site_options){room->home.fd, "data/site", MEMORY_BYTES, ENTRIES_MOST,
		files < ENTRIES_MOST ? files : ENTRIES_MOST});
	front->search = front_search_new(room);
	front->limit = front_limit_new();
	front_site_now(front->site, clock_mono_ms());
	loop_before_wait(room->loop, before_wait, front);
	room_every(room, 1, LOOK_AGAIN_MS / 1000, on_look_again, front);
	if (front_site_notify_fd(front->site) >= 0)
		return loop_watch(room->loop, front_site_notify_fd(front->site), LOOP_READ, on_notified, front, &watch, f);
	return true;
}

static void front_close(struct room *room)
{
	struct front *front = room->self;

	if (front == NULL)
		return;
	loop_before_wait_remove(room->loop, before_wait, front);
	front_forward_end_all(front);
	front_search_free(&front->search);
	front_limit_free(&front->limit);
	front_site_close(&front->site);
	memory_free(front);
	room->self = NULL;
}

static void front_health(struct room *room, json_t *health)
{
	struct front *front = room->self;
	struct site_counts counts = front_site_count(front->site);

	json_object_set_new(health, "files_remembered", json_integer((json_int_t) counts.entries));
	json_object_set_new(health, "memory_bytes", json_integer((json_int_t) counts.memory_bytes));
	json_object_set_new(health, "from_memory", json_integer((json_int_t) counts.hits_memory));
	json_object_set_new(health, "from_disk", json_integer((json_int_t) counts.hits_descriptor));
	json_object_set_new(health, "forwarded_now", json_integer((json_int_t) front->forwarded_now));
}

/* What readers would miss. */
static bool front_check(struct room *room, json_t *findings, struct fault *f)
{
	static const char *const wanted[] = {"index.html", "_headers", "_404.html", "_410.html", "_500.html", "_503.html"};
	struct front *front = room->self;
	struct fault said = {.kind = FAULT_NONE};
	int site_fd = openat(room->home.fd, "data/site", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;
	char text[FAULT_SAY_BYTES + 64];

	(void) f;
	if (site_fd < 0) {
		room_finding(findings, "nothing of the site is baked, or front may not read data/site",
			"run mimeo bake; front's user must be in the site's group");
		return true;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		fd = front_site_file_open(site_fd, wanted[i]);
		if (fd >= 0) {
			(void) close(fd);
			continue;
		}
		(void) snprintf(text, sizeof(text), "data/site/%s is missing or cannot be read", wanted[i]);
		room_finding(findings, text, "run mimeo bake");
	}
	if (!front_search_check(front->search, &said)) {
		(void) snprintf(text, sizeof(text), "the search does not work: %s", said.say);
		room_finding(findings, text, "run mimeo bake");
	}
	(void) close(site_fd);
	return true;
}

const struct room_kind front_room = {
	.word = "front",
	.listeners = listeners,
	.open = front_open,
	.close = front_close,
	.check = front_check,
	.health = front_health,
};
