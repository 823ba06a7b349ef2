// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands in the messages: a relay, and the counters.
 */
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "engine.h"
#include "netlink.h"
#include "relay.h"
#include "tls.h"

static int put_endpoint(struct sk_buff *skb, const struct kturn_leg *leg,
			const struct kturn_endpoint *end, int addr_attr, int port_attr)
{
	int ret;

	if (leg->family == AF_INET)
		ret = nla_put_in_addr(skb, addr_attr, end->addr.s6_addr32[3]);
	else
		ret = nla_put_in6_addr(skb, addr_attr, &end->addr);
	return ret ?: nla_put_be16(skb, port_attr, end->port);
}

static int put_leg(struct sk_buff *skb, int attr, const struct kturn_leg *leg)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest ||
	    put_endpoint(skb, leg, &leg->local, KTURN_A_LEG_LOCAL_ADDR, KTURN_A_LEG_LOCAL_PORT) ||
	    put_endpoint(skb, leg, &leg->remote, KTURN_A_LEG_REMOTE_ADDR, KTURN_A_LEG_REMOTE_PORT))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_u64(struct sk_buff *skb, int attr, u64 value, int pad)
{
	return nla_put_u64_64bit(skb, attr, value, pad);
}

/* Read without the socket locks: each number is right, at its own moment. */
static int put_flow_stats(struct sk_buff *skb, const struct kturn_flow *flow)
{
	const struct kturn_flow_stats *stats = &flow->stats;

	if (put_u64(skb, KTURN_A_FLOW_BYTES, READ_ONCE(stats->bytes), KTURN_A_FLOW_PAD) ||
	    put_u64(skb, KTURN_A_FLOW_MOVES, READ_ONCE(stats->moves), KTURN_A_FLOW_PAD) ||
	    put_u64(skb, KTURN_A_FLOW_WAITS, READ_ONCE(stats->waits), KTURN_A_FLOW_PAD) ||
	    put_u64(skb, KTURN_A_FLOW_COPIED, READ_ONCE(stats->copied), KTURN_A_FLOW_PAD) ||
	    put_u64(skb, KTURN_A_FLOW_COALESCED, READ_ONCE(stats->coalesced),
		    KTURN_A_FLOW_PAD) ||
	    put_u64(skb, KTURN_A_FLOW_IDLE_MS, jiffies64_to_msecs(jiffies - READ_ONCE(flow->last)),
		    KTURN_A_FLOW_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_flow_queues(struct sk_buff *skb, const struct kturn_flow *flow)
{
	const struct tcp_sock *dst = tcp_sk(flow->dst->sk);
	const u32 unacked = READ_ONCE(dst->write_seq) - READ_ONCE(dst->snd_una);
	const u32 queued = max(tcp_inq(flow->src->sk), 0);
	const u32 held = flow->src->relay->tls ? kturn_tls_held(flow) : 0;

	if (nla_put_u32(skb, KTURN_A_FLOW_QUEUED, queued + held) ||
	    nla_put_u32(skb, KTURN_A_FLOW_UNACKED, unacked))
		return -EMSGSIZE;
	return 0;
}

static int put_stun(struct sk_buff *skb, const struct kturn_stun *stun, u16 followed)
{
	struct nlattr *nest = nla_nest_start(skb, KTURN_A_FLOW_STUN);

	if (!nest ||
	    nla_put_u32(skb, KTURN_A_STUN_FRAMING, data_race((u32)stun->framing)) ||
	    nla_put_u32(skb, KTURN_A_STUN_FOLLOWED, followed) ||
	    nla_put_u32(skb, KTURN_A_STUN_MESSAGES, READ_ONCE(stun->messages)) ||
	    nla_put_u32(skb, KTURN_A_STUN_REQUESTS, READ_ONCE(stun->requests)) ||
	    nla_put_u32(skb, KTURN_A_STUN_SUCCESSES, READ_ONCE(stun->successes)) ||
	    nla_put_u32(skb, KTURN_A_STUN_ERRORS, READ_ONCE(stun->errors)) ||
	    nla_put_u32(skb, KTURN_A_STUN_OTHERS, READ_ONCE(stun->others)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_opening(struct sk_buff *skb, const struct kturn_flow *flow)
{
	const u16 followed = smp_load_acquire(&flow->stun.followed);
	const u16 head_len = min_t(u16, followed, KTURN_HEAD_MAX);

	if (head_len && nla_put(skb, KTURN_A_FLOW_HEAD, head_len, flow->head))
		return -EMSGSIZE;
	return put_stun(skb, &flow->stun, followed);
}

static int put_flow(struct sk_buff *skb, int attr, const struct kturn_flow *flow)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest || put_flow_stats(skb, flow) || put_flow_queues(skb, flow) ||
	    put_opening(skb, flow))
		return -EMSGSIZE;
	if (READ_ONCE(flow->eof) && nla_put_flag(skb, KTURN_A_FLOW_EOF))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_runs(struct sk_buff *skb, int attr, const struct kturn_runs *runs)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest ||
	    put_u64(skb, KTURN_A_RUNS_DIRECT, READ_ONCE(runs->direct), KTURN_A_RUNS_PAD) ||
	    put_u64(skb, KTURN_A_RUNS_SOFTIRQ, READ_ONCE(runs->softirq), KTURN_A_RUNS_PAD) ||
	    put_u64(skb, KTURN_A_RUNS_PROCESS, READ_ONCE(runs->process), KTURN_A_RUNS_PAD) ||
	    put_u64(skb, KTURN_A_RUNS_DEFERS, READ_ONCE(runs->defers), KTURN_A_RUNS_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_owner(struct sk_buff *skb, const struct kturn_relay *relay,
		     enum kturn_relay_state state)
{
	const u32 owner = smp_load_acquire(&relay->owner);
	const u32 outlive_ms = READ_ONCE(relay->outlive_ms);

	if (nla_put_u32(skb, KTURN_A_RELAY_OWNER, owner))
		return -EMSGSIZE;
	if (outlive_ms && nla_put_u32(skb, KTURN_A_RELAY_OUTLIVE_MS, outlive_ms))
		return -EMSGSIZE;
	if (!owner && state != KTURN_RELAY_STATE_ENDED)
		return nla_put_u32(skb, KTURN_A_RELAY_ADOPT_WITHIN_MS,
				   kturn_owner_adopt_within_ms(relay));
	return 0;
}

static int put_end(struct sk_buff *skb, const struct kturn_relay *relay,
		   enum kturn_relay_state state)
{
	if (nla_put_u32(skb, KTURN_A_RELAY_CLOSED_FIRST, READ_ONCE(relay->closed_first)))
		return -EMSGSIZE;
	if (state != KTURN_RELAY_STATE_ENDED)
		return nla_put_u32(skb, KTURN_A_RELAY_REASON, KTURN_END_REASON_NONE);
	if (nla_put_u32(skb, KTURN_A_RELAY_REASON, relay->reason))
		return -EMSGSIZE;
	if (relay->reason == KTURN_END_REASON_ERROR)
		return nla_put_u32(skb, KTURN_A_RELAY_ERRNO, relay->err);
	if (relay->reason == KTURN_END_REASON_TLS_ALERT)
		return nla_put_u32(skb, KTURN_A_RELAY_ALERT, relay->err);
	return 0;
}

/* None is not worth an attribute. */
static int put_limit_u32(struct sk_buff *skb, int attr, u32 value)
{
	return value ? nla_put_u32(skb, attr, value) : 0;
}

static int put_limit_u64(struct sk_buff *skb, int attr, u64 value)
{
	return value ? put_u64(skb, attr, value, KTURN_A_LIMITS_PAD) : 0;
}

/* Read without the socket locks, as the counters are. */
static int put_limits(struct sk_buff *skb, const struct kturn_limits *limits)
{
	const struct kturn_probing *probing = &limits->probing;
	struct nlattr *nest;

	nest = nla_nest_start(skb, KTURN_A_RELAY_LIMITS);
	if (!nest ||
	    put_limit_u32(skb, KTURN_A_LIMITS_IDLE_MS, READ_ONCE(limits->idle)) ||
	    put_limit_u32(skb, KTURN_A_LIMITS_LIFE_MS, READ_ONCE(limits->life)) ||
	    put_limit_u64(skb, KTURN_A_LIMITS_BYTES, READ_ONCE(limits->bytes)) ||
	    put_limit_u64(skb, KTURN_A_LIMITS_RATE, READ_ONCE(limits->rate)) ||
	    put_limit_u32(skb, KTURN_A_LIMITS_KEEPALIVE_IDLE, READ_ONCE(probing->idle)) ||
	    put_limit_u32(skb, KTURN_A_LIMITS_KEEPALIVE_INTERVAL,
			  READ_ONCE(probing->interval)) ||
	    put_limit_u32(skb, KTURN_A_LIMITS_KEEPALIVE_COUNT, READ_ONCE(probing->count)) ||
	    put_limit_u32(skb, KTURN_A_LIMITS_USER_TIMEOUT_MS,
			  READ_ONCE(probing->user_timeout)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_relay(struct sk_buff *skb, const struct kturn_relay *relay)
{
	const enum kturn_relay_state state = kturn_relay_state(relay);

	if (put_u64(skb, KTURN_A_RELAY_ID, relay->id, KTURN_A_RELAY_PAD) ||
	    put_u64(skb, KTURN_A_RELAY_GROUP, relay->group, KTURN_A_RELAY_PAD) ||
	    put_owner(skb, relay, state) ||
	    nla_put_u32(skb, KTURN_A_RELAY_STATE, state) ||
	    nla_put_u32(skb, KTURN_A_RELAY_ENGINE, relay->engine->id) ||
	    put_u64(skb, KTURN_A_RELAY_AGE_MS, jiffies64_to_msecs(jiffies - relay->start),
		    KTURN_A_RELAY_PAD) ||
	    put_leg(skb, KTURN_A_RELAY_CLIENT, &relay->client) ||
	    put_leg(skb, KTURN_A_RELAY_PEER, &relay->peer) ||
	    put_flow(skb, KTURN_A_RELAY_TO_PEER, &relay->to_peer) ||
	    put_flow(skb, KTURN_A_RELAY_TO_CLIENT, &relay->to_client) ||
	    put_runs(skb, KTURN_A_RELAY_RUNS, &relay->runs) ||
	    put_end(skb, relay, state) ||
	    put_limits(skb, &relay->limits))
		return -EMSGSIZE;
	if (relay->cookie_len &&
	    nla_put(skb, KTURN_A_RELAY_COOKIE, relay->cookie_len, relay->cookie))
		return -EMSGSIZE;
	return 0;
}

/**
 * kturn_nl_relay_msg() - an empty message with room for any relay
 *
 * And no more: a socket's receive buffer is charged for the room, not for what
 * is in it.
 *
 * Context: process context, may sleep.
 * Return: the message, or NULL without memory.
 */
struct sk_buff *kturn_nl_relay_msg(void)
{
	const size_t leg = nla_total_size(2 * (nla_total_size(sizeof(struct in6_addr)) +
					       nla_total_size(sizeof(__be16))));
	const size_t stun = nla_total_size(7 * nla_total_size(sizeof(u32)));
	const size_t flow = nla_total_size(6 * nla_total_size_64bit(sizeof(u64)) +
					   2 * nla_total_size(sizeof(u32)) + nla_total_size(0) +
					   nla_total_size(KTURN_HEAD_MAX) + stun);
	const size_t runs = nla_total_size(4 * nla_total_size_64bit(sizeof(u64)));
	const size_t limits = nla_total_size(2 * nla_total_size_64bit(sizeof(u64)) +
					     6 * nla_total_size(sizeof(u32)));
	const size_t relay = 3 * nla_total_size_64bit(sizeof(u64)) +
			     8 * nla_total_size(sizeof(u32)) +
			     nla_total_size(KTURN_COOKIE_MAX);

	return genlmsg_new(2 * leg + 2 * flow + runs + limits + relay, GFP_KERNEL);
}

/**
 * kturn_nl_fill_relay() - write a message about a relay
 * @skb: where to; as it was if there is no room
 * @relay: the relay, under RCU or claimed
 * @portid: netlink socket that asked, or 0
 * @seq: its request's number, or 0
 * @flags: NLM_F_*
 * @cmd: the command that the message answers or is
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int kturn_nl_fill_relay(struct sk_buff *skb, const struct kturn_relay *relay,
			u32 portid, u32 seq, int flags, enum kturn_cmd cmd)
{
	void *hdr = genlmsg_put(skb, portid, seq, &kturn_nl_family, flags, cmd);

	if (!hdr)
		return -EMSGSIZE;
	if (put_relay(skb, relay)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

static int put_reasons(struct sk_buff *skb, const struct kturn_net_stats *stats)
{
	struct nlattr *nest;
	int reason;

	for (reason = KTURN_END_REASON_EOF; reason < ARRAY_SIZE(stats->ended); reason++) {
		nest = nla_nest_start(skb, KTURN_A_STATS_ENDED);
		if (!nest ||
		    nla_put_u32(skb, KTURN_A_REASON_COUNT_REASON, reason) ||
		    put_u64(skb, KTURN_A_REASON_COUNT_COUNT, stats->ended[reason],
			    KTURN_A_REASON_COUNT_PAD))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

/**
 * kturn_nl_put_stats() - write the counters of a network namespace
 * @skb: where to
 * @stats: the counters
 * @relays: number of living relays
 * @generation: changes when the set of relays does
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int kturn_nl_put_stats(struct sk_buff *skb, const struct kturn_net_stats *stats, u64 relays,
		       u64 generation)
{
	const struct kturn_flow_stats *a = &stats->to_peer, *b = &stats->to_client;

	if (put_u64(skb, KTURN_A_STATS_RELAYS, relays, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_CREATED, stats->created, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_REFUSED, stats->refused, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_BYTES_TO_PEER, a->bytes, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_BYTES_TO_CLIENT, b->bytes, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_COPIED, a->copied + b->copied, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_MOVES, a->moves + b->moves, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_WAITS, a->waits + b->waits, KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_COALESCED, a->coalesced + b->coalesced,
		    KTURN_A_STATS_PAD) ||
	    put_u64(skb, KTURN_A_STATS_GENERATION, generation, KTURN_A_STATS_PAD) ||
	    put_runs(skb, KTURN_A_STATS_RUNS, &stats->runs))
		return -EMSGSIZE;
	return put_reasons(skb, stats);
}
