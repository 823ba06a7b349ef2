/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An allocation (RFC 8656, section 6) of a TCP relayed transport address.
 */
#ifndef KTURN_ALLOCATION_H
#define KTURN_ALLOCATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "addr.h"
#include "permission.h"

/* Seconds: the default, and the least unless max-allocate-lifetime is less. */
#define ALLOCATION_LIFETIME	600

struct acceptor;
struct auth_user;
struct connection;
struct event;
struct session;
struct transaction;

/**
 * struct allocation - one of them
 * @id: in every log line about it; the group of its relays
 * @session: its control connection
 * @user: who made it; NULL if nobody is asked
 * @fingerprint: the client uses FINGERPRINT
 * @relayed: the relayed transport address, as this host knows it
 * @lifetime: what the last Allocate or Refresh request has set
 * @connections: to peers
 * @n_pending: those of them that are not bound yet
 * @n_open: how many there are
 * @n_connections: how many there have ever been
 * @bps: bytes per second, each way, that they may carry together; 0: no limit
 * @n_bound: how many of them the engine has
 * @to_peer: payload bytes of the connections that have ended
 * @to_client: the same in the other direction
 */
struct allocation {
	uint64_t id;
	struct session *session;
	struct auth_user *user;
	bool fingerprint;
	union addr relayed;
	struct acceptor *acceptor;
	struct event *expiry;
	unsigned int lifetime;
	time_t created;
	struct permissions permissions;
	LIST_HEAD(, connection) connections;
	unsigned int n_pending;
	unsigned int n_open;
	unsigned int n_connections;
	uint64_t bps;
	unsigned int n_bound;
	uint64_t to_peer, to_client;
};

/**
 * allocation_create() - allocate a relayed transport address to a session
 * @transaction: of the Allocate request
 * @family: AF_INET or AF_INET6
 * @lifetime: seconds
 *
 * Return: 0, or the error code to answer with: 486 or 508.
 */
unsigned int allocation_create(const struct transaction *transaction, sa_family_t family,
			       unsigned int lifetime);

/**
 * allocation_refresh() - set the time to expiry
 * @lifetime: seconds, not 0
 */
void allocation_refresh(struct allocation *allocation, unsigned int lifetime);

/**
 * allocation_delete() - end it and all of its connections
 * @why: for the log
 */
void allocation_delete(struct allocation *allocation, const char *why);

#endif
