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
 *
 * Written under both socket locks, read without.
 */
struct kturn_flow_stats {
	u64 bytes;
	u64 moves;
	u64 waits;
	u64 copied;
};

/**
 * struct kturn_net_stats - the relays of one network namespace since its start
 * @created: relays that were made
 * @refused: requests for one that failed
 * @bytes_to_peer: payload of the relays that have ended
 * @bytes_to_client: the same for the other direction
 * @copied: the same, both directions, of copied bytes
 * @ended: how many ended, by &enum kturn_end_reason
 */
struct kturn_net_stats {
	u64 created;
	u64 refused;
	u64 bytes_to_peer;
	u64 bytes_to_client;
	u64 copied;
	u64 ended[KTURN_END_REASON_ERROR + 1];
};

#define kturn_stat_add(var, n) WRITE_ONCE(var, (var) + (n))

#endif /* _KTURN_STATS_H */
