// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sockmap with a stream verdict: the kernel passes each skb that arrives to
 * the socket that the map has for the one it arrived on. The program is ten
 * instructions, written out, so that nothing is needed to build or load it.
 *
 * The map does not pass the end of a stream on; that remains to us, and has to
 * wait for bytes that the kernel still has between the two sockets, of which it
 * does not tell. It also takes bytes only as more of them arrive: those that came
 * before are read and written here.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loop.h"

#define RELAYS_MAX	32768
#define END_TRIES	1000	/* ms that the end of a stream may wait for its bytes */

static int map = -1;

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_SOCKHASH,
		.key_size = sizeof(uint64_t),
		.value_size = sizeof(int),
		.max_entries = 2 * RELAYS_MAX,
	};

	return bpf(BPF_MAP_CREATE, &attr);
}

/*
 * key = bpf_get_socket_cookie(skb);
 * return bpf_sk_redirect_hash(skb, map, &key, 0);
 */
static int load_program(void)
{
	const struct bpf_insn insns[] = {
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_socket_cookie },
		{ BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_0, -8, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_6, 0, 0 },
		{ BPF_LD | BPF_IMM | BPF_DW, BPF_REG_2, BPF_PSEUDO_MAP_FD, 0, map },
		{ 0, 0, 0, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_10, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -8 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_sk_redirect_hash },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SK_SKB,
		.expected_attach_type = BPF_SK_SKB_VERDICT,
		.insn_cnt = sizeof(insns) / sizeof(*insns),
		.insns = (uintptr_t)insns,
		.license = (uintptr_t)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

static int attach(int program)
{
	union bpf_attr attr = {
		.target_fd = map,
		.attach_bpf_fd = program,
		.attach_type = BPF_SK_SKB_VERDICT,
	};

	return bpf(BPF_PROG_ATTACH, &attr);
}

static int put(int from, int to)
{
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&cookie,
		.value = (uintptr_t)&to,
		.flags = BPF_ANY,
	};

	if (getsockopt(from, SOL_SOCKET, SO_COOKIE, &cookie, &len))
		return -1;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

static int prepare(struct flow *flow)
{
	return put(flow->from, flow->to);
}

static void release(struct flow *flow)
{
	(void)flow;
}

static int info_of(int fd, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len);
}

/* The FIN counts as one byte of those received. */
static bool all_is_sent(const struct flow *flow)
{
	struct tcp_info in, out;

	if (info_of(flow->from, &in) || info_of(flow->to, &out))
		return true;
	return out.tcpi_bytes_sent - out.tcpi_bytes_retrans + 1 >= in.tcpi_bytes_received;
}

static void await_sent(const struct flow *flow)
{
	for (int i = 0; i < END_TRIES && !all_is_sent(flow); i++)
		usleep(1000);
}

/* What the map has left over, mostly nothing but the end. */
static enum moved move(struct flow *flow)
{
	char buf[4096];
	ssize_t n = recv(flow->from, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? MOVED : MOVE_FAILED;
	flow->eof = !n;
	if (flow->eof)
		await_sent(flow);
	if (n > 0 && send(flow->to, buf, n, MSG_NOSIGNAL) != n)
		return MOVE_FAILED;
	return MOVED;
}

/* Not EPOLLIN: it would wake us for each skb that the map passes on. */
static const struct mover mover = { EPOLLRDHUP, prepare, move, release };

static void take_early(int from, int to)
{
	struct flow flow = { .from = from, .to = to };

	move(&flow);
}

static int add(int client, int peer)
{
	if (loop_add(client, peer))
		return -1;
	take_early(client, peer);
	take_early(peer, client);
	return 0;
}

static int open_engine(void)
{
	int program;

	map = make_map();
	program = map < 0 ? -1 : load_program();
	if (program < 0 || attach(program)) {
		perror("relay: sockmap");
		return -1;
	}
	return loop_open(&mover);
}

const struct engine engine_sockmap = { "sockmap", open_engine, add };
