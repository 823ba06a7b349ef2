/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All workers together: a thread for each, and the main thread, which waits for
 * the signal to stop them.
 */
#ifndef KTURN_SERVER_H
#define KTURN_SERVER_H

#include "bandwidth.h"
#include "drain.h"
#include "mailbox.h"
#include "quota.h"
#include "reservation.h"
#include "service.h"
#include "snapshot.h"
#include "state.h"

struct config;
struct control;
struct event_base;
struct metrics;
struct relayed_pool;
struct worker;

/**
 * struct server - to be zeroed by nobody: server_open() does it
 * @config: what new workers would serve by: the main thread's to look at
 * @snapshot: which that belongs to
 * @replaced: the ones before it, until the workers have let go of them
 * @workers: @n_workers of them, as many as relay-threads says
 * @quota: of all workers
 * @relayed: the ports that TCP allocations get
 * @relayed_udp: those that UDP allocations get
 * @bandwidth: what of bps-capacity is given, by all of them
 * @base: the main thread's loop
 * @mailbox: what workers say to it
 * @started: when, in seconds of worker_now()
 * @drain: whether it is to end with the last allocation
 * @control: who listens to commands, or NULL
 * @reservations: relayed transport addresses held for allocations to come
 * @metrics: over HTTP, or NULL
 * @service: what the service manager is told
 * @state: what processes after this one will know, or those before it knew
 * @inherits: there was one before it
 * @ktls: the TLS with which control connections outlive it, see ktls_probe()
 * @watchers: how many want to see control messages
 * @stop: an eventfd that every loop watches; once it is written to, all end
 */
struct server {
	const struct config *config;
	struct snapshot *snapshot;
	struct snapshots replaced;
	struct worker *workers;
	unsigned int n_workers;
	struct quota quota;
	struct relayed_pool *relayed, *relayed_udp;
	struct bandwidth bandwidth;
	struct event_base *base;
	struct mailbox mailbox;
	time_t started;
	struct drain drain;
	struct control *control;
	struct metrics *metrics;
	struct service service;
	_Atomic unsigned int watchers;
	int stop;
	struct reservations reservations;
	struct state state;
	bool inherits;
	unsigned int ktls;
};

/**
 * server_open() - open every worker
 * @config: has to live longer, whatever takes its place later; gets the nonce key of the
 *	process before this one, if there was one
 *
 * Says in the log what went wrong.
 *
 * Return: 0 or a negative errno; then nothing is open.
 */
int server_open(struct server *server, struct config *config);

/**
 * server_run() - serve until SIGTERM or SIGINT; SIGHUP reads the
 * configuration again, SIGUSR1 begins to drain it, SIGUSR2 leaves for another process to
 * go on, or ends it as well
 *
 * Return: 0, or a negative errno if a worker could not go on.
 */
int server_run(struct server *server);

/**
 * server_is_alive() - whether every worker's loop has turned in the last seconds
 *
 * From any thread, while the workers run.
 */
bool server_is_alive(const struct server *server);

/**
 * server_close() - close every worker; no thread runs any more
 */
void server_close(struct server *server);

#endif
