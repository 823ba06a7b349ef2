// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "monitor_known.h"

static struct known_relay *find(const struct known *known, uint64_t id)
{
	struct known_relay *relay;

	HASH_FIND(hh, known->relays, &id, sizeof(id), relay);
	return relay;
}

static struct known_relay *add(struct known *known, const struct kturn_relay *relay)
{
	struct known_relay *new = calloc(1, sizeof(*new));

	if (!new)
		return NULL;
	new->id = relay->id;
	new->group = relay->group;
	new->client = relay->client;
	new->peer = relay->peer;
	new->round = known->round;
	HASH_ADD(hh, known->relays, id, sizeof(new->id), new);
	return new;
}

static void drop(struct known *known, struct known_relay *relay)
{
	HASH_DEL(known->relays, relay);
	free(relay);
}

void known_look(struct known *known)
{
	known->round++;
}

int known_found(struct known *known, const struct kturn_relay *relay, bool told)
{
	struct known_relay *there = find(known, relay->id);
	bool is_new = !there;

	if (is_new)
		there = add(known, relay);
	if (!there)
		return -ENOMEM;
	there->round = known->round;
	if (is_new)
		there->told = told;
	return is_new;
}

void known_missing(struct known *known,
		   void (*fn)(const struct known_relay *relay, void *arg), void *arg)
{
	struct known_relay *relay, *next;

	HASH_ITER(hh, known->relays, relay, next) {
		if (relay->round == known->round)
			continue;
		fn(relay, arg);
		drop(known, relay);
	}
}

int known_added(struct known *known, const struct kturn_relay *relay)
{
	struct known_relay *there = find(known, relay->id);

	if (there && there->told)
		return 0;
	if (!there)
		there = add(known, relay);
	if (!there)
		return -ENOMEM;
	there->told = true;
	return 1;
}

bool known_ended(struct known *known, uint64_t id)
{
	struct known_relay *relay = find(known, id);

	if (relay)
		drop(known, relay);
	return relay;
}

size_t known_count(const struct known *known)
{
	return HASH_COUNT(known->relays);
}

void known_free(struct known *known)
{
	struct known_relay *relay, *next;

	HASH_ITER(hh, known->relays, relay, next)
		drop(known, relay);
}
