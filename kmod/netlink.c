// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: requests, dumps and notifications.
 */
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "engine.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "relay.h"

static struct genl_family kturn_nl_family;

static int put_endpoint(struct sk_buff *skb, const struct kturn_leg *leg,
			const struct kturn_endpoint *end, int addr_attr, int port_attr)
{
	int ret;

	if (leg->family == AF_INET)
		ret = nla_put_in_addr(skb, addr_attr, end->addr.s6_addr32[3]);
	else
		ret = nla_put_in6_addr(skb, addr_attr, &end->addr);
	return ret ?: nla_put_be16(skb, port_attr, end->port);
}

static int put_leg(struct sk_buff *skb, int attr, const struct kturn_leg *leg)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest ||
	    put_endpoint(skb, leg, &leg->local, KTURN_A_LEG_LOCAL_ADDR, KTURN_A_LEG_LOCAL_PORT) ||
	    put_endpoint(skb, leg, &leg->remote, KTURN_A_LEG_REMOTE_ADDR, KTURN_A_LEG_REMOTE_PORT))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_u64(struct sk_buff *skb, int attr, u64 value, int pad)
{
	return nla_put_u64_64bit(skb, attr, value, pad);
}

/* Read without the socket locks: each number is right, at its own moment. */
static int put_flow_stats(struct sk_buff *skb, const struct kturn_flow *flow)
{
	const struct kturn_flow_stats *stats = &flow->stats;

	if (put_u64(skb, KTURN_A_FLOW_BYTES, READ_ONCE(stats->bytes), KTURN_A_FLOW_PAD) ||
	    put_u64(skb, KTURN_A_FLOW_MOVES, READ_ONCE(stats->moves), KTURN_A_FLOW_PAD) ||
	    put_u64(skb, KTURN_A_FLOW_WAITS, READ_ONCE(stats->waits), KTURN_A_FLOW_PAD) ||
	    put_u64(skb, KTURN_A_FLOW_COPIED, READ_ONCE(stats->copied), KTURN_A_FLOW_PAD) ||
	    put_u64(skb, KTURN_A_FLOW_IDLE_MS, jiffies64_to_msecs(jiffies - READ_ONCE(flow->last)),
		    KTURN_A_FLOW_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_flow_queues(struct sk_buff *skb, const struct kturn_flow *flow)
{
	const struct tcp_sock *dst = tcp_sk(flow->dst->sk);
	const u32 unacked = READ_ONCE(dst->write_seq) - READ_ONCE(dst->snd_una);
	const int queued = tcp_inq(flow->src->sk);

	if (nla_put_u32(skb, KTURN_A_FLOW_QUEUED, max(queued, 0)) ||
	    nla_put_u32(skb, KTURN_A_FLOW_UNACKED, unacked))
		return -EMSGSIZE;
	return 0;
}

static int put_flow(struct sk_buff *skb, int attr, const struct kturn_flow *flow)
{
	struct nlattr *nest = nla_nest_start(skb, attr);
	const u8 head_len = smp_load_acquire(&flow->head_len);

	if (!nest || put_flow_stats(skb, flow) || put_flow_queues(skb, flow))
		return -EMSGSIZE;
	if (READ_ONCE(flow->eof) && nla_put_flag(skb, KTURN_A_FLOW_EOF))
		return -EMSGSIZE;
	if (head_len && nla_put(skb, KTURN_A_FLOW_HEAD, head_len, flow->head))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_end(struct sk_buff *skb, const struct kturn_relay *relay,
		   enum kturn_relay_state state)
{
	if (state != KTURN_RELAY_STATE_ENDED)
		return nla_put_u32(skb, KTURN_A_RELAY_REASON, KTURN_END_REASON_NONE);
	if (nla_put_u32(skb, KTURN_A_RELAY_REASON, relay->reason))
		return -EMSGSIZE;
	if (relay->reason == KTURN_END_REASON_ERROR)
		return nla_put_u32(skb, KTURN_A_RELAY_ERRNO, relay->err);
	return 0;
}

static int put_relay(struct sk_buff *skb, const struct kturn_relay *relay)
{
	const enum kturn_relay_state state = kturn_relay_state(relay);

	if (put_u64(skb, KTURN_A_RELAY_ID, relay->id, KTURN_A_RELAY_PAD) ||
	    put_u64(skb, KTURN_A_RELAY_GROUP, relay->group, KTURN_A_RELAY_PAD) ||
	    nla_put_u32(skb, KTURN_A_RELAY_OWNER, relay->owner) ||
	    nla_put_u32(skb, KTURN_A_RELAY_STATE, state) ||
	    nla_put_u32(skb, KTURN_A_RELAY_ENGINE, relay->engine->id) ||
	    put_u64(skb, KTURN_A_RELAY_AGE_MS, jiffies64_to_msecs(jiffies - relay->start),
		    KTURN_A_RELAY_PAD) ||
	    put_leg(skb, KTURN_A_RELAY_CLIENT, &relay->client) ||
	    put_leg(skb, KTURN_A_RELAY_PEER, &relay->peer) ||
	    put_flow(skb, KTURN_A_RELAY_TO_PEER, &relay->to_peer) ||
	    put_flow(skb, KTURN_A_RELAY_TO_CLIENT, &relay->to_client) ||
	    put_end(skb, relay, state))
		return -EMSGSIZE;
	if (relay->cookie_len &&
	    nla_put(skb, KTURN_A_RELAY_COOKIE, relay->cookie_len, relay->cookie))
		return -EMSGSIZE;
	return 0;
}

/* The longest message of a relay: a socket's receive buffer is charged for
 * the room, not for what is in it.
 */
static struct sk_buff *relay_msg_new(void)
{
	const size_t leg = nla_total_size(2 * (nla_total_size(sizeof(struct in6_addr)) +
					       nla_total_size(sizeof(__be16))));
	const size_t flow = nla_total_size(5 * nla_total_size_64bit(sizeof(u64)) +
					   2 * nla_total_size(sizeof(u32)) +
					   nla_total_size(0) + nla_total_size(KTURN_HEAD_MAX));
	const size_t relay = 3 * nla_total_size_64bit(sizeof(u64)) +
			     5 * nla_total_size(sizeof(u32)) +
			     nla_total_size(KTURN_COOKIE_MAX);

	return genlmsg_new(2 * leg + 2 * flow + relay, GFP_KERNEL);
}

static int fill_relay(struct sk_buff *skb, const struct kturn_relay *relay,
		      u32 portid, u32 seq, int flags, enum kturn_cmd cmd)
{
	void *hdr = genlmsg_put(skb, portid, seq, &kturn_nl_family, flags, cmd);

	if (!hdr)
		return -EMSGSIZE;
	if (put_relay(skb, relay)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/**
 * kturn_nl_notify() - tell the multicast group of a relay
 * @net: the relay's network namespace
 * @relay: the relay, which must not go away meanwhile
 * @cmd: KTURN_CMD_RELAY_ADD_NTF or KTURN_CMD_RELAY_DEL_NTF
 *
 * Without memory, or room at a listener, it is lost: netlink tells the
 * listener so, who then has to dump.
 *
 * Context: process context, may sleep.
 */
void kturn_nl_notify(struct net *net, const struct kturn_relay *relay, enum kturn_cmd cmd)
{
	struct sk_buff *msg;

	if (!genl_has_listeners(&kturn_nl_family, net, KTURN_NLGRP_RELAYS))
		return;

	msg = relay_msg_new();
	if (!msg || fill_relay(msg, relay, 0, 0, 0, cmd)) {
		nlmsg_free(msg);
		genl_set_err(&kturn_nl_family, net, 0, KTURN_NLGRP_RELAYS, -ENOBUFS);
		return;
	}
	genlmsg_multicast_netns(&kturn_nl_family, net, msg, 0, KTURN_NLGRP_RELAYS, GFP_KERNEL);
}

static int no_memory(struct genl_info *info)
{
	NL_SET_ERR_MSG(info->extack, "no memory");
	return -ENOMEM;
}

/* Bytes would go round for ever between the two ends of one connection. */
static bool is_one_connection(const struct kturn_relay *relay)
{
	const struct kturn_leg *client = &relay->client, *peer = &relay->peer;

	return client->family == peer->family &&
	       client->local.port == peer->remote.port &&
	       client->remote.port == peer->local.port &&
	       ipv6_addr_equal(&client->local.addr, &peer->remote.addr) &&
	       ipv6_addr_equal(&client->remote.addr, &peer->local.addr);
}

static int take_both(struct kturn_relay *relay, struct genl_info *info)
{
	const struct nlattr *client = info->attrs[KTURN_A_RELAY_CLIENT_FD];
	const struct nlattr *peer = info->attrs[KTURN_A_RELAY_PEER_FD];
	int ret;

	ret = kturn_leg_hold(&relay->client, client, info->extack);
	if (ret)
		return ret;
	ret = kturn_leg_hold(&relay->peer, peer, info->extack);
	if (ret)
		return ret;
	if (relay->client.sk == relay->peer.sk) {
		NL_SET_ERR_MSG_ATTR(info->extack, peer,
				    "the client and the peer are the same socket");
		return -EINVAL;
	}

	ret = kturn_leg_take(&relay->client, genl_info_net(info), client, info->extack);
	if (ret)
		return ret;
	ret = kturn_leg_take(&relay->peer, genl_info_net(info), peer, info->extack);
	if (ret)
		return ret;
	if (is_one_connection(relay)) {
		NL_SET_ERR_MSG_ATTR(info->extack, peer,
				    "the client and the peer are the two ends of one connection");
		return -ELOOP;
	}
	return 0;
}

/* The policy knows the range. */
static const struct kturn_engine_ops *wanted_engine(const struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[KTURN_A_RELAY_ENGINE];

	if (attr && nla_get_u32(attr) == KTURN_ENGINE_PROCESS)
		return &kturn_process;
	return &kturn_softirq;
}

static int add_relay(struct genl_info *info, u64 *id)
{
	const struct nlattr *cookie = info->attrs[KTURN_A_RELAY_COOKIE];
	const struct nlattr *group = info->attrs[KTURN_A_RELAY_GROUP];
	struct kturn_relay *relay;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, KTURN_A_RELAY_CLIENT_FD) ||
	    GENL_REQ_ATTR_CHECK(info, KTURN_A_RELAY_PEER_FD)) {
		NL_SET_ERR_MSG(info->extack, "client-fd and peer-fd are required");
		return -EINVAL;
	}

	relay = kturn_relay_alloc(genl_info_net(info), wanted_engine(info),
				  info->snd_portid, group ? nla_get_u64(group) : 0,
				  cookie ? nla_data(cookie) : NULL,
				  cookie ? nla_len(cookie) : 0);
	if (!relay)
		return no_memory(info);

	ret = take_both(relay, info);
	if (!ret) {
		ret = kturn_relay_start(relay, id);
		if (ret)
			no_memory(info);
	}
	if (ret)
		kturn_relay_abandon(relay);
	return ret;
}

int kturn_nl_relay_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	void *hdr;
	u64 id;
	int ret;

	/* The answer first: once it runs, a relay cannot be refused. */
	msg = genlmsg_new(nla_total_size_64bit(sizeof(id)), GFP_KERNEL);
	if (!msg)
		return no_memory(info);
	hdr = genlmsg_put_reply(msg, info, &kturn_nl_family, 0, KTURN_CMD_RELAY_ADD);
	if (!hdr) {
		ret = -EMSGSIZE;
		goto err_msg;
	}

	ret = add_relay(info, &id);
	if (ret) {
		kturn_net_refused(genl_info_net(info));
		goto err_msg;
	}

	/* Cannot fail, the room was reserved for it. */
	put_u64(msg, KTURN_A_RELAY_ID, id, KTURN_A_RELAY_PAD);
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);

err_msg:
	nlmsg_free(msg);
	return ret;
}

static int no_such_relay(struct genl_info *info)
{
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KTURN_A_RELAY_ID],
			    "there is no relay with this id");
	return -ENOENT;
}

int kturn_nl_relay_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kturn_relay *relay;
	struct sk_buff *msg;
	int ret = -ENOENT;

	if (GENL_REQ_ATTR_CHECK(info, KTURN_A_RELAY_ID)) {
		NL_SET_ERR_MSG(info->extack, "id is required");
		return -EINVAL;
	}

	msg = relay_msg_new();
	if (!msg)
		return no_memory(info);

	rcu_read_lock();
	relay = kturn_relay_find(genl_info_net(info),
				 nla_get_u64(info->attrs[KTURN_A_RELAY_ID]));
	if (relay)
		ret = fill_relay(msg, relay, info->snd_portid, info->snd_seq, 0,
				 KTURN_CMD_RELAY_GET);
	rcu_read_unlock();

	if (ret) {
		nlmsg_free(msg);
		return ret == -ENOENT ? no_such_relay(info) : ret;
	}
	return genlmsg_reply(msg, info);
}

int kturn_nl_relay_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nlattr *attr = genl_info_dump(cb)->attrs[KTURN_A_RELAY_GROUP];
	const u64 group = attr ? nla_get_u64(attr) : 0;
	struct net *net = sock_net(skb->sk);
	struct kturn_relay *relay;
	u64 *id = (u64 *)cb->ctx;

	rcu_read_lock();
	while ((relay = kturn_relay_next(net, id, attr ? &group : NULL))) {
		if (fill_relay(skb, relay, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			       NLM_F_MULTI, KTURN_CMD_RELAY_GET))
			break;
		++*id;
	}
	rcu_read_unlock();
	return skb->len;
}

/* End a claimed relay and answer with its closing counters. */
static int del_relay(struct kturn_relay *relay, struct genl_info *info)
{
	struct sk_buff *msg = relay_msg_new();
	int ret = -ENOBUFS;

	kturn_relay_end(relay, KTURN_END_REASON_DELETED, 0);
	if (msg)
		ret = fill_relay(msg, relay, info->snd_portid, info->snd_seq, 0,
				 KTURN_CMD_RELAY_DEL);
	kturn_relay_release(relay);

	if (!ret)
		return genlmsg_reply(msg, info);
	nlmsg_free(msg);
	return ret;
}

static int del_one(struct genl_info *info)
{
	struct kturn_relay *relay;
	bool claimed;

	rcu_read_lock();
	relay = kturn_relay_find(genl_info_net(info),
				 nla_get_u64(info->attrs[KTURN_A_RELAY_ID]));
	claimed = relay && kturn_relay_claim(relay);
	rcu_read_unlock();

	if (!claimed)
		return no_such_relay(info);
	if (!del_relay(relay, info))
		return 0;
	NL_SET_ERR_MSG(info->extack, "the relay has ended, but the answer found no room");
	return -ENOBUFS;
}

static struct kturn_relay *claim_next(struct net *net, u64 *id, u64 group)
{
	struct kturn_relay *relay;

	rcu_read_lock();
	while ((relay = kturn_relay_next(net, id, &group))) {
		++*id;
		if (kturn_relay_claim(relay))
			break;
	}
	rcu_read_unlock();
	return relay;
}

static int del_group(struct genl_info *info)
{
	const u64 group = nla_get_u64(info->attrs[KTURN_A_RELAY_GROUP]);
	struct kturn_relay *relay;
	int ret = 0;
	u64 id = 0;

	while ((relay = claim_next(genl_info_net(info), &id, group))) {
		if (del_relay(relay, info))
			ret = -ENOBUFS;
		cond_resched();
	}
	if (ret)
		NL_SET_ERR_MSG(info->extack,
			       "all relays of the group have ended, but some answers found no room");
	return ret;
}

int kturn_nl_relay_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	const bool by_id = info->attrs[KTURN_A_RELAY_ID];
	const bool by_group = info->attrs[KTURN_A_RELAY_GROUP];

	if (by_id == by_group) {
		NL_SET_ERR_MSG(info->extack, "either id or group is required");
		return -EINVAL;
	}
	return by_id ? del_one(info) : del_group(info);
}

static int put_reasons(struct sk_buff *skb, const struct kturn_net_stats *stats)
{
	struct nlattr *nest;
	int reason;

	for (reason = KTURN_END_REASON_EOF; reason < ARRAY_SIZE(stats->ended); reason++) {
		nest = nla_nest_start(skb, KTURN_A_STATS_ENDED);
		if (!nest ||
		    nla_put_u32(skb, KTURN_A_REASON_COUNT_REASON, reason) ||
		    put_u64(skb, KTURN_A_REASON_COUNT_COUNT, stats->ended[reason],
			    KTURN_A_REASON_COUNT_PAD))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int put_stats(struct sk_buff *skb, const struct kturn_net_stats *stats, u64 relays)
{
	if (put_u64(skb, KTURN_A_STATS_RELAYS, relays, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_CREATED, stats->created, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_REFUSED, stats->refused, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_BYTES_TO_PEER, stats->bytes_to_peer, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_BYTES_TO_CLIENT, stats->bytes_to_client,
		    KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_COPIED, stats->copied, KTURN_A_STATS_PAD))
		return -EMSGSIZE;
	return put_reasons(skb, stats);
}

int kturn_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kturn_net_stats stats;
	struct sk_buff *msg;
	u64 relays;
	void *hdr;

	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return no_memory(info);
	hdr = genlmsg_put_reply(msg, info, &kturn_nl_family, 0, KTURN_CMD_STATS_GET);
	kturn_net_stats_read(genl_info_net(info), &stats, &relays);
	if (!hdr || put_stats(msg, &stats, relays)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static const struct genl_multicast_group mcgrps[] = {
	[KTURN_NLGRP_RELAYS] = {
		.name = KTURN_MCGRP_RELAYS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

static struct genl_family kturn_nl_family __ro_after_init = {
	.name = KTURN_GENL_NAME,
	.version = KTURN_GENL_VERSION,
	.netnsok = true,
	.module = THIS_MODULE,
	.ops = kturn_nl_ops,
	.n_ops = ARRAY_SIZE(kturn_nl_ops),
	.mcgrps = mcgrps,
	.n_mcgrps = ARRAY_SIZE(mcgrps),
};

/* A relay lives as long as the netlink socket that made it. */
static int on_netlink_release(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC)
		kturn_relay_owner_gone(notify->net, notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block netlink_notifier = {
	.notifier_call = on_netlink_release,
};

/**
 * kturn_nl_init() - register the family
 *
 * Return: 0 or a negative errno.
 */
int __init kturn_nl_init(void)
{
	int ret;

	ret = netlink_register_notifier(&netlink_notifier);
	if (ret)
		return ret;

	ret = genl_register_family(&kturn_nl_family);
	if (ret)
		netlink_unregister_notifier(&netlink_notifier);
	return ret;
}

/**
 * kturn_nl_exit() - unregister the family; no request runs when it returns
 */
void kturn_nl_exit(void)
{
	genl_unregister_family(&kturn_nl_family);
	netlink_unregister_notifier(&netlink_notifier);
}
