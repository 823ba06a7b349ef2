// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who owns a relay: the netlink socket that made it, or the one that adopted it
 * after the former was closed. A relay ends with its owner, or waits for another
 * one as long as it was told to. And how many there may be, of an owner and in
 * all.
 *
 * The closing of any generic netlink socket brings us here, so the relays of an
 * owner are found by its port id, not by looking at them all.
 */
#include <linux/jiffies.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "owner.h"
#include "relay.h"
#include "trace.h"

/* Enough for any server, and not for a program that has gone wild. What a relay
 * costs is not its memory here but its two sockets, which TCP bounds.
 */
#define CAP_OWNER	(64 * 1024)
#define CAP_NETNS	(256 * 1024)
#define CAP_TOTAL	(1024 * 1024)

/* The least time between two looks at all that wait to be adopted. */
#define REAP_PAUSE	msecs_to_jiffies(100)

/**
 * struct kturn_owner - a netlink socket that has relays
 * @owned: they, by &struct kturn_relay.owned
 * @relays: how many
 */
struct kturn_owner {
	struct list_head owned;
	u32 relays;
};

static atomic_long_t total = ATOMIC_LONG_INIT(0);
u32 kturn_total_cap = CAP_TOTAL;

static struct kturn_owners *owners_of(const struct kturn_relay *relay)
{
	return &relay->kn->owners;
}

/* Find the owner, or make one. */
static struct kturn_owner *get_owner(struct kturn_owners *owners, u32 port)
{
	struct kturn_owner *owner = xa_load(&owners->by_port, port);

	if (owner)
		return owner;
	owner = kmalloc(sizeof(*owner), GFP_KERNEL);
	if (!owner)
		return NULL;
	INIT_LIST_HEAD(&owner->owned);
	owner->relays = 0;
	if (xa_err(xa_store(&owners->by_port, port, owner, GFP_KERNEL))) {
		kfree(owner);
		return NULL;
	}
	return owner;
}

static void forget_if_idle(struct kturn_owners *owners, u32 port)
{
	struct kturn_owner *owner = xa_load(&owners->by_port, port);

	if (owner->relays)
		return;
	xa_erase(&owners->by_port, port);
	kfree(owner);
}

/* Give a relay that nobody owns to @port. */
static int give(struct kturn_owners *owners, struct kturn_relay *relay, u32 port,
		struct netlink_ext_ack *extack)
{
	struct kturn_owner *owner = get_owner(owners, port);

	if (!owner) {
		NL_SET_ERR_MSG(extack, "no memory");
		return -ENOMEM;
	}
	if (owner->relays >= READ_ONCE(owners->owner_cap)) {
		forget_if_idle(owners, port);
		NL_SET_ERR_MSG(extack, "this owner has as many relays as it may");
		return -EDQUOT;
	}
	list_move_tail(&relay->owned, &owner->owned);
	owner->relays++;
	WRITE_ONCE(relay->owner, port);
	return 0;
}

/* Make it be nobody's; it is on no list then. */
static void take(struct kturn_owners *owners, struct kturn_relay *relay)
{
	/* Its owner was closed, and it is about to end. */
	if (list_empty(&relay->owned))
		return;
	list_del_init(&relay->owned);
	if (!relay->owner)
		return;
	((struct kturn_owner *)xa_load(&owners->by_port, relay->owner))->relays--;
	forget_if_idle(owners, relay->owner);
}

static int count(struct kturn_owners *owners, struct netlink_ext_ack *extack)
{
	if (owners->relays >= READ_ONCE(owners->cap)) {
		NL_SET_ERR_MSG(extack, "there are as many relays in this network namespace as there may be");
		return -ENOSPC;
	}
	if (atomic_long_inc_return(&total) > READ_ONCE(kturn_total_cap)) {
		atomic_long_dec(&total);
		NL_SET_ERR_MSG(extack, "there are as many relays in all network namespaces as there may be");
		return -ENOSPC;
	}
	owners->relays++;
	return 0;
}

static void uncount(struct kturn_owners *owners)
{
	owners->relays--;
	atomic_long_dec(&total);
}

/**
 * kturn_owner_join() - count a new relay, and give it to its owner
 * @relay: the relay, with the port id of a netlink socket that is open as its
 *	owner
 * @extack: where the reason of a refusal goes
 *
 * Undone by kturn_owner_leave().
 *
 * Context: process context, may sleep.
 * Return: 0; -EDQUOT if the owner has too many already; -ENOSPC if there are too
 * many in all; -ENOMEM.
 */
int kturn_owner_join(struct kturn_relay *relay, struct netlink_ext_ack *extack)
{
	struct kturn_owners *owners = owners_of(relay);
	int ret;

	INIT_LIST_HEAD(&relay->owned);
	mutex_lock(&owners->lock);
	ret = count(owners, extack);
	if (!ret) {
		ret = give(owners, relay, relay->owner, extack);
		if (ret)
			uncount(owners);
	}
	mutex_unlock(&owners->lock);
	return ret;
}

/**
 * kturn_owner_leave() - take a relay from its owner, and count it no more
 * @relay: a relay that has joined; its owner remains to be seen in it
 *
 * Context: process context, may sleep.
 */
void kturn_owner_leave(struct kturn_relay *relay)
{
	struct kturn_owners *owners = owners_of(relay);

	mutex_lock(&owners->lock);
	take(owners, relay);
	uncount(owners);
	mutex_unlock(&owners->lock);
}

/* A relay that ends has to come to kturn_owner_leave() before it is freed: as
 * long as we hold the lock, all on our lists is there to be touched.
 */
static void end(struct kturn_relay *relay)
{
	list_del_init(&relay->owned);
	set_bit(KTURN_RELAY_OWNER_GONE, &relay->flags);
	kturn_relay_kick(relay);
}

static void make_orphan(struct kturn_owners *owners, struct kturn_relay *relay)
{
	relay->adopt_until = (u32)jiffies + msecs_to_jiffies(relay->outlive_ms);
	list_move_tail(&relay->owned, &owners->orphans);
	/* Readers without the lock see the time before they look for it. */
	smp_store_release(&relay->owner, 0);
	trace_kturn_relay_owner(relay);
}

/**
 * kturn_owner_gone() - a netlink socket was closed
 * @net: its network namespace
 * @port: its port id
 *
 * Its relays end, or wait to be adopted. Takes a time that grows with their
 * number, and next to none if there are none.
 *
 * Context: process context, may sleep. No request of this socket is under way.
 */
void kturn_owner_gone(struct net *net, u32 port)
{
	struct kturn_net *kn = kturn_net(net);
	struct kturn_owners *owners = &kn->owners;
	struct kturn_relay *relay, *next;
	struct kturn_owner *owner;

	/* What it has owned, it has had for long. */
	if (!xa_load(&owners->by_port, port))
		return;

	mutex_lock(&owners->lock);
	owner = xa_erase(&owners->by_port, port);
	if (owner) {
		list_for_each_entry_safe(relay, next, &owner->owned, owned) {
			if (relay->outlive_ms)
				make_orphan(owners, relay);
			else
				end(relay);
			/* With each: a dump may be under way between them. */
			kturn_net_changed(kn);
			cond_resched();
		}
		kfree(owner);
		/* It finds out how long it has to wait. */
		cancel_delayed_work(&owners->reaper);
		schedule_delayed_work(&owners->reaper, 0);
	}
	mutex_unlock(&owners->lock);
}

/* Jiffies until the end of an orphan. */
static s32 time_left(const struct kturn_relay *relay)
{
	return (s32)(READ_ONCE(relay->adopt_until) - (u32)jiffies);
}

/* All at once, with a pause in between: that needs no timer for each. */
static void reap(struct work_struct *work)
{
	struct kturn_owners *owners = container_of(to_delayed_work(work), struct kturn_owners,
						   reaper);
	struct kturn_relay *relay, *next;
	s32 soonest = S32_MAX;

	mutex_lock(&owners->lock);
	list_for_each_entry_safe(relay, next, &owners->orphans, owned) {
		if (time_left(relay) <= 0)
			end(relay);
		else
			soonest = min(soonest, time_left(relay));
		cond_resched();
	}
	if (!list_empty(&owners->orphans))
		schedule_delayed_work(&owners->reaper, max_t(s32, soonest, REAP_PAUSE));
	mutex_unlock(&owners->lock);
}

static int adopt(struct kturn_owners *owners, struct kturn_relay *relay,
		 const struct kturn_adoption *adoption, struct netlink_ext_ack *extack)
{
	int ret = give(owners, relay, adoption->owner, extack);

	if (ret)
		return ret;
	if (adoption->outlive_ms)
		WRITE_ONCE(relay->outlive_ms, *adoption->outlive_ms);
	trace_kturn_relay_owner(relay);
	return 0;
}

static bool is_ending(const struct kturn_relay *relay)
{
	return test_bit(KTURN_RELAY_OWNER_GONE, &relay->flags) ||
	       test_bit(KTURN_RELAY_DEAD, &relay->flags);
}

/* Under the lock: a relay on a list of ours stays there. */
static int find_orphan(struct net *net, u64 id, struct kturn_relay **orphan)
{
	struct kturn_relay *relay;
	int ret = 0;

	rcu_read_lock();
	relay = kturn_relay_find(net, id);
	/* In this order: one that has left has no list entry any more. */
	if (!relay || is_ending(relay) || list_empty(&relay->owned))
		ret = -ENOENT;
	else if (relay->owner)
		ret = -EBUSY;
	rcu_read_unlock();
	*orphan = relay;
	return ret;
}

/**
 * kturn_owner_adopt() - give one relay that waits for it a new owner
 * @net: network namespace
 * @id: the relay's id
 * @adoption: whose it becomes
 * @extack: where the reason of a refusal goes
 *
 * Context: process context, may sleep; a request of the new owner.
 * Return: 0; -ENOENT; -EBUSY if it has an owner; or what kturn_owner_join()
 * may return.
 */
int kturn_owner_adopt(struct net *net, u64 id, const struct kturn_adoption *adoption,
		      struct netlink_ext_ack *extack)
{
	struct kturn_net *kn = kturn_net(net);
	struct kturn_relay *relay;
	int ret;

	mutex_lock(&kn->owners.lock);
	ret = find_orphan(net, id, &relay);
	if (!ret)
		ret = adopt(&kn->owners, relay, adoption, extack);
	if (!ret)
		kturn_net_changed(kn);
	mutex_unlock(&kn->owners.lock);
	return ret;
}

/**
 * kturn_owner_adopt_all() - give all relays that wait for it a new owner
 * @net: network namespace
 * @adoption: which, and whose they become
 * @adopted: where their number goes, also of those before a failure
 * @extack: where the reason of a refusal goes
 *
 * Context: process context, may sleep; a request of the new owner.
 * Return: 0; or what kturn_owner_join() may return.
 */
int kturn_owner_adopt_all(struct net *net, const struct kturn_adoption *adoption,
			  u32 *adopted, struct netlink_ext_ack *extack)
{
	struct kturn_net *kn = kturn_net(net);
	struct kturn_relay *relay, *next;
	int ret = 0;

	*adopted = 0;
	mutex_lock(&kn->owners.lock);
	list_for_each_entry_safe(relay, next, &kn->owners.orphans, owned) {
		if (is_ending(relay) || (adoption->group && relay->group != *adoption->group))
			continue;
		ret = adopt(&kn->owners, relay, adoption, extack);
		if (ret)
			break;
		++*adopted;
		kturn_net_changed(kn);
		cond_resched();
	}
	mutex_unlock(&kn->owners.lock);
	return ret;
}

/**
 * kturn_owner_adopt_within_ms() - how long a relay without an owner still lives
 * @relay: a relay whose owner was read as 0, with acquire
 *
 * Context: any.
 * Return: milliseconds, up to the next look at all of them.
 */
u32 kturn_owner_adopt_within_ms(const struct kturn_relay *relay)
{
	return jiffies_to_msecs(max(time_left(relay), 0));
}

/**
 * kturn_owners_init() - prepare a new network namespace
 * @owners: its owners
 */
void kturn_owners_init(struct kturn_owners *owners)
{
	mutex_init(&owners->lock);
	xa_init(&owners->by_port);
	INIT_LIST_HEAD(&owners->orphans);
	INIT_DELAYED_WORK(&owners->reaper, reap);
	owners->owner_cap = CAP_OWNER;
	owners->cap = CAP_NETNS;
}

/**
 * kturn_owners_exit() - undo kturn_owners_init(); there must be no relay
 * @owners: the owners of a network namespace
 *
 * Context: process context, may sleep.
 */
void kturn_owners_exit(struct kturn_owners *owners)
{
	WARN_ON(owners->relays || !xa_empty(&owners->by_port));
	cancel_delayed_work_sync(&owners->reaper);
	xa_destroy(&owners->by_port);
}
