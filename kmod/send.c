// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handing pieces of pages to TCP as they are.
 *
 * MSG_SPLICE_PAGES would cut each piece into single pages: a segment of 64 KiB
 * is then made of 17 fragments with a reference each, and seldom gets full.
 * With MSG_ZEROCOPY the sender attaches the fragments, so that a piece stays
 * whole. Ours hold references of their own and nobody waits for them to come
 * free, so what they are attached to remains an ordinary skb.
 */
#include <linux/bvec.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "send.h"

/**
 * struct request - a send under way
 * @msg: what TCP gets
 * @sk: who sends
 */
struct request {
	struct msghdr msg;
	struct sock *sk;
};

/*
 * TCP takes the first fragments of an skb for a user's pages, whose memory is
 * accounted for elsewhere. Ours are to be charged as any others.
 */
static bool charge_as_usual(struct sock *sk, struct sk_buff *skb, size_t len)
{
	if (!skb_zcopy_pure(skb))
		return true;
	skb_shinfo(skb)->flags &= ~SKBFL_PURE_ZEROCOPY;
	return sk_wmem_schedule(sk, len);
}

static bool attach_piece(struct sk_buff *skb, struct page *page, size_t offset, size_t len)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	const int nr = shinfo->nr_frags;

	if (skb_can_coalesce(skb, nr, page, offset)) {
		skb_frag_size_add(&shinfo->frags[nr - 1], len);
	} else if (nr < MAX_SKB_FRAGS) {
		get_page(page);
		skb_fill_page_desc_noacc(skb, nr, page, offset, len);
	} else {
		return false;
	}
	skb_len_add(skb, len);
	return true;
}

/* Attach up to @len bytes of @from. The errno is one that TCP knows how to undo. */
static int attach(struct sk_buff *skb, struct iov_iter *from, size_t len)
{
	struct request *request = container_of(from, struct request, msg.msg_iter);

	if (!charge_as_usual(request->sk, skb, len))
		return -EFAULT;

	/* Whoever has sent them may still change them. */
	skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	while (len) {
		const struct bio_vec *bv = from->bvec;
		const size_t part = min_t(size_t, len, bv->bv_len - from->iov_offset);

		if (!attach_piece(skb, bv->bv_page, bv->bv_offset + from->iov_offset, part))
			return -EMSGSIZE;
		iov_iter_advance(from, part);
		len -= part;
	}
	return 0;
}
KTURN_SG_FROM_ITER(sg_from_iter, attach)

static void nobody_cares(struct sk_buff *skb, struct ubuf_info *ubuf, bool success)
{
}

static const struct ubuf_info_ops ubuf_ops = {
	.complete = nobody_cares,
};

/*
 * Where TCP copies to, if it copies, may be where the caller has put some of the
 * pieces: a page that has no other reference would be used from its start again.
 */
static int send_with_other_page(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct page_frag *frag = sk_page_frag(sk);
	const struct page_frag callers = *frag;
	int ret;

	frag->page = NULL;
	ret = tcp_sendmsg_locked(sk, msg, len);
	if (frag->page)
		put_page(frag->page);
	*frag = callers;
	return ret;
}

static int send(struct sock *sk, const struct bio_vec *bvec, unsigned int nr,
		size_t len, int flags)
{
	/* TCP wants one. No skb ever looks at it: it has no flags. */
	struct ubuf_info ubuf = { .refcnt = REFCOUNT_INIT(1) };
	struct request request = {
		.msg.msg_flags = flags,
		.msg.msg_ubuf = &ubuf,
		.msg.sg_from_iter = sg_from_iter,
		.sk = sk,
	};

	ubuf_info_set_ops(&ubuf, &ubuf_ops);
	iov_iter_bvec(&request.msg.msg_iter, ITER_SOURCE, bvec, nr, len);
	return send_with_other_page(sk, &request.msg, len);
}

/**
 * kturn_send() - send pieces of pages
 * @sk: a plain TCP socket
 * @bvec: the pieces, none of them in slab memory
 * @nr: number of pieces
 * @len: sum of their lengths, in bytes
 * @more: another send follows at once
 *
 * They are copied if the device cannot gather fragments, or if there is no
 * memory to be had for them: copying asks for less of it, and insists.
 *
 * Context: the socket is locked, as a process or as softirq does.
 * Return: bytes accepted, or a negative errno; -EAGAIN if there is no room.
 */
int kturn_send(struct sock *sk, const struct bio_vec *bvec, unsigned int nr,
	       size_t len, bool more)
{
	/* No signal: it would go to whatever task we interrupted. */
	const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
	int ret;

	ret = send(sk, bvec, nr, len, flags | MSG_ZEROCOPY);
	if (ret == -EFAULT)
		ret = send(sk, bvec, nr, len, flags);
	return ret;
}
