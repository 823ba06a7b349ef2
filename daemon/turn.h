/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a TURN server makes of a message (RFC 8656, RFC 6062).
 */
#ifndef KTURN_TURN_H
#define KTURN_TURN_H

#include <stddef.h>
#include <stdint.h>

struct session;
struct stun_message;
struct transaction;

/**
 * turn_receive() - take a message from a client
 * @data: a STUN message or ChannelData, whole
 *
 * May close the session.
 */
void turn_receive(struct session *session, const uint8_t *data, size_t len);

/**
 * typedef turn_method_fn - carry out a request that passed all general checks
 *
 * Return: 0 if it has answered or will, else the error code to answer with.
 */
typedef unsigned int (*turn_method_fn)(const struct transaction *transaction,
				       const struct stun_message *msg);

unsigned int turn_binding(const struct transaction *transaction,
			  const struct stun_message *msg);
unsigned int turn_allocate(const struct transaction *transaction,
			   const struct stun_message *msg);
unsigned int turn_refresh(const struct transaction *transaction,
			  const struct stun_message *msg);
unsigned int turn_create_permission(const struct transaction *transaction,
				    const struct stun_message *msg);
unsigned int turn_channel_bind(const struct transaction *transaction,
			       const struct stun_message *msg);
unsigned int turn_connect(const struct transaction *transaction,
			  const struct stun_message *msg);
unsigned int turn_connection_bind(const struct transaction *transaction,
				  const struct stun_message *msg);

#endif
