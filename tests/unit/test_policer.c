// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policer.h"

#define SECOND 1000000000ULL
#define START (1000 * SECOND)

static void no_limit(void **state)
{
	struct policer policer = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(policer_pass(&policer, 0, 65507, START));
}

/* What passes in a minute is a minute's worth, a bucket and one datagram more at most. */
static void holds_on_average(void **state)
{
	static const size_t sizes[] = { 0, 1, 100, 1200, 65507 };
	const uint64_t rate = 10000;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct policer policer = { 0 };
		uint64_t passed = 0, n = 0;

		for (uint64_t t = 0; t < 60 * SECOND; t += SECOND / 1000)
			if (policer_pass(&policer, rate, sizes[i], START + t)) {
				passed += sizes[i];
				n++;
			}
		assert_true(n > 0);
		assert_true(passed <= 60 * rate + rate / 10 + sizes[i]);
		/* And nobody gets less, who sends as much. */
		if (sizes[i] > 10)
			assert_true(passed + sizes[i] >= 60 * rate);
	}
}

/* A pause is worth a tenth of a second, however long it was. */
static void a_pause_is_not_saved(void **state)
{
	struct policer policer = { 0 };
	unsigned int n = 0;

	(void)state;
	assert_true(policer_pass(&policer, 10000, 100, START));
	while (policer_pass(&policer, 10000, 100, START + 100 * SECOND))
		n++;
	assert_int_equal(n, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_limit),
		cmocka_unit_test(holds_on_average),
		cmocka_unit_test(a_pause_is_not_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
