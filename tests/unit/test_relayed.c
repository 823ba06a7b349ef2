// SPDX-License-Identifier: GPL-2.0-only
/*
 * Relayed transport addresses, on loopback.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "relayed.h"
#include "sock.h"

#define PORTS 8

/* Not among those that a connection which is over may still keep for a minute. */
static struct config config = { .min_port = 27000, .max_port = 27000 + PORTS - 1 };

static struct relayed_pool *pool;

static int setup(void **state)
{
	(void)state;
	config.relay_ip.n = 1;
	assert_int_equal(addr_parse(&config.relay_ip.addr[0], "127.0.0.1"), 0);
	pool = relayed_pool_new(&config);
	return pool ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	relayed_pool_free(pool);
	return 0;
}

static void give_back(int fd, const union addr *addr)
{
	close(fd);
	relayed_release(pool, addr);
}

/* Take all ports that are free; somebody else may have some of them. */
static unsigned int take_all(int fds[PORTS], union addr addrs[PORTS])
{
	unsigned int n = 0;

	while (n < PORTS) {
		fds[n] = relayed_listen(pool, AF_INET, &addrs[n]);
		if (fds[n] < 0)
			break;
		n++;
	}
	return n;
}

static void every_port_once(void **state)
{
	union addr addrs[PORTS], none;
	int fds[PORTS];
	unsigned int n = take_all(fds, addrs);

	(void)state;
	assert_true(n > 0);
	for (unsigned int i = 0; i < n; i++) {
		assert_in_range(addr_port(&addrs[i]), config.min_port, config.max_port);
		for (unsigned int j = 0; j < i; j++)
			assert_false(addr_equal(&addrs[i], &addrs[j]));
	}
	assert_int_equal(relayed_listen(pool, AF_INET, &none), -EADDRINUSE);
	/* One more is free again as soon as its allocation is gone. */
	give_back(fds[0], &addrs[0]);
	fds[0] = relayed_listen(pool, AF_INET, &none);
	assert_true(fds[0] >= 0);
	assert_true(addr_equal(&none, &addrs[0]));
	while (n--)
		give_back(fds[n], &addrs[n]);
}

/* A connection from the address must not open the port to another listener. */
static void port_stays_ours_with_connections(void **state)
{
	union addr addrs[PORTS], none, target;
	int fds[PORTS], listener, fd;
	unsigned int n = take_all(fds, addrs);
	socklen_t len = sizeof(target);

	(void)state;
	assert_true(n > 0);
	addr_parse(&target, "127.0.0.1");
	listener = sock_stream(&target);
	assert_int_equal(bind(listener, &target.sa, addr_len(&target)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, &target.sa, &len), 0);

	fd = relayed_socket(&addrs[0]);
	assert_true(fd >= 0);
	assert_true(!connect(fd, &target.sa, addr_len(&target)) || errno == EINPROGRESS);
	assert_int_equal(relayed_listen(pool, AF_INET, &none), -EADDRINUSE);
	close(fd);
	close(listener);
	while (n--)
		give_back(fds[n], &addrs[n]);
}

static void source_is_the_relayed_address(void **state)
{
	struct pollfd pfd = { .events = POLLIN };
	union addr relayed, target, from;
	socklen_t len = sizeof(target);
	int own = relayed_listen(pool, AF_INET, &relayed), fd, peer;

	(void)state;
	assert_true(own >= 0);
	addr_parse(&target, "127.0.0.1");
	pfd.fd = sock_stream(&target);
	assert_int_equal(bind(pfd.fd, &target.sa, addr_len(&target)), 0);
	assert_int_equal(listen(pfd.fd, 1), 0);
	assert_int_equal(getsockname(pfd.fd, &target.sa, &len), 0);
	fd = relayed_socket(&relayed);
	assert_true(fd >= 0);
	connect(fd, &target.sa, addr_len(&target));
	assert_int_equal(poll(&pfd, 1, 5000), 1);
	len = sizeof(from);
	peer = accept(pfd.fd, &from.sa, &len);
	assert_true(peer >= 0);
	assert_true(addr_equal(&from, &relayed));
	close(peer);
	close(fd);
	close(pfd.fd);
	give_back(own, &relayed);
}

static void families(void **state)
{
	union addr addr;

	(void)state;
	assert_true(relayed_supports(&config, AF_INET));
	assert_false(relayed_supports(&config, AF_INET6));
	assert_int_equal(relayed_listen(pool, AF_INET6, &addr), -EAFNOSUPPORT);
}

/* All ports are another program's but one: that one is found. */
static void ports_of_others(void **state)
{
	union addr addr, got;
	int fds[PORTS], fd;

	(void)state;
	for (int i = 1; i < PORTS; i++) {
		addr_parse(&addr, "127.0.0.1");
		addr_set_port(&addr, config.min_port + i);
		fds[i] = sock_stream(&addr);
		if (!bind(fds[i], &addr.sa, addr_len(&addr)))
			assert_int_equal(listen(fds[i], 1), 0);
	}
	fd = relayed_listen(pool, AF_INET, &got);
	assert_true(fd >= 0);
	assert_int_equal(addr_port(&got), config.min_port);
	assert_int_equal(relayed_listen(pool, AF_INET, &addr), -EADDRINUSE);
	give_back(fd, &got);
	for (int i = 1; i < PORTS; i++)
		close(fds[i]);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(every_port_once),
		test(port_stays_ours_with_connections),
		test(source_is_the_relayed_address),
		test(families),
		test(ports_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
