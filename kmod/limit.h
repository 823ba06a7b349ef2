/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_LIMIT_H
#define _KTURN_LIMIT_H

#include <linux/types.h>
#include <linux/kturn.h>

#include "probing.h"

struct kturn_flow;
struct kturn_relay;
struct netlink_ext_ack;
struct nlattr;

/**
 * struct kturn_limits - what a relay is held to; 0 is no limit
 * @bytes: payload bytes, both flows together
 * @rate: bytes per second, each flow by itself
 * @idle: milliseconds without a move
 * @life: milliseconds since the start
 * @probing: how its sockets find out that the other side is gone
 *
 * Changed under both socket locks only, and with TLS its mutex; read without.
 */
struct kturn_limits {
	u64 bytes;
	u64 rate;
	u32 idle;
	u32 life;
	struct kturn_probing probing;
};

/* Life */
int kturn_limit_begin(struct kturn_relay *relay, const struct nlattr *nest,
		      struct netlink_ext_ack *extack);
int kturn_limit_change(struct kturn_relay *relay, const struct nlattr *nest,
		       struct netlink_ext_ack *extack);

/* In a run */
enum kturn_end_reason kturn_limit_time_is_up(struct kturn_relay *relay);
bool kturn_limit_bytes_are_used_up(const struct kturn_relay *relay);

/* In a move, of a flow that is metered */
size_t kturn_limit_budget(struct kturn_flow *flow, size_t most);
void kturn_limit_spent(struct kturn_flow *flow, size_t bytes);

#endif /* _KTURN_LIMIT_H */
