/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of traffic.
 */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include "job.h"

/**
 * work_bulk() - as many bytes as go, from client to peer, over all streams
 * @both_ways: and as many from peer to client at the same time
 */
void work_bulk(const struct job *job, struct result *result, bool both_ways);

/**
 * work_roundtrip() - a message there and back, and the next
 */
void work_roundtrip(const struct job *job, struct result *result);

/**
 * work_screen() - a shared screen: bursts of 1 to 30 KB, 30 a second
 */
void work_screen(const struct job *job, struct result *result);

/**
 * work_setup() - calls that begin and end
 */
void work_setup(const struct job *job, struct result *result);

/**
 * work_voice() - datagrams there and back, by as many legs as there are relays
 */
void work_voice(const struct job *job, struct result *result);

/**
 * work_allocate() - UDP allocations that begin and end, over UDP
 */
void work_allocate(const struct job *job, struct result *result);

/**
 * work_idle() - streams on which nothing happens
 */
void work_idle(const struct job *job, struct result *result);

#endif
