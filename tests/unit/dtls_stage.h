/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A worker that speaks DTLS, on a port of UDP's and on one of its own, and what clients
 * do with it; after server_stage.h.
 */
#ifndef KTURN_DTLS_STAGE_H
#define KTURN_DTLS_STAGE_H

#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "dtls_client.h"

#define worker (server.workers[0])
#define CHANNEL 0x4001

static union addr dtls_addr;

static inline void start(const char *option)
{
	char cert[96], port[48];

	find_port(&server_addr);
	do
		find_port(&dtls_addr);
	while (addr_equal(&dtls_addr, &server_addr));
	snprintf(cert, sizeof(cert), "--cert=%s", certificate_path);
	snprintf(port, sizeof(port), "--tls-listening-port=%u", addr_port(&dtls_addr));
	START_SERVER("-z", "-L127.0.0.1", "--relay-threads=1", "--allow-loopback-peers", cert,
		     port, (char *)option);
}

static inline int setup(void **state)
{
	(void)state;
	start("--max-strangers=8");
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	stop_server();
	return 0;
}

static inline void open_client(struct dtls_client *client, const union addr *to)
{
	client_begin(client, open_socket(to), "stun.turn");
	assert_int_equal(client_shake_hands(client), 0);
}

static inline void close_client(struct dtls_client *client)
{
	close(client->fd);
	client_forget(client);
}

static inline void turn_for_a_while(void)
{
	for (int i = 0; i < 20; i++) {
		turn();
		usleep(1000);
	}
}

static inline struct stun_message hear_response(struct dtls_client *client, uint8_t buf[2048])
{
	struct stun_message msg;
	ssize_t n = client_hear(client, buf, 2048);

	assert_true(n > 0);
	assert_int_equal(stun_parse(&msg, buf, n), 0);
	return msg;
}

static inline unsigned int ask(struct dtls_client *client, struct stun_builder *b)
{
	struct stun_message msg;
	uint8_t buf[2048];

	client_put(client, b);
	msg = hear_response(client, buf);
	return code_of(&msg);
}

static inline unsigned int ask_binding(struct dtls_client *client)
{
	struct stun_builder b;
	uint8_t buf[64];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, transaction);
	return ask(client, &b);
}

/* An allocation; its relayed address is in @relayed. */
static inline void allocate(struct dtls_client *client, union addr *relayed)
{
	struct stun_message msg;
	struct stun_builder b;
	struct stun_attr attr;
	uint8_t buf[2048];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
	client_put(client, &b);
	msg = hear_response(client, buf);
	assert_int_equal(code_of(&msg), 0);
	assert_true(stun_find(&msg, STUN_ATTR_XOR_RELAYED_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&msg, &attr, relayed), 0);
}

static inline unsigned int bind_channel(struct dtls_client *client, const union addr *peer)
{
	uint8_t buf[64], other[STUN_TRANSACTION_LEN] = "bindchannel!";
	struct stun_builder b;

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_CHANNEL_BIND, other);
	stun_add_u32(&b, STUN_ATTR_CHANNEL_NUMBER, CHANNEL << 16);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	return ask(client, &b);
}

static inline int open_peer(union addr *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	addr_parse(addr, "127.0.0.1");
	assert_int_equal(bind(fd, &addr->sa, addr_len(addr)), 0);
	assert_int_equal(getsockname(fd, &addr->sa, &len), 0);
	return fd;
}

/* A message of @len bytes over the channel, to the peer and back. */
static inline void exchange(struct dtls_client *client, int peer, const union addr *relayed, size_t len)
{
	static uint8_t message[20000], buf[20000];

	message[0] = CHANNEL >> 8;
	message[1] = CHANNEL & 0xff;
	message[2] = len >> 8;
	message[3] = len;
	for (size_t i = 0; i < len; i++)
		message[4 + i] = i * 3;
	client_say(client, message, 4 + len);
	assert_int_equal(get_some(peer, buf, sizeof(buf)), len);
	assert_memory_equal(buf, message + 4, len);
	assert_int_equal(sendto(peer, buf, len, 0, &relayed->sa, addr_len(relayed)), len);
	assert_int_equal(client_hear(client, buf, sizeof(buf)), 4 + len);
	assert_memory_equal(buf, message, 4 + len);
}

#endif
