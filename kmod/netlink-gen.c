// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	include/netlink/kturn.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/kturn.h>

/* KTURN_CMD_RELAY_ADD - do */
const struct nla_policy kturn_relay_add_nl_policy[KTURN_A_RELAY_ENGINE + 1] = {
	[KTURN_A_RELAY_CLIENT_FD] = NLA_POLICY_MIN(NLA_S32, 0),
	[KTURN_A_RELAY_PEER_FD] = NLA_POLICY_MIN(NLA_S32, 0),
	[KTURN_A_RELAY_GROUP] = { .type = NLA_U64, },
	[KTURN_A_RELAY_COOKIE] = { .type = NLA_BINARY, .len = KTURN_COOKIE_MAX, },
	[KTURN_A_RELAY_ENGINE] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* KTURN_CMD_RELAY_GET - do */
const struct nla_policy kturn_relay_get_nl_policy[KTURN_A_RELAY_GROUP + 1] = {
	[KTURN_A_RELAY_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[KTURN_A_RELAY_GROUP] = { .type = NLA_U64, },
};

/* KTURN_CMD_RELAY_DEL - do */
const struct nla_policy kturn_relay_del_nl_policy[KTURN_A_RELAY_GROUP + 1] = {
	[KTURN_A_RELAY_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[KTURN_A_RELAY_GROUP] = { .type = NLA_U64, },
};

/* KTURN_CMD_STATS_GET - do */
const struct nla_policy kturn_stats_get_nl_policy[KTURN_A_STATS_PAD + 1] = {
};

/* Ops table for kturn */
const struct genl_ops kturn_nl_ops[4] = {
	{
		.cmd		= KTURN_CMD_RELAY_ADD,
		.doit		= kturn_nl_relay_add_doit,
		.policy		= kturn_relay_add_nl_policy,
		.maxattr	= KTURN_A_RELAY_ENGINE,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= KTURN_CMD_RELAY_GET,
		.doit		= kturn_nl_relay_get_doit,
		.dumpit		= kturn_nl_relay_get_dumpit,
		.policy		= kturn_relay_get_nl_policy,
		.maxattr	= KTURN_A_RELAY_GROUP,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= KTURN_CMD_RELAY_DEL,
		.doit		= kturn_nl_relay_del_doit,
		.policy		= kturn_relay_del_nl_policy,
		.maxattr	= KTURN_A_RELAY_GROUP,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= KTURN_CMD_STATS_GET,
		.doit		= kturn_nl_stats_get_doit,
		.policy		= kturn_stats_get_nl_policy,
		.maxattr	= KTURN_A_STATS_PAD,
		.flags		= GENL_ADMIN_PERM,
	},
};
