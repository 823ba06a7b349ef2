// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "keeper_store.h"
#include "kept.h"
#include "server_stage.h"

static struct keeper_store store;

static int set_up(void **state)
{
	(void)state;
	keeper_store_clear(&store);
	return 0;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int some_fd(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int notify(const char *text)
{
	int fd = some_fd();

	assert_true(fd >= 0);
	keeper_store_notify(&store, text, &fd, 1);
	return fd;
}

static void keeps_and_forgets(void **state)
{
	int one = notify("FDSTORE=1\nFDNAME=one"), two = notify("FDNAME=two\nFDSTORE=1\n");

	(void)state;
	assert_int_equal(store.n, 2);
	assert_true(is_open(one) && is_open(two));
	keeper_store_notify(&store, "FDSTOREREMOVE=1\nFDNAME=one", NULL, 0);
	assert_int_equal(store.n, 1);
	assert_false(is_open(one));
	assert_int_equal(keeper_store_find(&store, "one"), -1);
	assert_int_equal(keeper_store_find(&store, "two"), two);
	keeper_store_notify(&store, "FDSTOREREMOVE=1\nFDNAME=nobody", NULL, 0);
	assert_int_equal(store.n, 1);
}

static void a_name_has_one(void **state)
{
	int one = notify("FDSTORE=1\nFDNAME=name"), two = notify("FDSTORE=1\nFDNAME=name");

	(void)state;
	assert_int_equal(store.n, 1);
	assert_false(is_open(one));
	assert_int_equal(keeper_store_find(&store, "name"), two);
}

static void nonsense_leaves_nothing_open(void **state)
{
	static const char *const none[] = {
		"", "\n", "FDSTORE=1", "FDNAME=x", "FDSTORE=0\nFDNAME=x", "FDSTORE=11\nFDNAME=x",
		"FDSTORE=1\nFDNAME=", "FDSTORE=1\nFDNAME=a:b", "FDSTORE=1\nFDNAME=a b",
		"FDSTORE=1\nFDNAME=\x7f", "XFDSTORE=1\nFDNAME=x", "READY=1",
		"FDSTORE=1 FDNAME=x", "FDSTOREREMOVE=1",
	};
	char longest[KEPT_NAME_LEN + 32] = "FDSTORE=1\nFDNAME=";
	int two[2] = { some_fd(), some_fd() };

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(is_open(notify(none[i])));
	keeper_store_notify(&store, "FDSTORE=1\nFDNAME=x", two, 2);
	assert_false(is_open(two[0]) || is_open(two[1]));
	keeper_store_notify(&store, "FDSTORE=1\nFDNAME=x", NULL, 0);
	memset(longest + strlen(longest), 'x', KEPT_NAME_LEN);
	assert_false(is_open(notify(longest)));
	assert_int_equal(store.n, 0);
}

#define LONG_NAME_LEN (KEPT_NAME_LEN - 1)

static const char *long_name(char text[KEPT_NAME_LEN + 32], unsigned int i)
{
	sprintf(text, "FDSTORE=1\nFDNAME=%0*u", LONG_NAME_LEN, i);
	return text;
}

/* Or no process could be started with it. */
static void names_fit_into_the_environment(void **state)
{
	const unsigned int room = KEPT_NAMES_MAX / KEPT_NAME_LEN;
	const struct rlimit enough = { room + 64, room + 64 };
	char text[KEPT_NAME_LEN + 32];

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &enough), 0);
	for (unsigned int i = 0; i < room; i++)
		notify(long_name(text, i));
	assert_int_equal(store.n, room);
	assert_false(is_open(notify(long_name(text, room))));
	assert_int_equal(store.n, room);
	notify(long_name(text, 7));
	assert_int_equal(store.n, room);
}

/* --- what is passed comes to the server; in a process of its own */

static union addr tcp_addr, udp_addr;

static int give(const char *name, int fd)
{
	char text[KEPT_NAME_LEN + 32];

	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);
	keeper_store_notify(&store, text, &fd, 1);
	return fd;
}

/* As a worker's socket is called. */
static const char *name_of(const char *how, const union addr *addr)
{
	static char name[KEPT_NAME_LEN];

	snprintf(name, sizeof(name), "%s-127.0.0.1_%u", how, addr_port(addr));
	return name;
}

static int check_taken(void)
{
	int fd, tcp, udp;

	if (keeper_store_pass(&store) || kept_open(true) || getenv("LISTEN_FDS"))
		return 1;
	tcp = kept_take_socket(SOCK_STREAM, 0, &tcp_addr);
	udp = kept_take_socket(SOCK_DGRAM, 3, &udp_addr);
	if (tcp < KEPT_FD_FIRST || udp < KEPT_FD_FIRST || tcp == udp ||
	    !(fcntl(tcp, F_GETFD) & FD_CLOEXEC) || !(fcntl(tcp, F_GETFL) & O_NONBLOCK))
		return 2;
	/* Another worker's, another kind, taken already, no socket at all. */
	if (kept_take_socket(SOCK_STREAM, 1, &tcp_addr) != -ENOENT ||
	    kept_take_socket(SOCK_DGRAM, 0, &tcp_addr) != -ENOENT ||
	    kept_take_socket(SOCK_STREAM, 0, &tcp_addr) != -ENOENT ||
	    kept_take_socket(SOCK_STREAM, 9, &tcp_addr) != -ENOENT)
		return 3;
	fd = kept_take("state");
	if (fd < KEPT_FD_FIRST || kept_take("state") != -ENOENT)
		return 4;
	kept_close();
	return kept_take("other") == -ENOENT && is_open(tcp) ? 0 : 5;
}

static void they_come_to_the_server(void **state)
{
	const int on = 1;
	int tcp = listen_somewhere(&tcp_addr), udp, status;
	pid_t child;

	(void)state;
	find_port(&udp_addr);
	udp = udp_bind(&udp_addr, UDP_FIRST);
	assert_true(udp >= 0);
	assert_int_equal(setsockopt(tcp, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
	give(name_of("tcp-0", &tcp_addr), tcp);
	give(name_of("tcp-9", &tcp_addr), some_fd());
	give("other", some_fd());
	give("state", some_fd());
	give(name_of("udp-3", &udp_addr), udp);
	give(name_of("udp-0", &tcp_addr), some_fd());
	child = fork();
	if (!child)
		_exit(check_taken());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* What was meant for another process is no business of ours. */
static int check_given_up(void)
{
	unsigned int n = store.n;

	if (keeper_store_pass(&store) || kept_open(false) || getenv("LISTEN_FDS"))
		return 1;
	for (unsigned int i = 0; i < n; i++)
		if (is_open(KEPT_FD_FIRST + i))
			return 2;
	return kept_take("one") == -ENOENT ? 0 : 3;
}

/* A socket that listens would be in the way of who does not want it. */
static void given_up_by_who_keeps_nothing(void **state)
{
	pid_t child;
	int status;

	(void)state;
	notify("FDSTORE=1\nFDNAME=one");
	notify("FDSTORE=1\nFDNAME=two");
	child = fork();
	if (!child)
		_exit(check_given_up());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void another_process_is_meant(void **state)
{
	(void)state;
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", "state", 1);
	setenv("LISTEN_PID", "1", 1);
	assert_int_equal(kept_open(true), 0);
	assert_int_equal(kept_take("state"), -ENOENT);
	kept_close();
	assert_int_equal(kept_open(false), 0);
}

int main(void)
{
#define test(name) cmocka_unit_test_setup(name, set_up)
	const struct CMUnitTest tests[] = {
		test(keeps_and_forgets),
		test(a_name_has_one),
		test(nonsense_leaves_nothing_open),
		test(they_come_to_the_server),
		test(given_up_by_who_keeps_nothing),
		test(another_process_is_meant),
		test(names_fit_into_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
