// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "splice_pipe.h"

static struct splice_pipe *new_pipe(void)
{
	struct splice_pipe *pipe = calloc(1, sizeof(*pipe));

	if (!pipe)
		return NULL;
	if (pipe2(pipe->fd, O_NONBLOCK | O_CLOEXEC)) {
		free(pipe);
		return NULL;
	}
	/* Without the privilege for a large one, the usual 64 KiB have to do. */
	fcntl(pipe->fd[1], F_SETPIPE_SZ, SPLICE_PIPE_SIZE);
	return pipe;
}

struct splice_pipe *splice_pipe_get(struct splice_pool *pool)
{
	struct splice_pipe *pipe = pool->first;

	if (!pipe)
		return new_pipe();
	pool->first = pipe->next;
	pool->n--;
	return pipe;
}

void splice_pipe_put(struct splice_pool *pool, struct splice_pipe *pipe)
{
	if (pool->n == SPLICE_PIPES_KEPT) {
		splice_pipe_close(pipe);
		return;
	}
	pipe->next = pool->first;
	pool->first = pipe;
	pool->n++;
}

void splice_pipe_close(struct splice_pipe *pipe)
{
	close(pipe->fd[0]);
	close(pipe->fd[1]);
	free(pipe);
}

void splice_pool_clear(struct splice_pool *pool)
{
	while (pool->first)
		splice_pipe_close(splice_pipe_get(pool));
}
