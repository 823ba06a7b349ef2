/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_STATS_H
#define _KTURN_STATS_H

#include <linux/types.h>
#include <linux/kturn.h>

/**
 * struct kturn_flow_stats - what one direction of a relay has carried
 * @bytes: payload bytes the receiving socket has accepted
 * @moves: times that any bytes were moved
 * @waits: times that bytes had to wait for room in the receiving socket
 * @copied: of @bytes, those copied and not passed by reference
 * @coalesced: times that bytes in bulk had to wait for more of them
 *
 * Written under both socket locks (@coalesced: that of the source), read
 * without.
 */
struct kturn_flow_stats {
	u64 bytes;
	u64 moves;
	u64 waits;
	u64 copied;
	u64 coalesced;
};

/**
 * struct kturn_runs - how often a relay's sockets were looked at, by context
 * @direct: by the softirq that brought the bytes, at once
 * @softirq: by a softirq, later
 * @process: by a work item
 * @defers: times that a softirq found a socket in use, and left it to the latter
 *
 * Written under both socket locks (@defers: the spinlocks), read without.
 */
struct kturn_runs {
	u64 direct;
	u64 softirq;
	u64 process;
	u64 defers;
};

/**
 * struct kturn_net_stats - the relays of one network namespace since its start
 * @created: relays that were made
 * @refused: requests for one that failed
 * @to_peer: the sum of the relays that have ended
 * @to_client: the same for the other direction
 * @runs: the same
 * @ended: how many ended, by &enum kturn_end_reason
 *
 * What moves bytes writes to its own relay alone. That also counts for the
 * namespace, when it has ended or somebody asks: a counter per CPU, however
 * cheap, would have to be written as well.
 */
struct kturn_net_stats {
	u64 created;
	u64 refused;
	struct kturn_flow_stats to_peer;
	struct kturn_flow_stats to_client;
	struct kturn_runs runs;
	u64 ended[KTURN_END_REASON_ERROR + 1];
};

#define kturn_stat_add(var, n) WRITE_ONCE(var, (var) + (n))

#endif /* _KTURN_STATS_H */
