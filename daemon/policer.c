// SPDX-License-Identifier: GPL-2.0-only
#include <time.h>

#include "../kmod/bucket.h"
#include "policer.h"

bool policer_pass(struct policer *policer, uint64_t rate, size_t bytes, uint64_t now)
{
	if (!rate)
		return true;
	if (policer->empty > now || !kturn_bucket_has(policer->empty, rate, now))
		return false;
	policer->empty = kturn_bucket_take(policer->empty, rate, now, bytes);
	return true;
}

uint64_t policer_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * KTURN_BUCKET_SECOND + now.tv_nsec;
}
