/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the streams carry: noise with a prime period, so that a byte that is
 * lost, doubled or out of place is seen by comparing with the position. Neither
 * making nor checking it costs more than the comparison.
 */
#ifndef BENCH_PATTERN_H
#define BENCH_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_PIECE 65536	/* longest piece */

/**
 * pattern_init() - make the noise; the same one in every process and run
 */
void pattern_init(void);

/**
 * pattern_at() - PATTERN_PIECE bytes of a stream, from a position on
 */
const uint8_t *pattern_at(uint64_t pos);

/**
 * pattern_check() - compare what arrived with what was sent at that position
 */
bool pattern_check(uint64_t pos, const void *data, size_t len);

#endif
