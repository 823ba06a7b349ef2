// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "splice_relay.h"

#define NO_PIPE_WAIT	100	/* ms until a flow without a pipe tries again */

static void drop(struct splice_relay *relay, enum splice_side from)
{
	struct splice_flow *flow = &relay->flow[from];

	if (!flow->pipe)
		return;
	if (flow->queued)
		splice_pipe_close(flow->pipe);
	else
		splice_pipe_put(relay->pool, flow->pipe);
	flow->pipe = NULL;
	flow->queued = 0;
}

static ssize_t fill(struct splice_relay *relay, enum splice_side from, size_t most)
{
	struct splice_flow *flow = &relay->flow[from];
	ssize_t n;

	if (!flow->pipe)
		flow->pipe = splice_pipe_get(relay->pool);
	if (!flow->pipe) {
		splice_relay_again(relay, NO_PIPE_WAIT);
		return -EAGAIN;
	}
	n = splice(relay->leg[from].fd, NULL, flow->pipe->fd[1], NULL, most,
		   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n > 0)
		flow->queued = n;
	else if (n < 0)
		n = -errno;
	if (n == -EAGAIN)
		drop(relay, from);
	return n;
}

static ssize_t drain(struct splice_relay *relay, enum splice_side from)
{
	struct splice_flow *flow = &relay->flow[from];
	ssize_t n = splice(flow->pipe->fd[0], NULL, relay->leg[splice_other(from)].fd, NULL,
			   flow->queued, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	return n < 0 ? -errno : n;
}

static int finish(struct splice_relay *relay, enum splice_side from)
{
	shutdown(relay->leg[splice_other(from)].fd, SHUT_WR);
	return 0;
}

const struct splice_mover splice_through_pipe = {
	.budget = 8 * SPLICE_PIPE_SIZE,
	.most = SPLICE_PIPE_SIZE,
	.fill = fill,
	.drain = drain,
	.finish = finish,
	.drop = drop,
};
