// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a relay counts besides bytes: who looked at its sockets, and how often
 * bytes had to wait.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

static const struct path_options pile_up_at_leg = {
	.end = { { 2 * MiB, 8 * KiB }, { 2 * MiB, 8 * KiB } },
	.leg = { { 8 * KiB, 2 * MiB }, { 8 * KiB, 2 * MiB } },
};

FIXTURE(counters) {
	struct setup setup;
};

FIXTURE_VARIANT_ENGINES(counters);

FIXTURE_SETUP(counters)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	self->setup.engine = variant->engine;
}

FIXTURE_TEARDOWN(counters)
{
	setup_close(&self->setup);
}

static int carry(struct setup *s, uint64_t size)
{
	struct stream stream = stream_from(&s->path, CLIENT, size);

	return streams_run(&stream, 1);
}

/* Each engine's runs are its own; what it hands on is the other's. */
TEST_F_TIMEOUT(counters, runs, TIMEOUT_S)
{
	enum { MESSAGES = 50 };
	struct setup *s = &self->setup;
	struct relay relay;
	struct runs *runs = &relay.runs;
	int i;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	for (i = 1; i <= MESSAGES; i++) {
		ASSERT_EQ(0, carry(s, 100)) TH_LOG("%s", why);
		ASSERT_EQ(0, setup_carried(s, CLIENT, i * 100, &relay)) TH_LOG("%s", why);
	}
	EXPECT_GE(relay.from[CLIENT].moves, MESSAGES);
	EXPECT_GE(runs->direct + runs->softirq + runs->process, relay.from[CLIENT].moves);
	EXPECT_EQ(0, relay.from[CLIENT].coalesced);
	if (variant->engine) {
		EXPECT_EQ(0, runs->direct + runs->softirq + runs->defers);
	} else {
		/* Nobody else uses the sockets. */
		EXPECT_GE(runs->direct + runs->softirq, MESSAGES);
	}
}

TEST_F_TIMEOUT(counters, bulk_is_gathered, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct relay relay;
	struct stats stats;

	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, carry(s, 32 * MiB)) TH_LOG("%s", why);
	ASSERT_EQ(0, setup_carried(s, CLIENT, 32 * MiB, &relay)) TH_LOG("%s", why);
	EXPECT_EQ(!variant->engine, !!relay.from[CLIENT].coalesced);
	EXPECT_EQ(0, relay.from[PEER].coalesced);

	/* The sum is the same before and after the end. */
	ASSERT_EQ(0, relay_del(&s->door, s->id, &relay));
	ASSERT_EQ(0, stats_get(&s->door, &stats));
	EXPECT_EQ(relay.from[CLIENT].coalesced, stats.coalesced);
	EXPECT_EQ(relay.from[CLIENT].moves + relay.from[PEER].moves, stats.moves);
	EXPECT_EQ(relay.from[CLIENT].waits + relay.from[PEER].waits, stats.waits);
	EXPECT_EQ(relay.from[CLIENT].copied + relay.from[PEER].copied, stats.copied);
	EXPECT_EQ(0, memcmp(&relay.runs, &stats.runs, sizeof(stats.runs)));
}

/* For as much of the time as it can it has the lock of a socket with much to read. */
static pid_t keep_busy(int fd)
{
	static uint8_t buf[1 * MiB];
	pid_t pid = fork();

	if (pid)
		return pid;
	for (;;)
		recv(fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT);
}

static int carry_back(struct setup *s)
{
	struct stream stream = stream_from(&s->path, PEER, 5000);

	return streams_run(&stream, 1);
}

TEST_F_TIMEOUT(counters, defers, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stuck;
	struct relay relay;
	pid_t pid;

	if (variant->engine)
		SKIP(return, "it has nobody to leave anything to");
	close_fd(&s->path.end[CLIENT]);
	close_fd(&s->path.end[PEER]);
	path_close_legs(&s->path);
	ASSERT_EQ(0, path_open(&s->path, V4, &pile_up_at_leg)) TH_LOG("%s", why);
	pid = keep_busy(s->path.leg[CLIENT]);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	stuck = stream_from(&s->path, CLIENT, 64 * MiB);
	ASSERT_TRUE(await(stream_push_all(&stuck) >= 0 && !relay_get(&s->door, s->id, &relay) &&
			  relay.from[CLIENT].queued > 256 * KiB));

	EXPECT_TRUE(await(!carry_back(s) && !relay_get(&s->door, s->id, &relay) &&
			  relay.runs.defers && relay.runs.process)) TH_LOG("%s", why);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(0, carry_back(s)) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
