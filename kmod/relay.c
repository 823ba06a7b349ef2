// SPDX-License-Identifier: GPL-2.0-only
/*
 * The relay: two sockets, two flows, an owner, and an end with a reason.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/tcp.h>

#include "engine.h"
#include "netlink.h"
#include "relay.h"
#include "tls.h"
#include "trace.h"

/* There are very many, and kmalloc() would round them up a lot. */
static struct kmem_cache *relay_cache;
static struct workqueue_struct *release_wq;
static atomic64_t last_id = ATOMIC64_INIT(0);
static unsigned int kturn_net_id;

/**
 * kturn_net() - the relays of a network namespace
 * @net: the namespace
 */
struct kturn_net *kturn_net(const struct net *net)
{
	return net_generic(net, kturn_net_id);
}

static bool is_running(const struct kturn_relay *relay)
{
	return test_bit(KTURN_RELAY_STARTED, &relay->flags) &&
	       !test_bit(KTURN_RELAY_DEAD, &relay->flags);
}

/**
 * kturn_relay_kick() - have the relay look at its sockets
 * @relay: the relay
 *
 * Context: any.
 */
void kturn_relay_kick(struct kturn_relay *relay)
{
	if (is_running(relay))
		relay->engine->kick(relay);
}

/**
 * kturn_relay_data_ready() - bytes have arrived at a leg
 * @leg: the leg
 *
 * Context: any; the leg's socket is locked, by the spinlock or by a process.
 */
void kturn_relay_data_ready(struct kturn_leg *leg)
{
	if (is_running(leg->relay))
		leg->relay->engine->data_ready(leg);
}

static void relay_timer(struct timer_list *timer)
{
	struct kturn_relay *relay = container_of(timer, struct kturn_relay, timer);

	set_bit(KTURN_RELAY_CHECK_TIME, &relay->flags);
	kturn_relay_kick(relay);
}

/**
 * kturn_relay_kick_in() - have a relay run after a short time, or sooner
 * @relay: the relay
 * @delay: in jiffies; what was asked for before and is sooner stays
 *
 * Context: in a run of a relay that was not dead when it began.
 */
void kturn_relay_kick_in(struct kturn_relay *relay, unsigned long delay)
{
	const unsigned long when = jiffies + delay;

	/* A timer that is late already would be sooner to timer_reduce(). */
	if (test_and_clear_bit(KTURN_RELAY_LONG_WAIT, &relay->flags))
		mod_timer(&relay->timer, when);
	else
		timer_reduce(&relay->timer, when);
}

/**
 * kturn_relay_look_in() - have a relay look at its times, or sooner
 * @relay: the relay
 * @delay: in jiffies; the timer may be late by an eighth of it
 *
 * Context: as kturn_relay_kick_in().
 */
void kturn_relay_look_in(struct kturn_relay *relay, unsigned long delay)
{
	/* What comes after a short time looks at them, too. */
	if (timer_pending(&relay->timer) && !test_bit(KTURN_RELAY_LONG_WAIT, &relay->flags))
		return;
	set_bit(KTURN_RELAY_LONG_WAIT, &relay->flags);
	mod_timer(&relay->timer, jiffies + delay);
}

static void free_memory(struct kturn_relay *relay)
{
	kturn_tls_free(relay);
	kfree(relay->cookie);
	kmem_cache_free(relay_cache, relay);
}

/**
 * kturn_relay_put() - drop a reference, and free the relay if it was the last
 * @relay: the relay
 *
 * Context: process context.
 */
void kturn_relay_put(struct kturn_relay *relay)
{
	if (!refcount_dec_and_test(&relay->ref))
		return;
	kturn_leg_put(&relay->client);
	kturn_leg_put(&relay->peer);
	free_memory(relay);
	module_put(THIS_MODULE);
}

/* The last step: neither RCU nor the work item knows the relay any more. */
static void relay_free(struct work_struct *work)
{
	struct kturn_relay *relay = container_of(to_rcu_work(work), struct kturn_relay, release);

	relay->engine->stop(relay);
	kturn_relay_put(relay);
}

static struct kturn_relay *allocate(const void *cookie, u16 cookie_len)
{
	struct kturn_relay *relay = kmem_cache_zalloc(relay_cache, GFP_KERNEL);

	if (!relay || !cookie_len)
		return relay;
	relay->cookie = kmemdup(cookie, cookie_len, GFP_KERNEL);
	if (!relay->cookie) {
		free_memory(relay);
		return NULL;
	}
	relay->cookie_len = cookie_len;
	return relay;
}

static void flow_init(struct kturn_flow *flow, struct kturn_leg *src, struct kturn_leg *dst)
{
	flow->src = src;
	flow->dst = dst;
	flow->last = jiffies;
}

/**
 * kturn_relay_alloc() - make a relay that has no sockets yet
 * @net: network namespace
 * @params: what it shall be like
 * @extack: where the reason of a refusal goes
 *
 * The caller fills both legs, with kturn_leg_hold() and kturn_leg_take(), and
 * then calls kturn_relay_start(), or kturn_relay_abandon() with what it has.
 *
 * Context: process context.
 * Return: the relay; -EDQUOT or -ENOSPC if there are too many, see
 * kturn_owner_join(); -ENODEV while the module is removed; -ENOMEM.
 */
struct kturn_relay *kturn_relay_alloc(struct net *net, const struct kturn_relay_params *params,
				      struct netlink_ext_ack *extack)
{
	struct kturn_relay *relay;
	int ret = -ENODEV;

	relay = allocate(params->cookie, params->cookie_len);
	if (!relay) {
		NL_SET_ERR_MSG(extack, "no memory");
		return ERR_PTR(-ENOMEM);
	}
	if (!try_module_get(THIS_MODULE)) {
		NL_SET_ERR_MSG(extack, "the module is being removed");
		goto err_free;
	}

	relay->kn = kturn_net(net);
	relay->owner = params->owner;
	relay->outlive_ms = params->outlive_ms;
	ret = kturn_owner_join(relay, extack);
	if (ret)
		goto err_module;

	refcount_set(&relay->ref, 1);
	relay->group = params->group;
	relay->start = jiffies;
	relay->client.relay = relay;
	relay->peer.relay = relay;
	flow_init(&relay->to_peer, &relay->client, &relay->peer);
	flow_init(&relay->to_client, &relay->peer, &relay->client);
	relay->engine = params->engine;
	relay->engine->prepare(relay);
	timer_setup(&relay->timer, relay_timer, 0);
	return relay;

err_module:
	module_put(THIS_MODULE);
err_free:
	free_memory(relay);
	return ERR_PTR(ret);
}

/**
 * kturn_relay_abandon() - undo kturn_relay_alloc() and what came after it
 * @relay: a relay that was not started
 *
 * Sockets that were taken are given back to the caller as they were.
 *
 * Context: process context, may sleep.
 */
void kturn_relay_abandon(struct kturn_relay *relay)
{
	const bool taken = relay->peer.taken || relay->client.taken;

	kturn_leg_give_back(&relay->peer);
	kturn_leg_give_back(&relay->client);
	/* A callback may still look at a leg. */
	if (taken)
		synchronize_rcu();
	if (relay->peer.sock)
		kturn_leg_put(&relay->peer);
	if (relay->client.sock)
		kturn_leg_put(&relay->client);
	kturn_owner_leave(relay);
	free_memory(relay);
	module_put(THIS_MODULE);
}

/**
 * kturn_relay_start() - number the relay, make it visible and let it run
 * @relay: a relay with both sockets taken
 * @id: where its id goes; @relay may be gone when this returns
 *
 * Context: process context, may sleep.
 * Return: 0; -ENOMEM, and the relay is as before.
 */
int kturn_relay_start(struct kturn_relay *relay, u64 *id)
{
	struct kturn_net *kn = relay->kn;
	int ret;

	relay->id = atomic64_inc_return(&last_id);
	*id = relay->id;
	/* Seen and counted at the same time. */
	xa_lock(&kn->relays);
	ret = __xa_insert(&kn->relays, relay->id, relay, GFP_KERNEL);
	if (!ret)
		kn->stats.created++;
	xa_unlock(&kn->relays);
	if (ret)
		return ret;
	kturn_net_changed(kn);

	trace_kturn_relay_add(relay);
	pr_debug("relay %llu created, group %llu, owner %u\n",
		 relay->id, relay->group, relay->owner);
	kturn_nl_notify(kn->net, relay, KTURN_CMD_RELAY_ADD_NTF);

	/* Now, and not before, anybody may end it. */
	rcu_read_lock();
	set_bit(KTURN_RELAY_STARTED, &relay->flags);
	/* Bytes and FINs that came before the callbacks were ours. */
	kturn_relay_kick(relay);
	rcu_read_unlock();
	return 0;
}

/**
 * kturn_relay_claim() - win the right and the duty to end a relay
 * @relay: a relay found under RCU, or the work item's own
 *
 * Context: any.
 * Return: true if the caller now has to call kturn_relay_end(). One that is
 * about to start cannot be won.
 */
bool kturn_relay_claim(struct kturn_relay *relay)
{
	return test_bit(KTURN_RELAY_STARTED, &relay->flags) &&
	       !test_and_set_bit(KTURN_RELAY_DEAD, &relay->flags);
}

/*
 * Whether the stream was cut short, so that its receiver must not take a FIN
 * for its end.
 */
static bool was_cut(const struct kturn_relay *relay, const struct kturn_flow *flow)
{
	switch (relay->reason) {
	case KTURN_END_REASON_EOF:
		return false;
	case KTURN_END_REASON_DELETED:
	case KTURN_END_REASON_OWNER_GONE:
	case KTURN_END_REASON_IDLE:
	case KTURN_END_REASON_LIMIT:
		if (relay->tls && kturn_tls_holds_bytes(flow))
			return true;
		return kturn_relay_was_reset(relay) || (!flow->eof && tcp_inq(flow->src->sk) > 0);
	default:
		return true;
	}
}

/*
 * Whether what its sender has sent is lost without a trace: in our custody, out of
 * the receive queue, in which TCP would find it and reset the connection.
 */
static bool was_dropped(const struct kturn_relay *relay, const struct kturn_flow *flow)
{
	return relay->tls && kturn_tls_held(flow);
}

static void close_leg(struct kturn_leg *leg, const struct kturn_flow *to_leg,
		      const struct kturn_flow *from_leg)
{
	const struct kturn_relay *relay = leg->relay;

	kturn_leg_close(leg, was_cut(relay, to_leg) || was_dropped(relay, from_leg));
}

/**
 * kturn_relay_end() - end a relay
 * @relay: a claimed relay
 * @reason: why
 * @err: see &struct kturn_verdict
 *
 * No byte moves any more; the counters are final, the sockets have seen their
 * end, the notification is out. kturn_relay_release() has to follow.
 *
 * Context: process context, may sleep; no socket lock held.
 */
void kturn_relay_end(struct kturn_relay *relay, enum kturn_end_reason reason, int err)
{
	struct kturn_net *kn = relay->kn;

	relay->err = err;
	/* Readers without a lock see the errno before the reason. */
	smp_store_release(&relay->reason, reason);

	/* A run that is under way uses the callbacks; others see that it is dead. */
	kturn_tls_lock(relay);
	kturn_tls_unlock(relay);
	/* Taking each socket's lock also waits for a move that is under way,
	 * and the next one sees that the relay is dead.
	 */
	kturn_leg_give_back(&relay->client);
	kturn_leg_give_back(&relay->peer);
	/* With that done nobody sets the timer again. */
	timer_shutdown_sync(&relay->timer);
	close_leg(&relay->client, &relay->to_client, &relay->to_peer);
	close_leg(&relay->peer, &relay->to_peer, &relay->to_client);

	kturn_owner_leave(relay);

	mutex_lock(&kn->leaving);
	xa_lock(&kn->relays);
	__xa_erase(&kn->relays, relay->id);
	kn->stats.ended[reason]++;
	kturn_net_stats_add(&kn->stats, relay);
	xa_unlock(&kn->relays);
	mutex_unlock(&kn->leaving);
	kturn_net_changed(kn);

	kturn_nl_notify(kn->net, relay, KTURN_CMD_RELAY_DEL_NTF);
	trace_kturn_relay_end(relay);
	pr_debug("relay %llu destroyed, reason %u, errno %d, %llu bytes to the peer, %llu to the client\n",
		 relay->id, reason, err, relay->to_peer.stats.bytes,
		 relay->to_client.stats.bytes);
}

/**
 * kturn_relay_release() - free an ended relay when nobody looks at it any more
 * @relay: the relay; not to be touched afterwards, but under RCU
 *
 * Context: any.
 */
void kturn_relay_release(struct kturn_relay *relay)
{
	INIT_RCU_WORK(&relay->release, relay_free);
	/* After the grace period no callback and no lookup knows the relay, so
	 * nothing can queue its work again.
	 */
	queue_rcu_work(release_wq, &relay->release);
}

/**
 * kturn_relay_find() - look a relay up
 * @net: network namespace
 * @id: its id
 *
 * Context: under rcu_read_lock().
 * Return: the relay, or NULL.
 */
struct kturn_relay *kturn_relay_find(struct net *net, u64 id)
{
	return xa_load(&kturn_net(net)->relays, id);
}

static bool is_meant(const struct kturn_relay *relay, const struct kturn_filter *filter)
{
	return (!filter->group || relay->group == *filter->group) &&
	       (!filter->owner || READ_ONCE(relay->owner) == *filter->owner);
}

/**
 * kturn_relay_get() - look a relay up and keep it from being freed
 * @net: network namespace
 * @id: its id
 *
 * Context: any.
 * Return: the relay, for kturn_relay_put(); or NULL.
 */
struct kturn_relay *kturn_relay_get(struct net *net, u64 id)
{
	struct kturn_relay *relay;

	rcu_read_lock();
	relay = kturn_relay_find(net, id);
	/* What the table knows still has the reference it began with. */
	if (relay)
		refcount_inc(&relay->ref);
	rcu_read_unlock();
	return relay;
}

/**
 * kturn_relay_next() - walk the relays in the order of their ids
 * @net: network namespace
 * @id: where to begin; becomes the id of the relay that is returned
 * @filter: which of them
 *
 * Ids only grow, so that a walk which is interrupted and goes on behind the
 * last id neither repeats nor misses a relay that lives all the while.
 *
 * Context: under rcu_read_lock().
 * Return: the relay, or NULL at the end.
 */
struct kturn_relay *kturn_relay_next(struct net *net, u64 *id, const struct kturn_filter *filter)
{
	struct kturn_net *kn = kturn_net(net);
	unsigned long index = *id;
	struct kturn_relay *relay;

	relay = xa_find(&kn->relays, &index, ULONG_MAX, XA_PRESENT);
	while (relay && !is_meant(relay, filter))
		relay = xa_find_after(&kn->relays, &index, ULONG_MAX, XA_PRESENT);
	*id = index;
	return relay;
}

/**
 * kturn_relay_state() - how far a relay's streams have come
 * @relay: the relay, under RCU or claimed
 */
enum kturn_relay_state kturn_relay_state(const struct kturn_relay *relay)
{
	const bool to_peer = READ_ONCE(relay->to_peer.eof);
	const bool to_client = READ_ONCE(relay->to_client.eof);

	if (smp_load_acquire(&relay->reason) != KTURN_END_REASON_NONE)
		return KTURN_RELAY_STATE_ENDED;
	if (kturn_relay_was_reset(relay))
		return KTURN_RELAY_STATE_RESETTING;
	if (to_peer && to_client)
		return KTURN_RELAY_STATE_CLOSING;
	return to_peer || to_client ? KTURN_RELAY_STATE_HALF_CLOSED : KTURN_RELAY_STATE_OPEN;
}

/**
 * kturn_net_changed() - a relay has come, gone or got another owner
 * @kn: the relays of its network namespace, which have changed already
 *
 * Context: any.
 */
void kturn_net_changed(struct kturn_net *kn)
{
	atomic64_inc(&kn->generation);
}

/**
 * kturn_net_generation() - a number that changes when the set of relays does
 * @net: the network namespace
 *
 * Context: any.
 */
u64 kturn_net_generation(const struct net *net)
{
	return atomic64_read(&kturn_net(net)->generation);
}

static int __net_init relay_net_init(struct net *net)
{
	struct kturn_net *kn = kturn_net(net);

	kn->net = net;
	kn->coalesce = (struct kturn_coalesce)KTURN_COALESCE_DEFAULT;
	xa_init(&kn->relays);
	mutex_init(&kn->leaving);
	/* A dump's generation must not be 0. */
	atomic64_set(&kn->generation, 1);
	kturn_owners_init(&kn->owners);
	return 0;
}

static void __net_exit relay_net_exit(struct net *net)
{
	/* A relay's files keep its namespace. */
	WARN_ON(!xa_empty(&kturn_net(net)->relays));
	kturn_owners_exit(&kturn_net(net)->owners);
	xa_destroy(&kturn_net(net)->relays);
}

static struct pernet_operations relay_net_ops = {
	.init = relay_net_init,
	.exit = relay_net_exit,
	.id = &kturn_net_id,
	.size = sizeof(struct kturn_net),
};

/**
 * kturn_relay_init() - make the tables, the slab cache and the work queue for
 *	endings
 *
 * Return: 0 or a negative errno.
 */
int kturn_relay_init(void)
{
	int ret = -ENOMEM;

	relay_cache = kmem_cache_create("kturn_relay",
					sizeof(struct kturn_relay), 0, 0, NULL);
	if (!relay_cache)
		return -ENOMEM;

	/* Unbound: it waits for what runs elsewhere. */
	release_wq = alloc_workqueue("kturn_release", WQ_UNBOUND, 0);
	if (!release_wq)
		goto err_cache;

	ret = register_pernet_subsys(&relay_net_ops);
	if (ret)
		goto err_wq;
	return 0;

err_wq:
	destroy_workqueue(release_wq);
err_cache:
	kmem_cache_destroy(relay_cache);
	return ret;
}

/**
 * kturn_relay_exit() - undo kturn_relay_init(); there must be no relay
 */
void kturn_relay_exit(void)
{
	/* The last relay's release may be about to return from our text. */
	destroy_workqueue(release_wq);
	unregister_pernet_subsys(&relay_net_ops);
	kmem_cache_destroy(relay_cache);
}
