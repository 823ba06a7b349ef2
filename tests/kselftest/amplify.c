// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes that wait for a slow receiver keep memory. However small the pieces are
 * that they came in, and whoever else sends meanwhile, it may not be much more
 * than the bytes themselves.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

/* Pieces that get stuck, and what else passes between two of them: together as
 * much as the largest page that payload is ever put into.
 */
#define PIECES		600
#define BETWEEN		80
#define BETWEEN_SIZE	400

/* A page each would be at least 2400 KiB, and up to 19200. */
#define NOISE		(1200 * KiB)

FIXTURE(amplify) {
	struct setup setup;	/* where bytes get stuck */
	struct path busy;	/* where they do not */
	int64_t busy_id;
};

FIXTURE_VARIANT(amplify) {
	size_t size;		/* of a piece */
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(amplify, single_bytes) { .size = 1 };
FIXTURE_VARIANT_ADD(amplify, small) { .size = 300 };
FIXTURE_VARIANT_ADD(amplify, single_bytes_by_process) { .size = 1, .engine = &by_process };

static const struct path_options stuck = {
	.end = { { 0, 0 }, { 0, 4096 } },
	.leg = { { 0, 4 * MiB }, { 4 * MiB, 0 } },
};

/* Each CPU may have pages of its own. */
static int stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	return sched_setaffinity(0, sizeof(one), &one) ? fail_errno("affinity") : 0;
}

FIXTURE_SETUP(amplify)
{
	struct setup *s = &self->setup;
	const struct add add = {
		.fd = { &self->busy.leg[CLIENT], &self->busy.leg[PEER] },
		.engine = variant->engine,
	};

	/* It keeps what is freed, to find out who uses it. */
	if (!access("/sys/kernel/debug/kmemleak", F_OK))
		SKIP(return, "a debugging kernel keeps memory of its own");
	ASSERT_EQ(0, stay_on_one_cpu()) TH_LOG("%s", why);
	ASSERT_EQ(0, setup_path(s, V4, &stuck)) TH_LOG("%s", why);
	s->engine = variant->engine;
	ASSERT_EQ(0, setup_relay(s)) TH_LOG("%s", why);
	ASSERT_EQ(0, path_open(&self->busy, V4, NULL)) TH_LOG("%s", why);
	self->busy_id = relay_add_with(&s->door, &add);
	ASSERT_GT(self->busy_id, 0) TH_LOG("%s", s->door.text);
	path_close_legs(&self->busy);
}

FIXTURE_TEARDOWN(amplify)
{
	close_fd(&self->busy.end[CLIENT]);
	close_fd(&self->busy.end[PEER]);
	setup_close(&self->setup);
}

/* What nobody uses, or would give away at once. */
static int64_t free_bytes(void)
{
	FILE *file = fopen("/proc/sys/vm/stat_refresh", "w");
	unsigned long long kib, sum = 0;
	char line[128];

	if (file) {
		fputs("1", file);
		fclose(file);
	}
	file = fopen("/proc/meminfo", "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemFree: %llu", &kib) == 1 ||
		    sscanf(line, "Cached: %llu", &kib) == 1 ||
		    sscanf(line, "SReclaimable: %llu", &kib) == 1)
			sum += kib;
	if (file)
		fclose(file);
	return sum * KiB;
}

/* The receiver's window is shut by what came first. */
static int shut_window(struct stream *stream)
{
	stream->size = 200 * KiB;
	return await(stream_push_all(stream) < 0 || stream->sent == stream->size) &&
	       await(all_acked(stream->from)) ? 0 : fail("cannot send so much");
}

static int pass_by(const struct path *busy)
{
	uint8_t buf[BETWEEN_SIZE] = { 0 };
	int i;

	for (i = 0; i < BETWEEN; i++)
		if (send(busy->end[CLIENT], buf, sizeof(buf), 0) != sizeof(buf) ||
		    recv(busy->end[PEER], buf, sizeof(buf), MSG_WAITALL) != sizeof(buf))
			return fail_errno("between two pieces");
	return 0;
}

static int send_pieces(struct stream *stream, const struct path *busy, int count)
{
	while (count--) {
		stream->size += stream->write_size;
		if (stream_push_all(stream) < 0 || pass_by(busy))
			return -1;
	}
	return 0;
}

TEST_F_TIMEOUT(amplify, stuck_pieces, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream = stream_from(&s->path, CLIENT, 0);
	struct relay relay;
	int64_t before, kept;

	ASSERT_EQ(0, shut_window(&stream)) TH_LOG("%s", why);
	stream.write_size = variant->size;
	/* What is used for the first time stays. */
	ASSERT_EQ(0, send_pieces(&stream, &self->busy, 20)) TH_LOG("%s", why);
	before = free_bytes();
	ASSERT_EQ(0, send_pieces(&stream, &self->busy, PIECES)) TH_LOG("%s", why);
	kept = before - free_bytes();

	ASSERT_EQ(0, setup_carried(s, CLIENT, stream.sent, &relay)) TH_LOG("%s", why);
	EXPECT_EQ(0, relay.from[CLIENT].queued);
	EXPECT_GT(relay.from[CLIENT].unacked, PIECES * variant->size);
	TH_LOG("%zu bytes in %d pieces keep %jd KiB", PIECES * variant->size, PIECES,
	       (intmax_t)kept / 1024);
	EXPECT_LE(kept, (int64_t)(8 * PIECES * variant->size + NOISE));

	stream.write_size = 0;
	ASSERT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
