// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ktls.h"
#include "net.h"

#define NEW_SESSION_TICKET 4	/* type of handshake message (RFC 8446, 4) */

int64_t net_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int parse_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value > 65535)
		return -EINVAL;
	*port = value;
	return 0;
}

int net_endpoint(union addr *addr, const char *text, uint16_t port)
{
	char ip[ADDR_STR_LEN];
	const char *colon, *start = text;
	size_t len;

	if (!addr_parse(addr, text)) {
		addr_set_port(addr, port);
		return 0;
	}
	colon = strrchr(text, ':');
	if (!colon || parse_port(colon + 1, &port))
		return -EINVAL;
	len = colon - text;
	if (*text == '[' && len > 1 && text[len - 1] == ']') {
		start++;
		len -= 2;
	}
	if (len >= sizeof(ip))
		return -EINVAL;
	memcpy(ip, start, len);
	ip[len] = '\0';
	if (addr_parse(addr, ip))
		return -EINVAL;
	addr_set_port(addr, port);
	return 0;
}

static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline - net_now();
		n = poll(&pfd, 1, left > 0 ? left : 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

static int set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	flags = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) ? -errno : 0;
}

static int bind_to(int fd, const union addr *addr)
{
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return bind(fd, &addr->sa, addr_len(addr)) ? -errno : 0;
}

static int start_connect(int fd, const union addr *to, const union addr *from,
			 int64_t deadline)
{
	socklen_t len = sizeof(int);
	int err;

	err = from ? bind_to(fd, from) : 0;
	if (!err)
		err = set_blocking(fd, false);
	if (err)
		return err;
	if (connect(fd, &to->sa, addr_len(to)) && errno != EINPROGRESS)
		return -errno;
	err = wait_for(fd, POLLOUT, deadline);
	if (err)
		return err;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
		return -errno;
	return err ? -err : set_blocking(fd, true);
}

/* A small message must not wait for the answer to the one before. */
static void set_nodelay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int net_connect(const union addr *to, const union addr *from, int timeout_ms)
{
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = start_connect(fd, to, from, net_now() + timeout_ms);
	if (err) {
		close(fd);
		return err;
	}
	set_nodelay(fd);
	return fd;
}

int net_listen(union addr *at)
{
	int fd = socket(at->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = bind_to(fd, at);
	if (!err && listen(fd, 64))
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	net_local(fd, at);
	return fd;
}

int net_accept(int listener, union addr *peer, int timeout_ms)
{
	union addr addr;
	socklen_t len = sizeof(addr);
	int fd, err;

	err = wait_for(listener, POLLIN, net_now() + timeout_ms);
	if (err)
		return err;
	fd = accept4(listener, &addr.sa, &len, SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (peer)
		*peer = addr;
	set_nodelay(fd);
	return fd;
}

void net_local(int fd, union addr *addr)
{
	socklen_t len = sizeof(*addr);

	memset(addr, 0, sizeof(*addr));
	getsockname(fd, &addr->sa, &len);
}

int net_send(int fd, const void *data, size_t len, int timeout_ms)
{
	int64_t deadline = net_now() + timeout_ms;
	const char *p = data;

	while (len) {
		ssize_t n;
		int err = wait_for(fd, POLLOUT, deadline);

		if (err)
			return err;
		n = send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
	return 0;
}

static bool has_ktls(int fd)
{
	char ulp[16] = "";
	socklen_t len = sizeof(ulp);

	return !getsockopt(fd, IPPROTO_TCP, TCP_ULP, ulp, &len) && !strcmp(ulp, "tls");
}

ssize_t net_take(int fd, void *buf, size_t len)
{
	unsigned char type;
	ssize_t n = ktls_recv(fd, buf, len, 0, &type);

	if (n < 0 || (type == KTLS_DATA && n))
		return n;
	if (type == KTLS_ALERT)
		return ktls_is_close_notify(buf, n) ? 0 : -ECONNABORTED;
	/* A new session ticket of TLS 1.3, which nobody wants, or worse. */
	if (type == KTLS_HANDSHAKE)
		return *(unsigned char *)buf == NEW_SESSION_TICKET ? -EAGAIN : -EPROTO;
	if (type != KTLS_DATA)
		return -EPROTO;
	return has_ktls(fd) ? -ECONNRESET : 0;
}

int net_finish(int fd, int timeout_ms)
{
	int err = 0;

	if (has_ktls(fd)) {
		err = wait_for(fd, POLLOUT, net_now() + timeout_ms);
		if (!err)
			err = ktls_close_notify(fd);
	}
	if (shutdown(fd, SHUT_WR))
		return -errno;
	return err;
}

ssize_t net_recv(int fd, void *buf, size_t len, int timeout_ms)
{
	int64_t deadline = net_now() + timeout_ms;
	ssize_t n;

	do {
		int err = wait_for(fd, POLLIN, deadline);

		if (err)
			return err;
		n = net_take(fd, buf, len);
	} while (n == -EAGAIN);
	return n;
}

int net_recv_all(int fd, void *buf, size_t len, int timeout_ms)
{
	int64_t deadline = net_now() + timeout_ms;
	char *p = buf;

	while (len) {
		ssize_t n = net_recv(fd, p, len, deadline - net_now());

		if (n <= 0)
			return n ? n : -EPIPE;
		p += n;
		len -= n;
	}
	return 0;
}

void net_reset(int fd)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}
