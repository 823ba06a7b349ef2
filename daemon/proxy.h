/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PROXY protocol, version 2: a load balancer that connects on behalf of clients
 * says first who each of them is. On tcp-proxy-port nothing else is taken, and nowhere
 * else is this: who can send such a header can be any client he likes.
 */
#ifndef KTURN_PROXY_H
#define KTURN_PROXY_H

#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "tls.h"

#define PROXY_HEAD_LEN	16
#define PROXY_BODY_MAX	1024	/* addresses, and what else is said and not wanted */

struct worker;

/**
 * proxy_body_len() - length of what follows the first 16 bytes
 *
 * Return: bytes, or -EPROTO if they do not begin such a header, or a longer one than
 * anybody needs.
 */
int proxy_body_len(const uint8_t head[PROXY_HEAD_LEN]);

/**
 * proxy_client() - find the client's address in a header
 * @header: all of it, proxy_body_len() has found it good
 * @client: stays as it is when the balancer speaks for itself (LOCAL)
 *
 * Return: 0; -EPROTO if the header is not about a client over TCP.
 */
int proxy_client(const uint8_t *header, size_t len, union addr *client);

/**
 * proxy_open() - take a socket over, which becomes a session behind the header
 * @balancer: its other end
 */
void proxy_open(struct worker *worker, int fd, const union addr *balancer, enum tls_use use);

#endif
