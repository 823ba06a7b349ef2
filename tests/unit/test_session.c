// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker on loopback and its clients, in one process and one loop: whoever
 * leaves when, nothing is freed twice or forgotten.
 */
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "macros.h"
#include "server_stage.h"
#include "session_stream.h"

#define worker (server.workers[0])

static int control;
static int peer;		/* listens */
static union addr peer_addr;

static int setup(void **state)
{
	(void)state;
	find_port(&server_addr);
	START_SERVER("-z", "-L127.0.0.1", "--relay-threads=1", "--allow-loopback-peers",
		     "--tcp-keepalive=77", "--tcp-user-timeout=55");
	peer = listen_somewhere(&peer_addr);
	control = connect_to(&server_addr);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	close(control);
	close(peer);
	return 0;
}

static void begin(struct stun_builder *b, uint8_t *buf, size_t size, uint16_t method)
{
	stun_begin(b, buf, size, STUN_REQUEST, method, transaction);
}

static struct stun_message get_response(int fd, uint16_t method, uint8_t buf[512])
{
	struct stun_message msg = get_message(fd, buf, 512);

	assert_int_equal(msg.method, method);
	return msg;
}

static void send_connection_bind(int fd, uint32_t id)
{
	uint8_t buf[64];
	struct stun_builder b;

	begin(&b, buf, sizeof(buf), STUN_CONNECTION_BIND);
	stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, id);
	put(fd, &b);
}

static void wait_for_sessions(unsigned int n)
{
	time_t start = time(NULL);

	while (count_sessions(&worker) != n) {
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
	allocate_tcp(control);
	data = connect_to(&server_addr);
	send_connection_bind(data, connect_peer_of(control, &peer_addr));
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

/* The server is in this process: its end of a connection has our address for a peer. */
static int far_end(int ours)
{
	union addr at = { 0 };
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(ours, &at.sa, &len), 0);
	for (int fd = 0; fd < 256; fd++) {
		union addr of = { 0 };

		len = sizeof(of);
		if (!getpeername(fd, &of.sa, &len) && addr_equal(&of, &at))
			return fd;
	}
	fail();
	return -1;
}

static int tcp_option(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value;

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, option, &value, &len), 0);
	return value;
}

static void both_ends_are_probed(void **state)
{
	uint8_t buf[512];
	int data, peer_data, ends[2];

	(void)state;
	allocate_tcp(control);
	data = connect_to(&server_addr);
	send_connection_bind(data, connect_peer_of(control, &peer_addr));
	assert_int_equal(get_response(data, STUN_CONNECTION_BIND, buf).class, STUN_SUCCESS);
	peer_data = accept(peer, NULL, NULL);
	ends[0] = far_end(data);
	ends[1] = far_end(peer_data);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(tcp_option(ends[i], TCP_KEEPIDLE), 77);
		assert_int_equal(tcp_option(ends[i], TCP_USER_TIMEOUT), 55000);
	}
	close(data);
	close(peer_data);
}

/* A client asks for a bind, and its connection is gone before the answer is out. */
static void reset_behind_connection_bind(void **state)
{
	int data;

	(void)state;
	allocate_tcp(control);
	data = connect_to(&server_addr);
	wait_for_sessions(2);
	send_connection_bind(data, connect_peer_of(control, &peer_addr));
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
	stream_send(stream, junk, 8192);
}

static void make_wait(struct session *session, size_t len)
{
	static const char junk[1024];
	struct stream *stream = &container_of(session, struct session_stream, session)->stream;

	for (; len; len -= sizeof(junk))
		stream_send(stream, junk, sizeof(junk));
}

/* Anybody may connect; for whom the server has done nothing yet it keeps little. */
static void stranger_who_does_not_read(void **state)
{
	int fd = connect_to(&server_addr);

	(void)state;
	wait_for_sessions(2);
	fill_the_way(LIST_FIRST(&worker.sessions));
	make_wait(LIST_FIRST(&worker.sessions), 16 * 1024);
	wait_for_sessions(1);
	close(fd);
	check_alive();
}

static void client_who_does_not_read(void **state)
{
	(void)state;
	allocate_tcp(control);
	fill_the_way(LIST_FIRST(&worker.sessions));
	make_wait(LIST_FIRST(&worker.sessions), 128 * 1024);
	for (int turns = 0; turns < 10; turns++)
		turn();
	assert_int_equal(count_sessions(&worker), 1);
}

/*
 * Who gives his allocation back has still to read what there was, and the answer: it is
 * the last message that comes.
 */
static void released_with_much_to_read(void **state)
{
	uint8_t buf[64 * 1024], last[STUN_HEADER_LEN] = "";
	struct stun_builder b;
	ssize_t n;

	(void)state;
	allocate_tcp(control);
	fill_the_way(LIST_FIRST(&worker.sessions));
	make_wait(LIST_FIRST(&worker.sessions), 64 * 1024);
	begin(&b, buf, sizeof(buf), STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 0);
	put(control, &b);
	for (time_t start = time(NULL); worker.allocations; turn())
		assert_true(time(NULL) - start < PATIENCE);
	for (int turns = 0; turns < 10; turns++)
		turn();
	assert_int_equal(count_sessions(&worker), 1);
	while (memcmp(last + 8, transaction, sizeof(transaction))) {
		n = get_some(control, buf, sizeof(buf));
		assert_true(n > STUN_HEADER_LEN);
		for (ssize_t at = 0; at + STUN_HEADER_LEN <= n; at++)
			if (!memcmp(buf + at + 8, transaction, sizeof(transaction)))
				memcpy(last, buf + at, sizeof(last));
	}
	assert_int_equal(last[0] << 8 | last[1], 0x0104);	/* Refresh success response */
}

/* Return: a connection whose ConnectionBind waits for its response to go out. */
static int bind_behind_a_full_way(void)
{
	uint32_t id = connect_peer_of(control, &peer_addr);
	int data = connect_to(&server_addr);
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
	allocate_tcp(control);
	sock_abort(bind_behind_a_full_way());
	wait_for_sessions(1);
	check_alive();
}

static void stopped_while_binding(void **state)
{
	int data;

	(void)state;
	allocate_tcp(control);
	data = bind_behind_a_full_way();
	session_close(LIST_FIRST(&worker.sessions), "test");
	assert_int_equal(count_sessions(&worker), 1);
	close(data);
}

static void control_gone_while_binding(void **state)
{
	int data;

	(void)state;
	allocate_tcp(control);
	data = bind_behind_a_full_way();
	close(control);
	wait_for_sessions(0);
	control = connect_to(&server_addr);
	close(data);
}

/* It costs one response; the connection and its allocation live on. */
static void malformed_attributes(void **state)
{
	static const uint8_t attr[4] = { 0x80, 0x22, 0xff, 0xff };
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[512];

	(void)state;
	allocate_tcp(control);
	begin(&b, buf, sizeof(buf), STUN_REFRESH);
	stun_add_u32(&b, STUN_ATTR_LIFETIME, 600);
	memcpy(buf + STUN_HEADER_LEN, attr, sizeof(attr));
	put(control, &b);
	msg = get_response(control, STUN_REFRESH, buf);
	assert_int_equal(code_of(&msg), 400);
	check_alive();
	connect_peer_of(control, &peer_addr);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(one_call),
		test(both_ends_are_probed),
		test(reset_behind_connection_bind),
		test(reset_while_binding),
		test(stopped_while_binding),
		test(control_gone_while_binding),
		test(stranger_who_does_not_read),
		test(client_who_does_not_read),
		test(released_with_much_to_read),
		test(malformed_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
