/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One side of many streams at a time: sends and receives so many bytes on each.
 */
#ifndef BENCH_PUMP_H
#define BENCH_PUMP_H

#include "job.h"

/**
 * struct stream - one end of a stream
 * @fd: the socket
 * @sent: bytes sent since the beginning, the position in the pattern
 * @received: likewise
 * @to_send: bytes still to be sent
 * @to_receive: bytes still to be received
 * @answers: sends a last byte when all is received
 * @quiet: sends nothing until the first byte has come
 * @watched: what epoll looks for
 */
struct stream {
	int fd;
	uint64_t sent, received;
	uint64_t to_send, to_receive;
	bool answers, quiet;
	uint32_t watched;
};

struct pump;

/**
 * pump_new() - one side's ends
 * @fds: @n sockets
 */
struct pump *pump_new(const int *fds, unsigned int n, const struct job *job,
		      struct result *result);

/**
 * pump_run() - send and receive until all is done
 * @send: bytes to send on each stream
 * @receive: bytes to receive on each stream
 * @answer: this side starts when it hears from the other, and sends one byte more
 *	when it has received all
 *
 * Return: 0, or -1 after noting what went wrong.
 */
int pump_run(struct pump *pump, uint64_t send, uint64_t receive, bool answer);

/**
 * pump_free() - the sockets stay open
 */
void pump_free(struct pump *pump);

#endif
