// SPDX-License-Identifier: GPL-2.0-only
/*
 * A crowd that connects: all are let in, but not before others have had their turn.
 */
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "acceptor.h"
#include "sock.h"

#define CROWD (2 * ACCEPTED_AT_ONCE + 3)

static struct event_base *base;
static struct acceptor *acceptor;
static union addr addr;
static int crowd[CROWD];

static int accepted[CROWD];
static unsigned int n_accepted;
static bool close_at_once;

static void on_client(int fd, const union addr *from, void *arg)
{
	(void)arg;
	assert_int_equal(from->sa.sa_family, AF_INET);
	accepted[n_accepted++] = fd;
	if (close_at_once)
		acceptor_close(acceptor);
}

static int set_up(void **state)
{
	socklen_t len = sizeof(addr);
	int fd;

	(void)state;
	base = event_base_new();
	assert_int_equal(addr_parse(&addr, "127.0.0.1"), 0);
	fd = sock_stream(&addr);
	assert_int_equal(bind(fd, &addr.sa, addr_len(&addr)), 0);
	assert_int_equal(listen(fd, CROWD), 0);
	assert_int_equal(getsockname(fd, &addr.sa, &len), 0);
	acceptor = acceptor_open(base, fd, on_client, NULL);
	assert_non_null(acceptor);
	n_accepted = 0;
	close_at_once = false;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (!close_at_once)
		acceptor_close(acceptor);
	while (n_accepted)
		close(accepted[--n_accepted]);
	event_base_free(base);
	return 0;
}

static void gather(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(crowd[i], &addr.sa, addr_len(&addr)), 0);
	}
}

static void disperse(unsigned int n)
{
	while (n)
		close(crowd[--n]);
}

static void test_turns(void **state)
{
	(void)state;
	gather(CROWD);
	for (unsigned int turns = 1; turns <= 3; turns++) {
		event_base_loop(base, EVLOOP_ONCE);
		assert_int_equal(n_accepted, turns < 3 ? turns * ACCEPTED_AT_ONCE : CROWD);
	}
	disperse(CROWD);
}

/* With all the others still waiting. */
static void test_closed_by_callee(void **state)
{
	(void)state;
	gather(3);
	close_at_once = true;
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(n_accepted, 1);
	assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 1);
	disperse(3);
}

static void limit_descriptors(rlim_t max)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Who comes when there is no descriptor waits until there is one. */
static void test_no_descriptors(void **state)
{
	struct rlimit before;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &before);
	gather(1);
	limit_descriptors(3);
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(n_accepted, 0);
	/* It rests: nothing else is to be done at once. */
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(n_accepted, 0);
	limit_descriptors(before.rlim_cur);
	while (!n_accepted)
		event_base_loop(base, EVLOOP_ONCE);
	disperse(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_closed_by_callee, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_descriptors, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
