// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tokens as others have made them: those in appendix A of RFC 7635, and one of coturn's
 * turnutils_oauth; and all that is none.
 */
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "macros.h"
#include "oauth.h"

#define SERVER		"blackdow.carleon.gov"
#define KEY		"SEdrajMyS0pHaXV5MDk4c2RmYXFiTmpPaWF6NzE5MjM="
#define SESSION_KEY	"ZksjpweoixXmvn67534m"
#define MADE		(92470300704768 >> 16)
#define LIFETIME	3600

static const uint8_t aes_256[64] =
	"\x00\x0c\x68\x34\x6a\x33\x6b\x32\x6c\x32\x6e\x34\x62"
	"\x35\x61\x7e\xf1\x34\xa3\xd5\xe4\x4e\x9a\x19\xcc\x7d"
	"\xc1\x04\xb0\xc0\x3d\x03\xb2\xa5\x51\xd8\xfd\xf5\xcd"
	"\x3b\x6d\xca\x6f\x10\xcf\xb7\x7e\x5b\x2d\xde\xc8\x4d"
	"\x29\x3a\x5c\x50\x49\x93\x59\xf0\xc2\xe2\x6f\x76";
static const uint8_t aes_128[64] =
	"\x00\x0c\x68\x34\x6a\x33\x6b\x32\x6c\x32\x6e\x34\x62"
	"\x35\x7f\xb9\xe9\x9f\x08\x27\xbe\x3d\xf1\xe1\xbd\x65"
	"\x14\x93\xd3\x03\x1d\x36\xdf\x57\x07\x97\x84\xae\xe5"
	"\xea\xcb\x65\xfa\xd4\xf2\x7f\xab\x1a\x3f\x97\x97\x4b"
	"\x69\xf8\x51\xb2\x4b\xf5\xaf\x09\xed\xa3\x57\xe0";

static struct oauth_key key;
static struct oauth_token token;

static int setup(void **state)
{
	(void)state;
	return oauth_key_read(&key, KEY, "A256GCM", 0, 0);
}

static bool opens(const void *data, size_t len, time_t now)
{
	bool good = oauth_token_open(&token, &key, SERVER, data, len, now);

	assert_int_equal(!!token.key.len, good);
	return good;
}

static void check_session_key(void)
{
	assert_int_equal(token.key.len, 20);
	assert_memory_equal(token.key.bytes, SESSION_KEY, 20);
}

static void tokens_of_the_rfc(void **state)
{
	(void)state;
	assert_true(opens(aes_256, sizeof(aes_256), MADE));
	check_session_key();
	assert_int_equal(token.ends, MADE + LIFETIME);
	assert_false(opens(aes_128, sizeof(aes_128), MADE));
	assert_int_equal(oauth_key_read(&key, KEY, "A128GCM", 0, 0), 0);
	assert_true(opens(aes_128, sizeof(aes_128), MADE));
	check_session_key();
	assert_false(opens(aes_256, sizeof(aes_256), MADE));
}

/* In the letters that it prints: for the server example.com, and three minutes later. */
static void token_of_coturn(void **state)
{
	static const char text[] = "AAxqblOkdmS7yI5daH5RNNv0QdrF1NPAW0Uc2CE2gbDrvdMz+oNEj4k5"
				   "0w1kXUO55o4IVTm7xqyxLs85nzTczQ==";
	time_t made = 16333642137600 >> 16;

	(void)state;
	assert_true(oauth_token_open(&token, &key, "example.com", (const uint8_t *)text,
				     strlen(text), made + 180));
	check_session_key();
	assert_int_equal(token.ends, made + LIFETIME + 5);
	assert_false(opens(text, strlen(text), made));
	assert_false(opens(text, strlen(text) - 4, made));
	assert_false(opens("!", 1, made));
}

/* RFC 7635, section 7: lifetime + 5 > |now - timestamp| */
static void tokens_have_their_time(void **state)
{
	static const struct { time_t now, ends; } good[] = {
		{ MADE - LIFETIME - 4, MADE - LIFETIME - 3 },
		{ MADE - 10, MADE - 10 + LIFETIME - 5 },
		{ MADE + 5, MADE + 5 + LIFETIME },
		{ MADE + 6, MADE + LIFETIME + 5 },
		{ MADE + LIFETIME + 4, MADE + LIFETIME + 5 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(opens(aes_256, sizeof(aes_256), good[i].now));
		assert_int_equal(token.ends, good[i].ends);
	}
	assert_false(opens(aes_256, sizeof(aes_256), MADE + LIFETIME + 5));
	assert_false(opens(aes_256, sizeof(aes_256), MADE - LIFETIME - 5));
	assert_false(opens(aes_256, sizeof(aes_256), 0));
}

static void keys_have_their_time(void **state)
{
	(void)state;
	assert_int_equal(oauth_key_read(&key, KEY, "", MADE, 100), 0);
	assert_false(opens(aes_256, sizeof(aes_256), MADE - 1));
	assert_true(opens(aes_256, sizeof(aes_256), MADE));
	assert_true(opens(aes_256, sizeof(aes_256), MADE + 99));
	assert_false(opens(aes_256, sizeof(aes_256), MADE + 100));
}

/* Whatever has changed on the way, or is missing, or is too much. */
static void nothing_else_is_a_token(void **state)
{
	uint8_t bad[sizeof(aes_256) + 1] = { 0 };

	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(aes_256); bit++) {
		memcpy(bad, aes_256, sizeof(aes_256));
		bad[bit / 8] ^= 1 << bit % 8;
		assert_false(opens(bad, sizeof(aes_256), MADE));
	}
	memcpy(bad, aes_256, sizeof(aes_256));
	for (size_t len = 0; len <= sizeof(bad); len++)
		assert_int_equal(opens(bad, len, MADE), len == sizeof(aes_256));
	assert_false(oauth_token_open(&token, &key, "another.server", aes_256, sizeof(aes_256),
				      MADE));
}

/* The length of the nonce is what the sender says, and so no reason to copy as much. */
static void cve_2026_43994_nonce_length(void **state)
{
	static const uint16_t lengths[] = { 0, 1, 11, 13, 16, 256, 1000, 0x7fff, 0xffff };
	uint8_t bad[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		memset(bad, 'x', sizeof(bad));
		memcpy(bad, aes_256, sizeof(aes_256));
		bad[0] = lengths[i] >> 8;
		bad[1] = lengths[i];
		assert_false(opens(bad, sizeof(aes_256), MADE));
		assert_false(opens(bad, sizeof(bad), MADE));
	}
}

/* Seals what an authorization server should not. */
static size_t seal(uint8_t *out, const uint8_t *plain, size_t len)
{
	const gnutls_datum_t secret = { key.bytes, 32 };
	gnutls_aead_cipher_hd_t cipher;
	size_t sealed = len + 16;

	memcpy(out, aes_256, 14);
	assert_int_equal(gnutls_aead_cipher_init(&cipher, key.cipher, &secret), 0);
	assert_int_equal(gnutls_aead_cipher_encrypt(cipher, out + 2, 12, SERVER, strlen(SERVER),
						    16, plain, len, out + 14, &sealed), 0);
	gnutls_aead_cipher_deinit(cipher);
	return 14 + sealed;
}

static void session_keys_have_their_length(void **state)
{
	uint8_t plain[2 + 64 + 12], out[128];

	(void)state;
	for (size_t len = 0; len <= 64; len++) {
		uint8_t *times = plain + 2 + len;

		memset(plain, 0, sizeof(plain));
		plain[1] = len;
		for (int i = 0; i < 6; i++)
			times[i] = MADE >> (40 - 8 * i);
		times[11] = 9;
		assert_int_equal(opens(out, seal(out, plain, 2 + len + 12), MADE),
				 len >= 16 && len <= 32);
		/* One that says less than there is, and one that says more. */
		plain[1] = len + 1;
		assert_false(opens(out, seal(out, plain, 2 + len + 12), MADE));
		plain[0] = 0xff;
		assert_false(opens(out, seal(out, plain, 2 + len + 12), MADE));
	}
}

static void keys_that_make_no_sense(void **state)
{
	(void)state;
	assert_int_equal(oauth_key_read(&key, KEY, "A256CBC-HS512", 0, 0), -EINVAL);
	assert_int_equal(oauth_key_read(&key, "not base64", "A256GCM", 0, 0), -EINVAL);
	assert_int_equal(oauth_key_read(&key, "", "A256GCM", 0, 0), -EINVAL);
	assert_int_equal(oauth_key_read(&key, "MTIzNDU2Nzg5MDEyMzQ1Ngo=", "A256GCM", 0, 0),
			 -EINVAL);
	assert_int_equal(oauth_key_read(&key, "MTIzNDU2Nzg5MDEyMzQ1Ngo=", "A128GCM", 0, 0), 0);
	assert_int_equal(oauth_key_read(&key, KEY, "A256GCM", -1, 0), -EINVAL);
	assert_int_equal(oauth_key_read(&key, KEY, "A256GCM", 0, -1), -EINVAL);
	assert_int_equal(oauth_key_read(&key, KEY, "A256GCM", INT64_MAX, 1), -EINVAL);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		test(tokens_of_the_rfc),
		test(token_of_coturn),
		test(tokens_have_their_time),
		test(keys_have_their_time),
		test(nothing_else_is_a_token),
		test(cve_2026_43994_nonce_length),
		test(session_keys_have_their_length),
		test(keys_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
