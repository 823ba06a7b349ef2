// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls_server.h"

/*
 * Forward secrecy, and ciphers that authenticate, which are also those that
 * the kernel knows.
 */
#define CIPHERS "NORMAL:-RSA:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"

/* Whatever the administrator's string says of versions comes before ours. */
#define VERSIONS ":-VERS-ALL:+VERS-TLS1.3"
#define OLDER ":+VERS-TLS1.2"

static int set_priority(gnutls_priority_t *priority, const char *ciphers, bool no_tls1_2,
			const char **where)
{
	char text[1024];
	int len = snprintf(text, sizeof(text), "%s" VERSIONS "%s:%%SERVER_PRECEDENCE",
			   ciphers ? ciphers : CIPHERS, no_tls1_2 ? "" : OLDER);

	if ((size_t)len >= sizeof(text))
		return GNUTLS_E_INVALID_REQUEST;
	return gnutls_priority_init(priority, text, where);
}

const char *tls_ciphers_check(const char *ciphers)
{
	gnutls_priority_t priority;
	const char *where = ciphers;

	/* Alone first: then the place that it names is in the caller's string. */
	if (gnutls_priority_init(&priority, ciphers, &where))
		return where;
	gnutls_priority_deinit(priority);
	if (set_priority(&priority, ciphers, false, NULL))
		return ciphers;
	gnutls_priority_deinit(priority);
	return NULL;
}

static int load(struct tls_server *server, const struct tls_settings *settings,
		char *why, size_t why_len)
{
	int err = gnutls_certificate_set_x509_key_file2(server->credentials, settings->cert,
							settings->pkey, GNUTLS_X509_FMT_PEM,
							settings->password, 0);

	if (err >= 0)
		return 0;
	snprintf(why, why_len, "%s with the key %s: %s", settings->cert, settings->pkey,
		 gnutls_strerror(err));
	return -EINVAL;
}

int tls_server_open(struct tls_server **out, const struct tls_settings *settings,
		    char *why, size_t why_len)
{
	struct tls_server *server = calloc(1, sizeof(*server));
	int err;

	if (!server || gnutls_certificate_allocate_credentials(&server->credentials)) {
		snprintf(why, why_len, "no memory");
		free(server);
		return -ENOMEM;
	}
	atomic_init(&server->refs, 1);
	err = load(server, settings, why, why_len);
	if (!err && set_priority(&server->priority, settings->ciphers, settings->no_tls1_2,
				 NULL)) {
		snprintf(why, why_len, "no such ciphers");
		err = -EINVAL;
	}
	if (err) {
		tls_server_put(server);
		return err;
	}
	gnutls_certificate_set_known_dh_params(server->credentials, GNUTLS_SEC_PARAM_MEDIUM);
	*out = server;
	return 0;
}

struct tls_server *tls_server_get(struct tls_server *server)
{
	if (server)
		atomic_fetch_add(&server->refs, 1);
	return server;
}

void tls_server_put(struct tls_server *server)
{
	if (!server || atomic_fetch_sub(&server->refs, 1) > 1)
		return;
	if (server->priority)
		gnutls_priority_deinit(server->priority);
	gnutls_certificate_free_credentials(server->credentials);
	free(server);
}

const char *tls_server_fingerprint(const struct tls_server *server,
				   char text[TLS_FINGERPRINT_LEN])
{
	gnutls_datum_t raw;
	uint8_t hash[TLS_FINGERPRINT_LEN / 2];

	*text = '\0';
	if (gnutls_certificate_get_crt_raw(server->credentials, 0, 0, &raw) ||
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, raw.data, raw.size, hash))
		return text;
	for (size_t i = 0; i < sizeof(hash); i++)
		sprintf(text + 2 * i, "%02x", hash[i]);
	return text;
}
