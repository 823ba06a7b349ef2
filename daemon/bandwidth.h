/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may carry how many bytes a second: of bps-capacity each allocation gets
 * max-bps, and its data connections share that.
 */
#ifndef KTURN_BANDWIDTH_H
#define KTURN_BANDWIDTH_H

#include <stdatomic.h>
#include <stdint.h>

struct config;

/**
 * struct bandwidth - what allocations have been given, of all workers
 * @given: bytes per second; zero is a valid start
 */
struct bandwidth {
	_Atomic uint64_t given;
};

/**
 * bandwidth_take() - give an allocation max-bps, or what is left of bps-capacity
 * @bps: bytes per second, each way; 0 where there is no limit
 *
 * As coturn does, so that no allocation gets less than it was promised once.
 *
 * Context: any thread.
 * Return: 0, or 486 if nothing is left.
 */
unsigned int bandwidth_take(struct bandwidth *bandwidth, const struct config *config,
			    uint64_t *bps);

/**
 * bandwidth_restore() - count in what an allocation of a process before this one has
 */
void bandwidth_restore(struct bandwidth *bandwidth, uint64_t bps);

/**
 * bandwidth_release() - take it back
 */
void bandwidth_release(struct bandwidth *bandwidth, uint64_t bps);

/**
 * bandwidth_share() - what each of some data connections gets
 * @bps: for all of them together; 0 is no limit
 * @n: how many there are, not 0
 *
 * They never get more than @bps together. Of many, a share changes with every
 * few of them only, lest each that comes or goes would concern all the others.
 *
 * Return: bytes per second, each way; 0 for no limit.
 */
uint64_t bandwidth_share(uint64_t bps, unsigned int n);

#endif
