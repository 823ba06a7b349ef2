/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _KTURN_COALESCE_H
#define _KTURN_COALESCE_H

#include <linux/types.h>

/**
 * struct kturn_coalesce - when bytes in bulk wait for more of their kind
 * @delay_us: microseconds between two looks at what waits; 0: nothing does
 * @looks: the most looks in a row that found less than a whole segment
 * @bytes: so many do not wait
 * @mean: a flow whose moves have fewer on average is not in bulk
 *
 * Of a network namespace. Changed and read without a lock: each value by itself
 * is one that may be.
 */
struct kturn_coalesce {
	u32 delay_us;
	u32 looks;
	u32 bytes;
	u32 mean;
};

/*
 * Of what was measured, the values from which on larger ones bring little: a
 * millisecond at the most, and what a gigabit brings in four.
 */
#define KTURN_COALESCE_DEFAULT {	\
	.delay_us = 120,		\
	.looks = 8,			\
	.bytes = 512 * 1024,		\
	.mean = 8 * 1024,		\
}

#endif /* _KTURN_COALESCE_H */
