// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker on loopback and its clients over DTLS, in one process and one loop.
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

/* --- what it is for */

static void relay_over(const union addr *to)
{
	static const size_t lengths[] = { 0, 1, 1200, 2100, 16000 };
	struct dtls_client client;
	union addr relayed, peer_addr;
	int peer = open_peer(&peer_addr);

	open_client(&client, to);
	allocate(&client, &relayed);
	assert_int_equal(bind_channel(&client, &peer_addr), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
		exchange(&client, peer, &relayed, lengths[i]);
	close_client(&client);
	close(peer);
}

static void relays_on_the_port_of_udp(void **state)
{
	(void)state;
	relay_over(&server_addr);
}

static void relays_on_a_port_of_its_own(void **state)
{
	(void)state;
	relay_over(&dtls_addr);
}

/* A request that is retransmitted gets its answer once more (RFC 8489, 6.3.1). */
static void answers_again(void **state)
{
	struct dtls_client client;
	union addr first, second;

	(void)state;
	open_client(&client, &server_addr);
	allocate(&client, &first);
	allocate(&client, &second);
	assert_true(addr_equal(&first, &second));
	close_client(&client);
}

/* Whoever says goodbye takes his allocation along. */
static void close_notify_ends_the_allocation(void **state)
{
	struct dtls_client client;
	union addr relayed;

	(void)state;
	open_client(&client, &server_addr);
	allocate(&client, &relayed);
	assert_int_equal(server.quota.total, 1);
	gnutls_bye(client.session, GNUTLS_SHUT_WR);
	for (time_t start = time(NULL); server.quota.total; turn())
		assert_true(time(NULL) - start < PATIENCE);
	assert_null(worker.dtls.table);
	close_client(&client);
}

static void server_says_goodbye(void **state)
{
	struct dtls_client client;
	union addr relayed;
	uint8_t buf[64];

	(void)state;
	open_client(&client, &server_addr);
	allocate(&client, &relayed);
	session_close(LIST_FIRST(&worker.sessions), "test");
	assert_int_equal(client_hear(&client, buf, sizeof(buf)), 0);
	close_client(&client);
}

/* --- who may come */

static void strangers_are_few(void **state)
{
	struct dtls_client clients[20], known;
	union addr relayed;

	(void)state;
	open_client(&known, &server_addr);
	allocate(&known, &relayed);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		open_client(&clients[i], &server_addr);
		assert_true(count_sessions(&worker) <= 1 + 8);
	}
	assert_int_equal(worker.strangers.n, 8);
	assert_int_equal(ask_binding(&known), 0);
	assert_int_equal(ask_binding(&clients[19]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		close_client(&clients[i]);
	close_client(&known);
}

/*
 * So many handshakes begin in a turn of the loop and no more; the others are told nothing,
 * say it again, and have their turn, too.
 */
static void handshakes_take_turns(void **state)
{
	struct dtls_client clients[HANDSHAKES_A_TURN + 5];
	size_t begun = 0;

	(void)state;
	worker.strangers.max = ARRAY_SIZE(clients);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		make_hello(&clients[i], &dtls_addr);
	turn_for_a_while();
	/* What each says now has a cookie. */
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		assert_int_equal(gnutls_handshake(clients[i].session), GNUTLS_E_AGAIN);
	for (; !begun; begun = worker.strangers.n)
		turn();
	assert_int_equal(begun, HANDSHAKES_A_TURN);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		assert_int_equal(client_shake_hands(&clients[i]), 0);
		close_client(&clients[i]);
	}
}

static void another_protocol_is_refused(void **state)
{
	struct dtls_client client;

	(void)state;
	client_begin(&client, open_socket(&server_addr), "webrtc");
	assert_int_equal(client_shake_hands(&client), GNUTLS_E_FATAL_ALERT_RECEIVED);
	assert_int_equal(gnutls_alert_get(client.session), GNUTLS_A_NO_APPLICATION_PROTOCOL);
	assert_null(worker.dtls.table);
	close_client(&client);
}

/* Return: whether a Binding request gets an answer. */
static bool takes_plain(const union addr *to)
{
	int fd = open_socket(to);
	struct stun_builder b;
	uint8_t buf[2048];
	ssize_t n;

	stun_begin(&b, buf, 64, STUN_REQUEST, STUN_BINDING, transaction);
	put(fd, &b);
	turn_for_a_while();
	n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	close(fd);
	return n > 0;
}

/* Return: whether a ClientHello gets one. */
static bool takes_dtls(const union addr *to)
{
	struct dtls_client client;
	ssize_t n;

	make_hello(&client, to);
	turn_for_a_while();
	n = recv(client.fd, client.last, sizeof(client.last), MSG_DONTWAIT);
	close_client(&client);
	return n > 0;
}

static void doors(void **state)
{
	static const struct {
		const char *option;
		bool plain, dtls, own_plain, own_dtls;
	} cases[] = {
		{ "--dtls", true, true, false, true },
		{ "--no-dtls", true, false, false, false },
		{ "--no-udp", false, true, false, true },
		{ "--no-tls", true, true, false, true },
		{ "--no-tlsv1_2", true, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start(cases[i].option);
		assert_int_equal(takes_plain(&server_addr), cases[i].plain);
		assert_int_equal(takes_dtls(&server_addr), cases[i].dtls);
		assert_int_equal(takes_plain(&dtls_addr), cases[i].own_plain);
		assert_int_equal(takes_dtls(&dtls_addr), cases[i].own_dtls);
		stop_server();
	}
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(relays_on_the_port_of_udp),
		test(relays_on_a_port_of_its_own),
		test(answers_again),
		test(close_notify_ends_the_allocation),
		test(server_says_goodbye),
		test(strangers_are_few),
		test(handshakes_take_turns),
		test(another_protocol_is_refused),
		cmocka_unit_test(doors),
	};
	int failed;

	make_certificate();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(certificate_path);
	return failed;
}
