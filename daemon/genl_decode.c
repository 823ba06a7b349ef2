// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "genl.h"

static const struct nla_policy leg_policy[KTURN_A_LEG_MAX + 1] = {
	[KTURN_A_LEG_LOCAL_ADDR]	= { .type = NLA_BINARY, .maxlen = 16 },
	[KTURN_A_LEG_LOCAL_PORT]	= { .type = NLA_U16 },
	[KTURN_A_LEG_REMOTE_ADDR]	= { .type = NLA_BINARY, .maxlen = 16 },
	[KTURN_A_LEG_REMOTE_PORT]	= { .type = NLA_U16 },
};

static const struct nla_policy flow_policy[KTURN_A_FLOW_MAX + 1] = {
	[KTURN_A_FLOW_BYTES]		= { .type = NLA_U64 },
	[KTURN_A_FLOW_MOVES]		= { .type = NLA_U64 },
	[KTURN_A_FLOW_WAITS]		= { .type = NLA_U64 },
	[KTURN_A_FLOW_COPIED]		= { .type = NLA_U64 },
	[KTURN_A_FLOW_COALESCED]	= { .type = NLA_U64 },
	[KTURN_A_FLOW_IDLE_MS]		= { .type = NLA_U64 },
	[KTURN_A_FLOW_QUEUED]		= { .type = NLA_U32 },
	[KTURN_A_FLOW_UNACKED]		= { .type = NLA_U32 },
	[KTURN_A_FLOW_EOF]		= { .type = NLA_FLAG },
	[KTURN_A_FLOW_HEAD]		= { .type = NLA_BINARY, .maxlen = KTURN_HEAD_MAX },
	[KTURN_A_FLOW_STUN]		= { .type = NLA_NESTED },
};

static const struct nla_policy stun_policy[KTURN_A_STUN_MAX + 1] = {
	[KTURN_A_STUN_FRAMING]		= { .type = NLA_U32 },
	[KTURN_A_STUN_FOLLOWED]		= { .type = NLA_U32 },
	[KTURN_A_STUN_MESSAGES]		= { .type = NLA_U32 },
	[KTURN_A_STUN_REQUESTS]		= { .type = NLA_U32 },
	[KTURN_A_STUN_SUCCESSES]	= { .type = NLA_U32 },
	[KTURN_A_STUN_ERRORS]		= { .type = NLA_U32 },
	[KTURN_A_STUN_OTHERS]		= { .type = NLA_U32 },
};

static const struct nla_policy runs_policy[KTURN_A_RUNS_MAX + 1] = {
	[KTURN_A_RUNS_DIRECT]		= { .type = NLA_U64 },
	[KTURN_A_RUNS_SOFTIRQ]		= { .type = NLA_U64 },
	[KTURN_A_RUNS_PROCESS]		= { .type = NLA_U64 },
	[KTURN_A_RUNS_DEFERS]		= { .type = NLA_U64 },
};

static const struct nla_policy limits_policy[KTURN_A_LIMITS_MAX + 1] = {
	[KTURN_A_LIMITS_IDLE_MS]	= { .type = NLA_U32 },
	[KTURN_A_LIMITS_LIFE_MS]	= { .type = NLA_U32 },
	[KTURN_A_LIMITS_BYTES]		= { .type = NLA_U64 },
	[KTURN_A_LIMITS_RATE]		= { .type = NLA_U64 },
	[KTURN_A_LIMITS_KEEPALIVE_IDLE]	= { .type = NLA_U32 },
	[KTURN_A_LIMITS_KEEPALIVE_INTERVAL] = { .type = NLA_U32 },
	[KTURN_A_LIMITS_KEEPALIVE_COUNT] = { .type = NLA_U32 },
	[KTURN_A_LIMITS_USER_TIMEOUT_MS] = { .type = NLA_U32 },
};

static const struct nla_policy relay_policy[KTURN_A_RELAY_MAX + 1] = {
	[KTURN_A_RELAY_ID]		= { .type = NLA_U64 },
	[KTURN_A_RELAY_GROUP]		= { .type = NLA_U64 },
	[KTURN_A_RELAY_COOKIE]		= { .type = NLA_BINARY, .maxlen = KTURN_COOKIE_MAX },
	[KTURN_A_RELAY_CLIENT]		= { .type = NLA_NESTED },
	[KTURN_A_RELAY_PEER]		= { .type = NLA_NESTED },
	[KTURN_A_RELAY_STATE]		= { .type = NLA_U32 },
	[KTURN_A_RELAY_ENGINE]		= { .type = NLA_U32 },
	[KTURN_A_RELAY_AGE_MS]		= { .type = NLA_U64 },
	[KTURN_A_RELAY_OWNER]		= { .type = NLA_U32 },
	[KTURN_A_RELAY_TO_PEER]		= { .type = NLA_NESTED },
	[KTURN_A_RELAY_TO_CLIENT]	= { .type = NLA_NESTED },
	[KTURN_A_RELAY_REASON]		= { .type = NLA_U32 },
	[KTURN_A_RELAY_ERRNO]		= { .type = NLA_U32 },
	[KTURN_A_RELAY_CLOSED_FIRST]	= { .type = NLA_U32 },
	[KTURN_A_RELAY_OUTLIVE_MS]	= { .type = NLA_U32 },
	[KTURN_A_RELAY_ADOPT_WITHIN_MS]	= { .type = NLA_U32 },
	[KTURN_A_RELAY_RUNS]		= { .type = NLA_NESTED },
	[KTURN_A_RELAY_ALERT]		= { .type = NLA_U32 },
	[KTURN_A_RELAY_LIMITS]		= { .type = NLA_NESTED },
};

static const struct nla_policy reason_count_policy[KTURN_A_REASON_COUNT_MAX + 1] = {
	[KTURN_A_REASON_COUNT_REASON]	= { .type = NLA_U32 },
	[KTURN_A_REASON_COUNT_COUNT]	= { .type = NLA_U64 },
};

static const struct nla_policy stats_policy[KTURN_A_STATS_MAX + 1] = {
	[KTURN_A_STATS_RELAYS]		= { .type = NLA_U64 },
	[KTURN_A_STATS_CREATED]		= { .type = NLA_U64 },
	[KTURN_A_STATS_REFUSED]		= { .type = NLA_U64 },
	[KTURN_A_STATS_BYTES_TO_PEER]	= { .type = NLA_U64 },
	[KTURN_A_STATS_BYTES_TO_CLIENT]	= { .type = NLA_U64 },
	[KTURN_A_STATS_COPIED]		= { .type = NLA_U64 },
	[KTURN_A_STATS_ENDED]		= { .type = NLA_NESTED },
	[KTURN_A_STATS_MOVES]		= { .type = NLA_U64 },
	[KTURN_A_STATS_WAITS]		= { .type = NLA_U64 },
	[KTURN_A_STATS_COALESCED]	= { .type = NLA_U64 },
	[KTURN_A_STATS_RUNS]		= { .type = NLA_NESTED },
	[KTURN_A_STATS_GENERATION]	= { .type = NLA_U64 },
};

static const struct nla_policy caps_policy[KTURN_A_CAPS_MAX + 1] = {
	[KTURN_A_CAPS_OWNER]		= { .type = NLA_U32 },
	[KTURN_A_CAPS_NETNS]		= { .type = NLA_U32 },
	[KTURN_A_CAPS_TOTAL]		= { .type = NLA_U32 },
};

static const struct nla_policy settings_policy[KTURN_A_SETTINGS_MAX + 1] = {
	[KTURN_A_SETTINGS_COALESCE]	= { .type = NLA_NESTED },
};

static const struct nla_policy coalesce_policy[KTURN_A_COALESCE_MAX + 1] = {
	[KTURN_A_COALESCE_DELAY_US]	= { .type = NLA_U32 },
	[KTURN_A_COALESCE_LOOKS]	= { .type = NLA_U32 },
	[KTURN_A_COALESCE_BYTES]	= { .type = NLA_U32 },
	[KTURN_A_COALESCE_MEAN]		= { .type = NLA_U32 },
};

/* An attribute that is not there reads as zero. */
static uint64_t u64(const struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

static uint32_t u32(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

/* The policy has limited the length to what the caller has room for. */
static size_t binary(void *to, const struct nlattr *attr)
{
	if (!attr)
		return 0;
	memcpy(to, nla_data(attr), nla_len(attr));
	return nla_len(attr);
}

static void decode_addr(union addr *addr, const struct nlattr *ip,
			const struct nlattr *port)
{
	int len = ip ? nla_len(ip) : 0;

	if (len == sizeof(addr->v4.sin_addr)) {
		addr->v4.sin_family = AF_INET;
		addr->v4.sin_port = port ? nla_get_u16(port) : 0;
		memcpy(&addr->v4.sin_addr, nla_data(ip), len);
	} else if (len == sizeof(addr->v6.sin6_addr)) {
		addr->v6.sin6_family = AF_INET6;
		addr->v6.sin6_port = port ? nla_get_u16(port) : 0;
		memcpy(&addr->v6.sin6_addr, nla_data(ip), len);
	}
}

static int decode_leg(struct kturn_leg *leg, struct nlattr *nest)
{
	struct nlattr *tb[KTURN_A_LEG_MAX + 1];

	if (!nest)
		return 0;
	if (nla_parse_nested(tb, KTURN_A_LEG_MAX, nest, leg_policy))
		return -EBADMSG;
	decode_addr(&leg->local, tb[KTURN_A_LEG_LOCAL_ADDR], tb[KTURN_A_LEG_LOCAL_PORT]);
	decode_addr(&leg->remote, tb[KTURN_A_LEG_REMOTE_ADDR], tb[KTURN_A_LEG_REMOTE_PORT]);
	return 0;
}

/* The family has more bits than anything it counts. */
static unsigned int at_most(unsigned int most, struct nlattr *attr)
{
	return u32(attr) < most ? u32(attr) : most;
}

static int decode_stun(struct kturn_stun *stun, struct nlattr *nest)
{
	struct nlattr *tb[KTURN_A_STUN_MAX + 1];

	if (nla_parse_nested(tb, KTURN_A_STUN_MAX, nest, stun_policy))
		return -EBADMSG;
	stun->framing = at_most(KTURN_FRAMING_NONE, tb[KTURN_A_STUN_FRAMING]);
	stun->followed = at_most(KTURN_STUN_BYTES, tb[KTURN_A_STUN_FOLLOWED]);
	stun->messages = at_most(UINT8_MAX, tb[KTURN_A_STUN_MESSAGES]);
	stun->requests = at_most(UINT8_MAX, tb[KTURN_A_STUN_REQUESTS]);
	stun->successes = at_most(UINT8_MAX, tb[KTURN_A_STUN_SUCCESSES]);
	stun->errors = at_most(UINT8_MAX, tb[KTURN_A_STUN_ERRORS]);
	stun->others = at_most(UINT8_MAX, tb[KTURN_A_STUN_OTHERS]);
	return 0;
}

/* A module that does not follow STUN has sent the first bytes alone. */
static int decode_opening(struct opening *opening, struct nlattr *head, struct nlattr *stun)
{
	uint8_t bytes[OPENING_HEAD];

	memset(opening, 0, sizeof(*opening));
	opening_add(opening, bytes, binary(bytes, head));
	return stun ? decode_stun(&opening->stun, stun) : 0;
}

static int decode_flow(struct kturn_flow *flow, struct nlattr *nest)
{
	struct nlattr *tb[KTURN_A_FLOW_MAX + 1];

	if (!nest)
		return 0;
	if (nla_parse_nested(tb, KTURN_A_FLOW_MAX, nest, flow_policy))
		return -EBADMSG;
	flow->bytes = u64(tb[KTURN_A_FLOW_BYTES]);
	flow->moves = u64(tb[KTURN_A_FLOW_MOVES]);
	flow->waits = u64(tb[KTURN_A_FLOW_WAITS]);
	flow->copied = u64(tb[KTURN_A_FLOW_COPIED]);
	flow->coalesced = u64(tb[KTURN_A_FLOW_COALESCED]);
	flow->idle_ms = u64(tb[KTURN_A_FLOW_IDLE_MS]);
	flow->queued = u32(tb[KTURN_A_FLOW_QUEUED]);
	flow->unacked = u32(tb[KTURN_A_FLOW_UNACKED]);
	flow->eof = tb[KTURN_A_FLOW_EOF];
	return decode_opening(&flow->opening, tb[KTURN_A_FLOW_HEAD], tb[KTURN_A_FLOW_STUN]);
}

static int decode_runs(struct kturn_runs *runs, struct nlattr *nest)
{
	struct nlattr *tb[KTURN_A_RUNS_MAX + 1];

	if (!nest)
		return 0;
	if (nla_parse_nested(tb, KTURN_A_RUNS_MAX, nest, runs_policy))
		return -EBADMSG;
	runs->direct = u64(tb[KTURN_A_RUNS_DIRECT]);
	runs->softirq = u64(tb[KTURN_A_RUNS_SOFTIRQ]);
	runs->process = u64(tb[KTURN_A_RUNS_PROCESS]);
	runs->defers = u64(tb[KTURN_A_RUNS_DEFERS]);
	return 0;
}

static int decode_limits(struct kturn_limits *limits, struct nlattr *nest)
{
	struct nlattr *tb[KTURN_A_LIMITS_MAX + 1];

	if (!nest)
		return 0;
	if (nla_parse_nested(tb, KTURN_A_LIMITS_MAX, nest, limits_policy))
		return -EBADMSG;
	limits->idle_ms = u32(tb[KTURN_A_LIMITS_IDLE_MS]);
	limits->life_ms = u32(tb[KTURN_A_LIMITS_LIFE_MS]);
	limits->bytes = u64(tb[KTURN_A_LIMITS_BYTES]);
	limits->rate = u64(tb[KTURN_A_LIMITS_RATE]);
	limits->keepalive_idle = u32(tb[KTURN_A_LIMITS_KEEPALIVE_IDLE]);
	limits->keepalive_interval = u32(tb[KTURN_A_LIMITS_KEEPALIVE_INTERVAL]);
	limits->keepalive_count = u32(tb[KTURN_A_LIMITS_KEEPALIVE_COUNT]);
	limits->user_timeout_ms = u32(tb[KTURN_A_LIMITS_USER_TIMEOUT_MS]);
	return 0;
}

int kturn_relay_decode(struct kturn_relay *relay, const struct nlmsghdr *nlh)
{
	struct nlattr *tb[KTURN_A_RELAY_MAX + 1];

	memset(relay, 0, sizeof(*relay));
	if (genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, KTURN_A_RELAY_MAX, relay_policy))
		return -EBADMSG;
	relay->id = u64(tb[KTURN_A_RELAY_ID]);
	relay->group = u64(tb[KTURN_A_RELAY_GROUP]);
	relay->age_ms = u64(tb[KTURN_A_RELAY_AGE_MS]);
	relay->state = u32(tb[KTURN_A_RELAY_STATE]);
	relay->engine = u32(tb[KTURN_A_RELAY_ENGINE]);
	relay->reason = u32(tb[KTURN_A_RELAY_REASON]);
	relay->error = u32(tb[KTURN_A_RELAY_ERRNO]);
	relay->closed_first = at_most(KTURN_SIDE_PEER, tb[KTURN_A_RELAY_CLOSED_FIRST]);
	relay->alert = u32(tb[KTURN_A_RELAY_ALERT]);
	relay->owner = u32(tb[KTURN_A_RELAY_OWNER]);
	relay->outlive_ms = u32(tb[KTURN_A_RELAY_OUTLIVE_MS]);
	relay->orphan = tb[KTURN_A_RELAY_ADOPT_WITHIN_MS];
	relay->adopt_within_ms = u32(tb[KTURN_A_RELAY_ADOPT_WITHIN_MS]);
	relay->cookie_len = binary(relay->cookie, tb[KTURN_A_RELAY_COOKIE]);
	if (decode_leg(&relay->client, tb[KTURN_A_RELAY_CLIENT]) ||
	    decode_leg(&relay->peer, tb[KTURN_A_RELAY_PEER]) ||
	    decode_flow(&relay->to_peer, tb[KTURN_A_RELAY_TO_PEER]) ||
	    decode_flow(&relay->to_client, tb[KTURN_A_RELAY_TO_CLIENT]) ||
	    decode_runs(&relay->runs, tb[KTURN_A_RELAY_RUNS]) ||
	    decode_limits(&relay->limits, tb[KTURN_A_RELAY_LIMITS]))
		return -EBADMSG;
	return 0;
}

static int decode_reason_count(struct kturn_stats *stats, struct nlattr *nest)
{
	struct nlattr *tb[KTURN_A_REASON_COUNT_MAX + 1];

	if (nla_parse_nested(tb, KTURN_A_REASON_COUNT_MAX, nest, reason_count_policy))
		return -EBADMSG;
	if (stats->reasons == KTURN_STATS_REASONS)
		return 0;
	stats->ended[stats->reasons].reason = u32(tb[KTURN_A_REASON_COUNT_REASON]);
	stats->ended[stats->reasons].count = u64(tb[KTURN_A_REASON_COUNT_COUNT]);
	stats->reasons++;
	return 0;
}

int kturn_stats_decode(struct kturn_stats *stats, const struct nlmsghdr *nlh)
{
	struct nlattr *tb[KTURN_A_STATS_MAX + 1];
	struct nlattr *attr;
	int left;

	memset(stats, 0, sizeof(*stats));
	if (genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, KTURN_A_STATS_MAX, stats_policy))
		return -EBADMSG;
	stats->relays = u64(tb[KTURN_A_STATS_RELAYS]);
	stats->created = u64(tb[KTURN_A_STATS_CREATED]);
	stats->refused = u64(tb[KTURN_A_STATS_REFUSED]);
	stats->bytes_to_peer = u64(tb[KTURN_A_STATS_BYTES_TO_PEER]);
	stats->bytes_to_client = u64(tb[KTURN_A_STATS_BYTES_TO_CLIENT]);
	stats->copied = u64(tb[KTURN_A_STATS_COPIED]);
	stats->moves = u64(tb[KTURN_A_STATS_MOVES]);
	stats->waits = u64(tb[KTURN_A_STATS_WAITS]);
	stats->coalesced = u64(tb[KTURN_A_STATS_COALESCED]);
	stats->generation = u64(tb[KTURN_A_STATS_GENERATION]);
	if (decode_runs(&stats->runs, tb[KTURN_A_STATS_RUNS]))
		return -EBADMSG;
	nlmsg_for_each_attr(attr, (struct nlmsghdr *)nlh, GENL_HDRLEN, left) {
		if (nla_type(attr) != KTURN_A_STATS_ENDED)
			continue;
		if (decode_reason_count(stats, attr))
			return -EBADMSG;
	}
	return 0;
}

int kturn_caps_decode(struct kturn_caps *caps, const struct nlmsghdr *nlh)
{
	struct nlattr *tb[KTURN_A_CAPS_MAX + 1];

	if (genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, KTURN_A_CAPS_MAX, caps_policy))
		return -EBADMSG;
	caps->owner = u32(tb[KTURN_A_CAPS_OWNER]);
	caps->netns = u32(tb[KTURN_A_CAPS_NETNS]);
	caps->total = u32(tb[KTURN_A_CAPS_TOTAL]);
	return 0;
}

int kturn_coalesce_decode(struct kturn_coalesce *coalesce, const struct nlmsghdr *nlh)
{
	struct nlattr *tb[KTURN_A_SETTINGS_MAX + 1], *c[KTURN_A_COALESCE_MAX + 1];

	if (genlmsg_parse((struct nlmsghdr *)nlh, 0, tb, KTURN_A_SETTINGS_MAX, settings_policy) ||
	    !tb[KTURN_A_SETTINGS_COALESCE] ||
	    nla_parse_nested(c, KTURN_A_COALESCE_MAX, tb[KTURN_A_SETTINGS_COALESCE],
			     coalesce_policy))
		return -EBADMSG;
	coalesce->delay_us = u32(c[KTURN_A_COALESCE_DELAY_US]);
	coalesce->looks = u32(c[KTURN_A_COALESCE_LOOKS]);
	coalesce->bytes = u32(c[KTURN_A_COALESCE_BYTES]);
	coalesce->mean = u32(c[KTURN_A_COALESCE_MEAN]);
	return 0;
}
