/* test_settings.c: mimeo.conf as people write it, rightly and wrongly.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "house/home.h"
#include "house/settings.h"

struct scene {
	char folder[64];
	struct home home;
	struct settings settings;
	struct fault f;
	bool ok;
};

/* A home whose mimeo.conf is [newsroom] name and url and then `more`. */
static void read_conf(struct scene *s, const char *more)
{
	char path[128], text[8192];
	FILE *file;

	memset(s, 0, sizeof(*s));
	snprintf(s->folder, sizeof(s->folder), "/tmp/mimeo-settings-XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	snprintf(path, sizeof(path), "%s/mimeo.conf", s->folder);
	snprintf(text, sizeof(text), "[newsroom]\nname = The Tern Courier\nurl = https://tern.example\n%s", more);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_true(home_open(&s->home, s->folder, &s->f));
	s->ok = settings_read(&s->settings, &s->home, &s->f);
}

static void end(struct scene *s)
{
	char path[128];

	if (s->ok)
		settings_release(&s->settings);
	home_close(&s->home);
	snprintf(path, sizeof(path), "%s/mimeo.conf", s->folder);
	unlink(path);
	rmdir(s->folder);
}

static void refused(const char *more, const char *word)
{
	struct scene s;

	read_conf(&s, more);
	if (s.ok || s.f.kind != FAULT_INPUT || strstr(s.f.say, word) == NULL)
		print_message("for <%s>: %s\n", more, s.ok ? "was taken" : s.f.say);
	assert_false(s.ok);
	assert_int_equal(s.f.kind, FAULT_INPUT);
	assert_non_null(strstr(s.f.say, word));
	end(&s);
}

static void test_defaults_are_whole(void **state)
{
	struct scene s;

	(void) state;
	read_conf(&s, "");
	if (!s.ok)
		print_message("%s\n", s.f.say);
	assert_true(s.ok);
	assert_int_equal(s.settings.slot.weekday, 5);
	assert_int_equal(s.settings.slot.hour, 8);
	assert_int_equal(s.settings.min_stories, 3);
	assert_int_equal(s.settings.catch_up, 12);
	assert_int_equal(s.settings.frequency[FREQUENCY_MONTHLY].minimum.minor, 200);
	assert_int_equal(s.settings.frequency[FREQUENCY_MONTHLY].chosen, 1);
	assert_int_equal(s.settings.frequency[FREQUENCY_ANNUAL].amounts[3].minor, 20000);
	assert_string_equal(s.settings.frequency[FREQUENCY_ONCE].amounts[0].code, "USD");
	assert_false(s.settings.live);
	assert_true(s.settings.support_on);
	end(&s);
}

static void test_yen_has_no_minor_unit(void **state)
{
	struct scene s;

	(void) state;
	read_conf(&s, "[support]\ncurrency = JPY\nonce = 500, 1000, 3000, 5000\nonce_chosen = 1000\nonce_minimum = 300\n"
		"monthly = 300, 500, 1000, 2000\nmonthly_chosen = 500\nmonthly_minimum = 300\nmonthly_maximum = 100000\n"
		"annual = 3000, 5000, 10000, 20000\nannual_chosen = 5000\nannual_maximum = 1000000\n");
	assert_true(s.ok);
	assert_int_equal(s.settings.frequency[FREQUENCY_MONTHLY].amounts[1].minor, 500);
	end(&s);
}

static void test_wrong_values_are_refused_with_what_to_do(void **state)
{
	(void) state;
	refused("press = red\n", "#rrggbb");
	refused("zone = Mars/Olympus\n", "Mars/Olympus");
	refused("zone = ../../etc/passwd\n", "zone");
	refused("typo = 1\n", "typo");
	refused("[newsletter]\nslot = someday 08:00\n", "mimeo.conf:5: [newsletter] slot: \"someday 08:00\" is no weekly slot");
	refused("\n; a comment\n[newsletter]\n\n  slot = Friday 25:00\n", "mimeo.conf:8: [newsletter] slot: ");
	refused("[newsletter]\nslot = Friday\n", "such as Friday 08:00");
	refused("[newsletter]\nmin_stories = 0\n", "mimeo.conf:5: [newsletter] min_stories = 0: write a number from 1 to 40");
	refused("[newsletter]\nmin_stories = 41\n", "from 1 to 40");
	refused("[newsletter]\nmin_stories = some\n", "mimeo.conf:5: ");
	refused("[newsletter]\ncatch_up = 121\n", "mimeo.conf:5: [newsletter] catch_up = 121: write hours, from 0 to 120");
	refused("[newsletter]\ncatch_up = -1\n", "catch_up");
	refused("[newsletter]\nday = someday\n", "mimeo.conf:5: [newsletter] day: \"someday 08:00\" is no weekly slot");
	refused("[newsletter]\ntime = 8\n", "mimeo.conf:5: [newsletter] time");
	refused("[newsletter]\nday = monday\nslot = Monday 09:00\n", "mimeo.conf:6: [newsletter] slot stands beside day or time");
	refused("[support]\nmonthly = 1, 5, 10, 20\n", "mimeo.conf:5: [support] monthly");
	refused("[newsletter]\nfrom = not an address\n", "address");
	refused("[newsletter]\nsmtp_security = none\n", "starttls");
	refused("[newsletter]\nsmtp_port = 99999\n", "smtp_port");
	refused("[newsletter]\nsmtp_connections = 0\n", "smtp_connections");
	refused("[newsletter]\nsmtp_warmup = soon\n", "2026-12-01");
	refused("[newsletter]\nsmtp_sign = perhaps\n", "smtp_sign");
	refused("[newsletter]\nsmtp_dkim_omit = From\n", "Message-ID");
	refused("[newsletter]\nlimits = gmail.com 20\n", "20/minute");
	refused("[newsletter]\nlimits = gmail.com 0/minute\n", "20/minute");
	refused("[newsletter]\nlimits = Gmail.com 20/minute\n", "small letters");
	refused("[smtp.spare]\nport = 25\n", "[smtp.spare] needs a name behind the dot and a host");
	refused("[smtp.spare]\nhost = x.example\nper_hour = -1\n", "[smtp.spare] per_second");
	refused("[smtp.spare]\nhost = x.example\nuser_name = x\n", "[smtp.spare] has no key");
	refused("[support]\ncurrency = XYZ\n", "XYZ");
	refused("[support]\nmonthly = 2, 5, 10\n", "four amounts");
	refused("[support]\nmonthly = 1, 5, 10, 20\n", "minimum");
	refused("[support]\nmonthly_chosen = 7\n", "monthly_chosen");
	refused("[support]\nmonthly = 2, 5.001, 10, 20\n", "5.001");
	refused("[support]\nstripe_checkout = https://a.example; script-src *\n", "origin");
	refused("[support]\nstripe_checkout = https://a.example/path\n", "origin");
	refused("[support]\nbank_name = X\nbank_iban = NL92ABNA0417164300\n", "check digits");
	refused("[support]\nbank_iban = NL91ABNA0417164300\n", "bank_name");
	refused("[support]\nbank_bic = abc\n", "BIC");
	refused("[support]\nmonero_rate = cheap\n", "158.30");
	refused("[support]\npush_grace = 0\n", "push_grace");
	refused("[support]\ncurrency = XMR\n", "XMR is no ISO");
	refused("[support]\nbtcpay_url = pay.example\n", "btcpay_url");
	refused("[support]\npaypal_certs = https://a.example/x\n", "paypal_certs");
	refused("[support]\nrails = stripe, barter\n", "mimeo.conf:5: [support] rails: barter is no way to pay");
	refused("[support]\nrails = stripe, stripe\n", "twice");
	refused("[support]\nrails = \n", "at least one way to pay");
	refused("[support]\nfees = stripe\n", "mimeo.conf:5: [support] fees: stripe: ");
	refused("[support]\nfees = stripe much\n", "such as stripe 2.9% + 0.30");
	refused("[support]\nfees = stripe 2.9% + 3%\n", "once");
	refused("[support]\nfees = stripe 2.901%\n", "once");
	refused("[support]\nfees = stripe 51%\n", "once");
	refused("[support]\nfees = stripe -1%\n", "once");
	refused("[support]\nfees = stripe 1%, stripe 2%\n", "once");
	refused("[support]\ngoal = 500\n", "500 supporters or 5000 monthly");
	refused("[support]\ngoal = 0 supporters\n", "500 supporters or 5000 monthly");
	refused("[support]\ngoal = 5.5 supporters\n", "500 supporters or 5000 monthly");
	refused("[support]\nonce_maximum = 99999999999\n", "once_maximum");
	refused("[kitchen]\nsink = 1\n", "kitchen");
}

static void test_ways_to_pay_their_fees_and_a_goal(void **state)
{
	struct scene s;

	(void) state;
	read_conf(&s, "");
	assert_true(s.ok);
	assert_int_equal(s.settings.rails.count, 1);
	assert_true(str_is(s.settings.rails.items[0], "stripe"));
	assert_false(s.settings.fees[0].is_known);
	assert_int_equal(s.settings.goal, 0);
	end(&s);
	read_conf(&s, "[support]\nrails = bank, stripe\nfees = stripe 2.9% + 0.30, bank 0.35, paypal 0.05 + 5%\ngoal = 4500.50 monthly\n");
	assert_true(s.ok);
	assert_true(str_is(s.settings.rails.items[0], "bank"));
	assert_int_equal(s.settings.fees[0].per_10000, 290);
	assert_int_equal(s.settings.fees[0].fixed_minor, 30);
	assert_int_equal(s.settings.fees[1].per_10000, 500);
	assert_int_equal(s.settings.fees[1].fixed_minor, 5);
	assert_false(s.settings.fees[2].is_known);
	assert_int_equal(s.settings.fees[4].per_10000, 0);
	assert_int_equal(s.settings.fees[4].fixed_minor, 35);
	assert_int_equal(s.settings.goal, 450050);
	assert_true(s.settings.goal_is_money);
	end(&s);
	read_conf(&s, "[support]\ngoal = 500 supporters\nfees = stripe 0.25%\n");
	assert_true(s.ok);
	assert_int_equal(s.settings.fees[0].per_10000, 25);
	assert_int_equal(s.settings.goal, 500);
	assert_false(s.settings.goal_is_money);
	end(&s);
}

static void slot_is(const char *conf, int weekday, int hour, int minute)
{
	struct scene s;

	read_conf(&s, conf);
	if (!s.ok)
		print_message("%s\n", s.f.say);
	assert_true(s.ok);
	assert_int_equal(s.settings.slot.weekday, weekday);
	assert_int_equal(s.settings.slot.hour, hour);
	assert_int_equal(s.settings.slot.minute, minute);
	end(&s);
}

static void test_every_slot_is_read(void **state)
{
	static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
	char conf[96];
	int i;

	(void) state;
	for (i = 0; i < 7; i++) {
		snprintf(conf, sizeof(conf), "[newsletter]\nslot = %s 19:%02d\n", days[i], i);
		slot_is(conf, i, 19, i);
	}
	slot_is("[newsletter]\nday = monday\ntime = 07:30\n", 1, 7, 30); /* as older files have it */
	slot_is("[newsletter]\ntime = 07:30\n", 5, 7, 30);
}

static void test_contrast_is_wcags(void **state)
{
	(void) state;
	assert_int_equal(settings_contrast(STR("#000000"), STR("#ffffff")), 2100);
	assert_int_equal(settings_contrast(STR("#777777"), STR("#ffffff")), 447);
	assert_int_equal(settings_contrast(STR("#ffffff"), STR("#777777")), 447);
	assert_int_equal(settings_contrast(STR("#12345"), STR("#ffffff")), 0);
	assert_true(settings_contrast(STR("#2a3192"), STR("#fff3b0")) >= 450);
}

/* What init writes must read back as the defaults. */
static void test_inits_file_reads_back(void **state)
{
	const struct settings_init init = {STR("Вести"), STR("https://vesti.example"), STR("ru"), STR("Europe/Riga"),
		STR("127.0.0.1:9000"), STR("127.0.0.1:9001"), STR("http://localhost:9001")};
	struct scene s = {0};
	struct buf conf;
	struct fault f = {0};
	char path[128];

	(void) state;
	buf_init(&conf, LIMIT_CONF_BYTES);
	settings_write_default(&conf, &init);
	snprintf(s.folder, sizeof(s.folder), "/tmp/mimeo-settings-XXXXXX");
	assert_non_null(mkdtemp(s.folder));
	snprintf(path, sizeof(path), "%s/mimeo.conf", s.folder);
	assert_true(file_write(-100, path, buf_view(&conf), 0644, false, &f));
	assert_true(home_open(&s.home, s.folder, &f));
	s.ok = settings_read(&s.settings, &s.home, &f);
	if (!s.ok)
		print_message("%s\n", f.say);
	assert_true(s.ok);
	assert_true(str_is(s.settings.name, "Вести"));
	assert_true(str_is(s.settings.desk_url, "http://localhost:9001"));
	assert_int_equal(s.settings.smtp[0].port, 25);
	buf_release(&conf);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_whole),
		cmocka_unit_test(test_yen_has_no_minor_unit),
		cmocka_unit_test(test_wrong_values_are_refused_with_what_to_do),
		cmocka_unit_test(test_ways_to_pay_their_fees_and_a_goal),
		cmocka_unit_test(test_every_slot_is_read),
		cmocka_unit_test(test_contrast_is_wcags),
		cmocka_unit_test(test_inits_file_reads_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
