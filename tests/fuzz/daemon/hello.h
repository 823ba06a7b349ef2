/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a client over DTLS begins: a ClientHello, with the cookie that it was told.
 */
#ifndef KTURN_FUZZ_HELLO_H
#define KTURN_FUZZ_HELLO_H

#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>

#define HELLO_COOKIE_MAX	64
#define HELLO_MAX		(160 + HELLO_COOKIE_MAX)

/**
 * hello_write() - write a ClientHello that the daemon takes
 * @cookie_len: at most HELLO_COOKIE_MAX
 * @random: tells one client from the next
 *
 * Return: its length.
 */
size_t hello_write(uint8_t hello[HELLO_MAX], const uint8_t *cookie, size_t cookie_len,
		   uint8_t random);

/**
 * hello_cookie() - find the cookie in a HelloVerifyRequest
 *
 * Return: NULL if that is none.
 */
const uint8_t *hello_cookie(const uint8_t *datagram, size_t len, size_t *cookie_len);

/**
 * hello_certificate() - make the daemon's certificate
 * @path: gets the name of a file, which is there as long as the process is
 */
void hello_certificate(char *path, size_t size);

#endif
