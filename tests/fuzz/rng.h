/* SPDX-License-Identifier: GPL-2.0-only */
/* Chance that can be had again: the same seed takes the same way. */
#ifndef KTURN_FUZZ_RNG_H
#define KTURN_FUZZ_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* Steps by the golden ratio, each scrambled: any seed will do, 0 as well. */
static inline uint64_t draw_word(struct rng *rng)
{
	uint64_t x = rng->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* 0 to below - 1 */
static inline uint32_t draw(struct rng *rng, uint32_t below)
{
	return (draw_word(rng) >> 32) % below;
}

static inline bool one_in(struct rng *rng, uint32_t n)
{
	return !draw(rng, n);
}

static inline void draw_bytes(struct rng *rng, uint8_t *bytes, size_t len)
{
	while (len--)
		*bytes++ = draw(rng, 256);
}

#endif
