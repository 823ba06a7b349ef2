// SPDX-License-Identifier: GPL-2.0-only
/*
 * DTLS on a network that loses datagrams, and where others send some in a client's name.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "macros.h"
#include "server_stage.h"
#include "dtls_stage.h"

/* One datagram of the handshake after the other, of either side. */
static void handshake_under_loss(void **state)
{
	unsigned int lost = 0, datagrams = 1;

	(void)state;
	for (unsigned int lose = 1; lose <= datagrams; lose++) {
		struct dtls_client client;

		client_begin(&client, open_socket(&server_addr), "stun.turn");
		client.lose = lose;
		assert_int_equal(client_shake_hands(&client), 0);
		datagrams = client.seen;
		lost += client.seen >= lose;
		client.lose = 0;
		assert_int_equal(ask_binding(&client), 0);
		gnutls_bye(client.session, GNUTLS_SHUT_WR);
		turn_for_a_while();
		close_client(&client);
	}
	assert_true(lost > 6);
}

/* GHSA-5x2p-4vqj-f6m4: coturn kept a session of each. */
static void forged_hello_keeps_no_state(void **state)
{
	struct dtls_client client;
	size_t len = make_hello(&client, &server_addr);

	(void)state;
	for (int i = 0; i < 100; i++) {
		int fd = open_socket(&server_addr);
		uint8_t buf[2048];
		ssize_t n;

		assert_int_equal(send(fd, client.hello, len, 0), len);
		n = get_some(fd, buf, sizeof(buf));
		/* A HelloVerifyRequest, no longer than the question, and nothing else. */
		assert_in_range(n, 26, len);
		assert_int_equal(buf[13], 3);
		turn();
		assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), -1);
		close(fd);
	}
	assert_null(worker.dtls.table);
	assert_true(LIST_EMPTY(&worker.sessions));
	close_client(&client);
}

/* The cookie of one address is no good at another. */
static void cookie_is_of_an_address(void **state)
{
	struct dtls_client client;
	int thief = open_socket(&server_addr);
	uint8_t buf[2048];

	(void)state;
	open_client(&client, &server_addr);
	assert_int_equal(count_sessions(&worker), 1);
	assert_int_equal(send(thief, client.hello, client.hello_len, 0), client.hello_len);
	assert_true(get_some(thief, buf, sizeof(buf)) > 13);
	assert_int_equal(buf[13], 3);
	assert_int_equal(count_sessions(&worker), 1);
	close(thief);
	close_client(&client);
}

/* Forged ones that come from a client's address, and his own once more, do not harm him. */
static void hello_does_not_end_a_session(void **state)
{
	struct dtls_client client, forged;
	union addr relayed, peer_addr;
	int peer = open_peer(&peer_addr);

	(void)state;
	open_client(&client, &server_addr);
	allocate(&client, &relayed);
	assert_int_equal(bind_channel(&client, &peer_addr), 0);
	make_hello(&forged, &dtls_addr);
	assert_int_equal(send(client.fd, forged.hello, forged.hello_len, 0), forged.hello_len);
	assert_int_equal(send(client.fd, client.hello, client.hello_len, 0), client.hello_len);
	turn_for_a_while();
	exchange(&client, peer, &relayed, 100);
	assert_int_equal(count_sessions(&worker), 1);
	close_client(&forged);
	close_client(&client);
	close(peer);
}

/* A program that has begun anew on its old port (RFC 6347, 4.2.8). */
static void client_begins_anew(void **state)
{
	struct dtls_client client, again;
	union addr relayed;

	(void)state;
	open_client(&client, &server_addr);
	allocate(&client, &relayed);
	client_begin(&again, client.fd, "stun.turn");
	assert_int_equal(client_shake_hands(&again), 0);
	assert_int_equal(server.quota.total, 0);
	assert_int_equal(count_sessions(&worker), 1);
	allocate(&again, &relayed);
	client_forget(&client);
	close_client(&again);
}

/* The same when the first has got no further than its cookie. */
static void client_begins_anew_in_a_handshake(void **state)
{
	struct dtls_client client, again;

	(void)state;
	client_begin(&client, open_socket(&server_addr), "stun.turn");
	while (!count_sessions(&worker)) {
		gnutls_handshake(client.session);
		turn();
	}
	/* What was said to the first one is not for this one to hear. */
	while (recv(client.fd, client.last, sizeof(client.last), MSG_DONTWAIT) >= 0)
		;
	client_begin(&again, client.fd, "stun.turn");
	assert_int_equal(client_shake_hands(&again), 0);
	assert_int_equal(count_sessions(&worker), 1);
	assert_int_equal(ask_binding(&again), 0);
	client_forget(&client);
	close_client(&again);
}

/* Each of them comes from the client's own address. */
static void junk_is_passed_over(void **state)
{
	static const struct { const char *data; size_t len; } junk[] = {
		{ "\x16", 1 }, { "\x14\xfe\xfd", 3 }, { "\x3f????????????????", 17 },
		{ "\x17\xfe\xfd\0\1\0\0\0\0\0\x67\0\0", 13 },
		{ "\x17\xfe\xfd\0\1\0\0\0\0\0\x63\0\4data", 17 },
		{ "\x17\xfe\xfd\0\1\0\0\0\0\0\x64\xff\xff" "data", 17 },
		{ "\x15\xfe\xfd\0\0\0\0\0\0\0\x09\0\2\2\x28", 15 },	/* fatal, unprotected */
		{ "\x15\xfe\xfd\0\1\0\0\0\0\0\x65\0\2\1\0", 15 },
		{ "\x14\xfe\xfd\0\0\0\0\0\0\0\x0a\0\1\1", 14 },
		{ "\x17\xfe\xfd\0\0\0\0\0\0\0\x0b\0\4data", 17 },
		{ "\x16\xfe\xfd\0\0\0\0\0\0\0\x0c\0\x0c\2\0\0\0\0\0\0\0\0\0\0\0", 25 },
		{ "\x18\xfe\xfd\0\1\0\0\0\0\0\x66\0\3\1\0\x10", 16 },	/* heartbeat */
	};
	struct dtls_client client;

	(void)state;
	open_client(&client, &server_addr);
	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		assert_int_equal(send(client.fd, junk[i].data, junk[i].len, 0), junk[i].len);
		assert_int_equal(ask_binding(&client), 0);
	}
	assert_int_equal(count_sessions(&worker), 1);
	close_client(&client);
}

/* They look like records of this association, and are of any type, version and length. */
static void forged_records_are_passed_over(void **state)
{
	static const size_t lengths[] = { 0, 1, 8, 24, 25, 100, 1400, 16384, 16640, 18500, 40000 };
	static uint8_t record[13 + 40000];
	struct dtls_client client;

	(void)state;
	srand(1);
	open_client(&client, &server_addr);
	for (unsigned int type = 20; type < 64; type++) {
		for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
			for (size_t at = 0; at < sizeof(record); at++)
				record[at] = rand();
			memcpy(record, "\x17\xfe\xfd\0\1\0\0\0\0", 9);
			record[0] = type;
			record[2] = rand() & 1 ? 0xfd : rand();
			record[11] = lengths[i] >> 8;
			record[12] = lengths[i];
			assert_true(send(client.fd, record, 13 + lengths[i], 0) > 0);
		}
		assert_int_equal(ask_binding(&client), 0);
	}
	assert_int_equal(count_sessions(&worker), 1);
	close_client(&client);
}

/* A record that comes twice is carried out once. */
static void replay_is_passed_over(void **state)
{
	struct dtls_client client;
	union addr relayed, peer_addr;
	uint8_t buf[64], message[] = "\x40\1\0\4once";
	int peer = open_peer(&peer_addr);

	(void)state;
	open_client(&client, &server_addr);
	allocate(&client, &relayed);
	assert_int_equal(bind_channel(&client, &peer_addr), 0);
	client_say(&client, message, 8);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(client.fd, client.last, client.last_len, 0),
				 client.last_len);
	assert_int_equal(get_some(peer, buf, sizeof(buf)), 4);
	turn_for_a_while();
	assert_int_equal(recv(peer, buf, sizeof(buf), MSG_DONTWAIT), -1);
	close_client(&client);
	close(peer);
}

/* What is not DTLS belongs to somebody else, even from the same address. */
static void plain_datagrams_are_others(void **state)
{
	struct dtls_client client;
	struct stun_message msg;
	union addr relayed;
	struct stun_builder b;
	uint8_t buf[2048];
	ssize_t n;

	(void)state;
	open_client(&client, &server_addr);
	allocate(&client, &relayed);
	stun_begin(&b, buf, 64, STUN_REQUEST, STUN_REFRESH, transaction);
	put(client.fd, &b);
	n = get_some(client.fd, buf, sizeof(buf));
	assert_true(n > 0);
	assert_int_equal(stun_parse(&msg, buf, n), 0);
	assert_int_equal(code_of(&msg), 437);
	close_client(&client);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(handshake_under_loss),
		test(forged_hello_keeps_no_state),
		test(cookie_is_of_an_address),
		test(hello_does_not_end_a_session),
		test(client_begins_anew),
		test(client_begins_anew_in_a_handshake),
		test(junk_is_passed_over),
		test(forged_records_are_passed_over),
		test(replay_is_passed_over),
		test(plain_datagrams_are_others),
	};
	int failed;

	make_certificate();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(certificate_path);
	return failed;
}
