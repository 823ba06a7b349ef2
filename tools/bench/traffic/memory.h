/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is occupied, by the kernel and by one process; and a process's CPU time.
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

/**
 * memory_kernel() - bytes that are neither free, nor cache, nor a process's
 */
int64_t memory_kernel(void);

/**
 * memory_process() - bytes that are a process's alone; 0 without a process
 */
int64_t memory_process(pid_t pid);

/**
 * cpu_time() - nanoseconds that the threads of a process have run; 0 without one
 */
uint64_t cpu_time(pid_t pid);

#endif
