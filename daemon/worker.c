// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/event.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <string.h>

#include "config.h"
#include "connection.h"
#include "datapath.h"
#include "listener.h"
#include "log.h"
#include "session.h"
#include "sock.h"
#include "worker.h"

#define INDEX_SHIFT 56

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
	worker->next_allocation = (uint64_t)worker->index << INDEX_SHIFT |
				  random >> (64 - INDEX_SHIFT);
	return 0;
}

static int open_datapath(struct worker *worker)
{
	const struct config *config = worker->config;
	int err = datapath_open(config->datapath, config->tls, worker->base, &worker->datapath);

	if (err)
		return err;
	worker->datapath->ended = connection_relay_ended;
	worker->datapath->ended_arg = worker;
	return 0;
}

/* Only a warning: it may be an address that moves between hosts. */
static void check_relay_ips(const struct config *config)
{
	char text[ADDR_STR_LEN];

	for (unsigned int i = 0; i < config->relay_ip.n; i++) {
		const union addr *ip = &config->relay_ip.addr[i];

		if (sock_is_local(ip))
			log_info("relaying", "address=%s ports=%u-%u transport=tcp",
				 addr_ip_str(ip, text), config->min_port, config->max_port);
		else
			log_warning("relay-ip unusable", "address=%s error=\"%s\"",
				    addr_ip_str(ip, text), "not an address of this host");
	}
}

int worker_open(struct worker *worker, unsigned int index, const struct config *config)
{
	int err;

	*worker = (struct worker){ .index = index, .config = config };
	LIST_INIT(&worker->sessions);
	worker->base = event_base_new();
	if (!worker->base)
		return -ENOMEM;
	err = number_allocations(worker);
	if (!err)
		err = open_datapath(worker);
	if (!err)
		err = listeners_open(worker);
	if (err)
		worker_close(worker);
	else
		check_relay_ips(config);
	return err;
}

static void on_signal(evutil_socket_t signal, short what, void *arg)
{
	struct worker *worker = arg;

	(void)what;
	log_info("stopping", "signal=%s", strsignal(signal));
	event_base_loopbreak(worker->base);
}

int worker_run(struct worker *worker)
{
	struct event *term = evsignal_new(worker->base, SIGTERM, on_signal, worker);
	struct event *intr = evsignal_new(worker->base, SIGINT, on_signal, worker);
	int err = -ENOMEM;

	if (term && intr && !event_add(term, NULL) && !event_add(intr, NULL))
		err = event_base_dispatch(worker->base) < 0 ? -EIO : 0;
	if (term)
		event_free(term);
	if (intr)
		event_free(intr);
	return err;
}

void worker_close(struct worker *worker)
{
	listeners_close(worker);
	while (!LIST_EMPTY(&worker->sessions))
		session_close(LIST_FIRST(&worker->sessions), "shutdown");
	if (worker->datapath)
		worker->datapath->ops->close(worker->datapath);
	event_base_free(worker->base);
}
