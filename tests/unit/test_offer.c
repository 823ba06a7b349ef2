// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a server can be told not to offer: clients over UDP or TCP, allocations of
 * either. The other kind is there as ever.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "server_stage.h"

static void start_without(const char *what)
{
	find_port(&server_addr);
	START_SERVER("-z", "-L127.0.0.1", "--relay-threads=1", (char *)what);
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	return 0;
}

static void begin_allocate(struct stun_builder *b, uint8_t buf[64], uint8_t transport)
{
	stun_begin(b, buf, 64, STUN_REQUEST, STUN_ALLOCATE, transaction);
	stun_add_u8(b, STUN_ATTR_REQUESTED_TRANSPORT, transport);
}

/* Return: 0, or the code of the error response to a client over TCP. */
static unsigned int allocate(uint8_t transport)
{
	int fd = connect_to(&server_addr);
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[512];

	begin_allocate(&b, buf, transport);
	put(fd, &b);
	msg = get_message(fd, buf, sizeof(buf));
	close(fd);
	return code_of(&msg);
}

/* Return: whether a client over UDP gets an answer. */
static bool is_answered_over_udp(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct stun_builder b;
	uint8_t buf[512];
	ssize_t n;

	assert_int_equal(connect(fd, &server_addr.sa, addr_len(&server_addr)), 0);
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, transaction);
	put(fd, &b);
	n = get_some(fd, buf, sizeof(buf));
	assert_true(n > 0 || errno == ECONNREFUSED);
	close(fd);
	return n > 0;
}

static bool is_reached_over_tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int err = connect(fd, &server_addr.sa, addr_len(&server_addr));

	assert_true(!err || errno == ECONNREFUSED);
	close(fd);
	return !err;
}

static void no_udp(void **state)
{
	(void)state;
	start_without("--no-udp");
	assert_false(is_answered_over_udp());
	assert_true(is_reached_over_tcp());
	assert_int_equal(allocate(IPPROTO_UDP), 0);
}

static void no_tcp(void **state)
{
	(void)state;
	start_without("--no-tcp");
	assert_true(is_answered_over_udp());
	assert_false(is_reached_over_tcp());
}

static void no_udp_relay(void **state)
{
	(void)state;
	start_without("--no-udp-relay");
	assert_int_equal(allocate(IPPROTO_UDP), 403);
	assert_int_equal(allocate(IPPROTO_TCP), 0);
	assert_true(is_answered_over_udp());
}

/* As a server that has never heard of RFC 6062. */
static void no_tcp_relay(void **state)
{
	(void)state;
	start_without("--no-tcp-relay");
	assert_int_equal(allocate(IPPROTO_TCP), 442);
	assert_int_equal(allocate(IPPROTO_UDP), 0);
	assert_true(is_reached_over_tcp());
}

int main(void)
{
#define test(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		test(no_udp),
		test(no_tcp),
		test(no_udp_relay),
		test(no_tcp_relay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
