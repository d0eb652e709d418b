/* parent_commands.c: the table of the commands that concern a whole home.
 * SPDX-License-Identifier: ISC */
#include "parent/parent_commands.h"

const struct errand_command parent_commands[] = {
	{"init", NULL, "[--name NAME] [--url ORIGIN] [--language xx] [--zone ZONE] [--listen ADDRESS:PORT] "
		"[--desk-listen ADDRESS:PORT] [--desk-url ORIGIN]",
		"Makes a new home in the folder given by -C: a commented mimeo.conf, folders for keys, secrets, theme and data.\n"
		"A folder that is a home already is left alone.", parent_init},
	{"check", "", "",
		"Reads everything, changes nothing: settings, contrast of colours, modes of keys and secrets, every database, every\n"
		"photo that a page names. Says what is wrong and what to do; exit code 1 if anything is.", parent_check},
	{"backup", "newsletter support desk", "FOLDER",
		"Copies the databases (each in one consistent state, newsletter and support first) and the photos into a new FOLDER with a\n"
		"list of hashes. Keys and secrets are not in it: keep a copy of keys/ and secrets/ elsewhere, or the sealed rows of\n"
		"this backup can never be opened.", parent_backup},
	{"restore", NULL, "FOLDER | --confirm",
		"Puts a backup into the home given by -C (a new folder, or one made by `mimeo init`, without data yet), after checking\n"
		"every hash. A restored home serves pages but sends, books and changes nothing until `mimeo restore --confirm -C HOME`:\n"
		"make sure first that the old house is off for good, or readers get mails twice.", parent_restore},
	{NULL, NULL, NULL, NULL, NULL}
};
