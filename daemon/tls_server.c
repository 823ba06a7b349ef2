// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <gnutls/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "log_limit.h"
#include "macros.h"
#include "tls_server.h"

/*
 * Forward secrecy, and ciphers that authenticate, which are also those that
 * the kernel knows.
 */
#define CIPHERS "NORMAL:-RSA:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"

/* Whatever the administrator's string says of versions comes before ours. */
#define VERSION_1_3 ":+VERS-TLS1.3"
#define VERSIONS VERSION_1_3 ":+VERS-TLS1.2"
#define VERSION_DTLS ":+VERS-DTLS1.2"

static int set_priority(gnutls_priority_t *priority, const char *ciphers,
			const char *versions, const char **where)
{
	char text[1024];
	int len = snprintf(text, sizeof(text), "%s:-VERS-ALL%s:%%SERVER_PRECEDENCE",
			   ciphers ? ciphers : CIPHERS, versions);

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
	if (set_priority(&priority, ciphers, VERSIONS, NULL))
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

static int set_priorities(struct tls_server *server, const struct tls_settings *settings)
{
	const char *versions = settings->no_tls1_2 ? VERSION_1_3 : VERSIONS;
	int err = set_priority(&server->priority, settings->ciphers, versions, NULL);

	return err ? err : set_priority(&server->priority_dtls, settings->ciphers,
					VERSION_DTLS, NULL);
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
	if (!err && set_priorities(server, settings)) {
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
	if (server->priority_dtls)
		gnutls_priority_deinit(server->priority_dtls);
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

/*
 * A client that asks for another protocol has come to the wrong server, and
 * may have been sent here to do harm: it is refused.
 */
static int set_alpn(gnutls_session_t session)
{
	static unsigned char turn[] = "stun.turn", discovery[] = "stun.nat-discovery";
	const gnutls_datum_t protocols[] = {
		{ turn, sizeof(turn) - 1 }, { discovery, sizeof(discovery) - 1 },
	};

	return gnutls_alpn_set_protocols(session, protocols, ARRAY_SIZE(protocols),
					 GNUTLS_ALPN_MANDATORY);
}

int tls_server_begin(const struct tls_server *server, enum tls_below below,
		     gnutls_session_t *session)
{
	bool datagrams = below == TLS_ON_DATAGRAMS;
	/*
	 * No tickets: the server has nothing to say after the handshake but
	 * payload, and the kernel can go on at any record.
	 */
	int err = gnutls_init(session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
			      GNUTLS_NO_TICKETS | (datagrams ? GNUTLS_DATAGRAM : 0));

	if (err) {
		*session = NULL;
		return err;
	}
	err = gnutls_priority_set(*session, datagrams ? server->priority_dtls
						      : server->priority);
	if (!err)
		err = gnutls_credentials_set(*session, GNUTLS_CRD_CERTIFICATE,
					     server->credentials);
	if (!err)
		err = set_alpn(*session);
	if (err) {
		gnutls_deinit(*session);
		*session = NULL;
	}
	return err;
}

void tls_log_established(gnutls_session_t session, const char *client)
{
	gnutls_datum_t alpn = { NULL, 0 };

	gnutls_alpn_get_selected_protocol(session, &alpn);
	log_stranger("tls established", "client=%s version=%s cipher=%s alpn=%.*s", client,
		     gnutls_protocol_get_name(gnutls_protocol_get_version(session)),
		     gnutls_cipher_get_name(gnutls_cipher_get(session)),
		     alpn.size ? (int)alpn.size : 1, alpn.size ? (char *)alpn.data : "-");
}
