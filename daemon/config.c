// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_diff.h"
#include "config_internal.h"
#include "permission.h"

/* Where we are in what we read. */
struct reader {
	struct config *config;
	struct config_errors errors;
	const char *origin;
	unsigned int line;	/* 0 on the command line */
	bool early;		/* only keys that decide which file is read */
};

static void print_origin(struct reader *r)
{
	r->errors.n++;
	if (r->line)
		fprintf(r->errors.out, "%s:%u: ", r->origin, r->line);
	else
		fprintf(r->errors.out, "%s: ", r->origin);
}

static void complain_unknown(struct reader *r, const char *name, size_t len)
{
	const char *nearest = config_key_nearest(name, len);

	if (r->early)
		return;
	print_origin(r);
	fprintf(r->errors.out, "%.*s: unknown key", (int)len, name);
	if (nearest)
		fprintf(r->errors.out, "; did you mean %s?", nearest);
	fputc('\n', r->errors.out);
}

static void complain(struct reader *r, const struct config_key *key, const char *value,
		     const char *valid)
{
	print_origin(r);
	if (value && !(key->flags & CONFIG_KEY_SECRET))
		fprintf(r->errors.out, "%s: %s: should be %s\n", key->name, value, valid);
	else
		fprintf(r->errors.out, "%s: should be %s\n", key->name, valid);
}

/* @value is NULL for a key that stands alone. */
static void apply(struct reader *r, const struct config_key *key, const char *value)
{
	const char *valid;

	if (r->early != !!(key->flags & CONFIG_KEY_EARLY))
		return;
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

/* "name=value" or, as coturn reads it, "name value"; NULL for a name alone. */
static char *split(char *name)
{
	char *end = name + strcspn(name, "= \t"), *value = end + strspn(end, " \t");

	if (!*end)
		return NULL;
	if (*value == '=')
		value++;
	*end = '\0';
	return unquote(trim(value));
}

static void read_line(struct reader *r, char *line)
{
	const struct config_key *key;
	char *name = trim(line), *value;
	size_t len;

	if (!*name || *name == '#')
		return;
	value = split(name);
	len = strlen(name);
	key = config_key_find(name, len);
	if (!key)
		complain_unknown(r, name, len);
	else if (key->flags & CONFIG_KEY_COMMAND_LINE)
		complain(r, key, value, "on the command line only");
	else
		apply(r, key, value);
}

static void read_file(struct reader *r, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file) {
		fprintf(r->errors.out, "%s: %s\n", path, strerror(errno));
		r->errors.n++;
		return;
	}
	r->origin = path;
	for (r->line = 1; getline(&line, &size, file) >= 0; r->line++)
		read_line(r, line);
	if (line)
		gnutls_memset(line, 0, size);
	free(line);
	fclose(file);
}

/* "--name", "--name=value" or "--name value"; returns how many arguments it took. */
static int read_long(struct reader *r, const char *arg, const char *next)
{
	const char *equals = strchr(arg, '=');
	size_t len = equals ? (size_t)(equals - arg) : strlen(arg);
	const struct config_key *key = config_key_find(arg, len);

	if (!key) {
		complain_unknown(r, arg, len);
		return 1;
	}
	if (equals || !key->arg || key->flags & CONFIG_KEY_OPTIONAL) {
		apply(r, key, equals ? equals + 1 : NULL);
		return 1;
	}
	apply(r, key, next);
	return next ? 2 : 1;
}

/* "-v", "-vz", "-p1234" or "-p 1234". */
static int read_short(struct reader *r, const char *letters, const char *next)
{
	for (; *letters; letters++) {
		const struct config_key *key = config_key_find_letter(*letters);

		if (!key) {
			complain_unknown(r, letters, 1);
			return 1;
		}
		if (!key->arg) {
			apply(r, key, NULL);
			continue;
		}
		apply(r, key, letters[1] ? letters + 1 : next);
		return letters[1] || !next ? 1 : 2;
	}
	return 1;
}

static void read_args(struct reader *r, int argc, char *const argv[])
{
	int i = 1;

	r->origin = "command line";
	r->line = 0;
	while (i < argc) {
		const char *arg = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (arg[0] == '-' && arg[1] == '-' && arg[2]) {
			i += read_long(r, arg + 2, next);
		} else if (arg[0] == '-' && arg[1] && arg[1] != '-') {
			i += read_short(r, arg + 1, next);
		} else {
			complain_unknown(r, arg, strlen(arg));
			i++;
		}
	}
}

unsigned int config_load(struct config *config, int argc, char *const argv[], FILE *errors)
{
	struct reader r = { .config = config, .errors = { .out = errors }, .early = true };

	*config = (struct config){
		.argc = argc,
		.argv = argv,
		.listening_port = 3478,
		.udp_gso = true,
		.min_port = 49152,
		.max_port = 65535,
		.max_permissions = PERMISSION_MAX,
		.max_channels = 1024,
		.max_connections = 1024,
		.max_pending_connections = 64,
		.max_strangers = 2048,
		.max_allocate_lifetime = 3600,
		.permission_lifetime = PERMISSION_LIFETIME,
		.channel_lifetime = 600,
		.max_allocate_timeout = 60,
		.stale_nonce = NONCE_LIFETIME,
		.rest_separator = ':',
		.refusals_per_second = 10,
		.tcp_keepalive = 60,
		.software = true,
	};
	read_args(&r, argc, argv);
	r.early = false;
	if (config->file)
		read_file(&r, config->file);
	else if (!config->no_file && !access(CONFIG_DEFAULT_FILE, F_OK))
		read_file(&r, CONFIG_DEFAULT_FILE);
	read_args(&r, argc, argv);
	if (config->action == CONFIG_SERVE || config->action == CONFIG_CHECK)
		config_fill(config, &r.errors);
	return r.errors.n;
}

void config_free(struct config *config)
{
	config_given_free(config);
	config_free_auth(config);
	acl_clear(&config->acl);
	config_free_tls(config);
	config_free_alternates(config);
	free(config->file);
	free(config->log_file);
	free(config->pidfile);
	free(config->control_socket);
}

void config_help(FILE *out)
{
	const struct config_key *key = NULL;

	fputs("Usage: kturnd [options]\n\n"
	      "A TURN server with TCP relaying (RFC 8656, RFC 6062). Each long option is also a\n"
	      "key of the configuration file, there without the dashes.\n\n", out);
	while ((key = config_key_next(key))) {
		bool optional = key->flags & CONFIG_KEY_OPTIONAL;
		char option[64];

		snprintf(option, sizeof(option), "--%s%s%s%s%s", key->name,
			 optional ? "[" : "", key->arg ? "=" : "",
			 key->arg ? key->arg : "", optional ? "]" : "");
		fprintf(out, "  %c%c  %-32s %s\n", key->letter ? '-' : ' ',
			key->letter ? key->letter : ' ', option, key->help);
	}
}
