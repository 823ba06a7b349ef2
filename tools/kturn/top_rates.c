// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "top_rates.h"

/* Without a dump before, what has not moved for so long is taken to wait. */
#define STALLED_MS 1000

#define SWAP(a, b) do { __typeof__(a) old_ = a; a = b; b = old_; } while (0)

void top_rates_begin(struct top_rates *rates)
{
	SWAP(rates->relay, rates->before);
	SWAP(rates->room, rates->room_before);
	rates->count_before = rates->count;
	rates->count = rates->met = 0;
	rates->tick++;
}

static int grow(struct top_rates *rates)
{
	size_t room = rates->room ? 2 * rates->room : 64;
	struct top_relay *relay = reallocarray(rates->relay, room, sizeof(*relay));

	if (!relay)
		return -ENOMEM;
	rates->relay = relay;
	rates->room = room;
	return 0;
}

/* Ids never come back, and both dumps are in their order: one walk along both does. */
static const struct top_relay *find_before(struct top_rates *rates, uint64_t id)
{
	while (rates->met < rates->count_before && rates->before[rates->met].id < id)
		rates->met++;
	if (rates->met < rates->count_before && rates->before[rates->met].id == id)
		return &rates->before[rates->met];
	return NULL;
}

/* One that was made since the dump before had moved nothing then. */
static float rate_of(const struct top_rates *rates, const struct top_flow *flow,
		     const struct top_flow *before, uint64_t ms)
{
	if (!ms || (!before && rates->tick < 2))
		return TOP_UNKNOWN;
	return (flow->bytes - (before ? before->bytes : 0)) * 1000.0f / ms;
}

/*
 * A queue alone is nothing: bytes have always just come. They wait where there was no
 * room for some of them, or where nothing moves although something is to.
 */
static enum top_wait wait_of(const struct top_flow *flow, const struct top_flow *before,
			     uint64_t limit, uint64_t ms)
{
	bool moved = before && flow->bytes != before->bytes;

	if (!flow->queued && !flow->unacked)
		return TOP_NO_WAIT;
	if (flow->queued && limit && flow->rate > 0.8f * limit)
		return TOP_FOR_LIMIT;
	if (before && flow->queued && flow->waits != before->waits)
		return TOP_FOR_RECEIVER;
	return !moved && flow->idle_ms >= (before ? ms : STALLED_MS) ? TOP_FOR_RECEIVER
								     : TOP_NO_WAIT;
}

static uint64_t waited_ms(const struct top_flow *flow, const struct top_flow *before,
			  uint64_t ms)
{
	uint64_t waited = ms;

	if (flow->wait == TOP_NO_WAIT)
		return 0;
	if (before && before->wait == flow->wait)
		waited += before->waited_ms;
	/* What stands still has done so from its last move on. */
	return flow->wait == TOP_FOR_RECEIVER && flow->idle_ms > waited ? flow->idle_ms : waited;
}

static void fill_history(struct top_flow *flow, const struct top_flow *before,
			 unsigned int tick)
{
	for (size_t i = 0; i < TOP_HISTORY; i++)
		flow->history[i] = before ? before->history[i] : TOP_UNKNOWN;
	flow->history[tick % TOP_HISTORY] = flow->rate;
}

static void fill_flow(const struct top_rates *rates, struct top_flow *flow,
		      const struct kturn_flow *now, const struct top_flow *before,
		      uint64_t limit, uint64_t ms)
{
	flow->bytes = now->bytes;
	flow->waits = now->waits;
	flow->idle_ms = now->idle_ms;
	flow->queued = now->queued;
	flow->unacked = now->unacked;
	flow->eof = now->eof;
	flow->rate = rate_of(rates, flow, before, ms);
	flow->wait = wait_of(flow, before, limit, ms);
	flow->waited_ms = waited_ms(flow, before, before ? ms : 0);
	fill_history(flow, before, rates->tick);
}

/* The relay's own age is the clock: no time passes between it and what was counted. */
int top_rates_add(struct top_rates *rates, const struct kturn_relay *relay)
{
	const struct top_relay *before = find_before(rates, relay->id);
	uint64_t ms = relay->age_ms - (before ? before->age_ms : 0);
	struct top_relay *new;

	if (rates->count == rates->room && grow(rates))
		return -ENOMEM;
	new = &rates->relay[rates->count++];
	new->id = relay->id;
	new->group = relay->group;
	new->age_ms = relay->age_ms;
	new->limit = relay->limits.rate;
	new->state = relay->state;
	new->engine = relay->engine;
	new->client = relay->client.remote;
	new->peer = relay->peer.remote;
	fill_flow(rates, &new->flow[TOP_TO_PEER], &relay->to_peer,
		  before ? &before->flow[TOP_TO_PEER] : NULL, new->limit, ms);
	fill_flow(rates, &new->flow[TOP_TO_CLIENT], &relay->to_client,
		  before ? &before->flow[TOP_TO_CLIENT] : NULL, new->limit, ms);
	return 0;
}

struct top_total top_total(const struct top_rates *rates)
{
	struct top_total total = { .waiting = 0 };

	for (size_t i = 0; i < rates->count; i++) {
		const struct top_relay *relay = &rates->relay[i];
		bool waits = false;

		for (size_t d = 0; d < TOP_DIRECTIONS; d++) {
			const struct top_flow *flow = &relay->flow[d];

			total.rate[d] += flow->rate > 0 ? flow->rate : 0;
			waits |= flow->wait != TOP_NO_WAIT;
		}
		total.waiting += waits;
	}
	return total;
}

void top_history(const struct top_rates *rates, const struct top_flow *flow,
		 float history[TOP_HISTORY])
{
	for (size_t i = 0; i < TOP_HISTORY; i++)
		history[i] = flow->history[(rates->tick + 1 + i) % TOP_HISTORY];
}

double top_rate(const struct top_relay *relay)
{
	double sum = 0;

	for (size_t d = 0; d < TOP_DIRECTIONS; d++)
		sum += relay->flow[d].rate > 0 ? relay->flow[d].rate : 0;
	return sum;
}

uint64_t top_waited_ms(const struct top_relay *relay)
{
	uint64_t a = relay->flow[TOP_TO_PEER].waited_ms;
	uint64_t b = relay->flow[TOP_TO_CLIENT].waited_ms;

	return a > b ? a : b;
}

void top_rates_free(struct top_rates *rates)
{
	free(rates->relay);
	free(rates->before);
	memset(rates, 0, sizeof(*rates));
}
