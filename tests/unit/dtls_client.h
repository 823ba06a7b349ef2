/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other end of DTLS in a test: GnuTLS as the client on a socket of its own, whose
 * way can lose datagrams; after server_stage.h.
 */
#ifndef KTURN_DTLS_CLIENT_H
#define KTURN_DTLS_CLIENT_H

#include <gnutls/dtls.h>
#include <string.h>

/**
 * struct dtls_client
 * @seen: how many datagrams have come or gone
 * @lose: the number of the one to be lost, 0 for none
 * @last: the latest that has gone, of @last_len bytes
 * @hello: the latest ClientHello, of @hello_len bytes
 */
struct dtls_client {
	int fd;
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	unsigned int seen, lose;
	uint8_t last[2048], hello[2048];
	size_t last_len, hello_len;
};

static inline ssize_t client_push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
	struct dtls_client *client = ptr;
	const uint8_t *record = data;

	if (len <= sizeof(client->last)) {
		memcpy(client->last, data, len);
		client->last_len = len;
	}
	if (len > 13 && len <= sizeof(client->hello) && record[0] == 22 && record[13] == 1) {
		memcpy(client->hello, data, len);
		client->hello_len = len;
	}
	if (++client->seen == client->lose)
		return len;
	return send(client->fd, data, len, 0);
}

static inline ssize_t client_pull(gnutls_transport_ptr_t ptr, void *data, size_t len)
{
	struct dtls_client *client = ptr;
	ssize_t n = recv(client->fd, data, len, MSG_DONTWAIT);

	if (n < 0 || ++client->seen != client->lose)
		return n;
	errno = EAGAIN;
	return -1;
}

static inline int client_poll(gnutls_transport_ptr_t ptr, unsigned int ms)
{
	struct dtls_client *client = ptr;
	uint8_t byte;

	(void)ms;
	return recv(client->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0;
}

/* Begin on a socket; @protocol is that of ALPN. */
static inline void client_begin(struct dtls_client *client, int fd, const char *protocol)
{
	const gnutls_datum_t alpn = { (unsigned char *)protocol, strlen(protocol) };

	memset(client, 0, sizeof(*client));
	client->fd = fd;
	gnutls_certificate_allocate_credentials(&client->credentials);
	gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK);
	gnutls_set_default_priority(client->session);
	gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
	gnutls_alpn_set_protocols(client->session, &alpn, 1, 0);
	gnutls_transport_set_ptr(client->session, client);
	gnutls_transport_set_push_function(client->session, client_push);
	gnutls_transport_set_pull_function(client->session, client_pull);
	gnutls_transport_set_pull_timeout_function(client->session, client_poll);
	gnutls_dtls_set_timeouts(client->session, 100, PATIENCE * 1000);
}

static inline int open_socket(const union addr *to)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(connect(fd, &to->sa, addr_len(to)), 0);
	return fd;
}

/* A ClientHello as it comes first; returns its length. */
static inline size_t make_hello(struct dtls_client *client, const union addr *to)
{
	client_begin(client, open_socket(to), "stun.turn");
	assert_int_equal(gnutls_handshake(client->session), GNUTLS_E_AGAIN);
	assert_true(client->hello_len > 0);
	return client->hello_len;
}

/* Forget it, without a word to the server. */
static inline void client_forget(struct dtls_client *client)
{
	gnutls_deinit(client->session);
	gnutls_certificate_free_credentials(client->credentials);
}

/* Return: 0, or GnuTLS's error code. */
static inline int client_shake_hands(struct dtls_client *client)
{
	time_t start = time(NULL);
	int err;

	while ((err = gnutls_handshake(client->session)) && !gnutls_error_is_fatal(err)) {
		turn();
		assert_true(time(NULL) - start < PATIENCE);
	}
	gnutls_dtls_set_mtu(client->session, 16384);
	return err;
}

static inline void client_say(struct dtls_client *client, const void *data, size_t len)
{
	assert_int_equal(gnutls_record_send(client->session, data, len), len);
}

static inline void client_put(struct dtls_client *client, struct stun_builder *b)
{
	size_t len = stun_end(b);

	assert_true(len > 0);
	client_say(client, b->buf, len);
}

/* Return: as gnutls_record_recv() does, once there is something. */
static inline ssize_t client_hear(struct dtls_client *client, void *buf, size_t len)
{
	time_t start = time(NULL);
	ssize_t n;

	while ((n = gnutls_record_recv(client->session, buf, len)) < 0 &&
	       !gnutls_error_is_fatal(n)) {
		turn();
		assert_true(time(NULL) - start < PATIENCE);
	}
	return n;
}

#endif
