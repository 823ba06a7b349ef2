/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A listening socket on a loop. Of a crowd it lets so many in at a time, lest those
 * that are in stand still. It rests for a moment when the process or the system is
 * out of descriptors, instead of spinning on accept().
 */
#ifndef KTURN_ACCEPTOR_H
#define KTURN_ACCEPTOR_H

#include "addr.h"

#define ACCEPTED_AT_ONCE 32

struct acceptor;
struct event_base;

/**
 * typedef acceptor_fn - take an accepted, non-blocking socket over
 * @from: AF_UNSPEC if it is a UNIX socket, where clients have no address
 *
 * The callee may close the acceptor.
 */
typedef void (*acceptor_fn)(int fd, const union addr *from, void *arg);

/**
 * acceptor_open() - accept on a socket that listens already
 *
 * Return: NULL without memory; then @fd is still the caller's.
 */
struct acceptor *acceptor_open(struct event_base *base, int fd, acceptor_fn fn, void *arg);

/**
 * acceptor_fd() - the socket that it accepts from; stays the acceptor's
 */
int acceptor_fd(const struct acceptor *acceptor);

/**
 * acceptor_close() - stop, and close the listening socket
 */
void acceptor_close(struct acceptor *acceptor);

#endif
