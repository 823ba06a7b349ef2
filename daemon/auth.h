/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The long-term credential mechanism (RFC 8489, section 9.2): challenges, and what
 * answers them.
 */
#ifndef KTURN_AUTH_H
#define KTURN_AUTH_H

#include <stdbool.h>
#include <time.h>

#include "addr.h"
#include "credential.h"
#include "stun.h"

#define AUTH_SECRETS_MAX 16	/* that are tried for one request */

struct auth;
struct auth_user;
struct snapshot;

/**
 * struct auth_signature - what the response to a request is signed with
 * @key: the user's; its length is 0 for a response that nobody could verify
 * @sha256: with MESSAGE-INTEGRITY-SHA256
 */
struct auth_signature {
	struct credential_key key;
	bool sha256;
};

/**
 * auth_new() - what one worker needs to authenticate requests
 * @snapshot: has to live longer; workers that share it take each other's nonces, and
 *	share what they may refuse
 *
 * Return: NULL without memory.
 */
struct auth *auth_new(const struct snapshot *snapshot);

/**
 * auth_free() - NULL is nothing
 */
void auth_free(struct auth *auth);

/**
 * auth_begin() - take the users as they are now, for one request
 *
 * Return: the realm that the request is to be asked for: what the first
 * ORIGIN that we know leads to, or else the configured one. Good until the next call.
 */
const char *auth_begin(struct auth *auth, const struct stun_message *msg);

/**
 * auth_check() - authenticate a request (RFC 8489, 9.2.4)
 * @client: where it came from
 * @now: seconds since the epoch
 * @holder: whose the thing is that the request is about, or NULL: if he has come with a
 *	token, then its key signs what he asks for without it (RFC 7635, section 9)
 * @user: gets who signed it, with a reference for the caller; else NULL. Set also
 *	with 438, when only the nonce is too old
 * @signature: goes with @user
 *
 * Return: 0, or the error code to answer with: 400, 401, 438 or 500.
 */
unsigned int auth_check(struct auth *auth, const struct stun_message *msg,
			const union addr *client, time_t now, struct auth_user *holder,
			struct auth_user **user, struct auth_signature *signature);

/**
 * auth_takes_tokens() - tell whether clients are told of third-party authorization
 * @auth: NULL, where nobody is asked, does not
 */
bool auth_takes_tokens(const struct auth *auth);

/**
 * auth_may_refuse() - tell whether a client that nobody has authenticated gets one
 * more error response; see unauthorized-ratelimit
 * @real: its address is not forged: it comes by TCP or DTLS. These are counted by
 *	themselves: no datagram uses up what they may have
 */
bool auth_may_refuse(struct auth *auth, const union addr *client, bool real);

/**
 * auth_challenge() - add to a 401 or 438 response what the next request needs:
 * NONCE, REALM, PASSWORD-ALGORITHMS, and THIRD-PARTY-AUTHORIZATION where tokens are taken
 */
void auth_challenge(struct auth *auth, struct stun_builder *b, const char *realm,
		    const union addr *client, time_t now);

/**
 * auth_sign() - sign a response
 */
void auth_sign(const struct auth_signature *signature, struct stun_builder *b);

#endif
