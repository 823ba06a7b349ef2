/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system calls of programs of a name, counted by the kernel's tracing. That
 * costs instructions: a run with it is no good for measuring those.
 */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

#include <stdint.h>

/**
 * struct calls - system calls in a span
 * @count: how many
 * @copied: bytes that read, write and their kin have copied in or out
 */
struct calls {
	uint64_t count, copied;
};

/**
 * calls_start() - count from now on
 * @program: the name, as in /proc/PID/comm
 *
 * Return: 0, or -1 if the kernel cannot.
 */
int calls_start(const char *program);

/**
 * calls_stop() - count no more
 */
void calls_stop(struct calls *calls);

#endif
