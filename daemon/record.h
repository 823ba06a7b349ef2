/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of an allocation: what another process has to know to go on with it. These
 * structures, as they lie in memory, are the format; STATE_VERSION is its version.
 *
 * One of them is struct record, then @n_peers and @n_connections of struct record_peer, the
 * names of the user, and a checksum.
 */
#ifndef KTURN_RECORD_H
#define KTURN_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "allocation.h"
#include "oauth.h"
#include "stun.h"

#define RECORD_SESSIONS_MAX 2	/* one, and that which it moves to */

/**
 * struct record_session - of a client over UDP or TCP
 * @stream: over TCP; its socket is kept
 * @listener: if not, what the socket is bound to that he sends to
 * @at: and the index of the worker that has it
 */
struct record_session {
	union addr client, server, listener;
	uint16_t stream, at;
};

/**
 * struct record_relayed - a relayed transport address; its socket is kept, see
 *	allocation_keep.h
 */
struct record_relayed {
	union addr addr;
	uint32_t unused;
	int64_t expires;
};

/**
 * struct record_peer - a permission, a channel, or a connection
 * @number: of the channel, or 0 if it is a permission; or the CONNECTION-ID
 * @expires: seconds of worker_now(), as of all that expires here
 */
struct record_peer {
	union addr addr;
	uint32_t number;
	int64_t expires;
};

/**
 * struct record - of an allocation, as in struct allocation
 * @sessions: the first is that which peers' data goes to
 * @n_connections: that wait for ConnectionBind; the engine knows those that are bound
 * @ticket: mobility.h's number
 * @has_user: the user's realm, name and account are at the end
 * @names_len: of these, with the NUL of the first two
 *
 * What is true or not is any octet: not all of those are a bool.
 */
struct record {
	uint64_t id;
	int64_t created;
	uint64_t bps, to_peer, to_client;
	uint64_t ticket;
	struct oauth_token token;
	struct record_session sessions[RECORD_SESSIONS_MAX];
	struct record_relayed relayed[ALLOCATION_RELAYED_MAX];
	uint8_t transaction[STUN_TRANSACTION_LEN];
	uint32_t n_sessions, n_relayed, n_peers, n_connections, names_len;
	uint16_t moves;
	uint8_t transport;
	uint8_t fingerprint, mobile, has_user, expired;
	uint8_t unused;
};

/**
 * struct record_view - one that has been read
 * @realm: NULL if the allocation has no user
 */
struct record_view {
	const struct record *record;
	const struct record_peer *peers, *connections;
	const char *realm, *name, *account;
	size_t account_len;
};

/**
 * record_size() - how long one is
 */
size_t record_size(const struct record *record);

/**
 * record_may_be() - tell whether it is no longer than one may be
 */
bool record_may_be(const struct record *record);

/**
 * record_peers() - where its peers are, and behind @n_peers of them its connections
 */
struct record_peer *record_peers(struct record *record);

/**
 * record_names() - where the user's names are, behind all of these
 */
char *record_names(struct record *record);

/**
 * record_seal() - add the checksum; all else is there
 */
void record_seal(struct record *record);

/**
 * record_read() - read one, from whomever
 * @data: aligned as a struct record is
 *
 * All counts are checked, and that the names end; what an address is, is not.
 *
 * Return: whether it is a record.
 */
bool record_read(struct record_view *view, const void *data, size_t len);

#endif
