// SPDX-License-Identifier: GPL-2.0-only
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "counters.h"

#define TIMES 100000

static struct counters workers[2];

static void *work(void *arg)
{
	struct counters *counters = arg;

	counters_begin(counters);
	for (int i = 0; i < TIMES; i++) {
		count(COUNT_CHALLENGES);
		count_many(COUNT_UDP_BYTES_TO_PEER, 1000);
	}
	/* One enters here, and leaves where it has gone to. */
	if (counters == &workers[0])
		count(COUNT_SESSIONS_TCP);
	else
		count_down(COUNT_SESSIONS_TCP);
	return NULL;
}

static void threads_add_up(void **state)
{
	uint64_t sum[COUNTERS] = { 0 };
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 2; i++)
		counters_add(sum, &workers[i]);
	assert_int_equal(sum[COUNT_CHALLENGES], 2 * TIMES);
	assert_int_equal(sum[COUNT_UDP_BYTES_TO_PEER], UINT64_C(2000) * TIMES);
	assert_int_equal(sum[COUNT_SESSIONS_TCP], 0);
}

static void who_has_no_counters_counts_as_well(void **state)
{
	uint64_t before[COUNTERS] = { 0 }, after[COUNTERS] = { 0 };

	(void)state;
	counters_add(before, NULL);
	count(COUNT_TLS_FAILED);
	counters_add(after, NULL);
	assert_int_equal(after[COUNT_TLS_FAILED], before[COUNT_TLS_FAILED] + 1);
}

/* Each reason has a counter of its own, and none is another one's. */
static void reasons_do_not_run_into_others(void **state)
{
	(void)state;
	assert_true(COUNT_RELAY_ENDED + RELAY_REASON_NONE > COUNT_RELAYED_SPLICE);
	assert_true(COUNT_RELAY_ENDED + RELAY_REASON_ERROR < COUNT_SPLICE_BYTES_TO_PEER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_add_up),
		cmocka_unit_test(who_has_no_counters_counts_as_well),
		cmocka_unit_test(reasons_do_not_run_into_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
