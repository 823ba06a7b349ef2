/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client that sends datagrams to the peer and hears its answers: directly, or by way
 * of a UDP allocation that it reaches over UDP or over TLS.
 */
#ifndef BENCH_LEG_H
#define BENCH_LEG_H

#include "job.h"
#include "turn.h"

/**
 * struct leg - one of them
 * @job: what it is part of
 * @fd: leads to the server, or to the peer
 * @turn: the allocation
 */
struct leg {
	const struct job *job;
	int fd;
	struct turn turn;
};

/**
 * leg_allocate() - reach the server, and allocate
 *
 * Return: 0, a negative errno, or the error code of a response.
 */
int leg_allocate(struct leg *leg, const struct job *job);

/**
 * leg_release() - end the allocation, if there is one, and close
 *
 * Else the next client with the same port would find it.
 *
 * Return: as leg_allocate().
 */
int leg_release(struct leg *leg);

/**
 * leg_open() - all that comes before the first datagram
 *
 * Return: as leg_allocate().
 */
int leg_open(struct leg *leg, const struct job *job);

/**
 * leg_send() - send a datagram to the peer
 *
 * Return: 0 or a negative errno.
 */
int leg_send(struct leg *leg, const void *data, size_t len);

/**
 * leg_receive() - wait for a datagram of the peer's
 * @len: its length
 *
 * No other may be on its way, for of a stream all is read that is there.
 *
 * Return: the datagram, until the next call, or NULL.
 */
const uint8_t *leg_receive(struct leg *leg, size_t *len);

#endif
