// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bandwidth.h"
#include "config.h"

static void nothing_is_limited(void **state)
{
	const struct config config = { 0 };
	struct bandwidth bandwidth = { 0 };
	uint64_t bps = 7;

	(void)state;
	assert_int_equal(bandwidth_take(&bandwidth, &config, &bps), 0);
	assert_int_equal(bps, 0);
	assert_int_equal(bandwidth.given, 0);
	bandwidth_release(&bandwidth, bps);
	assert_int_equal(bandwidth_share(0, 1), 0);
	assert_int_equal(bandwidth_share(0, 1000), 0);
}

static void without_capacity(void **state)
{
	const struct config config = { .max_bps = 500 };
	struct bandwidth bandwidth = { 0 };
	uint64_t bps;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(bandwidth_take(&bandwidth, &config, &bps), 0);
		assert_int_equal(bps, 500);
	}
}

/* The last one gets what is left, as with coturn; then nobody. */
static void capacity_is_given_away(void **state)
{
	const struct config config = { .max_bps = 500, .bps_capacity = 1200 };
	struct bandwidth bandwidth = { 0 };
	uint64_t bps[4];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(bandwidth_take(&bandwidth, &config, &bps[i]), 0);
	assert_int_equal(bps[0], 500);
	assert_int_equal(bps[1], 500);
	assert_int_equal(bps[2], 200);
	assert_int_equal(bandwidth_take(&bandwidth, &config, &bps[3]), 486);
	assert_int_equal(bps[3], 0);
	bandwidth_release(&bandwidth, bps[1]);
	assert_int_equal(bandwidth_take(&bandwidth, &config, &bps[3]), 0);
	assert_int_equal(bps[3], 500);
	bandwidth_release(&bandwidth, bps[0]);
	bandwidth_release(&bandwidth, bps[2]);
	bandwidth_release(&bandwidth, bps[3]);
	assert_int_equal(bandwidth.given, 0);
}

/* Never more than the whole, never less than three quarters of a fair part. */
static void shares(void **state)
{
	const uint64_t bps = 1000000000;

	(void)state;
	for (unsigned int n = 1; n <= 5000; n++) {
		uint64_t share = bandwidth_share(bps, n);

		assert_true(share * n <= bps);
		assert_true(share >= bps / n * 3 / 4);
		if (n <= 16)
			assert_int_equal(share, bps / n);
	}
}

/* Of a thousand connections that come one by one, few concern the others. */
static void shares_change_seldom(void **state)
{
	unsigned int told = 0;

	(void)state;
	for (unsigned int n = 1; n < 1000; n++)
		if (bandwidth_share(1000000000, n) != bandwidth_share(1000000000, n + 1))
			told += n;
	assert_in_range(told, 1000, 16 * 1000);
}

/* No limit is not what is meant by less than a byte per second. */
static void share_of_little(void **state)
{
	(void)state;
	assert_int_equal(bandwidth_share(3, 5), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_limited),
		cmocka_unit_test(without_capacity),
		cmocka_unit_test(capacity_is_given_away),
		cmocka_unit_test(shares),
		cmocka_unit_test(shares_change_seldom),
		cmocka_unit_test(share_of_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
