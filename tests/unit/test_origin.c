// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "macros.h"
#include "origin.h"

/* The first three are what turnadmin writes into its database. */
static void one_form(void **state)
{
	static const char *const cases[][2] = {
		{ "https://Elsewhere.example", "https://elsewhere.example:443" },
		{ "http://Plain.Example:8080/path", "http://plain.example:8080" },
		{ "http://plain.example/", "http://plain.example:80" },
		{ "https://[2001:DB8::1]", "https://[2001:db8::1]:443" },
		{ "https://[2001:db8::1]:4711?x:1", "https://[2001:db8::1]:4711" },
		{ "app://Some.Thing", "app://some.thing" },
		{ "null", "null" },
		{ "https://", "https://:443" },
	};
	char canonical[ORIGIN_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(origin_write(canonical, cases[i][0], strlen(cases[i][0])));
		assert_string_equal(canonical, cases[i][1]);
	}
}

static void bounds(void **state)
{
	char canonical[ORIGIN_MAX], origin[2 * ORIGIN_MAX];

	(void)state;
	memset(origin, 'x', sizeof(origin));
	memcpy(origin, "https://", 8);
	assert_false(origin_write(canonical, origin, 0));
	for (size_t len = 1; len < sizeof(origin); len++)
		if (origin_write(canonical, origin, len))
			assert_true(strlen(canonical) < sizeof(canonical));
	assert_false(origin_write(canonical, origin, ORIGIN_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_form),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
