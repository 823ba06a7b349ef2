/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the first bytes of a stream are.
 */
#ifndef KTURN_PAYLOAD_H
#define KTURN_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct payload - what it was held for
 * @protocol: one of "nothing", "stun", "dtls", "rtp", "rtcp", "tls", "rdp", "http",
 *	"sip", "ssh" and "unknown"; does not change any more
 * @words: for people
 */
struct payload {
	const char *protocol;
	const char *words;
};

/**
 * payload_name() - judge by the first @len bytes, 64 of which are enough
 */
struct payload payload_name(const uint8_t *data, size_t len);

#endif
