// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which sockets relay-add refuses, what it says then, and that a refusal
 * leaves both sockets as they were.
 */
#define _GNU_SOURCE
#include "kselftest_harness.h"
#include "lib/bad.h"
#include "lib/kturn_test.h"

FIXTURE(refusal) {
	struct setup setup;
	struct bad bad;
};

FIXTURE_VARIANT(refusal) {
	int (*make)(struct bad *bad);
	int error;
	const char *text;
};

#define REFUSAL(name, error_, text_)			\
	FIXTURE_VARIANT_ADD(refusal, name) {		\
		.make = make_##name,			\
		.error = error_,			\
		.text = text_,				\
	}

#define NOT_OPEN	"the descriptor is not that of an open socket"
#define NOT_TCP		"not a TCP socket"
#define NOT_CONNECTED	"the socket is not connected, or shut down for sending"
#define FAILED		"an error is pending on the socket"
#define TWICE		"the client and the peer are the same socket"

REFUSAL(negative, ERANGE, "integer out of range");
REFUSAL(closed, EBADF, NOT_OPEN);
REFUSAL(file, ENOTSOCK, NOT_OPEN);
REFUSAL(udp, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(unix_stream, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(raw, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(packet, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(netlink, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(mptcp, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(unconnected, ENOTCONN, NOT_CONNECTED);
REFUSAL(listening, ENOTCONN, NOT_CONNECTED);
REFUSAL(connecting, ENOTCONN, NOT_CONNECTED);
REFUSAL(shut, ENOTCONN, NOT_CONNECTED);
REFUSAL(deaf, ENOTCONN, "the socket is shut down for receiving");
REFUSAL(corked, EINVAL, "TCP_CORK is set");
REFUSAL(reset, ECONNRESET, FAILED);
REFUSAL(failed, EHOSTUNREACH, FAILED);
REFUSAL(urgent, EOPNOTSUPP, "urgent data is pending, which cannot be relayed");
REFUSAL(lowat, EINVAL, "SO_RCVLOWAT is not 1");
REFUSAL(repair, EBUSY, "the socket is under repair (TCP_REPAIR)");
REFUSAL(ulp, EOPNOTSUPP, "the socket has TLS without keys (TLS_TX, TLS_RX)");
REFUSAL(tls_tx, EOPNOTSUPP, "the socket has TLS for sending only, without TLS_RX");
REFUSAL(tls_rx, EOPNOTSUPP, "the socket has TLS for receiving only, without TLS_TX");
REFUSAL(tls_open, EINVAL, "a TLS record is not complete (MSG_MORE)");
REFUSAL(sockmap, EBUSY, "another subsystem, such as a sockmap, has the socket");
REFUSAL(kcm, EBUSY, "the socket is in a relay already, or another subsystem has it");
REFUSAL(own_end, ELOOP, "the client and the peer are the two ends of one connection");
REFUSAL(same, EINVAL, TWICE);
REFUSAL(dup, EINVAL, TWICE);

FIXTURE_SETUP(refusal)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	self->bad.path = &self->setup.path;
}

FIXTURE_TEARDOWN(refusal)
{
	setup_close(&self->setup);
}

/* A refusal may not keep a reference: closing has to close. */
static int closes(struct path *path, enum side side)
{
	int error;

	close_fd(&path->leg[side]);
	error = ending(path->end[side]);
	return error ? fail("the end of the good socket saw errno %d", error) : 0;
}

static void refuse(struct __test_metadata *_metadata, FIXTURE_DATA(refusal) *self,
		   const FIXTURE_VARIANT(refusal) *variant, enum side side)
{
	struct setup *s = &self->setup;
	enum side good = other(side);
	struct stats stats;
	int64_t ret;
	int fd[2];

	self->bad.side = side;
	ret = variant->make(&self->bad);
	ASSERT_NE(-1, ret) TH_LOG("%s", why);
	if (ret)
		SKIP(return, "this kernel has no such thing");
	fd[side] = self->bad.fd;
	fd[good] = s->path.leg[good];

	EXPECT_EQ(-variant->error, relay_add(&s->door, fd[CLIENT], fd[PEER]));
	EXPECT_STREQ(variant->text, s->door.text);
	EXPECT_NE(0, s->door.bad_attr);

	EXPECT_EQ(0, relay_dump(&s->door, NULL, NULL, 0));
	ASSERT_EQ(0, stats_get(&s->door, &stats));
	EXPECT_EQ(0, stats.relays);
	EXPECT_EQ(0, stats.created);
	/* What the policy turns down does not come as far as being counted. */
	EXPECT_EQ(variant->make != make_negative, stats.refused);
	EXPECT_EQ(0, notification(&s->watch, &(struct relay) { 0 }));
	if (variant->make == make_same || variant->make == make_dup)
		return;
	EXPECT_EQ(0, usable(s->path.end[good], s->path.leg[good])) TH_LOG("%s", why);
	EXPECT_EQ(0, closes(&s->path, good)) TH_LOG("%s", why);
}

TEST_F_TIMEOUT(refusal, client, TIMEOUT_S)
{
	refuse(_metadata, self, variant, CLIENT);
}

TEST_F_TIMEOUT(refusal, peer, TIMEOUT_S)
{
	refuse(_metadata, self, variant, PEER);
}

FIXTURE(others) {
	struct setup setup;
};

FIXTURE_SETUP(others)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(others)
{
	setup_close(&self->setup);
}

/* What others do to take a socket has to fail while it is ours. */
TEST_F_TIMEOUT(others, refused, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct bad bad = { .path = &s->path };
	struct stream stream;

	s->id = relay_add(&s->door, s->path.leg[CLIENT], s->path.leg[PEER]);
	ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);
	EXPECT_NE(0, make_sockmap(&bad));
	EXPECT_NE(0, make_kcm(&bad));
	stream = stream_from(&s->path, CLIENT, 10000);
	EXPECT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
