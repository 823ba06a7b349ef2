// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "kturn_test.h"

int fresh_netns(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd, ret;

	if (unshare(CLONE_NEWNET))
		return fail_errno("unshare");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_errno("socket");
	ret = ioctl(fd, SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP;
	ret = ret ? ret : ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
	return ret ? fail_errno("lo up") : 0;
}

/* The loopback address as the family has it. */
static socklen_t loopback(enum family family, struct sockaddr_storage *addr)
{
	struct sockaddr_in6 *in6 = (void *)addr;
	struct sockaddr_in *in = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	if (family == V4) {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	inet_pton(AF_INET6, family == V6 ? "::1" : "::ffff:127.0.0.1", &in6->sin6_addr);
	return sizeof(*in6);
}

static void set_port(struct sockaddr_storage *addr, uint16_t port)
{
	if (addr->ss_family == AF_INET)
		((struct sockaddr_in *)addr)->sin_port = port;
	else
		((struct sockaddr_in6 *)addr)->sin6_port = port;
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len))
		return 0;
	return addr.ss_family == AF_INET ? ((struct sockaddr_in *)&addr)->sin_port :
					   ((struct sockaddr_in6 *)&addr)->sin6_port;
}

static int tcp_socket(enum family family, const struct buffers *size)
{
	int fd = socket(family == V4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (size && size->snd)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size->snd, sizeof(int));
	if (size && size->rcv)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size->rcv, sizeof(int));
	return fd;
}

static int tcp_listen(enum family family, const struct buffers *size)
{
	struct sockaddr_storage addr;
	socklen_t len = loopback(family, &addr);
	int fd = tcp_socket(family, size);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 8)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int tcp_connect(enum family family, const struct buffers *size, uint16_t port)
{
	struct sockaddr_storage addr;
	socklen_t len = loopback(family, &addr);
	int fd = tcp_socket(family, size);

	if (fd < 0)
		return -1;
	set_port(&addr, port);
	if (connect(fd, (struct sockaddr *)&addr, len)) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Buffer sizes go on before the handshake, since the window that it offers is
 * never taken back. The far side of a v4-mapped socket is a plain IPv4 one.
 */
int tcp_pair(enum family family, const struct buffers *far_size,
	     const struct buffers *near_size, bool far_connects, int *far, int *near)
{
	enum family far_family = family == MAPPED ? V4 : family;
	int listener, active, passive;

	if (far_connects)
		listener = tcp_listen(family, near_size);
	else
		listener = tcp_listen(far_family, far_size);
	if (listener < 0)
		return fail_errno("listen");
	if (far_connects)
		active = tcp_connect(far_family, far_size, bound_port(listener));
	else
		active = tcp_connect(family, near_size, bound_port(listener));
	passive = active < 0 ? -1 : accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	if (passive < 0) {
		close_fd(&active);
		return fail_errno("connect or accept");
	}
	*far = far_connects ? active : passive;
	*near = far_connects ? passive : active;
	return 0;
}

/* One port for all of them, of which there are not that many. */
int tcp_pairs(int count, int *far, int *near)
{
	int listener = tcp_listen(V4, NULL);
	int i;

	if (listener < 0)
		return fail_errno("listen");
	for (i = 0; i < count; i++) {
		far[i] = tcp_connect(V4, NULL, bound_port(listener));
		near[i] = far[i] < 0 ? -1 : accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (near[i] < 0)
			break;
	}
	close(listener);
	return i == count ? 0 : fail_errno("connect or accept");
}

/* As in a TURN server: the client comes to us, we go to the peer. */
int path_open(struct path *path, enum family family, const struct path_options *options)
{
	static const struct path_options none;
	const struct path_options *o = options ? options : &none;
	enum side side;

	*path = (struct path) { .end = { -1, -1 }, .leg = { -1, -1 } };
	for (side = CLIENT; side <= PEER; side++)
		if (tcp_pair(family, &o->end[side], &o->leg[side], side == CLIENT,
			     &path->end[side], &path->leg[side]))
			return -1;
	return 0;
}

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void path_close_legs(struct path *path)
{
	close_fd(&path->leg[CLIENT]);
	close_fd(&path->leg[PEER]);
}

void reset_fd(int *fd)
{
	const struct linger now = { .l_onoff = 1 };

	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close_fd(fd);
}

bool all_acked(int fd)
{
	int left;

	return !ioctl(fd, SIOCOUTQ, &left) && !left;
}

/* Waits for any of the events; poll() adds errors and hangups by itself. */
static short wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, PATIENCE_MS) == 1 ? pfd.revents : 0;
}

int ending(int fd)
{
	uint8_t buf[4096];
	ssize_t n;

	while (wait_for(fd, POLLIN)) {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (!n)
			return 0;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return errno;
	}
	return ETIMEDOUT;
}

int socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!await(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) && error))
		return ETIMEDOUT;
	return error;
}

int usable(int a, int b)
{
	char byte = 0;

	if (send(a, "x", 1, MSG_NOSIGNAL) != 1 || recv(b, &byte, 1, 0) != 1 || byte != 'x')
		return fail_errno("one way");
	if (send(b, "y", 1, MSG_NOSIGNAL) != 1 || recv(a, &byte, 1, 0) != 1 || byte != 'y')
		return fail_errno("the other way");
	return 0;
}

bool silent(int fd)
{
	uint8_t byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}
