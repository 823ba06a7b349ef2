// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "hello.h"
#include "hold.h"

#define RECORD_LEN	13
#define HANDSHAKE_LEN	12
#define HEAD_LEN	(RECORD_LEN + HANDSHAKE_LEN)
#define VERIFY_REQUEST	3

static uint8_t *put(uint8_t *p, const void *bytes, size_t len)
{
	memcpy(p, bytes, len);
	return p + len;
}

static void put_length(uint8_t *p, size_t octets, size_t len)
{
	for (; octets--; len >>= 8)
		p[octets] = len;
}

size_t hello_write(uint8_t hello[HELLO_MAX], const uint8_t *cookie, size_t cookie_len,
		   uint8_t random)
{
	/* ECDHE with P-256 and ECDSA, AES-128-GCM; and no compression. */
	static const uint8_t offer[] = {
		0, 2, 0xc0, 0x2b, 1, 0,
		0, 22, 0, 10, 0, 4, 0, 2, 0, 0x17, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3,
	};
	static const uint8_t record[RECORD_LEN] = { 22, 0xfe, 0xff }, version[] = { 0xfe, 0xfd };
	static const uint8_t handshake[HANDSHAKE_LEN] = { 1 };
	uint8_t *p = put(put(hello, record, RECORD_LEN), handshake, HANDSHAKE_LEN);
	size_t len;

	p = put(p, version, sizeof(version));
	memset(p, random, 32);
	p += 32;
	*p++ = 0;	/* no session */
	*p++ = cookie_len;
	p = put(p, cookie, cookie_len);
	p = put(p, offer, sizeof(offer));
	len = p - hello;
	/* The second message, and record, of the client if it has a cookie. */
	hello[10] = hello[RECORD_LEN + 5] = cookie_len > 0;
	put_length(hello + RECORD_LEN - 2, 2, len - RECORD_LEN);
	put_length(hello + RECORD_LEN + 1, 3, len - HEAD_LEN);
	put_length(hello + HEAD_LEN - 3, 3, len - HEAD_LEN);
	return len;
}

const uint8_t *hello_cookie(const uint8_t *datagram, size_t len, size_t *cookie_len)
{
	const uint8_t *p = datagram + HEAD_LEN + 2;

	if (len < HEAD_LEN + 3 || datagram[0] != 22 || datagram[RECORD_LEN] != VERIFY_REQUEST ||
	    *p > HELLO_COOKIE_MAX || *p > len - HEAD_LEN - 3)
		return NULL;
	*cookie_len = *p;
	return p + 1;
}

static void write_pem(int fd, const gnutls_datum_t *pem)
{
	hold(write(fd, pem->data, pem->size) == (ssize_t)pem->size);
}

void hello_certificate(char *path, size_t size)
{
	int fd = memfd_create("certificate", 0);
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t pem;

	hold(fd >= 0);
	gnutls_x509_privkey_init(&key);
	gnutls_x509_crt_init(&crt);
	hold(!gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					   GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_serial(crt, "\1", 1);
	gnutls_x509_crt_set_activation_time(crt, 0);
	gnutls_x509_crt_set_expiration_time(crt, INT32_MAX);
	gnutls_x509_crt_set_key(crt, key);
	hold(!gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0));
	hold(!gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
	write_pem(fd, &pem);
	gnutls_free(pem.data);
	hold(!gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem));
	write_pem(fd, &pem);
	gnutls_free(pem.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	snprintf(path, size, "/proc/self/fd/%d", fd);
}
