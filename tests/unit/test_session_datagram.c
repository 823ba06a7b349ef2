// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker on loopback and its clients over UDP, in one process and one loop.
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

#include "macros.h"
#include "server_stage.h"

#define worker (server.workers[0])

static int setup(void **state)
{
	(void)state;
	find_port(&server_addr);
	START_SERVER("-z", "-L0.0.0.0", "--relay-threads=1", "--allow-loopback-peers");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	return 0;
}

/* It hears nobody but the address that it sends to. */
static int open_client(const union addr *to)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(connect(fd, &to->sa, addr_len(to)), 0);
	return fd;
}

static void ask(int fd, uint16_t method)
{
	uint8_t buf[64];
	struct stun_builder b;

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, method, transaction);
	put(fd, &b);
}

static struct stun_message get_response(int fd, uint16_t method, uint8_t buf[2048])
{
	struct stun_message msg;
	ssize_t len = get_some(fd, buf, 2048);

	assert_true(len > 0);
	assert_int_equal(stun_parse(&msg, buf, len), 0);
	assert_int_equal(msg.method, method);
	assert_memory_equal(msg.transaction, transaction, sizeof(transaction));
	return msg;
}

static void binding(void **state)
{
	struct stun_message msg;
	struct stun_attr attr;
	union addr mapped, ours;
	socklen_t len = sizeof(ours);
	uint8_t buf[2048];
	int fd = open_client(&server_addr);

	(void)state;
	ask(fd, STUN_BINDING);
	msg = get_response(fd, STUN_BINDING, buf);
	assert_int_equal(msg.class, STUN_SUCCESS);
	assert_true(stun_find(&msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&msg, &attr, &mapped), 0);
	assert_int_equal(getsockname(fd, &ours.sa, &len), 0);
	assert_true(addr_equal(&mapped, &ours));
	close(fd);
}

/* The server listens on all addresses, and answers from the one in question. */
static void answers_from_the_address_asked(void **state)
{
	union addr second = server_addr;
	uint8_t buf[2048];
	int fd;

	(void)state;
	second.v4.sin_addr.s_addr = htonl(0x7f000002);
	fd = open_client(&second);
	ask(fd, STUN_BINDING);
	assert_int_equal(get_response(fd, STUN_BINDING, buf).class, STUN_SUCCESS);
	close(fd);
}

/* Who has no allocation costs no memory, whatever he asks for. */
static void strangers_are_forgotten(void **state)
{
	uint8_t buf[2048];

	(void)state;
	for (int i = 0; i < 100; i++) {
		int fd = open_client(&server_addr);

		ask(fd, i % 2 ? STUN_BINDING : STUN_REFRESH);
		get_response(fd, i % 2 ? STUN_BINDING : STUN_REFRESH, buf);
		close(fd);
	}
	assert_null(worker.datagrams.table);
	assert_true(LIST_EMPTY(&worker.sessions));
}

/* None of these gets an answer; the next request does. */
static void junk_is_ignored(void **state)
{
	static const struct { const char *data; size_t len; } junk[] = {
		{ "", 0 },
		{ "\0", 1 },
		{ "\0\1\0\0", 4 },
		{ "\0\1\0\0\x21\x12\xa4\x43xxxxxxxxxxxx", 20 },	/* another cookie */
		{ "\0\1\0\4\x21\x12\xa4\x42xxxxxxxxxxxx", 20 },	/* too short */
		{ "\x40\0\0\4data", 8 },
		{ "\x40\0", 2 },
		{ "\x80", 1 },
	};
	int fd = open_client(&server_addr);
	uint8_t buf[2048];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(junk); i++)
		assert_int_equal(send(fd, junk[i].data, junk[i].len, 0), junk[i].len);
	ask(fd, STUN_BINDING);
	assert_int_equal(get_response(fd, STUN_BINDING, buf).class, STUN_SUCCESS);
	close(fd);
}

static unsigned int refusal_of(int fd, const struct stun_builder *b, uint16_t method)
{
	struct stun_message msg;
	uint8_t buf[2048];

	put(fd, b);
	msg = get_response(fd, method, buf);
	return code_of(&msg);
}

static void begin_connection_bind(struct stun_builder *b, uint8_t buf[64], uint32_t id)
{
	stun_begin(b, buf, 64, STUN_REQUEST, STUN_CONNECTION_BIND, transaction);
	stun_add_u32(b, STUN_ATTR_CONNECTION_ID, id);
}

/* RFC 6062, 5.1 and 5.4: TCP is relayed for clients over TCP, who may still have theirs. */
static void tcp_is_not_relayed_over_udp(void **state)
{
	int fd = open_client(&server_addr), control = connect_to(&server_addr);
	int data = connect_to(&server_addr), peer;
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[64], reply[512];
	union addr peer_addr;

	(void)state;
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(&b, STUN_ATTR_REQUESTED_TRANSPORT, IPPROTO_TCP);
	assert_int_equal(refusal_of(fd, &b, STUN_ALLOCATE), 400);
	peer = listen_somewhere(&peer_addr);
	allocate_tcp(control);
	begin_connection_bind(&b, buf, connect_peer_of(control, &peer_addr));
	assert_int_equal(refusal_of(fd, &b, STUN_CONNECTION_BIND), 400);
	put(data, &b);
	msg = get_message(data, reply, sizeof(reply));
	assert_int_equal(code_of(&msg), 0);
	close(fd);
	close(control);
	close(data);
	close(peer);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(binding),
		test(answers_from_the_address_asked),
		test(strangers_are_forgotten),
		test(junk_is_ignored),
		test(tcp_is_not_relayed_over_udp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
