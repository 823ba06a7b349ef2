/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * So many events a second for each address, in memory that does not grow.
 *
 * Every address shares two buckets with others, chosen by a keyed hash, and may go on
 * while one of them has room. So no address ever gets more than its rate, however
 * many others there are, real or forged, and gets less only if others crowd both of
 * its buckets, which they cannot aim at. An IPv6 address is its /64: that much anybody
 * has to himself.
 */
#ifndef KTURN_RATE_LIMIT_H
#define KTURN_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

struct rate_limit;

/**
 * rate_limit_new() - make one
 * @per_second: not 0; so many may also come at once, after a second's silence
 *
 * Return: NULL without memory or randomness.
 */
struct rate_limit *rate_limit_new(unsigned int per_second);

/**
 * rate_limit_free() - NULL is nothing
 */
void rate_limit_free(struct rate_limit *limit);

/**
 * rate_limit_take() - count an event, unless it is one too many; any thread may
 * @now: microseconds of a clock that never goes back
 *
 * Threads that ask in the same moment for the last there is may all get it.
 *
 * Return: false if it is.
 */
bool rate_limit_take(struct rate_limit *limit, const union addr *addr, uint64_t now);

#endif
