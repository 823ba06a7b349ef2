// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which sockets relay-add refuses, what it says then, and that a refusal
 * leaves both sockets as they were.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/kcm.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "lib/kturn_test.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP		262
#endif
#ifndef TCP_REPAIR_OFF_NO_WP
#define TCP_REPAIR_OFF_NO_WP	-1
#endif

/* What a case may need besides the socket; closed with the test's process. */
struct bad {
	struct path *path;
	enum side side;		/* the bad socket takes the place of this leg */
	int fd;
};

static int leg_of(const struct bad *bad)
{
	return bad->path->leg[bad->side];
}

static int end_of(const struct bad *bad)
{
	return bad->path->end[bad->side];
}

/*
 * Makers of bad sockets: 0, or -1 and "why"; a kernel that does not have the
 * thing gives 1.
 */

static int make_closed(struct bad *bad)
{
	bad->fd = 987654;
	return 0;
}

static int make_file(struct bad *bad)
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

static int make_udp(struct bad *bad)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (make_socket(bad, AF_INET, SOCK_DGRAM, 0))
		return -1;
	/* In the state that a TCP socket would be accepted in. */
	return connect(bad->fd, (struct sockaddr *)&to, sizeof(to)) ? fail_errno("udp") : 0;
}

static int make_unix_stream(struct bad *bad)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return fail_errno("socketpair");
	bad->fd = pair[0];
	return 0;
}

static int make_raw(struct bad *bad)
{
	return make_socket(bad, AF_INET, SOCK_RAW, IPPROTO_TCP);
}

static int make_packet(struct bad *bad)
{
	return make_socket(bad, AF_PACKET, SOCK_RAW, 0);
}

static int make_netlink(struct bad *bad)
{
	return make_socket(bad, AF_NETLINK, SOCK_RAW, 0);
}

static int make_mptcp(struct bad *bad)
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

static int make_unconnected(struct bad *bad)
{
	return make_socket(bad, AF_INET, SOCK_STREAM, 0);
}

static int make_listening(struct bad *bad)
{
	if (make_unconnected(bad))
		return -1;
	return listen(bad->fd, 1) ? fail_errno("listen") : 0;
}

/* A listener with a full queue does not answer. */
static int make_connecting(struct bad *bad)
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

static int make_shut(struct bad *bad)
{
	bad->fd = leg_of(bad);
	return shutdown(bad->fd, SHUT_WR) ? fail_errno("shutdown") : 0;
}

static int make_deaf(struct bad *bad)
{
	bad->fd = leg_of(bad);
	return shutdown(bad->fd, SHUT_RD) ? fail_errno("shutdown") : 0;
}

static int make_corked(struct bad *bad)
{
	const int on = 1;

	bad->fd = leg_of(bad);
	return setsockopt(bad->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)) ?
		       fail_errno("TCP_CORK") : 0;
}

static int make_reset(struct bad *bad)
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
static int make_failed(struct bad *bad)
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

static int make_urgent(struct bad *bad)
{
	struct pollfd pfd = { .fd = leg_of(bad), .events = POLLPRI };

	bad->fd = leg_of(bad);
	if (send(end_of(bad), "!", 1, MSG_OOB) != 1)
		return fail_errno("MSG_OOB");
	return poll(&pfd, 1, PATIENCE_MS) == 1 ? 0 : fail("urgent data does not arrive");
}

static int make_lowat(struct bad *bad)
{
	const int mark = 2;

	bad->fd = leg_of(bad);
	return setsockopt(bad->fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)) ?
		       fail_errno("SO_RCVLOWAT") : 0;
}

static int make_repair(struct bad *bad)
{
	const int on = 1;

	bad->fd = leg_of(bad);
	return setsockopt(bad->fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) ?
		       fail_errno("TCP_REPAIR") : 0;
}

static int make_ulp(struct bad *bad)
{
	bad->fd = leg_of(bad);
	if (!setsockopt(bad->fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls")))
		return 0;
	return errno == ENOENT ? 1 : fail_errno("TCP_ULP");
}

static int make_ktls(struct bad *bad)
{
	struct tls12_crypto_info_aes_gcm_128 keys = {
		.info = { .version = TLS_1_2_VERSION,
			  .cipher_type = TLS_CIPHER_AES_GCM_128 },
	};
	int ret = make_ulp(bad);

	if (ret)
		return ret;
	if (!setsockopt(bad->fd, SOL_TLS, TLS_TX, &keys, sizeof(keys)))
		return 0;
	/* The kernel may be without the cipher. */
	return errno == ENOENT ? 1 : fail_errno("TLS_TX");
}

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int make_sockmap(struct bad *bad)
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

static int make_kcm(struct bad *bad)
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
static int make_same(struct bad *bad)
{
	bad->fd = bad->path->leg[other(bad->side)];
	return 0;
}

static int make_dup(struct bad *bad)
{
	bad->fd = dup(bad->path->leg[other(bad->side)]);
	return bad->fd < 0 ? fail_errno("dup") : 0;
}

/* The other leg's end: bytes would go round for ever. */
static int make_own_end(struct bad *bad)
{
	bad->fd = bad->path->end[other(bad->side)];
	return 0;
}

static int make_negative(struct bad *bad)
{
	bad->fd = -1;
	return 0;
}

FIXTURE(refusal) {
	struct setup setup;
	struct bad bad;
};

FIXTURE_VARIANT(refusal) {
	int (*make)(struct bad *bad);
	int error;
	const char *text;
};

#define REFUSAL(name, error_, text_)			\
	FIXTURE_VARIANT_ADD(refusal, name) {		\
		.make = make_##name,			\
		.error = error_,			\
		.text = text_,				\
	}

#define NOT_OPEN	"the descriptor is not that of an open socket"
#define NOT_TCP		"not a TCP socket"
#define NOT_CONNECTED	"the socket is not connected, or shut down for sending"
#define FAILED		"an error is pending on the socket"
#define TWICE		"the client and the peer are the same socket"
#define ULP		"the socket has an upper layer protocol, such as TLS"

REFUSAL(negative, ERANGE, "integer out of range");
REFUSAL(closed, EBADF, NOT_OPEN);
REFUSAL(file, ENOTSOCK, NOT_OPEN);
REFUSAL(udp, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(unix_stream, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(raw, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(packet, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(netlink, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(mptcp, EPROTONOSUPPORT, NOT_TCP);
REFUSAL(unconnected, ENOTCONN, NOT_CONNECTED);
REFUSAL(listening, ENOTCONN, NOT_CONNECTED);
REFUSAL(connecting, ENOTCONN, NOT_CONNECTED);
REFUSAL(shut, ENOTCONN, NOT_CONNECTED);
REFUSAL(deaf, ENOTCONN, "the socket is shut down for receiving");
REFUSAL(corked, EINVAL, "TCP_CORK is set");
REFUSAL(reset, ECONNRESET, FAILED);
REFUSAL(failed, EHOSTUNREACH, FAILED);
REFUSAL(urgent, EOPNOTSUPP, "urgent data is pending, which cannot be relayed");
REFUSAL(lowat, EINVAL, "SO_RCVLOWAT is not 1");
REFUSAL(repair, EBUSY, "the socket is under repair (TCP_REPAIR)");
REFUSAL(ulp, EOPNOTSUPP, ULP);
REFUSAL(ktls, EOPNOTSUPP, ULP);
REFUSAL(sockmap, EBUSY, "another subsystem, such as a sockmap, has the socket");
REFUSAL(kcm, EBUSY, "the socket is in a relay already, or another subsystem has it");
REFUSAL(own_end, ELOOP, "the client and the peer are the two ends of one connection");
REFUSAL(same, EINVAL, TWICE);
REFUSAL(dup, EINVAL, TWICE);

FIXTURE_SETUP(refusal)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
	self->bad.path = &self->setup.path;
}

FIXTURE_TEARDOWN(refusal)
{
	setup_close(&self->setup);
}

/* A refusal may not keep a reference: closing has to close. */
static int closes(struct path *path, enum side side)
{
	int error;

	close_fd(&path->leg[side]);
	error = ending(path->end[side]);
	return error ? fail("the end of the good socket saw errno %d", error) : 0;
}

static void refuse(struct __test_metadata *_metadata, FIXTURE_DATA(refusal) *self,
		   const FIXTURE_VARIANT(refusal) *variant, enum side side)
{
	struct setup *s = &self->setup;
	enum side good = other(side);
	struct stats stats;
	int64_t ret;
	int fd[2];

	self->bad.side = side;
	ret = variant->make(&self->bad);
	ASSERT_NE(-1, ret) TH_LOG("%s", why);
	if (ret)
		SKIP(return, "this kernel has no such thing");
	fd[side] = self->bad.fd;
	fd[good] = s->path.leg[good];

	EXPECT_EQ(-variant->error, relay_add(&s->door, fd[CLIENT], fd[PEER]));
	EXPECT_STREQ(variant->text, s->door.text);
	EXPECT_NE(0, s->door.bad_attr);

	EXPECT_EQ(0, relay_dump(&s->door, NULL, NULL, 0));
	ASSERT_EQ(0, stats_get(&s->door, &stats));
	EXPECT_EQ(0, stats.relays);
	EXPECT_EQ(0, stats.created);
	/* What the policy turns down does not come as far as being counted. */
	EXPECT_EQ(variant->make != make_negative, stats.refused);
	EXPECT_EQ(0, notification(&s->watch, &(struct relay) { 0 }));
	if (variant->make == make_same || variant->make == make_dup)
		return;
	EXPECT_EQ(0, usable(s->path.end[good], s->path.leg[good])) TH_LOG("%s", why);
	EXPECT_EQ(0, closes(&s->path, good)) TH_LOG("%s", why);
}

TEST_F_TIMEOUT(refusal, client, TIMEOUT_S)
{
	refuse(_metadata, self, variant, CLIENT);
}

TEST_F_TIMEOUT(refusal, peer, TIMEOUT_S)
{
	refuse(_metadata, self, variant, PEER);
}

FIXTURE(others) {
	struct setup setup;
};

FIXTURE_SETUP(others)
{
	ASSERT_EQ(0, setup_path(&self->setup, V4, NULL)) TH_LOG("%s", why);
}

FIXTURE_TEARDOWN(others)
{
	setup_close(&self->setup);
}

/* What others do to take a socket has to fail while it is ours. */
TEST_F_TIMEOUT(others, refused, TIMEOUT_S)
{
	struct setup *s = &self->setup;
	struct bad bad = { .path = &s->path };
	struct stream stream;

	s->id = relay_add(&s->door, s->path.leg[CLIENT], s->path.leg[PEER]);
	ASSERT_GT(s->id, 0) TH_LOG("%s", s->door.text);
	EXPECT_NE(0, make_sockmap(&bad));
	EXPECT_NE(0, make_kcm(&bad));
	stream = stream_from(&s->path, CLIENT, 10000);
	EXPECT_EQ(0, streams_run(&stream, 1)) TH_LOG("%s", why);
}

TEST_HARNESS_MAIN
