// SPDX-License-Identifier: GPL-2.0-only
/*
 * What goes out, in batches. Neighbours in a batch with the same way and, but for the
 * last of them, the same length become one message, which the kernel or the device cuts
 * into datagrams again (UDP_SEGMENT): most of what a datagram costs is its way through
 * the kernel. What it refuses to cut is sent one by one.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "udp_internal.h"

#define MESSAGES	64
#define DATAGRAMS	256	/* in all of these */
#define SEGMENTS_MAX	64	/* in one of them; the kernel's UDP_MAX_SEGMENTS */
#define COPY_MAX	2048	/* bytes; what is longer goes out at once */
#define PAUSE		1024	/* datagrams sent one by one after a refusal */

#define SEGMENT_SPACE	CMSG_SPACE(sizeof(uint16_t))

/* Either family's PKTINFO, and where to cut. */
union control {
	struct cmsghdr align;
	uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo)) + SEGMENT_SPACE];
};

struct udp_out {
	struct udp_socket *sender;	/* of all that is here */
	struct mmsghdr msg[MESSAGES];
	union addr to[MESSAGES], from[MESSAGES];
	union control control[MESSAGES];
	struct iovec iov[DATAGRAMS];
	unsigned int n, n_iov;
	size_t last_bytes;		/* of the last message */
	uint8_t *copies;		/* COPY_MAX for each datagram */
};

struct udp_out *udp_out_new(void)
{
	struct udp_out *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	/* Pages that no copy is made to stay the system's. */
	out->copies = malloc(DATAGRAMS * COPY_MAX);
	if (out->copies)
		return out;
	free(out);
	return NULL;
}

void udp_out_free(struct udp_out *out)
{
	if (!out)
		return;
	free(out->copies);
	free(out);
}

static void add_control(struct msghdr *msg, int level, int type, const void *value,
				   size_t len)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)msg->msg_control +
					       msg->msg_controllen);

	msg->msg_controllen += CMSG_SPACE(len);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), value, len);
}

static void add_source(struct msghdr *msg, const union addr *from)
{
	if (from->sa.sa_family == AF_INET) {
		const struct in_pktinfo info = { .ipi_spec_dst = from->v4.sin_addr };

		add_control(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else {
		const struct in6_pktinfo info = {
			.ipi6_addr = from->v6.sin6_addr,
			.ipi6_ifindex = from->v6.sin6_scope_id,
		};

		add_control(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
}

/* --- the batch grows */

static bool same_way(const union addr *a, const union addr *b)
{
	return addr_equal(a, b) && (a->sa.sa_family == AF_INET ||
				    a->v6.sin6_scope_id == b->v6.sin6_scope_id);
}

static bool may_join(struct udp_out *out, struct udp_socket *socket, const union addr *to,
		     const union addr *from, size_t len)
{
	const struct msghdr *last = &out->msg[out->n - 1].msg_hdr;
	size_t segment = last->msg_iov[0].iov_len;

	if (socket->one_by_one) {
		socket->one_by_one--;
		return false;
	}
	/* Whatever is not as long as the first is the last. */
	return len && len <= segment && out->last_bytes == last->msg_iovlen * segment &&
	       last->msg_iovlen < SEGMENTS_MAX && out->last_bytes + len <= UDP_PAYLOAD_MAX &&
	       same_way(&out->to[out->n - 1], to) && same_way(&out->from[out->n - 1], from);
}

static void join(struct udp_out *out, const void *data, size_t len)
{
	struct msghdr *last = &out->msg[out->n - 1].msg_hdr;
	uint16_t segment = last->msg_iov[0].iov_len;

	if (last->msg_iovlen == 1)
		add_control(last, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	out->iov[out->n_iov++] = (struct iovec){ (void *)data, len };
	last->msg_iovlen++;
	out->last_bytes += len;
}

static void begin_message(struct udp_out *out, const union addr *to, const union addr *from,
			  const void *data, size_t len)
{
	unsigned int i = out->n++;
	struct iovec *iov = &out->iov[out->n_iov++];

	out->to[i] = *to;
	out->from[i] = *from;
	*iov = (struct iovec){ (void *)data, len };
	out->msg[i].msg_hdr = (struct msghdr){
		.msg_name = &out->to[i],
		.msg_namelen = addr_len(to),
		.msg_iov = iov,
		.msg_iovlen = 1,
		.msg_control = &out->control[i],
	};
	if (addr_is_any(&out->sender->addr))
		add_source(&out->msg[i].msg_hdr, from);
	out->last_bytes = len;
}

void udp_send(struct udp_socket *socket, const union addr *to, const union addr *from,
	      const void *data, size_t len)
{
	struct udp_io *io = socket->io;
	struct udp_out *out = io->out;

	if (out->n == MESSAGES || out->n_iov == DATAGRAMS || out->sender != socket)
		udp_flush(io);
	out->sender = socket;
	if (io->segments && out->n && may_join(out, socket, to, from, len))
		join(out, data, len);
	else
		begin_message(out, to, from, data, len);
}

/* Each place in the batch has its own memory. */
void udp_send_copy(struct udp_socket *socket, const union addr *to, const union addr *from,
		   const void *data, size_t len)
{
	struct udp_out *out = socket->io->out;
	uint8_t *copy;

	udp_send(socket, to, from, data, len);
	if (len > COPY_MAX) {
		udp_flush(socket->io);
		return;
	}
	copy = out->copies + (out->n_iov - 1) * COPY_MAX;
	memcpy(copy, data, len);
	out->iov[out->n_iov - 1].iov_base = copy;
}

/* --- and is sent */

static void send_messages(struct udp_socket *socket, struct mmsghdr *msg, unsigned int n);

static void send_one_by_one(struct udp_socket *socket, const struct msghdr *joined)
{
	struct mmsghdr msg[SEGMENTS_MAX];

	for (size_t i = 0; i < joined->msg_iovlen; i++) {
		msg[i].msg_hdr = *joined;
		msg[i].msg_hdr.msg_iov = &joined->msg_iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
		msg[i].msg_hdr.msg_controllen -= SEGMENT_SPACE;
	}
	send_messages(socket, msg, joined->msg_iovlen);
}

/* Too long for the way, through a tunnel that cannot, on a device that cannot. */
static bool refuses_segments(int error)
{
	return error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP;
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

/* Return: whether the first message is done with, and be it that it is lost. */
static bool give_up(struct udp_socket *socket, const struct msghdr *msg, int error, bool again)
{
	if (msg->msg_iovlen == 1)
		return again || !may_be_of_another(socket, error);
	if (refuses_segments(error))
		socket->one_by_one = PAUSE;
	if (error != ENOBUFS)
		send_one_by_one(socket, msg);
	return true;
}

/* One that cannot go, because of its length or its way, does not hold up the rest. */
static void send_messages(struct udp_socket *socket, struct mmsghdr *msg, unsigned int n)
{
	bool again = false;

	while (n) {
		int sent = sendmmsg(socket->fd, msg, n, MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN)
			break;
		if (sent < 0) {
			sent = give_up(socket, &msg->msg_hdr, errno, again);
			again = !sent;
		} else {
			again = false;
		}
		msg += sent;
		n -= sent;
	}
}

void udp_flush(struct udp_io *io)
{
	struct udp_out *out = io->out;

	if (out->n)
		send_messages(out->sender, out->msg, out->n);
	out->n = 0;
	out->n_iov = 0;
}

void udp_flush_socket(struct udp_socket *socket)
{
	if (socket->io->out->sender == socket)
		udp_flush(socket->io);
}
