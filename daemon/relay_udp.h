/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A UDP relayed transport address: its socket, and the way of datagrams through
 * it (RFC 8656, section 11).
 */
#ifndef KTURN_RELAY_UDP_H
#define KTURN_RELAY_UDP_H

#include <stdbool.h>
#include <stddef.h>

#include "udp.h"

struct allocation;

/**
 * struct relay_udp - one of them
 * @allocation: whose it is; it has one of each family at most
 */
struct relay_udp {
	struct udp_socket socket;
	struct allocation *allocation;
};

/**
 * relay_udp_open() - receive from peers, and send to them
 * @fd: a socket of relayed_bind()
 * @addr: as bound
 *
 * Return: NULL without memory; then @fd is still the caller's.
 */
struct relay_udp *relay_udp_open(struct allocation *allocation, int fd,
				 const union addr *addr);

/**
 * relay_udp_send() - send the client's data to a peer
 * @data: has to stay until udp_flush()
 * @dont_fragment: neither here nor on the way (RFC 8656, 14)
 */
void relay_udp_send(struct relay_udp *relay, const union addr *peer, const void *data,
		    size_t len, bool dont_fragment);

/**
 * relay_udp_close() - close it
 */
void relay_udp_close(struct relay_udp *relay);

#endif
