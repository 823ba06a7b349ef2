// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

static struct counters spare;

_Thread_local struct counters *counters_here = &spare;

void counters_begin(struct counters *counters)
{
	counters_here = counters;
}

void counters_add(uint64_t sum[COUNTERS], const struct counters *counters)
{
	if (!counters)
		counters = &spare;
	for (int i = 0; i < COUNTERS; i++)
		sum[i] += atomic_load_explicit(&counters->n[i], memory_order_relaxed);
}
