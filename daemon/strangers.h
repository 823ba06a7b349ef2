/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections from which nobody has got an allocation yet. Whoever likes can open
 * as many as he wants, so there is a limit to them, and the oldest makes room: those
 * who mean it do not stay strangers for long. If many of them are of one network, which
 * is an IPv4 address or the /64 of IPv6 that anybody has, then the oldest of these.
 */
#ifndef KTURN_STRANGERS_H
#define KTURN_STRANGERS_H

#include <stdbool.h>
#include <sys/queue.h>

#include "addr.h"

struct stranger_network;
struct strangers;

/**
 * struct stranger - to be embedded; begins as all zero
 * @neighbour: the next of the same network
 * @queue: where it waits, NULL if it does not
 * @network: its own, NULL if that is not known
 * @evict: close it: there are too many
 */
struct stranger {
	TAILQ_ENTRY(stranger) entry, neighbour;
	struct strangers *queue;
	struct stranger_network *network;
	void (*evict)(struct stranger *stranger);
};

TAILQ_HEAD(stranger_queue, stranger);

/**
 * struct strangers - those of one worker
 * @queue: the oldest first
 * @networks: a table of those that they are of
 * @n: how many
 * @max: how many there may be, at least 1
 */
struct strangers {
	struct stranger_queue queue;
	struct stranger_network *networks;
	unsigned int n, max;
};

/**
 * strangers_init() - begin with none
 */
void strangers_init(struct strangers *strangers, unsigned int max);

/**
 * stranger_enter() - count one, as the youngest; may evict others
 * @addr: where he connects from
 */
void stranger_enter(struct strangers *strangers, struct stranger *stranger,
		    const union addr *addr);

/**
 * stranger_return() - count one again, whose allocation has gone; evicts nobody
 *
 * It may have gone at the request of another stranger, the oldest one maybe, who has
 * still to be answered. Who enters next makes room for both.
 */
void stranger_return(struct strangers *strangers, struct stranger *stranger,
		     const union addr *addr);

/**
 * stranger_leave() - it is known now, or gone; nothing happens if it does not wait
 */
void stranger_leave(struct stranger *stranger);

/**
 * strangers_clear() - evict all of them
 */
void strangers_clear(struct strangers *strangers);

#endif
