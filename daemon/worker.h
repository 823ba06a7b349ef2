/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A worker: one thread's loop and everything that lives on it. Workers share
 * nothing but configurations, which do not change, the log, and what server.h counts.
 */
#ifndef KTURN_WORKER_H
#define KTURN_WORKER_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "counters.h"
#include "handshakes.h"
#include "forward.h"
#include "mailbox.h"
#include "session_datagram.h"
#include "session_dtls.h"
#include "strangers.h"
#include "trace.h"

#define WORKERS_MAX 256		/* at most eight bits of a CONNECTION-ID */
#define WORKER_ID_SHIFT 56	/* an allocation's id begins with its worker's index */

struct allocation;
struct auth;
struct config;
struct connection;
struct datapath;
struct event;
struct event_base;
struct histories;
struct listener;
struct listener_udp;
struct mobility;
struct quota_shared;
struct records;
struct server;
struct session;
struct snapshot;
struct udp_io;

/**
 * struct worker - one of N
 * @index: below WORKERS_MAX; the top bits of what it numbers
 * @snapshot: what it serves by, with a reference; @config is the one in there
 * @auth: NULL if nobody has to sign
 * @udp: the batches of its UDP sockets
 * @mailbox: sessions that come from other workers, and what the main thread says
 * @listeners: its listening sockets, @n_listeners of them
 * @listeners_udp: its UDP sockets for clients, @n_listeners_udp of them
 * @sessions: those of its clients
 * @strangers: connections without an allocation
 * @handshakes: how many of them may go on with TLS in this turn of the loop
 * @datagrams: those of @sessions that come over UDP, by 5-tuple
 * @dtls: those that come over DTLS
 * @forwards: datagrams that come to the wrong worker
 * @mobile: allocations that have a ticket, by the number in it; @next_mobile is the next
 * @connections: peer connections by CONNECTION-ID, until they are bound
 * @relays: peer connections by the engine's relay id, from then on
 * @allocations: those of @sessions, by id, the oldest first
 * @next_allocation: the id of the next one
 * @records: what the process after this one will know of them, or NULL
 * @quota_shared: what of them other hosts count in
 * @trace: its clients' control messages, while somebody watches
 * @histories: what came of their requests
 * @counters: what its thread counts; others read it
 * @beat: when its loop turned last, by worker_now(); others read it. Only kept up while
 *	somebody does
 */
struct worker {
	unsigned int index;
	struct server *server;
	struct snapshot *snapshot;
	const struct config *config;
	struct event_base *base;
	struct mailbox mailbox;
	struct datapath *datapath;
	struct auth *auth;
	struct udp_io *udp;
	struct listener *listeners;
	unsigned int n_listeners;
	struct listener_udp *listeners_udp;
	unsigned int n_listeners_udp;
	LIST_HEAD(, session) sessions;
	struct strangers strangers;
	struct handshakes handshakes;
	struct session_datagrams datagrams;
	struct sessions_dtls dtls;
	struct forwards forwards;
	struct mobility *mobile;
	uint64_t next_mobile;
	struct connection *connections;
	struct connection *relays;
	struct allocation *allocations;
	uint64_t next_allocation;
	struct records *records;
	struct quota_shared *quota_shared;
	struct trace trace;
	struct histories *histories;
	struct counters counters;
	struct event *beat_timer;
	_Atomic time_t beat;
};

/**
 * worker_open() - open the loop, the engine and the listeners
 *
 * The first one, of index 0, says in the log what there is; and each what went wrong.
 *
 * Return: 0 or a negative errno.
 */
int worker_open(struct worker *worker, struct server *server, unsigned int index);

/**
 * worker_run() - serve until the server says stop
 *
 * Return: 0 or a negative errno.
 */
int worker_run(struct worker *worker);

/**
 * worker_take() - serve by another configuration from now on
 * @snapshot: the reference goes with it
 */
void worker_take(struct worker *worker, struct snapshot *snapshot);

/**
 * worker_close() - end every allocation and free everything
 */
void worker_close(struct worker *worker);

/**
 * worker_silence() - for how many seconds its loop has not turned; from any thread
 */
time_t worker_silence(const struct worker *worker);

/**
 * worker_now() - seconds of a clock that never goes back
 */
time_t worker_now(void);

#endif
