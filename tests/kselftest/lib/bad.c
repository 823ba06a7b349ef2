// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/kcm.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "bad.h"
#include "tls.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP		262
#endif
#ifndef TCP_REPAIR_OFF_NO_WP
#define TCP_REPAIR_OFF_NO_WP	-1
#endif

static int leg_of(const struct bad *bad)
{
	return bad->path->leg[bad->side];
}

static int end_of(const struct bad *bad)
{
	return bad->path->end[bad->side];
}

int make_closed(struct bad *bad)
{
	bad->fd = 987654;
	return 0;
}

int make_file(struct bad *bad)
{
	bad->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return bad->fd < 0 ? fail_errno("/dev/null") : 0;
}

static int make_socket(struct bad *bad, int family, int type, int protocol)
{
	bad->fd = socket(family, type | SOCK_CLOEXEC, protocol);
	if (bad->fd >= 0)
		return 0;
	if (errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT || errno == ENOPROTOOPT)
		return 1;
	return fail_errno("socket");
}

int make_udp(struct bad *bad)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (make_socket(bad, AF_INET, SOCK_DGRAM, 0))
		return -1;
	/* In the state that a TCP socket would be accepted in. */
	return connect(bad->fd, (struct sockaddr *)&to, sizeof(to)) ? fail_errno("udp") : 0;
}

int make_unix_stream(struct bad *bad)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return fail_errno("socketpair");
	bad->fd = pair[0];
	return 0;
}

int make_raw(struct bad *bad)
{
	return make_socket(bad, AF_INET, SOCK_RAW, IPPROTO_TCP);
}

int make_packet(struct bad *bad)
{
	return make_socket(bad, AF_PACKET, SOCK_RAW, 0);
}

int make_netlink(struct bad *bad)
{
	return make_socket(bad, AF_NETLINK, SOCK_RAW, 0);
}

int make_mptcp(struct bad *bad)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int listener, ret;

	ret = make_socket(bad, AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
	if (ret)
		return ret;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(listener, (struct sockaddr *)&at, len) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&at, &len) ||
	    connect(bad->fd, (struct sockaddr *)&at, len))
		return fail_errno("mptcp");
	return 0;
}

int make_unconnected(struct bad *bad)
{
	return make_socket(bad, AF_INET, SOCK_STREAM, 0);
}

int make_listening(struct bad *bad)
{
	if (make_unconnected(bad))
		return -1;
	return listen(bad->fd, 1) ? fail_errno("listen") : 0;
}

/* A listener with a full queue does not answer. */
int make_connecting(struct bad *bad)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int listener, first;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&at, len) || listen(listener, 0) ||
	    getsockname(listener, (struct sockaddr *)&at, &len) ||
	    connect(first, (struct sockaddr *)&at, len))
		return fail_errno("listener");
	if (make_socket(bad, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0))
		return -1;
	if (!connect(bad->fd, (struct sockaddr *)&at, len) || errno != EINPROGRESS)
		return fail_errno("connect");
	return 0;
}

int make_shut(struct bad *bad)
{
	bad->fd = leg_of(bad);
	return shutdown(bad->fd, SHUT_WR) ? fail_errno("shutdown") : 0;
}

int make_deaf(struct bad *bad)
{
	bad->fd = leg_of(bad);
	return shutdown(bad->fd, SHUT_RD) ? fail_errno("shutdown") : 0;
}

int make_corked(struct bad *bad)
{
	const int on = 1;

	bad->fd = leg_of(bad);
	return setsockopt(bad->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)) ?
		       fail_errno("TCP_CORK") : 0;
}

int make_reset(struct bad *bad)
{
	struct pollfd pfd = { .fd = leg_of(bad) };

	bad->fd = leg_of(bad);
	reset_fd(&bad->path->end[bad->side]);
	return poll(&pfd, 1, PATIENCE_MS) == 1 ? 0 : fail("the reset does not arrive");
}

/* The number of the next byte the socket will send. */
static int next_sequence(int fd, uint32_t *seq)
{
	int on = 1, off = TCP_REPAIR_OFF_NO_WP, queue = TCP_SEND_QUEUE;
	socklen_t len = sizeof(*seq);

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) ||
	    getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, seq, &len) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)))
		return fail_errno("TCP_REPAIR");
	return 0;
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint16_t *word = data;
	uint32_t sum = 0;

	for (; len; len -= 2)
		sum += *word++;
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

struct unreachable {
	struct icmphdr icmp;
	struct iphdr ip;
	uint16_t source;
	uint16_t dest;
	uint32_t seq;
} __attribute__((packed));

/* An ICMP error about what the socket has sent, as a router would make it. */
static int send_unreachable(int fd)
{
	struct unreachable msg = {
		.icmp = { .type = ICMP_DEST_UNREACH, .code = ICMP_HOST_UNREACH },
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP,
			.tot_len = htons(40) },
	};
	struct sockaddr_in local, remote;
	socklen_t len = sizeof(local);
	uint32_t seq;
	int raw, ret;

	if (next_sequence(fd, &seq))
		return -1;
	getsockname(fd, (struct sockaddr *)&local, &len);
	getpeername(fd, (struct sockaddr *)&remote, &len);
	msg.ip.saddr = local.sin_addr.s_addr;
	msg.ip.daddr = remote.sin_addr.s_addr;
	msg.source = local.sin_port;
	msg.dest = remote.sin_port;
	msg.seq = htonl(seq);
	msg.icmp.checksum = checksum(&msg, sizeof(msg));
	raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	local.sin_port = 0;
	ret = sendto(raw, &msg, sizeof(msg), 0, (struct sockaddr *)&local, sizeof(local));
	close(raw);
	return ret == sizeof(msg) ? 0 : fail_errno("ICMP");
}

/* With IP_RECVERR such a message is an error of the socket at once. */
int make_failed(struct bad *bad)
{
	struct pollfd pfd = { .fd = leg_of(bad) };
	const int on = 1;

	bad->fd = leg_of(bad);
	if (setsockopt(bad->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)))
		return fail_errno("IP_RECVERR");
	if (send_unreachable(bad->fd))
		return -1;
	return poll(&pfd, 1, PATIENCE_MS) == 1 ? 0 : fail("the error does not arrive");
}

int make_urgent(struct bad *bad)
{
	struct pollfd pfd = { .fd = leg_of(bad), .events = POLLPRI };

	bad->fd = leg_of(bad);
	if (send(end_of(bad), "!", 1, MSG_OOB) != 1)
		return fail_errno("MSG_OOB");
	return poll(&pfd, 1, PATIENCE_MS) == 1 ? 0 : fail("urgent data does not arrive");
}

int make_lowat(struct bad *bad)
{
	const int mark = 2;

	bad->fd = leg_of(bad);
	return setsockopt(bad->fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)) ?
		       fail_errno("SO_RCVLOWAT") : 0;
}

int make_repair(struct bad *bad)
{
	const int on = 1;

	bad->fd = leg_of(bad);
	return setsockopt(bad->fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) ?
		       fail_errno("TCP_REPAIR") : 0;
}

int make_ulp(struct bad *bad)
{
	bad->fd = leg_of(bad);
	return tls_set(bad->fd, &tls12, false, false, false);
}

int make_tls_tx(struct bad *bad)
{
	bad->fd = leg_of(bad);
	return tls_set(bad->fd, &tls12, false, true, false);
}

int make_tls_rx(struct bad *bad)
{
	bad->fd = leg_of(bad);
	return tls_set(bad->fd, &tls12, false, false, true);
}

int make_tls_open(struct bad *bad)
{
	int ret;

	bad->fd = leg_of(bad);
	ret = tls_set(bad->fd, &tls12, false, true, true);
	if (ret)
		return ret;
	return send(bad->fd, "half", 4, MSG_MORE) == 4 ? 0 : fail_errno("MSG_MORE");
}

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

int make_sockmap(struct bad *bad)
{
	union bpf_attr create = {
		.map_type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4, .value_size = 4,
		.max_entries = 1,
	};
	union bpf_attr update = { 0 };
	uint32_t key = 0;

	bad->fd = leg_of(bad);
	update.map_fd = bpf(BPF_MAP_CREATE, &create);
	if ((int)update.map_fd < 0)
		return errno == EINVAL || errno == ENOSYS ? 1 : fail_errno("sockmap");
	update.key = (uintptr_t)&key;
	update.value = (uintptr_t)&bad->fd;
	return bpf(BPF_MAP_UPDATE_ELEM, &update) ? fail_errno("sockmap update") : 0;
}

/* KCM wants a parser; this one says that no message is complete yet. */
static int load_parser(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)insns, .insn_cnt = 2, .license = (uintptr_t)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &load);
}

int make_kcm(struct bad *bad)
{
	struct kcm_attach attach = { .fd = leg_of(bad) };
	int kcm = socket(AF_KCM, SOCK_DGRAM | SOCK_CLOEXEC, KCMPROTO_CONNECTED);

	bad->fd = leg_of(bad);
	if (kcm < 0)
		return errno == EAFNOSUPPORT ? 1 : fail_errno("AF_KCM");
	attach.bpf_fd = load_parser();
	if (attach.bpf_fd < 0)
		return fail_errno("BPF_PROG_LOAD");
	return ioctl(kcm, SIOCKCMATTACH, &attach) ? fail_errno("SIOCKCMATTACH") : 0;
}

/* The other leg once more, through the same or another descriptor. */
int make_same(struct bad *bad)
{
	bad->fd = bad->path->leg[other(bad->side)];
	return 0;
}

int make_dup(struct bad *bad)
{
	bad->fd = dup(bad->path->leg[other(bad->side)]);
	return bad->fd < 0 ? fail_errno("dup") : 0;
}

/* The other leg's end: bytes would go round for ever. */
int make_own_end(struct bad *bad)
{
	bad->fd = bad->path->end[other(bad->side)];
	return 0;
}

int make_negative(struct bad *bad)
{
	bad->fd = -1;
	return 0;
}
