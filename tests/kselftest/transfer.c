// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes arrive: all of them, once, in order, and are counted.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

FIXTURE(transfer) {
	struct setup setup;
};

FIXTURE_VARIANT(transfer) {
	enum family family;
	uint64_t size;
	const uint32_t *engine;
};

#define SIZE(family_, name, size_)				\
	FIXTURE_VARIANT_ADD(transfer, family_##_##name) {	\
		.family = family_,				\
		.size = size_,					\
	}

#define SIZE_BY_PROCESS(name, size_)				\
	FIXTURE_VARIANT_ADD(transfer, by_process_##name) {	\
		.family = V4,					\
		.size = size_,					\
		.engine = &by_process,				\
	}

SIZE(V4, 1B, 1);
SIZE(V4, 1KiB, KiB);
SIZE(V4, 64KiB, 64 * KiB);
SIZE(V4, 1MiB, MiB);
SIZE(V6, 1B, 1);
SIZE(V6, 1KiB, KiB);
SIZE(V6, 64KiB, 64 * KiB);
SIZE(V6, 1MiB, MiB);
SIZE(MAPPED, 1B, 1);
SIZE(MAPPED, 1KiB, KiB);
SIZE(MAPPED, 64KiB, 64 * KiB);
SIZE(MAPPED, 1MiB, MiB);
SIZE_BY_PROCESS(1B, 1);
SIZE_BY_PROCESS(1KiB, KiB);
SIZE_BY_PROCESS(64KiB, 64 * KiB);
SIZE_BY_PROCESS(1MiB, MiB);

FIXTURE_SETUP(transfer)
{
	ASSERT_EQ(0, setup_path(&self->setup, variant->family, NULL)) TH_LOG("%s", why);
	self->setup.engine = variant->engine;
}

FIXTURE_TEARDOWN(transfer)
{
	setup_close(&self->setup);
}

static int check_head(const struct flow *flow, uint64_t size, uint64_t seed)
{
	uint64_t len = size < KTURN_HEAD_MAX ? size : KTURN_HEAD_MAX;

	if ((uint64_t)flow->head_len != len)
		return fail("head of %d bytes instead of %ju", flow->head_len, (uintmax_t)len);
	if (pattern_check(flow->head, len, seed, 0) != len)
		return fail("head has other bytes than were sent");
	return 0;
}

/* What a flow must say of itself after so many bytes. */
static int check_flow(const struct flow *flow, uint64_t size, uint64_t seed)
{
	if (flow->bytes != size)
		return fail("counted %ju of %ju bytes", (uintmax_t)flow->bytes,
			    (uintmax_t)size);
	if (!size != !flow->moves || flow->moves > size)
		return fail("%ju bytes in %ju moves", (uintmax_t)size,
			    (uintmax_t)flow->moves);
	if (flow->copied > size)
		return fail("%ju of %ju bytes copied", (uintmax_t)flow->copied,
			    (uintmax_t)size);
	return check_head(flow, size, seed);
}

/* Everything was carried in both directions, and the books say so too. */
static int check_closing(struct setup *s, const struct stream *client,
			 const struct stream *peer)
{
	struct stats stats;
	struct relay last;

	if (setup_ended(s, KTURN_END_REASON_EOF, &last) ||
	    check_flow(&last.from[CLIENT], client->size, client->seed) ||
	    check_flow(&last.from[PEER], peer->size, peer->seed))
		return -1;
	if (!last.from[CLIENT].eof || !last.from[PEER].eof)
		return fail("a flow has not noted its FIN");
	if (last.state != KTURN_RELAY_STATE_ENDED)
		return fail("closing report with state %u", last.state);
	if (stats_get(&s->door, &stats))
		return fail("no counters");
	if (stats.bytes_from[CLIENT] != client->size ||
	    stats.bytes_from[PEER] != peer->size || stats.copied > client->size + peer->size)
		return fail("the namespace counts %ju and %ju bytes, %ju copied",
			    (uintmax_t)stats.bytes_from[CLIENT],
			    (uintmax_t)stats.bytes_from[PEER], (uintmax_t)stats.copied);
	if (stats.ended[KTURN_END_REASON_EOF] != 1 || stats.created != 1)
		return fail("the end was not counted");
	return 0;
}

/* One direction carries the bytes; then the other side ends without any. */
static void one_way(struct __test_metadata *_metadata, struct setup *s, enum side from,
		    uint64_t size)
{
	struct stream stream[2];
	struct relay relay;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	stream[from] = stream_from(&s->path, from, size);
	ASSERT_EQ(0, streams_run(&stream[from], 1)) TH_LOG("%s", why);

	ASSERT_EQ(0, setup_carried(s, from, size, &relay)) TH_LOG("%s", why);
	ASSERT_TRUE(await(!relay_get(&s->door, s->id, &relay) &&
			  !relay.from[from].unacked));
	EXPECT_EQ(0, check_flow(&relay.from[from], size, stream[from].seed))
		TH_LOG("%s", why);
	EXPECT_EQ(0, check_flow(&relay.from[other(from)], 0, 0)) TH_LOG("%s", why);
	EXPECT_EQ(0, relay.from[from].queued);
	EXPECT_EQ(KTURN_RELAY_STATE_OPEN, relay.state);

	stream[from].fin = true;
	ASSERT_EQ(0, streams_run(&stream[from], 1)) TH_LOG("%s", why);
	stream[other(from)] = stream_from(&s->path, other(from), 0);
	stream[other(from)].fin = true;
	ASSERT_EQ(0, streams_run(&stream[other(from)], 1)) TH_LOG("%s", why);
	EXPECT_EQ(0, check_closing(s, &stream[CLIENT], &stream[PEER])) TH_LOG("%s", why);
}

TEST_F_TIMEOUT(transfer, to_peer, TIMEOUT_S)
{
	one_way(_metadata, &self->setup, CLIENT, variant->size);
}

TEST_F_TIMEOUT(transfer, to_client, TIMEOUT_S)
{
	one_way(_metadata, &self->setup, PEER, variant->size);
}

static void both_ways(struct __test_metadata *_metadata, struct setup *s, uint64_t size)
{
	struct stream stream[2];
	enum side side;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	for (side = CLIENT; side <= PEER; side++) {
		stream[side] = stream_from(&s->path, side, size);
		stream[side].fin = true;
	}
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_EQ(0, check_closing(s, &stream[CLIENT], &stream[PEER])) TH_LOG("%s", why);
}

TEST_F_TIMEOUT(transfer, both_ways, TIMEOUT_S)
{
	both_ways(_metadata, &self->setup, variant->size);
}

/*
 * What came before the relay was made goes through as well, and so does a FIN
 * for which no callback will come any more.
 */
TEST_F_TIMEOUT(transfer, sent_before, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream[2];
	enum side side;

	for (side = CLIENT; side <= PEER; side++) {
		stream[side] = stream_from(&s->path, side, variant->size);
		stream[side].fin = true;
		ASSERT_EQ(0, stream_push_all(&stream[side])) TH_LOG("%s", why);
		ASSERT_GT(stream[side].sent, 0);
	}
	/* A small stream is all there, down to its FIN. */
	if (variant->size <= KiB) {
		EXPECT_TRUE(await(all_acked(s->path.end[CLIENT])));
		EXPECT_TRUE(await(all_acked(s->path.end[PEER])));
	}
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_EQ(0, check_closing(s, &stream[CLIENT], &stream[PEER])) TH_LOG("%s", why);
}

/* A request and its answer, many times: the last bytes never wait for more. */
TEST_F_TIMEOUT(transfer, there_and_back, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	uint64_t step = variant->size < 64 * KiB ? variant->size : 64 * KiB;
	struct stream ask, answer;
	struct relay relay;
	int i;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ask = stream_from(&s->path, CLIENT, 0);
	answer = stream_from(&s->path, PEER, 0);
	for (i = 0; i < 20; i++) {
		ask.size += step;
		ASSERT_EQ(0, streams_run(&ask, 1)) TH_LOG("%s", why);
		answer.size += step;
		ASSERT_EQ(0, streams_run(&answer, 1)) TH_LOG("%s", why);
	}
	ASSERT_EQ(0, setup_carried(s, PEER, answer.size, &relay)) TH_LOG("%s", why);
	EXPECT_EQ(0, check_flow(&relay.from[CLIENT], ask.size, ask.seed)) TH_LOG("%s", why);
	EXPECT_EQ(0, check_flow(&relay.from[PEER], answer.size, answer.seed))
		TH_LOG("%s", why);
}

FIXTURE(bulk) {
	struct setup setup;
};

FIXTURE_VARIANT(bulk) {
	enum family family;
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(bulk, V4) { .family = V4 };
FIXTURE_VARIANT_ADD(bulk, V6) { .family = V6 };
FIXTURE_VARIANT_ADD(bulk, MAPPED) { .family = MAPPED };
FIXTURE_VARIANT_ADD(bulk, by_process) { .engine = &by_process };

FIXTURE_SETUP(bulk)
{
	ASSERT_EQ(0, setup_path(&self->setup, variant->family, NULL)) TH_LOG("%s", why);
	self->setup.engine = variant->engine;
}

FIXTURE_TEARDOWN(bulk)
{
	setup_close(&self->setup);
}

TEST_F_TIMEOUT(bulk, to_peer_16MiB, TIMEOUT_S)
{
	one_way(_metadata, &self->setup, CLIENT, 16 * MiB);
}

TEST_F_TIMEOUT(bulk, to_client_16MiB, TIMEOUT_S)
{
	one_way(_metadata, &self->setup, PEER, 16 * MiB);
}

TEST_F_TIMEOUT(bulk, both_ways_16MiB, TIMEOUT_S)
{
	both_ways(_metadata, &self->setup, 16 * MiB);
}

/* Relays behind each other: what one sends, the next one receives. */
TEST_F_TIMEOUT(bulk, chain, TIMEOUT_S)
{
	enum { LINKS = 8 };
	struct setup *s = &self->setup;
	struct path *path = &s->path;
	struct stream stream[2];
	int i, far, near;
	enum side side;
	struct add add;

	for (i = 1; i < LINKS; i++) {
		ASSERT_EQ(0, tcp_pair(i % 2 ? V4 : V6, NULL, NULL, true, &far, &near))
			TH_LOG("%s", why);
		add = (struct add) {
			.fd = { &path->leg[CLIENT], &far }, .engine = variant->engine,
		};
		ASSERT_GT(relay_add_with(&s->door, &add), 0) TH_LOG("%s", s->door.text);
		close_fd(&path->leg[CLIENT]);
		close_fd(&far);
		path->leg[CLIENT] = near;
	}
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	EXPECT_EQ(LINKS, relay_dump(&s->door, NULL, NULL, 0));

	for (side = CLIENT; side <= PEER; side++) {
		stream[side] = stream_from(path, side, MiB);
		stream[side].fin = true;
	}
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_TRUE(await(!relay_dump(&s->door, NULL, NULL, 0)));
}

/* Many relays at once, each with bytes of its own. */
TEST_F_TIMEOUT(bulk, side_by_side, TIMEOUT_S)
{
	enum { RELAYS = 32 };
	struct setup *s = &self->setup;
	struct stream stream[2 * RELAYS];
	struct path path[RELAYS];
	struct relay relay[RELAYS];
	int64_t id[RELAYS];
	struct add add;
	int i;

	for (i = 0; i < RELAYS; i++) {
		ASSERT_EQ(0, path_open(&path[i], i % 3, NULL)) TH_LOG("%s", why);
		add = (struct add) {
			.fd = { &path[i].leg[CLIENT], &path[i].leg[PEER] },
			.engine = variant->engine,
		};
		id[i] = relay_add_with(&s->door, &add);
		ASSERT_GT(id[i], 0) TH_LOG("%s", s->door.text);
		path_close_legs(&path[i]);
		stream[2 * i] = stream_from(&path[i], CLIENT, 50000 + i);
		stream[2 * i + 1] = stream_from(&path[i], PEER, 60000 + i);
		stream[2 * i].seed = 1000 + i;
		stream[2 * i + 1].seed = 2000 + i;
	}
	ASSERT_EQ(0, streams_run(stream, 2 * RELAYS)) TH_LOG("%s", why);

	for (i = 0; i < RELAYS; i++) {
		s->id = id[i];
		EXPECT_EQ(0, setup_carried(s, CLIENT, 50000 + i, relay)) TH_LOG("%s", why);
		EXPECT_EQ(0, setup_carried(s, PEER, 60000 + i, relay)) TH_LOG("%s", why);
	}
	ASSERT_EQ(RELAYS, relay_dump(&s->door, NULL, relay, RELAYS));
	for (i = 0; i < RELAYS; i++) {
		EXPECT_EQ(id[i], relay[i].id);
		EXPECT_EQ(0, check_flow(&relay[i].from[CLIENT], 50000 + i, 1000 + i))
			TH_LOG("%s", why);
		EXPECT_EQ(0, check_flow(&relay[i].from[PEER], 60000 + i, 2000 + i))
			TH_LOG("%s", why);
	}
}

TEST_HARNESS_MAIN
