// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ephemeral.h"
#include "macros.h"

static void names(void **state)
{
	static const struct {
		const char *name;
		char separator;
		long long expiry;	/* -1: there is none */
		const char *account;
	} cases[] = {
		{ "1700000000:alice", ':', 1700000000, "alice" },
		{ "alice:1700000000", ':', 1700000000, "alice" },
		{ "1700000000", ':', 1700000000, "1700000000" },
		{ "1700000000:", ':', 1700000000, "" },
		{ "1700000000:1:2", ':', 1700000000, "1:2" },
		{ "1700000000|alice", '|', 1700000000, "alice" },
		{ "1700000000|alice", ':', -1, NULL },
		{ "99999999999999:alice", ':', 99999999999999, "alice" },
		{ "99999999999999999999:alice", ':', -1, NULL },
		{ "alice", ':', -1, NULL },
		{ "", ':', -1, NULL },
		{ ":", ':', -1, NULL },
		{ ":alice", ':', -1, NULL },
		{ "-1:alice", ':', -1, NULL },
		{ "0x10:alice", ':', -1, NULL },
		{ "17 :alice", ':', -1, NULL },
	};
	struct ephemeral e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(ephemeral_parse(&e, cases[i].name, cases[i].separator),
				 cases[i].expiry >= 0);
		if (cases[i].expiry < 0)
			continue;
		assert_int_equal(e.expiry, cases[i].expiry);
		assert_int_equal(e.account_len, strlen(cases[i].account));
		assert_memory_equal(e.account, cases[i].account, e.account_len);
	}
}

/* The password is from: printf %s NAME | openssl dgst -sha1 -hmac north -binary | base64 */
static void keys(void **state)
{
	static const char name[] = "2000000:user", password[] = "f2D2r8H9rQBT6gnMf0HtUY+6B/A=";
	static const unsigned int algorithms[] = { CREDENTIAL_MD5, CREDENTIAL_SHA256 };
	struct credential_key made, expected;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		assert_int_equal(ephemeral_key(&made, algorithms[i], name, "realm", "north"), 0);
		credential_key(&expected, algorithms[i], name, "realm", password);
		assert_int_equal(made.len, expected.len);
		assert_memory_equal(made.bytes, expected.bytes, made.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
