/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer data connection (RFC 6062), from the Connect request or the peer's
 * own SYN until the relay between it and the client data connection ends.
 *
 * Until it is bound nobody reads it: what the peer sends waits in the kernel,
 * whose receive window then closes.
 */
#ifndef KTURN_CONNECTION_H
#define KTURN_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "addr.h"
#include "datapath.h"

#define CONNECTION_CONNECT_TIMEOUT	30	/* seconds until a Connect gets 447 */
#define CONNECTION_BIND_TIMEOUT		30	/* seconds to wait for ConnectionBind */

struct allocation;
struct auth_user;
struct connection;
struct session;
struct tls;
struct transaction;
struct worker;

/**
 * connection_connect() - connect to a peer (RFC 6062, 5.2)
 * @transaction: of the Connect request; it is answered when that is decided
 *
 * Return: 0, or the error code to answer with: 446, 447 or 508.
 */
unsigned int connection_connect(struct allocation *allocation, const union addr *peer,
				const struct transaction *transaction);

/**
 * connection_accept() - take a connection from a peer (RFC 6062, 5.3)
 * @fd: the accepted socket
 *
 * A peer without permission gets a reset, the others a ConnectionAttempt.
 */
void connection_accept(struct allocation *allocation, int fd, const union addr *peer);

/**
 * connection_owner() - the worker that a CONNECTION-ID belongs to
 *
 * Return: NULL if there never was such an id.
 */
struct worker *connection_owner(const struct worker *worker, uint32_t id);

/**
 * connection_find() - find one that waits for ConnectionBind
 */
struct connection *connection_find(const struct worker *worker, uint32_t id);

/**
 * connection_user() - whose it is
 */
struct auth_user *connection_user(const struct connection *connection);

/**
 * connection_claim() - use the CONNECTION-ID up for a session
 *
 * The session's socket follows by connection_bind() when the response is out.
 */
void connection_claim(struct connection *connection, struct session *session);

/**
 * connection_bind() - hand both sockets to the engine
 * @client_fd: the client data connection
 * @client_tls: the TLS on it, or NULL
 */
void connection_bind(struct connection *connection, int client_fd, struct tls *client_tls);

/**
 * connection_delete() - close one that is not bound yet
 * @why: for the log
 */
void connection_delete(struct connection *connection, const char *why);

/**
 * connection_delete_all() - end all connections of an allocation
 */
void connection_delete_all(struct allocation *allocation, const char *why);

/**
 * connection_allocation() - whose it is
 */
const struct allocation *connection_allocation(const struct connection *connection);

/**
 * connections_keep() - leave the sockets of those that wait for ConnectionBind to the next
 * process
 *
 * Return: 0 or a negative errno.
 */
int connections_keep(struct allocation *allocation);

/**
 * connections_forget() - no process is to have them any more
 */
void connections_forget(struct allocation *allocation);

/**
 * typedef connection_fn - look at one that waits for ConnectionBind
 * @expires: in seconds of worker_now()
 */
typedef void (*connection_fn)(uint32_t id, const union addr *peer, time_t expires, void *arg);

/**
 * connections_each() - look at those that wait for ConnectionBind
 */
void connections_each(const struct allocation *allocation, connection_fn fn, void *arg);

/**
 * connection_restore() - go on with one that has waited in a process before this one
 * @expires: in seconds of worker_now()
 *
 * Its socket is taken over, if it is still there.
 *
 * Return: 0 or a negative errno.
 */
int connection_restore(struct allocation *allocation, uint32_t id, const union addr *peer,
		       time_t expires);

/**
 * connection_adopt() - go on with one that the engine has, of a process before this one
 * @relay: whose group is the allocation
 *
 * Return: 0 or a negative errno; then the relay is nobody's.
 */
int connection_adopt(struct allocation *allocation, const struct relay_info *relay);

/**
 * connection_relay_ended() - the engine says that a relay is over
 * @arg: the worker
 */
void connection_relay_ended(const struct relay_info *info, void *arg);

#endif
