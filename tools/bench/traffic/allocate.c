// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP allocations one after the other: an Allocate that is challenged, one that is
 * signed, and a Refresh that ends it.
 */
#include <string.h>

#include "leg.h"
#include "memory.h"
#include "netns.h"
#include "work.h"

#define WARM 20

static int allocate(const struct job *job, struct result *result)
{
	struct leg leg;
	int err = leg_allocate(&leg, job);

	if (!err)
		err = leg_release(&leg);
	if (!err)
		return 0;
	return result_fail(result, "allocation: %s",
			   err > 0 ? stun_error_str(err) : strerror(-err));
}

static int allocations(const struct job *job, struct result *result, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (allocate(job, result))
			return -1;
	return 0;
}

void work_allocate(const struct job *job, struct result *result)
{
	int err = netns_enter(job->client_ns);
	uint64_t before;

	if (err) {
		result_fail(result, "preparing: %s", strerror(-err));
		return;
	}
	if (allocations(job, result, WARM))
		return;
	before = cpu_time(job->server);
	meter_start(&result->meter);
	allocations(job, result, job->rounds);
	meter_stop(&result->meter);
	result->server_ns = cpu_time(job->server) - before;
	result->rounds = job->rounds;
}
