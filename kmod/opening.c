// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a flow begins with: its first bytes, and the STUN at its head.
 *
 * Looked at when the bytes have been moved and still are where they were. The looker is the
 * flow's mover, of whom there is one at a time: he holds both socket locks, or is the work
 * item that goes through TLS. Others read without a lock: each number by itself is what it
 * was at some time.
 */
#include <linux/minmax.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/tcp.h>

#include "opening.h"
#include "relay.h"

#define PIECE	64	/* bytes that are looked at together */

static size_t piece_of(const struct kturn_flow *flow, size_t len)
{
	return min3(len, (size_t)kturn_stun_wants(&flow->stun), (size_t)PIECE);
}

static void note(struct kturn_flow *flow, const u8 *data, size_t len)
{
	const u16 followed = flow->stun.followed;

	if (followed < KTURN_HEAD_MAX)
		memcpy(flow->head + followed, data,
		       min_t(size_t, len, KTURN_HEAD_MAX - followed));
	kturn_stun_add(&flow->stun, data, len);
	/* Readers see the bytes before their number. */
	smp_store_release(&flow->stun.followed, followed + len);
}

/**
 * kturn_opening_note() - look at bytes that have been moved
 * @flow: the flow
 * @data: the bytes
 * @len: how many
 *
 * Context: the flow's mover.
 */
void kturn_opening_note(struct kturn_flow *flow, const u8 *data, size_t len)
{
	size_t part;

	for (; (part = piece_of(flow, len)); data += part, len -= part)
		note(flow, data, part);
}

/**
 * kturn_opening_note_queue() - the same with bytes in the source's receive queue
 * @flow: the flow
 * @len: how many have been moved, from the first that is not marked as read
 *
 * Context: the flow's mover, with the source's socket lock.
 */
void kturn_opening_note_queue(struct kturn_flow *flow, size_t len)
{
	struct sock *src = flow->src->sk;
	u32 seq = tcp_sk(src)->copied_seq;
	struct sk_buff *skb;
	u8 data[PIECE];

	skb_queue_walk(&src->sk_receive_queue, skb) {
		u32 offset = seq - TCP_SKB_CB(skb)->seq;

		while (offset < skb->len) {
			size_t part = piece_of(flow, min_t(size_t, len, skb->len - offset));

			if (!part || skb_copy_bits(skb, offset, data, part))
				return;
			note(flow, data, part);
			offset += part;
			seq += part;
			len -= part;
		}
	}
}
