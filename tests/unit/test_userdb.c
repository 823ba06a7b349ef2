// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "config.h"
#include "user_set.h"
#include "userdb.h"
#include "userdb_sqlite.h"

#define PATIENCE 60	/* seconds until a test has failed */

static char dir[] = "/tmp/test_userdb.XXXXXX";
static char path[64], other_path[64];
static struct config config;

/* The tables that coturn has, as far as we look into them. */
static const char schema[] =
	"CREATE TABLE turnusers_lt (realm varchar(127) default '', name varchar(512), "
	"hmackey char(128), PRIMARY KEY (realm, name));"
	"CREATE TABLE turn_secret (realm varchar(127) default '', value varchar(256), "
	"PRIMARY KEY (realm, value));"
	"CREATE TABLE turn_origin_to_realm (origin varchar(127), realm varchar(127), "
	"PRIMARY KEY (origin));";

static sqlite3 *open_writer(const char *file)
{
	sqlite3 *writer;

	assert_int_equal(sqlite3_open(file, &writer), SQLITE_OK);
	sqlite3_busy_timeout(writer, 1000 * PATIENCE);
	return writer;
}

static void execute(const char *file, const char *sql)
{
	sqlite3 *writer = open_writer(file);

	assert_int_equal(sqlite3_exec(writer, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(writer);
}

static void insert_user(const char *file, const char *realm, const char *name,
			const char *password)
{
	struct credential_key key;
	char sql[512], hex[2 * CREDENTIAL_KEY_MAX + 1];

	credential_key(&key, CREDENTIAL_MD5, name, realm, password);
	for (size_t i = 0; i < key.len; i++)
		sprintf(hex + 2 * i, "%02x", key.bytes[i]);
	snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO turnusers_lt VALUES ('%s', '%s', '%s')",
		 realm, name, hex);
	execute(file, sql);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/turndb", dir);
	snprintf(other_path, sizeof(other_path), "%s/other", dir);
	execute(path, schema);
	config = (struct config){
		.realm = "realm", .userdb = path, .userdb_users = true,
		.use_auth_secret = true, .users = user_set_new(),
	};
	assert_non_null(config.users);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	user_set_put(config.users);
	unlink(path);
	unlink(other_path);
	rmdir(dir);
	return 0;
}

/* Whether a set has the user with this password. */
static bool has(const struct user_set *set, const char *realm, const char *name,
		const char *password)
{
	uint8_t userhash[STUN_USERHASH_LEN];
	const struct user_entry *entry;
	struct credential_key key;

	credential_userhash(userhash, name, strlen(name), realm, strlen(realm));
	credential_key(&key, CREDENTIAL_MD5, name, realm, password);
	entry = user_set_find(set, userhash);
	return entry && entry->keys.md5.len == key.len &&
	       !memcmp(entry->keys.md5.bytes, key.bytes, key.len);
}

static struct user_set *load(void)
{
	struct user_set *set = user_set_copy(config.users);
	struct userdb_sqlite *db;
	char why[USERDB_WHY_LEN];

	assert_int_equal(userdb_sqlite_open(&db, path, why), 0);
	assert_int_equal(userdb_sqlite_load(db, set, &config, why), 0);
	userdb_sqlite_close(db);
	return set;
}

static void all_of_it(void **state)
{
	struct user_set *set;

	(void)state;
	insert_user(path, "realm", "alice", "wonder");
	insert_user(path, "other", "alice", "land");
	execute(path, "INSERT INTO turn_secret VALUES ('', 'north'), ('other', 'south');"
		      "INSERT INTO turn_origin_to_realm VALUES ('https://Other.example', 'other');");
	set = load();
	assert_int_equal(user_set_count(set), 2);
	assert_true(has(set, "realm", "alice", "wonder"));
	assert_true(has(set, "other", "alice", "land"));
	/* A secret without a realm counts in the configured one. */
	assert_string_equal(user_set_secret(set, "realm", NULL)->value, "north");
	assert_string_equal(user_set_secret(set, "other", NULL)->value, "south");
	assert_string_equal(user_set_find_origin(set, "https://other.EXAMPLE", 21), "other");
	assert_null(user_set_find_origin(set, "https://else.example", 20));
	/* turnadmin's keys are MD5, so nothing else is offered. */
	assert_int_equal(user_set_algorithms(set, "realm"), CREDENTIAL_BIT(CREDENTIAL_MD5));
	assert_int_equal(user_set_algorithms(set, "third"), CREDENTIAL_ALL);
	user_set_put(set);
}

static void only_what_counts(void **state)
{
	struct user_set *set;

	(void)state;
	insert_user(path, "realm", "alice", "wonder");
	execute(path, "INSERT INTO turn_secret VALUES ('', 'north')");
	config.userdb_users = false;
	set = load();
	assert_int_equal(user_set_count(set), 0);
	assert_non_null(user_set_secret(set, "realm", NULL));
	user_set_put(set);
	config.userdb_users = true;
	config.use_auth_secret = false;
	set = load();
	assert_int_equal(user_set_count(set), 1);
	assert_null(user_set_secret(set, "realm", NULL));
	user_set_put(set);
}

static void configuration_comes_first(void **state)
{
	struct user_set *set;
	struct user_keys keys;

	(void)state;
	user_keys_make(&keys, "alice", "realm", "of the file");
	assert_int_equal(user_set_add(config.users, "realm", "alice", &keys), 0);
	insert_user(path, "realm", "alice", "of the database");
	insert_user(path, "realm", "bob", "builder");
	set = load();
	assert_true(has(set, "realm", "alice", "of the file"));
	assert_true(has(set, "realm", "bob", "builder"));
	user_set_put(set);
}

static void bad_rows(void **state)
{
	struct user_set *set;

	(void)state;
	insert_user(path, "realm", "alice", "wonder");
	execute(path, "INSERT INTO turnusers_lt VALUES ('realm', 'short', '0123'), "
		      "('realm', 'long', '" "00112233445566778899aabbccddeeff00" "'), "
		      "('realm', 'none', NULL), ('realm', NULL, NULL), ('realm', 'text', 'pass');"
		      "INSERT INTO turn_secret VALUES ('', '');"
		      "INSERT INTO turn_origin_to_realm VALUES ('', 'other'), ('x', NULL);");
	set = load();
	assert_int_equal(user_set_count(set), 1);
	assert_null(user_set_secret(set, "realm", NULL));
	user_set_put(set);
}

static void no_database(void **state)
{
	struct user_set *set = user_set_new();
	struct userdb_sqlite *db;
	struct userdb *userdb;
	char why[USERDB_WHY_LEN];

	(void)state;
	assert_int_equal(userdb_sqlite_open(&db, other_path, why), -ENOENT);
	execute(other_path, "CREATE TABLE other (x)");
	assert_int_equal(userdb_sqlite_open(&db, other_path, why), 0);
	assert_int_equal(userdb_sqlite_load(db, set, &config, why), -EIO);
	assert_string_equal(why, "no such table: turnusers_lt");
	userdb_sqlite_close(db);
	user_set_put(set);
	config.userdb = other_path;
	assert_int_equal(userdb_open(&userdb, &config), -EIO);
}

/* Wait until the thread has a set in which the user is, or is not. */
static void await(struct userdb *db, const char *name, const char *password, bool wanted)
{
	time_t start = time(NULL);
	unsigned int generation;

	while (time(NULL) - start < PATIENCE) {
		struct user_set *set = userdb_get(db, &generation);
		bool there = has(set, "realm", name, password);

		user_set_put(set);
		if (there == wanted)
			return;
		usleep(50000);
	}
	fail();
}

static void changes_are_seen(void **state)
{
	unsigned int generation;
	struct userdb *db;

	(void)state;
	insert_user(path, "realm", "alice", "wonder");
	assert_int_equal(userdb_open(&db, &config), 0);
	generation = userdb_generation(db);
	await(db, "alice", "wonder", true);
	insert_user(path, "realm", "bob", "builder");
	await(db, "bob", "builder", true);
	assert_int_not_equal(userdb_generation(db), generation);
	insert_user(path, "realm", "bob", "changed");
	await(db, "bob", "changed", true);
	execute(path, "DELETE FROM turnusers_lt WHERE name = 'alice'");
	await(db, "alice", "wonder", false);
	userdb_close(db);
}

/* Who lets go of a set that has been replaced does not have to free it. */
static void replaced_set_is_the_threads(void **state)
{
	unsigned int generation;
	struct user_set *set;
	struct userdb *db;

	(void)state;
	insert_user(path, "realm", "alice", "wonder");
	assert_int_equal(userdb_open(&db, &config), 0);
	set = userdb_get(db, &generation);
	insert_user(path, "realm", "bob", "builder");
	await(db, "bob", "builder", true);
	/* It has some time to do the wrong thing. */
	for (time_t start = time(NULL); time(NULL) - start < 3; usleep(100000))
		assert_true(user_set_is_shared(set));
	assert_false(has(set, "realm", "bob", "builder"));
	user_set_put(set);
	userdb_close(db);
}

/* As a deployment might do it: another file is moved to the path. */
static void another_file(void **state)
{
	struct userdb *db;

	(void)state;
	insert_user(path, "realm", "alice", "wonder");
	assert_int_equal(userdb_open(&db, &config), 0);
	execute(other_path, schema);
	insert_user(other_path, "realm", "bob", "builder");
	assert_int_equal(rename(other_path, path), 0);
	await(db, "bob", "builder", true);
	await(db, "alice", "wonder", false);
	userdb_close(db);
}

/* Whoever has the file for himself, or has taken it away: what was known stays. */
static void unreadable_for_a_while(void **state)
{
	struct userdb *db;
	sqlite3 *writer;

	(void)state;
	insert_user(path, "realm", "alice", "wonder");
	assert_int_equal(userdb_open(&db, &config), 0);
	writer = open_writer(path);
	assert_int_equal(sqlite3_exec(writer, "BEGIN EXCLUSIVE; DELETE FROM turnusers_lt;", NULL,
				      NULL, NULL), SQLITE_OK);
	sleep(3);
	await(db, "alice", "wonder", true);
	sqlite3_exec(writer, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(writer);
	await(db, "alice", "wonder", false);

	insert_user(path, "realm", "bob", "builder");
	await(db, "bob", "builder", true);
	assert_int_equal(rename(path, other_path), 0);
	sleep(2);
	await(db, "bob", "builder", true);
	assert_int_equal(rename(other_path, path), 0);
	insert_user(path, "realm", "carol", "singer");
	await(db, "carol", "singer", true);
	userdb_close(db);
}

static void readers_with_wal(void **state)
{
	struct userdb *db;

	(void)state;
	execute(path, "PRAGMA journal_mode = WAL");
	insert_user(path, "realm", "alice", "wonder");
	assert_int_equal(userdb_open(&db, &config), 0);
	await(db, "alice", "wonder", true);
	insert_user(path, "realm", "bob", "builder");
	await(db, "bob", "builder", true);
	userdb_close(db);
	execute(path, "PRAGMA journal_mode = DELETE");
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(all_of_it),
		test(only_what_counts),
		test(configuration_comes_first),
		test(bad_rows),
		test(no_database),
		test(changes_are_seen),
		test(replaced_set_is_the_threads),
		test(another_file),
		test(unreadable_for_a_while),
		test(readers_with_wal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
