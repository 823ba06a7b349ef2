/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What config*.c share: the one table of keys, from which the file, the long
 * options and the help come, and the way to complain.
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
typedef const char *(*config_parse_fn)(struct config *config, const struct config_key *key,
				       const char *value);

enum config_key_flags {
	CONFIG_KEY_COMMAND_LINE	= 1,	/* makes no sense in a file */
	CONFIG_KEY_EARLY	= 2,	/* decides which file is read */
	CONFIG_KEY_SECRET	= 4,	/* its value does not belong into a message */
	CONFIG_KEY_OPTIONAL	= 8,	/* may stand alone, as a switch does */
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
	config_parse_fn parse;
	size_t offset;
	const char *arg;
	const char *help;
	unsigned int flags;
	enum config_action action;
};

/**
 * struct config_errors - where complaints go, and how many there were
 */
struct config_errors {
	FILE *out;
	unsigned int n;
};

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
 * config_key_nearest() - the name that was probably meant
 *
 * Return: NULL if nothing comes near.
 */
const char *config_key_nearest(const char *name, size_t len);

/**
 * config_fill() - fill in what was not given, and check what does not fit together
 */
void config_fill(struct config *config, struct config_errors *errors);

/**
 * config_deny_doors() - no peer is the server itself
 */
void config_deny_doors(struct config *config, struct config_errors *errors);

/**
 * config_complain() - say what is wrong with the whole, "key: reason"
 */
__attribute__((format(printf, 2, 3)))
void config_complain(struct config_errors *errors, const char *fmt, ...);

/* The parsers of config_auth.c. */
const char *config_parse_realm(struct config *config, const struct config_key *key,
			       const char *value);
const char *config_parse_user(struct config *config, const struct config_key *key,
			      const char *value);
const char *config_parse_secret(struct config *config, const struct config_key *key,
				const char *value);
const char *config_parse_separator(struct config *config, const struct config_key *key,
				   const char *value);
const char *config_parse_refusals(struct config *config, const struct config_key *key,
				  const char *value);
const char *config_parse_stateless_nonce(struct config *config, const struct config_key *key,
					 const char *value);

/* The parser of config_alternate.c: the transports are the key's @offset. */
const char *config_parse_alternate(struct config *config, const struct config_key *key,
				   const char *value);

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
const char *config_parse_cert(struct config *config, const struct config_key *key,
			      const char *value);
const char *config_parse_pkey(struct config *config, const struct config_key *key,
			      const char *value);
const char *config_parse_ciphers(struct config *config, const struct config_key *key,
				 const char *value);
const char *config_parse_old_tls(struct config *config, const struct config_key *key,
				 const char *value);
const char *config_parse_no_old_tls(struct config *config, const struct config_key *key,
				    const char *value);
const char *config_refuse_dh(struct config *config, const struct config_key *key,
			     const char *value);
const char *config_refuse_curve(struct config *config, const struct config_key *key,
				const char *value);

/**
 * config_fill_tls() - load certificate and key, and wipe the key's password
 *
 * Return: NULL, or what is wrong with "cert".
 */
const char *config_fill_tls(struct config *config);

/**
 * config_free_tls() - free what belongs to TLS
 */
void config_free_tls(struct config *config);
#endif
