/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The network of a fuzzed daemon. Its IP sockets are pairs of UNIX sockets, of
 * which it holds one and the fuzzer the other, so no port is used and no packet
 * sent. What becomes of a connect(), its port decides: see enum net_fate.
 *
 * These are libc's own names, which stand before libc's, for libevent as well.
 */
#ifndef KTURN_FUZZ_NET_H
#define KTURN_FUZZ_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"

/* The addresses of the daemon's host, beside loopback. */
#define NET_HOST	"192.0.2.1"
#define NET_HOST6	"2001:db8::1"
#define NET_SECOND	"192.0.2.8"	/* for NAT behavior discovery */

/* Modulo NET_FATES, the port of a peer that the daemon connects to. */
enum net_fate {
	NET_REFUSES,
	NET_ACCEPTS,
	NET_REFUSES_LATER,
	NET_NEVER_ANSWERS,
	NET_FATES,
};

/**
 * struct net_end - the far end of one of the daemon's sockets; zero is none
 */
struct net_end {
	int fd;			/* the daemon's */
	uint32_t serial;	/* its number may be another socket's meanwhile */
};

/**
 * net_arrive() - connect to one of the daemon's listening sockets
 * @to: where it listens
 * @from: who connects
 *
 * Return: false if nobody listens there or too many wait.
 */
bool net_arrive(const union addr *to, const union addr *from, struct net_end *end);

/**
 * net_listener() - the address of the nth listening socket, counted from 0
 * @datagrams: whether it is one for UDP
 *
 * Return: false behind the last.
 */
bool net_listener(unsigned int nth, bool *datagrams, union addr *addr);

/**
 * net_datagrams() - the far end of a UDP socket, for all who send to it
 * @from: chooses among sockets that share the address
 */
bool net_datagrams(const union addr *to, const union addr *from, struct net_end *end);

/**
 * net_send_from() - send it a datagram
 */
void net_send_from(const struct net_end *end, const union addr *from, const void *data,
		   size_t len);

/**
 * net_send_joined() - send it several that the kernel has joined
 * @segment: the length of each but the last; 0 if it is but one
 */
void net_send_joined(const struct net_end *end, const union addr *from, const void *data,
		     size_t len, uint16_t segment);

/**
 * net_is_door() - tell whether a port is the server's own: the given one or the next,
 * or those of TLS
 */
bool net_is_door(uint16_t port, uint16_t server_port);

/**
 * net_peer() - the nth of the connections between the daemon and its peers
 * @server_port: connections to this port are its clients
 */
bool net_peer(unsigned int nth, uint16_t server_port, struct net_end *end);

/**
 * net_is_open() - tell whether the daemon still has the other end
 */
bool net_is_open(const struct net_end *end);

/**
 * net_send() - send what there is room for
 */
void net_send(const struct net_end *end, const void *data, size_t len);

/**
 * net_recv() - take what has come
 *
 * Return: the number of bytes; 0 or less if there are none now or any more.
 */
ssize_t net_recv(const struct net_end *end, void *buf, size_t len);

/**
 * net_shut() - send a FIN
 */
void net_shut(const struct net_end *end);

/**
 * net_hang_up() - close the far end
 */
void net_hang_up(const struct net_end *end);

/**
 * net_count() - how many IP sockets the daemon has open
 */
unsigned int net_count(void);

#endif
