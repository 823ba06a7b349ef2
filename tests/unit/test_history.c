// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a worker remembers of its clients: a server on loopback, and those who ask it for
 * allocations and connections, with and without luck.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "datapath.h"
#include "history.h"
#include "history_json.h"
#include "server_stage.h"

static int control;

static int setup(void **state)
{
	(void)state;
	find_port(&server_addr);
	START_SERVER("--no-auth", "-L127.0.0.1", "--relay-threads=1", "--allow-loopback-peers");
	control = connect_to(&server_addr);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (control >= 0)
		close(control);
	stop_server();
	return 0;
}

static const struct history *next(uint64_t number)
{
	return histories_next(server.workers[0].histories, number);
}

static unsigned int count_histories(void)
{
	const struct history *history;
	unsigned int n = 0;

	for (history = next(0); history; history = next(history->number))
		n++;
	return n;
}

/* The only one there is. */
static const struct history *only(void)
{
	assert_int_equal(count_histories(), 1);
	return next(0);
}

static const struct history_step *last_step(void)
{
	const struct history *history = only();

	assert_true(history->n_steps > 0);
	return &history->steps[history->n_steps - 1];
}

static unsigned int ask(int fd, struct stun_builder *b)
{
	struct stun_message msg;
	uint8_t buf[512];

	put(fd, b);
	msg = get_message(fd, buf, sizeof(buf));
	return code_of(&msg);
}

static unsigned int ask_allocate(int fd, uint8_t transport)
{
	struct stun_builder b;
	uint8_t buf[128];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, transport);
	return ask(fd, &b);
}

static unsigned int ask_about(uint16_t method, const union addr *peer)
{
	struct stun_builder b;
	uint8_t buf[128];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, method, transaction);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, peer);
	return ask(control, &b);
}

static unsigned int ask_refresh(uint32_t lifetime)
{
	struct stun_builder b;
	uint8_t buf[128];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_REFRESH, transaction);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, lifetime);
	return ask(control, &b);
}

/* Return: the data connection, which is bound. */
static int bind_connection(uint32_t id)
{
	struct stun_builder b;
	uint8_t buf[128];
	int fd = connect_to(&server_addr);

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_CONNECTION_BIND, transaction);
	stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, id);
	assert_int_equal(ask(fd, &b), 0);
	return fd;
}

/* The only connection that there is. */
static const struct history_connection *connection(void)
{
	const struct history_connection *connection = TAILQ_FIRST(&only()->connections);

	assert_non_null(connection);
	assert_null(TAILQ_NEXT(connection, entry));
	return connection;
}

static void wait_for_end(void)
{
	time_t start = time(NULL);

	while (!connection()->ended_us && time(NULL) - start < PATIENCE)
		turn();
	assert_true(connection()->ended_us);
}

/* --- steps */

static void an_allocation(void **state)
{
	(void)state;
	assert_int_equal(count_histories(), 0);
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	assert_int_equal(ask_refresh(900), 0);
	assert_int_equal(only()->n_steps, 2);
	assert_int_equal(only()->steps[0].method, STUN_ALLOCATE);
	assert_int_equal(last_step()->method, STUN_REFRESH);
	assert_int_equal(last_step()->code, 0);
	assert_true(only()->allocation);
	assert_ptr_equal(history_find(server.workers[0].histories, only()->allocation), only());
	assert_int_equal(only()->ended_us, 0);
	/* The response to what ends it belongs to it as well. */
	assert_int_equal(ask_refresh(0), 0);
	assert_string_equal(only()->ended, "refresh with lifetime 0");
	assert_int_equal(last_step()->times, 2);
}

/* Whoever gets none is remembered, too; and it is the same one who gets it then. */
static void no_allocation(void **state)
{
	(void)state;
	assert_int_equal(ask_allocate(control, 99), 442);
	assert_int_equal(only()->allocation, 0);
	assert_int_equal(last_step()->code, 442);
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	assert_true(only()->allocation);
	assert_int_equal(only()->n_steps, 2);
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 437);
	assert_int_equal(last_step()->code, 437);
	assert_int_equal(only()->n_steps, 3);
}

/* Names are asked for in full: one that was cut would be nobody's. */
static void a_long_name(void **state)
{
	char name[508 + 1] = "";
	struct stun_builder b;
	uint8_t buf[768];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	stun_add_string(&b, STUN_ATTR_USERNAME, name);
	assert_int_equal(ask(control, &b), 0);
	assert_string_equal(only()->user, name);
}

/* A second allocation on the same connection has a history of its own. */
static void one_after_the_other(void **state)
{
	const struct history *second;

	(void)state;
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	assert_int_equal(ask_refresh(0), 0);
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	assert_int_equal(count_histories(), 2);
	second = next(next(0)->number);
	assert_int_not_equal(second->allocation, next(0)->allocation);
	assert_int_equal(second->n_steps, 1);
	assert_int_equal(second->ended_us, 0);
}

static void alike_steps_are_one(void **state)
{
	union addr peer;

	(void)state;
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(ask_refresh(900), 0);
	assert_int_equal(only()->n_steps, 2);
	assert_int_equal(last_step()->times, 40);
	assert_true(last_step()->last_us >= last_step()->first_us);
	addr_parse(&peer, "10.0.0.1");
	assert_int_equal(ask_about(STUN_CREATE_PERMISSION, &peer), 0);
	assert_true(addr_same_ip(&last_step()->peer, &peer));
}

/* Of too many the first and the last stay. */
static void many_steps(void **state)
{
	union addr peer;
	char ip[16];

	(void)state;
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	for (int i = 1; i < 100; i++) {
		snprintf(ip, sizeof(ip), "10.0.0.%d", i);
		addr_parse(&peer, ip);
		assert_int_equal(ask_about(STUN_CREATE_PERMISSION, &peer), 0);
	}
	assert_int_equal(only()->n_steps, HISTORY_STEPS);
	assert_int_equal(only()->omitted, 100 - HISTORY_STEPS);
	assert_int_equal(only()->steps[0].method, STUN_ALLOCATE);
	assert_true(addr_same_ip(&last_step()->peer, &peer));
	addr_parse(&peer, "10.0.0.5");
	assert_true(addr_same_ip(&only()->steps[HISTORY_FIRST_STEPS - 1].peer, &peer));
}

/* --- peers */

static void a_peer_without_permission(void **state)
{
	uint8_t byte;
	int fd;

	(void)state;
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	for (int i = 0; i < 3; i++) {
		fd = connect_to(&only()->relayed);
		assert_true(get_some(fd, &byte, 1) <= 0);
		close(fd);
	}
	assert_int_equal(last_step()->kind, HISTORY_REFUSED_PEER);
	assert_string_equal(last_step()->why, "no permission");
	assert_int_equal(last_step()->times, 3);
}

static void a_peer_that_refuses(void **state)
{
	union addr peer;
	int fd = listen_somewhere(&peer);

	(void)state;
	close(fd);
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	assert_int_equal(ask_about(STUN_CONNECT, &peer), 447);
	assert_int_equal(last_step()->code, 447);
	assert_true(addr_equal(&last_step()->peer, &peer));
	assert_string_equal(connection()->why, "Connection refused");
	assert_false(connection()->by_peer);
	assert_int_equal(connection()->ready_us, 0);
}

static void a_connection_that_is_not_bound(void **state)
{
	union addr peer;
	int fd = listen_somewhere(&peer);
	uint32_t id;

	(void)state;
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	id = connect_peer_of(control, &peer);
	assert_int_equal(id, connection()->id);
	assert_true(connection()->ready_us);
	assert_int_equal(connection()->bound_us, 0);
	close(control);
	control = -1;
	wait_for_end();
	assert_true(only()->ended_us);
	close(fd);
}

/* With what it has carried, and what that begins with; first alive and then over. */
static void a_relay(void **state)
{
	struct datapath *datapath = server.workers[0].datapath;
	json_t *json, *relay;
	union addr peer;
	char buf[8];
	int fd = listen_somewhere(&peer), data, at_peer;

	(void)state;
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	data = bind_connection(connect_peer_of(control, &peer));
	at_peer = accept(fd, NULL, NULL);
	assert_int_equal(send(data, "GET / ", 6, MSG_NOSIGNAL), 6);
	get(at_peer, buf, 6);
	assert_true(connection()->bound_us);
	json = history_json(only(), datapath);
	relay = json_array_get(json_object_get(json, "connections"), 0);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(relay, "to_peer"),
							    "bytes")), 6);
	assert_string_equal(json_string_value(json_object_get(json_object_get(relay, "to_peer"),
							      "head")), "474554202f20");
	assert_string_equal(json_string_value(json_object_get(relay, "state")), "bound");
	json_decref(json);
	close(at_peer);
	close(data);
	wait_for_end();
	assert_string_equal(connection()->why, "eof");
	assert_int_equal(connection()->bytes_to_peer, 6);
	assert_int_equal(connection()->opening_to_peer.head_len, 6);
	assert_memory_equal(connection()->opening_to_peer.head, "GET / ", 6);
	assert_int_equal(last_step()->method, STUN_CONNECTION_BIND);
	close(fd);
}

/* Of many the latest are kept, and those that are not over. */
static void many_connections(void **state)
{
	union addr peer, closed;
	unsigned int n = 0;
	const struct history_connection *each;
	int fd = listen_somewhere(&peer), other = listen_somewhere(&closed);

	(void)state;
	close(other);
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	connect_peer_of(control, &peer);
	for (int i = 0; i < HISTORY_CONNECTIONS + 10; i++)
		assert_int_equal(ask_about(STUN_CONNECT, &closed), 447);
	TAILQ_FOREACH(each, &only()->connections, entry)
		n++;
	assert_int_equal(n, HISTORY_CONNECTIONS);
	assert_int_equal(only()->unseen, 11);
	assert_int_equal(TAILQ_FIRST(&only()->connections)->ended_us, 0);
	close(fd);
}

/* --- of all clients */

static void come_and_go(uint8_t transport, unsigned int code)
{
	int fd = connect_to(&server_addr);

	assert_int_equal(ask_allocate(fd, transport), code);
	close(fd);
}

/* As many strangers as there may be do not drive out who has an allocation. */
static void many_clients(void **state)
{
	(void)state;
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	for (int i = 0; i < HISTORY_OVER + 20; i++) {
		come_and_go(IPPROTO_TCP, 0);
		come_and_go(99, 442);
	}
	while (count_sessions(&server.workers[0]) > 1)
		turn();
	assert_int_equal(count_histories(), 2 * HISTORY_OVER + 1);
	assert_int_equal(next(0)->ended_us, 0);
	assert_true(next(0)->allocation);
}

/* Return: a socket for UDP that has the same port as @fd. */
static int same_port_udp(int fd)
{
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	union addr addr;
	socklen_t len = sizeof(addr);

	assert_int_equal(getsockname(fd, &addr.sa, &len), 0);
	assert_int_equal(bind(udp, &addr.sa, addr_len(&addr)), 0);
	assert_int_equal(connect(udp, &server_addr.sa, addr_len(&server_addr)), 0);
	return udp;
}

/* Who has the same port, but another protocol, is somebody else. */
static void same_port_of_udp(void **state)
{
	int udp = same_port_udp(control);
	const struct history *second;
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[512];

	(void)state;
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, 99);
	put(udp, &b);
	assert_int_equal(stun_parse(&msg, buf, get_some(udp, buf, sizeof(buf))), 0);
	assert_int_equal(code_of(&msg), 442);
	assert_string_equal(only()->over, "udp");
	assert_int_equal(ask_allocate(control, IPPROTO_TCP), 0);
	assert_int_equal(count_histories(), 2);
	second = next(next(0)->number);
	assert_string_equal(second->over, "tcp");
	assert_int_equal(second->n_steps, 1);
	assert_int_equal(next(0)->allocation, 0);
	close(udp);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_allocation),
		TEST(no_allocation),
		TEST(a_long_name),
		TEST(one_after_the_other),
		TEST(alike_steps_are_one),
		TEST(many_steps),
		TEST(a_peer_without_permission),
		TEST(a_peer_that_refuses),
		TEST(a_connection_that_is_not_bound),
		TEST(a_relay),
		TEST(many_connections),
		TEST(many_clients),
		TEST(same_port_of_udp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
