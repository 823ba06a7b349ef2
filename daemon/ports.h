/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which ports of a range are taken, for all workers together: a bit each, set and
 * cleared atomically. The kernel has the last word, but asking it for each port
 * in turn makes an Allocate dear just when there are many.
 */
#ifndef KTURN_PORTS_H
#define KTURN_PORTS_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#define PORTS_WORDS		(65536 / 64)
#define PORTS_FOREIGN_REST	5	/* seconds until a foreign port is tried again */

/**
 * struct ports - a range; its members are ports.c's own
 * @first: the first of them
 * @n: how many
 * @ours: bits of those that have been taken
 * @foreign: bits of those that somebody else turned out to have
 * @since: when all of the latter were forgotten last
 */
struct ports {
	uint16_t first;
	unsigned int n;
	_Atomic uint64_t ours[PORTS_WORDS], foreign[PORTS_WORDS];
	_Atomic time_t since;
};

/**
 * ports_init() - begin with all ports from @first to @last free
 */
void ports_init(struct ports *ports, uint16_t first, uint16_t last);

/**
 * ports_take() - take a port that nobody can predict
 * @now: seconds of worker_now()
 *
 * Return: the port, -EADDRINUSE if none is free, -EIO without randomness.
 */
int ports_take(struct ports *ports, time_t now);

/**
 * ports_take_even() - the same, with an even number
 */
int ports_take_even(struct ports *ports, time_t now);

/**
 * ports_take_this() - take a certain port
 *
 * Return: 0, or -EADDRINUSE, also if it is none of the range.
 */
int ports_take_this(struct ports *ports, uint16_t port);

/**
 * ports_release() - give one back
 */
void ports_release(struct ports *ports, uint16_t port);

/**
 * ports_foreign() - give one back that turned out to be somebody else's
 *
 * It is left alone for some seconds.
 */
void ports_foreign(struct ports *ports, uint16_t port);

#endif
