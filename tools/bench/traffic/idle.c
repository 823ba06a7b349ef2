// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many streams on which nothing happens: the memory they take, and what the
 * machine does in ten seconds of it. There are some before, for which the kernel
 * and the server make what they need only once.
 */
#include <unistd.h>

#include "memory.h"
#include "pairs.h"
#include "work.h"

#define BEFORE	200	/* streams */
#define SETTLE	3	/* seconds, for what the kernel frees late */
#define SPAN	10

static int open_some(struct pairs *pairs, const struct job *job, struct result *result,
		     unsigned int n)
{
	while (n--)
		if (pairs_add(pairs, job, result))
			return -1;
	sleep(SETTLE);
	return 0;
}

static int weigh(struct pairs *pairs, const struct job *job, struct result *result)
{
	int64_t kernel, user;

	if (open_some(pairs, job, result, BEFORE))
		return -1;
	kernel = memory_kernel();
	user = memory_process(job->server);
	if (open_some(pairs, job, result, job->relays - BEFORE))
		return -1;
	result->kernel_bytes = memory_kernel() - kernel;
	result->user_bytes = memory_process(job->server) - user;
	return 0;
}

void work_idle(const struct job *job, struct result *result)
{
	struct job more = *job;
	struct pairs pairs;

	more.relays += BEFORE;
	if (!pairs_prepare(&pairs, &more, result) && !weigh(&pairs, &more, result)) {
		meter_start(&result->meter);
		sleep(SPAN);
		meter_stop(&result->meter);
	}
	pairs_close(&pairs);
}
