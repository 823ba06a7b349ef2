// SPDX-License-Identifier: GPL-2.0-only
/*
 * Valid requests, from the grammar, and their bytes.
 */
#define _GNU_SOURCE
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "request.h"
#include "world.h"

static struct attr *new_attr(struct request *rq, uint16_t type, int depth)
{
	static struct attr overflow;
	struct attr *attr = rq->attrs < ATTRS ? &rq->attr[rq->attrs++] : &overflow;

	attr->type = type;
	attr->depth = depth;
	attr->lie = 0;
	attr->len = 0;
	return attr;
}

static void set_value(struct attr *attr, uint64_t value, size_t len)
{
	memcpy(attr->data, &value, len);
	attr->len = len;
}

void request_put_u32(struct request *rq, uint16_t type, uint32_t value)
{
	set_value(new_attr(rq, type, 0), value, sizeof(value));
}

static size_t size_of(uint32_t type)
{
	switch (type) {
	case NL_ATTR_TYPE_U8:
	case NL_ATTR_TYPE_S8:
		return 1;
	case NL_ATTR_TYPE_U16:
	case NL_ATTR_TYPE_S16:
		return 2;
	case NL_ATTR_TYPE_U64:
	case NL_ATTR_TYPE_S64:
	case NL_ATTR_TYPE_BITFIELD32:
		return 8;
	default:
		return 4;
	}
}

/* Small ones come together more often: the same group, a limit that bites. */
static uint64_t draw_number(struct rng *rng, uint64_t min, uint64_t max)
{
	uint64_t span = max - min;

	switch (draw(rng, 4)) {
	case 0:
		return span < 4 ? min + draw(rng, span + 1) : min + draw(rng, 4);
	case 1:
		return max;
	case 2:
		return span ? min + draw_word(rng) % span : min;
	default:
		return span < 100000 ? min + draw(rng, span + 1) : min + draw(rng, 100000);
	}
}

static void fill_policy(struct request *rq, struct rng *rng, const struct grammar *grammar,
			struct world *world, int policy, int depth);

/* The specification's only signed numbers are descriptors. */
static void put_rule(struct request *rq, struct rng *rng, const struct grammar *grammar,
		     struct world *world, uint16_t number, const struct rule *rule, int depth)
{
	struct attr *attr = new_attr(rq, number, depth);

	switch (rule->type) {
	case NL_ATTR_TYPE_FLAG:
		break;
	case NL_ATTR_TYPE_S32:
		set_value(attr, (uint32_t)world_descriptor(world, rng), 4);
		break;
	case NL_ATTR_TYPE_BINARY:
	case NL_ATTR_TYPE_STRING:
	case NL_ATTR_TYPE_NUL_STRING:
		attr->len = draw(rng, (rule->max_len < ATTR_ROOM ? rule->max_len : 64) + 1);
		draw_bytes(rng, attr->data, attr->len);
		break;
	case NL_ATTR_TYPE_NESTED:
	case NL_ATTR_TYPE_NESTED_ARRAY:
		attr->type |= NLA_F_NESTED;
		if (depth < 4)
			fill_policy(rq, rng, grammar, world, rule->nested, depth + 1);
		break;
	default:
		if (number == KTURN_A_RELAY_ID && !depth)
			set_value(attr, world_id(world, rng), 8);
		else
			set_value(attr, draw_number(rng, rule->min, rule->max),
				  size_of(rule->type));
	}
}

static void fill_policy(struct request *rq, struct rng *rng, const struct grammar *grammar,
			struct world *world, int policy, int depth)
{
	const struct rule *rule;
	int i;

	if (policy == NO_POLICY)
		return;
	for (i = 1; i < RULES; i++) {
		rule = &grammar->policy[policy].rule[i];
		/* Descriptors are what it is about. */
		if (rule->type == NL_ATTR_TYPE_S32 ? one_in(rng, 12) : one_in(rng, 2))
			continue;
		if (rule->type)
			put_rule(rq, rng, grammar, world, i, rule, depth);
	}
}

/**
 * request_make() - a request that the policy allows
 * @rq: where it goes; its sequence number is up to the caller
 * @rng: chance
 * @grammar: what is allowed
 * @world: where descriptors and ids come from
 */
void request_make(struct request *rq, struct rng *rng, const struct grammar *grammar,
		  struct world *world)
{
	const uint8_t cmd = grammar->command[draw(rng, grammar->commands)];
	bool dump = !grammar_knows(grammar, cmd, false) ||
		    (grammar_knows(grammar, cmd, true) && one_in(rng, 8));
	const struct op *op = &grammar->op[cmd];

	*rq = (struct request) {
		.family = world_family(world),
		.flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : 0),
		.cmd = cmd,
		.version = KTURN_GENL_VERSION,
	};
	if (!one_in(rng, 50))
		rq->flags |= NLM_F_ACK;
	if (one_in(rng, 16))
		rq->flags |= NLM_F_ECHO;
	fill_policy(rq, rng, grammar, world, dump ? op->on_dump : op->on_do, 0);
}

/* The attribute at *i and all that is inside of it. */
static uint8_t *write_attr(const struct request *rq, int *i, uint8_t *out)
{
	const struct attr *attr = &rq->attr[(*i)++];
	uint8_t *at = out + NLA_HDRLEN;
	struct nlattr hdr;

	memcpy(at, attr->data, attr->len);
	memset(at + attr->len, 0, NLA_ALIGNTO);
	at += NLA_ALIGN(attr->len);
	while (*i < rq->attrs && rq->attr[*i].depth > attr->depth)
		at = write_attr(rq, i, at);
	hdr.nla_type = attr->type;
	/* Only bytes have a length of their own, a nest ends where the next begins. */
	hdr.nla_len = NLA_HDRLEN + attr->lie +
		      (at == out + NLA_HDRLEN + NLA_ALIGN(attr->len) ? attr->len :
								       at - out - NLA_HDRLEN);
	memcpy(out, &hdr, sizeof(hdr));
	return at;
}

/**
 * request_write() - make bytes of a request
 * @rq: the request
 * @rng: for bytes that nobody has chosen
 * @out: room for REQUEST_ROOM bytes
 *
 * Return: how many there are, a multiple of NLMSG_ALIGNTO.
 */
size_t request_write(const struct request *rq, struct rng *rng, uint8_t *out)
{
	struct genlmsghdr genl = { rq->cmd, rq->version, rq->reserved };
	struct nlmsghdr hdr = {
		.nlmsg_type = rq->family, .nlmsg_flags = rq->flags, .nlmsg_seq = rq->seq,
	};
	uint8_t *at = out + NLMSG_HDRLEN + GENL_HDRLEN;
	size_t len;
	int i = 0;

	memcpy(out + NLMSG_HDRLEN, &genl, sizeof(genl));
	while (i < rq->attrs)
		at = write_attr(rq, &i, at);
	draw_bytes(rng, at, rq->tail + NLMSG_ALIGNTO);
	len = at + rq->tail - out;
	len -= rq->cut < len - NLMSG_HDRLEN ? rq->cut : len - NLMSG_HDRLEN;
	hdr.nlmsg_len = len + rq->lie;
	memcpy(out, &hdr, sizeof(hdr));
	return NLMSG_ALIGN(len);
}
