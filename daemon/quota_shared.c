// SPDX-License-Identifier: GPL-2.0-only
#include <event2/event.h>
#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "allocation.h"
#include "auth_user.h"
#include "config.h"
#include "log.h"
#include "quota.h"
#include "quota_script.h"
#include "quota_shared.h"
#include "redis_address.h"
#include "server.h"
#include "worker.h"

#define SHARES		"kturn/quota"	/* a set; each one's hash is behind a slash */
#define NUMBER_LEN	24
#define WAIT_MAX	10		/* seconds between two tries to connect */
#define ARGS_MAX	9

struct quota_shared {
	struct worker *worker;
	struct redis_address address;
	bool wanted;
	redisAsyncContext *redis;	/* NULL: no connection */
	bool entered;			/* it is the worker's share that is kept there */
	bool failing;			/* the log has it */
	unsigned int unanswered;	/* commands */
	time_t progress;		/* since when nothing has come while some were */
	time_t next;			/* when to connect, or to renew the lease */
	unsigned int wait;		/* before the next try */
	struct event *timer;
	char key[sizeof(SHARES) + 17];
};

struct quota_ask {
	struct quota_shared *shared;
	struct auth_user *user;
	quota_answer_fn answer;		/* NULL: nobody waits for it any more */
	void *arg;
	bool again;			/* it is asked for the second time */
};

/* A command, as it is put together. */
struct command {
	const char *argv[ARGS_MAX];
	size_t len[ARGS_MAX];
	int argc;
};

static void add_bytes(struct command *command, const char *bytes, size_t len)
{
	command->argv[command->argc] = bytes;
	command->len[command->argc++] = len;
}

static void add(struct command *command, const char *word)
{
	add_bytes(command, word, strlen(word));
}

static void add_number(struct command *command, unsigned int number, char text[NUMBER_LEN])
{
	snprintf(text, NUMBER_LEN, "%u", number);
	add(command, text);
}

/* A user's field of a share, or an empty one for somebody who is not counted alone. */
static void add_account(struct command *command, const struct auth_user *user)
{
	bool counted = user && quota_counts_user(user);

	add_bytes(command, counted ? user->account : "", counted ? user->account_len : 0);
}

static void log_lost(struct quota_shared *shared, const char *why)
{
	char name[REDIS_NAME_LEN], quoted[LOG_QUOTE_LEN];

	if (shared->failing)
		return;
	shared->failing = true;
	log_warning("quota not shared", "worker=%u redis=%s error=%s limits=local",
		    shared->worker->index, redis_address_str(&shared->address, name),
		    log_quote(quoted, why, strlen(why)));
}

/* Whatever was asked is answered by the end of the connection. */
static void lose(struct quota_shared *shared, const char *why)
{
	if (!shared->redis)
		return;
	log_lost(shared, why);
	shared->redis = NULL;
	shared->entered = false;
	shared->unanswered = 0;
	shared->wait = shared->wait ? 2 * shared->wait : 1;
	if (shared->wait > WAIT_MAX)
		shared->wait = WAIT_MAX;
	shared->next = worker_now() + shared->wait;
}

static void cut(struct quota_shared *shared, const char *why)
{
	redisAsyncContext *redis = shared->redis;

	lose(shared, why);
	if (redis)
		redisAsyncFree(redis);
}

/* Return: the reply makes sense; else the connection is lost by now. */
static bool take_reply(struct quota_shared *shared, const redisAsyncContext *redis,
		       const redisReply *reply)
{
	if (redis != shared->redis)
		return false;
	if (!reply || reply->type == REDIS_REPLY_ERROR) {
		cut(shared, reply ? reply->str
				  : redis->errstr && *redis->errstr ? redis->errstr : "closed");
		return false;
	}
	shared->unanswered--;
	shared->progress = worker_now();
	return true;
}

static void on_reply(redisAsyncContext *redis, void *reply, void *arg)
{
	(void)arg;
	take_reply(redis->data, redis, reply);
}

static bool send_command(struct quota_shared *shared, struct command *command,
			 redisCallbackFn *fn, void *arg)
{
	if (!shared->redis || redisAsyncCommandArgv(shared->redis, fn, arg, command->argc,
						    command->argv, command->len))
		return false;
	if (!shared->unanswered++)
		shared->progress = worker_now();
	return true;
}

#define SEND(shared, fn, arg, ...) do { \
	const char *words[] = { __VA_ARGS__ }; \
	struct command command = { .argc = 0 }; \
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) \
		add(&command, words[i]); \
	send_command(shared, &command, fn, arg); \
} while (0)

/* EVAL with the two keys that every script has. */
static struct command script(const struct quota_shared *shared, const char *text)
{
	struct command command = { .argc = 0 };

	add(&command, "EVAL");
	add(&command, text);
	add(&command, "2");
	add(&command, SHARES);
	add(&command, shared->key);
	return command;
}

static void write_allocation(struct quota_shared *shared, const struct auth_user *user)
{
	struct command command = { .argc = 0 };

	if (!user || !quota_counts_user(user))
		return;
	add(&command, "HINCRBY");
	add(&command, shared->key);
	add_account(&command, user);
	add(&command, "1");
	send_command(shared, &command, on_reply, NULL);
}

/* The share as large as it is, in one step for whoever looks at it. */
static void write_share(struct quota_shared *shared)
{
	const struct worker *worker = shared->worker;
	char total[NUMBER_LEN], lease[NUMBER_LEN];

	snprintf(total, sizeof(total), "%u", HASH_COUNT(worker->allocations));
	snprintf(lease, sizeof(lease), "%u", worker->config->redis_lease);
	SEND(shared, on_reply, NULL, "MULTI");
	SEND(shared, on_reply, NULL, "DEL", shared->key);
	SEND(shared, on_reply, NULL, "HSET", shared->key, "total", total);
	for (const struct allocation *allocation = worker->allocations; allocation;
	     allocation = allocation->hh.next)
		write_allocation(shared, allocation->user);
	SEND(shared, on_reply, NULL, "EXPIRE", shared->key, lease);
	SEND(shared, on_reply, NULL, "SADD", SHARES, strrchr(shared->key, '/') + 1);
	SEND(shared, on_reply, NULL, "EXEC");
}

static void on_renewed(redisAsyncContext *redis, void *data, void *arg)
{
	struct quota_shared *shared = redis->data;
	const redisReply *reply = data;

	(void)arg;
	if (take_reply(shared, redis, reply) && reply->integer == QUOTA_NO_SHARE)
		write_share(shared);
}

/* Thrice in a lease: one that comes late costs nothing. */
static void renew(struct quota_shared *shared)
{
	struct command command = script(shared, quota_script_renew);
	unsigned int lease = shared->worker->config->redis_lease;
	char text[NUMBER_LEN];

	add_number(&command, lease, text);
	send_command(shared, &command, on_renewed, NULL);
	shared->next = worker_now() + lease / 3;
}

static void on_entered(redisAsyncContext *redis, void *reply, void *arg)
{
	struct quota_shared *shared = redis->data;
	char name[REDIS_NAME_LEN];

	(void)arg;
	if (!take_reply(shared, redis, reply))
		return;
	shared->failing = false;
	shared->wait = 0;
	log_info("quota shared", "worker=%u redis=%s share=%s lease_s=%u", shared->worker->index,
		 redis_address_str(&shared->address, name), strrchr(shared->key, '/') + 1,
		 shared->worker->config->redis_lease);
}

/* What is asked from now on comes behind all of this. */
static void enter(struct quota_shared *shared)
{
	const struct redis_address *address = &shared->address;
	char database[NUMBER_LEN];

	snprintf(database, sizeof(database), "%u", address->database);
	if (address->user[0])
		SEND(shared, on_reply, NULL, "AUTH", address->user, address->password);
	else if (address->password[0])
		SEND(shared, on_reply, NULL, "AUTH", address->password);
	SEND(shared, on_reply, NULL, "SELECT", database);
	write_share(shared);
	renew(shared);
	SEND(shared, on_entered, NULL, "PING");
	shared->entered = true;
}

static void on_connect(const redisAsyncContext *redis, int status)
{
	struct quota_shared *shared = redis->data;

	if (redis != shared->redis)
		return;
	if (status == REDIS_OK)
		enter(shared);
	else
		lose(shared, redis->errstr && *redis->errstr ? redis->errstr : "no connection");
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
	struct quota_shared *shared = redis->data;

	(void)status;
	if (shared && redis == shared->redis)
		lose(shared, redis->errstr && *redis->errstr ? redis->errstr : "closed");
}

static void connect_to(struct quota_shared *shared)
{
	const struct redis_address *address = &shared->address;
	redisAsyncContext *redis;

	redis = address->host[0] == '/' ? redisAsyncConnectUnix(address->host)
					: redisAsyncConnect(address->host, address->port);
	shared->redis = redis;
	shared->progress = worker_now();
	if (!redis)
		return;		/* no memory; the timer tries again */
	redis->data = shared;
	if (redis->err || redisLibeventAttach(redis, shared->worker->base)) {
		cut(shared, redis->errstr && *redis->errstr ? redis->errstr : "no memory");
		return;
	}
	redisAsyncSetConnectCallback(redis, on_connect);
	redisAsyncSetDisconnectCallback(redis, on_disconnect);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct quota_shared *shared = arg;
	time_t now = worker_now();
	bool waiting = shared->redis && (!shared->entered || shared->unanswered);

	(void)fd, (void)what;
	if (waiting && now - shared->progress > shared->address.timeout)
		cut(shared, "no answer in time");
	else if (!shared->redis && now >= shared->next)
		connect_to(shared);
	else if (shared->entered && now >= shared->next)
		renew(shared);
}

/* As in the process before this one, so that what it had is not counted beside it. */
static void name_share(struct quota_shared *shared)
{
	const struct worker *worker = shared->worker;

	snprintf(shared->key, sizeof(shared->key), SHARES "/%016" PRIx64,
		 worker->server->state.shares + worker->index);
}

struct quota_shared *quota_shared_new(struct worker *worker)
{
	struct quota_shared *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return NULL;
	shared->worker = worker;
	shared->timer = event_new(worker->base, -1, EV_PERSIST, on_timer, shared);
	if (!shared->timer) {
		quota_shared_free(shared);
		return NULL;
	}
	name_share(shared);
	quota_shared_follow(shared);
	return shared;
}

/* Sends what can be sent at once: the rest of it ends with the lease. */
static void leave(struct quota_shared *shared)
{
	redisAsyncContext *redis = shared->redis;

	if (!redis)
		return;
	if (shared->entered) {
		SEND(shared, on_reply, NULL, "DEL", shared->key);
		SEND(shared, on_reply, NULL, "SREM", SHARES, strrchr(shared->key, '/') + 1);
		redisAsyncHandleWrite(redis);
	}
	/* Writing may have been the end of it. */
	redis = shared->redis;
	shared->redis = NULL;
	shared->entered = false;
	shared->unanswered = 0;
	if (redis)
		redisAsyncFree(redis);
}

void quota_shared_free(struct quota_shared *shared)
{
	if (!shared)
		return;
	leave(shared);
	if (shared->timer)
		event_free(shared->timer);
	explicit_bzero(&shared->address, sizeof(shared->address));
	free(shared);
}

void quota_shared_follow(struct quota_shared *shared)
{
	static const struct timeval second = { 1, 0 };
	const struct config *config = shared->worker->config;
	bool wanted = config->redis && (config->user_quota || config->total_quota);

	if (shared->wanted && (!wanted || !redis_address_same(&shared->address, config->redis)))
		leave(shared);
	shared->wanted = wanted;
	if (!wanted) {
		event_del(shared->timer);
		return;
	}
	shared->address = *config->redis;
	event_add(shared->timer, &second);
	if (!shared->redis)
		connect_to(shared);
}

static void finish(struct quota_ask *ask, bool granted, bool counted)
{
	if (ask->answer)
		ask->answer(ask->arg, granted);
	else if (counted)
		quota_shared_release(ask->shared, ask->user);
	auth_user_put(ask->user);
	free(ask);
}

static bool send_ask(struct quota_ask *ask);

static void on_answer(redisAsyncContext *redis, void *data, void *arg)
{
	struct quota_ask *ask = arg;
	struct quota_shared *shared = ask->shared;
	const redisReply *reply = data;
	bool sensible = take_reply(shared, redis, reply);

	if (sensible && reply->integer == QUOTA_NO_SHARE && !ask->again) {
		ask->again = true;
		write_share(shared);
		if (send_ask(ask))
			return;
	}
	/* Nobody knows what is counted there: it is written anew. */
	if (sensible && reply->integer == QUOTA_NO_SHARE)
		cut(shared, "the share does not last");
	sensible = sensible && reply->integer != QUOTA_NO_SHARE;
	finish(ask, !sensible || reply->integer == QUOTA_TAKEN,
	       sensible && reply->integer == QUOTA_TAKEN);
}

static bool send_ask(struct quota_ask *ask)
{
	const struct config *config = ask->shared->worker->config;
	struct command command = script(ask->shared, quota_script_take);
	char user_quota[NUMBER_LEN], total_quota[NUMBER_LEN];

	add_account(&command, ask->user);
	add_number(&command, config->user_quota, user_quota);
	add_number(&command, config->total_quota, total_quota);
	return send_command(ask->shared, &command, on_answer, ask);
}

struct quota_ask *quota_shared_ask(struct quota_shared *shared, struct auth_user *user,
				   quota_answer_fn answer, void *arg)
{
	struct quota_ask *ask;

	if (!shared || !shared->entered)
		return NULL;
	ask = malloc(sizeof(*ask));
	if (ask) {
		*ask = (struct quota_ask){ shared, auth_user_get(user), answer, arg, false };
		if (send_ask(ask))
			return ask;
		auth_user_put(user);
		free(ask);
	}
	/* What is allowed now is not counted there: all is, when it is written anew. */
	cut(shared, "no memory");
	return NULL;
}

void quota_shared_forget(struct quota_ask *ask)
{
	ask->answer = NULL;
}

void quota_shared_release(struct quota_shared *shared, const struct auth_user *user)
{
	struct command command;

	if (!shared || !shared->entered)
		return;
	command = script(shared, quota_script_release);
	add_account(&command, user);
	send_command(shared, &command, on_reply, NULL);
}
