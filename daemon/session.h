/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client on a 5-tuple, whatever carries its messages: session_stream.h,
 * session_datagram.h and session_dtls.h are the kinds. With an allocation a stream is a control
 * connection; ConnectionBind turns it into a client data connection and ends
 * the session.
 */
#ifndef KTURN_SESSION_H
#define KTURN_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "addr.h"
#include "counters.h"
#include "trace.h"

struct allocate_pending;
struct allocation;
struct connection;
struct event;
struct record_session;
struct session;
struct worker;

/**
 * struct session_ops - what differs with the transport
 * @transport: for the log
 * @stream: messages arrive in order or not at all, so one has a connection
 * @is_secure: over TLS or DTLS; NULL if it never is
 * @send: send a message of the server's own
 * @send_data: send a message with a peer's data; may drop it
 * @allocated: an allocation has been made, or has gone; may be NULL
 * @keep: see session_keep(); NULL if it never can
 * @close: free the session and what it runs on
 */
struct session_ops {
	const char *transport;
	bool stream;
	bool (*is_secure)(const struct session *session);
	void (*send)(struct session *session, const void *data, size_t len);
	void (*send_data)(struct session *session, const void *data, size_t len);
	void (*allocated)(struct session *session);
	bool (*keep)(const struct session *session, struct record_session *record);
	void (*close)(struct session *session);
};

/**
 * struct session - what all of them have
 * @client: who it is
 * @server: the address that he has sent to, from which answers go
 * @idle: ends it unless it has an allocation by @deadline
 * @deadline: in seconds of worker_now()
 * @counted: the level that it is counted in
 * @challenged: one unsigned request has had its error response
 * @allocation: its own, if it has one
 * @pending: the request for it, if that waits for other hosts
 * @binding: of a stream: it becomes this one's client data connection
 */
struct session {
	const struct session_ops *ops;
	struct worker *worker;
	LIST_ENTRY(session) entry;
	union addr client, server;	/* in one piece: the key to find it by */
	struct event *idle;
	time_t deadline;
	enum counter counted;
	bool challenged;
	struct allocation *allocation;
	struct allocate_pending *pending;
	struct connection *binding;
};

/* What one over datagrams is found by: its two addresses, one behind the other. */
struct session_tuple {
	union addr client, server;
};

_Static_assert(offsetof(struct session, server) - offsetof(struct session, client) ==
	       offsetof(struct session_tuple, server),
	       "the addresses of a session are its key");

/**
 * session_init() - for those who embed one
 *
 * Return: 0 or -ENOMEM.
 */
int session_init(struct session *session, const struct session_ops *ops,
		 struct worker *worker);

/**
 * session_begin() - count it among the worker's
 */
void session_begin(struct session *session);

/**
 * session_end() - the opposite of both of them
 */
void session_end(struct session *session);

/**
 * session_count_as() - count it among others than until now
 */
void session_count_as(struct session *session, enum counter level);

/**
 * session_leave() - take a session off its worker
 */
void session_leave(struct session *session);

/**
 * session_enter() - give it to another one
 *
 * It must not have an allocation; the time to get one runs on.
 *
 * Return: 0 or -ENOMEM.
 */
int session_enter(struct session *session, struct worker *worker);

/**
 * session_is_stream() - tell whether it is TCP, or TLS
 */
static inline bool session_is_stream(const struct session *session)
{
	return session->ops->stream;
}

/**
 * session_is_secure() - tell whether it is TLS, or DTLS
 */
static inline bool session_is_secure(const struct session *session)
{
	return session->ops->is_secure && session->ops->is_secure(session);
}

/**
 * session_send() - send a response, or an indication about connections
 */
static inline void session_send(struct session *session, const void *data, size_t len)
{
	trace_message(session, TRACE_OUT, data, len);
	session->ops->send(session, data, len);
}

/**
 * session_send_data() - send ChannelData or a Data indication, or lose it
 * @data: has to stay until udp_flush()
 *
 * A client that reads slowly loses data, as UDP may; memory is bounded.
 */
static inline void session_send_data(struct session *session, const void *data, size_t len)
{
	session->ops->send_data(session, data, len);
}

/**
 * session_keep() - write down what another process has to know to go on with it
 *
 * Return: whether one can.
 */
static inline bool session_keep(const struct session *session, struct record_session *record)
{
	return session->ops->keep && session->ops->keep(session, record);
}

/**
 * session_close() - end it, and the allocation with it
 * @why: for the log
 */
void session_close(struct session *session, const char *why);

/**
 * session_set_allocation() - give it an allocation
 * @allocation: NULL when that is gone; then the client has a while to make another
 */
void session_set_allocation(struct session *session, struct allocation *allocation);

#endif
