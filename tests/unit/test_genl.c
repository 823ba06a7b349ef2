// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of the family, well formed and not, through the decoders.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "genl.h"

#define FAMILY 0x20

static struct nl_msg *message(uint8_t cmd)
{
	struct nl_msg *msg = nlmsg_alloc();

	assert_non_null(msg);
	assert_non_null(genlmsg_put(msg, 0, 1, FAMILY, 0, 0, cmd, KTURN_GENL_VERSION));
	return msg;
}

static int decode(struct nl_msg *msg, struct kturn_relay *relay)
{
	int err = kturn_relay_decode(relay, nlmsg_hdr(msg));

	nlmsg_free(msg);
	return err;
}

static int decode_stats(struct nl_msg *msg, struct kturn_stats *stats)
{
	int err = kturn_stats_decode(stats, nlmsg_hdr(msg));

	nlmsg_free(msg);
	return err;
}

static void put_leg(struct nl_msg *msg, int type, int family, const char *local,
		    const char *remote)
{
	struct nlattr *nest = nla_nest_start(msg, type);
	size_t len = family == AF_INET ? 4 : 16;
	uint8_t ip[16];

	inet_pton(family, local, ip);
	nla_put(msg, KTURN_A_LEG_LOCAL_ADDR, len, ip);
	nla_put_u16(msg, KTURN_A_LEG_LOCAL_PORT, htons(3478));
	inet_pton(family, remote, ip);
	nla_put(msg, KTURN_A_LEG_REMOTE_ADDR, len, ip);
	nla_put_u16(msg, KTURN_A_LEG_REMOTE_PORT, htons(40000));
	nla_nest_end(msg, nest);
}

static void put_stun(struct nl_msg *msg)
{
	struct nlattr *nest = nla_nest_start(msg, KTURN_A_FLOW_STUN);

	nla_put_u32(msg, KTURN_A_STUN_FRAMING, KTURN_FRAMING_FRAMED);
	nla_put_u32(msg, KTURN_A_STUN_FOLLOWED, 3000);
	nla_put_u32(msg, KTURN_A_STUN_MESSAGES, 13);
	nla_put_u32(msg, KTURN_A_STUN_REQUESTS, 1);
	nla_put_u32(msg, KTURN_A_STUN_SUCCESSES, 2);
	nla_put_u32(msg, KTURN_A_STUN_ERRORS, 3);
	nla_put_u32(msg, KTURN_A_STUN_OTHERS, 4);
	nla_nest_end(msg, nest);
}

static void put_flow(struct nl_msg *msg, int type, uint64_t bytes)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	nla_put_u64(msg, KTURN_A_FLOW_BYTES, bytes);
	nla_put_u64(msg, KTURN_A_FLOW_MOVES, 2);
	nla_put_u64(msg, KTURN_A_FLOW_WAITS, 3);
	nla_put_u64(msg, KTURN_A_FLOW_COPIED, 4);
	nla_put_u64(msg, KTURN_A_FLOW_IDLE_MS, 5);
	nla_put_u64(msg, KTURN_A_FLOW_COALESCED, 8);
	nla_put_u32(msg, KTURN_A_FLOW_QUEUED, 6);
	nla_put_u32(msg, KTURN_A_FLOW_UNACKED, 7);
	nla_put_flag(msg, KTURN_A_FLOW_EOF);
	nla_put(msg, KTURN_A_FLOW_HEAD, 5, "hello");
	put_stun(msg);
	nla_nest_end(msg, nest);
}

static void put_runs(struct nl_msg *msg, int type)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	nla_put_u64(msg, KTURN_A_RUNS_DIRECT, 1ULL << 33);
	nla_put_u64(msg, KTURN_A_RUNS_SOFTIRQ, 22);
	nla_put_u64(msg, KTURN_A_RUNS_PROCESS, 23);
	nla_put_u64(msg, KTURN_A_RUNS_DEFERS, 24);
	nla_nest_end(msg, nest);
}

static void assert_runs(const struct kturn_runs *runs)
{
	assert_true(runs->direct == 1ULL << 33);
	assert_int_equal(runs->softirq, 22);
	assert_int_equal(runs->process, 23);
	assert_int_equal(runs->defers, 24);
}

static void put_limits(struct nl_msg *msg)
{
	struct nlattr *nest = nla_nest_start(msg, KTURN_A_RELAY_LIMITS);

	nla_put_u32(msg, KTURN_A_LIMITS_IDLE_MS, 11);
	nla_put_u32(msg, KTURN_A_LIMITS_LIFE_MS, 12);
	nla_put_u64(msg, KTURN_A_LIMITS_BYTES, 1ULL << 50);
	nla_put_u64(msg, KTURN_A_LIMITS_RATE, 1ULL << 33);
	nla_put_u32(msg, KTURN_A_LIMITS_KEEPALIVE_IDLE, 13);
	nla_put_u32(msg, KTURN_A_LIMITS_KEEPALIVE_INTERVAL, 14);
	nla_put_u32(msg, KTURN_A_LIMITS_KEEPALIVE_COUNT, 15);
	nla_put_u32(msg, KTURN_A_LIMITS_USER_TIMEOUT_MS, 16);
	nla_nest_end(msg, nest);
}

static void assert_addr(const union addr *addr, const char *expected)
{
	char buf[ADDR_STR_LEN];

	assert_string_equal(addr_str(addr, buf), expected);
}

static void test_relay(void **state)
{
	struct nl_msg *msg = message(KTURN_CMD_RELAY_GET);
	struct kturn_relay relay;

	(void)state;
	nla_put_u64(msg, KTURN_A_RELAY_ID, 7);
	nla_put_u64(msg, KTURN_A_RELAY_GROUP, UINT64_MAX);
	nla_put(msg, KTURN_A_RELAY_COOKIE, 3, "abc");
	put_leg(msg, KTURN_A_RELAY_CLIENT, AF_INET, "192.0.2.1", "198.51.100.7");
	put_leg(msg, KTURN_A_RELAY_PEER, AF_INET6, "2001:db8::1", "2001:db8::2");
	nla_put_u32(msg, KTURN_A_RELAY_STATE, KTURN_RELAY_STATE_ENDED);
	nla_put_u32(msg, KTURN_A_RELAY_ENGINE, KTURN_ENGINE_PROCESS);
	nla_put_u64(msg, KTURN_A_RELAY_AGE_MS, 1234);
	nla_put_u32(msg, KTURN_A_RELAY_OWNER, 4711);
	put_flow(msg, KTURN_A_RELAY_TO_PEER, 1ULL << 40);
	put_flow(msg, KTURN_A_RELAY_TO_CLIENT, 1);
	nla_put_u32(msg, KTURN_A_RELAY_REASON, KTURN_END_REASON_ERROR);
	nla_put_u32(msg, KTURN_A_RELAY_ERRNO, ETIMEDOUT);
	nla_put_u32(msg, KTURN_A_RELAY_OUTLIVE_MS, 60000);
	put_runs(msg, KTURN_A_RELAY_RUNS);
	nla_put_u32(msg, KTURN_A_RELAY_ALERT, 20);
	nla_put_u32(msg, KTURN_A_RELAY_CLOSED_FIRST, KTURN_SIDE_PEER);
	put_limits(msg);

	assert_int_equal(decode(msg, &relay), 0);
	assert_int_equal(relay.id, 7);
	assert_true(relay.group == UINT64_MAX);
	assert_int_equal(relay.cookie_len, 3);
	assert_memory_equal(relay.cookie, "abc", 3);
	assert_addr(&relay.client.local, "192.0.2.1:3478");
	assert_addr(&relay.client.remote, "198.51.100.7:40000");
	assert_addr(&relay.peer.local, "[2001:db8::1]:3478");
	assert_addr(&relay.peer.remote, "[2001:db8::2]:40000");
	assert_int_equal(relay.state, KTURN_RELAY_STATE_ENDED);
	assert_int_equal(relay.age_ms, 1234);
	assert_int_equal(relay.owner, 4711);
	assert_int_equal(relay.outlive_ms, 60000);
	assert_false(relay.orphan);
	assert_runs(&relay.runs);
	assert_int_equal(relay.reason, KTURN_END_REASON_ERROR);
	assert_int_equal(relay.error, ETIMEDOUT);
	assert_int_equal(relay.closed_first, KTURN_SIDE_PEER);
	assert_int_equal(relay.alert, 20);
	assert_true(relay.to_peer.bytes == 1ULL << 40);
	assert_int_equal(relay.to_client.bytes, 1);
	assert_int_equal(relay.to_client.moves, 2);
	assert_int_equal(relay.to_client.waits, 3);
	assert_int_equal(relay.to_client.copied, 4);
	assert_int_equal(relay.to_client.idle_ms, 5);
	assert_int_equal(relay.to_client.coalesced, 8);
	assert_int_equal(relay.to_client.queued, 6);
	assert_int_equal(relay.to_client.unacked, 7);
	assert_true(relay.to_client.eof);
	assert_int_equal(relay.to_client.opening.head_len, 5);
	assert_memory_equal(relay.to_client.opening.head, "hello", 5);
	assert_int_equal(relay.to_client.opening.stun.framing, KTURN_FRAMING_FRAMED);
	assert_int_equal(relay.to_client.opening.stun.followed, 3000);
	assert_int_equal(relay.to_client.opening.stun.messages, 13);
	assert_int_equal(relay.to_client.opening.stun.requests, 1);
	assert_int_equal(relay.to_client.opening.stun.successes, 2);
	assert_int_equal(relay.to_client.opening.stun.errors, 3);
	assert_int_equal(relay.to_client.opening.stun.others, 4);
	assert_int_equal(relay.limits.idle_ms, 11);
	assert_int_equal(relay.limits.life_ms, 12);
	assert_true(relay.limits.bytes == 1ULL << 50);
	assert_true(relay.limits.rate == 1ULL << 33);
	assert_int_equal(relay.limits.keepalive_idle, 13);
	assert_int_equal(relay.limits.keepalive_interval, 14);
	assert_int_equal(relay.limits.keepalive_count, 15);
	assert_int_equal(relay.limits.user_timeout_ms, 16);
}

/* The time that is left may be none: that it is told makes the orphan. */
static void test_orphan(void **state)
{
	struct nl_msg *msg = message(KTURN_CMD_RELAY_GET);
	struct kturn_relay relay;

	(void)state;
	nla_put_u32(msg, KTURN_A_RELAY_OWNER, 0);
	nla_put_u32(msg, KTURN_A_RELAY_OUTLIVE_MS, 60000);
	nla_put_u32(msg, KTURN_A_RELAY_ADOPT_WITHIN_MS, 0);
	assert_int_equal(decode(msg, &relay), 0);
	assert_true(relay.orphan);
	assert_int_equal(relay.owner, 0);
	assert_int_equal(relay.adopt_within_ms, 0);
}

static void test_caps(void **state)
{
	struct nl_msg *msg = message(KTURN_CMD_CAPS_GET);
	struct kturn_caps caps;

	(void)state;
	nla_put_u32(msg, KTURN_A_CAPS_OWNER, 1);
	nla_put_u32(msg, KTURN_A_CAPS_NETNS, 2);
	nla_put_u32(msg, KTURN_A_CAPS_TOTAL, UINT32_MAX);
	assert_int_equal(kturn_caps_decode(&caps, nlmsg_hdr(msg)), 0);
	assert_int_equal(caps.owner, 1);
	assert_int_equal(caps.netns, 2);
	assert_true(caps.total == UINT32_MAX);
	nlmsg_free(msg);

	msg = message(KTURN_CMD_CAPS_GET);
	nla_put_u16(msg, KTURN_A_CAPS_NETNS, 2);
	assert_int_equal(kturn_caps_decode(&caps, nlmsg_hdr(msg)), -EBADMSG);
	nlmsg_free(msg);
}

static void test_nothing_told(void **state)
{
	static const struct kturn_relay nothing;
	struct kturn_relay relay;

	(void)state;
	memset(&relay, 0xff, sizeof(relay));
	assert_int_equal(decode(message(KTURN_CMD_RELAY_GET), &relay), 0);
	assert_memory_equal(&relay, &nothing, sizeof(relay));
	assert_int_equal(relay.client.local.sa.sa_family, AF_UNSPEC);
}

static void test_empty_nests(void **state)
{
	struct nl_msg *msg = message(KTURN_CMD_RELAY_GET);
	struct kturn_relay relay;

	(void)state;
	for (int type = KTURN_A_RELAY_CLIENT; type <= KTURN_A_RELAY_PEER; type++)
		nla_put(msg, type | NLA_F_NESTED, 0, NULL);
	nla_put(msg, KTURN_A_RELAY_TO_PEER | NLA_F_NESTED, 0, NULL);
	assert_int_equal(decode(msg, &relay), 0);
	assert_int_equal(relay.peer.remote.sa.sa_family, AF_UNSPEC);
	assert_int_equal(relay.to_peer.opening.head_len, 0);
}

/* A newer module may tell more. */
static void test_unknown_attributes(void **state)
{
	struct nl_msg *msg = message(KTURN_CMD_RELAY_GET);
	struct kturn_relay relay;

	(void)state;
	nla_put_u64(msg, KTURN_A_RELAY_MAX + 1, 1);
	nla_put_u64(msg, KTURN_A_RELAY_ID, 9);
	nla_put_u32(msg, 1000, 1);
	assert_int_equal(decode(msg, &relay), 0);
	assert_int_equal(relay.id, 9);
}

static void test_odd_address(void **state)
{
	struct nl_msg *msg = message(KTURN_CMD_RELAY_GET);
	struct nlattr *nest = nla_nest_start(msg, KTURN_A_RELAY_PEER);
	struct kturn_relay relay;

	(void)state;
	nla_put(msg, KTURN_A_LEG_LOCAL_ADDR, 5, "12345");
	nla_put(msg, KTURN_A_LEG_REMOTE_ADDR, 4, "\x7f\0\0\1");
	nla_nest_end(msg, nest);
	assert_int_equal(decode(msg, &relay), 0);
	assert_int_equal(relay.peer.local.sa.sa_family, AF_UNSPEC);
	assert_addr(&relay.peer.remote, "127.0.0.1:0");
}

static void test_longest(void **state)
{
	struct nl_msg *msg = message(KTURN_CMD_RELAY_GET);
	char cookie[KTURN_COOKIE_MAX];
	struct kturn_relay relay;

	(void)state;
	memset(cookie, 'c', sizeof(cookie));
	nla_put(msg, KTURN_A_RELAY_COOKIE, sizeof(cookie), cookie);
	assert_int_equal(decode(msg, &relay), 0);
	assert_int_equal(relay.cookie_len, sizeof(cookie));
	assert_memory_equal(relay.cookie, cookie, sizeof(cookie));
}

static void test_too_long(void **state)
{
	char bytes[KTURN_COOKIE_MAX + 1] = "";
	struct kturn_relay relay;
	struct nlattr *nest;
	struct nl_msg *msg;

	(void)state;
	msg = message(KTURN_CMD_RELAY_GET);
	nla_put(msg, KTURN_A_RELAY_COOKIE, KTURN_COOKIE_MAX + 1, bytes);
	assert_int_equal(decode(msg, &relay), -EBADMSG);

	msg = message(KTURN_CMD_RELAY_GET);
	nest = nla_nest_start(msg, KTURN_A_RELAY_TO_PEER);
	nla_put(msg, KTURN_A_FLOW_HEAD, KTURN_HEAD_MAX + 1, bytes);
	nla_nest_end(msg, nest);
	assert_int_equal(decode(msg, &relay), -EBADMSG);

	msg = message(KTURN_CMD_RELAY_GET);
	nest = nla_nest_start(msg, KTURN_A_RELAY_CLIENT);
	nla_put(msg, KTURN_A_LEG_LOCAL_ADDR, 17, bytes);
	nla_nest_end(msg, nest);
	assert_int_equal(decode(msg, &relay), -EBADMSG);
}

static void test_too_short(void **state)
{
	static const int types[] = {
		KTURN_A_RELAY_ID, KTURN_A_RELAY_GROUP, KTURN_A_RELAY_AGE_MS,
		KTURN_A_RELAY_STATE, KTURN_A_RELAY_ENGINE, KTURN_A_RELAY_OWNER,
		KTURN_A_RELAY_REASON, KTURN_A_RELAY_ERRNO, KTURN_A_RELAY_ALERT,
		KTURN_A_RELAY_CLOSED_FIRST,
	};
	struct kturn_relay relay;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct nl_msg *msg = message(KTURN_CMD_RELAY_GET);

		nla_put_u16(msg, types[i], 1);
		assert_int_equal(decode(msg, &relay), -EBADMSG);
	}
}

static void test_short_flow(void **state)
{
	struct kturn_relay relay;

	(void)state;
	for (int type = KTURN_A_FLOW_BYTES; type <= KTURN_A_FLOW_UNACKED; type++) {
		struct nl_msg *msg = message(KTURN_CMD_RELAY_GET);
		struct nlattr *nest = nla_nest_start(msg, KTURN_A_RELAY_TO_CLIENT);

		nla_put_u8(msg, type, 1);
		nla_nest_end(msg, nest);
		assert_int_equal(decode(msg, &relay), -EBADMSG);
	}
}

/*
 * Cut a message at every length: no more is read than there is. The copy is as
 * long as the message says, for the address sanitizer to watch.
 */
static void test_truncated(void **state)
{
	struct nl_msg *msg = message(KTURN_CMD_RELAY_GET);
	struct kturn_relay relay;
	struct kturn_stats stats;

	(void)state;
	nla_put_u64(msg, KTURN_A_RELAY_ID, 7);
	put_leg(msg, KTURN_A_RELAY_CLIENT, AF_INET, "192.0.2.1", "198.51.100.7");
	put_flow(msg, KTURN_A_RELAY_TO_PEER, 1);
	nla_put(msg, KTURN_A_RELAY_COOKIE, 3, "abc");
	for (size_t len = NLMSG_HDRLEN; len < nlmsg_hdr(msg)->nlmsg_len; len++) {
		struct nlmsghdr *cut = test_malloc(len);

		memcpy(cut, nlmsg_hdr(msg), len);
		cut->nlmsg_len = len;
		kturn_relay_decode(&relay, cut);
		kturn_stats_decode(&stats, cut);
		test_free(cut);
	}
	nlmsg_free(msg);
}

/* Every byte of the attributes gets a wrong value, one after the other. */
static void test_corrupted(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x03, 0x7f, 0x80, 0xff };
	struct nl_msg *msg = message(KTURN_CMD_RELAY_GET);
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	uint8_t *bytes = (uint8_t *)nlh;
	struct kturn_relay relay;
	struct kturn_stats stats;

	(void)state;
	put_leg(msg, KTURN_A_RELAY_CLIENT, AF_INET6, "::1", "::2");
	put_flow(msg, KTURN_A_RELAY_TO_CLIENT, 1);
	put_limits(msg);
	for (size_t at = NLMSG_HDRLEN + GENL_HDRLEN; at < nlh->nlmsg_len; at++) {
		uint8_t right = bytes[at];

		for (size_t i = 0; i < sizeof(values); i++) {
			bytes[at] = values[i];
			kturn_relay_decode(&relay, nlh);
			kturn_stats_decode(&stats, nlh);
		}
		bytes[at] = right;
	}
	nlmsg_free(msg);
}

static void put_ended(struct nl_msg *msg, uint32_t reason, uint64_t count)
{
	struct nlattr *nest = nla_nest_start(msg, KTURN_A_STATS_ENDED);

	nla_put_u32(msg, KTURN_A_REASON_COUNT_REASON, reason);
	nla_put_u64(msg, KTURN_A_REASON_COUNT_COUNT, count);
	nla_nest_end(msg, nest);
}

static void test_stats(void **state)
{
	struct nl_msg *msg = message(KTURN_CMD_STATS_GET);
	struct kturn_stats stats;

	(void)state;
	nla_put_u64(msg, KTURN_A_STATS_RELAYS, 1);
	nla_put_u64(msg, KTURN_A_STATS_CREATED, 2);
	nla_put_u64(msg, KTURN_A_STATS_REFUSED, 3);
	nla_put_u64(msg, KTURN_A_STATS_BYTES_TO_PEER, 4);
	nla_put_u64(msg, KTURN_A_STATS_BYTES_TO_CLIENT, 5);
	nla_put_u64(msg, KTURN_A_STATS_COPIED, 6);
	nla_put_u64(msg, KTURN_A_STATS_MOVES, 7);
	nla_put_u64(msg, KTURN_A_STATS_WAITS, 8);
	nla_put_u64(msg, KTURN_A_STATS_COALESCED, 9);
	nla_put_u64(msg, KTURN_A_STATS_GENERATION, 10);
	put_runs(msg, KTURN_A_STATS_RUNS);
	put_ended(msg, KTURN_END_REASON_EOF, 10);
	put_ended(msg, 77, 11);

	assert_int_equal(decode_stats(msg, &stats), 0);
	assert_int_equal(stats.relays, 1);
	assert_int_equal(stats.created, 2);
	assert_int_equal(stats.refused, 3);
	assert_int_equal(stats.bytes_to_peer, 4);
	assert_int_equal(stats.bytes_to_client, 5);
	assert_int_equal(stats.copied, 6);
	assert_int_equal(stats.moves, 7);
	assert_int_equal(stats.waits, 8);
	assert_int_equal(stats.coalesced, 9);
	assert_int_equal(stats.generation, 10);
	assert_runs(&stats.runs);
	assert_int_equal(stats.reasons, 2);
	assert_int_equal(stats.ended[0].reason, KTURN_END_REASON_EOF);
	assert_int_equal(stats.ended[0].count, 10);
	assert_int_equal(stats.ended[1].reason, 77);
	assert_int_equal(stats.ended[1].count, 11);
}

static void test_too_many_reasons(void **state)
{
	struct nl_msg *msg = message(KTURN_CMD_STATS_GET);
	struct kturn_stats stats;

	(void)state;
	for (int i = 0; i < KTURN_STATS_REASONS + 3; i++)
		put_ended(msg, i, i);
	assert_int_equal(decode_stats(msg, &stats), 0);
	assert_int_equal(stats.reasons, KTURN_STATS_REASONS);
}

static void test_bad_stats(void **state)
{
	struct kturn_stats stats;
	struct nl_msg *msg;

	(void)state;
	msg = message(KTURN_CMD_STATS_GET);
	nla_put_u32(msg, KTURN_A_STATS_CREATED, 2);
	assert_int_equal(decode_stats(msg, &stats), -EBADMSG);

	msg = message(KTURN_CMD_STATS_GET);
	nla_put_u32(msg, KTURN_A_STATS_ENDED, 0x00020001);
	assert_int_equal(decode_stats(msg, &stats), 0);
}

static void test_names(void **state)
{
	char buf[KTURN_NAME_LEN];

	(void)state;
	assert_string_equal(kturn_state_name(KTURN_RELAY_STATE_HALF_CLOSED, buf),
			    "half-closed");
	assert_string_equal(kturn_engine_name(KTURN_ENGINE_PROCESS, buf), "process");
	assert_string_equal(kturn_engine_name(KTURN_ENGINE_TLS, buf), "tls");
	assert_string_equal(kturn_reason_name(KTURN_END_REASON_TLS_TRUNCATED, buf),
			    "tls-truncated");
	assert_string_equal(kturn_reason_name(KTURN_END_REASON_OWNER_GONE, buf),
			    "owner-gone");
	assert_string_equal(kturn_state_name(5, buf), "state-5");
	assert_string_equal(kturn_engine_name(UINT32_MAX, buf), "engine-4294967295");
	assert_string_equal(kturn_reason_name(1000, buf), "reason-1000");
}

/* One before STUN was followed, and one that says what cannot be. */
static void test_other_modules(void **state)
{
	static const uint8_t request[] = { 0, 28, 0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42 };
	struct kturn_relay relay;
	struct nlattr *flow, *stun;
	struct nl_msg *msg;

	(void)state;
	msg = message(KTURN_CMD_RELAY_GET);
	flow = nla_nest_start(msg, KTURN_A_RELAY_TO_PEER);
	nla_put(msg, KTURN_A_FLOW_HEAD, sizeof(request), request);
	nla_nest_end(msg, flow);
	assert_int_equal(decode(msg, &relay), 0);
	assert_int_equal(relay.to_peer.opening.stun.framing, KTURN_FRAMING_FRAMED);
	assert_int_equal(relay.to_peer.opening.stun.requests, 1);
	assert_int_equal(relay.to_peer.opening.stun.followed, sizeof(request));

	msg = message(KTURN_CMD_RELAY_GET);
	flow = nla_nest_start(msg, KTURN_A_RELAY_TO_PEER);
	stun = nla_nest_start(msg, KTURN_A_FLOW_STUN);
	nla_put_u32(msg, KTURN_A_STUN_FRAMING, 16);
	nla_put_u32(msg, KTURN_A_STUN_FOLLOWED, UINT32_MAX);
	nla_put_u32(msg, KTURN_A_STUN_REQUESTS, 256);
	nla_nest_end(msg, stun);
	nla_nest_end(msg, flow);
	assert_int_equal(decode(msg, &relay), 0);
	assert_int_equal(relay.to_peer.opening.stun.framing, KTURN_FRAMING_NONE);
	assert_int_equal(relay.to_peer.opening.stun.followed, KTURN_STUN_BYTES);
	assert_int_equal(relay.to_peer.opening.stun.requests, UINT8_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_nothing_told),
		cmocka_unit_test(test_empty_nests),
		cmocka_unit_test(test_unknown_attributes),
		cmocka_unit_test(test_odd_address),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_too_short),
		cmocka_unit_test(test_short_flow),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_corrupted),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_too_many_reasons),
		cmocka_unit_test(test_bad_stats),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_other_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
