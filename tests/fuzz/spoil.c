// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be wrong with a request, one thing a function.
 */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <string.h>

#include "request.h"
#include "world.h"

struct spoiler {
	struct request *rq;
	struct rng *rng;
	const struct grammar *grammar;
	struct world *world;
};

/* Any of the attributes, or NULL. */
static struct attr *any_attr(struct spoiler *s)
{
	return s->rq->attrs ? &s->rq->attr[draw(s->rng, s->rq->attrs)] : NULL;
}

/* Any value of its size, those at the edges above all. */
static uint64_t edge(struct rng *rng)
{
	static const uint64_t edges[] = {
		0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, INT64_MAX, 1ull << 63, UINT64_MAX, UINT64_MAX - 1,
	};
	const size_t count = sizeof(edges) / sizeof(*edges);
	uint32_t n = draw(rng, count + 3);

	return n < count ? edges[n] : draw_word(rng);
}

static void remove_attr(struct spoiler *s)
{
	struct attr *attr = any_attr(s);

	if (attr)
		*attr = s->rq->attr[--s->rq->attrs];
}

static void double_attr(struct spoiler *s)
{
	struct attr *attr = any_attr(s);

	if (attr && s->rq->attrs < ATTRS)
		s->rq->attr[s->rq->attrs++] = *attr;
}

static void swap_attrs(struct spoiler *s)
{
	struct attr *a = any_attr(s), *b = any_attr(s), c;

	if (!a)
		return;
	c = *a;
	*a = *b;
	*b = c;
}

static void change_type(struct spoiler *s)
{
	struct attr *attr = any_attr(s);

	if (attr)
		attr->type = one_in(s->rng, 4) ? draw(s->rng, 0x10000) :
						 draw(s->rng, KTURN_A_RELAY_MAX + 3);
}

static void change_type_flags(struct spoiler *s)
{
	struct attr *attr = any_attr(s);

	if (attr)
		attr->type ^= one_in(s->rng, 2) ? NLA_F_NESTED : NLA_F_NET_BYTEORDER;
}

static void resize(struct spoiler *s)
{
	struct attr *attr = any_attr(s);
	uint16_t old = attr ? attr->len : 0;

	if (!attr)
		return;
	attr->len = one_in(s->rng, 3) ? draw(s->rng, ATTR_ROOM) : draw(s->rng, 20);
	if (attr->len > old)
		draw_bytes(s->rng, attr->data + old, attr->len - old);
}

static void scramble(struct spoiler *s)
{
	struct attr *attr = any_attr(s);

	if (attr && attr->len)
		attr->data[draw(s->rng, attr->len)] ^= 1u << draw(s->rng, 8);
}

static void set_edge(struct spoiler *s)
{
	struct attr *attr = any_attr(s);
	uint64_t value = edge(s->rng);

	if (attr)
		memcpy(attr->data, &value, attr->len < 8 ? attr->len : 8);
}

static void lie_about_attr(struct spoiler *s)
{
	struct attr *attr = any_attr(s);

	if (attr)
		attr->lie = one_in(s->rng, 3) ? (int16_t)draw(s->rng, 0x10000) :
						(int)draw(s->rng, 17) - 8;
}

static void nest_deeper(struct spoiler *s)
{
	struct attr *attr = any_attr(s);

	if (attr)
		attr->depth = draw(s->rng, ATTRS);
}

/* All in one nest, all in another one … */
static void wrap(struct spoiler *s)
{
	struct request *rq = s->rq;
	int i;

	if (rq->attrs == ATTRS)
		return;
	memmove(rq->attr + 1, rq->attr, rq->attrs * sizeof(*rq->attr));
	rq->attrs++;
	for (i = 1; i < rq->attrs; i++)
		rq->attr[i].depth++;
	rq->attr[0].len = 0;
	rq->attr[0].lie = 0;
	rq->attr[0].depth = 0;
	rq->attr[0].type = draw(s->rng, KTURN_A_RELAY_MAX + 2);
	if (!one_in(s->rng, 3))
		rq->attr[0].type |= NLA_F_NESTED;
}

/* One that other requests have. */
static void add_foreign(struct spoiler *s)
{
	struct request other;
	struct attr *attr;

	request_make(&other, s->rng, s->grammar, s->world);
	if (other.attrs && s->rq->attrs < ATTRS) {
		attr = &s->rq->attr[s->rq->attrs++];
		*attr = other.attr[draw(s->rng, other.attrs)];
	}
}

static void add_noise(struct spoiler *s)
{
	struct attr *attr;

	if (s->rq->attrs == ATTRS)
		return;
	attr = &s->rq->attr[s->rq->attrs++];
	attr->type = draw(s->rng, 0x10000);
	attr->depth = draw(s->rng, 3);
	attr->lie = 0;
	attr->len = draw(s->rng, 40);
	draw_bytes(s->rng, attr->data, attr->len);
}

static void change_command(struct spoiler *s)
{
	s->rq->cmd = one_in(s->rng, 4) ? draw(s->rng, 256) : draw(s->rng, KTURN_CMD_MAX + 3);
}

static void change_version(struct spoiler *s)
{
	s->rq->version = draw(s->rng, 256);
}

static void change_reserved(struct spoiler *s)
{
	s->rq->reserved = draw(s->rng, 0x10000);
}

static void change_flags(struct spoiler *s)
{
	s->rq->flags ^= 1u << draw(s->rng, 16);
}

static void dump_or_not(struct spoiler *s)
{
	s->rq->flags ^= NLM_F_DUMP;
}

/* Control messages, and families that do not exist. */
static void change_family(struct spoiler *s)
{
	s->rq->family = one_in(s->rng, 2) ? draw(s->rng, NLMSG_MIN_TYPE) :
					    0x8000 + draw(s->rng, 0x8000);
}

static void cut(struct spoiler *s)
{
	s->rq->cut = one_in(s->rng, 3) ? draw(s->rng, 64) : 1 + draw(s->rng, 8);
}

static void grow_tail(struct spoiler *s)
{
	s->rq->tail = draw(s->rng, 64);
}

static void lie_about_all(struct spoiler *s)
{
	s->rq->lie = one_in(s->rng, 2) ? (int)draw(s->rng, 65) - 32 : (int32_t)edge(s->rng);
}

static void (*const ways[])(struct spoiler *) = {
	remove_attr, double_attr, swap_attrs, change_type, change_type_flags, resize,
	scramble, set_edge, lie_about_attr, nest_deeper, wrap, add_foreign, add_noise,
	change_command, change_version, change_reserved, change_flags, dump_or_not,
	change_family, cut, grow_tail, lie_about_all,
};

/**
 * request_spoil() - do something wrong to a request, or several things
 * @rq: the request
 * @rng: chance
 * @grammar: for what belongs elsewhere
 * @world: where descriptors and ids come from
 */
void request_spoil(struct request *rq, struct rng *rng, const struct grammar *grammar,
		   struct world *world)
{
	struct spoiler s = { rq, rng, grammar, world };

	do {
		ways[draw(rng, sizeof(ways) / sizeof(*ways))](&s);
	} while (one_in(rng, 3));
}
