// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of a network namespace: what its relays have counted, each by
 * itself, is added up when they end or when somebody asks.
 */
#include <linux/sched.h>

#include "relay.h"
#include "stats.h"

/* The counters of a relay change while it lives: each is right, at its own moment. */
static void add_flow(struct kturn_flow_stats *sum, const struct kturn_flow_stats *stats)
{
	sum->bytes += READ_ONCE(stats->bytes);
	sum->moves += READ_ONCE(stats->moves);
	sum->waits += READ_ONCE(stats->waits);
	sum->copied += READ_ONCE(stats->copied);
	sum->coalesced += READ_ONCE(stats->coalesced);
}

/**
 * kturn_net_stats_add() - add up what a relay has counted
 * @sum: counters of its network namespace
 * @relay: the relay, living or ended
 */
void kturn_net_stats_add(struct kturn_net_stats *sum, const struct kturn_relay *relay)
{
	add_flow(&sum->to_peer, &relay->to_peer.stats);
	add_flow(&sum->to_client, &relay->to_client.stats);
	sum->runs.direct += READ_ONCE(relay->runs.direct);
	sum->runs.softirq += READ_ONCE(relay->runs.softirq);
	sum->runs.process += READ_ONCE(relay->runs.process);
	sum->runs.defers += READ_ONCE(relay->runs.defers);
}

/* It has counted what came and what went. */
static u64 living(const struct kturn_net_stats *stats)
{
	u64 relays = stats->created;
	int reason;

	for (reason = 0; reason < ARRAY_SIZE(stats->ended); reason++)
		relays -= stats->ended[reason];
	return relays;
}

/**
 * kturn_net_stats_read() - the counters of a network namespace
 * @net: the namespace
 * @stats: where they go, what living relays have counted among them
 * @relays: where the number of living relays goes
 *
 * Context: process context, may sleep: there may be very many of them.
 */
void kturn_net_stats_read(struct net *net, struct kturn_net_stats *stats, u64 *relays)
{
	struct kturn_net *kn = kturn_net(net);
	struct kturn_relay *relay;
	unsigned long id;

	/* None is counted twice, or leaves while we look at it. */
	mutex_lock(&kn->leaving);
	xa_lock(&kn->relays);
	*stats = kn->stats;
	xa_unlock(&kn->relays);
	*relays = living(stats);
	xa_for_each(&kn->relays, id, relay) {
		kturn_net_stats_add(stats, relay);
		cond_resched();
	}
	mutex_unlock(&kn->leaving);
}

/**
 * kturn_net_refused() - count a request for a relay that failed
 * @net: the network namespace
 */
void kturn_net_refused(struct net *net)
{
	struct kturn_net *kn = kturn_net(net);

	xa_lock(&kn->relays);
	kn->stats.refused++;
	xa_unlock(&kn->relays);
}
