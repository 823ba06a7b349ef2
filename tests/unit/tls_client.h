/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other end of TLS in a test: GnuTLS as the client on a non-blocking socket.
 */
#ifndef KTURN_TLS_CLIENT_H
#define KTURN_TLS_CLIENT_H

#include <fcntl.h>

#include "certificate.h"
#include "tls_server.h"

static struct tls_server *open_server(void)
{
	const struct tls_settings settings = {
		.cert = certificate_path, .pkey = certificate_path,
	};
	struct tls_server *server;
	char why[256];

	assert_int_equal(tls_server_open(&server, &settings, why, sizeof(why)), 0);
	return server;
}

struct tls_client {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
};

/* @version: such as "VERS-TLS1.3". */
static void open_client(struct tls_client *client, int fd, const char *version)
{
	char priority[64];

	snprintf(priority, sizeof(priority), "NORMAL:-VERS-ALL:+%s", version);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	gnutls_certificate_allocate_credentials(&client->credentials);
	gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	assert_int_equal(gnutls_priority_set_direct(client->session, priority, NULL), 0);
	gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
	gnutls_transport_set_int(client->session, fd);
}

static void close_client(struct tls_client *client)
{
	gnutls_deinit(client->session);
	gnutls_certificate_free_credentials(client->credentials);
}

#endif
