// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"
#include "credential.h"
#include "oauth.h"
#include "redis_address.h"
#include "relay_cookie.h"
#include "user_set.h"
#include "userdb_sqlite.h"

#define REALM_MAX 127	/* characters (RFC 8489, 14.9); bytes are the safe reading */

const char *config_parse_realm(struct config *config, const struct config_key *key,
			       const char *value)
{
	char *realm = credential_prepare(value);

	(void)key;
	if (!realm || strlen(realm) > REALM_MAX) {
		free(realm);
		return "1 to 127 characters of UTF-8, and no control characters";
	}
	free(config->realm);
	config->realm = realm;
	return NULL;
}

static void free_line(struct config_user *line)
{
	if (line->password)
		gnutls_memset(line->password, 0, strlen(line->password));
	free(line->password);
	free(line->name);
	free(line);
}

/* Both are prepared here, where a complaint can still name the line. */
static struct config_user *new_line(const char *value, size_t name_len)
{
	struct config_user *line = calloc(1, sizeof(*line));
	char *name = strndup(value, name_len);

	if (line && name) {
		line->name = credential_prepare(name);
		line->password = credential_prepare(value + name_len + 1);
	}
	free(name);
	if (line && line->name && line->password)
		return line;
	if (line)
		free_line(line);
	return NULL;
}

const char *config_parse_user(struct config *config, const struct config_key *key,
			      const char *value)
{
	const char *colon = strchr(value, ':');
	struct config_user *line;
	struct user_keys keys;

	(void)key;
	if (!colon || colon == value || !colon[1])
		return "name:password or name:0xkey";
	if (!strncmp(colon + 1, "0x", 2) && user_keys_read(&keys, colon + 3))
		return "name:0x and the hexadecimal digits of MD5(name:realm:password), "
		       "or of SHA-256";
	if (colon - value > RELAY_COOKIE_USER_MAX)
		return "a name of at most 200 bytes";
	line = new_line(value, colon - value);
	if (!line)
		return "name and password in UTF-8, without control characters";
	line->next = config->user_lines;
	config->user_lines = line;
	return NULL;
}

const char *config_parse_secret(struct config *config, const struct config_key *key,
				const char *value)
{
	char *secret;

	(void)key;
	if (!*value)
		return "some text";
	if (config->n_auth_secrets == AUTH_SECRETS_MAX)
		return "at most 16 of them";
	secret = strdup(value);
	if (!secret)
		return "more memory";
	config->auth_secrets[config->n_auth_secrets++] = secret;
	config->use_auth_secret = true;
	return NULL;
}

const char *config_parse_server_name(struct config *config, const struct config_key *key,
				     const char *value)
{
	(void)key;
	if (!*value || strlen(value) > OAUTH_SERVER_NAME_MAX)
		return "1 to 255 bytes";
	free(config->server_name);
	config->server_name = strdup(value);
	return config->server_name ? NULL : "more memory";
}

const char *config_parse_separator(struct config *config, const struct config_key *key,
				   const char *value)
{
	(void)key;
	if (strlen(value) != 1 || *value < '!' || *value > '~' ||
	    (*value >= '0' && *value <= '9'))
		return "one ASCII character that is no digit";
	config->rest_separator = *value;
	return NULL;
}

const char *config_parse_refusals(struct config *config, const struct config_key *key,
				  const char *value)
{
	unsigned long count;
	char *end;

	(void)key;
	count = strtoul(value, &end, 10);
	if (*value < '1' || *value > '9' || *end || count > 1000000)
		return "1 to 1000000";
	config->refusals_per_second = count;
	config->limit_refusals = true;
	return NULL;
}

const char *config_parse_redis(struct config *config, const struct config_key *key,
			       const char *value)
{
	struct redis_address *address = malloc(sizeof(*address));
	const char *valid = address ? redis_address_parse(address, value) : "more memory";

	(void)key;
	if (valid) {
		free(address);
		return valid;
	}
	free(config->redis);
	config->redis = address;
	return NULL;
}

static int add_line(struct config *config, const struct config_user *line)
{
	struct user_keys keys;
	int err;

	if (strncmp(line->password, "0x", 2))
		err = user_keys_make(&keys, line->name, config->realm, line->password);
	else
		err = user_keys_read(&keys, line->password + 2);
	if (!err)
		err = user_set_add(config->users, config->realm, line->name, &keys);
	gnutls_memset(&keys, 0, sizeof(keys));
	return err;
}

static void forget_lines(struct config *config)
{
	struct config_user *line;

	while ((line = config->user_lines)) {
		config->user_lines = line->next;
		free_line(line);
	}
}

static void forget_secrets(struct config *config)
{
	while (config->n_auth_secrets) {
		char *secret = config->auth_secrets[--config->n_auth_secrets];

		gnutls_memset(secret, 0, strlen(secret));
		free(secret);
	}
}

static void fill_secrets(struct config *config, struct config_errors *errors)
{
	for (unsigned int i = 0; i < config->n_auth_secrets; i++)
		if (user_set_add_secret(config->users, NULL, config->auth_secrets[i]))
			config_complain(errors, "static-auth-secret: no memory");
	forget_secrets(config);
}

/*
 * The latest line comes first, and who is given twice keeps the keys of that one.
 * Only keys stay in memory, never passwords (RFC 8656, section 6).
 */
static void fill_users(struct config *config, struct config_errors *errors)
{
	config->users = user_set_new();
	if (!config->users || user_set_add_realm(config->users, config->realm)) {
		config_complain(errors, "user: no memory");
		return;
	}
	for (struct config_user *line = config->user_lines; line; line = line->next) {
		int err = add_line(config, line);

		if (err && err != -EEXIST)
			config_complain(errors, "user: %s: cannot make a key", line->name);
	}
	forget_lines(config);
	fill_secrets(config, errors);
}

/* Once, to tell what is wrong with it; it is the server that reads it for good. */
static void check_userdb(struct config *config, struct config_errors *errors)
{
	struct user_set *users = user_set_copy(config->users);
	struct userdb_sqlite *db = NULL;
	char why[USERDB_WHY_LEN];

	if (!users || userdb_sqlite_open(&db, config->userdb, why) ||
	    userdb_sqlite_load(db, users, config, why))
		config_complain(errors, "userdb: %s: %s", config->userdb,
				users ? why : "no memory");
	userdb_sqlite_close(db);
	user_set_put(users);
}

static void fill_nonce_key(struct config *config, struct config_errors *errors)
{
	char *secret = config->nonce_secret;

	if (secret ? nonce_key_derive(&config->nonce_key, secret)
		   : nonce_key_random(&config->nonce_key))
		config_complain(errors, "stateless-nonce-secret: no randomness");
	if (secret)
		gnutls_memset(secret, 0, strlen(secret));
}

/* Return: the key that says who may come, or NULL. */
static const char *who_may_come(const struct config *config)
{
	if (config->user_lines)
		return "user";
	if (config->use_auth_secret)
		return "use-auth-secret";
	if (config->oauth)
		return "oauth";
	if (config->userdb)
		return "userdb";
	if (config->redis)
		return "redis-userdb";
	return config->lt_cred_mech ? "lt-cred-mech" : NULL;
}

static void warn_of_nobody(const struct config *config, struct config_errors *errors)
{
	bool nobody = !config->user_lines && !config->n_auth_secrets && !config->userdb &&
		      !config->redis;

	/* Who should come may be in a line that is wrong. */
	if (nobody && !errors->n)
		config_warn(errors, "user: nobody can get an allocation: there is no "
			    "user=name:password, static-auth-secret or userdb; "
			    "no-auth lets anybody in");
}

/* Of nobody's key: it only stands in refusals. */
static void fill_realm(struct config *config, struct config_errors *errors)
{
	if (config->realm)
		return;
	if (config->user_lines || config->n_auth_secrets || config->userdb || config->redis)
		config_complain(errors, "realm: missing: the users' keys depend on it");
	else
		config->realm = strdup("kturn");
}

static void fill_oauth(struct config *config, struct config_errors *errors)
{
	if (!config->oauth) {
		if (config->server_name)
			config_warn(errors, "server-name: has no effect without oauth");
		return;
	}
	if (!config->userdb)
		config_complain(errors, "oauth: needs userdb, which is missing: the keys are in it");
	if (!config->server_name && config->realm)
		config->server_name = strdup(config->realm);
	if (!config->server_name)
		config_complain(errors, "oauth: no server-name");
}

static void fill_credentials(struct config *config, struct config_errors *errors)
{
	/* Like coturn: who says use-auth-secret does not mean a list as well. */
	config->userdb_users = config->lt_cred_mech || !config->use_auth_secret;
	config->lt_cred_mech = true;
	fill_users(config, errors);
	fill_nonce_key(config, errors);
	if (config->userdb && config->redis)
		config_complain(errors, "redis-userdb: contradicts userdb: users are in one "
				"database, or in the other");
	else if (config->users && config->userdb)
		check_userdb(config, errors);
}

void config_fill_auth(struct config *config, struct config_errors *errors)
{
	const char *who = who_may_come(config);

	/* A STUN server answers anybody, unless it is told otherwise. */
	if (config->stun_only && !config->secure_stun && !who)
		config->no_auth = true;
	if (config->no_auth && who) {
		config_complain(errors, "no-auth: contradicts %s: nobody would be asked", who);
	} else if (!config->no_auth) {
		warn_of_nobody(config, errors);
		fill_realm(config, errors);
		fill_oauth(config, errors);
		if (config->realm)
			fill_credentials(config, errors);
	}
}

void config_free_auth(struct config *config)
{
	forget_lines(config);
	forget_secrets(config);
	user_set_put(config->users);
	gnutls_memset(&config->nonce_key, 0, sizeof(config->nonce_key));
	free(config->nonce_secret);
	free(config->userdb);
	free(config->server_name);
	if (config->redis)
		explicit_bzero(config->redis, sizeof(*config->redis));
	free(config->redis);
	free(config->realm);
}
