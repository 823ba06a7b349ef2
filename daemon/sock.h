/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every TCP socket of the daemon has in common.
 */
#ifndef KTURN_SOCK_H
#define KTURN_SOCK_H

#include "addr.h"

/**
 * sock_stream() - make a non-blocking TCP socket for an address's family
 *
 * An IPv6 socket takes IPv6 only, so that 0.0.0.0 and :: are two listeners and
 * no peer shows up under a mapped address.
 *
 * Return: the socket or a negative errno.
 */
int sock_stream(const union addr *addr);

/**
 * sock_listen() - the same, and listen there
 *
 * TIME-WAIT connections do not hinder it, another listener does (-EADDRINUSE).
 *
 * Return: the socket or a negative errno.
 */
int sock_listen(const union addr *addr, int backlog);

/**
 * sock_is_local() - tell whether this host has an address to bind to now
 * @addr: its port is 0
 */
bool sock_is_local(const union addr *addr);

/**
 * sock_set() - switch a boolean option of SOL_SOCKET on
 *
 * Return: 0 or a negative errno.
 */
int sock_set(int fd, int option);

/**
 * sock_tune() - no delay for small messages, and keepalive for lost hosts
 *
 * What fails here costs comfort, not correctness.
 */
void sock_tune(int fd);

/**
 * sock_probe() - find out sooner that the other side is gone
 * @keepalive: seconds of silence until it is asked, and then until it is given up;
 *	0: as the system does
 * @user_timeout: seconds that it may take nothing of what is sent; 0: likewise
 */
void sock_probe(int fd, unsigned int keepalive, unsigned int user_timeout);

/**
 * sock_abort() - close with a reset, so that nobody takes it for an end of data
 */
void sock_abort(int fd);

#endif
