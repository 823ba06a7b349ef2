/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Those who mean no good, each kind in a process of its own: they go on, and come back
 * when the server has sent them away, until they are told to stop.
 */
#ifndef KTURN_CROWD_H
#define KTURN_CROWD_H

#include <stdatomic.h>
#include <sys/types.h>

#include "wire.h"

enum crowd_kind {
	CROWD_HALF_OPEN,	/* begin a TLS handshake, and never end it */
	CROWD_SLOW,		/* a byte a second of a handshake, or of a request */
	CROWD_TCP,		/* requests that are none, without a pause */
	CROWD_UDP,
};

/**
 * struct crowd_tally - how far they have come; shared with their process
 * @came: members that have been connected once, or datagrams that were sent
 * @back: connections that the server has closed, and that were made again
 */
struct crowd_tally {
	atomic_ulong came, back;
};

/**
 * struct crowd - one kind of them
 */
struct crowd {
	enum crowd_kind kind;
	unsigned int size;
	pid_t pid;
	struct crowd_tally *tally;
};

/**
 * crowd_start() - let them begin
 * @size: how many connections, or for UDP sockets
 *
 * Return: 0, or -1 after it has printed why.
 */
int crowd_start(struct crowd *crowd, const struct wire *wire, enum crowd_kind kind,
		unsigned int size);

/**
 * crowd_gather() - wait until all of them have been there
 *
 * Return: 0, or -1 after it has printed why.
 */
int crowd_gather(const struct crowd *crowd, int timeout_ms);

/**
 * crowd_stop() - end their process
 *
 * Return: 0, or -1 if it had ended by itself.
 */
int crowd_stop(struct crowd *crowd);

#endif
