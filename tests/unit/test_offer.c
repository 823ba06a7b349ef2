// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a server can be told to offer and not to offer: clients over UDP or TCP,
 * allocations of either, Binding. The other kind is there as ever.
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

/*
 * Return: the method of the only one that is answered, of Binding requests and an
 * Allocate request; 0 if both are.
 */
static uint16_t which_is_answered(void)
{
	int fd = connect_to(&server_addr);
	struct stun_builder b;
	uint8_t buf[512];
	uint16_t method;

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, transaction);
	put(fd, &b);
	begin_allocate(&b, buf, IPPROTO_UDP);
	put(fd, &b);
	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, transaction);
	put(fd, &b);
	method = get_message(fd, buf, sizeof(buf)).method;
	if (method == STUN_BINDING &&
	    get_message(fd, buf, sizeof(buf)).method != STUN_BINDING)
		method = 0;
	close(fd);
	return method;
}

static void stun_only(void **state)
{
	(void)state;
	start_without("--stun-only");
	assert_int_equal(which_is_answered(), STUN_BINDING);
	assert_true(is_answered_over_udp());
}

static void no_stun(void **state)
{
	(void)state;
	start_without("--no-stun");
	assert_int_equal(which_is_answered(), STUN_ALLOCATE);
}

/* A client that uses none gets none, unless all get one. */
static bool has_fingerprint(void)
{
	int fd = connect_to(&server_addr);
	struct stun_message msg;
	struct stun_builder b;
	uint8_t buf[512];

	stun_begin(&b, buf, sizeof(buf), STUN_REQUEST, STUN_BINDING, transaction);
	put(fd, &b);
	msg = get_message(fd, buf, sizeof(buf));
	close(fd);
	return msg.fingerprint && stun_check_fingerprint(&msg);
}

static void fingerprint(void **state)
{
	(void)state;
	start_without("--fingerprint");
	assert_true(has_fingerprint());
	stop_server();
	start_without("--fingerprint=no");
	assert_false(has_fingerprint());
}

/* Return: the family of the relayed address that a client gets who asks for none. */
static int family_of_default(const char *client, char *option, char *relay_ip)
{
	uint8_t buf[512];
	struct stun_message msg;
	struct stun_builder b;
	struct stun_attr attr;
	union addr relayed;
	uint16_t port;
	int fd;

	find_port(&server_addr);
	START_SERVER("-z", "-L127.0.0.1", "-L::1", "--relay-threads=1", option, relay_ip);
	port = addr_port(&server_addr);
	assert_int_equal(addr_parse(&server_addr, client), 0);
	addr_set_port(&server_addr, port);
	fd = connect_to(&server_addr);
	begin_allocate(&b, buf, IPPROTO_UDP);
	put(fd, &b);
	msg = get_message(fd, buf, sizeof(buf));
	assert_true(stun_find(&msg, STUN_ATTR_XOR_RELAYED_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&msg, &attr, &relayed), 0);
	close(fd);
	return relayed.sa.sa_family;
}

/* Nobody gets a family that there is no relay-ip of, for want of saying another. */
static void default_family(void **state)
{
	(void)state;
	assert_int_equal(family_of_default("::1", "-Aipv4", "-E::1"), AF_INET);
	stop_server();
	assert_int_equal(family_of_default("127.0.0.1", "-Aipv6", "-E::1"), AF_INET6);
	stop_server();
	assert_int_equal(family_of_default("127.0.0.1", "-Aipv6", "-v"), AF_INET);
	stop_server();
	assert_int_equal(family_of_default("127.0.0.1", "-K", "-E::1"), AF_INET);
	stop_server();
	assert_int_equal(family_of_default("::1", "-K", "-E::1"), AF_INET6);
}

int main(void)
{
#define test(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		test(no_udp),
		test(no_tcp),
		test(no_udp_relay),
		test(no_tcp_relay),
		test(stun_only),
		test(no_stun),
		test(fingerprint),
		test(default_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
