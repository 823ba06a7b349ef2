// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nonce.h"

#define NOW 1000000

static const struct nonce_offer offer = { .algorithms = 6, .anonymity = true };
static struct nonce_key key;
static union addr client;
static char text[NONCE_LEN + 1];

static int setup(void **state)
{
	(void)state;
	assert_int_equal(nonce_key_random(&key), 0);
	assert_int_equal(addr_parse(&client, "192.0.2.1"), 0);
	assert_int_equal(nonce_make(text, &key, &offer, &client, NOW), 0);
	return 0;
}

static struct stun_attr attr_of(const char *value, size_t len)
{
	return (struct stun_attr){ STUN_ATTR_NONCE, len, (const uint8_t *)value };
}

static bool is_valid(const char *value, size_t len, time_t now)
{
	const struct stun_attr attr = attr_of(value, len);

	return nonce_is_valid(&attr, &key, &client, now, NONCE_LIFETIME);
}

static void lives_as_long_as_told(void **state)
{
	const struct stun_attr attr = attr_of(text, NONCE_LEN);

	(void)state;
	assert_int_equal(strlen(text), NONCE_LEN);
	assert_true(NONCE_LEN < 128);
	assert_true(is_valid(text, NONCE_LEN, NOW));
	assert_true(is_valid(text, NONCE_LEN, NOW + 599));
	assert_false(is_valid(text, NONCE_LEN, NOW + 600));
	assert_false(is_valid(text, NONCE_LEN, NOW - 1));
	assert_true(nonce_is_valid(&attr, &key, &client, NOW + 999999, 0));
}

static void belongs_to_an_ip_address(void **state)
{
	(void)state;
	addr_set_port(&client, 4711);
	assert_true(is_valid(text, NONCE_LEN, NOW));
	assert_int_equal(addr_parse(&client, "192.0.2.2"), 0);
	assert_false(is_valid(text, NONCE_LEN, NOW));
	assert_int_equal(addr_parse(&client, "::192.0.2.1"), 0);
	assert_false(is_valid(text, NONCE_LEN, NOW));
}

static void belongs_to_who_has_the_secret(void **state)
{
	(void)state;
	assert_int_equal(nonce_key_random(&key), 0);
	assert_false(is_valid(text, NONCE_LEN, NOW));
	assert_int_equal(nonce_key_derive(&key, "shared"), 0);
	assert_int_equal(nonce_make(text, &key, &offer, &client, NOW), 0);
	assert_int_equal(nonce_key_derive(&key, "not shared"), 0);
	assert_false(is_valid(text, NONCE_LEN, NOW));
	assert_int_equal(nonce_key_derive(&key, "shared"), 0);
	assert_true(is_valid(text, NONCE_LEN, NOW));
}

/* RFC 8489, 9.2.4: none for two requests of different ports. */
static void differs_from_the_last(void **state)
{
	char other[NONCE_LEN + 1];

	(void)state;
	assert_int_equal(nonce_make(other, &key, &offer, &client, NOW), 0);
	assert_string_not_equal(text, other);
}

static void cannot_be_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < NONCE_LEN; i++) {
		char was = text[i];

		text[i] = was == '0' ? '1' : '0';
		assert_false(is_valid(text, NONCE_LEN, NOW));
		text[i] = 'g';
		assert_false(is_valid(text, NONCE_LEN, NOW));
		text[i] = was;
	}
	for (size_t len = 0; len < NONCE_LEN; len++)
		assert_false(is_valid(text, len, NOW));
}

/* Each feature is a bit of the cookie; RFC 8489, 9.2 and 18.1. */
static void features(void **state)
{
	static const struct {
		struct nonce_offer offer;
		const char *cookie;
	} cases[] = {
		{ { 0, false }, "obMatJos2AAAA" },
		{ { 2, false }, "obMatJos2gAAA" },
		{ { 0, true }, "obMatJos2QAAA" },
		{ { 6, true }, "obMatJos2wAAA" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stun_attr attr = attr_of(text, NONCE_LEN);

		assert_int_equal(nonce_make(text, &key, &cases[i].offer, &client, NOW), 0);
		assert_memory_equal(text, cases[i].cookie, NONCE_COOKIE_LEN);
		assert_int_equal(nonce_has(&attr, NONCE_ALGORITHMS),
				 !!cases[i].offer.algorithms);
		assert_int_equal(nonce_has(&attr, NONCE_ANONYMITY), cases[i].offer.anonymity);
		assert_int_equal(nonce_algorithms(&attr), cases[i].offer.algorithms);
	}
}

static void nonces_of_others(void **state)
{
	static const char *const none[] = {
		"", "f//499k954d6OL34oL9FSTvy64sA", "obMatJos2", "obMatJos2wAA",
		"obMatJos2!!!!", "obMatJos1wAAA",
	};
	struct stun_attr attr;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		attr = attr_of(none[i], strlen(none[i]));
		assert_false(nonce_has(&attr, NONCE_ALGORITHMS));
		assert_int_equal(nonce_algorithms(&attr), 0);
	}
	/* That of RFC 8489, B.1, has no features, and that of another server both. */
	attr = attr_of("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA", 41);
	assert_false(nonce_has(&attr, NONCE_ALGORITHMS));
	attr = attr_of("obMatJos2wAAAf//499k954d6OL34oL9FSTvy64sA", 41);
	assert_true(nonce_has(&attr, NONCE_ALGORITHMS));
	assert_true(nonce_has(&attr, NONCE_ANONYMITY));
	assert_int_equal(nonce_algorithms(&attr), 0);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		test(lives_as_long_as_told),
		test(belongs_to_an_ip_address),
		test(belongs_to_who_has_the_secret),
		test(differs_from_the_last),
		test(cannot_be_changed),
		test(features),
		test(nonces_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
