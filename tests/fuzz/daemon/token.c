// SPDX-License-Identifier: GPL-2.0-only
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <time.h>

#include "hold.h"
#include "token.h"
#include "user_set.h"

#define SERVER_NAME "turn.example.org"

static const struct oauth_key key = {
	.cipher = GNUTLS_CIPHER_AES_256_GCM,
	.bytes = "the key that both servers have",
};

/* Without a database, which would be another thread. */
void token_configure(struct config *config)
{
	config->oauth = true;
	config->server_name = strdup(SERVER_NAME);
	hold(config->server_name);
	hold(!user_set_add_oauth_key(config->users, NULL, TOKEN_KID, &key));
}

static void put_number(uint8_t *to, size_t len, uint64_t number)
{
	for (; len--; number >>= 8)
		to[len] = number;
}

size_t token_seal(uint8_t token[TOKEN_MAX], const uint8_t *plain, size_t len)
{
	const gnutls_datum_t secret = { (unsigned char *)key.bytes, sizeof(key.bytes) };
	gnutls_aead_cipher_hd_t cipher;
	size_t sealed = len + 16;

	put_number(token, 2, 12);
	memset(token + 2, 'n', 12);
	hold(!gnutls_aead_cipher_init(&cipher, key.cipher, &secret));
	hold(!gnutls_aead_cipher_encrypt(cipher, token + 2, 12, SERVER_NAME,
					 strlen(SERVER_NAME), 16, plain, len, token + 14,
					 &sealed));
	gnutls_aead_cipher_deinit(cipher);
	return 14 + sealed;
}

size_t token_issue(uint8_t token[TOKEN_MAX], unsigned int age, uint32_t lifetime)
{
	uint8_t plain[2 + TOKEN_KEY_LEN + 12];

	put_number(plain, 2, TOKEN_KEY_LEN);
	memcpy(plain + 2, TOKEN_KEY, TOKEN_KEY_LEN);
	put_number(plain + 2 + TOKEN_KEY_LEN, 8, (uint64_t)(time(NULL) - age) << 16);
	put_number(plain + 2 + TOKEN_KEY_LEN + 8, 4, lifetime);
	return token_seal(token, plain, sizeof(plain));
}
