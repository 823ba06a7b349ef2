// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: requests, dumps and notifications. What stands in
 * the messages is in netlink-put.c.
 */
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <net/genetlink.h>

#include "engine.h"
#include "loop.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "owner.h"
#include "relay.h"
#include "tls.h"

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

	msg = kturn_nl_relay_msg();
	if (!msg || kturn_nl_fill_relay(msg, relay, 0, 0, 0, cmd)) {
		nlmsg_free(msg);
		genl_set_err(&kturn_nl_family, net, 0, KTURN_NLGRP_RELAYS, -ENOBUFS);
		return;
	}
	genlmsg_multicast_netns(&kturn_nl_family, net, msg, 0, KTURN_NLGRP_RELAYS, GFP_KERNEL);
}

/**
 * kturn_nl_no_memory() - refuse a request for want of memory
 * @info: the request
 *
 * Return: -ENOMEM.
 */
int kturn_nl_no_memory(struct genl_info *info)
{
	NL_SET_ERR_MSG(info->extack, "no memory");
	return -ENOMEM;
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
	return kturn_loop_refuse(relay, peer, info->extack);
}

/* The policy knows the range. */
static const struct kturn_engine_ops *wanted_engine(const struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[KTURN_A_RELAY_ENGINE];

	if (attr && nla_get_u32(attr) == KTURN_ENGINE_PROCESS)
		return &kturn_process;
	return &kturn_softirq;
}

/* A leg that turns out to have TLS leaves no choice. */
static int check_engine(struct kturn_relay *relay, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[KTURN_A_RELAY_ENGINE];
	const bool tls_wanted = attr && nla_get_u32(attr) == KTURN_ENGINE_TLS;
	const bool tls = relay->client.tls || relay->peer.tls;

	if (tls && attr && !tls_wanted) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "a socket with TLS needs the engine tls");
		return -EOPNOTSUPP;
	}
	if (!tls && tls_wanted) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "neither socket has TLS");
		return -EINVAL;
	}
	if (tls && kturn_tls_prepare(relay))
		return kturn_nl_no_memory(info);
	return 0;
}

static int add_relay(struct genl_info *info, u64 *id)
{
	const struct nlattr *cookie = info->attrs[KTURN_A_RELAY_COOKIE];
	const struct nlattr *group = info->attrs[KTURN_A_RELAY_GROUP];
	const struct nlattr *outlive = info->attrs[KTURN_A_RELAY_OUTLIVE_MS];
	const struct kturn_relay_params params = {
		.engine = wanted_engine(info),
		.owner = info->snd_portid,
		.outlive_ms = outlive ? nla_get_u32(outlive) : 0,
		.group = group ? nla_get_u64(group) : 0,
		.cookie = cookie ? nla_data(cookie) : NULL,
		.cookie_len = cookie ? nla_len(cookie) : 0,
	};
	struct kturn_relay *relay;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, KTURN_A_RELAY_CLIENT_FD) ||
	    GENL_REQ_ATTR_CHECK(info, KTURN_A_RELAY_PEER_FD)) {
		NL_SET_ERR_MSG(info->extack, "client-fd and peer-fd are required");
		return -EINVAL;
	}

	relay = kturn_relay_alloc(genl_info_net(info), &params, info->extack);
	if (IS_ERR(relay))
		return PTR_ERR(relay);

	ret = kturn_limit_begin(relay, info->attrs[KTURN_A_RELAY_LIMITS], info->extack);
	if (!ret)
		ret = take_both(relay, info) ?: check_engine(relay, info);
	if (!ret) {
		ret = kturn_relay_start(relay, id);
		if (ret)
			kturn_nl_no_memory(info);
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
		return kturn_nl_no_memory(info);
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
	nla_put_u64_64bit(msg, KTURN_A_RELAY_ID, id, KTURN_A_RELAY_PAD);
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);

err_msg:
	nlmsg_free(msg);
	return ret;
}

/**
 * kturn_nl_no_such_relay() - refuse a request with an unknown id
 * @info: the request
 *
 * Return: -ENOENT.
 */
int kturn_nl_no_such_relay(struct genl_info *info)
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
	if (info->attrs[KTURN_A_RELAY_GROUP] || info->attrs[KTURN_A_RELAY_OWNER]) {
		NL_SET_ERR_MSG(info->extack, "group and owner are for a dump");
		return -EINVAL;
	}

	msg = kturn_nl_relay_msg();
	if (!msg)
		return kturn_nl_no_memory(info);

	rcu_read_lock();
	relay = kturn_relay_find(genl_info_net(info),
				 nla_get_u64(info->attrs[KTURN_A_RELAY_ID]));
	if (relay)
		ret = kturn_nl_fill_relay(msg, relay, info->snd_portid, info->snd_seq, 0,
					  KTURN_CMD_RELAY_GET);
	rcu_read_unlock();

	if (ret) {
		nlmsg_free(msg);
		return ret == -ENOENT ? kturn_nl_no_such_relay(info) : ret;
	}
	return genlmsg_reply(msg, info);
}

int kturn_nl_relay_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = genl_info_dump(cb)->attrs;
	const struct nlattr *group = attrs[KTURN_A_RELAY_GROUP];
	const struct nlattr *owner = attrs[KTURN_A_RELAY_OWNER];
	const u64 group_value = group ? nla_get_u64(group) : 0;
	const u32 owner_value = owner ? nla_get_u32(owner) : 0;
	const struct kturn_filter filter = {
		.group = group ? &group_value : NULL,
		.owner = owner ? &owner_value : NULL,
	};
	struct net *net = sock_net(skb->sk);
	struct kturn_relay *relay;
	u64 *id = (u64 *)cb->ctx;

	/* No relay has the id 0: it is the first call. */
	if (!*id)
		*id = attrs[KTURN_A_RELAY_ID] ? nla_get_u64(attrs[KTURN_A_RELAY_ID]) : 1;
	/* Before the walk: what changes from now on shows at the next call. */
	cb->seq = lower_32_bits(kturn_net_generation(net)) ?: 1;

	rcu_read_lock();
	while ((relay = kturn_relay_next(net, id, &filter))) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)skb_tail_pointer(skb);

		if (kturn_nl_fill_relay(skb, relay, NETLINK_CB(cb->skb).portid,
					cb->nlh->nlmsg_seq, NLM_F_MULTI, KTURN_CMD_RELAY_GET))
			break;
		nl_dump_check_consistent(cb, nlh);
		++*id;
	}
	rcu_read_unlock();
	return skb->len;
}

int kturn_nl_relay_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kturn_relay *relay;
	int ret;

	if (GENL_REQ_ATTR_CHECK(info, KTURN_A_RELAY_ID) ||
	    GENL_REQ_ATTR_CHECK(info, KTURN_A_RELAY_LIMITS)) {
		NL_SET_ERR_MSG(info->extack, "id and limits are required");
		return -EINVAL;
	}

	relay = kturn_relay_get(genl_info_net(info),
				nla_get_u64(info->attrs[KTURN_A_RELAY_ID]));
	if (!relay)
		return kturn_nl_no_such_relay(info);
	ret = kturn_limit_change(relay, info->attrs[KTURN_A_RELAY_LIMITS], info->extack);
	kturn_relay_put(relay);
	return ret == -ENOENT ? kturn_nl_no_such_relay(info) : ret;
}

/* End a claimed relay and answer with its closing counters. */
static int del_relay(struct kturn_relay *relay, struct genl_info *info)
{
	struct sk_buff *msg = kturn_nl_relay_msg();
	int ret = -ENOBUFS;

	kturn_relay_end(relay, KTURN_END_REASON_DELETED, 0);
	if (msg)
		ret = kturn_nl_fill_relay(msg, relay, info->snd_portid, info->snd_seq, 0,
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
		return kturn_nl_no_such_relay(info);
	if (!del_relay(relay, info))
		return 0;
	NL_SET_ERR_MSG(info->extack, "the relay has ended, but the answer found no room");
	return -ENOBUFS;
}

static struct kturn_relay *claim_next(struct net *net, u64 *id, u64 group)
{
	const struct kturn_filter filter = { .group = &group };
	struct kturn_relay *relay;

	rcu_read_lock();
	while ((relay = kturn_relay_next(net, id, &filter))) {
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

int kturn_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct kturn_net_stats stats;
	struct sk_buff *msg;
	u64 relays;
	void *hdr;

	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return kturn_nl_no_memory(info);
	hdr = genlmsg_put_reply(msg, info, &kturn_nl_family, 0, KTURN_CMD_STATS_GET);
	kturn_net_stats_read(net, &stats, &relays);
	if (!hdr || kturn_nl_put_stats(msg, &stats, relays, kturn_net_generation(net))) {
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

struct genl_family kturn_nl_family __ro_after_init = {
	.name = KTURN_GENL_NAME,
	.version = KTURN_GENL_VERSION,
	.netnsok = true,
	.module = THIS_MODULE,
	.ops = kturn_nl_ops,
	.n_ops = ARRAY_SIZE(kturn_nl_ops),
	.mcgrps = mcgrps,
	.n_mcgrps = ARRAY_SIZE(mcgrps),
};

static int on_netlink_release(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC)
		kturn_owner_gone(notify->net, notify->portid);
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
