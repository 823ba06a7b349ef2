/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One relay of the splice engine: two sockets, and a flow from each to the
 * other that moves bytes, through a pipe and past user space, or through TLS.
 */
#ifndef KTURN_SPLICE_RELAY_H
#define KTURN_SPLICE_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "datapath.h"
#include "opening.h"
#include "splice_pipe.h"

struct evbuffer;
struct event;
struct splice_relay;
struct tls;

enum splice_side { SPLICE_CLIENT, SPLICE_PEER };

/**
 * struct splice_mover - how a flow moves bytes: a few from its source into
 *	hand, then from there to its receiver
 * @budget: bytes, in and out, before others' turn
 * @most: bytes that are taken at a time
 * @fill: take up to so many bytes, and set @queued. Return: how many, 0 at the end, or a
 *	negative errno; -EAGAIN if there are none
 * @drain: give some of the @queued bytes. Return: how many, or a negative
 *	errno; -EAGAIN if the receiver has no room
 * @finish: tell the receiver that this was all. Return: 0; -EAGAIN if it has
 *	no room, then it is tried again; or another negative errno
 * @drop: forget what is in hand, and free its memory
 *
 * Each gets the side that the flow comes from.
 */
struct splice_mover {
	size_t budget;
	size_t most;
	ssize_t (*fill)(struct splice_relay *relay, enum splice_side from, size_t most);
	ssize_t (*drain)(struct splice_relay *relay, enum splice_side from);
	int (*finish)(struct splice_relay *relay, enum splice_side from);
	void (*drop)(struct splice_relay *relay, enum splice_side from);
};

extern const struct splice_mover splice_through_pipe;
extern const struct splice_mover splice_from_tls, splice_to_tls;

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
 * @buffer: likewise, for a mover that has no pipe
 * @at: what of @buffer has been given on
 * @queued: bytes in hand
 * @ending: the source is at its end
 * @done: the FIN has been passed on, or nothing more can be
 * @bucket: when its token bucket was empty, see kmod/bucket.h
 * @opening: what it begins with
 */
struct splice_flow {
	const struct splice_mover *mover;
	struct splice_pipe *pipe;
	uint8_t *buffer;
	size_t at;
	size_t queued;
	bool ending, done;
	uint64_t bucket;
	struct relay_counters counters;
	struct opening opening;
};

typedef void (*splice_ended_fn)(struct splice_relay *relay);

/**
 * struct splice_relay - to be embedded
 * @pool: where pipes come from
 * @ended: called when it ended by itself; the callee may free it
 * @leg: the sockets, by side
 * @flow: the directions, by the side they come from
 * @tls: on the client's leg, or NULL
 * @output: records for the client that are not out
 * @said_goodbye: close_notify is among them, or out
 * @timer: another turn is due, at @due
 * @group: the allocation
 * @rate: bytes per second, each way; 0: no limit
 * @idle_ms: it ends when nothing has moved for so long; 0: never
 * @idle: has it looked at, and @last_move is when something did; nanoseconds
 * @reason: why it ends or has ended
 * @error: errno, if that is the reason
 * @closed_first: whose FIN was passed on first
 * @lost: the side that is gone, if it ends for that
 * @deadline: milliseconds; what is still to be delivered has time until then
 */
struct splice_relay {
	struct splice_pool *pool;
	splice_ended_fn ended;
	struct splice_leg leg[2];
	struct splice_flow flow[2];
	struct tls *tls;
	struct evbuffer *output;
	bool said_goodbye;
	struct event *timer;
	uint64_t due;
	uint64_t group;
	uint64_t rate;
	uint32_t idle_ms;
	struct event *idle;
	uint64_t last_move;
	enum relay_reason reason;
	int error;
	enum kturn_side closed_first;
	enum splice_side lost;
	uint64_t deadline;
};

/**
 * splice_relay_start() - begin to move bytes between two connected sockets
 * @relay: its pool, ended, group, rate and idle_ms are set
 * @tls: on the client's socket, or NULL
 *
 * What waits in the sockets already, be it data or a FIN, is moved as well.
 *
 * Return: 0 or -ENOMEM; then sockets and TLS are still the caller's.
 */
int splice_relay_start(struct splice_relay *relay, struct event_base *base,
		       int client_fd, struct tls *tls, int peer_fd);

/**
 * splice_relay_again() - have another turn in so many milliseconds, or sooner
 */
void splice_relay_again(struct splice_relay *relay, uint64_t ms);

/**
 * splice_relay_end() - end it by itself; it may be gone then
 */
void splice_relay_end(struct splice_relay *relay, enum relay_reason reason);

/**
 * splice_other() - the other side
 */
static inline enum splice_side splice_other(enum splice_side side)
{
	return side == SPLICE_CLIENT ? SPLICE_PEER : SPLICE_CLIENT;
}

/**
 * splice_relay_stop() - close both sockets and free what belongs to the relay
 *
 * They end with a FIN if all that was received has been passed on and nothing
 * went wrong, else with a reset.
 */
void splice_relay_stop(struct splice_relay *relay);

#endif
