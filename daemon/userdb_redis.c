// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two connections: by one we read, and by the other Redis tells which keys have
 * changed (CLIENT TRACKING, from Redis 6 on). Before Redis 6 all is read every now
 * and then.
 */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "log.h"
#include "redis_address.h"
#include "redis_key.h"
#include "user_set.h"
#include "userdb_redis.h"

#define PAGE		"1000"	/* keys that one SCAN looks at, more or less */
#define REREAD		10	/* seconds, where changes are not told */
#define CHANNEL		"__redis__:invalidate"
#define ARGV_MAX	9

struct userdb_redis {
	const struct config *config;
	redisContext *read, *news;
	bool told;		/* of changes */
	time_t loaded;
};

/* Where the words of a page of keys go. */
struct loader {
	struct userdb_redis *db;
	struct user_set *set;
	bool passwords;		/* it is their turn: keys go first */
	bool saw_passwords;
	unsigned int ignored;
	char sample[LOG_QUOTE_LEN];	/* one of these */
};

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static int broken(const redisContext *connection, char why[USERDB_WHY_LEN])
{
	snprintf(why, USERDB_WHY_LEN, "%s",
		 connection && connection->errstr[0] ? connection->errstr : "no memory");
	return connection && connection->err == REDIS_ERR_IO ? -ETIMEDOUT : -EIO;
}

/* Return: the reply, which is no error, or NULL. */
static redisReply *ask(redisContext *connection, int argc, const char **argv,
		       char why[USERDB_WHY_LEN])
{
	redisReply *reply = redisCommandArgv(connection, argc, argv, NULL);

	if (!reply) {
		broken(connection, why);
	} else if (reply->type == REDIS_REPLY_ERROR) {
		snprintf(why, USERDB_WHY_LEN, "%s", reply->str);
		freeReplyObject(reply);
		reply = NULL;
	}
	return reply;
}

#define ASK(connection, why, ...) \
	ask(connection, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
	    (const char *[]){ __VA_ARGS__ }, why)

static bool succeeds(redisReply *reply)
{
	if (!reply)
		return false;
	freeReplyObject(reply);
	return true;
}

static bool enter(redisContext *connection, const struct redis_address *address,
		  char why[USERDB_WHY_LEN])
{
	char database[12];

	snprintf(database, sizeof(database), "%u", address->database);
	if (address->user[0] &&
	    !succeeds(ASK(connection, why, "AUTH", address->user, address->password)))
		return false;
	if (!address->user[0] && address->password[0] &&
	    !succeeds(ASK(connection, why, "AUTH", address->password)))
		return false;
	return succeeds(ASK(connection, why, "SELECT", database));
}

static redisContext *connect_to(const struct redis_address *address, char why[USERDB_WHY_LEN])
{
	const struct timeval timeout = { address->timeout, 0 };
	redisContext *connection;

	connection = address->host[0] == '/'
			? redisConnectUnixWithTimeout(address->host, timeout)
			: redisConnectWithTimeout(address->host, address->port, timeout);
	if (!connection || connection->err) {
		broken(connection, why);
	} else {
		redisSetTimeout(connection, timeout);
		if (enter(connection, address, why))
			return connection;
	}
	if (connection)
		redisFree(connection);
	return NULL;
}

/* Return: false if it is too old, or we may not. */
static bool have_changes_told(struct userdb_redis *db)
{
	char why[USERDB_WHY_LEN], id[24];
	redisReply *reply = ASK(db->news, why, "CLIENT", "ID");

	if (!reply)
		return false;
	snprintf(id, sizeof(id), "%lld", reply->integer);
	freeReplyObject(reply);
	return succeeds(ASK(db->news, why, "SUBSCRIBE", CHANNEL)) &&
	       succeeds(ASK(db->read, why, "CLIENT", "TRACKING", "ON", "REDIRECT", id,
			    "BCAST", "PREFIX", REDIS_KEY_PREFIX));
}

int userdb_redis_open(struct userdb_redis **opened, const struct config *config,
		      char why[USERDB_WHY_LEN])
{
	struct userdb_redis *db = calloc(1, sizeof(*db));

	if (!db) {
		snprintf(why, USERDB_WHY_LEN, "no memory");
		return -ENOMEM;
	}
	db->config = config;
	db->read = connect_to(config->redis, why);
	if (db->read)
		db->news = connect_to(config->redis, why);
	if (!db->news) {
		userdb_redis_close(db);
		return -EIO;
	}
	db->told = have_changes_told(db);
	if (!db->told)
		log_warning("userdb not tracked",
			    "reason=\"Redis 6 and its CLIENT TRACKING would tell of changes\" "
			    "read_every_s=%d", REREAD);
	*opened = db;
	return 0;
}

void userdb_redis_close(struct userdb_redis *db)
{
	if (!db)
		return;
	if (db->read)
		redisFree(db->read);
	if (db->news)
		redisFree(db->news);
	free(db);
}

bool userdb_redis_lost(struct userdb_redis *db)
{
	char why[USERDB_WHY_LEN];

	return db->news->err || !succeeds(ASK(db->read, why, "PING"));
}

/* ["message", channel, [key, …]]; without keys when the whole database was emptied. */
static bool is_of_users(const redisReply *news)
{
	const redisReply *keys;
	struct redis_key key;

	if (news->type != REDIS_REPLY_ARRAY || news->elements != 3)
		return false;
	keys = news->element[2];
	if (keys->type != REDIS_REPLY_ARRAY)
		return keys->type == REDIS_REPLY_NIL;
	for (size_t i = 0; i < keys->elements; i++)
		if (keys->element[i]->type == REDIS_REPLY_STRING &&
		    redis_key_parse(&key, keys->element[i]->str, keys->element[i]->len))
			return true;
	return false;
}

/* Return: whether what has come so far speaks of users, or there is nothing to trust in. */
static bool take_news(redisContext *news)
{
	bool changed = false;
	void *reply;

	do {
		if (redisGetReplyFromReader(news, &reply))
			return true;
		if (reply) {
			changed |= is_of_users(reply);
			freeReplyObject(reply);
		}
	} while (reply);
	return changed;
}

bool userdb_redis_changed(struct userdb_redis *db)
{
	struct pollfd poller = { .fd = db->news->fd, .events = POLLIN };
	bool changed = false;

	if (!db->told)
		return now() - db->loaded >= REREAD;
	while (poll(&poller, 1, 0) > 0) {
		if (redisBufferRead(db->news))
			return true;
		changed |= take_news(db->news);
	}
	return changed;
}

static void ignore(struct loader *loader, const redisReply *name)
{
	if (!loader->ignored++)
		log_quote(loader->sample, name->str, name->len);
}

/* Many more would never be tried. */
static int take_secret(struct user_set *set, const char *realm, const char *value)
{
	const struct user_secret *secret = NULL;
	unsigned int n = 0;

	while ((secret = user_set_secret(set, realm, secret))) {
		if (!strcmp(secret->value, value))
			return 0;
		n++;
	}
	return n < AUTH_SECRETS_MAX ? user_set_add_secret(set, realm, value) : -EINVAL;
}

static int take_user(struct user_set *set, const struct redis_key *key, const char *realm,
		     const char *value)
{
	char *password = key->kind == REDIS_KEY_PASSWORD ? credential_prepare(value) : NULL;
	struct user_keys keys;
	int err;

	if (key->kind == REDIS_KEY_PASSWORD)
		err = password ? user_keys_make(&keys, key->name, realm, password) : -EINVAL;
	else
		err = user_keys_read(&keys, strncmp(value, "0x", 2) ? value : value + 2);
	if (password)
		explicit_bzero(password, strlen(password));
	free(password);
	if (!err)
		err = user_set_add(set, realm, key->name, &keys);
	explicit_bzero(&keys, sizeof(keys));
	return err == -EEXIST ? 0 : err;	/* the configuration's comes first */
}

static int take_value(const struct loader *loader, const struct redis_key *key,
		      const redisReply *reply)
{
	const char *realm = *key->realm ? key->realm : loader->db->config->realm;
	const char *value = reply->str;

	if (reply->type != REDIS_REPLY_STRING || !reply->len ||
	    reply->len > REDIS_VALUE_MAX || memchr(value, '\0', reply->len))
		return -EINVAL;
	switch (key->kind) {
	case REDIS_KEY_KEY:
	case REDIS_KEY_PASSWORD:
		return take_user(loader->set, key, realm, value);
	case REDIS_KEY_SECRET:
	case REDIS_KEY_SECRETS:
		return take_secret(loader->set, realm, value);
	default:
		return user_set_add_origin(loader->set, key->name, value);
	}
}

/* One that was deleted a moment ago is nothing to complain of. */
static int take_reply(const struct loader *loader, const struct redis_key *key,
		      const redisReply *reply)
{
	int err = 0;

	if (reply->type == REDIS_REPLY_NIL || (reply->type == REDIS_REPLY_STRING && !reply->len))
		return 0;
	if (key->kind != REDIS_KEY_SECRETS)
		return take_value(loader, key, reply);
	if (reply->type != REDIS_REPLY_ARRAY)
		return -EINVAL;
	for (size_t i = 0; i < reply->elements && !err; i++)
		err = take_value(loader, key, reply->element[i]);
	return err;
}

static bool is_wanted(struct loader *loader, const struct redis_key *key)
{
	const struct config *config = loader->db->config;

	switch (key->kind) {
	case REDIS_KEY_PASSWORD:
		loader->saw_passwords = true;
		return config->userdb_users && loader->passwords;
	case REDIS_KEY_KEY:
		return config->userdb_users && !loader->passwords;
	case REDIS_KEY_SECRET:
	case REDIS_KEY_SECRETS:
		return config->use_auth_secret && !loader->passwords;
	default:
		return !loader->passwords;
	}
}

/* No more of a value than is of use, and of a set no more than would be tried. */
static int request_value(redisContext *connection, const struct redis_key *key,
			 const redisReply *name)
{
	const char *range[] = { "GETRANGE", name->str, "0", REDIS_VALUE_END };
	const char *some[] = { "SORT", name->str, "BY", "nosort", "ALPHA", "LIMIT", "0", "16" };
	const char **argv = key->kind == REDIS_KEY_SECRETS ? some : range;
	size_t lens[ARGV_MAX], n = key->kind == REDIS_KEY_SECRETS ? 8 : 4;

	for (size_t i = 0; i < n; i++)
		lens[i] = strlen(argv[i]);
	lens[1] = name->len;
	return redisAppendCommandArgv(connection, n, argv, lens);
}

static bool choose(struct loader *loader, const redisReply *name, struct redis_key *key)
{
	return name->type == REDIS_REPLY_STRING &&
	       redis_key_parse(key, name->str, name->len) && is_wanted(loader, key);
}

/* All of a page is asked for before the first answer is read. */
static int load_page(struct loader *loader, const redisReply *names, char why[USERDB_WHY_LEN])
{
	redisContext *connection = loader->db->read;
	struct redis_key key;
	redisReply *reply;
	int err = 0;

	for (size_t i = 0; i < names->elements; i++)
		if (choose(loader, names->element[i], &key) &&
		    request_value(connection, &key, names->element[i]))
			return broken(connection, why);
	for (size_t i = 0; i < names->elements && !err; i++) {
		if (!choose(loader, names->element[i], &key))
			continue;
		if (redisGetReply(connection, (void **)&reply))
			return broken(connection, why);
		err = take_reply(loader, &key, reply);
		freeReplyObject(reply);
		if (err == -EINVAL) {
			ignore(loader, names->element[i]);
			err = 0;
		}
	}
	/* What has not been read is lost with the connection: the caller closes it. */
	if (err)
		snprintf(why, USERDB_WHY_LEN, "%s", strerror(-err));
	return err;
}

static int load_pass(struct loader *loader, char why[USERDB_WHY_LEN])
{
	char cursor[24] = "0";
	redisReply *page;
	int err = 0;

	do {
		page = ASK(loader->db->read, why, "SCAN", cursor, "MATCH",
			   REDIS_KEY_PREFIX "*", "COUNT", PAGE);
		if (!page)
			return -EIO;
		if (page->type != REDIS_REPLY_ARRAY || page->elements != 2 ||
		    page->element[0]->type != REDIS_REPLY_STRING ||
		    page->element[0]->len >= sizeof(cursor) ||
		    page->element[1]->type != REDIS_REPLY_ARRAY) {
			snprintf(why, USERDB_WHY_LEN, "SCAN has a reply that is none");
			err = -EPROTO;
		} else {
			strcpy(cursor, page->element[0]->str);
			err = load_page(loader, page->element[1], why);
		}
		freeReplyObject(page);
	} while (!err && strcmp(cursor, "0"));
	return err;
}

int userdb_redis_load(struct userdb_redis *db, struct user_set *set, char why[USERDB_WHY_LEN])
{
	struct loader loader = { .db = db, .set = set };
	char name[REDIS_NAME_LEN];
	int err;

	/* Now: what changes in between is read once more, later. */
	db->loaded = now();
	err = load_pass(&loader, why);
	if (!err && loader.saw_passwords && db->config->userdb_users) {
		loader.passwords = true;
		err = load_pass(&loader, why);
	}
	if (!err && loader.ignored)
		log_warning("userdb", "redis=%s ignored_keys=%u one_of_them=%s",
			    redis_address_str(db->config->redis, name), loader.ignored,
			    loader.sample);
	return err;
}
