// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cookies, and what they are asked for by: a ClientHello of GnuTLS.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dtls_cookie.h"
#include "server_stage.h"
#include "dtls_client.h"

static void open_hello(struct dtls_client *client)
{
	union addr nowhere;

	find_port(&nowhere);
	make_hello(client, &nowhere);
}

static void close_hello(struct dtls_client *client)
{
	close(client->fd);
	client_forget(client);
}

#define NOW 1000

static bool good(struct dtls_cookies *cookies, time_t now, const uint8_t *hello, size_t len)
{
	gnutls_dtls_prestate_st prestate;

	return dtls_cookie_check(cookies, now, "who", 3, hello, len, &prestate);
}

/* A ClientHello with the cookie of a HelloVerifyRequest; returns its length. */
static size_t add_cookie(uint8_t *out, const uint8_t *hello, size_t len, const uint8_t *verify)
{
	size_t at = 13 + 12 + 2 + 32, cookie = verify[27];

	at += 1 + hello[at];
	memcpy(out, hello, at);
	memcpy(out + at, verify + 27, 1 + cookie);
	memcpy(out + at + 1 + cookie, hello + at + 1, len - at - 1);
	return len + cookie;
}

static void cookie_gets_stale(void **state)
{
	struct dtls_cookies cookies = { 0 };
	uint8_t verify[DTLS_HELLO_VERIFY_MAX], hello[4096];
	struct dtls_client client;
	size_t len;

	(void)state;
	open_hello(&client);
	assert_true(dtls_is_client_hello(client.hello, client.hello_len));
	assert_false(good(&cookies, NOW, client.hello, client.hello_len));
	memcpy(client.hello + 5, "\1\2\3\4\5\6", 6);
	len = dtls_cookie_make(&cookies, NOW + 1, "who", 3, client.hello, verify);
	assert_in_range(len, 26, client.hello_len);
	assert_memory_equal(verify + 5, "\1\2\3\4\5\6", 6);
	len = add_cookie(hello, client.hello, client.hello_len, verify);
	assert_true(good(&cookies, NOW + 2, hello, len));
	assert_true(good(&cookies, NOW + DTLS_COOKIE_LIFETIME, hello, len));
	assert_true(good(&cookies, NOW + 2 * DTLS_COOKIE_LIFETIME - 1, hello, len));
	assert_false(good(&cookies, NOW + 2 * DTLS_COOKIE_LIFETIME, hello, len));
	close_hello(&client);
}

/* Nor does one that nobody has used for long. */
static void cookie_does_not_last(void **state)
{
	struct dtls_cookies cookies = { 0 };
	uint8_t verify[DTLS_HELLO_VERIFY_MAX], hello[4096];
	struct dtls_client client;
	size_t len;

	(void)state;
	open_hello(&client);
	assert_true(dtls_cookie_make(&cookies, NOW, "who", 3, client.hello, verify));
	len = add_cookie(hello, client.hello, client.hello_len, verify);
	assert_false(good(&cookies, NOW + 3 * DTLS_COOKIE_LIFETIME, hello, len));
	close_hello(&client);
}

/* No byte of it may be missing, and none is read behind it. */
static void hello_may_be_cut(void **state)
{
	struct dtls_cookies cookies = { 0 };
	struct dtls_client client;
	uint8_t *cut;

	(void)state;
	open_hello(&client);
	for (size_t len = 0; len < client.hello_len; len++) {
		cut = malloc(len ? len : 1);
		memcpy(cut, client.hello, len);
		if (dtls_is_client_hello(cut, len))
			assert_false(good(&cookies, NOW, cut, len));
		free(cut);
	}
	close_hello(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookie_gets_stale),
		cmocka_unit_test(cookie_does_not_last),
		cmocka_unit_test(hello_may_be_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
