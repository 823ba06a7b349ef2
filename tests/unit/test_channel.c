// SPDX-License-Identifier: GPL-2.0-only
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "channel.h"

#define NOW 1000

static struct channels channels;
static union addr a, b, a6;

static int setup(void **state)
{
	(void)state;
	channels = (struct channels){ .last = CHANNEL_LAST, .max = 2, .lifetime = 600 };
	addr_parse(&a, "192.0.2.1");
	addr_set_port(&a, 1000);
	b = a;
	addr_set_port(&b, 1001);
	addr_parse(&a6, "2001:db8::1");
	addr_set_port(&a6, 1000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	channels_clear(&channels);
	assert_int_equal(channels.n, 0);
	return 0;
}

static void bind_one(uint16_t number, const union addr *peer, time_t now)
{
	assert_int_equal(channels_check(&channels, number, peer, now), 0);
	assert_int_equal(channels_bind(&channels, number, peer, now), 0);
}

static void both_ways(void **state)
{
	(void)state;
	bind_one(0x4000, &a, NOW);
	bind_one(0x4fff, &a6, NOW);
	assert_true(addr_equal(channels_peer(&channels, 0x4000, NOW), &a));
	assert_true(addr_equal(channels_peer(&channels, 0x4fff, NOW), &a6));
	assert_int_equal(channels_number(&channels, &a, NOW), 0x4000);
	assert_int_equal(channels_number(&channels, &a6, NOW), 0x4fff);
	assert_int_equal(channels_number(&channels, &b, NOW), 0);
	assert_null(channels_peer(&channels, 0x4001, NOW));
}

static void numbers(void **state)
{
	(void)state;
	assert_int_equal(channels_check(&channels, 0x3fff, &a, NOW), 400);
	assert_int_equal(channels_check(&channels, 0x5000, &a, NOW), 400);
	assert_int_equal(channels_check(&channels, 0, &a, NOW), 400);
	channels.last = CHANNEL_LAST_RFC5766;
	assert_int_equal(channels_check(&channels, 0x7fff, &a, NOW), 0);
	assert_int_equal(channels_check(&channels, 0x8000, &a, NOW), 400);
}

static void one_to_one(void **state)
{
	(void)state;
	bind_one(0x4000, &a, NOW);
	assert_int_equal(channels_check(&channels, 0x4000, &b, NOW), 400);
	assert_int_equal(channels_check(&channels, 0x4001, &a, NOW), 400);
	bind_one(0x4001, &b, NOW);
	assert_int_equal(channels_check(&channels, 0x4001, &a, NOW), 400);
	bind_one(0x4000, &a, NOW);
	assert_int_equal(channels.n, 2);
}

static void refreshed_or_gone(void **state)
{
	(void)state;
	bind_one(0x4000, &a, NOW);
	assert_non_null(channels_peer(&channels, 0x4000, NOW + 599));
	assert_null(channels_peer(&channels, 0x4000, NOW + 600));
	assert_int_equal(channels_number(&channels, &a, NOW + 600), 0);
	bind_one(0x4000, &a, NOW + 599);
	assert_non_null(channels_peer(&channels, 0x4000, NOW + 1198));
}

/* Number and peer, each bound to another one whose time is over. */
static void expired_ones_are_free(void **state)
{
	(void)state;
	bind_one(0x4000, &a, NOW);
	bind_one(0x4001, &b, NOW);
	bind_one(0x4000, &b, NOW + 600);
	assert_true(addr_equal(channels_peer(&channels, 0x4000, NOW + 600), &b));
	assert_int_equal(channels_number(&channels, &a, NOW + 600), 0);
	assert_int_equal(channels.n, 1);
}

static void no_more_than_allowed(void **state)
{
	(void)state;
	bind_one(0x4000, &a, NOW);
	bind_one(0x4001, &b, NOW + 1);
	assert_int_equal(channels_check(&channels, 0x4002, &a6, NOW + 2), 508);
	assert_int_equal(channels_check(&channels, 0x4001, &b, NOW + 2), 0);
	bind_one(0x4002, &a6, NOW + 600);
	assert_int_equal(channels.n, 2);
	assert_int_equal(channels_number(&channels, &a, NOW + 600), 0);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(both_ways),
		test(numbers),
		test(one_to_one),
		test(refreshed_or_gone),
		test(expired_ones_are_free),
		test(no_more_than_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
