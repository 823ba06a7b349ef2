// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes in bulk that wait for more of their kind: when they do is a setting of
 * the network namespace, and holds for the relays that there are.
 */
#define _GNU_SOURCE
#include <string.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#define BULK	(8 * MiB)

FIXTURE(coalesce) {
	struct setup setup;
	struct coalesce at_first;
	uint64_t carried;
};

FIXTURE_SETUP(coalesce)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	ASSERT_EQ(0, coalesce_get(&self->setup.door, &self->at_first));
	self->carried = 0;
}

FIXTURE_TEARDOWN(coalesce)
{
	setup_close(&self->setup);
}

/* How often bytes had to wait for more of them, in so many that go to the peer. */
static int64_t waits_in(struct setup *s, uint64_t *carried, uint64_t bytes)
{
	struct stream stream = stream_from(&s->path, CLIENT, bytes);
	struct relay before, after;

	*carried += bytes;
	if (relay_get(&s->door, s->id, &before) || streams_run(&stream, 1) ||
	    setup_carried(s, CLIENT, *carried, &after))
		return -1;
	return after.from[CLIENT].coalesced - before.from[CLIENT].coalesced;
}

#define WAITS_IN_BULK()	waits_in(&self->setup, &self->carried, BULK)

/* More than once: whether a flow is in bulk is a matter of how fast this machine is. */
#define EXPECT_GATHERED()	EXPECT_TRUE(await(WAITS_IN_BULK() > 0)) TH_LOG("%s", why)

#define SET(...)								\
	ASSERT_EQ(0, coalesce_set(&self->setup.door, COALESCE(__VA_ARGS__)))	\
		TH_LOG("%s", self->setup.door.text)

TEST_F_TIMEOUT(coalesce, at_first, TIMEOUT_S)
{
	EXPECT_EQ(120, self->at_first.delay_us);
	EXPECT_EQ(8, self->at_first.looks);
	EXPECT_EQ(512 * KiB, self->at_first.bytes);
	EXPECT_EQ(8 * KiB, self->at_first.mean);
}

/* Off, on and off again, while a relay lives. */
TEST_F_TIMEOUT(coalesce, off_and_on, TIMEOUT_S)
{
	ASSERT_EQ(0, setup_relay(&self->setup)) TH_LOG("%s", why);
	SET({ KTURN_A_COALESCE_DELAY_US, 0 });
	EXPECT_EQ(0, WAITS_IN_BULK()) TH_LOG("%s", why);
	SET({ KTURN_A_COALESCE_DELAY_US, 120 });
	EXPECT_GATHERED();
	SET({ KTURN_A_COALESCE_DELAY_US, 0 });
	EXPECT_EQ(0, WAITS_IN_BULK()) TH_LOG("%s", why);
}

/* The other bounds: what is over them does not wait. */
TEST_F_TIMEOUT(coalesce, bounds, TIMEOUT_S)
{
	ASSERT_EQ(0, setup_relay(&self->setup)) TH_LOG("%s", why);
	SET({ KTURN_A_COALESCE_BYTES, 0 });
	EXPECT_EQ(0, WAITS_IN_BULK()) TH_LOG("%s", why);
	SET({ KTURN_A_COALESCE_BYTES, 512 * KiB },
	    { KTURN_A_COALESCE_MEAN, KTURN_COALESCE_BYTES_MAX });
	EXPECT_EQ(0, WAITS_IN_BULK()) TH_LOG("%s", why);
	SET({ KTURN_A_COALESCE_MEAN, 1 });
	EXPECT_GATHERED();
}

/* The longest there is: nothing stays for good, and all of it arrives. */
TEST_F_TIMEOUT(coalesce, longest, TIMEOUT_S)
{
	ASSERT_EQ(0, setup_relay(&self->setup)) TH_LOG("%s", why);
	SET({ KTURN_A_COALESCE_DELAY_US, KTURN_COALESCE_US_MAX },
	    { KTURN_A_COALESCE_LOOKS, KTURN_COALESCE_LOOKS_MAX },
	    { KTURN_A_COALESCE_BYTES, KTURN_COALESCE_BYTES_MAX },
	    { KTURN_A_COALESCE_MEAN, 0 });
	EXPECT_GATHERED();
	EXPECT_GE(waits_in(&self->setup, &self->carried, 1), 0) TH_LOG("%s", why);
}

/* Each namespace has its own. */
TEST_F_TIMEOUT(coalesce, of_this_namespace, TIMEOUT_S)
{
	struct coalesce now;
	struct setup other;

	SET({ KTURN_A_COALESCE_DELAY_US, 7 }, { KTURN_A_COALESCE_LOOKS, 3 });
	ASSERT_EQ(0, coalesce_get(&self->setup.door, &now));
	EXPECT_EQ(7, now.delay_us);
	EXPECT_EQ(3, now.looks);
	EXPECT_EQ(self->at_first.bytes, now.bytes);
	EXPECT_EQ(self->at_first.mean, now.mean);

	ASSERT_EQ(0, setup_path(&other, V4, NULL)) TH_LOG("%s", why);
	ASSERT_EQ(0, coalesce_get(&other.door, &now));
	EXPECT_EQ(0, memcmp(&self->at_first, &now, sizeof(now)));
	setup_close(&other);
}

static const struct {
	struct limit setting[3];
	int error;
	const char *text;
} bad[] = {
	{ { { KTURN_A_COALESCE_DELAY_US, KTURN_COALESCE_US_MAX + 1 } }, ERANGE,
	  "integer out of range" },
	{ { { KTURN_A_COALESCE_LOOKS, 0 } }, ERANGE, "integer out of range" },
	{ { { KTURN_A_COALESCE_DELAY_US, 1 },
	    { KTURN_A_COALESCE_LOOKS, KTURN_COALESCE_LOOKS_MAX + 1 } }, ERANGE,
	  "integer out of range" },
	{ { { KTURN_A_COALESCE_BYTES, KTURN_COALESCE_BYTES_MAX + 1 } }, ERANGE,
	  "integer out of range" },
	{ { { KTURN_A_COALESCE_MEAN, UINT32_MAX } }, ERANGE, "integer out of range" },
	{ { { KTURN_A_COALESCE_MAX + 1, 1 } }, EINVAL, "Unknown attribute type" },
};

/* All of a request or nothing of it. */
TEST_F_TIMEOUT(coalesce, refused, TIMEOUT_S)
{
	struct door *door = &self->setup.door;
	struct coalesce now;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-bad[i].error, coalesce_set(door, bad[i].setting)) TH_LOG("case %zu", i);
		EXPECT_STREQ(bad[i].text, door->text);
		EXPECT_NE(0, door->bad_attr) TH_LOG("case %zu", i);
		ASSERT_EQ(0, coalesce_get(door, &now));
		EXPECT_EQ(0, memcmp(&self->at_first, &now, sizeof(now))) TH_LOG("case %zu", i);
	}
	EXPECT_EQ(0, coalesce_set(door, COALESCE({ 0 }))) TH_LOG("%s", door->text);
	EXPECT_EQ(-EINVAL, door_call(door, door_message(door, KTURN_CMD_SETTINGS_SET, 0),
				     NULL, NULL));
	EXPECT_STREQ("coalesce is required", door->text);
	EXPECT_EQ(KTURN_A_SETTINGS_COALESCE, door->missing);
}

TEST_HARNESS_MAIN
