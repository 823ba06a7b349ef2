/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has to hold whatever is sent, and what was seen of it; shared by all
 * processes.
 */
#ifndef KTURN_FUZZ_TALLY_H
#define KTURN_FUZZ_TALLY_H

#include <stdbool.h>
#include <stdint.h>

enum invariant {
	ANSWERED,
	REASONED,
	UNDERSTOOD,
	ACCEPTED,
	UNTOUCHED,
	IN_ORDER,
	BALANCED,
	FINISHED,
	INVARIANTS,
};

struct tally {
	uint64_t sent;
	uint64_t refused;
	uint64_t dumps;
	uint64_t made;
	uint64_t bytes;
	bool stop;
	uint32_t broken;		/* a bit for each */
	char what[INVARIANTS][512];
};

int broken(struct tally *tally, enum invariant invariant, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static inline void tally_add(uint64_t *count, uint64_t n)
{
	__atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

#endif
