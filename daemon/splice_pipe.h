/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pipes for splice(2). A flow needs one only while it holds bytes, so idle
 * relays cost no descriptors: pipes come from a pool and go back to it.
 */
#ifndef KTURN_SPLICE_PIPE_H
#define KTURN_SPLICE_PIPE_H

#include <stddef.h>

#define SPLICE_PIPE_SIZE	(1024 * 1024)	/* bytes to ask for */
#define SPLICE_PIPES_KEPT	32		/* empty pipes in a pool */

/**
 * struct splice_pipe - one pipe
 * @fd: its reading and its writing end, both non-blocking
 */
struct splice_pipe {
	struct splice_pipe *next;
	int fd[2];
};

/**
 * struct splice_pool - a worker's empty pipes; all zero is a valid start
 */
struct splice_pool {
	struct splice_pipe *first;
	unsigned int n;
};

/**
 * splice_pipe_get() - take an empty pipe
 *
 * Return: NULL without memory or descriptors.
 */
struct splice_pipe *splice_pipe_get(struct splice_pool *pool);

/**
 * splice_pipe_put() - give an empty pipe back
 */
void splice_pipe_put(struct splice_pool *pool, struct splice_pipe *pipe);

/**
 * splice_pipe_close() - close a pipe, and lose what is in it
 */
void splice_pipe_close(struct splice_pipe *pipe);

/**
 * splice_pool_clear() - close all pipes of a pool
 */
void splice_pool_clear(struct splice_pool *pool);

#endif
