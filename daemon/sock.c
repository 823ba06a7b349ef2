// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock.h"

#define PROBES 4	/* without an answer, and the other side is given up */

int sock_stream(const union addr *addr)
{
	const int on = 1;
	int fd = socket(addr->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (addr->sa.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int sock_listen(const union addr *addr, int backlog)
{
	int fd = sock_stream(addr), err;

	if (fd < 0)
		return fd;
	err = sock_set(fd, SO_REUSEADDR);
	if (!err && (bind(fd, &addr->sa, addr_len(addr)) || listen(fd, backlog)))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

bool sock_is_local(const union addr *addr)
{
	int fd = sock_stream(addr);
	bool local;

	if (fd < 0)
		return false;
	local = !bind(fd, &addr->sa, addr_len(addr));
	close(fd);
	return local;
}

int sock_set(int fd, int option)
{
	const int on = 1;

	return setsockopt(fd, SOL_SOCKET, option, &on, sizeof(on)) ? -errno : 0;
}

void sock_tune(int fd)
{
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static void set_tcp(int fd, int option, unsigned int value)
{
	setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value));
}

void sock_probe(int fd, unsigned int keepalive, unsigned int user_timeout)
{
	const unsigned int interval = keepalive > PROBES ? keepalive / PROBES : 1;

	if (keepalive) {
		set_tcp(fd, TCP_KEEPIDLE, keepalive);
		set_tcp(fd, TCP_KEEPINTVL, interval);
		set_tcp(fd, TCP_KEEPCNT, PROBES);
	}
	if (user_timeout)
		set_tcp(fd, TCP_USER_TIMEOUT, 1000 * user_timeout);
}

void sock_abort(int fd)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}
