// SPDX-License-Identifier: GPL-2.0-only
/*
 * One run of a relay, whatever the context: what has arrived is moved both
 * ways, FINs and resets are passed on, and its end is found out.
 */
#include <linux/jiffies.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "record.h"
#include "relay.h"
#include "run.h"
#include "splice.h"
#include "tls.h"

/* An end does not overtake the bytes sent before it, unless nobody has taken
 * any of these for so long.
 */
#define GRACE	(5 * HZ)

static enum kturn_next end_for(struct kturn_verdict *end, enum kturn_end_reason reason, int err)
{
	end->reason = reason;
	end->err = err;
	return KTURN_NEXT_END;
}

static enum kturn_next end_for_failed(const struct kturn_leg *leg, struct kturn_verdict *end)
{
	const int err = READ_ONCE(leg->sk->sk_err);

	if (leg->relay->tls && kturn_tls_verdict(leg, end))
		return KTURN_NEXT_END;
	/* EPIPE: what TCP makes of a reset after a FIN. None: somebody with
	 * another descriptor has read it.
	 */
	if (err && err != ECONNRESET && err != EPIPE)
		return end_for(end, KTURN_END_REASON_ERROR, err);
	return end_for(end, leg == &leg->relay->client ? KTURN_END_REASON_CLIENT_RESET :
							 KTURN_END_REASON_PEER_RESET, 0);
}

/**
 * kturn_check_leg() - find out what a socket in a relay must not come to
 * @leg: the leg
 * @end: the verdict, with KTURN_NEXT_END
 *
 * Context: the leg's socket is locked.
 * Return: KTURN_NEXT_END, or KTURN_NEXT_SLEEP if all is well.
 */
enum kturn_next kturn_check_leg(const struct kturn_leg *leg, struct kturn_verdict *end)
{
	struct sock *sk = leg->sk;

	if (tcp_sk(sk)->urg_data)
		return end_for(end, KTURN_END_REASON_URGENT, 0);
	/* Somebody with another descriptor of it: we would send below TLS, or
	 * on a connection that is not the one we were given.
	 */
	if (leg->tls ? !kturn_sk_has_tls(sk) : inet_csk_has_ulp(sk))
		return end_for(end, KTURN_END_REASON_ERROR, EOPNOTSUPP);
	if (kturn_leg_was_disconnected(leg))
		return end_for(end, KTURN_END_REASON_ERROR, ENOTCONN);
	return KTURN_NEXT_SLEEP;
}

/**
 * kturn_got_fin() - whether the other side has closed its direction
 * @leg: the leg
 */
bool kturn_got_fin(const struct kturn_leg *leg)
{
	/* RCV_SHUTDOWN would be there after a reset, too. */
	return sock_flag(leg->sk, SOCK_DONE);
}

static bool leg_failed(const struct kturn_leg *leg, const struct kturn_flow *to_leg)
{
	if (leg->relay->tls && kturn_tls_verdict(leg, NULL))
		return true;
	if (leg->tls && kturn_tls_is_complete(leg))
		return false;
	/* Closed, but not by a FIN each way */
	return leg->sk->sk_err ||
	       (leg->sk->sk_state == TCP_CLOSE && !(kturn_got_fin(leg) && to_leg->eof));
}

/**
 * kturn_pass_fin() - pass a flow's end on
 * @flow: the flow, whose bytes have all been accepted
 *
 * As shutdown(2) does, which would take the lock itself.
 *
 * Context: the destination is locked.
 */
void kturn_pass_fin(struct kturn_flow *flow)
{
	struct kturn_relay *relay = flow->src->relay;
	struct sock *dst = flow->dst->sk;

	WRITE_ONCE(dst->sk_shutdown, dst->sk_shutdown | SEND_SHUTDOWN);
	dst->sk_prot->shutdown(dst, SEND_SHUTDOWN);
	if (!relay->closed_first)
		WRITE_ONCE(relay->closed_first,
			   flow == &relay->to_peer ? KTURN_SIDE_CLIENT : KTURN_SIDE_PEER);
	WRITE_ONCE(flow->eof, true);
}

/**
 * kturn_takes_no_more() - whether nothing can be sent to a leg any more
 * @leg: the leg
 */
bool kturn_takes_no_more(const struct kturn_leg *leg)
{
	return READ_ONCE(leg->sk->sk_err) || READ_ONCE(leg->sk->sk_state) == TCP_CLOSE;
}

static enum kturn_next move(struct kturn_flow *flow, struct kturn_verdict *end)
{
	int ret;

	/* What cannot be delivered stays where it is; the end is near. */
	if (flow->eof || kturn_takes_no_more(flow->dst))
		return KTURN_NEXT_SLEEP;

	ret = kturn_splice(flow);
	/* The send has let a reset in from the backlog. */
	if (ret < 0 && kturn_takes_no_more(flow->dst))
		return KTURN_NEXT_SLEEP;
	if (ret < 0)
		return end_for(end, KTURN_END_REASON_ERROR, -ret);
	if (kturn_got_fin(flow->src) && !flow->src->sk->sk_err && !tcp_inq(flow->src->sk))
		kturn_pass_fin(flow);

	switch (ret) {
	case KTURN_SPLICE_MORE:
		return KTURN_NEXT_AGAIN;
	case KTURN_SPLICE_STALL:
		return KTURN_NEXT_STALL;
	default:
		return KTURN_NEXT_SLEEP;
	}
}

/* The first of the two counts. */
static void note_reset(struct kturn_relay *relay)
{
	if (kturn_relay_was_reset(relay))
		return;
	if (leg_failed(&relay->client, &relay->to_client))
		WRITE_ONCE(relay->client.reset, true);
	else if (leg_failed(&relay->peer, &relay->to_peer))
		WRITE_ONCE(relay->peer.reset, true);
}

/* The last bytes are on their way, but nobody has taken any of them for long. */
static bool nobody_takes(struct kturn_relay *relay, u32 acked)
{
	if (!relay->grace || acked != relay->acked) {
		relay->acked = acked;
		relay->grace = (u32)jiffies + GRACE;
	}
	return (s32)(relay->grace - (u32)jiffies) < 0;
}

static bool has_nothing_left(const struct kturn_flow *flow)
{
	const struct kturn_relay *relay = flow->src->relay;

	/* What a limit holds back will never go. */
	if (unlikely(flow->metered) && kturn_limit_bytes_are_used_up(relay))
		return !kturn_record_is_pending(flow->dst);
	return relay->tls ? kturn_tls_is_drained(flow) : !tcp_inq(flow->src->sk);
}

/*
 * One leg is reset. The other may still take what came before, and then gets a
 * reset as well.
 */
static enum kturn_next drain(struct kturn_relay *relay, enum kturn_next next, struct kturn_verdict *end)
{
	struct kturn_flow *flow = relay->client.reset ? &relay->to_peer : &relay->to_client;
	struct sock *dst = flow->dst->sk;

	if (kturn_takes_no_more(flow->dst) ||
	    nobody_takes(relay, tcp_sk(dst)->snd_una) ||
	    (has_nothing_left(flow) && tcp_rtx_and_write_queues_empty(dst)))
		return end_for_failed(flow->src, end);
	/* Nobody calls when the send queue has become empty. */
	return max(next, KTURN_NEXT_POLL);
}

/* Whether the other side has acknowledged all that a leg was given. */
static bool has_delivered(const struct kturn_leg *leg)
{
	return !kturn_record_is_pending(leg) && tcp_rtx_and_write_queues_empty(leg->sk);
}

/* All bytes that it may carry are accepted; they still have to get there. */
static enum kturn_next deliver(struct kturn_relay *relay, enum kturn_next next, struct kturn_verdict *end)
{
	const struct kturn_leg *client = &relay->client, *peer = &relay->peer;

	if (nobody_takes(relay, tcp_sk(client->sk)->snd_una + tcp_sk(peer->sk)->snd_una) ||
	    (has_delivered(client) && has_delivered(peer)))
		return end_for(end, KTURN_END_REASON_LIMIT, 0);
	return max(next, KTURN_NEXT_POLL);
}

static bool is_closed(const struct kturn_leg *leg)
{
	/* After close_notify there is no FIN to wait for, only the
	 * acknowledgment of ours.
	 */
	return leg->sk->sk_state == TCP_CLOSE ||
	       (leg->tls && leg->sk->sk_state == TCP_FIN_WAIT2);
}

/* Both FINs passed on, and each acknowledged by the other side. */
static bool both_closed(const struct kturn_relay *relay)
{
	return relay->to_peer.eof && relay->to_client.eof &&
	       is_closed(&relay->client) && is_closed(&relay->peer);
}

/**
 * kturn_settle() - what follows from the state of both sockets
 * @relay: the relay
 * @next: what would follow from the moves
 * @end: the verdict, with KTURN_NEXT_END
 *
 * Context: both sockets locked.
 * Return: what has to follow.
 */
enum kturn_next kturn_settle(struct kturn_relay *relay, enum kturn_next next,
			     struct kturn_verdict *end)
{
	note_reset(relay);
	if (unlikely(test_bit(KTURN_RELAY_CHECK_TIME, &relay->flags))) {
		const enum kturn_end_reason reason = kturn_limit_time_is_up(relay);

		if (reason != KTURN_END_REASON_NONE)
			return end_for(end, reason, 0);
	}
	if (kturn_relay_was_reset(relay))
		return drain(relay, next, end);
	if (both_closed(relay))
		return end_for(end, KTURN_END_REASON_EOF, 0);
	if (unlikely(relay->to_peer.metered) && kturn_limit_bytes_are_used_up(relay))
		return deliver(relay, next, end);
	return next;
}

/**
 * kturn_run() - look at both sockets: move, pass on FINs and resets, find the end
 * @relay: the relay; nobody else touches its sockets meanwhile
 * @end: why to end it, with KTURN_NEXT_END
 *
 * Context: both sockets locked, as a process or as softirq does.
 * Return: what has to follow.
 */
enum kturn_next kturn_run(struct kturn_relay *relay, struct kturn_verdict *end)
{
	enum kturn_next next;

	if (test_bit(KTURN_RELAY_DEAD, &relay->flags))
		return KTURN_NEXT_SLEEP;

	if (kturn_check_leg(&relay->client, end) == KTURN_NEXT_END ||
	    kturn_check_leg(&relay->peer, end) == KTURN_NEXT_END)
		return KTURN_NEXT_END;

	next = move(&relay->to_peer, end);
	if (next != KTURN_NEXT_END)
		next = max(next, move(&relay->to_client, end));
	if (next == KTURN_NEXT_END)
		return next;
	return kturn_settle(relay, next, end);
}
