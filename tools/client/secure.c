// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ktls.h"
#include "net.h"
#include "secure.h"
#include "tunnel.h"

static int complain(const char *what, int err)
{
	fprintf(stderr, "TLS: %s: %s\n", what, gnutls_strerror(err));
	return -EPROTO;
}

static void complain_about_certificate(gnutls_session_t session)
{
	unsigned int status = gnutls_session_get_verify_cert_status(session);
	gnutls_datum_t text;

	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0))
		return;
	fprintf(stderr, "TLS: the server's certificate: %s\n", text.data);
	gnutls_free(text.data);
}

static int load_trust(gnutls_certificate_credentials_t credentials, const struct secure *secure)
{
	int n;

	if (!secure->check)
		return 0;
	n = secure->ca ? gnutls_certificate_set_x509_trust_file(credentials, secure->ca,
								 GNUTLS_X509_FMT_PEM)
		       : gnutls_certificate_set_x509_system_trust(credentials);
	return n < 0 ? complain(secure->ca ? secure->ca : "certificates to trust", n) : 0;
}

static int set_up(gnutls_session_t session, gnutls_certificate_credentials_t credentials,
		  const struct secure *secure, int fd)
{
	static unsigned char turn[] = "stun.turn";
	const gnutls_datum_t alpn = { turn, sizeof(turn) - 1 };
	int err;

	err = secure->priority ?
	      gnutls_priority_set_direct(session, secure->priority, NULL) :
	      gnutls_set_default_priority(session);
	if (err)
		return complain("priorities", err);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_alpn_set_protocols(session, &alpn, 1, 0);
	if (secure->check)
		gnutls_session_set_verify_cert(session, secure->name, 0);
	gnutls_transport_set_int(session, fd);
	return 0;
}

static int wait_for(gnutls_session_t session, int fd, int64_t deadline)
{
	struct pollfd pfd = {
		.fd = fd,
		.events = gnutls_record_get_direction(session) ? POLLOUT : POLLIN,
	};
	int64_t left = deadline - net_now();

	return poll(&pfd, 1, left > 0 ? left : 0) ? 0 : -ETIMEDOUT;
}

static int shake_hands(gnutls_session_t session, int fd, int timeout_ms)
{
	int64_t deadline = net_now() + timeout_ms;
	int err;

	while ((err = gnutls_handshake(session))) {
		if (gnutls_error_is_fatal(err))
			break;
		if (err == GNUTLS_E_AGAIN && wait_for(session, fd, deadline))
			return -ETIMEDOUT;
	}
	if (err == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		complain_about_certificate(session);
	if (err)
		gnutls_alert_send_appropriate(session, err);
	return err ? complain("handshake", err) : 0;
}

static int hand_to_kernel(gnutls_session_t session, int fd)
{
	int err = ktls_attach(fd);

	if (!err)
		err = ktls_set_keys(fd, session, KTLS_SENDING);
	if (!err)
		err = ktls_set_keys(fd, session, KTLS_RECEIVING);
	return err;
}

/* Return: the descriptor for the payload; @fd is used up on success only. */
static int go_on(gnutls_session_t session, int fd, bool kernel)
{
	int err;

	if (!kernel)
		return tunnel_open(session, fd);
	err = hand_to_kernel(session, fd);
	fcntl(fd, F_SETFL, 0);
	if (err)
		close(fd);
	return err ? err : fd;
}

static int open_session(gnutls_session_t session, gnutls_certificate_credentials_t credentials,
			int fd, const struct secure *secure, int timeout_ms)
{
	int err = set_up(session, credentials, secure, fd);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!err)
		err = shake_hands(session, fd, timeout_ms);
	if (!err)
		return go_on(session, fd, secure->kernel);
	close(fd);
	return err;
}

int secure_open(int fd, const struct secure *secure, int timeout_ms)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	int err;

	if (gnutls_certificate_allocate_credentials(&credentials)) {
		close(fd);
		return -ENOMEM;
	}
	err = load_trust(credentials, secure);
	if (err || gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
			       GNUTLS_NO_TICKETS)) {
		close(fd);
		gnutls_certificate_free_credentials(credentials);
		return err ? err : -ENOMEM;
	}
	fd = open_session(session, credentials, fd, secure, timeout_ms);
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(credentials);
	return fd;
}
