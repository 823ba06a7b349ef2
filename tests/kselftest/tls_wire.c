// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes over the wire of a leg with TLS: never a byte as it was sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"
#include "lib/tls.h"

#define BULK	(256 * KiB)

/* Stands in what is sent every few bytes. */
static const char mark[16] = "plain as can be!";

FIXTURE(wire) {
	struct setup setup;
	struct relay last;
	int tap;		/* hears every packet of the namespace */
	uint16_t port[2];	/* of the legs, network byte order */
	uint64_t seen[2];	/* payload bytes */
	uint64_t marks[2];	/* packets with the mark */
};

FIXTURE_VARIANT(wire) {
	const struct tls_kind *kind;
	enum side side;		/* the leg that has TLS */
};

FIXTURE_VARIANT_ADD(wire, TLS12_client) { .kind = &tls12, .side = CLIENT };
FIXTURE_VARIANT_ADD(wire, TLS13_client) { .kind = &tls13, .side = CLIENT };
FIXTURE_VARIANT_ADD(wire, TLS13_peer) { .kind = &tls13_256, .side = PEER };

static uint16_t local_port(int fd)
{
	struct sockaddr_in addr = { 0 };
	socklen_t len = sizeof(addr);

	return getsockname(fd, (struct sockaddr *)&addr, &len) ? 0 : addr.sin_port;
}

/* With room for all that this test sends: a packet that is lost is not looked at. */
static int open_tap(void)
{
	const int size = 64 * MiB;
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		close_fd(&fd);
	return fd;
}

FIXTURE_SETUP(wire)
{
	enum side side;

	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	for (side = CLIENT; side <= PEER; side++)
		ASSERT_NE(0, self->port[side] = local_port(self->setup.path.leg[side]));
	self->tap = open_tap();
	ASSERT_GE(self->tap, 0);
}

FIXTURE_TEARDOWN(wire)
{
	close_fd(&self->tap);
	setup_close(&self->setup);
}

/* Notes a packet's payload with the leg that it belongs to. */
static void look(FIXTURE_DATA(wire) *self, const uint8_t *packet, size_t len)
{
	const struct iphdr *ip = (const void *)packet;
	const struct tcphdr *tcp = (const void *)(packet + ip->ihl * 4);
	const size_t headers = ip->ihl * 4 + tcp->doff * 4;
	enum side side;

	if (ip->protocol != IPPROTO_TCP || len <= headers)
		return;
	side = tcp->source == self->port[CLIENT] || tcp->dest == self->port[CLIENT] ?
		       CLIENT : PEER;
	self->seen[side] += len - headers;
	if (memmem(packet + headers, len - headers, mark, sizeof(mark)))
		self->marks[side]++;
}

static void look_at_all(FIXTURE_DATA(wire) *self)
{
	static uint8_t packet[128 * KiB];
	ssize_t n;

	while ((n = recv(self->tap, packet, sizeof(packet), MSG_DONTWAIT)) > 0)
		look(self, packet, n);
}

/* The mark again and again goes from one side, and is read at the other. */
static int send_marks(struct path *path, enum side from)
{
	static uint8_t buf[16 * KiB];
	uint64_t sent = 0, got = 0;
	uint8_t type;
	size_t i;
	ssize_t n;

	while (got < BULK) {
		for (i = 0; i < sizeof(buf); i++)
			buf[i] = mark[i % sizeof(mark)];
		if (sent < BULK) {
			n = send(path->end[from], buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL);
			sent += n > 0 ? n : 0;
		}
		n = path->tls[other(from)] ?
			    tls_recv(path->end[other(from)], &type, buf, sizeof(buf)) :
			    recv(path->end[other(from)], buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			return fail_errno("recv");
		if (!n)
			return fail("an end");
		got += n > 0 ? n : 0;
		if (n <= 0)
			nap();
	}
	return 0;
}

TEST_F_TIMEOUT(wire, shows_no_plaintext, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	const enum side plain = other(variant->side);
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);
	int ret;

	ret = tls_path(path, variant->side, variant->kind);
	ASSERT_NE(-1, ret) TH_LOG("%s", why);
	if (ret)
		SKIP(return, "this kernel has no such TLS");

	/* Some of it is there before the relay is. */
	ASSERT_EQ(16, send(path->end[CLIENT], mark, sizeof(mark), MSG_NOSIGNAL));
	ASSERT_EQ(16, send(path->end[PEER], mark, sizeof(mark), MSG_NOSIGNAL));
	ASSERT_EQ(0, setup_relay(&self->setup)) TH_LOG("%s", why);
	ASSERT_EQ(0, send_marks(path, CLIENT)) TH_LOG("%s", why);
	ASSERT_EQ(0, send_marks(path, PEER)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_del(&self->setup.door, self->setup.id, &self->last));

	look_at_all(self);
	ASSERT_EQ(0, getsockopt(self->tap, SOL_PACKET, PACKET_STATISTICS, &stats, &len));
	EXPECT_EQ(0, stats.tp_drops);
	/* Everything was there to be seen, and where it may be, it was. */
	EXPECT_GE(self->seen[variant->side], 2 * BULK);
	EXPECT_GE(self->seen[plain], 2 * BULK);
	EXPECT_GT(self->marks[plain], 0);
	EXPECT_EQ(0, self->marks[variant->side]);
}

TEST_HARNESS_MAIN
