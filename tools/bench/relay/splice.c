// SPDX-License-Identifier: GPL-2.0-only
/*
 * splice(2) through a pipe of 1 MiB, the most that an unprivileged user gets.
 * The pipe takes all that has arrived; then it is emptied.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop.h"

#define PIPE (1 << 20)

static int prepare(struct flow *flow)
{
	if (pipe2(flow->pipe, O_NONBLOCK | O_CLOEXEC))
		return -1;
	return fcntl(flow->pipe[1], F_SETPIPE_SZ, PIPE) < 0 ? -1 : 0;
}

static void release(struct flow *flow)
{
	close(flow->pipe[0]);
	close(flow->pipe[1]);
}

static enum moved fill(struct flow *flow)
{
	ssize_t n = splice(flow->from, NULL, flow->pipe[1], NULL, PIPE - flow->queued,
			   SPLICE_F_NONBLOCK);

	if (n < 0 && errno != EAGAIN)
		return MOVE_FAILED;
	if (n > 0)
		flow->queued += n;
	flow->eof = !n;
	return MOVED;
}

static enum moved drain(struct flow *flow)
{
	while (flow->queued) {
		ssize_t n = splice(flow->pipe[0], NULL, flow->to, NULL, flow->queued,
				   SPLICE_F_NONBLOCK);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			return MOVE_FAILED;
		flow->queued -= n;
	}
	flow->full = flow->queued;
	return MOVED;
}

static enum moved move(struct flow *flow)
{
	if (!flow->full && fill(flow) == MOVE_FAILED)
		return MOVE_FAILED;
	return drain(flow);
}

static const struct mover mover = { EPOLLIN, prepare, move, release };

static int open_engine(void)
{
	return loop_open(&mover);
}

const struct engine engine_splice = { "splice", open_engine, loop_add };
