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

/* struct ubuf_info_ops: was a function pointer */
#ifdef KTURN_HAS_UBUF_INFO_OPS
#define ubuf_info_set_ops(ubuf, p) ((ubuf)->ops = (p))
#else
struct ubuf_info_ops {
	void (*complete)(struct sk_buff *skb, struct ubuf_info *ubuf, bool success);
};
#define ubuf_info_set_ops(ubuf, p) ((ubuf)->callback = (p)->complete)
#endif

/* sg_from_iter(): was given the socket, and then had to do its accounting */
#ifdef KTURN_HAS_SG_FROM_ITER_SK
#define KTURN_SG_FROM_ITER(name, attach)					\
static int name(struct sock *sk, struct sk_buff *skb, struct iov_iter *from,	\
		size_t len)							\
{										\
	const unsigned int before = skb->truesize;				\
	const int ret = attach(skb, from, len);					\
										\
	sk_wmem_queued_add(sk, skb->truesize - before);				\
	sk_mem_charge(sk, skb->truesize - before);				\
	return ret;								\
}
#else
#define KTURN_SG_FROM_ITER(name, attach)					\
static int name(struct sk_buff *skb, struct iov_iter *from, size_t len)	\
{										\
	return attach(skb, from, len);						\
}
#endif

/* skb_len_add() */
#ifndef KTURN_HAS_SKB_LEN_ADD
static inline void skb_len_add(struct sk_buff *skb, int delta)
{
	skb->len += delta;
	skb->data_len += delta;
	skb->truesize += delta;
}
#endif

#endif /* _KTURN_COMPAT_H */
