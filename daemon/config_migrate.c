// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file of coturn's becomes one of ours: it is read as if it were, and each line that
 * something is wrong with becomes a comment. Then again, until there is nothing wrong:
 * so what is printed is sure to be taken.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_foreign.h"
#include "config_internal.h"

struct migration {
	const char *path;
	struct config_lines lines;
	char **why;		/* of each line that is out, what was wrong with it */
	char realm[256];	/* "" if there was one */
	unsigned int idle, wrong;	/* lines that are out */
};

/* What coturn takes for a realm: the domain that the host is in. */
static void guess_realm(struct migration *m)
{
	char host[sizeof(m->realm) - 8] = "";
	const char *dot;

	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	dot = strchr(host, '.');
	snprintf(m->realm, sizeof(m->realm), "%s", dot && dot[1] ? dot + 1 : host);
	if (!m->realm[0])
		strcpy(m->realm, "kturn");
}

/* Return: whether there is less wrong now. */
static bool take_out(struct migration *m, const struct config_complaint *complaint)
{
	size_t i = complaint->place.line - 1;

	if (!complaint->place.line) {
		if (m->realm[0] || strncmp(complaint->text, "realm:", 6))
			return false;
		guess_realm(m);
		return true;
	}
	if (m->why[i])
		return false;
	m->why[i] = strdup(complaint->text);
	if (complaint->warning)
		m->idle++;
	else
		m->wrong++;
	return m->why[i];
}

/* The lines that are in. They stay the migration's, all but the list. */
static struct config_lines lines_kept(struct migration *m)
{
	struct config_lines kept = { .line = calloc(m->lines.n, sizeof(*kept.line)) };

	if (!kept.line)
		return kept;
	kept.n = m->lines.n;
	for (size_t i = 0; i < kept.n; i++)
		kept.line[i] = m->why[i] ? NULL : m->lines.line[i];
	return kept;
}

/* Return: whether to look again. What stays wrong is left in @errors. */
static bool look(struct migration *m, struct config_errors *errors)
{
	struct config_lines kept = lines_kept(m);
	struct config config;
	bool again = false;

	config_errors_free(errors);
	config_defaults(&config);
	config_read_lines(&config, errors, m->path, &kept);
	if (m->realm[0])
		config.realm = strdup(m->realm);
	config_fill(&config, errors);
	config_free(&config);
	free(kept.line);
	for (const struct config_complaint *c = errors->first; c; c = c->next)
		again |= take_out(m, c);
	return again;
}

static char *trimmed(const char *line)
{
	size_t len;

	line += strspn(line, " \t");
	len = strcspn(line, "\r\n");
	while (len && strchr(" \t", line[len - 1]))
		len--;
	return strndup(line, len);
}

/* A password that has no use here is not written down again. */
static void print_out(FILE *out, const char *why, const char *name, const char *text)
{
	const struct config_foreign *foreign = config_foreign_find(name, strlen(name));

	if (foreign && foreign->secret)
		fprintf(out, "\n# %s\n#%s=...\n", why, name);
	else
		fprintf(out, "\n# %s\n#%s\n", why, text);
}

/* @last is the key that stands above. */
static void print_kept(FILE *out, const struct config_key *key, const struct config_key *last,
		       const char *text)
{
	if (key != last)
		fprintf(out, "\n# %s\n", key->help);
	fprintf(out, "%s\n", text);
}

static void print_lines(const struct migration *m, FILE *out)
{
	const struct config_key *last = NULL;

	for (size_t i = 0; i < m->lines.n; i++) {
		char *text = trimmed(m->lines.line[i]), *copy = text ? strdup(text) : NULL;
		char *value, *name = copy ? config_line_split(copy, &value) : NULL;
		const struct config_key *key = name ? config_key_find(name, strlen(name)) : NULL;

		if (name && m->why[i])
			print_out(out, m->why[i], name, text);
		else if (key)
			print_kept(out, key, last, text);
		if (name)
			last = m->why[i] ? NULL : key;
		free(copy);
		free(text);
	}
}

static bool is_kept(const struct migration *m, const char *wanted)
{
	bool found = false;

	for (size_t i = 0; i < m->lines.n && !found; i++) {
		char *copy = m->why[i] ? NULL : strdup(m->lines.line[i]), *value;
		char *name = copy ? config_line_split(copy, &value) : NULL;

		found = name && !strcmp(name, wanted);
		free(copy);
	}
	return found;
}

static void print(const struct migration *m, FILE *out)
{
	fprintf(out, "# Configuration of kturnd, made of %s,\n"
		"# the comments of which are left out. What is a comment here has no effect,\n"
		"# or is wrong; the line above says why.\n", m->path);
	print_lines(m, out);
	if (m->realm[0])
		fprintf(out, "\n# There was no realm, and the users' keys depend on it. coturn "
			"takes the host's\n# domain then: is this the one?\nrealm=%s\n", m->realm);
	if (!is_kept(m, "userdb") && !is_kept(m, "db"))
		fputs("\n# coturn has a database even if none is named. Are there users in "
		      "it?\n#userdb=/var/lib/turn/turndb\n", out);
	fprintf(out, "\n# without effect: %u, wrong or refused: %u\n", m->idle, m->wrong);
}

static unsigned int migrate(struct migration *m, FILE *out, FILE *why)
{
	struct config_errors errors = { 0 };
	unsigned int n;

	while (look(m, &errors))
		;
	n = errors.n;
	config_errors_print(&errors, why);
	config_errors_free(&errors);
	print(m, out);
	return n;
}

unsigned int config_migrate(const char *path, FILE *out, FILE *errors)
{
	struct migration m = { .path = path };
	unsigned int n = 1;
	int err = config_lines_load(&m.lines, path);

	m.why = calloc(m.lines.n + 1, sizeof(*m.why));
	if (err)
		fprintf(errors, "%s: %s\n", path, strerror(-err));
	else if (!m.why)
		fprintf(errors, "%s: no memory\n", path);
	else
		n = migrate(&m, out, errors);
	for (size_t i = 0; m.why && i < m.lines.n; i++)
		free(m.why[i]);
	free(m.why);
	config_lines_free(&m.lines);
	return n;
}
