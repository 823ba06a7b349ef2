// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls one after the other: Allocate, Connect, ConnectionBind, a few bytes each
 * way, and the end of it.
 */
#include "memory.h"
#include "pairs.h"
#include "work.h"

#define WARM 20

static int call(struct pairs *pairs, const struct job *job, struct result *result)
{
	if (pairs_add(pairs, job, result))
		return -1;
	pairs_drop(pairs);
	return 0;
}

static int calls(struct pairs *pairs, const struct job *job, struct result *result,
		 unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (call(pairs, job, result))
			return -1;
	return 0;
}

void work_setup(const struct job *job, struct result *result)
{
	struct pairs pairs;

	if (!pairs_prepare(&pairs, job, result) && !calls(&pairs, job, result, WARM)) {
		uint64_t before = cpu_time(job->server);

		meter_start(&result->meter);
		calls(&pairs, job, result, job->rounds);
		meter_stop(&result->meter);
		result->server_ns = cpu_time(job->server) - before;
		result->rounds = job->rounds;
	}
	pairs_close(&pairs);
}
