// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving bytes from one socket to the other.
 *
 * Peek, send, then consume: the fragments in the source's receive queue are
 * handed to the destination, and only what that has accepted leaves the queue.
 * A byte is never in our custody. What is not accepted stays, and closes the
 * source's window: that is the backpressure.
 */
#include <linux/bvec.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/uio.h>
#include <net/tcp.h>

#include "relay.h"
#include "splice.h"

/* Bytes that a flow may move while both sockets are locked: softirq meanwhile
 * puts what arrives into their backlogs, which are bounded.
 */
#define SPLICE_BUDGET	(256 * 1024)

/* Pieces in one send. More only costs stack. */
#define SPLICE_PIECES	48

/*
 * A fragment smaller than this is copied. Passing it by reference would cost
 * about as much, and would keep its page, which may be up to 32 KiB large,
 * while the destination is charged for the fragment alone.
 */
#define SPLICE_COPYBREAK 512

/**
 * struct batch - pieces of payload on their way into one send
 * @dst: where they go
 * @by_ref: pieces are pages to refer to, or else bytes to copy
 * @nr: number of pieces
 * @len: sum of their lengths
 * @sent: bytes accepted so far, in all sends
 * @copied: of these, the copied ones
 * @err: what the last send has failed with
 * @full: the last send took less than it was given
 * @bvec: the pieces, if @by_ref
 * @kvec: the pieces, if not
 */
struct batch {
	struct kturn_leg *dst;
	bool by_ref;
	unsigned int nr;
	size_t len;
	size_t sent;
	size_t copied;
	int err;
	bool full;
	union {
		struct bio_vec bvec[SPLICE_PIECES];
		struct kvec kvec[SPLICE_PIECES];
	};
};

/* Returns false when the destination takes no more. */
static bool batch_send(struct batch *b, bool more)
{
	/* No signal: it would go to whatever task we interrupted. */
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0),
	};
	int ret;

	if (!b->nr)
		return true;

	if (b->by_ref) {
		msg.msg_flags |= MSG_SPLICE_PAGES;
		iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, b->bvec, b->nr, b->len);
	} else {
		iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, b->kvec, b->nr, b->len);
	}

	b->dst->sending = true;
	ret = tcp_sendmsg_locked(b->dst->sk, &msg, b->len);
	b->dst->sending = false;

	if (ret < 0) {
		b->err = ret;
		ret = 0;
	}
	b->sent += ret;
	if (!b->by_ref)
		b->copied += ret;
	b->full = ret < b->len;
	b->nr = 0;
	b->len = 0;
	return !b->full;
}

/* Room for one more piece; what does not go with it is sent first. */
static bool batch_make_room(struct batch *b, bool by_ref)
{
	if ((b->nr == SPLICE_PIECES || b->by_ref != by_ref) && !batch_send(b, true))
		return false;
	b->by_ref = by_ref;
	return true;
}

static bool batch_add_bytes(struct batch *b, void *data, size_t len)
{
	if (!batch_make_room(b, false))
		return false;
	b->kvec[b->nr].iov_base = data;
	b->kvec[b->nr].iov_len = len;
	b->nr++;
	b->len += len;
	return true;
}

static bool batch_add_page(struct batch *b, struct page *page, size_t offset, size_t len)
{
	/* Slab memory has no reference count of its own. */
	if (len < SPLICE_COPYBREAK || !sendpage_ok(page))
		return batch_add_bytes(b, page_address(page) + offset, len);

	if (!batch_make_room(b, true))
		return false;
	bvec_set_page(&b->bvec[b->nr], page, len, offset);
	b->nr++;
	b->len += len;
	return true;
}

/* The linear part of an skb, which some drivers build in a page fragment. */
static bool batch_add_head(struct batch *b, const struct sk_buff *skb, size_t offset, size_t len)
{
	void *data = skb->data + offset;

	if (skb_head_is_locked(skb))
		return batch_add_bytes(b, data, len);
	return batch_add_page(b, virt_to_page(data), offset_in_page(data), len);
}

/*
 * Add @len bytes of @skb from @offset on. GRO may have chained skbs in its
 * frag_list, which have none of their own: one level of recursion.
 */
static bool batch_add_skb(struct batch *b, const struct sk_buff *skb, size_t offset, size_t len)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct sk_buff *chained;
	size_t part;
	int i;

	if (offset < skb_headlen(skb)) {
		part = min_t(size_t, len, skb_headlen(skb) - offset);
		if (!batch_add_head(b, skb, offset, part))
			return false;
		offset += part;
		len -= part;
	}
	offset -= skb_headlen(skb);

	for (i = 0; len && i < shinfo->nr_frags; i++) {
		const skb_frag_t *frag = &shinfo->frags[i];
		const size_t size = skb_frag_size(frag);

		if (offset >= size) {
			offset -= size;
			continue;
		}
		part = min(len, size - offset);
		if (!batch_add_page(b, skb_frag_page(frag), skb_frag_off(frag) + offset, part))
			return false;
		offset = 0;
		len -= part;
	}

	skb_walk_frags(skb, chained) {
		if (!len)
			break;
		if (offset >= chained->len) {
			offset -= chained->len;
			continue;
		}
		part = min_t(size_t, len, chained->len - offset);
		if (!batch_add_skb(b, chained, offset, part))
			return false;
		offset = 0;
		len -= part;
	}
	return true;
}

static bool skb_is_readable(const struct sk_buff *skb)
{
	const struct sk_buff *chained;

	skb_walk_frags(skb, chained)
		if (!skb_frags_readable(chained))
			return false;
	return skb_frags_readable(skb);
}

/* Hand the queued bytes to the destination; nothing is consumed yet. */
static int batch_fill(struct batch *b, struct sock *src)
{
	size_t budget = SPLICE_BUDGET;
	u32 seq = tcp_sk(src)->copied_seq;
	struct sk_buff *skb;
	int ret = 0;

	skb_queue_walk(&src->sk_receive_queue, skb) {
		/* As in tcp_recv_skb(): skbs may overlap what was read. */
		const u32 offset = seq - TCP_SKB_CB(skb)->seq;
		size_t len;

		if (offset >= skb->len)
			continue;
		/* Device memory: there is nothing that the CPU could pass on. */
		if (!skb_is_readable(skb)) {
			ret = -EFAULT;
			break;
		}
		len = min_t(size_t, skb->len - offset, budget);
		if (!batch_add_skb(b, skb, offset, len))
			return 0;
		seq += len;
		budget -= len;
		if (!budget)
			break;
	}
	/* The last send never waits for more: what follows may be long. */
	batch_send(b, false);
	return ret;
}

/* Keep the first bytes of a flow, to tell an operator what it carries. */
static void note_head(struct kturn_flow *flow, size_t sent)
{
	struct sock *src = flow->src->sk;
	const u32 copied_seq = tcp_sk(src)->copied_seq;
	size_t len = min_t(size_t, sent, KTURN_HEAD_MAX - flow->head_len);
	size_t have = flow->head_len;
	u32 seq = copied_seq;
	struct sk_buff *skb;

	skb_queue_walk(&src->sk_receive_queue, skb) {
		const u32 offset = seq - TCP_SKB_CB(skb)->seq;
		size_t part;

		if (!len)
			break;
		if (offset >= skb->len)
			continue;
		part = min_t(size_t, skb->len - offset, len);
		if (skb_copy_bits(skb, offset, flow->head + have, part))
			break;
		have += part;
		seq += part;
		len -= part;
	}
	/* Readers without the lock see the bytes before the length. */
	smp_store_release(&flow->head_len, have);
}

static void account(struct kturn_flow *flow, const struct batch *b)
{
	struct kturn_flow_stats *stats = &flow->stats;

	if (b->sent) {
		kturn_stat_add(stats->bytes, b->sent);
		kturn_stat_add(stats->copied, b->copied);
		kturn_stat_add(stats->moves, 1);
		WRITE_ONCE(flow->last, jiffies);
	}
	if (b->full)
		kturn_stat_add(stats->waits, 1);
}

static int batch_result(const struct batch *b, const struct kturn_flow *flow)
{
	if (b->err && b->err != -EAGAIN)
		return b->err;
	/* Refused although there was room: memory is short. Perhaps nothing
	 * is in flight whose ACK would call write_space.
	 */
	if (b->full && sk_stream_memory_free(flow->dst->sk))
		return KTURN_SPLICE_STALL;
	if (b->full)
		return KTURN_SPLICE_WAIT;
	return b->sent && tcp_inq(flow->src->sk) ? KTURN_SPLICE_MORE : KTURN_SPLICE_EMPTY;
}

/**
 * kturn_splice() - move what has arrived, within a budget
 * @flow: the direction; both of its sockets are locked and plain TCP
 *
 * Context: process context, both socket locks held.
 * Return: &enum kturn_splice_result, or what the destination's send failed
 * with; -EFAULT if the payload is in memory that the CPU cannot read.
 */
int kturn_splice(struct kturn_flow *flow)
{
	struct sock *src = flow->src->sk;
	struct batch b;
	int ret;

	if (!tcp_inq(src))
		return KTURN_SPLICE_EMPTY;

	b.dst = flow->dst;
	b.by_ref = true;
	b.nr = 0;
	b.len = 0;
	b.sent = 0;
	b.copied = 0;
	b.err = 0;
	b.full = false;

	ret = batch_fill(&b, src);
	if (b.sent) {
		if (flow->head_len < KTURN_HEAD_MAX)
			note_head(flow, b.sent);
		tcp_read_done(src, b.sent);
	}
	account(flow, &b);
	return ret ?: batch_result(&b, flow);
}
