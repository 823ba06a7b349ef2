/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A server of four workers, clients who have allocations that may move, and a peer;
 * after server_stage.h.
 */
#ifndef KTURN_MOBILITY_STAGE_H
#define KTURN_MOBILITY_STAGE_H

#include <string.h>

#include "challenge.h"
#include "ticket.h"

#define WORKERS	4
#define CHANNEL	0x4001

struct client {
	int fd;
	bool stream;
	const char *user;
	struct challenge challenge;
	uint8_t reply[2048];
	struct stun_message msg;
};

static uint8_t ticket[TICKET_LEN];
static int peer;
static union addr peer_addr;

static inline void start(char *option)
{
	find_port(&server_addr);
	START_SERVER("-L127.0.0.1", "--relay-threads=4", "--allow-loopback-peers", "-rr",
		     "-uu:p", "-ueve:p", option);
	find_port(&peer_addr);
	peer = udp_bind(&peer_addr, UDP_ALONE);
	assert_true(peer >= 0);
}

static inline int setup(void **state)
{
	(void)state;
	start("--mobility");
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	close(peer);
	stop_server();
	return 0;
}

static inline void hear(struct client *client)
{
	uint8_t *reply = client->reply;
	ssize_t len;

	if (client->stream) {
		get(client->fd, reply, STUN_HEADER_LEN);
		len = stun_length(reply);
		assert_in_range(len, STUN_HEADER_LEN, sizeof(client->reply));
		get(client->fd, reply + STUN_HEADER_LEN, len - STUN_HEADER_LEN);
	} else {
		len = get_some(client->fd, reply, sizeof(client->reply));
		assert_true(len > 0);
	}
	assert_int_equal(stun_parse(&client->msg, client->reply, len), 0);
}

/* Over UDP the same id would be the same request, and get the same answer. */
static inline void begin(struct stun_builder *b, uint16_t method)
{
	static uint8_t buf[1024], id[STUN_TRANSACTION_LEN];
	static uint32_t n;

	n++;
	memcpy(id, &n, sizeof(n));
	stun_begin(b, buf, sizeof(buf), STUN_REQUEST, method, id);
}

static inline unsigned int ask(struct client *client, struct stun_builder *b)
{
	challenge_answer(&client->challenge, client->user, b);
	put(client->fd, b);
	hear(client);
	return code_of(&client->msg);
}

static inline struct client open_client(const char *user, int type)
{
	struct client client = { .user = user, .stream = type == SOCK_STREAM };
	struct stun_builder b;

	client.fd = socket(AF_INET, type, 0);
	assert_int_equal(connect(client.fd, &server_addr.sa, addr_len(&server_addr)), 0);
	begin(&b, STUN_CREATE_PERMISSION);
	put(client.fd, &b);
	hear(&client);
	assert_int_equal(code_of(&client.msg), 401);
	assert_int_equal(challenge_take(&client.challenge, &client.msg, user, "p"), 0);
	return client;
}

static inline void take_ticket(const struct client *client)
{
	struct stun_attr attr;

	assert_true(stun_find(&client->msg, STUN_ATTR_MOBILITY_TICKET, &attr));
	assert_int_equal(attr.len, sizeof(ticket));
	assert_memory_not_equal(attr.value, ticket, sizeof(ticket));
	memcpy(ticket, attr.value, sizeof(ticket));
}

static inline unsigned int allocate(struct client *client, uint8_t transport, size_t ticket_len)
{
	struct stun_builder b;

	begin(&b, STUN_ALLOCATE);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, transport);
	stun_add(&b, STUN_ATTR_MOBILITY_TICKET, ticket, ticket_len);
	return ask(client, &b);
}

static inline unsigned int move_with(struct client *client, const uint8_t *with, size_t len,
			      uint32_t lifetime)
{
	struct stun_builder b;

	begin(&b, STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, lifetime);
	stun_add(&b, STUN_ATTR_MOBILITY_TICKET, with, len);
	return ask(client, &b);
}

static inline unsigned int move(struct client *client)
{
	return move_with(client, ticket, sizeof(ticket), 600);
}

static inline unsigned int refresh(struct client *client, uint32_t lifetime)
{
	struct stun_builder b;

	begin(&b, STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, lifetime);
	return ask(client, &b);
}

/* With a channel to the peer. Return: the relayed address. */
static union addr set_out(struct client *client)
{
	struct stun_builder b;
	struct stun_attr attr;
	union addr relayed;

	assert_int_equal(allocate(client, IPPROTO_UDP, 0), 0);
	take_ticket(client);
	assert_true(stun_find(&client->msg, STUN_ATTR_XOR_RELAYED_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&client->msg, &attr, &relayed), 0);
	begin(&b, STUN_CHANNEL_BIND);
	stun_add_u32(&b, STUN_ATTR_CHANNEL_NUMBER, CHANNEL << 16);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer_addr);
	assert_int_equal(ask(client, &b), 0);
	return relayed;
}

static inline void send_to_peer(const struct client *client)
{
	static const uint8_t data[] = { CHANNEL >> 8, CHANNEL & 0xff, 0, 4, 'p', 'i', 'n', 'g' };

	assert_int_equal(send(client->fd, data, sizeof(data), MSG_NOSIGNAL), sizeof(data));
}

static inline void check_peer_hears(const union addr *relayed)
{
	union addr from;
	socklen_t len = sizeof(from);
	time_t since = time(NULL);
	char data[16];
	ssize_t n;

	while ((n = recvfrom(peer, data, sizeof(data), MSG_DONTWAIT, &from.sa, &len)) < 0) {
		turn();
		assert_true(time(NULL) - since < PATIENCE);
	}
	assert_int_equal(n, 4);
	assert_memory_equal(data, "ping", 4);
	assert_true(addr_equal(&from, relayed));
}

static inline void check_hears_peer(const struct client *client, const union addr *relayed)
{
	uint8_t data[8];

	assert_int_equal(sendto(peer, "pong", 4, 0, &relayed->sa, addr_len(relayed)), 4);
	get(client->fd, data, sizeof(data));
	assert_memory_equal(data + 4, "pong", 4);
}

#endif
