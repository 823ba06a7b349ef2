// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "auth.h"

/* What a nonce is made of; it travels as hexadecimal digits. */
struct nonce {
	uint8_t time[4];
	uint8_t salt[4];
	uint8_t mac[16];
};

_Static_assert(2 * sizeof(struct nonce) == AUTH_NONCE_LEN, "nonce length");

struct user_entry {
	struct auth_user user;
	UT_hash_handle hh;
	char name[];
};

struct auth {
	struct user_entry *users;
	uint8_t secret[AUTH_SECRET_LEN];
	unsigned int nonce_lifetime;
	char realm[];
};

int auth_key(uint8_t key[AUTH_KEY_LEN], const char *user, const char *realm,
	     const char *password)
{
	gnutls_hash_hd_t md5;

	if (gnutls_hash_init(&md5, GNUTLS_DIG_MD5))
		return -EIO;
	gnutls_hash(md5, user, strlen(user));
	gnutls_hash(md5, ":", 1);
	gnutls_hash(md5, realm, strlen(realm));
	gnutls_hash(md5, ":", 1);
	gnutls_hash(md5, password, strlen(password));
	gnutls_hash_deinit(md5, key);
	return 0;
}

struct auth *auth_new(const char *realm)
{
	struct auth *auth = calloc(1, sizeof(*auth) + strlen(realm) + 1);

	if (!auth)
		return NULL;
	strcpy(auth->realm, realm);
	auth->nonce_lifetime = AUTH_NONCE_LIFETIME;
	if (gnutls_rnd(GNUTLS_RND_KEY, auth->secret, sizeof(auth->secret))) {
		free(auth);
		return NULL;
	}
	return auth;
}

void auth_free(struct auth *auth)
{
	struct user_entry *entry, *next;

	if (!auth)
		return;
	HASH_ITER(hh, auth->users, entry, next) {
		HASH_DEL(auth->users, entry);
		gnutls_memset(entry->user.key, 0, sizeof(entry->user.key));
		free(entry);
	}
	gnutls_memset(auth->secret, 0, sizeof(auth->secret));
	free(auth);
}

void auth_set_nonce_lifetime(struct auth *auth, unsigned int seconds)
{
	auth->nonce_lifetime = seconds;
}

const char *auth_realm(const struct auth *auth)
{
	return auth->realm;
}

static struct user_entry *find_user(const struct auth *auth, const void *name, size_t len)
{
	struct user_entry *entry;

	HASH_FIND(hh, auth->users, name, len, entry);
	return entry;
}

int auth_add_user(struct auth *auth, const char *name, const uint8_t key[AUTH_KEY_LEN])
{
	size_t len = strlen(name);
	struct user_entry *entry = find_user(auth, name, len);

	if (!entry) {
		entry = calloc(1, sizeof(*entry) + len + 1);
		if (!entry)
			return -ENOMEM;
		memcpy(entry->name, name, len);
		entry->user.name = entry->name;
		HASH_ADD_KEYPTR(hh, auth->users, entry->name, len, entry);
	}
	memcpy(entry->user.key, key, AUTH_KEY_LEN);
	return 0;
}

static int nonce_mac(const struct auth *auth, const union addr *client,
		     const struct nonce *nonce, uint8_t mac[32])
{
	gnutls_hmac_hd_t hmac;
	const uint8_t *ip;
	size_t len;

	if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, auth->secret, sizeof(auth->secret)))
		return -EIO;
	ip = addr_ip(client, &len);
	gnutls_hmac(hmac, nonce->time, sizeof(nonce->time));
	gnutls_hmac(hmac, nonce->salt, sizeof(nonce->salt));
	gnutls_hmac(hmac, ip, len);
	gnutls_hmac_deinit(hmac, mac);
	return 0;
}

int auth_nonce(const struct auth *auth, const union addr *client, time_t now,
	       char text[AUTH_NONCE_LEN + 1])
{
	struct nonce nonce;
	uint8_t mac[32];
	gnutls_datum_t raw = { (uint8_t *)&nonce, sizeof(nonce) };
	size_t size = AUTH_NONCE_LEN + 1;

	for (int i = 0; i < 4; i++)
		nonce.time[i] = (uint32_t)now >> (24 - 8 * i);
	if (gnutls_rnd(GNUTLS_RND_NONCE, nonce.salt, sizeof(nonce.salt)))
		return -EIO;
	if (nonce_mac(auth, client, &nonce, mac))
		return -EIO;
	memcpy(nonce.mac, mac, sizeof(nonce.mac));
	return gnutls_hex_encode(&raw, text, &size) ? -EIO : 0;
}

bool auth_nonce_valid(const struct auth *auth, const union addr *client, time_t now,
		      const void *text, size_t len)
{
	struct nonce nonce;
	uint8_t mac[32];
	gnutls_datum_t hex = { (void *)text, len };
	size_t size = sizeof(nonce);
	uint32_t made = 0;

	if (len != AUTH_NONCE_LEN || gnutls_hex_decode(&hex, &nonce, &size) ||
	    size != sizeof(nonce))
		return false;
	if (nonce_mac(auth, client, &nonce, mac) ||
	    gnutls_memcmp(mac, nonce.mac, sizeof(nonce.mac)))
		return false;
	for (int i = 0; i < 4; i++)
		made = made << 8 | nonce.time[i];
	if (!auth->nonce_lifetime)
		return made <= (uint32_t)now;
	return (uint32_t)now - made < auth->nonce_lifetime;
}

static bool valid_string(const struct stun_attr *attr)
{
	return attr->len > 0 && attr->len <= STUN_STRING_MAX;
}

static bool is_realm(const struct auth *auth, const struct stun_attr *attr)
{
	return attr->len == strlen(auth->realm) &&
	       !memcmp(attr->value, auth->realm, attr->len);
}

int auth_check(const struct auth *auth, const struct stun_message *msg,
	       const union addr *client, time_t now, const struct auth_user **user)
{
	static const uint8_t nobodys_key[AUTH_KEY_LEN];
	struct stun_attr name, realm, nonce;
	const struct user_entry *entry;
	bool signed_by;

	*user = NULL;
	if (!msg->integrity)
		return 401;
	if (!stun_find(msg, STUN_ATTR_USERNAME, &name) || !valid_string(&name) ||
	    !stun_find(msg, STUN_ATTR_REALM, &realm) || !valid_string(&realm) ||
	    !stun_find(msg, STUN_ATTR_NONCE, &nonce) || !valid_string(&nonce))
		return 400;

	/* An unknown user costs the same time as a wrong password. */
	entry = find_user(auth, name.value, name.len);
	signed_by = stun_check_integrity(msg, entry ? entry->user.key : nobodys_key,
					 AUTH_KEY_LEN);
	if (!entry || !signed_by || !is_realm(auth, &realm))
		return 401;

	*user = &entry->user;
	return auth_nonce_valid(auth, client, now, nonce.value, nonce.len) ? 0 : 438;
}
