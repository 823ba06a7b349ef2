/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets for messages that have been in one, or in several, or encrypted: with the
 * headers of IP and of UDP or TCP that they might have had.
 */
#ifndef KTURN_PACKET_H
#define KTURN_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define PACKET_HEADERS_MAX (40 + 20)

/**
 * struct packet_stream - where in their streams a TCP connection's two sides are
 */
struct packet_stream {
	uint32_t sent, acknowledged;
};

/**
 * packet_headers() - IP, and UDP or TCP
 * @buf: has room for PACKET_HEADERS_MAX bytes
 * @from: both of one family
 * @stream: of TCP, as the sender sees it; NULL is UDP
 * @data: the message's first @kept bytes
 * @len: how long it is
 *
 * Checksums are right if all of the message is there, and otherwise 0.
 *
 * Return: how long they are.
 */
size_t packet_headers(uint8_t *buf, const union addr *from, const union addr *to,
		      const struct packet_stream *stream, const uint8_t *data, size_t kept,
		      size_t len);

#endif
