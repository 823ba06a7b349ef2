/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Relayed transport addresses: finding a free one, and sockets bound to it.
 */
#ifndef KTURN_RELAYED_H
#define KTURN_RELAYED_H

#include "addr.h"
#include "config.h"

/**
 * struct relayed_pool - the ports of every relay-ip, for all workers together
 */
struct relayed_pool;

/**
 * relayed_pool_new() - begin with all of them free
 *
 * Return: NULL without memory.
 */
struct relayed_pool *relayed_pool_new(const struct config *config);

/**
 * relayed_pool_free() - forget them; NULL is none
 */
void relayed_pool_free(struct relayed_pool *pool);

/**
 * relayed_supports() - tell whether there is a relay-ip of a family
 */
bool relayed_supports(const struct config *config, sa_family_t family);

/**
 * relayed_listen() - take an unused relayed transport address and listen on it
 * @family: AF_INET or AF_INET6
 * @addr: the address that was taken
 *
 * The port is unpredictable, and no other allocation, of this process or of
 * another one, can have it at the same time.
 *
 * Return: the listening socket; -EADDRINUSE if every port is taken, or another
 * negative errno.
 */
int relayed_listen(struct relayed_pool *pool, sa_family_t family, union addr *addr);

/**
 * relayed_bind() - take an unused relayed transport address of UDP
 * @family: AF_INET or AF_INET6
 * @even: the port is to be even (EVEN-PORT)
 * @addr: the address that was taken
 *
 * Return: the socket; -EAFNOSUPPORT without a relay-ip of the family, -EADDRINUSE
 * if every port is taken, or another negative errno.
 */
int relayed_bind(struct relayed_pool *pool, sa_family_t family, bool even,
		 union addr *addr);

/**
 * relayed_bind_pair() - the same with an even port, and with the next one
 * @next: gets the second socket
 */
int relayed_bind_pair(struct relayed_pool *pool, sa_family_t family, union addr *addr,
		      int *next);

/**
 * relayed_retake() - take the address of a socket that a process before this one has bound
 *
 * Return: 0, or -EADDRINUSE if it is not one of the pool's any more.
 */
int relayed_retake(struct relayed_pool *pool, const union addr *addr);

/**
 * relayed_release() - give an address back, once its socket is closed
 */
void relayed_release(struct relayed_pool *pool, const union addr *addr);

/**
 * relayed_socket() - make a socket whose connections come from @addr exactly
 * @addr: one that relayed_listen() has taken
 *
 * Return: the socket or a negative errno.
 */
int relayed_socket(const union addr *addr);

#endif
