// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>

#include "datapath.h"
#include "history.h"
#include "history_json.h"
#include "json_text.h"
#include "opening_json.h"
#include "stun.h"

static json_t *address(const union addr *addr)
{
	char text[ADDR_STR_LEN];

	return addr->sa.sa_family == AF_UNSPEC ? json_null() : json_string(addr_str(addr, text));
}

/* A permission is for all ports of its peer. */
static json_t *peer(const union addr *addr)
{
	char text[ADDR_STR_LEN];

	if (addr->sa.sa_family == AF_UNSPEC || addr_port(addr))
		return address(addr);
	return json_string(addr_ip_str(addr, text));
}

static json_t *number_or_null(uint64_t number)
{
	return number ? json_integer((json_int_t)number) : json_null();
}

static json_t *text_or_null(const char *text)
{
	return json_text(*text ? text : NULL);
}

static json_t *connection_id(uint32_t id)
{
	char text[9];

	snprintf(text, sizeof(text), "%08" PRIx32, id);
	return id ? json_string(text) : json_null();
}

static json_t *allocation_id(uint64_t id)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, id);
	return id ? json_string(text) : json_null();
}

/* --- steps */

static const char *step_name(const struct history_step *step)
{
	switch (step->kind) {
	case HISTORY_ATTEMPT:
		return stun_method_str(STUN_CONNECTION_ATTEMPT);
	case HISTORY_REFUSED_PEER:
		return "peer refused";
	default:
		return stun_method_str(step->method);
	}
}

static json_t *step_json(const struct history_step *step)
{
	bool answers = step->kind == HISTORY_RESPONSE;

	return json_pack("{s:s, s:o, s:b, s:I, s:I, s:I, s:o, s:o, s:o}",
			 "step", step_name(step),
			 "code", answers ? json_integer(step->code) : json_null(),
			 "signed", answers && step->is_signed,
			 "time_us", (json_int_t)step->first_us,
			 "last_us", (json_int_t)step->last_us,
			 "times", (json_int_t)step->times,
			 "peer", peer(&step->peer),
			 "connection", connection_id(step->connection),
			 "why", step->why ? json_string(step->why) : json_null());
}

static json_t *steps_json(const struct history *history)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < history->n_steps; i++)
		json_array_append_new(list, step_json(&history->steps[i]));
	return list;
}

/* --- connections */

/* Where the kernel has it, who asks us asks the kernel. */
static void add_flows(json_t *object, const struct history_connection *connection,
		      struct datapath *datapath)
{
	struct relay_info info = {
		.to_peer.bytes = connection->bytes_to_peer,
		.to_client.bytes = connection->bytes_to_client,
		.closed_first = connection->closed_first,
		.opening_to_peer = &connection->opening_to_peer,
		.opening_to_client = &connection->opening_to_client,
	};

	if (!connection->bound_us)
		return;
	if (!connection->ended_us && (!datapath->ops->look ||
	    datapath->ops->look(datapath, connection->relay, &info)))
		return;
	json_object_set_new(object, "closed_first", side_json(info.closed_first));
	json_object_set_new(object, "to_peer",
			    opening_json(info.opening_to_peer, info.to_peer.bytes));
	json_object_set_new(object, "to_client",
			    opening_json(info.opening_to_client, info.to_client.bytes));
}

static const char *state(const struct history_connection *connection)
{
	if (connection->ended_us)
		return "ended";
	if (connection->bound_us)
		return "bound";
	return connection->ready_us ? "waiting" : "connecting";
}

static json_t *connection_json(const struct history_connection *connection,
			       struct datapath *datapath)
{
	json_t *object = json_pack("{s:o, s:o, s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:i}",
				   "connection", connection_id(connection->id),
				   "peer", peer(&connection->peer),
				   "by", connection->by_peer ? "peer" : "client",
				   "state", state(connection),
				   "relay", number_or_null(connection->relay &
							   ~DATAPATH_SPLICE_ID),
				   "created_us", (json_int_t)connection->created_us,
				   "ready_us", number_or_null(connection->ready_us),
				   "bound_us", number_or_null(connection->bound_us),
				   "ended_us", number_or_null(connection->ended_us),
				   "why", text_or_null(connection->why),
				   "errno", connection->error);

	if (!object)
		return NULL;
	json_object_set_new(object, "engine", !connection->relay ? json_null() :
			    json_string(connection->relay & DATAPATH_SPLICE_ID ? "splice"
									       : "kernel"));
	json_object_set_new(object, "closed_first", json_null());
	add_flows(object, connection, datapath);
	return object;
}

static json_t *connections_json(const struct history *history, struct datapath *datapath)
{
	const struct history_connection *connection;
	json_t *list = json_array();

	TAILQ_FOREACH(connection, &history->connections, entry)
		json_array_append_new(list, connection_json(connection, datapath));
	return list;
}

/* --- the whole */

static const char *transport(const struct history *history)
{
	return history->transport == IPPROTO_UDP ? "udp" : "tcp";
}

json_t *history_json(const struct history *history, struct datapath *datapath)
{
	return json_pack("{s:o, s:o, s:b, s:o, s:o, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:o, s:I}",
			 "allocation", allocation_id(history->allocation),
			 "user", text_or_null(history->user),
			 "authenticated", history->authenticated,
			 "client", address(&history->tuple.client),
			 "server", address(&history->tuple.server),
			 "over", history->over,
			 "transport", history->allocation ? json_string(transport(history))
							  : json_null(),
			 "relayed", address(&history->relayed),
			 "created_us", (json_int_t)history->created_us,
			 "ended_us", number_or_null(history->ended_us),
			 "ended", text_or_null(history->ended),
			 "steps", steps_json(history),
			 "steps_omitted", (json_int_t)history->omitted,
			 "connections", connections_json(history, datapath),
			 "connections_omitted", (json_int_t)history->unseen);
}
