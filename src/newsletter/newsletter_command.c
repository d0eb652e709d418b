/* newsletter_command.c: mimeo newsletter send, status, pause.
 *
 * Decides: what is printed. Leaves to the room: everything else. Runs in: the command's own process. The hard
 * thing: a command may have started the house it talks to, so `send` stays until every mail that can go has gone.
 * SPDX-License-Identifier: ISC */
#include "newsletter.h"

#include <stdio.h>
#include <unistd.h>
#include "base/fault.h"
#include "http/http_client.h"
#include "newsletter_command.h"

enum { LOOK_US = 300000, STILL_LOOKS = 20 };

static long long number(const json_t *json, const char *key)
{
	return (long long) json_integer_value(json_object_get(json, key));
}

static const char *text(const json_t *json, const char *key)
{
	const char *value = json_string_value(json_object_get(json, key));

	return value != NULL ? value : "";
}

static void print_json(const json_t *json)
{
	(void) json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

static void print_issue(const json_t *issue)
{
	const json_t *refusal;
	size_t i;

	printf("%lld  %-8s %s\n", number(issue, "id"), text(issue, "state"), text(issue, "subject"));
	printf("    recipients %lld, accepted %lld, queued %lld, later %lld, refused %lld, in doubt %lld, left %lld",
		number(issue, "recipients"), number(issue, "accepted"), number(issue, "queued"), number(issue, "later"),
		number(issue, "refused"), number(issue, "in_doubt"), number(issue, "left"));
	if (number(issue, "rate_per_minute") > 0)
		printf(", %lld a minute", number(issue, "rate_per_minute"));
	putchar('\n');
	if (text(issue, "pause_reason")[0] != '\0')
		printf("    paused: %s\n", text(issue, "pause_reason"));
	if (number(issue, "in_doubt") > 0)
		printf("    in doubt: no answer came to these mails; `mimeo newsletter resend-doubts %lld` sends them again\n",
			number(issue, "id"));
	json_array_foreach(json_object_get(issue, "refusals"), i, refusal)
		printf("    refused: %lld %s, %lld times%s\n", number(refusal, "reply"), text(refusal, "enhanced"), number(refusal, "count"),
			strcmp(text(refusal, "enhanced"), "5.6.7") == 0 ? ": an address in other letters, and no SMTPUTF8" : "");
}

/* "/issues/ID" and what follows, if what was typed is an id. */
static bool issue_path(struct errand *errand, const char *end, char *path, size_t size, struct fault *f)
{
	int64_t id;

	if (errand->argc != 1 || !str_to_i64(str_from(errand->argv[0]), &id) || id <= 0)
		return fault_set(f, FAULT_INPUT, "give the number of one issue: `mimeo newsletter status` lists them");
	(void) snprintf(path, size, "/issues/%lld%s", (long long) id, end);
	return true;
}

static bool is_under_way(const json_t *issue)
{
	bool sending = strcmp(text(issue, "state"), "sending") == 0;

	return sending && (json_is_true(json_object_get(issue, "counting")) || number(issue, "queued") > 0 ||
		number(issue, "later") == 0);
}

static void draw(const json_t *issue, bool bar)
{
	long long all = number(issue, "recipients");
	long long done = number(issue, "handled");
	char line[32];
	int full = all > 0 ? (int) (done * 24 / all) : 0;

	for (int i = 0; i < 24; i++)
		line[i] = i < full ? '#' : '.';
	line[24] = '\0';
	fprintf(stderr, "%s[%s] %lld of %lld handled: accepted %lld, later %lld, refused %lld, in doubt %lld%s",
		bar ? "\r" : "",
		line, done, all, number(issue, "accepted"), number(issue, "later"), number(issue, "refused"),
		number(issue, "in_doubt"), bar ? "  " : "\n");
}

/* Nothing has moved for a while: does the mail server say why? */
static bool still_goes(struct errand *errand, struct fault *f)
{
	json_t *status = NULL;
	bool ok = errand_call(errand, "newsletter", "GET", "/status", NULL, &status, f);

	if (ok && strcmp(text(status, "smtp"), "trouble") == 0)
		ok = fault_set(f, FAULT_REMOTE, "the mail server takes no mail now (%s); the issue waits and goes on by itself while the "
			"house runs", text(status, "smtp_say"));
	json_decref(status);
	return ok;
}

/* Until nothing can go now. A terminal gets a bar, anything else a line whenever it moved by a tenth. */
static bool watch(struct errand *errand, const char *path, json_t **issue, struct fault *f)
{
	bool bar = isatty(STDERR_FILENO) != 0;
	long long shown = -1;
	long long handled = -1;
	unsigned still = 0;

	while (is_under_way(*issue)) {
		long long all = number(*issue, "recipients");
		long long tenth = all > 0 ? number(*issue, "handled") * 10 / all : 0;

		if (!errand->json && (bar || tenth != shown))
			draw(*issue, bar);
		shown = tenth;
		still = handled == number(*issue, "handled") ? still + 1 : 0;
		handled = number(*issue, "handled");
		if (still == STILL_LOOKS && !still_goes(errand, f))
			return false;
		if (still == STILL_LOOKS)
			still = 0;
		usleep(LOOK_US);
		json_decref(*issue);
		*issue = NULL;
		if (!errand_call(errand, "newsletter", "GET", path, NULL, issue, f))
			return false;
	}
	if (bar && !errand->json)
		fputc('\n', stderr);
	return true;
}

/* Takes --spread HOURS off the line. */
static bool take_spread(struct errand *errand, int64_t *hours, struct fault *f)
{
	for (int i = 0; i < errand->argc; i++) {
		if (strcmp(errand->argv[i], "--spread") != 0)
			continue;
		if (i + 1 >= errand->argc || !str_to_i64(str_from(errand->argv[i + 1]), hours) || *hours < 0 || *hours > 168)
			return fault_set(f, FAULT_INPUT, "--spread wants a number of hours, 0 to 168");
		for (int j = i; j + 2 < errand->argc; j++)
			errand->argv[j] = errand->argv[j + 2];
		errand->argc -= 2;
		return true;
	}
	return true;
}

static bool run_send(struct errand *errand, struct fault *f)
{
	char path[64], send[64];
	json_t *issue = NULL;
	int64_t hours = 0;
	bool ok;

	ok = take_spread(errand, &hours, f) && issue_path(errand, "", path, sizeof(path), f) &&
		issue_path(errand, "/send", send, sizeof(send), f) &&
		errand_call(errand, "newsletter", "POST", send, json_pack("{s:s, s:I}", "approved_by", "cli", "spread_hours", (json_int_t) hours),
			&issue, f) &&
		watch(errand, path, &issue, f);
	if (ok && errand->json)
		print_json(issue);
	else if (ok)
		print_issue(issue);
	if (ok && !errand->json && number(issue, "later") > 0)
		printf("    %lld will be tried again while the house runs\n", number(issue, "later"));
	json_decref(issue);
	return ok;
}

static bool run_pause(struct errand *errand, struct fault *f)
{
	char path[64];
	json_t *issue = NULL;
	bool ok = issue_path(errand, "/pause", path, sizeof(path), f) &&
		errand_call(errand, "newsletter", "POST", path, json_object(), &issue, f);

	if (ok && errand->json)
		print_json(issue);
	else if (ok)
		print_issue(issue);
	json_decref(issue);
	return ok;
}

static bool run_cancel(struct errand *errand, struct fault *f)
{
	char path[64];
	json_t *issue = NULL;
	bool ok = issue_path(errand, "/cancel", path, sizeof(path), f) &&
		errand_call(errand, "newsletter", "POST", path, json_pack("{s:s}", "by", "cli"), &issue, f);

	if (ok && errand->json)
		print_json(issue);
	else if (ok)
		print_issue(issue);
	json_decref(issue);
	return ok;
}

static bool run_resend(struct errand *errand, struct fault *f)
{
	char path[64], resend[64];
	json_t *reply = NULL, *issue = NULL;
	bool ok = issue_path(errand, "", path, sizeof(path), f) && issue_path(errand, "/resend-doubts", resend, sizeof(resend), f) &&
		errand_call(errand, "newsletter", "POST", resend, json_object(), &reply, f) &&
		errand_call(errand, "newsletter", "GET", path, NULL, &issue, f) && watch(errand, path, &issue, f);

	if (ok && errand->json)
		print_json(issue);
	else if (ok) {
		printf("%lld mails went again, with the Message-ID that they had\n", number(reply, "resent"));
		print_issue(issue);
	}
	json_decref(reply);
	json_decref(issue);
	return ok;
}

static void print_servers(const json_t *status)
{
	const json_t *server;
	size_t i;

	json_array_foreach(json_object_get(status, "servers"), i, server)
		printf("    %s: %s; %lld mails this hour, %lld today (UTC)%s%s\n", text(server, "name"), text(server, "state"),
			number(server, "this_hour"), number(server, "today"), text(server, "say")[0] != '\0' ? ": " : "", text(server, "say"));
}

static void print_late(long long seconds)
{
	printf("caught up, %lld h %lld min late", seconds / 3600, seconds / 60 % 60);
}

static void print_scheduled(const json_t *one)
{
	const char *state = text(one, "schedule"), *why = text(one, "schedule_why"), *left_out = text(one, "left_out");

	printf("%s %lld, %s: ", text(one, "slot")[0] != '\0' ? "slot: issue" : "scheduled: issue", number(one, "id"), text(one, "when"));
	if (strcmp(state, "gone") == 0 && json_is_true(json_object_get(one, "late")))
		print_late((number(one, "went_at") - number(one, "send_at")) / 1000000);
	else if (strcmp(state, "gone") == 0)
		printf("went on time");
	else if (strcmp(state, "waiting") == 0)
		printf("approved by %s, goes at its time", text(one, "planned_by"));
	else
		printf("%s", state);
	printf("%s%s\n", why[0] != '\0' ? ": " : "", why);
	if (left_out[0] != '\0')
		printf("    nobody's issue for %s: the one that was to go to them was cancelled afterwards; plan another for this slot\n", left_out);
}

/* What the desk said of a slot counts as long as no issue says more. */
static bool has_issue(const json_t *status, const char *slot)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(status, "scheduled"), i, one)
		if (strcmp(text(one, "slot"), slot) == 0)
			return true;
	return false;
}

static void print_slots(const json_t *status)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(status, "slots"), i, one) {
		if (has_issue(status, text(one, "slot")))
			continue;
		printf("slot: %s: %s%s%s\n", text(one, "when"), text(one, "word"), text(one, "why")[0] != '\0' ? ": " : "", text(one, "why"));
	}
	json_array_foreach(json_object_get(status, "scheduled"), i, one)
		print_scheduled(one);
}

static void print_status(const json_t *status)
{
	const json_t *issue;
	size_t i;

	printf("subscribers %lld, waiting to confirm %lld, left %lld\n", number(status, "subscribers"),
		number(status, "pending"),
		number(status, "left"));
	printf("bounced: muted for a while %lld, suppressed %lld; complained %lld\n", number(status, "muted"),
		number(status, "bounced"), number(status, "complained"));
	printf("mails waiting %lld, in doubt %lld; mail server: %s%s%s\n", number(status, "queue"),
		number(status, "in_doubt"),
		text(status, "smtp"), text(status, "smtp_say")[0] != '\0' ? ": " : "", text(status, "smtp_say"));
	print_servers(status);
	print_slots(status);
	json_array_foreach(json_object_get(status, "issues"), i, issue)
		print_issue(issue);
}

static bool run_status(struct errand *errand, struct fault *f)
{
	char path[64] = "/status";
	json_t *reply = NULL;
	bool ok = (errand->argc == 0 || issue_path(errand, "", path, sizeof(path), f)) &&
		errand_call(errand, "newsletter", "GET", path, NULL, &reply, f);

	if (ok && errand->json)
		print_json(reply);
	else if (ok && errand->argc == 0)
		print_status(reply);
	else if (ok)
		print_issue(reply);
	json_decref(reply);
	return ok;
}

const struct errand_command newsletter_commands[] = {
	{"newsletter send", "newsletter", "ID [--spread HOURS]",
		"Mails a composed issue to every confirmed subscriber, and stays until all that can go has gone.\n"
		"--spread HOURS sends the mails evenly over so many hours instead of as fast as they go.\n"
		"Run again after an interruption, it goes on where it stopped.\n", run_send},
	{"newsletter pause", "newsletter", "ID",
		"Stops an issue that is being sent; `newsletter send` goes on with it.\n", run_pause},
	{"newsletter cancel", "newsletter", "ID",
		"Stops an issue for good: who has no mail yet gets none. One that never began can be changed at the desk and approved again.\n",
		run_cancel},
	{"newsletter resend-doubts", "newsletter", "ID",
		"Sends again what is in doubt: mails whose server never answered, so that nobody knows whether they arrived.\n"
		"They keep their Message-ID; whoever got the first may get a second. Nothing else ever sends them again.\n", run_resend},
	{"newsletter status", "newsletter", "[ID]",
		"Subscribers, bounces, the mail queue, the last slots (which went, were caught up, held or skipped, and why) and issues; or\n"
		"one issue.\n", run_status},
	{"newsletter bounce", NULL, "[ADDRESS] < MAIL",
		"Takes a mail that came back: a bounce, a complaint. For the mail server's pipe; ADDRESS: where it came to.\n"
		"Exit codes are those of sysexits.h: 0 taken, 75 not now (the mail server keeps it), 65 no mail.\n", newsletter_run_bounce},
	{"newsletter dns", "newsletter", "",
		"The DNS records of the signing keys, as they stand in a zone file.\n", newsletter_run_dns},
	{"newsletter rotate-key", "newsletter", "[--dns ADDRESS[:PORT]] [--anyway]",
		"The next step of changing the signing keys; says what to do in DNS before the one after it. At the end the old\n"
		"private key is published, so that old mail proves nothing.\n"
		"  --dns     the DNS server to look at, instead of the system's\n"
		"  --anyway  do not look whether DNS has it\n", newsletter_run_rotate_key},
	{"newsletter doctor", "newsletter", "[--ip ADDRESS]... [--dns ADDRESS[:PORT]]",
		"Looks in DNS whether mail from here will be believed (SPF, DKIM, DMARC, PTR, MX) and what Gmail and Yahoo ask of\n"
		"bulk senders, and says which record to add.\n"
		"  --ip      an address that mail leaves from, where that is not the mail server's own name's\n"
		"  --dns     the DNS server to ask, instead of the system's\n", newsletter_run_doctor},
	{"subscribers import", "desk newsletter", "FILE.csv --as NAME",
		"Takes a list of subscribers. The first line names the columns address, language, consent_day (2023-04-17) and proof (how\n"
		"they consented); others are not read. Refused lines are named by number. Who left or bounced here is never taken again.\n"
		"A long list ([newsletter] import_alone) waits for a second person. Cut short anywhere, the same command goes on.\n",
		newsletter_run_import},
	{"subscribers confirm", "desk newsletter", "IMPORT --as NAME",
		"The second person says yes to a list that waits; then its import is run again.\n", newsletter_run_confirm},
	{"subscribers decline", "desk newsletter", "IMPORT --as NAME",
		"Says no to a list that waits.\n", newsletter_run_decline},
	{"subscribers list", "newsletter", "",
		"Imports, and how the list grew by day: numbers, no names.\n", newsletter_run_list},
	{"subscribers look-up", "desk newsletter", "[ADDRESS] --as NAME",
		"What is held about one exact address (else read from standard input). Who looked is written down; there is no other search.\n",
		newsletter_run_look_up},
	{"subscribers export", "desk newsletter", "FILE --to KEY --as NAME",
		"Writes all confirmed subscribers to a file that only KEY's owner can open.\n", newsletter_run_export},
	{"subscribers open", NULL, "FILE --key KEYFILE",
		"On the key owner's machine: writes an export's rows to standard output, as CSV.\n", newsletter_run_open},
	{"staff key", NULL, "KEYFILE",
		"On a staff member's own machine: makes a key, keeps its private half in KEYFILE and prints the public half, for exports.\n",
		newsletter_run_staff_key},
	{NULL, NULL, NULL, NULL, NULL},
};
