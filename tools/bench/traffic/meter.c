// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "meter.h"

uint64_t meter_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

/* Adds up the numbers that stand behind a word in a file. */
static uint64_t sum_of(const char *path, const char *format)
{
	FILE *file = fopen(path, "re");
	unsigned long long value;
	uint64_t sum = 0;
	char line[4096];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, format, &value) == 1)
			sum += value;
	fclose(file);
	return sum;
}

/* /proc/stat has idle time as well, but in ticks; this is exact. */
static uint64_t idle_ns(void)
{
	return sum_of("/proc/timer_list", " .idle_sleeptime : %llu");
}

static uint64_t switches(void)
{
	return sum_of("/proc/stat", "ctxt %llu");
}

/* Reading the files costs more than some spans: the clock starts after it. */
void meter_start(struct meter *meter)
{
	meter->idle_ns = idle_ns();
	meter->switches = switches();
	meter->ns = meter_now();
}

void meter_stop(struct meter *meter)
{
	meter->ns = meter_now() - meter->ns;
	meter->switches = switches() - meter->switches;
	meter->idle_ns = idle_ns() - meter->idle_ns;
}
