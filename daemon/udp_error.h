/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ICMP says of the datagrams that a socket has sent. The kernel queues it on the
 * socket, whose next system calls fail until it is read.
 */
#ifndef KTURN_UDP_ERROR_H
#define KTURN_UDP_ERROR_H

#include <stdint.h>

#include "addr.h"

/**
 * struct udp_error - a datagram has not arrived
 * @remote: where it was sent to; port 0 if that is not known
 * @type: of ICMP, or of ICMPv6 if @remote is an IPv6 address
 * @code: of the same
 * @mtu: of the link that it was too big for, in bytes; 0 if that was not why
 */
struct udp_error {
	union addr remote;
	uint8_t type, code;
	uint32_t mtu;
};

/**
 * typedef udp_error_fn - take one
 *
 * Must not close the socket that it has come by.
 */
typedef void (*udp_error_fn)(const struct udp_error *error, void *arg);

/**
 * udp_errors_enable() - have them queued
 * @family: of the socket
 *
 * Return: 0 or a negative errno.
 */
int udp_errors_enable(int fd, sa_family_t family);

/**
 * udp_errors_read() - take what is queued, or a batch of it
 *
 * Of ICMP there come the types that RFC 8656, 11.5 knows. A datagram that our own link
 * does not take is told of in the words of the router that would have said so.
 */
void udp_errors_read(int fd, udp_error_fn take, void *arg);

#endif
