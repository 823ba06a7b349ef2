// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE 1
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <linux/errqueue.h>	/* wants struct timespec */

#include "udp_error.h"

#define BATCH 32

/* The error, and behind it the address of who has sent it. */
union control {
	struct cmsghdr align;
	uint8_t room[CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(union addr))];
};

int udp_errors_enable(int fd, sa_family_t family)
{
	const int on = 1;
	int err = family == AF_INET
		  ? setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on))
		  : setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));

	return err ? -errno : 0;
}

static bool find_error(struct msghdr *msg, struct sock_extended_err *queued)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if ((c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR) &&
		    (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_RECVERR))
			continue;
		memcpy(queued, CMSG_DATA(c), sizeof(*queued));
		return true;
	}
	return false;
}

static void set_too_big(struct udp_error *error)
{
	bool v4 = error->remote.sa.sa_family == AF_INET;

	error->type = v4 ? ICMP_DEST_UNREACH : ICMP6_PACKET_TOO_BIG;
	error->code = v4 ? ICMP_FRAG_NEEDED : 0;
}

static bool is_too_big(const struct udp_error *error)
{
	if (error->remote.sa.sa_family == AF_INET)
		return error->type == ICMP_DEST_UNREACH && error->code == ICMP_FRAG_NEEDED;
	return error->type == ICMP6_PACKET_TOO_BIG;
}

/* Return: whether it is one of those to be told of. */
static bool decode(const struct sock_extended_err *queued, struct udp_error *error)
{
	error->type = queued->ee_type;
	error->code = queued->ee_code;
	switch (queued->ee_origin) {
	case SO_EE_ORIGIN_ICMP:
		if (error->type != ICMP_DEST_UNREACH && error->type != ICMP_TIME_EXCEEDED)
			return false;
		break;
	case SO_EE_ORIGIN_ICMP6:
		if (error->type < ICMP6_DST_UNREACH || error->type > ICMP6_TIME_EXCEEDED)
			return false;
		break;
	case SO_EE_ORIGIN_LOCAL:
		if (queued->ee_errno != EMSGSIZE)
			return false;
		set_too_big(error);
		break;
	default:
		return false;
	}
	error->mtu = is_too_big(error) ? queued->ee_info : 0;
	return true;
}

void udp_errors_read(int fd, udp_error_fn take, void *arg)
{
	struct mmsghdr msgs[BATCH] = { 0 };
	union control control[BATCH];
	union addr remote[BATCH];
	int n;

	/* No room for the datagram itself: it comes cut to nothing. */
	for (int i = 0; i < BATCH; i++)
		msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &remote[i],
			.msg_namelen = sizeof(remote[i]),
			.msg_control = &control[i],
			.msg_controllen = sizeof(control[i]),
		};
	n = recvmmsg(fd, msgs, BATCH, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct sock_extended_err queued;
		struct udp_error error;

		if (msgs[i].msg_hdr.msg_namelen &&
		    !addr_from_sockaddr(&error.remote, &remote[i].sa) &&
		    find_error(&msgs[i].msg_hdr, &queued) && decode(&queued, &error))
			take(&error, arg);
	}
}
