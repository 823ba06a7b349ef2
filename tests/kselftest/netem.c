// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bad network on both sides of the relay: late, lost, doubled and overtaken
 * packets.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#define QUIET	" >/dev/null 2>&1"
/* Of the size that packets have outside. */
#define MTU	"ip link set lo mtu 1500" QUIET
#define NETEM	"tc qdisc replace dev lo root netem delay 50ms 10ms loss 5% " \
		"duplicate 5% reorder 10% limit 10000" QUIET

FIXTURE(netem) {
	struct setup setup;
};

FIXTURE_VARIANT(netem) {
	enum family family;
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(netem, V4) { .family = V4 };
FIXTURE_VARIANT_ADD(netem, V6) { .family = V6 };
FIXTURE_VARIANT_ADD(netem, by_process) { .engine = &by_process };

FIXTURE_SETUP(netem)
{
	struct setup *s = &self->setup;

	ASSERT_EQ(0, setup_path(s, variant->family, NULL)) TH_LOG("%s", why);
	s->engine = variant->engine;
	if (system(MTU) || system(NETEM))
		SKIP(return, "no netem");
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(netem)
{
	setup_close(&self->setup);
}

TEST_F_TIMEOUT(netem, both_ways, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream[2];
	struct relay last;
	enum side side;

	for (side = CLIENT; side <= PEER; side++) {
		stream[side] = stream_from(&s->path, side, 100000);
		stream[side].fin = true;
	}
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_EQ(0, setup_ended(s, KTURN_END_REASON_EOF, &last)) TH_LOG("%s", why);
	EXPECT_EQ(100000, last.from[CLIENT].bytes);
	EXPECT_EQ(100000, last.from[PEER].bytes);
}

/* All that had reached this host goes on before the reset does. */
TEST_F_TIMEOUT(netem, reset, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream;
	struct relay last;

	stream = stream_from(&s->path, CLIENT, 50000);
	ASSERT_TRUE(await(stream_push_all(&stream) < 0 || stream.sent == stream.size));
	ASSERT_TRUE(await(all_acked(s->path.end[CLIENT])));
	/* The reset itself may get lost, and nobody sends it again. */
	ASSERT_EQ(0, system("tc qdisc replace dev lo root netem delay 50ms" QUIET));
	reset_fd(&s->path.end[CLIENT]);
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	EXPECT_EQ(ECONNRESET, ending(s->path.end[PEER]));
	EXPECT_EQ(0, setup_ended(s, KTURN_END_REASON_CLIENT_RESET, &last)) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
