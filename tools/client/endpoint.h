/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a command comes by its stream: through a TURN server, passively or
 * actively, or without one.
 */
#ifndef KTURN_CLIENT_ENDPOINT_H
#define KTURN_CLIENT_ENDPOINT_H

#include "options.h"
#include "turn.h"

/**
 * struct endpoint - a stream, and the TURN client it belongs to if there is one
 */
struct endpoint {
	struct turn turn;
	int fd;
};

/**
 * endpoint_open() - get the stream
 *
 * Prints what has happened on the way, one "word value" a line, and what has
 * gone wrong.
 *
 * Return: 0 or -1.
 */
int endpoint_open(struct endpoint *end, const struct options *opt);

/**
 * endpoint_close() - close the stream and then the control connection
 */
void endpoint_close(struct endpoint *end);

/**
 * endpoint_failed() - print why something did not work
 * @err: a negative errno, or the code of an error response
 *
 * Return: -1.
 */
int endpoint_failed(const char *what, int err);

#endif
