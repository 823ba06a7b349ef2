// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop guard: bytes must not come back to the relay that they have left, on
 * a way of connections of this host with a relay at each end. They would go
 * round for ever, for TCP counts no hops.
 *
 * The way is followed within the network namespace only. One that leaves it
 * comes back over a device like a way over other hosts, which nobody can see
 * from here; then the limits of a relay end it.
 */
#include <linux/netlink.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "loop.h"
#include "relay.h"
#include "sock.h"

/* More are a mistake even without a loop, and would take long to follow. */
#define HOPS_MAX	64

/* The socket at the other end of a leg's connection, with a reference; or NULL. */
static struct sock *far_end(struct net *net, const struct kturn_leg *leg)
{
	const struct kturn_endpoint *near = &leg->local, *far = &leg->remote;
	const int dif = READ_ONCE(leg->sk->sk_bound_dev_if) ?: LOOPBACK_IFINDEX;

#if IS_ENABLED(CONFIG_IPV6)
	if (leg->family == AF_INET6)
		return __inet6_lookup_established(net, &near->addr, near->port,
						  &far->addr, ntohs(far->port), dif, 0);
#endif
	return __inet_lookup_established(net, near->addr.s6_addr32[3], near->port,
					 far->addr.s6_addr32[3], ntohs(far->port), dif, 0);
}

/* Where the bytes arrive that go out on a leg, if that is a relay's; under RCU. */
static const struct kturn_leg *far_leg(struct net *net, const struct kturn_leg *leg)
{
	struct sock *sk = far_end(net, leg);
	const struct kturn_leg *far = NULL;

	if (!sk)
		return NULL;
	if (sk_fullsock(sk))
		far = kturn_leg_of(sk);
	sock_gen_put(sk);
	return far;
}

static const struct kturn_leg *opposite(const struct kturn_leg *leg)
{
	const struct kturn_relay *relay = leg->relay;

	return leg == &relay->client ? &relay->peer : &relay->client;
}

/* How many relays the bytes have passed when they are back; -1: never, so far as
 * we can see.
 */
static int hops_around(const struct kturn_relay *relay)
{
	const struct kturn_leg *out = &relay->peer, *in;
	int hops;

	for (hops = 0; hops < HOPS_MAX; hops++) {
		in = far_leg(relay->kn->net, out);
		if (!in)
			return -1;
		if (in == &relay->client)
			break;
		out = opposite(in);
	}
	return hops;
}

/**
 * kturn_loop_refuse() - look whether a relay would close a loop
 * @relay: a relay with both sockets taken, that does not run yet
 * @peer: attribute that a refusal points at
 * @extack: where the reason of a refusal goes
 *
 * Of several relays that make a loop together, the last one to be looked at
 * sees it.
 *
 * Context: process context.
 * Return: 0 or -ELOOP.
 */
int kturn_loop_refuse(const struct kturn_relay *relay, const struct nlattr *peer,
		      struct netlink_ext_ack *extack)
{
	int hops;

	rcu_read_lock();
	hops = hops_around(relay);
	rcu_read_unlock();

	if (hops < 0)
		return 0;
	if (hops == 0)
		NL_SET_ERR_MSG_ATTR(extack, peer,
				    "the client and the peer are the two ends of one connection");
	else if (hops < HOPS_MAX)
		NL_SET_ERR_MSG_ATTR(extack, peer,
				    "what goes to the peer would come back from the client, through other relays");
	else
		NL_SET_ERR_MSG_ATTR(extack, peer, "too many relays behind one another");
	return -ELOOP;
}
