/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where clients send datagrams to: listening-port, for DTLS alone tls-listening-port, and
 * for RFC 5780 the alternative of each, on every listening-ip; and each aux-server.
 */
#ifndef KTURN_LISTENER_UDP_H
#define KTURN_LISTENER_UDP_H

struct udp_socket;
struct worker;
union addr;

/**
 * listeners_udp_open() - open a worker's UDP sockets for clients
 *
 * Says in the log which address fails. That IPv6 is missing altogether is no
 * failure when nobody has asked for a certain address.
 *
 * Return: 0 or a negative errno.
 */
int listeners_udp_open(struct worker *worker);

/**
 * listeners_udp_find() - the worker's socket that is bound to an address, or NULL
 */
struct udp_socket *listeners_udp_find(const struct worker *worker, const union addr *addr);

/**
 * listeners_udp_index() - which of the worker's sockets one is; the same of another
 * worker is bound to the same address
 */
unsigned int listeners_udp_index(const struct worker *worker, const struct udp_socket *socket);

/**
 * listeners_udp_socket() - the opposite
 */
struct udp_socket *listeners_udp_socket(struct worker *worker, unsigned int index);

/**
 * listeners_udp_close() - close them, when no session is left
 */
void listeners_udp_close(struct worker *worker);

#endif
