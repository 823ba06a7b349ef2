// SPDX-License-Identifier: GPL-2.0-only
/*
 * What relays are held to besides a rate: bytes, idle time, life time; and what
 * requests for limits are turned down.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include <netlink/msg.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

/* Long enough for a slow machine to send something in between. */
#define IDLE_MS		3000

FIXTURE(limit) {
	struct setup setup;
	struct relay relay;
};

FIXTURE_VARIANT(limit) {
	enum family family;
	enum side side;
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(limit, V4_client) { .family = V4, .side = CLIENT };
FIXTURE_VARIANT_ADD(limit, V6_peer) { .family = V6, .side = PEER };
FIXTURE_VARIANT_ADD(limit, by_process) { .side = CLIENT, .engine = &by_process };

FIXTURE_SETUP(limit)
{
	self->setup.engine = variant->engine;
}

FIXTURE_TEARDOWN(limit)
{
	setup_close(&self->setup);
}

#define OPEN(options, limits_) do {						\
	struct setup *s_ = &self->setup;					\
										\
	ASSERT_EQ(0, setup_path(s_, variant->family, options)) TH_LOG("%s", why);	\
	s_->engine = variant->engine;						\
	s_->limits = limits_;							\
	ASSERT_EQ(0, setup_relay(s_)) TH_LOG("%s", why);				\
} while (0)

#define RUN(stream)	ASSERT_EQ(0, streams_run(stream, 1)) TH_LOG("%s", why)

#define EXPECT_ENDED(reason)							\
	EXPECT_EQ(0, setup_ended(&self->setup, reason, &self->relay)) TH_LOG("%s", why)

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

/* All that comes from a connection: so many bytes, and then this end. */
static int arrives(struct stream *stream, uint64_t bytes, int end)
{
	static uint8_t buf[16 * KiB];
	ssize_t n;

	while ((n = recv(stream->to, buf, sizeof(buf), 0)) > 0) {
		if (pattern_check(buf, n, stream->seed, stream->got) < (size_t)n)
			return fail("a wrong byte behind byte %ju", (uintmax_t)stream->got);
		stream->got += n;
	}
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

#define OPEN_PATH(options) do {							\
	struct setup *s_ = &self->setup;					\
										\
	ASSERT_EQ(0, setup_path(s_, variant->family, options)) TH_LOG("%s", why);	\
	s_->engine = variant->engine;						\
} while (0)

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
		OPEN_PATH(&large);
		ASSERT_EQ(0, send_before(s, &stream, variant->side, limits[i] + 50000))
			TH_LOG("%s", why);
		s->limits = LIMITS({ KTURN_A_LIMITS_BYTES, limits[i] });
		ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
		EXPECT_EQ(0, arrives(&stream, limits[i], ECONNRESET)) TH_LOG("%s", why);
		EXPECT_ENDED(KTURN_END_REASON_LIMIT);
		EXPECT_EQ(limits[i], carried(&self->relay));
		EXPECT_COUNTED(KTURN_END_REASON_LIMIT);
		EXPECT_EQ(ECONNRESET, ending(stream.from));
		setup_close(s);
	}
}

/* Nothing had to be dropped, so it is a good end. */
TEST_F_TIMEOUT(limit, bytes_used_up, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;

	OPEN(NULL, LIMITS({ KTURN_A_LIMITS_BYTES, 70000 }));
	stream = stream_from(&s->path, variant->side, 60000);
	RUN(&stream);
	ASSERT_EQ(0, setup_carried(s, variant->side, 60000, &self->relay)) TH_LOG("%s", why);
	stream = stream_from(&s->path, other(variant->side), 10000);
	ASSERT_EQ(0, stream_push_all(&stream)) TH_LOG("%s", why);
	EXPECT_EQ(0, arrives(&stream, 10000, 0)) TH_LOG("%s", why);
	EXPECT_EQ(0, ending(stream.from));
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(70000, carried(&self->relay));
}

/* Both directions draw on the same bytes at the same time. */
TEST_F_TIMEOUT(limit, bytes_both_ways, TIMEOUT_S)
{
	const uint64_t limit = 400001;
	struct setup *s = &self->setup;
	struct stream stream[2];
	enum side side;

	OPEN_PATH(&large);
	for (side = CLIENT; side <= PEER; side++)
		ASSERT_EQ(0, send_before(s, &stream[side], side, 300000)) TH_LOG("%s", why);
	s->limits = LIMITS({ KTURN_A_LIMITS_BYTES, limit });
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(limit, carried(&self->relay));
	for (side = CLIENT; side <= PEER; side++)
		EXPECT_GE(300000, self->relay.from[side].bytes);
}

/* What was carried gets there, however slowly somebody reads. */
TEST_F_TIMEOUT(limit, bytes_slow_reader, TIMEOUT_S)
{
	static const struct path_options slow = {
		.end = { { 2 * MiB, 8 * KiB }, { 2 * MiB, 8 * KiB } },
		.leg = { { 2 * MiB, 2 * MiB }, { 2 * MiB, 2 * MiB } },
	};
	struct setup *s = &self->setup;
	struct stream stream;
	struct flow *flow = &self->relay.from[variant->side];

	OPEN_PATH(&slow);
	ASSERT_EQ(0, send_before(s, &stream, variant->side, 400000)) TH_LOG("%s", why);
	s->limits = LIMITS({ KTURN_A_LIMITS_BYTES, 300000 });
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	EXPECT_TRUE(await(!relay_get(&s->door, s->id, &self->relay) && flow->bytes == 300000));
	EXPECT_GT(flow->unacked, 0);
	EXPECT_EQ(0, arrives(&stream, 300000, ECONNRESET)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(300000, carried(&self->relay));
}

/* A rate and a number of bytes at once. */
TEST_F_TIMEOUT(limit, bytes_and_rate, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;

	OPEN_PATH(&large);
	ASSERT_EQ(0, send_before(s, &stream, variant->side, 200000)) TH_LOG("%s", why);
	s->limits = LIMITS({ KTURN_A_LIMITS_BYTES, 150001 }, { KTURN_A_LIMITS_RATE, 100000 });
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	EXPECT_EQ(0, arrives(&stream, 150001, ECONNRESET)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(150001, carried(&self->relay));
	EXPECT_GE(self->relay.age_ms, 1400);
}

/* Less than it has carried already. */
TEST_F_TIMEOUT(limit, bytes_lowered, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;

	OPEN(NULL, LIMITS({ KTURN_A_LIMITS_BYTES, 1 << 30 }));
	stream = stream_from(&s->path, variant->side, 50000);
	RUN(&stream);
	EXPECT_EQ(0, relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_BYTES, 40000 })))
		TH_LOG("%s", s->door.text);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_EQ(50000, carried(&self->relay));
}

/*
 * Times
 */

TEST_F_TIMEOUT(limit, idle, TIMEOUT_S)
{
	struct setup *s = &self->setup;

	OPEN(NULL, LIMITS({ KTURN_A_LIMITS_IDLE_MS, IDLE_MS }));
	EXPECT_ENDED(KTURN_END_REASON_IDLE);
	EXPECT_GE(idle_ms(&self->relay), IDLE_MS);
	EXPECT_LT(idle_ms(&self->relay), IDLE_MS + 30000);
	EXPECT_COUNTED(KTURN_END_REASON_IDLE);
	EXPECT_EQ(0, ending(s->path.end[CLIENT]));
	EXPECT_EQ(0, ending(s->path.end[PEER]));
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
		OPEN(NULL, LIMITS({ KTURN_A_LIMITS_IDLE_MS, IDLE_MS }));
		ret = keep_busy(s);
	}
	ASSERT_EQ(0, ret) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_IDLE);
	EXPECT_GE(idle_ms(&self->relay), IDLE_MS);
	EXPECT_GE(self->relay.age_ms, 3 * IDLE_MS);
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

	OPEN(&small, LIMITS({ KTURN_A_LIMITS_IDLE_MS, IDLE_MS }));
	ASSERT_EQ(0, send_before(s, &stream, variant->side, 512 * KiB)) TH_LOG("%s", why);
	EXPECT_ENDED(KTURN_END_REASON_IDLE);
	EXPECT_EQ(ECONNRESET, ending(stream.to));
	EXPECT_EQ(ECONNRESET, ending(stream.from));
}

TEST_F_TIMEOUT(limit, idle_changed, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	uint64_t start;

	OPEN(NULL, LIMITS({ KTURN_A_LIMITS_IDLE_MS, IDLE_MS }));
	ASSERT_EQ(0, relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_IDLE_MS, 0 })))
		TH_LOG("%s", s->door.text);
	for (start = now_ms(); now_ms() < start + 2 * IDLE_MS; nap())
		;
	ASSERT_EQ(0, relay_get(&s->door, s->id, &self->relay)) TH_LOG("%s", s->door.text);
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

	OPEN(NULL, LIMITS({ KTURN_A_LIMITS_LIFE_MS, IDLE_MS }));
	stream = stream_from(&s->path, variant->side, 0);
	while (!notification(&s->watch, &self->relay) || self->relay.id != (uint64_t)s->id ||
	       self->relay.reason == KTURN_END_REASON_NONE) {
		stream.size += 100;
		if (stream_push_all(&stream) < 0 || stream_pull(&stream) < 0)
			break;
		nap();
	}
	if (self->relay.reason == KTURN_END_REASON_NONE)
		ASSERT_EQ(0, notified(&s->watch, KTURN_CMD_RELAY_DEL_NTF, s->id, &self->relay))
			TH_LOG("%s", why);
	EXPECT_EQ(KTURN_END_REASON_LIMIT, self->relay.reason);
	EXPECT_GE(self->relay.age_ms, IDLE_MS);
	EXPECT_LT(self->relay.age_ms, IDLE_MS + 30000);
	EXPECT_GT(self->relay.from[variant->side].bytes, 0);
}

/* It counts from the start, whenever it is set. */
TEST_F_TIMEOUT(limit, life_changed, TIMEOUT_S)
{
	struct setup *s = &self->setup;

	OPEN(NULL, LIMITS({ KTURN_A_LIMITS_LIFE_MS, 3600000 }));
	ASSERT_TRUE(await(!relay_get(&s->door, s->id, &self->relay) && self->relay.age_ms > 200));
	ASSERT_EQ(0, relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_LIFE_MS, 100 })))
		TH_LOG("%s", s->door.text);
	EXPECT_ENDED(KTURN_END_REASON_LIMIT);
	EXPECT_LT(self->relay.age_ms, 3600000);
}

/*
 * Requests
 */

FIXTURE(limit_request) {
	struct setup setup;
	struct relay relay;
};

FIXTURE_SETUP(limit_request)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(limit_request)
{
	setup_close(&self->setup);
}

static const struct limit all[] = {
	{ KTURN_A_LIMITS_IDLE_MS, 2147483647 },
	{ KTURN_A_LIMITS_LIFE_MS, 100000001 },
	{ KTURN_A_LIMITS_BYTES, UINT64_MAX },
	{ KTURN_A_LIMITS_RATE, KTURN_RATE_MAX },
	{ KTURN_A_LIMITS_KEEPALIVE_IDLE, 32767 },
	{ KTURN_A_LIMITS_KEEPALIVE_INTERVAL, 300 },
	{ KTURN_A_LIMITS_KEEPALIVE_COUNT, 127 },
	{ KTURN_A_LIMITS_USER_TIMEOUT_MS, 2147483647 },
	{ 0 },
};

static const struct limits all_shown = {
	.idle_ms = 2147483647, .life_ms = 100000001, .bytes = UINT64_MAX,
	.rate = KTURN_RATE_MAX, .keepalive_idle = 32767, .keepalive_interval = 300,
	.keepalive_count = 127, .user_timeout_ms = 2147483647,
};

#define EXPECT_LIMITS(relay_, wanted) do {					\
	const struct limits *a_ = &(relay_).limits, *b_ = wanted;		\
										\
	EXPECT_EQ(b_->idle_ms, a_->idle_ms);					\
	EXPECT_EQ(b_->life_ms, a_->life_ms);					\
	EXPECT_EQ(b_->bytes, a_->bytes);					\
	EXPECT_EQ(b_->rate, a_->rate);						\
	EXPECT_EQ(b_->keepalive_idle, a_->keepalive_idle);			\
	EXPECT_EQ(b_->keepalive_interval, a_->keepalive_interval);		\
	EXPECT_EQ(b_->keepalive_count, a_->keepalive_count);			\
	EXPECT_EQ(b_->user_timeout_ms, a_->user_timeout_ms);			\
} while (0)

TEST_F_TIMEOUT(limit_request, shown, TIMEOUT_S)
{
	static const struct limits none;
	struct setup *s = &self->setup;
	struct limits some = all_shown;

	s->limits = all;
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_get(&s->door, s->id, &self->relay)) TH_LOG("%s", why);
	EXPECT_LIMITS(self->relay, &all_shown);
	ASSERT_EQ(1, relay_dump(&s->door, NULL, &self->relay, 1)) TH_LOG("%s", why);
	EXPECT_LIMITS(self->relay, &all_shown);
	ASSERT_EQ(0, notified(&s->watch, KTURN_CMD_RELAY_ADD_NTF, s->id, &self->relay))
		TH_LOG("%s", why);
	EXPECT_LIMITS(self->relay, &all_shown);

	/* What is not in the request stays. */
	ASSERT_EQ(0, relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_RATE, 12345 },
						       { KTURN_A_LIMITS_IDLE_MS, 0 })))
		TH_LOG("%s", s->door.text);
	some.rate = 12345;
	some.idle_ms = 0;
	ASSERT_EQ(0, relay_get(&s->door, s->id, &self->relay));
	EXPECT_LIMITS(self->relay, &some);

	/* Without an idle time there is no keepalive at all. */
	ASSERT_EQ(0, relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_LIFE_MS, 0 },
						       { KTURN_A_LIMITS_BYTES, 0 },
						       { KTURN_A_LIMITS_RATE, 0 },
						       { KTURN_A_LIMITS_KEEPALIVE_IDLE, 0 },
						       { KTURN_A_LIMITS_USER_TIMEOUT_MS, 0 })))
		TH_LOG("%s", s->door.text);
	ASSERT_EQ(0, relay_get(&s->door, s->id, &self->relay));
	EXPECT_LIMITS(self->relay, &none);
	EXPECT_EQ(0, relay_set(&s->door, s->id, LIMITS({ 0 })));
	EXPECT_EQ(0, usable(s->path.end[CLIENT], s->path.end[PEER])) TH_LOG("%s", why);
}

#define RANGE	"integer out of range"
#define LONELY	"keepalive-interval and keepalive-count need keepalive-idle"

static const struct {
	struct limit limit[3];
	int error;
	const char *text;
} bad[] = {
	{ { { KTURN_A_LIMITS_IDLE_MS, 2147483648 } }, ERANGE, RANGE },
	{ { { KTURN_A_LIMITS_LIFE_MS, UINT32_MAX } }, ERANGE, RANGE },
	{ { { KTURN_A_LIMITS_RATE, KTURN_RATE_MAX + 1 } }, ERANGE, RANGE },
	{ { { KTURN_A_LIMITS_RATE, UINT64_MAX } }, ERANGE, RANGE },
	{ { { KTURN_A_LIMITS_KEEPALIVE_IDLE, 32768 } }, ERANGE, RANGE },
	{ { { KTURN_A_LIMITS_KEEPALIVE_INTERVAL, 65536 } }, ERANGE, RANGE },
	{ { { KTURN_A_LIMITS_KEEPALIVE_COUNT, 128 } }, ERANGE, RANGE },
	{ { { KTURN_A_LIMITS_USER_TIMEOUT_MS, 2147483648 } }, ERANGE, RANGE },
	{ { { KTURN_A_LIMITS_IDLE_MS, 1000 }, { KTURN_A_LIMITS_KEEPALIVE_COUNT, 3 } },
	  EINVAL, LONELY },
	{ { { KTURN_A_LIMITS_KEEPALIVE_INTERVAL, 3 }, { KTURN_A_LIMITS_RATE, 1 } },
	  EINVAL, LONELY },
	{ { { KTURN_A_LIMITS_KEEPALIVE_IDLE, 0 }, { KTURN_A_LIMITS_KEEPALIVE_COUNT, 3 } },
	  EINVAL, LONELY },
	{ { { KTURN_A_LIMITS_MAX + 1, 1 } }, EINVAL, "Unknown attribute type" },
	{ { { KTURN_A_LIMITS_PAD, 1 } }, EINVAL, "Unsupported attribute" },
};

/* All of a request or nothing of it. */
TEST_F_TIMEOUT(limit_request, refused, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	const int *leg = s->path.leg;
	struct add add = { .fd = { &leg[CLIENT], &leg[PEER] } };
	static const struct limits few = { .rate = 100000 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		add.limits = bad[i].limit;
		EXPECT_EQ(-bad[i].error, relay_add_with(&s->door, &add)) TH_LOG("case %zu", i);
		EXPECT_STREQ(bad[i].text, s->door.text);
		EXPECT_NE(0, s->door.bad_attr) TH_LOG("case %zu", i);
	}
	EXPECT_EQ(0, relay_dump(&s->door, NULL, NULL, 0));
	EXPECT_EQ(0, usable(s->path.end[CLIENT], leg[CLIENT])) TH_LOG("%s", why);

	s->limits = LIMITS({ KTURN_A_LIMITS_RATE, 100000 });
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-bad[i].error, relay_set(&s->door, s->id, bad[i].limit))
			TH_LOG("case %zu", i);
		EXPECT_STREQ(bad[i].text, s->door.text);
		EXPECT_NE(0, s->door.bad_attr) TH_LOG("case %zu", i);
		ASSERT_EQ(0, relay_get(&s->door, s->id, &self->relay)) TH_LOG("case %zu", i);
		EXPECT_LIMITS(self->relay, &few);
	}
}

TEST_F_TIMEOUT(limit_request, which_relay, TIMEOUT_S)
{
	static const char text[] = "there is no relay with this id";
	const struct limit *some = LIMITS({ KTURN_A_LIMITS_RATE, 1 });
	struct setup *s = &self->setup;

	EXPECT_EQ(-ENOENT, relay_set(&s->door, 1ull << 60, some));
	EXPECT_STREQ(text, s->door.text);
	EXPECT_NE(0, s->door.bad_attr);
	EXPECT_EQ(-ERANGE, relay_set(&s->door, 0, some));
	EXPECT_STREQ(RANGE, s->door.text);
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, relay_del(&s->door, s->id, &self->relay));
	EXPECT_EQ(-ENOENT, relay_set(&s->door, s->id, some));
	EXPECT_STREQ(text, s->door.text);
}

/* A request as it should not be: what @shape says. */
enum shape { NO_ID, NO_LIMITS, NOT_NESTED, SHORT, TRAILING };

static int misshapen(struct door *door, uint64_t id, enum shape shape)
{
	struct nl_msg *msg = door_message(door, KTURN_CMD_RELAY_SET, 0);
	uint8_t attr[8] = { 8, 0, KTURN_A_LIMITS_IDLE_MS, 0 };
	int type = KTURN_A_RELAY_LIMITS | (shape == NOT_NESTED ? 0 : NLA_F_NESTED);

	if (shape == SHORT)
		attr[0] = 6;
	if (shape != NO_ID)
		nla_put_u64(msg, KTURN_A_RELAY_ID, id);
	if (shape != NO_LIMITS)
		nla_put(msg, type, shape == TRAILING ? 2 : 8, attr);
	return door_call(door, msg, NULL, NULL);
}

TEST_F_TIMEOUT(limit_request, misshapen, TIMEOUT_S)
{
	static const char text[] = "id and limits are required";
	struct setup *s = &self->setup;
	struct door *door = &s->door;
	enum shape shape;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	EXPECT_EQ(-EINVAL, misshapen(door, s->id, NO_ID));
	EXPECT_STREQ(text, door->text);
	EXPECT_EQ(KTURN_A_RELAY_ID, door->missing);
	EXPECT_EQ(-EINVAL, misshapen(door, s->id, NO_LIMITS));
	EXPECT_STREQ(text, door->text);
	EXPECT_EQ(KTURN_A_RELAY_LIMITS, door->missing);
	for (shape = NOT_NESTED; shape <= TRAILING; shape++) {
		EXPECT_GT(0, misshapen(door, s->id, shape)) TH_LOG("shape %d", shape);
		EXPECT_NE(0, strlen(door->text)) TH_LOG("shape %d", shape);
	}
	EXPECT_EQ(0, usable(s->path.end[CLIENT], s->path.end[PEER])) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
