// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE 1
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock.h"
#include "udp_internal.h"

#define RECEIVE_BUFFER (2 * 1024 * 1024)	/* bytes; the system may allow less */

/* A kernel that does not know of it would send what is to be cut as it is. */
static bool knows_segments(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), value;
	socklen_t len = sizeof(value);
	bool known;

	if (fd < 0)
		return false;
	known = !getsockopt(fd, SOL_UDP, UDP_SEGMENT, &value, &len);
	close(fd);
	return known;
}

struct udp_io *udp_io_new(struct event_base *base, bool segments)
{
	struct udp_io *io = calloc(1, sizeof(*io));

	if (!io)
		return NULL;
	io->base = base;
	io->segments = segments && knows_segments();
	io->in = udp_in_new();
	io->out = udp_out_new();
	if (io->in && io->out)
		return io;
	udp_io_free(io);
	return NULL;
}

void udp_io_free(struct udp_io *io)
{
	if (!io)
		return;
	udp_in_free(io->in);
	udp_out_free(io->out);
	free(io);
}

/* --- DF */

/*
 * DF does not heed what is known of the way: the client means to find out, and a forged
 * ICMP packet, believed, would be one for everybody. Without DF, where errors are
 * watched, OMIT: with DONT, IPv4 would keep back what comes of the last one with DF.
 */
static int set_discovery(const struct udp_socket *socket)
{
	bool df = socket->dont_fragment;
	int discover;

	if (socket->addr.sa.sa_family == AF_INET) {
		discover = df ? IP_PMTUDISC_PROBE
			      : socket->failed ? IP_PMTUDISC_OMIT : IP_PMTUDISC_DONT;
		return setsockopt(socket->fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover,
				  sizeof(discover));
	}
	discover = df ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT;
	return setsockopt(socket->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &discover,
			  sizeof(discover));
}

void udp_set_dont_fragment(struct udp_socket *socket, bool on)
{
	if (socket->dont_fragment == on)
		return;
	/* What waits is to go as it was meant. */
	udp_flush_socket(socket);
	socket->dont_fragment = on;
	set_discovery(socket);
}

/* --- opening and closing */

static int set_v4(int fd, const union addr *addr)
{
	const int discover = IP_PMTUDISC_DONT, any = addr_is_any(addr);

	if (setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof(discover)) ||
	    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &any, sizeof(any)))
		return -errno;
	return 0;
}

static int set_v6(int fd, const union addr *addr)
{
	const int discover = IPV6_PMTUDISC_DONT, any = addr_is_any(addr), on = 1;

	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &discover, sizeof(discover)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &any, sizeof(any)))
		return -errno;
	return 0;
}

/* Shared from the start, it would be shared with a rival as well. */
static int bind_shared(int fd, const union addr *addr, enum udp_share share)
{
	int err = 0;

	if (share == UDP_JOIN)
		err = sock_set(fd, SO_REUSEPORT);
	if (!err && bind(fd, &addr->sa, addr_len(addr)))
		err = -errno;
	if (!err && share == UDP_FIRST)
		err = sock_set(fd, SO_REUSEPORT);
	return err;
}

int udp_bind(const union addr *addr, enum udp_share share)
{
	const int size = RECEIVE_BUFFER;
	int fd = socket(addr->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = addr->sa.sa_family == AF_INET ? set_v4(fd, addr) : set_v6(fd, addr);
	if (!err)
		err = bind_shared(fd, addr, share);
	if (err) {
		close(fd);
		return err;
	}
	/* A burst that finds no room is lost. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

/* Datagrams of one sender that have come together, in one piece. */
static void take_joined(int fd)
{
	const int on = 1;

	setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on));
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	udp_receive(arg);
}

int udp_open(struct udp_socket *socket, struct udp_io *io, int fd, const union addr *addr,
	     udp_receive_fn receive, void *arg)
{
	*socket = (struct udp_socket){
		.io = io,
		.fd = fd,
		.addr = *addr,
		.receive = receive,
		.arg = arg,
		.readable = event_new(io->base, fd, EV_READ | EV_PERSIST, on_readable, socket),
	};
	if (socket->readable && !event_add(socket->readable, NULL)) {
		if (io->segments)
			take_joined(fd);
		return 0;
	}
	if (socket->readable)
		event_free(socket->readable);
	return -ENOMEM;
}

int udp_watch_errors(struct udp_socket *socket, udp_error_fn failed)
{
	int err = udp_errors_enable(socket->fd, socket->addr.sa.sa_family);

	if (err)
		return err;
	socket->failed = failed;
	return set_discovery(socket) ? -errno : 0;
}

void udp_close(struct udp_socket *socket)
{
	udp_flush_socket(socket);
	event_free(socket->readable);
	close(socket->fd);
}
