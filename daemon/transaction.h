/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request that waits for its response, and the response.
 */
#ifndef KTURN_TRANSACTION_H
#define KTURN_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "auth.h"
#include "stun.h"

#define TRANSACTION_RESPONSE_MAX 2048	/* REALM, NONCE and addresses fit easily */

struct auth_user;
struct session;

/**
 * struct transaction - what a response needs to know of its request
 * @allocation: the id of the one that the request had to do with when it came, or 0
 * @session: it goes back on the same connection
 * @realm: which it is to be asked for; until the next request comes
 * @user: who has signed the request; NULL if it was not authenticated
 * @signature: what the response is signed with
 * @method: of both
 * @unsigned_request: nobody has tried to be authenticated with it
 * @fingerprint: the request had one, so the response gets one
 * @id: the transaction ID
 * @peer: the first that the request names; AF_UNSPEC: none
 * @connection: the CONNECTION-ID that it names, or 0
 * @name: who it says it is from, @name_len bytes, or NULL; until the next request comes
 */
struct transaction {
	uint64_t allocation;
	struct session *session;
	const char *realm;
	struct auth_user *user;
	struct auth_signature signature;
	uint16_t method;
	bool unsigned_request;
	bool fingerprint;
	uint8_t id[STUN_TRANSACTION_LEN];
	union addr peer;
	uint32_t connection;
	const uint8_t *name;
	size_t name_len;
};

/**
 * transaction_keep() - copy one that is to be answered later
 */
void transaction_keep(struct transaction *kept, const struct transaction *transaction);

/**
 * transaction_forget() - what transaction_keep() has copied is needed no longer
 */
void transaction_forget(struct transaction *kept);

/**
 * struct response - a response under construction
 * @b: add attributes here
 */
struct response {
	const struct transaction *transaction;
	unsigned int code;
	struct stun_builder b;
	uint8_t buf[TRANSACTION_RESPONSE_MAX];
};

/**
 * response_begin() - begin a success response
 */
void response_begin(struct response *response, const struct transaction *transaction);

/**
 * response_begin_error() - begin an error response
 */
void response_begin_error(struct response *response, const struct transaction *transaction,
			  unsigned int code);

/**
 * response_finish() - sign it if its request was signed; for who sends it otherwise
 *
 * Return: its length; 0 if it is too long, which the log tells.
 */
size_t response_finish(struct response *response);

/**
 * response_send() - finish it, and send it to where its request came from
 */
void response_send(struct response *response);

/**
 * transaction_succeed() - send a success response without more to say
 */
void transaction_succeed(const struct transaction *transaction);

/**
 * transaction_may_fail() - tell whether an error response may be sent, or is one too many
 *
 * Counts it, for clients that nobody has authenticated; see unauthorized-ratelimit.
 */
bool transaction_may_fail(const struct transaction *transaction, unsigned int code);

/**
 * transaction_fail() - send an error response
 *
 * 401 and 438 carry the realm and a fresh nonce (RFC 8489, 9.2.4).
 */
void transaction_fail(const struct transaction *transaction, unsigned int code);

#endif
