/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session over TCP, or TLS.
 */
#ifndef KTURN_SESSION_STREAM_H
#define KTURN_SESSION_STREAM_H

#include "session.h"
#include "strangers.h"
#include "stream.h"

/**
 * struct session_stream - a session and its stream
 * @stranger: as long as it has neither an allocation nor a connection to become
 */
struct session_stream {
	struct session session;
	struct stream stream;
	struct stranger stranger;
};

/**
 * session_stream_open() - take an accepted socket over
 */
void session_stream_open(struct worker *worker, int fd, const union addr *client,
			 enum tls_use use);

/**
 * session_stream_receive() - take a message from its client; may close the session
 */
void session_stream_receive(struct session *session, const uint8_t *data, size_t len);

/**
 * session_stream_leave() - take a session from its worker; it belongs to nobody then
 *
 * It has neither an allocation nor a connection to become.
 */
void session_stream_leave(struct session *session);

/**
 * session_stream_enter() - give a session that has left to a worker
 *
 * Return: 0, or -ENOMEM; then it is closed and freed.
 */
int session_stream_enter(struct session *session, struct worker *worker);

/**
 * session_stream_fd() - its socket; stays the session's
 */
int session_stream_fd(struct session *session);

/**
 * session_stream_restore() - go on with a control connection of a process before this one
 * @worker: whose it is; no thread runs yet
 * @fd: its socket
 *
 * It has no allocation yet.
 *
 * Return: NULL without memory; then @fd is still the caller's.
 */
struct session *session_stream_restore(struct worker *worker, int fd,
				       const struct record_session *record);

/**
 * session_stream_become() - give the socket to a connection once all output is out
 */
void session_stream_become(struct session *session, struct connection *connection);

#endif
