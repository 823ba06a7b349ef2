// SPDX-License-Identifier: GPL-2.0-only
/*
 * Datagrams that come many at a time, joined by the kernel (GSO, GRO) where it can: each
 * gets to where it belongs, whole, and in its order.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "talk.h"

#define CLIENTS		2
#define CHANNELS	2	/* of each client, with a peer each */
#define EACH		25	/* datagrams of a channel in a burst */
#define LEN		501	/* not what a stream would need no padding for */
#define ROUNDS		4

static struct talk talks[CLIENTS];
static union addr peers[CLIENTS][CHANNELS];
static int fds[CLIENTS][CHANNELS];

static int set_up(const struct wire *wire)
{
	for (int c = 0; c < CLIENTS; c++) {
		need(talk_open(&talks[c], wire));
		need(talk_allocate(&talks[c], AF_INET));
		for (int k = 0; k < CHANNELS; k++) {
			peers[c][k] = wire->peer;
			fds[c][k] = talk_peer(&peers[c][k]);
			expect(fds[c][k] >= 0, "no peer");
			expect_ok(talk_bind(&talks[c], 0x4000 + k, &peers[c][k]));
		}
	}
	return 0;
}

/* No two are the same. */
static void fill(uint8_t data[LEN], int client, int channel, int round, int number)
{
	memset(data, number, LEN);
	data[0] = client;
	data[1] = channel;
	data[2] = round;
}

/* In one system call, to be cut into pieces of @size. */
static int send_cut(int fd, const union addr *to, const void *data, size_t len, int size)
{
	ssize_t n;

	expect_ok(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)));
	n = sendto(fd, data, len, 0, to ? &to->sa : NULL, to ? addr_len(to) : 0);
	expect(n == (ssize_t)len, "not sent: %s", strerror(errno));
	size = 0;
	expect_ok(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)));
	return 0;
}

/* What is to be encrypted cannot be cut by the kernel. */
static int send_each(int fd, const uint8_t *data, unsigned int n, size_t size)
{
	for (unsigned int i = 0; i < n; i++)
		expect_ok(net_send(fd, data + i * size, size, WIRE_WAIT));
	return 0;
}

/* The channels take turns. */
static int burst_to_peers(int c, int round)
{
	static uint8_t burst[EACH * CHANNELS][504 + 4];
	struct talk *t = &talks[c];
	size_t size = t->stream ? sizeof(burst[0]) : 4 + LEN;

	memset(burst, 0, sizeof(burst));
	for (int i = 0; i < EACH * CHANNELS; i++) {
		uint8_t *message = (uint8_t *)burst + i * size;

		message[0] = 0x40;
		message[1] = i % CHANNELS;
		message[2] = LEN >> 8;
		message[3] = LEN & 0xff;
		fill(message + 4, c, i % CHANNELS, round, i / CHANNELS);
	}
	if (t->stream)
		return net_send(t->turn.control, burst, EACH * CHANNELS * size, WIRE_WAIT);
	if (t->dtls)
		return send_each(t->turn.control, burst[0], EACH * CHANNELS, size);
	return send_cut(t->turn.control, NULL, burst, EACH * CHANNELS * size, size);
}

static int to_peers(const struct wire *wire)
{
	uint8_t data[LEN];

	need(set_up(wire));
	for (int round = 0; round < ROUNDS; round++) {
		for (int c = 0; c < CLIENTS; c++)
			need(burst_to_peers(c, round));
		for (int i = 0; i < CLIENTS * CHANNELS * EACH; i++) {
			int c = i % CLIENTS, k = i / CLIENTS % CHANNELS;

			fill(data, c, k, round, i / (CLIENTS * CHANNELS));
			need(talk_peer_hears(fds[c][k], &talks[c].turn.relayed, data, LEN));
		}
	}
	return 0;
}

static int burst_to_client(int c, int k, int round)
{
	static uint8_t burst[EACH][LEN];

	for (int i = 0; i < EACH; i++)
		fill(burst[i], c, k, round, i);
	return send_cut(fds[c][k], &talks[c].turn.relayed, burst, sizeof(burst), LEN);
}

/* Between the channels of a client there is no order: each is counted by itself. */
static int client_hears(int c, int round)
{
	int next[CHANNELS] = { 0 };
	struct talk *t = &talks[c];
	uint8_t data[LEN];

	for (int i = 0; i < EACH * CHANNELS; i++) {
		int k;

		expect_ok(talk_hear(t, WIRE_WAIT));
		k = t->in[1];
		expect(t->in[0] == 0x40 && k < CHANNELS, "no ChannelData");
		expect((t->in[2] << 8 | t->in[3]) == LEN, "of %d bytes",
		       t->in[2] << 8 | t->in[3]);
		fill(data, c, k, round, next[k]++);
		expect(!memcmp(t->in + 4, data, LEN), "other data, or out of order");
	}
	return 0;
}

static int to_clients(const struct wire *wire)
{
	need(set_up(wire));
	for (int round = 0; round < ROUNDS; round++) {
		for (int c = 0; c < CLIENTS; c++)
			for (int k = 0; k < CHANNELS; k++)
				need(burst_to_client(c, k, round));
		for (int c = 0; c < CLIENTS; c++)
			need(client_hears(c, round));
	}
	return 0;
}

const struct wire_test burst_tests[] = {
	{ "datagrams", "bursts to peers, of two channels each", to_peers },
	{ "datagrams", "bursts to clients", to_clients },
	{ NULL, NULL, NULL },
};
