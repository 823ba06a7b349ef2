// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <pthread.h>
#include <cmocka.h>

#include "auth_user.h"
#include "config.h"
#include "quota.h"

static struct auth_user *alice, *bob;

static int setup(void **state)
{
	(void)state;
	alice = auth_user_new("realm", "alice", "alice", 5);
	bob = auth_user_new("realm", "bob", "bob", 3);
	return !alice || !bob;
}

static int teardown(void **state)
{
	(void)state;
	auth_user_put(alice);
	auth_user_put(bob);
	return 0;
}

static void of_a_user(void **state)
{
	const struct config config = { .user_quota = 2 };
	struct quota quota = QUOTA_INIT;

	(void)state;
	assert_true(quota_take(&quota, &config, alice));
	assert_true(quota_take(&quota, &config, alice));
	assert_false(quota_take(&quota, &config, alice));
	assert_true(quota_take(&quota, &config, bob));
	quota_release(&quota, alice);
	assert_true(quota_take(&quota, &config, alice));
	quota_release(&quota, alice);
	quota_release(&quota, alice);
	quota_release(&quota, bob);
	assert_null(quota.users);
	assert_int_equal(quota.total, 0);
}

static void of_all(void **state)
{
	const struct config config = { .total_quota = 2 };
	struct quota quota = QUOTA_INIT;

	(void)state;
	assert_true(quota_take(&quota, &config, alice));
	assert_true(quota_take(&quota, &config, NULL));
	assert_false(quota_take(&quota, &config, bob));
	assert_false(quota_take(&quota, &config, NULL));
	quota_release(&quota, NULL);
	assert_true(quota_take(&quota, &config, bob));
	quota_release(&quota, alice);
	quota_release(&quota, bob);
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
		if (!quota_take(&shared, &of_three, alice))
			continue;
		if (atomic_fetch_add(&holders, 1) >= LIMIT)
			atomic_fetch_add(&beyond, 1);
		atomic_fetch_sub(&holders, 1);
		quota_release(&shared, alice);
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

/* Every request makes an object of its own for who has signed it. */
static void identity_is_by_value(void **state)
{
	struct auth_user *again = auth_user_new("realm", "alice", "alice", 5);
	struct auth_user *elsewhere = auth_user_new("other", "alice", "alice", 5);
	const struct config config = { .user_quota = 1 };
	struct quota quota = QUOTA_INIT;

	(void)state;
	assert_true(auth_user_same(alice, again));
	assert_false(auth_user_same(alice, elsewhere));
	assert_false(auth_user_same(alice, bob));
	assert_false(auth_user_same(alice, NULL));
	assert_true(auth_user_same(NULL, NULL));
	assert_true(quota_take(&quota, &config, alice));
	assert_false(quota_take(&quota, &config, again));
	assert_true(quota_take(&quota, &config, elsewhere));
	quota_release(&quota, again);
	assert_true(quota_take(&quota, &config, alice));
	quota_release(&quota, alice);
	quota_release(&quota, elsewhere);
	assert_null(quota.users);
	auth_user_put(again);
	auth_user_put(elsewhere);
}

/* "1700000000:alice" and "1800000000:alice" are two names, and one to be counted. */
static void accounts(void **state)
{
	struct auth_user *first = auth_user_new("realm", "17:alice", "alice", 5);
	struct auth_user *second = auth_user_new("realm", "18:alice", "alice", 5);
	const struct config config = { .user_quota = 1 };
	struct quota quota = QUOTA_INIT;

	(void)state;
	assert_false(auth_user_same(first, second));
	assert_true(quota_take(&quota, &config, first));
	assert_false(quota_take(&quota, &config, second));
	assert_false(quota_take(&quota, &config, alice));
	quota_release(&quota, second);
	assert_null(quota.users);
	auth_user_put(first);
	auth_user_put(second);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(of_a_user),
		test(of_all),
		test(of_several_workers),
		test(identity_is_by_value),
		test(accounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
