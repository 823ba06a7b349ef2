// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

int result_fail(struct result *result, const char *format, ...)
{
	va_list args;

	if (strcmp(result->outcome, "ok"))
		return -1;
	va_start(args, format);
	vsnprintf(result->outcome, sizeof(result->outcome), format, args);
	va_end(args);
	return -1;
}

void span_start(const struct job *job, struct result *result)
{
	if (job->count && calls_start(job->count))
		result_fail(result, "system calls cannot be counted");
	meter_start(&result->meter);
}

void span_stop(const struct job *job, struct result *result)
{
	meter_stop(&result->meter);
	if (job->count)
		calls_stop(&result->calls);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void result_times(struct result *result, uint64_t *ns, size_t n)
{
	qsort(ns, n, sizeof(*ns), by_value);
	result->p50 = ns[(n - 1) / 2];
	result->p99 = ns[(n * 99 + 99) / 100 - 1];
}

static void print_number(const char *name, uint64_t value)
{
	printf(",\"%s\":%" PRIu64, name, value);
}

void result_print(const struct job *job, const struct result *result)
{
	const struct meter *meter = &result->meter;

	printf("{\"rival\":\"%s\",\"work\":\"%s\",\"outcome\":\"%s\"", job->rival, job->label,
	       result->outcome);
	if (*result->half_close)
		printf(",\"half_close\":\"%s\"", result->half_close);
	print_number("relays", job->relays);
	print_number("bytes", result->bytes);
	print_number("rounds", result->rounds);
	print_number("elapsed_ns", meter->ns);
	print_number("idle_ns", meter->idle_ns);
	print_number("switches", meter->switches);
	if (result->p50) {
		print_number("p50", result->p50);
		print_number("p99", result->p99);
	}
	if (job->count) {
		print_number("calls", result->calls.count);
		print_number("copied", result->calls.copied);
	}
	if (result->server_ns)
		print_number("server_ns", result->server_ns);
	if (result->kernel_bytes) {
		printf(",\"kernel_bytes\":%" PRId64, result->kernel_bytes);
		printf(",\"user_bytes\":%" PRId64, result->user_bytes);
	}
	printf("}\n");
}
