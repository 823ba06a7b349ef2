// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "answers.h"
#include "stun.h"

static struct answers answers;

static int setup(void **state)
{
	(void)state;
	answers = (struct answers){ 0 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	answers_clear(&answers);
	return 0;
}

/* A message whose transaction ID and LIFETIME are @number. */
static size_t make(uint8_t buf[64], enum stun_class class, uint16_t method, uint8_t number)
{
	uint8_t transaction[STUN_TRANSACTION_LEN] = { number };
	struct stun_builder b;

	stun_begin(&b, buf, 64, class, method, transaction);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, number);
	return stun_end(&b);
}

static void note(enum stun_class class, uint16_t method, uint8_t number)
{
	uint8_t buf[64];
	size_t len = make(buf, class, method, number);

	answers_note(&answers, buf, len);
}

/* Return: what was answered to the request, has to be of the same number. */
static bool found(uint16_t method, uint8_t number)
{
	const struct answer *answer;
	struct stun_message msg;
	struct stun_attr attr;
	uint8_t buf[64];
	uint32_t lifetime;
	size_t len = make(buf, STUN_REQUEST, method, number);

	answer = answers_find(&answers, buf, len);
	if (!answer)
		return false;
	assert_int_equal(stun_parse(&msg, answer->data, answer->len), 0);
	assert_int_equal(msg.method, method);
	assert_true(stun_find(&msg, STUN_ATTR_LIFETIME, &attr));
	assert_int_equal(stun_attr_u32(&attr, &lifetime), 0);
	assert_int_equal(lifetime, number);
	return true;
}

/* Those that would be others a second time; the ID alone does not make them the same. */
static void allocate_and_refresh(void **state)
{
	(void)state;
	assert_false(found(STUN_ALLOCATE, 1));
	note(STUN_SUCCESS, STUN_ALLOCATE, 1);
	note(STUN_SUCCESS, STUN_REFRESH, 2);
	note(STUN_ERROR, STUN_ALLOCATE, 3);
	note(STUN_SUCCESS, STUN_CREATE_PERMISSION, 4);
	assert_true(found(STUN_ALLOCATE, 1));
	assert_true(found(STUN_REFRESH, 2));
	assert_true(found(STUN_ALLOCATE, 3));
	assert_false(found(STUN_REFRESH, 1));
	assert_false(found(STUN_ALLOCATE, 2));
	assert_false(found(STUN_CREATE_PERMISSION, 4));
}

/* The oldest goes, however many there are: memory does not grow with them. */
static void the_latest(void **state)
{
	(void)state;
	for (uint8_t i = 1; i <= 100; i++) {
		note(STUN_SUCCESS, STUN_REFRESH, i);
		for (uint8_t k = 1; k <= i; k++)
			assert_int_equal(found(STUN_REFRESH, k), k + ANSWERS_MAX > i);
	}
}

/* What is no request is none that was sent again. */
static void other_messages(void **state)
{
	static const uint8_t channel_data[] = { 0x40, 0, 0, 0 };
	uint8_t buf[64];
	size_t len = make(buf, STUN_INDICATION, STUN_ALLOCATE, 1);

	(void)state;
	note(STUN_SUCCESS, STUN_ALLOCATE, 1);
	assert_null(answers_find(&answers, buf, len));
	len = make(buf, STUN_SUCCESS, STUN_ALLOCATE, 1);
	assert_null(answers_find(&answers, buf, len));
	assert_null(answers_find(&answers, channel_data, sizeof(channel_data)));
	len = make(buf, STUN_REQUEST, STUN_ALLOCATE, 1);
	for (size_t cut = 1; cut < len; cut++)
		assert_null(answers_find(&answers, buf, cut));
	assert_non_null(answers_find(&answers, buf, len));
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(allocate_and_refresh),
		test(the_latest),
		test(other_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
