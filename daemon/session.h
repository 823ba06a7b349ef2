/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client's TCP connection, the 5-tuple of the RFCs. With an allocation it is
 * a control connection; ConnectionBind turns it into a client data connection
 * and ends the session.
 */
#ifndef KTURN_SESSION_H
#define KTURN_SESSION_H

#include <sys/queue.h>

#include "addr.h"
#include "stream.h"

struct allocation;
struct connection;
struct event;
struct worker;

struct session {
	struct stream stream;
	struct worker *worker;
	LIST_ENTRY(session) entry;
	union addr client, server;
	struct event *idle;
	struct allocation *allocation;	/* this is its control connection */
	struct connection *binding;	/* this becomes its client data connection */
};

/**
 * session_open() - take an accepted socket over
 */
void session_open(struct worker *worker, int fd, const union addr *client, enum tls_use use);

/**
 * session_close() - close the connection, and end the allocation with it
 * @why: for the log
 */
void session_close(struct session *session, const char *why);

/**
 * session_set_allocation() - make it the control connection of an allocation
 * @allocation: NULL when that is gone; then the client has a while to make another
 */
void session_set_allocation(struct session *session, struct allocation *allocation);

/**
 * session_become() - give the socket to a connection once all output is out
 */
void session_become(struct session *session, struct connection *connection);

#endif
