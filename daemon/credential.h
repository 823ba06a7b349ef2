/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a name, a realm and a password turn into: prepared strings, keys, hashes,
 * and the list of ways to make keys (RFC 8489, sections 9.2.2, 14.4, 14.11, 18.5).
 */
#ifndef KTURN_CREDENTIAL_H
#define KTURN_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stun.h"

#define CREDENTIAL_KEY_MAX	32
#define CREDENTIAL_LIST_MAX	8	/* bytes of PASSWORD-ALGORITHMS, as we write it */

/* Password algorithms, with IANA's numbers. */
enum credential_algorithm {
	CREDENTIAL_MD5		= 1,
	CREDENTIAL_SHA256	= 2,
};

/* In sets of them, each is a bit. */
#define CREDENTIAL_BIT(algorithm)	(1u << (algorithm))
#define CREDENTIAL_ALL \
	(CREDENTIAL_BIT(CREDENTIAL_MD5) | CREDENTIAL_BIT(CREDENTIAL_SHA256))

/**
 * struct credential_key - the key of an HMAC
 * @len: 0 if it is not known
 */
struct credential_key {
	uint8_t len;
	uint8_t bytes[CREDENTIAL_KEY_MAX];
};

/**
 * credential_prepare() - apply the OpaqueString profile (RFC 8265, section 4.2)
 *
 * Return: what the caller has to free, or NULL if the profile forbids the text:
 * it is empty, not UTF-8, or has control or unassigned characters.
 */
char *credential_prepare(const char *text);

/**
 * credential_key_len() - how long the keys of an algorithm are; 0 if unknown
 */
size_t credential_key_len(unsigned int algorithm);

/**
 * credential_key() - hash name ":" realm ":" password
 *
 * All three have to be prepared; here they are taken as they are.
 *
 * Return: 0, or -EIO if GnuTLS refuses the hash.
 */
int credential_key(struct credential_key *key, enum credential_algorithm algorithm,
		   const char *name, const char *realm, const char *password);

/**
 * credential_userhash() - what stands for a user's name in USERHASH
 *
 * Return: 0 or -EIO.
 */
int credential_userhash(uint8_t hash[STUN_USERHASH_LEN], const void *name, size_t name_len,
			const void *realm, size_t realm_len);

/**
 * credential_list() - write the value of PASSWORD-ALGORITHMS, the best first
 * @set: of algorithms
 *
 * Return: its length.
 */
size_t credential_list(uint8_t list[CREDENTIAL_LIST_MAX], unsigned int set);

/**
 * credential_choose() - the first algorithm on a PASSWORD-ALGORITHMS list that we know
 *
 * PASSWORD-ALGORITHM is a list of one.
 *
 * Return: it, or 0 if there is none or the list is malformed.
 */
unsigned int credential_choose(const struct stun_attr *list);

#endif
