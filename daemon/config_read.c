// SPDX-License-Identifier: GPL-2.0-only
/*
 * The grammar: lines of a file and arguments, down to keys and their values.
 */
#include <ctype.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "config_diff.h"
#include "config_foreign.h"
#include "config_internal.h"

/* Where we are in what we read. */
struct reader {
	struct config *config;
	struct config_errors *errors;
	struct config_place place;
	bool early;		/* only keys that decide which file is read */
};

static void complain_unknown(struct reader *r, const char *name, size_t len)
{
	const char *nearest = config_nearest(name, len);

	if (r->early)
		return;
	config_complain_at(r->errors, &r->place, "%.*s: unknown key%s%s%s", (int)len, name,
			   nearest ? "; did you mean " : "", nearest ? nearest : "",
			   nearest ? "?" : "");
}

static void complain(struct reader *r, const struct config_key *key, const char *value,
		     const char *valid)
{
	if (value && !(key->flags & CONFIG_KEY_SECRET))
		config_complain_at(r->errors, &r->place, "%s: %s: should be %s", key->name,
				   value, valid);
	else
		config_complain_at(r->errors, &r->place, "%s: should be %s", key->name, valid);
}

/* Twice in a file is a slip, as often as not. An argument is meant to replace. */
static void remember_place(struct reader *r, const struct config_key *key)
{
	struct config_place *place = &r->errors->places[config_key_index(key)];

	if (place->line && r->place.line && !(key->flags & CONFIG_KEY_REPEAT))
		config_warn_at(r->errors, place, "%s: has no effect: line %u replaces it",
			       key->name, r->place.line);
	*place = r->place;
}

/* @value is NULL for a key that stands alone. */
static void apply(struct reader *r, const struct config_key *key, const char *value)
{
	const char *valid;

	if (r->early != !!(key->flags & CONFIG_KEY_EARLY))
		return;
	remember_place(r, key);
	if (!value && key->arg && !(key->flags & CONFIG_KEY_OPTIONAL)) {
		complain(r, key, NULL, key->arg);
		return;
	}
	valid = key->parse(r->config, key, value ? value : "yes");
	if (valid)
		complain(r, key, value, valid);
	else if (config_given_add(r->config, key, value ? value : "yes"))
		complain(r, key, NULL, "remembered: no memory");
}

static void apply_foreign(struct reader *r, const struct config_foreign *key,
			  const char *value)
{
	bool on = true, show = value && !key->secret;

	if (r->early)
		return;
	if (value && !key->arg && config_read_switch(value, &on))
		config_complain_at(r->errors, &r->place, "%s: %s: should be yes or no",
				   key->name, value);
	else if (config_foreign_refuses(key, on))
		config_complain_at(r->errors, &r->place, "%s%s%s: is refused: %s", key->name,
				   show ? ": " : "", show ? value : "", key->why);
	else
		config_warn_at(r->errors, &r->place, "%s: has no effect: %s", key->name,
			       key->why);
}

static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static char *unquote(char *text)
{
	size_t len = strlen(text);

	if (len < 2 || (*text != '"' && *text != '\'') || text[len - 1] != *text)
		return text;
	text[len - 1] = '\0';
	return text + 1;
}

char *config_line_split(char *line, char **value)
{
	char *name = trim(line), *end = name + strcspn(name, "= \t");
	char *rest = end + strspn(end, " \t");

	*value = NULL;
	if (!*name || *name == '#')
		return NULL;
	if (*end) {
		if (*rest == '=')
			rest++;
		*end = '\0';
		*value = unquote(trim(rest));
	}
	return name;
}

static void read_line(struct reader *r, char *line)
{
	const struct config_foreign *foreign;
	const struct config_key *key;
	char *value, *name = config_line_split(line, &value);
	size_t len;

	if (!name)
		return;
	len = strlen(name);
	key = config_key_find(name, len);
	foreign = config_foreign_find(name, len);
	if (key && key->flags & CONFIG_KEY_COMMAND_LINE)
		complain(r, key, value, "on the command line only");
	else if (key)
		apply(r, key, value);
	else if (foreign)
		apply_foreign(r, foreign, value);
	else
		complain_unknown(r, name, len);
}

void config_read_lines(struct config *config, struct config_errors *errors,
		       const char *origin, const struct config_lines *lines)
{
	struct reader r = { .config = config, .errors = errors, .place.origin = origin };

	for (size_t i = 0; i < lines->n; i++) {
		char *copy = lines->line[i] ? strdup(lines->line[i]) : NULL;

		r.place.line = i + 1;
		if (!copy)
			continue;
		read_line(&r, copy);
		gnutls_memset(copy, 0, strlen(lines->line[i]));
		free(copy);
	}
}

static int keep_line(struct config_lines *lines, const char *text)
{
	char **line = reallocarray(lines->line, lines->n + 1, sizeof(*line));

	if (!line)
		return -ENOMEM;
	lines->line = line;
	line[lines->n] = strdup(text);
	return line[lines->n++] ? 0 : -ENOMEM;
}

int config_lines_load(struct config_lines *lines, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	int err = 0;

	*lines = (struct config_lines){ 0 };
	if (!file)
		return -errno;
	errno = 0;
	while (!err && getline(&text, &size, file) >= 0)
		err = keep_line(lines, text);
	/* A directory opens, too. */
	if (!err && ferror(file))
		err = errno ? -errno : -EIO;
	if (text)
		gnutls_memset(text, 0, size);
	free(text);
	fclose(file);
	return err;
}

void config_lines_free(struct config_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		if (lines->line[i])
			gnutls_memset(lines->line[i], 0, strlen(lines->line[i]));
		free(lines->line[i]);
	}
	free(lines->line);
	*lines = (struct config_lines){ 0 };
}

void config_read_file(struct config *config, struct config_errors *errors, const char *path)
{
	const struct config_place nowhere = { 0 };
	struct config_lines lines;
	int err = config_lines_load(&lines, path);

	if (err)
		config_complain_at(errors, &nowhere, "%s: %s", path, strerror(-err));
	else
		config_read_lines(config, errors, path, &lines);
	config_lines_free(&lines);
}

/* A value that may be missing stands behind "=", or is a word and no option. */
static bool takes_next(const struct config_key *key, const char *next)
{
	if (!key->arg || !next)
		return false;
	if (key->flags & CONFIG_KEY_OPTIONAL)
		return key->flags & CONFIG_KEY_NEXT && *next != '-';
	return true;
}

/* "--name", "--name=value" or "--name value"; returns how many arguments it took. */
static int read_long(struct reader *r, const char *arg, const char *next)
{
	const char *equals = strchr(arg, '='), *value = equals ? equals + 1 : NULL;
	size_t len = equals ? (size_t)(equals - arg) : strlen(arg);
	const struct config_key *key = config_key_find(arg, len);
	const struct config_foreign *foreign = config_foreign_find(arg, len);
	bool next_is_value;

	if (!key && !foreign) {
		complain_unknown(r, arg, len);
		return 1;
	}
	next_is_value = !equals && next && (key ? takes_next(key, next) : !!foreign->arg);
	if (next_is_value)
		value = next;
	if (key)
		apply(r, key, value);
	else
		apply_foreign(r, foreign, value);
	return next_is_value ? 2 : 1;
}

/* "-v", "-vz", "-p1234" or "-p 1234". */
static int read_short(struct reader *r, const char *letters, const char *next)
{
	for (; *letters; letters++) {
		const struct config_key *key = config_key_find_letter(*letters);
		const struct config_foreign *foreign = config_foreign_find_letter(*letters);
		const char *value = NULL;

		if (!key && !foreign) {
			complain_unknown(r, letters, 1);
			return 1;
		}
		if (key ? key->arg : foreign->arg)
			value = letters[1] ? letters + 1 : next;
		if (key)
			apply(r, key, value);
		else
			apply_foreign(r, foreign, value);
		if (value)
			return value == next ? 2 : 1;
	}
	return 1;
}

void config_read_args(struct config *config, struct config_errors *errors, int argc,
		      char *const argv[], bool early)
{
	struct reader r = {
		.config = config, .errors = errors, .early = early,
		.place.origin = "command line",
	};
	int i = 1;

	while (i < argc) {
		const char *arg = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (arg[0] == '-' && arg[1] == '-' && arg[2]) {
			i += read_long(&r, arg + 2, next);
		} else if (arg[0] == '-' && arg[1] && arg[1] != '-') {
			i += read_short(&r, arg + 1, next);
		} else {
			complain_unknown(&r, arg, strlen(arg));
			i++;
		}
	}
}
