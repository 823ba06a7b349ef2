// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "rate_limit.h"

#define SECOND	1000000
#define RATE	10

static struct rate_limit *limit;
static uint64_t now;

static int setup(void **state)
{
	(void)state;
	now = 123456789;
	limit = rate_limit_new(RATE);
	return !limit;
}

static int teardown(void **state)
{
	(void)state;
	rate_limit_free(limit);
	return 0;
}

static bool take(const char *ip)
{
	union addr addr;

	assert_int_equal(addr_parse(&addr, ip), 0);
	return rate_limit_take(limit, &addr, now);
}

/* How many of @n at this moment are let through. */
static unsigned int burst(const char *ip, unsigned int n)
{
	unsigned int taken = 0;

	while (n--)
		taken += take(ip);
	return taken;
}

static void so_many_a_second(void **state)
{
	(void)state;
	assert_int_equal(burst("192.0.2.1", 100), RATE);
	now += SECOND / RATE - 1;
	assert_int_equal(burst("192.0.2.1", 100), 0);
	now += 1;
	assert_int_equal(burst("192.0.2.1", 100), 1);
	now += SECOND / 2;
	assert_int_equal(burst("192.0.2.1", 100), RATE / 2);
	/* Silence is not saved up. */
	now += 3600ull * SECOND;
	assert_int_equal(burst("192.0.2.1", 100), RATE);
}

static void addresses_by_themselves(void **state)
{
	(void)state;
	assert_int_equal(burst("192.0.2.1", 100), RATE);
	assert_int_equal(burst("192.0.2.2", 100), RATE);
	assert_int_equal(burst("2001:db8:1:2::1", 100), RATE);
	/* The same /64, and another. */
	assert_int_equal(burst("2001:db8:1:2:ffff::9", 100), 0);
	assert_int_equal(burst("2001:db8:1:3::1", 100), RATE);
}

/* A flood of forged addresses must not buy anybody more than his rate. */
static void crowds_help_nobody(void **state)
{
	unsigned int taken = 0;
	char ip[32];

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		snprintf(ip, sizeof(ip), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		take(ip);
		if (i % 1000 == 0)
			taken += burst("192.0.2.1", 3);
	}
	assert_true(taken <= RATE);
	/* And a second later it is over. */
	now += SECOND;
	assert_int_equal(burst("192.0.2.1", 100), RATE);
}

/* While a few hundred make a noise, a good one gets his. */
static void others_hardly_suffer(void **state)
{
	unsigned int lucky = 0;
	char ip[32];

	(void)state;
	for (unsigned int i = 0; i < 400; i++) {
		snprintf(ip, sizeof(ip), "10.0.%u.%u", i >> 8, i & 255);
		burst(ip, 100);
	}
	/* Each of these has both buckets full with a chance of 1 in 100. */
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(ip, sizeof(ip), "192.0.2.%u", i);
		lucky += take(ip);
	}
	assert_true(lucky > 150);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(so_many_a_second),
		test(addresses_by_themselves),
		test(crowds_help_nobody),
		test(others_hardly_suffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
