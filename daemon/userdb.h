/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The users of a database, in memory. A thread of its own watches the database and
 * reads all of it when it has changed; then there is a new set of users. The workers
 * never wait for a disk, a server or for another's lock on the file, and a USERHASH,
 * which no database could look up, is found like a name.
 */
#ifndef KTURN_USERDB_H
#define KTURN_USERDB_H

struct config;
struct user_set;
struct userdb;

/**
 * userdb_open() - read the database and start to watch it
 * @config: has to live longer
 *
 * Says in the log what went wrong. A Redis that cannot be reached is no error: it is
 * tried again, and the set is incomplete until then.
 *
 * Return: 0 or a negative errno.
 */
int userdb_open(struct userdb **db, const struct config *config);

/**
 * userdb_close() - stop the thread; NULL is nothing
 */
void userdb_close(struct userdb *db);

/**
 * userdb_generation() - changes whenever there is a new set; costs next to nothing
 */
unsigned int userdb_generation(struct userdb *db);

/**
 * userdb_get() - a reference to the current set
 * @generation: gets which one it is
 */
struct user_set *userdb_get(struct userdb *db, unsigned int *generation);

#endif
