// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "user_set.h"

struct realm {
	UT_hash_handle hh;
	unsigned int algorithms;	/* those that every user in it has a key for */
	char name[];
};

struct user_set {
	atomic_uint refs;
	struct user_entry *users;
	struct realm *realms;
	struct user_secret *secrets;
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

static void free_set(struct user_set *set)
{
	struct user_entry *entry, *next_entry;
	struct realm *realm, *next_realm;
	struct user_secret *secret;

	HASH_ITER(hh, set->users, entry, next_entry) {
		HASH_DEL(set->users, entry);
		gnutls_memset(&entry->keys, 0, sizeof(entry->keys));
		free(entry);
	}
	while ((secret = set->secrets)) {
		set->secrets = secret->next;
		gnutls_memset(secret->value, 0, strlen(secret->value));
		free(secret);
	}
	HASH_ITER(hh, set->realms, realm, next_realm) {
		HASH_DEL(set->realms, realm);
		free(realm);
	}
	free(set);
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

const struct user_entry *user_set_find(const struct user_set *set,
				       const uint8_t userhash[STUN_USERHASH_LEN])
{
	struct user_entry *entry;

	HASH_FIND(hh, set->users, userhash, STUN_USERHASH_LEN, entry);
	return entry;
}

unsigned int user_set_algorithms(const struct user_set *set, const char *name)
{
	const struct realm *realm = find_realm(set, name, strlen(name));

	return realm && realm->algorithms ? realm->algorithms : CREDENTIAL_ALL;
}
