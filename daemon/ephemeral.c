// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "ephemeral.h"

#define SHA1_LEN	20
#define EXPIRY_DIGITS	18	/* more do not fit a time_t for sure */

static bool read_expiry(time_t *expiry, const char *text, size_t len)
{
	if (!len || len > EXPIRY_DIGITS)
		return false;
	*expiry = 0;
	for (; len; len--, text++) {
		if (*text < '0' || *text > '9')
			return false;
		*expiry = 10 * *expiry + *text - '0';
	}
	return true;
}

bool ephemeral_parse(struct ephemeral *ephemeral, const char *name, char separator)
{
	const char *middle = strchr(name, separator);
	size_t len = strlen(name), first = middle ? (size_t)(middle - name) : len;

	*ephemeral = (struct ephemeral){ .account = name, .account_len = len };
	if (!middle)
		return read_expiry(&ephemeral->expiry, name, len);
	if (read_expiry(&ephemeral->expiry, name, first)) {
		ephemeral->account = middle + 1;
		ephemeral->account_len = len - first - 1;
		return true;
	}
	ephemeral->account_len = first;
	return read_expiry(&ephemeral->expiry, middle + 1, len - first - 1);
}

int ephemeral_key(struct credential_key *key, enum credential_algorithm algorithm,
		  const char *name, const char *realm, const char *secret)
{
	uint8_t mac[SHA1_LEN];
	const gnutls_datum_t raw = { mac, sizeof(mac) };
	gnutls_datum_t password;
	int err;

	if (gnutls_hmac_fast(GNUTLS_MAC_SHA1, secret, strlen(secret), name, strlen(name), mac))
		return -EIO;
	/* What comes out is terminated. */
	if (gnutls_base64_encode2(&raw, &password))
		return -ENOMEM;
	err = credential_key(key, algorithm, name, realm, (char *)password.data);
	gnutls_memset(password.data, 0, password.size);
	gnutls_free(password.data);
	return err;
}
