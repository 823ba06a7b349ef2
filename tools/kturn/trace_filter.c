// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "network.h"
#include "stun.h"
#include "trace_filter.h"

#define HELD_MAX	1024	/* messages of connections that nobody is known of */
#define KNOWN_MAX	65536	/* connections, and ids of RFC 6062 */

/* A connection, or the CONNECTION-ID of one to come: at most one of them is set. */
struct key {
	union addr client, server;
	uint32_t id;
};

/* It has to do with the user, with the address. */
struct known {
	struct key key;
	bool user, address;
	UT_hash_handle hh;
};

struct trace_filter {
	const char *user;
	bool by_address;
	struct network network;
	struct known *known;
	struct trace_record *held[HELD_MAX];
	size_t next;
};

/* --- what is known */

static void forget(struct trace_filter *filter)
{
	struct known *known, *next;

	HASH_ITER(hh, filter->known, known, next) {
		HASH_DEL(filter->known, known);
		free(known);
	}
}

static struct key tuple_of(const struct trace_record *record)
{
	struct key key;

	memset(&key, 0, sizeof(key));
	key.client = record->client;
	key.server = record->server;
	return key;
}

static struct known *find(const struct trace_filter *filter, const struct key *key)
{
	struct known *known;

	HASH_FIND(hh, filter->known, key, sizeof(*key), known);
	return known;
}

static struct known *get(struct trace_filter *filter, const struct key *key)
{
	struct known *known = find(filter, key);

	if (known)
		return known;
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	known->key = *key;
	HASH_ADD(hh, filter->known, key, sizeof(known->key), known);
	return known;
}

static bool is_wanted(const struct trace_filter *filter, const struct known *known)
{
	return known && (!filter->user || known->user) &&
	       (!filter->by_address || known->address);
}

/* --- what a message says */

/* A record has the beginning of a long name only. */
static bool is_owner(const struct trace_filter *filter, const struct trace_record *record)
{
	return filter->user && !strncmp(record->user, filter->user, TRACE_USER_MAX - 1);
}

static bool is_user(const struct trace_filter *filter, const struct trace_attr *attr)
{
	return filter->user && attr->type == STUN_ATTR_USERNAME &&
	       attr->len == strlen(filter->user) &&
	       !memcmp(attr->value, filter->user, attr->len);
}

static bool is_peer(const struct trace_filter *filter, const struct trace_record *record,
		    const struct trace_attr *attr)
{
	const struct stun_message msg = { .data = record->data, .transaction = record->data + 8 };
	const struct stun_attr as_stun = { attr->type, attr->len, attr->value };
	union addr addr;

	return filter->by_address && attr->type == STUN_ATTR_XOR_PEER_ADDRESS &&
	       !stun_attr_xor_addr(&msg, &as_stun, &addr) && network_has(&filter->network, &addr);
}

static bool get_id(const struct trace_attr *attr, struct key *key)
{
	memset(key, 0, sizeof(*key));
	if (attr->type != STUN_ATTR_CONNECTION_ID || attr->len != sizeof(key->id))
		return false;
	memcpy(&key->id, attr->value, sizeof(key->id));
	return true;
}

/* A ConnectionBind says no more of its peer than the id that the client was told. */
static void learn_by_id(struct trace_filter *filter, struct known *known, const struct key *id)
{
	struct known *other = find(filter, id);

	if (!other) {
		if (!known->user && !known->address)
			return;
		other = get(filter, id);
	}
	if (!other)
		return;
	known->user |= other->user;
	known->address |= other->address;
	other->user |= known->user;
	other->address |= known->address;
}

static void learn(struct trace_filter *filter, struct known *known,
		  const struct trace_record *record)
{
	struct trace_attr attr;
	struct key id;
	size_t at = 0;

	known->user |= is_owner(filter, record);
	known->address |= filter->by_address && network_has(&filter->network, &record->client);
	while (trace_record_next(record, &at, &attr)) {
		known->user |= is_user(filter, &attr);
		known->address |= is_peer(filter, record, &attr);
	}
	for (at = 0; trace_record_next(record, &at, &attr); )
		if (get_id(&attr, &id))
			learn_by_id(filter, known, &id);
}

/* --- messages */

static void hold(struct trace_filter *filter, const struct trace_record *record)
{
	struct trace_record **place = &filter->held[filter->next++ % HELD_MAX];

	if (!*place)
		*place = malloc(sizeof(**place));
	if (*place)
		**place = *record;
}

/* The number of a message is never 0, but here, where it has been shown. */
static void release(struct trace_filter *filter, const struct known *known,
		    trace_filter_fn fn, void *arg)
{
	for (size_t i = 0; i < HELD_MAX; i++) {
		struct trace_record *record = filter->held[(filter->next + i) % HELD_MAX];

		if (!record || !record->number ||
		    !addr_equal(&record->client, &known->key.client) ||
		    !addr_equal(&record->server, &known->key.server))
			continue;
		fn(record, arg);
		record->number = 0;
	}
}

void trace_filter_pass(struct trace_filter *filter, const struct trace_record *record,
		       trace_filter_fn fn, void *arg)
{
	const struct key key = tuple_of(record);
	struct known *known;
	bool before;

	if (!filter->user && !filter->by_address) {
		fn(record, arg);
		return;
	}
	/* Here only, while nothing of it is in use; a message adds few. */
	if (HASH_COUNT(filter->known) >= KNOWN_MAX)
		forget(filter);
	known = get(filter, &key);
	if (!known)
		return;
	before = is_wanted(filter, known);
	learn(filter, known, record);
	if (!is_wanted(filter, known)) {
		hold(filter, record);
		return;
	}
	if (!before)
		release(filter, known, fn, arg);
	fn(record, arg);
}

struct trace_filter *trace_filter_new(const char *user, const char *address)
{
	struct trace_filter *filter = calloc(1, sizeof(*filter));

	if (!filter)
		return NULL;
	filter->user = user;
	filter->by_address = address;
	if (!address || network_parse(&filter->network, address))
		return filter;
	free(filter);
	return NULL;
}

void trace_filter_free(struct trace_filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < HELD_MAX; i++)
		free(filter->held[i]);
	forget(filter);
	free(filter);
}
