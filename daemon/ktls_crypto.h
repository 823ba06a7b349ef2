/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel wants to know of one direction of TLS; for ktls*.c.
 */
#ifndef KTURN_KTLS_CRYPTO_H
#define KTURN_KTLS_CRYPTO_H

#include <linux/tls.h>

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

union ktls_crypto {
	struct tls_crypto_info info;
	struct tls12_crypto_info_aes_gcm_128 gcm128;
	struct tls12_crypto_info_aes_gcm_256 gcm256;
	struct tls12_crypto_info_chacha20_poly1305 chacha;
};

#endif
