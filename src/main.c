/* main.c: argv to command or room, nothing else.
 *
 * `mimeo -x ROOM [JOB …]` is a room's process or one of its jobs, started by the parent. `mimeo serve` is the parent. The
 * rest are commands: tables of the parent and the rooms, joined here.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include "base/fault.h"
#include "base/str.h"
#include "desk/desk.h"
#include "front/front.h"
#include "house/errand.h"
#include "newsletter/newsletter.h"
#include "parent/parent.h"
#include "support/support.h"

#define MIMEO_VERSION "0.1"

static const struct room_kind *const kinds[] = {&newsletter_room, &support_room, &desk_room, &front_room, NULL};

static const struct errand_command *const tables[] = {parent_commands, desk_commands, newsletter_commands, support_commands};

enum { TABLE_COUNT = sizeof(tables) / sizeof(tables[0]), MAIN_ARGS = 4096 };

/* What stands on the command line, options of all commands taken out. */
struct main_line {
	const char *home, *only;
	bool json, help, verbose;
	int argc;
	char *argv[MAIN_ARGS];
};

static bool main_parse(int argc, char **argv, struct main_line *line, struct fault *f)
{
	bool only_words = false;
	int i;

	line->home = getenv("MIMEO_HOME") != NULL ? getenv("MIMEO_HOME") : ".";
	for (i = 1; i < argc; i++) {
		bool takes_value = !only_words && (strcmp(argv[i], "-C") == 0 || strcmp(argv[i], "--errand") == 0);

		if (takes_value && i + 1 == argc)
			return fault_set(f, FAULT_INPUT, "%s wants a value behind it", argv[i]);
		if (takes_value && argv[i][1] == 'C')
			line->home = argv[++i];
		else if (takes_value)
			line->only = argv[++i];
		else if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (!only_words && strcmp(argv[i], "--json") == 0)
			line->json = true;
		else if (!only_words && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0))
			line->help = true;
		else if (!only_words && strcmp(argv[i], "--verbose") == 0)
			line->verbose = true;
		else if (line->argc + 1 < MAIN_ARGS)
			line->argv[line->argc++] = argv[i];
		else
			return fault_set(f, FAULT_INPUT, "more than %d arguments: name a folder instead of its files", MAIN_ARGS - 1);
	}
	return true;
}

/* How many of the line's words are this command's, 0 if it is another. */
static int main_match(const struct errand_command *command, const struct main_line *line)
{
	struct str rest = str_from(command->words), word;
	int count = 0;

	while (str_next(&rest, ' ', &word)) {
		if (count == line->argc || !str_is(word, line->argv[count]))
			return 0;
		count++;
	}
	return count;
}

static const struct errand_command *main_find(const struct main_line *line, int *words)
{
	const struct errand_command *found = NULL, *command;
	size_t i;

	*words = 0;
	for (i = 0; i < TABLE_COUNT; i++)
		for (command = tables[i]; command->words != NULL; command++)
			if (main_match(command, line) > *words) {
				*words = main_match(command, line);
				found = command;
			}
	return found;
}

/* `story`, `newsletter`, …: the first word of commands that have two. */
static bool main_is_group(const char *word)
{
	const struct errand_command *command;
	size_t i, length = strlen(word);

	for (i = 0; i < TABLE_COUNT; i++)
		for (command = tables[i]; command->words != NULL; command++)
			if (strncmp(command->words, word, length) == 0 && command->words[length] == ' ')
				return true;
	return false;
}

static void main_print_help(const struct main_line *line)
{
	const char *first = line->argc > 0 ? line->argv[0] : "";
	const struct errand_command *command;
	size_t i;

	puts("usage: mimeo COMMAND [-C HOME] [--json] [--help]\n");
	for (i = 0; i < TABLE_COUNT; i++)
		for (command = tables[i]; command->words != NULL; command++)
			if (first[0] == '\0' || strncmp(command->words, first, strlen(first)) == 0)
				printf("  mimeo %s%s%s\n", command->words, command->usage[0] != '\0' ? " " : "", command->usage);
	if (first[0] == '\0')
		puts("  mimeo serve\n\n-C HOME: the newsroom's folder (else MIMEO_HOME, else this one). `mimeo COMMAND --help` says more; see mimeo(1).");
}

static int main_run(const struct main_line *line)
{
	struct errand errand = {.json = line->json, .verbose = line->verbose};
	struct fault f = {0};
	int words, code;
	const struct errand_command *command = main_find(line, &words);

	if (command == NULL) {
		if (line->help || line->argc == 0) {
			main_print_help(line);
			return line->help ? 0 : 2;
		}
		if (line->argc == 1 && main_is_group(line->argv[0])) {
			fault_set(&f, FAULT_INPUT, "%s wants a second word: see `mimeo %s --help`", line->argv[0], line->argv[0]);
			return fault_print(&f, false);
		}
		fault_set(&f, FAULT_INPUT, "there is no command `%s%s%s`: see `mimeo --help`", line->argv[0], line->argc > 1 ? " " : "",
			line->argc > 1 ? line->argv[1] : "");
		return fault_print(&f, false);
	}
	if (line->help) {
		printf("usage: mimeo %s%s%s [-C HOME] [--json]\n\n%s%s", command->words, command->usage[0] != '\0' ? " " : "", command->usage,
			command->help, command->help[strlen(command->help) - 1] == '\n' ? "" : "\n");
		return 0;
	}
	if (command->usage[0] == '\0' && line->argc > words) {
		fault_set(&f, FAULT_INPUT, "%s takes no argument, but was given `%s`: see `mimeo %s --help`", command->words,
			line->argv[words], command->words);
		return fault_print(&f, false);
	}
	errand.argc = line->argc - words;
	errand.argv = (char **) (uintptr_t) (line->argv + words);
	code = errand_begin(&errand, line->home, command->rooms, &f) && command->run(&errand, &f) ? 0 : 1;
	errand_end(&errand);
	if (code != 0)
		code = fault_print(&f, line->verbose);
	return code != 0 && errand.exit_code != 0 ? errand.exit_code : code;
}

static int main_room(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 2 && kinds[i] != NULL; i++)
		if (strcmp(kinds[i]->word, argv[2]) == 0 && getenv("MIMEO_EXE") != NULL)
			return room_main(kinds[i], argc - 3, argv + 3);
	fputs("mimeo: -x is for the parent of the rooms: run `mimeo serve`\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static struct main_line line;
	struct fault f = {0};

	if (argc > 1 && strcmp(argv[1], "-x") == 0)
		return main_room(argc, argv);
	if (!main_parse(argc, argv, &line, &f))
		return fault_print(&f, false);
	if (line.argc == 1 && strcmp(line.argv[0], "--version") == 0) {
		puts("mimeo " MIMEO_VERSION);
		return 0;
	}
	if (line.argc > 0 && strcmp(line.argv[0], "serve") == 0) {
		if (line.help) {
			puts("usage: mimeo serve [-C HOME]\n\nStarts the newsroom: the site, the desk, the newsletter and reader support, in the foreground. "
				"Prints\n"
				"`mimeo: ready` once every room answers. Ctrl-C or SIGTERM ends it in order, within 10 seconds.");
			return 0;
		}
		if (line.argc > 1) {
			fault_set(&f, FAULT_INPUT, "serve takes no argument, but was given `%s`: addresses and ports stand in mimeo.conf", line.argv[1]);
			return fault_print(&f, false);
		}
		return parent_serve(kinds, line.home, line.only);
	}
	return main_run(&line);
}
