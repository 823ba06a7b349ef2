/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS in the kernel: the socket itself takes and gives payload, and makes the
 * records. The handshake remains GnuTLS's.
 */
#ifndef KTURN_KTLS_H
#define KTURN_KTLS_H

#include <stddef.h>
#include <sys/types.h>

struct tls;

/**
 * ktls_switch() - hand both directions to the kernel
 *
 * To be called between two records: what GnuTLS has read has been received, and
 * what it has sent is out. On failure everything goes on as before, one
 * direction perhaps in the kernel.
 *
 * Return: 0; -EOPNOTSUPP for a cipher or version that the kernel does not
 * know; -EBUSY not between two records; or another negative errno, such as
 * -ENOENT from a kernel without TLS.
 */
int ktls_switch(struct tls *tls);

/**
 * ktls_recv() - as tls_recv(), from a socket whose records the kernel decrypts
 */
ssize_t ktls_recv(struct tls *tls, void *buf, size_t len);

/**
 * ktls_bye() - as tls_bye(), on a socket whose records the kernel encrypts
 */
int ktls_bye(struct tls *tls);

#endif
