/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nonces that need no memory (RFC 8489, section 9.2).
 *
 * A nonce is the nonce cookie, its time, some randomness, the password algorithms
 * that were offered with it, and a MAC over all of that and the client's IP
 * address. The port is left out: a client data connection comes from another one,
 * and its ConnectionBind carries the nonce of the control connection. The
 * randomness keeps any two apart, as 9.2.4 wants for different ports.
 *
 * What was offered is under the MAC, so a client cannot be talked into less
 * without our noticing (9.2.1).
 */
#ifndef KTURN_NONCE_H
#define KTURN_NONCE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "addr.h"
#include "stun.h"

#define NONCE_COOKIE_LEN	13
#define NONCE_LEN		(NONCE_COOKIE_LEN + 50)
#define NONCE_LIFETIME		600	/* seconds, unless told otherwise */

/* STUN Security Features (RFC 8489, 18.1): bits of the first of their three octets */
enum nonce_feature {
	NONCE_ALGORITHMS	= 0x80,
	NONCE_ANONYMITY		= 0x40,
};

/**
 * struct nonce_key - what only the servers know that share their nonces
 */
struct nonce_key {
	uint8_t bytes[32];
};

/**
 * struct nonce_offer - what goes with a challenge
 * @algorithms: set of password algorithms
 * @anonymity: USERHASH is understood
 */
struct nonce_offer {
	uint8_t algorithms;
	bool anonymity;
};

/**
 * nonce_key_random() - make a key that dies with us
 *
 * Return: 0 or -EIO.
 */
int nonce_key_random(struct nonce_key *key);

/**
 * nonce_key_derive() - make the key that others make of the same secret
 *
 * Return: 0 or -EIO.
 */
int nonce_key_derive(struct nonce_key *key, const char *secret);

/**
 * nonce_make() - make a nonce for a client
 * @text: gets NONCE_LEN characters and a NUL
 * @now: seconds; servers that share a key have to share the clock as well
 *
 * Return: 0, or -EIO without randomness.
 */
int nonce_make(char text[NONCE_LEN + 1], const struct nonce_key *key,
	       const struct nonce_offer *offer, const union addr *client, time_t now);

/**
 * nonce_is_valid() - tell whether a nonce is ours, the client's, and fresh
 * @lifetime: seconds; 0 is for ever
 */
bool nonce_is_valid(const struct stun_attr *nonce, const struct nonce_key *key,
		    const union addr *client, time_t now, unsigned int lifetime);

/**
 * nonce_has() - tell whether a nonce starts with the nonce cookie and has a feature
 */
bool nonce_has(const struct stun_attr *nonce, enum nonce_feature feature);

/**
 * nonce_algorithms() - the password algorithms that were offered with a nonce
 *
 * Whether that is true only nonce_is_valid() can tell.
 *
 * Return: the set, or 0 if the nonce cannot be one of ours.
 */
unsigned int nonce_algorithms(const struct stun_attr *nonce);

#endif
