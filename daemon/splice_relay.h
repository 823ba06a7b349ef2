/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One relay of the splice engine: two sockets, and a flow from each to the
 * other that moves bytes through a pipe, past user space.
 */
#ifndef KTURN_SPLICE_RELAY_H
#define KTURN_SPLICE_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath.h"
#include "splice_pipe.h"

struct event;
struct splice_relay;

enum splice_side { SPLICE_CLIENT, SPLICE_PEER };

/**
 * struct splice_leg - one of the two sockets
 */
struct splice_leg {
	struct splice_relay *relay;
	int fd;
	struct event *event;
};

/**
 * struct splice_flow - one direction, named after the side it comes from
 * @pipe: NULL while it holds nothing
 * @queued: bytes in the pipe
 * @done: the FIN has been passed on, or nothing more can be
 */
struct splice_flow {
	struct splice_pipe *pipe;
	size_t queued;
	bool done;
	struct relay_counters counters;
};

typedef void (*splice_ended_fn)(struct splice_relay *relay);

/**
 * struct splice_relay - to be embedded
 * @pool: where pipes come from
 * @ended: called when it ended by itself; the callee may free it
 * @leg: the sockets, by side
 * @flow: the directions, by the side they come from
 * @timer: another turn is due
 * @reason: why it ends or has ended
 * @error: errno, if that is the reason
 * @lost: the side that is gone, if it ends for that
 * @deadline: milliseconds; what is still to be delivered has time until then
 */
struct splice_relay {
	struct splice_pool *pool;
	splice_ended_fn ended;
	struct splice_leg leg[2];
	struct splice_flow flow[2];
	struct event *timer;
	enum relay_reason reason;
	int error;
	enum splice_side lost;
	uint64_t deadline;
};

/**
 * splice_relay_start() - begin to move bytes between two connected sockets
 * @relay: its pool and ended are set
 *
 * What waits in the sockets already, be it data or a FIN, is moved as well.
 *
 * Return: 0 or -ENOMEM; then the sockets are still the caller's.
 */
int splice_relay_start(struct splice_relay *relay, struct event_base *base,
		       int client_fd, int peer_fd);

/**
 * splice_relay_stop() - close both sockets and free what belongs to the relay
 *
 * They end with a FIN if all that was received has been passed on and nothing
 * went wrong, else with a reset.
 */
void splice_relay_stop(struct splice_relay *relay);

#endif
