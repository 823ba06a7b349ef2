// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PROXY protocol on its port, and on no other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "macros.h"
#include "proxy.h"
#include "server_stage.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TCP4 "\x21\x11\0\x0c" "\xc0\0\2\7" "\xc6\x33\x64\1" "\x30\x39" "\x0d\x96"
#define TCP6 "\x21\x21\0\x24" "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"	\
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" "\x30\x39" "\x0d\x96"

static union addr proxy_addr;

static int setup(void **state)
{
	char proxy_port[32];

	(void)state;
	find_port(&server_addr);
	do {
		find_port(&proxy_addr);
	} while (addr_equal(&server_addr, &proxy_addr));
	snprintf(proxy_port, sizeof(proxy_port), "--tcp-proxy-port=%u", addr_port(&proxy_addr));
	START_SERVER("-z", "-L127.0.0.1", "--relay-threads=1", proxy_port);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	return 0;
}

static size_t put_binding(uint8_t *buf)
{
	struct stun_builder b;

	stun_begin(&b, buf, 64, STUN_REQUEST, STUN_BINDING, transaction);
	return stun_end(&b);
}

/* Who the server thinks we are. */
static void check_mapped(int fd, const char *ip)
{
	struct stun_message msg;
	struct stun_attr attr;
	union addr mapped, wanted;
	uint8_t buf[512];
	ssize_t n = get_some(fd, buf, sizeof(buf));

	assert_true(n > 0);
	assert_int_equal(stun_parse(&msg, buf, n), 0);
	assert_true(stun_find(&msg, STUN_ATTR_XOR_MAPPED_ADDRESS, &attr));
	assert_int_equal(stun_attr_xor_addr(&msg, &attr, &mapped), 0);
	assert_int_equal(addr_parse(&wanted, ip), 0);
	assert_true(addr_same_ip(&mapped, &wanted));
}

/* The header and what follows, in pieces of so many bytes. */
static int say(const union addr *to, const void *header, size_t header_len, size_t piece)
{
	uint8_t buf[2048];
	size_t len;
	int fd = connect_to(to);

	memcpy(buf, header, header_len);
	len = header_len + put_binding(buf + header_len);
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		if (send(fd, buf + at, n, MSG_NOSIGNAL) < 0)
			break;
		for (int i = 0; piece < len && i < 3; i++)
			turn();
	}
	return fd;
}

#define HEADER(rest)	SIGNATURE rest, sizeof(SIGNATURE rest) - 1

static void client_of_a_balancer(void **state)
{
	const size_t pieces[] = { 2048, 1, 15, 17 };
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		fd = say(&proxy_addr, HEADER(TCP4), pieces[i]);
		check_mapped(fd, "192.0.2.7");
		close(fd);
		fd = say(&proxy_addr, HEADER(TCP6), pieces[i]);
		check_mapped(fd, "2001:db8::7");
		close(fd);
	}
}

/* Health checks are the balancer's own; what it says besides is skipped. */
static void balancer_itself(void **state)
{
	int fd;

	(void)state;
	fd = say(&proxy_addr, HEADER("\x20\0\0\0"), 2048);
	check_mapped(fd, "127.0.0.1");
	close(fd);
	fd = say(&proxy_addr, HEADER("\x20\x11\0\3abc"), 7);
	check_mapped(fd, "127.0.0.1");
	close(fd);
	fd = say(&proxy_addr, HEADER("\x21\x11\0\x0f" "\xc0\0\2\7" "\xc6\x33\x64\1" "\x30\x39"
				     "\x0d\x96" "\x04\0\0"), 2048);
	check_mapped(fd, "192.0.2.7");
	close(fd);
}

static void check_refused(const union addr *to, const void *header, size_t len)
{
	int fd = say(to, header, len, 2048);
	uint8_t buf[512];

	assert_true(get_some(fd, buf, sizeof(buf)) <= 0);
	close(fd);
}

static void everything_else_is_refused(void **state)
{
	(void)state;
	check_refused(&proxy_addr, "", 0);				/* STUN at once */
	check_refused(&proxy_addr, "PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n", 39);
	check_refused(&proxy_addr, HEADER("\x11\x11\0\x0c"));		/* version 1 */
	check_refused(&proxy_addr, HEADER("\x22\x11\0\x0c"));		/* command */
	check_refused(&proxy_addr, HEADER("\x21\x12\0\x0c............"));	/* UDP */
	check_refused(&proxy_addr, HEADER("\x21\0\0\0"));		/* nobody */
	check_refused(&proxy_addr, HEADER("\x21\x31\0\x04...."));	/* AF_UNIX */
	check_refused(&proxy_addr, HEADER("\x21\x11\0\x0b..........."));	/* short */
	check_refused(&proxy_addr, HEADER("\x21\x21\0\x23..................................."));
	check_refused(&proxy_addr, HEADER("\x21\x11\x04\x01"));		/* long */
	check_refused(&proxy_addr, HEADER("\x21\x11\0\x0c\0\0\0\0\1\2\3\4\1\2\1\2"));
}

static void only_on_its_port(void **state)
{
	int fd;

	(void)state;
	check_refused(&server_addr, HEADER(TCP4));
	fd = say(&server_addr, "", 0, 2048);
	check_mapped(fd, "127.0.0.1");
	close(fd);
}

static void stopped_within_a_header(void **state)
{
	int fd = connect_to(&proxy_addr);

	(void)state;
	assert_int_equal(send(fd, SIGNATURE, 5, 0), 5);
	for (time_t start = time(NULL); !server.workers[0].strangers.n; turn())
		assert_true(time(NULL) - start < PATIENCE);
	turn();
	close(fd);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(client_of_a_balancer),
		test(balancer_itself),
		test(everything_else_is_refused),
		test(only_on_its_port),
		test(stopped_within_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
