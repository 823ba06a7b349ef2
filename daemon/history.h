/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What came of the requests of a client: the steps that led to his allocation, or did not,
 * what he did with it, and how each connection with a peer ended. For `kturn diagnose`.
 *
 * Every worker keeps those of its allocations, and of the last that have ended and the
 * last clients that got none. Each has a fixed number of steps and of connections: of too
 * many steps those in the middle go, of too many connections the oldest that are over.
 */
#ifndef KTURN_HISTORY_H
#define KTURN_HISTORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

#include "addr.h"
#include "opening.h"
#include "session.h"

#define HISTORY_STEPS		16
#define HISTORY_FIRST_STEPS	6	/* that always stay */
#define HISTORY_CONNECTIONS	16
#define HISTORY_OVER		256	/* of each worker: ended; and as many without an allocation */
#define HISTORY_USER_MAX	512	/* bytes with the zero; what fits in USERNAME (RFC 8489, 14.3) */
#define HISTORY_WHY_MAX		48	/* likewise */

struct allocation;
struct relay_info;
struct transaction;
struct worker;

/**
 * struct history_tuple - what a client is found by
 * @stream: over TCP or TLS; the same port of his may be in use for UDP as well
 */
struct history_tuple {
	union addr client, server;
	uint32_t stream;
};

_Static_assert(sizeof(struct history_tuple) == 2 * sizeof(union addr) + sizeof(uint32_t),
	       "a key has no gaps");

enum history_kind {
	HISTORY_RESPONSE,	/* to a request */
	HISTORY_ATTEMPT,	/* a ConnectionAttempt indication */
	HISTORY_REFUSED_PEER,	/* who has connected, and was sent away */
};

/**
 * struct history_step - one, or several that are alike
 * @method: of the request
 * @code: of the response; 0 is success
 * @is_signed: the request had a signature
 * @first_us: microseconds since 1970
 * @last_us: of the last of them
 * @times: how many there are
 * @peer: whom it is about; AF_UNSPEC: nobody
 * @connection: CONNECTION-ID, or 0
 * @why: the peer was refused, a literal; else NULL
 */
struct history_step {
	enum history_kind kind;
	uint16_t method, code;
	bool is_signed;
	uint64_t first_us, last_us;
	uint32_t times;
	union addr peer;
	uint32_t connection;
	const char *why;
};

/**
 * struct history_connection - with a peer
 * @by_peer: he has connected; else the client has asked for it
 * @created_us: microseconds since 1970; so are the others, 0 for what has not happened
 * @ready_us: the client was told of it
 * @bound_us: ConnectionBind has come
 * @relay: the engine's id, from then on
 * @why: it has ended
 * @error: errno, if that is the reason
 * @closed_first: whose FIN came first, as far as the engine has told
 * @bytes_to_peer: when it had ended
 * @opening_to_peer: likewise; nothing if the engine has not told
 */
struct history_connection {
	TAILQ_ENTRY(history_connection) entry;
	uint32_t id;
	union addr peer;
	bool by_peer;
	uint64_t created_us, ready_us, bound_us, ended_us;
	uint64_t relay;
	char why[HISTORY_WHY_MAX];
	int error;
	enum kturn_side closed_first;
	uint64_t bytes_to_peer, bytes_to_client;
	struct opening opening_to_peer, opening_to_client;
};

/**
 * struct history - of an allocation, or of somebody who has got none
 * @number: counts the worker's
 * @allocation: its id, 0 without one
 * @tuple: where its requests came from first, and went to
 * @user: who was authenticated, or else who the client has said it is, in ASCII
 * @ended_us: 0 as long as it lives
 * @ended: why it ended
 * @omitted: steps that are not kept
 * @unseen: connections that are not kept
 */
struct history {
	UT_hash_handle by_number, by_tuple, by_allocation;
	TAILQ_ENTRY(history) entry;
	uint64_t number;
	uint64_t allocation;
	struct history_tuple tuple;
	bool is_newest;			/* of its tuple */
	const char *over;
	char user[HISTORY_USER_MAX];
	bool authenticated;
	union addr relayed;
	uint8_t transport;
	uint64_t created_us, ended_us;
	char ended[HISTORY_WHY_MAX];
	struct history_step steps[HISTORY_STEPS];
	unsigned int n_steps;
	uint32_t omitted, unseen;
	TAILQ_HEAD(history_connections, history_connection) connections;
	unsigned int n_connections;
};

/**
 * histories_new() - a worker's, without any
 *
 * Return: NULL without memory.
 */
struct histories *histories_new(void);

/**
 * histories_free() - NULL is nothing
 */
void histories_free(struct histories *histories);

/**
 * histories_next() - the first one behind a number
 *
 * Return: NULL if there is none.
 */
const struct history *histories_next(const struct histories *histories, uint64_t number);

/**
 * history_find() - that of an allocation, which may be over
 *
 * Return: NULL if it is not kept, or not any more.
 */
const struct history *history_find(const struct histories *histories, uint64_t allocation);

/**
 * history_response() - a request gets its answer
 * @code: 0 is success
 */
void history_response(const struct transaction *transaction, unsigned int code);

/**
 * history_allocated() - an allocation was made for a session
 */
void history_allocated(const struct allocation *allocation);

/**
 * history_ended() - the allocation is over
 */
void history_ended(const struct allocation *allocation, const char *why);

/**
 * history_peer_refused() - somebody has connected who may not
 * @why: a literal
 */
void history_peer_refused(const struct allocation *allocation, const union addr *peer,
			  const char *why);

/**
 * history_connection() - a connection with a peer begins
 * @by_peer: he has connected
 */
void history_connection(const struct allocation *allocation, uint32_t id,
			const union addr *peer, bool by_peer);

/**
 * history_ready() - the client is told that it can be bound
 */
void history_ready(const struct allocation *allocation, uint32_t id);

/**
 * history_bound() - it is a relay now
 */
void history_bound(const struct allocation *allocation, uint32_t id, uint64_t relay);

/**
 * history_connection_ended() - it is over
 * @info: what the engine says, or NULL if it was not bound
 */
void history_connection_ended(const struct allocation *allocation, uint32_t id,
			      const char *why, const struct relay_info *info);

#endif
