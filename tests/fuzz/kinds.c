// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors of every kind: what may be a leg and what may not.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "bad.h"
#include "kinds.h"

struct kinds {
	int *descriptor;
	int max;
	int count;
};

static void add(struct kinds *kinds, int fd)
{
	if (fd >= 0 && kinds->count < kinds->max)
		kinds->descriptor[kinds->count++] = fd;
}

/* Those of the tests for refusals. What they leave open stays open. */
static int add_refused(struct kinds *kinds)
{
	static int (*const make[])(struct bad *) = {
		make_udp, make_unix_stream, make_raw, make_packet, make_netlink, make_mptcp,
		make_unconnected, make_listening, make_connecting, make_shut, make_deaf,
		make_corked, make_reset, make_failed, make_urgent, make_lowat, make_repair,
		make_ulp, make_tls_tx, make_tls_rx, make_tls_open, make_sockmap, make_kcm,
	};
	struct path path;
	struct bad bad = { .path = &path };
	size_t i;
	int ret;

	for (i = 0; i < sizeof(make) / sizeof(*make); i++) {
		if (path_open(&path, V4, NULL))
			return -1;
		ret = make[i](&bad);
		if (ret < 0)
			return -1;
		if (!ret)
			add(kinds, bad.fd);
	}
	return 0;
}

/* In every state that shutdown() can bring about. */
static int add_shut(struct kinds *kinds)
{
	int order, far, near;

	for (order = 0; order < 4; order++) {
		if (tcp_pair(order % 2 ? V6 : V4, NULL, NULL, true, &far, &near))
			return -1;
		/* CLOSE_WAIT; both ways, either side first; closed behind bytes */
		if (order == 1)
			shutdown(near, SHUT_WR);
		if (order == 3 && send(far, "bytes", 5, MSG_NOSIGNAL) != 5)
			return fail_errno("send");
		shutdown(far, SHUT_WR);
		if (order == 2)
			shutdown(near, SHUT_WR);
		add(kinds, near);
	}
	return 0;
}

static int add_foreign(struct kinds *kinds)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int far, near, ret;

	if (home < 0 || fresh_netns())
		return -1;
	ret = tcp_pair(V4, NULL, NULL, true, &far, &near);
	if (setns(home, CLONE_NEWNET))
		return fail_errno("setns");
	close(home);
	add(kinds, near);
	return ret;
}

static void add_files(struct kinds *kinds)
{
	int tube[2];
	sigset_t none;

	sigemptyset(&none);
	if (!pipe2(tube, O_CLOEXEC)) {
		add(kinds, tube[0]);
		add(kinds, tube[1]);
	}
	add(kinds, epoll_create1(EPOLL_CLOEXEC));
	add(kinds, eventfd(0, EFD_CLOEXEC));
	add(kinds, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	add(kinds, signalfd(-1, &none, SFD_CLOEXEC));
	add(kinds, memfd_create("fuzz", MFD_CLOEXEC));
	add(kinds, open("/dev/null", O_RDWR | O_CLOEXEC));
	add(kinds, open("/", O_PATH | O_CLOEXEC));
	add(kinds, open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
}

static void add_sockets(struct kinds *kinds)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET };
	int family, type;

	for (type = 0; type < 4; type++) {
		add(kinds, socket(AF_UNIX, types[type] | SOCK_CLOEXEC, 0));
		for (family = AF_INET; family <= AF_INET6; family += AF_INET6 - AF_INET)
			add(kinds, socket(family, types[type] | SOCK_CLOEXEC, 0));
	}
	add(kinds, socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
	add(kinds, socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
}

int kinds_open(int *descriptor, int max)
{
	struct kinds kinds = { .descriptor = descriptor, .max = max };

	if (add_refused(&kinds) || add_shut(&kinds) || add_foreign(&kinds))
		return -1;
	add_files(&kinds);
	add_sockets(&kinds);
	return kinds.count;
}
