/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An allocation (RFC 8656, section 6) of a relayed transport address: of TCP, or
 * of UDP, and then perhaps of two.
 */
#ifndef KTURN_ALLOCATION_H
#define KTURN_ALLOCATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>
#include <uthash.h>

#include "addr.h"
#include "channel.h"
#include "permission.h"
#include "policer.h"
#include "reservation.h"
#include "stun.h"

/* Seconds: the default, and the least unless max-allocate-lifetime is less. */
#define ALLOCATION_LIFETIME	600

struct acceptor;
struct auth_user;
struct connection;
struct event;
struct mobility;
struct relay_udp;
struct session;
struct transaction;

#define ALLOCATION_RELAYED_MAX 2	/* one of each family */

/**
 * struct allocation_relayed - one relayed transport address
 * @addr: as this host knows it
 * @udp: what carries its datagrams; NULL if it is one of TCP
 * @expires: in seconds of worker_now()
 */
struct allocation_relayed {
	union addr addr;
	struct relay_udp *udp;
	time_t expires;
};

/**
 * struct allocation_request - what an Allocate request asks for, and gets
 * @transport: IPPROTO_TCP or IPPROTO_UDP
 * @family: AF_INET or AF_INET6
 * @additional: an IPv6 address beside it, if it can be had
 * @even: a port that is even (EVEN-PORT)
 * @reserve: and the next one is to be held
 * @mobile: with a ticket to move it
 * @token: RESERVATION-TOKEN, or NULL: the address that was held
 * @lifetime: in seconds
 * @reserved: gets the token of what is held with @reserve
 * @lacking: gets the family that could not be had with @additional, else AF_UNSPEC
 * @lacking_code: and why: 440 or 508
 */
struct allocation_request {
	uint8_t transport;
	sa_family_t family;
	bool additional;
	bool even, reserve;
	bool mobile;
	const uint8_t *token;
	uint32_t lifetime;
	uint8_t reserved[RESERVATION_TOKEN_LEN];
	sa_family_t lacking;
	unsigned int lacking_code;
};

/**
 * struct allocation - one of them
 * @id: in every log line about it; the group of its relays
 * @session: its control connection, or the client's 5-tuple
 * @mobility: what it needs to move; NULL if it cannot
 * @user: who made it; NULL if nobody is asked
 * @transaction: the ID of the Allocate request
 * @fingerprint: the client uses FINGERPRINT
 * @inherited: a process before this one has made it
 * @kept: with which session the next one will have it, or NULL; see allocation_keep.h
 * @transport: IPPROTO_TCP or IPPROTO_UDP
 * @relayed: the relayed transport addresses, @n_relayed of them
 * @acceptor: of peers' connections; NULL if it is one of UDP
 * @expiry: fires when one of @relayed expires
 * @connections: to peers
 * @n_pending: those of them that are not bound yet
 * @n_open: how many there are
 * @n_connections: how many there have ever been
 * @bps: bytes per second, each way, that all may carry together; 0: no limit
 * @n_bound: how many of them the engine has
 * @to_peer: payload bytes: of datagrams, or of the connections that have ended
 * @to_client: the same in the other direction
 * @police_to_peer: holds datagrams to @bps
 * @police_to_client: the same in the other direction
 */
struct allocation {
	uint64_t id;
	UT_hash_handle hh;
	struct session *session;
	struct mobility *mobility;
	struct auth_user *user;
	uint8_t transaction[STUN_TRANSACTION_LEN];
	bool fingerprint;
	bool inherited;
	const struct session *kept;
	uint8_t transport;
	struct allocation_relayed relayed[ALLOCATION_RELAYED_MAX];
	unsigned int n_relayed;
	struct acceptor *acceptor;
	struct event *expiry;
	time_t created;
	struct permissions permissions;
	struct channels channels;
	LIST_HEAD(, connection) connections;
	unsigned int n_pending;
	unsigned int n_open;
	unsigned int n_connections;
	uint64_t bps;
	unsigned int n_bound;
	uint64_t to_peer, to_client;
	struct policer police_to_peer, police_to_client;
};

/**
 * allocation_new() - make one that has no relayed transport address yet
 * @user: gets one more reference; NULL is nobody
 *
 * It is counted nowhere.
 *
 * Return: NULL without memory.
 */
struct allocation *allocation_new(struct session *session, struct auth_user *user,
				  uint8_t transport);

/**
 * allocation_free() - give back what it was given, and free it; no client knows of it
 */
void allocation_free(struct allocation *allocation);

/**
 * allocation_begin() - count it among its worker's, and give it to its session
 *
 * It has an id and all else. Its time begins to run.
 */
void allocation_begin(struct allocation *allocation);

/**
 * allocation_create() - allocate relayed transport addresses to a session
 * @transaction: of the Allocate request
 * @request: what it asks for; gets what comes of it
 *
 * Return: 0, or the error code to answer with: 440, 486 or 508.
 */
unsigned int allocation_create(const struct transaction *transaction,
			       struct allocation_request *request);

/**
 * allocation_open() - give an allocation the addresses that were asked for
 *
 * The part of allocation_create() that needs the network.
 *
 * Return: 0, or the error code to answer with: 440, 486 or 508.
 */
unsigned int allocation_open(struct allocation *allocation,
			     struct allocation_request *request);

/**
 * allocation_add() - give it a relayed transport address
 * @fd: bound to @addr, and if it is one of TCP, listening; taken over, whatever comes of it
 *
 * Return: 0 or a negative errno.
 */
int allocation_add(struct allocation *allocation, int fd, const union addr *addr);

/**
 * allocation_has_family() - tell whether it has a relayed address of a family
 */
bool allocation_has_family(const struct allocation *allocation, sa_family_t family);

/**
 * allocation_udp() - what sends to peers of a family, or NULL
 */
struct relay_udp *allocation_udp(const struct allocation *allocation, sa_family_t family);

/**
 * allocation_renew_user() - its user has come with another token, or with the same
 * @user: auth_user_same() as before; later requests may be signed with his key
 */
void allocation_renew_user(struct allocation *allocation, struct auth_user *user);

/**
 * allocation_refresh() - set the time to expiry
 * @family: of the address that is meant; AF_UNSPEC for all of them
 * @lifetime: seconds, not 0
 */
void allocation_refresh(struct allocation *allocation, sa_family_t family,
			unsigned int lifetime);

/**
 * allocation_end() - end the relayed address of a family
 * @family: AF_UNSPEC for all of them
 * @why: for the log
 *
 * With the last one the allocation ends.
 */
void allocation_end(struct allocation *allocation, sa_family_t family, const char *why);

/**
 * allocation_delete() - end it and all that it has
 * @why: for the log
 */
void allocation_delete(struct allocation *allocation, const char *why);

#endif
