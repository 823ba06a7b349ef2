/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that stands between a TLS session and a plain connection.
 */
#ifndef KTURN_CLIENT_TUNNEL_H
#define KTURN_CLIENT_TUNNEL_H

#include <gnutls/gnutls.h>

/**
 * tunnel_open() - start it
 * @session: with its handshake done; the caller frees it without a word
 * @fd: the session's socket, used up in any case
 *
 * A FIN becomes a close_notify and the other way round; a reset goes through,
 * and a connection that ends without close_notify is reset.
 *
 * Return: the plain connection's other end or a negative errno.
 */
int tunnel_open(gnutls_session_t session, int fd);

#endif
