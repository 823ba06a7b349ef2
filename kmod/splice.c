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

#include "opening.h"
#include "relay.h"
#include "send.h"
#include "splice.h"
#include "trace.h"

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

/* Where softirq copies to: small pieces of all relays share its pages, unless
 * they have to wait, see copies_of().
 */
static DEFINE_PER_CPU(struct page_frag, softirq_frag);

/**
 * struct batch - pieces of payload on their way into one send
 * @dst: where they go
 * @copies: where pieces are copied to that cannot be referred to
 * @nr: number of pieces
 * @len: sum of their lengths
 * @copied_map: which of the pieces are copies
 * @sent: bytes accepted so far, in all sends
 * @copied: of these, the copied ones
 * @err: what the last send has failed with
 * @full: the last send took less than it was given
 * @no_memory: there was no page to copy to
 * @bvec: the pieces
 */
struct batch {
	struct kturn_leg *dst;
	struct page_frag *copies;
	unsigned int nr;
	size_t len;
	u64 copied_map;
	size_t sent;
	size_t copied;
	int err;
	bool full;
	bool no_memory;
	struct bio_vec bvec[SPLICE_PIECES];
};

/* Of the first @len bytes of the batch, those that were copied. */
static size_t batch_copied(const struct batch *b, size_t len)
{
	size_t copied = 0;
	unsigned int i;

	if (!b->copied_map)
		return 0;
	for (i = 0; i < b->nr && len; i++) {
		const size_t part = min_t(size_t, len, b->bvec[i].bv_len);

		if (b->copied_map & BIT_ULL(i))
			copied += part;
		len -= part;
	}
	return copied;
}

/*
 * Whether the destination takes the next send for certain, too. TCP pushes what
 * it was given with MSG_MORE only in a send that it accepts something of;
 * otherwise it would sit there until the probe timer, for 200 ms.
 */
static bool has_room_for_more(const struct sock *sk, size_t len)
{
	/* Below zero it often is: the tail of the queue may exceed the limit. */
	const int room = sk_stream_wspace(sk);

	return room > 0 && room > 2 * len &&
	       tcp_notsent_lowat(tcp_sk(sk)) == UINT_MAX;
}

/* Returns false when the destination takes no more. */
static bool batch_send(struct batch *b, bool more)
{
	int ret;

	if (!b->nr)
		return true;

	b->dst->sending = true;
	ret = kturn_send(b->dst->sk, b->bvec, b->nr, b->len,
			 more && has_room_for_more(b->dst->sk, b->len));
	b->dst->sending = false;

	if (ret < 0) {
		b->err = ret;
		ret = 0;
	}
	b->sent += ret;
	b->copied += batch_copied(b, ret);
	b->full = ret < b->len;
	b->nr = 0;
	b->len = 0;
	b->copied_map = 0;
	return !b->full;
}

static bool batch_add(struct batch *b, struct page *page, size_t offset, size_t len)
{
	if (b->nr == SPLICE_PIECES && !batch_send(b, true))
		return false;
	bvec_set_page(&b->bvec[b->nr], page, len, offset);
	b->nr++;
	b->len += len;
	return true;
}

/*
 * A piece keeps the whole page that it was copied to. What goes out at once may
 * share a page with everybody. A piece that comes while others are outstanding
 * may be one of very many that stay for as long as the receiver likes: it goes to
 * a page that only this destination's pieces go to, so that what waits keeps no
 * more than itself and one page that is not full.
 */
static struct page_frag *copies_of(struct sock *dst)
{
	if (!tcp_rtx_and_write_queues_empty(dst))
		return &dst->sk_frag;
	return in_softirq() ? this_cpu_ptr(&softirq_frag) : &current->task_frag;
}

/* Small pages: each destination may have one. */
static bool refill_own(struct page_frag *frag, size_t len, gfp_t gfp)
{
	if (frag->page) {
		if (frag->offset + len <= frag->size)
			return true;
		put_page(frag->page);
	}
	frag->page = alloc_page(gfp | __GFP_NOWARN);
	frag->offset = 0;
	frag->size = PAGE_SIZE;
	return frag->page;
}

/*
 * Room for a copy. The page is not let go, nor used from its start again, as
 * long as the batch refers to it without a reference of its own.
 */
static bool batch_make_room(struct batch *b, size_t len)
{
	struct page_frag *frag = b->copies;
	struct sock *dst = b->dst->sk;

	if (b->copied_map) {
		if (frag->offset + len <= frag->size && b->nr < SPLICE_PIECES)
			return true;
		if (!batch_send(b, true))
			return false;
	}
	if (frag == &dst->sk_frag ? refill_own(frag, len, dst->sk_allocation) :
				    skb_page_frag_refill(len, frag, dst->sk_allocation))
		return true;
	b->no_memory = true;
	return false;
}

static bool batch_add_copy(struct batch *b, const void *data, size_t len)
{
	struct page_frag *frag = b->copies;

	while (len) {
		const size_t part = min_t(size_t, len, PAGE_SIZE);

		if (!batch_make_room(b, part))
			return false;
		memcpy(page_address(frag->page) + frag->offset, data, part);
		if (!batch_add(b, frag->page, frag->offset, part))
			return false;
		b->copied_map |= BIT_ULL(b->nr - 1);
		frag->offset += part;
		data += part;
		len -= part;
	}
	return true;
}

static bool batch_add_page(struct batch *b, struct page *page, size_t offset, size_t len)
{
	/* Slab memory has no reference count of its own. */
	if (len < SPLICE_COPYBREAK || !sendpage_ok(page))
		return batch_add_copy(b, page_address(page) + offset, len);
	return batch_add(b, page, offset, len);
}

/* The linear part of an skb, which some drivers build in a page fragment. */
static bool batch_add_head(struct batch *b, const struct sk_buff *skb, size_t offset, size_t len)
{
	void *data = skb->data + offset;

	if (skb_head_is_locked(skb))
		return batch_add_copy(b, data, len);
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
static int batch_fill(struct batch *b, struct sock *src, size_t budget)
{
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
			break;
		seq += len;
		budget -= len;
		if (!budget)
			break;
	}
	/* The last send never waits for more: what follows may be long. */
	batch_send(b, false);
	return ret;
}

static void account(struct kturn_flow *flow, const struct batch *b)
{
	struct kturn_flow_stats *stats = &flow->stats;

	if (b->sent) {
		kturn_stat_add(stats->bytes, b->sent);
		kturn_stat_add(stats->copied, b->copied);
		kturn_stat_add(stats->moves, 1);
		WRITE_ONCE(flow->last, jiffies);
		trace_kturn_move(flow, b->sent, b->copied);
		/* Up slowly, down at once: a quiet flow is not to wait. */
		flow->mean = min_t(size_t, b->sent, (3 * (size_t)flow->mean + b->sent) / 4);
		if (unlikely(flow->metered))
			kturn_limit_spent(flow, b->sent);
	}
	if (b->full && (!b->err || b->err == -EAGAIN)) {
		kturn_stat_add(stats->waits, 1);
		trace_kturn_wait(flow);
	}
}

/**
 * kturn_segment() - what TCP likes best to be given
 * @sk: a TCP socket, locked
 *
 * Return: bytes of payload in its largest segment, as far as a move can fill it;
 * 64 KiB if it has not sent any or its device does not cut them.
 */
unsigned int kturn_segment(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const u32 len = tp->gso_segs * tp->mss_cache;

	return len ? min_t(u32, len, SPLICE_BUDGET / 2) : SZ_64K;
}

static int batch_result(const struct batch *b, const struct kturn_flow *flow)
{
	if (b->err && b->err != -EAGAIN)
		return b->err;
	if (b->no_memory)
		return b->sent ? KTURN_SPLICE_MORE : KTURN_SPLICE_STALL;
	/* There is room now, by what the send itself has pushed out: nobody
	 * will tell. If not a byte was taken all the same, memory is short.
	 */
	if (b->full && sk_stream_memory_free(flow->dst->sk))
		return b->sent ? KTURN_SPLICE_MORE : KTURN_SPLICE_STALL;
	if (b->full) {
		/* One that has failed for memory does not ask to be told. */
		set_bit(SOCK_NOSPACE, &flow->dst->sk->sk_socket->flags);
		return KTURN_SPLICE_WAIT;
	}
	if (flow->gather && tcp_inq(flow->src->sk) < kturn_segment(flow->dst->sk))
		return KTURN_SPLICE_EMPTY;
	return b->sent && tcp_inq(flow->src->sk) ? KTURN_SPLICE_MORE : KTURN_SPLICE_EMPTY;
}

/*
 * Bytes to move now: all there are, or whole segments, because there are more
 * than may be moved at once or the rest is to wait for more of its kind. Not
 * behind a FIN.
 */
static size_t budget_of(const struct kturn_flow *flow)
{
	const struct sock *src = flow->src->sk;
	const size_t inq = tcp_inq((struct sock *)src);
	const size_t budget = min_t(size_t, inq, SPLICE_BUDGET);

	if (inq > budget || (flow->gather && !sock_flag(src, SOCK_DONE)))
		return budget - budget % kturn_segment(flow->dst->sk);
	return budget;
}

/**
 * kturn_splice() - move what has arrived, within a budget
 * @flow: the direction; both of its sockets are locked and plain TCP
 *
 * Context: both socket locks held, as a process or as softirq does.
 * Return: &enum kturn_splice_result, or what the destination's send failed
 * with; -EFAULT if the payload is in memory that the CPU cannot read.
 */
int kturn_splice(struct kturn_flow *flow)
{
	struct sock *src = flow->src->sk, *dst = flow->dst->sk;
	struct batch b;
	size_t budget;
	int ret;

	sock_owned_by_me(src);
	sock_owned_by_me(dst);
	if (!tcp_inq(src))
		return KTURN_SPLICE_EMPTY;
	/* It may have come in from the backlog since it was looked for. */
	if (tcp_sk(src)->urg_data)
		return KTURN_SPLICE_MORE;
	/* Full still, and write_space is certain to be called. */
	if (!sk_stream_memory_free(dst) && test_bit(SOCK_NOSPACE, &dst->sk_socket->flags))
		return KTURN_SPLICE_WAIT;

	budget = budget_of(flow);
	if (!budget)
		return KTURN_SPLICE_EMPTY;
	if (unlikely(flow->metered)) {
		budget = kturn_limit_budget(flow, budget);
		if (!budget)
			return KTURN_SPLICE_WAIT;
	}

	b.dst = flow->dst;
	b.copies = copies_of(dst);
	b.nr = 0;
	b.len = 0;
	b.copied_map = 0;
	b.sent = 0;
	b.copied = 0;
	b.err = 0;
	b.full = false;
	b.no_memory = false;

	ret = batch_fill(&b, src, budget);
	if (b.sent) {
		if (unlikely(kturn_stun_wants(&flow->stun)))
			kturn_opening_note_queue(flow, b.sent);
		tcp_read_done(src, b.sent);
	}
	account(flow, &b);
	return ret ?: batch_result(&b, flow);
}

/**
 * kturn_splice_exit() - let go of the pages that small pieces were copied to
 *
 * Context: nobody moves bytes any more.
 */
void kturn_splice_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct page_frag *frag = per_cpu_ptr(&softirq_frag, cpu);

		if (frag->page)
			put_page(frag->page);
	}
}
