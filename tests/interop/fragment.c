// SPDX-License-Identifier: GPL-2.0-only
/*
 * DF, as it stands in the packets that leave the server (RFC 8656, 13 to 15).
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "talk.h"

#define CHANNEL		0x4321
#define SERVER6		"2001:db8:77::1"

static struct talk talk;
static int fd, eye;
static union addr peer;

/* A client with an allocation, a peer, and a look at every IPv4 packet. */
static int set_up(const struct wire *wire)
{
	peer = wire->peer;
	fd = talk_peer(&peer);
	expect(fd >= 0, "no peer");
	eye = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	expect(eye >= 0, "no packets: %s", strerror(errno));
	need(talk_open(&talk, wire));
	need(talk_allocate(&talk, AF_INET));
	expect_ok(talk_bind(&talk, CHANNEL, &peer));
	return 0;
}

/* Return: frag_off of the next packet to an address, as it leaves; -1 if there is none. */
static int frag_off_towards(const union addr *to)
{
	int64_t until = net_now() + WIRE_WAIT;

	while (net_now() < until) {
		struct { struct iphdr ip; struct udphdr udp; } head;
		struct sockaddr_ll from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(eye, &head, sizeof(head), MSG_DONTWAIT,
				     (struct sockaddr *)&from, &len);

		if (n < 0)
			poll(&(struct pollfd){ eye, POLLIN, 0 }, 1, 100);
		else if (n == sizeof(head) && from.sll_pkttype == PACKET_OUTGOING &&
			 from.sll_protocol == htons(ETH_P_IP) &&
			 head.ip.protocol == IPPROTO_UDP &&
			 head.ip.daddr == to->v4.sin_addr.s_addr &&
			 head.udp.dest == htons(addr_port(to)))
			return ntohs(head.ip.frag_off);
	}
	return -1;
}

/* What the peer gets of the message that was sent last. */
static int expect_df_of(const char *text, bool df)
{
	int off = frag_off_towards(&peer);

	expect(off >= 0, "no packet");
	expect(!!(off & IP_DF) == df, "frag_off %04x", off);
	expect(!(off & ~IP_DF), "in fragments: %04x", off);
	return talk_peer_hears(fd, &talk.turn.relayed, text, strlen(text));
}

static int expect_df(bool df)
{
	return expect_df_of("data", df);
}

/* It is for that indication alone. */
static int as_asked_for(const struct wire *wire)
{
	need(set_up(wire));
	for (int i = 0; i < 3; i++) {
		expect_ok(talk_send_whole(&talk, &peer, "data", 4));
		need(expect_df(true));
		expect_ok(talk_send(&talk, &peer, "data", 4));
		need(expect_df(false));
		expect_ok(talk_send_whole(&talk, &peer, "data", 4));
		need(expect_df(true));
		expect_ok(talk_channel(&talk, CHANNEL, "data", 4));
		need(expect_df(false));
	}
	return 0;
}

/*
 * One behind the other, so that several may wait to be sent: each goes as it was meant.
 * Of three lengths, or they might pass as one packet here.
 */
static int in_one_batch(const struct wire *wire)
{
	static const char *const text[] = { "whole", "data", "longer data" };

	need(set_up(wire));
	for (int i = 0; i < 30; i++)
		if (i % 3)
			expect_ok(talk_send(&talk, &peer, text[i % 3], strlen(text[i % 3])));
		else
			expect_ok(talk_send_whole(&talk, &peer, text[0], strlen(text[0])));
	for (int i = 0; i < 30; i++)
		need(expect_df_of(text[i % 3], !(i % 3)));
	return 0;
}

/* From IPv6 to IPv4 it is ignored; behind a stream it counts. */
static int client_over_ipv6(const struct wire *wire)
{
	struct wire six = *wire;

	expect_ok(addr_parse(&six.server, SERVER6));
	addr_set_port(&six.server, addr_port(&wire->server));
	need(set_up(&six));
	expect_ok(talk_send_whole(&talk, &peer, "data", 4));
	return expect_df(talk.stream);
}

/* What the client gets may be cut. */
static int to_client(const struct wire *wire)
{
	union addr client;
	socklen_t len = sizeof(client);
	int off;

	need(set_up(wire));
	if (talk.stream)
		return 0;
	getsockname(talk.turn.control, &client.sa, &len);
	sendto(fd, "data", 4, 0, &talk.turn.relayed.sa, addr_len(&talk.turn.relayed));
	need(talk_hear_channel(&talk, CHANNEL, "data", 4));
	off = frag_off_towards(&client);
	expect(!off, "frag_off %04x", off);
	return 0;
}

static int in_allocate(const struct wire *wire)
{
	need(talk_open(&talk, wire));
	talk_begin(&talk, STUN_REQUEST, STUN_ALLOCATE);
	stun_add_u8(&talk.out, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
	stun_add(&talk.out, STUN_ATTR_DONT_FRAGMENT, NULL, 0);
	return talk_ask(&talk);
}

const struct wire_test fragment_tests[] = {
	{ "icmp", "DF with DONT-FRAGMENT, and not without", as_asked_for },
	{ "icmp", "the same, many at once", in_one_batch },
	{ "icmp", "DONT-FRAGMENT of a client over IPv6", client_over_ipv6 },
	{ "icmp", "no DF towards the client", to_client },
	{ "icmp", "DONT-FRAGMENT in Allocate", in_allocate },
	{ NULL, NULL, NULL },
};
