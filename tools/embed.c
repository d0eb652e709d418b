/* embed.c: files become tables that are built into the program (base/embed.h reads them).
 *
 * Decides: how bytes are written as C, and the names of the tables and enums. Leaves to others: what the files mean.
 * Runs at build time only, needs nothing but libc. The hard thing: string literals may not pass 4,095 bytes and chars
 * may be signed, so bytes are arrays of unsigned char.
 *
 *   embed sql   NAME  OUTBASE FILE.sql   blocks "-- name: x" → NAME_sql[] and enum NAME_SQL_X …, in the file's order
 *   embed files TABLE OUTBASE [FILE…]    TABLE[] sorted by base name
 *   embed tree  TABLE OUTBASE DIR        TABLE[] of all files below DIR ("mail/issue.mustache"), sorted; no dotfiles and
 *                                        no README.md
 * Writes OUTBASE.h and OUTBASE.c. Exit 2 and one line on what is wrong otherwise.
 * SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct piece {
	char *name;
	char *at;
	size_t len;
};

static struct piece *pieces;
static size_t piece_count;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "embed: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(2);
}

static void *keep(void *memory)
{
	if (memory == NULL)
		die("out of memory");
	return memory;
}

static void add(const char *name, size_t name_len, char *at, size_t len)
{
	pieces = keep(realloc(pieces, (piece_count + 1) * sizeof(*pieces)));
	pieces[piece_count++] = (struct piece){keep(strndup(name, name_len)), at, len};
}

static char *read_whole(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *bytes = NULL;
	size_t room = 0;
	size_t got;

	if (file == NULL)
		die("%s: %s", path, strerror(errno));
	*len = 0;
	do {
		if (*len + 65536 > room) {
			room = room * 2 + 65536;
			bytes = keep(realloc(bytes, room + 1));
		}
		got = fread(bytes + *len, 1, room - *len, file);
		*len += got;
	} while (got > 0);
	if (ferror(file))
		die("%s: cannot be read", path);
	fclose(file);
	bytes[*len] = '\0';
	return bytes;
}

/* Cuts a file into its blocks. What stands before the first block may be comments only. */
static void read_blocks(const char *path)
{
	static const char mark[] = "-- name:";
	size_t len;
	char *at = read_whole(path, &len);
	char *end = at + len;
	size_t line = 0;

	if (strlen(at) != len)
		die("%s: holds a NUL", path);
	for (char *next; at < end; at = next) {
		char *stop = memchr(at, '\n', (size_t) (end - at));

		next = stop != NULL ? stop + 1 : end;
		line++;
		if (strncmp(at, mark, sizeof(mark) - 1) == 0) {
			char *name = at + sizeof(mark) - 1;
			size_t name_len;

			name += strspn(name, " \t");
			name_len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
			if (name_len == 0 || strspn(name + name_len, " \t\r\n") == 0)
				die("%s:%zu: a block's name is made of a-z, 0-9 and _", path, line);
			add(name, name_len, next, 0);
		} else if (piece_count > 0) {
			pieces[piece_count - 1].len = (size_t) (next - pieces[piece_count - 1].at);
		} else if (strncmp(at, "--", 2) != 0 && !isspace((unsigned char) *at)) {
			die("%s:%zu: SQL before the first \"-- name: …\"", path, line);
		}
	}
	for (size_t i = 0; i < piece_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(pieces[i].name, pieces[j].name) == 0)
				die("%s: the block \"%s\" stands there twice", path, pieces[i].name);
}

static void read_file(const char *path, const char *name)
{
	size_t len;
	char *bytes = read_whole(path, &len);

	add(name, strlen(name), bytes, len);
}

static void read_tree(const char *folder, const char *prefix)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (dir == NULL)
		die("%s: %s", folder, strerror(errno));
	while ((entry = readdir(dir)) != NULL) {
		char path[4096];
		char name[4096];
		struct stat about;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "README.md") == 0)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int) sizeof(path) ||
			snprintf(name, sizeof(name), "%s%s", prefix, entry->d_name) >= (int) sizeof(name))
			die("%s/%s: the name is too long", folder, entry->d_name);
		if (stat(path, &about) != 0)
			die("%s: %s", path, strerror(errno));
		if (S_ISDIR(about.st_mode)) {
			char below[4096 + 1];

			snprintf(below, sizeof(below), "%s/", name);
			read_tree(path, below);
		} else if (S_ISREG(about.st_mode)) {
			read_file(path, name);
		}
	}
	closedir(dir);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct piece *) a)->name, ((const struct piece *) b)->name);
}

static void write_upper(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		fputc(toupper((unsigned char) *text), out);
}

static FILE *create(const char *base, const char *ending, char path[4096])
{
	FILE *out;

	if (snprintf(path, 4096, "%s%s", base, ending) >= 4096)
		die("%s: the name is too long", base);
	out = fopen(path, "wb");
	if (out == NULL)
		die("%s: %s", path, strerror(errno));
	fprintf(out, "/* Made by tools/embed.c; changes here are lost. */\n");
	return out;
}

static void finish(FILE *out, const char *path)
{
	int bad = ferror(out);

	if ((fclose(out) != 0) | bad) {
		remove(path);
		die("%s: cannot be written", path);
	}
}

static void write_head(const char *base, const char *table, const char *enum_prefix)
{
	char path[4096];
	FILE *out = create(base, ".h", path);

	fprintf(out, "#ifndef GEN_");
	write_upper(out, table);
	fprintf(out, "_H\n#define GEN_");
	write_upper(out, table);
	fprintf(out, "_H\n\n#include \"base/embed.h\"\n\n");
	if (enum_prefix != NULL) {
		fprintf(out, "enum %s {\n", table);
		for (size_t i = 0; i < piece_count; i++) {
			fprintf(out, "\t");
			write_upper(out, enum_prefix);
			fprintf(out, "_SQL_");
			write_upper(out, pieces[i].name);
			fprintf(out, ",\n");
		}
		fprintf(out, "\t");
		write_upper(out, enum_prefix);
		fprintf(out, "_SQL_COUNT\n};\n\n");
	}
	fprintf(out, "extern const struct embed_file %s[];\n\n#endif\n", table);
	finish(out, path);
}

static void write_body(const char *base, const char *table)
{
	const char *own_name = strrchr(base, '/');
	char path[4096];
	FILE *out = create(base, ".c", path);

	fprintf(out, "#include \"%s.h\"\n\n", own_name != NULL ? own_name + 1 : base);
	for (size_t i = 0; i < piece_count; i++) {
		fprintf(out, "static const unsigned char bytes_%zu[] = {", i);
		for (size_t j = 0; j < pieces[i].len; j++)
			fprintf(out, "%s%u,", j % 32 == 0 ? "\n\t" : "", (unsigned) (unsigned char) pieces[i].at[j]);
		fprintf(out, "\n\t0\n};\n");
	}
	fprintf(out, "\nconst struct embed_file %s[] = {\n", table);
	for (size_t i = 0; i < piece_count; i++) {
		fprintf(out, "\t{\"");
		for (const char *c = pieces[i].name; *c != '\0'; c++)
			fprintf(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
		fprintf(out, "\", {(const char *) bytes_%zu, sizeof(bytes_%zu) - 1}},\n", i, i);
	}
	fprintf(out, "\t{(const char *) 0, {(const char *) 0, 0}}\n};\n");
	finish(out, path);
}

int main(int argc, char **argv)
{
	char table[512];

	if (argc == 5 && strcmp(argv[1], "sql") == 0) {
		read_blocks(argv[4]);
		if (snprintf(table, sizeof(table), "%s_sql", argv[2]) >= (int) sizeof(table))
			die("%s: the name is too long", argv[2]);
		write_body(argv[3], table);
		write_head(argv[3], table, argv[2]);
		return 0;
	}
	if (argc >= 4 && strcmp(argv[1], "files") == 0) {
		for (int i = 4; i < argc; i++) {
			const char *name = strrchr(argv[i], '/');

			read_file(argv[i], name != NULL ? name + 1 : argv[i]);
		}
	} else if (argc == 5 && strcmp(argv[1], "tree") == 0) {
		read_tree(argv[4], "");
	} else {
		die("usage: embed sql NAME OUTBASE FILE.sql | files TABLE OUTBASE [FILE…] | tree TABLE OUTBASE DIR");
	}
	if (piece_count > 1)
		qsort(pieces, piece_count, sizeof(*pieces), by_name);
	for (size_t i = 1; i < piece_count; i++)
		if (strcmp(pieces[i - 1].name, pieces[i].name) == 0)
			die("two files are named \"%s\"", pieces[i].name);
	write_body(argv[3], argv[2]);
	write_head(argv[3], argv[2], NULL);
	return 0;
}
