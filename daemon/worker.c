// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "auth.h"
#include "config.h"
#include "connection.h"
#include "datapath.h"
#include "history.h"
#include "kept.h"
#include "listener.h"
#include "listener_udp.h"
#include "log.h"
#include "quota_shared.h"
#include "records.h"
#include "server.h"
#include "service.h"
#include "session.h"
#include "snapshot.h"
#include "udp.h"
#include "worker.h"

time_t worker_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/*
 * Allocation ids go up from a random point, below the worker's index: relays
 * of an earlier run, still in the kernel, do not meet theirs again.
 */
static int number_allocations(struct worker *worker)
{
	uint64_t random;

	if (gnutls_rnd(GNUTLS_RND_NONCE, &random, sizeof(random)))
		return -EIO;
	worker->next_allocation = (uint64_t)worker->index << WORKER_ID_SHIFT |
				  random >> (64 - WORKER_ID_SHIFT);
	return 0;
}

static int open_auth(struct worker *worker)
{
	if (!worker->config->users)
		return 0;
	worker->auth = auth_new(worker->snapshot);
	return worker->auth ? 0 : -ENOMEM;
}

/* What cannot be read is of no use to the processes after this one either. */
static int take_records(struct worker *worker, const char *name)
{
	int fd = kept_take(name), err;

	if (fd < 0)
		return fd;
	err = worker->server->inherits ? records_open(&worker->records, fd) : -ESTALE;
	close(fd);
	if (err)
		kept_forget(name);
	return err;
}

static int begin_records(struct worker *worker, const char *name)
{
	int fd = records_file(), err;

	if (fd < 0)
		return fd;
	err = records_open(&worker->records, fd);
	if (!err)
		kept_give(name, fd);
	close(fd);
	return err;
}

/* Without them its allocations end with the process. */
static void open_records(struct worker *worker)
{
	char name[KEPT_NAME_LEN];
	int err;

	if (!worker->config->keep_sessions)
		return;
	snprintf(name, sizeof(name), "records-%u", worker->index);
	err = take_records(worker, name);
	if (err && worker->server->inherits) {
		log_error("allocations not restored", "worker=%u error=\"%s\"", worker->index,
			  strerror(-err));
		/*
		 * Tickets of what is lost are valid, and must not fit what is new. Of 40 bits
		 * there are enough, also if a thousand were made each second until now.
		 */
		worker->next_mobile = (uint64_t)worker_now() << 10;
	}
	if (err)
		err = begin_records(worker, name);
	if (err)
		log_error("allocations not kept", "worker=%u error=\"%s\"", worker->index,
			  strerror(-err));
}

static int open_quota(struct worker *worker)
{
	worker->quota_shared = quota_shared_new(worker);
	return worker->quota_shared ? 0 : -ENOMEM;
}

static int open_datapath(struct worker *worker)
{
	const struct config *config = worker->config;
	int err = datapath_open(config->datapath, config->tls, worker->base, !worker->index,
				&worker->datapath);

	if (err)
		return err;
	worker->datapath->ended = connection_relay_ended;
	worker->datapath->ended_arg = worker;
	return 0;
}

/* Whatever the limit, strangers leave half of the descriptors to the others. */
static unsigned int max_strangers(const struct config *config)
{
	unsigned int max = config->max_strangers;
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) &&
	    limit.rlim_cur / 2 / config->relay_threads < max)
		max = limit.rlim_cur / 2 / config->relay_threads;
	return max ? max : 1;
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd, (void)what;
	atomic_store_explicit(&worker->beat, worker_now(), memory_order_relaxed);
}

/* Where nobody asks whether its loop turns, one that has nothing to do sleeps. */
static int start_beat(struct worker *worker)
{
	static const struct timeval second = { 1, 0 };

	on_beat(-1, 0, worker);
	if (!worker->config->prometheus && !service_is_watched())
		return 0;
	worker->beat_timer = event_new(worker->base, -1, EV_PERSIST, on_beat, worker);
	return worker->beat_timer && !event_add(worker->beat_timer, &second) ? 0 : -ENOMEM;
}

static int open_histories(struct worker *worker)
{
	worker->histories = histories_new();
	return worker->histories ? 0 : -ENOMEM;
}

int worker_open(struct worker *worker, struct server *server, unsigned int index)
{
	int err;

	*worker = (struct worker){
		.index = index,
		.server = server,
		.snapshot = snapshot_get(server->snapshot),
		.config = server->config,
		.mailbox = { .out = -1, .in = -1 },
		.trace = { .watchers = &server->watchers },
	};
	LIST_INIT(&worker->sessions);
	strangers_init(&worker->strangers, max_strangers(server->config));
	session_datagrams_init(&worker->datagrams);
	worker->base = event_base_new();
	if (!worker->base) {
		snapshot_put(worker->snapshot);
		return -ENOMEM;
	}
	worker->udp = udp_io_new(worker->base, server->config->udp_gso);
	err = worker->udp ? start_beat(worker) : -ENOMEM;
	if (!err)
		err = open_auth(worker);
	if (!err)
		err = open_histories(worker);
	if (!err)
		open_records(worker);
	if (!err)
		err = handshakes_init(&worker->handshakes, worker->base);
	if (!err)
		err = number_allocations(worker);
	if (!err)
		err = mailbox_open(&worker->mailbox, worker->base, worker);
	if (!err)
		err = open_quota(worker);
	if (!err)
		err = open_datapath(worker);
	if (!err)
		err = listeners_open(worker);
	if (!err)
		err = listeners_udp_open(worker);
	if (err)
		worker_close(worker);
	return err;
}

time_t worker_silence(const struct worker *worker)
{
	return worker_now() - atomic_load_explicit(&worker->beat, memory_order_relaxed);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

int worker_run(struct worker *worker)
{
	struct event *stop = event_new(worker->base, worker->server->stop, EV_READ, on_stop,
				       worker->base);
	int err = -ENOMEM;

	counters_begin(&worker->counters);
	if (stop && !event_add(stop, NULL))
		err = event_base_dispatch(worker->base) < 0 ? -EIO : 0;
	if (stop)
		event_free(stop);
	return err;
}

/*
 * Who is asked, and for what, is all that was derived from the old one. Without memory
 * that stays as it was, with the old snapshot.
 */
void worker_take(struct worker *worker, struct snapshot *snapshot)
{
	struct snapshot *old_snapshot = worker->snapshot;
	struct auth *old_auth = worker->auth;

	worker->snapshot = snapshot;
	worker->config = snapshot->config;
	worker->auth = NULL;
	if (open_auth(worker)) {
		log_error("reload", "worker=%u error=\"no memory\"", worker->index);
		worker->snapshot = old_snapshot;
		worker->config = old_snapshot->config;
		worker->auth = old_auth;
		snapshot_put(snapshot);
		return;
	}
	worker->strangers.max = max_strangers(worker->config);
	quota_shared_follow(worker->quota_shared);
	auth_free(old_auth);
	snapshot_put(old_snapshot);
}

void worker_close(struct worker *worker)
{
	listeners_close(worker);
	mailbox_empty(&worker->mailbox);
	while (!LIST_EMPTY(&worker->sessions))
		session_close(LIST_FIRST(&worker->sessions), "shutdown");
	trace_clear(&worker->trace);
	strangers_clear(&worker->strangers);
	session_datagrams_clear(&worker->datagrams);
	forwards_clear(worker);
	listeners_udp_close(worker);
	if (worker->datapath)
		worker->datapath->ops->close(worker->datapath);
	histories_free(worker->histories);
	records_close(worker->records);
	handshakes_clear(&worker->handshakes);
	quota_shared_free(worker->quota_shared);
	auth_free(worker->auth);
	udp_io_free(worker->udp);
	mailbox_close(&worker->mailbox);
	snapshot_put(worker->snapshot);
	if (worker->beat_timer)
		event_free(worker->beat_timer);
	event_base_free(worker->base);
}
