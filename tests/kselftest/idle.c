// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ten thousand relays that carry nothing: little memory, no time, and nothing
 * for those that carry something.
 *
 * What is measured in time is the count of instructions, so these tests want a
 * machine whose clock is just that: tools/vm/run --icount.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#define RELAYS		10000

/* Making so many takes its time. */
#define LONG_TIMEOUT_S	3600

/*
 * To have many relays with few sockets they form a chain: each one's peer is
 * the next one's client.
 */
struct crowd {
	int far[RELAYS + 1];
	int near[RELAYS + 1];
};

FIXTURE(idle) {
	struct setup setup;
	struct door owner;	/* of the crowd */
	struct crowd *crowd;
};

FIXTURE_SETUP(idle)
{
	const struct rlimit many = { .rlim_cur = 3 * RELAYS, .rlim_max = 3 * RELAYS };

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &many));
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	/* It would keep what it is told of each relay. */
	door_close(&self->setup.watch);
	ASSERT_EQ(0, door_open(&self->owner)) TH_LOG("%s", why);
	self->crowd = calloc(1, sizeof(*self->crowd));
	ASSERT_NE(NULL, self->crowd);
}

FIXTURE_TEARDOWN(idle)
{
	struct stats stats;

	door_close(&self->owner);
	EXPECT_TRUE(await(!stats_get(&self->setup.door, &stats) && stats.relays <= 1));
	setup_close(&self->setup);
	free(self->crowd);
}

static int make_sockets(struct crowd *crowd)
{
	return tcp_pairs(RELAYS + 1, crowd->far, crowd->near);
}

/* The descriptors stay, or the sockets' memory would come and go as well. */
static int make_relays(struct door *owner, const struct crowd *crowd)
{
	int i;

	for (i = 0; i < RELAYS; i++)
		if (relay_add(owner, crowd->near[i], crowd->far[i + 1]) <= 0)
			return fail("relay-add %d: %s", i, owner->text);
	return 0;
}

/*
 * The pages of all slab caches, used or not, in bytes; 0 if this kernel's caches
 * are not as they are without debugging.
 */
static uint64_t slab_bytes(void)
{
	unsigned long size, per_slab, pages, slabs;
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[512], name[64];
	uint64_t sum = 0;
	bool plain = false;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %*u %*u %lu %lu %lu : tunables %*u %*u %*u : slabdata %*u %lu",
			   name, &size, &per_slab, &pages, &slabs) != 5)
			continue;
		sum += slabs * pages * getpagesize();
		if (!strcmp(name, "kmalloc-1k"))
			plain = size == 1024;
	}
	if (file)
		fclose(file);
	return plain ? sum : 0;
}

TEST_F_TIMEOUT(idle, memory, LONG_TIMEOUT_S)
{
	uint64_t before = slab_bytes(), per_relay;
	struct stats stats;

	if (!before)
		SKIP(return, "this kernel's memory is padded, or says nothing of itself");
	ASSERT_EQ(0, make_sockets(self->crowd)) TH_LOG("%s", why);
	before = slab_bytes();
	ASSERT_EQ(0, make_relays(&self->owner, self->crowd)) TH_LOG("%s", why);
	ASSERT_EQ(0, stats_get(&self->setup.door, &stats));
	ASSERT_EQ(RELAYS, stats.relays);
	per_relay = (slab_bytes() - before) / RELAYS;
	TH_LOG("%ju bytes a relay", (uintmax_t)per_relay);
	EXPECT_LE(per_relay, 1024);
	/* Less than it has to know cannot be true. */
	EXPECT_GE(per_relay, 256);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* What the processor has done while nobody wanted anything for a minute, in ms. */
static int64_t busy_ms(void)
{
	double up[2], idle[2];
	FILE *file;
	int i;

	for (i = 0; i < 2; i++) {
		file = fopen("/proc/uptime", "r");
		if (!file || fscanf(file, "%lf %lf", &up[i], &idle[i]) != 2)
			return fail_errno("/proc/uptime");
		fclose(file);
		if (!i)
			sleep(60);
	}
	return 1000 * ((up[1] - up[0]) - (idle[1] - idle[0]));
}

/* A small message there and back, on average; 0 on failure. */
static uint64_t round_trip_ns(const struct path *path)
{
	enum { TIMES = 500, SIZE = 64 };
	char buf[SIZE] = "";
	uint64_t start = 0;
	int i;

	for (i = -20; i < TIMES; i++) {
		if (!i)
			start = now_ns();
		if (send(path->end[CLIENT], buf, SIZE, 0) != SIZE ||
		    recv(path->end[PEER], buf, SIZE, MSG_WAITALL) != SIZE ||
		    send(path->end[PEER], buf, SIZE, 0) != SIZE ||
		    recv(path->end[CLIENT], buf, SIZE, MSG_WAITALL) != SIZE)
			return 0;
	}
	return (now_ns() - start) / TIMES;
}

static uint64_t bulk_ns(const struct path *path)
{
	struct stream stream = stream_from(path, CLIENT, 4 * MiB);
	uint64_t start = now_ns();

	return streams_run(&stream, 1) ? 0 : now_ns() - start;
}

struct cost {
	int64_t busy_ms;
	uint64_t round_trip_ns;
	uint64_t bulk_ns;
};

static int measure(const struct path *path, struct cost *cost)
{
	cost->busy_ms = busy_ms();
	cost->round_trip_ns = round_trip_ns(path);
	/* Windows have to open first. */
	cost->bulk_ns = bulk_ns(path) ? bulk_ns(path) : 0;
	return cost->busy_ms < 0 || !cost->round_trip_ns || !cost->bulk_ns ?
		       fail("%s", why) : 0;
}

TEST_F_TIMEOUT(idle, time, LONG_TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct cost alone, among;

	if (!clock_counts())
		SKIP(return, "the clock of this machine does not count instructions");
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, make_sockets(self->crowd)) TH_LOG("%s", why);
	ASSERT_EQ(0, measure(&s->path, &alone)) TH_LOG("%s", why);
	ASSERT_EQ(0, make_relays(&self->owner, self->crowd)) TH_LOG("%s", why);
	ASSERT_EQ(0, measure(&s->path, &among)) TH_LOG("%s", why);

	TH_LOG("alone: %jd ms a minute, round trip %ju ns, bulk %ju us", (intmax_t)alone.busy_ms,
	       (uintmax_t)alone.round_trip_ns, (uintmax_t)alone.bulk_ns / 1000);
	TH_LOG("among %d: %jd ms a minute, round trip %ju ns, bulk %ju us", RELAYS,
	       (intmax_t)among.busy_ms, (uintmax_t)among.round_trip_ns,
	       (uintmax_t)among.bulk_ns / 1000);
	/* A microsecond for each relay in a minute would be 10 ms. */
	EXPECT_LE(among.busy_ms, alone.busy_ms + 30);
	EXPECT_LE(among.round_trip_ns * 10, alone.round_trip_ns * 11);
	EXPECT_LE(among.bulk_ns * 10, alone.bulk_ns * 11);
}

TEST_HARNESS_MAIN
