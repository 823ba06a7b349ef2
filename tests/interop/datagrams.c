// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP allocations: permissions, Send and Data, channels (RFC 8656, sections 9 to
 * 12), whatever the client comes over; and requests over UDP, which may be lost.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "talk.h"

#define CHANNEL 0x4abc

static struct talk talk, other;

/* A client with an allocation, and a peer with an address. */
static int set_up(const struct wire *wire, union addr *peer, int *fd)
{
	*peer = wire->peer;
	*fd = talk_peer(peer);
	expect(*fd >= 0, "no peer");
	need(talk_open(&talk, wire));
	return talk_allocate(&talk, AF_INET);
}

static int indications(const struct wire *wire)
{
	union addr peer;
	int fd;

	need(set_up(wire, &peer, &fd));
	expect_ok(talk_permit(&talk, &peer));
	for (size_t len = 0; len < 8; len++) {
		expect_ok(talk_send(&talk, &peer, "to peer", len));
		need(talk_peer_hears(fd, &talk.turn.relayed, "to peer", len));
		sendto(fd, "to client", len, 0, &talk.turn.relayed.sa,
		       addr_len(&talk.turn.relayed));
		need(talk_hear_data(&talk, &peer, "to client", len));
	}
	return 0;
}

static int channel(const struct wire *wire)
{
	union addr peer;
	int fd;

	need(set_up(wire, &peer, &fd));
	expect_ok(talk_bind(&talk, CHANNEL, &peer));
	for (size_t len = 0; len < 8; len++) {
		expect_ok(talk_channel(&talk, CHANNEL, "to peer", len));
		need(talk_peer_hears(fd, &talk.turn.relayed, "to peer", len));
		sendto(fd, "to client", len, 0, &talk.turn.relayed.sa,
		       addr_len(&talk.turn.relayed));
		need(talk_hear_channel(&talk, CHANNEL, "to client", len));
	}
	return 0;
}

static int over_ipv6(const struct wire *wire)
{
	union addr peer = wire->peer6;
	int fd = talk_peer(&peer);

	need(talk_open(&talk, wire));
	need(talk_allocate(&talk, AF_INET6));
	expect_ok(talk_permit(&talk, &peer));
	expect_ok(talk_send(&talk, &peer, "six", 3));
	need(talk_peer_hears(fd, &talk.turn.relayed, "six", 3));
	sendto(fd, "back", 4, 0, &talk.turn.relayed.sa, addr_len(&talk.turn.relayed));
	need(talk_hear_data(&talk, &peer, "back", 4));
	expect_ok(talk_bind(&talk, CHANNEL, &peer));
	sendto(fd, "back", 4, 0, &talk.turn.relayed.sa, addr_len(&talk.turn.relayed));
	return talk_hear_channel(&talk, CHANNEL, "back", 4);
}

/* Whole, both ways, both forms. A record of DTLS holds no more. */
static int large(const struct wire *wire)
{
	static uint8_t data[65000];
	const size_t len = wire->dtls ? 16000 : sizeof(data);
	union addr peer;
	int fd;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 7;
	need(set_up(wire, &peer, &fd));
	expect_ok(talk_permit(&talk, &peer));
	expect_ok(talk_send(&talk, &peer, data, len));
	need(talk_peer_hears(fd, &talk.turn.relayed, data, len));
	sendto(fd, data, len, 0, &talk.turn.relayed.sa, addr_len(&talk.turn.relayed));
	need(talk_hear_data(&talk, &peer, data, len));
	expect_ok(talk_bind(&talk, CHANNEL, &peer));
	expect_ok(talk_channel(&talk, CHANNEL, data, len));
	need(talk_peer_hears(fd, &talk.turn.relayed, data, len));
	sendto(fd, data, len, 0, &talk.turn.relayed.sa, addr_len(&talk.turn.relayed));
	return talk_hear_channel(&talk, CHANNEL, data, len);
}

/* Neither way, until there is one; then for every port of the address. */
static int permission(const struct wire *wire)
{
	union addr peer, second = wire->peer, stranger = wire->nowhere;
	int fd, second_fd;

	need(set_up(wire, &peer, &fd));
	second_fd = talk_peer(&second);
	expect_ok(talk_permit(&talk, &stranger));
	expect_ok(talk_send(&talk, &peer, "no", 2));
	need(talk_is_quiet(fd));
	sendto(fd, "no", 2, 0, &talk.turn.relayed.sa, addr_len(&talk.turn.relayed));
	need(talk_is_quiet(talk.turn.control));
	expect_ok(talk_permit(&talk, &peer));
	expect_ok(talk_send(&talk, &second, "yes", 3));
	need(talk_peer_hears(second_fd, &talk.turn.relayed, "yes", 3));
	sendto(second_fd, "yes", 3, 0, &talk.turn.relayed.sa, addr_len(&talk.turn.relayed));
	return talk_hear_data(&talk, &second, "yes", 3);
}

/* A channel is a permission, too; and other ports of the peer use indications. */
static int channel_permits(const struct wire *wire)
{
	union addr peer, second = wire->peer;
	int fd, second_fd;

	need(set_up(wire, &peer, &fd));
	second_fd = talk_peer(&second);
	expect_ok(talk_bind(&talk, CHANNEL, &peer));
	sendto(second_fd, "x", 1, 0, &talk.turn.relayed.sa, addr_len(&talk.turn.relayed));
	need(talk_hear_data(&talk, &second, "x", 1));
	sendto(fd, "y", 1, 0, &talk.turn.relayed.sa, addr_len(&talk.turn.relayed));
	return talk_hear_channel(&talk, CHANNEL, "y", 1);
}

static int channel_rules(const struct wire *wire)
{
	union addr peer, second = wire->peer, six = wire->peer6, denied;
	int fd;

	need(set_up(wire, &peer, &fd));
	talk_peer(&second);
	addr_set_port(&six, 9);
	addr_parse(&denied, "127.0.0.1");
	addr_set_port(&denied, 9);
	expect_code(400, talk_bind(&talk, 0x3fff, &peer));
	expect_code(400, talk_bind(&talk, 0x5000, &peer));
	expect_code(443, talk_bind(&talk, CHANNEL, &six));
	expect_code(403, talk_bind(&talk, CHANNEL, &denied));
	expect_ok(talk_bind(&talk, 0x4000, &peer));
	expect_ok(talk_bind(&talk, 0x4000, &peer));
	expect_code(400, talk_bind(&talk, 0x4000, &second));
	expect_code(400, talk_bind(&talk, 0x4001, &peer));
	expect_ok(talk_bind(&talk, 0x4fff, &second));
	talk_begin(&talk, STUN_REQUEST, STUN_CHANNEL_BIND);
	stun_add_xor_addr(&talk.out, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
	expect_code(400, talk_ask(&talk));
	talk_begin(&talk, STUN_REQUEST, STUN_CHANNEL_BIND);
	stun_add_u32(&talk.out, STUN_ATTR_CHANNEL_NUMBER, 0x40020000);
	expect_code(400, talk_ask(&talk));
	return 0;
}

/* What cannot be carried out is dropped, and the next message is as good as ever. */
static int dropped(const struct wire *wire)
{
	union addr peer, self = wire->server;
	bool reachable = self.sa.sa_family == AF_INET;
	int fd;

	need(set_up(wire, &peer, &fd));
	expect_ok(talk_permit(&talk, &peer));
	expect_code(reachable ? 0 : 443, talk_permit(&talk, &self));
	expect_ok(talk_channel(&talk, CHANNEL, "unbound", 7));
	talk_begin(&talk, STUN_INDICATION, STUN_SEND);
	stun_add(&talk.out, STUN_ATTR_DATA, "nobody", 6);
	expect_ok(talk_say(&talk));
	talk_begin(&talk, STUN_INDICATION, STUN_SEND);
	stun_add_xor_addr(&talk.out, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
	expect_ok(talk_say(&talk));
	talk_begin(&talk, STUN_INDICATION, STUN_SEND);
	stun_add_xor_addr(&talk.out, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
	stun_add_u32(&talk.out, 0x7ffe, 0);
	stun_add(&talk.out, STUN_ATTR_DATA, "unknown attribute", 17);
	expect_ok(talk_say(&talk));
	/* The server's own door. */
	expect_ok(talk_send(&talk, &self, "\0\1\0\0\x21\x12\xa4\x42transaction!", 20));
	need(talk_is_quiet(fd));
	need(talk_is_quiet(talk.turn.control));
	expect_ok(talk_send(&talk, &peer, "fine", 4));
	return talk_peer_hears(fd, &talk.turn.relayed, "fine", 4);
}

/* From one allocation to another of the same server. */
static int hairpin(const struct wire *wire)
{
	need(talk_open(&talk, wire));
	need(talk_open(&other, wire));
	need(talk_allocate(&talk, AF_INET));
	need(talk_allocate(&other, AF_INET));
	expect_ok(talk_permit(&talk, &other.turn.relayed));
	expect_ok(talk_permit(&other, &talk.turn.relayed));
	expect_ok(talk_send(&talk, &other.turn.relayed, "hello", 5));
	need(talk_hear_data(&other, &talk.turn.relayed, "hello", 5));
	expect_ok(talk_send(&other, &talk.turn.relayed, "hello", 5));
	return talk_hear_data(&talk, &other.turn.relayed, "hello", 5);
}

static int ends(const struct wire *wire)
{
	union addr peer;
	int fd;

	need(set_up(wire, &peer, &fd));
	expect_ok(talk_permit(&talk, &peer));
	expect_ok(talk_refresh(&talk, 0, AF_UNSPEC));
	expect_ok(talk_send(&talk, &peer, "no", 2));
	need(talk_is_quiet(fd));
	expect_code(437, talk_permit(&talk, &peer));
	return talk_allocate(&talk, AF_INET);
}

/* --- how much */

#define MAX_BPS		200000	/* of "bandwidth" */
#define FLOOD_BYTES	2000
#define FLOOD		500	/* datagrams: five times what passes in a second */

/* What has come in so much time is no more than max-bps allows. */
static int expect_held(unsigned int n, int64_t since)
{
	int64_t most = MAX_BPS * (net_now() - since + 200) / 1000 + FLOOD_BYTES;

	expect(n > 0, "nothing has come");
	expect((int64_t)n * FLOOD_BYTES <= most, "%u datagrams", n);
	return 0;
}

/* Datagrams beyond max-bps are dropped, each way by itself. */
static int held_to_max_bps(const struct wire *wire)
{
	static uint8_t data[FLOOD_BYTES], buf[TALK_MAX];
	unsigned int to_client = 0, to_peer = 0;
	int64_t start;
	union addr peer;
	int fd;

	need(set_up(wire, &peer, &fd));
	expect_ok(talk_bind(&talk, CHANNEL, &peer));
	start = net_now();
	for (int i = 0; i < FLOOD; i++)
		sendto(fd, data, sizeof(data), 0, &talk.turn.relayed.sa,
		       addr_len(&talk.turn.relayed));
	while (!talk_hear(&talk, WIRE_QUIET))
		to_client++;
	need(expect_held(to_client, start));
	start = net_now();
	for (int i = 0; i < FLOOD; i++)
		expect_ok(talk_channel(&talk, CHANNEL, data, sizeof(data)));
	while (net_recv(fd, buf, sizeof(buf), WIRE_QUIET) > 0)
		to_peer++;
	return expect_held(to_peer, start);
}

/* --- which address */

static int ask_allocate(struct talk *t, uint16_t type, const void *value, size_t len)
{
	talk_begin(t, STUN_REQUEST, STUN_ALLOCATE);
	stun_add_u8(&t->out, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
	stun_add(&t->out, type, value, len);
	return talk_ask(t);
}

static int even_port(const struct wire *wire)
{
	union addr relayed;

	for (int i = 0; i < 8; i++) {
		need(talk_open(&talk, wire));
		expect_ok(ask_allocate(&talk, STUN_ATTR_EVEN_PORT, "\0", 1));
		expect_ok(talk_relayed(&talk, 0, &relayed));
		expect(!(addr_port(&relayed) & 1), "port %u", addr_port(&relayed));
		expect(!stun_find(&talk.msg, STUN_ATTR_RESERVATION_TOKEN, NULL), "a token");
	}
	return 0;
}

static int reservation(const struct wire *wire)
{
	union addr first, second, peer = wire->peer;
	struct wire bobs = *wire;
	struct stun_attr attr;
	uint8_t token[8];
	int fd = talk_peer(&peer);

	bobs.users[0] = wire->users[1];
	need(talk_open(&talk, wire));
	expect_ok(ask_allocate(&talk, STUN_ATTR_EVEN_PORT, "\x80", 1));
	expect_ok(talk_relayed(&talk, 0, &first));
	expect(stun_find(&talk.msg, STUN_ATTR_RESERVATION_TOKEN, &attr) && attr.len == 8,
	       "no token");
	memcpy(token, attr.value, sizeof(token));
	/* It is the user's own, and what another tries takes nothing from him. */
	need(talk_open(&other, &bobs));
	expect_code(508, ask_allocate(&other, STUN_ATTR_RESERVATION_TOKEN, token, 8));
	need(talk_open(&other, wire));
	expect_code(508, ask_allocate(&other, STUN_ATTR_RESERVATION_TOKEN, "unheard!", 8));
	expect_ok(ask_allocate(&other, STUN_ATTR_RESERVATION_TOKEN, token, sizeof(token)));
	expect_ok(talk_relayed(&other, 0, &second));
	expect(addr_same_ip(&first, &second) && addr_port(&second) == addr_port(&first) + 1,
	       "ports %u and %u", addr_port(&first), addr_port(&second));
	expect_ok(talk_permit(&other, &peer));
	expect_ok(talk_send(&other, &peer, "second", 6));
	need(talk_peer_hears(fd, &second, "second", 6));
	/* Each is good for once. */
	need(talk_open(&talk, wire));
	expect_code(508, ask_allocate(&talk, STUN_ATTR_RESERVATION_TOKEN, token, 8));
	return 0;
}

/* The server has a quota of one, which what an allocation leaves behind counts in. */
static int reservation_quota(const struct wire *wire)
{
	int64_t until = net_now() + WIRE_WAIT;
	int code;

	need(talk_open(&talk, wire));
	/* The last test's may not have ended yet. */
	do
		code = ask_allocate(&talk, STUN_ATTR_EVEN_PORT, "\x80", 1);
	while (code == 486 && net_now() < until);
	expect_ok(code);
	expect_ok(talk_refresh(&talk, 0, AF_UNSPEC));
	expect_code(486, ask_allocate(&talk, STUN_ATTR_EVEN_PORT, "\x80", 1));
	return ask_allocate(&talk, STUN_ATTR_EVEN_PORT, "\0", 1);
}

/* Requests that contradict themselves (RFC 8656, 7.2, checks 5, 6, 8 and 9). */
static int contradictions(const struct wire *wire)
{
	static const struct {
		uint16_t first, second;
		const char *value[2];
		size_t len[2];
	} bad[] = {
		{ STUN_ATTR_EVEN_PORT, STUN_ATTR_RESERVATION_TOKEN,
		  { "\0", "12345678" }, { 1, 8 } },
		{ STUN_ATTR_RESERVATION_TOKEN, STUN_ATTR_REQUESTED_ADDRESS_FAMILY,
		  { "12345678", "\1\0\0\0" }, { 8, 4 } },
		{ STUN_ATTR_RESERVATION_TOKEN, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY,
		  { "12345678", "\2\0\0\0" }, { 8, 4 } },
		{ STUN_ATTR_REQUESTED_ADDRESS_FAMILY, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY,
		  { "\1\0\0\0", "\2\0\0\0" }, { 4, 4 } },
		{ STUN_ATTR_EVEN_PORT, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY,
		  { "\x80", "\2\0\0\0" }, { 1, 4 } },
		{ STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, STUN_ATTR_SOFTWARE,
		  { "\1\0\0\0", "" }, { 4, 0 } },
		{ STUN_ATTR_RESERVATION_TOKEN, STUN_ATTR_SOFTWARE, { "short", "" }, { 5, 0 } },
	};

	need(talk_open(&talk, wire));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		talk_begin(&talk, STUN_REQUEST, STUN_ALLOCATE);
		stun_add_u8(&talk.out, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
		stun_add(&talk.out, bad[i].first, bad[i].value[0], bad[i].len[0]);
		stun_add(&talk.out, bad[i].second, bad[i].value[1], bad[i].len[1]);
		expect_code(400, talk_ask(&talk));
	}
	expect_code(440, ask_allocate(&talk, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, "\3\0\0\0", 4));
	return 0;
}

/* IPv4 and IPv6 in one allocation; each can be ended alone. */
static int two_families(const struct wire *wire)
{
	union addr four, six, peer = wire->peer, peer6 = wire->peer6;
	int fd = talk_peer(&peer), fd6 = talk_peer(&peer6);

	need(talk_open(&talk, wire));
	expect_ok(ask_allocate(&talk, STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, "\2\0\0\0", 4));
	expect_ok(talk_relayed(&talk, 0, &four));
	expect_ok(talk_relayed(&talk, 1, &six));
	expect(four.sa.sa_family == AF_INET && six.sa.sa_family == AF_INET6, "other families");
	expect_ok(talk_permit(&talk, &peer));
	expect_ok(talk_permit(&talk, &peer6));
	expect_ok(talk_send(&talk, &peer, "four", 4));
	need(talk_peer_hears(fd, &four, "four", 4));
	expect_ok(talk_send(&talk, &peer6, "six", 3));
	need(talk_peer_hears(fd6, &six, "six", 3));
	expect_ok(talk_refresh(&talk, 0, AF_INET));
	expect_code(443, talk_permit(&talk, &peer));
	expect_code(443, talk_refresh(&talk, 600, AF_INET));
	expect_ok(talk_refresh(&talk, 600, AF_INET6));
	sendto(fd6, "still", 5, 0, &six.sa, addr_len(&six));
	need(talk_hear_data(&talk, &peer6, "still", 5));
	expect_ok(talk_refresh(&talk, 0, AF_INET6));
	expect_code(437, talk_refresh(&talk, 600, AF_UNSPEC));
	return 0;
}

/* Connections are for TCP allocations (RFC 6062, 5.1 and 5.2). */
static int connections(const struct wire *wire)
{
	union addr peer;
	int fd;

	need(set_up(wire, &peer, &fd));
	talk_begin(&talk, STUN_REQUEST, STUN_CONNECT);
	stun_add_xor_addr(&talk.out, STUN_ATTR_XOR_PEER_ADDRESS, &peer);
	expect_code(talk.stream ? 437 : 400, talk_ask(&talk));
	return 0;
}

/* --- over UDP alone */

static int tcp_allocation(const struct wire *wire)
{
	need(talk_open(&talk, wire));
	talk_begin(&talk, STUN_REQUEST, STUN_ALLOCATE);
	stun_add_u8(&talk.out, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	expect_code(400, talk_ask(&talk));
	talk_begin(&talk, STUN_REQUEST, STUN_CONNECTION_BIND);
	stun_add_u32(&talk.out, STUN_ATTR_CONNECTION_ID, 1);
	expect_code(400, talk_ask(&talk));
	return 0;
}

/* The last request once more, as when its answer is lost: the same bytes come. */
static int repeat(struct talk *t)
{
	static uint8_t answer[TALK_MAX];
	size_t len = t->len;

	memcpy(answer, t->in, len);
	expect_ok(talk_say(t));
	expect_ok(talk_hear(t, WIRE_WAIT));
	expect(t->len == len && !memcmp(t->in, answer, len), "another answer");
	return 0;
}

static int retransmission(const struct wire *wire)
{
	need(talk_open(&talk, wire));
	need(talk_allocate(&talk, AF_INET));
	need(repeat(&talk));
	expect_code(437, ask_allocate(&talk, STUN_ATTR_SOFTWARE, "again", 5));
	expect_ok(talk_refresh(&talk, 600, AF_UNSPEC));
	need(repeat(&talk));
	expect_ok(talk_refresh(&talk, 0, AF_UNSPEC));
	need(repeat(&talk));
	expect_code(437, talk_refresh(&talk, 600, AF_UNSPEC));
	return 0;
}

static int retransmitted_reservation(const struct wire *wire)
{
	need(talk_open(&talk, wire));
	expect_ok(ask_allocate(&talk, STUN_ATTR_EVEN_PORT, "\x80", 1));
	return repeat(&talk);
}

/* Another port is another client. */
static int five_tuple(const struct wire *wire)
{
	union addr peer;
	int fd;

	need(set_up(wire, &peer, &fd));
	need(talk_open(&other, wire));
	expect_code(437, talk_refresh(&other, 600, AF_UNSPEC));
	expect_ok(talk_permit(&talk, &peer));
	expect_ok(talk_send(&other, &peer, "no", 2));
	return talk_is_quiet(fd);
}

/* Of ChannelData that says it is longer than its datagram nothing is sent on. */
static int short_channel_data(const struct wire *wire)
{
	static const uint8_t bad[] = { CHANNEL >> 8, CHANNEL & 0xff, 0, 9, 'd', 'a', 't', 'a' };
	static const uint8_t padded[] = { CHANNEL >> 8, CHANNEL & 0xff, 0, 1, 'd', 0, 0, 0 };
	union addr peer;
	int fd;

	need(set_up(wire, &peer, &fd));
	expect_ok(talk_bind(&talk, CHANNEL, &peer));
	expect_ok(net_send(talk.turn.control, bad, sizeof(bad), WIRE_WAIT));
	expect_ok(net_send(talk.turn.control, padded, sizeof(padded), WIRE_WAIT));
	return talk_peer_hears(fd, &talk.turn.relayed, "d", 1);
}

const struct wire_test datagram_tests[] = {
	{ "datagrams", "Send and Data indications, 0 to 7 bytes", indications },
	{ "datagrams", "ChannelData, 0 to 7 bytes", channel },
	{ "datagrams", "a peer over IPv6", over_ipv6 },
	{ "datagrams", "datagrams of 65,000 bytes, or of 16,000 over DTLS", large },
	{ "datagrams", "nothing without a permission", permission },
	{ "datagrams", "a channel permits, and is for one port", channel_permits },
	{ "datagrams", "which channel may be bound to which peer", channel_rules },
	{ "datagrams", "messages that are dropped", dropped },
	{ "datagrams", "from one allocation to another", hairpin },
	{ "datagrams", "Refresh with lifetime 0", ends },
	{ "datagrams", "EVEN-PORT", even_port },
	{ "datagrams", "RESERVATION-TOKEN", reservation },
	{ "datagrams", "400: Allocate requests that contradict themselves", contradictions },
	{ "datagrams", "two families in one allocation", two_families },
	{ "datagrams", "437, 400: Connect on a UDP allocation", connections },
	{ "quota", "486: more than one reservation", reservation_quota },
	{ "bandwidth", "datagrams beyond max-bps are dropped", held_to_max_bps },
	{ "udp", "400: TCP allocations over UDP", tcp_allocation },
	{ "udp", "requests sent again get the same answer", retransmission },
	{ "udp", "the same with a reservation", retransmitted_reservation },
	{ "udp", "another port is another client", five_tuple },
	{ "udp", "ChannelData that is cut short, or padded", short_channel_data },
	{ NULL, NULL, NULL },
};
