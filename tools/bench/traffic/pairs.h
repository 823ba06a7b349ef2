/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Streams from client to peer, directly or through a TURN server. Both ends are
 * in this process at first, each in a network namespace of its own.
 */
#ifndef BENCH_PAIRS_H
#define BENCH_PAIRS_H

#include "job.h"

struct turn;

/**
 * struct pairs - the streams
 * @n: how many there are by now
 * @client: the client's ends
 * @peer: the peer's ends
 * @listeners: where the peer waits, one for each stream of an allocation
 * @turn: the allocations
 * @n_turn: how many there are by now
 */
struct pairs {
	unsigned int n;
	int *client, *peer;
	int *listeners;
	struct turn *turn;
	unsigned int n_turn;
};

/**
 * pairs_prepare() - have the peer listen, and be the client from then on
 *
 * Return: 0, or -1 after noting what went wrong.
 */
int pairs_prepare(struct pairs *pairs, const struct job *job, struct result *result);

/**
 * pairs_add() - open one more stream and see that it carries bytes both ways
 *
 * Return: 0, or -1 after noting what went wrong.
 */
int pairs_add(struct pairs *pairs, const struct job *job, struct result *result);

/**
 * pairs_open() - prepare, and open all streams of a job
 *
 * Return: 0, or -1 after noting what went wrong.
 */
int pairs_open(struct pairs *pairs, const struct job *job, struct result *result);

/**
 * pairs_drop() - close all streams and allocations; the peer still listens
 */
void pairs_drop(struct pairs *pairs);

/**
 * pairs_close() - close everything
 */
void pairs_close(struct pairs *pairs);

#endif
