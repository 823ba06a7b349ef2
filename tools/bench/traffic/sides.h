/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two processes, the client and the peer, that start together.
 */
#ifndef BENCH_SIDES_H
#define BENCH_SIDES_H

#include "pairs.h"

/**
 * struct sides - what both processes see
 * @job: what to do
 * @pairs: the streams
 * @result: what has come out; in shared memory
 * @shared: memory of the work's own, shared
 */
struct sides {
	const struct job *job;
	struct pairs pairs;
	struct result *result;
	void *shared;
};

/**
 * sides_run() - fork the peer, let both do their part, and wait for both
 * @peer: returns 0 or, after noting what went wrong, -1
 * @client: likewise
 */
void sides_run(struct sides *sides, int (*client)(struct sides *sides),
	       int (*peer)(struct sides *sides));

/**
 * sides_map() - memory that both processes share
 */
void *sides_map(size_t size);

#endif
