// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel says of TLS, in this file's words: setsockopt() is ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "ktls.h"
#include "ktls_crypto.h"

static struct {
	bool has_tls, has_1_3, has_chacha, has_rx;
} kernel;

static bool is_right_length(const struct tls_crypto_info *info, socklen_t len)
{
	switch (info->cipher_type) {
	case TLS_CIPHER_AES_GCM_128:
		return len == sizeof(struct tls12_crypto_info_aes_gcm_128);
	case TLS_CIPHER_AES_GCM_256:
		return len == sizeof(struct tls12_crypto_info_aes_gcm_256);
	case TLS_CIPHER_CHACHA20_POLY1305:
		return len == sizeof(struct tls12_crypto_info_chacha20_poly1305);
	default:
		return false;
	}
}

static int take_keys(int name, const struct tls_crypto_info *info, socklen_t len)
{
	assert_true(is_right_length(info, len));
	if ((name == TLS_RX && !kernel.has_rx) ||
	    (info->version == TLS_1_3_VERSION && !kernel.has_1_3) ||
	    (info->cipher_type == TLS_CIPHER_CHACHA20_POLY1305 && !kernel.has_chacha)) {
		errno = ENOENT;
		return -1;
	}
	return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level == SOL_TLS)
		return take_keys(name, value, len);
	if (level != IPPROTO_TCP || name != TCP_ULP)
		return syscall(SYS_setsockopt, fd, level, name, value, len);
	errno = ENOENT;
	return kernel.has_tls ? 0 : -1;
}

static int setup(void **state)
{
	(void)state;
	kernel.has_tls = kernel.has_1_3 = kernel.has_chacha = kernel.has_rx = true;
	return 0;
}

static void everything(void **state)
{
	char names[KTLS_NAMES_LEN];
	unsigned int set = ktls_probe();

	(void)state;
	assert_int_not_equal(set, 0);
	assert_string_equal(ktls_missing(set, names), "");
}

static void nothing(void **state)
{
	char names[KTLS_NAMES_LEN];

	(void)state;
	kernel.has_tls = false;
	assert_int_equal(ktls_probe(), 0);
	assert_string_equal(ktls_missing(0, names),
			    "TLS1.2 AES-128-GCM, TLS1.3 AES-128-GCM, "
			    "TLS1.2 AES-256-GCM, TLS1.3 AES-256-GCM, "
			    "TLS1.2 CHACHA20-POLY1305, TLS1.3 CHACHA20-POLY1305");
}

static void one_way_is_not_enough(void **state)
{
	(void)state;
	kernel.has_rx = false;
	assert_int_equal(ktls_probe(), 0);
}

static void no_chacha(void **state)
{
	char names[KTLS_NAMES_LEN];

	(void)state;
	kernel.has_chacha = false;
	assert_string_equal(ktls_missing(ktls_probe(), names),
			    "TLS1.2 CHACHA20-POLY1305, TLS1.3 CHACHA20-POLY1305");
}

static void no_1_3(void **state)
{
	char names[KTLS_NAMES_LEN];

	(void)state;
	kernel.has_1_3 = false;
	assert_string_equal(ktls_missing(ktls_probe(), names),
			    "TLS1.3 AES-128-GCM, TLS1.3 AES-256-GCM, TLS1.3 CHACHA20-POLY1305");
}

/* A session that has agreed on nothing is in no set. */
static void no_handshake_yet(void **state)
{
	gnutls_session_t session;

	(void)state;
	gnutls_init(&session, GNUTLS_SERVER);
	assert_false(ktls_takes(ktls_probe(), session));
	gnutls_deinit(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(everything, setup),
		cmocka_unit_test_setup(nothing, setup),
		cmocka_unit_test_setup(one_way_is_not_enough, setup),
		cmocka_unit_test_setup(no_chacha, setup),
		cmocka_unit_test_setup(no_1_3, setup),
		cmocka_unit_test_setup(no_handshake_yet, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
