// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "attempts.h"
#include "config.h"
#include "control.h"
#include "ktls.h"
#include "log.h"
#include "macros.h"
#include "metrics.h"
#include "relayed.h"
#include "reload.h"
#include "restore.h"
#include "server.h"
#include "sock.h"
#include "upgrade.h"
#include "worker.h"

#define THREAD_NAME_LEN 16	/* the kernel's */
#define SILENCE_MAX 20		/* seconds without a turn: a loop that hangs */

static const char *transports(const struct config *config)
{
	if (config->no_udp_relay)
		return "tcp";
	return config->no_tcp_relay ? "udp" : "udp,tcp";
}

/* Only a warning: it may be an address that moves between hosts. */
static void check_relay_ips(const struct config *config)
{
	char text[ADDR_STR_LEN];

	for (unsigned int i = 0; i < config->relay_ip.n; i++) {
		const union addr *ip = &config->relay_ip.addr[i];

		if (sock_is_local(ip))
			log_info("relaying", "address=%s ports=%u-%u transport=%s",
				 addr_ip_str(ip, text), config->min_port, config->max_port,
				 transports(config));
		else
			log_warning("relay-ip unusable", "address=%s error=\"%s\"",
				    addr_ip_str(ip, text), "not an address of this host");
	}
}

/* The first one opens the ports for itself alone, then the others join it. */
static int open_workers(struct server *server)
{
	unsigned int n = server->config->relay_threads;
	int err = 0;

	server->workers = calloc(n, sizeof(*server->workers));
	if (!server->workers)
		return -ENOMEM;
	while (!err && server->n_workers < n) {
		struct worker *worker = &server->workers[server->n_workers];

		err = worker_open(worker, server, server->n_workers);
		if (!err)
			server->n_workers++;
	}
	return err;
}

/* What is said of TLS here is said of the relays' when the engine opens. */
static unsigned int probe_tls(const struct config *config)
{
	unsigned int set = ktls_probe();
	char names[KTLS_NAMES_LEN];

	if (config->tls && *ktls_missing(set, names))
		log_warning("sessions over TLS not kept", "missing=\"%s\"", names);
	return set;
}

/* A nonce key that was derived of a secret is the one that was configured. */
static int open_state(struct server *server, struct config *config)
{
	int err = state_make(&server->state, config);

	if (err || !config->keep_sessions)
		return err;
	server->ktls = probe_tls(config);
	server->inherits = state_inherit(&server->state);
	if (!config->nonce_secret)
		config->nonce_key = server->state.nonce_key;
	return 0;
}

int server_open(struct server *server, struct config *config)
{
	int err = -ENOMEM;

	*server = (struct server){
		.config = config,
		.quota = QUOTA_INIT,
		.mailbox = { .out = -1, .in = -1 },
		.started = worker_now(),
	};
	server->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->base = event_base_new();
	server->relayed = relayed_pool_new(config);
	server->relayed_udp = relayed_pool_new(config);
	reservations_init(&server->reservations, server->relayed_udp);
	if (server->stop >= 0 && server->base && server->relayed && server->relayed_udp)
		err = open_state(server, config);
	if (!err)
		err = snapshot_new(&server->snapshot, config, NULL);
	if (!err)
		err = mailbox_open(&server->mailbox, server->base, server);
	if (!err)
		err = open_workers(server);
	if (!err && config->keep_sessions && !server->inherits)
		state_leave(&server->state);
	if (!err)
		err = control_open(&server->control, server);
	if (!err)
		err = metrics_open(&server->metrics, server);
	if (err) {
		server_close(server);
		return err;
	}
	/* Last, for nothing may fail after it: what it takes would end. */
	if (server->inherits)
		restore(server);
	check_relay_ips(config);
	return 0;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	int err = worker_run(worker);

	if (err)
		log_error("worker failed", "worker=%u error=\"%s\"", worker->index,
			  strerror(-err));
	/* One that cannot go on takes the others along; to the rest it is no news. */
	eventfd_write(worker->server->stop, 1);
	return (void *)(intptr_t)err;
}

static int start_one(struct worker *worker, pthread_t *thread)
{
	char name[THREAD_NAME_LEN];
	int err = pthread_create(thread, NULL, work, worker);

	if (err) {
		log_error("no thread", "worker=%u error=\"%s\"", worker->index, strerror(err));
		return -err;
	}
	snprintf(name, sizeof(name), "kturnd/%u", worker->index);
	pthread_setname_np(*thread, name);
	return 0;
}

/* Signals are for the main thread: the others begin with all of them blocked. */
static int start_all(struct server *server, pthread_t *threads, unsigned int *n)
{
	sigset_t all, before;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (*n = 0; !err && *n < server->n_workers; *n += !err)
		err = start_one(&server->workers[*n], &threads[*n]);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
	struct server *server = arg;

	(void)what;
	log_info("stopping", "signal=%s", strsignal(signal));
	event_base_loopbreak(server->base);
}

/* To go on as another process, where anything is kept. */
static void on_restart(evutil_socket_t signal, short what, void *arg)
{
	if (upgrade_begin(arg))
		on_signal(signal, what, arg);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	event_base_loopbreak(arg);
}

static void on_hangup(evutil_socket_t signal, short what, void *arg)
{
	(void)signal, (void)what;
	reload(arg, NULL);
}

static void on_drain(evutil_socket_t signal, short what, void *arg)
{
	(void)signal, (void)what;
	drain_begin(arg, 0);
}

/* Nobody can get one of these any more, so the count of its references only falls. */
static void free_replaced(struct server *server)
{
	struct snapshot *snapshot, *next;

	for (snapshot = LIST_FIRST(&server->replaced); snapshot; snapshot = next) {
		next = LIST_NEXT(snapshot, entry);
		if (snapshot_is_shared(snapshot))
			continue;
		LIST_REMOVE(snapshot, entry);
		snapshot_put(snapshot);
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd, (void)what;
	reservations_expire(&server->reservations, worker_now());
	free_replaced(server);
}

/* Whatever it took over, it has not died of that. */
static void on_lived(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	attempts_end();
}

static int wait_for_end(struct server *server)
{
	static const struct timeval tick = { 5, 0 };
	struct event *events[] = {
		event_new(server->base, -1, EV_PERSIST, on_tick, server),
		evsignal_new(server->base, SIGTERM, on_signal, server),
		evsignal_new(server->base, SIGINT, on_signal, server),
		evsignal_new(server->base, SIGHUP, on_hangup, server),
		evsignal_new(server->base, SIGUSR1, on_drain, server),
		evsignal_new(server->base, SIGUSR2, on_restart, server),
		event_new(server->base, server->stop, EV_READ, on_stop, server->base),
	};
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (!events[i] || event_add(events[i], i ? NULL : &tick))
			err = -ENOMEM;
	if (!err && event_base_dispatch(server->base) < 0)
		err = -EIO;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (events[i])
			event_free(events[i]);
	return err;
}

bool server_is_alive(const struct server *server)
{
	for (unsigned int i = 0; i < server->n_workers; i++)
		if (worker_silence(&server->workers[i]) > SILENCE_MAX)
			return false;
	return true;
}

static bool is_alive(void *server)
{
	return server_is_alive(server);
}

int server_run(struct server *server)
{
	static const struct timeval lively = { 0, ATTEMPTS_LIVELY_US };
	pthread_t threads[WORKERS_MAX];
	unsigned int n;
	int err = start_all(server, threads, &n);

	if (!err)
		err = service_ready(&server->service, server->base, is_alive, server);
	if (!err && event_base_once(server->base, -1, EV_TIMEOUT, on_lived, NULL, &lively))
		err = -ENOMEM;
	if (!err)
		err = wait_for_end(server);
	attempts_end();
	/* Whether by a signal, at the end of a drain, or for a worker that cannot go on. */
	service_stopping();
	service_close(&server->service);
	eventfd_write(server->stop, 1);
	for (unsigned int i = 0; i < n; i++) {
		void *status;

		pthread_join(threads[i], &status);
		if (!err)
			err = (intptr_t)status;
	}
	return err;
}

void server_close(struct server *server)
{
	control_close(server->control);
	metrics_close(server->metrics);
	for (unsigned int i = 0; i < server->n_workers; i++)
		worker_close(&server->workers[i]);
	free(server->workers);
	/* What they had to say to those who have gone. */
	mailbox_empty(&server->mailbox);
	mailbox_close(&server->mailbox);
	drain_end(&server->drain);
	reservations_clear(&server->reservations);
	free_replaced(server);
	snapshot_put(server->snapshot);
	relayed_pool_free(server->relayed);
	relayed_pool_free(server->relayed_udp);
	if (server->base)
		event_base_free(server->base);
	if (server->stop >= 0)
		close(server->stop);
}
