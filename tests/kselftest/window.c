// SPDX-License-Identifier: GPL-2.0-only
/*
 * A receiver that takes nothing for half an hour, and then all of it. Wants a
 * clock that jumps ahead: tools/vm/run --icount.
 */
#define _GNU_SOURCE
#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#define SHUT_S		1800

FIXTURE(window) {
	struct setup setup;
};

FIXTURE_VARIANT(window) {
	enum family family;
	enum side side;
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(window, V4_client) { .family = V4, .side = CLIENT };
FIXTURE_VARIANT_ADD(window, V6_peer) { .family = V6, .side = PEER };
FIXTURE_VARIANT_ADD(window, by_process) { .side = CLIENT, .engine = &by_process };

FIXTURE_SETUP(window)
{
	if (!clock_counts())
		SKIP(return, "it would take half an hour here");
	ASSERT_EQ(0, setup_path(&self->setup, variant->family, NULL)) TH_LOG("%s", why);
	self->setup.engine = variant->engine;
	ASSERT_EQ(0, setup_relay(&self->setup)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(window)
{
	setup_close(&self->setup);
}

/* Sends until nothing has gone in for some time. */
static int fill(struct stream *stream)
{
	int quiet;

	for (quiet = 0; quiet < 200; quiet++) {
		const uint64_t sent = stream->sent;

		stream->size = sent + MiB;
		if (stream_push_all(stream) < 0)
			return -1;
		if (stream->sent > sent)
			quiet = 0;
		nap();
	}
	stream->size = stream->sent;
	return 0;
}

TEST_F_TIMEOUT(window, shut_for_long, 4 * SHUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream = stream_from(&s->path, variant->side, 0);
	struct stream back = stream_from(&s->path, other(variant->side), 0);
	struct relay relay;

	ASSERT_EQ(0, fill(&stream)) TH_LOG("%s", why);
	sleep(SHUT_S);
	ASSERT_EQ(0, relay_get(&s->door, s->id, &relay)) TH_LOG("%s", s->door.text);
	EXPECT_EQ(KTURN_RELAY_STATE_OPEN, relay.state);
	EXPECT_GE(relay.from[variant->side].idle_ms, (SHUT_S - 60) * 1000);

	/* The other way nothing was in the way. */
	back.size = 100000;
	back.fin = true;
	ASSERT_EQ(0, streams_run(&back, 1)) TH_LOG("%s", why);
	stream.fin = true;
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
	EXPECT_EQ(0, setup_ended(s, KTURN_END_REASON_EOF, &relay)) TH_LOG("%s", why);
	EXPECT_EQ(stream.sent, relay.from[variant->side].bytes);
}

TEST_HARNESS_MAIN
