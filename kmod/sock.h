/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_SOCK_H
#define _KTURN_SOCK_H

#include <linux/in6.h>
#include <linux/types.h>

#include "probing.h"

struct kturn_relay;
struct net;
struct netlink_ext_ack;
struct nlattr;
struct sock;
struct socket;

/**
 * struct kturn_endpoint - one end of a connection
 * @addr: address; an IPv4 one in @addr.s6_addr32[3] alone
 * @port: port, network byte order
 */
struct kturn_endpoint {
	struct in6_addr addr;
	__be16 port;
};

/**
 * struct kturn_leg - one of the two sockets of a relay
 * @relay: the relay
 * @sock: the socket, whose file we hold, so that sk->sk_socket stays
 * @sk: its sock
 * @local: this host's end of the connection
 * @remote: the other end
 * @family: AF_INET or AF_INET6, of the addresses and not of the socket
 * @reset: it was reset; what it had sent before may still go out
 * @sending: we are in a send on this socket; under its lock
 * @taken: the callbacks are ours
 * @tls: it has kTLS, whose callbacks ours call
 * @use_task_frag: what sk->sk_use_task_frag was before
 * @nonagle: what tcp_sk(sk)->nonagle was before
 * @allocation: what sk->sk_allocation was before
 * @probing: what its keepalive and user timeout were before
 * @cb: what the callbacks were before
 * @cb.data_ready: sk->sk_data_ready
 * @cb.write_space: sk->sk_write_space
 * @cb.state_change: sk->sk_state_change
 * @cb.error_report: sk->sk_error_report
 */
struct kturn_leg {
	struct kturn_relay *relay;
	struct socket *sock;
	struct sock *sk;
	struct kturn_endpoint local;
	struct kturn_endpoint remote;
	u16 family;
	bool reset;
	bool sending;
	bool taken;
	bool tls;
	bool use_task_frag;
	u8 nonagle;
	gfp_t allocation;
	struct kturn_probing probing;
	struct {
		void (*data_ready)(struct sock *sk);
		void (*write_space)(struct sock *sk);
		void (*state_change)(struct sock *sk);
		void (*error_report)(struct sock *sk);
	} cb;
};

int kturn_leg_hold(struct kturn_leg *leg, const struct nlattr *fd,
		   struct netlink_ext_ack *extack);
void kturn_leg_put(struct kturn_leg *leg);

int kturn_leg_take(struct kturn_leg *leg, const struct net *net,
		   const struct nlattr *fd, struct netlink_ext_ack *extack);
void kturn_leg_give_back(struct kturn_leg *leg);

struct kturn_leg *kturn_leg_of(struct sock *sk);

bool kturn_sk_has_tls(const struct sock *sk);
bool kturn_leg_was_disconnected(const struct kturn_leg *leg);
void kturn_leg_close(struct kturn_leg *leg, bool reset);

#endif /* _KTURN_SOCK_H */
