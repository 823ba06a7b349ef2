// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast a relay may carry. What is judged are the module's own counters
 * against this machine's clock, read before and after each look: a look that
 * comes late can only make a flow seem slower than it is.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"
#include "lib/tls.h"

#define RATE		400000ull	/* bytes per second */
#define SECOND		1000000ull	/* microseconds */
#define LONG		(10 * SECOND)

/* A sender and a receiver that never are what a flow waits for. */
static const struct path_options large = {
	.end = { { 4 * MiB, 4 * MiB }, { 4 * MiB, 4 * MiB } },
	.leg = { { 4 * MiB, 4 * MiB }, { 4 * MiB, 4 * MiB } },
};

FIXTURE(rate) {
	struct setup setup;
	struct stream stream;	/* from the variant's side */
};

FIXTURE_VARIANT(rate) {
	enum family family;
	const struct tls_kind *kind[2];
	enum side side;
	const uint32_t *engine;
};

FIXTURE_VARIANT_ADD(rate, V4_client) { .family = V4, .side = CLIENT };
FIXTURE_VARIANT_ADD(rate, V6_peer) { .family = V6, .side = PEER };
FIXTURE_VARIANT_ADD(rate, by_process) { .side = CLIENT, .engine = &by_process };
FIXTURE_VARIANT_ADD(rate, TLS12_client) { .kind = { &tls12, NULL }, .side = CLIENT };
FIXTURE_VARIANT_ADD(rate, to_TLS13) { .kind = { NULL, &tls13 }, .side = CLIENT };

FIXTURE_SETUP(rate)
{
	struct setup *s = &self->setup;

	OPEN(&large);
	s->engine = variant->engine;
	self->stream = stream_from(&s->path, variant->side, 1 << 30);
}

FIXTURE_TEARDOWN(rate)
{
	setup_close(&self->setup);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec / 1000;
}

/* What a flow has carried at some time between two moments. */
struct look {
	uint64_t before;
	uint64_t after;
	uint64_t bytes;
	uint64_t moves;
};

static int look(struct setup *s, enum side side, struct look *look)
{
	struct relay relay;

	look->before = now_us();
	if (relay_get(&s->door, s->id, &relay))
		return fail("relay-get: %s", s->door.text);
	look->after = now_us();
	look->bytes = relay.from[side].bytes;
	look->moves = relay.from[side].moves;
	return 0;
}

/* More than so many bytes cannot be within the rate, however it is looked at. */
static uint64_t at_most(const struct look *from, const struct look *to, uint64_t rate)
{
	return rate * (to->after - from->before) / SECOND + rate / 10 + 1;
}

static int not_too_fast(const struct look *from, const struct look *to, uint64_t rate)
{
	const uint64_t bytes = to->bytes - from->bytes;

	if (bytes <= at_most(from, to, rate))
		return 0;
	return fail("%ju bytes in %ju us, at %ju a second", (uintmax_t)bytes,
		    (uintmax_t)(to->after - from->before), (uintmax_t)rate);
}

static int keep_going(struct stream *stream)
{
	int moved;

	do {
		moved = stream_push(stream);
		if (moved < 0 || stream_pull(stream) < 0)
			return -1;
	} while (moved);
	return 0;
}

/* Sends and receives all the while, and looks at the beginning and the end. */
static int carry_for(struct setup *s, struct stream *stream, enum side side, uint64_t us,
		     struct look *from, struct look *to)
{
	if (keep_going(stream) || look(s, side, from))
		return -1;
	do {
		nap();
		if (keep_going(stream) || look(s, side, to))
			return -1;
	} while (to->before - from->after < us);
	return 0;
}

/* Nothing of what was sent is lost. */
static int finish(struct setup *s, struct stream *stream)
{
	if (relay_set(&s->door, s->id, LIMITS({ KTURN_A_LIMITS_RATE, 0 })))
		return fail("relay-set: %s", s->door.text);
	stream->size = stream->sent;
	stream->fin = true;
	return streams_run(stream, 1);
}

#define START_AT(rate_) do {							\
	self->setup.limits = LIMITS({ KTURN_A_LIMITS_RATE, rate_ });		\
	START();								\
} while (0)

/*
 * Within 2 % over 10 seconds. A machine that stands still for longer than the
 * bucket lasts makes it too slow, which is no fault of ours: try again then.
 */
TEST_F_TIMEOUT(rate, exact, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct look start, from, to;
	uint64_t bytes, us;
	int i;

	START_AT(RATE);
	ASSERT_EQ(0, look(s, variant->side, &start)) TH_LOG("%s", why);
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, carry_for(s, &self->stream, variant->side, LONG, &from, &to))
			TH_LOG("%s", why);
		ASSERT_EQ(0, not_too_fast(&start, &to, RATE)) TH_LOG("%s", why);
		bytes = to.bytes - from.bytes;
		us = to.before - from.after;
		ASSERT_LE(bytes * SECOND, RATE * (to.after - from.before) * 102 / 100);
		if (bytes * SECOND >= RATE * us * 98 / 100)
			break;
		TH_LOG("%ju bytes in %ju us: again", (uintmax_t)bytes, (uintmax_t)us);
	}
	EXPECT_LT(i, 8);
	TH_LOG("%ju bytes per second of %ju", (uintmax_t)(bytes * SECOND / us),
	       (uintmax_t)RATE);
	/* With bytes always there, every move carries what is worth one. */
	EXPECT_LE(to.moves - from.moves, 2 * bytes / (RATE / 50));
	EXPECT_EQ(0, finish(s, &self->stream)) TH_LOG("%s", why);
}

/* Nothing makes up for more than a tenth of a second of silence. */
TEST_F_TIMEOUT(rate, burst, TIMEOUT_S)
{
	enum { LOOKS = 400 };
	struct setup *s = &self->setup;
	static struct look at[LOOKS];
	uint64_t silence;
	int i, j;

	START_AT(RATE);
	self->stream.size = 1000;
	ASSERT_EQ(0, streams_run(&self->stream, 1)) TH_LOG("%s", why);
	for (silence = now_us(); now_us() - silence < SECOND; nap())
		;

	ASSERT_EQ(0, look(s, variant->side, &at[0])) TH_LOG("%s", why);
	self->stream.size = 1 << 30;
	for (i = 1; i < LOOKS; i++) {
		ASSERT_EQ(0, keep_going(&self->stream)) TH_LOG("%s", why);
		ASSERT_EQ(0, look(s, variant->side, &at[i])) TH_LOG("%s", why);
		nap();
	}
	ASSERT_GT(at[LOOKS - 1].bytes, at[0].bytes);
	for (i = 0; i < LOOKS; i++)
		for (j = i + 1; j < LOOKS; j++)
			ASSERT_EQ(0, not_too_fast(&at[i], &at[j], RATE)) TH_LOG("%s", why);
	EXPECT_EQ(0, finish(s, &self->stream)) TH_LOG("%s", why);
}

/* The slowest that there is: a byte at a time. */
TEST_F_TIMEOUT(rate, bytewise, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct look from, to;

	START_AT(5);
	ASSERT_EQ(0, look(s, variant->side, &from)) TH_LOG("%s", why);
	self->stream.size = 12;
	ASSERT_EQ(0, streams_run(&self->stream, 1)) TH_LOG("%s", why);
	ASSERT_EQ(0, look(s, variant->side, &to)) TH_LOG("%s", why);
	EXPECT_EQ(0, not_too_fast(&from, &to, 5)) TH_LOG("%s", why);
	EXPECT_EQ(0, finish(s, &self->stream)) TH_LOG("%s", why);
}

/* The FIN keeps its place behind bytes that wait for their time. */
TEST_F_TIMEOUT(rate, fin, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream back;
	struct relay last;

	START_AT(RATE);
	self->stream.size = RATE;
	self->stream.fin = true;
	ASSERT_EQ(0, streams_run(&self->stream, 1)) TH_LOG("%s", why);
	back = stream_from(&s->path, other(variant->side), RATE / 4);
	back.fin = true;
	ASSERT_EQ(0, streams_run(&back, 1)) TH_LOG("%s", why);
	EXPECT_EQ(0, setup_ended(s, KTURN_END_REASON_EOF, &last)) TH_LOG("%s", why);
	EXPECT_GE(last.age_ms, 900);
}

/* Bytes back and forth while the flow from this side has to wait for long. */
TEST_F_TIMEOUT(rate, other_flow, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	enum side back = other(variant->side);
	struct stream answer = stream_from(&s->path, back, 0);
	struct relay relay;
	int i;

	START_AT(100000);
	self->stream.size = MiB;
	ASSERT_EQ(0, keep_going(&self->stream)) TH_LOG("%s", why);
	for (i = 0; i < 50; i++) {
		answer.size += 10;
		ASSERT_EQ(0, streams_run(&answer, 1)) TH_LOG("%s", why);
	}
	ASSERT_EQ(0, relay_get(&s->door, s->id, &relay));
	EXPECT_GT(relay.from[variant->side].queued, 0);
	EXPECT_EQ(0, finish(s, &self->stream)) TH_LOG("%s", why);
}

/* Both directions wait at the same time, and each goes on; with their ends. */
TEST_F_TIMEOUT(rate, both_ways, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct stream stream[2];
	struct relay last;
	enum side side;

	START_AT(RATE);
	for (side = CLIENT; side <= PEER; side++) {
		stream[side] = stream_from(&s->path, side, side == CLIENT ? RATE : RATE / 2);
		stream[side].fin = true;
	}
	ASSERT_EQ(0, streams_run(stream, 2)) TH_LOG("%s", why);
	EXPECT_EQ(0, setup_ended(s, KTURN_END_REASON_EOF, &last)) TH_LOG("%s", why);
	EXPECT_GE(last.age_ms, 900);
}

/* The share of one CPU that this machine was busy with, in percent. */
static int busy_for(unsigned int us)
{
	unsigned long long before[8] = { 0 }, after[8] = { 0 }, idle = 0, busy = 0;
	unsigned long long *at[2] = { before, after };
	int i;

	for (i = 0; i < 2; i++) {
		unsigned long long *t = at[i];
		FILE *f = fopen("/proc/stat", "r");

		if (!f)
			return fail_errno("/proc/stat");
		if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", t, t + 1, t + 2,
			   t + 3, t + 4, t + 5, t + 6, t + 7) != 8)
			i = 2;
		fclose(f);
		if (!i)
			usleep(us);
	}
	if (i != 2)
		return fail("/proc/stat cannot be read");
	for (i = 0; i < 8; i++) {
		if (i == 3 || i == 4)
			idle += after[i] - before[i];
		else
			busy += after[i] - before[i];
	}
	return busy * 100 * sysconf(_SC_NPROCESSORS_ONLN) / (busy + idle + 1);
}

/* A flow that waits does so without a CPU. */
TEST_F_TIMEOUT(rate, no_spinning, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	int busy;

	START_AT(1000);
	self->stream.size = MiB;
	ASSERT_EQ(0, keep_going(&self->stream)) TH_LOG("%s", why);
	ASSERT_TRUE(await((busy = busy_for(2 * SECOND)) < 50)) TH_LOG("busy %d %%", busy);
	ASSERT_NE(-1, busy) TH_LOG("%s", why);
	EXPECT_EQ(0, finish(s, &self->stream)) TH_LOG("%s", why);
}

/* Another rate for a relay that runs: down, up, and none. */
TEST_F_TIMEOUT(rate, changed, TIMEOUT_S)
{
	static const uint64_t rates[] = { RATE, RATE / 10, 4 * RATE };
	struct setup *s = &self->setup;
	struct look from, to;
	struct relay relay;
	uint64_t wanted;
	size_t i;

	START();
	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		ASSERT_EQ(0, relay_set(&s->door, s->id,
				       LIMITS({ KTURN_A_LIMITS_RATE, rates[i] })))
			TH_LOG("%s", s->door.text);
		ASSERT_EQ(0, relay_get(&s->door, s->id, &relay));
		EXPECT_EQ(rates[i], relay.limits.rate);
		ASSERT_EQ(0, carry_for(s, &self->stream, variant->side, 2 * SECOND, &from, &to))
			TH_LOG("%s", why);
		ASSERT_EQ(0, not_too_fast(&from, &to, rates[i])) TH_LOG("%s", why);
		EXPECT_GT(to.bytes, from.bytes);
		wanted = rates[i];
		/* That it is not slower, either, is a matter of some patience. */
		EXPECT_TRUE(await(carry_for(s, &self->stream, variant->side, SECOND, &from, &to) ||
				  (to.bytes - from.bytes) * SECOND * 10 >=
				  wanted * (to.before - from.after) * 8)) TH_LOG("%s", why);
	}
	EXPECT_EQ(0, finish(s, &self->stream)) TH_LOG("%s", why);
}

#define LIFE_S	512

/*
 * A kernel timer may be late by an eighth of its time: that of a life of minutes
 * by many seconds, in which a flow that waits for its rate must not wait for it.
 */
TEST_F_TIMEOUT(rate, beside_a_long_limit, TIMEOUT_S + 2 * LIFE_S)
{
	enum { LOOKS_AT_IT_S = LIFE_S - LIFE_S / 8, LATE_S = LOOKS_AT_IT_S / 8 };
	struct setup *s = &self->setup;
	struct look from, to;

	if (!clock_counts())
		SKIP(return, "wants a clock that jumps ahead");
	s->limits = LIMITS({ KTURN_A_LIMITS_RATE, RATE },
			   { KTURN_A_LIMITS_LIFE_MS, LIFE_S * 1000 });
	START();
	usleep((LOOKS_AT_IT_S - 1) * SECOND);
	/* A wait of seconds would be most of one of these spans. */
	ASSERT_EQ(0, look(s, variant->side, &to)) TH_LOG("%s", why);
	for (uint64_t end = now_us() + LATE_S * SECOND / 2; now_us() < end; ) {
		ASSERT_EQ(0, carry_for(s, &self->stream, variant->side, SECOND, &from, &to))
			TH_LOG("%s", why);
		ASSERT_GE((to.bytes - from.bytes) * SECOND * 10,
			  RATE * (to.before - from.after) * 9);
	}
	EXPECT_EQ(0, finish(s, &self->stream)) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
