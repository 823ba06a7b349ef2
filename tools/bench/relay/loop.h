/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event loop of the engines that move bytes themselves: level-triggered, and
 * a socket is watched for room only while it has none. That way a message costs
 * one epoll_wait and the move, and no call that only says "nothing more".
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include "engine.h"

/**
 * enum moved - what became of a try to move
 * @MOVED: go back to waiting
 * @MOVE_FAILED: end the relay
 */
enum moved { MOVED, MOVE_FAILED };

/**
 * struct mover - how bytes of one flow are moved
 * @wakes: what epoll says when it is time to move
 * @prepare: gets what a new flow needs; 0 or -1
 * @move: sets queued, full and eof
 * @release: gives it back
 */
struct mover {
	uint32_t wakes;
	int (*prepare)(struct flow *flow);
	enum moved (*move)(struct flow *flow);
	void (*release)(struct flow *flow);
};

/**
 * loop_open() - make the loop
 * @mover: serves all its relays
 */
int loop_open(const struct mover *mover);

/**
 * loop_watch() - have a function called when a descriptor is readable
 */
int loop_watch(int fd, void (*ready)(int fd));

/**
 * loop_add() - a new relay, of two non-blocking sockets
 */
int loop_add(int client, int peer);

/**
 * loop_run() - forever
 */
void loop_run(void);

#endif
