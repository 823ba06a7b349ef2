// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process-context engine: a work item per relay, which locks both sockets
 * as a process does. It also does for the softirq engine what that cannot:
 * wait for a socket that a process has locked, wait for time to pass, and end
 * the relay.
 */
#include <linux/jiffies.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "engine.h"
#include "relay.h"
#include "run.h"
#include "tls.h"

/* How long to wait for memory before the next try. */
#define STALL_DELAY	msecs_to_jiffies(10)

/* How often to look whether a send queue has become empty. */
#define POLL_DELAY	msecs_to_jiffies(20)

static struct workqueue_struct *process_wq;

/**
 * kturn_lock_both() - lock both sockets as a process does
 * @relay: the relay
 *
 * By address, so that two relays can never wait for each other.
 *
 * Context: process context, may sleep.
 */
void kturn_lock_both(struct kturn_relay *relay)
{
	struct sock *a = relay->client.sk, *b = relay->peer.sk;

	if (a > b)
		swap(a, b);
	lock_sock(a);
	lock_sock_nested(b, SINGLE_DEPTH_NESTING);
}

/**
 * kturn_unlock_both() - undo kturn_lock_both()
 * @relay: the relay
 */
void kturn_unlock_both(struct kturn_relay *relay)
{
	release_sock(relay->client.sk);
	release_sock(relay->peer.sk);
}

/**
 * kturn_process_wait() - run again after a while, if that has to follow
 * @relay: the relay
 * @next: what has to follow
 *
 * Context: in a run, both sockets locked or with TLS: whoever ends the relay waits
 * for that before stopping the timer.
 */
void kturn_process_wait(struct kturn_relay *relay, enum kturn_next next)
{
	if (next == KTURN_NEXT_STALL)
		kturn_relay_kick_in(relay, STALL_DELAY);
	else if (next == KTURN_NEXT_POLL)
		kturn_relay_kick_in(relay, POLL_DELAY);
}

static enum kturn_next run_locked(struct kturn_relay *relay, struct kturn_verdict *end)
{
	enum kturn_next next;

	kturn_lock_both(relay);
	kturn_stat_add(relay->runs.process, 1);
	next = kturn_run(relay, end);
	kturn_process_wait(relay, next);
	kturn_unlock_both(relay);
	return next;
}

static void end_and_release(struct kturn_relay *relay, const struct kturn_verdict *end)
{
	if (!kturn_relay_claim(relay))
		return;
	kturn_relay_end(relay, end->reason, end->err);
	kturn_relay_release(relay);
}

static void relay_work(struct work_struct *work)
{
	struct kturn_relay *relay = container_of(work, struct kturn_relay, work);
	struct kturn_verdict end = { .reason = KTURN_END_REASON_OWNER_GONE };
	enum kturn_next next = KTURN_NEXT_END;

	if (!test_bit(KTURN_RELAY_OWNER_GONE, &relay->flags))
		next = relay->tls ? kturn_tls_run(relay, &end) : run_locked(relay, &end);

	if (next == KTURN_NEXT_END)
		end_and_release(relay, &end);
	else if (next == KTURN_NEXT_AGAIN)
		queue_work(process_wq, &relay->work);
}

static void process_prepare(struct kturn_relay *relay)
{
	INIT_WORK(&relay->work, relay_work);
}

static void process_kick(struct kturn_relay *relay)
{
	queue_work(process_wq, &relay->work);
}

static void process_data_ready(struct kturn_leg *leg)
{
	process_kick(leg->relay);
}

static void process_stop(struct kturn_relay *relay)
{
	cancel_work_sync(&relay->work);
}

const struct kturn_engine_ops kturn_process = {
	.id = KTURN_ENGINE_PROCESS,
	.gfp = GFP_KERNEL,
	.prepare = process_prepare,
	.data_ready = process_data_ready,
	.kick = process_kick,
	.stop = process_stop,
};

/* Chosen when a leg has TLS: the same work item, another run. */
const struct kturn_engine_ops kturn_tls = {
	.id = KTURN_ENGINE_TLS,
	.gfp = GFP_KERNEL,
	.prepare = process_prepare,
	.data_ready = process_data_ready,
	.kick = process_kick,
	.stop = process_stop,
};

/**
 * kturn_process_init() - make the work queue
 *
 * Return: 0 or -ENOMEM.
 */
int kturn_process_init(void)
{
	/* On the CPU whose softirq brought the bytes. */
	process_wq = alloc_workqueue("kturn", WQ_PERCPU, 0);
	return process_wq ? 0 : -ENOMEM;
}

/**
 * kturn_process_exit() - undo kturn_process_init(); there must be no relay
 */
void kturn_process_exit(void)
{
	destroy_workqueue(process_wq);
}
