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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(for_the_address_not_the_port, teardown),
		cmocka_unit_test_teardown(for_300_seconds, teardown),
		cmocka_unit_test_teardown(at_most_1024, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
