// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "ticket.h"

#define CIPHER		GNUTLS_CIPHER_AES_256_SIV
#define CONTENT_LEN	8
#define TAG_LEN		16
#define RAW_LEN		(CONTENT_LEN + TAG_LEN)

_Static_assert(TICKET_LEN == RAW_LEN / 3 * 4, "the length of base64");

/* SIV needs none: what is sealed differs. */
static const uint8_t nonce[16];

int ticket_key_make(struct ticket_key *key)
{
	return gnutls_rnd(GNUTLS_RND_KEY, key->bytes, sizeof(key->bytes)) ? -EIO : 0;
}

static int open_cipher(gnutls_aead_cipher_hd_t *cipher, const struct ticket_key *key)
{
	const gnutls_datum_t datum = { (uint8_t *)key->bytes, sizeof(key->bytes) };

	return gnutls_aead_cipher_init(cipher, CIPHER, &datum) ? -EIO : 0;
}

static void write_content(uint8_t content[CONTENT_LEN], const struct ticket *ticket)
{
	uint64_t word = (uint64_t)ticket->worker << 56 | ticket->number << 16 | ticket->moves;

	for (int i = CONTENT_LEN; i--; word >>= 8)
		content[i] = word;
}

static void read_content(const uint8_t content[CONTENT_LEN], struct ticket *ticket)
{
	uint64_t word = 0;

	for (int i = 0; i < CONTENT_LEN; i++)
		word = word << 8 | content[i];
	*ticket = (struct ticket){ word >> 56, word << 8 >> 24, word };
}

static int encode(const uint8_t raw[RAW_LEN], uint8_t sealed[TICKET_LEN])
{
	const gnutls_datum_t from = { (uint8_t *)raw, RAW_LEN };
	gnutls_datum_t to;

	if (gnutls_base64_encode2(&from, &to))
		return -EIO;
	memcpy(sealed, to.data, TICKET_LEN);
	gnutls_free(to.data);
	return 0;
}

static int decode(const void *sealed, uint8_t raw[RAW_LEN])
{
	const gnutls_datum_t from = { (uint8_t *)sealed, TICKET_LEN };
	gnutls_datum_t to;
	int err = 0;

	if (gnutls_base64_decode2(&from, &to))
		return -EBADMSG;
	if (to.size == RAW_LEN)
		memcpy(raw, to.data, RAW_LEN);
	else
		err = -EBADMSG;
	gnutls_free(to.data);
	return err;
}

int ticket_seal(const struct ticket_key *key, const struct ticket *ticket,
		uint8_t sealed[TICKET_LEN])
{
	uint8_t content[CONTENT_LEN], raw[RAW_LEN];
	gnutls_aead_cipher_hd_t cipher;
	size_t len = sizeof(raw);
	int err;

	if (open_cipher(&cipher, key))
		return -EIO;
	write_content(content, ticket);
	err = gnutls_aead_cipher_encrypt(cipher, nonce, sizeof(nonce), NULL, 0, TAG_LEN,
					 content, sizeof(content), raw, &len);
	gnutls_aead_cipher_deinit(cipher);
	return err || len != sizeof(raw) ? -EIO : encode(raw, sealed);
}

int ticket_open(const struct ticket_key *key, const void *sealed, size_t len,
		struct ticket *ticket)
{
	uint8_t content[CONTENT_LEN], raw[RAW_LEN];
	size_t content_len = sizeof(content);
	gnutls_aead_cipher_hd_t cipher;
	int err;

	if (len != TICKET_LEN || decode(sealed, raw) || open_cipher(&cipher, key))
		return -EBADMSG;
	err = gnutls_aead_cipher_decrypt(cipher, nonce, sizeof(nonce), NULL, 0, TAG_LEN, raw,
					 sizeof(raw), content, &content_len);
	gnutls_aead_cipher_deinit(cipher);
	if (err || content_len != sizeof(content))
		return -EBADMSG;
	read_content(content, ticket);
	return 0;
}
