// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "auth.h"
#include "auth_user.h"
#include "config.h"
#include "macros.h"
#include "snapshot.h"
#include "user_set.h"

#define NOW 1000000

static const uint8_t transaction[STUN_TRANSACTION_LEN] = "transaction!";

static struct config config;
static struct snapshot *snapshot;
static struct auth *auth;
static union addr client;
static char nonce[STUN_STRING_MAX + 1];

/* What the challenge has said; "list" is PASSWORD-ALGORITHMS. */
static uint8_t list[CREDENTIAL_LIST_MAX];
static size_t list_len;

/* Who is expected, and what else was said of him. */
static const char *expected_name;
static bool expired;

static void take_challenge(void)
{
	struct stun_message msg;
	struct stun_builder b;
	struct stun_attr attr;
	uint8_t buf[512];

	stun_begin(&b, buf, sizeof(buf), STUN_ERROR, STUN_ALLOCATE, transaction);
	auth_challenge(auth, &b, config.realm, &client, NOW);
	assert_int_equal(stun_parse(&msg, buf, stun_end(&b)), 0);
	assert_true(stun_find(&msg, STUN_ATTR_REALM, &attr));
	assert_int_equal(attr.len, strlen("realm"));
	assert_true(stun_find(&msg, STUN_ATTR_NONCE, &attr));
	assert_int_equal(attr.len, NONCE_LEN);
	memcpy(nonce, attr.value, attr.len);
	assert_true(stun_find(&msg, STUN_ATTR_PASSWORD_ALGORITHMS, &attr));
	memcpy(list, attr.value, attr.len);
	list_len = attr.len;
}

static void add_user(const char *name)
{
	struct user_keys keys;

	assert_int_equal(user_keys_make(&keys, name, "realm", "pass"), 0);
	assert_int_equal(user_set_add(config.users, "realm", name, &keys), 0);
}

static void open_auth(void)
{
	assert_int_equal(snapshot_new(&snapshot, &config, NULL), 0);
	auth = auth_new(snapshot);
	assert_non_null(auth);
}

static void close_auth(void)
{
	auth_free(auth);
	snapshot_put(snapshot);
}

static int setup(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	config.realm = "realm";
	config.stale_nonce = NONCE_LIFETIME;
	config.users = user_set_new();
	assert_int_equal(nonce_key_random(&config.nonce_key), 0);
	assert_int_equal(addr_parse(&client, "192.0.2.1"), 0);
	expected_name = "user";
	add_user("user");
	open_auth();
	take_challenge();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close_auth();
	user_set_put(config.users);
	return 0;
}

/* What a request shall say; what is NULL or 0 is left out. */
struct request {
	const char *user, *realm, *nonce, *password;
	unsigned int key_from;		/* algorithm */
	unsigned int algorithm;		/* PASSWORD-ALGORITHM */
	const void *list;
	size_t list_len;
	size_t nuls;			/* behind the name */
	bool userhash, sha1, sha256;
};

static struct request rfc5389(void)
{
	return (struct request){
		.user = "user", .realm = "realm", .nonce = nonce, .password = "pass",
		.key_from = CREDENTIAL_MD5, .sha1 = true,
	};
}

static struct request rfc8489(void)
{
	return (struct request){
		.user = "user", .realm = "realm", .nonce = nonce, .password = "pass",
		.key_from = CREDENTIAL_SHA256, .algorithm = CREDENTIAL_SHA256,
		.list = list, .list_len = list_len, .userhash = true, .sha256 = true,
	};
}

static void add_name(struct stun_builder *b, const struct request *r)
{
	uint8_t userhash[STUN_USERHASH_LEN];
	const char *realm = r->realm ? r->realm : "";
	char name[STUN_STRING_MAX + 8] = { 0 };

	if (!r->user)
		return;
	strcpy(name, r->user);
	if (!r->userhash) {
		stun_add(b, STUN_ATTR_USERNAME, name, strlen(r->user) + r->nuls);
		return;
	}
	credential_userhash(userhash, r->user, strlen(r->user), realm, strlen(realm));
	stun_add(b, STUN_ATTR_USERHASH, userhash, sizeof(userhash));
}

static size_t build(uint8_t *buf, size_t size, const struct request *r)
{
	const uint8_t algorithm[] = { 0, r->algorithm, 0, 0 };
	struct credential_key key;
	struct stun_builder b;

	stun_begin(&b, buf, size, STUN_REQUEST, STUN_ALLOCATE, transaction);
	add_name(&b, r);
	if (r->realm)
		stun_add_string(&b, STUN_ATTR_REALM, r->realm);
	if (r->nonce)
		stun_add_string(&b, STUN_ATTR_NONCE, r->nonce);
	if (r->list)
		stun_add(&b, STUN_ATTR_PASSWORD_ALGORITHMS, r->list, r->list_len);
	if (r->algorithm)
		stun_add(&b, STUN_ATTR_PASSWORD_ALGORITHM, algorithm, sizeof(algorithm));
	if (r->password) {
		credential_key(&key, r->key_from, r->user ? r->user : "",
			       r->realm ? r->realm : "", r->password);
		if (r->sha1)
			stun_add_integrity(&b, key.bytes, key.len);
		if (r->sha256)
			stun_add_integrity_sha256(&b, key.bytes, key.len);
	}
	return stun_end(&b);
}

/* Whether a response would be signed, and as who has sent the request wants it. */
static void check_signature(const struct request *r, const struct auth_signature *signature)
{
	bool sha256 = r->algorithm;
	struct credential_key key;
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[128];

	credential_key(&key, r->key_from, r->user, r->realm, r->password);
	stun_begin(&b, buf, sizeof(buf), STUN_SUCCESS, STUN_ALLOCATE, transaction);
	auth_sign(signature, &b);
	assert_int_equal(stun_parse(&msg, buf, stun_end(&b)), 0);
	assert_true(stun_check_integrity(&msg, key.bytes, key.len));
	assert_int_equal(!!msg.integrity_sha256, sha256);
	assert_int_equal(!!msg.integrity, !sha256);
}

static unsigned int try_at(const struct request *r, time_t now)
{
	static uint8_t buf[4096];
	struct auth_signature signature;
	struct auth_user *user;
	struct stun_message msg;
	unsigned int code;

	assert_int_equal(stun_parse(&msg, buf, build(buf, sizeof(buf), r)), 0);
	code = auth_check(auth, &msg, &client, now, NULL, &user, &signature);
	if (!code || code == 438) {
		assert_string_equal(user->name, expected_name);
		assert_string_equal(auth_user_realm(user), "realm");
		expired = user->expired;
		check_signature(r, &signature);
	} else {
		assert_null(user);
		assert_int_equal(signature.key.len, 0);
	}
	auth_user_put(user);
	return code;
}

static unsigned int try(const struct request *r)
{
	return try_at(r, NOW);
}

static void old_clients(void **state)
{
	struct request r = rfc5389();

	(void)state;
	assert_int_equal(try(&r), 0);
	r.nuls = 2;		/* 9.2.2: they are no part of the name */
	assert_int_equal(try(&r), 0);
}

static void clients_of_the_rfc(void **state)
{
	struct request r = rfc8489();

	(void)state;
	assert_int_equal(try(&r), 0);
	r.userhash = false;
	assert_int_equal(try(&r), 0);
	r.algorithm = r.key_from = CREDENTIAL_MD5;
	assert_int_equal(try(&r), 0);
	r.sha1 = true;
	assert_int_equal(try(&r), 0);
}

/* RFC 8489, 9.2.4: who names no algorithm is answered with MESSAGE-INTEGRITY. */
static void sha256_alone_is_no_algorithm(void **state)
{
	struct request r = rfc5389();

	(void)state;
	r.sha1 = false;
	r.sha256 = true;
	assert_int_equal(try(&r), 0);
}

static void bidding_down_is_400(void **state)
{
	static const uint8_t md5_only[] = { 0, 1, 0, 0 };
	static const uint8_t swapped[] = { 0, 1, 0, 0, 0, 2, 0, 0 };
	static const uint8_t more[] = { 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0 };
	struct request bad[7];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = rfc8489();
	/* The list on its way to the client was shortened, ... */
	bad[0].list = md5_only;
	bad[0].list_len = sizeof(md5_only);
	bad[0].algorithm = bad[0].key_from = CREDENTIAL_MD5;
	/* ... changed, ... */
	bad[1].list = swapped;
	bad[2].list = more;
	bad[2].list_len = sizeof(more);
	bad[3].list_len = 0;
	/* ... or one of the two attributes is missing, or names something else. */
	bad[4].list = NULL;
	bad[5].algorithm = 0;
	bad[6].algorithm = 3;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(try(&bad[i]), 400);
}

/* The bits of the nonce cookie were cleared: the nonce is ours no longer. */
static void cleared_features_are_438(void **state)
{
	struct request old = rfc5389(), new = rfc8489();

	(void)state;
	assert_memory_equal(nonce, "obMatJos2wAAA", NONCE_COOKIE_LEN);
	nonce[9] = 'A';
	assert_int_equal(try(&old), 438);
	assert_int_equal(try(&new), 438);
	nonce[9] = 'g';		/* anonymity alone */
	assert_int_equal(try(&old), 438);
}

/* Which list went out with a nonce stands in it, and no client can change that. */
static void offer_in_the_nonce(void **state)
{
	struct request r = rfc8489();
	char *algorithms = nonce + NONCE_COOKIE_LEN + 16;

	(void)state;
	assert_memory_equal(algorithms, "06", 2);
	algorithms[1] = '2';		/* MD5 only */
	assert_int_equal(try(&r), 400);
	r.list_len = 4;
	r.list = list + 4;
	r.algorithm = r.key_from = CREDENTIAL_MD5;
	assert_int_equal(try(&r), 438);
}

static void stale_nonce_is_438(void **state)
{
	struct request old = rfc5389(), new = rfc8489();

	(void)state;
	assert_int_equal(try_at(&old, NOW + NONCE_LIFETIME - 1), 0);
	assert_int_equal(try_at(&old, NOW + NONCE_LIFETIME), 438);
	assert_int_equal(try_at(&new, NOW + NONCE_LIFETIME), 438);
	new.nonce = old.nonce = "made up";
	assert_int_equal(try(&old), 438);
	assert_int_equal(try(&new), 438);
}

static void wrong_credentials_are_401(void **state)
{
	struct request bad[12];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = i % 2 ? rfc8489() : rfc5389();
	for (size_t i = 0; i < 2; i++) {
		bad[i].sha1 = bad[i].sha256 = false;
		bad[i + 2].password = "Pass";
		bad[i + 4].user = "nobody";
		bad[i + 6].user = "use";
		bad[i + 8].realm = "other";
	}
	/* The other algorithm's key. */
	bad[10].key_from = CREDENTIAL_SHA256;
	bad[11].key_from = CREDENTIAL_MD5;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(try(&bad[i]), 401);
}

/* Not even with the stronger of the two may another be pretended. */
static void sha256_decides_if_both_are_there(void **state)
{
	uint8_t buf[512];
	struct auth_signature signature;
	struct request r = rfc8489();
	struct auth_user *user;
	struct stun_message msg;
	size_t len;

	(void)state;
	r.sha1 = true;
	len = build(buf, sizeof(buf), &r);
	buf[len - 1] ^= 1;
	assert_int_equal(stun_parse(&msg, buf, len), 0);
	assert_int_equal(auth_check(auth, &msg, &client, NOW, NULL, &user, &signature), 401);
}

static void incomplete_credentials_are_400(void **state)
{
	char too_long[STUN_STRING_MAX + 2];
	struct request bad[10];

	(void)state;
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = i % 2 ? rfc8489() : rfc5389();
	for (size_t i = 0; i < 2; i++) {
		bad[i].user = NULL;
		bad[i + 2].realm = NULL;
		bad[i + 4].nonce = NULL;
		bad[i + 6].nonce = "";
	}
	bad[8].user = "";
	bad[9].userhash = false;
	bad[9].user = too_long;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(try(&bad[i]), 400);
	/* RFC 8489, 14.3: 763 bytes have to be parsed. */
	too_long[STUN_STRING_MAX] = '\0';
	assert_int_equal(try(&bad[9]), 401);
}

/* The order of 9.2.4: each of these has two faults, and the first one counts. */
static void checks_have_an_order(void **state)
{
	struct request r;

	(void)state;
	r = rfc8489();
	r.password = r.user = NULL;
	assert_int_equal(try(&r), 401);
	r = rfc8489();
	r.list = NULL;
	r.user = "nobody";
	assert_int_equal(try(&r), 400);
	r = rfc8489();
	r.password = "Pass";
	assert_int_equal(try_at(&r, NOW + NONCE_LIFETIME), 401);
}

/* A hashed user narrows what is offered: nobody is led to a key that is missing. */
static void offer_suits_all_users(void **state)
{
	struct user_keys keys;

	(void)state;
	assert_int_equal(list_len, 8);
	assert_int_equal(user_keys_read(&keys, "8493fbc53ba582fb4c044c456bdc40eb"), 0);
	assert_int_equal(user_set_add(config.users, "realm", "hashed", &keys), 0);
	take_challenge();
	assert_int_equal(list_len, 4);
	assert_memory_equal(list, "\0\1\0\0", 4);
	struct request r = rfc8489();
	r.algorithm = r.key_from = CREDENTIAL_MD5;
	assert_int_equal(try(&r), 0);
}

/* Passwords are hashed for both; "user:realm:pass" is the example of 9.2.2. */
static void hashed_keys(void **state)
{
	static const char md5[] = "8493fbc53ba582fb4c044c456bdc40eb";
	struct user_keys keys, read;

	(void)state;
	assert_int_equal(user_keys_make(&keys, "user", "realm", "pass"), 0);
	assert_int_equal(user_keys_read(&read, md5), 0);
	assert_int_equal(keys.md5.len, 16);
	assert_memory_equal(keys.md5.bytes, read.md5.bytes, 16);
	assert_int_equal(read.sha256.len, 0);
	assert_int_equal(keys.sha256.len, 32);
	assert_int_equal(user_keys_read(&read, "8493fbc53ba582fb4c044c456bdc40"), -EINVAL);
	assert_int_equal(user_keys_read(&read, "8493fbc53ba582fb4c044c456bdc40eg"), -EINVAL);
	assert_int_equal(user_keys_read(&read, ""), -EINVAL);
}

/* What a web service would make of the same secret. */
static unsigned int try_ephemeral(const char *name, const char *password)
{
	struct request r = rfc8489();

	r.user = name;
	r.userhash = false;
	r.password = password;
	return try(&r);
}

/* Passwords from: printf %s NAME | openssl dgst -sha1 -hmac north -binary | base64 */
static void ephemeral_users(void **state)
{
	static const char name[] = "2000000:user", password[] = "f2D2r8H9rQBT6gnMf0HtUY+6B/A=";
	struct request r = rfc8489();

	(void)state;
	config.rest_separator = ':';
	assert_int_equal(user_set_add_secret(config.users, NULL, "south"), 0);
	assert_int_equal(user_set_add_secret(config.users, NULL, "north"), 0);
	expected_name = name;
	assert_int_equal(try_ephemeral(name, password), 0);
	assert_false(expired);
	assert_int_equal(try_ephemeral(name, "other"), 401);
	r.user = name;
	r.password = password;
	r.userhash = false;
	assert_int_equal(try(&r), 0);
	r.realm = "elsewhere";
	assert_int_equal(try(&r), 401);
	expected_name = "999999:user";
	assert_int_equal(try_ephemeral(expected_name, "IB5eQrGlD/yBfN5TSwMTGb7/03k="), 0);
	assert_true(expired);
	/* Names that cannot be told from their hashes: no USERHASH is asked for. */
	take_challenge();
	assert_memory_equal(nonce, "obMatJos2gAAA", NONCE_COOKIE_LEN);
}

static void secrets_of_a_realm(void **state)
{
	static const char name[] = "2000000:user", password[] = "f2D2r8H9rQBT6gnMf0HtUY+6B/A=";

	(void)state;
	config.rest_separator = ':';
	assert_int_equal(user_set_add_secret(config.users, "other", "north"), 0);
	assert_int_equal(try_ephemeral(name, password), 401);
	assert_int_equal(user_set_add_secret(config.users, "realm", "north"), 0);
	expected_name = name;
	assert_int_equal(try_ephemeral(name, password), 0);
}

/* A request costs only so much: what is beyond is not tried. */
static void too_many_secrets(void **state)
{
	(void)state;
	config.rest_separator = ':';
	assert_int_equal(user_set_add_secret(config.users, NULL, "north"), 0);
	for (int i = 1; i < AUTH_SECRETS_MAX; i++)
		assert_int_equal(user_set_add_secret(config.users, NULL, "south"), 0);
	expected_name = "2000000:user";
	assert_int_equal(try_ephemeral(expected_name, "f2D2r8H9rQBT6gnMf0HtUY+6B/A="), 0);
	assert_int_equal(user_set_add_secret(config.users, NULL, "south"), 0);
	assert_int_equal(try_ephemeral(expected_name, "f2D2r8H9rQBT6gnMf0HtUY+6B/A="), 401);
}

/* --- refusals */

static void limit_refusals(unsigned int per_second)
{
	close_auth();
	config.limit_refusals = true;
	config.refusals_per_second = per_second;
	open_auth();
}

/* Whoever forges datagrams takes nothing from clients that have a connection. */
static void datagrams_and_streams_apart(void **state)
{
	unsigned int answers = 0;

	(void)state;
	limit_refusals(1);
	for (int i = 0; i < 100; i++)
		answers += auth_may_refuse(auth, &client, false);
	assert_in_range(answers, 1, 99);
	assert_true(auth_may_refuse(auth, &client, true));
}

/* Who spreads his requests over all workers gets no more for it. */
static void workers_refuse_together(void **state)
{
	struct auth *others[8];
	unsigned int answers = 0;

	(void)state;
	limit_refusals(2);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		others[i] = auth_new(snapshot);
		assert_non_null(others[i]);
		for (int n = 0; n < 5; n++)
			answers += auth_may_refuse(others[i], &client, false);
	}
	/* Two, and two more for every second that this has taken. */
	assert_in_range(answers, 2, 8);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		auth_free(others[i]);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(old_clients),
		test(clients_of_the_rfc),
		test(sha256_alone_is_no_algorithm),
		test(bidding_down_is_400),
		test(cleared_features_are_438),
		test(offer_in_the_nonce),
		test(stale_nonce_is_438),
		test(wrong_credentials_are_401),
		test(sha256_decides_if_both_are_there),
		test(incomplete_credentials_are_400),
		test(checks_have_an_order),
		test(offer_suits_all_users),
		test(hashed_keys),
		test(ephemeral_users),
		test(secrets_of_a_realm),
		test(too_many_secrets),
		test(datagrams_and_streams_apart),
		test(workers_refuse_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
