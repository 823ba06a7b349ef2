// SPDX-License-Identifier: GPL-2.0-only
/* What is read without a Redis: connection strings, and coturn's names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "macros.h"
#include "redis_address.h"
#include "redis_key.h"

static void connection_strings(void **state)
{
	struct redis_address address;
	char name[REDIS_NAME_LEN];

	(void)state;
	assert_null(redis_address_parse(&address, "ip=192.0.2.7 dbname=3 password=a=b  port=7000 "
					"connect_timeout=30"));
	assert_string_equal(redis_address_str(&address, name), "192.0.2.7:7000/3");
	assert_string_equal(address.password, "a=b");
	assert_string_equal(address.user, "");
	assert_int_equal(address.timeout, 30);
	assert_null(redis_address_parse(&address, ""));
	assert_string_equal(redis_address_str(&address, name), "127.0.0.1:6379/0");
	assert_null(redis_address_parse(&address, "hostaddr=::1 user=edge pwd=x p=1 db=0"));
	assert_string_equal(address.user, "edge");
	assert_null(redis_address_parse(&address, "ip=/run/redis/socket"));
	assert_string_equal(redis_address_str(&address, name), "/run/redis/socket/0");
}

static void mistakes_in_them(void **state)
{
	static const char *const wrong[] = {
		"ip", "nonsense=1", "port=0", "port=65536", "port=", "port=1x", "dbname=-1",
		"dbname=1000001", "connect_timeout=0", "connect_timeout=61", "ip=300.1.1.1.",
	};
	struct redis_address address;
	char text[400];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_non_null(redis_address_parse(&address, wrong[i]));
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "password=", 9);
	assert_non_null(redis_address_parse(&address, text));
	memcpy(text, "ip=/abcd=", 9);
	assert_non_null(redis_address_parse(&address, text));
}

static bool parse(struct redis_key *key, const char *text)
{
	/* Of its own length: to read beyond it is found out. */
	char *copy = malloc(strlen(text) + 1);
	bool parsed;

	memcpy(copy, text, strlen(text));
	parsed = redis_key_parse(key, copy, strlen(text));
	free(copy);
	return parsed;
}

static void names(void **state)
{
	static const struct {
		const char *text;
		enum redis_key_kind kind;
		const char *realm, *name;
	} known[] = {
		{ "turn/realm/north.gov/user/gorst/key", REDIS_KEY_KEY, "north.gov", "gorst" },
		{ "turn/realm/r/user/a/b/key/key", REDIS_KEY_KEY, "r", "a/b/key" },
		{ "turn/realm//user/x/password", REDIS_KEY_PASSWORD, "", "x" },
		{ "turn/realm/r/user/x/secret/key", REDIS_KEY_KEY, "r", "x/secret" },
		{ "turn/realm/r/secret/1", REDIS_KEY_SECRET, "r", "" },
		{ "turn/realm/r/secret/a/user/b/key", REDIS_KEY_SECRET, "r", "" },
		{ "turn/realm/r/secret", REDIS_KEY_SECRETS, "r", "" },
		{ "turn/origin/https://a:443", REDIS_KEY_ORIGIN, "", "https://a:443" },
	};
	static const char *const others[] = {
		"", "turn", "turn/realm/", "turn/realm/r", "turn/realm/r/user/x",
		"turn/realm/r/user//key", "turn/realm/r/user/key", "turn/realm/r/user-quota",
		"turn/realm/r/user/x/allocation/1/status", "turn/realm/r/secrets",
		"turn/user/gorst/password", "turn/origin/", "turn/oauth/kid/north",
	};
	struct redis_key key;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		assert_true(parse(&key, known[i].text));
		assert_int_equal(key.kind, known[i].kind);
		assert_string_equal(key.realm, known[i].realm);
		assert_string_equal(key.name, known[i].name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(parse(&key, others[i]));
}

static void hostile_names(void **state)
{
	static const char nul[] = "turn/realm/r/user/a\0b/key";
	char text[2000] = "turn/realm/r/user/";
	struct redis_key key;

	(void)state;
	assert_false(redis_key_parse(&key, nul, sizeof(nul) - 1));
	memset(text + strlen(text), 'x', REDIS_KEY_NAME_MAX + 1);
	strcat(text, "/key");
	assert_false(parse(&key, text));
	memset(text + strlen("turn/realm/"), 'r', REDIS_KEY_REALM_MAX + 1);
	strcpy(text + strlen("turn/realm/") + REDIS_KEY_REALM_MAX + 1, "/secret");
	assert_false(parse(&key, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_strings),
		cmocka_unit_test(mistakes_in_them),
		cmocka_unit_test(names),
		cmocka_unit_test(hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
