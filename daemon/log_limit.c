// SPDX-License-Identifier: GPL-2.0-only
#include <time.h>

#include "log_limit.h"

static atomic_ulong left_out;

unsigned long log_lines_left_out(void)
{
	return left_out;
}

unsigned int log_limit_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

bool log_limit_take(struct log_limit *limit, const char *event, unsigned int now)
{
	unsigned int then = atomic_load(&limit->second), lines;

	/* Of several threads that see a new second one begins it. */
	if (then != now && atomic_compare_exchange_strong(&limit->second, &then, now)) {
		lines = atomic_exchange(&limit->lines, 0);
		if (lines > LOG_LIMIT_LINES)
			log_info("lines left out", "of=\"%s\" lines=%u", event,
				 lines - LOG_LIMIT_LINES);
	}
	if (atomic_fetch_add(&limit->lines, 1) < LOG_LIMIT_LINES)
		return true;
	left_out++;
	return false;
}
