// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "datapath.h"
#include "macros.h"
#include "splice_relay.h"

struct relay {
	struct splice_relay splice;
	struct engine *engine;
	struct group *group;
	LIST_ENTRY(relay) entry;	/* in its group */
	UT_hash_handle hh;
	uint64_t id;
	size_t cookie_len;
	uint8_t cookie[];
};

struct group {
	uint64_t id;
	LIST_HEAD(, relay) relays;
	UT_hash_handle hh;
};

struct engine {
	struct datapath dp;
	struct event_base *base;
	struct splice_pool pool;
	struct relay *relays;
	struct group *groups;
	uint64_t last_id;
};

static struct engine *engine_of(struct datapath *dp)
{
	return container_of(dp, struct engine, dp);
}

static struct relay *relay_of(struct splice_relay *splice)
{
	return container_of(splice, struct relay, splice);
}

static struct group *get_group(struct engine *engine, uint64_t id)
{
	struct group *group;

	HASH_FIND(hh, engine->groups, &id, sizeof(id), group);
	if (group)
		return group;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	group->id = id;
	LIST_INIT(&group->relays);
	HASH_ADD(hh, engine->groups, id, sizeof(id), group);
	return group;
}

static void put_group(struct engine *engine, struct group *group)
{
	if (!LIST_EMPTY(&group->relays))
		return;
	HASH_DEL(engine->groups, group);
	free(group);
}

static struct relay_info describe(const struct relay *relay)
{
	return (struct relay_info){
		.id = relay->id,
		.group = relay->group->id,
		.cookie = relay->cookie,
		.cookie_len = relay->cookie_len,
		.reason = relay->splice.reason,
		.error = relay->splice.error,
		.closed_first = relay->splice.closed_first,
		.to_peer = relay->splice.flow[SPLICE_CLIENT].counters,
		.to_client = relay->splice.flow[SPLICE_PEER].counters,
		.opening_to_peer = &relay->splice.flow[SPLICE_CLIENT].opening,
		.opening_to_client = &relay->splice.flow[SPLICE_PEER].opening,
	};
}

/* The sockets are closed before anybody hears of it. */
static void end_relay(struct relay *relay, relay_ended_fn fn, void *arg)
{
	struct engine *engine = relay->engine;
	struct relay_info info = describe(relay);

	splice_relay_stop(&relay->splice);
	HASH_DEL(engine->relays, relay);
	LIST_REMOVE(relay, entry);
	put_group(engine, relay->group);
	if (fn)
		fn(&info, arg);
	free(relay);
}

static void on_ended(struct splice_relay *splice)
{
	struct relay *relay = relay_of(splice);
	const struct datapath *dp = &relay->engine->dp;

	end_relay(relay, dp->ended, dp->ended_arg);
}

static void delete_relay(struct relay *relay, relay_ended_fn final, void *arg)
{
	relay->splice.reason = RELAY_REASON_DELETED;
	end_relay(relay, final, arg);
}

static int splice_open(struct datapath **dp, struct event_base *base,
		       char *why, size_t why_len)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine) {
		snprintf(why, why_len, "no memory");
		return -ENOMEM;
	}
	engine->dp.ops = &datapath_splice;
	engine->base = base;
	*dp = &engine->dp;
	return 0;
}

static void splice_close(struct datapath *dp)
{
	struct engine *engine = engine_of(dp);
	struct relay *relay, *next;

	HASH_ITER(hh, engine->relays, relay, next)
		delete_relay(relay, NULL, NULL);
	splice_pool_clear(&engine->pool);
	free(engine);
}

static int splice_add(struct datapath *dp, const struct relay_request *req,
		      uint64_t *id, char *why, size_t why_len)
{
	struct engine *engine = engine_of(dp);
	struct group *group = get_group(engine, req->group);
	struct relay *relay = calloc(1, sizeof(*relay) + req->cookie_len);

	if (!group || !relay)
		goto no_memory;
	relay->engine = engine;
	relay->group = group;
	relay->cookie_len = req->cookie_len;
	memcpy(relay->cookie, req->cookie, req->cookie_len);
	relay->splice.pool = &engine->pool;
	relay->splice.ended = on_ended;
	relay->splice.group = req->group;
	relay->splice.rate = req->rate;
	relay->splice.idle_ms = req->idle_ms;
	relay->splice.flow[SPLICE_CLIENT].counters.bytes = req->early;
	/* What it begins with has gone to the peer already. */
	if (req->early)
		opening_lose(&relay->splice.flow[SPLICE_CLIENT].opening);
	if (splice_relay_start(&relay->splice, engine->base, req->client_fd, req->client_tls,
			       req->peer_fd))
		goto no_memory;
	relay->id = ++engine->last_id | DATAPATH_SPLICE_ID;
	HASH_ADD(hh, engine->relays, id, sizeof(relay->id), relay);
	LIST_INSERT_HEAD(&group->relays, relay, entry);
	*id = relay->id;
	return 0;

no_memory:
	if (group)
		put_group(engine, group);
	free(relay);
	snprintf(why, why_len, "no memory");
	return -ENOMEM;
}

static int splice_set_rate(struct datapath *dp, uint64_t id, uint64_t rate)
{
	struct engine *engine = engine_of(dp);
	struct relay *relay;

	HASH_FIND(hh, engine->relays, &id, sizeof(id), relay);
	if (!relay)
		return -ENOENT;
	relay->splice.rate = rate;
	/* What waits for the old one may be let go. */
	splice_relay_again(&relay->splice, 0);
	return 0;
}

static int splice_del(struct datapath *dp, uint64_t id, relay_ended_fn final, void *arg)
{
	struct engine *engine = engine_of(dp);
	struct relay *relay;

	HASH_FIND(hh, engine->relays, &id, sizeof(id), relay);
	if (!relay)
		return -ENOENT;
	delete_relay(relay, final, arg);
	return 0;
}

static int splice_del_group(struct datapath *dp, uint64_t id, relay_ended_fn final, void *arg)
{
	struct engine *engine = engine_of(dp);
	struct relay *relay, *next;
	struct group *group;

	HASH_FIND(hh, engine->groups, &id, sizeof(id), group);
	if (!group)
		return 0;
	/* The group goes with its last relay. */
	for (relay = LIST_FIRST(&group->relays); relay; relay = next) {
		next = LIST_NEXT(relay, entry);
		delete_relay(relay, final, arg);
	}
	return 0;
}

static int splice_dump(struct datapath *dp, relay_dump_fn fn, void *arg)
{
	struct engine *engine = engine_of(dp);

	for (struct relay *relay = engine->relays; relay; relay = relay->hh.next) {
		struct relay_info info = describe(relay);

		fn(&info, arg);
	}
	return 0;
}

static int splice_look(struct datapath *dp, uint64_t id, struct relay_info *info)
{
	const struct relay *relay;

	HASH_FIND(hh, engine_of(dp)->relays, &id, sizeof(id), relay);
	if (!relay)
		return -ENOENT;
	*info = describe(relay);
	return 0;
}

const struct datapath_ops datapath_splice = {
	.name = "splice",
	.open = splice_open,
	.close = splice_close,
	.add = splice_add,
	.set_rate = splice_set_rate,
	.del = splice_del,
	.del_group = splice_del_group,
	.dump = splice_dump,
	.look = splice_look,
};
