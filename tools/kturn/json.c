// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "monitor_known.h"
#include "opening_json.h"
#include "text.h"

/* JSON's integers are signed here; a counter stops where they end. */
static json_int_t integer(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (json_int_t)value;
}

static json_t *octets(const uint8_t *bytes, size_t len)
{
	char hex[2 * KTURN_COOKIE_MAX + 1];

	return json_string(text_hex(bytes, len, hex));
}

static json_t *address(const union addr *addr)
{
	char ip[ADDR_STR_LEN];

	if (addr->sa.sa_family == AF_UNSPEC)
		return json_null();
	return json_string(addr_ip_str(addr, ip));
}

static json_t *leg_object(const struct kturn_leg *leg)
{
	return json_pack("{s:o, s:i, s:o, s:i}",
			 "local_addr", address(&leg->local),
			 "local_port", addr_port(&leg->local),
			 "remote_addr", address(&leg->remote),
			 "remote_port", addr_port(&leg->remote));
}

static json_t *flow_object(const struct kturn_flow *flow)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o, s:o}",
			 "bytes", integer(flow->bytes),
			 "moves", integer(flow->moves),
			 "waits", integer(flow->waits),
			 "copied", integer(flow->copied),
			 "coalesced", integer(flow->coalesced),
			 "queued", integer(flow->queued),
			 "unacked", integer(flow->unacked),
			 "idle_ms", integer(flow->idle_ms),
			 "eof", flow->eof,
			 "head", octets(flow->opening.head, flow->opening.head_len),
			 "stun", opening_stun_json(&flow->opening, flow->bytes));
}

static json_t *runs_object(const struct kturn_runs *runs)
{
	return json_pack("{s:I, s:I, s:I, s:I}",
			 "direct", integer(runs->direct),
			 "softirq", integer(runs->softirq),
			 "process", integer(runs->process),
			 "defers", integer(runs->defers));
}

static json_t *adopt_within(const struct kturn_relay *relay)
{
	return relay->orphan ? json_integer(relay->adopt_within_ms) : json_null();
}

static json_t *limits_object(const struct kturn_limits *limits)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "idle_ms", integer(limits->idle_ms),
			 "life_ms", integer(limits->life_ms),
			 "bytes", integer(limits->bytes),
			 "rate", integer(limits->rate),
			 "keepalive_idle", integer(limits->keepalive_idle),
			 "keepalive_interval", integer(limits->keepalive_interval),
			 "keepalive_count", integer(limits->keepalive_count),
			 "user_timeout_ms", integer(limits->user_timeout_ms));
}

static json_t *group_string(uint64_t group)
{
	char text[TEXT_LEN];

	snprintf(text, sizeof(text), "0x%" PRIx64, group);
	return json_string(text);
}

static json_t *relay_object(const struct kturn_relay *relay)
{
	char path[KTURN_NAME_LEN], state[KTURN_NAME_LEN], reason[KTURN_NAME_LEN];

	return json_pack("{s:I, s:o, s:o, s:I, s:s, s:s, s:s, s:s, s:I, s:I,"
			 " s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "id", integer(relay->id),
			 "group", group_string(relay->group),
			 "cookie", octets(relay->cookie, relay->cookie_len),
			 "owner", integer(relay->owner),
			 "engine", "kernel",
			 "path", kturn_engine_name(relay->engine, path),
			 "state", kturn_state_name(relay->state, state),
			 "reason", kturn_reason_name(relay->reason, reason),
			 "errno", integer(relay->error),
			 "alert", integer(relay->alert),
			 "closed_first", side_json(relay->closed_first),
			 "age_ms", integer(relay->age_ms),
			 "outlive_ms", integer(relay->outlive_ms),
			 "adopt_within_ms", adopt_within(relay),
			 "runs", runs_object(&relay->runs),
			 "client", leg_object(&relay->client),
			 "peer", leg_object(&relay->peer),
			 "to_peer", flow_object(&relay->to_peer),
			 "to_client", flow_object(&relay->to_client),
			 "limits", limits_object(&relay->limits));
}

static json_t *relay_array(const struct kturn_relays *relays)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < relays->count; i++) {
		if (!json_array_append_new(array, relay_object(&relays->relay[i])))
			continue;
		json_decref(array);
		return NULL;
	}
	return array;
}

static json_t *ended_object(const struct kturn_stats *stats)
{
	json_t *object = json_object();
	char name[KTURN_NAME_LEN];

	for (size_t i = 0; i < stats->reasons; i++)
		json_object_set_new(object, kturn_reason_name(stats->ended[i].reason, name),
				    json_integer(integer(stats->ended[i].count)));
	return object;
}

static json_t *stats_object(const struct kturn_stats *stats)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
			 " s:o, s:o}",
			 "relays", integer(stats->relays),
			 "created", integer(stats->created),
			 "refused", integer(stats->refused),
			 "bytes_to_peer", integer(stats->bytes_to_peer),
			 "bytes_to_client", integer(stats->bytes_to_client),
			 "copied", integer(stats->copied),
			 "moves", integer(stats->moves),
			 "waits", integer(stats->waits),
			 "coalesced", integer(stats->coalesced),
			 "generation", integer(stats->generation),
			 "runs", runs_object(&stats->runs),
			 "ended", ended_object(stats));
}

static json_t *caps_object(const struct kturn_caps *caps)
{
	return json_pack("{s:I, s:I, s:I}",
			 "owner", integer(caps->owner),
			 "netns", integer(caps->netns),
			 "total", integer(caps->total));
}

static json_t *settings_object(const struct kturn_coalesce *coalesce)
{
	return json_pack("{s:{s:I, s:I, s:I, s:I}}", "coalesce",
			 "delay_us", integer(coalesce->delay_us),
			 "looks", integer(coalesce->looks),
			 "bytes", integer(coalesce->bytes),
			 "mean", integer(coalesce->mean));
}

static int print_as(json_t *value, size_t flags)
{
	if (!value) {
		complain("out of memory");
		return EXIT_FAILURE;
	}
	json_dumpf(value, stdout, flags);
	putchar('\n');
	json_decref(value);
	return EXIT_SUCCESS;
}

/* Spread out for people, in one line for programs. */
static int print(json_t *value)
{
	return print_as(value, isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT);
}

int json_print_relay(const struct kturn_relay *relay)
{
	return print(relay_object(relay));
}

int json_print_relays(const struct kturn_relays *relays)
{
	return print(relay_array(relays));
}

/* @key has @value, unless that is NULL. */
static void print_line(const char *event, int64_t time_us, const char *key, json_t *value)
{
	print_as(json_pack("{s:s, s:I, s:o*}", "event", event, "time_us", (json_int_t)time_us,
			   key, value), JSON_COMPACT);
}

void json_print_event(const char *event, int64_t time_us, const struct kturn_relay *relay)
{
	print_line(event, time_us, "relay", relay ? relay_object(relay) : NULL);
}

void json_print_gone(const char *event, int64_t time_us, const struct known_relay *relay)
{
	print_line(event, time_us, "relay",
		   json_pack("{s:I, s:o, s:o, s:o}",
			     "id", integer(relay->id),
			     "group", group_string(relay->group),
			     "client", leg_object(&relay->client),
			     "peer", leg_object(&relay->peer)));
}

void json_print_synced(const char *event, int64_t time_us, size_t relays)
{
	print_line(event, time_us, "relays", json_integer(integer(relays)));
}

int json_print_stats(const struct kturn_stats *stats)
{
	return print(stats_object(stats));
}

int json_print_caps(const struct kturn_caps *caps)
{
	return print(caps_object(caps));
}

int json_print_settings(const struct kturn_coalesce *coalesce)
{
	return print(settings_object(coalesce));
}
