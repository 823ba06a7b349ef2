// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/kturn.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <sys/socket.h>

#include "genl_filter.h"
#include "macros.h"

/* A message of the family: the header of netlink, that of generic netlink, attributes. */
#define COMMAND_AT	(NLMSG_HDRLEN + offsetof(struct genlmsghdr, cmd))
#define ATTRIBUTES_AT	(NLMSG_HDRLEN + GENL_HDRLEN)

#define ALL		0xffffffff	/* let through as it is */

int genl_filter_ends(int fd, uint32_t owner)
{
	/* The numbers of jumps are of instructions that are skipped, if true and if not. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, COMMAND_AT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, KTURN_CMD_RELAY_DEL_NTF, 0, 7),
		/* Where the attribute begins, or 0 if there is none. */
		BPF_STMT(BPF_LD | BPF_IMM, ATTRIBUTES_AT),
		BPF_STMT(BPF_LDX | BPF_IMM, KTURN_A_RELAY_OWNER),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_NLATTR),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 4, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		/* A filter reads numbers in network byte order, netlink has them in ours. */
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, NLA_HDRLEN),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(owner), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, ALL),
	};
	const struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		return -errno;
	return 0;
}
