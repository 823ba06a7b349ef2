// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE 1
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "udp_internal.h"

#define BATCH 32
#define ROOM (UDP_HEADROOM + 65536 + UDP_TAILROOM)
#define SPARE (256 * 1024)

/* Either family's PKTINFO, and how long the datagrams are that have come as one. */
union control {
	struct cmsghdr align;
	uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

struct udp_in {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	union addr addr[BATCH];
	union control control[BATCH];
	int n_used;			/* of these, by the kernel */
	uint8_t *memory;		/* ROOM for each */
	uint8_t *spare;			/* for those that have come as one */
	size_t spare_used;
};

static void prepare(struct udp_in *in, unsigned int i)
{
	in->iov[i] = (struct iovec){
		.iov_base = in->memory + i * ROOM + UDP_HEADROOM,
		.iov_len = ROOM - UDP_HEADROOM - UDP_TAILROOM,
	};
	in->msg[i].msg_hdr = (struct msghdr){
		.msg_name = &in->addr[i],
		.msg_iov = &in->iov[i],
		.msg_iovlen = 1,
		.msg_control = &in->control[i],
	};
}

struct udp_in *udp_in_new(void)
{
	struct udp_in *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	/* Pages that no datagram is long enough to reach stay the system's. */
	in->memory = malloc(BATCH * ROOM);
	in->spare = malloc(SPARE);
	if (!in->memory || !in->spare) {
		udp_in_free(in);
		return NULL;
	}
	for (unsigned int i = 0; i < BATCH; i++)
		prepare(in, i);
	in->n_used = BATCH;
	return in;
}

void udp_in_free(struct udp_in *in)
{
	if (!in)
		return;
	free(in->memory);
	free(in->spare);
	free(in);
}

static int receive_once(const struct udp_socket *socket)
{
	struct udp_in *in = socket->io->in;

	/* The kernel writes how much it has written, where it has. */
	for (int i = 0; i < in->n_used; i++) {
		in->msg[i].msg_hdr.msg_namelen = sizeof(in->addr[i]);
		in->msg[i].msg_hdr.msg_controllen = sizeof(in->control[i]);
	}
	in->n_used = recvmmsg(socket->fd, in->msg, BATCH, MSG_DONTWAIT, NULL);
	return in->n_used;
}

/*
 * Errors come before datagrams, and make the socket readable as long as they are there.
 * If some are left, the first of those is told as well, which is no end of datagrams:
 * or whoever sends errors fast enough would keep them away.
 */
static int receive_batch(const struct udp_socket *socket)
{
	int n = receive_once(socket);

	if (n >= 0 || !socket->failed)
		return n;
	udp_errors_read(socket->fd, socket->failed, socket->arg);
	n = receive_once(socket);
	return n < 0 && errno != EAGAIN ? receive_once(socket) : n;
}

static void note_v6(union addr *addr, const struct in6_pktinfo *info)
{
	addr->v6.sin6_addr = info->ipi6_addr;
	/* Only there does the address alone not tell the way back. */
	if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
		addr->v6.sin6_scope_id = info->ipi6_ifindex;
}

/*
 * Where a datagram was sent to: the socket's address, unless that is any.
 *
 * Return: the length of each, of several that have come as one; else 0.
 */
static size_t read_control(const struct udp_socket *socket, struct msghdr *msg,
			   union addr *local)
{
	size_t segment = 0;

	*local = socket->addr;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			local->v4.sin_addr = ((struct in_pktinfo *)CMSG_DATA(c))->ipi_addr;
		else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			note_v6(local, (struct in6_pktinfo *)CMSG_DATA(c));
		else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			segment = *(int *)CMSG_DATA(c);
	}
	return segment;
}

/* A place of its own, with room around it. What has filled all of them is sent first. */
static uint8_t *move_out(struct udp_io *io, const uint8_t *data, size_t len)
{
	struct udp_in *in = io->in;
	size_t need = UDP_HEADROOM + len + UDP_TAILROOM;
	uint8_t *place;

	if (in->spare_used + need > SPARE) {
		udp_flush(io);
		in->spare_used = 0;
	}
	place = in->spare + in->spare_used + UDP_HEADROOM;
	in->spare_used += need;
	memcpy(place, data, len);
	return place;
}

/* The last one may stay where it is: before it there is only what has been moved. */
static void deliver_segments(struct udp_socket *socket, const struct datagram *joined,
			     size_t segment)
{
	struct datagram datagram = *joined;
	size_t left = joined->len;

	while (left > segment) {
		const uint8_t *data = joined->data + joined->len - left;

		datagram.data = move_out(socket->io, data, segment);
		datagram.len = segment;
		socket->receive(&datagram, socket->arg);
		left -= segment;
	}
	datagram.data = joined->data + joined->len - left;
	datagram.len = left;
	socket->receive(&datagram, socket->arg);
}

static void deliver(struct udp_socket *socket, unsigned int i)
{
	struct udp_in *in = socket->io->in;
	struct datagram datagram = {
		.data = in->iov[i].iov_base,
		.len = in->msg[i].msg_len,
	};
	size_t segment;

	if (addr_from_sockaddr(&datagram.remote, &in->addr[i].sa))
		return;
	segment = read_control(socket, &in->msg[i].msg_hdr, &datagram.local);
	if (segment && segment < datagram.len)
		deliver_segments(socket, &datagram, segment);
	else
		socket->receive(&datagram, socket->arg);
}

/* One batch a call: others have their turn. */
void udp_receive(struct udp_socket *socket)
{
	struct udp_io *io = socket->io;
	int n = receive_batch(socket);

	for (int i = 0; i < n; i++)
		deliver(socket, i);
	udp_flush(io);
	io->in->spare_used = 0;
}
