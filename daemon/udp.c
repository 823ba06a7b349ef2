// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE 1
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock.h"
#include "udp.h"

#define BATCH 32
#define ROOM (UDP_HEADROOM + 65536 + UDP_TAILROOM)
#define RECEIVE_BUFFER (2 * 1024 * 1024)	/* bytes; the system may allow less */

/* Room for either family's PKTINFO, aligned as a cmsghdr has to be. */
union control {
	struct cmsghdr align;
	uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* What recvmmsg() and sendmmsg() want of each datagram. */
struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	union addr addr[BATCH];
	union control control[BATCH];
};

struct udp_io {
	struct event_base *base;
	struct batch in, out;
	const struct udp_socket *sender;	/* of all that is in @out */
	unsigned int n_out;
	uint8_t *memory;			/* ROOM for each of @in */
};

struct udp_io *udp_io_new(struct event_base *base)
{
	struct udp_io *io = calloc(1, sizeof(*io));

	if (!io)
		return NULL;
	io->base = base;
	/* Pages that no datagram is long enough to reach stay the system's. */
	io->memory = malloc(BATCH * ROOM);
	if (io->memory)
		return io;
	free(io);
	return NULL;
}

void udp_io_free(struct udp_io *io)
{
	if (!io)
		return;
	free(io->memory);
	free(io);
}

static void prepare(struct batch *batch, unsigned int i, void *data, size_t len)
{
	struct msghdr *msg = &batch->msg[i].msg_hdr;

	batch->iov[i] = (struct iovec){ data, len };
	*msg = (struct msghdr){
		.msg_name = &batch->addr[i],
		.msg_iov = &batch->iov[i],
		.msg_iovlen = 1,
	};
}

/* --- receiving */

static void prepare_to_receive(struct udp_io *io)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		struct msghdr *msg = &io->in.msg[i].msg_hdr;

		prepare(&io->in, i, io->memory + i * ROOM + UDP_HEADROOM,
			ROOM - UDP_HEADROOM - UDP_TAILROOM);
		msg->msg_namelen = sizeof(io->in.addr[i]);
		msg->msg_control = &io->in.control[i];
		msg->msg_controllen = sizeof(io->in.control[i]);
	}
}

static void note_v6(union addr *addr, const struct in6_pktinfo *info)
{
	addr->v6.sin6_addr = info->ipi6_addr;
	/* Only there does the address alone not tell the way back. */
	if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
		addr->v6.sin6_scope_id = info->ipi6_ifindex;
}

/* Where a datagram was sent to: the socket's address, unless that is any. */
static void find_local(const struct udp_socket *socket, struct msghdr *msg, union addr *local)
{
	*local = socket->addr;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			local->v4.sin_addr = ((struct in_pktinfo *)CMSG_DATA(c))->ipi_addr;
		else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			note_v6(local, (struct in6_pktinfo *)CMSG_DATA(c));
	}
}

static int receive_once(const struct udp_socket *socket)
{
	struct udp_io *io = socket->io;

	prepare_to_receive(io);
	return recvmmsg(socket->fd, io->in.msg, BATCH, MSG_DONTWAIT, NULL);
}

/* Errors come before datagrams, and make the socket readable as long as they are there. */
static int receive_batch(const struct udp_socket *socket)
{
	int n = receive_once(socket);

	if (n >= 0 || !socket->failed)
		return n;
	udp_errors_read(socket->fd, socket->failed, socket->arg);
	return receive_once(socket);
}

/* One batch a call: others have their turn. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct udp_socket *socket = arg;
	struct udp_io *io = socket->io;
	struct datagram datagram;
	int n;

	(void)fd, (void)what;
	n = receive_batch(socket);
	for (int i = 0; i < n; i++) {
		if (addr_from_sockaddr(&datagram.remote, &io->in.addr[i].sa))
			continue;
		find_local(socket, &io->in.msg[i].msg_hdr, &datagram.local);
		datagram.data = io->in.iov[i].iov_base;
		datagram.len = io->in.msg[i].msg_len;
		socket->receive(&datagram, socket->arg);
	}
	udp_flush(io);
}

/* --- sending */

static void set_v4_source(struct msghdr *msg, const union addr *from)
{
	const struct in_pktinfo info = { .ipi_spec_dst = from->v4.sin_addr };
	struct cmsghdr *c = msg->msg_control;

	msg->msg_controllen = CMSG_SPACE(sizeof(info));
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
}

static void set_v6_source(struct msghdr *msg, const union addr *from)
{
	const struct in6_pktinfo info = {
		.ipi6_addr = from->v6.sin6_addr,
		.ipi6_ifindex = from->v6.sin6_scope_id,
	};
	struct cmsghdr *c = msg->msg_control;

	msg->msg_controllen = CMSG_SPACE(sizeof(info));
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
}

static void set_source(struct udp_io *io, unsigned int i, const union addr *from)
{
	struct msghdr *msg = &io->out.msg[i].msg_hdr;

	msg->msg_control = &io->out.control[i];
	if (from->sa.sa_family == AF_INET)
		set_v4_source(msg, from);
	else
		set_v6_source(msg, from);
}

void udp_send(struct udp_socket *socket, const union addr *to, const union addr *from,
	      const void *data, size_t len)
{
	struct udp_io *io = socket->io;
	unsigned int i;

	if (io->n_out == BATCH || io->sender != socket)
		udp_flush(io);
	io->sender = socket;
	i = io->n_out++;
	io->out.addr[i] = *to;
	prepare(&io->out, i, (void *)data, len);
	io->out.msg[i].msg_hdr.msg_namelen = addr_len(to);
	if (addr_is_any(&socket->addr))
		set_source(io, i, from);
}

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
	if (socket->io->sender == socket)
		udp_flush(socket->io);
	socket->dont_fragment = on;
	set_discovery(socket);
}

/*
 * An error that ICMP has brought is told once, to whatever is sent next, to any peer:
 * that has not been sent, and is none the worse for it. No room is no such error, and
 * too long is one with DF only if the datagram is.
 */
static bool may_be_of_another(const struct udp_socket *socket, int error)
{
	return socket->failed && error != ENOBUFS &&
	       (error != EMSGSIZE || !socket->dont_fragment);
}

/* One that cannot go, because of its length or its way, does not hold up the rest. */
void udp_flush(struct udp_io *io)
{
	unsigned int done = 0;
	bool again = false;

	while (done < io->n_out) {
		int n = sendmmsg(io->sender->fd, io->out.msg + done, io->n_out - done,
				 MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			break;
		again = n < 0 && !again && may_be_of_another(io->sender, errno);
		if (!again)
			done += n > 0 ? n : 1;
	}
	io->n_out = 0;
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
	if (socket->readable && !event_add(socket->readable, NULL))
		return 0;
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
	if (socket->io->sender == socket)
		udp_flush(socket->io);
	event_free(socket->readable);
	close(socket->fd);
}
