/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The long-term credential mechanism (RFC 8489, section 9.2).
 */
#ifndef KTURN_AUTH_H
#define KTURN_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "addr.h"
#include "stun.h"

#define AUTH_KEY_LEN		16	/* MD5 */
#define AUTH_SECRET_LEN		32
#define AUTH_NONCE_LIFETIME	600	/* seconds, unless set otherwise */
#define AUTH_NONCE_LEN		48	/* hexadecimal digits */

struct auth;

/**
 * struct auth_user - a user and the key that signs for him
 */
struct auth_user {
	const char *name;
	uint8_t key[AUTH_KEY_LEN];
};

/**
 * auth_key() - MD5(username ":" realm ":" password) (RFC 8489, 9.2.2)
 *
 * The strings are taken as they are: no OpaqueString profile is applied.
 *
 * Return: 0, or -EIO if GnuTLS refuses MD5.
 */
int auth_key(uint8_t key[AUTH_KEY_LEN], const char *user, const char *realm,
	     const char *password);

/**
 * auth_new() - make an empty table of users for a realm, and a nonce secret
 *
 * Return: NULL without memory or randomness.
 */
struct auth *auth_new(const char *realm);

/**
 * auth_free() - forget the users and the keys
 */
void auth_free(struct auth *auth);

/**
 * auth_set_nonce_lifetime() - set how long a nonce is good
 * @seconds: 0 for ever
 */
void auth_set_nonce_lifetime(struct auth *auth, unsigned int seconds);

/**
 * auth_realm() - the realm that challenges carry
 */
const char *auth_realm(const struct auth *auth);

/**
 * auth_add_user() - add a user, or replace his key
 *
 * Return: 0 or -ENOMEM.
 */
int auth_add_user(struct auth *auth, const char *name, const uint8_t key[AUTH_KEY_LEN]);

/**
 * auth_nonce() - make a nonce for a client
 * @nonce: gets AUTH_NONCE_LEN digits and a NUL
 * @now: seconds, of any clock that does not go backwards
 *
 * A nonce is its time, some randomness and a MAC over both and the client's
 * IP address, so nothing has to be remembered. The port is left out: a client
 * data connection comes from another one, and its ConnectionBind carries the
 * nonce of the control connection. The randomness keeps any two apart, as
 * RFC 8489, 9.2.4 wants for different ports.
 *
 * Return: 0, or -EIO without randomness.
 */
int auth_nonce(const struct auth *auth, const union addr *client, time_t now,
	       char nonce[AUTH_NONCE_LEN + 1]);

/**
 * auth_nonce_valid() - tell whether a nonce is ours, the client's and fresh
 */
bool auth_nonce_valid(const struct auth *auth, const union addr *client, time_t now,
		      const void *nonce, size_t len);

/**
 * auth_check() - authenticate a request (RFC 8489, 9.2.4)
 * @client: where it came from
 * @user: who signed it; set also with 438, when only the nonce is too old
 *
 * Return: 0, or the error code to answer with: 400, 401 or 438.
 */
int auth_check(const struct auth *auth, const struct stun_message *msg,
	       const union addr *client, time_t now, const struct auth_user **user);

#endif
