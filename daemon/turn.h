/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a TURN server makes of a message (RFC 8656, RFC 6062).
 */
#ifndef KTURN_TURN_H
#define KTURN_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct allocation_request;
struct session;
struct stun_message;
struct transaction;
union addr;

/**
 * turn_receive() - take a message from a client
 * @data: a STUN message or ChannelData, whole
 *
 * May close the session.
 */
void turn_receive(struct session *session, const uint8_t *data, size_t len);

/**
 * turn_send() - carry out a Send indication (RFC 8656, 11.2)
 */
void turn_send(struct session *session, const struct stun_message *msg);

/**
 * turn_channel_data() - carry out a ChannelData message (RFC 8656, 12.6)
 * @data: its first byte is that of a channel number; no more is sure
 */
void turn_channel_data(struct session *session, const uint8_t *data, size_t len);

/**
 * turn_check_peer() - tell whether an allocation may reach a peer at all
 * @peer: with the port 0 if it is not known yet
 *
 * Return: 0, or the error code to answer with: 443 or 403.
 */
unsigned int turn_check_peer(const struct transaction *transaction, const union addr *peer);

/**
 * typedef turn_method_fn - carry out a request that passed all general checks
 *
 * Return: 0 if it has answered or will, else the error code to answer with.
 */
typedef unsigned int (*turn_method_fn)(const struct transaction *transaction,
				       const struct stun_message *msg);

/**
 * turn_binding_understands() - tell whether a Binding request may have an attribute of
 * RFC 5780 that it has to be understood for
 */
bool turn_binding_understands(const struct session *session, uint16_t type);

unsigned int turn_binding(const struct transaction *transaction,
			  const struct stun_message *msg);
unsigned int turn_allocate(const struct transaction *transaction,
			   const struct stun_message *msg);

/**
 * turn_allocate_now() - the last part of it, when all that may refuse it has been asked
 */
unsigned int turn_allocate_now(const struct transaction *transaction,
			       struct allocation_request *request);

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
