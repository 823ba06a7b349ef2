// SPDX-License-Identifier: GPL-2.0-only
/*
 * kturn.ko without TURN: hands each pair of sockets over and forgets it. With
 * either of the module's engines.
 */
#include <linux/kturn.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <unistd.h>

#include "loop.h"

static struct nl_sock *door;
static int family;
static uint32_t wanted;

static int open_door(uint32_t engine)
{
	wanted = engine;
	door = nl_socket_alloc();
	if (!door || genl_connect(door))
		return -1;
	family = genl_ctrl_resolve(door, KTURN_GENL_NAME);
	if (family < 0) {
		fprintf(stderr, "relay: no module\n");
		return -1;
	}
	return loop_open(NULL);
}

static struct nl_msg *request(int client, int peer)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_ACK,
				 KTURN_CMD_RELAY_ADD, KTURN_GENL_VERSION) ||
	    nla_put_s32(msg, KTURN_A_RELAY_CLIENT_FD, client) ||
	    nla_put_s32(msg, KTURN_A_RELAY_PEER_FD, peer) ||
	    nla_put_u32(msg, KTURN_A_RELAY_ENGINE, wanted)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int add(int client, int peer)
{
	struct nl_msg *msg = request(client, peer);
	int err = msg ? nl_send_sync(door, msg) : -NLE_NOMEM;

	if (err) {
		fprintf(stderr, "relay: %s\n", nl_geterror(err));
		return -1;
	}
	close(client);
	close(peer);
	return 0;
}

static int open_softirq(void)
{
	return open_door(KTURN_ENGINE_SOFTIRQ);
}

static int open_process(void)
{
	return open_door(KTURN_ENGINE_PROCESS);
}

const struct engine engine_module = { "module", open_softirq, add };
const struct engine engine_module_process = { "module-process", open_process, add };
