// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a client hears of its datagrams that have not arrived (RFC 8656, 11.5). The
 * errors are a real host's and a real router's, but for those that must not get
 * through, which this sends itself.
 */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/client/net.h"
#include "talk.h"

#define CHANNEL		0x4123
#define NEAR_MTU	1500	/* of the link to the router, as udp.sh sets it up */
#define FAR_MTU		1300	/* of the one behind it */

static struct talk talk;
static uint8_t data[4096];

/* A client that may send to @peer, and a port there that nobody has. */
static int set_up(const struct wire *wire, union addr *peer)
{
	int fd = talk_peer(peer);

	expect(fd >= 0, "no peer");
	close(fd);
	need(talk_open(&talk, wire));
	need(talk_allocate(&talk, peer->sa.sa_family));
	expect_ok(talk_permit(&talk, peer));
	return 0;
}

static int nobody_there(const struct wire *wire)
{
	union addr peer = wire->peer;

	need(set_up(wire, &peer));
	for (int i = 0; i < 3; i++) {
		expect_ok(talk_send(&talk, &peer, "anybody?", 8));
		need(talk_hear_icmp(&talk, &peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	}
	expect_ok(talk_bind(&talk, CHANNEL, &peer));
	expect_ok(talk_channel(&talk, CHANNEL, "anybody?", 8));
	return talk_hear_icmp(&talk, &peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
}

static int nobody_there_ipv6(const struct wire *wire)
{
	union addr peer = wire->peer6;

	need(set_up(wire, &peer));
	for (int i = 0; i < 3; i++) {
		expect_ok(talk_send(&talk, &peer, "anybody?", 8));
		need(talk_hear_icmp(&talk, &peer, ICMP6_DST_UNREACH,
				    ICMP6_DST_UNREACH_NOPORT, 0));
	}
	return 0;
}

/* --- too big, for the router's next link and for our own */

static int allocate_towards(const struct wire *wire, union addr *far)
{
	addr_set_port(far, 9);
	need(talk_open(&talk, wire));
	need(talk_allocate(&talk, far->sa.sa_family));
	expect_ok(talk_permit(&talk, far));
	return 0;
}

/*
 * Without DF behind it at once: what the router says is not missed for that. Of its own
 * link the kernel does not tell which port of the peer it was.
 */
static int too_big(const struct wire *wire)
{
	union addr far = wire->far, some_port = far;

	need(allocate_towards(wire, &far));
	for (int i = 0; i < 3; i++) {
		expect_ok(talk_send_whole(&talk, &far, data, 1400));
		expect_ok(talk_send(&talk, &far, data, 1400));
		need(talk_hear_icmp(&talk, &far, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
				    FAR_MTU));
	}
	need(talk_is_quiet(talk.turn.control));
	expect_ok(talk_send_whole(&talk, &far, data, NEAR_MTU));
	need(talk_hear_icmp(&talk, &some_port, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			    NEAR_MTU));
	expect_ok(talk_send_whole(&talk, &far, data, FAR_MTU - 28));
	expect_ok(talk_send(&talk, &far, data, sizeof(data)));
	return talk_is_quiet(talk.turn.control);
}

/* Here it is the sender who cuts to size, once a router has told him. */
static int too_big_ipv6(const struct wire *wire)
{
	union addr far = wire->far6;

	need(allocate_towards(wire, &far));
	expect_ok(talk_send(&talk, &far, data, 1400));
	need(talk_hear_icmp(&talk, &far, ICMP6_PACKET_TOO_BIG, 0, FAR_MTU));
	expect_ok(talk_send(&talk, &far, data, 1400));
	need(talk_is_quiet(talk.turn.control));
	if (!talk.stream)
		return 0;
	/* Behind a stream DONT-FRAGMENT counts for IPv6, too. */
	expect_ok(talk_send_whole(&talk, &far, data, 1400));
	need(talk_hear_icmp(&talk, &far, ICMP6_PACKET_TOO_BIG, 0, FAR_MTU));
	expect_ok(talk_send_whole(&talk, &far, data, NEAR_MTU));
	return talk_hear_icmp(&talk, &far, ICMP6_PACKET_TOO_BIG, 0, NEAR_MTU);
}

/* --- forged ones */

static uint16_t checksum(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static void fill_udp(struct udphdr *udp, const union addr *from, const union addr *to)
{
	udp->source = htons(addr_port(from));
	udp->dest = htons(addr_port(to));
	udp->len = htons(sizeof(*udp));
}

/* As if a datagram from @relayed to @peer had failed. */
static int forge(const union addr *relayed, const union addr *peer, uint8_t type, uint8_t code)
{
	struct {
		struct icmphdr icmp;
		struct iphdr ip;
		struct udphdr udp;
	} packet = {
		.icmp = { .type = type, .code = code },
		.ip = {
			.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
			.tot_len = htons(sizeof(packet.ip) + sizeof(packet.udp)),
			.saddr = relayed->v4.sin_addr.s_addr,
			.daddr = peer->v4.sin_addr.s_addr,
		},
	};
	union addr to = *relayed;
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	ssize_t n;

	fill_udp(&packet.udp, relayed, peer);
	packet.icmp.checksum = checksum(&packet, sizeof(packet));
	addr_set_port(&to, 0);
	n = sendto(fd, &packet, sizeof(packet), 0, &to.sa, addr_len(&to));
	close(fd);
	expect(n == sizeof(packet), "not sent: %s", strerror(errno));
	return 0;
}

static int forge6(const union addr *relayed, const union addr *peer, uint8_t type, uint8_t code)
{
	struct {
		struct icmp6_hdr icmp;
		struct ip6_hdr ip;
		struct udphdr udp;
	} packet = {
		.icmp = { .icmp6_type = type, .icmp6_code = code },
		.ip = {
			.ip6_flow = htonl(6u << 28), .ip6_plen = htons(sizeof(packet.udp)),
			.ip6_nxt = IPPROTO_UDP, .ip6_hlim = 64,
			.ip6_src = relayed->v6.sin6_addr, .ip6_dst = peer->v6.sin6_addr,
		},
	};
	union addr to = *relayed;
	int fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	ssize_t n;

	fill_udp(&packet.udp, relayed, peer);
	addr_set_port(&to, 0);
	n = sendto(fd, &packet, sizeof(packet), 0, &to.sa, addr_len(&to));
	close(fd);
	expect(n == sizeof(packet), "not sent: %s", strerror(errno));
	return 0;
}

/* Of whom there is no permission nothing is said, whoever says it. */
static int without_permission(const struct wire *wire)
{
	union addr peer = wire->peer, stranger = wire->nowhere;

	need(set_up(wire, &peer));
	addr_set_port(&stranger, 9);
	need(forge(&talk.turn.relayed, &stranger, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH));
	need(talk_is_quiet(talk.turn.control));
	expect_ok(talk_permit(&talk, &stranger));
	need(forge(&talk.turn.relayed, &stranger, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH));
	return talk_hear_icmp(&talk, &stranger, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
}

/* Types 3 and 11 of ICMP, 1 to 3 of ICMPv6. */
static int types(const struct wire *wire)
{
	union addr peer = wire->peer, peer6 = wire->peer6;

	need(set_up(wire, &peer));
	need(forge(&talk.turn.relayed, &peer, ICMP_PARAMETERPROB, 0));
	need(forge(&talk.turn.relayed, &peer, ICMP_SOURCE_QUENCH, 0));
	need(talk_is_quiet(talk.turn.control));
	need(forge(&talk.turn.relayed, &peer, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED));
	need(talk_hear_icmp(&talk, &peer, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, 0));
	need(forge(&talk.turn.relayed, &peer, ICMP_TIME_EXCEEDED, 0));
	need(talk_hear_icmp(&talk, &peer, ICMP_TIME_EXCEEDED, 0, 0));
	need(set_up(wire, &peer6));
	need(forge6(&talk.turn.relayed, &peer6, ICMP6_PARAM_PROB, 0));
	need(talk_is_quiet(talk.turn.control));
	need(forge6(&talk.turn.relayed, &peer6, ICMP6_TIME_EXCEEDED, 0));
	return talk_hear_icmp(&talk, &peer6, ICMP6_TIME_EXCEEDED, 0, 0);
}

/* What goes to others is not lost for it, and neither is what comes. */
static int flood(const struct wire *wire)
{
	union addr peer = wire->peer, stranger = wire->nowhere;
	int fd;

	need(set_up(wire, &peer));
	fd = talk_peer(&peer);
	expect_ok(talk_bind(&talk, CHANNEL, &peer));
	addr_set_port(&stranger, 9);
	for (int i = 0; i < 200; i++) {
		need(forge(&talk.turn.relayed, &stranger, ICMP_DEST_UNREACH, i % 4));
		need(forge(&talk.turn.relayed, &stranger, ICMP_DEST_UNREACH, i % 4));
		expect_ok(talk_channel(&talk, CHANNEL, &i, sizeof(i)));
		need(talk_peer_hears(fd, &talk.turn.relayed, &i, sizeof(i)));
		need(forge(&talk.turn.relayed, &stranger, ICMP_TIME_EXCEEDED, 0));
		sendto(fd, &i, sizeof(i), 0, &talk.turn.relayed.sa,
		       addr_len(&talk.turn.relayed));
		need(talk_hear_channel(&talk, CHANNEL, &i, sizeof(i)));
	}
	return 0;
}

const struct wire_test icmp_tests[] = {
	{ "icmp", "a port that nobody has", nobody_there },
	{ "icmp", "the same over IPv6", nobody_there_ipv6 },
	{ "icmp", "too big for a link on the way, and for our own", too_big },
	{ "icmp", "the same over IPv6", too_big_ipv6 },
	{ "icmp", "no word without a permission", without_permission },
	{ "icmp", "which types there are", types },
	{ "icmp", "a flood of errors takes no datagram with it", flood },
	{ NULL, NULL, NULL },
};
