// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding out that a side is gone which neither ends nor resets its connection:
 * TCP's own keepalive and user timeout, set for as long as a socket is in a
 * relay.
 */
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "probing.h"
#include "relay.h"

/* TCP keeps these two in ticks, of whole seconds. */
static void read_socket(const struct sock *sk, struct kturn_probing *p)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	p->user_timeout = inet_csk(sk)->icsk_user_timeout;
	p->idle = tp->keepalive_time / HZ;
	p->interval = tp->keepalive_intvl / HZ;
	p->count = tp->keepalive_probes;
	p->keepalive = sock_flag(sk, SOCK_KEEPOPEN);
}

static void write_socket(struct sock *sk, const struct kturn_probing *p)
{
	struct tcp_sock *tp = tcp_sk(sk);

	WRITE_ONCE(inet_csk(sk)->icsk_user_timeout, p->user_timeout);
	WRITE_ONCE(tp->keepalive_time, p->idle * HZ);
	WRITE_ONCE(tp->keepalive_intvl, p->interval * HZ);
	WRITE_ONCE(tp->keepalive_probes, p->count);

	/* Off and on again, for a timer that runs has the old time. */
	sk->sk_prot->keepalive(sk, false);
	sock_reset_flag(sk, SOCK_KEEPOPEN);
	if (!p->keepalive)
		return;
	sk->sk_prot->keepalive(sk, true);
	sock_set_flag(sk, SOCK_KEEPOPEN);
}

static bool is_same(const struct kturn_probing *a, const struct kturn_probing *b)
{
	return a->user_timeout == b->user_timeout && a->idle == b->idle &&
	       a->interval == b->interval && a->count == b->count &&
	       a->keepalive == b->keepalive;
}

static void change_socket(struct sock *sk, const struct kturn_probing *p)
{
	struct kturn_probing now;

	read_socket(sk, &now);
	if (!is_same(&now, p))
		write_socket(sk, p);
}

/**
 * kturn_probing_set() - make a socket probe as its relay's limits say
 * @leg: a leg, see kturn_probing_take()
 *
 * What they do not say is as it was when the socket was taken.
 *
 * Context: the leg's socket is locked by a process.
 */
void kturn_probing_set(struct kturn_leg *leg)
{
	const struct kturn_probing *wanted = &leg->relay->limits.probing;
	struct kturn_probing p = leg->probing;

	if (wanted->keepalive) {
		p.keepalive = true;
		p.idle = wanted->idle;
		p.interval = wanted->interval;
		p.count = wanted->count;
	}
	if (wanted->user_timeout)
		p.user_timeout = wanted->user_timeout;
	change_socket(leg->sk, &p);
}

/**
 * kturn_probing_take() - keep in mind how a socket probes, and change that
 * @leg: a leg that is being taken over
 *
 * Context: the leg's socket is locked by a process.
 */
void kturn_probing_take(struct kturn_leg *leg)
{
	read_socket(leg->sk, &leg->probing);
	kturn_probing_set(leg);
}

/**
 * kturn_probing_give_back() - make a socket probe as it did before
 * @leg: a taken leg
 *
 * Context: the leg's socket is locked by a process.
 */
void kturn_probing_give_back(struct kturn_leg *leg)
{
	change_socket(leg->sk, &leg->probing);
}
