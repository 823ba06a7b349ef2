/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Datagrams beyond a rate are dropped: there is nobody who would wait for them.
 * The arithmetic is that of the relays' token buckets.
 */
#ifndef KTURN_POLICER_H
#define KTURN_POLICER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct policer - one direction; all zero is a valid start
 * @empty: when its bucket was empty last, or will be, in nanoseconds
 */
struct policer {
	uint64_t empty;
};

/**
 * policer_pass() - tell whether a datagram may pass, and count it if it does
 * @rate: bytes per second; 0 is no limit
 * @now: nanoseconds of policer_now()
 *
 * One may be larger than what is left: those behind it wait the longer. So the
 * rate holds on average, and a large datagram passes at a small rate.
 */
bool policer_pass(struct policer *policer, uint64_t rate, size_t bytes, uint64_t now);

/**
 * policer_now() - nanoseconds of a clock that never goes back
 */
uint64_t policer_now(void);

#endif
