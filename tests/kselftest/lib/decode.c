// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <string.h>

#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "kturn_test.h"

/*
 * What relays look like on the wire. A length that is not the type's own, or
 * an attribute that is not in the specification, spoils the whole message.
 */

struct decoder {
	uint64_t seen;
	bool spoiled;
};

static void take(struct decoder *d, struct nlattr *attr, void *value, int size)
{
	if (nla_len(attr) != size)
		d->spoiled = true;
	else
		memcpy(value, nla_data(attr), size);
}

static int take_bytes(struct decoder *d, struct nlattr *attr, void *value, int max)
{
	if (nla_len(attr) > max) {
		d->spoiled = true;
		return 0;
	}
	memcpy(value, nla_data(attr), nla_len(attr));
	return nla_len(attr);
}

static void take_leg(struct decoder *d, struct nlattr *nest, struct leg *leg)
{
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, nest, left) {
		switch (nla_type(a)) {
		case KTURN_A_LEG_LOCAL_ADDR:
			leg->len = take_bytes(d, a, leg->local, sizeof(leg->local));
			break;
		case KTURN_A_LEG_REMOTE_ADDR:
			if (take_bytes(d, a, leg->remote, sizeof(leg->remote)) != leg->len)
				d->spoiled = true;
			break;
		case KTURN_A_LEG_LOCAL_PORT:
			take(d, a, &leg->local_port, sizeof(leg->local_port));
			break;
		case KTURN_A_LEG_REMOTE_PORT:
			take(d, a, &leg->remote_port, sizeof(leg->remote_port));
			break;
		default:
			d->spoiled = true;
		}
	}
	leg->local_port = ntohs(leg->local_port);
	leg->remote_port = ntohs(leg->remote_port);
}

static void take_runs(struct decoder *d, struct nlattr *nest, struct runs *runs)
{
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, nest, left) {
		switch (nla_type(a)) {
		case KTURN_A_RUNS_PAD:
			break;
		case KTURN_A_RUNS_DIRECT:
			take(d, a, &runs->direct, sizeof(runs->direct));
			break;
		case KTURN_A_RUNS_SOFTIRQ:
			take(d, a, &runs->softirq, sizeof(runs->softirq));
			break;
		case KTURN_A_RUNS_PROCESS:
			take(d, a, &runs->process, sizeof(runs->process));
			break;
		case KTURN_A_RUNS_DEFERS:
			take(d, a, &runs->defers, sizeof(runs->defers));
			break;
		default:
			d->spoiled = true;
		}
	}
}

static void take_stun(struct decoder *d, struct nlattr *nest, struct stun *stun)
{
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, nest, left) {
		switch (nla_type(a)) {
		case KTURN_A_STUN_FRAMING:
			take(d, a, &stun->framing, sizeof(stun->framing));
			break;
		case KTURN_A_STUN_FOLLOWED:
			take(d, a, &stun->followed, sizeof(stun->followed));
			break;
		case KTURN_A_STUN_MESSAGES:
			take(d, a, &stun->messages, sizeof(stun->messages));
			break;
		case KTURN_A_STUN_REQUESTS:
			take(d, a, &stun->requests, sizeof(stun->requests));
			break;
		case KTURN_A_STUN_SUCCESSES:
			take(d, a, &stun->successes, sizeof(stun->successes));
			break;
		case KTURN_A_STUN_ERRORS:
			take(d, a, &stun->errors, sizeof(stun->errors));
			break;
		case KTURN_A_STUN_OTHERS:
			take(d, a, &stun->others, sizeof(stun->others));
			break;
		default:
			d->spoiled = true;
		}
	}
}

static void take_flow(struct decoder *d, struct nlattr *nest, struct flow *flow)
{
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, nest, left) {
		switch (nla_type(a)) {
		case KTURN_A_FLOW_PAD:
			break;
		case KTURN_A_FLOW_BYTES:
			take(d, a, &flow->bytes, sizeof(flow->bytes));
			break;
		case KTURN_A_FLOW_MOVES:
			take(d, a, &flow->moves, sizeof(flow->moves));
			break;
		case KTURN_A_FLOW_WAITS:
			take(d, a, &flow->waits, sizeof(flow->waits));
			break;
		case KTURN_A_FLOW_COPIED:
			take(d, a, &flow->copied, sizeof(flow->copied));
			break;
		case KTURN_A_FLOW_COALESCED:
			take(d, a, &flow->coalesced, sizeof(flow->coalesced));
			break;
		case KTURN_A_FLOW_IDLE_MS:
			take(d, a, &flow->idle_ms, sizeof(flow->idle_ms));
			break;
		case KTURN_A_FLOW_QUEUED:
			take(d, a, &flow->queued, sizeof(flow->queued));
			break;
		case KTURN_A_FLOW_UNACKED:
			take(d, a, &flow->unacked, sizeof(flow->unacked));
			break;
		case KTURN_A_FLOW_EOF:
			flow->eof = true;
			break;
		case KTURN_A_FLOW_HEAD:
			flow->head_len = take_bytes(d, a, flow->head, sizeof(flow->head));
			break;
		case KTURN_A_FLOW_STUN:
			take_stun(d, a, &flow->stun);
			break;
		default:
			d->spoiled = true;
		}
	}
}

static void take_limits(struct decoder *d, struct nlattr *nest, struct limits *limits)
{
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, nest, left) {
		switch (nla_type(a)) {
		case KTURN_A_LIMITS_PAD:
			break;
		case KTURN_A_LIMITS_IDLE_MS:
			take(d, a, &limits->idle_ms, sizeof(limits->idle_ms));
			break;
		case KTURN_A_LIMITS_LIFE_MS:
			take(d, a, &limits->life_ms, sizeof(limits->life_ms));
			break;
		case KTURN_A_LIMITS_BYTES:
			take(d, a, &limits->bytes, sizeof(limits->bytes));
			break;
		case KTURN_A_LIMITS_RATE:
			take(d, a, &limits->rate, sizeof(limits->rate));
			break;
		case KTURN_A_LIMITS_KEEPALIVE_IDLE:
			take(d, a, &limits->keepalive_idle, sizeof(uint32_t));
			break;
		case KTURN_A_LIMITS_KEEPALIVE_INTERVAL:
			take(d, a, &limits->keepalive_interval, sizeof(uint32_t));
			break;
		case KTURN_A_LIMITS_KEEPALIVE_COUNT:
			take(d, a, &limits->keepalive_count, sizeof(uint32_t));
			break;
		case KTURN_A_LIMITS_USER_TIMEOUT_MS:
			take(d, a, &limits->user_timeout_ms, sizeof(uint32_t));
			break;
		default:
			d->spoiled = true;
		}
	}
}

static void take_relay_attr(struct decoder *d, struct nlattr *a, struct relay *relay)
{
	switch (nla_type(a)) {
	case KTURN_A_RELAY_PAD:
		break;
	case KTURN_A_RELAY_ID:
		take(d, a, &relay->id, sizeof(relay->id));
		break;
	case KTURN_A_RELAY_GROUP:
		relay->has_group = true;
		take(d, a, &relay->group, sizeof(relay->group));
		break;
	case KTURN_A_RELAY_COOKIE:
		relay->cookie_len = take_bytes(d, a, relay->cookie, sizeof(relay->cookie));
		break;
	case KTURN_A_RELAY_CLIENT:
		take_leg(d, a, &relay->leg[CLIENT]);
		break;
	case KTURN_A_RELAY_PEER:
		take_leg(d, a, &relay->leg[PEER]);
		break;
	case KTURN_A_RELAY_STATE:
		take(d, a, &relay->state, sizeof(relay->state));
		break;
	case KTURN_A_RELAY_ENGINE:
		take(d, a, &relay->engine, sizeof(relay->engine));
		break;
	case KTURN_A_RELAY_AGE_MS:
		take(d, a, &relay->age_ms, sizeof(relay->age_ms));
		break;
	case KTURN_A_RELAY_OWNER:
		take(d, a, &relay->owner, sizeof(relay->owner));
		break;
	case KTURN_A_RELAY_OUTLIVE_MS:
		take(d, a, &relay->outlive_ms, sizeof(relay->outlive_ms));
		break;
	case KTURN_A_RELAY_ADOPT_WITHIN_MS:
		relay->waits_for_owner = true;
		take(d, a, &relay->adopt_within_ms, sizeof(relay->adopt_within_ms));
		break;
	case KTURN_A_RELAY_RUNS:
		take_runs(d, a, &relay->runs);
		break;
	case KTURN_A_RELAY_TO_PEER:
		take_flow(d, a, &relay->from[CLIENT]);
		break;
	case KTURN_A_RELAY_TO_CLIENT:
		take_flow(d, a, &relay->from[PEER]);
		break;
	case KTURN_A_RELAY_REASON:
		take(d, a, &relay->reason, sizeof(relay->reason));
		break;
	case KTURN_A_RELAY_ERRNO:
		take(d, a, &relay->error, sizeof(relay->error));
		break;
	case KTURN_A_RELAY_ALERT:
		take(d, a, &relay->alert, sizeof(relay->alert));
		break;
	case KTURN_A_RELAY_CLOSED_FIRST:
		take(d, a, &relay->closed_first, sizeof(relay->closed_first));
		break;
	case KTURN_A_RELAY_LIMITS:
		take_limits(d, a, &relay->limits);
		break;
	default:
		d->spoiled = true;
	}
}

#define SEEN(name)	(1ull << KTURN_A_RELAY_##name)
#define ALWAYS_THERE	(SEEN(ID) | SEEN(CLIENT) | SEEN(PEER) | SEEN(STATE) |	\
			 SEEN(ENGINE) | SEEN(AGE_MS) | SEEN(OWNER) |		\
			 SEEN(TO_PEER) | SEEN(TO_CLIENT) | SEEN(RUNS))

int decode_relay(struct nlmsghdr *hdr, struct relay *relay)
{
	struct decoder d = { 0 };
	struct nlattr *a;
	int left;

	memset(relay, 0, sizeof(*relay));
	nlmsg_for_each_attr(a, hdr, GENL_HDRLEN, left) {
		take_relay_attr(&d, a, relay);
		d.seen |= 1ull << nla_type(a);
	}
	if (d.spoiled || (d.seen & ALWAYS_THERE) != ALWAYS_THERE)
		return fail("malformed relay: attributes %#jx, %s", (uintmax_t)d.seen,
			    d.spoiled ? "one of them bad" : "some missing");
	return 0;
}

static void take_ended(struct decoder *d, struct nlattr *nest, struct stats *stats)
{
	uint32_t reason = 0;
	uint64_t count = 0;
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, nest, left) {
		if (nla_type(a) == KTURN_A_REASON_COUNT_REASON)
			take(d, a, &reason, sizeof(reason));
		else if (nla_type(a) == KTURN_A_REASON_COUNT_COUNT)
			take(d, a, &count, sizeof(count));
		else if (nla_type(a) != KTURN_A_REASON_COUNT_PAD)
			d->spoiled = true;
	}
	if (reason > KTURN_END_REASON_ERROR)
		d->spoiled = true;
	else
		stats->ended[reason] += count;
}

static void take_stats_attr(struct decoder *d, struct nlattr *a, struct stats *stats)
{
	switch (nla_type(a)) {
	case KTURN_A_STATS_PAD:
		break;
	case KTURN_A_STATS_RELAYS:
		take(d, a, &stats->relays, sizeof(stats->relays));
		break;
	case KTURN_A_STATS_CREATED:
		take(d, a, &stats->created, sizeof(stats->created));
		break;
	case KTURN_A_STATS_REFUSED:
		take(d, a, &stats->refused, sizeof(stats->refused));
		break;
	case KTURN_A_STATS_BYTES_TO_PEER:
		take(d, a, &stats->bytes_from[CLIENT], sizeof(uint64_t));
		break;
	case KTURN_A_STATS_BYTES_TO_CLIENT:
		take(d, a, &stats->bytes_from[PEER], sizeof(uint64_t));
		break;
	case KTURN_A_STATS_COPIED:
		take(d, a, &stats->copied, sizeof(stats->copied));
		break;
	case KTURN_A_STATS_MOVES:
		take(d, a, &stats->moves, sizeof(stats->moves));
		break;
	case KTURN_A_STATS_WAITS:
		take(d, a, &stats->waits, sizeof(stats->waits));
		break;
	case KTURN_A_STATS_COALESCED:
		take(d, a, &stats->coalesced, sizeof(stats->coalesced));
		break;
	case KTURN_A_STATS_GENERATION:
		take(d, a, &stats->generation, sizeof(stats->generation));
		break;
	case KTURN_A_STATS_RUNS:
		take_runs(d, a, &stats->runs);
		break;
	case KTURN_A_STATS_ENDED:
		take_ended(d, a, stats);
		break;
	default:
		d->spoiled = true;
	}
}

int decode_stats(struct nlmsghdr *hdr, struct stats *stats)
{
	struct decoder d = { 0 };
	struct nlattr *a;
	int left;

	nlmsg_for_each_attr(a, hdr, GENL_HDRLEN, left)
		take_stats_attr(&d, a, stats);
	return d.spoiled ? fail("malformed counters") : 0;
}
