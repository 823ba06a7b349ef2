/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS to a server, behind a descriptor that is used like any other: bytes, a
 * FIN each way, a RST. Either the kernel does TLS, or a process of its own,
 * which outlives this one until all has been said, as a socket would.
 */
#ifndef KTURN_CLIENT_SECURE_H
#define KTURN_CLIENT_SECURE_H

#include <stdbool.h>

/**
 * struct secure - how to speak TLS
 * @check: look at the server's certificate
 * @ca: PEM file of certificates to trust; NULL for the system's
 * @name: whose certificate it has to be: a host name, or an IP address
 * @priority: of GnuTLS, or NULL for its own
 * @kernel: have the kernel do it; its descriptor gives -EIO to a plain recv()
 *	at the end of TLS: use net_recv(), and net_finish() instead of shutdown()
 */
struct secure {
	bool check;
	const char *ca, *name, *priority;
	bool kernel;
};

/**
 * secure_open() - put TLS on a connection
 * @fd: of a new connection to the server; it is used up in any case
 *
 * Says on standard error what is wrong with a certificate or a handshake.
 *
 * Return: a descriptor for the payload or a negative errno.
 */
int secure_open(int fd, const struct secure *secure, int timeout_ms);

#endif
