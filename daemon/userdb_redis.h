/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading users from Redis, under coturn's names:
 *
 *	turn/realm/REALM/user/NAME/key		the key in hexadecimal digits
 *	turn/realm/REALM/user/NAME/password	or the password; where both are, the key
 *	turn/realm/REALM/secret/ID		a shared secret
 *	turn/realm/REALM/secret			or a set of them
 *	turn/origin/ORIGIN			the realm of a web site
 *
 * It is only ever read. Every call may wait for the server, though never longer than
 * the connection string's connect_timeout for one answer: not for the loop of a worker.
 */
#ifndef KTURN_USERDB_REDIS_H
#define KTURN_USERDB_REDIS_H

#include <stdbool.h>

#include "userdb_sqlite.h"

struct config;
struct user_set;
struct userdb_redis;

/**
 * userdb_redis_open() - connect, and have changes reported
 * @config: has the address; has to live longer
 * @why: gets what went wrong
 *
 * Return: 0 or a negative errno.
 */
int userdb_redis_open(struct userdb_redis **db, const struct config *config,
		      char why[USERDB_WHY_LEN]);

/**
 * userdb_redis_close() - NULL is nothing
 */
void userdb_redis_close(struct userdb_redis *db);

/**
 * userdb_redis_lost() - tell whether the connection has broken
 */
bool userdb_redis_lost(struct userdb_redis *db);

/**
 * userdb_redis_changed() - tell whether there may be other users than those loaded
 */
bool userdb_redis_changed(struct userdb_redis *db);

/**
 * userdb_redis_load() - add the users, secrets and origins to a set
 * @why: gets what went wrong
 *
 * What makes no sense is left out, with one warning for all of it.
 *
 * Return: 0 or a negative errno.
 */
int userdb_redis_load(struct userdb_redis *db, struct user_set *set,
		      char why[USERDB_WHY_LEN]);

#endif
