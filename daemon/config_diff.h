/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between two configurations, in the words of the administrator; and
 * what takes a restart.
 */
#ifndef KTURN_CONFIG_DIFF_H
#define KTURN_CONFIG_DIFF_H

#include <stdbool.h>
#include <stdio.h>

struct config;
struct config_key;

#define CONFIG_VALUES_LEN 80

/**
 * struct config_difference - a key that says something else now
 * @old: the values that are gone, with commas between them; "-" for none, "(secret)"
 *	for what nobody is to read
 * @new: those that have come
 */
struct config_difference {
	const char *key;
	char old[CONFIG_VALUES_LEN], new[CONFIG_VALUES_LEN];
};

/**
 * typedef config_diff_fn - is told of a difference
 */
typedef void (*config_diff_fn)(const struct config_difference *difference, void *arg);

/**
 * config_given_add() - note that a key was given
 *
 * Of a secret only a hash is kept.
 *
 * Return: 0, -ENOMEM, or -EIO without randomness.
 */
int config_given_add(struct config *config, const struct config_key *key, const char *value);

/**
 * config_given_free() - forget all of them
 */
void config_given_free(struct config *config);

/**
 * config_diff() - call @fn for each key that was given other values
 */
void config_diff(const struct config *old, const struct config *new, config_diff_fn fn,
		 void *arg);

/**
 * config_is_fixed() - tell whether a key takes a restart
 */
bool config_is_fixed(const char *key);

/**
 * struct config_kept - keys whose old values have stayed
 */
struct config_kept {
	const char *keys[33];
	unsigned int n;
};

/**
 * config_keep() - put back what cannot change while the server runs
 * @config: new, and of nobody else yet
 * @old: what is in use
 * @kept: gets the keys that say something else now
 * @errors: as of config_load()
 *
 * Nonces that were made up under the old one stay good, too, unless there is a secret
 * for them.
 *
 * Return: 0, or the number of errors.
 */
unsigned int config_keep(struct config *config, const struct config *old,
			 struct config_kept *kept, FILE *errors);

#endif
