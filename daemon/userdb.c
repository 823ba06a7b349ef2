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
#include "user_set.h"
#include "userdb.h"
#include "userdb_sqlite.h"

#define WATCH_MS	1000
#define REST		10	/* times as long as reading it has taken */

/* A set that has been replaced, and may still be looked into. */
struct replaced {
	LIST_ENTRY(replaced) entry;
	struct user_set *users;
};

struct userdb {
	const struct config *config;
	/* The thread's, once it runs. */
	struct userdb_sqlite *file;
	LIST_HEAD(, replaced) replaced;
	bool failing;
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

static int read_file(struct userdb *db, struct user_set *users, char why[USERDB_WHY_LEN])
{
	int err = 0;

	if (db->file && userdb_sqlite_replaced(db->file)) {
		userdb_sqlite_close(db->file);
		db->file = NULL;
	}
	if (!db->file)
		err = userdb_sqlite_open(&db->file, db->config->userdb, why);
	return err ? err : userdb_sqlite_load(db->file, users, db->config, why);
}

/* While it cannot be read, the last set stays in use, and the log has one line. */
static int load(struct userdb *db)
{
	struct user_set *users = user_set_copy(db->config->users);
	int64_t start = now_ms();
	char why[USERDB_WHY_LEN] = "no memory";
	int err = users ? read_file(db, users, why) : -ENOMEM;

	db->took_ms = now_ms() - start;
	if (err) {
		if (!db->failing)
			log_warning("userdb unreadable", "path=%s error=\"%s\"",
				    db->config->userdb, why);
		db->failing = true;
		user_set_put(users);
		return err;
	}
	db->failing = false;
	log_info("userdb read", "path=%s users=%u took=%ums", db->config->userdb,
		 user_set_count(users), db->took_ms);
	publish(db, users);
	return 0;
}

/* Return: false when it is time to go. */
static bool rest(struct userdb *db)
{
	unsigned int ms = db->took_ms > WATCH_MS / REST ? db->took_ms * REST : WATCH_MS;
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
		if (!db->file || userdb_sqlite_replaced(db->file) ||
		    userdb_sqlite_changed(db->file))
			load(db);
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
	userdb_sqlite_close(db->file);
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
