/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all TLS connections of the server have in common: its certificate and
 * key, and the versions and ciphers that it accepts.
 */
#ifndef KTURN_TLS_SERVER_H
#define KTURN_TLS_SERVER_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct tls_settings - what the administrator has to say
 * @cert: PEM file, the server's certificate and those that lead to its root
 * @pkey: PEM file, its private key
 * @password: of an encrypted key, or NULL
 * @ciphers: a priority string of GnuTLS, or NULL for ours
 * @no_tls1_2: TLS 1.3 only
 */
struct tls_settings {
	const char *cert, *pkey, *password;
	const char *ciphers;
	bool no_tls1_2;
};

struct tls_server {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
};

/**
 * tls_server_open() - load certificate and key
 * @why: gets a sentence on failure
 *
 * Return: 0 or a negative errno.
 */
int tls_server_open(struct tls_server **server, const struct tls_settings *settings,
		    char *why, size_t why_len);

/**
 * tls_server_close() - free it; no connection may be left. NULL is none.
 */
void tls_server_close(struct tls_server *server);

/**
 * tls_ciphers_check() - try a priority string
 *
 * Return: NULL, or the place in it that GnuTLS does not understand.
 */
const char *tls_ciphers_check(const char *ciphers);

#endif
