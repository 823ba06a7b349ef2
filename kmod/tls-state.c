// SPDX-License-Identifier: GPL-2.0-only
/*
 * What there is to know of a relay with TLS that its sockets do not tell: the
 * bytes in our custody, and how its streams have ended.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "engine.h"
#include "record.h"
#include "relay.h"
#include "tls.h"

/**
 * kturn_tls_half_of() - what there is to a flow
 * @flow: a flow of a relay with TLS
 */
struct kturn_tls_half *kturn_tls_half_of(const struct kturn_flow *flow)
{
	struct kturn_relay *relay = flow->src->relay;

	return flow == &relay->to_peer ? &relay->tls->to_peer : &relay->tls->to_client;
}

static struct kturn_tls_half *half_to(const struct kturn_leg *leg)
{
	struct kturn_tls *tls = leg->relay->tls;

	return leg == &leg->relay->peer ? &tls->to_peer : &tls->to_client;
}

/**
 * kturn_tls_let_go() - free the page of a flow that holds no bytes, or is over
 * @half: the flow's part
 */
void kturn_tls_let_go(struct kturn_tls_half *half)
{
	if (half->page)
		put_page(half->page);
	half->page = NULL;
}

/**
 * kturn_tls_fail() - note that a leg came to an improper end
 * @leg: the leg
 * @reason: how
 * @err: see &struct kturn_verdict
 *
 * The first failure counts; what follows is its consequence.
 *
 * Context: during a run.
 */
void kturn_tls_fail(const struct kturn_leg *leg, enum kturn_end_reason reason, int err)
{
	struct kturn_tls *tls = leg->relay->tls;

	if (tls->failed)
		return;
	tls->verdict.reason = reason;
	tls->verdict.err = err;
	tls->failed = leg;
}

/**
 * kturn_tls_fail_with_errno() - the same, for an error of the socket
 * @leg: the leg
 * @err: positive errno
 */
void kturn_tls_fail_with_errno(const struct kturn_leg *leg, int err)
{
	if (err != ECONNRESET && err != EPIPE)
		kturn_tls_fail(leg, KTURN_END_REASON_ERROR, err);
	else if (leg == &leg->relay->client)
		kturn_tls_fail(leg, KTURN_END_REASON_CLIENT_RESET, 0);
	else
		kturn_tls_fail(leg, KTURN_END_REASON_PEER_RESET, 0);
}

/**
 * kturn_tls_verdict() - how a leg came to an improper end
 * @leg: a leg of a relay with TLS
 * @end: where that goes, or NULL
 *
 * Context: during a run.
 * Return: false if it did not.
 */
bool kturn_tls_verdict(const struct kturn_leg *leg, struct kturn_verdict *end)
{
	const struct kturn_tls *tls = leg->relay->tls;

	if (tls->failed != leg)
		return false;
	if (end)
		*end = tls->verdict;
	return true;
}

/**
 * kturn_tls_is_complete() - whether nothing is left to be lost on a leg with TLS
 * @leg: the leg
 *
 * Both streams were carried to their ends, and the data has arrived. Many a
 * program then closes its socket without waiting for our close_notify, which is
 * answered with a reset.
 *
 * Context: during a run, both sockets locked.
 */
bool kturn_tls_is_complete(const struct kturn_leg *leg)
{
	return leg->relay->to_peer.eof && leg->relay->to_client.eof &&
	       !before(tcp_sk(leg->sk)->snd_una, half_to(leg)->data_end);
}

/**
 * kturn_tls_is_drained() - whether all that will ever come from a leg is on its way
 * @flow: a flow of a relay with TLS
 *
 * Context: during a run, both sockets locked.
 */
bool kturn_tls_is_drained(const struct kturn_flow *flow)
{
	const struct kturn_tls_half *half = kturn_tls_half_of(flow);

	return !half->len && !kturn_record_is_pending(flow->dst) &&
	       (half->no_more || (!flow->src->tls && !tcp_inq(flow->src->sk)));
}

/**
 * kturn_tls_lock() - wait for a run with TLS that is under way, and keep others out
 * @relay: any relay; without TLS nothing is done, the socket locks are enough
 *
 * Context: process context, may sleep; not from a run, and no socket lock held.
 */
void kturn_tls_lock(struct kturn_relay *relay)
{
	if (relay->tls)
		mutex_lock(&relay->tls->running);
}

/**
 * kturn_tls_unlock() - undo kturn_tls_lock()
 * @relay: the relay
 */
void kturn_tls_unlock(struct kturn_relay *relay)
{
	if (relay->tls)
		mutex_unlock(&relay->tls->running);
}

/**
 * kturn_tls_holds_bytes() - whether bytes of a flow would be lost with the relay
 * @flow: a flow of a relay with TLS that has ended
 *
 * Besides those in the source's receive queue, that is.
 */
bool kturn_tls_holds_bytes(const struct kturn_flow *flow)
{
	const struct kturn_leg *src = flow->src;

	return kturn_tls_half_of(flow)->len || kturn_record_is_pending(flow->dst) ||
	       (!flow->eof && (sk_is_readable(src->sk) || kturn_record_is_partial(src)));
}

/**
 * kturn_tls_held() - the bytes of a flow that are in the module's custody
 * @flow: a flow of a relay with TLS
 *
 * Context: any; under RCU if not during a run.
 */
unsigned int kturn_tls_held(const struct kturn_flow *flow)
{
	return READ_ONCE(kturn_tls_half_of(flow)->len);
}

/**
 * kturn_tls_close_notify() - say on a leg with TLS that its stream is over
 * @leg: a leg of a relay that has ended
 *
 * Said once. If there is no room for it the other side sees a truncation, as
 * it is.
 *
 * Context: process context, may sleep.
 */
void kturn_tls_close_notify(struct kturn_leg *leg)
{
	struct kturn_tls_half *half = half_to(leg);

	if (!half->notified && !kturn_takes_no_more(leg))
		half->notified = kturn_record_send_close_notify(leg) > 0;
}

/**
 * kturn_tls_prepare() - get a relay ready that has turned out to have TLS
 * @relay: a relay with both sockets taken, not started
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM.
 */
int kturn_tls_prepare(struct kturn_relay *relay)
{
	relay->tls = kzalloc(sizeof(*relay->tls), GFP_KERNEL);
	if (!relay->tls)
		return -ENOMEM;
	mutex_init(&relay->tls->running);

	relay->engine = &kturn_tls;
	/* Taken for another engine, which could not have waited for memory. */
	kturn_lock_both(relay);
	relay->client.sk->sk_allocation = relay->engine->gfp;
	relay->peer.sk->sk_allocation = relay->engine->gfp;
	kturn_unlock_both(relay);
	return 0;
}

/**
 * kturn_tls_free() - undo kturn_tls_prepare()
 * @relay: any relay; nobody uses it any more
 */
void kturn_tls_free(struct kturn_relay *relay)
{
	if (!relay->tls)
		return;
	kturn_tls_let_go(&relay->tls->to_peer);
	kturn_tls_let_go(&relay->tls->to_client);
	kfree(relay->tls);
}
