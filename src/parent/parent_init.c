/* parent_init.c: mimeo init: makes a home.
 *
 * Decides: what a new home holds. Leaves to others: keys, which each room makes for itself at its first start. Runs in:
 * the command. The hard thing: never to touch a home that is there.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "parent/parent_commands.h"

struct init_option {
	const char *flag;
	struct str *value;
};

static bool init_take_options(struct errand *errand, const struct init_option *options, size_t count, struct fault *f)
{
	int i;
	size_t which;

	for (i = 0; i < errand->argc; i += 2) {
		for (which = 0; which < count; which++)
			if (strcmp(errand->argv[i], options[which].flag) == 0)
				break;
		if (which == count)
			return fault_set(f, FAULT_INPUT, "init does not know %s: see `mimeo init --help`", errand->argv[i]);
		if (i + 1 == errand->argc)
			return fault_set(f, FAULT_INPUT, "%s wants a value behind it", errand->argv[i]);
		*options[which].value = str_from(errand->argv[i + 1]);
		if (str_has_control(*options[which].value))
			return fault_set(f, FAULT_INPUT, "%s: the value holds a control character", errand->argv[i]);
	}
	return true;
}

static bool init_write_files(int home, const struct settings_init *init, struct fault *f)
{
	static const char *const folders[] = {"data", "keys", "secrets", "run", "theme"};
	const struct str newsletter = STR("; The mail server's password, if it wants one:\n; [smtp]\n; password = …\n");
	const struct str support = STR("; The payment provider's keys (a restricted key is enough, see mimeo.conf(5)):\n"
		"; [stripe]\n; key = rk_live_…\n; webhook_secret = whsec_…\n");
	struct buf conf;
	bool ok = true;
	size_t i;

	for (i = 0; ok && i < sizeof(folders) / sizeof(folders[0]); i++)
		ok = file_make_folders(home, folders[i], 0711, f);
	buf_init(&conf, LIMIT_CONF_BYTES);
	settings_write_default(&conf, init);
	ok = ok && buf_check(&conf, "mimeo.conf", f)
		&& file_write(home, "secrets/newsletter.conf", newsletter, 0600, true, f)
		&& file_write(home, "secrets/support.conf", support, 0600, true, f)
		&& file_write(home, "mimeo.conf", buf_view(&conf), 0644, true, f);
	buf_release(&conf);
	return ok;
}

bool parent_init(struct errand *errand, struct fault *f)
{
	struct settings_init init = {STR("Our Newsroom"), STR("http://127.0.0.1:8080"), STR("en"), STR("UTC"),
		STR("127.0.0.1:8080"), STR("127.0.0.1:8081"), STR("http://localhost:8081")};
	const struct init_option options[] = {
		{"--name", &init.name}, {"--url", &init.url}, {"--language", &init.language}, {"--zone", &init.zone},
		{"--listen", &init.listen}, {"--desk-listen", &init.desk_listen}, {"--desk-url", &init.desk_url},
	};
	struct home written = {.fd = -1};
	struct settings settings = {0};
	bool ok = false;
	int home = -1;

	if (!init_take_options(errand, options, sizeof(options) / sizeof(options[0]), f))
		goto done;
	if (!file_make_folders(AT_FDCWD, errand->home_path, 0755, f))
		goto done;
	home = open(errand->home_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home < 0) {
		fault_errno(f, "%s cannot be opened", errand->home_path);
		goto done;
	}
	if (file_exists(home, "mimeo.conf")) {
		fault_set(f, FAULT_CONFLICT, "%s is a mimeo home already: edit its mimeo.conf, or choose another folder", errand->home_path);
		goto done;
	}
	if (!init_write_files(home, &init, f))
		goto done;
	/* Read back what was written, so that a bad --zone or --url is said now and leaves nothing behind. */
	if (!home_open(&written, errand->home_path, f) || !settings_read(&settings, &written, f)) {
		unlinkat(home, "mimeo.conf", 0);
		goto done;
	}
	settings_release(&settings);
	if (!errand->json)
		printf("%s is a mimeo home now.\nNext: read %s/mimeo.conf; then\n  mimeo serve -C %s\n  mimeo staff add \"Your Name\" --role editor -C %s\n",
			errand->home_path, errand->home_path, errand->home_path, errand->home_path);
	ok = true;

done:
	home_close(&written);
	if (home >= 0)
		close(home);
	return ok;
}
