/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A certificate made on the spot, for tests.
 */
#ifndef KTURN_CERTIFICATE_H
#define KTURN_CERTIFICATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char certificate_path[64];

static void write_pem(FILE *file, const gnutls_datum_t *pem)
{
	assert_int_equal(fwrite(pem->data, 1, pem->size, file), pem->size);
	gnutls_free(pem->data);
}

static void write_pair(FILE *file, gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
	gnutls_datum_t pem;

	assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem), 0);
	write_pem(file, &pem);
	assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem), 0);
	write_pem(file, &pem);
}

/* A file with certificate and key, at certificate_path. */
static void make_certificate(void)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	FILE *file;

	snprintf(certificate_path, sizeof(certificate_path), "/tmp/kturn_test.XXXXXX");
	file = fdopen(mkstemp(certificate_path), "w");
	assert_non_null(file);
	gnutls_x509_privkey_init(&key);
	gnutls_x509_crt_init(&crt);
	assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
			 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), 0);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_serial(crt, "\1", 1);
	gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600);
	gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
	gnutls_x509_crt_set_dn(crt, "CN=test", NULL);
	gnutls_x509_crt_set_key(crt, key);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
	write_pair(file, crt, key);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	fclose(file);
}

#endif
