// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "addr.h"
#include "counters.h"
#include "ktls.h"
#include "log.h"
#include "tls.h"
#include "tls_server.h"

#define EMPTY_MAX 64	/* records without payload, in one go */

/*
 * Bytes without any payload: a handshake, or what looks like one. GnuTLS keeps
 * all of a message that says it is long.
 */
#define QUIET_MAX (64 * 1024)

/*
 * A client that does not read may make TLS say something all the same, such as that it
 * does not want new keys. More than the stream lets wait, with what TLS adds to it.
 */
#define OUTPUT_MAX (256 * 1024)

#define RECORD_ALERT 21	/* a ContentType (RFC 8446, 5.1) */

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t record_len(const struct tls *tls)
{
	return tls->head[3] << 8 | tls->head[4];
}

/* What was read belongs to the record in hand: to its header, or to its body. */
static void note_read(struct tls *tls, const uint8_t *data, size_t len)
{
	tls->quiet += len;
	if (tls->body_left) {
		if (record_len(tls) == sizeof(tls->alert))
			memcpy(tls->alert + sizeof(tls->alert) - tls->body_left, data, len);
		tls->body_left -= len;
		return;
	}
	memcpy(tls->head + tls->head_have, data, len);
	tls->head_have += len;
	if (tls->head_have < sizeof(tls->head))
		return;
	tls->head_have = 0;
	tls->body_left = record_len(tls);
}

/* Whatever GnuTLS asks for, it gets no byte of the record behind. */
static ssize_t pull(gnutls_transport_ptr_t ptr, void *buf, size_t len)
{
	struct tls *tls = ptr;
	size_t left = tls->body_left ? tls->body_left : sizeof(tls->head) - tls->head_have;
	ssize_t n = -1;

	if (tls->quiet < QUIET_MAX)
		n = recv(tls->fd, buf, min_size(len, left), 0);
	else
		errno = EMSGSIZE;
	if (n > 0)
		note_read(tls, buf, n);
	else if (n < 0)
		tls->error = errno;
	return n;
}

/* GnuTLS also wants to be called again when the socket has more. */
static bool is_dry(const struct tls *tls, int err)
{
	return err == GNUTLS_E_AGAIN && tls->error == EAGAIN;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct tls *tls = ptr;

	if (evbuffer_get_length(tls->output) < OUTPUT_MAX &&
	    !evbuffer_add(tls->output, data, len))
		return len;
	errno = ENOMEM;
	return -1;
}

static int set_up(struct tls *tls)
{
	int err = tls_server_begin(tls->server, TLS_ON_A_STREAM, &tls->session);

	if (err)
		return err;
	gnutls_transport_set_ptr(tls->session, tls);
	gnutls_transport_set_pull_function(tls->session, pull);
	gnutls_transport_set_push_function(tls->session, push);
	return 0;
}

struct tls *tls_open(struct tls_server *server, int fd, struct evbuffer *output)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return NULL;
	tls->fd = fd;
	tls->output = output;
	tls->server = tls_server_get(server);
	tls->early = evbuffer_new();
	if (tls->early && !set_up(tls))
		return tls;
	tls_close(tls);
	return NULL;
}

struct tls *tls_restore(int fd, struct evbuffer *output)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return NULL;
	tls->fd = fd;
	tls->output = output;
	tls->ready = tls->kernel_rx = tls->kernel_tx = true;
	tls->early = evbuffer_new();
	if (tls->early)
		return tls;
	tls_close(tls);
	return NULL;
}

void tls_set_output(struct tls *tls, struct evbuffer *output)
{
	tls->output = output;
}

static bool is_alert(int err)
{
	return err == GNUTLS_E_FATAL_ALERT_RECEIVED || err == GNUTLS_E_WARNING_ALERT_RECEIVED;
}

/*
 * A client that gives up before it has sent anything of its own under the new keys, as
 * OpenSSL's does that finds no reason to trust us, says so in the clear. To GnuTLS that is
 * a record which cannot be decrypted. It may be anybody's; but so may a reset.
 *
 * Return: its name, or NULL if it is no alert.
 */
static const char *alert_name(const struct tls *tls, int err)
{
	const char *name;

	if (is_alert(err))
		name = gnutls_alert_get_name(gnutls_alert_get(tls->session));
	else if (err == GNUTLS_E_DECRYPTION_FAILED && !tls->ready &&
		 tls->head[0] == RECORD_ALERT && record_len(tls) == sizeof(tls->alert))
		name = gnutls_alert_get_name(tls->alert[1]);
	else
		return NULL;
	return name ? name : "unknown";
}

/* What really went wrong; GnuTLS speaks of "the pull function" at times. */
static const char *cause(const struct tls *tls, int err)
{
	switch (err) {
	case GNUTLS_E_PULL_ERROR:
		return strerror(tls->error);
	case GNUTLS_E_PREMATURE_TERMINATION:
		return "closed by the client";
	default:
		return gnutls_strerror(err);
	}
}

static int truncated(struct tls *tls)
{
	snprintf(tls->why, sizeof(tls->why), "closed by the client, without close_notify");
	return -ENODATA;
}

/* Return: -ECONNABORTED for an alert, else -EPROTO. */
static int fail(struct tls *tls, const char *doing, int err)
{
	const char *alert = alert_name(tls, err);

	if (alert) {
		snprintf(tls->why, sizeof(tls->why), "%s: the client's alert: %s", doing, alert);
		return -ECONNABORTED;
	}
	snprintf(tls->why, sizeof(tls->why), "%s: %s", doing, cause(tls, err));
	/* Tells the client what is wrong, if the error is one that has an alert. */
	gnutls_alert_send_appropriate(tls->session, err);
	return -EPROTO;
}

static void log_established(const struct tls *tls)
{
	char client[ADDR_STR_LEN] = "?";
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	union addr addr;

	if (!getpeername(tls->fd, (struct sockaddr *)&ss, &len) &&
	    !addr_from_sockaddr(&addr, (struct sockaddr *)&ss))
		addr_str(&addr, client);
	tls_log_established(tls->session, client);
}

static int shake_hands(struct tls *tls)
{
	for (int i = 0; i < EMPTY_MAX; i++) {
		int err;

		tls->error = 0;
		err = gnutls_handshake(tls->session);
		if (!err) {
			tls->ready = true;
			count(COUNT_TLS_ESTABLISHED);
			log_established(tls);
			return 0;
		}
		if (is_dry(tls, err))
			return -EAGAIN;
		if (gnutls_error_is_fatal(err))
			return fail(tls, "TLS handshake", err);
	}
	return fail(tls, "TLS handshake", GNUTLS_E_TOO_MANY_HANDSHAKE_PACKETS);
}

int tls_handshake(struct tls *tls)
{
	int err = shake_hands(tls);

	if (err && err != -EAGAIN)
		count(COUNT_TLS_FAILED);
	return err;
}

/* A client may ask, TLS 1.3 has done away with it, and nobody needs it. */
static int refuse_renegotiation(struct tls *tls)
{
	return gnutls_alert_send(tls->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
}

static ssize_t recv_records(struct tls *tls, void *buf, size_t len)
{
	for (int i = 0; i < EMPTY_MAX; i++) {
		ssize_t n;

		tls->error = 0;
		n = gnutls_record_recv(tls->session, buf, len);
		if (n > 0)
			tls->quiet = 0;
		if (n >= 0)
			return n;
		if (n == GNUTLS_E_PREMATURE_TERMINATION)
			return truncated(tls);
		if (n == GNUTLS_E_PULL_ERROR)
			return -tls->error;
		if (is_dry(tls, n))
			return -EAGAIN;
		if (n == GNUTLS_E_REHANDSHAKE)
			n = refuse_renegotiation(tls);
		if (gnutls_error_is_fatal(n))
			return fail(tls, "TLS", n);
	}
	return fail(tls, "TLS", GNUTLS_E_TOO_MANY_EMPTY_PACKETS);
}

static int fail_kernel(struct tls *tls, int err, const char *why)
{
	snprintf(tls->why, sizeof(tls->why), "TLS: %s", why);
	return err;
}

static int take_alert(struct tls *tls, const uint8_t *alert, size_t len)
{
	if (ktls_is_close_notify(alert, len))
		return 0;
	snprintf(tls->why, sizeof(tls->why), "TLS: the client's alert: %s",
		 len == 2 ? gnutls_alert_get_name(alert[1]) : "malformed");
	return -ECONNABORTED;
}

static ssize_t recv_from_kernel(struct tls *tls, void *buf, size_t len, int flags)
{
	unsigned char type;
	ssize_t n = ktls_recv(tls->fd, buf, len, flags, &type);

	if (n == -EBADMSG)
		return fail_kernel(tls, -EPROTO, "a record that was tampered with");
	if (n < 0)
		return n;
	switch (type) {
	case KTLS_DATA:
		return n ? n : truncated(tls);
	case KTLS_ALERT:
		return take_alert(tls, buf, n);
	case KTLS_HANDSHAKE:
		return fail_kernel(tls, -EKEYEXPIRED, "new keys, which the kernel cannot follow");
	default:
		return fail_kernel(tls, -EPROTO, "a record of an unknown type");
	}
}

ssize_t tls_recv(struct tls *tls, void *buf, size_t len)
{
	if (evbuffer_get_length(tls->early))
		return evbuffer_remove(tls->early, buf, len);
	if (tls->kernel_rx)
		return recv_from_kernel(tls, buf, len, 0);
	return recv_records(tls, buf, len);
}

ssize_t tls_peek(struct tls *tls, void *buf, size_t len)
{
	return recv_from_kernel(tls, buf, len, MSG_PEEK);
}

size_t tls_pending(const struct tls *tls)
{
	return evbuffer_get_length(tls->early) +
	       (tls->kernel_rx ? 0 : gnutls_record_check_pending(tls->session));
}

struct evbuffer *tls_early(struct tls *tls)
{
	struct evbuffer_iovec space;
	size_t len;

	while (!tls->kernel_rx && (len = gnutls_record_check_pending(tls->session))) {
		if (evbuffer_reserve_space(tls->early, len, &space, 1) != 1)
			return NULL;
		space.iov_len = gnutls_record_recv(tls->session, space.iov_base, len);
		evbuffer_commit_space(tls->early, &space, 1);
	}
	return tls->early;
}

int tls_send(struct tls *tls, const void *data, size_t len)
{
	const uint8_t *at = data;

	if (tls->kernel_tx)
		return evbuffer_add(tls->output, data, len) ? -ENOMEM : 0;
	while (len) {
		ssize_t n = gnutls_record_send(tls->session, at, len);

		if (n < 0)
			return n == GNUTLS_E_PUSH_ERROR ? -ENOMEM : fail(tls, "TLS", n);
		at += n;
		len -= n;
	}
	return 0;
}

int tls_bye(struct tls *tls)
{
	int err;

	if (tls->kernel_tx)
		return ktls_close_notify(tls->fd);
	err = gnutls_bye(tls->session, GNUTLS_SHUT_WR);
	return err ? fail(tls, "TLS", err) : 0;
}

/* Of a record that has been read in part, the kernel would not see the rest. */
static bool is_between_records(const struct tls *tls)
{
	return !tls->head_have && !tls->body_left && !tls_pending(tls) &&
	       (!tls->output || !evbuffer_get_length(tls->output));
}

int tls_offload(struct tls *tls)
{
	int err;

	if (tls_is_in_kernel(tls))
		return 0;
	err = is_between_records(tls) ? ktls_attach(tls->fd) : -EBUSY;
	if (!err)
		err = ktls_set_keys(tls->fd, tls->session, KTLS_SENDING);
	if (err)
		return err;
	tls->kernel_tx = true;
	err = ktls_set_keys(tls->fd, tls->session, KTLS_RECEIVING);
	if (!err)
		tls->kernel_rx = true;
	return err;
}

const char *tls_why(const struct tls *tls, int err)
{
	return *tls->why ? tls->why : strerror(err);
}

void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->session)
		gnutls_deinit(tls->session);
	if (tls->early)
		evbuffer_free(tls->early);
	tls_server_put(tls->server);
	free(tls);
}
