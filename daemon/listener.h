/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where clients connect: listening-port, for TLS alone tls-listening-port, and for those
 * behind a load balancer tcp-proxy-port, on every listening-ip, for RFC 5780
 * with a second port each; and each aux-server.
 */
#ifndef KTURN_LISTENER_H
#define KTURN_LISTENER_H

struct worker;

/**
 * listeners_open() - open a worker's listening sockets
 *
 * Says in the log which address fails. That IPv6 is missing altogether is no
 * failure when nobody has asked for a certain address.
 *
 * Return: 0 or a negative errno.
 */
int listeners_open(struct worker *worker);

/**
 * listeners_close() - close them
 */
void listeners_close(struct worker *worker);

#endif
