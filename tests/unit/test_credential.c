// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "credential.h"
#include "macros.h"

/* The OpaqueString profile: RFC 8265, 4.2. */
static void prepared_strings(void **state)
{
	static const struct {
		const char *text, *prepared;
	} cases[] = {
		{ "pass", "pass" },
		{ "two words", "two words" },
		/* spaces become ASCII's, composed characters one, nothing else changes */
		{ "two\u3000words", "two words" },
		{ "e\u0301", "\u00e9" },
		{ "\u2168 \u00aa", "\u2168 \u00aa" },
		{ "\u30de\u30c8\u30ea\u30c3\u30af\u30b9",
		  "\u30de\u30c8\u30ea\u30c3\u30af\u30b9" },
		{ "", NULL },
		{ "tab\there", NULL },
		{ "\x7f", NULL },
		{ "soft\u00adhyphen", NULL },
		{ "\xff\xfe", NULL },
		{ "cut \xe3\x83", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *prepared = credential_prepare(cases[i].text);

		if (cases[i].prepared)
			assert_string_equal(prepared, cases[i].prepared);
		else
			assert_null(prepared);
		free(prepared);
	}
}

/* RFC 8489, 9.2.2 gives the first; the second is its SHA-256. */
static void keys(void **state)
{
	static const uint8_t md5[] = {
		0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb,
		0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc, 0x40, 0xeb,
	};
	static const uint8_t sha256[] = {
		0x07, 0xe9, 0x34, 0x11, 0x7a, 0xbd, 0x40, 0x83,
		0x6e, 0x7c, 0x63, 0x29, 0xb5, 0x47, 0x31, 0xb2,
		0xb2, 0xd2, 0xa5, 0xf9, 0xa7, 0x1f, 0x54, 0x49,
		0x22, 0xd7, 0x5e, 0x07, 0x30, 0xd8, 0x25, 0x1b,
	};
	struct credential_key key;

	(void)state;
	assert_int_equal(credential_key(&key, CREDENTIAL_MD5, "user", "realm", "pass"), 0);
	assert_int_equal(key.len, sizeof(md5));
	assert_memory_equal(key.bytes, md5, sizeof(md5));
	assert_int_equal(credential_key(&key, CREDENTIAL_SHA256, "user", "realm", "pass"), 0);
	assert_int_equal(key.len, sizeof(sha256));
	assert_memory_equal(key.bytes, sha256, sizeof(sha256));
}

static void lists(void **state)
{
	uint8_t list[CREDENTIAL_LIST_MAX];

	(void)state;
	assert_int_equal(credential_list(list, 0), 0);
	assert_int_equal(credential_list(list, CREDENTIAL_ALL), 8);
	assert_memory_equal(list, "\0\2\0\0\0\1\0\0", 8);
	assert_int_equal(credential_list(list, CREDENTIAL_BIT(CREDENTIAL_MD5)), 4);
	assert_memory_equal(list, "\0\1\0\0", 4);
}

#define LIST(bytes) { 0, sizeof(bytes) - 1, (const uint8_t *)bytes }

static void first_choice(void **state)
{
	static const struct {
		struct stun_attr list;
		unsigned int chosen;
	} cases[] = {
		{ LIST(""), 0 },
		{ LIST("\0\1\0\0"), CREDENTIAL_MD5 },
		{ LIST("\0\2\0\0\0\1\0\0"), CREDENTIAL_SHA256 },
		/* others, some with parameters and padding, are passed over */
		{ LIST("\0\3\0\0\0\2\0\0"), CREDENTIAL_SHA256 },
		{ LIST("\0\3\0\2xx\0\0\0\2\0\0"), CREDENTIAL_SHA256 },
		{ LIST("\1\1\0\0"), 0 },
		/* nobody has said what parameters these two should have */
		{ LIST("\0\2\0\4abcd"), 0 },
		/* cut off */
		{ LIST("\0\2\0"), 0 },
		{ LIST("\0\3\0\4abc\0\2\0\0"), 0 },
		{ LIST("\0\3\xff\xff\0\2\0\0"), 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t *copy = malloc(cases[i].list.len + 1);
		struct stun_attr list = { 0, cases[i].list.len, copy + 1 };

		/* Ends where the memory ends, so that the sanitizer sees overreads. */
		memcpy(copy + 1, cases[i].list.value, list.len);
		assert_int_equal(credential_choose(&list), cases[i].chosen);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prepared_strings),
		cmocka_unit_test(keys),
		cmocka_unit_test(lists),
		cmocka_unit_test(first_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
