/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_NETLINK_H
#define _KTURN_NETLINK_H

#include <linux/types.h>
#include <linux/kturn.h>

struct genl_family;
struct genl_info;
struct kturn_net_stats;
struct kturn_relay;
struct net;
struct sk_buff;

extern struct genl_family kturn_nl_family;

int kturn_nl_init(void);
void kturn_nl_exit(void);

void kturn_nl_notify(struct net *net, const struct kturn_relay *relay,
		     enum kturn_cmd cmd);

/* Refusals */
int kturn_nl_no_memory(struct genl_info *info);
int kturn_nl_no_such_relay(struct genl_info *info);

/* What stands in the messages */
struct sk_buff *kturn_nl_relay_msg(void);
int kturn_nl_fill_relay(struct sk_buff *skb, const struct kturn_relay *relay,
			u32 portid, u32 seq, int flags, enum kturn_cmd cmd);
int kturn_nl_put_stats(struct sk_buff *skb, const struct kturn_net_stats *stats, u64 relays,
		       u64 generation);

#endif /* _KTURN_NETLINK_H */
