/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a DTLS client is where he says he is (RFC 6347, 4.2.1). A ClientHello
 * without our cookie is answered with one, and forgotten: it may be forged. The
 * cookie is made of both addresses and a key of ours, so none has to be kept.
 */
#ifndef KTURN_DTLS_COOKIE_H
#define KTURN_DTLS_COOKIE_H

#include <gnutls/dtls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define DTLS_COOKIE_LIFETIME	60	/* seconds; at most twice as long */
#define DTLS_HELLO_VERIFY_MAX	128	/* more than a HelloVerifyRequest has bytes */

/**
 * struct dtls_cookies - the keys of one worker; all zero is a valid start
 * @key: what cookies are made with, and what they were made with before
 * @made: when the first of them was, in seconds of worker_now(); 0: not yet
 */
struct dtls_cookies {
	uint8_t key[2][GNUTLS_COOKIE_KEY_SIZE];
	time_t made;
};

/**
 * dtls_is_client_hello() - tell whether a datagram would begin an association
 */
bool dtls_is_client_hello(const uint8_t *data, size_t len);

/**
 * dtls_random() - find the client's random in what dtls_is_client_hello()
 *
 * Return: 32 bytes, which are the same in all ClientHellos of one handshake.
 */
const uint8_t *dtls_random(const uint8_t *hello);

/**
 * dtls_cookie_check() - tell whether a ClientHello has a cookie that was sent
 * there not long ago
 * @who: both addresses, with their ports
 * @prestate: then gets what the handshake has to begin with
 */
bool dtls_cookie_check(struct dtls_cookies *cookies, time_t now, const void *who,
		       size_t who_len, const uint8_t *hello, size_t len,
		       gnutls_dtls_prestate_st *prestate);

/**
 * dtls_cookie_make() - make the HelloVerifyRequest that answers a ClientHello
 *
 * It is shorter than the ClientHello.
 *
 * Return: its length, or 0 if there can be none.
 */
size_t dtls_cookie_make(struct dtls_cookies *cookies, time_t now, const void *who,
			size_t who_len, const uint8_t *hello,
			uint8_t data[DTLS_HELLO_VERIFY_MAX]);

#endif
