// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two workers, whose loops take turns in one thread: a ConnectionBind that comes
 * to the wrong one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "connection.h"
#include "server_stage.h"

static int peer;		/* listens */
static union addr peer_addr;
static int control;
static struct worker *owner;	/* of the control connection */

/* Return: 0, or the code of the error response. */
static unsigned int result(int fd)
{
	uint8_t buf[512];
	struct stun_message msg = get_message(fd, buf, sizeof(buf));

	return code_of(&msg);
}

/* Return: a connection that has come to a worker; NULL stands for any. */
static int connect_to_worker(struct worker *wanted, struct worker **got)
{
	unsigned int before[2], after;
	time_t start = time(NULL);
	int fd;

	for (;;) {
		for (int i = 0; i < 2; i++)
			before[i] = count_sessions(&server.workers[i]);
		fd = connect_to(&server_addr);
		do {
			turn();
			after = count_sessions(&server.workers[0]);
			assert_true(time(NULL) - start < PATIENCE);
		} while (after + count_sessions(&server.workers[1]) ==
			 before[0] + before[1]);
		*got = &server.workers[after == before[0]];
		if (!wanted || *got == wanted)
			return fd;
		close(fd);
		while (count_sessions(&server.workers[0]) != before[0] ||
		       count_sessions(&server.workers[1]) != before[1])
			turn();
	}
}

static void send_request(int fd, struct stun_builder *b, const char *behind)
{
	uint8_t buf[1024];
	size_t len = stun_end(b);

	memcpy(buf, b->buf, len);
	memcpy(buf + len, behind, strlen(behind));
	len += strlen(behind);
	assert_int_equal(send(fd, buf, len, MSG_NOSIGNAL), len);
}

/* Return: the CONNECTION-ID. */
static uint32_t connect_peer(void)
{
	uint32_t id = connect_peer_of(control, &peer_addr);

	assert_ptr_equal(connection_owner(&server.workers[0], id), owner);
	return id;
}

static void send_connection_bind(int fd, uint32_t id, const char *behind)
{
	struct stun_builder b;
	uint8_t buf[128];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_CONNECTION_BIND, transaction);
	stun_add_u32(&b, STUN_ATTR_CONNECTION_ID, id);
	send_request(fd, &b, behind);
}

static int setup(void **state)
{
	(void)state;
	find_port(&server_addr);
	START_SERVER("-z", "-L127.0.0.1", "--relay-threads=2", "--allow-loopback-peers");
	peer = listen_somewhere(&peer_addr);
	control = connect_to_worker(NULL, &owner);
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

static struct worker *other(void)
{
	return &server.workers[owner == &server.workers[0]];
}

static void nothing_behind_the_request_is_lost(void **state)
{
	static const char text[] = "right behind the request";
	struct worker *at;
	char buf[64];
	int data, peer_data;

	(void)state;
	allocate_tcp(control);
	data = connect_to_worker(other(), &at);
	send_connection_bind(data, connect_peer(), text);
	assert_int_equal(shutdown(data, SHUT_WR), 0);
	assert_int_equal(result(data), 0);
	peer_data = accept(peer, NULL, NULL);
	get(peer_data, buf, strlen(text));
	assert_memory_equal(buf, text, strlen(text));
	assert_int_equal(get_some(peer_data, buf, 1), 0);
	assert_int_equal(send(peer_data, "answer", 6, 0), 6);
	get(data, buf, 6);
	assert_memory_equal(buf, "answer", 6);
	assert_int_equal(count_sessions(other()), 0);
	close(data);
	close(peer_data);
}

/* It has gone to where the id would be, and is a session like any other there. */
static void unknown_id(void **state)
{
	struct worker *at;
	uint32_t id;
	int data;

	(void)state;
	allocate_tcp(control);
	data = connect_to_worker(other(), &at);
	id = connect_peer();
	send_connection_bind(data, id ^ 1, "");
	assert_int_equal(result(data), 400);
	assert_int_equal(count_sessions(owner), 2);
	send_connection_bind(data, id, "");
	assert_int_equal(result(data), 0);
	close(data);
}

static void id_of_another_worker_on_a_control_connection(void **state)
{
	uint32_t elsewhere = owner == &server.workers[0] ? 1u << 31 : 0;

	(void)state;
	allocate_tcp(control);
	assert_ptr_equal(connection_owner(owner, elsewhere), other());
	send_connection_bind(control, elsewhere, "");
	assert_int_equal(result(control), 400);
	connect_peer();
}

/* The session stays where it is, and may try again. */
static void full_mailbox(void **state)
{
	const int in = owner->mailbox.in, out = owner->mailbox.out;
	uint8_t junk[sizeof(void *)] = { 0 };
	struct worker *at;
	uint32_t id;
	int data;

	(void)state;
	allocate_tcp(control);
	data = connect_to_worker(other(), &at);
	id = connect_peer();
	while (write(in, junk, sizeof(junk)) > 0)
		;
	send_connection_bind(data, id, "");
	while (count_sessions(other()) != 1)
		turn();
	for (int i = 0; i < 100; i++)
		event_base_loop(other()->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	while (read(out, junk, sizeof(junk)) > 0)
		;
	assert_int_equal(result(data), 500);
	send_connection_bind(data, id, "");
	assert_int_equal(result(data), 0);
	close(data);
}

/* A stranger is one wherever he goes: his time does not begin anew. */
static void deadline_goes_along(void **state)
{
	struct worker *at;
	uint8_t byte;
	uint32_t id;
	int data;

	(void)state;
	allocate_tcp(control);
	id = connect_peer();
	config.max_allocate_timeout = 5;
	data = connect_to_worker(other(), &at);
	config.max_allocate_timeout = 3600;
	send_connection_bind(data, id ^ 1, "");
	assert_int_equal(result(data), 400);
	assert_int_equal(count_sessions(owner), 2);
	assert_int_equal(get_some(data, &byte, 1), 0);
	close(data);
}

/* Neither forgotten nor freed twice when everything ends. */
static void stopped_on_the_way(void **state)
{
	struct worker *at;
	time_t start = time(NULL);
	int data;

	(void)state;
	allocate_tcp(control);
	data = connect_to_worker(other(), &at);
	send_connection_bind(data, connect_peer(), "");
	while (count_sessions(other())) {
		event_base_loop(other()->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		assert_true(time(NULL) - start < PATIENCE);
	}
	assert_int_equal(count_sessions(owner), 1);
	close(data);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(nothing_behind_the_request_is_lost),
		test(unknown_id),
		test(id_of_another_worker_on_a_control_connection),
		test(full_mailbox),
		test(deadline_goes_along),
		test(stopped_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
