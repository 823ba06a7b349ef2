// SPDX-License-Identifier: GPL-2.0-only
/*
 * Relays of connections with TLS that the kernel does: all bytes arrive, once
 * and in order. tls_end.c has how such relays end, tls_wire.c what goes over
 * the wire.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"
#include "lib/tls.h"

/*
 * Sizes
 */

FIXTURE(carry) {
	struct setup setup;
	struct relay last;
};

FIXTURE_VARIANT(carry) {
	enum family family;
	const struct tls_kind *kind[2];
	uint64_t size;
};

#define SIZE(name, family_, client, peer, size_)		\
	FIXTURE_VARIANT_ADD(carry, name) {			\
		.family = family_,				\
		.kind = { client, peer },			\
		.size = size_,					\
	}

SIZE(TLS12_1B, V4, &tls12, NULL, 1);
SIZE(TLS12_16KiB, V4, &tls12, NULL, 16 * KiB);
SIZE(TLS12_64KiB, V6, &tls12, NULL, 64 * KiB);
SIZE(TLS12_1MiB, V4, &tls12, NULL, MiB);
SIZE(TLS12_256_1MiB, MAPPED, &tls12_256, NULL, MiB);
SIZE(TLS13_1B, V4, &tls13, NULL, 1);
SIZE(TLS13_1KiB, MAPPED, &tls13, NULL, KiB);
SIZE(TLS13_16KiB_and_1B, V6, &tls13, NULL, 16 * KiB + 1);
SIZE(TLS13_1MiB, V4, &tls13, NULL, MiB);
SIZE(TLS13_256_64KiB, V4, &tls13_256, NULL, 64 * KiB);
SIZE(peer_TLS12_64KiB, V4, NULL, &tls12, 64 * KiB);
SIZE(peer_TLS13_1B, V4, NULL, &tls13, 1);
SIZE(peer_TLS13_1MiB, V4, NULL, &tls13, MiB);
SIZE(both_TLS12_1MiB, V4, &tls12, &tls12, MiB);
SIZE(both_TLS13_1B, V4, &tls13, &tls13_256, 1);
SIZE(both_different_1MiB, V6, &tls13, &tls12, MiB);

FIXTURE_SETUP(carry)
{
}

FIXTURE_TEARDOWN(carry)
{
	setup_close(&self->setup);
}

/* What the closing report has to say of a flow. */
static int check_flow(const struct flow *flow, const struct stream *stream)
{
	const uint64_t head = stream->size < KTURN_HEAD_MAX ? stream->size : KTURN_HEAD_MAX;

	if (flow->bytes != stream->size || flow->copied != stream->size)
		return fail("counted %ju bytes, %ju copied, of %ju", (uintmax_t)flow->bytes,
			    (uintmax_t)flow->copied, (uintmax_t)stream->size);
	if (!flow->eof || flow->queued)
		return fail("end passed on: %d, queued: %u", flow->eof, flow->queued);
	if ((uint64_t)flow->head_len != head ||
	    pattern_check(flow->head, head, stream->seed, 0) != head)
		return fail("a head of %d bytes is wrong", flow->head_len);
	return 0;
}

#define EXPECT_CARRIED(stream) do {							\
	EXPECT_ENDED(KTURN_END_REASON_EOF);						\
	EXPECT_EQ(KTURN_ENGINE_TLS, self->last.engine);					\
	EXPECT_EQ(0, check_flow(&self->last.from[CLIENT], &(stream)[CLIENT]))		\
		TH_LOG("%s", why);							\
	EXPECT_EQ(0, check_flow(&self->last.from[PEER], &(stream)[PEER]))		\
		TH_LOG("%s", why);							\
} while (0)

/* To both sides, each with its end. */
static void both_streams(struct stream *stream, const struct path *path, uint64_t size)
{
	enum side side;

	for (side = CLIENT; side <= PEER; side++) {
		stream[side] = stream_from(path, side, size);
		stream[side].fin = true;
	}
}

/* One direction first, to its end, then the other. */
#define CARRY_IN_TURN(first) do {						\
	struct stream stream_[2];						\
										\
	OPEN(NULL);								\
	START();								\
	both_streams(stream_, &self->setup.path, variant->size);		\
	RUN(&stream_[first]);							\
	RUN(&stream_[other(first)]);						\
	EXPECT_CARRIED(stream_);						\
	EXPECT_EQ(side_of(first), self->last.closed_first);			\
} while (0)

TEST_F_TIMEOUT(carry, to_peer_and_back, TIMEOUT_S)
{
	CARRY_IN_TURN(CLIENT);
}

TEST_F_TIMEOUT(carry, to_client_and_back, TIMEOUT_S)
{
	CARRY_IN_TURN(PEER);
}

TEST_F_TIMEOUT(carry, both_ways, TIMEOUT_S)
{
	struct stream stream[2];

	OPEN(NULL);
	START();
	both_streams(stream, &self->setup.path, variant->size);
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_CARRIED(stream);
}

/* What came before the relay was made, ends of streams among it. */
TEST_F_TIMEOUT(carry, sent_before, TIMEOUT_S)
{
	struct stream stream[2];
	enum side side;

	OPEN(NULL);
	both_streams(stream, &self->setup.path, variant->size);
	for (side = CLIENT; side <= PEER; side++) {
		ASSERT_EQ(0, stream_push_all(&stream[side])) TH_LOG("%s", why);
		ASSERT_GT(stream[side].sent, 0);
	}
	START();
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_CARRIED(stream);
}

/* A record that its first reader has left half read. */
TEST_F_TIMEOUT(carry, half_read_before, TIMEOUT_S)
{
	struct path *path = &self->setup.path;
	struct stream stream;
	uint8_t byte, type;

	OPEN(NULL);
	if (variant->size < KiB || variant->size > 64 * KiB || !variant->kind[CLIENT])
		SKIP(return, "no record that could be half read");
	stream = stream_from(path, CLIENT, variant->size);
	stream.fin = true;
	ASSERT_EQ(0, stream_push_all(&stream)) TH_LOG("%s", why);
	ASSERT_TRUE(await(tls_recv(path->leg[CLIENT], &type, &byte, 1) == 1));
	ASSERT_EQ(1, pattern_check(&byte, 1, stream.seed, 0));
	stream.got = 1;
	START();
	RUN(&stream);
}

/*
 * Bulk
 */

FIXTURE(bulk) {
	struct setup setup;
	struct relay last;
};

FIXTURE_VARIANT(bulk) {
	enum family family;
	const struct tls_kind *kind[2];
	enum side from;
};

FIXTURE_VARIANT_ADD(bulk, TLS12_to_peer) { .kind = { &tls12, NULL }, .from = CLIENT };
FIXTURE_VARIANT_ADD(bulk, TLS13_to_client) { .kind = { &tls13, NULL }, .from = PEER };

FIXTURE_SETUP(bulk)
{
}

FIXTURE_TEARDOWN(bulk)
{
	setup_close(&self->setup);
}

TEST_F_TIMEOUT(bulk, one_way_16MiB, TIMEOUT_S)
{
	struct stream stream;

	OPEN(NULL);
	START();
	stream = stream_from(&self->setup.path, variant->from, 16 * MiB);
	RUN(&stream);
	ASSERT_EQ(0, setup_carried(&self->setup, variant->from, 16 * MiB, &self->last))
		TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
