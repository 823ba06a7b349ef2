// SPDX-License-Identifier: GPL-2.0-only
#include "bandwidth.h"
#include "config.h"

#define EXACT 16	/* up to so many connections, each one counts */

static uint64_t at_most(uint64_t bps, uint64_t given, uint64_t capacity)
{
	if (!capacity)
		return bps;
	if (given >= capacity)
		return 0;
	return bps < capacity - given ? bps : capacity - given;
}

unsigned int bandwidth_take(struct bandwidth *bandwidth, const struct config *config,
			    uint64_t *bps)
{
	uint64_t given = atomic_load(&bandwidth->given);

	*bps = 0;
	if (!config->max_bps)
		return 0;
	do {
		*bps = at_most(config->max_bps, given, config->bps_capacity);
		if (!*bps)
			return 486;
	} while (!atomic_compare_exchange_weak(&bandwidth->given, &given, given + *bps));
	return 0;
}

void bandwidth_restore(struct bandwidth *bandwidth, uint64_t bps)
{
	atomic_fetch_add(&bandwidth->given, bps);
}

void bandwidth_release(struct bandwidth *bandwidth, uint64_t bps)
{
	atomic_fetch_sub(&bandwidth->given, bps);
}

/* The next number that has no more than four significant bits. */
static unsigned int round_up(unsigned int n)
{
	unsigned int step = 1;

	while (n / step > EXACT)
		step *= 2;
	return (n + step - 1) / step * step;
}

uint64_t bandwidth_share(uint64_t bps, unsigned int n)
{
	uint64_t share = bps / round_up(n);

	/* 0 would be no limit at all. */
	return bps && !share ? 1 : share;
}
