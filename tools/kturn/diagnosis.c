// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "diagnosis.h"
#include "json_text.h"
#include "opening.h"
#include "opening_json.h"
#include "payload.h"
#include "relay_cookie.h"
#include "stun.h"
#include "verdict.h"

/* A relay of the module, as long as it is not known whose it is. */
struct relay {
	struct kturn_relay of;
	UT_hash_handle hh;
};

/**
 * struct diagnosis - all of it
 * @relays: by id
 * @meant: how many clients were
 * @causes: how many were found
 */
struct diagnosis {
	uint64_t now_us;
	const struct diagnosis_which *which;
	diagnosis_fn fn;
	void *arg;
	struct relay *relays;
	size_t meant;
	unsigned int causes;
};

struct diagnosis *diagnosis_new(uint64_t now_us, const struct diagnosis_which *which,
				diagnosis_fn fn, void *arg)
{
	struct diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));

	if (!diagnosis)
		return NULL;
	diagnosis->now_us = now_us;
	diagnosis->which = which;
	diagnosis->fn = fn;
	diagnosis->arg = arg;
	return diagnosis;
}

static void drop(struct diagnosis *diagnosis, struct relay *relay)
{
	HASH_DEL(diagnosis->relays, relay);
	free(relay);
}

void diagnosis_free(struct diagnosis *diagnosis)
{
	if (!diagnosis)
		return;
	while (diagnosis->relays)
		drop(diagnosis, diagnosis->relays);
	free(diagnosis);
}

void diagnosis_add_relay(struct diagnosis *diagnosis, const struct kturn_relay *relay)
{
	struct relay *kept = malloc(sizeof(*kept));

	if (!kept)
		return;
	kept->of = *relay;
	HASH_ADD(hh, diagnosis->relays, of.id, sizeof(kept->of.id), kept);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

/* --- the module's */

static json_t *flow_json(const struct kturn_flow *flow)
{
	return opening_json(&flow->opening, flow->bytes);
}

static json_t *address(const union addr *addr)
{
	char buf[ADDR_STR_LEN];

	return addr->sa.sa_family == AF_UNSPEC ? json_null() : json_string(addr_str(addr, buf));
}

static json_t *cookie_address(const struct relay_cookie_addr *from)
{
	bool v4 = from->family == STUN_FAMILY_IPV4;
	char ip[INET6_ADDRSTRLEN];
	union addr addr;

	if (!inet_ntop(v4 ? AF_INET : AF_INET6, from->ip, ip, sizeof(ip)) || addr_parse(&addr, ip))
		return json_null();
	addr_set_port(&addr, from->port[0] << 8 | from->port[1]);
	return address(&addr);
}

/* Return: false if another daemon, or somebody else, has made the relay. */
static bool read_cookie(const struct kturn_relay *relay, struct relay_cookie *cookie)
{
	memset(cookie, 0, sizeof(*cookie));
	memcpy(cookie, relay->cookie, relay->cookie_len < sizeof(*cookie) ? relay->cookie_len
									   : sizeof(*cookie));
	return relay->cookie_len >= offsetof(struct relay_cookie, user) &&
	       cookie->version == RELAY_COOKIE_VERSION && cookie->user_len <= sizeof(cookie->user);
}

/* The longest name has no NUL behind it, and what others have made need not have one. */
static json_t *user_json(const struct relay_cookie *cookie, bool known)
{
	return known && cookie->user_len ? json_text_n(cookie->user, cookie->user_len) : json_null();
}

static json_t *orphan_history(const struct kturn_relay *relay, const char *allocation)
{
	struct relay_cookie cookie;
	bool known = read_cookie(relay, &cookie);

	return json_pack("{s:s, s:o, s:b, s:o, s:o, s:n, s:s, s:o, s:n, s:n, s:n, s:[], s:i, s:[], s:i}",
			 "allocation", allocation,
			 "user", user_json(&cookie, known),
			 "authenticated", known && cookie.user_len,
			 "client", address(&relay->client.remote),
			 "server", address(&relay->client.local),
			 "over",
			 "transport", "tcp",
			 "relayed", known ? cookie_address(&cookie.relayed)
					  : address(&relay->peer.local),
			 "created_us", "ended_us", "ended",
			 "steps",
			 "steps_omitted", 0,
			 "connections",
			 "connections_omitted", 0);
}

static json_t *orphan_connection(const struct kturn_relay *relay, uint64_t now_us)
{
	json_int_t bound = now_us - relay->age_ms * 1000;
	struct relay_cookie cookie;
	bool known = read_cookie(relay, &cookie);
	char id[2 * sizeof(cookie.connection_id) + 1];

	for (size_t i = 0; i < sizeof(cookie.connection_id); i++)
		snprintf(id + 2 * i, 3, "%02x", cookie.connection_id[i]);
	return json_pack("{s:o, s:o, s:n, s:s, s:I, s:I, s:I, s:I, s:n, s:n, s:i, s:s, s:o}",
			 "connection", known ? json_string(id) : json_null(),
			 "peer", known ? cookie_address(&cookie.peer)
				       : address(&relay->peer.remote),
			 "by",
			 "state", "bound",
			 "relay", (json_int_t)relay->id,
			 "created_us", bound,
			 "ready_us", bound,
			 "bound_us", bound,
			 "ended_us", "why",
			 "errno", 0,
			 "engine", "kernel",
			 "closed_first", side_json(relay->closed_first));
}

static void add_flows(json_t *connection, const struct kturn_relay *relay)
{
	json_object_set_new(connection, "to_peer", flow_json(&relay->to_peer));
	json_object_set_new(connection, "to_client", flow_json(&relay->to_client));
}

/* What the daemon does not see. */
static void join(struct diagnosis *diagnosis, json_t *connection)
{
	uint64_t id = json_integer_value(json_object_get(connection, "relay"));
	struct relay *relay;

	if (strcmp(text(connection, "engine"), "kernel") || strcmp(text(connection, "state"), "bound"))
		return;
	HASH_FIND(hh, diagnosis->relays, &id, sizeof(id), relay);
	if (!relay)
		return;
	json_object_set_new(connection, "closed_first", side_json(relay->of.closed_first));
	add_flows(connection, &relay->of);
	drop(diagnosis, relay);
}

/* --- what is meant */

static bool is_there(const json_t *object, const struct network *network)
{
	const char *peer = text(object, "peer");
	union addr addr;

	/* With a port, or without. */
	return *peer && (!addr_parse(&addr, peer) ||
			 !addr_parse_endpoint(&addr, peer, strlen(peer), 1)) &&
	       network_has(network, &addr);
}

static bool is_meant(const json_t *connection, const struct diagnosis_which *which)
{
	if (which->relay &&
	    json_integer_value(json_object_get(connection, "relay")) != (json_int_t)which->relay)
		return false;
	return !which->peer || is_there(connection, which->peer);
}

static bool has_step_with(const json_t *history, const struct network *peer)
{
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(history, "steps"), i, step)
		if (is_there(step, peer))
			return true;
	return false;
}

/* Of a long name, a cookie has but the beginning. */
static bool is_users(const json_t *history, const char *user)
{
	bool cut = json_is_null(json_object_get(history, "created_us")) &&
		   strlen(user) > RELAY_COOKIE_USER_MAX;
	json_t *name = cut ? json_text_n(user, RELAY_COOKIE_USER_MAX) : json_text(user);
	bool same = json_equal(name, json_object_get(history, "user"));

	json_decref(name);
	return same;
}

/* Return: whether anything of it is meant; connections that are not are left out. */
static bool choose(json_t *history, const struct diagnosis_which *which)
{
	json_t *connections = json_object_get(history, "connections");

	if (which->user && !is_users(history, which->user))
		return false;
	if (!which->relay && !which->peer)
		return true;
	for (size_t i = json_array_size(connections); i--; )
		if (!is_meant(json_array_get(connections, i), which))
			json_array_remove(connections, i);
	return json_array_size(connections) ||
	       (!which->relay && has_step_with(history, which->peer));
}

/* --- verdicts */

static json_t *cause_json(const struct cause *cause)
{
	if (!cause)
		return json_null();
	return json_pack("{s:s, s:s, s:s}", "code", cause->code, "what", cause->what,
			 "try", cause->advice);
}

static unsigned int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void name_payload(json_t *flow)
{
	uint8_t head[OPENING_HEAD];
	const char *hex = text(flow, "head");
	struct payload payload;
	size_t len = 0;

	if (!flow)
		return;
	for (; len < sizeof(head) && hex[2 * len] && hex[2 * len + 1]; len++)
		head[len] = digit(hex[2 * len]) << 4 | digit(hex[2 * len + 1]);
	payload = payload_name(head, len);
	/* Bytes that nobody has looked at. */
	if (!len && json_integer_value(json_object_get(flow, "bytes")))
		payload = (struct payload){ "unknown", "not looked at" };
	json_object_set_new(flow, "protocol", json_string(payload.protocol));
	json_object_set_new(flow, "first", json_string(payload.words));
}

static void judge(struct diagnosis *diagnosis, json_t *object, const struct cause *cause)
{
	json_object_set_new(object, "cause", cause_json(cause));
	diagnosis->causes += cause != NULL;
}

/* What the verdict on all of it has to know, connections that are not meant as well. */
static void judge_all(struct diagnosis *diagnosis, json_t *history)
{
	const struct cause *cause = verdict_history(history, diagnosis->now_us);
	json_t *connection;
	size_t i;

	if (!choose(history, diagnosis->which))
		return;
	judge(diagnosis, history, cause);
	json_array_foreach(json_object_get(history, "connections"), i, connection) {
		name_payload(json_object_get(connection, "to_peer"));
		name_payload(json_object_get(connection, "to_client"));
		judge(diagnosis, connection, verdict_connection(connection, diagnosis->now_us));
	}
	diagnosis->meant++;
	diagnosis->fn(history, diagnosis->arg);
}

void diagnosis_add_history(struct diagnosis *diagnosis, json_t *history)
{
	json_t *connection;
	size_t i;

	/* A kturnd of another version may say other things. */
	if (!json_is_object(history))
		return;
	json_array_foreach(json_object_get(history, "connections"), i, connection)
		join(diagnosis, connection);
	judge_all(diagnosis, history);
}

/* --- relays that the daemon has told nothing of: it is gone, or has forgotten */

/* All of one allocation, which the first of them belongs to. */
static void take_group(struct diagnosis *diagnosis)
{
	uint64_t group = diagnosis->relays->of.group;
	struct relay *relay, *next;
	json_t *history, *connection;
	char allocation[17];

	snprintf(allocation, sizeof(allocation), "%016" PRIx64, group);
	history = orphan_history(&diagnosis->relays->of, allocation);
	for (relay = diagnosis->relays; relay; relay = next) {
		next = relay->hh.next;
		if (relay->of.group != group)
			break;
		connection = orphan_connection(&relay->of, diagnosis->now_us);
		add_flows(connection, &relay->of);
		json_array_append_new(json_object_get(history, "connections"), connection);
		drop(diagnosis, relay);
	}
	judge_all(diagnosis, history);
	json_decref(history);
}

static int compare(const struct relay *a, const struct relay *b)
{
	if (a->of.group != b->of.group)
		return a->of.group < b->of.group ? -1 : 1;
	return a->of.id < b->of.id ? -1 : a->of.id > b->of.id;
}

size_t diagnosis_end(struct diagnosis *diagnosis)
{
	HASH_SORT(diagnosis->relays, compare);
	while (diagnosis->relays)
		take_group(diagnosis);
	return diagnosis->meant;
}

unsigned int diagnosis_causes(const struct diagnosis *diagnosis)
{
	return diagnosis->causes;
}
