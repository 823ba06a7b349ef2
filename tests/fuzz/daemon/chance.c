// SPDX-License-Identifier: GPL-2.0-only
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stddef.h>

#include "chance.h"

static uint64_t state = 1;

void chance_begin(uint64_t seed)
{
	state = seed * 2 + 1;
}

/* xorshift64* */
static uint32_t next(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * UINT64_C(0x2545f4914f6cdd1d)) >> 32;
}

unsigned int chance_below(unsigned int n)
{
	return next() % n;
}

/* Stands before GnuTLS's own, for the daemon; GnuTLS itself keeps its own. */
int gnutls_rnd(gnutls_rnd_level_t level, void *data, size_t len)
{
	uint8_t *p = data;

	(void)level;
	while (len--)
		*p++ = next();
	return 0;
}
