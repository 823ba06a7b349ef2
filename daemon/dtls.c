// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dtls.h"
#include "tls_server.h"

#define EMPTY_MAX	64	/* records without payload, in one datagram */
#define RETRANSMIT	1000	/* ms; doubled each time (RFC 6347, 4.2.4.1) */
#define TIMEOUT_MIN	20	/* ms */

/* Handshakes go through every line that IPv6 does; of payload the client decides. */
#define HANDSHAKE_MTU	1200
#define PAYLOAD_MTU	16384	/* the most that there is */

/* The header of a record (RFC 6347, 4.1). */
#define AT_MAJOR	1
#define AT_EPOCH	3
#define AT_LENGTH	11
#define HEADER_LEN	13
#define MAJOR_DTLS	254

/*
 * GnuTLS ends an association over what is no record at all, and anybody could send
 * that from a client's address.
 *
 * Return: the length of the record that the rest of the datagram begins with, or 0.
 */
static size_t record_length(const struct dtls *dtls)
{
	size_t len;

	if (dtls->in_len < HEADER_LEN || dtls->in[AT_MAJOR] != MAJOR_DTLS)
		return 0;
	len = HEADER_LEN + (dtls->in[AT_LENGTH] << 8 | dtls->in[AT_LENGTH + 1]);
	return len <= dtls->in_len ? len : 0;
}

/* After a handshake all is protected, with the keys of the first and only epoch. */
static bool has_epoch(const struct dtls *dtls)
{
	return !dtls->ready || (!dtls->in[AT_EPOCH] && dtls->in[AT_EPOCH + 1] == 1);
}

static void skip(struct dtls *dtls, size_t len)
{
	dtls->in += len;
	dtls->in_len -= len;
}

/* Return: the length of the next record that may be one of ours, or 0. */
static size_t next_record(struct dtls *dtls)
{
	size_t len;

	while ((len = record_length(dtls)) && !has_epoch(dtls))
		skip(dtls, len);
	if (!len)
		dtls->in_len = 0;
	return len;
}

/* A record at a time, as if each had come by itself. */
static ssize_t pull(gnutls_transport_ptr_t ptr, void *buf, size_t len)
{
	struct dtls *dtls = ptr;
	size_t n = next_record(dtls);

	if (!n) {
		dtls->dry = true;
		errno = EAGAIN;
		return -1;
	}
	if (len > n)
		len = n;
	memcpy(buf, dtls->in, len);
	skip(dtls, n);
	return len;
}

/* It never waits here, whatever time it names. */
static int has_record(gnutls_transport_ptr_t ptr, unsigned int ms)
{
	struct dtls *dtls = ptr;

	(void)ms;
	dtls->dry = !next_record(dtls);
	return !dtls->dry;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct dtls *dtls = ptr;

	dtls->send(data, len, dtls->arg);
	return len;
}

int dtls_open(struct dtls *dtls, struct tls_server *server,
	      gnutls_dtls_prestate_st *prestate, dtls_send_fn send, void *arg)
{
	*dtls = (struct dtls){ .send = send, .arg = arg };
	if (tls_server_begin(server, TLS_ON_DATAGRAMS, &dtls->session))
		return -ENOMEM;
	dtls->server = tls_server_get(server);
	gnutls_transport_set_ptr(dtls->session, dtls);
	gnutls_transport_set_pull_function(dtls->session, pull);
	gnutls_transport_set_pull_timeout_function(dtls->session, has_record);
	gnutls_transport_set_push_function(dtls->session, push);
	gnutls_dtls_prestate_set(dtls->session, prestate);
	gnutls_dtls_set_mtu(dtls->session, HANDSHAKE_MTU);
	gnutls_dtls_set_timeouts(dtls->session, RETRANSMIT, DTLS_PATIENCE);
	return 0;
}

void dtls_feed(struct dtls *dtls, const uint8_t *data, size_t len)
{
	dtls->in = data;
	dtls->in_len = len;
}

static int fail(struct dtls *dtls, const char *doing, int err)
{
	dtls->failed = true;
	if (err == GNUTLS_E_FATAL_ALERT_RECEIVED) {
		snprintf(dtls->why, sizeof(dtls->why), "%s: the client's alert: %s", doing,
			 gnutls_alert_get_name(gnutls_alert_get(dtls->session)));
		return -ECONNABORTED;
	}
	snprintf(dtls->why, sizeof(dtls->why), "%s: %s", doing, gnutls_strerror(err));
	/* Tells the client what is wrong, if the error is one that has an alert. */
	gnutls_alert_send_appropriate(dtls->session, err);
	return -EPROTO;
}

static bool is_dry(const struct dtls *dtls, ssize_t err)
{
	return dtls->dry && (err == GNUTLS_E_AGAIN || err == GNUTLS_E_INTERRUPTED);
}

int dtls_handshake(struct dtls *dtls)
{
	for (int i = 0; i < EMPTY_MAX; i++) {
		int err;

		dtls->dry = false;
		err = gnutls_handshake(dtls->session);
		if (!err) {
			dtls->ready = true;
			gnutls_dtls_set_mtu(dtls->session, PAYLOAD_MTU);
			return 0;
		}
		if (is_dry(dtls, err))
			return -EAGAIN;
		if (gnutls_error_is_fatal(err))
			return fail(dtls, "DTLS handshake", err);
	}
	return fail(dtls, "DTLS handshake", GNUTLS_E_TOO_MANY_HANDSHAKE_PACKETS);
}

unsigned int dtls_timeout(const struct dtls *dtls)
{
	unsigned int ms = gnutls_dtls_get_timeout(dtls->session);

	return ms > TIMEOUT_MIN ? ms : TIMEOUT_MIN;
}

bool dtls_began_with(const struct dtls *dtls, const uint8_t *random)
{
	gnutls_datum_t client = { NULL, 0 };

	gnutls_session_get_random(dtls->session, &client, NULL);
	return client.data && !memcmp(client.data, random, client.size);
}

ssize_t dtls_recv(struct dtls *dtls, void *buf, size_t len)
{
	for (int i = 0; i < EMPTY_MAX; i++) {
		ssize_t n;

		dtls->dry = false;
		n = gnutls_record_recv(dtls->session, buf, len);
		if (n >= 0)
			return n;
		if (is_dry(dtls, n))
			return -EAGAIN;
		if (gnutls_error_is_fatal(n))
			return fail(dtls, "DTLS", n);
	}
	/* What is left of it is lost, as datagrams may be. */
	dtls->in_len = 0;
	return -EAGAIN;
}

void dtls_send(struct dtls *dtls, const void *data, size_t len)
{
	if (dtls->ready && !dtls->failed)
		gnutls_record_send(dtls->session, data, len);
}

void dtls_close(struct dtls *dtls)
{
	if (dtls->ready && !dtls->failed)
		gnutls_bye(dtls->session, GNUTLS_SHUT_WR);
	gnutls_deinit(dtls->session);
	tls_server_put(dtls->server);
}
