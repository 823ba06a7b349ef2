/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_RELAY_H
#define _KTURN_RELAY_H

#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <linux/kturn.h>

#include "coalesce.h"
#include "limit.h"
#include "owner.h"
#include "sock.h"
#include "stats.h"
#include "stun.h"

struct kturn_engine_ops;
struct kturn_tls;
struct net;
struct netlink_ext_ack;

/**
 * struct kturn_flow - one direction of a relay
 * @src: where the bytes come from
 * @dst: where they go
 * @eof: the sender's FIN was passed on
 * @gather: this run is to move whole segments only
 * @looks: how often in a row there was less than one
 * @metered: there are limits that every move has to ask
 * @mean: running mean of the bytes that a run has moved
 * @seen: rcv_nxt of the source at the last look
 * @stun: the messages that it begins with, and how many of the first bytes are in @head
 * @last: jiffies of the last move, or of the start
 * @bucket: when its token bucket was empty, see bucket.h
 * @stats: what was carried
 * @head: the first bytes carried
 *
 * Changed under both socket locks only, read without.
 */
struct kturn_flow {
	struct kturn_leg *src;
	struct kturn_leg *dst;
	bool eof;
	bool gather;
	u8 looks;
	bool metered;
	struct kturn_stun stun;
	u32 mean;
	u32 seen;
	unsigned long last;
	u64 bucket;
	struct kturn_flow_stats stats;
	u8 head[KTURN_HEAD_MAX];
};

/**
 * enum kturn_relay_flag - bits of &struct kturn_relay.flags
 * @KTURN_RELAY_STARTED: it may be kicked, and ended
 * @KTURN_RELAY_OWNER_GONE: to be ended for that reason, by its work item
 * @KTURN_RELAY_CHECK_TIME: a run has to look at its times, see limit.c
 * @KTURN_RELAY_LONG_WAIT: its timer is set for a look at its times, and may be late
 * @KTURN_RELAY_DEAD: somebody ends it; nobody else may, and no byte moves
 */
enum kturn_relay_flag {
	KTURN_RELAY_STARTED,
	KTURN_RELAY_OWNER_GONE,
	KTURN_RELAY_CHECK_TIME,
	KTURN_RELAY_LONG_WAIT,
	KTURN_RELAY_DEAD,
};

/**
 * struct kturn_relay - two connections and the bytes between them
 * @id: its number, never used again
 * @group: the allocation it belongs to
 * @owner: port id of the netlink socket that owns it; or 0
 * @outlive_ms: how long it outlives that
 * @kn: those of the network namespace of both sockets, which their files keep
 * @flags: see &enum kturn_relay_flag
 * @client: the client's connection
 * @peer: the peer's connection
 * @to_peer: the bytes from the client
 * @to_client: the bytes from the peer
 * @engine: what makes it run
 * @tls: what a relay with TLS needs besides, see tls.c; otherwise NULL
 * @work: runs it in process context, see process.c
 * @tasklet: runs it in softirq, see softirq.c
 * @gather_timer: the same, for a flow that waits for more
 * @limits: what it is held to
 * @owned: its place among those of the owner, see owner.c
 * @timer: has it run when some time has passed, see kturn_relay_kick_in()
 * @release: frees it, after an RCU grace period
 * @start: jiffies when it was made
 * @grace: low bits of the jiffies after which what a reset leg had sent, or the
 *	last bytes that the relay may carry, are given up; or 0
 * @acked: how far they have been acknowledged
 * @err: see &struct kturn_verdict
 * @adopt_until: low bits of the jiffies when it ends without an owner
 * @ref: references that keep the memory
 * @runs: how often it was looked at
 * @cookie: the owner's own data
 * @cookie_len: bytes in @cookie
 * @reason: why it ended, an &enum kturn_end_reason
 * @closed_first: whose FIN was passed on first, an &enum kturn_side
 *
 * Life: it is found under RCU in the table of its namespace. Whoever wins
 * kturn_relay_claim() ends it, with kturn_relay_end() and then
 * kturn_relay_release(), and until then may use it outside of RCU. Others have
 * a reference, which keeps it but not its sockets: these are its own only while
 * it is not dead and both are locked.
 */
struct kturn_relay {
	u64 id;
	u64 group;
	u32 owner;
	u32 outlive_ms;
	struct kturn_net *kn;
	unsigned long flags;
	struct kturn_leg client;
	struct kturn_leg peer;
	struct kturn_flow to_peer;
	struct kturn_flow to_client;
	const struct kturn_engine_ops *engine;
	struct kturn_tls *tls;
	struct work_struct work;
	struct tasklet_struct tasklet;
	struct hrtimer gather_timer;
	struct kturn_limits limits;
	union {
		struct {
			struct list_head owned;
			struct timer_list timer;
		};
		struct rcu_work release;
	};
	struct kturn_runs runs;
	unsigned long start;
	u8 *cookie;
	u16 cookie_len;
	u8 reason;
	u8 closed_first;
	u32 grace;
	u32 acked;
	int err;
	u32 adopt_until;
	refcount_t ref;
};

/**
 * struct kturn_net - the relays of a network namespace
 * @net: the namespace
 * @relays: by id; its lock also guards @stats
 * @leaving: held by a relay that leaves @relays, and by who adds up its counters
 * @generation: changes after any of them came, went or got another owner
 * @stats: counters
 * @owners: who owns them
 * @coalesce: when what they carry in bulk waits for more
 */
struct kturn_net {
	struct net *net;
	struct xarray relays;
	struct mutex leaving;
	atomic64_t generation;
	struct kturn_net_stats stats;
	struct kturn_owners owners;
	struct kturn_coalesce coalesce;
};

/**
 * struct kturn_relay_params - what a new relay shall be like
 * @engine: what makes it run
 * @owner: port id of the netlink socket that owns it
 * @outlive_ms: how long it outlives that
 * @group: the allocation it belongs to
 * @cookie: the owner's own data, or NULL
 * @cookie_len: its length in bytes
 */
struct kturn_relay_params {
	const struct kturn_engine_ops *engine;
	u32 owner;
	u32 outlive_ms;
	u64 group;
	const void *cookie;
	u16 cookie_len;
};

/**
 * struct kturn_filter - which relays are meant
 * @group: only those of this group, or NULL
 * @owner: only those of this owner, 0 for those that have none, or NULL
 */
struct kturn_filter {
	const u64 *group;
	const u32 *owner;
};

/* Whether a leg was reset, while what it had sent still goes out. */
static inline bool kturn_relay_was_reset(const struct kturn_relay *relay)
{
	return READ_ONCE(relay->client.reset) || READ_ONCE(relay->peer.reset);
}

struct kturn_net *kturn_net(const struct net *net);

int kturn_relay_init(void);
void kturn_relay_exit(void);

/* Life */
struct kturn_relay *kturn_relay_alloc(struct net *net, const struct kturn_relay_params *params,
				      struct netlink_ext_ack *extack);
void kturn_relay_abandon(struct kturn_relay *relay);
int kturn_relay_start(struct kturn_relay *relay, u64 *id);
bool kturn_relay_claim(struct kturn_relay *relay);
void kturn_relay_end(struct kturn_relay *relay, enum kturn_end_reason reason, int err);
void kturn_relay_release(struct kturn_relay *relay);

/* Lookup, under RCU */
struct kturn_relay *kturn_relay_find(struct net *net, u64 id);
struct kturn_relay *kturn_relay_next(struct net *net, u64 *id, const struct kturn_filter *filter);

/* The same, with a reference and without RCU */
struct kturn_relay *kturn_relay_get(struct net *net, u64 id);
void kturn_relay_put(struct kturn_relay *relay);

/* Events */
void kturn_relay_kick(struct kturn_relay *relay);
void kturn_relay_kick_in(struct kturn_relay *relay, unsigned long delay);
void kturn_relay_look_in(struct kturn_relay *relay, unsigned long delay);
void kturn_relay_data_ready(struct kturn_leg *leg);

enum kturn_relay_state kturn_relay_state(const struct kturn_relay *relay);
void kturn_net_stats_add(struct kturn_net_stats *sum, const struct kturn_relay *relay);
void kturn_net_stats_read(struct net *net, struct kturn_net_stats *stats, u64 *relays);
void kturn_net_refused(struct net *net);
void kturn_net_changed(struct kturn_net *kn);
u64 kturn_net_generation(const struct net *net);

#endif /* _KTURN_RELAY_H */
