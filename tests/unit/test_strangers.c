// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who makes room when there are too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "macros.h"
#include "strangers.h"

#define MAX	16

static struct strangers strangers;
static struct stranger crowd[3 * MAX];

static void evict(struct stranger *stranger)
{
	stranger_leave(stranger);
}

static int set_up(void **state)
{
	(void)state;
	memset(crowd, 0, sizeof(crowd));
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		crowd[i].evict = evict;
	strangers_init(&strangers, MAX);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	strangers_clear(&strangers);
	assert_int_equal(strangers.n, 0);
	assert_null(strangers.networks);
	return 0;
}

static void enter(struct stranger *stranger, const char *ip)
{
	union addr addr;

	assert_int_equal(addr_parse(&addr, ip), 0);
	stranger_enter(&strangers, stranger, &addr);
	assert_non_null(stranger->queue);
	assert_true(strangers.n <= MAX);
}

/* One each of as many networks as there is room for strangers. */
static void fill(void)
{
	char ip[] = "2001:db8:0:x::1";

	for (int i = 0; i < MAX; i++) {
		*strchr(ip, 'x') = "0123456789abcdef"[i];
		enter(&crowd[i], ip);
		strcpy(ip, "2001:db8:0:x::1");
	}
}

static void the_oldest_goes(void **state)
{
	(void)state;
	fill();
	enter(&crowd[MAX], "192.0.2.1");
	assert_null(crowd[0].queue);
	for (int i = 1; i <= MAX; i++)
		assert_non_null(crowd[i].queue);
}

/* However many come from one address, hardly anybody else has to go for them. */
static void a_crowd_pushes_out_itself(void **state)
{
	(void)state;
	fill();
	for (int i = MAX; i < 3 * MAX; i++)
		enter(&crowd[i], "192.0.2.1");
	assert_null(crowd[0].queue);
	assert_null(crowd[1].queue);
	for (int i = 2; i < MAX; i++)
		assert_non_null(crowd[i].queue);
	assert_non_null(crowd[3 * MAX - 1].queue);
}

/* Of IPv6 anybody has a /64. */
static void neighbours_are_one(void **state)
{
	(void)state;
	fill();
	for (int i = MAX; i < 3 * MAX; i++)
		enter(&crowd[i], i % 2 ? "2001:db8:ffff::1" : "2001:db8:ffff::2");
	for (int i = 2; i < MAX; i++)
		assert_non_null(crowd[i].queue);
}

static void who_has_left_has_left(void **state)
{
	(void)state;
	enter(&crowd[0], "192.0.2.1");
	enter(&crowd[1], "192.0.2.1");
	stranger_leave(&crowd[0]);
	stranger_leave(&crowd[0]);
	assert_int_equal(strangers.n, 1);
	stranger_leave(&crowd[1]);
	assert_null(strangers.networks);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		test(the_oldest_goes),
		test(a_crowd_pushes_out_itself),
		test(neighbours_are_one),
		test(who_has_left_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
