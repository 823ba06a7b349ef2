// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "stun.h"

#define MAC_MAX STUN_INTEGRITY_SHA256_LEN

/* The two kinds of MESSAGE-INTEGRITY. */
static const struct kind {
	uint16_t type;
	uint16_t len;
	gnutls_mac_algorithm_t mac;
} sha1 = { STUN_ATTR_MESSAGE_INTEGRITY, STUN_INTEGRITY_LEN, GNUTLS_MAC_SHA1 },
sha256 = { STUN_ATTR_MESSAGE_INTEGRITY_SHA256, STUN_INTEGRITY_SHA256_LEN, GNUTLS_MAC_SHA256 };

/* HMAC over @len bytes, as if the message ended behind the attribute. */
static int hmac_message(const struct kind *kind, const uint8_t *data, size_t len,
			const void *key, size_t key_len, uint8_t *mac)
{
	uint16_t as_if = len - STUN_HEADER_LEN + STUN_ATTR_HEADER_LEN + kind->len;
	const uint8_t head[4] = { data[0], data[1], as_if >> 8, as_if };
	gnutls_hmac_hd_t hmac;

	if (gnutls_hmac_init(&hmac, kind->mac, key, key_len))
		return -EIO;
	gnutls_hmac(hmac, head, sizeof(head));
	gnutls_hmac(hmac, data + sizeof(head), len - sizeof(head));
	gnutls_hmac_deinit(hmac, mac);
	return 0;
}

bool stun_check_integrity(const struct stun_message *msg, const void *key, size_t key_len)
{
	const struct kind *kind = msg->integrity_sha256 ? &sha256 : &sha1;
	size_t at = msg->integrity_sha256 ? msg->integrity_sha256 : msg->integrity;
	uint8_t mac[MAC_MAX];

	if (!at || hmac_message(kind, msg->data, at, key, key_len, mac))
		return false;
	return !gnutls_memcmp(mac, msg->data + at + STUN_ATTR_HEADER_LEN, kind->len);
}

static void add(struct stun_builder *b, const struct kind *kind, const void *key,
		size_t key_len)
{
	size_t covered = b->len;
	uint8_t mac[MAC_MAX];

	if (b->overflow)
		return;
	if (hmac_message(kind, b->buf, covered, key, key_len, mac))
		b->overflow = true;
	else
		stun_add(b, kind->type, mac, kind->len);
}

void stun_add_integrity(struct stun_builder *b, const void *key, size_t key_len)
{
	add(b, &sha1, key, key_len);
}

void stun_add_integrity_sha256(struct stun_builder *b, const void *key, size_t key_len)
{
	add(b, &sha256, key, key_len);
}
