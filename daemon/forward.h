/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Datagrams for another worker. The kernel deals clients out to the workers by their
 * 5-tuple; one who has moved (RFC 8016) may so come to a worker that does not have his
 * allocation. His datagrams are then sent on, as copies, by mailbox.h. How many bytes
 * may wait for a worker is bounded: what is beyond is lost, as datagrams may be.
 */
#ifndef KTURN_FORWARD_H
#define KTURN_FORWARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define FORWARD_BYTES_MAX	(4 * 1024 * 1024)	/* that wait for one worker */
#define FORWARD_WEIGHT_MIN	1024	/* bytes that one counts for; a mailbox takes 8192 of them */
#define FORWARD_ROUTES_MAX	65536			/* of one worker */

struct datagram;
struct forward_route;
struct session_tuple;
struct udp_socket;
struct worker;

/**
 * struct forwards - of one worker; all zero is a valid start
 * @routes: whose datagrams go to which other worker
 * @news: how many notices of routes wait in this worker's mailbox
 * @waiting: bytes that have been sent to this worker and not been taken yet
 */
struct forwards {
	struct forward_route *routes;
	atomic_uint news;
	atomic_size_t waiting;
};

/**
 * forward_datagram() - send a datagram on
 * @at: the worker that the kernel gave it to
 * @socket: its socket that it came by, or the same of another worker
 *
 * Return: 0 or a negative errno.
 */
int forward_datagram(struct worker *at, struct worker *to, unsigned int listener,
		     const struct session_tuple *tuple, const void *data, size_t len);

/**
 * forward_has_news() - tell whether routes begin or end as soon as the mailbox is emptied
 *
 * A client hears that he has moved to another worker's allocation only after that one has
 * told us; but his next datagram could overtake the news within a turn of the loop.
 */
bool forward_has_news(const struct worker *worker);

/**
 * forward_if_routed() - send a datagram on if there is a route for its 5-tuple
 *
 * Return: whether there is one.
 */
bool forward_if_routed(struct worker *worker, const struct udp_socket *socket,
		       const struct datagram *datagram);

/**
 * forward_begin() - have a worker send on what comes from a 5-tuple
 * @at: that worker
 *
 * From any thread. Without memory, or if thousands of messages wait for it, that does
 * not happen, and the log tells.
 */
void forward_begin(struct worker *at, struct worker *to, const struct session_tuple *tuple);

/**
 * forward_end() - have it no longer do so, if it still goes to @to
 *
 * Should that news get lost, the next datagram to come this way has it told again.
 */
void forward_end(struct worker *at, struct worker *to, const struct session_tuple *tuple);

/**
 * forwards_clear() - forget all routes
 */
void forwards_clear(struct worker *worker);

#endif
