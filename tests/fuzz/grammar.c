// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks the controller of generic netlink for the policies of the family.
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <string.h>

#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "grammar.h"

static void read_rule(struct nlattr *nest, struct rule *rule)
{
	struct nlattr *a;
	int left;

	rule->nested = NO_POLICY;
	nla_for_each_nested(a, nest, left) {
		switch (nla_type(a)) {
		case NL_POLICY_TYPE_ATTR_TYPE:
			rule->type = nla_get_u32(a);
			break;
		case NL_POLICY_TYPE_ATTR_MIN_VALUE_S:
		case NL_POLICY_TYPE_ATTR_MIN_VALUE_U:
			rule->min = nla_get_u64(a);
			break;
		case NL_POLICY_TYPE_ATTR_MAX_VALUE_S:
		case NL_POLICY_TYPE_ATTR_MAX_VALUE_U:
		case NL_POLICY_TYPE_ATTR_MASK:
			rule->max = nla_get_u64(a);
			break;
		case NL_POLICY_TYPE_ATTR_MAX_LENGTH:
			rule->max_len = nla_get_u32(a);
			break;
		case NL_POLICY_TYPE_ATTR_POLICY_IDX:
			rule->nested = nla_get_u32(a);
			break;
		}
	}
}

/* One or more attributes of a policy; the rest comes in other messages. */
static void read_policy(struct nlattr *nest, struct grammar *grammar)
{
	struct nlattr *policy, *attr;
	int left, inner;

	nla_for_each_nested(policy, nest, left) {
		if (nla_type(policy) >= POLICIES) {
			grammar->spoiled = true;
			return;
		}
		nla_for_each_nested(attr, policy, inner) {
			if (nla_type(attr) < RULES)
				read_rule(attr, &grammar->policy[nla_type(policy)]
							 .rule[nla_type(attr)]);
			else
				grammar->spoiled = true;
		}
	}
}

static int policy_index(struct nlattr *attr, struct grammar *grammar)
{
	uint32_t index = nla_get_u32(attr);

	if (index < POLICIES)
		return index;
	grammar->spoiled = true;
	return NO_POLICY;
}

static void read_op(struct nlattr *nest, struct grammar *grammar)
{
	struct nlattr *op, *a;
	int left, inner;

	nla_for_each_nested(op, nest, left) {
		const uint8_t cmd = nla_type(op);

		grammar->command[grammar->commands++] = cmd;
		nla_for_each_nested(a, op, inner) {
			if (nla_type(a) == CTRL_ATTR_POLICY_DO)
				grammar->op[cmd].on_do = policy_index(a, grammar);
			if (nla_type(a) == CTRL_ATTR_POLICY_DUMP)
				grammar->op[cmd].on_dump = policy_index(a, grammar);
		}
	}
}

static void read_message(struct nlmsghdr *hdr, void *arg)
{
	struct grammar *grammar = arg;
	struct nlattr *a;
	int left;

	nlmsg_for_each_attr(a, hdr, GENL_HDRLEN, left) {
		if (nla_type(a) == CTRL_ATTR_OP_POLICY)
			read_op(a, grammar);
		else if (nla_type(a) == CTRL_ATTR_POLICY)
			read_policy(a, grammar);
	}
}

/* A policy that the text points to has to be there. */
static bool holds_together(const struct grammar *grammar)
{
	int i, attr;

	for (i = 0; i < POLICIES; i++)
		for (attr = 0; attr < RULES; attr++)
			if (grammar->policy[i].rule[attr].nested >= POLICIES)
				return false;
	return grammar->commands > 0 && !grammar->spoiled;
}

/**
 * grammar_read() - learn the requests of the family
 * @door: an open door
 * @grammar: where they go
 *
 * Return: 0, or -1 and "why".
 */
int grammar_read(struct door *door, struct grammar *grammar)
{
	struct nl_msg *msg = nlmsg_alloc();
	int i, ret;

	memset(grammar, 0, sizeof(*grammar));
	for (i = 0; i < COMMANDS; i++)
		grammar->op[i] = (struct op) { NO_POLICY, NO_POLICY };
	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, GENL_ID_CTRL, 0, NLM_F_DUMP,
				 CTRL_CMD_GETPOLICY, 1) ||
	    nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, door->family))
		return fail("no memory");
	ret = door_call(door, msg, read_message, grammar);
	if (ret)
		return fail("the family's policies: %s", strerror(-ret));
	return holds_together(grammar) ? 0 : fail("the family's policies make no sense");
}
