// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "auth.h"
#include "macros.h"

#define NOW 1000000

static const uint8_t transaction[STUN_TRANSACTION_LEN] = "transaction!";

struct fixture {
	struct auth *auth;
	union addr client;
	uint8_t key[AUTH_KEY_LEN];
	char nonce[AUTH_NONCE_LEN + 1];
};

/* What a request shall say; NULL leaves the attribute out. */
struct credentials {
	const char *user, *realm, *nonce, *password;
};

static int setup(void **state)
{
	static struct fixture f;

	f.auth = auth_new("realm");
	assert_non_null(f.auth);
	assert_int_equal(auth_key(f.key, "user", "realm", "pass"), 0);
	assert_int_equal(auth_add_user(f.auth, "user", f.key), 0);
	assert_int_equal(addr_parse(&f.client, "192.0.2.1"), 0);
	assert_int_equal(auth_nonce(f.auth, &f.client, NOW, f.nonce), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	auth_free(f->auth);
	return 0;
}

static int check(const struct fixture *f, const struct credentials *c, time_t now,
		 const struct auth_user **user)
{
	static uint8_t buf[2048];
	uint8_t key[AUTH_KEY_LEN];
	struct stun_message msg;
	struct stun_builder b;

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	if (c->user)
		stun_add_string(&b, STUN_ATTR_USERNAME, c->user);
	if (c->realm)
		stun_add_string(&b, STUN_ATTR_REALM, c->realm);
	if (c->nonce)
		stun_add_string(&b, STUN_ATTR_NONCE, c->nonce);
	if (c->password) {
		auth_key(key, c->user ? c->user : "", c->realm ? c->realm : "",
			 c->password);
		stun_add_integrity(&b, key, sizeof(key));
	}
	assert_int_equal(stun_parse(&msg, buf, stun_end(&b)), 0);
	return auth_check(f->auth, &msg, &f->client, now, user);
}

/* RFC 8489, 9.2.2 gives this one. */
static void key_of_the_rfc(void **state)
{
	static const uint8_t expected[AUTH_KEY_LEN] = {
		0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb,
		0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc, 0x40, 0xeb,
	};
	uint8_t key[AUTH_KEY_LEN];

	(void)state;
	assert_int_equal(auth_key(key, "user", "realm", "pass"), 0);
	assert_memory_equal(key, expected, sizeof(key));
}

static void nonce_lives_600_seconds(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(strlen(f->nonce), AUTH_NONCE_LEN);
	assert_true(auth_nonce_valid(f->auth, &f->client, NOW, f->nonce, AUTH_NONCE_LEN));
	assert_true(auth_nonce_valid(f->auth, &f->client, NOW + 599, f->nonce,
				     AUTH_NONCE_LEN));
	assert_false(auth_nonce_valid(f->auth, &f->client, NOW + 600, f->nonce,
				      AUTH_NONCE_LEN));
	assert_false(auth_nonce_valid(f->auth, &f->client, NOW - 1, f->nonce,
				      AUTH_NONCE_LEN));
}

static void nonce_lives_as_long_as_configured(void **state)
{
	struct fixture *f = *state;

	auth_set_nonce_lifetime(f->auth, 7);
	assert_true(auth_nonce_valid(f->auth, &f->client, NOW + 6, f->nonce, AUTH_NONCE_LEN));
	assert_false(auth_nonce_valid(f->auth, &f->client, NOW + 7, f->nonce,
				      AUTH_NONCE_LEN));
	auth_set_nonce_lifetime(f->auth, 0);
	assert_true(auth_nonce_valid(f->auth, &f->client, NOW + 1000000, f->nonce,
				     AUTH_NONCE_LEN));
	assert_false(auth_nonce_valid(f->auth, &f->client, NOW - 1, f->nonce,
				      AUTH_NONCE_LEN));
}

static void nonce_belongs_to_an_ip_address(void **state)
{
	struct fixture *f = *state;
	union addr other = f->client;

	addr_set_port(&other, 4711);
	assert_true(auth_nonce_valid(f->auth, &other, NOW, f->nonce, AUTH_NONCE_LEN));
	assert_int_equal(addr_parse(&other, "192.0.2.2"), 0);
	assert_false(auth_nonce_valid(f->auth, &other, NOW, f->nonce, AUTH_NONCE_LEN));
}

static void nonce_belongs_to_a_server(void **state)
{
	struct fixture *f = *state;
	struct auth *other = auth_new("realm");

	assert_false(auth_nonce_valid(other, &f->client, NOW, f->nonce, AUTH_NONCE_LEN));
	auth_free(other);
}

/* RFC 8489, 9.2.4: none for two requests of different ports. */
static void nonces_differ(void **state)
{
	struct fixture *f = *state;
	char other[AUTH_NONCE_LEN + 1];

	assert_int_equal(auth_nonce(f->auth, &f->client, NOW, other), 0);
	assert_string_not_equal(f->nonce, other);
}

static void nonce_cannot_be_changed(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < AUTH_NONCE_LEN; i++) {
		char *digit = &f->nonce[i], was = *digit;

		*digit = was == '0' ? '1' : '0';
		assert_false(auth_nonce_valid(f->auth, &f->client, NOW, f->nonce,
					      AUTH_NONCE_LEN));
		*digit = 'g';
		assert_false(auth_nonce_valid(f->auth, &f->client, NOW, f->nonce,
					      AUTH_NONCE_LEN));
		*digit = was;
	}
	assert_false(auth_nonce_valid(f->auth, &f->client, NOW, f->nonce, 47));
	assert_false(auth_nonce_valid(f->auth, &f->client, NOW, "", 0));
}

static void right_credentials(void **state)
{
	struct fixture *f = *state;
	const struct credentials c = { "user", "realm", f->nonce, "pass" };
	const struct auth_user *user;

	assert_int_equal(check(f, &c, NOW, &user), 0);
	assert_string_equal(user->name, "user");
	assert_memory_equal(user->key, f->key, AUTH_KEY_LEN);
}

static void stale_nonce_is_438(void **state)
{
	struct fixture *f = *state;
	const struct credentials c = { "user", "realm", f->nonce, "pass" };
	const struct credentials made_up = { "user", "realm", "made up", "pass" };
	const struct auth_user *user;

	assert_int_equal(check(f, &c, NOW + AUTH_NONCE_LIFETIME, &user), 438);
	assert_string_equal(user->name, "user");
	assert_int_equal(check(f, &made_up, NOW, &user), 438);
}

static void wrong_credentials_are_401(void **state)
{
	struct fixture *f = *state;
	const struct credentials wrong[] = {
		{ NULL, NULL, NULL, NULL },
		{ "user", "realm", f->nonce, NULL },
		{ "user", "realm", f->nonce, "Pass" },
		{ "nobody", "realm", f->nonce, "pass" },
		{ "use", "realm", f->nonce, "pass" },
		{ "user", "other", f->nonce, "pass" },
	};
	const struct auth_user *user;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(check(f, &wrong[i], NOW, &user), 401);
		assert_null(user);
	}
}

static void incomplete_credentials_are_400(void **state)
{
	struct fixture *f = *state;
	char too_long[STUN_STRING_MAX + 2];
	const struct credentials bad[] = {
		{ NULL, "realm", f->nonce, "pass" },
		{ "user", NULL, f->nonce, "pass" },
		{ "user", "realm", NULL, "pass" },
		{ "", "realm", f->nonce, "pass" },
		{ too_long, "realm", f->nonce, "pass" },
	};
	const struct auth_user *user;

	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(check(f, &bad[i], NOW, &user), 400);
	/* RFC 8489, 14.3: 763 bytes have to be parsed. */
	too_long[STUN_STRING_MAX] = '\0';
	assert_int_equal(check(f, &bad[4], NOW, &user), 401);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(key_of_the_rfc),
		test(nonce_lives_600_seconds),
		test(nonce_lives_as_long_as_configured),
		test(nonce_belongs_to_an_ip_address),
		test(nonce_belongs_to_a_server),
		test(nonces_differ),
		test(nonce_cannot_be_changed),
		test(right_credentials),
		test(stale_nonce_is_438),
		test(wrong_credentials_are_401),
		test(incomplete_credentials_are_400),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
