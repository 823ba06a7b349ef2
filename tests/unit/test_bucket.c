// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arithmetic of the module's token bucket, with a clock of our own: flows
 * that always want, that want now and then, timers that come late.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/kturn.h>

#include "../../kmod/bucket.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SECOND		KTURN_BUCKET_SECOND
#define MS		(SECOND / 1000)
#define LONG		(10 * SECOND)
#define MOVE_MAX	(256 * 1024)	/* bytes that one run moves */
#define MOVE_TIME	1000		/* nanoseconds that it takes at least */

static const uint64_t rates[] = {
	1, 3, 9, 10, 11, 1000, 12345, 1000000, 99999989, 1000000000, KTURN_RATE_MAX,
};

/* A flow that runs when it is told to; its first run is at @begin. */
struct flow {
	uint64_t rate, empty, begin, now, bytes;
};

static struct flow flow_at(uint64_t rate, uint64_t begin)
{
	return (struct flow) { .rate = rate, .begin = begin, .now = begin };
}

static uint64_t at_random(uint64_t below)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x % below;
}

/* A run with @queued bytes to move: how long until the next, or 0 if it moved. */
static uint64_t run(struct flow *flow, uint64_t queued)
{
	uint64_t most = queued < MOVE_MAX ? queued : MOVE_MAX;
	uint64_t has = kturn_bucket_has(flow->empty, flow->rate, flow->now);
	uint64_t worth = kturn_bucket_worth(flow->rate, most);

	if (has < worth)
		return kturn_bucket_wait(flow->empty, flow->rate, flow->now, worth);
	most = has < most ? has : most;
	flow->empty = kturn_bucket_take(flow->empty, flow->rate, flow->now, most);
	flow->bytes += most;
	return 0;
}

/* A tenth of a second's worth, or a byte if that is less. */
static uint64_t burst(uint64_t rate)
{
	return rate / 10 ? rate / 10 : 1;
}

/* Not a byte more than the rate and one burst allow, from the first run on. */
static void assert_not_too_fast(const struct flow *flow)
{
	const unsigned __int128 time = flow->now - flow->begin;

	assert_true(flow->bytes <= (uint64_t)(time * flow->rate / SECOND) + burst(flow->rate) + 1);
}

/* Always wants; each timer is late by up to @late. Returns the bytes of the time. */
static uint64_t carry(struct flow *flow, uint64_t time, uint64_t late)
{
	const uint64_t end = flow->now + time, before = flow->bytes;
	uint64_t wait;

	while (flow->now < end) {
		wait = run(flow, MOVE_MAX);
		assert_not_too_fast(flow);
		flow->now += wait ? wait + at_random(late + 1) : MOVE_TIME;
	}
	return flow->bytes - before;
}

/* 2 % of ten seconds, and never less than a byte. */
static void assert_exact(uint64_t bytes, uint64_t rate)
{
	const uint64_t wanted = 10 * rate, off = rate / 5 + 1;

	assert_in_range(bytes, wanted - off, wanted + off);
}

static void exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		struct flow flow = flow_at(rates[i], 5 * SECOND);

		assert_exact(carry(&flow, LONG, 0), rates[i]);
	}
}

/* A bucket that holds a byte or two cannot make up for that. */
static void exact_with_late_timers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		struct flow flow = flow_at(rates[i], 5 * SECOND);

		if (rates[i] >= 1000)
			assert_exact(carry(&flow, LONG, 75 * MS), rates[i]);
	}
}

/* Now and then, a little or a lot. */
static void never_too_fast(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		struct flow flow = flow_at(rates[i], at_random(LONG));

		for (int n = 0; n < 100000; n++) {
			run(&flow, 1 + at_random(1 + at_random(MOVE_MAX)));
			assert_not_too_fast(&flow);
			flow.now += at_random(1 + at_random(SECOND));
		}
	}
}

/* After a silence, however long, a burst and not more. */
static void bursts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		struct flow flow = flow_at(rates[i], LONG);
		uint64_t bytes;

		carry(&flow, SECOND, 0);
		flow.now += 1000 * LONG;
		assert_int_equal(kturn_bucket_has(flow.empty, flow.rate, flow.now),
				 burst(rates[i]));
		flow.begin = flow.now;
		bytes = flow.bytes;
		while (!run(&flow, MOVE_MAX))
			;
		assert_in_range(flow.bytes - bytes, burst(rates[i]) / 2,
				burst(rates[i]));
	}
}

/* The wait is as long as it has to be, and not longer. */
static void waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		const uint64_t rate = rates[i], worth = kturn_bucket_worth(rate, UINT64_MAX);
		const uint64_t now = LONG + at_random(SECOND), empty = now;
		const uint64_t then = now + kturn_bucket_wait(empty, rate, now, worth);

		assert_true(kturn_bucket_has(empty, rate, then) >= worth);
		assert_true(kturn_bucket_has(empty, rate, then - 1) < worth);
	}
}

/* Whatever it was before: no debt, and no more than a burst of the new rate. */
static void changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(rates); j++) {
			struct flow flow = flow_at(rates[i], SECOND);

			carry(&flow, SECOND, 0);
			flow.rate = rates[j];
			flow.begin = flow.now;
			flow.bytes = 0;
			carry(&flow, SECOND, 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact),
		cmocka_unit_test(exact_with_late_timers),
		cmocka_unit_test(never_too_fast),
		cmocka_unit_test(bursts),
		cmocka_unit_test(waits),
		cmocka_unit_test(changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
