// SPDX-License-Identifier: GPL-2.0-only
/*
 * What moving allocations (RFC 8016) must not do to other clients and other workers.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "allocation.h"
#include "allocation_json.h"
#include "listener_udp.h"
#include "macros.h"
#include "server_stage.h"
#include "mobility_stage.h"
#include "session_datagram.h"
#include "session_lost.h"
#include "udp.h"
#include "certificate.h"
#include "dtls_client.h"

static unsigned int ask_over_dtls(struct dtls_client *client, struct challenge *challenge,
				  struct stun_builder *b)
{
	uint8_t reply[2048];
	struct stun_message msg;
	ssize_t n;

	if (challenge->made)
		challenge_answer(challenge, "u", b);
	client_put(client, b);
	n = client_hear(client, reply, sizeof(reply));
	assert_true(n > 0);
	assert_int_equal(stun_parse(&msg, reply, n), 0);
	if (!challenge->made)
		assert_int_equal(challenge_take(challenge, &msg, "u", "p"), 0);
	return code_of(&msg);
}

/*
 * Over DTLS a session stays with the worker that it has come to. Another worker's ticket has
 * the same number there as the one of somebody else.
 */
static void ticket_of_another_worker(void **state)
{
	struct client others[64];
	struct dtls_client client;
	struct challenge challenge = { 0 };
	struct stun_builder b;
	char cert[96];
	unsigned int n = 0, refused = 0;

	(void)state;
	teardown(NULL);
	snprintf(cert, sizeof(cert), "--cert=%s", certificate_path);
	find_port(&server_addr);
	START_SERVER("-L127.0.0.1", "--relay-threads=4", "--allow-loopback-peers", "-rr", "-uu:p",
		     "--mobility", cert);
	peer = udp_bind(&peer_addr, UDP_ALONE);
	for (unsigned int i = 0; i < WORKERS; i++)
		while (!server.workers[i].mobile) {
			assert_true(n < ARRAY_SIZE(others));
			others[n] = open_client("u", SOCK_DGRAM);
			assert_int_equal(allocate(&others[n++], IPPROTO_UDP, 0), 0);
		}
	client_begin(&client, open_socket(&server_addr), "stun.turn");
	assert_int_equal(client_shake_hands(&client), 0);
	begin(&b, STUN_CREATE_PERMISSION);
	assert_int_equal(ask_over_dtls(&client, &challenge, &b), 401);
	for (unsigned int i = 0; i < WORKERS; i++) {
		const struct ticket first = { .worker = i };

		if (server.workers[i].dtls.table)
			continue;
		assert_int_equal(ticket_seal(&server.state.ticket_key, &first, ticket), 0);
		begin(&b, STUN_REFRESH);
		stun_add(&b, STUN_ATTR_MOBILITY_TICKET, ticket, sizeof(ticket));
		assert_int_equal(ask_over_dtls(&client, &challenge, &b), 437);
		refused++;
	}
	assert_int_equal(refused, WORKERS - 1);
	close(client.fd);
	client_forget(&client);
	while (n--)
		close(others[n].fd);
}

static unsigned int count_routed(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < WORKERS; i++)
		n += !!server.workers[i].forwards.routes;
	return n;
}

static void turn_until_routed_are(unsigned int n)
{
	for (time_t start = time(NULL); count_routed() != n; turn())
		assert_true(time(NULL) - start < PATIENCE);
}

/* Each of its datagrams would go a way that leads to nobody, for ever. */
static void route_whose_end_got_lost(void **state)
{
	struct client client = open_client("u", SOCK_DGRAM);
	struct session_tuple tuple = { .server = server_addr };
	socklen_t len = sizeof(tuple.client);

	(void)state;
	assert_int_equal(getsockname(client.fd, &tuple.client.sa, &len), 0);
	/* Whichever it is that the kernel gives his datagrams to. */
	for (unsigned int i = 0; i < WORKERS; i++)
		forward_begin(&server.workers[i], &server.workers[(i + 1) % WORKERS], &tuple);
	turn_until_routed_are(WORKERS);
	assert_int_equal(refresh(&client, 600), 437);
	turn_until_routed_are(WORKERS - 1);
	close(client.fd);
}

/* Posted before the client heard that he has moved; his next datagram comes before it is read. */
static void news_of_a_route_comes_first(void **state)
{
	struct worker *at = &server.workers[0], *to = &server.workers[1];
	const struct session_tuple tuple = { .client = peer_addr, .server = server_addr };
	uint8_t data[] = { CHANNEL >> 8, CHANNEL & 0xff, 0, 4, 'p', 'i', 'n', 'g' };
	const struct datagram datagram = {
		.remote = tuple.client,
		.local = tuple.server,
		.data = data,
		.len = sizeof(data),
	};

	(void)state;
	forward_begin(at, to, &tuple);
	session_datagram_receive(at, listeners_udp_socket(at, 0), &datagram);
	assert_non_null(at->forwards.routes);
	assert_int_not_equal(to->forwards.waiting, 0);
	for (time_t start = time(NULL); to->forwards.waiting; turn())
		assert_true(time(NULL) - start < PATIENCE);
}

/* Whoever has seen a ticket can send it from anywhere; without a name that is all. */
static void flood_of_tickets_keeps_nothing(void **state)
{
	struct client client = open_client("u", SOCK_DGRAM);
	struct stun_builder b;
	unsigned int sessions = 0;

	(void)state;
	set_out(&client);
	for (int i = 0; i < 200; i++) {
		struct client other = {
			.fd = socket(AF_INET, SOCK_DGRAM, 0),
		};

		assert_int_equal(connect(other.fd, &server_addr.sa, addr_len(&server_addr)), 0);
		begin(&b, STUN_REFRESH);
		stun_add(&b, STUN_ATTR_MOBILITY_TICKET, ticket, sizeof(ticket));
		put(other.fd, &b);
		hear(&other);
		assert_int_equal(code_of(&other.msg), 401);
		close(other.fd);
	}
	for (unsigned int i = 0; i < WORKERS; i++) {
		sessions += count_sessions(&server.workers[i]);
		assert_null(server.workers[i].forwards.routes);
		assert_int_equal(server.workers[i].forwards.waiting, 0);
	}
	assert_int_equal(sessions, 1);
	close(client.fd);
}

static void start_small(char *option)
{
	teardown(NULL);
	find_port(&server_addr);
	START_SERVER("-L127.0.0.1", "--relay-threads=1", "--allow-loopback-peers", "-rr", "-uu:p",
		     "--mobility", option);
	peer = udp_bind(&peer_addr, UDP_ALONE);
}

/* A session that ends the allocation of another is there to be answered, if the oldest. */
static void oldest_idle_one_ends_anothers(void **state)
{
	struct client clients[3];

	(void)state;
	start_small("--max-strangers=100");
	server.workers[0].datagrams.max_idle = 2;
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		clients[i] = open_client("u", SOCK_DGRAM);
		assert_int_equal(allocate(&clients[i], IPPROTO_UDP, 0), 0);
		take_ticket(&clients[i]);
		if (i < 2)
			assert_int_equal(refresh(&clients[i], 0), 0);
	}
	assert_int_equal(move_with(&clients[0], ticket, sizeof(ticket), 0), 0);
	assert_int_equal(server.quota.total, 0);
	assert_int_equal(count_sessions(&server.workers[0]), 3);
	/* Who comes next makes room. */
	assert_int_equal(allocate(&clients[1], IPPROTO_UDP, 0), 0);
	clients[2] = open_client("u", SOCK_DGRAM);
	assert_int_equal(allocate(&clients[2], IPPROTO_UDP, 0), 0);
	assert_true(server.workers[0].datagrams.n_idle <= 2);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		close(clients[i].fd);
}

static void oldest_stranger_ends_anothers(void **state)
{
	struct client clients[3];

	(void)state;
	start_small("--max-strangers=2");
	clients[2] = open_client("u", SOCK_STREAM);
	assert_int_equal(allocate(&clients[2], IPPROTO_UDP, 0), 0);
	take_ticket(&clients[2]);
	clients[0] = open_client("u", SOCK_STREAM);
	clients[1] = open_client("u", SOCK_STREAM);
	assert_int_equal(server.workers[0].strangers.n, 2);
	assert_int_equal(move_with(&clients[0], ticket, sizeof(ticket), 0), 0);
	assert_int_equal(server.quota.total, 0);
	assert_int_equal(server.workers[0].strangers.n, 3);
	close(clients[2].fd);
	clients[2] = open_client("u", SOCK_STREAM);
	assert_true(server.workers[0].strangers.n <= 2);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		close(clients[i].fd);
}

/* Nobody is connected with it, but it is there, and can be seen. */
static void lost_ones_are_listed(void **state)
{
	struct client client;
	json_t *json;

	(void)state;
	start_small("--max-strangers=100");
	client = open_client("u", SOCK_STREAM);
	assert_int_equal(allocate(&client, IPPROTO_UDP, 0), 0);
	close(client.fd);
	for (time_t start = time(NULL);
	     !session_is_lost(server.workers[0].allocations->session); turn())
		assert_true(time(NULL) - start < PATIENCE);
	json = allocation_json(server.workers[0].allocations);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "over")), "lost");
	json_decref(json);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(ticket_of_another_worker),
		test(route_whose_end_got_lost),
		test(news_of_a_route_comes_first),
		test(flood_of_tickets_keeps_nothing),
		test(oldest_idle_one_ends_anothers),
		test(oldest_stranger_ends_anothers),
		test(lost_ones_are_listed),
	};
	int failed;

	make_certificate();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(certificate_path);
	return failed;
}
