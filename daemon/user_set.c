// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "origin.h"
#include "user_set.h"

struct realm {
	UT_hash_handle hh;
	unsigned int algorithms;	/* those that every user in it has a key for */
	char name[];
};

struct origin {
	UT_hash_handle hh;
	const char *realm;
	char name[];		/* canonical */
};

/* @realm: NULL is all of them */
struct oauth_entry {
	UT_hash_handle hh;
	struct oauth_key key;
	const char *realm;
	char kid[];
};

struct user_set {
	atomic_uint refs;
	bool incomplete;
	struct user_entry *users;
	struct realm *realms;
	struct user_secret *secrets;
	struct origin *origins;
	struct oauth_entry *oauth_keys;
};

int user_keys_make(struct user_keys *keys, const char *name, const char *realm,
		   const char *password)
{
	if (credential_key(&keys->md5, CREDENTIAL_MD5, name, realm, password) ||
	    credential_key(&keys->sha256, CREDENTIAL_SHA256, name, realm, password))
		return -EIO;
	return 0;
}

int user_keys_read(struct user_keys *keys, const char *hex)
{
	gnutls_datum_t digits = { (unsigned char *)hex, strlen(hex) };
	struct credential_key key;
	size_t size = sizeof(key.bytes);

	memset(keys, 0, sizeof(*keys));
	if (digits.size > 2 * sizeof(key.bytes) ||
	    strspn(hex, "0123456789abcdefABCDEF") != digits.size ||
	    gnutls_hex_decode(&digits, key.bytes, &size))
		return -EINVAL;
	key.len = size;
	if (size == credential_key_len(CREDENTIAL_MD5))
		keys->md5 = key;
	else if (size == credential_key_len(CREDENTIAL_SHA256))
		keys->sha256 = key;
	else
		return -EINVAL;
	return 0;
}

const struct credential_key *user_keys_get(const struct user_keys *keys,
					   enum credential_algorithm algorithm)
{
	return algorithm == CREDENTIAL_MD5 ? &keys->md5 : &keys->sha256;
}

static unsigned int known(const struct user_keys *keys)
{
	return (keys->md5.len ? CREDENTIAL_BIT(CREDENTIAL_MD5) : 0) |
	       (keys->sha256.len ? CREDENTIAL_BIT(CREDENTIAL_SHA256) : 0);
}

struct user_set *user_set_new(void)
{
	struct user_set *set = calloc(1, sizeof(*set));

	if (set)
		atomic_init(&set->refs, 1);
	return set;
}

struct user_set *user_set_get(struct user_set *set)
{
	atomic_fetch_add(&set->refs, 1);
	return set;
}

static void free_oauth_keys(struct user_set *set)
{
	struct oauth_entry *entry, *next;

	HASH_ITER(hh, set->oauth_keys, entry, next) {
		HASH_DEL(set->oauth_keys, entry);
		gnutls_memset(&entry->key, 0, sizeof(entry->key));
		free(entry);
	}
}

static void free_set(struct user_set *set)
{
	struct user_entry *entry, *next_entry;
	struct realm *realm, *next_realm;
	struct origin *origin, *next_origin;
	struct user_secret *secret;

	HASH_ITER(hh, set->users, entry, next_entry) {
		HASH_DEL(set->users, entry);
		gnutls_memset(&entry->keys, 0, sizeof(entry->keys));
		free(entry);
	}
	HASH_ITER(hh, set->origins, origin, next_origin) {
		HASH_DEL(set->origins, origin);
		free(origin);
	}
	while ((secret = set->secrets)) {
		set->secrets = secret->next;
		gnutls_memset(secret->value, 0, strlen(secret->value));
		free(secret);
	}
	free_oauth_keys(set);
	HASH_ITER(hh, set->realms, realm, next_realm) {
		HASH_DEL(set->realms, realm);
		free(realm);
	}
	free(set);
}

bool user_set_is_shared(const struct user_set *set)
{
	return atomic_load(&set->refs) > 1;
}

void user_set_put(struct user_set *set)
{
	if (set && atomic_fetch_sub(&set->refs, 1) == 1)
		free_set(set);
}

static struct realm *find_realm(const struct user_set *set, const void *name, size_t len)
{
	struct realm *realm;

	HASH_FIND(hh, set->realms, name, len, realm);
	return realm;
}

static struct realm *get_realm(struct user_set *set, const char *name)
{
	struct realm *realm = find_realm(set, name, strlen(name));

	if (realm)
		return realm;
	realm = calloc(1, sizeof(*realm) + strlen(name) + 1);
	if (!realm)
		return NULL;
	realm->algorithms = CREDENTIAL_ALL;
	strcpy(realm->name, name);
	HASH_ADD_STR(set->realms, name, realm);
	return realm;
}

int user_set_add(struct user_set *set, const char *realm_name, const char *name,
		 const struct user_keys *keys)
{
	struct realm *realm = get_realm(set, realm_name);
	uint8_t userhash[STUN_USERHASH_LEN];
	struct user_entry *entry;

	if (!realm)
		return -ENOMEM;
	if (credential_userhash(userhash, name, strlen(name), realm->name,
				strlen(realm->name)))
		return -EIO;
	if (user_set_find(set, userhash))
		return -EEXIST;
	entry = calloc(1, sizeof(*entry) + strlen(name) + 1);
	if (!entry)
		return -ENOMEM;
	memcpy(entry->userhash, userhash, sizeof(userhash));
	entry->keys = *keys;
	entry->realm = realm->name;
	strcpy(entry->name, name);
	realm->algorithms &= known(keys);
	HASH_ADD(hh, set->users, userhash, sizeof(entry->userhash), entry);
	return 0;
}

int user_set_add_realm(struct user_set *set, const char *realm)
{
	return get_realm(set, realm) ? 0 : -ENOMEM;
}

int user_set_add_secret(struct user_set *set, const char *realm_name, const char *value)
{
	struct user_secret *secret = calloc(1, sizeof(*secret) + strlen(value) + 1);
	struct realm *realm = realm_name ? get_realm(set, realm_name) : NULL;

	if (!secret || (realm_name && !realm)) {
		free(secret);
		return -ENOMEM;
	}
	strcpy(secret->value, value);
	secret->realm = realm ? realm->name : NULL;
	secret->next = set->secrets;
	set->secrets = secret;
	return 0;
}

int user_set_add_origin(struct user_set *set, const char *name, const char *realm_name)
{
	struct realm *realm = get_realm(set, realm_name);
	char canonical[ORIGIN_MAX];
	struct origin *origin, *replaced;

	if (!origin_write(canonical, name, strlen(name)))
		return -EINVAL;
	origin = calloc(1, sizeof(*origin) + strlen(canonical) + 1);
	if (!origin || !realm) {
		free(origin);
		return -ENOMEM;
	}
	strcpy(origin->name, canonical);
	origin->realm = realm->name;
	HASH_REPLACE_STR(set->origins, name, origin, replaced);
	free(replaced);
	return 0;
}

void user_set_mark_incomplete(struct user_set *set)
{
	set->incomplete = true;
}

bool user_set_is_incomplete(const struct user_set *set)
{
	return set->incomplete;
}

const char *user_set_find_origin(const struct user_set *set, const void *name, size_t len)
{
	char canonical[ORIGIN_MAX];
	struct origin *origin;

	if (!origin_write(canonical, name, len))
		return NULL;
	HASH_FIND_STR(set->origins, canonical, origin);
	return origin ? origin->realm : NULL;
}

const char *user_set_find_realm(const struct user_set *set, const void *name, size_t len)
{
	const struct realm *realm = find_realm(set, name, len);

	return realm ? realm->name : NULL;
}

const struct user_secret *user_set_secret(const struct user_set *set, const char *realm,
					  const struct user_secret *last)
{
	const struct user_secret *secret = last ? last->next : set->secrets;

	while (secret && secret->realm && strcmp(secret->realm, realm))
		secret = secret->next;
	return secret;
}

int user_set_add_oauth_key(struct user_set *set, const char *realm_name, const char *kid,
			   const struct oauth_key *key)
{
	struct realm *realm = realm_name ? get_realm(set, realm_name) : NULL;
	struct oauth_entry *entry;

	HASH_FIND_STR(set->oauth_keys, kid, entry);
	if (entry)
		return -EEXIST;
	entry = calloc(1, sizeof(*entry) + strlen(kid) + 1);
	if (!entry || (realm_name && !realm)) {
		free(entry);
		return -ENOMEM;
	}
	entry->key = *key;
	entry->realm = realm ? realm->name : NULL;
	strcpy(entry->kid, kid);
	HASH_ADD_STR(set->oauth_keys, kid, entry);
	return 0;
}

const struct oauth_key *user_set_oauth_key(const struct user_set *set, const char *realm,
					   const char *kid)
{
	struct oauth_entry *entry;

	HASH_FIND_STR(set->oauth_keys, kid, entry);
	return entry && (!entry->realm || !strcmp(entry->realm, realm)) ? &entry->key : NULL;
}

const struct user_entry *user_set_find(const struct user_set *set,
				       const uint8_t userhash[STUN_USERHASH_LEN])
{
	struct user_entry *entry;

	HASH_FIND(hh, set->users, userhash, STUN_USERHASH_LEN, entry);
	return entry;
}

static int copy_into(struct user_set *copy, const struct user_set *set)
{
	int err = 0;

	for (struct realm *realm = set->realms; realm && !err; realm = realm->hh.next)
		err = user_set_add_realm(copy, realm->name);
	for (struct user_entry *user = set->users; user && !err; user = user->hh.next)
		err = user_set_add(copy, user->realm, user->name, &user->keys);
	for (struct user_secret *secret = set->secrets; secret && !err; secret = secret->next)
		err = user_set_add_secret(copy, secret->realm, secret->value);
	for (struct origin *origin = set->origins; origin && !err; origin = origin->hh.next)
		err = user_set_add_origin(copy, origin->name, origin->realm);
	for (struct oauth_entry *entry = set->oauth_keys; entry && !err; entry = entry->hh.next)
		err = user_set_add_oauth_key(copy, entry->realm, entry->kid, &entry->key);
	return err;
}

struct user_set *user_set_copy(const struct user_set *set)
{
	struct user_set *copy = user_set_new();

	if (!copy || !copy_into(copy, set))
		return copy;
	user_set_put(copy);
	return NULL;
}

unsigned int user_set_count(const struct user_set *set)
{
	return HASH_COUNT(set->users);
}

unsigned int user_set_algorithms(const struct user_set *set, const char *name)
{
	const struct realm *realm = find_realm(set, name, strlen(name));

	return realm && realm->algorithms ? realm->algorithms : CREDENTIAL_ALL;
}
