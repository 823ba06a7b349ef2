// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that wants its packets in one piece, and TCP that may not leave the
 * cutting to it: then TCP copies what it is given by reference. What it is given
 * are pages of senders and of ours, in any order.
 */
#define _GNU_SOURCE
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/cable.h"
#include "lib/kturn_test.h"

FIXTURE(no_gather) {
	struct setup setup;
	struct cable cable;
};

FIXTURE_VARIANT_ENGINES(no_gather);

static int without_gathering(const char *device)
{
	struct ethtool_value off = { .cmd = ETHTOOL_SSG, .data = 0 };
	struct ifreq ifr = { .ifr_data = (void *)&off };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret;

	strcpy(ifr.ifr_name, device);
	ret = ioctl(fd, SIOCETHTOOL, &ifr);
	close_fd(&fd);
	return ret ? fail_errno("ETHTOOL_SSG") : 0;
}

/* Packets with signatures are not cut by anybody else. */
static int sign(int fd)
{
	struct tcp_md5sig sig = { .tcpm_flags = TCP_MD5SIG_FLAG_PREFIX, .tcpm_keylen = 3 };
	struct sockaddr_in any = { .sin_family = AF_INET };
	const int on = 1;

	memcpy(&sig.tcpm_addr, &any, sizeof(any));
	memcpy(sig.tcpm_key, "key", 3);
	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	       setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &sig, sizeof(sig)) ?
		       fail_errno("TCP_MD5SIG_EXT") : 0;
}

FIXTURE_SETUP(no_gather)
{
	struct setup *s = &self->setup;

	ASSERT_EQ(0, setup_cable(s, &self->cable)) TH_LOG("%s", why);
	ASSERT_EQ(0, without_gathering("cable")) TH_LOG("%s", why);
	ASSERT_EQ(0, cable_connect(&self->cable, &s->path, sign)) TH_LOG("%s", why);
	s->engine = variant->engine;
}

FIXTURE_TEARDOWN(no_gather)
{
	setup_close(&self->setup);
	cable_close(&self->cable);
}

/* One of each size at a time, from now on. */
static int push_pieces(struct stream *stream, const size_t *sizes, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		stream->write_size = sizes[i];
		stream->size += sizes[i];
		if (stream_push_all(stream) < 0)
			return -1;
	}
	return 0;
}

/*
 * Large pieces go by reference and small ones are copied, into the same send. It
 * does its worst while others are on their way, so nobody reads for now.
 */
TEST_F_TIMEOUT(no_gather, large_and_small, TIMEOUT_S)
{
	static const size_t sizes[] = { 1400, 200, 1, 3000, 511, 512, 40 };
	struct setup *s = &self->setup;
	struct stream stream = stream_from(&s->path, CLIENT, 0);
	int i;

	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, push_pieces(&stream, sizes, ARRAY_SIZE(sizes))) TH_LOG("%s", why);
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, push_pieces(&stream, sizes, ARRAY_SIZE(sizes))) TH_LOG("%s", why);
	stream.write_size = 0;
	stream.fin = true;
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
}

/* In bulk, and back again. */
TEST_F_TIMEOUT(no_gather, bulk, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream streams[2];

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	streams[0] = stream_from(&s->path, CLIENT, MiB);
	streams[1] = stream_from(&s->path, PEER, MiB);
	ASSERT_EQ(0, streams_run(streams, 2)) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
