// SPDX-License-Identifier: GPL-2.0-only
/*
 * The softirq engine: bytes are moved on by the softirq that has brought them.
 *
 * A quiet flow is served in data_ready itself. What cannot be done there, for
 * the other socket is busy or the event is another one, a tasklet does, which
 * also takes turns with those of other relays; what needs a process, the
 * process engine does. A flow in bulk is not served on every arrival: sends of
 * a few segments each cost several times what one large send does.
 */
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "engine.h"
#include "relay.h"
#include "run.h"
#include "splice.h"
#include "trace.h"

/*
 * A flow in bulk, by its mean, is looked at every now and then. What fills whole
 * segments goes, the rest waits for more of its kind: for some looks at most, and
 * not if there was nothing new since the last one. Very much does not wait at
 * all. How much and how long that is, &struct kturn_coalesce says.
 *
 * A flow that has been quiet for so long is not in bulk: this is a burst, which
 * somebody waits for.
 */
#define BULK_QUIET	1	/* jiffies begun */

static const struct kturn_coalesce *coalesce_of(const struct kturn_relay *relay)
{
	return &relay->kn->coalesce;
}

/*
 * Locks: by address, as everywhere. The socket locks of TCP nest nowhere else
 * in softirq: what one socket sends is received later.
 */
static bool lock_both(struct kturn_relay *relay)
{
	struct sock *a = relay->client.sk, *b = relay->peer.sk;

	if (a > b)
		swap(a, b);
	bh_lock_sock(a);
	bh_lock_sock_nested(b);
	if (!sock_owned_by_user(a) && !sock_owned_by_user(b))
		return true;
	kturn_stat_add(relay->runs.defers, 1);
	trace_kturn_defer(relay);
	bh_unlock_sock(b);
	bh_unlock_sock(a);
	return false;
}

static void unlock_both(struct kturn_relay *relay)
{
	bh_unlock_sock(relay->client.sk);
	bh_unlock_sock(relay->peer.sk);
}

static void finish_run(struct kturn_relay *relay, enum kturn_next next)
{
	switch (next) {
	case KTURN_NEXT_SLEEP:
		break;
	case KTURN_NEXT_AGAIN:
		tasklet_schedule(&relay->tasklet);
		break;
	default:
		/* It comes to the same result and acts on it. */
		kturn_process.kick(relay);
	}
}

static void relay_tasklet(struct tasklet_struct *tasklet)
{
	struct kturn_relay *relay = container_of(tasklet, struct kturn_relay, tasklet);
	enum kturn_next next = KTURN_NEXT_END;
	struct kturn_verdict end;

	/* A process would wait for a socket that another has locked. */
	if (!test_bit(KTURN_RELAY_OWNER_GONE, &relay->flags) && lock_both(relay)) {
		kturn_stat_add(relay->runs.softirq, 1);
		next = kturn_run(relay, &end);
		unlock_both(relay);
	}
	finish_run(relay, next);
}

/* Whether what has arrived may wait at all. */
static bool may_wait(const struct kturn_flow *flow)
{
	const struct kturn_coalesce *c = coalesce_of(flow->src->relay);
	struct sock *src = flow->src->sk;

	/* What a limit holds back is no reason to look again so soon. */
	if (flow->metered || flow->mean < READ_ONCE(c->mean) || !READ_ONCE(c->delay_us) ||
	    time_after(jiffies, flow->last + BULK_QUIET) ||
	    tcp_inq(src) >= READ_ONCE(c->bytes))
		return false;
	/* A small receive buffer must not close the window meanwhile. Short of
	 * memory, what comes next is dropped unless this is moved.
	 */
	if (tcp_under_memory_pressure(src) ||
	    atomic_read(&src->sk_rmem_alloc) > READ_ONCE(src->sk_rcvbuf) / 4)
		return false;
	/* A destination that is full calls when it is not. */
	return sk_stream_memory_free(flow->dst->sk);
}

/* Whether to move whole segments only, and to look at the rest again. */
static bool may_gather(struct kturn_flow *flow)
{
	const u32 looks = READ_ONCE(coalesce_of(flow->src->relay)->looks);
	const u32 seen = flow->seen;

	flow->seen = tcp_sk(flow->src->sk)->rcv_nxt;
	if (tcp_inq(flow->src->sk) >= kturn_segment(flow->dst->sk)) {
		flow->looks = 0;
	} else if (flow->seen == seen || ++flow->looks >= looks) {
		flow->looks = 0;
		return false;
	}
	return may_wait(flow);
}

/* Both sockets locked. Returns whether the timer has to come again. */
static bool look(struct kturn_relay *relay, enum kturn_next *next, struct kturn_verdict *end)
{
	struct kturn_flow *to_peer = &relay->to_peer, *to_client = &relay->to_client;
	bool again;

	to_peer->gather = may_gather(to_peer);
	to_client->gather = may_gather(to_client);
	kturn_stat_add(relay->runs.softirq, 1);
	*next = kturn_run(relay, end);
	again = (to_peer->gather && tcp_inq(to_peer->src->sk)) ||
		(to_client->gather && tcp_inq(to_client->src->sk));
	/* Only here is it certain that the rest does not stay. */
	to_peer->gather = false;
	to_client->gather = false;
	return again && *next != KTURN_NEXT_END;
}

/* One of the sockets locked */
static void start_timer(struct kturn_relay *relay)
{
	const u64 delay = (u64)READ_ONCE(coalesce_of(relay)->delay_us) * NSEC_PER_USEC;

	/* Not hrtimer_active(): a callback that is about to return has looked
	 * before these bytes came.
	 */
	if (!hrtimer_is_queued(&relay->gather_timer))
		hrtimer_start(&relay->gather_timer, ns_to_ktime(delay), HRTIMER_MODE_REL_SOFT);
}

static enum hrtimer_restart relay_timer(struct hrtimer *timer)
{
	struct kturn_relay *relay = container_of(timer, struct kturn_relay, gather_timer);
	enum kturn_next next = KTURN_NEXT_END;
	struct kturn_verdict end;

	if (lock_both(relay)) {
		if (!test_bit(KTURN_RELAY_DEAD, &relay->flags) && look(relay, &next, &end))
			start_timer(relay);
		unlock_both(relay);
	}
	finish_run(relay, next);
	return HRTIMER_NORESTART;
}

/* Whether a flow in bulk had better wait for more; then the timer is running. */
static bool wait_for_more(struct kturn_flow *flow)
{
	if (!may_wait(flow))
		return false;
	kturn_stat_add(flow->stats.coalesced, 1);
	start_timer(flow->src->relay);
	return true;
}

/* Nothing but to move bytes; all else is for a full run. */
static bool is_ordinary(const struct kturn_leg *leg)
{
	struct sock *sk = leg->sk;

	return sk->sk_state == TCP_ESTABLISHED && !sk->sk_err && !tcp_sk(sk)->urg_data &&
	       !inet_csk_has_ulp(sk) && !kturn_leg_was_disconnected(leg);
}

/*
 * Move from a source whose spinlock we hold, in its data_ready, to a
 * destination that nobody uses. Returns false if a full run has to follow.
 */
static bool move_directly(struct kturn_flow *flow)
{
	struct sock *src = flow->src->sk, *dst = flow->dst->sk;
	int ret = KTURN_SPLICE_MORE;

	/* A process has it, and we are in its backlog, not in softirq. */
	if (sock_owned_by_user_nocheck(src))
		return false;
	/* Only tried: the order of addresses may be the other way round. */
	if (!spin_trylock(&dst->sk_lock.slock))
		return false;
	/* Given back already: without the lock of dst we did not know. */
	if (test_bit(KTURN_RELAY_DEAD, &flow->src->relay->flags))
		ret = KTURN_SPLICE_EMPTY;
	else if (!sock_owned_by_user(dst) && is_ordinary(flow->src) && is_ordinary(flow->dst)) {
		kturn_stat_add(flow->src->relay->runs.direct, 1);
		ret = kturn_splice(flow);
	}
	bh_unlock_sock(dst);
	return ret == KTURN_SPLICE_EMPTY || ret == KTURN_SPLICE_WAIT;
}

static void softirq_data_ready(struct kturn_leg *leg)
{
	struct kturn_relay *relay = leg->relay;
	struct kturn_flow *flow = leg == &relay->client ? &relay->to_peer : &relay->to_client;

	if (wait_for_more(flow) || move_directly(flow))
		return;
	tasklet_schedule(&relay->tasklet);
}

static void softirq_kick(struct kturn_relay *relay)
{
	tasklet_schedule(&relay->tasklet);
}

static void softirq_prepare(struct kturn_relay *relay)
{
	kturn_process.prepare(relay);
	tasklet_setup(&relay->tasklet, relay_tasklet);
	hrtimer_setup(&relay->gather_timer, relay_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}

/* Each may still start those behind it. */
static void softirq_stop(struct kturn_relay *relay)
{
	hrtimer_cancel(&relay->gather_timer);
	tasklet_kill(&relay->tasklet);
	kturn_process.stop(relay);
}

const struct kturn_engine_ops kturn_softirq = {
	.id = KTURN_ENGINE_SOFTIRQ,
	.gfp = GFP_ATOMIC,
	.prepare = softirq_prepare,
	.data_ready = softirq_data_ready,
	.kick = softirq_kick,
	.stop = softirq_stop,
};
