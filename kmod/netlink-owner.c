// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about owners: to become one, and how much they may own.
 */
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "netlink.h"
#include "netlink-gen.h"
#include "owner.h"
#include "relay.h"

static int adopt_one(struct genl_info *info, const struct kturn_adoption *adoption)
{
	const struct nlattr *id = info->attrs[KTURN_A_RELAY_ID];
	int ret;

	ret = kturn_owner_adopt(genl_info_net(info), nla_get_u64(id), adoption, info->extack);
	switch (ret) {
	case -ENOENT:
		return kturn_nl_no_such_relay(info);
	case -EBUSY:
		NL_SET_ERR_MSG_ATTR(info->extack, id, "the relay has an owner");
		return ret;
	default:
		return ret;
	}
}

/* Those that the request means, with what it gives them. */
static int adopt(struct genl_info *info, u32 *adopted)
{
	const struct nlattr *group = info->attrs[KTURN_A_RELAY_GROUP];
	const struct nlattr *outlive = info->attrs[KTURN_A_RELAY_OUTLIVE_MS];
	const u64 group_value = group ? nla_get_u64(group) : 0;
	const u32 outlive_ms = outlive ? nla_get_u32(outlive) : 0;
	const struct kturn_adoption adoption = {
		.owner = info->snd_portid,
		.group = group ? &group_value : NULL,
		.outlive_ms = outlive ? &outlive_ms : NULL,
	};

	if (!info->attrs[KTURN_A_RELAY_ID])
		return kturn_owner_adopt_all(genl_info_net(info), &adoption, adopted,
					     info->extack);
	if (group) {
		NL_SET_ERR_MSG_ATTR(info->extack, group, "either id or group, not both");
		return -EINVAL;
	}
	*adopted = 1;
	return adopt_one(info, &adoption);
}

int kturn_nl_relay_adopt_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg;
	u32 adopted;
	void *hdr;
	int ret;

	/* The answer first: what is adopted cannot be refused any more. */
	msg = genlmsg_new(nla_total_size(sizeof(adopted)), GFP_KERNEL);
	if (!msg)
		return kturn_nl_no_memory(info);
	hdr = genlmsg_put_reply(msg, info, &kturn_nl_family, 0, KTURN_CMD_RELAY_ADOPT);
	ret = hdr ? adopt(info, &adopted) : -EMSGSIZE;
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	/* Cannot fail, the room was reserved for it. */
	nla_put_u32(msg, KTURN_A_RELAY_ADOPTED, adopted);
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int kturn_nl_caps_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct kturn_owners *owners = &kturn_net(genl_info_net(info))->owners;
	struct sk_buff *msg;
	void *hdr;

	msg = genlmsg_new(3 * nla_total_size(sizeof(u32)), GFP_KERNEL);
	if (!msg)
		return kturn_nl_no_memory(info);
	hdr = genlmsg_put_reply(msg, info, &kturn_nl_family, 0, KTURN_CMD_CAPS_GET);
	if (!hdr ||
	    nla_put_u32(msg, KTURN_A_CAPS_OWNER, READ_ONCE(owners->owner_cap)) ||
	    nla_put_u32(msg, KTURN_A_CAPS_NETNS, READ_ONCE(owners->cap)) ||
	    nla_put_u32(msg, KTURN_A_CAPS_TOTAL, READ_ONCE(kturn_total_cap))) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

int kturn_nl_caps_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct kturn_owners *owners = &kturn_net(genl_info_net(info))->owners;
	const struct nlattr *owner = info->attrs[KTURN_A_CAPS_OWNER];
	const struct nlattr *netns = info->attrs[KTURN_A_CAPS_NETNS];
	const struct nlattr *total = info->attrs[KTURN_A_CAPS_TOTAL];

	if (!owner && !netns && !total) {
		NL_SET_ERR_MSG(info->extack, "owner, netns or total is required");
		return -EINVAL;
	}
	if (total && !net_eq(genl_info_net(info), &init_net)) {
		NL_SET_ERR_MSG_ATTR(info->extack, total,
				    "total is set in the initial network namespace only");
		return -EPERM;
	}

	if (owner)
		WRITE_ONCE(owners->owner_cap, nla_get_u32(owner));
	if (netns)
		WRITE_ONCE(owners->cap, nla_get_u32(netns));
	if (total)
		WRITE_ONCE(kturn_total_cap, nla_get_u32(total));
	return 0;
}
