/* fuzz_conf.c: a configuration file of any bytes is read or refused with its line; texts are UTF-8 without controls.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/conf.h"
#include "base/fault.h"
#include "base/must.h"
#include "base/secret.h"

struct settings {
	struct str text;
	int64_t number;
	bool yes;
	struct conf_list list;
	struct secret *secret;
	struct str rail;
};

static const struct conf_key keys[] = {
	{"site", "text", CONF_TEXT, true, offsetof(struct settings, text), NULL, "a text"},
	{"site", "number", CONF_NUMBER, false, offsetof(struct settings, number), "7", "a number"},
	{"site", "yes", CONF_BOOL, false, offsetof(struct settings, yes), "no", "yes or no"},
	{"site", "list", CONF_LIST, false, offsetof(struct settings, list), NULL, "a list"},
	{"site", "secret", CONF_SECRET, false, offsetof(struct settings, secret), NULL, "a secret"},
	{"rail.*", "url", CONF_TEXT, false, offsetof(struct settings, rail), NULL, "a text"},
	{NULL, NULL, CONF_TEXT, false, 0, NULL, NULL},
};

static const char *const ignored[] = {"other", NULL};

static void check_text(struct str text)
{
	must(str_is_utf8(text));
	for (size_t i = 0; i < text.len; i++)
		must(text.at[i] == '\t' || !str_has_control(str_part(text, i, 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static int file = -1;
	struct settings settings = {0};
	struct conf_list sections;
	struct fault f = {0};
	struct arena arena;
	char path[64];

	if (file < 0)
		file = memfd_create("fuzz", 0);
	must(ftruncate(file, 0) == 0 && fchmod(file, 0600) == 0);
	must(pwrite(file, bytes, size, 0) == (ssize_t) size);
	(void) snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	arena_init(&arena, "fuzz", 1 << 20);
	if (conf_read(AT_FDCWD, path, keys, ignored, &settings, &arena, &f)) {
		must(settings.text.len > 0);
		check_text(settings.text);
		check_text(settings.rail);
		for (size_t i = 0; i < settings.list.count; i++)
			must(settings.list.items[i].len > 0);
	} else {
		must(f.kind == FAULT_INPUT || f.kind == FAULT_FULL);
		must(settings.secret == NULL && str_is_utf8(str_from(f.say)));
	}
	fault_clear(&f);
	(void) !conf_sections(AT_FDCWD, path, "rail.*", &arena, &sections, &f);
	secret_free(&settings.secret);
	arena_release(&arena);
	return 0;
}
