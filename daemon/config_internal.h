/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What config*.c share: the one table of keys, from which the file, the long
 * options and the help come, the grammar, and the way to complain.
 */
#ifndef KTURN_CONFIG_INTERNAL_H
#define KTURN_CONFIG_INTERNAL_H

#include <stddef.h>

#include "config.h"

struct config_key;

/**
 * typedef config_parse_fn - take a value over into the configuration
 *
 * Return: NULL, or what would have been a valid value.
 */
typedef const char *config_parse_fn(struct config *config, const struct config_key *key,
				    const char *value);

enum config_key_flags {
	CONFIG_KEY_COMMAND_LINE	= 1,	/* makes no sense in a file */
	CONFIG_KEY_EARLY	= 2,	/* decides which file is read */
	CONFIG_KEY_SECRET	= 4,	/* its value does not belong into a message */
	CONFIG_KEY_OPTIONAL	= 8,	/* may stand alone, as a switch does */
	CONFIG_KEY_REPEAT	= 16,	/* each time one more */
	CONFIG_KEY_NEXT		= 32,	/* optional, but the next argument if that is no option */
};

/**
 * struct config_key - a key of the file and its long option
 * @name: as coturn spells it
 * @letter: coturn's short option, or 0
 * @parse: its value's parser
 * @offset: of the member of struct config that takes the value, or what else @parse
 *	has to know of the key
 * @arg: what stands for the value in the help; NULL for a switch
 * @help: its line in the help
 * @flags: see enum config_key_flags
 * @action: what to do instead of serving
 */
struct config_key {
	const char *name;
	char letter;
	config_parse_fn *parse;
	size_t offset;
	const char *arg;
	const char *help;
	unsigned int flags;
	enum config_action action;
};

/**
 * config_member() - the member of the configuration that takes a key's value
 */
static inline void *config_member(struct config *config, const struct config_key *key)
{
	return (char *)config + key->offset;
}

#define CONFIG_KEYS_MAX 256

/**
 * struct config_place - where something was said
 * @origin: a file, or "command line"; NULL: nowhere
 * @line: in the file; 0 on the command line
 */
struct config_place {
	const char *origin;
	unsigned int line;
};

/* Something wrong, or worth to know. */
struct config_complaint {
	struct config_complaint *next;
	struct config_place place;
	bool warning;
	char *text;		/* "key: ..." */
};

/**
 * struct config_errors - the complaints, in their order
 * @n: how many of them are errors
 * @warnings: and how many are not
 * @places: where each key was given last
 */
struct config_errors {
	struct config_complaint *first, *last;
	unsigned int n, warnings;
	struct config_place places[CONFIG_KEYS_MAX];
};

/**
 * config_complain_at() - say what is wrong with a line, "key: value: reason"
 */
__attribute__((format(printf, 3, 4)))
void config_complain_at(struct config_errors *errors, const struct config_place *place,
			const char *fmt, ...);

/**
 * config_warn_at() - the same for what need not be right
 */
__attribute__((format(printf, 3, 4)))
void config_warn_at(struct config_errors *errors, const struct config_place *place,
		    const char *fmt, ...);

/**
 * config_complain() - say what is wrong with the whole, "key: reason"
 *
 * The place is that of the key. What was complained about before is not said again.
 */
__attribute__((format(printf, 2, 3)))
void config_complain(struct config_errors *errors, const char *fmt, ...);

/**
 * config_warn() - the same for what need not be right
 */
__attribute__((format(printf, 2, 3)))
void config_warn(struct config_errors *errors, const char *fmt, ...);

/**
 * config_complained() - tell whether there is an error about a key already
 */
bool config_complained(const struct config_errors *errors, const char *key);

/**
 * config_given() - tell whether a key was given at all
 */
bool config_given(const struct config_errors *errors, const char *name);

/**
 * config_errors_print() - print a line for each complaint
 */
void config_errors_print(const struct config_errors *errors, FILE *out);

/**
 * config_errors_free() - forget all complaints
 */
void config_errors_free(struct config_errors *errors);

/**
 * struct config_lines - a file in memory
 * @line: may be NULL for one that is to be left out
 */
struct config_lines {
	char **line;
	size_t n;
};

/**
 * config_lines_load() - read a file
 *
 * Return: 0 or a negative errno; to be freed in any case.
 */
int config_lines_load(struct config_lines *lines, const char *path);

/**
 * config_lines_free() - wipe and free, for there are passwords
 */
void config_lines_free(struct config_lines *lines);

/**
 * config_line_split() - take a line apart, in place
 * @value: gets the value, or NULL for a key that stands alone
 *
 * "name=value" or, as coturn reads it, "name value", perhaps in quotes.
 *
 * Return: the name, or NULL if the line is empty or a comment.
 */
char *config_line_split(char *line, char **value);

/**
 * config_read_lines() - take over what stands in a file
 */
void config_read_lines(struct config *config, struct config_errors *errors,
		       const char *origin, const struct config_lines *lines);

/**
 * config_read_file() - read a file and take it over
 */
void config_read_file(struct config *config, struct config_errors *errors, const char *path);

/**
 * config_read_args() - take over the command line
 * @early: only what decides which file is read; else all the rest
 */
void config_read_args(struct config *config, struct config_errors *errors, int argc,
		      char *const argv[], bool early);

/**
 * config_defaults() - what holds if nothing is said
 */
void config_defaults(struct config *config);

/**
 * config_read_switch() - "yes" or "no", in coturn's spellings
 *
 * Return: 0 or -EINVAL.
 */
int config_read_switch(const char *value, bool *on);

/**
 * config_key_next() - step through the table; NULL begins and ends it
 */
const struct config_key *config_key_next(const struct config_key *key);

/**
 * config_key_find() - find a key by its name
 */
const struct config_key *config_key_find(const char *name, size_t len);

/**
 * config_key_find_letter() - find a key by its short option
 */
const struct config_key *config_key_find_letter(char letter);

/**
 * config_key_index() - its place in the table
 */
size_t config_key_index(const struct config_key *key);

/**
 * config_nearest() - the name that was probably meant, ours or coturn's
 *
 * Return: NULL if nothing comes near.
 */
const char *config_nearest(const char *name, size_t len);

/**
 * config_fill() - fill in what was not given, and check what does not fit together
 */
void config_fill(struct config *config, struct config_errors *errors);

/**
 * config_deny_doors() - no peer is the server itself
 */
void config_deny_doors(struct config *config, struct config_errors *errors);

/* The parsers of config_value.c. */
config_parse_fn config_parse_bool;
config_parse_fn config_parse_not;
config_parse_fn config_parse_port;
config_parse_fn config_parse_alt_port;
config_parse_fn config_parse_count;
config_parse_fn config_parse_bps;
config_parse_fn config_parse_cap;
config_parse_fn config_parse_seconds;
config_parse_fn config_parse_lease;
config_parse_fn config_parse_timeout;
config_parse_fn config_parse_threads;
config_parse_fn config_parse_string;
config_parse_fn config_parse_socket_path;
config_parse_fn config_parse_datapath;
config_parse_fn config_parse_stale_nonce;

/* The parsers of config_address.c. */
config_parse_fn config_parse_addr;
config_parse_fn config_parse_aux_server;
config_parse_fn config_parse_relay_ip;
config_parse_fn config_parse_external_ip;
config_parse_fn config_parse_allowed;
config_parse_fn config_parse_denied;
config_parse_fn config_parse_family;
config_parse_fn config_parse_keep_family;

/* The parsers of config_auth.c. */
config_parse_fn config_parse_realm;
config_parse_fn config_parse_user;
config_parse_fn config_parse_redis;
config_parse_fn config_parse_secret;
config_parse_fn config_parse_server_name;
config_parse_fn config_parse_separator;
config_parse_fn config_parse_refusals;

/* The parser of config_alternate.c: the transports are the key's @offset. */
config_parse_fn config_parse_alternate;

/**
 * config_free_alternates() - free the list of other servers
 */
void config_free_alternates(struct config *config);

/**
 * config_fill_auth() - make the users' keys, and wipe the passwords
 */
void config_fill_auth(struct config *config, struct config_errors *errors);

/**
 * config_free_auth() - free what belongs to credentials
 */
void config_free_auth(struct config *config);

/* The parsers of config_tls.c. */
config_parse_fn config_parse_cert;
config_parse_fn config_parse_pkey;
config_parse_fn config_parse_ciphers;
config_parse_fn config_parse_dtls;

/* The parsers of config_watch.c. */
config_parse_fn config_parse_prometheus_address;
config_parse_fn config_parse_prometheus_path;
config_parse_fn config_refuse_username_labels;

/**
 * config_fill_tls() - load certificate and key, and wipe the key's password
 */
void config_fill_tls(struct config *config, struct config_errors *errors);

/**
 * config_free_tls() - free what belongs to TLS
 */
void config_free_tls(struct config *config);

/* The parsers of config_log.c. */
config_parse_fn config_parse_log_format;
config_parse_fn config_parse_facility;

/**
 * config_fill_log() - syslog, if that was said
 */
void config_fill_log(struct config *config, struct config_errors *errors);
#endif
