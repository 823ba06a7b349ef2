// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "user_file.h"

#define BUSY_TIMEOUT 5000	/* ms; who else writes is soon done */

struct user_file {
	sqlite3 *db;
	char path[];
};

/* What kturnd reads of coturn's tables, under the names that those have. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS turnusers_lt (realm varchar(127) DEFAULT '',"
	" name varchar(512), hmackey char(128), PRIMARY KEY (realm, name));"
	"CREATE TABLE IF NOT EXISTS turn_secret (realm varchar(127) DEFAULT '',"
	" value varchar(256), PRIMARY KEY (realm, value));"
	"CREATE TABLE IF NOT EXISTS turn_origin_to_realm (origin varchar(127),"
	" realm varchar(127), PRIMARY KEY (origin));";

static bool fail(const struct user_file *file)
{
	complain("%s: %s", file->path, sqlite3_errmsg(file->db));
	return false;
}

struct user_file *user_file_open(const char *path, bool create)
{
	struct user_file *file = calloc(1, sizeof(*file) + strlen(path) + 1);
	int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
	mode_t mask;
	int err;

	if (!file) {
		complain("no memory");
		return NULL;
	}
	strcpy(file->path, path);
	/* Keys and secrets: not for everybody; the server's user has to be let in. */
	mask = umask(0027);
	err = sqlite3_open_v2(path, &file->db, flags, NULL);
	if (!err) {
		sqlite3_busy_timeout(file->db, BUSY_TIMEOUT);
		err = create ? sqlite3_exec(file->db, schema, NULL, NULL, NULL) : 0;
	}
	umask(mask);
	if (!err)
		return file;
	fail(file);
	user_file_close(file);
	return NULL;
}

void user_file_close(struct user_file *file)
{
	if (!file)
		return;
	sqlite3_close(file->db);
	free(file);
}

/* @values end with NULL. Return: a statement, or NULL after a complaint. */
static sqlite3_stmt *prepare(struct user_file *file, const char *sql,
			     const char *const *values)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL)) {
		fail(file);
		return NULL;
	}
	for (int i = 0; values[i]; i++)
		sqlite3_bind_text(statement, i + 1, values[i], -1, SQLITE_STATIC);
	return statement;
}

/* Return: how many rows have changed, or -1 after a complaint. */
static int change(struct user_file *file, const char *sql, const char *const *values)
{
	sqlite3_stmt *statement = prepare(file, sql, values);
	bool done;

	if (!statement)
		return -1;
	done = sqlite3_step(statement) == SQLITE_DONE || fail(file);
	sqlite3_finalize(statement);
	return done ? sqlite3_changes(file->db) : -1;
}

static bool remove_rows(struct user_file *file, const char *sql, const char *realm,
			const char *name, const char *what)
{
	int n = change(file, sql, (const char *const []){ realm, name, NULL });

	if (!n)
		complain("there is no such %s in realm %s", what, realm);
	return n > 0;
}

static const char *text(sqlite3_stmt *row, int column)
{
	const char *value = (const char *)sqlite3_column_text(row, column);

	return value ? value : "";
}

static bool for_each(struct user_file *file, const char *sql, const char *realm,
		     user_file_fn fn, void *arg)
{
	sqlite3_stmt *rows = prepare(file, sql, (const char *const []){ realm, NULL });
	bool done;
	int result;

	if (!rows)
		return false;
	while ((result = sqlite3_step(rows)) == SQLITE_ROW)
		fn(text(rows, 0), text(rows, 1),
		   sqlite3_column_count(rows) > 2 ? text(rows, 2) : NULL, arg);
	done = result == SQLITE_DONE || fail(file);
	sqlite3_finalize(rows);
	return done;
}

bool user_file_set(struct user_file *file, const char *realm, const char *name,
		   const char *key)
{
	return change(file, "REPLACE INTO turnusers_lt (realm, name, hmackey) VALUES (?, ?, ?)",
		      (const char *const []){ realm, name, key, NULL }) > 0;
}

bool user_file_del(struct user_file *file, const char *realm, const char *name)
{
	return remove_rows(file, "DELETE FROM turnusers_lt WHERE realm = ? AND name = ?",
			   realm, name, "user");
}

/* What is not bound is NULL: then all of them are meant. */
bool user_file_users(struct user_file *file, const char *realm, user_file_fn fn, void *arg)
{
	return for_each(file, "SELECT realm, name, hmackey FROM turnusers_lt "
			"WHERE realm = coalesce(?1, realm) ORDER BY realm, name", realm, fn, arg);
}

bool user_file_set_secret(struct user_file *file, const char *realm, const char *secret)
{
	return change(file, "REPLACE INTO turn_secret (realm, value) VALUES (?, ?)",
		      (const char *const []){ realm, secret, NULL }) > 0;
}

bool user_file_del_secret(struct user_file *file, const char *realm, const char *secret)
{
	return remove_rows(file, "DELETE FROM turn_secret WHERE realm = ? AND value = ?",
			   realm, secret, "secret");
}

bool user_file_secrets(struct user_file *file, const char *realm, user_file_fn fn, void *arg)
{
	return for_each(file, "SELECT realm, value FROM turn_secret "
			"WHERE realm = coalesce(?1, realm) ORDER BY realm, value", realm, fn, arg);
}
