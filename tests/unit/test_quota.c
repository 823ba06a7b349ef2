// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <pthread.h>
#include <cmocka.h>

#include "auth.h"
#include "config.h"
#include "quota.h"

static const struct auth_user alice = { .name = "alice" }, bob = { .name = "bob" };

static void of_a_user(void **state)
{
	const struct config config = { .user_quota = 2 };
	struct quota quota = QUOTA_INIT;

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
	struct quota quota = QUOTA_INIT;

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

#define THREADS		4
#define LIMIT		3
#define TURNS		20000

static const struct config of_three = { .user_quota = LIMIT };
static struct quota shared = QUOTA_INIT;
static atomic_int holders, beyond;

static void *take_and_release(void *arg)
{
	for (int i = 0; i < TURNS; i++) {
		if (!quota_take(&shared, &of_three, &alice))
			continue;
		if (atomic_fetch_add(&holders, 1) >= LIMIT)
			atomic_fetch_add(&beyond, 1);
		atomic_fetch_sub(&holders, 1);
		quota_release(&shared, &alice);
	}
	return arg;
}

static void of_several_workers(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_release, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(beyond, 0);
	assert_null(shared.users);
	assert_int_equal(shared.total, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_user),
		cmocka_unit_test(of_all),
		cmocka_unit_test(of_several_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
