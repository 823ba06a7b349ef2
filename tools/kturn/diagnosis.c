// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnosis.h"
#include "json_text.h"
#include "opening.h"
#include "opening_json.h"
#include "payload.h"
#include "relay_cookie.h"
#include "stun.h"
#include "verdict.h"

/**
 * struct diagnosis - all of it
 * @histories: an array
 * @by_allocation: those of them that are alive, by id
 * @by_relay: connections that the module carries, by id
 */
struct diagnosis {
	uint64_t now_us;
	json_t *histories;
	json_t *by_allocation, *by_relay;
};

struct diagnosis *diagnosis_new(uint64_t now_us)
{
	struct diagnosis *diagnosis = calloc(1, sizeof(*diagnosis));

	if (!diagnosis)
		return NULL;
	diagnosis->now_us = now_us;
	diagnosis->histories = json_array();
	diagnosis->by_allocation = json_object();
	diagnosis->by_relay = json_object();
	return diagnosis;
}

void diagnosis_free(struct diagnosis *diagnosis)
{
	if (!diagnosis)
		return;
	json_decref(diagnosis->by_relay);
	json_decref(diagnosis->by_allocation);
	json_decref(diagnosis->histories);
	free(diagnosis);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

/* --- the daemon's half */

static const char *relay_key(uint64_t id, char key[24])
{
	snprintf(key, 24, "%" PRIu64, id);
	return key;
}

static void add_connection(struct diagnosis *diagnosis, json_t *connection)
{
	char key[24];

	if (strcmp(text(connection, "engine"), "kernel") || strcmp(text(connection, "state"), "bound"))
		return;
	relay_key(json_integer_value(json_object_get(connection, "relay")), key);
	json_object_set(diagnosis->by_relay, key, connection);
}

void diagnosis_add_history(struct diagnosis *diagnosis, json_t *history)
{
	json_t *connection;
	size_t i;

	json_array_append(diagnosis->histories, history);
	if (*text(history, "allocation") && !*text(history, "ended"))
		json_object_set(diagnosis->by_allocation, text(history, "allocation"), history);
	json_array_foreach(json_object_get(history, "connections"), i, connection)
		add_connection(diagnosis, connection);
}

/* --- the module's */

static json_t *flow_json(const struct kturn_flow *flow)
{
	struct opening opening = { .followed = 0 };

	opening_add(&opening, flow->head, flow->head_len);
	return opening_json(&opening, flow->bytes);
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
	       cookie->version == RELAY_COOKIE_VERSION && cookie->user_len < sizeof(cookie->user);
}

static json_t *orphan_history(const struct kturn_relay *relay, const char *allocation)
{
	struct relay_cookie cookie;
	bool known = read_cookie(relay, &cookie);

	return json_pack("{s:s, s:o, s:b, s:o, s:o, s:n, s:s, s:o, s:n, s:n, s:n, s:[], s:i, s:[], s:i}",
			 "allocation", allocation,
			 "user", json_text(known && cookie.user_len ? cookie.user : NULL),
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

static json_t *orphan_connection(const struct diagnosis *diagnosis,
				 const struct kturn_relay *relay)
{
	json_int_t bound = diagnosis->now_us - relay->age_ms * 1000;
	struct relay_cookie cookie;
	bool known = read_cookie(relay, &cookie);
	char id[2 * sizeof(cookie.connection_id) + 1];

	for (size_t i = 0; i < sizeof(cookie.connection_id); i++)
		snprintf(id + 2 * i, 3, "%02x", cookie.connection_id[i]);
	return json_pack("{s:o, s:o, s:n, s:s, s:I, s:I, s:I, s:I, s:n, s:n, s:i, s:s}",
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
			 "engine", "kernel");
}

/* Of which the daemon has told nothing: it is gone, or has forgotten. */
static json_t *add_orphan(struct diagnosis *diagnosis, const struct kturn_relay *relay)
{
	json_t *history, *connection = orphan_connection(diagnosis, relay);
	char allocation[17];

	snprintf(allocation, sizeof(allocation), "%016" PRIx64, relay->group);
	history = json_object_get(diagnosis->by_allocation, allocation);
	if (!history) {
		history = orphan_history(relay, allocation);
		json_object_set_new(diagnosis->by_allocation, allocation, history);
		json_array_append(diagnosis->histories, history);
	}
	json_array_append_new(json_object_get(history, "connections"), connection);
	return connection;
}

void diagnosis_add_relay(struct diagnosis *diagnosis, const struct kturn_relay *relay)
{
	json_t *connection;
	char key[24];

	connection = json_object_get(diagnosis->by_relay, relay_key(relay->id, key));
	if (!connection)
		connection = add_orphan(diagnosis, relay);
	json_object_set_new(connection, "to_peer", flow_json(&relay->to_peer));
	json_object_set_new(connection, "to_client", flow_json(&relay->to_client));
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

/* Return: whether anything of it is meant; connections that are not are left out. */
static bool choose(json_t *history, const struct diagnosis_which *which)
{
	json_t *connections = json_object_get(history, "connections");

	if (which->user && strcmp(text(history, "user"), which->user))
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

static void judge(const struct diagnosis *diagnosis, json_t *history)
{
	json_t *connection;
	size_t i;

	/* Before connections are left out: it is about all of them. */
	json_array_foreach(json_object_get(history, "connections"), i, connection) {
		name_payload(json_object_get(connection, "to_peer"));
		name_payload(json_object_get(connection, "to_client"));
		json_object_set_new(connection, "cause",
				    cause_json(verdict_connection(connection, diagnosis->now_us)));
	}
	json_object_set_new(history, "cause",
			    cause_json(verdict_history(history, diagnosis->now_us)));
}

const json_t *diagnosis_judge(struct diagnosis *diagnosis, const struct diagnosis_which *which)
{
	json_t *meant = json_array(), *history;
	size_t i;

	json_array_foreach(diagnosis->histories, i, history) {
		judge(diagnosis, history);
		if (choose(history, which))
			json_array_append(meant, history);
	}
	json_decref(diagnosis->histories);
	diagnosis->histories = meant;
	return meant;
}

static bool has_cause(const json_t *object)
{
	return json_is_object(json_object_get(object, "cause"));
}

unsigned int diagnosis_causes(const json_t *histories)
{
	json_t *history, *connection;
	unsigned int n = 0;
	size_t i, j;

	json_array_foreach(histories, i, history) {
		n += has_cause(history);
		json_array_foreach(json_object_get(history, "connections"), j, connection)
			n += has_cause(connection);
	}
	return n;
}
