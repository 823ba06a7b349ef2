/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections from which nobody has got an allocation yet. Whoever likes can open
 * as many as he wants, so there is a limit to them, and the oldest makes room: those
 * who mean it do not stay strangers for long.
 */
#ifndef KTURN_STRANGERS_H
#define KTURN_STRANGERS_H

#include <stdbool.h>
#include <sys/queue.h>

struct strangers;

/**
 * struct stranger - to be embedded; begins as all zero
 * @queue: where it waits, NULL if it does not
 * @evict: close it: there are too many
 */
struct stranger {
	TAILQ_ENTRY(stranger) entry;
	struct strangers *queue;
	void (*evict)(struct stranger *stranger);
};

/**
 * struct strangers - those of one worker
 * @queue: the oldest first
 * @n: how many
 * @max: how many there may be, at least 1
 */
struct strangers {
	TAILQ_HEAD(, stranger) queue;
	unsigned int n, max;
};

/**
 * strangers_init() - begin with none
 */
void strangers_init(struct strangers *strangers, unsigned int max);

/**
 * stranger_enter() - count one, as the youngest; may evict another
 */
void stranger_enter(struct strangers *strangers, struct stranger *stranger);

/**
 * stranger_leave() - it is known now, or gone; nothing happens if it does not wait
 */
void stranger_leave(struct stranger *stranger);

/**
 * strangers_clear() - evict all of them
 */
void strangers_clear(struct strangers *strangers);

#endif
