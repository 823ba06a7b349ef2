// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop guard: relays behind one another, the last of which would bring the
 * bytes back to the first.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#define ONE_CONNECTION	"the client and the peer are the two ends of one connection"
#define COMES_BACK	"what goes to the peer would come back from the client, through other relays"
#define TOO_MANY	"too many relays behind one another"

/* As many relays may be behind one another in front of a new one. */
#define HOPS		63

/* Connections, each with both ends here. */
struct connection {
	int a;
	int b;
};

FIXTURE(loop) {
	struct setup setup;
};

FIXTURE_VARIANT(loop) {
	enum family family;
};

FIXTURE_VARIANT_ADD(loop, V4) { .family = V4 };
FIXTURE_VARIANT_ADD(loop, V6) { .family = V6 };
FIXTURE_VARIANT_ADD(loop, MAPPED) { .family = MAPPED };

FIXTURE_SETUP(loop)
{
	ASSERT_EQ(0, setup_path(&self->setup, variant->family, NULL)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(loop)
{
	setup_close(&self->setup);
}

static int connect_pairs(struct connection *pair, int count, enum family family)
{
	int i;

	for (i = 0; i < count; i++)
		if (tcp_pair(family, NULL, NULL, i % 2, &pair[i].a, &pair[i].b))
			return -1;
	return 0;
}

/* A relay from the end of each connection to the beginning of the next one. */
static int chain(struct door *door, const struct connection *pair, int count)
{
	int i;

	for (i = 0; i + 1 < count; i++)
		if (relay_add(door, pair[i].b, pair[i + 1].a) <= 0)
			return fail("relay %d: %s", i, door->text);
	return 0;
}

/* In one of its directions or the other, it is the same loop. */
TEST_F_TIMEOUT(loop, closed, TIMEOUT_S)
{
	struct door *door = &self->setup.door;
	struct connection pair[5];
	struct stream stream;
	struct relay relay;
	int size;

	for (size = 1; size <= 5; size++) {
		ASSERT_EQ(0, connect_pairs(pair, size, variant->family)) TH_LOG("%s", why);
		ASSERT_EQ(0, chain(door, pair, size)) TH_LOG("%s", why);
		EXPECT_EQ(-ELOOP, relay_add(door, pair[size - 1].b, pair[0].a));
		EXPECT_STREQ(size == 1 ? ONE_CONNECTION : COMES_BACK, door->text);
		EXPECT_NE(0, door->bad_attr);
		EXPECT_EQ(-ELOOP, relay_add(door, pair[0].a, pair[size - 1].b));
		EXPECT_STREQ(size == 1 ? ONE_CONNECTION : COMES_BACK, door->text);

		/* The refused sockets are the ends of a way as before. */
		stream = (struct stream) {
			.from = pair[0].a, .to = pair[size - 1].b, .size = 20000,
		};
		EXPECT_EQ(0, streams_run(&stream, 1)) TH_LOG("size %d: %s", size, why);
		EXPECT_EQ(size - 1, group_del(door, 0, &relay, 1));
	}
}

/* Made in another order, the last one is the one too many. */
TEST_F_TIMEOUT(loop, closed_in_the_middle, TIMEOUT_S)
{
	struct door *door = &self->setup.door;
	struct connection pair[4];

	ASSERT_EQ(0, connect_pairs(pair, 4, variant->family)) TH_LOG("%s", why);
	ASSERT_GT(relay_add(door, pair[3].b, pair[0].a), 0) TH_LOG("%s", door->text);
	ASSERT_GT(relay_add(door, pair[2].a, pair[1].b), 0) TH_LOG("%s", door->text);
	ASSERT_GT(relay_add(door, pair[2].b, pair[3].a), 0) TH_LOG("%s", door->text);
	EXPECT_EQ(-ELOOP, relay_add(door, pair[0].b, pair[1].a));
	EXPECT_STREQ(COMES_BACK, door->text);
	EXPECT_EQ(3, relay_dump(door, NULL, NULL, 0));
}

/* A chain that was a loop's but for one relay that has ended is none. */
TEST_F_TIMEOUT(loop, open_again, TIMEOUT_S)
{
	struct door *door = &self->setup.door;
	struct connection pair[2];
	struct relay relay;
	int64_t id;

	ASSERT_EQ(0, connect_pairs(pair, 2, variant->family)) TH_LOG("%s", why);
	id = relay_add(door, pair[0].b, pair[1].a);
	ASSERT_GT(id, 0) TH_LOG("%s", door->text);
	EXPECT_EQ(-ELOOP, relay_add(door, pair[1].b, pair[0].a));
	ASSERT_EQ(0, relay_del(door, id, &relay));
	/* Its sockets stay, with descriptors of this process. */
	EXPECT_GT(relay_add(door, pair[1].b, pair[0].a), 0) TH_LOG("%s", door->text);
}

TEST_F_TIMEOUT(loop, too_long_to_follow, TIMEOUT_S)
{
	struct connection pair[HOPS + 2];
	struct door *door = &self->setup.door;
	struct stream stream;

	ASSERT_EQ(0, connect_pairs(pair, HOPS + 2, variant->family)) TH_LOG("%s", why);
	/* From the first one: its peer has all the others behind it. */
	ASSERT_EQ(0, chain(door, pair, HOPS + 2)) TH_LOG("%s", why);
	EXPECT_EQ(0, path_open(&self->setup.path, variant->family, NULL)) TH_LOG("%s", why);
	EXPECT_EQ(-ELOOP, relay_add(door, self->setup.path.leg[CLIENT], pair[0].a));
	EXPECT_STREQ(TOO_MANY, door->text);
	stream = (struct stream) { .from = pair[0].a, .to = pair[HOPS + 1].b, .size = 20000 };
	EXPECT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
