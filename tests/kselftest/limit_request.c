// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests for limits: what a relay shows of them, and what is turned down.
 */
#define _GNU_SOURCE
#include <string.h>

#include <netlink/msg.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

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
