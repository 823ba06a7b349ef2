/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions over UDP. Whoever has no allocation is a stranger: a request of his
 * is answered, and nothing of it is remembered. An allocation makes a session of
 * the 5-tuple, which stays for a while after it, so that a retransmitted request
 * gets its answer once more and not another one.
 */
#ifndef KTURN_SESSION_DATAGRAM_H
#define KTURN_SESSION_DATAGRAM_H

#include <sys/queue.h>

#include "session.h"
#include "udp.h"

struct worker;

#define SESSION_DATAGRAM_IDLE_MAX 4096	/* sessions kept after their allocation */

struct session_datagram;

/**
 * struct session_datagrams - those of one worker; session_datagrams_init() begins
 * @table: by 5-tuple
 * @idle: without an allocation any more, the oldest first
 * @n_idle: how many of them
 * @max_idle: how many may stay when there is a new session
 * @stranger: ready for the next datagram of a 5-tuple that is not in @table
 */
struct session_datagrams {
	struct session_datagram *table;
	TAILQ_HEAD(session_datagram_queue, session_datagram) idle;
	unsigned int n_idle, max_idle;
	struct session_datagram *stranger;
};

void session_datagrams_init(struct session_datagrams *sessions);

/**
 * session_datagrams_clear() - free what is left when all sessions are closed
 */
void session_datagrams_clear(struct session_datagrams *sessions);

/**
 * session_datagram_receive() - take a datagram from a client
 * @socket: that it came by, and that answers go by
 */
void session_datagram_receive(struct worker *worker, struct udp_socket *socket,
			      const struct datagram *datagram);

/**
 * session_datagram_take() - take one that another worker has sent on; see forward.h
 * @at: that worker
 */
void session_datagram_take(struct worker *worker, struct worker *at, struct udp_socket *socket,
			   const struct datagram *datagram);

/**
 * session_datagram_exists() - tell whether a worker has the session of a datagram
 */
bool session_datagram_exists(const struct worker *worker, const struct datagram *datagram);

/**
 * session_datagram_restore() - go on with a session of a process before this one
 * @worker: whose it is; no thread runs yet
 *
 * It has no allocation yet.
 *
 * Return: NULL without memory, or if its socket is not there any more.
 */
struct session *session_datagram_restore(struct worker *worker,
					 const struct record_session *record);

/**
 * session_datagram_hand_over() - have another worker take what a session has received
 *
 * The session, which has no allocation, is closed.
 */
void session_datagram_hand_over(struct session *session, struct worker *to,
				const uint8_t *data, size_t len);

#endif
