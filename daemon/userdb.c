// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "config.h"
#include "log.h"
#include "redis_address.h"
#include "user_set.h"
#include "userdb.h"
#include "userdb_redis.h"
#include "userdb_sqlite.h"

#define WATCH_MS	1000
#define REST		10	/* times as long as reading it has taken */
#define REST_MAX_MS	10000	/* while it cannot be read */

/* A set that has been replaced, and may still be looked into. */
struct replaced {
	LIST_ENTRY(replaced) entry;
	struct user_set *users;
};

struct userdb {
	const struct config *config;
	/* The thread's, once it runs. */
	struct userdb_sqlite *file;	/* one of them, if it could be opened */
	struct userdb_redis *redis;
	LIST_HEAD(, replaced) replaced;
	unsigned int failures;		/* since it was last read */
	int64_t read_ms;		/* when that was */
	bool empty;			/* too long ago: no users are known but the configured */
	unsigned int took_ms;

	pthread_t thread;
	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t wake;
	bool stop;
	struct user_set *users;
	atomic_uint generation;		/* read without the lock */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/*
 * To free a set of a million users takes a while. A worker would stand still in the
 * meantime, so none ever has the last reference. No more of these are kept than there
 * are workers: each has one set.
 *
 * Return: false without memory.
 */
static bool keep_replaced(struct userdb *db, struct user_set *users)
{
	struct replaced *replaced = malloc(sizeof(*replaced));

	if (!replaced)
		return false;
	replaced->users = users;
	LIST_INSERT_HEAD(&db->replaced, replaced, entry);
	return true;
}

static void free_replaced(struct replaced *replaced)
{
	LIST_REMOVE(replaced, entry);
	user_set_put(replaced->users);
	free(replaced);
}

/* Nobody can get one of these any more, so the count of its references only falls. */
static void free_unused(struct userdb *db)
{
	struct replaced *replaced, *next;

	for (replaced = LIST_FIRST(&db->replaced); replaced; replaced = next) {
		next = LIST_NEXT(replaced, entry);
		if (!user_set_is_shared(replaced->users))
			free_replaced(replaced);
	}
}

static void publish(struct userdb *db, struct user_set *users)
{
	struct user_set *old;

	pthread_mutex_lock(&db->lock);
	old = db->users;
	db->users = users;
	atomic_fetch_add(&db->generation, 1);
	pthread_mutex_unlock(&db->lock);
	if (old && !keep_replaced(db, old))
		user_set_put(old);
}

static void close_source(struct userdb *db)
{
	userdb_sqlite_close(db->file);
	userdb_redis_close(db->redis);
	db->file = NULL;
	db->redis = NULL;
}

/* Return: there is none open, or no longer the one that the configuration means. */
static bool is_lost(struct userdb *db)
{
	if (db->config->redis)
		return !db->redis || userdb_redis_lost(db->redis);
	return !db->file || userdb_sqlite_replaced(db->file);
}

static bool has_changed(struct userdb *db)
{
	return db->config->redis ? userdb_redis_changed(db->redis)
				 : userdb_sqlite_changed(db->file);
}

static int open_source(struct userdb *db, char why[USERDB_WHY_LEN])
{
	const struct config *config = db->config;

	if (config->redis)
		return userdb_redis_open(&db->redis, config, why);
	return userdb_sqlite_open(&db->file, config->userdb, why);
}

static int read_source(struct userdb *db, struct user_set *users, char why[USERDB_WHY_LEN])
{
	int err = 0;

	if (is_lost(db)) {
		close_source(db);
		err = open_source(db, why);
	}
	if (err || !db->config->redis)
		return err ? err : userdb_sqlite_load(db->file, users, db->config, why);
	err = userdb_redis_load(db->redis, users, why);
	/* Answers may be on their way that nobody waits for any more. */
	if (err)
		close_source(db);
	return err;
}

/* What the log calls it. */
static const char *name_of(const struct userdb *db, char name[REDIS_NAME_LEN])
{
	return db->config->redis ? redis_address_str(db->config->redis, name)
				 : db->config->userdb;
}

static void log_failure(const struct userdb *db, const char *why)
{
	char name[REDIS_NAME_LEN], quoted[LOG_QUOTE_LEN];

	log_warning("userdb unreadable", "path=\"%s\" error=%s", name_of(db, name),
		    log_quote(quoted, why, strlen(why)));
}

/*
 * Users who were known stay so for userdb-cache. After that nobody can say who is still
 * one: requests of all but the configured ones get 500, until it can be read again.
 */
static int forget_users(struct userdb *db)
{
	struct user_set *users = user_set_copy(db->config->users);
	char name[REDIS_NAME_LEN];

	if (!users)
		return -ENOMEM;
	user_set_mark_incomplete(users);
	db->empty = true;
	publish(db, users);
	log_error("userdb unknown", "path=\"%s\" code=%u", name_of(db, name), 500);
	return 0;
}

static bool is_too_old(const struct userdb *db)
{
	return db->config->redis && !db->empty &&
	       now_ms() - db->read_ms >= db->config->userdb_cache * INT64_C(1000);
}

/* While it cannot be read, the last set stays in use, and the log has one line. */
static int load(struct userdb *db)
{
	char name[REDIS_NAME_LEN];
	struct user_set *users = user_set_copy(db->config->users);
	int64_t start = now_ms();
	char why[USERDB_WHY_LEN] = "no memory";
	int err = users ? read_source(db, users, why) : -ENOMEM;

	db->took_ms = now_ms() - start;
	if (err) {
		if (!db->failures++)
			log_failure(db, why);
		user_set_put(users);
		return err;
	}
	db->failures = 0;
	db->empty = false;
	db->read_ms = now_ms();
	log_info("userdb read", "path=\"%s\" users=%u took_ms=%u", name_of(db, name),
		 user_set_count(users), db->took_ms);
	publish(db, users);
	return 0;
}

/* Who fails to answer is asked less and less often, but soon again. */
static unsigned int rest_ms(const struct userdb *db)
{
	unsigned int ms = WATCH_MS;

	if (!db->failures)
		return db->took_ms > WATCH_MS / REST ? db->took_ms * REST : WATCH_MS;
	for (unsigned int i = 1; i < db->failures && ms < REST_MAX_MS; i++)
		ms *= 2;
	return ms < REST_MAX_MS ? ms : REST_MAX_MS;
}

/* Return: false when it is time to go. */
static bool rest(struct userdb *db)
{
	unsigned int ms = rest_ms(db);
	struct timespec until;
	bool stop;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms % 1000 * 1000000L;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&db->lock);
	while (!db->stop && !err)
		err = pthread_cond_timedwait(&db->wake, &db->lock, &until);
	stop = db->stop;
	pthread_mutex_unlock(&db->lock);
	return !stop;
}

static void *watch(void *arg)
{
	struct userdb *db = arg;

	pthread_setname_np(pthread_self(), "kturnd/userdb");
	while (rest(db)) {
		free_unused(db);
		if (!is_lost(db) && !has_changed(db))
			db->read_ms = now_ms();	/* as good as read now */
		else if (load(db) && is_too_old(db))
			forget_users(db);
	}
	return NULL;
}

/* Signals are for the main thread. */
static int start(struct userdb *db)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&db->thread, NULL, watch, db);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		log_error("no thread", "for=userdb error=\"%s\"", strerror(err));
	return -err;
}

static void free_userdb(struct userdb *db)
{
	close_source(db);
	while (!LIST_EMPTY(&db->replaced))
		free_replaced(LIST_FIRST(&db->replaced));
	user_set_put(db->users);
	pthread_mutex_destroy(&db->lock);
	pthread_cond_destroy(&db->wake);
	free(db);
}

int userdb_open(struct userdb **opened, const struct config *config)
{
	struct userdb *db = calloc(1, sizeof(*db));
	pthread_condattr_t attr;
	int err;

	if (!db)
		return -ENOMEM;
	db->config = config;
	pthread_mutex_init(&db->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&db->wake, &attr);
	pthread_condattr_destroy(&attr);
	err = load(db);
	/* A file that is not there is a mistake; Redis may be back in a moment. */
	if (err && config->redis)
		err = forget_users(db);
	if (!err)
		err = start(db);
	if (err)
		free_userdb(db);
	else
		*opened = db;
	return err;
}

void userdb_close(struct userdb *db)
{
	if (!db)
		return;
	pthread_mutex_lock(&db->lock);
	db->stop = true;
	pthread_cond_signal(&db->wake);
	pthread_mutex_unlock(&db->lock);
	pthread_join(db->thread, NULL);
	free_userdb(db);
}

unsigned int userdb_generation(struct userdb *db)
{
	return atomic_load(&db->generation);
}

struct user_set *userdb_get(struct userdb *db, unsigned int *generation)
{
	struct user_set *users;

	pthread_mutex_lock(&db->lock);
	users = user_set_get(db->users);
	*generation = atomic_load(&db->generation);
	pthread_mutex_unlock(&db->lock);
	return users;
}
