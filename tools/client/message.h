/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * STUN messages on a TCP connection (RFC 8489, section 6.2.2).
 */
#ifndef KTURN_CLIENT_MESSAGE_H
#define KTURN_CLIENT_MESSAGE_H

#include "stun.h"

#define MESSAGE_MAX 4096

/**
 * struct message - a message and the memory it lies in; not to be copied
 */
struct message {
	struct stun_message stun;
	uint8_t data[MESSAGE_MAX];
};

/**
 * message_transaction() - make a random transaction ID
 */
void message_transaction(uint8_t transaction[STUN_TRANSACTION_LEN]);

/**
 * message_recv() - receive one message, and not one byte more
 *
 * Return: 0, -EPIPE at the end of the stream, -EBADMSG if it is no STUN, or
 * another negative errno.
 */
int message_recv(int fd, struct message *msg, int timeout_ms);

/**
 * message_send() - finish a message and send it
 *
 * Return: 0 or a negative errno.
 */
int message_send(int fd, const struct stun_builder *b, int timeout_ms);

#endif
