/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all TLS connections of the server have in common, and those of DTLS: its
 * certificate and key, and the versions and ciphers that it accepts.
 */
#ifndef KTURN_TLS_SERVER_H
#define KTURN_TLS_SERVER_H

#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct tls_settings - what the administrator has to say
 * @cert: PEM file, the server's certificate and those that lead to its root
 * @pkey: PEM file, its private key
 * @password: of an encrypted key, or NULL
 * @ciphers: a priority string of GnuTLS, or NULL for ours
 * @no_tls1_2: TLS 1.3 only; DTLS is not meant
 */
struct tls_settings {
	const char *cert, *pkey, *password;
	const char *ciphers;
	bool no_tls1_2;
};

/**
 * struct tls_server - counted references, of any thread: a connection keeps the
 * one that it has begun with, while others begin with the next
 */
struct tls_server {
	atomic_uint refs;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority, priority_dtls;
};

enum tls_below { TLS_ON_A_STREAM, TLS_ON_DATAGRAMS };

/**
 * tls_server_open() - load certificate and key; the caller has one reference
 * @why: gets a sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int tls_server_open(struct tls_server **server, const struct tls_settings *settings,
		    char *why, size_t why_len);

/**
 * tls_server_get() - take one more reference; NULL stays NULL
 */
struct tls_server *tls_server_get(struct tls_server *server);

/**
 * tls_server_put() - give a reference back, the last of which frees it; NULL is none
 */
void tls_server_put(struct tls_server *server);

#define TLS_FINGERPRINT_LEN 65

/**
 * tls_server_fingerprint() - write down the SHA-256 of the certificate, in hexadecimal
 *
 * Return: @text, empty if it cannot be told.
 */
const char *tls_server_fingerprint(const struct tls_server *server,
				   char text[TLS_FINGERPRINT_LEN]);

/**
 * tls_server_begin() - begin with a client
 * @session: gets a session of GnuTLS, never to block, that only lacks a transport
 *
 * Return: 0, or an error code of GnuTLS; then there is no session.
 */
int tls_server_begin(const struct tls_server *server, enum tls_below below,
		     gnutls_session_t *session);

/**
 * tls_log_established() - say what a handshake has agreed on, to who wants to know
 * @client: who it is
 */
void tls_log_established(gnutls_session_t session, const char *client);

/**
 * tls_ciphers_check() - try a priority string
 *
 * Return: NULL, or the place in it that GnuTLS does not understand.
 */
const char *tls_ciphers_check(const char *ciphers);

#endif
