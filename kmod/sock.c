// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking a socket over from userspace and giving it back.
 *
 * Lock order: socket lock, then sk_callback_lock. The callbacks themselves
 * run in softirq with the socket's spinlock held, or in process context from
 * the backlog, or (error_report) without any lock; they only kick the relay.
 */
#include <linux/module.h>
#include <linux/net.h>
#include <net/inet_connection_sock.h>
#include <net/ipv6.h>
#include <net/mptcp.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tls.h>
#include <net/transp_v6.h>

#include "engine.h"
#include "relay.h"
#include "sock.h"
#include "tls.h"

static void kick(struct sock *sk)
{
	struct kturn_leg *leg;

	rcu_read_lock();
	leg = rcu_dereference_sk_user_data(sk);
	if (leg)
		kturn_relay_kick(leg->relay);
	rcu_read_unlock();
}

static void leg_data_ready(struct sock *sk)
{
	struct kturn_leg *leg;

	rcu_read_lock();
	leg = rcu_dereference_sk_user_data(sk);
	if (leg) {
		/* TLS cuts records out of what has come. */
		if (leg->tls)
			leg->cb.data_ready(sk);
		kturn_relay_data_ready(leg);
	}
	rcu_read_unlock();
}

/* A FIN without data, and the end of the connection. */
static void leg_state_change(struct sock *sk)
{
	kick(sk);
}

/* A reset, a timeout, an ICMP error. */
static void leg_error_report(struct sock *sk)
{
	kick(sk);
}

static void leg_write_space(struct sock *sk)
{
	struct kturn_leg *leg;

	rcu_read_lock();
	leg = rcu_dereference_sk_user_data(sk);
	if (leg) {
		/* It clears SOCK_NOSPACE, without which every ACK would bring
		 * us here.
		 */
		leg->cb.write_space(sk);
		/* Short of memory TCP calls this from within our own send, to
		 * which the answer is to wait, not to try again.
		 */
		if (!READ_ONCE(leg->sending) && sk_stream_is_writeable(sk))
			kturn_relay_kick(leg->relay);
	}
	rcu_read_unlock();
}

static bool proto_is_tcp(const struct proto *prot)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (prot == &tcpv6_prot)
		return true;
#endif
	return prot == &tcp_prot;
}

#define REFUSE(err, why)				\
	do {						\
		NL_SET_ERR_MSG_ATTR(extack, fd, why);	\
		return err;				\
	} while (0)

/* Its module stays as long as the socket has it. */
static bool ulp_is_tls(const struct sock *sk)
{
	const struct tcp_ulp_ops *ulp = inet_csk(sk)->icsk_ulp_ops;

	return ulp && !strcmp(ulp->name, "tls");
}

/**
 * kturn_sk_has_tls() - whether the kernel does a socket's TLS, both ways, by itself
 * @sk: the socket
 *
 * Once so, it remains so until the socket's file is released.
 *
 * Context: the socket is locked.
 */
bool kturn_sk_has_tls(const struct sock *sk)
{
	const struct tls_context *tls = ulp_is_tls(sk) ? tls_get_ctx(sk) : NULL;

	return tls && tls->tx_conf == TLS_SW && tls->rx_conf == TLS_SW;
}

/* What does not change in a socket's life. */
static int check_kind(const struct sock *sk, const struct net *net,
		      const struct nlattr *fd, struct netlink_ext_ack *extack)
{
	if (!sk_is_tcp(sk) || sk_is_mptcp(sk))
		REFUSE(-EPROTONOSUPPORT, "not a TCP socket");
	if (!net_eq(sock_net(sk), net))
		REFUSE(-EXDEV, "the socket is in another network namespace");
	/* The file we hold has to keep the namespace. */
	if (!sk->sk_net_refcnt)
		REFUSE(-EBUSY, "the socket belongs to the kernel");
	return 0;
}

/*
 * A send below the protocol that sits on TCP would put its plaintext on the
 * wire. One that we do not know, we cannot go through.
 */
static int check_ulp(struct sock *sk, const struct nlattr *fd,
		     struct netlink_ext_ack *extack)
{
	const struct tls_context *tls;

	if (!inet_csk_has_ulp(sk))
		return 0;
	if (!ulp_is_tls(sk))
		REFUSE(-EOPNOTSUPP, "the socket has an upper layer protocol that is not TLS");
	tls = tls_get_ctx(sk);
	if (!tls)
		REFUSE(-EOPNOTSUPP, "the socket's TLS is done by a device");
	if (tls->tx_conf == TLS_BASE && tls->rx_conf == TLS_BASE)
		REFUSE(-EOPNOTSUPP, "the socket has TLS without keys (TLS_TX, TLS_RX)");
	if (tls->rx_conf == TLS_BASE)
		REFUSE(-EOPNOTSUPP, "the socket has TLS for sending only, without TLS_RX");
	if (tls->tx_conf == TLS_BASE)
		REFUSE(-EOPNOTSUPP, "the socket has TLS for receiving only, without TLS_TX");
	if (!kturn_sk_has_tls(sk))
		REFUSE(-EOPNOTSUPP, "the socket's TLS is done by a device");
	/* As with TCP_CORK: what was held back would be held back for ever. */
	if (tls->pending_open_record_frags)
		REFUSE(-EINVAL, "a TLS record is not complete (MSG_MORE)");
	return 0;
}

/* What can change while the socket is not locked. */
static int check_state(struct sock *sk, const struct nlattr *fd,
		       struct netlink_ext_ack *extack)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const int err = READ_ONCE(sk->sk_err);
	int ret;

	if (err)
		REFUSE(-err, "an error is pending on the socket");
	if (!((1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)))
		REFUSE(-ENOTCONN, "the socket is not connected, or shut down for sending");
	ret = check_ulp(sk, fd, extack);
	if (ret)
		return ret;
	if (!proto_is_tcp(inet_csk_has_ulp(sk) ? tls_get_ctx(sk)->sk_proto :
						 READ_ONCE(sk->sk_prot)))
		REFUSE(-EBUSY, "another subsystem, such as a sockmap, has the socket");
	if ((sk->sk_shutdown & RCV_SHUTDOWN) && !sock_flag(sk, SOCK_DONE))
		REFUSE(-ENOTCONN, "the socket is shut down for receiving");
	/* What was held back would be held back for ever. */
	if (tp->nonagle & TCP_NAGLE_CORK)
		REFUSE(-EINVAL, "TCP_CORK is set");
	if (tp->repair)
		REFUSE(-EBUSY, "the socket is under repair (TCP_REPAIR)");
	if (tp->urg_data)
		REFUSE(-EOPNOTSUPP, "urgent data is pending, which cannot be relayed");
	/* Below the mark we would not hear of data. */
	if (READ_ONCE(sk->sk_rcvlowat) != 1)
		REFUSE(-EINVAL, "SO_RCVLOWAT is not 1");
	return 0;
}

/* Both locks held: nobody else can claim the socket or change its state. */
static int claim(struct kturn_leg *leg, const struct nlattr *fd,
		 struct netlink_ext_ack *extack)
{
	struct sock *sk = leg->sk;

	if (rcu_access_pointer(sk->sk_user_data))
		REFUSE(-EBUSY, "the socket is in a relay already, or another subsystem has it");

	leg->tls = inet_csk_has_ulp(sk);
	leg->cb.data_ready = sk->sk_data_ready;
	leg->cb.write_space = sk->sk_write_space;
	leg->cb.state_change = sk->sk_state_change;
	leg->cb.error_report = sk->sk_error_report;

	/* Not to be inherited, should a holder of another descriptor turn the
	 * socket into a listener.
	 */
	__rcu_assign_sk_user_data_with_flags(sk, leg, SK_USER_DATA_NOCOPY);
	WRITE_ONCE(sk->sk_data_ready, leg_data_ready);
	WRITE_ONCE(sk->sk_write_space, leg_write_space);
	WRITE_ONCE(sk->sk_state_change, leg_state_change);
	WRITE_ONCE(sk->sk_error_report, leg_error_report);
	leg->allocation = sk->sk_allocation;
	leg->use_task_frag = sk->sk_use_task_frag;
	sk->sk_allocation = leg->relay->engine->gfp;
	/* In softirq, current is whoever was interrupted, perhaps in a send. */
	sk->sk_use_task_frag = false;
	/* The last bytes of a batch never wait. */
	leg->nonagle = tcp_sk(sk)->nonagle;
	tcp_sk(sk)->nonagle |= TCP_NAGLE_OFF;
	kturn_probing_take(leg);
	leg->taken = true;
	return 0;
}

static void note_ipv4(struct kturn_leg *leg, __be32 local, __be32 remote)
{
	leg->family = AF_INET;
	leg->local.addr.s6_addr32[3] = local;
	leg->remote.addr.s6_addr32[3] = remote;
}

/* Kept apart from the socket, which forgets its own ends when it closes. */
static void note_endpoints(struct kturn_leg *leg)
{
	const struct sock *sk = leg->sk;

	leg->local.port = inet_sk(sk)->inet_sport;
	leg->remote.port = sk->sk_dport;

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && !ipv6_addr_v4mapped(&sk->sk_v6_daddr)) {
		leg->family = AF_INET6;
		leg->local.addr = sk->sk_v6_rcv_saddr;
		leg->remote.addr = sk->sk_v6_daddr;
		return;
	}
#endif
	note_ipv4(leg, sk->sk_rcv_saddr, sk->sk_daddr);
}

/**
 * kturn_leg_hold() - hold the socket behind a file descriptor of the caller
 * @leg: the leg to hold it for
 * @fd: attribute with the descriptor
 * @extack: where the reason of a refusal goes
 *
 * The file is held, not only the sock: every send of TCP looks into
 * sk->sk_socket. Drop it with kturn_leg_put().
 *
 * Context: process context, that of the owner of the descriptor.
 * Return: 0; -EBADF; -ENOTSOCK.
 */
int kturn_leg_hold(struct kturn_leg *leg, const struct nlattr *fd,
		   struct netlink_ext_ack *extack)
{
	int err;

	leg->sock = sockfd_lookup(nla_get_s32(fd), &err);
	if (!leg->sock)
		REFUSE(err, "the descriptor is not that of an open socket");
	leg->sk = leg->sock->sk;
	return 0;
}

/**
 * kturn_leg_put() - drop the file, which closes the socket if it was the last
 * @leg: a leg that was held; its callbacks were given back
 *
 * Context: any; the file is released by the kernel's own delayed work if the
 * caller is a kernel thread.
 */
void kturn_leg_put(struct kturn_leg *leg)
{
	sockfd_put(leg->sock);
}

/**
 * kturn_leg_take() - take a held socket over
 * @leg: the leg, see kturn_leg_hold()
 * @net: the network namespace that the socket has to be of
 * @fd: attribute that a refusal points at
 * @extack: where the reason of a refusal goes
 *
 * From now on the socket's callbacks kick @leg->relay, which has to look once
 * by itself at what came before. Undone by kturn_leg_give_back().
 *
 * Context: process context; takes the socket lock, may sleep.
 * Return: 0 or a negative errno.
 */
int kturn_leg_take(struct kturn_leg *leg, const struct net *net,
		   const struct nlattr *fd, struct netlink_ext_ack *extack)
{
	struct sock *sk = leg->sk;
	int ret;

	ret = check_kind(sk, net, fd, extack);
	if (ret)
		return ret;

	lock_sock(sk);
	ret = check_state(sk, fd, extack);
	if (!ret) {
		note_endpoints(leg);
		write_lock_bh(&sk->sk_callback_lock);
		ret = claim(leg, fd, extack);
		write_unlock_bh(&sk->sk_callback_lock);
	}
	release_sock(sk);
	return ret;
}

/**
 * kturn_leg_of() - the leg that a socket is
 * @sk: any TCP socket
 *
 * Context: under rcu_read_lock(), as long as the leg is looked at.
 * Return: the leg, or NULL if the socket is in no relay.
 */
struct kturn_leg *kturn_leg_of(struct sock *sk)
{
	struct kturn_leg *leg = NULL;

	/* The claim may be another subsystem's; but with our callback it is ours. */
	read_lock_bh(&sk->sk_callback_lock);
	if (sk->sk_data_ready == leg_data_ready)
		leg = rcu_dereference_sk_user_data(sk);
	read_unlock_bh(&sk->sk_callback_lock);
	return leg;
}

/**
 * kturn_leg_was_disconnected() - whether the connection is not ours any more
 * @leg: a taken leg
 *
 * A holder of another descriptor has called connect(AF_UNSPEC), and perhaps has
 * connected again, or listens. (A reset leaves the ports in place.)
 *
 * Context: the leg's socket is locked.
 */
bool kturn_leg_was_disconnected(const struct kturn_leg *leg)
{
	return inet_sk(leg->sk)->inet_dport != leg->remote.port;
}

/* Returns false if somebody may have inherited or saved one of our callbacks. */
static bool restore_callbacks(struct kturn_leg *leg)
{
	struct sock *sk = leg->sk;
	bool clean = leg->tls == inet_csk_has_ulp(sk) && !kturn_leg_was_disconnected(leg);

#define RESTORE(name)						\
	do {							\
		if (sk->sk_##name == leg_##name)		\
			WRITE_ONCE(sk->sk_##name, leg->cb.name);	\
		else						\
			clean = false;				\
	} while (0)

	RESTORE(data_ready);
	RESTORE(write_space);
	RESTORE(state_change);
	RESTORE(error_report);
#undef RESTORE
	return clean;
}

/**
 * kturn_leg_give_back() - restore what kturn_leg_take() has changed
 * @leg: the leg; nothing is done if it was not taken
 *
 * A callback may still be running: @leg has to outlive an RCU grace period.
 *
 * Context: process context; takes the socket lock, may sleep.
 */
void kturn_leg_give_back(struct kturn_leg *leg)
{
	struct sock *sk = leg->sk;
	bool clean;

	if (!leg->taken)
		return;

	lock_sock(sk);
	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, NULL);
	clean = restore_callbacks(leg);
	sk->sk_allocation = leg->allocation;
	sk->sk_use_task_frag = leg->use_task_frag;
	tcp_sk(sk)->nonagle = leg->nonagle;
	kturn_probing_give_back(leg);
	leg->taken = false;
	write_unlock_bh(&sk->sk_callback_lock);

	/* Whoever polls another descriptor of it has missed events. */
	sk->sk_data_ready(sk);
	sk->sk_write_space(sk);
	sk->sk_state_change(sk);
	release_sock(sk);

	if (!clean) {
		/* Their text has to stay for good. */
		__module_get(THIS_MODULE);
		pr_warn_once("a socket in a relay was disconnected or given a protocol by another holder; the module cannot be removed any more\n");
	}
}

/**
 * kturn_leg_close() - prepare a connection for the last put
 * @leg: a leg that was given back
 * @reset: the stream was cut: the other side has to see a reset, not an end
 *
 * Without @reset the last put sends a FIN behind what is in the send queue, and
 * TLS says before it that this is the end.
 * With it that queue is lost. Nothing happens to a closed connection.
 *
 * Context: process context; takes the socket lock, may sleep.
 */
void kturn_leg_close(struct kturn_leg *leg, bool reset)
{
	struct sock *sk = leg->sk;

	/* The last put closes the socket in a work item that serves the whole
	 * kernel, where it must not linger.
	 */
	lock_sock(sk);
	sock_reset_flag(sk, SOCK_LINGER);
	release_sock(sk);

	if (reset)
		tcp_abort(sk, ECONNRESET);
	else if (leg->tls)
		kturn_tls_close_notify(leg);
}
