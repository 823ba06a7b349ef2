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

#include "certificate.h"
#include "macros.h"
#include "server_stage.h"
#include "dtls_client.h"

#define worker (server.workers[0])
#define CHANNEL 0x4001

static union addr dtls_addr;

static void start(const char *option)
{
	char cert[96], port[48];

	find_port(&server_addr);
	do
		find_port(&dtls_addr);
	while (addr_equal(&dtls_addr, &server_addr));
	snprintf(cert, sizeof(cert), "--cert=%s", certificate_path);
	snprintf(port, sizeof(port), "--tls-listening-port=%u", addr_port(&dtls_addr));
	START_SERVER("-z", "-L127.0.0.1", "--relay-threads=1", "--allow-loopback-peers", cert,
		     port, (char *)option);
}

static int setup(void **state)
{
	(void)state;
	start("--max-strangers=8");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	return 0;
}

static void open_client(struct dtls_client *client, const union addr *to)
{
	client_begin(client, open_socket(to), "stun.turn");
	assert_int_equal(client_shake_hands(client), 0);
}

static void close_client(struct dtls_client *client)
{
	close(client->fd);
	client_forget(client);
}

static void turn_for_a_while(void)
{
	for (int i = 0; i < 20; i++) {
		turn();
		usleep(1000);
	}
}

static struct stun_message hear_response(struct dtls_client *client, uint8_t buf[2048])
{
	struct stun_message msg;
	ssize_t n = client_hear(client, buf, 2048);

	assert_true(n > 0);
	assert_int_equal(stun_parse(&msg, buf, n), 0);
	return msg;
}

static unsigned int ask(struct dtls_client *client, struct stun_builder *b)
{
	struct stun_message msg;
	uint8_t buf[2048];

	client_put(client, b);
	msg = hear_response(client, buf);
	return code_of(&msg);
}

static unsigned int ask_binding(struct dtls_client *client)
{
	struct stun_builder b;
	uint8_t buf[64];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, transaction);
	return ask(client, &b);
}

/* An allocation; its relayed address is in @relayed. */
static void allocate(struct dtls_client *client, union addr *relayed)
{
	struct stun_message msg;
	struct stun_builder b;
	struct stun_attr attr;
	uint8_t buf[2048];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_UDP);
	client_put(client, &b);
	msg = hear_response(client, buf);
	assert_int_equal(code_of(&msg), 0);
	assert_true(stun_find(&msg, STUN_ATTR_XOR_RELAYED_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&msg, &attr, relayed), 0);
}

static unsigned int bind_channel(struct dtls_client *client, const union addr *peer)
{
	uint8_t buf[64], other[STUN_TRANSACTION_LEN] = "bindchannel!";
	struct stun_builder b;

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_CHANNEL_BIND, other);
	stun_add_u32(&b, STUN_ATTR_CHANNEL_NUMBER, CHANNEL << 16);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	return ask(client, &b);
}

static int open_peer(union addr *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	addr_parse(addr, "127.0.0.1");
	assert_int_equal(bind(fd, &addr->sa, addr_len(addr)), 0);
	assert_int_equal(getsockname(fd, &addr->sa, &len), 0);
	return fd;
}

/* A message of @len bytes over the channel, to the peer and back. */
static void exchange(struct dtls_client *client, int peer, const union addr *relayed, size_t len)
{
	static uint8_t message[20000], buf[20000];

	message[0] = CHANNEL >> 8;
	message[1] = CHANNEL & 0xff;
	message[2] = len >> 8;
	message[3] = len;
	for (size_t i = 0; i < len; i++)
		message[4 + i] = i * 3;
	client_say(client, message, 4 + len);
	assert_int_equal(get_some(peer, buf, sizeof(buf)), len);
	assert_memory_equal(buf, message + 4, len);
	assert_int_equal(sendto(peer, buf, len, 0, &relayed->sa, addr_len(relayed)), len);
	assert_int_equal(client_hear(client, buf, sizeof(buf)), 4 + len);
	assert_memory_equal(buf, message, 4 + len);
}

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

/* --- who may be lost, and who may lie */

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
