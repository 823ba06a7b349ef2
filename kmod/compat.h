/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes an older kernel look like the newest one. Included before every file
 * of the module, so that no other file knows about versions; what a kernel
 * has is asked of its headers in Kbuild, for distributions carry new
 * interfaces in old versions.
 */
#ifndef _KTURN_COMPAT_H
#define _KTURN_COMPAT_H

#ifndef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#endif

#include <linux/kconfig.h>
#include <linux/hrtimer.h>
#include <linux/skbuff.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/tcp.h>

#ifndef CONFIG_64BIT
#error "kturn wants a 64-bit kernel: a relay's id indexes an XArray and never comes back"
#endif

/* WQ_PERCPU: once the default, now to be named */
#ifndef KTURN_HAS_WQ_PERCPU
#define WQ_PERCPU 0
#endif

/* skb_frags_readable(): before device memory, all fragments were */
#ifndef KTURN_HAS_SKB_FRAGS_READABLE
static inline bool skb_frags_readable(const struct sk_buff *skb)
{
	return true;
}
#endif

/* __inet_lookup_established(): the table was an argument, though always TCP's */
#ifdef KTURN_HAS_LOOKUP_HASHINFO
#define __inet_lookup_established(net, ...) \
	__inet_lookup_established(net, (net)->ipv4.tcp_death_row.hashinfo, __VA_ARGS__)
#define __inet6_lookup_established(net, ...) \
	__inet6_lookup_established(net, (net)->ipv4.tcp_death_row.hashinfo, __VA_ARGS__)
#endif

/* hrtimer_setup(): was two steps */
#ifndef KTURN_HAS_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* NLA_POLICY_FULL_RANGE(): the range was not const, though nobody writes to it */
#ifndef KTURN_HAS_CONST_RANGE
#undef NLA_POLICY_FULL_RANGE
#define NLA_POLICY_FULL_RANGE(tp, _range) {				\
	.type = NLA_ENSURE_UINT_OR_BINARY_TYPE(tp),			\
	.validation_type = NLA_VALIDATE_RANGE_PTR,			\
	.range = (struct netlink_range_validation *)(_range),		\
}
#endif

/* genl_info_dump(): the request's attributes in a dump */
#ifndef KTURN_HAS_GENL_INFO_DUMP
#define genl_info_dump(cb) genl_dumpit_info(cb)
#endif

/*
 * MSG_SPLICE_PAGES: where TCP does not know it (some older kernels define the
 * flag and ignore it), send the pages one by one, which takes references too.
 */
#ifndef KTURN_HAS_SPLICE_PAGES
static inline int kturn_compat_sendpages(struct sock *sk, struct msghdr *msg)
{
	const int flags = (msg->msg_flags & ~MSG_SPLICE_PAGES) | MSG_SENDPAGE_NOTLAST;
	const struct bio_vec *bv = msg->msg_iter.bvec;
	unsigned long left = msg->msg_iter.nr_segs;
	int sent = 0;

	for (; left; left--, bv++) {
		const bool last = left == 1;
		int ret = kernel_sendpage_locked(sk, bv->bv_page, bv->bv_offset, bv->bv_len,
						 last ? msg->msg_flags & ~MSG_SPLICE_PAGES :
							flags | MSG_MORE);

		if (ret < 0)
			return sent ?: ret;
		sent += ret;
		if (ret < bv->bv_len)
			break;
	}
	return sent;
}

static inline int kturn_compat_tcp_sendmsg_locked(struct sock *sk, struct msghdr *msg,
						  size_t size)
{
	/* What the device cannot gather is copied, from the pages all the same. */
	if ((msg->msg_flags & MSG_SPLICE_PAGES) && (sk->sk_route_caps & NETIF_F_SG))
		return kturn_compat_sendpages(sk, msg);
	msg->msg_flags &= ~MSG_SPLICE_PAGES;
	return tcp_sendmsg_locked(sk, msg, size);
}

#define tcp_sendmsg_locked kturn_compat_tcp_sendmsg_locked
#endif

#endif /* _KTURN_COMPAT_H */
