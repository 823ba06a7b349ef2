// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "permission.h"

static struct permissions permissions;

static union addr peer(const char *ip, uint16_t port)
{
	union addr addr;

	assert_int_equal(addr_parse(&addr, ip), 0);
	addr_set_port(&addr, port);
	return addr;
}

static int setup(void **state)
{
	(void)state;
	permissions.max = PERMISSION_MAX;
	permissions.lifetime = PERMISSION_LIFETIME;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	permissions_clear(&permissions);
	assert_int_equal(permissions.n, 0);
	return 0;
}

static void for_the_address_not_the_port(void **state)
{
	union addr one = peer("192.0.2.1", 1), two = peer("192.0.2.1", 2);
	union addr other = peer("192.0.2.2", 1), v6 = peer("2001:db8::1", 1);

	(void)state;
	assert_int_equal(permissions_install(&permissions, &one, 0), 0);
	assert_true(permissions_allow(&permissions, &two, 0));
	assert_false(permissions_allow(&permissions, &other, 0));
	assert_false(permissions_allow(&permissions, &v6, 0));
}

static void for_300_seconds(void **state)
{
	union addr one = peer("2001:db8::1", 1);

	(void)state;
	assert_int_equal(permissions_install(&permissions, &one, 1000), 0);
	assert_true(permissions_allow(&permissions, &one, 1299));
	assert_false(permissions_allow(&permissions, &one, 1300));
	assert_int_equal(permissions_install(&permissions, &one, 1299), 0);
	assert_true(permissions_allow(&permissions, &one, 1598));
	assert_int_equal(permissions.n, 1);
}

static void at_most_1024(void **state)
{
	char text[16];
	union addr addr;

	(void)state;
	for (int i = 0; i < PERMISSION_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.%d.%d", i / 256, i % 256);
		addr = peer(text, 0);
		assert_int_equal(permissions_install(&permissions, &addr, 0), 0);
	}
	addr = peer("10.1.0.0", 0);
	assert_false(permissions_have_room(&permissions, 1, 0));
	assert_false(permissions_know(&permissions, &addr));
	assert_int_equal(permissions_install(&permissions, &addr, 0), -ENOSPC);
	/* those that are there can be refreshed; those that expired make room */
	addr = peer("10.0.0.0", 0);
	assert_true(permissions_know(&permissions, &addr));
	assert_true(permissions_have_room(&permissions, 0, 0));
	assert_int_equal(permissions_install(&permissions, &addr, 10), 0);
	addr = peer("10.1.0.0", 0);
	assert_int_equal(permissions_install(&permissions, &addr, PERMISSION_LIFETIME), 0);
	assert_int_equal(permissions.n, 2);
}

static void as_configured(void **state)
{
	union addr one = peer("192.0.2.1", 1), two = peer("192.0.2.2", 1);

	(void)state;
	permissions.max = 1;
	permissions.lifetime = 7;
	assert_int_equal(permissions_install(&permissions, &one, 1000), 0);
	assert_int_equal(permissions_install(&permissions, &two, 1006), -ENOSPC);
	assert_true(permissions_allow(&permissions, &one, 1006));
	assert_false(permissions_allow(&permissions, &one, 1007));
	assert_int_equal(permissions_install(&permissions, &two, 1007), 0);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(for_the_address_not_the_port),
		test(for_300_seconds),
		test(at_most_1024),
		test(as_configured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
