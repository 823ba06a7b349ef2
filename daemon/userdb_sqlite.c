// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "log.h"
#include "user_set.h"
#include "userdb_sqlite.h"

#define BUSY_TIMEOUT 1000	/* ms */

struct userdb_sqlite {
	sqlite3 *db;
	struct stat file;
	int version;		/* when it was loaded */
	char path[];
};

/* What a row goes into. */
struct loader {
	struct user_set *set;
	const struct config *config;
	unsigned int bad_rows;
};

/* Return: 0, -EINVAL for a row that makes no sense, or another errno. */
typedef int (*row_fn)(const struct loader *loader, sqlite3_stmt *row);

static int fail(const struct userdb_sqlite *db, int result, char why[USERDB_WHY_LEN])
{
	snprintf(why, USERDB_WHY_LEN, "%s", sqlite3_errmsg(db->db));
	switch (result & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

int userdb_sqlite_open(struct userdb_sqlite **opened, const char *path,
		       char why[USERDB_WHY_LEN])
{
	struct userdb_sqlite *db = calloc(1, sizeof(*db) + strlen(path) + 1);
	int err = 0;

	if (!db) {
		snprintf(why, USERDB_WHY_LEN, "no memory");
		return -ENOMEM;
	}
	strcpy(db->path, path);
	if (stat(path, &db->file)) {
		err = -errno;
		snprintf(why, USERDB_WHY_LEN, "%s", strerror(errno));
	} else if (sqlite3_open_v2(path, &db->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
				   NULL)) {
		err = fail(db, SQLITE_CANTOPEN, why);
	}
	if (err) {
		userdb_sqlite_close(db);
		return err;
	}
	sqlite3_busy_timeout(db->db, BUSY_TIMEOUT);
	*opened = db;
	return 0;
}

void userdb_sqlite_close(struct userdb_sqlite *db)
{
	if (!db)
		return;
	sqlite3_close(db->db);
	free(db);
}

bool userdb_sqlite_replaced(const struct userdb_sqlite *db)
{
	struct stat file;

	return stat(db->path, &file) || file.st_dev != db->file.st_dev ||
	       file.st_ino != db->file.st_ino;
}

/* It changes with what others have committed. */
static int read_version(struct userdb_sqlite *db, int *version)
{
	sqlite3_stmt *pragma;
	int result = sqlite3_prepare_v2(db->db, "PRAGMA data_version", -1, &pragma, NULL);

	if (result)
		return result;
	result = sqlite3_step(pragma);
	if (result == SQLITE_ROW)
		*version = sqlite3_column_int(pragma, 0);
	sqlite3_finalize(pragma);
	return result == SQLITE_ROW ? SQLITE_OK : result;
}

bool userdb_sqlite_changed(struct userdb_sqlite *db)
{
	int version;

	return read_version(db, &version) || version != db->version;
}

static const char *text(sqlite3_stmt *row, int column)
{
	const char *value = (const char *)sqlite3_column_text(row, column);

	return value ? value : "";
}

/* As a realm has to be named for some of turnadmin's commands only. */
static const char *realm_of(const struct loader *loader, sqlite3_stmt *row, int column)
{
	const char *realm = text(row, column);

	return *realm ? realm : loader->config->realm;
}

static int take_user(const struct loader *loader, sqlite3_stmt *row)
{
	const char *name = text(row, 1), *hex = text(row, 2);
	struct user_keys keys;
	int err;

	if (!*name || user_keys_read(&keys, !strncmp(hex, "0x", 2) ? hex + 2 : hex))
		return -EINVAL;
	err = user_set_add(loader->set, realm_of(loader, row, 0), name, &keys);
	return err == -EEXIST ? 0 : err;	/* the configuration's comes first */
}

static int take_secret(const struct loader *loader, sqlite3_stmt *row)
{
	const char *secret = text(row, 1);

	return *secret ? user_set_add_secret(loader->set, realm_of(loader, row, 0), secret)
		       : -EINVAL;
}

static int take_origin(const struct loader *loader, sqlite3_stmt *row)
{
	const char *origin = text(row, 0), *realm = text(row, 1);

	return *origin && *realm ? user_set_add_origin(loader->set, origin, realm) : -EINVAL;
}

static int take_oauth_key(const struct loader *loader, sqlite3_stmt *row)
{
	const char *kid = text(row, 0), *realm = text(row, 5);
	struct oauth_key key;
	int err;

	if (!*kid || strlen(kid) > STUN_STRING_MAX ||
	    oauth_key_read(&key, text(row, 1), text(row, 4), sqlite3_column_int64(row, 2),
			   sqlite3_column_int64(row, 3)))
		return -EINVAL;
	err = user_set_add_oauth_key(loader->set, *realm ? realm : NULL, kid, &key);
	gnutls_memset(&key, 0, sizeof(key));
	return err;
}

static int take_rows(struct userdb_sqlite *db, const char *sql, struct loader *loader,
		     row_fn take, char why[USERDB_WHY_LEN])
{
	sqlite3_stmt *rows;
	int result = sqlite3_prepare_v2(db->db, sql, -1, &rows, NULL), err = 0;

	if (result)
		return fail(db, result, why);
	while (!err && (result = sqlite3_step(rows)) == SQLITE_ROW) {
		err = take(loader, rows);
		if (err == -EINVAL) {
			loader->bad_rows++;
			err = 0;
		}
	}
	if (err)
		snprintf(why, USERDB_WHY_LEN, "%s", strerror(-err));
	else if (result != SQLITE_DONE)
		err = fail(db, result, why);
	sqlite3_finalize(rows);
	return err;
}

static int take_tables(struct userdb_sqlite *db, struct loader *loader,
		       char why[USERDB_WHY_LEN])
{
	int err = 0;

	if (loader->config->userdb_users)
		err = take_rows(db, "SELECT realm, name, hmackey FROM turnusers_lt", loader,
				take_user, why);
	if (!err && loader->config->use_auth_secret)
		err = take_rows(db, "SELECT realm, value FROM turn_secret", loader,
				take_secret, why);
	if (!err && loader->config->oauth)
		err = take_rows(db, "SELECT kid, ikm_key, timestamp, lifetime, as_rs_alg, realm "
				"FROM oauth_key", loader, take_oauth_key, why);
	if (!err)
		err = take_rows(db, "SELECT origin, realm FROM turn_origin_to_realm", loader,
				take_origin, why);
	return err;
}

int userdb_sqlite_load(struct userdb_sqlite *db, struct user_set *set,
		       const struct config *config, char why[USERDB_WHY_LEN])
{
	struct loader loader = { .set = set, .config = config };
	int version = 0, result, err;

	/* Asked for first: what comes in between is seen now, and once more later. */
	result = read_version(db, &version);
	if (!result)
		result = sqlite3_exec(db->db, "BEGIN", NULL, NULL, NULL);
	if (result)
		return fail(db, result, why);
	err = take_tables(db, &loader, why);
	sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
	if (err)
		return err;
	db->version = version;
	if (loader.bad_rows)
		log_warning("userdb", "path=\"%s\" ignored_rows=%u", db->path, loader.bad_rows);
	return 0;
}
