// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(2) and write(2), what most relays do. Up to 256 KiB at a time, which is
 * cheaper than 64; much more would miss the caches of real machines.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

#define BUFFER (256 << 10)

static int prepare(struct flow *flow)
{
	flow->buf = malloc(BUFFER);
	return flow->buf ? 0 : -1;
}

static void release(struct flow *flow)
{
	free(flow->buf);
}

/* Returns false if there is nothing to send. */
static bool fill(struct flow *flow)
{
	ssize_t n = recv(flow->from, flow->buf, BUFFER, 0);

	if (n > 0) {
		flow->queued = n;
		flow->done_bytes = 0;
		return true;
	}
	flow->eof = !n || errno != EAGAIN;
	return false;
}

static enum moved drain(struct flow *flow)
{
	ssize_t n = send(flow->to, flow->buf + flow->done_bytes, flow->queued, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN)
		return MOVE_FAILED;
	if (n > 0) {
		flow->queued -= n;
		flow->done_bytes += n;
	}
	flow->full = flow->queued;
	return MOVED;
}

static enum moved move(struct flow *flow)
{
	if (!flow->queued && !fill(flow))
		return flow->eof && errno == ECONNRESET ? MOVE_FAILED : MOVED;
	return drain(flow);
}

static const struct mover mover = { EPOLLIN, prepare, move, release };

static int open_engine(void)
{
	return loop_open(&mover);
}

const struct engine engine_readwrite = { "readwrite", open_engine, loop_add };
