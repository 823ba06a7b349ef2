// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients who come with a token of an authorization server (RFC 7635), which is this test.
 */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "allocation.h"
#include "macros.h"
#include "server_stage.h"

#define worker (server.workers[0])

#define SERVER_NAME	"turn.example.org"
#define KEY_LEN		20

/* Each key is 32 times 'k', but for the one that is too short. */
static const char tables[] =
	"create table turnusers_lt (realm, name, hmackey);"
	"create table turn_origin_to_realm (origin, realm);"
	"create table oauth_key (kid, ikm_key, timestamp, lifetime, as_rs_alg, realm);"
	"insert into oauth_key values"
	" ('north', 'a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=', 0, 0, 'A256GCM', ''),"
	" ('south', 'a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=', 0, 0, 'A256GCM', 'realm'),"
	" ('alien', 'a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=', 0, 0, 'A256GCM', 'other'),"
	" ('broken', 'a2tr', 0, 0, 'A256GCM', '');";

static char database[] = "/tmp/test_third_party.XXXXXX";
static char userdb[64];
static char nonce[STUN_STRING_MAX + 1];
static uint8_t buf[1024], reply[1024];

/* A client's token, and what goes with it. */
struct client {
	int fd;
	const char *kid, *realm;
	uint8_t key[KEY_LEN];
	uint8_t token[2 + 12 + 2 + KEY_LEN + 12 + 16];
	size_t signs_with;	/* bytes of the key */
	bool with_token, sha256;
};

static void make_database(void)
{
	sqlite3 *db;

	strcpy(strrchr(database, '.'), ".XXXXXX");
	close(mkstemp(database));
	assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, tables, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	snprintf(userdb, sizeof(userdb), "--userdb=%s", database);
}

static void start(const char *option)
{
	make_database();
	find_port(&server_addr);
	START_SERVER("-L127.0.0.1", "--relay-threads=1", "--realm=realm", userdb,
		     "--user=alice:wonder", "--user-quota=1", "--allow-loopback-peers",
		     "--server-name=" SERVER_NAME, (char *)option);
}

static int setup(void **state)
{
	(void)state;
	start("--oauth");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	unlink(database);
	return 0;
}

static void put_number(uint8_t *to, size_t len, uint64_t number)
{
	while (len--) {
		to[len] = number;
		number >>= 8;
	}
}

/* What the authorization server does. */
static void issue_token(struct client *client, int64_t made, uint32_t lifetime)
{
	gnutls_datum_t secret = { (unsigned char *)"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", 32 };
	uint8_t plain[2 + KEY_LEN + 12], *to = client->token;
	size_t len = sizeof(plain) + 16;
	gnutls_aead_cipher_hd_t cipher;

	gnutls_rnd(GNUTLS_RND_NONCE, client->key, KEY_LEN);
	put_number(plain, 2, KEY_LEN);
	memcpy(plain + 2, client->key, KEY_LEN);
	put_number(plain + 2 + KEY_LEN, 8, (uint64_t)made << 16);
	put_number(plain + 2 + KEY_LEN + 8, 4, lifetime);
	put_number(to, 2, 12);
	gnutls_rnd(GNUTLS_RND_NONCE, to + 2, 12);
	assert_int_equal(gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_256_GCM, &secret), 0);
	assert_int_equal(gnutls_aead_cipher_encrypt(cipher, to + 2, 12, SERVER_NAME,
						    strlen(SERVER_NAME), 16, plain,
						    sizeof(plain), to + 14, &len), 0);
	gnutls_aead_cipher_deinit(cipher);
	assert_int_equal(14 + len, sizeof(client->token));
}

static struct stun_message hear(int fd)
{
	return get_message(fd, reply, sizeof(reply));
}

static struct stun_builder begin(uint16_t method)
{
	struct stun_builder b;

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, method, transaction);
	if (method == STUN_ALLOCATE)
		stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	return b;
}

static void take_nonce(const struct stun_message *msg)
{
	struct stun_attr attr;

	assert_true(stun_find(msg, STUN_ATTR_NONCE, &attr));
	memcpy(nonce, attr.value, attr.len);
	nonce[attr.len] = '\0';
}

static void open_client(struct client *client, const char *kid)
{
	struct stun_builder b = begin(STUN_ALLOCATE);
	struct stun_message msg;

	*client = (struct client){ .fd = connect_to(&server_addr), .kid = kid, .realm = "realm",
				   .signs_with = KEY_LEN, .with_token = true };
	put(client->fd, &b);
	msg = hear(client->fd);
	assert_int_equal(code_of(&msg), 401);
	take_nonce(&msg);
	issue_token(client, time(NULL), 1000);
}

/* Return: 0 or the code of the answer, which is signed with the session's key. */
static unsigned int ask(const struct client *client, struct stun_builder *b)
{
	struct stun_message msg;
	unsigned int code;

	stun_add_string(b, STUN_ATTR_USERNAME, client->kid);
	stun_add_string(b, STUN_ATTR_REALM, client->realm);
	stun_add_string(b, STUN_ATTR_NONCE, nonce);
	if (client->with_token)
		stun_add(b, STUN_ATTR_ACCESS_TOKEN, client->token, sizeof(client->token));
	if (client->sha256)
		stun_add_integrity_sha256(b, client->key, client->signs_with);
	else
		stun_add_integrity(b, client->key, client->signs_with);
	put(client->fd, b);
	msg = hear(client->fd);
	code = code_of(&msg);
	if (code != 401 && code != 420) {
		assert_true(stun_check_integrity(&msg, client->key, client->signs_with));
		assert_int_equal(!!msg.integrity_sha256, client->sha256);
	}
	return code;
}

static unsigned int allocate(const struct client *client)
{
	struct stun_builder b = begin(STUN_ALLOCATE);

	return ask(client, &b);
}

static unsigned int refresh(const struct client *client, uint32_t lifetime)
{
	struct stun_builder b = begin(STUN_REFRESH);

	stun_add_u32(&b, STUN_ATTR_LIFETIME, lifetime);
	return ask(client, &b);
}

static uint32_t answered_lifetime(void)
{
	struct stun_message msg;
	struct stun_attr attr;
	uint32_t lifetime;

	assert_int_equal(stun_parse(&msg, reply, stun_length(reply)), 0);
	assert_true(stun_find(&msg, STUN_ATTR_LIFETIME, &attr));
	assert_int_equal(stun_attr_u32(&attr, &lifetime), 0);
	return lifetime;
}

/* --- with oauth */

static void challenge_names_the_server(void **state)
{
	struct stun_builder b = begin(STUN_ALLOCATE);
	int fd = connect_to(&server_addr);
	struct stun_message msg;
	struct stun_attr attr;

	(void)state;
	put(fd, &b);
	msg = hear(fd);
	assert_int_equal(code_of(&msg), 401);
	assert_true(stun_find(&msg, STUN_ATTR_THIRD_PARTY_AUTHORIZATION, &attr));
	assert_int_equal(attr.len, strlen(SERVER_NAME));
	assert_memory_equal(attr.value, SERVER_NAME, attr.len);
	close(fd);
}

/* RFC 7635, section 9: only Allocate and Refresh have the token; and all of RFC 6062. */
static void one_call(void **state)
{
	struct client control, data, other;
	struct stun_builder b;
	struct stun_message msg;
	struct stun_attr id;
	union addr peer_addr;
	uint32_t number;
	int peer = listen_somewhere(&peer_addr), peer_data;

	(void)state;
	open_client(&control, "north");
	assert_int_equal(allocate(&control), 0);
	control.with_token = false;
	b = begin(STUN_CREATE_PERMISSION);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer_addr);
	assert_int_equal(ask(&control, &b), 0);
	b = begin(STUN_CONNECT);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer_addr);
	assert_int_equal(ask(&control, &b), 0);
	assert_int_equal(stun_parse(&msg, reply, stun_length(reply)), 0);
	assert_true(stun_find(&msg, STUN_ATTR_CONNECTION_ID, &id));
	assert_int_equal(stun_attr_u32(&id, &number), 0);
	/* Somebody else's token is as good, but not for this (RFC 6062, section 5.4). */
	open_client(&other, "north");
	b = begin(STUN_CONNECTION_BIND);
	stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, number);
	assert_int_equal(ask(&other, &b), 441);
	close(other.fd);
	data = control;
	data.fd = connect_to(&server_addr);
	b = begin(STUN_CONNECTION_BIND);
	stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, number);
	assert_int_equal(ask(&data, &b), 0);
	peer_data = accept(peer, NULL, NULL);
	assert_int_equal(send(peer_data, "hello", 5, 0), 5);
	get(data.fd, reply, 5);
	assert_memory_equal(reply, "hello", 5);
	assert_int_equal(refresh(&control, 0), 0);
	close(peer_data);
	close(peer);
	close(data.fd);
	close(control.fd);
}

static void sha256_is_answered_so(void **state)
{
	struct client client;

	(void)state;
	open_client(&client, "north");
	client.sha256 = true;
	assert_int_equal(allocate(&client), 0);
	client.with_token = false;
	assert_int_equal(refresh(&client, 600), 0);
	close(client.fd);
}

/* It takes 16 bytes of any key; see auth.c. */
static void coturns_client(void **state)
{
	struct client client;

	(void)state;
	open_client(&client, "north");
	client.signs_with = 16;
	assert_int_equal(allocate(&client), 0);
	client.with_token = false;
	assert_int_equal(refresh(&client, 600), 0);
	client.with_token = true;
	client.signs_with = 15;
	assert_int_equal(refresh(&client, 600), 401);
	client.sha256 = true;
	client.signs_with = 16;
	assert_int_equal(refresh(&client, 600), 401);
	close(client.fd);
}

/* RFC 7635, section 9: no allocation outlives its token. */
static void token_bounds_the_lifetime(void **state)
{
	struct client client;
	time_t now = time(NULL);

	(void)state;
	open_client(&client, "north");
	issue_token(&client, now - 1000, 1060);
	assert_int_equal(allocate(&client), 0);
	assert_in_range(answered_lifetime(), 1, 65);
	client.with_token = false;
	assert_int_equal(refresh(&client, 3600), 0);
	assert_in_range(answered_lifetime(), 1, 65);
	assert_in_range(worker.allocations->relayed[0].expires - worker_now(), 0, 65);
	/* The next token has more. */
	client.with_token = true;
	issue_token(&client, now, 2000);
	assert_int_equal(refresh(&client, 3600), 0);
	assert_in_range(answered_lifetime(), 1900, 2000);
	client.with_token = false;
	assert_int_equal(refresh(&client, 0), 0);
	close(client.fd);
}

/* The next one may be of another key, and then the first is not known any more. */
static void keys_are_rotated(void **state)
{
	struct client client, old;

	(void)state;
	open_client(&client, "north");
	assert_int_equal(allocate(&client), 0);
	old = client;
	old.with_token = false;
	client.kid = "south";
	issue_token(&client, time(NULL), 1000);
	assert_int_equal(refresh(&client, 600), 0);
	client.with_token = false;
	assert_int_equal(refresh(&client, 600), 0);
	assert_int_equal(refresh(&old, 600), 401);
	assert_int_equal(HASH_COUNT(worker.allocations), 1);
	close(client.fd);
}

/* Those who have come with tokens are told from others, but not from each other. */
static void who_they_are(void **state)
{
	struct client clients[3];
	struct stun_builder b;
	struct stun_message msg;
	struct credential_key key;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		open_client(&clients[i], "north");
		/* user-quota is not for all who have a key in common. */
		assert_int_equal(allocate(&clients[i]), 0);
	}
	clients[0].with_token = false;
	clients[1].with_token = false;
	memcpy(clients[0].key, clients[1].key, KEY_LEN);
	assert_int_equal(refresh(&clients[0], 600), 401);
	b = begin(STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 0);
	credential_key(&key, CREDENTIAL_MD5, "alice", "realm", "wonder");
	stun_add_string(&b, STUN_ATTR_USERNAME, "alice");
	stun_add_string(&b, STUN_ATTR_REALM, "realm");
	stun_add_string(&b, STUN_ATTR_NONCE, nonce);
	stun_add_integrity(&b, key.bytes, key.len);
	put(clients[2].fd, &b);
	msg = hear(clients[2].fd);
	assert_int_equal(code_of(&msg), 441);
	assert_int_equal(HASH_COUNT(worker.allocations), 3);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		close(clients[i].fd);
}

static void refused(void **state)
{
	struct client good, client;
	struct stun_message msg;
	time_t now = time(NULL);

	(void)state;
	open_client(&good, "north");
	client = good;
	client.kid = "nobody";
	assert_int_equal(allocate(&client), 401);
	client.kid = "alien";		/* of another realm */
	assert_int_equal(allocate(&client), 401);
	client.kid = "broken";
	assert_int_equal(allocate(&client), 401);
	client = good;
	client.realm = "nowhere";
	assert_int_equal(allocate(&client), 401);
	client.kid = "south";		/* not of that one */
	client.realm = "other";
	assert_int_equal(allocate(&client), 401);
	client = good;
	client.key[0] ^= 1;		/* whoever has seen the token only */
	assert_int_equal(allocate(&client), 401);
	client = good;
	client.with_token = false;	/* there is no allocation with its key yet */
	assert_int_equal(allocate(&client), 401);
	client = good;
	issue_token(&client, now - 2000, 1000);
	assert_int_equal(allocate(&client), 401);
	client = good;
	client.token[30] ^= 1;
	assert_int_equal(allocate(&client), 401);
	/* A nonce that has been in use too long, or that is another's. */
	nonce[strlen(nonce) - 1] ^= 1;
	assert_int_equal(allocate(&good), 438);
	assert_int_equal(stun_parse(&msg, reply, stun_length(reply)), 0);
	take_nonce(&msg);
	assert_int_equal(allocate(&good), 0);
	close(good.fd);
}

/* --- without */

static int setup_without(void **state)
{
	(void)state;
	start("--oauth=no");
	return 0;
}

/* RFC 7635, section 7: a token that nobody has asked for is an unknown attribute. */
static void unexpected_token(void **state)
{
	struct stun_message msg;
	struct client client;
	struct stun_attr attr;

	(void)state;
	open_client(&client, "north");
	assert_int_equal(stun_parse(&msg, reply, stun_length(reply)), 0);
	assert_false(stun_find(&msg, STUN_ATTR_THIRD_PARTY_AUTHORIZATION, NULL));
	assert_int_equal(allocate(&client), 420);
	assert_int_equal(stun_parse(&msg, reply, stun_length(reply)), 0);
	assert_true(stun_find(&msg, STUN_ATTR_UNKNOWN_ATTRIBUTES, &attr));
	assert_int_equal(attr.len, 2);
	assert_memory_equal(attr.value, "\x00\x1b", 2);
	close(client.fd);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(challenge_names_the_server),
		test(one_call),
		test(sha256_is_answered_so),
		test(coturns_client),
		test(token_bounds_the_lifetime),
		test(keys_are_rotated),
		test(who_they_are),
		test(refused),
		cmocka_unit_test_setup_teardown(unexpected_token, setup_without, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
