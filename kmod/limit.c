// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a relay is held to: how long it may live and be idle, how much it may
 * carry, and how fast.
 *
 * Times cost nothing while bytes move: the relay's timer has it look at what is
 * left, and is set again for that. A flow that has to wait for its rate leaves
 * its bytes where they are, in the source's receive queue, and the same timer has
 * the relay run when the bucket has something again. Every decision is made in a
 * run: under both socket locks, or with TLS its mutex. So both keep limits from
 * changing meanwhile.
 */
#include <linux/jiffies.h>
#include <linux/timekeeping.h>
#include <net/netlink.h>

#include "bucket.h"
#include "engine.h"
#include "limit.h"
#include "netlink-gen.h"
#include "relay.h"
#include "tls.h"

static void take_u32(u32 *value, const struct nlattr *attr)
{
	if (attr)
		*value = nla_get_u32(attr);
}

static void take_u64(u64 *value, const struct nlattr *attr)
{
	if (attr)
		*value = nla_get_u64(attr);
}

/* The policy knows the ranges. */
static int parse_keepalive(struct kturn_probing *p, struct nlattr **tb,
			   struct netlink_ext_ack *extack)
{
	const struct nlattr *idle = tb[KTURN_A_LIMITS_KEEPALIVE_IDLE];
	const struct nlattr *interval = tb[KTURN_A_LIMITS_KEEPALIVE_INTERVAL];
	const struct nlattr *count = tb[KTURN_A_LIMITS_KEEPALIVE_COUNT];

	if (idle)
		p->idle = nla_get_u32(idle);
	p->keepalive = p->idle;
	/* One that ends takes the rest with it. */
	if (!p->keepalive)
		p->interval = p->count = 0;
	if (interval)
		p->interval = nla_get_u32(interval);
	if (count)
		p->count = nla_get_u32(count);

	if (p->keepalive || (!p->interval && !p->count))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, p->interval ? interval : count,
			    "keepalive-interval and keepalive-count need keepalive-idle");
	return -EINVAL;
}

/* Undefined after a failure; what the request does not say stays. */
static int parse(struct kturn_limits *limits, const struct nlattr *nest,
		 struct netlink_ext_ack *extack)
{
	struct nlattr *tb[ARRAY_SIZE(kturn_limits_nl_policy)];
	int ret;

	ret = nla_parse_nested(tb, ARRAY_SIZE(tb) - 1, nest, kturn_limits_nl_policy, extack);
	if (ret)
		return ret;
	take_u64(&limits->bytes, tb[KTURN_A_LIMITS_BYTES]);
	take_u64(&limits->rate, tb[KTURN_A_LIMITS_RATE]);
	take_u32(&limits->idle, tb[KTURN_A_LIMITS_IDLE_MS]);
	take_u32(&limits->life, tb[KTURN_A_LIMITS_LIFE_MS]);
	take_u32(&limits->probing.user_timeout, tb[KTURN_A_LIMITS_USER_TIMEOUT_MS]);
	return parse_keepalive(&limits->probing, tb, extack);
}

/* A run has to follow, in which they begin to count. */
static void set(struct kturn_relay *relay, const struct kturn_limits *limits)
{
	const bool metered = limits->bytes || limits->rate;

	/* Readers without a lock may see some of them sooner than others. */
	relay->limits = *limits;
	relay->to_peer.metered = metered;
	relay->to_client.metered = metered;
	/* The last bytes of another limit are waited for anew. */
	if (!kturn_relay_was_reset(relay))
		relay->grace = 0;
	set_bit(KTURN_RELAY_CHECK_TIME, &relay->flags);
}

/**
 * kturn_limit_begin() - hold a new relay to limits
 * @relay: a relay that has no sockets yet
 * @nest: attribute with the limits, or NULL
 * @extack: where the reason of a refusal goes
 *
 * Context: nobody else knows the relay.
 * Return: 0 or a negative errno.
 */
int kturn_limit_begin(struct kturn_relay *relay, const struct nlattr *nest,
		      struct netlink_ext_ack *extack)
{
	struct kturn_limits limits = {};
	int ret;

	if (!nest)
		return 0;
	ret = parse(&limits, nest, extack);
	if (!ret)
		set(relay, &limits);
	return ret;
}

static int change_locked(struct kturn_relay *relay, const struct nlattr *nest,
			 struct netlink_ext_ack *extack)
{
	struct kturn_limits limits = relay->limits;
	int ret;

	/* Its sockets may be others' again. */
	if (test_bit(KTURN_RELAY_DEAD, &relay->flags))
		return -ENOENT;
	ret = parse(&limits, nest, extack);
	if (ret)
		return ret;
	set(relay, &limits);
	kturn_probing_set(&relay->client);
	kturn_probing_set(&relay->peer);
	return 0;
}

/**
 * kturn_limit_change() - change the limits of a living relay, all or none
 * @relay: a relay that the caller has a reference on
 * @nest: attribute with those to change
 * @extack: where the reason of a refusal goes
 *
 * Context: process context; takes the locks that a run does, may sleep.
 * Return: 0; -ENOENT if the relay has ended, without a text; or another
 * negative errno.
 */
int kturn_limit_change(struct kturn_relay *relay, const struct nlattr *nest,
		       struct netlink_ext_ack *extack)
{
	int ret;

	kturn_tls_lock(relay);
	kturn_lock_both(relay);
	ret = change_locked(relay, nest, extack);
	kturn_unlock_both(relay);
	kturn_tls_unlock(relay);
	if (ret)
		return ret;

	/* A relay that ends meanwhile waits for this before it is stopped. */
	rcu_read_lock();
	kturn_relay_kick(relay);
	rcu_read_unlock();
	return 0;
}

/* Of the two the sooner, if there is one. */
static unsigned long time_left(unsigned long left, u32 ms, unsigned long since)
{
	/* Both times began somewhere within a tick. */
	const unsigned long until = since + msecs_to_jiffies(ms) + 1;

	if (!ms)
		return left;
	return time_before(jiffies, until) ? min(left, until - jiffies) : 0;
}

static unsigned long last_move(const struct kturn_relay *relay)
{
	const unsigned long a = relay->to_peer.last, b = relay->to_client.last;

	return time_after(a, b) ? a : b;
}

/**
 * kturn_limit_time_is_up() - look whether a time is over, or set the timer
 * @relay: a relay with KTURN_RELAY_CHECK_TIME
 *
 * Context: both socket locks held.
 * Return: the reason to end it, or KTURN_END_REASON_NONE.
 */
enum kturn_end_reason kturn_limit_time_is_up(struct kturn_relay *relay)
{
	const struct kturn_limits *limits = &relay->limits;
	unsigned long left = MAX_JIFFY_OFFSET;

	/* The timer may be stopped already. */
	if (test_bit(KTURN_RELAY_DEAD, &relay->flags))
		return KTURN_END_REASON_NONE;
	left = time_left(left, limits->idle, last_move(relay));
	if (!left)
		return KTURN_END_REASON_IDLE;
	left = time_left(left, limits->life, relay->start);
	if (!left)
		return KTURN_END_REASON_LIMIT;

	clear_bit(KTURN_RELAY_CHECK_TIME, &relay->flags);
	/* A timer may be late by an eighth of its time. */
	if (limits->idle || limits->life)
		kturn_relay_look_in(relay, left - left / 8);
	return KTURN_END_REASON_NONE;
}

static u64 carried(const struct kturn_relay *relay)
{
	return relay->to_peer.stats.bytes + relay->to_client.stats.bytes;
}

/**
 * kturn_limit_bytes_are_used_up() - whether the relay may carry nothing more
 * @relay: a relay whose flows are metered
 *
 * Context: in a run.
 */
bool kturn_limit_bytes_are_used_up(const struct kturn_relay *relay)
{
	return relay->limits.bytes && carried(relay) >= relay->limits.bytes;
}

static void wake_after(struct kturn_relay *relay, u64 ns)
{
	kturn_relay_kick_in(relay, nsecs_to_jiffies(ns) + 1);
}

/* What the bucket has for it; with nothing worth a send the timer is set. */
static size_t rate_budget(struct kturn_flow *flow, u64 rate, size_t most)
{
	const u64 now = ktime_get_ns();
	const u64 has = kturn_bucket_has(flow->bucket, rate, now);
	const u64 worth = kturn_bucket_worth(rate, most);

	if (has >= worth)
		return min_t(u64, most, has);
	wake_after(flow->src->relay, kturn_bucket_wait(flow->bucket, rate, now, worth));
	return 0;
}

/**
 * kturn_limit_budget() - how many bytes a flow may move now
 * @flow: a metered flow with bytes to move
 * @most: how many there are, as far as one move could take them
 *
 * With a result of 0 the bytes have to stay where they are. The limit sees to
 * it that the relay runs again when they may move.
 *
 * Context: in a move, see &struct kturn_limits for its locks.
 */
size_t kturn_limit_budget(struct kturn_flow *flow, size_t most)
{
	const struct kturn_relay *relay = flow->src->relay;
	const struct kturn_limits *limits = &relay->limits;

	if (kturn_limit_bytes_are_used_up(relay))
		return 0;
	if (limits->bytes)
		most = min_t(u64, most, limits->bytes - carried(relay));
	return limits->rate ? rate_budget(flow, limits->rate, most) : most;
}

/**
 * kturn_limit_spent() - a flow has moved bytes
 * @flow: a metered flow, whose statistics have them already
 * @bytes: how many, at most what kturn_limit_budget() has said
 *
 * Context: in a move, as that.
 */
void kturn_limit_spent(struct kturn_flow *flow, size_t bytes)
{
	struct kturn_relay *relay = flow->src->relay;
	const u64 rate = relay->limits.rate;

	if (rate)
		flow->bucket = kturn_bucket_take(flow->bucket, rate, ktime_get_ns(), bytes);
	/* A move by itself does not see to the end of a relay. */
	if (kturn_limit_bytes_are_used_up(relay))
		kturn_relay_kick(relay);
}
