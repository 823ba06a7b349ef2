// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "allocation.h"
#include "allocation_json.h"
#include "auth_user.h"
#include "json_text.h"
#include "session.h"
#include "worker.h"

static json_t *address(const union addr *addr)
{
	char text[ADDR_STR_LEN];

	return json_string(addr_str(addr, text));
}

static json_t *relayed(const struct allocation *allocation)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < allocation->n_relayed; i++)
		json_array_append_new(list, address(&allocation->relayed[i].addr));
	return list;
}

static json_int_t seconds_left(const struct allocation *allocation)
{
	time_t first = allocation->relayed[0].expires, now = worker_now();

	for (unsigned int i = 1; i < allocation->n_relayed; i++)
		if (allocation->relayed[i].expires < first)
			first = allocation->relayed[i].expires;
	return first > now ? first - now : 0;
}

static int add_whose(json_t *object, const struct allocation *allocation)
{
	const struct session *session = allocation->session;
	const struct auth_user *user = allocation->user;

	return json_object_set_new(object, "user", json_text(user ? user->name : NULL)) ||
	       json_object_set_new(object, "realm",
				   json_text(user ? auth_user_realm(user) : NULL)) ||
	       json_object_set_new(object, "client", address(&session->client)) ||
	       json_object_set_new(object, "server", address(&session->server)) ||
	       json_object_set_new(object, "relayed", relayed(allocation));
}

static json_t *counts(const struct allocation *allocation)
{
	const struct session *session = allocation->session;
	char id[17];

	snprintf(id, sizeof(id), "%016" PRIx64, allocation->id);
	return json_pack("{s:s, s:i, s:s, s:s, s:I, s:I, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:I}",
			 "id", id,
			 "worker", session->worker->index,
			 "transport", allocation->transport == IPPROTO_UDP ? "udp" : "tcp",
			 "over", session->ops->transport,
			 "age_s", (json_int_t)(worker_now() - allocation->created),
			 "expires_s", seconds_left(allocation),
			 "permissions", allocation->permissions.n,
			 "channels", allocation->channels.n,
			 "connections", allocation->n_open,
			 "pending", allocation->n_pending,
			 "connections_total", allocation->n_connections,
			 "bps", (json_int_t)allocation->bps,
			 "bytes_to_peer", (json_int_t)allocation->to_peer,
			 "bytes_to_client", (json_int_t)allocation->to_client);
}

json_t *allocation_json(const struct allocation *allocation)
{
	json_t *object = counts(allocation);

	if (object && !add_whose(object, allocation))
		return object;
	json_decref(object);
	return NULL;
}
