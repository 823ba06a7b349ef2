/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a connection without taking anything out of the kernel, until it has been dealt
 * with: should the process die in between, the next one finds it there.
 */
#ifndef KTURN_PEEK_H
#define KTURN_PEEK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tls;

/**
 * peek() - read on, behind what has been read of it
 * @fd: the non-blocking socket
 * @tls: on it, in the kernel; NULL if there is none
 * @buf: gets all of it, from the first byte that has not been dropped
 * @have: bytes that it has already
 * @want: bytes that it is to have
 *
 * Return: the number of bytes behind @have; 0 if it ends before @want; -EAGAIN if no more
 * have come; or another negative errno, also of tls_peek().
 */
ssize_t peek(int fd, struct tls *tls, uint8_t *buf, size_t have, size_t want);

/**
 * peek_drop() - take out of the kernel what has been read of it
 * @len: bytes, at most as many as there were
 */
void peek_drop(int fd, struct tls *tls, size_t len);

#endif
