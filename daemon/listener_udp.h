/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where clients send datagrams to: listening-port on every listening-ip.
 */
#ifndef KTURN_LISTENER_UDP_H
#define KTURN_LISTENER_UDP_H

struct worker;

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
 * listeners_udp_close() - close them, when no session is left
 */
void listeners_udp_close(struct worker *worker);

#endif
