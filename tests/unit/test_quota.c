// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth.h"
#include "config.h"
#include "quota.h"

static const struct auth_user alice = { .name = "alice" }, bob = { .name = "bob" };

static void of_a_user(void **state)
{
	const struct config config = { .user_quota = 2 };
	struct quota quota = { 0 };

	(void)state;
	assert_true(quota_take(&quota, &config, &alice));
	assert_true(quota_take(&quota, &config, &alice));
	assert_false(quota_take(&quota, &config, &alice));
	assert_true(quota_take(&quota, &config, &bob));
	quota_release(&quota, &alice);
	assert_true(quota_take(&quota, &config, &alice));
	quota_release(&quota, &alice);
	quota_release(&quota, &alice);
	quota_release(&quota, &bob);
	assert_null(quota.users);
	assert_int_equal(quota.total, 0);
}

static void of_all(void **state)
{
	const struct config config = { .total_quota = 2 };
	struct quota quota = { 0 };

	(void)state;
	assert_true(quota_take(&quota, &config, &alice));
	assert_true(quota_take(&quota, &config, NULL));
	assert_false(quota_take(&quota, &config, &bob));
	assert_false(quota_take(&quota, &config, NULL));
	quota_release(&quota, NULL);
	assert_true(quota_take(&quota, &config, &bob));
	quota_release(&quota, &alice);
	quota_release(&quota, &bob);
	assert_null(quota.users);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_user),
		cmocka_unit_test(of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
