/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP sockets with a time limit on everything. They are blocking sockets; the
 * limit, in milliseconds, is for the whole call.
 */
#ifndef KTURN_CLIENT_NET_H
#define KTURN_CLIENT_NET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"

/**
 * net_now() - milliseconds of a clock that only goes forward
 */
int64_t net_now(void);

/**
 * net_endpoint() - read "192.0.2.1", "192.0.2.1:3478", "2001:db8::1" or "[2001:db8::1]:3478"
 * @port: the port where @text has none
 *
 * Return: 0 or -EINVAL.
 */
int net_endpoint(union addr *addr, const char *text, uint16_t port);

/**
 * net_connect() - open a connection
 * @from: local address, port 0 for any; or NULL
 *
 * Return: the socket or a negative errno.
 */
int net_connect(const union addr *to, const union addr *from, int timeout_ms);

/**
 * net_listen() - listen
 * @at: gets the port if it has none
 *
 * Return: the socket or a negative errno.
 */
int net_listen(union addr *at);

/**
 * net_accept() - take one connection
 * @peer: who it is, or NULL
 *
 * Return: the socket or a negative errno.
 */
int net_accept(int listener, union addr *peer, int timeout_ms);

/**
 * net_local() - the local address of a socket
 */
void net_local(int fd, union addr *addr);

/**
 * net_send() - send all of it
 *
 * Return: 0 or a negative errno.
 */
int net_send(int fd, const void *data, size_t len, int timeout_ms);

/**
 * net_take() - receive what is there, without waiting
 *
 * If the kernel does TLS, its close_notify is the end of the stream, and to end
 * without one is a reset.
 *
 * Return: the number of bytes, 0 at the end of the stream, -EAGAIN if there is
 * nothing, or another negative errno.
 */
ssize_t net_take(int fd, void *buf, size_t len);

/**
 * net_finish() - send a FIN, behind a close_notify if the kernel does TLS
 *
 * Return: 0 or a negative errno.
 */
int net_finish(int fd, int timeout_ms);

/**
 * net_recv() - receive what is there, waiting for at least one byte
 *
 * Return: the number of bytes, 0 at the end of the stream, or a negative errno.
 */
ssize_t net_recv(int fd, void *buf, size_t len, int timeout_ms);

/**
 * net_recv_all() - receive exactly @len bytes
 *
 * Return: 0, -EPIPE if the stream ends before, or another negative errno.
 */
int net_recv_all(int fd, void *buf, size_t len, int timeout_ms);

/**
 * net_reset() - close a connection with a RST
 */
void net_reset(int fd);

#endif
