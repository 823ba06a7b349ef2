/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_OWNER_H
#define _KTURN_OWNER_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

struct kturn_relay;
struct net;
struct netlink_ext_ack;

/**
 * struct kturn_owners - who owns the relays of a network namespace
 * @lock: guards the rest, and each relay's owner
 * @by_port: &struct kturn_owner, by the port id of the netlink socket
 * @orphans: relays that wait to be adopted
 * @reaper: ends those that were not
 * @relays: relays there are, or which are being made
 * @cap: how many there may be; written without @lock
 * @owner_cap: how many of one owner; the same
 */
struct kturn_owners {
	struct mutex lock;
	struct xarray by_port;
	struct list_head orphans;
	struct delayed_work reaper;
	u32 relays;
	u32 cap;
	u32 owner_cap;
};

/**
 * struct kturn_adoption - which relays get a new owner
 * @owner: port id of its netlink socket
 * @group: of all that wait, only those of this group; or NULL
 * @outlive_ms: their new time to outlive it; or NULL, to leave that as it is
 */
struct kturn_adoption {
	u32 owner;
	const u64 *group;
	const u32 *outlive_ms;
};

/* How many relays there may be in all network namespaces; written at will. */
extern u32 kturn_total_cap;

void kturn_owners_init(struct kturn_owners *owners);
void kturn_owners_exit(struct kturn_owners *owners);

int kturn_owner_join(struct kturn_relay *relay, struct netlink_ext_ack *extack);
void kturn_owner_leave(struct kturn_relay *relay);
void kturn_owner_gone(struct net *net, u32 port);

int kturn_owner_adopt(struct net *net, u64 id, const struct kturn_adoption *adoption,
		      struct netlink_ext_ack *extack);
int kturn_owner_adopt_all(struct net *net, const struct kturn_adoption *adoption,
			  u32 *adopted, struct netlink_ext_ack *extack);
u32 kturn_owner_adopt_within_ms(const struct kturn_relay *relay);

#endif /* _KTURN_OWNER_H */
