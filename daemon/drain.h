/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leaving without hanging up on anybody: no new allocations; who has one keeps it, with
 * all its refreshes, permissions and connections; the end comes with the last one.
 */
#ifndef KTURN_DRAIN_H
#define KTURN_DRAIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

struct event;
struct server;

/**
 * struct drain - zero is a valid start
 * @draining: new allocations are refused; any thread may ask
 * @deadline: in seconds of worker_now(), when the rest is ended; 0: never
 * @check: looks whether it is over
 */
struct drain {
	atomic_bool draining;
	time_t deadline;
	struct event *check;
};

/**
 * drain_begin() - begin, or set another deadline
 * @seconds: until allocations that are left are ended; 0: as long as they last
 *
 * Context: the main thread, whose loop is left when it is over.
 * Return: 0 or -ENOMEM.
 */
int drain_begin(struct server *server, unsigned int seconds);

/**
 * drain_end() - free what it needs
 */
void drain_end(struct drain *drain);

#endif
