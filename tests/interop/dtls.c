// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dtls.h"
#include "wire.h"

#define RECORD_MAX 16384

/* It ends with the process. */
struct tunnel {
	gnutls_session_t session;
	int plain, secure;
};

static void give_secure(struct tunnel *t)
{
	char data[RECORD_MAX];
	ssize_t n;

	while ((n = recv(t->plain, data, sizeof(data), MSG_DONTWAIT)) > 0)
		gnutls_record_send(t->session, data, n);
}

/* Return: whether there may be more. */
static bool give_plain(struct tunnel *t)
{
	char data[RECORD_MAX];
	ssize_t n;

	do {
		n = gnutls_record_recv(t->session, data, sizeof(data));
		if (n > 0)
			send(t->plain, data, n, 0);
	} while (n > 0);
	return n && !gnutls_error_is_fatal(n);
}

static void *run(void *arg)
{
	struct tunnel *t = arg;
	struct pollfd pfd[] = { { t->plain, POLLIN, 0 }, { t->secure, POLLIN, 0 } };

	do {
		poll(pfd, 2, -1);
		give_secure(t);
	} while (give_plain(t));
	close(t->plain);
	return NULL;
}

static int shake_hands(struct tunnel *t)
{
	static unsigned char turn[] = "stun.turn";
	const gnutls_datum_t alpn = { turn, sizeof(turn) - 1 };
	gnutls_certificate_credentials_t credentials;
	int err;

	gnutls_certificate_allocate_credentials(&credentials);
	gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_DATAGRAM);
	gnutls_set_default_priority(t->session);
	gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_alpn_set_protocols(t->session, &alpn, 1, GNUTLS_ALPN_MANDATORY);
	gnutls_transport_set_int(t->session, t->secure);
	gnutls_dtls_set_timeouts(t->session, 1000, WIRE_WAIT);
	do
		err = gnutls_handshake(t->session);
	while (err && !gnutls_error_is_fatal(err));
	if (err)
		printf("# DTLS handshake: %s\n", gnutls_strerror(err));
	gnutls_dtls_set_mtu(t->session, RECORD_MAX);
	return err ? -EPROTO : 0;
}

int dtls_tunnel(const union addr *server)
{
	struct tunnel *t = malloc(sizeof(*t));
	pthread_t thread;
	int pair[2];

	t->secure = socket(server->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->secure < 0 || connect(t->secure, &server->sa, addr_len(server)) ||
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	if (shake_hands(t))
		return -EPROTO;
	/* From now on it never waits in there. */
	fcntl(t->secure, F_SETFL, O_NONBLOCK);
	t->plain = pair[1];
	if (pthread_create(&thread, NULL, run, t))
		return -ENOMEM;
	pthread_detach(thread);
	return pair[0];
}
