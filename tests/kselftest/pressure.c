// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receivers that do not keep up, and senders that are no help either.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

static const struct path_options small = {
	.end = { { 64 * KiB, 64 * KiB }, { 64 * KiB, 64 * KiB } },
	.leg = { { 64 * KiB, 64 * KiB }, { 64 * KiB, 64 * KiB } },
};

FIXTURE(pressure) {
	struct setup setup;
	struct stream stream;	/* from the variant's side */
	struct stream back;
	int leg;		/* towards the receiver of "stream" */
};

FIXTURE_VARIANT(pressure) {
	enum family family;
	enum side side;
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(pressure, V4_client) { .family = V4, .side = CLIENT };
FIXTURE_VARIANT_ADD(pressure, V4_peer) { .family = V4, .side = PEER };
FIXTURE_VARIANT_ADD(pressure, V6_client) { .family = V6, .side = CLIENT };
FIXTURE_VARIANT_ADD(pressure, by_process) { .side = CLIENT, .engine = &by_process };

FIXTURE_SETUP(pressure)
{
	struct setup *s = &self->setup;

	ASSERT_EQ(0, setup_path(s, variant->family, &small)) TH_LOG("%s", why);
	s->engine = variant->engine;
	/* To look at only; the relay has the socket. */
	self->leg = dup(s->path.leg[other(variant->side)]);
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	self->stream = stream_from(&s->path, variant->side, 0);
	self->back = stream_from(&s->path, other(variant->side), 0);
}

FIXTURE_TEARDOWN(pressure)
{
	close_fd(&self->leg);
	setup_close(&self->setup);
}

TEST_F_TIMEOUT(pressure, stopped, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay before, after;

	ASSERT_EQ(0, setup_fill(s, &self->stream, variant->side)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_get(&s->door, s->id, &before));
	EXPECT_GT(before.from[variant->side].waits, 0);
	EXPECT_LT(before.from[variant->side].bytes, self->stream.sent);

	self->stream.fin = true;
	ASSERT_EQ(0, streams_run(&self->stream, 1)) TH_LOG("%s", why);
	ASSERT_EQ(0, setup_carried(s, variant->side, self->stream.sent, &after))
		TH_LOG("%s", why);
	EXPECT_EQ(0, after.from[variant->side].queued);
}

/* How often TCP has asked in vain whether the window is open again. */
static int probes(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) ? -1 : info.tcpi_backoff;
}

/* Closed for so long that TCP begins to ask, and asks less and less often. */
TEST_F_TIMEOUT(pressure, zero_window, TIMEOUT_S)
{
	struct setup *s = &self->setup;

	ASSERT_EQ(0, setup_fill(s, &self->stream, variant->side)) TH_LOG("%s", why);
	ASSERT_TRUE(await(probes(self->leg) >= 3));
	self->stream.fin = true;
	ASSERT_EQ(0, streams_run(&self->stream, 1)) TH_LOG("%s", why);
}

/* Opened and closed again, many times. */
TEST_F_TIMEOUT(pressure, on_and_off, TIMEOUT_S)
{
	struct stream *stream = &self->stream;
	int i;

	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, setup_fill(&self->setup, stream, variant->side)) TH_LOG("%s", why);
		ASSERT_TRUE(await(stream_pull(stream) && stream->got == stream->sent))
			TH_LOG("%s", why);
	}
	stream->fin = true;
	ASSERT_EQ(0, streams_run(stream, 1)) TH_LOG("%s", why);
}

/* Both receivers asleep: neither may wait for the other one. */
TEST_F_TIMEOUT(pressure, both_stopped, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream streams[2];

	ASSERT_EQ(0, setup_fill(s, &self->stream, variant->side)) TH_LOG("%s", why);
	ASSERT_EQ(0, setup_fill(s, &self->back, other(variant->side))) TH_LOG("%s", why);
	streams[0] = self->stream;
	streams[1] = self->back;
	streams[0].fin = true;
	streams[1].fin = true;
	ASSERT_EQ(0, streams_run(streams, 2)) TH_LOG("%s", why);
}

/* A flow that is stopped stops nothing but itself. */
TEST_F_TIMEOUT(pressure, others_go_on, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream next[2];
	struct path path;

	ASSERT_EQ(0, path_open(&path, variant->family, NULL)) TH_LOG("%s", why);
	ASSERT_GT(relay_add(&s->door, path.leg[CLIENT], path.leg[PEER]), 0);
	ASSERT_EQ(0, setup_fill(s, &self->stream, variant->side)) TH_LOG("%s", why);

	self->back.size = 256 * KiB;
	ASSERT_EQ(0, streams_run(&self->back, 1)) TH_LOG("%s", why);
	next[0] = stream_from(&path, CLIENT, 256 * KiB);
	next[1] = stream_from(&path, PEER, 256 * KiB);
	ASSERT_EQ(0, streams_run(next, 2)) TH_LOG("%s", why);
	EXPECT_EQ(0, self->stream.got);
	ASSERT_EQ(0, streams_run(&self->stream, 1)) TH_LOG("%s", why);
}

TEST_F_TIMEOUT(pressure, byte_by_byte, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay relay;

	self->stream.size = 1000;
	self->stream.write_size = 1;
	self->stream.fin = true;
	ASSERT_EQ(0, streams_run(&self->stream, 1)) TH_LOG("%s", why);
	ASSERT_EQ(0, setup_carried(s, variant->side, 1000, &relay)) TH_LOG("%s", why);
	EXPECT_LE(relay.from[variant->side].moves, 1000);
	/* The head is pieced together as well. */
	EXPECT_EQ(KTURN_HEAD_MAX, relay.from[variant->side].head_len);
	EXPECT_EQ(KTURN_HEAD_MAX, pattern_check(relay.from[variant->side].head, KTURN_HEAD_MAX,
						self->stream.seed, 0));
}

/*
 * A queue full of one-byte segments, and a receiver with a small window: what
 * was sent as pieces has to leave in any other pieces.
 */
TEST_F_TIMEOUT(pressure, pile_of_single_bytes, TIMEOUT_S)
{
	self->back.size = 1500;
	self->back.write_size = 1;
	ASSERT_EQ(0, setup_fill(&self->setup, &self->stream, variant->side)) TH_LOG("%s", why);
	self->stream.size += 1500;
	self->stream.write_size = 1;
	self->stream.read_size = 777;
	ASSERT_EQ(0, streams_run(&self->stream, 1)) TH_LOG("%s", why);
	self->back.read_size = 1;
	ASSERT_EQ(0, streams_run(&self->back, 1)) TH_LOG("%s", why);
}

/* Bulk in both directions at once, in sizes that divide nothing evenly. */
TEST_F_TIMEOUT(pressure, odd_sizes, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream streams[2] = { self->stream, self->back };
	struct relay relay;

	streams[0].size = 512 * KiB + 1;
	streams[0].write_size = 1447;
	streams[0].read_size = 3001;
	streams[1].size = 512 * KiB + 7;
	streams[1].write_size = 9999;
	streams[1].read_size = 611;
	ASSERT_EQ(0, streams_run(streams, 2)) TH_LOG("%s", why);
	EXPECT_EQ(0, setup_carried(s, variant->side, 512 * KiB + 1, &relay)) TH_LOG("%s", why);
	EXPECT_EQ(0, setup_carried(s, other(variant->side), 512 * KiB + 7, &relay))
		TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
