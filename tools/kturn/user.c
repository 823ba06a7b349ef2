// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users and secrets in the database. Which one, and for which realm, the daemon can
 * say if it runs.
 */
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "credential.h"
#include "daemon.h"
#include "json_text.h"
#include "password.h"
#include "relay_cookie.h"
#include "table.h"
#include "text.h"
#include "user_file.h"
#include "user_set.h"

/* Where a command is at work. */
struct place {
	struct user_file *file;
	char *realm;		/* prepared; NULL: of every one */
	json_t *status;		/* what the daemon says of itself, or NULL */
};

static const char *told(const struct place *place, const char *key)
{
	return json_string_value(json_object_get(place->status, key));
}

static void close_place(struct place *place)
{
	user_file_close(place->file);
	free(place->realm);
	json_decref(place->status);
}

static bool find_realm(struct place *place, const struct options *opt)
{
	const char *realm = opt->realm ? opt->realm : told(place, "realm");

	if (!realm) {
		complain("there is no kturnd to ask for the realm: --realm REALM");
		return false;
	}
	place->realm = credential_prepare(realm);
	if (!place->realm)
		complain("\"%s\" cannot be a realm", realm);
	return place->realm;
}

/* @one_realm: not all of them. Return: false after a complaint. */
static bool open_place(struct place *place, const struct options *opt, bool create,
		       bool one_realm)
{
	const char *path;

	*place = (struct place){ .file = NULL };
	if (!opt->db || (one_realm && !opt->realm))
		place->status = daemon_try(opt, json_pack("{s:s}", "command", "status"));
	path = opt->db ? opt->db : told(place, "userdb");
	if (!path && json_is_true(json_object_get(place->status, "redis_userdb")))
		complain("kturnd's users are in Redis: kturnd.conf(5) has the names of keys "
			 "for redis-cli; --db FILE is for SQLite");
	else if (!path)
		complain("there is no kturnd with a userdb to ask: --db FILE");
	if (path && (!(one_realm || opt->realm) || find_realm(place, opt)))
		place->file = user_file_open(path, create);
	if (place->file)
		return true;
	close_place(place);
	return false;
}

/* --- users */

/* Return: the digits of what is kept instead of a password. */
static bool make_key(const struct options *opt, const char *name, const char *realm,
		     const char *password, char digits[2 * CREDENTIAL_KEY_MAX + 1])
{
	const struct credential_key *key;
	char *prepared = credential_prepare(password);
	struct user_keys keys;
	bool made = prepared && !user_keys_make(&keys, name, realm, prepared);

	password_free(prepared);
	if (!made) {
		complain("a password is UTF-8 without control characters");
		return false;
	}
	key = opt->sha256 ? &keys.sha256 : &keys.md5;
	text_hex(key->bytes, key->len, digits);
	return true;
}

static int add_user(const struct options *opt, const char *name, const char *password)
{
	char digits[2 * CREDENTIAL_KEY_MAX + 1];
	struct place place;
	bool added;

	if (!open_place(&place, opt, true, true))
		return EXIT_FAILURE;
	added = make_key(opt, name, place.realm, password, digits) &&
		user_file_set(place.file, place.realm, name, digits);
	close_place(&place);
	return added ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int add(const struct options *opt, int count, char **args)
{
	char *name = credential_prepare(args[0]), *password = NULL;
	int status = EXIT_FAILURE;

	if (!name || strlen(name) > RELAY_COOKIE_USER_MAX)
		complain("a name is UTF-8 without control characters, at most %d bytes",
			 RELAY_COOKIE_USER_MAX);
	else
		password = count > 1 ? strdup(args[1]) : password_get(opt, "password", true);
	if (password)
		status = add_user(opt, name, password);
	password_free(password);
	free(name);
	return status;
}

/* One that fails does not keep the others from being removed. */
static int del(const struct options *opt, int count, char **args)
{
	int status = EXIT_SUCCESS;
	struct place place;

	if (!open_place(&place, opt, false, true))
		return EXIT_FAILURE;
	for (int i = 0; i < count; i++) {
		char *name = credential_prepare(args[i]);

		if (!user_file_del(place.file, place.realm, name ? name : args[i]))
			status = EXIT_FAILURE;
		free(name);
	}
	close_place(&place);
	return status;
}

/* --- lists of both */

struct listing {
	struct table table;
	json_t *array;
};

static const char *algorithm(const char *key)
{
	return strlen(key) == 2 * credential_key_len(CREDENTIAL_SHA256) ? "sha256" : "md5";
}

static void add_row(const char *realm, const char *name, const char *key, void *arg)
{
	struct listing *listing = arg;

	table_add(&listing->table, realm);
	table_add(&listing->table, name);
	if (key)
		table_add(&listing->table, algorithm(key));
}

static void add_element(const char *realm, const char *name, const char *key, void *arg)
{
	struct listing *listing = arg;
	json_t *object = json_pack("{s:o, s:o}", "realm", json_text(realm),
				   key ? "name" : "secret", json_text(name));

	if (key)
		json_object_set_new(object, "key", json_string(algorithm(key)));
	json_array_append_new(listing->array, object);
}

static void print(const struct options *opt, const struct listing *listing)
{
	if (!opt->json) {
		table_print(&listing->table);
		return;
	}
	json_dumpf(listing->array, stdout, JSON_INDENT(2));
	putchar('\n');
}

static int list_either(const struct options *opt, bool secrets)
{
	static const struct column columns[] = {
		{ "REALM", false }, { "NAME", false }, { "KEY", false },
	};
	static const struct column secret_columns[] = { { "REALM", false }, { "SECRET", false } };
	struct listing listing = {
		.table = { secrets ? secret_columns : columns, secrets ? 2 : 3 },
		.array = json_array(),
	};
	user_file_fn fn = opt->json ? add_element : add_row;
	struct place place;
	bool listed;

	listed = open_place(&place, opt, false, false);
	if (listed) {
		listed = (secrets ? user_file_secrets : user_file_users)(place.file, place.realm,
									fn, &listing);
		close_place(&place);
	}
	if (listed)
		print(opt, &listing);
	json_decref(listing.array);
	table_free(&listing.table);
	return listed ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int list(const struct options *opt, int count, char **args)
{
	(void)count, (void)args;
	return list_either(opt, false);
}

/* --- secrets */

typedef bool (*secret_fn)(struct user_file *file, const char *realm, const char *secret);

static int with_secret(const struct options *opt, int count, char **args, bool create,
		       secret_fn fn)
{
	char *secret = count ? strdup(args[0]) : password_get(opt, "secret", create);
	int status = EXIT_FAILURE;
	struct place place;

	if (secret && open_place(&place, opt, create, true)) {
		if (fn(place.file, place.realm, secret))
			status = EXIT_SUCCESS;
		close_place(&place);
	}
	password_free(secret);
	return status;
}

static int add_secret(const struct options *opt, int count, char **args)
{
	return with_secret(opt, count, args, true, user_file_set_secret);
}

static int del_secret(const struct options *opt, int count, char **args)
{
	return with_secret(opt, count, args, false, user_file_del_secret);
}

static int list_secrets(const struct options *opt, int count, char **args)
{
	(void)count, (void)args;
	return list_either(opt, true);
}

#define WHERE (OPTION_SOCKET | OPTION_DB | OPTION_REALM)

const struct verb user_verbs[] = {
	{
		.name = "list",
		.takes = "[--realm R]",
		.does = "the users of the database",
		.options = WHERE,
		.run = list,
	},
	{
		.name = "add",
		.takes = "NAME",
		.does = "add a user, or give him another password",
		.options = WHERE | OPTION_PASSWORD | OPTION_SHA256,
		.min = 1,
		.max = 2,
		.run = add,
	},
	{
		.name = "del",
		.takes = "NAME...",
		.does = "remove users; what they have runs out",
		.options = WHERE,
		.min = 1,
		.max = INT_MAX,
		.run = del,
	},
	{ .name = NULL },
};

const struct verb secret_verbs[] = {
	{
		.name = "list",
		.takes = "[--realm R]",
		.does = "the secrets of the database, as they are",
		.options = WHERE,
		.run = list_secrets,
	},
	{
		.name = "add",
		.takes = "",
		.does = "add one that a web service makes users up with",
		.options = WHERE | OPTION_PASSWORD,
		.max = 1,
		.run = add_secret,
	},
	{
		.name = "del",
		.takes = "",
		.does = "remove one",
		.options = WHERE | OPTION_PASSWORD,
		.max = 1,
		.run = del_secret,
	},
	{ .name = NULL },
};
