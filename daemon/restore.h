/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Going on with the allocations that a process before this one has left.
 */
#ifndef KTURN_RESTORE_H
#define KTURN_RESTORE_H

struct server;

/**
 * restore() - take over all allocations that can be had
 *
 * Of the server's thread, when all workers are open and none runs yet. Each that cannot be
 * had is logged, and so is how many there were.
 */
void restore(struct server *server);

#endif
