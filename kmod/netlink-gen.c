// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	include/netlink/kturn.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/kturn.h>

/* Integer value ranges */
static const struct netlink_range_validation kturn_a_limits_idle_ms_range = {
	.max	= KTURN_LIMIT_MS_MAX,
};

static const struct netlink_range_validation kturn_a_limits_life_ms_range = {
	.max	= KTURN_LIMIT_MS_MAX,
};

static const struct netlink_range_validation kturn_a_limits_rate_range = {
	.max	= KTURN_RATE_MAX,
};

static const struct netlink_range_validation kturn_a_limits_user_timeout_ms_range = {
	.max	= KTURN_LIMIT_MS_MAX,
};

static const struct netlink_range_validation kturn_a_relay_outlive_ms_range = {
	.max	= KTURN_OUTLIVE_MAX,
};

static const struct netlink_range_validation kturn_a_coalesce_bytes_range = {
	.max	= KTURN_COALESCE_BYTES_MAX,
};

static const struct netlink_range_validation kturn_a_coalesce_mean_range = {
	.max	= KTURN_COALESCE_BYTES_MAX,
};

/* Common nested types */
const struct nla_policy kturn_coalesce_nl_policy[KTURN_A_COALESCE_MEAN + 1] = {
	[KTURN_A_COALESCE_DELAY_US] = NLA_POLICY_MAX(NLA_U32, KTURN_COALESCE_US_MAX),
	[KTURN_A_COALESCE_LOOKS] = NLA_POLICY_RANGE(NLA_U32, 1, KTURN_COALESCE_LOOKS_MAX),
	[KTURN_A_COALESCE_BYTES] = NLA_POLICY_FULL_RANGE(NLA_U32, &kturn_a_coalesce_bytes_range),
	[KTURN_A_COALESCE_MEAN] = NLA_POLICY_FULL_RANGE(NLA_U32, &kturn_a_coalesce_mean_range),
};

const struct nla_policy kturn_limits_nl_policy[KTURN_A_LIMITS_USER_TIMEOUT_MS + 1] = {
	[KTURN_A_LIMITS_IDLE_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &kturn_a_limits_idle_ms_range),
	[KTURN_A_LIMITS_LIFE_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &kturn_a_limits_life_ms_range),
	[KTURN_A_LIMITS_BYTES] = { .type = NLA_U64, },
	[KTURN_A_LIMITS_RATE] = NLA_POLICY_FULL_RANGE(NLA_U64, &kturn_a_limits_rate_range),
	[KTURN_A_LIMITS_KEEPALIVE_IDLE] = NLA_POLICY_MAX(NLA_U32, KTURN_KEEPALIVE_S_MAX),
	[KTURN_A_LIMITS_KEEPALIVE_INTERVAL] = NLA_POLICY_MAX(NLA_U32, KTURN_KEEPALIVE_S_MAX),
	[KTURN_A_LIMITS_KEEPALIVE_COUNT] = NLA_POLICY_MAX(NLA_U32, KTURN_KEEPALIVE_COUNT_MAX),
	[KTURN_A_LIMITS_USER_TIMEOUT_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &kturn_a_limits_user_timeout_ms_range),
};

/* KTURN_CMD_RELAY_ADD - do */
const struct nla_policy kturn_relay_add_nl_policy[KTURN_A_RELAY_LIMITS + 1] = {
	[KTURN_A_RELAY_CLIENT_FD] = NLA_POLICY_MIN(NLA_S32, 0),
	[KTURN_A_RELAY_PEER_FD] = NLA_POLICY_MIN(NLA_S32, 0),
	[KTURN_A_RELAY_GROUP] = { .type = NLA_U64, },
	[KTURN_A_RELAY_COOKIE] = { .type = NLA_BINARY, .len = KTURN_COOKIE_MAX, },
	[KTURN_A_RELAY_ENGINE] = NLA_POLICY_MAX(NLA_U32, 2),
	[KTURN_A_RELAY_OUTLIVE_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &kturn_a_relay_outlive_ms_range),
	[KTURN_A_RELAY_LIMITS] = NLA_POLICY_NESTED(kturn_limits_nl_policy),
};

/* KTURN_CMD_RELAY_GET - do */
const struct nla_policy kturn_relay_get_nl_policy[KTURN_A_RELAY_OWNER + 1] = {
	[KTURN_A_RELAY_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[KTURN_A_RELAY_GROUP] = { .type = NLA_U64, },
	[KTURN_A_RELAY_OWNER] = { .type = NLA_U32, },
};

/* KTURN_CMD_RELAY_DEL - do */
const struct nla_policy kturn_relay_del_nl_policy[KTURN_A_RELAY_GROUP + 1] = {
	[KTURN_A_RELAY_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[KTURN_A_RELAY_GROUP] = { .type = NLA_U64, },
};

/* KTURN_CMD_STATS_GET - do */
const struct nla_policy kturn_stats_get_nl_policy[KTURN_A_STATS_PAD + 1] = {
};

/* KTURN_CMD_RELAY_ADOPT - do */
const struct nla_policy kturn_relay_adopt_nl_policy[KTURN_A_RELAY_OUTLIVE_MS + 1] = {
	[KTURN_A_RELAY_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[KTURN_A_RELAY_GROUP] = { .type = NLA_U64, },
	[KTURN_A_RELAY_OUTLIVE_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &kturn_a_relay_outlive_ms_range),
};

/* KTURN_CMD_CAPS_GET - do */
const struct nla_policy kturn_caps_get_nl_policy[KTURN_A_CAPS_PAD + 1] = {
};

/* KTURN_CMD_CAPS_SET - do */
const struct nla_policy kturn_caps_set_nl_policy[KTURN_A_CAPS_TOTAL + 1] = {
	[KTURN_A_CAPS_OWNER] = { .type = NLA_U32, },
	[KTURN_A_CAPS_NETNS] = { .type = NLA_U32, },
	[KTURN_A_CAPS_TOTAL] = { .type = NLA_U32, },
};

/* KTURN_CMD_RELAY_SET - do */
const struct nla_policy kturn_relay_set_nl_policy[KTURN_A_RELAY_LIMITS + 1] = {
	[KTURN_A_RELAY_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[KTURN_A_RELAY_LIMITS] = NLA_POLICY_NESTED(kturn_limits_nl_policy),
};

/* KTURN_CMD_SETTINGS_GET - do */
const struct nla_policy kturn_settings_get_nl_policy[KTURN_A_SETTINGS_PAD + 1] = {
};

/* KTURN_CMD_SETTINGS_SET - do */
const struct nla_policy kturn_settings_set_nl_policy[KTURN_A_SETTINGS_COALESCE + 1] = {
	[KTURN_A_SETTINGS_COALESCE] = NLA_POLICY_NESTED(kturn_coalesce_nl_policy),
};

/* Ops table for kturn */
const struct genl_ops kturn_nl_ops[10] = {
	{
		.cmd		= KTURN_CMD_RELAY_ADD,
		.doit		= kturn_nl_relay_add_doit,
		.policy		= kturn_relay_add_nl_policy,
		.maxattr	= KTURN_A_RELAY_LIMITS,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= KTURN_CMD_RELAY_GET,
		.doit		= kturn_nl_relay_get_doit,
		.dumpit		= kturn_nl_relay_get_dumpit,
		.policy		= kturn_relay_get_nl_policy,
		.maxattr	= KTURN_A_RELAY_OWNER,
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
	{
		.cmd		= KTURN_CMD_RELAY_ADOPT,
		.doit		= kturn_nl_relay_adopt_doit,
		.policy		= kturn_relay_adopt_nl_policy,
		.maxattr	= KTURN_A_RELAY_OUTLIVE_MS,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= KTURN_CMD_CAPS_GET,
		.doit		= kturn_nl_caps_get_doit,
		.policy		= kturn_caps_get_nl_policy,
		.maxattr	= KTURN_A_CAPS_PAD,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= KTURN_CMD_CAPS_SET,
		.doit		= kturn_nl_caps_set_doit,
		.policy		= kturn_caps_set_nl_policy,
		.maxattr	= KTURN_A_CAPS_TOTAL,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= KTURN_CMD_RELAY_SET,
		.doit		= kturn_nl_relay_set_doit,
		.policy		= kturn_relay_set_nl_policy,
		.maxattr	= KTURN_A_RELAY_LIMITS,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= KTURN_CMD_SETTINGS_GET,
		.doit		= kturn_nl_settings_get_doit,
		.policy		= kturn_settings_get_nl_policy,
		.maxattr	= KTURN_A_SETTINGS_PAD,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= KTURN_CMD_SETTINGS_SET,
		.doit		= kturn_nl_settings_set_doit,
		.policy		= kturn_settings_set_nl_policy,
		.maxattr	= KTURN_A_SETTINGS_COALESCE,
		.flags		= GENL_ADMIN_PERM,
	},
};
