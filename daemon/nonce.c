// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "nonce.h"

#define COOKIE		"obMatJos2"
#define FEATURES_LEN	4		/* three octets in base64 */

/* What stands behind the cookie, in hexadecimal digits. */
struct body {
	uint8_t time[4];
	uint8_t salt[4];
	uint8_t algorithms;
	uint8_t mac[16];
};

_Static_assert(sizeof(COOKIE) - 1 + FEATURES_LEN == NONCE_COOKIE_LEN, "cookie length");
_Static_assert(NONCE_COOKIE_LEN + 2 * sizeof(struct body) == NONCE_LEN, "nonce length");

int nonce_key_random(struct nonce_key *key)
{
	return gnutls_rnd(GNUTLS_RND_KEY, key->bytes, sizeof(key->bytes)) ? -EIO : 0;
}

int nonce_key_derive(struct nonce_key *key, const char *secret)
{
	static const char purpose[] = "kturn nonce";

	return gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret, strlen(secret), purpose,
				sizeof(purpose), key->bytes) ? -EIO : 0;
}

static int sign(const struct nonce_key *key, const void *cookie, const struct body *body,
		const union addr *client, uint8_t mac[32])
{
	gnutls_hmac_hd_t hmac;
	const uint8_t *ip;
	size_t len;

	if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, key->bytes, sizeof(key->bytes)))
		return -EIO;
	ip = addr_ip(client, &len);
	gnutls_hmac(hmac, cookie, NONCE_COOKIE_LEN);
	gnutls_hmac(hmac, body, offsetof(struct body, mac));
	gnutls_hmac(hmac, ip, len);
	gnutls_hmac_deinit(hmac, mac);
	return 0;
}

/* Only the first of the three octets is in use: two digits, and "A" for each zero. */
static void write_cookie(char *text, const struct nonce_offer *offer)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int features = (offer->algorithms ? NONCE_ALGORITHMS : 0) |
				(offer->anonymity ? NONCE_ANONYMITY : 0);

	memcpy(text, COOKIE, sizeof(COOKIE) - 1);
	text += sizeof(COOKIE) - 1;
	text[0] = base64[features >> 2];
	text[1] = base64[(features & 3) << 4];
	text[2] = text[3] = 'A';
}

int nonce_make(char text[NONCE_LEN + 1], const struct nonce_key *key,
	       const struct nonce_offer *offer, const union addr *client, time_t now)
{
	struct body body = { .algorithms = offer->algorithms };
	gnutls_datum_t raw = { (uint8_t *)&body, sizeof(body) };
	size_t size = NONCE_LEN + 1 - NONCE_COOKIE_LEN;
	uint8_t mac[32];

	for (int i = 0; i < 4; i++)
		body.time[i] = (uint32_t)now >> (24 - 8 * i);
	if (gnutls_rnd(GNUTLS_RND_NONCE, body.salt, sizeof(body.salt)))
		return -EIO;
	write_cookie(text, offer);
	if (sign(key, text, &body, client, mac))
		return -EIO;
	memcpy(body.mac, mac, sizeof(body.mac));
	return gnutls_hex_encode(&raw, text + NONCE_COOKIE_LEN, &size) ? -EIO : 0;
}

static bool has_cookie(const struct stun_attr *nonce)
{
	return nonce->len >= NONCE_COOKIE_LEN &&
	       !memcmp(nonce->value, COOKIE, sizeof(COOKIE) - 1);
}

static bool read_body(const struct stun_attr *nonce, struct body *body)
{
	gnutls_datum_t hex = { (uint8_t *)nonce->value + NONCE_COOKIE_LEN,
			       NONCE_LEN - NONCE_COOKIE_LEN };
	size_t size = sizeof(*body);

	return nonce->len == NONCE_LEN && has_cookie(nonce) &&
	       !gnutls_hex_decode(&hex, body, &size) && size == sizeof(*body);
}

bool nonce_is_valid(const struct stun_attr *nonce, const struct nonce_key *key,
		    const union addr *client, time_t now, unsigned int lifetime)
{
	struct body body;
	uint8_t mac[32];
	uint32_t made = 0;

	if (!read_body(nonce, &body) || sign(key, nonce->value, &body, client, mac) ||
	    gnutls_memcmp(mac, body.mac, sizeof(body.mac)))
		return false;
	for (int i = 0; i < 4; i++)
		made = made << 8 | body.time[i];
	return lifetime ? (uint32_t)now - made < lifetime : made <= (uint32_t)now;
}

bool nonce_has(const struct stun_attr *nonce, enum nonce_feature feature)
{
	gnutls_datum_t text = { (uint8_t *)nonce->value + sizeof(COOKIE) - 1, FEATURES_LEN };
	gnutls_datum_t octets = { NULL, 0 };
	bool has;

	if (!has_cookie(nonce) || gnutls_base64_decode2(&text, &octets))
		return false;
	has = octets.size && octets.data[0] & feature;
	gnutls_free(octets.data);
	return has;
}

unsigned int nonce_algorithms(const struct stun_attr *nonce)
{
	struct body body;

	return read_body(nonce, &body) ? body.algorithms : 0;
}
