// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process-context engine: a work item per relay, which locks both sockets
 * as a process does, moves what has arrived both ways, passes FINs and resets
 * on, and finds out when it is over.
 */
#include <linux/jiffies.h>
#include <linux/workqueue.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "process.h"
#include "relay.h"
#include "splice.h"

/* How long to wait for memory before the next try. */
#define STALL_DELAY	msecs_to_jiffies(10)

/* A reset does not overtake the bytes sent before it, unless nobody has taken
 * any of these for so long.
 */
#define RESET_GRACE	(5 * HZ)
#define RESET_POLL	msecs_to_jiffies(20)

static struct workqueue_struct *process_wq;

/**
 * enum next - what the work item does after it has run, the stronger the later
 * @NEXT_SLEEP: nothing; a callback will kick the relay
 * @NEXT_POLL: run again to see what no callback tells
 * @NEXT_STALL: run again when there may be memory
 * @NEXT_AGAIN: run again, after the others had their turn
 * @NEXT_END: end the relay
 */
enum next {
	NEXT_SLEEP,
	NEXT_POLL,
	NEXT_STALL,
	NEXT_AGAIN,
	NEXT_END,
};

/* Locks: by address, so that two relays can never wait for each other. */
static void lock_both(struct kturn_relay *relay)
{
	struct sock *a = relay->client.sk, *b = relay->peer.sk;

	if (a > b)
		swap(a, b);
	lock_sock(a);
	lock_sock_nested(b, SINGLE_DEPTH_NESTING);
}

static void unlock_both(struct kturn_relay *relay)
{
	release_sock(relay->client.sk);
	release_sock(relay->peer.sk);
}

/* An end that was found; the relay's own is written by who has claimed it. */
struct verdict {
	enum kturn_end_reason reason;
	int err;
};

static enum next end_for(struct verdict *end, enum kturn_end_reason reason, int err)
{
	end->reason = reason;
	end->err = err;
	return NEXT_END;
}

static enum next end_for_failed(const struct kturn_leg *leg, struct verdict *end)
{
	const int err = READ_ONCE(leg->sk->sk_err);

	/* EPIPE: what TCP makes of a reset after a FIN. None: somebody with
	 * another descriptor has read it.
	 */
	if (err && err != ECONNRESET && err != EPIPE)
		return end_for(end, KTURN_END_REASON_ERROR, err);
	return end_for(end, leg == &leg->relay->client ? KTURN_END_REASON_CLIENT_RESET :
							 KTURN_END_REASON_PEER_RESET, 0);
}

/* Things that a socket in a relay must not come to. */
static enum next check_leg(const struct kturn_leg *leg, struct verdict *end)
{
	struct sock *sk = leg->sk;

	if (tcp_sk(sk)->urg_data)
		return end_for(end, KTURN_END_REASON_URGENT, 0);
	/* Somebody with another descriptor of it: we would send below TLS, or
	 * from a socket that has been connected anew.
	 */
	if (inet_csk_has_ulp(sk))
		return end_for(end, KTURN_END_REASON_ERROR, EOPNOTSUPP);
	if ((1 << sk->sk_state) & (TCPF_LISTEN | TCPF_SYN_SENT | TCPF_SYN_RECV))
		return end_for(end, KTURN_END_REASON_ERROR, ENOTCONN);
	return NEXT_SLEEP;
}

/* SOCK_DONE: a FIN came. (RCV_SHUTDOWN would be there after a reset, too.) */
static bool got_fin(const struct kturn_leg *leg)
{
	return sock_flag(leg->sk, SOCK_DONE);
}

static bool leg_failed(const struct kturn_leg *leg, const struct kturn_flow *to_leg)
{
	/* Closed, but not by a FIN each way */
	return leg->sk->sk_err ||
	       (leg->sk->sk_state == TCP_CLOSE && !(got_fin(leg) && to_leg->eof));
}

/* As shutdown(2) does, which would take the lock that we hold. */
static void pass_fin(struct kturn_flow *flow)
{
	struct sock *dst = flow->dst->sk;

	WRITE_ONCE(dst->sk_shutdown, dst->sk_shutdown | SEND_SHUTDOWN);
	dst->sk_prot->shutdown(dst, SEND_SHUTDOWN);
	WRITE_ONCE(flow->eof, true);
}

static bool takes_no_more(const struct kturn_leg *leg)
{
	return leg->sk->sk_err || leg->sk->sk_state == TCP_CLOSE;
}

static enum next move(struct kturn_flow *flow, struct verdict *end)
{
	int ret;

	/* What cannot be delivered stays where it is; the end is near. */
	if (flow->eof || takes_no_more(flow->dst))
		return NEXT_SLEEP;

	ret = kturn_splice(flow);
	/* The send has let a reset in from the backlog. */
	if (ret < 0 && takes_no_more(flow->dst))
		return NEXT_SLEEP;
	if (ret < 0)
		return end_for(end, KTURN_END_REASON_ERROR, -ret);
	if (got_fin(flow->src) && !flow->src->sk->sk_err && !tcp_inq(flow->src->sk))
		pass_fin(flow);

	switch (ret) {
	case KTURN_SPLICE_MORE:
		return NEXT_AGAIN;
	case KTURN_SPLICE_STALL:
		return NEXT_STALL;
	default:
		return NEXT_SLEEP;
	}
}

static void note_reset(struct kturn_relay *relay)
{
	if (relay->reset_by)
		return;
	if (leg_failed(&relay->client, &relay->to_client))
		WRITE_ONCE(relay->reset_by, &relay->client);
	else if (leg_failed(&relay->peer, &relay->to_peer))
		WRITE_ONCE(relay->reset_by, &relay->peer);
	else
		return;
	relay->reset_until = jiffies + RESET_GRACE;
}

/*
 * One leg is reset. The other may still take what came before, and then gets a
 * reset as well.
 */
static enum next drain(struct kturn_relay *relay, enum next next, struct verdict *end)
{
	const struct kturn_leg *failed = relay->reset_by;
	struct kturn_flow *flow = failed == &relay->client ? &relay->to_peer : &relay->to_client;
	struct sock *dst = flow->dst->sk;
	const u32 acked = tcp_sk(dst)->snd_una;

	if (acked != relay->reset_acked) {
		relay->reset_acked = acked;
		relay->reset_until = jiffies + RESET_GRACE;
	}
	if (takes_no_more(flow->dst) ||
	    time_after(jiffies, relay->reset_until) ||
	    (!tcp_inq(failed->sk) && tcp_rtx_and_write_queues_empty(dst)))
		return end_for_failed(failed, end);
	/* Nobody calls when the send queue has become empty. */
	return max(next, NEXT_POLL);
}

/* Both FINs passed on, and each acknowledged by the other side. */
static bool both_closed(const struct kturn_relay *relay)
{
	return relay->to_peer.eof && relay->to_client.eof &&
	       relay->client.sk->sk_state == TCP_CLOSE &&
	       relay->peer.sk->sk_state == TCP_CLOSE;
}

/* Both sockets are locked. */
static enum next run(struct kturn_relay *relay, struct verdict *end)
{
	enum next next;

	if (test_bit(KTURN_RELAY_DEAD, &relay->flags))
		return NEXT_SLEEP;

	if (check_leg(&relay->client, end) == NEXT_END ||
	    check_leg(&relay->peer, end) == NEXT_END)
		return NEXT_END;

	next = move(&relay->to_peer, end);
	if (next != NEXT_END)
		next = max(next, move(&relay->to_client, end));
	if (next == NEXT_END)
		return next;

	note_reset(relay);
	if (relay->reset_by)
		return drain(relay, next, end);
	if (both_closed(relay))
		return end_for(end, KTURN_END_REASON_EOF, 0);
	return next;
}

static void end_and_release(struct kturn_relay *relay, const struct verdict *end)
{
	if (!kturn_relay_claim(relay))
		return;
	kturn_relay_end(relay, end->reason, end->err);
	kturn_relay_release(relay);
}

static void relay_work(struct work_struct *work)
{
	struct kturn_relay *relay = container_of(to_delayed_work(work), struct kturn_relay, work);
	struct verdict end = { .reason = KTURN_END_REASON_OWNER_GONE };
	enum next next = NEXT_END;

	if (!test_bit(KTURN_RELAY_OWNER_GONE, &relay->flags)) {
		lock_both(relay);
		next = run(relay, &end);
		unlock_both(relay);
	}

	switch (next) {
	case NEXT_END:
		end_and_release(relay, &end);
		break;
	case NEXT_AGAIN:
		queue_delayed_work(process_wq, &relay->work, 0);
		break;
	case NEXT_STALL:
		queue_delayed_work(process_wq, &relay->work, STALL_DELAY);
		break;
	case NEXT_POLL:
		queue_delayed_work(process_wq, &relay->work, RESET_POLL);
		break;
	case NEXT_SLEEP:
		break;
	}
}

/**
 * kturn_process_prepare() - give a new relay its work item
 * @relay: the relay
 */
void kturn_process_prepare(struct kturn_relay *relay)
{
	INIT_DELAYED_WORK(&relay->work, relay_work);
}

/**
 * kturn_process_kick() - have the work item look at both sockets
 * @relay: the relay
 *
 * Context: any.
 */
void kturn_process_kick(struct kturn_relay *relay)
{
	queue_delayed_work(process_wq, &relay->work, 0);
}

/**
 * kturn_process_stop() - wait for the work item and keep it from running again
 * @relay: a relay that nobody can kick any more
 *
 * Context: process context, may sleep; not from the work item.
 */
void kturn_process_stop(struct kturn_relay *relay)
{
	cancel_delayed_work_sync(&relay->work);
}

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
