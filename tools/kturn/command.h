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

/* What makes sense for some verbs only. */
enum option_flags {
	OPTION_SOCKET	= 1,
	OPTION_USER	= 2,
	OPTION_DEADLINE	= 4,
	OPTION_DB	= 8,
	OPTION_REALM	= 16,
	OPTION_PASSWORD	= 32,
	OPTION_SHA256	= 64,
	OPTION_ADDRESS	= 128,
	OPTION_PCAPNG	= 256,
	OPTION_COUNT	= 512,
	OPTION_PEER	= 1024,
	OPTION_IDLE	= 2048,
	OPTION_ENGINE	= 4096,
	OPTION_RCVBUF	= 8192,
	OPTION_INTERVAL	= 16384,
};

/**
 * struct options - what stood on the command line with a dash
 * @json: answer in JSON
 * @by_group: @group was given
 * @group: act on the relays of this group
 * @given: set of enum option_flags
 * @socket: kturnd's, or NULL for where it usually is
 * @user: whose allocations
 * @deadline: seconds, 0 for none
 * @db: the database of users
 * @realm: of the user
 * @password_file: where his password is
 * @sha256: the key to keep of it is one of SHA-256
 * @address: whose control messages, or about whom: perhaps with a length behind it
 * @pcapng: the file that they go to, or NULL
 * @count: after how many of them it ends; 0: never
 * @peer: relays or connections whose peer has this address, or one of this network; or NULL
 * @idle: relays that have been idle for so long, or not so long; or NULL
 * @engine: relays whose bytes this moves, or NULL
 * @rcvbuf: bytes, room for what is told of relays; 0 for what is usual
 * @interval: a time between two looks, or NULL
 */
struct options {
	bool json;
	bool by_group;
	uint64_t group;
	unsigned int given;
	const char *socket, *user;
	uint64_t deadline;
	const char *db, *realm, *password_file;
	bool sha256;
	const char *address, *pcapng;
	uint64_t count;
	const char *peer, *idle, *engine, *interval;
	uint64_t rcvbuf;
};

/**
 * struct verb - what can be done
 * @name: the word; NULL ends a list of verbs; empty: the noun stands alone
 * @takes: what follows, for the usage text
 * @does: one line, for the usage text
 * @takes_group: --group makes sense
 * @options: which of enum option_flags do
 * @min: least number of arguments
 * @max: greatest number of arguments
 * @run: do it; returns the exit status
 */
struct verb {
	const char *name;
	const char *takes;
	const char *does;
	bool takes_group;
	unsigned int options;
	int min, max;
	int (*run)(const struct options *opt, int count, char **args);
};

/* The first verb is meant if there is none on the command line. */
extern const struct verb relay_verbs[];
extern const struct verb monitor_verbs[];
extern const struct verb top_verbs[];
extern const struct verb stats_verbs[];
extern const struct verb caps_verbs[];
extern const struct verb settings_verbs[];
extern const struct verb allocation_verbs[];
extern const struct verb user_verbs[];
extern const struct verb secret_verbs[];
extern const struct verb status_verbs[];
extern const struct verb reload_verbs[];
extern const struct verb drain_verbs[];
extern const struct verb upgrade_verbs[];
extern const struct verb trace_verbs[];
extern const struct verb diagnose_verbs[];

/**
 * monitor_run() - the command monitor, by itself and as a verb of relay
 */
int monitor_run(const struct options *opt, int count, char **args);

/**
 * top_run() - likewise, top
 */
int top_run(const struct options *opt, int count, char **args);

/* What they can be told besides --group. */
#define MONITOR_OPTIONS	(OPTION_PEER | OPTION_ENGINE | OPTION_RCVBUF)
#define TOP_OPTIONS	(OPTION_PEER | OPTION_IDLE | OPTION_ENGINE | OPTION_INTERVAL)

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
