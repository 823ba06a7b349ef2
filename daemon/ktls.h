/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS in the kernel: the socket itself takes and gives payload, and makes the
 * records. The handshake remains GnuTLS's.
 */
#ifndef KTURN_KTLS_H
#define KTURN_KTLS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Types of records (RFC 8446, 5.1), and what the kernel does not do itself. */
#define KTLS_ALERT	21
#define KTLS_HANDSHAKE	22
#define KTLS_DATA	23

enum ktls_direction { KTLS_SENDING, KTLS_RECEIVING };

/**
 * ktls_probe() - find out which versions and ciphers the kernel takes over
 *
 * It loads what it needs for them, which may take a while. Where it cannot be tried on
 * loopback, all are taken for good.
 *
 * Return: a set for ktls_takes(); 0 from a kernel without TLS, or without any of ours.
 */
unsigned int ktls_probe(void);

/**
 * ktls_takes() - tell whether what a handshake has agreed on is in a set
 */
bool ktls_takes(unsigned int set, gnutls_session_t session);

#define KTLS_NAMES_LEN 160

/**
 * ktls_missing() - name what a set does not have
 *
 * Return: @names, such as "TLS1.3 CHACHA20-POLY1305"; empty if nothing is missing.
 */
const char *ktls_missing(unsigned int set, char names[KTLS_NAMES_LEN]);

/**
 * ktls_attach() - put the kernel's TLS on a connected socket, without keys yet
 *
 * Return: 0 or a negative errno, such as -ENOENT from a kernel without it.
 */
int ktls_attach(int fd);

/**
 * ktls_set_keys() - hand one direction over, between two records
 *
 * Return: 0; -EOPNOTSUPP for a version or cipher that is not known here; or
 * another negative errno.
 */
int ktls_set_keys(int fd, gnutls_session_t session, enum ktls_direction direction);

/**
 * ktls_is_on() - tell whether the kernel has the keys of both directions
 */
bool ktls_is_on(int fd);

/**
 * ktls_recv() - receive from one record, without waiting
 * @flags: 0, or MSG_PEEK
 * @type: of the record; data as well if the socket has no TLS
 *
 * Return: bytes, 0 at the end of the connection, or a negative errno; -EBADMSG
 * if the record was tampered with.
 */
ssize_t ktls_recv(int fd, void *buf, size_t len, int flags, unsigned char *type);

/**
 * ktls_close_notify() - tell the other end that this was all, without waiting
 *
 * Return: 0 or a negative errno; -EAGAIN if there is no room.
 */
int ktls_close_notify(int fd);

/**
 * ktls_is_close_notify() - whether an alert says that this was all
 */
int ktls_is_close_notify(const void *alert, size_t len);

#endif
