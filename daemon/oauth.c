// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "macros.h"
#include "oauth.h"

#define LENGTH_LEN	2
#define NONCE_LEN	12	/* of all of AES-GCM (RFC 5116, section 5) */
#define TAG_LEN		16
#define TIMES_LEN	(8 + 4)	/* timestamp and lifetime */
#define PLAIN_MAX	(LENGTH_LEN + CREDENTIAL_KEY_MAX + TIMES_LEN)
#define SEALED_MAX	(LENGTH_LEN + NONCE_LEN + PLAIN_MAX + TAG_LEN)
#define BASE64_MAX	((SEALED_MAX + 2) / 3 * 4)
#define SESSION_KEY_MIN	16
#define DELTA		5	/* seconds that clocks may differ by (RFC 7635, section 7) */

static gnutls_cipher_algorithm_t find_cipher(const char *name)
{
	static const struct { const char *name; gnutls_cipher_algorithm_t cipher; } ciphers[] = {
		{ "", GNUTLS_CIPHER_AES_256_GCM },
		{ "A256GCM", GNUTLS_CIPHER_AES_256_GCM },
		{ "A128GCM", GNUTLS_CIPHER_AES_128_GCM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++)
		if (!strcmp(name, ciphers[i].name))
			return ciphers[i].cipher;
	return GNUTLS_CIPHER_UNKNOWN;
}

int oauth_key_read(struct oauth_key *key, const char *base64, const char *cipher,
		   int64_t begins, int64_t lifetime)
{
	gnutls_datum_t text = { (unsigned char *)base64, strlen(base64) }, bytes;
	size_t len;

	memset(key, 0, sizeof(*key));
	key->cipher = find_cipher(cipher);
	if (key->cipher == GNUTLS_CIPHER_UNKNOWN || begins < 0 || lifetime < 0 ||
	    begins > INT64_MAX - lifetime || gnutls_base64_decode2(&text, &bytes))
		return -EINVAL;
	len = gnutls_cipher_get_key_size(key->cipher);
	key->begins = begins;
	key->ends = lifetime ? begins + lifetime : 0;
	if (bytes.size >= len)
		memcpy(key->bytes, bytes.data, len);
	gnutls_memset(bytes.data, 0, bytes.size);
	gnutls_free(bytes.data);
	return bytes.size < len ? -EINVAL : 0;
}

static uint64_t get_number(const uint8_t *bytes, size_t len)
{
	uint64_t number = 0;

	while (len--)
		number = number << 8 | *bytes++;
	return number;
}

/* Return: whether the length is what the session key's says. */
static bool read_plain(struct oauth_token *token, const uint8_t *plain, size_t len, time_t now)
{
	size_t key_len = get_number(plain, LENGTH_LEN);
	int64_t made, lifetime, off, left;

	if (key_len < SESSION_KEY_MIN || key_len > CREDENTIAL_KEY_MAX ||
	    len != LENGTH_LEN + key_len + TIMES_LEN)
		return false;
	plain += LENGTH_LEN;
	token->key.len = key_len;
	memcpy(token->key.bytes, plain, key_len);
	/* Behind the seconds there are two octets of fractions. */
	made = get_number(plain + key_len, 8) >> 16;
	lifetime = get_number(plain + key_len + 8, 4);
	off = made > now ? made - now : now - made;
	left = lifetime + DELTA - off;
	token->ends = now + (left < lifetime ? left : lifetime);
	return token->ends > now;
}

/* What is too short has no lengths to look at; none of ours is longer than there is room. */
static bool decrypt(const struct oauth_key *key, const char *server_name, const uint8_t *data,
		    size_t len, uint8_t plain[PLAIN_MAX], size_t *plain_len)
{
	const gnutls_datum_t secret = {
		(unsigned char *)key->bytes, gnutls_cipher_get_key_size(key->cipher),
	};
	const uint8_t *nonce = data + LENGTH_LEN, *sealed = nonce + NONCE_LEN;
	size_t sealed_len = len - LENGTH_LEN - NONCE_LEN;
	gnutls_aead_cipher_hd_t cipher;
	bool good;

	if (len < LENGTH_LEN + NONCE_LEN + LENGTH_LEN + TIMES_LEN + TAG_LEN ||
	    len > SEALED_MAX || get_number(data, LENGTH_LEN) != NONCE_LEN ||
	    gnutls_aead_cipher_init(&cipher, key->cipher, &secret))
		return false;
	*plain_len = PLAIN_MAX;
	good = !gnutls_aead_cipher_decrypt(cipher, nonce, NONCE_LEN, server_name,
					   strlen(server_name), TAG_LEN, sealed, sealed_len,
					   plain, plain_len);
	gnutls_aead_cipher_deinit(cipher);
	return good;
}

static bool open_bytes(struct oauth_token *token, const struct oauth_key *key,
		       const char *server_name, const uint8_t *data, size_t len, time_t now)
{
	uint8_t plain[PLAIN_MAX];
	size_t plain_len;
	bool good;

	good = decrypt(key, server_name, data, len, plain, &plain_len) &&
	       read_plain(token, plain, plain_len, now);
	gnutls_memset(plain, 0, sizeof(plain));
	return good;
}

/* In the letters in which the authorization server has given it to the client. */
static bool open_base64(struct oauth_token *token, const struct oauth_key *key,
			const char *server_name, const uint8_t *data, size_t len, time_t now)
{
	gnutls_datum_t text = { (unsigned char *)data, len }, bytes;
	bool good;

	if (len > BASE64_MAX || gnutls_base64_decode2(&text, &bytes))
		return false;
	good = open_bytes(token, key, server_name, bytes.data, bytes.size, now);
	gnutls_free(bytes.data);
	return good;
}

bool oauth_token_open(struct oauth_token *token, const struct oauth_key *key,
		      const char *server_name, const uint8_t *data, size_t len, time_t now)
{
	bool good;

	memset(token, 0, sizeof(*token));
	if (!len || now < key->begins || (key->ends && now >= key->ends))
		return false;
	/* The first byte is of the nonce's length, which is no letter. */
	good = (data[0] ? open_base64 : open_bytes)(token, key, server_name, data, len, now);
	if (!good)
		gnutls_memset(token, 0, sizeof(*token));
	return good;
}
