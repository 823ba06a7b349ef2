/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	include/netlink/kturn.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_KTURN_GEN_H
#define _LINUX_KTURN_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/kturn.h>

/* Common nested types */
extern const struct nla_policy kturn_coalesce_nl_policy[KTURN_A_COALESCE_MEAN + 1];
extern const struct nla_policy kturn_limits_nl_policy[KTURN_A_LIMITS_USER_TIMEOUT_MS + 1];

extern const struct nla_policy kturn_relay_add_nl_policy[KTURN_A_RELAY_LIMITS + 1];

extern const struct nla_policy kturn_relay_get_nl_policy[KTURN_A_RELAY_OWNER + 1];

extern const struct nla_policy kturn_relay_del_nl_policy[KTURN_A_RELAY_GROUP + 1];

extern const struct nla_policy kturn_stats_get_nl_policy[KTURN_A_STATS_PAD + 1];

extern const struct nla_policy kturn_relay_adopt_nl_policy[KTURN_A_RELAY_OUTLIVE_MS + 1];

extern const struct nla_policy kturn_caps_get_nl_policy[KTURN_A_CAPS_PAD + 1];

extern const struct nla_policy kturn_caps_set_nl_policy[KTURN_A_CAPS_TOTAL + 1];

extern const struct nla_policy kturn_relay_set_nl_policy[KTURN_A_RELAY_LIMITS + 1];

extern const struct nla_policy kturn_settings_get_nl_policy[KTURN_A_SETTINGS_PAD + 1];

extern const struct nla_policy kturn_settings_set_nl_policy[KTURN_A_SETTINGS_COALESCE + 1];

/* Ops table for kturn */
extern const struct genl_ops kturn_nl_ops[10];

int kturn_nl_relay_add_doit(struct sk_buff *skb, struct genl_info *info);
int kturn_nl_relay_get_doit(struct sk_buff *skb, struct genl_info *info);
int kturn_nl_relay_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int kturn_nl_relay_del_doit(struct sk_buff *skb, struct genl_info *info);
int kturn_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int kturn_nl_relay_adopt_doit(struct sk_buff *skb, struct genl_info *info);
int kturn_nl_caps_get_doit(struct sk_buff *skb, struct genl_info *info);
int kturn_nl_caps_set_doit(struct sk_buff *skb, struct genl_info *info);
int kturn_nl_relay_set_doit(struct sk_buff *skb, struct genl_info *info);
int kturn_nl_settings_get_doit(struct sk_buff *skb, struct genl_info *info);
int kturn_nl_settings_set_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	KTURN_NLGRP_RELAYS,
};

#endif /* _LINUX_KTURN_GEN_H */
