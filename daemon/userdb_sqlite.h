/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading coturn's user database, an SQLite file that turnadmin keeps. It is only
 * ever read, and a reader of it may have to wait: not for the loop of a worker.
 */
#ifndef KTURN_USERDB_SQLITE_H
#define KTURN_USERDB_SQLITE_H

#include <stdbool.h>

#define USERDB_WHY_LEN 256

struct config;
struct user_set;
struct userdb_sqlite;

/**
 * userdb_sqlite_open() - open a database
 * @why: gets what went wrong
 *
 * Return: 0 or a negative errno.
 */
int userdb_sqlite_open(struct userdb_sqlite **db, const char *path, char why[USERDB_WHY_LEN]);

/**
 * userdb_sqlite_close() - NULL is nothing
 */
void userdb_sqlite_close(struct userdb_sqlite *db);

/**
 * userdb_sqlite_replaced() - tell whether the path leads to another file by now
 */
bool userdb_sqlite_replaced(const struct userdb_sqlite *db);

/**
 * userdb_sqlite_changed() - tell whether anybody has written since it was loaded
 *
 * True as well if that cannot be found out: loading will tell why.
 */
bool userdb_sqlite_changed(struct userdb_sqlite *db);

/**
 * userdb_sqlite_load() - add the users, secrets, keys and origins to a set
 * @config: says which of them count, and the realm of those that have none
 * @why: gets what went wrong
 *
 * All of it is of one moment. Rows that make no sense are left out, with a warning.
 *
 * Return: 0 or a negative errno; -EBUSY if somebody has the database for himself.
 */
int userdb_sqlite_load(struct userdb_sqlite *db, struct user_set *set,
		       const struct config *config, char why[USERDB_WHY_LEN]);

#endif
