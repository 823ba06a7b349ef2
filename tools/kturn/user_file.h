/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coturn's SQLite database of users and secrets, to be changed. The daemon sees a
 * change by itself, within a second or so; it need not run.
 */
#ifndef KTURN_USER_FILE_H
#define KTURN_USER_FILE_H

#include <stdbool.h>

struct user_file;

/**
 * typedef user_file_fn - is told of a row: a user with his key, or a secret alone
 * @key: hexadecimal digits; of a secret NULL
 */
typedef void (*user_file_fn)(const char *realm, const char *name, const char *key, void *arg);

/**
 * user_file_open() - open a database; complains
 * @create: make one if there is none
 *
 * Return: NULL after a complaint.
 */
struct user_file *user_file_open(const char *path, bool create);

/**
 * user_file_close() - NULL is none
 */
void user_file_close(struct user_file *file);

/**
 * user_file_set() - add a user, or give him another key; complains
 */
bool user_file_set(struct user_file *file, const char *realm, const char *name,
		   const char *key);

/**
 * user_file_del() - remove a user; complains, also where there is none
 */
bool user_file_del(struct user_file *file, const char *realm, const char *name);

/**
 * user_file_users() - call @fn for all of them, or those of a realm; complains
 * @realm: NULL: of every realm
 */
bool user_file_users(struct user_file *file, const char *realm, user_file_fn fn, void *arg);

/* The same for secrets. */
bool user_file_set_secret(struct user_file *file, const char *realm, const char *secret);
bool user_file_del_secret(struct user_file *file, const char *realm, const char *secret);
bool user_file_secrets(struct user_file *file, const char *realm, user_file_fn fn, void *arg);

#endif
