/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session goes to another worker: a ConnectionBind has to be carried out by the
 * one that has the connection, and the kernel deals new clients out to any.
 *
 * The session travels as it is, with its socket, its TLS and what TLS has read
 * already, and with the request, which is taken up where it arrives. What the
 * client has sent behind it waits in the socket.
 */
#ifndef KTURN_HANDOVER_H
#define KTURN_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

struct session;
struct worker;

/**
 * handover_send() - give a session to another worker, with a message from its client
 *
 * On success the session is not the caller's any more: another thread may be at
 * work with it. It must have neither an allocation nor a connection to become.
 *
 * Return: 0; or a negative errno, and the session stays, but for -ENOTCONN: it is
 * closed.
 */
int handover_send(struct session *session, struct worker *to,
		  const uint8_t *message, size_t len);

#endif
