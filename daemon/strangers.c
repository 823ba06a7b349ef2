// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <stdlib.h>
#include <uthash.h>

#include "counters.h"
#include "strangers.h"

#define SHARE	8	/* from an eighth of all on, a network makes room by itself */

struct stranger_network {
	UT_hash_handle hh;
	struct stranger_queue queue;
	unsigned int n;
	uint8_t prefix[];
};

void strangers_init(struct strangers *strangers, unsigned int max)
{
	TAILQ_INIT(&strangers->queue);
	strangers->networks = NULL;
	strangers->n = 0;
	strangers->max = max;
}

static struct stranger_network *find_network(const struct strangers *strangers,
					     const union addr *addr)
{
	struct stranger_network *network;
	size_t len;
	const uint8_t *prefix = addr_network(addr, &len);

	HASH_FIND(hh, strangers->networks, prefix, len, network);
	return network;
}

static struct stranger_network *new_network(struct strangers *strangers,
					    const union addr *addr)
{
	size_t len;
	const uint8_t *prefix = addr_network(addr, &len);
	struct stranger_network *network = calloc(1, sizeof(*network) + len);

	if (!network)
		return NULL;
	TAILQ_INIT(&network->queue);
	memcpy(network->prefix, prefix, len);
	HASH_ADD_KEYPTR(hh, strangers->networks, network->prefix, len, network);
	return network;
}

static void make_room(struct strangers *strangers, const union addr *addr)
{
	const struct stranger_network *network = find_network(strangers, addr);
	struct stranger *oldest = TAILQ_FIRST(&strangers->queue);

	if (network && (uint64_t)network->n * SHARE >= strangers->max)
		oldest = TAILQ_FIRST(&network->queue);
	oldest->evict(oldest);
}

/* Without memory he is counted among all, if not among his. */
static void enter_network(struct strangers *strangers, struct stranger *stranger,
			  const union addr *addr)
{
	struct stranger_network *network = find_network(strangers, addr);

	if (!network)
		network = new_network(strangers, addr);
	stranger->network = network;
	if (!network)
		return;
	TAILQ_INSERT_TAIL(&network->queue, stranger, neighbour);
	network->n++;
}

static void leave_network(struct strangers *strangers, struct stranger *stranger)
{
	struct stranger_network *network = stranger->network;

	if (!network)
		return;
	stranger->network = NULL;
	TAILQ_REMOVE(&network->queue, stranger, neighbour);
	if (--network->n)
		return;
	HASH_DEL(strangers->networks, network);
	free(network);
}

void stranger_enter(struct strangers *strangers, struct stranger *stranger,
		    const union addr *addr)
{
	if (stranger->queue)
		return;
	while (strangers->n && strangers->n >= strangers->max)
		make_room(strangers, addr);
	stranger_return(strangers, stranger, addr);
}

void stranger_return(struct strangers *strangers, struct stranger *stranger,
		     const union addr *addr)
{
	if (stranger->queue)
		return;
	stranger->queue = strangers;
	TAILQ_INSERT_TAIL(&strangers->queue, stranger, entry);
	enter_network(strangers, stranger, addr);
	strangers->n++;
	count(COUNT_STRANGERS);
}

void stranger_leave(struct stranger *stranger)
{
	struct strangers *strangers = stranger->queue;

	if (!strangers)
		return;
	TAILQ_REMOVE(&strangers->queue, stranger, entry);
	leave_network(strangers, stranger);
	strangers->n--;
	count_down(COUNT_STRANGERS);
	stranger->queue = NULL;
}

void strangers_clear(struct strangers *strangers)
{
	struct stranger *oldest;

	while ((oldest = TAILQ_FIRST(&strangers->queue)))
		oldest->evict(oldest);
}
