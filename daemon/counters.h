/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a thread counts, for those who watch the server. Only the thread itself writes
 * its counters, so counting is an addition in memory of its own, without a lock; who
 * wants to know adds up those of all threads.
 *
 * Some are levels: they go down as well. What moves from one thread to another is counted
 * up here and down there, so only their sum means something.
 */
#ifndef KTURN_COUNTERS_H
#define KTURN_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "datapath.h"

enum counter {
	/* Levels. */
	COUNT_SESSIONS_UDP,
	COUNT_SESSIONS_TCP,
	COUNT_SESSIONS_TLS,
	COUNT_SESSIONS_DTLS,
	COUNT_STRANGERS,
	COUNT_ALLOCATIONS_UDP,
	COUNT_ALLOCATIONS_TCP,
	COUNT_CONNECTIONS_PENDING,
	COUNT_RELAYS_KERNEL,
	COUNT_RELAYS_SPLICE,

	COUNT_ALLOCATED_UDP,
	COUNT_ALLOCATED_TCP,
	COUNT_ALLOCATION_EXPIRED,
	COUNT_ALLOCATION_RELEASED,	/* by its client */
	COUNT_ALLOCATION_ABANDONED,	/* the control connection ended */
	COUNT_ALLOCATION_DELETED,	/* by an administrator */
	COUNT_RELAYED_KERNEL,
	COUNT_RELAYED_SPLICE,
	COUNT_RELAY_ENDED,		/* and for each reason, behind it */
	COUNT_RELAY_ENDED_LAST = COUNT_RELAY_ENDED + RELAY_REASON_ERROR,

	COUNT_EVENTS_LOST,		/* times that the kernel could not tell all */
	COUNT_RELAY_ENDS_UNSEEN,	/* found out only afterwards */

	COUNT_SPLICE_BYTES_TO_PEER,
	COUNT_SPLICE_BYTES_TO_CLIENT,
	COUNT_UDP_BYTES_TO_PEER,
	COUNT_UDP_BYTES_TO_CLIENT,
	COUNT_UDP_PACKETS_TO_PEER,
	COUNT_UDP_PACKETS_TO_CLIENT,
	COUNT_DROPPED_RATE,		/* beyond max-bps */
	COUNT_DROPPED_PERMISSION,	/* from a peer who has none */
	COUNT_DROPPED_SLOW_CLIENT,	/* who does not read what he has */

	COUNT_CHALLENGES,		/* requests without a signature */
	COUNT_AUTH_MALFORMED,
	COUNT_AUTH_CREDENTIALS,		/* nobody has this name and password */
	COUNT_AUTH_STALE_NONCE,
	COUNT_AUTH_EXPIRED,		/* a name that has ended by itself */
	COUNT_REFUSALS_LIMITED,		/* not even answered */
	COUNT_TLS_ESTABLISHED,
	COUNT_TLS_FAILED,
	COUNT_HANDOVERS,
	COUNT_RESPONSES_SUCCESS,
	COUNT_RESPONSES_CLIENT_ERROR,	/* 3xx, 4xx */
	COUNT_RESPONSES_SERVER_ERROR,	/* 5xx */

	COUNTERS,
};

struct counters {
	_Atomic uint64_t n[COUNTERS];
};

/* This thread's. One that has none of its own shares a spare set, where counts may get lost. */
extern _Thread_local struct counters *counters_here;

/**
 * count_many() - count @n of them; from this thread only, so no addition is lost
 */
static inline void count_many(enum counter what, uint64_t n)
{
	_Atomic uint64_t *counter = &counters_here->n[what];

	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/**
 * count() - count one
 */
static inline void count(enum counter what)
{
	count_many(what, 1);
}

/**
 * count_down() - one less of a level
 */
static inline void count_down(enum counter what)
{
	count_many(what, -1);
}

/**
 * counters_begin() - from now on this thread counts in @counters
 */
void counters_begin(struct counters *counters);

/**
 * counters_add() - add what a thread has counted to @sum; from any thread
 * @counters: NULL for those who have none of their own
 */
void counters_add(uint64_t sum[COUNTERS], const struct counters *counters);

#endif
