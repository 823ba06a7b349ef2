/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of users and what is known of their keys. It is filled once and then never
 * changes, so that any number of threads may look into it; what changes is which
 * set is in use. Counted references, the last of which frees it.
 *
 * Users are found by their USERHASH, which a request either carries or leads to.
 */
#ifndef KTURN_USER_SET_H
#define KTURN_USER_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "credential.h"
#include "oauth.h"

struct user_set;

/**
 * struct user_keys - those that are known of one user
 */
struct user_keys {
	struct credential_key md5, sha256;
};

/**
 * struct user_entry - one user of a set
 */
struct user_entry {
	uint8_t userhash[STUN_USERHASH_LEN];
	UT_hash_handle hh;
	struct user_keys keys;
	const char *realm;
	char name[];
};

/**
 * struct user_secret - makes credentials up, see ephemeral.h
 * @next: the next one of the set
 * @realm: where it counts; NULL is everywhere
 */
struct user_secret {
	struct user_secret *next;
	const char *realm;
	char value[];
};

/**
 * user_keys_make() - make all of a user's keys; the strings have to be prepared
 *
 * Return: 0 or -EIO.
 */
int user_keys_make(struct user_keys *keys, const char *name, const char *realm,
		   const char *password);

/**
 * user_keys_read() - read a key in hexadecimal digits: 32 for MD5, 64 for SHA-256
 *
 * Return: 0, or -EINVAL for anything else.
 */
int user_keys_read(struct user_keys *keys, const char *hex);

/**
 * user_keys_get() - the key of an algorithm; of length 0 if it is not known
 */
const struct credential_key *user_keys_get(const struct user_keys *keys,
					   enum credential_algorithm algorithm);

/**
 * user_set_new() - an empty set with one reference
 *
 * Return: NULL without memory.
 */
struct user_set *user_set_new(void);

/**
 * user_set_get() - take one more reference
 */
struct user_set *user_set_get(struct user_set *set);

/**
 * user_set_is_shared() - tell whether there are references besides the caller's
 */
bool user_set_is_shared(const struct user_set *set);

/**
 * user_set_put() - give a reference back; NULL is no set
 */
void user_set_put(struct user_set *set);

/**
 * user_set_copy() - a set of its own that begins with what is in another
 *
 * Return: NULL without memory.
 */
struct user_set *user_set_copy(const struct user_set *set);

/**
 * user_set_count() - how many users there are
 */
unsigned int user_set_count(const struct user_set *set);

/**
 * user_set_add() - add a user, while nobody else knows the set
 *
 * Who is in it already keeps his keys.
 *
 * Return: 0, -EEXIST, -ENOMEM or -EIO.
 */
int user_set_add(struct user_set *set, const char *realm, const char *name,
		 const struct user_keys *keys);

/**
 * user_set_add_realm() - let the set know of a realm, be there users in it or not
 *
 * Return: 0 or -ENOMEM.
 */
int user_set_add_realm(struct user_set *set, const char *realm);

/**
 * user_set_add_secret() - add a secret of a realm, or of all with NULL
 *
 * Return: 0 or -ENOMEM.
 */
int user_set_add_secret(struct user_set *set, const char *realm, const char *value);

/**
 * user_set_add_origin() - say in which realm the users of a web site are
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int user_set_add_origin(struct user_set *set, const char *origin, const char *realm);

/**
 * user_set_mark_incomplete() - say that there are others, who cannot be known now
 *
 * While nobody else knows the set.
 */
void user_set_mark_incomplete(struct user_set *set);

/**
 * user_set_is_incomplete() - tell whether somebody who is not in it may be a user
 */
bool user_set_is_incomplete(const struct user_set *set);

/**
 * user_set_find_origin() - the realm of a web site, in the set's own copy
 *
 * Two ways to write the same origin are one; see origin_write().
 *
 * Return: NULL if it is not known.
 */
const char *user_set_find_origin(const struct user_set *set, const void *origin, size_t len);

/**
 * user_set_find_realm() - the set's own copy of a realm's name
 *
 * Return: NULL if it knows of no such realm.
 */
const char *user_set_find_realm(const struct user_set *set, const void *name, size_t len);

/**
 * user_set_secret() - step through the secrets of a realm, beginning with NULL
 */
const struct user_secret *user_set_secret(const struct user_set *set, const char *realm,
					  const struct user_secret *last);

/**
 * user_set_add_oauth_key() - add a key of an authorization server
 * @realm: where its tokens count; NULL is everywhere
 * @kid: its name
 *
 * Return: 0, -EEXIST or -ENOMEM.
 */
int user_set_add_oauth_key(struct user_set *set, const char *realm, const char *kid,
			   const struct oauth_key *key);

/**
 * user_set_oauth_key() - find one by its name
 *
 * Return: NULL if there is none for this realm.
 */
const struct oauth_key *user_set_oauth_key(const struct user_set *set, const char *realm,
					   const char *kid);

/**
 * user_set_find() - find a user
 */
const struct user_entry *user_set_find(const struct user_set *set,
				       const uint8_t userhash[STUN_USERHASH_LEN]);

/**
 * user_set_algorithms() - the password algorithms that do for every user of a realm
 *
 * A challenge goes to somebody unknown, and its list should not lead him to one
 * that we lack his key for. If there is none that does for all, it is all of them.
 */
unsigned int user_set_algorithms(const struct user_set *set, const char *realm);

#endif
