// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving bytes when a leg has TLS that the kernel does (kTLS).
 *
 * TLS sits on top of TCP, takes the socket's lock by itself, may sleep, and
 * gives out what it has decrypted a record at a time. So, other than in
 * splice.c, the sockets are used one after the other, in process context only,
 * and what was read is in our custody until the other leg has accepted it: at
 * most one record each way, in a page that is there only as long as it has to
 * keep bytes.
 *
 * The way out is always that of the protocol on top, or below it only while the
 * lock keeps everybody from putting one there: plaintext never leaves on a leg
 * with TLS.
 *
 * Lock order: our mutex, then TLS's own, then one socket's.
 */
#include <linux/bvec.h>
#include <linux/gfp.h>
#include <linux/mutex.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tls.h>

#include "engine.h"
#include "opening.h"
#include "record.h"
#include "relay.h"
#include "tls.h"
#include "trace.h"

/* The longest record */
#define HOLD_ORDER	get_order(TLS_MAX_PAYLOAD_SIZE)
#define HOLD_SIZE	TLS_MAX_PAYLOAD_SIZE

/* Records that a flow may move in a run: cryptography takes its time. */
#define RUN_RECORDS	8

/*
 * Reading
 */

static void no_more(struct kturn_tls_half *half, bool whole)
{
	half->no_more = true;
	half->whole = whole;
}

static void read_alert(struct kturn_flow *flow, const u8 *record, size_t len)
{
	struct kturn_tls_half *half = kturn_tls_half_of(flow);
	u8 description;

	switch (kturn_record_alert(flow->src, record, len, &description)) {
	case KTURN_ALERT_HARMLESS:
		return;
	case KTURN_ALERT_CLOSE:
		no_more(half, true);
		return;
	case KTURN_ALERT_FATAL:
		kturn_tls_fail(flow->src, KTURN_END_REASON_TLS_ALERT, description);
		break;
	case KTURN_ALERT_MALFORMED:
		kturn_tls_fail(flow->src, KTURN_END_REASON_ERROR, EPROTO);
		break;
	}
	no_more(half, false);
}

/* A record that is not data; nothing of a handshake can be dealt with here. */
static void read_control(struct kturn_flow *flow, u8 type, const u8 *record, size_t len)
{
	if (type == KTURN_RECORD_ALERT) {
		read_alert(flow, record, len);
		return;
	}
	if (type == KTURN_RECORD_HANDSHAKE && len && record[0] == KTURN_HANDSHAKE_KEY_UPDATE)
		kturn_tls_fail(flow->src, KTURN_END_REASON_TLS_KEY_UPDATE, 0);
	else
		kturn_tls_fail(flow->src, KTURN_END_REASON_ERROR, EPROTO);
	no_more(kturn_tls_half_of(flow), false);
}

/*
 * The end of TCP's stream. Without close_notify anybody may have cut the
 * stream, who must not make the other side take it for whole (RFC 8446, 6.1).
 */
static void read_eof(struct kturn_flow *flow)
{
	/* Otherwise it is a reset, whose error somebody else has read. */
	if (kturn_got_fin(flow->src) || READ_ONCE(flow->src->sk->sk_state) != TCP_CLOSE)
		kturn_tls_fail(flow->src, KTURN_END_REASON_TLS_TRUNCATED, 0);
	no_more(kturn_tls_half_of(flow), false);
}

/* An error is told once, and what had come before it may still be there. */
static void read_error(struct kturn_flow *flow, int err)
{
	if (flow->src->relay->tls->failed == flow->src)
		no_more(kturn_tls_half_of(flow), false);
	kturn_tls_fail_with_errno(flow->src, err);
}

static enum kturn_next nothing_there(const struct kturn_leg *leg)
{
	/* First this, for it may be done with it meanwhile. */
	if (kturn_record_is_parsing(leg))
		return KTURN_NEXT_STALL;
	return sk_is_readable(leg->sk) ? KTURN_NEXT_AGAIN : KTURN_NEXT_SLEEP;
}

/* Returns KTURN_NEXT_AGAIN if there was anything. */
static enum kturn_next read_record(struct kturn_flow *flow, struct kturn_tls_half *half)
{
	u8 type;
	int ret = kturn_record_receive(flow->src, half->page, HOLD_SIZE, &type);

	if (ret == -EAGAIN)
		return nothing_there(flow->src);
	if (ret == -ENOMEM)
		return KTURN_NEXT_STALL;

	if (ret < 0)
		read_error(flow, -ret);
	else if (type && type != KTURN_RECORD_DATA)
		read_control(flow, type, page_address(half->page), ret);
	else if (ret)
		WRITE_ONCE(half->len, ret);
	else if (!type)
		read_eof(flow);
	/* else an empty record of data */
	half->offset = 0;
	return KTURN_NEXT_AGAIN;
}

static int copy_plain(read_descriptor_t *desc, struct sk_buff *skb, unsigned int offset,
		      size_t len)
{
	struct kturn_tls_half *half = desc->arg.data;
	const size_t part = min_t(size_t, len, desc->count);
	int err;

	err = skb_copy_bits(skb, offset, page_address(half->page) + half->len, part);
	if (err)
		return err;
	WRITE_ONCE(half->len, half->len + part);
	desc->count -= part;
	return part;
}

/* From plain TCP, as far as nobody has made it anything else. */
static enum kturn_next read_plain(struct kturn_flow *flow, struct kturn_tls_half *half,
				  struct kturn_verdict *end)
{
	read_descriptor_t desc = { .count = HOLD_SIZE, .arg.data = half };
	struct sock *sk = flow->src->sk;
	enum kturn_next next;
	int ret = 0;

	lock_sock(sk);
	next = kturn_check_leg(flow->src, end);
	if (next != KTURN_NEXT_END) {
		half->offset = 0;
		ret = tcp_read_sock(sk, &desc, copy_plain);
		if (kturn_got_fin(flow->src) && !sk->sk_err && !tcp_inq(sk))
			no_more(half, true);
	}
	release_sock(sk);

	if (ret < 0) {
		end->reason = KTURN_END_REASON_ERROR;
		end->err = -ret;
		return KTURN_NEXT_END;
	}
	if (next == KTURN_NEXT_END || half->len || half->no_more)
		return max(next, KTURN_NEXT_AGAIN);
	return KTURN_NEXT_SLEEP;
}

/* Not worth a page otherwise. Whoever changes the answer also kicks. */
static bool may_read(const struct kturn_leg *leg)
{
	struct sock *sk = leg->sk;

	return tcp_inq(sk) > 0 || sk_is_readable(sk) || kturn_got_fin(leg) ||
	       READ_ONCE(sk->sk_err) || READ_ONCE(sk->sk_state) == TCP_CLOSE;
}

static enum kturn_next fill(struct kturn_flow *flow, struct kturn_tls_half *half,
			    struct kturn_verdict *end)
{
	if (!may_read(flow->src))
		return KTURN_NEXT_SLEEP;
	if (!half->page)
		half->page = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, HOLD_ORDER);
	if (!half->page)
		return KTURN_NEXT_STALL;
	return flow->src->tls ? read_record(flow, half) : read_plain(flow, half, end);
}

/*
 * Writing
 */

/* Returns 0 if the relay has to end. */
static int send_plain(struct kturn_leg *leg, struct msghdr *msg, struct kturn_verdict *end)
{
	struct sock *sk = leg->sk;
	int ret = 0;

	lock_sock(sk);
	if (kturn_check_leg(leg, end) != KTURN_NEXT_END) {
		WRITE_ONCE(leg->sending, true);
		ret = tcp_sendmsg_locked(sk, msg, msg_data_left(msg));
		WRITE_ONCE(leg->sending, false);
	}
	release_sock(sk);
	return ret;
}

/*
 * The destination has not taken all. If it is full, its write_space will tell,
 * unless it did so while we were sending: so this is asked under its lock. If
 * it is not, then it just became so, or memory is short: try once more, then
 * wait.
 */
static enum kturn_next no_room(struct kturn_flow *flow, struct kturn_tls_half *half)
{
	struct sock *sk = flow->dst->sk;
	bool full;

	lock_sock(sk);
	full = !sk_stream_is_writeable(sk);
	if (full)
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	release_sock(sk);

	kturn_stat_add(flow->stats.waits, 1);
	trace_kturn_wait(flow);
	if (full)
		return KTURN_NEXT_SLEEP;
	if (half->refused)
		return KTURN_NEXT_STALL;
	half->refused = true;
	return KTURN_NEXT_AGAIN;
}

static void account(struct kturn_flow *flow, struct kturn_tls_half *half, size_t sent)
{
	if (unlikely(kturn_stun_wants(&flow->stun)))
		kturn_opening_note(flow, page_address(half->page) + half->offset, sent);
	kturn_stat_add(flow->stats.bytes, sent);
	kturn_stat_add(flow->stats.copied, sent);
	kturn_stat_add(flow->stats.moves, 1);
	WRITE_ONCE(flow->last, jiffies);
	trace_kturn_move(flow, sent, sent);
	if (unlikely(flow->metered))
		kturn_limit_spent(flow, sent);

	half->refused = false;
	half->offset += sent;
	WRITE_ONCE(half->len, half->len - sent);
}

/* Returns KTURN_NEXT_AGAIN if all was accepted that may go now. */
static enum kturn_next deliver(struct kturn_flow *flow, struct kturn_tls_half *half,
			       struct kturn_verdict *end)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kturn_leg *dst = flow->dst;
	size_t budget = half->len;
	struct bio_vec bvec;
	int ret;

	/* What cannot be delivered is kept; the end is near. */
	if (kturn_takes_no_more(dst))
		return KTURN_NEXT_SLEEP;
	if (unlikely(flow->metered))
		budget = kturn_limit_budget(flow, budget);
	/* The limit sees to the next run. */
	if (!budget)
		return KTURN_NEXT_SLEEP;

	bvec_set_page(&bvec, half->page, budget, half->offset);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &bvec, 1, budget);
	ret = dst->tls ? kturn_record_send(dst, &msg) : send_plain(dst, &msg, end);
	if (!ret && !dst->tls)
		return KTURN_NEXT_END;

	if (ret > 0)
		account(flow, half, ret);
	else if (ret && ret != -EAGAIN && ret != -ENOMEM)
		kturn_tls_fail_with_errno(dst, -ret);
	if (dst->relay->tls->failed == dst)
		return KTURN_NEXT_SLEEP;
	return (size_t)ret == budget ? KTURN_NEXT_AGAIN : no_room(flow, half);
}

/*
 * The end of a stream
 */

/* Whether TLS has taken it: half->notified. */
static enum kturn_next pass_close_notify(struct kturn_flow *flow, struct kturn_tls_half *half)
{
	int ret;

	/* First the data, so that one can tell whether all of it has arrived. */
	if (kturn_record_is_pending(flow->dst))
		return KTURN_NEXT_POLL;
	half->data_end = READ_ONCE(tcp_sk(flow->dst->sk)->write_seq);
	ret = kturn_record_send_close_notify(flow->dst);
	if (ret > 0) {
		half->notified = true;
		return KTURN_NEXT_AGAIN;
	}
	if (ret == -EAGAIN || ret == -ENOMEM)
		return no_room(flow, half);
	kturn_tls_fail_with_errno(flow->dst, -ret);
	return KTURN_NEXT_SLEEP;
}

static enum kturn_next pass_end(struct kturn_flow *flow, struct kturn_tls_half *half,
				struct kturn_verdict *end)
{
	struct kturn_leg *dst = flow->dst;
	enum kturn_next next;

	if (flow->eof || !half->whole || kturn_takes_no_more(dst))
		return KTURN_NEXT_SLEEP;
	if (dst->tls && !half->notified) {
		next = pass_close_notify(flow, half);
		/* AGAIN may also mean to try once more. */
		if (!half->notified)
			return next;
	}

	lock_sock(dst->sk);
	next = kturn_check_leg(dst, end);
	/* A FIN would go out before them. */
	if (next != KTURN_NEXT_END && kturn_record_is_pending(dst))
		next = KTURN_NEXT_POLL;
	else if (next != KTURN_NEXT_END)
		kturn_pass_fin(flow);
	release_sock(dst->sk);
	return next;
}

/*
 * A run
 */

static enum kturn_next move(struct kturn_flow *flow, struct kturn_verdict *end)
{
	struct kturn_tls_half *half = kturn_tls_half_of(flow);
	enum kturn_next next = KTURN_NEXT_AGAIN;
	int records;

	for (records = 0; records < RUN_RECORDS && next == KTURN_NEXT_AGAIN; records++) {
		if (!half->len && half->no_more)
			return pass_end(flow, half, end);
		if (!half->len)
			next = fill(flow, half, end);
		if (half->len && next == KTURN_NEXT_AGAIN)
			next = deliver(flow, half, end);
		cond_resched();
	}
	return next;
}

static enum kturn_next check_both(struct kturn_relay *relay, struct kturn_verdict *end)
{
	enum kturn_next next;

	kturn_lock_both(relay);
	next = kturn_check_leg(&relay->client, end);
	if (next != KTURN_NEXT_END)
		next = kturn_check_leg(&relay->peer, end);
	kturn_unlock_both(relay);
	return next;
}

static enum kturn_next run(struct kturn_relay *relay, struct kturn_verdict *end)
{
	enum kturn_next next;

	if (test_bit(KTURN_RELAY_DEAD, &relay->flags))
		return KTURN_NEXT_SLEEP;
	if (check_both(relay, end) == KTURN_NEXT_END)
		return KTURN_NEXT_END;

	next = move(&relay->to_peer, end);
	if (next != KTURN_NEXT_END)
		next = max(next, move(&relay->to_client, end));
	if (next == KTURN_NEXT_END)
		return next;

	kturn_lock_both(relay);
	next = kturn_settle(relay, next, end);
	kturn_unlock_both(relay);
	return next;
}

/**
 * kturn_tls_run() - what kturn_run() is, for a relay with TLS
 * @relay: the relay
 * @end: why to end it, with KTURN_NEXT_END
 *
 * Context: process context, may sleep; no lock held.
 * Return: what has to follow.
 */
enum kturn_next kturn_tls_run(struct kturn_relay *relay, struct kturn_verdict *end)
{
	struct kturn_tls *tls = relay->tls;
	enum kturn_next next;

	mutex_lock(&tls->running);
	kturn_stat_add(relay->runs.process, 1);
	next = run(relay, end);
	kturn_process_wait(relay, next);
	if (!tls->to_peer.len)
		kturn_tls_let_go(&tls->to_peer);
	if (!tls->to_client.len)
		kturn_tls_let_go(&tls->to_client);
	mutex_unlock(&tls->running);
	return next;
}
