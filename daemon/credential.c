// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "credential.h"

char *credential_prepare(const char *text)
{
	gnutls_datum_t prepared = { NULL, 0 };
	char *copy = NULL;

	if (gnutls_utf8_password_normalize((const unsigned char *)text, strlen(text),
					   &prepared, 0))
		return NULL;
	if (prepared.size)
		copy = strndup((char *)prepared.data, prepared.size);
	gnutls_memset(prepared.data, 0, prepared.size);
	gnutls_free(prepared.data);
	return copy;
}

size_t credential_key_len(unsigned int algorithm)
{
	switch (algorithm) {
	case CREDENTIAL_MD5:
		return 16;
	case CREDENTIAL_SHA256:
		return 32;
	default:
		return 0;
	}
}

int credential_key(struct credential_key *key, enum credential_algorithm algorithm,
		   const char *name, const char *realm, const char *password)
{
	gnutls_hash_hd_t hash;

	if (gnutls_hash_init(&hash, algorithm == CREDENTIAL_MD5 ? GNUTLS_DIG_MD5
								: GNUTLS_DIG_SHA256))
		return -EIO;
	gnutls_hash(hash, name, strlen(name));
	gnutls_hash(hash, ":", 1);
	gnutls_hash(hash, realm, strlen(realm));
	gnutls_hash(hash, ":", 1);
	gnutls_hash(hash, password, strlen(password));
	gnutls_hash_deinit(hash, key->bytes);
	key->len = credential_key_len(algorithm);
	return 0;
}

int credential_userhash(uint8_t userhash[STUN_USERHASH_LEN], const void *name, size_t name_len,
			const void *realm, size_t realm_len)
{
	gnutls_hash_hd_t hash;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256))
		return -EIO;
	gnutls_hash(hash, name, name_len);
	gnutls_hash(hash, ":", 1);
	gnutls_hash(hash, realm, realm_len);
	gnutls_hash_deinit(hash, userhash);
	return 0;
}

/* Each entry is a number and the length of its parameters, which no algorithm has. */
size_t credential_list(uint8_t list[CREDENTIAL_LIST_MAX], unsigned int set)
{
	static const uint8_t by_preference[] = { CREDENTIAL_SHA256, CREDENTIAL_MD5 };
	size_t len = 0;

	for (size_t i = 0; i < sizeof(by_preference); i++) {
		if (!(set & CREDENTIAL_BIT(by_preference[i])))
			continue;
		memcpy(list + len, (uint8_t[]){ 0, by_preference[i], 0, 0 }, 4);
		len += 4;
	}
	return len;
}

unsigned int credential_choose(const struct stun_attr *list)
{
	const uint8_t *p = list->value;
	size_t left = list->len;

	while (left >= 4) {
		unsigned int algorithm = p[0] << 8 | p[1];
		size_t entry = 4 + (((p[2] << 8 | p[3]) + 3) & ~3);

		if (entry > left)
			return 0;
		if (credential_key_len(algorithm) && entry == 4)
			return algorithm;
		p += entry;
		left -= entry;
	}
	return 0;
}
