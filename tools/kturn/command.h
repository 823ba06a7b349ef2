/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of the command line: a noun, a verb, and what the verb takes.
 */
#ifndef KTURN_COMMAND_H
#define KTURN_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "genl.h"

/* Exit statuses besides EXIT_SUCCESS and EXIT_FAILURE. */
#define EXIT_USAGE 2

/**
 * struct options - what stood on the command line with a dash
 * @json: answer in JSON
 * @by_group: @group was given
 * @group: act on the relays of this group
 */
struct options {
	bool json;
	bool by_group;
	uint64_t group;
};

/**
 * struct verb - what can be done
 * @name: the word; NULL ends a list of verbs
 * @takes: what follows, for the usage text
 * @does: one line, for the usage text
 * @takes_group: --group makes sense
 * @min: least number of arguments
 * @max: greatest number of arguments
 * @run: do it; returns the exit status
 */
struct verb {
	const char *name;
	const char *takes;
	const char *does;
	bool takes_group;
	int min, max;
	int (*run)(const struct options *opt, int count, char **args);
};

/* The first verb is meant if there is none on the command line. */
extern const struct verb relay_verbs[];
extern const struct verb stats_verbs[];
extern const struct verb caps_verbs[];
extern const struct verb settings_verbs[];

/**
 * complain() - say on standard error what went wrong
 */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * parse_u64() - read a number, decimal or 0x hexadecimal
 *
 * Return: false if @text is anything else.
 */
bool parse_u64(const char *text, uint64_t *value);

/**
 * connect_module() - open the module's netlink family, or complain
 *
 * Return: NULL after a complaint.
 */
struct kturn_genl *connect_module(void);

#endif
