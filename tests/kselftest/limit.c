// SPDX-License-Identifier: GPL-2.0-only
/*
 * What relays are held to besides a rate: bytes, idle time, life time.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"
#include "lib/tls.h"

/* Long enough for a slow machine to send something in between. */
#define IDLE_MS		3000

/* How long the last bytes wait for somebody who takes none of them. */
#define GRACE_MS	5000

FIXTURE(limit) {
	struct setup setup;
	struct relay last;
};

FIXTURE_VARIANT(limit) {
	enum family family;
	const struct tls_kind *kind[2];
	enum side side;
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(limit, V4_client) { .family = V4, .side = CLIENT };
FIXTURE_VARIANT_ADD(limit, V6_peer) { .family = V6, .side = PEER };
FIXTURE_VARIANT_ADD(limit, by_process) { .side = CLIENT, .engine = &by_process };
FIXTURE_VARIANT_ADD(limit, TLS12_client) { .kind = { &tls12, NULL }, .side = CLIENT };
FIXTURE_VARIANT_ADD(limit, to_TLS13) { .kind = { NULL, &tls13 }, .side = CLIENT };
FIXTURE_VARIANT_ADD(limit, both_TLS) { .family = V6, .kind = { &tls13, &tls12 }, .side = PEER };

FIXTURE_SETUP(limit)
{
}

FIXTURE_TEARDOWN(limit)
{
	setup_close(&self->setup);
}

/* The relay of what OPEN() has made, held to this. */
#define HOLD_TO(...) do {							\
	self->setup.engine = variant->engine;					\
	self->setup.limits = LIMITS(__VA_ARGS__);				\
	START();								\
} while (0)

/* The closing counters know the reason, too. */
#define EXPECT_COUNTED(reason) do {						\
	struct stats stats_;							\
										\
	ASSERT_EQ(0, stats_get(&self->setup.door, &stats_));			\
	EXPECT_EQ(1, stats_.ended[reason]);					\
} while (0)

static uint64_t carried(const struct relay *relay)
{
	return relay->from[CLIENT].bytes + relay->from[PEER].bytes;
}

static uint64_t idle_ms(const struct relay *relay)
{
	uint64_t a = relay->from[CLIENT].idle_ms, b = relay->from[PEER].idle_ms;

	return a < b ? a : b;
}

/*
 * Bytes
 */

/* What comes next, with its record's type; 0 or less is an end. */
static ssize_t receive(int fd, uint8_t *type, uint8_t *buf, size_t size)
{
	ssize_t n;

	if (!await((n = tls_recv(fd, type, buf, size)) >= 0 || errno != EAGAIN))
		errno = ETIMEDOUT;
	return n;
}

/* All that comes from a connection: so many bytes, and then this end. */
static int arrives(struct stream *stream, uint64_t bytes, int end)
{
	static uint8_t buf[16 * KiB];
	uint8_t type;
	ssize_t n;

	while ((n = receive(stream->to, &type, buf, sizeof(buf))) > 0) {
		if (type != RECORD_DATA) {
			stream->closed = n == 2 && buf[1] == ALERT_CLOSE_NOTIFY;
			continue;
		}
		if (pattern_check(buf, n, stream->seed, stream->got) < (size_t)n)
			return fail("a wrong byte behind byte %ju", (uintmax_t)stream->got);
		stream->got += n;
	}
	if (!n && stream->to_tls && !stream->closed)
		return fail("FIN without close_notify");
	if (stream->got == bytes && (n ? errno : 0) == end)
		return 0;
	return fail("%ju of %ju bytes, errno %d instead of %d", (uintmax_t)stream->got,
		    (uintmax_t)bytes, n ? errno : 0, end);
}

/* The sender's host takes all of it before there is a relay. */
static int send_before(struct setup *s, struct stream *stream, enum side side, uint64_t size)
{
	*stream = stream_from(&s->path, side, size);
	if (await(stream_push_all(stream) < 0 || stream->sent == size) && stream->sent == size)
		return 0;
	return fail("sent %ju of %ju bytes", (uintmax_t)stream->sent, (uintmax_t)size);
}

static const struct path_options large = {
	.end = { { 4 * MiB, 4 * MiB }, { 4 * MiB, 4 * MiB } },
	.leg = { { 4 * MiB, 4 * MiB }, { 4 * MiB, 4 * MiB } },
};

/* More is sent than may be carried: that much arrives, and then a reset. */
TEST_F_TIMEOUT(limit, bytes_cut, TIMEOUT_S)
{
	static const uint64_t limits[] = { 1, 4097, 100000, MiB };
	struct setup *s = &self->setup;
	struct stream stream;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		OPEN(&large);
		ASSERT_EQ(0, send_before(s, &stream, variant->side, limits[i] + 50000))
			TH_LOG("%s", why);
		HOLD_TO({ KTURN_A_LIMITS_BYTES, limits[i] });
		EXPECT_EQ(0, arrives(&stream, limits[i], ECONNRESET)) TH_LOG("%s", why);
		EXPECT_ENDED(KTURN_END_REASON_LIMIT);
		EXPECT_EQ(limits[i], carried(&self->last));
		EXPECT_COUNTED(KTURN_END_REASON_LIMIT);
		EXPECT_EQ(ECONNRESET, ending_at(&s->path, variant->side));
		setup_close(s);
	}
}

/* So little that with TLS the module has all of it; its sender is told nevertheless. */
TEST_F_TIMEOUT(limit, bytes_cut_by_a_few, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;

	OPEN(&large);
	ASSERT_EQ(0, send_before(s, &stream, variant->side, 5100)) TH_LOG("%s", why);
	HOLD_TO({ KTURN_A_LIMITS_BYTES, 5000 });
	EXPECT_EQ(0, arrives(&stream, 5000, ECONNRESET)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(5000, carried(&self->last));
	EXPECT_EQ(ECONNRESET, ending_at(&s->path, variant->side));
}

/* Nothing had to be dropped, so it is a good end. */
TEST_F_TIMEOUT(limit, bytes_used_up, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;

	OPEN(NULL);
	HOLD_TO({ KTURN_A_LIMITS_BYTES, 70000 });
	stream = stream_from(&s->path, variant->side, 60000);
	RUN(&stream);
	ASSERT_EQ(0, setup_carried(s, variant->side, 60000, &self->last)) TH_LOG("%s", why);
	stream = stream_from(&s->path, other(variant->side), 10000);
	ASSERT_EQ(0, stream_push_all(&stream)) TH_LOG("%s", why);
	EXPECT_EQ(0, arrives(&stream, 10000, 0)) TH_LOG("%s", why);
	EXPECT_EQ(0, ending_at(&s->path, other(variant->side)));
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(70000, carried(&self->last));
}

/* Both directions draw on the same bytes at the same time. */
TEST_F_TIMEOUT(limit, bytes_both_ways, TIMEOUT_S)
{
	const uint64_t limit = 400001;
	struct setup *s = &self->setup;
	struct stream stream[2];
	enum side side;

	OPEN(&large);
	for (side = CLIENT; side <= PEER; side++)
		ASSERT_EQ(0, send_before(s, &stream[side], side, 300000)) TH_LOG("%s", why);
	HOLD_TO({ KTURN_A_LIMITS_BYTES, limit });
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(limit, carried(&self->last));
	for (side = CLIENT; side <= PEER; side++)
		EXPECT_GE(300000, self->last.from[side].bytes);
}

/*
 * Of 400,000 bytes the relay may carry 300,000, which wait for a receiver that
 * does not read.
 */
static const struct path_options slow = {
	.end = { { 2 * MiB, 8 * KiB }, { 2 * MiB, 8 * KiB } },
	.leg = { { 2 * MiB, 2 * MiB }, { 2 * MiB, 2 * MiB } },
};

#define USE_UP(stream) do {							\
	struct setup *s_ = &self->setup;					\
	const struct flow *flow_ = &self->last.from[variant->side];		\
										\
	OPEN(&slow);								\
	ASSERT_EQ(0, send_before(s_, stream, variant->side, 400000))		\
		TH_LOG("%s", why);						\
	HOLD_TO({ KTURN_A_LIMITS_BYTES, 300000 });				\
	ASSERT_TRUE(await(!relay_get(&s_->door, s_->id, &self->last) &&		\
			  flow_->bytes == 300000));				\
	EXPECT_GT(flow_->unacked, 0);						\
} while (0)

/* What was carried gets there, however slowly somebody reads. */
TEST_F_TIMEOUT(limit, bytes_slow_reader, TIMEOUT_S)
{
	struct stream stream;

	USE_UP(&stream);
	EXPECT_EQ(0, arrives(&stream, 300000, ECONNRESET)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(300000, carried(&self->last));
}

/*
 * What its limit holds back is not waited for when the sender is reset: nobody
 * takes it any more. A machine that stands still may wait for long by itself.
 */
TEST_F_TIMEOUT(limit, bytes_then_reset, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	uint64_t waited = GRACE_MS;
	struct stream stream;
	int i;

	for (i = 0; i < 5 && waited >= GRACE_MS; i++) {
		if (i)
			setup_close(s);
		USE_UP(&stream);
		reset_fd(&s->path.end[variant->side]);
		ASSERT_TRUE(await(!relay_get(&s->door, s->id, &self->last) &&
				  self->last.state == KTURN_RELAY_STATE_RESETTING));
		stream.size = 300000;
		RUN(&stream);
		waited = now_ms();
		EXPECT_EQ(ECONNRESET, ending_at(&s->path, other(variant->side)));
		waited = now_ms() - waited;
		EXPECT_ENDED(reset_by(variant->side));
		EXPECT_EQ(300000, carried(&self->last));
	}
	EXPECT_LT(waited, GRACE_MS);
}

/* Who changes limits has the last bytes waited for once more. */
TEST_F_TIMEOUT(limit, bytes_grace_again, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	int i, ret = -ENOENT;
	uint64_t start, set;

	/* This machine itself may let the time pass. */
	for (i = 0; i < 5 && ret == -ENOENT; i++) {
		if (i)
			setup_close(s);
		USE_UP(&stream);
		for (start = now_ms(); now_ms() < start + GRACE_MS / 2; nap())
			;
		set = now_ms();
		ret = relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_BYTES, 200000 }));
	}
	ASSERT_EQ(0, ret) TH_LOG("%s", s->door.text);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_GE(now_ms() - set, GRACE_MS - 100);
}

/* A rate and a number of bytes at once. */
TEST_F_TIMEOUT(limit, bytes_and_rate, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;

	OPEN(&large);
	ASSERT_EQ(0, send_before(s, &stream, variant->side, 200000)) TH_LOG("%s", why);
	HOLD_TO({ KTURN_A_LIMITS_BYTES, 150001 }, { KTURN_A_LIMITS_RATE, 100000 });
	EXPECT_EQ(0, arrives(&stream, 150001, ECONNRESET)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(150001, carried(&self->last));
	EXPECT_GE(self->last.age_ms, 1400);
}

/* Less than it has carried already. */
TEST_F_TIMEOUT(limit, bytes_lowered, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;

	OPEN(NULL);
	HOLD_TO({ KTURN_A_LIMITS_BYTES, 1 << 30 });
	stream = stream_from(&s->path, variant->side, 50000);
	RUN(&stream);
	EXPECT_EQ(0, relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_BYTES, 40000 })))
		TH_LOG("%s", s->door.text);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(50000, carried(&self->last));
}

/*
 * Times
 */

TEST_F_TIMEOUT(limit, idle, TIMEOUT_S)
{
	struct setup *s = &self->setup;

	OPEN(NULL);
	HOLD_TO({ KTURN_A_LIMITS_IDLE_MS, IDLE_MS });
	EXPECT_ENDED(KTURN_END_REASON_IDLE);
	EXPECT_GE(idle_ms(&self->last), IDLE_MS);
	EXPECT_LT(idle_ms(&self->last), IDLE_MS + 30000);
	EXPECT_COUNTED(KTURN_END_REASON_IDLE);
	EXPECT_EQ(0, ending_at(&s->path, CLIENT));
	EXPECT_EQ(0, ending_at(&s->path, PEER));
}

/*
 * Bytes in either direction, for longer than the idle time. 1 if this machine
 * has let the relay be idle for that long itself.
 */
static int keep_busy(struct setup *s)
{
	uint64_t start = now_ms(), last = start, before;
	struct stream stream[2];
	enum side side = CLIENT;
	struct relay relay;

	for (side = CLIENT; side <= PEER; side++)
		stream[side] = stream_from(&s->path, side, 0);
	for (side = CLIENT; now_ms() < start + 3 * IDLE_MS; side = other(side)) {
		before = now_ms();
		stream[side].size++;
		if (streams_run(&stream[side], 1) ||
		    setup_carried(s, side, stream[side].size, &relay))
			return now_ms() - last >= IDLE_MS / 2 ? 1 : -1;
		last = before;
		/* One direction has nothing for most of the time. */
		while (now_ms() < before + (side == CLIENT ? IDLE_MS / 3 : 1))
			nap();
	}
	return 0;
}

TEST_F_TIMEOUT(limit, idle_again, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	int i, ret = 1;

	for (i = 0; i < 5 && ret > 0; i++) {
		if (i)
			setup_close(s);
		OPEN(NULL);
		HOLD_TO({ KTURN_A_LIMITS_IDLE_MS, IDLE_MS });
		ret = keep_busy(s);
	}
	ASSERT_EQ(0, ret) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_IDLE);
	EXPECT_GE(idle_ms(&self->last), IDLE_MS);
	EXPECT_GE(self->last.age_ms, 3 * IDLE_MS);
}

/* Bytes that nobody takes do not keep a relay; they are not lost in silence. */
TEST_F_TIMEOUT(limit, idle_with_queue, TIMEOUT_S)
{
	static const struct path_options small = {
		.end = { { 2 * MiB, 8 * KiB }, { 2 * MiB, 8 * KiB } },
		.leg = { { 8 * KiB, 2 * MiB }, { 8 * KiB, 2 * MiB } },
	};
	struct setup *s = &self->setup;
	struct stream stream;

	OPEN(&small);
	HOLD_TO({ KTURN_A_LIMITS_IDLE_MS, IDLE_MS });
	ASSERT_EQ(0, send_before(s, &stream, variant->side, 512 * KiB)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_IDLE);
	EXPECT_EQ(ECONNRESET, ending_at(&s->path, other(variant->side)));
	EXPECT_EQ(ECONNRESET, ending_at(&s->path, variant->side));
}

TEST_F_TIMEOUT(limit, idle_changed, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	uint64_t start;

	OPEN(NULL);
	HOLD_TO({ KTURN_A_LIMITS_IDLE_MS, IDLE_MS });
	ASSERT_EQ(0, relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_IDLE_MS, 0 })))
		TH_LOG("%s", s->door.text);
	for (start = now_ms(); now_ms() < start + 2 * IDLE_MS; nap())
		;
	ASSERT_EQ(0, relay_get(&s->door, s->id, &self->last)) TH_LOG("%s", s->door.text);
	/* It was idle for longer already. */
	ASSERT_EQ(0, relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_IDLE_MS, IDLE_MS })))
		TH_LOG("%s", s->door.text);
	EXPECT_ENDED(KTURN_END_REASON_IDLE);
}

/* Traffic does not help. */
TEST_F_TIMEOUT(limit, life, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;

	OPEN(NULL);
	HOLD_TO({ KTURN_A_LIMITS_LIFE_MS, IDLE_MS });
	stream = stream_from(&s->path, variant->side, 0);
	while (!notification(&s->watch, &self->last) || self->last.id != (uint64_t)s->id ||
	       self->last.reason == KTURN_END_REASON_NONE) {
		stream.size += 100;
		if (stream_push_all(&stream) < 0 || stream_pull(&stream) < 0)
			break;
		nap();
	}
	if (self->last.reason == KTURN_END_REASON_NONE)
		ASSERT_EQ(0, notified(&s->watch, KTURN_CMD_RELAY_DEL_NTF, s->id, &self->last))
			TH_LOG("%s", why);
	EXPECT_EQ(KTURN_END_REASON_LIMIT, self->last.reason);
	EXPECT_GE(self->last.age_ms, IDLE_MS);
	EXPECT_LT(self->last.age_ms, IDLE_MS + 30000);
	EXPECT_GT(self->last.from[variant->side].bytes, 0);
}

/* It counts from the start, whenever it is set. */
TEST_F_TIMEOUT(limit, life_changed, TIMEOUT_S)
{
	struct setup *s = &self->setup;

	OPEN(NULL);
	HOLD_TO({ KTURN_A_LIMITS_LIFE_MS, 3600000 });
	ASSERT_TRUE(await(!relay_get(&s->door, s->id, &self->last) && self->last.age_ms > 200));
	ASSERT_EQ(0, relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_LIFE_MS, 100 })))
		TH_LOG("%s", s->door.text);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_LT(self->last.age_ms, 3600000);
}

TEST_HARNESS_MAIN
