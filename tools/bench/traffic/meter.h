/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the whole machine did while something was measured. Where the clock
 * counts instructions, elapsed less idle is their number.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>

/**
 * struct meter - a span; while it is being measured, what there was before it
 * @ns: how long it took
 * @idle_ns: of that, time in which a CPU had nothing to do; summed over CPUs
 * @switches: context switches
 */
struct meter {
	uint64_t ns, idle_ns, switches;
};

/**
 * meter_now() - nanoseconds of a clock that only goes forward
 */
uint64_t meter_now(void);

/**
 * meter_start() - the span begins
 */
void meter_start(struct meter *meter);

/**
 * meter_stop() - the span has ended
 */
void meter_stop(struct meter *meter);

#endif
