// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about what holds for all relays of a network namespace.
 */
#include <net/genetlink.h>

#include "coalesce.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "relay.h"

static int put_coalesce(struct sk_buff *msg, const struct kturn_coalesce *coalesce)
{
	struct nlattr *nest = nla_nest_start(msg, KTURN_A_SETTINGS_COALESCE);

	if (!nest ||
	    nla_put_u32(msg, KTURN_A_COALESCE_DELAY_US, READ_ONCE(coalesce->delay_us)) ||
	    nla_put_u32(msg, KTURN_A_COALESCE_LOOKS, READ_ONCE(coalesce->looks)) ||
	    nla_put_u32(msg, KTURN_A_COALESCE_BYTES, READ_ONCE(coalesce->bytes)) ||
	    nla_put_u32(msg, KTURN_A_COALESCE_MEAN, READ_ONCE(coalesce->mean)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

int kturn_nl_settings_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct kturn_net *kn = kturn_net(genl_info_net(info));
	struct sk_buff *msg;
	void *hdr;

	msg = genlmsg_new(nla_total_size(4 * nla_total_size(sizeof(u32))), GFP_KERNEL);
	if (!msg)
		return kturn_nl_no_memory(info);
	hdr = genlmsg_put_reply(msg, info, &kturn_nl_family, 0, KTURN_CMD_SETTINGS_GET);
	if (!hdr || put_coalesce(msg, &kn->coalesce)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static void set_u32(u32 *value, const struct nlattr *attr)
{
	if (attr)
		WRITE_ONCE(*value, nla_get_u32(attr));
}

/* The policy knows the ranges. */
static int set_coalesce(struct kturn_coalesce *coalesce, const struct nlattr *nest,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[ARRAY_SIZE(kturn_coalesce_nl_policy)];
	int ret;

	ret = nla_parse_nested(tb, ARRAY_SIZE(tb) - 1, nest, kturn_coalesce_nl_policy, extack);
	if (ret)
		return ret;
	set_u32(&coalesce->delay_us, tb[KTURN_A_COALESCE_DELAY_US]);
	set_u32(&coalesce->looks, tb[KTURN_A_COALESCE_LOOKS]);
	set_u32(&coalesce->bytes, tb[KTURN_A_COALESCE_BYTES]);
	set_u32(&coalesce->mean, tb[KTURN_A_COALESCE_MEAN]);
	return 0;
}

int kturn_nl_settings_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kturn_net *kn = kturn_net(genl_info_net(info));

	if (GENL_REQ_ATTR_CHECK(info, KTURN_A_SETTINGS_COALESCE)) {
		NL_SET_ERR_MSG(info->extack, "coalesce is required");
		return -EINVAL;
	}
	return set_coalesce(&kn->coalesce, info->attrs[KTURN_A_SETTINGS_COALESCE],
			    info->extack);
}
