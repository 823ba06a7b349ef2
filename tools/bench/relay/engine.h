/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A relay's two sockets, and the ways to move bytes between them.
 */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct relay;

/**
 * struct flow - one direction
 * @relay: the two directions
 * @from: bytes come from this socket
 * @to: and go to this one
 * @pipe: what splice(2) needs in between
 * @buf: what read(2) and write(2) need
 * @queued: bytes in between
 * @done_bytes: of those in @buf, the ones that have left
 * @full: the last try to send took less than there was
 * @eof: @from has no more
 * @done: and @to was told
 */
struct flow {
	struct relay *relay;
	int from, to;
	int pipe[2];
	uint8_t *buf;
	size_t queued, done_bytes;
	bool full, eof, done;
};

/**
 * struct relay - two sockets and the bytes between them
 * @flow: from the client, and from the peer
 */
struct relay {
	struct flow flow[2];
};

/**
 * struct engine - a way to move bytes
 * @name: for the command line
 * @open: once, at the start; 0 or -1
 * @add: takes both sockets; 0 or -1
 */
struct engine {
	const char *name;
	int (*open)(void);
	int (*add)(int client, int peer);
};

extern const struct engine engine_readwrite, engine_splice, engine_sockmap,
			   engine_module, engine_module_process;

#endif
