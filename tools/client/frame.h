/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * STUN packets in a TCP stream with a length in front (RFC 4571), as ICE over
 * TCP sends them (RFC 6544, section 3).
 */
#ifndef KTURN_CLIENT_FRAME_H
#define KTURN_CLIENT_FRAME_H

#include "message.h"

/**
 * frame_send() - finish a message and send it behind its length, in one write
 *
 * Return: 0 or a negative errno.
 */
int frame_send(int fd, const struct stun_builder *b, int timeout_ms);

/**
 * frame_send_data() - the same with any bytes, at most MESSAGE_MAX
 */
int frame_send_data(int fd, const uint8_t *data, size_t len, int timeout_ms);

/**
 * frame_recv() - receive one framed message
 *
 * Return: 0, -EPIPE at the end of the stream, -EBADMSG if it is no STUN, or
 * another negative errno.
 */
int frame_recv(int fd, struct message *msg, int timeout_ms);

#endif
