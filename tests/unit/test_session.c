// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker on loopback and its clients, in one process and one loop: whoever
 * leaves when, nothing is freed twice or forgotten.
 */
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "config.h"
#include "macros.h"
#include "server.h"
#include "session_stream.h"
#include "sock.h"
#include "stun.h"
#include "worker.h"

#define PATIENCE 10	/* seconds until a test has failed */

static const uint8_t transaction[STUN_TRANSACTION_LEN] = "transaction!";

static struct config config;
static struct server all;
#define worker (all.workers[0])
static union addr server;
static int control;
static int peer;		/* listens */
static union addr peer_addr;

/* A listening socket on loopback, and its address. */
static int listen_somewhere(union addr *addr)
{
	socklen_t len = sizeof(*addr);
	int fd;

	assert_int_equal(addr_parse(addr, "127.0.0.1"), 0);
	fd = sock_stream(addr);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &addr->sa, addr_len(addr)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, &addr->sa, &len), 0);
	return fd;
}

static int connect_to_server(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, &server.sa, addr_len(&server)), 0);
	return fd;
}

static int setup(void **state)
{
	char port[32];
	char *argv[] = { "kturnd", "-n", "-z", "-L127.0.0.1", "-E127.0.0.1", port,
			 "--relay-threads=1", "--allow-loopback-peers",
			 "--datapath=splice", NULL };

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	/* A port that was free a moment ago. */
	close(listen_somewhere(&server));
	snprintf(port, sizeof(port), "-p%u", addr_port(&server));
	assert_int_equal(config_load(&config, ARRAY_SIZE(argv) - 1, argv, stderr), 0);
	assert_int_equal(server_open(&all, &config), 0);
	peer = listen_somewhere(&peer_addr);
	control = connect_to_server();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	server_close(&all);
	assert_int_equal(all.quota.total, 0);
	config_free(&config);
	close(control);
	close(peer);
	return 0;
}

static void turn(void)
{
	event_base_loop(worker.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void begin(struct stun_builder *b, uint8_t *buf, size_t size, uint16_t method)
{
	stun_begin(b, buf, size, STUN_REQUEST, method, transaction);
}

static void put(int fd, struct stun_builder *b)
{
	size_t len = stun_end(b);

	assert_true(len > 0);
	assert_int_equal(send(fd, b->buf, len, MSG_NOSIGNAL), len);
}

/* Turn the loop until so many bytes have come. */
static void get(int fd, uint8_t *buf, size_t len)
{
	time_t start = time(NULL);
	size_t got = 0;

	while (got < len) {
		ssize_t n = recv(fd, buf + got, len - got, MSG_DONTWAIT);

		assert_true(n);
		got += n > 0 ? n : 0;
		turn();
		assert_true(time(NULL) - start < PATIENCE);
	}
}

static struct stun_message get_response(int fd, uint16_t method, uint8_t buf[512])
{
	struct stun_message msg;
	size_t len;

	get(fd, buf, STUN_HEADER_LEN);
	len = stun_length(buf);
	assert_in_range(len, STUN_HEADER_LEN, 512);
	get(fd, buf + STUN_HEADER_LEN, len - STUN_HEADER_LEN);
	assert_int_equal(stun_parse(&msg, buf, len), 0);
	assert_int_equal(msg.method, method);
	assert_memory_equal(msg.transaction, transaction, sizeof(transaction));
	return msg;
}

static void allocate(void)
{
	uint8_t buf[512];
	struct stun_builder b;

	begin(&b, buf, sizeof(buf), STUN_ALLOCATE);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	put(control, &b);
	assert_int_equal(get_response(control, STUN_ALLOCATE, buf).class, STUN_SUCCESS);
}

/* Return: the CONNECTION-ID. */
static uint32_t connect_peer(void)
{
	struct stun_message msg;
	struct stun_builder b;
	struct stun_attr attr;
	uint8_t buf[512];
	uint32_t id;

	begin(&b, buf, sizeof(buf), STUN_CONNECT);
	stun_add_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &peer_addr);
	put(control, &b);
	msg = get_response(control, STUN_CONNECT, buf);
	assert_int_equal(msg.class, STUN_SUCCESS);
	assert_true(stun_find(&msg, STUN_ATTR_CONNECTION_ID, &attr));
	assert_int_equal(stun_attr_u32(&attr, &id), 0);
	return id;
}

static void send_connection_bind(int fd, uint32_t id)
{
	uint8_t buf[64];
	struct stun_builder b;

	begin(&b, buf, sizeof(buf), STUN_CONNECTION_BIND);
	stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, id);
	put(fd, &b);
}

static unsigned int count_sessions(void)
{
	const struct session *session;
	unsigned int n = 0;

	LIST_FOREACH(session, &worker.sessions, entry)
		n++;
	return n;
}

static void wait_for_sessions(unsigned int n)
{
	time_t start = time(NULL);

	while (count_sessions() != n) {
		turn();
		assert_true(time(NULL) - start < PATIENCE);
	}
}

static void check_alive(void)
{
	uint8_t buf[512];
	struct stun_builder b;

	begin(&b, buf, sizeof(buf), STUN_BINDING);
	put(control, &b);
	assert_int_equal(get_response(control, STUN_BINDING, buf).class, STUN_SUCCESS);
}

static void one_call(void **state)
{
	uint8_t buf[512];
	int data, peer_data;

	(void)state;
	allocate();
	data = connect_to_server();
	send_connection_bind(data, connect_peer());
	assert_int_equal(get_response(data, STUN_CONNECTION_BIND, buf).class, STUN_SUCCESS);
	peer_data = accept(peer, NULL, NULL);
	assert_int_equal(send(peer_data, "hello", 5, 0), 5);
	get(data, buf, 5);
	assert_memory_equal(buf, "hello", 5);
	/* The client data connection is no session any more. */
	wait_for_sessions(1);
	close(data);
	close(peer_data);
}

/* A client asks for a bind, and its connection is gone before the answer is out. */
static void reset_behind_connection_bind(void **state)
{
	int data;

	(void)state;
	allocate();
	data = connect_to_server();
	wait_for_sessions(2);
	send_connection_bind(data, connect_peer());
	sock_abort(data);
	wait_for_sessions(1);
	check_alive();
}

/* Send to a client that does not read until answers have to queue up, for good. */
static void fill_the_way(struct session *session)
{
	struct stream *stream = &container_of(session, struct session_stream, session)->stream;
	static const char junk[65536];
	const int size = sizeof(junk);

	/* One that was asked for does not grow. */
	setsockopt(stream->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (int quiet = 0; quiet < 100; quiet++) {
		if (send(stream->fd, junk, sizeof(junk), MSG_DONTWAIT) > 0)
			quiet = 0;
		usleep(1000);
	}
	stream_send(stream, junk, sizeof(junk));
}

/* Return: a connection whose ConnectionBind waits for its response to go out. */
static int bind_behind_a_full_way(void)
{
	uint32_t id = connect_peer();
	int data = connect_to_server();
	struct session *session;

	wait_for_sessions(2);
	session = LIST_FIRST(&worker.sessions);
	fill_the_way(session);
	send_connection_bind(data, id);
	for (time_t start = time(NULL); !session->binding; turn())
		assert_true(time(NULL) - start < PATIENCE);
	return data;
}

static void reset_while_binding(void **state)
{
	(void)state;
	allocate();
	sock_abort(bind_behind_a_full_way());
	wait_for_sessions(1);
	check_alive();
}

static void stopped_while_binding(void **state)
{
	int data;

	(void)state;
	allocate();
	data = bind_behind_a_full_way();
	session_close(LIST_FIRST(&worker.sessions), "test");
	assert_int_equal(count_sessions(), 1);
	close(data);
}

static void control_gone_while_binding(void **state)
{
	int data;

	(void)state;
	allocate();
	data = bind_behind_a_full_way();
	close(control);
	wait_for_sessions(0);
	control = connect_to_server();
	close(data);
}

/* It costs one response; the connection and its allocation live on. */
static void malformed_attributes(void **state)
{
	static const uint8_t attr[4] = { 0x80, 0x22, 0xff, 0xff };
	struct stun_message msg;
	struct stun_builder b;
	struct stun_attr error;
	uint8_t buf[512];

	(void)state;
	allocate();
	begin(&b, buf, sizeof(buf), STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 600);
	memcpy(buf + STUN_HEADER_LEN, attr, sizeof(attr));
	put(control, &b);
	msg = get_response(control, STUN_REFRESH, buf);
	assert_int_equal(msg.class, STUN_ERROR);
	assert_true(stun_find(&msg, STUN_ATTR_ERROR_CODE, &error));
	assert_int_equal(stun_attr_error(&error), 400);
	check_alive();
	connect_peer();
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(one_call),
		test(reset_behind_connection_bind),
		test(reset_while_binding),
		test(stopped_while_binding),
		test(control_gone_while_binding),
		test(malformed_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
